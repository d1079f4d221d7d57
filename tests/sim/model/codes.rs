//! The codes of refusals, and what a refusal or an answer consists of.

use std::time::Duration;

use super::wire::{Arg, s};

pub(super) const BAD_ADDRESS: &str = "BAD_ADDRESS";
pub(super) const NOT_ALLOWED: &str = "NOT_ALLOWED";
pub(super) const READ_ONLY: &str = "READ_ONLY";
pub(super) const LOCK_HELD: &str = "LOCK_HELD";
pub(super) const LOCK_REQUIRED: &str = "LOCK_REQUIRED";
pub(super) const CONFLICT: &str = "CONFLICT";
pub(super) const BAD_ARGUMENTS: &str = "BAD_ARGUMENTS";
pub(super) const OUT_OF_RANGE: &str = "OUT_OF_RANGE";
pub(super) const LIMIT: &str = "LIMIT";
pub(super) const NOT_FOUND: &str = "NOT_FOUND";
pub(super) const STALE: &str = "STALE";
pub(super) const NAME_TAKEN: &str = "NAME_TAKEN";
pub(super) const UNKNOWN_REQUEST: &str = "UNKNOWN_REQUEST";
pub(super) const BAD_TIME: &str = "BAD_TIME";

/// What a refusal is about: one address, which makes it a denial, or a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum About {
    Address(Vec<u8>),
    Request(Vec<u8>),
}

/// Whether refusals of this kind are answered each time or as a stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Manner {
    EachTime,
    AsStream,
}

/// Something was refused.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) about: About,
    pub(super) holder: String,
    pub(super) remaining: Duration,
    pub(super) manner: Manner,
    /// Whether all that is to be said of it but the reply to a call has been said.
    pub(super) told: bool,
    /// Whether it is an answer that a call was given before, or is given whatever it asks.
    pub(super) repeated: bool,
    /// The user behind the asker's endpoint who was refused.
    pub(super) user: Option<String>,
}

impl Refusal {
    /// A denial: about one address.
    pub(super) fn denial(code: &'static str, address: impl AsRef<[u8]>) -> Self {
        Self {
            code,
            about: About::Address(address.as_ref().to_vec()),
            holder: String::new(),
            remaining: Duration::ZERO,
            manner: Manner::EachTime,
            told: false,
            repeated: false,
            user: None,
        }
    }

    /// An error: about a request.
    pub(super) fn error(code: &'static str, request: impl AsRef<[u8]>) -> Self {
        Self {
            about: About::Request(request.as_ref().to_vec()),
            ..Self::denial(code, "")
        }
    }

    /// As one of a stream of denied writes.
    pub(super) fn in_stream(self) -> Self {
        Self {
            manner: Manner::AsStream,
            ..self
        }
    }

    /// What a call is answered behind its number.
    pub(super) fn reply(&self) -> Vec<Arg> {
        if self.code == LOCK_HELD {
            let remaining = whole_ms(self.remaining);
            return vec![s(LOCK_HELD), s(&self.holder), Arg::I(remaining)];
        }
        vec![s(self.code), s("")]
    }
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    Done(Done),
    Refused(Refusal),
    /// A reflection, or a word that only the gateway says.
    Ignored,
}

/// What a call is told of what it did.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Done {
    Nothing,
    Revision(i64),
    Locked {
        timeout: Duration,
        revision: i64,
    },
    Count(i32),
    /// The arguments of `get` or `meta`, as a tail.
    Read(Vec<u8>),
}

impl Done {
    /// What a call is answered behind its number.
    pub(super) fn reply(&self) -> Vec<Arg> {
        let mut reply = vec![s("OK")];
        match self {
            Self::Nothing => {}
            Self::Revision(revision) => reply.push(Arg::H(*revision)),
            Self::Locked { timeout, revision } => {
                reply.push(Arg::I(whole_ms(*timeout)));
                reply.push(Arg::H(*revision));
            }
            Self::Count(count) => reply.push(Arg::I(*count)),
            Self::Read(tail) => reply.push(Arg::Rest(tail.clone())),
        }
        reply
    }
}

/// Whole milliseconds, a begun one counted.
pub(super) fn whole_ms(span: Duration) -> i32 {
    i32::try_from(span.as_micros().div_ceil(1_000)).unwrap_or(i32::MAX)
}
