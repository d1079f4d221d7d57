//! What a steady state may allocate: nothing. A fader is moved a hundred times a second for hours,
//! so whatever its way through the machine allocates is paid for ever, in time and in its spread.

mod calls;
mod denials;
mod locks;
mod mappings;
mod memory;
mod sessions;
mod values;
#[cfg(feature = "shell")]
mod wire;

use std::net::SocketAddr;
use std::time::Duration;

use oscgate::config::{
    AddressRule, EventRule, LockRule, Outside, ParameterAccess, Sessions, Show, Unreachable,
};
use oscgate::gateway::{Event, Flow, Gateway, Outputs, Via};
use oscgate::limits::SENT_MEMORY_MAX;
use oscgate::osc::{Argument, encode_message};
use oscgate::time::Instant;

/// Steps before anything is counted: buffers grow to what they need.
const WARM_UP: usize = 500;

/// The same where somebody is sent others' values: they are remembered until that memory is full.
const WARM_UP_OF_SENT: usize = SENT_MEMORY_MAX + 500;

/// Steps that are counted.
const REPETITIONS: usize = 1_000;

/// From one step to the next, unless a test lets time pass itself: within what one client may send.
const PACE: Duration = Duration::from_millis(1);

/// The ports that clients speak from.
const HAND: u16 = 5_001;
const OTHER: u16 = 5_002;
const FIRST_FOLLOWER: u16 = 6_001;

/// A gateway with its clients, all of them ports of one machine.
struct Stage {
    gateway: Gateway,
    out: Outputs,
    now: Instant,
    /// Datagrams that were handed out.
    sent: usize,
    warm_up: usize,
}

impl Stage {
    /// One on which nothing ends by itself while a test lasts.
    fn new() -> Self {
        Self::with(Vec::new())
    }

    /// The same with rules for addresses.
    fn with(addresses: Vec<AddressRule>) -> Self {
        let mut show = Show {
            addresses,
            sessions: Sessions {
                silence_timeout: None,
                idle_timeout: None,
                unreachable: Unreachable::Ignore,
            },
            ..Show::default()
        };
        show.locks.timeout = Duration::from_secs(365 * 24 * 3_600);
        Self::of(show)
    }

    fn of(show: Show) -> Self {
        Self {
            gateway: Gateway::new(show, &[local(8_900)]),
            out: Outputs::new(),
            now: Instant::from_micros(1_000_000),
            sent: 0,
            warm_up: WARM_UP,
        }
    }

    /// Hands a datagram in a little later, and takes what comes of it as the loop does.
    fn send(&mut self, port: u16, bytes: &[u8]) {
        self.pass(PACE);
        self.send_now(port, bytes);
    }

    fn send_now(&mut self, port: u16, bytes: &[u8]) {
        let event = Event::Datagram {
            from: local(port),
            via: Via {
                socket: 0,
                local: None,
            },
            bytes,
        };
        self.gateway.handle(self.now, event, &mut self.out);
        self.take();
    }

    /// Lets time pass, waking the machine whenever it wants to be woken.
    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(due) = self.gateway.deadline().filter(|&due| due <= end) {
            self.now = self.now.max(due);
            self.gateway.handle(self.now, Event::Timeout, &mut self.out);
            self.take();
        }
        self.now = end;
    }

    fn take(&mut self) {
        let sent = &mut self.sent;
        self.out.take(|_, _, _| {
            *sent += 1;
            Flow::Taken
        });
        self.out.clear_changes();
    }

    /// Sends a message that is not part of what is counted.
    fn prepare(&mut self, port: u16, address: &str, arguments: &[Argument]) {
        self.send(port, &message(address, arguments));
    }

    /// A client that follows `pattern`.
    fn follower(&mut self, port: u16, pattern: &str) {
        self.prepare(port, "/oscgate/subscribe", &[text(pattern)]);
        self.warm_up = WARM_UP_OF_SENT;
    }

    /// Ten of them.
    fn ten_followers(&mut self, pattern: &str) {
        for port in FIRST_FOLLOWER..FIRST_FOLLOWER + 10 {
            self.follower(port, pattern);
        }
    }

    /// Takes `step` a number of times and says what the last [`REPETITIONS`] allocated and sent.
    fn measure(&mut self, mut step: impl FnMut(&mut Self)) -> Measured {
        for _ in 0..self.warm_up {
            step(self);
        }
        let before = self.sent;
        let counted = allocation_counter::measure(|| {
            for _ in 0..REPETITIONS {
                step(self);
            }
        });
        Measured {
            allocations: counted.count_total,
            sent: self.sent - before,
        }
    }

    /// Asserts that `step` allocates nothing and sends so many datagrams each time.
    fn allocates_nothing(&mut self, sent_each: usize, step: impl FnMut(&mut Self)) {
        let measured = self.measure(step);
        let expected = Measured {
            allocations: 0,
            sent: REPETITIONS * sent_each,
        };
        assert_eq!(measured, expected);
    }
}

/// What [`REPETITIONS`] steps took.
#[derive(Debug, PartialEq, Eq)]
struct Measured {
    allocations: u64,
    sent: usize,
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn message(address: &str, arguments: &[Argument]) -> Vec<u8> {
    encode_message(address, arguments).expect("a message of a test")
}

/// Messages as one bundle.
fn bundle(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"#bundle\0\0\0\0\0\0\0\0\x01".to_vec();
    for message in messages {
        let length = u32::try_from(message.len()).expect("a message of a test");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(message);
    }
    bytes
}

fn text(text: &str) -> Argument {
    Argument::String(text.to_owned())
}

/// A rule that changes nothing yet.
fn rule(pattern: &str) -> AddressRule {
    AddressRule {
        line: 1,
        pattern: pattern.to_owned(),
        args: None,
        range: None,
        outside: Outside::Clip,
        lock: LockRule::Explicit,
        lock_timeout: None,
        hold: Duration::from_secs(1),
        event: EventRule::No,
        access: ParameterAccess::ReadWrite,
        rate: None,
        description: None,
        unit: None,
    }
}

#[test]
fn an_allocation_of_a_step_is_seen() {
    let mut stage = Stage::new();
    let write = message("/fader", &[Argument::Float(0.5)]);
    let mut kept = Vec::new();
    let measured = stage.measure(|stage| {
        stage.send(HAND, &write);
        kept = std::hint::black_box(vec![0_u8; 4]);
    });
    let expected = Measured {
        allocations: REPETITIONS as u64,
        sent: REPETITIONS,
    };
    assert_eq!(measured, expected);
}

#[test]
fn a_buffer_that_grows_is_seen() {
    let mut stage = Stage::new();
    let mut growing = Vec::with_capacity(WARM_UP);
    let measured = stage.measure(|_| growing.push(std::hint::black_box(0_u8)));
    assert!(measured.allocations > 0);
}
