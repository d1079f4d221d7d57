//! The destination that cannot keep up: not everything reaches it, but what does keeps the
//! promises about order and loss, and what does not is counted.

use std::collections::{BTreeMap, BTreeSet};

use oscgate::config::{EventRule, Show};
use oscgate::gateway::{Change, Outputs};
use oscgate::limits::{DATAGRAM_BYTES_MAX, QUEUE_BYTES_MAX, QUEUE_MESSAGES_MAX};
use oscgate::osc::{PacketView, Pattern};

use crate::history::{Pace, packet};
use crate::model::{Sent, for_machines};
use crate::stage::SLUGGARD;
use crate::tally::{Count, Tally};

/// What a datagram is, as far as it matters what may be dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Value(Vec<u8>),
    Event,
    Status,
    /// A value by the one show and an event by the other.
    Unclear,
}

/// Something that it should be sent.
#[derive(Debug)]
struct Due {
    kind: Kind,
    bytes: Vec<u8>,
    /// Within one group of one step the order is left open.
    group: (u64, u32),
}

/// What it should be sent and what it was sent since it last was up to date.
#[derive(Debug)]
pub(crate) struct Slow {
    pace: Pace,
    step: u64,
    expected: Vec<Due>,
    got: Vec<Vec<u8>>,
    dropped: u64,
    /// Addresses whose messages may be events in spite of their arguments.
    events: Vec<Pattern>,
}

impl Slow {
    pub(crate) fn new(family: &[Show]) -> Self {
        let rules = family.iter().flat_map(|show| &show.addresses);
        let events = rules.filter(|rule| rule.event != EventRule::No);
        let events = events.map(|rule| Pattern::compile(&rule.pattern).expect("rules are good"));
        Self {
            pace: Pace::Free,
            step: 0,
            expected: Vec::new(),
            got: Vec::new(),
            dropped: 0,
            events: events.collect(),
        }
    }

    pub(crate) fn pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// How many datagrams it takes this time.
    pub(crate) const fn sips(&self) -> u32 {
        match self.pace {
            Pace::Free | Pace::Blocked => 0,
            Pace::Sips(sips) => sips,
        }
    }

    pub(crate) fn holds_back(&self) -> bool {
        self.pace != Pace::Free
    }

    /// Whether what it is sent cannot be compared step by step.
    pub(crate) fn is_under_way(&self) -> bool {
        self.holds_back() || !self.expected.is_empty()
    }

