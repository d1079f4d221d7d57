//! The texts inside a show file as values: times, names, patterns, type tags.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::fault::quoted;
use super::show::Timeout;
use crate::limits::{ARRAY_DEPTH_MAX, NAME_CHARS_MAX};
use crate::osc::{Pattern, PatternError};

/// The longest time that can be written: a show runs for days, and what is left of a lock travels
/// as an int32 of milliseconds (24 days).
const TIME_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// What is wrong with a text, and what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) message: String,
    pub(super) cure: Option<String>,
}

impl Trouble {
    pub(super) fn new(message: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            cure: Some(cure.into()),
        }
    }
}

/// A time that must be longer than nothing, such as `"30s"`.
pub(super) fn time(text: &str) -> Result<Duration, Trouble> {
    if text == "never" {
        let message = "\"never\" is not possible here";
        return Err(Trouble::new(message, "write a time such as \"30s\""));
    }
    let time = time_or_zero(text)?;
    if time.is_zero() {
        let message = format!("{} is no time at all", quoted(text));
        return Err(Trouble::new(
            message,
            "write a time above zero such as \"30s\"",
        ));
    }
    Ok(time)
}

/// How long a lock lasts: as [`time`], with a word about `"never"`.
pub(super) fn lock_time(text: &str) -> Result<Duration, Trouble> {
    if text == "never" {
        let cure = "write how long it lasts without a renewal, such as \"30s\" or \"10m\"";
        return Err(Trouble::new("a lock always ends", cure));
    }
    time(text)
}

/// A time, or `"never"`.
pub(super) fn timeout(text: &str) -> Result<Timeout, Trouble> {
    if text == "never" {
        return Ok(None);
    }
    match time(text) {
        Ok(time) => Ok(Some(time)),
        Err(trouble)
            if text
                .trim_start_matches('0')
                .starts_with(|c: char| c.is_alphabetic()) =>
        {
            // A zero, or a word without a number: most likely "no limit" is meant.
            Err(Trouble::new(
                trouble.message,
                "write a time such as \"10s\", or \"never\"",
            ))
        }
        Err(trouble) => Err(trouble),
    }
}

/// A time such as `"250ms"`, `"10s"`, `"2m"` or `"1h"`; zero is one.
pub(super) fn time_or_zero(text: &str) -> Result<Duration, Trouble> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let factor: Option<u64> = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let (Some(factor), false) = (factor, number.is_empty()) else {
        return Err(no_time(text));
    };
    let millis = number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor));
    match millis.map(Duration::from_millis) {
        Some(time) if time <= TIME_MAX => Ok(time),
        Some(_) | None => {
            let message = format!("{} is too long", quoted(text));
            Err(Trouble::new(
                message,
                "at most a week can be written: \"168h\"",
            ))
        }
    }
}

fn no_time(text: &str) -> Trouble {
    let message = format!("{} is not a time", quoted(text));
    let plain = text.trim().to_lowercase().replace(',', ".");
    if plain.starts_with('-') {
        return Trouble::new(message, "a time is never below zero");
    }
    let split = plain
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(plain.len());
    let (number, unit) = plain.split_at(split);
    if number.is_empty() || number.parse::<f64>().is_err() {
        return Trouble::new(
            message,
            "write a number and a unit: \"250ms\", \"10s\", \"2m\" or \"1h\"",
        );
    }
    if unit.is_empty() {
        let cure =
            format!("a unit is missing: \"{number}s\" is seconds, \"{number}ms\" milliseconds");
        return Trouble::new(message, cure);
    }
    let known = match unit.trim() {
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => Some(("ms", 1.0)),
        "s" | "sec" | "secs" | "second" | "seconds" => Some(("s", 1_000.0)),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(("m", 60_000.0)),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(("h", 3_600_000.0)),
        "d" | "day" | "days" => Some(("d", 86_400_000.0)),
        _ => None,
    };
    match (known, number.parse::<u32>(), number.parse::<f64>()) {
        (Some(("d", _)), Ok(days), _) => Trouble::new(
            message,
            format!("days are written as hours: \"{}h\"", u64::from(days) * 24),
        ),
        (Some((unit, _)), Ok(number), _) => {
            Trouble::new(message, format!("write \"{number}{unit}\""))
        }
        (Some((_, factor)), Err(_), Ok(number)) if number * factor < 1e9 => {
            let cure = format!(
                "times are whole numbers: write \"{}ms\"",
                (number * factor).round()
            );
            Trouble::new(message, cure)
        }
        (Some(_) | None, _, _) => Trouble::new(
            message,
            "the unit is one of \"ms\", \"s\", \"m\" (minutes) and \"h\"",
        ),
    }
}

