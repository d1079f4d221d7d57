//! Address rules, compiled: what may be written where, and in which form.

use std::time::Duration;

use crate::config::{AddressRule, EventRule, LockRule, LockTimes, Outside, ParameterAccess};
use crate::osc::{ArgumentView, Arguments, Pattern, append_tail};

use super::code::Code;

/// A rule in [`Rules`]; the default is the rule of an address that no rule names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RuleId(u16);

/// One rule, its times filled in.
#[derive(Debug)]
pub(super) struct Rule {
    args: Option<Vec<u8>>,
    range: Option<(f64, f64)>,
    outside: Outside,
    event: EventRule,
    /// How it is locked.
    pub(super) lock: LockRule,
    /// How long a lock lasts after a renewal.
    pub(super) lock_timeout: Duration,
    /// How long a lock taken by writing lasts.
    pub(super) hold: Duration,
    /// Whether clients may write.
    pub(super) access: ParameterAccess,
    /// The least time between two updates to followers.
    pub(super) interval: Option<Duration>,
}

/// All rules: the first that matches wins.
#[derive(Debug)]
pub(super) struct Rules {
    patterns: Vec<Pattern>,
    /// One more than `patterns`: the first is the default.
    rules: Vec<Rule>,
}

/// What a message is under its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    /// A value, to be stored.
    Value,
    /// An event, to be passed on.
    Event,
    /// The edge of a button that goes nowhere.
    Nothing,
}

/// Whether a message goes on as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Byte for byte.
    AsItCame,
    /// As the tail that was written to the buffer.
    Changed,
}

impl Rules {
    /// Compiles the rules of a checked show.
    pub(super) fn new(addresses: &[AddressRule], times: LockTimes) -> Self {
        let plain = Rule {
            args: None,
            range: None,
            outside: Outside::default(),
            event: EventRule::default(),
            lock: LockRule::default(),
            lock_timeout: times.timeout,
            hold: Duration::from_secs(1),
            access: ParameterAccess::default(),
            interval: None,
        };
        let mut rules = vec![plain];
        let mut patterns = Vec::new();
        // A show with more rules than an id can name is refused where it is loaded.
        for rule in addresses.iter().take(usize::from(u16::MAX)) {
            let pattern = Pattern::compile(&rule.pattern).expect("patterns of a show are checked");
            patterns.push(pattern);
            rules.push(Rule {
                args: rule.args.as_ref().map(|tags| tags.clone().into_bytes()),
                range: rule.range,
                outside: rule.outside,
                event: rule.event,
                lock: rule.lock,
                lock_timeout: rule.lock_timeout.unwrap_or(times.timeout),
                hold: rule.hold,
                access: rule.access,
                interval: rule.rate.map(|rate| Duration::from_secs(1) / rate.max(1)),
            });
        }
        Self { patterns, rules }
    }

    /// The rule of an address.
    pub(super) fn find(&self, address: &str) -> RuleId {
        let found = self
            .patterns
            .iter()
            .position(|pattern| pattern.matches(address));
        let id = found.map_or(0, |position| position + 1);
        RuleId(u16::try_from(id).expect("rules are counted in a u16"))
    }

    /// The rule behind an id.
    pub(super) fn rule(&self, id: RuleId) -> &Rule {
        &self.rules[usize::from(id.0)]
    }
}

impl Rule {
    /// What a message with these arguments is.
    pub(super) fn nature(&self, mut values: Arguments<'_>) -> Nature {
        match self.event {
            EventRule::No if values.tags().is_empty() => Nature::Event,
            EventRule::No => Nature::Value,
            EventRule::Yes => Nature::Event,
            EventRule::Press => match values.next() {
                Some(ArgumentView::False | ArgumentView::Int(0) | ArgumentView::Long(0)) => {
                    Nature::Nothing
                }
                Some(ArgumentView::Float(0.0)) => Nature::Nothing,
                Some(ArgumentView::Double(0.0)) => Nature::Nothing,
                Some(_) | None => Nature::Event,
            },
        }
    }

    /// Whether a value lies at an end of the rule's range: a fader that was pulled down, or up.
    pub(super) fn is_end(&self, mut values: Arguments<'_>) -> bool {
        let Some((low, high)) = self.range else {
            return false;
        };
        let number = match (values.next(), values.next()) {
            (Some(ArgumentView::Int(number)), None) => f64::from(number),
            (Some(ArgumentView::Long(number)), None) => number as f64,
            (Some(ArgumentView::Float(number)), None) => f64::from(number),
            (Some(ArgumentView::Double(number)), None) => number,
            (_, _) => return false,
        };
        number == low || number == high
    }

    /// Holds arguments against the rule. Where they are to be converted or clipped, the new tail
    /// is written to `tail`.
    pub(super) fn shape(&self, values: Arguments<'_>, tail: &mut Vec<u8>) -> Result<Shape, Code> {
        if self.args.is_none() && self.range.is_none() {
            return Ok(Shape::AsItCame);
        }
        let mut changed = false;
        let mut outside = None;
        let mut wanted = self.args.as_deref().unwrap_or(values.tags()).iter();
        for value in values {
            let Some(&tag) = wanted.next() else {
                return Err(Code::BadArguments);
            };
            let converted = convert(value, tag).ok_or(Code::BadArguments)?;
            match self.clip(converted) {
                Ok(clipped) => changed |= !is_same(clipped, value),
                Err(code) => outside = Some(code),
            }
        }
        // That the arguments are the right ones comes before what they say.
        if wanted.next().is_some() {
            return Err(Code::BadArguments);
        }
        if let Some(code) = outside {
            return Err(code);
        }
        if !changed {
            return Ok(Shape::AsItCame);
        }
        tail.clear();
        let wanted = self.args.as_deref().unwrap_or(values.tags()).iter();
        let shaped = values.zip(wanted).map(|(value, &tag)| {
            let converted = convert(value, tag).expect("it was possible a moment ago");
            self.clip(converted).expect("it was possible a moment ago")
        });
        append_tail(tail, shaped);
        Ok(Shape::Changed)
    }

