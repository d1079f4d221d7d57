//! The loop around the machine: readiness into events, outputs into system calls.
//!
//! It decides nothing. One task on a current-thread runtime waits for whatever comes first: a
//! datagram, room in a socket that was full, the machine's next deadline, an order from a
//! [`Handle`]. It reads its sockets until they are empty before it waits again, so batches form by
//! themselves when it falls behind, and nothing is delayed when it does not. Every stretch of work
//! has a bound, so that no socket, client or thread keeps the others waiting.

mod clock;
mod core;
mod handle;
mod lines;
mod log;
mod ports;
#[cfg(test)]
mod tests;
mod watch;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::config::{self, Show};
use crate::gateway::{Event, Gateway, Outputs};
use crate::http::{Arrival, Inbox};
use crate::net::{
    BATCH_DATAGRAMS_MAX, BindError, Options, RecvBatch, Shortage, Socket, Unreachable, links_up,
};
use crate::time::Instant;
pub use clock::Clock;
use core::Core;
use handle::Control;
pub use handle::Handle;
use lines::Lines;
pub use log::{Limiter, Log};
use ports::Ports;
pub use watch::{WatchError, Watcher};

/// Batches taken from each socket before orders, deadlines and the runtime have their turn: some
/// five milliseconds of work.
const BATCHES_IN_A_ROW: usize = 16;

/// How long a stopping gateway tries to get its last words out.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How long to wait for a socket that does not say when it takes datagrams again.
const RETRY: Duration = Duration::from_millis(1);

/// How often the links of this machine are looked at: they come and go with cables. It takes a
/// tenth of a millisecond. It is also the longest sleep: what waits for a time does not notice by
/// itself that the machine was suspended meanwhile.
const LINKS_INTERVAL: Duration = Duration::from_secs(1);

/// How long the loop has to stand still in the midst of catching up to be given its time anew.
const STALL: Duration = Duration::from_millis(250);

/// How old a look at the links may be where something is due: a client behind a cable that was
/// pulled does not fall silent.
const LINKS_AGE_MAX: Duration = Duration::from_millis(100);

/// Where to listen, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The addresses, as in [`crate::config::Gateway::listen`].
    pub listen: Vec<SocketAddr>,
    /// Whether an address of a family that this machine does not have is left out.
    pub may_lack_family: bool,
    /// How the sockets move datagrams. Whether they report dead destinations is the show's to say.
    pub options: Options,
}

/// The sockets, the machine, and the loop between them.
///
/// ```no_run
/// use oscgate::config::Show;
/// use oscgate::driver::{Driver, Settings};
/// use oscgate::net::Options;
///
/// # async fn run() -> Result<(), oscgate::net::BindError> {
/// let show = Show::default();
/// let settings = Settings {
///     listen: show.gateway.listen.clone(),
///     may_lack_family: true,
///     options: Options::default(),
/// };
/// let (driver, handle) = Driver::bind(&settings, show, None)?;
/// for address in driver.addresses() {
///     println!("oscgate: listening on udp {address}");
/// }
/// tokio::spawn(async move { handle.stop().await });
/// driver.run().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Driver {
    received: RecvBatch,
    dead: Vec<SocketAddr>,
    /// The socket that is read first; each turn begins with the next.
    first: usize,
    clock: Clock,
    controls: mpsc::Receiver<Control>,
    /// When the links were last looked at.
    links_seen: Option<Instant>,
    /// When the sockets were last seen empty while something was due.
    quiet: Instant,
    /// The machine was told that something may wait while something is due.
    behind: bool,
    /// The last reading of the clock since then, and of the time that this thread had worked.
    seen: (Instant, Duration),
    /// When the loop was last seen at work before it stood still once more.
    stalled_since: Option<Instant>,
    core: Core,
}

/// Whether the loop has to wait before its next turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Everything is done until something comes.
    Wait,
    /// There is more to do; what has come meanwhile is looked at first.
    GoOn,
}

/// How much was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Received {
    /// All that the runtime knows of.
    All,
    /// There may be more.
    Some,
}

/// What ended the waiting.
#[derive(Debug)]
enum Wake {
    /// A socket, or the time.
    Ready,
    /// An order, or that nobody is left to give one.
    Control(Option<Control>),
    /// Something over a connection.
    Arrival(Arrival),
}

