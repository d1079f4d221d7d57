//! What a technician most likely did where the TOML parser stumbled, and what to type instead.

use std::ops::Range;

use super::fault::quoted;
use super::keys::all_keys;
use super::nearest::nearest;
use super::statements::{Statement, closing_quote, content_end};

/// What is wrong with a statement, and where.
pub(super) struct Diagnosis {
    /// The bytes to mark.
    pub(super) span: Range<usize>,
    pub(super) key: Option<String>,
    pub(super) message: String,
    pub(super) cure: Option<String>,
}

/// Looks at a statement whose text is `content`, at `span` of which the parser stumbled and said
/// `words`.
pub(super) fn diagnose(
    content: &str,
    statement: &Statement,
    span: &Range<usize>,
    words: &str,
) -> Diagnosis {
    let start = statement.range.start;
    let line = content.split('\n').next().unwrap_or_default();
    let end = content_end(line);
    let from = (line.len() - line.trim_start().len()).min(end);
    let whole = start + from..start + end;
    let plain = |message: String, cure: Option<&str>, span: Range<usize>| Diagnosis {
        span,
        key: None,
        message,
        cure: cure.map(ToOwned::to_owned),
    };
    if end == from || (span.start > whole.end && line[end..].contains('#')) {
        let message = "there is a control character in this comment";
        return plain(message.into(), Some("take it out"), span.clone());
    }
    if let Some((header, after)) = line[from..end]
        .rsplit_once(']')
        .filter(|_| statement.is_header)
        && !after.trim().is_empty()
    {
        let message = format!("{} stands behind the table's name", quoted(after.trim()));
        let marked = start + from + header.len() + 1..whole.end;
        return plain(message, Some("put it on a line of its own"), marked);
    }
    if statement.is_header {
        let message = format!("{} is not a table", quoted(line[from..end].trim()));
        let cure = "a table stands alone on its line: `[gateway]`, `[[client]]`";
        return plain(message, Some(cure), whole);
    }
    let body = &line[from..end];
    if body.starts_with("//") || body.starts_with(';') || body.starts_with("--") {
        return plain(
            "this is not a comment".into(),
            Some("a comment begins with `#`"),
            whole,
        );
    }
    let Some(equals) = equals(body) else {
        return no_equals(body, whole);
    };
    let key = body[..equals].trim();
    if key.is_empty() {
        return plain("the key before the `=` is missing".into(), None, whole);
    }
    if !key
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\''))
        || key.contains(|c: char| !c.is_ascii())
    {
        let known = nearest(key, all_keys().map(|key| key.name));
        let cure = known.map_or(
            "a key is one word such as `reply_port`".to_owned(),
            |name| format!("did you mean `{name}`?"),
        );
        return Diagnosis {
            span: start + from..start + from + key.len(),
            key: Some(key.to_owned()),
            message: format!("{} is not a key", quoted(key)),
            cure: Some(cure),
        };
    }
    let value = body[equals + 1..].trim_start();
    let at = start + from + body.len() - value.len();
    let (message, cure, marked) = broken_value(key, value, at..at + value.len(), span, words);
    Diagnosis {
        span: marked,
        key: Some(key.to_owned()),
        message,
        cure,
    }
}

/// A statement that is never closed after the bracket or the quotes at `at`.
pub(super) fn unclosed(content: &str, at: usize, statement: &Statement) -> Diagnosis {
    let (what, close) = match content[at - statement.range.start..].chars().next() {
        Some('[') => ("list", "]"),
        Some('{') => ("inline table", "}"),
        Some('\'') => ("text in three quotes", "'''"),
        Some(_) | None => ("text in three quotes", "\"\"\""),
    };
    // Where there is no `=` before it, there is no key either.
    let before = &content[..at - statement.range.start];
    let key = before.split_once('=').map(|(key, _)| key.trim());
    let key = key.filter(|key| !key.is_empty() && !key.contains('\n'));
    Diagnosis {
        span: at..at + 1,
        key: key.map(ToOwned::to_owned),
        message: format!("the {what} that begins here is never closed"),
        cure: Some(format!("put `{close}` at its end")),
    }
}

