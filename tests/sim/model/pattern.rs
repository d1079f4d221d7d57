//! Address patterns the slow and plain way: every choice is tried, one after the other.

/// Whether `text` is something that may stand as an address at all, pattern or not.
pub(super) fn is_address(text: &str) -> bool {
    text.starts_with('/') && text.len() <= 255 && !text.chars().any(char::is_control)
}

/// Whether `text` has pattern characters in it.
pub(super) fn has_pattern(text: &str) -> bool {
    text.contains(['?', '*', '[', ']', '{', '}']) || text.contains("//")
}

/// Whether `text` is one address, not a pattern.
pub(super) fn is_plain(text: &str) -> bool {
    is_address(text) && !has_pattern(text)
}

/// Whether `text` is an address or a pattern that can be read.
pub(super) fn is_readable(text: &str) -> bool {
    is_address(text) && pieces(text).is_some()
}

/// Whether `text` belongs to the gateway itself.
pub(super) fn is_own(text: &str) -> bool {
    text == "/oscgate" || text.starts_with("/oscgate/")
}

/// Whether `pattern` covers `address`: what the gateway owns is covered only by what begins with
/// its name in plain letters.
pub(super) fn covers(pattern: &str, address: &str) -> bool {
    if !has_pattern(pattern) {
        return pattern == address;
    }
    if is_own(address) && !pattern.starts_with("/oscgate/") {
        return false;
    }
    matches(pattern, address)
}

/// Whether `pattern` matches `address`; one that cannot be read matches nothing.
fn matches(pattern: &str, address: &str) -> bool {
    // What comes before the first special character is the same in both: most pairs differ there.
    let special = pattern
        .find(['?', '*', '[', ']', '{', '}'])
        .into_iter()
        .chain(pattern.find("//"))
        .min()
        .unwrap_or(pattern.len());
    if !address.starts_with(&pattern[..special]) {
        return false;
    }
    let address: Vec<char> = address[special..].chars().collect();
    pieces(&pattern[special..]).is_some_and(|pieces| fits(&pieces, &address))
}

/// What a pattern is made of.
enum Piece {
    Letter(char),
    Any,
    Run,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    OneOf(Vec<Vec<char>>),
    Levels,
}

/// Takes a pattern apart; `None` if something in it cannot be read.
fn pieces(pattern: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = rest.trim_start_matches('/');
            pieces.push(Piece::Levels);
            if rest.is_empty() {
                pieces.push(Piece::Run);
            }
            continue;
        }
        rest = &rest[first.len_utf8()..];
        match first {
            '?' => pieces.push(Piece::Any),
            '*' => pieces.push(Piece::Run),
            '[' => {
                let (inside, behind) = rest.split_once(']')?;
                pieces.push(class(inside)?);
                rest = behind;
            }
            '{' => {
                let (inside, behind) = rest.split_once('}')?;
                if inside.contains(['/', '?', '*', '[', ']', '{']) {
                    return None;
                }
                let texts = inside.split(',').map(|text| text.chars().collect());
                pieces.push(Piece::OneOf(texts.collect()));
                rest = behind;
            }
            ']' | '}' => return None,
            letter => pieces.push(Piece::Letter(letter)),
        }
    }
    Some(pieces)
}

/// `[...]` from what stands between the brackets.
fn class(inside: &str) -> Option<Piece> {
    if inside.contains(['/', '?', '*', '[', '{', '}']) {
        return None;
    }
    let (negated, members) = match inside.strip_prefix('!') {
        Some(members) => (true, members),
        None => (false, inside),
    };
    let members: Vec<char> = members.chars().collect();
    if members.is_empty() {
        return None;
    }
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < members.len() {
        if at + 2 < members.len() && members[at + 1] == '-' {
            if members[at] > members[at + 2] {
                return None;
            }
            ranges.push((members[at], members[at + 2]));
            at += 3;
        } else {
            ranges.push((members[at], members[at]));
            at += 1;
        }
    }
    Some(Piece::Class { negated, ranges })
}

/// Whether these pieces can be laid over the whole of `text`.
fn fits(pieces: &[Piece], text: &[char]) -> bool {
    let Some((piece, later)) = pieces.split_first() else {
        return text.is_empty();
    };
    match piece {
        Piece::Letter(letter) => text.first() == Some(letter) && fits(later, &text[1..]),
        Piece::Any => text.first().is_some_and(|c| *c != '/') && fits(later, &text[1..]),
        Piece::Run => {
            let longest = text.iter().take_while(|c| **c != '/').count();
            (0..=longest).any(|length| fits(later, &text[length..]))
        }
        Piece::Class { negated, ranges } => text.first().is_some_and(|c| {
            let within = ranges.iter().any(|(low, high)| low <= c && c <= high);
            *c != '/' && within != *negated && fits(later, &text[1..])
        }),
        Piece::OneOf(texts) => texts
            .iter()
            .any(|one| text.starts_with(one) && fits(later, &text[one.len()..])),
        Piece::Levels => {
            text.first() == Some(&'/')
                && (0..text.len()).any(|at| text[at] == '/' && fits(later, &text[at + 1..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_character_of_a_pattern_means_what_osc_says() {
        for (pattern, address, expected) in [
            ("/a", "/a", true),
            ("/a", "/ab", false),
            ("/?", "/a", true),
            ("/?", "/", false),
            ("/a?b", "/a/b", false),
            ("/*", "/", true),
            ("/*", "/abc", true),
            ("/*", "/a/b", false),
            ("/a*c", "/abbc", true),
            ("/a*b*c", "/axbxbc", true),
            ("/[a-c]", "/b", true),
            ("/[a-c]", "/d", false),
            ("/[!a-c]", "/d", true),
            ("/[!a-c]", "/b", false),
            ("/a[!b]c", "/a/c", false),
            ("/[-a]", "/-", true),
            ("/[a-]", "/-", true),
            ("/{foo,bar}", "/bar", true),
            ("/{foo,bar}", "/baz", false),
            ("/{a,ab}c", "/abc", true),
            ("/a{,b}", "/a", true),
            ("/a//b", "/a/b", true),
            ("/a//b", "/a/x/y/b", true),
            ("/a//b", "/ab", false),
            ("/a//", "/a/x/y", true),
            ("/a//", "/a", false),
            ("//*", "/a/b/c", true),
            ("//b", "/b", true),
            ("//b", "/a/b", true),
            ("//b", "/a/ab", false),
            ("/a///b", "/a/x/b", true),
        ] {
            assert_eq!(covers(pattern, address), expected, "{pattern} {address}");
        }
    }

    #[test]
    fn only_plain_letters_reach_what_the_gateway_owns() {
        assert!(covers("/oscgate/status/*", "/oscgate/status/locked"));
        assert!(covers("/oscgate//locked", "/oscgate/status/locked"));
        assert!(!covers("//*", "/oscgate/status/locked"));
        assert!(!covers("/oscgat?/status/locked", "/oscgate/status/locked"));
        assert!(covers("//*", "/oscgates"));
    }

    #[test]
    fn what_would_match_other_than_it_looks_cannot_be_read() {
        for text in [
            "/[", "/]", "/{", "/}", "/[]", "/[!]", "/[z-a]", "/[a/b]", "/{a/b}", "/{a[b}",
        ] {
            assert!(!is_readable(text), "{text}");
        }
        assert!(
            is_readable("/a{}") && is_readable("/[!!]") && !is_readable("a") && !is_plain("/a//b")
        );
    }
}
