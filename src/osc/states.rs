//! The set of states that the matching of a pattern is in.

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

    pub(super) fn add(&mut self, other: Self) {
        for (word, more) in self.0.iter_mut().zip(other.0) {
            *word |= more;
        }
    }

    pub(super) const fn has(self, state: usize) -> bool {
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