/// Where the `=` stands that ends the key.
fn equals(body: &str) -> Option<usize> {
    let after_key = match body.chars().next() {
        Some('"' | '\'') => closing_quote(body).map_or(0, |end| end + 1),
        Some(_) | None => 0,
    };
    let at = body[after_key..].find('=')? + after_key;
    // In `name: "a = b"` the sign is part of the text.
    let is_in_text = body[after_key..at].contains(['"', '\'']) && after_key == 0;
    (!is_in_text).then_some(at)
}

fn no_equals(body: &str, whole: Range<usize>) -> Diagnosis {
    let (key, rest) = match body.find([':', ' ', '\t']) {
        Some(at) => (&body[..at], body[at..].trim_start_matches([':', ' ', '\t'])),
        None => (body, ""),
    };
    let named = all_keys().find(|known| known.name == key);
    let sample = named.and_then(|key| key.sample()).unwrap_or("\"…\"");
    let is_key = named.is_some() || body.contains(':');
    let cure = if is_key && rest.is_empty() {
        format!("write `{key} = {sample}`")
    } else if is_key {
        format!("write `{key} = {}`", as_written(key, rest))
    } else {
        "a line is `key = value`, a `[table]`, or a comment that begins with `#`".to_owned()
    };
    let message = if is_key {
        format!("the `=` after `{key}` is missing")
    } else {
        format!("{} means nothing here", quoted(body))
    };
    let key = is_key.then(|| key.to_owned());
    Diagnosis {
        span: whole,
        key,
        message,
        cure: Some(cure),
    }
}

/// `value` as it has to be written behind `key`.
fn as_written(key: &str, value: &str) -> String {
    let bare = value.trim_matches(|c: char| is_quote(c) || c.is_whitespace());
    let is_whole = value.starts_with(['"', '\'', '[', '{']);
    if is_whole {
        value.to_owned()
    } else if is_text(key) {
        format!("\"{bare}\"")
    } else {
        bare.to_owned()
    }
}

fn is_text(key: &str) -> bool {
    let sample = all_keys()
        .filter(|known| known.name == key)
        .find_map(|known| known.sample());
    sample.is_none_or(|sample| sample.starts_with('"'))
}

fn is_quote(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '“' | '”' | '„' | '‟' | '‘' | '’' | '‚' | '«' | '»' | '`' | '´'
    )
}

/// What is wrong with `value`, which stands at `whole`: message, cure, and what to mark.
fn broken_value(
    key: &str,
    value: &str,
    whole: Range<usize>,
    span: &Range<usize>,
    words: &str,
) -> (String, Option<String>, Range<usize>) {
    let at = whole.start;
    let first = value.chars().next();
    let stumbled = span.start.clamp(at, whole.end)..span.end.clamp(at, whole.end);
    match first {
        None => {
            let sample = all_keys()
                .filter(|known| known.name == key)
                .find_map(|key| key.sample());
            let cure = format!("write `{key} = {}`", sample.unwrap_or("\"…\""));
            (
                format!("`{key}` has no value"),
                Some(cure),
                at.saturating_sub(1)..at,
            )
        }
        Some('"' | '\'') => {
            let Some(end) = closing_quote(value) else {
                let text = value[1..].trim_end_matches(is_quote);
                let cure = format!("write {}", quoted(text));
                return ("the closing quote is missing".into(), Some(cure), whole);
            };
            if value.contains(|c: char| c.is_control() && c != '\t') {
                let message = "there is a control character in this text";
                return (message.into(), Some("take it out".into()), stumbled);
            }
            let (text, after) = value.split_at(end + 1);
            if after.is_empty() {
                let cure = "in double quotes a `\\` needs another one before it, or \
                write single quotes: 'a\\b'";
                let cure = text.contains('\\').then(|| cure.to_owned());
                return (plain_words(words), cure, stumbled);
            }
            let marked = at + text.len()..whole.end;
            if after.trim().trim_matches([',', ';']).is_empty() {
                return (
                    format!("{} stands after the value", quoted(after.trim())),
                    Some("take it out".into()),
                    marked,
                );
            }
            if after.trim_start().starts_with(',') {
                let cure = format!("several values stand in brackets: [{value}]");
                return ("there is more than one value".into(), Some(cure), whole);
            }
            let cure = "one line holds one `key = value`; a comment begins with `#`";
            (
                format!("{} stands after the value", quoted(after.trim())),
                Some(cure.into()),
                marked,
            )
        }
        Some('[' | '{') => broken_list(value, at, stumbled, words),
        Some(c) if is_quote(c) => {
            let text = value.trim_matches(is_quote);
            let cure = format!("write straight quotes: {}", quoted(text));
            (
                "these are not the quotes that are meant".into(),
                Some(cure),
                whole,
            )
        }
        Some(_) => bare_value(key, value, whole),
    }
}

