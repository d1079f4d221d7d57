//! What may happen to the machine, and the words it shares with the loop around it.

use std::net::{IpAddr, SocketAddr};

use super::endpoint::ConnectionId;
use crate::config::Show;
use crate::time::Instant;

/// Which way a datagram came, and so which way its answer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Via {
    /// The socket, as an index into the list that [`Gateway::new`](super::Gateway::new) was given;
    /// 0, without a meaning, where a connection carries it.
    pub socket: u16,
    /// The local address that was spoken to (for a broadcast, the receiving interface's own);
    /// `None` where the platform does not say: the kernel then chooses.
    pub local: Option<IpAddr>,
}

/// A connection that carries packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Tells it from every other.
    pub id: ConnectionId,
    /// The far end, an IPv4-mapped address already folded to IPv4.
    pub from: SocketAddr,
    /// The local address that was connected to.
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
    /// A packet was received over a connection, which began before it without being told of.
    Packet {
        /// The connection.
        connection: Connection,
        /// What it holds, whole.
        bytes: &'a [u8],
    },
    /// The far end of a connection showed that it lives, and said nothing: a WebSocket's pong.
    Alive {
        /// The connection.
        connection: Connection,
    },
    /// A connection is gone: nothing comes from it any more.
    Closed {
        /// The connection.
        connection: Connection,
    },
    /// The moment that [`Gateway::deadline`](super::Gateway::deadline) named has come.
    Timeout,
    /// What the wall clock says at this moment, for bundles that wait for their time tag. It is
    /// told before the datagrams that were received with it; carried on from there, the machine's
    /// own time decides, so that a clock that is set moves nothing that waits already.
    WallClock {
        /// As an OSC time tag: seconds since 1900 in the upper half, fractions in the lower.
        tag: u64,
    },
    /// Something is due while datagrams may wait in the sockets, where they may have come in time:
    /// nothing ends by time before [`Event::CaughtUp`], or before a second is over. Told again when
    /// the loop stood still once more meanwhile: the second begins anew.
    Behind {
        /// When the sockets were last seen empty. What is due is judged as of then.
        since: Instant,
    },
    /// The sockets have been seen empty: what is due happens.
    CaughtUp,
    /// The links of this machine, whenever one of them may have come or gone. A client that speaks
    /// over a link that is down cannot be heard, and is not taken as gone for it.
    Links {
        /// The addresses of those that are up; a loopback address always is.
        up: &'a [IpAddr],
    },
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
