//! The model itself, in a few sequences that can be followed by hand.

use std::net::SocketAddr;

use oscgate::config::Show;
use oscgate::gateway::Via;
use oscgate::osc::{Argument as A, encode_message};
use oscgate::time::Instant;

use super::wire::Element;
use super::{Happening, Model, difference, for_machines};

const ANN: &str = "10.0.0.5:5000";
const BEN: &str = "10.0.0.6:5000";

/// A gateway and the clock that it is shown.
struct Stage {
    model: Model,
    now: u64,
}

impl Stage {
    fn new(show: &Show) -> Self {
        let model = Model::new(show, &["10.0.0.1:8900".parse().unwrap()]);
        Self { model, now: 0 }
    }

    fn with(toml: &str) -> Self {
        Self::new(&oscgate::config::load_show("show.toml", toml).expect("a good show"))
    }

    fn at(&mut self, millis: u64) -> &mut Self {
        self.now = millis * 1_000;
        self
    }

    /// What a happening brings, as `DESTINATION ADDRESS ARGUMENTS…`.
    fn let_happen(&mut self, happening: &Happening) -> Vec<String> {
        let sent = self.model.handle(Instant::from_micros(self.now), happening);
        sent.iter().map(|one| shown(one.to, &one.bytes)).collect()
    }

    fn tick(&mut self) -> Vec<String> {
        self.let_happen(&Happening::Timeout)
    }

    fn says(&mut self, from: &str, address: &str, arguments: &[A]) -> Vec<String> {
        self.sends(from, encode_message(address, arguments).unwrap())
    }

    fn sends(&mut self, from: &str, bytes: Vec<u8>) -> Vec<String> {
        self.let_happen(&Happening::Datagram {
            from: from.parse().unwrap(),
            via: Via {
                socket: 0,
                local: None,
            },
            bytes,
        })
    }
}

fn shown(to: SocketAddr, bytes: &[u8]) -> String {
    let messages = oscgate::osc::decode_packet(bytes).expect("a good message");
    let mut text = format!("{to} {}", messages[0].address);
    for argument in &messages[0].arguments {
        text.push(' ');
        if let A::String(value) = argument {
            text += if value.is_empty() { "\"\"" } else { value };
        } else if let A::Int(value) = argument {
            text += &value.to_string();
        } else {
            text += &format!("{argument:?}");
        }
    }
    text
}

fn s(text: &str) -> A {
    A::String(text.to_owned())
}

fn bundle(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"#bundle\0\0\0\0\0\0\0\0\x01".to_vec();
    for message in messages {
        bytes.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        bytes.extend(message);
    }
    bytes
}

#[test]
fn a_lock_holds_until_its_very_deadline() {
    let mut stage = Stage::new(&Show::default());
    stage.says(ANN, "/oscgate/lock", &[s("/a"), A::Int(1)]);
    let denied = stage.at(29_999).says(BEN, "/a", &[A::Int(2)]);
    assert_eq!(
        denied,
        [
            "10.0.0.6:5000 /oscgate/status/denied /a LOCK_HELD 10.0.0.5:5000 1",
            "10.0.0.6:5000 /a 1"
        ]
    );
    let free = stage.at(30_000).says(BEN, "/a", &[A::Int(2)]);
    assert_eq!(
        free,
        [
            "10.0.0.5:5000 /oscgate/status/unlocked /a 10.0.0.5:5000 expired",
            "10.0.0.6:5000 /a 2"
        ]
    );
}

#[test]
fn while_behind_what_was_live_stays_live() {
    let mut stage = Stage::new(&Show::default());
    stage.says(ANN, "/oscgate/lock", &[s("/a")]);
    let since = Instant::from_micros(29_000_000);
    stage.at(30_500).let_happen(&Happening::Behind { since });
    let renewed = stage.says(ANN, "/a", &[A::Int(2)]);
    assert_eq!(renewed, ["10.0.0.5:5000 /a 2"]);
    assert!(stage.let_happen(&Happening::CaughtUp).is_empty());
    assert!(stage.at(60_499).tick().is_empty());
    let state = stage.model.state();
    assert_eq!(state.locks[0].deadline, Instant::from_micros(60_500_000));
}

#[test]
fn a_denied_hand_is_answered_at_once_then_now_and_then_and_when_it_is_still() {
    let mut stage = Stage::new(&Show::default());
    stage.says(ANN, "/oscgate/lock", &[s("/a"), A::Int(1)]);
    let counts = [0, 30, 60, 100, 130].map(|at| stage.at(at).says(BEN, "/a", &[A::Int(2)]).len());
    assert_eq!(counts, [2, 0, 0, 1, 0]);
    assert!(stage.at(429).tick().is_empty());
    assert_eq!(stage.at(430).tick(), ["10.0.0.6:5000 /a 1"]);
}

#[test]
fn what_comes_back_at_once_is_a_reflection() {
    let mut stage = Stage::with("[[address]]\nmatch = \"/a\"\nlock = \"write\"");
    stage.says(BEN, "/oscgate/subscribe", &[s("//*")]);
    stage.says(ANN, "/a", &[A::Int(1)]);
    assert!(stage.at(250).says(BEN, "/a", &[A::Int(1)]).is_empty());
    assert_eq!(stage.at(251).says(BEN, "/a", &[A::Int(1)]).len(), 2);
}

