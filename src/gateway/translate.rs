//! What a client is sent, in its own dialect.

use std::sync::Arc;

use super::clients::ClientId;
use super::destination::{DestinationId, Mark, Place};
use super::event::Via;
use super::names::NameId;
use super::output::Outputs;
use super::publish::News;
use super::queue::Kind;
use super::table::AddressId;
use super::{Asker, Gateway};
use crate::config::Timeout;
use crate::mapping::{Mapping, Told, When};
use crate::osc::{Arguments, append_tail};
use crate::time::Instant;

/// What a message is in a dialect, kept for the next who speaks it.
#[derive(Debug, Default)]
pub(super) struct Translation {
    /// Of which mapping, address and write it is; `None`: it depends on who is told.
    of: Option<(usize, AddressId, u64)>,
    bytes: Vec<u8>,
    parts: Vec<Part>,
    /// The step of the device that it is, where the mapping knows steps.
    step: Option<i64>,
    /// All addresses whose values its messages join.
    joined: Vec<AddressId>,
    built: Vec<u8>,
    scratch: Vec<u8>,
}

/// One datagram of a translation.
#[derive(Clone, Copy, Debug)]
struct Part {
    start: usize,
    end: usize,
    /// It is an end of the travel.
    is_end: bool,
    /// It joins the values of several addresses: the line that does, and the least of those.
    joins: Option<(u16, AddressId)>,
}

/// What tells the messages of a line that joins values from what else is said of an address.
fn joining(line: usize) -> u16 {
    u16::MAX - u16::try_from(line % 0x8000).expect("a remainder")
}

impl Translation {
    /// It is of nothing that is in force any more.
    pub(super) fn forget(&mut self) {
        self.of = None;
    }

    fn clear(&mut self) {
        (self.of, self.step) = (None, None);
        self.bytes.clear();
        self.parts.clear();
        self.joined.clear();
    }

    fn keep_built(&mut self, is_end: bool, joins: Option<(u16, AddressId)>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&self.built);
        self.parts.push(Part {
            start,
            end: self.bytes.len(),
            is_end,
            joins,
        });
    }
}

impl Gateway {
    /// How whoever is at a destination talks, if not in the gateway's own words. A dialect is a
    /// device's, and devices speak it in datagrams: a browser on the same machine does not.
    pub(super) fn mapping_at(&self, id: DestinationId) -> Option<&Arc<Mapping>> {
        if !self.profiles.has_dialects {
            return None;
        }
        let destination = self.clients.destination(id);
        let profile = self.profiles.profile(self.profile_of(destination.client));
        { profile.mapping.as_ref() }.filter(|_| destination.address.is_udp())
    }

    /// Sends a value in the dialect of a destination; `false`: it has none.
    #[inline(never)]
    pub(super) fn send_native(
        &mut self,
        now: Instant,
        id: AddressId,
        place: Place,
        (writer, hash): (NameId, u64),
        message: &[u8],
        out: &mut Outputs,
    ) -> bool {
        let Some(mapping) = self.mapping_at(place.destination).map(Arc::clone) else {
            return false;
        };
        let client = self.clients.destination(place.destination).client;
        let name = self.table.entry(id).name();
        let destination = self.clients.destinations[place.destination.0 as usize].as_mut();
        let destination = destination.expect("an id is used only while it is open");
        if destination.fingers.keeps_back(name) {
            return true;
        }
        let queue = destination.queue;
        // What is one for all who speak it is worked out once for them all.
        let alike = mapping.banks().is_empty();
        let of = alike.then_some((Arc::as_ptr(&mapping) as usize, id, self.stats.writes));
        let mut said = std::mem::take(&mut self.translation);
        if of.is_none() || said.of != of {
            let tail = message
                .get(super::write::padded(name)..)
                .unwrap_or_default();
            self.translate(
                &mapping,
                client,
                (name, Arguments::of_tail(tail)),
                &mut said,
            );
            said.of = of;
        }
        for (saying, part) in (0..).zip(&said.parts) {
            let bytes = &said.bytes[part.start..part.end];
            match part.joins {
                // Values that one message joins are one message: the newest of those that wait.
                Some((line, first)) => {
                    out.push_newest(queue, Kind::Value(first, line), place.via, bytes);
                }
                None if part.is_end => out.push(queue, Kind::End(id, saying), place.via, bytes),
                None => out.push(queue, Kind::Value(id, saying), place.via, bytes),
            }
        }
        let own = writer == self.clients.client(client).name;
        if !said.parts.is_empty() && !own && !self.times.reflection.is_zero() {
            let mark = said.step.map_or(Mark::Bytes(hash), Mark::Step);
            let destination = self.clients.destination_mut(place.destination);
            destination.sent.note(now, id, writer, mark);
            // A device that says it again says all of it again.
            for &other in said.joined.iter().filter(|&&other| other != id) {
                let mark = self.mark_of(&mapping, other);
                let destination = self.clients.destination_mut(place.destination);
                destination.sent.note(now, other, writer, mark);
            }
        }
        self.translation = said;
        true
    }

