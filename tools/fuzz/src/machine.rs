//! The machine: any datagrams, times and events in any order, and its books stay right.

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
    match from.below(32) {
        0..=9 => {
            let source = from.below(SOURCES.len());
            let mut bytes = Vec::new();
            message::any(from).write(&mut bytes);
            world.datagram(source, &bytes);
        }
        10..=13 => {
            let source = from.below(SOURCES.len());
            let mut bytes = Vec::new();
            message::bundle(from, 1, 1, &mut bytes);
            world.datagram(source, &bytes);
        }
        14..=17 => {
            let source = from.below(SOURCES.len());
            world.watched(source, &message::any(from));
        }
        18 => {
            let source = from.below(SOURCES.len());
            let number = from.below(80) as i32;
            world.called_twice(source, &message::plain(from).called(number));
        }
        19..=21 => {
            let span = from.one_of(&SPANS);
            if from.one_in(2) {
                world.pass(span);
            } else {
                world.jump(span);
            }
        }
        22 | 23 => {
            let early = from.one_of(&[0, 1]);
            world.until_due(early);
        }
        24 => {
            let show = from.below(shows::COUNT);
            world.reload(show);
        }
        25 => {
            let to = SOURCES[from.below(SOURCES.len())];
            world.handle(Event::Unreachable { to });
        }
        26 => {
            let to = SOURCES[from.below(SOURCES.len())];
            let failure = SendFailure::NoBuffers;
            world.handle(Event::Unsent { to, failure });
        }
        27 => {
            let source = from.below(SOURCES.len());
            world.toggle_slow(source);
        }
        28 => {
            let source = from.below(SOURCES.len());
            let length = from.below(64);
            world.datagram(source, from.slice(length));
        }
        29 => world.wait_for_a_lock(),
        30 => {
            // The same again and again, as a hand on a fader does.
            let source = from.below(SOURCES.len());
            let times = [2, 3, 5, 20, 70][from.below(5)];
            let mut bytes = Vec::new();
            message::any(from).write(&mut bytes);
            let pause = from.one_of(&[0, 0, 10_000]);
            for _ in 0..times {
                world.datagram(source, &bytes);
                world.jump(pause);
            }
        }
        _ => world.check(),
    }
}
