//! Packets built from decisions: good ones of any depth, then damaged in a few places.

use crate::bytes::Bytes;

/// The tags of one argument; `?` is no tag, and here to be refused.
const TAGS: &[u8] = b"ifsbhtdScrmTFNI[]?";

/// Sizes that are at a bound, or mean something else when they are read with a sign.
const SIZES: [u32; 10] = [
    0,
    1,
    4,
    8,
    16,
    0x7fff_fffc,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffc,
    u32::MAX,
];

/// A packet, in the way `way`.
pub(super) fn packet(way: u8, from: &mut Bytes<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    match way {
        0..=5 => element(from, 1, &mut out),
        6 => nested(from, &mut out),
        // What is large is slow, and there is little to find in it.
        _ if from.one_in(64) => at_a_bound(from, &mut out),
        _ => nested(from, &mut out),
    }
    // Some ways leave it whole.
    if way.is_multiple_of(2) {
        for _ in 0..from.below(4) {
            damage(from, &mut out);
        }
    }
    out
}

fn element(from: &mut Bytes<'_>, level: usize, out: &mut Vec<u8>) {
    if level > 10 || from.below(3) != 2 {
        return message(from, out);
    }
    let elements = from.below(5);
    bundle(from, out, |from, out| {
        for _ in 0..elements {
            sized(out, |out| element(from, level + 1, out));
        }
    });
}

/// Bundles in a bundle, to about the deepest level that is allowed, each with something after it.
fn nested(from: &mut Bytes<'_>, out: &mut Vec<u8>) {
    let levels = 6 + from.below(4);
    nest(from, levels, out);
}

fn nest(from: &mut Bytes<'_>, levels: usize, out: &mut Vec<u8>) {
    if levels == 0 {
        return message(from, out);
    }
    bundle(from, out, |from, out| {
        sized(out, |out| nest(from, levels - 1, out));
        if from.one_in(4) {
            sized(out, |out| message(from, out));
        }
    });
}

