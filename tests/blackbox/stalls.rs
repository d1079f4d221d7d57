//! When it is the gateway or its own cable that stood still: nobody is blamed for it.

use std::process::Command;
use std::time::Duration;

use crate::console::{Console, args};
use crate::program::Program;

/// Locks run out after a second and a half, and so do clients that ping.
const SHORT: &str = r#"
[locks]
timeout = "1500ms"
[sessions]
silence_timeout = "1500ms"
"#;

/// Longer than any timeout of [`SHORT`].
const LONGER: Duration = Duration::from_millis(3_000);

#[test]
fn what_was_sent_while_the_gateway_stood_still_is_not_judged_late() {
    let gate = Program::with_show(SHORT);
    let (mut anna, mut ben, mut eve) = (gate.console(), gate.stranger(), gate.stranger());
    anna.lock("/a");
    anna.send("/oscgate/ping", args![]);
    anna.expect("/oscgate/pong");
    eve.lock("/e");
    let eves = eve.name();
    // These two never ping: they may be idle for a minute.
    ben.send("/oscgate/subscribe", args!["/oscgate/status/unlocked"]);
    ben.settled_by_write();
    gate.stand_still();
    // The order in which they wait in the socket: a rival before the holder.
    ben.send("/a", args![7]);
    anna.send("/a", args![1]);
    ben.send("/a", args![8]);
    // The stall itself, which is longer than the lock.
    std::thread::sleep(LONGER);
    gate.signal("CONT");
    anna.expect_exactly("/a", args![1]);
    ben.expect_denied("/a", "LOCK_HELD", &anna.name());
    // Who sent nothing meanwhile has lost what it held; nobody else has.
    let told = ben.expect("/oscgate/status/unlocked");
    assert_eq!(told, args!["/e", &eves, "expired"]);
    let meta = ben.meta("/a");
    assert_eq!((meta.locked, meta.holder), (true, anna.name()));
    assert_eq!(meta.values, args![1]);
}

/// Runs the test below in a network of its own, where a cable can be pulled.
#[test]
fn nobody_falls_silent_behind_a_cable_that_was_pulled() {
    let mut unshare = Command::new("unshare");
    unshare.args(["--user", "--map-root-user", "--net"]);
    let possible = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "true"])
        .status();
    if !possible.is_ok_and(|status| status.success()) {
        eprintln!("this machine allows no network namespaces: not tried");
        return;
    }
    let this = std::env::current_exe().expect("the test program has a path");
    let output = unshare
        .arg(this)
        .args([
            "--exact",
            "stalls::in_a_network_of_its_own",
            "--ignored",
            "--nocapture",
        ])
        .output()
        .expect("unshare runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
#[ignore = "it changes the machine's network: the test above runs it where that is its own"]
fn in_a_network_of_its_own() {
    for command in [
        "link set lo up",
        "link add cable type veth peer name plug",
        "address add 10.99.0.1/24 dev cable",
        "link set cable up",
        "link set plug up",
    ] {
        ip(command);
    }
    let gate = Program::start_on(Some(SHORT), &["127.0.0.1:0", "10.99.0.1:0"]);
    let mut desk = Console::open("10.99.0.1:0", gate.listening[1]);
    desk.greet();
    desk.lock("/d");
    let (mut screen, mut witness) = (gate.stranger(), gate.console());
    // It never pings: it may be idle for a minute.
    screen.send("/oscgate/subscribe", args!["/oscgate/status/disconnected"]);
    screen.settled_by_write();
    witness.send("/oscgate/ping", args![]);
    witness.expect("/oscgate/pong");
    desk.send("/oscgate/ping", args![]);
    desk.expect("/oscgate/pong");
    ip("link set plug down");
    // Whoever is not behind that cable falls silent as always.
    let name = witness.name();
    let told = screen.expect("/oscgate/status/disconnected");
    assert_eq!(told, args![&name, &name, "silence"]);
    std::thread::sleep(LONGER);
    assert!(screen.settled_by_write().is_empty());
    ip("link set plug up");
    let name = desk.name();
    let told = screen.expect("/oscgate/status/disconnected");
    assert_eq!(told, args![&name, &name, "silence"]);
}

/// Runs `ip` with these arguments.
fn ip(arguments: &str) {
    let output = Command::new("ip")
        .args(arguments.split(' '))
        .output()
        .expect("ip is there (Debian package iproute2)");
    assert!(
        output.status.success(),
        "ip {arguments}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
