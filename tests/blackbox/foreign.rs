//! Programs by others: each sets a value, has it echoed, takes a lock, and is denied.

use std::io::{self, Write};
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use crate::console::{Console, args};
use crate::program::{Program, SOON, lines_of};

#[test]
fn liblo_sets_is_echoed_and_is_denied() {
    for program in ["oscsend", "oscdump"] {
        // Its help is no success to oscsend: it is enough that it starts.
        if quiet(Command::new(program).arg("-h")).status().is_err() {
            return skipped(program, "apt-get install liblo-tools");
        }
    }
    // What sends and what hears are two programs of one client.
    let hear = UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.local_addr());
    let hear = hear.expect("a free port").port();
    let gate = Program::with_show(&format!(
        "[[client]]\nname = \"liblo\"\nsource = \"127.0.0.1\"\nreply_port = {hear}\n"
    ));
    let port = gate.address().port().to_string();
    let mut dump = Foreign::start(Command::new("oscdump").args(["-L", &hear.to_string()]));
    dump.wait_until_it_hears(hear);
    let send = |arguments: &[&str]| {
        let status = Command::new("oscsend")
            .args(["127.0.0.1", &port])
            .args(arguments)
            .status();
        assert!(status.expect("it runs").success());
    };
    let mut anna = gate.console_at("127.0.0.9");

    send(&["/lo/f", "f", "0.5"]);
    dump.expect(&["/lo/f", "0.500000"]);
    send(&["/oscgate/lock", "s", "/lo/f"]);
    dump.expect(&["/oscgate/status/locked", "/lo/f", "liblo", "30000"]);
    held(&mut anna, "/lo/held");
    send(&["/lo/held", "f", "0.75"]);
    dump.expect(&[
        "/oscgate/status/denied",
        "/lo/held",
        "LOCK_HELD",
        &anna.name(),
    ]);
    dump.expect(&["/lo/held", "0.250000"]);
    as_it_should(&mut anna, "/lo");
}

#[test]
fn python_osc_sets_is_echoed_and_is_denied() {
    if !runs(Command::new("python3").args(["-c", "import pythonosc.udp_client"])) {
        return skipped("python-osc", "pip install python-osc");
    }
    const SCRIPT: &str = r#"
import sys
from pythonosc.osc_message import OscMessage
from pythonosc.udp_client import SimpleUDPClient

client = SimpleUDPClient("127.0.0.1", int(sys.argv[1]))

def hear(address):
    while True:
        data = client.receive(15)
        if not data:
            sys.exit("never heard " + address)
        message = OscMessage(data)
        if message.address == address:
            print(address, *message.params, flush=True)
            return

client.send_message("/py/f", 0.5)
hear("/py/f")
client.send_message("/oscgate/lock", "/py/f")
hear("/oscgate/status/locked")
client.send_message("/py/held", 0.75)
hear("/oscgate/status/denied")
hear("/py/held")
"#;
    let gate = Program::start();
    let port = gate.address().port().to_string();
    let mut command = Command::new("python3");
    speaks_for_itself(&gate, "/py", command.args(["-c", SCRIPT, &port]));
}

