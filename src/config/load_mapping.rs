//! A mapping file's text in, a compiled `Mapping` or every fault out.

use std::ops::Range;

use toml::de::DeTable;

use super::entries::echo;
use super::fault::Fault;
use super::files::Files;
use super::keys::{FileKind, TableName};
use super::mapping_address::Context;
use super::mapping_control::{bank, tell, touch};
use super::mapping_line::map;
use super::mapping_values::{literal, number_of, plain_address};
use super::mappings::find;
use super::reading::read;
use super::sections::{Sections, sections};
use super::serving;
use super::values;
use super::walk::{Section, Walk};
use crate::limits::{MAPPING_BANKS_MAX, MAPPING_INCLUDES_MAX};
use crate::mapping::{About, Conflict, Draft, Mapping, Proof, Queries, Reply, Unmapped};
use crate::osc::Pattern;

/// Reads and compiles the bytes of a mapping file; `file_name` is what messages call it, `files`
/// are those beside it, which it may include.
///
/// # Errors
///
/// Every fault of the file, in the order of its lines; of a file that it includes, every fault of
/// that one.
///
/// ```
/// use oscgate::config::{Files, load_mapping};
///
/// let text = r#"
/// [mapping]
/// name = "Two faders"
///
/// [[map]]
/// device = "/1/fader{n:1..2}"
/// gateway = "/mixer/fader/{n}"
/// args = "f"
/// "#;
/// let mapping = load_mapping("two.toml", text.as_bytes(), Files::NONE).unwrap();
/// assert_eq!(mapping.address_counts(), (2, 2));
/// ```
pub fn load_mapping(
    file_name: &str,
    bytes: &[u8],
    files: Files<'_>,
) -> Result<Mapping, Vec<Fault>> {
    load_mapping_in(file_name, bytes, "", &mut Depth::new(files))
}

/// Whether a file is a mapping and not a show: it has a table `[mapping]`.
#[must_use]
pub fn is_mapping(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let (root, _) = DeTable::parse_recoverable(text);
    let root = root.get_ref();
    root.contains_key("mapping") || (root.contains_key("map") && !root.contains_key("gateway"))
}

/// The files that are being included.
pub(super) struct Depth<'f> {
    files: Files<'f>,
    open: Vec<String>,
    /// All that were read.
    pub(super) used: Vec<String>,
}

impl<'f> Depth<'f> {
    pub(super) fn new(files: Files<'f>) -> Self {
        Self {
            files,
            open: Vec::new(),
            used: Vec::new(),
        }
    }
}

/// Reads and compiles a mapping with `root` before its gateway addresses.
pub(super) fn load_mapping_in(
    file_name: &str,
    bytes: &[u8],
    root: &str,
    depth: &mut Depth<'_>,
) -> Result<Mapping, Vec<Fault>> {
    let mut included = Vec::new();
    depth.open.push(file_name.to_owned());
    let result = read(FileKind::Mapping, file_name, bytes, |walk, table| {
        let reading = Reading {
            file: file_name,
            root,
        };
        mapping(walk, table, &reading, depth, &mut included)
    });
    depth.open.pop();
    match result {
        Ok(Some(mapping)) if included.is_empty() => Ok(mapping),
        Ok(_) => Err(included),
        Err(mut faults) => {
            faults.extend(included);
            Err(faults)
        }
    }
}

struct Reading<'r> {
    file: &'r str,
    root: &'r str,
}

fn mapping(
    walk: &mut Walk<'_, '_>,
    root: &DeTable<'_>,
    reading: &Reading<'_>,
    depth: &mut Depth<'_>,
    included: &mut Vec<Fault>,
) -> Option<Mapping> {
    if let Some(fault) = not_a_mapping(walk, root) {
        walk.faults.push(fault);
        return None;
    }
    let sections = sections(walk, root);
    for section in &sections.0 {
        walk.known_keys(section);
    }
    let head = sections.of(TableName::Mapping).next();
    let none = DeTable::new();
    let no_head = Section {
        table: TableName::Mapping,
        entries: &none,
        header: 0..0,
    };
    let head = head.unwrap_or(&no_head);
    let base = include(walk, head, reading, depth, included);
    let include_span = head.value("include").map(toml::Spanned::span);
    let mut draft = base.unwrap_or_default();
    for line in &mut draft.lines {
        line.depth = line.depth.saturating_add(1);
    }
    let inherited = draft.lines.len();
    if sections.of(TableName::Mapping).next().is_some() {
        walk.missing(head, "name");
    } else if !root.contains_key("mapping") {
        let span = 0..walk.text.text.find('\n').unwrap_or(walk.text.text.len());
        let message = "this mapping file has no table [mapping]";
        let cure = "begin it with `[mapping]` and `name = \"My console\"`";
        walk.fault(&span, "mapping", message, Some(cure.to_owned()));
    }
    about(walk, head, reading, &mut draft);
    let prefix = walk.text(head, "prefix", prefix).unwrap_or_default();
    patterns(walk, head, &prefix, &mut draft);
    let spans = lines(walk, &sections, (&prefix, reading), &mut draft);
    if !walk.faults.is_empty() || !included.is_empty() {
        return None;
    }
    match Mapping::compile(draft) {
        Ok(mapping) => Some(mapping),
        Err(conflicts) => {
            for conflict in conflicts {
                let own = conflict.line.checked_sub(inherited);
                say(walk, own.map(|own| &spans[own]), &include_span, conflict);
            }
            None
        }
    }
}

