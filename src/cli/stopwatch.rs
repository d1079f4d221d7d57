//! The tools' clock: how long something took.

use std::time::Duration;

use crate::time::Instant;

/// Runs from its making on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopwatch(tokio::time::Instant);

impl Stopwatch {
    /// Starts it.
    #[must_use]
    pub(super) fn start() -> Self {
        Self(tokio::time::Instant::now())
    }

    /// The time since the start.
    #[must_use]
    pub(super) fn read(&self) -> Instant {
        Instant::ZERO + self.0.elapsed()
    }

    /// Waits until `moment`.
    pub(super) async fn reach(&self, moment: Instant) {
        let span: Duration = moment.since(Instant::ZERO);
        tokio::time::sleep_until(self.0 + span).await;
    }
}
