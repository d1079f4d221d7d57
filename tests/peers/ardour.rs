//! Ardour without a screen and without a sound card: its Lua shell holds the session, and is the
//! hand in it.

use std::net::UdpSocket;
use std::path::Path;

use oscgate::osc::Argument;

use crate::console::{Console, args};
use crate::installed::{on_path, output};
use crate::peer::{PATIENT, Peer, command, left_out, ran, until};
use crate::program::Program;

/// It listens there, and sends from there; nothing else can be set.
const PORT: u16 = 3819;

/// How a session says that nobody uses OSC.
const OFF: &str = r#"name="Open Sound Control (OSC)" active="0"/>"#;

/// What mappings/ardour.toml asks for in the preferences: answers to the port that asked, no bank,
/// strip types 31, feedback 27, positions.
const ON: &str = r#"name="Open Sound Control (OSC)" active="1" debugmode="0" address-only="0" remote-port="8000" banksize="0" striptypes="31" feedback="27" gainmode="3" send-page-size="0" plug-page-size="0"/>"#;

fn shell(home: &Path, name: &str, script: &str) -> std::process::Command {
    let path = home.join(name);
    std::fs::write(&path, script).expect("written");
    let mut shell = command("ardour7-lua", &[path.to_str().expect("plain")]);
    shell.env("HOME", home).env("SESSION", home.join("session"));
    shell
}

/// Ardour, and a hand in it. It is not asked to quit: when a surface is there, 7.3 now and then
/// crashes over that.
struct Ardour {
    peer: Peer,
    _home: tempfile::TempDir,
}

impl Ardour {
    fn start() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let making = include_str!("ardour-make.lua");
        output(&mut shell(home.path(), "make.lua", making));
        let session = home.path().join("session/peer.ardour");
        let text = std::fs::read_to_string(&session).expect("it was made");
        assert!(text.contains(OFF), "OSC is switched elsewhere: {text}");
        std::fs::write(&session, text.replace(OFF, ON)).expect("written");
        // It takes another port if this one is not free.
        until("free: port 3819", || {
            UdpSocket::bind(("0.0.0.0", PORT)).ok()
        });
        let hand = include_str!("ardour-hand.lua");
        let mut peer = Peer::start(&mut shell(home.path(), "hand.lua", hand));
        peer.says_line("READY");
        Self { peer, _home: home }
    }

    /// What a track is at: decibels, and 1 if it is mute.
    fn stands(&mut self, track: &str) -> String {
        self.peer.tell(&format!("get {track}"));
        let answer = format!("VALUE {track} ");
        let said = self.peer.says("a value", |said| said.starts_with(&answer));
        said[answer.len()..].to_owned()
    }

    /// Waits until a track is there.
    fn comes_to(&mut self, track: &str, place: &str) {
        until(place, || (self.stands(track) == place).then_some(()));
    }
}

/// Reads until a fader is at a place.
fn hears(console: &mut Console, address: &str, place: f32) {
    loop {
        let heard = console.expect(address);
        let [Argument::Float(heard)] = heard[..] else {
            panic!("{address} {heard:?}");
        };
        if (heard - place).abs() < 0.0005 {
            return;
        }
    }
}

/// Faders of the gateway at 0, -10, -15 and -20 dB.
const ZERO: f32 = 0.75;
const MINUS_10: f32 = 0.5;
const MINUS_15: f32 = 0.4375;
const MINUS_20: f32 = 0.375;

#[test]
fn ardour_moves_and_is_moved_and_put_back() {
    if !on_path("ardour7-lua") {
        return left_out("ardour");
    }
    let mut ardour = Ardour::start();
    let program = Program::with_show(&format!(
        "{PATIENT}[[client]]\nname = \"ardour\"\nsource = \"127.0.0.1:{PORT}\"\nreply_port = {PORT}\n\
         mapping = \"ardour\"\nfollow = [\"/mixer//*\", \"/transport//*\"]\n"
    ));
    let mut console = program.console();
    console.follow("/mixer//*");
    console.follow("/oscgate/status/{denied,locked}");
    // It answers whoever has spoken to it, with all that it has.
    console.write("/transport/stop", args![]);
    for (strip, name) in ["One", "Two", "Three"].into_iter().enumerate() {
        let strip = strip + 1;
        console.expect_exactly(&format!("/mixer/name/{strip}"), args![name]);
        hears(&mut console, &format!("/mixer/fader/{strip}"), ZERO);
    }
    // The master is the last of it.
    hears(&mut console, "/mixer/main/fader", ZERO);
    console.settled();

    // Both ways, and what it says back of it is no move.
    let told = console.meta("/mixer/fader/1").revision;
    console.write("/mixer/fader/1", args![MINUS_10]);
    ardour.comes_to("One", "-10.00 0");
    console.write("/mixer/mute/1", args![1]);
    ardour.comes_to("One", "-10.00 1");
    ardour.peer.tell("gain Two -20");
    hears(&mut console, "/mixer/fader/2", MINUS_20);
    ardour.peer.tell("mute Two 1");
    console.expect_exactly("/mixer/mute/2", args![1]);
    let meta = console.meta("/mixer/fader/1");
    let name = console.name();
    assert_eq!((meta.revision, &*meta.writer), (told + 1, &*name));
    assert_eq!(console.meta("/mixer/fader/2").writer, "ardour");

    // A hand in Ardour on what a console holds: it is put back.
    console.lock("/mixer/fader/1");
    ardour.peer.tell("gain One -30");
    console.expect_denied("/mixer/fader/1", "LOCK_HELD", &name);
    ardour.comes_to("One", "-10.00 1");
    // So is one that goes on moving, at the latest when it is still.
    for step in 0..20 {
        ardour.peer.tell(&format!("gain One -{}", 20 + step));
        ardour.stands("One");
    }
    ardour.comes_to("One", "-10.00 1");
    // The holder moves it as before.
    console.write("/mixer/fader/1", args![MINUS_20]);
    ardour.comes_to("One", "-20.00 1");
    let meta = console.meta("/mixer/fader/1");
    assert_eq!((meta.revision, &*meta.writer), (told + 2, &*name));
    assert_eq!(meta.values, args![MINUS_20]);

    // Once it is free Ardour has it.
    console.send("/oscgate/unlock", args!["/mixer/fader/1"]);
    console.expect("/oscgate/status/unlocked");
    console.settled();
    // A place where it was not sent a moment ago: it would be taken for a reflection.
    ardour.peer.tell("gain One -15");
    hears(&mut console, "/mixer/fader/1", MINUS_15);
    ardour.comes_to("One", "-15.00 1");
    assert_eq!(console.meta("/mixer/fader/1").writer, "ardour");

    ran("ardour");
}
