//! What happens by itself at its time, found by looking at everything that could.

use std::net::SocketAddr;
use std::time::Duration;

use oscgate::limits::{HEARTBEAT_INTERVAL, SYNC_INTERVAL};
use oscgate::time::Instant;

use super::people::{Key, Who};
use super::wire::Arg;
use super::{Happening, Model};

/// How long a gateway that is behind may hold time back.
const BEHIND_MAX: Duration = Duration::from_secs(1);

/// One thing that is due, in the order in which things of one moment happen.
#[derive(Clone, Debug)]
enum Due {
    Expired(String),
    Silent(Key),
    StreamEnded((Who, String)),
    Settled((SocketAddr, String)),
    Thinned((SocketAddr, String)),
    Burst(SocketAddr),
    Bundle(u64),
    Heartbeat,
}

impl Model {
    /// Holds time back while the gateway is behind, and lets it go on afterwards.
    pub(super) fn on_pace(&mut self, happening: &Happening) {
        if self.behind.is_some_and(|(_, until)| self.now >= until) {
            self.behind = None;
        }
        if let Happening::Behind { since } = happening {
            let until = self.now + BEHIND_MAX;
            self.behind.get_or_insert((*since, until));
        }
        if let Happening::CaughtUp = happening {
            self.behind = None;
        }
    }

    /// Lets everything happen that is due, in order of time.
    pub(super) fn run_due(&mut self) {
        if self.stopped {
            return;
        }
        while let Some((at, due)) = self.first_due() {
            if at > self.judged() {
                break;
            }
            if !self.together && self.each_due().filter(|(other, _)| *other == at).count() > 1 {
                self.together = true;
            }
            self.happen(due);
            if self.together && self.each_due().all(|(other, _)| other != at) {
                self.together = false;
                self.group += 1;
            }
        }
    }

    /// Every moment at which something is due, in order.
    pub(super) fn all_due(&self) -> Vec<Instant> {
        let mut due: Vec<Instant> = self.each_due().map(|(at, _)| at).collect();
        due.extend(self.behind.map(|(_, until)| until));
        due.sort();
        due.dedup();
        due
    }

    fn first_due(&self) -> Option<(Instant, Due)> {
        let (at, what) = self.each_due().min_by_key(|(at, _)| *at)?;
        Some((at, what()))
    }

    /// Everything that is due at some time; of one moment what comes first here happens first.
    fn each_due(&self) -> impl Iterator<Item = (Instant, Box<dyn FnOnce() -> Due + '_>)> {
        type What<'a> = (Instant, Box<dyn FnOnce() -> Due + 'a>);
        let locks = self.entries.iter().filter_map(|(address, entry)| -> Option<What<'_>> {
            let lock = entry.lock.as_ref()?;
            Some((lock.deadline, Box::new(|| Due::Expired(address.clone()))))
        });
        let sessions = self.sessions.keys().filter_map(|key| -> Option<What<'_>> {
            Some((self.silent_at(key)?, Box::new(|| Due::Silent(key.clone()))))
        });
        let streams = self.streams.iter().map(|(key, stream)| -> What<'_> {
            let end = stream.last + self.show.locks.settle;
            (end, Box::new(|| Due::StreamEnded(key.clone())))
        });
        let settling = self.settling.iter().map(|(key, settling)| -> What<'_> {
            (settling.due, Box::new(|| Due::Settled(key.clone())))
        });
        let thinned = self.thinned.iter().filter_map(|(key, thinned)| -> Option<What<'_>> {
            let due = thinned.waiting?;
            Some((due, Box::new(|| Due::Thinned(key.clone()))))
        });
        let syncs = self.syncs.iter().filter_map(|(to, sync)| -> Option<What<'_>> {
            let due = sync.burst_began + SYNC_INTERVAL;
            (!sync.jobs.is_empty()).then_some((due, Box::new(|| Due::Burst(*to))))
        });
        let bundles = self.waiting.iter().map(|one| -> What<'_> {
            (one.due, Box::new(|| Due::Bundle(one.serial)))
        });
        let heartbeat = self.began.map(|began| -> What<'_> {
            let seconds = u32::try_from(self.beats + 1).unwrap_or(u32::MAX);
            (began + HEARTBEAT_INTERVAL * seconds, Box::new(|| Due::Heartbeat))
        });
        locks
            .chain(sessions)
            .chain(streams)
            .chain(settling)
            .chain(thinned)
            .chain(syncs)
            .chain(bundles)
            .chain(heartbeat)
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Expired(address) => self.end_lock(&address, "expired", None),
            Due::Silent(key) => self.end_session(&key, "silence"),
            Due::StreamEnded(key) => self.end_stream(&key),
            Due::Settled(key) => self.settle(&key),
            Due::Thinned(key) => self.let_through(&key),
            Due::Burst(to) => self.sync_on(to),
            Due::Bundle(serial) => self.act_later(serial),
            Due::Heartbeat => {
                self.beats += 1;
                let count = i32::try_from(self.beats % (1 << 31)).expect("31 bits");
                self.tell("heartbeat", &[Arg::I(count)], &[]);
            }
        }
    }
}
