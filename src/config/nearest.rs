//! The known name that a technician most likely meant.

use super::keys::FileKind;
use super::keys::TableName::{self, Address, Client, Gateway, Locks, Map, Mapping, Tell, Touch};
use super::keys::Written;

/// What technicians write for a key or table when they think of its meaning, not of its name:
/// the table they write it in, what they write, what it is called.
const MEANT: &[(TableName, &str, &str)] = &[
    (Gateway, "port", "listen"),
    (Gateway, "bind", "listen"),
    (Gateway, "address", "listen"),
    (Locks, "lock_timeout", "timeout"),
    (Client, "ip", "source"),
    (Client, "address", "source"),
    (Client, "host", "source"),
    (Client, "port", "reply_port"),
    (Client, "subscribe", "follow"),
    (Client, "timeout", "silence_timeout"),
    (Address, "address", "match"),
    (Address, "pattern", "match"),
    (Address, "path", "match"),
    (Address, "type", "args"),
    (Address, "timeout", "lock_timeout"),
    (Mapping, "title", "name"),
    (Mapping, "query", "bare_address"),
    (Mapping, "rate", "spacing"),
    (Map, "from", "device"),
    (Map, "native", "device"),
    (Map, "address", "device"),
    (Map, "to", "gateway"),
    (Map, "canonical", "gateway"),
    (Map, "type", "args"),
    (Map, "types", "args"),
    (Map, "law", "curve"),
    (Map, "scaling", "curve"),
    (Map, "inverted", "invert"),
    (Map, "resolution", "steps"),
    (Map, "clip", "outside"),
    (Map, "enum", "names"),
    (Map, "values", "names"),
    (Map, "button", "event"),
    (Map, "trigger", "event"),
    (Map, "table", "points"),
    (Touch, "off", "release"),
    (Touch, "address", "device"),
    (Tell, "on", "when"),
    (Tell, "address", "send"),
    (Tell, "device", "send"),
];

/// The name of a key of `table` that `written` most likely means.
pub(super) fn nearest_key(table: TableName, written: &str) -> Option<&'static str> {
    let plain = plain(written);
    let meant = MEANT
        .iter()
        .find(|(at, word, _)| *at == table && *word == plain);
    let names = table
        .keys()
        .filter(|key| key.written != Written::Later)
        .map(|key| key.name);
    meant
        .map(|(_, _, name)| *name)
        .or_else(|| nearest(written, names))
}

/// The table that `written` most likely means.
pub(super) fn nearest_table(kind: FileKind, written: &str) -> Option<TableName> {
    let tables = kind.tables();
    let name = nearest(written, tables.iter().map(|table| table.name()))?;
    tables.iter().copied().find(|table| table.name() == name)
}

/// The known name that is nearest to `written`, if any is near.
pub(super) fn nearest<'k>(
    written: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<&'k str> {
    let written = plain(written);
    if written.chars().count() > 64 {
        return None;
    }
    known
        .into_iter()
        .filter_map(|name| {
            let distance = strsim::osa_distance(&written, &plain(name));
            let near = 1.max(name.chars().count().min(written.chars().count()) / 3);
            // Somebody who stops half way through a long word means that word.
            let begun = written.len() >= 3 && plain(name).starts_with(&written);
            (distance <= near || begun).then_some((distance, name))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn plain(name: &str) -> String {
    name.to_lowercase().replace(['-', ' '], "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_key() {
        for (table, written, meant) in [
            (Address, "lok", "lock"),
            (Client, "reply-port", "reply_port"),
            (Client, "replyPort", "reply_port"),
            (Client, "sorce", "source"),
            (Address, "Lock", "lock"),
            (Address, "desc", "description"),
            (Client, "ip", "source"),
        ] {
            assert_eq!(nearest_key(table, written), Some(meant), "{written}");
        }
    }

    #[test]
    fn a_word_that_is_near_nothing_finds_nothing() {
        assert_eq!(nearest_key(Address, "colour"), None);
        assert_eq!(nearest_key(Client, "x"), None);
    }
}
