//! Where a client is spoken to: opened, moved and closed with what it follows there.

use super::Gateway;
use super::clients::ClientId;
use super::destination::{DestinationId, Subscription};
use super::endpoint::Endpoint;
use super::event::Via;
use super::output::Outputs;
use super::session::Origin;
use crate::time::Instant;

impl Gateway {
    /// Closes what is left of a client and forgets it.
    pub(super) fn forget(&mut self, client: ClientId, out: &mut Outputs) {
        for destination in self.clients.client(client).destinations.clone() {
            self.close(destination, out);
        }
        self.forget_writer(client);
        self.clients.remove(client);
    }

    /// Closes a destination, its `sync` with it.
    pub(super) fn close(&mut self, destination: DestinationId, out: &mut Outputs) {
        if !self
            .clients
            .destination(destination)
            .subscriptions
            .is_empty()
        {
            self.followers_changed();
        }
        for timer in self.clients.close(destination, out) {
            self.deadlines.disarm(timer);
        }
    }

    /// At a session's end: what it subscribed is gone, what is configured stays.
    pub(super) fn close_destinations(&mut self, client: ClientId, out: &mut Outputs) {
        for id in self.clients.client(client).destinations.clone() {
            let destination = self.clients.destination_mut(id);
            let before = destination.subscriptions.len();
            destination
                .subscriptions
                .retain(|subscription| subscription.configured);
            destination.syncs.clear();
            let timers = [
                destination.sync_timer.take(),
                destination.lease_timer.take(),
            ];
            let kept = destination.subscriptions.len();
            for timer in timers.into_iter().flatten() {
                self.deadlines.disarm(timer);
            }
            if kept < before {
                self.followers_changed();
            }
            if kept == 0 {
                self.close(id, out);
            } else {
                self.end_fingers(id, |_| true);
            }
        }
    }

    /// The destination of a client at an address, opened if it is not.
    pub(super) fn open_destination(
        &mut self,
        client: ClientId,
        address: Endpoint,
        via: Via,
        out: &mut Outputs,
    ) -> DestinationId {
        let id = self.clients.open(client, address, via, out);
        self.pace_destination(id, out);
        id
    }

    pub(super) fn add_source(
        &mut self,
        now: Instant,
        client: ClientId,
        origin: Origin,
        out: &mut Outputs,
    ) -> DestinationId {
        let record = self.clients.client(client);
        let configured = self.profiles.profile(record.profile).reply_port;
        let asked = record
            .session
            .as_ref()
            .and_then(|session| session.reply_port);
        let address = match asked.or(configured) {
            Some(port) => origin.from.at_port(port),
            None => origin.from,
        };
        let destination = self.open_destination(client, address, origin.via, out);
        self.clients
            .add_source(now, origin.from, client, destination, out);
        self.follow_last_heard(client, destination);
        destination
    }

    /// Where a client's configured subscriptions have no port of their own, they go where it was
    /// last heard.
    pub(super) fn follow_last_heard(&mut self, client: ClientId, destination: DestinationId) {
        let record = self.clients.client(client);
        let Some(former) = record.last_heard_at else {
            return;
        };
        if former == destination {
            return;
        }
        let subscriptions = &mut self.clients.destination_mut(former).subscriptions;
        let (moved, kept) = std::mem::take(subscriptions)
            .into_iter()
            .partition::<Vec<_>, _>(|subscription| subscription.configured);
        *subscriptions = kept;
        self.clients
            .destination_mut(destination)
            .subscriptions
            .extend(moved);
        self.clients.client_mut(client).last_heard_at = Some(destination);
        self.followers_changed();
    }

    /// Gives a client its configured subscriptions if it has not got them yet. Returns the
    /// destination that has them.
    pub(super) fn attach_configured(
        &mut self,
        client: ClientId,
        heard_at: DestinationId,
        out: &mut Outputs,
    ) -> Option<DestinationId> {
        let record = self.clients.client(client);
        let profile = self.profiles.profile(record.profile);
        if profile.follow.is_empty() {
            return None;
        }
        let heard = self.clients.destination(heard_at);
        let (mut via, mut address) = (heard.via, heard.address);
        let fixed = profile.fixed_port();
        if let Some(port) = fixed {
            // A port that is configured is a UDP port, whatever it is heard over.
            let udp = Endpoint::udp(address.address).at_port(port);
            if !address.is_udp() {
                via = self.way_to(udp.address)?;
            }
            address = udp;
        }
        let id = self.open_destination(client, address, via, out);
        if fixed.is_none() {
            self.clients.client_mut(client).last_heard_at = Some(id);
        }
        self.subscribe_configured(client, id);
        Some(id)
    }

    /// Adds the configured subscriptions of a client to one of its destinations.
    pub(super) fn subscribe_configured(&mut self, client: ClientId, id: DestinationId) {
        let profile = self.profiles.profile(self.clients.client(client).profile);
        let destination = self.clients.destination_mut(id);
        if destination
            .subscriptions
            .iter()
            .any(|subscription| subscription.configured)
        {
            return;
        }
        let configured = profile.follow.iter().cloned();
        destination
            .subscriptions
            .extend(configured.map(|pattern| Subscription::of(pattern, true)));
        self.followers_changed();
    }
}
