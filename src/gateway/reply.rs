//! What the gateway says of itself: status messages, and who is told.

use std::net::SocketAddr;
use std::time::Duration;

use super::clients::ClientId;
use super::code::{Code, EndCause, UnlockCause};
use super::destination::{DestinationId, Place};
use super::event::Via;
use super::output::Outputs;
use super::queue::Kind;
use super::{Asker, Gateway, Timer};
use crate::limits::HEARTBEAT_INTERVAL;
use crate::mapping::When;
use crate::osc::Encoder;
use crate::time::Instant;

/// The status messages that can be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatusKind {
    /// Something about an address was refused.
    Denied,
    /// A lock was taken.
    Locked,
    /// A lock ended.
    Unlocked,
    /// A session began.
    Connected,
    /// A session ended.
    Disconnected,
    /// The gateway lives.
    Heartbeat,
}

impl StatusKind {
    /// All of them, in order of their numbers.
    pub(super) const ALL: [Self; 6] = [
        Self::Denied,
        Self::Locked,
        Self::Unlocked,
        Self::Connected,
        Self::Disconnected,
        Self::Heartbeat,
    ];

    /// Its address.
    pub(super) const fn address(self) -> &'static str {
        match self {
            Self::Denied => "/oscgate/status/denied",
            Self::Locked => "/oscgate/status/locked",
            Self::Unlocked => "/oscgate/status/unlocked",
            Self::Connected => "/oscgate/status/connected",
            Self::Disconnected => "/oscgate/status/disconnected",
            Self::Heartbeat => "/oscgate/status/heartbeat",
        }
    }
}

/// A status message about to be written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Status<'a> {
    /// `,sssi ADDRESS CODE HOLDER REMAINING_MS`.
    Denied {
        address: &'a [u8],
        code: Code,
        holder: &'a str,
        remaining: Duration,
    },
    /// `,ssi ADDRESS HOLDER TIMEOUT_MS`.
    Locked {
        address: &'a str,
        holder: &'a str,
        timeout: Duration,
    },
    /// `,sss ADDRESS HOLDER CAUSE`.
    Unlocked {
        address: &'a str,
        holder: &'a str,
        cause: UnlockCause,
    },
    /// `,ss NAME ENDPOINT`.
    Connected { name: &'a str, endpoint: SocketAddr },
    /// `,sss NAME ENDPOINT CAUSE`.
    Disconnected {
        name: &'a str,
        endpoint: SocketAddr,
        cause: EndCause,
    },
    /// `,i N`.
    Heartbeat { number: i32 },
    /// `,sss REQUEST CODE TEXT`.
    Error {
        request: &'a str,
        code: Code,
        text: &'a str,
    },
}

impl Status<'_> {
    /// Writes the message in place of what `buffer` holds.
    pub(super) fn write(&self, buffer: &mut Vec<u8>) {
        buffer.clear();
        match *self {
            Self::Denied {
                address,
                code,
                holder,
                remaining,
            } => {
                begin(buffer, StatusKind::Denied, b"sssi")
                    .string(address)
                    .string(code.as_str().as_bytes())
                    .string(holder.as_bytes())
                    .int(millis(remaining));
            }
            Self::Locked {
                address,
                holder,
                timeout,
            } => {
                begin(buffer, StatusKind::Locked, b"ssi")
                    .string(address.as_bytes())
                    .string(holder.as_bytes())
                    .int(millis(timeout));
            }
            Self::Unlocked {
                address,
                holder,
                cause,
            } => {
                begin(buffer, StatusKind::Unlocked, b"sss")
                    .string(address.as_bytes())
                    .string(holder.as_bytes())
                    .string(cause.as_str().as_bytes());
            }
            Self::Connected { name, endpoint } => {
                begin(buffer, StatusKind::Connected, b"ss")
                    .string(name.as_bytes())
                    .string(endpoint.to_string().as_bytes());
            }
            Self::Disconnected {
                name,
                endpoint,
                cause,
            } => {
                begin(buffer, StatusKind::Disconnected, b"sss")
                    .string(name.as_bytes())
                    .string(endpoint.to_string().as_bytes())
                    .string(cause.as_str().as_bytes());
            }
            Self::Heartbeat { number } => {
                begin(buffer, StatusKind::Heartbeat, b"i").int(number);
            }
            Self::Error {
                request,
                code,
                text,
            } => {
                Encoder::begin(buffer, b"/oscgate/status/error", b"sss")
                    .string(request.as_bytes())
                    .string(code.as_str().as_bytes())
                    .string(text.as_bytes());
            }
        }
    }
}

fn begin<'b>(buffer: &'b mut Vec<u8>, kind: StatusKind, tags: &[u8]) -> Encoder<'b> {
    Encoder::begin(buffer, kind.address().as_bytes(), tags)
}

/// A span in whole milliseconds, rounded up: what is not over is not 0.
pub(super) fn millis(span: Duration) -> i32 {
    i32::try_from(span.as_micros().div_ceil(1_000)).unwrap_or(i32::MAX)
}

/// Who is told of a status message beside its followers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Also {
    /// Nobody.
    Nobody,
    /// The one who asked, where it asked from.
    Asker(Asker),
    /// A client, at this place; where that is closed by now, where it was last heard.
    Client(ClientId, Option<Place>),
}

impl Gateway {
    /// Whether a client is sent status messages: one configured with `status = false` only in a
    /// session in which it has itself sent a message under `/oscgate`.
    pub(super) fn is_told_status(&self, client: ClientId) -> bool {
        let root = self.clients.root(client);
        let record = self.clients.client(root);
        record.status || record.session.as_ref().is_some_and(|session| session.spoke)
    }

