//! The echo: what was accepted goes to its sender and to every follower.

use std::hash::BuildHasher;
use std::time::Duration;

use super::clients::ClientId;
use super::destination::{DestinationId, Mark, Place};
use super::event::Via;
use super::names::NameId;
use super::output::Outputs;
use super::queue::Kind;
use super::table::AddressId;
use super::{Asker, Gateway, Timer};
use crate::config::Echo;
use crate::osc::{Arguments, append_message};
use crate::time::Instant;

/// An accepted message on its way out.
#[derive(Clone, Copy, Debug)]
pub(super) struct News<'a> {
    /// Where it was written to.
    pub(super) address: &'a str,
    /// The same, if it is known.
    pub(super) id: Option<AddressId>,
    /// The whole message.
    pub(super) message: &'a [u8],
    /// From its comma on.
    pub(super) tail: &'a [u8],
    /// It was clipped or converted.
    pub(super) changed: bool,
}

/// An address whose updates are thinned (`rate`).
#[derive(Debug)]
pub(super) struct Thinned {
    /// What is stored has not been sent to all followers.
    pending: bool,
    /// Who wrote it.
    writer: Option<Writer>,
}

/// Who is sent its own value by its echo or not at all, though it follows the address.
#[derive(Clone, Copy, Debug)]
enum Writer {
    /// The endpoint that wrote.
    Endpoint(Place),
    /// The client that wrote, at all its endpoints (`echo = "never"`).
    Client(ClientId),
}

/// A client that is sent its own last value once its hand is still (`echo = "settled"`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Settling {
    /// When the hand is still, if it does not move again.
    still: Instant,
    place: Place,
}

/// Whether the asking endpoint is sent its own write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OwnEcho {
    Send,
    /// Not now: later, or not at all.
    Skip,
}

impl Gateway {
    /// Sends an accepted value to its sender and its followers, once each.
    pub(super) fn publish_value(
        &mut self,
        now: Instant,
        asker: Asker,
        id: AddressId,
        news: &News<'_>,
        out: &mut Outputs,
    ) {
        let policy = self.echo_policy(asker.client);
        let follows = self.is_follower(id, asker.destination);
        let wanted = !asker.in_call || follows;
        let own = if wanted {
            own_echo(policy, news)
        } else {
            OwnEcho::Skip
        };
        if wanted && policy == Echo::Settled {
            self.settle(now, asker, id);
        }
        let hash = self.hash_tail(news.tail);
        let writer = self.clients.client(asker.client).name;
        if own == OwnEcho::Send {
            self.send_value(
                now,
                id,
                asker.place(&self.clients),
                (writer, hash),
                news.message,
                out,
            );
        }
        let rule = self.rules.rule(self.table.entry(id).rule);
        if let Some(interval) = rule.interval {
            let writer = match policy {
                Echo::Never => Writer::Client(self.clients.root(asker.client)),
                Echo::Always | Echo::Changed | Echo::Settled => {
                    Writer::Endpoint(asker.place(&self.clients))
                }
            };
            if self.hold_back(now, id, interval, writer) {
                return;
            }
        }
        let silent = (policy == Echo::Never).then(|| self.clients.root(asker.client));
        for n in 0..self.follower_count(id) {
            let follower = self.follower(id, n);
            if follower == asker.destination
                || silent == Some(self.clients.destination(follower).client)
            {
                continue;
            }
            let place = self.clients.place(follower);
            self.send_value(now, id, place, (writer, hash), news.message, out);
        }
    }

    /// Sends an accepted event to its sender and its followers, once each, behind every value
    /// that was accepted before it.
    pub(super) fn publish_event(
        &mut self,
        now: Instant,
        asker: Asker,
        news: &News<'_>,
        out: &mut Outputs,
    ) {
        self.stats.events += 1;
        self.send_all_held_back(now, out);
        let policy = self.echo_policy(asker.client);
        // What is not stored cannot be sent once the hand is still: it is sent at once.
        let policy_now = if policy == Echo::Settled {
            Echo::Always
        } else {
            policy
        };
        let mut followers = std::mem::take(&mut self.followers.listed);
        self.list_followers((news.id, news.address), &mut followers);
        let wanted = !asker.in_call || followers.contains(&asker.destination);
        if wanted && own_echo(policy_now, news) == OwnEcho::Send {
            self.send_event(asker.destination, asker.via, news, out);
        }
        let silent = (policy == Echo::Never).then(|| self.clients.root(asker.client));
        for &id in &followers {
            let follower = self.clients.destination(id);
            if id != asker.destination && silent != Some(follower.client) {
                self.send_event(id, follower.via, news, out);
            }
        }
        self.followers.listed = followers;
    }

