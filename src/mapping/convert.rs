//! One value of a device as one value of the gateway, and back: type, range, curve, names.

use super::curve::Curve;
use crate::osc::ArgumentView;

/// Why a value cannot be converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is of a type that cannot be read as the one that is wanted, or a name nobody knows.
    Type,
    /// It lies outside of a range whose rule is to refuse, or is no number at all.
    Range,
}

/// What happens to a number outside its range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Beyond {
    /// It becomes the nearest bound.
    #[default]
    Clip,
    /// It is refused.
    Refuse,
}

/// How one value is converted.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversion {
    /// The device's type tag; `T` stands for `T` and `F`.
    pub device: u8,
    /// The gateway's type tag, the same.
    pub gateway: u8,
    /// What is done to it.
    pub kind: Kind,
}

/// What is done to a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Its type alone may change.
    Plain,
    /// A number along a travel.
    Number(Number),
    /// On or off.
    Switch(Switch),
    /// A name for each number: on the side whose tag is `s` stands the name.
    Names(Vec<(String, i32)>),
}

/// A number along a travel.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// How the device's numbers lie along the travel.
    pub curve: Curve,
    /// The device's numbers are this many times what the curve speaks of.
    pub scale: f64,
    /// Least and greatest number that the device sends and takes.
    pub range: (f64, f64),
    /// The same for numbers that come as one of these types.
    pub ranges: Vec<(u8, (f64, f64))>,
    /// The gateway's least and greatest number.
    pub gateway: (f64, f64),
    /// How many positions the device knows.
    pub steps: Option<u32>,
    /// Its travel runs the other way.
    pub invert: bool,
    /// What is outside.
    pub beyond: Beyond,
    /// What the device calls the lowest position of all.
    pub minus_infinity: Option<f64>,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Switch {
    /// On is what the gateway calls off.
    pub invert: bool,
    /// A number above zero and not below this is on.
    pub threshold: f64,
    /// The device's number for on.
    pub on: f64,
    /// The device's number for off.
    pub off: f64,
}

impl Default for Switch {
    fn default() -> Self {
        Self {
            invert: false,
            threshold: 0.0,
            on: 1.0,
            off: 0.0,
        }
    }
}

/// A converted value, and whether it had to be clipped.
pub(super) type Converted<'a> = Result<(ArgumentView<'a>, bool), Unfit>;

/// Positions that tell one value from another where a device's steps are not known: a float that
/// went through a curve comes back within one of them.
const FINE_STEPS: u32 = 1 << 16;

impl Conversion {
    /// A value of the device as the gateway has it.
    pub fn to_gateway<'a>(&'a self, value: ArgumentView<'a>) -> Converted<'a> {
        match &self.kind {
            Kind::Plain => plain(value, self.gateway).map(|value| (value, false)),
            Kind::Number(number) => {
                let (found, clipped) = number.to_gateway(value)?;
                Ok((typed(found, self.gateway)?, clipped))
            }
            Kind::Switch(switch) => {
                let on = switch.read(value)? != switch.invert;
                Ok((switched(on, self.gateway, (1.0, 0.0))?, false))
            }
            Kind::Names(names) => {
                let number = named(names, value)?;
                let found = to_name(names, number, self.gateway)?;
                Ok((found, false))
            }
        }
    }

    /// A value of the gateway as the device has it.
    pub(super) fn to_device<'a>(&'a self, value: ArgumentView<'a>) -> Converted<'a> {
        match &self.kind {
            Kind::Plain => plain(value, self.device).map(|value| (value, false)),
            Kind::Number(number) => {
                let (found, clipped) = number.to_device(value)?;
                Ok((typed(found, self.device)?, clipped))
            }
            Kind::Switch(switch) => {
                let on = Switch::default().read(value)? != switch.invert;
                Ok((switched(on, self.device, (switch.on, switch.off))?, false))
            }
            Kind::Names(names) => {
                let number = named(names, value)?;
                Ok((to_name(names, number, self.device)?, false))
            }
        }
    }

    /// Which of the device's steps a value of the gateway is; `None`: it has none. Values that the
    /// device does not round are two steps apart, since a rounded one may come back as the next.
    #[must_use]
    pub fn step(&self, value: ArgumentView<'_>) -> Option<i64> {
        let number = match &self.kind {
            Kind::Number(number) => number,
            Kind::Switch(_) => {
                let on = Switch::default().read(value).ok()?;
                return Some(i64::from(on) * 2);
            }
            Kind::Names(names) => return Some(i64::from(named(names, value).ok()?) * 2),
            Kind::Plain if matches!(self.device, b'i' | b'h' | b'T') => {
                let whole = read_number(value)?.round();
                return Some((whole as i64).saturating_mul(2));
            }
            Kind::Plain => return None,
        };
        let (low, high) = number.gateway;
        let position = ((read_number(value)? - low) / (high - low)).clamp(0.0, 1.0);
        let steps = number.steps.unwrap_or(FINE_STEPS);
        Some((position * f64::from(steps - 1)).round() as i64)
    }

