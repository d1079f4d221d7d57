//! Sessions: how they begin and end, and what a client says about itself.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use oscgate::config::{Source, Unreachable};
use oscgate::limits::{NAME_TAKEOVER, NO_ROOM_INTERVAL};

use super::Model;
use super::calls::Calls;
use super::codes::{self, Done, Outcome, Refusal};
use super::follow::Reach;
use super::packets::{NoRoom, Sender};
use super::people::{Asker, Key, Place, Session, is_name, is_named};
use super::requests::is_request;
use super::wire::{Letter, message, s};

impl Model {
    /// A packet came: a sign of life.
    pub(super) fn hear(&mut self, sender: &Sender) {
        if let Some(session) = self.sessions.get_mut(&sender.key) {
            session.heard = self.now;
            session.endpoint = sender.from;
            session.sources.insert(sender.from);
            session.local = sender.local;
            self.remember_source(sender);
        }
    }

    fn remember_source(&mut self, sender: &Sender) {
        if sender.key.is_listed() {
            self.last_heard.insert(sender.key.clone(), sender.from);
            self.last_heard_at.insert(sender.key.clone(), self.now);
        }
    }

    /// Begins a session, if there is room for it.
    pub(super) fn begin_session(
        &mut self,
        sender: &Sender,
        first: Option<&Letter>,
    ) -> Result<(), NoRoom> {
        self.make_room(sender)?;
        self.sessions_begun += 1;
        let session = Session {
            serial: self.sessions_begun,
            began_at: sender.from,
            endpoint: sender.from,
            sources: BTreeSet::from([sender.from]),
            local: sender.local,
            heard: self.now,
            link_up: self.now,
            name: None,
            former: None,
            reply_port: None,
            pinged: false,
            spoke: false,
            subscriptions: Vec::new(),
            calls: Calls::default(),
            users: BTreeMap::new(),
            to_greet: None,
        };
        self.sessions.insert(sender.key.clone(), session);
        self.remember_source(sender);
        let own = self.place(&sender.key, sender.from);
        if first.is_some_and(is_request) {
            let session = self.sessions.get_mut(&sender.key).expect("it has begun");
            session.spoke = true;
        }
        let session = self.sessions.get_mut(&sender.key).expect("it has begun");
        session.to_greet = Some(first.is_some_and(is_request).then_some(own));
        // One that begins with a `hello` is introduced under its new name.
        if first.is_none_or(|letter| letter.address != b"/oscgate/hello") {
            self.greet(&sender.key);
        }
        if self.entry_of(&sender.key).is_some_and(|entry| entry.sync) {
            self.sync_followed(&sender.key);
        }
        Ok(())
    }

