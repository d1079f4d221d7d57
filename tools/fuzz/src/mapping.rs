//! Mapping files: any text is a mapping or faults with places, and whatever a mapping says of any
//! message is a good message, which comes back to the device as it was.

use oscgate::config::{Files, load_mapping};
use oscgate::mapping::{Deed, Deeds, Direction, Kind, Mapping, Role, What, World};
use oscgate::osc::{
    Argument, ArgumentView, Arguments, ElementView, PacketView, check_address, encode_message,
};

use crate::bytes::Bytes;
use crate::show::faults;

/// What the files are called.
const NAME: &str = "mapping.toml";

/// Native addresses that are tried of one mapping.
const TRIED_MAX: usize = 24;

/// Takes the input for a mapping file, or writes one from it, compiles it and says something in
/// its dialect.
///
/// # Panics
///
/// If a fault does not show what stands in the file, if a message that comes out of a translation
/// is none, or if one that goes both ways does not come back.
pub fn run(input: &[u8]) {
    let Some((way, mut from)) = Bytes::of(input) else {
        let _ = check(input);
        return;
    };
    let mut text = written(&mut from);
    if way == 0 {
        spoil(&mut from, &mut text);
    }
    let Some(mapping) = check(text.as_bytes()) else {
        return;
    };
    let native: Vec<String> = mapping.native_addresses().map(str::to_owned).collect();
    for n in 0..TRIED_MAX.min(native.len()) {
        let address = &native[(n * 7919 + from.below(256)) % native.len()];
        talk(&mapping, &mut from, address);
    }
    let odd = from.one_of(&["/a/9", "/a/*", "//x", "/f01", "node", "/cue/x y/go", "/q/?"]);
    talk(&mapping, &mut from, odd);
    let gateway: Vec<String> = mapping.gateway_addresses().map(str::to_owned).collect();
    for n in 0..TRIED_MAX.min(gateway.len()) {
        let address = &gateway[(n * 7919 + from.below(256)) % gateway.len()];
        tell(&mapping, &arguments(&mut from), address);
    }
}

fn check(bytes: &[u8]) -> Option<Mapping> {
    match load_mapping(NAME, bytes, Files::NONE) {
        Ok(mapping) => {
            let lines = mapping.lines().len();
            assert!(mapping.unreachable_lines().count() <= lines);
            Some(mapping)
        }
        Err(found) => {
            let own: Vec<_> = found
                .into_iter()
                .filter(|fault| fault.file == NAME)
                .collect();
            // All may stand in a file that it includes.
            if !own.is_empty() {
                faults::check(NAME, bytes, &own);
            }
            None
        }
    }
}

// --- files --------------------------------------------------------------------------------------

/// Addresses of a device and of the gateway that go together.
const PAIRS: [(&str, &str); 15] = [
    ("/a/{n:1..8}", "/m/{n}"),
    ("/f{n:01..12}", "/m/{n}/x"),
    ("/a/{n:1..4}/x", "/mute/{n}"),
    ("/b/{10*n+4193}", "/o/{n:1..20}"),
    ("/c/{n:1..3=kick|snare|hat}", "/drum/{n}"),
    ("/d/{n:1..2}/{m:0..3}", "/s/{n}/{m}"),
    ("/cue/{id:*}/go", "/cue/{id}"),
    ("/v/{n:1..4}/at/{level:0..10}", "/v/{n}"),
    ("/p/{n:01..08}", "/m/{n+8*page-8}"),
    ("/plain", "/one"),
    ("/q", "/t/1"),
    ("/user/{user:0..9}/f/{n:1..3}", "/u/{n}"),
    ("/s/{n:1..2,5..6}", "/t/{n}"),
    ("/e/{n-1}", "/e/{n:1..5}"),
    ("/g/{n:1..3}", "/m/{n=a|b|c}"),
];

const VALUES: [&str; 16] = [
    "args = \"f\"",
    "args = \"i\"\nrange = [0, 127]",
    "args = \"f\"\nsteps = 1024",
    "args = \"i\"\ninvert = true",
    "args = \"f\"\ncurve = \"fader\"\nminus_infinity = -144.0",
    "args = \"i\"\ncurve = \"fader\"\nscale = 100\nrange = [-9000, 1000]",
    "args = \"f\"\ncurve = \"log\"\nrange = [20.0, 20000.0]",
    "args = \"f\"\npoints = [[-60.0, 0.0], [0.0, 0.75], [10.0, 1.0]]",
    "args = \"T\"",
    "args = \"f\"\nswitch = true\ngateway_args = \"i\"",
    "args = \"s\"\nnames = [\"OFF\", \"RED\", \"GREEN\"]",
    "args = [\"{k:1..4}\", \"f\"]",
    "args = [\"'go'\", 1, \"f\", \"*\"]",
    "args = \"\"\nevent = true",
    "args = \"i\"\nevent = \"press\"",
    "args = \"f\"\nranges = { i = [0, 100], f = [0.0, 1.0] }\noutside = \"refuse\"",
];

