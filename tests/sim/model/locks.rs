//! Locks: taken, renewed, ended, and told of; and the one place where a demand is carried out.

use std::net::SocketAddr;
use std::time::Duration;

use oscgate::time::Instant;

use super::codes::{Done, Outcome, whole_ms};
use super::follow::Kind;
use super::judge::{Demand, Ready, Wish};
use super::people::{Asker, Place, Who};
use super::wire::{Arg, message, s};
use super::{Model, Value};

/// How long a lock taken by movement lasts where no rule says it.
const HOLD_DEFAULT: Duration = Duration::from_secs(1);

/// A lock. It is free from its deadline on.
#[derive(Clone, Debug)]
pub(super) struct Lock {
    pub(super) holder: Who,
    /// From where it was taken or last renewed.
    pub(super) from: SocketAddr,
    pub(super) deadline: Instant,
    /// Whether a write took it, not a request.
    pub(super) by_write: bool,
}

impl Model {
    /// Who holds the lock of an address now.
    pub(super) fn holder(&self, address: &str) -> Option<&Who> {
        let lock = self.entries.get(address)?.lock.as_ref()?;
        (self.judged() < lock.deadline).then_some(&lock.holder)
    }

    /// How long a lock of this address lasts from now on.
    fn lock_span(&self, address: &str, by_write: bool) -> Duration {
        let rule = self.rule(address);
        if by_write {
            // Taken by movement it ends with it, whatever a later show says of such locks.
            return rule.map_or(HOLD_DEFAULT, |rule| rule.hold);
        }
        rule.and_then(|rule| rule.lock_timeout)
            .unwrap_or(self.show.locks.timeout)
    }

    /// Judges a demand, and carries it out if it may be.
    pub(super) fn demand(&mut self, asker: &Asker, demand: &Demand) -> Outcome {
        match self.judge(asker, demand) {
            Ok(ready) => Outcome::Done(self.carry_out(asker, demand, ready)),
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    fn carry_out(&mut self, asker: &Asker, demand: &Demand, ready: Ready) -> Done {
        let address = &demand.address;
        match demand.wish {
            Wish::Lock | Wish::Take => self.lock(asker, address, demand.tail.is_some()),
            Wish::None | Wish::Unlock => {
                let holds = self.holder(address) == Some(&asker.who);
                if ready.takes_by_write {
                    self.gain(asker, address, true);
                } else if holds && demand.tail.is_some() {
                    self.renew(asker, address);
                }
            }
        }
        if let Some((tail, changed, kind)) = ready.write {
            if kind == Kind::Value {
                self.let_end_through(address, &tail);
                self.store(asker, address, &tail);
            }
            if kind != Kind::OtherEdge {
                self.publish(asker, address, &tail, changed, kind);
            }
        }
        let revision = self.revision(address);
        match demand.wish {
            Wish::None => Done::Revision(revision),
            Wish::Lock | Wish::Take => Done::Locked {
                timeout: self.lock_span(address, false),
                revision,
            },
            Wish::Unlock => {
                self.unlock(asker, address);
                Done::Revision(revision)
            }
        }
    }

    fn lock(&mut self, asker: &Asker, address: &str, writes: bool) {
        match self.holder(address) {
            Some(holder) if *holder == asker.who => {
                let lock = self
                    .entries
                    .get_mut(address)
                    .and_then(|entry| entry.lock.as_mut());
                lock.expect("it is held").by_write = false;
                self.renew(asker, address);
                if !writes && asker.call.is_none() && self.takes_status(&asker.who.key) {
                    let own = self.answers_to(asker);
                    let bytes = message(
                        "/oscgate/status/locked",
                        &self.locked(asker, address, false),
                    );
                    self.send(&own, bytes);
                }
            }
            Some(_) => {
                self.end_lock(address, "taken", None);
                self.gain(asker, address, false);
            }
            None => self.gain(asker, address, false),
        }
    }

    /// Takes a free lock.
    fn gain(&mut self, asker: &Asker, address: &str, by_write: bool) {
        let deadline = self.now + self.lock_span(address, by_write);
        let holder = asker.who.clone();
        let lock = Lock {
            holder,
            from: asker.from,
            deadline,
            by_write,
        };
        self.known(address).lock = Some(lock);
        let own = self.answers_to(asker);
        self.tell("locked", &self.locked(asker, address, by_write), &[own]);
    }

    fn locked(&self, asker: &Asker, address: &str, by_write: bool) -> [Arg; 3] {
        let span = whole_ms(self.lock_span(address, by_write));
        [s(address), s(self.name(&asker.who)), Arg::I(span)]
    }

    fn renew(&mut self, asker: &Asker, address: &str) {
        let by_write = self.entries[address]
            .lock
            .as_ref()
            .is_some_and(|lock| lock.by_write);
        let deadline = self.now + self.lock_span(address, by_write);
        let entry = self.entries.get_mut(address).expect("it is locked");
        let lock = entry.lock.as_mut().expect("it is locked");
        lock.deadline = deadline;
        lock.from = asker.from;
    }

    /// Releases what the asker holds, or says that it is free.
    fn unlock(&mut self, asker: &Asker, address: &str) {
        let own = self.answers_to(asker);
        if self.holder(address).is_some() {
            // Its answer, wherever the lock was taken from: it is the former holder.
            let entry = self.entries.get_mut(address).expect("it is locked");
            entry.lock.as_mut().expect("it is locked").from = asker.from;
            self.end_lock(address, "released", Some(own));
        } else if asker.call.is_none() && self.takes_status(&asker.who.key) {
            let arguments = [s(address), s(""), s("released")];
            self.send(&own, message("/oscgate/status/unlocked", &arguments));
        }
    }

    /// `/oscgate/release`, by one who may.
    pub(super) fn force(&mut self, asker: &Asker, address: &str) -> Done {
        let own = self.answers_to(asker);
        if self.holder(address).is_some() {
            let also = asker.call.is_none().then_some(own);
            self.end_lock(address, "forced", also);
        } else if asker.call.is_none() && self.takes_status(&asker.who.key) {
            let arguments = [s(address), s(""), s("forced")];
            self.send(&own, message("/oscgate/status/unlocked", &arguments));
        }
        Done::Nothing
    }

    /// Ends a lock and tells its former holder, the followers, and `also`.
    pub(super) fn end_lock(&mut self, address: &str, cause: &str, also: Option<Place>) {
        let entry = self.entries.get_mut(address).expect("it is locked");
        let lock = entry.lock.take().expect("it is locked");
        if entry.value.is_none() {
            self.entries.remove(address);
        }
        let key = &lock.holder.key;
        let mut also: Vec<Place> = also.into_iter().collect();
        if self.sessions.contains_key(key) {
            also.push(self.place(key, lock.from));
        }
        let arguments = [s(address), s(self.name(&lock.holder)), s(cause)];
        self.tell("unlocked", &arguments, &also);
    }

    /// The entry of an address that the asker writes or locks.
    fn known(&mut self, address: &str) -> &mut super::Entry {
        self.entries.entry(address.to_owned()).or_default()
    }

    fn store(&mut self, asker: &Asker, address: &str, tail: &[u8]) {
        let key = asker.who.key.clone();
        let serial = self.sessions[&key].serial;
        let writer = self.name(&asker.who);
        let revision = self.revision(address) + 1;
        let entry = self.known(address);
        entry.creator.get_or_insert((key, serial));
        entry.value = Some(Value {
            tail: tail.to_vec(),
            revision,
            author: asker.who.clone(),
            writer,
        });
    }
}
