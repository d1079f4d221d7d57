//! Pure Data as a tablet: a patch that is told over TCP what to send, and prints what it is sent.

use std::io::Write;
use std::net::TcpStream;

use crate::console::args;
use crate::installed::on_path;
use crate::peer::{PATIENT, Peer, command, free_tcp_port, free_udp_port, left_out, ran};
use crate::program::Program;

const PATCH: &str = include_str!("surface.pd");

/// A running patch, and the line to it.
struct Surface {
    peer: Peer,
    control: TcpStream,
    _folder: tempfile::TempDir,
}

impl Surface {
    fn start(hears: u16) -> Self {
        let control = free_tcp_port();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("surface.pd");
        let patch = PATCH
            .replace("netreceive 7801", &format!("netreceive {control}"))
            .replace("-b 7802", &format!("-b {hears}"));
        std::fs::write(&path, patch).expect("written");
        let path = path.to_str().expect("plain");
        let quiet = ["-nogui", "-noaudio", "-nomidi", "-stderr", "-open", path];
        let mut peer = Peer::start(&mut command("pd", &quiet));
        // Its objects are there before this is said, the one that listens among them.
        peer.says_line("SURFACE: ready");
        let control = TcpStream::connect(("127.0.0.1", control)).expect("it listens");
        Self {
            peer,
            control,
            _folder: folder,
        }
    }

    fn tell(&mut self, text: &str) {
        writeln!(self.control, "{text};").expect("it listens");
    }

    /// Sends one float to an address.
    fn moves(&mut self, address: &str, value: f32) {
        self.tell(&format!("path {address}"));
        self.tell(&format!("val {value}"));
    }

    /// Reads until it has been sent this.
    fn sees(&mut self, what: &str) {
        self.peer.says_line(&format!("RECV: {what}"));
    }
}

#[test]
fn pd_moves_faders_and_its_fingers_hold_them() {
    if !on_path("pd") {
        return left_out("pd");
    }
    let (sends, hears) = (free_udp_port(), free_udp_port());
    let program = Program::with_show(&format!(
        "{PATIENT}[[client]]\nname = \"tablet\"\nsource = \"127.0.0.1:{sends}\"\nreply_port = {hears}\n\
         mapping = \"touchosc-mk1\"\nfollow = [\"/mixer//*\"]\nsync = true\n"
    ));
    let mut console = program.console();
    console.follow("/mixer//*");
    console.follow("/oscgate/status/{locked,unlocked}");
    let mut pd = Surface::start(hears);
    pd.tell(&format!("dest {} {sends}", program.address().port()));

    // Both ways.
    pd.moves("/1/fader1", 0.25);
    console.expect_exactly("/mixer/fader/1", args![0.25]);
    console.write("/mixer/fader/1", args![0.5]);
    pd.sees("1 fader1 0.5");
    console.write("/mixer/mute/1", args![1]);
    pd.sees("1 toggle1 1");

    // A finger takes the lock, and moves.
    pd.moves("/1/fader1/z", 1.0);
    let told = console.expect("/oscgate/status/locked");
    assert_eq!(told[..2], *args!["/mixer/fader/1", "tablet"]);
    pd.tell("path /1/fader1");
    pd.tell("ramp 0 1 200");
    console.until("/mixer/fader/1", args![1.0]);
    console.send("/mixer/fader/1", args![0.125]);
    console.expect_denied("/mixer/fader/1", "LOCK_HELD", "tablet");
    console.expect_exactly("/mixer/fader/1", args![1.0]);
    let revision = console.meta("/mixer/fader/1").revision;

    // Its release is no value: the fader is told where it is, and nobody anything else.
    pd.moves("/1/fader1/z", 0.0);
    let released = args!["/mixer/fader/1", "tablet", "released"];
    console.expect_exactly("/oscgate/status/unlocked", released);
    pd.sees("1 fader1 1");
    let meta = console.meta("/mixer/fader/1");
    assert_eq!((meta.locked, meta.revision), (false, revision));
    assert_eq!(meta.values, args![1.0]);
    console.expect_nothing();

    // What a console holds is not Pd's: it is told whose it is, and where the fader stands.
    let name = console.name();
    console.lock("/mixer/fader/1");
    pd.sees(&format!("1 label1 {name}"));
    pd.sees("1 led1 1");
    pd.moves("/1/fader1", 0.75);
    pd.sees(&format!("1 label1 {name}"));
    pd.sees("1 fader1 1");
    pd.moves("/1/fader1/z", 1.0);
    pd.sees(&format!("1 label1 {name}"));
    pd.moves("/1/fader1/z", 0.0);
    pd.sees("1 fader1 1");
    assert_eq!(console.meta("/mixer/fader/1").revision, revision);
    console.send("/oscgate/unlock", args!["/mixer/fader/1"]);
    pd.sees("1 led1 0");
    pd.moves("/1/fader1", 0.75);
    console.expect_exactly("/mixer/fader/1", args![0.75]);

    pd.tell("quit");
    pd.peer.ended();
    ran("pd");
}