    /// Sends the status message in the scratch buffer to those who follow its kind, and to `also`.
    /// Nobody is sent it twice.
    pub(super) fn tell(&mut self, kind: StatusKind, also: Also, out: &mut Outputs) {
        let also: Option<(DestinationId, Via)> = match also {
            Also::Nobody => None,
            Also::Asker(asker) => self
                .is_told_status(asker.client)
                .then_some((asker.destination, asker.via)),
            Also::Client(client, place) => self
                .is_told_status(client)
                .then(|| self.spoken_to(client, place))
                .flatten(),
        };
        if let Some((id, via)) = also {
            out.push_scratch(self.clients.destination(id).queue, Kind::Status, via);
        }
        for n in 0..self.status_followers(kind).len() {
            let id = self.status_followers(kind)[n];
            let follower = self.clients.destination(id);
            // One that is configured to follow may be configured not to be told, too.
            if also.is_none_or(|(told, _)| told != id) && self.is_told_status(follower.client) {
                out.push_scratch(follower.queue, Kind::Status, follower.via);
            }
        }
    }

    /// A place of a client that has a session or, where a `hello` moved it, the one that it has now.
    pub(super) fn place_now(&self, client: ClientId, place: Place) -> Option<Place> {
        let (id, via) = self.spoken_to(client, Some(place))?;
        Some(Place {
            via,
            ..self.clients.place(id)
        })
    }

    fn spoken_to(&self, client: ClientId, place: Option<Place>) -> Option<(DestinationId, Via)> {
        if let Some(place) = place.filter(|&place| self.clients.at(place).is_some()) {
            return Some((place.destination, place.via));
        }
        let id = self.clients.last_destination(self.clients.root(client))?;
        Some((id, self.clients.destination(id).via))
    }

    /// Tells of a session that began or a client that changed its name.
    pub(super) fn tell_connected(
        &mut self,
        client: ClientId,
        endpoint: SocketAddr,
        asker: Option<Asker>,
        out: &mut Outputs,
    ) {
        let name = self.clients.name(client);
        Status::Connected { name, endpoint }.write(&mut out.scratch);
        self.tell(
            StatusKind::Connected,
            asker.map_or(Also::Nobody, Also::Asker),
            out,
        );
        self.tell_lamps_of_session(When::Connected, client, "", out);
    }

    /// Answers a `hello` that changed nothing.
    pub(super) fn answer_connected(
        &mut self,
        asker: Asker,
        endpoint: SocketAddr,
        out: &mut Outputs,
    ) {
        let name = self.clients.name(asker.client);
        Status::Connected { name, endpoint }.write(&mut out.scratch);
        self.answer(asker, Kind::Status, out);
    }

    /// Tells of a session that ended.
    pub(super) fn tell_disconnected(
        &mut self,
        client: ClientId,
        endpoint: SocketAddr,
        cause: EndCause,
        out: &mut Outputs,
    ) {
        let unsent = std::mem::take(&mut self.clients.client_mut(client).unsent);
        let destinations = self.clients.client(client).destinations.iter();
        let queues = destinations.map(|&id| self.clients.destination(id).queue);
        let dropped = queues.map(|queue| out.take_dropped(queue)).sum();
        let name = self.clients.name(client);
        out.change(super::Change::Ended {
            name,
            endpoint,
            cause,
            dropped,
            unsent,
        });
        Status::Disconnected {
            name,
            endpoint,
            cause,
        }
        .write(&mut out.scratch);
        let also = if cause == EndCause::Stopped {
            Also::Client(client, None)
        } else {
            Also::Nobody
        };
        self.tell(StatusKind::Disconnected, also, out);
        self.tell_lamps_of_session(When::Disconnected, client, cause.as_str(), out);
    }

    /// Answers a request that failed and names no address that could be denied.
    pub(super) fn fail(
        &mut self,
        asker: Asker,
        request: &str,
        code: Code,
        text: &str,
        out: &mut Outputs,
    ) {
        let client = self.clients.name(asker.client);
        out.change(super::Change::Failed {
            request,
            code,
            client,
            text,
        });
        // A caller is answered by its reply.
        if asker.in_call || !self.is_told_status(asker.client) {
            return;
        }
        Status::Error {
            request,
            code,
            text,
        }
        .write(&mut out.scratch);
        let queue = self.clients.destination(asker.destination).queue;
        out.push_scratch(queue, Kind::Status, asker.via);
    }

    /// Answers with the message in the scratch buffer.
    pub(super) fn answer(&mut self, asker: Asker, kind: Kind, out: &mut Outputs) {
        out.push_scratch(
            self.clients.destination(asker.destination).queue,
            kind,
            asker.via,
        );
    }

    /// Whoever follows the heartbeat is sent one every second.
    pub(super) fn on_heartbeat(&mut self, now: Instant, out: &mut Outputs) {
        self.heartbeat_timer = None;
        if self.status_followers(StatusKind::Heartbeat).is_empty() {
            return;
        }
        let number = now.as_micros() / 1_000_000;
        // It counts on from the start again after 68 years.
        let number = i32::try_from(number % 0x8000_0000).expect("31 bits");
        Status::Heartbeat { number }.write(&mut out.scratch);
        self.tell(StatusKind::Heartbeat, Also::Nobody, out);
        self.heartbeat_timer = Some(
            self.deadlines
                .arm(now + HEARTBEAT_INTERVAL, Timer::Heartbeat),
        );
    }

    /// Starts the heartbeat when the first follower comes.
    pub(super) fn arm_heartbeat_if_followed(&mut self) {
        if self.heartbeat_timer.is_none()
            && !self.status_followers(StatusKind::Heartbeat).is_empty()
        {
            // At once, so that a new follower need not wait to know.
            self.heartbeat_timer = Some(self.deadlines.arm(Instant::ZERO, Timer::Heartbeat));
        }
    }
}
