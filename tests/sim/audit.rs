//! The promises of the protocol about locks, held against what can be seen from outside: the
//! facts that the machine reports, and what a witness is sent who follows everything.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use oscgate::config::{EventRule, LockRule, Show, TimeTags};
use oscgate::gateway::{Change, Outputs, UnlockCause};
use oscgate::osc::{Argument, Message, PacketView, Pattern, decode_packet};
use oscgate::time::Instant;

use crate::history::{History, packet};
use crate::model::Happening;
use crate::pair::Outcome;
use crate::stage::WITNESS;
use crate::tally::{Count, Tally};

/// A lock as it is known from outside.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) holder: String,
    /// It was renewed then or later, so it does not end before.
    pub(crate) not_before: Instant,
    /// It began under another show: its next renewal may shorten what remains.
    outdated: bool,
}

/// The books.
#[derive(Debug)]
pub(crate) struct Audit {
    /// Sessions by name, and where they speak from.
    sessions: BTreeMap<String, SocketAddr>,
    locks: BTreeMap<String, Held>,
    /// What the witness was sent last for each address.
    values: HashMap<Vec<u8>, Vec<u8>>,
    revisions: HashMap<String, i64>,
    /// Addresses whose messages may be thinned or be events by some show: the witness does not
    /// see each of their values.
    muddled: Vec<Pattern>,
    /// Addresses that a write may lock.
    by_write: Vec<Pattern>,
    known_muddled: HashMap<Vec<u8>, Sight>,
    /// Whether a bundle may act when its sender is not heard.
    scheduled: bool,
    witness: bool,
    behind: bool,
    /// Addresses whose locks began or ended in this step, and values that were set in it.
    moved: Vec<String>,
    fresh: Vec<(Vec<u8>, Vec<u8>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    Clear,
    Muddled,
}

impl Audit {
    pub(crate) fn new(history: &History) -> Self {
        let family = &history.family;
        let rules = family.iter().flat_map(|show| &show.addresses);
        let muddled = rules.filter(|rule| rule.rate.is_some() || rule.event != EventRule::No);
        let compile = |text: &String| Pattern::compile(text).expect("rules are good");
        let rules = family.iter().flat_map(|show| &show.addresses);
        let by_write = rules.filter(|rule| rule.lock == LockRule::Write);
        let schedules = |show: &Show| {
            show.gateway.time_tags == TimeTags::Schedule
                || (show.clients.iter()).any(|client| client.time_tags == TimeTags::Schedule)
        };
        Self {
            sessions: BTreeMap::new(),
            locks: BTreeMap::new(),
            values: HashMap::new(),
            revisions: HashMap::new(),
            muddled: muddled.map(|rule| compile(&rule.pattern)).collect(),
            by_write: by_write.map(|rule| compile(&rule.pattern)).collect(),
            known_muddled: HashMap::new(),
            scheduled: family.iter().any(schedules),
            witness: (history.show.clients.iter()).any(|client| client.name == "witness"),
            behind: false,
            moved: Vec::new(),
            fresh: Vec::new(),
        }
    }

    /// The sessions that live.
    pub(crate) const fn sessions(&self) -> &BTreeMap<String, SocketAddr> {
        &self.sessions
    }

    /// The locks that are held.
    pub(crate) const fn locks(&self) -> &BTreeMap<String, Held> {
        &self.locks
    }

