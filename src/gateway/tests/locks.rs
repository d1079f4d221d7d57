//! Locks: taken, kept, released, told.

use super::*;

#[test]
fn a_write_comes_back_to_its_sender() {
    let mut bench = Bench::new();
    assert_eq!(bench.send(1, "/f 0.5"), ["1 /f 0.5"]);
}

#[test]
fn a_lock_with_a_write_takes_both_and_denies_others() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/hello alice");
    assert_eq!(
        bench.send(1, "/oscgate/lock /f 0.5"),
        ["1 /oscgate/status/locked /f alice 30000", "1 /f 0.5"]
    );
    assert_eq!(
        bench.send(2, "/f 0.9"),
        [
            "2 /oscgate/status/denied /f LOCK_HELD alice 30000",
            "2 /f 0.5"
        ]
    );
    assert_eq!(bench.send(1, "/f 0.6"), ["1 /f 0.6"]);
}

#[test]
fn a_lock_without_values_is_answered_each_time() {
    let mut bench = Bench::new();
    let locked = "1 /oscgate/status/locked /f 127.0.0.1:1 30000";
    let connected = "1 /oscgate/status/connected 127.0.0.1:1 127.0.0.1:1";
    assert_eq!(bench.send(1, "/oscgate/lock /f"), [connected, locked]);
    assert_eq!(bench.send(1, "/oscgate/lock /f"), [locked]);
    assert_eq!(
        bench.send(1, "/oscgate/meta /f"),
        ["1 /oscgate/status/meta /f T 127.0.0.1:1 30000 0h \"\""]
    );
}

#[test]
fn a_lock_runs_out_at_its_deadline_and_not_before() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f 0.5");
    assert_eq!(bench.ms(29_999), [""; 0]);
    assert!(bench.send(2, "/f 0.9")[0].contains("LOCK_HELD 127.0.0.1:1 1"));
    bench.ms(1);
    assert_eq!(bench.send(2, "/f 0.9"), ["2 /f 0.9"]);
}

#[test]
fn the_former_holder_is_told_that_its_lock_ran_out() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f 0.5");
    assert_eq!(
        bench.ms(30_000),
        ["1 /oscgate/status/unlocked /f 127.0.0.1:1 expired"]
    );
}

#[test]
fn writing_keeps_a_lock_and_pinging_does_not() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f 0.5");
    for _ in 0..400 {
        bench.ms(100);
        assert_eq!(bench.send(1, "/f 0.5"), ["1 /f 0.5"]);
    }
    for _ in 0..29 {
        bench.ms(1_000);
        bench.send(1, "/oscgate/ping");
        let heard = bench.send(2, "/f 0.9");
        assert!(heard[0].contains("LOCK_HELD"), "{heard:?}");
    }
    assert_eq!(
        bench.ms(1_000),
        ["1 /oscgate/status/unlocked /f 127.0.0.1:1 expired"]
    );
}

#[test]
fn a_release_with_a_write_does_both() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f 0.5");
    assert_eq!(
        bench.send(1, "/oscgate/unlock /f 0.7"),
        [
            "1 /f 0.7",
            "1 /oscgate/status/unlocked /f 127.0.0.1:1 released"
        ]
    );
    assert_eq!(bench.send(2, "/f 0.9"), ["2 /f 0.9"]);
}

#[test]
fn a_release_with_a_write_by_another_changes_nothing() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f 0.5");
    assert_eq!(
        bench.send(2, "/oscgate/unlock /f 0.9")[1..],
        [
            "2 /oscgate/status/denied /f LOCK_HELD 127.0.0.1:1 30000",
            "2 /f 0.5"
        ]
    );
    assert_eq!(
        bench.send(2, "/oscgate/unlock /f"),
        [
            "2 /oscgate/status/denied /f LOCK_HELD 127.0.0.1:1 30000",
            "2 /f 0.5"
        ]
    );
}

#[test]
fn releasing_a_free_address_is_answered_as_done() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/ping");
    let free = "1 /oscgate/status/unlocked /f \"\" released";
    assert_eq!(bench.send(1, "/oscgate/unlock /f"), [free]);
    assert_eq!(bench.send(1, "/oscgate/unlock /f"), [free]);
}

#[test]
fn a_pattern_cannot_be_locked() {
    let mut bench = Bench::new();
    bench.send(1, "/f/1 0.5");
    for request in ["lock", "unlock", "take"] {
        assert_eq!(
            bench.send(1, &format!("/oscgate/{request} /f/*")),
            ["1 /oscgate/status/denied /f/* BAD_ADDRESS \"\" 0"]
        );
    }
}

#[test]
fn leaving_releases() {
    let mut bench = Bench::new();
    bench.send(2, "/oscgate/subscribe /oscgate/status/*");
    bench.send(1, "/oscgate/lock /f 0.5");
    assert_eq!(
        bench.send(1, "/oscgate/bye 1"),
        [
            "2 /oscgate/status/unlocked /f 127.0.0.1:1 disconnected",
            "2 /oscgate/status/disconnected 127.0.0.1:1 127.0.0.1:1 bye",
        ]
    );
    assert_eq!(bench.send(2, "/f 0.9"), ["2 /f 0.9"]);
}

#[test]
fn heartbeat_silence_releases_after_ten_seconds() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f 0.5");
    bench.send(1, "/oscgate/ping");
    bench.ms(9_999);
    assert!(bench.send(2, "/f 0.9")[0].contains("LOCK_HELD"));
    bench.ms(1);
    assert_eq!(bench.send(2, "/f 0.9"), ["2 /f 0.9"]);
}

