//! A TOML text cut into statements (headers and keys with their values), however broken it is.

use std::ops::Range;

/// One header line, or one key with all the lines of its value, or something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// Its bytes, with the line end.
    pub(super) range: Range<usize>,
    /// Whether it begins as a `[table]` header does.
    pub(super) is_header: bool,
    /// Where the bracket or the three quotes stand that are never closed.
    pub(super) unclosed: Option<usize>,
}

/// Cuts `text`. Blank lines and comments are statements, too; together they are the whole text.
pub(super) fn statements(text: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let statement = statement(text, start);
        start = statement.range.end;
        found.push(statement);
    }
    found
}

fn statement(text: &str, start: usize) -> Statement {
    let first_end = line_end(text, start);
    let first = &text[start..first_end];
    if begins_header(first) {
        return Statement {
            range: start..first_end,
            is_header: true,
            unclosed: None,
        };
    }
    let mut open = Open::default();
    let mut end = first_end;
    open.read(first, start);
    while let Some(at) = open.first() {
        let next = &text[end..line_end(text, end)];
        let is_next = is_header(next) || (begins_pair(next) && !open.is_inline_table());
        // Inside three quotes anything may stand, so there only a missing end counts.
        let is_next = is_next && (!open.is_text() || !closes_later(&text[end..], open.text));
        if next.is_empty() || is_next {
            return Statement {
                range: start..end,
                is_header: false,
                unclosed: Some(open.crossed.unwrap_or(at)),
            };
        }
        open.read(next, end);
        end += next.len();
    }
    Statement {
        range: start..end,
        is_header: false,
        unclosed: open.crossed,
    }
}

/// The end of the line that begins at `start`, after its line feed.
pub(super) fn line_end(text: &str, start: usize) -> usize {
    text[start..]
        .find('\n')
        .map_or(text.len(), |at| start + at + 1)
}

/// Where a comment begins in a line, else its end without line end and spaces.
pub(super) fn content_end(line: &str) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return line[..at].trim_end().len(),
            (None, '"' | '\'') => quote = Some(c),
            (Some('"'), '\\') if !escaped => {
                escaped = true;
                continue;
            }
            (Some(open), _) if open == c && !escaped => quote = None,
            (_, _) => (),
        }
        escaped = false;
    }
    line.trim_end().len()
}

fn closes_later(rest: &str, quotes: Option<&'static str>) -> bool {
    quotes.is_some_and(|quotes| rest.matches(quotes).count() % 2 == 1)
}

fn begins_header(line: &str) -> bool {
    let inside = line.trim_start().trim_start_matches('[');
    let is_open = inside.len() < line.trim_start().len();
    // `["a", "b"]` and `[1, 2]` are lists in a list, not headers.
    is_open
        && inside
            .trim_start()
            .starts_with(|c: char| c.is_alphabetic() || c == ']')
        && !line[..content_end(line)].ends_with(',')
}

/// Whether a line can be nothing but a header, also where a list is open.
fn is_header(line: &str) -> bool {
    let name = line[..content_end(line)]
        .trim()
        .trim_matches(['[', ']', ' ']);
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_value = matches!(name, "true" | "false" | "inf" | "nan");
    begins_header(line) && !is_value && name.chars().all(is_word)
}

fn begins_pair(line: &str) -> bool {
    let Some((key, value)) = line.split_once('=') else {
        return false;
    };
    let key = key.trim();
    let is_key = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
    !key.is_empty() && key.chars().all(is_key) && !value.trim().is_empty()
}

/// What is open at the end of a line.
#[derive(Default)]
struct Open {
    brackets: Vec<(char, usize)>,
    text: Option<&'static str>,
    text_at: usize,
    /// The first bracket inside another that was closed before it.
    crossed: Option<usize>,
}

impl Open {
    fn first(&self) -> Option<usize> {
        let text = self.text.map(|_| self.text_at);
        self.brackets.first().map(|(_, at)| *at).or(text)
    }

    fn is_inline_table(&self) -> bool {
        self.brackets
            .last()
            .is_some_and(|(bracket, _)| *bracket == '{')
    }

    fn is_text(&self) -> bool {
        self.text.is_some()
    }

