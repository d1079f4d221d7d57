//! What decides about an act on one address: the first code that applies, or the form in which it
//! goes on. Nothing here changes anything.

use std::time::Duration;

use super::clients::ClientId;
use super::code::Code;
use super::lock::{self, Outranks, Want};
use super::native::Hand;
use super::rules::{Nature, Rule, RuleId, Shape};
use super::table::AddressId;
use super::write::padded;
use super::{Asker, Gateway};
use crate::config::{LockRule, ParameterAccess};
use crate::limits::DATAGRAM_BYTES_MAX;
use crate::osc::Arguments;
use crate::time::Instant;

/// What a client wants done to one address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Act<'a> {
    /// The address, checked.
    pub(super) address: &'a str,
    /// The values to be written; `None`: the lock alone is meant.
    pub(super) values: Option<Arguments<'a>>,
    /// The whole message as it came, where it may go on as it is.
    pub(super) whole: Option<&'a [u8]>,
    /// What is wanted of the lock.
    pub(super) want: Want,
    /// The revision that the address must still have.
    pub(super) revision: Option<i64>,
    /// How the control was moved.
    pub(super) hand: Hand,
    /// Whether it may be a reflection: plain writes alone.
    pub(super) plain: bool,
}

impl Act<'_> {
    /// What its message is under a rule; `None`: it has none.
    pub(super) fn nature(&self, rule: &Rule) -> Option<Nature> {
        match self.values {
            Some(_) if self.hand.event => Some(Nature::Event),
            Some(values) => Some(rule.nature(values)),
            None => None,
        }
    }

    /// Whether it stores a value.
    pub(super) fn stores(&self, rule: &Rule) -> bool {
        self.nature(rule) == Some(Nature::Value)
    }

    /// For how long moving takes the lock; `None`: it does not.
    pub(super) fn hold(&self, rule: &Rule) -> Option<Duration> {
        let moves = self.want == Want::Write && self.stores(rule);
        match (rule.lock, self.hand.hold) {
            _ if !moves => None,
            (LockRule::Never, _) => None,
            (_, Some(hold)) => Some(hold),
            (LockRule::Write, None) => Some(rule.hold),
            (LockRule::Explicit | LockRule::Required, None) => None,
        }
    }
}

/// An address as it stands before an act: known, or only ruled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) id: Option<AddressId>,
    pub(super) rule: RuleId,
}

/// What is known of the lock of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// Who holds it.
    pub(super) holder: ClientId,
    /// For how long still.
    pub(super) remaining: Duration,
    /// See [`lock::Lock::asked_for`].
    pub(super) asked_for: bool,
}

/// An address as an act finds it: as the table has it or, in a bundle that is all-or-nothing, as
/// what stands before it in the bundle would have made it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// The rule for it.
    pub(super) rule: RuleId,
    /// Its lock.
    pub(super) lock: Option<Held>,
    /// Its revision; 0 where it has no value.
    pub(super) revision: i64,
}

impl Standing {
    /// Whether it has a value or a lock.
    pub(super) const fn is_known(&self) -> bool {
        self.lock.is_some() || self.has_value()
    }

    /// Whether it has a value.
    pub(super) const fn has_value(&self) -> bool {
        self.revision > 0
    }

    /// Who holds its lock.
    pub(super) fn holder(&self) -> Option<ClientId> {
        self.lock.map(|lock| lock.holder)
    }

    /// What an act that was judged good makes of it.
    pub(super) fn after(self, client: ClientId, act: &Act<'_>, rule: &Rule) -> Self {
        let nature = act.nature(rule);
        let stores = act.stores(rule);
        let hold = act.hold(rule);
        let asked_for = match act.want {
            Want::Lock | Want::Take => Some(true),
            Want::Write if hold.is_some() => Some(false),
            Want::Write | Want::Unlock | Want::WriteAndUnlock => None,
        };
        let own = self.lock.filter(|lock| lock.holder == client);
        let renewed = |asked_for: bool| Held {
            holder: client,
            remaining: if asked_for {
                rule.lock_timeout
            } else {
                hold.unwrap_or(rule.hold)
            },
            asked_for,
        };
        let lock = match (act.want, asked_for, own) {
            (Want::Unlock | Want::WriteAndUnlock, _, _) => None,
            (_, Some(asked_for), own) => {
                Some(renewed(asked_for || own.is_some_and(|own| own.asked_for)))
            }
            (_, None, Some(own)) if nature.is_some() => Some(renewed(own.asked_for)),
            (_, None, _) => self.lock,
        };
        let revision = self.revision + i64::from(stores);
        Self {
            lock,
            revision,
            ..self
        }
    }
}

