//! The sockets with what is on its way out of each, and what became of it.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::gateway::{Flow, SendFailure, Via};
use crate::net::{Pushed, SendBatch, SendError, Sent, Socket, Unreachable, Unsent};

/// The sockets of a gateway; [`Via::socket`] is an index into them.
#[derive(Debug)]
pub(super) struct Ports {
    ports: Vec<Port>,
    blocked: usize,
    unsent: Vec<Unsent>,
}

/// A socket and what is on its way out of it.
#[derive(Debug)]
struct Port {
    socket: Socket,
    sending: SendBatch,
    /// The kernel took no more.
    blocked: bool,
}

impl Ports {
    /// Nothing is on its way out of these sockets yet.
    pub(super) fn new(sockets: Vec<Socket>) -> Self {
        let port = |socket| Port {
            socket,
            sending: SendBatch::new(),
            blocked: false,
        };
        Self {
            ports: sockets.into_iter().map(port).collect(),
            blocked: 0,
            unsent: Vec::new(),
        }
    }

    /// Takes a datagram over, if its socket takes any.
    pub(super) fn offer(&mut self, to: SocketAddr, via: Via, bytes: &[u8]) -> Flow {
        let index = usize::from(via.socket);
        if self.ports[index].blocked {
            // Asking every other destination as well would be for nothing.
            let nobody = self.blocked == self.ports.len();
            return if nobody { Flow::Stop } else { Flow::Later };
        }
        if self.ports[index].sending.push(to, via.local, bytes) == Pushed::Taken {
            return Flow::Taken;
        }
        self.send(index);
        let port = &mut self.ports[index];
        if port.blocked {
            return Flow::Later;
        }
        let pushed = port.sending.push(to, via.local, bytes);
        assert_eq!(
            pushed,
            Pushed::Taken,
            "an empty batch takes one of any length"
        );
        Flow::Taken
    }

    /// Sends what the sockets take. One that took nothing is tried again.
    pub(super) fn flush(&mut self) {
        for index in 0..self.ports.len() {
            self.send(index);
        }
    }

    fn send(&mut self, index: usize) {
        let port = &mut self.ports[index];
        let sent = port.socket.send_batch(&mut port.sending, &mut self.unsent);
        let blocked = sent == Sent::Blocked;
        self.blocked = self.blocked + usize::from(blocked) - usize::from(port.blocked);
        port.blocked = blocked;
    }

    /// What could not be sent since the last call.
    pub(super) fn unsent(&mut self) -> impl Iterator<Item = (SocketAddr, SendFailure)> {
        let unsent = self.unsent.drain(..);
        unsent.map(|unsent| (unsent.to, failure(unsent.error)))
    }

    /// Whether some socket takes nothing.
    pub(super) const fn is_blocked(&self) -> bool {
        self.blocked > 0
    }

    /// Whether some socket takes nothing, and will not say when it does again: see
    /// [`Socket::poll_writable`].
    pub(super) fn must_be_tried(&self) -> bool {
        let mut ports = self.ports.iter();
        ports.any(|port| port.blocked && port.socket.unreachable() == Unreachable::Reported)
    }

    /// How many sockets there are.
    pub(super) const fn len(&self) -> usize {
        self.ports.len()
    }

    /// The socket at a place.
    pub(super) fn socket(&self, index: usize) -> &Socket {
        &self.ports[index].socket
    }

    /// The sockets in the order of their places.
    pub(super) fn sockets(&self) -> impl Iterator<Item = &Socket> {
        self.ports.iter().map(|port| &port.socket)
    }

    /// The sockets, to change an option of each.
    pub(super) fn sockets_mut(&mut self) -> impl Iterator<Item = &mut Socket> {
        self.ports.iter_mut().map(|port| &mut port.socket)
    }

    /// Whether nothing waits to be received.
    pub(super) fn are_empty(&self) -> bool {
        self.sockets().all(Socket::is_empty)
    }

    /// Waits until something can be received from any socket, or one that took nothing takes
    /// something again.
    pub(super) async fn ready(&self) {
        // Allocates only where dead destinations are to be reported.
        let mut reports: Vec<Pin<Box<dyn Future<Output = _> + '_>>> = Vec::new();
        for socket in self.sockets() {
            match socket.unreachable() {
                Unreachable::Ignored => {}
                Unreachable::Reported => reports.push(Box::pin(socket.reported())),
            }
        }
        std::future::poll_fn(|context| {
            // All are asked, so that each wakes; an error is as good as news: the call that
            // follows meets it and says what it is.
            let mut ready = self.poll_unblocked(context).is_ready();
            for socket in self.sockets() {
                ready |= socket.poll_readable(context).is_ready();
            }
            for report in &mut reports {
                ready |= report.as_mut().poll(context).is_ready();
            }
            if ready {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// Waits until a socket that took nothing takes something again.
    pub(super) async fn unblocked(&self) {
        std::future::poll_fn(|context| self.poll_unblocked(context)).await;
    }

    fn poll_unblocked(&self, context: &mut Context<'_>) -> Poll<()> {
        for port in self.ports.iter().filter(|port| port.blocked) {
            let says_so = port.socket.unreachable() == Unreachable::Ignored;
            if says_so && port.socket.poll_writable(context).is_ready() {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }
}

/// The same in the machine's words.
const fn failure(error: SendError) -> SendFailure {
    match error {
        SendError::Unreachable => SendFailure::Unreachable,
        SendError::Refused => SendFailure::Refused,
        SendError::TooLong => SendFailure::TooLong,
        SendError::NoBuffers => SendFailure::NoBuffers,
        SendError::Forbidden => SendFailure::Forbidden,
        SendError::Other => SendFailure::Other,
    }
}
