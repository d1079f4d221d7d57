//! Arguments typed by their look.

use std::iter::Peekable;
use std::str::Chars;

use crate::osc::Argument;

/// Why a text is no argument.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// What follows the tag is not of its type.
    #[error("\"{text}\" is not {expected}; for this very text write 's:{text}'")]
    BadPayload {
        /// What was typed.
        text: String,
        /// What the tag asks for.
        expected: &'static str,
    },
    /// A number that no type can hold as it looks.
    #[error("{text} is too large for {kind}; write d:{text} for a double, or s:{text} for text")]
    TooLarge {
        /// What was typed.
        text: String,
        /// What it looks like.
        kind: &'static str,
    },
    /// A quoted string or an array that does not end, or ends too early.
    #[error("{text} {fault}; for this very text write 's:{text}'")]
    Open {
        /// What was typed.
        text: String,
        /// What is wrong with it.
        fault: &'static str,
    },
}

/// The arguments that the words of a command line stand for.
///
/// # Errors
///
/// The first word that is none.
pub(super) fn parse_values(words: &[String]) -> Result<Vec<Argument>, ValueError> {
    words.iter().map(|word| parse_value(word)).collect()
}

/// The argument that one word stands for, by its look.
///
/// # Errors
///
/// If it looks like something that it is not.
pub(super) fn parse_value(text: &str) -> Result<Argument, ValueError> {
    if let Some((tag, payload)) = text.split_once(':')
        && let Some(argument) = explicit(tag, payload)
    {
        return argument.map_err(|expected| ValueError::BadPayload {
            text: text.to_owned(),
            expected,
        });
    }
    match text {
        "true" => return Ok(Argument::True),
        "false" => return Ok(Argument::False),
        "N" => return Ok(Argument::Nil),
        "I" => return Ok(Argument::Infinitum),
        _ => {}
    }
    if text.starts_with('"') {
        return match serde_json::from_str(text) {
            Ok(text) => Ok(Argument::String(text)),
            Err(_) => Err(open(text, "begins like a quoted string but is none")),
        };
    }
    if text.starts_with('[') {
        return array(text);
    }
    number(text).unwrap_or_else(|| Ok(Argument::String(text.to_owned())))
}

/// `None` where `tag` is none: the text is then judged as a whole.
fn explicit(tag: &str, payload: &str) -> Option<Result<Argument, &'static str>> {
    let argument = match tag {
        "i" => payload
            .parse()
            .map(Argument::Int)
            .ok()
            .ok_or("a 32-bit integer"),
        "h" => payload
            .parse()
            .map(Argument::Long)
            .ok()
            .ok_or("a 64-bit integer"),
        "f" => payload.parse().map(Argument::Float).ok().ok_or("a number"),
        "d" => payload.parse().map(Argument::Double).ok().ok_or("a number"),
        "s" => Ok(Argument::String(unquoted(payload))),
        "S" => Ok(Argument::Symbol(unquoted(payload))),
        "b" => bytes(payload)
            .map(Argument::Blob)
            .ok_or("a blob: pairs of hexadecimal digits"),
        "m" => bytes(payload)
            .and_then(|bytes| bytes.try_into().ok())
            .map(Argument::Midi)
            .ok_or("a MIDI message: port, status and two data bytes as 8 hexadecimal digits"),
        "r" => fixed_hex::<4>(payload.strip_prefix('#').unwrap_or(payload))
            .map(|bytes| Argument::Color(u32::from_be_bytes(bytes)))
            .ok_or("a colour: RRGGBBAA, 8 hexadecimal digits"),
        "t" => payload
            .parse()
            .map(Argument::Time)
            .ok()
            .ok_or("a time tag: 64 bits as a number"),
        "c" => character(payload)
            .map(Argument::Char)
            .ok_or("one character, or its number"),
        _ => return None,
    };
    Some(argument)
}

/// The text in quotation marks, or the text as it stands.
fn unquoted(text: &str) -> String {
    if text.starts_with('"')
        && let Ok(inner) = serde_json::from_str(text)
    {
        return inner;
    }
    text.to_owned()
}

