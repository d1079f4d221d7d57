//! Who is behind a source address, when last heard, and where it is spoken to.

use hashbrown::HashMap;
use std::collections::VecDeque;

use super::client::{Client, Session};
use super::deadlines::TimerId;
use super::destination::{Destination, DestinationId, Place, Sent};
use super::endpoint::Endpoint;
use super::event::Via;
use super::names::{NameId, Names};
use super::output::Outputs;
use super::profile::{ProfileId, Who};
use super::touch::Fingers;
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
    pub(super) heard: Instant,
    /// Nothing was said from there yet.
    pub(super) is_new: bool,
}

/// All clients, their sources and destinations.
#[derive(Debug)]
pub(super) struct Clients {
    slots: Vec<Option<Client>>,
    free: Vec<u32>,
    by_who: HashMap<Who, ClientId>,
    by_name: HashMap<String, ClientId>,
    pub(super) sources: HashMap<Endpoint, SourceAddress>,
    pub(super) destinations: Vec<Option<Destination>>,
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
        let mut new = self.names.intern(name);
        // Who went by this name before goes on being known for what it wrote under it.
        let went_by_it = |(n, other): (usize, &Option<Client>)| {
            let other = other.as_ref().filter(|_| n != id.0 as usize);
            other.is_some_and(|other| other.former_name == new && new != NameId::NOBODY)
        };
        if self.slots.iter().enumerate().any(went_by_it) {
            self.names.drop_one(new);
            new = self.names.anew(name);
        }
        let client = self.client_mut(id);
        let former = std::mem::replace(&mut client.name, new);
        let forgotten = std::mem::replace(&mut client.former_name, former);
        self.names.drop_one(forgotten);
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
        address: Endpoint,
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
            lease_timer: None,
            fingers: Fingers::default(),
            finger_timer: None,
            spacing: None,
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

    /// Closes a destination; what waits for it still goes out. Gives back its wake-ups.
    pub(super) fn close(
        &mut self,
        id: DestinationId,
        out: &mut Outputs,
    ) -> impl Iterator<Item = TimerId> + use<> {
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
        let spacing = gone.spacing.and_then(|spacing| spacing.timer);
        let timers = [
            gone.sync_timer,
            gone.lease_timer,
            gone.finger_timer.map(|(_, timer)| timer),
            spacing,
        ];
        timers.into_iter().flatten()
    }
}
