//! The tools that a technician reaches for, against a running gateway.

use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;

use crate::console::args;
use crate::program::{Program, SOON, lines_of};

/// Runs a tool to its end: exit status, standard output, standard error.
fn tool(program: &Program, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = command(program, arguments).output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn command(program: &Program, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oscgate"));
    command
        .env("OSCGATE", program.address().to_string())
        .args(arguments);
    command.stdin(Stdio::null());
    command
}

/// A tool that runs until it is stopped, and the lines that it prints.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(program: &Program, arguments: &[&str]) -> Self {
        let mut child = command(program, arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let lines = lines_of(child.stdout.take().expect("piped"));
        Self { child, lines }
    }

    fn says(&self, wanted: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(SOON);
            let line = line.unwrap_or_else(|_| panic!("it never said {wanted}"));
            if line.contains(wanted) {
                return line;
            }
        }
    }

    fn interrupted(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let status = Command::new("kill")
            .args(["-INT", &id])
            .status()
            .expect("kill runs");
        assert!(status.success());
        self.child.wait().expect("it is our child").code()
    }

    fn ended(mut self) -> Option<i32> {
        self.child.wait().expect("it is our child").code()
    }
}

#[test]
fn what_was_set_is_got_and_can_be_typed_back() {
    let program = Program::start();
    let values = [
        "3", "0.5", "-7", "true", "hello", "\"3\"", "h:4", "d:0.25", "b:0a0b", "N", "I",
    ];
    let (status, _, errors) = tool(&program, &[&["set", "/a"], &values[..]].concat());
    assert_eq!(status, Some(0), "{errors}");
    let (status, got, _) = tool(&program, &["get", "/a"]);
    assert_eq!(status, Some(0));
    assert_eq!(
        got.trim_end(),
        "3 0.5 -7 true \"hello\" \"3\" h:4 d:0.25 b:0a0b N I"
    );
    let (_, json, _) = tool(&program, &["get", "/a", "--json"]);
    assert!(json.contains(r#""types":"ifiTsshdbNI""#), "{json}");
}

#[test]
fn lock_holds_until_it_is_interrupted_and_others_are_denied_meanwhile() {
    let program = Program::start();
    let lock = Running::start(&program, &["lock", "/f", "0.5", "--name", "alice"]);
    lock.says("locked");
    let (status, output, errors) = tool(&program, &["set", "/f", "0.9", "--name", "bob"]);
    assert_eq!((status, output.as_str()), (Some(3), ""));
    assert!(
        errors.contains("/f is held by alice") && errors.contains("LOCK_HELD"),
        "{errors}"
    );
    let (_, meta, _) = tool(&program, &["meta", "/f", "--json"]);
    assert!(
        meta.contains(r#""holder":"alice""#) && meta.contains(r#""locked":true"#),
        "{meta}"
    );
    assert_eq!(tool(&program, &["unlock", "/f"]).0, Some(3));
    assert_eq!(lock.interrupted(), Some(0));
    assert_eq!(tool(&program, &["set", "/f", "0.9"]).0, Some(0));
    assert_eq!(tool(&program, &["get", "/f"]).1.trim_end(), "0.9");
}

#[test]
fn a_forced_release_ends_the_lock_that_is_held() {
    let program = Program::start();
    let lock = Running::start(&program, &["lock", "/f", "--name", "alice"]);
    lock.says("locked");
    assert_eq!(
        tool(&program, &["take", "/f", "--once"]).0,
        Some(3),
        "no priority, no take"
    );
    assert_eq!(
        tool(&program, &["release", "/f", "--reason", "lunch"]).0,
        Some(0)
    );
    program.errors_with(|text| text.contains("forced") && text.contains("lunch"));
    assert_eq!(lock.ended(), Some(3));
}

#[test]
fn a_lock_taken_once_outlives_its_command() {
    let program = Program::start();
    let (status, _, errors) = tool(&program, &["lock", "/f", "--once", "--name", "alice"]);
    assert_eq!(status, Some(0), "{errors}");
    assert_eq!(tool(&program, &["set", "/f", "1"]).0, Some(3));
}

#[test]
fn watch_prints_updates_and_locks_and_leaves_cleanly() {
    let program = Program::start();
    let mut console = program.console();
    console.write("/before", args![1]);
    let watch = Running::start(&program, &["watch", "//*", "--sync"]);
    watch.says("/before");
    console.write("/f", args![0.5]);
    assert!(watch.says("/f").contains("0.5"));
    console.lock("/f");
    assert!(watch.says("locked").contains(&console.name()));
    assert_eq!(watch.interrupted(), Some(0));
}

#[test]
fn who_does_not_answer_is_named() {
    let program = Program::start();
    let (status, output, _) = tool(&program, &["ping", "--count", "2"]);
    assert_eq!(status, Some(0));
    assert!(output.contains("2 answered"), "{output}");
    assert_eq!(tool(&program, &["get", "/nothing"]).0, Some(3));
    assert_eq!(tool(&program, &["get"]).0, Some(2));
    // A port that was free a moment ago.
    let nobody = std::net::UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let nobody = nobody.expect("a free port").to_string();
    let (status, _, errors) = tool(&program, &["get", "/f", "--gateway", &nobody]);
    assert_eq!(status, Some(4));
    assert!(errors.contains(&nobody), "{errors}");
}
