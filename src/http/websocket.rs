//! One WebSocket, from its upgrade to its end: frames in and out, and whether its far end lives.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Error;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, Stream, StreamExt};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::lines::{Accepted, Exchange, Incoming, Outgoing};
use crate::net::link_is_up;

/// How often the far end is asked for a sign of life: well within the shortest silence that is
/// configured in earnest, and within the 3 s after which a name is somebody else's
/// ([`NAME_TAKEOVER`](crate::limits::NAME_TAKEOVER)).
const PING_EVERY: Duration = Duration::from_secs(1);

/// Signs of life are passed on no more often than this.
const ALIVE_EVERY: Duration = Duration::from_millis(500);

/// A far end that has said nothing for so long, pongs included, is gone: a half-open connection.
const SILENCE: Duration = Duration::from_secs(60);

/// A far end that takes nothing for so long is gone.
const STUCK: Duration = Duration::from_secs(15);

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_millis(300);

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// The far end has closed it, or it broke.
    Theirs,
    /// The far end says nothing, or takes nothing.
    Dead,
    /// A text message: OSC is binary.
    Text,
    /// A message that no packet can be.
    TooLong,
    /// The gateway stops.
    Stopped,
}

/// Serves a WebSocket until it ends.
pub(super) async fn serve(socket: WebSocket, exchange: &Exchange, accepted: Arc<Accepted>) {
    let Some((mut incoming, mut outgoing)) = exchange.open(&accepted).await else {
        return;
    };
    let (mut sink, mut stream) = socket.split();
    let heard = Heard::now();
    let ending = {
        let reading = pin!(read(&mut stream, &mut incoming, &heard));
        let local = accepted.local;
        let writing = pin!(write(&mut sink, &mut outgoing, &heard, || link_is_up(
            local
        )));
        tokio::select! {
            ending = reading => ending,
            ending = writing => ending,
        }
    };
    // The session ends before the farewell, which may take a while.
    drop(outgoing);
    incoming.closed().await;
    let _ = timeout(FAREWELL, say_farewell(sink, stream, ending)).await;
}

/// Hands on what comes, until the connection ends.
async fn read(
    stream: &mut SplitStream<WebSocket>,
    incoming: &mut Incoming,
    heard: &Heard,
) -> Ending {
    let mut told_alive = Instant::now();
    loop {
        let message = std::future::poll_fn(|context| {
            // Until there is nothing more, something may be on its way.
            incoming.begin_reading();
            let next = std::pin::Pin::new(&mut *stream).poll_next(context);
            if next.is_pending() {
                incoming.end_reading();
            }
            next
        })
        .await;
        heard.anything();
        match message {
            Some(Ok(Message::Binary(bytes))) => incoming.packet(bytes).await,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                if told_alive.elapsed() >= ALIVE_EVERY {
                    told_alive = Instant::now();
                    incoming.alive().await;
                }
            }
            Some(Ok(Message::Text(_))) => return Ending::Text,
            Some(Ok(Message::Close(_))) | None => return Ending::Theirs,
            Some(Err(error)) => return ending_of(&error),
        }
    }
}

/// Sends what is to go out, and asks for signs of life, until the connection ends.
async fn write(
    sink: &mut SplitSink<WebSocket, Message>,
    outgoing: &mut Outgoing,
    heard: &Heard,
    link_is_up: impl Fn() -> bool,
) -> Ending {
    let mut asking = interval(PING_EVERY);
    asking.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            packet = outgoing.next() => {
                let Some(packet) = packet else {
                    return Ending::Stopped;
                };
                if !send_all(sink, outgoing, packet).await {
                    return Ending::Dead;
                }
            }
            _ = asking.tick() => {
                // Behind a link of our own that is down nobody can be heard.
                if heard.ago() >= SILENCE && link_is_up() {
                    return Ending::Dead;
                }
                let ping = Message::Ping(axum::body::Bytes::new());
                if !goes_on(sink.send(ping)).await {
                    return Ending::Dead;
                }
            }
        }
    }
}

/// Sends a packet and all that wait behind it, as far as possible in one go; `false`: it is broken
/// or stuck.
async fn send_all(
    sink: &mut SplitSink<WebSocket, Message>,
    outgoing: &mut Outgoing,
    first: axum::body::Bytes,
) -> bool {
    let mut next = Some(first);
    while let Some(packet) = next {
        let bytes = packet.len();
        if !goes_on(sink.feed(Message::Binary(packet))).await {
            return false;
        }
        outgoing.left(bytes);
        next = outgoing.try_next();
    }
    goes_on(sink.flush()).await
}

/// Whether one step of sending is done in time. A far end that is slow is not stuck.
async fn goes_on(step: impl Future<Output = Result<(), Error>>) -> bool {
    matches!(timeout(STUCK, step).await, Ok(Ok(())))
}

/// Says why, where there is anybody to say it to, and reads to the end, so that what was sent last
/// is not lost.
async fn say_farewell(
    mut sink: SplitSink<WebSocket, Message>,
    mut stream: SplitStream<WebSocket>,
    ending: Ending,
) {
    let (code, reason) = match ending {
        Ending::Dead => return,
        Ending::Theirs => (close_code::NORMAL, ""),
        Ending::Text => (
            close_code::UNSUPPORTED,
            "each message is an OSC packet: binary",
        ),
        Ending::TooLong => (close_code::SIZE, "a packet has at most 65,504 bytes"),
        Ending::Stopped => (close_code::AWAY, "the gateway stops"),
    };
    if ending != Ending::Theirs {
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        let _ = sink.send(Message::Close(Some(frame))).await;
    }
    // The answer to the far end's farewell leaves while this reads.
    while let Some(Ok(_)) = stream.next().await {}
}

fn ending_of(error: &Error) -> Ending {
    use std::error::Error as _;
    use tungstenite::Error as Cause;

    let cause = error.source().and_then(|source| source.downcast_ref());
    match cause {
        Some(Cause::Capacity(_)) => Ending::TooLong,
        _ => Ending::Theirs,
    }
}

/// When the far end was last heard.
struct Heard {
    began: Instant,
    /// In milliseconds since then.
    last: AtomicU64,
}

impl Heard {
    fn now() -> Self {
        Self {
            began: Instant::now(),
            last: AtomicU64::new(0),
        }
    }

    fn anything(&self) {
        let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(since, Ordering::Relaxed);
    }

    fn ago(&self) -> Duration {
        let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
        self.began.elapsed().saturating_sub(last)
    }
}
