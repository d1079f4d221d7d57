//! The house rules that no lint knows: layers, front pages, names, and where the dangerous words
//! may stand. Each fault names its file and line, and says what to do.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// A room: a folder under `src`, or a file there.
struct Room {
    name: &'static str,
    /// It imports from rooms of lower rows only: never from its own row, never from a higher one.
    row: u8,
    /// The packages it may name, beside those that everybody may.
    packages: &'static [&'static str],
}

const fn room(name: &'static str, row: u8, packages: &'static [&'static str]) -> Room {
    Room {
        name,
        row,
        packages,
    }
}

/// The layers. README.md shows the same table to people.
const ROOMS: &[Room] = &[
    room("limits", 0, &[]),
    room("time", 0, &[]),
    room("osc", 1, &["rosc"]),
    room("mapping", 2, &["hashbrown"]),
    room("config", 3, &["serde", "strsim", "toml"]),
    room("gateway", 4, &["hashbrown"]),
    // The I/O line: what is above builds with --no-default-features, what is below waits.
    room("net", 6, &["if_addrs", "libc", "socket2", "tokio"]),
    room(
        "http",
        7,
        &[
            "axum",
            "futures_util",
            "hyper",
            "hyper_util",
            "rustix",
            "tokio",
            "tower",
            "tungstenite",
        ],
    ),
    room(
        "driver",
        8,
        &["hashbrown", "notify", "rustix", "tokio", "tracing"],
    ),
    room("client", 9, &["serde_json", "tokio"]),
    room("web", 9, &["axum"]),
    room("cli", 10, EVERYTHING),
    room("main", 11, EVERYTHING),
];

/// In place of a list: whatever Cargo.toml has.
const EVERYTHING: &[&str] = &["*"];

/// The packages that any room may name.
const FOR_ALL: &[&str] = &["thiserror"];

/// Packages that stand in one file of their room only.
const IN_ONE_FILE: &[(&str, &str)] = &[("libc", "net/mmsg.rs")];

/// The one file with `unsafe` in it.
const UNSAFE_FILE: &str = "net/mmsg.rs";

/// The one file that reads the clock for the gateway.
const CLOCK_FILE: &str = "driver/clock.rs";

/// The rooms that are not the gateway itself. The programs that talk to one may ask tokio's clock how
/// long to wait for an answer, and the wall clock for numbers that outlive them; HTTP may ask how
/// long the far end of a connection has been silent.
const CALLERS: &[&str] = &["client", "cli", "http"];

/// Lines of a file without its tests.
const FILE_LINES_MAX: usize = 500;

/// Names that say nothing about what is inside; their plurals neither.
const EMPTY_NAMES: &[&str] = &[
    "util",
    "common",
    "helper",
    "manager",
    "service",
    "processor",
    "data",
    "info",
];

#[test]
fn rooms_import_only_from_the_rows_above_their_own() {
    let mut faults = Vec::new();
    for file in Source::all() {
        let Some(own) = file.room() else { continue };
        for (line, code) in file.code.lines().enumerate() {
            for name in rooms_named(&file.code, code, line) {
                let fault = match ROOMS.iter().find(|room| room.name == name) {
                    _ if name == own.name => continue,
                    Some(other) if other.row < own.row => continue,
                    Some(other) if other.row == own.row => format!(
                        "`{}` imports `{name}`, which stands beside it in row {}: move what both \
                         need into a row above",
                        own.name, own.row
                    ),
                    Some(other) => format!(
                        "`{}` (row {}) imports `{name}` (row {}), which stands below it: let \
                         `{name}` hand it in, or move it up",
                        own.name, own.row, other.row
                    ),
                    None => continue,
                };
                faults.push(file.fault(line, fault));
            }
        }
        // Modules inside a file are one step further from the root; they end where their `}` stands.
        let mut inside: Vec<String> = Vec::new();
        for (line, code) in file.shipped().enumerate() {
            let indent = &code[..code.len() - code.trim_start().len()];
            if inside.last().is_some_and(|end| code == end) {
                inside.pop();
            }
            if longest_climb(code) >= file.depth() + inside.len() {
                let cure = "climbs out of its room by `super::`: write `crate::ROOM`, so that the \
                            layers can be seen";
                faults.push(file.fault(line, cure));
            }
            if words(code).any(|(_, word)| word == "mod") && code.ends_with('{') {
                inside.push(format!("{indent}}}"));
            }
        }
    }
    report(&faults);
}

#[test]
fn every_room_has_its_row() {
    let mut faults = Vec::new();
    for file in Source::all() {
        if file.room().is_none() && file.path != "lib.rs" {
            let cure = "belongs to no room that is known: give it a row in ROOMS of tests/tidy.rs \
                        and in README.md, or move it into the room it serves";
            faults.push(file.fault(0, cure));
        }
    }
    let lib = Source::read("lib.rs");
    let mut last = 0;
    for (line, code) in lib.code.lines().enumerate() {
        let Some(name) = code
            .trim()
            .strip_prefix("pub mod ")
            .and_then(|rest| rest.strip_suffix(';'))
        else {
            continue;
        };
        let row = ROOMS.iter().find(|room| room.name == name).map(|r| r.row);
        if let Some(row) = row {
            if row < last {
                let cure = format!("`{name}` stands after a room of a row below it: move it up");
                faults.push(lib.fault(line, cure));
            }
            last = row;
        }
    }
    report(&faults);
}

#[test]
fn rooms_name_only_their_own_packages() {
    let packages = packages();
    let mut faults = Vec::new();
    for file in Source::all() {
        let Some(room) = file.room() else { continue };
        for (line, code) in file.shipped().enumerate() {
            for package in packages.iter().filter(|package| names_path(code, package)) {
                let package = package.as_str();
                let may = room.packages == EVERYTHING
                    || room.packages.contains(&package)
                    || FOR_ALL.contains(&package);
                if !may {
                    let cure = format!(
                        "`{}` names the package `{package}`: leave it to a room that may ({}), or \
                         allow it in ROOMS of tests/tidy.rs, with a reason",
                        room.name,
                        rooms_with(package)
                    );
                    faults.push(file.fault(line, cure));
                }
                if let Some((_, home)) = IN_ONE_FILE.iter().find(|(name, _)| *name == package)
                    && file.path != *home
                {
                    let cure = format!("`{package}` may stand in src/{home} only: move this there");
                    faults.push(file.fault(line, cure));
                }
            }
        }
    }
    report(&faults);
}

#[test]
fn every_file_begins_by_saying_what_it_is_for() {
    let mut faults = Vec::new();
    for file in Source::all() {
        let first = file.text.lines().next().unwrap_or("");
        if !first.starts_with("//! ") {
            let cure = "the first line is no `//! …`: say in one sentence what the file is for";
            faults.push(file.fault(0, cure));
        }
    }
    report(&faults);
}

#[test]
fn no_file_is_two_things() {
    let mut faults = Vec::new();
    for file in Source::all() {
        let lines = file.shipped().count();
        if lines > FILE_LINES_MAX {
            let cure = format!(
                "{lines} lines without its tests, {FILE_LINES_MAX} at most: find the seam, it is \
                 two things"
            );
            faults.push(file.fault(FILE_LINES_MAX, cure));
        }
    }
    report(&faults);
}

#[test]
fn names_say_what_is_inside() {
    let mut faults = Vec::new();
    for file in Source::all() {
        let parts = file.path.trim_end_matches(".rs").split(['/', '_']);
        for part in parts.map(|part| part.strip_suffix('s').unwrap_or(part)) {
            if EMPTY_NAMES.contains(&part) {
                let cure = format!(
                    "`{part}` could hold anything: name it after the one thing that is inside"
                );
                faults.push(file.fault(0, cure));
            }
        }
    }
    report(&faults);
}

#[test]
fn unsafe_stands_in_one_file() {
    let cure = format!("`unsafe` may stand in src/{UNSAFE_FILE} only: call it from here");
    let mut faults = Vec::new();
    for file in Source::all().filter(|file| file.path != UNSAFE_FILE) {
        let lines = file.code.lines().enumerate();
        let found = lines.filter(|(_, code)| words(code).any(|(_, word)| word == "unsafe"));
        faults.extend(found.map(|(line, _)| file.fault(line, &cure)));
    }
    report(&faults);
}

#[test]
fn time_is_an_argument() {
    let mut faults = Vec::new();
    for file in Source::all().filter(|file| file.path != CLOCK_FILE) {
        let calls = file
            .room()
            .is_some_and(|room| CALLERS.contains(&room.name) && !file.imports_std_instant());
        for (line, code) in file.shipped().enumerate() {
            if !calls
                && ["Instant::now", "SystemTime::now"]
                    .iter()
                    .any(|now| code.contains(now))
            {
                let cure = format!(
                    "reads the clock, as src/{CLOCK_FILE} alone may: take `now` as an argument \
                     (in {} ask tokio::time::Instant)",
                    CALLERS.join(" and ")
                );
                faults.push(file.fault(line, cure));
            }
        }
    }
    report(&faults);
}

#[test]
fn nothing_is_unwrapped_outside_tests() {
    let cure = "`unwrap()`: write `expect(\"why it holds\")`, or answer the case";
    let mut faults = Vec::new();
    for file in Source::all() {
        let found = file.shipped().enumerate();
        let found = found.filter(|(_, code)| code.contains(".unwrap()"));
        faults.extend(found.map(|(line, _)| file.fault(line, cure)));
    }
    report(&faults);
}

#[test]
fn the_readme_names_every_folder() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a README.md");
    let mut folders = Vec::new();
    for file in Source::all().filter(|file| file.kind == Kind::Shipped) {
        let folder = Path::new(&file.path).parent().expect("it is a file");
        let folder = folder.to_str().expect("plain names").to_owned();
        if !folder.is_empty() && !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    let is_named = |folder: &str| {
        let path = format!("src/{folder}");
        readme.match_indices(&path).any(|(at, _)| {
            let next = readme[at + path.len()..].chars().next();
            next.is_none_or(|c| !c.is_alphanumeric() && c != '_')
        })
    };
    let faults: Vec<_> = folders
        .iter()
        .filter(|folder| !is_named(folder))
        .map(|folder| Fault {
            path: "README.md".to_owned(),
            line: 1,
            cure: format!("says nothing of src/{folder}: add it to the table of layers"),
        })
        .collect();
    report(&faults);
}

/// What is wrong, and where.
struct Fault {
    path: String,
    line: usize,
    cure: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.cure)
    }
}

