//! `/ch/{n:01..32}/mix/fader`: an address with holes, filled in from captures.
//!
//! A hole declares a capture (`{n:01..32}`: the width of the first number is the zero padding;
//! `{name:*}`: any text of one address part), uses one (`{n}`, `{n:01}` padded), computes with them
//! (`{10*n+4193}`), or looks a text up by position (`{n:1..3=kick|snare|hat}`).

use std::ops::Range;

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

/// What a capture may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// Whole numbers, in the order in which they were written.
    Numbers(Vec<i32>),
    /// Any text of one address part.
    Text,
    /// The number of a bank that the client has chosen, by its place among the banks.
    Bank(usize, Vec<i32>),
    /// The person behind a shared endpoint.
    User,
}

/// One capture of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// What it is called.
    pub name: String,
    /// What it may be.
    pub values: Values,
}

/// The captures of one line, each declared once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures(pub Vec<Capture>);

impl Captures {
    /// The place of a capture.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|capture| capture.name == name)
    }
}

/// A template with its captures resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// A sum of captures times factors, in digits at least `width` long.
    Number {
        terms: Vec<(i64, usize)>,
        offset: i64,
        width: usize,
    },
    /// The text of the position of a capture's number.
    Name {
        capture: usize,
        names: Vec<String>,
    },
    /// A text as it was captured.
    Open(usize),
}

/// What a capture holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Captured<'a> {
    /// A number.
    Number(i32),
    /// A text.
    Text(&'a str),
    /// Nothing yet: an argument brings it.
    Missing,
}

/// What all captures of a line hold.
pub type Held<'a> = [Captured<'a>; MAPPING_CAPTURES_MAX];

/// No capture holds anything.
pub const NOTHING_HELD: Held<'static> = [Captured::Missing; MAPPING_CAPTURES_MAX];

impl Template {
    /// Whether a capture stands in it.
    #[must_use]
    pub fn uses(&self, capture: usize) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Text(_) => false,
            Part::Number { terms, .. } => terms.iter().any(|&(_, used)| used == capture),
            Part::Name { capture: used, .. } | Part::Open(used) => *used == capture,
        })
    }

    /// Whether it holds texts that are not known beforehand.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Open(_)))
    }

    /// Appends the address that the captures make of it; `false`: a capture is missing, or a
    /// number is below zero or not one that has a name.
    pub fn fill(&self, held: &Held<'_>, captures: &Captures, out: &mut Vec<u8>) -> bool {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Number {
                    terms,
                    offset,
                    width,
                } => {
                    let mut sum = *offset;
                    for &(factor, capture) in terms {
                        let Captured::Number(number) = held[capture] else {
                            return false;
                        };
                        sum += factor * i64::from(number);
                    }
                    let Ok(number) = u64::try_from(sum) else {
                        return false;
                    };
                    put_digits(number, *width, out);
                }
                Part::Name { capture, names } => {
                    let (Captured::Number(number), Values::Numbers(values)) =
                        (held[*capture], &captures.0[*capture].values)
                    else {
                        return false;
                    };
                    let Some(at) = values.iter().position(|&value| value == number) else {
                        return false;
                    };
                    out.extend_from_slice(names[at].as_bytes());
                }
                Part::Open(capture) => match held[*capture] {
                    Captured::Text(text) => out.extend_from_slice(text.as_bytes()),
                    Captured::Number(_) | Captured::Missing => return false,
                },
            }
        }
        true
    }

    /// Holds an address against a template with open parts, and captures them and the numbers that
    /// stand beside them. A sum of several captures cannot be read back: it never matches.
    #[must_use]
    pub(super) fn capture<'a>(
        &self,
        address: &'a str,
        captures: &Captures,
        held: &mut Held<'a>,
    ) -> bool {
        let mut rest = address;
        for (n, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(text) => match rest.strip_prefix(text.as_str()) {
                    Some(after) => rest = after,
                    None => return false,
                },
                Part::Open(capture) => {
                    let end = match self.parts.get(n + 1) {
                        Some(Part::Text(next)) => rest.find(next.as_str()),
                        Some(Part::Number { .. } | Part::Name { .. } | Part::Open(_)) => None,
                        None => Some(rest.len()),
                    };
                    let Some(end) = end.filter(|&end| end > 0 && !rest[..end].contains('/')) else {
                        return false;
                    };
                    held[*capture] = Captured::Text(&rest[..end]);
                    rest = &rest[end..];
                }
                Part::Number { .. } | Part::Name { .. } => {
                    let Some((capture, number, after)) = part.number(rest, captures) else {
                        return false;
                    };
                    let number = Captured::Number(number);
                    if held[capture] != Captured::Missing && held[capture] != number {
                        return false;
                    }
                    held[capture] = number;
                    rest = after;
                }
            }
        }
        rest.is_empty()
    }
}

