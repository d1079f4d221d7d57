//! Patterns built from decisions, each with an address that it matches; then both nearly so.

use crate::bytes::Bytes;

/// What names are made of: few letters, so that they meet, and some that mean more in brackets.
const LETTERS: &[char] = &['a', 'b', 'c', 'é', '-', '!', ',', '1', ' ', '#'];

/// A pattern and an address.
pub(super) struct Pair {
    pub(super) pattern: String,
    pub(super) address: String,
    /// The address was made to match, and was not touched since.
    pub(super) is_match: bool,
}

impl Pair {
    pub(super) fn new(way: u8, from: &mut Bytes<'_>) -> Self {
        let mut pair = Self {
            pattern: String::new(),
            address: String::new(),
            is_match: true,
        };
        for _ in 0..=from.below(4) {
            pair.slashes(from);
            for _ in 0..from.below(5) {
                pair.word(from);
            }
        }
        if way == 7 {
            pair.repeat(from);
        }
        if from.one_in(4) {
            pair.pattern.push_str("//");
            pair.address.push('/');
            pair.address.push_str(from.one_of(&["", "a", "a/b", "/"]));
        }
        if way < 4 {
            for _ in 0..from.below(3) {
                let changed = change(from, &pair.address, LETTERS);
                pair.is_match &= changed == pair.address;
                pair.address = changed;
            }
        }
        if way < 2 {
            const MARKS: &[char] = &['?', '*', '[', ']', '{', '}', '/', '!', '-', ',', 'b', '\n'];
            for _ in 0..from.below(3) {
                pair.pattern = change(from, &pair.pattern, MARKS);
                pair.is_match = false;
            }
        }
        pair
    }

    fn slashes(&mut self, from: &mut Bytes<'_>) {
        let choice = from.below(8);
        self.pattern
            .push_str(["/", "/", "/", "/", "/", "//", "//", "///"][choice]);
        self.address.push('/');
        if choice > 4 {
            self.address
                .push_str(from.one_of(&["", "a/", "b/a/", "/", "é/b/"]));
        }
    }

    fn word(&mut self, from: &mut Bytes<'_>) {
        match from.below(8) {
            0..=2 => {
                let c = from.one_of(LETTERS);
                self.pattern.push(c);
                self.address.push(c);
            }
            3 => {
                self.pattern.push('?');
                self.address.push(from.one_of(LETTERS));
            }
            4 => {
                self.pattern.push('*');
                for _ in 0..from.below(4) {
                    self.address.push(from.one_of(LETTERS));
                }
            }
            5 => self.class(from),
            _ => self.alternatives(from),
        }
    }

    fn class(&mut self, from: &mut Bytes<'_>) {
        self.pattern.push('[');
        let is_negated = from.one_in(3);
        if is_negated {
            self.pattern.push('!');
        }
        let members = [
            "a", "ab", "a-c", "-a", "a-", "b!", "à-ü", "a-a", "a-b-c", "+-9", "1,",
        ];
        let inside = ["a", "b", "b", "-", "-", "!", "é", "a", "-", "1", ","];
        let choice = from.below(members.len());
        self.pattern.push_str(members[choice]);
        self.pattern.push(']');
        self.address
            .push_str(if is_negated { "z" } else { inside[choice] });
    }

    fn alternatives(&mut self, from: &mut Bytes<'_>) {
        let texts = ["", "a", "ab", "b", "ba", "aa", "é", "a-", "!"];
        let count = 1 + from.below(4);
        let chosen = from.below(count);
        self.pattern.push('{');
        for n in 0..count {
            let text = from.one_of(&texts);
            if n > 0 {
                self.pattern.push(',');
            }
            self.pattern.push_str(text);
            if n == chosen {
                self.address.push_str(text);
            }
        }
        self.pattern.push('}');
    }

    /// The same again and again, to about the longest pattern.
    fn repeat(&mut self, from: &mut Bytes<'_>) {
        let (pattern, address) = (self.pattern.clone(), self.address.clone());
        let length = 200 + from.below(64);
        while self.pattern.len() + pattern.len() <= length {
            self.pattern.push_str(&pattern);
            self.address.push_str(&address);
        }
        // A pattern that ends in `//` would go on with a slash that is one of its own.
        self.is_match = self.pattern.len() <= 255;
    }
}

/// The text with one character more, less or other than before.
fn change(from: &mut Bytes<'_>, text: &str, letters: &[char]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = from.below(256) % (chars.len() + 1);
    match from.below(4) {
        0 => chars.insert(at, from.one_of(letters)),
        1 => chars.insert(at, '/'),
        2 if at < chars.len() => drop(chars.remove(at)),
        _ if at < chars.len() => chars[at] = from.one_of(letters),
        _ => {}
    }
    chars.into_iter().collect()
}
