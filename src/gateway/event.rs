//! What may happen to the machine, and the words it shares with the loop around it.

use std::net::{IpAddr, SocketAddr};

use crate::config::Show;

/// Which way a datagram came, and so which way its answer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Via {
    /// The socket, as an index into the list that [`Gateway::new`](super::Gateway::new) was given.
    pub socket: u16,
    /// The local address that was spoken to (for a broadcast, the receiving interface's own);
    /// `None` where the platform does not say: the kernel then chooses.
    pub local: Option<IpAddr>,
}

/// One thing that happens to the machine.
#[derive(Debug)]
pub enum Event<'a> {
    /// A datagram was received.
    Datagram {
        /// Who sent it, IPv4-mapped addresses already folded to IPv4.
        from: SocketAddr,
        /// Which way it came.
        via: Via,
        /// What it holds, whole.
        bytes: &'a [u8],
    },
    /// The moment that [`Gateway::deadline`](super::Gateway::deadline) named has come.
    Timeout,
    /// An ICMP port-unreachable answered something that was sent to this address.
    Unreachable {
        /// The address that does not listen.
        to: SocketAddr,
    },
    /// A datagram could not be handed to the kernel.
    Unsent {
        /// Where it was meant to go.
        to: SocketAddr,
        /// Why not.
        failure: SendFailure,
    },
    /// A new show replaces the old one; sessions, values and locks stay.
    Show(Box<Show>),
    /// The gateway stops: every session is told.
    Stop,
}

/// Why the kernel would not take a datagram, as far as the difference matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendFailure {
    /// No way there: network or host unreachable, no such local address, link down.
    Unreachable,
    /// An earlier datagram was refused by the destination (ECONNREFUSED).
    Refused,
    /// Too long for the path (EMSGSIZE).
    TooLong,
    /// The kernel is out of buffers (ENOBUFS, ENOMEM).
    NoBuffers,
    /// A firewall or policy forbids it (EPERM, EACCES).
    Forbidden,
    /// Anything else.
    Other,
}

/// What became of a datagram that [`Outputs::take`](super::Outputs::take) offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It was taken over: forget it.
    Taken,
    /// This destination cannot be served now: keep it, and go on with the next destination.
    Later,
    /// Nobody can be served now: keep everything.
    Stop,
}
