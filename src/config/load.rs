//! A show file's text in, a checked `Show` or every fault out.

use std::net::SocketAddr;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::entries;
use super::fault::{Fault, Page, quoted};
use super::keys::TableName;
use super::nearest::nearest_table;
use super::show::{
    Access, Clients, Gateway, Identity, Limits, LockTimes, Operators, Sessions, Show, Unreachable,
    Watch,
};
use super::sources;
use super::syntax;
use super::values;
use super::walk::{Section, Walk, homes, one_of};

/// This many lines with bytes that are no UTF-8 are reported; then the editor is to blame.
const ENCODING_FAULTS_MAX: usize = 10;

/// Tables that stand in mapping files.
const MAPPING_TABLES: [&str; 6] = ["mapping", "session", "serves", "map", "touch", "tell"];

/// Reads the text of a show file; `file_name` is what messages call it.
///
/// An empty text is a show of defaults.
///
/// # Errors
///
/// Every fault of the text, in the order of its lines.
///
/// ```
/// use oscgate::config::load_show;
///
/// let faults = load_show("show.toml", "[locks]\ntimeout = \"30\"\n").unwrap_err();
/// assert_eq!(faults[0].place(), "show.toml:2:11");
/// ```
pub fn load_show(file_name: &str, text: &str) -> Result<Show, Vec<Fault>> {
    load(file_name, text, &[], Vec::new())
}

/// Reads the bytes of a show file, which may not be UTF-8.
///
/// Where `listen` is not empty it takes the place of what the file says: the addresses that were
/// given on the command line.
///
/// # Errors
///
/// Every fault of the file, in the order of its lines.
pub fn load_show_bytes(
    file_name: &str,
    bytes: &[u8],
    listen: &[SocketAddr],
) -> Result<Show, Vec<Fault>> {
    let text = String::from_utf8_lossy(bytes);
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let page = Page::new(file_name, "");
        let cure = Some("save it again as UTF-8".to_owned());
        return Err(vec![page.fault(0..0, None, "this file is UTF-16", cure)]);
    }
    if bytes.contains(&0) {
        let page = Page::new(file_name, &text);
        let at = text
            .find('\0')
            .expect("a zero byte is a character of its own");
        return Err(vec![page.fault(
            at..at + 1,
            None,
            "this is not a text file",
            None,
        )]);
    }
    let faults = encoding_faults(file_name, &text, bytes);
    load(file_name, &text, listen, faults)
}

/// A fault for each line of `text` where `bytes` were not UTF-8.
fn encoding_faults(file_name: &str, text: &str, bytes: &[u8]) -> Vec<Fault> {
    if std::str::from_utf8(bytes).is_ok() {
        return Vec::new();
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let page = Page::new(file_name, text);
    let mut faults: Vec<Fault> = Vec::new();
    for (at, c) in text.match_indices('\u{fffd}') {
        if faults.last().is_some_and(|last| last.line == page.line(at)) {
            continue;
        }
        let cure = Some("save the file as UTF-8, or type this letter again".to_owned());
        faults.push(page.fault(at..at + c.len(), None, "this letter is not UTF-8", cure));
        if faults.len() == ENCODING_FAULTS_MAX {
            break;
        }
    }
    faults
}

fn load(
    file_name: &str,
    text: &str,
    listen: &[SocketAddr],
    encoding: Vec<Fault>,
) -> Result<Show, Vec<Fault>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let page = Page::new(file_name, text);
    let readable = syntax::readable(&page);
    let (root, _) = DeTable::parse_recoverable(&readable.text);
    let mut walk = Walk {
        page: &page,
        text: &readable,
        faults: encoding,
    };
    if let Some((key, value)) = root.get_ref().get_key_value("mapping")
        && value.get_ref().is_table()
    {
        let span = if is_header(&readable.text, &value.span()) {
            value.span()
        } else {
            key.span()
        };
        let message = "this is a mapping file, and mapping files are not in this version yet";
        let cure = Some("give a show file instead".to_owned());
        return Err(vec![page.fault(
            readable.written(&span),
            Some("mapping"),
            message,
            cure,
        )]);
    }
    walk.faults.extend(readable.faults.iter().cloned());
    let show = if readable.is_worth_checking {
        show(&mut walk, root.get_ref(), listen)
    } else {
        Show::default()
    };
    let mut faults = walk.faults;
    if faults.is_empty() {
        return Ok(show);
    }
    faults.sort_by_key(|fault| (fault.line, fault.column));
    Err(faults)
}

