//! Sessions: how they begin and end, what is followed in them, and names.

use std::time::Duration;

use crate::console::{args, text};
use crate::program::{Program, websockets};

#[test]
fn a_session_that_begins_under_oscgate_is_told_so() {
    let gate = Program::start();
    let mut anna = gate.stranger();
    let name = anna.name();
    anna.send("/oscgate/get", args!["/f"]);
    anna.send("/oscgate/ping", args![7]);
    let before = anna.until("/oscgate/pong", args![7]);
    assert_eq!(before[0].address, "/oscgate/status/connected", "{before:?}");
    assert_eq!(before[0].arguments, args![&name, &name]);
    assert_eq!(before[1].address, "/oscgate/status/error", "{before:?}");
    assert_eq!(before.len(), 2, "{before:?}");
    // After a bye it is a new one.
    anna.send("/oscgate/bye", args![]);
    anna.send("/oscgate/ping", args![8]);
    let before = anna.until("/oscgate/pong", args![8]);
    assert_eq!(before.len(), 1, "{before:?}");
    assert_eq!(before[0].address, "/oscgate/status/connected");
}

#[test]
fn a_plain_console_never_sees_a_status_message() {
    let gate = Program::start();
    let mut anna = gate.stranger();
    anna.write("/f", args![0.5]);
    assert!(anna.settled_by_write().is_empty());
}

#[test]
fn a_bye_releases() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    let name = anna.name();
    ben.send(
        "/oscgate/subscribe",
        args!["/oscgate/status/unlocked", "/oscgate/status/disconnected"],
    );
    ben.expect_nothing();
    anna.lock("/f");
    anna.send("/oscgate/bye", args![0]);
    ben.expect_exactly(
        "/oscgate/status/unlocked",
        args!["/f", &name, "disconnected"],
    );
    ben.expect_exactly("/oscgate/status/disconnected", args![&name, &name, "bye"]);
    ben.write("/f", args![0.8]);
}

/// The pinging client falls silent after half a second, the others after a second and a half.
const SHORT: &str = r#"
[sessions]
silence_timeout = "500ms"
idle_timeout = "1500ms"

[[client]]
name = "watcher"
source = "127.0.0.9"
silence_timeout = "never"
idle_timeout = "never"
"#;

#[test]
fn the_silence_of_one_who_pinged_releases() {
    let gate = Program::with_show(SHORT);
    let mut watcher = gate.console_at("127.0.0.9");
    watcher.follow("/oscgate/status/{locked,unlocked,disconnected}");
    let anna = gate.stranger();
    let name = anna.name();
    let begun = std::time::Instant::now();
    anna.send("/oscgate/lock", args!["/f"]);
    anna.send("/oscgate/ping", args![]);
    watcher.expect("/oscgate/status/locked");
    watcher.expect_exactly(
        "/oscgate/status/unlocked",
        args!["/f", &name, "disconnected"],
    );
    watcher.expect_exactly(
        "/oscgate/status/disconnected",
        args![&name, &name, "silence"],
    );
    assert!(
        begun.elapsed() >= Duration::from_millis(500),
        "{:?}",
        begun.elapsed()
    );
    assert!(!watcher.meta("/f").locked);
}

#[test]
fn the_idling_of_one_who_never_pinged_releases() {
    let gate = Program::with_show(SHORT);
    let mut watcher = gate.console_at("127.0.0.9");
    watcher.follow("/oscgate/status/{locked,unlocked,disconnected}");
    let anna = gate.stranger();
    let name = anna.name();
    let begun = std::time::Instant::now();
    anna.send("/oscgate/lock", args!["/f"]);
    watcher.expect("/oscgate/status/locked");
    watcher.expect_exactly(
        "/oscgate/status/unlocked",
        args!["/f", &name, "disconnected"],
    );
    watcher.expect_exactly(
        "/oscgate/status/disconnected",
        args![&name, &name, "silence"],
    );
    assert!(
        begun.elapsed() >= Duration::from_millis(1500),
        "{:?}",
        begun.elapsed()
    );
    assert!(!watcher.meta("/f").locked);
}

#[test]
fn a_name_in_use_is_not_given_twice() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.stranger(), gate.console());
    let mut watcher = gate.console();
    watcher.follow("/oscgate/status/connected");
    anna.send("/oscgate/hello", args!["anna"]);
    anna.expect_exactly("/oscgate/status/connected", args!["anna", &anna.name()]);
    // A hello that begins a session is answered once.
    anna.expect_nothing();
    watcher.until("/oscgate/status/connected", args!["anna", &anna.name()]);
    ben.send("/oscgate/hello", args!["anna"]);
    ben.expect_error("/oscgate/hello", "NAME_TAKEN");
    ben.send("/oscgate/hello", args!["ben"]);
    ben.expect_exactly("/oscgate/status/connected", args!["ben", &ben.name()]);
    watcher.until("/oscgate/status/connected", args!["ben", &ben.name()]);
    for bad in ["", "a/b", "10.0.0.1", "10.0.0.1:9000"] {
        ben.send("/oscgate/hello", args![bad]);
        ben.expect_error("/oscgate/hello", "BAD_ARGUMENTS");
    }
    // Locks stay through a hello, under the new name.
    anna.send("/oscgate/lock", args!["/f"]);
    anna.expect_exactly("/oscgate/status/locked", args!["/f", "anna", 30_000]);
    anna.send("/oscgate/hello", args!["anne"]);
    anna.expect_exactly("/oscgate/status/connected", args!["anne", &anna.name()]);
    assert_eq!(ben.meta("/f").holder, "anne");
}

