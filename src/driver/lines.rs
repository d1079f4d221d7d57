//! The connections, and what each of them takes.

use hashbrown::HashMap;

use crate::gateway::{ConnectionId, Flow};
use crate::http::{Arrival, Inbox, Line, Offered};

/// All open connections.
#[derive(Debug)]
pub(super) struct Lines {
    inbox: Option<Inbox>,
    open: HashMap<ConnectionId, Line>,
    /// How many took nothing when they were last offered something.
    full: usize,
}

impl Lines {
    /// Of this inbox, if there is one.
    pub(super) fn new(inbox: Option<Inbox>) -> Self {
        Self {
            inbox,
            open: HashMap::new(),
            full: 0,
        }
    }

    /// Waits for the next arrival, or (`None`) until one that took nothing may take something
    /// again.
    pub(super) async fn ready(&mut self) -> Option<Arrival> {
        match &mut self.inbox {
            Some(inbox) => inbox.ready().await,
            None => std::future::pending().await,
        }
    }

    /// An arrival that waits already.
    pub(super) fn try_recv(&mut self) -> Option<Arrival> {
        self.inbox.as_mut()?.try_recv()
    }

    /// Adds one.
    pub(super) fn add(&mut self, line: Line) {
        self.open.insert(line.connection.id, line);
    }

    /// Forgets one.
    pub(super) fn remove(&mut self, id: ConnectionId) {
        self.open.remove(&id);
    }

    /// Hangs up: each ends with what it was given.
    pub(super) fn hang_up(&mut self) {
        self.open.clear();
    }

    /// Whether there is any.
    pub(super) fn is_any(&self) -> bool {
        !self.open.is_empty()
    }

    /// Everything is about to be offered again.
    pub(super) const fn begin_offering(&mut self) {
        self.full = 0;
    }

    /// Takes a packet over, if its connection takes any; to one that is gone it goes nowhere.
    pub(super) fn offer(&mut self, id: ConnectionId, bytes: &[u8]) -> Flow {
        match self.open.get(&id).map(|line| line.offer(bytes)) {
            Some(Offered::Full) => {
                self.full += 1;
                Flow::Later
            }
            Some(Offered::Taken) | None => Flow::Taken,
        }
    }

    /// Whether some connection took nothing.
    pub(super) const fn is_blocked(&self) -> bool {
        self.full > 0
    }

    /// Whether nothing waits to be received.
    pub(super) fn are_empty(&self) -> bool {
        let Some(inbox) = &self.inbox else {
            return true;
        };
        #[allow(clippy::iter_over_hash_type, reason = "any of them, whichever")]
        let lines = self.open.values();
        inbox.is_empty(lines)
    }

    /// Waits until a connection that took nothing may take something again.
    pub(super) async fn unblocked(&self) {
        match &self.inbox {
            Some(inbox) => inbox.room().await,
            None => std::future::pending().await,
        }
    }
}
