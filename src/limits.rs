//! Every bound of the gateway in one place, with its reason, and compile-time checks between them.

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
