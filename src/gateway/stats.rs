//! Counters, for people who wonder what is going on.

use crate::osc::PacketError;

/// What the machine has seen and done since it started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Datagrams handled, whatever they were.
    pub datagrams: u64,
    /// Empty datagrams, which some software sends and nobody minds.
    pub empty: u64,
    /// Datagrams that were no OSC packets, by [`PacketError::index`].
    pub bad_packets: [u64; PacketError::ALL.len()],
    /// Datagrams from the gateway's own sockets.
    pub own_socket: u64,
    /// Datagrams of sources that are not served.
    pub not_served: u64,
    /// Packets of clients for which there was no room.
    pub no_room: u64,
    /// Packets dropped because their client sent too many.
    pub over_rate: u64,
    /// Accepted values.
    pub writes: u64,
    /// Accepted events.
    pub events: u64,
    /// Bundles that had to wait for their time tag.
    pub scheduled: u64,
    /// Refusals of something about one address.
    pub denials: u64,
    /// Messages in a dialect that no line of its mapping speaks of.
    pub unmapped: u64,
    /// What only sent back what it had been sent.
    pub reflections: u64,
    /// Datagrams that the kernel would not take.
    pub unsent: u64,
}
