//! What the machine wants done: datagrams in one queue for each destination, and changes.

use super::change::Change;
use super::destination::DestinationId;
use super::endpoint::Endpoint;
use super::event::{Flow, Via};
use super::queue::{Kind, Queue};
use crate::limits::CHANGES_MAX;
use std::cell::RefCell;
use std::collections::VecDeque;

/// A destination's queue in [`Outputs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QueueId(u32);

/// How many datagrams one destination is offered before the next has its turn.
const TURN: usize = 64;

/// The machine's outbox. One belongs to one [`Gateway`](super::Gateway) for its whole life.
#[derive(Debug, Default)]
pub struct Outputs {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// The queues in which something waits, in the order of their turns.
    turns: VecDeque<u32>,
    waiting: usize,
    /// Whose paced queues something was put in since they were last looked at.
    paced: Vec<DestinationId>,
    changes: Vec<Change<Span>>,
    texts: String,
    changes_lost: u64,
    /// A message under construction; here so that its memory is used again.
    pub(super) scratch: Vec<u8>,
    /// The same of a message in a dialect.
    pub(super) native: Vec<u8>,
}

#[derive(Debug)]
struct Slot {
    to: Endpoint,
    queue: Queue,
    open: bool,
    /// How many datagrams were replaced or dropped since it was opened or last asked.
    dropped: u64,
    /// Its datagrams leave one by one, as they are let.
    paced: Option<Paced>,
}

/// A queue whose datagrams leave one by one.
#[derive(Clone, Copy, Debug)]
struct Paced {
    /// Whose it is.
    by: DestinationId,
    /// The first that waits may leave.
    open: bool,
}

impl Slot {
    /// What may leave next.
    fn front(&self) -> Option<(Via, &[u8])> {
        let open = self.paced.is_none_or(|paced| paced.open);
        self.queue.front().filter(|_| open)
    }
}

impl Outputs {
    /// An empty outbox.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether no datagram waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// How many datagrams wait, for all destinations together.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Offers what waits to `offer`, destination by destination in turns, each in its own order.
    pub fn take(&mut self, mut offer: impl FnMut(Endpoint, Via, &[u8]) -> Flow) {
        // Allocates only where a destination has to wait.
        let mut later = Vec::new();
        'turns: while let Some(id) = self.turns.pop_front() {
            let slot = &mut self.slots[id as usize];
            for _ in 0..TURN {
                let Some((via, bytes)) = slot.front() else {
                    break;
                };
                match offer(slot.to, via, bytes) {
                    Flow::Taken => {
                        slot.queue.pop();
                        self.waiting -= 1;
                        if let Some(paced) = &mut slot.paced {
                            paced.open = false;
                        }
                    }
                    Flow::Later => {
                        later.push(id);
                        continue 'turns;
                    }
                    Flow::Stop => {
                        self.turns.push_front(id);
                        break 'turns;
                    }
                }
            }
            if slot.front().is_some() {
                self.turns.push_back(id);
            } else if !slot.queue.is_empty() {
                // A paced one has its turn again when the next may leave.
            } else if !slot.open {
                self.free.push(id);
            }
        }
        self.turns.extend(later);
    }

    /// What happened since [`Outputs::clear_changes`], in order.
    pub fn changes(&self) -> impl Iterator<Item = Change<&str>> {
        self.changes
            .iter()
            .map(|change| change.map(|span| &self.texts[span.start..span.end]))
    }

    /// How many changes found no room since [`Outputs::clear_changes`].
    #[must_use]
    pub const fn changes_lost(&self) -> u64 {
        self.changes_lost
    }

    /// Forgets the changes.
    pub fn clear_changes(&mut self) {
        self.changes.clear();
        self.texts.clear();
        self.changes_lost = 0;
    }

    /// Notes a change.
    pub(super) fn change(&mut self, change: Change<&str>) {
        if self.changes.len() >= CHANGES_MAX {
            self.changes_lost += 1;
            return;
        }
        let texts = RefCell::new(&mut self.texts);
        let change = change.map(|text| {
            let mut texts = texts.borrow_mut();
            let start = texts.len();
            texts.push_str(text);
            Span {
                start,
                end: texts.len(),
            }
        });
        self.changes.push(change);
    }

    /// Opens a queue to a destination.
    pub(super) fn open(&mut self, to: Endpoint) -> QueueId {
        let slot = Slot {
            to,
            queue: Queue::default(),
            open: true,
            dropped: 0,
            paced: None,
        };
        let id = if let Some(id) = self.free.pop() {
            self.slots[id as usize] = slot;
            id
        } else {
            self.slots.push(slot);
            u32::try_from(self.slots.len() - 1).expect("destinations are bounded")
        };
        QueueId(id)
    }

    /// Closes a queue: what waits in it still goes out.
    pub(super) fn close(&mut self, id: QueueId) {
        let slot = &mut self.slots[id.0 as usize];
        slot.open = false;
        if slot.queue.is_empty() {
            self.free.push(id.0);
        }
        // Nobody paces it any more.
        self.release(id);
    }

    /// How many datagrams of one queue were replaced or dropped since this was last asked.
    pub(super) fn take_dropped(&mut self, id: QueueId) -> u64 {
        std::mem::take(&mut self.slots[id.0 as usize].dropped)
    }

    /// Whose paced queues something was put in since this was last asked.
    pub(super) fn take_paced(&mut self, list: &mut Vec<DestinationId>) {
        list.clear();
        list.append(&mut self.paced);
    }

    /// How many datagrams wait in one queue.
    pub(super) fn waiting_in(&self, id: QueueId) -> usize {
        self.slots[id.0 as usize].queue.len()
    }

    /// From now on its datagrams leave one by one, as they are let.
    pub(super) fn pace(&mut self, id: QueueId, by: DestinationId) {
        let slot = &mut self.slots[id.0 as usize];
        if slot.paced.is_none() {
            self.waiting -= slot.queue.len();
            self.turns.retain(|&turn| turn != id.0);
            slot.paced = Some(Paced { by, open: false });
            self.paced.push(by);
        }
    }

    /// From now on all that waits leaves as fast as it can.
    pub(super) fn release(&mut self, id: QueueId) {
        let slot = &mut self.slots[id.0 as usize];
        let paced = slot.paced.take();
        if paced.is_some_and(|paced| !paced.open) && !slot.queue.is_empty() {
            self.turns.push_back(id.0);
        }
        if let Some(paced) = paced {
            self.waiting += slot.queue.len() - usize::from(paced.open);
        }
    }

    /// Lets one datagram of a paced queue leave; `false`: none waits.
    pub(super) fn let_one_leave(&mut self, id: QueueId) -> bool {
        let slot = &mut self.slots[id.0 as usize];
        if slot.queue.is_empty() {
            return false;
        }
        if let Some(paced) = slot.paced.as_mut().filter(|paced| !paced.open) {
            paced.open = true;
            self.turns.push_back(id.0);
            self.waiting += 1;
        }
        true
    }

    /// Adds a datagram to a queue.
    pub(super) fn push(&mut self, id: QueueId, kind: Kind, via: Via, bytes: &[u8]) {
        self.put(id, kind, (via, bytes), Queue::push);
    }

    /// Adds a value to a queue in place of an older one of the same address that waits there.
    pub(super) fn push_newest(&mut self, id: QueueId, kind: Kind, via: Via, bytes: &[u8]) {
        self.put(id, kind, (via, bytes), Queue::push_newest);
    }

    fn put(
        &mut self,
        id: QueueId,
        kind: Kind,
        (via, bytes): (Via, &[u8]),
        add: impl FnOnce(&mut Queue, Kind, Via, &[u8]),
    ) {
        let slot = &mut self.slots[id.0 as usize];
        if let Some(paced) = slot.paced {
            // One that may leave is not replaced: it is counted as on its way.
            if paced.open {
                slot.queue.push(kind, via, bytes);
            } else {
                slot.queue.push_newest(kind, via, bytes);
            }
            if !self.paced.contains(&paced.by) {
                self.paced.push(paced.by);
            }
        } else {
            if slot.queue.is_empty() {
                self.turns.push_back(id.0);
            }
            let before = slot.queue.len();
            add(&mut slot.queue, kind, via, bytes);
            self.waiting = self.waiting + slot.queue.len() - before;
        }
        let (to, dropped) = (slot.to, slot.queue.take_dropped());
        if dropped > 0 {
            slot.dropped += dropped;
            self.change(Change::Overflow {
                to: to.address,
                dropped,
            });
        }
    }

    /// Adds the message under construction in `scratch` to a queue.
    pub(super) fn push_scratch(&mut self, id: QueueId, kind: Kind, via: Via) {
        let scratch = std::mem::take(&mut self.scratch);
        self.push(id, kind, via, &scratch);
        self.scratch = scratch;
    }
}

