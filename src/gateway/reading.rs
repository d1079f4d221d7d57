//! Requests that change nothing but what is heard: `get`, `meta`, `subscribe`, `sync`.

use super::code::Code;
use super::denial::{Refusal, words};
use super::destination::Mark;
use super::names::NameId;
use super::output::Outputs;
use super::queue::Kind;
use super::reply::millis;
use super::request::{Done, Reader, failed, is_own_address};
use super::table::AddressId;
use super::{Asker, Gateway};
use crate::limits::DATAGRAM_BYTES_MAX;
use crate::osc::{Arguments, Encoder, Pattern, check_address, is_pattern};
use crate::time::Instant;

/// One more pattern than a client may follow.
pub(super) const TOO_MANY_SUBSCRIPTIONS: Refusal = failed(Code::Limit, "too many subscriptions");

/// One more `sync` than may wait for one destination.
pub(super) const TOO_MANY_SYNCS: Refusal =
    failed(Code::Limit, "too many sync requests at one time");

/// Where `meta` is answered.
pub(super) const META: &str = "/oscgate/status/meta";

impl Gateway {
    /// The stored value of one address.
    pub(super) fn get(
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
    pub(super) fn meta(
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
        if self.meta.len() > DATAGRAM_BYTES_MAX {
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

    pub(super) fn on_subscribe(
        &mut self,
        asker: Asker,
        reader: Reader<'_>,
    ) -> Result<Done, Refusal> {
        self.subscribe(asker, &read_patterns(reader)?)?;
        Ok(Done::Nothing)
    }

    pub(super) fn on_unsubscribe(
        &mut self,
        asker: Asker,
        reader: Reader<'_>,
    ) -> Result<Done, Refusal> {
        self.unsubscribe(asker, &read_subscribed(reader)?);
        Ok(Done::Nothing)
    }

    pub(super) fn on_sync(
        &mut self,
        now: Instant,
        asker: Asker,
        reader: Reader<'_>,
    ) -> Result<Done, Refusal> {
        self.sync(now, asker, read_sync(reader)?)?;
        Ok(Done::Nothing)
    }

    /// Remembers that a caller was told a value.
    fn note_sent(&mut self, now: Instant, asker: Asker, id: AddressId, writer: NameId) {
        let hash = self.hash(Arguments::of_tail(self.table.entry(id).value.as_bytes()));
        if !self.times.reflection.is_zero() {
            self.clients.destination_mut(asker.destination).sent.note(
                now,
                id,
                writer,
                Mark::Bytes(hash),
            );
        }
    }
}

/// The one argument of `get` and `meta`: a plain address outside `/oscgate`.
pub(super) fn read_address<'a>(reader: &mut Reader<'a>) -> Result<&'a str, Refusal> {
    let (Some(named), true) = (reader.string(), reader.is_at_end()) else {
        return Err(failed(Code::BadArguments, "takes one address"));
    };
    let plain = |address: &&str| !is_pattern(address) && !is_own_address(named);
    check_address(named)
        .filter(plain)
        .ok_or_else(|| failed(Code::BadAddress, "not the address of a value"))
}

/// The patterns of a `subscribe`.
pub(super) fn read_patterns(reader: Reader<'_>) -> Result<Vec<Pattern>, Refusal> {
    let mut patterns = Vec::new();
    for text in read_texts(reader)? {
        patterns.push(read_pattern(text)?);
    }
    if patterns.is_empty() {
        let text = "subscribe takes one or more patterns";
        return Err(failed(Code::BadArguments, text));
    }
    Ok(patterns)
}

/// The pattern of a `sync`.
pub(super) fn read_sync(mut reader: Reader<'_>) -> Result<Pattern, Refusal> {
    match (reader.text(), reader.is_at_end()) {
        (Some(text), true) => read_pattern(text),
        _ => Err(failed(Code::BadArguments, "sync takes one pattern")),
    }
}

/// The patterns of an `unsubscribe`, as they were written; none: all.
pub(super) fn read_subscribed(reader: Reader<'_>) -> Result<Vec<&str>, Refusal> {
    let texts = read_texts(reader)?;
    for text in &texts {
        read_pattern(text)?;
    }
    Ok(texts)
}

/// Arguments that are all strings.
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
