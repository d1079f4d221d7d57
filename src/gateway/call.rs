//! Calls: requests that survive a lost datagram, done once and answered always.

use std::collections::VecDeque;

use super::code::Code;
use super::denial::Refusal;
use super::endpoint::{Carrier, ConnectionId};
use super::native::Hand;
use super::output::Outputs;
use super::queue::Kind;
use super::reading::META;
use super::reply::millis;
use super::request::{Asked, Done, REPLY, Reader, failed, is_own_address, reply};
use super::write::padded;
use super::{Asker, Gateway};
use crate::limits::{CALL_ANSWER_BYTES_MAX, CALL_MEMORY, DATAGRAM_BYTES_MAX};
use crate::osc::{Arguments, Pattern, is_pattern};
use crate::time::Instant;

/// What one client called: its answers to the last numbers, counted down from the highest seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    highest: Option<i32>,
    /// In order of their numbers.
    answers: VecDeque<Answered>,
}

/// What a client called over each way. Several programs may be one client, and a connection is one
/// program's alone: its numbers are nobody else's.
#[derive(Debug, Default)]
pub(super) struct Books {
    datagrams: Option<Box<Calls>>,
    connections: Vec<(ConnectionId, Box<Calls>)>,
}

impl Books {
    /// What was called over one way, if anything was.
    pub(super) fn get(&self, carrier: Carrier) -> Option<&Calls> {
        match carrier {
            Carrier::Udp => self.datagrams.as_deref(),
            Carrier::Connection(id) => {
                let mut books = self.connections.iter();
                books
                    .find(|(other, _)| *other == id)
                    .map(|(_, calls)| &**calls)
            }
        }
    }

    fn of(&mut self, carrier: Carrier) -> &mut Calls {
        let id = match carrier {
            Carrier::Udp => return self.datagrams.get_or_insert_default(),
            Carrier::Connection(id) => id,
        };
        let known = self.connections.iter().position(|(other, _)| *other == id);
        let at = known.unwrap_or_else(|| {
            self.connections.push((id, Box::default()));
            self.connections.len() - 1
        });
        &mut self.connections[at].1
    }

    /// A connection is gone, and nothing is called over it again.
    pub(super) fn forget(&mut self, carrier: Carrier) {
        self.connections
            .retain(|&(id, _)| Carrier::Connection(id) != carrier);
    }
}

/// A call that was answered.
#[derive(Clone, Debug)]
struct Answered {
    number: i32,
    /// The address that it wrote, locked or unlocked, if it did.
    done_to: Vec<u8>,
    /// The answer as it was sent; empty: too long to keep, it is made again.
    answer: Vec<u8>,
}

/// What is known of a number.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known<'a> {
    /// It is to be done.
    No,
    /// It was done, and answered like this.
    Answered(&'a [u8]),
    /// It was a reading with a long answer, and may be read again.
    ReadAgain,
    /// It is too old, or was overtaken.
    Stale,
}