fn bundle(
    from: &mut Bytes<'_>,
    out: &mut Vec<u8>,
    elements: impl FnOnce(&mut Bytes<'_>, &mut Vec<u8>),
) {
    out.extend(b"#bundle\0");
    match from.below(3) {
        0 => out.extend([0, 0, 0, 0, 0, 0, 0, 1]),
        1 => out.extend([0; 8]),
        _ => out.extend(from.array::<8>()),
    }
    elements(from, out);
}

/// Puts an element with its true size before it.
fn sized(out: &mut Vec<u8>, element: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend([0; 4]);
    element(out);
    let size = u32::try_from(out.len() - at - 4).expect("built packets are short");
    out[at..at + 4].copy_from_slice(&size.to_be_bytes());
}

fn message(from: &mut Bytes<'_>, out: &mut Vec<u8>) {
    match from.below(8) {
        0..=2 => string(out, b"/ch/01/mix/fader"),
        3 => string(out, b"/a"),
        4 => string(out, "/é{a,b}//*".as_bytes()),
        5 => {
            let length = from.below(20);
            let address: Vec<u8> = from.slice(length).iter().map(|byte| byte | 1).collect();
            string(out, &address);
        }
        6 => string(out, b"node"),
        _ => string(out, &[b'/'].repeat(250 + from.below(8))),
    }
    if from.one_in(8) {
        return;
    }
    let mut tags = vec![b','];
    let mut data = Vec::new();
    let mut open = 0_usize;
    for _ in 0..from.below(12) {
        let tag = from.one_of(TAGS);
        match tag {
            b'[' => {
                let levels = [1, 1, 1, 8, 9][from.below(5)];
                tags.extend([b'['].repeat(levels));
                open += levels;
                continue;
            }
            b']' => open = open.saturating_sub(1),
            _ => argument(from, tag, &mut data),
        }
        tags.push(tag);
    }
    tags.extend([b']'].repeat(open));
    string(out, &tags);
    out.extend(data);
}

fn argument(from: &mut Bytes<'_>, tag: u8, data: &mut Vec<u8>) {
    match tag {
        b's' | b'S' => {
            let length = from.below(9);
            let is_text = from.below(4) != 3;
            let text = from.slice(length).iter();
            let text: Vec<u8> = text
                .map(|&byte| if is_text { b'a' + byte % 26 } else { byte | 1 })
                .collect();
            string(data, &text);
        }
        b'b' => {
            let length = from.below(10);
            blob(data, from.slice(length));
        }
        b'c' => {
            // Half of them no Unicode characters.
            let high = if from.one_in(2) { 0x11 } else { 0 };
            data.extend([0, high, from.byte(), from.byte()]);
        }
        b'i' | b'f' | b'r' | b'm' => match from.below(4) {
            0 => data.extend(f32::NAN.to_be_bytes()),
            1 => data.extend(f32::NEG_INFINITY.to_be_bytes()),
            _ => data.extend(from.array::<4>()),
        },
        b'h' | b't' | b'd' => match from.below(4) {
            0 => data.extend(1_u64.to_be_bytes()),
            1 => data.extend(f64::NAN.to_be_bytes()),
            _ => data.extend(from.array::<8>()),
        },
        _ => {}
    }
}

/// Packets that just fit, or just do not.
fn at_a_bound(from: &mut Bytes<'_>, out: &mut Vec<u8>) {
    match from.below(8) {
        0 => {
            // Messages.
            let (count, others) = (1_022 + from.below(5), from.below(2));
            bundle(from, out, |from, out| {
                for n in 0..count {
                    if n < others {
                        sized(out, |out| message(from, out));
                    } else {
                        out.extend(b"\0\0\0\x04/a\0\0");
                    }
                }
            });
        }
        1 => {
            // Arguments, of one message or of two.
            let (count, first) = (4_093 + from.below(6), 2_000 + from.below(200));
            bundle(from, out, |_, out| {
                for count in [first, count - first] {
                    sized(out, |out| {
                        string(out, b"/a");
                        string(out, &[&b","[..], &b"TN".repeat(count / 2)].concat());
                    });
                }
            });
        }
        2 => {
            // Bytes.
            string(out, b"/a");
            string(out, b",b");
            blob(out, &vec![from.byte(); 65_504 - 12 - 4 + from.below(9)]);
        }
        3 => {
            // Brackets are no arguments.
            string(out, b"/a");
            string(
                out,
                &[&b","[..], &b"[]".repeat(5_000 + from.below(3))].concat(),
            );
        }
        4 => {
            // An address that a bundle would begin with.
            let cut = from.below(9);
            out.extend(&b"#bundle\0"[..cut]);
            out.extend([0; 8]);
            out.truncate(out.len() / 4 * 4);
        }
        _ => {
            let levels = from.below(12);
            string(out, b"/a");
            let (open, close) = ([b'['].repeat(levels), [b']'].repeat(levels));
            string(out, &[&b","[..], &open, b"i", &close].concat());
            out.extend(from.array::<4>());
        }
    }
}

/// One change anywhere: most make a packet bad.
fn damage(from: &mut Bytes<'_>, out: &mut Vec<u8>) {
    let at = (from.below(256) << 8 | from.below(256)) % (out.len() + 1);
    let word = at / 4 * 4;
    match from.below(8) {
        0 => out.truncate(word),
        1 => out.truncate(at),
        2 => out.extend([0; 4]),
        3 => drop(out.splice(word..word, from.array::<4>())),
        4 => drop(out.splice(word..(word + 4).min(out.len()), [])),
        5 => {
            let size = from.one_of(&SIZES).to_be_bytes();
            overwrite(out, word, &size);
        }
        6 => {
            let step = [4, 8, 12, 16, 252][from.below(5)];
            if let Some(byte) = out.get_mut((word + 3).min(at)) {
                *byte = byte.wrapping_add(step);
            }
        }
        _ => {
            let byte = from.byte();
            overwrite(out, at, &[byte]);
        }
    }
}

fn overwrite(out: &mut [u8], at: usize, bytes: &[u8]) {
    for (old, new) in out.iter_mut().skip(at).zip(bytes) {
        *old = *new;
    }
}

fn string(out: &mut Vec<u8>, text: &[u8]) {
    out.extend(text);
    out.extend(&[0; 4][text.len() % 4..]);
}

fn blob(out: &mut Vec<u8>, bytes: &[u8]) {
    let size = u32::try_from(bytes.len()).expect("built blobs are short");
    out.extend(size.to_be_bytes());
    out.extend(bytes);
    out.extend(&[0; 4][..bytes.len().next_multiple_of(4) - bytes.len()]);
}
