//! Which line an address belongs to, what stands behind a bank, and what is never got past.

use super::*;

/// What is wrong with these tables.
fn faults(tables: &str) -> Vec<String> {
    let text = format!("[mapping]\nname = \"Test\"\n{tables}");
    let faults = load_mapping("test.toml", text.as_bytes(), Files::NONE).unwrap_err();
    faults.iter().map(|fault| fault.message.clone()).collect()
}

/// A mapping that includes others, by their names.
fn with_files(main: &str, others: &[(&str, &str)]) -> Mapping {
    let others: Vec<(String, Vec<u8>)> = others
        .iter()
        .map(|(name, tables)| {
            let text = format!("[mapping]\nname = \"Test\"\n{tables}");
            ((*name).to_owned(), text.into_bytes())
        })
        .collect();
    let read = |path: &str| {
        let named = |(name, _): &&(String, Vec<u8>)| path.ends_with(name);
        others
            .iter()
            .find(named)
            .map(|(_, bytes)| Ok(bytes.clone()))
    };
    let text = format!("[mapping]\nname = \"Test\"\n{main}");
    load_mapping("test.toml", text.as_bytes(), Files::new(&read, ""))
        .unwrap_or_else(|faults| panic!("{}", faults[0]))
}

#[test]
fn a_pattern_does_not_get_past_what_is_denied() {
    let mapping = mapping(
        r#"deny = ["/fader/8", "/x/clear"]
[[map]]
device = "/fader/{n:1..8}"
gateway = "/mixer/fader/{n}"
args = "f"
"#,
    );
    let stored = [
        ("/mixer/fader/7", Argument::Float(0.0)),
        ("/mixer/fader/8", Argument::Float(0.0)),
    ];
    let half = [Argument::Float(0.5)];
    assert_eq!(meant(&mapping, "/fader/[8]", &half, &stored), ["Denied"]);
    assert_eq!(
        meant(&mapping, "/fader/[78]", &half, &stored),
        ["/mixer/fader/7 Float(0.5)", "Denied"]
    );
    assert_eq!(meant(&mapping, "/x/cle?r", &half, &[]), ["Denied"]);
    assert_eq!(meant(&mapping, "/y/cle?r", &half, &[]), ["Pass"]);
}

#[test]
fn a_pattern_touches_what_has_a_value() {
    let mapping = mapping(
        r#"
[[touch]]
device = "/fader{n:1..8}/z"
gateway = "/mixer/fader/{n}"
"#,
    );
    let stored = [("/mixer/fader/7", Argument::Float(0.0))];
    assert_eq!(
        meant(&mapping, "/fader*/z", &[Argument::Float(1.0)], &stored),
        ["Touch { down: true } /mixer/fader/7"]
    );
}

#[test]
fn the_last_word_is_the_files_whichever_way_a_message_goes() {
    let desk = r#"
[[map]]
device = "/ch/{n:1..4}/fader"
gateway = "/mixer/fader/{n}"
args = "f"
"#;
    let own = r#"include = "desk.toml"
[[map]]
device = "/ch/4/fader"
gateway = "/talkback/level"
args = "f"
"#;
    let mapping = with_files(own, &[("desk.toml", desk)]);
    let half = [Argument::Float(0.5)];
    assert_eq!(
        meant(&mapping, "/ch/4/fader", &half, &[]),
        ["/talkback/level Float(0.5)"]
    );
    assert_eq!(told(&mapping, "/talkback/level", &half).len(), 1);
    assert_eq!(told(&mapping, "/mixer/fader/4", &half), [""; 0]);
    assert_eq!(told(&mapping, "/mixer/fader/3", &half).len(), 1);
    // One that includes that one again finds it as it is.
    let mapping = with_files(
        "include = \"own.toml\"\n",
        &[("own.toml", own), ("desk.toml", desk)],
    );
    assert_eq!(
        meant(&mapping, "/ch/4/fader", &half, &[]),
        ["/talkback/level Float(0.5)"]
    );
}

