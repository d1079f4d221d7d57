//! The pattern language once more: read into words, and matched by trying every way.

use oscgate::osc::PatternError as Fault;

/// A word of a pattern.
#[derive(Debug)]
pub(super) enum Word {
    Char(char),
    /// `?`
    Any,
    /// `*`
    Star,
    /// `[…]`, or `[!…]` where it is negated.
    Class {
        negated: bool,
        members: Vec<(char, char)>,
    },
    /// `{…}`
    Alternatives(Vec<Vec<char>>),
    /// What follows the first slash of `//`.
    Levels,
    /// The same at the end: whatever lies below.
    Below,
}

/// The words of a pattern, or the first of its faults.
pub(super) fn words(text: &str) -> Result<Vec<Word>, Fault> {
    if !text.starts_with('/') {
        return Err(Fault::NoSlash);
    }
    if text.len() > 255 {
        return Err(Fault::TooLong { bytes: text.len() });
    }
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    if let Some(&(at, _)) = chars.iter().find(|(_, c)| c.is_control()) {
        return Err(Fault::Control { at });
    }
    let mut words = Vec::new();
    let mut left = &chars[..];
    while let Some((&(at, c), rest)) = left.split_first() {
        left = rest;
        let word = match c {
            '?' => Word::Any,
            '*' => Word::Star,
            '[' => class(at, inside(&mut left, at, '[', ']')?)?,
            '{' => {
                let inside = inside(&mut left, at, '{', '}')?;
                let texts = inside.split(|&(_, c)| c == ',');
                Word::Alternatives(
                    texts
                        .map(|text| text.iter().map(|&(_, c)| c).collect())
                        .collect(),
                )
            }
            ']' | '}' => return Err(Fault::Unopened { bracket: c, at }),
            '/' if matches!(left, [(_, '/'), ..]) => {
                words.push(Word::Char('/'));
                while let [(_, '/'), rest @ ..] = left {
                    left = rest;
                }
                match left {
                    [] | [(_, '*')] => {
                        left = &[];
                        Word::Below
                    }
                    _ => Word::Levels,
                }
            }
            c => Word::Char(c),
        };
        words.push(word);
    }
    Ok(words)
}

fn inside<'c>(
    left: &mut &'c [(usize, char)],
    at: usize,
    bracket: char,
    close: char,
) -> Result<&'c [(usize, char)], Fault> {
    let end = left.iter().position(|&(_, c)| c == close);
    let (inside, rest) = left.split_at(end.ok_or(Fault::Unclosed { bracket, at })?);
    *left = &rest[1..];
    for &(at, c) in inside {
        if c == '/' {
            return Err(Fault::SlashInside { at });
        }
        if "?*[]{}".contains(c) {
            return Err(Fault::Nested { at });
        }
    }
    Ok(inside)
}

fn class(at: usize, inside: &[(usize, char)]) -> Result<Word, Fault> {
    let (negated, mut left) = match inside {
        [(_, '!'), rest @ ..] => (true, rest),
        all => (false, all),
    };
    if left.is_empty() {
        return Err(Fault::EmptyClass { at });
    }
    let mut members = Vec::new();
    loop {
        match left {
            [(at, low), (_, '-'), (_, high), rest @ ..] => {
                if low > high {
                    return Err(Fault::ReversedRange { at: *at });
                }
                members.push((*low, *high));
                left = rest;
            }
            [(_, own), rest @ ..] => {
                members.push((*own, *own));
                left = rest;
            }
            [] => return Ok(Word::Class { negated, members }),
        }
    }
}

/// Whether the words match the address.
pub(super) fn matches(words: &[Word], address: &str) -> bool {
    let address: Vec<char> = address.chars().collect();
    let width = address.len() + 1;
    let failed = vec![false; (words.len() + 1) * width];
    Trial { width, failed }.of(words, &address)
}

struct Trial {
    width: usize,
    /// By the lengths of what is left of the words and of the address: what was tried in vain.
    failed: Vec<bool>,
}

impl Trial {
    /// Tries what is left of the words on what is left of the address.
    fn of(&mut self, words: &[Word], address: &[char]) -> bool {
        let Some((word, rest)) = words.split_first() else {
            return address.is_empty();
        };
        let place = words.len() * self.width + address.len();
        if self.failed[place] {
            return false;
        }
        let first = address.first().copied();
        let in_part = first.is_some_and(|c| c != '/');
        let matched = match word {
            Word::Char(c) => first == Some(*c) && self.of(rest, &address[1..]),
            Word::Any => in_part && self.of(rest, &address[1..]),
            Word::Class { negated, members } => {
                let is_member = |c| members.iter().any(|&(low, high)| (low..=high).contains(&c));
                in_part
                    && first.is_some_and(|c| is_member(c) != *negated)
                    && self.of(rest, &address[1..])
            }
            Word::Star => {
                let part = address.iter().take_while(|&&c| c != '/').count();
                (0..=part).any(|taken| self.of(rest, &address[taken..]))
            }
            Word::Alternatives(texts) => texts
                .iter()
                .any(|text| address.starts_with(text) && self.of(rest, &address[text.len()..])),
            Word::Levels => {
                self.of(rest, address)
                    || (0..address.len())
                        .any(|at| address[at] == '/' && self.of(rest, &address[at + 1..]))
            }
            Word::Below => true,
        };
        self.failed[place] = !matched;
        matched
    }
}
