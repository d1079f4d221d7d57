//! Locks: taken, renewed, released, run out.

use super::*;

/// A stage on which the hand holds the fader that it moves.
fn holding() -> Stage {
    let mut stage = Stage::new();
    stage.prepare(HAND, "/oscgate/lock", &[text("/fader"), Argument::Int(1)]);
    stage
}

#[test]
fn a_renewal_by_a_write_allocates_nothing() {
    let mut stage = holding();
    let write = message("/fader", &[Argument::Int(2)]);
    stage.allocates_nothing(1, |stage| stage.send(HAND, &write));
}

#[test]
fn a_renewal_by_a_lock_message_allocates_nothing() {
    let mut stage = holding();
    let lock = message("/oscgate/lock", &[text("/fader")]);
    stage.allocates_nothing(1, |stage| stage.send(HAND, &lock));
}

#[test]
fn a_renewal_by_a_lock_message_with_a_value_allocates_nothing() {
    let mut stage = holding();
    let lock = message("/oscgate/lock", &[text("/fader"), Argument::Int(2)]);
    stage.allocates_nothing(1, |stage| stage.send(HAND, &lock));
}

#[test]
fn a_renewal_by_set_allocates_nothing() {
    let mut stage = holding();
    let set = message("/oscgate/set", &[text("/fader"), Argument::Int(2)]);
    stage.allocates_nothing(1, |stage| stage.send(HAND, &set));
}

#[test]
fn taking_and_releasing_the_lock_of_a_value_allocates_nothing() {
    let mut stage = Stage::new();
    stage.prepare(HAND, "/fader", &[Argument::Int(1)]);
    stage.follower(OTHER, "/oscgate/status/*");
    let lock = message("/oscgate/lock", &[text("/fader")]);
    let unlock = message("/oscgate/unlock", &[text("/fader")]);
    // Heartbeats go to the follower as well, one a second: two milliseconds a step are too few.
    stage.pass(Duration::from_millis(500));
    let measured = stage.measure(|stage| {
        stage.send(HAND, &lock);
        stage.send(HAND, &unlock);
    });
    assert_eq!(measured.allocations, 0);
    assert!(measured.sent >= 4 * REPETITIONS);
}

#[test]
fn twenty_locks_taken_and_released_together_allocate_nothing() {
    let mut stage = Stage::new();
    let to_each = |request: &str| -> Vec<_> {
        (0..20)
            .map(|n| message(request, &[text(&format!("/fader/{n}"))]))
            .collect()
    };
    for n in 0..20 {
        stage.prepare(HAND, &format!("/fader/{n}"), &[Argument::Int(1)]);
    }
    let lock = bundle(&to_each("/oscgate/lock"));
    let unlock = bundle(&to_each("/oscgate/unlock"));
    stage.allocates_nothing(40, |stage| {
        stage.send(HAND, &lock);
        stage.send(HAND, &unlock);
    });
}

#[test]
fn a_lock_that_runs_out_and_is_taken_again_allocates_nothing() {
    let short = AddressRule {
        lock_timeout: Some(Duration::from_millis(50)),
        ..rule("/fader")
    };
    let mut stage = Stage::with(vec![short]);
    stage.prepare(HAND, "/fader", &[Argument::Int(1)]);
    let lock = message("/oscgate/lock", &[text("/fader")]);
    stage.allocates_nothing(2, |stage| {
        stage.send(HAND, &lock);
        stage.pass(Duration::from_millis(60));
    });
}

#[test]
fn a_lock_that_a_moving_hand_takes_and_a_still_one_loses_allocates_nothing() {
    let by_writing = AddressRule {
        lock: LockRule::Write,
        hold: Duration::from_millis(50),
        ..rule("/fader")
    };
    let mut stage = Stage::with(vec![by_writing]);
    let write = message("/fader", &[Argument::Int(1)]);
    // Locked, two echoes, unlocked.
    stage.allocates_nothing(4, |stage| {
        stage.send(HAND, &write);
        stage.send(HAND, &write);
        stage.pass(Duration::from_millis(60));
    });
}

#[test]
fn a_lock_of_an_address_without_a_value_allocates_its_name_and_nothing_else() {
    // Between two locks nothing is known of it: no memory is kept for what nobody wrote.
    let mut stage = Stage::new();
    stage.prepare(HAND, "/another", &[Argument::Int(1)]);
    let lock = message("/oscgate/lock", &[text("/fader")]);
    let unlock = message("/oscgate/unlock", &[text("/fader")]);
    let measured = stage.measure(|stage| {
        stage.send(HAND, &lock);
        stage.send(HAND, &unlock);
    });
    let expected = Measured {
        allocations: REPETITIONS as u64,
        sent: 2 * REPETITIONS,
    };
    assert_eq!(measured, expected);
}
