//! `sync`: the stored values of all that a pattern matches, paced, each as it is when it is sent.

use std::sync::Arc;

use super::client::Session;
use super::clients::ClientId;
use super::denial::Refusal;
use super::destination::{DestinationId, Followed};
use super::event::Via;
use super::output::Outputs;
use super::queue::Kind;
use super::reading::TOO_MANY_SYNCS;
use super::reply::{Status, StatusKind};
use super::table::AddressId;
use super::{Asker, Gateway, Timer};
use crate::limits::{
    QUEUE_MESSAGES_MAX, SYNC_BURST, SYNC_CANDIDATES_MAX, SYNC_INTERVAL, SYNCS_PER_DESTINATION_MAX,
};
use crate::mapping::Mapping;
use crate::osc::{Encoder, Pattern};
use crate::time::Instant;

/// One `sync` that is being answered.
#[derive(Debug)]
pub(super) struct Sync {
    patterns: Vec<Pattern>,
    /// What a dialect's mapping speaks of, too.
    mapped: Option<Arc<Mapping>>,
    /// Whether `synced` is sent at the end: somebody asked for it.
    asked: bool,
    /// Which way the answers leave.
    via: Via,
    /// Locks still to be told, last first.
    locks: Vec<AddressId>,
    /// Sessions still to be told, by their numbers, last first.
    sessions: Vec<(u64, ClientId)>,
    /// Where to go on among the addresses; `None`: they are done.
    next: Option<String>,
    count: i32,
}

impl Gateway {
    /// Begins to answer a `sync` of the asking endpoint.
    pub(super) fn sync(
        &mut self,
        now: Instant,
        asker: Asker,
        pattern: Pattern,
    ) -> Result<(), Refusal> {
        let destination = self.clients.destination(asker.destination);
        if destination.syncs.len() >= SYNCS_PER_DESTINATION_MAX {
            return Err(TOO_MANY_SYNCS);
        }
        let of_status = pattern.prefix().starts_with("/oscgate/");
        let wants = |kind: StatusKind| of_status && pattern.matches(kind.address());
        let mut locks = Vec::new();
        if wants(StatusKind::Locked) {
            let held = self.clients.alive().into_iter();
            locks.extend(held.flat_map(|client| self.clients.session(client).locks.clone()));
            locks.sort_by(|&a, &b| self.table.entry(b).name().cmp(self.table.entry(a).name()));
        }
        let mut sessions = Vec::new();
        if wants(StatusKind::Connected) {
            let alive = self.clients.alive().into_iter();
            sessions.extend(alive.map(|client| (self.clients.session(client).number, client)));
            // Whoever came first is told of first.
            sessions.sort_unstable_by_key(|&(number, _)| std::cmp::Reverse(number));
        }
        let next = (!of_status).then(|| pattern.prefix().to_owned());
        let sync = Sync {
            patterns: vec![pattern],
            mapped: None,
            asked: true,
            via: asker.via,
            locks,
            sessions,
            next,
            count: 0,
        };
        self.enqueue_sync(now, asker.destination, sync);
        Ok(())
    }

    /// A client that cannot ask is sent all that it follows when its session begins.
    pub(super) fn sync_on_begin(
        &mut self,
        now: Instant,
        client: ClientId,
        follows_at: Option<DestinationId>,
    ) {
        let profile = self.profiles.profile(self.profile_of(client));
        let Some(id) = follows_at.filter(|_| profile.sync) else {
            return;
        };
        let patterns = profile.follow.clone();
        // The address order begins with the least of all prefixes.
        let first = patterns
            .iter()
            .map(Pattern::prefix)
            .min()
            .unwrap_or_default()
            .to_owned();
        let via = self.clients.destination(id).via;
        let (locks, sessions) = (Vec::new(), Vec::new());
        let next = Some(first);
        let sync = Sync {
            patterns,
            mapped: None,
            asked: false,
            via,
            locks,
            sessions,
            next,
            count: 0,
        };
        self.enqueue_sync(now, id, sync);
    }

    /// A client that asks in its own dialect is sent all that it follows where it asks.
    pub(super) fn sync_followed(&mut self, now: Instant, asker: Asker) {
        // One at a time: a page that is opened again is answered from the start.
        let destination = self.clients.destination_mut(asker.destination);
        destination.syncs.retain(|sync| sync.asked);
        let mut patterns = Vec::new();
        let mut mapped = None;
        for subscription in &destination.subscriptions {
            match &subscription.what {
                Followed::Pattern(pattern) => patterns.push(pattern.clone()),
                Followed::Mapped(mapping) => mapped = Some(Arc::clone(mapping)),
            }
        }
        if patterns.is_empty() && mapped.is_none() {
            // What is configured may go to another of its ports.
            let profile = self.profiles.profile(self.profile_of(asker.client));
            patterns.clone_from(&profile.follow);
        }
        let prefixes = patterns.iter().map(Pattern::prefix);
        let first = prefixes.min().filter(|_| mapped.is_none());
        let next = Some(first.unwrap_or_default().to_owned());
        let sync = Sync {
            patterns,
            mapped,
            asked: false,
            via: asker.via,
            locks: Vec::new(),
            sessions: Vec::new(),
            next,
            count: 0,
        };
        self.enqueue_sync(now, asker.destination, sync);
    }

