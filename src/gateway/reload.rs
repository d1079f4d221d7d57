//! A new show in place of the old one: sessions, values and locks stay wherever they still fit.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::Gateway;
use super::change::Change;
use super::clients::ClientId;
use super::code::EndCause;
use super::destination::{DestinationId, Followed, Place};
use super::endpoint::Endpoint;
use super::event::Via;
use super::output::Outputs;
use super::profile::{ProfileId, Profiles, Who};
use super::rules::Rules;
use super::session::name_of;
use super::table::AddressId;
use crate::config::{Show, Source};
use crate::mapping::Bank;
use crate::time::Instant;

impl Gateway {
    /// Puts a new show in force, between two packets.
    pub(super) fn on_show(&mut self, now: Instant, show: &Show, out: &mut Outputs) {
        let former = std::mem::replace(&mut self.profiles, Profiles::new(show));
        self.rules = Rules::new(&show.addresses, show.locks);
        self.times = show.locks;
        self.limits = show.limits;
        self.unreachable = show.sessions.unreachable;
        self.horizon = show.gateway.schedule_horizon;
        self.name.clone_from(&show.gateway.name);
        self.translation.forget();
        // First what becomes of each is settled, then it is done: who ends does not make way for
        // who would have matched beside it.
        let fates: Vec<(ClientId, Fate)> = self
            .clients
            .ids()
            .into_iter()
            .map(|client| (client, self.fate(client, &former)))
            .collect();
        // Until it is known what becomes of it a client has the profile of the unlisted.
        for &(client, _) in &fates {
            self.assign(client, ProfileId::default());
        }
        // Who is configured to follow is told of it all, whether or not it has spoken.
        let (mut silent, mut quiet, mut met) = (Vec::new(), Vec::new(), Vec::new());
        for (client, fate) in fates {
            match fate {
                // Nobody misses a record without a session: it is made again where it is wanted.
                Fate::Forgotten => silent.push(client),
                Fate::Quiet { profile, at } => quiet.push((client, profile, at)),
                Fate::Stays { .. } | Fate::Becomes { .. } | Fate::Ended => {
                    // It may have ended already, where its name was wanted.
                    if self.clients.session_if_alive(client).is_some() {
                        self.meet(client, fate, out);
                    }
                    met.push(client);
                }
            }
        }
        self.take_configured_names(out);
        // Who ended goes on being told until all is told.
        let gone =
            |&client: &ClientId| self.clients.is_kept(client) && !self.clients.is_alive(client);
        silent.extend(met.into_iter().filter(gone));
        // All that ends or has a new name has been told as before: now what is new takes effect.
        for client in self.clients.alive() {
            self.set_profile(client, self.clients.client(client).profile);
            self.part_with_sources(client, out);
            self.follow_reply_port(client, out);
        }
        self.drop_configured_subscriptions();
        for client in silent {
            self.forget(client, out);
        }
        for (client, profile, at) in quiet {
            self.set_profile(client, profile);
            for other in self.clients.client(client).destinations.clone() {
                if other != at {
                    self.close(other, out);
                }
            }
        }
        self.renew_dialects(out);
        self.followers_changed();
        self.place_configured(now, out);
        for client in self.clients.alive() {
            self.arm_silence(client);
        }
        self.withdraw_locks(out);
        out.change(Change::Reloaded);
    }

    /// What is followed in the words of a dialect is what its new mapping speaks of.
    fn renew_dialects(&mut self, out: &mut Outputs) {
        for client in self.clients.ids() {
            let profile = self.profiles.profile(self.profile_of(client));
            let mapping = profile.mapping.as_ref().map(Arc::clone);
            let banks = mapping.as_ref().map_or(&[][..], |mapping| mapping.banks());
            if let Some(session) = &mut self.clients.client_mut(client).session {
                let known = |(number, bank): (&i32, &Bank)| bank.numbers.contains(number);
                let fits = session.banks.len() == banks.len()
                    && session.banks.iter().zip(banks).all(known);
                if !fits {
                    session.banks.clear();
                }
            }
            for id in self.clients.client(client).destinations.clone() {
                self.pace_destination(id, out);
                self.end_fingers(id, |address| {
                    { mapping.as_ref() }.is_none_or(|mapping| !mapping.touches(address))
                });
                let destination = self.clients.destination_mut(id);
                destination.subscriptions.retain_mut(|subscription| {
                    match (&mut subscription.what, &mapping) {
                        (Followed::Pattern(_), _) => true,
                        (Followed::Mapped(former), Some(mapping)) => {
                            *former = Arc::clone(mapping);
                            true
                        }
                        (Followed::Mapped(_), None) => false,
                    }
                });
            }
        }
    }

