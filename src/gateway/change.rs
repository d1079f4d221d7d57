//! Facts an observer may want to know: what the log says, what a dashboard shows.

use std::net::SocketAddr;
use std::time::Duration;

use super::code::{Code, EndCause, UnlockCause};
use super::event::SendFailure;
use crate::osc::PacketError;

/// One thing that the machine did or refused, with texts of type `T` (`&str` for a reader).
///
/// Accepted values are no changes: who wants them follows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are what their names say")]
pub enum Change<T> {
    /// A session began.
    Began { name: T, endpoint: SocketAddr },
    /// A session ended, and its locks with it. `dropped` messages to it were replaced or dropped
    /// because it could not keep up, `unsent` the kernel would not take.
    Ended {
        name: T,
        endpoint: SocketAddr,
        cause: EndCause,
        dropped: u64,
        unsent: u64,
    },
    /// A client took another name.
    Renamed {
        former: T,
        name: T,
        endpoint: SocketAddr,
    },
    /// A lock was taken (not each renewal).
    Locked {
        address: T,
        holder: T,
        timeout: Duration,
    },
    /// A lock ended. `by` and `reason` say who forced it and why.
    Unlocked {
        address: T,
        holder: T,
        cause: UnlockCause,
        by: T,
        reason: T,
    },
    /// Something about one address was refused. `same_ip`: the holder speaks from the very IP of
    /// the denied client.
    Denied {
        address: T,
        code: Code,
        client: T,
        holder: T,
        same_ip: bool,
    },
    /// A request failed.
    Failed {
        request: T,
        code: Code,
        client: T,
        text: T,
    },
    /// A datagram was no OSC packet.
    BadPacket {
        from: SocketAddr,
        cause: PacketError,
    },
    /// A datagram came from one of the gateway's own sockets.
    OwnSocket { from: SocketAddr },
    /// A source is not served.
    NotServed { from: SocketAddr },
    /// There was no room for one more client.
    NoRoom { from: SocketAddr },
    /// A client said something that no line of its mapping speaks of, for the first time in its
    /// session. `passes`: it goes on as it is.
    Unmapped {
        client: T,
        address: T,
        tags: T,
        passes: bool,
    },
    /// How often it said so, when its session ended.
    UnmappedTotal {
        client: T,
        address: T,
        tags: T,
        count: u64,
    },
    /// A client sent more packets than it may.
    OverRate { client: T },
    /// A destination could not keep up; what was replaced or dropped.
    Overflow { to: SocketAddr, dropped: u64 },
    /// The kernel would not take a datagram.
    Unsent {
        client: T,
        to: SocketAddr,
        failure: SendFailure,
    },
    /// A new show is in force.
    Reloaded,
}

impl<T: Copy> Change<T> {
    /// The same change with its texts turned into something else.
    #[allow(clippy::too_many_lines, reason = "one arm for each kind of change")]
    pub(super) fn map<U>(self, text: impl Fn(T) -> U) -> Change<U> {
        match self {
            Self::Began { name, endpoint } => Change::Began {
                name: text(name),
                endpoint,
            },
            Self::Ended {
                name,
                endpoint,
                cause,
                dropped,
                unsent,
            } => Change::Ended {
                name: text(name),
                endpoint,
                cause,
                dropped,
                unsent,
            },
            Self::Renamed {
                former,
                name,
                endpoint,
            } => Change::Renamed {
                former: text(former),
                name: text(name),
                endpoint,
            },
            Self::Locked {
                address,
                holder,
                timeout,
            } => Change::Locked {
                address: text(address),
                holder: text(holder),
                timeout,
            },
            Self::Unlocked {
                address,
                holder,
                cause,
                by,
                reason,
            } => Change::Unlocked {
                address: text(address),
                holder: text(holder),
                cause,
                by: text(by),
                reason: text(reason),
            },
            Self::Denied {
                address,
                code,
                client,
                holder,
                same_ip,
            } => Change::Denied {
                address: text(address),
                code,
                client: text(client),
                holder: text(holder),
                same_ip,
            },
            Self::Failed {
                request,
                code,
                client,
                text: why,
            } => Change::Failed {
                request: text(request),
                code,
                client: text(client),
                text: text(why),
            },
            Self::BadPacket { from, cause } => Change::BadPacket { from, cause },
            Self::OwnSocket { from } => Change::OwnSocket { from },
            Self::NotServed { from } => Change::NotServed { from },
            Self::NoRoom { from } => Change::NoRoom { from },
            Self::Unmapped {
                client,
                address,
                tags,
                passes,
            } => Change::Unmapped {
                client: text(client),
                address: text(address),
                tags: text(tags),
                passes,
            },
            Self::UnmappedTotal {
                client,
                address,
                tags,
                count,
            } => Change::UnmappedTotal {
                client: text(client),
                address: text(address),
                tags: text(tags),
                count,
            },
            Self::OverRate { client } => Change::OverRate {
                client: text(client),
            },
            Self::Overflow { to, dropped } => Change::Overflow { to, dropped },
            Self::Unsent {
                client,
                to,
                failure,
            } => Change::Unsent {
                client: text(client),
                to,
                failure,
            },
            Self::Reloaded => Change::Reloaded,
        }
    }
}