    /// Holds one step against the promises.
    pub(crate) fn check(
        &mut self,
        at: Instant,
        happening: &Happening,
        out: &Outputs,
        outcome: &Outcome,
        tally: &mut Tally,
    ) -> Result<(), String> {
        match happening {
            Happening::Behind { .. } => self.behind = true,
            Happening::CaughtUp => self.behind = false,
            // A shorter time counts from the next renewal on.
            Happening::Show(_) => {
                for held in self.locks.values_mut() {
                    (held.not_before, held.outdated) = (at, true);
                }
            }
            Happening::Datagram { .. }
            | Happening::Timeout
            | Happening::Unreachable { .. }
            | Happening::WallClock { .. }
            | Happening::Links { .. }
            | Happening::Stop => {}
        }
        self.moved.clear();
        self.fresh.clear();
        if out.changes_lost() > 0 {
            return Err("more changes than there is room for".to_owned());
        }
        let mut told = Vec::new();
        for change in out.changes() {
            self.on_change(at, &change, &mut told)?;
        }
        for (address, held) in &self.locks {
            let client = held.holder.split('/').next().unwrap_or_default();
            if !self.sessions.contains_key(client) {
                let holder = &held.holder;
                return Err(format!("{address} is held by {holder}, who has no session"));
            }
        }
        if self.witness && outcome.len() > 0 {
            self.check_witness(at, happening, outcome, &told, tally)?;
            self.check_freshness(outcome)?;
        } else if self.witness && !told.is_empty() && !matches!(happening, Happening::Stop) {
            return Err(format!("nobody was told of {told:?}"));
        }
        Ok(())
    }

    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other facts are about packets and counts"
    )]
    fn on_change(
        &mut self,
        at: Instant,
        change: &Change<&str>,
        told: &mut Vec<[String; 3]>,
    ) -> Result<(), String> {
        match *change {
            Change::Began { name, endpoint } => {
                let former = self.sessions.insert(name.to_owned(), endpoint);
                if former.is_some() {
                    return Err(format!("{name} began a second session"));
                }
            }
            Change::Ended { name, .. } => {
                let former = self.sessions.remove(name);
                if former.is_none() {
                    return Err(format!("{name} ended a session that it did not have"));
                }
            }
            Change::Renamed { former, name, .. } => self.on_renamed(former, name)?,
            Change::Locked {
                address,
                holder,
                timeout,
            } => {
                self.on_locked(at, address, holder, timeout)?;
                told.push(["locked".into(), address.into(), holder.into()]);
            }
            Change::Unlocked {
                address,
                holder,
                cause,
                ..
            } => {
                self.on_unlocked(at, address, holder, cause)?;
                told.push([cause.as_str().into(), address.into(), holder.into()]);
            }
            _ => {}
        }
        Ok(())
    }

    fn on_renamed(&mut self, former: &str, name: &str) -> Result<(), String> {
        let Some(endpoint) = self.sessions.remove(former) else {
            return Err(format!("{former}, who has no session, became {name}"));
        };
        if self.sessions.insert(name.to_owned(), endpoint).is_some() {
            return Err(format!("{former} took the name of {name}, who is there"));
        }
        for held in self.locks.values_mut() {
            if held.holder == former {
                name.clone_into(&mut held.holder);
            } else if let Some(user) = held.holder.strip_prefix(&format!("{former}/")) {
                held.holder = format!("{name}/{user}");
            }
        }
        Ok(())
    }

    fn on_locked(
        &mut self,
        at: Instant,
        address: &str,
        holder: &str,
        timeout: Duration,
    ) -> Result<(), String> {
        // A lock that was taken by writing may end sooner: when it becomes an ordinary one.
        let by_write = self.by_write.iter().any(|pattern| pattern.matches(address));
        let held = Held {
            holder: holder.to_owned(),
            not_before: if by_write { at } else { at + timeout },
            outdated: false,
        };
        self.moved.push(address.to_owned());
        match self.locks.insert(address.to_owned(), held) {
            None => Ok(()),
            Some(former) => Err(format!(
                "{holder} took {address} while {} held it",
                former.holder
            )),
        }
    }

    fn on_unlocked(
        &mut self,
        at: Instant,
        address: &str,
        holder: &str,
        cause: UnlockCause,
    ) -> Result<(), String> {
        self.moved.push(address.to_owned());
        match self.locks.remove(address) {
            None => Err(format!("{address} was freed, but nobody held it")),
            Some(held) if held.holder != holder => Err(format!(
                "{address} was held by {}, and freed from {holder}",
                held.holder
            )),
            Some(held) if cause == UnlockCause::Expired && at < held.not_before => {
                Err(format!("the lock of {address} ran out before its time"))
            }
            Some(_) => Ok(()),
        }
    }

    /// What the witness was sent: every beginning and ending of a lock once, in order, and every
    /// value that was accepted.
    fn check_witness(
        &mut self,
        at: Instant,
        happening: &Happening,
        outcome: &Outcome,
        told: &[[String; 3]],
        tally: &mut Tally,
    ) -> Result<(), String> {
        let mut heard: Vec<[String; 3]> = Vec::new();
        for (_, bytes) in outcome.sent().filter(|&(to, _)| to == WITNESS) {
            if !bytes.starts_with(b"/oscgate/") {
                self.on_value(happening, bytes)?;
                continue;
            }
            let is_locked = bytes.starts_with(b"/oscgate/status/locked\0");
            if is_locked || bytes.starts_with(b"/oscgate/status/unlocked\0") {
                let [address, holder, cause] = texts(bytes);
                let word = if is_locked {
                    "locked".to_owned()
                } else {
                    cause
                };
                heard.push([word, address, holder]);
            } else if bytes.starts_with(b"/oscgate/status/meta\0") {
                self.on_meta(at, bytes, tally)?;
            }
        }
        // At its end the gateway tells each of the others' ends only as long as it is there.
        let stops = matches!(happening, Happening::Stop);
        if heard != told && !stops {
            return Err(format!(
                "what happened is {told:?}, what was told {heard:?}"
            ));
        }
        Ok(())
    }

    fn on_value(&mut self, happening: &Happening, bytes: &[u8]) -> Result<(), String> {
        let (address, tail) = split(bytes);
        if tail == b",\0\0\0" || self.sight(address) == Sight::Muddled {
            return Ok(());
        }
        let text = std::str::from_utf8(address).expect("it was an address");
        let untouched = !self.moved.iter().any(|moved| moved == text);
        if let (Happening::Datagram { from, .. }, Some(held), true, false) =
            (happening, self.locks.get(text), untouched, self.scheduled)
        {
            let client = held.holder.split('/').next().unwrap_or_default();
            let theirs = self.sessions.get(client).map(SocketAddr::ip);
            if theirs != Some(from.ip()) {
                let holder = &held.holder;
                return Err(format!("{from} wrote {text}, which {holder} holds"));
            }
        }
        self.fresh.push((address.to_vec(), tail.to_vec()));
        Ok(())
    }

    /// No address goes back to an older value, whoever is sent it and why.
    fn check_freshness(&mut self, outcome: &Outcome) -> Result<(), String> {
        for (to, bytes) in outcome.sent() {
            if bytes.starts_with(b"/oscgate/") {
                continue;
            }
            let (address, tail) = split(bytes);
            if tail == b",\0\0\0"
                || self.sight(address) == Sight::Muddled
                || to == crate::stage::SLUGGARD
            {
                continue;
            }
            let now = self.fresh.iter().any(|(a, t)| a == address && t == tail);
            let before = self.values.get(address).is_some_and(|value| value == tail);
            if !now && !before {
                return Err(format!("{to} was sent an old value: {}", packet(bytes)));
            }
        }
        for (address, tail) in self.fresh.drain(..) {
            self.values.insert(address, tail);
        }
        Ok(())
    }

    /// What the machine says of an address when it is asked agrees with what it told before.
    fn on_meta(&mut self, at: Instant, bytes: &[u8], tally: &mut Tally) -> Result<(), String> {
        let message = whole(bytes);
        let [
            Argument::String(address),
            locked,
            Argument::String(holder),
            Argument::Int(remaining),
            Argument::Long(revision),
            ..,
        ] = message.arguments.as_slice()
        else {
            return Err(format!("no meta: {}", packet(bytes)));
        };
        let known = self.locks.get_mut(address);
        let expected = known.as_ref().map_or("", |held| held.holder.as_str());
        if expected != holder || (*locked == Argument::True) != known.is_some() {
            return Err(format!(
                "{address} is held by {expected:?}, meta says {holder:?}"
            ));
        }
        if known.is_some() != (*remaining > 0) {
            return Err(format!("{remaining} ms remain of the lock of {address}"));
        }
        let by_write = self.by_write.iter().any(|pattern| pattern.matches(address));
        let may_shrink = |held: &Held| self.behind || held.outdated || by_write;
        if let Some(held) = known.filter(|held| !may_shrink(held)) {
            // Rounded to whole milliseconds, so it may be one less.
            let least = u64::try_from(remaining - 1).expect("it is above zero");
            let least = at + Duration::from_millis(least);
            held.not_before = held.not_before.max(least);
        }
        let last = self.revisions.insert(address.clone(), *revision);
        if last.is_some_and(|last| last > *revision) {
            return Err(format!("the revision of {address} went back to {revision}"));
        }
        tally.one(Count::Probes);
        Ok(())
    }

    fn sight(&mut self, address: &[u8]) -> Sight {
        if let Some(&sight) = self.known_muddled.get(address) {
            return sight;
        }
        let text = std::str::from_utf8(address).expect("it was an address");
        let sight = if self.muddled.iter().any(|pattern| pattern.matches(text)) {
            Sight::Muddled
        } else {
            Sight::Clear
        };
        self.known_muddled.insert(address.to_vec(), sight);
        sight
    }
}

/// A message's address, and what follows it.
pub(crate) fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let view = PacketView::parse(bytes).expect("the gateway sends good packets");
    let message = view.messages().next().expect("it sends no empty bundles");
    let address = message.address();
    let tail = &bytes[(address.len() / 4 + 1) * 4..];
    (&bytes[..address.len()], tail)
}

/// A message with its arguments.
pub(crate) fn whole(bytes: &[u8]) -> Message {
    let mut all = decode_packet(bytes).expect("the gateway sends good packets");
    all.swap_remove(0)
}

/// The first three texts of a message.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "what is no text is only shown"
)]
pub(crate) fn texts(bytes: &[u8]) -> [String; 3] {
    let message = whole(bytes);
    let mut texts = message.arguments.iter().map(|argument| match argument {
        Argument::String(text) => text.clone(),
        other => format!("{other:?}"),
    });
    let mut next = || texts.next().unwrap_or_default();
    [next(), next(), next()]
}
