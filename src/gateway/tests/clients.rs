//! Who speaks: names, sessions, endpoints, limits.

use super::*;
use crate::gateway::Endpoint;

#[test]
fn a_session_that_begins_with_a_request_is_told_so_and_a_plain_console_is_not() {
    let mut bench = Bench::new();
    assert_eq!(
        bench.send(1, "/oscgate/ping 7"),
        [
            "1 /oscgate/status/connected 127.0.0.1:1 127.0.0.1:1",
            "1 /oscgate/pong 7"
        ]
    );
    assert_eq!(bench.send(2, "/f 1"), ["2 /f 1"]);
    assert_eq!(bench.send(2, "/oscgate/ping"), ["2 /oscgate/pong"]);
}

#[test]
fn a_hello_that_begins_a_session_is_answered_once_and_a_bye_not_at_all() {
    let mut bench = Bench::new();
    bench.send(9, "/oscgate/subscribe /oscgate/status/connected");
    assert_eq!(
        bench.send(1, "/oscgate/hello alice"),
        [
            "1 /oscgate/status/connected alice 127.0.0.1:1",
            "9 /oscgate/status/connected alice 127.0.0.1:1",
        ]
    );
    assert_eq!(bench.send(2, "/oscgate/bye"), [""; 0]);
    assert_eq!(
        bench.send(1, "/oscgate/hello alice"),
        ["1 /oscgate/status/connected alice 127.0.0.1:1"]
    );
}

#[test]
fn a_name_in_use_is_refused_unless_its_holder_was_restarted() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/hello alice");
    bench.send(1, "/oscgate/lock /f");
    let heard = bench.send(2, "/oscgate/hello alice");
    assert!(heard[1].starts_with("2 /oscgate/status/error /oscgate/hello NAME_TAKEN"));
    bench.ms(3_000);
    assert_eq!(
        bench.send(2, "/oscgate/hello alice"),
        ["2 /oscgate/status/connected alice 127.0.0.1:2"]
    );
    assert!(bench.send(2, "/oscgate/lock /f")[0].contains("locked /f alice"));
    // From another machine it is in use, however long unheard.
    bench.ms(5_000);
    let other = bench.send_from(at([10, 0, 0, 1], 5), "/oscgate/hello alice");
    assert!(other[1].contains("NAME_TAKEN"));
}

#[test]
fn names_that_look_like_addresses_are_refused() {
    let mut bench = Bench::new();
    for name in ["10.0.0.1", "10.0.0.1:7", "::1", "[::1]:7", "a/b", "\"\""] {
        let heard = bench.send(1, &format!("/oscgate/hello {name}"));
        assert!(
            heard
                .last()
                .unwrap()
                .contains("/oscgate/hello BAD_ARGUMENTS"),
            "{name}: {heard:?}"
        );
    }
    for port in ["0", "65536", "-1", "8900", "x"] {
        let heard = bench.send(1, &format!("/oscgate/hello n {port}"));
        assert!(
            heard
                .last()
                .unwrap()
                .contains("/oscgate/hello BAD_ARGUMENTS"),
            "{port}"
        );
    }
}

#[test]
fn a_reply_port_takes_answers_and_updates() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/subscribe /f");
    assert_eq!(
        bench.send(1, "/oscgate/hello tab 9000"),
        ["9000 /oscgate/status/connected tab 127.0.0.1:1"]
    );
    assert_eq!(bench.send(1, "/g 1"), ["9000 /g 1"]);
    assert!(bench.send(2, "/f 1").contains(&"9000 /f 1".to_owned()));
}

#[test]
fn a_configured_client_keeps_its_name_whatever_its_port() {
    let desk = entry("desk", Source::Ip([10, 0, 0, 5].into()));
    let tablets = entry("tablet", subnet([10, 0, 1, 0], 24));
    let mut bench = Bench::with(show_of(vec![desk, tablets], vec![]));
    bench.send_from(at([10, 0, 0, 5], 1000), "/oscgate/lock /f 1");
    assert_eq!(
        bench.send_from(at([10, 0, 0, 5], 2000), "/f 2"),
        ["2000 /f 2"]
    );
    assert!(bench.send_from(at([10, 0, 1, 7], 1), "/f 3")[0].contains("LOCK_HELD desk"));
    bench.send_from(at([10, 0, 1, 7], 1), "/oscgate/lock /g");
    assert!(bench.send(1, "/g 1")[0].contains("LOCK_HELD tablet@10.0.1.7"));
    let heard = bench.send_from(at([10, 0, 0, 5], 1000), "/oscgate/hello other");
    assert!(heard[0].contains("NOT_ALLOWED"));
    assert!(bench.send(1, "/oscgate/hello desk")[0].contains("NAME_TAKEN"));
}

