//! Datagrams that are no packets, or nearly none.

use crate::chance::Chance;
use crate::speech::{IMMEDIATELY, Spoken, bundle};

/// Spoils a good packet, or makes something up.
pub(crate) fn spoil(chance: &mut Chance, good: &[u8]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    match chance.below(10) {
        0 => bytes.clear(),
        1 => bytes.truncate(chance.index(bytes.len())),
        2 => bytes.truncate(chance.index(bytes.len()) / 4 * 4),
        3 => {
            let at = chance.index(bytes.len());
            bytes[at] ^= 1 << chance.below(8);
        }
        4 => {
            for _ in 0..chance.between(1, 6) {
                let at = chance.index(bytes.len());
                bytes[at] = chance.pick(&[0, b'/', b',', b'i', b's', b'[', b'#', 0xFF]);
            }
        }
        5 => bytes.extend_from_slice(&[0; 4]),
        6 => return noise(chance),
        7 => return nested(chance, &bytes),
        8 => return bundle(IMMEDIATELY, &[bytes.clone(), Vec::new(), bytes]),
        _ => {
            let count = chance.pick(&[1_023, 1_024, 1_025]);
            return bundle(IMMEDIATELY, &vec![b"/a\0\0".to_vec(); count]);
        }
    }
    bytes
}

fn noise(chance: &mut Chance) -> Vec<u8> {
    let length = chance.below(64);
    (0..length)
        .map(|_| u8::try_from(chance.below(256)).expect("a byte"))
        .collect()
}

/// Bundles in bundles, or arrays in arrays, about as deep as they may be.
fn nested(chance: &mut Chance, inner: &[u8]) -> Vec<u8> {
    let depth = usize::try_from(chance.between(7, 9)).expect("a small number");
    if chance.once_in(2) {
        return (0..depth).fold(inner.to_vec(), |all, _| bundle(IMMEDIATELY, &[all]));
    }
    let message = Spoken::to("/any").bare(&vec![b'['; depth]);
    message.bare(&vec![b']'; depth]).encode()
}
