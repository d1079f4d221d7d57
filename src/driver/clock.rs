//! The one clock of the house.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::time::Instant;

/// Tells the time since it was made, and what time it is.
///
/// Locks and silence go by a clock that no one can set. On Linux it is `CLOCK_BOOTTIME`, which
/// goes on while the machine is suspended: a laptop that slept does not come back with half a
/// minute left on every lock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Duration,
}

/// Seconds from 1900, where time tags begin (OSC 1.0, as NTP), to 1970 (RFC 868).
const SECONDS_TO_1970: u64 = 2_208_988_800;

impl Clock {
    /// Starts at [`Instant::ZERO`].
    #[must_use]
    pub fn start() -> Self {
        Self { start: uptime() }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant::ZERO + uptime().saturating_sub(self.start)
    }

    /// How long it is until `moment`; zero if that has come.
    #[must_use]
    pub fn until(&self, moment: Instant) -> Duration {
        moment.since(self.now())
    }

    /// How long the calling thread has worked: what the clock says beyond that it stood still, or
    /// waited. On a system that does not tell, it never stood still.
    #[must_use]
    pub fn worked() -> Duration {
        #[cfg(target_os = "linux")]
        return read(rustix::time::ClockId::ThreadCPUTime);
        #[cfg(not(target_os = "linux"))]
        return uptime();
    }

    /// The time of day as an OSC time tag: seconds since 1900 in the upper half, fractions in the
    /// lower. The seconds wrap in 2036.
    #[must_use]
    pub fn time_tag(&self) -> u64 {
        // Before 1970 no clock is right that is not wrong by decades anyway.
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let since = since.unwrap_or_default();
        let seconds = since.as_secs().wrapping_add(SECONDS_TO_1970);
        let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
        (seconds << 32) | fraction
    }
}

#[cfg(target_os = "linux")]
fn uptime() -> Duration {
    read(rustix::time::ClockId::Boottime)
}

#[cfg(target_os = "linux")]
fn read(clock: rustix::time::ClockId) -> Duration {
    let now = rustix::time::clock_gettime(clock);
    let seconds = u64::try_from(now.tv_sec).expect("these clocks began in the past");
    Duration::from_secs(seconds) + Duration::from_nanos(now.tv_nsec.unsigned_abs())
}

#[cfg(not(target_os = "linux"))]
#[allow(
    clippy::disallowed_methods,
    reason = "this is the place that reads the clock"
)]
fn uptime() -> Duration {
    // The other systems' own clocks are read against the first reading.
    static FIRST: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    FIRST.get_or_init(std::time::Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_tag_is_the_time_of_day_counted_from_1900() {
        let clock = Clock::start();
        let unix = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let (before, tag, after) = (unix(), clock.time_tag(), unix());
        let seconds = (tag >> 32) - SECONDS_TO_1970;
        let nanos = ((tag & 0xffff_ffff) * 1_000_000_000) >> 32;
        // A fraction is rounded down, twice.
        let read = Duration::from_secs(seconds) + Duration::from_nanos(nanos + 2);
        assert!(before <= read && read <= after + Duration::from_nanos(2));
    }

    #[test]
    fn it_begins_at_zero_and_never_goes_back() {
        let clock = Clock::start();
        let readings: Vec<_> = (0..1_000).map(|_| clock.now()).collect();
        assert!(readings.is_sorted());
        assert!(readings[0] < Instant::ZERO + Duration::from_secs(10));
    }
}
