//! The source addresses of clients: from where each was heard, and where that is answered.

use std::collections::BTreeSet;

use super::client::Session;
use super::clients::{ClientId, Clients, SourceAddress};
use super::destination::DestinationId;
use super::endpoint::Endpoint;
use super::event::Via;
use super::output::Outputs;
use super::session::Origin;
use crate::limits::SOURCES_PER_CLIENT_MAX;
use crate::time::Instant;

impl Clients {
    /// The client that is spoken to at an address.
    pub(super) fn spoken_to_at(&self, address: Endpoint) -> Option<ClientId> {
        if let Some(source) = self.sources.get(&address) {
            return Some(source.client);
        }
        self.open_at(address).map(|(client, _)| client)
    }

    /// All clients that are spoken to at an address.
    pub(super) fn all_spoken_to_at(&self, address: Endpoint) -> Vec<ClientId> {
        let open = self.destinations.iter().flatten();
        let there = open.filter(|destination| destination.address == address);
        let source = self.sources.get(&address).map(|source| source.client);
        let all: BTreeSet<ClientId> = there.map(|open| open.client).chain(source).collect();
        all.into_iter().collect()
    }

    /// The source behind an address that has been heard in a live session.
    pub(super) fn source(&self, from: Endpoint) -> Option<SourceAddress> {
        self.sources.get(&from).copied()
    }

    /// Where a client is spoken to of what it did not ask for: where it was last heard, else where
    /// it is configured to be told.
    pub(super) fn last_destination(&self, client: ClientId) -> Option<DestinationId> {
        let last = self.last_source(client);
        let heard = last.map(|address| self.sources[&address].destination);
        heard.or_else(|| self.client(client).destinations.first().copied())
    }

    /// The source from which a client was heard last, of those that are its still.
    fn last_source(&self, client: ClientId) -> Option<Endpoint> {
        let record = self.client(client);
        let is_its = |from: &Endpoint| self.sources.get(from).is_some_and(|s| s.client == client);
        let others = record.sources.iter().copied();
        { record.heard_from.filter(is_its) }
            .or_else(|| others.max_by_key(|address| self.sources[address].heard))
    }

    /// Where a client speaks from: where its session began, or if it is no longer heard from there
    /// (a connection that is gone), where it was heard last.
    pub(super) fn speaks_from(&self, client: ClientId, session: &Session) -> Endpoint {
        if self.client(client).sources.contains(&session.endpoint) {
            return session.endpoint;
        }
        self.last_source(client).unwrap_or(session.endpoint)
    }

    /// The destination of the UDP port that a client was heard from last, or of one that is
    /// configured.
    pub(super) fn last_udp_destination(&self, client: ClientId) -> Option<DestinationId> {
        let heard = self.last_udp_source(client);
        let heard = heard.map(|address| self.sources[&address].destination);
        let mut others = self.client(client).destinations.iter().copied();
        heard.or_else(|| others.find(|&id| self.destination(id).address.is_udp()))
    }

    fn last_udp_source(&self, client: ClientId) -> Option<Endpoint> {
        let last = self.last_source(client).filter(|last| last.is_udp());
        let others = self.client(client).sources.iter().copied();
        last.or_else(|| {
            others
                .filter(|source| source.is_udp())
                .max_by_key(|source| self.sources[source].heard)
        })
    }

    /// Notes that a source was heard.
    pub(super) fn heard(&mut self, now: Instant, origin: Origin, id: ClientId) {
        self.lives(now, origin, id);
        self.client_mut(id).heard_from = Some(origin.from);
    }

    /// Notes that whoever is behind a source lives, without having said anything.
    pub(super) fn lives(&mut self, now: Instant, origin: Origin, id: ClientId) {
        if let Some(source) = self.sources.get_mut(&origin.from) {
            source.heard = now;
        }
        let client = self.client_mut(id);
        client.last_heard = now;
        client.heard_over = origin.via.local;
    }

