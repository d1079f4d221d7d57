//! Address rules drawn at random.

use std::time::Duration;

use oscgate::config::{AddressRule, EventRule, LockRule, Outside, ParameterAccess};

use crate::chance::Chance;

/// What rules are for: one address or many of those in `stage.rs`.
const PATTERNS: [&str; 16] = [
    "/mix/1/fader",
    "/mix/*/fader",
    "/mix/?/*",
    "//fader",
    "/mix/{1,2}/mute",
    "/mix",
    "/cue/go",
    "/cue/press",
    "/cue/*",
    "/meter/*",
    "/desk/name",
    "/light/*",
    "/scene",
    "/[a-l]*",
    "/an*",
    "//*",
];

/// Some rules.
pub(crate) fn draw(chance: &mut Chance) -> Vec<AddressRule> {
    (0..chance.below(8)).map(|_| rule(chance)).collect()
}

/// Edits one rule, or adds one, or takes one away.
pub(crate) fn alter(chance: &mut Chance, rules: &mut Vec<AddressRule>) {
    if rules.is_empty() || chance.once_in(5) {
        let at = chance.index(rules.len() + 1);
        rules.insert(at, rule(chance));
        return;
    }
    let n = chance.index(rules.len());
    match chance.below(6) {
        0 => {
            rules.remove(n);
        }
        1 => rules[n].lock = LockRule::Never,
        2 => rules[n].lock = lock(chance),
        3 => rules[n].rate = rate(chance),
        4 => rules[n].lock_timeout = Some(Duration::from_secs(chance.between(1, 5))),
        _ => {
            let pattern = std::mem::take(&mut rules[n].pattern);
            rules[n] = AddressRule {
                pattern,
                ..rule(chance)
            };
        }
    }
}

fn rule(chance: &mut Chance) -> AddressRule {
    let pattern = chance.pick(&PATTERNS);
    let (args, range) = shape(chance);
    let pressed = pattern == "/cue/press" && chance.thousandth(800);
    AddressRule {
        line: 1,
        pattern: pattern.to_owned(),
        args: args.map(str::to_owned),
        range,
        outside: if chance.thousandth(500) {
            Outside::Clip
        } else {
            Outside::Refuse
        },
        lock: lock(chance),
        lock_timeout: chance
            .thousandth(300)
            .then(|| Duration::from_millis(chance.pick(&[300, 1_000, 4_000, 20_000]))),
        hold: Duration::from_millis(chance.pick(&[100, 1_000, 1_000, 3_000])),
        event: match chance.below(16) {
            _ if pressed => EventRule::Press,
            0 => EventRule::Press,
            1 => EventRule::Yes,
            _ => EventRule::No,
        },
        access: if chance.thousandth(80) {
            ParameterAccess::ReadOnly
        } else {
            ParameterAccess::ReadWrite
        },
        rate: rate(chance),
        description: None,
        unit: None,
    }
}

/// Type tags and a range that a file may have together.
fn shape(chance: &mut Chance) -> (Option<&'static str>, Option<(f64, f64)>) {
    let args = match chance.below(3) {
        0 => Some(chance.pick(&["f", "i", "s", "T", "ff", "d", "h", "if", "F"])),
        _ => None,
    };
    // A range is for numbers: a file that says otherwise is refused.
    let numbers = args.is_none_or(|args: &str| args.contains(['i', 'f', 'h', 'd']));
    let range = (numbers && chance.thousandth(300)).then(|| {
        chance.pick(&[
            (0.0, 1.0),
            (0.0, 1.0),
            (-10.0, 10.0),
            (0.2, 0.8),
            (2.0, 2.0),
        ])
    });
    (args, range)
}

fn lock(chance: &mut Chance) -> LockRule {
    chance.weighted(&[
        (5, LockRule::Explicit),
        (3, LockRule::Write),
        (2, LockRule::Required),
        (1, LockRule::Never),
    ])
}

fn rate(chance: &mut Chance) -> Option<u32> {
    chance
        .thousandth(250)
        .then(|| chance.pick(&[1, 2, 10, 20, 1_000]))
}
