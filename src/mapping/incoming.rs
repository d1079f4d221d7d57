//! A native message in, what it means out.

use super::convert::{Unfit, read_number};
use super::deeds::{Deeds, What};
use super::dialect::{Mapping, Unmapped, World};
use super::entries::Way;
use super::line::{Fit, Found, Line, Literal, Map, NOTHING_FOUND, Role, Service, Toggle, Touch};
use super::template::{Captured, Held, NOTHING_HELD, Values};
use super::writing::{NO_VALUES, is_down};
use crate::limits::PATTERN_MATCHES_MAX;
use crate::osc::{ArgumentView, Arguments, Pattern, is_pattern};

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
        // A suffix may hold what makes a pattern of an address elsewhere.
        if self.read_suffixed(address, world, deeds) {
            return;
        }
        if is_pattern(address) && self.native.of(address).is_empty() {
            return self.read_pattern(address, values, world, deeds);
        }
        self.read_one(address, values, world, deeds);
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
        let is_denied = |native: &str| self.deny.iter().any(|deny| deny.matches(native));
        let mut matches = 0;
        let prefix = pattern.prefix();
        for native in self.native.from(prefix) {
            if !native.starts_with(prefix) {
                break;
            }
            deeds.looked_at += 1;
            if deeds.candidates.is_some_and(|most| deeds.looked_at > most) {
                return deeds.too_many();
            }
            if pattern.matches(native) {
                matches += 1;
                if matches > PATTERN_MATCHES_MAX {
                    return deeds.too_many();
                }
                if self.denies_lines && is_denied(native) {
                    deeds.say(What::Denied, None);
                } else {
                    let first = deeds.len();
                    self.read_one(native, values, world, deeds);
                    deeds.keep_known(first, world);
                }
            }
        }
        if matches == 0 {
            // What it reaches below the lines is not known here: it may be what is denied.
            let may_be_denied = self
                .deny
                .iter()
                .any(|deny| deny.prefix().starts_with(prefix) || prefix.starts_with(deny.prefix()));
            let what = match self.about.unmapped {
                Unmapped::Pass if may_be_denied => What::Denied,
                Unmapped::Pass => What::Pass,
                Unmapped::Drop => What::Drop,
            };
            deeds.say(what, None);
        }
    }

    /// The lines that name an address, also those of other banks, and what their captures hold
    /// there: first those whose addresses are known beforehand.
    fn all_lines_at<'a>(
        &'a self,
        address: &'a str,
        world: &'a World<'_>,
    ) -> impl Iterator<Item = (u32, Way, Held<'a>)> {
        let entries = self.native.of(address);
        let known = entries.iter().map(|&entry| {
            let line = &self.lines[entry.line as usize];
            (entry.line, entry.way, self.native.held(entry, line))
        });
        // Where one line says an address in several banks, it is meant in the one that is shown.
        let known = known.filter(move |&(id, way, held)| {
            let shown =
                |id: u32, held: &Held<'_>| self.is_shown(&self.lines[id as usize], held, world);
            shown(id, &held)
                || !entries.iter().any(|other| {
                    let line = &self.lines[other.line as usize];
                    (other.line, other.way) == (id, way)
                        && shown(id, &self.native.held(*other, line))
                })
        });
        let open = self.open_native.iter().flat_map(move |&id| {
            let line = &self.lines[id as usize];
            line.device.iter().filter_map(move |template| {
                let mut held = NOTHING_HELD;
                let fits =
                    template.is_open() && template.capture(address, &line.captures, &mut held);
                fits.then_some((id, Way::Device, held))
            })
        });
        known.chain(open).map(|(id, way, mut held)| {
            self.fill_banks(&self.lines[id as usize], &mut held, world);
            (id, way, held)
        })
    }

    /// The lines that name an address in the banks that the client is in.
    fn lines_at<'a>(
        &'a self,
        address: &'a str,
        world: &'a World<'_>,
    ) -> impl Iterator<Item = (u32, Way, Held<'a>)> {
        let all = self.all_lines_at(address, world);
        all.filter(|&(id, ..)| self.holds(&self.lines[id as usize], world))
    }

    /// Reads a message at one address.
    fn read_one(&self, address: &str, said: Arguments<'_>, world: &World<'_>, deeds: &mut Deeds) {
        let mut unfit = None;
        for (id, way, held) in self.lines_at(address, world) {
            let fit = self.read_line((id, way), address, held, said, world, deeds);
            match (fit, &self.lines[id as usize].role) {
                // Several services may hang on one message.
                (Fit::Yes, Role::Service(_)) => {}
                (Fit::Yes, _) => return,
                (Fit::No, _) => {}
                (Fit::Unfit(why), _) => unfit = unfit.or(Some((why, id, held))),
            }
        }
        if let (Some((why, line, held)), true) = (unfit, deeds.is_empty()) {
            return self.say_unfit(line, why, held, said, deeds);
        }
        if deeds.is_empty() {
            self.read_release_elsewhere(address, said, world, deeds);
        }
    }

    /// A finger is told gone in whichever bank, where nothing else is meant by it in this one.
    fn read_release_elsewhere(
        &self,
        address: &str,
        said: Arguments<'_>,
        world: &World<'_>,
        deeds: &mut Deeds,
    ) {
        for (id, way, held) in self.all_lines_at(address, world) {
            let line = &self.lines[id as usize];
            if matches!(line.role, Role::Touch(_)) && !self.holds(line, world) {
                let _ = self.read_line((id, way), address, held, said, world, deeds);
            }
        }
    }

    /// A question by a suffix: `/Input_Channels/1/fader/?`. `false`: it is none.
    fn read_suffixed(&self, address: &str, world: &World<'_>, deeds: &mut Deeds) -> bool {
        let suffix = self.queries.suffix.as_deref();
        let Some(asked) = suffix.and_then(|suffix| address.strip_suffix(suffix)) else {
            return false;
        };
        for (id, _, held) in self.lines_at(asked, world) {
            let line = &self.lines[id as usize];
            if matches!(line.role, Role::Map(_)) {
                self.query(id, line, &held, deeds);
            }
        }
        !deeds.is_empty()
    }

    fn fill_banks(&self, line: &Line, held: &mut Held<'_>, world: &World<'_>) {
        for (capture, held) in line.captures.0.iter().zip(held.iter_mut()) {
            // One whose number stands in the address is the one that it says.
            if let (Values::Bank(bank, _), Captured::Missing) = (&capture.values, &held) {
                *held = Captured::Number(self.bank(*bank, world));
            }
        }
    }

    fn read_line<'a>(
        &'a self,
        (id, way): (u32, Way),
        address: &str,
        mut held: Held<'a>,
        said: Arguments<'a>,
        world: &World<'_>,
        deeds: &mut Deeds,
    ) -> Fit {
        let line = &self.lines[id as usize];
        let mut found = NOTHING_FOUND;
        match &line.role {
            Role::Map(map) => {
                if self.is_question(way, map, said) {
                    // At an address of its own, which one is asked for may be an argument; where
                    // another line has its values there, more than that is a value.
                    let mut rivals = self.native.of(address).iter();
                    let alone = !rivals.any(|entry| entry.way == Way::Device);
                    if way == Way::Get && !line.read_captures(said, &mut held, alone) {
                        return Fit::No;
                    }
                    self.query(id, line, &held, deeds);
                    return Fit::Yes;
                }
                let none = said.tags().is_empty();
                // A press without arguments is a press.
                if !(none && (map.event.is_some() || map.toggle == Some(Toggle::Press))) {
                    match line.read(said, &mut held, &mut found) {
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
            Role::Touch(touch) => self.read_touch((id, way), touch, &mut held, said, world, deeds),
            Role::Bank(bank) => {
                match line.read(said, &mut held, &mut found) {
                    Fit::Yes => {}
                    other @ (Fit::No | Fit::Unfit(_)) => return other,
                }
                self.choose(id, *bank, (&held, &found), deeds)
            }
            Role::Service(service) => {
                if let Service::Follow { named: true, .. } = service
                    && let Some(ArgumentView::String(native)) = said.clone().next()
                    && let Ok(native) = std::str::from_utf8(native)
                {
                    self.point_at_named(id, native, world, deeds);
                    return Fit::Yes;
                }
                deeds.say(What::Serve(id as usize), Some(id));
                Fit::Yes
            }
            Role::Tell(_) => Fit::No,
        }
    }

    /// A finger came down, or left.
    fn read_touch<'a>(
        &'a self,
        (id, way): (u32, Way),
        touch: &Touch,
        held: &mut Held<'a>,
        said: Arguments<'a>,
        world: &World<'_>,
        deeds: &mut Deeds,
    ) -> Fit {
        let line = &self.lines[id as usize];
        let mut found = NOTHING_FOUND;
        let none = said.tags().is_empty();
        let down = if none && way == Way::Device && touch.release.is_some() {
            true
        } else if none && way == Way::Release {
            false
        } else {
            match line.read(said, held, &mut found) {
                Fit::Yes => {}
                other @ (Fit::No | Fit::Unfit(_)) => return other,
            }
            let says_so = match &touch.down {
                Some(down) => down.is(found[0]),
                None => is_down(found[0]),
            };
            way == Way::Device && says_so
        };
        if down && !self.holds(line, world) {
            return Fit::No;
        }
        let first = deeds.len();
        self.point(What::Touch { down }, id, line, held, deeds);
        self.put_control(line, held, first, deeds);
        Fit::Yes
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
                let asks = match (literal, value) {
                    // Either flag asks, whichever is written.
                    (Literal::Flag(_), ArgumentView::True | ArgumentView::False) => true,
                    _ => literal.view().tag() == value.tag() && literal.is(value),
                };
                is_value && asks && all.tags().is_empty()
            }
            (Some(_), None) => false,
        }
    }

    fn query(&self, id: u32, line: &Line, held: &Held<'_>, deeds: &mut Deeds) {
        for template in &line.gateway {
            self.push(What::Query, id, (line, template, held), NO_VALUES, deeds);
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
            self.push(what, id, (line, template, held), NO_VALUES, deeds);
        }
    }

    /// A wish to follow what a native address stands for.
    fn point_at_named(&self, id: u32, native: &str, world: &World<'_>, deeds: &mut Deeds) {
        for (at, _, held) in self.lines_at(native, world) {
            let line = &self.lines[at as usize];
            if matches!(line.role, Role::Map(_)) {
                for template in &line.gateway {
                    let what = What::Serve(id as usize);
                    self.push(what, id, (line, template, &held), NO_VALUES, deeds);
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
        said: Arguments<'a>,
        deeds: &mut Deeds,
    ) {
        let line = &self.lines[id as usize];
        let mut found = NOTHING_FOUND;
        let _ = line.read(said, &mut held, &mut found);
        let before = deeds.len();
        self.point(What::Unfit(why), id, line, &held, deeds);
        if deeds.len() == before {
            deeds.say(What::Unfit(why), Some(id));
        }
    }
}
