//! Bundles that are all-or-nothing.

use super::*;

const ATOMIC: &str = "/oscgate/atomic";

/// Port 1 has written `/a` and `/b` and holds the lock of `/b`; port 2 has spoken.
fn contested() -> Bench {
    let mut bench = Bench::new();
    bench.send(1, "/a 1");
    bench.send(1, "/oscgate/lock /b 2");
    bench.send(2, "/c 3");
    bench
}

fn meta(bench: &mut Bench, address: &str) -> String {
    let heard = bench.send(9, &format!("/oscgate/meta {address}"));
    let meta = |line: &String| line.starts_with("9 /oscgate/status/meta");
    heard.into_iter().find(meta).expect("it is always answered")
}

#[test]
fn a_bundle_of_which_nothing_is_refused_acts_in_order() {
    let mut bench = contested();
    let heard = bench.bundle(
        2,
        &[ATOMIC, "/oscgate/lock /a 5", "/c 6", "/oscgate/unlock /a"],
    );
    assert_eq!(
        heard,
        [
            "2 /oscgate/status/locked /a 127.0.0.1:2 30000",
            "2 /a 5",
            "2 /c 6",
            "2 /oscgate/status/unlocked /a 127.0.0.1:2 released",
        ]
    );
}

#[test]
fn one_refusal_and_nothing_of_it_acts() {
    let mut bench = contested();
    bench.send(3, "/oscgate/subscribe //* /oscgate/status/*");
    let heard = bench.bundle(2, &[ATOMIC, "/oscgate/lock /a 5", "/b 6", "/c 7", "/new 8"]);
    let denied = "/oscgate/status/denied /b LOCK_HELD 127.0.0.1:1 30000";
    assert_eq!(
        heard,
        [
            format!("2 {denied}"),
            "2 /a 1".into(),
            "2 /b 2".into(),
            "2 /c 3".into(),
            format!("3 {denied}"),
        ]
    );
    assert!(meta(&mut bench, "/a").ends_with("/a F \"\" 0 1h 127.0.0.1:1 1"));
    assert!(meta(&mut bench, "/new").ends_with("/new F \"\" 0 0h \"\""));
}

#[test]
fn its_denial_is_never_throttled_and_begins_no_stream() {
    let mut bench = contested();
    for _ in 0..3 {
        let heard = bench.bundle(2, &[ATOMIC, "/b 6"]);
        assert_eq!(heard.len(), 2, "{heard:?}");
    }
    assert_eq!(bench.ms(1_000), [""; 0]);
}

#[test]
fn each_message_is_judged_as_if_those_before_it_had_acted() {
    let mut bench = contested();
    for good in [
        &["/oscgate/set_if /n 0h 1", "/oscgate/set_if /n 1h 2"][..],
        &["/new 1", "/oscgate/get /new"],
        &["/oscgate/call 1 /x 1", "/oscgate/call 2 /oscgate/get /x"],
        &[
            "/oscgate/as anna /oscgate/lock /y",
            "/oscgate/as anna /oscgate/unlock /y",
            "/y 1",
        ],
    ] {
        let all: Vec<&str> = [ATOMIC].iter().chain(good).copied().collect();
        let heard = bench.bundle(2, &all);
        assert!(
            heard
                .iter()
                .all(|line| !line.contains("denied") && !line.contains("error")),
            "{good:?}: {heard:?}"
        );
    }
    for bad in [
        &["/oscgate/set_if /n 2h 1", "/oscgate/set_if /n 2h 2"][..],
        &["/oscgate/as anna /oscgate/lock /z", "/z 1"],
        &["/oscgate/lock /q", "/oscgate/unlock /q", "/oscgate/get /q"],
    ] {
        let all: Vec<&str> = [ATOMIC].iter().chain(bad).copied().collect();
        let heard = bench.bundle(2, &all);
        assert!(
            heard
                .iter()
                .any(|line| line.contains("denied") || line.contains("error")),
            "{bad:?}: {heard:?}"
        );
    }
    assert!(
        meta(&mut bench, "/n").contains(" 2h "),
        "the second set_if was refused"
    );
    assert!(meta(&mut bench, "/z").ends_with("/z F \"\" 0 0h \"\""));
}

#[test]
fn limits_count_what_the_bundle_itself_takes() {
    let mut show = Show::default();
    show.limits.locks_per_client = 2;
    show.limits.addresses = 3;
    show.limits.subscriptions_per_client = 2;
    let mut bench = Bench::with(show);
    let refused = |heard: Vec<String>| heard.iter().any(|line| line.contains("LIMIT"));
    assert!(refused(bench.bundle(
        1,
        &[
            ATOMIC,
            "/oscgate/lock /a",
            "/oscgate/lock /b",
            "/oscgate/lock /c"
        ]
    )));
    assert!(refused(
        bench.bundle(1, &[ATOMIC, "/a 1", "/b 1", "/c 1", "/d 1"])
    ));
    assert!(refused(bench.bundle(
        1,
        &[ATOMIC, "/oscgate/subscribe /a /b", "/oscgate/subscribe /c"]
    )));
    let swap = [
        ATOMIC,
        "/oscgate/subscribe /a /b",
        "/oscgate/unsubscribe",
        "/oscgate/subscribe /c /d",
    ];
    assert_eq!(bench.bundle(1, &swap), [""; 0]);
    let one_after_the_other = [
        ATOMIC,
        "/oscgate/lock /a",
        "/oscgate/unlock /a",
        "/oscgate/lock /b",
        "/oscgate/lock /c",
        "/d 1",
    ];
    assert!(!refused(bench.bundle(1, &one_after_the_other)));
    assert_eq!(bench.gateway.locks, 2);
}

