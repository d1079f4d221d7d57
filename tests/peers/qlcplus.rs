//! QLC+ without a screen: moved by OSC, and by a hand on its web page.

use std::process::Command;
use std::time::Duration;

use oscgate::osc::Argument;

use crate::console::{Console, args};
use crate::installed::{is_there, on_path};
use crate::peer::{PATIENT, Peer, command, free_tcp_port, free_udp_port, left_out, ran};
use crate::program::Program;
use crate::workspace::{self, Slider, Wiring};

/// Sliders of two kinds: plain ones, and ones that show their channel, whoever moves that. Moving
/// the last takes its lock.
const SLIDERS: [Slider; 4] = [
    Slider {
        path: "/light/fader/1",
        monitor: false,
    },
    Slider {
        path: "/light/fader/2",
        monitor: true,
    },
    Slider {
        path: "/light/fader/3",
        monitor: false,
    },
    Slider {
        path: "/light/fader/4",
        monitor: true,
    },
];

/// QLC+, and a hand on its web page.
struct Desk {
    web: Peer,
    _program: Peer,
    _home: tempfile::TempDir,
}

impl Desk {
    fn start(wiring: Wiring) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let workspace = home.path().join("show.qxw");
        workspace::write(home.path(), &workspace, &SLIDERS, wiring);
        let port = free_tcp_port().to_string();
        let workspace = workspace.to_str().expect("plain");
        let program = Peer::start(
            // Without a screen, in operate mode, with its web page.
            command(
                "qlcplus",
                &["-n", "-m", "-p", "-w", "-wp", &port, "-o", workspace],
            )
            .env("QT_QPA_PLATFORM", "offscreen")
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", home.path())
            .env("LANG", "C.UTF-8"),
        );
        let address = format!("ws://127.0.0.1:{port}/qlcplusWS");
        let script = include_str!("websocket.py");
        let mut web = Peer::start(&mut command("python3", &["-c", script, &address]));
        web.says_line("open");
        Self {
            web,
            _program: program,
            _home: home,
        }
    }

    /// A hand moves a slider, by its place, to 0 to 255.
    fn moves(&mut self, slider: usize, value: u8) {
        self.web.tell(&format!("{slider}|{value}"));
    }

    /// Where a slider stands.
    fn stands(&mut self, slider: usize) -> u8 {
        self.web.tell(&format!("QLC+API|getWidgetStatus|{slider}"));
        let answer = "QLC+API|getWidgetStatus|";
        let said = self
            .web
            .says("where it stands", |said| said.starts_with(answer));
        said[answer.len()..].parse().expect("a number")
    }
}

/// Reads until an address has this DMX value, which goes out as a step by 255.
fn hears(console: &mut Console, address: &str, value: u8) {
    loop {
        let heard = console.expect(address);
        let [Argument::Float(heard)] = heard[..] else {
            panic!("{address} {heard:?}");
        };
        if (heard * 255.0 - f32::from(value)).abs() < 0.01 {
            return;
        }
    }
}

fn of(value: u8) -> f32 {
    f32::from(value) / 255.0
}

