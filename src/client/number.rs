//! The numbers of calls: drawn from the clock, so that the next program counts on above this one.

use std::time::Duration;

/// 2026-01-01T00:00:00Z, in seconds since 1970: where the numbers begin.
const EPOCH: Duration = Duration::from_secs(1_767_225_600);

/// How long one number is the clock's. All 2^32 numbers then last for 497 days; a session that
/// outlives their end is answered `STALE`, and begun anew by the caller.
const TICK: Duration = Duration::from_millis(10);

/// Hands out the numbers of one client's calls.
///
/// Programs on one machine may share a session (a configuration can name a client by its IP), and
/// then share its numbers: so each is drawn from the clock, and [`Numbers::overhang`] says how
/// long to wait at the end, so that a program started afterwards draws a higher one.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    last: Option<i64>,
}

impl Numbers {
    /// The next number, at `unix` since 1970: higher than all before it.
    pub(super) fn next(&mut self, unix: Duration) -> i32 {
        let drawn = ticks(unix);
        let next = self.last.map_or(drawn, |last| drawn.max(last + 1));
        self.last = Some(next);
        on_the_wire(next)
    }

    /// How long it takes, from `unix` on, until the clock has passed all numbers handed out.
    pub(super) fn overhang(&self, unix: Duration) -> Duration {
        let Some(last) = self.last else {
            return Duration::ZERO;
        };
        let free = u64::try_from(last + 1).unwrap_or(0);
        let free_at = EPOCH + Duration::from_millis(free.saturating_mul(10));
        // A clock that was set back must not hold the program for hours.
        free_at.saturating_sub(unix).min(Duration::from_secs(1))
    }
}

fn ticks(unix: Duration) -> i64 {
    let ticks = unix.saturating_sub(EPOCH).as_millis() / TICK.as_millis();
    i64::try_from(ticks).unwrap_or(i64::MAX - i64::from(u32::MAX))
}

/// The numbers begin at the lowest that the wire can carry, and begin again after the highest.
fn on_the_wire(ticks: i64) -> i32 {
    let within = u32::try_from(ticks.rem_euclid(1 << 32)).expect("a remainder of 2^32 fits");
    within.cast_signed() ^ i32::MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_up_within_a_tick_and_follow_the_clock() {
        let mut numbers = Numbers::default();
        let at = EPOCH + Duration::from_secs(1);
        assert_eq!(numbers.next(at), i32::MIN + 100);
        assert_eq!(numbers.next(at), i32::MIN + 101);
        assert_eq!(numbers.next(at + Duration::from_secs(1)), i32::MIN + 200);
        // Set back, the clock is not believed.
        assert_eq!(numbers.next(EPOCH), i32::MIN + 201);
    }

    #[test]
    fn after_the_overhang_another_program_draws_a_higher_number() {
        let mut numbers = Numbers::default();
        let at = EPOCH + Duration::from_millis(7);
        assert_eq!(numbers.overhang(at), Duration::ZERO);
        let mut last = 0;
        for _ in 0..3 {
            last = numbers.next(at);
        }
        let later = at + numbers.overhang(at);
        assert_eq!(later, EPOCH + Duration::from_millis(30));
        assert_eq!(Numbers::default().next(later), last + 1);
        assert_eq!(numbers.overhang(later), Duration::ZERO);
    }

    #[test]
    fn the_numbers_use_all_that_the_wire_carries() {
        assert_eq!(on_the_wire(0), i32::MIN);
        assert_eq!(on_the_wire(1 << 31), 0);
        assert_eq!(on_the_wire((1 << 32) - 1), i32::MAX);
        assert_eq!(on_the_wire(1 << 32), i32::MIN);
    }
}
