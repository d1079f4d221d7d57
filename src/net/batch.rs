//! Many datagrams at once, in buffers allocated once and used again.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::ops::Range;

use crate::limits::DATAGRAM_BYTES_MAX;

#[cfg(target_os = "linux")]
use super::mmsg;

/// Datagrams in one batch, either way. One system call costs about as much as carrying ten small
/// datagrams through it, so more gains nothing; and a batch is decided as one moment.
pub const BATCH_DATAGRAMS_MAX: usize = 64;

/// Room for one received datagram: more than the longest there is, so that one which is cut
/// nevertheless (an IPv6 jumbogram) shows by its length that it is no good packet.
pub(super) const SLOT_BYTES: usize = 65_536;

/// From one slot to the next. Three cache lines more than a slot's own bytes: if all slots began
/// at the same place in their page, they would compete for the same few lines of the cache.
pub(super) const SLOT_STRIDE: usize = SLOT_BYTES + 192;

/// Bytes that a [`SendBatch`] takes before it says that it is full; so the arena stays in the
/// cache. A single datagram is taken whatever its length.
const SEND_BYTES_MAX: usize = 128 * 1024;

/// Datagrams that one segmented send may carry: `UDP_MAX_SEGMENTS` of the older kernels.
#[cfg(target_os = "linux")]
const SEGMENTS_MAX: usize = 64;

/// Bytes that one segmented send may carry: what fits in one datagram of either family.
#[cfg(target_os = "linux")]
const RUN_BYTES_MAX: usize = 65_000;

/// The longest datagram that is joined to others: what an Ethernet frame carries over IPv6. The
/// kernel refuses segments that would need fragments.
#[cfg(target_os = "linux")]
const SEGMENT_BYTES_MAX: usize = 1_452;

const _: () = assert!(SLOT_BYTES > DATAGRAM_BYTES_MAX);

/// Datagrams as they were received.
#[derive(Debug)]
pub struct RecvBatch {
    /// `BATCH_DATAGRAMS_MAX` slots, `SLOT_STRIDE` apart. Asked for as zeros, so a page is real
    /// only once a datagram was long enough to reach it.
    pub(super) arena: Box<[u8]>,
    filled: Vec<Filled>,
    #[cfg(target_os = "linux")]
    pub(super) scratch: mmsg::RecvScratch,
}

#[derive(Clone, Copy, Debug)]
struct Filled {
    slot: usize,
    length: usize,
    from: SocketAddr,
    local: Option<IpAddr>,
}

/// One received datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    /// Who sent it; an IPv4-mapped address is folded to IPv4.
    pub from: SocketAddr,
    /// The local address to answer from: the one it was sent to or, for a broadcast, the
    /// receiving interface's own. `None` where the platform does not say.
    pub local: Option<IpAddr>,
    /// What it holds. A datagram that was cut is longer than `DATAGRAM_BYTES_MAX`.
    pub bytes: &'a [u8],
}

impl RecvBatch {
    /// An empty batch with room for [`BATCH_DATAGRAMS_MAX`] datagrams of any length.
    #[must_use]
    pub fn new() -> Self {
        Self {
            arena: vec![0; BATCH_DATAGRAMS_MAX * SLOT_STRIDE].into_boxed_slice(),
            filled: Vec::with_capacity(BATCH_DATAGRAMS_MAX),
            #[cfg(target_os = "linux")]
            scratch: mmsg::RecvScratch::new(),
        }
    }

    /// How many datagrams it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.filled.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.filled.is_empty()
    }

    /// The datagrams in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = Received<'_>> {
        self.filled.iter().map(|filled| {
            let start = filled.slot * SLOT_STRIDE;
            Received {
                from: filled.from,
                local: filled.local,
                bytes: &self.arena[start..start + filled.length],
            }
        })
    }

    /// Forgets what it holds.
    pub(super) fn clear(&mut self) {
        self.filled.clear();
    }

    /// Where the datagram for `slot` is to be written.
    pub(super) fn slot_mut(&mut self, slot: usize) -> &mut [u8] {
        &mut self.arena[slot * SLOT_STRIDE..][..SLOT_BYTES]
    }

    /// Says that `slot` now holds a datagram of `length` bytes.
    pub(super) fn filled(
        &mut self,
        slot: usize,
        length: usize,
        from: SocketAddr,
        local: Option<IpAddr>,
    ) {
        let from = folded(from);
        self.filled.push(Filled {
            slot,
            length: length.min(SLOT_BYTES),
            from,
            local,
        });
    }
}

impl Default for RecvBatch {
    fn default() -> Self {
        Self::new()
    }
}

/// The address as a person writes it: IPv4-mapped as IPv4, and no flow label, which says nothing
/// about who it is. The scope stays: a link-local address means nothing without it.
fn folded(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(_) => address,
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(v4) => SocketAddr::from((v4, v6.port())),
            None => SocketAddrV6::new(*v6.ip(), v6.port(), 0, v6.scope_id()).into(),
        },
    }
}

/// Datagrams on their way out. What the kernel does not take stays, and sending goes on there.
#[derive(Debug)]
pub struct SendBatch {
    arena: Vec<u8>,
    entries: Vec<Entry>,
    /// The first that the kernel has not taken yet.
    next: usize,
    /// How often the kernel has already refused that first one.
    pub(super) refusals: u8,
    /// The kernel would not send that first one from its local address.
    pub(super) any_source: bool,
    /// The kernel would not take a joined run: the rest of this batch goes one by one.
    pub(super) one_by_one: bool,
}

/// One datagram on its way out.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) to: SocketAddr,
    pub(super) local: Option<IpAddr>,
    pub(super) range: Range<usize>,
}

