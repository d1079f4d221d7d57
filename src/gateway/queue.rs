//! What waits for one destination: bounded, in order, the newest value wins.

use std::collections::VecDeque;

use hashbrown::HashSet;

use super::event::Via;
use super::table::AddressId;
use crate::limits::{QUEUE_BYTES_MAX, QUEUE_MESSAGES_MAX};

/// What a waiting datagram is, as far as it matters which may be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The value of an address: a newer one replaces it. A dialect may say it in several ways, each
    /// with a number of its own.
    Value(AddressId, u16),
    /// The same at an end of its travel: at a pace of its own it is not skipped.
    End(AddressId, u16),
    /// An event: it happened, nothing replaces it.
    Event,
    /// A status message, an answer, a reply.
    Status,
}

impl Kind {
    /// Which value of which address it is.
    const fn value(self) -> Option<(AddressId, u16)> {
        match self {
            Self::Value(address, saying) | Self::End(address, saying) => Some((address, saying)),
            Self::Event | Self::Status => None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Item {
    start: u32,
    length: u32,
    kind: Kind,
    via: Via,
}

/// A queue in the order in which things happened.
///
/// When it is full, older values of an address make room for newer ones, but only where no event
/// or status message lies between them: a preset is there before the GO that follows it. Where
/// that is not enough the oldest values go, then the oldest events, status messages last.
#[derive(Debug, Default)]
pub(super) struct Queue {
    items: VecDeque<Item>,
    bytes: Vec<u8>,
    waiting_bytes: usize,
    dropped: u64,
    /// Values were added since the last look for older ones of the same address.
    unsorted: bool,
}

impl Queue {
    /// How many datagrams wait.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many datagrams were dropped since this was last asked.
    pub(super) fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }

    /// Adds a datagram at the end, making room if there is none.
    #[inline]
    pub(super) fn push(&mut self, kind: Kind, via: Via, bytes: &[u8]) {
        if self.is_full(bytes.len()) {
            self.make_room(kind, bytes.len());
        } else if kind.value().is_some() {
            self.unsorted = true;
        }
        // What was sent leaves a hole in front; it is closed before the buffer outgrows its bound.
        if self.bytes.len() + bytes.len() > 2 * QUEUE_BYTES_MAX {
            self.close_holes();
        }
        let start = u32::try_from(self.bytes.len()).expect("bytes are bounded");
        let length = u32::try_from(bytes.len()).expect("a datagram's length");
        self.bytes.extend_from_slice(bytes);
        self.waiting_bytes += bytes.len();
        self.items.push_back(Item {
            start,
            length,
            kind,
            via,
        });
    }

    /// The datagram that has waited longest.
    pub(super) fn front(&self) -> Option<(Via, &[u8])> {
        let item = self.items.front()?;
        Some((item.via, self.slice(item)))
    }

    /// Forgets the datagram that has waited longest.
    pub(super) fn pop(&mut self) {
        if let Some(item) = self.items.pop_front() {
            self.waiting_bytes -= item.length as usize;
        }
        if self.items.is_empty() {
            self.bytes.clear();
            self.unsorted = false;
            // A queue that was long once does not keep its memory for ever.
            if self.bytes.capacity() > QUEUE_BYTES_MAX / 4 {
                self.bytes = Vec::new();
            }
        }
    }

    fn slice(&self, item: &Item) -> &[u8] {
        &self.bytes[item.start as usize..][..item.length as usize]
    }

    fn is_full(&self, more: usize) -> bool {
        self.items.len() >= QUEUE_MESSAGES_MAX || self.waiting_bytes + more > QUEUE_BYTES_MAX
    }

    fn make_room(&mut self, kind: Kind, more: usize) {
        if self.unsorted {
            self.replace_older_values();
            self.unsorted = false;
        }
        if let Some(position) = self.older(kind) {
            self.drop_at(position);
        }
        for droppable in [
            |kind: Kind| kind.value().is_some(),
            |kind| kind == Kind::Event,
            |_: Kind| true,
        ] {
            while self.is_full(more) {
                let Some(oldest) = self.items.iter().position(|item| droppable(item.kind)) else {
                    break;
                };
                self.drop_at(oldest);
            }
        }
    }

    /// Where an older value of the same address waits with only values behind it.
    fn older(&self, kind: Kind) -> Option<usize> {
        kind.value()?;
        let behind = (self.items.iter().enumerate().rev())
            .take_while(|(_, item)| item.kind.value().is_some());
        let mut same = behind.filter(|(_, item)| item.kind.value() == kind.value());
        same.next().map(|(position, _)| position)
    }

    /// Adds a datagram in place of an older value of the same address: what is sent at a pace of
    /// its own is sent as it is then.
    pub(super) fn push_newest(&mut self, kind: Kind, via: Via, bytes: &[u8]) {
        let passes =
            |item: &Item| matches!(item.kind, Kind::Value(..)) || self.slice(item) == bytes;
        if let Some(position) = self.older(kind)
            && passes(&self.items[position])
            && let Some(item) = self.items.remove(position)
        {
            self.waiting_bytes -= item.length as usize;
        }
        self.push(kind, via, bytes);
    }

    fn drop_at(&mut self, position: usize) {
        if let Some(item) = self.items.remove(position) {
            self.waiting_bytes -= item.length as usize;
            self.dropped += 1;
        }
    }

    /// Drops every value for which a newer one of its address waits with only values between them.
    fn replace_older_values(&mut self) {
        let mut seen = HashSet::new();
        let mut kept = VecDeque::with_capacity(self.items.len());
        while let Some(item) = self.items.pop_back() {
            match item.kind.value() {
                Some(value) if !seen.insert(value) => {
                    self.waiting_bytes -= item.length as usize;
                    self.dropped += 1;
                    continue;
                }
                Some(_) => {}
                None => seen.clear(),
            }
            kept.push_front(item);
        }
        self.items = kept;
    }

    fn close_holes(&mut self) {
        let mut bytes = Vec::with_capacity(self.waiting_bytes);
        for item in &mut self.items {
            let start = u32::try_from(bytes.len()).expect("bytes are bounded");
            bytes.extend_from_slice(&self.bytes[item.start as usize..][..item.length as usize]);
            item.start = start;
        }
        self.bytes = bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VIA: Via = Via {
        socket: 0,
        local: None,
    };

    fn drain(queue: &mut Queue) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        while let Some((_, bytes)) = queue.front() {
            all.push(bytes.to_vec());
            queue.pop();
        }
        all
    }

    fn value(address: u32) -> Kind {
        Kind::Value(AddressId::for_test(address), 0)
    }

    #[test]
    fn what_fits_goes_out_as_it_came() {
        let mut queue = Queue::default();
        for n in 0..200u8 {
            queue.push(value(1), VIA, &[n; 4]);
        }
        assert_eq!(queue.len(), 200);
        assert_eq!(drain(&mut queue).len(), 200);
        assert_eq!(queue.take_dropped(), 0);
    }

    #[test]
    fn when_it_is_full_the_newest_value_of_each_address_stays() {
        let mut queue = Queue::default();
        for n in 0..10_000u32 {
            queue.push(value(n % 8), VIA, &n.to_be_bytes());
        }
        let left = drain(&mut queue);
        let newest: Vec<Vec<u8>> = (9_992..10_000u32)
            .map(|n| n.to_be_bytes().to_vec())
            .collect();
        assert!(left.ends_with(&newest));
    }

    #[test]
    fn a_value_does_not_pass_an_event() {
        let mut queue = Queue::default();
        queue.push(value(1), VIA, b"preset");
        queue.push(Kind::Event, VIA, b"go");
        for n in 0..3_000u32 {
            queue.push(value(1), VIA, &n.to_be_bytes());
        }
        let left = drain(&mut queue);
        assert_eq!(left[0], b"preset");
        assert_eq!(left[1], b"go");
        assert_eq!(left.last().unwrap(), &2_999u32.to_be_bytes());
    }

    #[test]
    fn values_go_first_then_events_and_status_messages_last() {
        let mut queue = Queue::default();
        queue.push(Kind::Status, VIA, b"status");
        queue.push(Kind::Event, VIA, b"event");
        queue.push(value(9), VIA, b"value");
        for _ in 0..QUEUE_MESSAGES_MAX - 2 {
            queue.push(Kind::Status, VIA, b"x");
        }
        assert!(!drain(&mut queue).contains(&b"value".to_vec()));

        queue.push(Kind::Status, VIA, b"status");
        queue.push(Kind::Event, VIA, b"event");
        for _ in 0..QUEUE_MESSAGES_MAX - 1 {
            queue.push(Kind::Status, VIA, b"x");
        }
        let left = drain(&mut queue);
        assert_eq!(left[0], b"status");
        assert!(!left.contains(&b"event".to_vec()));
    }

    /// A quarter of all the bytes that may wait.
    const QUARTER: &[u8] = &[7; QUEUE_BYTES_MAX / 4];

    #[test]
    fn a_queue_that_is_just_full_has_lost_nothing() {
        let mut queue = Queue::default();
        for _ in 0..4 {
            queue.push(value(1), VIA, QUARTER);
        }
        assert_eq!((queue.len(), queue.take_dropped()), (4, 0));

        let mut queue = Queue::default();
        for _ in 0..QUEUE_MESSAGES_MAX {
            queue.push(value(1), VIA, b"x");
        }
        assert_eq!((queue.len(), queue.take_dropped()), (QUEUE_MESSAGES_MAX, 0));
    }

    #[test]
    fn one_too_many_costs_one_and_no_more() {
        let mut queue = Queue::default();
        for _ in 0..5 {
            queue.push(Kind::Event, VIA, QUARTER);
        }
        assert_eq!((queue.len(), queue.take_dropped()), (4, 1));

        let mut queue = Queue::default();
        for _ in 0..=QUEUE_MESSAGES_MAX {
            queue.push(Kind::Event, VIA, b"x");
        }
        assert_eq!((queue.len(), queue.take_dropped()), (QUEUE_MESSAGES_MAX, 1));
    }

    #[test]
    fn a_newer_value_takes_the_place_of_the_older_one_and_not_of_the_oldest() {
        let all = 0..u32::try_from(QUEUE_MESSAGES_MAX).unwrap();
        let mut queue = Queue::default();
        for n in all.clone() {
            queue.push(value(n), VIA, &n.to_be_bytes());
        }
        queue.push(value(1_000), VIA, b"newer");
        let others = all.filter(|&n| n != 1_000);
        let mut expected: Vec<_> = others.map(|n| n.to_be_bytes().to_vec()).collect();
        expected.push(b"newer".to_vec());
        assert_eq!(drain(&mut queue), expected);
    }

    #[test]
    fn all_that_newer_values_replace_goes_before_anything_else() {
        let mut queue = Queue::default();
        queue.push(Kind::Event, VIA, b"go");
        for n in 1..QUEUE_MESSAGES_MAX {
            let address = u32::try_from(n % 8).unwrap();
            queue.push(value(address), VIA, &n.to_be_bytes());
        }
        queue.push(Kind::Status, VIA, b"status");
        let mut expected = vec![b"go".to_vec()];
        let newest = QUEUE_MESSAGES_MAX - 8..QUEUE_MESSAGES_MAX;
        expected.extend(newest.map(|n| n.to_be_bytes().to_vec()));
        expected.push(b"status".to_vec());
        assert_eq!(drain(&mut queue), expected);
    }

    #[test]
    fn holes_are_closed_when_they_must_be_and_nothing_is_dropped_for_them() {
        let mut queue = Queue::default();
        let numbered = |n: u8| [n; QUEUE_BYTES_MAX / 4];
        queue.push(value(1), VIA, &numbered(0));
        let mut largest = 0;
        for n in 1..=20 {
            queue.push(value(1), VIA, &numbered(n));
            let front = queue.front().map(|(_, bytes)| bytes);
            assert!(front == Some(&numbered(n - 1)[..]), "{n}");
            queue.pop();
            largest = largest.max(queue.bytes.len());
        }
        assert_eq!((queue.len(), queue.take_dropped()), (1, 0));
        // Each time all that waits is copied.
        assert_eq!(largest, 2 * QUEUE_BYTES_MAX);
    }

    #[test]
    fn the_memory_of_a_short_queue_is_used_again_and_that_of_a_long_one_given_back() {
        let mut queue = Queue::default();
        queue.push(Kind::Event, VIA, b"x");
        drain(&mut queue);
        assert_ne!(queue.bytes.capacity(), 0);
        for _ in 0..2 {
            queue.push(Kind::Event, VIA, QUARTER);
        }
        drain(&mut queue);
        assert_eq!(queue.bytes.capacity(), 0);
    }

    proptest! {
        #[test]
        fn it_never_outgrows_its_bounds_and_keeps_the_order(
            steps in proptest::collection::vec((0u8..5, 0u32..6, 0usize..40_000), 1..400),
        ) {
            let mut queue = Queue::default();
            let (mut number, mut pushed, mut gone) = (0u32, 0u64, 0u64);
            let mut last_out = None;
            for (what, address, length) in steps {
                let kind = match what {
                    0 => Kind::Event,
                    1 => Kind::Status,
                    2 => { if !queue.is_empty() { gone += 1; } queue.pop(); continue; }
                    _ => value(address),
                };
                number += 1;
                pushed += 1;
                let mut bytes = number.to_be_bytes().to_vec();
                bytes.resize(4 + length, 0);
                queue.push(kind, VIA, &bytes);
                prop_assert!(queue.waiting_bytes <= QUEUE_BYTES_MAX);
                prop_assert!(queue.bytes.len() <= 2 * QUEUE_BYTES_MAX);
                prop_assert_eq!(queue.items.back().map(|item| queue.slice(item).to_vec()), Some(bytes));
            }
            gone += queue.take_dropped();
            prop_assert_eq!(pushed, gone + queue.len() as u64);
            while let Some((_, bytes)) = queue.front() {
                let number = u32::from_be_bytes(bytes[..4].try_into().unwrap());
                prop_assert!(last_out < Some(number));
                last_out = Some(number);
                queue.pop();
            }
        }
    }
}
