//! The program itself: its lines, its exit statuses, its reload.

use std::process::Command;

use crate::console::args;
use crate::program::{Program, run_to_end};

#[test]
fn standard_output_has_a_line_for_each_socket_and_then_ready() {
    let program = Program::start_on(None, &["127.0.0.1:0", "127.0.0.2:0", "[::1]:0"]);
    let want: Vec<String> = program
        .listening
        .iter()
        .map(|address| format!("oscgate: listening on udp {address}"))
        .chain([
            format!("oscgate: listening on http {}", program.http),
            "oscgate: ready".to_owned(),
        ])
        .collect();
    assert_eq!(program.lines, want);
    assert_eq!(program.listening.len(), 3);
    assert!(program.listening.iter().all(|address| address.port() != 0));
}

#[test]
fn a_signal_stops_it_as_asked_and_every_session_is_told() {
    for signal in ["INT", "TERM"] {
        let program = Program::start();
        let mut console = program.console();
        let name = console.name();
        program.signal(signal);
        console.expect_exactly(
            "/oscgate/status/disconnected",
            args![&name, &name, "stopped"],
        );
        let (status, rest) = program.ended();
        assert_eq!(status.code(), Some(0), "after SIG{signal}");
        assert_eq!(rest, [""; 0]);
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let program = Program::start();
    let taken = program.address().to_string();
    let http = program.http.to_string();
    for (arguments, taken) in [
        (["--http", "off", "--listen", &taken], &taken),
        (["--listen", "127.0.0.1:0", "--http", &http], &http),
    ] {
        let (status, output, errors) = run_to_end(&arguments);
        assert_eq!(status.code(), Some(1));
        assert_eq!(output, "");
        assert!(
            errors.contains(taken) && errors.contains("in use"),
            "{errors}"
        );
    }
}

#[test]
fn faults_of_a_file_are_told_with_their_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("show.toml");
    std::fs::write(
        &path,
        "[gateway]\nnam = \"foh\"\n[locks]\ntimeout = \"never\"\n",
    )
    .expect("written");
    let path = path.to_str().expect("plain");
    for command in ["run", "check"] {
        let ended = Command::new(env!("CARGO_BIN_EXE_oscgate"))
            .args([command, path])
            .output()
            .expect("it runs");
        let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(2), "{errors}");
        assert!(errors.contains(&format!("{path}:2:1: ")), "{errors}");
        assert!(
            errors.contains(&format!("{path}:4:")),
            "both in one pass: {errors}"
        );
        assert!(!errors.contains('\u{1b}'), "no colours in a pipe");
        assert_eq!(ended.stdout, b"");
    }
    let (status, _, errors) = run_to_end(&["/no/such/show.toml"]);
    assert_eq!(status.code(), Some(2));
    assert!(errors.contains("/no/such/show.toml"), "{errors}");
    let (status, _, errors) = run_to_end(&["--http", "8900"]);
    assert_eq!(status.code(), Some(2));
    assert!(errors.contains("is no address; write IP:PORT"), "{errors}");
}

#[test]
fn what_init_prints_passes_check_and_runs() {
    let printed = Command::new(env!("CARGO_BIN_EXE_oscgate"))
        .arg("init")
        .output()
        .expect("it runs");
    assert_eq!(printed.status.code(), Some(0));
    let show = String::from_utf8(printed.stdout).expect("UTF-8");
    let program = Program::with_show(&show);
    program.console().write("/f", args![0.5]);
    let checked = Command::new(env!("CARGO_BIN_EXE_oscgate"))
        .arg("check")
        .arg(program.show_path())
        .output()
        .expect("it runs");
    assert_eq!(
        checked.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&checked.stderr)
    );
}

#[test]
fn a_reload_keeps_sockets_sessions_values_and_locks() {
    let program = Program::with_show("[gateway]\nwatch = \"off\"\n");
    let mut holder = program.console();
    let mut other = program.console();
    holder.lock("/f");
    holder.write("/f", args![0.5]);
    other.follow("/k//*");
    program.rewrite_show("[[address]]\nmatch = \"/ro\"\naccess = \"read-only\"\n");
    program.signal("HUP");
    program.errors_with(|text| text.contains("new show is in force"));
    other.send("/ro", args![1]);
    other.expect_denied("/ro", "READ_ONLY", "");
    other.send("/f", args![0.9]);
    other.expect_denied("/f", "LOCK_HELD", &holder.name());
    other.expect_exactly("/f", args![0.5]);
    assert_eq!(other.meta("/f").revision, 1);
    // What was followed is followed still, and no session began anew.
    holder.write("/k/1", args![0.6]);
    other.expect_exactly("/k/1", args![0.6]);
    other.expect_nothing();
    holder.expect_nothing();
}

#[test]
fn a_reload_of_a_faulty_or_empty_file_changes_nothing() {
    // It is the signal that speaks here, not the watch over saved files.
    let show = "[gateway]\nwatch = \"off\"\n[locks]\ntimeout = \"20s\"\n";
    let program = Program::with_show(show);
    let mut console = program.console();
    program.rewrite_show(&show.replace("20s", "5 s"));
    program.signal("HUP");
    program.errors_with(|text| text.contains("show.toml:4:"));
    program.rewrite_show("");
    program.signal("HUP");
    program.errors_with(|text| text.contains("empty"));
    console.send("/oscgate/lock", args!["/f"]);
    let name = console.name();
    console.expect_exactly("/oscgate/status/locked", args!["/f", &name, 20_000]);
}

#[test]
fn a_saved_file_is_reported_or_applied() {
    let program = Program::with_show("[gateway]\nwatch = \"report\"\n");
    program.rewrite_show("[gateway]\nwatch = \"report\"\n[locks]\ntimeout = \"5s\"\n");
    program.errors_with(|text| text.contains("ready to reload"));
    program.rewrite_show("[locks]\ntimout = \"5s\"\n");
    program.errors_with(|text| text.contains("did you mean"));

    let program = Program::with_show("[gateway]\nwatch = \"apply\"\n");
    let mut console = program.console();
    // As editors save: a new file, renamed over the old one.
    let draft = program.show_path().with_extension("tmp");
    std::fs::write(
        &draft,
        "[gateway]\nwatch = \"apply\"\n[locks]\ntimeout = \"5s\"\n",
    )
    .expect("written");
    std::fs::rename(&draft, program.show_path()).expect("renamed");
    program.errors_with(|text| text.contains("new show is in force"));
    console.send("/oscgate/lock", args!["/f"]);
    let name = console.name();
    console.expect_exactly("/oscgate/status/locked", args!["/f", &name, 5_000]);
}
