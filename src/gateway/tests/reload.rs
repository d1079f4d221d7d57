//! A new show: what stays, what ends.

use super::*;

fn reload(bench: &mut Bench, show: Show) -> Vec<String> {
    bench
        .gateway
        .handle(bench.now, Event::Show(Box::new(show)), &mut bench.out);
    bench.heard()
}

#[test]
fn sessions_values_and_locks_stay() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f 0.5");
    bench.send(2, "/oscgate/subscribe /f");
    assert_eq!(reload(&mut bench, Show::default()), [""; 0]);
    assert_eq!(bench.send(1, "/f 0.6"), ["1 /f 0.6", "2 /f 0.6"]);
    assert!(bench.send(2, "/f 0.1")[0].contains("LOCK_HELD"));
}

#[test]
fn a_lock_whose_rule_is_now_never_is_withdrawn() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f 0.5");
    let never = AddressRule {
        lock: LockRule::Never,
        ..rule("/f")
    };
    assert_eq!(
        reload(&mut bench, show_of(vec![], vec![never])),
        ["1 /oscgate/status/unlocked /f 127.0.0.1:1 withdrawn"]
    );
}

#[test]
fn a_client_whose_entry_appeared_is_renamed_and_keeps_its_locks() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f 0.5");
    reload(
        &mut bench,
        show_of(
            vec![entry("desk", Source::Ip([127, 0, 0, 1].into()))],
            vec![],
        ),
    );
    assert!(bench.send_from(at([10, 0, 0, 1], 1), "/f 1")[0].contains("LOCK_HELD desk"));
    assert_eq!(
        bench.send(2, "/f 0.7"),
        ["2 /f 0.7"],
        "any port of that IP is the desk now"
    );
}

#[test]
fn where_two_sessions_match_an_entry_both_end() {
    let mut bench = Bench::new();
    bench.send(9, "/oscgate/subscribe /oscgate/status/disconnected");
    let (a, b) = (at([10, 0, 0, 1], 1), at([10, 0, 0, 1], 2));
    bench.send_from(a, "/oscgate/lock /f 1");
    bench.send_from(b, "/g 1");
    let heard = reload(
        &mut bench,
        show_of(vec![entry("desk", Source::Ip(a.ip()))], vec![]),
    );
    assert_eq!(
        heard
            .iter()
            .filter(|line| line.ends_with("replaced"))
            .count(),
        2
    );
    assert_eq!(bench.send(1, "/f 2"), ["1 /f 2"]);
}

#[test]
fn a_client_whose_entry_went_or_moved_ends() {
    let desk = || entry("desk", Source::Endpoint(local(1)));
    let mut bench = Bench::with(show_of(vec![desk()], vec![]));
    bench.send(1, "/oscgate/lock /f 1");
    reload(&mut bench, show_of(vec![desk()], vec![]));
    assert!(bench.send(2, "/f 2")[0].contains("LOCK_HELD desk"));
    reload(&mut bench, Show::default());
    assert_eq!(bench.send(2, "/f 2"), ["2 /f 2"]);
}

#[test]
fn configured_subscriptions_are_those_of_the_new_show() {
    let follower = |follow: &str| ClientEntry {
        follow: vec![follow.to_owned()],
        ..entry("screen", Source::Endpoint(local(7)))
    };
    let mut bench = Bench::with(show_of(vec![follower("/a")], vec![]));
    assert_eq!(bench.send(1, "/a 1").len(), 2);
    reload(&mut bench, show_of(vec![follower("/b")], vec![]));
    assert_eq!(bench.send(1, "/a 1"), ["1 /a 1"]);
    assert_eq!(bench.send(1, "/b 1"), ["1 /b 1", "7 /b 1"]);
}

#[test]
fn a_new_timeout_holds_from_the_next_renewal() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f 1");
    let mut show = Show::default();
    show.locks.timeout = Duration::from_secs(5);
    reload(&mut bench, show);
    bench.ms(6_000);
    assert!(bench.send(2, "/f 2")[0].contains("LOCK_HELD"));
    bench.send(1, "/f 3");
    bench.ms(4_999);
    assert!(bench.send(2, "/f 2")[0].contains("LOCK_HELD"));
    bench.ms(1);
    assert!(bench.send(2, "/f 2").contains(&"2 /f 2".to_owned()));
}

