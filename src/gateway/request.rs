//! Messages to the gateway itself, and the way from any message to what it does.

use super::code::{Code, EndCause, UnlockCause};
use super::denial::{Manner, Refusal, words};
use super::judge::Act;
use super::lock::Want;
use super::locking::Forced;
use super::native::Hand;
use super::output::Outputs;
use super::queue::Kind;
use super::reply::StatusKind;
use super::table::AddressId;

use super::{Asker, Gateway};
use crate::limits::ADDRESS_BYTES_MAX;
use crate::osc::{
    ArgumentView, Arguments, Encoder, MessageView, Pattern, check_address, is_pattern,
};
use crate::time::Instant;
use std::time::Duration;

/// A message whose address is still to be looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// Where it is addressed to.
    pub(super) address: &'a [u8],
    /// Its arguments.
    pub(super) values: Arguments<'a>,
    /// The whole of it as it came, where it may go on as it is.
    pub(super) whole: Option<&'a [u8]>,
    /// How the control was moved that says it.
    pub(super) hand: Hand,
}

impl<'a> Asked<'a> {
    /// A message as it came.
    pub(super) fn of(message: &MessageView<'a>) -> Self {
        Self {
            address: message.address(),
            values: message.arguments(),
            whole: message.has_tag_string().then(|| message.bytes()),
            hand: Hand::default(),
        }
    }
}

/// What was done, for a caller's reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// What needs no further answer.
    Nothing,
    /// It only sent back what it had been sent.
    Reflection,
    /// A write or an event.
    Written { revision: i64 },
    /// A write by pattern.
    WrittenByPattern { count: i32 },
    /// A lock that was taken or renewed.
    Locked { length: Duration, revision: i64 },
    /// A lock that was released.
    Unlocked { revision: i64 },
    /// The value that was asked for.
    Value(AddressId),
    /// The meta that was asked for; it stands in the buffer `meta`.
    Meta,
}

/// What a user's endpoint says for itself.
pub(super) const NOT_A_USERS: Refusal =
    failed(Code::BadArguments, "a user cannot say as, hello or bye");

/// What nobody knows how to do.
pub(super) const UNKNOWN: Refusal = failed(Code::UnknownRequest, "there is no such request");

/// Calls are not nested: there would be two answers.
pub(super) const CALL_IN_CALL: Refusal =
    failed(Code::BadArguments, "a call in a call is not possible");

/// A request that failed, in words of its own.
pub(super) const fn failed(code: Code, text: &'static str) -> Refusal {
    Refusal::plain(code, text)
}

/// Whether an address is the gateway's own.
pub(super) fn is_own_address(address: &[u8]) -> bool {
    address == b"/oscgate" || address.starts_with(b"/oscgate/")
}

/// Whether a message to this address asks something of the gateway itself.
pub(super) fn is_request(address: &[u8]) -> bool {
    is_own_address(address) && !is_gateways_word(address)
}

/// Whether only the gateway itself sends this address. What comes in there is a reflection, and
/// answering it would begin a ping-pong.
pub(super) fn is_gateways_word(address: &[u8]) -> bool {
    matches!(
        address,
        b"/oscgate/pong" | b"/oscgate/reply" | b"/oscgate/synced"
    ) || address.starts_with(b"/oscgate/status/")
}

/// Reads the arguments of a request one by one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub(super) Arguments<'a>);

impl<'a> Reader<'a> {
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        match self.0.next() {
            Some(ArgumentView::String(text) | ArgumentView::Symbol(text)) => Some(text),
            Some(_) | None => None,
        }
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        self.string()
            .and_then(|text| std::str::from_utf8(text).ok())
    }

    pub(super) fn int(&mut self) -> Option<i32> {
        match self.0.next() {
            Some(ArgumentView::Int(number)) => Some(number),
            Some(_) | None => None,
        }
    }

    /// A revision: `h`, or `i` from clients that have no other.
    pub(super) fn long(&mut self) -> Option<i64> {
        match self.0.next() {
            Some(ArgumentView::Long(number)) => Some(number),
            Some(ArgumentView::Int(number)) => Some(number.into()),
            Some(_) | None => None,
        }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.0.tags().is_empty()
    }
}