    /// Whether a value of the gateway is an end of the travel.
    #[must_use]
    pub(super) fn is_end(&self, value: ArgumentView<'_>) -> bool {
        let Kind::Number(number) = &self.kind else {
            return false;
        };
        let (low, high) = number.gateway;
        read_in(value, number.gateway).is_some_and(|value| value <= low || value >= high)
    }

    /// A value of the gateway for a relative move: `by` of the gateway's units from `now`.
    ///
    /// # Errors
    ///
    /// If it is no number that the gateway's type holds.
    pub fn moved<'a>(&self, now: f64, by: f64) -> Result<ArgumentView<'a>, Unfit> {
        let moved = match &self.kind {
            Kind::Number(number) => {
                let (low, high) = number.gateway;
                (now + by).clamp(low.min(high), low.max(high))
            }
            Kind::Plain | Kind::Switch(_) | Kind::Names(_) => now + by,
        };
        if moved.is_finite() {
            typed(moved, self.gateway)
        } else {
            Err(Unfit::Range)
        }
    }

    /// The value of the gateway that turns over `now`; `None`: there is none yet, which is off.
    ///
    /// # Errors
    ///
    /// If the gateway's type is neither a number nor on or off.
    pub fn turned<'a>(&self, now: Option<f64>) -> Result<ArgumentView<'a>, Unfit> {
        let (off, on) = match &self.kind {
            Kind::Number(number) => number.gateway,
            Kind::Plain | Kind::Switch(_) | Kind::Names(_) => (0.0, 1.0),
        };
        let is_on = now.is_some_and(|now| now > off);
        switched(!is_on, self.gateway, (on, off))
    }
}

impl Number {
    fn to_gateway(&self, value: ArgumentView<'_>) -> Result<(f64, bool), Unfit> {
        let own = self.ranges.iter().find(|(tag, _)| *tag == value.tag());
        let range = own.map_or(self.range, |(_, range)| *range);
        let number = read_in(value, range).ok_or(Unfit::Type)?;
        if self.minus_infinity.is_some_and(|least| number <= least) {
            return Ok((self.at(0.0), false));
        }
        if !number.is_finite() {
            return Err(Unfit::Range);
        }
        let clipped = number.clamp(range.0, range.1);
        if clipped != number && self.beyond == Beyond::Refuse {
            return Err(Unfit::Range);
        }
        let real = (range.0 / self.scale, range.1 / self.scale);
        // The ends of the travel are the ends of the gateway's, also where the curve goes on.
        let position = if clipped <= range.0 {
            0.0
        } else if clipped >= range.1 {
            1.0
        } else {
            self.curve.position(clipped / self.scale, real)
        };
        if position.is_nan() {
            return Err(Unfit::Range);
        }
        let position = position.clamp(0.0, 1.0);
        Ok((self.at(position), clipped != number))
    }

    fn to_device(&self, value: ArgumentView<'_>) -> Result<(f64, bool), Unfit> {
        let (low, high) = self.gateway;
        let number = read_in(value, self.gateway).ok_or(Unfit::Type)?;
        if !number.is_finite() {
            return Err(Unfit::Range);
        }
        let asked = (number - low) / (high - low);
        let position = asked.clamp(0.0, 1.0);
        let clipped = position != asked;
        let position = if self.invert {
            1.0 - position
        } else {
            position
        };
        let position = match self.steps {
            Some(steps) => {
                let last = f64::from(steps - 1);
                (position * last).round() / last
            }
            None => position,
        };
        if position <= 0.0
            && let Some(least) = self.minus_infinity
        {
            return Ok((least, clipped));
        }
        let real = (self.range.0 / self.scale, self.range.1 / self.scale);
        let found = self.curve.number(position, real) * self.scale;
        Ok((found.clamp(self.range.0, self.range.1), clipped))
    }

    /// The gateway's number at a position of the device.
    fn at(&self, position: f64) -> f64 {
        let (low, high) = self.gateway;
        let position = if self.invert {
            1.0 - position
        } else {
            position
        };
        if position >= 1.0 {
            high
        } else {
            low + position * (high - low)
        }
    }
}

