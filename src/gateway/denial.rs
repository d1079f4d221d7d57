//! Denials: the code and the holder to the denied client, and the true value back to its fader.

use std::time::Duration;

use super::change::Change;
use super::clients::ClientId;
use super::code::Code;
use super::destination::Place;
use super::names::NameId;
use super::output::Outputs;
use super::reply::{Also, Status, StatusKind};
use super::table::AddressId;
use super::{Asker, Gateway, Timer};
use crate::limits::DENIAL_STREAMS_MAX;
use crate::time::Instant;

/// How a refusal is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// As one of a stream of writes: the first at once, later ones at a limited rate.
    Stream,
    /// Always.
    Once,
}

/// What was refused, for a caller's reply.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    /// Why.
    pub(super) code: Code,
    /// The same in words.
    pub(super) text: &'static str,
    /// Who holds the lock, where that is why.
    pub(super) holder: Option<ClientId>,
    /// For how long still.
    pub(super) remaining: Duration,
}

impl Refusal {
    /// Whether nobody but a caller is told: a pattern that matches nothing is no fault.
    pub(super) fn says_nothing(self) -> bool {
        self.code == Code::NotFound
    }

    /// One that no lock is the cause of.
    pub(super) const fn plain(code: Code, text: &'static str) -> Self {
        Self {
            code,
            text,
            holder: None,
            remaining: Duration::ZERO,
        }
    }
}

/// Denied writes of one client to one address with little time between them.
#[derive(Debug)]
pub(super) struct Stream {
    /// When it ends, if nothing more of it comes.
    ends: Instant,
    answered: Instant,
    /// More than one write was denied.
    goes_on: bool,
    /// The last of them came by a call.
    in_call: bool,
    pub(super) place: Place,
}

/// Whose stream, and its address as [`Table::hash`](super::table::Table::hash) has it.
pub(super) type StreamKey = (ClientId, u64);

impl Gateway {
    /// Denies something about an address: the client and followers are told, and the true value
    /// goes back. Returns what a caller is answered.
    pub(super) fn deny(
        &mut self,
        now: Instant,
        asker: Asker,
        address: &[u8],
        code: Code,
        manner: Manner,
        out: &mut Outputs,
    ) -> Refusal {
        self.stats.denials += 1;
        let id = std::str::from_utf8(address)
            .ok()
            .and_then(|address| self.table.find(address));
        let refusal = self.refusal(now, id, code);
        let heard = match manner {
            Manner::Once => Heard::First,
            Manner::Stream => self.hear_in_stream(now, asker, address),
        };
        if heard == Heard::TooSoon {
            if asker.in_call {
                self.snap_back(now, asker.place(&self.clients), asker, id, out);
            }
            return refusal;
        }
        let holder = refusal
            .holder
            .map_or("", |holder| self.clients.name(holder));
        out.change(Change::Denied {
            address: &String::from_utf8_lossy(address),
            code,
            client: self.clients.name(asker.client),
            holder,
            same_ip: self.is_same_ip(asker, refusal.holder),
        });
        Status::Denied {
            address,
            code,
            holder,
            remaining: refusal.remaining,
        }
        .write(&mut out.scratch);
        let also = if asker.in_call {
            Also::Nobody
        } else {
            Also::Asker(asker)
        };
        self.tell(StatusKind::Denied, also, out);
        let (remaining, said) = (
            Some(refusal.remaining),
            (address, code.as_str(), refusal.holder),
        );
        self.tell_lamps_denied(asker, said, remaining, out);
        if heard == Heard::First || asker.in_call {
            self.snap_back(now, asker.place(&self.clients), asker, id, out);
        }
        refusal
    }

    /// What a caller is told of a refusal.
    pub(super) fn refusal(&self, now: Instant, id: Option<AddressId>, code: Code) -> Refusal {
        let mut refusal = Refusal::plain(code, words(code));
        if code == Code::LockHeld
            && let Some(lock) = id.and_then(|id| self.table.entry(id).lock.as_ref())
        {
            refusal.holder = Some(lock.holder);
            refusal.remaining = lock.remaining(now);
        }
        refusal
    }

    /// Whether the holder may be the denied device itself, speaking from another port. Connections
    /// tell their clients apart.
    pub(super) fn is_same_ip(&self, asker: Asker, holder: Option<ClientId>) -> bool {
        let Some(holder) = holder else { return false };
        let (asker, holder) = (self.clients.root(asker.client), self.clients.root(holder));
        let endpoint = |client| self.clients.session(client).endpoint;
        let (asks, holds) = (endpoint(asker), endpoint(holder));
        asker != holder
            && asks.is_udp()
            && holds.is_udp()
            && asks.address.ip() == holds.address.ip()
    }

