//! A new show: who is renamed, whose session ends, which locks are withdrawn.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use oscgate::config::{ClientEntry, LockRule, Show, Source};

use super::Model;
use super::people::{Key, Who, identify};

impl Model {
    pub(super) fn on_show(&mut self, show: &Show) {
        if self.stopped {
            return;
        }
        let keys: Vec<Key> = self.sessions.keys().cloned().collect();
        let mut new_keys: BTreeMap<Key, Option<Key>> = BTreeMap::new();
        for key in &keys {
            new_keys.insert(key.clone(), self.key_under(show, key));
        }
        let mut ended = Vec::new();
        let mut renamed = Vec::new();
        for (key, new) in &new_keys {
            match new {
                // Its name is somebody else's now.
                Some(new) if !new.is_listed() && self.is_given_away(show, key) => {
                    ended.push(key.clone());
                }
                Some(new) if new == key => {}
                Some(new) if !key.is_listed() => {
                    let sources = self.sessions.values().map(|session| session.began_at);
                    let rivals = sources.filter(|from| identify(show, *from).as_ref() == Some(new));
                    if rivals.count() == 1 {
                        renamed.push((key.clone(), new.clone()));
                    } else {
                        ended.push(key.clone());
                    }
                }
                Some(_) | None => ended.push(key.clone()),
            }
        }
        // In which order sessions end and are renamed is left open.
        self.together = true;
        self.ending = ended.iter().flat_map(|key| self.places_of(key)).collect();
        for key in ended {
            self.end_session(&key, "replaced");
        }
        // Told as the former show has it: who follows, and where.
        for (key, new) in &renamed {
            self.renamed.insert(new.clone());
            self.rename(key, new.clone());
        }
        let former = std::mem::replace(&mut self.show, show.clone());
        self.renamed.clear();
        let heard = std::mem::take(&mut self.last_heard);
        for (key, at) in heard {
            let follows = self
                .entry_of(&key)
                .is_some_and(|one| !one.follow.is_empty());
            if (follows || self.sessions.contains_key(&key))
                && identify(show, at).as_ref() == Some(&key)
            {
                self.last_heard.insert(key, at);
            }
        }
        for (_, new) in renamed {
            let session = &self.sessions[&new];
            self.last_heard_at.insert(new.clone(), session.heard);
            self.last_heard.insert(new, session.endpoint);
        }
        let heard = &self.last_heard;
        self.last_heard_at.retain(|key, _| heard.contains_key(key));
        self.part_with_sources(&former);
        for (key, session) in self.sessions.iter().filter(|(key, _)| key.is_listed()) {
            self.last_heard.insert(key.clone(), session.endpoint);
        }
        self.withdraw();
        self.ending.clear();
        self.ghosts.clear();
        self.together = false;
        self.group += 1;
    }

    /// Whether the name that a client gave itself is that of an entry.
    fn is_given_away(&self, show: &Show, key: &Key) -> bool {
        let of_one = |entry: &&ClientEntry| !matches!(entry.source, Source::Subnet(_));
        let mut names = show.clients.iter().filter(of_one).map(|entry| &entry.name);
        let hello = self.sessions[key].name.as_ref();
        hello.is_some_and(|own| names.any(|name| name == own))
    }

    /// Which client a session's client is under another show.
    fn key_under(&self, show: &Show, key: &Key) -> Option<Key> {
        let source = |show: &Show, name: &str| {
            let entry = show.clients.iter().find(|entry| entry.name == *name);
            entry.map(|entry| entry.source)
        };
        if let Key::Listed(name) | Key::Member(name, _) = key
            && source(&self.show, name) != source(show, name)
        {
            return None;
        }
        identify(show, self.sessions[key].began_at)
    }

