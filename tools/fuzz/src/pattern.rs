//! Patterns: what is one, and what it matches, against trying every way.

mod build;
mod tried;

use oscgate::osc::{Address, AddressError, Pattern, PatternError, check_address, is_pattern};

use crate::bytes::Bytes;
use build::Pair;

/// Takes the input for a pattern and an address with a line end between them, or builds both from
/// it, and checks whether the one matches the other.
///
/// # Panics
///
/// If the compiled pattern does other than trying every way, or a text is taken for what it is not.
pub fn run(input: &[u8]) {
    match Bytes::of(input) {
        Some((way, mut from)) => {
            let pair = Pair::new(way, &mut from);
            let matched = check(&pair.pattern, &pair.address);
            let fits = pair.pattern.len() <= 255;
            assert!(
                matched == Some(true) || !pair.is_match || !fits,
                "{:?} was made to match {:?}",
                pair.pattern,
                pair.address
            );
            // The pattern is a text as any other.
            check(&pair.address, &pair.pattern);
        }
        None => {
            let text = String::from_utf8_lossy(input);
            let (pattern, address) = text.split_once('\n').unwrap_or((&text, &text));
            check(pattern, address);
        }
    }
}

/// Whether the text is a pattern, and then whether it matches.
fn check(text: &str, address: &str) -> Option<bool> {
    check_kind(text);
    let compiled = Pattern::compile(text);
    let words = tried::words(text);
    let (pattern, words) = match (compiled, words) {
        (Ok(pattern), Ok(words)) => (pattern, words),
        (Err(theirs), Err(ours)) => {
            assert_eq!(theirs, ours, "another fault in {text:?}");
            return None;
        }
        (compiled, words) => panic!("{compiled:?}, but {words:?} by the rules: {text:?}"),
    };
    let matched = pattern.matches(address);
    assert_eq!(
        matched,
        tried::matches(&words, address),
        "{text:?} on {address:?}"
    );
    assert_eq!(pattern.as_str(), text);
    assert_eq!(pattern.literal(), !is_pattern(text), "{text:?}");
    assert!(text.starts_with(pattern.prefix()));
    assert!(!is_pattern(pattern.prefix()));
    assert!(
        !matched || address.starts_with(pattern.prefix()),
        "{text:?}"
    );
    if pattern.literal() {
        assert_eq!(pattern.prefix(), text);
        assert_eq!(matched, text == address);
        assert!(pattern.matches(text));
    }
    Some(matched)
}

/// Addresses and patterns are told apart in the same way everywhere.
fn check_kind(text: &str) {
    let address = text.parse::<Address>();
    let compiled = Pattern::compile(text);
    let is_either = check_address(text.as_bytes()).is_some();
    match &address {
        Ok(address) => {
            assert_eq!(address.as_str(), text);
            assert!(is_either && !is_pattern(text));
            assert!(compiled.is_ok());
        }
        Err(AddressError::Pattern { at }) => {
            assert!(is_either && is_pattern(text));
            let before = &text[..*at];
            assert!(!is_pattern(before) && is_pattern(&text[..=*at]), "{text:?}");
        }
        Err(AddressError::NoSlash) => assert_eq!(compiled, Err(PatternError::NoSlash)),
        Err(AddressError::TooLong { bytes }) => {
            assert_eq!(compiled, Err(PatternError::TooLong { bytes: *bytes }));
        }
        Err(AddressError::Control { at }) => {
            assert_eq!(compiled, Err(PatternError::Control { at: *at }));
        }
    }
    let is_refused = matches!(
        address,
        Err(AddressError::NoSlash | AddressError::TooLong { .. } | AddressError::Control { .. })
    );
    assert_eq!(is_either, !is_refused, "{text:?}");
}
