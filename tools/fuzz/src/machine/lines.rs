//! Those who speak over a connection, which ends.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use oscgate::gateway::{Connection, ConnectionId, Event};

use super::world::World;

/// The connections that are open, each at the source that it comes from.
#[derive(Default)]
pub(super) struct Lines {
    open: BTreeMap<SocketAddr, u64>,
    made: u64,
}

impl Lines {
    /// The connection that a source speaks over, if it does.
    pub(super) fn of(&self, from: SocketAddr) -> Option<Connection> {
        let id = ConnectionId(*self.open.get(&from)?);
        let local = Some(from.ip());
        Some(Connection { id, from, local })
    }
}

impl World {
    /// From now on a source speaks over a connection, a new one if it did already and the old one
    /// was not seen to end.
    pub(super) fn connect(&mut self, from: SocketAddr) {
        self.lines.made += 1;
        self.lines.open.insert(from, self.lines.made);
    }

    /// The connection of a source ends. Nothing is answered.
    pub(super) fn hang_up(&mut self, from: SocketAddr) {
        if let Some(connection) = self.lines.of(from) {
            self.lines.open.remove(&from);
            self.handle(Event::Closed { connection });
        }
    }

    /// The far end of a connection lives.
    pub(super) fn live(&mut self, from: SocketAddr) {
        if let Some(connection) = self.lines.of(from) {
            self.handle(Event::Alive { connection });
        }
    }
}
