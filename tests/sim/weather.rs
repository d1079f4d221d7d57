//! The faults of one history: how often each strikes is drawn from its seed, and often it is never.

use crate::chance::Chance;

pub(crate) const EARLY: bool = false;
const SECOND: u64 = 1_000_000;

/// How late the loop wakes up for what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waking {
    /// In the very microsecond.
    Prompt,
    /// Up to a few milliseconds late.
    Late,
    /// Perhaps not before the next datagram.
    Lazy,
}

/// The faults of one history. Shares are of a thousand; times are means in microseconds.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    pub(crate) loss: u64,
    pub(crate) duplication: u64,
    pub(crate) delay: u64,
    /// So many of a thousand take up to 40 s.
    pub(crate) tail: u64,
    pub(crate) stalls: Option<u64>,
    pub(crate) stall: u64,
    /// Whether catching up may take long.
    pub(crate) toil: u64,
    pub(crate) waking: Waking,
    /// How often what is due is done by looking at the sockets first.
    pub(crate) careful: u64,
    pub(crate) link_losses: Option<u64>,
    pub(crate) link_loss: u64,
    pub(crate) forgeries: Option<u64>,
    pub(crate) garbage: Option<u64>,
    pub(crate) aims: Option<u64>,
    pub(crate) reloads: Option<u64>,
    /// So many of a thousand datagrams to who is not there are answered by its host.
    pub(crate) unreachable: u64,
    pub(crate) clock_steps: Option<u64>,
    pub(crate) strangers: Option<u64>,
    /// When the gateway stops, if it does before the history ends.
    pub(crate) stops: Option<u64>,
}

impl Weather {
    pub(crate) fn draw(chance: &mut Chance, length: u64) -> Self {
        Self {
            loss: chance.swarm(300),
            duplication: chance.swarm(500),
            delay: if chance.thousandth(150) {
                0
            } else {
                1_000 * chance.pick(&[1, 1, 3, 10, 30, 100, 300])
            },
            tail: chance.swarm(20),
            stalls: often(chance, 20, 200),
            stall: chance.pick(&[50_000, SECOND, 4 * SECOND, 15 * SECOND]),
            toil: chance.swarm(500),
            waking: chance.pick(&[Waking::Prompt, Waking::Late, Waking::Late, Waking::Lazy]),
            careful: if EARLY { 0 } else { chance.swarm(1_000) },
            link_losses: if EARLY { None } else { often(chance, 30, 200) },
            link_loss: chance.pick(&[SECOND, 6 * SECOND, 30 * SECOND]),
            forgeries: often(chance, 1, 30),
            garbage: often(chance, 1, 30),
            aims: often(chance, 1, 8),
            reloads: often(chance, 20, 200),
            unreachable: chance.swarm(700),
            clock_steps: often(chance, 20, 200),
            strangers: often(chance, 2, 60),
            stops: chance
                .thousandth(250)
                .then(|| chance.between(length / 2, length - 1)),
        }
    }

    /// When the copies of one datagram arrive, after how many microseconds; none if it is lost.
    pub(crate) fn transit(&self, chance: &mut Chance) -> [Option<u64>; 2] {
        if chance.thousandth(self.loss) {
            return [None, None];
        }
        let first = self.delay(chance);
        let second = chance
            .thousandth(self.duplication)
            .then(|| self.delay(chance));
        [Some(first), second]
    }

    fn delay(&self, chance: &mut Chance) -> u64 {
        if chance.thousandth(self.tail) {
            return chance.below(40 * SECOND);
        }
        if self.delay == 0 {
            return 0;
        }
        chance.wait(self.delay)
    }
}

/// The mean time between two of a kind, in seconds from `low` to `high`, or never.
fn often(chance: &mut Chance, low: u64, high: u64) -> Option<u64> {
    chance
        .thousandth(550)
        .then(|| chance.between(low, high) * SECOND)
}