#[test]
fn a_reply_port_is_where_answers_go() {
    if websockets() {
        // It is answered over itself.
        return;
    }
    let gate = Program::start();
    let (anna, mut ear) = (gate.stranger(), gate.stranger());
    let port = i32::from(ear.wire.local_addr().port());
    anna.send("/oscgate/hello", args!["anna", port]);
    let told = ear.expect("/oscgate/status/connected");
    assert_eq!(text(&told[0]), "anna");
    anna.send("/f", args![0.5]);
    ear.expect_exactly("/f", args![0.5]);
}

#[test]
fn users_behind_one_endpoint_hold_locks_of_their_own() {
    let gate = Program::start();
    let (mut surface, mut ben) = (gate.console(), gate.console());
    let (anna, carl) = (
        format!("{}/anna", surface.name()),
        format!("{}/carl", surface.name()),
    );
    surface.send("/oscgate/as", args!["anna", "/oscgate/lock", "/f", 0.5]);
    surface.expect_exactly("/oscgate/status/locked", args!["/f", &anna, 30_000]);
    surface.expect_exactly("/f", args![0.5]);
    surface.send("/oscgate/as", args!["carl", "/f", 0.9]);
    surface.expect_denied("/f", "LOCK_HELD", &anna);
    surface.expect_exactly("/f", args![0.5]);
    // The endpoint itself is someone else, too.
    surface.send("/f", args![0.9]);
    surface.expect_denied("/f", "LOCK_HELD", &anna);
    surface.expect_exactly("/f", args![0.5]);
    surface.send("/oscgate/as", args!["carl", "/g", 0.9]);
    surface.expect_exactly("/g", args![0.9]);
    assert_eq!(ben.meta("/g").writer, carl);
    surface.send("/oscgate/as", args!["anna", "/f", 0.6]);
    surface.expect_exactly("/f", args![0.6]);
    surface.send("/oscgate/as", args!["anna", "/oscgate/bye"]);
    surface.expect_error("/oscgate/as", "BAD_ARGUMENTS");
    // Their sessions die with the endpoint's.
    ben.follow("/oscgate/status/unlocked");
    surface.send("/oscgate/bye", args![]);
    ben.expect_exactly(
        "/oscgate/status/unlocked",
        args!["/f", &anna, "disconnected"],
    );
}

#[test]
fn followers_are_sent_what_they_follow_and_nothing_from_before() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    anna.write("/f/1", args![0.1]);
    ben.follow("/f/*");
    ben.expect_nothing();
    anna.write("/f/1", args![0.2]);
    anna.write("/g/1", args![0.3]);
    ben.expect_exactly("/f/1", args![0.2]);
    ben.expect_nothing();
    // Its own write reaches it once, as echo and as follower.
    ben.write("/f/2", args![0.4]);
    ben.expect_nothing();
    ben.send("/oscgate/unsubscribe", args!["/f/*"]);
    ben.expect_nothing();
    anna.write("/f/1", args![0.5]);
    ben.expect_nothing();
    ben.send("/oscgate/subscribe", args!["/f/*", "/g//*"]);
    ben.send("/oscgate/unsubscribe", args![]);
    ben.expect_nothing();
    anna.write("/f/1", args![0.6]);
    anna.write("/g/1", args![0.6]);
    ben.expect_nothing();
}

#[test]
fn a_sync_sends_what_is_stored_in_address_order() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    for (address, value) in [("/s/3", 0.3), ("/s/1", 0.1), ("/s/2", 0.2), ("/t", 0.9)] {
        anna.write(address, args![value]);
    }
    anna.send("/s/go", args![]);
    anna.expect_exactly("/s/go", args![]);
    ben.send("/oscgate/sync", args!["/s/*"]);
    let before = ben.until("/oscgate/synced", args!["/s/*", 3]);
    let addresses: Vec<&str> = before
        .iter()
        .map(|message| message.address.as_str())
        .collect();
    assert_eq!(addresses, ["/s/1", "/s/2", "/s/3"]);
    assert_eq!(before[2].arguments, args![0.3]);
    ben.send("/oscgate/sync", args!["/nothing//*"]);
    ben.expect_exactly("/oscgate/synced", args!["/nothing//*", 0]);
    // The locks that are held can be asked for, too.
    anna.lock("/s/1");
    ben.send("/oscgate/sync", args!["/oscgate/status/locked"]);
    let told = ben.expect("/oscgate/status/locked");
    assert_eq!(told[..2], *args!["/s/1", &anna.name()]);
}

#[test]
fn followers_of_the_heartbeat_hear_it_count() {
    let gate = Program::start();
    let mut anna = gate.console();
    anna.send("/oscgate/subscribe", args!["/oscgate/status/heartbeat"]);
    let first = crate::console::int(&anna.expect("/oscgate/status/heartbeat")[0]);
    let second = crate::console::int(&anna.expect("/oscgate/status/heartbeat")[0]);
    assert_eq!(second, first + 1);
}

#[test]
fn a_request_that_nobody_knows_is_an_error() {
    let gate = Program::start();
    let mut anna = gate.console();
    anna.send("/oscgate/fade", args!["/f"]);
    anna.expect_error("/oscgate/fade", "UNKNOWN_REQUEST");
    anna.send("/oscgate/get", args!["/f"]);
    anna.expect_error("/oscgate/get", "NOT_FOUND");
    anna.send("/oscgate/get", args!["/f/*"]);
    anna.expect_error("/oscgate/get", "BAD_ADDRESS");
    anna.send("/oscgate/get", args![]);
    anna.expect_error("/oscgate/get", "BAD_ARGUMENTS");
}
