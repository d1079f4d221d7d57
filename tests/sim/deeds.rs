//! What clients do: tempers, and the habits that take more than one message.

use crate::actor::{Actor, Mode};
use crate::chance::Chance;
use crate::requests::{Request, Speaker};
use crate::speech::{IMMEDIATELY, Spoken, bundle};

/// Something that a client does at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// One plain message.
    Say(Request),
    /// One message of any kind by call.
    Call,
    /// A fader is moved, again and again.
    Stream,
    /// A GO, or a button that sends both edges.
    Press,
    /// Lock with a value, write, renew, unlock.
    Habit,
    /// The same by call, again until it is answered.
    CalledHabit,
    /// One user behind the endpoint acts.
    As,
    /// Several messages in one packet.
    Bundle,
    /// All of them or none.
    Atomic,
    /// Bundles for another moment.
    Scheduled,
    /// More packets in a moment than anybody may send.
    Flood,
    /// Nothing for a while, perhaps for too long.
    Nap,
    /// It breaks down, and comes back without having said bye.
    Crash,
    /// Something that a decoder chokes on.
    Garbage,
}

const PLAIN: &[(u32, Deed)] = &[
    (10, Deed::Say(Request::Write)),
    (4, Deed::Stream),
    (2, Deed::Press),
    (1, Deed::Nap),
];
const LOCKER: &[(u32, Deed)] = &[
    (6, Deed::Habit),
    (3, Deed::Say(Request::Lock)),
    (2, Deed::Say(Request::LockWrite)),
    (3, Deed::Say(Request::Unlock)),
    (2, Deed::Say(Request::UnlockWrite)),
    (3, Deed::Stream),
];
const CALLER: &[(u32, Deed)] = &[
    (6, Deed::CalledHabit),
    (8, Deed::Call),
    (1, Deed::Say(Request::Ping)),
];
const CROWD: &[(u32, Deed)] = &[
    (10, Deed::As),
    (1, Deed::Say(Request::Ping)),
    (1, Deed::Habit),
];
const OPERATOR: &[(u32, Deed)] = &[
    (4, Deed::Say(Request::Release)),
    (6, Deed::Say(Request::Take)),
    (2, Deed::Habit),
    (1, Deed::Say(Request::Meta)),
];
const FOLLOWER: &[(u32, Deed)] = &[
    (6, Deed::Say(Request::Subscribe)),
    (2, Deed::Say(Request::Unsubscribe)),
    (4, Deed::Say(Request::Sync)),
    (3, Deed::Say(Request::Ping)),
    (1, Deed::Say(Request::Write)),
];
const ASKER: &[(u32, Deed)] = &[
    (4, Deed::Say(Request::Get)),
    (4, Deed::Say(Request::Meta)),
    (4, Deed::Say(Request::SetIf)),
    (3, Deed::Say(Request::Set)),
    (1, Deed::Call),
];
const SWEEPER: &[(u32, Deed)] = &[
    (8, Deed::Say(Request::Pattern)),
    (2, Deed::Say(Request::Write)),
];
const BUNDLER: &[(u32, Deed)] = &[
    (5, Deed::Bundle),
    (5, Deed::Atomic),
    (6, Deed::Scheduled),
    (2, Deed::Say(Request::Lock)),
];
const NAMED: &[(u32, Deed)] = &[
    (5, Deed::Say(Request::Hello)),
    (2, Deed::Say(Request::Bye)),
    (2, Deed::Say(Request::Ping)),
    (3, Deed::Habit),
    (2, Deed::Nap),
    (1, Deed::Crash),
];
const CLUMSY: &[(u32, Deed)] = &[
    (8, Deed::Say(Request::Malformed)),
    (2, Deed::Garbage),
    (1, Deed::Flood),
    (2, Deed::Say(Request::Write)),
];
const FRAGILE: &[(u32, Deed)] = &[
    (4, Deed::Habit),
    (3, Deed::CalledHabit),
    (2, Deed::Crash),
    (2, Deed::Nap),
    (2, Deed::Say(Request::Subscribe)),
];
const TEMPERS: [&[(u32, Deed)]; 12] = [
    PLAIN, LOCKER, CALLER, CROWD, OPERATOR, FOLLOWER, ASKER, SWEEPER, BUNDLER, NAMED, CLUMSY,
    FRAGILE,
];