#[test]
fn osc_js_sets_is_echoed_and_is_denied() {
    let node = || {
        let mut node = Command::new("node");
        if let Ok(folder) = std::env::var("OSCGATE_NODE_MODULES") {
            node.env("NODE_PATH", folder);
        }
        node
    };
    if !runs(node().args(["-e", "require('osc')"])) {
        return skipped(
            "the package osc for node",
            "npm install osc, with NODE_PATH set",
        );
    }
    const SCRIPT: &str = r#"
const osc = require("osc");
const port = new osc.UDPPort({
    localAddress: "127.0.0.1", localPort: 0,
    remoteAddress: "127.0.0.1", remotePort: Number(process.argv[1]),
    metadata: true,
});
const string = value => ({ type: "s", value });
const float = value => ({ type: "f", value });
const steps = [
    ["/js/f", () => port.send({ address: "/oscgate/lock", args: [string("/js/f")] })],
    ["/oscgate/status/locked", () => port.send({ address: "/js/held", args: [float(0.75)] })],
    ["/oscgate/status/denied", () => {}],
    ["/js/held", () => port.close()],
];
port.on("ready", () => port.send({ address: "/js/f", args: [float(0.5)] }));
port.on("message", message => {
    if (steps.length && message.address === steps[0][0]) {
        console.log(message.address, ...message.args.map(argument => argument.value));
        steps.shift()[1]();
    }
});
port.on("error", error => { console.error(error); process.exit(1); });
port.open();
"#;
    let gate = Program::start();
    let port = gate.address().port().to_string();
    speaks_for_itself(&gate, "/js", node().args(["-e", SCRIPT, &port]));
}

/// Plays a script that writes below `root`, and compares what it heard.
fn speaks_for_itself(gate: &Program, root: &str, command: &mut Command) {
    let mut anna = gate.console();
    held(&mut anna, &format!("{root}/held"));
    let mut script = Foreign::start(command);
    script.expect(&[&format!("{root}/f"), "0.5"]);
    script.expect(&["/oscgate/status/locked", &format!("{root}/f"), "30000"]);
    let denied = format!("{root}/held");
    script.expect(&["/oscgate/status/denied", &denied, "LOCK_HELD", &anna.name()]);
    script.expect(&[&denied, "0.25"]);
    as_it_should(&mut anna, root);
}

/// Locks an address with a value that the foreign client is not to change.
fn held(anna: &mut Console, address: &str) {
    anna.write(address, args![0.25]);
    anna.lock(address);
}

/// After all that the foreign one holds its own, and has not changed what is held.
fn as_it_should(anna: &mut Console, root: &str) {
    let meta = anna.meta(&format!("{root}/held"));
    assert_eq!(
        (meta.holder, meta.values),
        (anna.name(), args![0.25].to_vec())
    );
    let meta = anna.meta(&format!("{root}/f"));
    assert!(meta.locked && meta.holder == meta.writer, "{meta:?}");
    assert_eq!(meta.values, args![0.5]);
}

/// A foreign program whose lines are read.
struct Foreign {
    child: Child,
    lines: Receiver<String>,
}

impl Foreign {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it ran a moment ago");
        let lines = lines_of(child.stdout.take().expect("its standard output is piped"));
        Self { child, lines }
    }

    /// Knocks until it prints that it heard the knocking.
    fn wait_until_it_hears(&mut self, port: u16) {
        let knock = oscgate::osc::encode_message("/knock", args![]).expect("it fits");
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let deadline = Instant::now() + SOON;
        while Instant::now() < deadline {
            drop(socket.send_to(&knock, ("127.0.0.1", port)));
            if self.lines.recv_timeout(Duration::from_millis(100)).is_ok() {
                return;
            }
        }
        panic!("it never hears");
    }

    /// Waits for a line in which all these words stand, in this order.
    fn expect(&mut self, words: &[&str]) {
        let deadline = Instant::now() + SOON;
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no line with {words:?}, only {seen:?}");
            };
            let mut rest = line.as_str();
            let all = words.iter().all(|word| match rest.split_once(word) {
                Some((_, after)) => {
                    rest = after;
                    true
                }
                None => false,
            });
            if all {
                return;
            }
            seen.push(line);
        }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Whether a program is there and says that all is well.
fn runs(command: &mut Command) -> bool {
    quiet(command).status().is_ok_and(|status| status.success())
}

fn quiet(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}

/// A test that cannot run passes and says so, except where everything is to be installed.
fn skipped(program: &str, cure: &str) {
    let line = format!("skipped: {program} is not installed ({cure})");
    assert!(std::env::var_os("CI").is_none(), "{line}");
    // Past the test harness, which keeps what a passing test prints to itself.
    drop(writeln!(io::stderr(), "{line}"));
}
