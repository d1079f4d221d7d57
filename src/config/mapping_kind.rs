//! What is done to each value of a `[[map]]`: range, curve, switch, names.

use super::fault::quoted;
use super::mapping_values::{counted, names, number, points, real};
use super::walk::{Section, Walk};
use crate::mapping::{Beyond, Conversion, Curve, Kind, Number, Switch};

/// Keys that make a value a number along a travel.
const OF_NUMBERS: [&str; 8] = [
    "range",
    "ranges",
    "gateway_range",
    "curve",
    "points",
    "scale",
    "minus_infinity",
    "steps",
];

/// Keys that make a value a switch.
const OF_SWITCHES: [&str; 3] = ["threshold", "on", "off"];

/// A range of whole numbers that is not larger has a step for each.
const WHOLE_STEPS_MAX: f64 = 65_535.0;

/// A logarithm of zero, or of less, is no number.
const LOG_BELOW: &str = "a range of curve = \"log\" lies above zero";

/// What to write instead.
const LOG_CURE: &str = "write it like [20.0, 20000.0]";

/// The least and the greatest number.
type Travel = (f64, f64);

/// Which keys a line has that say something of its values, one of each kind.
struct Said {
    of_numbers: Option<&'static str>,
    of_switches: Option<&'static str>,
    names: Option<&'static str>,
    invert: Option<&'static str>,
}

/// `None`: a key goes with no other that is there, or with no value.
fn fitting(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    device: &[u8],
    gateway: Option<&[u8]>,
    said: &Said,
) -> Option<()> {
    let any = said
        .of_numbers
        .or(said.of_switches)
        .or(said.names)
        .or(said.invert);
    let pairs = [
        (said.of_numbers, said.of_switches.or(said.names)),
        (said.of_switches, said.names),
        (said.invert, said.names),
    ];
    let clash = pairs.into_iter().find_map(|(one, other)| one.zip(other));
    let has_numbers = (0..device.len()).any(|at| {
        let is_flag = gateway.is_some_and(|gateway| gateway[at] == b'T');
        matches!(device[at], b'i' | b'f' | b'h' | b'd') && !is_flag
    });
    let has_flags = device.iter().any(|tag| *tag != b'b' && *tag != b's');
    let (key, message, cure) = if let Some((key, other)) = clash {
        let message = format!("`{key}` and `{other}` do not go together");
        let cure = "a value is a number with a range, or a switch, or one of `names`";
        (key, message, cure)
    } else if let (true, Some(key)) = (device.is_empty(), any) {
        if walk.text.has_lost_lines(section.header.start) {
            // Its `args` may be what could not be read.
            return None;
        }
        let message = format!("`{key}` is for values, and this line has none");
        (key, message, "write their types: args = \"f\"")
    } else if let (false, Some(key)) = (has_numbers, said.of_numbers) {
        let message = format!("`{key}` is for numbers, and this line has none");
        (
            key,
            message,
            "write `args` with \"f\" or \"i\"; numbers in texts are read, too",
        )
    } else if let (false, Some(key)) = (has_flags, said.invert.or(said.of_switches)) {
        let message = format!("`{key}` is for numbers and switches, and this line has none");
        (key, message, "write `args` with \"i\", \"f\" or \"T\"")
    } else {
        return changing(walk, section, device, gateway, said);
    };
    let value = section.value(key)?;
    walk.fault(&value.span(), key, message, Some(cure.to_owned()));
    None
}

/// `None`: there is nothing in the gateway's type that a value of the device could become.
fn changing(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    device: &[u8],
    gateway: Option<&[u8]>,
    said: &Said,
) -> Option<()> {
    let Some(gateway) = gateway else {
        return Some(());
    };
    let mut pairs = device.iter().zip(gateway);
    let lost = pairs.find(|&(&from, &to)| {
        (from == b'b') != (to == b'b') || (to == b's' && from != b's' && said.names.is_none())
    });
    let Some((&from, &to)) = lost else {
        return Some(());
    };
    let message = format!(
        "\"{}\" does not become \"{}\"",
        char::from(from),
        char::from(to)
    );
    let cure = "a number is given a text by `names`; a blob stays a blob";
    let value = section.value("gateway_args")?;
    walk.fault(
        &value.span(),
        "gateway_args",
        message,
        Some(cure.to_owned()),
    );
    None
}

