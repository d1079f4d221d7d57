//! `sync`: what is stored, paced, in order, each value as it is when it is sent.

use std::collections::VecDeque;
use std::net::SocketAddr;

use oscgate::limits::{SYNC_BURST, SYNC_INTERVAL, SYNCS_PER_DESTINATION_MAX};
use oscgate::time::Instant;

use super::Model;
use super::codes::{self, Done, Outcome, Refusal, whole_ms};
use super::pattern::{covers, is_readable};
use super::people::{Asker, Key};
use super::wire::{Arg, Letter, message, s};

/// What is still to be sent to one destination.
#[derive(Clone, Debug)]
pub(super) struct Syncing {
    pub(super) jobs: VecDeque<Job>,
    pub(super) burst_began: Instant,
    sent: usize,
}

/// One `sync`.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) key: Key,
    wanted: Wanted,
    /// The last address that was looked at.
    after: Option<String>,
    count: i32,
}

#[derive(Clone, Debug)]
enum Wanted {
    Pattern(String),
    /// What the destination follows; it has no end mark.
    Followed,
}

impl Model {
    /// `/oscgate/sync`.
    pub(super) fn sync(&mut self, asker: &Asker, letter: &Letter) -> Outcome {
        let refuse = |code| Outcome::Refused(Refusal::error(code, &letter.address));
        let Some(pattern) = letter.string(0).filter(|_| letter.count() == 1) else {
            return refuse(codes::BAD_ARGUMENTS);
        };
        let Some(pattern) = std::str::from_utf8(pattern).ok().filter(|text| is_readable(text))
        else {
            return refuse(codes::BAD_ADDRESS);
        };
        let to = self.answers_to(asker);
        let waiting = self.syncs.get(&to).map_or(0, |sync| sync.jobs.len());
        if waiting >= SYNCS_PER_DESTINATION_MAX {
            return refuse(codes::LIMIT);
        }
        self.begin_sync(to, &asker.who.key, Wanted::Pattern(pattern.to_owned()));
        Outcome::Done(Done::Nothing)
    }

    /// What a client configured so is sent when its session begins.
    pub(super) fn sync_followed(&mut self, key: &Key) {
        let (Key::Listed(name) | Key::Member(name, _)) = key else {
            return;
        };
        for (to, one) in self.configured_places(&name.clone()) {
            if one == *key {
                self.begin_sync(to, key, Wanted::Followed);
            }
        }
    }

    fn begin_sync(&mut self, to: SocketAddr, key: &Key, wanted: Wanted) {
        let now = self.now;
        let sync = self.syncs.entry(to).or_insert(Syncing {
            jobs: VecDeque::new(),
            burst_began: now,
            sent: 0,
        });
        let idle = sync.jobs.is_empty();
        sync.jobs.push_back(Job {
            key: key.clone(),
            wanted,
            after: None,
            count: 0,
        });
        if idle {
            self.sync_on(to);
        }
    }

    /// Sends what may go now.
    pub(super) fn sync_on(&mut self, to: SocketAddr) {
        let now = self.now;
        let sync = self.syncs.get_mut(&to).expect("something is to be sent");
        if now >= sync.burst_began + SYNC_INTERVAL {
            sync.burst_began = now;
            sync.sent = 0;
        }
        loop {
            let sync = self.syncs.get_mut(&to).expect("it stays");
            let Some(mut job) = sync.jobs.pop_front() else {
                return;
            };
            let full = sync.sent >= SYNC_BURST;
            match self.next_of(&job, to) {
                Some(_) if full => {
                    self.syncs.get_mut(&to).expect("it stays").jobs.push_front(job);
                    return;
                }
                Some((after, item)) => {
                    match item {
                        Item::Value => self.send_stored(to, &after),
                        Item::Status(bytes) => self.send(to, bytes),
                    }
                    job.after = Some(after);
                    job.count += 1;
                    let sync = self.syncs.get_mut(&to).expect("it stays");
                    sync.jobs.push_front(job);
                    sync.sent += 1;
                }
                None => {
                    if let Wanted::Pattern(pattern) = &job.wanted {
                        let arguments = [s(pattern), Arg::I(job.count)];
                        self.send(to, message("/oscgate/synced", &arguments));
                    }
                }
            }
        }
    }

    /// What a job sends next, and the mark behind which it goes on.
    fn next_of(&self, job: &Job, to: SocketAddr) -> Option<(String, Item)> {
        if let Wanted::Pattern(pattern) = &job.wanted
            && pattern.starts_with("/oscgate/")
        {
            let mut items = self.status_items(pattern);
            return items.find(|(mark, _)| job.after.as_ref().is_none_or(|after| mark > after));
        }
        let wanted = |address: &str| match &job.wanted {
            Wanted::Pattern(pattern) => covers(pattern, address),
            Wanted::Followed => self.followers(address).get(&to) == Some(&job.key),
        };
        let mut stored = self.entries.iter().filter(|(_, entry)| entry.value.is_some());
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
                items.push((format!("connected {:020}", session.serial), Item::Status(bytes)));
            }
        }
        if covers(pattern, "/oscgate/status/locked") {
            for (address, entry) in &self.entries {
                if let (Some(holder), Some(lock)) = (self.holder(address), &entry.lock) {
                    let remaining = whole_ms(lock.deadline.since(self.judged()));
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
