//! Who is behind a source address, when last heard, and where it is spoken to.

use std::collections::VecDeque;
use std::net::SocketAddr;

use hashbrown::HashMap;

use super::client::{Client, Session};
use super::deadlines::TimerId;
use super::destination::{Destination, DestinationId, Place, Sent};
use super::event::Via;
use super::names::{NameId, Names};
use super::output::Outputs;
use super::profile::{ProfileId, Who};
use super::session::Origin;
use crate::limits::SOURCES_PER_CLIENT_MAX;
use crate::time::Instant;

/// A client: who speaks, wherever from. Valid as long as its record is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ClientId(u32);

/// A source address that has been heard.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceAddress {
    /// Who it is.
    pub(super) client: ClientId,
    /// Where its answers go.
    pub(super) destination: DestinationId,
    /// When it was last heard.
    heard: Instant,
}

/// All clients, their sources and destinations.
#[derive(Debug)]
pub(super) struct Clients {
    slots: Vec<Option<Client>>,
    free: Vec<u32>,
    by_who: HashMap<Who, ClientId>,
    by_name: HashMap<String, ClientId>,
    sources: HashMap<SocketAddr, SourceAddress>,
    destinations: Vec<Option<Destination>>,
    free_destinations: Vec<u32>,
    serials: u64,
    /// Clients that are no users.
    count: usize,
    /// Everybody's names, writers' too.
    pub(super) names: Names,
}

