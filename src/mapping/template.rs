//! `/ch/{n:01..32}/mix/fader`: an address with holes, filled in from captures.

use crate::limits::MAPPING_CAPTURES_MAX;

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

impl Capture {
    /// The numbers that it may be.
    fn numbers(&self) -> &[i32] {
        match &self.values {
            Values::Numbers(numbers) | Values::Bank(_, numbers) => numbers,
            Values::Text | Values::User => &[],
        }
    }
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
    pub(super) parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
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
                        let term = factor.checked_mul(i64::from(number));
                        match term.and_then(|term| sum.checked_add(term)) {
                            Some(next) => sum = next,
                            None => return false,
                        }
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
                    // An argument may bring a number where a text may stand.
                    Captured::Number(number) if number >= 0 => {
                        put_digits(u64::from(number.unsigned_abs()), 0, out);
                    }
                    Captured::Number(_) | Captured::Missing => return false,
                },
            }
        }
        true
    }

    /// Holds an address against a template with open parts, and captures them and the numbers
    /// between them; `false`: it is another address.
    #[must_use]
    pub(super) fn capture<'a>(
        &self,
        address: &'a str,
        captures: &Captures,
        held: &mut Held<'a>,
    ) -> bool {
        let mut rest = address;
        for (n, part) in self.parts.iter().enumerate() {
            let (end, found) = match part {
                Part::Text(text) if rest.starts_with(text.as_str()) => (text.len(), None),
                Part::Text(_) => return false,
                Part::Open(capture) => {
                    let end = match self.parts.get(n + 1) {
                        Some(Part::Text(next)) => rest.find(next.as_str()),
                        Some(Part::Number { .. } | Part::Name { .. } | Part::Open(_)) => None,
                        None => Some(rest.len()),
                    };
                    match end.filter(|&end| end > 0 && !rest[..end].contains('/')) {
                        Some(end) => (end, Some((*capture, Captured::Text(&rest[..end])))),
                        None => return false,
                    }
                }
                Part::Number {
                    terms,
                    offset,
                    width,
                } => {
                    let end = rest.bytes().take_while(u8::is_ascii_digit).count();
                    let [(factor, capture)] = terms[..] else {
                        return false;
                    };
                    let sum = read_digits(&rest[..end], *width);
                    let known = captures.0[capture].numbers().iter().find(|&&number| {
                        let term = factor.checked_mul(i64::from(number));
                        let known = term.and_then(|term| term.checked_add(*offset));
                        sum == known.and_then(|known| u64::try_from(known).ok())
                    });
                    match (sum, known) {
                        (Some(_), Some(&number)) => {
                            (end, Some((capture, Captured::Number(number))))
                        }
                        _ => return false,
                    }
                }
                Part::Name { capture, names } => {
                    let numbers = captures.0[*capture].numbers().iter().zip(names);
                    let named = numbers.filter(|(_, name)| rest.starts_with(name.as_str()));
                    match named.max_by_key(|(_, name)| name.len()) {
                        Some((&number, name)) => {
                            (name.len(), Some((*capture, Captured::Number(number))))
                        }
                        None => return false,
                    }
                }
            };
            if let Some((capture, found)) = found {
                if !matches!(held[capture], Captured::Missing) && held[capture] != found {
                    return false;
                }
                held[capture] = found;
            }
            rest = &rest[end..];
        }
        rest.is_empty()
    }

    /// What it looks like, with its holes as they were declared: two that look the same are the
    /// same addresses.
    #[must_use]
    pub(super) fn shape(&self, captures: &Captures) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Open(_) => "{*}".to_owned(),
            Part::Number {
                terms,
                offset,
                width,
            } => {
                let known = terms
                    .iter()
                    .map(|&(factor, capture)| (factor, captures.0[capture].numbers()));
                format!("{{{offset}:{width}{:?}}}", known.collect::<Vec<_>>())
            }
            Part::Name { names, .. } => format!("{{{}}}", names.join("|")),
        };
        self.parts.iter().map(part).collect()
    }

    /// Whether one number in it is a sum of several captures, which cannot be read back.
    #[must_use]
    pub(super) fn is_ambiguous(&self) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| matches!(part, Part::Number { terms, .. } if terms.len() != 1))
    }
}

/// The number that digits are if they are written as `put_digits` writes it.
fn read_digits(digits: &str, width: usize) -> Option<u64> {
    let number: u64 = digits.parse().ok()?;
    let least = number.checked_ilog10().map_or(1, |log| log as usize + 1);
    (digits.len() == least.max(width)).then_some(number)
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
