//! Who is on the network tonight: `[access]` and the `[[client]]` entries, compiled.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hashbrown::HashMap;

use super::endpoint::Endpoint;
use crate::config::{
    Access, Clients, Echo, Identity, Operators, Show, Source, Subnet, TimeTags, Timeout,
};
use crate::mapping::{Mapping, Role};
use crate::osc::Pattern;

/// What a client may do and how it is answered: a `[[client]]` entry, or the defaults of all
/// others.
#[derive(Debug)]
pub(super) struct Profile {
    /// The configured name; empty for the defaults.
    pub(super) name: String,
    /// Which datagrams are its own; `None` for the defaults.
    pub(super) source: Option<Source>,
    /// Where answers and updates go; `None`: the packet's source port.
    pub(super) reply_port: Option<u16>,
    /// For `take`.
    pub(super) priority: i32,
    operator: Option<bool>,
    /// What it follows without asking.
    pub(super) follow: Vec<Pattern>,
    /// Whether it is sent what it follows when its session begins.
    pub(super) sync: bool,
    write: Option<Vec<Pattern>>,
    /// Its own accepted writes back.
    pub(super) echo: Echo,
    /// Whether a denial brings the true value.
    pub(super) snap_back: bool,
    /// Whether it is sent status messages unasked.
    pub(super) status: bool,
    /// How it talks; `None`: in the gateway's own words.
    pub(super) mapping: Option<Arc<Mapping>>,
    /// Whether its own lamps and labels are told of locks, as its mapping says.
    pub(super) lamps: bool,
    /// When its bundles act.
    pub(super) time_tags: TimeTags,
    /// See [`crate::config::ClientEntry::silence_timeout`].
    pub(super) silence_timeout: Timeout,
    /// See [`crate::config::ClientEntry::idle_timeout`].
    pub(super) idle_timeout: Timeout,
}

impl Profile {
    /// Whether its client is in the configuration.
    pub(super) const fn is_configured(&self) -> bool {
        self.source.is_some()
    }

    /// Whether it may write and lock an address.
    pub(super) fn may_write(&self, address: &str) -> bool {
        let Some(patterns) = &self.write else {
            return true;
        };
        patterns.iter().any(|pattern| pattern.matches(address))
    }

    /// The port that it is told things on whether or not it has spoken.
    pub(super) const fn fixed_port(&self) -> Option<u16> {
        match (self.reply_port, self.source) {
            (Some(port), _) => Some(port),
            (None, Some(Source::Endpoint(endpoint))) => Some(endpoint.port()),
            (None, Some(Source::Ip(_) | Source::Subnet(_)) | None) => None,
        }
    }
}

/// A profile in [`Profiles`]; the default is that of sources without an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ProfileId(usize);

/// Who a source is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// An unlisted source, known by its IP and port, and by what carries its packets.
    Endpoint(Endpoint),
    /// An unlisted source, known by its IP.
    Ip(IpAddr),
    /// A configured client.
    Configured(String),
    /// One IP of a configured subnet.
    Member(String, IpAddr),
}

/// All profiles, and which source has which.
#[derive(Debug)]
pub(super) struct Profiles {
    /// The first is the default.
    profiles: Vec<Profile>,
    endpoints: HashMap<SocketAddr, ProfileId>,
    ips: HashMap<IpAddr, ProfileId>,
    /// Most specific first.
    subnets: Vec<(Subnet, ProfileId)>,
    access: Access,
    /// Whether anybody speaks a dialect.
    pub(super) has_dialects: bool,
    /// Whether any device has lamps for locks or sessions.
    pub(super) tell_lamps: bool,
}

