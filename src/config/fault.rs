//! A fault in a file: where it is, what is wrong, what to write instead, and the line it is in.

use std::fmt;
use std::ops::Range;

use super::keys::FileKind;

/// The widest quoted line, in terminal columns; what is longer is cut around the fault.
const QUOTE_COLUMNS_MAX: usize = 90;

/// Terminal columns that stay visible before the fault in a line that is cut.
const QUOTE_LEAD_COLUMNS: usize = 30;

/// What a tab is shown as, so that the caret stands right whatever the terminal's tab stops are.
const TAB: &str = "    ";

/// The longest piece of a file that a message repeats, in characters.
const REPEATED_CHARS_MAX: usize = 60;

/// One fault in a file. `Display` is the whole of it as plain text, without a line end at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The key or table that is at fault, where there is one.
    pub key: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to write instead, or the nearest known name.
    pub cure: Option<String>,
    /// The line, made safe for a terminal.
    pub quote: Quote,
}

/// A line of a file as it can be shown on a terminal, with the part that is at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The line: tabs widened, control characters escaped, cut where it is long.
    pub text: String,
    /// Terminal columns before the part at fault.
    pub before: usize,
    /// Terminal columns of the part at fault; at least one.
    pub width: usize,
}

impl Fault {
    /// Where it is: `show.toml:14:8`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}:{}", escaped(&self.file), self.line, self.column)
    }

    /// What is wrong and what to do: `unknown lock rule "explicid"; did you mean "explicit"?`.
    #[must_use]
    pub fn headline(&self) -> String {
        match &self.cure {
            Some(cure) => format!("{}; {cure}", self.message),
            None => self.message.clone(),
        }
    }

    /// The left margin of the quoted line and that of the line of carets, of equal width.
    #[must_use]
    pub fn gutters(&self) -> (String, String) {
        let number = format!("{:>5} |", self.line);
        let blank = format!("{:>1$}", "|", number.len());
        (number, blank)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, blank) = self.gutters();
        writeln!(f, "{}: {}", self.place(), self.headline())?;
        writeln!(f, "{}", format!("{number} {}", self.quote.text).trim_end())?;
        write!(
            f,
            "{blank} {:before$}{:^>width$}",
            "",
            "",
            before = self.quote.before,
            width = self.quote.width
        )
    }
}

impl std::error::Error for Fault {}

/// A file's text, able to say in which line and column a byte is.
pub(super) struct Page<'a> {
    kind: FileKind,
    file: &'a str,
    text: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> Page<'a> {
    /// The page of a show file.
    #[cfg(test)]
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self::of(FileKind::Show, file, text)
    }

    pub(super) fn of(kind: FileKind, file: &'a str, text: &'a str) -> Self {
        let after_newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(after_newlines).collect();
        Self {
            kind,
            file,
            text,
            line_starts,
        }
    }

    pub(super) fn kind(&self) -> FileKind {
        self.kind
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// The line that holds byte `at`, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at)
    }

    /// A fault of the bytes `span`, of which only what lies in the first line is marked.
    pub(super) fn fault(
        &self,
        span: Range<usize>,
        key: Option<&str>,
        message: impl Into<String>,
        cure: Option<String>,
    ) -> Fault {
        let start = floor_char(self.text, span.start);
        let end = floor_char(self.text, span.end.max(start));
        let line = self.line(start);
        let line_start = self.line_starts[line - 1];
        let line_text = self.text[line_start..]
            .split('\n')
            .next()
            .unwrap_or_default();
        let line_text = line_text.strip_suffix('\r').unwrap_or(line_text);
        let from = (start - line_start).min(line_text.len());
        let to = (end - line_start).min(line_text.len());
        Fault {
            file: self.file.to_owned(),
            line,
            column: line_text[..from].chars().count() + 1,
            key: key.map(ToOwned::to_owned),
            // Both may repeat pieces of the file.
            message: escaped(&message.into()),
            cure: cure.map(|cure| escaped(&cure)),
            quote: quote(line_text, from..to),
        }
    }
}

/// `text` with everything escaped that could move the cursor or hide something.
pub(super) fn escaped(text: &str) -> String {
    text.chars().map(|c| shown(c).0).collect()
}

/// `text` in quotes as a message repeats it: escaped, and cut where it is long.
pub(super) fn quoted(text: &str) -> String {
    let head: String = text.chars().take(REPEATED_CHARS_MAX).collect();
    let more = if head.len() < text.len() { "…" } else { "" };
    format!("\"{}{more}\"", escaped(&head))
}

fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The line with the bytes `marked` at fault, ready for a terminal.
fn quote(line: &str, marked: Range<usize>) -> Quote {
    let columns = |part: &str| part.chars().map(|c| shown(c).1).sum::<usize>();
    let mut from = 0;
    let mut lead = "";
    if columns(line) > QUOTE_COLUMNS_MAX && columns(&line[..marked.start]) > QUOTE_LEAD_COLUMNS {
        let mut kept = 0;
        for (at, c) in line[..marked.start].char_indices().rev() {
            kept += shown(c).1;
            from = at;
            if kept >= QUOTE_LEAD_COLUMNS {
                break;
            }
        }
        lead = "…";
    }
    let mut text = lead.to_owned();
    let mut used = lead.chars().count();
    let before = used + columns(&line[from..marked.start]);
    for c in line[from..].chars() {
        let (piece, width) = shown(c);
        if used + width > QUOTE_COLUMNS_MAX {
            text.push('…');
            used += 1;
            break;
        }
        text.push_str(&piece);
        used += width;
    }
    let room = used.saturating_sub(before);
    let width = columns(&line[marked]).min(room).max(1);
    Quote {
        text,
        before,
        width,
    }
}

/// How a character is shown, and how many terminal columns that takes.
fn shown(c: char) -> (String, usize) {
    if c == '\t' {
        return (TAB.to_owned(), TAB.len());
    }
    if c.is_control() || is_invisible(c) {
        let text = match c {
            '\r' => "\\r".to_owned(),
            '\n' => "\\n".to_owned(),
            _ => format!("\\u{{{:x}}}", u32::from(c)),
        };
        let width = text.len();
        return (text, width);
    }
    (c.to_string(), terminal_columns(c))
}

/// Characters that show nothing, or that change the direction of what follows (Unicode's Cf, and
/// the line separators): a line with them would not look like what it is.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Columns of a visible character on a terminal, after Unicode's East Asian Width (UAX #11), in
/// ranges: a caret that is one off under a rare letter costs nothing.
fn terminal_columns(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}'
        | '\u{483}'..='\u{489}'
        | '\u{591}'..='\u{5bd}'
        | '\u{64b}'..='\u{65f}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f900}'..='\u{1f9ff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_shows_the_line_and_the_cure() {
        let text = format!("{}lock = \"explicid\"\n", "\n".repeat(13));
        assert_eq!(
            fault(&text, "\"explicid\"").to_string(),
            "show.toml:14:8: wrong; cure\n   14 | lock = \"explicid\"\n      |        ^^^^^^^^^^"
        );
    }

    #[test]
    fn a_tab_counts_as_one_character_and_is_shown_as_four() {
        let fault = fault("\tx = 1", "x");
        assert_eq!((fault.column, fault.quote.before), (2, 4));
        assert_eq!(fault.quote.text, "    x = 1");
    }

    #[test]
    fn wide_letters_take_two_columns_and_accents_none() {
        let wide = fault("名 = 1", "1");
        assert_eq!((wide.column, wide.quote.before), (5, 5));
        let accent = fault("e\u{301} = 1", "1");
        assert_eq!((accent.column, accent.quote.before), (6, 4));
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let fault = fault("a = \u{1b}[2J\u{202e}!", "!");
        assert_eq!(fault.quote.text, "a = \\u{1b}[2J\\u{202e}!");
        assert_eq!(fault.quote.before, "a = \\u{1b}[2J\\u{202e}".len());
        assert_eq!(quoted("a\u{7}"), "\"a\\u{7}\"");
    }

    #[test]
    fn a_carriage_return_at_the_end_of_a_line_is_not_shown() {
        let fault = fault("a = 1\r\nb = 2\r\n", "b = 2\r\n");
        assert_eq!((fault.line, fault.quote.width), (2, 5));
        assert_eq!(fault.quote.text, "b = 2");
    }

    #[test]
    fn a_long_line_is_cut_around_the_fault() {
        let text = format!("{}!{}", "a".repeat(200), "b".repeat(200));
        let fault = fault(&text, "!");
        assert_eq!(fault.column, 201);
        assert_eq!(fault.quote.text.chars().nth(fault.quote.before), Some('!'));
        assert!(fault.quote.text.starts_with('…') && fault.quote.text.ends_with('…'));
        assert!(fault.quote.text.chars().count() <= QUOTE_COLUMNS_MAX + 1);
    }

    #[test]
    fn a_place_past_the_end_or_inside_a_letter_is_still_a_place() {
        let page = Page::new("show.toml", "é");
        assert_eq!(page.fault(1..9, None, "m", None).column, 1);
        assert_eq!(page.fault(7..9, None, "m", None).column, 2);
    }

    fn fault(text: &str, part: &str) -> Fault {
        let at = text.find(part).unwrap();
        Page::new("show.toml", text).fault(at..at + part.len(), None, "wrong", Some("cure".into()))
    }
}
