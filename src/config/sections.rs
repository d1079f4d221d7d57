//! The tables of a file, sorted by what they are; what is no table of it is refused.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::quoted;
use super::keys::{FileKind, TableName};
use super::nearest::nearest_table;
use super::walk::{Section, Walk, either, homes};

pub(super) fn is_header(text: &str, span: &Range<usize>) -> bool {
    text[span.start..].starts_with('[')
}

/// The tables of the file, sorted by what they are.
#[derive(Default)]
pub(super) struct Sections<'t, 'i>(pub(super) Vec<Section<'t, 'i>>);

impl<'t, 'i> Sections<'t, 'i> {
    pub(super) fn of(&self, table: TableName) -> impl Iterator<Item = &Section<'t, 'i>> {
        self.0.iter().filter(move |section| section.table == table)
    }
}

/// Sorts the tables of the file, and refuses what is none.
pub(super) fn sections<'t, 'i>(walk: &mut Walk<'_, '_>, root: &'t DeTable<'i>) -> Sections<'t, 'i> {
    let mut sections = Sections::default();
    for (key, value) in root {
        let name = key.get_ref().as_ref();
        let mut tables = walk.page.kind().tables().iter().copied();
        let known = tables.find(|table| table.name() == name);
        if known.is_none() {
            unknown_table(walk, name, key.span(), value);
        }
        // A misspelt table is read as the one that is meant: its faults are found in this pass.
        let is_tables = value.get_ref().is_table() || is_list_of_tables(value);
        if let Some(table) =
            known.or_else(|| nearest_table(walk.page.kind(), name).filter(|_| is_tables))
        {
            of_table(walk, table, key.span(), value, &mut sections);
        }
    }
    sections.0.sort_by_key(|section| section.header.start);
    sections
}

fn is_list_of_tables(value: &Spanned<DeValue<'_>>) -> bool {
    let items = value.get_ref().as_array();
    items.is_some_and(|items| items.iter().all(|item| item.get_ref().is_table()))
}

fn of_table<'t, 'i>(
    walk: &mut Walk<'_, '_>,
    table: TableName,
    key: Range<usize>,
    value: &'t Spanned<DeValue<'i>>,
    sections: &mut Sections<'t, 'i>,
) {
    let mut add = |value: &'t Spanned<DeValue<'i>>| {
        if let Some(entries) = value.get_ref().as_table() {
            sections.0.push(Section {
                table,
                entries,
                header: value.span(),
            });
        }
    };
    match value.get_ref() {
        DeValue::Table(_) if !table.is_list() => add(value),
        DeValue::Array(items) if table.is_list() && is_list_of_tables(value) => {
            items.iter().for_each(add);
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => {
            let homes = homes(walk.page.kind(), table.name());
            let message = format!("{} is a table", table.header());
            let cure = if homes.is_empty() {
                format!(
                    "write `{}` on a line of its own, its keys below",
                    table.header()
                )
            } else {
                format!(
                    "the key `{}` belongs under {}",
                    table.name(),
                    homes.join(" or ")
                )
            };
            walk.fault(&key, table.name(), message, Some(cure));
        }
    }
}

fn unknown_table(
    walk: &mut Walk<'_, '_>,
    name: &str,
    key: Range<usize>,
    value: &Spanned<DeValue<'_>>,
) {
    let is_tables = value.get_ref().is_table() || is_list_of_tables(value);
    if !is_tables {
        let homes = homes(walk.page.kind(), name);
        let message = format!("the key {} stands outside of every table", quoted(name));
        let cure = if homes.is_empty() {
            match walk.page.kind() {
                FileKind::Show => "a show file begins with a table such as `[gateway]`",
                FileKind::Mapping => "a mapping file begins with the table `[mapping]`",
            }
            .to_owned()
        } else {
            format!("it belongs under {}", either(&homes))
        };
        walk.fault(&key, name, message, Some(cure));
        return;
    }
    let cure = match nearest_table(walk.page.kind(), name) {
        Some(table) => format!("did you mean `{}`?", table.header()),
        None if is_of_the_other_kind(walk.page.kind(), name) => match walk.page.kind() {
            FileKind::Show => "it belongs in a mapping file".to_owned(),
            FileKind::Mapping => "it belongs in the show file".to_owned(),
        },
        None => {
            let known = walk.page.kind().tables().iter().copied();
            let known: Vec<String> = known
                .filter(|table| *table != TableName::Listen)
                .map(TableName::header)
                .collect();
            format!("known are {}", known.join(", "))
        }
    };
    // Each header that has this name is wrong, not the first alone.
    let items = value.get_ref().as_array().into_iter().flatten();
    let tables = items.chain(value.get_ref().is_table().then_some(value));
    let mut places: Vec<_> = tables.map(Spanned::span).collect();
    places.retain(|span| is_header(&walk.text.text, span));
    if places.is_empty() {
        places.push(key);
    }
    for place in places {
        walk.fault(
            &place,
            name,
            format!("unknown table {}", quoted(name)),
            Some(cure.clone()),
        );
    }
}

fn is_of_the_other_kind(kind: FileKind, name: &str) -> bool {
    let other = match kind {
        FileKind::Show => FileKind::Mapping,
        FileKind::Mapping => FileKind::Show,
    };
    other.tables().iter().any(|table| table.name() == name)
}
