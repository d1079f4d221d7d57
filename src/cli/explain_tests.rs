//! What `explain` says of a show, word for word.

use super::*;
use crate::config::{Files, load_show_bytes};

const SHOW: &str = r#"
[[client]]
name = "desk"
source = "127.0.0.1"
mapping = "./desk.toml"
root = "/mon"

[[client]]
name = "pads"
source = "127.0.0.2"
mapping = "./pads.toml"
"#;

const DESK: &str = r#"
[mapping]
name = "Desk"

[[bank]]
name = "page"
device = "/page"
args = "i"
numbers = "1..2"

[[map]]
device = "/fader/{n:1..8}"
gateway = "/mixer/fader/{n}"
args = "f"
range = [0.0, 100.0]
outside = "refuse"

[[map]]
device = "/color/{n:1..2}"
gateway = "/mixer/color/{n}"
args = "i"
names = ["OFF", "RED"]

[[map]]
device = "/xy"
gateway = ["/mixer/x", "/mixer/y"]
args = "ff"
"#;

const PADS: &str = r#"
[mapping]
name = "Pads"
prefix = "/pads"
query_suffix = "/?"
unmapped = "drop"

[serves]
follow = [{ on = "/xremote", lease = "10s" }]

[[map]]
device = "/f/{n:1..8}"
gateway = "/mon/mixer/fader/{n}"
args = "f"
"#;

/// What is said of a message of a client, or, `to`, to one.
fn explained(client: &str, to: bool, address: &str, values: &[Argument]) -> Vec<String> {
    let read = |path: &str| match path {
        "./desk.toml" => Some(Ok(DESK.as_bytes().to_vec())),
        "./pads.toml" => Some(Ok(PADS.as_bytes().to_vec())),
        _ => None,
    };
    let show = load_show_bytes("show.toml", SHOW.as_bytes(), &[], Files::new(&read, "")).unwrap();
    let stage = Stage {
        file: "show.toml".to_owned(),
        show: &show,
    };
    let name = client.to_owned();
    let asked = Explanation {
        show: "show.toml".into(),
        way: if to { Way::To(name) } else { Way::From(name) },
        address: address.to_owned(),
        values: values.to_vec(),
    };
    let bytes = encode_message(address, values).unwrap();
    let at = stage.client(client).unwrap();
    let text = if to {
        stage.to(at, &asked, &bytes)
    } else {
        stage.from(at, &asked, &bytes)
    };
    text.lines()
        .skip(1)
        .map(|line| line.trim().to_owned())
        .collect()
}

fn from(client: &str, address: &str, value: Argument) -> Vec<String> {
    explained(client, false, address, &[value])
}

fn to(client: &str, address: &str, value: Argument) -> Vec<String> {
    explained(client, true, address, &[value])
}

const F: fn(f32) -> Argument = Argument::Float;
const I: fn(i32) -> Argument = Argument::Int;

#[test]
fn a_value_outside_of_its_line_is_not_called_a_type() {
    for (address, value, said) in [
        (
            "/fader/3",
            F(200.0),
            "denied: 200.0 is outside of the range of the line",
        ),
        (
            "/color/1",
            I(7),
            "denied: 7 is none of the names or numbers of the line",
        ),
        (
            "/page",
            I(3),
            "denied: 3 is none of the numbers of bank page",
        ),
        (
            "/fader/3",
            Argument::String("loud".to_owned()),
            "denied: the arguments ,s are not what the line speaks of",
        ),
    ] {
        assert_eq!(from("desk", address, value)[1], said, "{address}");
    }
}

#[test]
fn a_pattern_says_what_it_names_and_why_nothing_comes_of_it() {
    assert_eq!(
        from("desk", "/fader/*", F(50.0)),
        [
            "it names 8 addresses of desk.toml: /fader/1, /fader/2, /fader/3, /fader/4, …",
            PATTERN
        ]
    );
    assert_eq!(
        from("desk", "/fader/[3]", F(50.0)),
        ["it names one address of desk.toml: /fader/3", PATTERN]
    );
    assert_eq!(
        from("desk", "/nothing/*", F(50.0)),
        [
            "no line of desk.toml speaks of it: it passes as it is",
            "writes /mon/nothing/* 50.0",
            PATTERN
        ]
    );
    // A suffix with a character of patterns is a question.
    let asked = explained("pads", false, "/pads/f/3/?", &[]);
    assert_eq!(
        asked[1],
        "it asks for /mon/mixer/fader/3: it is sent the stored value"
    );
}

#[test]
fn who_follows_in_a_dialect_with_a_prefix_is_told() {
    let said = from("desk", "/fader/3", F(50.0));
    let told = "pads (show.toml:8) is sent /pads/f/3 0.5".to_owned();
    assert!(said.contains(&told), "{said:?}");
    let said = to("pads", "/mon/mixer/fader/3", F(0.5));
    assert_eq!(
        said[1..],
        [
            "it is sent /pads/f/3 0.5",
            "it follows once it says /pads/xremote"
        ]
    );
}

#[test]
fn nothing_is_made_up_for_a_joined_message() {
    let said = to("desk", "/mon/mixer/x", F(0.5));
    assert!(
        said[1].starts_with("it is sent this together with"),
        "{said:?}"
    );
}

#[test]
fn what_no_line_speaks_of_passes_below_the_root_or_is_dropped() {
    for (client, address, said) in [
        (
            "desk",
            "/mon/none",
            "no line of desk.toml speaks of it: it is sent /none 0.5",
        ),
        (
            "desk",
            "/none",
            "no line of desk.toml speaks of it: dropped",
        ),
        (
            "pads",
            "/mon/none",
            "no line of pads.toml speaks of it: dropped",
        ),
    ] {
        assert_eq!(to(client, address, F(0.5))[0], said, "{client} {address}");
    }
}
