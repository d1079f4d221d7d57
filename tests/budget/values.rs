//! Values and events: accepted, echoed, handed on, thinned, sent back.

use oscgate::osc::Pattern;

use super::*;

/// Writes one value over and over.
fn writing_allocates_nothing(value: Argument) {
    let mut stage = Stage::new();
    let write = message("/ch/01/mix/fader", &[value]);
    stage.allocates_nothing(1, |stage| stage.send(HAND, &write));
}

#[test]
fn an_accepted_float_and_its_echo_allocate_nothing() {
    writing_allocates_nothing(Argument::Float(0.5));
}

#[test]
fn an_accepted_string_and_its_echo_allocate_nothing() {
    let longer_than_what_is_kept_in_place = text("the name of a channel strip");
    writing_allocates_nothing(longer_than_what_is_kept_in_place);
}

#[test]
fn an_accepted_blob_and_its_echo_allocate_nothing() {
    writing_allocates_nothing(Argument::Blob(vec![7; 1_000]));
}

#[test]
fn an_accepted_blob_of_nearly_a_whole_datagram_allocates_nothing() {
    writing_allocates_nothing(Argument::Blob(vec![7; 65_000]));
}

#[test]
fn values_of_changing_lengths_allocate_nothing_once_the_longest_was_there() {
    let mut stage = Stage::new();
    let writes: Vec<Vec<u8>> = (40..60)
        .map(|length| message("/name", &[text(&"x".repeat(length))]))
        .collect();
    let mut next = 0;
    stage.allocates_nothing(1, |stage| {
        stage.send(HAND, &writes[next]);
        next = (next + 1) % writes.len();
    });
}

#[test]
fn a_value_that_goes_on_to_ten_followers_allocates_nothing() {
    let mut stage = Stage::new();
    stage.ten_followers("/ch/*/mix/fader");
    let write = message("/ch/01/mix/fader", &[Argument::Float(0.5)]);
    stage.allocates_nothing(11, |stage| stage.send(HAND, &write));
}

#[test]
fn a_value_that_a_rule_converts_and_clips_allocates_nothing() {
    let clips = AddressRule {
        args: Some("f".to_owned()),
        range: Some((0.0, 1.0)),
        ..rule("/fader/*")
    };
    let mut stage = Stage::with(vec![clips]);
    let write = message("/fader/1", &[Argument::Int(7)]);
    stage.allocates_nothing(1, |stage| stage.send(HAND, &write));
}

#[test]
fn a_plain_bundle_of_a_hundred_writes_allocates_nothing() {
    let mut stage = Stage::new();
    let writes: Vec<_> = (0..100)
        .map(|n| message(&format!("/ch/{n}/fader"), &[Argument::Float(0.5)]))
        .collect();
    let bundle = bundle(&writes);
    stage.allocates_nothing(100, |stage| stage.send(HAND, &bundle));
}

#[test]
fn a_reflection_allocates_nothing() {
    let mut stage = Stage::new();
    stage.follower(OTHER, "/fader");
    let write = message("/fader", &[Argument::Float(0.5)]);
    let before = stage.gateway.stats().reflections;
    // The writer's echo, the follower's update, and nothing for what the follower sends back.
    stage.allocates_nothing(2, |stage| {
        stage.send(HAND, &write);
        stage.send(OTHER, &write);
    });
    let reflections = stage.gateway.stats().reflections - before;
    assert_eq!(reflections, (stage.warm_up + REPETITIONS) as u64);
}

#[test]
fn a_thinned_value_allocates_nothing() {
    let thinned = AddressRule {
        rate: Some(100),
        ..rule("/meter")
    };
    let mut stage = Stage::with(vec![thinned]);
    stage.follower(OTHER, "/meter");
    let write = message("/meter", &[Argument::Float(0.5)]);
    // Ten writes in the ten milliseconds of one turn, then two turns' time, so that it ends.
    stage.allocates_nothing(10 + 2, |stage| {
        for _ in 0..10 {
            stage.send(HAND, &write);
        }
        stage.pass(Duration::from_millis(25));
    });
}

