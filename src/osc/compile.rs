//! A pattern's text into the steps that match it, or what is wrong with the text.

use super::address::is_pattern_byte;
use super::pattern::{Shape, Step, Test};
use super::states::States;
use crate::limits::ADDRESS_BYTES_MAX;

/// Reads a pattern from `at` on, where its first pattern character stands.
pub(super) struct Compiler<'t> {
    text: &'t str,
    at: usize,
    pub(super) steps: Vec<Step>,
    pub(super) ranges: Vec<(char, char)>,
}

impl<'t> Compiler<'t> {
    pub(super) const fn new(text: &'t str, at: usize) -> Self {
        Self {
            text,
            at,
            steps: Vec::new(),
            ranges: Vec::new(),
        }
    }

    pub(super) fn compile(&mut self) -> Result<(), PatternError> {
        while let Some(c) = self.peek() {
            let at = self.at;
            match c {
                '?' => self.single(Test::Any),
                '*' => self.single(Test::Star),
                '[' => self.class()?,
                '{' => self.alternatives()?,
                ']' | '}' => return Err(PatternError::Unopened { bracket: c, at }),
                '/' if self.text[..at].ends_with('/') => self.levels(),
                _ => self.single(Test::Char(c)),
            }
        }
        Ok(())
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// A step that one character of the text stands for.
    fn single(&mut self, test: Test) {
        self.at += self.peek().map_or(0, char::len_utf8);
        self.push(test);
    }

    fn push(&mut self, test: Test) {
        let next = short(self.steps.len() + 1);
        self.steps.push(Step { test, next });
    }

    /// From the second slash of `//` on.
    fn levels(&mut self) {
        let rest = self.text[self.at..].trim_start_matches('/');
        if rest.is_empty() || rest == "*" {
            self.at = self.text.len();
            self.push(Test::Rest);
        } else {
            self.at = self.text.len() - rest.len();
            self.push(Test::Levels);
        }
    }

    /// What stands between the bracket at `self.at` and its `close`; goes past both.
    fn inside(&mut self, open: char, close: char) -> Result<&str, PatternError> {
        let unclosed = PatternError::Unclosed {
            bracket: open,
            at: self.at,
        };
        let from = self.at + 1;
        let length = self.text[from..].find(close).ok_or(unclosed)?;
        let inside = &self.text[from..from + length];
        for (at, c) in inside.bytes().enumerate() {
            if c == b'/' {
                return Err(PatternError::SlashInside { at: from + at });
            }
            if is_pattern_byte(c) {
                return Err(PatternError::Nested { at: from + at });
            }
        }
        self.at = from + length + 1;
        Ok(inside)
    }

    fn class(&mut self) -> Result<(), PatternError> {
        let open_at = self.at;
        let inside = self.inside('[', ']')?.to_owned();
        let (negated, members) = match inside.strip_prefix('!') {
            Some(members) => (true, members),
            None => (false, inside.as_str()),
        };
        if members.is_empty() {
            return Err(PatternError::EmptyClass { at: open_at });
        }
        let from = short(self.ranges.len());
        let mut chars = members.chars();
        while let Some(low) = chars.next() {
            let mut ahead = chars.clone();
            let range_end = if ahead.next() == Some('-') {
                ahead.next()
            } else {
                None
            };
            let Some(high) = range_end else {
                self.ranges.push((low, low));
                continue;
            };
            if high < low {
                let at = self.at - 1 - chars.as_str().len() - low.len_utf8();
                return Err(PatternError::ReversedRange { at });
            }
            self.ranges.push((low, high));
            chars = ahead;
        }
        let to = short(self.ranges.len());
        self.push(Test::Class { negated, from, to });
        Ok(())
    }

    fn alternatives(&mut self) -> Result<(), PatternError> {
        let inside = self.inside('{', '}')?.to_owned();
        // Each alternative is a fork, its characters, and a way to the end of them all, which is
        // known only when the last one is there.
        let mut forks = Vec::new();
        for alternative in inside.split(',') {
            forks.push(self.steps.len());
            let other = short(self.steps.len() + 1 + alternative.chars().count());
            self.push(Test::Fork { other });
            for c in alternative.chars() {
                self.push(Test::Char(c));
            }
        }
        let end = self.steps.len();
        for (index, &fork) in forks.iter().enumerate() {
            let after = forks.get(index + 1).copied().unwrap_or(end);
            self.steps[after - 1].next = short(end);
            if after == end {
                // There is no other to turn to.
                let other = self.steps[fork].next;
                self.steps[fork].test = Test::Fork { other };
            }
        }
        Ok(())
    }
}

fn short(number: usize) -> u8 {
    u8::try_from(number).expect("each step and range stands for a byte of a pattern that is short")
}

/// Where the literal text begins that follows the last pattern character.
pub(super) fn suffix_at(text: &str) -> usize {
    if text.ends_with("//") {
        return text.len();
    }
    let after_special = text
        .bytes()
        .rposition(is_pattern_byte)
        .map_or(0, |at| at + 1);
    let last_slash_of_levels = text.rfind("//").map_or(0, |at| at + 1);
    after_special.max(last_slash_of_levels)
}

pub(super) fn shape_of(steps: &[Step]) -> Shape {
    if let [
        Step {
            test: Test::Rest, ..
        },
    ] = steps
    {
        return Shape::Below;
    }
    let glob = steps.iter().all(|step| match step.test {
        Test::Char(_) | Test::Any | Test::Class { .. } | Test::Star => true,
        Test::Levels | Test::Rest | Test::Fork { .. } => false,
    });
    if glob { Shape::Glob } else { Shape::General }
}

/// For each step the states that one is in on coming to it: itself, and what follows where it may
/// take nothing. From the last to the first, because steps lead forward only.
pub(super) fn reached_by(steps: &[Step]) -> Vec<States> {
    let mut reached = vec![States::NONE; steps.len() + 1];
    reached[steps.len()] = States::one(steps.len());
    for (state, step) in steps.iter().enumerate().rev() {
        let next = reached[usize::from(step.next)];
        reached[state] = match step.test {
            Test::Char(_) | Test::Any | Test::Class { .. } => States::one(state),
            Test::Star | Test::Levels | Test::Rest => next.with(States::one(state)),
            Test::Fork { other } => next.with(reached[usize::from(other)]),
        };
    }
    reached
}

/// Why a text is no address pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It does not begin with `/`.
    #[error("an address pattern begins with `/`")]
    NoSlash,
    /// It is longer than [`ADDRESS_BYTES_MAX`].
    #[error("an address pattern has at most {ADDRESS_BYTES_MAX} bytes, this one has {bytes}")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// It holds a control character.
    #[error("a control character at byte {at} of the pattern")]
    Control {
        /// Where, in bytes from its beginning; so for all that follow.
        at: usize,
    },
    /// A `[` or `{` is not closed.
    #[error("`{bracket}` at byte {at} of the pattern is not closed")]
    Unclosed {
        /// Which bracket.
        bracket: char,
        /// Where it stands.
        at: usize,
    },
    /// A `]` or `}` closes nothing.
    #[error("`{bracket}` at byte {at} of the pattern closes nothing")]
    Unopened {
        /// Which bracket.
        bracket: char,
        /// Where it stands.
        at: usize,
    },
    /// A pattern character stands inside `[ ]` or `{ }`.
    #[error("byte {at} of the pattern is a pattern character inside `[ ]` or `{{ }}`")]
    Nested {
        /// Where it stands.
        at: usize,
    },
    /// A `/` stands inside `[ ]` or `{ }`, which cannot go past the end of a part.
    #[error("byte {at} of the pattern is a `/` inside `[ ]` or `{{ }}`")]
    SlashInside {
        /// Where it stands.
        at: usize,
    },
    /// `[]` or `[!]`: no character is of this class.
    #[error("the class at byte {at} of the pattern is empty")]
    EmptyClass {
        /// Where its `[` stands.
        at: usize,
    },
    /// A range such as `z-a`.
    #[error("the range at byte {at} of the pattern runs backwards")]
    ReversedRange {
        /// Where its first character stands.
        at: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::osc::Pattern;

    #[test]
    fn a_bad_pattern_says_what_is_wrong_and_where() {
        use PatternError as E;
        for (text, error) in [
            ("", E::NoSlash),
            ("a", E::NoSlash),
            ("*", E::NoSlash),
            ("/a\n", E::Control { at: 2 }),
            (
                "/ü/[ab",
                E::Unclosed {
                    bracket: '[',
                    at: 4,
                },
            ),
            (
                "/a{b,c",
                E::Unclosed {
                    bracket: '{',
                    at: 2,
                },
            ),
            (
                "/a]",
                E::Unopened {
                    bracket: ']',
                    at: 2,
                },
            ),
            (
                "/*}",
                E::Unopened {
                    bracket: '}',
                    at: 2,
                },
            ),
            ("/{a,{b}}", E::Nested { at: 4 }),
            ("/{a*}", E::Nested { at: 3 }),
            ("/{a,[b]}", E::Nested { at: 4 }),
            ("/[[a]", E::Nested { at: 2 }),
            ("/[?]", E::Nested { at: 2 }),
            ("/[a/b]", E::SlashInside { at: 3 }),
            ("/{a/b}", E::SlashInside { at: 3 }),
            ("/a[]", E::EmptyClass { at: 2 }),
            ("/a[!]", E::EmptyClass { at: 2 }),
            ("/[z-a]", E::ReversedRange { at: 2 }),
            ("/[!xü-a]", E::ReversedRange { at: 4 }),
        ] {
            assert_eq!(Pattern::compile(text).unwrap_err(), error, "{text}");
        }
        let long = format!("/{}", "*".repeat(ADDRESS_BYTES_MAX));
        assert_eq!(
            Pattern::compile(&long).unwrap_err(),
            E::TooLong { bytes: 256 }
        );
        assert_eq!(
            E::Nested { at: 4 }.to_string(),
            "byte 4 of the pattern is a pattern character inside `[ ]` or `{ }`"
        );
    }
}