impl Switch {
    fn read(&self, value: ArgumentView<'_>) -> Result<bool, Unfit> {
        if let ArgumentView::String(text) | ArgumentView::Symbol(text) = value {
            for (word, on) in [
                ("true", true),
                ("on", true),
                ("false", false),
                ("off", false),
            ] {
                if text.eq_ignore_ascii_case(word.as_bytes()) {
                    return Ok(on);
                }
            }
        }
        let number = read_number(value).ok_or(Unfit::Type)?;
        if number.is_nan() {
            return Err(Unfit::Range);
        }
        Ok(number > 0.0 && number >= self.threshold)
    }
}

/// A value as a number, whatever it was sent as: devices send 0 and 1 of a fader as integers, and
/// some (ETC Eos) send every broken number as a text.
#[must_use]
pub fn read_number(value: ArgumentView<'_>) -> Option<f64> {
    match value {
        ArgumentView::Int(number) => Some(f64::from(number)),
        ArgumentView::Long(number) => Some(number as f64),
        ArgumentView::Float(number) => Some(f64::from(number)),
        ArgumentView::Double(number) => Some(number),
        ArgumentView::True => Some(1.0),
        ArgumentView::False => Some(0.0),
        ArgumentView::String(text) | ArgumentView::Symbol(text) => {
            std::str::from_utf8(text).ok()?.trim().parse().ok()
        }
        ArgumentView::Blob(_)
        | ArgumentView::Time(_)
        | ArgumentView::Char(_)
        | ArgumentView::Color(_)
        | ArgumentView::Midi(_)
        | ArgumentView::Nil
        | ArgumentView::Infinitum
        | ArgumentView::ArrayBegin
        | ArgumentView::ArrayEnd => None,
    }
}

/// A value as a number; an end of its range is that end also where 32 bits do not hold it exactly.
fn read_in(value: ArgumentView<'_>, (low, high): (f64, f64)) -> Option<f64> {
    let number = read_number(value)?;
    let is = |end: f64| matches!(value, ArgumentView::Float(found) if found == end as f32);
    Some(if is(low) {
        low
    } else if is(high) {
        high
    } else {
        number
    })
}

/// A number in one of the types that hold numbers: whole ones are rounded.
pub(super) fn typed<'a>(number: f64, tag: u8) -> Result<ArgumentView<'a>, Unfit> {
    match tag {
        b'f' => Ok(ArgumentView::Float(number as f32)),
        b'd' => Ok(ArgumentView::Double(number)),
        // A conversion of a finite float to an integer saturates.
        b'i' => Ok(ArgumentView::Int(number.round() as i32)),
        b'h' => Ok(ArgumentView::Long(number.round() as i64)),
        b'T' if number > 0.0 => Ok(ArgumentView::True),
        b'T' => Ok(ArgumentView::False),
        _ => Err(Unfit::Type),
    }
}

/// On or off in a type.
fn switched<'a>(on: bool, tag: u8, (yes, no): (f64, f64)) -> Result<ArgumentView<'a>, Unfit> {
    match tag {
        b'T' if on => Ok(ArgumentView::True),
        b'T' => Ok(ArgumentView::False),
        _ => typed(if on { yes } else { no }, tag),
    }
}

