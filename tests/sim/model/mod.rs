//! A naive reference of the gateway: the protocol told a second time, slowly and plainly.
//!
//! It is written from the contract alone and shares no logic with the machine, so that the two
//! agree only where both are right. It keeps everything in sorted maps and lists, finds the rule
//! of an address anew each time, and finds what is due by looking at all that could be.
//!
//! Deliberately absent: bounded queues and limits on packets per second (what it sends is sent),
//! the log, and the texts for people in errors ([`difference`] passes over them).

mod atomic;
mod calls;
mod codes;
mod compare;
mod convert;
mod denials;
mod due;
mod follow;
mod judge;
mod locks;
mod packets;
mod pattern;
mod people;
mod reload;
mod requests;
mod schedule;
mod sessions;
mod sync;
mod values;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use oscgate::config::Show;
use oscgate::gateway::Via;
use oscgate::time::Instant;

use crate::dialect;
pub(crate) use compare::difference;
use denials::Stream;
use follow::{Settling, Thinned, Told};
use locks::Lock;
use people::{Key, Place, Session, Who};
use schedule::Waiting;
use sync::Syncing;

/// One thing that happens to the gateway.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    Datagram {
        from: SocketAddr,
        via: Via,
        bytes: Vec<u8>,
    },
    Timeout,
    Unreachable {
        to: SocketAddr,
    },
    Show(Box<Show>),
    WallClock {
        tag: u64,
    },
    Behind {
        since: Instant,
    },
    CaughtUp,
    Links {
        up: Vec<IpAddr>,
    },
    Stop,
}

/// A datagram that the gateway has to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Where to.
    pub(crate) to: SocketAddr,
    /// Whose that is.
    pub(super) whose: Key,
    /// What, whole.
    pub(crate) bytes: Vec<u8>,
    /// What is of one group stands together, and its order is left open by the contract.
    pub(crate) group: u32,
    /// Whether it may as well be missing: it goes to a session that ends at this very moment.
    pub(crate) maybe: bool,
}

/// The bytes of a message without the text for people that an error may end with.
pub(crate) fn for_machines(bytes: &[u8]) -> Vec<u8> {
    wire::for_machines(bytes)
}

/// A lock as [`Model::state`] tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LockState {
    pub(crate) address: String,
    pub(crate) holder: String,
    pub(crate) deadline: Instant,
}

/// A stored value as [`Model::state`] tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ValueState {
    pub(crate) address: String,
    pub(crate) tail: Vec<u8>,
    pub(crate) revision: i64,
}

/// A session as [`Model::state`] tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionState {
    pub(crate) name: String,
    pub(crate) endpoint: SocketAddr,
    /// When it is taken as gone if nothing more is heard.
    pub(crate) silent_at: Option<Instant>,
}

/// What the model knows, for checks and for aiming at deadlines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) locks: Vec<LockState>,
    pub(crate) values: Vec<ValueState>,
    pub(crate) sessions: Vec<SessionState>,
    /// Every moment at which something is due, in order.
    pub(crate) due: Vec<Instant>,
}

/// An address that has a value or a lock.
#[derive(Clone, Debug, Default)]
struct Entry {
    value: Option<Value>,
    lock: Option<Lock>,
    /// Which session of which client made it known.
    creator: Option<(Key, u64)>,
}

/// A stored value.
#[derive(Clone, Debug)]
struct Value {
    tail: Vec<u8>,
    revision: i64,
    author: Who,
    /// What its author was called when it wrote.
    writer: String,
}

/// The reference model of one gateway.
#[derive(Clone)]
pub(crate) struct Model {
    show: Show,
    sockets: Vec<SocketAddr>,
    now: Instant,
    /// While behind: as of when, and until when at most.
    behind: Option<(Instant, Instant)>,
    /// While something happens that was due a while ago: when it was.
    as_of: Option<Instant>,
    /// The local addresses that are up; all of them until it is told.
    links: Option<Vec<IpAddr>>,
    /// What the wall clock said, and when.
    wall: Option<(u64, Instant)>,
    stopped: bool,
    sessions: BTreeMap<Key, Session>,
    sessions_begun: u64,
    /// Where the configured clients were last heard, also after the end of their sessions.
    last_heard: BTreeMap<Key, SocketAddr>,
    last_heard_at: BTreeMap<Key, Instant>,
    entries: BTreeMap<String, Entry>,
    streams: BTreeMap<(Who, String), Stream>,
    settling: BTreeMap<(Who, String), Settling>,
    thinned: BTreeMap<String, Thinned>,
    told: BTreeMap<Place, Vec<Told>>,
    syncs: BTreeMap<(Key, SocketAddr), Syncing>,
    waiting: Vec<Waiting>,
    waiting_begun: u64,
    no_room_told: BTreeMap<IpAddr, Instant>,
    /// When the next heartbeat is due, while it has followers.
    beat: Option<Instant>,
    /// It is a copy on which an atomic bundle is tried: what it sends is nobody's to reflect.
    trying: bool,
    out: Vec<Sent>,
    group: u32,
    together: bool,
    /// The destinations of sessions that end while what is due happens.
    ending: Vec<Place>,
    /// What they followed while they were there.
    ghosts: Vec<(Place, String)>,
    /// Something of the atomic bundle that is tried was refused.
    objected: bool,
    /// How many bundles were dropped with the session of who sent them.
    pub(crate) bundles_dropped: usize,
    /// Clients whose entry appears with the show that is being put in force.
    renamed: BTreeSet<Key>,
}

