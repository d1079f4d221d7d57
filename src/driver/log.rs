//! Lines for people: which changes are lines, and how often each kind may speak.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tracing::{info, warn};

use crate::gateway::{Change, Outputs};
use crate::http::Refusal;
use crate::time::Instant;

/// How many lines of one kind may come at once.
const BURST: u32 = 10;

/// How often one more of a kind may come.
const PACE: Duration = Duration::from_secs(1);

/// Characters of an address or text that are shown.
const SHOWN_CHARS_MAX: usize = 120;

/// Lets so many lines through at once, then one in a while, and counts the others.
#[derive(Clone, Copy, Debug)]
pub struct Limiter {
    left: u32,
    refilled: Instant,
    suppressed: u64,
}

/// What a [`Limiter`] says of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speak {
    /// Write it; so many like it were not written since the last one.
    Yes {
        /// How many.
        suppressed: u64,
    },
    /// Do not.
    No,
}

impl Limiter {
    /// One that has its whole burst.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            left: BURST,
            refilled: Instant::ZERO,
            suppressed: 0,
        }
    }

    /// Asks whether a line may be written at `now`.
    pub fn ask(&mut self, now: Instant) -> Speak {
        let paces = now.since(self.refilled).as_millis() / PACE.as_millis();
        if paces > 0 {
            self.left = BURST.min(
                self.left
                    .saturating_add(u32::try_from(paces).unwrap_or(BURST)),
            );
            self.refilled = now;
        }
        if self.left == 0 {
            self.suppressed += 1;
            return Speak::No;
        }
        self.left -= 1;
        Speak::Yes {
            suppressed: std::mem::take(&mut self.suppressed),
        }
    }
}

impl Default for Limiter {
    fn default() -> Self {
        Self::new()
    }
}

/// The kinds of lines, each with a limit of its own: a flood of one does not silence another.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Session,
    Lock,
    Denial,
    Failure,
    BadPacket,
    NotServed,
    NoRoom,
    Unmapped,
    OverRate,
    Overflow,
    Unsent,
    Receiving,
    Refused,
    Reload,
}

/// The gateway's log.
#[derive(Debug, Default)]
pub struct Log {
    limiters: [Limiter; Kind::Reload as usize + 1],
}

impl Log {
    /// Nothing has been said yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says what happened, and forgets it.
    pub fn changes(&mut self, now: Instant, out: &mut Outputs) {
        for change in out.changes() {
            self.change(now, &change);
        }
        out.clear_changes();
    }

    /// Says that receiving as such failed.
    pub fn receive_failed(&mut self, now: Instant, error: &io::Error) {
        if let Some(more) = self.may(now, Kind::Receiving) {
            warn!("receiving failed: {error}{more}");
        }
    }

    /// Says that an HTTP connection was turned away.
    pub fn refused(&mut self, now: Instant, from: SocketAddr, refusal: &Refusal) {
        if let Some(more) = self.may(now, Kind::Refused) {
            warn!("{from}: {refusal}{more}");
        }
    }

