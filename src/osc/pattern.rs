//! Address patterns: OSC 1.0, and `//` of OSC 1.1; our own, because rosc's matcher departs from it.

use std::str::Chars;

use super::address::pattern_at;
use super::compile::{Compiler, PatternError, reached_by, shape_of, suffix_at};
use super::states::States;
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
    pub fn as_str(&self) -> &str {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rosc::address::{Matcher, OscAddress};

    use super::*;
    use crate::osc::tried::{loosened, patterns, tried};

    #[test]
    fn the_words_of_the_pattern_language_match_what_they_say() {
        for (pattern, good, bad) in [
            ("/a", "/a", "/b /aa /a/ /a/b / /A"),
            ("/a?c", "/abc /aüc /a?c", "/ac /a/c /abbc"),
            ("/*", "/ /a /abc", "/a/b /a/"),
            ("/a/*", "/a/ /a/b", "/a /a/b/c /b/b"),
            ("/*/b", "//b /a/b", "/b /a/c /a/x/b"),
            ("/a*b", "/ab /axb /abab", "/a/b /aba /a"),
            ("/*a*b*c", "/abc /xaxbxc /aabbcc /abcbc", "/acb /a/bc /abcd"),
            ("/**", "/ /ab", "/a/b"),
            ("/*?", "/a /ab", "/ /a/"),
            ("/?*", "/a /ab", "/ /a/"),
            (
                "/ch/[0-9][0-9]/on",
                "/ch/07/on",
                "/ch/7/on /ch/007/on /ch/0x/on",
            ),
            ("/[abc-]", "/a /c /-", "/d /ab /"),
            ("/[-a]", "/- /a", "/b"),
            ("/[!a-c]", "/d /- /ü /!", "/a /b /c / // /de"),
            ("/[a!]", "/a /!", "/b"),
            ("/[!!]", "/a", "/!"),
            ("/[a-a]", "/a", "/b /-"),
            ("/[a-c-e]", "/b /- /e", "/d"),
            ("/[à-ü]", "/é /ü", "/e /z"),
            ("/x[+-9]y", "/x5y /x+y /x.y", "/x/y"),
            ("/x[!5]y", "/x4y", "/x5y /x/y"),
            ("/{foo,bar}", "/foo /bar", "/fo /foobar /foo,bar /baz"),
            ("/{a,ab}c", "/ac /abc", "/bc /abbc /aabc"),
            ("/{ab,a}bc", "/abbc /abc", "/bc"),
            ("/{,x}y", "/y /xy", "/xxy /x"),
            ("/{x,}y", "/y /xy", "/xxy /x"),
            ("/{x}", "/x", "/ /xx"),
            ("/a{}b", "/ab", "/a /b"),
            ("/{,}", "/", "/a"),
            ("/{a,b}*{a,b}", "/ab /axb /aab", "/a /b /xab"),
            ("/{é,x}z", "/éz /xz", "/ez"),
        ] {
            check(pattern, good, bad);
        }
    }

    #[test]
    fn two_slashes_span_any_number_of_levels() {
        for (pattern, good, bad) in [
            (
                "/a//b",
                "/a/b /a/x/b /a/x/y/b /a/b/b",
                "/ab /a/xb /a/x/bc /b /a/ /x/a/b",
            ),
            ("//*", "/a /a/b /a/b/c /", "a"),
            ("//b", "/b /a/b /x/y/b", "/ab /b/a"),
            ("//", "/ /a /a/b", "a"),
            ("/a//", "/a/b /a/b/c /a/", "/a /ab /b/a"),
            ("/a//*", "/a/b /a/b/c /a/", "/a /ab /b/a"),
            ("/a///b", "/a/b /a/x/b", "/ab /a/x/c"),
            ("/a////", "/a/b /a/b/c", "/a"),
            ("//a//b//", "/a/b/c /x/a/y/b/z/w", "/a/b /x/b/a/z /a/c"),
            ("//a*/b", "/ab/b /x/a/b /a/a/b", "/a/x/b /xa/b"),
            ("//{a,b}//c", "/a/c /x/b/y/c", "/c /x/c"),
            ("/*//*x", "/a/x /a/b/xx", "/x /a/b/y"),
            ("/a*//", "/ab/c /a/", "/ab"),
        ] {
            check(pattern, good, bad);
        }
    }

    #[test]
    fn where_rosc_departs_from_osc_this_matcher_does_not() {
        for (pattern, address, matched) in [
            ("/[0-9]", "/123", false),
            ("/[0-9]x", "/12x", false),
            ("/[a-z]/on", "/ab/on", false),
            ("/[!x]", "/a/b", false),
            ("/[!x]", "/abc", false),
            ("/foo*", "/foo", true),
            ("/foo*/bar", "/foo/bar", true),
            ("/{a,ab}c", "/abc", true),
            ("/*{a,b}c*", "/acb", true),
            ("/*a*", "/a", true),
            ("/[a-a]", "/a", true),
            ("/{,a}b", "/b", true),
            ("/a//b", "/a/b", true),
        ] {
            assert_eq!(
                Pattern::compile(pattern).unwrap().matches(address),
                matched,
                "{pattern}"
            );
            let plain = OscAddress::new(address.to_owned()).unwrap();
            let theirs = Matcher::new(pattern).is_ok_and(|matcher| matcher.match_address(&plain));
            assert_ne!(theirs, matched, "rosc has learned {pattern} for {address}");
        }
    }

    #[test]
    fn a_plain_address_is_a_literal_and_a_pattern_says_how_its_matches_begin() {
        for (text, literal, prefix) in [
            ("/ch/01/mix", true, "/ch/01/mix"),
            ("/a-b!c,d #", true, "/a-b!c,d #"),
            ("/ch/*/mix", false, "/ch/"),
            ("/ü{a,b}", false, "/ü"),
            ("/a//b", false, "/a/"),
            ("//*", false, "/"),
            ("/a[b]", false, "/a"),
        ] {
            let pattern = Pattern::compile(text).unwrap();
            assert_eq!(pattern.as_str(), text);
            assert_eq!(pattern.literal(), literal);
            assert_eq!(pattern.prefix(), prefix);
        }
    }

    #[test]
    fn the_longest_patterns_fit_and_stay_quick() {
        let address = format!("/{}", "a".repeat(ADDRESS_BYTES_MAX - 1));
        let filled = |unit: &str, end: &str| {
            let times = (ADDRESS_BYTES_MAX - 1 - end.len()) / unit.len();
            let pattern = Pattern::compile(&format!("/{}{end}", unit.repeat(times))).unwrap();
            // Backtracking through every star, fork or level would not end in this century.
            pattern.matches(&address)
        };
        assert!(filled("*", ""));
        assert!(filled("*a", "*"));
        assert!(!filled("*a", "*b"));
        assert!(!filled("*a", "*b*"));
        assert!(!filled("{a,aa}", "b*"));
        assert!(filled("{,a}", "*"));
        assert!(!filled("{,a}", ""));
        assert!(!filled("*{a,}", "b{,c}"));
        assert!(!filled("/*a", "{b,c}*"));
        assert!(filled("?", ""));
        assert!(filled("[a]", "*"));
        assert!(!filled("{,}", ""));

        let deep = "/a".repeat(127);
        let deep_pattern = Pattern::compile(&format!("{}//b*", "//a*".repeat(62))).unwrap();
        assert!(!deep_pattern.matches(&deep));
        assert!(deep_pattern.matches(&format!("{}/b", "/a".repeat(126))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn it_matches_what_trying_every_way_matches(
            pattern in patterns(),
            address in "(/[ab,!é-]{1,3}){1,4}/?",
        ) {
            let compiled = Pattern::compile(&pattern).unwrap();
            prop_assert_eq!(compiled.matches(&address), tried(&pattern, &address));
        }

        #[test]
        fn a_pattern_made_from_an_address_matches_it(
            (address, pattern) in "(/[ab]{1,3}){1,4}".prop_flat_map(|address| {
                let pattern = loosened(&address);
                (Just(address), pattern)
            }),
        ) {
            prop_assert!(Pattern::compile(&pattern).unwrap().matches(&address));
            prop_assert!(tried(&pattern, &address));
        }

        #[test]
        fn any_text_is_a_pattern_or_a_fault(
            text in "/[ab/?*\\[\\]{}!,-]{0,10}",
            address in "(/[ab]{1,2}){1,3}",
        ) {
            if let Ok(pattern) = Pattern::compile(&text) {
                prop_assert_eq!(pattern.matches(&address), tried(&text, &address));
                prop_assert_eq!(pattern.literal(), !crate::osc::is_pattern(&text));
                prop_assert!(!pattern.matches(&address) || address.starts_with(pattern.prefix()));
                prop_assert!(!pattern.literal() || pattern.matches(&text));
            }
        }

        #[test]
        fn noise_is_no_panic(text in "\\PC{0,300}", address in "\\PC{0,40}") {
            if let Ok(pattern) = Pattern::compile(&text) {
                let _ = pattern.matches(&address);
            }
            if let Ok(pattern) = Pattern::compile(&format!("/{text}")) {
                let _ = pattern.matches(&format!("/{address}"));
            }
        }
    }

    fn check(pattern: &str, good: &str, bad: &str) {
        let compiled = Pattern::compile(pattern).unwrap();
        for (addresses, matched) in [(good, true), (bad, false)] {
            for address in addresses.split(' ') {
                assert_eq!(compiled.matches(address), matched, "{pattern} on {address}");
                assert_eq!(
                    tried(pattern, address),
                    matched,
                    "{pattern} on {address}, tried"
                );
            }
        }
    }
}
