//! Denials: one alone, and streams of them.

use super::*;

/// A stage on which somebody else holds the fader that is written, and somebody listens to
/// denials.
fn held() -> Stage {
    let mut stage = Stage::new();
    stage.prepare(OTHER, "/oscgate/lock", &[text("/fader"), Argument::Int(1)]);
    stage.follower(FIRST_FOLLOWER, "/oscgate/status/denied");
    stage
}

#[test]
fn a_single_denied_write_allocates_nothing() {
    let mut stage = held();
    let write = message("/fader", &[Argument::Int(2)]);
    // The denial and the true value to the denied, the denial to the follower.
    stage.allocates_nothing(3, |stage| {
        stage.send(HAND, &write);
        stage.pass(Duration::from_millis(400));
    });
    assert_eq!(
        stage.gateway.stats().denials,
        (stage.warm_up + REPETITIONS) as u64
    );
}

#[test]
fn a_stream_of_denied_writes_allocates_nothing() {
    let mut stage = held();
    let write = message("/fader", &[Argument::Int(2)]);
    // Two denials to two, the true value at the stream's beginning and at its end.
    stage.allocates_nothing(2 * 2 + 2, |stage| {
        for _ in 0..3 {
            stage.pass(Duration::from_millis(49));
            stage.send(HAND, &write);
        }
        stage.pass(Duration::from_millis(400));
    });
}

#[test]
fn denied_writes_to_many_addresses_allocate_nothing() {
    let mut stage = Stage::new();
    for n in 0..100 {
        let lock = [text(&format!("/fader/{n}")), Argument::Int(1)];
        stage.prepare(OTHER, "/oscgate/lock", &lock);
    }
    let writes: Vec<_> = (0..100)
        .map(|n| message(&format!("/fader/{n}"), &[Argument::Int(2)]))
        .collect();
    let mut next = 0;
    stage.allocates_nothing(2, |stage| {
        stage.pass(Duration::from_millis(4));
        stage.send(HAND, &writes[next]);
        next = (next + 1) % writes.len();
    });
}

#[test]
fn a_denied_lock_and_unlock_allocate_nothing() {
    let mut stage = held();
    let lock = message("/oscgate/lock", &[text("/fader")]);
    let unlock = message("/oscgate/unlock", &[text("/fader")]);
    stage.allocates_nothing(6, |stage| {
        stage.send(HAND, &lock);
        stage.send(HAND, &unlock);
    });
}
