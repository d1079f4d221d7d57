//! A datagram checked whole and read in place: nothing is copied, nothing recurses.

use super::arguments::{Arguments, split_string, split_tail};
use super::error::PacketError;
use crate::limits::{ADDRESS_BYTES_MAX, BUNDLE_DEPTH_MAX, DATAGRAM_BYTES_MAX, PACKET_MESSAGES_MAX};

/// How a bundle begins; its time tag follows.
const BUNDLE_TAG: &[u8; 8] = b"#bundle\0";

/// A bundle's tag and time tag.
const BUNDLE_HEAD_BYTES: usize = 16;

/// A datagram that is a good OSC packet from its first byte to its last.
///
/// ```
/// use oscgate::osc::{ArgumentView, PacketView};
///
/// let packet = PacketView::parse(b"/fader\0\0,i\0\0\0\0\0\x07").expect("a good packet");
/// let message = packet.messages().next().expect("one message");
/// assert_eq!(message.address(), b"/fader");
/// assert_eq!(message.arguments().next(), Some(ArgumentView::Int(7)));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PacketView<'a> {
    bytes: &'a [u8],
    messages: usize,
}

impl<'a> PacketView<'a> {
    /// Checks a datagram whole. Takes time linear in its length, and no memory.
    ///
    /// # Errors
    ///
    /// The first fault in reading order. An address that is no UTF-8 or has no leading `/` is none:
    /// see [`check_address`](super::check_address).
    pub fn parse(bytes: &'a [u8]) -> Result<Self, PacketError> {
        if bytes.is_empty() {
            return Err(PacketError::Empty);
        }
        if bytes.len() > DATAGRAM_BYTES_MAX {
            return Err(PacketError::TooLong);
        }
        if !bytes.len().is_multiple_of(4) {
            return Err(PacketError::Unaligned);
        }
        let mut elements = Elements::new(bytes);
        let mut messages = 0;
        let mut arguments = 0;
        while let Some(element) = elements.read()? {
            messages += 1;
            if messages > PACKET_MESSAGES_MAX {
                return Err(PacketError::TooManyMessages);
            }
            MessageView::read(element)?
                .arguments()
                .check(&mut arguments)?;
        }
        Ok(Self { bytes, messages })
    }

    /// The messages in order, whatever bundles they lie in.
    #[must_use]
    pub fn messages(&self) -> Messages<'a> {
        Messages {
            elements: Elements::new(self.bytes),
            left: self.messages,
        }
    }

    /// Whether the packet is a bundle, not a lone message.
    #[must_use]
    pub fn bundle(&self) -> bool {
        self.bytes.starts_with(BUNDLE_TAG)
    }

    /// Whether there is no message in it: a bundle of nothing, or of bundles of nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.messages == 0
    }
}

/// The messages of a packet in order, through nested bundles.
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    elements: Elements<'a>,
    left: usize,
}

impl<'a> Iterator for Messages<'a> {
    type Item = MessageView<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let element = self
            .elements
            .read()
            .expect("the view passed this packet whole")?;
        self.left -= 1;
        Some(MessageView::read(element).expect("the view passed each message"))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Messages<'_> {}

/// One message of a packet that was checked whole.
#[derive(Clone, Copy, Debug)]
pub struct MessageView<'a> {
    bytes: &'a [u8],
    address: &'a [u8],
    tags: &'a [u8],
    /// Where the type tag string begins; the message's end if there is none.
    tail_at: usize,
    /// Where the argument bytes begin.
    data_at: usize,
}

impl<'a> MessageView<'a> {
    /// Finds the parts of a message; its arguments are not looked at.
    fn read(bytes: &'a [u8]) -> Result<Self, PacketError> {
        let (address, tail) = split_string(bytes, PacketError::AddressUnterminated)?;
        if address.len() > ADDRESS_BYTES_MAX {
            return Err(PacketError::AddressTooLong);
        }
        let (tags, data): (&[u8], &[u8]) = if tail.is_empty() {
            (&[], &[])
        } else {
            split_tail(tail)?
        };
        Ok(Self {
            bytes,
            address,
            tags,
            tail_at: bytes.len() - tail.len(),
            data_at: bytes.len() - data.len(),
        })
    }

    /// The whole message, exactly as received.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The address without its terminator. Raw: it may be empty, no UTF-8, or lack the leading `/`.
    #[must_use]
    pub const fn address(&self) -> &'a [u8] {
        self.address
    }

    /// The type tags without comma and padding; empty if there are none.
    #[must_use]
    pub const fn tags(&self) -> &'a [u8] {
        self.tags
    }

    /// Whether there is a type tag string, be it only a comma. Old software sends none.
    #[must_use]
    pub const fn has_tag_string(&self) -> bool {
        self.tail_at < self.bytes.len()
    }

    /// The argument bytes after the type tag string.
    #[must_use]
    pub fn data(&self) -> &'a [u8] {
        &self.bytes[self.data_at..]
    }

    /// All from the comma on: the padded type tag string and the argument bytes. Empty if there is
    /// no type tag string. [`Arguments::of_tail`] reads it again.
    #[must_use]
    pub fn tail(&self) -> &'a [u8] {
        &self.bytes[self.tail_at..]
    }

    /// The arguments one after the other.
    #[must_use]
    pub fn arguments(&self) -> Arguments<'a> {
        Arguments::new(self.tags, self.data())
    }
}

/// The messages of a packet as slices, framing checked on the way: what both the check and the
/// reading afterwards go by, so that the two cannot differ.
#[derive(Clone, Debug)]
struct Elements<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where each bundle ends that is open at `at`, outermost first.
    ends: [usize; BUNDLE_DEPTH_MAX],
    depth: usize,
}

impl<'a> Elements<'a> {
    /// `bytes` is not empty and a multiple of four long.
    const fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            ends: [0; BUNDLE_DEPTH_MAX],
            depth: 0,
        }
    }

    /// The next message. Each round either reads on or closes a bundle, so it comes to an end.
    fn read(&mut self) -> Result<Option<&'a [u8]>, PacketError> {
        loop {
            let end = match self.depth {
                0 if self.at == self.bytes.len() => return Ok(None),
                0 => self.bytes.len(),
                depth if self.at == self.ends[depth - 1] => {
                    self.depth -= 1;
                    continue;
                }
                depth => self.element_end(self.ends[depth - 1])?,
            };
            let element = &self.bytes[self.at..end];
            if !element.starts_with(BUNDLE_TAG) {
                self.at = end;
                return Ok(Some(element));
            }
            if element.len() < BUNDLE_HEAD_BYTES {
                return Err(PacketError::BundleTruncated);
            }
            if self.depth == BUNDLE_DEPTH_MAX {
                return Err(PacketError::BundleTooDeep);
            }
            self.ends[self.depth] = end;
            self.depth += 1;
            self.at += BUNDLE_HEAD_BYTES;
        }
    }

    /// Reads an element's size and says where the element ends, within its bundle.
    fn element_end(&mut self, bundle_end: usize) -> Result<usize, PacketError> {
        let rest = &self.bytes[self.at..bundle_end];
        let (size, rest) = rest
            .split_first_chunk::<4>()
            .ok_or(PacketError::ElementTruncated)?;
        let size = u32::from_be_bytes(*size) as usize;
        if size == 0 || !size.is_multiple_of(4) {
            return Err(PacketError::ElementSize);
        }
        if size > rest.len() {
            return Err(PacketError::ElementTruncated);
        }
        self.at += 4;
        Ok(self.at + size)
    }
}
