//! The cases: what the hot path is made of, and whole steps of the machine.

use std::hint::black_box;
use std::time::Duration;

use oscgate::limits::SENT_MEMORY_MAX;
use oscgate::osc::{Argument, Encoder};

use crate::measured::{measured_compile, measured_match, measured_view};
use crate::stage::{HAND, OTHER, Stage, bundle, message, text};

/// One step, to be taken as often as one likes.
type Step = Box<dyn FnMut()>;

/// Something to be measured.
#[derive(Clone, Copy)]
pub struct Case {
    /// What a step does.
    pub name: &'static str,
    /// How much work there is.
    pub size: Size,
    make: fn() -> Step,
}

/// How much work there is in a case: a simulated processor is some fifty times slower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// A step is short, and soon like the next.
    Usual,
    /// A step is short; what was sent to others is remembered, and steps grow until that memory
    /// is full.
    Followed,
    /// A step is long.
    Long,
    /// A step is short, and its preparation takes minutes.
    Large,
}

impl Case {
    /// Prepares the case.
    #[must_use]
    pub fn make(&self) -> Step {
        (self.make)()
    }

    const fn is(self, size: Size) -> Self {
        Self { size, ..self }
    }
}

impl Size {
    /// Steps until all that follow are alike.
    #[must_use]
    pub const fn warm_up(self) -> usize {
        match self {
            Self::Usual | Self::Large => 200,
            Self::Followed => SENT_MEMORY_MAX + 200,
            // Each sends a hundred values or more.
            Self::Long => SENT_MEMORY_MAX / 100 + 10,
        }
    }

    /// Steps that are enough for a mean.
    #[must_use]
    pub const fn steps(self) -> usize {
        match self {
            Self::Usual | Self::Large | Self::Followed => 200,
            Self::Long => 20,
        }
    }
}

const fn case(name: &'static str, make: fn() -> Step) -> Case {
    Case {
        name,
        size: Size::Usual,
        make,
    }
}

/// All cases, in the order in which they are shown.
pub const CASES: &[Case] = &[
    case("view: a float message", view_message),
    case("view: a bundle of 100", view_bundle).is(Size::Long),
    case("pattern: compile /ch/*/mix/fader", compile),
    case("pattern: match /ch/*/mix/fader", match_glob),
    case("pattern: match //fader", match_levels),
    case("ping", ping),
    case("bad packet", bad_packet),
    case("write", write),
    case("write, among 10,000 addresses", write_among::<10_000>),
    case("write, among 100,000 addresses", write_among::<100_000>),
    case("write, among 1,000,000 addresses", write_among::<1_000_000>).is(Size::Large),
    case("write under one's own lock (renewal)", write_locked),
    case("write to 10 followers", write_to_followers).is(Size::Followed),
    case("write by one who follows a busy show", write_by_follower).is(Size::Followed),
    case("write in a dialect", write_native),
    case(
        "write in a dialect to 10 that speak it",
        write_native_to_followers,
    )
    .is(Size::Followed),
    case("event to 10 followers", event_to_followers).is(Size::Followed),
    case("denied write, alone", denied_alone),
    case("denied write, in a stream", denied_in_stream),
    case("lock + unlock (two handles)", lock_and_unlock),
    case("call of a write", call),
    case("call of a write, repeated", call_repeated),
    case("bundle of 100 writes", write_bundle).is(Size::Long),
    case("atomic bundle of 100 writes", write_atomic).is(Size::Long),
    case("atomic bundle of 100 writes, refused", refuse_atomic).is(Size::Long),
    case("pattern over 1,000 addresses", write_pattern).is(Size::Long),
];

// --- parts ------------------------------------------------------------------------------------

fn view_message() -> Step {
    let bytes = write_to("/ch/01/mix/fader");
    Box::new(move || {
        black_box(measured_view(black_box(&bytes)));
    })
}

fn view_bundle() -> Step {
    let bytes = bundle_of_100();
    Box::new(move || {
        black_box(measured_view(black_box(&bytes)));
    })
}

fn compile() -> Step {
    Box::new(|| {
        black_box(measured_compile(black_box("/ch/*/mix/fader")));
    })
}

fn match_glob() -> Step {
    matching("/ch/*/mix/fader")
}

fn match_levels() -> Step {
    matching("//fader")
}

fn matching(pattern: &str) -> Step {
    let pattern = measured_compile(pattern);
    Box::new(move || {
        let matches = measured_match(black_box(&pattern), black_box("/ch/01/mix/fader"));
        assert!(black_box(matches));
    })
}

// --- whole steps ------------------------------------------------------------------------------

fn ping() -> Step {
    let bytes = message("/oscgate/ping", &[Argument::Int(7)]);
    repeat(Stage::new(), HAND, bytes)
}

fn bad_packet() -> Step {
    let mut bytes = write_to("/ch/01/mix/fader");
    bytes.truncate(bytes.len() - 4);
    repeat(Stage::new(), HAND, bytes)
}

fn write() -> Step {
    repeat(Stage::new(), HAND, write_to("/ch/01/mix/fader"))
}

/// Writes all over a table, no two of which lie together: neither the look-up nor what it finds
/// is in the processor's cache because of the step before.
fn write_among<const COUNT: usize>() -> Step {
    // 7,919 has no divisor in common with the counts, so that each address has its turn.
    let order = (0..COUNT).map(|n| n * 7_919 % COUNT);
    let writes: Vec<_> = order
        .map(|n| write_to(&format!("/{:02}/ch/{n:06}/fader", n % 17)))
        .collect();
    let mut stage = Stage::new();
    for write in &writes {
        stage.send(HAND, write);
    }
    let mut next = 0;
    Box::new(move || {
        stage.send(HAND, &writes[next]);
        next = (next + 1) % writes.len();
    })
}

