//! Clients that speak a dialect: translated both ways, under the same locks.

use std::sync::Arc;

use super::*;
use crate::config::{Files, load_mapping};
use crate::mapping::Mapping;

const X32: &str = r#"
bare_address = "query"
echo = "never"
[serves]
follow = [{ on = "/xremote", lease = "10s" }]
answer = [{ on = "/xinfo", args = ["{ip}", "{gateway}"] }]
[[map]]
device = "/ch/{n:01..32}/mix/fader"
gateway = "/mixer/fader/{n}"
args = "f"
steps = 1024
[[map]]
device = "/ch/{n:01..32}/mix/on"
gateway = "/mixer/mute/{n}"
args = "i"
invert = true
"#;

const TABLET: &str = r#"
[serves]
sync = ["/1"]
[[map]]
device = "/1/fader{n:1..8}"
gateway = "/mixer/fader/{n}"
args = "f"
range = [0.0, 1.0]
[[touch]]
device = "/1/fader{n:1..8}/z"
gateway = "/mixer/fader/{n}"
[[tell]]
when = "denied"
gateway = "/mixer/fader/{n}"
send = "/1/label{n}"
args = ["{holder}"]
[[tell]]
when = ["locked", "unlocked"]
gateway = "/mixer/fader/{n}"
send = "/1/led{n}"
args = ["{holder}"]
"#;

pub(super) fn mapping(text: &str) -> Arc<Mapping> {
    let text = format!("[mapping]\nname = \"Test\"\n{text}");
    let mapping = load_mapping("test.toml", text.as_bytes(), Files::NONE);
    Arc::new(mapping.unwrap_or_else(|faults| panic!("{}", faults[0])))
}

/// A client of its own IP, that follows all faders and mutes.
pub(super) fn speaker(name: &str, ip: u8, text: &str) -> ClientEntry {
    let mapping = mapping(text);
    ClientEntry {
        echo: mapping.about.echo.unwrap_or_default(),
        follow: vec!["/mixer//*".to_owned()],
        mapping: Some(mapping),
        ..entry(name, Source::Ip([10, 0, 0, ip].into()))
    }
}

fn x32(name: &str, ip: u8) -> ClientEntry {
    ClientEntry {
        follow: Vec::new(),
        ..speaker(name, ip, X32)
    }
}

/// Ports tell the clients apart.
const DESK: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)),
    1,
);
pub(super) const TABLET_A: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2)),
    2,
);
pub(super) const TABLET_B: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 3)),
    3,
);

fn rig() -> Bench {
    let clients = vec![
        x32("desk", 1),
        speaker("tablet-a", 2, TABLET),
        speaker("tablet-b", 3, TABLET),
    ];
    let mut bench = Bench::with(show_of(clients, Vec::new()));
    for from in [DESK, TABLET_A, TABLET_B] {
        bench.bytes(from, &bundle_of(1, &[]));
    }
    bench
}

#[test]
fn one_fader_has_one_value_whatever_each_calls_it() {
    let mut bench = rig();
    bench.send_from(DESK, "/xremote");
    assert_eq!(
        bench.send_from(TABLET_A, "/1/fader3 0.5"),
        [
            "2 /1/fader3 0.5",
            "1 /ch/03/mix/fader 0.50048876",
            "3 /1/fader3 0.5"
        ]
    );
    // A native of this dialect expects no echo.
    assert_eq!(
        bench.send_from(DESK, "/ch/03/mix/fader 0.25"),
        ["2 /1/fader3 0.25", "3 /1/fader3 0.25"]
    );
    assert_eq!(
        bench.send_from(DESK, "/ch/03/mix/fader"),
        ["1 /ch/03/mix/fader 0.25024438"]
    );
    assert_eq!(bench.send_from(DESK, "/ch/09/mix/fader"), [""; 0]);
    assert_eq!(
        bench.send(9, "/mixer/mute/3 1"),
        [
            "9 /mixer/mute/3 1",
            "1 /ch/03/mix/on 0",
            "2 /mixer/mute/3 1",
            "3 /mixer/mute/3 1",
        ]
    );
}

#[test]
fn a_lease_ends_unless_it_is_renewed() {
    let mut bench = rig();
    bench.send_from(DESK, "/xremote");
    bench.ms(9_000);
    bench.send_from(DESK, "/xremote");
    bench.ms(9_000);
    let told = |heard: Vec<String>| heard.iter().any(|line| line.starts_with("1 "));
    assert!(told(bench.send_from(TABLET_A, "/1/fader3 0.5")));
    bench.ms(999);
    assert!(told(bench.send_from(TABLET_A, "/1/fader3 0.6")));
    bench.ms(2);
    assert!(!told(bench.send_from(TABLET_A, "/1/fader3 0.7")));
}