/// A screen that follows all status messages on a port of its own, and never speaks.
fn screen() -> ClientEntry {
    ClientEntry {
        follow: vec!["/oscgate/status/*".to_owned()],
        ..entry("screen", Source::Endpoint(at([10, 0, 0, 99], 9000)))
    }
}

#[test]
fn who_is_configured_to_follow_is_told_of_all_that_a_reload_ends() {
    let mut bench = Bench::with(show_of(vec![screen()], vec![]));
    let (a, b) = (at([10, 0, 0, 1], 1), at([10, 0, 0, 1], 2));
    bench.send_from(a, "/oscgate/lock /f 1");
    bench.send_from(b, "/g 1");
    bench.send(3, "/oscgate/hello desk");
    bench.send(3, "/oscgate/lock /h");
    let desk = entry("desk", Source::Ip([10, 0, 0, 1].into()));
    let mut heard = reload(&mut bench, show_of(vec![screen(), desk], vec![]));
    heard.sort();
    assert_eq!(
        heard,
        [
            "9000 /oscgate/status/disconnected 10.0.0.1:1 10.0.0.1:1 replaced",
            "9000 /oscgate/status/disconnected 10.0.0.1:2 10.0.0.1:2 replaced",
            "9000 /oscgate/status/disconnected desk 127.0.0.1:3 replaced",
            "9000 /oscgate/status/unlocked /f 10.0.0.1:1 disconnected",
            "9000 /oscgate/status/unlocked /h desk disconnected",
        ]
    );
}

#[test]
fn who_takes_the_name_of_an_entry_that_appears_makes_way_for_it() {
    let mut bench = Bench::with(show_of(vec![screen()], vec![]));
    let desk = at([10, 0, 0, 1], 1);
    bench.send_from(desk, "/f 1");
    bench.send(3, "/oscgate/hello desk");
    let entry = entry("desk", Source::Endpoint(desk));
    assert_eq!(
        reload(&mut bench, show_of(vec![screen(), entry], vec![])),
        [
            "9000 /oscgate/status/disconnected desk 127.0.0.1:3 replaced",
            "9000 /oscgate/status/connected desk 10.0.0.1:1",
        ]
    );
    assert!(bench.send_from(desk, "/oscgate/meta /f")[0].contains("10.0.0.1:1"));
}

#[test]
fn a_follower_whose_entry_goes_or_changes_in_the_same_reload_stops_nothing() {
    let desk = entry("desk", Source::Ip([10, 0, 0, 1].into()));
    let moved = ClientEntry {
        follow: vec!["/oscgate/status/*".to_owned()],
        ..entry("screen", Source::Endpoint(at([10, 0, 0, 98], 9000)))
    };
    for speaks in [false, true] {
        for after in [
            vec![],
            vec![desk.clone()],
            vec![moved.clone(), desk.clone()],
        ] {
            let mut bench = Bench::with(show_of(vec![screen()], vec![]));
            let (a, b) = (at([10, 0, 0, 1], 1), at([10, 0, 0, 1], 2));
            if speaks {
                bench.send_from(at([10, 0, 0, 99], 9000), "/f 1");
            }
            bench.send_from(a, "/oscgate/lock /f 1");
            bench.send_from(b, "/oscgate/hello desk");
            reload(&mut bench, show_of(after, vec![]));
            bench.send_from(a, "/f 2");
            bench.ms(70_000);
        }
    }
}

#[test]
fn the_name_of_an_entry_that_went_may_be_taken() {
    let mut bench = Bench::with(show_of(vec![screen()], vec![]));
    bench.send_from(at([10, 0, 0, 99], 9000), "/f 1");
    assert!(bench.send(3, "/oscgate/hello screen")[1].contains("NAME_TAKEN"));
    reload(&mut bench, Show::default());
    assert_eq!(
        bench.send(3, "/oscgate/hello screen"),
        ["3 /oscgate/status/connected screen 127.0.0.1:3"]
    );
}
