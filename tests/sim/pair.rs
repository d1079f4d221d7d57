//! The machine and its reference side by side: each step goes to both, and what they send is
//! compared, destination by destination.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use oscgate::gateway::{Event, Flow, Gateway, Outputs};
use oscgate::time::Instant;

use crate::audit::Audit;
use crate::dialect;
use crate::digest::Digest;
use crate::failure::Failure;
use crate::history::{History, Step, What, moment};
use crate::model::{Happening, Model, Sent, State, difference};
use crate::observe::Observer;
use crate::slow::Slow;
use crate::speech::{IMMEDIATELY, bundle};
use crate::stage::SLUGGARD;
use crate::tally::{Count, Tally};

/// A datagram that the machine sent.
#[derive(Clone, Copy, Debug)]
struct Item {
    to: SocketAddr,
    start: usize,
    end: usize,
}

/// What the machine sent because of one step.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    items: Vec<Item>,
    bytes: Vec<u8>,
    /// Positions, sorted by destination.
    order: Vec<usize>,
}

impl Outcome {
    fn rename(&mut self, name: fn(&[u8]) -> Option<&'static [u8]>) {
        let before = std::mem::take(self);
        for (to, bytes) in before.sent() {
            self.push(to, &dialect::renamed(bytes, name));
        }
        self.order = before.order;
    }

    fn clear(&mut self) {
        self.items.clear();
        self.bytes.clear();
    }

    fn push(&mut self, to: SocketAddr, bytes: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        let end = self.bytes.len();
        self.items.push(Item { to, start, end });
    }

    /// What was sent, each destination's in its order.
    pub(crate) fn sent(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        (self.items.iter()).map(|item| (item.to, &self.bytes[item.start..item.end]))
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    fn at(&self, n: usize) -> (SocketAddr, &[u8]) {
        let item = &self.items[self.order[n]];
        (item.to, &self.bytes[item.start..item.end])
    }

    fn sort(&mut self) {
        self.order.clear();
        self.order.extend(0..self.items.len());
        self.order.sort_by_key(|&n| self.items[n].to);
    }
}

/// Machine and model.
pub(crate) struct Pair {
    gateway: Gateway,
    out: Outputs,
    model: Model,
    audit: Audit,
    observer: Observer,
    slow: Slow,
    digest: Digest,
    pub(crate) tally: Tally,
    outcome: Outcome,
    over_rate: u64,
}

impl Pair {
    pub(crate) fn new(history: &History) -> Self {
        Self {
            gateway: Gateway::new(history.show.clone(), &history.sockets),
            out: Outputs::new(),
            model: Model::new(&history.show, &history.sockets),
            audit: Audit::new(history),
            observer: Observer::new(&history.show),
            slow: Slow::new(&history.family),
            digest: Digest::new(),
            tally: Tally::new(),
            outcome: Outcome::default(),
            over_rate: 0,
        }
    }