/// Whether a [`SendBatch`] took a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Pushed {
    /// It did.
    Taken,
    /// It is full: send it first.
    Full,
}

impl SendBatch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self {
            arena: Vec::with_capacity(SEND_BYTES_MAX),
            entries: Vec::with_capacity(BATCH_DATAGRAMS_MAX),
            next: 0,
            refusals: 0,
            any_source: false,
            one_by_one: false,
        }
    }

    /// Copies a datagram in, to leave from `local` where that is known.
    pub fn push(&mut self, to: SocketAddr, local: Option<IpAddr>, bytes: &[u8]) -> Pushed {
        let crowded = !self.entries.is_empty() && self.arena.len() + bytes.len() > SEND_BYTES_MAX;
        if crowded || self.entries.len() == BATCH_DATAGRAMS_MAX {
            return Pushed::Full;
        }
        let start = self.arena.len();
        self.arena.extend_from_slice(bytes);
        self.entries.push(Entry {
            to,
            local,
            range: start..self.arena.len(),
        });
        Pushed::Taken
    }

    /// How many datagrams the kernel has not taken yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len() - self.next
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first that waits, and its bytes.
    pub(super) fn head(&self) -> Option<(&Entry, &[u8])> {
        let entry = self.entries.get(self.next)?;
        Some((entry, &self.arena[entry.range.clone()]))
    }

    /// Those that wait, in order.
    pub(super) fn waiting(&self) -> &[Entry] {
        &self.entries[self.next..]
    }

    /// The bytes of an entry, or of a run of entries that follow each other.
    pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.arena[range]
    }

    /// The first `count` that waited are done with. The last one empties the batch.
    pub(super) fn advance(&mut self, count: usize) {
        self.next += count;
        assert!(
            self.next <= self.entries.len(),
            "no more is sent than waits"
        );
        self.refusals = 0;
        self.any_source = false;
        if self.next == self.entries.len() {
            self.arena.clear();
            self.entries.clear();
            self.next = 0;
            self.one_by_one = false;
        }
    }
}

impl Default for SendBatch {
    fn default() -> Self {
        Self::new()
    }
}

/// How many of the first entries can leave as one segmented send: one destination, one local
/// address, one length, but for the last, which may be shorter.
#[cfg(target_os = "linux")]
pub(super) fn run_length(waiting: &[Entry]) -> usize {
    let first = &waiting[0];
    let segment = first.range.len();
    if segment == 0 || segment > SEGMENT_BYTES_MAX {
        return 1;
    }
    let mut count = 1;
    for entry in waiting.iter().take(SEGMENTS_MAX).skip(1) {
        let length = entry.range.len();
        let fits = entry.range.end - first.range.start <= RUN_BYTES_MAX;
        let alike = entry.to == first.to && entry.local == first.local;
        if !fits || !alike || length > segment || length == 0 {
            break;
        }
        count += 1;
        if length < segment {
            break;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 9))
    }

    #[test]
    fn a_batch_is_full_at_its_count_and_room_again_when_all_is_sent() {
        let mut batch = SendBatch::new();
        for _ in 0..BATCH_DATAGRAMS_MAX {
            assert_eq!(batch.push(to(), None, b"abcd"), Pushed::Taken);
        }
        assert_eq!(batch.push(to(), None, b"abcd"), Pushed::Full);
        batch.advance(3);
        assert_eq!(batch.len(), BATCH_DATAGRAMS_MAX - 3);
        batch.advance(BATCH_DATAGRAMS_MAX - 3);
        assert!(batch.is_empty());
        assert_eq!(batch.push(to(), None, b"abcd"), Pushed::Taken);
        assert_eq!(
            batch.head().map(|(_, bytes)| bytes),
            Some(b"abcd".as_slice())
        );
    }

    #[test]
    fn a_batch_is_full_at_its_bytes_but_takes_a_first_one_of_any_length() {
        let mut batch = SendBatch::new();
        assert_eq!(
            batch.push(to(), None, &vec![1; 2 * SEND_BYTES_MAX]),
            Pushed::Taken
        );
        assert_eq!(batch.push(to(), None, b"abcd"), Pushed::Full);
    }

    #[test]
    fn mapped_addresses_are_folded_and_scopes_stay() {
        let mapped: SocketAddr = "[::ffff:10.0.0.1]:7".parse().unwrap();
        assert_eq!(folded(mapped), "10.0.0.1:7".parse().unwrap());
        let link: SocketAddr = SocketAddrV6::new("fe80::1".parse().unwrap(), 7, 99, 3).into();
        assert_eq!(
            folded(link),
            SocketAddrV6::new("fe80::1".parse().unwrap(), 7, 0, 3).into()
        );
    }

    #[cfg(target_os = "linux")]
    fn runs(batch: &SendBatch) -> Vec<usize> {
        let mut waiting = batch.waiting();
        let mut runs = Vec::new();
        while !waiting.is_empty() {
            runs.push(run_length(waiting));
            waiting = &waiting[runs.last().copied().unwrap()..];
        }
        runs
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_run_has_one_destination_one_length_and_one_shorter_end() {
        let (a, b) = (([10, 0, 0, 1], 9).into(), ([10, 0, 0, 2], 9).into());
        let mut batch = SendBatch::new();
        for (to, length) in [
            (a, 24),
            (a, 24),
            (a, 8),
            (a, 24),
            (b, 24),
            (b, 32),
            (b, 0),
            (b, 4),
        ] {
            assert_eq!(batch.push(to, None, &vec![0; length]), Pushed::Taken);
        }
        assert_eq!(runs(&batch), [3, 1, 1, 1, 1, 1]);
    }
}