#[test]
fn one_client_of_each_ip_where_that_is_configured() {
    let mut show = Show::default();
    show.access.identity = crate::config::Identity::Ip;
    let mut bench = Bench::with(show);
    bench.send(1, "/oscgate/lock /f 1");
    assert_eq!(bench.send(2, "/f 2"), ["2 /f 2"]);
    assert!(bench.send_from(at([10, 0, 0, 1], 3), "/f 3")[0].contains("LOCK_HELD 127.0.0.1 "));
}

#[test]
fn users_of_one_endpoint_have_locks_of_their_own_and_die_with_it() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/hello web");
    bench.send(1, "/oscgate/as ann /oscgate/lock /f 0.5");
    assert!(bench.send(1, "/oscgate/as bob /f 0.1")[0].contains("LOCK_HELD web/ann"));
    assert!(bench.send(1, "/f 0.2")[0].contains("LOCK_HELD web/ann"));
    bench.send(1, "/oscgate/hello shop");
    assert!(bench.send(2, "/f 0.2")[0].contains("LOCK_HELD shop/ann"));
    for bad in ["/oscgate/as", "/oscgate/hello", "/oscgate/bye"] {
        let heard = bench.send(1, &format!("/oscgate/as ann {bad} x"));
        assert!(heard[0].contains("status/error /oscgate/as BAD_ARGUMENTS"));
    }
    bench.send(1, "/oscgate/bye");
    assert_eq!(bench.send(2, "/f 0.3"), ["2 /f 0.3"]);
}

#[test]
fn who_is_not_allowed_is_not_answered() {
    let mut bench = Bench::new();
    assert_eq!(bench.send_from(at([8, 8, 8, 8], 1), "/f 1"), [""; 0]);
    let mut show = show_of(vec![entry("a", Source::Endpoint(local(1)))], vec![]);
    show.access.clients = crate::config::Clients::Listed;
    let mut bench = Bench::with(show);
    assert_eq!(bench.send(2, "/f 1"), [""; 0]);
    assert_eq!(bench.send(1, "/f 1"), ["1 /f 1"]);
}

#[test]
fn a_stranger_makes_room_and_a_holder_does_not() {
    let mut show = Show::default();
    show.limits.clients = 3;
    let mut bench = Bench::with(show);
    bench.send(1, "/oscgate/lock /f 1");
    for port in 100..200 {
        bench.ms(1);
        assert_eq!(
            bench.send(port, "/g 1").last().unwrap(),
            &format!("{port} /g 1")
        );
    }
    assert!(bench.send(300, "/f 2")[0].contains("LOCK_HELD 127.0.0.1:1"));
    bench.send(301, "/oscgate/lock /h");
    bench.send(302, "/oscgate/lock /i");
    let refused = "400 /oscgate/status/error /oscgate/hello LIMIT";
    assert!(bench.send(400, "/g 1")[0].starts_with(refused));
    assert_eq!(
        bench.send(401, "/g 1"),
        [""; 0],
        "one answer a second for each IP"
    );
    assert!(bench.send(302, "/oscgate/lock /i")[0].contains("locked /i"));
}

#[test]
fn too_many_packets_are_dropped_and_keep_a_client_alive() {
    let mut show = Show::default();
    show.limits.packets_per_second = 10;
    let mut bench = Bench::with(show);
    let answered: usize = (0..100).map(|_| bench.send(1, "/f 1").len()).sum();
    assert_eq!(answered, 10);
    bench.ms(100);
    assert_eq!(bench.send(1, "/f 1"), ["1 /f 1"]);
    assert_eq!(bench.send(1, "/f 1"), [""; 0]);
    assert_eq!(
        bench.send(2, "/g 1"),
        ["2 /g 1"],
        "another is not its brother's keeper"
    );
}

#[test]
fn a_datagram_of_ones_own_socket_is_not_answered() {
    let mut bench = Bench::new();
    assert_eq!(bench.send(8900, "/f 1"), [""; 0]);
    assert_eq!(bench.gateway.stats().own_socket, 1);
}

#[test]
fn when_the_gateway_stops_every_session_is_told() {
    let mut bench = Bench::new();
    bench.send(1, "/f 1");
    bench.gateway.handle(bench.now, Event::Stop, &mut bench.out);
    assert_eq!(
        bench.heard(),
        ["1 /oscgate/status/disconnected 127.0.0.1:1 127.0.0.1:1 stopped"]
    );
}

#[test]
fn bad_packets_change_nothing_and_are_no_sign_of_life() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f 1");
    bench.send(1, "/oscgate/ping");
    bench.ms(9_000);
    assert_eq!(bench.bytes(local(1), b"/f\0\0,i\0\0\0\0"), [""; 0]);
    assert_eq!(bench.bytes(local(1), b""), [""; 0]);
    bench.ms(1_000);
    assert_eq!(bench.send(2, "/f 2"), ["2 /f 2"]);
}

