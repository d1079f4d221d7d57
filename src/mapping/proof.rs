//! The promise of a line that goes both ways: what a device says comes back to it the same.

use super::compile::Conflict;
use super::convert::{Conversion, Kind, Number};
use super::line::{Direction, Line, Literal, Role};

/// Positions that are tried where a device does not say how many it knows.
const TRIED: u32 = 101;

/// Positions that are tried of a device that knows very many.
const TRIED_MAX: u32 = 4_096;

/// Tries each line that goes both ways with values of its device.
pub(super) fn check(lines: &[Line]) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Role::Map(map) = &line.role else { continue };
        if map.direction != Direction::Both || map.event.is_some() || map.relative.is_some() {
            continue;
        }
        let broken = map.conversions.iter().find_map(first_that_differs);
        if let Some((said, meant, back)) = broken {
            conflicts.push(Conflict {
                line: at,
                key: "gateway_args",
                message: format!("the device's {said} becomes {meant} and comes back as {back}"),
                cure: "give `gateway_args` a type that holds it (\"f\"), give the device's \
                       `steps`, or write direction = \"in\" or \"out\""
                    .to_owned(),
            });
        }
    }
    conflicts
}

/// The first value of the device that does not come back as it was.
fn first_that_differs(conversion: &Conversion) -> Option<(String, String, String)> {
    let samples = samples(conversion);
    samples.iter().find_map(|sample| {
        let said = sample.view();
        let nothing = || "nothing".to_owned();
        let Ok((meant, _)) = conversion.to_gateway(said) else {
            return Some((shown(said), nothing(), nothing()));
        };
        let back = conversion.to_device(meant).ok().map(|(back, _)| back);
        let same = back.is_some_and(|back| is_same(conversion, said, back));
        (!same).then(|| {
            let back = back.map_or_else(nothing, shown);
            (shown(said), shown(meant), back)
        })
    })
}

fn is_same(
    conversion: &Conversion,
    said: crate::osc::ArgumentView<'_>,
    back: crate::osc::ArgumentView<'_>,
) -> bool {
    if said == back {
        return true;
    }
    let (Some(a), Some(b)) = (
        super::convert::read_number(said),
        super::convert::read_number(back),
    ) else {
        return false;
    };
    // A sample is an int or a float where the device has one of 64 bits.
    a == b
        || match &conversion.kind {
            // Through a curve a float comes back within what its 32 bits hold.
            Kind::Number(number)
                if number.steps.is_none() && matches!(conversion.device, b'f' | b'd') =>
            {
                (a - b).abs() <= 1e-4 * (number.range.1 - number.range.0).abs()
            }
            Kind::Plain | Kind::Number(_) | Kind::Switch(_) | Kind::Names(_) => false,
        }
}

fn shown(value: crate::osc::ArgumentView<'_>) -> String {
    use crate::osc::ArgumentView;
    match value {
        ArgumentView::Int(number) => number.to_string(),
        ArgumentView::Float(number) => format!("{number:?}"),
        ArgumentView::Long(number) => number.to_string(),
        ArgumentView::Double(number) => format!("{number:?}"),
        ArgumentView::True => "true".to_owned(),
        ArgumentView::False => "false".to_owned(),
        ArgumentView::String(text) => format!("\"{}\"", String::from_utf8_lossy(text)),
        ArgumentView::Blob(_)
        | ArgumentView::Time(_)
        | ArgumentView::Symbol(_)
        | ArgumentView::Char(_)
        | ArgumentView::Color(_)
        | ArgumentView::Midi(_)
        | ArgumentView::Nil
        | ArgumentView::Infinitum
        | ArgumentView::ArrayBegin
        | ArgumentView::ArrayEnd => format!("{value:?}"),
    }
}

/// Values that the device may send.
fn samples(conversion: &Conversion) -> Vec<Literal> {
    let number = |value: f64| match conversion.device {
        b'i' | b'h' => Literal::Int(value.round() as i32),
        b'T' => Literal::Flag(value > 0.0),
        _ => Literal::Float(value as f32),
    };
    match &conversion.kind {
        Kind::Plain => match conversion.device {
            b'i' | b'h' => [-1_000, -1, 0, 1, 127, 1_000].map(Literal::Int).to_vec(),
            b'f' | b'd' => [-1.5, 0.0, 0.25, 0.3, 1.0].map(Literal::Float).to_vec(),
            b'T' => vec![Literal::Flag(false), Literal::Flag(true)],
            // A text may be read as a number, but no number is written as a text.
            b's' if conversion.gateway != b's' => vec![Literal::Text("1".to_owned())],
            _ => Vec::new(),
        },
        Kind::Switch(switch) => vec![number(switch.off), number(switch.on)],
        Kind::Names(names) => names
            .iter()
            .map(|(name, number)| match conversion.device {
                b's' => Literal::Text(name.clone()),
                _ => Literal::Int(*number),
            })
            .collect(),
        Kind::Number(travel) => positions(travel).into_iter().map(number).collect(),
    }
}

/// Numbers along a travel, as the device would send them.
fn positions(travel: &Number) -> Vec<f64> {
    let steps = travel.steps.unwrap_or(TRIED).max(2);
    let tried = steps.min(TRIED_MAX);
    (0..tried)
        .map(|n| {
            let step = u64::from(n) * u64::from(steps - 1) / u64::from(tried - 1);
            let position = step as f64 / f64::from(steps - 1);
            if position <= 0.0
                && let Some(least) = travel.minus_infinity
            {
                return least;
            }
            let real = (travel.range.0 / travel.scale, travel.range.1 / travel.scale);
            let found = travel.curve.number(position, real) * travel.scale;
            found.clamp(travel.range.0, travel.range.1)
        })
        .collect()
}
