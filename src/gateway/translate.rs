//! What a client is sent, in its own dialect.

use std::sync::Arc;

use super::clients::ClientId;
use super::destination::{Mark, Place};
use super::event::Via;
use super::names::NameId;
use super::output::{Outputs, QueueId};
use super::publish::News;
use super::queue::Kind;
use super::table::AddressId;
use super::{Asker, Gateway};
use crate::config::Timeout;
use crate::mapping::{Mapping, Told, Unmapped, When, World};
use crate::osc::{Arguments, append_tail};
use crate::time::Instant;

impl Gateway {
    /// How whoever is at a destination talks.
    fn mapping_at(&self, client: ClientId) -> Option<&Arc<Mapping>> {
        let profile = self.profiles.profile(self.profile_of(client));
        profile.mapping.as_ref()
    }

    /// Sends a value in the dialect of a destination; `false`: it has none.
    pub(super) fn send_native(
        &mut self,
        now: Instant,
        id: AddressId,
        place: Place,
        writer: NameId,
        message: &[u8],
        out: &mut Outputs,
    ) -> bool {
        let client = self.clients.destination(place.destination).client;
        let Some(mapping) = self.mapping_at(client).map(Arc::clone) else {
            return false;
        };
        let own = writer == self.clients.client(client).name;
        let name = self.table.entry(id).name();
        let destination = self.clients.destinations[place.destination.0 as usize].as_mut();
        let destination = destination.expect("an id is used only while it is open");
        if destination.fingers.keeps_back(name) {
            return true;
        }
        let queue = destination.queue;
        let tail = message
            .get(super::write::padded(name)..)
            .unwrap_or_default();
        let values = Arguments::of_tail(tail);
        let kind = |saying, end| {
            if end {
                Kind::End(id, saying)
            } else {
                Kind::Value(id, saying)
            }
        };
        let sent = self.put_native(
            &mapping,
            client,
            (name, values),
            (queue, place.via),
            kind,
            out,
        );
        if sent && !own && !self.times.reflection.is_zero() {
            let mark = match mapping.step(name, values) {
                Some(step) => Mark::Step(step),
                None => Mark::Bytes(self.hash(values)),
            };
            let destination = self.clients.destination_mut(place.destination);
            destination.sent.note(now, id, writer, mark);
        }
        true
    }

    /// Sends an event in the dialect of a destination; `false`: it has none.
    pub(super) fn send_native_event(
        &self,
        (client, queue, via): (ClientId, QueueId, Via),
        news: &News<'_>,
        out: &mut Outputs,
    ) -> bool {
        let Some(mapping) = self.mapping_at(client).map(Arc::clone) else {
            return false;
        };
        let values = Arguments::of_tail(news.tail);
        let kind = |_, _| Kind::Event;
        self.put_native(
            &mapping,
            client,
            (news.address, values),
            (queue, via),
            kind,
            out,
        );
        true
    }

    /// Puts what a message is in a dialect into a queue: nothing, one datagram or several.
    fn put_native(
        &self,
        mapping: &Mapping,
        client: ClientId,
        (address, values): (&str, Arguments<'_>),
        (queue, via): (QueueId, Via),
        kind: impl Fn(u16, bool) -> Kind,
        out: &mut Outputs,
    ) -> bool {
        let value = |address: &str| self.stored(address);
        let session = self.clients.session_if_alive(self.clients.root(client));
        let world = World {
            value: &value,
            banks: session.map_or(&[], |session| &session.banks),
        };
        let mut built = std::mem::take(&mut out.native);
        let (mut covered, mut sent) = (false, 0);
        for route in mapping.routes(address) {
            covered = true;
            if route.write(values, &world, &mut built) {
                out.push(queue, kind(sent, route.is_end(values)), via, &built);
                sent += 1;
            }
        }
        if !covered && mapping.about.unmapped == Unmapped::Pass {
            let below = address.strip_prefix(mapping.about.root.as_str());
            if let Some(below) = below.filter(|below| below.starts_with('/')) {
                built.clear();
                built.extend_from_slice(below.as_bytes());
                built.resize(super::write::padded(below), 0);
                append_tail(&mut built, values);
                out.push(queue, kind(0, false), via, &built);
                sent += 1;
            }
        }
        out.native = built;
        sent > 0
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
        let client = self.clients.root(asker.client);
        if !self.has_lamps(client, When::Denied) {
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
        let queue = self.clients.destination(place.destination).queue;
        self.put_telling(client, told, (queue, place.via), out);
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
            let follower = self.clients.destination(self.follower(id, n));
            let (client, queue, via) = (follower.client, follower.queue, follower.via);
            if !self.has_lamps(client, when) {
                continue;
            }
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
            self.put_telling(client, told, (queue, via), out);
        }
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
            if self.clients.root(follower) != follower || !self.has_lamps(follower, when) {
                continue;
            }
            let Some(at) = self.clients.last_destination(follower) else {
                continue;
            };
            let destination = self.clients.destination(at);
            let (queue, via) = (destination.queue, destination.via);
            let told = Told {
                when,
                address: "",
                holder: "",
                own: follower == client,
                code,
                name: self.clients.name(client),
                remaining: 0,
            };
            self.put_telling(follower, told, (queue, via), out);
        }
    }

    fn has_lamps(&self, client: ClientId, when: When) -> bool {
        let profile = self.profiles.profile(self.profile_of(client));
        let mapping = profile.mapping.as_ref().filter(|_| profile.lamps);
        mapping.is_some_and(|mapping| mapping.tells(when))
    }

    fn put_telling(
        &self,
        client: ClientId,
        told: Told<'_>,
        (queue, via): (QueueId, Via),
        out: &mut Outputs,
    ) {
        let Some(mapping) = self.mapping_at(client) else {
            return;
        };
        let mut built = std::mem::take(&mut out.native);
        let mut texts = Vec::new();
        for route in mapping.tellings(told) {
            if route.tell(&told, &mut texts, &mut built) {
                out.push(queue, Kind::Status, via, &built);
            }
        }
        out.native = built;
    }
}