#[test]
fn an_answer_says_who_we_are() {
    let mut bench = rig();
    assert_eq!(bench.send_from(DESK, "/xinfo"), ["1 /xinfo \"\" oscgate"]);
}

#[test]
fn a_finger_takes_the_lock_and_letting_go_releases_it() {
    let mut bench = rig();
    bench.send_from(TABLET_B, "/1/fader3 0.1");
    assert_eq!(
        bench.send_from(TABLET_A, "/1/fader3/z 1.0"),
        ["2 /1/led3 tablet-a", "3 /1/led3 tablet-a"]
    );
    // Nothing is sent to a fader under a finger.
    assert_eq!(
        bench.send_from(TABLET_A, "/1/fader3 0.5"),
        ["3 /1/fader3 0.5"]
    );
    assert_eq!(
        bench.send_from(TABLET_B, "/1/fader3 0.9"),
        ["3 /1/label3 tablet-a", "3 /1/fader3 0.5"]
    );
    bench.ms(1_000);
    assert_eq!(
        bench.send_from(TABLET_A, "/1/fader3/z 0.0"),
        ["2 /1/led3 \"\"", "2 /1/fader3 0.5", "3 /1/led3 \"\""]
    );
    assert_eq!(bench.send_from(TABLET_B, "/1/fader3 0.9").len(), 2);
}

#[test]
fn a_finger_that_rests_takes_the_lock_again_with_its_next_move() {
    let mut bench = rig();
    bench.send_from(TABLET_A, "/1/fader3/z 1.0");
    bench.send_from(TABLET_A, "/1/fader3 0.5");
    let ran_out = bench.ms(40_000);
    assert_eq!(ran_out, ["2 /1/led3 \"\"", "3 /1/led3 \"\""]);
    assert_eq!(
        bench.send_from(TABLET_A, "/1/fader3 0.6"),
        [
            "2 /1/led3 tablet-a",
            "3 /1/led3 tablet-a",
            "3 /1/fader3 0.6"
        ]
    );
    assert_eq!(
        bench.send_from(TABLET_B, "/1/fader3 0.9")[0],
        "3 /1/label3 tablet-a"
    );
}

#[test]
fn a_finger_whose_going_was_lost_does_not_keep_its_fader_from_the_truth() {
    let mut bench = rig();
    bench.send_from(TABLET_A, "/1/fader3/z 1.0");
    bench.send_from(TABLET_A, "/1/fader3 0.5");
    bench.ms(40_000);
    bench.send_from(TABLET_A, "/1/fader3 0.6");
    bench.ms(31_000);
    assert_eq!(
        bench.send_from(TABLET_B, "/1/fader3 0.9"),
        ["3 /1/fader3 0.9"]
    );
    // The tablet goes on with other faders.
    for _ in 0..18 {
        bench.send_from(TABLET_A, "/1/fader5 0.5");
        assert_eq!(bench.ms(30_000), [""; 0]);
    }
    bench.send_from(TABLET_A, "/1/fader5 0.6");
    assert_eq!(bench.ms(28_000), [""; 0]);
    assert_eq!(bench.ms(2_000), ["2 /1/fader3 0.9"]);
}

#[test]
fn a_finger_goes_with_its_session_and_what_was_kept_back_is_sent() {
    let mut bench = rig();
    bench.send_from(TABLET_A, "/1/fader3/z 1.0");
    bench.ms(40_000);
    assert_eq!(
        bench.send_from(TABLET_B, "/1/fader3 0.9"),
        ["3 /1/fader3 0.9"]
    );
    assert_eq!(bench.ms(20_001), ["2 /1/fader3 0.9"]);
}

#[test]
fn a_short_hold_ends_in_time_beside_a_long_one() {
    let map = r#"
[[map]]
device = "/slow{n:1..4}"
gateway = "/mixer/fader/{n}"
hold = "5s"

[[map]]
device = "/quick{n:1..4}"
gateway = "/mixer/pan/{n}"
hold = "300ms"
"#;
    let mut bench = Bench::with(show_of(vec![speaker("motor", 2, map)], Vec::new()));
    bench.send_from(TABLET_A, "/slow1 0.1");
    bench.send_from(TABLET_A, "/quick1 0.2");
    assert_eq!(bench.ms(310), ["2 /quick1 0.2"]);
    assert_eq!(bench.ms(5_000), ["2 /slow1 0.1"]);
}

