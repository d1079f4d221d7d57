//! `sync`: what is stored, paced, in order, each value as it is when it is sent.

use std::collections::VecDeque;
use std::net::SocketAddr;

use oscgate::limits::{SYNC_BURST, SYNC_INTERVAL, SYNCS_PER_DESTINATION_MAX};
use oscgate::time::Instant;

use super::Model;
use super::codes::{self, Done, Outcome, Refusal, whole_ms};
use super::pattern::{covers, is_readable};
use super::people::{Asker, Key, Place};
use super::wire::{Arg, Letter, message, s};

/// What is still to be sent to one endpoint.
#[derive(Clone, Debug)]
pub(super) struct Syncing {
    pub(super) jobs: VecDeque<Job>,
    /// When it may be sent the next of it.
    pub(super) due: Instant,
}

/// One `sync`.
#[derive(Clone, Debug)]
pub(super) struct Job {
    wanted: Wanted,
    /// The last address that was looked at.
    after: Option<String>,
    count: i32,
}

#[derive(Clone, Debug)]
enum Wanted {
    Pattern(String),
    /// The sessions and locks that there were when it was asked.
    Status {
        pattern: String,
        marks: Vec<String>,
    },
    /// What the client is configured to follow; it has no end mark.
    Followed(Vec<String>),
}

impl Model {
    /// `/oscgate/sync`.
    pub(super) fn sync(&mut self, asker: &Asker, letter: &Letter) -> Outcome {
        let refuse = |code| Outcome::Refused(Refusal::error(code, &letter.address));
        let Some(pattern) = letter.string(0).filter(|_| letter.count() == 1) else {
            return refuse(codes::BAD_ARGUMENTS);
        };
        let Ok(pattern) = std::str::from_utf8(pattern) else {
            return refuse(codes::BAD_ARGUMENTS);
        };
        if !is_readable(pattern) {
            return refuse(codes::BAD_ADDRESS);
        }
        let to = (asker.who.key.clone(), asker.from);
        let waiting = self.syncs.get(&to).map_or(0, |sync| sync.jobs.len());
        if waiting >= SYNCS_PER_DESTINATION_MAX {
            return refuse(codes::LIMIT);
        }
        let pattern = pattern.to_owned();
        let wanted = if pattern.starts_with("/oscgate/") {
            let marks = self.status_items(&pattern).map(|(mark, _)| mark).collect();
            Wanted::Status { pattern, marks }
        } else {
            Wanted::Pattern(pattern)
        };
        self.begin_sync(to, wanted);
        Outcome::Done(Done::Nothing)
    }

    /// What a client configured so is sent when its session begins.
    pub(super) fn sync_followed(&mut self, key: &Key) {
        let at = self.sessions[key].endpoint;
        let followed = self
            .entry_of(key)
            .map_or(Vec::new(), |entry| entry.follow.clone());
        if !followed.is_empty() {
            self.begin_sync((key.clone(), at), Wanted::Followed(followed));
        }
    }

    fn begin_sync(&mut self, to: (Key, SocketAddr), wanted: Wanted) {
        let now = self.now;
        let sync = self.syncs.entry(to).or_insert(Syncing {
            jobs: VecDeque::new(),
            due: now,
        });
        sync.jobs.push_back(Job {
            wanted,
            after: None,
            count: 0,
        });
    }

    /// Sends what may go now.
    pub(super) fn sync_on(&mut self, whose: &(Key, SocketAddr)) {
        let mut sync = self.syncs.remove(whose).expect("something is to be sent");
        let mut job = sync.jobs.pop_front().expect("something is to be sent");
        let to = self.sync_place(whose, &job);
        let mut next = self.next_of(&job);
        let mut sent = 0;
        while let Some((after, item)) = next {
            if sent == SYNC_BURST {
                sync.jobs.push_front(job);
                sync.due = self.now + SYNC_INTERVAL;
                self.syncs.insert(whose.clone(), sync);
                return;
            }
            match item {
                Item::Value => self.send_stored(&to, &after),
                Item::Status(bytes) => {
                    let together = std::mem::replace(&mut self.together, true);
                    self.send(&to, bytes);
                    self.together = together;
                }
            }
            sent += 1;
            job.after = Some(after);
            job.count += 1;
            next = self.next_of(&job);
        }
        if !self.together {
            self.group += 1;
        }
        if let Wanted::Pattern(pattern) | Wanted::Status { pattern, .. } = &job.wanted {
            let arguments = [s(pattern), Arg::I(job.count)];
            self.send(&to, message("/oscgate/synced", &arguments));
        }
        // The next one has its turn in the next burst.
        if !sync.jobs.is_empty() {
            sync.due = self.now + SYNC_INTERVAL;
            self.syncs.insert(whose.clone(), sync);
        }
    }

    /// Where a job's values go now.
    fn sync_place(&self, whose: &(Key, SocketAddr), job: &Job) -> Place {
        let configured = match (&job.wanted, &whose.0) {
            (Wanted::Followed(_), Key::Listed(name) | Key::Member(name, _)) => {
                let places = self.configured_places(name);
                places.into_iter().find(|(_, key)| *key == whose.0)
            }
            _ => None,
        };
        configured.unwrap_or_else(|| self.place(&whose.0, whose.1))
    }

    /// What a job sends next, and the mark behind which it goes on.
    fn next_of(&self, job: &Job) -> Option<(String, Item)> {
        if let Wanted::Status { pattern, marks } = &job.wanted {
            let mut items = self
                .status_items(pattern)
                .filter(|(mark, _)| marks.contains(mark));
            return items.find(|(mark, _)| job.after.as_ref().is_none_or(|after| mark > after));
        }
        let wanted = |address: &str| match &job.wanted {
            Wanted::Pattern(pattern) | Wanted::Status { pattern, .. } => covers(pattern, address),
            Wanted::Followed(patterns) => patterns.iter().any(|pattern| covers(pattern, address)),
        };
        let mut stored = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.value.is_some());
        let next = stored.find(|(address, _)| {
            job.after.as_ref().is_none_or(|after| *address > after) && wanted(address)
        });
        next.map(|(address, _)| (address.clone(), Item::Value))
    }

    /// What is true now of sessions and locks, each with the mark that puts it in order.
    fn status_items(&self, pattern: &str) -> impl Iterator<Item = (String, Item)> {
        let mut items = Vec::new();
        if covers(pattern, "/oscgate/status/connected") {
            for (key, session) in &self.sessions {
                let bytes = message("/oscgate/status/connected", &self.introduction(key));
                items.push((
                    format!("sessions {:020}", session.serial),
                    Item::Status(bytes),
                ));
            }
        }
        if covers(pattern, "/oscgate/status/locked") {
            for (address, entry) in &self.entries {
                if let (Some(holder), Some(lock)) = (self.holder(address), &entry.lock) {
                    let remaining = whole_ms(self.remaining(lock));
                    let arguments = [s(address), s(self.name(holder)), Arg::I(remaining)];
                    let bytes = message("/oscgate/status/locked", &arguments);
                    items.push((format!("locked {address}"), Item::Status(bytes)));
                }
            }
        }
        items.sort_by(|(one, _), (other, _)| one.cmp(other));
        items.into_iter()
    }
}

enum Item {
    Value,
    Status(Vec<u8>),
}