const EXTRAS: [&str; 9] = [
    "",
    "direction = \"in\"",
    "direction = \"out\"",
    "hold = \"300ms\"",
    "toggle = true",
    "toggle = -1",
    "relative = 0.1",
    "only = { page = 2 }",
    "gateway_range = [-1.0, 1.0]",
];

const HEADS: [&str; 9] = [
    "bare_address = \"query\"",
    "query_suffix = \"/?\"",
    "query_argument = \"?\"",
    "unmapped = \"drop\"",
    "prefix = \"/p\"",
    "include = \"x32\"",
    "deny = [\"/b/*\"]",
    "ignore = [\"/q\"]",
    "spacing = \"2ms\"",
];

/// A mapping file out of pieces that fit, mostly.
fn written(from: &mut Bytes<'_>) -> String {
    let mut text = "[mapping]\nname = \"Fuzz\"\n".to_owned();
    for head in HEADS {
        if from.one_in(6) {
            push(&mut text, head);
        }
    }
    if !from.one_in(4) {
        push(&mut text, BANK);
    }
    if from.one_in(3) {
        push(&mut text, SERVES);
    }
    for _ in 0..=from.below(4) {
        match from.below(6) {
            0 => {
                let (device, gateway) = from.one_of(&PAIRS);
                push(&mut text, "[[touch]]");
                line(&mut text, "device", &format!("{device}/z"));
                line(&mut text, "gateway", gateway);
            }
            1 => {
                let gateway = from.one_of(&["/m/{n}", "/one", "/t/{n:1..4}", "/s/{n}/{m}"]);
                push(&mut text, "[[tell]]\nwhen = [\"denied\", \"locked\"]");
                line(&mut text, "gateway", gateway);
                line(&mut text, "send", from.one_of(&["/l/{n}", "/lamp"]));
                push(&mut text, "args = [\"{holder}\", 1, true, \"{remaining}\"]");
            }
            _ => map(from, &mut text),
        }
    }
    text
}

fn map(from: &mut Bytes<'_>, text: &mut String) {
    let (device, mut gateway) = from.one_of(&PAIRS);
    if from.one_in(8) {
        gateway = from.one_of(&PAIRS).1;
    }
    push(text, "[[map]]");
    line(text, "device", device);
    if from.one_in(6) {
        push(text, "args = \"ff\"");
        push(
            text,
            &format!("gateway = [\"{gateway}/x\", \"{gateway}/y\"]"),
        );
        return;
    }
    line(text, "gateway", gateway);
    if device.contains("level") {
        return push(text, "value = \"level\"");
    }
    push(text, from.one_of(&VALUES));
    push(text, from.one_of(&EXTRAS));
}

const BANK: &str = "[[bank]]\nname = \"page\"\ndevice = \"/page\"\nnumbers = \"1..3\"";

