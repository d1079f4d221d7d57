//! Lines made a mapping: every address written out, and whatever two lines claim found.

use hashbrown::HashSet;

use super::claims::{Claims, Taken};
use super::dialect::{About, Bank, Mapping, Queries};
use super::entries::{self, Entries};
use super::holes;
use super::line::{Direction, Line, Role};
use super::proof;
use super::template::{Held, Template};
use crate::limits::MAPPING_ADDRESSES_MAX;
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
            silent: HashSet::new(),
            open_silent: Vec::new(),
            deny: draft.deny,
            denies_lines: false,
            ignore: draft.ignore,
            unreachable: Vec::new(),
            aimless: Vec::new(),
        };
        let mut taken = Taken::default();
        let mut room = MAPPING_ADDRESSES_MAX;
        for at in 0..this.lines.len() {
            let line = &this.lines[at];
            let templates = holes::said(line).count() + line.gateway.len();
            let needed = entries::count(line).saturating_mul(templates);
            if needed > room {
                let others = match MAPPING_ADDRESSES_MAX - room {
                    0 => String::new(),
                    others => format!(" beside {others} of the lines above it"),
                };
                let message = format!(
                    "this line makes {needed} addresses{others}, and a mapping has at most \
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
            room -= needed;
            match holes::check(at, &this.lines[at]) {
                Some(conflict) => conflicts.push(conflict),
                None => this.write_out(at, &mut taken, &mut conflicts),
            }
        }
        this.give_way(&taken);
        this.native.sort();
        this.gateway.sort();
        let denied = |address: &str| this.deny.iter().any(|pattern| pattern.matches(address));
        this.denies_lines = this.native.from("").any(denied);
        this.note_unreachable();
        this.note_aimless();
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

    fn write_out(&mut self, at: usize, taken: &mut Taken, conflicts: &mut Vec<Conflict>) {
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
        let is_silent = comes_in && !goes_out && matches!(line.role, Role::Map(_));
        if is_silent && line.gateway.iter().any(Template::is_open) {
            self.open_silent.push(id);
        }
        let mut claims = Claims::new(id, &line, taken, conflicts);
        claims.open(self);
        for held in entries::choices(&line) {
            if comes_in {
                for (template, key) in holes::said(&line).filter(|(known, _)| !known.is_open()) {
                    claims.native(self, template, key, &held);
                }
            }
            for template in &line.gateway {
                if goes_out {
                    claims.gateway(self, template, &held);
                } else if is_silent {
                    self.note_silent(&line, template, &held);
                }
            }
            if claims.found() {
                // One fault for a line: the others are of the same kind.
                break;
            }
        }
    }

    /// An included line that has lost an address of the device does not tell the device there.
    fn give_way(&mut self, taken: &Taken) {
        for (&id, addresses) in &taken.native {
            let line = &self.lines[id as usize];
            let Role::Map(map) = &line.role else { continue };
            let told = map.push.as_ref().unwrap_or(&line.device[0]);
            for held in entries::choices(line) {
                let (mut device, mut bytes) = (Vec::new(), Vec::new());
                if !told.fill(&held, &line.captures, &mut device) || !addresses.contains(&device) {
                    continue;
                }
                for template in &line.gateway {
                    bytes.clear();
                    if template.fill(&held, &line.captures, &mut bytes)
                        && let Ok(address) = std::str::from_utf8(&bytes)
                    {
                        self.gateway.retain(address, |entry| entry.line != id);
                        if self.gateway.of(address).is_empty() {
                            self.silent.insert(address.into());
                        }
                    }
                }
            }
        }
    }

    fn note_silent(&mut self, line: &Line, template: &Template, held: &Held<'_>) {
        let mut address = Vec::new();
        if template.fill(held, &line.captures, &mut address)
            && let Ok(address) = String::from_utf8(address)
        {
            self.silent.insert(address.into());
        }
    }

    fn note_aimless(&mut self) {
        for (at, line) in self.lines.iter().enumerate() {
            let is_touch = matches!(line.role, Role::Touch(_));
            let speaks = |held: Held<'_>| {
                line.gateway.iter().all(|template| {
                    let mut address = Vec::new();
                    let filled = template.fill(&held, &line.captures, &mut address);
                    let address = std::str::from_utf8(&address).unwrap_or_default();
                    !filled || self.covers(address)
                })
            };
            if is_touch && !entries::choices(line).all(speaks) {
                let at = u32::try_from(at).expect("lines are bounded by their file");
                self.aimless.push(at);
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
