//! Room for one more client: who makes it, and what is said where there is none.

use super::Gateway;
use super::change::Change;
use super::clients::ClientId;
use super::code::{Code, EndCause};
use super::destination::DestinationId;
use super::output::Outputs;
use super::profile::Who;
use super::queue::Kind;
use super::reply::Status;
use super::session::Origin;
use crate::limits::NO_ROOM_INTERVAL;
use crate::time::Instant;

impl Gateway {
    /// Makes room for one more client if there is none: whoever has been silent longest and has
    /// nothing to lose goes. `false`: there is nobody such.
    pub(super) fn make_room(&mut self, out: &mut Outputs) -> bool {
        if self.clients.count() < self.limits.clients as usize {
            return true;
        }
        let ids = self.clients.ids().into_iter();
        let dispensable = ids.filter(|&id| self.is_dispensable(id));
        // Of those heard in the same moment the one that came first.
        let silent_since = |&id: &ClientId| {
            let record = self.clients.client(id);
            let number = record.session.as_ref().map(|session| session.number);
            (record.last_heard, number)
        };
        let Some(longest) = dispensable.min_by_key(silent_since) else {
            return false;
        };
        if self.clients.is_alive(longest) {
            self.end(longest, EndCause::Silence, out);
        } else {
            self.forget(longest, out);
        }
        true
    }

    /// Whether a client has no lock, subscription, name or entry. One of a configured subnet
    /// that has no session any more is only remembered, and may be forgotten.
    fn is_dispensable(&self, id: ClientId) -> bool {
        let record = self.clients.client(id);
        match (&record.who, &record.session) {
            (Some(Who::Member(..)), None) => true,
            (Some(Who::Endpoint(_) | Who::Ip(_)), Some(session)) => {
                let users_hold = |&user: &ClientId| !self.clients.session(user).locks.is_empty();
                let follows =
                    |&id: &DestinationId| !self.clients.destination(id).subscriptions.is_empty();
                session.locks.is_empty()
                    && !session.users.iter().any(users_hold)
                    && !record.destinations.iter().any(follows)
                    && self.clients.name(id) == self.own_name(id)
            }
            (Some(Who::Endpoint(_) | Who::Ip(_)), None)
            | (Some(Who::Configured(_) | Who::Member(..)), _)
            | (None, _) => false,
        }
    }

    pub(super) fn refuse_for_lack_of_room(
        &mut self,
        now: Instant,
        origin: Origin,
        out: &mut Outputs,
    ) {
        self.stats.no_room += 1;
        out.change(Change::NoRoom {
            from: origin.from.address,
        });
        let ip = origin.from.address.ip();
        self.refused
            .retain(|&(_, at)| now.since(at) < NO_ROOM_INTERVAL);
        if self.refused.iter().any(|&(other, _)| other == ip) || self.refused.len() >= 64 {
            return;
        }
        self.refused.push((ip, now));
        let (_, profile) = self.profiles.identify(origin.from);
        let to = match self.profiles.profile(profile).reply_port {
            Some(port) => origin.from.at_port(port),
            None => origin.from,
        };
        let queue = out.open(to);
        let text = "no room for one more client; raise [limits] clients";
        Status::Error {
            request: "/oscgate/hello",
            code: Code::Limit,
            text,
        }
        .write(&mut out.scratch);
        out.push_scratch(queue, Kind::Status, origin.via);
        out.close(queue);
    }
}