    /// Lets one step happen to both. What is wrong with the answer, if anything is; nothing
    /// may be asked of this pair any more then.
    pub(crate) fn step(&mut self, step: &Step) -> Result<(), Failure> {
        let done = catch_unwind(AssertUnwindSafe(|| self.try_step(step)));
        done.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
            let text = text.unwrap_or_default();
            Err(Failure::broken(format!("panicked: {text}")))
        })
    }

    /// What the machine sent because of the last step.
    pub(crate) fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Whether whoever speaks from here now has a dialect, and its bundles act when they come.
    pub(crate) fn speaks_dialect(&self, from: SocketAddr) -> bool {
        self.model.speaks_dialect(from)
    }

    /// When the machine wants to be woken.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.gateway.deadline()
    }

    /// What the model knows.
    pub(crate) fn state(&self) -> State {
        self.model.state()
    }

    /// What is known from outside.
    pub(crate) fn audit(&self) -> &Audit {
        &self.audit
    }

    /// The digest of all that went in and came out.
    pub(crate) fn digest(&self) -> u64 {
        self.digest.finish()
    }

    fn try_step(&mut self, step: &Step) -> Result<(), Failure> {
        self.outcome.clear();
        let happening = match &step.what {
            What::Pace(pace) => {
                self.slow.pace(*pace);
                return self.drain_slow();
            }
            What::Happens(happening) => happening,
        };
        self.gateway
            .handle(step.at, event(happening), &mut self.out);
        self.take();
        note(&mut self.digest, step.at, happening, &self.outcome);
        let expected = self.expected(step.at, happening);
        let dropped = std::mem::take(&mut self.model.bundles_dropped);
        self.tally.add(Count::ScheduledDropped, dropped as u64);
        self.slow.dropped(&self.out);
        self.compare(&expected)?;
        // Whoever hears it, and whoever looks on, knows what it means.
        self.outcome.rename(dialect::canonical);
        self.observer.observe(
            step.at,
            happening,
            &self.gateway,
            &self.out,
            &self.outcome,
            &mut self.tally,
        );
        let audited = (self.audit).check(
            step.at,
            happening,
            &self.out,
            &self.outcome,
            &mut self.tally,
        );
        audited.map_err(Failure::broken)?;
        self.out.clear_changes();
        self.check_slow()
    }

    /// What the model sends. It knows no limit on packets: one that was dropped for that is a
    /// sign of life, as an empty bundle is.
    fn expected(&mut self, at: Instant, happening: &Happening) -> Vec<Sent> {
        let dropped = self.gateway.stats().over_rate - self.over_rate;
        self.over_rate += dropped;
        let Happening::Datagram { from, via, .. } = happening else {
            return self.model.handle(at, happening);
        };
        if dropped == 0 {
            return self.model.handle(at, happening);
        }
        self.tally.one(Count::Floods);
        let sign = Happening::Datagram {
            from: *from,
            via: *via,
            bytes: bundle(IMMEDIATELY, &[]),
        };
        self.model.handle(at, &sign)
    }

    fn take(&mut self) {
        let Self {
            out, outcome, slow, ..
        } = self;
        let mut sips = slow.sips();
        out.take(|to, _, bytes| {
            let to = to.address;
            if to == SLUGGARD && slow.holds_back() {
                if sips == 0 {
                    return Flow::Later;
                }
                sips -= 1;
            }
            outcome.push(to, bytes);
            Flow::Taken
        });
        self.tally.add(Count::Outputs, self.outcome.len() as u64);
    }

    fn compare(&mut self, expected: &[Sent]) -> Result<(), Failure> {
        self.tally.one(Count::Checks);
        let all = |slow: &Slow, to| !slow.is_under_way() || to != SLUGGARD;
        self.outcome.sort();
        let mut order: Vec<usize> = (0..expected.len()).collect();
        order.sort_by_key(|&n| expected[n].to);
        if self.slow.is_under_way() {
            let due = expected.iter().filter(|sent| sent.to == SLUGGARD);
            self.slow.expect(due);
            order.retain(|&n| all(&self.slow, expected[n].to));
            let Outcome {
                items,
                bytes,
                order: sorted,
            } = &mut self.outcome;
            for item in items.iter().filter(|item| item.to == SLUGGARD) {
                self.slow.got(&bytes[item.start..item.end]);
            }
            sorted.retain(|&n| all(&self.slow, items[n].to));
        }
        if self.same(expected, &order) {
            return Ok(());
        }
        Err(self.difference(expected, &order))
    }

    /// Byte for byte, or as far as the contract says what is sent and in which order.
    fn same(&self, expected: &[Sent], order: &[usize]) -> bool {
        let exactly = order.len() == self.outcome.order.len()
            && order.iter().enumerate().all(|(n, &wanted)| {
                let (to, bytes) = self.outcome.at(n);
                expected[wanted].to == to && expected[wanted].bytes == bytes
            });
        if exactly {
            return true;
        }
        let wanted: Vec<Sent> = order.iter().map(|&n| expected[n].clone()).collect();
        let got = (0..self.outcome.order.len()).map(|n| self.outcome.at(n));
        let got: Vec<_> = got.map(|(to, bytes)| (to, bytes.to_vec())).collect();
        difference(&wanted, &got).is_none()
    }

    fn difference(&self, expected: &[Sent], order: &[usize]) -> Failure {
        let wanted = order
            .iter()
            .map(|&n| (expected[n].to, expected[n].bytes.as_slice()));
        let got = (0..self.outcome.order.len()).map(|n| self.outcome.at(n));
        Failure::difference(&wanted.collect::<Vec<_>>(), &got.collect::<Vec<_>>())
    }

    fn drain_slow(&mut self) -> Result<(), Failure> {
        self.take();
        for (_, bytes) in self.outcome.sent() {
            self.slow.got(bytes);
        }
        self.check_slow()
    }

    /// Looks at what the slow destination was sent once it has caught up.
    fn check_slow(&mut self) -> Result<(), Failure> {
        if self.out.is_empty() {
            return self.slow.settle(&mut self.tally).map_err(Failure::broken);
        }
        Ok(())
    }
}

/// The same as the machine takes it.
fn event(happening: &Happening) -> Event<'_> {
    match happening {
        Happening::Datagram { from, via, bytes } => Event::Datagram {
            from: *from,
            via: *via,
            bytes,
        },
        Happening::Unreachable { to } => Event::Unreachable { to: *to },
        Happening::Show(show) => Event::Show(show.clone()),
        Happening::Stop => Event::Stop,
        Happening::Timeout => Event::Timeout,
        Happening::WallClock { tag } => Event::WallClock { tag: *tag },
        Happening::Behind { since } => Event::Behind { since: *since },
        Happening::CaughtUp => Event::CaughtUp,
        Happening::Links { up } => Event::Links { up },
    }
}

fn note(digest: &mut Digest, at: Instant, happening: &Happening, outcome: &Outcome) {
    digest.number(at.as_micros());
    match happening {
        Happening::Datagram { from, bytes, .. } => {
            digest.place(*from);
            digest.bytes(bytes);
        }
        Happening::Timeout => digest.number(1),
        Happening::Unreachable { to } => digest.place(*to),
        Happening::Show(show) => digest.bytes(format!("{show:?}").as_bytes()),
        Happening::WallClock { tag } => digest.number(*tag),
        Happening::Behind { since } => digest.number(since.as_micros()),
        Happening::CaughtUp => digest.number(2),
        Happening::Links { up } => digest.bytes(format!("{up:?}").as_bytes()),
        Happening::Stop => digest.number(3),
    }
    for (to, bytes) in outcome.sent() {
        digest.place(to);
        digest.bytes(bytes);
    }
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a pair that wants to be woken at {:?}",
            self.deadline().map(moment)
        )
    }
}
