//! Who is who: sources and clients, what they are called and what they may.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use oscgate::config::{Allow, ClientEntry, Clients, Identity, Operators, Show, Source};
use oscgate::time::Instant;

use super::Model;
use super::calls::Calls;
use super::pattern::{self, covers};
use super::wire::Letter;
use crate::dialect;

/// A client, whether it has a session or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// The one of an entry for an IP:port or an IP.
    Listed(String),
    /// One IP of an entry for a subnet.
    Member(String, IpAddr),
    Ip(IpAddr),
    Endpoint(SocketAddr),
}

/// Who acts: a client, or a user behind its endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Who {
    pub(super) key: Key,
    pub(super) user: Option<String>,
}

/// Where something goes, and whose place that is: two clients may share an address.
pub(super) type Place = (SocketAddr, Key);

/// Who sent the message that is looked at, from where, and as which call.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    pub(super) who: Who,
    pub(super) from: SocketAddr,
    pub(super) call: Option<i32>,
}

/// A session of a client.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// Which one it is of all that ever began.
    pub(super) serial: u64,
    /// Where it began, by which it is known to others.
    pub(super) began_at: SocketAddr,
    /// Where it was last heard, and over which local address.
    pub(super) endpoint: SocketAddr,
    /// From where it was heard at all.
    pub(super) sources: BTreeSet<SocketAddr>,
    pub(super) local: Option<IpAddr>,
    pub(super) heard: Instant,
    /// From when on its silence counts, if that is later than when it was heard.
    pub(super) link_up: Instant,
    /// By `hello`.
    pub(super) name: Option<String>,
    /// What it went by before it took the name that it has.
    pub(super) former: Option<String>,
    pub(super) reply_port: Option<u16>,
    pub(super) pinged: bool,
    /// Whether it has sent a message under `/oscgate`.
    pub(super) spoke: bool,
    /// What it follows, and from where it asked for that.
    pub(super) subscriptions: Vec<(SocketAddr, String)>,
    pub(super) calls: Calls,
    pub(super) users: BTreeMap<String, Calls>,
    /// That its beginning is yet to be told, and where it is to be told itself, if it is.
    pub(super) to_greet: Option<Option<Place>>,
}

/// The client that a source is under this show; `None` if it is not served.
pub(super) fn identify(show: &Show, from: SocketAddr) -> Option<Key> {
    let ip = from.ip().to_canonical();
    let allowed = show.access.allow.iter().any(|allow| match allow {
        Allow::Any => true,
        Allow::Private => is_private(ip),
        Allow::Subnet(subnet) => subnet.contains(ip),
    });
    if !allowed {
        return None;
    }
    let narrowest = show
        .clients
        .iter()
        .filter_map(|entry| match entry.source {
            Source::Endpoint(endpoint) => (endpoint == from).then_some((1_000, entry)),
            Source::Ip(own) => (own == ip).then_some((500, entry)),
            Source::Subnet(subnet) => subnet.contains(ip).then_some((subnet.prefix.into(), entry)),
        })
        .max_by_key(|(narrow, _)| *narrow);
    if let Some((_, entry)) = narrowest {
        return Some(match entry.source {
            Source::Endpoint(_) | Source::Ip(_) => Key::Listed(entry.name.clone()),
            Source::Subnet(_) => Key::Member(entry.name.clone(), ip),
        });
    }
    match (show.access.clients, show.access.identity) {
        (Clients::Listed, _) => None,
        (Clients::Any, Identity::Ip) => Some(Key::Ip(ip)),
        (Clients::Any, Identity::Endpoint) => Some(Key::Endpoint(from)),
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unique_local(),
    }
}

/// Whether a client may be called so: a name is not an address of anything.
pub(super) fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.chars().count())
        && !text.contains('/')
        && !text.chars().any(char::is_control)
        && text.parse::<SocketAddr>().is_err()
        && text.parse::<IpAddr>().is_err()
}

