//! Stalls of the gateway itself, and links that are down.

use super::*;
use crate::limits::CATCH_UP_MAX;

/// The loop wakes after having been stopped since `since`.
fn wake(bench: &mut Bench, stalled: u64) -> Instant {
    let since = bench.now;
    bench.now = since + Duration::from_millis(stalled);
    since
}

#[test]
fn what_waited_in_the_socket_renews_a_lock_that_ran_out_meanwhile() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /a 1");
    let since = wake(&mut bench, 45_000);
    assert_eq!(bench.event(Event::Behind { since }), [""; 0]);
    assert_eq!(
        bench.send(2, "/a 2")[0],
        "2 /oscgate/status/denied /a LOCK_HELD 127.0.0.1:1 1"
    );
    assert_eq!(bench.send(1, "/a 3"), ["1 /a 3"]);
    assert_eq!(bench.event(Event::CaughtUp), [""; 0]);
    bench.ms(400);
    assert_eq!(
        bench.send(2, "/a 4")[0],
        "2 /oscgate/status/denied /a LOCK_HELD 127.0.0.1:1 29600",
        "it was renewed when it was read"
    );
}

#[test]
fn what_nobody_renewed_ends_once_the_sockets_were_emptied() {
    let mut bench = Bench::new();
    bench.send(9, "/oscgate/subscribe /oscgate/status/unlocked");
    bench.send(1, "/oscgate/lock /a 1");
    let since = wake(&mut bench, 45_000);
    bench.event(Event::Behind { since });
    bench.send(9, "/oscgate/ping");
    assert_eq!(
        bench.event(Event::CaughtUp),
        [
            "1 /oscgate/status/unlocked /a 127.0.0.1:1 expired",
            "9 /oscgate/status/unlocked /a 127.0.0.1:1 expired"
        ]
    );
}

#[test]
fn nobody_falls_silent_before_what_it_sent_was_read() {
    let mut bench = Bench::new();
    bench.send(9, "/oscgate/subscribe /oscgate/status/disconnected");
    bench.send(1, "/oscgate/ping");
    bench.send(2, "/oscgate/ping");
    let since = wake(&mut bench, 12_000);
    bench.event(Event::Behind { since });
    bench.send(1, "/oscgate/ping");
    assert_eq!(
        bench.event(Event::CaughtUp),
        ["9 /oscgate/status/disconnected 127.0.0.1:2 127.0.0.1:2 silence"]
    );
}

#[test]
fn a_flood_does_not_keep_a_lock_alive_for_longer_than_a_second() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /a 1");
    let since = wake(&mut bench, 40_000);
    bench.event(Event::Behind { since });
    assert_eq!(bench.gateway.deadline(), Some(bench.now + CATCH_UP_MAX));
    bench.now = bench.now + CATCH_UP_MAX - Duration::from_micros(1);
    assert_eq!(bench.event(Event::Timeout), [""; 0]);
    bench.now = bench.now + Duration::from_micros(1);
    let ended = bench.event(Event::Timeout);
    assert_eq!(ended, ["1 /oscgate/status/unlocked /a 127.0.0.1:1 expired"]);
    assert_eq!(bench.send(2, "/a 2"), ["2 /a 2"]);
}

#[test]
fn a_stall_in_the_midst_of_catching_up_gives_its_time_anew() {
    let mut bench = Bench::new();
    bench.send(1, "/oscgate/lock /a 1");
    let since = wake(&mut bench, 40_000);
    bench.event(Event::Behind { since });
    let since = wake(&mut bench, 40_000);
    bench.event(Event::Behind { since });
    assert_eq!(bench.send(1, "/a 3"), ["1 /a 3"]);
    assert_eq!(bench.event(Event::CaughtUp), [""; 0]);
}

fn over(bench: &mut Bench, from: SocketAddr, link: [u8; 4], message: &str) -> Vec<String> {
    let via = Via {
        socket: 0,
        local: Some(link.into()),
    };
    let bytes = encode(message);
    bench.event(Event::Datagram {
        from,
        via,
        bytes: &bytes,
    })
}

#[test]
fn nobody_falls_silent_behind_a_link_that_is_down() {
    let (near, far) = ([10, 0, 0, 254], [10, 0, 1, 254]);
    let (desk, tablet) = (at([10, 0, 0, 1], 1), at([10, 0, 1, 1], 2));
    let mut bench = Bench::new();
    bench.event(Event::Links {
        up: &[near.into(), far.into()],
    });
    over(&mut bench, desk, near, "/oscgate/ping");
    over(
        &mut bench,
        tablet,
        far,
        "/oscgate/subscribe /oscgate/status/disconnected",
    );
    over(&mut bench, tablet, far, "/oscgate/ping");
    bench.ms(9_000);
    bench.event(Event::Links { up: &[near.into()] });
    let heard = bench.ms(60_000);
    assert_eq!(
        heard,
        ["2 /oscgate/status/disconnected 10.0.0.1:1 10.0.0.1:1 silence"]
    );
    bench.event(Event::Links {
        up: &[near.into(), far.into()],
    });
    assert_eq!(
        bench.ms(9_999),
        [""; 0],
        "its silence counts from when it can be heard again"
    );
    over(
        &mut bench,
        desk,
        near,
        "/oscgate/subscribe /oscgate/status/disconnected",
    );
    let heard = bench.ms(1);
    assert_eq!(
        heard,
        [
            "1 /oscgate/status/disconnected 10.0.1.1:2 10.0.1.1:2 silence",
            "2 /oscgate/status/disconnected 10.0.1.1:2 10.0.1.1:2 silence"
        ]
    );
}

