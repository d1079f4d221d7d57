//! A native message in, what it means out.

use std::ops::Range;
use std::time::Duration;

use super::convert::{Unfit, read_number};
use super::entries::Way;
use super::line::{Edge, Fit, Found, Line, Map, NOTHING_FOUND, Role, Service, Toggle};
use super::mapping::{Mapping, Unmapped, World};
use super::template::{Captured, Held, NOTHING_HELD, Values};
use crate::limits::PATTERN_MATCHES_MAX;
use crate::osc::{ArgumentView, Arguments, Pattern, append_tail, is_pattern};

/// What a native message means, in the order in which it is to be done. Used again for the next
/// message, so that its memory is too.
#[derive(Debug, Default)]
pub struct Deeds {
    list: Vec<Meant>,
    bytes: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Meant {
    what: What,
    line: Option<u32>,
    address: Range<usize>,
    message: Range<usize>,
    user: Range<usize>,
}

/// One thing that a native message means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deed<'d> {
    /// What is to be done.
    pub what: What,
    /// The line that says so, by its place in the mapping.
    pub line: Option<usize>,
    /// The gateway's address; empty where none is meant.
    pub address: &'d str,
    /// The whole message to that address, where values are written.
    pub message: &'d [u8],
    /// The person behind the endpoint who does it.
    pub user: Option<&'d str>,
}

impl Deed<'_> {
    /// The message from its comma on.
    #[must_use]
    pub fn tail(&self) -> &[u8] {
        self.message
            .get((self.address.len() / 4 + 1) * 4..)
            .unwrap_or_default()
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// Values are written, or an event sent.
    Write {
        /// It is an event, whatever its arguments.
        event: bool,
        /// It takes the lock for so long.
        hold: Option<Duration>,
        /// A value was clipped: what is stored is not what the device shows.
        clipped: bool,
    },
    /// The stored value is asked for.
    Query,
    /// A finger came down on a control, or left it.
    Touch {
        /// It came down.
        down: bool,
    },
    /// A bank was chosen.
    Bank {
        /// Which, by its place.
        bank: usize,
        /// Its number.
        number: i32,
    },
    /// See [`Service`], of the line with this place.
    Serve(usize),
    /// It cannot be read as what it should be.
    Unfit(Unfit),
    /// It turns over, or adds to, a value that there is not.
    NoValue,
    /// The mapping refuses it.
    Denied,
    /// A pattern matches more addresses than are taken.
    TooMany,
    /// Nothing: the other edge of a button, what is to be ignored, what nobody maps.
    Nothing,
    /// No line speaks of it; it goes on as it is.
    Pass,
    /// No line speaks of it; it is dropped.
    Drop,
}

impl Deeds {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, n: usize) -> Option<Deed<'_>> {
        let meant = self.list.get(n)?;
        let text = |range: &Range<usize>| {
            std::str::from_utf8(&self.bytes[range.clone()]).expect("written from text")
        };
        Some(Deed {
            what: meant.what,
            line: meant.line.map(|line| line as usize),
            address: text(&meant.address),
            message: &self.bytes[meant.message.clone()],
            user: (!meant.user.is_empty()).then(|| text(&meant.user)),
        })
    }

    fn clear(&mut self) {
        self.list.clear();
        self.bytes.clear();
    }

    /// The value of an address that no line speaks of is asked for.
    fn ask(&mut self, address: &str) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(address.as_bytes());
        self.say(What::Query, None);
        let meant = self.list.last_mut().expect("it was just said");
        meant.address = start..self.bytes.len();
    }

    fn say(&mut self, what: What, line: Option<u32>) {
        self.list.push(Meant {
            what,
            line,
            address: 0..0,
            message: 0..0,
            user: 0..0,
        });
    }
}

/// A native message and the line that it is held against.
#[derive(Clone, Copy)]
struct Said<'a> {
    values: Arguments<'a>,
    /// It was addressed by a pattern: it makes no address known.
    by_pattern: bool,
}

