//! One line of a mapping file, compiled: which native messages it speaks of, and what they mean.

use std::time::Duration;

use super::convert::{Conversion, Unfit};
use super::template::{Captured, Captures, Held, Template};
use crate::limits::MAPPING_CAPTURES_MAX;
use crate::osc::{ArgumentView, Arguments};

/// Where a line stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The file as it was named.
    pub file: String,
    /// The line of its header, from 1.
    pub line: usize,
}

/// A line of a mapping file.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Where it stands.
    pub origin: Origin,
    /// How many includes deep it stands: a file has the last word over what it includes.
    pub depth: u8,
    /// What may stand in its holes.
    pub captures: Captures,
    /// The device's addresses: the first is the one that is written to it, the others only come
    /// from it.
    pub device: Vec<Template>,
    /// What the device's arguments are; `None`: whatever they are, they stay as they are.
    pub slots: Option<Vec<Slot>>,
    /// The gateway's addresses: one, or one for each value.
    pub gateway: Vec<Template>,
    /// The line holds only while a bank has this number.
    pub only: Option<(usize, i32)>,
    /// What its messages mean.
    pub role: Role,
    /// The device's address as it is written, for people.
    pub text: String,
}

/// What stands at one place of a device's arguments.
#[derive(Clone, Debug, PartialEq)]
pub enum Slot {
    /// A value, by its place among the line's conversions.
    Value(usize),
    /// The number or text of a capture.
    Capture(usize),
    /// Always the same.
    Literal(Literal),
    /// Whatever follows counts for nothing.
    Rest,
}

/// An argument that is always the same.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `i`.
    Int(i32),
    /// `f`.
    Float(f32),
    /// `s`.
    Text(String),
    /// `T` or `F`.
    Flag(bool),
}

impl Literal {
    /// As it is written to a device.
    #[must_use]
    pub fn view(&self) -> ArgumentView<'_> {
        match self {
            Self::Int(number) => ArgumentView::Int(*number),
            Self::Float(number) => ArgumentView::Float(*number),
            Self::Text(text) => ArgumentView::String(text.as_bytes()),
            Self::Flag(true) => ArgumentView::True,
            Self::Flag(false) => ArgumentView::False,
        }
    }

    /// Whether an argument says the same, in whichever type.
    #[must_use]
    pub fn is(&self, value: ArgumentView<'_>) -> bool {
        match (self, value) {
            (Self::Text(text), ArgumentView::String(said) | ArgumentView::Symbol(said)) => {
                text.as_bytes() == said
            }
            (Self::Text(_), _) => false,
            (Self::Int(_) | Self::Float(_) | Self::Flag(_), value) => {
                super::convert::read_number(self.view()) == super::convert::read_number(value)
            }
        }
    }
}

/// What the messages of a line mean.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// Values.
    Map(Map),
    /// A finger on a control.
    Touch(Touch),
    /// Another bank is chosen, by its place among the banks.
    Bank(usize),
    /// Something that a client says to stay awake, to follow or to ask.
    Service(Service),
    /// The gateway's status on the device.
    Tell(Tell),
}

/// A `[[map]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// Which way it goes.
    pub direction: Direction,
    /// One for each value.
    pub conversions: Vec<Conversion>,
    /// The values are an event.
    pub event: Option<Edge>,
    /// What is written for a press.
    pub press: f64,
    /// What comes turns over what is stored.
    pub toggle: Option<Toggle>,
    /// What comes times this is added to what is stored.
    pub relative: Option<f64>,
    /// Moving it takes the lock for this long.
    pub hold: Option<Duration>,
    /// The capture that is the value, where the value stands in the address.
    pub value: Option<usize>,
    /// Where the device says of itself what it is set to, if not at the address that sets it.
    pub push: Option<Template>,
    /// Where the device is asked, if not at the address that sets it.
    pub get: Option<Template>,
    /// What the device is answered where there is no value yet, as the device says it.
    pub unset: Option<Literal>,
    /// It is refused: it means another thing on another page.
    pub refused: bool,
}

/// Which way a line goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    #[default]
    Both,
    /// From the device to the gateway.
    In,
    /// From the gateway to the device.
    Out,
}

/// Which messages of a button are its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Each.
    Every,
    /// Those whose first argument is not 0 or false, and those without one.
    Press,
}

/// Which messages turn a switch over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Toggle {
    /// Each press.
    Press,
    /// This number; any other is a value.
    Number(f64),
}