fn report(faults: &[Fault]) {
    let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert!(faults.is_empty(), "\n{}\n", lines.join("\n"));
}

/// Whether a file is part of the program.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Shipped,
    Test,
}

/// A file under `src`.
struct Source {
    /// Its path from `src`, with slashes.
    path: String,
    text: String,
    /// The text with comments and the insides of quotes blanked out, line for line.
    code: String,
    kind: Kind,
}

impl Source {
    /// All of them, in order.
    fn all() -> impl Iterator<Item = Self> {
        let mut paths = Vec::new();
        walk(&root().join("src"), "", &mut paths);
        let mut files: Vec<_> = paths.iter().map(|path| Self::read(path)).collect();
        let tests: Vec<_> = files.iter().flat_map(Self::test_modules).collect();
        for file in &mut files {
            let stem = file.path.trim_end_matches(".rs");
            let is_test = |test: &String| stem == test || stem.starts_with(&format!("{test}/"));
            if tests.iter().any(is_test) {
                file.kind = Kind::Test;
            }
        }
        files.into_iter()
    }

    fn read(path: &str) -> Self {
        let text = fs::read_to_string(root().join("src").join(path)).expect("a source file");
        Self {
            path: path.to_owned(),
            code: code_of(&text),
            text,
            kind: Kind::Shipped,
        }
    }

