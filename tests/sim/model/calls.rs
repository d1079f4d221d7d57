//! Calls: done once, answered each time.

use std::collections::BTreeMap;

use oscgate::config::EventRule;
use oscgate::limits::{CALL_ANSWER_BYTES_MAX, CALL_MEMORY};
use oscgate::osc::ArgumentView;

use super::Model;
use super::codes::{self, Done, Outcome, Refusal};
use super::pattern::{covers, has_pattern, is_own};
use super::people::Asker;
use super::requests::is_user;
use super::wire::{Arg, Letter, message};

/// What a client (or user) has called.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    highest: Option<i32>,
    answers: BTreeMap<i32, Answer>,
    /// The addresses or patterns that were written, locked or unlocked, and under which number.
    done: Vec<(i32, String)>,
}

/// What is remembered of one call.
#[derive(Clone, Debug)]
struct Answer {
    /// Whether it was refused, and why.
    refusal: Option<Refusal>,
    /// The reply; none if it is too long to be remembered.
    bytes: Option<Vec<u8>>,
}

impl Calls {
    /// Whether a number lies below what is remembered.
    fn is_too_low(&self, number: i32) -> bool {
        let memory = i64::try_from(CALL_MEMORY).expect("a small number");
        self.highest
            .is_some_and(|highest| i64::from(number) <= i64::from(highest) - memory)
    }

    /// Whether one with a higher number has been done for this address already.
    fn is_overtaken(&self, number: i32, address: &str) -> bool {
        self.done
            .iter()
            .any(|(later, done)| *later > number && (done == address || covers(done, address)))
    }
}

impl Model {
    fn calls(&mut self, asker: &Asker) -> &mut Calls {
        let session = self.sessions.get_mut(&asker.who.key).expect("it calls");
        match &asker.who.user {
            Some(user) => session.users.entry(user.clone()).or_default(),
            None => &mut session.calls,
        }
    }

    /// `/oscgate/call`.
    pub(super) fn call(&mut self, asker: &Asker, letter: &Letter) -> Outcome {
        if asker.call.is_some() {
            return Outcome::Refused(Refusal::error(codes::BAD_ARGUMENTS, &letter.address));
        }
        let Some(number) = letter.int(0) else {
            return Outcome::Refused(Refusal::error(codes::BAD_ARGUMENTS, &letter.address));
        };
        let calls = self.calls(asker);
        let remembered = calls.answers.get(&number).cloned();
        let mut again = false;
        if let Some(Answer { refusal, bytes }) = remembered {
            if let Some(bytes) = bytes {
                let own = self.answers_to(asker);
                self.send(&own, bytes);
                return repeated(refusal);
            }
            again = true;
        }
        let address = letter.string(1).unwrap_or_default();
        let reads = [&b"/oscgate/get"[..], b"/oscgate/meta"].contains(&address);
        if calls.is_too_low(number) || (again && !reads) {
            let refusal = Refusal::error(codes::STALE, &letter.address);
            self.reply(asker, number, &refusal.reply());
            return repeated(Some(refusal));
        }
        let inner = Letter {
            address: address.to_vec(),
            tail: letter.tail_behind(2),
        };
        let calls = self.calls(asker);
        calls.highest = calls.highest.max(Some(number));
        let by_call = Asker {
            call: Some(number),
            ..asker.clone()
        };
        let outcome = match letter.string(1) {
            Some(_) => self.do_call(&by_call, number, &inner),
            None => Outcome::Refused(Refusal::error(codes::BAD_ARGUMENTS, &letter.address)),
        };
        self.answer_call(&by_call, number, &inner, outcome)
    }

    fn do_call(&mut self, asker: &Asker, number: i32, inner: &Letter) -> Outcome {
        let target = written_address(inner);
        if let Some(target) = &target
            && self.calls(asker).is_overtaken(number, target)
        {
            let mut stale = Refusal::denial(codes::STALE, target);
            stale.told = true;
            return Outcome::Refused(stale);
        }
        let oneself = [&b"/oscgate/hello"[..], b"/oscgate/bye"].contains(&inner.address.as_slice());
        if oneself && asker.who.user.is_some() {
            return Outcome::Refused(Refusal::error(codes::BAD_ARGUMENTS, &inner.address));
        }
        if inner.address == b"/oscgate/bye" {
            // The reply needs the session that is about to end.
            return Outcome::Done(Done::Nothing);
        }
        let outcome = self.perform(asker, inner);
        // Nothing of a bundle that is refused is done.
        if let (Outcome::Done(_), Some(target), false) = (&outcome, target, self.objected) {
            self.calls(asker).done.push((number, target));
        }
        outcome
    }

    fn answer_call(
        &mut self,
        asker: &Asker,
        number: i32,
        inner: &Letter,
        outcome: Outcome,
    ) -> Outcome {
        let (mut refusal, arguments) = match outcome {
            Outcome::Done(done) => (None, done.reply()),
            Outcome::Refused(refusal) => (Some(refusal.clone()), refusal.reply()),
            Outcome::Ignored => (None, Done::Nothing.reply()),
        };
        if let Some(refusal) = &mut refusal {
            if !refusal.told {
                self.tell_refusal(asker, refusal);
            }
            refusal.told = true;
        }
        let bytes = self.reply(asker, number, &arguments);
        self.remember(asker, number, refusal.as_ref(), bytes);
        if refusal.is_none() && inner.address == b"/oscgate/bye" {
            self.end_session(&asker.who.key, "bye");
        }
        outcome_of(refusal)
    }