    /// Gives every client that is configured by name its record, and those that are told things on
    /// a fixed port their destination, whether or not they have spoken.
    pub(super) fn place_configured(&mut self, now: Instant, out: &mut Outputs) {
        for (profile, name, ip) in self.configured_alone() {
            let who = Who::Configured(name.clone());
            let client = match self.clients.find(&who) {
                Some(client) => client,
                None => {
                    self.take_over_name(&name, out);
                    let client = self.clients.add(now, Some(who), &name, profile, None);
                    self.set_profile(client, profile);
                    client
                }
            };
            let port = self.profiles.profile(profile).fixed_port();
            let Some(port) = port.filter(|_| !self.profiles.profile(profile).follow.is_empty())
            else {
                continue;
            };
            let address = SocketAddr::new(ip, port);
            if let Some(via) = self.way_to(address) {
                let at = Endpoint::udp(address);
                let destination = self.open_destination(client, at, via, out);
                self.subscribe_configured(client, destination);
            }
        }
        // One of a subnet, or one whose port is its packets' own, has them where it was heard.
        for client in self.clients.ids() {
            if let Some(heard_at) = self.clients.last_destination(client) {
                let told_at = self.attach_configured(client, heard_at, out);
                if !self.clients.is_alive(client) && told_at != Some(heard_at) {
                    self.close(heard_at, out);
                }
            }
        }
    }

    /// Who is configured for one IP, and so goes by the configured name itself.
    fn configured_alone(&self) -> Vec<(ProfileId, String, IpAddr)> {
        let alone = |source| match source {
            Source::Endpoint(endpoint) => Some(endpoint.ip()),
            Source::Ip(ip) => Some(ip),
            Source::Subnet(_) => None,
        };
        self.profiles
            .configured()
            .filter_map(|(id, profile)| Some((id, profile.name.clone(), alone(profile.source?)?)))
            .collect()
    }

    /// Names that the new show gives to somebody are taken from whoever goes by them.
    fn take_configured_names(&mut self, out: &mut Outputs) {
        for (_, name, _) in self.configured_alone() {
            if self.clients.find(&Who::Configured(name.clone())).is_none() {
                self.take_over_name(&name, out);
            }
        }
    }

    /// A socket of the right family, for those who have not spoken yet.
    pub(super) fn way_to(&self, to: SocketAddr) -> Option<Via> {
        let socket = self
            .sockets
            .iter()
            .position(|socket| socket.is_ipv4() == to.is_ipv4())?;
        Some(Via {
            socket: u16::try_from(socket).expect("few sockets"),
            local: None,
        })
    }

    /// A name of the configuration is taken from whoever has it.
    pub(super) fn take_over_name(&mut self, name: &str, out: &mut Outputs) {
        let Some(holder) = self.clients.named(name) else {
            return;
        };
        if self.clients.is_alive(holder) {
            self.end(holder, EndCause::Replaced, out);
        }
    }

    fn drop_configured_subscriptions(&mut self) {
        for client in self.clients.ids() {
            self.clients.client_mut(client).last_heard_at = None;
            for id in self.clients.client(client).destinations.clone() {
                let destination = self.clients.destination_mut(id);
                destination
                    .subscriptions
                    .retain(|subscription| !subscription.configured);
            }
        }
    }

