//! Why a call came to nothing.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::refusal::Refusal;
use crate::osc::EncodeError;

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The host has no address.
    #[error("cannot find the gateway {target}: {source}")]
    Unresolved {
        /// The gateway as typed.
        target: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// The host answers that nobody listens there.
    #[error(
        "no gateway answers at {gateway}: nothing listens there; is `oscgate run` started, and is \
         this its port (--gateway HOST:PORT)?"
    )]
    NothingListens {
        /// Where it should be.
        gateway: SocketAddr,
    },
    /// Nothing came back.
    #[error(
        "no answer from {gateway} within {} s; is it the right address (--gateway HOST:PORT), and \
         does its [access] serve this machine?",
        after.as_secs_f64()
    )]
    NoAnswer {
        /// Where the gateway should be.
        gateway: SocketAddr,
        /// How long was waited.
        after: Duration,
    },
    /// The gateway refused.
    #[error("denied ({})", .0.code)]
    Denied(Refusal),
    /// The call cannot be written as OSC.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The gateway's answer to a call is not what this program expects.
    #[error("the gateway's answer to {request} is not understood; is it a newer version?")]
    BadAnswer {
        /// What was called.
        request: &'static str,
    },
    /// The network does not work.
    #[error("cannot speak to {gateway}: {source}")]
    Io {
        /// Where the gateway should be.
        gateway: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

impl CallError {
    /// Whether the gateway, or the way to it, may be back in a while.
    #[must_use]
    pub const fn is_silence(&self) -> bool {
        match self {
            Self::NothingListens { .. } | Self::NoAnswer { .. } | Self::Io { .. } => true,
            Self::Unresolved { .. }
            | Self::Denied(_)
            | Self::Encode(_)
            | Self::BadAnswer { .. } => false,
        }
    }
}
