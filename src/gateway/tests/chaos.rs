//! Anything, in any order, at any time: the machine's books stay right.

use proptest::prelude::*;

use super::*;
use crate::gateway::{Connection, ConnectionId, Endpoint};

/// What the books must say after every event.
fn check(bench: &Bench) {
    let gateway = &bench.gateway;
    let as_of = gateway.pace.as_of(bench.now);
    let mut held = 0;
    for client in gateway.clients.alive() {
        for (position, &id) in gateway.clients.session(client).locks.iter().enumerate() {
            let lock = gateway
                .table
                .entry(id)
                .lock
                .as_ref()
                .expect("what is listed is held");
            assert_eq!(lock.holder, client);
            assert_eq!(lock.position, position);
            assert!(lock.deadline > as_of, "a lock outlived its deadline");
            assert!(lock.wake <= lock.deadline, "nobody wakes for it in time");
            held += 1;
        }
        let record = gateway.clients.client(client);
        if let Some(parent) = record.parent {
            assert!(
                gateway.clients.is_alive(parent),
                "a user outlived its endpoint"
            );
        } else {
            assert!(!record.destinations.is_empty());
        }
    }
    assert_eq!(held, gateway.locks);
    let mut locked = 0;
    for id in gateway.table.from("") {
        let entry = gateway.table.entry(id);
        assert!(
            entry.is_known(),
            "{} is neither valued nor locked",
            entry.name()
        );
        assert_eq!(entry.revision > 0, !entry.value.is_empty());
        if let Some(lock) = &entry.lock {
            assert!(
                gateway.clients.is_alive(lock.holder),
                "a lock outlived its holder"
            );
            locked += 1;
        }
    }
    assert_eq!(locked, held);
    check_destinations(bench);
    assert!(
        gateway.deadline().is_none_or(|due| due > bench.now),
        "something due was not done"
    );
}

/// Somebody wakes for whatever is waited for at a destination.
fn check_destinations(bench: &Bench) {
    let gateway = &bench.gateway;
    for destination in gateway.clients.destinations.iter().flatten() {
        let ends = destination
            .subscriptions
            .iter()
            .filter_map(|known| known.until);
        assert!(
            ends.count() == 0 || destination.lease_timer.is_some(),
            "nobody wakes for what is followed for a time"
        );
        let still = destination.fingers.next_still();
        assert!(
            still.is_none() || destination.finger_timer.is_some(),
            "nobody wakes for a control that becomes still"
        );
        let paced = destination
            .spacing
            .is_some_and(|spacing| spacing.timer.is_none());
        assert!(
            !paced || bench.out.waiting_in(destination.queue) == 0,
            "nobody wakes for what is sent at a pace"
        );
    }
}

fn messages() -> impl Strategy<Value = String> {
    let address = prop_oneof![
        6 => prop_oneof![Just("/a"), Just("/b"), Just("/w/1"), Just("/w/2"), Just("/n"), Just("/r")],
        1 => prop_oneof![Just("/*"), Just("//*"), Just("/w/?"), Just("/oscgate/status/*")],
    ];
    let value = prop_oneof![Just(""), Just(" 0.5"), Just(" 7"), Just(" x"), Just(" NaN")];
    let request = prop_oneof![
        Just("/oscgate/lock "),
        Just("/oscgate/unlock "),
        Just("/oscgate/take "),
        Just("/oscgate/set "),
        Just("/oscgate/get "),
        Just("/oscgate/meta "),
        Just("/oscgate/release "),
        Just("/oscgate/sync "),
        Just("/oscgate/subscribe "),
        Just("/oscgate/unsubscribe "),
        Just(""),
    ];
    let whole = (request, address, value).prop_map(|(r, a, v)| format!("{r}{a}{v}"));
    let other = prop_oneof![
        Just("/oscgate/ping".to_owned()),
        Just("/oscgate/bye".to_owned()),
        Just("/oscgate/hello x".to_owned()),
        Just("/oscgate/hello y 9000".to_owned()),
        Just("/oscgate/unsubscribe".to_owned()),
        Just("/oscgate/status/denied x".to_owned()),
        Just("/oscgate/set_if /a 1h 2".to_owned()),
    ];
    let native = prop_oneof![
        Just("/d/1 0.5".to_owned()),
        Just("/d/2 0.0".to_owned()),
        Just("/d/1".to_owned()),
        Just("/d/9 1".to_owned()),
        Just("/d/* 0.25".to_owned()),
        Just("/d/1/z 1".to_owned()),
        Just("/d/1/z 0".to_owned()),
        Just("/d/2/z 1".to_owned()),
        Just("/d/w1 0.5".to_owned()),
        Just("/d/w2 0.75".to_owned()),
        Just("/d/xy 0.5 0.25".to_owned()),
        Just("/d/t 1".to_owned()),
        Just("/d/enc 1".to_owned()),
        Just("/d/bank 2".to_owned()),
        Just("/d/bank 1".to_owned()),
        Just("/d/u/eve 0.5".to_owned()),
        Just("/xremote".to_owned()),
        Just("/d/follow /d/w1".to_owned()),
        Just("/d/renew".to_owned()),
        Just("/d/stop".to_owned()),
        Just("/d/all".to_owned()),
        Just("/d/who".to_owned()),
        Just("/d/never 1".to_owned()),
    ];
    let plain = prop_oneof![4 => whole, 1 => other, 3 => native].boxed();
    let wrapped = (0i32..6, 0..2u8, plain.clone()).prop_map(|(n, user, inner)| match user {
        0 => format!("/oscgate/call {n} {inner}"),
        _ => format!("/oscgate/as u{n} {inner}"),
    });
    prop_oneof![3 => plain, 1 => wrapped.clone(), 1 => (0i32..6, wrapped).prop_map(|(n, w)| format!("/oscgate/call {n} {w}"))]
}