fn write_locked() -> Step {
    let mut stage = Stage::new();
    stage.prepare(HAND, "/oscgate/lock", &[text("/ch/01/mix/fader")]);
    repeat(stage, HAND, write_to("/ch/01/mix/fader"))
}

fn write_to_followers() -> Step {
    let mut stage = Stage::new();
    stage.ten_followers("/ch/*/mix/fader");
    repeat(stage, HAND, write_to("/ch/01/mix/fader"))
}

fn write_native() -> Step {
    repeat(Stage::in_dialect(0), HAND, write_to("/ch/01/mix/fader"))
}

fn write_native_to_followers() -> Step {
    repeat(Stage::in_dialect(10), HAND, write_to("/ch/01/mix/fader"))
}

/// The writer was sent as many values of others as are remembered, to tell a reflection by.
fn write_by_follower() -> Step {
    let mut stage = Stage::with_reflection(Duration::from_secs(1_000 * 365 * 24 * 3_600));
    stage.prepare(HAND, "/oscgate/subscribe", &[text("/meter")]);
    for _ in 0..SENT_MEMORY_MAX {
        stage.prepare(OTHER, "/meter", &[Argument::Float(0.1)]);
    }
    repeat(stage, HAND, write_to("/ch/01/mix/fader"))
}

fn event_to_followers() -> Step {
    let mut stage = Stage::new();
    stage.ten_followers("/cue/*");
    repeat(stage, HAND, message("/cue/go", &[]))
}

fn denied_alone() -> Step {
    let mut stage = held();
    stage.pace = Duration::from_millis(400);
    repeat(stage, HAND, write_to("/ch/01/mix/fader"))
}

fn denied_in_stream() -> Step {
    let mut stage = held();
    stage.pace = Duration::from_millis(10);
    repeat(stage, HAND, write_to("/ch/01/mix/fader"))
}

/// A stage on which somebody else holds the fader, which has a value.
fn held() -> Stage {
    let mut stage = Stage::new();
    let fader = text("/ch/01/mix/fader");
    stage.prepare(OTHER, "/oscgate/lock", &[fader, Argument::Float(0.1)]);
    stage
}

fn lock_and_unlock() -> Step {
    let mut stage = Stage::new();
    stage.send(HAND, &write_to("/ch/01/mix/fader"));
    let lock = message("/oscgate/lock", &[text("/ch/01/mix/fader")]);
    let unlock = message("/oscgate/unlock", &[text("/ch/01/mix/fader")]);
    Box::new(move || {
        stage.send(HAND, &lock);
        stage.send(HAND, &unlock);
    })
}

fn call() -> Step {
    let mut stage = Stage::new();
    let (mut number, mut bytes) = (0, Vec::new());
    Box::new(move || {
        number += 1;
        write_call(&mut bytes, number);
        stage.send(HAND, &bytes);
    })
}

fn call_repeated() -> Step {
    let mut bytes = Vec::new();
    write_call(&mut bytes, 1);
    repeat(Stage::new(), HAND, bytes)
}

fn write_call(bytes: &mut Vec<u8>, number: i32) {
    bytes.clear();
    Encoder::begin(bytes, b"/oscgate/call", b"isf")
        .int(number)
        .string(b"/ch/01/mix/fader")
        .float(0.5);
}

fn write_bundle() -> Step {
    repeat(Stage::new(), HAND, bundle_of_100())
}

fn write_atomic() -> Step {
    repeat(Stage::new(), HAND, atomic_bundle_of_100())
}

/// The last of its messages is denied; the true values of all go back.
fn refuse_atomic() -> Step {
    let mut stage = Stage::new();
    for n in 0..100 {
        // Another value than the bundle's, which is else taken for a reflection of it.
        stage.prepare(
            OTHER,
            &format!("/ch/{n:02}/mix/fader"),
            &[Argument::Float(0.1)],
        );
    }
    stage.prepare(OTHER, "/oscgate/lock", &[text("/ch/99/mix/fader")]);
    repeat(stage, HAND, atomic_bundle_of_100())
}

fn write_pattern() -> Step {
    let mut stage = Stage::new();
    for n in 0..1_000 {
        stage.send(HAND, &write_to(&format!("/ch/{n:03}/mix/fader")));
    }
    repeat(stage, HAND, write_to("/ch/*/mix/fader"))
}

/// The same datagram over and over.
fn repeat(mut stage: Stage, port: u16, bytes: Vec<u8>) -> Step {
    Box::new(move || stage.send(port, &bytes))
}

fn write_to(address: &str) -> Vec<u8> {
    message(address, &[Argument::Float(0.5)])
}

fn bundle_of_100() -> Vec<u8> {
    bundle(&hundred_writes())
}

fn atomic_bundle_of_100() -> Vec<u8> {
    let mut messages = vec![message("/oscgate/atomic", &[])];
    messages.extend(hundred_writes());
    bundle(&messages)
}

fn hundred_writes() -> Vec<Vec<u8>> {
    (0..100)
        .map(|n| write_to(&format!("/ch/{n:02}/mix/fader")))
        .collect()
}
