//! Bundles that wait for their time tag.

use super::change::Change;
use super::clients::ClientId;
use super::code::Code;
use super::deadlines::TimerId;
use super::output::Outputs;
use super::reply::{Also, Status, StatusKind};
use super::request::is_request;
use super::session::Origin;
use super::{Asker, Gateway, Timer};
use crate::config::TimeTags;
use crate::limits::{
    PATTERN_CANDIDATES_MAX, SCHEDULED_BYTES_MAX, SCHEDULED_PER_CLIENT_BYTES_MAX,
    SCHEDULED_PER_CLIENT_MAX,
};
use crate::osc::{BundleView, ElementView, PacketView};
use crate::time::Instant;

/// What the wall clock said at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct WallClock {
    /// That moment.
    pub(super) now: Instant,
    /// What it said, as an OSC time tag.
    pub(super) tag: u64,
}

/// A year, as a difference of time tags. What is further ahead is no plan but another way of
/// counting: there are programs that count from 1970 or 2001.
const YEAR: u64 = (365 * 24 * 3600) << 32;

impl WallClock {
    /// When a time tag comes; [`Instant::ZERO`] for what is past. Time tags wrap in 2036, so only
    /// their difference counts.
    fn moment(self, tag: u64) -> Instant {
        let ahead = tag.wrapping_sub(self.tag);
        // 0 is said by programs that know no time, 1 is "immediately" (OSC 1.0).
        if tag <= 1 || ahead > YEAR {
            return Instant::ZERO;
        }
        let micros = (u128::from(ahead) * 1_000_000) >> 32;
        let micros = u64::try_from(micros).expect("a year in microseconds fits");
        self.now + std::time::Duration::from_micros(micros)
    }
}

/// How the bundles of one packet are timed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    /// When the bundle at hand acts: no bundle inside it acts before that.
    pub(super) floor: Instant,
    /// What the wall clock said when the packet came.
    pub(super) clock: WallClock,
}

impl Timing {
    /// When a bundle inside the one at hand acts.
    fn inside(self, bundle: BundleView<'_>) -> Self {
        let floor = self.clock.moment(bundle.time_tag()).max(self.floor);
        Self { floor, ..self }
    }

    /// Whether that is later: then it waits by itself.
    pub(super) fn waits(self, bundle: BundleView<'_>) -> bool {
        self.inside(bundle).floor > self.floor
    }
}

/// A bundle that waits.
#[derive(Debug)]
struct Waiting {
    client: ClientId,
    origin: Origin,
    timing: Timing,
    bytes: Box<[u8]>,
    timer: TimerId,
}

/// One of the bundles that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScheduledId(u32);

/// All bundles that wait.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    slots: Vec<Option<Waiting>>,
    free: Vec<u32>,
    bytes: usize,
}

impl Schedule {
    fn take(&mut self, id: ScheduledId) -> Waiting {
        let waiting = self.slots[id.0 as usize].take().expect("it waits");
        self.free.push(id.0);
        self.bytes -= waiting.bytes.len();
        waiting
    }

    fn free_slot(&mut self) -> ScheduledId {
        let id = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("what waits is bounded")
        });
        ScheduledId(id)
    }

    fn bytes_of(&self, ids: &[ScheduledId]) -> usize {
        let waiting = ids.iter().map(|id| &self.slots[id.0 as usize]);
        waiting.flatten().map(|waiting| waiting.bytes.len()).sum()
    }
}

impl Gateway {
    /// By what the bundles of a packet are timed; `None`: they act on arrival.
    pub(super) fn timing(&self, now: Instant, origin: Origin) -> Option<Timing> {
        let (_, profile) = self.profiles.identify(origin.from);
        match self.profiles.profile(profile).time_tags {
            TimeTags::Arrival => None,
            TimeTags::Schedule => self.wall_clock.map(|clock| Timing { floor: now, clock }),
        }
    }