/// One conversion for each value, by its device tag.
pub(super) fn kinds(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    device: &[u8],
    gateway: Option<Vec<u8>>,
) -> Option<Vec<Conversion>> {
    let gateway = gateway_tags(walk, section, device, gateway)?;
    let has = |key: &&str| section.value(key).is_some();
    let of_numbers = OF_NUMBERS.iter().find(|key| has(key)).copied();
    let of_switches = OF_SWITCHES.iter().find(|key| has(key)).copied();
    let named = names(walk, section);
    let switch = walk.flag(section, "switch").unwrap_or(false);
    let invert = walk.flag(section, "invert").unwrap_or(false);
    let said = Said {
        of_numbers,
        of_switches: of_switches.or(switch.then_some("switch")),
        names: named.is_some().then_some("names"),
        invert: invert.then_some("invert"),
    };
    fitting(walk, section, device, gateway.as_deref(), &said)?;
    let mut conversions = Vec::new();
    for (at, &tag) in device.iter().enumerate() {
        let said = gateway.as_ref().map(|tags| tags[at]);
        let is_text = matches!(tag, b's' | b'b');
        let is_switch = switch
            || of_switches.is_some()
            || tag == b'T'
            || said == Some(b'T')
            || (invert && matches!(tag, b'i' | b'h') && of_numbers.is_none());
        let kind = if let Some(named) = &named {
            Kind::Names(named.clone())
        } else if is_switch {
            Kind::Switch(switch_of(walk, section, invert))
        } else if !is_text && (of_numbers.is_some() || invert) {
            Kind::Number(number_of(walk, section, tag, invert)?)
        } else {
            Kind::Plain
        };
        let gateway = said.unwrap_or(match (&kind, tag) {
            (Kind::Plain, tag) => tag,
            (Kind::Number(_), _) => b'f',
            (Kind::Switch(_) | Kind::Names(_), _) => b'i',
        });
        conversions.push(Conversion {
            device: tag,
            gateway,
            kind,
        });
    }
    Some(conversions)
}

/// `gateway_args` have as many tags as `args` have values.
fn gateway_tags(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    device: &[u8],
    gateway: Option<Vec<u8>>,
) -> Option<Option<Vec<u8>>> {
    let Some(value) = section.value("gateway_args") else {
        return Some(None);
    };
    let gateway = gateway?;
    if gateway.len() != device.len() {
        if walk.text.has_lost_lines(section.header.start) {
            return None;
        }
        let message = format!(
            "{} in `gateway_args`, and {} in `args`",
            counted(gateway.len(), "type"),
            counted(device.len(), "value")
        );
        let cure = "write as many here as there".to_owned();
        walk.fault(&value.span(), "gateway_args", message, Some(cure));
        return None;
    }
    Some(Some(gateway))
}

fn switch_of(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>, invert: bool) -> Switch {
    let plain = Switch::default();
    let threshold = real(walk, section, "threshold").unwrap_or(plain.threshold);
    let on = real(walk, section, "on").unwrap_or(plain.on);
    let off = real(walk, section, "off").unwrap_or(plain.off);
    let is_on = |number: f64| number > 0.0 && number >= threshold;
    let cure = "on is a number above zero and not below `threshold`, off is any other; a switch that \
                is turned over has `invert = true`";
    for (key, number, wrong) in [("on", on, !is_on(on)), ("off", off, is_on(off))] {
        if let (true, Some(value)) = (wrong, section.value(key).or(section.value("threshold"))) {
            let read = if key == "on" { "off" } else { "on" };
            let message = format!("{number} is read back as {read}");
            walk.fault(&value.span(), key, message, Some(cure.to_owned()));
        }
    }
    Switch {
        invert,
        threshold,
        on,
        off,
    }
}

fn number_of(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    tag: u8,
    invert: bool,
) -> Option<Number> {
    let curve = curve_of(walk, section);
    let scale = real(walk, section, "scale").unwrap_or(1.0);
    if let (true, Some(value)) = (scale <= 0.0, section.value("scale")) {
        let message = "`scale` is above zero";
        walk.fault(
            &value.span(),
            "scale",
            message,
            Some("write it like 100".into()),
        );
        return None;
    }
    let ranges = ranges(walk, section, &curve)?;
    let steps = walk.integer(section, "steps", 2, 1 << 24);
    let steps = steps.and_then(|steps| u32::try_from(steps).ok());
    let range = device_range(walk, section, (tag, &curve, scale), (&ranges, steps))?;
    let whole = matches!(tag, b'i' | b'h');
    let gateway = walk.range(section, "gateway_range").unwrap_or((0.0, 1.0));
    if let (true, Some(value)) = (gateway.0 >= gateway.1, section.value("gateway_range")) {
        let message = "a range has two different numbers";
        walk.fault(
            &value.span(),
            "gateway_range",
            message,
            Some("write [0.0, 1.0]".into()),
        );
        return None;
    }
    let words = [("clip", Beyond::Clip), ("refuse", Beyond::Refuse)];
    let beyond = walk
        .word(section, "outside", "word for `outside`", &words)
        .unwrap_or_default();
    let width = range.1 - range.0;
    let each = whole && curve == Curve::Linear && width <= WHOLE_STEPS_MAX && width.fract() == 0.0;
    Some(Number {
        curve,
        scale,
        range,
        ranges,
        gateway,
        steps: steps.or(each.then_some((width as u32).saturating_add(1))),
        invert,
        beyond,
        minus_infinity: real(walk, section, "minus_infinity"),
    })
}