#[test]
fn idleness_releases_after_a_minute() {
    let mut show = Show::default();
    show.locks.timeout = Duration::from_secs(300);
    let mut bench = Bench::with(show);
    bench.send(1, "/oscgate/lock /f 0.5");
    bench.ms(59_999);
    assert!(bench.send(2, "/f 0.9")[0].contains("LOCK_HELD"));
    bench.ms(1);
    assert_eq!(bench.send(2, "/f 0.9"), ["2 /f 0.9"]);
}

#[test]
fn a_higher_priority_takes_and_an_equal_one_does_not() {
    let high = ClientEntry {
        priority: 5,
        ..entry("desk", Source::Endpoint(local(2)))
    };
    let mut bench = Bench::with(show_of(vec![high], vec![]));
    bench.send(1, "/oscgate/lock /f 0.5");
    assert!(bench.send(3, "/oscgate/take /f 0.1")[1].contains("LOCK_HELD"));
    assert_eq!(
        bench.send(2, "/oscgate/take /f 0.9"),
        [
            "2 /oscgate/status/connected desk 127.0.0.1:2",
            "2 /oscgate/status/locked /f desk 30000",
            "2 /f 0.9",
            "1 /oscgate/status/unlocked /f 127.0.0.1:1 taken",
        ]
    );
    assert!(bench.send(1, "/f 0.1")[0].contains("LOCK_HELD desk"));
}

#[test]
fn an_operator_releases_and_others_may_not() {
    let mut bench = Bench::new();
    let tablet = at([10, 0, 0, 1], 9);
    bench.send(1, "/oscgate/lock /f 0.5");
    assert_eq!(
        bench.send_from(tablet, "/oscgate/release /f")[1..],
        ["9 /oscgate/status/denied /f NOT_ALLOWED \"\" 0", "9 /f 0.5"]
    );
    bench.send(2, "/oscgate/ping");
    assert_eq!(
        bench.send(2, "/oscgate/release /f lunch"),
        [
            "1 /oscgate/status/unlocked /f 127.0.0.1:1 forced",
            "2 /oscgate/status/unlocked /f 127.0.0.1:1 forced",
        ]
    );
}

#[test]
fn whoever_moves_first_keeps_a_fader_whose_rule_is_write() {
    let write = AddressRule {
        lock: LockRule::Write,
        ..rule("/f")
    };
    let mut bench = Bench::with(show_of(vec![], vec![write]));
    assert_eq!(
        bench.send(1, "/f 0.5"),
        ["1 /oscgate/status/locked /f 127.0.0.1:1 1000", "1 /f 0.5"]
    );
    bench.ms(900);
    assert_eq!(bench.send(1, "/f 0.6"), ["1 /f 0.6"]);
    bench.ms(900);
    assert!(bench.send(2, "/f 0.9")[0].contains("LOCK_HELD 127.0.0.1:1 100"));
    bench.ms(100);
    assert!(bench.send(2, "/f 0.9").contains(&"2 /f 0.9".to_owned()));
    // A lock message makes it an ordinary lock.
    assert_eq!(
        bench.send(2, "/oscgate/lock /f"),
        ["2 /oscgate/status/locked /f 127.0.0.1:2 30000"]
    );
    bench.ms(29_000);
    assert!(bench.send(1, "/f 0.1")[0].contains("LOCK_HELD 127.0.0.1:2"));
}

#[test]
fn a_rule_may_require_a_lock_or_forbid_it() {
    let required = AddressRule {
        lock: LockRule::Required,
        ..rule("/r")
    };
    let never = AddressRule {
        lock: LockRule::Never,
        ..rule("/n")
    };
    let mut bench = Bench::with(show_of(vec![], vec![required, never]));
    assert!(bench.send(1, "/r 1")[0].contains("LOCK_REQUIRED"));
    assert!(bench.send(1, "/oscgate/unlock /r 1")[0].contains("LOCK_REQUIRED"));
    assert!(
        bench
            .send(1, "/oscgate/lock /r 1")
            .contains(&"1 /r 1".to_owned())
    );
    assert_eq!(bench.send(1, "/r 2"), ["1 /r 2"]);
    assert!(bench.send(1, "/oscgate/lock /n 1")[0].contains("NOT_ALLOWED"));
    assert_eq!(bench.send(1, "/n 1"), ["1 /n 1"]);
}

#[test]
fn a_lock_of_an_address_without_a_value_leaves_nothing_behind() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f");
    assert_eq!(bench.gateway.table.len(), 1);
    bench.send(1, "/oscgate/unlock /f");
    assert_eq!(bench.gateway.table.len(), 0);
    assert_eq!(bench.gateway.locks, 0);
}

#[test]
fn the_limit_on_locks_refuses_the_new_one() {
    let mut show = Show::default();
    show.limits.locks_per_client = 2;
    let mut bench = Bench::with(show);
    bench.send(1, "/oscgate/lock /a");
    bench.send(1, "/oscgate/lock /b");
    assert_eq!(
        bench.send(1, "/oscgate/lock /c 1"),
        ["1 /oscgate/status/denied /c LIMIT \"\" 0"]
    );
    assert!(bench.send(1, "/oscgate/lock /a")[0].contains("locked /a"));
}

#[test]
fn messages_of_a_bundle_act_in_order() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/ping");
    assert_eq!(
        bench.bundle(1, &["/oscgate/lock /f 0.5", "/f 0.6", "/oscgate/unlock /f"]),
        [
            "1 /oscgate/status/locked /f 127.0.0.1:1 30000",
            "1 /f 0.5",
            "1 /f 0.6",
            "1 /oscgate/status/unlocked /f 127.0.0.1:1 released",
        ]
    );
}
