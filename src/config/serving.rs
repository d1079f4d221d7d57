//! `[serves]`, what clients of a dialect say to stay awake and to ask, and `[session]`, what a
//! device of that dialect is sent.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

use super::keys::TableName;
use super::mapping_address::{Context, Side, address_trouble};
use super::mapping_values::{sayings, template_fault};
use super::values;
use super::walk::{Read, Section, Walk};
use crate::mapping::{Captures, LINE_VALUES_MAX, Line, Piece, RawTemplate, Role, Service, Slot};

/// What an `answer` may fill in.
const ANSWERED: [(&str, Piece); 2] = [("ip", Piece::Ip), ("gateway", Piece::Gateway)];

/// One line for each message of `[serves]`.
pub(super) fn serves(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    context: &Context,
) -> Vec<(Line, Range<usize>)> {
    let mut lines = Vec::new();
    let place = |entry: &Section<'_, '_>| match entry.value("on") {
        Some(on) => on.span(),
        None => entry.header.clone(),
    };
    for entry in tables(walk, section, "follow", TableName::FollowOn) {
        walk.missing(&entry, "on");
        let lease = walk.text(&entry, "lease", values::time);
        let named = walk.flag(&entry, "named").unwrap_or(false);
        let service = Service::Follow { lease, named };
        let on = walk.text(&entry, "on", native);
        lines.extend(on.map(|on| (on, place(&entry), service)));
    }
    for entry in tables(walk, section, "answer", TableName::Answer) {
        walk.missing(&entry, "on");
        let on = walk.text(&entry, "on", native);
        let send = walk.text(&entry, "send", native);
        let args = sayings(walk, &entry, "args", &Captures::default(), &ANSWERED);
        lines.extend(on.map(|on| {
            let send = send.unwrap_or_else(|| on.clone());
            let send = format!("{}{send}", context.prefix);
            (on, place(&entry), Service::Answer { send, args })
        }));
    }
    for entry in tables(walk, section, "register", TableName::Register) {
        walk.missing(&entry, "on");
        walk.missing(&entry, "port");
        let on = walk.text(&entry, "on", native);
        let port = walk.integer(&entry, "port", 1, LINE_VALUES_MAX as i64);
        let port = port.and_then(|port| usize::try_from(port - 1).ok());
        let service = port.map(|port| Service::Register { port });
        lines.extend(
            on.zip(service)
                .map(|(on, service)| (on, place(&entry), service)),
        );
    }
    let words = [
        ("unfollow", Service::Unfollow),
        ("renew", Service::Renew),
        ("heartbeat", Service::Heartbeat),
        ("sync", Service::Sync),
    ];
    for (key, service) in words {
        let said = walk.list(section, key, native).unwrap_or_default();
        lines.extend(
            said.into_iter()
                .map(|(on, span)| (on, span, service.clone())),
        );
    }
    lines
        .into_iter()
        .filter_map(|(on, span, service)| {
            let line = line(walk, section, context, (&on, &span), service)?;
            Some((line, span))
        })
        .collect()
}

fn line(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    context: &Context,
    (on, span): (&str, &Range<usize>),
    service: Service,
) -> Option<Line> {
    let mut line = context.line(walk, section, Role::Service(service));
    line.origin.line = walk.line(span);
    let template = RawTemplate::parse(&format!("{}{on}", context.prefix)).and_then(|raw| {
        raw.declare(&mut line.captures)?;
        raw.resolve(&line.captures)
    });
    match template {
        Ok(template) => line.device = vec![template],
        Err(error) => {
            walk.fault(span, "serves", error.message, Some(error.cure));
            return None;
        }
    }
    line.text = on.to_owned();
    line.slots = Some(vec![Slot::Rest]);
    Some(line)
}

/// An address of the device: it may begin with no slash (the X32's `node`).
fn native(text: &str) -> Read<String> {
    if let Some(trouble) = address_trouble(text, Side::Device) {
        return Err(trouble);
    }
    match RawTemplate::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(values::Trouble::new(error.message, error.cure)),
    }
}

/// Checks what a device that the gateway calls is to be sent. It is kept in the file for the
/// gateway that calls.
pub(super) fn session(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) {
    for entry in tables(walk, section, "keepalive", TableName::Keepalive) {
        walk.missing(&entry, "send");
        walk.missing(&entry, "every");
        walk.text(&entry, "send", native);
        walk.text(&entry, "every", values::time);
    }
    if let Some(value) = section.value("alive") {
        if let Some(entry) = table(value, TableName::Alive) {
            walk.known_keys(&entry);
            walk.missing(&entry, "silence");
            walk.text(&entry, "ask", native);
            walk.text(&entry, "every", values::time);
            walk.text(&entry, "silence", values::timeout);
        } else {
            walk.wrong_type(section, "alive", value);
        }
    }
    let Some(value) = section.value("on_connect") else {
        return;
    };
    let items = value.get_ref().as_array().into_iter().flatten();
    let texts: Vec<_> = items.clone().collect();
    walk.list(section, "on_connect", |text| Ok(text.to_owned()));
    for item in texts {
        let parsed = item.get_ref().as_str().map(RawTemplate::parse);
        if let Some(Err(error)) = parsed {
            template_fault(walk, item, "on_connect", 0, error);
        }
    }
}

/// The tables in a list of tables.
fn tables<'t, 'i>(
    walk: &mut Walk<'_, '_>,
    section: &Section<'t, 'i>,
    key: &str,
    name: TableName,
) -> Vec<Section<'t, 'i>> {
    let Some(value) = section.value(key) else {
        return Vec::new();
    };
    let items = value.get_ref().as_array();
    let found: Option<Vec<_>> =
        items.and_then(|items| items.iter().map(|item| table(item, name)).collect());
    let Some(found) = found else {
        let message = format!("`{key}` is a list of tables");
        let sample = section.table.key(key).and_then(|key| key.sample());
        let cure = format!("write it like {}", sample.unwrap_or("[{ on = \"/ping\" }]"));
        walk.fault(&value.span(), key, message, Some(cure));
        return Vec::new();
    };
    for entry in &found {
        walk.known_keys(entry);
    }
    found
}

fn table<'t, 'i>(value: &'t Spanned<DeValue<'i>>, name: TableName) -> Option<Section<'t, 'i>> {
    value.get_ref().as_table().map(|entries| Section {
        table: name,
        entries,
        header: value.span(),
    })
}
