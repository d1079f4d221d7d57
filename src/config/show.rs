//! The show as it is meant: checked values with every default filled in.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

pub use crate::mapping::Echo;
use crate::mapping::Mapping;

/// A span after which something ends by itself; `None` is `"never"`.
pub type Timeout = Option<Duration>;

/// Everything a show file says, checked, with defaults for what it leaves out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Show {
    /// `[gateway]`.
    pub gateway: Gateway,
    /// `[access]`.
    pub access: Access,
    /// `[locks]`.
    pub locks: LockTimes,
    /// `[sessions]`.
    pub sessions: Sessions,
    /// `[limits]`.
    pub limits: Limits,
    /// `[[client]]`, in file order. Names and sources are unique.
    pub clients: Vec<ClientEntry>,
    /// `[[address]]`, in file order: the first that matches wins.
    pub addresses: Vec<AddressRule>,
    /// The other files that it was made from, as messages call them: its mappings.
    pub files: Vec<String>,
}

/// `[gateway]`: the program itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// `name`: shown to clients.
    pub name: String,
    /// `listen`: the UDP addresses; port 0 picks a free one. Never empty.
    pub listen: Vec<SocketAddr>,
    /// Whether `listen` was written down (in the file or by a flag). Where it was not, a machine
    /// without IPv6 is served on IPv4 alone instead of refusing to start.
    pub listen_is_explicit: bool,
    /// `http`: where browsers and WebSockets are served (TCP); `None`: nowhere.
    pub http: Option<SocketAddr>,
    /// `time_tags`: when bundles act, of clients whose entry does not say it.
    pub time_tags: TimeTags,
    /// `schedule_horizon`: how far ahead a bundle's time tag may lie.
    pub schedule_horizon: Duration,
    /// `watch`: what happens when the show file is saved.
    pub watch: Watch,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            name: "oscgate".to_owned(),
            listen: vec![
                SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8900)),
                SocketAddr::from((Ipv6Addr::UNSPECIFIED, 8900)),
            ],
            listen_is_explicit: false,
            http: Some(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8900))),
            time_tags: TimeTags::Arrival,
            schedule_horizon: Duration::from_secs(10),
            watch: Watch::Report,
        }
    }
}

/// When a bundle acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeTags {
    /// When it arrives, whatever its time tag says: show machines' clocks disagree.
    #[default]
    Arrival,
    /// At its time tag.
    Schedule,
}

/// What happens when the show file is saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Watch {
    /// It is checked and the outcome reported; SIGHUP applies it.
    #[default]
    Report,
    /// It is applied once it has not changed for half a second.
    Apply,
    /// Nothing.
    Off,
}

/// `[access]`: who is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// `allow`: the sources that are served at all.
    pub allow: Vec<Allow>,
    /// `clients`: whether unlisted sources are served.
    pub clients: Clients,
    /// `identity`: who an unlisted source is.
    pub identity: Identity,
    /// `operators`: who may release others' locks beside the clients configured so.
    pub operators: Operators,
    /// `origins`: the web pages that may connect, beside those of the gateway itself and of the
    /// browser's own machine.
    pub origins: Vec<Origin>,
}

/// One element of `origins`: where a web page comes from, as browsers say it (RFC 6454).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Wherever from, files too.
    Any,
    /// `scheme://host`, with `:port` where it is not the scheme's own, in lower case; or `null`, a
    /// page that was opened as a file.
    One(String),
}

impl Access {
    /// Whether `allow` has a source at this IP.
    #[must_use]
    pub fn allows(&self, ip: IpAddr) -> bool {
        self.allow.iter().any(|allow| match allow {
            Allow::Any => true,
            Allow::Private => is_private(ip),
            Allow::Subnet(subnet) => subnet.contains(ip),
        })
    }
}

/// Loopback, RFC 1918, link-local (RFC 3927, RFC 4291) and unique local (RFC 4193) addresses.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unique_local(),
    }
}

