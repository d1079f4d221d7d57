//! A datagram checked whole and read in place: nothing is copied, nothing recurses.

use super::arguments::{Arguments, split_string, split_tail};
use super::bundle::ElementView;
use super::elements::Elements;
use super::error::PacketError;
use crate::limits::{ADDRESS_BYTES_MAX, DATAGRAM_BYTES_MAX, PACKET_MESSAGES_MAX};

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
    is_empty: bool,
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
        let is_empty = messages == 0;
        Ok(Self { bytes, is_empty })
    }

    /// The message or the bundle that the packet is.
    #[must_use]
    pub fn root(&self) -> ElementView<'a> {
        ElementView::of_checked(self.bytes)
    }

    /// The messages in order, whatever bundles they lie in.
    #[must_use]
    pub fn messages(&self) -> Messages<'a> {
        Messages::of_checked(Elements::new(self.bytes))
    }

    /// Whether there is no message in it: a bundle of nothing, or of bundles of nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.is_empty
    }
}

/// The messages of a packet in order, through nested bundles.
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    elements: Elements<'a>,
}

impl<'a> Messages<'a> {
    /// `elements` are those of a packet that was checked.
    pub(super) const fn of_checked(elements: Elements<'a>) -> Self {
        Self { elements }
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = MessageView<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let element = self
            .elements
            .read()
            .expect("the view passed this packet whole")?;
        Some(MessageView::of_checked(element))
    }
}

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

    /// The same of a message that was checked.
    pub(super) fn of_checked(bytes: &'a [u8]) -> Self {
        Self::read(bytes).expect("the view passed each message")
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rosc::OscPacket;

    use super::*;
    use crate::limits::{ARRAY_DEPTH_MAX, BUNDLE_DEPTH_MAX, PACKET_ARGUMENTS_MAX};
    use crate::osc::ArgumentView;
    use crate::osc::samples::{bundle, int_message, message, raw_packets, rosc_packets, string};

    #[test]
    fn a_message_is_read_in_its_parts() {
        let bytes = message(b"/a/b", b",si", b"xyz\0\0\0\0\x05");
        let packet = PacketView::parse(&bytes).unwrap();
        assert!(!packet.is_empty());
        let view = packet.messages().next().unwrap();
        assert_eq!(view.bytes(), bytes);
        assert_eq!(view.address(), b"/a/b");
        assert_eq!(view.tags(), b"si");
        assert!(view.has_tag_string());
        assert_eq!(view.data(), b"xyz\0\0\0\0\x05");
        assert_eq!(view.tail(), b",si\0xyz\0\0\0\0\x05");
        let read: Vec<_> = view.arguments().collect();
        assert_eq!(read, [ArgumentView::String(b"xyz"), ArgumentView::Int(5)]);
        assert_eq!(Arguments::of_tail(view.tail()).collect::<Vec<_>>(), read);
    }

    #[test]
    fn a_message_without_type_tag_string_is_good_and_has_no_arguments() {
        for (bytes, tag_string) in [(&b"/xremote\0\0\0\0"[..], false), (b"/go\0,\0\0\0", true)] {
            let view = PacketView::parse(bytes).unwrap().messages().next().unwrap();
            assert_eq!(view.has_tag_string(), tag_string);
            assert_eq!(view.arguments().count(), 0);
            assert_eq!(view.tail().is_empty(), !tag_string);
            assert_eq!(Arguments::of_tail(view.tail()).count(), 0);
        }
    }

    #[test]
    fn an_odd_address_is_no_fault_of_the_packet() {
        for address in [
            &b""[..],
            b"node",
            b"\xff\xfe",
            b"/a\n",
            b"#bundles",
            b"#bundl",
        ] {
            let bytes = message(address, b",i", &[0; 4]);
            let view = PacketView::parse(&bytes)
                .unwrap()
                .messages()
                .next()
                .unwrap();
            assert_eq!(view.address(), address);
            assert_eq!(view.tags(), b"i");
        }
        assert_eq!(PacketView::parse(&[0; 4]).unwrap().messages().count(), 1);
    }

    #[test]
    fn messages_come_in_order_through_nested_bundles() {
        let [a, b, c, d] = [b"/a", b"/b", b"/c", b"/d"].map(|address| int_message(address, 1));
        let bytes = bundle(&[a, bundle(&[]), bundle(&[b, bundle(&[c])]), d]);
        let packet = PacketView::parse(&bytes).unwrap();
        assert!(!packet.is_empty());
        assert_eq!(packet.messages().count(), 4);
        let read: Vec<_> = packet.messages().map(|message| message.address()).collect();
        assert_eq!(read, [b"/a", b"/b", b"/c", b"/d"]);
    }

    #[test]
    fn a_bundle_of_nothing_is_good_and_empty() {
        for bytes in [bundle(&[]), bundle(&[bundle(&[]), bundle(&[])])] {
            let packet = PacketView::parse(&bytes).unwrap();
            assert!(packet.is_empty());
            assert_eq!(packet.messages().count(), 0);
        }
    }

    #[test]
    fn each_fault_of_a_message_has_its_cause() {
        use PacketError as E;
        let long = |length: usize| message(&[b'a'; 300][..length], b",", b"");
        for (bytes, error) in [
            (Vec::new(), E::Empty),
            (b"/a\0".to_vec(), E::Unaligned),
            (b"/abc".to_vec(), E::AddressUnterminated),
            (b"/a\0x".to_vec(), E::PaddingNotZero),
            (long(256), E::AddressTooLong),
            (message(b"/a", b"i", &[0; 4]), E::NoComma),
            (message(b"/a", b"", b""), E::NoComma),
            (b"/a\0\0,iii".to_vec(), E::TagsUnterminated),
            (b"/a\0\0,\0i\0".to_vec(), E::PaddingNotZero),
            (message(b"/a", b",x", &[0; 4]), E::UnknownTag),
            (message(b"/a", b",i,", &[0; 8]), E::UnknownTag),
            (message(b"/a", b",i\xff", &[0; 8]), E::UnknownTag),
            (message(b"/a", b",i[f", &[0; 8]), E::ArrayUnbalanced),
            (message(b"/a", b",i]", &[0; 4]), E::ArrayUnbalanced),
            (message(b"/a", b",][", b""), E::ArrayUnbalanced),
            (message(b"/a", b",i", b""), E::ArgumentTruncated),
            (message(b"/a", b",h", &[0; 4]), E::ArgumentTruncated),
            (message(b"/a", b",b", b""), E::ArgumentTruncated),
            (message(b"/a", b",s", b"abcd"), E::StringUnterminated),
            (message(b"/a", b",s", b""), E::StringUnterminated),
            (message(b"/a", b",s", b"a\0b\0"), E::PaddingNotZero),
            (
                message(b"/a", b",b", b"\xff\xff\xff\xffabcd"),
                E::BlobSizeNegative,
            ),
            (message(b"/a", b",b", b"\x80\0\0\0"), E::BlobSizeNegative),
            (message(b"/a", b",b", b"\x7f\xff\xff\xff"), E::BlobTruncated),
            (message(b"/a", b",b", b"\0\0\0\x05abcd"), E::BlobTruncated),
            (message(b"/a", b",b", b"\0\0\0\x03abcd"), E::PaddingNotZero),
            (message(b"/a", b",i", &[0; 8]), E::BytesLeftOver),
            (message(b"/a", b",", &[0; 4]), E::BytesLeftOver),
        ] {
            assert_eq!(PacketView::parse(&bytes).unwrap_err(), error, "{bytes:?}");
            // In a bundle the rest of the packet does not make up for it. Only an element that is
            // no multiple of four is a fault of the bundle.
            if !bytes.is_empty() && error != E::Unaligned {
                let good = int_message(b"/good", 1);
                let bytes = bundle(&[good.clone(), bytes, good]);
                assert_eq!(PacketView::parse(&bytes).unwrap_err(), error, "{bytes:?}");
            }
        }
        assert!(PacketView::parse(&long(ADDRESS_BYTES_MAX)).is_ok());
    }

    #[test]
    fn nesting_is_counted_from_one_and_ends_at_its_bound() {
        let nested =
            |levels: usize| (0..levels).fold(int_message(b"/a", 1), |inner, _| bundle(&[inner]));
        assert!(PacketView::parse(&nested(BUNDLE_DEPTH_MAX)).is_ok());
        for levels in [BUNDLE_DEPTH_MAX + 1, 2_000, 3_000] {
            let error = PacketView::parse(&nested(levels)).unwrap_err();
            assert_eq!(error, PacketError::BundleTooDeep);
        }
        let arrays = |levels: usize| {
            let tags = [b",", &b"[".repeat(levels)[..], &b"]".repeat(levels)].concat();
            message(b"/a", &tags, b"")
        };
        assert!(PacketView::parse(&arrays(ARRAY_DEPTH_MAX)).is_ok());
        for levels in [ARRAY_DEPTH_MAX + 1, 30_000] {
            let error = PacketView::parse(&arrays(levels)).unwrap_err();
            assert_eq!(error, PacketError::ArrayTooDeep);
        }
        // The two are counted apart.
        let both = (0..BUNDLE_DEPTH_MAX).fold(arrays(ARRAY_DEPTH_MAX), |inner, _| bundle(&[inner]));
        assert!(PacketView::parse(&both).is_ok());
        let open = message(b"/a", &[b",", &b"[".repeat(60_000)[..]].concat(), b"");
        assert_eq!(
            PacketView::parse(&open).unwrap_err(),
            PacketError::ArrayTooDeep
        );
    }

    #[test]
    fn messages_and_arguments_are_counted_over_the_whole_packet() {
        let messages = |count: usize| bundle(&[bundle(&vec![string(b"/a"); count]), string(b"/b")]);
        assert!(PacketView::parse(&messages(PACKET_MESSAGES_MAX - 1)).is_ok());
        let error = PacketView::parse(&messages(PACKET_MESSAGES_MAX)).unwrap_err();
        assert_eq!(error, PacketError::TooManyMessages);

        let arguments = |count: usize| {
            let tags = [b",[", &b"T".repeat(count - 1)[..], b"][][]"].concat();
            bundle(&[message(b"/a", &tags, b""), message(b"/b", b",N", b"")])
        };
        assert!(PacketView::parse(&arguments(PACKET_ARGUMENTS_MAX)).is_ok());
        let error = PacketView::parse(&arguments(PACKET_ARGUMENTS_MAX + 1)).unwrap_err();
        assert_eq!(error, PacketError::TooManyArguments);
    }

    #[test]
    fn a_datagram_is_as_long_as_udp_carries() {
        let blob = |bytes: usize| {
            let size = u32::try_from(bytes - 12).unwrap().to_be_bytes();
            message(b"/a", b",b", &[&size[..], &vec![7; bytes - 12]].concat())
        };
        assert_eq!(blob(DATAGRAM_BYTES_MAX).len(), DATAGRAM_BYTES_MAX);
        assert!(PacketView::parse(&blob(DATAGRAM_BYTES_MAX)).is_ok());
        let error = PacketView::parse(&blob(DATAGRAM_BYTES_MAX + 4)).unwrap_err();
        assert_eq!(error, PacketError::TooLong);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(sample in raw_packets()) {
            let packet = PacketView::parse(&sample.bytes).unwrap();
            let read: Vec<_> = packet.messages().map(|view| view.bytes().to_vec()).collect();
            prop_assert_eq!(packet.is_empty(), read.is_empty());
            prop_assert_eq!(read, sample.messages);
            look_at_everything(packet);
        }

        #[test]
        fn the_view_and_rosc_see_the_same_messages(sample in rosc_packets()) {
            let packet = PacketView::parse(&sample.bytes).unwrap();
            let (rest, theirs) = rosc::decoder::decode_udp(&sample.bytes).unwrap();
            prop_assert!(rest.is_empty());
            prop_assert_eq!(&rosc::encoder::encode(&theirs).unwrap(), &sample.bytes);
            let theirs: Vec<_> = flatten(theirs)
                .into_iter()
                .map(|packet| rosc::encoder::encode(&packet).unwrap())
                .collect();
            let ours: Vec<_> = packet.messages().map(|view| view.bytes().to_vec()).collect();
            prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn a_damaged_packet_is_refused_or_read_but_never_a_panic(
            sample in raw_packets(),
            edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let mut bytes = sample.bytes;
            for (index, byte) in edits {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Ok(packet) = PacketView::parse(&bytes) {
                look_at_everything(packet);
                prop_assert!(crate::osc::decode_packet(&bytes).is_ok());
            }
        }

        #[test]
        fn noise_is_no_panic(bytes in proptest::collection::vec(
            prop_oneof![3 => Just(0_u8), 2 => prop::sample::select(b",/[]ifsbT#".to_vec()), 1 => any::<u8>()],
            0..64,
        )) {
            for start in 0..bytes.len().min(4) {
                if let Ok(packet) = PacketView::parse(&bytes[start..]) {
                    look_at_everything(packet);
                }
            }
        }
    }

    /// Calls all there is, and checks what must hold between the parts.
    fn look_at_everything(packet: PacketView<'_>) {
        for view in packet.messages() {
            assert!(view.bytes().starts_with(view.address()));
            assert!(view.bytes().ends_with(view.tail()));
            assert!(view.tail().ends_with(view.data()));
            assert_eq!(view.has_tag_string(), view.tail().first() == Some(&b','));
            assert_eq!(Arguments::of_tail(view.tail()).count(), view.tags().len());
            let mut arguments = view.arguments();
            assert_eq!(arguments.tags(), view.tags());
            assert_eq!(arguments.by_ref().count(), view.tags().len());
            assert!(arguments.tags().is_empty() && arguments.data().is_empty());
        }
    }

    fn flatten(packet: OscPacket) -> Vec<OscPacket> {
        match packet {
            OscPacket::Message(_) => vec![packet],
            OscPacket::Bundle(bundle) => bundle.content.into_iter().flat_map(flatten).collect(),
        }
    }
}