    /// What the stored value of an address is told by in a dialect.
    fn mark_of(&self, mapping: &Mapping, id: AddressId) -> Mark {
        let entry = self.table.entry(id);
        let values = Arguments::of_tail(entry.value.as_bytes());
        let step = mapping.step(entry.name(), values);
        step.map_or_else(|| Mark::Bytes(self.hash(values)), Mark::Step)
    }

    /// Sends an event in the dialect of a destination; `false`: it has none.
    pub(super) fn send_native_event(
        &mut self,
        (to, via): (DestinationId, Via),
        news: &News<'_>,
        out: &mut Outputs,
    ) -> bool {
        let Some(mapping) = self.mapping_at(to).map(Arc::clone) else {
            return false;
        };
        let destination = self.clients.destination(to);
        let (client, queue) = (destination.client, destination.queue);
        let mut said = std::mem::take(&mut self.translation);
        let values = Arguments::of_tail(news.tail);
        self.translate(&mapping, client, (news.address, values), &mut said);
        for part in &said.parts {
            out.push(queue, Kind::Event, via, &said.bytes[part.start..part.end]);
        }
        self.translation = said;
        true
    }

    /// Works out what a message is in a dialect: nothing, one datagram or several.
    fn translate(
        &self,
        mapping: &Mapping,
        client: ClientId,
        (address, values): (&str, Arguments<'_>),
        said: &mut Translation,
    ) {
        said.clear();
        let mut covered = false;
        for route in mapping.routes(address) {
            if !covered {
                said.step = route.step(values);
            }
            covered = true;
            let built = &mut said.built;
            if self.with_world(client, |world| route.write(values, world, built)) {
                let before = said.joined.len();
                let (joined, table) = (&mut said.joined, &self.table);
                route.each_joined(&mut said.scratch, |address| {
                    joined.extend(table.find(address));
                });
                let first = said.joined[before..].iter().min();
                let joins = first.map(|&first| (joining(route.line), first));
                said.keep_built(route.is_end(values), joins);
            }
        }
        if !covered && mapping.passes(address) {
            let below = address.strip_prefix(mapping.about.root.as_str());
            if let Some(below) = below.filter(|below| below.starts_with('/')) {
                said.built.clear();
                said.built.extend_from_slice(below.as_bytes());
                said.built.resize(super::write::padded(below), 0);
                append_tail(&mut said.built, values);
                said.keep_built(false, None);
            }
        }
    }

    // --- lamps and labels ---------------------------------------------------------------------

    /// The client that was denied is told so on its own lamps.
    pub(super) fn tell_lamps_denied(
        &mut self,
        asker: Asker,
        (address, code, holder): (&[u8], &str, Option<ClientId>),
        remaining: Timeout,
        out: &mut Outputs,
    ) {
        let Ok(address) = std::str::from_utf8(address) else {
            return;
        };
        if !self.has_lamps(asker.destination, When::Denied) {
            return;
        }
        let told = Told {
            when: When::Denied,
            address,
            holder: holder.map_or("", |holder| self.clients.name(holder)),
            own: false,
            code,
            name: "",
            remaining: remaining.map_or(0, |left| left.as_secs()),
        };
        let place = asker.place(&self.clients);
        self.put_telling(told, (place.destination, place.via), out);
    }

    /// Everybody who follows an address in a dialect is told on its lamps who has it.
    pub(super) fn tell_lamps_of_lock(
        &mut self,
        when: When,
        (id, holder): (AddressId, ClientId),
        (code, remaining): (&str, Timeout),
        out: &mut Outputs,
    ) {
        if !self.profiles.tell_lamps {
            return;
        }
        self.refresh(id);
        for n in 0..self.follower_count(id) {
            let to = self.follower(id, n);
            if !self.has_lamps(to, when) {
                continue;
            }
            let follower = self.clients.destination(to);
            let (client, via) = (follower.client, follower.via);
            let (holds, had) = match when {
                When::Unlocked => ("", self.clients.name(holder)),
                When::Denied | When::Locked | When::Connected | When::Disconnected => {
                    (self.clients.name(holder), "")
                }
            };
            let told = Told {
                when,
                address: self.table.entry(id).name(),
                holder: holds,
                own: self.clients.root(holder) == client,
                code,
                name: had,
                remaining: remaining.map_or(0, |left| left.as_secs()),
            };
            self.put_telling(told, (to, via), out);
        }
    }

    /// Whoever asks for what is true is told on its lamps who has an address now, or that nobody
    /// has.
    pub(super) fn tell_lamps_now(
        &self,
        now: Instant,
        place: Place,
        id: AddressId,
        out: &mut Outputs,
    ) {
        let client = self.clients.destination(place.destination).client;
        let entry = self.table.entry(id);
        let lock = entry.lock.as_deref();
        let when = lock.map_or(When::Unlocked, |_| When::Locked);
        if !self.has_lamps(place.destination, when) {
            return;
        }
        let told = Told {
            when,
            address: entry.name(),
            holder: lock.map_or("", |lock| self.clients.name(lock.holder)),
            own: lock.is_some_and(|lock| self.clients.root(lock.holder) == client),
            code: "",
            name: "",
            remaining: lock.map_or(0, |lock| lock.remaining(now).as_secs()),
        };
        self.put_telling(told, (place.destination, place.via), out);
    }

    /// Everybody who has lamps for it is told who came or went.
    pub(super) fn tell_lamps_of_session(
        &mut self,
        when: When,
        client: ClientId,
        code: &str,
        out: &mut Outputs,
    ) {
        if !self.profiles.tell_lamps {
            return;
        }
        for follower in self.clients.alive() {
            if self.clients.root(follower) != follower {
                continue;
            }
            let last = self.clients.last_udp_destination(follower);
            let Some(at) = last.filter(|&at| self.has_lamps(at, when)) else {
                continue;
            };
            let via = self.clients.destination(at).via;
            let told = Told {
                when,
                address: "",
                holder: "",
                own: follower == client,
                code,
                name: self.clients.name(client),
                remaining: 0,
            };
            self.put_telling(told, (at, via), out);
        }
    }

    fn has_lamps(&self, at: DestinationId, when: When) -> bool {
        let client = self.clients.destination(at).client;
        let lamps = self.profiles.profile(self.profile_of(client)).lamps;
        let mapping = self.mapping_at(at).filter(|_| lamps);
        mapping.is_some_and(|mapping| mapping.tells(when))
    }

    fn put_telling(&self, told: Told<'_>, (to, via): (DestinationId, Via), out: &mut Outputs) {
        let Some(mapping) = self.mapping_at(to) else {
            return;
        };
        let destination = self.clients.destination(to);
        let (client, queue) = (destination.client, destination.queue);
        let mut built = std::mem::take(&mut out.native);
        let mut texts = Vec::new();
        for route in mapping.tellings(told) {
            if self.with_world(client, |world| {
                route.tell(&told, world, &mut texts, &mut built)
            }) {
                out.push(queue, Kind::Status, via, &built);
            }
        }
        out.native = built;
    }
}
