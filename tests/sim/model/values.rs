//! Writes: plain ones and those by pattern.

use oscgate::config::EventRule;
use oscgate::limits::{PATTERN_DENIALS_MAX, PATTERN_MATCHES_MAX};

use super::Model;
use super::codes::{self, Done, Outcome, Refusal};
use super::judge::{Demand, Wish};
use super::pattern::{covers, has_pattern, is_readable};
use super::people::Asker;

/// Whether a message that repeats what was just sent can be a reflection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reflects {
    Perhaps,
    Never,
}

impl Model {
    /// A write to an address or pattern outside `/oscgate`.
    pub(super) fn write(
        &mut self,
        asker: &Asker,
        address: &str,
        tail: &[u8],
        reflects: Reflects,
    ) -> Outcome {
        if !is_readable(address) {
            return Outcome::Refused(Refusal::denial(codes::BAD_ADDRESS, address).in_stream());
        }
        if has_pattern(address) {
            return self.write_by_pattern(asker, address, tail);
        }
        if reflects == Reflects::Perhaps
            && !super::wire::is_event_tail(tail)
            && self
                .rule(address)
                .is_none_or(|rule| rule.event == EventRule::No)
            && self.is_reflection(asker, address, tail)
        {
            return Outcome::Ignored;
        }
        self.write_one(asker, address, tail)
    }

    fn write_one(&mut self, asker: &Asker, address: &str, tail: &[u8]) -> Outcome {
        let demand = Demand {
            address: address.to_owned(),
            tail: Some(tail.to_vec()),
            wish: Wish::None,
            revision: None,
        };
        match self.demand(asker, &demand) {
            Outcome::Refused(refusal) => Outcome::Refused(refusal.in_stream()),
            outcome @ (Outcome::Done(_) | Outcome::Ignored) => outcome,
        }
    }

    /// The known addresses that a pattern covers, in order.
    pub(super) fn covered(&self, pattern: &str) -> Vec<String> {
        let known = self.entries.keys();
        known
            .filter(|address| covers(pattern, address))
            .cloned()
            .collect()
    }

    fn write_by_pattern(&mut self, asker: &Asker, pattern: &str, tail: &[u8]) -> Outcome {
        let covered = self.covered(pattern);
        if covered.len() > PATTERN_MATCHES_MAX {
            return Outcome::Refused(Refusal::denial(codes::LIMIT, pattern).in_stream());
        }
        if covered.is_empty() {
            if asker.call.is_none() {
                return Outcome::Done(Done::Count(0));
            }
            // A pattern is not one address: nobody is told but the caller.
            return Outcome::Refused(Refusal::error(codes::NOT_FOUND, pattern));
        }
        let mut written = 0;
        let mut refusals = Vec::new();
        let all_told = asker.who.key.is_listed();
        for address in &covered {
            match self.write_one(asker, address, tail) {
                Outcome::Refused(refusal) => {
                    refusals.push(refusal.clone());
                    if all_told || refusals.len() < PATTERN_DENIALS_MAX {
                        self.tell_refusal(asker, &refusal);
                    }
                }
                Outcome::Done(_) | Outcome::Ignored => written += 1,
            }
        }
        // What would be one answer too many says so, in the end, when it is known.
        if !all_told {
            match refusals.len() {
                0..PATTERN_DENIALS_MAX => {}
                PATTERN_DENIALS_MAX => {
                    self.tell_refusal(asker, &refusals[PATTERN_DENIALS_MAX - 1]);
                }
                _ => self.tell_refusal(asker, &Refusal::denial(codes::LIMIT, pattern)),
            }
        }
        match refusals.into_iter().next() {
            Some(mut first) => {
                first.told = true;
                Outcome::Refused(first)
            }
            None => Outcome::Done(Done::Count(written)),
        }
    }
}
