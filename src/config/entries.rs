//! The tables that a show file may hold many of: `[[client]]` and `[[address]]`.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::fault::quoted;
use super::mappings::Mappings;
use super::show::{
    AddressRule, ClientEntry, Echo, EventRule, Gateway, LockRule, Outside, ParameterAccess,
    Sessions, Source, TimeTags,
};
use super::sources;
use super::values;
use super::walk::{Section, Walk};
use crate::mapping::{Mapping, Reply};

/// How long a lock that was taken by writing outlives the last write, where no rule says it.
const HOLD_DEFAULT: Duration = Duration::from_secs(1);

/// More updates a second than anybody sends: what is above is a slip of the finger.
const RATE_MAX: i64 = 10_000;

/// Reads all `[[client]]` tables, and compares them with each other and with the gateway itself.
pub(super) fn clients(
    walk: &mut Walk<'_, '_>,
    sections: &[&Section<'_, '_>],
    (gateway, sessions): (&Gateway, &Sessions),
    mappings: &mut Mappings<'_>,
) -> Vec<ClientEntry> {
    let listen = &gateway.listen;
    let mut names: Vec<(String, Range<usize>)> = Vec::new();
    let mut sources: Vec<(Source, Range<usize>)> = Vec::new();
    let mut clients = Vec::new();
    for section in sections {
        let name = walk.text(section, "name", values::client_name);
        let source = walk.text(section, "source", sources::source);
        walk.missing(section, "name");
        if !section.entries.contains_key("connect") {
            walk.missing(section, "source");
        }
        if let (Some(name), Some(value)) = (&name, section.value("name")) {
            if let Some((_, first)) = names.iter().find(|(other, _)| other == name) {
                let message = format!(
                    "the name {} is taken by the client in line {}",
                    quoted(name),
                    walk.line(first)
                );
                walk.fault(
                    &value.span(),
                    "name",
                    message,
                    Some("give each client a name of its own".into()),
                );
            }
            names.push((name.clone(), value.span()));
        }
        if let (Some(source), Some(value)) = (source, section.value("source")) {
            if let Some((_, first)) = sources.iter().find(|(other, _)| *other == source) {
                let message = format!(
                    "the client in line {} has this source already",
                    walk.line(first)
                );
                let cure = "give each client a source of its own, or make one client of both";
                walk.fault(&value.span(), "source", message, Some(cure.into()));
            }
            own_source(walk, source, &value.span(), listen);
            sources.push((source, value.span()));
        }
        let reply_port = reply_port(walk, section, source, listen);
        let mapping = mappings.of_client(walk, section);
        fixed_port(walk, section, (mapping.as_deref(), reply_port, source));
        let entry = client(walk, section, (reply_port, mapping), (gateway, sessions));
        if let (Some(name), Some(source)) = (name, source) {
            clients.push(ClientEntry {
                name,
                source,
                ..entry
            });
        }
    }
    clients
}

/// Whether datagrams to `ip` arrive on this machine, as far as the file tells.
fn is_own(ip: IpAddr, listen: &[SocketAddr]) -> bool {
    ip.is_loopback() || ip.is_unspecified() || listen.iter().any(|address| address.ip() == ip)
}

fn has_port(listen: &[SocketAddr], port: u16) -> bool {
    listen.iter().any(|address| address.port() == port)
}

/// Refuses a source that is the gateway itself.
fn own_source(walk: &mut Walk<'_, '_>, source: Source, span: &Range<usize>, listen: &[SocketAddr]) {
    let Source::Endpoint(endpoint) = source else {
        return;
    };
    if is_own(endpoint.ip(), listen) && has_port(listen, endpoint.port()) {
        let message = format!(
            "{endpoint} is the gateway itself: it listens on port {}",
            endpoint.port()
        );
        let cure = "write the port that the client sends from, or its IP alone";
        walk.fault(span, "source", message, Some(cure.into()));
    }
}

/// `reply_port`, which must not make the gateway talk to itself.
fn reply_port(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    source: Option<Source>,
    listen: &[SocketAddr],
) -> Option<u16> {
    let port = walk.integer(section, "reply_port", 1, i64::from(u16::MAX))?;
    let port = u16::try_from(port).expect("it was read as a number up to u16::MAX");
    let is_own = match source? {
        Source::Endpoint(endpoint) => is_own(endpoint.ip(), listen),
        Source::Ip(ip) => is_own(ip, listen),
        Source::Subnet(subnet) => subnet.network.is_loopback(),
    };
    if let (true, Some(value)) = (
        is_own && has_port(listen, port),
        section.value("reply_port"),
    ) {
        let message = format!("port {port} on this machine is the gateway itself");
        let cure = "write the port that the client listens on";
        walk.fault(&value.span(), "reply_port", message, Some(cure.into()));
    }
    Some(port)
}

/// A device that listens on a port of its own is told nowhere if nobody says which.
fn fixed_port(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    (mapping, reply_port, source): (Option<&Mapping>, Option<u16>, Option<Source>),
) {
    let wants = mapping.is_some_and(|mapping| mapping.about.reply == Reply::Fixed);
    let has_port = reply_port.is_some() || matches!(source, Some(Source::Endpoint(_)));
    if let (true, false, Some(value)) = (wants, has_port, section.value("mapping")) {
        let message = "a device of this mapping listens on a port that only you know";
        let cure = "add `reply_port`, the port that is set in the device".to_owned();
        walk.fault(&value.span(), "mapping", message, Some(cure));
    }
}

