//! How the machine goes on after the loop around it has stalled: what was sent in time is not
//! judged late.

use crate::limits::CATCH_UP_MAX;
use crate::time::Instant;

/// Whether what is due may happen, or what waits in the sockets goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// What is due happens.
    Abreast,
    /// What came while nobody looked is being handled.
    Behind {
        /// What is due is judged as of this moment.
        since: Instant,
        /// Only so long: a flood must not keep a lock alive.
        until: Instant,
    },
    /// The sockets have not been empty since, but nobody waits for that any longer.
    Overdue,
}

impl Pace {
    /// The loop has stalled, once more perhaps, and has not seen the sockets empty since `since`.
    pub(super) fn fall_behind(&mut self, now: Instant, since: Instant) {
        let since = match *self {
            Self::Behind { since, .. } => since,
            Self::Abreast | Self::Overdue => since.min(now),
        };
        *self = Self::Behind {
            since,
            until: now + CATCH_UP_MAX,
        };
    }

    /// Notices that the time for catching up is over.
    pub(super) fn move_on(&mut self, now: Instant) {
        if matches!(self, Self::Behind { until, .. } if *until <= now) {
            *self = Self::Overdue;
        }
    }

    /// The moment as of which it is decided what has ended.
    pub(super) const fn as_of(self, now: Instant) -> Instant {
        match self {
            Self::Behind { since, .. } => since,
            Self::Abreast | Self::Overdue => now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    #[test]
    fn catching_up_has_an_end() {
        let mut pace = Pace::Abreast;
        pace.fall_behind(at(50), at(10));
        pace.move_on(at(60));
        assert_eq!(pace.as_of(at(60)), at(10));
        pace.move_on(at(50) + CATCH_UP_MAX);
        assert_eq!(pace, Pace::Overdue);
        assert_eq!(pace.as_of(at(2_000_000)), at(2_000_000));
    }

    #[test]
    fn a_stall_in_the_midst_of_it_gives_its_time_anew() {
        let mut pace = Pace::Abreast;
        pace.fall_behind(at(50), at(10));
        pace.fall_behind(at(5_000_000), at(60));
        pace.move_on(at(5_000_001));
        assert_eq!(pace.as_of(at(5_000_001)), at(10), "the older moment stays");
        pace.move_on(at(5_000_000) + CATCH_UP_MAX);
        pace.fall_behind(at(9_000_000), at(8_000_000));
        assert_eq!(pace.as_of(at(9_000_000)), at(8_000_000));
    }
}
