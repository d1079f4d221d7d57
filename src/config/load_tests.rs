//! Tests of what a good show file means, and that no text stops the loader.

use std::time::Duration;

use proptest::prelude::*;

use super::super::{AddressRule, ClientEntry, Echo, EventRule, LockRule, Outside, ParameterAccess};
use super::super::{Allow, Source, TimeTags};
use super::*;

#[test]
fn an_empty_file_is_a_show_of_defaults() {
    for text in ["", "\n", "# nothing\n", "\u{feff}"] {
        assert_eq!(
            load_show("show.toml", text),
            Ok(Show::default()),
            "{text:?}"
        );
    }
}

#[test]
fn every_key_of_the_single_tables_is_read() {
    let show = good(
        r#"
        [gateway]
        name = "foh"
        listen = ["127.0.0.1:9100", "[::1]:0"]
        http = "off"
        time_tags = "schedule"
        schedule_horizon = "3s"
        watch = "apply"
        [access]
        allow = ["any", "10.0.0.0/8", "private"]
        clients = "listed"
        identity = "ip"
        operators = "none"
        [locks]
        timeout = "2m"
        denial_interval = "50ms"
        settle = "1s"
        reflection = "0ms"
        [sessions]
        silence_timeout = "never"
        idle_timeout = "1h"
        unreachable = "ends"
        [limits]
        clients = 1
        addresses = 0x10
        addresses_per_client = 3
        packets_per_second = 4
        locks_per_client = 5
        subscriptions_per_client = 6
        "#,
    );
    assert_eq!(
        (show.gateway.name.as_str(), show.gateway.listen.len()),
        ("foh", 2)
    );
    assert!(show.gateway.listen_is_explicit);
    assert_eq!(show.gateway.watch, Watch::Apply);
    assert_eq!(show.gateway.time_tags, TimeTags::Schedule);
    assert_eq!(show.gateway.schedule_horizon, Duration::from_secs(3));
    assert_eq!(
        (show.access.allow.len(), show.access.allow[0]),
        (3, Allow::Any)
    );
    assert_eq!(show.access.clients, Clients::Listed);
    assert_eq!(show.access.identity, Identity::Ip);
    assert_eq!(show.access.operators, Operators::None);
    assert_eq!(show.locks.timeout, Duration::from_secs(120));
    assert_eq!(show.locks.denial_interval, Duration::from_millis(50));
    assert_eq!(show.locks.settle, Duration::from_secs(1));
    assert_eq!(show.locks.reflection, Duration::ZERO);
    assert_eq!(show.sessions.silence_timeout, None);
    assert_eq!(show.sessions.idle_timeout, Some(Duration::from_secs(3600)));
    assert_eq!(show.sessions.unreachable, Unreachable::Ends);
    let limits = show.limits;
    assert_eq!(
        (
            limits.clients,
            limits.addresses,
            limits.addresses_per_client
        ),
        (1, 16, 3)
    );
    assert_eq!((limits.packets_per_second, limits.locks_per_client), (4, 5));
    assert_eq!(limits.subscriptions_per_client, 6);
}

#[test]
fn every_key_of_a_client_is_read() {
    let show = good(
        r#"
        [gateway]
        time_tags = "schedule"
        [[client]]
        name = "desk"
        source = "10.0.1.20:9000"
        reply_port = 9001
        priority = -10
        operator = false
        follow = ["/a", "//*"]
        sync = true
        write = []
        echo = "settled"
        snap_back = false
        status = false
        time_tags = "arrival"
        silence_timeout = "5s"
        idle_timeout = "never"
        "#,
    );
    let desk = ClientEntry {
        line: 4,
        name: "desk".into(),
        source: Source::Endpoint("10.0.1.20:9000".parse().unwrap()),
        reply_port: Some(9001),
        priority: -10,
        operator: Some(false),
        follow: vec!["/a".into(), "//*".into()],
        sync: true,
        write: Some(Vec::new()),
        echo: Echo::Settled,
        snap_back: false,
        status: false,
        time_tags: TimeTags::Arrival,
        silence_timeout: Some(Duration::from_secs(5)),
        idle_timeout: None,
        mapping: None,
    };
    assert_eq!(show.clients, [desk]);
}

