//! A message of the gateway out, as the device is told it.

use super::convert::{read_number, typed};
use super::dialect::{Mapping, Unmapped, World};
use super::entries::Way;
use super::line::{
    Edge, LINE_VALUES_MAX, Line, Map, NOTHING_FOUND, Piece, Role, Say, Slot, Tell, When, Whose,
};
use super::template::{Captured, Held, NOTHING_HELD, Values};
use crate::osc::{ArgumentView, Arguments, append_tail, string_bytes};

/// One way in which a device is told of a gateway address.
#[derive(Clone, Copy, Debug)]
pub struct Route<'m> {
    mapping: &'m Mapping,
    /// Which line, by its place in the mapping.
    pub line: usize,
    held: Held<'m>,
}

/// What a `[[tell]]` is filled in with.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// What happened.
    pub when: When,
    /// The gateway's address; empty where none is meant.
    pub address: &'a str,
    /// Who holds the lock; empty: nobody.
    pub holder: &'a str,
    /// It is the lock of the client that is told.
    pub own: bool,
    /// Why.
    pub code: &'a str,
    /// Who came or went, or had the lock until now.
    pub name: &'a str,
    /// What remains of the lock, in whole seconds.
    pub remaining: u64,
}

impl Mapping {
    /// The ways in which a device is told of a gateway address: none, one, or several.
    pub fn routes<'m>(&'m self, address: &'m str) -> impl Iterator<Item = Route<'m>> {
        self.entries_of(address)
            .filter(|route| route.map().is_some())
    }

    /// Whether a device is told of a gateway address that no line tells it of, as it is: one of
    /// which it only speaks itself is no such address.
    #[must_use]
    pub fn passes(&self, address: &str) -> bool {
        let is_open = |&id: &u32| {
            let line = &self.lines[id as usize];
            let mut templates = line.gateway.iter().filter(|template| template.is_open());
            templates.any(|template| {
                let mut held = NOTHING_HELD;
                template.capture(address, &line.captures, &mut held)
            })
        };
        self.about.unmapped == Unmapped::Pass
            && !self.silent.contains(address)
            && !self.open_silent.iter().any(is_open)
    }

    /// Whether its lines speak of a gateway address.
    #[must_use]
    pub fn covers(&self, address: &str) -> bool {
        self.routes(address).next().is_some()
    }

    /// What a device is told when something happened to a gateway address, or to a session.
    pub fn tellings<'m>(&'m self, told: Told<'m>) -> impl Iterator<Item = Route<'m>> {
        let about_address = self.entries_of(told.address);
        let about_none = self.lines.iter().enumerate().filter_map(|(at, line)| {
            line.gateway.is_empty().then_some(Route {
                mapping: self,
                line: at,
                held: NOTHING_HELD,
            })
        });
        about_address.chain(about_none).filter(move |route| {
            route.telling().is_some_and(|tell| {
                tell.when.contains(&told.when)
                    && match tell.holder {
                        Whose::Anyone => true,
                        Whose::Own => told.own,
                        // Who was denied for another reason has nobody before it.
                        Whose::Others => !told.own && !is_nobodys(&told),
                    }
            })
        })
    }

    fn entries_of<'m>(&'m self, address: &'m str) -> impl Iterator<Item = Route<'m>> {
        let known = self.gateway.of(address).iter().map(|&entry| {
            debug_assert_eq!(entry.way, Way::Gateway);
            Route {
                mapping: self,
                line: entry.line as usize,
                held: self.gateway.held(entry, &self.lines[entry.line as usize]),
            }
        });
        let open = self.open_gateway.iter().filter_map(move |&id| {
            let line = &self.lines[id as usize];
            line.gateway.iter().find_map(|template| {
                let mut held = NOTHING_HELD;
                let fits = template.capture(address, &line.captures, &mut held);
                fits.then_some(Route {
                    mapping: self,
                    line: id as usize,
                    held,
                })
            })
        });
        known.chain(open)
    }