    fn send_event(&mut self, to: DestinationId, via: Via, news: &News<'_>, out: &mut Outputs) {
        if !self.send_native_event((to, via), news, out) {
            let queue = self.clients.destination(to).queue;
            out.push(queue, Kind::Event, via, news.message);
        }
    }

    /// Sends one value to one destination, and remembers it for the sake of reflections.
    // Once for each follower: without a dialect it is but a push.
    #[inline]
    pub(super) fn send_value(
        &mut self,
        now: Instant,
        id: AddressId,
        place: Place,
        (writer, hash): (NameId, u64),
        message: &[u8],
        out: &mut Outputs,
    ) {
        let said = (writer, hash);
        if self.profiles.has_dialects && self.send_native(now, id, place, said, message, out) {
            return;
        }
        let reflects = !self.times.reflection.is_zero();
        let destination = self.clients.destination(place.destination);
        let client = self.clients.client(destination.client);
        // What one wrote oneself is never taken for a reflection, so it need not be remembered.
        let own = writer == client.name;
        out.push(destination.queue, Kind::Value(id, 0), place.via, message);
        if reflects && !own {
            let destination = self.clients.destination_mut(place.destination);
            destination.sent.note(now, id, writer, Mark::Bytes(hash));
        }
    }

    /// Sends the stored value of an address to one destination.
    pub(super) fn send_stored(
        &mut self,
        now: Instant,
        id: AddressId,
        place: Place,
        writer: NameId,
        out: &mut Outputs,
    ) {
        let mut message = std::mem::take(&mut self.stored);
        message.clear();
        let entry = self.table.entry(id);
        append_message(
            &mut message,
            entry.name().as_bytes(),
            entry.value.as_bytes(),
        );
        let hash = self.hash_tail(entry.value.as_bytes());
        self.send_value(now, id, place, (writer, hash), &message, out);
        self.stored = message;
    }

    /// Whether a destination follows an address whose entry is up to date.
    pub(super) fn is_follower(&self, id: AddressId, destination: DestinationId) -> bool {
        (0..self.follower_count(id)).any(|n| self.follower(id, n) == destination)
    }

    /// What a client's endpoint is sent of its own writes.
    fn echo_policy(&self, client: ClientId) -> Echo {
        self.profiles.profile(self.profile_of(client)).echo
    }

    /// The names under which a client may have written.
    pub(super) fn own_names(&self, client: ClientId) -> [NameId; 2] {
        let record = self.clients.client(client);
        let former = record.former_name;
        [
            record.name,
            if former == NameId::NOBODY {
                record.name
            } else {
                former
            },
        ]
    }

    /// A number for a value as it would be stored.
    pub(super) fn hash(&self, values: Arguments<'_>) -> u64 {
        self.hasher.hash_one((values.tags(), values.data()))
    }

    fn hash_tail(&self, tail: &[u8]) -> u64 {
        self.hash(Arguments::of_tail(tail))
    }

    // --- rate ---------------------------------------------------------------------------------

    /// Whether an update has to wait for its turn. It is noted that it does.
    fn hold_back(
        &mut self,
        now: Instant,
        id: AddressId,
        interval: Duration,
        writer: Writer,
    ) -> bool {
        if let Some(thinned) = self.thinned.get_mut(&id) {
            thinned.pending = true;
            thinned.writer = Some(writer);
            return true;
        }
        self.deadlines.arm(now + interval, Timer::Thinned(id));
        self.thinned.insert(
            id,
            Thinned {
                pending: false,
                writer: None,
            },
        );
        false
    }

    /// An end of the range that waits for its turn is not replaced by what comes after it: it is
    /// sent first. Called before the new value is stored.
    pub(super) fn let_end_through(
        &mut self,
        now: Instant,
        id: AddressId,
        tail: &[u8],
        out: &mut Outputs,
    ) {
        let waits = self.thinned.get(&id).is_some_and(|thinned| thinned.pending);
        let entry = self.table.entry(id);
        let stored = entry.value.as_bytes();
        let is_end = || {
            self.rules
                .rule(entry.rule)
                .is_end(Arguments::of_tail(stored))
        };
        if waits && stored != tail && is_end() {
            self.send_held_back(now, id, out);
        }
    }

