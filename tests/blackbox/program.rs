//! The program under test: started, read, reloaded, stopped, and killed when a test lets go of it.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::console::Console;
use crate::wire::Wire;

/// How long an event may take that is due at once, on a machine that others use too.
pub(crate) const SOON: Duration = Duration::from_secs(15);

/// A running gateway.
pub(crate) struct Program {
    child: Child,
    /// The UDP addresses of its lines, in order.
    pub(crate) listening: Vec<SocketAddr>,
    /// The HTTP address of its line.
    pub(crate) http: SocketAddr,
    /// What it said on standard output until it was ready.
    pub(crate) lines: Vec<String>,
    output: Receiver<String>,
    errors: Arc<Lines>,
    folder: tempfile::TempDir,
}

/// What was said on standard error so far.
#[derive(Default)]
struct Lines {
    text: Mutex<String>,
    grown: Condvar,
}

impl Program {
    /// Without a show file, on a free port of 127.0.0.1.
    pub(crate) fn start() -> Self {
        Self::start_on(None, &["127.0.0.1:0"])
    }

    /// With a show file, on a free port of 127.0.0.1.
    pub(crate) fn with_show(show: &str) -> Self {
        Self::start_on(Some(show), &["127.0.0.1:0"])
    }

    /// With a show file and the files beside it that it names, on a free port of 127.0.0.1.
    pub(crate) fn with_files(show: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the show file");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("the file is written");
        }
        Self::start_in(folder, Some(show), &["127.0.0.1:0"])
    }

    /// With or without a show file, on the addresses given.
    pub(crate) fn start_on(show: Option<&str>, listen: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the show file");
        Self::start_in(folder, show, listen)
    }

    fn start_in(folder: tempfile::TempDir, show: Option<&str>, listen: &[&str]) -> Self {
        let mut command = command("run");
        if let Some(show) = show {
            let path = folder.path().join("show.toml");
            std::fs::write(&path, show).expect("the show file is written");
            command.arg(path);
        }
        for address in listen {
            command.args(["--listen", address]);
        }
        command.args(["--http", "127.0.0.1:0"]);
        let mut child = command.spawn().expect("the program starts");
        let output = lines_of(child.stdout.take().expect("its standard output is piped"));
        let errors = drain(child.stderr.take().expect("its standard error is piped"));
        let mut program = Self {
            child,
            listening: Vec::new(),
            http: ([0, 0, 0, 0], 0).into(),
            lines: Vec::new(),
            output,
            errors,
            folder,
        };
        program.wait_until_ready();
        program
    }

    fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + SOON;
        while self
            .lines
            .last()
            .is_none_or(|line| line != "oscgate: ready")
        {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.output.recv_timeout(left) else {
                panic!(
                    "never ready; it said {:?} and {}",
                    self.lines,
                    self.errors()
                );
            };
            if let Some(address) = line.strip_prefix("oscgate: listening on udp ") {
                self.listening
                    .push(address.parse().expect("an address and port"));
            }
            if let Some(address) = line.strip_prefix("oscgate: listening on http ") {
                self.http = address.parse().expect("an address and port");
            }
            self.lines.push(line);
        }
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.listening[0]
    }

    /// A console on 127.0.0.1 that has said nothing yet.
    pub(crate) fn stranger(&self) -> Console {
        self.stranger_at("127.0.0.1")
    }

    /// A console on an IP of its own choice that has said nothing yet.
    pub(crate) fn stranger_at(&self, ip: &str) -> Console {
        if websockets() {
            return self.browser_at(ip);
        }
        Console::open(&format!("{ip}:0"), self.address())
    }

    /// A console that speaks over a WebSocket, and has said nothing yet.
    pub(crate) fn browser(&self) -> Console {
        self.browser_at("127.0.0.1")
    }

    fn browser_at(&self, ip: &str) -> Console {
        let local = format!("{ip}:0").parse().expect("an IP");
        Console::over(Wire::websocket(local, self.http))
    }

    /// A console on 127.0.0.1 whose session has begun.
    pub(crate) fn console(&self) -> Console {
        let mut console = self.stranger();
        console.greet();
        console
    }

    /// A console on an IP of its own choice whose session has begun.
    pub(crate) fn console_at(&self, ip: &str) -> Console {
        let mut console = self.stranger_at(ip);
        console.greet();
        console
    }

    /// The path of its show file.
    pub(crate) fn show_path(&self) -> PathBuf {
        self.folder.path().join("show.toml")
    }

    /// Writes another show file over the one it was started with.
    pub(crate) fn rewrite_show(&self, show: &str) {
        std::fs::write(self.show_path(), show).expect("the show file is written");
    }

    /// Writes another file beside its show file.
    pub(crate) fn rewrite_beside(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("the file is written");
    }

    /// Makes it stand still until the signal `CONT`. All its threads do when this returns: the
    /// signal alone stops them one after the other.
    pub(crate) fn stand_still(&self) {
        self.signal("STOP");
        let tasks = format!("/proc/{}/task", self.child.id());
        let stopped = |task: &Path| {
            let stat = std::fs::read_to_string(task.join("stat")).expect("a thread has a state");
            // The name before it stands in brackets.
            stat.rsplit(')')
                .next()
                .is_some_and(|rest| rest.starts_with(" T"))
        };
        let deadline = Instant::now() + SOON;
        while Instant::now() < deadline {
            let tasks = std::fs::read_dir(&tasks).expect("Linux lists threads");
            if tasks.flatten().all(|task| stopped(&task.path())) {
                return;
            }
            std::thread::yield_now();
        }
        panic!("it does not stop");
    }

    /// Sends it a signal: `HUP`, `INT`, `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(status.success(), "kill -{name} failed");
    }

    /// Waits until it has ended, and answers how, with what else it said on standard output.
    pub(crate) fn ended(mut self) -> (ExitStatus, Vec<String>) {
        let deadline = Instant::now() + SOON;
        let mut rest = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(line) => rest.push(line),
                Err(_) if Instant::now() >= deadline => panic!("still running: {}", self.errors()),
                // Its standard output is closed: it has ended, or is about to.
                Err(_) => break,
            }
        }
        (self.child.wait().expect("it is our child"), rest)
    }

    /// What it said on standard error so far.
    pub(crate) fn errors(&self) -> String {
        self.errors.text.lock().expect("no reader panics").clone()
    }

    /// Waits until something is said on standard error, and answers all of it.
    pub(crate) fn errors_with(&self, wanted: impl Fn(&str) -> bool) -> String {
        let text = self.errors.text.lock().expect("no reader panics");
        let (text, _) = self
            .errors
            .grown
            .wait_timeout_while(text, SOON, |text| !wanted(text))
            .expect("no reader panics");
        // Not held while the assertion fails: whoever says goodbye reads it once more.
        let said = text.clone();
        drop(text);
        assert!(
            wanted(&said),
            "not said on standard error, which is:\n{said}"
        );
        said
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if thread::panicking() {
            eprintln!("--- the gateway said:\n{}---", self.errors());
        }
    }
}

