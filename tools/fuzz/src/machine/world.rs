//! A gateway, everybody around it, and what must hold between them at every moment.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::LazyLock;
use std::time::Duration;

use oscgate::gateway::{Change, Event, Flow, Gateway, Outputs, Via};
use oscgate::limits::{CHANGES_MAX, DATAGRAM_BYTES_MAX};
use oscgate::osc::{PacketView, decode_packet};
use oscgate::time::Instant;

use super::lines::Lines;
use super::message::{ADDRESSES, Message};
use super::probe::{Meta, Probe};
use super::shows;

/// Who speaks. The last is the gateway's own socket, and must never be answered.
pub(super) const SOURCES: [SocketAddr; 9] = [
    v4([127, 0, 0, 1], 1_001),
    v4([127, 0, 0, 1], 1_002),
    v4([10, 0, 0, 1], 1),
    v4([10, 0, 0, 1], 2),
    v4([10, 0, 1, 1], 1),
    v4([10, 0, 1, 2], 1),
    v4([192, 168, 0, 9], 7),
    v4([8, 8, 8, 8], 53),
    OWN,
];

const OWN: SocketAddr = v4([127, 0, 0, 1], 8_900);

const PROBE: SocketAddr = v4([10, 9, 9, 9], 9);

/// Who is sent something by a show, spoken or not.
const CONFIGURED: [SocketAddr; 3] = [
    PROBE,
    v4([192, 168, 0, 9], 9_100),
    v4([127, 0, 0, 1], 1_001),
];

/// The addresses that clients speak to.
const LINKS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, 254)),
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, 253)),
];

/// Ports that a show or a `hello` may name for those who have spoken.
const REPLY_PORTS: [u16; 4] = [9_000, 9_001, 9_100, 8_900];

/// One packet that asks about every address.
static QUESTIONS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut bytes = b"#bundle\0\0\0\0\0\0\0\0\x01".to_vec();
    for address in ADDRESSES {
        put(
            &mut bytes,
            &Message::new("/oscgate/meta").text(address.as_bytes()),
        );
    }
    bytes
});

/// One packet that asks for all locks and sessions.
static SYNC: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut bytes = Vec::new();
    Message::new("/oscgate/sync")
        .text(b"/oscgate/status/*")
        .write(&mut bytes);
    bytes
});

const fn v4(ip: [u8; 4], port: u16) -> SocketAddr {
    let [a, b, c, d] = ip;
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), port)
}

fn put(bundle: &mut Vec<u8>, message: &Message) {
    let at = bundle.len();
    bundle.extend([0; 4]);
    message.write(bundle);
    let size = u32::try_from(bundle.len() - at - 4).expect("a short message");
    bundle[at..at + 4].copy_from_slice(&size.to_be_bytes());
}

/// A gateway and what is around it.
pub(super) struct World {
    gateway: Gateway,
    out: Outputs,
    now: Instant,
    spoken: BTreeSet<SocketAddr>,
    slow: BTreeSet<SocketAddr>,
    probe: Probe,
    /// What was said of every address, as long as nothing has happened since.
    known: Option<Vec<Meta>>,
    /// The wall clock when the machine started, as a time tag.
    wall: u64,
    /// The replies to calls in this step.
    replies: Vec<Vec<u8>>,
    /// Packets in this step that were not taken, whatever the reason.
    not_taken: bool,
    /// A request failed in this step.
    failed: bool,
    /// Who speaks over a connection instead of by datagrams.
    pub(super) lines: Lines,
}

impl World {
    pub(super) fn new(show: usize) -> Self {
        let sockets = [
            SocketAddr::from(([0, 0, 0, 0], 8_900)),
            SocketAddr::from(([0; 16], 8_900)),
        ];
        let gateway = Gateway::new(shows::show(show), &sockets);
        let mut this = Self {
            gateway,
            out: Outputs::new(),
            now: Instant::from_micros(1),
            spoken: BTreeSet::new(),
            slow: BTreeSet::new(),
            probe: Probe::default(),
            known: None,
            wall: 0xe000_0000 << 32,
            replies: Vec::new(),
            not_taken: false,
            failed: false,
            lines: Lines::default(),
        };
        this.handle(Event::Links { up: &LINKS });
        // While there is room for it.
        this.datagram_of(PROBE, b"/oscgate/ping\0\0\0,\0\0\0");
        this
    }

