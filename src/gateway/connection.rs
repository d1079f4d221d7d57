//! What a connection adds to packets: it shows that its far end lives, and it ends.

use super::code::EndCause;
use super::endpoint::Endpoint;
use super::output::Outputs;
use super::request::is_request;
use super::session::Origin;
use super::{Asker, Gateway};
use crate::time::Instant;

impl Gateway {
    /// The far end of a connection lives, though it says nothing: browsers let the timers of hidden
    /// pages run once a minute. It begins no session.
    pub(super) fn on_alive(&mut self, now: Instant, origin: Origin) {
        if let Some(source) = self.clients.source(origin.from) {
            self.clients.lives(now, origin, source.client);
        }
    }

    /// What joins a session that its client has by another connection and begins with a request is
    /// told its name first of all, as whoever begins a session is.
    pub(super) fn greet(
        &mut self,
        asker: Asker,
        from: Endpoint,
        address: &[u8],
        out: &mut Outputs,
    ) {
        let source = self.clients.sources.get_mut(&from);
        let is_new = source.is_some_and(|source| std::mem::take(&mut source.is_new));
        // A hello is answered with it anyway.
        if is_new && is_request(address) && address != b"/oscgate/hello" {
            self.answer_connected(asker, from.address, out);
        }
    }

    /// A connection is gone. With the last endpoint of a client its session ends; one that speaks
    /// from others too is as silent from now on as those are.
    pub(super) fn on_closed(&mut self, now: Instant, origin: Origin, out: &mut Outputs) {
        let source = self.clients.source(origin.from);
        if let Some(client) = source.map(|source| source.client) {
            let users = self.clients.session(client).users.clone();
            for one in users.into_iter().chain([client]) {
                let session = self.clients.session_mut(one);
                session.calls.forget(origin.from.carrier);
            }
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