#[test]
fn a_client_without_times_has_those_of_the_show_wherever_they_stand() {
    let show = good(
        "[[client]]\nname = 'a'\nsource = '10.0.1.20'\n\
         [sessions]\nsilence_timeout = '7s'\nidle_timeout = 'never'\n",
    );
    let client = &show.clients[0];
    assert_eq!(client.silence_timeout, Some(Duration::from_secs(7)));
    assert_eq!(client.idle_timeout, None);
    assert_eq!(
        (client.operator, client.write.clone(), client.echo),
        (None, None, Echo::Always)
    );
    assert!(client.snap_back && client.status && !client.sync);
}

#[test]
fn address_rules_keep_their_order_and_their_defaults() {
    let show = good(
        r#"
        [[address]]
        match = "/a/*"
        args = "if"
        range = [-90, 10.5]
        outside = "refuse"
        lock = "write"
        lock_timeout = "10s"
        hold = "2s"
        event = "press"
        access = "read-only"
        rate = 60
        description = "Channel fader"
        unit = "dB"
        [[address]]
        match = "/a"
        "#,
    );
    let first = AddressRule {
        line: 2,
        pattern: "/a/*".into(),
        args: Some("if".into()),
        range: Some((-90.0, 10.5)),
        outside: Outside::Refuse,
        lock: LockRule::Write,
        lock_timeout: Some(Duration::from_secs(10)),
        hold: Duration::from_secs(2),
        event: EventRule::Press,
        access: ParameterAccess::ReadOnly,
        rate: Some(60),
        description: Some("Channel fader".into()),
        unit: Some("dB".into()),
    };
    let second = AddressRule {
        line: 15,
        pattern: "/a".into(),
        args: None,
        range: None,
        outside: Outside::Clip,
        lock: LockRule::Explicit,
        lock_timeout: None,
        hold: Duration::from_secs(1),
        event: EventRule::No,
        access: ParameterAccess::ReadWrite,
        rate: None,
        description: None,
        unit: None,
    };
    assert_eq!(show.addresses, [first, second]);
}

#[test]
fn toml_may_be_written_in_its_other_ways() {
    let show = good(
        "gateway.name = 'foh'\nlocks = { settle = '1s' }\n\
         client = [ { name = 'a', source = '10.0.1.20' },\n \
         { name = 'b', source = '10.0.1.21' } ]\n",
    );
    assert_eq!(show.gateway.name, "foh");
    assert_eq!(show.locks.settle, Duration::from_secs(1));
    assert_eq!(show.clients.len(), 2);
}

#[test]
fn line_ends_and_byte_order_mark_change_nothing() {
    let text = "[[client]]\nname = 'a'\nsource = '10.0.1.20'\nfollow = [\n  '/a',\n]\n";
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(
        load_show_bytes("show.toml", windows.as_bytes(), &[], Files::NONE),
        Ok(good(text))
    );
}

#[test]
fn addresses_from_the_command_line_take_the_place_of_those_in_the_file() {
    let text = b"[gateway]\nlisten = ['0.0.0.0:8900']\n\
        [[client]]\nname = 'a'\nsource = '127.0.0.1:8900'\n";
    assert!(load_show_bytes("show.toml", text, &[], Files::NONE).is_err());
    let flag: SocketAddr = "127.0.0.1:9100".parse().unwrap();
    let show = load_show_bytes("show.toml", text, &[flag], Files::NONE).unwrap();
    assert_eq!(show.gateway.listen, [flag]);
    assert!(show.gateway.listen_is_explicit);
}

#[test]
fn a_fault_after_a_mended_header_is_where_it_was_written() {
    let text = "[client]\nname = 'a'\nsource = '10.0.1.20'\n[gateway\n[locks]\ntimeout = '5'\n";
    let faults = load_show("show.toml", text).unwrap_err();
    let places: Vec<_> = faults
        .iter()
        .map(|fault| (fault.line, fault.column))
        .collect();
    assert_eq!(places, [(1, 1), (4, 1), (6, 11)]);
}

