//! Bundles that wait for their time tag.

use std::time::Duration;

use oscgate::config::TimeTags;
use oscgate::limits::SCHEDULED_PER_CLIENT_MAX;
use oscgate::time::Instant;

use super::Model;
use super::codes::{self, Refusal};
use super::packets::{Sender, is_atomic};
use super::people::Key;
use super::requests::is_request;
use super::wire::Element;

/// What lies further ahead is the past, told by another way of counting.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A bundle that waits.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    /// In which order they came.
    pub(super) serial: u64,
    pub(super) due: Instant,
    pub(super) sender: Sender,
    bundle: Element,
}

impl Model {
    /// Whether the bundles of this client wait for their time tags.
    pub(super) fn schedules(&self, key: &Key) -> bool {
        let own = self.entry_of(key).map(|entry| entry.time_tags);
        own.unwrap_or(self.show.gateway.time_tags) == TimeTags::Schedule
    }

    /// When a bundle with this tag acts, seen from now.
    fn due_of(&self, tag: u64) -> Instant {
        let Some((wall, read)) = self.wall else {
            return self.now;
        };
        // The last reading of the wall clock is carried on by the machine's own time.
        let ahead = tag.wrapping_sub(wall);
        let due = read + Duration::from_micros(((u128::from(ahead) * 1_000_000) >> 32) as u64);
        if tag <= 1 || due > self.now + YEAR {
            return self.now;
        }
        due.max(self.now)
    }
}

impl Model {
    /// Lets a packet act in parts, each at its time.
    pub(super) fn schedule(&mut self, sender: &Sender, packet: &Element) {
        let first_letter = packet.letters().first().copied().cloned();
        let leaves = first_letter
            .as_ref()
            .is_some_and(|one| one.address == b"/oscgate/bye");
        if !self.sessions.contains_key(&sender.key)
            && !leaves
            && self.begin_session(sender, first_letter.as_ref()).is_err()
        {
            return;
        }
        let mut later = Vec::new();
        let at_once = self.part(packet, self.now, &mut later);
        // Who leaves without having been there leaves nothing behind.
        if leaves && !self.sessions.contains_key(&sender.key) {
            later.clear();
        }
        let horizon = self.now + self.show.gateway.schedule_horizon;
        let waiting = self
            .waiting
            .iter()
            .filter(|one| one.sender.key == sender.key)
            .count();
        let code = if later.iter().any(|(due, _)| *due > horizon) {
            Some(codes::BAD_TIME)
        } else if waiting + later.len() > SCHEDULED_PER_CLIENT_MAX {
            Some(codes::LIMIT)
        } else {
            None
        };
        let first = packet
            .letters()
            .first()
            .map(|letter| letter.address.clone());
        if let Some(code) = code {
            if packet.letters().into_iter().any(is_request)
                && let Some(session) = self.sessions.get_mut(&sender.key)
            {
                session.spoke = true;
            }
            let address = first.unwrap_or_else(|| b"#bundle".to_vec());
            self.greet(&sender.key);
            self.tell_denial(&sender.asker(), &Refusal::denial(code, address));
            return;
        }
        for (due, element) in later {
            self.waiting_begun += 1;
            self.waiting.push(Waiting {
                serial: self.waiting_begun,
                due,
                sender: sender.clone(),
                bundle: element,
            });
        }
        if let Some(element) = at_once {
            let _ = self.act_on(sender, &element);
        }
    }

    /// What of an element acts with the one around it, at `around`; what does not goes to `later`.
    fn part(
        &self,
        element: &Element,
        around: Instant,
        later: &mut Vec<(Instant, Element)>,
    ) -> Option<Element> {
        let Element::Bundle { tag, elements } = element else {
            return Some(element.clone());
        };
        let own = self.due_of(*tag).max(around);
        let place = later.len();
        let kept = if is_atomic(element) {
            elements.clone()
        } else {
            let parts = elements
                .iter()
                .filter_map(|inner| self.part(inner, own, later));
            parts.collect()
        };
        let kept = Element::Bundle {
            tag: *tag,
            elements: kept,
        };
        if own > around {
            later.insert(place, (own, kept));
            return None;
        }
        Some(kept)
    }

    /// A bundle's moment has come.
    pub(super) fn act_later(&mut self, serial: u64) {
        let at = self.waiting.iter().position(|one| one.serial == serial);
        let waiting = self.waiting.remove(at.expect("it waits"));
        let _ = self.act_on(&waiting.sender, &waiting.bundle);
    }
}
