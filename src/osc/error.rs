//! Why a packet is bad: one cause for each thing a technician would want told apart.

/// Why a datagram is no good OSC packet.
///
/// A bad packet is dropped whole; the cause is what is counted and logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PacketError {
    /// There are no bytes at all. Some programs send these on purpose, so it is told apart.
    #[error("the packet is empty")]
    Empty,
    /// Longer than [`DATAGRAM_BYTES_MAX`](crate::limits::DATAGRAM_BYTES_MAX).
    #[error("the packet is too long")]
    TooLong,
    /// The length is no multiple of four: cut off, or not OSC.
    #[error("the packet's length is not a multiple of 4")]
    Unaligned,
    /// A bundle ends before its time tag does.
    #[error("a bundle has no whole time tag")]
    BundleTruncated,
    /// Bundles lie in bundles deeper than [`BUNDLE_DEPTH_MAX`](crate::limits::BUNDLE_DEPTH_MAX).
    #[error("bundles are nested too deep")]
    BundleTooDeep,
    /// A bundle element's size is zero or no multiple of four.
    #[error("a bundle element's size is zero or not a multiple of 4")]
    ElementSize,
    /// A bundle element claims more bytes than its bundle has left: cut off, or the size lies.
    #[error("a bundle element is longer than what is left of its bundle")]
    ElementTruncated,
    /// More messages than [`PACKET_MESSAGES_MAX`](crate::limits::PACKET_MESSAGES_MAX).
    #[error("the packet has too many messages")]
    TooManyMessages,
    /// An address does not end within its message.
    #[error("an address is not terminated")]
    AddressUnterminated,
    /// An address is longer than [`ADDRESS_BYTES_MAX`](crate::limits::ADDRESS_BYTES_MAX).
    #[error("an address is too long")]
    AddressTooLong,
    /// What follows the address does not begin with a comma.
    #[error("what follows an address is no type tag string: it does not begin with a comma")]
    NoComma,
    /// A type tag string does not end within its message.
    #[error("a type tag string is not terminated")]
    TagsUnterminated,
    /// A type tag that is none of `i f s b h t d S c r m T F N I [ ]`.
    #[error("a type tag is unknown")]
    UnknownTag,
    /// An array is closed that was not opened, or opened and never closed.
    #[error("the brackets of an array are not balanced")]
    ArrayUnbalanced,
    /// Arrays lie in arrays deeper than [`ARRAY_DEPTH_MAX`](crate::limits::ARRAY_DEPTH_MAX).
    #[error("arrays are nested too deep")]
    ArrayTooDeep,
    /// More arguments than [`PACKET_ARGUMENTS_MAX`](crate::limits::PACKET_ARGUMENTS_MAX).
    #[error("the packet has too many arguments")]
    TooManyArguments,
    /// The message ends before an argument of fixed size does.
    #[error("an argument is cut off")]
    ArgumentTruncated,
    /// A string argument does not end within its message.
    #[error("a string is not terminated")]
    StringUnterminated,
    /// A blob's size is negative.
    #[error("a blob's size is negative")]
    BlobSizeNegative,
    /// A blob claims more bytes than its message has left.
    #[error("a blob is longer than what is left of its message")]
    BlobTruncated,
    /// The bytes that fill a string or blob up to four are not all zero.
    #[error("padding is not zero")]
    PaddingNotZero,
    /// A message has more bytes than its type tags speak of.
    #[error("bytes are left over after the last argument")]
    BytesLeftOver,
}

impl PacketError {
    /// Every cause once, in the order of [`PacketError::index`].
    pub const ALL: [Self; 22] = [
        Self::Empty,
        Self::TooLong,
        Self::Unaligned,
        Self::BundleTruncated,
        Self::BundleTooDeep,
        Self::ElementSize,
        Self::ElementTruncated,
        Self::TooManyMessages,
        Self::AddressUnterminated,
        Self::AddressTooLong,
        Self::NoComma,
        Self::TagsUnterminated,
        Self::UnknownTag,
        Self::ArrayUnbalanced,
        Self::ArrayTooDeep,
        Self::TooManyArguments,
        Self::ArgumentTruncated,
        Self::StringUnterminated,
        Self::BlobSizeNegative,
        Self::BlobTruncated,
        Self::PaddingNotZero,
        Self::BytesLeftOver,
    ];

    /// The place of this cause in [`PacketError::ALL`], for a table of counters.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// A short name for counters and logs.
    #[must_use]
    pub const fn cause(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Unaligned => "unaligned",
            Self::BundleTruncated => "bundle_truncated",
            Self::BundleTooDeep => "bundle_too_deep",
            Self::ElementSize => "element_size",
            Self::ElementTruncated => "element_truncated",
            Self::TooManyMessages => "too_many_messages",
            Self::AddressUnterminated => "address_unterminated",
            Self::AddressTooLong => "address_too_long",
            Self::NoComma => "no_comma",
            Self::TagsUnterminated => "tags_unterminated",
            Self::UnknownTag => "unknown_tag",
            Self::ArrayUnbalanced => "array_unbalanced",
            Self::ArrayTooDeep => "array_too_deep",
            Self::TooManyArguments => "too_many_arguments",
            Self::ArgumentTruncated => "argument_truncated",
            Self::StringUnterminated => "string_unterminated",
            Self::BlobSizeNegative => "blob_size_negative",
            Self::BlobTruncated => "blob_truncated",
            Self::PaddingNotZero => "padding_not_zero",
            Self::BytesLeftOver => "bytes_left_over",
        }
    }
}

const _: () = assert!(PacketError::BytesLeftOver.index() + 1 == PacketError::ALL.len());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_stands_at_its_own_index_under_its_own_name() {
        for (index, error) in PacketError::ALL.into_iter().enumerate() {
            assert_eq!(error.index(), index);
        }
        let mut causes = PacketError::ALL.map(PacketError::cause).to_vec();
        assert!(
            causes
                .iter()
                .all(|cause| cause.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        );
        causes.sort_unstable();
        causes.dedup();
        assert_eq!(causes.len(), PacketError::ALL.len());
    }
}
