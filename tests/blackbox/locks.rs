//! Locks: taken, kept, released, denied, and told.

use std::time::{Duration, Instant};

use crate::console::{args, bundle};
use crate::program::Program;

/// Locks that run out soon; who asks as fast as it is answered may ask.
const SHORT: &str = "[locks]\ntimeout = \"700ms\"\n[limits]\npackets_per_second = 10_000_000\n";

#[test]
fn a_lock_with_a_value_takes_and_writes() {
    let gate = Program::start();
    let mut anna = gate.console();
    let name = anna.name();
    anna.send("/oscgate/lock", args!["/f", 0.5]);
    anna.expect_exactly("/oscgate/status/locked", args!["/f", &name, 30_000]);
    anna.expect_exactly("/f", args![0.5]);
    let meta = anna.meta("/f");
    assert!(meta.locked);
    assert_eq!((meta.holder, meta.writer), (name.clone(), name));
    assert_eq!(
        (meta.revision, meta.values.as_slice()),
        (1, args![0.5].as_slice())
    );
    // A renewal that writes is answered by its echo alone.
    anna.send("/oscgate/lock", args!["/f", 0.6]);
    anna.expect_exactly("/f", args![0.6]);
    anna.expect_nothing();
}

#[test]
fn a_release_with_a_value_writes_and_frees() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    anna.lock("/f");
    anna.send("/oscgate/unlock", args!["/f", 0.7]);
    anna.expect_exactly("/f", args![0.7]);
    anna.expect_exactly(
        "/oscgate/status/unlocked",
        args!["/f", &anna.name(), "released"],
    );
    ben.write("/f", args![0.8]);
    assert!(!ben.meta("/f").locked);
}

#[test]
fn a_release_without_a_value_frees() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    anna.write("/f", args![0.5]);
    anna.lock("/f");
    anna.send("/oscgate/unlock", args!["/f"]);
    anna.expect_exactly(
        "/oscgate/status/unlocked",
        args!["/f", &anna.name(), "released"],
    );
    anna.expect_nothing();
    let meta = ben.meta("/f");
    assert_eq!((meta.locked, meta.revision), (false, 1));
    // A second release is answered as done.
    anna.send("/oscgate/unlock", args!["/f"]);
    anna.expect_exactly("/oscgate/status/unlocked", args!["/f", "", "released"]);
    ben.write("/f", args![0.8]);
}

#[test]
fn a_denial_names_the_holder_and_the_true_value_follows() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    anna.write("/f", args![0.5]);
    anna.lock("/f");
    ben.send("/f", args![0.9]);
    let remaining = ben.expect_denied("/f", "LOCK_HELD", &anna.name());
    assert!((1..=30_000).contains(&remaining), "{remaining}");
    ben.expect_exactly("/f", args![0.5]);
    let meta = ben.meta("/f");
    assert_eq!((meta.revision, meta.holder), (1, anna.name()));
    // The holder hears nothing of it, and a denied lock is told like a denied write.
    anna.expect_nothing();
    ben.send("/oscgate/lock", args!["/f"]);
    ben.expect_denied("/f", "LOCK_HELD", &anna.name());
    ben.expect_exactly("/f", args![0.5]);
}

#[test]
fn a_denied_first_message_is_a_whole_session() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.stranger());
    anna.write("/f", args![0.5]);
    anna.lock("/f");
    // A plain console never says a word under /oscgate, and is told all the same.
    ben.send("/f", args![0.9]);
    ben.expect_denied("/f", "LOCK_HELD", &anna.name());
    ben.expect_exactly("/f", args![0.5]);
    assert!(ben.settled_by_write().is_empty());
}

#[test]
fn a_lock_runs_out_though_its_holder_pings() {
    let gate = Program::with_show(SHORT);
    let (mut anna, mut ben) = (gate.console(), gate.console());
    ben.follow("/oscgate/status/unlocked");
    let begun = Instant::now();
    anna.lock("/f");
    let name = anna.name();
    // Each round has a ping: a sign of life, and no renewal.
    while anna.meta("/f").locked {
        anna.send("/oscgate/ping", args![]);
        anna.expect("/oscgate/pong");
        assert!(
            begun.elapsed() < Duration::from_secs(15),
            "it never ran out"
        );
    }
    assert!(
        begun.elapsed() >= Duration::from_millis(700),
        "it ran out early"
    );
    anna.expect_exactly("/oscgate/status/unlocked", args!["/f", &name, "expired"]);
    ben.expect_exactly("/oscgate/status/unlocked", args!["/f", &name, "expired"]);
    ben.write("/f", args![0.8]);
}