impl Profiles {
    /// Compiles the entries of a checked show.
    pub(super) fn new(show: &Show) -> Self {
        let mut this = Self {
            profiles: vec![plain(show)],
            endpoints: HashMap::new(),
            ips: HashMap::new(),
            subnets: Vec::new(),
            access: show.access.clone(),
            has_dialects: show.clients.iter().any(|entry| entry.mapping.is_some()),
            tell_lamps: show.clients.iter().any(|entry| {
                let lines = entry.mapping.as_ref().map(|mapping| mapping.lines());
                let mut lines = lines.into_iter().flatten();
                lines.any(|line| matches!(line.role, Role::Tell(_)))
            }),
        };
        for entry in &show.clients {
            let id = ProfileId(this.profiles.len());
            match entry.source {
                Source::Endpoint(endpoint) => {
                    this.endpoints.insert(endpoint, id);
                }
                Source::Ip(ip) => {
                    this.ips.insert(ip, id);
                }
                Source::Subnet(subnet) => this.subnets.push((subnet, id)),
            }
            this.profiles.push(Profile {
                name: entry.name.clone(),
                source: Some(entry.source),
                reply_port: entry.reply_port,
                priority: entry.priority,
                operator: entry.operator,
                follow: compile(&entry.follow),
                sync: entry.sync,
                write: entry.write.as_ref().map(|patterns| compile(patterns)),
                echo: entry.echo,
                snap_back: entry.snap_back,
                // Who speaks a dialect is told in it, or not at all.
                status: entry.status && entry.mapping.is_none(),
                lamps: entry.status,
                mapping: entry.mapping.clone(),
                time_tags: entry.time_tags,
                silence_timeout: entry.silence_timeout,
                idle_timeout: entry.idle_timeout,
            });
        }
        this.subnets
            .sort_by_key(|(subnet, _)| std::cmp::Reverse(subnet.prefix));
        this
    }

    /// The profile behind an id.
    pub(super) fn profile(&self, id: ProfileId) -> &Profile {
        &self.profiles[id.0]
    }

    /// The configured profiles, in file order.
    pub(super) fn configured(&self) -> impl Iterator<Item = (ProfileId, &Profile)> {
        self.profiles
            .iter()
            .enumerate()
            .skip(1)
            .map(|(n, profile)| (ProfileId(n), profile))
    }

    /// Whether a name is one of the configuration.
    pub(super) fn reserves(&self, name: &str) -> bool {
        self.configured().any(|(_, profile)| profile.name == name)
    }

    /// Whether a source is served at all.
    pub(super) fn allows(&self, from: Endpoint) -> bool {
        let served = self.access.allows(from.address.ip());
        served && (self.access.clients == Clients::Any || self.find(from) != ProfileId::default())
    }

    /// Who a source is, and its profile.
    pub(super) fn identify(&self, from: Endpoint) -> (Who, ProfileId) {
        let id = self.find(from);
        let ip = from.address.ip();
        let profile = self.profile(id);
        let identity = match (profile.source, self.access.identity) {
            (Some(Source::Subnet(_)), _) => Who::Member(profile.name.clone(), ip),
            (Some(_), _) => Who::Configured(profile.name.clone()),
            (None, Identity::Endpoint) => Who::Endpoint(from),
            (None, Identity::Ip) => Who::Ip(ip),
        };
        (identity, id)
    }

    /// Whether a client at `ip` with this profile may release others' locks.
    pub(super) fn is_operator(&self, profile: ProfileId, ip: IpAddr) -> bool {
        let by_default = self.access.operators == Operators::Loopback && ip.is_loopback();
        self.profile(profile).operator.unwrap_or(by_default)
    }

    fn find(&self, from: Endpoint) -> ProfileId {
        let ip = from.address.ip();
        // A link-local IPv6 address is compared without the interface that a datagram names.
        let address = SocketAddr::new(ip, from.address.port());
        // An entry for one port is for a UDP port.
        let by_port = from.is_udp().then(|| self.endpoints.get(&address));
        let exact = by_port.flatten().or_else(|| self.ips.get(&ip)).copied();
        let within = || self.subnets.iter().find(|(subnet, _)| subnet.contains(ip));
        exact
            .or_else(|| within().map(|&(_, id)| id))
            .unwrap_or_default()
    }
}

fn plain(show: &Show) -> Profile {
    Profile {
        name: String::new(),
        source: None,
        reply_port: None,
        priority: 0,
        operator: None,
        follow: Vec::new(),
        sync: false,
        write: None,
        echo: Echo::Always,
        snap_back: true,
        status: true,
        mapping: None,
        lamps: true,
        time_tags: show.gateway.time_tags,
        silence_timeout: show.sessions.silence_timeout,
        idle_timeout: show.sessions.idle_timeout,
    }
}

fn compile(patterns: &[String]) -> Vec<Pattern> {
    let compiled = patterns.iter().map(|text| Pattern::compile(text));
    compiled
        .map(|pattern| pattern.expect("patterns of a show are checked"))
        .collect()
}
