//! What the show file says of addresses and of echoes.

use std::time::Instant;

use oscgate::osc::Argument;

use crate::console::{args, bundle, int};
use crate::program::Program;

#[test]
fn an_event_passes_through_and_is_not_stored() {
    let gate = Program::with_show("[[address]]\nmatch = \"/cue\"\nevent = true\n");
    let (mut anna, mut ben) = (gate.console(), gate.console());
    ben.send("/oscgate/subscribe", args!["/go", "/cue"]);
    ben.expect_nothing();
    anna.write("/go", args![]);
    ben.expect_exactly("/go", args![]);
    anna.write("/cue", args![12]);
    ben.expect_exactly("/cue", args![12]);
    for address in ["/go", "/cue"] {
        assert_eq!(ben.meta(address).revision, 0);
        ben.send("/oscgate/get", args![address]);
        ben.expect_error("/oscgate/get", "NOT_FOUND");
    }
    ben.send("/oscgate/sync", args!["//*"]);
    ben.expect_exactly("/oscgate/synced", args!["//*", 0]);
    // It is judged by locks like a write.
    anna.lock("/go");
    ben.send("/go", args![]);
    ben.expect_denied("/go", "LOCK_HELD", &anna.name());
    anna.expect_nothing();
}

#[test]
fn a_rate_thins_and_the_last_always_comes() {
    let gate = Program::with_show("[[address]]\nmatch = \"/meter\"\nrate = 60\n");
    let (mut anna, mut ben) = (gate.console(), gate.console());
    ben.follow("/meter");
    let begun = Instant::now();
    for value in 1..=2_000 {
        // Its own echo is not thinned.
        anna.write("/meter", args![value]);
    }
    let (mut count, mut last) = (0, 0);
    while last != 2_000 {
        let value = int(&ben.expect("/meter")[0]);
        assert!(value > last, "{value} after {last}");
        (count, last) = (count + 1, value);
    }
    let most = begun.elapsed().as_secs_f64() * 60.0 + 2.0;
    assert!(f64::from(count) <= most, "{count} updates, {most} at most");
}

const ECHOES: &str = r#"
[[client]]
name = "mute"
source = "127.0.0.31"
echo = "never"

[[client]]
name = "sparing"
source = "127.0.0.32"
echo = "changed"

[[address]]
match = "/level"
args = "f"
range = [0.0, 1.0]
outside = "clip"
"#;

#[test]
fn an_echo_can_be_never() {
    let gate = Program::with_show(ECHOES);
    let (mut mute, mut anna) = (gate.console_at("127.0.0.31"), gate.console());
    mute.follow("//*");
    anna.follow("//*");
    mute.send("/level", args![0.5]);
    anna.expect_exactly("/level", args![0.5]);
    mute.send("/level", args![7.0]);
    anna.expect_exactly("/level", args![1.0]);
    // Not even where it follows; what others write it is sent.
    mute.expect_nothing();
    anna.write("/level", args![0.2]);
    mute.expect_exactly("/level", args![0.2]);
}

#[test]
fn an_echo_can_be_only_of_what_was_changed() {
    let gate = Program::with_show(ECHOES);
    let (mut sparing, mut anna) = (gate.console_at("127.0.0.32"), gate.console());
    sparing.send("/level", args![0.5]);
    sparing.expect_nothing();
    sparing.send("/level", args![7.0]);
    sparing.expect_exactly("/level", args![1.0]);
    sparing.expect_nothing();
    assert_eq!(anna.meta("/level").values, args![1.0]);
    // An int of 0 or 1 is the float that it means.
    sparing.send("/level", args![0]);
    sparing.expect_exactly("/level", args![0.0]);
}

#[test]
fn rules_refuse_what_they_forbid() {
    let gate = Program::with_show(
        r#"
        [[address]]
        match = "/ro"
        access = "read-only"
        [[address]]
        match = "/req"
        lock = "required"
        [[address]]
        match = "/free"
        lock = "never"
        [[address]]
        match = "/pan/*"
        args = "f"
        range = [-1.0, 1.0]
        outside = "refuse"
        "#,
    );
    let mut anna = gate.console();
    anna.send("/ro", args![1]);
    anna.expect_denied("/ro", "READ_ONLY", "");
    anna.send("/oscgate/lock", args!["/ro"]);
    anna.expect_denied("/ro", "READ_ONLY", "");
    anna.send("/req", args![1]);
    anna.expect_denied("/req", "LOCK_REQUIRED", "");
    anna.lock("/req");
    anna.write("/req", args![1]);
    anna.write("/free", args![1]);
    anna.send("/oscgate/lock", args!["/free"]);
    anna.expect_denied("/free", "NOT_ALLOWED", "");
    anna.expect_exactly("/free", args![1]);
    anna.send("/pan/1", args![1.5]);
    anna.expect_denied("/pan/1", "OUT_OF_RANGE", "");
    anna.send("/pan/2", args!["left"]);
    anna.expect_denied("/pan/2", "BAD_ARGUMENTS", "");
    anna.send("/pan/3", args![f32::NAN]);
    anna.expect_denied("/pan/3", "OUT_OF_RANGE", "");
    anna.expect_nothing();
}

#[test]
fn what_has_no_rule_passes_byte_for_byte() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    ben.follow("//*");
    let every = [
        Argument::Int(1),
        Argument::Float(f32::INFINITY),
        Argument::String("Grüße".to_owned()),
        Argument::Blob(vec![1, 2, 3]),
        Argument::Long(-1),
        Argument::Time(1),
        Argument::Double(0.1),
        Argument::Symbol("x".to_owned()),
        Argument::Char(0x1_F600),
        Argument::Color(0xFF00_0080),
        Argument::Midi([0, 0x90, 60, 100]),
        Argument::True,
        Argument::False,
        Argument::Nil,
        Argument::Infinitum,
        Argument::Array(vec![Argument::Int(1), Argument::Array(vec![Argument::Nil])]),
    ];
    let sent = oscgate::osc::encode_message("/a b#c,d", &every).expect("it fits");
    anna.send_bytes(&sent);
    for console in [&mut anna, &mut ben] {
        assert_eq!(
            console
                .receive(crate::program::SOON)
                .expect("it is passed on"),
            sent
        );
        console.expect_nothing();
    }
    anna.send_bytes(&bundle(&[]));
    anna.send_bytes(b"");
    anna.expect_nothing();
}
