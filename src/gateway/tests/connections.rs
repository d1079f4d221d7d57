//! Clients that speak over a connection: the same rules, and an end.

use super::*;
use crate::gateway::{Connection, ConnectionId};

fn connection(id: u64, port: u16) -> Connection {
    Connection {
        id: ConnectionId(id),
        from: local(port),
        local: Some(local(0).ip()),
    }
}

impl Bench {
    /// Sends a message over the connection of this number, from the port of the same number.
    fn say(&mut self, id: u16, message: &str) -> Vec<String> {
        let bytes = encode(message);
        let connection = connection(u64::from(id), id);
        self.event(Event::Packet {
            connection,
            bytes: &bytes,
        })
    }

    fn closed(&mut self, id: u16) -> Vec<String> {
        let connection = connection(u64::from(id), id);
        self.event(Event::Closed { connection })
    }

    fn alive(&mut self, id: u16) {
        let connection = connection(u64::from(id), id);
        assert!(self.event(Event::Alive { connection }).is_empty());
    }
}

#[test]
fn a_closed_connection_ends_the_session_at_once() {
    let mut bench = Bench::new();
    bench.send(2, "/oscgate/subscribe /oscgate/status/*");
    bench.say(1, "/oscgate/lock /a 0.5");
    assert_eq!(
        bench.closed(1),
        [
            "2 /oscgate/status/unlocked /a 127.0.0.1:1 disconnected",
            "2 /oscgate/status/disconnected 127.0.0.1:1 127.0.0.1:1 closed",
        ]
    );
    assert_eq!(bench.send(2, "/a 0.25"), ["2 /a 0.25"]);
    assert!(bench.closed(1).is_empty());
}

#[test]
fn a_udp_port_and_a_connection_of_one_number_are_two_clients() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /a 0.5");
    let heard = bench.say(1, "/a 0.75");
    assert_eq!(
        heard,
        [
            "1 /oscgate/status/denied /a LOCK_HELD 127.0.0.1:1 30000",
            "1 /a 0.5"
        ]
    );
    let heard = bench.say(1, "/oscgate/lock /b");
    assert!(
        heard.contains(&"1 /oscgate/status/locked /b 127.0.0.1:1#2 30000".to_owned()),
        "{heard:?}"
    );
    // Neither ends with the other.
    bench.closed(1);
    let heard = bench.send(3, "/a 1.0");
    assert_eq!(
        heard,
        [
            "3 /oscgate/status/denied /a LOCK_HELD 127.0.0.1:1 30000",
            "3 /a 0.5"
        ]
    );
}

#[test]
fn a_connection_from_the_port_of_one_that_is_gone_is_another() {
    let mut bench = Bench::new();
    bench.say(1, "/oscgate/subscribe /a");
    let again = connection(99, 1);
    let bytes = encode("/b 1");
    bench.event(Event::Packet {
        connection: again,
        bytes: &bytes,
    });
    bench.closed(1);
    assert_eq!(bench.send(2, "/a 1"), ["2 /a 1"]);
}

#[test]
fn a_sign_of_life_keeps_a_session_and_begins_none() {
    let mut bench = Bench::new();
    bench.say(1, "/oscgate/ping");
    for _ in 0..10 {
        bench.ms(5_000);
        bench.alive(1);
    }
    let heard = bench.say(1, "/oscgate/ping");
    assert_eq!(heard, ["1 /oscgate/pong"], "the session is the same");
    bench.ms(11_000);
    bench.alive(1);
    let heard = bench.say(1, "/oscgate/ping");
    assert_eq!(heard.len(), 2, "a new session: {heard:?}");
}

#[test]
fn a_client_with_two_connections_lives_until_the_last_is_closed() {
    let mut show = Show::default();
    show.access.identity = crate::config::Identity::Ip;
    let mut bench = Bench::with(show);
    bench.send(9, "/oscgate/subscribe /oscgate/status/disconnected");
    bench.closed(9);
    bench.say(1, "/oscgate/lock /a 1");
    bench.say(2, "/oscgate/ping");
    assert!(bench.closed(1).is_empty());
    let heard = bench.say(2, "/oscgate/meta /a");
    assert!(heard[0].contains("/a T 127.0.0.1 "), "{heard:?}");
    // The datagram port was heard a moment ago: the client is as silent as that one.
    assert!(bench.closed(2).is_empty());
    bench.ms(11_000);
    let heard = bench.say(3, "/oscgate/meta /a");
    assert!(
        heard.iter().any(|line| line.contains("/a F \"\" 0 ")),
        "{heard:?}"
    );
}

