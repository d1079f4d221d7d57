//! The one way from TOML to values: every fault is collected with its place, and reading goes on.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Page, quoted};
use super::keys::{FileKind, TableName, Written};
use super::nearest::{nearest, nearest_key};
use super::syntax::Readable;
use super::values::Trouble;

/// What a value of a table is read as.
pub(super) type Read<T> = Result<T, Trouble>;

/// A table of the file, and where it begins.
pub(super) struct Section<'t, 'i> {
    pub(super) table: TableName,
    pub(super) entries: &'t DeTable<'i>,
    /// Its header line, or its first key where it has none.
    pub(super) header: Range<usize>,
}

impl<'t, 'i> Section<'t, 'i> {
    pub(super) fn value(&self, key: &str) -> Option<&'t Spanned<DeValue<'i>>> {
        debug_assert!(
            self.table.key(key).is_some(),
            "{key} is in the table of keys"
        );
        self.entries.get(key)
    }
}

/// Collects the faults of one file.
pub(super) struct Walk<'p, 'r> {
    pub(super) page: &'p Page<'p>,
    pub(super) text: &'r Readable,
    pub(super) faults: Vec<Fault>,
}

impl Walk<'_, '_> {
    /// Records a fault of `span` (in the readable text).
    pub(super) fn fault(
        &mut self,
        span: &Range<usize>,
        key: &str,
        message: impl Into<String>,
        cure: Option<String>,
    ) {
        let written = self.text.written(span);
        self.faults
            .push(self.page.fault(written, Some(key), message, cure));
    }

    fn trouble(&mut self, span: &Range<usize>, key: &str, trouble: Trouble) {
        self.fault(span, key, trouble.message, trouble.cure);
    }