/// The temper of a client: one or two of a kind, and a little of everything.
pub(crate) fn temper(chance: &mut Chance) -> Vec<(u32, Deed)> {
    let mut all = chance.pick(&TEMPERS).to_vec();
    if chance.once_in(2) {
        all.extend_from_slice(chance.pick(&TEMPERS));
    }
    if chance.once_in(2) {
        all.extend([
            (1, Deed::Say(Request::Subscribe)),
            (1, Deed::Say(Request::Write)),
            (1, Deed::Call),
            (1, Deed::Nap),
        ]);
    }
    all
}

/// Puts the messages of one deed into a client's script.
pub(crate) fn perform(actor: &mut Actor, deed: Deed, speaker: &mut Speaker<'_>, clock: u64) {
    match deed {
        Deed::Say(request) => {
            let spoken = speaker.say(request);
            actor.line(0, Mode::Plain, &spoken);
        }
        Deed::Call => {
            let spoken = speaker.anything();
            actor.line(0, Mode::Call, &spoken);
        }
        Deed::As => {
            let spoken = speaker.anything();
            let mode =
                speaker
                    .chance
                    .pick(&[Mode::As(0), Mode::As(1), Mode::CallAs(0), Mode::As(0)]);
            actor.line(0, mode, &spoken);
        }
        Deed::Stream => stream(actor, speaker),
        Deed::Press => press(actor, speaker),
        Deed::Habit => habit(actor, speaker, Mode::Plain),
        Deed::CalledHabit => habit(actor, speaker, Mode::Call),
        Deed::Bundle | Deed::Atomic | Deed::Scheduled => {
            let bytes = match deed {
                Deed::Bundle => plain_bundle(actor, speaker),
                Deed::Atomic => atomic(actor, speaker, IMMEDIATELY),
                _ => scheduled(actor, speaker, clock),
            };
            actor.packet(0, bytes);
        }
        Deed::Flood => {
            let spoken = speaker.say(Request::Write).encode();
            for _ in 0..speaker.chance.between(5, 30) {
                actor.packet(speaker.chance.below(30_000), spoken.clone());
            }
        }
        Deed::Garbage => {
            let good = speaker.anything().encode();
            actor.packet(0, crate::garbage::spoil(speaker.chance, &good));
        }
        Deed::Nap => actor.nap(speaker.chance.wait(9_000_000)),
        Deed::Crash => actor.crash(speaker.chance.wait(4_000_000)),
    }
}

fn stream(actor: &mut Actor, speaker: &mut Speaker<'_>) {
    let hot = speaker.hot();
    let gap = speaker
        .chance
        .pick(&[1_000, 20_000, 50_000, 90_000, 250_000]);
    for _ in 0..speaker.chance.between(2, 14) {
        let spoken = speaker.write(hot);
        actor.line(speaker.chance.wait(gap), Mode::Plain, &spoken);
    }
}

fn press(actor: &mut Actor, speaker: &mut Speaker<'_>) {
    let hot = speaker.hot();
    let spoken = speaker.about(Request::Event, hot);
    actor.line(0, Mode::Plain, &spoken);
    let spoken = Spoken::to(hot.address);
    actor.line(0, Mode::Plain, &spoken.clone().int(1));
    actor.line(speaker.chance.wait(80_000), Mode::Plain, &spoken.int(0));
}

fn habit(actor: &mut Actor, speaker: &mut Speaker<'_>, mode: Mode) {
    let hot = speaker.hot();
    let lock = speaker.about(Request::LockWrite, hot);
    actor.line(0, mode, &lock);
    let gap = speaker.chance.pick(&[30_000, 300_000, 1_500_000]);
    for _ in 0..speaker.chance.below(6) {
        let request = speaker.chance.weighted(&[
            (6, Request::Write),
            (1, Request::Set),
            (2, Request::Lock),
            (1, Request::Meta),
            (1, Request::Ping),
        ]);
        let spoken = speaker.about(request, hot);
        actor.line(speaker.chance.wait(gap), mode, &spoken);
    }
    let ends = speaker.chance.weighted(&[
        (3, Some(Request::Unlock)),
        (2, Some(Request::UnlockWrite)),
        (3, None),
    ]);
    if let Some(request) = ends {
        let spoken = speaker.about(request, hot);
        actor.line(speaker.chance.wait(gap), mode, &spoken);
    }
}

