//! Where a client is spoken to: what it follows there, and what it was sent.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;

use super::clients::ClientId;
use super::deadlines::TimerId;
use super::endpoint::Endpoint;
use super::event::Via;
use super::names::NameId;
use super::output::QueueId;
use super::spacing::Spacing;
use super::sync::Sync;
use super::table::AddressId;
use super::touch::Fingers;
use crate::limits::SENT_MEMORY_MAX;
use crate::mapping::Mapping;
use crate::osc::Pattern;
use crate::time::Instant;

/// A destination in [`Clients`](super::clients::Clients).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct DestinationId(pub(super) u32);

/// A destination as it was at some moment: it may be closed by now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Which.
    pub(super) destination: DestinationId,
    /// Tells it from a later one with the same id.
    pub(super) serial: u64,
    /// Which way it was spoken to.
    pub(super) via: Via,
}

/// One address that a client is spoken to at: the endpoint that its packets come from, or the
/// reply port that it asked for.
#[derive(Debug)]
pub(super) struct Destination {
    /// Where it is.
    pub(super) address: Endpoint,
    /// Whose it is; never a user.
    pub(super) client: ClientId,
    /// What waits for it.
    pub(super) queue: QueueId,
    /// Which way updates leave: the way that the last subscription came.
    pub(super) via: Via,
    /// What it follows.
    pub(super) subscriptions: Vec<Subscription>,
    /// What it was sent of others' values a short time ago.
    pub(super) sent: Sent,
    /// The `sync` requests that are being answered.
    pub(super) syncs: VecDeque<Sync>,
    /// The next step of the first of them.
    pub(super) sync_timer: Option<TimerId>,
    /// The next end of something that it follows for a time.
    pub(super) lease_timer: Option<TimerId>,
    /// The controls that a finger is on.
    pub(super) fingers: Fingers,
    /// The wake-up for the next finger of which nothing more is heard.
    pub(super) finger_timer: Option<(Instant, TimerId)>,
    /// The least time between two datagrams to it.
    pub(super) spacing: Option<Spacing>,
    /// Tells it from an earlier one with the same id.
    pub(super) serial: u64,
}

/// Something that a destination follows.
#[derive(Debug)]
pub(super) struct Subscription {
    /// What.
    pub(super) what: Followed,
    /// It is in the configuration, and outlives the session.
    pub(super) configured: bool,
    /// When it ends, if it is not renewed in the words of a dialect.
    pub(super) until: Option<Instant>,
}

/// What one subscription is about.
#[derive(Debug)]
pub(super) enum Followed {
    /// What a pattern matches.
    Pattern(Pattern),
    /// What a dialect's mapping speaks of.
    Mapped(Arc<Mapping>),
}

impl Subscription {
    /// For as long as the session lasts.
    pub(super) const fn of(pattern: Pattern, configured: bool) -> Self {
        Self {
            what: Followed::Pattern(pattern),
            configured,
            until: None,
        }
    }

    /// Whether an address outside `/oscgate` is followed by it.
    fn covers(&self, address: &str) -> bool {
        match &self.what {
            Followed::Pattern(pattern) => pattern.matches(address),
            Followed::Mapped(mapping) => mapping.covers(address),
        }
    }

    /// Its pattern, if it is one that was asked for by `/oscgate/subscribe` or configured.
    pub(super) fn pattern(&self) -> Option<&Pattern> {
        match &self.what {
            Followed::Pattern(pattern) if self.until.is_none() => Some(pattern),
            Followed::Pattern(_) | Followed::Mapped(_) => None,
        }
    }
}

impl Destination {
    /// Whether nothing is sent there by itself, and nothing is waited for.
    pub(super) fn is_idle(&self) -> bool {
        let paced = self.spacing.is_some_and(|spacing| spacing.timer.is_some());
        self.subscriptions.is_empty()
            && self.syncs.is_empty()
            && self.finger_timer.is_none()
            && !paced
    }

    /// Whether it follows an address outside `/oscgate`.
    pub(super) fn follows(&self, address: &str) -> bool {
        self.subscriptions
            .iter()
            .any(|subscription| subscription.covers(address))
    }

