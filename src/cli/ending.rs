//! Why a command ends, in words and as an exit code.

use std::io;
use std::path::PathBuf;

use super::settings::SettingsError;
use crate::client::{CallError, Refusal};
use crate::net::BindError;

/// The exit code of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or stopped as asked.
    Done = 0,
    /// Failed while running.
    Failed = 1,
    /// Wrong arguments or files.
    Wrong = 2,
    /// The gateway denied it.
    Denied = 3,
    /// The gateway did not answer.
    NoAnswer = 4,
}

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The arguments make no sense.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Files have faults or cannot be read, which has been told of each.
    #[error("{}", how_many(*faults, *unreadable))]
    Faults {
        /// How many faults were printed.
        faults: usize,
        /// How many files cannot be read.
        unreadable: usize,
    },
    /// There is no such mapping.
    #[error("there is no mapping \"{name}\"; built in are {known}")]
    NoMapping {
        /// What was asked for.
        name: String,
        /// All there are.
        known: String,
    },
    /// The show names no such client.
    #[error("{show} has no client \"{name}\"{}", named(known))]
    NoClient {
        /// The show file.
        show: String,
        /// What was asked for.
        name: String,
        /// All there are.
        known: String,
    },
    /// A socket cannot be had.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The loop has ended without being asked to.
    #[error("the gateway stopped by itself; please report what stands above")]
    Stopped,
    /// The gateway denied it.
    #[error("{}", refusal.about(subject))]
    Denied {
        /// The address or name that it is about.
        subject: String,
        /// Why.
        refusal: Refusal,
    },
    /// A lock that was to be held is gone.
    #[error("{address} is no longer locked: {}", lost_how(cause))]
    Lost {
        /// The address.
        address: String,
        /// Why, as the gateway says it; empty if it did not.
        cause: String,
    },
    /// A call came to nothing.
    #[error(transparent)]
    Call(CallError),
    /// Not one ping was answered.
    #[error("none of {sent} pings was answered")]
    NoPong {
        /// How many were sent.
        sent: u32,
    },
    /// Standard output is closed: whoever read it has read enough.
    #[error("standard output is closed")]
    PipeClosed,
    /// Standard output does not work.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    /// The program cannot be set up.
    #[error("cannot start: {0}")]
    Start(io::Error),
}

impl Failure {
    /// The failure of a call about `subject`.
    #[must_use]
    pub fn of_call(subject: &str, error: CallError) -> Self {
        if let CallError::Denied(refusal) = error {
            let subject = subject.to_owned();
            return Self::Denied { subject, refusal };
        }
        Self::Call(error)
    }

    /// The exit code that tells it to scripts.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Settings(_)
            | Self::Unreadable { .. }
            | Self::Faults { .. }
            | Self::NoMapping { .. }
            | Self::NoClient { .. } => Exit::Wrong,
            Self::Denied { .. } | Self::Lost { .. } => Exit::Denied,
            Self::Call(error) => match error {
                CallError::NothingListens { .. }
                | CallError::NoAnswer { .. }
                | CallError::Unresolved { .. }
                | CallError::Io { .. } => Exit::NoAnswer,
                CallError::Denied(_) => Exit::Denied,
                CallError::Encode(_) => Exit::Wrong,
                CallError::BadAnswer { .. } => Exit::Failed,
            },
            Self::NoPong { .. } => Exit::NoAnswer,
            Self::PipeClosed => Exit::Done,
            Self::Output(_) | Self::Start(_) | Self::Bind(_) | Self::Stopped => Exit::Failed,
        }
    }
}

fn how_many(faults: usize, unreadable: usize) -> String {
    let faults = match faults {
        0 => None,
        1 => Some("1 fault".to_owned()),
        faults => Some(format!("{faults} faults")),
    };
    let unreadable = match unreadable {
        0 => None,
        1 => Some("1 file that cannot be read".to_owned()),
        unreadable => Some(format!("{unreadable} files that cannot be read")),
    };
    let parts: Vec<String> = faults.into_iter().chain(unreadable).collect();
    parts.join(", ")
}

fn named(known: &str) -> String {
    match known {
        "" => ": it names none".to_owned(),
        known => format!("; it has {known}"),
    }
}

fn lost_how(cause: &str) -> String {
    match cause {
        "" => "it ran out or was freed".to_owned(),
        "taken" => "another client took it (taken)".to_owned(),
        "forced" => "an operator freed it (forced)".to_owned(),
        "expired" => "it ran out (expired)".to_owned(),
        "released" => "another program of this client released it (released)".to_owned(),
        "withdrawn" => "the show file now forbids it (withdrawn)".to_owned(),
        cause => cause.to_owned(),
    }
}
