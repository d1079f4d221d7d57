//! A mapping: how one kind of device talks.

use std::time::Duration;

use hashbrown::HashSet;

use super::entries::{self, Entries};
use super::line::{Line, Literal, Role, Service, When};
use super::template::{Captured, Held, NOTHING_HELD, Template, Values};
use crate::osc::{Arguments, Pattern};

/// How one kind of device talks, ready to translate.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// What the file says of itself.
    pub about: About,
    /// How it is asked for values.
    pub queries: Queries,
    /// What its lines say.
    pub(super) lines: Vec<Line>,
    /// The banks of its surfaces.
    pub(super) banks: Vec<Bank>,
    /// Native addresses.
    pub(super) native: Entries,
    /// The gateway's addresses.
    pub(super) gateway: Entries,
    /// Lines whose native address holds a text that is not known beforehand.
    pub(super) open_native: Vec<u32>,
    /// The same of the gateway's address.
    pub(super) open_gateway: Vec<u32>,
    /// Gateway addresses of which the device is never told: their lines only come in.
    pub(super) silent: HashSet<Box<str>>,
    /// Lines of that kind whose gateway address holds a text.
    pub(super) open_silent: Vec<u32>,
    /// What is refused whatever locks say.
    pub(super) deny: Vec<Pattern>,
    /// Whether one of those is the address of a line: mostly none is, and what lines speak of need
    /// not be held against them.
    pub(super) denies_lines: bool,
    /// What is dropped.
    pub(super) ignore: Vec<Pattern>,
    /// Lines that no address of theirs leads to, since others claim them all.
    pub(super) unreachable: Vec<u32>,
    /// Touches of addresses that no other line speaks of.
    pub(super) aimless: Vec<u32>,
}

/// What a mapping file says of itself and of the manners of its device.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// The file as it was named.
    pub file: String,
    /// `name`.
    pub name: String,
    /// `version`.
    pub version: String,
    /// `proof`.
    pub proof: Proof,
    /// `port`: where the device listens.
    pub port: Option<u16>,
    /// `reply`.
    pub reply: Reply,
    /// `root`: stands before every gateway address.
    pub root: String,
    /// `echo` of clients whose entry does not say it.
    pub echo: Option<Echo>,
    /// `spacing`: the least time between two datagrams to one device.
    pub spacing: Option<Duration>,
    /// `silence_timeout` of clients whose entry does not say it.
    pub silence_timeout: Option<Option<Duration>>,
    /// `idle_timeout`, the same.
    pub idle_timeout: Option<Option<Duration>>,
    /// `unmapped`.
    pub unmapped: Unmapped,
}

/// What a mapping was verified against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proof {
    /// The device itself.
    Hardware,
    /// The program itself.
    Software,
    /// Somebody's emulation of the device.
    Emulator,
    /// Nothing but its documents.
    #[default]
    Untested,
}

impl Proof {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hardware => "hardware",
            Self::Software => "software",
            Self::Emulator => "emulator",
            Self::Untested => "untested",
        }
    }
}

/// Where a device of this kind is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reply {
    /// Where it sent from.
    #[default]
    Source,
    /// At this port of the machine that it sent from.
    Port(u16),
    /// At the port that the show file says.
    Fixed,
}

/// When a client's own accepted writes are sent back to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Echo {
    /// Each.
    #[default]
    Always,
    /// Only those that were clipped or converted.
    Changed,
    /// The last one, once it has been still for `settle`.
    Settled,
    /// None, not even where it follows.
    Never,
}

/// What becomes of what no line speaks of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unmapped {
    /// It passes as it is.
    #[default]
    Pass,
    /// It is dropped.
    Drop,
}

/// How a device of this kind is asked for a value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Queries {
    /// By its address without arguments.
    pub bare: bool,
    /// By its address with this behind it.
    pub suffix: Option<String>,
    /// By its address with this argument.
    pub argument: Option<Literal>,
}

/// A bank, page or layer that gives some of a surface's controls their meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Bank {
    /// What lines call it.
    pub name: String,
    /// Its numbers.
    pub numbers: Vec<i32>,
    /// The one that a client is in when its session begins.
    pub first: i32,
}

/// What a mapping has to know of the show.
#[derive(Clone, Copy)]
pub struct World<'w> {
    /// The stored value of a gateway address.
    pub value: &'w dyn Fn(&str) -> Option<Arguments<'w>>,
    /// The banks that the client is in; those of a session that has none yet are the first.
    pub banks: &'w [i32],
}

