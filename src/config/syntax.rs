//! Makes a broken TOML text readable: reports each fault of its syntax and takes out only what is
//! broken, so that everything else can still be checked in the same pass.

use std::ops::Range;

use toml::de::{DeTable, DeValue, Error};

use super::diagnosis;
use super::fault::{Fault, Page, quoted};
use super::keys::TableName;
use super::nearest::nearest_table;
use super::statements::{Statement, content_end, statements};

/// After this many faults of syntax the file is no show file, and the rest of them would not help.
const SYNTAX_FAULTS_MAX: usize = 40;

/// A text that parses, and where its bytes were in the text as it was written.
pub(super) struct Readable {
    /// The text, with what was broken as spaces and missing brackets filled in.
    pub(super) text: String,
    /// Every fault of syntax.
    pub(super) faults: Vec<Fault>,
    /// Whether the rest of it is worth checking.
    pub(super) is_worth_checking: bool,
    inserted: Vec<usize>,
    lost: Vec<Range<usize>>,
    seen: Vec<usize>,
}

impl Readable {
    /// Where `span` of [`Self::text`] stands in the text as it was written.
    pub(super) fn written(&self, span: &Range<usize>) -> Range<usize> {
        let place = |at: usize| at - self.inserted.iter().filter(|place| **place < at).count();
        place(span.start)..place(span.end)
    }

    /// Whether lines were taken out of the table whose header or first key stands at `at`.
    pub(super) fn has_lost_lines(&self, at: usize) -> bool {
        let all = statements(&self.text);
        let next = all
            .iter()
            .find(|other| other.is_header && other.range.start > at);
        let end = next.map_or(self.text.len(), |next| next.range.start);
        let written = self.written(&(at..end));
        self.lost.iter().any(|lost| written.contains(&lost.start))
    }

    fn insert(&mut self, at: usize, text: &str) {
        for place in &mut self.inserted {
            if *place >= at {
                *place += text.len();
            }
        }
        self.inserted.extend(at..at + text.len());
        self.text.insert_str(at, text);
    }

    /// Makes spaces of `range`, line ends excepted.
    fn take_out(&mut self, range: Range<usize>) {
        self.lost.push(self.written(&range));
        let blank: String = self.text[range.clone()]
            .bytes()
            .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
            .collect();
        self.text.replace_range(range, &blank);
    }
}

/// Reads `page` and takes out what is broken.
pub(super) fn readable(page: &Page<'_>) -> Readable {
    let mut text = Readable {
        text: page.text().to_owned(),
        faults: Vec::new(),
        is_worth_checking: true,
        inserted: Vec::new(),
        lost: Vec::new(),
        seen: Vec::new(),
    };
    take_out_unclosed(page, &mut text);
    mend_headers(page, &mut text);
    loop {
        let parsed = text.text.clone();
        let (root, errors) = DeTable::parse_recoverable(&parsed);
        let start = |error: &Error| error.span().map_or(0, |span| span.start);
        let next = errors
            .iter()
            .filter(|error| {
                !text
                    .seen
                    .contains(&text.written(&(start(error)..start(error))).start)
            })
            .min_by_key(|error| start(error));
        let Some(error) = next else {
            return text;
        };
        if text.faults.len() >= SYNTAX_FAULTS_MAX {
            text.is_worth_checking = false;
            return text;
        }
        mend(page, &mut text, error, root.get_ref());
    }
}

/// Reports the lists and texts that never end: the parser would read what follows as theirs.
fn take_out_unclosed(page: &Page<'_>, text: &mut Readable) {
    for statement in statements(&text.text) {
        if let Some(at) = statement.unclosed {
            let found = diagnosis::unclosed(&text.text[statement.range.clone()], at, &statement);
            text.faults.push(page.fault(
                found.span,
                found.key.as_deref(),
                found.message,
                found.cure,
            ));
            text.take_out(statement.range);
        }
    }
}

/// Reports headers with too few or too many brackets, and sets them right.
fn mend_headers(page: &Page<'_>, text: &mut Readable) {
    let headers: Vec<_> = statements(&text.text)
        .into_iter()
        .filter(|s| s.is_header)
        .collect();
    // From the last to the first, so that what is inserted moves nothing that is still to come.
    for header in headers.into_iter().rev() {
        let line = text.text[header.range.clone()].to_owned();
        let content = &line[..content_end(&line)];
        let name = content.trim_matches(|c: char| c == '[' || c == ']' || c.is_whitespace());
        let is_name = name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        let Some(table) = nearest_table(page.kind(), name).filter(|_| is_name) else {
            continue;
        };
        let wanted = if table.is_list() { 2 } else { 1 };
        let opening = content.matches('[').count();
        let closing = content.matches(']').count();
        if opening == wanted && closing == wanted {
            continue;
        }
        let begin = header.range.start + content.len() - content.trim_start().len();
        let end = header.range.start + content.len();
        if table.name() == name {
            let span = text.written(&(begin..end));
            let (message, cure) = wrong_brackets(table, content.trim(), opening, closing);
            text.faults
                .push(page.fault(span, Some(name), message, Some(cure)));
        }
        let name_at = begin + content.trim_start().find(name).unwrap_or_default();
        set_brackets(text, name_at..name_at + name.len(), begin..end, wanted);
    }
}