/// A client's name: what it may be, so that it is never taken for an address or a user.
pub(super) fn client_name(text: &str) -> Result<String, Trouble> {
    let is_address = text.parse::<IpAddr>().is_ok() || text.parse::<SocketAddr>().is_ok();
    if is_address {
        let message = format!("{} is an address, not a name", quoted(text));
        return Err(Trouble::new(
            message,
            "write a name such as \"foh-console\"",
        ));
    }
    if text.contains('/') {
        let message = format!("a name has no \"/\" in it ({})", quoted(text));
        return Err(Trouble::new(
            message,
            format!("write {}", quoted(&text.replace('/', "-"))),
        ));
    }
    plain_name(text)
}

/// A name that people are shown.
pub(super) fn plain_name(text: &str) -> Result<String, Trouble> {
    if text.trim().is_empty() {
        return Err(Trouble::new(
            "the name is empty",
            "write a name such as \"foh-console\"",
        ));
    }
    if text.chars().any(char::is_control) {
        let message = format!("the name {} has control characters in it", quoted(text));
        return Err(Trouble::new(message, "take them out"));
    }
    let length = text.chars().count();
    if length > NAME_CHARS_MAX {
        let message = format!("the name has {length} characters");
        return Err(Trouble::new(
            message,
            format!("at most {NAME_CHARS_MAX} are taken"),
        ));
    }
    Ok(text.to_owned())
}

/// An address pattern of `match`, `follow` or `write`.
pub(super) fn pattern(text: &str) -> Result<String, Trouble> {
    match check_pattern(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(reason) => {
            let message = format!("{} is not an address pattern", quoted(text));
            Err(Trouble::new(message, reason))
        }
    }
}

/// Whether `text` is an address pattern; `Err` says why not. The one place that asks.
fn check_pattern(text: &str) -> Result<(), String> {
    match Pattern::compile(text) {
        Ok(_) => Ok(()),
        Err(PatternError::NoSlash) => {
            let meant = quoted(&format!("/{}", text.trim_start()));
            Err(format!("it begins with \"/\": {meant}"))
        }
        Err(PatternError::Unclosed { bracket, .. }) => {
            let close = if bracket == '[' { ']' } else { '}' };
            Err(format!(
                "the \"{bracket}\" is never closed: add \"{close}\""
            ))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// `args`: type tags without the comma.
pub(super) fn type_tags(text: &str) -> Result<String, Trouble> {
    let message = || format!("{} are not type tags", quoted(text));
    if let Some(tags) = text.strip_prefix(',') {
        return Err(Trouble::new(
            message(),
            format!("leave the comma out: {}", quoted(tags)),
        ));
    }
    let word = match text.to_lowercase().as_str() {
        "float" | "float32" => Some("f"),
        "int" | "int32" | "integer" => Some("i"),
        "string" | "str" => Some("s"),
        "blob" => Some("b"),
        "double" | "float64" => Some("d"),
        "int64" | "long" => Some("h"),
        "bool" | "boolean" => Some("T"),
        _ => None,
    };
    if let Some(tag) = word {
        return Err(Trouble::new(message(), format!("it is written \"{tag}\"")));
    }
    let mut depth = 0_usize;
    for tag in text.chars() {
        match tag {
            '[' if depth == ARRAY_DEPTH_MAX => {
                return Err(Trouble::new(
                    message(),
                    format!("arrays nest at most {ARRAY_DEPTH_MAX} deep"),
                ));
            }
            '[' => depth += 1,
            ']' if depth == 0 => {
                return Err(Trouble::new(message(), "a \"]\" has no \"[\" before it"));
            }
            ']' => depth -= 1,
            'i' | 'f' | 's' | 'b' | 'h' | 't' | 'd' | 'S' | 'c' | 'r' | 'm' | 'T' | 'F' | 'N'
            | 'I' => (),
            _ => {
                let cure = format!(
                    "{} is none of them: i int, f float, s string, b blob, h int64, d \
                    double, T F I N, t S c r m, [ ]",
                    quoted(&tag.to_string())
                );
                return Err(Trouble::new(message(), cure));
            }
        }
    }
    if depth > 0 {
        return Err(Trouble::new(
            message(),
            "the \"[\" is never closed: add \"]\"",
        ));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
#[path = "values_tests.rs"]
mod tests;