#[test]
fn who_touches_what_another_holds_is_put_right_when_the_finger_goes() {
    let mut bench = rig();
    bench.send_from(TABLET_A, "/1/fader3/z 1.0");
    bench.send_from(TABLET_A, "/1/fader3 0.5");
    assert_eq!(
        bench.send_from(TABLET_B, "/1/fader3/z 1.0"),
        ["3 /1/label3 tablet-a"]
    );
    assert_eq!(
        bench.send_from(TABLET_B, "/1/fader3 0.9"),
        ["3 /1/label3 tablet-a"]
    );
    assert_eq!(
        bench.send_from(TABLET_B, "/1/fader3/z 0.0"),
        ["3 /1/fader3 0.5"]
    );
}

#[test]
fn a_page_that_is_opened_is_sent_what_is_true() {
    let mut bench = rig();
    bench.send(9, "/mixer/fader/1 0.25");
    bench.send(9, "/mixer/fader/2 0.75");
    let mut shown = bench.send_from(TABLET_A, "/1 1.0");
    shown.extend(bench.ms(1_000));
    assert_eq!(
        shown,
        [
            "2 /1/fader1 0.25",
            "2 /1/led1 \"\"",
            "2 /1/fader2 0.75",
            "2 /1/led2 \"\""
        ]
    );
}

#[test]
fn moving_is_a_touch_where_the_mapping_says_so() {
    let moving = r#"
[[map]]
device = "/fader{n:1..4}"
gateway = "/mixer/fader/{n}"
args = "f"
hold = "300ms"
"#;
    let clients = vec![speaker("motor", 2, moving), speaker("tablet-b", 3, TABLET)];
    let mut bench = Bench::with(show_of(clients, Vec::new()));
    bench.bytes(TABLET_B, &bundle_of(1, &[]));
    assert_eq!(
        bench.send_from(TABLET_A, "/fader1 0.5"),
        ["3 /1/led1 motor", "3 /1/fader1 0.5"]
    );
    bench.ms(200);
    assert_eq!(
        bench.send_from(TABLET_A, "/fader1 0.6"),
        ["3 /1/fader1 0.6"]
    );
    assert_eq!(
        bench.send_from(TABLET_B, "/1/fader1 0.9")[0],
        "3 /1/label1 motor"
    );
    bench.ms(200);
    assert_eq!(
        bench.send_from(TABLET_B, "/1/fader1 0.9")[0],
        "3 /1/label1 motor"
    );
    let still = bench.ms(101);
    assert_eq!(still, ["2 /fader1 0.6", "3 /1/led1 \"\""]);
}

#[test]
fn what_a_device_rounds_is_still_a_reflection() {
    let coarse = r#"
[[map]]
device = "/fader{n:1..4}"
gateway = "/mixer/fader/{n}"
args = "f"
steps = 256
"#;
    let clients = vec![speaker("qlc", 2, coarse), speaker("tablet-b", 3, TABLET)];
    let mut bench = Bench::with(show_of(clients, Vec::new()));
    bench.bytes(TABLET_A, &bundle_of(1, &[]));
    let heard = bench.send_from(TABLET_B, "/1/fader1 0.3");
    assert!(
        heard.contains(&"2 /fader1 0.3019608".to_owned()),
        "{heard:?}"
    );
    bench.ms(20);
    assert_eq!(bench.send_from(TABLET_A, "/fader1 0.29803923"), [""; 0]);
    assert_eq!(bench.send_from(TABLET_A, "/fader1 0.5").len(), 2);
}

#[test]
fn a_device_that_loses_what_comes_fast_is_sent_the_newest_in_its_own_time() {
    let slow = r#"
spacing = "20ms"
[[map]]
device = "/fader{n:1..4}"
gateway = "/mixer/fader/{n}"
args = "f"
range = [0.0, 1.0]
"#;
    let clients = vec![speaker("slow", 2, slow)];
    let mut bench = Bench::with(show_of(clients, Vec::new()));
    bench.bytes(TABLET_A, &bundle_of(1, &[]));
    let only = |heard: Vec<String>| -> Vec<String> {
        heard
            .into_iter()
            .filter(|line| line.starts_with("2 "))
            .collect()
    };
    assert_eq!(only(bench.send(9, "/mixer/fader/1 0.1")), ["2 /fader1 0.1"]);
    for value in ["0.2", "0.3", "0.4"] {
        assert_eq!(
            only(bench.send(9, &format!("/mixer/fader/1 {value}"))),
            [""; 0]
        );
    }
    assert_eq!(only(bench.send(9, "/mixer/fader/2 0.5")), [""; 0]);
    assert_eq!(bench.ms(20), ["2 /fader1 0.4"]);
    assert_eq!(bench.ms(20), ["2 /fader2 0.5"]);
    assert_eq!(bench.ms(20), [""; 0]);
    assert_eq!(only(bench.send(9, "/mixer/fader/1 0.6")), ["2 /fader1 0.6"]);
}

