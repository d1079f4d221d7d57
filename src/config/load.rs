//! A show file's text in, a checked `Show` or every fault out.

use std::net::SocketAddr;
use std::ops::Range;

use toml::de::DeTable;

use super::entries;
use super::fault::Fault;
use super::files::Files;
use super::keys::{FileKind, TableName};
use super::mappings::Mappings;
use super::reading::read;
use super::sections::{is_header, sections};
use super::show::{
    Access, Clients, Gateway, Identity, Limits, LockTimes, Operators, Sessions, Show, Unreachable,
    Watch,
};
use super::sources;
use super::values;
use super::walk::{Section, Walk, one_of};

/// Reads the text of a show file; `file_name` is what messages call it.
///
/// An empty text is a show of defaults. Mappings that it names are those that are built in.
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
    load_show_bytes(file_name, text.as_bytes(), &[], Files::NONE)
}

/// Reads the bytes of a show file, which may not be UTF-8.
///
/// Where `listen` is not empty it takes the place of what the file says: the addresses that were
/// given on the command line. `files` are those beside it, where it looks for mappings first.
///
/// # Errors
///
/// Every fault of the file, in the order of its lines; then every fault of the mapping files that
/// it names, each file once.
pub fn load_show_bytes(
    file_name: &str,
    bytes: &[u8],
    listen: &[SocketAddr],
    files: Files<'_>,
) -> Result<Show, Vec<Fault>> {
    let mut mappings = Mappings::new(files);
    let result = read(FileKind::Show, file_name, bytes, |walk, root| {
        if let Some(fault) = not_a_show(walk, root) {
            walk.faults = vec![fault];
            return Show::default();
        }
        show(walk, root, listen, &mut mappings)
    });
    let (used, of_mappings) = mappings.finish();
    match result {
        Ok(mut show) if of_mappings.is_empty() => {
            show.files = used;
            Ok(show)
        }
        Ok(_) => Err(of_mappings),
        Err(mut faults) => {
            faults.extend(of_mappings);
            Err(faults)
        }
    }
}

/// The one fault of a mapping file that is given for a show.
fn not_a_show(walk: &Walk<'_, '_>, root: &DeTable<'_>) -> Option<Fault> {
    let (key, value) = root.get_key_value("mapping")?;
    if !value.get_ref().is_table() {
        return None;
    }
    let span = if is_header(&walk.text.text, &value.span()) {
        value.span()
    } else {
        key.span()
    };
    let message = "this is a mapping file, and a show file is wanted here";
    let cure = "give the show file; it names its mappings in its [[client]] tables";
    let written = walk.text.written(&span);
    let fault = walk
        .page
        .fault(written, Some("mapping"), message, Some(cure.to_owned()));
    Some(fault)
}

fn show(
    walk: &mut Walk<'_, '_>,
    root: &DeTable<'_>,
    listen: &[SocketAddr],
    mappings: &mut Mappings<'_>,
) -> Show {
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
    show.clients = entries::clients(walk, &clients, (&show.gateway, &show.sessions), mappings);
    show.addresses = sections
        .of(TableName::Address)
        .filter_map(|section| entries::address(walk, section))
        .collect();
    show
}

fn gateway(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) -> Gateway {
    let default = Gateway::default();
    let watch = [
        ("report", Watch::Report),
        ("apply", Watch::Apply),
        ("off", Watch::Off),
    ];
    let listen = walk.list(section, "listen", sources::listen);
    let http = walk.text(section, "http", sources::http);
    Gateway {
        name: walk
            .text(section, "name", values::plain_name)
            .unwrap_or(default.name),
        listen_is_explicit: listen.is_some(),
        http: http.unwrap_or(default.http),
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
        origins: walk
            .list(section, "origins", sources::origin)
            .map_or(default.origins, |origins| {
                origins.into_iter().map(|(one, _)| one).collect()
            }),
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