    /// Sends the reply to a call.
    pub(super) fn reply(&mut self, asker: &Asker, number: i32, arguments: &[Arg]) -> Vec<u8> {
        let own = self.answers_to(asker);
        let arguments = [&[Arg::I(number)], arguments].concat();
        let bytes = message("/oscgate/reply", &arguments);
        self.greet(&asker.who.key);
        self.send(&own, bytes.clone());
        bytes
    }

    pub(super) fn remember(
        &mut self,
        asker: &Asker,
        number: i32,
        refusal: Option<&Refusal>,
        bytes: Vec<u8>,
    ) {
        let answer = Answer {
            refusal: refusal.cloned(),
            bytes: (bytes.len() <= CALL_ANSWER_BYTES_MAX).then_some(bytes),
        };
        let calls = self.calls(asker);
        calls.highest = calls.highest.max(Some(number));
        calls.answers.insert(number, answer);
        let low: Vec<i32> = calls
            .answers
            .keys()
            .copied()
            .filter(|n| calls.is_too_low(*n))
            .collect();
        calls.answers.retain(|number, _| !low.contains(number));
    }

    /// Whether a call is answered from memory, or as too old, whatever it asks.
    pub(super) fn is_repeated(&self, asker: &Asker, letter: &Letter) -> bool {
        let session = self.sessions.get(&asker.who.key);
        let calls = session.and_then(|session| match &asker.who.user {
            Some(user) => session.users.get(user),
            None => Some(&session.calls),
        });
        let number = letter.int(0);
        calls.zip(number).is_some_and(|(calls, number)| {
            calls.answers.contains_key(&number) || calls.is_too_low(number)
        })
    }

    /// Answers a call in an atomic bundle that was refused; what was answered before is answered
    /// from memory.
    pub(super) fn reply_refused(&mut self, asker: &Asker, letter: &Letter, first: &Refusal) {
        let Some(number) = letter.int(0) else {
            return;
        };
        let calls = self.calls(asker);
        if let Some(bytes) = calls.answers.get(&number).and_then(|one| one.bytes.clone()) {
            let own = self.answers_to(asker);
            self.send(&own, bytes);
            return;
        }
        if calls.is_too_low(number) {
            let stale = Refusal::error(codes::STALE, "");
            self.reply(asker, number, &stale.reply());
            return;
        }
        let bytes = self.reply(asker, number, &first.reply());
        self.remember(asker, number, Some(first), bytes);
    }
}

/// What a call comes to that is answered from memory.
fn repeated(refusal: Option<Refusal>) -> Outcome {
    let refusal = refusal.map(|refusal| Refusal {
        repeated: true,
        ..refusal
    });
    outcome_of(refusal)
}

/// What a call comes to that has been answered.
fn outcome_of(refusal: Option<Refusal>) -> Outcome {
    match refusal {
        Some(mut refusal) => {
            refusal.told = true;
            Outcome::Refused(refusal)
        }
        None => Outcome::Done(Done::Nothing),
    }
}

/// The address or pattern that a message writes, locks or unlocks; what `as` says counts.
pub(super) fn written_address(letter: &Letter) -> Option<String> {
    let text = letter.text()?;
    if !is_own(text) {
        return Some(text.to_owned());
    }
    let first = letter
        .string(0)
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    match text {
        "/oscgate/set" | "/oscgate/set_if" | "/oscgate/lock" | "/oscgate/unlock"
        | "/oscgate/take" => first,
        // A user cannot speak for another.
        "/oscgate/as" if letter.string(1) == Some(b"/oscgate/as") => None,
        "/oscgate/as" if first.is_some() => written_address(&Letter {
            address: letter.string(1)?.to_vec(),
            tail: letter.tail_behind(2),
        }),
        _ => None,
    }
}

/// The addresses that a message is to write with values: those of a pattern in order.
pub(super) fn addresses_written(model: &Model, letter: &Letter) -> Vec<String> {
    // What is an event by its rule is passed on, not written, whatever the address still holds.
    let stores = |address: &String| {
        let rule = model.rule(address);
        rule.is_none_or(|rule| rule.event == EventRule::No)
    };
    let with_values = |target: &str, values: bool| {
        let targets = match (values, has_pattern(target)) {
            (false, _) => Vec::new(),
            (true, false) => vec![target.to_owned()],
            (true, true) => model.covered(target),
        };
        targets.into_iter().filter(stores).collect()
    };
    let Some(text) = letter.text() else {
        return Vec::new();
    };
    if !is_own(text) {
        return with_values(text, letter.count() > 0);
    }
    let first = letter
        .string(0)
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let inside = |count: usize| {
        let address = letter.string(count - 1).unwrap_or_default().to_vec();
        let tail = letter.tail_behind(count);
        addresses_written(model, &Letter { address, tail })
    };
    let nested = matches!(
        (text, letter.string(1)),
        ("/oscgate/call", Some(b"/oscgate/call")) | ("/oscgate/as", Some(b"/oscgate/as"))
    );
    match (text, first) {
        _ if nested => Vec::new(),
        ("/oscgate/as", Some(user)) if is_user(&user) => inside(2),
        ("/oscgate/call", _) if letter.int(0).is_some() => inside(2),
        ("/oscgate/set", Some(first)) => with_values(&first, letter.count() > 1),
        ("/oscgate/set_if", Some(first))
            if !has_pattern(&first)
                && matches!(
                    letter.arguments().get(1),
                    Some(ArgumentView::Int(_) | ArgumentView::Long(_))
                ) =>
        {
            with_values(&first, letter.count() > 2)
        }
        ("/oscgate/lock" | "/oscgate/unlock" | "/oscgate/take", Some(first))
            if !has_pattern(&first) =>
        {
            with_values(&first, letter.count() > 1)
        }
        _ => Vec::new(),
    }
}
