//! Who follows what: subscriptions, and the set of destinations behind each address.

use hashbrown::HashMap;

use super::denial::Refusal;
use super::destination::{DestinationId, Subscription};
use super::reading::TOO_MANY_SUBSCRIPTIONS;
use super::reply::StatusKind;
use super::table::AddressId;
use super::{Asker, Gateway};
use crate::osc::Pattern;

/// The sets of destinations that follow addresses. Nearly all addresses share a handful of them,
/// so an address keeps the number of its set, and looks again when anybody's subscriptions changed.
#[derive(Debug)]
pub(super) struct Followers {
    /// Counts changes of subscriptions and rules; an entry with another epoch looks again.
    pub(super) epoch: u32,
    sets: Vec<Vec<DestinationId>>,
    by_members: HashMap<Vec<DestinationId>, u32>,
    /// A list of destinations that is used again.
    pub(super) listed: Vec<DestinationId>,
    /// Who follows each kind of status message.
    status: [Vec<DestinationId>; StatusKind::ALL.len()],
    status_epoch: u32,
}

impl Followers {
    /// Nobody follows anything.
    pub(super) fn new() -> Self {
        Self {
            epoch: 1,
            sets: Vec::new(),
            by_members: HashMap::new(),
            listed: Vec::new(),
            status: Default::default(),
            status_epoch: 0,
        }
    }

    fn intern(&mut self, members: Vec<DestinationId>) -> u32 {
        if let Some(&set) = self.by_members.get(&members) {
            return set;
        }
        let set = u32::try_from(self.sets.len()).expect("fewer sets than addresses");
        self.sets.push(members.clone());
        self.by_members.insert(members, set);
        set
    }
}

impl Gateway {
    /// Subscriptions or rules changed: every address looks again when it is next needed.
    pub(super) fn followers_changed(&mut self) {
        self.followers.epoch += 1;
        self.followers.sets.clear();
        self.followers.by_members.clear();
        self.arm_heartbeat_if_followed();
    }

    /// Brings an entry's rule and followers up to date.
    pub(super) fn refresh(&mut self, id: AddressId) {
        let epoch = self.followers.epoch;
        let entry = self.table.entry(id);
        if entry.epoch == epoch {
            return;
        }
        let name = entry.name();
        let rule = self.rules.find(name);
        let members = self
            .clients
            .followers()
            .filter(|(_, open)| open.follows(name));
        let members: Vec<DestinationId> = members.map(|(id, _)| id).collect();
        let set = self.followers.intern(members);
        let entry = self.table.entry_mut(id);
        (entry.rule, entry.followers, entry.epoch) = (rule, set, epoch);
    }

    /// How many destinations follow an address whose entry is up to date.
    pub(super) fn follower_count(&self, id: AddressId) -> usize {
        self.followers.sets[self.table.entry(id).followers as usize].len()
    }

    /// One of the destinations that follow an address whose entry is up to date.
    pub(super) fn follower(&self, id: AddressId, n: usize) -> DestinationId {
        self.followers.sets[self.table.entry(id).followers as usize][n]
    }

    /// Lists the destinations that follow an address, in place of what `list` holds. An entry, if
    /// it has one, is up to date.
    pub(super) fn list_followers(
        &self,
        (id, address): (Option<AddressId>, &str),
        list: &mut Vec<DestinationId>,
    ) {
        list.clear();
        match id {
            Some(id) => {
                let set = self.table.entry(id).followers;
                list.extend_from_slice(&self.followers.sets[set as usize]);
            }
            None => {
                let all = self.clients.followers();
                list.extend(
                    all.filter(|(_, open)| open.follows(address))
                        .map(|(id, _)| id),
                );
            }
        }
    }

    /// The destinations that follow a kind of status message.
    pub(super) fn status_followers(&mut self, kind: StatusKind) -> &[DestinationId] {
        if self.followers.status_epoch != self.followers.epoch {
            for kind in StatusKind::ALL {
                let address = kind.address();
                let followers = &mut self.followers.status[kind as usize];
                followers.clear();
                followers.extend(
                    self.clients
                        .followers()
                        .filter(|(_, open)| open.follows_status(address))
                        .map(|(id, _)| id),
                );
            }
            self.followers.status_epoch = self.followers.epoch;
        }
        &self.followers.status[kind as usize]
    }

    /// Adds patterns to what the asking endpoint follows: all, or none and an error.
    pub(super) fn subscribe(&mut self, asker: Asker, patterns: &[Pattern]) -> Result<(), Refusal> {
        let root = self.clients.root(asker.client);
        let has = |list: &[Subscription], pattern: &Pattern| {
            list.iter()
                .any(|known| !known.configured && known.pattern() == Some(pattern))
        };
        let mut new: Vec<Subscription> = Vec::new();
        let known = &self.clients.destination(asker.destination).subscriptions;
        for pattern in patterns {
            if !has(known, pattern) && !has(&new, pattern) {
                new.push(Subscription::of(pattern.clone(), false));
            }
        }
        let asked_for = self.clients.client(root).destinations.iter().map(|&id| {
            let list = &self.clients.destination(id).subscriptions;
            list.iter()
                .filter(|subscription| !subscription.configured)
                .count()
        });
        let limit = self.limits.subscriptions_per_client as usize;
        if asked_for.sum::<usize>() + new.len() > limit {
            return Err(TOO_MANY_SUBSCRIPTIONS);
        }
        let destination = self.clients.destination_mut(asker.destination);
        destination.via = asker.via;
        if !new.is_empty() {
            destination.subscriptions.extend(new);
            self.followers_changed();
        }
        Ok(())
    }

    /// Takes patterns from what the asking endpoint follows; without patterns, all. What is
    /// configured stays.
    pub(super) fn unsubscribe(&mut self, asker: Asker, patterns: &[&str]) {
        let subscriptions = &mut self
            .clients
            .destination_mut(asker.destination)
            .subscriptions;
        let before = subscriptions.len();
        subscriptions.retain(|known| {
            let is_named = |pattern: &Pattern| patterns.contains(&pattern.as_str());
            let named = patterns.is_empty() || known.pattern().is_some_and(is_named);
            known.configured || !named
        });
        if subscriptions.len() != before {
            self.followers_changed();
        }
    }
}
