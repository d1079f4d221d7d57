//! Messages to the gateway itself, and the way from any message to what it does.

use super::clients::ClientId;
use super::code::{Code, EndCause, UnlockCause};
use super::denial::{Manner, Refusal, words};
use super::lock::Want;
use super::locking::Forced;
use super::output::Outputs;
use super::queue::Kind;
use super::reply::{StatusKind, millis};
use super::session::{is_name, is_user_name};
use super::table::AddressId;
use super::write::Act;
use super::{Asker, Gateway};
use crate::limits::ADDRESS_BYTES_MAX;
use crate::osc::{ArgumentView, Arguments, Encoder, Pattern, check_address, is_pattern};
use crate::time::Instant;
use std::time::Duration;

/// Where `meta` is answered.
pub(super) const META: &str = "/oscgate/status/meta";

/// A message whose address is still to be looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// Where it is addressed to.
    pub(super) address: &'a [u8],
    /// Its arguments.
    pub(super) values: Arguments<'a>,
    /// The whole of it as it came, where it may go on as it is.
    pub(super) whole: Option<&'a [u8]>,
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

/// A request that failed, in words of its own.
fn failed(code: Code, text: &'static str) -> Refusal {
    Refusal::plain(code, text)
}

/// Whether an address is the gateway's own.
pub(super) fn is_own_address(address: &[u8]) -> bool {
    address == b"/oscgate" || address.starts_with(b"/oscgate/")
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
#[derive(Clone, Copy)]
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
        let Some(address) = check_address(asked.address) else {
            let code = Code::BadAddress;
            return Err(self.deny(now, asker, asked.address, code, Manner::Stream, out));
        };
        if is_own_address(asked.address) {
            return self.request(now, asker, address, asked.values, out);
        }
        let act = Act {
            address,
            values: Some(asked.values),
            whole: asked.whole,
            want: Want::Write,
            revision: None,
            plain: !asker.in_call,
        };
        self.act_anywhere(now, asker, &act, out)
    }

    /// An act on an address or, for plain writes and `set`, on all that a pattern matches.
    fn act_anywhere(
        &mut self,
        now: Instant,
        asker: Asker,
        act: &Act<'_>,
        out: &mut Outputs,
    ) -> Result<Done, Refusal> {
        if !is_pattern(act.address) {
            return self.act(now, asker, act, out);
        }
        match Pattern::compile(act.address) {
            Ok(pattern) => self.act_by_pattern(now, asker, &pattern, act, out),
            Err(_) => {
                let (address, code) = (act.address.as_bytes(), Code::BadAddress);
                Err(self.deny(now, asker, address, code, Manner::Stream, out))
            }
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
        if is_gateways_word(request.as_bytes()) {
            self.stats.reflections += 1;
            return Ok(Done::Reflection);
        }
        let mut reader = Reader(values);
        let result = match request {
            "/oscgate/ping" => Ok(self.ping(now, asker, values, out)),
            "/oscgate/bye" => {
                self.end(self.clients.root(asker.client), EndCause::Bye, out);
                Ok(Done::Nothing)
            }
            "/oscgate/hello" => self.hello(now, asker, reader, out),
            "/oscgate/as" => return self.speak_as(now, asker, reader, out),
            "/oscgate/call" if asker.in_call => Err(failed(
                Code::BadArguments,
                "a call in a call is not possible",
            )),
            "/oscgate/call" => return self.call(now, asker, reader, out),
            "/oscgate/get" => self.get(now, asker, &mut reader, out),
            "/oscgate/meta" => self.meta(now, asker, &mut reader, out),
            "/oscgate/subscribe" => self.on_subscribe(asker, reader),
            "/oscgate/unsubscribe" => self.on_unsubscribe(asker, reader),
            "/oscgate/sync" => self.on_sync(now, asker, reader),
            "/oscgate/set" | "/oscgate/set_if" | "/oscgate/lock" | "/oscgate/unlock"
            | "/oscgate/take" | "/oscgate/release" => {
                return self.request_of_address(now, asker, request, reader, out);
            }
            _ => Err(failed(Code::UnknownRequest, "there is no such request")),
        };
        if let Err(refusal) = result {
            self.fail(asker, request, refusal.code, refusal.text, out);
        }
        result
    }

    /// A heartbeat: answered with what it brought.
    fn ping(
        &mut self,
        now: Instant,
        asker: Asker,
        values: Arguments<'_>,
        out: &mut Outputs,
    ) -> Done {
        let root = self.clients.root(asker.client);
        let session = self.clients.session_mut(root);
        if !session.heartbeat {
            session.heartbeat = true;
            self.arm_silence(now, root);
        }
        if !asker.in_call {
            out.scratch.clear();
            Encoder::begin_with(&mut out.scratch, b"/oscgate/pong", b"", values).rest(values);
            self.answer(asker, Kind::Status, out);
        }
        Done::Nothing
    }

    /// Takes a name, and a reply port if one is named.
    fn hello(
        &mut self,
        now: Instant,
        asker: Asker,
        mut reader: Reader<'_>,
        out: &mut Outputs,
    ) -> Result<Done, Refusal> {
        let result = if asker.in_as {
            Err(failed(Code::BadArguments, "a user cannot say hello"))
        } else {
            self.judge_hello(now, asker, &mut reader, out)
        };
        let announced = self.clients.session(asker.client).announced;
        let (name, port) = match result {
            Ok(hello) => hello,
            Err(refusal) => {
                if !announced {
                    self.announce(asker, true, out);
                }
                return Err(refusal);
            }
        };
        let renamed = self.clients.name(asker.client) != name;
        let former = self.clients.name(asker.client).to_owned();
        if renamed {
            self.clients.rename(asker.client, name);
        }
        let asker = match port {
            Some(port) => Asker {
                destination: self.redirect(asker, port, out),
                ..asker
            },
            None => asker,
        };
        if !announced {
            self.announce(asker, true, out);
            return Ok(Done::Nothing);
        }
        let endpoint = self.clients.session(asker.client).endpoint;
        if renamed {
            out.change(super::Change::Renamed {
                former: &former,
                name,
                endpoint,
            });
            let tell = (!asker.in_call).then_some(asker);
            self.tell_connected(asker.client, endpoint, tell, out);
        } else if !asker.in_call {
            self.answer_connected(asker, endpoint, out);
        }
        Ok(Done::Nothing)
    }

    fn judge_hello<'a>(
        &mut self,
        now: Instant,
        asker: Asker,
        reader: &mut Reader<'a>,
        out: &mut Outputs,
    ) -> Result<(&'a str, Option<u16>), Refusal> {
        let bad = |text| Err(failed(Code::BadArguments, text));
        let Some(name) = reader.text() else {
            return bad("hello takes a name");
        };
        let port = match (reader.is_at_end(), reader.int()) {
            (true, _) => None,
            (false, Some(port)) if reader.is_at_end() => Some(port),
            (false, _) => return bad("hello takes a name and a reply port"),
        };
        let own = self.clients.name(asker.client) == name;
        if self
            .profiles
            .profile(self.profile_of(asker.client))
            .is_configured()
            && !own
        {
            return Err(failed(
                Code::NotAllowed,
                "this client's name is in the configuration",
            ));
        }
        if !own && !is_name(name) {
            return bad("a name has 1 to 64 printable characters, no / and is no address");
        }
        let port = match port.map(u16::try_from) {
            None => None,
            Some(Ok(port)) if port > 0 && !self.is_own_port(asker, port) => Some(port),
            Some(_) => {
                return bad("the reply port is not between 1 and 65535, or the gateway's own");
            }
        };
        if !own {
            self.free_the_name(now, asker, name, out)?;
        }
        Ok((name, port))
    }

    /// Makes sure that a name is nobody else's. An app that was restarted may have its own back.
    fn free_the_name(
        &mut self,
        now: Instant,
        asker: Asker,
        name: &str,
        out: &mut Outputs,
    ) -> Result<(), Refusal> {
        let taken = Err(failed(
            Code::NameTaken,
            "the name belongs to another client",
        ));
        if self.profiles.reserves(name) {
            return taken;
        }
        let Some(other) = self.clients.named(name) else {
            return Ok(());
        };
        if !self.clients.is_alive(other) {
            return taken;
        }
        let ip = |client: ClientId| self.clients.session(client).endpoint.ip();
        let unheard = now.since(self.clients.client(other).last_heard);
        if ip(other) != ip(asker.client) || unheard < crate::limits::NAME_TAKEOVER {
            return taken;
        }
        self.end(other, EndCause::Replaced, out);
        Ok(())
    }

    /// Does a message in the name of a user behind the asking endpoint.
    fn speak_as(
        &mut self,
        now: Instant,
        asker: Asker,
        mut reader: Reader<'_>,
        out: &mut Outputs,
    ) -> Result<Done, Refusal> {
        let request = "/oscgate/as";
        let (user, address) = (reader.text(), reader.string());
        let refused = match (user, address) {
            _ if asker.in_as => Some("a user cannot speak for another"),
            (Some(user), Some(_)) if !is_user_name(user) => {
                Some("a user has 1 to 64 printable characters and no /")
            }
            (Some(_), Some(b"/oscgate/as" | b"/oscgate/hello" | b"/oscgate/bye")) => {
                Some("a user cannot say as, hello or bye")
            }
            (Some(_), Some(_)) => None,
            _ => Some("as takes a user and an address"),
        };
        let (Some(user), Some(address), None) = (user, address, refused) else {
            let text = refused.unwrap_or_default();
            self.fail(asker, request, Code::BadArguments, text, out);
            return Err(failed(Code::BadArguments, text));
        };
        let client = match self.user(now, asker, user) {
            Ok(client) => client,
            Err(code) => {
                let text = "too many users behind one endpoint";
                self.fail(asker, request, code, text, out);
                return Err(failed(code, text));
            }
        };
        let asked = Asked {
            address,
            values: reader.0,
            whole: None,
        };
        self.ask(
            now,
            Asker {
                client,
                in_as: true,
                ..asker
            },
            &asked,
            out,
        )
    }

    /// The stored value of one address.
    fn get(
        &mut self,
        now: Instant,
        asker: Asker,
        reader: &mut Reader<'_>,
        out: &mut Outputs,
    ) -> Result<Done, Refusal> {
        let address = read_address(reader)?;
        let id = self.table.find(address);
        let Some(id) = id.filter(|&id| !self.table.entry(id).value.is_empty()) else {
            return Err(failed(Code::NotFound, words(Code::NotFound)));
        };
        let writer = self.table.entry(id).writer;
        if asker.in_call {
            self.note_sent(now, asker, id, writer);
        } else {
            self.send_stored(now, id, asker.place(&self.clients), writer, out);
        }
        Ok(Done::Value(id))
    }

    /// All about one address.
    fn meta(
        &mut self,
        now: Instant,
        asker: Asker,
        reader: &mut Reader<'_>,
        out: &mut Outputs,
    ) -> Result<Done, Refusal> {
        let address = read_address(reader)?;
        self.write_meta(now, address);
        if asker.in_call {
            return Ok(Done::Meta);
        }
        if self.meta.len() > crate::limits::DATAGRAM_BYTES_MAX {
            return Err(failed(Code::Limit, "the answer does not fit a datagram"));
        }
        out.scratch.clear();
        out.scratch.extend_from_slice(&self.meta);
        self.answer(asker, Kind::Status, out);
        Ok(Done::Meta)
    }

    /// Writes the `meta` of an address to the buffer of that name.
    fn write_meta(&mut self, now: Instant, address: &str) {
        let entry = self.table.find(address).map(|id| self.table.entry(id));
        let lock = entry.and_then(|entry| entry.lock.as_ref());
        let value = entry.map_or(&[][..], |entry| entry.value.as_bytes());
        let values = Arguments::of_tail(value);
        let tags: &[u8] = if lock.is_some() { b"sTsihs" } else { b"sFsihs" };
        let holder = lock.map_or("", |lock| self.clients.name(lock.holder));
        let writer = entry.map_or("", |entry| self.clients.names.text(entry.writer));
        self.meta.clear();
        Encoder::begin_with(&mut self.meta, META.as_bytes(), tags, values)
            .string(address.as_bytes())
            .string(holder.as_bytes())
            .int(lock.map_or(0, |lock| millis(lock.remaining(now))))
            .long(entry.map_or(0, |entry| entry.revision))
            .string(writer.as_bytes())
            .rest(values);
    }

    fn on_subscribe(&mut self, asker: Asker, reader: Reader<'_>) -> Result<Done, Refusal> {
        let mut patterns = Vec::new();
        for text in read_texts(reader)? {
            patterns.push(read_pattern(text)?);
        }
        if patterns.is_empty() {
            return Err(failed(
                Code::BadArguments,
                "subscribe takes one or more patterns",
            ));
        }
        match self.subscribe(asker, &patterns) {
            Ok(()) => Ok(Done::Nothing),
            Err(code) => Err(failed(code, "too many subscriptions")),
        }
    }

    fn on_unsubscribe(&mut self, asker: Asker, reader: Reader<'_>) -> Result<Done, Refusal> {
        self.unsubscribe(asker, &read_texts(reader)?);
        Ok(Done::Nothing)
    }

    fn on_sync(
        &mut self,
        now: Instant,
        asker: Asker,
        mut reader: Reader<'_>,
    ) -> Result<Done, Refusal> {
        let (Some(text), true) = (reader.text(), reader.is_at_end()) else {
            return Err(failed(Code::BadArguments, "sync takes one pattern"));
        };
        let pattern = read_pattern(text)?;
        match self.sync(now, asker, pattern) {
            Ok(()) => Ok(Done::Nothing),
            Err(code) => Err(failed(code, "too many sync requests at one time")),
        }
    }

    /// `set`, `set_if`, `lock`, `unlock`, `take`, `release`: what is refused is a denial of their
    /// address, if they name one.
    fn request_of_address(
        &mut self,
        now: Instant,
        asker: Asker,
        request: &str,
        mut reader: Reader<'_>,
        out: &mut Outputs,
    ) -> Result<Done, Refusal> {
        let named = reader
            .string()
            .filter(|address| address.len() <= ADDRESS_BYTES_MAX);
        let Some(named) = named else {
            let text = "the first argument is an address";
            self.fail(asker, request, Code::BadArguments, text, out);
            return Err(failed(Code::BadArguments, text));
        };
        let is_set = request == "/oscgate/set";
        let manner = if is_set { Manner::Stream } else { Manner::Once };
        let one = |address: &&str| !is_own_address(named) && (is_set || !is_pattern(address));
        let Some(address) = check_address(named).filter(one) else {
            return Err(self.deny(now, asker, named, Code::BadAddress, manner, out));
        };
        if request == "/oscgate/release" {
            return self.force(now, asker, address, reader, out);
        }
        let (want, revision) = match (request, reader.is_at_end()) {
            ("/oscgate/set", _) => (Want::Write, None),
            ("/oscgate/set_if", _) => match reader.long().filter(|_| !reader.is_at_end()) {
                Some(revision) => (Want::Write, Some(revision)),
                None => {
                    let code = Code::BadArguments;
                    return Err(self.deny(now, asker, named, code, Manner::Once, out));
                }
            },
            ("/oscgate/lock", _) => (Want::Lock, None),
            ("/oscgate/take", _) => (Want::Take, None),
            (_, true) => (Want::Unlock, None),
            (_, false) => (Want::WriteAndUnlock, None),
        };
        // Without values these three are about the lock alone, not an event.
        let lock_alone = reader.is_at_end() && want != Want::Write;
        let values = (!lock_alone).then_some(reader.0);
        let act = Act {
            address,
            values,
            whole: None,
            want,
            revision,
            plain: false,
        };
        if is_set {
            self.act_anywhere(now, asker, &act, out)
        } else {
            self.act(now, asker, &act, out)
        }
    }

    /// An operator frees an address.
    fn force(
        &mut self,
        now: Instant,
        asker: Asker,
        address: &str,
        mut reader: Reader<'_>,
        out: &mut Outputs,
    ) -> Result<Done, Refusal> {
        let root = self.clients.root(asker.client);
        let ip = self.clients.session(root).endpoint.ip();
        let reason = if reader.is_at_end() {
            Some("")
        } else {
            reader.text()
        };
        let code = if !self.profiles.is_operator(self.profile_of(root), ip) {
            Some(Code::NotAllowed)
        } else if reason.is_none() || !reader.is_at_end() {
            Some(Code::BadArguments)
        } else {
            None
        };
        if let Some(code) = code {
            return Err(self.deny(now, asker, address.as_bytes(), code, Manner::Once, out));
        }
        let held = self
            .table
            .find(address)
            .filter(|&id| self.table.entry(id).lock.is_some());
        let Some(id) = held else {
            self.answer_free(asker, address, UnlockCause::Forced, out);
            return Ok(Done::Nothing);
        };
        let lock = self.table.entry(id).lock.as_ref().expect("it is held");
        let told = lock.place.destination == asker.destination
            || self
                .status_followers(StatusKind::Unlocked)
                .contains(&asker.destination);
        let forced = Forced {
            by: Some(asker.client),
            reason: reason.unwrap_or_default(),
        };
        self.release_for(id, UnlockCause::Forced, forced, out);
        if !told && !asker.in_call && self.is_told_status(asker.client) {
            // The message that the former holder was sent is still in the buffer.
            self.answer(asker, Kind::Status, out);
        }
        Ok(Done::Nothing)
    }

    /// Remembers that a caller was told a value.
    fn note_sent(
        &mut self,
        now: Instant,
        asker: Asker,
        id: AddressId,
        writer: super::names::NameId,
    ) {
        let hash = self.hash(Arguments::of_tail(self.table.entry(id).value.as_bytes()));
        if !self.times.reflection.is_zero() {
            self.clients
                .destination_mut(asker.destination)
                .sent
                .note(now, id, writer, hash);
        }
    }
}