/// Where a text lies in the arena of texts.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    const VIA: Via = Via {
        socket: 0,
        local: None,
    };

    fn to(port: u16) -> Endpoint {
        Endpoint::udp(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    #[test]
    fn a_long_queue_does_not_keep_a_short_one_waiting() {
        let mut out = Outputs::new();
        let (long, short) = (out.open(to(1)), out.open(to(2)));
        for _ in 0..500 {
            out.push(long, Kind::Status, VIA, b"long");
        }
        out.push(short, Kind::Status, VIA, b"short");
        let mut order = Vec::new();
        out.take(|to, _, _| {
            order.push(to.address.port());
            Flow::Taken
        });
        assert!(order.iter().position(|&port| port == 2) <= Some(TURN));
        assert_eq!(order.len(), 501);
        assert!(out.is_empty());
    }

    #[test]
    fn a_destination_that_cannot_be_served_delays_no_other() {
        let mut out = Outputs::new();
        let (stuck, good) = (out.open(to(1)), out.open(to(2)));
        out.push(stuck, Kind::Status, VIA, b"1");
        out.push(good, Kind::Status, VIA, b"2");
        let mut sent = Vec::new();
        out.take(|to, _, _| {
            if to.address.port() == 1 {
                return Flow::Later;
            }
            sent.push(to.address.port());
            Flow::Taken
        });
        assert_eq!(sent, [2]);
        assert_eq!(out.waiting(), 1);
        out.take(|_, _, _| Flow::Stop);
        assert_eq!(out.waiting(), 1);
    }

    #[test]
    fn a_closed_queue_still_goes_out_and_then_makes_room() {
        let mut out = Outputs::new();
        let first = out.open(to(1));
        out.push(first, Kind::Status, VIA, b"last words");
        out.close(first);
        let second = out.open(to(2));
        assert_ne!(first, second);
        let mut said = Vec::new();
        out.take(|to, _, bytes| {
            said.push((to.address.port(), bytes.to_vec()));
            Flow::Taken
        });
        assert_eq!(said, [(1, b"last words".to_vec())]);
        assert_eq!(out.open(to(3)), first);
    }

    #[test]
    fn changes_keep_their_texts() {
        let mut out = Outputs::new();
        out.change(Change::OverRate { client: "a" });
        out.change(Change::OverRate { client: "bc" });
        let seen: Vec<_> = out.changes().collect();
        assert_eq!(
            seen,
            [
                Change::OverRate { client: "a" },
                Change::OverRate { client: "bc" }
            ]
        );
        out.clear_changes();
        assert_eq!(out.changes().count(), 0);
    }
}