/// What is wrong with the brackets of a header, and how it is written.
fn wrong_brackets(
    table: TableName,
    line: &str,
    opening: usize,
    closing: usize,
) -> (String, String) {
    let (message, why) = match (opening, closing) {
        (1, 1) => (
            format!("`{line}` has single brackets"),
            ", since there may be several",
        ),
        (2, 2) => (
            format!("`{line}` has double brackets"),
            ", since there is only one",
        ),
        (_, _) => (format!("the brackets of {} do not match", quoted(line)), ""),
    };
    (message, format!("write `{}`{why}", table.header()))
}

fn set_brackets(text: &mut Readable, name: Range<usize>, whole: Range<usize>, wanted: usize) {
    let spaces = |range: Range<usize>| " ".repeat(range.len());
    text.text
        .replace_range(name.end..whole.end, &spaces(name.end..whole.end));
    text.text
        .replace_range(whole.start..name.start, &spaces(whole.start..name.start));
    // What was there is used again, so that only what was missing moves anything.
    for (count, bracket) in [(whole.end - name.end, "]"), (name.start - whole.start, "[")] {
        let kept = count.min(wanted);
        let at = if bracket == "]" {
            name.end
        } else {
            name.start - kept
        };
        text.text
            .replace_range(at..at + kept, &bracket.repeat(kept));
        let at = if bracket == "]" { at + kept } else { at };
        text.insert(at, &bracket.repeat(wanted - kept));
    }
}

/// Reports one error of the parser, and takes out what caused it.
fn mend(page: &Page<'_>, text: &mut Readable, error: &Error, root: &DeTable<'_>) {
    let span = error.span().unwrap_or_default();
    let written = text.written(&span);
    text.seen.push(written.start);
    if error.message().starts_with("duplicate key") || error.message().contains("dotted key") {
        // The parser goes on well after these: the first one counts.
        text.faults.push(twice(page, text, error, &span, root));
        return;
    }
    let all = statements(&text.text);
    let Some(statement) = all
        .iter()
        .rev()
        .find(|other| other.range.start <= span.start)
    else {
        text.faults
            .push(page.fault(written, None, diagnosis::plain_words(error.message()), None));
        return;
    };
    let range = statement.range.clone();
    let content = &text.text[range.clone()];
    if content.trim().is_empty() {
        return;
    }
    let found = diagnosis::diagnose(content, statement, &span, error.message());
    let place = text.written(&found.span);
    text.faults
        .push(page.fault(place, found.key.as_deref(), found.message, found.cure));
    if statement.is_header && header_is_whole(content) {
        // What follows the header goes, the header stays.
        let after = content
            .rfind(']')
            .map_or(range.start, |at| range.start + at + 1);
        text.take_out(after..range.end);
    } else if statement.is_header {
        // Whose keys the next ones are cannot be known, so they go with their header.
        let end = all
            .iter()
            .find(|other| other.is_header && other.range.start > range.start)
            .map_or(text.text.len(), |next: &Statement| next.range.start);
        text.take_out(range.start..end);
    } else {
        text.take_out(range);
    }
}

/// Whether a header is in order, so that what the parser stumbled over stands behind it.
fn header_is_whole(line: &str) -> bool {
    let end = line.rfind(']').map_or(0, |at| at + 1);
    DeTable::parse(&line[..end]).is_ok()
}

/// The fault of a key or table that is written twice.
fn twice(
    page: &Page<'_>,
    text: &Readable,
    error: &Error,
    span: &Range<usize>,
    root: &DeTable<'_>,
) -> Fault {
    let name = text.text.get(span.clone()).unwrap_or_default();
    let plain = name.trim_matches(['"', '\'']);
    let all = statements(&text.text);
    let is_header = all
        .iter()
        .any(|s| s.is_header && s.range.contains(&span.start));
    let same = |other: &&Statement| {
        let line = &text.text[other.range.clone()];
        let line = line[..content_end(line)].trim();
        other.is_header && line.trim_matches(['[', ']', ' ']) == plain
    };
    let first = if is_header {
        all.iter().find(same).map(|other| other.range.start)
    } else {
        nearest_before(root, plain, span.start)
    };
    let first = first
        .filter(|at| *at < span.start)
        .map(|at| text.written(&(at..at)).start);
    let written = text.written(span);
    let key = Some(plain);
    let Some(first) = first else {
        let message = format!(
            "{}: {}",
            quoted(plain),
            diagnosis::plain_words(error.message())
        );
        return page.fault(written, key, message, None);
    };
    let line = page.line(first);
    if is_header {
        let header = { page.kind().tables().iter() }.find(|table| table.name() == plain);
        let header = header.map_or_else(|| format!("[{plain}]"), |table| table.header());
        let message = format!("`{header}` is written twice");
        let cure = format!("put its keys under the one in line {line}");
        return page.fault(written, key, message, Some(cure));
    }
    let message = format!("`{plain}` is written twice in this table");
    page.fault(
        written,
        key,
        message,
        Some(format!("it is already in line {line}; keep one of them")),
    )
}

/// Where a key of this name stands last before `at`.
fn nearest_before(table: &DeTable<'_>, name: &str, at: usize) -> Option<usize> {
    let mut found = None;
    for (key, value) in table {
        if key.get_ref() == name && key.span().start < at {
            found = found.max(Some(key.span().start));
        }
        let inner = |value: &DeValue<'_>| {
            value
                .as_table()
                .and_then(|table| nearest_before(table, name, at))
        };
        found = found.max(inner(value.get_ref()));
        for item in value.get_ref().as_array().into_iter().flatten() {
            found = found.max(inner(item.get_ref()));
        }
    }
    found
}
