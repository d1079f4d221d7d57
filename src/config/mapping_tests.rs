//! Mapping files read, and what their lines make of messages.

use super::*;
use crate::config::BUILT_IN;
use crate::mapping::{Deeds, Told, What, When, World};
use crate::osc::{
    Argument, ArgumentView, Arguments, ElementView, PacketView, encode_message, string_bytes,
};

#[path = "claim_tests.rs"]
mod claims;

/// A mapping of these tables, under a plain head.
fn mapping(tables: &str) -> Mapping {
    let text = format!("[mapping]\nname = \"Test\"\n{tables}");
    load_mapping("test.toml", text.as_bytes(), Files::NONE).unwrap_or_else(|faults| {
        let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
        panic!("{}", all.join("\n"))
    })
}

fn message(address: &str, arguments: &[Argument]) -> Vec<u8> {
    let address = if address.starts_with('/') {
        address
    } else {
        "/slash"
    };
    encode_message(address, arguments).unwrap()
}

fn with_arguments<T>(bytes: &[u8], take: impl FnOnce(Arguments<'_>) -> T) -> T {
    let packet = PacketView::parse(bytes).unwrap();
    match packet.root() {
        ElementView::Message(message) => take(message.arguments()),
        ElementView::Bundle(_) => unreachable!("a message was encoded"),
    }
}

/// A world with these values, in its first banks.
fn with_world(stored: &[(&str, Argument)], take: impl FnOnce(&World<'_>)) {
    let stored: Vec<(&str, Vec<u8>)> = stored
        .iter()
        .map(|(address, value)| (*address, message(address, std::slice::from_ref(value))))
        .collect();
    let value = |address: &str| {
        let (known, bytes) = stored.iter().find(|(known, _)| *known == address)?;
        Some(Arguments::of_tail(&bytes[string_bytes(known.len())..]))
    };
    take(&World {
        value: &value,
        banks: &[],
    });
}

/// What a native message means, in words.
fn meant(
    mapping: &Mapping,
    address: &str,
    arguments: &[Argument],
    stored: &[(&str, Argument)],
) -> Vec<String> {
    let mut deeds = Deeds::default();
    let bytes = message(address, arguments);
    with_arguments(&bytes, |values| {
        with_world(stored, |world| {
            mapping.read(address, values, world, &mut deeds);
        });
    });
    (0..deeds.len())
        .map(|n| {
            let deed = deeds.get(n).unwrap();
            let shown = if deed.message.is_empty() {
                deed.address.to_owned()
            } else {
                shown(deed.message)
            };
            let kind = match deed.what {
                What::Write { event: true, .. } => "event ".to_owned(),
                What::Write { .. } => String::new(),
                other @ (What::Query
                | What::Touch { .. }
                | What::Bank { .. }
                | What::Serve(_)
                | What::Unfit(_)
                | What::NoValue
                | What::Denied
                | What::TooMany
                | What::Nothing
                | What::Pass
                | What::Drop) => format!("{other:?} "),
            };
            let user = deed
                .user
                .map_or(String::new(), |user| format!(" by {user}"));
            format!("{kind}{shown}{user}").trim_end().to_owned()
        })
        .collect()
}

/// What a device is told of a gateway value.
fn told(mapping: &Mapping, address: &str, arguments: &[Argument]) -> Vec<String> {
    told_beside(mapping, address, arguments, &[])
}

fn told_beside(
    mapping: &Mapping,
    address: &str,
    arguments: &[Argument],
    stored: &[(&str, Argument)],
) -> Vec<String> {
    let bytes = message(address, arguments);
    let mut all = Vec::new();
    with_arguments(&bytes, |values| {
        with_world(stored, |world| {
            for route in mapping.routes(address) {
                let mut out = Vec::new();
                if route.write(values, world, &mut out) {
                    all.push(shown(&out));
                }
            }
        });
    });
    all
}

fn shown(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(bytes.len());
    let address = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let tail = &bytes[string_bytes(end)..];
    let values: Vec<String> = Arguments::of_tail(tail)
        .map(|value| match value {
            ArgumentView::String(text) => format!("String({:?})", String::from_utf8_lossy(text)),
            value @ (ArgumentView::Int(_)
            | ArgumentView::Float(_)
            | ArgumentView::Blob(_)
            | ArgumentView::Long(_)
            | ArgumentView::Time(_)
            | ArgumentView::Double(_)
            | ArgumentView::Symbol(_)
            | ArgumentView::Char(_)
            | ArgumentView::Color(_)
            | ArgumentView::Midi(_)
            | ArgumentView::True
            | ArgumentView::False
            | ArgumentView::Nil
            | ArgumentView::Infinitum
            | ArgumentView::ArrayBegin
            | ArgumentView::ArrayEnd) => format!("{value:?}"),
        })
        .collect();
    format!("{address} {}", values.join(" "))
        .trim_end()
        .to_owned()
}

const F: fn(f32) -> Argument = Argument::Float;
const I: fn(i32) -> Argument = Argument::Int;

fn s(text: &str) -> Argument {
    Argument::String(text.to_owned())
}

#[test]
fn one_line_goes_both_ways() {
    let x32 = load_mapping("x32", BUILT_IN[0].1.as_bytes(), Files::NONE).unwrap();
    assert_eq!(
        meant(&x32, "/ch/07/mix/fader", &[F(0.5)], &[]),
        ["/mixer/fader/7 Float(0.5)"]
    );
    // A fader is sent as an int by some, and out of range by others.
    assert_eq!(
        meant(&x32, "/ch/07/mix/fader", &[I(2)], &[]),
        ["/mixer/fader/7 Float(1.0)"]
    );
    assert_eq!(
        meant(&x32, "/ch/07/mix/on", &[I(1)], &[]),
        ["/mixer/mute/7 Int(0)"]
    );
    assert_eq!(
        meant(&x32, "/ch/07/mix/fader", &[], &[]),
        ["Query /mixer/fader/7"]
    );
    for other in [
        "/ch/7/mix/fader",
        "/ch/33/mix/fader",
        "/ch/00/mix/fader",
        "/ch/07/mix",
    ] {
        assert_eq!(meant(&x32, other, &[F(0.5)], &[]), ["Pass"], "{other}");
    }
    assert_eq!(
        meant(&x32, "/ch/07/mix/fader", &[s("loud")], &[]),
        ["Unfit(Type) /mixer/fader/7"]
    );
    assert_eq!(
        told(&x32, "/mixer/fader/7", &[F(0.5)]),
        ["/ch/07/mix/fader Float(0.50048876)"]
    );
    assert_eq!(
        told(&x32, "/mixer/mute/32", &[I(1)]),
        ["/ch/32/mix/on Int(0)"]
    );
    assert_eq!(told(&x32, "/mixer/mute/33", &[I(1)]), [""; 0]);
}

#[test]
fn what_no_line_speaks_of_is_asked_for_and_passes() {
    let x32 = load_mapping("x32", BUILT_IN[0].1.as_bytes(), Files::NONE).unwrap();
    assert_eq!(
        meant(&x32, "/headamp/000/gain", &[], &[]),
        ["Query /headamp/000/gain"]
    );
    assert_eq!(meant(&x32, "/headamp/000/gain", &[F(0.5)], &[]), ["Pass"]);
    assert_eq!(meant(&x32, "/oscgate/hello", &[], &[]), ["Pass"]);
    // Where an address alone is an event, it passes as one.
    let plain = mapping("");
    assert_eq!(meant(&plain, "/go", &[], &[]), ["Pass"]);
}

#[test]
fn a_console_has_a_value_for_everything() {
    let x32 = load_mapping("x32", BUILT_IN[0].1.as_bytes(), Files::NONE).unwrap();
    let unset = |address: &str| {
        let mut out = Vec::new();
        let mut routes = x32.routes(address);
        let is_said = routes.any(|route| route.write_unset(&mut out));
        is_said.then(|| shown(&out))
    };
    for (address, said) in [
        ("/mixer/fader/9", "/ch/09/mix/fader Float(0.0)"),
        ("/mixer/mute/9", "/ch/09/mix/on Int(1)"),
        ("/mixer/pan/9", "/ch/09/mix/pan Float(0.5)"),
        ("/mixer/name/9", "/ch/09/config/name String(\"\")"),
        ("/mixer/color/9", "/ch/09/config/color Int(0)"),
    ] {
        assert_eq!(unset(address).as_deref(), Some(said), "{address}");
    }
    let line = "[[map]]\ndevice = \"/a\"\ngateway = \"/b\"\nargs = \"f\"\n";
    assert_eq!(mapping(line).routes("/b").count(), 1);
    let mut out = Vec::new();
    assert!(
        !mapping(line)
            .routes("/b")
            .any(|route| route.write_unset(&mut out))
    );
    for wrong in ["\"loud\"", "2.0"] {
        let text = format!("[mapping]\nname = \"T\"\n{line}range = [0.0, 1.0]\nunset = {wrong}\n");
        let faults = load_mapping("t.toml", text.as_bytes(), Files::NONE).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].line, 8, "{wrong}");
    }
}

