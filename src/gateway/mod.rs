//! The machine: time and one event in, datagrams and changes out.
//!
//! It decides everything and waits for nothing: no clock, socket, thread, random number or log.
//! The same events at the same times always give the same outputs.
//!
//! ```
//! use oscgate::config::Show;
//! use oscgate::gateway::{Event, Flow, Gateway, Outputs, Via};
//! use oscgate::time::Instant;
//!
//! let listen = "127.0.0.1:8900".parse().unwrap();
//! let mut gateway = Gateway::new(Show::default(), &[listen]);
//! let mut out = Outputs::new();
//! let from = "127.0.0.1:5000".parse().unwrap();
//! let via = Via { socket: 0, local: None };
//! let bytes = b"/fader\0\0,f\0\0\x3f\0\0\0";
//! gateway.handle(Instant::ZERO, Event::Datagram { from, via, bytes }, &mut out);
//! out.take(|to, _, echo| {
//!     assert_eq!((to.address, echo), (from, &bytes[..]));
//!     Flow::Taken
//! });
//! ```

mod atomic;
mod bundle;
mod call;
mod change;
mod client;
mod clients;
mod code;
mod connection;
mod deadlines;
mod denial;
mod destination;
mod endpoint;
mod event;
mod follow;
mod hello;
mod judge;
mod lease;
mod links;
mod lock;
mod locking;
mod names;
mod native;
mod output;
mod pace;
mod places;
mod profile;
mod publish;
mod queue;
mod reading;
mod rehearsal;
mod rehearsed;
mod reload;
mod reply;
mod request;
mod room;
mod rules;
mod schedule;
mod serving;
mod session;
mod sorted;
mod sources;
mod spacing;
mod stats;
mod sync;
mod table;
mod tail;
#[cfg(test)]
mod tests;
mod touch;
mod translate;
mod write;

pub use change::Change;
pub use code::{Code, EndCause, UnlockCause};
pub use endpoint::{Carrier, ConnectionId, Endpoint};
pub use event::{Connection, Event, Flow, SendFailure, Via};
pub use output::Outputs;
pub use stats::Stats;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hashbrown::{DefaultHashBuilder, HashMap};

use crate::config::{Limits, LockTimes, Show, Unreachable};
use crate::limits::PATTERN_CANDIDATES_MAX;
use crate::mapping::Deeds;
use crate::osc::{ElementView, MessageView, PacketError, PacketView};
use crate::time::Instant;
use clients::{ClientId, Clients};
use deadlines::{Deadlines, TimerId};
use denial::{Stream, StreamKey};
use destination::{DestinationId, Place};
use follow::Followers;
use links::Links;
use pace::Pace;
use profile::Profiles;
use publish::{Settling, Thinned};
use request::{Asked, is_request};
use rules::Rules;
use schedule::{Schedule, ScheduledId, WallClock};
use session::{Origin, Rate};
use table::{AddressId, Table};
use translate::Translation;

/// The lock machine of one show.
#[derive(Debug)]
pub struct Gateway {
    // What the show says.
    name: String,
    profiles: Profiles,
    rules: Rules,
    times: LockTimes,
    limits: Limits,
    unreachable: Unreachable,
    /// How far ahead a bundle's time tag may lie.
    horizon: Duration,
    // Where it listens.
    sockets: Vec<SocketAddr>,
    links: Links,
    // What there is.
    table: Table,
    clients: Clients,
    followers: Followers,
    /// How many locks are held.
    locks: usize,
    /// How many sessions there ever were.
    sessions_begun: u64,
    // What is going on.
    pace: Pace,
    wall_clock: Option<WallClock>,
    schedule: Schedule,
    deadlines: Deadlines<Timer>,
    heartbeat_timer: Option<TimerId>,
    streams: HashMap<StreamKey, Stream>,
    thinned: HashMap<AddressId, Thinned>,
    settling: HashMap<(ClientId, AddressId), Settling>,
    /// The IPs that were told a moment ago that there is no room.
    refused: Vec<(IpAddr, Instant)>,
    /// How many addresses the patterns of this packet may still be held against.
    candidates_left: usize,
    stats: Stats,
    hasher: DefaultHashBuilder,
    // Buffers that are used again.
    tail: Vec<u8>,
    message: Vec<u8>,
    stored: Vec<u8>,
    meta: Vec<u8>,
    address: String,
    native_tail: Vec<u8>,
    deeds: Deeds,
    translation: Translation,
    paced: Vec<DestinationId>,
    found: Vec<AddressId>,
    held_back: Vec<AddressId>,
}