    /// Holds one client against the new show.
    fn fate(&self, client: ClientId, former: &Profiles) -> Fate {
        let record = self.clients.client(client);
        let Some(session) = &record.session else {
            return self.quiet(client).unwrap_or(Fate::Forgotten);
        };
        let endpoint = self.clients.speaks_from(client, session);
        let (who, profile) = self.profiles.identify(endpoint);
        let source = former.profile(record.profile).source;
        if !self.profiles.allows(endpoint) {
            Fate::Ended
        } else if record.who.as_ref() == Some(&who) {
            let same_source = source == self.profiles.profile(profile).source;
            if same_source {
                Fate::Stays { profile }
            } else {
                Fate::Ended
            }
        } else if source.is_none() && self.only_match(client, &who) {
            // An entry that appeared names a client that was there before it.
            Fate::Becomes { who, profile }
        } else {
            Fate::Ended
        }
    }

    /// Whether a client without a session goes on being told what it follows.
    fn quiet(&self, client: ClientId) -> Option<Fate> {
        let record = self.clients.client(client);
        // One that never spoke is told where the new show says, if it does.
        record.heard_from?;
        let at = { record.last_heard_at }.or_else(|| record.destinations.first().copied())?;
        let address = self.clients.destination(at).address;
        let (who, profile) = self.profiles.identify(address);
        let follows = !self.profiles.profile(profile).follow.is_empty();
        (record.who.as_ref() == Some(&who) && self.profiles.allows(address) && follows)
            .then_some(Fate::Quiet { profile, at })
    }

    /// Does what was settled. Until then the client has the profile of the unlisted.
    fn meet(&mut self, client: ClientId, fate: Fate, out: &mut Outputs) {
        match fate {
            Fate::Forgotten | Fate::Quiet { .. } => {}
            Fate::Stays { profile } => self.assign(client, profile),
            Fate::Ended => self.end(client, EndCause::Replaced, out),
            Fate::Becomes { who, profile } => self.become_listed(client, (who, profile), out),
        }
    }

    fn become_listed(
        &mut self,
        client: ClientId,
        (who, profile): (Who, ProfileId),
        out: &mut Outputs,
    ) {
        let former = self.clients.name(client).to_owned();
        let had_none = self
            .clients
            .client(client)
            .who
            .as_ref()
            .map(name_of)
            .as_ref()
            == Some(&former);
        let name = name_of(&who);
        self.clients.identify(client, who);
        self.assign(client, profile);
        let configured = self.profiles.profile(profile).is_configured();
        if (configured || had_none) && name != former {
            self.take_over_name(&name, out);
            self.clients.rename(client, &name);
            // One that nobody has been told of yet is told under its new name when it is.
            let session = self.clients.session(client);
            if session.announced {
                let endpoint = session.endpoint.address;
                out.change(Change::Renamed {
                    former: &former,
                    name: &name,
                    endpoint,
                });
                self.tell_connected(client, endpoint, None, out);
            }
        }
    }

    /// Gives a client, and its users, what its entry says.
    pub(super) fn set_profile(&mut self, client: ClientId, profile: ProfileId) {
        self.assign(client, profile);
        self.clients.client_mut(client).status = self.profiles.profile(profile).status;
    }

    /// The same, but whether it is to be told of things stays as it was.
    fn assign(&mut self, client: ClientId, profile: ProfileId) {
        self.clients.client_mut(client).profile = profile;
        let session = self.clients.session_if_alive(client);
        for user in session.map_or(Vec::new(), |session| session.users.clone()) {
            self.clients.client_mut(user).profile = profile;
        }
    }

    /// What is heard from a source that is somebody else now is no longer this client's.
    fn part_with_sources(&mut self, client: ClientId, out: &mut Outputs) {
        for source in self.clients.client(client).sources.clone() {
            let (who, _) = self.profiles.identify(source);
            let is_its = self.clients.client(client).who.as_ref() == Some(&who);
            if (!is_its || !self.profiles.allows(source))
                && let Some(alone) = self.clients.forget_source(client, source)
            {
                self.close(alone, out);
            }
        }
    }

