//! The framing of bundles: a packet taken apart into its messages, without recursion.

use super::error::PacketError;
use crate::limits::BUNDLE_DEPTH_MAX;

/// How a bundle begins; its time tag follows.
pub(super) const BUNDLE_TAG: &[u8; 8] = b"#bundle\0";

/// A bundle's tag and time tag.
pub(super) const BUNDLE_HEAD_BYTES: usize = 16;

/// The messages of a packet as slices, framing checked on the way: what both the check and the
/// reading afterwards go by, so that the two cannot differ.
#[derive(Clone, Debug)]
pub(super) struct Elements<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where each bundle ends that is open at `at`, outermost first.
    ends: [usize; BUNDLE_DEPTH_MAX],
    depth: usize,
}

impl<'a> Elements<'a> {
    /// `bytes` is not empty and a multiple of four long.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            ends: [0; BUNDLE_DEPTH_MAX],
            depth: 0,
        }
    }

    /// The next message. Each round either reads on or closes a bundle, so it comes to an end.
    pub(super) fn read(&mut self) -> Result<Option<&'a [u8]>, PacketError> {
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

#[cfg(test)]
mod tests {
    use crate::osc::samples::{bundle, int_message};
    use crate::osc::{PacketError, PacketView};

    #[test]
    fn each_fault_of_a_bundle_has_its_cause() {
        use PacketError as E;
        let good = int_message(b"/a", 1);
        let sized = |size: u32| {
            let mut bytes = bundle(&[good.clone(), good.clone()]);
            bytes[16..20].copy_from_slice(&size.to_be_bytes());
            PacketView::parse(&bytes).unwrap_err()
        };
        assert_eq!(sized(0), E::ElementSize);
        assert_eq!(sized(11), E::ElementSize);
        assert_eq!(sized(u32::MAX), E::ElementSize);
        assert_eq!(sized(0xffff_fffc), E::ElementTruncated);
        assert_eq!(sized(32), E::ElementTruncated);
        assert_eq!(sized(8), E::ArgumentTruncated);
        assert_eq!(sized(16), E::BytesLeftOver);

        for (bytes, error) in [
            (&b"#bundle\0"[..], E::BundleTruncated),
            (b"#bundle\0\0\0\0\0", E::BundleTruncated),
            (
                b"#bundle\0\0\0\0\0\0\0\0\x01\0\0\0\x08",
                E::ElementTruncated,
            ),
            (
                b"#bundle\0\0\0\0\0\0\0\0\x01\0\0\0\x08#bundle\0",
                E::BundleTruncated,
            ),
            (b"#bundle\0\0\0\0\0\0\0\0\x01\0\0\0\0", E::ElementSize),
        ] {
            assert_eq!(PacketView::parse(bytes).unwrap_err(), error, "{bytes:?}");
        }

        // The inner bundle is whole by itself, but its element's size reaches into the outer one.
        let mut bytes = bundle(&[bundle(std::slice::from_ref(&good)), good.clone()]);
        bytes[36..40].copy_from_slice(&28_u32.to_be_bytes());
        assert_eq!(PacketView::parse(&bytes).unwrap_err(), E::ElementTruncated);

        // Cut off anywhere, a bundle is bad; rosc takes what came before the cut.
        let whole = bundle(&[good.clone(), bundle(&[good.clone(), good.clone()])]);
        let whole_parts = [16, 16 + 4 + good.len(), whole.len()];
        for length in (4..=whole.len()).step_by(4) {
            let good = PacketView::parse(&whole[..length]).is_ok();
            assert_eq!(good, whole_parts.contains(&length), "cut off at {length}");
        }
    }
}
