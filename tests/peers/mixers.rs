//! Programs that are made for an X32 and an X AIR, unchanged: the gateway is their console, and a
//! tablet moves the same faders.

use std::process::{Command, Stdio};

use crate::console::{Console, args};
use crate::installed::{is_there, on_path};
use crate::peer::{PATIENT, Peer, command, left_out, ran, until};
use crate::program::Program;
use crate::tablet::{Ports, Tablet};

/// A console in whose place the gateway stands.
#[derive(Clone, Copy)]
struct Model {
    name: &'static str,
    mapping: &'static str,
    /// Its programs cannot be told another.
    port: u16,
    firmware: &'static str,
}

const X32: Model = Model {
    name: "X32",
    mapping: "x32",
    port: 10_023,
    firmware: "4.06",
};

const XR18: Model = Model {
    name: "XR18",
    mapping: "xair",
    port: 10_024,
    firmware: "1.18",
};

/// A gateway in place of a console, a tablet beside it, and somebody who watches.
struct Stage {
    _program: Program,
    model: Model,
    ip: String,
    tablet: Tablet,
    watcher: Console,
}

impl Stage {
    /// An IP that no other test has, nor any run of them: its port is always the same.
    fn set(model: Model, number: u8, tablet: &'static str) -> Self {
        let [.., high, low] = std::process::id().to_be_bytes();
        let ip = format!("127.{}.{low}.{number}", high | 1);
        let ports = Ports::free_on(&[tablet]);
        let show = format!(
            "{PATIENT}[[client]]\nname = \"app\"\nsource = \"127.0.0.1\"\nmapping = \"{}\"\n\
             [[client]]\nname = \"tablet\"\nsource = \"{tablet}\"\nreply_port = {}\n\
             mapping = \"touchosc-mk1\"\nfollow = [\"/mixer//*\"]\n",
            model.mapping, ports.hears
        );
        let program = Program::start_on(Some(&show), &[&format!("{ip}:{}", model.port)]);
        let tablet = Tablet::switched_on(tablet, ports, program.address());
        let mut watcher = program.console_at("127.0.0.22");
        watcher.follow("/mixer//*");
        watcher.follow("/oscgate/status/{denied,locked,unlocked}");
        Self {
            _program: program,
            model,
            ip,
            tablet,
            watcher,
        }
    }

    /// A finger of the tablet comes to a fader, or goes.
    fn finger(&mut self, down: bool) {
        self.tablet
            .moves("/1/fader1/z", if down { 1.0 } else { 0.0 });
        let status = if down { "locked" } else { "unlocked" };
        let told = self.watcher.expect(&format!("/oscgate/status/{status}"));
        assert_eq!(told[..2], *args!["/mixer/fader/1", "tablet"]);
    }

    /// What the program has locked is not the tablet's.
    fn tablet_is_denied(&mut self, value: f32) {
        self.tablet.sees_text("/1/label1", "app");
        self.tablet.moves("/1/fader1", 0.125);
        self.tablet.sees_text("/1/label1", "app");
        self.tablet.sees_value("/1/fader1", value);
        self.watcher
            .expect_denied("/mixer/fader/1", "LOCK_HELD", "app");
    }
}

/// Runs `xair` and answers what it says. It asks before it sets, waits for 20 ms, and fails if the
/// answer is later: then it is run again, as a person would.
fn xair(stage: &Stage, arguments: &[&str]) -> String {
    until("answered in time", || {
        let ended = Command::new("xair")
            .args(["--ip", &stage.ip, "--model", stage.model.name, "--json"])
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .expect("it is installed");
        let said = String::from_utf8(ended.stdout).expect("UTF-8");
        ended
            .status
            .success()
            .then(|| said.split_whitespace().collect())
    })
}

#[test]
fn xair_and_a_tablet_move_one_fader_of_an_x32() {
    xair_and_a_tablet_move_one_fader("xair", X32, 1, "127.0.0.23");
}

#[test]
fn xair_and_a_tablet_move_one_fader_of_an_xr18() {
    xair_and_a_tablet_move_one_fader("xair-xr18", XR18, 2, "127.0.0.24");
}