impl Default for Access {
    fn default() -> Self {
        Self {
            allow: vec![Allow::Private],
            clients: Clients::Any,
            identity: Identity::Endpoint,
            operators: Operators::Loopback,
            origins: Vec::new(),
        }
    }
}

/// One element of `allow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allow {
    /// Loopback, RFC 1918, link-local (RFC 3927, RFC 4291) and unique local (RFC 4193) addresses.
    Private,
    /// Every source.
    Any,
    /// The sources of one subnet.
    Subnet(Subnet),
}

/// Whether sources without a `[[client]]` entry are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clients {
    /// They are.
    Any,
    /// They are not answered.
    Listed,
}

/// Who an unlisted source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// One client for each IP and port.
    Endpoint,
    /// One client for each IP.
    Ip,
}

/// Who may release others' locks beside the clients configured so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operators {
    /// Programs that speak from a loopback address.
    Loopback,
    /// Nobody.
    None,
}

/// `[locks]`: the times of locks and denials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockTimes {
    /// `timeout`: how long a lock lasts after its last renewal.
    pub timeout: Duration,
    /// `denial_interval`: the least time between two denials of one stream.
    pub denial_interval: Duration,
    /// `settle`: how long a denied hand must be still.
    pub settle: Duration,
    /// `reflection`: how long a value that comes back is taken for a reflection; zero: never.
    pub reflection: Duration,
}

impl Default for LockTimes {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            denial_interval: Duration::from_millis(100),
            settle: Duration::from_millis(300),
            reflection: Duration::from_millis(250),
        }
    }
}

/// `[sessions]`: when a client is taken as gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sessions {
    /// `silence_timeout`: after this long without a packet, for a client that sends heartbeats.
    pub silence_timeout: Timeout,
    /// `idle_timeout`: the same for a client that never sent one.
    pub idle_timeout: Timeout,
    /// `unreachable`: what an ICMP port-unreachable answer means.
    pub unreachable: Unreachable,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            silence_timeout: Some(Duration::from_secs(10)),
            idle_timeout: Some(Duration::from_secs(60)),
            unreachable: Unreachable::Ignore,
        }
    }
}

/// What an ICMP port-unreachable answer to something sent to a client means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// Nothing.
    Ignore,
    /// Its session ends.
    Ends,
}

/// `[limits]`: what one show may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `clients`: clients known at one time.
    pub clients: u32,
    /// `addresses`: addresses with a value or a lock.
    pub addresses: u32,
    /// `addresses_per_client`: addresses that one unlisted client may create.
    pub addresses_per_client: u32,
    /// `packets_per_second`: packets taken from one client each second.
    pub packets_per_second: u32,
    /// `locks_per_client`: locks that one client may hold.
    pub locks_per_client: u32,
    /// `subscriptions_per_client`: patterns that one client may follow.
    pub subscriptions_per_client: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            clients: 1_024,
            addresses: 1_000_000,
            addresses_per_client: 20_000,
            packets_per_second: 20_000,
            locks_per_client: 1_024,
            subscriptions_per_client: 256,
        }
    }
}

/// A subnet in CIDR notation; a single address is a subnet of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subnet {
    /// The network address, its host bits zero.
    pub network: IpAddr,
    /// How many leading bits count: 0 to 32 or 128.
    pub prefix: u8,
}

impl Subnet {
    /// The subnet of one address. An IPv4-mapped IPv6 address becomes the IPv4 address.
    #[must_use]
    pub fn of(ip: IpAddr) -> Self {
        let network = ip.to_canonical();
        Self {
            network,
            prefix: if network.is_ipv4() { 32 } else { 128 },
        }
    }

    /// Whether it holds a single address.
    #[must_use]
    pub fn is_one_address(&self) -> bool {
        *self == Self::of(self.network)
    }

    /// Whether `ip` lies in this subnet. An IPv4-mapped IPv6 address counts as the IPv4 address.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.network, ip.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(ip)) => {
                let mask = u32::MAX
                    .checked_shl(32 - u32::from(self.prefix))
                    .unwrap_or(0);
                (ip.to_bits() & mask) == network.to_bits()
            }
            (IpAddr::V6(network), IpAddr::V6(ip)) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.prefix))
                    .unwrap_or(0);
                (ip.to_bits() & mask) == network.to_bits()
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

