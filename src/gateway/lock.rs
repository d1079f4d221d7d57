//! The lock of one address: who may write, until when.

use std::time::Duration;

use super::clients::ClientId;
use super::code::Code;
use super::deadlines::TimerId;
use super::destination::Place;
use crate::config::LockRule;
use crate::time::Instant;

/// A lock that is held. It is live up to, and not at, its deadline.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lock {
    /// Who holds it: a client with a live session.
    pub(super) holder: ClientId,
    /// When it runs out unless it is renewed.
    pub(super) deadline: Instant,
    /// How long it lasts after a renewal.
    pub(super) length: Duration,
    /// How long moving keeps it, where the holder's dialect says so and not the rule.
    pub(super) hold: Option<Duration>,
    /// Taken by asking, not merely by moving a fader whose rule is `lock = "write"`.
    pub(super) asked_for: bool,
    /// Its wake-up.
    pub(super) timer: TimerId,
    /// When the wake-up comes: at the deadline or, after renewals, before it.
    pub(super) wake: Instant,
    /// Where its holder spoke from when it took or last renewed it.
    pub(super) place: Place,
    /// Its place in its holder's list of locks.
    pub(super) position: usize,
}

impl Lock {
    /// What is left of it at `now`. Never nothing: while it is there, it is held.
    pub(super) fn remaining(&self, now: Instant) -> Duration {
        self.deadline.since(now).max(Duration::from_micros(1))
    }
}

/// What a client wants of an address, as far as locks decide it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// To write it.
    Write,
    /// To lock it, or renew its lock; with or without a write.
    Lock,
    /// To release it.
    Unlock,
    /// To write it and release it.
    WriteAndUnlock,
    /// To take it, from whoever holds it.
    Take,
}

/// How two clients' priorities stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outranks(pub(super) bool);

/// Whether the rule of an address forbids what is wanted, whoever holds it.
pub(super) const fn allowed_by_rule(rule: LockRule, want: Want) -> Result<(), Code> {
    match (rule, want) {
        (LockRule::Never, Want::Lock | Want::Take) => Err(Code::NotAllowed),
        (LockRule::Never, Want::Write | Want::Unlock | Want::WriteAndUnlock)
        | (LockRule::Explicit | LockRule::Write | LockRule::Required, _) => Ok(()),
    }
}

/// Decides on the lock alone. Every path that writes or locks an address asks this one function;
/// locks that have run out are gone before it is asked. It changes nothing.
pub(super) fn check(
    holder: Option<ClientId>,
    rule: LockRule,
    client: ClientId,
    want: Want,
    outranks: Outranks,
) -> Result<(), Code> {
    match holder {
        Some(holder) if holder == client => Ok(()),
        Some(_) if want == Want::Take && outranks.0 => Ok(()),
        Some(_) => Err(Code::LockHeld),
        None => match (rule, want) {
            (LockRule::Required, Want::Write | Want::WriteAndUnlock) => Err(Code::LockRequired),
            (LockRule::Required, Want::Lock | Want::Unlock | Want::Take)
            | (LockRule::Explicit | LockRule::Write | LockRule::Never, _) => Ok(()),
        },
    }
}
