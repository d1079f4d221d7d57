//! The machine: any datagrams, times and events in any order, and its books stay right.

mod lines;
mod message;
mod probe;
mod shows;
mod world;

use oscgate::gateway::Event;
use oscgate::gateway::SendFailure;

use crate::bytes::Bytes;
use world::{SOURCES, World};

/// Spans by which time goes on, in microseconds.
const SPANS: [u64; 12] = [
    0,
    1,
    999,
    10_000,
    50_000,
    100_000,
    299_999,
    1_000_000,
    5_000_000,
    30_000_000,
    61_000_000,
    86_400_000_000,
];

/// Puts a gateway through a history that is built from the input.
///
/// # Panics
///
/// If the machine sends what is no packet or goes to somebody who never spoke, sleeps over
/// something that is due, or says one thing to who follows and another to who asks.
pub fn run(input: &[u8]) {
    // An input that is to be taken as it is is a datagram by itself.
    let Some((way, mut from)) = Bytes::of(input) else {
        let mut world = World::new(0);
        world.datagram(0, input);
        world.check();
        world.stop();
        return;
    };
    let mut world = World::new(usize::from(way) % shows::COUNT);
    while !from.is_empty() {
        step(&mut world, &mut from);
    }
    world.check();
    world.check_sync();
    world.stop();
}

fn step(world: &mut World, from: &mut Bytes<'_>) {
    if from.below(3) < 2 {
        let source = from.below(SOURCES.len());
        say(world, source, from);
    } else {
        happen(world, from);
    }
}

/// Somebody says something.
fn say(world: &mut World, source: usize, from: &mut Bytes<'_>) {
    let mut bytes = Vec::new();
    match from.below(24) {
        0..=8 => {
            message::any(from).write(&mut bytes);
            world.datagram(source, &bytes);
        }
        9..=11 => {
            message::bundle(from, 1, 1, &mut bytes);
            world.datagram(source, &bytes);
        }
        12..=15 => world.watched(source, &message::any(from)),
        16 => {
            let number = from.below(80) as i32;
            world.called_twice(source, &message::plain(from).called(number));
        }
        17 => {
            let length = from.below(64);
            world.datagram(source, from.slice(length));
        }
        18 => {
            // The same again and again, as a hand on a fader does.
            let times = [2, 3, 5, 20, 70][from.below(5)];
            message::any(from).write(&mut bytes);
            let pause = from.one_of(&[0, 0, 10_000]);
            for _ in 0..times {
                world.datagram(source, &bytes);
                world.jump(pause);
            }
        }
        19 | 20 => {
            message::atomic(from, &mut bytes);
            world.all_or_nothing(source, &bytes);
        }
        21 => {
            let times = [2, 20, 70][from.below(3)];
            scheduled(world, source, from, times);
        }
        _ => scheduled(world, source, from, 1),
    }
}

/// Something else happens.
fn happen(world: &mut World, from: &mut Bytes<'_>) {
    match from.below(18) {
        0..=2 => {
            let span = from.one_of(&SPANS);
            if from.one_in(2) {
                world.pass(span);
            } else {
                world.jump(span);
            }
        }
        3 | 4 => {
            let early = from.one_of(&[0, 1]);
            world.until_due(early);
        }
        5 => {
            let show = from.below(shows::COUNT);
            world.reload(show);
        }
        6 => {
            let to = SOURCES[from.below(SOURCES.len())];
            world.handle(Event::Unreachable { to });
        }
        7 => {
            let to = SOURCES[from.below(SOURCES.len())];
            let failure = SendFailure::NoBuffers;
            world.handle(Event::Unsent { to, failure });
        }
        8 => {
            let source = from.below(SOURCES.len());
            world.toggle_slow(source);
        }
        9 => world.wait_for_a_lock(),
        10 => world.check(),
        11 | 12 => {
            let micros = from.one_of(&[0, 1_000, 500_000, 20_000_000]);
            world.behind(micros);
        }
        13 => world.handle(Event::CaughtUp),
        14 => world.links([0, 2, 3][from.below(3)]),
        15 => {
            let source = SOURCES[from.below(SOURCES.len() - 1)];
            match from.below(4) {
                0 | 1 => world.connect(source),
                2 => world.hang_up(source),
                _ => world.live(source),
            }
        }
        _ => {
            let set_by = from.one_of(&[0, 0, 1, -1_000, 60_000_000, -31_536_000_000_000, i64::MAX]);
            world.wall_clock(set_by);
        }
    }
}

/// Bundles for another moment, one after the other.
fn scheduled(world: &mut World, source: usize, from: &mut Bytes<'_>, times: usize) {
    let mut bytes = Vec::new();
    let ahead = from.one_of(&[
        50_000,
        1,
        0,
        -1,
        1_000,
        999_999,
        1_999_999,
        2_000_001,
        10_000_000,
        10_000_001,
        31_535_999_999_999,
        31_536_000_000_001,
    ]);
    message::bundle(from, world.tag(ahead), 1, &mut bytes);
    for _ in 0..times {
        world.datagram(source, &bytes);
    }
}