/// Whether a name is that of a client of this entry.
pub(super) fn is_named(entry: &ClientEntry, name: &str) -> bool {
    let member = name
        .strip_prefix(&entry.name)
        .and_then(|rest| rest.strip_prefix('@'));
    match (
        entry.source,
        member.and_then(|ip| ip.parse::<IpAddr>().ok()),
    ) {
        (Source::Subnet(subnet), Some(ip)) => subnet.contains(ip),
        _ => entry.name == name,
    }
}

impl Key {
    /// Whether the client has an entry in the show.
    pub(super) const fn is_listed(&self) -> bool {
        match self {
            Self::Listed(_) | Self::Member(..) => true,
            Self::Ip(_) | Self::Endpoint(_) => false,
        }
    }
}

impl Who {
    /// The client itself, no user.
    pub(super) const fn client(key: Key) -> Self {
        Self { key, user: None }
    }
}

impl Model {
    /// The entry of a client.
    pub(super) fn entry_of(&self, key: &Key) -> Option<&ClientEntry> {
        if self.renamed.contains(key) {
            return None;
        }
        match key {
            Key::Listed(name) | Key::Member(name, _) => {
                self.show.clients.iter().find(|entry| entry.name == *name)
            }
            Key::Ip(_) | Key::Endpoint(_) => None,
        }
    }

    /// Whether a client speaks the dialect.
    pub(super) fn has_dialect(&self, key: &Key) -> bool {
        self.entry_of(key)
            .is_some_and(|entry| entry.mapping.is_some())
    }

    /// Whether whoever speaks from here speaks it, and its bundles act when they come.
    pub(crate) fn speaks_dialect(&self, from: SocketAddr) -> bool {
        identify(&self.show, from)
            .is_some_and(|key| self.has_dialect(&key) && !self.schedules(&key))
    }

    /// What a message means in the gateway's own words: one message or, where a pattern matches
    /// addresses of the device, one for each of those that has a value.
    pub(super) fn in_own_words(&self, key: &Key, letter: &Letter) -> Vec<Letter> {
        let as_it_is = || vec![letter.clone()];
        if !self.has_dialect(key) {
            return as_it_is();
        }
        if let Some(name) = dialect::canonical(&letter.address) {
            return vec![Letter {
                address: name.to_vec(),
                tail: letter.tail.clone(),
            }];
        }
        let Some(text) = letter.text().filter(|text| pattern::has_pattern(text)) else {
            return as_it_is();
        };
        if pattern::is_own(text) || !pattern::is_readable(text) {
            return as_it_is();
        }
        let matched = dialect::names().filter(|(device, _)| pattern::covers(text, device));
        let matched: Vec<&str> = matched.map(|(_, gateway)| gateway).collect();
        if matched.is_empty() {
            return as_it_is();
        }
        let valued = matched
            .into_iter()
            .filter(|name| self.value(name).is_some());
        let letters = valued.map(|name| Letter {
            address: name.as_bytes().to_vec(),
            tail: letter.tail.clone(),
        });
        letters.collect()
    }

    /// What a client is called now.
    pub(super) fn client_name(&self, key: &Key) -> String {
        let hello = self.sessions.get(key).and_then(|one| one.name.clone());
        match key {
            Key::Listed(name) => name.clone(),
            Key::Member(name, ip) => format!("{name}@{ip}"),
            Key::Ip(ip) => hello.unwrap_or_else(|| ip.to_string()),
            Key::Endpoint(endpoint) => hello.unwrap_or_else(|| endpoint.to_string()),
        }
    }

    /// What a client or a user is called now.
    pub(super) fn name(&self, who: &Who) -> String {
        let client = self.client_name(&who.key);
        match &who.user {
            Some(user) => format!("{client}/{user}"),
            None => client,
        }
    }

    pub(super) fn priority(&self, key: &Key) -> i32 {
        self.entry_of(key).map_or(0, |entry| entry.priority)
    }

    pub(super) fn snaps_back(&self, key: &Key) -> bool {
        self.entry_of(key).is_none_or(|entry| entry.snap_back)
    }

    /// Whether it may be sent status messages.
    pub(super) fn takes_status(&self, key: &Key) -> bool {
        self.entry_of(key)
            .is_none_or(|entry| entry.status && entry.mapping.is_none())
            || self.sessions.get(key).is_some_and(|one| one.spoke)
            || self.ghosts.iter().any(|((_, one), _)| one == key)
    }

