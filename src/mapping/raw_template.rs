//! A template as it is written, its holes read and resolved.
//!
//! A hole declares a capture (`{n:01..32}`: the width of the first number is the zero padding;
//! `{name:*}`: any text of one address part), uses one (`{n}`, `{n:01}` padded), computes with them
//! (`{10*n+4193}`), or looks a text up by position (`{n:1..3=kick|snare|hat}`).

use std::ops::Range;

use super::template::{Capture, Captures, Part, Template, Values};
use crate::limits::{MAPPING_CAPTURES_MAX, MAPPING_VALUES_MAX};

/// What is wrong with a template, and where in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// The bytes of the template at fault.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub cure: String,
}

impl TemplateError {
    fn new(span: Range<usize>, message: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            cure: cure.into(),
        }
    }
}

/// A template as it is written: its holes read, not yet resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawTemplate {
    parts: Vec<RawPart>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum RawPart {
    Text(String),
    Hole(Hole, Range<usize>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Hole {
    terms: Vec<(i64, String)>,
    offset: i64,
    declares: Option<Values>,
    width: usize,
    names: Option<Vec<String>>,
}

impl Hole {
    /// The capture that stands in it alone.
    fn name(&self) -> Option<&str> {
        match (&self.terms[..], self.offset) {
            ([(1, name)], 0) => Some(name),
            _ => None,
        }
    }
}

impl RawTemplate {
    /// Reads the text of a template.
    ///
    /// # Errors
    ///
    /// If a brace is not closed, or what is inside is no hole.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = 0;
        while let Some(open) = text[rest..].find(['{', '}']).map(|at| at + rest) {
            if text[open..].starts_with('}') {
                let cure = "a hole begins with \"{\": {n:1..8}";
                return Err(TemplateError::new(
                    open..open + 1,
                    "this \"}\" has no \"{\" before it",
                    cure,
                ));
            }
            if open > rest {
                parts.push(RawPart::Text(text[rest..open].to_owned()));
            }
            let Some(close) = text[open..].find('}').map(|at| at + open) else {
                let cure = "close it with \"}\"";
                return Err(TemplateError::new(
                    open..text.len(),
                    "this \"{\" is never closed",
                    cure,
                ));
            };
            let hole = parse_hole(&text[open + 1..close], open + 1)?;
            parts.push(RawPart::Hole(hole, open..close + 1));
            rest = close + 1;
        }
        if rest < text.len() {
            parts.push(RawPart::Text(text[rest..].to_owned()));
        }
        Ok(Self { parts })
    }

    /// Adds the captures that it declares.
    ///
    /// # Errors
    ///
    /// If one is declared already, or there are too many.
    pub fn declare(&self, captures: &mut Captures) -> Result<(), TemplateError> {
        for part in &self.parts {
            let RawPart::Hole(hole, span) = part else {
                continue;
            };
            let (Some(values), Some(name)) = (&hole.declares, hole.name()) else {
                continue;
            };
            if let Some(known) = captures.find(name) {
                if let Values::Bank(..) = captures.0[known].values {
                    let message = format!("\"{name}\" is a bank, and has its numbers there");
                    let cure = format!("write {{{name}}}, or call this one otherwise");
                    return Err(TemplateError::new(span.clone(), message, cure));
                }
                let message = format!("the range of \"{name}\" stands twice in this line");
                let cure = format!("write {{{name}}} in one of the two places");
                return Err(TemplateError::new(span.clone(), message, cure));
            }
            if captures.0.len() >= MAPPING_CAPTURES_MAX {
                let message = format!("a line has at most {MAPPING_CAPTURES_MAX} captures");
                return Err(TemplateError::new(
                    span.clone(),
                    message,
                    "write two lines instead",
                ));
            }
            captures.0.push(Capture {
                name: name.to_owned(),
                values: values.clone(),
            });
        }
        Ok(())
    }

    /// Adds the captures that it uses and nobody declares, as texts of one address part.
    pub fn declare_open(&self, captures: &mut Captures) {
        for part in &self.parts {
            if let RawPart::Hole(hole, _) = part
                && let Some(name) = hole.name()
                && captures.find(name).is_none()
                && captures.0.len() < MAPPING_CAPTURES_MAX
            {
                captures.0.push(Capture {
                    name: name.to_owned(),
                    values: Values::Text,
                });
            }
        }
    }

    /// Resolves the names of its captures.
    ///
    /// # Errors
    ///
    /// If one is not declared, or cannot be used so.
    pub fn resolve(&self, captures: &Captures) -> Result<Template, TemplateError> {
        let mut parts = Vec::new();
        for part in &self.parts {
            parts.push(match part {
                RawPart::Text(text) => Part::Text(text.clone()),
                RawPart::Hole(hole, span) => resolve_hole(hole, span, captures)?,
            });
        }
        Ok(Template { parts })
    }
}

fn resolve_hole(
    hole: &Hole,
    span: &Range<usize>,
    captures: &Captures,
) -> Result<Part, TemplateError> {
    let mut terms = Vec::new();
    for (factor, name) in &hole.terms {
        let Some(capture) = captures.find(name) else {
            let message = format!("nothing in this line says what \"{name}\" is");
            let cure = format!("give its range in one place: {{{name}:1..8}}");
            return Err(TemplateError::new(span.clone(), message, cure));
        };
        terms.push((*factor, capture));
    }
    let alone = hole.name().map(|_| terms[0].1);
    let is_text =
        |capture: usize| matches!(captures.0[capture].values, Values::Text | Values::User);
    if let (Some(names), Some(capture)) = (&hole.names, alone) {
        let Values::Numbers(values) = &captures.0[capture].values else {
            let message = "only a number has a name by its position";
            return Err(TemplateError::new(span.clone(), message, "give it a range"));
        };
        if values.len() != names.len() {
            let message = format!("{} numbers and {} names", values.len(), names.len());
            let cure = "give each number of the range one name, with \"|\" between them";
            return Err(TemplateError::new(span.clone(), message, cure));
        }
        return Ok(Part::Name {
            capture,
            names: names.clone(),
        });
    }
    if let Some(capture) = alone
        && is_text(capture)
    {
        return Ok(Part::Open(capture));
    }
    if terms.iter().any(|&(_, capture)| is_text(capture)) {
        let message = "a text cannot be computed with";
        return Err(TemplateError::new(
            span.clone(),
            message,
            "give the capture a range of numbers",
        ));
    }
    Ok(Part::Number {
        terms,
        offset: hole.offset,
        width: hole.width,
    })
}

/// Reads what stands between braces; `at` is where it begins in the template.
fn parse_hole(text: &str, at: usize) -> Result<Hole, TemplateError> {
    let whole = at - 1..at + text.len() + 1;
    let (head, names) = match text.split_once('=') {
        Some((head, names)) => (
            head,
            Some(names.split('|').map(ToOwned::to_owned).collect()),
        ),
        None => (text, None),
    };
    let (expression, spec) = match head.split_once(':') {
        Some((expression, spec)) => (expression, Some(spec)),
        None => (head, None),
    };
    let (terms, offset) = parse_expression(expression, &whole)?;
    let is_bad = |name: &String| name.is_empty() || name.contains(['*', '?', '[', ']']);
    if names.iter().flatten().any(is_bad) {
        let message = "a name in an address is not empty and has no pattern characters";
        let cure = "write them like {n:1..3=kick|snare|hat}";
        return Err(TemplateError::new(whole, message, cure));
    }
    let mut hole = Hole {
        terms,
        offset,
        declares: None,
        width: 0,
        names,
    };
    match spec.map(str::trim) {
        None => {}
        Some("*") => hole.declares = Some(Values::Text),
        Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            hole.width = digits.len();
        }
        Some(ranges) => {
            let (values, width) = parse_ranges(ranges, &whole)?;
            hole.width = width;
            hole.declares = Some(Values::Numbers(values));
        }
    }
    if (hole.declares.is_some() || hole.names.is_some()) && hole.name().is_none() {
        let message = "a range belongs to one capture alone, not to a sum";
        let cure = "give the range where the capture stands by itself: {n:1..8}";
        return Err(TemplateError::new(whole, message, cure));
    }
    if hole.declares == Some(Values::Text) && hole.name() == Some("user") {
        hole.declares = Some(Values::User);
    }
    Ok(hole)
}

