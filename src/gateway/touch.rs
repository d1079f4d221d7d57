//! Fingers on controls: while one is down nothing is sent to that control, and when it is gone the
//! true value is sent once.

use super::clients::ClientId;
use super::destination::DestinationId;
use super::names::NameId;
use super::output::Outputs;
use super::{Asker, Gateway, Timer};
use crate::limits::{FINGER_LONGEST, FINGERS_PER_DESTINATION_MAX};
use crate::mapping::Deeds;
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
    /// The control of the device that told of it: it is told gone there, whatever that control means
    /// by then. Empty: moving keeps it there.
    control: String,
    /// Whose it is: several people may be behind one endpoint.
    whose: ClientId,
    /// It was told of, and is there until it is told gone.
    told: bool,
    /// Until when it is there if nothing more is heard of it.
    until: Instant,
    /// Something would have been sent meanwhile.
    owed: bool,
}

impl Fingers {
    fn find(&mut self, whose: ClientId, address: &str) -> Option<&mut Finger> {
        let mut down = self.list[..self.down].iter_mut();
        down.find(|finger| finger.whose == whose && finger.address == address)
    }

    /// Whether someone's finger is on an address.
    fn is_on(&self, whose: ClientId, address: &str) -> bool {
        let mut down = self.list[..self.down].iter();
        down.any(|finger| finger.whose == whose && finger.address == address)
    }

    /// Whether a finger is on an address that is moved now.
    fn moves(&mut self, now: Instant, whose: ClientId, address: &str) -> bool {
        let Some(finger) = self.find(whose, address) else {
            return false;
        };
        if finger.told {
            finger.until = now + FINGER_LONGEST;
        }
        true
    }

    /// Whether a finger is on an address; then it is owed what it is not sent now.
    pub(super) fn keeps_back(&mut self, address: &str) -> bool {
        let mut any = false;
        for finger in &mut self.list[..self.down] {
            if finger.address == address {
                (finger.owed, any) = (true, true);
            }
        }
        any
    }

    /// Puts a finger down, or keeps it there. `false`: there are too many.
    fn put(
        &mut self,
        (whose, address): (ClientId, &str),
        (told, control): (bool, &str),
        until: Instant,
    ) -> bool {
        if let Some(finger) = self.find(whose, address) {
            if told {
                finger.control.clear();
                finger.control.push_str(control);
            }
            // One that was told of stays until it is told gone, however it moves.
            let stays = finger.told && !told;
            finger.until = if stays {
                finger.until.max(until)
            } else {
                until
            };
            finger.told |= told;
            return true;
        }
        if self.down >= FINGERS_PER_DESTINATION_MAX {
            return false;
        }
        if self.down == self.list.len() {
            self.list.push(Finger {
                address: String::new(),
                control: String::new(),
                whose,
                told,
                until,
                owed: false,
            });
        }
        let finger = &mut self.list[self.down];
        finger.address.clear();
        finger.address.push_str(address);
        finger.control.clear();
        finger.control.push_str(control);
        finger.whose = whose;
        (finger.told, finger.until, finger.owed) = (told, until, false);
        self.down += 1;
        true
    }

    /// Lifts a finger; whether something is owed to the control. `None`: there was none.
    fn lift(&mut self, whose: ClientId, address: &str) -> Option<bool> {
        let mut down = self.list[..self.down].iter();
        let at = down.position(|finger| finger.whose == whose && finger.address == address)?;
        Some(self.lift_at(at))
    }

    /// Lifts the next finger that a control told of, on another address than those that it means
    /// now: whose it was, and where.
    fn lift_elsewhere(
        &mut self,
        control: &str,
        means: impl Fn(&str) -> bool,
    ) -> Option<(ClientId, String)> {
        let mut down = self.list[..self.down].iter();
        let at = down.position(|finger| finger.control == control && !means(&finger.address))?;
        self.lift_at(at);
        let finger = &self.list[self.down];
        Some((finger.whose, finger.address.clone()))
    }

    fn lift_at(&mut self, at: usize) -> bool {
        self.down -= 1;
        self.list.swap(at, self.down);
        self.list[self.down].owed
    }

    /// The next finger of which nothing was heard until `due`, lifted.
    fn lift_still(&mut self, due: Instant) -> Option<(String, bool)> {
        let mut down = self.list[..self.down].iter();
        let at = down.position(|finger| finger.until <= due)?;
        let owed = self.lift_at(at);
        Some((self.list[self.down].address.clone(), owed))
    }

    /// When the next of those is gone.
    pub(super) fn next_still(&self) -> Option<Instant> {
        self.list[..self.down]
            .iter()
            .map(|finger| finger.until)
            .min()
    }

