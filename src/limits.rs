//! Every bound of the gateway in one place, with its reason, and compile-time checks between them.

use std::time::Duration;

/// The longest packet taken: the largest multiple of four (OSC 1.0: a packet's size always is)
/// that fits in a UDP datagram over IPv4 (65,535 - 20 - 8 = 65,507).
pub const DATAGRAM_BYTES_MAX: usize = 65_504;

/// How deep bundles may lie in bundles; one that lies in no other is level 1. Show software nests
/// one or two deep; rosc 0.11.4 overflows a 2 MiB stack at some 2,000.
pub const BUNDLE_DEPTH_MAX: usize = 8;

/// How deep arrays may lie in arrays; one that lies in no other is level 1.
pub const ARRAY_DEPTH_MAX: usize = 8;

/// Messages in one packet, whatever its bundles: what a scene dump of a large desk needs, and
/// little enough that one packet cannot hold the loop up.
pub const PACKET_MESSAGES_MAX: usize = 1_024;

/// Arguments in one packet, over all its messages (array brackets are no arguments).
pub const PACKET_ARGUMENTS_MAX: usize = 4_096;

/// Bytes of an address or address pattern, without terminator.
pub const ADDRESS_BYTES_MAX: usize = 255;

/// Characters of a client's or user's name.
pub const NAME_CHARS_MAX: usize = 64;

const _: () = assert!(DATAGRAM_BYTES_MAX.is_multiple_of(4) && DATAGRAM_BYTES_MAX <= 65_507);
const _: () = assert!(ADDRESS_BYTES_MAX <= u8::MAX as usize);

/// Datagrams that may wait for one destination: two whole pattern writes of
/// [`PATTERN_MATCHES_MAX`] addresses, half a second of a busy desk.
pub const QUEUE_MESSAGES_MAX: usize = 2_048;

/// Bytes that may wait for one destination: some four packets of the largest kind.
pub const QUEUE_BYTES_MAX: usize = 256 * 1024;

/// Addresses that one pattern may write: a desk's whole channel section, and little enough that
/// one small datagram cannot become a storm.
pub const PATTERN_MATCHES_MAX: usize = 1_024;

/// Addresses that the patterns of one packet may be held against, all together, so that one small
/// datagram does not keep the others waiting. The first pattern of a packet may always be held
/// against the whole table.
pub const PATTERN_CANDIDATES_MAX: usize = 1_048_576;

/// Denials of one pattern that are answered to a client that is not configured.
pub const PATTERN_DENIALS_MAX: usize = 16;

/// Call numbers whose answers are remembered, counted down from the highest seen.
pub const CALL_MEMORY: usize = 64;

/// The longest answer that is remembered byte for byte. A longer one can only be that of a `get`
/// or `meta`, which are read again: reading twice harms nobody.
pub const CALL_ANSWER_BYTES_MAX: usize = 1_024;

/// Users that one endpoint may speak for by `/oscgate/as`.
pub const USERS_PER_CLIENT_MAX: usize = 64;

/// Source ports remembered for one client that is known by its IP, beside those that follow
/// something: a one-shot tool uses a new one for every message.
pub const SOURCES_PER_CLIENT_MAX: usize = 64;

/// Ended locks whose memory is kept for the next ones: as many as one client may hold by default,
/// in some 130 KiB.
pub const SPARE_LOCKS_MAX: usize = 1_024;

/// Streams of denied writes that are watched at one time; the oldest ends early beyond that.
pub const DENIAL_STREAMS_MAX: usize = 8_192;

/// `sync` requests that may wait for one destination.
pub const SYNCS_PER_DESTINATION_MAX: usize = 8;

/// Values sent to one destination by a `sync` every [`SYNC_INTERVAL`]: 3,200 a second, in bursts
/// that the default receive buffer of a small device (some 256 fader messages) takes.
pub const SYNC_BURST: usize = 32;

/// The pace of a `sync`.
pub const SYNC_INTERVAL: Duration = Duration::from_millis(10);