impl Calls {
    /// What is known of a call; `subject` is the address that it would write, lock or unlock.
    pub(super) fn known(&self, number: i32, subject: Option<&[u8]>) -> Known<'_> {
        let Some(highest) = self.highest else {
            return Known::No;
        };
        if number > highest {
            return Known::No;
        }
        if i64::from(highest) - i64::from(number) >= CALL_MEMORY as i64 {
            return Known::Stale;
        }
        match self
            .answers
            .binary_search_by_key(&number, |answered| answered.number)
        {
            Ok(at) if self.answers[at].answer.is_empty() => Known::ReadAgain,
            Ok(at) => Known::Answered(&self.answers[at].answer),
            Err(at) => {
                let later = self.answers.iter().skip(at);
                let overtaken = subject.is_some_and(|subject| {
                    later
                        .into_iter()
                        .any(|answered| covers(&answered.done_to, subject))
                });
                if overtaken { Known::Stale } else { Known::No }
            }
        }
    }

    /// Remembers an answer, and what was done to which address.
    pub(super) fn remember(&mut self, number: i32, done_to: Option<&[u8]>, answer: &[u8]) {
        let highest = self.highest.map_or(number, |highest| highest.max(number));
        self.highest = Some(highest);
        let oldest = i64::from(highest) - CALL_MEMORY as i64 + 1;
        let mut slot = Answered {
            number,
            done_to: Vec::new(),
            answer: Vec::new(),
        };
        // One comes, one goes: those that are too old to be asked for do no harm until then. Its
        // buffers are used again, so that a call allocates nothing in a steady state.
        if self
            .answers
            .front()
            .is_some_and(|front| i64::from(front.number) < oldest)
        {
            slot = self.answers.pop_front().expect("it is there");
        }
        slot.number = number;
        slot.done_to.clear();
        slot.done_to.extend_from_slice(done_to.unwrap_or_default());
        slot.answer.clear();
        if answer.len() <= CALL_ANSWER_BYTES_MAX {
            slot.answer.extend_from_slice(answer);
        }
        match self
            .answers
            .binary_search_by_key(&number, |answered| answered.number)
        {
            Ok(at) => self.answers[at] = slot,
            Err(at) => self.answers.insert(at, slot),
        }
    }
}

/// Whether what was done to `done_to` (an address or a pattern) was done to `subject` too.
fn covers(done_to: &[u8], subject: &[u8]) -> bool {
    // What was refused was done to nothing.
    if done_to.is_empty() || done_to == subject {
        return !done_to.is_empty();
    }
    let (Ok(done_to), Ok(subject)) = (std::str::from_utf8(done_to), std::str::from_utf8(subject))
    else {
        return false;
    };
    is_pattern(done_to) && Pattern::compile(done_to).is_ok_and(|pattern| pattern.matches(subject))
}

/// The address that a call would write, lock or unlock.
fn subject<'a>(address: &'a [u8], values: Arguments<'a>) -> Option<&'a [u8]> {
    if !is_own_address(address) {
        return Some(address);
    }
    match address {
        b"/oscgate/set" | b"/oscgate/set_if" | b"/oscgate/lock" | b"/oscgate/unlock"
        | b"/oscgate/take" => Reader(values).string(),
        // A user's call is the endpoint's here, and about the same address.
        b"/oscgate/as" => {
            let mut reader = Reader(values);
            reader.string()?;
            let inner = reader.string()?;
            if inner == b"/oscgate/as" {
                None
            } else {
                subject(inner, reader.0)
            }
        }
        _ => None,
    }
}

/// A call, read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    /// Its number.
    pub(super) number: i32,
    /// What it asks for; `None`: that could not be read.
    pub(super) asked: Option<Asked<'a>>,
}

impl<'a> Call<'a> {
    /// The address that it would write, lock or unlock.
    pub(super) fn subject(&self) -> Option<&'a [u8]> {
        let asked = self.asked?;
        subject(asked.address, asked.values)
    }

    /// Whether it asks for a value or all about an address, and so may be done again.
    pub(super) fn reads(&self) -> bool {
        let address = self.asked.map(|asked| asked.address);
        matches!(address, Some(b"/oscgate/get" | b"/oscgate/meta"))
    }
}

impl<'a> Reader<'a> {
    /// The arguments of a call; `None`: without a number there is no answering it.
    pub(super) fn call(&mut self) -> Option<Call<'a>> {
        let number = self.int()?;
        let asked = self.string().map(|address| Asked {
            address,
            values: self.0,
            whole: None,
            hand: Hand::default(),
        });
        Some(Call { number, asked })
    }
}

/// Who called, and by which number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    /// Who.
    pub(super) asker: Asker,
    /// The number.
    pub(super) number: i32,
}

/// A call that is none.
pub(super) const UNREADABLE: Refusal =
    failed(Code::BadArguments, "call takes a number and an address");

/// A call that comes too late.
pub(super) const OVERTAKEN: Refusal = failed(
    Code::Stale,
    "its number is too old, or a later call for the same address was done",
);

