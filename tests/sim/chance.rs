//! The one source of chance: everything that a seed decides is drawn from here, in whole numbers,
//! so that a seed means the same history on every machine.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// A stream of choices.
#[derive(Clone, Debug)]
pub(crate) struct Chance(Xoshiro256PlusPlus);

impl Chance {
    /// The choices of a seed.
    pub(crate) fn of_seed(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// A stream of its own, so that drawing more of the one moves nothing in the other.
    pub(crate) fn fork(&mut self) -> Self {
        Self::of_seed(self.bits())
    }

    /// 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`, which is above zero. The tiny bias of a remainder does not matter.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound
    }

    /// An index into `length` things.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        let bound = u64::try_from(length).expect("lengths fit");
        usize::try_from(self.below(bound)).expect("it is below a length")
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True in `share` of a thousand.
    pub(crate) fn thousandth(&mut self, share: u64) -> bool {
        self.below(1_000) < share
    }

    /// True once in `n`.
    pub(crate) fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of these.
    pub(crate) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.index(all.len())]
    }

    /// One of these by weight.
    pub(crate) fn weighted<T: Copy>(&mut self, all: &[(u32, T)]) -> T {
        let whole: u64 = all.iter().map(|&(weight, _)| u64::from(weight)).sum();
        let mut at = self.below(whole);
        for &(weight, what) in all {
            let weight = u64::from(weight);
            if at < weight {
                return what;
            }
            at -= weight;
        }
        unreachable!("a number below the sum of the weights lies within one")
    }

    /// A waiting time with this mean: mostly short, sometimes many times as long. Halvings
    /// counted in bits, so that no floating point differs from machine to machine.
    pub(crate) fn wait(&mut self, mean: u64) -> u64 {
        let bits = self.bits();
        let halvings = u64::from(bits.trailing_ones().min(20));
        let fraction = (bits >> 32) % 1_024;
        mean * 693 / 1_000 * (halvings * 1_024 + fraction) / 1_024 + 1
    }

    /// The rate of a fault in one history: none at all in four of ten, else anything up to `most`.
    /// Histories without a fault let others show that it would hide.
    pub(crate) fn swarm(&mut self, most: u64) -> u64 {
        if self.thousandth(400) {
            0
        } else {
            self.between(1, most)
        }
    }
}
