//! Golden native datagrams: what devices say and are told, made by an encoder that is not ours, held
//! against the built-in mappings. See `native/README.md`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use oscgate::config::{BUILT_IN, Files, load_mapping};
use oscgate::mapping::{Deed, Deeds, Mapping, Role, Service, Told, What, When, World, answer};
use oscgate::osc::{ArgumentView, Arguments, ElementView, PacketView};

/// What is made of a message.
#[derive(Clone, Debug, PartialEq)]
enum Made {
    /// A message; `near`: its floats went through a curve.
    Message { bytes: Vec<u8>, near: bool },
    /// Something else.
    Words(String),
}

/// Something that happens, and what is made of it.
struct Case {
    place: String,
    line: String,
    bytes: Vec<u8>,
    made: Vec<(String, Made)>,
}

#[test]
fn the_built_in_mappings_speak_as_devices_do() {
    let mut faults = Vec::new();
    for (name, text) in BUILT_IN {
        let mapping = load_mapping(name, text.as_bytes(), Files::NONE).unwrap();
        let cases = read(&folder().join(format!("{name}.txt")));
        assert!(cases.len() >= 6, "{name} has {} cases", cases.len());
        for case in cases {
            let found = make(&mapping, &case);
            let wanted: Vec<&Made> = case.made.iter().map(|(_, made)| made).collect();
            let same = found.len() == wanted.len()
                && found.iter().zip(&wanted).all(|(a, b)| is_as_wanted(a, b));
            if !same {
                let lines: Vec<&str> = case.made.iter().map(|(line, _)| line.as_str()).collect();
                let (place, line) = (&case.place, &case.line);
                let lines = lines.join("\n  ");
                faults.push(format!("{place}: {line}\n  {lines}\n  found {found:02x?}"));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_native_datagrams_are_what_a_foreign_encoder_writes() {
    let python = |arguments: &[&str]| {
        let mut command = Command::new("python3");
        command.args(arguments).env("PYTHONDONTWRITEBYTECODE", "1");
        command.output()
    };
    if !python(&["-c", "import pythonosc"]).is_ok_and(|output| output.status.success()) {
        let text = "skipped: python-osc is not installed (pip install python-osc)";
        assert!(std::env::var_os("CI").is_none(), "{text}");
        eprintln!("{text}");
        return;
    }
    let script = folder().join("make.py");
    let output = python(&[script.to_str().unwrap(), "--check"]).unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/native")
}

fn read(path: &Path) -> Vec<Case> {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let name = path
        .file_name()
        .expect("a file")
        .to_string_lossy()
        .into_owned();
    let mut cases: Vec<Case> = Vec::new();
    let mut is_cited = false;
    for (number, line) in (1..).zip(text.lines()) {
        let place = format!("{name}:{number}");
        if line.is_empty() || line.starts_with("# ") {
            continue;
        }
        if line.starts_with("-- ") {
            is_cited = true;
        } else if let Some(hex) = line.strip_prefix("    ") {
            let case = cases.last_mut().expect("hex belongs to a message");
            let bytes = match case.made.last_mut() {
                Some((_, Made::Message { bytes, .. })) => bytes,
                Some((_, Made::Words(_))) => panic!("{place}: hex below words"),
                None => &mut case.bytes,
            };
            bytes.extend(from_hex(hex));
        } else if let Some(made) = line.strip_prefix("= ").or(line.strip_prefix("~ ")) {
            let case = cases.last_mut().expect("something was made of something");
            let near = line.starts_with('~');
            let made = match made.starts_with('/') {
                true => Made::Message {
                    bytes: Vec::new(),
                    near,
                },
                false => Made::Words(made.to_owned()),
            };
            case.made.push((line.to_owned(), made));
        } else {
            assert!(is_cited, "{place}: nothing says where this is from");
            cases.push(Case {
                place,
                line: line.to_owned(),
                bytes: Vec::new(),
                made: Vec::new(),
            });
        }
    }
    cases
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: String = text.split(' ').collect();
    (0..digits.len() / 2)
        .map(|n| u8::from_str_radix(&digits[2 * n..2 * n + 2], 16).expect("hex"))
        .collect()
}

/// A message's address and arguments.
fn parts(bytes: &[u8]) -> (&str, Arguments<'_>) {
    match PacketView::parse(bytes).expect("a good message").root() {
        ElementView::Message(message) => (
            std::str::from_utf8(message.address()).expect("a good address"),
            message.arguments(),
        ),
        ElementView::Bundle(_) => panic!("a message and no bundle"),
    }
}

fn is_as_wanted(found: &Made, wanted: &Made) -> bool {
    let (
        Made::Message { bytes, .. },
        Made::Message {
            bytes: other,
            near: true,
        },
    ) = (found, wanted)
    else {
        return match (found, wanted) {
            (Made::Message { bytes, .. }, Made::Message { bytes: other, .. }) => bytes == other,
            (found, wanted) => found == wanted,
        };
    };
    let ((address, mine), (theirs_address, theirs)) = (parts(bytes), parts(other));
    address == theirs_address
        && mine.tags() == theirs.tags()
        && mine.zip(theirs).all(|pair| match pair {
            (ArgumentView::Float(a), ArgumentView::Float(b)) => (a - b).abs() <= 1e-6,
            (a, b) => a == b,
        })
}

fn exact(bytes: Vec<u8>) -> Made {
    Made::Message { bytes, near: false }
}

fn words(text: impl Into<String>) -> Made {
    Made::Words(text.into())
}

/// What the mapping makes of a case.
fn make(mapping: &Mapping, case: &Case) -> Vec<Made> {
    let said: Vec<&str> = case.line.split(' ').collect();
    let mut found = match said[..] {
        ["<-", ..] => heard(mapping, &case.bytes),
        ["->", ..] => told(mapping, &case.bytes),
        [when, holder, address] => happened(mapping, when, holder, address),
        _ => panic!("{}: {}", case.place, case.line),
    };
    if found.is_empty() {
        found.push(words("nothing"));
    }
    found
}

fn heard(mapping: &Mapping, bytes: &[u8]) -> Vec<Made> {
    let (address, arguments) = parts(bytes);
    let mut deeds = Deeds::default();
    mapping.read(address, arguments, &World::EMPTY, &mut deeds);
    let all = (0..deeds.len()).map(|n| deeds.get(n).expect("it is one of them"));
    all.map(|deed| done(mapping, &deed, arguments)).collect()
}

fn done(mapping: &Mapping, deed: &Deed<'_>, came: Arguments<'_>) -> Made {
    let by = deed
        .user
        .map_or(String::new(), |user| format!(" by {user}"));
    let about = |word: &str| words(format!("{word} {}{by}", deed.address).trim_end());
    match deed.what {
        What::Write { event: true, .. } => about("event"),
        What::Write { .. } => exact(deed.message.to_vec()),
        What::Query => about("query"),
        What::Touch { down: true } => about("down"),
        What::Touch { down: false } => about("up"),
        What::Denied => about("refused"),
        What::Nothing => words("nothing"),
        What::Pass => words("passed"),
        What::Drop => words("dropped"),
        What::Serve(line) => {
            let Role::Service(service) = &mapping.lines()[line].role else {
                panic!("line {line} is no service");
            };
            match service {
                Service::Follow { .. } => about("follow"),
                Service::Unfollow => words("unfollow"),
                Service::Renew => words("renew"),
                Service::Heartbeat => words("alive"),
                Service::Sync => words("sync"),
                Service::Register { .. } => words("registers"),
                Service::Answer { send, args } => {
                    let (mut scratch, mut out) = (Vec::new(), Vec::new());
                    let who = ("foh", "192.168.1.10");
                    answer(send, args.as_deref(), came, who, &mut scratch, &mut out);
                    exact(out)
                }
            }
        }
        What::Bank { .. } | What::Unfit(_) | What::NoValue | What::TooMany => {
            words(format!("{:?}", deed.what))
        }
    }
}

fn told(mapping: &Mapping, bytes: &[u8]) -> Vec<Made> {
    let (address, arguments) = parts(bytes);
    let routes = mapping.routes(address);
    routes
        .filter_map(|route| {
            let mut out = Vec::new();
            let is_told = route.write(arguments, &World::EMPTY, &mut out);
            is_told.then(|| exact(out))
        })
        .collect()
}

fn happened(mapping: &Mapping, when: &str, holder: &str, address: &str) -> Vec<Made> {
    let when = match when {
        "locked" => When::Locked,
        "unlocked" => When::Unlocked,
        "denied" => When::Denied,
        other => panic!("nothing is called {other}"),
    };
    let told = Told {
        when,
        address,
        holder,
        own: false,
        code: "LOCK_HELD",
        name: "",
        remaining: 30,
    };
    let tellings = mapping.tellings(told);
    tellings
        .filter_map(|route| {
            let (mut scratch, mut out) = (Vec::new(), Vec::new());
            route
                .tell(&told, &World::EMPTY, &mut scratch, &mut out)
                .then(|| exact(out))
        })
        .collect()
}