/// Everything of a `[[client]]` but its name and source.
fn client(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    (reply_port, mapping): (Option<u16>, Option<Arc<Mapping>>),
    (gateway, sessions): (&Gateway, &Sessions),
) -> ClientEntry {
    let about = mapping.as_ref().map(|mapping| &mapping.about);
    let reply_port = reply_port.or(match about.map(|about| about.reply) {
        Some(Reply::Port(port)) => Some(port),
        Some(Reply::Source | Reply::Fixed) | None => None,
    });
    let priority = walk.integer(section, "priority", i32::MIN.into(), i32::MAX.into());
    ClientEntry {
        line: walk.line(&section.header),
        name: String::new(),
        source: Source::Ip(IpAddr::from([0, 0, 0, 0])),
        reply_port,
        priority: priority.map_or(0, |number| {
            i32::try_from(number).expect("it was read as a number within i32")
        }),
        operator: walk.flag(section, "operator"),
        follow: patterns(walk, section, "follow").unwrap_or_default(),
        sync: walk.flag(section, "sync").unwrap_or(false),
        write: patterns(walk, section, "write"),
        echo: echo(walk, section)
            .or(about.and_then(|about| about.echo))
            .unwrap_or_default(),
        snap_back: walk.flag(section, "snap_back").unwrap_or(true),
        status: walk.flag(section, "status").unwrap_or(true),
        time_tags: time_tags(walk, section).unwrap_or(gateway.time_tags),
        silence_timeout: walk
            .text(section, "silence_timeout", values::timeout)
            .or(about.and_then(|about| about.silence_timeout))
            .unwrap_or(sessions.silence_timeout),
        idle_timeout: walk
            .text(section, "idle_timeout", values::timeout)
            .or(about.and_then(|about| about.idle_timeout))
            .unwrap_or(sessions.idle_timeout),
        mapping,
    }
}

/// `echo`, of `[[client]]` and of `[mapping]`.
pub(super) fn echo(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) -> Option<Echo> {
    let words = [
        ("always", Echo::Always),
        ("changed", Echo::Changed),
        ("settled", Echo::Settled),
        ("never", Echo::Never),
    ];
    walk.word(section, "echo", "word for `echo`", &words)
}

/// `time_tags`, of `[gateway]` and of `[[client]]`.
pub(super) fn time_tags(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) -> Option<TimeTags> {
    let words = [
        ("arrival", TimeTags::Arrival),
        ("schedule", TimeTags::Schedule),
    ];
    walk.word(section, "time_tags", "word for `time_tags`", &words)
}

fn patterns(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>, key: &str) -> Option<Vec<String>> {
    let list = walk.list(section, key, values::pattern)?;
    Some(list.into_iter().map(|(pattern, _)| pattern).collect())
}

/// Reads one `[[address]]`; `None` where it has no pattern.
pub(super) fn address(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) -> Option<AddressRule> {
    let pattern = walk.text(section, "match", values::pattern);
    walk.missing(section, "match");
    let outside = [("clip", Outside::Clip), ("refuse", Outside::Refuse)];
    let lock = [
        ("explicit", LockRule::Explicit),
        ("write", LockRule::Write),
        ("required", LockRule::Required),
        ("never", LockRule::Never),
    ];
    let access = [
        ("read-write", ParameterAccess::ReadWrite),
        ("read-only", ParameterAccess::ReadOnly),
    ];
    let rate = walk.integer(section, "rate", 1, RATE_MAX);
    let text = |text: &str| Ok(text.to_owned());
    let rule = AddressRule {
        line: walk.line(&section.header),
        pattern: String::new(),
        args: walk.text(section, "args", values::type_tags),
        range: walk.range(section, "range"),
        outside: walk
            .word(section, "outside", "word for `outside`", &outside)
            .unwrap_or_default(),
        lock: walk
            .word(section, "lock", "lock rule", &lock)
            .unwrap_or_default(),
        lock_timeout: walk.text(section, "lock_timeout", values::lock_time),
        hold: walk
            .text(section, "hold", values::time)
            .unwrap_or(HOLD_DEFAULT),
        event: event(walk, section),
        access: walk
            .word(section, "access", "word for `access`", &access)
            .unwrap_or_default(),
        rate: rate.and_then(|rate| u32::try_from(rate).ok()),
        description: walk.text(section, "description", text),
        unit: walk.text(section, "unit", text),
    };
    let has_number = |args: &String| args.contains(['i', 'f', 'h', 'd']);
    let value = section.value("range");
    if let (Some(args), Some(_), Some(value)) = (&rule.args, rule.range, value)
        && !has_number(args)
    {
        let message = format!(
            "a range is for numbers, and there are none in `args` = {}",
            quoted(args)
        );
        walk.fault(
            &value.span(),
            "range",
            message,
            Some("take one of the two out".into()),
        );
    }
    pattern.map(|pattern| AddressRule { pattern, ..rule })
}

/// `event`: true, false or `"press"`.
fn event(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) -> EventRule {
    let is_text = section
        .value("event")
        .is_some_and(|value| value.get_ref().is_str());
    if is_text {
        // The words in quotes are taken as what they say only where no flag could be meant.
        let read = |text: &str| match text {
            "true" | "false" => {
                let message = format!("`event` = {} has quotes", quoted(text));
                Err(values::Trouble::new(
                    message,
                    format!("write {text}, without quotes"),
                ))
            }
            "press" => Ok(EventRule::Press),
            _ => {
                let message = format!("unknown word for `event` {}", quoted(text));
                Err(values::Trouble::new(
                    message,
                    "write true, false or \"press\"",
                ))
            }
        };
        return walk.text(section, "event", read).unwrap_or_default();
    }
    match walk.flag(section, "event") {
        Some(true) => EventRule::Yes,
        Some(false) | None => EventRule::No,
    }
}