/// A `[[touch]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Touch {
    /// The address that says that the finger is gone, if it is another one.
    pub release: Option<Template>,
    /// The argument that says that it is down, where that is not just anything but 0.
    pub down: Option<Literal>,
}

/// What a client may say to stay awake, to follow, to ask.
#[derive(Clone, Debug, PartialEq)]
pub enum Service {
    /// It follows all that the mapping covers or, `named`, the address in its first argument.
    Follow {
        /// How long, if it is not said again.
        lease: Option<Duration>,
        /// What the first argument names.
        named: bool,
    },
    /// It follows no more.
    Unfollow,
    /// What it follows for a time, it follows for that time again.
    Renew,
    /// It lives, and will say so again.
    Heartbeat,
    /// It wants all the values that it follows.
    Sync,
    /// It is told things on the port that one of its arguments names.
    Register {
        /// Which argument, from 0.
        port: usize,
    },
    /// It wants an answer that does not depend on the show.
    Answer {
        /// Where the answer is addressed to.
        send: String,
        /// What it says; `None`: what came.
        args: Option<Vec<Say>>,
    },
}

/// A `[[tell]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Tell {
    /// What happened.
    pub when: Vec<When>,
    /// Whose lock it is, seen from who is told.
    pub holder: Whose,
    /// What is said; the address is the line's.
    pub args: Vec<Say>,
}

/// What a device is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Something it wanted was refused.
    Denied,
    /// A lock was taken.
    Locked,
    /// A lock ended.
    Unlocked,
    /// A session began.
    Connected,
    /// A session ended.
    Disconnected,
}

/// Whose lock a device is told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// Anybody's.
    #[default]
    Anyone,
    /// Its own.
    Own,
    /// Another's.
    Others,
}

/// One argument of something that is said.
#[derive(Clone, Debug, PartialEq)]
pub enum Say {
    /// Always the same.
    Always(Literal),
    /// A text with pieces that are filled in.
    Text(Vec<Piece>),
    /// The number of a capture, as a number.
    Number(usize),
}

/// A piece of a text that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it is.
    Text(String),
    /// Who holds the lock; empty: nobody.
    Holder,
    /// Why it was refused, or why a lock or session ended.
    Code,
    /// The gateway's address.
    Address,
    /// Who connected or disconnected.
    Name,
    /// How long the lock lasts if it is not renewed, in whole seconds.
    Remaining,
    /// The gateway's name.
    Gateway,
    /// The IP that the packet was sent to.
    Ip,
    /// What a capture of the line holds.
    Capture(usize),
}

/// What a message's arguments are to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// They are its own.
    Yes,
    /// They are another line's.
    No,
    /// Their number or their types are not those of any line.
    Unfit(Unfit),
}

/// The most values that one line splits a message into.
pub const LINE_VALUES_MAX: usize = 16;

/// The values of a message, in the order of the line's conversions.
pub(super) type Found<'a> = [ArgumentView<'a>; LINE_VALUES_MAX];

/// No value yet.
pub(super) const NOTHING_FOUND: Found<'static> = [ArgumentView::Nil; LINE_VALUES_MAX];