#[test]
fn an_atomic_bundle_may_be_said_in_a_dialect() {
    let mut bench = rig();
    bench.send(9, "/oscgate/lock /mixer/fader/2 0.9");
    let heard = bench.bundle_from(
        TABLET_A,
        &["/oscgate/atomic", "/1/fader1 0.5", "/1/fader2 0.5"],
    );
    assert!(heard.contains(&"2 /1/fader2 0.9".to_owned()), "{heard:?}");
    assert!(
        !heard.iter().any(|line| line.contains("fader1")),
        "{heard:?}"
    );
    bench.send(9, "/oscgate/unlock /mixer/fader/2");
    let heard = bench.bundle_from(
        TABLET_A,
        &["/oscgate/atomic", "/1/fader1 0.5", "/1/fader2 0.5"],
    );
    assert!(heard.contains(&"3 /1/fader1 0.5".to_owned()), "{heard:?}");
    assert!(heard.contains(&"3 /1/fader2 0.5".to_owned()), "{heard:?}");
}

#[test]
fn a_root_keeps_two_consoles_apart() {
    let text = format!("[mapping]\nname = \"Test\"\n{X32}");
    let toml = r#"
[[client]]
name = "mon"
source = "10.0.0.2"
mapping = "desk.toml"
root = "/mon"
follow = ["/mon//*"]
"#;
    let read = |path: &str| (path == "desk.toml").then(|| Ok(text.clone().into_bytes()));
    let show =
        crate::config::load_show_bytes("show.toml", toml.as_bytes(), &[], Files::new(&read, ""));
    let mut bench = Bench::with(show.unwrap());
    bench.send(9, "/oscgate/subscribe //*");
    assert_eq!(
        bench.send_from(TABLET_A, "/ch/01/mix/fader 0.5"),
        ["9 /mon/mixer/fader/1 0.5"]
    );
    assert_eq!(bench.send_from(TABLET_A, "/eq/1 0.5"), ["9 /mon/eq/1 0.5"]);
    assert_eq!(
        bench.send(9, "/mon/eq/1 0.75"),
        ["9 /mon/eq/1 0.75", "2 /eq/1 0.75"]
    );
    assert_eq!(
        bench.send(9, "/mon/mixer/fader/2 0.0")[1..],
        ["2 /ch/02/mix/fader 0.0"]
    );
}

#[test]
fn a_client_may_name_the_port_that_it_hears_on() {
    let text = TABLET.replace(
        "sync = [\"/1\"]",
        "sync = [\"/1\"]\nregister = [{ on = \"/port\", port = 1 }]",
    );
    let clients = vec![
        speaker("tablet-a", 2, &text),
        speaker("tablet-b", 3, TABLET),
    ];
    let mut bench = Bench::with(show_of(clients, Vec::new()));
    bench.send_from(TABLET_B, "/1/fader1 0.25");
    assert_eq!(bench.send_from(TABLET_A, "/port 9001"), [""; 0]);
    assert_eq!(
        bench.send_from(TABLET_A, "/1/fader1 0.5")[0],
        "9001 /1/fader1 0.5"
    );
    // A finger that was down stays down wherever it is told.
    bench.send_from(TABLET_A, "/1/fader1/z 1.0");
    bench.send_from(TABLET_A, "/port 9002");
    let heard = bench.send_from(TABLET_A, "/1/fader1 0.5");
    assert!(
        !heard.iter().any(|line| line.contains("2 /1/fader1")),
        "{heard:?}"
    );
    bench.send_from(TABLET_A, "/port 9001");
    bench.send_from(TABLET_A, "/1/fader1/z 0.0");
    // The gateway's own port is no place for it, and nor is one that there is not.
    bench.send_from(TABLET_A, "/port 70000");
    assert_eq!(
        bench.send_from(TABLET_A, "/1/fader1 0.6")[0],
        "9001 /1/fader1 0.6"
    );
}

