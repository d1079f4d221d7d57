//! Surfaces with pages, joined values and fingers: what each control is told, and when.

use super::native::{TABLET_A, TABLET_B, speaker};
use super::*;

const PAGED: &str = r#"
[serves]
sync = ["/sync"]
[[bank]]
name = "page"
device = "/page"
args = "i"
numbers = "1..4"
[[map]]
device = "/fader{n:1..8}"
gateway = "/mixer/fader/{n+8*page-8}"
args = "f"
[[touch]]
device = "/fader{n:1..8}/z"
gateway = "/mixer/fader/{n+8*page-8}"
[[map]]
device = "/rotary{n:1..8}"
gateway = "/mixer/pan/{n}"
args = "f"
only = { page = 1 }
[[touch]]
device = "/rotary{n:1..8}/z"
gateway = "/mixer/pan/{n}"
only = { page = 1 }
[[tell]]
when = "locked"
gateway = "/mixer/fader/{n+8*page-8}"
send = "/holder{n:1..8}"
args = ["{holder}"]
[[tell]]
when = "unlocked"
gateway = "/mixer/fader/{n+8*page-8}"
send = "/holder{n:1..8}"
args = [""]
"#;

fn paged() -> Bench {
    Bench::with(show_of(vec![speaker("pages", 2, PAGED)], Vec::new()))
}

#[test]
fn a_finger_is_gone_where_it_was_whatever_page_is_shown_by_then() {
    let mut bench = paged();
    bench.send_from(TABLET_A, "/fader1/z 1.0");
    bench.send_from(TABLET_A, "/rotary1/z 1.0");
    bench.send_from(TABLET_A, "/page 2");
    bench.send_from(TABLET_A, "/fader1/z 0.0");
    bench.send_from(TABLET_A, "/rotary1/z 0.0");
    for (address, after) in [("/mixer/fader/1", "0.7"), ("/mixer/pan/1", "0.2")] {
        let write = format!("{address} {after}");
        assert_eq!(bench.send(9, &write)[0], format!("9 {write}"));
    }
    // No release became a value.
    bench.send_from(TABLET_A, "/page 1");
    assert_eq!(bench.send(9, "/rotary1/z"), ["9 /rotary1/z"]);
    assert_eq!(
        bench.send(9, "/mixer/fader/1 0.8"),
        ["9 /mixer/fader/1 0.8", "2 /fader1 0.8"]
    );
}

#[test]
fn a_page_that_is_shown_again_says_who_holds() {
    let mut bench = paged();
    bench.send(9, "/mixer/fader/1 0.5");
    bench.send(9, "/mixer/fader/9 0.6");
    bench.send(9, "/oscgate/lock /mixer/fader/9");
    let mut shown = bench.send_from(TABLET_A, "/page 2");
    shown.extend(bench.ms(100));
    assert_eq!(shown, ["2 /fader1 0.6", "2 /holder1 127.0.0.1:9"]);
    let mut shown = bench.send_from(TABLET_A, "/page 1");
    shown.extend(bench.ms(100));
    assert_eq!(shown, ["2 /fader1 0.5", "2 /holder1 \"\""]);
}

const JOINED: &str = r#"
bare_address = "query"
[[map]]
device = "/xy"
gateway = ["/mixer/pad/x", "/mixer/pad/y"]
args = "ff"
[[map]]
device = "/on"
gateway = "/mixer/mute/1"
args = "i"
[[map]]
device = "/go"
gateway = "/mixer/go"
direction = "in"
args = "f"
[[touch]]
device = "/xy/touch"
gateway = ["/mixer/pad/x", "/mixer/pad/y"]
"#;

fn joined() -> Bench {
    let clients = vec![speaker("one", 2, JOINED), speaker("two", 3, JOINED)];
    let mut bench = Bench::with(show_of(clients, Vec::new()));
    for from in [TABLET_A, TABLET_B] {
        bench.bytes(from, &bundle_of(1, &[]));
    }
    bench
}

