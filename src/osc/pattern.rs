//! Address patterns: OSC 1.0, and `//` of OSC 1.1; our own, because rosc's matcher departs from it.

use std::str::Chars;

use super::address::pattern_at;
use super::compile::{Compiler, PatternError, reached_by, shape_of, suffix_at};
use crate::limits::ADDRESS_BYTES_MAX;

/// A compiled address pattern.
///
/// | Written | Matches |
/// |---|---|
/// | `?` | one character, not `/` |
/// | `*` | any run of characters of one part, the empty one too |
/// | `[a-z_]` | one character of the class; `-` at its beginning or end stands for itself |
/// | `[!a-z]` | one character that is not of the class, and not `/` |
/// | `{foo,bar}` | one of these plain texts, whichever lets the rest match; one may be empty |
/// | `//` | any number of levels, none too: `/a//b` matches `/a/b` and `/a/x/y/b` |
/// | `//` at the end | whatever lies below: `/a//` is the same as `/a//*`, and does not match `/a` |
///
/// More than two slashes are the same as two. Only `//` goes past the end of a part. A plain
/// address is a pattern that matches itself. Matching takes at most the product of both lengths in
/// steps, whatever the pattern, and no memory.
///
/// ```
/// let pattern = oscgate::osc::Pattern::compile("/ch/[0-9]/{mix,eq}/*").expect("a good pattern");
/// assert!(pattern.matches("/ch/3/mix/fader"));
/// assert!(!pattern.matches("/ch/13/mix/fader"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: Box<str>,
    /// How long the literal text is that every match begins with.
    prefix_bytes: usize,
    /// Where the literal text begins that every match ends with.
    suffix_at: usize,
    /// What follows the prefix.
    steps: Vec<Step>,
    /// The classes' ranges, both ends included.
    ranges: Vec<(char, char)>,
    shape: Shape,
    /// For [`Shape::General`]: the states that one is in on coming to a step; last, the end.
    reached: Vec<States>,
}

/// How a pattern is matched: the cheapest way that is right for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// No pattern characters.
    Literal,
    /// A literal text, and whatever follows.
    Below,
    /// Neither `//` nor alternatives.
    Glob,
    /// Anything.
    General,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) test: Test,
    /// The step that follows; for the last one of all, the number of steps.
    pub(super) next: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// This character.
    Char(char),
    /// `?`
    Any,
    /// `[...]`, its ranges by their place in [`Pattern::ranges`].
    Class { negated: bool, from: u8, to: u8 },
    /// `*`
    Star,
    /// What follows the first slash of `//`.
    Levels,
    /// `//` at the end of the pattern, after its first slash.
    Rest,
    /// An alternative begins; `other` is where the next one begins.
    Fork { other: u8 },
}

// Each step stands for at least one byte of the pattern, so steps, ranges and the end are counted
// in a u8, and the states fit in four words.
const _: () = assert!(ADDRESS_BYTES_MAX < States::COUNT && States::COUNT == u8::MAX as usize + 1);

impl Pattern {
    /// Compiles a pattern or a plain address.
    ///
    /// # Errors
    ///
    /// What is wrong, and at which byte. A reversed range (`[z-a]`), an empty class, a class or
    /// alternatives with a `/` or another pattern character inside, and a bracket that closes
    /// nothing are faults: each would match other than it looks.
    pub fn compile(text: &str) -> Result<Self, PatternError> {
        if !text.starts_with('/') {
            return Err(PatternError::NoSlash);
        }
        if text.len() > ADDRESS_BYTES_MAX {
            return Err(PatternError::TooLong { bytes: text.len() });
        }
        if let Some(at) = text.find(char::is_control) {
            return Err(PatternError::Control { at });
        }
        let Some(prefix_bytes) = pattern_at(text) else {
            return Ok(Self {
                text: text.into(),
                prefix_bytes: text.len(),
                suffix_at: text.len(),
                steps: Vec::new(),
                ranges: Vec::new(),
                shape: Shape::Literal,
                reached: Vec::new(),
            });
        };
        let mut compiler = Compiler::new(text, prefix_bytes);
        compiler.compile()?;
        let Compiler { steps, ranges, .. } = compiler;
        let shape = shape_of(&steps);
        let reached = if shape == Shape::General {
            reached_by(&steps)
        } else {
            Vec::new()
        };
        let suffix_at = suffix_at(text);
        Ok(Self {
            text: text.into(),
            prefix_bytes,
            suffix_at,
            steps,
            ranges,
            shape,
            reached,
        })
    }

