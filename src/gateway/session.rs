//! Sessions: how a source becomes a client, and how a client goes.

use std::net::SocketAddr;

use super::call::Books;
use super::change::Change;
use super::client::Session;
use super::clients::ClientId;
use super::code::{Code, EndCause, UnlockCause};
use super::destination::DestinationId;
use super::endpoint::Endpoint;
use super::event::{Connection, Via};
use super::output::Outputs;
use super::profile::{ProfileId, Who};
use super::{Asker, Gateway, Timer};
use crate::limits::NAME_CHARS_MAX;
use crate::time::Instant;

/// Where a packet came from and which way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// The source address.
    pub(super) from: Endpoint,
    /// The way.
    pub(super) via: Via,
}

impl Origin {
    /// The far end of a connection; it is answered over the same.
    pub(super) const fn of(connection: Connection) -> Self {
        Self {
            from: Endpoint::connection(connection.from, connection.id),
            via: Via {
                socket: 0,
                local: connection.local,
            },
        }
    }
}

/// What the rate limit says of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rate {
    /// It is taken.
    Within,
    /// It is dropped; a sign of life all the same.
    Over,
}

impl Gateway {
    /// A good packet of a client that has a session is a sign of life.
    pub(super) fn heard(&mut self, now: Instant, origin: Origin, out: &mut Outputs) -> Rate {
        let Some((client, destination)) = self.live_source(now, origin, out) else {
            return Rate::Within;
        };
        self.follow_last_heard(client, destination);
        self.clients.heard(now, origin, client);
        let per_second = u64::from(self.limits.packets_per_second);
        let session = self.clients.session_mut(client);
        let since = now.since(session.allowance_at).as_micros();
        let earned = u64::try_from(since)
            .unwrap_or(u64::MAX)
            .saturating_mul(per_second);
        session.allowance_at = now;
        session.allowance = session
            .allowance
            .saturating_add(earned)
            .min(per_second * 1_000_000);
        if session.allowance < 1_000_000 {
            self.stats.over_rate += 1;
            out.change(Change::OverRate {
                client: self.clients.name(client),
            });
            return Rate::Over;
        }
        session.allowance -= 1_000_000;
        Rate::Within
    }

    /// Who asks, if the source belongs to a live session.
    pub(super) fn live_source(
        &mut self,
        now: Instant,
        origin: Origin,
        out: &mut Outputs,
    ) -> Option<(ClientId, DestinationId)> {
        if let Some(source) = self.clients.source(origin.from) {
            return Some((source.client, source.destination));
        }
        // A client that is known by its IP may speak from a port that was not heard yet.
        let (who, _) = self.profiles.identify(origin.from);
        let client = self
            .clients
            .find(&who)
            .filter(|&client| self.clients.is_alive(client))?;
        let destination = self.add_source(now, client, origin, out);
        Some((client, destination))
    }