impl Part {
    /// The number that a text begins with, whose it is, and what follows.
    fn number<'a>(&self, text: &'a str, captures: &Captures) -> Option<(usize, i32, &'a str)> {
        let known = |capture: usize| match &captures.0[capture].values {
            Values::Numbers(numbers) => Some(numbers),
            Values::Text | Values::User | Values::Bank(..) => None,
        };
        match self {
            Self::Text(_) | Self::Open(_) => None,
            Self::Number {
                terms,
                offset,
                width,
            } => {
                let [(factor, capture)] = terms[..] else {
                    return None;
                };
                let end = text.bytes().take_while(u8::is_ascii_digit).count();
                let written: u64 = text[..end].parse().ok()?;
                let mut digits = Vec::new();
                put_digits(written, *width, &mut digits);
                let sum = i64::try_from(written).ok()? - offset;
                let whole = factor != 0 && sum % factor == 0 && digits == text.as_bytes()[..end];
                let number = i32::try_from(whole.then(|| sum / factor)?).ok()?;
                let is_one = known(capture)?.contains(&number);
                is_one.then_some((capture, number, &text[end..]))
            }
            Self::Name { capture, names } => {
                let matching = known(*capture)?.iter().zip(names);
                let (number, name) = matching
                    .filter(|(_, name)| text.starts_with(name.as_str()))
                    .max_by_key(|(_, name)| name.len())?;
                Some((*capture, *number, &text[name.len()..]))
            }
        }
    }
}

fn put_digits(number: u64, width: usize, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    let mut rest = number;
    while rest > 0 || at == digits.len() {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).expect("a digit");
        rest /= 10;
    }
    let from = at.min(digits.len() - width.min(digits.len()));
    out.extend_from_slice(&digits[from..]);
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
            if captures.find(name).is_some() {
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
        let message = format!("\"{text}\" is no capture and no sum of captures");
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

fn is_capture_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `01..32` or `1..8,11..18`: the numbers, and the width that the first is written in.
fn parse_ranges(text: &str, whole: &Range<usize>) -> Result<(Vec<i32>, usize), TemplateError> {
    let bad = || {
        let message = format!("\"{text}\" is not a range");
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
            let message = format!("the range \"{range}\" runs backwards");
            let cure = format!("write {high}..{low}");
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
    fn numbers_stand_beside_a_text() {
        let (device, _, captures) = line("/as/{who:*}/{k:1..2=ch|chan}{n:01..12}", "/{k}/{n}");
        let read = |address: &str| {
            let mut held = NOTHING_HELD;
            let fits = device.capture(address, &captures, &mut held);
            fits.then(|| format!("{:?}", &held[..3]))
        };
        assert_eq!(
            read("/as/alice/ch07"),
            Some("[Text(\"alice\"), Number(1), Number(7)]".to_owned())
        );
        assert_eq!(
            read("/as/bob/chan12"),
            Some("[Text(\"bob\"), Number(2), Number(12)]".to_owned())
        );
        for other in [
            "/as/bob/ch7",
            "/as/bob/ch13",
            "/as/bob/ch007",
            "/as/bob/ch",
            "/as//ch07",
        ] {
            assert_eq!(read(other), None, "{other}");
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