    /// Keeps those bundles of a packet that are not due, or refuses the packet whole. Whether it
    /// may act, as far as it is due.
    pub(super) fn schedule(
        &mut self,
        now: Instant,
        origin: Origin,
        bundle: BundleView<'_>,
        timing: Timing,
        out: &mut Outputs,
    ) -> bool {
        let mut later = Vec::new();
        collect(bundle, timing, &mut later);
        if later.is_empty() {
            return true;
        }
        let first = bundle.messages().next();
        let address = first.map_or(&b"#bundle"[..], |message| message.address());
        let begins_with = if address == b"/oscgate/bye" {
            b""
        } else {
            address
        };
        // Who leaves without having been there leaves nothing behind.
        if begins_with.is_empty() && self.live_source(now, origin, out).is_none() {
            return !timing.waits(bundle);
        }
        let Some(asker) = self.asker(now, origin, begins_with, out) else {
            return false;
        };
        let horizon = now + self.horizon;
        let scheduled = &self.clients.session(asker.client).scheduled;
        let bytes: usize = later.iter().map(|(_, bundle)| bundle.bytes().len()).sum();
        let refused = if later.iter().any(|(timing, _)| timing.floor > horizon) {
            Some(Code::BadTime)
        } else if scheduled.len() + later.len() > SCHEDULED_PER_CLIENT_MAX
            || self.schedule.bytes_of(scheduled) + bytes > SCHEDULED_PER_CLIENT_BYTES_MAX
            || self.schedule.bytes + bytes > SCHEDULED_BYTES_MAX
        {
            Some(Code::Limit)
        } else {
            None
        };
        if let Some(code) = refused {
            if !self.clients.session(asker.client).announced {
                self.announce(asker, true, out);
            }
            let requests = bundle
                .messages()
                .any(|message| is_request(message.address()));
            self.clients.session_mut(asker.client).spoke |= requests;
            self.refuse_packet(asker, address, code, out);
            return false;
        }
        for &(timing, bundle) in &later {
            self.keep(asker.client, origin, timing, bundle);
        }
        !timing.waits(bundle)
    }

    fn keep(&mut self, client: ClientId, origin: Origin, timing: Timing, bundle: BundleView<'_>) {
        let id = self.schedule.free_slot();
        let timer = self.deadlines.arm(timing.floor, Timer::Scheduled(id));
        let bytes: Box<[u8]> = bundle.bytes().into();
        self.schedule.bytes += bytes.len();
        self.schedule.slots[id.0 as usize] = Some(Waiting {
            client,
            origin,
            timing,
            bytes,
            timer,
        });
        self.clients.session_mut(client).scheduled.push(id);
        self.stats.scheduled += 1;
    }

    fn refuse_packet(&mut self, asker: Asker, address: &[u8], code: Code, out: &mut Outputs) {
        self.stats.denials += 1;
        out.change(Change::Denied {
            address: &String::from_utf8_lossy(address),
            code,
            client: self.clients.name(asker.client),
            holder: "",
            same_ip: false,
        });
        Status::Denied {
            address,
            code,
            holder: "",
            remaining: std::time::Duration::ZERO,
        }
        .write(&mut out.scratch);
        self.tell(StatusKind::Denied, Also::Asker(asker), out);
    }

    /// The time tag of a bundle has come.
    pub(super) fn on_scheduled(&mut self, now: Instant, id: ScheduledId, out: &mut Outputs) {
        let waiting = self.schedule.take(id);
        let session = self.clients.session_mut(waiting.client);
        session.scheduled.retain(|&other| other != id);
        let packet = PacketView::parse(&waiting.bytes).expect("it was checked when it came");
        let ElementView::Bundle(bundle) = packet.root() else {
            unreachable!("only bundles wait");
        };
        self.candidates_left = PATTERN_CANDIDATES_MAX;
        self.act_bundle(now, waiting.origin, bundle, Some(waiting.timing), out);
    }

    /// Forgets what a client has scheduled: its session ends.
    pub(super) fn drop_scheduled(&mut self, client: ClientId) {
        for id in std::mem::take(&mut self.clients.session_mut(client).scheduled) {
            let waiting = self.schedule.take(id);
            self.deadlines.disarm(waiting.timer);
        }
    }
}

/// The bundles of a packet that act later than what is around them, outermost first. One that is
/// all-or-nothing acts as a whole.
fn collect<'a>(bundle: BundleView<'a>, around: Timing, later: &mut Vec<(Timing, BundleView<'a>)>) {
    let timing = around.inside(bundle);
    if around.waits(bundle) {
        later.push((timing, bundle));
    }
    if super::atomic::is_atomic(bundle) {
        return;
    }
    for element in bundle.elements() {
        match element {
            ElementView::Message(_) => {}
            ElementView::Bundle(inner) => collect(inner, timing, later),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(tag: u64) -> WallClock {
        WallClock {
            now: Instant::from_micros(5_000_000),
            tag,
        }
    }

    #[test]
    fn a_time_tag_ahead_is_a_moment_and_anything_else_is_past() {
        let clock = clock(4_000_000_000 << 32);
        let second = 1 << 32;
        let in_micros = |tag: u64| clock.moment(tag).as_micros();
        assert_eq!(in_micros(clock.tag + 3 * second / 2), 6_500_000);
        assert_eq!(
            in_micros(clock.tag + YEAR),
            5_000_000 + 365 * 86_400_000_000
        );
        for tag in [
            0,
            1,
            clock.tag - 1,
            clock.tag + YEAR + 1,
            1_800_000_000 << 32,
        ] {
            assert_eq!(clock.moment(tag), Instant::ZERO, "{tag}");
        }
    }

    #[test]
    fn time_tags_go_on_counting_when_their_seconds_wrap() {
        let clock = clock(u64::MAX - (1 << 31) + 1);
        assert_eq!(clock.moment(1 << 31).as_micros(), 6_000_000);
    }
}
