//! Tables made one text; then spoilt in one line, or anywhere.

use super::written::Table;
use crate::bytes::Bytes;

/// Where one key stands in a text.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    end: usize,
    key: &'static str,
}

/// A text, and where its keys are that stand on lines of their own.
pub(super) struct Text {
    pub(super) text: String,
    places: Vec<Place>,
    /// The headers, and the lines that they stand on, from 1.
    headers: Vec<(String, usize)>,
}

/// One line that was spoilt, from 1.
pub(super) struct Spoilt {
    pub(super) line: usize,
    /// No other line can be at fault.
    pub(super) alone: bool,
}

impl Text {
    pub(super) fn of(from: &mut Bytes<'_>, tables: &[Table]) -> Self {
        let mut this = Self {
            text: String::new(),
            places: Vec::new(),
            headers: Vec::new(),
        };
        let mut below = Vec::new();
        // Tables in braces come first: below a header they would be keys of that table.
        for table in tables {
            let is_short = !table.lines.iter().any(|(_, value)| value.contains('\n'));
            if is_short && !table.header.starts_with("[[") && from.one_in(4) {
                let name = table.header.trim_matches(['[', ']']);
                let lines: Vec<String> = table
                    .lines
                    .iter()
                    .map(|(key, value)| format!("{key} = {value}"))
                    .collect();
                this.text += &format!("{name} = {{ {} }}\n", lines.join(", "));
            } else {
                below.push(table);
            }
        }
        for table in below {
            this.text += from.one_of(&["", "\n", "# \"a remark\n", " \t\n"]);
            let line = this.text.matches('\n').count() + 1;
            this.headers.push((table.header.clone(), line));
            this.text += &table.header;
            this.text += from.one_of(&["\n", " # it's a header\n", "\n"]);
            for (key, value) in &table.lines {
                this.text += from.one_of(&["", "", "  ", "\t"]);
                let start = this.text.len();
                let equals = from.one_of(&[" = ", " = ", "=", "\t=  "]);
                let quote = if from.one_in(8) { "\"" } else { "" };
                this.text += &format!("{quote}{key}{quote}{equals}{value}");
                let end = this.text.len();
                this.places.push(Place { start, end, key });
                this.text += from.one_of(&["\n", "\n", "  \n", " # = [\"\n"]);
            }
        }
        if from.one_in(4) {
            let end = this.text.trim_end_matches('\n').len();
            this.text.truncate(end);
        }
        this
    }

    /// The lines on which a header stands, from 1.
    pub(super) fn lines_of<'a>(&'a self, header: &'a str) -> impl Iterator<Item = usize> + 'a {
        let same = move |(known, line): &(String, usize)| (known == header).then_some(*line);
        self.headers.iter().filter_map(same)
    }

    /// Puts something that is wrong in the place of one key and its value; `None`: there is none.
    pub(super) fn spoil(&mut self, from: &mut Bytes<'_>) -> Option<Spoilt> {
        if self.places.is_empty() {
            return None;
        }
        let place = self.places[from.below(256) % self.places.len()];
        let key = place.key;
        let written = self.text[place.start..place.end].to_owned();
        let mut line = self.text[..place.start].matches('\n').count() + 1;
        let choice = from.below(8);
        let spoilt = match choice {
            // No key takes a date.
            0 | 1 => format!("{key} = 1979-05-27"),
            2 => format!("{key}zzqx = 1"),
            3 => {
                line += written.matches('\n').count() + 1;
                format!("{written}\n{written}")
            }
            4 => format!("{key} = \"unclosed"),
            5 => format!("{key} ="),
            6 => format!("{key} = 1 2"),
            _ => format!("{key} = nope"),
        };
        // What stood behind the value is a remark, which a quote that is not closed would take in.
        let end = place.end
            + self.text[place.end..]
                .find('\n')
                .unwrap_or(self.text.len() - place.end);
        self.text.replace_range(place.start..end, &spoilt);
        Some(Spoilt {
            line,
            alone: choice < 2,
        })
    }
}

/// What a hand may type, or paste.
const PIECES: &[&str] = &[
    "\"",
    "'",
    "\"\"\"",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    "#",
    ",",
    ".",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "\\",
    "\u{201c}",
    "\u{feff}",
    "\u{202e}",
    "\u{1b}",
    "\0",
    "\u{7f}",
    "é",
    "名",
    "true",
    "True",
    "never",
    "1e400",
    "0x",
    "-",
    "_",
    "10s",
    "nan",
    "1979-05-27T07:32:00Z",
    "[gateway]\n",
    "[[client]]\n",
    "[client]\n",
    "[[gateway]]\n",
    "[mapping]\n",
    "[[listen]]\n",
    "[gateway.x]\n",
    "[locks",
    "nope]\n",
    "gateway.name = 1\n",
    "\"a\" = 1\n",
    "a.b.c = 1\n",
    "state_file = \"x\"\n",
    "name: x\n",
    "follow = [\n",
];

/// Changes a text in a few places, as a hand that slips does.
pub(super) fn slip(from: &mut Bytes<'_>, text: &mut String) {
    for _ in 0..=from.below(4) {
        let mut chars: Vec<char> = text.chars().collect();
        let at = (from.below(256) << 8 | from.below(256)) % (chars.len() + 1);
        let next = (at + 1).min(chars.len());
        match from.below(6) {
            0 => chars.truncate(at),
            1 | 2 => drop(chars.splice(at..at, from.one_of(PIECES).chars())),
            3 => {
                let end = (next + from.below(8)).min(chars.len());
                chars.drain(at..end);
            }
            4 => drop(chars.splice(at..next, from.one_of(PIECES).chars())),
            _ => {
                // A line again, elsewhere.
                let line = text.split_inclusive('\n').nth(from.below(64));
                chars.splice(at..at, line.unwrap_or_default().chars());
            }
        }
        *text = chars.into_iter().collect();
    }
}
