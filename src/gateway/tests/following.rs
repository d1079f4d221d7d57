//! Following: subscriptions, sync, events, echo policies, rates.

use super::*;

#[test]
fn a_follower_is_sent_each_update_once() {
    let mut bench = Bench::new();
    bench.send(2, "/oscgate/subscribe /f/* /f/1");
    assert_eq!(bench.send(1, "/f/1 0.5"), ["1 /f/1 0.5", "2 /f/1 0.5"]);
    assert_eq!(bench.send(2, "/f/1 0.6"), ["2 /f/1 0.6"]);
    bench.send(2, "/oscgate/unsubscribe /f/*");
    assert_eq!(bench.send(1, "/f/1 0.7").len(), 2);
    bench.send(2, "/oscgate/unsubscribe");
    assert_eq!(bench.send(1, "/f/1 0.8").len(), 1);
}

#[test]
fn everything_is_not_the_gateways_own() {
    let mut bench = Bench::new();
    bench.send(2, "/oscgate/subscribe //*");
    assert_eq!(
        bench
            .send(1, "/oscgate/lock /f 1")
            .iter()
            .filter(|l| l.starts_with("2 "))
            .count(),
        1
    );
    bench.send(2, "/oscgate/subscribe /oscgate/status/*");
    assert!(
        bench
            .send(1, "/oscgate/unlock /f")
            .iter()
            .any(|l| l.starts_with("2 /oscgate/status/unlocked"))
    );
}

#[test]
fn sync_sends_what_is_stored_in_address_order() {
    let mut bench = Bench::new();
    for address in ["/b", "/a", "/c/1"] {
        bench.send(1, &format!("{address} 1"));
    }
    bench.send(1, "/go");
    assert_eq!(
        bench.send(2, "/oscgate/sync //*")[1..],
        ["2 /a 1", "2 /b 1", "2 /c/1 1", "2 /oscgate/synced //* 3"]
    );
    assert_eq!(
        bench.send(2, "/oscgate/sync /x"),
        ["2 /oscgate/synced /x 0"]
    );
}

#[test]
fn a_long_sync_is_paced() {
    let mut bench = Bench::new();
    for n in 0..100 {
        bench.send(1, &format!("/f/{n:03} 1"));
    }
    bench.send(2, "/oscgate/ping");
    assert_eq!(bench.send(2, "/oscgate/sync /f/*").len(), 32);
    bench.send(1, "/f/099 2");
    let rest = bench.ms(100);
    assert_eq!(rest.len(), 69);
    assert_eq!(rest[67], "2 /f/099 2");
    assert_eq!(rest[68], "2 /oscgate/synced /f/* 100");
}

#[test]
fn sync_of_locks_and_sessions_tells_the_truth() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/hello alice");
    bench.send(1, "/oscgate/lock /b");
    bench.send(1, "/oscgate/lock /a");
    bench.ms(1_000);
    assert_eq!(
        bench.send(2, "/oscgate/sync /oscgate/status/locked")[1..],
        [
            "2 /oscgate/status/locked /a alice 29000",
            "2 /oscgate/status/locked /b alice 29000",
            "2 /oscgate/synced /oscgate/status/locked 2",
        ]
    );
    let sessions = bench.send(2, "/oscgate/sync /oscgate/status/connected");
    assert_eq!(sessions.len(), 3);
}

#[test]
fn an_event_is_passed_on_and_not_kept() {
    let mut bench = Bench::new();
    bench.send(2, "/oscgate/subscribe /go");
    assert_eq!(bench.send(1, "/go"), ["1 /go", "2 /go"]);
    assert!(bench.send(2, "/oscgate/get /go")[0].contains("/oscgate/get NOT_FOUND"));
    assert_eq!(bench.bytes(local(1), b"/go\0"), ["1 /go", "2 /go"]);
    bench.send(2, "/oscgate/lock /go");
    assert!(bench.send(1, "/go")[0].contains("LOCK_HELD"));
}

#[test]
fn a_press_is_an_event_and_its_other_edge_goes_nowhere() {
    let press = AddressRule {
        event: EventRule::Press,
        ..rule("/go")
    };
    let mut bench = Bench::with(show_of(vec![], vec![press]));
    bench.send(2, "/oscgate/subscribe /go");
    assert_eq!(bench.send(1, "/go 1.0"), ["1 /go 1.0", "2 /go 1.0"]);
    assert_eq!(bench.send(1, "/go 0.0"), [""; 0]);
    assert_eq!(
        bench.send(1, "/oscgate/call 1 /go F"),
        ["1 /oscgate/reply 1 OK 0h"]
    );
}