    fn fault(&self, line: usize, cure: impl Into<String>) -> Fault {
        Fault {
            path: format!("src/{}", self.path),
            line: line + 1,
            cure: cure.into(),
        }
    }

    fn room(&self) -> Option<&'static Room> {
        let first = self.path.split('/').next().expect("split gives one part");
        let name = first.trim_end_matches(".rs");
        ROOMS.iter().find(|room| room.name == name)
    }

    /// How many `super::` lead from its code to the root of the crate.
    fn depth(&self) -> usize {
        let stem = self.path.trim_end_matches(".rs").trim_end_matches("/mod");
        stem.split('/').count()
    }

    /// Its lines of code up to the tests at its foot; none of a file that is only tests.
    fn shipped(&self) -> impl Iterator<Item = &str> {
        let lines: Vec<_> = self.code.lines().collect();
        let is_foot = |at: &usize| {
            let mut after = lines[at + 1..].iter().filter(|l| !l.starts_with("#["));
            let item = after.next().unwrap_or(&"");
            lines[*at] == "#[cfg(test)]" && item.starts_with("mod ") && item.ends_with('{')
        };
        let foot = match self.kind {
            Kind::Test => 0,
            Kind::Shipped => (0..lines.len()).find(is_foot).unwrap_or(lines.len()),
        };
        lines.into_iter().take(foot)
    }

    /// The stems of the files that it declares as tests: `#[cfg(test)] mod tests;`.
    fn test_modules(&self) -> Vec<String> {
        let stem = self.path.trim_end_matches(".rs");
        let folder = Path::new(&self.path).parent().expect("it is a file");
        let folder = folder.to_str().expect("plain names");
        let inside = match stem.strip_suffix("/mod") {
            Some(room) => room,
            None if stem == "lib" || stem == "main" => "",
            None => stem,
        };
        let joined = |folder: &str, name: &str| match folder {
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        };
        let mut found = Vec::new();
        let lines: Vec<_> = self.text.lines().map(str::trim).collect();
        for (at, _) in lines
            .iter()
            .enumerate()
            .filter(|(_, l)| **l == "#[cfg(test)]")
        {
            let mut path = None;
            for line in &lines[at + 1..] {
                if let Some(quoted) = line.strip_prefix("#[path = \"") {
                    path = quoted.strip_suffix(".rs\"]");
                } else if !line.starts_with("#[") {
                    let name = line.strip_prefix("mod ").and_then(|l| l.strip_suffix(';'));
                    found.extend(name.map(|name| match path {
                        Some(path) => joined(folder, path),
                        None => joined(inside, name),
                    }));
                    break;
                }
            }
        }
        found
    }

    fn imports_std_instant(&self) -> bool {
        self.code.lines().any(|line| {
            line.contains("std::time::Instant")
                || (line.contains("std::time::{") && words(line).any(|(_, w)| w == "Instant"))
        })
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    let entries = fs::read_dir(folder).expect("a folder that can be read");
    let mut entries: Vec<_> = entries.map(|entry| entry.expect("an entry")).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().into_string().expect("plain names");
        if entry.path().is_dir() {
            walk(&entry.path(), &format!("{prefix}{name}/"), found);
        } else if name.ends_with(".rs") {
            found.push(format!("{prefix}{name}"));
        }
    }
}