fn xair_and_a_tablet_move_one_fader(peer: &str, model: Model, number: u8, tablet: &'static str) {
    if !on_path("xair") {
        return left_out(peer);
    }
    let mut stage = Stage::set(model, number, tablet);
    // It asks before it sets, and is answered though nobody has moved the fader yet.
    let off = r#"{"fader":-90.0,"unit":"dB"}"#;
    assert_eq!(xair(&stage, &["ch", "1", "fader"]), off);
    // Both ways; -6 dB is 0.6, 0.5 is -10 dB.
    xair(&stage, &["ch", "1", "fader", "-6"]);
    stage.tablet.sees_value("/1/fader1", 0.6);
    stage.tablet.moves("/1/fader1", 0.5);
    stage.watcher.until("/mixer/fader/1", args![0.5]);
    let ten = r#"{"fader":-10.0,"unit":"dB"}"#;
    assert_eq!(xair(&stage, &["ch", "1", "fader"]), ten);
    xair(&stage, &["ch", "1", "mute", "on"]);
    stage.tablet.sees_value("/1/toggle1", 1.0);
    stage.tablet.moves("/1/toggle1", 0.0);
    stage.watcher.until("/mixer/mute/1", args![0]);
    assert_eq!(xair(&stage, &["ch", "1", "mute"]), r#"{"mute":false}"#);

    // What is under the tablet's finger is not the program's.
    stage.finger(true);
    xair(&stage, &["ch", "1", "fader", "-20"]);
    stage
        .watcher
        .expect_denied("/mixer/fader/1", "LOCK_HELD", "tablet");
    assert_eq!(xair(&stage, &["ch", "1", "fader"]), ten);
    stage.finger(false);
    xair(&stage, &["ch", "1", "fader", "-20"]);
    stage.tablet.sees_value("/1/fader1", 0.375);

    // It locks in the gateway's own words, which pass through its dialect.
    xair(&stage, &["raw", "/oscgate/lock", "/mixer/fader/1"]);
    stage.tablet_is_denied(0.375);
    xair(&stage, &["raw", "/oscgate/unlock", "/mixer/fader/1"]);
    stage.tablet.sees_text("/1/label1", "");
    stage.tablet.moves("/1/fader1", 0.5);
    stage.watcher.until("/mixer/fader/1", args![0.5]);
    assert_eq!(xair(&stage, &["ch", "1", "fader"]), ten);
    ran(peer);
}

#[test]
fn behringer_mixer_and_a_tablet_move_one_fader_of_an_x32() {
    behringer_mixer_and_a_tablet_move_one_fader("behringer-mixer", X32, 3, "127.0.0.25");
}

#[test]
fn behringer_mixer_and_a_tablet_move_one_fader_of_an_xr18() {
    behringer_mixer_and_a_tablet_move_one_fader("behringer-mixer-xr18", XR18, 4, "127.0.0.26");
}

fn behringer_mixer_and_a_tablet_move_one_fader(
    peer: &str,
    model: Model,
    number: u8,
    tablet: &'static str,
) {
    if !is_there(Command::new("python3").args(["-c", "import behringer_mixer"])) {
        return left_out(peer);
    }
    let mut stage = Stage::set(model, number, tablet);
    // What is there when it comes.
    stage.tablet.moves("/1/fader3", 0.75);
    stage.watcher.until("/mixer/fader/3", args![0.75]);
    let script = include_str!("behringer.py");
    let mut app = Peer::start(&mut command(
        "python3",
        &["-c", script, model.name, &stage.ip],
    ));
    app.says_line("started True");
    // It asks for each address: of an X32 1,773.
    app.says_line(&format!("loaded oscgate {}", model.firmware));
    app.tell("state /ch/3/mix_fader");
    let said = app.says("its state", |said| said.starts_with("state "));
    assert!(said.starts_with("state /ch/3/mix_fader 0.749"), "{said}");

    // Both ways. By the first it follows, since it said so before.
    app.tell("set /ch/1/mix_fader 0.5");
    stage.tablet.sees_value("/1/fader1", 0.5);
    stage.tablet.moves("/1/fader1", 0.25);
    app.says("0.25", |said| {
        said.starts_with("heard /ch/1/mix_fader 0.250")
    });
    stage.tablet.moves("/1/toggle2", 1.0);
    app.says_line("heard /ch/2/mix_on False");

    // What is under the tablet's finger is not the program's: it is put back.
    stage.finger(true);
    app.tell("set /ch/1/mix_fader 0.9");
    stage
        .watcher
        .expect_denied("/mixer/fader/1", "LOCK_HELD", "tablet");
    app.says("0.25", |said| {
        said.starts_with("heard /ch/1/mix_fader 0.250")
    });
    app.tell("state /ch/1/mix_fader");
    let said = app.says("its state", |said| said.starts_with("state "));
    assert!(said.starts_with("state /ch/1/mix_fader 0.250"), "{said}");
    stage.finger(false);

    app.tell("say /oscgate/lock /mixer/fader/1");
    stage.tablet_is_denied(0.25);
    app.tell("say /oscgate/unlock /mixer/fader/1");
    stage.tablet.sees_text("/1/label1", "");
    stage.tablet.moves("/1/fader1", 0.75);
    app.says("0.75", |said| {
        said.starts_with("heard /ch/1/mix_fader 0.749")
    });
    app.ended();
    ran(peer);
}
