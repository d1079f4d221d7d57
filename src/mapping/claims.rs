//! Which line an address belongs to: no two claim one, and a file has the last word over what it
//! includes.

use hashbrown::{HashMap, HashSet};

use super::compile::{Conflict, comes_in, goes_out};
use super::dialect::Mapping;
use super::entries::{Entry, Way};
use super::line::{Direction, Line, Role};
use super::template::{Capture, Captured, Held, Template, Values};
use crate::limits::{ADDRESS_BYTES_MAX, MAPPING_CROWD_MAX};

/// What is claimed besides the addresses that are known beforehand.
#[derive(Default)]
pub(super) struct Taken {
    /// Addresses of the device that included lines have lost to the file itself.
    pub(super) native: HashMap<u32, HashSet<Vec<u8>>>,
    /// Lines with addresses that hold texts, by which side they are on and by what they look like.
    open: HashMap<(&'static str, String), Vec<u32>>,
}

/// What one line claims.
pub(super) struct Claims<'c> {
    id: u32,
    line: &'c Line,
    taken: &'c mut Taken,
    conflicts: &'c mut Vec<Conflict>,
    found: bool,
}

impl<'c> Claims<'c> {
    pub(super) const fn new(
        id: u32,
        line: &'c Line,
        taken: &'c mut Taken,
        conflicts: &'c mut Vec<Conflict>,
    ) -> Self {
        Self {
            id,
            line,
            taken,
            conflicts,
            found: false,
        }
    }

    /// Whether something was found to be wrong with the line.
    pub(super) const fn found(&self) -> bool {
        self.found
    }

    /// Addresses that hold texts are one if they look the same.
    pub(super) fn open(&mut self, mapping: &mut Mapping) {
        let line = self.line;
        let device = line.device.iter().map(|template| ("device", template));
        let device = device.filter(|_| comes_in(line) && !matches!(line.role, Role::Service(_)));
        let gateway = line.gateway.iter().map(|template| ("gateway", template));
        let gateway = gateway.filter(|_| is_main(line));
        for (key, template) in device.chain(gateway).filter(|(_, known)| known.is_open()) {
            let shape = (key, template.shape(&line.captures));
            let rivals = self.taken.open.entry(shape).or_default();
            let others = std::mem::take(rivals);
            rivals.extend(others.iter().copied().chain([self.id]));
            for id in others {
                self.open_rival(mapping, id, key);
            }
        }
    }

    fn open_rival(&mut self, mapping: &mut Mapping, id: u32, key: &'static str) {
        let (line, other) = (self.line, &mapping.lines[id as usize]);
        let differs = key == "device" && other.differs_by_arguments(line);
        if id == self.id || differs || are_apart(other, line) {
            return;
        }
        if line.depth < other.depth {
            let list = if key == "device" {
                &mut mapping.open_native
            } else {
                &mut mapping.open_gateway
            };
            list.retain(|&known| known != id);
            return;
        }
        let place = format!("{}:{}", other.origin.file, other.origin.line);
        self.say(
            key,
            format!("these addresses are claimed by this line and by the one at {place}"),
            "give each line addresses of its own".to_owned(),
        );
    }

    /// An address of the device.
    pub(super) fn native(
        &mut self,
        mapping: &mut Mapping,
        template: &Template,
        key: &'static str,
        held: &Held<'_>,
    ) {
        let Some(address) = self.fill(template, held, key) else {
            return;
        };
        let way = match key {
            "get" => Way::Get,
            "release" => Way::Release,
            _ => Way::Device,
        };
        // Those that give way are gone from the list at once.
        let mut next = 0;
        while let Some(&rival) = mapping.native.of(&address).get(next) {
            next += 1;
            let other = &mapping.lines[rival.line as usize];
            let asks = |entry_way: Way| entry_way == Way::Get;
            if rival.line == self.id && rival.way == way {
                let before = mapping.native.held(rival, self.line);
                self.same_line(&before, held, &address, key);
                continue;
            }
            if other.differs_by_arguments(self.line)
                || are_apart(other, self.line)
                || asks(rival.way) != asks(way)
                || are_services(other, self.line)
            {
                continue;
            }
            if self.rival(mapping, rival, &address, key) {
                next = 0;
            }
        }
        self.crowd(next, &address, key);
        let count = self.line.captures.0.len();
        // What an argument brings is not known by the address.
        let mut known = *held;
        for (capture, known) in known.iter_mut().enumerate().take(count) {
            if !template.uses(capture) {
                *known = Captured::Missing;
            }
        }
        mapping.native.add(&address, self.id, way, &known, count);
    }

    /// An address of the gateway that the device is told of.
    pub(super) fn gateway(&mut self, mapping: &mut Mapping, template: &Template, held: &Held<'_>) {
        if template.is_open() {
            return;
        }
        let Some(address) = self.fill(template, held, "gateway") else {
            return;
        };
        let mut held = *held;
        if let Role::Map(map) = &self.line.role
            && let Some(value) = map.value
        {
            // The value in the device's address is not known by the gateway's.
            held[value] = Captured::Missing;
        }
        let mut next = 0;
        while let Some(&rival) = mapping.gateway.of(&address).get(next) {
            next += 1;
            let other = &mapping.lines[rival.line as usize];
            if rival.line == self.id && matches!(self.line.role, Role::Map(_)) {
                let before = mapping.gateway.held(rival, self.line);
                self.same_line(&before, &held, &address, "gateway");
            } else if rival.line != self.id
                && is_main(other)
                && is_main(self.line)
                && !are_apart(other, self.line)
                && self.rival(mapping, rival, &address, "gateway")
            {
                next = 0;
            }
        }
        self.crowd(next, &address, "gateway");
        let count = self.line.captures.0.len();
        mapping
            .gateway
            .add(&address, self.id, Way::Gateway, &held, count);
    }

