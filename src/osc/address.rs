//! Addresses: texts checked once.

use std::fmt;
use std::str::FromStr;

use crate::limits::ADDRESS_BYTES_MAX;

/// The address as text, if it is one that the gateway takes, plain or with pattern characters:
/// it begins with `/`, is UTF-8, holds no control characters and has at most
/// [`ADDRESS_BYTES_MAX`] bytes.
///
/// Space, `#` and `,` are taken although OSC 1.0 forbids them: real software sends them.
#[must_use]
pub fn check_address(bytes: &[u8]) -> Option<&str> {
    if bytes.first() != Some(&b'/') || bytes.len() > ADDRESS_BYTES_MAX {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    // Nearly every address is ASCII, and for that one look at each byte is enough.
    let plain = bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
    (plain || !text.chars().any(char::is_control)).then_some(text)
}

/// Whether the address has pattern characters: any of `? * [ ] { }`, or `//`.
#[must_use]
pub fn is_pattern(address: &str) -> bool {
    pattern_at(address).is_some()
}

/// Where the first pattern character stands (of `//`, the second slash), if there is one.
pub(super) fn pattern_at(address: &str) -> Option<usize> {
    let mut before = 0;
    for (at, &byte) in address.as_bytes().iter().enumerate() {
        if is_pattern_byte(byte) || (byte == b'/' && before == b'/') {
            return Some(at);
        }
        before = byte;
    }
    None
}

/// Whether this one byte makes an address a pattern.
pub(super) const fn is_pattern_byte(byte: u8) -> bool {
    matches!(byte, b'?' | b'*' | b'[' | b']' | b'{' | b'}')
}

/// A plain address: checked, and without pattern characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Address(Box<str>);

impl Address {
    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if !text.starts_with('/') {
            return Err(AddressError::NoSlash);
        }
        if text.len() > ADDRESS_BYTES_MAX {
            return Err(AddressError::TooLong { bytes: text.len() });
        }
        if let Some(at) = text.find(char::is_control) {
            return Err(AddressError::Control { at });
        }
        if let Some(at) = pattern_at(text) {
            return Err(AddressError::Pattern { at });
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no plain address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It does not begin with `/`.
    #[error("an address begins with `/`")]
    NoSlash,
    /// It is longer than [`ADDRESS_BYTES_MAX`].
    #[error("an address has at most {ADDRESS_BYTES_MAX} bytes, this one has {bytes}")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// It holds a control character.
    #[error("a control character at byte {at} of the address")]
    Control {
        /// Where, in bytes from its beginning.
        at: usize,
    },
    /// It holds a pattern character where one plain address is wanted.
    #[error("a pattern character at byte {at}, where one plain address is wanted")]
    Pattern {
        /// Where, in bytes from its beginning.
        at: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_real_software_sends_is_an_address() {
        for text in [
            "/",
            "/ch/01/mix/fader",
            "/a b",
            "/cue #1,2",
            "/füße/π",
            "/a/",
            "/*/[a-z]",
        ] {
            assert_eq!(check_address(text.as_bytes()), Some(text));
        }
        let longest = format!("/{}", "a".repeat(ADDRESS_BYTES_MAX - 1));
        assert_eq!(check_address(longest.as_bytes()), Some(longest.as_str()));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bytes in [
            &b""[..],
            b"node",
            b"\xff",
            b"/\xff",
            b"/a\0b",
            b"/a\nb",
            b"/a\x7f",
            "/a\u{85}".as_bytes(),
        ] {
            assert_eq!(check_address(bytes), None, "{bytes:?}");
        }
        let too_long = format!("/{}", "a".repeat(ADDRESS_BYTES_MAX));
        assert_eq!(check_address(too_long.as_bytes()), None);
    }

    #[test]
    fn pattern_characters_and_double_slashes_make_a_pattern() {
        for text in [
            "/?", "/a*", "/[a]", "/]", "/{a", "/}", "//", "/a//b", "/a//",
        ] {
            assert!(is_pattern(text), "{text}");
        }
        for text in ["/", "/a/b", "/a/", "/a-b!c", "/a,b#c d", "/ü"] {
            assert!(!is_pattern(text), "{text}");
        }
    }

    #[test]
    fn a_plain_address_is_taken_and_anything_else_says_where_it_is_wrong() {
        let address: Address = "/a/b".parse().unwrap();
        assert_eq!(address.as_str(), "/a/b");
        assert_eq!(address.to_string(), "/a/b");
        let fault = |text: &str| text.parse::<Address>().unwrap_err();
        assert_eq!(fault("a"), AddressError::NoSlash);
        assert_eq!(fault(""), AddressError::NoSlash);
        assert_eq!(fault("/a\t"), AddressError::Control { at: 2 });
        assert_eq!(fault("/a//b"), AddressError::Pattern { at: 3 });
        assert_eq!(fault("/ü*"), AddressError::Pattern { at: 3 });
        assert_eq!(
            fault(&format!("/{}", "a".repeat(255))),
            AddressError::TooLong { bytes: 256 }
        );
    }
}