impl Driver {
    /// Binds the sockets of a show; within a tokio runtime. From then on the kernel keeps what
    /// arrives. What WebSockets bring comes from `inbox`, if there are any.
    ///
    /// # Errors
    ///
    /// If one of the addresses cannot be had, or none is left.
    pub fn bind(
        settings: &Settings,
        show: Show,
        inbox: Option<Inbox>,
    ) -> Result<(Self, Handle), BindError> {
        let options = Options {
            unreachable: wanted(&show),
            ..settings.options
        };
        let mut sockets = Vec::new();
        let mut lacking = None;
        for &address in &settings.listen {
            match Socket::bind(address, options) {
                Ok(socket) => sockets.push(socket),
                Err(error @ (BindError::NoFamily { .. } | BindError::NotHere { .. }))
                    if settings.may_lack_family =>
                {
                    lacking = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        if let Some(error) = lacking.filter(|_| sockets.is_empty()) {
            return Err(error);
        }
        let addresses: Vec<SocketAddr> = sockets.iter().map(Socket::local_addr).collect();
        let (handle, controls) = Handle::new();
        let driver = Self {
            received: RecvBatch::new(),
            dead: Vec::new(),
            first: 0,
            clock: Clock::start(),
            controls,
            links_seen: None,
            quiet: Instant::ZERO,
            behind: false,
            seen: (Instant::ZERO, Duration::ZERO),
            stalled_since: None,
            core: Core {
                gateway: Gateway::new(show, &addresses),
                out: Outputs::new(),
                ports: Ports::new(sockets),
                lines: Lines::new(inbox),
                log: Log::new(),
            },
        };
        Ok((driver, handle))
    }

    /// The addresses of the bound sockets.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.core.ports.sockets().map(Socket::local_addr)
    }

    /// The sockets whose receive buffer is shorter than it should be.
    pub fn shortages(&self) -> impl Iterator<Item = Shortage> {
        let sockets = self.core.ports.sockets();
        sockets.filter_map(Socket::receive_buffer_shortage)
    }

    /// Serves until a [`Handle`] says stop, or every handle is gone.
    pub async fn run(mut self) {
        let mut next = Next::GoOn;
        loop {
            match self.wait(next).await {
                Wake::Ready => {}
                Wake::Arrival(arrival) => {
                    self.receive_arrivals(Some(arrival));
                }
                Wake::Control(Some(Control::Reload(show))) => self.reload(show),
                Wake::Control(Some(Control::Stop) | None) => break,
            }
            next = self.turn();
        }
        self.core.handle(self.clock.now(), Event::Stop);
        // What cannot leave by then stays unsaid; the clients' own timeouts say it later.
        let _ = tokio::time::timeout(LAST_WORDS, self.say_last_words()).await;
        self.core.lines.hang_up();
    }

    /// Waits until there is something to do; if there is already, lets the runtime look at what
    /// has come.
    async fn wait(&mut self, next: Next) -> Wake {
        let mut patience = LINKS_INTERVAL;
        if let Some(due) = self.core.gateway.deadline() {
            patience = patience.min(self.clock.until(due));
        }
        if self.core.ports.must_be_tried() {
            patience = patience.min(RETRY);
        }
        let (ports, lines) = (&self.core.ports, &mut self.core.lines);
        tokio::select! {
            // An order is rare.
            biased;
            control = self.controls.recv() => Wake::Control(control),
            // Not a wait. Without it the runtime would see neither the other sockets nor the time
            // as long as one socket is never empty.
            () = tokio::task::yield_now(), if next == Next::GoOn => Wake::Ready,
            () = ports.ready(), if next == Next::Wait => Wake::Ready,
            arrival = lines.ready(), if next == Next::Wait => {
                arrival.map_or(Wake::Ready, Wake::Arrival)
            }
            () = tokio::time::sleep(patience), if next == Next::Wait => Wake::Ready,
        }
    }

    /// Everything there is to do now, up to a bound. What waits in the sockets goes before what is
    /// due: it may have come in time, while nobody looked.
    fn turn(&mut self) -> Next {
        let received = self.receive();
        let now = self.read_clock();
        if self.behind {
            // What the runtime knows of a socket is not enough: woken by the time alone, it has
            // not asked the kernel yet.
            if received == Received::All && self.core.are_empty() {
                self.look_at_links(now, LINKS_AGE_MAX);
                self.quiet = now;
                self.behind = false;
                self.core.handle(now, Event::CaughtUp);
            }
        } else if !self.core.is_due(now) {
            self.look_at_links(now, LINKS_INTERVAL);
        }
        self.core.send(now);
        let waits = self.behind || self.core.is_due(now);
        if waits || received == Received::Some || self.core.can_send() {
            return Next::GoOn;
        }
        Next::Wait
    }

    /// Reads the clock and, where the machine is behind, notices that the loop stood still once
    /// more: its second is then given anew.
    fn read_clock(&mut self) -> Instant {
        let now = self.clock.now();
        if self.behind {
            let worked = Clock::worked();
            let stood_still = now
                .since(self.seen.0)
                .saturating_sub(worked.saturating_sub(self.seen.1));
            if stood_still >= STALL {
                self.stalled_since.get_or_insert(self.seen.0);
            }
            self.seen = (now, worked);
        }
        now
    }

    /// Something is due, and nobody has asked the kernel yet whether anything waits.
    fn meet_due(&mut self, now: Instant) {
        let event = match (self.behind, self.stalled_since.take()) {
            (false, _) => {
                self.behind = true;
                self.seen = (now, Clock::worked());
                Event::Behind { since: self.quiet }
            }
            (true, Some(since)) => Event::Behind { since },
            // The time to catch up is over.
            (true, None) => Event::Timeout,
        };
        self.core.handle(now, event);
    }

    /// Tells the machine which links are up, if that is not known well enough.
    fn look_at_links(&mut self, now: Instant, age_max: Duration) {
        if self
            .links_seen
            .is_none_or(|seen| now.since(seen) >= age_max)
        {
            self.links_seen = Some(now);
            // Where they cannot be read, nothing is known to be down.
            if let Some(up) = links_up() {
                self.core.handle(now, Event::Links { up: &up });
            }
        }
    }

    /// Takes what came over connections, `first` before all else. How much there was.
    fn receive_arrivals(&mut self, first: Option<Arrival>) -> usize {
        let mut count = 0;
        let mut next = first.or_else(|| self.core.lines.try_recv());
        if next.is_none() {
            return count;
        }
        let now = self.read_clock();
        if self.core.is_due(now) {
            self.meet_due(now);
        }
        let tag = self.clock.time_tag();
        self.core.handle(now, Event::WallClock { tag });
        while let Some(arrival) = next {
            self.core.take(now, arrival);
            count += 1;
            let more = count < BATCH_DATAGRAMS_MAX;
            next = more.then(|| self.core.lines.try_recv()).flatten();
        }
        if !self.core.out.is_empty() {
            self.core.send(now);
        }
        count
    }

    /// Reads the sockets in turns until they are empty, or have had enough for once.
    fn receive(&mut self) -> Received {
        let count = self.core.ports.len();
        self.first = (self.first + 1) % count;
        for _ in 0..BATCHES_IN_A_ROW {
            let mut received = 0;
            for index in (self.first..count).chain(0..self.first) {
                received += self.receive_batch(index);
            }
            received += self.receive_arrivals(None);
            if received == 0 {
                return Received::All;
            }
        }
        Received::Some
    }

    /// Reads one batch, has it decided, and sends what comes of it. How many datagrams it had.
    fn receive_batch(&mut self, index: usize) -> usize {
        let socket = self.core.ports.socket(index);
        socket.recv_unreachable(&mut self.dead);
        let received = socket.recv_batch(&mut self.received);
        // One reading of the clock: what one system call brought came at one moment.
        let now = self.read_clock();
        let count = match received {
            Ok(count) => count,
            Err(error) => {
                self.core.log.receive_failed(now, &error);
                0
            }
        };
        if self.core.is_due(now) {
            self.meet_due(now);
        }
        for to in self.dead.drain(..) {
            self.core.handle(now, Event::Unreachable { to });
        }
        if count > 0 {
            let tag = self.clock.time_tag();
            self.core.handle(now, Event::WallClock { tag });
            self.core.handle_batch(now, index, &self.received);
        }
        if !self.core.out.is_empty() {
            self.core.send(now);
        }
        count
    }

    fn reload(&mut self, show: Box<Show>) {
        let now = self.read_clock();
        if self.core.is_due(now) {
            self.meet_due(now);
        }
        for socket in self.core.ports.sockets_mut() {
            if let Err(error) = socket.set_unreachable(wanted(&show)) {
                self.core.log.receive_failed(now, &error);
            }
        }
        self.core.handle(now, Event::Show(show));
    }

    async fn say_last_words(&mut self) {
        loop {
            self.core.send(self.clock.now());
            if self.core.ports.must_be_tried() {
                tokio::time::sleep(RETRY).await;
            } else if self.core.is_blocked() {
                tokio::select! {
                    () = self.core.ports.unblocked() => {}
                    () = self.core.lines.unblocked() => {}
                }
            } else if self.core.out.is_empty() {
                return;
            } else {
                tokio::task::yield_now().await;
            }
        }
    }
}

/// Whether the sockets are to report dead destinations.
const fn wanted(show: &Show) -> Unreachable {
    match show.sessions.unreachable {
        config::Unreachable::Ends => Unreachable::Reported,
        config::Unreachable::Ignore => Unreachable::Ignored,
    }
}
