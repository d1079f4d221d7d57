//! How far a control has travelled: a device's number as a position from 0 to 1, and back.

/// The law by which a device's numbers lie along its travel.
#[derive(Clone, Debug, PartialEq)]
pub enum Curve {
    /// Evenly.
    Linear,
    /// Decibels along a fader, in four straight pieces: 0 is minus infinity, 0.0625 is -60 dB, 0.25
    /// is -30 dB, 0.5 is -10 dB, 0.75 is 0 dB, 1 is +10 dB (Behringer X32, Maillot's "Unofficial
    /// X32 OSC Remote Protocol", fader level formula).
    Fader,
    /// By equal factors: frequencies, Q, times (the X32's `logf`).
    Log,
    /// In straight pieces between these pairs of number and position, both rising.
    Points(Vec<(f64, f64)>),
}

/// Decibels and position at the ends of the pieces of [`Curve::Fader`].
const FADER: [(f64, f64); 5] = [
    (-90.0, 0.0),
    (-60.0, 0.0625),
    (-30.0, 0.25),
    (-10.0, 0.5),
    (10.0, 1.0),
];

impl Curve {
    /// The position of a number; below 0 or above 1 where it lies outside of the range.
    #[must_use]
    pub fn position(&self, number: f64, (low, high): (f64, f64)) -> f64 {
        match self {
            Self::Linear => (number - low) / (high - low),
            Self::Fader => along(&FADER, number, Side::Number),
            Self::Log if number <= 0.0 => -1.0,
            Self::Log => (number / low).ln() / (high / low).ln(),
            Self::Points(points) => along(points, number, Side::Number),
        }
    }

    /// The number at a position from 0 to 1.
    #[must_use]
    pub fn number(&self, position: f64, (low, high): (f64, f64)) -> f64 {
        match self {
            // Exact at both ends.
            Self::Linear if position >= 1.0 => high,
            Self::Linear => low + position * (high - low),
            Self::Fader => along(&FADER, position, Side::Position),
            Self::Log if position >= 1.0 => high,
            Self::Log => low * (high / low).powf(position),
            Self::Points(points) => along(points, position, Side::Position),
        }
    }
}

#[derive(Clone, Copy)]
enum Side {
    Number,
    Position,
}

/// Goes along the pieces from one side to the other; the outermost pieces go on.
fn along(points: &[(f64, f64)], at: f64, side: Side) -> f64 {
    let pair = |(number, position): (f64, f64)| match side {
        Side::Number => (number, position),
        Side::Position => (position, number),
    };
    let piece = points
        .windows(2)
        .find(|piece| at <= pair(piece[1]).0)
        .unwrap_or(&points[points.len() - 2..]);
    let ((x0, y0), (x1, y1)) = (pair(piece[0]), pair(piece[1]));
    if at == x1 {
        return y1;
    }
    y0 + (at - x0) * ((y1 - y0) / (x1 - x0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_fader_law_has_the_points_of_its_manual() {
        for (db, position) in [
            (-90.0, 0.0),
            (-60.0, 0.0625),
            (-30.0, 0.25),
            (-10.0, 0.5),
            (0.0, 0.75),
            (3.0, 0.825),
            (10.0, 1.0),
        ] {
            assert!((Curve::Fader.position(db, (-90.0, 10.0)) - position).abs() < 1e-12);
            assert!((Curve::Fader.number(position, (-90.0, 10.0)) - db).abs() < 1e-12);
        }
    }

    #[test]
    fn the_ends_are_exact() {
        for (curve, range) in [
            (Curve::Linear, (0.1, 0.7)),
            (Curve::Log, (20.0, 20_000.0)),
            (Curve::Fader, (-90.0, 10.0)),
            (
                Curve::Points(vec![(-120.0, 0.0), (-40.0, 0.1), (12.0, 1.0)]),
                (-120.0, 12.0),
            ),
        ] {
            assert_eq!(curve.number(0.0, range), range.0, "{curve:?}");
            assert_eq!(curve.number(1.0, range), range.1, "{curve:?}");
        }
    }

    proptest! {
        #[test]
        fn every_position_comes_back(position in 0.0..=1.0_f64, which in 0..4_usize) {
            let (curve, range) = [
                (Curve::Linear, (-1000.0, 1000.0)),
                (Curve::Fader, (-90.0, 10.0)),
                (Curve::Log, (20.0, 20_000.0)),
                (Curve::Points(vec![(0.0, 0.0), (3.0, 0.5), (100.0, 1.0)]), (0.0, 100.0)),
            ][which].clone();
            let back = curve.position(curve.number(position, range), range);
            prop_assert!((back - position).abs() < 1e-9);
        }
    }
}