    /// Tells a client that its session has begun, if it is to be told and was not.
    pub(super) fn greet(&mut self, key: &Key) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        if let Some(to) = session.to_greet.take() {
            self.tell_connected(key, to);
        }
    }

    /// The arguments of `connected`.
    pub(super) fn introduction(&self, key: &Key) -> [super::wire::Arg; 2] {
        let endpoint = self.sessions[key].began_at;
        [s(self.client_name(key)), s(endpoint.to_string())]
    }

    pub(super) fn tell_connected(&mut self, key: &Key, also: Option<Place>) {
        let also: Vec<Place> = also.into_iter().collect();
        self.tell("connected", &self.introduction(key), &also);
    }

    /// Ends the session that was silent longest if there is no room for one more.
    fn make_room(&mut self, sender: &Sender) -> Result<(), NoRoom> {
        let is_kept = |key: &Key| match key {
            Key::Listed(_) => true,
            Key::Member(name, _) => self
                .configured_places(name)
                .iter()
                .any(|(_, own)| own == key),
            Key::Ip(_) | Key::Endpoint(_) => false,
        };
        // Who has an entry, or goes on being told what it follows, has room already.
        let absent: Vec<&Key> = self
            .last_heard_at
            .keys()
            .filter(|key| !self.sessions.contains_key(key) && is_kept(key))
            .filter(|key| matches!(key, Key::Member(..)))
            .collect();
        let listed = self.show.clients.iter();
        let listed = listed.filter(|entry| !matches!(entry.source, Source::Subnet(_)));
        let others = self.sessions.keys();
        let others = others.filter(|key| !matches!(key, Key::Listed(_)));
        let known = listed.count() + others.count() + absent.len();
        let has_room = matches!(sender.key, Key::Listed(_)) || absent.contains(&&sender.key);
        if has_room || known < self.show.limits.clients as usize {
            return Ok(());
        }
        let holds = |key: &Key| {
            let mut locks = self
                .entries
                .values()
                .filter_map(|entry| entry.lock.as_ref());
            locks.any(|lock| lock.holder.key == *key)
        };
        let longest_silent = self
            .sessions
            .iter()
            .filter(|(key, session)| {
                !key.is_listed()
                    && session.name.is_none()
                    && session.subscriptions.is_empty()
                    && !holds(key)
            })
            .map(|(key, session)| (session.heard, session.serial, key))
            .chain(absent.iter().map(|&key| (self.last_heard_at[key], 0, key)))
            .min()
            .map(|(_, _, key)| key.clone());
        if let Some(key) = longest_silent {
            if self.sessions.contains_key(&key) {
                self.end_session(&key, "silence");
            } else {
                self.last_heard.remove(&key);
                self.last_heard_at.remove(&key);
            }
            return Ok(());
        }
        let ip: IpAddr = sender.from.ip();
        let told = self.no_room_told.get(&ip);
        if told.is_none_or(|told| self.now >= *told + NO_ROOM_INTERVAL) {
            self.no_room_told.insert(ip, self.now);
            // It is the beginning of a session that is refused, whatever the message asked.
            let to = self.place(&sender.key, sender.from);
            let arguments = [s("/oscgate/hello"), s(codes::LIMIT), s("")];
            self.send(&to, message("/oscgate/status/error", &arguments));
        }
        Err(NoRoom)
    }

    /// Ends a session, and with it its locks, subscriptions, and all that waits for it.
    pub(super) fn end_session(&mut self, key: &Key, cause: &str) {
        let introduction = self.introduction(key);
        let held: Vec<(String, String)> = self
            .entries
            .iter()
            .filter_map(|(address, entry)| {
                let holder = &entry.lock.as_ref()?.holder;
                (holder.key == *key).then(|| (address.clone(), self.name(holder)))
            })
            .collect();
        self.streams.retain(|(who, _), _| who.key != *key);
        self.settling.retain(|(own, _), _| own.key != *key);
        self.syncs.retain(|(own, _), _| own != key);
        let waiting = self.waiting.len();
        self.waiting.retain(|one| one.sender.key != *key);
        self.bundles_dropped += waiting - self.waiting.len();
        let together = std::mem::replace(&mut self.together, true);
        for (address, holder) in held {
            let entry = self.entries.get_mut(&address).expect("it is locked");
            entry.lock = None;
            if entry.value.is_none() {
                self.entries.remove(&address);
            }
            let arguments = [s(&address), s(holder), s("disconnected")];
            self.tell("unlocked", &arguments, &[]);
        }
        self.together = together;
        if !together {
            self.group += 1;
        }
        let [name, endpoint] = introduction;
        // What it follows itself it is told to the last: it may still be there.
        self.tell("disconnected", &[name, endpoint, s(cause)], &[]);
        if !self.ending.is_empty() {
            // Another that ends at this moment may have ended before, or after.
            let session = &self.sessions[key];
            let ghosts = session.subscriptions.iter();
            let ghosts = ghosts.map(|(from, pattern)| (self.place(key, *from), pattern.clone()));
            let ghosts: Vec<(Place, String)> = ghosts.collect();
            self.ghosts.extend(ghosts);
        }
        let follows = self
            .entry_of(key)
            .is_some_and(|entry| !entry.follow.is_empty());
        if key.is_listed() {
            let at = self.place(key, self.sessions[key].endpoint).0;
            self.last_heard.insert(key.clone(), at);
        }
        self.sessions.remove(key);
        let kept = match key {
            Key::Listed(name) | Key::Member(name, _) => self.configured_places(name),
            Key::Ip(_) | Key::Endpoint(_) => Vec::new(),
        };
        self.told
            .retain(|to, _| to.1 != *key || (follows && kept.contains(to)));
        // Whoever begins there anew is not the one that wrote.
        let stays = matches!(key, Key::Listed(_)) || (key.is_listed() && follows);
        for thinned in self.thinned.values_mut() {
            thinned.writer.take_if(|(own, reach)| match reach {
                Reach::Endpoint => own.1 == *key && !(follows && kept.contains(own)),
                Reach::Client => own.1 == *key && !stays,
            });
        }
        if !follows {
            self.last_heard.remove(key);
            self.last_heard_at.remove(key);
        }
    }

    pub(super) fn on_unreachable(&mut self, to: SocketAddr) {
        if self.show.sessions.unreachable != Unreachable::Ends {
            return;
        }
        let mut gone: Vec<(u64, Key)> = self
            .sessions
            .iter()
            .filter(|(key, session)| {
                let mut sources = session.sources.iter();
                sources.any(|from| *from == to || self.place(key, *from).0 == to)
            })
            .map(|(key, session)| (session.serial, key.clone()))
            .collect();
        gone.sort();
        for (_, key) in gone {
            self.end_session(&key, "unreachable");
        }
    }

    /// The gateway stops: every session is told of its end.
    pub(super) fn on_stop(&mut self) {
        let keys: Vec<Key> = self.sessions.keys().cloned().collect();
        // Each is told of its own end; of the others' ends, as long as its own has not come.
        self.together = true;
        for key in &keys {
            let own = self.place(key, self.sessions[key].endpoint);
            let locks = self
                .entries
                .values()
                .filter_map(|entry| entry.lock.as_ref());
            let holders = locks.map(|lock| self.place(&lock.holder.key, lock.from));
            let places = keys.iter().flat_map(|key| self.places_of(key));
            self.ending = holders.chain(places).collect();
            let held: Vec<String> = self.held_by(key);
            for address in held {
                self.end_lock(&address, "disconnected", None);
            }
            self.ending.retain(|place| *place != own);
            let [name, endpoint] = self.introduction(key);
            self.tell("disconnected", &[name, endpoint, s("stopped")], &[own]);
        }
        self.ending.clear();
        self.together = false;
        self.stopped = true;
    }

    /// The addresses that a client or one of its users holds.
    fn held_by(&self, key: &Key) -> Vec<String> {
        let held = self.entries.iter().filter(|(_, entry)| {
            entry
                .lock
                .as_ref()
                .is_some_and(|lock| lock.holder.key == *key)
        });
        held.map(|(address, _)| address.clone()).collect()
    }

    /// What goes to a client goes to this port of its machine from now on, if it named one.
    fn move_to(&mut self, key: &Key, port: Option<u16>) {
        let former = self.places_of(key);
        let session = self.sessions.get_mut(key).expect("it asks");
        session.reply_port = port.or(session.reply_port);
        let moved: Vec<(Place, Place)> = former
            .into_iter()
            .zip(self.places_of(key))
            .filter(|(from, to)| from != to)
            .collect();
        for (from, to) in moved {
            self.move_what_waits(&from, &to);
        }
    }

    /// `/oscgate/hello`.
    pub(super) fn hello(&mut self, asker: &Asker, letter: &Letter) -> Outcome {
        let refuse = |code| Outcome::Refused(Refusal::error(code, &letter.address));
        let key = &asker.who.key;
        let name = letter
            .string(0)
            .and_then(|name| std::str::from_utf8(name).ok());
        if !(1..=2).contains(&letter.count()) || (letter.count() == 2 && letter.int(1).is_none()) {
            return refuse(codes::BAD_ARGUMENTS);
        }
        if key.is_listed() && name.is_some_and(|name| name != self.client_name(key)) {
            return refuse(codes::NOT_ALLOWED);
        }
        let port = match letter.count() {
            1 => None,
            2 => match letter.int(1).map(u16::try_from) {
                Some(Ok(port)) if port != 0 && !self.is_own_port(asker.from.ip(), port) => {
                    Some(port)
                }
                _ => return refuse(codes::BAD_ARGUMENTS),
            },
            _ => return refuse(codes::BAD_ARGUMENTS),
        };
        let Some(name) = name.filter(|name| is_name(name)) else {
            return refuse(codes::BAD_ARGUMENTS);
        };
        if !key.is_listed() && self.show.clients.iter().any(|entry| is_named(entry, name)) {
            return refuse(codes::NAME_TAKEN);
        }
        let other = self
            .sessions
            .keys()
            .find(|other| *other != key && self.client_name(other) == name);
        if let Some(other) = other.cloned() {
            let session = &self.sessions[&other];
            let gone = session.endpoint.ip() == asker.from.ip()
                && self.now.since(session.heard) >= NAME_TAKEOVER;
            if !gone {
                return refuse(codes::NAME_TAKEN);
            }
            self.end_session(&other, "replaced");
        }
        let renamed = self.client_name(key) != name || self.sessions[key].to_greet.is_some();
        let name = name.to_owned();
        let former = self.client_name(key);
        let session = self.sessions.get_mut(key).expect("it asks");
        if former != name {
            session.former = Some(former);
        }
        session.to_greet = None;
        if !key.is_listed() {
            session.name = Some(name);
        }
        self.move_to(key, port);
        let own = self.answers_to(asker);
        let to_asker = asker.call.is_none().then_some(own);
        if renamed {
            self.tell_connected(key, to_asker);
        } else if let Some(own) = to_asker {
            let bytes = message("/oscgate/status/connected", &self.introduction(key));
            self.send(&own, bytes);
        }
        Outcome::Done(Done::Nothing)
    }
}