impl Line {
    /// Reads the arguments of a native message: captures into `held`, values into `found`.
    pub(super) fn read<'a>(
        &self,
        values: Arguments<'a>,
        held: &mut Held<'a>,
        found: &mut Found<'a>,
    ) -> Fit {
        let Some(slots) = &self.slots else {
            return Fit::Yes;
        };
        let mut values = values;
        let mut fit = Fit::Yes;
        for slot in slots {
            let value = match slot {
                Slot::Rest => return fit,
                Slot::Value(_) | Slot::Capture(_) | Slot::Literal(_) => values.next(),
            };
            match (slot, value) {
                (Slot::Literal(literal), Some(value)) if literal.is(value) => {}
                (Slot::Literal(_), _) => return Fit::No,
                (Slot::Capture(capture), Some(value)) => match self.captured(*capture, value) {
                    Some(captured) => held[*capture] = captured,
                    None if self.is_text(*capture) => fit = Fit::Unfit(Unfit::Type),
                    None => return Fit::No,
                },
                (Slot::Value(at), Some(value)) => found[*at] = value,
                (Slot::Value(_) | Slot::Capture(_), None) => fit = Fit::Unfit(Unfit::Type),
                (Slot::Rest, _) => {}
            }
        }
        if values.next().is_some() {
            return Fit::Unfit(Unfit::Type);
        }
        fit
    }

    /// Reads of a question what it is about: its captures, and what is always the same before
    /// them. More arguments count for nothing if its address is its own `alone`; `false`: it is
    /// another line's.
    pub(super) fn read_captures<'a>(
        &self,
        values: Arguments<'a>,
        held: &mut Held<'a>,
        alone: bool,
    ) -> bool {
        let mut values = values;
        for slot in self.slots.iter().flatten() {
            match slot {
                Slot::Value(_) => {}
                Slot::Rest => return true,
                Slot::Literal(literal) => {
                    if !values.next().is_some_and(|value| literal.is(value)) {
                        return false;
                    }
                }
                Slot::Capture(capture) => {
                    let value = values.next();
                    match value.and_then(|value| self.captured(*capture, value)) {
                        Some(captured) => held[*capture] = captured,
                        None => return false,
                    }
                }
            }
        }
        alone || values.next().is_none()
    }

    /// Whether a capture may be any text.
    fn is_text(&self, capture: usize) -> bool {
        use super::template::Values;
        matches!(self.captures.0[capture].values, Values::Text | Values::User)
    }

    /// An argument as what a capture holds; `None`: it is none of its values.
    fn captured<'a>(&self, capture: usize, value: ArgumentView<'a>) -> Option<Captured<'a>> {
        use super::template::Values;
        match &self.captures.0[capture].values {
            Values::Numbers(numbers) => {
                let number = super::convert::read_number(value)?;
                let known = numbers.iter().find(|&&known| f64::from(known) == number);
                known.map(|&number| Captured::Number(number))
            }
            Values::Text | Values::User => match value {
                ArgumentView::String(text) | ArgumentView::Symbol(text) => {
                    let text = std::str::from_utf8(text).ok()?;
                    // In an address these would be something else than a text.
                    let other = |c: char| c.is_control() || " #*,/?[]{}".contains(c);
                    let is_person = self.captures.0[capture].values == Values::User;
                    let fits = is_person || !text.contains(other);
                    (fits && !text.is_empty()).then_some(Captured::Text(text))
                }
                ArgumentView::Int(number) => Some(Captured::Number(number)),
                ArgumentView::Float(_)
                | ArgumentView::Blob(_)
                | ArgumentView::Long(_)
                | ArgumentView::Time(_)
                | ArgumentView::Double(_)
                | ArgumentView::Char(_)
                | ArgumentView::Color(_)
                | ArgumentView::Midi(_)
                | ArgumentView::True
                | ArgumentView::False
                | ArgumentView::Nil
                | ArgumentView::Infinitum
                | ArgumentView::ArrayBegin
                | ArgumentView::ArrayEnd => None,
            },
            Values::Bank(..) => None,
        }
    }

    /// Whether a capture comes with an argument.
    #[must_use]
    pub fn is_argument(&self, capture: usize) -> bool {
        let slots = self.slots.iter().flatten();
        slots
            .into_iter()
            .any(|slot| matches!(slot, Slot::Capture(of) if *of == capture))
    }

    /// Whether a capture stands in any of its addresses or arguments; a bank that does not is none
    /// of its business.
    #[must_use]
    pub fn uses(&self, capture: usize) -> bool {
        let (one, other) = match &self.role {
            Role::Map(map) => (map.push.as_ref(), map.get.as_ref()),
            Role::Touch(touch) => (touch.release.as_ref(), None),
            Role::Bank(_) | Role::Service(_) | Role::Tell(_) => (None, None),
        };
        let templates = self.device.iter().chain(&self.gateway);
        let mut templates = templates.chain(one).chain(other);
        templates.any(|template| template.uses(capture)) || self.is_argument(capture)
    }

    /// The capture that says which person acts.
    #[must_use]
    pub fn user(&self) -> Option<usize> {
        self.captures.find("user")
    }

    /// Whether two lines can be told apart by their arguments: another literal at one place, or
    /// another number of arguments.
    #[must_use]
    pub fn differs_by_arguments(&self, other: &Self) -> bool {
        let (Some(mine), Some(theirs)) = (&self.slots, &other.slots) else {
            return false;
        };
        let open = |slots: &[Slot]| slots.iter().any(|slot| matches!(slot, Slot::Rest));
        if mine.len() != theirs.len() && !open(mine) && !open(theirs) {
            return true;
        }
        mine.iter().zip(theirs).any(|pair| match pair {
            (Slot::Literal(a), Slot::Literal(b)) => !a.is(b.view()),
            _ => false,
        })
    }
}

const _: () = assert!(MAPPING_CAPTURES_MAX <= LINE_VALUES_MAX);
