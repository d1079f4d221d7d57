//! The machine between its ears and its mouth.

use super::lines::Lines;
use super::log::Log;
use super::ports::Ports;
use crate::gateway::{Carrier, Event, Flow, Gateway, Outputs, Via};
use crate::http::Arrival;
use crate::net::RecvBatch;
use crate::time::Instant;

/// Datagrams that may wait in the outbox before it is emptied in mid-batch: few enough to stay in
/// the processor's cache, enough to leave in runs.
const WAITING_MAX: usize = 256;

/// How often in one go what could not be sent is told to the machine and its answer sent.
const SEND_ROUNDS_MAX: usize = 4;

/// The machine between its ears and its mouth.
#[derive(Debug)]
pub(super) struct Core {
    /// What decides.
    pub(super) gateway: Gateway,
    /// What it wants sent.
    pub(super) out: Outputs,
    /// Where datagrams leave.
    pub(super) ports: Ports,
    /// Where what is said over connections leaves.
    pub(super) lines: Lines,
    /// What is told of it.
    pub(super) log: Log,
}

impl Core {
    /// Has the machine decide one event.
    pub(super) fn handle(&mut self, now: Instant, event: Event<'_>) {
        self.gateway.handle(now, event, &mut self.out);
        self.log.changes(now, &mut self.out);
    }

    /// Has the machine decide what one system call brought.
    pub(super) fn handle_batch(&mut self, now: Instant, index: usize, batch: &RecvBatch) {
        let socket = u16::try_from(index).expect("file descriptors run out long before");
        for datagram in batch.iter() {
            let via = Via {
                socket,
                local: datagram.local,
            };
            let event = Event::Datagram {
                from: datagram.from,
                via,
                bytes: datagram.bytes,
            };
            self.handle(now, event);
            if self.out.waiting() > WAITING_MAX {
                self.send(now);
            }
        }
    }

    /// Has the machine decide what came over a connection.
    pub(super) fn take(&mut self, now: Instant, arrival: Arrival) {
        match arrival {
            Arrival::Opened(line) => self.lines.add(line),
            Arrival::Packet { connection, bytes } => {
                let bytes = &bytes;
                self.handle(now, Event::Packet { connection, bytes });
                if self.out.waiting() > WAITING_MAX {
                    self.send(now);
                }
            }
            Arrival::Alive { connection } => self.handle(now, Event::Alive { connection }),
            Arrival::Closed { connection } => {
                self.lines.remove(connection.id);
                self.handle(now, Event::Closed { connection });
            }
            Arrival::Refused { from, refusal } => self.log.refused(now, from, &refusal),
        }
    }

    /// Hands the outbox to the kernel and to the connections, as far as they take it.
    pub(super) fn send(&mut self, now: Instant) {
        for _ in 0..SEND_ROUNDS_MAX {
            // What waits from before goes first, and shows whether a full socket still is.
            self.ports.flush();
            let (ports, lines) = (&mut self.ports, &mut self.lines);
            lines.begin_offering();
            self.out.take(|to, via, bytes| match to.carrier {
                Carrier::Udp => match ports.offer(to.address, via, bytes) {
                    Flow::Stop if lines.is_any() => Flow::Later,
                    flow @ (Flow::Taken | Flow::Later | Flow::Stop) => flow,
                },
                Carrier::Connection(id) => lines.offer(id, bytes),
            });
            self.ports.flush();
            let mut failed = false;
            for (to, failure) in self.ports.unsent() {
                failed = true;
                let event = Event::Unsent { to, failure };
                self.gateway.handle(now, event, &mut self.out);
            }
            if !failed {
                break;
            }
            self.log.changes(now, &mut self.out);
        }
    }

    /// Whether something is due.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.gateway.deadline().is_some_and(|due| due <= now)
    }

    /// Whether nothing waits to be received.
    pub(super) fn are_empty(&self) -> bool {
        self.ports.are_empty() && self.lines.are_empty()
    }

    /// Whether something that waits is kept from leaving.
    pub(super) const fn is_blocked(&self) -> bool {
        self.ports.is_blocked() || self.lines.is_blocked()
    }

    /// Whether something waits that nothing keeps from leaving.
    pub(super) fn can_send(&self) -> bool {
        !self.out.is_empty() && !self.is_blocked()
    }
}