    /// An address of this line comes out of two choices: fine where the choice is an argument's,
    /// a bank's or the value itself.
    fn same_line(&mut self, before: &Held<'_>, held: &Held<'_>, address: &str, key: &'static str) {
        let captures = self.line.captures.0.iter().enumerate();
        let mut differ =
            captures.filter(|(at, _)| before[*at] != Captured::Missing && before[*at] != held[*at]);
        let first = differ.next().filter(|(_, first)| !is_bank(first));
        if let Some((_, capture)) = first.filter(|_| !differ.any(|(_, other)| is_bank(other))) {
            let name = &capture.name;
            self.say(
                key,
                format!("two values of \"{name}\" make the same address {address}"),
                "make each value another address".to_owned(),
            );
        }
    }

    /// More lines behind one address than anybody meant, each of which costs with every message.
    fn crowd(&mut self, count: usize, address: &str, key: &'static str) {
        if count >= MAPPING_CROWD_MAX {
            self.say(
                key,
                format!("more than {MAPPING_CROWD_MAX} others stand behind {address} already"),
                "narrow the ranges, or put what differs into the address".to_owned(),
            );
        }
    }

    /// Another line claims an address too: whether that one gives way.
    fn rival(
        &mut self,
        mapping: &mut Mapping,
        rival: Entry,
        address: &str,
        key: &'static str,
    ) -> bool {
        let other = &mapping.lines[rival.line as usize];
        if self.line.depth < other.depth {
            // The file itself has the last word over what it includes.
            if key == "gateway" {
                mapping
                    .gateway
                    .retain(address, |entry| entry.line != rival.line);
            } else {
                mapping
                    .native
                    .retain(address, |entry| entry.line != rival.line);
                let lost = self.taken.native.entry(rival.line).or_default();
                lost.insert(address.as_bytes().to_vec());
            }
            return true;
        }
        let place = format!("{}:{}", other.origin.file, other.origin.line);
        let cure = if key == "gateway" {
            "if both are one control, name this device address among the `aliases` there; else \
             give it another gateway address, or direction = \"in\""
        } else {
            "give each line addresses of its own"
        };
        self.say(
            key,
            format!("{address} is claimed by this line and by the one at {place}"),
            cure.to_owned(),
        );
        false
    }

    fn fill(&mut self, template: &Template, held: &Held<'_>, key: &'static str) -> Option<String> {
        let mut bytes = Vec::new();
        if !template.fill(held, &self.line.captures, &mut bytes) {
            // A sum below zero is no address; a capture that an argument brings cannot be missing.
            let with = self.values_of(template, held);
            self.say(
                key,
                format!("with {with} there is a number below zero in this address"),
                "begin the range higher, or add more to it".to_owned(),
            );
            return None;
        }
        if bytes.len() > ADDRESS_BYTES_MAX {
            self.say(
                key,
                format!("this address is up to {} bytes long", bytes.len()),
                format!("an address has at most {ADDRESS_BYTES_MAX}"),
            );
            return None;
        }
        Some(String::from_utf8(bytes).expect("filled from text"))
    }

    /// `n = 1, k = 2`: what the captures of a template hold.
    fn values_of(&self, template: &Template, held: &Held<'_>) -> String {
        let captures = self.line.captures.0.iter().enumerate();
        let used = captures.filter(|(at, _)| template.uses(*at));
        let known = used.filter_map(|(at, capture)| match held[at] {
            Captured::Number(number) => Some(format!("{} = {number}", capture.name)),
            Captured::Text(_) | Captured::Missing => None,
        });
        known.collect::<Vec<_>>().join(", ")
    }

    fn say(&mut self, key: &'static str, message: String, cure: String) {
        if !self.found {
            self.found = true;
            self.conflicts.push(Conflict {
                line: self.id as usize,
                key,
                message,
                cure,
            });
        }
    }
}

fn is_bank(capture: &Capture) -> bool {
    matches!(capture.values, Values::Bank(..))
}

/// Whether two lines hold in different banks, so that never both do.
fn are_apart(one: &Line, other: &Line) -> bool {
    matches!((one.only, other.only), (Some((a, m)), Some((b, n))) if a == b && m != n)
}

/// Whether a line is the one that a gateway address is told by.
fn is_main(line: &Line) -> bool {
    match &line.role {
        Role::Map(map) => map.direction == Direction::Both && goes_out(line),
        Role::Touch(_) | Role::Bank(_) | Role::Service(_) | Role::Tell(_) => false,
    }
}

/// One message may be a sign of life and a wish to follow at once.
fn are_services(one: &Line, other: &Line) -> bool {
    matches!(
        (&one.role, &other.role),
        (Role::Service(_), Role::Service(_))
    )
}
