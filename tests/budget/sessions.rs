//! What keeps sessions alive and what is dropped at the door.

use super::*;

#[test]
fn a_ping_allocates_nothing() {
    let mut stage = Stage::new();
    let ping = message("/oscgate/ping", &[Argument::Int(7), text("desk")]);
    stage.allocates_nothing(1, |stage| stage.send(HAND, &ping));
}

#[test]
fn a_heartbeat_of_the_gateway_allocates_nothing() {
    let mut stage = Stage::new();
    stage.ten_followers("/oscgate/status/heartbeat");
    stage.allocates_nothing(10, |stage| stage.pass(Duration::from_secs(1)));
}

#[test]
fn a_wake_up_for_silence_that_finds_its_client_alive_allocates_nothing() {
    let mut show = Show::default();
    show.sessions.idle_timeout = Some(Duration::from_secs(1));
    let mut stage = Stage::of(show);
    let write = message("/fader", &[Argument::Int(1)]);
    stage.send(HAND, &write);
    let began = stage.now;
    stage.allocates_nothing(1, |stage| {
        let due = stage.gateway.deadline().expect("it may fall silent");
        stage.now = due - Duration::from_micros(1);
        stage.send_now(HAND, &write);
        stage.pass(Duration::from_micros(1));
        let next = stage.gateway.deadline().expect("it is still there");
        assert!(next > due, "the wake-up came and was set anew");
    });
    assert!(stage.now.since(began) >= Duration::from_secs(1_000));
}

#[test]
fn a_bad_packet_allocates_nothing() {
    let mut stage = Stage::new();
    let cut = &message("/fader", &[Argument::Int(1)])[..10];
    stage.allocates_nothing(0, |stage| stage.send(HAND, cut));
    let bad: u64 = stage.gateway.stats().bad_packets.iter().sum();
    assert_eq!(bad, (stage.warm_up + REPETITIONS) as u64);
}

#[test]
fn an_empty_datagram_allocates_nothing() {
    let mut stage = Stage::new();
    stage.allocates_nothing(0, |stage| stage.send(HAND, b""));
}

#[test]
fn a_packet_beyond_what_a_client_may_send_allocates_nothing() {
    let mut stage = Stage::new();
    let write = message("/fader", &[Argument::Int(1)]);
    let per_second = 20_000;
    for _ in 0..per_second {
        stage.send_now(HAND, &write);
    }
    stage.allocates_nothing(0, |stage| stage.send_now(HAND, &write));
    let over = stage.gateway.stats().over_rate;
    assert_eq!(over, (stage.warm_up + REPETITIONS) as u64);
}

#[test]
fn a_request_that_fails_allocates_nothing() {
    let mut stage = Stage::new();
    let unknown = message("/oscgate/nonsense", &[Argument::Int(7)]);
    stage.allocates_nothing(1, |stage| stage.send(HAND, &unknown));
}
