//! What the machine sent beside what the model says, with the order left open where it is open.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::Sent;
use super::wire::{Element, for_machines, message, s};

/// The first destination at which the machine did not send what it should have, and what it is
/// about; `None` if all is well. Destinations are compared one by one, texts for people not at all.
pub(crate) fn difference(
    model: &[Sent],
    machine: &[(SocketAddr, Vec<u8>)],
) -> Option<(SocketAddr, &'static str)> {
    let mut expected: BTreeMap<SocketAddr, Vec<&Sent>> = BTreeMap::new();
    for sent in model {
        expected.entry(sent.to).or_default().push(sent);
    }
    let mut got: BTreeMap<SocketAddr, Vec<&Vec<u8>>> = BTreeMap::new();
    for (to, bytes) in machine {
        got.entry(*to).or_default().push(bytes);
    }
    let all: BTreeSet<SocketAddr> = expected.keys().chain(got.keys()).copied().collect();
    for to in all {
        let expected = expected.get(&to).map_or(&[][..], Vec::as_slice);
        let got = got.get(&to).map_or(&[][..], Vec::as_slice);
        // What two clients are sent who share an address comes in two lines, one beside the other.
        let shared = expected.windows(2).any(|two| two[0].whose != two[1].whose);
        if let Some(fault) = differ_at_one(expected, got, shared) {
            return Some((to, fault));
        }
    }
    None
}

fn differ_at_one(expected: &[&Sent], got: &[&Vec<u8>], shared: bool) -> Option<&'static str> {
    let mut at = 0;
    for group in expected.chunk_by(|one, other| shared || one.group == other.group) {
        let loose = group.iter().any(|sent| sent.maybe);
        let mut left: Vec<(Vec<u8>, bool)> = group
            .iter()
            .map(|sent| (comparable(&sent.bytes, loose), sent.maybe))
            .collect();
        // What must come first, so that what may come does not stand in for it.
        left.sort_by_key(|(_, maybe)| *maybe);
        while at < got.len() && !left.is_empty() {
            let bytes = comparable(got[at], loose);
            let Some(found) = left.iter().position(|(one, _)| *one == bytes) else {
                break;
            };
            left.remove(found);
            at += 1;
        }
        if left.iter().any(|(_, maybe)| !maybe) {
            return Some(if at < got.len() {
                "another message than the one that is due"
            } else {
                "a message is missing"
            });
        }
    }
    (at < got.len()).then_some("a message too many")
}

/// The bytes without what may differ. Where a session ends at the very moment at which its lock
/// does, either may come first, and so either may be the cause.
fn comparable(bytes: &[u8], loose: bool) -> Vec<u8> {
    if let (true, Some(Element::Message(letter))) = (loose, Element::of_packet(bytes))
        && letter.address == b"/oscgate/status/unlocked"
        && let (Some(address), Some(holder), Some(b"expired" | b"disconnected")) =
            (letter.string(0), letter.string(1), letter.string(2))
    {
        return message(
            "/oscgate/status/unlocked",
            &[s(address), s(holder), s("ended")],
        );
    }
    for_machines(bytes)
}
