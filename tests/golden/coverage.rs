//! What the golden datagrams must hold, so that nothing the machine can say or take is left out:
//! the words are read from its own source, so a new one without a datagram is a failure.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::exchange::{self, Act};
use oscgate::osc::{Argument, Message, PacketError, PacketView, decode_packet};

/// All messages of all exchanges, what is in bundles too.
struct Wire {
    /// → to the gateway.
    said: Vec<Message>,
    /// ← from it.
    heard: Vec<Message>,
    counted: BTreeSet<String>,
    /// The type tags of each direction.
    tags_said: BTreeSet<u8>,
    tags_heard: BTreeSet<u8>,
}

impl Wire {
    fn read() -> Self {
        let mut wire = Self {
            said: Vec::new(),
            heard: Vec::new(),
            counted: BTreeSet::new(),
            tags_said: BTreeSet::new(),
            tags_heard: BTreeSet::new(),
        };
        for step in exchange::read_all().into_iter().flat_map(|e| e.steps) {
            wire.counted.extend(step.counted);
            if let Act::Say(said) = &step.act {
                wire.tags_said.extend(tags(&said.bytes));
                // Some are bad on purpose.
                wire.said
                    .extend(decode_packet(&said.bytes).unwrap_or_default());
            }
            for heard in &step.heard {
                let messages = decode_packet(&heard.bytes);
                let messages = messages.unwrap_or_else(|e| panic!("{}: {e}", heard.place));
                wire.heard.extend(messages);
                wire.tags_heard.extend(tags(&heard.bytes));
            }
        }
        wire
    }

    /// Whether a request was made plainly.
    fn is_said(&self, address: &str) -> bool {
        self.said.iter().any(|message| message.address == address)
    }

    /// Whether `/oscgate/call` or `/oscgate/as` brought a request; both name it second.
    fn is_said_by(&self, carrier: &str, address: &str) -> bool {
        self.said.iter().any(|message| {
            message.address == carrier && message.arguments.get(1) == Some(&string(address))
        })
    }

    fn is_heard(&self, address: &str) -> bool {
        self.heard.iter().any(|message| message.address == address)
    }

    /// Whether a message came with this word among its arguments.
    fn is_word_heard(&self, address: &str, word: &str) -> bool {
        let word = string(word);
        let mut heard = self.heard.iter();
        heard.any(|message| message.address == address && message.arguments.contains(&word))
    }
}

#[test]
fn every_request_is_made_plainly_by_call_and_by_a_user() {
    let wire = Wire::read();
    let requests: Vec<String> = addresses_of_the_machine()
        .into_iter()
        .filter(|address| !is_said_by_the_gateway_alone(address))
        .collect();
    assert!(requests.len() >= 15, "{requests:?}");
    let mut missing = Vec::new();
    for request in &requests {
        if !wire.is_said(request) {
            missing.push(format!("→ {request}"));
        }
        for carrier in ["/oscgate/call", "/oscgate/as"] {
            if !wire.is_said_by(carrier, request) {
                missing.push(format!("→ {carrier} … {request}"));
            }
        }
    }
    assert!(missing.is_empty(), "no datagram has {missing:#?}");
}

#[test]
fn every_word_of_the_gateway_is_said_by_it_and_ignored_when_it_comes_back() {
    let wire = Wire::read();
    let words: Vec<String> = addresses_of_the_machine()
        .into_iter()
        .filter(|address| is_said_by_the_gateway_alone(address))
        .collect();
    assert!(words.len() >= 11, "{words:?}");
    for word in words {
        assert!(wire.is_heard(&word), "no datagram has ← {word}");
        assert!(wire.is_said(&word), "no datagram has → {word}");
    }
}

/// Codes that only requests get, not what is done to one address.
const ONLY_OF_REQUESTS: &[&str] = &["NAME_TAKEN", "NOT_FOUND", "UNKNOWN_REQUEST"];

/// Only a call can be overtaken.
const ONLY_OF_CALLS: &[&str] = &["STALE"];

/// What is refused is a whole packet, before anything in it is looked at.
const ONLY_OF_PACKETS: &[&str] = &["BAD_TIME"];