fn shows() -> Vec<Show> {
    let write = AddressRule {
        lock: LockRule::Write,
        rate: Some(20),
        ..rule("/w/*")
    };
    let never = AddressRule {
        lock: LockRule::Never,
        ..rule("/n")
    };
    let required = AddressRule {
        lock: LockRule::Required,
        args: Some("f".to_owned()),
        ..rule("/r")
    };
    let desk = ClientEntry {
        priority: 3,
        follow: vec!["//*".to_owned()],
        sync: true,
        reply_port: Some(9100),
        ..entry("desk", Source::Endpoint(local(1)))
    };
    let touching = ClientEntry {
        mapping: Some(super::native::mapping(DIALECT)),
        ..desk.clone()
    };
    let hasty = ClientEntry {
        follow: vec!["/w/*".to_owned()],
        mapping: Some(super::native::mapping(HASTY)),
        ..entry("ip", Source::Ip([10, 0, 0, 1].into()))
    };
    let ip = ClientEntry {
        follow: vec!["/w/*".to_owned()],
        echo: Echo::Settled,
        ..entry("ip", Source::Ip([10, 0, 0, 1].into()))
    };
    let net = ClientEntry {
        reply_port: Some(9000),
        follow: vec!["//*".to_owned()],
        ..entry("net", subnet([10, 0, 1, 0], 24))
    };
    let mut small = show_of(vec![desk.clone(), net], vec![write.clone(), never]);
    small.gateway.time_tags = TimeTags::Schedule;
    small.limits.clients = 4;
    small.limits.locks_per_client = 2;
    small.limits.addresses = 4;
    let mut by_ip = show_of(vec![ip], vec![required, write.clone()]);
    by_ip.access.identity = crate::config::Identity::Ip;
    by_ip.locks.timeout = Duration::from_secs(2);
    let dialects = show_of(vec![touching, hasty], vec![write]);
    let plain = show_of(vec![desk], vec![]);
    vec![Show::default(), small, by_ip, plain, dialects]
}

/// Everything that a surface can do.
const DIALECT: &str = r#"
bare_address = "query"
deny = ["/d/never"]
[serves]
follow = [{ on = "/xremote", lease = "10s" }, { on = "/d/follow", lease = "3s", named = true }]
renew = ["/d/renew"]
unfollow = ["/d/stop"]
heartbeat = ["/xremote"]
sync = ["/d/all"]
answer = [{ on = "/d/who", args = ["{gateway}", "{ip}", 1] }]
[[bank]]
name = "page"
device = "/d/bank"
numbers = "1..2"
[[map]]
device = "/d/{n:1..2}"
gateway = "/w/{n+2*page-2}"
args = "f"
steps = 128
[[map]]
device = "/d/w{n:1..2}"
gateway = "/a{n}"
args = "f"
range = [0.0, 1.0]
hold = "300ms"
[[map]]
device = "/d/xy"
gateway = ["/b", "/b/y"]
args = "ff"
[[map]]
device = "/d/t"
gateway = "/n"
args = "i"
toggle = true
[[map]]
device = "/d/enc"
gateway = "/a"
args = "f"
relative = 0.1
[[map]]
device = "/d/u/{user:*}"
gateway = "/r"
args = "f"
direction = "in"
[[touch]]
device = "/d/{n:1..2}/z"
gateway = "/w/{n}"
[[tell]]
when = ["denied", "locked", "unlocked"]
gateway = "/w/{n}"
send = "/d/led/{n}"
args = ["{holder} {code} {remaining} {name}"]
[[tell]]
when = ["connected", "disconnected"]
send = "/d/who/came"
args = ["{name}", "{code}"]
"#;

/// One that loses what comes too fast.
const HASTY: &str = r#"
spacing = "20ms"
unmapped = "drop"
[[map]]
device = "/d/w{n:1..2}"
gateway = "/w/{n}"
args = "f"
range = [0.0, 1.0]
"#;

