//! Bundles that are all-or-nothing: gone through first, and done only if nothing is refused.

use std::borrow::Cow;

use super::call::{self, Caller, OVERTAKEN};
use super::change::Change;
use super::destination::Place;
use super::names::NameId;
use super::native::Hand;
use super::output::Outputs;
use super::rehearsal::{Objection, Rehearsal, Subject};
use super::reply::{Also, Status, StatusKind};
use super::request::Asked;
use super::session::Origin;
use super::table::AddressId;
use super::{Asker, Gateway};
use crate::osc::{BundleView, ElementView, MessageView, PacketView};
use crate::time::Instant;

/// What a bundle begins with that is all-or-nothing.
const ATOMIC: &[u8] = b"/oscgate/atomic";

/// Whether a bundle is all-or-nothing.
pub(super) fn is_atomic(bundle: BundleView<'_>) -> bool {
    bundle
        .elements()
        .next()
        .is_some_and(|first| is_mark(&first))
}

fn is_mark(element: &ElementView<'_>) -> bool {
    match element {
        ElementView::Message(message) => message.address() == ATOMIC && message.tags().is_empty(),
        ElementView::Bundle(_) => false,
    }
}

/// The messages of a bundle without the marks: a bundle inside is part of the one around it.
fn messages_of<'a>(bundle: BundleView<'a>, messages: &mut Vec<MessageView<'a>>) {
    for (n, element) in bundle.elements().enumerate() {
        match element {
            ElementView::Message(_) if n == 0 && is_mark(&element) => {}
            ElementView::Message(message) => messages.push(message),
            // As deep as the view lets bundles lie.
            ElementView::Bundle(inner) => messages_of(inner, messages),
        }
    }
}

impl Gateway {
    /// Does all that a bundle says or, if any of it would be refused, nothing.
    pub(super) fn on_atomic(
        &mut self,
        now: Instant,
        origin: Origin,
        bundle: BundleView<'_>,
        out: &mut Outputs,
    ) {
        let Some(asker) = self.asker(now, origin, ATOMIC, out) else {
            return;
        };
        let mut said = Vec::new();
        messages_of(bundle, &mut said);
        let mut canonical = Vec::new();
        let meant = match self.in_own_words(asker, &said, &mut canonical) {
            Ok(meant) => meant,
            Err(objection) => {
                return self.refuse_bundle(now, asker, &objection, &Rehearsal::default(), out);
            }
        };
        let mut messages = meant;
        let mut rehearsal = Rehearsal::default();
        messages.retain(|asked| {
            rehearsal.reflection = false;
            self.rehearse(now, asker, asked, &mut rehearsal);
            !rehearsal.reflection
        });
        if let Some(objection) = rehearsal.objection.take() {
            return self.refuse_bundle(now, asker, &objection, &rehearsal, out);
        }
        // What its patterns look at was counted in the rehearsal, and must not be refused now.
        let left = std::mem::replace(&mut self.candidates_left, usize::MAX);
        let asker = Asker {
            in_atomic: true,
            ..asker
        };
        for asked in &messages {
            let done = self.ask(now, asker, asked, out);
            debug_assert!(
                done.is_ok() || done.is_err_and(|refusal| refusal.says_nothing()),
                "{:?} was found good and then refused: {done:?}",
                asked.address
            );
        }
        self.candidates_left = left;
    }

    /// The messages of a bundle, those in a dialect put into the gateway's own words.
    fn in_own_words<'a>(
        &mut self,
        asker: Asker,
        said: &[MessageView<'a>],
        canonical: &'a mut Vec<(Vec<u8>, Hand)>,
    ) -> Result<Vec<Asked<'a>>, Box<Objection<'a>>> {
        if self.mapping_of(asker).is_none() {
            return Ok(said.iter().map(Asked::of).collect());
        }
        for message in said {
            if let Err(refusal) = self.canonical(asker, message, canonical) {
                let subject = Subject::Address(Cow::Borrowed(message.address()));
                return Err(Box::new(Objection {
                    subject,
                    asker,
                    refusal,
                }));
            }
        }
        let views = canonical.iter().filter_map(|(bytes, hand)| {
            let packet = PacketView::parse(bytes).ok()?;
            match packet.root() {
                ElementView::Message(message) => Some(Asked {
                    hand: *hand,
                    ..Asked::of(&message)
                }),
                ElementView::Bundle(_) => None,
            }
        });
        Ok(views.collect())
    }

    /// Says what was refused, what is true, and answers the calls.
    fn refuse_bundle(
        &mut self,
        now: Instant,
        asker: Asker,
        objection: &Objection<'_>,
        rehearsal: &Rehearsal,
        out: &mut Outputs,
    ) {
        self.say_objection(objection, out);
        let place = asker.place(&self.clients);
        if self
            .profiles
            .profile(self.profile_of(asker.client))
            .snap_back
        {
            for &id in &rehearsal.to_write {
                self.send_true_value(now, id, place, out);
            }
        }
        for &caller in &rehearsal.callers {
            self.answer_refused_call(caller, objection, out);
        }
    }

    fn say_objection(&mut self, objection: &Objection<'_>, out: &mut Outputs) {
        let (asker, refusal) = (objection.asker, objection.refusal);
        let address = match &objection.subject {
            Subject::Address(address) => address,
            Subject::Request(request) => {
                return self.fail(asker, request, refusal.code, refusal.text, out);
            }
            Subject::ToldByReply | Subject::ToldBefore(_) => return,
        };
        self.stats.denials += 1;
        let holder = refusal
            .holder
            .map_or("", |holder| self.clients.name(holder));
        out.change(Change::Denied {
            address: &String::from_utf8_lossy(address),
            code: refusal.code,
            client: self.clients.name(asker.client),
            holder,
            same_ip: self.is_same_ip(asker, refusal.holder),
        });
        Status::Denied {
            address,
            code: refusal.code,
            holder,
            remaining: refusal.remaining,
        }
        .write(&mut out.scratch);
        let also = if asker.in_call {
            Also::Nobody
        } else {
            Also::Asker(asker)
        };
        self.tell(StatusKind::Denied, also, out);
        let remaining = Some(refusal.remaining);
        let said = (&**address, refusal.code.as_str(), refusal.holder);
        self.tell_lamps_denied(asker, said, remaining, out);
    }

    fn send_true_value(&mut self, now: Instant, id: AddressId, place: Place, out: &mut Outputs) {
        self.refresh(id);
        self.send_stored(now, id, place, NameId::NOBODY, out);
    }

    /// Answers a call in a refused bundle: from memory if it was done before, else with the
    /// refusal of the whole.
    fn answer_refused_call(
        &mut self,
        caller: Caller,
        objection: &Objection<'_>,
        out: &mut Outputs,
    ) {
        if self.answer_from_memory(caller, out) {
            return;
        }
        match &objection.subject {
            _ if self.is_too_old(caller) => self.write_reply(caller.number, Err(OVERTAKEN), out),
            Subject::ToldBefore(answer) => {
                call::write_with_number(&mut out.scratch, caller.number, answer);
            }
            Subject::Address(_) | Subject::Request(_) | Subject::ToldByReply => {
                self.write_reply(caller.number, Err(objection.refusal), out);
            }
        }
        self.remember(caller, None, out);
        self.answer(caller.asker, super::queue::Kind::Status, out);
    }
}