    /// The turn of a thinned address has come.
    pub(super) fn on_thinned(&mut self, now: Instant, id: AddressId, out: &mut Outputs) {
        self.refresh(id);
        let interval = self.rules.rule(self.table.entry(id).rule).interval;
        let Some(thinned) = self.thinned.get_mut(&id) else {
            return;
        };
        match interval {
            Some(interval) if thinned.pending => {
                self.deadlines.arm(now + interval, Timer::Thinned(id));
                self.send_held_back(now, id, out);
            }
            Some(_) | None => {
                if thinned.pending {
                    self.send_held_back(now, id, out);
                }
                self.thinned.remove(&id);
            }
        }
    }

    fn send_held_back(&mut self, now: Instant, id: AddressId, out: &mut Outputs) {
        let Some(thinned) = self.thinned.get_mut(&id) else {
            return;
        };
        thinned.pending = false;
        let from = thinned.writer.take();
        let writer = self.table.entry(id).writer;
        for n in 0..self.follower_count(id) {
            let follower = self.clients.place(self.follower(id, n));
            let is_writers = match from {
                Some(Writer::Endpoint(place)) => {
                    (place.destination, place.serial) == (follower.destination, follower.serial)
                }
                Some(Writer::Client(client)) => {
                    self.clients.destination(follower.destination).client == client
                }
                None => false,
            };
            if !is_writers {
                self.send_stored(now, id, follower, writer, out);
            }
        }
    }

    fn send_all_held_back(&mut self, now: Instant, out: &mut Outputs) {
        if self.thinned.is_empty() {
            return;
        }
        let mut pending = std::mem::take(&mut self.held_back);
        pending.clear();
        #[allow(clippy::iter_over_hash_type, reason = "sorted below")]
        for (&id, thinned) in &self.thinned {
            if thinned.pending {
                pending.push(id);
            }
        }
        pending.sort_unstable();
        for &id in &pending {
            self.refresh(id);
            self.send_held_back(now, id, out);
        }
        self.held_back = pending;
    }

    // --- echo = "settled" ---------------------------------------------------------------------

    fn settle(&mut self, now: Instant, asker: Asker, id: AddressId) {
        let place = asker.place(&self.clients);
        let still = now + self.times.settle;
        let key = (asker.client, id);
        if let Some(settling) = self.settling.get_mut(&key) {
            // Never before its wake-up, though a new show may say so.
            settling.still = settling.still.max(still);
            settling.place = place;
            return;
        }
        self.deadlines.arm(still, Timer::Settled(asker.client, id));
        self.settling.insert(key, Settling { still, place });
    }

    /// Forgets what a client whose session ends would have been sent.
    pub(super) fn drop_settling(&mut self, client: ClientId) {
        self.settling.retain(|&(whose, _), _| whose != client);
    }

    /// A finger that goes is sent the value at once, and not once more.
    pub(super) fn drop_settled(&mut self, client: ClientId, address: &str) {
        if let Some(id) = self.table.find(address) {
            self.settling.remove(&(client, id));
        }
    }

    /// Lets places that are sent something later be moved.
    pub(super) fn move_publishing(&mut self, moved: impl Fn(&mut Place)) {
        #[allow(clippy::iter_over_hash_type, reason = "each by itself")]
        for thinned in self.thinned.values_mut() {
            if let Some(Writer::Endpoint(place)) = &mut thinned.writer {
                moved(place);
            }
        }
        #[allow(clippy::iter_over_hash_type, reason = "each by itself")]
        for settling in self.settling.values_mut() {
            moved(&mut settling.place);
        }
    }

    /// Forgets that a client whose record goes wrote what is held back.
    pub(super) fn forget_writer(&mut self, client: ClientId) {
        for thinned in self.thinned.values_mut() {
            if matches!(thinned.writer, Some(Writer::Client(whose)) if whose == client) {
                thinned.writer = None;
            }
        }
    }

    /// A hand may have become still: its last value is sent back.
    pub(super) fn on_settled(
        &mut self,
        now: Instant,
        due: Instant,
        (client, id): (ClientId, AddressId),
        out: &mut Outputs,
    ) {
        let Some(settling) = self.settling.get_mut(&(client, id)) else {
            return;
        };
        if settling.still > due {
            self.deadlines
                .arm(settling.still, Timer::Settled(client, id));
            return;
        }
        let place = settling.place;
        self.settling.remove(&(client, id));
        if let Some(place) = self.place_now(client, place) {
            let writer = self.table.entry(id).writer;
            self.send_stored(now, id, place, writer, out);
        }
    }
}

/// What a policy says of a write whose echo is wanted.
const fn own_echo(policy: Echo, news: &News<'_>) -> OwnEcho {
    match policy {
        Echo::Always => OwnEcho::Send,
        Echo::Changed if news.changed => OwnEcho::Send,
        Echo::Changed | Echo::Settled | Echo::Never => OwnEcho::Skip,
    }
}