    fn clip<'a>(&self, value: ArgumentView<'a>) -> Result<ArgumentView<'a>, Code> {
        let Some(range) = self.range else {
            return Ok(value);
        };
        let clipped = match value {
            ArgumentView::Int(number) => {
                let bound = self.bound(f64::from(number), range)?;
                bound.map(|bound| whole(bound, range).map(|n| ArgumentView::Int(n as i32)))
            }
            ArgumentView::Long(number) => {
                let bound = self.bound(number as f64, range)?;
                bound.map(|bound| whole(bound, range).map(|n| ArgumentView::Long(n as i64)))
            }
            ArgumentView::Float(number) => {
                let bound = self.bound(f64::from(number), range)?;
                bound.map(|bound| Ok(ArgumentView::Float(inside(bound, range))))
            }
            ArgumentView::Double(number) => self
                .bound(number, range)?
                .map(|bound| Ok(ArgumentView::Double(bound))),
            ArgumentView::String(_)
            | ArgumentView::Blob(_)
            | ArgumentView::Time(_)
            | ArgumentView::Symbol(_)
            | ArgumentView::Char(_)
            | ArgumentView::Color(_)
            | ArgumentView::Midi(_)
            | ArgumentView::True
            | ArgumentView::False
            | ArgumentView::Nil
            | ArgumentView::Infinitum
            | ArgumentView::ArrayBegin
            | ArgumentView::ArrayEnd => None,
        };
        clipped.unwrap_or(Ok(value))
    }

    /// The bound that a number is to be clipped to; `None`: it lies inside.
    fn bound(&self, number: f64, (low, high): (f64, f64)) -> Result<Option<f64>, Code> {
        if (low..=high).contains(&number) {
            return Ok(None);
        }
        if number.is_nan() || self.outside == Outside::Refuse {
            return Err(Code::OutOfRange);
        }
        Ok(Some(if number < low { low } else { high }))
    }
}

/// The whole number inside a range that is nearest to its bound; a range that holds none refuses.
fn whole(bound: f64, (low, high): (f64, f64)) -> Result<f64, Code> {
    let whole = if bound == low {
        low.ceil()
    } else {
        high.floor()
    };
    if (low..=high).contains(&whole) {
        Ok(whole)
    } else {
        Err(Code::OutOfRange)
    }
}

/// `bound` as the nearest 32-bit float that does not lie outside the range.
fn inside(bound: f64, (low, high): (f64, f64)) -> f32 {
    let near = bound as f32;
    if f64::from(near) < low {
        near.next_up()
    } else if f64::from(near) > high {
        near.next_down()
    } else {
        near
    }
}

/// Whether two values are the same on the wire; a NaN is the same as itself.
fn is_same(a: ArgumentView<'_>, b: ArgumentView<'_>) -> bool {
    match (a, b) {
        (ArgumentView::Float(a), ArgumentView::Float(b)) => a.to_bits() == b.to_bits(),
        (ArgumentView::Double(a), ArgumentView::Double(b)) => a.to_bits() == b.to_bits(),
        (a, b) => a == b,
    }
}

/// `value` as the type `tag`, where that is exact; `None`: it is not.
fn convert(value: ArgumentView<'_>, tag: u8) -> Option<ArgumentView<'_>> {
    use ArgumentView::{Double, Float, Int, Long};
    let whole = |number: f64| (number.fract() == 0.0).then_some(number);
    match (tag, value) {
        (b'i', Long(value)) => i32::try_from(value).ok().map(Int),
        (b'i', Float(value)) => whole(f64::from(value))
            .filter(|&v| (v as i32) as f64 == v)
            .map(|v| Int(v as i32)),
        (b'i', Double(value)) => whole(value)
            .filter(|&v| (v as i32) as f64 == v)
            .map(|v| Int(v as i32)),
        (b'h', Int(value)) => Some(Long(value.into())),
        (b'h', Float(value)) => whole(f64::from(value))
            .filter(|&v| is_long(v))
            .map(|v| Long(v as i64)),
        (b'h', Double(value)) => whole(value).filter(|&v| is_long(v)).map(|v| Long(v as i64)),
        (b'f', Int(value)) => {
            ((value as f32) as f64 == f64::from(value)).then_some(Float(value as f32))
        }
        (b'f', Long(value)) => (is_long(f64::from(value as f32)) && (value as f32) as i64 == value)
            .then_some(Float(value as f32)),
        (b'f', Double(value)) => {
            (value.is_nan() || f64::from(value as f32) == value).then_some(Float(value as f32))
        }
        (b'd', Int(value)) => Some(Double(value.into())),
        (b'd', Long(value)) => (is_long(value as f64) && (value as f64) as i64 == value)
            .then_some(Double(value as f64)),
        (b'd', Float(value)) => Some(Double(value.into())),
        // A switch is a switch, whichever of its two tags the rule names.
        (b'T' | b'F', ArgumentView::True | ArgumentView::False) => Some(value),
        (tag, value) => (value.tag() == tag).then_some(value),
    }
}

/// Whether a whole number fits a 64-bit integer.
fn is_long(number: f64) -> bool {
    (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number)
}