/// What there is so far of what is limited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stock {
    /// Known addresses.
    pub(super) addresses: usize,
    /// Addresses that the asker's endpoint created.
    pub(super) created: u32,
    /// Locks that the asker holds.
    pub(super) locks: usize,
}

impl Gateway {
    /// Where an act is aimed at.
    pub(super) fn target(&mut self, address: &str) -> Target {
        let id = self.table.find(address);
        let rule = match id {
            Some(id) => {
                self.refresh(id);
                self.table.entry(id).rule
            }
            None => self.rules.find(address),
        };
        Target { id, rule }
    }

    /// An address as the table has it.
    pub(super) fn standing(&self, now: Instant, target: Target) -> Standing {
        let entry = target.id.map(|id| self.table.entry(id));
        let lock = entry.and_then(|entry| entry.lock.as_deref());
        Standing {
            rule: target.rule,
            lock: lock.map(|lock| Held {
                holder: lock.holder,
                remaining: lock.remaining(now),
                asked_for: lock.asked_for,
            }),
            revision: entry.map_or(0, |entry| entry.revision),
        }
    }

    /// What there is of what is limited.
    pub(super) fn stock(&self, client: ClientId) -> Stock {
        Stock {
            addresses: self.table.len(),
            created: self.clients.session(self.clients.root(client)).created,
            locks: self.clients.session(client).locks.len(),
        }
    }

    /// The first code that applies, in the order of the protocol; or the form in which the
    /// message goes on. Changes nothing but the buffer `tail`.
    pub(super) fn judge(
        &self,
        asker: Asker,
        act: &Act<'_>,
        (standing, stock): (Standing, Stock),
        tail: &mut Vec<u8>,
    ) -> Result<Shape, Code> {
        let rule = self.rules.rule(standing.rule);
        let profile = self.profiles.profile(self.profile_of(asker.client));
        if !profile.may_write(act.address) {
            return Err(Code::NotAllowed);
        }
        lock::allowed_by_rule(rule.lock, act.want)?;
        if rule.access == ParameterAccess::ReadOnly {
            return Err(Code::ReadOnly);
        }
        let holder = standing.holder();
        let outranks =
            Outranks(holder.is_some_and(|holder| profile.priority > self.priority(holder)));
        lock::check(holder, rule.lock, asker.client, act.want, outranks)?;
        if act
            .revision
            .is_some_and(|wanted| wanted != standing.revision)
        {
            return Err(Code::Conflict);
        }
        let shape = match act.values {
            Some(values) => rule.shape(values, tail)?,
            None => Shape::AsItCame,
        };
        if shape == Shape::Changed && padded(act.address) + tail.len() > DATAGRAM_BYTES_MAX {
            return Err(Code::Limit);
        }
        self.judge_limits(asker.client, act, standing, stock)?;
        Ok(shape)
    }

    fn judge_limits(
        &self,
        client: ClientId,
        act: &Act<'_>,
        standing: Standing,
        stock: Stock,
    ) -> Result<(), Code> {
        let rule = self.rules.rule(standing.rule);
        let stores = act.stores(rule);
        let locks = match act.want {
            Want::Lock | Want::Take => true,
            Want::Write => act.hold(rule).is_some(),
            Want::Unlock | Want::WriteAndUnlock => false,
        };
        let limits = &self.limits;
        if !standing.is_known() && (stores || locks) && stock.addresses >= limits.addresses as usize
        {
            return Err(Code::Limit);
        }
        let root = self.clients.root(client);
        if stores
            && !standing.has_value()
            && !self.profiles.profile(self.profile_of(root)).is_configured()
            && stock.created >= limits.addresses_per_client
        {
            return Err(Code::Limit);
        }
        if locks
            && standing.holder() != Some(client)
            && stock.locks >= limits.locks_per_client as usize
        {
            return Err(Code::Limit);
        }
        Ok(())
    }

    fn priority(&self, client: ClientId) -> i32 {
        self.profiles.profile(self.profile_of(client)).priority
    }
}
