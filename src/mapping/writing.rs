//! What a native message writes: its values converted, turned over or added to, each to its address.

use std::ops::Range;

use super::convert::{Unfit, read_number};
use super::deeds::{Deeds, Meant, What};
use super::dialect::{Mapping, World};
use super::incoming::Said;
use super::line::{Edge, Found, Line, Map, NOTHING_FOUND, Slot, Toggle};
use super::template::{Captured, Held};
use crate::osc::{ArgumentView, append_tail};

impl Mapping {
    /// Adds a deed about the address that a template makes; nothing where a capture is missing.
    pub(super) fn push(
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
        let is_press = map.event == Some(Edge::Press) || map.toggle == Some(Toggle::Press);
        let mut all = said.values;
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