    /// Closes the last bracket of this kind, and what is open inside of it: `[{ a = 1 ]`.
    fn close(&mut self, bracket: char) {
        let same = self.brackets.iter().rposition(|(open, _)| *open == bracket);
        let Some(same) = same else {
            self.brackets.pop();
            return;
        };
        let inside = self.brackets.get(same + 1).map(|(_, at)| *at);
        self.crossed = self.crossed.or(inside);
        self.brackets.truncate(same);
    }

    /// Reads one line that begins at byte `offset`.
    fn read(&mut self, line: &str, offset: usize) {
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            let at = offset + line.len() - rest.len();
            if let Some(quotes) = self.text {
                let Some(end) = rest.find(quotes) else {
                    return;
                };
                self.text = None;
                rest = rest[end + quotes.len()..].trim_start_matches(&quotes[..1]);
                continue;
            }
            let quotes = ["\"\"\"", "'''"]
                .into_iter()
                .find(|quotes| rest.starts_with(quotes));
            if let Some(quotes) = quotes {
                (self.text, self.text_at) = (Some(quotes), at);
                rest = &rest[quotes.len()..];
                continue;
            }
            match c {
                '#' => return,
                '"' | '\'' => {
                    // A single quote that is not closed ends with its line: TOML says so, too.
                    rest = closing_quote(rest).map_or("", |end| &rest[end + 1..]);
                    continue;
                }
                '[' | '{' => self.brackets.push((c, at)),
                ']' => self.close('['),
                '}' => self.close('{'),
                _ => (),
            }
            rest = &rest[c.len_utf8()..];
        }
    }
}

/// Where the quote that `text` begins with is closed, in its first line.
pub(super) fn closing_quote(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return None,
            '\\' if quote == '"' && !escaped => escaped = true,
            _ if c == quote && !escaped => return Some(at),
            _ => escaped = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_over_many_lines_is_one_statement() {
        let text = "a = [\n  \"x\", # ]\n  [\"y\"],\n]\nb = 1\n";
        assert_eq!(
            cut(text),
            ["a = [\n  \"x\", # ]\n  [\"y\"],\n]\n", "b = 1\n"]
        );
    }

    #[test]
    fn an_unclosed_list_ends_where_the_next_key_or_table_begins() {
        for next in ["b = 1\n", "[[client]]\n"] {
            let text = format!("a = [\n  \"x\",\n{next}");
            let found = statements(&text);
            assert_eq!(found[0].range, 0.."a = [\n  \"x\",\n".len());
            assert_eq!(found[0].unclosed, Some(4));
            assert_eq!(found.len(), 2);
        }
    }

    #[test]
    fn a_bracket_that_another_closes_is_the_one_that_is_open() {
        for text in ["a = [{ b = 1 ]\nc = 1\n", "a = [{ b = 1 ],\nc = 1\n"] {
            let found = statements(text);
            assert_eq!(found[0].unclosed, Some(5), "{text}");
            assert_eq!(found.len(), 2);
        }
        assert_eq!(statements("a = [{ b = [1] }]\n")[0].unclosed, None);
    }

    #[test]
    fn a_header_inside_three_quotes_is_text() {
        let text = "a = \"\"\"\n[client]\nb = 1\n\"\"\"\nc = 1\n";
        assert_eq!(cut(text).len(), 2);
    }

    #[test]
    fn brackets_inside_quotes_and_comments_do_not_count() {
        assert_eq!(cut("a = \"[\" # [\nb = '{'\nc = \"\\\"[\"\n").len(), 3);
    }

    #[test]
    fn an_inline_table_may_hold_keys_on_lines_of_their_own() {
        assert_eq!(cut("a = {\n b = 1,\n c = 2\n}\nd = 1").len(), 2);
    }

    #[test]
    fn content_ends_before_a_comment_that_is_no_text() {
        assert_eq!(content_end("a = \"#\" # b\r\n"), 7);
        assert_eq!(content_end("a \r\n"), 1);
    }

    fn cut(text: &str) -> Vec<&str> {
        statements(text)
            .into_iter()
            .map(|found| &text[found.range])
            .collect()
    }
}
