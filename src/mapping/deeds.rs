//! What a native message means: a list of deeds, in memory that is used again.

use std::ops::Range;
use std::time::Duration;

use super::convert::Unfit;
use super::dialect::World;
use crate::osc::string_bytes;

/// What a native message means, in the order in which it is to be done. Used again for the next
/// message, so that its memory is too.
#[derive(Debug, Default)]
pub struct Deeds {
    pub(super) list: Vec<Meant>,
    pub(super) bytes: Vec<u8>,
    /// How many native addresses a pattern may be held against; `None`: all.
    pub(super) candidates: Option<usize>,
    /// How many were, the last time.
    pub(super) looked_at: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Meant {
    pub(super) what: What,
    pub(super) line: Option<u32>,
    pub(super) address: Range<usize>,
    pub(super) message: Range<usize>,
    pub(super) user: Range<usize>,
    pub(super) control: Range<usize>,
}

/// One thing that a native message means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deed<'d> {
    /// What is to be done.
    pub what: What,
    /// The line that says so, by its place in the mapping.
    pub line: Option<usize>,
    /// The gateway's address; empty where none is meant.
    pub address: &'d str,
    /// The whole message to that address, where values are written.
    pub message: &'d [u8],
    /// The person behind the endpoint who does it.
    pub user: Option<&'d str>,
    /// Which control of the device a finger is on or left, the same in every bank; empty where no
    /// finger is meant.
    pub control: &'d str,
}

impl Deed<'_> {
    /// The message from its comma on.
    #[must_use]
    pub fn tail(&self) -> &[u8] {
        self.message
            .get(string_bytes(self.address.len())..)
            .unwrap_or_default()
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// Values are written, or an event sent.
    Write {
        /// It is an event, whatever its arguments.
        event: bool,
        /// It takes the lock for so long.
        hold: Option<Duration>,
        /// A value was clipped: what is stored is not what the device shows.
        clipped: bool,
    },
    /// The stored value is asked for.
    Query,
    /// A finger came down on a control, or left it.
    Touch {
        /// It came down.
        down: bool,
    },
    /// A bank was chosen.
    Bank {
        /// Which, by its place.
        bank: usize,
        /// Its number.
        number: i32,
    },
    /// See [`Service`], of the line with this place.
    Serve(usize),
    /// It cannot be read as what it should be.
    Unfit(Unfit),
    /// It turns over, or adds to, a value that there is not.
    NoValue,
    /// The mapping refuses it.
    Denied,
    /// A pattern matches more addresses than are taken.
    TooMany,
    /// Nothing: the other edge of a button, what is to be ignored, what nobody maps.
    Nothing,
    /// No line speaks of it; it goes on as it is.
    Pass,
    /// No line speaks of it; it is dropped.
    Drop,
}

impl Deeds {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = Deed<'_>> {
        (0..self.len()).filter_map(|n| self.get(n))
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, n: usize) -> Option<Deed<'_>> {
        let meant = self.list.get(n)?;
        let text = |range: &Range<usize>| {
            std::str::from_utf8(&self.bytes[range.clone()]).expect("written from text")
        };
        Some(Deed {
            what: meant.what,
            line: meant.line.map(|line| line as usize),
            address: text(&meant.address),
            message: &self.bytes[meant.message.clone()],
            user: (!meant.user.is_empty()).then(|| text(&meant.user)),
            control: text(&meant.control),
        })
    }

    /// Bounds how many native addresses the next pattern is held against; `None`: all there are.
    pub const fn bound(&mut self, candidates: Option<usize>) {
        self.candidates = candidates;
    }

    /// How many native addresses the last pattern was held against.
    #[must_use]
    pub const fn looked_at(&self) -> usize {
        self.looked_at
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.bytes.clear();
        self.looked_at = 0;
    }

    /// A pattern makes no address known: of the deeds from `first` on, those that would do so are
    /// forgotten.
    pub(super) fn keep_known(&mut self, first: usize, world: &World<'_>) {
        let mut next = first;
        while let Some(deed) = self.get(next) {
            let makes_known = matches!(deed.what, What::Write { .. } | What::Touch { .. });
            if makes_known && (world.value)(deed.address).is_none() {
                self.list.remove(next);
            } else {
                next += 1;
            }
        }
    }

    /// A pattern asks for too much: nothing of it is done.
    pub(super) fn too_many(&mut self) {
        self.list.clear();
        self.bytes.clear();
        self.say(What::TooMany, None);
    }

    /// An address that no line speaks of is to be followed, as it is below the root.
    pub(super) fn follow(&mut self, service: u32, root: &str, address: &str) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(root.as_bytes());
        self.bytes.extend_from_slice(address.as_bytes());
        self.say(What::Serve(service as usize), Some(service));
        let meant = self.list.last_mut().expect("it was just said");
        meant.address = start..self.bytes.len();
    }

    /// The value of an address that no line speaks of is asked for.
    pub(super) fn ask(&mut self, address: &str) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(address.as_bytes());
        self.say(What::Query, None);
        let meant = self.list.last_mut().expect("it was just said");
        meant.address = start..self.bytes.len();
    }

    pub(super) fn say(&mut self, what: What, line: Option<u32>) {
        self.list.push(Meant {
            what,
            line,
            address: 0..0,
            message: 0..0,
            user: 0..0,
            control: 0..0,
        });
    }
}
