//! The tables of both kinds of files, and what a key of theirs is.

use super::mapping_keys::MAPPING_KEYS;
use super::show_keys::KEYS;
use TableName::{
    Access, Address, Alive, Answer, Bank, Client, FollowOn, Gateway, Keepalive, Limits, Listen,
    Locks, Map, Mapping, Register, Serves, Session, Sessions, Tell, Touch,
};
use Written::{Default, Example, Later};

/// The two kinds of files that technicians write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    Show,
    Mapping,
}

impl FileKind {
    /// The tables of such a file, in the order in which `init` prints those of a show.
    pub(super) const fn tables(self) -> &'static [TableName] {
        match self {
            Self::Show => &[
                Gateway, Access, Locks, Sessions, Limits, Listen, Client, Address,
            ],
            Self::Mapping => &[Mapping, Session, Serves, Bank, Map, Touch, Tell],
        }
    }

    /// The keys of all its tables.
    pub(super) const fn keys(self) -> &'static [Key] {
        match self {
            Self::Show => KEYS,
            Self::Mapping => MAPPING_KEYS,
        }
    }
}

/// The keys of both kinds of files.
pub(super) fn all_keys() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().chain(MAPPING_KEYS)
}

/// A table of a show file or a mapping file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TableName {
    Gateway,
    Access,
    Locks,
    Sessions,
    Limits,
    Listen,
    Client,
    Address,
    Mapping,
    Session,
    Serves,
    Bank,
    Map,
    Touch,
    Tell,
    /// One of the tables in `keepalive = [{ … }]`.
    Keepalive,
    /// The table in `alive = { … }`.
    Alive,
    /// One of the tables in `follow = [{ … }]` of a mapping.
    FollowOn,
    /// One of the tables in `answer = [{ … }]`.
    Answer,
    /// One of the tables in `register = [{ … }]`.
    Register,
}

impl TableName {
    /// The kind of file that it stands in.
    pub(super) const fn kind(self) -> FileKind {
        match self {
            Gateway | Access | Locks | Sessions | Limits | Listen | Client | Address => {
                FileKind::Show
            }
            Mapping | Session | Serves | Bank | Map | Touch | Tell | Keepalive | Alive
            | FollowOn | Answer | Register => FileKind::Mapping,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Gateway => "gateway",
            Access => "access",
            Locks => "locks",
            Sessions => "sessions",
            Limits => "limits",
            Listen => "listen",
            Client => "client",
            Address => "address",
            Mapping => "mapping",
            Session => "session",
            Serves => "serves",
            Bank => "bank",
            Map => "map",
            Touch => "touch",
            Tell => "tell",
            Keepalive => "keepalive",
            Alive => "alive",
            FollowOn => "follow",
            Answer => "answer",
            Register => "register",
        }
    }

    /// The line that begins it.
    pub(super) fn header(self) -> String {
        if matches!(self, Keepalive | Alive | FollowOn | Answer | Register) {
            format!("`{} = {{ … }}`", self.name())
        } else if self.is_list() {
            format!("[[{}]]", self.name())
        } else {
            format!("[{}]", self.name())
        }
    }

    /// Whether there may be several of it, so that it has double brackets.
    pub(super) fn is_list(self) -> bool {
        match self {
            Listen | Client | Address | Bank | Map | Touch | Tell => true,
            Gateway | Access | Locks | Sessions | Limits | Mapping | Session | Serves
            | Keepalive | Alive | FollowOn | Answer | Register => false,
        }
    }

    /// What it is for, as `init` says it.
    pub(super) fn says(self) -> &'static str {
        match self {
            Gateway => "The gateway itself.",
            Access => "Who is served.",
            Locks => "How long locks last, and how a refused hand is answered.",
            Sessions => "When a client is taken as gone. Its locks are released then.",
            Limits => {
                "How much the gateway takes on. What is over a limit is refused, never \
                what is there."
            }
            Listen => "A door that speaks a dialect.",
            Client => "A device or program that you name. Repeat this block for each one.",
            Address => {
                "A rule for the addresses that a pattern matches. Repeat this block for \
                each rule;\n\
                 # the first one that matches wins."
            }
            Mapping | Session | Serves | Bank | Map | Touch | Tell | Keepalive | Alive
            | FollowOn | Answer | Register => "",
        }
    }

    pub(super) fn keys(self) -> impl Iterator<Item = &'static Key> {
        let keys = self.kind().keys();
        keys.iter().filter(move |key| key.table == self)
    }

    pub(super) fn key(self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }
}

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) table: TableName,
    pub(super) name: &'static str,
    pub(super) written: Written,
    /// What it does, in a sentence for a technician.
    pub(super) says: &'static str,
}

/// What stands behind a key in a show file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// Its default, as it is written.
    Default(&'static str),
    /// It has no default, or one for each client: an example.
    Example(&'static str),
    /// It is not in this version yet.
    Later,
}

impl Key {
    /// An example of its value; `None` for a key of a later version.
    pub(super) fn sample(&self) -> Option<&'static str> {
        match self.written {
            Default(text) | Example(text) => Some(text),
            Later => None,
        }
    }
}

pub(super) const fn key(
    table: TableName,
    name: &'static str,
    written: Written,
    says: &'static str,
) -> Key {
    Key {
        table,
        name,
        written,
        says,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_stands_twice_in_a_table() {
        let tables = [FileKind::Show, FileKind::Mapping].map(FileKind::tables);
        for table in tables.into_iter().flatten() {
            let mut names: Vec<_> = table.keys().map(|key| key.name).collect();
            names.sort_unstable();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
        }
    }
}
