//! When a call is sent again: 100 ms, then always twice as long, until patience ends.

use std::time::Duration;

/// The first wait: longer than a round trip in a building's network, short for a finger.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// How long to wait for an answer before each next attempt.
///
/// ```
/// use std::time::Duration;
/// use oscgate::client::Retry;
///
/// let waits: Vec<u128> = Retry::new(Duration::from_secs(3)).map(|wait| wait.as_millis()).collect();
/// assert_eq!(waits, [100, 200, 400, 800, 1500]);
/// ```
#[derive(Clone, Debug)]
pub struct Retry {
    next: Duration,
    left: Duration,
}

impl Retry {
    /// The waits of one call; together they last as long as `patience`.
    #[must_use]
    pub const fn new(patience: Duration) -> Self {
        Self {
            next: FIRST_WAIT,
            left: patience,
        }
    }
}

impl Iterator for Retry {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        if self.left.is_zero() {
            return None;
        }
        let wait = self.next.min(self.left);
        self.next = self.next.saturating_mul(2);
        self.left = self.left.saturating_sub(wait);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_double_and_add_up_to_the_patience() {
        for millis in [1, 99, 100, 101, 250, 3_000, 60_000] {
            let patience = Duration::from_millis(millis);
            let waits: Vec<Duration> = Retry::new(patience).collect();
            assert_eq!(waits.iter().sum::<Duration>(), patience);
            for pair in waits[..waits.len() - 1].windows(2) {
                assert_eq!(pair[1], pair[0] * 2);
            }
        }
    }

    #[test]
    fn without_patience_nothing_is_waited_for() {
        assert_eq!(Retry::new(Duration::ZERO).next(), None);
    }
}
