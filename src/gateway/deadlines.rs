//! One ordered queue of wake-ups, so that nothing is polled.

use crate::time::Instant;

/// What a wake-up is for is the caller's: an opaque value handed back when it is due.
///
/// An indexed four-way heap: arming, moving and disarming allocate nothing once it has grown, and
/// none of them leaves anything behind. Renewing a lock does not touch it: deadlines are lazy, the
/// owner moves its own and arms again when the old wake-up fires.
#[derive(Debug)]
pub(super) struct Deadlines<T> {
    heap: Vec<Node>,
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    armed: u64,
}

/// One armed wake-up. Valid until it fires or is disarmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimerId(u32);

#[derive(Clone, Copy, Debug)]
struct Node {
    at: Instant,
    /// Wake-ups for the same moment fire in the order in which they were armed.
    order: u64,
    slot: u32,
}

#[derive(Debug)]
struct Slot<T> {
    what: T,
    position: u32,
}

const ARITY: usize = 4;

impl<T: Copy> Deadlines<T> {
    /// Nothing is armed.
    pub(super) const fn new() -> Self {
        Self {
            heap: Vec::new(),
            slots: Vec::new(),
            free: Vec::new(),
            armed: 0,
        }
    }

    /// The moment of the next wake-up.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.first().map(|node| node.at)
    }

    /// Arms a wake-up at `at` for `what`.
    pub(super) fn arm(&mut self, at: Instant, what: T) -> TimerId {
        let position = u32::try_from(self.heap.len()).expect("fewer timers than table entries");
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Slot { what, position };
            slot
        } else {
            self.slots.push(Slot { what, position });
            u32::try_from(self.slots.len() - 1).expect("fewer timers than table entries")
        };
        self.armed += 1;
        self.heap.push(Node {
            at,
            order: self.armed,
            slot,
        });
        self.rise(position as usize);
        TimerId(slot)
    }

    /// Moves an armed wake-up to `at`.
    pub(super) fn rearm(&mut self, timer: TimerId, at: Instant) {
        let position = self.slots[timer.0 as usize].position as usize;
        self.armed += 1;
        self.heap[position].at = at;
        self.heap[position].order = self.armed;
        self.rise(position);
        self.sink(self.slots[timer.0 as usize].position as usize);
    }

    /// Forgets an armed wake-up.
    pub(super) fn disarm(&mut self, timer: TimerId) {
        let position = self.slots[timer.0 as usize].position as usize;
        self.remove(position);
    }

    /// Takes the next wake-up that is due at `now`, its moment included, and says for when it was
    /// armed.
    pub(super) fn fire(&mut self, now: Instant) -> Option<(Instant, T)> {
        let first = self.heap.first()?;
        if first.at > now {
            return None;
        }
        let fired = (first.at, self.slots[first.slot as usize].what);
        self.remove(0);
        Some(fired)
    }

    fn remove(&mut self, position: usize) {
        let gone = self.heap.swap_remove(position);
        self.free.push(gone.slot);
        if position < self.heap.len() {
            let moved = self.heap[position].slot;
            self.slots[moved as usize].position = index(position);
            self.rise(position);
            self.sink(self.slots[moved as usize].position as usize);
        }
    }

    fn before(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.heap[a], &self.heap[b]);
        (a.at, a.order) < (b.at, b.order)
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.slots[self.heap[a].slot as usize].position = index(a);
        self.slots[self.heap[b].slot as usize].position = index(b);
    }

    fn rise(&mut self, mut position: usize) {
        while position > 0 {
            let parent = (position - 1) / ARITY;
            if !self.before(position, parent) {
                break;
            }
            self.swap(position, parent);
            position = parent;
        }
    }

    fn sink(&mut self, mut position: usize) {
        loop {
            let first = position * ARITY + 1;
            let children = first..(first + ARITY).min(self.heap.len());
            let Some(least) = children.reduce(|a, b| if self.before(b, a) { b } else { a }) else {
                break;
            };
            if !self.before(least, position) {
                break;
            }
            self.swap(least, position);
            position = least;
        }
    }
}

fn index(position: usize) -> u32 {
    u32::try_from(position).expect("fewer timers than table entries")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    #[test]
    fn what_is_due_at_this_very_moment_fires() {
        let mut deadlines = Deadlines::new();
        deadlines.arm(at(5), 'a');
        assert_eq!(deadlines.fire(at(4)), None);
        assert_eq!(deadlines.fire(at(5)), Some((at(5), 'a')));
        assert_eq!(deadlines.next(), None);
    }

    proptest! {
        #[test]
        fn wake_ups_fire_in_order_whatever_was_moved_or_disarmed(
            steps in proptest::collection::vec((0u8..4, 0u64..50, any::<prop::sample::Index>()), 1..200),
        ) {
            let mut deadlines = Deadlines::new();
            let mut armed: Vec<(u64, u64, TimerId, u32)> = Vec::new();
            let mut order = 0;
            for (n, (step, micros, which)) in steps.into_iter().enumerate() {
                order += 1;
                match step {
                    0 if !armed.is_empty() => {
                        let i = which.index(armed.len());
                        deadlines.disarm(armed.remove(i).2);
                    }
                    1 if !armed.is_empty() => {
                        let i = which.index(armed.len());
                        deadlines.rearm(armed[i].2, at(micros));
                        (armed[i].0, armed[i].1) = (micros, order);
                    }
                    2 => {
                        armed.sort_by_key(|t| (t.0, t.1));
                        let want = (!armed.is_empty() && armed[0].0 <= micros).then(|| armed.remove(0)).map(|t| (at(t.0), t.3));
                        prop_assert_eq!(deadlines.fire(at(micros)), want);
                    }
                    _ => {
                        let what = u32::try_from(n).unwrap();
                        armed.push((micros, order, deadlines.arm(at(micros), what), what));
                    }
                }
                prop_assert_eq!(deadlines.next(), armed.iter().map(|t| at(t.0)).min());
            }
        }
    }
}
