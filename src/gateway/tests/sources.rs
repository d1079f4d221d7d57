//! Ports of one client: which are remembered, and where it is spoken to.

use super::*;
use crate::config::{Identity, Unreachable};
use crate::gateway::{Change, SendFailure};
use crate::limits::SOURCES_PER_CLIENT_MAX;

const MAX: u16 = 64;
const _: () = assert!(MAX as usize == SOURCES_PER_CLIENT_MAX);

/// A gateway that knows the ports of one machine as one client.
fn by_ip() -> Bench {
    let mut show = Show::default();
    show.access.identity = Identity::Ip;
    Bench::with(show)
}

/// Ports of this machine speak one after the other.
fn speak(bench: &mut Bench, ports: std::ops::RangeInclusive<u16>) {
    for port in ports {
        bench.ms(1);
        bench.send(port, "/oscgate/ping");
    }
}

/// Whose a port of this machine is: who is said to have missed what could not be sent there.
fn owner(bench: &mut Bench, port: u16) -> String {
    let lost = Event::Unsent {
        to: local(port),
        failure: SendFailure::Refused,
    };
    bench.gateway.handle(bench.now, lost, &mut bench.out);
    let owner = bench.out.changes().find_map(|change| {
        if let Change::Unsent { client, .. } = change {
            Some(client.to_owned())
        } else {
            None
        }
    });
    bench.out.clear_changes();
    owner.expect("it is told")
}

const ELSEWHERE: [u8; 4] = [10, 0, 0, 1];

#[test]
fn of_more_ports_than_are_remembered_the_one_heard_longest_ago_is_forgotten() {
    let mut bench = by_ip();
    speak(&mut bench, 1..=MAX);
    for port in 1..=MAX {
        assert_eq!(owner(&mut bench, port), "127.0.0.1", "{port}");
    }
    speak(&mut bench, 1..=1);
    speak(&mut bench, MAX + 1..=MAX + 1);
    assert_eq!(owner(&mut bench, 2), "");
    for port in [1, 3, MAX + 1] {
        assert_eq!(owner(&mut bench, port), "127.0.0.1", "{port}");
    }
    assert_eq!(bench.send(2, "/f 1"), ["2 /f 1"], "it may speak again");
}

#[test]
fn a_port_that_follows_something_is_not_forgotten() {
    let mut bench = by_ip();
    bench.send(1, "/oscgate/subscribe /f");
    speak(&mut bench, 2..=MAX + 10);
    assert_eq!(owner(&mut bench, 11), "");
    assert_eq!(owner(&mut bench, 12), "127.0.0.1");
    let heard = bench.send_from(at(ELSEWHERE, 5), "/f 1");
    assert_eq!(heard, ["5 /f 1", "1 /f 1"]);
}

#[test]
fn a_port_that_is_still_being_sent_what_it_asked_for_is_not_forgotten() {
    let mut bench = by_ip();
    for n in 10..50 {
        bench.send_from(at(ELSEWHERE, 5), &format!("/f/{n} 1"));
    }
    bench.send(1, "/oscgate/sync /f/*");
    for port in 2..=MAX + 1 {
        bench.send(port, "/oscgate/ping");
    }
    let heard = bench.ms(10);
    assert_eq!(heard.last().unwrap(), "1 /oscgate/synced /f/* 40");
}

#[test]
fn a_port_that_is_answered_at_another_is_forgotten_though_that_one_follows_something() {
    let mut bench = by_ip();
    bench.send(1, "/oscgate/hello tab 9000");
    bench.send(1, "/oscgate/subscribe /f");
    speak(&mut bench, 2..=MAX + 1);
    assert_eq!(owner(&mut bench, 1), "");
    assert_eq!(owner(&mut bench, 9000), "tab");
    let heard = bench.send_from(at(ELSEWHERE, 5), "/f 1");
    assert_eq!(heard, ["5 /f 1", "9000 /f 1"]);
}

#[test]
fn a_port_at_which_others_are_answered_goes_on_answering_them_when_it_is_forgotten() {
    let mut bench = by_ip();
    bench.send(1, "/oscgate/hello tab 2");
    speak(&mut bench, 2..=MAX + 2);
    assert_eq!(bench.send(3, "/f 1"), ["2 /f 1"]);
}

#[test]
fn what_is_configured_goes_where_its_client_was_last_heard_whatever_is_forgotten() {
    let desk = ClientEntry {
        follow: vec!["/f".to_owned()],
        ..entry("desk", Source::Ip([127, 0, 0, 1].into()))
    };
    let mut bench = Bench::with(show_of(vec![desk], vec![]));
    for last in MAX - 1..=MAX + 2 {
        speak(&mut bench, 1..=last);
        let mut heard = bench.send_from(at(ELSEWHERE, 5), "/f 1");
        heard.sort();
        assert_eq!(heard, ["5 /f 1".to_owned(), format!("{last} /f 1")]);
    }
}

#[test]
fn the_end_of_a_lock_is_told_to_its_holder_and_not_to_who_came_in_its_place() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /f");
    bench.send(1, "/oscgate/hello tab 9000");
    bench.send(2, "/g 1");
    assert_eq!(
        bench.ms(30_000),
        ["9000 /oscgate/status/unlocked /f tab expired"]
    );
}

#[test]
fn a_reply_port_at_which_nobody_listens_ends_the_session_that_named_it() {
    let mut show = Show::default();
    show.sessions.unreachable = Unreachable::Ends;
    let mut bench = Bench::with(show);
    bench.send(9, "/oscgate/subscribe /oscgate/status/disconnected");
    bench.send(1, "/oscgate/hello tab 9000");
    let to = local(9000);
    assert_eq!(
        bench.event(Event::Unreachable { to }),
        ["9 /oscgate/status/disconnected tab 127.0.0.1:1 unreachable"]
    );
}
