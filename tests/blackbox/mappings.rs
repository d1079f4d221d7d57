//! Dialects: two tablets of an app on one fader, mapping files that change while it runs, and what
//! the program says of them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::console::{Console, args};
use crate::program::{Program, websockets};
use crate::tablet::{Ports, Tablet};

// --- two tablets ----------------------------------------------------------------------------------

/// Two tablets with the first TouchOSC, and whoever else comes.
fn tablets(ips: [&'static str; 2]) -> (Program, Tablet, Tablet) {
    let ports = Ports::free_on(&ips);
    let client = |name: &str, ip: &str| {
        format!(
            "[[client]]\nname = \"{name}\"\nsource = \"{ip}\"\nreply_port = {}\n\
             mapping = \"touchosc-mk1\"\nfollow = [\"/mixer//*\"]\n",
            ports.hears
        )
    };
    let show = client("anna", ips[0]) + &client("ben", ips[1]);
    let program = Program::with_show(&show);
    let on = |ip| Tablet::switched_on(ip, ports, program.address());
    let (anna, ben) = (on(ips[0]), on(ips[1]));
    (program, anna, ben)
}

/// A console that hears every value of the mixer, and of its locks.
fn watcher(program: &Program) -> Console {
    let mut watcher = program.console();
    watcher.follow("/mixer//*");
    watcher.follow("/oscgate/status/{denied,locked,unlocked}");
    watcher
}

#[test]
fn a_finger_has_the_fader_and_its_release_is_no_value() {
    let (program, anna, ben) = tablets(["127.0.0.51", "127.0.0.52"]);
    let mut watcher = watcher(&program);
    anna.moves("/1/fader1/z", 1.0);
    ben.sees_text("/1/label1", "anna");
    ben.sees_value("/1/led1", 1.0);
    anna.moves("/1/fader1", 0.25);
    ben.sees_value("/1/fader1", 0.25);

    // The other hand is told whose it is, and put right.
    ben.moves("/1/fader1", 0.75);
    ben.sees_text("/1/label1", "anna");
    ben.sees_value("/1/fader1", 0.25);
    watcher.expect_denied("/mixer/fader/1", "LOCK_HELD", "anna");
    anna.moves("/1/fader1", 0.5);
    ben.sees_value("/1/fader1", 0.5);

    anna.moves("/1/fader1/z", 0.0);
    ben.sees_text("/1/label1", "");
    ben.sees_value("/1/led1", 0.0);
    anna.sees_value("/1/fader1", 0.5);
    // Now it is the other way round.
    ben.moves("/1/fader1/z", 1.0);
    anna.sees_text("/1/label1", "ben");
    ben.moves("/1/fader1", 0.75);
    anna.sees_value("/1/fader1", 0.75);
    anna.moves("/1/fader1", 0.125);
    anna.sees_text("/1/label1", "ben");
    anna.sees_value("/1/fader1", 0.75);
    ben.moves("/1/fader1/z", 0.0);
    anna.sees_text("/1/label1", "");

    // Three moves were values, and no finger that came or went.
    let heard = watcher.settled();
    let values = heard
        .into_iter()
        .filter(|heard| heard.address.starts_with("/mixer/"));
    let values: Vec<_> = values.map(|heard| heard.arguments).collect();
    assert_eq!(values, [args![0.25], args![0.5], args![0.75]]);
    let meta = watcher.meta("/mixer/fader/1");
    assert_eq!(
        (meta.locked, meta.revision, &*meta.writer),
        (false, 3, "ben")
    );
}

/// The default lock timeout, and what a busy machine may add.
const TIMEOUT: Duration = Duration::from_secs(30);
const LATE: Duration = Duration::from_secs(10);
/// How long the finger rests.
const REST: Duration = Duration::from_secs(40);

#[test]
fn a_finger_that_rests_takes_the_fader_again_with_its_next_move() {
    let (program, anna, ben) = tablets(["127.0.0.53", "127.0.0.54"]);
    let mut watcher = watcher(&program);
    let taken = |watcher: &mut Console| {
        let told = watcher.expect("/oscgate/status/locked");
        assert_eq!(told[..2], *args!["/mixer/fader/1", "anna"]);
    };
    anna.moves("/1/fader1/z", 1.0);
    taken(&mut watcher);
    let begun = Instant::now();
    anna.moves("/1/fader1", 0.25);
    ben.sees_value("/1/fader1", 0.25);
    let told = watcher.expect_within("/oscgate/status/unlocked", TIMEOUT + LATE);
    assert_eq!(told, args!["/mixer/fader/1", "anna", "expired"]);
    assert!(
        begun.elapsed() >= TIMEOUT,
        "free after {:?}",
        begun.elapsed()
    );
    ben.sees_text("/1/label1", "");
    while begun.elapsed() < REST {
        // A finger has its own time; nothing is waited for. The watcher says that it is there.
        std::thread::sleep(Duration::from_secs(1));
        watcher.settled();
    }
    anna.moves("/1/fader1", 0.5);
    taken(&mut watcher);
    ben.sees_text("/1/label1", "anna");
    ben.sees_value("/1/fader1", 0.5);
    ben.moves("/1/fader1", 0.75);
    ben.sees_text("/1/label1", "anna");
    ben.sees_value("/1/fader1", 0.5);
    anna.moves("/1/fader1/z", 0.0);
    let told = watcher.expect("/oscgate/status/unlocked");
    assert_eq!(told, args!["/mixer/fader/1", "anna", "released"]);
    assert_eq!(watcher.meta("/mixer/fader/1").revision, 2);
}

// --- files that change ----------------------------------------------------------------------------

/// A show in which a desk speaks a dialect of its own.
fn desk_show(watch: &str) -> String {
    format!(
        "[gateway]\nwatch = \"{watch}\"\n[[client]]\nname = \"desk\"\nsource = \"127.0.0.55\"\n\
         mapping = \"desk.toml\"\nfollow = [\"/mixer//*\"]\n"
    )
}

const DESK: &str = r#"[mapping]
name = "Desk"
version = "3"
proof = "emulator"

[[map]]
device = "/strip/{n:01..12}/level"
gateway = "/mixer/fader/{n}"
args = "i"
range = [0, 100]
gateway_range = [0.0, 1.0]
"#;

/// Another edition of it: with other addresses, and floats.
const OTHER_DESK: &str = r#"[mapping]
name = "Desk"
version = "4"

[[map]]
device = "/channel/{n:1..12}"
gateway = "/mixer/fader/{n}"
args = "f"
"#;

#[test]
fn a_reload_changes_a_dialect_and_keeps_sockets_sessions_values_and_locks() {
    if websockets() {
        // A dialect is spoken in datagrams.
        return;
    }
    let program = Program::with_files(&desk_show("off"), &[("desk.toml", DESK)]);
    let (mut desk, mut other) = (program.stranger_at("127.0.0.55"), program.console());
    other.follow("/mixer//*");
    desk.send("/strip/01/level", args![50]);
    desk.expect_exactly("/strip/01/level", args![50]);
    other.expect_exactly("/mixer/fader/1", args![0.5]);
    desk.send("/oscgate/lock", args!["/mixer/fader/1"]);
    desk.expect("/oscgate/status/locked");

    program.rewrite_beside("desk.toml", OTHER_DESK);
    program.signal("HUP");
    program.errors_with(|text| text.contains("new show is in force"));
    // The lock is held as before, by who it was held by, and the value is the one that was.
    other.send("/mixer/fader/1", args![0.125]);
    other.expect_denied("/mixer/fader/1", "LOCK_HELD", "desk");
    other.expect_exactly("/mixer/fader/1", args![0.5]);
    // Through the same socket, in the new words.
    desk.send("/channel/1", args![0.75]);
    desk.expect_exactly("/channel/1", args![0.75]);
    other.expect_exactly("/mixer/fader/1", args![0.75]);
    let meta = other.meta("/mixer/fader/1");
    assert_eq!(
        (meta.revision, &*meta.holder, &*meta.writer),
        (2, "desk", "desk")
    );
    other.write("/mixer/fader/2", args![0.25]);
    desk.expect_exactly("/channel/2", args![0.25]);
    // No session began anew.
    desk.expect_nothing();
    other.expect_nothing();
}

#[test]
fn a_reload_of_a_faulty_dialect_tells_every_fault_and_the_old_one_stays() {
    if websockets() {
        // A dialect is spoken in datagrams.
        return;
    }
    let program = Program::with_files(&desk_show("off"), &[("desk.toml", DESK)]);
    let (mut desk, mut other) = (program.stranger_at("127.0.0.55"), program.console());
    other.follow("/mixer//*");
    desk.send("/strip/01/level", args![50]);
    other.expect_exactly("/mixer/fader/1", args![0.5]);
    let faulty = OTHER_DESK
        .replace("version", "vision")
        .replace("{n:1..12}", "{n:1..}");
    program.rewrite_beside("desk.toml", &faulty);
    program.signal("HUP");
    let path = program.show_path().with_file_name("desk.toml");
    let at = |place: &str| format!("{}:{place}: ", path.display());
    let errors = program.errors_with(|text| text.contains("is not applied"));
    for place in ["3:1", "6:20"] {
        assert!(errors.contains(&at(place)), "{place}: {errors}");
    }

    desk.send("/strip/01/level", args![75]);
    other.expect_exactly("/mixer/fader/1", args![0.75]);
    other.write("/mixer/fader/2", args![0.25]);
    desk.until("/strip/02/level", args![25]);
}

#[test]
fn a_mapping_file_that_is_saved_is_noticed() {
    if websockets() {
        // A dialect is spoken in datagrams.
        return;
    }
    let program = Program::with_files(&desk_show("report"), &[("desk.toml", DESK)]);
    program.rewrite_beside("desk.toml", OTHER_DESK);
    program.errors_with(|text| text.contains("ready to reload"));
    program.rewrite_beside("desk.toml", &OTHER_DESK.replace("version", "vision"));
    program.errors_with(|text| text.contains("unknown key \"vision\""));
    // It is only said: the desk talks as it did.
    let (desk, mut other) = (program.stranger_at("127.0.0.55"), program.console());
    other.follow("/mixer//*");
    desk.send("/strip/01/level", args![50]);
    other.expect_exactly("/mixer/fader/1", args![0.5]);
}

// --- what is said of them -------------------------------------------------------------------------

/// Runs a tool in a folder: exit status, standard output, standard error.
fn tool(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let ended = Command::new(env!("CARGO_BIN_EXE_oscgate"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (ended.status.code(), text(ended.stdout), text(ended.stderr))
}

const SHOW: &str = r#"[[client]]
name = "desk"
source = "10.0.0.1"
mapping = "desk.toml"
follow = ["/mixer//*"]

[[client]]
name = "monitor"
source = "10.0.0.2:9000"
follow = ["/mixer//*"]

[[address]]
match = "/mixer/fader/*"
args = "f"
range = [0.0, 1.0]
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [("show.toml", SHOW), ("desk.toml", DESK)] {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

#[test]
fn check_says_what_is_in_a_mapping_or_what_is_wrong_with_it() {
    let folder = folder();
    let (status, output, errors) = tool(folder.path(), &["check", "show.toml", "desk.toml"]);
    let desk = "  Desk, version 3, proof: emulator\n  1 line (0 one-way) with 1 capture; \
                12 addresses at the device, 12 addresses at the gateway\n";
    let want = format!(
        "show.toml: no fault\ndesk.toml, spoken by desk:\n{desk}desk.toml: no fault\n{desk}"
    );
    assert_eq!((status, &*output, &*errors), (Some(0), &*want, ""));

    let faulty = DESK.replace("proof", "prof").replace("..12", "..");
    std::fs::write(folder.path().join("desk.toml"), faulty).expect("written");
    for file in ["desk.toml", "show.toml"] {
        let (status, output, errors) = tool(folder.path(), &["check", file]);
        assert_eq!((status, &*output), (Some(2), ""), "{errors}");
        for place in ["desk.toml:4:1: ", "desk.toml:7:18: ", "error: 2 faults"] {
            assert!(errors.contains(place), "{errors}");
        }
    }
}

#[test]
fn a_mapping_that_is_checked_beside_its_show_finds_what_it_includes_from_there() {
    let folder = folder();
    let mappings = folder.path().join("mappings");
    std::fs::create_dir(&mappings).expect("made");
    let including = "[mapping]\nname = \"Own\"\ninclude = \"./mappings/base.toml\"\n";
    std::fs::write(mappings.join("own.toml"), including).expect("written");
    std::fs::write(mappings.join("base.toml"), DESK).expect("written");
    let files = ["check", "show.toml", "mappings/own.toml"];
    let (status, output, errors) = tool(folder.path(), &files);
    assert_eq!((status, &*errors), (Some(0), ""));
    assert!(
        output.contains("mappings/own.toml: no fault\n  Own"),
        "{output}"
    );
}

#[test]
fn check_warns_of_what_cannot_be_meant() {
    let folder = folder();
    let show = "[[client]]\nname = \"desk\"\nsource = \"127.0.0.2\"\nmapping = \"./desk.toml\"\n\
                root = \"/mon\"\nfollow = [\"/mixer//*\", \"/mon//*\"]\n\
                [[client]]\nname = \"deaf\"\nsource = \"127.0.0.3\"\nmapping = \"./desk.toml\"\n";
    std::fs::write(folder.path().join("show.toml"), show).expect("written");
    let touch = "\n[[touch]]\ndevice = \"/t/{n:1..13}\"\ngateway = \"/mixer/fader/{n}\"\n";
    let desk = format!("{DESK}{touch}");
    std::fs::write(folder.path().join("desk.toml"), &desk).expect("written");
    let (status, output, errors) = tool(folder.path(), &["check", "show.toml"]);
    assert_eq!((status, &*errors), (Some(0), ""));
    let line = desk.lines().count() - 2;
    for warning in [
        "warning: show.toml:1: desk follows /mixer//*, of which no line of desk.toml speaks (its \
         addresses begin with /mon)",
        "warning: show.toml:7: deaf is sent nothing that others move: it has no `follow`",
        &format!(
            "warning: desk.toml:{line}: no [[map]] of this mapping speaks of all that is touched here"
        ),
    ] {
        assert!(output.contains(warning), "{output}");
    }
    assert_eq!(output.matches("warning").count(), 3, "{output}");
}

#[test]
fn explain_says_what_happens_to_a_message() {
    let folder = folder();
    let explained = |arguments: &[&str]| {
        let (status, output, errors) = tool(folder.path(), arguments);
        assert_eq!((status, &*errors), (Some(0), ""));
        output
    };
    let from = explained(&[
        "explain",
        "show.toml",
        "--from",
        "desk",
        "/strip/03/level",
        "50",
    ]);
    assert_eq!(
        from,
        r#"desk (show.toml:1) sends /strip/03/level 50
  line desk.toml:6: /strip/{n:01..12}/level
  it is a value
writes /mixer/fader/3 0.5
  rule show.toml:12: /mixer/fader/* lock = "explicit", args = "f", range = [0.0, 1.0]
if nobody else holds it: accepted
  desk (show.toml:1) is sent /strip/03/level 50, its own echo
  monitor (show.toml:7) is sent /mixer/fader/3 0.5
if monitor holds it: denied, LOCK_HELD by monitor
"#
    );
    let to = explained(&[
        "explain",
        "show.toml",
        "--to",
        "desk",
        "/mixer/fader/3",
        "0.5",
    ]);
    assert_eq!(
        to,
        "desk (show.toml:1) is told /mixer/fader/3 0.5\n  line desk.toml:6: \
         /strip/{n:01..12}/level\n  it is sent /strip/03/level 50\n"
    );
    let (status, output, errors) = tool(
        folder.path(),
        &[
            "explain",
            "show.toml",
            "--to",
            "nobody",
            "/mixer/fader/3",
            "0.5",
        ],
    );
    assert_eq!((status, &*output), (Some(2), ""));
    assert!(
        errors.contains("nobody") && errors.contains("desk, monitor"),
        "{errors}"
    );
}

#[test]
fn the_mappings_that_are_built_in_are_those_of_the_folder() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/mappings"));
    let (status, listed, errors) = tool(folder, &["mappings"]);
    assert_eq!((status, &*errors), (Some(0), ""));
    let names: BTreeSet<&str> = { listed.lines() }
        .map(|line| line.split(' ').next().unwrap_or(line))
        .collect();
    let mut shipped = BTreeSet::new();
    for file in std::fs::read_dir(folder).expect("it is there").flatten() {
        let path = file.path();
        if path.extension().is_some_and(|kind| kind == "toml") {
            let name = path.file_stem().expect("it has one");
            shipped.insert(name.to_str().expect("plain").to_owned());
        }
    }
    assert_eq!(names, shipped.iter().map(|name| &**name).collect());
    let x32 = listed.lines().find(|line| line.starts_with("x32 "));
    assert!(x32.is_some_and(|line| line.contains("Behringer X32") && line.contains("(proof: ")));

    let text = std::fs::read_to_string(folder.join("x32.toml")).expect("it is there");
    assert_eq!(
        tool(folder, &["mappings", "show", "x32"]),
        (Some(0), text, String::new())
    );
    let (status, output, errors) = tool(folder, &["mappings", "show", "x23"]);
    assert_eq!((status, &*output), (Some(2), ""));
    assert!(
        errors.contains("\"x23\"") && errors.contains("x32, xair"),
        "{errors}"
    );
}