/// The packages of Cargo.toml, as code names them.
fn packages() -> Vec<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("a Cargo.toml");
    let mut found = Vec::new();
    let mut is_dependencies = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_dependencies = line.ends_with("dependencies]");
        } else if is_dependencies && let Some((name, _)) = line.split_once('=') {
            found.push(name.trim().replace('-', "_"));
        }
    }
    found
}

fn rooms_with(package: &str) -> String {
    let rooms = ROOMS.iter().filter(|room| room.packages.contains(&package));
    let names: Vec<_> = rooms.map(|room| room.name).chain(["cli"]).collect();
    names.join(", ")
}

/// The rooms that a line of `code` names by `crate::`: one, or the first parts of a group in
/// braces that may go on for some lines.
fn rooms_named<'c>(whole: &'c str, code: &'c str, line: usize) -> Vec<&'c str> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if !rest.starts_with('{') {
            found.extend(words(rest).next().map(|(_, word)| word));
            continue;
        }
        let start: usize = whole.lines().take(line).map(|line| line.len() + 1).sum();
        let mut depth = 0;
        let mut is_first = true;
        let mut group = &whole[start + at + "crate::".len()..];
        while let Some(c) = group.chars().next() {
            let mut length = c.len_utf8();
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' => is_first = depth == 1,
                c if c.is_alphanumeric() || c == '_' => {
                    let word = words(group).next().map_or("", |(_, word)| word);
                    length = word.len();
                    if is_first {
                        found.push(word);
                    }
                    is_first = false;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
            group = &group[length..];
        }
    }
    found
}