/// What a message asks for, its address read.
#[derive(Debug)]
pub(super) enum Order<'a> {
    /// Something about one address.
    Act(Act<'a>),
    /// The same, of every known address that the pattern matches.
    ActByPattern(Pattern, Act<'a>),
    /// An operator frees an address.
    Force(&'a str, Reader<'a>),
    /// Any other request, known or not.
    Request(&'a str, Arguments<'a>),
    /// What only the gateway says: it comes back from somebody who reflects.
    Reflection,
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum About<'a> {
    /// An address: the refusal is a denial.
    Address(&'a [u8], Manner),
    /// A request that names no address that could be read.
    Request(&'a str),
}

/// What could not be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Misread<'a> {
    /// What it is about.
    pub(super) about: About<'a>,
    /// Why.
    pub(super) code: Code,
    /// The same in words, for a request.
    pub(super) text: &'static str,
}

impl<'a> Misread<'a> {
    const fn address(address: &'a [u8], code: Code, manner: Manner) -> Self {
        Self {
            about: About::Address(address, manner),
            code,
            text: words(code),
        }
    }
}

/// Reads what a message asks for.
pub(super) fn read<'a>(asker: &Asker, asked: &Asked<'a>) -> Result<Order<'a>, Misread<'a>> {
    let bad = Misread::address(asked.address, Code::BadAddress, Manner::Stream);
    let address = check_address(asked.address).ok_or(bad)?;
    if is_own_address(asked.address) {
        return read_request(address, asked.values);
    }
    let act = Act {
        address,
        values: Some(asked.values),
        whole: asked.whole,
        want: if asked.hand.touches {
            Want::Lock
        } else {
            Want::Write
        },
        revision: None,
        hand: asked.hand,
        // All or nothing was found to be good as it is: nothing of it is looked at again.
        plain: !asker.in_call && !asker.in_atomic,
    };
    anywhere(act)
}

/// An act on an address or, for plain writes and `set`, on all that a pattern matches.
fn anywhere(act: Act<'_>) -> Result<Order<'_>, Misread<'_>> {
    if !is_pattern(act.address) {
        return Ok(Order::Act(act));
    }
    let bad = Misread::address(act.address.as_bytes(), Code::BadAddress, Manner::Stream);
    let pattern = Pattern::compile(act.address).map_err(|_| bad)?;
    Ok(Order::ActByPattern(pattern, act))
}

/// `set`, `set_if`, `lock`, `unlock`, `take`, `release`: what is refused is a denial of their
/// address, if they name one.
fn read_request<'a>(request: &'a str, values: Arguments<'a>) -> Result<Order<'a>, Misread<'a>> {
    if is_gateways_word(request.as_bytes()) {
        return Ok(Order::Reflection);
    }
    let of_address = matches!(
        request,
        "/oscgate/set"
            | "/oscgate/set_if"
            | "/oscgate/lock"
            | "/oscgate/unlock"
            | "/oscgate/take"
            | "/oscgate/release"
    );
    if !of_address {
        return Ok(Order::Request(request, values));
    }
    let mut reader = Reader(values);
    let named = reader
        .string()
        .filter(|address| address.len() <= ADDRESS_BYTES_MAX)
        .ok_or(Misread {
            about: About::Request(request),
            code: Code::BadArguments,
            text: "the first argument is an address",
        })?;
    let is_set = request == "/oscgate/set";
    let manner = if is_set { Manner::Stream } else { Manner::Once };
    let one = |address: &&str| !is_own_address(named) && (is_set || !is_pattern(address));
    let address = check_address(named).filter(one).ok_or(Misread::address(
        named,
        Code::BadAddress,
        manner,
    ))?;
    if request == "/oscgate/release" {
        return Ok(Order::Force(address, reader));
    }
    let (want, revision) = match (request, reader.is_at_end()) {
        ("/oscgate/set", _) => (Want::Write, None),
        ("/oscgate/set_if", _) => {
            let bad = Misread::address(named, Code::BadArguments, Manner::Once);
            let revision = reader.long().filter(|_| !reader.is_at_end()).ok_or(bad)?;
            (Want::Write, Some(revision))
        }
        ("/oscgate/lock", _) => (Want::Lock, None),
        ("/oscgate/take", _) => (Want::Take, None),
        (_, true) => (Want::Unlock, None),
        (_, false) => (Want::WriteAndUnlock, None),
    };
    // Without values these three are about the lock alone, not an event.
    let lock_alone = reader.is_at_end() && want != Want::Write;
    let act = Act {
        address,
        values: (!lock_alone).then_some(reader.0),
        whole: None,
        want,
        revision,
        hand: Hand::default(),
        plain: false,
    };
    if is_set {
        anywhere(act)
    } else {
        Ok(Order::Act(act))
    }
}