type Expression = (Vec<(i64, String)>, i64);

fn parse_expression(text: &str, whole: &Range<usize>) -> Result<Expression, TemplateError> {
    let bad = || {
        let message = if text.trim().is_empty() {
            "there is no capture between these braces".to_owned()
        } else {
            format!("\"{text}\" is no capture and no sum of captures")
        };
        let cure = "write {n:1..8}, {n}, or a sum such as {10*n+4193}";
        TemplateError::new(whole.clone(), message, cure)
    };
    let (mut terms, mut offset) = (Vec::new(), 0_i64);
    let mut rest = text.trim();
    let mut sign = 1;
    loop {
        let end = rest.find(['+', '-']).unwrap_or(rest.len());
        let term = rest[..end].trim();
        let (number, name) = match term.split_once('*') {
            Some((a, b)) => {
                let (a, b) = (a.trim(), b.trim());
                let (number, name) = if a.parse::<i64>().is_ok() {
                    (a, b)
                } else {
                    (b, a)
                };
                (number.parse::<i64>().map_err(|_| bad())?, Some(name))
            }
            None => match term.parse::<i64>() {
                Ok(number) => (number, None),
                Err(_) => (1, Some(term)),
            },
        };
        if !(-1_000_000..=1_000_000).contains(&number) {
            return Err(bad());
        }
        match name {
            Some(name) if is_capture_name(name) => terms.push((sign * number, name.to_owned())),
            Some(_) => return Err(bad()),
            None => offset += sign * number,
        }
        let Some(next) = rest[end..].chars().next() else {
            break;
        };
        sign = if next == '-' { -1 } else { 1 };
        rest = &rest[end + 1..];
    }
    if terms.is_empty() {
        return Err(bad());
    }
    Ok((terms, offset))
}