#[test]
fn a_reload_changes_the_dialect_and_keeps_values_and_locks() {
    let mut bench = rig();
    bench.send_from(DESK, "/xremote");
    bench.send_from(TABLET_A, "/1/fader3/z 1.0");
    bench.send_from(TABLET_A, "/1/fader3 0.5");
    let other = TABLET.replace("/1/fader", "/2/slider");
    let without = X32.replace("/mixer/fader/{n}", "/desk/{n}");
    let clients = vec![
        ClientEntry {
            follow: Vec::new(),
            ..speaker("desk", 1, &without)
        },
        speaker("tablet-a", 2, &other),
        speaker("tablet-b", 3, TABLET),
    ];
    bench.event(Event::Show(Box::new(show_of(clients, Vec::new()))));
    // Still held, by whatever name, though no line of the desk speaks of it any more.
    assert_eq!(
        bench.send_from(TABLET_B, "/1/fader3 0.9"),
        ["3 /1/label3 tablet-a", "3 /1/fader3 0.5"]
    );
    assert_eq!(
        bench.send_from(TABLET_A, "/2/slider3 0.6"),
        ["3 /1/fader3 0.6"]
    );
    // What the desk follows for a time it follows in the new words.
    let heard = bench.send(9, "/desk/4 0.5");
    assert!(
        heard.contains(&"1 /ch/04/mix/fader 0.50048876".to_owned()),
        "{heard:?}"
    );
}

#[test]
fn a_finger_that_no_line_would_lift_any_more_is_lifted_by_the_reload() {
    let mut bench = rig();
    bench.send_from(TABLET_A, "/1/fader3/z 1.0");
    bench.send_from(TABLET_A, "/1/fader3 0.5");
    let without = TABLET.replace("[[touch]]", "[[tell]]").replace(
        "device = \"/1/fader{n:1..8}/z\"",
        "send = \"/1/z{n}\"\nwhen = \"denied\"",
    );
    let clients = vec![
        speaker("tablet-a", 2, &without),
        speaker("tablet-b", 3, TABLET),
    ];
    bench.event(Event::Show(Box::new(show_of(clients, Vec::new()))));
    let heard = bench.send_from(TABLET_A, "/1/fader3 0.6");
    assert!(heard.contains(&"2 /1/fader3 0.6".to_owned()), "{heard:?}");
}

#[test]
fn what_is_followed_by_a_name_that_no_line_knows_is_followed_as_it_is() {
    let text = X32.replace(
        "follow = [{ on = \"/xremote\", lease = \"10s\" }]",
        "follow = [{ on = \"/subscribe\", lease = \"10s\", named = true }]",
    );
    let clients = vec![ClientEntry {
        follow: Vec::new(),
        ..speaker("desk", 1, &text)
    }];
    let mut bench = Bench::with(show_of(clients, Vec::new()));
    bench.send(9, "/oscgate/subscribe //*");
    assert_eq!(bench.send_from(DESK, "/subscribe /-stat/solo 20"), [""; 0]);
    bench.send_from(DESK, "/subscribe /ch/02/mix/on 20");
    assert_eq!(
        bench.send(9, "/-stat/solo 1"),
        ["9 /-stat/solo 1", "1 /-stat/solo 1"]
    );
    assert_eq!(bench.send(9, "/mixer/mute/2 1")[1..], ["1 /ch/02/mix/on 0"]);
    assert_eq!(bench.send(9, "/mixer/mute/3 1").len(), 1);
}

#[test]
fn another_bank_is_sent_from_its_start_though_one_is_being_sent() {
    let banked = r#"
[[bank]]
name = "page"
device = "/page"
numbers = "1..2"
[[map]]
device = "/f/{n:01..99}"
gateway = "/mixer/fader/{n+99*page-99}"
args = "f"
range = [0.0, 1.0]
"#;
    let clients = vec![speaker("surface", 2, banked)];
    let mut bench = Bench::with(show_of(clients, Vec::new()));
    for n in 1..=198 {
        bench.send(9, &format!("/mixer/fader/{n} 0.5"));
    }
    bench.bytes(TABLET_A, &bundle_of(1, &[]));
    let mut shown = bench.send_from(TABLET_A, "/page 2");
    shown.extend(bench.ms(10));
    shown.extend(bench.send_from(TABLET_A, "/page 1"));
    shown.clear();
    shown.extend(bench.ms(1_000));
    shown.sort();
    shown.dedup();
    assert!(shown.contains(&"2 /f/99 0.5".to_owned()));
    assert!(shown.len() >= 90, "{}", shown.len());
}
