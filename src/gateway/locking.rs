//! How locks begin, are renewed and end; every ending is told.

use std::time::Duration;

use super::change::Change;
use super::clients::ClientId;
use super::code::UnlockCause;
use super::lock::Lock;
use super::output::Outputs;
use super::queue::Kind;
use super::reply::{Also, Status, StatusKind};
use super::table::AddressId;
use super::{Asker, Gateway, Timer};
use crate::config::LockRule;
use crate::mapping::When;
use crate::time::Instant;

/// How a lock comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taking {
    /// By asking for it.
    Asked,
    /// By moving a fader whose rule is `lock = "write"` or, for this long, whose dialect says so.
    Moved(Option<Duration>),
}

/// What came of taking a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is new, and its holder was told.
    New,
    /// Its holder had it already.
    Renewed,
}

impl Gateway {
    /// Takes a lock that is free, or renews the asker's own.
    pub(super) fn take_or_renew(
        &mut self,
        now: Instant,
        asker: Asker,
        id: AddressId,
        taking: Taking,
        out: &mut Outputs,
    ) -> Taken {
        let entry = self.table.entry_mut(id);
        if let Some(lock) = &mut entry.lock {
            debug_assert_eq!(
                lock.holder, asker.client,
                "another's lock was checked before"
            );
            lock.asked_for |= taking == Taking::Asked;
            if let Taking::Moved(own) = taking {
                lock.hold = own;
            }
            self.renew(now, asker, id);
            return Taken::Renewed;
        }
        let rule = self.rules.rule(entry.rule);
        let length = match taking {
            Taking::Asked => rule.lock_timeout,
            Taking::Moved(own) => own.unwrap_or(rule.hold),
        };
        let deadline = now + length;
        let place = asker.place(&self.clients);
        let locks = &mut self.clients.session_mut(asker.client).locks;
        let lock = Lock {
            holder: asker.client,
            deadline,
            length,
            hold: match taking {
                Taking::Asked => None,
                Taking::Moved(own) => own,
            },
            asked_for: taking == Taking::Asked,
            timer: self.deadlines.arm(deadline, Timer::Lock(id)),
            wake: deadline,
            place,
            position: locks.len(),
        };
        self.table.lock(id, lock);
        locks.push(id);
        self.locks += 1;
        self.tell_locked(id, length, Also::Asker(asker), out);
        Taken::New
    }

    /// Renews the asker's own lock. The wake-up stays where it is and looks again when it comes.
    pub(super) fn renew(&mut self, now: Instant, asker: Asker, id: AddressId) {
        let place = asker.place(&self.clients);
        let entry = self.table.entry_mut(id);
        let rule = self.rules.rule(entry.rule);
        let Some(lock) = &mut entry.lock else { return };
        // A rule that changed on reload holds from the next renewal on.
        lock.length = if lock.asked_for {
            rule.lock_timeout
        } else {
            lock.hold.unwrap_or(rule.hold)
        };
        lock.deadline = now + lock.length;
        lock.place = place;
        if lock.deadline < lock.wake {
            lock.wake = lock.deadline;
            self.deadlines.rearm(lock.timer, lock.deadline);
        }
    }

    /// The wake-up of a lock has come: it may have been renewed since it was set.
    pub(super) fn on_lock_due(&mut self, id: AddressId, out: &mut Outputs) {
        let lock = self
            .table
            .entry_mut(id)
            .lock
            .as_mut()
            .expect("the wake-up goes with its lock");
        lock.timer = self.deadlines.arm(lock.deadline, Timer::Lock(id));
        let was_renewed = lock.deadline > lock.wake;
        lock.wake = lock.deadline;
        if !was_renewed {
            self.release(id, UnlockCause::Expired, out);
        }
    }

    /// Ends the lock of an address, and tells its former holder and followers.
    pub(super) fn release(&mut self, id: AddressId, cause: UnlockCause, out: &mut Outputs) {
        self.release_for(
            id,
            cause,
            Forced {
                by: None,
                reason: "",
            },
            out,
        );
    }

    /// Ends the lock of an address on somebody's order.
    pub(super) fn release_for(
        &mut self,
        id: AddressId,
        cause: UnlockCause,
        forced: Forced<'_>,
        out: &mut Outputs,
    ) {
        self.end_lock(id, cause, forced, out);
        self.table.forget_if_unknown(id);
    }

