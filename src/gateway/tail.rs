//! A stored value: the bytes behind the address of the message that set it.

/// How many bytes are kept in place: a type tag string of up to three tags with two or three
/// 32-bit arguments, which is nearly every control there is.
const INLINE: usize = 22;

/// A message from its comma on: padded type tag string and argument bytes, as they go out again.
///
/// Empty: no value. A fader's value lies in the table itself; a longer one in a buffer that is
/// used again when it is written again.
#[derive(Clone, Debug)]
pub(super) enum Tail {
    /// Short ones.
    Inline {
        /// How many of `bytes` count.
        length: u8,
        /// The bytes, zeros behind.
        bytes: [u8; INLINE],
    },
    /// Longer ones, and those that once were longer.
    #[allow(
        clippy::box_collection,
        reason = "a Vec in place would make every entry longer"
    )]
    Heap(Box<Vec<u8>>),
}

impl Tail {
    /// No value.
    pub(super) const EMPTY: Self = Self::Inline {
        length: 0,
        bytes: [0; INLINE],
    };

    /// The bytes.
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Inline { length, bytes } => &bytes[..usize::from(*length)],
            Self::Heap(bytes) => bytes,
        }
    }

    /// Whether there is no value.
    pub(super) fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }

    /// Replaces the bytes.
    pub(super) fn set(&mut self, new: &[u8]) {
        if let Self::Heap(bytes) = self {
            // A buffer that once held a picture is not kept for a fader.
            if bytes.capacity() <= 4 * new.len().max(64) {
                bytes.clear();
                bytes.extend_from_slice(new);
                return;
            }
        }
        *self = if new.len() <= INLINE {
            let mut bytes = [0; INLINE];
            bytes[..new.len()].copy_from_slice(new);
            Self::Inline {
                length: u8::try_from(new.len()).expect("INLINE fits a byte"),
                bytes,
            }
        } else {
            Self::Heap(Box::new(new.to_vec()))
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_length_comes_back_as_it_was_set() {
        let mut tail = Tail::EMPTY;
        assert!(tail.is_empty());
        for length in [0, 4, 22, 23, 24, 4_000, 8, 0, 65_000, 4] {
            let bytes: Vec<u8> = (0..length)
                .map(|n| u8::try_from(n % 251).unwrap())
                .collect();
            tail.set(&bytes);
            assert_eq!(tail.as_bytes(), bytes);
        }
    }

    #[test]
    fn a_fader_is_kept_in_place() {
        assert!(size_of::<Tail>() <= 24);
        let mut tail = Tail::EMPTY;
        tail.set(b",f\0\0\0\0\0\0");
        assert!(matches!(tail, Tail::Inline { .. }));
    }
}