/// What a wake-up is for.
#[derive(Clone, Copy, Debug)]
enum Timer {
    /// A lock may have run out.
    Lock(AddressId),
    /// A client may have fallen silent.
    Silence(ClientId),
    /// A stream of denied writes may have ended.
    Stream(StreamKey),
    /// A thinned address has its turn.
    Thinned(AddressId),
    /// A hand may have become still.
    Settled(ClientId, AddressId),
    /// The time tag of a bundle has come.
    Scheduled(ScheduledId),
    /// The next burst of a `sync`.
    Sync(DestinationId),
    /// Something that is followed for a time may have ended.
    Leases(DestinationId),
    /// A control that nobody touches may have become still.
    Fingers(DestinationId),
    /// The next datagram to a device that loses what comes too fast.
    Spacing(DestinationId),
    /// The first event of all: who is configured is given a place.
    Start,
    /// The gateway's own sign of life.
    Heartbeat,
}

/// Who asks, and where the answer goes.
#[derive(Clone, Copy, Debug)]
struct Asker {
    /// The client; a user, where an endpoint speaks for one.
    client: ClientId,
    /// The endpoint, or its reply port.
    destination: DestinationId,
    /// The way that the packet came.
    via: Via,
    /// What carried it.
    carrier: Carrier,
    /// It calls: the reply is its answer.
    in_call: bool,
    /// An endpoint speaks for it.
    in_as: bool,
    /// In a bundle that is all-or-nothing, and was found good.
    in_atomic: bool,
}

impl Asker {
    fn place(&self, clients: &Clients) -> Place {
        Place {
            via: self.via,
            ..clients.place(self.destination)
        }
    }
}

impl Gateway {
    /// A machine for a checked show, listening on these sockets; [`Via::socket`] is an index into
    /// them.
    #[must_use]
    pub fn new(show: Show, sockets: &[SocketAddr]) -> Self {
        let mut this = Self {
            name: show.gateway.name.clone(),
            profiles: Profiles::new(&show),
            rules: Rules::new(&show.addresses, show.locks),
            times: show.locks,
            limits: show.limits,
            unreachable: show.sessions.unreachable,
            horizon: show.gateway.schedule_horizon,
            sockets: sockets.to_vec(),
            links: Links::default(),
            table: Table::default(),
            clients: Clients::new(),
            followers: Followers::new(),
            locks: 0,
            sessions_begun: 0,
            pace: Pace::Abreast,
            wall_clock: None,
            schedule: Schedule::default(),
            deadlines: Deadlines::new(),
            heartbeat_timer: None,
            streams: HashMap::new(),
            thinned: HashMap::new(),
            settling: HashMap::new(),
            refused: Vec::new(),
            candidates_left: PATTERN_CANDIDATES_MAX,
            stats: Stats::default(),
            hasher: DefaultHashBuilder::default(),
            tail: Vec::new(),
            message: Vec::new(),
            stored: Vec::new(),
            meta: Vec::new(),
            address: String::new(),
            native_tail: Vec::new(),
            deeds: Deeds::default(),
            translation: Translation::default(),
            paced: Vec::new(),
            found: Vec::new(),
            held_back: Vec::new(),
        };
        // Those who are told whether or not they have spoken need a look at the outbox.
        this.deadlines.arm(Instant::ZERO, Timer::Start);
        this
    }