impl Mapping {
    /// Reads a native message.
    ///
    /// `address` is any text without zero bytes; `deeds` is filled anew.
    pub fn read(&self, address: &str, values: Arguments<'_>, world: &World<'_>, deeds: &mut Deeds) {
        deeds.clear();
        if self.deny.iter().any(|pattern| pattern.matches(address)) {
            return deeds.say(What::Denied, None);
        }
        let said = Said {
            values,
            by_pattern: false,
        };
        if is_pattern(address) && self.native.of(address).is_empty() {
            return self.read_pattern(address, values, world, deeds);
        }
        if !self.read_one(address, said, world, deeds) {
            self.read_suffixed(address, said, world, deeds);
        }
        if deeds.is_empty() {
            let ignored = self.ignore.iter().any(|pattern| pattern.matches(address));
            let what = match self.about.unmapped {
                _ if ignored => What::Nothing,
                Unmapped::Pass if self.asks_for_unmapped(address, values) => {
                    return deeds.ask(address);
                }
                Unmapped::Pass => What::Pass,
                Unmapped::Drop => What::Drop,
            };
            deeds.say(what, None);
        }
    }

    /// Whether a device of this kind may say an address that begins with no slash.
    #[must_use]
    pub fn knows(&self, address: &str) -> bool {
        !self.native.of(address).is_empty()
    }

    /// Whether a message that no line speaks of asks for a value: it passed as an event otherwise,
    /// and a console's program asks for thousands when it starts.
    fn asks_for_unmapped(&self, address: &str, values: Arguments<'_>) -> bool {
        let own = address == "/oscgate" || address.starts_with("/oscgate/");
        self.queries.bare && values.tags().is_empty() && address.starts_with('/') && !own
    }

    fn read_pattern(
        &self,
        address: &str,
        values: Arguments<'_>,
        world: &World<'_>,
        deeds: &mut Deeds,
    ) {
        let Ok(pattern) = Pattern::compile(address) else {
            return deeds.say(What::Pass, None);
        };
        let said = Said {
            values,
            by_pattern: true,
        };
        let mut matches = 0;
        let prefix = pattern.prefix();
        for native in self.native.from(prefix) {
            if !native.starts_with(prefix) {
                break;
            }
            if pattern.matches(native) {
                matches += 1;
                if matches > PATTERN_MATCHES_MAX {
                    deeds.clear();
                    return deeds.say(What::TooMany, None);
                }
                self.read_one(native, said, world, deeds);
            }
        }
        if matches == 0 {
            deeds.say(
                match self.about.unmapped {
                    Unmapped::Pass => What::Pass,
                    Unmapped::Drop => What::Drop,
                },
                None,
            );
        }
    }

    /// Reads a message whose address the lines name; `false`: none does.
    fn read_one(
        &self,
        address: &str,
        said: Said<'_>,
        world: &World<'_>,
        deeds: &mut Deeds,
    ) -> bool {
        let mut unfit = None;
        let mut named = false;
        for &entry in self.native.of(address) {
            let line = &self.lines[entry.line as usize];
            if !self.holds(line, world) {
                continue;
            }
            named = true;
            let held = self.native.held(entry, line);
            let fit = self.read_line((entry.line, entry.way), held, said, world, deeds);
            match (fit, &line.role) {
                // Several services may hang on one message.
                (Fit::Yes, Role::Service(_)) => {}
                (Fit::Yes, _) => return true,
                (Fit::No, _) => {}
                (Fit::Unfit(why), _) => unfit = unfit.or(Some((why, entry.line, held))),
            }
        }
        for &open in &self.open_native {
            let line = &self.lines[open as usize];
            for template in line.device.iter().filter(|_| self.holds(line, world)) {
                let mut held = NOTHING_HELD;
                if template.capture(address, &line.captures, &mut held) {
                    named = true;
                    match self.read_line((open, Way::Device), held, said, world, deeds) {
                        Fit::Yes => return true,
                        Fit::No => {}
                        Fit::Unfit(why) => {
                            deeds.say(What::Unfit(why), Some(open));
                            return true;
                        }
                    }
                }
            }
        }
        if let (Some((why, line, held)), true) = (unfit, deeds.is_empty()) {
            self.say_unfit(line, why, held, said, world, deeds);
        }
        named && !deeds.is_empty()
    }