impl Clients {
    /// Nobody.
    pub(super) fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_who: HashMap::new(),
            by_name: HashMap::new(),
            sources: HashMap::new(),
            destinations: Vec::new(),
            free_destinations: Vec::new(),
            serials: 0,
            count: 0,
            names: Names::new(),
        }
    }

    /// How many clients are kept, users not counted.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// A kept client.
    pub(super) fn client(&self, id: ClientId) -> &Client {
        self.slots[id.0 as usize]
            .as_ref()
            .expect("an id is used only while its client is kept")
    }

    /// A kept client, to be changed.
    pub(super) fn client_mut(&mut self, id: ClientId) -> &mut Client {
        self.slots[id.0 as usize]
            .as_mut()
            .expect("an id is used only while its client is kept")
    }

    /// The session of a client that has one.
    pub(super) fn session(&self, id: ClientId) -> &Session {
        self.client(id)
            .session
            .as_ref()
            .expect("asked only of a client that speaks")
    }

    /// The session of a client, if it is still there and has one.
    pub(super) fn session_if_alive(&self, id: ClientId) -> Option<&Session> {
        self.slots[id.0 as usize].as_ref()?.session.as_ref()
    }

    /// The client that is spoken to at an address.
    pub(super) fn spoken_to_at(&self, address: SocketAddr) -> Option<ClientId> {
        if let Some(source) = self.sources.get(&address) {
            return Some(source.client);
        }
        let mut open = self.destinations.iter().flatten();
        open.find(|destination| destination.address == address)
            .map(|open| open.client)
    }

    /// All clients that are spoken to at an address.
    pub(super) fn all_spoken_to_at(&self, address: SocketAddr) -> Vec<ClientId> {
        let open = self.destinations.iter().flatten();
        let there = open.filter(|destination| destination.address == address);
        let source = self.sources.get(&address).map(|source| source.client);
        let mut all: Vec<ClientId> = there.map(|open| open.client).chain(source).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The session of a client that has one, to be changed.
    pub(super) fn session_mut(&mut self, id: ClientId) -> &mut Session {
        self.client_mut(id)
            .session
            .as_mut()
            .expect("asked only of a client that speaks")
    }

    /// Whether a client has a session.
    pub(super) fn is_alive(&self, id: ClientId) -> bool {
        self.client(id).session.is_some()
    }

    /// The client whose endpoint speaks for `id`: itself, unless it is a user.
    pub(super) fn root(&self, id: ClientId) -> ClientId {
        self.client(id).parent.unwrap_or(id)
    }

    /// What a client goes by.
    pub(super) fn name(&self, id: ClientId) -> &str {
        self.names.text(self.client(id).name)
    }

    /// Whether there is such a client.
    pub(super) fn is_kept(&self, id: ClientId) -> bool {
        self.slots[id.0 as usize].is_some()
    }

    /// The kept clients that are no users, in order of their ids.
    pub(super) fn ids(&self) -> Vec<ClientId> {
        let slots = self.slots.iter().enumerate();
        slots
            .filter(|(_, slot)| slot.as_ref().is_some_and(|client| client.parent.is_none()))
            .map(|(n, _)| ClientId(u32::try_from(n).expect("ids are u32")))
            .collect()
    }

    /// The client that somebody is.
    pub(super) fn find(&self, who: &Who) -> Option<ClientId> {
        self.by_who.get(who).copied()
    }

    /// The client that goes by a name.
    pub(super) fn named(&self, name: &str) -> Option<ClientId> {
        self.by_name.get(name).copied()
    }

    /// Adds a client.
    pub(super) fn add(
        &mut self,
        now: Instant,
        who: Option<Who>,
        name: &str,
        profile: ProfileId,
        parent: Option<ClientId>,
    ) -> ClientId {
        let client = Client {
            who: who.clone(),
            name: self.names.intern(name),
            former_name: NameId::NOBODY,
            profile,
            status: true,
            parent,
            sources: Vec::new(),
            destinations: Vec::new(),
            last_heard_at: None,
            session: None,
            unsent: 0,
            last_heard: now,
            heard_from: None,
            heard_over: None,
            audible_from: Instant::ZERO,
        };
        let id = if let Some(id) = self.free.pop() {
            self.slots[id as usize] = Some(client);
            ClientId(id)
        } else {
            self.slots.push(Some(client));
            ClientId(u32::try_from(self.slots.len() - 1).expect("clients are bounded"))
        };
        if let Some(who) = who {
            self.by_who.insert(who, id);
            self.by_name.insert(name.to_owned(), id);
            self.count += 1;
        }
        id
    }

    /// Forgets a client that has neither session nor destination.
    pub(super) fn remove(&mut self, id: ClientId) {
        let client = self.slots[id.0 as usize].take().expect("removed once");
        debug_assert!(client.session.is_none() && client.destinations.is_empty());
        if let Some(who) = &client.who {
            // Another may have become it meanwhile, by a reload.
            if self.by_who.get(who) == Some(&id) {
                self.by_who.remove(who);
            }
            if self.named(self.names.text(client.name)) == Some(id) {
                self.by_name.remove(self.names.text(client.name));
            }
            self.count -= 1;
        }
        self.names.drop_one(client.name);
        self.names.drop_one(client.former_name);
        self.free.push(id.0);
    }

    /// Gives a client another name, and its users with it.
    pub(super) fn rename(&mut self, id: ClientId, name: &str) {
        let new = self.names.intern(name);
        let client = self.client_mut(id);
        let former = std::mem::replace(&mut client.name, new);
        let forgotten = std::mem::replace(&mut client.former_name, former);
        self.names.drop_one(forgotten);
        // Who went by this name before did not write what its new bearer writes.
        for other in self.slots.iter_mut().flatten() {
            if other.former_name == new && new != NameId::NOBODY {
                other.former_name = NameId::NOBODY;
                self.names.drop_one(new);
            }
        }
        if self.client(id).parent.is_some() {
            return;
        }
        let former = self.names.text(former).to_owned();
        if self.named(&former) == Some(id) {
            self.by_name.remove(&former);
        }
        self.by_name.insert(name.to_owned(), id);
        let users = self
            .client(id)
            .session
            .as_ref()
            .map_or(vec![], |session| session.users.clone());
        for user in users {
            let own = self
                .name(user)
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned();
            self.rename(user, &format!("{name}/{own}"));
        }
    }

    /// Makes a client somebody else: its entry appeared or changed.
    pub(super) fn identify(&mut self, id: ClientId, who: Who) {
        let client = self.client_mut(id);
        if let Some(former) = client.who.replace(who.clone()) {
            self.by_who.remove(&former);
        }
        self.by_who.insert(who, id);
    }

    /// The source behind an address that has been heard in a live session.
    pub(super) fn source(&self, from: SocketAddr) -> Option<SourceAddress> {
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
    fn last_source(&self, client: ClientId) -> Option<SocketAddr> {
        let record = self.client(client);
        let is_its = |from: &SocketAddr| self.sources.get(from).is_some_and(|s| s.client == client);
        let others = record.sources.iter().copied();
        { record.heard_from.filter(is_its) }
            .or_else(|| others.max_by_key(|address| self.sources[address].heard))
    }

    /// Notes that a source was heard.
    pub(super) fn heard(&mut self, now: Instant, origin: Origin, id: ClientId) {
        if let Some(source) = self.sources.get_mut(&origin.from) {
            source.heard = now;
        }
        let client = self.client_mut(id);
        client.last_heard = now;
        client.heard_from = Some(origin.from);
        client.heard_over = origin.via.local;
    }

    /// Remembers a source address. Of those of one client that follow nothing only so many are
    /// kept; the one heard longest ago goes.
    pub(super) fn add_source(
        &mut self,
        now: Instant,
        from: SocketAddr,
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
                let listens =
                    !destination.subscriptions.is_empty() || !destination.syncs.is_empty();
                (destination.address != address || !listens).then_some((source.heard, address))
            });
        if let Some((_, oldest)) = idle.min()
            && let Some(alone) = self.forget_source(client, oldest)
        {
            let timer = self.close(alone, out);
            debug_assert!(timer.is_none(), "what is being synced is not idle");
        }
    }

    /// Forgets a source of a client. Gives back its destination if nothing else of the client goes
    /// there.
    pub(super) fn forget_source(
        &mut self,
        client: ClientId,
        address: SocketAddr,
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
    pub(super) fn redirected(&self, client: ClientId) -> Option<SocketAddr> {
        let mut sources = self.client(client).sources.iter();
        let elsewhere = |source: &SocketAddr| {
            self.destination(self.sources[source].destination).address != *source
        };
        sources.any(elsewhere).then_some(())?;
        self.last_source(client)
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

    /// Sends the answers to every source of a client to one destination.
    pub(super) fn redirect_sources(&mut self, client: ClientId, to: DestinationId) {
        let Some(client) = &self.slots[client.0 as usize] else {
            return;
        };
        for address in &client.sources {
            if let Some(source) = self.sources.get_mut(address) {
                source.destination = to;
            }
        }
    }

    /// A destination that is open.
    pub(super) fn destination(&self, id: DestinationId) -> &Destination {
        self.destinations[id.0 as usize]
            .as_ref()
            .expect("an id is used only while it is open")
    }

    /// A destination that is open, to be changed.
    pub(super) fn destination_mut(&mut self, id: DestinationId) -> &mut Destination {
        self.destinations[id.0 as usize]
            .as_mut()
            .expect("an id is used only while it is open")
    }

    /// The destination at a place, if it is still open.
    pub(super) fn at(&self, place: Place) -> Option<&Destination> {
        let slot = self.destinations[place.destination.0 as usize].as_ref();
        slot.filter(|open| open.serial == place.serial)
    }

    /// A destination and the way its updates go, as it is now.
    pub(super) fn place(&self, destination: DestinationId) -> Place {
        let open = self.destination(destination);
        Place {
            destination,
            serial: open.serial,
            via: open.via,
        }
    }

    /// The clients that have a session, users too, in order of their ids.
    pub(super) fn alive(&self) -> Vec<ClientId> {
        let slots = self.slots.iter().enumerate();
        slots
            .filter(|(_, slot)| slot.as_ref().is_some_and(|client| client.session.is_some()))
            .map(|(n, _)| ClientId(u32::try_from(n).expect("ids are u32")))
            .collect()
    }

    /// The open destinations that follow anything, in order of their ids.
    pub(super) fn followers(&self) -> impl Iterator<Item = (DestinationId, &Destination)> {
        self.destinations
            .iter()
            .enumerate()
            .filter_map(|(n, destination)| {
                let destination = destination.as_ref()?;
                let id = DestinationId(u32::try_from(n).expect("ids are u32"));
                (!destination.subscriptions.is_empty()).then_some((id, destination))
            })
    }

    /// The destination of a client at an address, opened if it is not.
    pub(super) fn open(
        &mut self,
        client: ClientId,
        address: SocketAddr,
        via: Via,
        out: &mut Outputs,
    ) -> DestinationId {
        let open = self.client(client).destinations.iter().copied();
        if let Some(id) = open
            .into_iter()
            .find(|&id| self.destination(id).address == address)
        {
            return id;
        }
        self.serials += 1;
        let destination = Destination {
            address,
            client,
            queue: out.open(address),
            via,
            subscriptions: Vec::new(),
            sent: Sent::default(),
            syncs: VecDeque::new(),
            sync_timer: None,
            serial: self.serials,
        };
        let id = if let Some(id) = self.free_destinations.pop() {
            self.destinations[id as usize] = Some(destination);
            DestinationId(id)
        } else {
            self.destinations.push(Some(destination));
            DestinationId(u32::try_from(self.destinations.len() - 1).expect("ids are u32"))
        };
        self.client_mut(client).destinations.push(id);
        id
    }

    /// Closes a destination; what waits for it still goes out. Gives back its wake-up.
    pub(super) fn close(&mut self, id: DestinationId, out: &mut Outputs) -> Option<TimerId> {
        let gone = self.destinations[id.0 as usize]
            .take()
            .expect("closed once");
        out.close(gone.queue);
        self.free_destinations.push(id.0);
        let client = self.client_mut(gone.client);
        client.destinations.retain(|&other| other != id);
        if client.last_heard_at == Some(id) {
            client.last_heard_at = None;
        }
        gone.sync_timer
    }
}