    pub(super) fn handle(&mut self, event: Event<'_>) {
        self.probe.begin_step();
        self.add(event);
    }

    fn add(&mut self, event: Event<'_>) {
        self.known = None;
        trace(|| format!("{:>12} {}", self.now.as_micros(), told(&event)));
        self.gateway.handle(self.now, event, &mut self.out);
        let due = self.gateway.deadline();
        assert!(
            due.is_none_or(|due| due > self.now),
            "{due:?} was slept over at {:?}",
            self.now
        );
        self.drain();
    }

    pub(super) fn datagram(&mut self, source: usize, bytes: &[u8]) {
        let from = SOURCES[source];
        self.probe.begin_step();
        self.replies.clear();
        self.not_taken = false;
        self.failed = false;
        self.datagram_of(from, bytes);
    }

    fn datagram_of(&mut self, from: SocketAddr, bytes: &[u8]) {
        self.spoken.insert(from);
        let local = match from.port() {
            1 => Some(LINKS[0]),
            2 => Some(LINKS[1]),
            _ => None,
        };
        let before = self.gateway.stats().datagrams;
        match self.lines.of(from) {
            Some(connection) => self.add(Event::Packet { connection, bytes }),
            None => {
                let via = Via { socket: 0, local };
                self.add(Event::Datagram { from, via, bytes });
            }
        }
        assert_eq!(self.gateway.stats().datagrams, before + 1);
    }

    /// Takes what there is to send and to know.
    fn drain(&mut self) {
        assert!(self.out.changes().count() <= CHANGES_MAX);
        for change in self.out.changes() {
            let is_own = matches!(change, Change::Overflow { to, .. } if to == PROBE);
            self.probe.on_change(&change, is_own);
            self.failed |= matches!(change, Change::Failed { .. });
            self.not_taken |= matches!(
                change,
                Change::OverRate { .. }
                    | Change::NotServed { .. }
                    | Change::NoRoom { .. }
                    | Change::BadPacket { .. }
                    | Change::OwnSocket { .. }
                    | Change::Overflow { .. }
            );
        }
        self.probe.lost |= self.out.changes_lost() > 0;
        self.out.clear_changes();
        let mut waiting = self.out.waiting();
        let Self {
            out,
            spoken,
            slow,
            probe,
            replies,
            ..
        } = self;
        out.take(|to, via, bytes| {
            assert!(via.socket < 2);
            let to = to.address;
            if slow.contains(&to) {
                return Flow::Later;
            }
            waiting -= 1;
            trace(|| format!("             -> {to} {}", packet(bytes)));
            check_sent(to, bytes, spoken);
            let packet = PacketView::parse(bytes).expect("a good packet");
            for message in packet.messages() {
                if to == PROBE {
                    probe.on_message(&message);
                }
                if message.address() == b"/oscgate/reply" {
                    replies.push(message.bytes().to_vec());
                }
            }
            Flow::Taken
        });
        assert_eq!(self.out.waiting(), waiting, "it has lost count");
    }

    /// Lets time go on, waking the gateway whenever it wants; beyond some times, late.
    pub(super) fn pass(&mut self, micros: u64) {
        let end = self.now + Duration::from_micros(micros);
        for _ in 0..16 {
            let Some(due) = self.gateway.deadline().filter(|&due| due <= end) else {
                break;
            };
            self.now = self.now.max(due);
            self.handle(Event::Timeout);
        }
        self.now = self.now.max(end);
        self.handle(Event::Timeout);
    }

    /// Lets time go on without waking it.
    pub(super) fn jump(&mut self, micros: u64) {
        self.known = None;
        self.now = self.now + Duration::from_micros(micros);
    }

    /// To the very moment at which something is due, or just before it.
    pub(super) fn until_due(&mut self, early: u64) {
        if let Some(due) = self.gateway.deadline() {
            self.now = self.now.max(due - Duration::from_micros(early));
            self.handle(Event::Timeout);
        }
    }

    pub(super) fn reload(&mut self, show: usize) {
        self.handle(Event::Show(Box::new(shows::show(show))));
    }

    /// The time tag of a moment so many microseconds from now.
    pub(super) fn tag(&self, micros: i64) -> u64 {
        let micros = i128::from(self.now.as_micros()) + i128::from(micros);
        let span = (micros << 32) / 1_000_000;
        self.wall.wrapping_add(span as u64)
    }