fn is_header(text: &str, span: &Range<usize>) -> bool {
    text[span.start..].starts_with('[')
}

/// The tables of the file, sorted by what they are.
#[derive(Default)]
struct Sections<'t, 'i>(Vec<Section<'t, 'i>>);

impl<'t, 'i> Sections<'t, 'i> {
    fn of(&self, table: TableName) -> impl Iterator<Item = &Section<'t, 'i>> {
        self.0.iter().filter(move |section| section.table == table)
    }
}

fn show(walk: &mut Walk<'_, '_>, root: &DeTable<'_>, listen: &[SocketAddr]) -> Show {
    let sections = sections(walk, root);
    let mut show = Show::default();
    for section in &sections.0 {
        if section.table == TableName::Listen {
            let message = "[[listen]] is not in this version yet";
            let cure = Some("take the whole table out".to_owned());
            walk.fault(&section.header.clone(), "listen", message, cure);
        } else {
            walk.known_keys(section);
        }
    }
    for section in sections.of(TableName::Gateway) {
        show.gateway = gateway(walk, section);
    }
    if !listen.is_empty() {
        show.gateway.listen = listen.to_vec();
        show.gateway.listen_is_explicit = true;
    }
    for section in sections.of(TableName::Access) {
        show.access = access(walk, section);
    }
    for section in sections.of(TableName::Locks) {
        show.locks = locks(walk, section);
    }
    for section in sections.of(TableName::Sessions) {
        show.sessions = sessions(walk, section);
    }
    for section in sections.of(TableName::Limits) {
        show.limits = limits(walk, section);
    }
    let clients: Vec<_> = sections.of(TableName::Client).collect();
    show.clients = entries::clients(walk, &clients, &show.gateway, &show.sessions);
    show.addresses = sections
        .of(TableName::Address)
        .filter_map(|section| entries::address(walk, section))
        .collect();
    show
}

