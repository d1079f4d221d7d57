//! A dialect that some clients speak: other names for four faders and mutes. What it means is
//! written down twice, here by hand and in the mapping that the machine is given, and must come to
//! the same.

use std::sync::{Arc, LazyLock};

use oscgate::config::{Files, load_mapping};
use oscgate::mapping::Mapping;
use oscgate::osc::PacketView;

/// What the gateway calls it, and what the device does.
const NAMES: [(&[u8], &[u8]); 5] = [
    (b"/mix/1/fader", b"/d/01/f"),
    (b"/mix/2/fader", b"/d/02/f"),
    (b"/mix/10/fader", b"/d/10/f"),
    (b"/mix/1/mute", b"/d/1/on"),
    (b"/mix/2/mute", b"/d/2/on"),
];

const FILE: &str = r#"
[mapping]
name = "The simulation's"

[[map]]
device = "/d/{n:01..10}/f"
gateway = "/mix/{n}/fader"

[[map]]
device = "/d/{n:1..2}/on"
gateway = "/mix/{n}/mute"
"#;

static MAPPING: LazyLock<Arc<Mapping>> = LazyLock::new(|| {
    let mapping = load_mapping("dialect.toml", FILE.as_bytes(), Files::NONE);
    Arc::new(mapping.expect("a good mapping"))
});

/// The mapping of those who speak it.
pub(crate) fn mapping() -> Arc<Mapping> {
    Arc::clone(&MAPPING)
}

/// What the device calls an address of the gateway, if it has a name for it.
pub(crate) fn native(address: &[u8]) -> Option<&'static [u8]> {
    let found = NAMES.iter().find(|(gateway, _)| *gateway == address);
    found.map(|(_, device)| *device)
}

/// What the gateway calls an address of the device.
pub(crate) fn canonical(address: &[u8]) -> Option<&'static [u8]> {
    let found = NAMES.iter().find(|(_, device)| *device == address);
    found.map(|(gateway, _)| *gateway)
}

/// The device's addresses and the gateway's, in the order of the device's.
pub(crate) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    let text = |bytes| std::str::from_utf8(bytes).expect("written as text");
    let mut all = NAMES.map(|(gateway, device)| (text(device), text(gateway)));
    all.sort_unstable();
    all.into_iter()
}

/// A packet with the addresses of its messages renamed; one that is no good packet as it is.
pub(crate) fn renamed(packet: &[u8], name: fn(&[u8]) -> Option<&'static [u8]>) -> Vec<u8> {
    if PacketView::parse(packet).is_err() {
        return packet.to_vec();
    }
    element(packet, name)
}

fn element(bytes: &[u8], name: fn(&[u8]) -> Option<&'static [u8]>) -> Vec<u8> {
    if bytes.starts_with(b"#bundle\0") {
        let mut out = bytes[..16].to_vec();
        let mut rest = &bytes[16..];
        while let Some((size, after)) = rest.split_first_chunk::<4>() {
            let (inner, behind) = after.split_at(u32::from_be_bytes(*size) as usize);
            let inner = element(inner, name);
            let size = u32::try_from(inner.len()).expect("elements are short");
            out.extend_from_slice(&size.to_be_bytes());
            out.extend_from_slice(&inner);
            rest = behind;
        }
        return out;
    }
    let end = bytes
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(bytes.len());
    let Some(other) = name(&bytes[..end]) else {
        return bytes.to_vec();
    };
    let mut out = other.to_vec();
    out.resize((out.len() / 4 + 1) * 4, 0);
    out.extend_from_slice(&bytes[(end / 4 + 1) * 4..]);
    out
}