    /// Notes what the model sends it because of one step.
    pub(crate) fn expect<'a>(&mut self, all: impl Iterator<Item = &'a Sent>) {
        self.step += 1;
        for sent in all {
            let due = Due {
                kind: self.kind(&sent.bytes),
                bytes: for_machines(&sent.bytes),
                group: (self.step, sent.group),
            };
            self.expected.push(due);
        }
    }

    /// Notes what the machine sent it.
    pub(crate) fn got(&mut self, bytes: &[u8]) {
        self.got.push(for_machines(bytes));
    }

    /// Notes what the machine says that it dropped.
    pub(crate) fn dropped(&mut self, out: &Outputs) {
        for change in out.changes() {
            if let Change::Overflow { to, dropped } = change {
                assert_eq!(to, SLUGGARD, "nobody else is slow");
                self.dropped += dropped;
            }
        }
    }

    /// Nothing waits any more: everything it was sent is held against what it should have been.
    pub(crate) fn settle(&mut self, tally: &mut Tally) -> Result<(), String> {
        if !self.is_under_way() || self.expected.is_empty() && self.got.is_empty() {
            return Ok(());
        }
        tally.one(Count::SlowPhases);
        tally.add(Count::Dropped, self.dropped);
        let judgement = self.judge();
        self.expected.clear();
        self.got.clear();
        self.dropped = 0;
        judgement.map_err(|what| format!("the slow destination: {what}"))
    }

    fn judge(&self) -> Result<(), String> {
        let kept = self.matched()?;
        let missing = self.expected.len() - self.got.len();
        if missing as u64 != self.dropped {
            return Err(format!(
                "{missing} never arrived, {} are counted",
                self.dropped
            ));
        }
        if missing == 0 {
            return Ok(());
        }
        // What would be left if every value that may be replaced were: if that fits, it is there.
        let needed = self.needed();
        if self.always_fit() {
            return Self::all_there(&self.expected, &kept, &needed, "though there was room");
        }
        let barriers: Vec<usize> =
            self.positions(|kind| matches!(kind, Kind::Event | Kind::Status));
        if self.fits(barriers.iter().copied()) {
            return Self::all_there(&self.expected, &kept, &barriers, "and values were not");
        }
        let status: Vec<usize> = self.positions(|kind| *kind == Kind::Status);
        if self.fits(status.iter().copied()) {
            return Self::all_there(&self.expected, &kept, &status, "and events were not");
        }
        Ok(())
    }

    /// Which of the expected arrived, each as late as possible: what is replaced is the older.
    fn matched(&self) -> Result<BTreeSet<usize>, String> {
        let mut kept = BTreeSet::new();
        let mut end = self.expected.len();
        for bytes in self.got.iter().rev() {
            let earlier = (0..end).rev().filter(|n| !kept.contains(n));
            let found = { earlier }.find(|&n| self.expected[n].bytes == *bytes);
            let Some(found) = found else {
                return Err(format!("{} comes out of order", packet(bytes)));
            };
            kept.insert(found);
            // What stands together may come in any order.
            let group = self.expected[found].group;
            let together = self.expected[found..].iter();
            end = found + together.take_while(|due| due.group == group).count();
        }
        Ok(kept)
    }

    /// The newest value of each address between two events or status messages, and those.
    fn needed(&self) -> Vec<usize> {
        let mut seen: BTreeSet<&[u8]> = BTreeSet::new();
        let mut needed = Vec::new();
        for (n, due) in self.expected.iter().enumerate().rev() {
            match &due.kind {
                Kind::Value(address) if !seen.insert(address) => continue,
                Kind::Unclear => continue,
                Kind::Value(_) => {}
                Kind::Event | Kind::Status => seen.clear(),
            }
            needed.push(n);
        }
        needed
    }

    fn positions(&self, which: impl Fn(&Kind) -> bool) -> Vec<usize> {
        let all = self.expected.iter().enumerate();
        all.filter(|(_, due)| which(&due.kind))
            .map(|(n, _)| n)
            .collect()
    }

    /// Whether what is needed fitted whenever something was added: a large value may have been
    /// replaced by a small one since.
    fn always_fit(&self) -> bool {
        let (mut count, mut bytes) = (0, 0);
        let mut newest: BTreeMap<&[u8], usize> = BTreeMap::new();
        for due in &self.expected {
            let length = due.bytes.len();
            let before = match &due.kind {
                Kind::Value(address) => newest.insert(address, length),
                // What may be an event takes its room whatever becomes of it.
                Kind::Unclear => None,
                Kind::Event | Kind::Status => {
                    newest.clear();
                    None
                }
            };
            count += usize::from(before.is_none());
            bytes = bytes + length - before.unwrap_or(0);
            if !has_room(count, bytes) {
                return false;
            }
        }
        true
    }

    fn fits(&self, which: impl Iterator<Item = usize>) -> bool {
        let (mut count, mut bytes) = (0, 0);
        // What may be an event takes its room whatever becomes of it.
        let unclear = self.positions(|kind| *kind == Kind::Unclear);
        for n in which.chain(unclear) {
            count += 1;
            bytes += self.expected[n].bytes.len();
        }
        has_room(count, bytes)
    }

    fn all_there(
        expected: &[Due],
        kept: &BTreeSet<usize>,
        needed: &[usize],
        though: &str,
    ) -> Result<(), String> {
        match needed.iter().find(|&n| !kept.contains(n)) {
            None => Ok(()),
            Some(&n) => {
                let what = packet(&expected[n].bytes);
                Err(format!("{what} was dropped {though}"))
            }
        }
    }

    fn kind(&self, bytes: &[u8]) -> Kind {
        if bytes.starts_with(b"/oscgate/") {
            return Kind::Status;
        }
        let view = PacketView::parse(bytes).expect("the gateway sends good packets");
        let message = view.messages().next().expect("it sends no empty bundles");
        let address = message.address();
        let text = std::str::from_utf8(address).expect("it was an address");
        if message.arguments().tags().is_empty() {
            Kind::Event
        } else if self.events.iter().any(|pattern| pattern.matches(text)) {
            Kind::Unclear
        } else {
            Kind::Value(address.to_vec())
        }
    }
}

/// Whether so much and another datagram fit into a queue.
const fn has_room(count: usize, bytes: usize) -> bool {
    count < QUEUE_MESSAGES_MAX && bytes <= QUEUE_BYTES_MAX - DATAGRAM_BYTES_MAX
}
