//! Between the connections and the loop, which run on threads of their own: what arrives, and what
//! is on its way out over each.

use std::net::SocketAddr;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use axum::body::Bytes;
use tokio::sync::{Notify, mpsc};

use super::server::Refusal;
use super::unread::anything_unread;
use crate::gateway::{Connection, ConnectionId};
use crate::limits::{ARRIVALS_MAX, LINE_BYTES_MAX};

/// What a message on its way out weighs beside its bytes.
const MESSAGE_OVERHEAD: usize = 64;

/// Something that comes to the loop.
#[derive(Debug)]
pub enum Arrival {
    /// A connection was made.
    Opened(Line),
    /// A packet came over it.
    Packet {
        /// The connection.
        connection: Connection,
        /// What was sent, whole; not yet looked at.
        bytes: Bytes,
    },
    /// Its far end lives, but said nothing.
    Alive {
        /// The connection.
        connection: Connection,
    },
    /// It is gone. Nothing of it comes after this.
    Closed {
        /// The connection.
        connection: Connection,
    },
    /// Somebody was turned away.
    Refused {
        /// Who.
        from: SocketAddr,
        /// Why.
        refusal: Refusal,
    },
}

/// The connections' end: what they tell the loop.
#[derive(Debug)]
pub struct Exchange {
    arrivals: mpsc::Sender<Arrival>,
    hub: Arc<Hub>,
    numbers: AtomicU64,
}

/// The loop's end of all connections.
#[derive(Debug)]
pub struct Inbox {
    arrivals: mpsc::Receiver<Arrival>,
    hub: Arc<Hub>,
}

/// What both ends count.
#[derive(Debug, Default)]
struct Hub {
    /// Connections that may have read something that has not arrived yet.
    reading: AtomicUsize,
    /// Told when a line that was full takes more.
    room: Notify,
}

/// The two ends.
#[must_use]
pub fn exchange() -> (Exchange, Inbox) {
    let (sender, arrivals) = mpsc::channel(ARRIVALS_MAX);
    let hub = Arc::new(Hub::default());
    let exchange = Exchange {
        arrivals: sender,
        hub: Arc::clone(&hub),
        numbers: AtomicU64::new(0),
    };
    (exchange, Inbox { arrivals, hub })
}

impl Inbox {
    /// Waits for the next arrival, or (`None`) until a line that was full may take more. Safe to
    /// drop while it waits.
    pub async fn ready(&mut self) -> Option<Arrival> {
        let arrivals = &mut self.arrivals;
        tokio::select! {
            arrival = async {
                match arrivals.recv().await {
                    Some(arrival) => arrival,
                    // Nobody is left to send one.
                    None => std::future::pending().await,
                }
            } => Some(arrival),
            () = self.hub.room.notified() => None,
        }
    }

    /// An arrival that waits already.
    pub fn try_recv(&mut self) -> Option<Arrival> {
        self.arrivals.try_recv().ok()
    }

    /// Waits until a line that was full may take more.
    pub async fn room(&self) {
        self.hub.room.notified().await;
    }

    /// Whether nothing waits: neither here, nor on its way through a connection, nor in the kernel.
    pub fn is_empty<'a>(&self, lines: impl Iterator<Item = &'a Line>) -> bool {
        // In the order that a packet takes: what leaves one place meanwhile is seen in the next.
        !anything_unread(lines)
            && self.hub.reading.load(Ordering::SeqCst) == 0
            && self.arrivals.is_empty()
    }
}

/// The loop's end of one connection. With it the connection ends, after what it was given.
#[derive(Debug)]
pub struct Line {
    /// Which one.
    pub connection: Connection,
    outgoing: mpsc::UnboundedSender<Bytes>,
    load: Arc<Load>,
    /// Asked whether anything waits in the kernel, and for nothing else.
    #[cfg(unix)]
    pub(super) socket: Arc<OwnedFd>,
}

/// How much is on its way out over one connection.
#[derive(Debug, Default)]
struct Load {
    bytes: AtomicUsize,
    /// The loop was told to come again.
    wanted: AtomicBool,
}

/// What became of an offered packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It is on its way; or the connection is gone, and it goes nowhere.
    Taken,
    /// Too much is on its way already: [`Inbox::room`] says when to come again.
    Full,
}