    /// A client is now called by its entry; what is its stays its.
    fn rename(&mut self, key: &Key, new: Key) {
        let former = self.client_name(key);
        let mut session = self.sessions.remove(key).expect("it is running");
        if new.is_listed() {
            session.name = None;
        }
        self.sessions.insert(new.clone(), session);
        let renamed = |who: &mut Who| {
            if who.key == *key {
                who.key = new.clone();
            }
        };
        for entry in self.entries.values_mut() {
            if let Some(lock) = &mut entry.lock {
                renamed(&mut lock.holder);
            }
            if let Some(value) = &mut entry.value {
                renamed(&mut value.author);
            }
            if let Some((creator, _)) = &mut entry.creator
                && creator == key
            {
                *creator = new.clone();
            }
        }
        let streams = std::mem::take(&mut self.streams);
        for ((mut who, address), stream) in streams {
            renamed(&mut who);
            self.streams.insert((who, address), stream);
        }
        for told in self.told.values_mut().flatten() {
            if let Some((author, _)) = &mut told.author {
                renamed(author);
            }
        }
        for thinned in self.thinned.values_mut() {
            if let Some(((_, own), _)) = &mut thinned.writer
                && own == key
            {
                *own = new.clone();
            }
        }
        let settling = std::mem::take(&mut self.settling);
        for ((mut who, address), one) in settling {
            renamed(&mut who);
            self.settling.insert((who, address), one);
        }
        let told = std::mem::take(&mut self.told);
        for ((to, own), list) in told {
            let own = if own == *key { new.clone() } else { own };
            self.told.entry((to, own)).or_default().extend(list);
        }
        let syncs = std::mem::take(&mut self.syncs);
        for ((own, at), sync) in syncs {
            let own = if own == *key { new.clone() } else { own };
            self.syncs.insert((own, at), sync);
        }
        for waiting in self.waiting.iter_mut().filter(|one| one.sender.key == *key) {
            waiting.sender.key = new.clone();
        }
        if self.client_name(&new) != former {
            let session = self.sessions.get_mut(&new).expect("it is running");
            session.former = Some(former);
            self.tell_connected(&new, None);
        }
    }

    /// Sources that are somebody else now are no longer a client's, nor is what was to go there.
    fn part_with_sources(&mut self, former: &Show) {
        let show = &self.show;
        for (key, session) in &mut self.sessions {
            let is_its = |from: &SocketAddr| identify(show, *from).as_ref() == Some(key);
            session.sources.retain(is_its);
            let port_in = |show: &Show| match key {
                Key::Listed(name) | Key::Member(name, _) => {
                    let entry = show.clients.iter().find(|entry| entry.name == *name);
                    entry.and_then(|entry| entry.reply_port)
                }
                Key::Ip(_) | Key::Endpoint(_) => None,
            };
            // What went to a port that is no more goes to where it was last heard.
            let astray = session.reply_port.is_none()
                && port_in(former).is_some()
                && port_in(show).is_none();
            if session.reply_port.or(port_in(show)).is_none() {
                session.subscriptions.retain(|(from, _)| is_its(from));
                self.syncs
                    .retain(|(own, from), _| own != key || is_its(from));
            }
            if !is_its(&session.endpoint) {
                session.endpoint = session.began_at;
            }
            if astray {
                for (from, _) in &mut session.subscriptions {
                    *from = session.endpoint;
                }
            }
            for ((who, _), stream) in &mut self.streams {
                if who.key == *key
                    && let Some((from, _)) = &mut stream.from
                    && (astray || !is_its(from))
                {
                    *from = session.endpoint;
                }
            }
            for ((who, _), settling) in &mut self.settling {
                if who.key == *key && (astray || !is_its(&settling.from)) {
                    settling.from = session.endpoint;
                }
            }
            // What it said for later is that other's, as it would be now.
            for waiting in self.waiting.iter_mut().filter(|one| one.sender.key == *key) {
                if let Some(other) = identify(show, waiting.sender.from) {
                    waiting.sender.key = other;
                }
            }
            let locks = self
                .entries
                .values_mut()
                .filter_map(|one| one.lock.as_mut());
            for lock in locks.filter(|lock| lock.holder.key == *key) {
                if astray || !is_its(&lock.from) {
                    lock.from = session.endpoint;
                }
            }
        }
    }

    /// Locks end whose rule now is that there are none.
    fn withdraw(&mut self) {
        let withdrawn: Vec<String> = self
            .entries
            .iter()
            .filter(|(address, entry)| {
                let rule = self.rule(address).map(|rule| rule.lock);
                entry.lock.is_some() && rule == Some(LockRule::Never)
            })
            .map(|(address, _)| address.clone())
            .collect();
        for address in withdrawn {
            self.end_lock(&address, "withdrawn", None);
        }
    }
}
