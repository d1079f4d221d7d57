//! The two tablets of the shipped example: apps that know nothing of the gateway.

use std::net::UdpSocket;

use crate::console::{Console, args};
use crate::program::Program;

/// The example with the network of this machine, and somebody who watches.
fn show(hear: u16) -> String {
    let example = include_str!("../../mappings/examples/two-tablets.toml");
    let show = example
        .replace("192.168.1.0/24", "127.0.0.0/8")
        .replace("reply_port = 9000", &format!("reply_port = {hear}"))
        .replace("#status = false", "status = false");
    assert!(
        show.contains("\"127.0.0.0/8\"") && show.contains("\nstatus = false"),
        "{show}"
    );
    format!("{show}\n[[client]]\nname = \"watcher\"\nsource = \"127.0.0.9\"\n")
}

/// A tablet: it sends from one port and hears on another.
struct Tablet {
    mouth: UdpSocket,
    ear: Console,
    gateway: std::net::SocketAddr,
}

impl Tablet {
    fn open(ip: &str, ports: (u16, u16), gateway: std::net::SocketAddr) -> Self {
        let mouth = UdpSocket::bind((ip, ports.0)).expect("both ports were free");
        let ear = UdpSocket::bind((ip, ports.1)).expect("both ports were free");
        Self {
            mouth,
            ear: Console::of(ear, gateway),
            gateway,
        }
    }

    fn moves(&self, fader: &str, value: f32) {
        let bytes = oscgate::osc::encode_message(fader, args![value]).expect("it fits");
        self.mouth
            .send_to(&bytes, self.gateway)
            .expect("loopback takes it");
    }
}

/// 8000 and 9000 where both are free on all these tablets, else others.
fn free_ports(tablets: &[&str]) -> (u16, u16) {
    let free = |port: u16| {
        tablets
            .iter()
            .all(|ip| UdpSocket::bind((*ip, port)).is_ok())
    };
    (8_000..9_000)
        .map(|port| (port, port + 1_000))
        .find(|(mouth, ear)| free(*mouth) && free(*ear))
        .expect("some ports are free")
}

#[test]
fn whoever_moves_first_keeps_the_fader() {
    let ports = free_ports(&["127.0.0.11", "127.0.0.12", "127.0.0.13"]);
    let gate = Program::with_show(&show(ports.1));
    let mut watcher = gate.console_at("127.0.0.9");
    watcher.send(
        "/oscgate/subscribe",
        args!["/oscgate/status/{locked,unlocked,denied}"],
    );
    watcher.expect_nothing();
    let mut left = Tablet::open("127.0.0.11", ports, gate.address());
    let mut right = Tablet::open("127.0.0.12", ports, gate.address());

    // The right one comes into the session by a fader of its own.
    right.moves("/1/fader2", 0.2);
    right.ear.expect_exactly("/1/fader2", args![0.2]);
    left.moves("/1/fader1", 0.5);
    left.ear.expect_exactly("/1/fader1", args![0.5]);
    watcher.until(
        "/oscgate/status/locked",
        args!["/1/fader1", "tablet@127.0.0.11", 1_000],
    );
    right.ear.expect_exactly("/1/fader1", args![0.5]);

    // The second hand on the same fader is denied, and its motor goes back.
    right.moves("/1/fader1", 0.9);
    watcher.expect_denied("/1/fader1", "LOCK_HELD", "tablet@127.0.0.11");
    right.ear.expect_exactly("/1/fader1", args![0.5]);
    let meta = watcher.meta("/1/fader1");
    assert_eq!(
        (meta.writer.as_str(), meta.values),
        ("tablet@127.0.0.11", args![0.5].to_vec())
    );

    // The first hand is still: a second later the fader is free, and the other gets it.
    watcher.until(
        "/oscgate/status/unlocked",
        args!["/1/fader1", "tablet@127.0.0.11", "expired"],
    );
    right.moves("/1/fader1", 0.7);
    right.ear.expect_exactly("/1/fader1", args![0.7]);
    watcher.until(
        "/oscgate/status/locked",
        args!["/1/fader1", "tablet@127.0.0.12", 1_000],
    );
    left.ear.until("/1/fader1", args![0.7]);

    // One that is switched on late is told the truth, though it has asked for nothing.
    let mut late = Tablet::open("127.0.0.13", ports, gate.address());
    late.moves("/1/fader3", 0.1);
    let mut told = Vec::new();
    while told.len() < 3 {
        told.extend(late.ear.next());
    }
    let value = |address: &str| {
        let last = told.iter().rfind(|message| message.address == address);
        last.map(|message| message.arguments.clone())
    };
    assert_eq!(value("/1/fader1"), Some(args![0.7].to_vec()), "{told:?}");
    assert_eq!(value("/1/fader2"), Some(args![0.2].to_vec()), "{told:?}");
    assert_eq!(value("/1/fader3"), Some(args![0.1].to_vec()), "{told:?}");
}

#[test]
fn tablets_are_sent_nothing_but_faders() {
    let ports = free_ports(&["127.0.0.14", "127.0.0.15"]);
    let gate = Program::with_show(&show(ports.1));
    let mut watcher = gate.console_at("127.0.0.9");
    let mut left = Tablet::open("127.0.0.14", ports, gate.address());
    let right = Tablet::open("127.0.0.15", ports, gate.address());
    left.moves("/1/fader1", 0.5);
    left.ear.expect_exactly("/1/fader1", args![0.5]);
    right.moves("/1/fader1", 0.9);
    watcher.write("/end", args![1]);
    let before = left.ear.until("/end", args![1]);
    assert!(
        before
            .iter()
            .all(|message| message.address.starts_with("/1/")),
        "{before:?}"
    );
    let mut right = right.ear;
    let before = right.until("/end", args![1]);
    assert!(
        before
            .iter()
            .all(|message| message.address.starts_with("/1/")),
        "{before:?}"
    );
}
