//! What was wrong: in words, and in a short form by which one fault is told from another.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use crate::history::packet;
use crate::model::for_machines;

/// Something that was wrong.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// What is shown at the end of a report.
    pub(crate) text: String,
    /// Equal where it is most likely the same fault.
    pub(crate) kind: String,
}

impl Failure {
    /// A promise was broken.
    pub(crate) fn broken(text: String) -> Self {
        // Its first words, without the names and numbers that follow.
        let kind: Vec<&str> = text.split(' ').filter(|word| is_plain(word)).collect();
        let kind = kind.join(" ");
        Self { text, kind }
    }

    /// The model and the machine differ in what they sent.
    pub(crate) fn difference(
        expected: &[(SocketAddr, &[u8])],
        got: &[(SocketAddr, &[u8])],
    ) -> Self {
        let (missing, surplus) = (without(expected, got), without(got, expected));
        let mut text = String::from("the machine and the model differ\n");
        let mut kinds = BTreeSet::new();
        for (n, &(to, bytes)) in expected.iter().enumerate() {
            let mark = if missing.contains(&n) {
                "MISSING"
            } else {
                "      ✓"
            };
            text += &format!("  {mark} expected {to} ← {}\n", packet(bytes));
        }
        for (n, &(to, bytes)) in got.iter().enumerate() {
            let mark = if surplus.contains(&n) {
                "SURPLUS"
            } else {
                "      ✓"
            };
            text += &format!("  {mark} got      {to} ← {}\n", packet(bytes));
        }
        kinds.extend(
            missing
                .iter()
                .map(|&n| format!("-{}", subject(expected[n].1))),
        );
        kinds.extend(surplus.iter().map(|&n| format!("+{}", subject(got[n].1))));
        let kinds: Vec<String> = kinds.into_iter().collect();
        let kind = if kinds.is_empty() {
            "another order".to_owned()
        } else {
            kinds.join(" ")
        };
        Self { text, kind }
    }
}

fn is_plain(word: &str) -> bool {
    word.chars().all(|letter| letter.is_ascii_lowercase())
}

/// The positions of what is in `these` and not in `those`, each as often as it is.
fn without(these: &[(SocketAddr, &[u8])], those: &[(SocketAddr, &[u8])]) -> Vec<usize> {
    let mut left: Vec<_> = those
        .iter()
        .map(|&(to, bytes)| (to, for_machines(bytes)))
        .collect();
    let mut rest = Vec::new();
    for (n, &(to, bytes)) in these.iter().enumerate() {
        let key = (to, for_machines(bytes));
        match left.iter().position(|other| *other == key) {
            Some(found) => {
                left.swap_remove(found);
            }
            None => rest.push(n),
        }
    }
    rest
}

/// What a datagram is about: its address, or that it is a value, and its code.
fn subject(bytes: &[u8]) -> String {
    let text = packet(bytes);
    if !text.starts_with("/oscgate/") {
        return "value".to_owned();
    }
    let mut words = text.split(' ');
    let address = words.next().unwrap_or_default();
    let code = words.find(|word| {
        let word = word.trim_matches('"');
        word.len() > 1
            && word
                .chars()
                .all(|letter| letter.is_ascii_uppercase() || letter == '_')
    });
    format!("{address} {}", code.unwrap_or_default())
}