fn character(text: &str) -> Option<u32> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(only), None) => Some(u32::from(only)),
        _ => u32::from_str_radix(text.strip_prefix("0x")?, 16).ok(),
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok())
        .collect()
}

fn fixed_hex<const N: usize>(hex: &str) -> Option<[u8; N]> {
    bytes(hex)?.try_into().ok()
}

/// `None` if the text does not look like a number.
fn number(text: &str) -> Option<Result<Argument, ValueError>> {
    let too_large = |kind| ValueError::TooLarge {
        text: text.to_owned(),
        kind,
    };
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let integer = text
            .parse()
            .map(Argument::Int)
            .or_else(|_| text.parse().map(Argument::Long));
        return Some(integer.map_err(|_| too_large("an integer")));
    }
    let float: f32 = text.parse().ok()?;
    if float.is_infinite() {
        return Some(Err(too_large("a float")));
    }
    Some(Ok(Argument::Float(float)))
}

/// `[1 2 "three" [4]]`: elements as elsewhere, parted by spaces.
fn array(text: &str) -> Result<Argument, ValueError> {
    let mut open_arrays: Vec<Vec<Argument>> = Vec::new();
    let mut chars = text.chars().peekable();
    let unclosed = "is an array without its ]: put quotes around the whole of it, '[1 2]'";
    while let Some(&next) = chars.peek() {
        match next {
            '[' => {
                chars.next();
                open_arrays.push(Vec::new());
            }
            ']' => {
                chars.next();
                let Some(done) = open_arrays.pop() else { break };
                let Some(around) = open_arrays.last_mut() else {
                    if chars.next().is_some() {
                        return Err(open(text, "goes on after its last ]"));
                    }
                    return Ok(Argument::Array(done));
                };
                around.push(Argument::Array(done));
            }
            space if space.is_whitespace() => {
                chars.next();
            }
            _ => {
                let element = parse_value(&element(&mut chars))?;
                let around = open_arrays.last_mut();
                around.expect("the text begins with [").push(element);
            }
        }
    }
    Err(open(text, unclosed))
}

/// Up to a space or bracket; in quotation marks, these too belong to it.
fn element(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut element = String::new();
    let mut quoted = false;
    let mut escaped = false;
    while let Some(&next) = chars.peek() {
        if !quoted && (next.is_whitespace() || next == '[' || next == ']') {
            break;
        }
        if next == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && next == '\\' && !escaped;
        element.push(next);
        chars.next();
    }
    element
}

fn open(text: &str, fault: &'static str) -> ValueError {
    ValueError::Open {
        text: text.to_owned(),
        fault,
    }
}

#[cfg(test)]
mod tests {
    use super::super::printed::{json_values, print_values, type_tags};
    use super::*;