    /// `None`: this kind has said enough; else what is to be added to its line.
    fn may(&mut self, now: Instant, kind: Kind) -> Option<String> {
        match self.limiters[kind as usize].ask(now) {
            Speak::No => None,
            Speak::Yes { suppressed: 0 } => Some(String::new()),
            Speak::Yes { suppressed } => Some(format!(" (and {suppressed} more like it)")),
        }
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each kind of change")]
    fn change(&mut self, now: Instant, change: &Change<&str>) {
        let Some(more) = self.may(now, kind(change)) else {
            return;
        };
        match *change {
            Change::Began { name, endpoint } => {
                info!("{} connected{}{more}", shown(name), at(name, endpoint));
            }
            Change::Ended {
                name,
                endpoint,
                cause,
                dropped,
                unsent,
            } => {
                let (name, at, cause) = (shown(name), at(name, endpoint), cause.as_str());
                let lost = match (dropped, unsent) {
                    (0, 0) => String::new(),
                    (dropped, unsent) => {
                        format!(
                            "; of what was for it {dropped} dropped, {unsent} could not be sent"
                        )
                    }
                };
                info!("{name} disconnected: {cause}{at}{lost}{more}");
            }
            Change::Renamed {
                former,
                name,
                endpoint,
            } => {
                let at = at(name, endpoint);
                info!("{} is now called {}{at}{more}", shown(former), shown(name));
            }
            Change::Locked {
                address,
                holder,
                timeout,
            } => {
                let seconds = timeout.as_secs_f64();
                let (address, holder) = (shown(address), shown(holder));
                info!("{address} locked by {holder} for {seconds} s{more}");
            }
            Change::Unlocked {
                address,
                holder,
                cause,
                by,
                reason,
            } => {
                let (address, holder, cause) = (shown(address), shown(holder), cause.as_str());
                let by = if by.is_empty() {
                    String::new()
                } else {
                    format!(" by {}", shown(by))
                };
                let why = if reason.is_empty() {
                    String::new()
                } else {
                    format!(": {}", shown(reason))
                };
                info!("{address} unlocked, was held by {holder}: {cause}{by}{why}{more}");
            }
            Change::Denied {
                address,
                code,
                client,
                holder,
                same_ip,
            } => {
                let (address, client, code) = (shown(address), shown(client), code.as_str());
                let held = match holder {
                    "" => String::new(),
                    holder => format!(", held by {}", shown(holder)),
                };
                let cure = if same_ip {
                    "; both speak from one IP: if they are one device, give it a [[client]] entry \
                     with its IP as source, or set [access] identity = \"ip\""
                } else {
                    ""
                };
                info!("{client} denied {address}: {code}{held}{cure}{more}");
            }
            Change::Failed {
                request,
                code,
                client,
                text,
            } => {
                let (client, request) = (shown(client), shown(request));
                info!(
                    "{client}: {request} failed: {} ({text}){more}",
                    code.as_str()
                );
            }
            Change::BadPacket { from, cause } => {
                warn!("bad packet from {from}: {cause} ({}){more}", cause.cause());
            }
            Change::OwnSocket { from } => {
                warn!(
                    "a datagram came from the gateway's own socket {from}: something here is \
                     aimed at the gateway itself{more}"
                );
            }
            Change::NotServed { from } => {
                warn!("{from} is not served: see [access] allow and clients{more}");
            }
            Change::NoRoom { from } => {
                warn!("no room for {from}: see [limits] clients{more}");
            }
            Change::Unmapped {
                client,
                address,
                tags,
                passes,
            } => {
                let (client, address, tags) = (shown(client), shown(address), shown(tags));
                let goes = if passes {
                    "passes as it is"
                } else {
                    "is dropped"
                };
                info!("{client} says {address} ,{tags}: not in its mapping, {goes}{more}");
            }
            Change::UnmappedTotal {
                client,
                address,
                tags,
                count,
            } => {
                let (client, address, tags) = (shown(client), shown(address), shown(tags));
                info!("{client} said {address} ,{tags} {count} times, not in its mapping{more}");
            }
            Change::OverRate { client } => {
                let client = shown(client);
                warn!("{client} sends more than [limits] packets_per_second: dropped{more}");
            }
            Change::Overflow { to, dropped } => {
                warn!("{to} cannot keep up: {dropped} messages replaced or dropped{more}");
            }
            Change::Unsent {
                client,
                to,
                failure,
            } => {
                let client = shown(client);
                warn!("could not send to {to} {client}: {failure:?}{more}");
            }
            Change::Reloaded => info!("the new show is in force{more}"),
        }
    }
}

const fn kind(change: &Change<&str>) -> Kind {
    match change {
        Change::Began { .. } | Change::Ended { .. } | Change::Renamed { .. } => Kind::Session,
        Change::Locked { .. } | Change::Unlocked { .. } => Kind::Lock,
        Change::Denied { .. } => Kind::Denial,
        Change::Failed { .. } => Kind::Failure,
        Change::BadPacket { .. } | Change::OwnSocket { .. } => Kind::BadPacket,
        Change::NotServed { .. } => Kind::NotServed,
        Change::NoRoom { .. } => Kind::NoRoom,
        Change::Unmapped { .. } | Change::UnmappedTotal { .. } => Kind::Unmapped,
        Change::OverRate { .. } => Kind::OverRate,
        Change::Overflow { .. } => Kind::Overflow,
        Change::Unsent { .. } => Kind::Unsent,
        Change::Reloaded => Kind::Reload,
    }
}

/// Where a client speaks from, unless its name says it.
fn at(name: &str, endpoint: SocketAddr) -> String {
    let endpoint = endpoint.to_string();
    if endpoint == name {
        String::new()
    } else {
        format!(" ({endpoint})")
    }
}

/// A text from the network, safe for a terminal: control characters escaped, cut where it is long.
fn shown(text: &str) -> String {
    let mut shown = String::new();
    for (n, c) in text.chars().enumerate() {
        if n == SHOWN_CHARS_MAX {
            shown.push('…');
            break;
        }
        if c.is_control() {
            // Writing to a String cannot fail.
            let _ = write!(shown, "{}", c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_may_speak_then_one_a_second_and_the_rest_is_counted() {
        let mut limiter = Limiter::new();
        let spoken = (0..100)
            .filter(|_| limiter.ask(Instant::ZERO) != Speak::No)
            .count();
        assert_eq!(spoken, 10);
        assert_eq!(
            limiter.ask(Instant::from_micros(1_000_000)),
            Speak::Yes { suppressed: 90 }
        );
        assert_eq!(limiter.ask(Instant::from_micros(1_000_000)), Speak::No);
        let much_later = Instant::from_micros(60_000_000);
        assert_eq!(limiter.ask(much_later), Speak::Yes { suppressed: 1 });
    }

    #[test]
    fn what_would_steer_a_terminal_is_escaped_and_long_texts_are_cut() {
        assert_eq!(shown("/a\u{1b}[2J\n"), "/a\\u{1b}[2J\\n");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), SHOWN_CHARS_MAX + 1);
    }
}