    /// Says what the wall clock says, after somebody has set it.
    pub(super) fn wall_clock(&mut self, set_by_micros: i64) {
        let tag = self.tag(set_by_micros);
        let since_start = self.tag(0).wrapping_sub(self.wall);
        self.wall = tag.wrapping_sub(since_start);
        self.handle(Event::WallClock { tag });
    }

    /// The sockets were last seen empty so many microseconds ago.
    pub(super) fn behind(&mut self, micros: u64) {
        let since = self.now - Duration::from_micros(micros);
        self.handle(Event::Behind { since });
    }

    /// Some of the links are up.
    pub(super) fn links(&mut self, up: usize) {
        let up = &LINKS[up % 2..=up / 2];
        self.handle(Event::Links { up });
    }

    pub(super) fn toggle_slow(&mut self, source: usize) {
        let source = SOURCES[source];
        if self.slow.remove(&source) {
            // What has waited goes out now, and is no answer to what comes next.
            self.drain();
        } else {
            self.slow.insert(source);
        }
    }

    /// Asks about every address, and compares.
    pub(super) fn check(&mut self) {
        let _ = self.ask();
    }

    /// What is said of every address; `None` where it could not be asked.
    fn ask(&mut self) -> Option<Vec<Meta>> {
        if self.known.is_some() {
            return self.known.clone();
        }
        self.probe.begin_step();
        self.datagram_of(PROBE, &QUESTIONS);
        if self.probe.unheard || self.probe.lost {
            return None;
        }
        let metas = std::mem::take(&mut self.probe.metas);
        assert_eq!(metas.len() + self.probe.errors, ADDRESSES.len());
        for meta in &metas {
            self.probe.check(meta);
        }
        self.known = Some(metas);
        self.known.clone()
    }

    /// One message, and what it changed: nothing where it was denied, nothing that another holds.
    pub(super) fn watched(&mut self, source: usize, message: &Message) {
        let Some(before) = self.ask() else { return };
        let denials = self.gateway.stats().denials;
        let mut bytes = Vec::new();
        message.write(&mut bytes);
        self.datagram(source, &bytes);
        let denied = std::mem::take(&mut self.probe.denied);
        let one_denied = self.gateway.stats().denials == denials + 1;
        let Some(after) = self.ask() else { return };
        let takes = bytes.windows(13).any(|part| part == b"/oscgate/take");
        for old in &before {
            // One that has become too long to be told is not compared.
            let Some(new) = after.iter().find(|new| new.address == old.address) else {
                continue;
            };
            if denied.contains(&old.address) {
                assert_eq!(old, new, "denied, and done: {bytes:x?}");
            }
            let is_changed = old.revision != new.revision;
            if is_changed && !old.holder.is_empty() && !takes {
                assert_eq!(old.holder, new.writer, "written under a lock: {bytes:x?}");
            }
            assert!(
                new.revision <= old.revision + 1,
                "written twice: {bytes:x?}"
            );
        }
        let is_levels = bytes.windows(2).any(|part| part == b"//");
        let is_pattern = is_levels || bytes.iter().any(|byte| b"*?[{".contains(byte));
        if one_denied && !is_pattern && before.len() == after.len() && !takes {
            assert_eq!(before, after, "denied, and done: {bytes:x?}");
        }
    }

    /// A bundle of all or nothing: where anything is refused nothing is done.
    pub(super) fn all_or_nothing(&mut self, source: usize, bundle: &[u8]) {
        let Some(before) = self.ask() else { return };
        let denials = self.gateway.stats().denials;
        self.datagram(source, bundle);
        let is_refused = self.failed || self.gateway.stats().denials > denials;
        let Some(after) = self.ask() else { return };
        assert!(
            !is_refused || before == after,
            "refused, and done: {bundle:x?}"
        );
    }

    /// A call whose reply was lost: it is answered again and not done again.
    pub(super) fn called_twice(&mut self, source: usize, call: &Message) {
        let mut bytes = Vec::new();
        call.write(&mut bytes);
        let is_slow = self
            .slow
            .iter()
            .any(|slow| slow.ip() == SOURCES[source].ip());
        self.datagram(source, &bytes);
        if self.not_taken || is_slow {
            return;
        }
        let first = std::mem::take(&mut self.replies);
        assert_eq!(first.len(), 1, "one call, one reply: {bytes:x?}");
        let Some(before) = self.ask() else { return };
        self.datagram(source, &bytes);
        let ends = [&b"/oscgate/bye"[..], b"/oscgate/hello"];
        let ends = ends
            .iter()
            .any(|word| bytes.windows(word.len()).any(|part| part == *word));
        if self.not_taken || ends {
            return;
        }
        let second = std::mem::take(&mut self.replies);
        assert_eq!(first, second, "another answer: {bytes:x?}");
        let Some(after) = self.ask() else { return };
        assert_eq!(before, after, "done twice: {bytes:x?}");
    }