#[test]
fn a_line_that_cannot_be_read_is_not_also_missing() {
    for source in ["source = 10.0.1.20", "sorce = '10.0.1.20'", "source = ["] {
        let text = format!("[[client]]\nname = 'a'\n{source}\n");
        assert_eq!(
            load_show("show.toml", &text).unwrap_err().len(),
            1,
            "{source}"
        );
    }
}

#[test]
fn a_file_of_nothing_but_faults_ends() {
    let text = "x = = y\n".repeat(5_000);
    let faults = load_show("show.toml", &text).unwrap_err();
    assert!(faults.len() < 100, "{}", faults.len());
}

proptest! {
    #[test]
    fn no_bytes_stop_the_loader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        shown(&bytes);
    }

    #[test]
    fn no_text_of_show_file_pieces_stops_the_loader(
        pieces in proptest::collection::vec(prop::sample::select(PIECES), 0..30)
    ) {
        shown(pieces.concat().as_bytes());
    }
}

const PIECES: &[&str] = &[
    "[",
    "]",
    "[[",
    "]]",
    "client",
    "[client]",
    "[[client]]\n",
    "[gateway]",
    "[[gateway]]",
    "listen",
    "name",
    "source",
    " = ",
    "=",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "{",
    "}",
    ",",
    ".",
    "#",
    "\\",
    "\"10.0.1.20\"",
    "10",
    "-1.5",
    "true",
    "é",
    "名",
    "\u{feff}",
    "\u{a0}",
    "\u{1b}",
    "“",
    "address",
    "match",
    "range",
    "event",
    "[mapping]",
    "foo.bar",
    "[gateway.listen]",
    "[a.b]",
];

#[test]
fn a_list_that_no_key_begins_has_no_key() {
    let faults = load_show("show.toml", "[locks]\n[\"\n[l \"30\"\n").unwrap_err();
    let never_closed = faults
        .iter()
        .find(|fault| fault.message.contains("never closed"));
    let fault = never_closed.expect("the list is never closed");
    assert_eq!((fault.line, fault.key.as_deref()), (2, None));
    let faults = load_show("show.toml", "[client]\nfollow = [\n\"/a\"\n").unwrap_err();
    assert!(
        faults
            .iter()
            .any(|fault| fault.line == 2 && fault.key.as_deref() == Some("follow")),
        "{faults:?}"
    );
}

fn shown(bytes: &[u8]) {
    if let Err(faults) = load_show_bytes("show.toml", bytes, &[], Files::NONE) {
        assert!(!faults.is_empty());
        for fault in faults {
            assert!(fault.line >= 1 && fault.column >= 1 && fault.quote.width >= 1);
            assert!(
                !fault
                    .to_string()
                    .contains(|c: char| c.is_control() && c != '\n')
            );
        }
    }
}

fn good(text: &str) -> Show {
    load_show("show.toml", text).unwrap_or_else(|faults| panic!("{}", faults[0]))
}

/// What was found is what is read: a file that changes in between is not taken for two.
#[test]
fn each_file_beside_a_show_is_read_once() {
    let read = std::cell::RefCell::new(Vec::new());
    let beside = |path: &str| {
        read.borrow_mut().push(path.to_owned());
        match path {
            "./desk.toml" => Some(Ok(
                b"[mapping]\nname = \"Desk\"\ninclude = \"./base.toml\"\n".to_vec(),
            )),
            "./base.toml" => Some(Ok(b"[mapping]\nname = \"Base\"\n".to_vec())),
            _ => None,
        }
    };
    let client = |name: &str, ip: &str| {
        format!("[[client]]\nname = \"{name}\"\nsource = \"{ip}\"\nmapping = \"./desk.toml\"\n")
    };
    let show = client("anna", "10.0.0.1") + &client("ben", "10.0.0.2");
    let show = load_show_bytes("show.toml", show.as_bytes(), &[], Files::new(&beside, "")).unwrap();
    assert!(show.clients.iter().all(|client| client.mapping.is_some()));
    assert_eq!(*read.borrow(), ["./desk.toml", "./base.toml"]);
}
