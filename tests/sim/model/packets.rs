//! A datagram comes in: who sent it, and what of it acts when.

use std::net::{IpAddr, SocketAddr};

use oscgate::gateway::Via;

use super::Model;
use super::codes::{Outcome, Refusal};
use super::people::{Asker, Key, Who, identify};
use super::requests::is_request;
use super::wire::{Element, Letter};

/// Who sent a packet, and which way it came.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    pub(super) key: Key,
    pub(super) from: SocketAddr,
    pub(super) local: Option<IpAddr>,
}

/// That nothing more of a packet acts: there was no room for its sender.
pub(super) struct NoRoom;

impl Sender {
    pub(super) fn asker(&self) -> Asker {
        Asker {
            who: Who::client(self.key.clone()),
            from: self.from,
            call: None,
        }
    }
}

impl Model {
    pub(super) fn on_datagram(&mut self, from: SocketAddr, via: Via, bytes: &[u8]) {
        if self.stopped || bytes.is_empty() || self.is_own_socket(from, via) {
            return;
        }
        let Some(packet) = Element::of_packet(bytes) else {
            return;
        };
        let Some(key) = identify(&self.show, from) else {
            return;
        };
        let sender = Sender {
            key,
            from,
            local: via.local,
        };
        self.hear(&sender);
        if packet.letters().is_empty() && !self.sessions.contains_key(&sender.key) {
            // There is no room for it, or there is: it has nothing to say either way.
            let _ = self.begin_session(&sender, None);
        }
        if self.schedules(&sender.key) {
            self.schedule(&sender, &packet);
        } else {
            let _ = self.act_on(&sender, &packet);
        }
    }

    /// Whether a source is one of the gateway's own sockets.
    fn is_own_socket(&self, from: SocketAddr, via: Via) -> bool {
        let links = self.links.iter().flatten();
        let known = { links }.any(|own| *own == from.ip());
        let here = from.ip().is_loopback() || via.local == Some(from.ip()) || known;
        self.sockets.iter().any(|own| {
            let family = own.is_ipv4() == from.is_ipv4();
            own.port() == from.port()
                && (own.ip() == from.ip() || (own.ip().is_unspecified() && family && here))
        })
    }

    /// Whether a program at this port of this host is the gateway itself.
    pub(super) fn is_own_port(&self, ip: IpAddr, port: u16) -> bool {
        let own_host = ip.is_loopback() || self.sockets.iter().any(|own| own.ip() == ip);
        own_host && self.sockets.iter().any(|own| own.port() == port)
    }

    /// Lets an element of a packet act, what lies in it in order.
    pub(super) fn act_on(&mut self, sender: &Sender, element: &Element) -> Result<(), NoRoom> {
        match element {
            Element::Message(letter) => self.one_in_any_words(sender, letter),
            Element::Bundle { elements, .. } if is_atomic(element) => {
                let letters: Vec<&Letter> = elements
                    .iter()
                    .flat_map(letters_of_atomic)
                    .skip(1)
                    .collect();
                let meant: Vec<Letter> = letters
                    .iter()
                    .flat_map(|letter| self.in_own_words(&sender.key, letter))
                    .collect();
                self.atomic(sender, &meant.iter().collect::<Vec<_>>())
            }
            Element::Bundle { elements, .. } => elements
                .iter()
                .try_for_each(|inner| self.act_on(sender, inner)),
        }
    }

    /// Lets one message act that stands for itself, whatever words it is in.
    fn one_in_any_words(&mut self, sender: &Sender, letter: &Letter) -> Result<(), NoRoom> {
        let meant = self.in_own_words(&sender.key, letter);
        if meant.is_empty() {
            return self.begin_if_new(sender, letter).map(|_| ());
        }
        for letter in &meant {
            self.one(sender, letter)?;
        }
        Ok(())
    }

    /// Begins the session of a sender that has none; `false`: it only takes its leave.
    fn begin_if_new(&mut self, sender: &Sender, letter: &Letter) -> Result<bool, NoRoom> {
        if self.sessions.contains_key(&sender.key) {
            return Ok(true);
        }
        if letter.address == b"/oscgate/bye" {
            return Ok(false);
        }
        self.begin_session(sender, Some(letter))?;
        Ok(true)
    }

    /// Lets one message act that stands for itself.
    pub(super) fn one(&mut self, sender: &Sender, letter: &Letter) -> Result<Outcome, NoRoom> {
        if !self.begin_if_new(sender, letter)? {
            return Ok(Outcome::Ignored);
        }
        if is_request(letter) {
            let session = self.sessions.get_mut(&sender.key).expect("it has begun");
            session.spoke = true;
        }
        Ok(self.act(&sender.asker(), letter))
    }

    /// Lets a message act, and tells of its refusal.
    pub(super) fn act(&mut self, asker: &Asker, letter: &Letter) -> Outcome {
        let outcome = self.perform(asker, letter);
        if let Outcome::Refused(refusal @ Refusal { told: false, .. }) = &outcome {
            self.greet(&asker.who.key);
            self.tell_refusal(asker, refusal);
        }
        outcome
    }
}

/// Whether an element is a bundle that is all or nothing.
pub(super) fn is_atomic(element: &Element) -> bool {
    match element {
        Element::Bundle { elements, .. } => match elements.first() {
            Some(Element::Message(letter)) => is_atomic_mark(letter),
            _ => false,
        },
        Element::Message(_) => false,
    }
}

fn is_atomic_mark(letter: &Letter) -> bool {
    letter.address == b"/oscgate/atomic" && letter.count() == 0
}

/// The messages of what lies in an atomic bundle: the marks that lead the bundles inside it mean
/// nothing.
fn letters_of_atomic(element: &Element) -> Vec<&Letter> {
    match element {
        Element::Message(letter) => vec![letter],
        Element::Bundle { elements, .. } => {
            let marks = usize::from(is_atomic(element));
            elements
                .iter()
                .skip(marks)
                .flat_map(letters_of_atomic)
                .collect()
        }
    }
}