#[test]
fn there_is_no_reply_port_over_a_connection() {
    let mut bench = Bench::new();
    let heard = bench.say(1, "/oscgate/hello ann 9000");
    assert!(
        heard[1].starts_with("1 /oscgate/status/error /oscgate/hello BAD_ARGUMENTS"),
        "{heard:?}"
    );
    bench.say(1, "/oscgate/hello ann");
    assert_eq!(bench.say(1, "/a 1"), ["1 /a 1"]);
}

#[test]
fn a_reply_port_is_for_datagrams_alone() {
    let show = show_of(
        vec![ClientEntry {
            reply_port: Some(7000),
            follow: vec!["/a".to_owned()],
            ..entry("desk", Source::Ip(local(0).ip()))
        }],
        vec![],
    );
    let mut bench = Bench::with(show);
    assert_eq!(bench.say(1, "/b 1"), ["1 /b 1"]);
    assert_eq!(bench.send(5, "/b 2"), ["7000 /b 2"]);
    assert_eq!(bench.say(1, "/a 1"), ["1 /a 1", "7000 /a 1"]);
    bench.closed(1);
    assert_eq!(bench.send(5, "/a 2"), ["7000 /a 2"]);
}

#[test]
fn what_is_followed_by_configuration_ends_with_the_connection() {
    let show = show_of(
        vec![ClientEntry {
            follow: vec!["/a".to_owned()],
            ..entry(
                "phones",
                Source::Subnet(Subnet {
                    network: "127.0.0.0".parse().unwrap(),
                    prefix: 8,
                }),
            )
        }],
        vec![],
    );
    let mut bench = Bench::with(show);
    bench.say(1, "/b 1");
    // The session ends, and it goes on being told.
    bench.say(1, "/oscgate/bye");
    let other = "127.0.0.2:5".parse().unwrap();
    let heard = bench.send_from(other, "/a 1");
    assert!(heard.contains(&"1 /a 1".to_owned()), "{heard:?}");
    bench.closed(1);
    let heard = bench.send_from(other, "/a 2");
    assert_eq!(heard, ["5 /a 2"]);
}

/// Two windows of a browser on a machine that the show file names.
fn two_windows() -> Bench {
    let show = show_of(vec![entry("foh", Source::Ip(local(0).ip()))], vec![]);
    let mut bench = Bench::with(show);
    bench.say(1, "/oscgate/ping");
    bench
}

#[test]
fn a_second_window_of_one_client_is_told_its_name() {
    let mut bench = two_windows();
    let heard = bench.say(2, "/oscgate/ping");
    assert_eq!(
        heard,
        [
            "2 /oscgate/status/connected foh 127.0.0.1:2",
            "2 /oscgate/pong"
        ]
    );
    assert_eq!(bench.say(2, "/oscgate/ping"), ["2 /oscgate/pong"]);
    // What begins with a value is a plain program, and is told nothing.
    assert_eq!(bench.say(3, "/a 1"), ["3 /a 1"]);
    assert_eq!(bench.say(3, "/oscgate/ping"), ["3 /oscgate/pong"]);
    // Nor is a UDP port.
    assert_eq!(bench.send(4, "/oscgate/ping"), ["4 /oscgate/pong"]);
}

#[test]
fn calls_of_two_windows_are_not_taken_for_each_other() {
    let mut bench = two_windows();
    let call = "/oscgate/call 7 /a";
    assert_eq!(
        bench.say(1, &format!("{call} 1")),
        ["1 /oscgate/reply 7 OK 1h"]
    );
    let heard = bench.say(2, &format!("{call} 2"));
    assert!(
        heard.contains(&"2 /oscgate/reply 7 OK 2h".to_owned()),
        "{heard:?}"
    );
    // Each is remembered where it was made, in a bundle too.
    assert_eq!(
        bench.say(1, &format!("{call} 3")),
        ["1 /oscgate/reply 7 OK 1h"]
    );
    bench.closed(1);
    assert_eq!(
        bench.say(2, &format!("{call} 4")),
        ["2 /oscgate/reply 7 OK 2h"]
    );
    let heard = bench.say(5, &format!("{call} 5"));
    assert!(
        heard.contains(&"5 /oscgate/reply 7 OK 3h".to_owned()),
        "{heard:?}"
    );
}
