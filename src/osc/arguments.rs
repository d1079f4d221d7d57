//! The arguments of a message, read in place.

use super::error::PacketError;
use crate::limits::{ARRAY_DEPTH_MAX, PACKET_ARGUMENTS_MAX};

/// One argument as it stands in a message. Strings and blobs borrow from the datagram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ArgumentView<'a> {
    /// `i`: a 32-bit integer.
    Int(i32),
    /// `f`: a 32-bit float; any bit pattern, NaN and infinities included.
    Float(f32),
    /// `s`: a string without its terminator. Any bytes but zero: it may be no UTF-8.
    String(&'a [u8]),
    /// `b`: a blob, without its size and padding.
    Blob(&'a [u8]),
    /// `h`: a 64-bit integer.
    Long(i64),
    /// `t`: a time tag, seconds since 1900 in the upper half, fractions in the lower.
    Time(u64),
    /// `d`: a 64-bit float.
    Double(f64),
    /// `S`: a symbol, to be treated like a string.
    Symbol(&'a [u8]),
    /// `c`: a character, as the 32 bits that were sent: it may be no Unicode character.
    Char(u32),
    /// `r`: a colour, red in the top byte, then green, blue and alpha.
    Color(u32),
    /// `m`: a MIDI message: port, status, first and second data byte.
    Midi([u8; 4]),
    /// `T`.
    True,
    /// `F`.
    False,
    /// `N`.
    Nil,
    /// `I`.
    Infinitum,
    /// `[`: what follows, up to its [`ArgumentView::ArrayEnd`], is one array.
    ArrayBegin,
    /// `]`.
    ArrayEnd,
}

impl ArgumentView<'_> {
    /// Its type tag.
    #[must_use]
    pub const fn tag(&self) -> u8 {
        match self {
            Self::Int(_) => b'i',
            Self::Float(_) => b'f',
            Self::String(_) => b's',
            Self::Blob(_) => b'b',
            Self::Long(_) => b'h',
            Self::Time(_) => b't',
            Self::Double(_) => b'd',
            Self::Symbol(_) => b'S',
            Self::Char(_) => b'c',
            Self::Color(_) => b'r',
            Self::Midi(_) => b'm',
            Self::True => b'T',
            Self::False => b'F',
            Self::Nil => b'N',
            Self::Infinitum => b'I',
            Self::ArrayBegin => b'[',
            Self::ArrayEnd => b']',
        }
    }
}

/// The arguments of a message one after the other; arrays are told by their brackets.
///
/// Holds only what a [`PacketView`](super::PacketView) has passed, so it never meets a fault.
#[derive(Clone, Copy, Debug)]
pub struct Arguments<'a> {
    tags: &'a [u8],
    data: &'a [u8],
}

impl<'a> Arguments<'a> {
    /// No arguments.
    pub const NONE: Self = Self::new(&[], &[]);

    /// The arguments of a stored [`tail`](super::MessageView::tail); none if the tail is empty.
    ///
    /// # Panics
    ///
    /// If the tail is not one that a view passed earlier.
    #[must_use]
    pub fn of_tail(tail: &'a [u8]) -> Self {
        if tail.is_empty() {
            return Self {
                tags: &[],
                data: &[],
            };
        }
        let (tags, data) = split_tail(tail).expect("a view passed this tail");
        Self { tags, data }
    }

    pub(super) const fn new(tags: &'a [u8], data: &'a [u8]) -> Self {
        Self { tags, data }
    }

