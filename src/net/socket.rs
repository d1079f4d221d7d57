//! A UDP socket: bound with the options a gateway needs, sending and receiving in batches.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
#[cfg(target_os = "linux")]
use std::os::fd::AsFd;
use std::task::{Context, Poll};

use socket2::{Domain, Protocol, SockRef, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::batch::{RecvBatch, SendBatch};
use super::error::{BindError, SendError, Unsent};
#[cfg(target_os = "linux")]
use super::mmsg;
use super::portable;

/// The receive buffer that is asked for. A larger one only turns loss into delay: under overload
/// the newest value of a fader must win, not a second-old one.
pub const RECEIVE_BUFFER_BYTES: usize = 1024 * 1024;

/// How often one call begins anew because an answer to something sent earlier was reported in
/// place of its own outcome. Such reports come one at a time and rarely.
const STRAY_ERRORS_MAX: u8 = 3;

/// Reports taken from the error queue in one call.
const REPORTS_MAX: usize = 64;

/// How datagrams are moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mechanism {
    /// Many in one system call, where the platform has it; else as `Portable`.
    #[default]
    Batched,
    /// One by one.
    Portable,
}

/// Whether datagrams of one length to one destination may leave as one long one that the kernel,
/// or the network card, cuts. What arrives is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Segments {
    /// They may; where the kernel will not, they leave singly all the same.
    #[default]
    Joined,
    /// They may not.
    Single,
}

/// Whether the kernel reports that nothing listens where something was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unreachable {
    /// It does not.
    #[default]
    Ignored,
    /// It does, where the platform can: see [`Socket::recv_unreachable`].
    Reported,
}

/// What may be different from one socket to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How datagrams are moved.
    pub mechanism: Mechanism,
    /// Whether they may be joined.
    pub segments: Segments,
    /// Whether dead destinations are reported.
    pub unreachable: Unreachable,
}

/// How far [`Socket::send_batch`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Sent {
    /// To the end.
    All,
    /// The kernel takes no more for now: the rest stays in the batch until
    /// [`Socket::writable`].
    Blocked,
}

/// A bound UDP socket.
#[derive(Debug)]
pub struct Socket {
    io: UdpSocket,
    address: SocketAddr,
    receive_buffer: usize,
    options: Options,
}

impl Socket {
    /// Binds a socket; within a tokio runtime.
    ///
    /// An IPv6 socket serves IPv6 alone, and the address is not shared with another program.
    ///
    /// # Errors
    ///
    /// Says which address could not be had, and why.
    pub fn bind(address: SocketAddr, options: Options) -> Result<Self, BindError> {
        Self::open(address, options).map_err(|error| BindError::new("udp", address, error))
    }

    fn open(address: SocketAddr, mut options: Options) -> io::Result<Self> {
        // No SO_REUSEADDR: on Linux it would let a second gateway take part of the datagrams.
        let socket = socket2::Socket::new(
            Domain::for_address(address),
            Type::DGRAM,
            Some(Protocol::UDP),
        )?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // Refused only where a limit forbids it outright; then the default has to do.
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
        let receive_buffer = granted(socket.recv_buffer_size()?);
        socket.set_nonblocking(true)?;
        #[cfg(target_os = "linux")]
        {
            mmsg::receive_local_address(socket.as_fd(), address)?;
        }
        socket.bind(&address.into())?;
        let io = UdpSocket::from_std(socket.into())?;
        if cfg!(not(target_os = "linux")) {
            options.mechanism = Mechanism::Portable;
        }
        let mut socket = Self {
            address: io.local_addr()?,
            io,
            receive_buffer,
            options,
        };
        socket.set_unreachable(options.unreachable)?;
        Ok(socket)
    }

