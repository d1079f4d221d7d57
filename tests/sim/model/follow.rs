//! Who is sent what: followers, echoes, updates that are thinned, status messages.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use oscgate::config::{Echo, Source};
use oscgate::time::Instant;

use super::Model;
use super::pattern::covers;
use super::people::{Asker, Key, Place, Who};
use super::wire::{Arg, message, message_of};

/// A value that a destination was sent.
#[derive(Clone, Debug)]
pub(super) struct Told {
    at: Instant,
    address: String,
    tail: Vec<u8>,
    /// Whose write it was; `None` if it counts as nobody's.
    pub(super) author: Option<Author>,
}

/// Updates of one address that come no faster than its rate.
#[derive(Clone, Debug)]
pub(super) struct Thinned {
    /// When the next one may go out.
    next: Instant,
    /// When the value that waits may go out, if one waits.
    pub(super) waiting: Option<Instant>,
    /// Whose the value is that waits: its echo decides what is sent there.
    pub(super) writer: Option<(Place, Reach)>,
}

/// Whose a value is, and what that one was called when it wrote it.
pub(super) type Author = (Who, String);

/// How much of what a writer follows its echo decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    Endpoint,
    Client,
}

/// An echo that waits until a hand is still.
#[derive(Clone, Debug)]
pub(super) struct Settling {
    pub(super) due: Instant,
    /// From where the hand last wrote.
    pub(super) from: SocketAddr,
}

/// What is passed on: a value that was stored, or an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Value,
    Event,
    /// The edge of a button that goes nowhere.
    OtherEdge,
}

impl Model {
    /// The destinations that follow an address, and whose they are.
    pub(super) fn followers(&self, address: &str) -> BTreeSet<Place> {
        let ghosts = self
            .ghosts
            .iter()
            .filter(|(_, pattern)| covers(pattern, address));
        let mut followers: BTreeSet<Place> = ghosts.map(|(to, _)| to.clone()).collect();
        for (key, session) in &self.sessions {
            for (endpoint, pattern) in &session.subscriptions {
                if covers(pattern, address) {
                    followers.insert(self.place(key, *endpoint));
                }
            }
        }
        for entry in &self.show.clients {
            if entry.follow.iter().any(|pattern| covers(pattern, address)) {
                followers.extend(self.configured_places(&entry.name));
            }
        }
        followers
    }

    /// Where the configured subscriptions of an entry go.
    pub(super) fn configured_places(&self, name: &str) -> Vec<Place> {
        let entry = self.show.clients.iter().find(|entry| entry.name == name);
        let Some(entry) = entry else {
            return Vec::new();
        };
        let key = Key::Listed(entry.name.clone());
        match (entry.source, entry.reply_port) {
            (Source::Endpoint(own), port) => {
                let port = port.unwrap_or(own.port());
                vec![(SocketAddr::new(own.ip(), port), key)]
            }
            (Source::Ip(ip), Some(port)) => vec![(SocketAddr::new(ip, port), key)],
            (Source::Ip(_), None) => {
                let heard = self.last_heard.get(&key);
                heard.map(|at| self.place(&key, *at)).into_iter().collect()
            }
            (Source::Subnet(_), port) => {
                let members = self
                    .last_heard
                    .iter()
                    .filter(|(key, _)| matches!(key, Key::Member(entry, _) if *entry == name));
                let places = members.map(|(key, at)| match port {
                    Some(port) => (SocketAddr::new(at.ip(), port), key.clone()),
                    None => self.place(key, *at),
                });
                places.collect()
            }
        }
    }

    /// Sends a value (or event), and remembers that it was sent.
    pub(super) fn send_value(
        &mut self,
        to: &Place,
        address: &str,
        tail: &[u8],
        author: Option<Author>,
        kind: Kind,
    ) {
        self.send(to, message_of(address, tail));
        if kind != Kind::Event {
            self.note_told(to, address, tail, author);
        }
    }

    /// Remembers that somebody was told a value.
    pub(super) fn note_told(
        &mut self,
        to: &Place,
        address: &str,
        tail: &[u8],
        author: Option<Author>,
    ) {
        if self.trying || self.show.locks.reflection.is_zero() {
            return;
        }
        let told = self.told.entry(to.clone()).or_default();
        let (now, memory) = (self.now, self.show.locks.reflection);
        told.retain(|one| now <= one.at + memory);
        told.push(Told {
            at: now,
            address: address.to_owned(),
            tail: tail.to_vec(),
            author,
        });
    }