#[derive(Debug, Clone)]
enum Step {
    Send(usize, String),
    Bundle(usize, Kind, Vec<String>),
    Pass(u64),
    Stall(u64),
    CaughtUp,
    Links(bool),
    Reload(usize),
    Unreachable(usize),
    Say(usize, String),
    Alive(usize),
    Close(usize),
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Plain,
    Atomic,
    Later(u64),
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..7usize, messages()).prop_map(|(from, message)| Step::Send(from, message)),
        4 => (0..7usize, kinds(), proptest::collection::vec(messages(), 0..6)).prop_map(|(from, kind, all)| Step::Bundle(from, kind, all)),
        1 => prop_oneof![Just(300u64), Just(9_000), Just(45_000)].prop_map(Step::Stall),
        1 => Just(Step::CaughtUp),
        1 => any::<bool>().prop_map(Step::Links),
        3 => prop_oneof![Just(1u64), Just(50), Just(300), Just(1_000), Just(9_000), Just(30_000), Just(60_000)].prop_map(Step::Pass),
        1 => (0..5usize).prop_map(Step::Reload),
        1 => (0..7usize).prop_map(Step::Unreachable),
        5 => (0..4usize, messages()).prop_map(|(over, message)| Step::Say(over, message)),
        1 => (0..4usize).prop_map(Step::Alive),
        2 => (0..4usize).prop_map(Step::Close),
    ]
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        1 => Just(Kind::Plain),
        3 => Just(Kind::Atomic),
        1 => prop_oneof![Just(1u64), Just(500), Just(9_000), Just(11_000)].prop_map(Kind::Later),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn the_books_stay_right(first in 0..5usize, steps in proptest::collection::vec(steps(), 1..150)) {
        let sources = [
            local(1), local(2), local(3), at([10, 0, 0, 1], 1), at([10, 0, 0, 1], 2), at([10, 0, 1, 1], 1), at([10, 0, 1, 2], 1),
        ];
        let mut bench = Bench::with(shows().swap_remove(first));
        // One from a UDP source's own port, two from one IP, one from a subnet.
        let mut connections = [
            local(1), at([10, 0, 0, 1], 1), at([10, 0, 0, 1], 7), at([10, 0, 1, 1], 1),
        ].map(|from| Connection { id: ConnectionId(0), from, local: Some(from.ip()) });
        for (n, connection) in (0..).zip(&mut connections) {
            connection.id = ConnectionId(n);
        }
        for step in steps {
            match step {
                Step::Send(from, message) => { bench.send_from(sources[from], &message); }
                Step::Bundle(from, kind, messages) => {
                    let mut all: Vec<_> = messages.iter().map(|message| encode(message)).collect();
                    let mut tag = 1;
                    match kind {
                        Kind::Plain => {}
                        Kind::Atomic => all.insert(0, encode("/oscgate/atomic")),
                        Kind::Later(millis) => {
                            let noon = 3_900_000_000 << 32;
                            bench.event(Event::WallClock { tag: noon });
                            tag = noon + (millis << 32) / 1_000;
                        }
                    }
                    bench.bytes(sources[from], &bundle_of(tag, &all));
                }
                Step::Stall(millis) => {
                    let since = bench.now;
                    bench.now = since + Duration::from_millis(millis);
                    bench.event(Event::Behind { since });
                }
                Step::CaughtUp => { bench.event(Event::CaughtUp); }
                Step::Links(up) => {
                    let link = [[10, 0, 0, 254].into()];
                    bench.event(Event::Links { up: if up { &link } else { &[] } });
                }
                Step::Pass(millis) => { bench.ms(millis); }
                Step::Reload(show) => {
                    let mut show = shows().swap_remove(show);
                    show.sessions.unreachable = crate::config::Unreachable::Ends;
                    bench.event(Event::Show(Box::new(show)));
                }
                Step::Unreachable(to) => {
                    bench.event(Event::Unreachable { to: sources[to] });
                }
                Step::Say(over, message) => {
                    let connection = connections[over];
                    let bytes = encode(&message);
                    bench.event(Event::Packet { connection, bytes: &bytes });
                }
                Step::Alive(over) => {
                    bench.event(Event::Alive { connection: connections[over] });
                }
                Step::Close(over) => {
                    let connection = connections[over];
                    bench.event(Event::Closed { connection });
                    let gone = Endpoint::connection(connection.from, connection.id);
                    let clients = &bench.gateway.clients;
                    assert!(clients.source(gone).is_none() && clients.open_at(gone).is_none());
                    // The next from there is another.
                    connections[over].id.0 += 4;
                }
            }
            check(&bench);
        }
        bench.event(Event::Stop);
        check(&bench);
        prop_assert_eq!(bench.gateway.locks, 0, "no lock outlives its holder");
    }

    #[test]
    fn any_bytes_at_all_leave_the_books_right(
        all in proptest::collection::vec((0..3usize, proptest::collection::vec(any::<u8>(), 0..64)), 1..50),
    ) {
        let mut bench = Bench::new();
        for (from, mut bytes) in all {
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bench.bytes(local(from as u16 + 1), &bytes);
            check(&bench);
        }
    }
}
