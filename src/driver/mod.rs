//! The loop around the machine: readiness into events, outputs into system calls.
//!
//! It decides nothing. One task on a current-thread runtime waits for whatever comes first: a
//! datagram, room in a socket that was full, the machine's next deadline, an order from a
//! [`Handle`]. It reads its sockets until they are empty before it waits again, so batches form by
//! themselves when it falls behind, and nothing is delayed when it does not.

mod clock;
mod handle;
mod log;
mod watch;

use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::config::Show;
use crate::gateway::{Event, Flow, Gateway, Outputs, SendFailure, Via};
use crate::net::{
    BindError, Options, Pushed, RecvBatch, SendBatch, SendError, Sent, Shortage, Socket,
    Unreachable, Unsent,
};
pub use clock::Clock;
use handle::Control;
pub use handle::Handle;
pub use log::{Limiter, Log};
pub use watch::{WatchError, Watcher};

/// Batches taken from one socket before the others, the deadlines and the outbox have their turn.
const BATCHES_IN_A_ROW: usize = 16;

/// Datagrams that may wait in the outbox before it is emptied in mid-batch.
const WAITING_MAX: usize = 1_024;

/// How long a stopping gateway tries to get its last words out.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Where to listen, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The addresses, as in [`crate::config::Gateway::listen`].
    pub listen: Vec<SocketAddr>,
    /// Whether an address of a family that this machine does not have is left out.
    pub may_lack_family: bool,
    /// How the sockets move datagrams.
    pub options: Options,
}

/// The sockets, the machine, and the loop between them.
#[derive(Debug)]
pub struct Driver {
    ports: Vec<Port>,
    gateway: Gateway,
    out: Outputs,
    clock: Clock,
    received: RecvBatch,
    unsent: Vec<Unsent>,
    dead: Vec<SocketAddr>,
    controls: mpsc::Receiver<Control>,
    log: Log,
}

/// A socket and what is on its way out of it.
#[derive(Debug)]
struct Port {
    socket: Socket,
    sending: SendBatch,
    blocked: bool,
}

/// What the loop waits for.
#[derive(Debug)]
enum Wake {
    Sockets,
    Deadline,
    Control(Option<Control>),
}

/// Whether the loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    GoOn,
    End,
}