    /// Whether it follows a status address. Only a pattern that begins with the plain text
    /// `/oscgate/` matches there, so that `//*` is a show's values and nothing else.
    pub(super) fn follows_status(&self, address: &str) -> bool {
        let patterns = self.subscriptions.iter().filter_map(Subscription::pattern);
        patterns
            .into_iter()
            .any(|pattern| pattern.prefix().starts_with("/oscgate/") && pattern.matches(address))
    }
}

/// Values of others that one destination was sent, to tell a reflection from a hand: in the order
/// of their sending, those of one address in a chain, so that a client that follows a busy show is
/// not looked through for each of its writes.
#[derive(Debug, Default)]
pub(super) struct Sent {
    values: VecDeque<SentValue>,
    /// How many were forgotten: the number of the first that is remembered.
    forgotten: u64,
    /// The number of the last value of each address.
    last: HashMap<AddressId, u64>,
}

/// What a value is told by when it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// By all its bytes.
    Bytes(u64),
    /// By the step of the device that it was sent as: a device rounds.
    Step(i64),
}

impl Mark {
    /// Whether a value that came in with the mark `other` is the one that went out with this.
    const fn is_again(self, other: Self) -> bool {
        match (self, other) {
            (Self::Bytes(one), Self::Bytes(other)) => one == other,
            (Self::Step(one), Self::Step(other)) => one.abs_diff(other) <= 1,
            (Self::Bytes(_), Self::Step(_)) | (Self::Step(_), Self::Bytes(_)) => false,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct SentValue {
    at: Instant,
    address: AddressId,
    writer: NameId,
    mark: Mark,
    /// The number of the value of the same address before it, remembered or not.
    before: Option<u64>,
}

impl Sent {
    /// Whether nothing is remembered.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Notes that the value with this mark, written by `writer`, was sent.
    pub(super) fn note(&mut self, at: Instant, address: AddressId, writer: NameId, mark: Mark) {
        if self.values.len() >= SENT_MEMORY_MAX {
            self.forget_first();
        }
        let number = self.forgotten + self.values.len() as u64;
        let before = self.last.insert(address, number);
        self.values.push_back(SentValue {
            at,
            address,
            writer,
            mark,
            before,
        });
    }

    /// Whether such a value, not written under one of the names `own`, was sent within the last
    /// `span`. Nobody sends back what comes out of the same packet.
    pub(super) fn has(
        &mut self,
        now: Instant,
        span: Duration,
        address: AddressId,
        mark: Mark,
        own: [NameId; 2],
    ) -> bool {
        while self
            .values
            .front()
            .is_some_and(|value| now.since(value.at) > span)
        {
            self.forget_first();
        }
        let mut number = self.last.get(&address).copied();
        while let Some(value) = number.and_then(|number| self.numbered(number)) {
            if value.mark.is_again(mark) && value.at < now && !own.contains(&value.writer) {
                return true;
            }
            number = value.before;
        }
        false
    }

    /// A value by its number; `None`: it is forgotten.
    fn numbered(&self, number: u64) -> Option<&SentValue> {
        let position = number.checked_sub(self.forgotten)?;
        self.values.get(usize::try_from(position).ok()?)
    }

    fn forget_first(&mut self) {
        let Some(first) = self.values.pop_front() else {
            return;
        };
        if self.last.get(&first.address) == Some(&self.forgotten) {
            self.last.remove(&first.address);
        }
        self.forgotten += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_sent_lately_is_known_and_nothing_else(
            steps in proptest::collection::vec((0u64..3, 0u32..4, 0u64..3, 1u32..4, any::<bool>()), 1..200),
        ) {
            let span = Duration::from_micros(20);
            let mut sent = Sent::default();
            let mut plain: Vec<(Instant, AddressId, NameId, u64)> = Vec::new();
            let mut now = Instant::ZERO;
            for (pause, address, hash, writer, asks) in steps {
                now = now + Duration::from_micros(pause);
                let address = AddressId::for_test(address);
                let writer = NameId::for_test(writer);
                if asks {
                    let known = plain.iter().any(|&(at, a, w, h)| {
                        at < now
                            && now.since(at) <= span
                            && (a, h) == (address, hash)
                            && w != writer
                    });
                    prop_assert_eq!(sent.has(now, span, address, Mark::Bytes(hash), [writer; 2]), known);
                } else {
                    plain.push((now, address, writer, hash));
                    sent.note(now, address, writer, Mark::Bytes(hash));
                }
                prop_assert!(sent.last.len() <= sent.values.len());
            }
        }
    }
}