    /// Sends the true value to a denied endpoint, if it wants it. A caller has its reply, and is
    /// sent the value only where it follows the address.
    fn snap_back(
        &mut self,
        now: Instant,
        place: Place,
        asker: Asker,
        id: Option<AddressId>,
        out: &mut Outputs,
    ) {
        let Some(id) = id.filter(|&id| !self.table.entry(id).value.is_empty()) else {
            return;
        };
        self.refresh(id);
        let wanted = self
            .profiles
            .profile(self.profile_of(asker.client))
            .snap_back
            && (!asker.in_call || self.is_follower(id, place.destination));
        if wanted {
            // Whoever wrote it: what comes back of it is no hand's doing.
            self.send_stored(now, id, place, NameId::NOBODY, out);
        }
    }

    fn hear_in_stream(&mut self, now: Instant, asker: Asker, address: &[u8]) -> Heard {
        let key = (asker.client, self.table.hash(address));
        let place = asker.place(&self.clients);
        if let Some(stream) = self.streams.get_mut(&key) {
            let pause = now.since(stream.answered);
            // Never before its wake-up, though a new show may say so.
            stream.ends = stream.ends.max(now + self.times.settle);
            stream.goes_on = true;
            (stream.place, stream.in_call) = (place, asker.in_call);
            if pause < self.times.denial_interval {
                return Heard::TooSoon;
            }
            stream.answered = now;
            return Heard::Again;
        }
        if self.streams.len() >= DENIAL_STREAMS_MAX {
            // Watched or not, it is answered; what it lacks is the second value.
            return Heard::First;
        }
        let in_call = asker.in_call;
        let ends = now + self.times.settle;
        let stream = Stream {
            ends,
            answered: now,
            goes_on: false,
            in_call,
            place,
        };
        self.streams.insert(key, stream);
        self.clients.session_mut(asker.client).streams += 1;
        self.deadlines.arm(ends, Timer::Stream(key));
        Heard::First
    }

    /// A stream of denied writes may have ended: then the true value is sent once more.
    pub(super) fn on_stream(
        &mut self,
        now: Instant,
        due: Instant,
        key: StreamKey,
        out: &mut Outputs,
    ) {
        let Some(stream) = self.streams.get(&key) else {
            return;
        };
        if stream.ends > due {
            self.deadlines.arm(stream.ends, Timer::Stream(key));
            return;
        }
        let stream = self.streams.remove(&key).expect("it was just there");
        self.clients.session_mut(key.0).streams -= 1;
        if stream.goes_on
            && let Some(place) = self.place_now(key.0, stream.place)
        {
            let asker = Asker {
                client: key.0,
                destination: place.destination,
                via: place.via,
                carrier: self.clients.destination(place.destination).address.carrier,
                in_call: stream.in_call,
                in_as: false,
                in_atomic: false,
            };
            let id = self.table.find_by_hash(key.1);
            self.snap_back(now, place, asker, id, out);
        }
    }

    /// Forgets the streams of a client whose session ends.
    pub(super) fn drop_streams(&mut self, client: ClientId) {
        if self.clients.session(client).streams > 0 {
            self.streams.retain(|key, _| key.0 != client);
            self.clients.session_mut(client).streams = 0;
        }
    }
}

/// Where in its stream a denied write stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    /// At its beginning: answered, with the true value.
    First,
    /// Later: answered, without it.
    Again,
    /// Too soon after the last answer.
    TooSoon,
}

/// A code in words, for people who read a log.
pub(super) const fn words(code: Code) -> &'static str {
    match code {
        Code::BadAddress => "not an address that can be used here",
        Code::NotAllowed => "not allowed",
        Code::ReadOnly => "the address is read-only",
        Code::LockHeld => "another client holds the lock",
        Code::LockRequired => "the address may only be written under a lock",
        Code::Conflict => "the revision is not the present one",
        Code::BadArguments => "wrong types or number of arguments",
        Code::OutOfRange => "outside the range of the address",
        Code::Limit => "a limit is reached",
        Code::NotFound => "no such address or no value yet",
        Code::BadTime => "a bundle for a moment too far ahead",
        Code::Stale => "overtaken by a later call",
        Code::NameTaken => "the name belongs to another client",
        Code::UnknownRequest => "no such request",
    }
}
