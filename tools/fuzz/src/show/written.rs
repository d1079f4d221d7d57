//! A show file written from decisions, beside the show that it means.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use oscgate::config::{
    Access, AddressRule, Allow, ClientEntry, Clients, Echo, EventRule, Gateway, Identity, Limits,
    LockRule, LockTimes, Operators, Origin, Outside, ParameterAccess, Sessions, Show, Source,
    Subnet, TimeTags, Unreachable, Watch, load_show,
};

use super::style;
use crate::bytes::Bytes;

/// A key: its name, and what sets it and says how it is written.
type Key<T> = (&'static str, fn(&mut Bytes<'_>, &mut T) -> String);

/// A client as far as it is written: what it leaves out may stand in `[sessions]`.
struct Client {
    entry: ClientEntry,
    has_time_tags: bool,
    has_silence_timeout: bool,
    has_idle_timeout: bool,
}

/// A table as written.
pub(super) struct Table {
    pub(super) header: String,
    /// Keys and values.
    pub(super) lines: Vec<(&'static str, String)>,
}

/// A show and the tables that mean it.
pub(super) struct Written {
    pub(super) show: Show,
    pub(super) tables: Vec<Table>,
}

impl Written {
    pub(super) fn new(from: &mut Bytes<'_>) -> Self {
        let mut show = Show::default();
        let mut tables = Vec::new();
        if from.one_in(2) {
            tables.push(table(from, "[gateway]", GATEWAY, &mut show.gateway));
        }
        if from.one_in(4) {
            tables.push(table(from, "[access]", ACCESS, &mut show.access));
        }
        if from.one_in(4) {
            tables.push(table(from, "[locks]", LOCKS, &mut show.locks));
        }
        if from.one_in(4) {
            tables.push(table(from, "[limits]", LIMITS, &mut show.limits));
        }
        let mut clients = Vec::new();
        for number in 0..from.below(3) as u8 {
            let (mut client, mut written) = new_client(from, number);
            let others = table(from, "", CLIENT, &mut client);
            written.lines.extend(others.lines);
            clients.push(client);
            tables.push(written);
        }
        if from.one_in(4) {
            tables.push(table(from, "[sessions]", SESSIONS, &mut show.sessions));
        }
        for client in clients {
            let mut entry = client.entry;
            if !client.has_time_tags {
                entry.time_tags = show.gateway.time_tags;
            }
            if !client.has_silence_timeout {
                entry.silence_timeout = show.sessions.silence_timeout;
            }
            if !client.has_idle_timeout {
                entry.idle_timeout = show.sessions.idle_timeout;
            }
            show.clients.push(entry);
        }
        for _ in 0..from.below(3) {
            let (mut rule, mut written) = new_rule(from);
            let others = table(from, "", ADDRESS, &mut rule);
            written.lines.extend(others.lines);
            show.addresses.push(rule);
            tables.push(written);
        }
        Self { show, tables }
    }
}

/// A table with some of its keys, in any order.
fn table<T>(from: &mut Bytes<'_>, header: &str, keys: &[Key<T>], value: &mut T) -> Table {
    let mut left = keys.to_vec();
    let mut lines = Vec::new();
    for _ in 0..from.below(keys.len().min(6) + 1) {
        let (name, set) = left.swap_remove(from.below(left.len()));
        lines.push((name, set(from, value)));
    }
    Table {
        header: header.to_owned(),
        lines,
    }
}

const GATEWAY: &[Key<Gateway>] = &[
    ("name", |from, gateway| {
        gateway.name = style::any_text(from);
        style::text(from, &gateway.name)
    }),
    ("listen", |from, gateway| {
        let all = [
            "0.0.0.0:8900",
            "[::]:8900",
            "127.0.0.1:0",
            "10.0.0.1:9001",
            "[fe80::1]:1",
        ];
        let (count, first) = (1 + from.below(all.len()), from.below(all.len()));
        let chosen: Vec<&str> = all.into_iter().cycle().skip(first).take(count).collect();
        gateway.listen = chosen.iter().map(|text| address(text)).collect();
        gateway.listen_is_explicit = true;
        let texts: Vec<String> = chosen.iter().map(|one| style::text(from, one)).collect();
        style::list(from, &texts)
    }),
    ("http", |from, gateway| {
        let text = from.one_of(&["off", "127.0.0.1:0", "[::]:80"]);
        gateway.http = (text != "off").then(|| address(text));
        style::text(from, text)
    }),
    ("time_tags", |from, gateway| {
        time_tags(from, &mut gateway.time_tags)
    }),
    ("schedule_horizon", |from, gateway| {
        set(style::time(from), &mut gateway.schedule_horizon)
    }),
    ("watch", |from, gateway| {
        let words = [
            ("report", Watch::Report),
            ("apply", Watch::Apply),
            ("off", Watch::Off),
        ];
        let (watch, written) = style::word(from, &words);
        gateway.watch = watch;
        written
    }),
];

const ACCESS: &[Key<Access>] = &[
    ("allow", |from, access| {
        let all = [
            ("private", Allow::Private),
            ("any", Allow::Any),
            ("10.0.0.0/8", Allow::Subnet(subnet([10, 0, 0, 0], 8))),
            ("192.168.1.7", Allow::Subnet(subnet([192, 168, 1, 7], 32))),
            (
                "::ffff:10.0.0.0/104",
                Allow::Subnet(subnet([10, 0, 0, 0], 8)),
            ),
            (
                "fd00::/8",
                Allow::Subnet(Subnet {
                    network: ip("fd00::"),
                    prefix: 8,
                }),
            ),
            ("0.0.0.0/0", Allow::Subnet(subnet([0; 4], 0))),
        ];
        access.allow.clear();
        let mut texts = Vec::new();
        for _ in 0..=from.below(3) {
            let (text, allow) = from.one_of(&all);
            access.allow.push(allow);
            texts.push(style::text(from, text));
        }
        style::list(from, &texts)
    }),
    ("clients", |from, access| {
        let (clients, written) =
            style::word(from, &[("any", Clients::Any), ("listed", Clients::Listed)]);
        access.clients = clients;
        written
    }),
    ("identity", |from, access| {
        let words = [("endpoint", Identity::Endpoint), ("ip", Identity::Ip)];
        let (identity, written) = style::word(from, &words);
        access.identity = identity;
        written
    }),
    ("operators", |from, access| {
        let words = [("loopback", Operators::Loopback), ("none", Operators::None)];
        let (operators, written) = style::word(from, &words);
        access.operators = operators;
        written
    }),
    ("origins", |from, access| {
        let one = |text: &str| Origin::One(text.to_owned());
        let all = [
            ("any", Origin::Any),
            ("null", one("null")),
            ("http://Panel.example:80/", one("http://panel.example")),
            (
                "https://panel.example:8443",
                one("https://panel.example:8443"),
            ),
            ("http://[fd00::1]:3000", one("http://[fd00::1]:3000")),
        ];
        let mut texts = Vec::new();
        for _ in 0..from.below(3) {
            let (text, origin) = &all[from.below(all.len())];
            access.origins.push(origin.clone());
            texts.push(style::text(from, text));
        }
        style::list(from, &texts)
    }),
];

const LOCKS: &[Key<LockTimes>] = &[
    ("timeout", |from, locks| {
        set(style::time(from), &mut locks.timeout)
    }),
    ("denial_interval", |from, locks| {
        set(style::time(from), &mut locks.denial_interval)
    }),
    ("settle", |from, locks| {
        set(style::time(from), &mut locks.settle)
    }),
    ("reflection", |from, locks| {
        if from.one_in(3) {
            locks.reflection = Duration::ZERO;
            return style::text(from, "0ms");
        }
        set(style::time(from), &mut locks.reflection)
    }),
];

const SESSIONS: &[Key<Sessions>] = &[
    ("silence_timeout", |from, all| {
        set(style::timeout(from), &mut all.silence_timeout)
    }),
    ("idle_timeout", |from, all| {
        set(style::timeout(from), &mut all.idle_timeout)
    }),
    ("unreachable", |from, all| {
        let words = [("ignore", Unreachable::Ignore), ("ends", Unreachable::Ends)];
        set(style::word(from, &words), &mut all.unreachable)
    }),
];

const LIMITS: &[Key<Limits>] = &[
    ("clients", |from, limits| limit(from, &mut limits.clients)),
    ("addresses", |from, limits| {
        limit(from, &mut limits.addresses)
    }),
    ("addresses_per_client", |from, limits| {
        limit(from, &mut limits.addresses_per_client)
    }),
    ("packets_per_second", |from, limits| {
        limit(from, &mut limits.packets_per_second)
    }),
    ("locks_per_client", |from, limits| {
        limit(from, &mut limits.locks_per_client)
    }),
    ("subscriptions_per_client", |from, limits| {
        limit(from, &mut limits.subscriptions_per_client)
    }),
];

const CLIENT: &[Key<Client>] = &[
    ("reply_port", |from, client| {
        // Not a port that the gateway may have on this machine.
        let port = 20_000 + u16::from(from.byte());
        client.entry.reply_port = Some(port);
        style::integer(from, port.into())
    }),
    ("priority", |from, client| {
        client.entry.priority = from.one_of(&[0, 1, -1, 10, i32::MAX, i32::MIN]);
        style::integer(from, client.entry.priority.into())
    }),
    ("operator", |from, client| {
        let (flag, written) = style::flag(from);
        client.entry.operator = Some(flag);
        written
    }),
    ("follow", |from, client| {
        let (patterns, written) = patterns(from);
        client.entry.follow = patterns;
        written
    }),
    ("sync", |from, client| {
        set(style::flag(from), &mut client.entry.sync)
    }),
    ("write", |from, client| {
        let (patterns, written) = patterns(from);
        client.entry.write = Some(patterns);
        written
    }),
    ("echo", |from, client| {
        let words = [
            ("always", Echo::Always),
            ("changed", Echo::Changed),
            ("settled", Echo::Settled),
            ("never", Echo::Never),
        ];
        set(style::word(from, &words), &mut client.entry.echo)
    }),
    ("snap_back", |from, client| {
        set(style::flag(from), &mut client.entry.snap_back)
    }),
    ("status", |from, client| {
        set(style::flag(from), &mut client.entry.status)
    }),
    ("time_tags", |from, client| {
        client.has_time_tags = true;
        time_tags(from, &mut client.entry.time_tags)
    }),
    ("silence_timeout", |from, client| {
        client.has_silence_timeout = true;
        set(style::timeout(from), &mut client.entry.silence_timeout)
    }),
    ("idle_timeout", |from, client| {
        client.has_idle_timeout = true;
        set(style::timeout(from), &mut client.entry.idle_timeout)
    }),
];

const ADDRESS: &[Key<AddressRule>] = &[
    ("args", |from, rule| {
        // Each with a number in it, so that a range goes with it.
        let args = from.one_of(&[
            "f",
            "i",
            "if",
            "[f]i",
            "sd",
            "h[T[ii]]",
            "[[[[[[[[i]]]]]]]]",
        ]);
        rule.args = Some(args.to_owned());
        style::text(from, args)
    }),
    ("range", |from, rule| {
        let (written, range) = from.one_of(&[
            ("[0.0, 1.0]", (0.0, 1.0)),
            ("[-90, 10]", (-90.0, 10.0)),
            ("[1e3, 1_000]", (1e3, 1e3)),
            ("[\n  -0.5, # low\n  0x10,\n]", (-0.5, 16.0)),
        ]);
        rule.range = Some(range);
        written.to_owned()
    }),
    ("outside", |from, rule| {
        let words = [("clip", Outside::Clip), ("refuse", Outside::Refuse)];
        set(style::word(from, &words), &mut rule.outside)
    }),
    ("lock", |from, rule| {
        let words = [
            ("explicit", LockRule::Explicit),
            ("write", LockRule::Write),
            ("required", LockRule::Required),
            ("never", LockRule::Never),
        ];
        set(style::word(from, &words), &mut rule.lock)
    }),
    ("lock_timeout", |from, rule| {
        let (time, written) = style::time(from);
        rule.lock_timeout = Some(time);
        written
    }),
    ("hold", |from, rule| set(style::time(from), &mut rule.hold)),
    ("event", |from, rule| {
        let words = [
            ("true", EventRule::Yes),
            ("false", EventRule::No),
            ("\"press\"", EventRule::Press),
        ];
        let (written, event) = from.one_of(&words);
        rule.event = event;
        written.to_owned()
    }),
    ("access", |from, rule| {
        let words = [
            ("read-write", ParameterAccess::ReadWrite),
            ("read-only", ParameterAccess::ReadOnly),
        ];
        set(style::word(from, &words), &mut rule.access)
    }),
    ("rate", |from, rule| {
        let rate = from.one_of(&[1, 60, 10_000]);
        rule.rate = Some(rate);
        style::integer(from, rate.into())
    }),
    ("description", |from, rule| {
        let text = style::any_text(from);
        let written = style::text(from, &text);
        rule.description = Some(text);
        written
    }),
    ("unit", |from, rule| {
        let text = style::any_text(from);
        let written = style::text(from, &text);
        rule.unit = Some(text);
        written
    }),
];

/// A client with the two keys that it must have; `number` sets it apart from the others.
fn new_client(from: &mut Bytes<'_>, number: u8) -> (Client, Table) {
    let smallest = "[[client]]\nname = \"a\"\nsource = \"10.0.0.1\"\n";
    let mut show = load_show("", smallest).expect("the smallest client");
    let mut entry = show.clients.swap_remove(0);
    entry.name = format!("{} {number}", style::any_text(from)).replace('/', "-");
    let (source, written) = match from.below(6) {
        0 => (
            Source::Ip([10, 0, 1, number].into()),
            format!("10.0.1.{number}"),
        ),
        1 => (
            Source::Endpoint(SocketAddr::from((
                [127, 0, 0, 1],
                30_000 + u16::from(number),
            ))),
            format!("127.0.0.1:{}", 30_000 + u16::from(number)),
        ),
        2 => (
            Source::Subnet(subnet([172, 16, number, 0], 24)),
            format!("172.16.{number}.0/24"),
        ),
        3 => (
            Source::Endpoint(address(&format!("[fe80::{number}]:7000"))),
            format!("[fe80::{number}]:7000"),
        ),
        4 => (
            Source::Ip([192, 168, 0, number].into()),
            format!("::ffff:192.168.0.{number}"),
        ),
        _ => (
            Source::Ip(ip(&format!("fd00::1:{number}"))),
            format!("fd00::1:{number}/128"),
        ),
    };
    entry.source = source;
    let table = Table {
        header: "[[client]]".to_owned(),
        lines: vec![
            ("name", style::text(from, &entry.name)),
            ("source", style::text(from, &written)),
        ],
    };
    let client = Client {
        entry,
        has_time_tags: false,
        has_silence_timeout: false,
        has_idle_timeout: false,
    };
    (client, table)
}

/// A rule with the key that it must have.
fn new_rule(from: &mut Bytes<'_>) -> (AddressRule, Table) {
    let mut show = load_show("", "[[address]]\nmatch = \"/a\"\n").expect("the smallest rule");
    let mut rule = show.addresses.swap_remove(0);
    rule.pattern = style::any_pattern(from);
    let table = Table {
        header: "[[address]]".to_owned(),
        lines: vec![("match", style::text(from, &rule.pattern))],
    };
    (rule, table)
}

fn patterns(from: &mut Bytes<'_>) -> (Vec<String>, String) {
    let patterns: Vec<String> = (0..from.below(4))
        .map(|_| style::any_pattern(from))
        .collect();
    let texts: Vec<String> = patterns.iter().map(|one| style::text(from, one)).collect();
    let written = style::list(from, &texts);
    (patterns, written)
}

fn time_tags(from: &mut Bytes<'_>, place: &mut TimeTags) -> String {
    let words = [
        ("arrival", TimeTags::Arrival),
        ("schedule", TimeTags::Schedule),
    ];
    set(style::word(from, &words), place)
}

fn limit(from: &mut Bytes<'_>, limit: &mut u32) -> String {
    *limit = from.one_of(&[1, 2, 10, 1_000, 65_536, u32::MAX]);
    style::integer(from, i64::from(*limit))
}

fn set<T>((value, written): (T, String), place: &mut T) -> String {
    *place = value;
    written
}

fn subnet(network: [u8; 4], prefix: u8) -> Subnet {
    Subnet {
        network: network.into(),
        prefix,
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an IP of this file")
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address of this file")
}