#[test]
fn qlcplus_moves_and_is_moved_and_put_back() {
    let websockets = || is_there(Command::new("python3").args(["-c", "import websockets"]));
    if !on_path("qlcplus") || !websockets() {
        return left_out("qlcplus");
    }
    let input = free_udp_port();
    let program = Program::with_show(&format!(
        "{PATIENT}[[client]]\nname = \"qlcplus\"\nsource = \"127.0.0.1\"\nreply_port = {input}\n\
         mapping = \"qlcplus\"\nfollow = [\"/light//*\"]\nsync = true\n\
         [[address]]\nmatch = \"/light/fader/4\"\nlock = \"write\"\nhold = \"500ms\"\n"
    ));
    // QLC+ is whatever speaks from 127.0.0.1.
    let mut console = program.console_at("127.0.0.21");
    console.follow("/light//*");
    console.follow("/oscgate/status/{denied,locked,unlocked}");
    let gateway = program.address().port();
    let mut desk = Desk::start(Wiring { input, gateway });
    // Its first words are where its sliders stand.
    for slider in SLIDERS {
        console.expect_exactly(slider.path, args![0.0]);
    }
    // It took the lock of what it moved so.
    console.expect_exactly(
        "/oscgate/status/unlocked",
        args!["/light/fader/4", "qlcplus", "expired"],
    );
    console.settled();

    // Both ways. What goes out to the lamps says that it is done.
    console.write("/light/fader/1", args![of(51)]);
    hears(&mut console, "/light/dmx/1/1", 51);
    assert_eq!(desk.stands(0), 51);
    desk.moves(0, 200);
    hears(&mut console, "/light/fader/1", 200);
    hears(&mut console, "/light/dmx/1/1", 200);
    let meta = console.meta("/light/fader/1");
    assert_eq!((meta.revision, &*meta.writer), (3, "qlcplus"));

    // A hand in QLC+ on what a console holds: it is put back.
    let name = console.name();
    console.lock("/light/fader/1");
    desk.moves(0, 100);
    console.expect_denied("/light/fader/1", "LOCK_HELD", &name);
    hears(&mut console, "/light/dmx/1/1", 100);
    hears(&mut console, "/light/dmx/1/1", 200);
    assert_eq!(desk.stands(0), 200);
    assert_eq!(console.meta("/light/fader/1").revision, 3);
    console.send("/oscgate/unlock", args!["/light/fader/1"]);
    console.expect("/oscgate/status/unlocked");
    desk.moves(0, 120);
    hears(&mut console, "/light/fader/1", 120);
    console.settled();

    the_monitor_is_no_hand(&mut desk, &mut console);
    a_hand_takes_the_lock(&mut desk, &mut console);
    ran("qlcplus");
}

/// What QLC+ says of another slider comes behind whatever it said back.
fn all_said_back(desk: &mut Desk, console: &mut Console, value: u8) {
    desk.moves(2, value);
    hears(console, "/light/fader/3", value);
}

/// The slider that says back what it is sent makes no loop and takes no lock.
fn the_monitor_is_no_hand(desk: &mut Desk, console: &mut Console) {
    let name = console.name();
    let before = console.meta("/light/fader/2").revision;
    let steps: [u8; 10] = [10, 200, 30, 180, 55, 155, 80, 130, 101, 99];
    for step in steps {
        console.write("/light/fader/2", args![of(step)]);
        hears(console, "/light/dmx/1/2", step);
    }
    // A fast hand, whose every place is between two of its own.
    for step in 0..100_u8 {
        console.write("/light/fader/2", args![of(step) + 0.001]);
        std::thread::sleep(Duration::from_millis(3));
    }
    console.write("/light/fader/2", args![of(222)]);
    hears(console, "/light/dmx/1/2", 222);
    all_said_back(desk, console, 50);
    let meta = console.meta("/light/fader/2");
    assert_eq!((meta.revision, &*meta.writer), (before + 111, &*name));
    assert_eq!(desk.stands(1), 222);
    console.settled();

    console.write("/light/fader/4", args![of(70)]);
    hears(console, "/light/dmx/1/4", 70);
    all_said_back(desk, console, 60);
    let expired = args!["/light/fader/4", &name, "expired"];
    let heard = console.until("/oscgate/status/unlocked", expired);
    let status = heard
        .iter()
        .filter(|heard| heard.address.starts_with("/oscgate/"));
    let status: Vec<_> = status.map(|heard| &heard.arguments[..2]).collect();
    assert_eq!(
        status,
        [args!["/light/fader/4", &name]],
        "one lock, and no denial"
    );
    assert!(!console.meta("/light/fader/4").locked, "it took the lock");
}

/// A hand in QLC+ takes the lock where moving does.
fn a_hand_takes_the_lock(desk: &mut Desk, console: &mut Console) {
    desk.moves(3, 90);
    let told = console.expect("/oscgate/status/locked");
    assert_eq!(told[..2], *args!["/light/fader/4", "qlcplus"]);
    console.send("/light/fader/4", args![0.0]);
    console.expect_denied("/light/fader/4", "LOCK_HELD", "qlcplus");
    hears(console, "/light/fader/4", 90);
    assert_eq!(desk.stands(3), 90);
}
