//! May it? The rules about one address, in the order of their codes.

use std::time::Duration;

use oscgate::config::{AddressRule, EventRule, LockRule, ParameterAccess};

use super::codes::{self, Refusal};
use super::convert::{convert, is_press};
use super::follow::{Changed, Kind};
use super::pattern::covers;
use super::people::{Asker, Who};
use super::wire::is_event_tail;
use super::{Model, Value};

/// What is asked of one address.
#[derive(Clone, Debug)]
pub(super) struct Demand {
    pub(super) address: String,
    /// What is to be written, if anything is.
    pub(super) tail: Option<Vec<u8>>,
    pub(super) wish: Wish,
    /// The revision that the address must have.
    pub(super) revision: Option<i64>,
}

/// What is to become of the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    None,
    Lock,
    Take,
    Unlock,
}

/// A demand that may be carried out.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    /// What is written, as the rule lets it be.
    pub(super) write: Option<(Vec<u8>, Changed, Kind)>,
    /// Whether the write takes the lock.
    pub(super) takes_by_write: bool,
}

impl Model {
    /// The rule of an address: the first that matches.
    pub(super) fn rule(&self, address: &str) -> Option<&AddressRule> {
        self.show
            .addresses
            .iter()
            .find(|rule| covers(&rule.pattern, address))
    }

    pub(super) fn value(&self, address: &str) -> Option<&Value> {
        self.entries.get(address)?.value.as_ref()
    }

    pub(super) fn revision(&self, address: &str) -> i64 {
        self.value(address).map_or(0, |value| value.revision)
    }

    /// Whether the demand may be carried out now, and what exactly is then written.
    pub(super) fn judge(&self, asker: &Asker, demand: &Demand) -> Result<Ready, Refusal> {
        let address = &demand.address;
        let refuse = |code| Err(Refusal::denial(code, address));
        let rule = self.rule(address);
        let lock_rule = rule.map_or(LockRule::Explicit, |rule| rule.lock);
        let wants_lock = matches!(demand.wish, Wish::Lock | Wish::Take);
        if !self.may_write(&asker.who.key, address) {
            return refuse(codes::NOT_ALLOWED);
        }
        if wants_lock && lock_rule == LockRule::Never {
            return refuse(codes::NOT_ALLOWED);
        }
        let read_only = rule.is_some_and(|rule| rule.access == ParameterAccess::ReadOnly);
        if read_only {
            return refuse(codes::READ_ONLY);
        }
        let holder = self.holder(address);
        if let Some(holder) = holder
            && *holder != asker.who
        {
            let may_take = demand.wish == Wish::Take
                && self.priority(&asker.who.key) > self.priority(&holder.key);
            if !may_take {
                return Err(self.held(address));
            }
        }
        let holds = holder == Some(&asker.who);
        if demand.tail.is_some() && lock_rule == LockRule::Required && !holds && !wants_lock {
            return refuse(codes::LOCK_REQUIRED);
        }
        if demand
            .revision
            .is_some_and(|wanted| wanted != self.revision(address))
        {
            return refuse(codes::CONFLICT);
        }
        let mut write = None;
        if let Some(tail) = &demand.tail {
            match written(rule, tail) {
                Ok(ready) => write = Some(ready),
                Err(code) => return refuse(code),
            }
        }
        let stores = matches!(write, Some((_, _, Kind::Value)));
        let takes_by_write =
            stores && holder.is_none() && lock_rule == LockRule::Write && demand.wish == Wish::None;
        let takes = takes_by_write || (wants_lock && !holds);
        let is_new = (stores || takes) && !self.entries.contains_key(address);
        // What a lock makes known is bounded by the locks of a client.
        let creates = stores && self.value(address).is_none();
        let limit = self.show.limits.addresses as usize;
        if (takes && self.holds_enough(&asker.who))
            || (is_new && self.entries.len() >= limit)
            || (creates && self.has_created_enough(&asker.who))
        {
            return refuse(codes::LIMIT);
        }
        Ok(Ready {
            write,
            takes_by_write,
        })
    }

    /// What remains of a lock that is live, if only because the gateway is behind: never nothing.
    pub(super) fn remaining(&self, lock: &super::locks::Lock) -> Duration {
        lock.deadline.since(self.now).max(Duration::from_micros(1))
    }

    /// That another holds the lock.
    pub(super) fn held(&self, address: &str) -> Refusal {
        let lock = self.entries[address].lock.as_ref().expect("it is held");
        Refusal {
            holder: self.name(&lock.holder),
            remaining: self.remaining(lock),
            ..Refusal::denial(codes::LOCK_HELD, address)
        }
    }

    fn holds_enough(&self, who: &Who) -> bool {
        let locks = self
            .entries
            .values()
            .filter_map(|entry| entry.lock.as_ref());
        let held = locks.filter(|lock| lock.holder == *who).count();
        held >= self.show.limits.locks_per_client as usize
    }

    fn has_created_enough(&self, who: &Who) -> bool {
        let session = self.sessions[&who.key].serial;
        let creator = Some((who.key.clone(), session));
        let created = self
            .entries
            .values()
            .filter(|entry| entry.creator == creator);
        !who.key.is_listed() && created.count() >= self.show.limits.addresses_per_client as usize
    }
}

/// What is written of these arguments, and whether as a value or an event.
fn written(
    rule: Option<&AddressRule>,
    tail: &[u8],
) -> Result<(Vec<u8>, Changed, Kind), &'static str> {
    let converted = match rule {
        Some(rule) => convert(rule, tail)?,
        None => tail.to_vec(),
    };
    let changed = if converted == tail {
        Changed::No
    } else {
        Changed::Yes
    };
    let event = rule.map_or(EventRule::No, |rule| rule.event);
    let kind = match event {
        EventRule::Press if !is_press(tail) => Kind::OtherEdge,
        EventRule::Press | EventRule::Yes => Kind::Event,
        EventRule::No if is_event_tail(tail) => Kind::Event,
        EventRule::No => Kind::Value,
    };
    Ok((converted, changed, kind))
}