    /// The line in which `span` begins.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.page.line(self.text.written(span).start)
    }

    /// Refuses the keys that the section's table does not have, or not yet.
    pub(super) fn known_keys(&mut self, section: &Section<'_, '_>) {
        for (key, _) in section.entries {
            let name = key.get_ref().as_ref();
            match section.table.key(name).map(|known| known.written) {
                Some(Written::Later) => {
                    let message = format!("`{name}` is not in this version yet");
                    self.fault(
                        &key.span(),
                        name,
                        message,
                        Some("take this line out".into()),
                    );
                }
                Some(Written::Default(_) | Written::Example(_)) => (),
                None => {
                    let cure = unknown_key_cure(section.table, name);
                    let message =
                        format!("unknown key {} in {}", quoted(name), section.table.header());
                    self.fault(&key.span(), name, message, Some(cure));
                }
            }
        }
    }

    /// Records that `key` must be given and is not, unless the line may be one that was unreadable.
    pub(super) fn missing(&mut self, section: &Section<'_, '_>, key: &str) {
        if section.entries.contains_key(key) || self.text.has_lost_lines(section.header.start) {
            return;
        }
        // A key that was misspelt has been reported as what it is.
        let misspelt = section.entries.keys().any(|other| {
            section.table.key(other.get_ref()).is_none()
                && nearest_key(section.table, other.get_ref()) == Some(key)
        });
        if misspelt {
            return;
        }
        let sample = section
            .table
            .key(key)
            .and_then(|key| key.sample())
            .unwrap_or("\"…\"");
        let message = format!("{} has no `{key}`", section.table.header());
        let cure = format!("add a line like `{key} = {sample}`");
        self.fault(&section.header.clone(), key, message, Some(cure));
    }

    /// A text, made a value by `read`.
    pub(super) fn text<T>(
        &mut self,
        section: &Section<'_, '_>,
        key: &str,
        read: impl Fn(&str) -> Read<T>,
    ) -> Option<T> {
        let value = section.value(key)?;
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(section, key, value);
            return None;
        };
        self.read(&value.span(), key, || read(text))
    }

    fn read<T>(&mut self, span: &Range<usize>, key: &str, read: impl Fn() -> Read<T>) -> Option<T> {
        match read() {
            Ok(value) => Some(value),
            Err(trouble) => {
                self.trouble(span, key, trouble);
                None
            }
        }
    }

    /// A list of texts, each made a value by `read`, with the place of each. A list with a fault
    /// in it is none.
    pub(super) fn list<T>(
        &mut self,
        section: &Section<'_, '_>,
        key: &str,
        read: impl Fn(&str) -> Read<T>,
    ) -> Option<Vec<(T, Range<usize>)>> {
        let value = section.value(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_type(section, key, value);
            return None;
        };
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            if let Some(text) = item.get_ref().as_str() {
                let read = self.read(&item.span(), key, || read(text));
                list.extend(read.map(|value| (value, item.span())));
            } else {
                let message = format!("`{key}` is a list of texts, and this is {}", kind(item));
                self.fault(&item.span(), key, message, Some("put it in quotes".into()));
            }
        }
        (list.len() == items.len()).then_some(list)
    }

    /// One of the words of an enum; `what` is what an unknown word is called.
    pub(super) fn word<T: Copy>(
        &mut self,
        section: &Section<'_, '_>,
        key: &str,
        what: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        self.text(section, key, |text| one_of(what, text, words))
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, section: &Section<'_, '_>, key: &str) -> Option<bool> {
        let value = section.value(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(section, key, value);
        }
        flag
    }

    /// A whole number from `least` to `most`.
    pub(super) fn integer(
        &mut self,
        section: &Section<'_, '_>,
        key: &str,
        least: i64,
        most: i64,
    ) -> Option<i64> {
        let value = section.value(key)?;
        let Some(integer) = value.get_ref().as_integer() else {
            self.wrong_type(section, key, value);
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            let message = format!("`{key}` cannot be {}", self.page_text(&value.span()));
            let cure = format!("write a number from {least} to {most}");
            self.fault(&value.span(), key, message, Some(cure));
        }
        number
    }

    /// Two numbers, the first not above the second.
    pub(super) fn range(&mut self, section: &Section<'_, '_>, key: &str) -> Option<(f64, f64)> {
        let value = section.value(key)?;
        let items: Vec<_> = value.get_ref().as_array().into_iter().flatten().collect();
        let [low_item, high_item] = items[..] else {
            let message = format!("`{key}` is the least and the greatest number");
            self.fault(
                &value.span(),
                key,
                message,
                Some("write it like [0.0, 1.0]".into()),
            );
            return None;
        };
        let (low, high) = match (number(low_item), number(high_item)) {
            (Some(low), Some(high)) => (low, high),
            (first, _) => {
                let wrong = if first.is_none() { low_item } else { high_item };
                let message = format!("{} is no number for a range", self.page_text(&wrong.span()));
                let cure = Some("write plain numbers like [0.0, 1.0]".into());
                self.fault(&wrong.span(), key, message, cure);
                return None;
            }
        };
        if low > high {
            let (low, high) = (low_item.span(), high_item.span());
            let (low, high) = (self.page_text(&low), self.page_text(&high));
            let message = format!("the least number, {low}, is above the greatest, {high}");
            let cure = format!("write [{high}, {low}]");
            self.fault(&value.span(), key, message, Some(cure));
            return None;
        }
        Some((low, high))
    }

    /// The bytes of `span` as a message repeats them.
    fn page_text(&self, span: &Range<usize>) -> String {
        let text = self.text.text.get(span.clone()).unwrap_or_default();
        let text = quoted(text);
        text.strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .unwrap_or(&text)
            .to_owned()
    }

    /// Records that a value is of another type than its key wants.
    pub(super) fn wrong_type(
        &mut self,
        section: &Section<'_, '_>,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) {
        let sample = section
            .table
            .key(key)
            .and_then(|key| key.sample())
            .unwrap_or("\"…\"");
        let text = self.page_text(&value.span());
        let bare = value.get_ref().as_str().unwrap_or(&text);
        let (wanted, cure) = if sample.starts_with('[') && value.get_ref().is_table() {
            ("a list", format!("write `{key} = {sample}`"))
        } else if sample.starts_with('[') {
            ("a list", format!("put it in brackets: [{text}]"))
        } else if sample.starts_with('{') {
            ("a table", format!("write `{key} = {sample}`"))
        } else if matches!(sample, "true" | "false") {
            let word = match bare.to_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => "write true, without quotes",
                "false" | "no" | "off" | "0" => "write false, without quotes",
                _ => "write true or false, without quotes",
            };
            ("true or false", word.to_owned())
        } else if !sample.starts_with('"') {
            let is_number = bare.replace('_', "").parse::<i64>().is_ok();
            let cure = if is_number {
                format!("write {bare}, without quotes")
            } else {
                format!("write it like {sample}")
            };
            let whole = if sample.contains('.') {
                "a number"
            } else {
                "a whole number"
            };
            (whole, cure)
        } else if sample.ends_with("s\"") && value.get_ref().is_integer() {
            (
                "a time in quotes",
                format!("write \"{text}s\" for seconds or \"{text}ms\" for milliseconds"),
            )
        } else {
            ("a text in quotes", format!("write it like {sample}"))
        };
        let message = format!("`{key}` is {wanted}, and this is {}", kind(value));
        self.fault(&value.span(), key, message, Some(cure));
    }
}