const SERVES: &str = "[serves]
follow = [{ on = \"/xremote\", lease = \"10s\" }]
heartbeat = [\"/ping\"]";

fn push(text: &mut String, lines: &str) {
    text.push_str(lines);
    text.push('\n');
}

fn line(text: &mut String, key: &str, value: &str) {
    push(text, &format!("{key} = \"{value}\""));
}

/// A slip of the finger or two.
fn spoil(from: &mut Bytes<'_>, text: &mut String) {
    for _ in 0..=from.below(3) {
        let mut at = (from.below(256) << 8 | from.below(256)) % (text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        if from.one_in(2) && at < text.len() {
            text.remove(at);
        } else {
            text.insert(
                at,
                from.one_of(&['{', '}', '"', '.', ':', '*', '/', '=', '-', '9', 'n', '\n']),
            );
        }
    }
}

// --- messages -----------------------------------------------------------------------------------

fn arguments(from: &mut Bytes<'_>) -> Vec<Argument> {
    let count = from.one_of(&[1, 1, 1, 0, 2, 3, 4]);
    (0..count)
        .map(|_| match from.below(9) {
            0 => Argument::Float(f32::from(from.byte()) / 255.0),
            1 => Argument::Float(f32::from_bits(u32::from_be_bytes(from.array()))),
            2 => Argument::Int(i32::from(from.byte())),
            3 => Argument::Int(i32::from_be_bytes(from.array())),
            4 => Argument::String(
                from.one_of(&["go", "?", "RED", "0.5", "", "x/y"])
                    .to_owned(),
            ),
            5 => Argument::True,
            6 => Argument::False,
            7 => Argument::Double(f64::from_bits(u64::from_be_bytes(from.array()))),
            _ => Argument::Blob(from.slice(3).to_vec()),
        })
        .collect()
}

/// Something is said in the dialect.
fn talk(mapping: &Mapping, from: &mut Bytes<'_>, address: &str) {
    let arguments = arguments(from);
    // An address without a slash cannot be encoded; its arguments can.
    let bytes = encode_message("/x", &arguments).expect("a small message");
    let stored = [from.byte()];
    let value = encode_message("/x", &[Argument::Float(f32::from(stored[0]) / 255.0)]);
    let value = value.expect("a small message");
    let tail = tail_of(&value);
    let known = |_: &str| {
        stored[0]
            .is_multiple_of(2)
            .then(|| Arguments::of_tail(tail))
    };
    let world = World {
        value: &known,
        banks: &[],
    };
    let mut deeds = Deeds::default();
    mapping.read(
        address,
        Arguments::of_tail(tail_of(&bytes)),
        &world,
        &mut deeds,
    );
    for n in 0..deeds.len() {
        let deed = deeds.get(n).expect("it was counted");
        if let Some(line) = deed.line {
            assert!(line < mapping.lines().len());
        }
        if let What::Write { event, .. } = deed.what {
            check_write(mapping, &deed, event);
        }
    }
}

/// What is written is a message of the gateway's own, and the device is told it as it said it.
fn check_write(mapping: &Mapping, deed: &Deed<'_>, event: bool) {
    assert!(
        check_address(deed.address.as_bytes()).is_some(),
        "{:?}",
        deed.address
    );
    let packet = PacketView::parse(deed.message).expect("a good message");
    let ElementView::Message(message) = packet.root() else {
        panic!("a message, not a bundle");
    };
    assert_eq!(message.address(), deed.address.as_bytes());
    let (Some(at), false) = (deed.line, event) else {
        return;
    };
    let line = &mapping.lines()[at];
    let Role::Map(map) = &line.role else {
        panic!("only a [[map]] writes");
    };
    if map.direction != Direction::Both || line.gateway.len() > 1 {
        return;
    }
    let value = |_: &str| Some(message.arguments());
    let world = World {
        value: &value,
        banks: &[],
    };
    let mut out = Vec::new();
    for route in mapping
        .routes(deed.address)
        .filter(|route| route.line == at)
    {
        if !route.write(message.arguments(), &world, &mut out) {
            continue;
        }
        let told = PacketView::parse(&out).expect("a good message");
        let ElementView::Message(told) = told.root() else {
            panic!("a message, not a bundle");
        };
        // What it is told, it says again: the same comes of it.
        let mut again = Deeds::default();
        let address = std::str::from_utf8(told.address()).expect("filled from text");
        mapping.read(address, told.arguments(), &world, &mut again);
        let heard = (0..again.len()).filter_map(|n| again.get(n));
        let same = heard.into_iter().any(|heard| {
            heard.address == deed.address
                && is_near(map.conversions.first().map(|c| &c.kind), &heard, deed)
        });
        assert!(
            same,
            "{} {:?} came back as {:?}",
            deed.address,
            message.arguments().next(),
            again.get(0)
        );
    }
}

/// Whether two values are one within a step of the device.
fn is_near(kind: Option<&Kind>, one: &Deed<'_>, other: &Deed<'_>) -> bool {
    if !matches!(one.what, What::Write { .. }) {
        // What the bank, a toggle or a deny list makes of it is another matter.
        return true;
    }
    let first = |deed: &Deed<'_>| -> Option<f64> {
        let packet = PacketView::parse(deed.message).ok()?;
        match packet.root() {
            ElementView::Message(message) => number(message.arguments().next()?),
            ElementView::Bundle(_) => None,
        }
    };
    match (kind, first(one), first(other)) {
        (Some(Kind::Number(number)), Some(a), Some(b)) => {
            let step = (number.gateway.1 - number.gateway.0) / 100.0;
            (a - b).abs() <= step
        }
        (_, Some(a), Some(b)) => a == b || (a - b).abs() <= 0.5 || a.is_nan(),
        (_, a, b) => a.is_none() == b.is_none(),
    }
}

fn number(value: ArgumentView<'_>) -> Option<f64> {
    oscgate::mapping::read_number(value)
}

/// The device is told something.
fn tell(mapping: &Mapping, arguments: &[Argument], address: &str) {
    let bytes = encode_message("/x", arguments).expect("a small message");
    let arguments = Arguments::of_tail(tail_of(&bytes));
    let value = |_: &str| Some(arguments);
    let world = World {
        value: &value,
        banks: &[2],
    };
    let mut out = Vec::new();
    for route in mapping.routes(address) {
        if route.write(arguments, &world, &mut out) {
            PacketView::parse(&out).expect("a good message");
        }
    }
    let _ = mapping.step(address, arguments);
}

fn tail_of(bytes: &[u8]) -> &[u8] {
    // The address is `/x`, padded to four bytes.
    &bytes[4..]
}