    /// What goes to a client goes to the reply port of its `hello` or of its entry, else to where
    /// it was heard.
    fn follow_reply_port(&mut self, client: ClientId, out: &mut Outputs) {
        let (Some(session), Some(at)) = (
            self.clients.session_if_alive(client),
            self.clients.last_udp_destination(client),
        ) else {
            return;
        };
        let profile = self.profiles.profile(self.profile_of(client));
        if let Some(port) = session.reply_port.or(profile.reply_port) {
            self.move_to_port(client, at, port, out);
        } else if let Some(last) = self.clients.redirected(client) {
            let at = self.move_to_port(client, at, last.address.port(), out);
            let via = self.clients.destination(at).via;
            self.clients.answer_at_sources(client, via, out);
        }
    }

    /// Whether no other session would be `who` under the new show.
    fn only_match(&self, client: ClientId, who: &Who) -> bool {
        let others = self
            .clients
            .ids()
            .into_iter()
            .filter(|&other| other != client);
        others
            .filter_map(|other| Some((other, self.clients.session_if_alive(other)?)))
            .map(|(other, session)| self.clients.speaks_from(other, session))
            .all(|endpoint| self.profiles.identify(endpoint).0 != *who)
    }

    /// Everything that goes to a client as datagrams goes to this port of its machine from now on.
    pub(super) fn move_to_port(
        &mut self,
        client: ClientId,
        heard_at: DestinationId,
        port: u16,
        out: &mut Outputs,
    ) -> DestinationId {
        let from = self.clients.destination(heard_at);
        let via = from.via;
        let address = from.address.at_port(port);
        let to = self.open_destination(client, address, via, out);
        let profile = self.profiles.profile(self.clients.client(client).profile);
        let stay = profile.fixed_port().is_some();
        for id in self.clients.client(client).destinations.clone() {
            if id == to || !self.clients.destination(id).address.is_udp() {
                continue;
            }
            // What is configured for a port of its own stays there, whatever a hello says.
            let from = self.clients.destination_mut(id);
            let (kept, moved) = std::mem::take(&mut from.subscriptions)
                .into_iter()
                .partition::<Vec<_>, _>(|subscription| stay && subscription.configured);
            let (empty, syncs) = (kept.is_empty(), std::mem::take(&mut from.syncs));
            from.subscriptions = kept;
            if self.clients.client(client).last_heard_at == Some(id) {
                self.clients.client_mut(client).last_heard_at = Some(to);
            }
            self.clients.destination_mut(to).subscriptions.extend(moved);
            self.move_places(client, id, to);
            self.move_fingers(id, to);
            for sync in syncs {
                self.enqueue_sync(Instant::ZERO, to, sync);
            }
            if empty {
                self.close(id, out);
            }
        }
        self.clients.redirect_sources(client, to);
        self.arm_leases(to);
        self.followers_changed();
        to
    }

    /// What was to be sent to one place of a client, and how its locks end, is sent to another.
    fn move_places(&mut self, client: ClientId, from: DestinationId, to: DestinationId) {
        let (former, place) = (self.clients.place(from), self.clients.place(to));
        let moved = |at: &mut Place| {
            if (at.destination, at.serial) == (former.destination, former.serial) {
                *at = place;
            }
        };
        #[allow(clippy::iter_over_hash_type, reason = "each by itself")]
        for stream in self.streams.values_mut() {
            moved(&mut stream.place);
        }
        self.move_publishing(moved);
        let Some(session) = self.clients.session_if_alive(client) else {
            return;
        };
        let users = session.users.iter();
        let users = users.flat_map(|&user| self.clients.session(user).locks.iter());
        let held: Vec<AddressId> = session.locks.iter().chain(users).copied().collect();
        for id in held {
            if let Some(lock) = &mut self.table.entry_mut(id).lock {
                moved(&mut lock.place);
            }
        }
    }
}

/// What becomes of a client under a new show.
#[derive(Debug)]
enum Fate {
    /// It had no session.
    Forgotten,
    /// It has no session, and is told what it follows.
    Quiet {
        profile: ProfileId,
        at: DestinationId,
    },
    /// It is who it was.
    Stays { profile: ProfileId },
    /// It is somebody else now, and keeps what it holds.
    Becomes { who: Who, profile: ProfileId },
    /// Its session ends.
    Ended,
}