#[test]
fn every_code_is_told_and_is_a_reply() {
    let wire = Wire::read();
    let codes = words_of_code_rs(|word| word.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
    assert!(codes.len() >= 13, "{codes:?}");
    for code in &codes {
        let code = code.as_str();
        let mut ways = Vec::new();
        if !ONLY_OF_PACKETS.contains(&code) {
            ways.push("/oscgate/reply");
        }
        if ONLY_OF_REQUESTS.contains(&code) {
            ways.push("/oscgate/status/error");
        } else if !ONLY_OF_CALLS.contains(&code) {
            ways.push("/oscgate/status/denied");
        }
        for way in ways {
            assert!(
                wire.is_word_heard(way, code),
                "no datagram has ← {way} {code}"
            );
        }
    }
}

#[test]
fn every_cause_is_told() {
    let wire = Wire::read();
    let causes = words_of_code_rs(|word| word.chars().all(|c| c.is_ascii_lowercase()));
    assert!(causes.len() >= 11, "{causes:?}");
    for cause in &causes {
        let is_told = ["/oscgate/status/unlocked", "/oscgate/status/disconnected"]
            .iter()
            .any(|way| wire.is_word_heard(way, cause));
        assert!(is_told, "no ending is {cause}");
    }
}

#[test]
fn every_type_goes_both_ways() {
    let wire = Wire::read();
    for tag in *b"ifsbhtdScrmTFNI[]" {
        let name = char::from(tag);
        assert!(
            wire.tags_said.contains(&tag),
            "no → has the type tag {name}"
        );
        assert!(
            wire.tags_heard.contains(&tag),
            "no ← has the type tag {name}"
        );
    }
}

#[test]
fn every_cause_of_a_bad_packet_is_there() {
    let wire = Wire::read();
    for error in PacketError::ALL {
        let cause = error.cause();
        assert!(
            wire.counted.contains(cause),
            "no datagram is bad by {cause}"
        );
    }
}

fn string(text: &str) -> Argument {
    Argument::String(text.to_owned())
}

/// As the protocol says it: these come from the gateway only.
fn is_said_by_the_gateway_alone(address: &str) -> bool {
    ["/oscgate/pong", "/oscgate/reply", "/oscgate/synced"].contains(&address)
        || address.starts_with("/oscgate/status/")
}

/// The type tags of a datagram that is a good packet.
fn tags(bytes: &[u8]) -> Vec<u8> {
    let Ok(packet) = PacketView::parse(bytes) else {
        return Vec::new();
    };
    let tags = packet
        .messages()
        .map(|message| message.arguments().tags().to_vec());
    tags.flatten().collect()
}

/// Every address of the gateway's own that stands in the machine's source.
fn addresses_of_the_machine() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gateway");
    let entries = fs::read_dir(folder).expect("the machine's source");
    let mut found = BTreeSet::new();
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(path).expect("source is UTF-8");
            let code = text.split("#[cfg(test)]\nmod tests {").next();
            let texts = quoted(code.unwrap_or_default(), "/oscgate/");
            // A whole message in quotes begins with its address, too.
            let is_of_address = |c: char| c.is_ascii_alphanumeric() || c == '/' || c == '_';
            found.extend(texts.iter().map(|text| {
                let end = text.find(|c| !is_of_address(c)).unwrap_or(text.len());
                text[..end].to_owned()
            }));
        }
    }
    // What only begins an address names none.
    found.retain(|address| !address.ends_with('/'));
    found
}

/// The words that a code or a cause is on the wire.
fn words_of_code_rs(is_wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gateway/code.rs");
    let text = fs::read_to_string(path).expect("the machine's source");
    let mut words = quoted(&text, "");
    words.retain(|word| is_wanted(word));
    words
}

/// The texts in quotes that begin like this; comments are no code.
fn quoted(code: &str, beginning: &str) -> BTreeSet<String> {
    let lines = code.lines().filter(|l| !l.trim_start().starts_with("//"));
    lines
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .filter(|text| text.starts_with(beginning) && !text.is_empty())
        .map(str::to_owned)
        .collect()
}
