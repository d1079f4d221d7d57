//! What a connection adds to packets: it shows that its far end lives, and it ends.

use super::Gateway;
use super::code::EndCause;
use super::output::Outputs;
use super::session::Origin;
use crate::time::Instant;

impl Gateway {
    /// The far end of a connection lives, though it says nothing: browsers let the timers of hidden
    /// pages run once a minute. It begins no session.
    pub(super) fn on_alive(&mut self, now: Instant, origin: Origin) {
        if let Some(source) = self.clients.source(origin.from) {
            self.clients.lives(now, origin, source.client);
        }
    }

    /// A connection is gone. With the last endpoint of a client its session ends; one that speaks
    /// from others too is as silent from now on as those are.
    pub(super) fn on_closed(&mut self, now: Instant, origin: Origin, out: &mut Outputs) {
        let source = self.clients.source(origin.from);
        if let Some(client) = source.map(|source| source.client) {
            self.clients.forget_source(client, origin.from);
            match self.clients.last_heard_of_sources(client) {
                Some(heard) => {
                    self.clients.client_mut(client).last_heard = heard.min(now);
                    self.arm_silence(client);
                }
                None => self.end(client, EndCause::Closed, out),
            }
        }
        // What is configured to be followed there outlives a session, but not the connection.
        let Some((client, destination)) = self.clients.open_at(origin.from) else {
            return;
        };
        self.close(destination, out);
        let record = self.clients.client(client);
        if record.session.is_none() && !self.is_kept(client) {
            self.forget(client, out);
        }
    }
}
