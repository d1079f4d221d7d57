//! The two tablets of the README.

use std::time::{Duration, Instant};

use crate::console::{args, text};
use crate::program::{Program, SOON};
use crate::tablet::{Ports, Tablet};

const SHOW: &str = include_str!("../../mappings/examples/two-tablets.toml");

/// The example with the network of this machine, and with the port on which these tablets hear.
fn show(ports: Ports) -> String {
    let show = SHOW
        .replace("192.168.1.0/24", "127.0.0.0/8")
        .replace("= 9000", &format!("= {}", ports.hears));
    assert!(
        show.contains("\"127.0.0.0/8\""),
        "the example names its subnet"
    );
    show
}

#[test]
fn whoever_moves_first_keeps_the_fader_and_after_the_hold_the_other_gets_it() {
    let ports = Ports::free_on(&["127.0.0.11", "127.0.0.12", "127.0.0.13"]);
    let program = Program::with_show(&show(ports));
    let gateway = program.address();
    let one = Tablet::switched_on("127.0.0.11", ports, gateway);
    let two = Tablet::switched_on("127.0.0.12", ports, gateway);
    // The first move of each is how the gateway learns of it.
    two.moves("/1/fader2", 0.5);
    two.sees_value("/1/fader2", 0.5);
    one.moves("/1/fader1", 0.25);
    one.sees_value("/1/fader1", 0.25);
    two.sees_value("/1/fader1", 0.25);

    two.moves("/1/fader1", 0.75);
    two.sees_denial("/1/fader1", "tablet@127.0.0.11");
    two.sees_value("/1/fader1", 0.25);

    // The hold keeps it as long as the hand moves, past its own length.
    for step in 0u8..15 {
        let value = 0.3 + f32::from(step) / 100.0;
        one.moves("/1/fader1", value);
        two.sees_value("/1/fader1", value);
        two.moves("/1/fader1", 0.9);
        // A hand has its own pace; nothing is waited for.
        std::thread::sleep(Duration::from_millis(100));
    }
    two.sees_value("/1/fader1", 0.44);

    // The hand rests; the one who tries again and again gets it.
    let rested = Instant::now();
    loop {
        two.moves("/1/fader1", 0.8);
        let message = two.sees("an answer", |message| {
            message.address == "/oscgate/status/locked"
                && text(&message.arguments[0]) == "/1/fader1"
                || message.address == "/oscgate/status/denied"
        });
        if message.address == "/oscgate/status/locked"
            && text(&message.arguments[1]) == "tablet@127.0.0.12"
        {
            break;
        }
        assert!(rested.elapsed() < SOON, "it was never free");
        std::thread::sleep(Duration::from_millis(120));
    }
    one.sees_value("/1/fader1", 0.8);
    one.moves("/1/fader1", 0.1);
    one.sees_denial("/1/fader1", "tablet@127.0.0.12");
    one.sees_value("/1/fader1", 0.8);

    // One that is switched on later is shown how things stand.
    let late = Tablet::switched_on("127.0.0.13", ports, gateway);
    late.moves("/1/fader9", 0.1);
    late.sees_value("/1/fader1", 0.8);
    late.sees_value("/1/fader2", 0.5);
}

#[test]
fn tablets_that_want_no_status_hear_of_faders_alone() {
    let ports = Ports::free_on(&["127.0.0.14", "127.0.0.15"]);
    let show = show(ports).replace("#status = false", "status = false");
    assert!(show.contains("\nstatus = false"), "the example offers it");
    // Somebody else, who has the last word.
    let show = show + "\n[[client]]\nname = \"watcher\"\nsource = \"127.0.0.9\"\n";
    let program = Program::with_show(&show);
    let mut watcher = program.console_at("127.0.0.9");
    watcher.follow("/oscgate/status/{denied,unlocked}");
    let one = Tablet::switched_on("127.0.0.14", ports, program.address());
    let two = Tablet::switched_on("127.0.0.15", ports, program.address());
    two.moves("/1/fader2", 0.25);
    two.sees_value("/1/fader2", 0.25);
    one.moves("/1/fader1", 0.5);
    one.sees_value("/1/fader1", 0.5);
    two.moves("/1/fader1", 0.75);
    watcher.expect_denied("/1/fader1", "LOCK_HELD", "tablet@127.0.0.14");
    let ending = args!["/1/fader1", "tablet@127.0.0.14", "expired"];
    watcher.until("/oscgate/status/unlocked", ending);
    watcher.write("/1/end", args![1]);
    for tablet in [one, two] {
        let mut last = None;
        loop {
            let message = tablet.sees("anything", |_| true);
            match message.address.as_str() {
                "/1/end" => break,
                "/1/fader1" => last = Some(message.arguments),
                address => assert_eq!(address, "/1/fader2"),
            }
        }
        // What the denied one was sent last is the truth.
        assert!(
            last.is_none_or(|last| *args![0.5] == *last),
            "{}",
            tablet.ip
        );
    }
}