    /// Which of its device's steps the value of a gateway address is; `None`: none is declared.
    #[must_use]
    pub fn step(&self, address: &str, values: Arguments<'_>) -> Option<i64> {
        self.routes(address).next()?.step(values)
    }
}

/// Whether something was denied for another reason than a lock.
fn is_nobodys(told: &Told<'_>) -> bool {
    told.when == When::Denied && told.holder.is_empty()
}

impl<'m> Route<'m> {
    /// Does something with each gateway address whose value its message joins, if it joins several;
    /// `scratch` is used again.
    pub fn each_joined(&self, scratch: &mut Vec<u8>, mut each: impl FnMut(&str)) {
        let line = self.compiled();
        for template in line.gateway.iter().filter(|_| line.gateway.len() > 1) {
            scratch.clear();
            if template.fill(&self.held, &line.captures, scratch)
                && let Ok(address) = std::str::from_utf8(scratch)
            {
                each(address);
            }
        }
    }

    /// Which of the device's steps a value of the gateway is; `None`: none is declared.
    #[must_use]
    pub fn step(&self, values: Arguments<'_>) -> Option<i64> {
        let mut values = values;
        let value = values.next()?;
        let [conversion] = &self.map()?.conversions[..] else {
            return None;
        };
        conversion.step(value).filter(|_| values.tags().is_empty())
    }

    /// Whether a value of the gateway is an end of the device's travel.
    #[must_use]
    pub fn is_end(&self, values: Arguments<'_>) -> bool {
        let mut values = values;
        let (Some(map), Some(value)) = (self.map(), values.next()) else {
            return false;
        };
        match &map.conversions[..] {
            [conversion] => conversion.is_end(value),
            _ => false,
        }
    }