#[test]
fn a_rate_thins_and_the_last_value_arrives() {
    let thinned = AddressRule {
        rate: Some(10),
        ..rule("/f")
    };
    let mut bench = Bench::with(show_of(vec![], vec![thinned]));
    bench.send(2, "/oscgate/subscribe /f");
    let mut heard = Vec::new();
    for n in 0..100 {
        heard.extend(bench.send(1, &format!("/f {n}")));
        heard.extend(bench.ms(5));
    }
    heard.extend(bench.ms(200));
    let theirs: Vec<_> = heard.iter().filter(|line| line.starts_with("2 ")).collect();
    assert_eq!(
        heard.len() - theirs.len(),
        100,
        "its own echo is not thinned"
    );
    assert!((5..=7).contains(&theirs.len()), "{}", theirs.len());
    assert_eq!(theirs.last().unwrap(), &"2 /f 99");
}

#[test]
fn a_thinned_value_is_there_before_the_event_that_follows_it() {
    let thinned = AddressRule {
        rate: Some(1),
        ..rule("/f")
    };
    let mut bench = Bench::with(show_of(vec![], vec![thinned]));
    bench.send(2, "/oscgate/subscribe /f /go");
    bench.send(1, "/f 1");
    bench.send(1, "/f 2");
    let theirs: Vec<_> = bench
        .send(1, "/go")
        .into_iter()
        .filter(|line| line.starts_with("2 "))
        .collect();
    assert_eq!(theirs, ["2 /f 2", "2 /go"]);
}

#[test]
fn echo_policies() {
    let with = |echo, port| ClientEntry {
        echo,
        ..entry(&format!("c{port}"), Source::Endpoint(local(port)))
    };
    let clients = vec![
        with(Echo::Changed, 1),
        with(Echo::Settled, 2),
        with(Echo::Never, 3),
    ];
    let ranged = AddressRule {
        range: Some((0.0, 1.0)),
        ..rule("/f")
    };
    let mut bench = Bench::with(show_of(clients, vec![ranged]));
    assert_eq!(bench.send(1, "/f 0.5"), [""; 0]);
    assert_eq!(bench.send(1, "/f 1.5"), ["1 /f 1.0"]);
    bench.send(3, "/oscgate/subscribe /f");
    assert_eq!(bench.send(3, "/f 0.5"), [""; 0]);
    assert_eq!(bench.send(2, "/f 0.1"), ["3 /f 0.1"]);
    bench.ms(200);
    bench.send(2, "/f 0.2");
    assert_eq!(bench.ms(299), [""; 0]);
    assert_eq!(bench.ms(1), ["2 /f 0.2"]);
}

#[test]
fn a_reflection_renews_nothing_and_a_repetition_does() {
    let mut bench = Bench::new();
    bench.send(2, "/oscgate/subscribe /f");
    bench.send(1, "/f 0.5");
    bench.ms(1);
    assert_eq!(bench.send(2, "/f 0.5"), [""; 0]);
    assert_eq!(
        bench.send(1, "/f 0.5").len(),
        2,
        "one's own value may be repeated"
    );
    assert_eq!(
        bench.send(2, "/oscgate/set /f 0.5"),
        ["2 /f 0.5"],
        "a set is never one"
    );
    bench.ms(251);
    bench.send(1, "/f 0.7");
    bench.ms(251);
    assert_eq!(bench.send(2, "/f 0.7"), ["2 /f 0.7"]);
}

#[test]
fn nothing_in_a_packet_is_a_reflection_of_what_comes_out_of_it() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/subscribe /f");
    bench.send(1, "/oscgate/as kim /f 1");
    let again = bench.bundle(1, &["/oscgate/as kim /f 2", "/f 2"]);
    assert_eq!(again, ["1 /f 2", "1 /f 2"]);
}

#[test]
fn a_configured_follower_is_told_whether_or_not_it_speaks() {
    let tablet = ClientEntry {
        reply_port: Some(9000),
        follow: vec!["//*".to_owned()],
        sync: true,
        ..entry("tablet", Source::Ip([10, 0, 0, 1].into()))
    };
    let mut bench = Bench::with(show_of(vec![tablet], vec![]));
    assert_eq!(bench.send(1, "/f 1"), ["1 /f 1", "9000 /f 1"]);
    assert_eq!(
        bench.send_from(at([10, 0, 0, 1], 8000), "/g 2"),
        ["1 /nothing"; 0]
            .into_iter()
            .map(str::to_owned)
            .chain([
                "9000 /g 2".to_owned(),
                "9000 /f 1".to_owned(),
                "9000 /g 2".to_owned()
            ])
            .collect::<Vec<_>>()
    );
    bench.ms(61_000);
    assert_eq!(
        bench.send(1, "/f 2"),
        ["1 /f 2", "9000 /f 2"],
        "its session is over, its screen is not"
    );
}

