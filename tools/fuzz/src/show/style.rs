//! How a value can be written: the same in many ways.

use std::fmt::Write as _;
use std::time::Duration;

use crate::bytes::Bytes;

/// Texts that people give things, and some that nobody would.
const TEXTS: &[&str] = &[
    "desk",
    "FOH Pult",
    "Bühne links",
    "a \"quoted\" name",
    "back\\slash",
    "#1 = [x]",
    "it's",
    "名前",
    "{holder}",
    "\u{1f3b5}",
    "a\u{300}",
];

const PATTERNS: &[&str] = &[
    "/mixer//*",
    "/a",
    "//*",
    "/ch/[0-9][0-9]/{on,mix}",
    "/x?",
    "/oscgate/status/*",
    "/é/[!a]",
    "/with space",
];

/// What stands in the quotes of a text for people.
pub(super) fn any_text(from: &mut Bytes<'_>) -> String {
    from.one_of(TEXTS).to_owned()
}

/// An address pattern.
pub(super) fn any_pattern(from: &mut Bytes<'_>) -> String {
    from.one_of(PATTERNS).to_owned()
}

/// A text in quotes of one kind or another.
pub(super) fn text(from: &mut Bytes<'_>, text: &str) -> String {
    match from.below(6) {
        0 if !text.contains('\'') => format!("'{text}'"),
        1 if !text.contains("'") => format!("'''{text}'''"),
        2 if !text.contains(['"', '\\']) => format!("\"\"\"{text}\"\"\""),
        3 => {
            let mut quoted = String::from("\"");
            for c in text.chars() {
                let number = u32::from(c);
                if number < 0x1_0000 {
                    write!(quoted, "\\u{number:04x}").expect("a string takes it");
                } else {
                    write!(quoted, "\\U{number:08X}").expect("a string takes it");
                }
            }
            quoted + "\""
        }
        _ => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

/// A whole number.
pub(super) fn integer(from: &mut Bytes<'_>, number: i64) -> String {
    match from.below(5) {
        0 if number >= 1_000 => format!("{}_{:03}", number / 1_000, number % 1_000),
        1 if number >= 0 => format!("+{number}"),
        2 if number >= 0 => format!("0x{number:x}"),
        3 if number >= 0 => format!("0b{number:b}"),
        _ => number.to_string(),
    }
}

/// A time that is longer than nothing, and how it is written.
pub(super) fn time(from: &mut Bytes<'_>) -> (Duration, String) {
    let number = 1 + from.below(160) as u64;
    let (millis, unit) = from.one_of(&[(1, "ms"), (1_000, "s"), (60_000, "m"), (3_600_000, "h")]);
    let written = text(from, &format!("{number}{unit}"));
    (Duration::from_millis(number * millis), written)
}

/// A time or "never".
pub(super) fn timeout(from: &mut Bytes<'_>) -> (Option<Duration>, String) {
    if from.one_in(4) {
        return (None, text(from, "never"));
    }
    let (time, written) = time(from);
    (Some(time), written)
}

/// A list, on one line or several.
pub(super) fn list(from: &mut Bytes<'_>, items: &[String]) -> String {
    match from.below(4) {
        0 => format!("[ {} ]", items.join(" ,")),
        1 if !items.is_empty() => format!("[{},]", items.join(", ")),
        2 => {
            let mut list = String::from("[ # several lines\n");
            for item in items {
                list.push_str("  ");
                list.push_str(item);
                list.push_str(", # \"one\n");
            }
            list + "]"
        }
        _ => format!("[{}]", items.join(", ")),
    }
}

/// One of these words, and the value that it stands for.
pub(super) fn word<T: Copy>(from: &mut Bytes<'_>, words: &[(&str, T)]) -> (T, String) {
    let (word, value) = from.one_of(words);
    (value, text(from, word))
}

/// `true` or `false`.
pub(super) fn flag(from: &mut Bytes<'_>) -> (bool, String) {
    let flag = from.one_in(2);
    (flag, flag.to_string())
}