    /// Changes whether dead destinations are reported. Only batched sockets on Linux can.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    pub fn set_unreachable(&mut self, unreachable: Unreachable) -> io::Result<()> {
        self.options.unreachable = match self.options.mechanism {
            Mechanism::Batched => unreachable,
            Mechanism::Portable => Unreachable::Ignored,
        };
        #[cfg(target_os = "linux")]
        {
            let on = match self.options.unreachable {
                Unreachable::Ignored => 0,
                Unreachable::Reported => 1,
            };
            mmsg::receive_errors(self.io.as_fd(), self.address, on)?;
        }
        Ok(())
    }

    /// Receives what is there, up to a batch, without waiting; says how many datagrams those are.
    /// None: the socket is empty.
    ///
    /// # Errors
    ///
    /// What the system says about receiving as such. It may well work the next time
    /// [`readable`](Self::readable) says so.
    pub fn recv_batch(&self, batch: &mut RecvBatch) -> io::Result<usize> {
        for _ in 0..=STRAY_ERRORS_MAX {
            batch.clear();
            let mut failure = None;
            let result = match self.options.mechanism {
                Mechanism::Batched => self.io.try_io(Interest::READABLE, || {
                    self.recv_batched(batch).map_err(|error| {
                        if is_stray(&error) || error.kind() == io::ErrorKind::WouldBlock {
                            return error;
                        }
                        // Told "nothing there", tokio waits for news, so that a failure that
                        // lasts does not keep the loop turning.
                        failure = Some(error);
                        io::ErrorKind::WouldBlock.into()
                    })
                }),
                Mechanism::Portable => portable::recv(&self.io, self.only_address(), batch),
            };
            match (result, failure) {
                (_, Some(error)) => return Err(error),
                (Ok(_), None) => return Ok(batch.len()),
                (Err(error), None) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
                (Err(error), None) if is_stray(&error) => {}
                (Err(error), None) => return Err(error),
            }
        }
        Ok(0)
    }

    /// Sends what waits in `batch`, as far as the kernel takes it. Datagrams that it will not take
    /// at all are left out and listed in `unsent`; they stop nothing.
    pub fn send_batch(&mut self, batch: &mut SendBatch, unsent: &mut Vec<Unsent>) -> Sent {
        while !batch.is_empty() {
            match self.send(batch) {
                Ok(count) => batch.advance(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Sent::Blocked,
                Err(error) => self.on_refusal(&error, batch, unsent),
            }
        }
        Sent::All
    }

    /// The first datagram was refused: tries another way if there is one left, else gives it up.
    fn on_refusal(&mut self, error: &io::Error, batch: &mut SendBatch, unsent: &mut Vec<Unsent>) {
        let (entry, _) = batch
            .head()
            .expect("only a datagram that waits can be refused");
        let (to, local) = (entry.to, entry.local);
        batch.refusals += 1;
        let may_be_stray = self.options.unreachable == Unreachable::Reported
            || error.kind() == io::ErrorKind::Interrupted;
        if may_be_stray && batch.refusals <= STRAY_ERRORS_MAX {
            // The answer to something sent earlier, perhaps to somebody else: the datagram at
            // hand has not been sent, and nothing is wrong with it.
            return;
        }
        if self.joins(batch) {
            // A run can be refused where its datagrams are not: the link carries less than
            // Ethernet does, or the card cannot cut.
            batch.one_by_one = true;
            return;
        }
        if local.is_some() && !batch.any_source && blames_source(error) {
            // The address that was spoken to has left this machine; any other serves better than
            // silence.
            batch.any_source = true;
            return;
        }
        unsent.push(Unsent {
            to,
            error: SendError::new(error),
        });
        batch.advance(1);
    }

    fn joins(&self, batch: &SendBatch) -> bool {
        let may = self.options.segments == Segments::Joined && !batch.one_by_one;
        may && self.options.mechanism == Mechanism::Batched
    }

    #[cfg(target_os = "linux")]
    fn recv_batched(&self, batch: &mut RecvBatch) -> io::Result<usize> {
        mmsg::recv(self.io.as_fd(), batch)
    }

    #[cfg(not(target_os = "linux"))]
    fn recv_batched(&self, batch: &mut RecvBatch) -> io::Result<usize> {
        portable::recv(&self.io, self.only_address(), batch)
    }

    #[cfg(target_os = "linux")]
    fn send(&self, batch: &SendBatch) -> io::Result<usize> {
        match self.options.mechanism {
            Mechanism::Batched => self.io.try_io(Interest::WRITABLE, || {
                mmsg::send(self.io.as_fd(), batch, self.joins(batch))
            }),
            Mechanism::Portable => portable::send(&self.io, batch),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn send(&self, batch: &SendBatch) -> io::Result<usize> {
        portable::send(&self.io, batch)
    }

    /// Whether nothing waits to be received, by the kernel's own word: the runtime, woken by the
    /// time alone, takes a socket for empty that it has not asked about.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let socket = SockRef::from(&self.io);
        for _ in 0..=STRAY_ERRORS_MAX {
            match socket.peek(&mut []) {
                Ok(_) => return false,
                Err(error) if is_stray(&error) => {}
                // What cannot be received need not be waited for.
                Err(_) => return true,
            }
        }
        true
    }

    /// Appends to `dead` where something was sent and nothing listens, as far as the kernel has
    /// been told. Nothing unless the option [`Unreachable::Reported`] is on.
    pub fn recv_unreachable(&self, dead: &mut Vec<SocketAddr>) {
        #[cfg(target_os = "linux")]
        if self.options.unreachable == Unreachable::Reported {
            for _ in 0..REPORTS_MAX {
                // An error here is either "no more", or about one report alone.
                match self
                    .io
                    .try_io(Interest::ERROR, || mmsg::recv_error(self.io.as_fd()))
                {
                    Ok(report) => dead.extend(report),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(_) => {}
                }
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (dead, REPORTS_MAX);
    }

    /// Waits until there is something to receive, a report for
    /// [`recv_unreachable`](Self::recv_unreachable) included.
    ///
    /// # Errors
    ///
    /// Only if the runtime is shutting down.
    pub async fn readable(&self) -> io::Result<()> {
        let interest = match self.options.unreachable {
            Unreachable::Ignored => Interest::READABLE,
            Unreachable::Reported => Interest::READABLE | Interest::ERROR,
        };
        self.io.ready(interest).await.map(|_| ())
    }

    /// Waits until the kernel takes datagrams again.
    ///
    /// # Errors
    ///
    /// Only if the runtime is shutting down.
    pub async fn writable(&self) -> io::Result<()> {
        self.io.writable().await
    }

    /// As [`readable`](Self::readable), for one task that waits for many sockets; without the
    /// reports of dead destinations, for which there is [`reported`](Self::reported).
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_recv_ready(context)
    }

    /// As [`writable`](Self::writable), for one task that waits for many sockets. Where dead
    /// destinations are reported, a first report makes the socket seem writable for ever (tokio
    /// takes it for a closed end): who is blocked there should try again after a moment instead.
    pub fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_send_ready(context)
    }

    /// Waits for a report of a dead destination; for ever, if they are ignored.
    ///
    /// # Errors
    ///
    /// Only if the runtime is shutting down.
    pub async fn reported(&self) -> io::Result<()> {
        match self.options.unreachable {
            Unreachable::Ignored => std::future::pending().await,
            Unreachable::Reported => self.io.ready(Interest::ERROR).await.map(|_| ()),
        }
    }

    /// The address it is bound to, with the port that was picked if port 0 was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Whether dead destinations are reported: what was asked for, as far as it can be had.
    #[must_use]
    pub fn unreachable(&self) -> Unreachable {
        self.options.unreachable
    }

    /// Bytes of the receive buffer that the system granted.
    #[must_use]
    pub fn granted_receive_buffer(&self) -> usize {
        self.receive_buffer
    }

    /// Whether that is less than was asked for, and what cures it.
    #[must_use]
    pub fn receive_buffer_shortage(&self) -> Option<Shortage> {
        let granted = self.receive_buffer;
        (granted < RECEIVE_BUFFER_BYTES).then_some(Shortage {
            address: self.address,
            granted,
        })
    }

    /// The local address, if there can be only one.
    fn only_address(&self) -> Option<IpAddr> {
        Some(self.address.ip()).filter(|ip| !ip.is_unspecified())
    }
}

/// A receive buffer that is shorter than was asked for; `Display` says what cures it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The socket's address.
    pub address: SocketAddr,
    /// The bytes that were granted.
    pub granted: usize,
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "udp {}: the receive buffer is {} KiB instead of {} KiB, so a burst of messages may \
             be lost",
            self.address,
            self.granted / 1024,
            RECEIVE_BUFFER_BYTES / 1024
        )?;
        if cfg!(target_os = "linux") {
            write!(
                f,
                "; cure: sysctl -w net.core.rmem_max={RECEIVE_BUFFER_BYTES}"
            )?;
        }
        Ok(())
    }
}

/// Linux doubles what it is asked for, for its own book-keeping, and says the double.
fn granted(reported: usize) -> usize {
    if cfg!(target_os = "linux") {
        reported / 2
    } else {
        reported
    }
}

/// Whether an error is the answer to something sent earlier, and not about the call at hand.
/// Windows says "reset" to a receive; Linux says "refused" to either, if asked for reports.
fn is_stray(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::Interrupted
    )
}

/// Whether a datagram may have been refused because of the local address it was to leave from.
fn blames_source(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrNotAvailable
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::NetworkUnreachable
    )
}