#[test]
fn a_denied_write_renews_nothing() {
    let gate = Program::with_show(SHORT);
    let (mut anna, mut ben) = (gate.console(), gate.console());
    ben.follow("/oscgate/status/unlocked");
    anna.lock("/f");
    let begun = Instant::now();
    while ben.meta("/f").locked {
        ben.send("/f", args![0.9]);
        assert!(
            begun.elapsed() < Duration::from_secs(15),
            "it never ran out"
        );
    }
    ben.expect_exactly(
        "/oscgate/status/unlocked",
        args!["/f", &anna.name(), "expired"],
    );
}

#[test]
fn meta_tells_of_locks_and_of_what_nobody_touched() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    let meta = ben.meta("/untouched");
    assert_eq!(
        (meta.locked, meta.holder.as_str(), meta.remaining),
        (false, "", 0)
    );
    assert_eq!(
        (meta.revision, meta.writer.as_str(), meta.values.len()),
        (0, "", 0)
    );
    anna.lock("/f");
    let meta = ben.meta("/f");
    assert_eq!((meta.locked, meta.holder), (true, anna.name()));
    assert!((1..=30_000).contains(&meta.remaining), "{}", meta.remaining);
    assert_eq!(
        (meta.revision, meta.writer.as_str(), meta.values.len()),
        (0, "", 0)
    );
}

#[test]
fn a_pattern_cannot_be_locked() {
    let gate = Program::start();
    let mut anna = gate.console();
    anna.write("/f/1", args![0.5]);
    for request in ["/oscgate/lock", "/oscgate/unlock", "/oscgate/take"] {
        anna.send(request, args!["/f/*"]);
        // A pattern could not be read as one address; as a denial or as an error, it is told.
        let heard = anna.settled();
        assert_eq!(heard.len(), 1, "{request}: {heard:?}");
        assert_eq!(
            heard[0].arguments[1],
            args!["BAD_ADDRESS"][0],
            "{request}: {heard:?}"
        );
    }
    assert!(!anna.meta("/f/1").locked);
    assert_eq!(anna.call("/oscgate/lock", args!["/f/*"]).0, "BAD_ADDRESS");
}

const RANKS: &str = r#"
[[client]]
name = "desk"
source = "127.0.0.21"
priority = 10
operator = false

[[client]]
name = "pad"
source = "127.0.0.22"
operator = false
"#;

#[test]
fn a_higher_priority_takes_and_a_lower_one_does_not() {
    let gate = Program::with_show(RANKS);
    let (mut desk, mut pad) = (gate.console_at("127.0.0.21"), gate.console_at("127.0.0.22"));
    pad.send("/oscgate/lock", args!["/f", 0.5]);
    pad.expect_exactly("/oscgate/status/locked", args!["/f", "pad", 30_000]);
    pad.expect_exactly("/f", args![0.5]);
    desk.send("/oscgate/take", args!["/f", 0.6]);
    desk.expect_exactly("/oscgate/status/locked", args!["/f", "desk", 30_000]);
    desk.expect_exactly("/f", args![0.6]);
    pad.expect_exactly("/oscgate/status/unlocked", args!["/f", "pad", "taken"]);
    pad.send("/oscgate/take", args!["/f"]);
    pad.expect_denied("/f", "LOCK_HELD", "desk");
    pad.expect_exactly("/f", args![0.6]);
    assert_eq!(pad.meta("/f").holder, "desk");
}

#[test]
fn an_operator_frees_and_others_may_not() {
    let gate = Program::with_show(RANKS);
    let mut pad = gate.console_at("127.0.0.22");
    let (mut anna, mut operator) = (gate.console(), gate.console());
    anna.lock("/f");
    pad.send("/oscgate/release", args!["/f"]);
    pad.expect_denied("/f", "NOT_ALLOWED", "");
    assert_eq!(pad.meta("/f").holder, anna.name());
    operator.send(
        "/oscgate/release",
        args!["/f", "the tablet fell into the pit"],
    );
    anna.expect_exactly(
        "/oscgate/status/unlocked",
        args!["/f", &anna.name(), "forced"],
    );
    assert!(!operator.meta("/f").locked);
    gate.errors_with(|said| said.contains("the tablet fell into the pit"));
}