/// Messages of a bundle, some of them by call or for a user.
fn elements(actor: &mut Actor, speaker: &mut Speaker<'_>, most: u64) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for _ in 0..speaker.chance.below(most + 1) {
        let spoken = if speaker.chance.once_in(4) {
            speaker.anything()
        } else {
            speaker.act()
        };
        let mode = speaker.chance.weighted(&[
            (8, Mode::Plain),
            (3, Mode::Call),
            (1, Mode::As(0)),
            (1, Mode::CallAs(0)),
        ]);
        all.push(actor.worded(mode, &spoken, speaker.chance).0);
    }
    all
}

fn plain_bundle(actor: &mut Actor, speaker: &mut Speaker<'_>) -> Vec<u8> {
    let mut all = elements(actor, speaker, 5);
    if speaker.chance.once_in(3) {
        let inner = if speaker.chance.once_in(3) {
            atomic(actor, speaker, IMMEDIATELY)
        } else {
            bundle(IMMEDIATELY, &elements(actor, speaker, 3))
        };
        all.insert(speaker.chance.index(all.len() + 1), inner);
    }
    let tag = speaker
        .chance
        .pick(&[IMMEDIATELY, IMMEDIATELY, 0, 1 << 40, u64::MAX]);
    bundle(tag, &all)
}

fn atomic(actor: &mut Actor, speaker: &mut Speaker<'_>, tag: u64) -> Vec<u8> {
    let word = Spoken::to("/oscgate/atomic");
    let word = if speaker.chance.once_in(30) {
        word.int(1)
    } else {
        word
    };
    let mut all = vec![word.encode()];
    if crate::weather::EARLY {
        all.clear();
    }
    if speaker.chance.once_in(3) {
        // A stereo pair: locked and written together or not at all.
        let (left, right) = (speaker.hot(), speaker.hot());
        for hot in [left, right, left] {
            let request =
                speaker
                    .chance
                    .pick(&[Request::LockWrite, Request::Write, Request::Unlock]);
            all.push(speaker.about(request, hot).encode());
        }
    }
    all.extend(elements(actor, speaker, 4));
    if speaker.chance.once_in(4) {
        let inner = bundle(tag.wrapping_add(1 << 32), &elements(actor, speaker, 2));
        let at = speaker.chance.index(all.len() + 1);
        all.insert(at.max(1).min(all.len()), inner);
    }
    bundle(tag, &all)
}

fn scheduled(actor: &mut Actor, speaker: &mut Speaker<'_>, clock: u64) -> Vec<u8> {
    let tag = tag(speaker.chance, clock);
    if speaker.chance.once_in(5) {
        return atomic(actor, speaker, tag);
    }
    let mut all = elements(actor, speaker, 3);
    for _ in 0..speaker.chance.pick(&[0, 0, 0, 1, 2]) {
        let inner_tag = self::tag(speaker.chance, clock);
        let inner = if speaker.chance.once_in(4) {
            atomic(actor, speaker, inner_tag)
        } else {
            bundle(inner_tag, &elements(actor, speaker, 2))
        };
        all.insert(speaker.chance.index(all.len() + 1), inner);
    }
    bundle(tag, &all)
}

/// One second in a time tag.
const SECOND: u64 = 1 << 32;

/// A moment: past, now, soon, at the edge of what may be scheduled, beyond, and round the corner.
fn tag(chance: &mut Chance, clock: u64) -> u64 {
    let fraction = chance.below(SECOND);
    match chance.below(16) {
        0 => chance.pick(&[IMMEDIATELY, 0]),
        1 => clock.wrapping_sub(chance.below(20) * SECOND + fraction),
        2 => clock,
        3 => clock.wrapping_add(chance.pick(&[SECOND, 10 * SECOND, 60 * SECOND])),
        4 => clock.wrapping_add(chance.below(100) * SECOND + fraction),
        5 => clock.wrapping_add(chance.pick(&[364, 366]) * 86_400 * SECOND),
        6 => clock.wrapping_add(1 << 63).wrapping_add(chance.below(3)),
        7 => chance.bits(),
        8..11 => clock.wrapping_add(fraction / 16),
        _ => clock.wrapping_add(chance.below(8) * SECOND + fraction),
    }
}