#[test]
fn what_follows_a_bye_in_a_bundle_begins_a_new_session() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f 1");
    assert_eq!(
        bench.bundle(1, &["/oscgate/bye", "/oscgate/ping"]),
        [
            "1 /oscgate/status/connected 127.0.0.1:1 127.0.0.1:1",
            "1 /oscgate/pong"
        ]
    );
    assert!(bench.send(1, "/oscgate/meta /f")[0].contains("/f F"));
}

#[test]
fn what_is_configured_for_a_port_stays_there_whatever_a_hello_says() {
    let screen = ClientEntry {
        reply_port: Some(9000),
        follow: vec!["/f".to_owned()],
        ..entry("screen", Source::Ip([10, 0, 0, 1].into()))
    };
    let mut bench = Bench::with(show_of(vec![screen], vec![]));
    let from = at([10, 0, 0, 1], 5);
    bench.send_from(from, "/oscgate/hello screen 9100");
    bench.send_from(from, "/oscgate/subscribe /g");
    assert_eq!(bench.send(1, "/f 1"), ["1 /f 1", "9000 /f 1"]);
    assert_eq!(bench.send(1, "/g 1"), ["1 /g 1", "9100 /g 1"]);
    bench.send_from(from, "/oscgate/bye");
    bench.send_from(from, "/oscgate/ping");
    assert_eq!(bench.send(1, "/f 2"), ["1 /f 2", "9000 /f 2"]);
    assert_eq!(bench.send(1, "/g 2"), ["1 /g 2"]);
}

#[test]
fn what_never_reached_a_client_is_counted_for_it() {
    let mut bench = Bench::new();
    bench.send(1, "/f 1");
    let lost = Event::Unsent {
        to: local(1),
        failure: crate::gateway::SendFailure::Refused,
    };
    bench.gateway.handle(bench.now, lost, &mut bench.out);
    let queue = {
        let clients = &bench.gateway.clients;
        clients
            .destination(clients.source(Endpoint::udp(local(1))).unwrap().destination)
            .queue
    };
    for _ in 0..crate::limits::QUEUE_MESSAGES_MAX + 5 {
        bench.out.push(
            queue,
            crate::gateway::queue::Kind::Status,
            VIA,
            b"/a\0\0,\0\0\0",
        );
    }
    bench.out.clear_changes();
    let bye = encode("/oscgate/bye");
    let event = Event::Datagram {
        from: local(1),
        via: VIA,
        bytes: &bye,
    };
    bench.gateway.handle(bench.now, event, &mut bench.out);
    let told = bench.out.changes().any(|change| {
        matches!(
            change,
            crate::gateway::Change::Ended {
                dropped: 5,
                unsent: 1,
                ..
            }
        )
    });
    assert!(told);
}

#[test]
fn of_users_nobody_is_told() {
    let mut bench = Bench::new();
    bench.send(9, "/oscgate/subscribe /oscgate/status/*");
    bench.send(1, "/f 1");
    assert_eq!(
        bench.send(1, "/oscgate/as kim /oscgate/hello x"),
        ["1 /oscgate/status/error /oscgate/as BAD_ARGUMENTS a user cannot say as, hello or bye"]
    );
    assert_eq!(
        bench
            .send(1, "/oscgate/as kim /oscgate/call 1 /oscgate/hello x")
            .len(),
        1
    );
}

#[test]
fn who_leaves_makes_room_for_one_more_and_no_more() {
    let mut show = Show::default();
    show.limits.clients = 2;
    let mut bench = Bench::with(show);
    bench.send(1, "/oscgate/lock /a");
    bench.send(2, "/oscgate/lock /b");
    bench.send(2, "/oscgate/bye");
    assert_eq!(
        bench.send(3, "/oscgate/lock /c")[1],
        "3 /oscgate/status/locked /c 127.0.0.1:3 30000"
    );
    assert!(bench.send(4, "/oscgate/lock /d")[0].contains("LIMIT no room"));
}

#[test]
fn a_name_that_was_given_up_may_be_taken() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/hello alice");
    bench.send(1, "/oscgate/hello bob");
    assert_eq!(
        bench.send(2, "/oscgate/hello alice"),
        ["2 /oscgate/status/connected alice 127.0.0.1:2"]
    );
    assert!(bench.send(3, "/oscgate/hello bob")[1].contains("NAME_TAKEN"));
}

#[test]
fn who_gave_a_name_up_did_not_write_what_its_next_bearer_writes() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/hello alice");
    bench.send(1, "/oscgate/hello bob");
    bench.send(1, "/oscgate/subscribe /f");
    bench.send(2, "/oscgate/hello alice");
    bench.send(2, "/f 0.5");
    bench.ms(10);
    assert_eq!(bench.send(1, "/f 0.5"), [""; 0], "it only sends it back");
    assert_eq!(bench.gateway.stats().reflections, 1);
}
