//! Ids kept in the order of a key that lives elsewhere: a list of short sorted lists.

use std::cmp::Ordering;

/// The longest run; twice this many splits. A move of 4 KiB on insertion costs less than the
/// cache misses of the comparisons.
const RUN: usize = 512;

/// Ids in order. The owner brings the comparison, so that the keys are stored once, with it.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// Never an empty run.
    runs: Vec<Vec<u32>>,
}

/// A place in the order.
#[derive(Clone, Copy, Debug)]
struct Place {
    run: usize,
    within: usize,
}

impl Sorted {
    /// Adds `id`; `compare` says how another id stands to it (`Less`: the other comes before).
    pub(super) fn insert(&mut self, id: u32, compare: impl Fn(u32) -> Ordering) {
        if self.runs.is_empty() {
            self.runs.push(vec![id]);
            return;
        }
        let mut place = self.place(&compare);
        if place.run == self.runs.len() {
            place.run -= 1;
            place.within = self.runs[place.run].len();
        }
        let run = &mut self.runs[place.run];
        run.insert(place.within, id);
        if run.len() >= 2 * RUN {
            let upper = run.split_off(RUN);
            self.runs.insert(place.run + 1, upper);
        }
    }

    /// Removes the id for which `compare` says `Equal`.
    pub(super) fn remove(&mut self, compare: impl Fn(u32) -> Ordering) {
        let place = self.place(&compare);
        let Some(run) = self.runs.get_mut(place.run) else {
            return;
        };
        if compare(run[place.within]) == Ordering::Equal {
            run.remove(place.within);
            if run.is_empty() {
                self.runs.remove(place.run);
            }
        }
    }

    /// The ids in order, from the first for which `compare` does not say `Less`.
    pub(super) fn from(&self, compare: impl Fn(u32) -> Ordering) -> impl Iterator<Item = u32> {
        let place = self.place(&compare);
        let first = self
            .runs
            .get(place.run)
            .map_or(&[][..], |run| &run[place.within..]);
        let rest = self.runs.get(place.run + 1..).unwrap_or_default();
        first.iter().chain(rest.iter().flatten()).copied()
    }

    /// Where the first id stands that is not `Less`; past the last run if there is none.
    fn place(&self, compare: &impl Fn(u32) -> Ordering) -> Place {
        let run = self.runs.partition_point(|run| {
            let last = run.last().expect("no run is empty");
            compare(*last) == Ordering::Less
        });
        let within = self.runs.get(run).map_or(0, |run| {
            run.partition_point(|&other| compare(other) == Ordering::Less)
        });
        Place { run, within }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_holds_what_a_tree_would_hold(
            steps in proptest::collection::vec((any::<bool>(), 0u32..3_000), 1..4_000),
        ) {
            let mut sorted = Sorted::default();
            let mut tree = BTreeSet::new();
            for (add, id) in steps {
                if add {
                    if tree.insert(id) {
                        sorted.insert(id, |other| other.cmp(&id));
                    }
                } else {
                    tree.remove(&id);
                    sorted.remove(|other| other.cmp(&id));
                }
            }
            for start in [0, 7, 1_500, 2_999, 5_000] {
                let want: Vec<u32> = tree.range(start..).copied().collect();
                let have: Vec<u32> = sorted.from(|other| other.cmp(&start)).collect();
                prop_assert_eq!(have, want);
            }
        }
    }
}
