//! The texts, lists and numbers inside a mapping file.

use toml::Spanned;
use toml::de::DeValue;

use super::fault::quoted;
use super::values::Trouble;
use super::walk::{Read, Section, Walk, either};
use crate::mapping::{
    Captures, Curve, LINE_VALUES_MAX, Literal, Piece, RawTemplate, Say, Slot, TemplateError, Values,
};
use crate::osc::check_address;

/// What the arguments of a device are, as they are written.
pub(super) struct Arguments {
    /// Each argument, its captures not yet resolved.
    pub(super) slots: Vec<RawSlot>,
    /// The tags of the values among them.
    pub(super) tags: Vec<u8>,
}

/// One argument as it is written.
pub(super) enum RawSlot {
    Value(usize),
    Capture(String),
    Literal(Literal),
    Rest,
}

impl Arguments {
    /// The slots with their captures resolved; `Err`: a capture nobody declares.
    pub(super) fn resolve(&self, captures: &Captures) -> Result<Vec<Slot>, String> {
        self.slots
            .iter()
            .map(|slot| match slot {
                RawSlot::Value(at) => Ok(Slot::Value(*at)),
                RawSlot::Literal(literal) => Ok(Slot::Literal(literal.clone())),
                RawSlot::Rest => Ok(Slot::Rest),
                RawSlot::Capture(name) => captures
                    .find(name)
                    .map(Slot::Capture)
                    .ok_or_else(|| name.clone()),
            })
            .collect()
    }
}

/// `args`: type tags in one text, or a list of tags, captures and what is always the same.
/// What captures declare of themselves there is added to `captures`.
pub(super) fn arguments(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    captures: &mut Captures,
) -> Option<Arguments> {
    let value = section.value("args")?;
    let mut found = Arguments {
        slots: Vec::new(),
        tags: Vec::new(),
    };
    if let Some(text) = value.get_ref().as_str() {
        let tags = walk.text(section, "args", |_| tags(text))?;
        for tag in tags {
            found.slots.push(RawSlot::Value(found.tags.len()));
            found.tags.push(tag);
        }
    } else if let Some(items) = value.get_ref().as_array() {
        let before = walk.faults.len();
        for item in items {
            argument(walk, item, &mut found, captures);
        }
        if walk.faults.len() > before {
            return None;
        }
    } else {
        let message = "`args` is a text of type tags, or a list";
        let cure = "write it like \"f\" or [\"{n:1..8}\", \"f\"]".to_owned();
        walk.fault(&value.span(), "args", message, Some(cure));
        return None;
    }
    if found.slots.len() > LINE_VALUES_MAX {
        let message = format!("a line has at most {LINE_VALUES_MAX} arguments");
        let cure = "without `args` all pass as they are; \"*\" stands for those that follow";
        walk.fault(&value.span(), "args", message, Some(cure.to_owned()));
        return None;
    }
    Some(found)
}

fn argument(
    walk: &mut Walk<'_, '_>,
    item: &Spanned<DeValue<'_>>,
    found: &mut Arguments,
    captures: &mut Captures,
) {
    match number_literal(item) {
        Some(Ok(literal)) => return found.slots.push(RawSlot::Literal(literal)),
        Some(Err(wrong)) => return walk.fault(&item.span(), "args", wrong.message, wrong.cure),
        None => {}
    }
    let trouble = |message: String| {
        Trouble::new(
            message,
            "write a type tag (\"f\"), a capture (\"{n}\"), a number, a text in two kinds of \
             quotes (\"'go'\"), or \"*\" for whatever follows",
        )
    };
    let Some(text) = item.get_ref().as_str() else {
        let wrong = trouble("this is no argument".to_owned());
        return walk.fault(&item.span(), "args", wrong.message, wrong.cure);
    };
    if text == "*" {
        return found.slots.push(RawSlot::Rest);
    }
    if let Some(text) = text
        .strip_prefix('\'')
        .and_then(|text| text.strip_suffix('\''))
    {
        return found
            .slots
            .push(RawSlot::Literal(Literal::Text(text.to_owned())));
    }
    if text.starts_with('{') {
        let name = text.trim_matches(['{', '}']);
        let name = name.split([':', '=']).next().unwrap_or_default().trim();
        let declared = RawTemplate::parse(text).and_then(|raw| {
            raw.declare(captures)?;
            if name == "user" && captures.find(name).is_none() {
                // The person needs no range there: it is always any text.
                RawTemplate::parse("{user:*}")?.declare(captures)?;
            }
            Ok(())
        });
        return match declared {
            Ok(()) => found.slots.push(RawSlot::Capture(name.to_owned())),
            Err(error) => {
                walk.fault(&item.span(), "args", error.message, Some(error.cure));
            }
        };
    }
    match text.as_bytes() {
        [tag @ (b'i' | b'f' | b's' | b'b' | b'h' | b'd' | b'T')] => {
            found.slots.push(RawSlot::Value(found.tags.len()));
            found.tags.push(*tag);
        }
        _ => {
            let wrong = trouble(format!("{} is no argument", quoted(text)));
            walk.fault(&item.span(), "args", wrong.message, wrong.cure);
        }
    }
}

