//! All addresses that the lines of a mapping can name, each with the lines that name it.

use hashbrown::HashMap;

use super::line::Line;
use super::template::{Captured, Held, NOTHING_HELD, Values};

/// Which of its addresses a line is named by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The address that sets it, or that touches, follows, asks.
    Device,
    /// The address that asks for its value.
    Get,
    /// The address that lets go.
    Release,
    /// The gateway's address.
    Gateway,
}

/// One line behind an address, and what its captures hold there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    /// Which line, by its place.
    pub(super) line: u32,
    /// Which of its addresses.
    pub(super) way: Way,
    /// Where the numbers of its captures begin among all.
    numbers: u32,
}

/// What a capture that holds no number has among the numbers.
const NO_NUMBER: i32 = i32::MIN;

/// Addresses and the lines behind them, in the order of the lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Entries {
    by_address: HashMap<Box<str>, Vec<Entry>>,
    numbers: Vec<i32>,
    /// The addresses in order, once all are there.
    sorted: Vec<Box<str>>,
}

impl Entries {
    /// How many addresses there are.
    pub(super) fn len(&self) -> usize {
        self.by_address.len()
    }

    /// The lines behind an address.
    pub(super) fn of(&self, address: &str) -> &[Entry] {
        self.by_address.get(address).map_or(&[], Vec::as_slice)
    }

    /// Adds a line to an address, unless it is there already with the same numbers.
    pub(super) fn add(
        &mut self,
        address: &str,
        line: u32,
        way: Way,
        held: &Held<'_>,
        count: usize,
    ) {
        let entries = match self.by_address.get_mut(address) {
            Some(entries) => entries,
            None => self.by_address.entry(address.into()).or_default(),
        };
        let start = self.numbers.len();
        let numbers = held[..count].iter().map(|held| match held {
            Captured::Number(number) => *number,
            Captured::Text(_) | Captured::Missing => NO_NUMBER,
        });
        self.numbers.extend(numbers);
        let (before, new) = self.numbers.split_at(start);
        let is_there = entries.iter().any(|entry| {
            (entry.line, entry.way) == (line, way)
                && before[entry.numbers as usize..].starts_with(new)
        });
        if is_there {
            self.numbers.truncate(start);
            return;
        }
        let numbers = u32::try_from(start).expect("addresses are bounded");
        entries.push(Entry { line, way, numbers });
    }

    /// Takes lines from an address.
    pub(super) fn retain(&mut self, address: &str, keep: impl Fn(&Entry) -> bool) {
        if let Some(entries) = self.by_address.get_mut(address) {
            entries.retain(keep);
        }
    }

    /// Puts the addresses in order, for those who walk them.
    pub(super) fn sort(&mut self) {
        let addresses = self.by_address.iter();
        let known = addresses.filter(|(_, entries)| !entries.is_empty());
        self.sorted = known.map(|(address, _)| address.clone()).collect();
        self.sorted.sort_unstable();
    }

    /// The addresses in order, from the first that is not before `start`.
    pub(super) fn from<'a>(&'a self, start: &str) -> impl Iterator<Item = &'a str> {
        let first = self.sorted.partition_point(|address| **address < *start);
        self.sorted[first..].iter().map(AsRef::as_ref)
    }

    /// What the captures of a line hold at an entry.
    pub(super) fn held(&self, entry: Entry, line: &Line) -> Held<'static> {
        let mut held = NOTHING_HELD;
        let count = line.captures.0.len();
        let numbers = &self.numbers[entry.numbers as usize..][..count];
        for (held, &number) in held.iter_mut().zip(numbers) {
            if number != NO_NUMBER {
                *held = Captured::Number(number);
            }
        }
        held
    }
}

/// The numbers that a capture of a line runs through; `None`: it has none, or it is a bank that
/// the line does not speak of.
fn list(line: &Line, capture: usize) -> Option<&[i32]> {
    match &line.captures.0[capture].values {
        Values::Numbers(numbers) => Some(numbers),
        Values::Bank(_, numbers) => line.uses(capture).then_some(&numbers[..]),
        Values::Text | Values::User => None,
    }
}

/// Every choice of numbers for the captures of a line that have a list of them, one after the
/// other; the others are missing.
pub(super) fn choices(line: &Line) -> impl Iterator<Item = Held<'static>> {
    let lists: Vec<Option<Vec<i32>>> = (0..line.captures.0.len())
        .map(|capture| list(line, capture).map(<[i32]>::to_vec))
        .collect();
    let mut at: Option<Vec<usize>> = Some(vec![0; lists.len()]);
    std::iter::from_fn(move || {
        let now = at.clone()?;
        let mut held = NOTHING_HELD;
        for (n, list) in lists.iter().enumerate() {
            if let Some(list) = list {
                held[n] = Captured::Number(list[now[n]]);
            }
        }
        // The last capture runs fastest.
        let mut next = now;
        let mut carry = true;
        for n in (0..lists.len()).rev() {
            let length = lists[n].as_ref().map_or(1, Vec::len);
            if carry {
                next[n] += 1;
                carry = next[n] == length;
                if carry {
                    next[n] = 0;
                }
            }
        }
        at = (!carry).then_some(next);
        Some(held)
    })
}

/// How many choices there are.
pub(super) fn count(line: &Line) -> usize {
    let captures = 0..line.captures.0.len();
    let counts = captures.map(|capture| list(line, capture).map_or(1, <[i32]>::len));
    counts.fold(1, usize::saturating_mul)
}