#[test]
fn a_call_is_done_once_and_answered_each_time() {
    let mut stage = Stage::new(&Show::default());
    let call = [A::Int(7), s("/a"), A::Int(1)];
    let first = stage.says(ANN, "/oscgate/call", &call);
    assert_eq!(
        first,
        [
            "10.0.0.5:5000 /oscgate/status/connected 10.0.0.5:5000 10.0.0.5:5000",
            "10.0.0.5:5000 /oscgate/reply 7 OK Long(1)"
        ]
    );
    assert_eq!(stage.says(ANN, "/oscgate/call", &call), first[1..]);
    stage.says(ANN, "/oscgate/call", &[A::Int(71), s("/oscgate/ping")]);
    let old = stage.says(ANN, "/oscgate/call", &[A::Int(7), s("/a"), A::Int(1)]);
    assert_eq!(old, ["10.0.0.5:5000 /oscgate/reply 7 STALE \"\""]);
}

#[test]
fn an_atomic_bundle_acts_whole_or_not_at_all() {
    let mut stage = Stage::new(&Show::default());
    stage.says(ANN, "/oscgate/lock", &[s("/b"), A::Int(1)]);
    let mark = encode_message("/oscgate/atomic", &[]).unwrap();
    let write = |address| encode_message(address, &[A::Int(5)]).unwrap();
    let refused = stage.sends(
        BEN,
        bundle(&[mark.clone(), write("/a"), write("/b"), write("/c")]),
    );
    assert_eq!(
        refused[1..],
        [
            "10.0.0.6:5000 /oscgate/status/denied /b LOCK_HELD 10.0.0.5:5000 30000",
            "10.0.0.6:5000 /b 1"
        ]
    );
    let done = stage.sends(BEN, bundle(&[mark, write("/a"), write("/c")]));
    assert_eq!(done, ["10.0.0.6:5000 /a 5", "10.0.0.6:5000 /c 5"]);
}

#[test]
fn a_bundle_waits_for_its_time_tag() {
    let mut stage = Stage::with("[gateway]\ntime_tags = \"schedule\"");
    let wall = 3_900_000_000_u64 << 32;
    stage.let_happen(&Happening::WallClock { tag: wall });
    let mut later = bundle(&[encode_message("/a", &[A::Int(1)]).unwrap()]);
    later[8..16].copy_from_slice(&(wall + (2 << 32)).to_be_bytes());
    assert!(stage.at(500).sends(ANN, later).is_empty());
    assert!(stage.at(1_999).tick().is_empty());
    assert_eq!(stage.at(2_000).tick(), ["10.0.0.5:5000 /a 1"]);
}

#[test]
fn a_silent_client_takes_its_locks_with_it_unless_its_link_is_down() {
    let mut stage = Stage::new(&Show::default());
    stage.says(
        BEN,
        "/oscgate/subscribe",
        &[s("/oscgate/status/{unlocked,disconnected}")],
    );
    stage.says(ANN, "/oscgate/lock", &[s("/a")]);
    stage.at(20_000).says(ANN, "/oscgate/ping", &[]);
    stage.at(25_000).says(ANN, "/oscgate/lock", &[s("/a")]);
    stage.at(30_000).says(BEN, "/x", &[A::Int(1)]);
    assert_eq!(
        stage.at(35_000).tick(),
        [
            "10.0.0.6:5000 /oscgate/status/unlocked /a 10.0.0.5:5000 disconnected",
            "10.0.0.6:5000 /oscgate/status/disconnected 10.0.0.5:5000 10.0.0.5:5000 silence"
        ]
    );
    let local = Some("10.0.0.1".parse().unwrap());
    let bytes = encode_message("/oscgate/ping", &[]).unwrap();
    let (from, via) = (ANN.parse().unwrap(), Via { socket: 0, local });
    stage.let_happen(&Happening::Datagram { from, via, bytes });
    stage.let_happen(&Happening::Links { up: Vec::new() });
    stage.at(50_000).tick();
    stage.let_happen(&Happening::Links {
        up: local.into_iter().collect(),
    });
    assert!(stage.at(59_999).tick().is_empty());
    assert_eq!(stage.at(60_000).tick().len(), 1);
}

#[test]
fn texts_for_people_and_an_open_order_make_no_difference() {
    let mut stage = Stage::new(&Show::default());
    let bytes = encode_message("/oscgate/nix", &[]).unwrap();
    let (from, via) = (
        ANN.parse().unwrap(),
        Via {
            socket: 0,
            local: None,
        },
    );
    let sent = stage
        .model
        .handle(Instant::ZERO, &Happening::Datagram { from, via, bytes });
    let mut machine: Vec<_> = sent.iter().map(|one| (one.to, one.bytes.clone())).collect();
    let texts = [s("/oscgate/nix"), s("UNKNOWN_REQUEST"), s("no such thing")];
    machine[1].1 = encode_message("/oscgate/status/error", &texts).unwrap();
    assert_eq!(difference(&sent, &machine), None);
    assert_eq!(for_machines(&machine[1].1), sent[1].bytes);
    machine.swap(0, 1);
    assert!(difference(&sent, &machine).is_some());
    machine.swap(0, 1);
    machine.pop();
    assert!(difference(&sent, &machine).is_some());
}

#[test]
fn a_packet_is_taken_apart_into_what_lies_in_it() {
    let message = encode_message("/a", &[A::Int(1)]).unwrap();
    let packet = Element::of_packet(&bundle(&[message.clone(), bundle(&[message])])).unwrap();
    assert_eq!(packet.letters().len(), 2);
    assert!(Element::of_packet(b"/a\0\0x").is_none());
}
