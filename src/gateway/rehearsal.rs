//! A bundle that is all-or-nothing, gone through without doing anything: each of its messages is
//! judged as if those before it had acted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hashbrown::HashSet;

use super::call::{Caller, Calls};
use super::clients::ClientId;
use super::code::Code;
use super::denial::{Refusal, words};
use super::judge::{Act, Standing, Stock, Target};
use super::request::{About, Asked, Order, failed, read};
use super::table::AddressId;
use super::{Asker, Gateway};
use crate::limits::PATTERN_MATCHES_MAX;
use crate::osc::Pattern;
use crate::time::Instant;

/// What a bundle would make of everything, so far.
#[derive(Debug, Default)]
pub(super) struct Rehearsal<'a> {
    /// The first message that would be refused. What follows it is only looked at.
    pub(super) objection: Option<Objection<'a>>,
    /// Whether the message at hand only sends back what it was sent.
    pub(super) reflection: bool,
    /// The known addresses that the bundle would write, each once, as it names them.
    pub(super) to_write: Vec<AddressId>,
    /// The calls in it, in order.
    pub(super) callers: Vec<Caller>,
    listed: HashSet<AddressId>,
    touched: BTreeMap<String, Standing>,
    /// How many addresses become known.
    known: isize,
    tallies: Vec<(ClientId, Tally)>,
    /// What each client would have called.
    pub(super) calls: Vec<(ClientId, Calls)>,
    /// What the asking endpoint would follow.
    pub(super) subscriptions: Option<Subscriptions>,
    /// How many `sync` it would have begun.
    pub(super) syncs: usize,
}

/// Why a bundle is refused.
#[derive(Debug)]
pub(super) struct Objection<'a> {
    /// What is refused.
    pub(super) subject: Subject<'a>,
    /// Who asked for it.
    pub(super) asker: Asker,
    /// Why.
    pub(super) refusal: Refusal,
}

/// What of a bundle is refused, and so how it is said.
#[derive(Debug)]
pub(super) enum Subject<'a> {
    /// Something about an address: a denial.
    Address(Cow<'a, [u8]>),
    /// A request: an error.
    Request(&'a str),
    /// A call, whose reply says it all.
    ToldByReply,
    /// A call that was refused before, with this reply.
    ToldBefore(Vec<u8>),
}

/// What one client gains.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    created: u32,
    locks: isize,
}

/// What an endpoint would follow.
#[derive(Debug)]
pub(super) struct Subscriptions {
    /// By itself.
    pub(super) here: Vec<Pattern>,
    /// How much its client follows by its other endpoints.
    pub(super) elsewhere: usize,
}

impl<'a> Rehearsal<'a> {
    /// Refuses the bundle, unless it is refused already.
    pub(super) fn object(&mut self, asker: Asker, subject: Subject<'a>, refusal: Refusal) {
        self.objection.get_or_insert(Objection {
            subject,
            asker,
            refusal,
        });
    }

    fn tally(&mut self, client: ClientId) -> &mut Tally {
        let at = self.tallies.iter().position(|(other, _)| *other == client);
        let at = at.unwrap_or_else(|| {
            self.tallies.push((client, Tally::default()));
            self.tallies.len() - 1
        });
        &mut self.tallies[at].1
    }

    fn list(&mut self, id: AddressId) {
        if self.listed.insert(id) {
            self.to_write.push(id);
        }
    }

    /// Puts down what an address becomes.
    fn settle(&mut self, address: &str, root: ClientId, before: Standing, after: Standing) {
        self.known += isize::from(after.is_known()) - isize::from(before.is_known());
        if after.has_value() && !before.has_value() {
            self.tally(root).created += 1;
        }
        if before.holder() != after.holder() {
            if let Some(holder) = before.holder() {
                self.tally(holder).locks -= 1;
            }
            if let Some(holder) = after.holder() {
                self.tally(holder).locks += 1;
            }
        }
        self.touched.insert(address.to_owned(), after);
    }
}