    /// Whether a plain write repeats what its endpoint was just sent by another's doing.
    pub(super) fn is_reflection(&self, asker: &Asker, address: &str, tail: &[u8]) -> bool {
        let told = self.told.get(&self.answers_to(asker));
        !self.show.locks.reflection.is_zero()
            && told.into_iter().flatten().any(|one| {
                self.now > one.at
                    && self.now <= one.at + self.show.locks.reflection
                    && one.address == address
                    && one.tail == tail
                    && one
                        .author
                        .as_ref()
                        .is_none_or(|author| !self.is_own(asker, author))
            })
    }

    /// Whether a value is the asker's own, by the name that it has now or had before it took that.
    fn is_own(&self, asker: &Asker, (who, name): &Author) -> bool {
        let session = self.sessions.get(&asker.who.key);
        let former = session.and_then(|session| session.former.as_ref());
        *who == asker.who && (*name == self.name(who) || Some(name) == former)
    }

    /// Passes on what was accepted: the echo to its sender, the update to the followers.
    pub(super) fn publish(
        &mut self,
        asker: &Asker,
        address: &str,
        tail: &[u8],
        changed: Changed,
        kind: Kind,
    ) {
        let own = self.answers_to(asker);
        let followers = self.followers(address);
        if kind == Kind::Event {
            self.let_all_through();
        }
        let author = Some((asker.who.clone(), self.name(&asker.who)));
        if asker.call.is_none() || followers.contains(&own) {
            let echo = self
                .entry_of(&asker.who.key)
                .map_or(Echo::Always, |one| one.echo);
            match echo {
                Echo::Always => self.send_value(&own, address, tail, author.clone(), kind),
                Echo::Changed if changed == Changed::Yes => {
                    self.send_value(&own, address, tail, author.clone(), kind);
                }
                Echo::Settled if kind == Kind::Event => {
                    self.send_value(&own, address, tail, author.clone(), kind);
                }
                Echo::Settled => {
                    let due = self.now + self.show.locks.settle;
                    let place = (asker.who.clone(), address.to_owned());
                    // One that is under way is put off, never brought forward.
                    let due = self
                        .settling
                        .get(&place)
                        .map_or(due, |one| one.due.max(due));
                    self.settling.insert(
                        place,
                        Settling {
                            due,
                            from: asker.from,
                        },
                    );
                }
                Echo::Changed | Echo::Never => {}
            }
        }
        // One that wants nothing back of its own is sent none of it at its other endpoints either.
        let all_own = self
            .entry_of(&asker.who.key)
            .is_some_and(|one| one.echo == Echo::Never);
        let key = &asker.who.key;
        let others = followers
            .into_iter()
            .filter(|to| *to != own && !(all_own && to.1 == *key));
        match kind {
            Kind::Value => {
                let reach = if all_own {
                    Reach::Client
                } else {
                    Reach::Endpoint
                };
                let others: Vec<Place> = others.collect();
                self.update((own, reach), others, address, tail, author);
            }
            Kind::Event | Kind::OtherEdge => {
                for to in others {
                    self.send_value(&to, address, tail, None, kind);
                }
            }
        }
    }

    /// Sends an update to the followers, or lets it wait for its turn. Its sender needs none.
    fn update(
        &mut self,
        writer: (Place, Reach),
        others: Vec<Place>,
        address: &str,
        tail: &[u8],
        author: Option<Author>,
    ) {
        if let Some(rate) = self.rule(address).and_then(|rule| rule.rate) {
            let gap = Duration::from_secs(1) / rate;
            // While the gateway is behind nobody's turn comes.
            let judged = self.judged();
            if let Some(thinned) = self.thinned.get_mut(address)
                && judged < thinned.next
            {
                thinned.waiting.get_or_insert(thinned.next);
                thinned.writer = Some(writer);
                return;
            }
            let thinned = Thinned {
                next: self.now + gap,
                waiting: None,
                writer: None,
            };
            self.thinned.insert(address.to_owned(), thinned);
        }
        for to in others {
            self.send_value(&to, address, tail, author.clone(), Kind::Value);
        }
    }