#[test]
fn an_event_that_goes_on_to_ten_followers_allocates_nothing() {
    let mut stage = Stage::new();
    stage.ten_followers("/cue/*");
    let go = message("/cue/go", &[]);
    stage.allocates_nothing(11, |stage| stage.send(HAND, &go));
}

#[test]
fn an_event_of_a_locked_address_that_goes_on_to_ten_followers_allocates_nothing() {
    let mut stage = Stage::new();
    stage.ten_followers("/cue/*");
    stage.prepare(HAND, "/oscgate/lock", &[text("/cue/go")]);
    let go = message("/cue/go", &[]);
    stage.allocates_nothing(11, |stage| stage.send(HAND, &go));
}

#[test]
fn an_event_that_lets_thinned_values_go_before_it_allocates_nothing() {
    let thinned = AddressRule {
        rate: Some(100),
        ..rule("/meter/*")
    };
    let mut stage = Stage::with(vec![thinned]);
    stage.follower(OTHER, "//*");
    let writes = [1, 2].map(|n| message(&format!("/meter/{n}"), &[Argument::Float(0.5)]));
    let go = message("/cue/go", &[]);
    // Two writes of each meter, an event, and the event's way: a first and a held back value of
    // each for the follower.
    stage.allocates_nothing(4 + 4 + 2, |stage| {
        for write in [&writes[0], &writes[1], &writes[0], &writes[1]] {
            stage.send(HAND, write);
        }
        stage.send(HAND, &go);
        stage.pass(Duration::from_millis(25));
    });
}

#[test]
fn a_write_by_pattern_to_fifty_addresses_allocates_only_to_compile_the_pattern() {
    let pattern = "/ch/*/mix/fader";
    let compiling = allocation_counter::measure(|| {
        Pattern::compile(pattern).expect("a good pattern");
    });
    let mut stage = Stage::new();
    for n in 0..50 {
        stage.prepare(HAND, &format!("/ch/{n:02}/mix/fader"), &[Argument::Int(1)]);
    }
    let write = message(pattern, &[Argument::Float(0.5)]);
    let measured = stage.measure(|stage| stage.send(HAND, &write));
    let expected = Measured {
        allocations: compiling.count_total * REPETITIONS as u64,
        sent: 50 * REPETITIONS,
    };
    assert_eq!(measured, expected);
}

#[test]
fn an_all_or_nothing_bundle_allocates_for_its_rehearsal_in_step_with_its_messages() {
    let mut stage = Stage::new();
    let mut allocations_of = |writes: usize| {
        let mut messages = vec![message("/oscgate/atomic", &[])];
        for n in 0..writes {
            messages.push(message(&format!("/ch/{n}/fader"), &[Argument::Float(0.5)]));
        }
        let bundle = bundle(&messages);
        let measured = stage.measure(|stage| stage.send(HAND, &bundle));
        assert_eq!(measured.sent, writes * REPETITIONS);
        measured.allocations / REPETITIONS as u64
    };
    let (few, many) = (allocations_of(10), allocations_of(100));
    println!("{few} {many}");
    assert!(few > 0, "the rehearsal keeps what each address becomes");
    assert!(many <= 10 * few, "{few} for 10 writes, {many} for 100");
}

#[test]
fn a_get_and_a_meta_allocate_nothing() {
    let mut stage = Stage::new();
    stage.warm_up = WARM_UP_OF_SENT;
    stage.prepare(HAND, "/fader", &[Argument::Float(0.5)]);
    let get = message("/oscgate/get", &[text("/fader")]);
    let meta = message("/oscgate/meta", &[text("/fader")]);
    stage.allocates_nothing(2, |stage| {
        stage.send(OTHER, &get);
        stage.send(OTHER, &meta);
    });
}