/// Addresses that a `sync` looks at in one step, so that a pattern that matches little does not
/// hold the loop up.
pub const SYNC_CANDIDATES_MAX: usize = 4_096;

/// Values sent to one destination that are remembered to recognise a reflection; beyond that the
/// oldest are forgotten before their time. 16,000 values a second for 250 ms.
pub const SENT_MEMORY_MAX: usize = 4_096;

/// How long the holder of a name must have been unheard before a restarted app on the same
/// machine may have the name back.
pub const NAME_TAKEOVER: Duration = Duration::from_secs(3);

/// How often `/oscgate/status/heartbeat` is sent to those who follow it.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);

/// How often one IP is told that there is no room for it.
pub const NO_ROOM_INTERVAL: Duration = Duration::from_secs(1);

/// Bundles of one client that may wait for their time tag.
pub const SCHEDULED_PER_CLIENT_MAX: usize = 256;

/// Bytes of one client's bundles that may wait: 4 KiB for each of them.
pub const SCHEDULED_PER_CLIENT_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of all bundles that may wait, whatever the number of clients.
pub const SCHEDULED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How long after a stall of its own the gateway handles what waits in its sockets before anything
/// ends by time.
pub const CATCH_UP_MAX: Duration = Duration::from_secs(1);

/// Changes kept for the observers between two turns of the loop; more are counted, not kept.
pub const CHANGES_MAX: usize = 4_096;

/// Captures of one line of a mapping: strip, send, bank, user and as many again.
pub const MAPPING_CAPTURES_MAX: usize = 8;

/// Values of one capture: more than any console has strips, and small enough to be written out.
pub const MAPPING_VALUES_MAX: usize = 10_000;

/// Addresses of one mapping, native and canonical together, each written out when the file is
/// read: some 20 MiB. An X32 has about 15,000 parameters.
pub const MAPPING_ADDRESSES_MAX: usize = 200_000;

/// Banks of one mapping: a page, a layer, a bank of faders, a submix.
pub const MAPPING_BANKS_MAX: usize = 8;

/// Files that one mapping file may lead to by `include`.
pub const MAPPING_INCLUDES_MAX: usize = 8;

/// Lines of a mapping, and choices of one line, that may stand behind one address.
pub const MAPPING_CROWD_MAX: usize = 1_024;

/// Controls that one endpoint may tell of as touched at one time: two hands of ten fingers on each
/// of six layers.
pub const FINGERS_PER_DESTINATION_MAX: usize = 128;

/// A finger of which nothing was heard for so long is gone: the datagram that said so was lost, and
/// its control shall not show an old value for the rest of the show.
pub const FINGER_LONGEST: Duration = Duration::from_secs(600);

/// Native messages that no line speaks of, kept by address for each client to be listed.
pub const UNMAPPED_LISTED_MAX: usize = 64;

/// Type tags that are listed of one of them: what it begins with says what it is.
pub const UNMAPPED_TAGS_MAX: usize = 32;

/// HTTP connections at one time, WebSockets among them: a phone in every hand of a large show, each
/// with a few that its browser keeps open.
pub const HTTP_CONNECTIONS_MAX: usize = 2_048;

/// What may wait for the loop of all WebSockets together, 16 MiB if each is as long as can be;
/// beyond that they are not read.
pub const ARRIVALS_MAX: usize = 256;

/// Bytes that are on their way out over one WebSocket before its destination's queue has to wait.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

// Every answer but that of a reading is remembered: the longest names a user behind a client.
const _: () = assert!(CALL_ANSWER_BYTES_MAX >= 2 * 4 * NAME_CHARS_MAX + 256);
const _: () = assert!(QUEUE_BYTES_MAX >= 2 * DATAGRAM_BYTES_MAX);
const _: () = assert!(QUEUE_MESSAGES_MAX >= PATTERN_MATCHES_MAX + PATTERN_DENIALS_MAX);
const _: () = assert!(PATTERN_MATCHES_MAX <= PATTERN_CANDIDATES_MAX);