/// The one fault of a show file that is given for a mapping.
fn not_a_mapping(walk: &Walk<'_, '_>, root: &DeTable<'_>) -> Option<Fault> {
    let has = |kind: FileKind| {
        let tables = kind.tables().iter();
        tables
            .filter_map(|table| root.get_key_value(table.name()))
            .filter(|(_, value)| value.get_ref().is_table() || value.get_ref().is_array())
            .min_by_key(|(key, _)| key.span().start)
    };
    let (key, value) = has(FileKind::Show)?;
    if has(FileKind::Mapping).is_some() {
        return None;
    }
    let first = value.get_ref().as_array().and_then(|items| items.first());
    let spans = [first.map_or(value.span(), toml::Spanned::span), key.span()];
    let [header, key] = spans;
    let is_header = super::sections::is_header(&walk.text.text, &header);
    let message = "this is a show file, and a mapping file is wanted here";
    let cure = "name a file that begins with [mapping]";
    let span = walk.text.written(if is_header { &header } else { &key });
    let fault = walk.page.fault(span, None, message, Some(cure.to_owned()));
    Some(fault)
}

/// Where a line and its keys stand.
pub(super) struct Spans {
    header: Range<usize>,
    keys: Vec<(String, Range<usize>)>,
}

impl Spans {
    fn of(section: &Section<'_, '_>) -> Self {
        let keys = section.entries.iter();
        Self {
            header: section.header.clone(),
            keys: keys
                .map(|(key, value)| (key.get_ref().to_string(), value.span()))
                .collect(),
        }
    }

    fn key(&self, name: &str) -> &Range<usize> {
        let of = |name: &str| self.keys.iter().find(|(key, _)| key == name);
        // What the gateway has is said by the device's types where it is not written.
        let found = of(name).or_else(|| of("args").filter(|_| name == "gateway_args"));
        found.map_or(&self.header, |(_, span)| span)
    }
}

fn say(
    walk: &mut Walk<'_, '_>,
    spans: Option<&Spans>,
    include: &Option<Range<usize>>,
    conflict: Conflict,
) {
    let start = 0..0;
    let span = match spans {
        Some(spans) => spans.key(conflict.key),
        None => include.as_ref().unwrap_or(&start),
    };
    walk.fault(
        &span.clone(),
        conflict.key,
        conflict.message,
        Some(conflict.cure),
    );
}