    /// Ends the lock of an address that is locked again at once, or has a value.
    pub(super) fn end_lock(
        &mut self,
        id: AddressId,
        cause: UnlockCause,
        forced: Forced<'_>,
        out: &mut Outputs,
    ) {
        let Some(lock) = self.table.unlock(id) else {
            return;
        };
        self.deadlines.disarm(lock.timer);
        self.locks -= 1;
        self.take_from_list(&lock);
        let holder = self.clients.name(lock.holder);
        let address = self.table.entry(id).name();
        let by = forced.by.map_or("", |by| self.clients.name(by));
        out.change(Change::Unlocked {
            address,
            holder,
            cause,
            by,
            reason: forced.reason,
        });
        Status::Unlocked {
            address,
            holder,
            cause,
        }
        .write(&mut out.scratch);
        let also = match cause {
            // Its session is ending: it is not there to be told.
            UnlockCause::Disconnected => Also::Nobody,
            UnlockCause::Released
            | UnlockCause::Expired
            | UnlockCause::Taken
            | UnlockCause::Forced
            | UnlockCause::Withdrawn => Also::Client(lock.holder, Some(lock.place)),
        };
        self.tell(StatusKind::Unlocked, also, out);
        let said = (cause.as_str(), None);
        self.tell_lamps_of_lock(When::Unlocked, (id, lock.holder), said, out);
    }

    /// The asker releases its own lock, and is told where it asked.
    pub(super) fn unlock(&mut self, asker: Asker, id: AddressId, out: &mut Outputs) {
        let place = asker.place(&self.clients);
        let lock = self
            .table
            .entry_mut(id)
            .lock
            .as_mut()
            .expect("it is the asker's");
        lock.place = place;
        self.release(id, UnlockCause::Released, out);
    }

    /// Answers a release of an address that was free.
    pub(super) fn answer_free(
        &mut self,
        asker: Asker,
        address: &str,
        cause: UnlockCause,
        out: &mut Outputs,
    ) {
        if !asker.in_call && self.is_told_status(asker.client) {
            Status::Unlocked {
                address,
                holder: "",
                cause,
            }
            .write(&mut out.scratch);
            self.answer(asker, Kind::Status, out);
        }
    }

    /// Answers the renewal of a lock by a message without values, which has no echo.
    pub(super) fn answer_renewal(&mut self, asker: Asker, id: AddressId, out: &mut Outputs) {
        if !asker.in_call && self.is_told_status(asker.client) {
            let entry = self.table.entry(id);
            let timeout = entry.lock.as_ref().expect("it was just renewed").length;
            let (address, holder) = (entry.name(), self.clients.name(asker.client));
            Status::Locked {
                address,
                holder,
                timeout,
            }
            .write(&mut out.scratch);
            self.answer(asker, Kind::Status, out);
        }
    }

    fn take_from_list(&mut self, lock: &Lock) {
        let locks = &mut self.clients.session_mut(lock.holder).locks;
        locks.swap_remove(lock.position);
        if let Some(&moved) = locks.get(lock.position) {
            let moved = self.table.entry_mut(moved).lock.as_mut();
            moved.expect("what a client holds is locked").position = lock.position;
        }
    }

    /// Ends those locks of a client and its users that have run out at `due`, in address order.
    pub(super) fn release_overdue(&mut self, due: Instant, client: ClientId, out: &mut Outputs) {
        let mut overdue = self.clients.session(client).locks.clone();
        for &user in &self.clients.session(client).users {
            overdue.extend(&self.clients.session(user).locks);
        }
        let lock = |id: &AddressId| self.table.entry(*id).lock.as_ref();
        overdue.retain(|id| lock(id).is_some_and(|lock| lock.deadline <= due));
        overdue.sort_by(|&a, &b| self.table.entry(a).name().cmp(self.table.entry(b).name()));
        for id in overdue {
            self.release(id, UnlockCause::Expired, out);
        }
    }

    /// Ends all locks of a client, in address order.
    pub(super) fn release_all(&mut self, client: ClientId, cause: UnlockCause, out: &mut Outputs) {
        let mut locks = self.clients.session(client).locks.clone();
        locks.sort_by(|&a, &b| self.table.entry(a).name().cmp(self.table.entry(b).name()));
        for id in locks {
            self.release(id, cause, out);
        }
    }

    /// After a reload: locks whose rule is now `never` are withdrawn.
    pub(super) fn withdraw_locks(&mut self, out: &mut Outputs) {
        for client in self.clients.alive() {
            for id in self.clients.session(client).locks.clone() {
                self.refresh(id);
                if self.rules.rule(self.table.entry(id).rule).lock == LockRule::Never {
                    self.release(id, UnlockCause::Withdrawn, out);
                }
            }
        }
    }

    /// Tells that a lock was taken.
    fn tell_locked(&mut self, id: AddressId, timeout: Duration, also: Also, out: &mut Outputs) {
        let entry = self.table.entry(id);
        let lock = entry.lock.as_ref().expect("it was just taken");
        let (address, holder) = (entry.name(), self.clients.name(lock.holder));
        out.change(Change::Locked {
            address,
            holder,
            timeout,
        });
        Status::Locked {
            address,
            holder,
            timeout,
        }
        .write(&mut out.scratch);
        let whose = (id, lock.holder);
        self.tell(StatusKind::Locked, also, out);
        self.tell_lamps_of_lock(When::Locked, whose, ("", Some(timeout)), out);
    }
}

/// Who forced the end of a lock, and why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forced<'a> {
    /// The operator, or the client of higher priority.
    pub(super) by: Option<ClientId>,
    /// What the operator said.
    pub(super) reason: &'a str,
}