#[test]
fn an_old_revision_is_a_conflict() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    anna.send("/oscgate/set_if", args!["/f", 0_i64, 0.1]);
    anna.expect_exactly("/f", args![0.1]);
    ben.write("/f", args![0.2]);
    anna.send("/oscgate/set_if", args!["/f", 1_i64, 0.3]);
    anna.expect_denied("/f", "CONFLICT", "");
    anna.expect_exactly("/f", args![0.2]);
    // An int is taken for the int64.
    anna.send("/oscgate/set_if", args!["/f", 2, 0.4]);
    anna.expect_exactly("/f", args![0.4]);
    anna.send("/oscgate/set_if", args!["/f", 0_i64, 0.5]);
    anna.expect_denied("/f", "CONFLICT", "");
    assert_eq!(anna.meta("/f").revision, 3);
}

#[test]
fn unlock_with_a_value_by_another_changes_nothing() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    anna.write("/f", args![0.5]);
    anna.lock("/f");
    let before = anna.meta("/f");
    ben.send("/oscgate/unlock", args!["/f", 0.9]);
    ben.expect_denied("/f", "LOCK_HELD", &anna.name());
    ben.expect_exactly("/f", args![0.5]);
    let after = anna.meta("/f");
    assert_eq!(
        (after.holder, after.revision, after.values),
        (before.holder, before.revision, before.values)
    );
    anna.expect_nothing();
}

#[test]
fn a_pattern_is_denied_for_each_address_alone() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    for address in ["/p/1", "/p/2", "/p/3"] {
        anna.write(address, args![0.1]);
    }
    anna.lock("/p/2");
    ben.send("/p/*", args![0.9]);
    ben.expect_exactly("/p/1", args![0.9]);
    ben.expect_exactly("/p/3", args![0.9]);
    ben.expect_denied("/p/2", "LOCK_HELD", &anna.name());
    ben.expect_exactly("/p/2", args![0.1]);
    ben.expect_nothing();
    assert_eq!(ben.call("/p/*", args![0.8]).0, "LOCK_HELD");
    ben.send("/nothing/*", args![0.9]);
    ben.expect_nothing();
    assert_eq!(ben.call("/nothing/*", args![0.8]).0, "NOT_FOUND");
}

#[test]
fn a_bundle_acts_in_order() {
    let gate = Program::start();
    let mut anna = gate.console();
    anna.send_bytes(&bundle(&[
        ("/b", args![1]),
        ("/oscgate/get", args!["/b"]),
        ("/b", args![2]),
        ("/oscgate/lock", args!["/b"]),
        ("/b", args![3]),
    ]));
    let heard = anna.settled();
    let heard: Vec<_> = heard
        .iter()
        .map(|m| (m.address.as_str(), m.arguments.as_slice()))
        .collect();
    assert_eq!(
        heard,
        [
            ("/b", args![1].as_slice()),
            ("/b", args![1].as_slice()),
            ("/b", args![2].as_slice()),
            (
                "/oscgate/status/locked",
                args!["/b", &anna.name(), 30_000].as_slice()
            ),
            ("/b", args![3].as_slice()),
        ]
    );
}

#[test]
fn an_atomic_bundle_is_done_whole_or_not_at_all() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    anna.write("/b/1", args![1]);
    let pair = bundle(&[
        ("/oscgate/atomic", args![]),
        ("/oscgate/lock", args!["/b/1"]),
        ("/b/1", args![10]),
        ("/b/2", args![20]),
    ]);
    anna.lock("/b/2");
    ben.send_bytes(&pair);
    ben.expect_denied("/b/2", "LOCK_HELD", &anna.name());
    ben.expect_exactly("/b/1", args![1]);
    ben.expect_nothing();
    let meta = ben.meta("/b/1");
    assert!(!meta.locked && meta.revision == 1);
    anna.send("/oscgate/unlock", args!["/b/2"]);
    anna.expect("/oscgate/status/unlocked");
    ben.send_bytes(&pair);
    ben.expect_exactly("/b/1", args![10]);
    ben.expect_exactly("/b/2", args![20]);
    assert_eq!(ben.meta("/b/1").holder, ben.name());
}