/// Whether a capture may have this name.
#[must_use]
pub fn is_capture_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `01..32` or `1..8,11..18`: the numbers, and the width that the first is written in.
fn parse_ranges(text: &str, whole: &Range<usize>) -> Result<(Vec<i32>, usize), TemplateError> {
    let bad = || {
        let message = if text.is_empty() {
            "there is no range after the \":\"".to_owned()
        } else {
            format!("\"{text}\" is not a range")
        };
        let cure = "write the first and the last number: {n:1..8}, or {n:01..32} with zeros";
        TemplateError::new(whole.clone(), message, cure)
    };
    let mut values: Vec<i32> = Vec::new();
    let mut width = 0;
    for range in text.split(',') {
        let (first, last) = range.trim().split_once("..").unwrap_or((range, range));
        let (first, last) = (first.trim(), last.trim());
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(first) || !digits(last) {
            return Err(bad());
        }
        if values.is_empty() && first.len() > 1 && first.starts_with('0') {
            width = first.len();
        }
        let (low, high) = (
            first.parse::<i32>().map_err(|_| bad())?,
            last.parse::<i32>().map_err(|_| bad())?,
        );
        if low > high {
            let message = format!("the range \"{}\" runs backwards", range.trim());
            let wide = last.len() > 1 && last.starts_with('0') || first.starts_with('0');
            let width = if wide { first.len().max(last.len()) } else { 0 };
            let cure = format!("write {high:0width$}..{low}");
            return Err(TemplateError::new(whole.clone(), message, cure));
        }
        let count = values.len() + usize::try_from(high - low).expect("not negative") + 1;
        if count > MAPPING_VALUES_MAX {
            let message = format!("a capture has at most {MAPPING_VALUES_MAX} values");
            return Err(TemplateError::new(
                whole.clone(),
                message,
                "narrow the range",
            ));
        }
        values.extend(low..=high);
    }
    Ok((values, width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::template::{Captured, NOTHING_HELD};

    fn line(device: &str, gateway: &str) -> (Template, Template, Captures) {
        let (device, gateway) = (
            RawTemplate::parse(device).unwrap(),
            RawTemplate::parse(gateway).unwrap(),
        );
        let mut captures = Captures::default();
        device.declare(&mut captures).unwrap();
        gateway.declare(&mut captures).unwrap();
        (
            device.resolve(&captures).unwrap(),
            gateway.resolve(&captures).unwrap(),
            captures,
        )
    }

    fn filled(template: &Template, captures: &Captures, numbers: &[i32]) -> Option<String> {
        let mut held = NOTHING_HELD;
        for (at, &number) in numbers.iter().enumerate() {
            held[at] = Captured::Number(number);
        }
        let mut out = Vec::new();
        template
            .fill(&held, captures, &mut out)
            .then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_first_number_says_how_wide_all_are() {
        let (device, gateway, captures) = line("/ch/{n:01..32}/mix/fader", "/mixer/fader/{n}");
        assert_eq!(
            filled(&device, &captures, &[7]).unwrap(),
            "/ch/07/mix/fader"
        );
        assert_eq!(filled(&gateway, &captures, &[7]).unwrap(), "/mixer/fader/7");
        let (device, _, captures) = line("/headamp/{n:000..127}", "/g/{n}");
        assert_eq!(filled(&device, &captures, &[0]).unwrap(), "/headamp/000");
        let (device, _, captures) = line("/dca/{n:1..8}", "/g/{n}");
        assert_eq!(filled(&device, &captures, &[8]).unwrap(), "/dca/8");
    }

    #[test]
    fn sums_and_names() {
        let (device, gateway, captures) =
            line("/Mx/fader/{10*n+4193}", "/light/{n:1..2=front|back}");
        assert_eq!(filled(&device, &captures, &[2]).unwrap(), "/Mx/fader/4213");
        assert_eq!(filled(&gateway, &captures, &[2]).unwrap(), "/light/back");
        let (device, _, captures) = line("/a/{n-1:02}", "/b/{n:0..3}");
        assert_eq!(filled(&device, &captures, &[3]).unwrap(), "/a/02");
        assert_eq!(filled(&device, &captures, &[0]), None);
    }

    #[test]
    fn a_text_is_captured_up_to_the_next_slash() {
        let (device, _, captures) = line("/cue/{id:*}/start", "/cue/{id}");
        let mut held = NOTHING_HELD;
        assert!(device.capture("/cue/12.5/start", &captures, &mut held));
        assert_eq!(held[0], Captured::Text("12.5"));
        for other in [
            "/cue//start",
            "/cue/a/b/start",
            "/cue/a",
            "/cue/a/start/x",
            "/x",
        ] {
            let mut held = NOTHING_HELD;
            assert!(!device.capture(other, &captures, &mut held), "{other}");
        }
    }

    #[test]
    fn numbers_beside_a_text_are_captured_too() {
        let (device, _, captures) = line(
            "/user/{user:*}/fader/{n:01..12}/{k:1..2=a|ab}",
            "/f/{n}/{k}",
        );
        let mut held = NOTHING_HELD;
        assert!(device.capture("/user/alice/fader/03/ab", &captures, &mut held));
        let found = [
            Captured::Text("alice"),
            Captured::Number(3),
            Captured::Number(2),
        ];
        assert_eq!(held[..3], found);
        for other in [
            "/user/alice/fader/3/a",
            "/user/alice/fader/13/a",
            "/user/alice/fader/003/a",
            "/user/alice/fader/03/c",
            "/user/alice/fader/03/abc",
            "/user//fader/03/a",
        ] {
            let mut held = NOTHING_HELD;
            assert!(!device.capture(other, &captures, &mut held), "{other}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        for (text, span) in [
            ("/a/{n", 3..5),
            ("/a/n}", 4..5),
            ("/a/{}", 3..5),
            ("/a/{n:4..1}", 3..11),
            ("/a/{n+1:1..4}", 3..13),
            ("/a/{n:a..b}", 3..11),
            ("/a/{1}", 3..6),
        ] {
            assert_eq!(RawTemplate::parse(text).unwrap_err().span, span, "{text}");
        }
        let twice = RawTemplate::parse("/{n:1..2}/{n:1..3}").unwrap();
        assert_eq!(
            twice.declare(&mut Captures::default()).unwrap_err().span,
            10..18
        );
        let unknown = RawTemplate::parse("/{m}").unwrap();
        assert_eq!(
            unknown.resolve(&Captures::default()).unwrap_err().span,
            1..4
        );
    }
}