/// Whether these tests are played on the portable loop.
pub(crate) fn portable() -> bool {
    std::env::var("OSCGATE_TEST_SOCKETS").is_ok_and(|sockets| sockets == "portable")
}

/// Whether the consoles of these tests speak over WebSockets.
pub(crate) fn websockets() -> bool {
    std::env::var("OSCGATE_TEST_CARRIER").is_ok_and(|carrier| carrier == "websocket")
}

/// The program with one subcommand, its outputs piped, in the loop that the environment asks for.
fn command(subcommand: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oscgate"));
    command.arg(subcommand);
    if portable() {
        command.args(["--sockets", "portable"]);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the program until it ends by itself.
pub(crate) fn run_to_end(arguments: &[&str]) -> (ExitStatus, String, String) {
    let mut child = command("run")
        .args(arguments)
        .spawn()
        .expect("the program starts");
    let output = lines_of(child.stdout.take().expect("its standard output is piped"));
    let errors = drain(child.stderr.take().expect("its standard error is piped"));
    let deadline = Instant::now() + SOON;
    let mut said = String::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match output.recv_timeout(left) {
            Ok(line) => said += &(line + "\n"),
            Err(_) => break,
        }
    }
    if Instant::now() >= deadline {
        drop(child.kill());
    }
    let status = child.wait().expect("it is our child");
    let text = errors.text.lock().expect("no reader panics");
    // Its last words may still be on their way through the pipe; an ended program says one at least.
    let (text, _) = errors
        .grown
        .wait_timeout_while(text, SOON, |text| text.is_empty())
        .expect("no reader panics");
    (status, said, text.clone())
}

/// The lines of a stream, read by a thread of their own.
pub(crate) fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (lines, received) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                break;
            }
        }
    });
    received
}

/// Keeps what a stream says, read by a thread of its own, so that no one waits for a full pipe.
fn drain(stream: impl Read + Send + 'static) -> Arc<Lines> {
    let lines = Arc::new(Lines::default());
    let kept = Arc::clone(&lines);
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream
            .read_until(b'\n', &mut line)
            .is_ok_and(|count| count > 0)
        {
            kept.text
                .lock()
                .expect("no reader panics")
                .push_str(&String::from_utf8_lossy(&line));
            kept.grown.notify_all();
            line.clear();
        }
    });
    lines
}