    #[test]
    fn values_are_typed_by_their_look() {
        for (text, value) in [
            ("3", Argument::Int(3)),
            ("-3", Argument::Int(-3)),
            ("2147483648", Argument::Long(2_147_483_648)),
            ("0.5", Argument::Float(0.5)),
            ("-.5", Argument::Float(-0.5)),
            ("1.", Argument::Float(1.0)),
            ("1e3", Argument::Float(1_000.0)),
            ("true", Argument::True),
            ("false", Argument::False),
            ("N", Argument::Nil),
            ("I", Argument::Infinitum),
            ("hello", string("hello")),
            ("\"3\"", string("3")),
            ("\"a\\n\\\"b\\\"\"", string("a\n\"b\"")),
            ("", string("")),
            ("inf", string("inf")),
            ("NaN", string("NaN")),
            ("-", string("-")),
            ("1.2.3", string("1.2.3")),
            ("10.0.0.1:8900", string("10.0.0.1:8900")),
            ("12:30", string("12:30")),
            (".", string(".")),
        ] {
            assert_eq!(parse_value(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn a_tag_says_the_type() {
        for (text, value) in [
            ("i:3", Argument::Int(3)),
            ("h:3", Argument::Long(3)),
            ("f:3", Argument::Float(3.0)),
            ("f:-inf", Argument::Float(f32::NEG_INFINITY)),
            ("d:0.5", Argument::Double(0.5)),
            ("s:3", string("3")),
            ("s:", string("")),
            ("s:s:x", string("s:x")),
            ("S:x", Argument::Symbol("x".into())),
            ("b:0a0B", Argument::Blob(vec![10, 11])),
            ("b:", Argument::Blob(vec![])),
            ("c:x", Argument::Char(120)),
            ("c:0x110000", Argument::Char(0x11_0000)),
            ("r:#ff000080", Argument::Color(0xff00_0080)),
            ("m:00904060", Argument::Midi([0, 0x90, 0x40, 0x60])),
            ("t:1", Argument::Time(1)),
        ] {
            assert_eq!(parse_value(text), Ok(value), "{text}");
        }
        for text in [
            "i:0.5",
            "i:2147483648",
            "h:x",
            "f:",
            "b:0",
            "b:0ä0",
            "c:ab",
            "m:00",
            "r:1",
        ] {
            let error = parse_value(text).unwrap_err();
            assert!(matches!(error, ValueError::BadPayload { .. }), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for text in ["9223372036854775808", "1e39"] {
            let error = parse_value(text).unwrap_err();
            assert!(matches!(error, ValueError::TooLarge { .. }), "{text}");
        }
        for text in ["\"a", "\"a\" b", "[1 2", "[1] 2", "[1]]", "[\"a]"] {
            assert!(parse_value(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_printed_can_be_typed_back() {
        let mut values = vec![
            Argument::Int(i32::MIN),
            Argument::Float(0.1),
            Argument::Float(1.0),
            Argument::Float(f32::MAX),
            Argument::Float(f32::MIN_POSITIVE),
            Argument::Float(f32::INFINITY),
            string("say \"hi\" [now]\u{9b}2J\n\\"),
            Argument::Blob(vec![0, 255]),
            Argument::Long(7),
            Argument::Long(i64::MIN),
            Argument::Time(u64::MAX),
            Argument::Double(1e300),
            Argument::Double(f64::NEG_INFINITY),
            Argument::Symbol("a b".into()),
            Argument::Char(65),
            Argument::Char(u32::from(']')),
            Argument::Char(u32::MAX),
            Argument::Color(1),
            Argument::Midi([1, 2, 3, 4]),
            Argument::True,
            Argument::False,
            Argument::Nil,
            Argument::Infinitum,
        ];
        values.push(Argument::Array(values.clone()));
        values.push(Argument::Array(vec![Argument::Array(vec![])]));
        for value in values {
            let printed = print_values(std::slice::from_ref(&value));
            assert!(!printed.contains(char::is_control), "{printed:?}");
            assert_eq!(parse_value(&printed), Ok(value), "{printed}");
        }
        assert_eq!(print_values(&[Argument::Float(f32::NAN)]), "f:NaN");
        let array = Argument::Array(vec![Argument::Int(1), string("x")]);
        assert_eq!(
            print_values(&[Argument::Float(0.5), array]),
            "0.5 [1 \"x\"]"
        );
    }

    #[test]
    fn json_has_numbers_as_they_look_and_tags_beside_them() {
        let values = [
            Argument::Float(0.1),
            Argument::Float(f32::NAN),
            Argument::Long(1 << 53),
            Argument::Long((1 << 53) + 1),
            Argument::Blob(vec![10]),
            Argument::Array(vec![Argument::Nil, Argument::True]),
        ];
        assert_eq!(
            json_values(&values).to_string(),
            r#"[0.1,"NaN",9007199254740992,"9007199254740993","0a",[null,true]]"#
        );
        assert_eq!(type_tags(&values), "ffhhb[NT]");
    }

    fn string(text: &str) -> Argument {
        Argument::String(text.into())
    }
}
