//! Following for a time, in the words of a dialect: `/xremote` and its ten seconds.

use std::sync::Arc;
use std::time::Duration;

use super::destination::{DestinationId, Followed, Subscription};
use super::{Asker, Gateway, Timer};
use crate::mapping::Mapping;
use crate::osc::Pattern;
use crate::time::Instant;

/// What is followed in the words of a dialect.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wish<'a> {
    /// All that the mapping speaks of.
    Mapped(&'a Arc<Mapping>),
    /// One address.
    Address(&'a str),
}

impl Wish<'_> {
    fn is(self, subscription: &Subscription) -> bool {
        match (self, &subscription.what) {
            (Self::Mapped(mapping), Followed::Mapped(known)) => Arc::ptr_eq(mapping, known),
            (Self::Address(address), Followed::Pattern(known)) => {
                subscription.until.is_some() && known.as_str() == address
            }
            (Self::Mapped(_), Followed::Pattern(_)) | (Self::Address(_), Followed::Mapped(_)) => {
                false
            }
        }
    }

    fn followed(self) -> Option<Followed> {
        match self {
            Self::Mapped(mapping) => Some(Followed::Mapped(Arc::clone(mapping))),
            Self::Address(address) => Pattern::compile(address).ok().map(Followed::Pattern),
        }
    }
}

impl Gateway {
    /// The asking endpoint follows something for a time, or goes on following it. `false`: it
    /// follows too much.
    pub(super) fn lease(
        &mut self,
        now: Instant,
        asker: Asker,
        wish: Wish<'_>,
        lease: Option<Duration>,
    ) -> bool {
        let id = asker.destination;
        let limit = self.limits.subscriptions_per_client as usize;
        let until = lease.map(|lease| now + lease);
        let destination = self.clients.destination_mut(id);
        destination.via = asker.via;
        let mut known = destination.subscriptions.iter_mut();
        if let Some(known) = known.find(|known| wish.is(known)) {
            known.until = until;
        } else {
            if destination.subscriptions.len() >= limit {
                return false;
            }
            let Some(what) = wish.followed() else {
                return false;
            };
            destination.subscriptions.push(Subscription {
                what,
                configured: false,
                until,
            });
            self.followers_changed();
        }
        self.arm_leases(id);
        true
    }

    /// What the asking endpoint follows for a time, it follows for that long again.
    pub(super) fn renew_leases(&mut self, now: Instant, asker: Asker, lease: Duration) {
        let destination = self.clients.destination_mut(asker.destination);
        for subscription in &mut destination.subscriptions {
            if subscription.until.is_some() {
                subscription.until = Some(now + lease);
            }
        }
    }

    /// The asking endpoint follows no more what it followed in the words of its dialect.
    pub(super) fn end_leases(&mut self, asker: Asker) {
        let destination = self.clients.destination_mut(asker.destination);
        let before = destination.subscriptions.len();
        destination
            .subscriptions
            .retain(|known| known.configured || known.pattern().is_some());
        if destination.subscriptions.len() < before {
            self.followers_changed();
        }
    }

    /// Something that is followed for a time may have ended: it may have been renewed since.
    pub(super) fn on_leases(&mut self, due: Instant, id: DestinationId) {
        let destination = self.clients.destination_mut(id);
        destination.lease_timer = None;
        let before = destination.subscriptions.len();
        destination
            .subscriptions
            .retain(|known| known.until.is_none_or(|until| until > due));
        if destination.subscriptions.len() < before {
            self.followers_changed();
        }
        self.arm_leases(id);
    }

    /// Sets the wake-up for the next end, if there is none.
    pub(super) fn arm_leases(&mut self, id: DestinationId) {
        let destination = self.clients.destination_mut(id);
        let ends = destination.subscriptions.iter();
        if destination.lease_timer.is_none()
            && let Some(next) = ends.filter_map(|known| known.until).min()
        {
            destination.lease_timer = Some(self.deadlines.arm(next, Timer::Leases(id)));
        }
    }
}
