//! What is kept of one client, and of its session.

use std::net::IpAddr;

use super::call::Books;
use super::clients::ClientId;
use super::deadlines::TimerId;
use super::destination::DestinationId;
use super::endpoint::Endpoint;
use super::names::NameId;
use super::profile::{ProfileId, Who};
use super::schedule::ScheduledId;
use super::table::AddressId;
use crate::time::Instant;

/// One client. It is kept while it has a session, and beyond that if it is configured.
#[derive(Debug)]
pub(super) struct Client {
    /// Who it is; `None`: a user behind another client.
    pub(super) who: Option<Who>,
    /// What it goes by.
    pub(super) name: NameId,
    /// What it went by before it took another name.
    pub(super) former_name: NameId,
    /// What it may do.
    pub(super) profile: ProfileId,
    /// Whether it is sent status messages unasked: as its profile says, also while a reload gives
    /// it another.
    pub(super) status: bool,
    /// The client that speaks for it (`/oscgate/as`).
    pub(super) parent: Option<ClientId>,
    /// Where it was heard from in this session.
    pub(super) sources: Vec<Endpoint>,
    /// Where it is spoken to.
    pub(super) destinations: Vec<DestinationId>,
    /// The destination that has its configured subscriptions, where no port is fixed for them.
    pub(super) last_heard_at: Option<DestinationId>,
    /// Its session, if it has one.
    pub(super) session: Option<Session>,
    /// Datagrams to it that the kernel would not take, since its session began.
    pub(super) unsent: u64,
    /// When it was last heard, in this session or before.
    pub(super) last_heard: Instant,
    /// From where it was heard then.
    pub(super) heard_from: Option<Endpoint>,
    /// The local address that it spoke to then, where the platform says it.
    pub(super) heard_over: Option<IpAddr>,
    /// When the link of that address last came back.
    pub(super) audible_from: Instant,
}

/// Something in a dialect that its mapping does not speak of.
#[derive(Debug)]
pub(super) struct Unmapped {
    /// Where it was addressed to.
    pub(super) address: Box<[u8]>,
    /// The type tags of the first.
    pub(super) tags: Box<[u8]>,
    /// How often it was said.
    pub(super) count: u64,
}

/// The time from a client's first good packet to its `bye`, silence or replacement.
#[derive(Debug)]
pub(super) struct Session {
    /// Which one it is of all that ever began.
    pub(super) number: u64,
    /// The endpoint that it began from.
    pub(super) endpoint: Endpoint,
    /// It has sent a heartbeat.
    pub(super) heartbeat: bool,
    /// It has sent a message under `/oscgate`.
    pub(super) spoke: bool,
    /// Followers have been told of it.
    pub(super) announced: bool,
    /// The reply port of its `hello`.
    pub(super) reply_port: Option<u16>,
    /// What it holds.
    pub(super) locks: Vec<AddressId>,
    /// How many addresses it created.
    pub(super) created: u32,
    /// Its wake-up for silence.
    pub(super) timer: Option<TimerId>,
    /// Packets that it may send at once, in millionths.
    pub(super) allowance: u64,
    /// When `allowance` was right.
    pub(super) allowance_at: Instant,
    /// What it called.
    pub(super) calls: Books,
    /// The users that it speaks for.
    pub(super) users: Vec<ClientId>,
    /// How many streams of denied writes it has.
    pub(super) streams: u32,
    /// Its bundles that wait for their time tag.
    pub(super) scheduled: Vec<ScheduledId>,
    /// The banks of its surface, once it has chosen one.
    pub(super) banks: Vec<i32>,
    /// What it said that its mapping does not speak of: the first so many addresses.
    pub(super) unmapped: Vec<Unmapped>,
}