    /// An update that waited for its turn goes out, as it is now.
    pub(super) fn let_through(&mut self, address: &str) {
        let rate = self.rule(address).and_then(|rule| rule.rate);
        let next = rate.map_or(self.now, |rate| self.now + Duration::from_secs(1) / rate);
        let Some(thinned) = self
            .thinned
            .get_mut(address)
            .filter(|one| one.waiting.is_some())
        else {
            return;
        };
        thinned.waiting = None;
        thinned.next = next;
        let writer = thinned.writer.take();
        for to in self.followers(address) {
            let is_writers = writer.as_ref().is_some_and(|(own, reach)| match reach {
                Reach::Endpoint => *own == to,
                Reach::Client => own.1 == to.1,
            });
            if !is_writers {
                self.send_stored(&to, address);
            }
        }
    }

    /// A value at an end of the range of its rule that waits goes out before another takes its
    /// place.
    pub(super) fn let_end_through(&mut self, address: &str, tail: &[u8]) {
        let waits = self
            .thinned
            .get(address)
            .is_some_and(|one| one.waiting.is_some());
        let range = self.rule(address).and_then(|rule| rule.range);
        let stored = self.value(address).map(|value| value.tail.clone());
        let (true, Some((low, high)), Some(stored)) = (waits, range, stored) else {
            return;
        };
        let all: Vec<_> = oscgate::osc::Arguments::of_tail(&stored).collect();
        let number = match all[..] {
            [oscgate::osc::ArgumentView::Int(number)] => f64::from(number),
            [oscgate::osc::ArgumentView::Long(number)] => number as f64,
            [oscgate::osc::ArgumentView::Float(number)] => f64::from(number),
            [oscgate::osc::ArgumentView::Double(number)] => number,
            _ => return,
        };
        if stored != tail && (number == low || number == high) {
            let next = self.thinned[address].next;
            self.let_through(address);
            // Its turn comes when it would have come.
            self.thinned.get_mut(address).expect("it is there").next = next;
        }
    }

    /// All updates that wait go out: an event is about to pass, and a preset is there before it.
    fn let_all_through(&mut self) {
        let addresses: Vec<String> = self.thinned.keys().cloned().collect();
        // Of different addresses any may come first.
        let together = std::mem::replace(&mut self.together, true);
        for address in addresses {
            let next = self.thinned[&address].next;
            self.let_through(&address);
            // Its turn comes when it would have come.
            self.thinned.get_mut(&address).expect("it is there").next = next;
        }
        self.together = together;
        if !together {
            self.group += 1;
        }
    }

    /// A hand has been still: its echo goes out.
    pub(super) fn settle(&mut self, place: &(Who, String)) {
        let settling = self.settling.remove(place).expect("it waits");
        let to = self.place(&place.0.key, settling.from);
        self.send_stored(&to, &place.1);
    }

    /// Sends what an address holds now, as its author's.
    pub(super) fn send_stored(&mut self, to: &Place, address: &str) {
        if let Some(value) = self.value(address).cloned() {
            let author = Some((value.author, value.writer));
            self.send_value(to, address, &value.tail, author, Kind::Value);
        }
    }

    /// Sends a status message to its followers and to `also`, each destination once.
    pub(super) fn tell(&mut self, word: &str, arguments: &[Arg], also: &[Place]) {
        let address = format!("/oscgate/status/{word}");
        let mut to = self.followers(&address);
        to.extend(also.iter().cloned());
        let bytes = message(&address, arguments);
        for to in to {
            if self.takes_status(&to.1) && !self.is_forerunners(&to) {
                self.send(&to, bytes.clone());
            }
        }
    }

    /// What waits for one place goes to another.
    pub(super) fn move_what_waits(&mut self, from: &Place, to: &Place) {
        for thinned in self.thinned.values_mut() {
            if let Some((own, _)) = thinned.writer.as_mut().filter(|(own, _)| own == from) {
                own.clone_from(to);
            }
        }
    }
}

/// Whether the gateway changed what was written before it stored it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    No,
    Yes,
}
