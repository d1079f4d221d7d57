//! A write: judged, stored, echoed.

use super::clients::ClientId;
use super::code::Code;
use super::denial::{Manner, Refusal};
use super::destination::Mark;
use super::judge::{Act, Target};
use super::lock::Want;
use super::locking::{Forced, Taken, Taking};
use super::output::Outputs;
use super::publish::News;
use super::request::Done;
use super::rules::{Nature, Shape};
use super::table::AddressId;
use super::{Asker, Gateway, UnlockCause};
use crate::limits::{PATTERN_CANDIDATES_MAX, PATTERN_DENIALS_MAX, PATTERN_MATCHES_MAX};
use crate::osc::{Arguments, Encoder, Pattern, append_message, string_bytes};
use crate::time::Instant;

impl Gateway {
    /// Does one act on one address, or refuses it and changes nothing.
    pub(super) fn act(
        &mut self,
        now: Instant,
        asker: Asker,
        act: &Act<'_>,
        out: &mut Outputs,
    ) -> Result<Done, Refusal> {
        let target = self.target(act.address);
        if self.is_reflection(now, asker, act, target) {
            self.stats.reflections += 1;
            return Ok(Done::Reflection);
        }
        let mut tail = std::mem::take(&mut self.tail);
        let (standing, stock) = (self.standing(now, target), self.stock(asker.client));
        let result = match self.judge(asker, act, (standing, stock), &mut tail) {
            Ok(shape) => Ok(self.apply(now, asker, act, target, (shape, &tail), out)),
            Err(code) => Err(self.deny(now, asker, act.address.as_bytes(), code, manner(act), out)),
        };
        self.tail = tail;
        result
    }

    /// Whether a plain write only sends back what its endpoint was sent a moment ago.
    pub(super) fn is_reflection(
        &mut self,
        now: Instant,
        asker: Asker,
        act: &Act<'_>,
        target: Target,
    ) -> bool {
        let (true, Some(id), Some(values)) = (act.plain, target.id, act.values) else {
            return false;
        };
        // What sends back whatever it is sent does not say on whose behalf.
        if asker.in_as {
            return false;
        }
        let sent = &self.clients.destination(asker.destination).sent;
        if sent.is_empty() || !act.stores(self.rules.rule(target.rule)) {
            return false;
        }
        let step = act.hand.native.then(|| self.mapping_of(asker)).flatten();
        let step = step.and_then(|mapping| mapping.step(act.address, values));
        let mark = step.map_or_else(|| Mark::Bytes(self.hash(values)), Mark::Step);
        let own = self.own_names(asker.client);
        let span = self.times.reflection;
        let sent = &mut self.clients.destination_mut(asker.destination).sent;
        sent.has(now, span, id, mark, own)
    }

    /// Does what was judged: lock, value, release, in this order, with nothing in between.
    fn apply(
        &mut self,
        now: Instant,
        asker: Asker,
        act: &Act<'_>,
        target: Target,
        (shape, tail): (Shape, &[u8]),
        out: &mut Outputs,
    ) -> Done {
        let rule = self.rules.rule(target.rule);
        let nature = act.nature(rule);
        let taking = match act.want {
            Want::Lock | Want::Take => Some(Taking::Asked),
            Want::Write => act.hold(rule).map(|_| Taking::Moved(act.hand.hold)),
            Want::Unlock | Want::WriteAndUnlock => None,
        };
        let id = match target.id {
            None if taking.is_some() || nature == Some(Nature::Value) => {
                let id = self.table.insert(act.address);
                self.refresh(id);
                Some(id)
            }
            id => id,
        };
        let mut taken = None;
        if let Some(id) = id {
            if act.want == Want::Take && !self.holds(asker.client, id) {
                let forced = Forced {
                    by: Some(asker.client),
                    reason: "",
                };
                self.end_lock(id, UnlockCause::Taken, forced, out);
            }
            if let Some(taking) = taking {
                taken = Some(self.take_or_renew(now, asker, id, taking, out));
            } else if nature.is_some() && self.holds(asker.client, id) {
                self.renew(now, asker, id);
            }
        }
        if let (Some(values), Some(nature)) = (act.values, nature) {
            self.write(now, asker, act, (id, nature), (shape, values, tail), out);
        }
        self.conclude(asker, act, id, taken, nature, out)
    }

