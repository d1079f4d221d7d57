//! What happens by itself at its time, found by looking at everything that could.

use std::net::SocketAddr;

use oscgate::limits::{CATCH_UP_MAX, HEARTBEAT_INTERVAL};
use oscgate::time::Instant;

use super::people::{Key, Place, Who};
use super::wire::Arg;
use super::{Happening, Model};

/// One thing that is due, in the order in which things of one moment happen.
#[derive(Clone, Debug)]
enum Due {
    Expired(String),
    StreamEnded((Who, String)),
    Settled((Who, String)),
    Thinned(String),
    Burst((Key, SocketAddr)),
    Bundle(u64),
    Heartbeat,
    Silent(Key),
}

impl Model {
    /// Holds time back while the gateway is behind, and lets it go on afterwards.
    pub(super) fn on_pace(&mut self, happening: &Happening) {
        if self.behind.is_some_and(|(_, until)| self.now >= until) {
            self.behind = None;
        }
        if let Happening::Behind { since } = happening {
            // It has not caught up with the first time yet; only the second begins anew.
            let first = self.behind.map_or(*since, |(first, _)| first);
            self.behind = Some((first, self.now + CATCH_UP_MAX));
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
        self.mind_the_beat();
        // Whether what goes to a session that ends now goes before its end is left open, so all of
        // it may be missing, and all that happens now is one group.
        self.ending = self.places_of_the_silent();
        self.together = !self.ending.is_empty();
        while let Some((at, due)) = self.first_due() {
            if at > self.judged() {
                break;
            }
            if !self.together && self.each_due().filter(|(other, _)| *other == at).count() > 1 {
                self.together = true;
            }
            self.as_of = Some(at);
            self.happen(due);
            self.as_of = None;
            let done = self.each_due().all(|(other, _)| other != at);
            if self.together && done && self.ending.is_empty() {
                self.together = false;
                self.group += 1;
            }
        }
        self.together = false;
        self.group += 1;
        self.ending.clear();
        self.ghosts.clear();
    }

    /// The destinations of the sessions that are silent for too long by now.
    fn places_of_the_silent(&self) -> Vec<Place> {
        let now = self.judged();
        let silent = self
            .sessions
            .keys()
            .filter(|key| self.silent_at(key).is_some_and(|at| at <= now));
        silent.flat_map(|key| self.places_of(key)).collect()
    }

    /// Begins the heartbeat with its first follower.
    fn mind_the_beat(&mut self) {
        if self.beat.is_none() && !self.followers("/oscgate/status/heartbeat").is_empty() {
            self.beat = Some(self.judged());
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
        let locks = self
            .entries
            .iter()
            .filter_map(|(address, entry)| -> Option<What<'_>> {
                let lock = entry.lock.as_ref()?;
                Some((lock.deadline, Box::new(|| Due::Expired(address.clone()))))
            });
        let sessions = self.sessions.keys().filter_map(|key| -> Option<What<'_>> {
            Some((self.silent_at(key)?, Box::new(|| Due::Silent(key.clone()))))
        });
        let streams = self.streams.iter().map(|(key, stream)| -> What<'_> {
            let end = stream.ends;
            (end, Box::new(|| Due::StreamEnded(key.clone())))
        });
        let settling = self.settling.iter().map(|(key, settling)| -> What<'_> {
            (settling.due, Box::new(|| Due::Settled(key.clone())))
        });
        let thinned = self
            .thinned
            .iter()
            .filter_map(|(key, thinned)| -> Option<What<'_>> {
                let due = thinned.waiting?;
                Some((due, Box::new(|| Due::Thinned(key.clone()))))
            });
        let syncs = self
            .syncs
            .iter()
            .filter_map(|(to, sync)| -> Option<What<'_>> {
                (!sync.jobs.is_empty()).then_some((sync.due, Box::new(|| Due::Burst(to.clone()))))
            });
        let bundles = self
            .waiting
            .iter()
            .map(|one| -> What<'_> { (one.due, Box::new(|| Due::Bundle(one.serial))) });
        let heartbeat = self
            .beat
            .map(|beat| -> What<'_> { (beat, Box::new(|| Due::Heartbeat)) });
        locks
            .chain(streams)
            .chain(settling)
            .chain(thinned)
            .chain(bundles)
            .chain(syncs)
            .chain(heartbeat)
            .chain(sessions)
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Expired(address) => self.end_lock(&address, "expired", None),
            Due::Silent(key) => self.end_session(&key, "silence"),
            Due::StreamEnded(key) => self.end_stream(&key),
            Due::Settled(key) => self.settle(&key),
            Due::Thinned(key) => self.let_through(&key),
            Due::Burst(to) => self.sync_on(&to),
            Due::Bundle(serial) => self.act_later(serial),
            Due::Heartbeat => {
                if self.followers("/oscgate/status/heartbeat").is_empty() {
                    self.beat = None;
                    return;
                }
                self.beat = Some(self.now + HEARTBEAT_INTERVAL);
                let seconds = self.now.as_micros() / 1_000_000;
                let count = i32::try_from(seconds % (1 << 31)).expect("31 bits");
                self.tell("heartbeat", &[Arg::I(count)], &[]);
            }
        }
    }
}