impl Line {
    /// Takes over a copy of a packet, if not too much is on its way already.
    #[must_use]
    pub fn offer(&self, bytes: &[u8]) -> Offered {
        if self.outgoing.is_closed() {
            return Offered::Taken;
        }
        if self.load.is_full() {
            self.load.wanted.store(true, Ordering::SeqCst);
            // Room that was made in between was not told of.
            if self.load.is_full() {
                return Offered::Full;
            }
        }
        self.load.add(bytes.len());
        // It may be gone by now: then nobody waits for it.
        let _ = self.outgoing.send(Bytes::copy_from_slice(bytes));
        Offered::Taken
    }
}

impl Load {
    fn is_full(&self) -> bool {
        self.bytes.load(Ordering::SeqCst) >= LINE_BYTES_MAX
    }

    fn add(&self, bytes: usize) {
        let weight = bytes + MESSAGE_OVERHEAD;
        self.bytes.fetch_add(weight, Ordering::SeqCst);
    }
}

/// What is on its way out over one connection, at the connection.
#[derive(Debug)]
pub(super) struct Outgoing {
    messages: mpsc::UnboundedReceiver<Bytes>,
    load: Arc<Load>,
    hub: Arc<Hub>,
}

impl Outgoing {
    /// The next packet; `None`: the loop has hung up. Safe to drop while it waits.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        self.messages.recv().await
    }

    /// A packet that waits already.
    pub(super) fn try_next(&mut self) -> Option<Bytes> {
        self.messages.try_recv().ok()
    }

    /// A packet of so many bytes has left.
    pub(super) fn left(&self, bytes: usize) {
        let weight = bytes + MESSAGE_OVERHEAD;
        self.load.bytes.fetch_sub(weight, Ordering::SeqCst);
        if self.load.wanted.swap(false, Ordering::SeqCst) {
            self.hub.room.notify_one();
        }
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.messages.close();
        self.hub.room.notify_one();
    }
}

/// A connection as the rest of its task sees it.
#[derive(Debug)]
pub(super) struct Incoming {
    connection: Connection,
    arrivals: mpsc::Sender<Arrival>,
    hub: Arc<Hub>,
    /// This connection is counted in [`Hub::reading`].
    reading: bool,
}

/// A new connection, as it was accepted.
#[derive(Debug)]
pub(super) struct Accepted {
    /// The far end.
    pub(super) from: SocketAddr,
    /// The local address.
    pub(super) local: std::net::IpAddr,
    /// Its socket.
    #[cfg(unix)]
    pub(super) socket: Arc<OwnedFd>,
}

impl Exchange {
    /// Tells the loop of a new connection. `None`: it has ended.
    pub(super) async fn open(&self, accepted: &Accepted) -> Option<(Incoming, Outgoing)> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let connection = Connection {
            id: ConnectionId(number),
            from: accepted.from,
            local: Some(accepted.local),
        };
        let (outgoing, messages) = mpsc::unbounded_channel();
        let load = Arc::new(Load::default());
        let line = Line {
            connection,
            outgoing,
            load: Arc::clone(&load),
            #[cfg(unix)]
            socket: Arc::clone(&accepted.socket),
        };
        self.arrivals.send(Arrival::Opened(line)).await.ok()?;
        let incoming = Incoming {
            connection,
            arrivals: self.arrivals.clone(),
            hub: Arc::clone(&self.hub),
            reading: false,
        };
        let outgoing = Outgoing {
            messages,
            load,
            hub: Arc::clone(&self.hub),
        };
        Some((incoming, outgoing))
    }

    /// Tells the loop, if it listens, that somebody was turned away.
    pub(super) fn refused(&self, from: SocketAddr, refusal: Refusal) {
        let _ = self.arrivals.try_send(Arrival::Refused { from, refusal });
    }
}

impl Incoming {
    /// From now on something may be on its way through this connection.
    pub(super) fn begin_reading(&mut self) {
        if !self.reading {
            self.reading = true;
            self.hub.reading.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// All that was read has arrived.
    pub(super) fn end_reading(&mut self) {
        if self.reading {
            self.reading = false;
            self.hub.reading.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// A packet for the loop; waits where too many arrivals wait.
    pub(super) async fn packet(&self, bytes: Bytes) {
        let connection = self.connection;
        self.tell(Arrival::Packet { connection, bytes }).await;
    }

    /// A sign of life for the loop.
    pub(super) async fn alive(&self) {
        let connection = self.connection;
        self.tell(Arrival::Alive { connection }).await;
    }

    /// The connection is gone.
    pub(super) async fn closed(mut self) {
        let connection = self.connection;
        self.tell(Arrival::Closed { connection }).await;
        self.end_reading();
    }

    async fn tell(&self, arrival: Arrival) {
        // A loop that has ended needs no news.
        let _ = self.arrivals.send(arrival).await;
    }
}