    /// Has those of another, too.
    fn absorb(&mut self, other: &Self) {
        for finger in &other.list[..other.down] {
            let on = (finger.whose, &*finger.address);
            let told = (finger.told, &*finger.control);
            if self.put(on, told, finger.until) && finger.owed {
                self.keeps_back(&finger.address);
            }
        }
    }

    /// Those that are told of and that nothing would ever lift again are gone from now on.
    fn end_told(&mut self, is_over: impl Fn(&str) -> bool) {
        for finger in &mut self.list[..self.down] {
            if finger.told && is_over(&finger.address) {
                (finger.told, finger.until) = (false, Instant::ZERO);
            }
        }
    }
}

impl Gateway {
    /// What one endpoint has told of is another's now.
    pub(super) fn move_fingers(&mut self, from: DestinationId, to: DestinationId) {
        let fingers = std::mem::take(&mut self.clients.destination_mut(from).fingers);
        let destination = self.clients.destination_mut(to);
        destination.fingers.absorb(&fingers);
        if let Some(next) = destination.fingers.next_still() {
            self.wake_for_fingers(to, next);
        }
    }

    /// Notes that a finger came down on an address.
    pub(super) fn put_finger(
        &mut self,
        now: Instant,
        asker: Asker,
        (address, control): (&str, &str),
    ) {
        let until = now + FINGER_LONGEST;
        let destination = self.clients.destination_mut(asker.destination);
        let on = (asker.client, address);
        if destination.fingers.put(on, (true, control), until) {
            self.wake_for_fingers(asker.destination, until);
        }
    }

    /// Notes that a control moves by itself, which a finger does.
    pub(super) fn keep_finger(&mut self, asker: Asker, address: &str, until: Instant) {
        let destination = self.clients.destination_mut(asker.destination);
        let on = (asker.client, address);
        if destination.fingers.put(on, (false, ""), until) {
            self.wake_for_fingers(asker.destination, until);
        }
    }

    /// Wakes at a moment, if it would not wake before.
    fn wake_for_fingers(&mut self, id: DestinationId, at: Instant) {
        let destination = self.clients.destination_mut(id);
        match &mut destination.finger_timer {
            Some((armed, _)) if *armed <= at => {}
            Some((armed, timer)) => {
                self.deadlines.rearm(*timer, at);
                *armed = at;
            }
            none => *none = Some((at, self.deadlines.arm(at, Timer::Fingers(id)))),
        }
    }

    /// Whether a finger is on an address.
    pub(super) fn has_finger(&self, asker: Asker, address: &str) -> bool {
        let destination = self.clients.destination(asker.destination);
        destination.fingers.is_on(asker.client, address)
    }

    /// Whether a finger is on an address that is moved now.
    pub(super) fn moves_finger(&mut self, now: Instant, asker: Asker, address: &str) -> bool {
        let destination = self.clients.destination_mut(asker.destination);
        destination.fingers.moves(now, asker.client, address)
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
        if destination.fingers.lift(asker.client, address) == Some(true) {
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
        let _ = destination.fingers.lift(asker.client, address);
        self.drop_settled(asker.client, address);
        self.send_truth(now, asker.destination, address, out);
    }

    /// A control says that the finger is gone: it is gone also where the control meant another
    /// address when it came down, in another bank.
    pub(super) fn lift_elsewhere(
        &mut self,
        now: Instant,
        asker: Asker,
        control: &str,
        deeds: &Deeds,
        out: &mut Outputs,
    ) {
        let means = |address: &str| deeds.all().any(|deed| deed.address == address);
        loop {
            let destination = self.clients.destination_mut(asker.destination);
            let lifted = destination.fingers.lift_elsewhere(control, means);
            let Some((client, address)) = lifted else {
                return;
            };
            let whose = Asker {
                client,
                in_as: asker.in_as || client != asker.client,
                ..asker
            };
            if self.clients.is_kept(client) {
                self.let_go(now, whose, &address, out);
            }
            self.send_truth(now, asker.destination, &address, out);
        }
    }

    /// Fingers that are told of are gone where nothing would ever lift them again.
    pub(super) fn end_fingers(&mut self, id: DestinationId, is_over: impl Fn(&str) -> bool) {
        let destination = self.clients.destination_mut(id);
        destination.fingers.end_told(is_over);
        if let Some(next) = destination.fingers.next_still() {
            self.wake_for_fingers(id, next);
        }
    }

    /// Controls of which nothing more is heard: no finger is there, and what was kept back is sent.
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
        if let Some(next) = self.clients.destination(id).fingers.next_still() {
            self.wake_for_fingers(id, next);
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