/// The lines of the file `include` names.
fn include(
    walk: &mut Walk<'_, '_>,
    head: &Section<'_, '_>,
    reading: &Reading<'_>,
    depth: &mut Depth<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Draft> {
    let files = depth.files;
    let (file, bytes) = walk.text(head, "include", |text| find(text, files))?;
    let span = head.value("include")?.span();
    let message = if depth.open.last() == Some(&file) {
        Some("this file would include itself".to_owned())
    } else if depth.open.contains(&file) {
        Some(format!(
            "{file} includes this file, so it cannot be included here"
        ))
    } else if depth.open.len() > MAPPING_INCLUDES_MAX {
        Some(format!(
            "files include files at most {MAPPING_INCLUDES_MAX} deep"
        ))
    } else {
        None
    };
    if let Some(message) = message {
        let cure = "take this line out".to_owned();
        walk.fault(&span, "include", message, Some(cure));
        return None;
    }
    if !depth.used.contains(&file) {
        depth.used.push(file.clone());
    }
    match load_mapping_in(&file, &bytes, reading.root, depth) {
        Ok(mapping) => Some(mapping.into_draft()),
        Err(found) => {
            faults.extend(found);
            None
        }
    }
}

fn about(
    walk: &mut Walk<'_, '_>,
    head: &Section<'_, '_>,
    reading: &Reading<'_>,
    draft: &mut Draft,
) {
    let base = std::mem::take(&mut draft.about);
    let proof = [
        ("hardware", Proof::Hardware),
        ("software", Proof::Software),
        ("emulator", Proof::Emulator),
        ("untested", Proof::Untested),
    ];
    let unmapped = [("pass", Unmapped::Pass), ("drop", Unmapped::Drop)];
    let port = walk.integer(head, "port", 1, i64::from(u16::MAX));
    draft.about = About {
        file: reading.file.to_owned(),
        root: reading.root.to_owned(),
        name: walk
            .text(head, "name", values::plain_name)
            .unwrap_or(base.name),
        version: walk
            .text(head, "version", |text| Ok(text.to_owned()))
            .unwrap_or(base.version),
        // What was verified is the file itself, and not what it includes.
        proof: walk
            .word(head, "proof", "word for `proof`", &proof)
            .unwrap_or_default(),
        port: port.and_then(|port| u16::try_from(port).ok()).or(base.port),
        reply: walk.text(head, "reply", reply).unwrap_or(base.reply),
        echo: echo(walk, head).or(base.echo),
        spacing: walk.text(head, "spacing", values::time).or(base.spacing),
        silence_timeout: walk
            .text(head, "silence_timeout", values::timeout)
            .or(base.silence_timeout),
        idle_timeout: walk
            .text(head, "idle_timeout", values::timeout)
            .or(base.idle_timeout),
        unmapped: walk
            .word(head, "unmapped", "word for `unmapped`", &unmapped)
            .unwrap_or(base.unmapped),
    };
    let bare = [("query", true), ("event", false)];
    let before = std::mem::take(&mut draft.queries);
    draft.queries = Queries {
        bare: walk
            .word(head, "bare_address", "word for `bare_address`", &bare)
            .unwrap_or(before.bare),
        suffix: walk
            .text(head, "query_suffix", query_suffix)
            .or(before.suffix),
        argument: literal(walk, head, "query_argument").or(before.argument),
    };
}

/// `deny` and `ignore`: patterns of the device's addresses, behind the prefix of all of them.
fn patterns(walk: &mut Walk<'_, '_>, head: &Section<'_, '_>, prefix: &str, draft: &mut Draft) {
    for (key, list) in [("deny", &mut draft.deny), ("ignore", &mut draft.ignore)] {
        let patterns = walk.list(head, key, |text| {
            let pattern = values::pattern(text)?;
            // Together they may be longer than a pattern may be.
            values::pattern(&format!("{prefix}{pattern}"))
        });
        for (pattern, _) in patterns.unwrap_or_default() {
            list.push(Pattern::compile(&pattern).expect("it was read as a pattern"));
        }
    }
}

/// `query_suffix`: what makes a question of an address.
fn query_suffix(text: &str) -> super::walk::Read<String> {
    if text.is_empty() {
        let message = "an empty `query_suffix` would make a question of every message";
        let cure = "write it like \"/?\", or take this line out";
        return Err(values::Trouble::new(message, cure));
    }
    Ok(text.to_owned())
}

/// `reply`: `"source"`, `"fixed"` or `"port 53001"`.
fn reply(text: &str) -> super::walk::Read<Reply> {
    let port = text
        .strip_prefix("port ")
        .map(str::trim)
        .and_then(number_of);
    if let Some(port) = port.and_then(|port| u16::try_from(port).ok())
        && port > 0
    {
        return Ok(Reply::Port(port));
    }
    super::walk::one_of(
        "word for `reply`",
        text,
        &[
            ("source", Reply::Source),
            ("fixed", Reply::Fixed),
            ("port 53001", Reply::Port(53_001)),
        ],
    )
}

/// `prefix`: what stands before every address of the device.
fn prefix(text: &str) -> super::walk::Read<String> {
    plain_address(text, "before an address of the device", "/gma3")
}

/// Reads all tables but `[mapping]`, and adds their lines to the draft.
fn lines(
    walk: &mut Walk<'_, '_>,
    sections: &Sections<'_, '_>,
    (prefix, reading): (&str, &Reading<'_>),
    draft: &mut Draft,
) -> Vec<Spans> {
    let mut spans = Vec::new();
    let context = |draft: &Draft| Context {
        file: reading.file.to_owned(),
        root: reading.root.to_owned(),
        prefix: prefix.to_owned(),
        banks: draft.banks.clone(),
    };
    for section in sections.of(TableName::Session) {
        serving::session(walk, section);
    }
    let mut found = Vec::new();
    for section in sections.of(TableName::Bank) {
        let at = context(draft);
        if draft.banks.len() >= MAPPING_BANKS_MAX {
            let message = format!("a mapping has at most {MAPPING_BANKS_MAX} banks");
            walk.fault(&section.header.clone(), "bank", message, None);
            break;
        }
        if let Some((one, line)) = bank(walk, section, &at) {
            draft.banks.push(one);
            found.push((line, Spans::of(section)));
        }
    }
    let context = context(draft);
    for section in sections.of(TableName::Serves) {
        for (line, header) in serving::serves(walk, section, &context) {
            let keys = Vec::new();
            found.push((line, Spans { header, keys }));
        }
    }
    for section in &sections.0 {
        let line = if section.table == TableName::Map {
            map(walk, section, &context)
        } else if section.table == TableName::Touch {
            touch(walk, section, &context)
        } else if section.table == TableName::Tell {
            tell(walk, section, &context)
        } else {
            None
        };
        found.extend(line.map(|line| (line, Spans::of(section))));
    }
    for (line, at) in found {
        draft.lines.push(line);
        spans.push(at);
    }
    spans
}

#[cfg(test)]
#[path = "mapping_tests.rs"]
mod tests;
