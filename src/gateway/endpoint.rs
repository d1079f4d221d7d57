//! Endpoints: where somebody speaks from, and is spoken to.

use std::net::SocketAddr;

/// A connection that carries packets (a WebSocket), numbered by whoever accepts it. No two ever
/// have the same number: what is said to one that is gone goes nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// What carries the packets of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carrier {
    /// Datagrams: there is neither beginning nor end.
    Udp,
    /// A connection, which ends.
    Connection(ConnectionId),
}

/// Where somebody speaks from: an address, and what carries the packets. A UDP port and a TCP port
/// of one number are two endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The address, an IPv4-mapped one folded to IPv4.
    pub address: SocketAddr,
    /// What carries its packets.
    pub carrier: Carrier,
}

impl Endpoint {
    /// An address that datagrams come from or go to.
    #[must_use]
    pub const fn udp(address: SocketAddr) -> Self {
        Self {
            address,
            carrier: Carrier::Udp,
        }
    }

    /// The far end of a connection.
    #[must_use]
    pub const fn connection(address: SocketAddr, id: ConnectionId) -> Self {
        Self {
            address,
            carrier: Carrier::Connection(id),
        }
    }

    /// Whether datagrams carry its packets.
    pub(super) const fn is_udp(self) -> bool {
        matches!(self.carrier, Carrier::Udp)
    }

    /// The same host at another port, where that means anything: whoever speaks over a connection
    /// is answered over it.
    pub(super) fn at_port(mut self, port: u16) -> Self {
        if self.is_udp() {
            self.address.set_port(port);
        }
        self
    }
}