#[test]
fn two_lines_in_two_kinds_of_banks_may_both_hold() {
    let banks = r#"
[[bank]]
name = "page"
device = "/page"
args = "i"
numbers = "1..4"

[[bank]]
name = "layer"
device = "/layer"
args = "i"
numbers = "1..4"
"#;
    let line = |only: &str, gateway: &str| {
        format!(
            "\n[[map]]\ndevice = \"/r\"\ngateway = \"{gateway}\"\nargs = \"f\"\nonly = {only}\n"
        )
    };
    let rivals = [line("{ page = 1 }", "/one"), line("{ layer = 1 }", "/two")];
    assert_eq!(
        faults(&format!("{banks}{}", rivals.concat())),
        ["/r is claimed by this line and by the one at test.toml:16"]
    );
    let apart = [line("{ page = 1 }", "/one"), line("{ page = 2 }", "/two")];
    mapping(&format!("{banks}{}", apart.concat()));
}

#[test]
fn addresses_with_texts_are_claimed_too() {
    let lines = |second: &str, args: &str| {
        format!(
            r#"
[[map]]
device = "/cue/{{id:*}}/go"
gateway = "/one/{{id}}"
args = "f"

[[map]]
device = "/cue/{{name:*}}/{second}"
gateway = "/two/{{name}}"
args = "{args}"
"#
        )
    };
    assert_eq!(
        faults(&lines("go", "f")),
        ["these addresses are claimed by this line and by the one at test.toml:4"]
    );
    mapping(&lines("stop", "f"));
    // By the number of their arguments they are told apart.
    let by_arguments = mapping(&lines("go", "ff"));
    let two = [Argument::Float(0.25), Argument::Float(0.5)];
    assert_eq!(
        meant(&by_arguments, "/cue/7/go", &two, &[]),
        ["/two/7 Float(0.25) Float(0.5)"]
    );
}

#[test]
fn one_lines_question_is_not_anothers_value() {
    let mapping = mapping(
        r#"
[[map]]
device = "/set"
get = "/x"
gateway = "/one"
args = "f"

[[map]]
device = "/x"
gateway = "/two"
args = "f"
"#,
    );
    assert_eq!(meant(&mapping, "/x", &[], &[]), ["Query /one"]);
    assert_eq!(
        meant(&mapping, "/x", &[Argument::Float(0.5)], &[]),
        ["/two Float(0.5)"]
    );
}

#[test]
fn a_page_in_the_address_is_the_page_that_is_meant() {
    let mapping = mapping(
        r#"
[[bank]]
name = "page"
device = "/page"
args = "i"
numbers = "1..2"

[[map]]
device = "/p{page}/f{n:1..8}"
gateway = "/mixer/fader/{n+8*page-8}"
args = "f"

[[tell]]
when = "locked"
gateway = "/strip/{k:1..8+8*page-8}"
send = "/led{k}"
args = [1]
"#
        .replace("{k:1..8+8*page-8}", "{k+8*page-8}")
        .replace("/led{k}", "/led{k:1..8}")
        .as_str(),
    );
    let half = [Argument::Float(0.5)];
    assert_eq!(
        meant(&mapping, "/p2/f1", &half, &[]),
        ["/mixer/fader/9 Float(0.5)"]
    );
    assert_eq!(
        meant(&mapping, "/p1/f1", &half, &[]),
        ["/mixer/fader/1 Float(0.5)"]
    );
    // Lamps are those of the page that is shown.
    let lit = |address: &str| {
        let told = Told {
            when: When::Locked,
            address,
            holder: "",
            own: false,
            code: "",
            name: "",
            remaining: 0,
        };
        let (mut scratch, mut out) = (Vec::new(), Vec::new());
        let mut routes = mapping.tellings(told);
        routes.any(|route| route.tell(&told, &World::EMPTY, &mut scratch, &mut out))
    };
    assert!(lit("/strip/1"));
    assert!(!lit("/strip/9"));
}