#[test]
fn a_pattern_in_it_is_refused_by_its_first_refused_address() {
    let mut bench = contested();
    let heard = bench.bundle(2, &[ATOMIC, "/? 9"]);
    assert_eq!(
        heard,
        [
            "2 /oscgate/status/denied /b LOCK_HELD 127.0.0.1:1 30000",
            "2 /a 1",
            "2 /b 2",
            "2 /c 3"
        ]
    );
    bench.send(1, "/oscgate/unlock /b");
    assert_eq!(bench.bundle(2, &[ATOMIC, "/d 4", "/? 9"]).len(), 5);
    assert!(
        meta(&mut bench, "/d").ends_with(" 9"),
        "the pattern meets what the bundle made"
    );
}

#[test]
fn calls_in_a_refused_bundle_are_answered_with_the_refusal_and_not_done_later() {
    let mut bench = contested();
    let bundle = [
        ATOMIC,
        "/oscgate/call 1 /oscgate/lock /a",
        "/oscgate/call 2 /oscgate/lock /b 7",
    ];
    let replies = [
        "2 /b 2",
        "2 /oscgate/reply 1 LOCK_HELD 127.0.0.1:1 30000",
        "2 /oscgate/reply 2 LOCK_HELD 127.0.0.1:1 30000",
    ];
    assert_eq!(bench.bundle(2, &bundle), replies);
    bench.send(1, "/oscgate/unlock /b");
    // Sent again after a lost reply: the same answers, and nothing done.
    assert_eq!(bench.bundle(2, &bundle), replies[1..]);
    assert_eq!(bench.gateway.locks, 0);
    let mixed = [
        ATOMIC,
        "/oscgate/call 2 /oscgate/lock /b 7",
        "/a 8",
        "/oscgate/call 3 /a 9",
    ];
    assert_eq!(
        bench.bundle(2, &mixed),
        [
            "2 /a 1",
            "2 /oscgate/reply 2 LOCK_HELD 127.0.0.1:1 30000",
            "2 /oscgate/reply 3 LOCK_HELD 127.0.0.1:1 30000"
        ]
    );
    let again = [ATOMIC, "/oscgate/call 4 /a 9", "/oscgate/call 4 /a 9"];
    let heard = bench.bundle(2, &again);
    assert_eq!(
        heard,
        ["2 /oscgate/reply 4 OK 2h", "2 /oscgate/reply 4 OK 2h"]
    );
}

#[test]
fn requests_that_are_refused_are_named_too() {
    let mut bench = contested();
    for (bad, said) in [
        ("/oscgate/nonsense", "/oscgate/nonsense UNKNOWN_REQUEST"),
        ("/oscgate/hello x", "/oscgate/hello BAD_ARGUMENTS"),
        ("/oscgate/bye", "/oscgate/bye BAD_ARGUMENTS"),
        ("/oscgate/atomic", "/oscgate/atomic UNKNOWN_REQUEST"),
        ("/oscgate/get /nothing", "/oscgate/get NOT_FOUND"),
        ("/oscgate/as a/b /x", "/oscgate/as BAD_ARGUMENTS"),
        ("/oscgate/call x", "/oscgate/call BAD_ARGUMENTS"),
    ] {
        let heard = bench.bundle(2, &[ATOMIC, "/c 9", bad]);
        assert!(
            heard[0].starts_with(&format!("2 /oscgate/status/error {said}")),
            "{heard:?}"
        );
        assert_eq!(heard[1..], ["2 /c 3"]);
    }
}

#[test]
fn a_bundle_inside_is_part_of_it_and_one_may_stand_inside_another() {
    let mut bench = contested();
    let inner = bundle_of(7, &[encode(ATOMIC), encode("/b 5")]);
    let bytes = bundle_of(1, &[encode(ATOMIC), encode("/a 5"), inner.clone()]);
    assert_eq!(bench.bytes(local(2), &bytes)[1..], ["2 /a 1", "2 /b 2"]);
    let bytes = bundle_of(1, &[encode("/a 5"), inner, encode("/c 6")]);
    assert_eq!(
        bench.bytes(local(2), &bytes),
        [
            "2 /a 5",
            "2 /oscgate/status/denied /b LOCK_HELD 127.0.0.1:1 30000",
            "2 /b 2",
            "2 /c 6"
        ]
    );
}

#[test]
fn the_mark_is_a_request_nobody_knows_anywhere_else() {
    let mut bench = contested();
    let unknown =
        "2 /oscgate/status/error /oscgate/atomic UNKNOWN_REQUEST there is no such request";
    assert_eq!(bench.send(2, ATOMIC), [unknown]);
    assert_eq!(
        bench.bundle(2, &["/c 4", ATOMIC, "/b 5"])[..2],
        ["2 /c 4", unknown]
    );
    // With arguments it is no mark.
    assert_eq!(
        bench.bundle(2, &["/oscgate/atomic 1", "/c 5"])[1..],
        ["2 /c 5"]
    );
}

#[test]
fn a_call_too_old_to_be_remembered_is_stale_in_it_too() {
    let mut bench = contested();
    bench.send(2, "/oscgate/call 100 /oscgate/ping");
    let heard = bench.bundle(2, &[ATOMIC, "/b 6", "/oscgate/call 4 /a 9"]);
    assert!(
        heard[2].starts_with("2 /oscgate/reply 4 STALE"),
        "{heard:?}"
    );
}

#[test]
fn a_pattern_that_matches_nothing_refuses_no_bundle() {
    let mut bench = contested();
    assert_eq!(
        bench.bundle(2, &[ATOMIC, "/nothing/* 1", "/c 4"]),
        ["2 /c 4"]
    );
}