/// The one argument of `get` and `meta`: a plain address outside `/oscgate`.
fn read_address<'a>(reader: &mut Reader<'a>) -> Result<&'a str, Refusal> {
    let (Some(named), true) = (reader.string(), reader.is_at_end()) else {
        return Err(failed(Code::BadArguments, "takes one address"));
    };
    let plain = |address: &&str| !is_pattern(address) && !is_own_address(named);
    check_address(named)
        .filter(plain)
        .ok_or_else(|| failed(Code::BadAddress, "not the address of a value"))
}

fn read_texts(mut reader: Reader<'_>) -> Result<Vec<&str>, Refusal> {
    let mut texts = Vec::new();
    while !reader.is_at_end() {
        match reader.text() {
            Some(text) => texts.push(text),
            None => return Err(failed(Code::BadArguments, "patterns are strings")),
        }
    }
    Ok(texts)
}

fn read_pattern(text: &str) -> Result<Pattern, Refusal> {
    let bad = || failed(Code::BadAddress, "not an address pattern");
    check_address(text.as_bytes()).ok_or_else(bad)?;
    Pattern::compile(text).map_err(|_| bad())
}

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
    Encoder::begin_with(buffer, b"/oscgate/reply", tags, rest)
        .int(number)
        .string(code.as_bytes())
}

/// Number, code, and at most two more.
struct ReplyTags {
    tags: [u8; 4],
    length: usize,
}