/// The word of `words` that `text` is.
pub(super) fn one_of<T: Copy>(what: &str, text: &str, words: &[(&str, T)]) -> Read<T> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let cure = match nearest(text, names.iter().copied()) {
        Some(word) => format!("did you mean \"{word}\"?"),
        None => {
            let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
            format!("write {}", either(&names))
        }
    };
    Err(Trouble {
        message: format!("unknown {what} {}", quoted(text)),
        cure: Some(cure),
    })
}

/// `a, b or c`.
pub(super) fn either(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A key that a table does not have: the one that is meant, the table it belongs in, or all.
fn unknown_key_cure(table: TableName, name: &str) -> String {
    if let Some(known) = nearest_key(table, name).filter(|_| homes(table.kind(), name).is_empty()) {
        return format!("did you mean `{known}`?");
    }
    let homes = homes(table.kind(), name);
    if !homes.is_empty() {
        return format!("it belongs in {}", either(&homes));
    }
    let other = match table.kind() {
        FileKind::Show => (FileKind::Mapping, "a mapping file"),
        FileKind::Mapping => (FileKind::Show, "the show file"),
    };
    let elsewhere = self::homes(other.0, name);
    if !elsewhere.is_empty() {
        return format!("it belongs in {} of {}", either(&elsewhere), other.1);
    }
    let known = table.keys().filter(|key| key.written != Written::Later);
    let known: Vec<&str> = known.map(|key| key.name).collect();
    format!("known there: {}", known.join(", "))
}

/// The headers of the tables that have a key of this name.
pub(super) fn homes(kind: FileKind, name: &str) -> Vec<String> {
    let has = |table: &TableName| {
        table
            .key(name)
            .is_some_and(|key| key.written != Written::Later)
    };
    let tables = kind.tables().iter().copied().filter(has);
    let mut headers: Vec<String> = tables.map(TableName::header).collect();
    if headers.is_empty() && kind == FileKind::Mapping {
        let inline = [
            TableName::Keepalive,
            TableName::Alive,
            TableName::FollowOn,
            TableName::Answer,
            TableName::Register,
        ];
        headers.extend(inline.into_iter().filter(has).map(TableName::header));
    }
    headers
}

fn number(value: &Spanned<DeValue<'_>>) -> Option<f64> {
    let value = value.get_ref();
    let number = if let Some(integer) = value.as_integer() {
        // An int of more than 53 bits is rounded as any program that reads a float would.
        i64::from_str_radix(integer.as_str(), integer.radix()).ok()? as f64
    } else {
        value.as_float()?.as_str().parse::<f64>().ok()?
    };
    number.is_finite().then_some(number)
}

/// What a technician calls the type of a value.
fn kind(value: &Spanned<DeValue<'_>>) -> &'static str {
    match value.get_ref() {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