/// A list or inline table with something wrong inside.
fn broken_list(
    value: &str,
    at: usize,
    stumbled: Range<usize>,
    words: &str,
) -> (String, Option<String>, Range<usize>) {
    let within = stumbled.start - at;
    if words.contains("comma") && words.contains("missing") {
        return (
            plain_words(words),
            Some("put a `,` between the values".into()),
            stumbled,
        );
    }
    let rest = &value[within.min(value.len())..];
    let word = rest
        .split([',', ']', '}'])
        .next()
        .unwrap_or_default()
        .trim();
    let is_bare = word.starts_with(|c: char| c.is_alphanumeric() || c == '/' || is_quote(c));
    if is_bare && !word.starts_with(['"', '\'']) {
        let cure = format!("put it in quotes: {}", quoted(word.trim_matches(is_quote)));
        let marked = stumbled.start..stumbled.start + word.len();
        return (
            format!("{} is neither a text nor a number", quoted(word)),
            Some(cure),
            marked,
        );
    }
    (plain_words(words), None, stumbled)
}

/// A value that is neither quoted nor a number, a list, `true` or `false`.
fn bare_value(
    key: &str,
    value: &str,
    whole: Range<usize>,
) -> (String, Option<String>, Range<usize>) {
    let bare = value
        .trim_end_matches([',', ';'])
        .trim_end_matches(is_quote);
    let sample = all_keys()
        .filter(|known| known.name == key)
        .find_map(|key| key.sample());
    if bare.len() < value.len() && bare.parse::<f64>().is_ok() {
        let cure = format!("write `{key} = {bare}`");
        return (
            format!("{} is more than a number", quoted(value)),
            Some(cure),
            whole,
        );
    }
    let word = match bare.to_lowercase().as_str() {
        "true" | "yes" | "on" => Some("true"),
        "false" | "no" | "off" => Some("false"),
        _ => None,
    };
    if let Some(word) = word.filter(|_| !is_text(key)) {
        return (
            format!("{} is not a value", quoted(bare)),
            Some(format!("write `{word}`")),
            whole,
        );
    }
    let message = format!("{} is neither a text in quotes nor a number", quoted(bare));
    let cure = match sample {
        Some(sample) if sample.starts_with('[') => format!("write a list like {sample}"),
        Some(sample) if !sample.starts_with('"') => format!("write `{key}` like {sample}"),
        Some(_) | None => format!("put it in quotes: {}", quoted(bare)),
    };
    (message, Some(cure), whole)
}

/// The parser's words for someone who never read the TOML specification.
pub(super) fn plain_words(words: &str) -> String {
    let what = words.split(", expected").next().unwrap_or(words);
    match what {
        "missing comma between array elements" | "missing comma between key-value pairs" => {
            "a comma is missing".into()
        }
        "extra comma in array" | "extra comma in inline table" => {
            "there is a comma too many".into()
        }
        "duplicate key" => "this is written twice".into(),
        "recursion limit" => "brackets are nested too deep".into(),
        "unexpected key or value" => "something stands after the value".into(),
        _ if what.contains("dotted key") => {
            "this is already a value, so it cannot be a table".into()
        }
        _ if what.contains("control character") || what.contains("carriage return") => {
            "there is a control character in this line".into()
        }
        _ if what.contains("escape") => "this is not an escape".into(),
        _ => format!("this cannot be read ({what})"),
    }
}