#[test]
fn moves_and_turns_have_the_gateways_type_and_travel() {
    let mapping = mapping(
        r#"
[[map]]
device = "/enc"
gateway = "/gain"
args = "d"
relative = 0.1

[[map]]
device = "/turn"
gateway = "/level"
args = "f"
gateway_range = [0.0, 100.0]
toggle = true
"#,
    );
    let stored = [
        ("/gain", Argument::Double(0.5)),
        ("/level", Argument::Float(100.0)),
    ];
    assert_eq!(
        meant(&mapping, "/enc", &[Argument::Double(1.0)], &stored),
        ["/gain Double(0.6)"]
    );
    assert_eq!(
        meant(
            &mapping,
            "/enc",
            &[Argument::String("loud".into())],
            &stored
        ),
        ["Unfit(Type) /gain"]
    );
    let press = [Argument::Float(1.0)];
    assert_eq!(
        meant(&mapping, "/turn", &press, &stored),
        ["/level Float(0.0)"]
    );
    assert_eq!(
        meant(&mapping, "/turn", &press, &[]),
        ["/level Float(100.0)"]
    );
}

#[test]
fn the_end_of_a_travel_is_not_outside_of_it() {
    let mapping = mapping(
        r#"
[[map]]
device = "/r"
gateway = "/r"
args = "f"
range = [0.0, 0.3]
outside = "refuse"
"#,
    );
    assert_eq!(
        meant(&mapping, "/r", &[Argument::Float(0.3)], &[]),
        ["/r Float(1.0)"]
    );
    assert_eq!(
        meant(&mapping, "/r", &[Argument::Float(0.300_001)], &[]),
        ["Unfit(Range) /r"]
    );
}

#[test]
fn a_text_of_an_argument_is_a_part_of_an_address_or_nothing() {
    let mapping = mapping(
        r#"
[[map]]
device = "/cue"
gateway = "/cue/{id}/level"
args = ["{id:*}", "f"]
"#,
    );
    let cue = |id: Argument| meant(&mapping, "/cue", &[id, Argument::Float(0.5)], &[]);
    assert_eq!(cue(Argument::Int(12)), ["/cue/12/level Float(0.5)"]);
    assert_eq!(
        cue(Argument::String("intro".into())),
        ["/cue/intro/level Float(0.5)"]
    );
    assert_eq!(cue(Argument::String("*".into())), ["Unfit(Type)"]);
    assert_eq!(cue(Argument::String("a b".into())), ["Unfit(Type)"]);
}

#[test]
fn a_press_without_declared_arguments_has_one_edge() {
    let mapping = mapping(
        r#"
[[map]]
device = "/go"
gateway = "/cue/go"
event = "press"
"#,
    );
    assert_eq!(
        meant(&mapping, "/go", &[Argument::Float(0.0)], &[]),
        ["Nothing"]
    );
    assert_eq!(
        meant(&mapping, "/go", &[Argument::Float(1.0)], &[]),
        ["event /cue/go"]
    );
    assert_eq!(meant(&mapping, "/go", &[], &[]), ["event /cue/go"]);
}

#[test]
fn a_press_may_be_several_events() {
    let mapping = mapping(
        r#"
[[map]]
device = "/go"
gateway = ["/a", "/b"]
args = "ff"
event = "press"
direction = "in"
"#,
    );
    let press = [Argument::Float(1.0), Argument::Float(1.0)];
    assert_eq!(
        meant(&mapping, "/go", &press, &[]),
        ["event /a", "event /b"]
    );
    assert_eq!(meant(&mapping, "/go", &[], &[]), ["event /a", "event /b"]);
}

#[test]
fn what_cannot_be_told_back_is_a_fault() {
    assert_eq!(
        faults(
            "\n[[map]]\ndevice = \"/f/{n:1..8}\"\npush = \"/meter\"\n\
             gateway = \"/mixer/fader/{n}\"\nargs = \"f\"\n"
        ),
        ["nothing in `push` tells which \"n\" is meant"]
    );
    assert_eq!(
        faults("\n[[map]]\ndevice = \"/y\"\ngateway = [\"/same\", \"/same\"]\nargs = \"ff\"\n"),
        ["one address stands here twice"]
    );
}