/// What stands for the answer of a call that a bundle would do.
pub(super) const DONE: &[u8] = b"/oscgate/reply\0\0,is\0\0\0\0\0OK\0\0";

/// What a remembered answer says: `Err` with the code, if the call was refused.
pub(super) fn outcome(answer: &[u8]) -> Result<(), Code> {
    let mut reader = Reader(Arguments::of_tail(&answer[padded(REPLY)..]));
    let code = (reader.int(), reader.text()).1;
    code.and_then(Code::of_word).map_or(Ok(()), Err)
}

/// Writes a remembered answer with another number.
pub(super) fn write_with_number(buffer: &mut Vec<u8>, number: i32, answer: &[u8]) {
    let mut reader = Reader(Arguments::of_tail(&answer[padded(REPLY)..]));
    let code = (reader.int(), reader.text()).1.unwrap_or_default();
    reply(buffer, number, code, "", reader.0).rest(reader.0);
}

impl Gateway {
    /// Does what a call asks for, unless it was done already, and answers it.
    pub(super) fn call(
        &mut self,
        now: Instant,
        asker: Asker,
        mut reader: Reader<'_>,
        out: &mut Outputs,
    ) -> Result<Done, Refusal> {
        let Some(call) = reader.call() else {
            let Refusal { code, text, .. } = UNREADABLE;
            self.fail(asker, "/oscgate/call", code, text, out);
            return Err(UNREADABLE);
        };
        let (number, subject) = (call.number, call.subject());
        let caller = Caller { asker, number };
        if self.answer_from_memory(caller, out) {
            return Ok(Done::Nothing);
        }
        let known = self.calls(asker).known(number, subject);
        // A number that was a reading's is used up for all but a reading.
        let used = known == Known::ReadAgain && !call.reads();
        let stale = known == Known::Stale || used;
        let address = call.asked.map(|asked| asked.address);
        if !stale && address == Some(b"/oscgate/bye") && !asker.in_as {
            // There is nobody left to answer once it is done.
            reply(&mut out.scratch, number, "OK", "", NONE);
            self.answer(asker, Kind::Status, out);
        }
        let inside = Asker {
            in_call: true,
            ..asker
        };
        let result = match &call.asked {
            _ if stale => Err(OVERTAKEN),
            Some(asked) => self.ask(now, inside, asked, out),
            None => {
                let Refusal { code, text, .. } = UNREADABLE;
                self.fail(inside, "/oscgate/call", code, text, out);
                Err(UNREADABLE)
            }
        };
        if self.clients.session_if_alive(asker.client).is_none() {
            return Ok(Done::Nothing);
        }
        self.write_reply(number, result, out);
        let done_to = subject.filter(|_| result.is_ok());
        if !used {
            self.remember(caller, done_to, out);
        }
        let asker = self.still_at(asker);
        self.answer(asker, Kind::Status, out);
        Ok(Done::Nothing)
    }

    fn calls(&mut self, asker: Asker) -> &mut Calls {
        let session = self.clients.session_mut(asker.client);
        session.calls.of(asker.carrier)
    }

    /// Answers a call that was answered before with the same answer.
    pub(super) fn answer_from_memory(&mut self, caller: Caller, out: &mut Outputs) -> bool {
        let Known::Answered(answer) = self.calls(caller.asker).known(caller.number, None) else {
            return false;
        };
        out.scratch.clear();
        out.scratch.extend_from_slice(answer);
        self.answer(caller.asker, Kind::Status, out);
        true
    }

    /// Remembers what is in the scratch buffer as the answer to a call, unless its number is too
    /// low to be remembered.
    pub(super) fn remember(&mut self, caller: Caller, done_to: Option<&[u8]>, out: &Outputs) {
        if !self.is_too_old(caller) {
            self.calls(caller.asker)
                .remember(caller.number, done_to, &out.scratch);
        }
    }

