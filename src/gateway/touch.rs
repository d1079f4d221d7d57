//! Fingers on controls: while one is down nothing is sent to that control, and when it is gone the
//! true value is sent once.

use super::destination::DestinationId;
use super::names::NameId;
use super::output::Outputs;
use super::{Asker, Gateway, Timer};
use crate::limits::FINGERS_PER_DESTINATION_MAX;
use crate::time::Instant;

/// The fingers that one endpoint has told of.
#[derive(Debug, Default)]
pub(super) struct Fingers {
    /// Those that are down come first.
    list: Vec<Finger>,
    down: usize,
}

#[derive(Debug)]
struct Finger {
    address: String,
    /// Until when moving keeps it there; `None`: until it is said to be gone.
    until: Option<Instant>,
    /// Something would have been sent meanwhile.
    owed: bool,
}

impl Fingers {
    /// Whether a finger is on an address.
    pub(super) fn is_on(&self, address: &str) -> bool {
        self.list[..self.down]
            .iter()
            .any(|finger| finger.address == address)
    }

    /// Whether a finger is on an address; then it is owed what it is not sent now.
    pub(super) fn keeps_back(&mut self, address: &str) -> bool {
        let mut down = self.list[..self.down].iter_mut();
        let finger = down.find(|finger| finger.address == address);
        finger.map(|finger| finger.owed = true).is_some()
    }

    /// Puts a finger down, or keeps it there. `false`: there are too many.
    fn put(&mut self, address: &str, until: Option<Instant>) -> bool {
        let mut down = self.list[..self.down].iter_mut();
        if let Some(finger) = down.find(|finger| finger.address == address) {
            // One that was told of stays until it is told gone, however it moves.
            finger.until = finger.until.and(until);
            return true;
        }
        if self.down >= FINGERS_PER_DESTINATION_MAX {
            return false;
        }
        if self.down == self.list.len() {
            self.list.push(Finger {
                address: String::new(),
                until: None,
                owed: false,
            });
        }
        let finger = &mut self.list[self.down];
        finger.address.clear();
        finger.address.push_str(address);
        (finger.until, finger.owed) = (until, false);
        self.down += 1;
        true
    }

    /// Lifts a finger; whether something is owed to the control. `None`: there was none.
    fn lift(&mut self, address: &str) -> Option<bool> {
        let mut down = self.list[..self.down].iter();
        let at = down.position(|finger| finger.address == address)?;
        Some(self.lift_at(at))
    }

    fn lift_at(&mut self, at: usize) -> bool {
        self.down -= 1;
        self.list.swap(at, self.down);
        self.list[self.down].owed
    }

    /// The next finger that only moving keeps there and that is gone at `due`, lifted.
    fn lift_still(&mut self, due: Instant) -> Option<(String, bool)> {
        let mut down = self.list[..self.down].iter();
        let at = down.position(|finger| finger.until.is_some_and(|until| until <= due))?;
        let owed = self.lift_at(at);
        Some((self.list[self.down].address.clone(), owed))
    }

    /// When the next of those is gone.
    pub(super) fn next_still(&self) -> Option<Instant> {
        let down = self.list[..self.down].iter();
        down.filter_map(|finger| finger.until).min()
    }

    /// Has those of another, too.
    fn absorb(&mut self, other: &Self) {
        for finger in &other.list[..other.down] {
            if self.put(&finger.address, finger.until) && finger.owed {
                self.keeps_back(&finger.address);
            }
        }
    }

    /// Forgets those that are told of and that nothing would ever lift again.
    pub(super) fn keep(&mut self, touches: impl Fn(&str) -> bool) {
        let mut at = 0;
        while at < self.down {
            let finger = &self.list[at];
            if finger.until.is_some() || touches(&finger.address) {
                at += 1;
            } else {
                self.lift_at(at);
            }
        }
    }

    /// Forgets them all.
    pub(super) fn clear(&mut self) {
        self.down = 0;
    }
}

impl Gateway {
    /// What one endpoint has told of is another's now.
    pub(super) fn move_fingers(&mut self, from: DestinationId, to: DestinationId) {
        let fingers = std::mem::take(&mut self.clients.destination_mut(from).fingers);
        let destination = self.clients.destination_mut(to);
        destination.fingers.absorb(&fingers);
        if let (Some(next), None) = (destination.fingers.next_still(), destination.finger_timer) {
            destination.finger_timer = Some(self.deadlines.arm(next, Timer::Fingers(to)));
        }
    }

    /// Notes that a finger came down on an address.
    pub(super) fn put_finger(&mut self, asker: Asker, address: &str) {
        let destination = self.clients.destination_mut(asker.destination);
        destination.fingers.put(address, None);
    }

    /// Notes that a control moves by itself, which a finger does.
    pub(super) fn keep_finger(&mut self, asker: Asker, address: &str, until: Instant) {
        let id = asker.destination;
        let destination = self.clients.destination_mut(id);
        if destination.fingers.put(address, Some(until)) && destination.finger_timer.is_none() {
            destination.finger_timer = Some(self.deadlines.arm(until, Timer::Fingers(id)));
        }
    }

    /// Whether a finger is on an address.
    pub(super) fn has_finger(&self, asker: Asker, address: &str) -> bool {
        let destination = self.clients.destination(asker.destination);
        destination.fingers.is_on(address)
    }

    /// A move that was refused was no finger: what was kept back because of it is sent.
    pub(super) fn forget_finger(
        &mut self,
        now: Instant,
        asker: Asker,
        address: &str,
        out: &mut Outputs,
    ) {
        let destination = self.clients.destination_mut(asker.destination);
        if destination.fingers.lift(address) == Some(true) {
            self.send_truth(now, asker.destination, address, out);
        }
    }

    /// A finger is gone: the control is sent the true value.
    pub(super) fn lift_finger(
        &mut self,
        now: Instant,
        asker: Asker,
        address: &str,
        out: &mut Outputs,
    ) {
        let destination = self.clients.destination_mut(asker.destination);
        // A release that was lost is said again by the next one; a value is sent all the same.
        let _ = destination.fingers.lift(address);
        self.send_truth(now, asker.destination, address, out);
    }

    /// Controls that move no more: no finger is there, and what was kept back is sent.
    pub(super) fn on_fingers(
        &mut self,
        now: Instant,
        due: Instant,
        id: DestinationId,
        out: &mut Outputs,
    ) {
        self.clients.destination_mut(id).finger_timer = None;
        while let Some((address, owed)) = self.clients.destination_mut(id).fingers.lift_still(due) {
            if owed {
                self.send_truth(now, id, &address, out);
            }
        }
        let destination = self.clients.destination_mut(id);
        if let Some(next) = destination.fingers.next_still() {
            destination.finger_timer = Some(self.deadlines.arm(next, Timer::Fingers(id)));
        }
    }

    fn send_truth(&mut self, now: Instant, to: DestinationId, address: &str, out: &mut Outputs) {
        let known = self.table.find(address);
        if let Some(id) = known.filter(|&id| !self.table.entry(id).value.is_empty()) {
            let place = self.clients.place(to);
            self.send_stored(now, id, place, NameId::NOBODY, out);
        }
    }
}