impl Driver {
    /// Binds the sockets of a show; within a tokio runtime.
    ///
    /// # Errors
    ///
    /// If one of the addresses cannot be had, or none is left.
    pub fn bind(settings: &Settings, show: Show) -> Result<(Self, Handle), BindError> {
        let mut ports = Vec::new();
        let mut lacking = None;
        for &address in &settings.listen {
            match Socket::bind(address, settings.options) {
                Ok(socket) => {
                    ports.push(Port {
                        socket,
                        sending: SendBatch::new(),
                        blocked: false,
                    });
                }
                Err(error @ (BindError::NoFamily { .. } | BindError::NotHere { .. }))
                    if settings.may_lack_family =>
                {
                    lacking = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        if let Some(error) = lacking.filter(|_| ports.is_empty()) {
            return Err(error);
        }
        let addresses: Vec<SocketAddr> =
            ports.iter().map(|port| port.socket.local_addr()).collect();
        let mut gateway = Gateway::new(show, &addresses);
        gateway.set_local_addresses(local_addresses());
        let (handle, controls) = Handle::new();
        let driver = Self {
            ports,
            gateway,
            out: Outputs::new(),
            clock: Clock::start(),
            received: RecvBatch::new(),
            unsent: Vec::new(),
            dead: Vec::new(),
            controls,
            log: Log::new(),
        };
        Ok((driver, handle))
    }

    /// The addresses of the bound sockets.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.ports.iter().map(|port| port.socket.local_addr())
    }

    /// The sockets whose receive buffer is shorter than it should be.
    pub fn shortages(&self) -> impl Iterator<Item = Shortage> {
        self.ports
            .iter()
            .filter_map(|port| port.socket.receive_buffer_shortage())
    }

    /// Serves until a [`Handle`] says stop, or every handle is gone.
    pub async fn run(mut self) {
        self.step(Event::Timeout);
        self.send();
        loop {
            let next = match self.wait().await {
                Wake::Sockets => self.receive(),
                Wake::Deadline => {
                    self.step(Event::Timeout);
                    Next::GoOn
                }
                Wake::Control(control) => self.obey(control),
            };
            self.send();
            if next == Next::End {
                break;
            }
        }
        let _ = tokio::time::timeout(LAST_WORDS, self.say_last_words()).await;
    }

    async fn wait(&mut self) -> Wake {
        let until = self
            .gateway
            .deadline()
            .map(|deadline| self.clock.until(deadline));
        let deadline = async {
            match until {
                Some(span) => tokio::time::sleep(span).await,
                None => std::future::pending().await,
            }
        };
        let ports = &self.ports;
        tokio::select! {
            // An order is rare, and a deadline that is due must not starve under a flood.
            biased;
            control = self.controls.recv() => Wake::Control(control),
            () = deadline => Wake::Deadline,
            () = poll_fn(|context| poll_ports(ports, context)) => Wake::Sockets,
            () = reported(ports) => Wake::Sockets,
        }
    }

    /// Reads the sockets until they are empty, or have had their turn.
    fn receive(&mut self) -> Next {
        for index in 0..self.ports.len() {
            self.ports[index].blocked = false;
            for _ in 0..BATCHES_IN_A_ROW {
                let mut batch = std::mem::take(&mut self.received);
                let received = self.ports[index].socket.recv_batch(&mut batch);
                if let Err(error) = &received {
                    self.log.receive_failed(self.clock.now(), error);
                }
                let count = received.unwrap_or(0);
                if count > 0 {
                    self.handle_batch(index, &batch);
                }
                self.received = batch;
                self.send();
                if count == 0 {
                    break;
                }
            }
            self.read_unreachable(index);
        }
        Next::GoOn
    }

    fn handle_batch(&mut self, index: usize, batch: &RecvBatch) {
        let socket = u16::try_from(index).expect("few sockets");
        // One reading of the clock: what one system call brought came at one moment.
        let now = self.clock.now();
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
            self.gateway.handle(now, event, &mut self.out);
            self.log.changes(now, &mut self.out);
            if self.out.waiting() > WAITING_MAX {
                self.send();
            }
        }
    }

    fn read_unreachable(&mut self, index: usize) {
        let socket = &self.ports[index].socket;
        if socket.unreachable() == Unreachable::Ignored {
            return;
        }
        let mut dead = std::mem::take(&mut self.dead);
        socket.recv_unreachable(&mut dead);
        for to in dead.drain(..) {
            self.step(Event::Unreachable { to });
        }
        self.dead = dead;
    }

    fn obey(&mut self, control: Option<Control>) -> Next {
        match control {
            Some(Control::Reload(show)) => {
                let reported = match show.sessions.unreachable {
                    crate::config::Unreachable::Ends => Unreachable::Reported,
                    crate::config::Unreachable::Ignore => Unreachable::Ignored,
                };
                for port in &mut self.ports {
                    if let Err(error) = port.socket.set_unreachable(reported) {
                        self.log.receive_failed(self.clock.now(), &error);
                    }
                }
                self.gateway.set_local_addresses(local_addresses());
                self.step(Event::Show(show));
                Next::GoOn
            }
            Some(Control::Stop) | None => {
                self.step(Event::Stop);
                Next::End
            }
        }
    }

    fn step(&mut self, event: Event<'_>) {
        let now = self.clock.now();
        self.gateway.handle(now, event, &mut self.out);
        self.log.changes(now, &mut self.out);
    }

    /// Hands the outbox to the kernel, as far as it takes it.
    fn send(&mut self) {
        loop {
            for port in &mut self.ports {
                if !port.blocked && !port.sending.is_empty() {
                    port.blocked = port.socket.send_batch(&mut port.sending, &mut self.unsent)
                        == Sent::Blocked;
                }
            }
            self.report_unsent();
            if self.out.is_empty() {
                break;
            }
            let mut taken = 0;
            let ports = &mut self.ports;
            self.out.take(|to, via, bytes| {
                let Some(port) = ports.get_mut(usize::from(via.socket)) else {
                    return Flow::Taken;
                };
                if port.blocked || port.sending.push(to, via.local, bytes) == Pushed::Full {
                    return Flow::Later;
                }
                taken += 1;
                Flow::Taken
            });
            if taken == 0 {
                break;
            }
        }
    }

    fn report_unsent(&mut self) {
        let mut unsent = std::mem::take(&mut self.unsent);
        for Unsent { to, error } in unsent.drain(..) {
            self.step(Event::Unsent {
                to,
                failure: failure(error),
            });
        }
        self.unsent = unsent;
    }

    async fn say_last_words(&mut self) {
        while !self.out.is_empty() || self.ports.iter().any(|port| !port.sending.is_empty()) {
            for port in self.ports.iter_mut().filter(|port| port.blocked) {
                if port.socket.writable().await.is_err() {
                    return;
                }
                port.blocked = false;
            }
            self.send();
        }
    }
}

/// Ready when any socket has something to receive, or a blocked one takes datagrams again.
fn poll_ports(ports: &[Port], context: &mut Context<'_>) -> Poll<()> {
    let mut ready = false;
    for port in ports {
        ready |= port.socket.poll_readable(context).is_ready();
        if port.blocked {
            ready |= port.socket.poll_writable(context).is_ready();
        }
    }
    if ready {
        Poll::Ready(())
    } else {
        Poll::Pending
    }
}

/// Waits until the kernel reports a dead destination, where it was asked to.
async fn reported(ports: &[Port]) {
    let asked = ports
        .iter()
        .filter(|port| port.socket.unreachable() == Unreachable::Reported);
    let mut reports: Vec<_> = asked.map(|port| Box::pin(port.socket.reported())).collect();
    poll_fn(|context| {
        let mut ready = false;
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

/// The addresses of this machine's interfaces; none where they cannot be read.
fn local_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces
        .into_iter()
        .map(|interface| interface.ip())
        .collect()
}
