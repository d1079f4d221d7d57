//! Why the gateway refused something, in words for somebody in a hurry.

use std::fmt;
use std::time::Duration;

use crate::osc::Argument;

/// What came with a code that is not `OK`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The code as the gateway said it.
    pub code: String,
    /// Who holds the lock that is the cause; empty where none is.
    pub holder: String,
    /// How long that lock lasts if its holder does nothing.
    pub remaining: Duration,
    /// The gateway's own words; empty where it said none.
    pub text: String,
}

impl Refusal {
    /// A refusal from what follows the code in a reply.
    #[must_use]
    pub fn of_reply(code: &str, arguments: &[Argument]) -> Self {
        let mut refusal = Self {
            code: code.to_owned(),
            ..Self::default()
        };
        match arguments {
            [Argument::String(holder), Argument::Int(remaining), ..] => {
                refusal.holder.clone_from(holder);
                refusal.remaining = millis(*remaining);
            }
            [Argument::String(text), ..] => refusal.text.clone_from(text),
            _ => {}
        }
        refusal
    }

    /// The refusal as a sentence about `subject`, an address for most.
    #[must_use]
    pub fn about(&self, subject: &str) -> String {
        let why = match (self.code.as_str(), self.holder.as_str(), self.text.as_str()) {
            ("LOCK_HELD", "", _) => format!("{subject} is held by another client"),
            ("LOCK_HELD", holder, _) => {
                let time = Seconds(self.remaining);
                format!("{subject} is held by {holder} for another {time}")
            }
            ("LOCK_REQUIRED", ..) => {
                format!("{subject} may only be written under a lock: lock it first")
            }
            ("CONFLICT", ..) => format!("{subject} was written since by another client"),
            ("NOT_FOUND", ..) => format!("{subject} has no value yet, or nothing matches it"),
            (_, _, "") => subject.to_owned(),
            (_, _, text) => format!("{subject}: {text}"),
        };
        format!("{why} ({})", self.code)
    }
}

/// Milliseconds as the wire carries them; a negative number is none.
pub(super) fn millis(wire: i32) -> Duration {
    Duration::from_millis(u64::try_from(wire).unwrap_or(0))
}

/// A span for people: whole seconds, below three with one decimal, below one in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Seconds(pub Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            millis @ 0..1_000 => write!(f, "{millis} ms"),
            1_000..3_000 => write!(f, "{:.1} s", self.0.as_secs_f64()),
            millis => write!(f, "{} s", (millis + 500) / 1_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_names_its_holder_and_the_time_left() {
        let held = [Argument::String("tablet-a".into()), Argument::Int(26_800)];
        assert_eq!(
            Refusal::of_reply("LOCK_HELD", &held).about("/mixer/fader/1"),
            "/mixer/fader/1 is held by tablet-a for another 27 s (LOCK_HELD)"
        );
    }

    #[test]
    fn the_gateways_words_are_passed_on() {
        let text = [Argument::String("expects one float".into())];
        assert_eq!(
            Refusal::of_reply("BAD_ARGUMENTS", &text).about("/a"),
            "/a: expects one float (BAD_ARGUMENTS)"
        );
        assert_eq!(
            Refusal::of_reply("NEW_ONE", &[]).about("/a"),
            "/a (NEW_ONE)"
        );
    }

    #[test]
    fn short_times_are_not_rounded_away() {
        let text = |ms| Seconds(Duration::from_millis(ms)).to_string();
        assert_eq!(text(40), "40 ms");
        assert_eq!(text(1_250), "1.2 s");
        assert_eq!(text(29_500), "30 s");
    }
}
