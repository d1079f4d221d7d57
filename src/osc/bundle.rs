//! A bundle as it is framed: its time tag and its elements, one level at a time.

use super::elements::{BUNDLE_HEAD_BYTES, BUNDLE_TAG, Elements};
use super::view::{MessageView, Messages};

/// One element of a packet that was checked whole.
#[derive(Clone, Copy, Debug)]
pub enum ElementView<'a> {
    /// A message.
    Message(MessageView<'a>),
    /// A bundle; [`BUNDLE_DEPTH_MAX`](crate::limits::BUNDLE_DEPTH_MAX) bounds how deep they nest.
    Bundle(BundleView<'a>),
}

impl<'a> ElementView<'a> {
    /// `bytes` is an element of a packet that was checked.
    pub(super) fn of_checked(bytes: &'a [u8]) -> Self {
        if bytes.starts_with(BUNDLE_TAG) {
            Self::Bundle(BundleView { bytes })
        } else {
            Self::Message(MessageView::of_checked(bytes))
        }
    }
}

/// One bundle of a packet that was checked whole.
///
/// ```
/// use oscgate::osc::{ElementView, PacketView};
///
/// let packet = PacketView::parse(b"#bundle\0\0\0\0\0\0\0\0\x01\0\0\0\x08/go\0,\0\0\0").unwrap();
/// let ElementView::Bundle(bundle) = packet.root() else { panic!("it is a bundle") };
/// assert_eq!(bundle.time_tag(), 1);
/// assert_eq!(bundle.elements().count(), 1);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BundleView<'a> {
    bytes: &'a [u8],
}

impl<'a> BundleView<'a> {
    /// The whole bundle, exactly as received: a packet by itself.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// When it is to act: seconds since 1900 in the upper half, fractions in the lower; 1 means
    /// immediately.
    #[must_use]
    pub fn time_tag(&self) -> u64 {
        let tag = self.bytes[BUNDLE_TAG.len()..]
            .first_chunk()
            .expect("a bundle's head was checked");
        u64::from_be_bytes(*tag)
    }

    /// Its elements in order; what lies in an inner bundle is that bundle's.
    pub fn elements(&self) -> impl Iterator<Item = ElementView<'a>> + use<'a> {
        let mut rest = &self.bytes[BUNDLE_HEAD_BYTES..];
        std::iter::from_fn(move || {
            let (size, after) = rest.split_first_chunk::<4>()?;
            let (element, after) = after.split_at(u32::from_be_bytes(*size) as usize);
            rest = after;
            Some(ElementView::of_checked(element))
        })
    }

    /// The messages in order, whatever inner bundles they lie in.
    #[must_use]
    pub fn messages(&self) -> Messages<'a> {
        Messages::of_checked(Elements::new(self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::osc::PacketView;
    use crate::osc::samples::{bundle, int_message, raw_packets};

    fn walk(element: ElementView<'_>, messages: &mut Vec<Vec<u8>>) {
        match element {
            ElementView::Message(message) => messages.push(message.bytes().to_vec()),
            ElementView::Bundle(bundle) => bundle.elements().for_each(|e| walk(e, messages)),
        }
    }

    #[test]
    fn a_bundle_has_its_own_time_tag_and_only_its_own_elements() {
        let [a, b, c] = [b"/a", b"/b", b"/c"].map(|address| int_message(address, 1));
        let mut inner = bundle(&[b]);
        inner[8..16].copy_from_slice(&7_u64.to_be_bytes());
        let bytes = bundle(&[a, inner.clone(), c]);
        let packet = PacketView::parse(&bytes).unwrap();
        let ElementView::Bundle(outer) = packet.root() else {
            panic!("it is a bundle");
        };
        assert_eq!(outer.messages().count(), 3);
        let elements: Vec<_> = outer.elements().collect();
        assert_eq!(elements.len(), 3);
        let ElementView::Bundle(found) = elements[1] else {
            panic!("the second is a bundle");
        };
        assert_eq!((found.time_tag(), found.bytes()), (7, &inner[..]));
    }

    proptest! {
        #[test]
        fn level_by_level_and_flat_are_the_same_messages(sample in raw_packets()) {
            let packet = PacketView::parse(&sample.bytes).unwrap();
            let mut messages = Vec::new();
            walk(packet.root(), &mut messages);
            prop_assert_eq!(messages, sample.messages);
        }
    }
}