    /// Begins a session for a source that has none; `None`: there is no room.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        origin: Origin,
        out: &mut Outputs,
    ) -> Option<(ClientId, DestinationId)> {
        let (who, profile) = self.profiles.identify(origin.from);
        let client = match self.clients.find(&who) {
            Some(client) => client,
            None => {
                if !self.make_room(out) {
                    self.refuse_for_lack_of_room(now, origin, out);
                    return None;
                }
                let name = self.free_name_of(&who, out);
                let client = self.clients.add(now, Some(who), &name, profile, None);
                self.set_profile(client, profile);
                client
            }
        };
        self.open_session(now, client, origin.from);
        self.clients.heard(now, origin, client);
        let destination = self.add_source(now, client, origin, out);
        self.clients.begun_from(origin.from);
        self.clients.destination_mut(destination).via = origin.via;
        let fixed = self.attach_configured(client, destination, out);
        self.sync_on_begin(now, client, fixed);
        Some((client, destination))
    }

    /// What a client goes by that has not said `hello`. A name of the configuration is taken from
    /// whoever has it; of a UDP port and a TCP port of one number the second has a number behind.
    fn free_name_of(&mut self, who: &Who, out: &mut Outputs) -> String {
        let name = name_of(who);
        if !matches!(who, Who::Endpoint(_)) {
            self.take_over_name(&name, out);
            return name;
        }
        let names = (2..).map(|n| format!("{name}#{n}"));
        let mut names = std::iter::once(name.clone()).chain(names);
        names
            .find(|name| self.clients.named(name).is_none())
            .expect("there are more numbers than clients")
    }

    fn open_session(&mut self, now: Instant, client: ClientId, endpoint: Endpoint) {
        let allowance = u64::from(self.limits.packets_per_second) * 1_000_000;
        self.sessions_begun += 1;
        let number = self.sessions_begun;
        let record = self.clients.client_mut(client);
        record.last_heard = now;
        record.session = Some(Session {
            number,
            endpoint,
            heartbeat: false,
            spoke: false,
            announced: false,
            reply_port: None,
            locks: Vec::new(),
            created: 0,
            timer: None,
            // The packet that begins it is the first of its allowance.
            allowance: allowance.saturating_sub(1_000_000),
            allowance_at: now,
            calls: Books::default(),
            users: Vec::new(),
            streams: 0,
            scheduled: Vec::new(),
            banks: Vec::new(),
            unmapped: Vec::new(),
        });
        self.arm_silence(client);
    }

    /// Sets the wake-up for silence to where it belongs now.
    pub(super) fn arm_silence(&mut self, client: ClientId) {
        let record = self.clients.client(client);
        let Some(session) = &record.session else {
            return;
        };
        if record.parent.is_some() {
            return;
        }
        let due = self.silent_at(client);
        let timer = match (session.timer, due) {
            (Some(timer), Some(due)) => {
                self.deadlines.rearm(timer, due);
                Some(timer)
            }
            (Some(timer), None) => {
                self.deadlines.disarm(timer);
                None
            }
            (None, Some(due)) => Some(self.deadlines.arm(due, Timer::Silence(client))),
            (None, None) => None,
        };
        self.clients.session_mut(client).timer = timer;
    }

    /// The wake-up for silence has come: it may have been heard since it was set.
    pub(super) fn on_silence(&mut self, due: Instant, client: ClientId, out: &mut Outputs) {
        let gone = self.silent_at(client).is_some_and(|silent| silent <= due);
        self.clients.session_mut(client).timer = None;
        if gone {
            // What ran out in the same moment ran out by itself.
            self.release_overdue(due, client, out);
            self.end(client, EndCause::Silence, out);
        } else {
            self.arm_silence(client);
        }
    }

    /// When a client that has a session is taken as gone if it is not heard; `None`: never.
    fn silent_at(&self, client: ClientId) -> Option<Instant> {
        let record = self.clients.client(client);
        if self.links.is_down(record.heard_over) {
            return None;
        }
        let profile = self.profiles.profile(record.profile);
        let timeout = if self.clients.session(client).heartbeat {
            profile.silence_timeout
        } else {
            profile.idle_timeout
        };
        timeout.map(|timeout| record.last_heard.max(record.audible_from) + timeout)
    }

    /// Ends a session: its locks are released, its subscriptions are gone, followers are told.
    pub(super) fn end(&mut self, client: ClientId, cause: EndCause, out: &mut Outputs) {
        for user in self.clients.session(client).users.clone() {
            self.release_all(user, UnlockCause::Disconnected, out);
            self.drop_streams(user);
            self.drop_settling(user);
            self.clients.client_mut(user).session = None;
            self.clients.remove(user);
        }
        self.release_all(client, UnlockCause::Disconnected, out);
        self.drop_streams(client);
        self.drop_settling(client);
        self.drop_scheduled(client);
        self.list_unmapped(client, out);
        let session = self.clients.session(client);
        if session.announced {
            let endpoint = session.endpoint.address;
            self.tell_disconnected(client, endpoint, cause, out);
        }
        if let Some(timer) = self.clients.session_mut(client).timer {
            self.deadlines.disarm(timer);
        }
        self.clients.client_mut(client).session = None;
        self.clients.forget_sources(client);
        self.close_destinations(client, out);
        if !self.is_kept(client) {
            self.forget(client, out);
        }
    }

    /// Whether a client without a session is kept: it is named in the configuration itself, or is
    /// one of a subnet and still told what it follows.
    pub(super) fn is_kept(&self, client: ClientId) -> bool {
        let record = self.clients.client(client);
        match record.who {
            Some(Who::Configured(_)) => true,
            Some(Who::Member(..)) => !record.destinations.is_empty(),
            Some(Who::Endpoint(_) | Who::Ip(_)) | None => false,
        }
    }

    pub(super) fn own_name(&self, client: ClientId) -> String {
        let who = self.clients.client(client).who.as_ref();
        who.map(name_of).unwrap_or_default()
    }

    /// The client `NAME/USER` behind a client, made if there is none; `Err`: it has too many.
    pub(super) fn user(
        &mut self,
        now: Instant,
        asker: Asker,
        user: &str,
    ) -> Result<ClientId, Code> {
        let name = format!("{}/{user}", self.clients.name(asker.client));
        let session = self.clients.session(asker.client);
        let known = session
            .users
            .iter()
            .copied()
            .find(|&id| self.clients.name(id) == name);
        if let Some(id) = known {
            return Ok(id);
        }
        if session.users.len() >= crate::limits::USERS_PER_CLIENT_MAX {
            return Err(Code::Limit);
        }
        let endpoint = session.endpoint;
        let profile = self.clients.client(asker.client).profile;
        let id = self
            .clients
            .add(now, None, &name, profile, Some(asker.client));
        self.open_session(now, id, endpoint);
        self.clients.session_mut(asker.client).users.push(id);
        Ok(id)
    }

    /// Announces a session that has not been announced: to followers, and to its endpoint if it
    /// began with a message under `/oscgate`.
    pub(super) fn announce(&mut self, asker: Asker, began_by_request: bool, out: &mut Outputs) {
        let session = self.clients.session_mut(asker.client);
        session.announced = true;
        let endpoint = session.endpoint.address;
        out.change(Change::Began {
            name: self.clients.name(asker.client),
            endpoint,
        });
        let tell = began_by_request.then_some(asker);
        self.tell_connected(asker.client, endpoint, tell, out);
    }

    /// What the asking endpoint is sent goes to another port of its machine from now on.
    pub(super) fn redirect(&mut self, asker: Asker, port: u16, out: &mut Outputs) -> DestinationId {
        self.clients.session_mut(asker.client).reply_port = Some(port);
        self.move_to_port(asker.client, asker.destination, port, out)
    }

    /// The asker where it is spoken to now: a `hello` may have moved it.
    pub(super) fn still_at(&self, asker: Asker) -> Asker {
        let root = self.clients.root(asker.client);
        let record = self.clients.client(root);
        let said = { record.session.as_ref() }.and_then(|session| session.reply_port);
        let at = |id| self.clients.destination(id).address;
        let is_there = |port| at(asker.destination).at_port(port) == at(asker.destination);
        // It may be open still, for what is configured to go there.
        if record.destinations.contains(&asker.destination) && said.is_none_or(is_there) {
            return asker;
        }
        let destination = self
            .clients
            .last_destination(root)
            .unwrap_or(asker.destination);
        Asker {
            destination,
            ..asker
        }
    }

    /// Whether a reply port of the asker is a port of the gateway itself.
    pub(super) fn is_own_port(&self, asker: Asker, port: u16) -> bool {
        let to = self.clients.destination(asker.destination).address;
        self.is_here(to.at_port(port), asker.via)
    }

    /// The profile of a client; of a user, that of its endpoint.
    pub(super) fn profile_of(&self, client: ClientId) -> ProfileId {
        self.clients.client(client).profile
    }
}

/// What somebody goes by who has not said `hello`.
pub(super) fn name_of(who: &Who) -> String {
    match who {
        Who::Endpoint(endpoint) => endpoint.address.to_string(),
        Who::Ip(ip) => ip.to_string(),
        Who::Configured(name) => name.clone(),
        Who::Member(name, ip) => format!("{name}@{ip}"),
    }
}

/// Whether a text may be a client's name: 1 to 64 printable characters, no `/`, and nothing that
/// looks like the name of a client that has none.
pub(super) fn is_name(name: &str) -> bool {
    is_user_name(name)
        && name.parse::<SocketAddr>().is_err()
        && name.parse::<std::net::IpAddr>().is_err()
}

/// Whether a text may be a user's name.
pub(super) fn is_user_name(name: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&name.chars().count())
        && !name.chars().any(|c| c == '/' || c.is_control())
}
