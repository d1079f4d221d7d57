//! The program as a process: what it prints, how it reloads, how it ends.

use std::net::UdpSocket;

use crate::console::args;
use crate::program::{Program, run_to_end};

#[test]
fn standard_output_is_these_lines_and_no_more() {
    let gate = Program::start_on(None, &["127.0.0.1:0", "127.0.0.2:0"]);
    let expected: Vec<String> = gate
        .listening
        .iter()
        .map(|address| format!("oscgate: listening on udp {address}"))
        .chain(["oscgate: ready".to_owned()])
        .collect();
    assert_eq!(gate.lines, expected);
    assert_eq!(gate.listening.len(), 2);
    assert!(gate.listening.iter().all(|address| address.port() != 0));
    gate.signal("TERM");
    let (status, rest) = gate.ended();
    assert_eq!((status.code(), rest), (Some(0), vec![]));
}

#[test]
fn a_terminated_gateway_says_so_to_its_sessions() {
    stops_on("TERM");
}

#[test]
fn an_interrupted_gateway_says_so_to_its_sessions() {
    stops_on("INT");
}

fn stops_on(signal: &str) {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    anna.lock("/f");
    gate.signal(signal);
    for console in [&mut anna, &mut ben] {
        let name = console.name();
        console.expect_exactly(
            "/oscgate/status/disconnected",
            args![&name, &name, "stopped"],
        );
    }
    assert_eq!(gate.ended().0.code(), Some(0));
}

#[test]
fn a_taken_port_is_a_failure_of_its_own() {
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let (status, said, errors) = run_to_end(&["--listen", &address, "--http", "off"]);
    assert_eq!((status.code(), said.as_str()), (Some(1), ""), "{errors}");
    assert!(errors.contains(&address), "{errors}");
}

#[test]
fn a_faulty_file_is_refused_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder for the show file");
    let path = folder.path().join("bad.toml");
    std::fs::write(&path, "[locks]\ntimeot = \"30s\"\nsettle = 3\n").expect("it is written");
    let path = path.to_str().expect("a plain path");
    let (status, said, errors) = run_to_end(&[path, "--listen", "127.0.0.1:0", "--http", "off"]);
    assert_eq!((status.code(), said.as_str()), (Some(2), ""), "{errors}");
    assert!(errors.contains(&format!("{path}:2:1:")), "{errors}");
    assert!(errors.contains(&format!("{path}:3:10:")), "{errors}");
    let absent = format!("{path}.absent");
    assert_eq!(
        run_to_end(&[&absent, "--listen", "127.0.0.1:0"]).0.code(),
        Some(2)
    );
    assert_eq!(run_to_end(&["--no-such-flag"]).0.code(), Some(2));
}

const BEFORE: &str = "[gateway]\nwatch = \"off\"\n";

#[test]
fn a_reload_keeps_sockets_sessions_values_and_locks() {
    let gate = Program::with_show(BEFORE);
    let (mut anna, mut ben) = (gate.console(), gate.console());
    ben.follow("/k//*");
    anna.write("/f", args![0.5]);
    anna.lock("/f");
    gate.rewrite_show(&format!(
        "{BEFORE}[[address]]\nmatch = \"/meter\"\naccess = \"read-only\"\n"
    ));
    gate.signal("HUP");
    // The new rule is the sign that it has been done.
    let mut tries = 0;
    while anna.call("/meter", args![0.1]).0 != "READ_ONLY" {
        tries += 1;
        assert!(tries < 200_000, "never reloaded");
    }
    let meta = ben.meta("/f");
    assert_eq!(
        (meta.locked, meta.holder, meta.revision),
        (true, anna.name(), 1)
    );
    assert_eq!(meta.values, args![0.5]);
    // No session began anew, and what was followed is followed still.
    anna.write("/k/1", args![0.6]);
    ben.expect_exactly("/k/1", args![0.6]);
    anna.expect_nothing();
    ben.expect_nothing();
}

#[test]
fn a_reload_to_a_faulty_file_changes_nothing_and_is_reported() {
    let gate = Program::with_show(&format!("{BEFORE}[locks]\ntimeout = \"20s\"\n"));
    let (mut anna, mut ben) = (gate.console(), gate.console());
    anna.lock("/f");
    let path = gate.show_path().display().to_string();
    gate.rewrite_show(&format!(
        "{BEFORE}[locks]\ntimeout = \"10s\"\nsettel = \"1s\"\n"
    ));
    gate.signal("HUP");
    gate.errors_with(|said| said.contains(&format!("{path}:5:1:")));
    assert_eq!(ben.meta("/f").holder, anna.name());
    // The timeout is still that of the file before.
    ben.send("/oscgate/lock", args!["/g"]);
    ben.expect_exactly("/oscgate/status/locked", args!["/g", &ben.name(), 20_000]);
    // So it is with an empty file: an editor is writing it.
    let said = gate.errors().len();
    gate.rewrite_show("");
    gate.signal("HUP");
    gate.errors_with(|now| now.len() > said);
    ben.send("/oscgate/lock", args!["/h"]);
    ben.expect_exactly("/oscgate/status/locked", args!["/h", &ben.name(), 20_000]);
    anna.expect_nothing();
}
