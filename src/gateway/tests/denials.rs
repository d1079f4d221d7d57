//! Denials: told once, told again at a limited rate, and the true value back.

use super::*;
use crate::gateway::Change;

fn held() -> Bench {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f 0.5");
    bench
}

#[test]
fn of_a_stream_the_first_is_answered_with_the_value_and_the_end_brings_it_again() {
    let mut bench = held();
    assert_eq!(bench.send(2, "/f 0.1").len(), 2);
    bench.ms(50);
    assert_eq!(bench.send(2, "/f 0.2"), [""; 0]);
    bench.ms(50);
    assert_eq!(
        bench.send(2, "/f 0.3"),
        ["2 /oscgate/status/denied /f LOCK_HELD 127.0.0.1:1 29900"]
    );
    assert_eq!(bench.ms(299), [""; 0]);
    assert_eq!(bench.ms(1), ["2 /f 0.5"]);
}

#[test]
fn a_single_denied_write_has_no_second_value() {
    let mut bench = held();
    bench.send(2, "/f 0.1");
    assert_eq!(bench.ms(5_000), [""; 0]);
    assert_eq!(bench.send(2, "/f 0.1").len(), 2, "a new stream");
}

#[test]
fn denials_of_locks_are_always_answered() {
    let mut bench = held();
    bench.send(2, "/oscgate/ping");
    for _ in 0..5 {
        assert_eq!(bench.send(2, "/oscgate/lock /f 0.1").len(), 2);
    }
}

#[test]
fn followers_of_denials_are_told() {
    let mut bench = held();
    bench.send(3, "/oscgate/subscribe /oscgate/status/denied");
    let told = bench.send(2, "/f 0.1");
    assert!(told.contains(&"3 /oscgate/status/denied /f LOCK_HELD 127.0.0.1:1 30000".to_owned()));
}

#[test]
fn a_client_without_snap_back_or_status_is_spared_them() {
    let plain = ClientEntry {
        status: false,
        ..entry("a", Source::Endpoint(local(2)))
    };
    let still = ClientEntry {
        snap_back: false,
        ..entry("b", Source::Endpoint(local(3)))
    };
    let mut bench = Bench::with(show_of(vec![plain, still], vec![]));
    bench.send(1, "/oscgate/lock /f 0.5");
    assert_eq!(bench.send(2, "/f 0.1"), ["2 /f 0.5"]);
    assert_eq!(bench.send(3, "/f 0.1").len(), 1);
    bench.send(2, "/oscgate/ping");
    assert_eq!(
        bench.send(2, "/oscgate/lock /f").len(),
        2,
        "it speaks the gateway's language"
    );
}

#[test]
fn the_first_code_that_applies_is_the_answer() {
    let read_only = AddressRule {
        access: ParameterAccess::ReadOnly,
        lock: LockRule::Never,
        args: Some("f".to_owned()),
        ..rule("/ro")
    };
    let ranged = AddressRule {
        args: Some("f".to_owned()),
        range: Some((0.0, 1.0)),
        outside: Outside::Refuse,
        ..rule("/f")
    };
    let limited = ClientEntry {
        write: Some(vec!["/f".to_owned()]),
        ..entry("l", Source::Endpoint(local(2)))
    };
    let mut bench = Bench::with(show_of(vec![limited], vec![read_only, ranged]));
    let code = |heard: Vec<String>| {
        let denied = heard
            .into_iter()
            .find(|line| line.contains("status/denied"))
            .unwrap();
        denied.split(' ').nth(3).unwrap().to_owned()
    };
    assert_eq!(code(bench.send(2, "/ro x")), "NOT_ALLOWED");
    assert_eq!(code(bench.send(1, "/oscgate/lock /ro x")), "NOT_ALLOWED");
    assert_eq!(code(bench.send(1, "/ro x")), "READ_ONLY");
    bench.send(1, "/oscgate/lock /f 0.5");
    assert_eq!(code(bench.send(2, "/oscgate/set_if /f 9h x")), "LOCK_HELD");
    assert_eq!(code(bench.send(1, "/oscgate/set_if /f 9h x")), "CONFLICT");
    assert_eq!(
        code(bench.send(1, "/oscgate/set_if /f 1h x")),
        "BAD_ARGUMENTS"
    );
    assert_eq!(
        code(bench.send(1, "/oscgate/set_if /f 1h 2.0")),
        "OUT_OF_RANGE"
    );
    assert_eq!(
        code(bench.send(1, "/oscgate/set_if /f 1h NaN")),
        "OUT_OF_RANGE"
    );
    assert!(
        bench
            .send(1, "/oscgate/set_if /f 1 1")
            .contains(&"1 /f 1.0".to_owned())
    );
}

#[test]
fn a_pattern_write_is_judged_address_by_address() {
    let mut bench = Bench::new();
    for n in 1..=3 {
        bench.send(1, &format!("/f/{n} 0.0"));
    }
    bench.send(1, "/oscgate/lock /f/2");
    assert_eq!(
        bench.send(2, "/f/* 1.0"),
        [
            "2 /f/1 1.0",
            "2 /oscgate/status/denied /f/2 LOCK_HELD 127.0.0.1:1 30000",
            "2 /f/2 0.0",
            "2 /f/3 1.0",
        ]
    );
    assert_eq!(bench.send(2, "/g/* 1.0"), [""; 0]);
}