impl Gateway {
    /// Does what a message asks for, or refuses it; the refusal has been answered when this
    /// returns, unless the asker is a caller, who is answered by its reply.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        asker: Asker,
        asked: &Asked<'_>,
        out: &mut Outputs,
    ) -> Result<Done, Refusal> {
        match read(&asker, asked) {
            Ok(Order::Act(act)) => self.act(now, asker, &act, out),
            Ok(Order::ActByPattern(pattern, act)) => {
                self.act_by_pattern(now, asker, &pattern, &act, out)
            }
            Ok(Order::Force(address, reader)) => self.force(now, asker, address, reader, out),
            Ok(Order::Request(request, values)) => self.request(now, asker, request, values, out),
            Ok(Order::Reflection) => {
                self.stats.reflections += 1;
                Ok(Done::Reflection)
            }
            Err(Misread { about, code, text }) => Err(match about {
                About::Address(address, manner) => {
                    self.deny(now, asker, address, code, manner, out)
                }
                About::Request(request) => {
                    self.fail(asker, request, code, text, out);
                    failed(code, text)
                }
            }),
        }
    }

    fn request(
        &mut self,
        now: Instant,
        asker: Asker,
        request: &str,
        values: Arguments<'_>,
        out: &mut Outputs,
    ) -> Result<Done, Refusal> {
        let mut reader = Reader(values);
        let result = match request {
            "/oscgate/ping" => Ok(self.ping(asker, values, out)),
            "/oscgate/bye" if asker.in_as => Err(NOT_A_USERS),
            "/oscgate/bye" => {
                self.end(self.clients.root(asker.client), EndCause::Bye, out);
                Ok(Done::Nothing)
            }
            "/oscgate/hello" => self.hello(now, asker, reader, out),
            "/oscgate/as" => return self.speak_as(now, asker, reader, out),
            "/oscgate/call" if asker.in_call => Err(CALL_IN_CALL),
            "/oscgate/call" => return self.call(now, asker, reader, out),
            "/oscgate/get" => self.get(now, asker, &mut reader, out),
            "/oscgate/meta" => self.meta(now, asker, &mut reader, out),
            "/oscgate/subscribe" => self.on_subscribe(asker, reader),
            "/oscgate/unsubscribe" => self.on_unsubscribe(asker, reader),
            "/oscgate/sync" => self.on_sync(now, asker, reader),
            _ => Err(UNKNOWN),
        };
        if let Err(refusal) = result {
            self.fail(asker, request, refusal.code, refusal.text, out);
        }
        result
    }

    /// A heartbeat: answered with what it brought.
    fn ping(&mut self, asker: Asker, values: Arguments<'_>, out: &mut Outputs) -> Done {
        self.note_heartbeat(asker);
        if !asker.in_call {
            out.scratch.clear();
            Encoder::begin_with(&mut out.scratch, b"/oscgate/pong", b"", values).rest(values);
            self.answer(asker, Kind::Status, out);
        }
        Done::Nothing
    }

    /// A client has said that it lives, and will say so again.
    pub(super) fn note_heartbeat(&mut self, asker: Asker) {
        let root = self.clients.root(asker.client);
        let session = self.clients.session_mut(root);
        if !session.heartbeat {
            session.heartbeat = true;
            self.arm_silence(root);
        }
    }

    /// An operator frees an address.
    fn force(
        &mut self,
        now: Instant,
        asker: Asker,
        address: &str,
        reader: Reader<'_>,
        out: &mut Outputs,
    ) -> Result<Done, Refusal> {
        let reason = match self.judge_force(asker, reader) {
            Ok(reason) => reason,
            Err(code) => {
                return Err(self.deny(now, asker, address.as_bytes(), code, Manner::Once, out));
            }
        };
        let held = self
            .table
            .find(address)
            .filter(|&id| self.table.entry(id).lock.is_some());
        let Some(id) = held else {
            self.answer_free(asker, address, UnlockCause::Forced, out);
            return Ok(Done::Nothing);
        };
        let lock = self.table.entry(id).lock.as_ref().expect("it is held");
        let holders = self.place_now(lock.holder, lock.place);
        let told = holders.is_some_and(|place| place.destination == asker.destination)
            || self
                .status_followers(StatusKind::Unlocked)
                .contains(&asker.destination);
        let forced = Forced {
            by: Some(asker.client),
            reason,
        };
        self.release_for(id, UnlockCause::Forced, forced, out);
        if !told && !asker.in_call && self.is_told_status(asker.client) {
            // The message that the former holder was sent is still in the buffer.
            self.answer(asker, Kind::Status, out);
        }
        Ok(Done::Nothing)
    }

    /// Whether the asker may free what others hold; the reason that it gives.
    pub(super) fn judge_force<'a>(
        &self,
        asker: Asker,
        mut reader: Reader<'a>,
    ) -> Result<&'a str, Code> {
        let root = self.clients.root(asker.client);
        let ip = self.clients.session(root).endpoint.address.ip();
        if !self.profiles.is_operator(self.profile_of(root), ip) {
            return Err(Code::NotAllowed);
        }
        if reader.is_at_end() {
            return Ok("");
        }
        let reason = reader.text().ok_or(Code::BadArguments)?;
        if reader.is_at_end() {
            Ok(reason)
        } else {
            Err(Code::BadArguments)
        }
    }
}

/// Where calls are answered.
pub(super) const REPLY: &str = "/oscgate/reply";

/// Begins a reply to a call in place of what the buffer holds; `tags` without those of number and
/// code, `rest` what [`Encoder::rest`] will put.
pub(super) fn reply<'b>(
    buffer: &'b mut Vec<u8>,
    number: i32,
    code: &str,
    tags: &str,
    rest: Arguments<'_>,
) -> Encoder<'b> {
    let mut all = ReplyTags {
        tags: *b"is--",
        length: 2,
    };
    for &tag in tags.as_bytes() {
        all.tags[all.length] = tag;
        all.length += 1;
    }
    buffer.clear();
    let tags = &all.tags[..all.length];
    Encoder::begin_with(buffer, REPLY.as_bytes(), tags, rest)
        .int(number)
        .string(code.as_bytes())
}

/// Number, code, and at most two more.
struct ReplyTags {
    tags: [u8; 4],
    length: usize,
}
