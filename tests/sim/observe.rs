//! Counts what happens, seen from outside: what came in, what went out, and the facts reported.

use std::collections::HashMap;
use std::net::SocketAddr;

use oscgate::config::{Echo, LockRule, Show};
use oscgate::gateway::{Change, Code, EndCause, Gateway, Outputs, Stats, UnlockCause};
use oscgate::osc::{Argument, ArgumentView, Arguments, PacketView, Pattern, is_pattern};
use oscgate::time::Instant;

use crate::audit::{split, texts, whole};
use crate::model::Happening;
use crate::pair::Outcome;
use crate::stage::WITNESS;
use crate::tally::{Count, Tally};

/// What has to be remembered to tell one thing from another.
#[derive(Debug)]
pub(crate) struct Observer {
    show: Show,
    /// Compiled rules of the show, in order.
    rules: Vec<(Pattern, LockRule)>,
    stats: Stats,
    /// Replies given, by destination and number.
    replies: HashMap<(SocketAddr, i32), Vec<u8>>,
    /// Who was denied what last, and has not been sent the true value since the stream ended.
    denied: HashMap<(SocketAddr, Vec<u8>), Instant>,
    sessions: usize,
}

impl Observer {
    pub(crate) fn new(show: &Show) -> Self {
        Self {
            show: show.clone(),
            rules: compile(show),
            stats: Stats::default(),
            replies: HashMap::new(),
            denied: HashMap::new(),
            sessions: 0,
        }
    }

