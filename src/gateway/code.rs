//! The words of the protocol: codes of refusals, causes of endings.

/// Why something was refused, in the order in which they are checked: the first that applies is
/// the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Not an address, or a pattern where one address is meant.
    BadAddress,
    /// The client's permissions or the address rule forbid it.
    NotAllowed,
    /// The address rule says that nobody writes it.
    ReadOnly,
    /// Another client holds the lock.
    LockHeld,
    /// The address may only be written under a lock.
    LockRequired,
    /// `set_if` with an old revision.
    Conflict,
    /// Wrong types or count of arguments.
    BadArguments,
    /// Outside a range whose rule is to refuse.
    OutOfRange,
    /// A limit is reached.
    Limit,
    /// No such address, or no value yet.
    NotFound,
    /// A bundle for a moment too far ahead.
    BadTime,
    /// A call that was overtaken.
    Stale,
    /// The name belongs to another.
    NameTaken,
    /// No such request.
    UnknownRequest,
}

impl Code {
    /// All of them, in order.
    pub const ALL: [Self; 14] = [
        Self::BadAddress,
        Self::NotAllowed,
        Self::ReadOnly,
        Self::LockHeld,
        Self::LockRequired,
        Self::Conflict,
        Self::BadArguments,
        Self::OutOfRange,
        Self::Limit,
        Self::NotFound,
        Self::BadTime,
        Self::Stale,
        Self::NameTaken,
        Self::UnknownRequest,
    ];

    /// The code of a word on the wire.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == word)
    }

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadAddress => "BAD_ADDRESS",
            Self::NotAllowed => "NOT_ALLOWED",
            Self::ReadOnly => "READ_ONLY",
            Self::LockHeld => "LOCK_HELD",
            Self::LockRequired => "LOCK_REQUIRED",
            Self::Conflict => "CONFLICT",
            Self::BadArguments => "BAD_ARGUMENTS",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::Limit => "LIMIT",
            Self::NotFound => "NOT_FOUND",
            Self::BadTime => "BAD_TIME",
            Self::Stale => "STALE",
            Self::NameTaken => "NAME_TAKEN",
            Self::UnknownRequest => "UNKNOWN_REQUEST",
        }
    }
}

/// Why a lock ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnlockCause {
    /// Its holder released it.
    Released,
    /// It ran out.
    Expired,
    /// Its holder's session ended.
    Disconnected,
    /// A client of higher priority took it.
    Taken,
    /// An operator released it.
    Forced,
    /// The address rule changed on reload.
    Withdrawn,
}

impl UnlockCause {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Disconnected => "disconnected",
            Self::Taken => "taken",
            Self::Forced => "forced",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndCause {
    /// The client said `bye`.
    Bye,
    /// It was not heard for too long, or made room for another.
    Silence,
    /// Its port is closed (ICMP port-unreachable).
    Unreachable,
    /// Its connection is closed.
    Closed,
    /// Its name or source belongs to another now.
    Replaced,
    /// The gateway stops.
    Stopped,
}

impl EndCause {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bye => "bye",
            Self::Silence => "silence",
            Self::Unreachable => "unreachable",
            Self::Closed => "closed",
            Self::Replaced => "replaced",
            Self::Stopped => "stopped",
        }
    }
}