/// Type tags that a line can convert.
pub(super) fn tags(text: &str) -> Read<Vec<u8>> {
    let convertible = |c: char| "ifsbhdTF".contains(c);
    // A comma, or the name of a type, has a cure of its own.
    super::values::type_tags(text).or_else(|trouble| {
        let known = text.starts_with(',') || text.chars().all(convertible);
        if known || text.len() > 2 {
            Err(trouble)
        } else {
            Ok(String::new())
        }
    })?;
    let tags: Vec<u8> = text
        .bytes()
        .map(|tag| if tag == b'F' { b'T' } else { tag })
        .collect();
    match tags
        .iter()
        .find(|tag| !matches!(tag, b'i' | b'f' | b's' | b'b' | b'h' | b'd' | b'T'))
    {
        Some(&tag) => {
            let tag = text
                .chars()
                .find(|&c| !convertible(c))
                .unwrap_or_else(|| tag.into());
            let message = format!(
                "{} is no type that a line converts",
                quoted(&tag.to_string())
            );
            let cure = "write i (int), f (float), s (string), T (true or false), h (int64), \
                        d (double) or b (blob); without `args` anything passes as it is";
            Err(Trouble::new(message, cure))
        }
        None => Ok(tags),
    }
}

/// `1 value`, `2 values`.
pub(super) fn counted(count: usize, what: &str) -> String {
    let more = if count == 1 { "" } else { "s" };
    let count = if count == 0 {
        "no".to_owned()
    } else {
        count.to_string()
    };
    format!("{count} {what}{more}")
}