    /// Counts one step.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "what else happens is counted where it is made to happen"
    )]
    pub(crate) fn observe(
        &mut self,
        at: Instant,
        happening: &Happening,
        gateway: &Gateway,
        out: &Outputs,
        outcome: &Outcome,
        tally: &mut Tally,
    ) {
        let before = std::mem::replace(&mut self.stats, gateway.stats().clone());
        let writes = self.stats.writes - before.writes;
        let acted = writes + (self.stats.events - before.events);
        let denials = self.stats.denials - before.denials;
        tally.add(Count::Writes, writes);
        tally.add(Count::Events, self.stats.events - before.events);
        tally.add(Count::Denials, denials);
        tally.add(
            Count::Reflections,
            self.stats.reflections - before.reflections,
        );
        if let Happening::Show(show) = happening {
            self.show = (**show).clone();
            self.rules = compile(show);
        }
        self.changes(happening, out, tally);
        let mut shown = 0;
        let mut last_denied: Option<(SocketAddr, Vec<u8>)> = None;
        for (to, bytes) in outcome.sent() {
            if bytes.starts_with(b"/oscgate/") {
                last_denied = self.status(at, to, bytes, tally);
                continue;
            }
            let (address, tail) = split(bytes);
            shown += u64::from(to == WITNESS && tail != b",\0\0\0");
            let key = (to, address.to_vec());
            if last_denied.as_ref() == Some(&key) {
                tally.one(Count::SnapBacks);
                last_denied = None;
            } else if !matches!(happening, Happening::Datagram { .. }) {
                self.later_value(at, key, tally);
            }
        }
        match happening {
            Happening::Datagram { from, bytes, .. } => {
                if self
                    .show
                    .clients
                    .iter()
                    .any(|client| client.name == "witness")
                {
                    tally.add(Count::Thinned, writes.saturating_sub(shown));
                }
                input(*from, bytes, tally);
                atomic(bytes, acted, denials, outcome, tally);
            }
            Happening::Timeout if acted + denials > 0 => tally.one(Count::ScheduledRun),
            _ => {}
        }
    }

    /// A value that was not sent because of a datagram.
    fn later_value(&mut self, at: Instant, key: (SocketAddr, Vec<u8>), tally: &mut Tally) {
        let settle = self.show.locks.settle;
        if let Some(&denied) = self.denied.get(&key) {
            if at >= denied + settle {
                self.denied.remove(&key);
                tally.one(Count::SecondValues);
            }
            return;
        }
        let ip = key.0.ip();
        let settles = self.show.clients.iter().any(|client| {
            use oscgate::config::Source;
            client.echo == Echo::Settled
                && match client.source {
                    Source::Endpoint(endpoint) => endpoint.ip() == ip,
                    Source::Ip(source) => source == ip,
                    Source::Subnet(subnet) => subnet.contains(ip),
                }
        });
        if settles {
            tally.one(Count::Settled);
        }
    }

    fn status(
        &mut self,
        at: Instant,
        to: SocketAddr,
        bytes: &[u8],
        tally: &mut Tally,
    ) -> Option<(SocketAddr, Vec<u8>)> {
        let (address, _) = split(bytes);
        match address {
            b"/oscgate/status/denied" => {
                let [target, word, _] = texts(bytes);
                code(&word, tally);
                let key = (to, target.into_bytes());
                self.denied.insert(key.clone(), at);
                return Some(key);
            }
            b"/oscgate/status/error" => code(&texts(bytes)[1], tally),
            b"/oscgate/status/heartbeat" => tally.one(Count::Heartbeats),
            b"/oscgate/synced" => {
                tally.one(Count::Synced);
                if let Some(&Argument::Int(count)) = whole(bytes).arguments.last() {
                    tally.add(Count::SyncedValues, count.unsigned_abs().into());
                }
            }
            b"/oscgate/reply" => self.reply(to, bytes, tally),
            _ => {}
        }
        None
    }

    fn reply(&mut self, to: SocketAddr, bytes: &[u8], tally: &mut Tally) {
        let message = whole(bytes);
        let [Argument::Int(number), Argument::String(word), ..] = message.arguments.as_slice()
        else {
            return;
        };
        code(word, tally);
        let former = self.replies.insert((to, *number), bytes.to_vec());
        if former.as_deref() == Some(bytes) {
            tally.one(Count::Answered);
        }
    }

    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other facts are counted elsewhere"
    )]
    fn changes(&mut self, happening: &Happening, out: &Outputs, tally: &mut Tally) {
        let by_reload = matches!(happening, Happening::Show(_));
        let by_datagram = matches!(happening, Happening::Datagram { .. });
        let limit = usize::try_from(self.show.limits.clients).unwrap_or(usize::MAX);
        let mut crowded = false;
        for change in out.changes() {
            match change {
                Change::Began { .. } => {
                    tally.one(Count::Sessions);
                    self.sessions += 1;
                    if std::mem::take(&mut crowded) && self.sessions >= limit {
                        tally.one(Count::RoomMade);
                    }
                }
                Change::Ended { cause, .. } => {
                    self.sessions = self.sessions.saturating_sub(1);
                    crowded = cause == EndCause::Silence && by_datagram;
                    let replaced = cause == EndCause::Replaced;
                    tally.add(Count::NameTakeovers, u64::from(replaced && by_datagram));
                    tally.add(Count::ReloadEffects, u64::from(by_reload));
                    tally.one(match cause {
                        EndCause::Bye => Count::Bye,
                        EndCause::Silence => Count::Silence,
                        EndCause::Unreachable => Count::PortClosed,
                        EndCause::Closed => unreachable!("nobody here speaks over a connection"),
                        EndCause::Replaced => Count::Replaced,
                        EndCause::Stopped => Count::Stopped,
                    });
                }
                Change::Renamed { .. } => tally.one(Count::Renamed),
                Change::Locked { address, .. } => {
                    tally.one(Count::Locks);
                    tally.one(match self.rule(address) {
                        LockRule::Explicit => Count::RuleExplicit,
                        LockRule::Write => Count::RuleWrite,
                        LockRule::Required => Count::RuleRequired,
                        LockRule::Never => unreachable!("it cannot be locked"),
                    });
                }
                Change::Unlocked { cause, .. } => {
                    tally.add(Count::ReloadEffects, u64::from(by_reload));
                    tally.one(match cause {
                        UnlockCause::Released => Count::Released,
                        UnlockCause::Expired => Count::Expired,
                        UnlockCause::Disconnected => Count::Disconnected,
                        UnlockCause::Taken => Count::Taken,
                        UnlockCause::Forced => Count::Forced,
                        UnlockCause::Withdrawn => Count::Withdrawn,
                    });
                }
                Change::Denied {
                    address,
                    code: Code::NotAllowed,
                    ..
                } if !is_pattern(address) && self.rule(address) == LockRule::Never => {
                    tally.one(Count::RuleNever);
                }
                Change::NoRoom { .. } => tally.one(Count::NoRoom),
                Change::OwnSocket { .. } => tally.one(Count::OwnSocket),
                _ => {}
            }
        }
    }

    fn rule(&self, address: &str) -> LockRule {
        let first = self
            .rules
            .iter()
            .find(|(pattern, _)| pattern.matches(address));
        first.map_or(LockRule::Explicit, |&(_, lock)| lock)
    }
}

