//! What an address rule does to arguments: types, ranges, which edge of a button counts.

use super::codes;
use oscgate::config::{AddressRule, Outside};
use oscgate::osc::{ArgumentView, Arguments, append_tail};

/// A number, whatever type it had.
#[derive(Clone, Copy)]
enum Number {
    Whole(i128),
    Real(f64),
}

/// The tail as the rule lets it be, or why it does not let it be.
pub(super) fn convert(rule: &AddressRule, tail: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut arguments: Vec<ArgumentView<'_>> = Arguments::of_tail(tail).collect();
    if let Some(tags) = &rule.args {
        if tags.len() != arguments.len() {
            return Err(codes::BAD_ARGUMENTS);
        }
        for (argument, tag) in arguments.iter_mut().zip(tags.bytes()) {
            *argument = typed(*argument, tag).ok_or(codes::BAD_ARGUMENTS)?;
        }
    }
    if let Some((least, greatest)) = rule.range {
        for argument in &mut arguments {
            if let Some(number) = number(argument) {
                *argument = ranged(*argument, number, least, greatest, rule.outside)
                    .ok_or(codes::OUT_OF_RANGE)?;
            }
        }
    }
    let mut converted = Vec::new();
    append_tail(&mut converted, arguments.into_iter());
    Ok(converted)
}

/// Whether these arguments are the pressing edge of a button.
pub(super) fn is_press(tail: &[u8]) -> bool {
    match Arguments::of_tail(tail).next() {
        Some(ArgumentView::False) => false,
        Some(argument) => match number(&argument) {
            Some(Number::Whole(value)) => value != 0,
            Some(Number::Real(value)) => value != 0.0,
            None => true,
        },
        None => true,
    }
}

fn number(argument: &ArgumentView<'_>) -> Option<Number> {
    if let ArgumentView::Int(value) = argument {
        return Some(Number::Whole(i128::from(*value)));
    }
    if let ArgumentView::Long(value) = argument {
        return Some(Number::Whole(i128::from(*value)));
    }
    if let ArgumentView::Float(value) = argument {
        return Some(Number::Real(f64::from(*value)));
    }
    if let ArgumentView::Double(value) = argument {
        return Some(Number::Real(*value));
    }
    None
}

/// The argument as this type, if nothing is lost by that.
fn typed(argument: ArgumentView<'_>, tag: u8) -> Option<ArgumentView<'_>> {
    let own = argument.tag();
    if own == tag || (matches!(own, b'T' | b'F') && matches!(tag, b'T' | b'F')) {
        return Some(argument);
    }
    let number = number(&argument)?;
    let whole = match number {
        Number::Whole(value) => Some(value),
        Number::Real(value) => (value.fract() == 0.0).then_some(value as i128),
    };
    match tag {
        b'i' => Some(ArgumentView::Int(i32::try_from(whole?).ok()?)),
        b'h' => Some(ArgumentView::Long(i64::try_from(whole?).ok()?)),
        b'f' => match number {
            Number::Whole(value) => {
                let real = value as f32;
                (real as i128 == value).then_some(ArgumentView::Float(real))
            }
            Number::Real(value) => {
                let real = value as f32;
                let exact = value.is_nan() || f64::from(real) == value;
                exact.then_some(ArgumentView::Float(real))
            }
        },
        b'd' => match number {
            Number::Whole(value) => {
                let real = value as f64;
                (real as i128 == value).then_some(ArgumentView::Double(real))
            }
            Number::Real(value) => Some(ArgumentView::Double(value)),
        },
        _ => None,
    }
}

/// The argument inside the range; `None` if it cannot or must not be brought there.
fn ranged(
    argument: ArgumentView<'_>,
    number: Number,
    least: f64,
    greatest: f64,
    outside: Outside,
) -> Option<ArgumentView<'_>> {
    let (below, above) = match number {
        Number::Whole(value) => (
            value < least.ceil() as i128,
            value > greatest.floor() as i128,
        ),
        Number::Real(value) if value.is_nan() => return None,
        Number::Real(value) => (value < least, value > greatest),
    };
    if !below && !above {
        return Some(argument);
    }
    if outside == Outside::Refuse {
        return None;
    }
    if let Number::Whole(_) = number {
        let (low, high) = (least.ceil(), greatest.floor());
        if low > high {
            return None;
        }
        let bound = if below { low } else { high } as i128;
        return if argument.tag() == b'i' {
            Some(ArgumentView::Int(i32::try_from(bound).ok()?))
        } else {
            Some(ArgumentView::Long(i64::try_from(bound).ok()?))
        };
    }
    let bound = if below { least } else { greatest };
    if argument.tag() == b'd' {
        return Some(ArgumentView::Double(bound));
    }
    let mut nearest = bound as f32;
    if below && f64::from(nearest) < least {
        nearest = nearest.next_up();
    }
    if above && f64::from(nearest) > greatest {
        nearest = nearest.next_down();
    }
    Some(ArgumentView::Float(nearest))
}