    /// A question by a suffix: `/Input_Channels/1/fader/?`.
    fn read_suffixed(&self, address: &str, said: Said<'_>, world: &World<'_>, deeds: &mut Deeds) {
        let suffix = self.queries.suffix.as_deref();
        let Some(asked) = suffix.and_then(|suffix| address.strip_suffix(suffix)) else {
            return;
        };
        for &entry in self.native.of(asked) {
            let line = &self.lines[entry.line as usize];
            if matches!(line.role, Role::Map(_)) && self.holds(line, world) {
                let mut held = self.native.held(entry, line);
                self.fill_banks(line, &mut held, world);
                self.query(entry.line, line, &held, deeds);
            }
        }
        let _ = said;
    }

    fn fill_banks(&self, line: &Line, held: &mut Held<'_>, world: &World<'_>) {
        for (capture, held) in line.captures.0.iter().zip(held.iter_mut()) {
            if let Values::Bank(bank, _) = capture.values {
                *held = Captured::Number(self.bank(bank, world));
            }
        }
    }

    fn read_line<'a>(
        &'a self,
        (id, way): (u32, Way),
        mut held: Held<'a>,
        said: Said<'a>,
        world: &World<'_>,
        deeds: &mut Deeds,
    ) -> Fit {
        let line = &self.lines[id as usize];
        self.fill_banks(line, &mut held, world);
        let mut found = NOTHING_FOUND;
        match &line.role {
            Role::Map(map) => {
                if self.is_question(way, map, said.values) {
                    self.query(id, line, &held, deeds);
                    return Fit::Yes;
                }
                let none = said.values.tags().is_empty();
                // A press without arguments is a press.
                if !(none && (map.event.is_some() || map.toggle == Some(Toggle::Press))) {
                    match line.read(said.values, &mut held, &mut found) {
                        Fit::Yes => {}
                        other => return other,
                    }
                }
                if map.refused {
                    self.point(What::Denied, id, line, &held, deeds);
                    return Fit::Yes;
                }
                self.write(id, map, (&held, &found, none), said, world, deeds);
                Fit::Yes
            }
            Role::Touch(touch) => {
                if way == Way::Device && touch.release.is_some() && said.values.tags().is_empty() {
                    self.point(What::Touch { down: true }, id, line, &held, deeds);
                    return Fit::Yes;
                }
                if way == Way::Release && said.values.tags().is_empty() {
                    self.point(What::Touch { down: false }, id, line, &held, deeds);
                    return Fit::Yes;
                }
                match line.read(said.values, &mut held, &mut found) {
                    Fit::Yes => {}
                    other => return other,
                }
                let down = way == Way::Device && is_down(found[0]);
                self.point(What::Touch { down }, id, line, &held, deeds);
                Fit::Yes
            }
            Role::Bank(bank) => {
                match line.read(said.values, &mut held, &mut found) {
                    Fit::Yes => {}
                    other => return other,
                }
                self.choose(id, *bank, (&held, &found), deeds)
            }
            Role::Service(service) => {
                if let Service::Follow { named: true, .. } = service
                    && let Some(ArgumentView::String(native)) = said.values.clone().next()
                    && let Ok(native) = std::str::from_utf8(native)
                {
                    self.point_at_named(id, native, deeds);
                    return Fit::Yes;
                }
                deeds.say(What::Serve(id as usize), Some(id));
                Fit::Yes
            }
            Role::Tell(_) => Fit::No,
        }
    }

    /// A bank was chosen: its number is an argument, or stands in the address.
    fn choose(
        &self,
        id: u32,
        bank: usize,
        (held, found): (&Held<'_>, &Found<'_>),
        deeds: &mut Deeds,
    ) -> Fit {
        let line = &self.lines[id as usize];
        let own = line.captures.0.iter().zip(held);
        let in_address = own.filter(|(capture, _)| matches!(capture.values, Values::Numbers(_)));
        let number = match in_address.map(|(_, held)| *held).next() {
            Some(Captured::Number(number)) => Some(f64::from(number)),
            Some(Captured::Text(_) | Captured::Missing) | None => read_number(found[0]),
        };
        let known = &self.banks[bank].numbers;
        let chosen = number.and_then(|number| known.iter().find(|&&one| f64::from(one) == number));
        let what = match chosen {
            Some(&number) => What::Bank { bank, number },
            None => What::Unfit(Unfit::Range),
        };
        deeds.say(what, Some(id));
        Fit::Yes
    }

    /// Whether a message asks for a value instead of giving one.
    fn is_question(&self, way: Way, map: &Map, values: Arguments<'_>) -> bool {
        if way == Way::Get {
            return true;
        }
        let is_value = map.event.is_none() && map.toggle != Some(Toggle::Press);
        let mut all = values;
        match (all.next(), &self.queries.argument) {
            (None, _) => self.queries.bare && is_value,
            (Some(value), Some(literal)) => {
                let same_type = literal.view().tag() == value.tag()
                    || matches!(value, ArgumentView::True | ArgumentView::False)
                        && matches!(literal, super::line::Literal::Flag(_));
                is_value
                    && same_type
                    && all.tags().is_empty()
                    && (literal.is(value) || matches!(literal, super::line::Literal::Flag(_)))
            }
            (Some(_), None) => false,
        }
    }

    fn query(&self, id: u32, line: &Line, held: &Held<'_>, deeds: &mut Deeds) {
        for template in &line.gateway {
            self.push(What::Query, id, (line, template, held), &[], deeds);
        }
    }

    /// Something about each gateway address of a line.
    fn point(&self, what: What, id: u32, line: &Line, held: &Held<'_>, deeds: &mut Deeds) {
        for template in &line.gateway {
            self.push(what, id, (line, template, held), &[], deeds);
        }
    }

    /// A wish to follow what a native address stands for.
    fn point_at_named(&self, id: u32, native: &str, deeds: &mut Deeds) {
        for &entry in self.native.of(native) {
            let line = &self.lines[entry.line as usize];
            if matches!(line.role, Role::Map(_)) {
                let held = self.native.held(entry, line);
                for template in &line.gateway {
                    let what = What::Serve(id as usize);
                    self.push(what, id, (line, template, &held), &[], deeds);
                }
            }
        }
    }

    fn say_unfit<'a>(
        &'a self,
        id: u32,
        why: Unfit,
        mut held: Held<'a>,
        said: Said<'a>,
        world: &World<'_>,
        deeds: &mut Deeds,
    ) {
        let line = &self.lines[id as usize];
        self.fill_banks(line, &mut held, world);
        let mut found = NOTHING_FOUND;
        let _ = line.read(said.values, &mut held, &mut found);
        let before = deeds.len();
        self.point(What::Unfit(why), id, line, &held, deeds);
        if deeds.len() == before {
            deeds.say(What::Unfit(why), Some(id));
        }
    }

    /// Adds a deed about the address that a template makes; nothing where a capture is missing.
    fn push(
        &self,
        what: What,
        id: u32,
        (line, template, held): (&Line, &super::template::Template, &Held<'_>),
        values: &[ArgumentView<'_>],
        deeds: &mut Deeds,
    ) {
        let start = deeds.bytes.len();
        if !template.fill(held, &line.captures, &mut deeds.bytes) {
            deeds.bytes.truncate(start);
            return;
        }
        let address = start..deeds.bytes.len();
        let mut message = 0..0;
        if matches!(what, What::Write { .. }) {
            let padded = start + (address.len() / 4 + 1) * 4;
            deeds.bytes.resize(padded, 0);
            append_tail(&mut deeds.bytes, values.iter().copied());
            message = start..deeds.bytes.len();
        }
        let user = self.put_user(line, held, deeds);
        deeds.list.push(Meant {
            what,
            line: Some(id),
            address,
            message,
            user,
        });
    }

    fn put_user(&self, line: &Line, held: &Held<'_>, deeds: &mut Deeds) -> Range<usize> {
        let start = deeds.bytes.len();
        if let Some(capture) = line.user() {
            match held[capture] {
                Captured::Text(text) => deeds.bytes.extend_from_slice(text.as_bytes()),
                Captured::Number(number) => {
                    use std::io::Write as _;
                    write!(deeds.bytes, "{number}").expect("memory takes what is written");
                }
                Captured::Missing => {}
            }
        }
        start..deeds.bytes.len()
    }

    fn write(
        &self,
        id: u32,
        map: &Map,
        (held, found, none): (&Held<'_>, &Found<'_>, bool),
        said: Said<'_>,
        world: &World<'_>,
        deeds: &mut Deeds,
    ) {
        let line = &self.lines[id as usize];
        let mut found = *found;
        if let Some(capture) = map.value
            && let Captured::Number(number) = held[capture]
        {
            found[0] = ArgumentView::Int(number);
        }
        if map.event == Some(Edge::Press) || map.toggle == Some(Toggle::Press) {
            if !none && !map.conversions.is_empty() && !is_down(found[0]) {
                return deeds.say(What::Nothing, Some(id));
            }
        }
        let event = map.event.is_some();
        let bare = map.event == Some(Edge::Press) || (event && none);
        let write = |clipped| What::Write {
            event,
            hold: map.hold,
            clipped,
        };
        if bare {
            return self.push_if_known(write(false), id, (line, held), &[], said, world, deeds);
        }
        if line.slots.is_none() {
            return self.pass(write(false), id, (line, held), said, world, deeds);
        }
        if let Some(value) = self.resolved(map, (line, held), found[0], world, deeds) {
            let values = match value {
                Ok(value) => value,
                Err(what) => return self.point(what, id, line, held, deeds),
            };
            return self.push_if_known(
                write(false),
                id,
                (line, held),
                &[values],
                said,
                world,
                deeds,
            );
        }
        let mut values = NOTHING_FOUND;
        let mut clipped = false;
        for (n, conversion) in map.conversions.iter().enumerate() {
            match conversion.to_gateway(found[n]) {
                Ok((value, was_clipped)) => {
                    values[n] = value;
                    clipped |= was_clipped;
                }
                Err(why) => return self.point(What::Unfit(why), id, line, held, deeds),
            }
        }
        let values = &values[..map.conversions.len()];
        self.push_if_known(write(clipped), id, (line, held), values, said, world, deeds);
    }

    /// One deed for each gateway address: all values to the one, or one value to each.
    #[allow(
        clippy::too_many_arguments,
        reason = "what a write is, and where it goes"
    )]
    fn push_if_known(
        &self,
        what: What,
        id: u32,
        (line, held): (&Line, &Held<'_>),
        values: &[ArgumentView<'_>],
        said: Said<'_>,
        world: &World<'_>,
        deeds: &mut Deeds,
    ) {
        for (n, template) in line.gateway.iter().enumerate() {
            let own = if line.gateway.len() > 1 {
                &values[n..=n]
            } else {
                values
            };
            let before = (deeds.list.len(), deeds.bytes.len());
            self.push(what, id, (line, template, held), own, deeds);
            if said.by_pattern && deeds.list.len() > before.0 {
                let address = deeds.get(before.0).map_or("", |deed| deed.address);
                if (world.value)(address).is_none() {
                    deeds.list.truncate(before.0);
                    deeds.bytes.truncate(before.1);
                }
            }
        }
    }

    /// Values that stay as they are.
    fn pass(
        &self,
        what: What,
        id: u32,
        (line, held): (&Line, &Held<'_>),
        said: Said<'_>,
        world: &World<'_>,
        deeds: &mut Deeds,
    ) {
        let template = &line.gateway[0];
        let before = (deeds.list.len(), deeds.bytes.len());
        self.push(what, id, (line, template, held), &[], deeds);
        let Some(meant) = deeds.list.last().filter(|_| deeds.list.len() > before.0) else {
            return;
        };
        let address = meant.address.clone();
        let unknown = said.by_pattern
            && std::str::from_utf8(&deeds.bytes[address.clone()])
                .is_ok_and(|address| (world.value)(address).is_none());
        if unknown {
            deeds.list.truncate(before.0);
            deeds.bytes.truncate(before.1);
            return;
        }
        // The message as it came, behind the other address.
        let user: Vec<u8> = deeds.bytes[meant.user.clone()].to_vec();
        let start = address.start;
        deeds.bytes.truncate(start + (address.len() / 4 + 1) * 4);
        append_tail(&mut deeds.bytes, said.values);
        let message = start..deeds.bytes.len();
        deeds.bytes.extend_from_slice(&user);
        let end = deeds.bytes.len();
        let meant = deeds.list.last_mut().expect("it was just pushed");
        meant.message = message.clone();
        meant.user = message.end..end;
    }

    /// What a toggle or a relative move makes of the stored value; `None`: it is neither.
    fn resolved<'a>(
        &'a self,
        map: &'a Map,
        (line, held): (&Line, &Held<'_>),
        found: ArgumentView<'a>,
        world: &World<'_>,
        deeds: &mut Deeds,
    ) -> Option<Result<ArgumentView<'a>, What>> {
        let conversion = map.conversions.first();
        let turns = match map.toggle {
            Some(Toggle::Press) => true,
            Some(Toggle::Number(number)) => read_number(found) == Some(number),
            None => false,
        };
        if !turns && map.relative.is_none() {
            return None;
        }
        let start = deeds.bytes.len();
        let filled = line.gateway[0].fill(held, &line.captures, &mut deeds.bytes);
        let address = std::str::from_utf8(&deeds.bytes[start..]).unwrap_or_default();
        let stored = (world.value)(address).and_then(|mut values| values.next());
        deeds.bytes.truncate(start);
        if !filled {
            return Some(Err(What::NoValue));
        }
        let tag = conversion.map_or(b'i', |conversion| conversion.gateway);
        if turns {
            let on = stored.and_then(read_number).is_some_and(|now| now > 0.0);
            let value = match tag {
                b'f' => ArgumentView::Float(if on { 0.0 } else { 1.0 }),
                b'T' if on => ArgumentView::False,
                b'T' => ArgumentView::True,
                _ => ArgumentView::Int(i32::from(!on)),
            };
            return Some(Ok(value));
        }
        let (Some(now), Some(by)) = (stored.and_then(read_number), read_number(found)) else {
            return Some(Err(What::NoValue));
        };
        let conversion = conversion?;
        let moved = conversion.moved(now, by * map.relative.unwrap_or(1.0));
        Some(if !moved.is_finite() {
            Err(What::Unfit(Unfit::Range))
        } else if tag == b'f' {
            Ok(ArgumentView::Float(moved as f32))
        } else {
            Ok(ArgumentView::Int(moved.round() as i32))
        })
    }
}

/// Whether a button or a finger is down.
fn is_down(value: ArgumentView<'_>) -> bool {
    read_number(value).is_some_and(|number| number != 0.0)
        || matches!(value, ArgumentView::Infinitum)
}