fn compile(show: &Show) -> Vec<(Pattern, LockRule)> {
    let rules = show.addresses.iter();
    let compiled = rules.map(|rule| {
        let pattern = Pattern::compile(&rule.pattern).expect("rules are good");
        (pattern, rule.lock)
    });
    compiled.collect()
}

/// Counts a code.
fn code(word: &str, tally: &mut Tally) {
    tally.one(match word {
        "OK" => Count::Ok,
        "BAD_ADDRESS" => Count::BadAddress,
        "NOT_ALLOWED" => Count::NotAllowed,
        "READ_ONLY" => Count::ReadOnly,
        "LOCK_HELD" => Count::LockHeld,
        "LOCK_REQUIRED" => Count::LockRequired,
        "CONFLICT" => Count::Conflict,
        "BAD_ARGUMENTS" => Count::BadArguments,
        "OUT_OF_RANGE" => Count::OutOfRange,
        "LIMIT" => Count::Limit,
        "NOT_FOUND" => Count::NotFound,
        "BAD_TIME" => Count::BadTime,
        "STALE" => Count::Stale,
        "NAME_TAKEN" => Count::NameTaken,
        "UNKNOWN_REQUEST" => Count::UnknownRequest,
        other => panic!("no code: {other}"),
    });
}

/// Counts the requests of one datagram.
fn input(_from: SocketAddr, bytes: &[u8], tally: &mut Tally) {
    tally.one(Count::Datagrams);
    let Ok(packet) = PacketView::parse(bytes) else {
        return;
    };
    for message in packet.messages() {
        request(message.address(), message.arguments(), tally);
    }
}

fn request(address: &[u8], arguments: Arguments<'_>, tally: &mut Tally) {
    let text_at = |n: usize| match arguments.into_iter().nth(n) {
        Some(ArgumentView::String(text)) => text,
        _ => b"",
    };
    let inner = |n: usize, tally: &mut Tally| {
        let inner = text_at(n);
        if !inner.is_empty() {
            request(inner, Arguments::NONE, tally);
        }
    };
    let Some(word) = address.strip_prefix(b"/oscgate/") else {
        let pattern = address.iter().any(|byte| b"?*[]{}".contains(byte));
        return tally.one(if pattern {
            Count::ReqPattern
        } else {
            Count::ReqWrite
        });
    };
    let count = match word {
        b"set" => Count::ReqSet,
        b"set_if" => Count::ReqSetIf,
        b"lock" => Count::ReqLock,
        b"unlock" => Count::ReqUnlock,
        b"take" => Count::ReqTake,
        b"release" => Count::ReqRelease,
        b"get" => Count::ReqGet,
        b"meta" => Count::ReqMeta,
        b"subscribe" => Count::ReqSubscribe,
        b"unsubscribe" => Count::ReqUnsubscribe,
        b"sync" => Count::ReqSync,
        b"ping" => Count::ReqPing,
        b"hello" => Count::ReqHello,
        b"bye" => Count::ReqBye,
        b"atomic" => Count::ReqAtomic,
        b"as" => {
            inner(1, tally);
            Count::ReqAs
        }
        b"call" => {
            inner(1, tally);
            Count::ReqCall
        }
        _ => Count::ReqUnknown,
    };
    tally.one(count);
}

/// Counts what became of a bundle that is all or nothing.
fn atomic(bytes: &[u8], acted: u64, denials: u64, outcome: &Outcome, tally: &mut Tally) {
    let first = bytes.get(20..36);
    if !bytes.starts_with(b"#bundle\0") || first != Some(b"/oscgate/atomic\0".as_slice()) {
        return;
    }
    let error = |bytes: &[u8]| bytes.starts_with(b"/oscgate/status/error\0");
    if denials > 0 || outcome.sent().any(|(_, bytes)| error(bytes)) {
        tally.one(Count::AtomicRefused);
    } else if acted > 0 {
        tally.one(Count::AtomicDone);
    }
}
