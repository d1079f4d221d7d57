//! `[[touch]]`, `[[tell]]` and `[[bank]]`: tables of a mapping file made lines.

use super::fault::quoted;
use super::mapping_address::{Context, Side, Templates, only, slots, text_of};
use super::mapping_values::{arguments, literal, real, sayings};
use super::values::Trouble;
use super::walk::{Read, Section, Walk};
use crate::mapping::{
    Bank, Captures, Line, Piece, RawTemplate, Role, Say, Slot, Tell, Touch, Values, When, Whose,
    is_capture_name,
};

/// A `[[touch]]`.
pub(super) fn touch(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    context: &Context,
) -> Option<Line> {
    walk.missing(section, "device");
    walk.missing(section, "gateway");
    let mut templates = Templates::new(context);
    let mut good = templates.read_all(walk, section, "device", Side::Device);
    good &= templates.read_all(walk, section, "release", Side::Device);
    let mut captures = std::mem::take(&mut templates.captures);
    let given = section.value("args").is_some();
    let arguments = arguments(walk, section, &mut captures);
    templates.captures = captures;
    good &= templates.read_all(walk, section, "gateway", Side::Gateway);
    let only = only(walk, section, context);
    if let (Some(arguments), Some(value)) = (&arguments, section.value("args"))
        && arguments.tags.len() > 1
    {
        let message = "a touch has one value: down or not";
        let cure = "write one type tag, such as \"f\"".to_owned();
        walk.fault(&value.span(), "args", message, Some(cure));
        good = false;
    }
    if !good || (given && arguments.is_none()) || section.value("device").is_none() {
        return None;
    }
    let device = templates.resolve(walk, section, "device")?;
    let gateway = templates.resolve(walk, section, "gateway")?;
    let release = templates.resolve(walk, section, "release")?.pop();
    let down = literal(walk, section, "down");
    let slots = slots(walk, section, arguments.as_ref(), &templates.captures)?;
    if device.is_empty() || gateway.is_empty() {
        return None;
    }
    let mut line = context.line(walk, section, Role::Touch(Touch { release, down }));
    line.text = text_of(section, "device");
    (line.captures, line.device, line.gateway) = (templates.captures, device, gateway);
    // Without `args` the one argument says whether it is down, whatever its type.
    line.slots = Some(slots.unwrap_or_else(|| vec![Slot::Value(0)]));
    line.only = only;
    Some(line)
}

/// What a `[[tell]]` may fill in.
const TOLD: [(&str, Piece); 5] = [
    ("holder", Piece::Holder),
    ("code", Piece::Code),
    ("address", Piece::Address),
    ("name", Piece::Name),
    ("remaining", Piece::Remaining),
];

/// A `[[tell]]`.
pub(super) fn tell(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    context: &Context,
) -> Option<Line> {
    walk.missing(section, "when");
    walk.missing(section, "send");
    let whose = [
        ("anyone", Whose::Anyone),
        ("own", Whose::Own),
        ("others", Whose::Others),
    ];
    let when = when(walk, section);
    let holder = walk
        .word(section, "holder", "word for `holder`", &whose)
        .unwrap_or_default();
    let mut templates = Templates::new(context);
    let mut good = templates.read_all(walk, section, "gateway", Side::Gateway);
    // What the gateway's address has there is filled into the device's, whatever it is.
    for (_, _, raw) in &templates.raw {
        raw.declare_open(&mut templates.captures);
    }
    good &= templates.read_all(walk, section, "send", Side::Device);
    let args = if section.value("args").is_some() {
        sayings(walk, section, "args", &templates.captures, &TOLD)?
    } else {
        Vec::<Say>::new()
    };
    if !good {
        return None;
    }
    let device = templates.resolve(walk, section, "send")?;
    let gateway = templates.resolve(walk, section, "gateway")?;
    let when = when?;
    let of_address = |when: &When| matches!(when, When::Denied | When::Locked | When::Unlocked);
    if gateway.is_empty() && when.iter().any(of_address) {
        walk.missing(section, "gateway");
        return None;
    }
    if device.is_empty() {
        return None;
    }
    let role = Role::Tell(Tell { when, holder, args });
    let mut line = context.line(walk, section, role);
    line.text = text_of(section, "send");
    (line.captures, line.device, line.gateway) = (templates.captures, device, gateway);
    Some(line)
}