    /// Whether the number of a call is lower than those that are remembered.
    pub(super) fn is_too_old(&mut self, caller: Caller) -> bool {
        self.calls(caller.asker).known(caller.number, None) == Known::Stale
    }

    /// Writes the answer to a call to the scratch buffer.
    pub(super) fn write_reply(
        &mut self,
        number: i32,
        result: Result<Done, Refusal>,
        out: &mut Outputs,
    ) {
        let buffer = &mut out.scratch;
        match result {
            Ok(Done::Nothing | Done::Reflection) => {
                reply(buffer, number, "OK", "", NONE);
            }
            Ok(Done::Written { revision } | Done::Unlocked { revision }) => {
                reply(buffer, number, "OK", "h", NONE).long(revision);
            }
            Ok(Done::WrittenByPattern { count }) => {
                reply(buffer, number, "OK", "i", NONE).int(count);
            }
            Ok(Done::Locked { length, revision }) => {
                reply(buffer, number, "OK", "ih", NONE)
                    .int(millis(length))
                    .long(revision);
            }
            Ok(Done::Value(id)) => {
                let values = Arguments::of_tail(self.table.entry(id).value.as_bytes());
                reply(buffer, number, "OK", "", values).rest(values);
            }
            Ok(Done::Meta) => {
                let values = Arguments::of_tail(&self.meta[padded(META)..]);
                reply(buffer, number, "OK", "", values).rest(values);
            }
            Err(Refusal {
                code,
                holder: Some(holder),
                remaining,
                ..
            }) => {
                let holder = self.clients.name(holder).as_bytes();
                reply(buffer, number, code.as_str(), "si", NONE)
                    .string(holder)
                    .int(millis(remaining));
            }
            Err(Refusal { code, text, .. }) => {
                reply(buffer, number, code.as_str(), "s", NONE).string(text.as_bytes());
            }
        }
        if buffer.len() > DATAGRAM_BYTES_MAX {
            let text = b"the answer does not fit a datagram";
            reply(buffer, number, Code::Limit.as_str(), "s", NONE).string(text);
        }
    }
}

/// No further arguments.
const NONE: Arguments<'static> = Arguments::NONE;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_done_once_and_answered_from_memory() {
        let mut calls = Calls::default();
        assert_eq!(calls.known(7, None), Known::No);
        calls.remember(7, Some(b"/a"), b"seven");
        assert_eq!(calls.known(7, Some(b"/a")), Known::Answered(b"seven"));
    }

    #[test]
    fn a_skipped_number_is_done_unless_it_was_overtaken() {
        let mut calls = Calls::default();
        calls.remember(9, Some(b"/a"), b"nine");
        assert_eq!(calls.known(8, Some(b"/b")), Known::No);
        assert_eq!(calls.known(8, Some(b"/a")), Known::Stale);
        assert_eq!(calls.known(8, None), Known::No);
        calls.remember(10, Some(b"/c/*"), b"ten");
        assert_eq!(
            calls.known(8, Some(b"/c/1")),
            Known::Stale,
            "a later pattern covers it"
        );
        assert_eq!(calls.known(8, Some(b"/d")), Known::No);
    }

    #[test]
    fn what_was_refused_overtakes_nothing() {
        let mut calls = Calls::default();
        calls.remember(9, None, b"denied");
        assert_eq!(calls.known(8, Some(b"/a")), Known::No);
    }

    #[test]
    fn the_last_sixty_four_are_remembered_counted_from_the_highest() {
        let mut calls = Calls::default();
        for number in 0..1_000 {
            calls.remember(number, None, b"x");
            assert!(calls.answers.len() <= CALL_MEMORY);
        }
        assert_eq!(calls.known(936, None), Known::Answered(b"x"));
        assert_eq!(calls.known(935, None), Known::Stale);
        calls.remember(i32::MAX, None, b"last");
        assert_eq!(calls.known(999, None), Known::Stale);
        assert_eq!(calls.known(i32::MIN, None), Known::Stale);
    }
}