impl std::fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("banks", &self.banks).finish()
    }
}

impl World<'_> {
    /// A show in which nothing is stored.
    pub const EMPTY: World<'static> = World {
        value: &|_| None,
        banks: &[],
    };
}

impl Mapping {
    /// Its lines, in the order of the file.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Its banks.
    #[must_use]
    pub fn banks(&self) -> &[Bank] {
        &self.banks
    }

    /// How many native and how many gateway addresses its lines name.
    #[must_use]
    pub fn address_counts(&self) -> (usize, usize) {
        (self.native.len(), self.gateway.len())
    }

    /// Lines that nothing leads to.
    pub fn unreachable_lines(&self) -> impl Iterator<Item = &Line> {
        self.unreachable
            .iter()
            .map(|&line| &self.lines[line as usize])
    }

    /// Touches of addresses that no other line speaks of: a lock on a fader that nobody moves.
    pub fn aimless_touches(&self) -> impl Iterator<Item = &Line> {
        self.aimless.iter().map(|&line| &self.lines[line as usize])
    }

    /// The native addresses that are known beforehand, in order.
    pub fn native_addresses(&self) -> impl Iterator<Item = &str> {
        self.native.from("")
    }

    /// The gateway addresses that are known beforehand, in order.
    pub fn gateway_addresses(&self) -> impl Iterator<Item = &str> {
        self.gateway.from("")
    }

    /// Whether its lines speak of any address that a pattern matches, as far as that is known
    /// beforehand.
    #[must_use]
    pub fn speaks_of(&self, pattern: &Pattern) -> bool {
        let known = self.gateway.from(pattern.prefix());
        let mut known = known.take_while(|address| address.starts_with(pattern.prefix()));
        !self.open_gateway.is_empty() || known.any(|address| pattern.matches(address))
    }

    /// Whether a client of this kind can ask to follow what others do.
    #[must_use]
    pub fn subscribes(&self) -> bool {
        self.lines.iter().any(|line| match &line.role {
            Role::Service(service) => matches!(service, Service::Follow { .. }),
            Role::Map(_) | Role::Touch(_) | Role::Bank(_) | Role::Tell(_) => false,
        })
    }

    /// Whether a touch of a gateway address can be told of.
    #[must_use]
    pub fn touches(&self, address: &str) -> bool {
        self.lines.iter().any(|line| {
            let is = |held: Held<'_>| {
                line.gateway.iter().any(|template| {
                    let mut filled = Vec::new();
                    template.fill(&held, &line.captures, &mut filled)
                        && filled == address.as_bytes()
                })
            };
            let open = |template: &Template| {
                let mut held = NOTHING_HELD;
                template.is_open() && template.capture(address, &line.captures, &mut held)
            };
            matches!(line.role, Role::Touch(_))
                && (entries::choices(line).any(is) || line.gateway.iter().any(open))
        })
    }

    /// Whether a device of this kind is told of such things.
    #[must_use]
    pub fn tells(&self, when: When) -> bool {
        self.lines.iter().any(|line| match &line.role {
            Role::Tell(tell) => tell.when.contains(&when),
            Role::Map(_) | Role::Touch(_) | Role::Bank(_) | Role::Service(_) => false,
        })
    }

    /// The number of a bank for a client.
    pub(super) fn bank(&self, bank: usize, world: &World<'_>) -> i32 {
        world
            .banks
            .get(bank)
            .copied()
            .unwrap_or(self.banks[bank].first)
    }

    /// Whether what the captures of a line hold is in the banks that a client is in.
    pub(super) fn is_shown(&self, line: &Line, held: &Held<'_>, world: &World<'_>) -> bool {
        let mut captures = line.captures.0.iter().zip(held);
        captures.all(|(capture, held)| match capture.values {
            // One that the line does not speak of has no number here.
            Values::Bank(bank, _) => {
                let own = Captured::Number(self.bank(bank, world));
                *held == own || *held == Captured::Missing
            }
            Values::Numbers(_) | Values::Text | Values::User => true,
        })
    }

    /// Whether a line holds in the banks that a client is in.
    pub(super) fn holds(&self, line: &Line, world: &World<'_>) -> bool {
        line.only
            .is_none_or(|(bank, number)| self.bank(bank, world) == number)
    }
}