/// `when`: one word, or a list of them.
fn when(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) -> Option<Vec<When>> {
    let words = [
        ("denied", When::Denied),
        ("locked", When::Locked),
        ("unlocked", When::Unlocked),
        ("connected", When::Connected),
        ("disconnected", When::Disconnected),
    ];
    let what = "word for `when`";
    if section.value("when")?.get_ref().is_array() {
        let list = walk.list(section, "when", |text| {
            super::walk::one_of(what, text, &words)
        })?;
        return Some(list.into_iter().map(|(when, _)| when).collect());
    }
    Some(vec![walk.word(section, "when", what, &words)?])
}

/// A bank's name stands in the holes of addresses.
fn bank_name(text: &str, banks: &[Bank]) -> Read<String> {
    if banks.iter().any(|bank| bank.name == text) {
        let message = format!("there is a bank {} already", quoted(text));
        return Err(Trouble::new(message, "each has a name of its own"));
    }
    if !is_capture_name(text) || text == "user" {
        let message = format!("{} cannot name a bank", quoted(text));
        let cure = "write letters, digits and \"_\", a letter first: \"page\"";
        return Err(Trouble::new(message, cure));
    }
    Ok(text.to_owned())
}

/// The numbers of a bank: a range as it stands in a hole, or one number.
fn bank_numbers(text: &str) -> Read<Vec<i32>> {
    let bad = |message| Trouble::new(message, "write it like \"1..4\"");
    let text = text.trim();
    if text.is_empty() {
        return Err(bad("`numbers` is an empty text".to_owned()));
    }
    // One number alone would be the width of a hole, and "*" or names would be taken as well.
    let one = text.bytes().all(|b| b.is_ascii_digit());
    let hole = if one {
        format!("{{n:{text}..{text}}}")
    } else {
        format!("{{n:{text}}}")
    };
    let mut captures = Captures::default();
    RawTemplate::parse(&hole)
        .and_then(|raw| raw.declare(&mut captures))
        .map_err(|error| bad(error.message))?;
    let is_range = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | ' ');
    match captures.0.pop().map(|capture| capture.values) {
        Some(Values::Numbers(numbers)) if text.chars().all(is_range) => Ok(numbers),
        Some(_) | None => Err(bad(format!("{} is not a range", quoted(text)))),
    }
}

/// A `[[bank]]`, and the line that chooses one.
pub(super) fn bank(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    context: &Context,
) -> Option<(Bank, Line)> {
    for key in ["name", "device", "numbers"] {
        walk.missing(section, key);
    }
    let name = walk.text(section, "name", |text| bank_name(text, &context.banks));
    let numbers = walk.text(section, "numbers", bank_numbers);
    let mut templates = Templates::new(context);
    let good = templates.read_all(walk, section, "device", Side::Device);
    let mut captures = std::mem::take(&mut templates.captures);
    let arguments = arguments(walk, section, &mut captures);
    templates.captures = captures;
    let (name, numbers) = (name?, numbers?);
    let said = real(walk, section, "first").unwrap_or_else(|| f64::from(numbers[0]));
    let first = numbers.iter().copied().find(|&one| f64::from(one) == said);
    let Some(first) = first else {
        let span = section.value("first")?.span();
        let message = format!("{said} is none of the numbers of this bank");
        let cure = format!("write {}", numbers[0]);
        walk.fault(&span, "first", message, Some(cure));
        return None;
    };
    if !good {
        return None;
    }
    let device = templates.resolve(walk, section, "device")?;
    let slots = slots(walk, section, arguments.as_ref(), &templates.captures)?;
    let mut line = context.line(walk, section, Role::Bank(context.banks.len()));
    line.text = text_of(section, "device");
    (line.captures, line.device) = (templates.captures, device);
    let in_address = line.captures.0.len() > context.banks.len();
    let default = if in_address {
        vec![Slot::Rest]
    } else {
        vec![Slot::Value(0)]
    };
    line.slots = Some(slots.unwrap_or(default));
    Some((
        Bank {
            name,
            numbers,
            first,
        },
        line,
    ))
}