    /// Stores and sends on what was accepted.
    fn write(
        &mut self,
        now: Instant,
        asker: Asker,
        act: &Act<'_>,
        (id, nature): (Option<AddressId>, Nature),
        (shape, values, tail): (Shape, Arguments<'_>, &[u8]),
        out: &mut Outputs,
    ) {
        if nature == Nature::Nothing {
            return;
        }
        let mut built = std::mem::take(&mut self.message);
        let message = match (shape, act.whole) {
            (Shape::AsItCame, Some(whole)) => whole,
            (Shape::AsItCame, None) => {
                built.clear();
                Encoder::begin_with(&mut built, act.address.as_bytes(), b"", values).rest(values);
                &built
            }
            (Shape::Changed, _) => {
                built.clear();
                append_message(&mut built, act.address.as_bytes(), tail);
                &built
            }
        };
        let tail = &message[padded(act.address)..];
        let news = News {
            address: act.address,
            id,
            message,
            tail,
            changed: shape == Shape::Changed || act.hand.clipped,
        };
        if let (Nature::Value, Some(id)) = (nature, id) {
            self.let_end_through(now, id, tail, out);
            self.store(asker, id, tail);
            self.publish_value(now, asker, id, &news, out);
        } else {
            self.publish_event(now, asker, &news, out);
        }
        self.message = built;
    }

    fn store(&mut self, asker: Asker, id: AddressId, tail: &[u8]) {
        let entry = self.table.entry_mut(id);
        if entry.value.is_empty() {
            let root = self.clients.root(asker.client);
            self.clients.session_mut(root).created += 1;
        }
        entry.value.set(tail);
        entry.revision += 1;
        self.stats.writes += 1;
        let writer = self.clients.client(asker.client).name;
        if entry.writer != writer {
            self.clients.names.drop_one(entry.writer);
            entry.writer = self.clients.names.keep(writer);
        }
    }

    /// Releases where that was wanted, answers what has no echo, and says what was done.
    fn conclude(
        &mut self,
        asker: Asker,
        act: &Act<'_>,
        id: Option<AddressId>,
        taken: Option<Taken>,
        nature: Option<Nature>,
        out: &mut Outputs,
    ) -> Done {
        let revision = id.map_or(0, |id| self.table.entry(id).revision);
        match act.want {
            Want::Write => Done::Written { revision },
            Want::Lock | Want::Take => {
                let id = id.expect("a locked address is known");
                if taken == Some(Taken::Renewed) && nature.is_none() {
                    self.answer_renewal(asker, id, out);
                }
                let lock = self
                    .table
                    .entry(id)
                    .lock
                    .as_ref()
                    .expect("it was just taken");
                Done::Locked {
                    length: lock.length,
                    revision,
                }
            }
            Want::Unlock | Want::WriteAndUnlock => {
                match id.filter(|&id| self.holds(asker.client, id)) {
                    Some(id) => self.unlock(asker, id, out),
                    None => self.answer_free(asker, act.address, UnlockCause::Released, out),
                }
                Done::Unlocked { revision }
            }
        }
    }

    /// Writes to every known address that a pattern matches, each judged on its own.
    pub(super) fn act_by_pattern(
        &mut self,
        now: Instant,
        asker: Asker,
        pattern: &Pattern,
        act: &Act<'_>,
        out: &mut Outputs,
    ) -> Result<Done, Refusal> {
        let mut found = std::mem::take(&mut self.found);
        let result = match self.matching(pattern, &mut found) {
            Ok(()) if found.is_empty() => Err(NONE_MATCHES),
            Ok(()) => self.act_on_each(now, asker, (pattern, &found), act, out),
            Err(code) => {
                let pattern = pattern.as_str().as_bytes();
                Err(self.deny(now, asker, pattern, code, Manner::Once, out))
            }
        };
        self.found = found;
        result
    }

    fn act_on_each(
        &mut self,
        now: Instant,
        asker: Asker,
        (pattern, found): (&Pattern, &[AddressId]),
        act: &Act<'_>,
        out: &mut Outputs,
    ) -> Result<Done, Refusal> {
        let configured = self
            .profiles
            .profile(self.profile_of(asker.client))
            .is_configured();
        let (mut written, mut denied, mut first) = (0, 0, None);
        let mut held_back: Option<(AddressId, Code)> = None;
        let mut address = std::mem::take(&mut self.address);
        for &id in found {
            address.clear();
            address.push_str(self.table.entry(id).name());
            let one = Act {
                address: &address,
                whole: None,
                plain: false,
                ..*act
            };
            let target = self.target(&address);
            let mut tail = std::mem::take(&mut self.tail);
            let standing = (self.standing(now, target), self.stock(asker.client));
            let judged = self.judge(asker, &one, standing, &mut tail);
            match judged {
                Ok(shape) => {
                    self.apply(now, asker, &one, target, (shape, &tail), out);
                    written += 1;
                }
                Err(code) => {
                    denied += 1;
                    first.get_or_insert_with(|| self.refusal(now, Some(id), code));
                    // The last answer is kept until it is known whether more are refused.
                    if configured || denied < PATTERN_DENIALS_MAX {
                        self.deny(now, asker, address.as_bytes(), code, Manner::Stream, out);
                    } else if denied == PATTERN_DENIALS_MAX {
                        held_back = Some((id, code));
                    }
                }
            }
            self.tail = tail;
        }
        match held_back {
            Some((id, code)) if denied == PATTERN_DENIALS_MAX => {
                address.clear();
                address.push_str(self.table.entry(id).name());
                self.deny(now, asker, address.as_bytes(), code, Manner::Stream, out);
            }
            Some(_) => {
                let pattern = pattern.as_str().as_bytes();
                self.deny(now, asker, pattern, Code::Limit, Manner::Once, out);
            }
            None => {}
        }
        self.address = address;
        first.map_or(Ok(Done::WrittenByPattern { count: written }), Err)
    }

    /// Lists the known addresses that a pattern matches, in address order, in place of what
    /// `found` holds; `Err`: too many, or too much to look through.
    pub(super) fn matching(
        &mut self,
        pattern: &Pattern,
        found: &mut Vec<AddressId>,
    ) -> Result<(), Code> {
        found.clear();
        let left = self.candidates_left;
        let mut looked_at = 0;
        for id in self.table.candidates(pattern) {
            looked_at += 1;
            // The first of a packet may look at all there is.
            if left < PATTERN_CANDIDATES_MAX && looked_at > left {
                return Err(Code::Limit);
            }
            if pattern.matches(self.table.entry(id).name()) {
                if found.len() >= PATTERN_MATCHES_MAX {
                    return Err(Code::Limit);
                }
                found.push(id);
            }
        }
        self.candidates_left = left.saturating_sub(looked_at);
        Ok(())
    }

    /// Whether a client holds the lock of an address.
    pub(super) fn holds(&self, client: ClientId, id: AddressId) -> bool {
        self.table
            .entry(id)
            .lock
            .as_ref()
            .is_some_and(|lock| lock.holder == client)
    }
}

/// A write to nothing.
pub(super) const NONE_MATCHES: Refusal =
    Refusal::plain(Code::NotFound, "no known address matches the pattern");

/// How the refusal of an act is answered.
pub(super) const fn manner(act: &Act<'_>) -> Manner {
    match act.want {
        Want::Write if act.revision.is_none() => Manner::Stream,
        Want::Lock if act.hand.touches => Manner::Stream,
        Want::Write | Want::Lock | Want::Unlock | Want::WriteAndUnlock | Want::Take => Manner::Once,
    }
}

/// How long an address is on the wire.
pub(super) const fn padded(address: &str) -> usize {
    string_bytes(address.len())
}