/// Sorts the tables of the file, and refuses what is none.
fn sections<'t, 'i>(walk: &mut Walk<'_, '_>, root: &'t DeTable<'i>) -> Sections<'t, 'i> {
    let mut sections = Sections::default();
    for (key, value) in root {
        let name = key.get_ref().as_ref();
        let known = TableName::ALL
            .into_iter()
            .find(|table| table.name() == name);
        if known.is_none() {
            unknown_table(walk, name, key.span(), value);
        }
        // A misspelt table is read as the one that is meant: its faults are found in this pass.
        let is_tables = value.get_ref().is_table() || is_list_of_tables(value);
        if let Some(table) = known.or_else(|| nearest_table(name).filter(|_| is_tables)) {
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
            let homes = homes(table.name());
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
        let homes = homes(name);
        let message = format!("the key {} stands outside of every table", quoted(name));
        let cure = if homes.is_empty() {
            "a show file begins with a table such as `[gateway]`".to_owned()
        } else {
            format!("it belongs under {}", super::walk::either(&homes))
        };
        walk.fault(&key, name, message, Some(cure));
        return;
    }
    let cure = match nearest_table(name) {
        Some(table) => format!("did you mean `{}`?", table.header()),
        None if MAPPING_TABLES.contains(&name) => {
            "it belongs in a mapping file, and these are not in this version yet".to_owned()
        }
        None => {
            let known = TableName::ALL
                .into_iter()
                .filter(|table| *table != TableName::Listen);
            let known: Vec<String> = known.map(TableName::header).collect();
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

fn gateway(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) -> Gateway {
    let default = Gateway::default();
    walk.text(section, "http", |text| not_yet("http", text, "off"));
    let watch = [
        ("report", Watch::Report),
        ("apply", Watch::Apply),
        ("off", Watch::Off),
    ];
    let listen = walk.list(section, "listen", sources::listen);
    Gateway {
        name: walk
            .text(section, "name", values::plain_name)
            .unwrap_or(default.name),
        listen_is_explicit: listen.is_some(),
        listen: listen.map_or(default.listen, |listen| listening(walk, section, listen)),
        time_tags: entries::time_tags(walk, section).unwrap_or(default.time_tags),
        schedule_horizon: walk
            .text(section, "schedule_horizon", values::time)
            .unwrap_or(default.schedule_horizon),
        watch: walk
            .word(section, "watch", "word for `watch`", &watch)
            .unwrap_or(default.watch),
    }
}

/// A key of which this version knows one value only.
fn not_yet(key: &str, text: &str, only: &str) -> super::walk::Read<()> {
    if text == only {
        return Ok(());
    }
    let message = format!("`{key}` = {} is not in this version yet", quoted(text));
    Err(values::Trouble::new(
        message,
        format!("write \"{only}\", or take this line out"),
    ))
}

/// Refuses a list of no addresses, or with one of them twice.
fn listening(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    listen: Vec<(SocketAddr, Range<usize>)>,
) -> Vec<SocketAddr> {
    if let (true, Some(value)) = (listen.is_empty(), section.value("listen")) {
        let message = "the gateway would listen nowhere";
        walk.fault(
            &value.span(),
            "listen",
            message,
            Some("write [\"0.0.0.0:8900\"]".into()),
        );
    }
    for (index, (address, span)) in listen.iter().enumerate() {
        let is_twice = listen[..index].iter().any(|(other, _)| other == address);
        if is_twice && address.port() != 0 {
            let message = format!("{address} stands twice in `listen`");
            walk.fault(span, "listen", message, Some("take one of them out".into()));
        }
    }
    listen.into_iter().map(|(address, _)| address).collect()
}

fn access(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) -> Access {
    let default = Access::default();
    let allow = walk.list(section, "allow", sources::allow);
    if let (Some([]), Some(value)) = (allow.as_deref(), section.value("allow")) {
        let cure = "write [\"private\"], [\"any\"] or your subnets";
        walk.fault(
            &value.span(),
            "allow",
            "nobody would be served",
            Some(cure.into()),
        );
    }
    let clients = [("any", Clients::Any), ("listed", Clients::Listed)];
    let identity = [("endpoint", Identity::Endpoint), ("ip", Identity::Ip)];
    let operators = [("loopback", Operators::Loopback), ("none", Operators::None)];
    Access {
        allow: allow.map_or(default.allow, |allow| {
            allow.into_iter().map(|(one, _)| one).collect()
        }),
        clients: walk
            .word(section, "clients", "word for `clients`", &clients)
            .unwrap_or(default.clients),
        identity: walk
            .word(section, "identity", "word for `identity`", &identity)
            .unwrap_or(default.identity),
        operators: walk
            .word(section, "operators", "word for `operators`", &operators)
            .unwrap_or(default.operators),
    }
}

fn locks(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) -> LockTimes {
    let default = LockTimes::default();
    LockTimes {
        timeout: walk
            .text(section, "timeout", values::lock_time)
            .unwrap_or(default.timeout),
        denial_interval: walk
            .text(section, "denial_interval", values::time)
            .unwrap_or(default.denial_interval),
        settle: walk
            .text(section, "settle", values::time)
            .unwrap_or(default.settle),
        reflection: walk
            .text(section, "reflection", values::time_or_zero)
            .unwrap_or(default.reflection),
    }
}

fn sessions(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) -> Sessions {
    let default = Sessions::default();
    let unreachable = [("ignore", Unreachable::Ignore), ("ends", Unreachable::Ends)];
    Sessions {
        silence_timeout: walk
            .text(section, "silence_timeout", values::timeout)
            .unwrap_or(default.silence_timeout),
        idle_timeout: walk
            .text(section, "idle_timeout", values::timeout)
            .unwrap_or(default.idle_timeout),
        unreachable: walk
            .text(section, "unreachable", |text| {
                one_of("word for `unreachable`", text, &unreachable)
            })
            .unwrap_or(default.unreachable),
    }
}

fn limits(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) -> Limits {
    let default = Limits::default();
    let mut limit = |key: &str, default: u32| {
        let number = walk.integer(section, key, 1, i64::from(u32::MAX));
        number
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(default)
    };
    Limits {
        clients: limit("clients", default.clients),
        addresses: limit("addresses", default.addresses),
        addresses_per_client: limit("addresses_per_client", default.addresses_per_client),
        packets_per_second: limit("packets_per_second", default.packets_per_second),
        locks_per_client: limit("locks_per_client", default.locks_per_client),
        subscriptions_per_client: limit(
            "subscriptions_per_client",
            default.subscriptions_per_client,
        ),
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