#[test]
fn locks_run_out_behind_a_link_that_is_down_all_the_same() {
    let link = [10, 0, 0, 254];
    let desk = at([10, 0, 0, 1], 1);
    let mut bench = Bench::new();
    over(&mut bench, desk, link, "/oscgate/lock /a 1");
    bench.event(Event::Links { up: &[] });
    let heard = bench.ms(30_000);
    assert_eq!(heard, ["1 /oscgate/status/unlocked /a 10.0.0.1:1 expired"]);
}

#[test]
fn a_link_that_nobody_names_is_up() {
    let mut bench = Bench::new();
    bench.event(Event::Links { up: &[] });
    bench.send(9, "/oscgate/subscribe /oscgate/status/disconnected");
    bench.send(1, "/oscgate/ping");
    over(&mut bench, local(2), [127, 0, 0, 1], "/oscgate/ping");
    assert_eq!(bench.ms(10_000).len(), 2);
}

#[test]
fn what_ends_in_a_late_turn_ends_in_the_order_of_its_own_times() {
    let mut show = Show::default();
    show.locks.timeout = Duration::from_secs(5);
    let mut bench = Bench::with(show);
    bench.send(9, "/oscgate/subscribe /oscgate/status/*");
    bench.send(1, "/oscgate/ping");
    bench.ms(5_000);
    bench.send(9, "/oscgate/ping");
    bench.send(1, "/oscgate/lock /a");
    bench.ms(1);
    bench.send(1, "/oscgate/lock /b");
    // It renews the first, which ends last now; its wake-up stands where it stood.
    bench.ms(1_000);
    bench.send(1, "/oscgate/lock /a");
    wake(&mut bench, 40_000);
    let ended = bench.event(Event::Timeout);
    let ended: Vec<&str> = ended
        .iter()
        .filter_map(|line| line.strip_prefix("9 /oscgate/status/"))
        .filter(|line| !line.starts_with("heartbeat"))
        .collect();
    assert_eq!(
        ended,
        [
            "unlocked /b 127.0.0.1:1 expired",
            "unlocked /a 127.0.0.1:1 expired",
            "disconnected 127.0.0.1:9 127.0.0.1:9 silence",
        ],
    );
}

#[test]
fn a_lock_that_runs_out_as_its_holder_falls_silent_has_run_out() {
    let mut show = Show::default();
    show.locks.timeout = Duration::from_secs(10);
    let mut bench = Bench::with(show);
    bench.send(1, "/oscgate/ping");
    bench.ms(1);
    bench.send(1, "/oscgate/lock /a");
    let heard = bench.ms(10_000);
    assert_eq!(heard, ["1 /oscgate/status/unlocked /a 127.0.0.1:1 expired"]);
}

#[test]
fn of_the_locks_of_one_that_falls_silent_those_that_run_out_at_that_moment_have_run_out() {
    let mut show = show_of(
        vec![],
        vec![AddressRule {
            lock_timeout: Some(Duration::from_secs(20)),
            ..rule("/long")
        }],
    );
    show.locks.timeout = Duration::from_secs(10);
    let mut bench = Bench::with(show);
    bench.send(
        9,
        "/oscgate/subscribe /oscgate/status/unlocked /oscgate/status/disconnected",
    );
    bench.send(1, "/oscgate/ping");
    bench.send(1, "/oscgate/lock /a");
    bench.send(1, "/oscgate/lock /long");
    bench.ms(5_000);
    // Both wake-ups stand where they stood, and that for silence comes first.
    bench.send(1, "/oscgate/lock /a");
    assert_eq!(bench.ms(9_999), [""; 0]);
    let heard = bench.ms(1);
    assert_eq!(
        heard,
        [
            "1 /oscgate/status/unlocked /a 127.0.0.1:1 expired",
            "9 /oscgate/status/unlocked /a 127.0.0.1:1 expired",
            "9 /oscgate/status/unlocked /long 127.0.0.1:1 disconnected",
            "9 /oscgate/status/disconnected 127.0.0.1:1 127.0.0.1:1 silence",
        ]
    );
}