/// How many `super::` stand in a row in a line, at most.
fn longest_climb(code: &str) -> usize {
    let mut longest = 0;
    for (at, _) in code.match_indices("super::") {
        let rest = &code[at..];
        let run = rest.len() - rest.trim_start_matches("super::").len();
        longest = longest.max(run / "super::".len());
    }
    longest
}

/// Whether a line has a path that begins with `package`.
fn names_path(code: &str, package: &str) -> bool {
    words(code).any(|(at, word)| {
        let rest = &code[at + word.len()..];
        let is_use = code[..at].trim_end().ends_with("use");
        word == package && !code[..at].ends_with("::") && (rest.starts_with("::") || is_use)
    })
}

/// The words of a line and where they begin.
fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + code[at..].find(is_part)?;
        let end = code[start..].find(|c| !is_part(c));
        at = end.map_or(code.len(), |end| start + end);
        Some((start, &code[start..at]))
    })
}

/// A text with its comments and the insides of its quotes blanked out; lines stay where they are.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let is_in_word = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let opaque = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment_bytes(rest)
        } else if c == '"' {
            1 + text_bytes(&rest[1..])
        } else if c == 'r' && !is_in_word {
            raw_text_bytes(rest)
        } else if c == '\'' {
            char_bytes(rest)
        } else {
            0
        };
        let (hidden, after) = rest.split_at(opaque);
        code.extend(hidden.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = after;
        if opaque == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    code
}

/// The length of the comment at the start; such comments nest.
fn comment_bytes(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of the text after its opening quote, closing quote included.
fn text_bytes(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !is_escaped => return at + 1,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

/// The length of the `r"…"` or `r#"…"#` at the start; 0 where there is none.
fn raw_text_bytes(text: &str) -> usize {
    let hashes = text[1..].chars().take_while(|c| *c == '#').count();
    let start = 1 + hashes;
    if !text[start..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let close = text[start + 1..].find(&end);
    close.map_or(text.len(), |at| start + 1 + at + end.len())
}

/// The length of the character literal at the start; 0 for a lifetime.
fn char_bytes(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((at, _))) => {
            let after = &text[at..];
            let skipped = after.chars().next().map_or(0, char::len_utf8);
            let close = after[skipped..].find('\'').unwrap_or(0);
            at + skipped + close + 1
        }
        (Some(_), Some((at, '\''))) => at + 1,
        (_, _) => 0,
    }
}

mod the_scanner {
    use super::*;

    #[test]
    fn sees_no_code_in_comments_and_quotes() {
        for text in [
            "// unsafe",
            "/* unsafe /* unsafe */ unsafe */",
            "\"\\\\\\\" unsafe\"",
            "r#\"\" unsafe\"#",
            "b\"unsafe\"",
            "'\\'' + \"unsafe\"",
        ] {
            let code = code_of(text);
            assert!(!code.contains("unsafe"), "{text} -> {code}");
            assert_eq!(code.chars().count(), text.chars().count());
        }
    }

    #[test]
    fn sees_code_between_them() {
        for text in [
            "fn f<'a>(x: &'a str) { unsafe {} }",
            "'\"'; unsafe {} \"",
            "'\\u{22}'; unsafe {} '\"'",
            "r\"\\\"; unsafe {}",
        ] {
            assert!(code_of(text).contains("unsafe"), "{text}");
        }
    }

    #[test]
    fn finds_rooms_alone_and_in_groups() {
        let named = |text: &'static str| rooms_named(text, text.lines().next().unwrap(), 0);
        assert_eq!(named("use crate::net::Socket;"), ["net"]);
        assert_eq!(
            named("use crate::{\n osc::{self, view},\n time::Instant, net\n};\nx, y"),
            ["osc", "time", "net"]
        );
        assert_eq!(named("pub(crate) fn f() {}"), [""; 0]);
    }

    #[test]
    fn finds_packages_but_not_modules_of_the_same_name() {
        assert!(names_path("use tokio::net::UdpSocket;", "tokio"));
        assert!(names_path("#[derive(serde::Deserialize)]", "serde"));
        assert!(names_path("use rosc;", "rosc"));
        assert!(!names_path("let toml = 1; my_toml::x()", "toml"));
        assert!(!names_path("crate::config::toml::x()", "toml"));
    }
}