/// A number in a TOML file.
pub(super) fn number(item: &Spanned<DeValue<'_>>) -> Option<f64> {
    let number = match item.get_ref() {
        DeValue::Integer(integer) => {
            i64::from_str_radix(integer.as_str(), integer.radix()).ok()? as f64
        }
        DeValue::Float(float) => float.as_str().replace('_', "").parse::<f64>().ok()?,
        DeValue::String(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => return None,
    };
    number.is_finite().then_some(number)
}

/// The digits of a text as a number.
pub(super) fn number_of(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// A number or a flag that is always the same; `None`: it is neither.
fn number_literal(item: &Spanned<DeValue<'_>>) -> Option<Read<Literal>> {
    let found = match item.get_ref() {
        DeValue::Integer(integer) => i32::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .map(Literal::Int),
        DeValue::Float(_) => {
            let number = number(item)? as f32;
            number.is_finite().then_some(Literal::Float(number))
        }
        DeValue::Boolean(flag) => Some(Literal::Flag(*flag)),
        DeValue::String(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            return None;
        }
    };
    Some(found.ok_or_else(|| {
        let message = "this number is too large for an argument that is always the same";
        let cure = "an int is from -2147483648 to 2147483647; a float has a point: 3000000000.0";
        Trouble::new(message, cure)
    }))
}

/// An argument that is always the same: a text, a number or a flag.
pub(super) fn literal(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    key: &str,
) -> Option<Literal> {
    let value = section.value(key)?;
    if let Some(text) = value.get_ref().as_str() {
        return Some(Literal::Text(text.to_owned()));
    }
    match number_literal(value) {
        Some(Ok(literal)) => return Some(literal),
        Some(Err(wrong)) => walk.fault(&value.span(), key, wrong.message, wrong.cure),
        None => walk.wrong_type(section, key, value),
    }
    None
}

/// A number of a key, of any size.
pub(super) fn real(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>, key: &str) -> Option<f64> {
    let value = section.value(key)?;
    let found = number(value);
    if found.is_none() {
        let message = format!("`{key}` is a number");
        let sample = section.table.key(key).and_then(|key| key.sample());
        let cure = format!("write it like {}", sample.unwrap_or("1.0"));
        walk.fault(&value.span(), key, message, Some(cure));
    }
    found
}

/// `points`: pairs of number and position, both rising, the positions from 0 to 1.
pub(super) fn points(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) -> Option<Curve> {
    let value = section.value("points")?;
    let pair = |item: &Spanned<DeValue<'_>>| match item.get_ref().as_array().map(|pair| &pair[..]) {
        Some([a, b]) => Some((number(a)?, number(b)?)),
        Some(_) | None => None,
    };
    let items = value.get_ref().as_array().into_iter().flatten();
    let found: Option<Vec<(f64, f64)>> = items.map(pair).collect();
    let cure = "write them like [[-90.0, 0.0], [0.0, 0.75], [10.0, 1.0]]";
    let Some(found) = found.filter(|found| found.len() >= 2) else {
        let message = "`points` are two or more pairs of the device's number and its position";
        walk.fault(&value.span(), "points", message, Some(cure.to_owned()));
        return None;
    };
    let rises = found
        .windows(2)
        .all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1);
    let whole = found.first().is_some_and(|first| first.1 == 0.0)
        && found.last().is_some_and(|last| last.1 == 1.0);
    if !rises || !whole {
        let message = "both columns of `points` must rise, the positions from 0.0 to 1.0";
        walk.fault(&value.span(), "points", message, Some(cure.to_owned()));
        return None;
    }
    Some(Curve::Points(found))
}

/// `names`: a list, numbered from 0, or a table of names and numbers.
pub(super) fn names(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
) -> Option<Vec<(String, i32)>> {
    let value = section.value("names")?;
    let mut found: Vec<(String, i32)> = Vec::new();
    if let Some(items) = value.get_ref().as_array() {
        for (at, item) in (0_i32..).zip(items.iter()) {
            found.extend(item.get_ref().as_str().map(|name| (name.to_owned(), at)));
        }
        if found.len() != items.len() {
            found.clear();
        }
    } else if let Some(table) = value.get_ref().as_table() {
        for (name, item) in table {
            let whole = number(item).filter(|number| number.fract() == 0.0);
            // A conversion saturates, and would make another number of it.
            if whole.is_some_and(|number| f64::from(number as i32) != number) {
                let message = format!("the number of {} is too large", quoted(name.get_ref()));
                let cure = "write a whole number from -2147483648 to 2147483647".to_owned();
                walk.fault(&item.span(), "names", message, Some(cure));
                return None;
            }
            found.extend(whole.map(|number| (name.get_ref().to_string(), number as i32)));
        }
        if found.len() != table.len() {
            found.clear();
        }
        found.sort_by_key(|(_, number)| *number);
    }
    if found.is_empty() {
        let message = "`names` are a list of texts, or a table of names and whole numbers";
        let cure = "write [\"OFF\", \"RED\"] (numbered from 0) or { OFF = 0, RED = 5 }";
        walk.fault(&value.span(), "names", message, Some(cure.to_owned()));
        return None;
    }
    let twice = found.iter().enumerate().find(|(at, (name, number))| {
        found[..*at]
            .iter()
            .any(|(other, same)| other.eq_ignore_ascii_case(name) || same == number)
    });
    if let Some((_, (name, number))) = twice {
        let message = format!(
            "the name {} or its number {number} stands twice",
            quoted(name)
        );
        let cure = "each name has a number of its own; large and small letters are the same";
        walk.fault(&value.span(), "names", message, Some(cure.to_owned()));
        return None;
    }
    Some(found)
}

