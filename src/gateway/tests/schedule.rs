//! Bundles that wait for their time tag.

use super::*;
use crate::limits::SCHEDULED_PER_CLIENT_MAX;

/// What the wall clock says when the tests begin.
const NOON: u64 = 3_900_000_000 << 32;

/// Port 1 is a cue player whose bundles wait; everybody else's act on arrival.
fn bench() -> Bench {
    let player = ClientEntry {
        time_tags: TimeTags::Schedule,
        idle_timeout: None,
        ..entry("player", Source::Endpoint(local(1)))
    };
    let mut bench = Bench::with(show_of(vec![player], vec![]));
    bench.event(Event::WallClock { tag: NOON });
    bench
}

/// The time tag so many milliseconds after noon.
fn after(millis: u64) -> u64 {
    NOON + (millis << 32).div_ceil(1_000)
}

fn one(tag: u64, message: &str) -> Vec<u8> {
    bundle_of(tag, &[encode(message)])
}

#[test]
fn a_bundle_acts_at_its_time_tag_and_not_before() {
    let mut bench = bench();
    assert_eq!(bench.bytes(local(1), &one(after(500), "/a 1")), [""; 0]);
    assert_eq!(bench.ms(499), [""; 0]);
    assert_eq!(bench.ms(2), ["1 /a 1"]);
}

#[test]
fn past_and_immediate_ones_act_on_arrival_as_everybody_elses_do() {
    let mut bench = bench();
    for tag in [
        0,
        1,
        NOON - 1,
        NOON,
        2_000_000_000 << 32,
        NOON.wrapping_add(1 << 63),
    ] {
        assert_eq!(
            bench.bytes(local(1), &one(tag, "/a 1")),
            ["1 /a 1"],
            "{tag}"
        );
    }
    assert_eq!(bench.bytes(local(2), &one(after(500), "/a 2")), ["2 /a 2"]);
}

#[test]
fn before_the_wall_clock_is_known_they_act_on_arrival() {
    let mut bench = bench();
    bench.gateway.wall_clock = None;
    assert_eq!(bench.bytes(local(1), &one(after(500), "/a 1")), ["1 /a 1"]);
}

#[test]
fn one_too_far_ahead_is_refused_whole() {
    let mut bench = bench();
    assert_eq!(bench.bytes(local(1), &one(after(10_000), "/a 1")), [""; 0]);
    let far = bundle_of(1, &[encode("/b 1"), one(after(10_001), "/c 1")]);
    assert_eq!(
        bench.bytes(local(1), &far),
        ["1 /oscgate/status/denied /b BAD_TIME \"\" 0"]
    );
    assert_eq!(
        bench.bytes(local(1), &bundle_of(after(20_000), &[])),
        ["1 /oscgate/status/denied #bundle BAD_TIME \"\" 0"]
    );
    assert_eq!(bench.ms(20_000), ["1 /a 1"]);
}

#[test]
fn a_bundle_inside_acts_at_its_own_time_and_never_before_the_one_around_it() {
    let mut bench = bench();
    let nested = bundle_of(
        after(200),
        &[
            encode("/a 1"),
            one(after(400), "/b 1"),
            one(after(100), "/c 1"),
            encode("/d 1"),
        ],
    );
    bench.bytes(local(1), &nested);
    assert_eq!(bench.ms(201), ["1 /a 1", "1 /c 1", "1 /d 1"]);
    assert_eq!(bench.ms(200), ["1 /b 1"]);
}

#[test]
fn locks_are_judged_when_it_acts() {
    let mut bench = bench();
    bench.bytes(local(1), &one(after(500), "/a 1"));
    bench.send(2, "/oscgate/lock /a 7");
    assert_eq!(
        bench.ms(501),
        [
            "1 /oscgate/status/denied /a LOCK_HELD 127.0.0.1:2 29500",
            "1 /a 7"
        ]
    );
    let both = bundle_of(
        after(900),
        &[encode("/oscgate/atomic"), encode("/b 1"), encode("/a 1")],
    );
    bench.bytes(local(1), &both);
    assert_eq!(bench.ms(500).len(), 2);
    assert!(bench.send(2, "/oscgate/get /b")[0].contains("NOT_FOUND"));
}

#[test]
fn what_waits_goes_with_the_session() {
    let mut bench = bench();
    bench.bytes(local(1), &one(after(500), "/a 1"));
    bench.send(1, "/oscgate/bye");
    assert_eq!(bench.ms(1_000), [""; 0]);
    assert_eq!(bench.gateway.deadline(), None);
}

#[test]
fn only_so_many_wait_for_each_client() {
    let mut bench = bench();
    for n in 0..SCHEDULED_PER_CLIENT_MAX - 1 {
        assert_eq!(
            bench.bytes(local(1), &one(after(500), &format!("/a {n}"))),
            [""; 0]
        );
    }
    let two = bundle_of(after(500), &[encode("/b 1"), one(after(600), "/b 2")]);
    assert_eq!(
        bench.bytes(local(1), &two),
        ["1 /oscgate/status/denied /b LIMIT \"\" 0"]
    );
    assert_eq!(bench.bytes(local(1), &one(after(500), "/c 1")), [""; 0]);
    let heard = bench.ms(501);
    assert_eq!(heard.len(), SCHEDULED_PER_CLIENT_MAX);
    assert_eq!(
        (&*heard[0], &*heard[255]),
        ("1 /a 0", "1 /c 1"),
        "in the order of their coming"
    );
}

#[test]
fn only_so_many_bytes_wait() {
    let mut bench = bench();
    let blob = |n: usize| encode_message("/a", &[Argument::Blob(vec![0; n])]).unwrap();
    let big = bundle_of(after(500), &[blob(60_000)]);
    let taken = (0..20)
        .filter(|_| bench.bytes(local(1), &big).is_empty())
        .count();
    assert_eq!(taken, 17, "a MiB of them");
    bench.ms(600);
    assert_eq!(
        bench.bytes(local(1), &bundle_of(after(1_000), &[blob(60_000)])),
        [""; 0]
    );
}

#[test]
fn a_wall_clock_that_is_set_moves_nothing_that_waits() {
    let mut bench = bench();
    bench.bytes(local(1), &one(after(500), "/a 1"));
    bench.event(Event::WallClock {
        tag: NOON - (3_600 << 32),
    });
    assert_eq!(bench.ms(501), ["1 /a 1"]);
}
