//! Lines made a mapping: every address written out, and whatever two lines claim found.

use super::entries::{self, Entries, Entry, Way};
use super::line::{Direction, Line, Role};
use super::mapping::{About, Bank, Mapping, Queries};
use super::proof;
use super::template::{Held, Template, Values};
use crate::limits::{ADDRESS_BYTES_MAX, MAPPING_ADDRESSES_MAX};
use crate::osc::Pattern;

/// The lines of a mapping file, each good by itself.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// What the file says of itself.
    pub about: About,
    /// How the device is asked.
    pub queries: Queries,
    /// `[[bank]]`.
    pub banks: Vec<Bank>,
    /// Everything else, in the order of the file; included ones first.
    pub lines: Vec<Line>,
    /// `deny`.
    pub deny: Vec<Pattern>,
    /// `ignore`.
    pub ignore: Vec<Pattern>,
}

/// What is wrong with a line beside others, or with what it makes of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Which line, by its place in the draft.
    pub line: usize,
    /// The key that is at fault.
    pub key: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub cure: String,
}

impl Mapping {
    /// Writes out all addresses of a draft.
    ///
    /// # Errors
    ///
    /// Where two lines claim one address, where a value does not come back the same, where there
    /// are too many addresses.
    pub fn compile(draft: Draft) -> Result<Self, Vec<Conflict>> {
        let mut conflicts = proof::check(&draft.lines);
        let mut this = Self {
            about: draft.about,
            queries: draft.queries,
            lines: draft.lines,
            banks: draft.banks,
            native: Entries::default(),
            gateway: Entries::default(),
            open_native: Vec::new(),
            open_gateway: Vec::new(),
            deny: draft.deny,
            ignore: draft.ignore,
            unreachable: Vec::new(),
        };
        let mut room = MAPPING_ADDRESSES_MAX;
        for at in 0..this.lines.len() {
            let choices = entries::count(&this.lines[at]);
            if choices > room {
                let message = format!(
                    "this line makes {choices} addresses, and a mapping has at most \
                     {MAPPING_ADDRESSES_MAX}"
                );
                conflicts.push(Conflict {
                    line: at,
                    key: "device",
                    message,
                    cure: "narrow its ranges".to_owned(),
                });
                continue;
            }
            room -= choices;
            this.write_out(at, &mut conflicts);
        }
        this.native.sort();
        this.gateway.sort();
        this.note_unreachable();
        if conflicts.is_empty() {
            Ok(this)
        } else {
            Err(conflicts)
        }
    }

    /// Its lines, to be made a mapping with others.
    #[must_use]
    pub fn into_draft(self) -> Draft {
        Draft {
            about: self.about,
            queries: self.queries,
            banks: self.banks,
            lines: self.lines,
            deny: self.deny,
            ignore: self.ignore,
        }
    }

    fn write_out(&mut self, at: usize, conflicts: &mut Vec<Conflict>) {
        let line = self.lines[at].clone();
        let id = u32::try_from(at).expect("lines are bounded by their file");
        let comes_in = comes_in(&line);
        let goes_out = goes_out(&line);
        if comes_in && line.device.iter().any(Template::is_open) {
            self.open_native.push(id);
        }
        if goes_out && line.gateway.iter().any(Template::is_open) {
            self.open_gateway.push(id);
        }
        let mut claims = Claims {
            id,
            line: &line,
            conflicts,
            found: None,
        };
        for held in entries::choices(&line) {
            if comes_in {
                for (template, way) in native_templates(&line) {
                    claims.native(self, template, way, &held);
                }
            }
            if goes_out {
                for template in &line.gateway {
                    claims.gateway(self, template, &held);
                }
            }
            if claims.found.is_some() {
                // One fault for a line: the others are of the same kind.
                break;
            }
        }
    }

    fn note_unreachable(&mut self) {
        let mut reached = vec![false; self.lines.len()];
        for entries in [&self.native, &self.gateway] {
            for address in entries.from("") {
                for entry in entries.of(address) {
                    reached[entry.line as usize] = true;
                }
            }
        }
        for &open in self.open_native.iter().chain(&self.open_gateway) {
            reached[open as usize] = true;
        }
        for (at, line) in self.lines.iter().enumerate() {
            // One without an address of its own is about no address.
            if !reached[at] && !matches!(line.role, Role::Tell(_)) {
                self.unreachable
                    .push(u32::try_from(at).expect("lines are bounded by their file"));
            }
        }
    }
}

/// Whether a client says such a line.
pub(super) fn comes_in(line: &Line) -> bool {
    match &line.role {
        Role::Map(map) => map.direction != Direction::Out,
        Role::Touch(_) | Role::Bank(_) | Role::Service(_) => true,
        Role::Tell(_) => false,
    }
}

/// Whether a client is told such a line.
pub(super) fn goes_out(line: &Line) -> bool {
    match &line.role {
        Role::Map(map) => {
            map.direction != Direction::In
                && map.toggle != Some(super::line::Toggle::Press)
                && map.relative.is_none()
                && !map.refused
                && line.user().is_none()
        }
        Role::Tell(_) => true,
        Role::Touch(_) | Role::Bank(_) | Role::Service(_) => false,
    }
}

