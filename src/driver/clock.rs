//! The one clock of the house.

use std::time::Duration;

use crate::time::Instant;

/// Tells the time since it was made.
///
/// It is the monotonic clock, which no one can set. On Linux it stands still while the machine is
/// suspended; what that means for locks is the business of whoever notices the gap.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: std::time::Instant,
}

impl Clock {
    /// Starts at [`Instant::ZERO`].
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the place that reads the clock"
    )]
    pub fn start() -> Self {
        Self {
            start: std::time::Instant::now(),
        }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant::ZERO + self.start.elapsed()
    }

    /// How long it is until `moment`; zero if that has come.
    #[must_use]
    pub fn until(&self, moment: Instant) -> Duration {
        moment.since(self.now())
    }
}