    /// A lock that nobody renews is free when its time is over.
    pub(super) fn wait_for_a_lock(&mut self) {
        let Some(metas) = self.ask() else { return };
        let held = metas.iter().filter(|meta| !meta.holder.is_empty());
        let Some(meta) = held.min_by_key(|meta| meta.remaining).cloned() else {
            return;
        };
        self.handle(Event::CaughtUp);
        let left = u64::try_from(meta.remaining).expect("it was checked") + 1;
        self.jump(left * 1_000);
        self.handle(Event::Timeout);
        let Some(metas) = self.ask() else { return };
        let after = metas.iter().find(|after| after.address == meta.address);
        assert!(
            after.is_none_or(|after| after.holder.is_empty()),
            "{meta:x?} lives on"
        );
    }

    /// What a `sync` tells is what was told one by one.
    pub(super) fn check_sync(&mut self) {
        self.handle(Event::CaughtUp);
        self.probe.begin_step();
        self.probe.synced = Some((Vec::new(), Vec::new(), false));
        self.datagram_of(PROBE, &SYNC);
        let synced = self.probe.synced.take();
        let Some((mut locks, mut names, true)) = synced else {
            return;
        };
        if self.probe.lost || self.probe.unheard {
            return;
        }
        locks.sort_unstable();
        names.sort_unstable();
        assert!(locks.iter().eq(self.probe.held.keys()), "{locks:x?}");
        assert!(names.iter().eq(self.probe.sessions.keys()), "{names:x?}");
    }

    /// The end: everybody is told, and nothing is held any more.
    pub(super) fn stop(&mut self) {
        self.slow.clear();
        self.handle(Event::Stop);
        if !self.probe.lost {
            assert!(self.probe.held.is_empty(), "{:x?}", self.probe.held);
            assert!(self.probe.sessions.is_empty(), "{:x?}", self.probe.sessions);
        }
        assert!(self.out.is_empty());
    }
}

/// What is sent is a good packet, and goes to somebody who wanted it.
fn check_sent(to: SocketAddr, bytes: &[u8], spoken: &BTreeSet<SocketAddr>) {
    assert!(bytes.len() <= DATAGRAM_BYTES_MAX && !bytes.is_empty());
    let is_host = || spoken.iter().any(|source| source.ip() == to.ip());
    let is_known = spoken.contains(&to) || CONFIGURED.contains(&to);
    assert!(
        is_known || (REPLY_PORTS.contains(&to.port()) && is_host()),
        "nobody asked for anything at {to}"
    );
    assert_ne!(to, OWN, "it talks to itself");
}

/// Whether a history is told on standard error as it happens: it is hard to see in the bytes.
static IS_TOLD: LazyLock<bool> = LazyLock::new(|| std::env::var_os("OSCGATE_FUZZ_TRACE").is_some());

fn trace(line: impl FnOnce() -> String) {
    if *IS_TOLD {
        eprintln!("{}", line());
    }
}

fn told(event: &Event<'_>) -> String {
    match event {
        Event::Datagram { from, bytes, .. } => format!("{from} {}", packet(bytes)),
        Event::Show(_) => "another show".to_owned(),
        Event::Timeout
        | Event::WallClock { .. }
        | Event::Behind { .. }
        | Event::CaughtUp
        | Event::Links { .. }
        | Event::Unreachable { .. }
        | Event::Unsent { .. }
        | Event::Packet { .. }
        | Event::Alive { .. }
        | Event::Closed { .. }
        | Event::Stop => format!("{event:?}"),
    }
}

fn packet(bytes: &[u8]) -> String {
    let Ok(messages) = decode_packet(bytes) else {
        return format!("bad: {bytes:x?}");
    };
    let mut line = String::new();
    for message in messages {
        let mut arguments = format!("{:?}", message.arguments);
        if arguments.len() > 200 {
            arguments = format!("{} bytes", arguments.len());
        }
        line += &format!("{:?} {arguments} ", message.address);
    }
    line
}