    /// The type tags that are not consumed yet, without comma.
    #[must_use]
    pub const fn tags(&self) -> &'a [u8] {
        self.tags
    }

    /// The argument bytes that are not consumed yet.
    #[must_use]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// Checks all of them, and adds their number to `count`, which runs over the whole packet.
    pub(super) fn check(mut self, count: &mut usize) -> Result<(), PacketError> {
        let mut depth = 0;
        while let Some(argument) = self.read()? {
            match argument {
                ArgumentView::ArrayBegin => {
                    depth += 1;
                    if depth > ARRAY_DEPTH_MAX {
                        return Err(PacketError::ArrayTooDeep);
                    }
                }
                ArgumentView::ArrayEnd => {
                    if depth == 0 {
                        return Err(PacketError::ArrayUnbalanced);
                    }
                    depth -= 1;
                }
                ArgumentView::Int(_)
                | ArgumentView::Float(_)
                | ArgumentView::String(_)
                | ArgumentView::Blob(_)
                | ArgumentView::Long(_)
                | ArgumentView::Time(_)
                | ArgumentView::Double(_)
                | ArgumentView::Symbol(_)
                | ArgumentView::Char(_)
                | ArgumentView::Color(_)
                | ArgumentView::Midi(_)
                | ArgumentView::True
                | ArgumentView::False
                | ArgumentView::Nil
                | ArgumentView::Infinitum => {
                    *count += 1;
                    if *count > PACKET_ARGUMENTS_MAX {
                        return Err(PacketError::TooManyArguments);
                    }
                }
            }
        }
        if depth > 0 {
            return Err(PacketError::ArrayUnbalanced);
        }
        if !self.data.is_empty() {
            return Err(PacketError::BytesLeftOver);
        }
        Ok(())
    }

    fn read(&mut self) -> Result<Option<ArgumentView<'a>>, PacketError> {
        let Some((&tag, tags)) = self.tags.split_first() else {
            return Ok(None);
        };
        let argument = match tag {
            b'i' => ArgumentView::Int(i32::from_be_bytes(self.fixed()?)),
            b'f' => ArgumentView::Float(f32::from_be_bytes(self.fixed()?)),
            b's' => ArgumentView::String(self.string()?),
            b'b' => ArgumentView::Blob(self.blob()?),
            b'h' => ArgumentView::Long(i64::from_be_bytes(self.fixed()?)),
            b't' => ArgumentView::Time(u64::from_be_bytes(self.fixed()?)),
            b'd' => ArgumentView::Double(f64::from_be_bytes(self.fixed()?)),
            b'S' => ArgumentView::Symbol(self.string()?),
            b'c' => ArgumentView::Char(u32::from_be_bytes(self.fixed()?)),
            b'r' => ArgumentView::Color(u32::from_be_bytes(self.fixed()?)),
            b'm' => ArgumentView::Midi(self.fixed()?),
            b'T' => ArgumentView::True,
            b'F' => ArgumentView::False,
            b'N' => ArgumentView::Nil,
            b'I' => ArgumentView::Infinitum,
            b'[' => ArgumentView::ArrayBegin,
            b']' => ArgumentView::ArrayEnd,
            _ => return Err(PacketError::UnknownTag),
        };
        self.tags = tags;
        Ok(Some(argument))
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], PacketError> {
        let (bytes, rest) = self
            .data
            .split_first_chunk::<N>()
            .ok_or(PacketError::ArgumentTruncated)?;
        self.data = rest;
        Ok(*bytes)
    }

    fn string(&mut self) -> Result<&'a [u8], PacketError> {
        let (text, rest) = split_string(self.data, PacketError::StringUnterminated)?;
        self.data = rest;
        Ok(text)
    }

    fn blob(&mut self) -> Result<&'a [u8], PacketError> {
        let size = i32::from_be_bytes(self.fixed()?);
        let size = usize::try_from(size).map_err(|_| PacketError::BlobSizeNegative)?;
        if size > self.data.len() {
            return Err(PacketError::BlobTruncated);
        }
        let (padded, rest) = self
            .data
            .split_at_checked(size.next_multiple_of(4))
            .ok_or(PacketError::BlobTruncated)?;
        let (blob, padding) = padded.split_at(size);
        if padding.iter().any(|&byte| byte != 0) {
            return Err(PacketError::PaddingNotZero);
        }
        self.data = rest;
        Ok(blob)
    }
}

impl<'a> Iterator for Arguments<'a> {
    type Item = ArgumentView<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().expect("a view passed these arguments whole")
    }
}

/// Splits a tail, which is not empty, into its type tags and the argument bytes.
pub(super) fn split_tail(tail: &[u8]) -> Result<(&[u8], &[u8]), PacketError> {
    if tail.first() != Some(&b',') {
        return Err(PacketError::NoComma);
    }
    let (tags, data) = split_string(tail, PacketError::TagsUnterminated)?;
    Ok((&tags[1..], data))
}

/// Splits off a string that is padded to a multiple of four: the text without its terminator, and
/// what follows. `bytes` begins at a multiple of four.
pub(super) fn split_string(
    bytes: &[u8],
    unterminated: PacketError,
) -> Result<(&[u8], &[u8]), PacketError> {
    // A terminator is followed by nothing but zeros up to the next multiple of four, so it is
    // enough to look at words, and at single bytes in the last one alone.
    let (words, _) = bytes.as_chunks::<4>();
    let before = words
        .iter()
        .position(|word| has_zero_byte(u32::from_be_bytes(*word)))
        .ok_or(unterminated)?;
    let last = words[before];
    let length = last.iter().take_while(|&&byte| byte != 0).count();
    if last[length..].iter().any(|&byte| byte != 0) {
        return Err(PacketError::PaddingNotZero);
    }
    Ok((&bytes[..before * 4 + length], &bytes[before * 4 + 4..]))
}

const fn has_zero_byte(word: u32) -> bool {
    word.wrapping_sub(0x0101_0101) & !word & 0x8080_8080 != 0
}