/// Records what is wrong inside a template, at its place in the text of `value`.
pub(super) fn template_fault(
    walk: &mut Walk<'_, '_>,
    value: &Spanned<DeValue<'_>>,
    key: &str,
    before: usize,
    error: TemplateError,
) {
    let span = value.span();
    let written = walk.text.text.get(span.clone()).unwrap_or_default();
    // Inside quotes, and only where what is written is what is meant.
    let plain = written.len() >= 2 && !written.contains('\\') && !written.starts_with("\"\"\"");
    let start = error.span.start.saturating_sub(before);
    let end = error.span.end.saturating_sub(before).max(start + 1);
    let at = if plain && span.start + 1 + end < span.end {
        span.start + 1 + start..span.start + 1 + end
    } else {
        span
    };
    walk.fault(&at, key, error.message, Some(error.cure));
}

/// A plain address: no captures, no pattern characters.
pub(super) fn plain_address(text: &str, what: &str, sample: &str) -> Read<String> {
    let fits = text.starts_with('/') && !text.ends_with('/') && !text.contains(['{', '}']);
    if fits && check_address(text.as_bytes()).is_some() {
        return Ok(text.to_owned());
    }
    let message = format!("{} cannot stand {what}", quoted(text));
    Err(Trouble::new(message, format!("write it like \"{sample}\"")))
}

/// What a device is told: a list of numbers, flags and texts with `{…}` in them.
pub(super) fn sayings(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    key: &str,
    captures: &Captures,
    known: &[(&str, Piece)],
) -> Option<Vec<Say>> {
    let value = section.value(key)?;
    let Some(items) = value.get_ref().as_array() else {
        walk.wrong_type(section, key, value);
        return None;
    };
    if let Some(item) = items.get(LINE_VALUES_MAX) {
        let message = format!("a device is told at most {LINE_VALUES_MAX} arguments");
        let cure = "take this one out, and those behind it".to_owned();
        walk.fault(&item.span(), key, message, Some(cure));
        return None;
    }
    let mut says = Vec::new();
    for item in items {
        if let Some(literal) = number_literal(item) {
            match literal {
                Ok(literal) => says.push(Say::Always(literal)),
                Err(wrong) => walk.fault(&item.span(), key, wrong.message, wrong.cure),
            }
        } else if let Some(text) = item.get_ref().as_str() {
            match pieces(text, captures, known) {
                Ok(pieces) => says.push(said(pieces, captures)),
                Err(trouble) => walk.fault(&item.span(), key, trouble.message, trouble.cure),
            }
        } else {
            let message = "this is no argument";
            let cure = "write a number, true, false or a text such as \"{holder}\"";
            walk.fault(&item.span(), key, message, Some(cure.to_owned()));
        }
    }
    Some(says)
}

/// A capture of numbers that stands alone is a number, as it is in `args` of a `[[map]]`.
fn said(pieces: Vec<Piece>, captures: &Captures) -> Say {
    match pieces[..] {
        [Piece::Capture(capture)] if matches!(captures.0[capture].values, Values::Numbers(_)) => {
            Say::Number(capture)
        }
        _ => Say::Text(pieces),
    }
}

fn pieces(text: &str, captures: &Captures, known: &[(&str, Piece)]) -> Read<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        if open > 0 {
            pieces.push(Piece::Text(rest[..open].to_owned()));
        }
        let Some(close) = rest[open..].find('}').map(|at| at + open) else {
            let message = format!("the \"{{\" in {} is never closed", quoted(text));
            return Err(Trouble::new(message, "close it with \"}\""));
        };
        let name = &rest[open + 1..close];
        let piece = known.iter().find(|(word, _)| *word == name);
        pieces.push(match (piece, captures.find(name)) {
            (Some((_, piece)), _) => piece.clone(),
            (None, Some(capture)) => Piece::Capture(capture),
            (None, None) => {
                let message = format!("nothing is called {{{name}}} here");
                let words: Vec<String> = known
                    .iter()
                    .map(|(word, _)| format!("{{{word}}}"))
                    .collect();
                return Err(Trouble::new(message, format!("write {}", either(&words))));
            }
        });
        rest = &rest[close + 1..];
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}
