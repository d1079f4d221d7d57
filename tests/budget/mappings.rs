//! Clients that speak a dialect: translated in and out, under touch, thinned and denied.

use oscgate::config::{Files, load_show_bytes};

use super::*;

/// A tablet (HAND), a desk (OTHER) and a motor fader bank, each in its own words.
const SHOW: &str = r#"
[sessions]
silence_timeout = "never"
idle_timeout = "never"
[locks]
timeout = "100h"
[[client]]
name = "tablet"
source = "127.0.0.1:5001"
mapping = "tablet.toml"
follow = ["/mixer//*"]
[[client]]
name = "desk"
source = "127.0.0.1:5002"
mapping = "desk.toml"
follow = ["/mixer//*"]
[[client]]
name = "motors"
source = "127.0.0.1:5003"
mapping = "motors.toml"
follow = ["/mixer//*"]
"#;

const TABLET: &str = r#"
[mapping]
name = "Tablet"
[[map]]
device = "/1/fader{n:1..8}"
gateway = "/mixer/fader/{n}"
args = "f"
steps = 1024
[[map]]
device = "/1/xy{n:1..8}"
gateway = ["/mixer/pan/{n}", "/mixer/depth/{n}"]
args = "ff"
[[map]]
device = "/1/mute{n:1..8}"
gateway = "/mixer/mute/{n}"
args = "i"
toggle = true
[[touch]]
device = "/1/fader{n:1..8}/z"
gateway = "/mixer/fader/{n}"
[[tell]]
when = "denied"
gateway = "/mixer/fader/{n}"
send = "/1/label{n}"
args = ["{holder}"]
"#;

const DESK: &str = r#"
[mapping]
name = "Desk"
bare_address = "query"
[[map]]
device = "/fader"
args = ["{n:1..8}", "f"]
gateway = "/mixer/fader/{n}"
curve = "fader"
minus_infinity = -144.0
"#;

const MOTORS: &str = r#"
[mapping]
name = "Motors"
spacing = "20ms"
bare_address = "query"
[[map]]
device = "/motor/{n:01..08}"
args = "i"
range = [0, 1023]
gateway = "/mixer/fader/{n}"
hold = "300ms"
"#;

const MOTOR_PORT: u16 = 5_003;

fn stage() -> Stage {
    let read = |path: &str| {
        let text = match path {
            "tablet.toml" => TABLET,
            "desk.toml" => DESK,
            "motors.toml" => MOTORS,
            _ => return None,
        };
        Some(Ok(text.as_bytes().to_vec()))
    };
    let files = Files::new(&read, "");
    let show = load_show_bytes("show.toml", SHOW.as_bytes(), &[], files);
    let mut stage = Stage::of(show.expect("a good show"));
    stage.warm_up = WARM_UP_OF_SENT;
    // Whoever has spoken is told the way it spoke.
    for port in [HAND, OTHER, MOTOR_PORT] {
        stage.prepare(port, "/oscgate/ping", &[]);
    }
    stage
}

#[test]
fn a_mapped_write_to_mapped_followers_allocates_nothing() {
    let mut stage = stage();
    let moves: Vec<Vec<u8>> = (0..100_u8)
        .map(|n| message("/1/fader3", &[Argument::Float(f32::from(n) / 100.0)]))
        .collect();
    let mut next = 0;
    let measured = stage.measure(|stage| {
        stage.send(HAND, &moves[next]);
        next = (next + 1) % moves.len();
    });
    assert_eq!(measured.allocations, 0);
    // The echo and the desk each time, the motors every twenty milliseconds.
    assert_eq!(measured.sent, REPETITIONS * 2 + REPETITIONS / 20);
}

#[test]
fn a_mapped_write_with_its_index_as_an_argument_allocates_nothing() {
    let mut stage = stage();
    let write = message("/fader", &[Argument::Int(3), Argument::Float(-10.0)]);
    assert_eq!(
        stage.measure(|stage| stage.send(OTHER, &write)).allocations,
        0
    );
}

#[test]
fn a_message_that_is_split_and_joined_allocates_nothing() {
    let mut stage = stage();
    let write = message("/1/xy3", &[Argument::Float(0.5), Argument::Float(0.25)]);
    stage.warm_up *= 3;
    assert_eq!(
        stage.measure(|stage| stage.send(HAND, &write)).allocations,
        0
    );
}

#[test]
fn a_toggle_allocates_nothing() {
    let mut stage = stage();
    let press = message("/1/mute3", &[Argument::Int(1)]);
    assert_eq!(
        stage.measure(|stage| stage.send(HAND, &press)).allocations,
        0
    );
}

#[test]
fn a_question_in_a_dialect_allocates_nothing() {
    let mut stage = stage();
    stage.prepare(HAND, "/1/fader3", &[Argument::Float(0.5)]);
    let question = message("/motor/03", &[]);
    stage.allocates_nothing(1, |stage| {
        stage.pass(Duration::from_millis(20));
        stage.send(MOTOR_PORT, &question);
    });
}

#[test]
fn a_fader_under_a_finger_allocates_nothing() {
    let mut stage = stage();
    stage.prepare(HAND, "/1/fader3/z", &[Argument::Float(1.0)]);
    let write = message("/1/fader3", &[Argument::Float(0.5)]);
    assert_eq!(
        stage.measure(|stage| stage.send(HAND, &write)).allocations,
        0
    );
}

#[test]
fn a_finger_that_comes_and_goes_allocates_nothing() {
    let mut stage = stage();
    stage.prepare(HAND, "/1/fader3", &[Argument::Float(0.5)]);
    let down = message("/1/fader3/z", &[Argument::Float(1.0)]);
    let up = message("/1/fader3/z", &[Argument::Float(0.0)]);
    let measured = stage.measure(|stage| {
        stage.send(HAND, &down);
        stage.send(HAND, &up);
    });
    assert_eq!(measured.allocations, 0);
}

#[test]
fn a_motor_that_moves_by_itself_allocates_nothing() {
    let mut stage = stage();
    let write = message("/motor/03", &[Argument::Int(500)]);
    assert_eq!(
        stage
            .measure(|stage| stage.send(MOTOR_PORT, &write))
            .allocations,
        0
    );
}