/// A value in another type, if it has one there.
fn plain(value: ArgumentView<'_>, tag: u8) -> Result<ArgumentView<'_>, Unfit> {
    let own = value.tag();
    if own == tag || (tag == b'T' && own == b'F') {
        return Ok(value);
    }
    match tag {
        b's' | b'S' => match (value, tag) {
            (ArgumentView::String(text) | ArgumentView::Symbol(text), b's') => {
                Ok(ArgumentView::String(text))
            }
            (ArgumentView::String(text) | ArgumentView::Symbol(text), _) => {
                Ok(ArgumentView::Symbol(text))
            }
            _ => Err(Unfit::Type),
        },
        b'i' | b'h' | b'f' | b'd' | b'T' => {
            let number = read_number(value).ok_or(Unfit::Type)?;
            if !number.is_finite() && matches!(tag, b'i' | b'h') {
                return Err(Unfit::Range);
            }
            typed(number, tag)
        }
        _ => Err(Unfit::Type),
    }
}

/// The number of a name, or a number that has one.
fn named(names: &[(String, i32)], value: ArgumentView<'_>) -> Result<i32, Unfit> {
    if let ArgumentView::String(text) | ArgumentView::Symbol(text) = value {
        let same = |(name, _): &&(String, i32)| text.eq_ignore_ascii_case(name.as_bytes());
        if let Some((_, number)) = names.iter().find(same) {
            return Ok(*number);
        }
    }
    let number = read_number(value).ok_or(Unfit::Type)?;
    let known = names.iter().find(|(_, known)| f64::from(*known) == number);
    known.map(|(_, number)| *number).ok_or(Unfit::Range)
}

fn to_name(names: &[(String, i32)], number: i32, tag: u8) -> Result<ArgumentView<'_>, Unfit> {
    if tag != b's' {
        return typed(f64::from(number), tag);
    }
    let known = names.iter().find(|(_, known)| *known == number);
    known
        .map(|(name, _)| ArgumentView::String(name.as_bytes()))
        .ok_or(Unfit::Range)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any travel that a file can describe, with the device's tag.
    fn travels() -> impl Strategy<Value = (u8, Number)> {
        let curve = prop_oneof![
            Just((Curve::Linear, (0.0, 1.0), 1.0)),
            Just((Curve::Linear, (-1_000.0, 1_000.0), 1.0)),
            Just((Curve::Fader, (-90.0, 10.0), 1.0)),
            Just((Curve::Fader, (-9_000.0, 1_000.0), 100.0)),
            Just((Curve::Log, (20.0, 20_000.0), 1.0)),
            Just((
                Curve::Points(vec![(-120.0, 0.0), (-40.0, 0.1), (0.0, 0.75), (12.0, 1.0)]),
                (-120.0, 12.0),
                1.0
            )),
        ];
        let gateway = prop_oneof![Just((0.0, 1.0)), Just((-1.0, 1.0)), Just((0.0, 100.0))];
        let steps = prop_oneof![Just(2u32), Just(101), Just(128), Just(256), Just(1_024)];
        let least = proptest::bool::ANY;
        (curve, gateway, steps, any::<bool>(), least).prop_map(
            |((curve, range, scale), gateway, steps, invert, least)| {
                let number = Number {
                    curve,
                    scale,
                    range,
                    ranges: Vec::new(),
                    gateway,
                    steps: Some(steps),
                    invert,
                    beyond: Beyond::Clip,
                    minus_infinity: least.then_some(range.0 - 1_000.0),
                };
                (b'f', number)
            },
        )
    }

    proptest! {
        /// What a device says comes back to it as the very bytes that it said, at each of its
        /// steps.
        #[test]
        fn every_step_of_every_curve_comes_back((tag, number) in travels(), at in 0u32..1_024) {
            let steps = number.steps.expect("each has steps");
            let (low, high) = number.gateway;
            let conversion = Conversion { device: tag, gateway: b'f', kind: Kind::Number(number) };
            // A value of the gateway anywhere becomes one of the device's steps.
            let position = f64::from(at % steps) / f64::from(steps - 1);
            let first = ArgumentView::Float((low + position * (high - low)) as f32);
            let (said, _) = conversion.to_device(first).expect("it is a number");
            let (meant, _) = conversion.to_gateway(said).expect("its own");
            let (again, clipped) = conversion.to_device(meant).expect("its own");
            prop_assert_eq!(said, again);
            prop_assert!(!clipped);
            prop_assert_eq!(conversion.step(meant), conversion.step(first));
        }

        /// Whatever a device or a client says, the answer is a number within its range, or none.
        #[test]
        fn nothing_leaves_its_range((tag, number) in travels(), bits in any::<u32>()) {
            let (range, gateway, least) = (number.range, number.gateway, number.minus_infinity);
            let conversion = Conversion { device: tag, gateway: b'f', kind: Kind::Number(number) };
            let value = ArgumentView::Float(f32::from_bits(bits));
            if let Ok((found, _)) = conversion.to_gateway(value) {
                let found = read_number(found).expect("a number");
                prop_assert!((gateway.0..=gateway.1).contains(&found), "{}", found);
            }
            if let Ok((found, _)) = conversion.to_device(value) {
                let found = read_number(found).expect("a number");
                let (low, high) = (range.0 as f32, range.1 as f32);
                let within = (f64::from(low)..=f64::from(high)).contains(&found);
                prop_assert!(within || least == Some(found), "{}", found);
            }
        }
    }

    #[test]
    fn switches_read_words_numbers_and_flags() {
        let switch = Switch {
            threshold: 0.5,
            ..Switch::default()
        };
        for (value, on) in [
            (ArgumentView::Int(1), true),
            (ArgumentView::Float(0.5), true),
            (ArgumentView::Float(0.4), false),
            (ArgumentView::True, true),
            (ArgumentView::String(b"Off"), false),
            (ArgumentView::String(b"1"), true),
            (ArgumentView::Int(-1), false),
        ] {
            assert_eq!(switch.read(value), Ok(on), "{value:?}");
        }
        assert_eq!(switch.read(ArgumentView::Blob(b"")), Err(Unfit::Type));
        assert_eq!(
            switch.read(ArgumentView::Float(f32::NAN)),
            Err(Unfit::Range)
        );
    }
}
