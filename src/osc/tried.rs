//! The reference for patterns in tests: a matcher that tries every way, and patterns to try.

use proptest::prelude::*;

/// Good patterns over a small alphabet, all that there is in the language.
pub(super) fn patterns() -> impl Strategy<Value = String> {
    let part = prop::collection::vec(
        prop_oneof![
            3 => "[ab,!é-]",
            1 => Just("?".to_owned()),
            2 => Just("*".to_owned()),
            1 => "\\[!?(a|b|a-b|!-b|é|b-|,)\\]",
            1 => "\\{(|a|ab|b|ba|é)(,(|a|ab|b)){0,2}\\}",
        ],
        0..4,
    );
    prop::collection::vec(
        (
            prop_oneof![5 => Just("/"), 2 => Just("//"), 1 => Just("///")],
            part,
        ),
        1..5,
    )
    .prop_map(|parts| {
        parts
            .into_iter()
            .flat_map(|(slash, part)| [slash.to_owned(), part.concat()])
            .collect()
    })
}

/// The address with characters and levels made looser, so that it still matches.
pub(super) fn loosened(address: &str) -> impl Strategy<Value = String> + use<> {
    let units: Vec<_> = address
        .chars()
        .map(|c| match c {
            '/' => prop::sample::select(vec!["/", "//", "/"]).boxed(),
            'a' => prop::sample::select(vec!["a", "?", "*", "[ab]", "{b,a}", "a*", "*a"]).boxed(),
            _ => {
                prop::sample::select(vec!["b", "?", "*", "[!a]", "{,b,a}", "b{a,}", "*b*"]).boxed()
            }
        })
        .collect();
    units.prop_map(|units| units.concat())
}

/// The reference: tries every way, reading the pattern's text as it goes.
pub(super) fn tried(pattern: &str, address: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let address: Vec<char> = address.chars().collect();
    tried_from(&pattern, &address)
}

fn tried_from(pattern: &[char], address: &[char]) -> bool {
    let Some(&first) = pattern.first() else {
        return address.is_empty();
    };
    let is = |c: char| address.first() == Some(&c);
    let close = |bracket| pattern.iter().position(|&c| c == bracket).unwrap();
    match first {
        '/' if pattern.get(1) == Some(&'/') => {
            let slashes = pattern.iter().take_while(|&&c| c == '/').count();
            let rest = &pattern[slashes..];
            is('/')
                && (rest.is_empty()
                    || (0..address.len())
                        .any(|at| address[at] == '/' && tried_from(rest, &address[at + 1..])))
        }
        '?' => !address.is_empty() && !is('/') && tried_from(&pattern[1..], &address[1..]),
        '*' => {
            let part = address.iter().take_while(|&&c| c != '/').count();
            (0..=part).any(|taken| tried_from(&pattern[1..], &address[taken..]))
        }
        '[' => {
            let end = close(']');
            !address.is_empty()
                && !is('/')
                && of_class(&pattern[1..end], address[0])
                && tried_from(&pattern[end + 1..], &address[1..])
        }
        '{' => {
            let end = close('}');
            pattern[1..end].split(|&c| c == ',').any(|alternative| {
                address.starts_with(alternative)
                    && tried_from(&pattern[end + 1..], &address[alternative.len()..])
            })
        }
        _ => is(first) && tried_from(&pattern[1..], &address[1..]),
    }
}

fn of_class(class: &[char], c: char) -> bool {
    match class {
        ['!', members @ ..] => !of_members(members, c),
        members => of_members(members, c),
    }
}

fn of_members(members: &[char], c: char) -> bool {
    match members {
        [] => false,
        [low, '-', high, rest @ ..] => (*low..=*high).contains(&c) || of_members(rest, c),
        [own, rest @ ..] => *own == c || of_members(rest, c),
    }
}