    /// Its line.
    #[must_use]
    pub fn compiled(&self) -> &'m Line {
        &self.mapping.lines[self.line]
    }

    fn map(&self) -> Option<&'m Map> {
        match &self.compiled().role {
            Role::Map(map) => Some(map),
            Role::Touch(_) | Role::Bank(_) | Role::Service(_) | Role::Tell(_) => None,
        }
    }

    fn telling(&self) -> Option<&'m Tell> {
        match &self.compiled().role {
            Role::Tell(tell) => Some(tell),
            Role::Map(_) | Role::Touch(_) | Role::Bank(_) | Role::Service(_) => None,
        }
    }

    /// Writes the native message for these values in place of what `out` holds; `false`: the
    /// device is told nothing, since it is in another bank, the values are not what the line
    /// speaks of, or another value of the same message is not there yet.
    pub fn write(&self, values: Arguments<'_>, world: &World<'_>, out: &mut Vec<u8>) -> bool {
        out.clear();
        let line = self.compiled();
        let Some(map) = self.map() else { return false };
        if !self.is_in_bank(world) {
            return false;
        }
        let template = map.push.as_ref().unwrap_or(&line.device[0]);
        if map.event == Some(Edge::Press) {
            let mut first = values;
            let pressed = { first.next() }.is_none_or(|value| read_number(value) != Some(0.0));
            return pressed && self.put_press(map, out);
        }
        if line.slots.is_none() {
            return self.put_address(template, &self.held, out) && {
                append_tail(out, values);
                true
            };
        }
        let mut found = NOTHING_FOUND;
        if line.gateway.len() > 1 {
            if !self.join(line, world, &mut found, out) {
                return false;
            }
        } else {
            let mut values = values;
            for found in found.iter_mut().take(map.conversions.len()) {
                match values.next() {
                    Some(value) => *found = value,
                    None => return false,
                }
            }
        }
        for (conversion, found) in map.conversions.iter().zip(found.iter_mut()) {
            match conversion.to_device(*found) {
                Ok((value, _)) => *found = value,
                Err(_) => return false,
            }
        }
        let mut held = self.held;
        if let Some(capture) = map.value {
            let Some(number) = read_number(found[0]) else {
                return false;
            };
            let number = number.round() as i32;
            // A number that the device's address cannot hold is none of its values.
            if !matches!(&line.captures.0[capture].values, Values::Numbers(known) if known.contains(&number))
            {
                return false;
            }
            held[capture] = Captured::Number(number);
        }
        self.put_address(template, &held, out) && self.put_slots(line, &found, out)
    }

    /// Writes what the device is answered where there is no value yet, in place of what `out`
    /// holds; `false`: nothing, since its line does not say.
    pub fn write_unset(&self, out: &mut Vec<u8>) -> bool {
        out.clear();
        let line = self.compiled();
        let Some(map) = self.map() else { return false };
        let (Some(unset), [conversion]) = (&map.unset, &map.conversions[..]) else {
            return false;
        };
        // By way of the gateway's value it takes the type that the device is told.
        let value = conversion.to_gateway(unset.view());
        let value = value.and_then(|(value, _)| conversion.to_device(value));
        let Ok((value, _)) = value else { return false };
        let mut found = NOTHING_FOUND;
        found[0] = value;
        let template = map.push.as_ref().unwrap_or(&line.device[0]);
        self.put_address(template, &self.held, out) && self.put_slots(line, &found, out)
    }

    /// Whether the client is in the bank in which the device shows the address.
    fn is_in_bank(&self, world: &World<'_>) -> bool {
        let line = self.compiled();
        self.mapping.holds(line, world) && self.mapping.is_shown(line, &self.held, world)
    }

    /// The values of one message, each stored under an address of its own.
    fn join<'f, 'w: 'f>(
        &self,
        line: &Line,
        world: &World<'w>,
        found: &mut [ArgumentView<'f>; LINE_VALUES_MAX],
        out: &mut Vec<u8>,
    ) -> bool {
        for (template, found) in line.gateway.iter().zip(found.iter_mut()) {
            out.clear();
            if !template.fill(&self.held, &line.captures, out) {
                return false;
            }
            let stored = std::str::from_utf8(out)
                .ok()
                .and_then(|address| (world.value)(address))
                .and_then(|mut values| values.next());
            match stored {
                Some(value) => *found = value,
                None => return false,
            }
        }
        out.clear();
        true
    }

    fn put_press(&self, map: &Map, out: &mut Vec<u8>) -> bool {
        let line = self.compiled();
        let template = map.push.as_ref().unwrap_or(&line.device[0]);
        let mut found = NOTHING_FOUND;
        for (conversion, found) in map.conversions.iter().zip(found.iter_mut()) {
            let Ok(press) = typed(map.press, conversion.device) else {
                return false;
            };
            *found = press;
        }
        self.put_address(template, &self.held, out) && self.put_slots(line, &found, out)
    }

    fn put_address(
        &self,
        template: &super::template::Template,
        held: &Held<'_>,
        out: &mut Vec<u8>,
    ) -> bool {
        if !template.fill(held, &self.compiled().captures, out) {
            return false;
        }
        let padded = string_bytes(out.len());
        out.resize(padded, 0);
        true
    }

    fn put_slots(
        &self,
        line: &Line,
        found: &[ArgumentView<'_>; LINE_VALUES_MAX],
        out: &mut Vec<u8>,
    ) -> bool {
        let slots = line.slots.as_deref().unwrap_or_default();
        let is_missing = |slot: &Slot| match slot {
            Slot::Capture(capture) => self.held[*capture] == Captured::Missing,
            Slot::Value(_) | Slot::Literal(_) | Slot::Rest => false,
        };
        if slots.iter().any(is_missing) {
            return false;
        }
        let said = slots.iter().filter_map(|slot| match slot {
            Slot::Value(at) => Some(found[*at]),
            Slot::Capture(capture) => match self.held[*capture] {
                Captured::Number(number) => Some(ArgumentView::Int(number)),
                Captured::Text(text) => Some(ArgumentView::String(text.as_bytes())),
                Captured::Missing => None,
            },
            Slot::Literal(literal) => Some(literal.view()),
            Slot::Rest => None,
        });
        append_tail(out, said);
        true
    }

    /// Writes what a `[[tell]]` says in place of what `out` holds; `scratch` is used again.
    /// `false`: the device is told nothing.
    pub fn tell(
        &self,
        told: &Told<'_>,
        world: &World<'_>,
        scratch: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> bool {
        out.clear();
        let line = self.compiled();
        let Some(tell) = self.telling() else {
            return false;
        };
        if !self.is_in_bank(world) || !self.put_address(&line.device[0], &self.held, out) {
            return false;
        }
        say(
            &tell.args,
            (
                |piece: &Piece, text: &mut Vec<u8>| self.put_piece(piece, told, text),
                |capture| self.held[capture],
            ),
            scratch,
            out,
        );
        true
    }

    fn put_piece(&self, piece: &Piece, told: &Told<'_>, text: &mut Vec<u8>) {
        use std::io::Write as _;
        let expect = "memory takes what is written";
        match piece {
            Piece::Text(plain) => text.extend_from_slice(plain.as_bytes()),
            Piece::Holder => text.extend_from_slice(told.holder.as_bytes()),
            Piece::Code => text.extend_from_slice(told.code.as_bytes()),
            Piece::Address => text.extend_from_slice(told.address.as_bytes()),
            Piece::Name => text.extend_from_slice(told.name.as_bytes()),
            Piece::Remaining => write!(text, "{}", told.remaining).expect(expect),
            Piece::Gateway | Piece::Ip => {}
            Piece::Capture(capture) => match self.held[*capture] {
                Captured::Number(number) => write!(text, "{number}").expect(expect),
                Captured::Text(part) => text.extend_from_slice(part.as_bytes()),
                Captured::Missing => {}
            },
        }
    }
}

/// Appends the tail of arguments that are said, their texts filled in by `piece`, their numbers
/// told by `held`.
fn say<'h>(
    args: &[Say],
    (mut piece, held): (
        impl FnMut(&Piece, &mut Vec<u8>),
        impl Fn(usize) -> Captured<'h>,
    ),
    scratch: &mut Vec<u8>,
    out: &mut Vec<u8>,
) {
    // All texts first, one after the other, so that the arguments can borrow them.
    scratch.clear();
    let mut ends = [0; LINE_VALUES_MAX];
    for (arg, end) in args.iter().zip(ends.iter_mut()) {
        if let Say::Text(pieces) = arg {
            for one in pieces {
                piece(one, scratch);
            }
        }
        *end = scratch.len();
    }
    let mut start = 0;
    let mut values = [ArgumentView::Nil; LINE_VALUES_MAX];
    for ((arg, value), &end) in args.iter().zip(values.iter_mut()).zip(&ends) {
        *value = match arg {
            Say::Always(literal) => literal.view(),
            Say::Text(_) => ArgumentView::String(&scratch[start..end]),
            Say::Number(capture) => match held(*capture) {
                Captured::Number(number) => ArgumentView::Int(number),
                Captured::Text(_) | Captured::Missing => ArgumentView::Nil,
            },
        };
        start = end;
    }
    append_tail(out, values[..args.len()].iter().copied());
}

/// Writes an answer that does not depend on the show, in place of what `out` holds.
pub fn answer(
    send: &str,
    args: Option<&[Say]>,
    came: Arguments<'_>,
    (gateway, ip): (&str, &str),
    scratch: &mut Vec<u8>,
    out: &mut Vec<u8>,
) {
    out.clear();
    out.extend_from_slice(send.as_bytes());
    let padded = string_bytes(out.len());
    out.resize(padded, 0);
    let Some(args) = args else {
        return append_tail(out, came);
    };
    let fill = |piece: &Piece, text: &mut Vec<u8>| match piece {
        Piece::Text(plain) => text.extend_from_slice(plain.as_bytes()),
        Piece::Gateway => text.extend_from_slice(gateway.as_bytes()),
        Piece::Ip => text.extend_from_slice(ip.as_bytes()),
        Piece::Holder
        | Piece::Code
        | Piece::Address
        | Piece::Name
        | Piece::Remaining
        | Piece::Capture(_) => {}
    };
    say(args, (fill, |_| Captured::Missing), scratch, out);
}