#[test]
fn two_tablets_of_a_subnet_share_a_fader() {
    let tablets = ClientEntry {
        reply_port: Some(9000),
        follow: vec!["//*".to_owned()],
        sync: true,
        ..entry("tablet", subnet([10, 0, 0, 0], 24))
    };
    let write = AddressRule {
        lock: LockRule::Write,
        ..rule("/1/fader*")
    };
    let mut bench = Bench::with(show_of(vec![tablets], vec![write]));
    let (a, b) = (at([10, 0, 0, 1], 8000), at([10, 0, 0, 2], 8000));
    bench.send_from(b, "/ping 1");
    bench.send_from(a, "/1/fader1 0.5");
    let heard = bench.send_from(b, "/1/fader1 0.9");
    assert_eq!(
        heard[0],
        "9000 /oscgate/status/denied /1/fader1 LOCK_HELD tablet@10.0.0.1 1000"
    );
    assert_eq!(heard[1], "9000 /1/fader1 0.5");
    bench.ms(1_000);
    assert!(
        bench
            .send_from(b, "/1/fader1 0.9")
            .contains(&"9000 /1/fader1 0.9".to_owned())
    );
}

#[test]
fn the_heartbeat_counts() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/subscribe /oscgate/status/heartbeat");
    let beats: Vec<_> = bench
        .ms(3_000)
        .into_iter()
        .filter(|l| l.contains("heartbeat"))
        .collect();
    assert!(beats.len() >= 3);
    assert_eq!(beats[1], "1 /oscgate/status/heartbeat 3");
}

#[test]
fn requests_that_cannot_be_read_are_told() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/ping");
    for (request, code) in [
        ("/oscgate/get", "BAD_ARGUMENTS"),
        ("/oscgate/get /f*", "BAD_ADDRESS"),
        ("/oscgate/get /oscgate/ping", "BAD_ADDRESS"),
        ("/oscgate/get /f", "NOT_FOUND"),
        ("/oscgate/meta /f*", "BAD_ADDRESS"),
        ("/oscgate/subscribe", "BAD_ARGUMENTS"),
        ("/oscgate/subscribe x", "BAD_ADDRESS"),
        ("/oscgate/sync", "BAD_ARGUMENTS"),
        ("/oscgate/call /f", "BAD_ARGUMENTS"),
        ("/oscgate/lock", "BAD_ARGUMENTS"),
        ("/oscgate/nonsense 1", "UNKNOWN_REQUEST"),
        ("/oscgate", "UNKNOWN_REQUEST"),
    ] {
        let name = request.split(' ').next().unwrap();
        let want = format!("1 /oscgate/status/error {name} {code}");
        let heard = bench.send(1, request);
        assert!(heard[0].starts_with(&want), "{request}: {heard:?}");
    }
}

#[test]
fn an_unsubscribe_that_cannot_be_read_is_an_error() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/subscribe /f");
    assert!(bench.send(1, "/oscgate/unsubscribe /f /[]")[0].contains("BAD_ADDRESS"));
    assert_eq!(
        bench.send(2, "/f 1").len(),
        2,
        "it took none of its patterns away"
    );
}

#[test]
fn a_thinned_value_reaches_its_writer_by_its_echo_alone() {
    let slow = AddressRule {
        rate: Some(1),
        ..rule("/f")
    };
    let with = |echo, port| ClientEntry {
        echo,
        follow: vec!["/f".to_owned()],
        ..entry(&format!("c{port}"), Source::Endpoint(local(port)))
    };
    let clients = vec![with(Echo::Never, 1), with(Echo::Changed, 2)];
    let mut bench = Bench::with(show_of(clients, vec![slow]));
    bench.send(1, "/f 1");
    bench.send(1, "/f 2");
    assert_eq!(bench.ms(1_000), ["2 /f 2"]);
    bench.send(2, "/f 3");
    assert_eq!(bench.ms(1_000), ["1 /f 3"]);
}

#[test]
fn who_is_not_to_be_told_is_not_told_what_it_is_configured_to_follow() {
    let mute = ClientEntry {
        status: false,
        follow: vec!["/oscgate/status/*".to_owned()],
        ..entry("mute", Source::Endpoint(local(1)))
    };
    let mut bench = Bench::with(show_of(vec![mute], vec![]));
    assert_eq!(bench.send(2, "/oscgate/lock /f").len(), 2);
    bench.send(1, "/oscgate/ping");
    assert_eq!(
        bench.send(2, "/oscgate/unlock /f").len(),
        2,
        "it has spoken by now"
    );
}

#[test]
fn an_end_of_the_range_is_sent_though_the_hand_goes_on() {
    let thinned = AddressRule {
        rate: Some(10),
        range: Some((0.0, 1.0)),
        ..rule("/f")
    };
    let mut bench = Bench::with(show_of(Vec::new(), vec![thinned]));
    bench.send(2, "/oscgate/subscribe /f");
    let mut sent = Vec::new();
    for value in ["0.5", "0.2", "0.0", "0.3", "0.4"] {
        sent.extend(bench.send(1, &format!("/f {value}")));
    }
    sent.extend(bench.ms(100));
    let heard: Vec<&String> = sent
        .iter()
        .filter(|line| line.starts_with("2 /f"))
        .collect();
    assert_eq!(heard, ["2 /f 0.5", "2 /f 0.0", "2 /f 0.4"]);
}