    /// Whether it matches this plain address.
    #[must_use]
    pub fn matches(&self, address: &str) -> bool {
        let Some(rest) = address.strip_prefix(self.prefix()) else {
            return false;
        };
        match self.shape {
            Shape::Literal => rest.is_empty(),
            Shape::Below => true,
            Shape::Glob => address.ends_with(&self.text[self.suffix_at..]) && self.glob(rest),
            Shape::General => address.ends_with(&self.text[self.suffix_at..]) && self.walk(rest),
        }
    }

    /// The pattern as written.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it has no pattern characters, and so matches itself alone.
    #[must_use]
    pub fn literal(&self) -> bool {
        self.shape == Shape::Literal
    }

    /// The literal text before the first pattern character (of `//` it has the first slash). Every
    /// address that matches begins with it.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.text[..self.prefix_bytes]
    }

    /// Without `//` and alternatives a slash of the pattern stands for exactly one of the address,
    /// and within a part it is enough to let the last star take one more character: an earlier one
    /// that took less leaves more room to what follows.
    fn glob(&self, rest: &str) -> bool {
        let mut chars = rest.chars();
        let mut at = 0;
        let mut star: Option<(usize, Chars<'_>)> = None;
        loop {
            let mut ahead = chars.clone();
            match (self.steps.get(at), ahead.next()) {
                (
                    Some(Step {
                        test: Test::Star, ..
                    }),
                    _,
                ) => {
                    at += 1;
                    star = Some((at, chars.clone()));
                    continue;
                }
                (Some(step), Some(c)) if self.takes(step.test, c) => {
                    at += 1;
                    chars = ahead;
                    continue;
                }
                (None, None) => return true,
                (Some(_), Some(_)) | (Some(_), None) | (None, Some(_)) => {}
            }
            let Some((after, left)) = &mut star else {
                return false;
            };
            if left.next().is_none_or(|c| c == '/') {
                return false;
            }
            at = *after;
            chars = left.clone();
        }
    }

    /// All ways to match at once: the set of states after each character.
    fn walk(&self, rest: &str) -> bool {
        let mut states = self.reached[0];
        for c in rest.chars() {
            let mut after = States::NONE;
            for state in states {
                if let Some(step) = self.steps.get(state) {
                    after.add(self.after(state, *step, c));
                }
            }
            if after == States::NONE {
                return false;
            }
            states = after;
        }
        states.has(self.steps.len())
    }

    /// The states that one is in when the step meets this character.
    fn after(&self, state: usize, step: Step, c: char) -> States {
        match step.test {
            Test::Char(_) | Test::Any | Test::Class { .. } if self.takes(step.test, c) => {
                self.reached[usize::from(step.next)]
            }
            Test::Star if c != '/' => self.reached[state],
            Test::Levels if c != '/' => States::one(state),
            Test::Levels | Test::Rest => self.reached[state],
            Test::Char(_) | Test::Any | Test::Class { .. } | Test::Star | Test::Fork { .. } => {
                States::NONE
            }
        }
    }

    /// Whether a step that takes exactly one character takes this one.
    fn takes(&self, test: Test, c: char) -> bool {
        match test {
            Test::Char(own) => c == own,
            Test::Any => c != '/',
            Test::Class { negated, from, to } => {
                let ranges = &self.ranges[usize::from(from)..usize::from(to)];
                c != '/' && negated != ranges.iter().any(|&(low, high)| low <= c && c <= high)
            }
            Test::Star | Test::Levels | Test::Rest | Test::Fork { .. } => false,
        }
    }
}

/// A set of states: a state is the number of the step that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct States([u64; 4]);

impl States {
    pub(super) const COUNT: usize = 256;
    pub(super) const NONE: Self = Self([0; 4]);

    pub(super) const fn one(state: usize) -> Self {
        let mut words = [0; 4];
        words[state / 64] = 1 << (state % 64);
        Self(words)
    }

    pub(super) fn with(mut self, other: Self) -> Self {
        self.add(other);
        self
    }

    fn add(&mut self, other: Self) {
        for (word, more) in self.0.iter_mut().zip(other.0) {
            *word |= more;
        }
    }

    const fn has(self, state: usize) -> bool {
        self.0[state / 64] >> (state % 64) & 1 == 1
    }
}

/// Takes the states out from the lowest to the highest.
impl Iterator for States {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let (index, word) = self
            .0
            .iter_mut()
            .enumerate()
            .find(|(_, word)| **word != 0)?;
        let bit = word.trailing_zeros() as usize;
        *word &= *word - 1;
        Some(index * 64 + bit)
    }
}