#[test]
fn of_one_pattern_sixteen_denials_are_answered() {
    let mut bench = Bench::new();
    for n in 10..30 {
        bench.send(1, &format!("/oscgate/lock /f/{n} 0.0"));
    }
    let denials = |heard: &[String]| heard.iter().filter(|line| line.contains("denied")).count();
    let heard = bench.send(2, "/f/* 1.0");
    assert_eq!(denials(&heard), 16);
    assert_eq!(
        heard.last().unwrap(),
        "2 /oscgate/status/denied /f/* LIMIT \"\" 0"
    );
    let heard = bench.send(3, "/f/1? 1.0");
    assert_eq!(denials(&heard), 10);
    assert!(!heard.iter().any(|line| line.contains("LIMIT")));
}

#[test]
fn what_is_not_an_address_is_told() {
    let mut bench = Bench::new();
    let heard = bench.bytes(local(1), b"node\0\0\0\0,i\0\0\0\0\0\x01");
    assert_eq!(heard, ["1 /oscgate/status/denied node BAD_ADDRESS \"\" 0"]);
    let heard = bench.bytes(local(1), b"/a[\0,i\0\0\0\0\0\x01");
    assert_eq!(heard, ["1 /oscgate/status/denied /a[ BAD_ADDRESS \"\" 0"]);
}

#[test]
fn a_client_that_reflects_everything_gets_nothing_started() {
    let write = AddressRule {
        lock: LockRule::Write,
        ..rule("/f")
    };
    let mut bench = Bench::with(show_of(vec![], vec![write]));
    bench.send(2, "/oscgate/subscribe //*");
    bench.send(1, "/oscgate/lock /f 0.5");
    bench.send(1, "/f 0.25");
    // 2 is denied, and sends back all that it hears, three seconds long.
    let mut traffic = 0;
    let mut heard = bench.send(2, "/f 0.9");
    bench.ms(1);
    for _ in 0..300 {
        let mut next = Vec::new();
        for line in heard.drain(..).filter(|line| line.starts_with("2 ")) {
            traffic += 1;
            let denied = line.contains("/oscgate/status/denied");
            let back = line.strip_prefix("2 ").unwrap();
            next.extend(bench.send(
                2,
                if denied {
                    "/oscgate/status/denied x"
                } else {
                    back
                },
            ));
        }
        next.extend(bench.ms(10));
        heard = next;
    }
    assert!(traffic <= 4, "{traffic} datagrams");
    bench.send(1, "/oscgate/unlock /f");
    assert!(bench.send(1, "/oscgate/meta /f")[0].contains("/f F"));
}

#[test]
fn the_true_value_at_the_end_of_a_stream_is_the_one_of_then() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f");
    bench.send(2, "/f 0.1");
    bench.send(2, "/f 0.2");
    bench.send(1, "/f 0.9");
    assert_eq!(
        bench.ms(400),
        ["2 /f 0.9"],
        "it had none when it was denied"
    );
}

#[test]
fn the_true_value_at_the_end_of_a_stream_goes_where_its_client_is_by_then() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f 1");
    bench.send(2, "/f 0.1");
    bench.send(2, "/f 0.2");
    bench.send(2, "/oscgate/hello x 3");
    assert_eq!(bench.ms(400), ["3 /f 1"]);
}

#[test]
fn every_denial_is_counted_also_one_that_is_not_answered() {
    let mut bench = held();
    bench.send(2, "/f 0.1");
    assert_eq!(bench.send(2, "/f 0.2"), [""; 0]);
    assert_eq!(bench.gateway.stats().denials, 2);
}

#[test]
fn the_stream_of_a_client_that_left_ends_with_it_and_others_go_on() {
    let mut bench = held();
    for port in [2, 3] {
        bench.send(port, "/f 0.1");
        bench.send(port, "/f 0.2");
    }
    bench.send(2, "/oscgate/bye");
    assert_eq!(bench.ms(400), ["3 /f 0.5"]);
}

#[test]
fn the_log_hints_at_two_clients_of_one_machine() {
    let mut bench = held();
    let mut same_ip = |from: SocketAddr, message: &str| {
        let bytes = encode(message);
        let event = Event::Datagram {
            from,
            via: VIA,
            bytes: &bytes,
        };
        bench.out.clear_changes();
        bench.gateway.handle(bench.now, event, &mut bench.out);
        let hint = bench.out.changes().find_map(|change| {
            if let Change::Denied { same_ip, .. } = change {
                Some(same_ip)
            } else {
                None
            }
        });
        hint.expect("it is denied")
    };
    assert!(same_ip(local(2), "/f 0.1"));
    assert!(same_ip(local(2), "/oscgate/as kim /f 0.1"));
    assert!(
        !same_ip(local(1), "/oscgate/as kim /f 0.1"),
        "it is one client, and knows of its users"
    );
    assert!(!same_ip(at([10, 0, 0, 1], 2), "/f 0.1"));
    assert!(!same_ip(local(2), "/oscgate/lock /f*"), "nobody holds it");
}
