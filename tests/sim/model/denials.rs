//! How a refusal is told: denials, true values, streams of denied writes, errors.

use std::net::SocketAddr;

use oscgate::time::Instant;

use super::Model;
use super::codes::{About, Manner, Refusal, whole_ms};
use super::follow::Kind;
use super::people::{Asker, Place, Who};
use super::wire::{Arg, message, s};

/// A run of denied writes of one client to one address.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    /// When it ends, if there is no further denied write.
    pub(super) ends: Instant,
    /// When one was last told.
    told: Instant,
    /// From where the hand moved that is sent the true value at the end, and whether its last write
    /// was a call: such a one is sent it only where it follows. Nowhere if there was but one.
    pub(super) from: Option<(SocketAddr, bool)>,
}

/// What is told of one refusal.
struct Telling {
    denial: bool,
    value: bool,
}

impl Model {
    /// Tells of a refusal all but the reply to a call.
    pub(super) fn tell_refusal(&mut self, asker: &Asker, refusal: &Refusal) {
        let mut asker = asker.clone();
        asker.who.user = refusal.user.clone().or(asker.who.user);
        let asker = &asker;
        match &refusal.about {
            About::Request(request) => {
                if asker.call.is_none() {
                    self.tell_error(asker, request, refusal.code);
                }
            }
            About::Address(address) => {
                let address = String::from_utf8_lossy(address).into_owned();
                let telling = match refusal.manner {
                    Manner::EachTime => Telling {
                        denial: true,
                        value: true,
                    },
                    Manner::AsStream => self.in_stream(asker, &address),
                };
                if telling.denial {
                    self.tell_denial(asker, refusal);
                }
                let own = self.answers_to(asker);
                let value = match asker.call {
                    None => telling.value,
                    Some(_) => self.followers(&address).contains(&own),
                };
                if value && self.snaps_back(&asker.who.key) {
                    self.send_true_value(&own, &address);
                }
            }
        }
    }

    /// The answer to a request that failed.
    pub(super) fn tell_error(&mut self, asker: &Asker, request: &[u8], code: &str) {
        let own = self.answers_to(asker);
        if self.takes_status(&asker.who.key) {
            self.send(
                &own,
                message("/oscgate/status/error", &[s(request), s(code), s("")]),
            );
        }
    }

    /// The denial itself, to the denied (who has a reply if it was a call) and to followers.
    pub(super) fn tell_denial(&mut self, asker: &Asker, refusal: &Refusal) {
        let (About::Address(address) | About::Request(address)) = &refusal.about;
        let arguments = [
            s(address),
            s(refusal.code),
            s(&refusal.holder),
            Arg::I(whole_ms(refusal.remaining)),
        ];
        let own = self.answers_to(asker);
        match asker.call {
            None => self.tell("denied", &arguments, &[own]),
            Some(_) => self.tell("denied", &arguments, &[]),
        }
    }

    /// Sends what an address really holds; it counts as nobody's write.
    pub(super) fn send_true_value(&mut self, to: &Place, address: &str) {
        if let Some(value) = self.value(address).cloned() {
            self.send_value(to, address, &value.tail, None, Kind::Value);
        }
    }

    /// Counts a denied write, and says what is told of it.
    fn in_stream(&mut self, asker: &Asker, address: &str) -> Telling {
        let place = (asker.who.clone(), address.to_owned());
        let now = self.now;
        let interval = self.show.locks.denial_interval;
        let ends = now + self.show.locks.settle;
        let Some(stream) = self.streams.get_mut(&place) else {
            let stream = Stream {
                ends,
                told: now,
                from: None,
            };
            self.streams.insert(place, stream);
            return Telling {
                denial: true,
                value: true,
            };
        };
        stream.ends = stream.ends.max(ends);
        stream.from = Some((asker.from, asker.call.is_some()));
        let denial = now >= stream.told + interval;
        if denial {
            stream.told = now;
        }
        Telling {
            denial,
            value: false,
        }
    }

    /// The denied hand has been still.
    pub(super) fn end_stream(&mut self, place: &(Who, String)) {
        let stream = self.streams.remove(place).expect("it is running");
        let Some((from, by_call)) = stream.from.filter(|_| self.snaps_back(&place.0.key)) else {
            return;
        };
        let to = self.place(&place.0.key, from);
        if !by_call || self.followers(&place.1).contains(&to) {
            self.send_true_value(&to, &place.1);
        }
    }
}