#[test]
fn an_x32_is_asked_and_kept_awake() {
    let x32 = load_mapping("x32", BUILT_IN[0].1.as_bytes(), Files::NONE).unwrap();
    let serves = |address: &str, arguments: &[Argument]| {
        let said = meant(&x32, address, arguments, &[]);
        said[0].starts_with("Serve")
    };
    for address in [
        "/xremote",
        "/renew",
        "/unsubscribe",
        "/xinfo",
        "/info",
        "/status",
    ] {
        assert!(serves(address, &[]), "{address}");
    }
    let one = meant(&x32, "/subscribe", &[s("/ch/03/mix/fader"), I(10)], &[]);
    assert!(
        one[0].starts_with("Serve") && one[0].ends_with(" /mixer/fader/3"),
        "{one:?}"
    );
    for address in ["/-action/goscene", "/-action/clearsolo", "/save", "/load"] {
        assert_eq!(meant(&x32, address, &[I(1)], &[]), ["Denied"], "{address}");
    }
    for address in ["/meters", "/meters/1", "/node", "/formatsubscribe"] {
        assert_eq!(meant(&x32, address, &[], &[]), ["Nothing"], "{address}");
    }
    assert_eq!(
        meant(&x32, "/ch/01/config/color", &[s("rd")], &[]),
        ["/mixer/color/1 Int(1)"]
    );
    assert_eq!(
        meant(&x32, "/dca/8/on", &[I(0)], &[]),
        ["/mixer/dca/8/mute Int(1)"]
    );
    assert_eq!(meant(&x32, "/dca/08/on", &[I(0)], &[]), ["Pass"]);
}