impl Model {
    /// A gateway with this show that is bound to these sockets.
    pub(crate) fn new(show: &Show, sockets: &[SocketAddr]) -> Self {
        Self {
            show: show.clone(),
            sockets: sockets.to_vec(),
            now: Instant::ZERO,
            behind: None,
            as_of: None,
            links: None,
            wall: None,
            stopped: false,
            sessions: BTreeMap::new(),
            sessions_begun: 0,
            last_heard: BTreeMap::new(),
            last_heard_at: BTreeMap::new(),
            entries: BTreeMap::new(),
            streams: BTreeMap::new(),
            settling: BTreeMap::new(),
            thinned: BTreeMap::new(),
            told: BTreeMap::new(),
            syncs: BTreeMap::new(),
            waiting: Vec::new(),
            waiting_begun: 0,
            no_room_told: BTreeMap::new(),
            beat: None,
            trying: false,
            out: Vec::new(),
            group: 0,
            together: false,
            ending: Vec::new(),
            ghosts: Vec::new(),
            objected: false,
            bundles_dropped: 0,
            renamed: BTreeSet::new(),
        }
    }

    /// Lets one thing happen, and says what is to be sent because of it.
    pub(crate) fn handle(&mut self, now: Instant, happening: &Happening) -> Vec<Sent> {
        self.now = now;
        self.on_pace(happening);
        // Which links are up is said before it is asked who has not been heard.
        if let Happening::Links { up } = happening {
            self.on_links(up);
        }
        self.run_due();
        match happening {
            Happening::Datagram { from, via, bytes } => self.on_datagram(*from, *via, bytes),
            Happening::Timeout
            | Happening::Behind { .. }
            | Happening::CaughtUp
            | Happening::Links { .. } => {}
            Happening::Unreachable { to } => self.on_unreachable(*to),
            Happening::Show(show) => self.on_show(show),
            Happening::WallClock { tag } => self.wall = Some((*tag, now)),
            Happening::Stop => self.on_stop(),
        }
        self.run_due();
        self.group = 0;
        std::mem::take(&mut self.out)
    }

    /// What it knows.
    pub(crate) fn state(&self) -> State {
        let locks = self.entries.iter().filter_map(|(address, entry)| {
            let lock = entry.lock.as_ref()?;
            Some(LockState {
                address: address.clone(),
                holder: self.name(&lock.holder),
                deadline: lock.deadline,
            })
        });
        let values = self.entries.iter().filter_map(|(address, entry)| {
            let value = entry.value.as_ref()?;
            Some(ValueState {
                address: address.clone(),
                tail: value.tail.clone(),
                revision: value.revision,
            })
        });
        let sessions = self.sessions.iter().map(|(key, session)| SessionState {
            name: self.client_name(key),
            endpoint: session.endpoint,
            silent_at: self.silent_at(key),
        });
        State {
            locks: locks.collect(),
            values: values.collect(),
            sessions: sessions.collect(),
            due: self.all_due(),
        }
    }

    /// Sends a datagram.
    fn send(&mut self, to: &Place, bytes: Vec<u8>) {
        let bytes = if self.has_dialect(&to.1) {
            dialect::renamed(&bytes, dialect::native)
        } else {
            bytes
        };
        let group = self.group;
        let maybe = self.ending.contains(to);
        let (to, whose) = to.clone();
        self.out.push(Sent {
            to,
            whose,
            bytes,
            group,
            maybe,
        });
        if !self.together {
            self.group += 1;
        }
    }

    /// As of when what is due is due, and what is live is live.
    fn judged(&self) -> Instant {
        match (self.as_of, self.behind) {
            (Some(at), _) => at,
            (None, Some((since, _))) => since.min(self.now),
            (None, None) => self.now,
        }
    }
}
