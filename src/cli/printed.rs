//! Arguments printed: for people, so that they can be typed back, and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::osc::Argument;

/// Integers beyond this are strings in JSON: readers that hold all numbers as doubles (JavaScript,
/// jq) would change them.
const JSON_INTEGER_MAX: u64 = 1 << 53;

/// Arguments as one line, each so that [`parse_value`](super::value::parse_value) reads the same again.
#[must_use]
pub(super) fn print_values(values: &[Argument]) -> String {
    let mut line = String::new();
    for value in values {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&print_value(value));
    }
    line
}

/// Arguments as a JSON array. What JSON has no type for is text: blobs, colours and MIDI messages
/// in hexadecimal, time tags and integers beyond 2^53 as numerals, `NaN`, `inf` and `I`.
#[must_use]
pub(super) fn json_values(values: &[Argument]) -> Value {
    values.iter().map(json_value).collect()
}

/// The type tags of arguments, without comma.
#[must_use]
pub(super) fn type_tags(values: &[Argument]) -> String {
    let mut tags = String::new();
    for value in values {
        let tag = match value {
            Argument::Int(_) => 'i',
            Argument::Float(_) => 'f',
            Argument::String(_) => 's',
            Argument::Blob(_) => 'b',
            Argument::Long(_) => 'h',
            Argument::Time(_) => 't',
            Argument::Double(_) => 'd',
            Argument::Symbol(_) => 'S',
            Argument::Char(_) => 'c',
            Argument::Color(_) => 'r',
            Argument::Midi(_) => 'm',
            Argument::True => 'T',
            Argument::False => 'F',
            Argument::Nil => 'N',
            Argument::Infinitum => 'I',
            Argument::Array(values) => {
                tags.push('[');
                tags.push_str(&type_tags(values));
                ']'
            }
        };
        tags.push(tag);
    }
    tags
}

fn print_value(value: &Argument) -> String {
    match value {
        Argument::Int(value) => value.to_string(),
        Argument::Float(value) if value.is_finite() => format!("{value:?}"),
        Argument::Float(value) => format!("f:{value}"),
        Argument::String(text) => quoted(text),
        Argument::Blob(bytes) => format!("b:{}", hex(bytes)),
        Argument::Long(value) => match i32::try_from(*value) {
            Ok(_) => format!("h:{value}"),
            Err(_) => value.to_string(),
        },
        Argument::Time(value) => format!("t:{value}"),
        Argument::Double(value) => format!("d:{value:?}"),
        Argument::Symbol(text) => format!("S:{}", quoted(text)),
        Argument::Char(value) => match char::from_u32(*value) {
            Some(value) if value.is_ascii_graphic() && !"[]\"".contains(value) => {
                format!("c:{value}")
            }
            Some(_) | None => format!("c:0x{value:x}"),
        },
        Argument::Color(value) => format!("r:{value:08x}"),
        Argument::Midi(bytes) => format!("m:{}", hex(bytes)),
        Argument::True => "true".to_owned(),
        Argument::False => "false".to_owned(),
        Argument::Nil => "N".to_owned(),
        Argument::Infinitum => "I".to_owned(),
        Argument::Array(values) => format!("[{}]", print_values(values)),
    }
}

/// As JSON writes it: control characters escaped, so that no name from the network can move the
/// cursor of the terminal that shows it. (`serde_json` leaves the C1 controls as they are.)
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for char in Value::from(text).to_string().chars() {
        if char.is_control() {
            write!(quoted, "\\u{:04x}", u32::from(char)).expect("a String takes all text");
        } else {
            quoted.push(char);
        }
    }
    quoted
}

fn json_value(value: &Argument) -> Value {
    match value {
        Argument::Int(value) => json!(value),
        // By way of its shortest numeral: 0.1 is to be 0.1, not 0.10000000149011612.
        Argument::Float(value) => json_float(value.to_string().parse().unwrap_or(f64::NAN)),
        Argument::Double(value) => json_float(*value),
        Argument::String(text) | Argument::Symbol(text) => json!(text),
        Argument::Blob(bytes) => json!(hex(bytes)),
        Argument::Long(value) if value.unsigned_abs() <= JSON_INTEGER_MAX => json!(value),
        Argument::Long(value) => json!(value.to_string()),
        Argument::Time(value) => json!(value.to_string()),
        Argument::Char(value) => match char::from_u32(*value) {
            Some(value) => json!(value),
            None => json!(value),
        },
        Argument::Color(value) => json!(format!("{value:08x}")),
        Argument::Midi(bytes) => json!(hex(bytes)),
        Argument::True => json!(true),
        Argument::False => json!(false),
        Argument::Nil => Value::Null,
        Argument::Infinitum => json!("I"),
        Argument::Array(values) => json_values(values),
    }
}

fn json_float(value: f64) -> Value {
    if value.is_finite() {
        json!(value)
    } else {
        json!(value.to_string())
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut hex = String::new();
    for byte in bytes {
        write!(hex, "{byte:02x}").expect("a String takes all text");
    }
    hex
}