#[test]
fn an_index_may_be_an_argument() {
    let ardour = mapping(
        r#"
[[map]]
device = "/strip/fader"
args = ["{n:1..64}", "f"]
gateway = "/mixer/fader/{n}"
"#,
    );
    assert_eq!(
        meant(&ardour, "/strip/fader", &[I(3), F(0.25)], &[]),
        ["/mixer/fader/3 Float(0.25)"]
    );
    assert_eq!(
        meant(&ardour, "/strip/fader", &[I(65), F(0.25)], &[]),
        ["Pass"]
    );
    assert_eq!(
        told(&ardour, "/mixer/fader/3", &[F(0.25)]),
        ["/strip/fader Int(3) Float(0.25)"]
    );
}

#[test]
fn one_message_is_split_and_joined() {
    let pad = mapping(
        r#"
[[map]]
device = "/xy{n:1..2}"
args = "ff"
gateway = ["/pad/{n}/x", "/pad/{n}/y"]
"#,
    );
    assert_eq!(
        meant(&pad, "/xy2", &[F(0.25), F(0.5)], &[]),
        ["/pad/2/x Float(0.25)", "/pad/2/y Float(0.5)"]
    );
    let stored = [("/pad/2/x", F(0.25)), ("/pad/2/y", F(0.5))];
    assert_eq!(
        told_beside(&pad, "/pad/2/y", &[F(0.5)], &stored),
        ["/xy2 Float(0.25) Float(0.5)"]
    );
    assert_eq!(
        told_beside(&pad, "/pad/2/y", &[F(0.5)], &stored[1..]),
        [""; 0]
    );
}

#[test]
fn toggles_and_encoders_become_values() {
    let surface = mapping(
        r#"
[[map]]
device = "/mute{n:1..4}/toggle"
gateway = "/mixer/mute/{n}"
args = "i"
toggle = true

[[map]]
device = "/enc{n:1..4}"
gateway = "/mixer/fader/{n}"
args = "f"
range = [-1.0, 1.0]
gateway_range = [0.0, 1.0]
relative = 0.1
"#,
    );
    let muted = [("/mixer/mute/2", I(1)), ("/mixer/fader/2", F(0.95))];
    assert_eq!(
        meant(&surface, "/mute2/toggle", &[I(1)], &muted),
        ["/mixer/mute/2 Int(0)"]
    );
    assert_eq!(
        meant(&surface, "/mute2/toggle", &[], &muted),
        ["/mixer/mute/2 Int(0)"]
    );
    assert_eq!(
        meant(&surface, "/mute2/toggle", &[I(0)], &muted),
        ["Nothing"]
    );
    assert_eq!(
        meant(&surface, "/mute3/toggle", &[I(1)], &muted),
        ["/mixer/mute/3 Int(1)"]
    );
    assert_eq!(
        meant(&surface, "/enc2", &[F(1.0)], &muted),
        ["/mixer/fader/2 Float(1.0)"]
    );
    assert_eq!(
        meant(&surface, "/enc3", &[F(1.0)], &muted),
        ["NoValue /mixer/fader/3"]
    );
}

