//! A native message in, what it means out.

use super::convert::{Unfit, read_number};
use super::deeds::{Deeds, What};
use super::dialect::{Mapping, Unmapped, World};
use super::entries::Way;
use super::line::{Fit, Found, Line, Map, NOTHING_FOUND, Role, Service, Toggle};
use super::template::{Captured, Held, NOTHING_HELD, Values};
use super::writing::is_down;
use crate::limits::PATTERN_MATCHES_MAX;
use crate::osc::{ArgumentView, Arguments, Pattern, is_pattern};

/// A native message and the line that it is held against.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) values: Arguments<'a>,
    /// It was addressed by a pattern: it makes no address known.
    pub(super) by_pattern: bool,
}

impl Mapping {
    /// Reads a native message.
    ///
    /// `address` is any text without zero bytes; `deeds` is filled anew.
    pub fn read(&self, address: &str, values: Arguments<'_>, world: &World<'_>, deeds: &mut Deeds) {
        deeds.clear();
        let is_line = !self.denies_lines && !self.native.of(address).is_empty();
        if !is_line && self.deny.iter().any(|pattern| pattern.matches(address)) {
            return deeds.say(What::Denied, None);
        }
        let said = Said {
            values,
            by_pattern: false,
        };
        // A suffix may hold what makes a pattern of an address elsewhere.
        if self.read_suffixed(address, world, deeds) {
            return;
        }
        if is_pattern(address) && self.native.of(address).is_empty() {
            return self.read_pattern(address, values, world, deeds);
        }
        self.read_one(address, said, world, deeds);
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

    /// Whether a message that no line speaks of asks for a value: it passed as an event otherwise,
    /// and a console's program asks for thousands when it starts.
    fn asks_for_unmapped(&self, address: &str, values: Arguments<'_>) -> bool {
        let own = address == "/oscgate" || address.starts_with("/oscgate/");
        self.queries.bare && values.tags().is_empty() && address.starts_with('/') && !own
    }

    /// Whether a device of this kind may say an address that begins with no slash.
    #[must_use]
    pub fn knows(&self, address: &str) -> bool {
        !self.native.of(address).is_empty()
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
            deeds.looked_at += 1;
            if deeds.candidates.is_some_and(|most| deeds.looked_at > most) {
                let looked_at = deeds.looked_at;
                deeds.clear();
                deeds.looked_at = looked_at;
                return deeds.say(What::TooMany, None);
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

    /// A question by a suffix: `/Input_Channels/1/fader/?`. `false`: it is none.
    fn read_suffixed(&self, address: &str, world: &World<'_>, deeds: &mut Deeds) -> bool {
        let suffix = self.queries.suffix.as_deref();
        let Some(asked) = suffix.and_then(|suffix| address.strip_suffix(suffix)) else {
            return false;
        };
        let is_asked = |line: &Line| matches!(line.role, Role::Map(_)) && self.holds(line, world);
        for &entry in self.native.of(asked) {
            let line = &self.lines[entry.line as usize];
            if is_asked(line) {
                let mut held = self.native.held(entry, line);
                self.fill_banks(line, &mut held, world);
                self.query(entry.line, line, &held, deeds);
            }
        }
        for &open in &self.open_native {
            let line = &self.lines[open as usize];
            for template in line.device.iter().filter(|_| is_asked(line)) {
                let mut held = NOTHING_HELD;
                if template.capture(asked, &line.captures, &mut held) {
                    self.query(open, line, &held, deeds);
                }
            }
        }
        !deeds.is_empty()
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
                    // At an address of its own, which one is asked for may be an argument.
                    if way == Way::Get && !line.read_captures(said.values, &mut held) {
                        return Fit::No;
                    }
                    self.query(id, line, &held, deeds);
                    return Fit::Yes;
                }
                let none = said.values.tags().is_empty();
                // A press without arguments is a press.
                if !(none && (map.event.is_some() || map.toggle == Some(Toggle::Press))) {
                    match line.read(said.values, &mut held, &mut found) {
                        Fit::Yes => {}
                        other @ (Fit::No | Fit::Unfit(_)) => return other,
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
                    other @ (Fit::No | Fit::Unfit(_)) => return other,
                }
                let says_so = match &touch.down {
                    Some(down) => down.is(found[0]),
                    None => is_down(found[0]),
                };
                let down = way == Way::Device && says_so;
                self.point(What::Touch { down }, id, line, &held, deeds);
                Fit::Yes
            }
            Role::Bank(bank) => {
                match line.read(said.values, &mut held, &mut found) {
                    Fit::Yes => {}
                    other @ (Fit::No | Fit::Unfit(_)) => return other,
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
        let is_value =
            map.event.is_none() && map.toggle != Some(Toggle::Press) && map.value.is_none();
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
    pub(super) fn point(
        &self,
        what: What,
        id: u32,
        line: &Line,
        held: &Held<'_>,
        deeds: &mut Deeds,
    ) {
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
        if deeds.is_empty() {
            let plain = native.starts_with('/') && !is_pattern(native);
            match self.about.unmapped {
                Unmapped::Pass if plain => deeds.follow(id, &self.about.root, native),
                Unmapped::Pass | Unmapped::Drop => deeds.say(What::Nothing, Some(id)),
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
}