/// `source` of a `[[client]]`: which datagrams are this client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Those of one IP and port.
    Endpoint(SocketAddr),
    /// Those of one IP, whatever the port.
    Ip(IpAddr),
    /// Those of a subnet: one client for each IP.
    Subnet(Subnet),
}

/// One `[[client]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientEntry {
    /// Where its header stands: the line, from 1.
    pub line: usize,
    /// `name`.
    pub name: String,
    /// `source`.
    pub source: Source,
    /// `reply_port`: where answers and updates go; `None`: the packet's source port.
    pub reply_port: Option<u16>,
    /// `priority`, for `/oscgate/take`.
    pub priority: i32,
    /// `operator`; `None`: as `[access] operators` says.
    pub operator: Option<bool>,
    /// `follow`: compiled-checked address patterns that it follows without asking.
    pub follow: Vec<String>,
    /// `sync`: whether it is sent the stored values of what it follows when its session begins.
    pub sync: bool,
    /// `write`: patterns of what it may write and lock; `None`: everything.
    pub write: Option<Vec<String>>,
    /// `echo`: its own accepted writes back.
    pub echo: Echo,
    /// `snap_back`: whether a denial brings the true value.
    pub snap_back: bool,
    /// `status`: whether it is sent `/oscgate/status/…` unasked.
    pub status: bool,
    /// `time_tags`, its own or that of `[gateway]`.
    pub time_tags: TimeTags,
    /// `silence_timeout`, its own or that of `[sessions]`.
    pub silence_timeout: Timeout,
    /// `idle_timeout`, its own, that of its mapping, or that of `[sessions]`.
    pub idle_timeout: Timeout,
    /// `mapping`, with `root` before its gateway addresses; `None`: it uses those as they are.
    pub mapping: Option<Arc<Mapping>>,
}

/// One `[[address]]`: a rule for the addresses that a pattern matches.
#[derive(Clone, Debug, PartialEq)]
pub struct AddressRule {
    /// Where its header stands: the line, from 1.
    pub line: usize,
    /// `match`: an OSC address pattern.
    pub pattern: String,
    /// `args`: type tags without the comma; `None`: anything.
    pub args: Option<String>,
    /// `range`: least and greatest value of each number.
    pub range: Option<(f64, f64)>,
    /// `outside`: what happens to a number outside the range.
    pub outside: Outside,
    /// `lock`.
    pub lock: LockRule,
    /// `lock_timeout`; `None`: that of `[locks]`.
    pub lock_timeout: Option<Duration>,
    /// `hold`: for [`LockRule::Write`], how long the lock outlives the last write.
    pub hold: Duration,
    /// `event`.
    pub event: EventRule,
    /// `access`.
    pub access: ParameterAccess,
    /// `rate`: updates a second to each follower; `None`: each.
    pub rate: Option<u32>,
    /// `description`, for people and OSCQuery.
    pub description: Option<String>,
    /// `unit`, for people and OSCQuery.
    pub unit: Option<String>,
}

/// What happens to a number outside its range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outside {
    /// It becomes the nearest bound.
    #[default]
    Clip,
    /// The write is refused.
    Refuse,
}

/// How an address is locked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LockRule {
    /// By asking.
    #[default]
    Explicit,
    /// By writing, until the writer has been still for `hold`.
    Write,
    /// By asking, and nobody writes without.
    Required,
    /// Not at all.
    Never,
}

/// Whether an address with arguments is an event: passed on, never stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventRule {
    /// It is a value.
    #[default]
    No,
    /// It is an event.
    Yes,
    /// It is an event where its first argument is not 0 or false; the other edge goes nowhere.
    Press,
}

/// Whether clients may write an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParameterAccess {
    /// They may.
    #[default]
    ReadWrite,
    /// They may not.
    ReadOnly,
}
