//! What a native message writes: its values converted, turned over or added to, each to its address.

use std::ops::Range;

use super::convert::{Unfit, read_number};
use super::deeds::{Deeds, Meant, What};
use super::dialect::{Mapping, World};
use super::line::{Edge, Found, Line, Map, NOTHING_FOUND, Slot, Toggle};
use super::template::{Captured, Held};
use crate::osc::{ArgumentView, Arguments, append_tail, string_bytes};

/// What a deed says that writes nothing.
pub(super) const NO_VALUES: std::iter::Empty<ArgumentView<'static>> = std::iter::empty();

impl Mapping {
    /// Adds a deed about the address that a template makes; nothing where a capture is missing.
    pub(super) fn push<'v>(
        &self,
        what: What,
        id: u32,
        (line, template, held): (&Line, &super::template::Template, &Held<'_>),
        values: impl Iterator<Item = ArgumentView<'v>> + Clone,
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
            let padded = start + string_bytes(address.len());
            deeds.bytes.resize(padded, 0);
            append_tail(&mut deeds.bytes, values);
            message = start..deeds.bytes.len();
        }
        let user = self.put_user(line, held, deeds);
        deeds.list.push(Meant {
            what,
            line: Some(id),
            address,
            message,
            user,
            control: 0..0,
        });
    }

    /// Says of the deeds from `first` on which control of the device they are about.
    pub(super) fn put_control(
        &self,
        line: &Line,
        held: &Held<'_>,
        first: usize,
        deeds: &mut Deeds,
    ) {
        let start = deeds.bytes.len();
        if line.device[0].fill(held, &line.captures, &mut deeds.bytes) {
            for slot in line.slots.iter().flatten() {
                if let Slot::Capture(capture) = slot {
                    deeds.bytes.push(b' ');
                    put_captured(held[*capture], &mut deeds.bytes);
                }
            }
        }
        let control = start..deeds.bytes.len();
        for meant in &mut deeds.list[first..] {
            meant.control = control.clone();
        }
    }

    fn put_user(&self, line: &Line, held: &Held<'_>, deeds: &mut Deeds) -> Range<usize> {
        let start = deeds.bytes.len();
        if let Some(capture) = line.user() {
            put_captured(held[capture], &mut deeds.bytes);
        }
        start..deeds.bytes.len()
    }

    pub(super) fn write(
        &self,
        id: u32,
        map: &Map,
        (held, found, none): (&Held<'_>, &Found<'_>, bool),
        said: Arguments<'_>,
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
        let is_press = map.event == Some(Edge::Press) || map.toggle == Some(Toggle::Press);
        let mut all = said;
        let first = if map.conversions.is_empty() {
            all.next()
        } else {
            Some(found[0])
        };
        if is_press && !none && first.is_some_and(|first| !is_down(first)) {
            return deeds.say(What::Nothing, Some(id));
        }
        let event = map.event.is_some();
        let bare = map.event == Some(Edge::Press) || (event && none);
        let write = |clipped| What::Write {
            event,
            hold: map.hold,
            clipped,
        };
        if bare {
            return self.push_all(write(false), id, (line, held), &[], deeds);
        }
        if line.slots.is_none() {
            // The message as it came, behind the other address.
            let to = (line, &line.gateway[0], held);
            return self.push(write(false), id, to, said, deeds);
        }
        if let Some(value) = self.resolved(map, (line, held), found[0], world, deeds) {
            let values = match value {
                Ok(value) => value,
                Err(what) => return self.point(what, id, line, held, deeds),
            };
            return self.push_all(write(false), id, (line, held), &[values], deeds);
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
        self.push_all(write(clipped), id, (line, held), values, deeds);
    }

    /// One deed for each gateway address: all values to the one, or one value to each.
    fn push_all(
        &self,
        what: What,
        id: u32,
        (line, held): (&Line, &Held<'_>),
        values: &[ArgumentView<'_>],
        deeds: &mut Deeds,
    ) {
        for (n, template) in line.gateway.iter().enumerate() {
            let own = match values.get(n..=n) {
                Some(own) if line.gateway.len() > 1 => own,
                Some(_) | None => values,
            };
            let own = own.iter().copied();
            self.push(what, id, (line, template, held), own, deeds);
        }
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
        if turns {
            let now = stored.and_then(read_number);
            let turned = conversion.map_or(Ok(ArgumentView::Nil), |one| one.turned(now));
            return Some(turned.map_err(What::Unfit));
        }
        let Some(by) = read_number(found) else {
            return Some(Err(What::Unfit(Unfit::Type)));
        };
        let Some(now) = stored.and_then(read_number) else {
            return Some(Err(What::NoValue));
        };
        let conversion = conversion?;
        let moved = conversion.moved(now, by * map.relative.unwrap_or(1.0));
        Some(moved.map_err(What::Unfit))
    }
}

fn put_captured(held: Captured<'_>, out: &mut Vec<u8>) {
    match held {
        Captured::Text(text) => out.extend_from_slice(text.as_bytes()),
        Captured::Number(number) => {
            use std::io::Write as _;
            write!(out, "{number}").expect("memory takes what is written");
        }
        Captured::Missing => {}
    }
}

/// Whether a button or a finger is down.
pub(super) fn is_down(value: ArgumentView<'_>) -> bool {
    read_number(value).is_some_and(|number| number != 0.0)
        || matches!(value, ArgumentView::Infinitum)
}
