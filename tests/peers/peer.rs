//! A foreign program while it runs: what it says, what it is told, and that it ends with its test.

use std::io::{self, Write};
use std::net::{TcpListener, UdpSocket};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::program::{SOON, lines_of};

/// Stands before every show: who watches is there for as long as foreign programs take.
pub(crate) const PATIENT: &str = "[sessions]\nsilence_timeout = \"120s\"\n";

/// Says that a peer is not there; a failure where it must be.
pub(crate) fn left_out(name: &str) {
    let text = format!("peer {name}: not installed, left out");
    assert!(std::env::var("CI").is_err(), "{text}");
    say(&text);
}

/// Says that a peer played its part to the end.
pub(crate) fn ran(name: &str) {
    say(&format!("peer {name}: ran"));
}

/// Past the test harness, which keeps what a passing test prints to itself.
fn say(text: &str) {
    drop(writeln!(io::stdout(), "{text}"));
}

/// A UDP port that was free a moment ago, for programs that cannot choose one and say which.
pub(crate) fn free_udp_port() -> u16 {
    let socket = UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.local_addr());
    socket.expect("a free port").port()
}

/// The same for TCP.
pub(crate) fn free_tcp_port() -> u16 {
    let listener = TcpListener::bind("0.0.0.0:0").and_then(|listener| listener.local_addr());
    listener.expect("a free port").port()
}

/// A command whose standard error goes where its standard output does.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" \"$@\" 2>&1", program]);
    command.args(arguments);
    command
}

/// A running foreign program.
pub(crate) struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    /// What it said so far, to be told if the test fails.
    said: Vec<String>,
}

impl Peer {
    /// Starts one, with a line to its standard input.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it is installed");
        let lines = lines_of(child.stdout.take().expect("piped"));
        Self {
            input: child.stdin.take(),
            child,
            lines,
            said: Vec::new(),
        }
    }

    /// Gives it a line.
    pub(crate) fn tell(&mut self, line: &str) {
        let input = self.input.as_mut().expect("it is open");
        writeln!(input, "{line}").expect("it listens");
    }

    /// Reads until it says such a line; what came before it goes by.
    pub(crate) fn says(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + SOON;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("never said {what}");
            };
            self.said.push(line.clone());
            if wanted(&line) {
                return line;
            }
        }
    }

    /// Reads until it says this line.
    pub(crate) fn says_line(&mut self, line: &str) {
        self.says(line, |said| said == line);
    }

    /// What it has said by now that was not read.
    pub(crate) fn said_meanwhile(&mut self) -> Vec<String> {
        let lines: Vec<String> = self.lines.try_iter().collect();
        self.said.extend_from_slice(&lines);
        lines
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(mut self) {
        drop(self.input.take());
        let deadline = Instant::now() + SOON;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.said.push(line),
                Err(RecvTimeoutError::Timeout) => panic!("it does not end"),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let status = self.child.wait().expect("it is our child");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            self.said_meanwhile();
            eprintln!("--- the peer said:\n{}\n---", self.said.join("\n"));
        }
    }
}

/// Asks again and again until the answer is there.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "never {what}");
        // The pace of the questions; each is an event of its own.
        std::thread::sleep(Duration::from_millis(20));
    }
}