    pub(super) fn enqueue_sync(&mut self, now: Instant, id: DestinationId, sync: Sync) {
        let destination = self.clients.destination_mut(id);
        destination.syncs.push_back(sync);
        if destination.sync_timer.is_none() {
            destination.sync_timer = Some(self.deadlines.arm(now, Timer::Sync(id)));
        }
    }

    /// The next step of the first `sync` of a destination.
    pub(super) fn on_sync_step(&mut self, now: Instant, id: DestinationId, out: &mut Outputs) {
        let destination = self.clients.destination_mut(id);
        destination.sync_timer = None;
        let Some(mut sync) = destination.syncs.pop_front() else {
            return;
        };
        let room = out.waiting_in(destination.queue) <= QUEUE_MESSAGES_MAX / 2;
        let finished = room && self.step(now, id, &mut sync, out);
        if finished && sync.asked {
            out.scratch.clear();
            Encoder::begin(&mut out.scratch, b"/oscgate/synced", b"si")
                .string(sync.patterns[0].as_str().as_bytes())
                .int(sync.count);
            out.push_scratch(self.clients.destination(id).queue, Kind::Status, sync.via);
        }
        let destination = self.clients.destination_mut(id);
        if !finished {
            destination.syncs.push_front(sync);
        }
        if !destination.syncs.is_empty() {
            let next = self.deadlines.arm(now + SYNC_INTERVAL, Timer::Sync(id));
            destination.sync_timer = Some(next);
        }
    }

    /// Sends one burst; `true`: nothing is left.
    fn step(
        &mut self,
        now: Instant,
        id: DestinationId,
        sync: &mut Sync,
        out: &mut Outputs,
    ) -> bool {
        let queue = self.clients.destination(id).queue;
        let mut sent = 0;
        while sent < SYNC_BURST {
            let written = if let Some(lock) = sync.locks.pop() {
                self.write_lock(now, lock, out)
            } else if let Some((number, client)) = sync.sessions.pop() {
                self.write_session(number, client, out)
            } else {
                break;
            };
            if written {
                out.push_scratch(queue, Kind::Status, sync.via);
                sent += 1;
            }
        }
        // What is no more is nothing left to do.
        let locked = |&id: &AddressId| self.table.entry(id).lock.is_some();
        sync.locks.retain(locked);
        let here = |&(number, client): &(u64, ClientId)| self.begun(number, client).is_some();
        sync.sessions.retain(here);
        let place = super::destination::Place {
            via: sync.via,
            ..self.clients.place(id)
        };
        let mut looked_at = 0;
        let mut due: Vec<AddressId> = Vec::new();
        if let Some(next) = sync.next.take() {
            for address in self.table.from(&next) {
                let entry = self.table.entry(address);
                if sent + due.len() >= SYNC_BURST || looked_at >= SYNC_CANDIDATES_MAX {
                    sync.next = Some(entry.name().to_owned());
                    break;
                }
                looked_at += 1;
                let past = |pattern: &Pattern| {
                    !entry.name().starts_with(pattern.prefix()) && entry.name() > pattern.prefix()
                };
                if sync.mapped.is_none() && sync.patterns.iter().all(past) {
                    break;
                }
                let mapped = { sync.mapped.as_ref() }.is_some_and(|all| all.covers(entry.name()));
                let named = |pattern: &Pattern| pattern.matches(entry.name());
                let wanted = mapped || sync.patterns.iter().any(named);
                if wanted && !entry.value.is_empty() {
                    due.push(address);
                }
            }
        }
        for &address in &due {
            let writer = self.table.entry(address).writer;
            self.send_stored(now, address, place, writer, out);
            if self.profiles.tell_lamps {
                self.tell_lamps_now(now, place, address, out);
            }
        }
        sync.count += i32::try_from(sent + due.len()).expect("a burst is small");
        sync.next.is_none() && sync.locks.is_empty() && sync.sessions.is_empty()
    }

    fn write_lock(&self, now: Instant, id: AddressId, out: &mut Outputs) -> bool {
        let entry = self.table.entry(id);
        let Some(lock) = &entry.lock else {
            return false;
        };
        let (address, holder) = (entry.name(), self.clients.name(lock.holder));
        let timeout = lock.remaining(now);
        Status::Locked {
            address,
            holder,
            timeout,
        }
        .write(&mut out.scratch);
        true
    }

    fn write_session(&self, number: u64, client: ClientId, out: &mut Outputs) -> bool {
        let Some(session) = self.begun(number, client) else {
            return false;
        };
        let (name, endpoint) = (self.clients.name(client), session.endpoint.address);
        Status::Connected { name, endpoint }.write(&mut out.scratch);
        true
    }

    /// A session that others have been told of, by its number: another may have its client's place
    /// by now.
    fn begun(&self, number: u64, client: ClientId) -> Option<&Session> {
        let session = self.clients.session_if_alive(client)?;
        (session.announced && session.number == number).then_some(session)
    }
}