    /// A session began from a source: what is said of that is said with it.
    pub(super) fn begun_from(&mut self, from: Endpoint) {
        if let Some(source) = self.sources.get_mut(&from) {
            source.is_new = false;
        }
    }

    /// When the sources of a client were last heard; `None`: it has none.
    pub(super) fn last_heard_of_sources(&self, client: ClientId) -> Option<Instant> {
        let sources = self.client(client).sources.iter();
        sources.map(|source| self.sources[source].heard).max()
    }

    /// Whose destination is open at an endpoint.
    pub(super) fn open_at(&self, endpoint: Endpoint) -> Option<(ClientId, DestinationId)> {
        let mut open = self.destinations.iter().enumerate();
        open.find_map(|(n, destination)| {
            let open = destination.as_ref()?;
            let id = DestinationId(u32::try_from(n).expect("ids are u32"));
            (open.address == endpoint).then_some((open.client, id))
        })
    }

    /// Remembers a source address. Of those of one client that follow nothing only so many are
    /// kept; the one heard longest ago goes.
    pub(super) fn add_source(
        &mut self,
        now: Instant,
        from: Endpoint,
        client: ClientId,
        destination: DestinationId,
        out: &mut Outputs,
    ) {
        self.sources.insert(
            from,
            SourceAddress {
                client,
                destination,
                heard: now,
                is_new: true,
            },
        );
        let sources = &mut self.client_mut(client).sources;
        sources.push(from);
        if sources.len() <= SOURCES_PER_CLIENT_MAX {
            return;
        }
        let sources = &self.client(client).sources;
        let idle = sources
            .iter()
            .filter(|&&address| address != from)
            .filter_map(|&address| {
                let source = self.sources.get(&address)?;
                let destination = self.destination(source.destination);
                (destination.address != address || destination.is_idle())
                    .then_some((source.heard, address))
            });
        if let Some((_, oldest)) = idle.min()
            && let Some(alone) = self.forget_source(client, oldest)
        {
            let timers = self.close(alone, out).count();
            debug_assert_eq!(timers, 0, "what is waited for is not idle");
        }
    }

    /// Forgets a source of a client. Gives back its destination if nothing else of the client goes
    /// there.
    pub(super) fn forget_source(
        &mut self,
        client: ClientId,
        address: Endpoint,
    ) -> Option<DestinationId> {
        let sources = &mut self.client_mut(client).sources;
        sources.retain(|&other| other != address);
        let gone = self.sources.remove(&address)?.destination;
        let others = self.client(client).sources.iter();
        let shared = { others }.any(|other| self.sources[other].destination == gone);
        (self.destination(gone).address == address && !shared).then_some(gone)
    }

    /// Where a client was heard last, if any of its sources is answered at a port that is not its
    /// own.
    pub(super) fn redirected(&self, client: ClientId) -> Option<Endpoint> {
        let mut sources = self.client(client).sources.iter();
        let elsewhere = |source: &Endpoint| {
            self.destination(self.sources[source].destination).address != *source
        };
        sources.any(elsewhere).then_some(())?;
        self.last_udp_source(client)
    }

    /// Answers each source of a client at its own port.
    pub(super) fn answer_at_sources(&mut self, client: ClientId, via: Via, out: &mut Outputs) {
        for source in self.client(client).sources.clone() {
            let own = self.open(client, source, via, out);
            if let Some(known) = self.sources.get_mut(&source) {
                known.destination = own;
            }
        }
    }

    /// Forgets every source of a client.
    pub(super) fn forget_sources(&mut self, client: ClientId) {
        for address in std::mem::take(&mut self.client_mut(client).sources) {
            self.sources.remove(&address);
        }
    }

    /// Sends the answers to every UDP source of a client to one destination.
    pub(super) fn redirect_sources(&mut self, client: ClientId, to: DestinationId) {
        for address in self.client(client).sources.clone() {
            if address.is_udp()
                && let Some(source) = self.sources.get_mut(&address)
            {
                source.destination = to;
            }
        }
    }
}
