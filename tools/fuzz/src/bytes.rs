//! The input as a row of decisions.

/// Inputs that begin with one of these bytes are built from; others are taken as they are.
///
/// No packet or pattern that is worth anything begins so, and no file with a byte order mark: each
/// of them is an input by itself.
const BUILT_FROM: std::ops::Range<u8> = 0x80..0xe0;

/// Takes decisions from an input, one byte each, so that the engine's change of one byte is the
/// change of one decision. When the input is used up every decision is the first choice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a> {
    left: &'a [u8],
}

impl<'a> Bytes<'a> {
    /// The decisions in an input that is to be built from, and in which of eight ways; `None`: it
    /// is to be taken as it is.
    pub(crate) fn of(input: &'a [u8]) -> Option<(u8, Self)> {
        let (&first, left) = input.split_first()?;
        (BUILT_FROM.contains(&first)).then_some((first % 8, Self { left }))
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// The next byte.
    pub(crate) fn byte(&mut self) -> u8 {
        match self.left.split_first() {
            Some((&first, left)) => {
                self.left = left;
                first
            }
            None => 0,
        }
    }

    /// A number below `end`, which is at most 256.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    /// One of `choices`.
    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Yes in one of so many cases.
    pub(crate) fn one_in(&mut self, cases: usize) -> bool {
        self.below(cases) == cases - 1
    }

    /// So many bytes; fewer where there are no more.
    pub(crate) fn slice(&mut self, count: usize) -> &'a [u8] {
        let (slice, left) = self.left.split_at(count.min(self.left.len()));
        self.left = left;
        slice
    }

    /// Exactly `N` bytes, zeros where there are no more.
    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }
}