#[test]
fn values_that_one_message_joins_are_told_once_and_known_when_they_come_back() {
    let mut bench = joined();
    bench.send_from(TABLET_A, "/xy 0.1 0.1");
    let told = bench.send_from(TABLET_A, "/xy 0.9 0.8");
    assert_eq!(told, ["2 /xy 0.9 0.8", "3 /xy 0.9 0.8"]);
    bench.ms(50);
    // The other device says again what it was sent.
    assert_eq!(bench.send_from(TABLET_B, "/xy 0.9 0.8"), [""; 0]);
}

#[test]
fn a_switch_that_comes_back_in_another_type_is_a_reflection() {
    let mut bench = joined();
    bench.send(9, "/oscgate/lock /mixer/mute/1");
    assert_eq!(bench.send(9, "/mixer/mute/1 1.0").len(), 3);
    bench.ms(50);
    assert_eq!(bench.send_from(TABLET_A, "/on 1"), [""; 0]);
    assert!(!bench.send_from(TABLET_A, "/on 0").is_empty());
}

#[test]
fn what_a_device_only_says_it_is_not_told() {
    let mut bench = joined();
    assert_eq!(bench.send(9, "/mixer/go 1.0"), ["9 /mixer/go 1.0"]);
}

#[test]
fn who_asks_under_a_finger_is_answered() {
    let mut bench = joined();
    bench.send_from(TABLET_A, "/xy 0.1 0.2");
    bench.send_from(TABLET_A, "/xy/touch 1");
    assert!(
        bench
            .send_from(TABLET_A, "/xy")
            .contains(&"2 /xy 0.1 0.2".to_owned())
    );
}

const STRIPS: &str = r#"
[[map]]
device = "/strip/fader"
args = ["{n:1..4}", "f"]
gateway = "/mixer/fader/{n}"
[[touch]]
device = "/strip/fader/touch"
args = ["{n:1..4}", "i"]
gateway = "/mixer/fader/{n}"
"#;

#[test]
fn a_finger_that_goes_leaves_the_others_of_its_address() {
    let clients = vec![speaker("strips", 2, STRIPS), speaker("other", 3, STRIPS)];
    let mut bench = Bench::with(show_of(clients, Vec::new()));
    for n in 1..=2 {
        bench.send_from(TABLET_A, &format!("/strip/fader/touch {n} 1"));
        bench.send_from(TABLET_A, &format!("/strip/fader {n} 0.5"));
    }
    bench.send_from(TABLET_A, "/strip/fader/touch 2 0");
    assert_eq!(
        bench.send_from(TABLET_B, "/strip/fader 1 0.9"),
        ["3 /strip/fader 1 0.5"]
    );
    assert_eq!(
        bench.send_from(TABLET_B, "/strip/fader 2 0.9"),
        ["3 /strip/fader 2 0.9", "2 /strip/fader 2 0.9"]
    );
}

#[test]
fn a_message_of_its_own_is_kept_beside_one_that_joins() {
    let both = format!(
        "{JOINED}[[map]]\ndevice = \"/x\"\nargs = \"f\"\ngateway = \"/mixer/pad/x\"\n\
         direction = \"out\"\n\
         [[map]]\ndevice = \"/y\"\nargs = \"f\"\ngateway = \"/mixer/pad/y\"\ndirection = \"out\"\n"
    );
    let clients = vec![speaker("one", 2, &both), speaker("two", 3, JOINED)];
    let mut bench = Bench::with(show_of(clients, Vec::new()));
    bench.bytes(TABLET_A, &bundle_of(1, &[]));
    bench.send_from(TABLET_B, "/xy 0.1 0.1");
    let mut told = bench.send_from(TABLET_B, "/xy 0.9 0.8");
    told.retain(|line| line.starts_with("2 "));
    told.sort_unstable();
    assert_eq!(told, ["2 /x 0.9", "2 /xy 0.9 0.8", "2 /y 0.8"]);
}