    /// Whether a place is that of an entry whose name goes to another with this show, and which is
    /// not to be told.
    pub(super) fn is_forerunners(&self, (at, key): &Place) -> bool {
        let (true, Key::Listed(name) | Key::Member(name, _)) = (self.renamed.contains(key), key)
        else {
            return false;
        };
        let session = &self.sessions[key];
        let mut own = session.sources.iter().map(|from| self.place(key, *from).0);
        let mut entries = self.show.clients.iter();
        let silent =
            entries.any(|entry| entry.name == *name && !(entry.status && entry.mapping.is_none()));
        silent && !own.any(|own| own == *at)
    }

    pub(super) fn is_operator(&self, asker: &Asker) -> bool {
        let own = self.entry_of(&asker.who.key).and_then(|one| one.operator);
        own.unwrap_or_else(|| {
            self.show.access.operators == Operators::Loopback && asker.from.ip().is_loopback()
        })
    }

    /// Whether a client's permissions let it write and lock this address.
    pub(super) fn may_write(&self, key: &Key, address: &str) -> bool {
        match self.entry_of(key).and_then(|entry| entry.write.as_ref()) {
            Some(patterns) => patterns.iter().any(|pattern| covers(pattern, address)),
            None => true,
        }
    }

    /// Where something for this client goes that belongs to one of its endpoints.
    pub(super) fn place(&self, key: &Key, endpoint: SocketAddr) -> Place {
        let said = self.sessions.get(key).and_then(|one| one.reply_port);
        let written = self.entry_of(key).and_then(|entry| entry.reply_port);
        let port = said.or(written).unwrap_or(endpoint.port());
        (SocketAddr::new(endpoint.ip(), port), key.clone())
    }

    /// All places where something for this client can go.
    pub(super) fn places_of(&self, key: &Key) -> Vec<Place> {
        let session = &self.sessions[key];
        let mut places = vec![self.place(key, session.endpoint)];
        places.extend(session.sources.iter().map(|from| self.place(key, *from)));
        if let Key::Listed(name) | Key::Member(name, _) = key {
            let configured = self.configured_places(name).into_iter();
            places.extend(configured.filter(|(_, own)| own == key));
        }
        places
    }

    /// Where the answers to this asker go.
    pub(super) fn answers_to(&self, asker: &Asker) -> Place {
        self.place(&asker.who.key, asker.from)
    }

    /// How long a client may be silent before it is gone.
    fn patience(&self, key: &Key) -> Option<Duration> {
        let (silence, idle) = match self.entry_of(key) {
            Some(entry) => (entry.silence_timeout, entry.idle_timeout),
            None => (
                self.show.sessions.silence_timeout,
                self.show.sessions.idle_timeout,
            ),
        };
        if self.sessions[key].pinged {
            silence
        } else {
            idle
        }
    }

    /// When a session ends by silence; `None`: never, or not while its link is down.
    pub(super) fn silent_at(&self, key: &Key) -> Option<Instant> {
        let session = &self.sessions[key];
        if !self.is_up(session.local) {
            return None;
        }
        Some(session.heard.max(session.link_up) + self.patience(key)?)
    }

    /// Whether what is spoken to over this local address can be heard at all.
    fn is_up(&self, local: Option<IpAddr>) -> bool {
        match (&self.links, local) {
            (Some(up), Some(local)) => local.is_loopback() || up.contains(&local),
            (None, _) | (_, None) => true,
        }
    }

    pub(super) fn on_links(&mut self, up: &[IpAddr]) {
        let down: Vec<Key> = self
            .sessions
            .iter()
            .filter(|(_, session)| !self.is_up(session.local))
            .map(|(key, _)| key.clone())
            .collect();
        self.links = Some(up.to_vec());
        for key in down {
            if self.is_up(self.sessions[&key].local) {
                let session = self.sessions.get_mut(&key).expect("it was just there");
                session.link_up = self.now;
            }
        }
    }
}
