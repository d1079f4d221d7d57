//! What happened how often, over many histories: a kind of thing that never happened was not
//! tried.

/// Defines the counters with their names.
macro_rules! counters {
    ($($(#[$note:meta])* $name:ident $text:literal,)*) => {
        /// A kind of thing that is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Count { $($(#[$note])* $name,)* }

        impl Count {
            /// All of them, in the order of the table.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// What the table calls it.
            pub(crate) const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

counters! {
    Datagrams "datagrams handled",
    Outputs "datagrams sent",
    Checks "comparisons with the model",
    // Faults.
    Lost "fault: lost",
    Duplicated "fault: duplicated",
    Delayed "fault: delayed for more than a second",
    Overtaken "fault: overtaken on the way",
    Stalls "fault: gateway stalled",
    Overflowed "fault: did not fit into the socket buffer",
    LateTimers "fault: timer late",
    LazyTimers "fault: timer no earlier than the next datagram",
    LinkLosses "fault: link down",
    LinkReturns "fault: link up again",
    Crashes "fault: client gone without bye",
    Returns "fault: client back, same port",
    Moves "fault: client back, other port",
    Reflected "fault: client sent back what it was sent",
    Forged "fault: forged source",
    Garbage "fault: no packet",
    OwnSocket "fault: from the gateway's own socket",
    Strangers "fault: from outside",
    Aimed "fault: aimed at a deadline",
    AimedBefore "fault: one microsecond before a deadline",
    AimedAt "fault: in the very microsecond of a deadline",
    AimedAfter "fault: one microsecond after a deadline",
    Reloads "fault: show reloaded",
    Unreachable "fault: port unreachable",
    ClockSteps "fault: wall clock set",
    Stops "fault: gateway stopped",
    Dialect "datagrams in a dialect",
    Floods "fault: over the packet rate",
    SlowPhases "fault: destination that cannot keep up",
    Dropped "fault: dropped for a slow destination",
    // The loop.
    Timeouts "loop: woken by a deadline",
    Behinds "loop: behind",
    CaughtUp "loop: caught up within a second",
    CaughtUpLate "loop: catching up took more than a second",
    Saved "loop: lived on because what waited was read first",
    LinkFreezes "loop: lived through silence because its link was down",
    // Codes.
    BadAddress "code: BAD_ADDRESS",
    NotAllowed "code: NOT_ALLOWED",
    ReadOnly "code: READ_ONLY",
    LockHeld "code: LOCK_HELD",
    LockRequired "code: LOCK_REQUIRED",
    Conflict "code: CONFLICT",
    BadArguments "code: BAD_ARGUMENTS",
    OutOfRange "code: OUT_OF_RANGE",
    Limit "code: LIMIT",
    NotFound "code: NOT_FOUND",
    BadTime "code: BAD_TIME",
    Stale "code: STALE",
    NameTaken "code: NAME_TAKEN",
    UnknownRequest "code: UNKNOWN_REQUEST",
    Ok "code: OK",
    // Causes.
    Bye "session ended: bye",
    Silence "session ended: silence",
    PortClosed "session ended: unreachable",
    Replaced "session ended: replaced",
    Stopped "session ended: stopped",
    Released "lock ended: released",
    Expired "lock ended: expired",
    Disconnected "lock ended: disconnected",
    Taken "lock ended: taken",
    Forced "lock ended: forced",
    Withdrawn "lock ended: withdrawn",
    // Lock rules.
    RuleExplicit "lock rule: explicit, locked",
    RuleWrite "lock rule: write, locked",
    RuleRequired "lock rule: required, locked",
    RuleNever "lock rule: never, refused",
    // Requests, as they reached the gateway.
    ReqWrite "request: plain write or event",
    ReqPattern "request: write by pattern",
    ReqSet "request: set",
    ReqSetIf "request: set_if",
    ReqLock "request: lock",
    ReqUnlock "request: unlock",
    ReqTake "request: take",
    ReqRelease "request: release",
    ReqGet "request: get",
    ReqMeta "request: meta",
    ReqSubscribe "request: subscribe",
    ReqUnsubscribe "request: unsubscribe",
    ReqSync "request: sync",
    ReqPing "request: ping",
    ReqHello "request: hello",
    ReqBye "request: bye",
    ReqAs "request: as",
    ReqCall "request: call",
    ReqAtomic "request: atomic",
    ReqUnknown "request: unknown",
    // What came of it.
    Writes "values accepted",
    Events "events accepted",
    Denials "denials",
    Locks "locks taken",
    Sessions "sessions begun",
    Reflections "reflections recognised",
    Answered "calls answered again from memory",
    SnapBacks "true values with a denial",
    SecondValues "true values at the end of a stream",
    Thinned "values thinned",
    Settled "echoes of a hand that is still",
    Synced "syncs done",
    SyncedValues "values sent by sync",
    ScheduledRun "scheduled bundles that acted later",
    ScheduledDropped "scheduled bundles dropped with their session",
    AtomicDone "atomic bundles done",
    AtomicRefused "atomic bundles refused",
    ReloadEffects "sessions or locks ended by a reload",
    Renamed "clients renamed",
    NameTakeovers "names taken over",
    RoomMade "room made for a newcomer",
    NoRoom "no room for a newcomer",
    Heartbeats "heartbeats of the gateway",
    Probes "probes by meta that agreed with the auditor",
}

/// The counters of one history or of many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tally(Vec<u64>);

impl Tally {
    pub(crate) fn new() -> Self {
        Self(vec![0; Count::ALL.len()])
    }

    /// Counts one.
    pub(crate) fn one(&mut self, count: Count) {
        self.add(count, 1);
    }

    /// Counts some.
    pub(crate) fn add(&mut self, count: Count, n: u64) {
        self.0[count as usize] += n;
    }

    /// How many there were.
    pub(crate) fn of(&self, count: Count) -> u64 {
        self.0[count as usize]
    }

    /// Adds those of another history.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine += theirs;
        }
    }

    /// What never happened.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let all = Count::ALL.iter();
        all.filter(|&&count| self.of(count) == 0)
            .map(|count| count.text())
            .collect()
    }

    /// The table, one counter a line.
    pub(crate) fn table(&self) -> String {
        let lines = Count::ALL
            .iter()
            .map(|&count| format!("{:>14}  {}\n", self.of(count), count.text()));
        lines.collect()
    }
}