#[test]
fn a_line_without_a_bank_is_told_in_every_bank() {
    let surface = mapping(
        r#"
[[bank]]
name = "page"
device = "/page"
args = "i"
numbers = "1..2"

[[map]]
device = "/fader{n:1..8}"
gateway = "/mixer/fader/{n+8*page-8}"
args = "f"

[[map]]
device = "/master"
gateway = "/mixer/main"
args = "f"
"#,
    );
    for (page, address, told) in [
        (1, "/mixer/main", "/master Float(0.5)"),
        (2, "/mixer/main", "/master Float(0.5)"),
        (1, "/mixer/fader/9", ""),
        (2, "/mixer/fader/9", "/fader1 Float(0.5)"),
    ] {
        let world = World {
            value: &|_| None,
            banks: &[page],
        };
        let bytes = message(address, &[F(0.5)]);
        let mut out = Vec::new();
        with_arguments(&bytes, |values| {
            for route in surface.routes(address) {
                route.write(values, &world, &mut out);
            }
        });
        let said = if out.is_empty() {
            String::new()
        } else {
            shown(&out)
        };
        assert_eq!(said, told, "{address} on page {page}");
    }
}

#[test]
fn a_question_at_its_own_address_says_by_arguments_what_it_is_about() {
    let live = mapping(
        r#"
[[map]]
device = "/live/track/set/volume"
args = ["{n:0..15}", "f"]
gateway = "/track/{n+1}/volume"
push = "/live/track/get/volume"
get = "/live/track/get/volume"
"#,
    );
    assert_eq!(
        meant(&live, "/live/track/set/volume", &[I(3), F(0.5)], &[]),
        ["/track/4/volume Float(0.5)"]
    );
    assert_eq!(
        meant(&live, "/live/track/get/volume", &[I(3)], &[]),
        ["Query /track/4/volume"]
    );
    assert_eq!(
        meant(&live, "/live/track/get/volume", &[I(16)], &[]),
        ["Pass"]
    );
    assert_eq!(
        told(&live, "/track/4/volume", &[F(0.5)]),
        ["/live/track/get/volume Int(3) Float(0.5)"]
    );
}

#[test]
fn a_value_may_stand_in_the_address() {
    let desk = load_mapping(
        "desk.toml",
        br#"
[mapping]
name = "Desk"
bare_address = "query"

[[map]]
device = "/chan/{n:1..8}/at/{level:0..100}"
gateway = "/light/{n}"
value = "level"
range = [0, 100]
"#,
        Files::NONE,
    )
    .unwrap();
    assert_eq!(
        meant(&desk, "/chan/3/at/50", &[], &[]),
        ["/light/3 Float(0.5)"]
    );
    assert_eq!(told(&desk, "/light/3", &[F(0.25)]), ["/chan/3/at/25"]);
    let plain = mapping(
        r#"
[[map]]
device = "/chan/{n:1..8}/at/{level:0..100}"
gateway = "/light/{n}"
value = "level"
"#,
    );
    assert_eq!(told(&plain, "/light/3", &[I(100)]), ["/chan/3/at/100"]);
    assert_eq!(told(&plain, "/light/3", &[I(101)]), [""; 0]);
}

#[test]
fn numbers_of_64_bits_come_back() {
    let both = mapping(
        r#"
[[map]]
device = "/frame"
gateway = "/time/frame"
args = "h"

[[map]]
device = "/gain"
gateway = "/gain"
args = "d"
range = [-60.0, 10.0]
"#,
    );
    assert_eq!(
        meant(&both, "/frame", &[Argument::Long(1 << 40)], &[]),
        ["/time/frame Long(1099511627776)"]
    );
    assert_eq!(told(&both, "/gain", &[F(1.0)]), ["/gain Double(10.0)"]);
}

#[test]
fn a_capture_alone_is_told_as_a_number() {
    let ardour = mapping(
        r#"
[[tell]]
when = "locked"
gateway = "/mixer/fader/{n:1..8}"
send = "/strip/fader/touch"
args = ["{n}", 1, "strip {n}", "{holder}"]
"#,
    );
    let told = Told {
        when: When::Locked,
        address: "/mixer/fader/3",
        holder: "alice",
        own: false,
        code: "",
        name: "",
        remaining: 30,
    };
    let (mut scratch, mut out) = (Vec::new(), Vec::new());
    for route in ardour.tellings(told) {
        assert!(route.tell(&told, &World::EMPTY, &mut scratch, &mut out));
    }
    assert_eq!(
        shown(&out),
        "/strip/fader/touch Int(3) Int(1) String(\"strip 3\") String(\"alice\")"
    );
}

#[test]
fn a_person_may_stand_in_an_address_with_a_number() {
    let browsers = mapping(
        r#"
[[map]]
device = "/as/{user:*}/fader_{n:1..8}"
gateway = "/mixer/fader/{n}"
args = "f"
"#,
    );
    assert_eq!(
        meant(&browsers, "/as/alice/fader_3", &[F(0.5)], &[]),
        ["/mixer/fader/3 Float(0.5) by alice"]
    );
    assert_eq!(
        meant(&browsers, "/as/alice/fader_9", &[F(0.5)], &[]),
        ["Pass"]
    );
    // It is the person's own: everybody is told by another line.
    assert_eq!(told(&browsers, "/mixer/fader/3", &[F(0.5)]), [""; 0]);
}
