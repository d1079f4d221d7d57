//! Clients that other people wrote: liblo's tools, python-osc, the npm package `osc`.
//!
//! A program that is not installed is named and left out, except where `CI` is set: there it is a
//! failure.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use crate::console::args;
use crate::installed::{Guarded, is_there, on_path, output};
use crate::program::{Program, SOON, lines_of};

/// Says that a foreign program is not there; a failure where it must be.
fn left_out(what: &str, cure: &str) {
    let text = format!("skipped: {what} is not installed ({cure})");
    assert!(std::env::var_os("CI").is_none(), "{text}");
    // Past the test harness, which keeps what a passing test prints to itself.
    drop(writeln!(io::stderr(), "{text}"));
}

#[test]
fn oscsend_writes_and_oscdump_follows() {
    if !on_path("oscsend") || !on_path("oscdump") {
        return left_out("oscsend or oscdump", "apt-get install liblo-tools");
    }
    // A port that was free a moment ago; oscdump cannot choose one itself and say which.
    let port = std::net::UdpSocket::bind("127.0.0.1:0")
        .and_then(|socket| socket.local_addr())
        .expect("a free port")
        .port();
    let program = Program::with_show(&format!(
        "[[client]]\nname = \"dump\"\nsource = \"127.0.0.1:{port}\"\n\
         follow = [\"//*\", \"/oscgate/status/denied\"]\n"
    ));
    let mut dump = Command::new("oscdump")
        .args(["-L", &port.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it is installed");
    let lines = lines_of(dump.stdout.take().expect("piped"));
    let _dump = Guarded(dump);
    let send = |what: &[&str]| {
        let to = format!("osc.udp://{}", program.address());
        output(Command::new("oscsend").arg(to).args(what));
    };
    let expect = |wanted: &str| {
        let deadline = std::time::Instant::now() + SOON;
        loop {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            let line = lines
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("never saw {wanted}"));
            if line.contains(wanted) {
                return;
            }
        }
    };
    // Until oscdump listens nobody is harmed: it is only a follower that misses something.
    let mut console = program.console();
    let ready = std::time::Instant::now() + SOON;
    loop {
        console.write("/ready", args![1]);
        if lines
            .recv_timeout(std::time::Duration::from_millis(100))
            .is_ok()
        {
            break;
        }
        assert!(std::time::Instant::now() < ready, "oscdump never listens");
    }
    send(&["/mixer/fader/1", "f", "0.5"]);
    expect("/mixer/fader/1 f 0.5");
    send(&["/mixed", "ifsTFNI", "7", "0.25", "text"]);
    expect("/mixed ifsTFNI 7 0.25");
    console.lock("/mixer/fader/1");
    send(&["/mixer/fader/1", "f", "0.9"]);
    expect("\"LOCK_HELD\"");
    assert_eq!(console.meta("/mixer/fader/1").revision, 1);
}

const PYTHON: &str = r#"
import sys
from pythonosc.udp_client import SimpleUDPClient
client = SimpleUDPClient("127.0.0.1", int(sys.argv[1]))
def said(wanted):
    for message in client.get_messages(15):
        if message.address == wanted:
            return message.params
    raise SystemExit("never heard " + wanted)
client.send_message("/oscgate/hello", "python")
print("name", said("/oscgate/status/connected")[0])
client.send_message("/free", [0.5, 7, "text", True])
print("echo", said("/free"))
client.send_message("/held", 0.75)
print("denied", said("/oscgate/status/denied")[:3])
print("back", said("/held"))
client.send_message("/oscgate/lock", ["/mine", 0.25])
print("locked", said("/oscgate/status/locked"))
client.send_message("/oscgate/call", [1, "/oscgate/meta", "/mine"])
print("meta", said("/oscgate/reply")[:5])
"#;

#[test]
fn python_osc_writes_locks_and_is_denied() {
    if !is_there(Command::new("python3").args(["-c", "import pythonosc"])) {
        return left_out("python-osc", "pip install python-osc");
    }
    let program = Program::start();
    let mut holder = program.console();
    holder.lock("/held");
    holder.write("/held", args![0.5]);
    let port = program.address().port().to_string();
    let said = output(Command::new("python3").args(["-c", PYTHON, &port]));
    let name = holder.name();
    let want = format!(
        "name python\necho [0.5, 7, 'text', True]\n\
         denied ['/held', 'LOCK_HELD', '{name}']\nback [0.5]\n\
         locked ['/mine', 'python', 30000]\nmeta [1, 'OK', '/mine', True, 'python']\n"
    );
    // One value comes alone, several as a list: that is this library's way.
    assert_eq!(said.replace("back 0.5", "back [0.5]"), want);
    let mine = holder.meta("/mine");
    assert_eq!((mine.locked, mine.holder.as_str()), (true, "python"));
}

const NODE: &str = r#"
const osc = require("osc");
const port = new osc.UDPPort({
  localAddress: "127.0.0.1", localPort: 0,
  remoteAddress: "127.0.0.1", remotePort: Number(process.argv[1]), metadata: true,
});
const heard = [];
let wake = () => {};
port.on("message", (message) => { heard.push(message); wake(); });
port.on("error", (error) => { console.error(error); process.exit(1); });
const said = async (wanted) => {
  for (;;) {
    const at = heard.findIndex((message) => message.address === wanted);
    if (at >= 0) return heard.splice(at, 1)[0].args.map((argument) => argument.value);
    await new Promise((resolve) => { wake = resolve; });
  }
};
const f = (value) => ({ type: "f", value });
const s = (value) => ({ type: "s", value });
port.on("ready", async () => {
  port.send({ address: "/oscgate/hello", args: [s("node")] });
  console.log("name", (await said("/oscgate/status/connected"))[0]);
  port.send({ address: "/free", args: [f(0.5), { type: "i", value: 7 }, s("text")] });
  console.log("echo", JSON.stringify(await said("/free")));
  port.send({ address: "/held", args: [f(0.75)] });
  console.log("denied", JSON.stringify((await said("/oscgate/status/denied")).slice(0, 3)));
  console.log("back", JSON.stringify(await said("/held")));
  port.send({ address: "/oscgate/lock", args: [s("/mine"), f(0.25)] });
  console.log("locked", JSON.stringify(await said("/oscgate/status/locked")));
  port.close();
  process.exit(0);
});
setTimeout(() => { console.error("too slow"); process.exit(1); }, 15000);
port.open();
"#;

#[test]
fn the_npm_package_osc_writes_locks_and_is_denied() {
    let node = || {
        let mut command = Command::new("node");
        if let Some(modules) = std::env::var_os("OSCGATE_NODE_MODULES") {
            command.env("NODE_PATH", modules);
        }
        command
    };
    if !is_there(node().args(["-e", "require('osc')"])) {
        return left_out(
            "the npm package osc",
            "npm install osc, and NODE_PATH set to its folder",
        );
    }
    let program = Program::start();
    let mut holder = program.console();
    holder.lock("/held");
    holder.write("/held", args![0.5]);
    let port = program.address().port().to_string();
    let said = output(node().args(["-e", NODE, &port]));
    let name = holder.name();
    assert_eq!(
        said,
        format!(
            "name node\necho [0.5,7,\"text\"]\ndenied [\"/held\",\"LOCK_HELD\",\"{name}\"]\n\
             back [0.5]\nlocked [\"/mine\",\"node\",30000]\n"
        )
    );
    let mine = holder.meta("/mine");
    assert_eq!((mine.locked, mine.holder.as_str()), (true, "node"));
}
