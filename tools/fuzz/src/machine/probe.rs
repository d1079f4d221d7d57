//! The machine's books as a client sees them who follows everything and asks about everything.

use std::collections::{BTreeMap, VecDeque};

use oscgate::gateway::Change;
use oscgate::osc::{ArgumentView, Arguments, MessageView};

type Text = Vec<u8>;

/// What `/oscgate/status/meta` says of one address.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Meta {
    pub(super) address: Text,
    /// Empty: it is free.
    pub(super) holder: Text,
    pub(super) remaining: i32,
    pub(super) revision: i64,
    pub(super) writer: Text,
    pub(super) value: Value,
}

/// Type tags and the bytes behind them.
pub(super) type Value = (Vec<u8>, Vec<u8>);

/// What the probe was told, and what it follows from that.
#[derive(Debug, Default)]
pub(super) struct Probe {
    /// Who holds what.
    pub(super) held: BTreeMap<Text, Text>,
    /// The names of those who have a session.
    pub(super) sessions: BTreeMap<Text, Text>,
    /// The last value that was sent of each address.
    values: BTreeMap<Text, Value>,
    /// Revision and value of each address when it was last asked for.
    seen: BTreeMap<Text, (i64, Value)>,
    /// Former and new names that are still to be told.
    renames: VecDeque<(Text, Text)>,
    /// The answers of this step.
    pub(super) metas: Vec<Meta>,
    /// What was denied in this step.
    pub(super) denied: Vec<Text>,
    /// Answers that failed in this step.
    pub(super) errors: usize,
    /// What a `sync` in this step told: addresses held and names, and whether it came to its end.
    pub(super) synced: Option<(Vec<Text>, Vec<Text>, bool)>,
    /// Not all that it should have been told came through: its books are worth nothing from now on.
    pub(super) lost: bool,
    /// It was not heard in this step.
    pub(super) unheard: bool,
}

impl Probe {
    /// Forgets what belonged to the last step.
    pub(super) fn begin_step(&mut self) {
        self.metas.clear();
        self.denied.clear();
        self.errors = 0;
        self.synced = None;
        self.unheard = false;
    }

    /// Takes note of a change that it needs to know of to understand what it is told.
    pub(super) fn on_change(&mut self, change: &Change<&str>, is_own: bool) {
        if let Change::Renamed { former, name, .. } = *change {
            self.renames.push_back((former.into(), name.into()));
        }
        self.lost |= is_own && matches!(change, Change::Overflow { .. });
        self.unheard |= matches!(change, Change::OverRate { client: "probe" });
    }

    /// Takes what it is sent.
    pub(super) fn on_message(&mut self, message: &MessageView<'_>) {
        let mut arguments = message.arguments();
        let address = message.address();
        match address {
            b"/oscgate/status/locked" => {
                let (of, holder) = (text(&mut arguments), text(&mut arguments));
                if let Some((locks, _, _)) = &mut self.synced {
                    locks.push(of);
                    return;
                }
                let former = self.held.insert(of, holder);
                assert!(
                    self.lost || former.is_none(),
                    "locked, and not free: {former:x?}"
                );
            }
            b"/oscgate/status/unlocked" => {
                let (of, holder) = (text(&mut arguments), text(&mut arguments));
                let known = self.held.remove(&of);
                assert!(self.lost || known == Some(holder), "not held by {known:x?}");
            }
            b"/oscgate/status/connected" => {
                let (name, endpoint) = (text(&mut arguments), text(&mut arguments));
                if let Some((_, names, _)) = &mut self.synced {
                    names.push(name);
                    return;
                }
                self.on_connected(name, endpoint);
            }
            b"/oscgate/status/disconnected" => {
                let name = text(&mut arguments);
                let known = self.sessions.remove(&name);
                assert!(self.lost || known.is_some(), "{name:x?} was not there");
            }
            b"/oscgate/status/denied" => self.denied.push(text(&mut arguments)),
            b"/oscgate/status/meta" => self.metas.push(meta(arguments)),
            b"/oscgate/status/error" => self.errors += 1,
            b"/oscgate/synced" => {
                if let Some((_, _, is_done)) = &mut self.synced {
                    *is_done = true;
                }
            }
            _ if address.starts_with(b"/oscgate/") => {}
            // An event has no value.
            _ if message.tags().is_empty() => {}
            _ => {
                let value = (message.tags().to_vec(), message.data().to_vec());
                self.values.insert(address.to_vec(), value);
            }
        }
    }

    fn on_connected(&mut self, name: Text, endpoint: Text) {
        let is_renamed = self.renames.front().is_some_and(|(_, new)| *new == name);
        if is_renamed && let Some((former, _)) = self.renames.pop_front() {
            self.sessions.remove(&former);
            let user = [&former[..], b"/"].concat();
            for holder in self.held.values_mut() {
                if *holder == former {
                    holder.clone_from(&name);
                } else if holder.starts_with(&user) {
                    *holder = [&name[..], &holder[former.len()..]].concat();
                }
            }
        }
        let known = self.sessions.insert(name, endpoint);
        assert!(self.lost || known.is_none() || is_renamed, "there twice");
    }

    /// Compares an answer with what was told before.
    pub(super) fn check(&mut self, meta: &Meta) {
        let holder = self.held.get(&meta.address);
        if self.lost {
            return;
        }
        assert_eq!(
            holder.map(Vec::as_slice).unwrap_or_default(),
            meta.holder,
            "{meta:x?}"
        );
        if let Some(holder) = holder {
            let client = holder
                .split(|&byte| byte == b'/')
                .next()
                .unwrap_or_default();
            assert!(self.sessions.contains_key(client), "{meta:x?}");
        }
        assert!(meta.remaining >= 0);
        assert!(meta.revision >= 0);
        assert_eq!(meta.revision == 0, meta.writer.is_empty(), "{meta:x?}");
        assert_eq!(meta.revision == 0, meta.value.0.is_empty(), "{meta:x?}");
        let now = (meta.revision, meta.value.clone());
        if let Some(before) = self.seen.insert(meta.address.clone(), now.clone()) {
            assert!(
                before == now || before.0 < now.0,
                "{before:x?}, then {meta:x?}"
            );
        }
        // Thinned values are still to come, and events have none.
        let is_thinned = meta.address.starts_with(b"/w/") || meta.address == b"/go";
        if !is_thinned && meta.revision > 0 {
            assert_eq!(
                self.values.get(&meta.address),
                Some(&meta.value),
                "{meta:x?}"
            );
        }
    }
}

fn meta(mut arguments: Arguments<'_>) -> Meta {
    let address = text(&mut arguments);
    let is_locked = match arguments.next() {
        Some(ArgumentView::True) => true,
        Some(ArgumentView::False) => false,
        other => panic!("{other:?} for LOCKED"),
    };
    let holder = text(&mut arguments);
    let Some(ArgumentView::Int(remaining)) = arguments.next() else {
        panic!("no REMAINING_MS");
    };
    let Some(ArgumentView::Long(revision)) = arguments.next() else {
        panic!("no REVISION");
    };
    let writer = text(&mut arguments);
    assert_eq!(is_locked, !holder.is_empty());
    Meta {
        address,
        holder,
        remaining,
        revision,
        writer,
        value: (arguments.tags().to_vec(), arguments.data().to_vec()),
    }
}

fn text(arguments: &mut Arguments<'_>) -> Text {
    match arguments.next() {
        Some(ArgumentView::String(text)) => text.to_vec(),
        other => panic!("{other:?} where a text is promised"),
    }
}