/// `curve` or `points`: how the device's numbers lie.
fn curve_of(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) -> Curve {
    let curves = [
        ("linear", Curve::Linear),
        ("fader", Curve::Fader),
        ("log", Curve::Log),
    ];
    let names = curves.each_ref().map(|(name, _)| (*name, *name));
    let word = walk.word(section, "curve", "curve", &names);
    let curve = word.and_then(|word| curves.into_iter().find(|(name, _)| *name == word));
    let curve = curve.map(|(_, curve)| curve);
    let points = points(walk, section);
    if let (Some(_), Some(_), Some(value)) = (&curve, &points, section.value("points")) {
        let message = "`curve` and `points` both say how the numbers lie";
        walk.fault(
            &value.span(),
            "points",
            message,
            Some("take one of them out".into()),
        );
    }
    points.or(curve).unwrap_or(Curve::Linear)
}

/// `range`, or what stands for it where it is not written.
fn device_range(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    (tag, curve, scale): (u8, &Curve, f64),
    (ranges, steps): (&[(u8, Travel)], Option<u32>),
) -> Option<(f64, f64)> {
    let own = walk.range(section, "range");
    if own.is_none() && section.value("range").is_some() {
        return None;
    }
    let whole = matches!(tag, b'i' | b'h');
    let range = match (own, curve) {
        (Some(range), _) => range,
        (None, _) if ranges.iter().any(|(of, _)| *of == tag) => {
            ranges.iter().find(|(of, _)| *of == tag)?.1
        }
        (None, Curve::Fader) => (-90.0 * scale, 10.0 * scale),
        (None, Curve::Points(points)) => (points[0].0 * scale, points[points.len() - 1].0 * scale),
        (None, Curve::Linear) if !whole => (0.0, 1.0),
        (None, Curve::Linear) if steps.is_some() => (0.0, f64::from(steps? - 1)),
        (None, Curve::Linear | Curve::Log) => {
            let message = "the range of the device's numbers is missing";
            let sample = if *curve == Curve::Log {
                "[20.0, 20000.0]"
            } else {
                "[0, 127]"
            };
            let cure = format!("add a line like `range = {sample}`");
            walk.fault(&section.header.clone(), "range", message, Some(cure));
            return None;
        }
    };
    let flat = range.0 >= range.1;
    let below = *curve == Curve::Log && range.0 <= 0.0;
    if let (true, Some(value)) = (flat || below, section.value("range")) {
        let (message, cure) = if flat {
            (
                "a range has two different numbers",
                "write it like [0, 127]",
            )
        } else {
            (LOG_BELOW, LOG_CURE)
        };
        walk.fault(&value.span(), "range", message, Some(cure.to_owned()));
        return None;
    }
    Some(range)
}

/// `ranges`: a range for each type that the device may send.
fn ranges(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    curve: &Curve,
) -> Option<Vec<(u8, Travel)>> {
    let Some(value) = section.value("ranges") else {
        return Some(Vec::new());
    };
    let fixed = match curve {
        Curve::Fader => Some("curve = \"fader\""),
        Curve::Points(_) => Some("`points`"),
        Curve::Linear | Curve::Log => None,
    };
    if let Some(fixed) = fixed {
        let message = format!("{fixed} and `ranges` both say where each number lies");
        let cure = "take one of them out".to_owned();
        walk.fault(&value.span(), "ranges", message, Some(cure));
        return None;
    }
    let Some(table) = value.get_ref().as_table().filter(|table| !table.is_empty()) else {
        let message = "`ranges` names a range for each type that comes in";
        let cure = "write it like { i = [0, 100], f = [0.0, 1.0] }".to_owned();
        walk.fault(&value.span(), "ranges", message, Some(cure));
        return None;
    };
    let mut found = Vec::new();
    for (key, item) in table {
        let pair = item.get_ref().as_array().map(|pair| &pair[..]);
        let pair = match pair {
            Some([low, high]) => number(low).zip(number(high)),
            Some(_) | None => None,
        };
        let (span, message, cure) = match (key.get_ref().as_bytes(), pair) {
            ([b'i' | b'f' | b'h' | b'd'], Some((low, high)))
                if low < high && low <= 0.0 && *curve == Curve::Log =>
            {
                (item.span(), LOG_BELOW.to_owned(), LOG_CURE)
            }
            ([tag @ (b'i' | b'f' | b'h' | b'd')], Some((low, high))) if low < high => {
                found.push((*tag, (low, high)));
                continue;
            }
            ([b'i' | b'f' | b'h' | b'd'], _) => (
                item.span(),
                "a range is the least and the greatest number".to_owned(),
                "write it like [0, 100]",
            ),
            _ => (
                key.span(),
                format!("{} is no type of numbers", quoted(key.get_ref())),
                "write i, f, h or d",
            ),
        };
        walk.fault(&span, "ranges", message, Some(cure.to_owned()));
    }
    (found.len() == table.len()).then_some(found)
}