impl Gateway {
    /// Goes through one message of a bundle.
    pub(super) fn rehearse<'a>(
        &mut self,
        now: Instant,
        asker: Asker,
        asked: &Asked<'a>,
        rehearsal: &mut Rehearsal<'a>,
    ) {
        match read(&asker, asked) {
            Ok(Order::Act(act)) => self.rehearse_act(now, asker, &act, rehearsal),
            Ok(Order::ActByPattern(pattern, act)) => {
                self.rehearse_pattern(now, asker, &pattern, &act, rehearsal);
            }
            Ok(Order::Force(address, reader)) => match self.judge_force(asker, reader) {
                Ok(_) => self.rehearse_release(now, asker, address, rehearsal),
                Err(code) => {
                    let subject = Subject::Address(Cow::Borrowed(address.as_bytes()));
                    rehearsal.object(asker, subject, Refusal::plain(code, words(code)));
                }
            },
            Ok(Order::Request(request, values)) => {
                self.rehearse_request(now, asker, request, values, rehearsal);
            }
            Ok(Order::Reflection) => {}
            Err(misread) => {
                let subject = match misread.about {
                    About::Address(address, _) => Subject::Address(Cow::Borrowed(address)),
                    About::Request(request) => Subject::Request(request),
                };
                rehearsal.object(asker, subject, failed(misread.code, misread.text));
            }
        }
    }

    fn rehearse_act<'a>(
        &mut self,
        now: Instant,
        asker: Asker,
        act: &Act<'a>,
        rehearsal: &mut Rehearsal<'a>,
    ) {
        let target = self.target(act.address);
        if self.is_reflection(now, asker, act, target) {
            self.stats.reflections += 1;
            rehearsal.reflection = true;
            return;
        }
        if let Some(id) = target.id.filter(|_| self.stores(act, target)) {
            self.list_if_valued(id, rehearsal);
        }
        if rehearsal.objection.is_some() {
            return;
        }
        if let Err(refusal) = self.judge_after(now, asker, act, target, rehearsal) {
            let subject = Subject::Address(Cow::Borrowed(act.address.as_bytes()));
            rehearsal.object(asker, subject, refusal);
        }
    }

    /// Whether an act would store a value.
    fn stores(&self, act: &Act<'_>, target: Target) -> bool {
        act.stores(self.rules.rule(target.rule))
    }

    fn list_if_valued(&self, id: AddressId, rehearsal: &mut Rehearsal<'_>) {
        if !self.table.entry(id).value.is_empty() {
            rehearsal.list(id);
        }
    }

    /// An address as the bundle would have made it.
    pub(super) fn standing_after(
        &self,
        now: Instant,
        target: Target,
        address: &str,
        so_far: &Rehearsal<'_>,
    ) -> Standing {
        let touched = so_far.touched.get(address);
        touched
            .copied()
            .unwrap_or_else(|| self.standing(now, target))
    }

    /// Judges an act as if what stands before it had acted; then it is taken for done.
    fn judge_after(
        &mut self,
        now: Instant,
        asker: Asker,
        act: &Act<'_>,
        target: Target,
        rehearsal: &mut Rehearsal<'_>,
    ) -> Result<(), Refusal> {
        let root = self.clients.root(asker.client);
        let standing = self.standing_after(now, target, act.address, rehearsal);
        let stock = self.stock(asker.client);
        let stock = Stock {
            addresses: stock.addresses.saturating_add_signed(rehearsal.known),
            created: stock.created + rehearsal.tally(root).created,
            locks: stock
                .locks
                .saturating_add_signed(rehearsal.tally(asker.client).locks),
        };
        let mut tail = std::mem::take(&mut self.tail);
        let judged = self.judge(asker, act, (standing, stock), &mut tail);
        self.tail = tail;
        if let Err(code) = judged {
            let held = standing.lock.filter(|_| code == Code::LockHeld);
            return Err(Refusal {
                holder: held.map(|held| held.holder),
                remaining: held.map(|held| held.remaining).unwrap_or_default(),
                ..Refusal::plain(code, words(code))
            });
        }
        let after = standing.after(asker.client, act, self.rules.rule(standing.rule));
        rehearsal.settle(act.address, root, standing, after);
        Ok(())
    }

    fn rehearse_pattern<'a>(
        &mut self,
        now: Instant,
        asker: Asker,
        pattern: &Pattern,
        act: &Act<'a>,
        rehearsal: &mut Rehearsal<'a>,
    ) {
        let whole = || Subject::Address(Cow::Borrowed(act.address.as_bytes()));
        let limit = Refusal::plain(Code::Limit, words(Code::Limit));
        let mut found = Vec::new();
        if self.matching(pattern, &mut found).is_err() {
            return rehearsal.object(asker, whole(), limit);
        }
        let mut names = Vec::new();
        for id in found {
            let name = self.table.entry(id).name().to_owned();
            let target = self.target(&name);
            if self.stores(act, target) {
                self.list_if_valued(id, rehearsal);
            }
            if rehearsal.touched.get(&name).is_none_or(Standing::is_known) {
                names.push(name);
            }
        }
        if rehearsal.objection.is_some() {
            return;
        }
        for (name, standing) in &rehearsal.touched {
            if standing.is_known() && pattern.matches(name) && self.table.find(name).is_none() {
                names.push(name.clone());
            }
        }
        names.sort_unstable();
        if names.len() > PATTERN_MATCHES_MAX {
            return rehearsal.object(asker, whole(), limit);
        }
        if names.is_empty() && asker.in_call {
            return rehearsal.object(asker, Subject::ToldByReply, super::write::NONE_MATCHES);
        }
        for name in names {
            let one = Act {
                address: &name,
                whole: None,
                plain: false,
                ..*act
            };
            let target = self.target(&name);
            if let Err(refusal) = self.judge_after(now, asker, &one, target, rehearsal) {
                let subject = Subject::Address(Cow::Owned(name.into_bytes()));
                return rehearsal.object(asker, subject, refusal);
            }
        }
    }

    fn rehearse_release(
        &mut self,
        now: Instant,
        asker: Asker,
        address: &str,
        rehearsal: &mut Rehearsal<'_>,
    ) {
        let target = self.target(address);
        let before = self.standing_after(now, target, address, rehearsal);
        let after = Standing {
            lock: None,
            ..before
        };
        let root = self.clients.root(asker.client);
        rehearsal.settle(address, root, before, after);
    }
}