    /// Takes one event. Whatever is due at `now` happens first; what the event sets off for this
    /// very moment happens with it.
    pub fn handle(&mut self, now: Instant, event: Event<'_>, out: &mut Outputs) {
        match event {
            // Nothing that is due happens before these: they say what is.
            Event::Behind { since } => self.pace.fall_behind(now, since),
            Event::CaughtUp => self.pace = Pace::Abreast,
            Event::Links { up } => {
                self.pace.move_on(now);
                self.on_links(now, up);
            }
            Event::Datagram { .. }
            | Event::Packet { .. }
            | Event::Alive { .. }
            | Event::Closed { .. }
            | Event::WallClock { .. }
            | Event::Timeout
            | Event::Unreachable { .. }
            | Event::Unsent { .. }
            | Event::Show(_)
            | Event::Stop => {
                self.pace.move_on(now);
                self.run_due(now, out);
                self.on_event(now, event, out);
            }
        }
        self.run_due(now, out);
        self.let_leave(now, out);
    }

    /// When [`Event::Timeout`] is wanted next.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.pace {
            Pace::Behind { until, .. } => Some(until),
            Pace::Abreast | Pace::Overdue => self.deadlines.next(),
        }
    }

    /// What was seen and done so far.
    #[must_use]
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    fn on_event(&mut self, now: Instant, event: Event<'_>, out: &mut Outputs) {
        match event {
            Event::Datagram { from, via, bytes } => {
                let from = Endpoint::udp(from);
                self.on_packet(now, Origin { from, via }, bytes, out);
            }
            Event::Packet { connection, bytes } => {
                self.on_packet(now, Origin::of(connection), bytes, out);
            }
            Event::Alive { connection } => self.on_alive(now, Origin::of(connection)),
            Event::Closed { connection } => self.on_closed(now, Origin::of(connection), out),
            Event::WallClock { tag } => self.wall_clock = Some(WallClock { now, tag }),
            Event::Timeout | Event::Behind { .. } | Event::CaughtUp | Event::Links { .. } => {}
            Event::Unreachable { to } => self.on_unreachable(to, out),
            Event::Unsent { to, failure } => self.on_unsent(to, failure, out),
            Event::Show(show) => self.on_show(now, &show, out),
            Event::Stop => self.on_stop(out),
        }
    }

    fn on_packet(&mut self, now: Instant, origin: Origin, bytes: &[u8], out: &mut Outputs) {
        self.stats.datagrams += 1;
        if !self.profiles.allows(origin.from) {
            self.stats.not_served += 1;
            return out.change(Change::NotServed {
                from: origin.from.address,
            });
        }
        let packet = match PacketView::parse(bytes) {
            Ok(packet) => packet,
            Err(cause) => return self.on_bad_packet(origin, cause, out),
        };
        if self.is_own_socket(origin) {
            self.stats.own_socket += 1;
            return out.change(Change::OwnSocket {
                from: origin.from.address,
            });
        }
        if self.heard(now, origin, out) == Rate::Over {
            return;
        }
        self.candidates_left = PATTERN_CANDIDATES_MAX;
        match packet.root() {
            ElementView::Message(message) => self.on_message(now, origin, &message, out),
            ElementView::Bundle(bundle) => self.on_bundle(now, origin, bundle, out),
        }
        if packet.is_empty() {
            // A bundle that holds nothing is a sign of life all the same.
            self.asker(now, origin, b"", out);
        }
    }

    fn on_message(
        &mut self,
        now: Instant,
        origin: Origin,
        message: &MessageView<'_>,
        out: &mut Outputs,
    ) {
        let Some(asker) = self.asker(now, origin, message.address(), out) else {
            return;
        };
        if self.on_native(now, asker, message, out) {
            return;
        }
        // A refusal has been answered; a caller's reply has been sent.
        let _ = self.ask(now, asker, &Asked::of(message), out);
    }

    /// Who sent a message; its session begins with it if it has none. `None`: there is no room,
    /// or it only takes its leave again.
    fn asker(
        &mut self,
        now: Instant,
        origin: Origin,
        address: &[u8],
        out: &mut Outputs,
    ) -> Option<Asker> {
        let known = self.live_source(now, origin, out);
        if known.is_none() && address == b"/oscgate/bye" {
            return None;
        }
        let (client, destination) = match known {
            Some(known) => known,
            None => self.begin(now, origin, out)?,
        };
        let asker = Asker {
            client,
            destination,
            via: origin.via,
            carrier: origin.from.carrier,
            in_call: false,
            in_as: false,
            in_atomic: false,
        };
        let requests = is_request(address);
        let session = self.clients.session_mut(client);
        session.spoke |= requests;
        // A hello announces it under its own name.
        if !session.announced && address != b"/oscgate/hello" {
            self.announce(asker, requests, out);
        }
        if !origin.from.is_udp() && known.is_some() {
            self.greet(asker, origin.from, address, out);
        }
        Some(asker)
    }

    fn on_bad_packet(&mut self, origin: Origin, cause: PacketError, out: &mut Outputs) {
        if cause == PacketError::Empty {
            self.stats.empty += 1;
            return;
        }
        self.stats.bad_packets[cause.index()] += 1;
        out.change(Change::BadPacket {
            from: origin.from.address,
            cause,
        });
    }

    fn run_due(&mut self, now: Instant, out: &mut Outputs) {
        let as_of = self.pace.as_of(now);
        // A deadline that moved is armed anew where it is now, even if that is past too: so all
        // things happen in the order of their own times, however late it is.
        while let Some((due, timer)) = self.deadlines.fire(as_of) {
            match timer {
                Timer::Lock(id) => self.on_lock_due(id, out),
                Timer::Silence(client) => self.on_silence(due, client, out),
                Timer::Stream(key) => self.on_stream(now, due, key, out),
                Timer::Thinned(id) => self.on_thinned(now, id, out),
                Timer::Settled(client, id) => self.on_settled(now, due, (client, id), out),
                Timer::Scheduled(id) => self.on_scheduled(now, id, out),
                Timer::Sync(id) => self.on_sync_step(now, id, out),
                Timer::Leases(id) => self.on_leases(due, id),
                Timer::Fingers(id) => self.on_fingers(now, due, id, out),
                Timer::Spacing(id) => self.on_spacing(now, id, out),
                Timer::Start => self.place_configured(now, out),
                Timer::Heartbeat => self.on_heartbeat(now, out),
            }
        }
    }

    fn on_unreachable(&mut self, to: SocketAddr, out: &mut Outputs) {
        if self.unreachable == Unreachable::Ignore {
            return;
        }
        // Two may be spoken to at one reply port; who came first goes first.
        let mut gone = self.clients.all_spoken_to_at(Endpoint::udp(to));
        gone.retain(|&client| self.clients.is_alive(client));
        gone.sort_unstable_by_key(|&client| self.clients.session(client).number);
        for client in gone {
            self.end(client, EndCause::Unreachable, out);
        }
    }

    fn on_unsent(&mut self, to: SocketAddr, failure: SendFailure, out: &mut Outputs) {
        self.stats.unsent += 1;
        let client = self.clients.spoken_to_at(Endpoint::udp(to));
        if let Some(client) = client {
            self.clients.client_mut(client).unsent += 1;
        }
        let client = client.map_or("", |client| self.clients.name(client));
        out.change(Change::Unsent {
            client,
            to,
            failure,
        });
    }

    fn on_stop(&mut self, out: &mut Outputs) {
        for client in self.clients.ids() {
            if self.clients.is_alive(client) {
                self.end(client, EndCause::Stopped, out);
            }
        }
    }
}