/// The templates that a client may address, and what each stands for.
fn native_templates(line: &Line) -> Vec<(&Template, Way)> {
    let mut all: Vec<_> = line
        .device
        .iter()
        .map(|template| (template, Way::Device))
        .collect();
    match &line.role {
        Role::Map(map) => all.extend(map.get.as_ref().map(|get| (get, Way::Get))),
        Role::Touch(touch) => {
            all.extend(
                touch
                    .release
                    .as_ref()
                    .map(|release| (release, Way::Release)),
            );
        }
        Role::Bank(_) | Role::Service(_) | Role::Tell(_) => {}
    }
    all.retain(|(template, _)| !template.is_open());
    all
}

struct Claims<'c> {
    id: u32,
    line: &'c Line,
    conflicts: &'c mut Vec<Conflict>,
    found: Option<()>,
}

impl Claims<'_> {
    fn native(&mut self, mapping: &mut Mapping, template: &Template, way: Way, held: &Held<'_>) {
        let Some(address) = self.fill(template, held, "device") else {
            return;
        };
        let rivals = mapping.native.of(&address).to_vec();
        for rival in rivals {
            let other = &mapping.lines[rival.line as usize];
            let asks = |entry_way: Way| entry_way == Way::Get;
            if rival.line == self.id && rival.way == way {
                self.same_line(mapping, rival, held, &address, "device");
                continue;
            }
            if other.differs_by_arguments(self.line)
                || other.only != self.line.only && other.only.is_some() && self.line.only.is_some()
                || asks(rival.way) != asks(way)
                || are_services(other, self.line)
            {
                continue;
            }
            self.rival(mapping, rival, &address, "device");
        }
        let count = self.line.captures.0.len();
        // What an argument brings is not known by the address.
        let mut known = *held;
        for (capture, known) in known.iter_mut().enumerate().take(count) {
            let is_bank = matches!(self.line.captures.0[capture].values, Values::Bank(..));
            if !template.uses(capture) || is_bank {
                *known = super::template::Captured::Missing;
            }
        }
        mapping.native.add(&address, self.id, way, &known, count);
    }

    fn gateway(&mut self, mapping: &mut Mapping, template: &Template, held: &Held<'_>) {
        if template.is_open() {
            return;
        }
        let Some(address) = self.fill(template, held, "gateway") else {
            return;
        };
        let rivals = mapping.gateway.of(&address).to_vec();
        for rival in rivals {
            let other = &mapping.lines[rival.line as usize];
            let apart =
                other.only != self.line.only && other.only.is_some() && self.line.only.is_some();
            if rival.line != self.id && is_main(other) && is_main(self.line) && !apart {
                self.rival(mapping, rival, &address, "gateway");
            }
        }
        let count = self.line.captures.0.len();
        mapping
            .gateway
            .add(&address, self.id, Way::Gateway, held, count);
    }

    /// An address of this line comes out of two choices: fine where the choice is an argument's,
    /// a bank's or the value itself.
    fn same_line(
        &mut self,
        mapping: &Mapping,
        entry: Entry,
        held: &Held<'_>,
        address: &str,
        key: &'static str,
    ) {
        let before = mapping.native.held(entry, self.line);
        let differs = (0..self.line.captures.0.len()).find(|&capture| {
            before[capture] != super::template::Captured::Missing
                && before[capture] != held[capture]
        });
        if let Some(capture) = differs {
            let name = &self.line.captures.0[capture].name;
            self.say(
                key,
                format!("two values of \"{name}\" make the same address {address}"),
                "make each value another address".to_owned(),
            );
        }
    }

    fn rival(&mut self, mapping: &mut Mapping, rival: Entry, address: &str, key: &'static str) {
        let other = &mapping.lines[rival.line as usize];
        if self.line.own && !other.own {
            // The file itself has the last word over what it includes.
            mapping
                .native
                .retain(address, |entry| entry.line != rival.line);
            mapping
                .gateway
                .retain(address, |entry| entry.line != rival.line);
            return;
        }
        let place = format!("{}:{}", other.origin.file, other.origin.line);
        let cure = if key == "gateway" {
            "say which way each goes: direction = \"in\" or \"out\" in one of them"
        } else {
            "give each line addresses of its own"
        };
        self.say(
            key,
            format!("{address} is claimed by this line and by the one at {place}"),
            cure.to_owned(),
        );
    }

    fn fill(&mut self, template: &Template, held: &Held<'_>, key: &'static str) -> Option<String> {
        let mut bytes = Vec::new();
        if !template.fill(held, &self.line.captures, &mut bytes) {
            // A sum below zero is no address; a capture that an argument brings cannot be missing.
            self.say(
                key,
                "this address cannot be written for every value of its captures".to_owned(),
                "see that no sum is below zero".to_owned(),
            );
            return None;
        }
        if bytes.len() > ADDRESS_BYTES_MAX {
            self.say(
                key,
                format!("this address is {} bytes long", bytes.len()),
                format!("at most {ADDRESS_BYTES_MAX} bytes are taken"),
            );
            return None;
        }
        Some(String::from_utf8(bytes).expect("filled from text"))
    }

    fn say(&mut self, key: &'static str, message: String, cure: String) {
        if self.found.is_none() {
            self.found = Some(());
            self.conflicts.push(Conflict {
                line: self.id as usize,
                key,
                message,
                cure,
            });
        }
    }
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
