//! A small comparison of machine and model over random messages.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use oscgate::config::*;
use oscgate::gateway::{Event, Flow, Gateway, Outputs, Via};
use oscgate::osc::{Argument as A, decode_packet, encode_message};
use oscgate::time::Instant;

use crate::model::{Happening, Model, Sent, for_machines};

struct Random(u64);
impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

#[derive(Clone, Debug)]
struct Step {
    at: Instant,
    what: Happening,
}

pub(crate) fn sockets() -> Vec<SocketAddr> {
    vec!["10.0.0.1:8900".parse().unwrap(), "127.0.0.1:8900".parse().unwrap()]
}

fn sources(kind: usize) -> Vec<SocketAddr> {
    let texts: &[&str] = match kind {
        2 => &["10.0.0.5:5000", "10.0.0.5:5001", "10.0.0.6:5000", "10.0.2.7:5000", "10.0.2.8:5000", "127.0.0.1:5000"],
        _ => &["10.0.0.5:5000", "10.0.0.5:5001", "10.0.0.6:5000", "127.0.0.1:5000"],
    };
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn entry(name: &str, source: Source) -> ClientEntry {
    ClientEntry {
        name: name.to_owned(),
        source,
        reply_port: None,
        priority: 0,
        operator: None,
        follow: vec![],
        sync: false,
        write: None,
        echo: Echo::Always,
        snap_back: true,
        status: true,
        silence_timeout: Some(Duration::from_secs(5)),
        idle_timeout: Some(Duration::from_secs(20)),
    }
}

fn rule(pattern: &str) -> AddressRule {
    AddressRule {
        pattern: pattern.to_owned(),
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
    }
}

fn random_rule(r: &mut Random) -> AddressRule {
    let pattern = r.pick(&["/a", "/b", "/a/b", "/a/*", "//c", "/[ab]", "/d"]);
    let mut one = rule(pattern);
    if r.chance(40) {
        one.args = Some(r.pick(&["f", "i", "if", "s", "T", "d", "h"]).to_owned());
    }
    let numbers = one.args.as_ref().is_none_or(|args| args.contains(['f', 'i', 'd', 'h']));
    if r.chance(30) && numbers && one.args.as_ref().is_some_and(|args| args.len() == 1) {
        one.range = Some(r.pick(&[(0.0, 1.0), (-1.5, 2.5), (0.2, 0.7)]));
        one.outside = r.pick(&[Outside::Clip, Outside::Refuse]);
    }
    one.lock = r.pick(&[LockRule::Explicit, LockRule::Write, LockRule::Required, LockRule::Never, LockRule::Write]);
    if r.chance(30) {
        one.lock_timeout = Some(Duration::from_secs(4));
    }
    if r.chance(25) {
        one.event = r.pick(&[EventRule::Yes, EventRule::Press]);
    }
    if r.chance(10) {
        one.access = ParameterAccess::ReadOnly;
    }
    if r.chance(30) {
        one.rate = Some(r.pick(&[5, 20, 60, 1]));
    }
    one
}

fn random_entry(r: &mut Random, name: &str, source: Source) -> ClientEntry {
    let mut one = entry(name, source);
    if r.chance(30) {
        one.reply_port = Some(r.pick(&[9000, 9001]));
    }
    one.priority = r.pick(&[0, 0, 1, 5]);
    one.operator = r.pick(&[None, None, Some(true), Some(false)]);
    if r.chance(40) {
        one.follow = vec![r.pick(&["//*", "/a", "/a/*", "/oscgate/status/*", "/oscgate/status/denied"]).to_owned()];
    }
    one.sync = r.chance(30);
    if r.chance(25) {
        one.write = Some(vec![r.pick(&["/a", "/a/*", "//c", "/[ab]"]).to_owned()]);
    }
    one.echo = r.pick(&[Echo::Always, Echo::Changed, Echo::Settled, Echo::Never]);
    one.snap_back = r.chance(70);
    one.status = r.chance(70) || one.follow.iter().any(|one| one.starts_with("/oscgate"));
    if r.chance(20) {
        one.silence_timeout = None;
    }
    one
}

fn show(kind: usize, r: &mut Random) -> Show {
    let mut show = Show::default();
    if std::env::var("SMOKE_EMPTY").is_ok() {
        return show;
    }
    if kind >= 1 && r.chance(85) {
        for _ in 0..1 + r.below(4) {
            let one = random_rule(r);
            show.addresses.push(one);
        }
    }
    if kind == 2 {
        let sources = [
            ("desk", Source::Ip("10.0.0.5".parse().unwrap())),
            ("tablet", Source::Endpoint("10.0.0.6:5000".parse().unwrap())),
            ("stage", Source::Subnet(Subnet { network: "10.0.2.0".parse().unwrap(), prefix: 24 })),
            ("port", Source::Endpoint("10.0.0.5:5001".parse().unwrap())),
        ];
        for (name, source) in sources {
            if r.chance(60) {
                let one = random_entry(r, name, source);
                show.clients.push(one);
            }
        }
        if r.chance(10) {
            show.access.identity = Identity::Ip;
        }
        if r.chance(10) {
            show.access.operators = Operators::None;
        }
        if r.chance(30) {
            show.sessions.unreachable = Unreachable::Ends;
        }
    }
    if kind == 3 {
        show.limits.clients = r.pick(&[1, 2, 3, 1000]);
        show.limits.addresses = r.pick(&[1, 2, 1000]);
        show.limits.addresses_per_client = r.pick(&[1, 2, 1000]);
        show.limits.locks_per_client = r.pick(&[1, 2, 1000]);
        show.limits.subscriptions_per_client = r.pick(&[1, 2, 1000]);
    }
    show
}

fn value(r: &mut Random) -> Vec<A> {
    match r.below(14) {
        0 | 1 | 2 => vec![A::Float(r.pick(&[0.0, 0.5, 1.0, 2.0, -3.0]))],
        3 | 4 => vec![A::Int(r.pick(&[0, 1, 7, -3]))],
        5 => vec![A::String("x".into())],
        6 => vec![A::True],
        7 => vec![A::False],
        8 => vec![A::Double(r.pick(&[0.5, 0.1, 3.0, f64::NAN]))],
        9 => vec![A::Long(r.pick(&[1, 1 << 40, -2]))],
        10 => vec![A::Float(0.5), A::Int(1)],
        11 => vec![A::Float(f32::NAN)],
        12 => vec![A::Array(vec![A::Int(5)])],
        _ => vec![A::Float(0.5)],
    }
}

fn address(r: &mut Random) -> String {
    r.pick(&["/a", "/b", "/a/b", "/a/c", "/c", "/d", "/a", "/a"]).to_owned()
}

fn target(r: &mut Random) -> String {
    match r.below(20) {
        0 | 1 => r.pick(&["//*", "/*", "/a/*", "/[ab]", "/{a,c}", "/zz*", "/a[", "//c"]).to_owned(),
        2 => r.pick(&["/oscgate/x", "/oscgate", "nix", "/oscgate/status/locked", "/"]).to_owned(),
        _ => address(r),
    }
}

fn request(r: &mut Random, depth: usize) -> (String, Vec<A>) {
    let s = |text: &str| A::String(text.to_owned());
    let (name, mut args): (&str, Vec<A>) = match r.below(if depth == 0 { 24 } else { 21 }) {
        0 | 1 | 2 => {
            let values = if r.chance(85) { value(r) } else { vec![] };
            return (target(r), values);
        }
        3 => ("set", [vec![s(&target(r))], value(r)].concat()),
        4 => {
            let revision = r.pick(&[A::Int(0), A::Int(1), A::Long(2), A::Long(1)]);
            ("set_if", [vec![s(&target(r)), revision], value(r)].concat())
        }
        5 => ("lock", vec![s(&target(r))]),
        6 => ("lock", [vec![s(&target(r))], value(r)].concat()),
        7 => ("unlock", vec![s(&target(r))]),
        8 => ("unlock", [vec![s(&target(r))], value(r)].concat()),
        9 => ("take", vec![s(&target(r))]),
        10 => ("take", [vec![s(&target(r))], value(r)].concat()),
        11 => ("release", vec![s(&target(r)), s("why")][..1 + r.below(2)].to_vec()),
        12 => ("get", vec![s(&target(r))]),
        13 => ("meta", vec![s(&target(r))]),
        14 => {
            let what = r.pick(&["//*", "/a", "/a/*", "/oscgate/status/*", "/oscgate/status/denied", "/oscgate/status/locked"]);
            ("subscribe", vec![s(what)])
        }
        15 => {
            let what = r.pick(&["//*", "/a", "/a/*", "/oscgate/status/*"]);
            ("unsubscribe", if r.chance(30) { vec![] } else { vec![s(what)] })
        }
        16 => {
            let what = r.pick(&["//*", "/a", "/a/*", "/oscgate/status/*", "/oscgate/status/locked", "/oscgate/status/connected", "/oscgate/status/denied"]);
            ("sync", vec![s(what)])
        }
        17 => ("ping", if r.chance(50) { vec![] } else { value(r) }),
        18 if depth > 0 => ("ping", vec![]),
        18 => ("bye", vec![]),
        19 => {
            let name = r.pick(&["ann", "bob", "desk", "tablet", "stage", "stage@10.0.2.7", "10.0.0.5:5000", "a/b", ""]);
            let port = r.pick(&[9000, 9001, 0, 8900, 70_000]);
            ("hello", if r.chance(50) { vec![s(name)] } else { vec![s(name), A::Int(port)] })
        }
        20 => (r.pick(&["nix", "pong", "status/locked", "synced", "reply"]), vec![]),
        21 => {
            let (address, args) = request(r, depth + 1);
            let user = r.pick(&["u", "v", ""]);
            ("as", [vec![s(user), A::String(address)], args].concat())
        }
        _ => {
            let deeper = if r.chance(20) { depth } else { depth + 1 };
            let (address, args) = request(r, deeper);
            let number = if r.chance(80) { r.below(12) as i32 } else { r.pick(&[-5, 100, 165, 36, 37]) };
            ("call", [vec![A::Int(number), A::String(address)], args].concat())
        }
    };
    if r.chance(3) {
        args.pop();
    }
    if r.chance(3) {
        args.push(A::Int(1));
    }
    (format!("/oscgate/{name}"), args)
}

fn packet(r: &mut Random, depth: usize) -> Vec<u8> {
    if depth < 2 && r.chance(8) {
        let mut bytes = b"#bundle\0\0\0\0\0\0\0\0\x01".to_vec();
        for at in 0..r.below(4) {
            let inner = if at == 0 && r.chance(40) && std::env::var("SMOKE_ATOMIC").is_ok() {
                encode_message("/oscgate/atomic", &[]).unwrap()
            } else {
                packet(r, depth + 1)
            };
            bytes.extend((inner.len() as u32).to_be_bytes());
            bytes.extend(inner);
        }
        return bytes;
    }
    let (address, args) = request(r, 0);
    match encode_message(&address, &args) {
        Ok(bytes) => bytes,
        Err(_) => {
            let mut bytes = encode_message("/x", &args).unwrap();
            let head = [address.as_bytes(), &[0; 4][..4 - address.len() % 4]].concat();
            bytes.splice(0..4, head);
            bytes
        }
    }
}

fn scenario(kind: usize, seed: u64) -> (Show, Vec<Step>) {
    let mut r = Random(seed.wrapping_mul(0x1234_5678_9ABC_DEF1) ^ kind as u64);
    let show_now = show(kind, &mut r);
    let sources = sources(kind);
    let mut at = Instant::from_micros(5_000);
    let mut steps = Vec::new();
    for _ in 0..4 + r.below(40) {
        let wait = match r.below(12) {
            0..=4 => r.below(30_000),
            5 | 6 => r.pick(&[100_000, 250_000, 300_000, 200_000, 50_000]),
            7 => r.pick(&[1_000_000, 3_000_000, 4_000_000]),
            8 => r.pick(&[10_000_000, 30_000_000, 5_000_000]),
            _ => 0,
        };
        // At a limit it matters who was heard last, also within a microsecond.
        at = at + Duration::from_micros(wait as u64 + u64::from(kind == 3));
        let from = r.pick(&sources);
        let what = match r.below(60) {
            0 if kind == 2 && std::env::var("SMOKE_RELOAD").is_ok() => Happening::Show(Box::new(show(kind, &mut r))),
            1 => Happening::Unreachable { to: from },
            _ => Happening::Datagram { from, via: Via { socket: 0, local: None }, bytes: packet(&mut r, 0) },
        };
        steps.push(Step { at, what });
    }
    let at = at + Duration::from_secs(r.pick(&[0, 1, 100]));
    steps.push(Step { at, what: Happening::Timeout });
    (show_now, steps)
}

pub(crate) fn text_of(bytes: &[u8]) -> String {
    match decode_packet(bytes) {
        Ok(messages) => {
            let texts: Vec<String> = messages.iter().map(|m| {
                let args: Vec<String> = m.arguments.iter().map(|a| format!("{a:?}")).collect();
                format!("{} {}", m.address, args.join(" "))
            }).collect();
            if bytes.starts_with(b"#bundle") { format!("[{}]", texts.join(" ; ")) } else { texts.join(" ; ") }
        }
        Err(error) => format!("{error} {bytes:?}"),
    }
}

#[allow(dead_code)]
type Lists = BTreeMap<SocketAddr, Vec<(u32, Vec<u8>)>>;

fn by_place(sent: Vec<Sent>) -> Lists {
    let mut lists = Lists::new();
    for one in sent {
        lists.entry(one.to).or_default().push((one.group, for_machines(&one.bytes)));
    }
    lists
}

/// Runs the steps; the text of the first difference, if there is one.
fn run(show: &Show, steps: &[Step], punctual: bool, trace: bool) -> Option<String> {
    let mut gateway = Gateway::new(show.clone(), &sockets());
    let mut model = Model::new(show, &sockets());
    let mut out = Outputs::new();
    let mut all = Vec::new();
    for step in steps {
        all.clear();
        {
            while let Some(at) = gateway.deadline() {
                if at > step.at || all.len() > 1000 {
                    break;
                }
                let late = if punctual { 0 } else { (at.as_micros() * 7919) % 40_000 };
                let at = (at + Duration::from_micros(late)).min(step.at);
                if let Some(difference) = one(&mut gateway, &mut model, &mut out, &Step { at, what: Happening::Timeout }, trace) {
                    return Some(difference);
                }
                all.push(at);
            }
        }
        if let Some(difference) = one(&mut gateway, &mut model, &mut out, step, trace) {
            return Some(difference);
        }
    }
    None
}

fn one(gateway: &mut Gateway, model: &mut Model, out: &mut Outputs, step: &Step, trace: bool) -> Option<String> {
    let event = match &step.what {
        Happening::Datagram { from, via, bytes } => Event::Datagram { from: *from, via: *via, bytes },
        Happening::Timeout => Event::Timeout,
        Happening::Unreachable { to } => Event::Unreachable { to: *to },
        Happening::Show(show) => Event::Show(show.clone()),
        Happening::Stop => Event::Stop,
        _ => return None,
    };
    gateway.handle(step.at, event, out);
    let mut machine: BTreeMap<SocketAddr, Vec<Vec<u8>>> = BTreeMap::new();
    let mut list = Vec::new();
    out.take(|to, _, bytes| {
        list.push((to, bytes.to_vec()));
        machine.entry(to).or_default().push(for_machines(bytes));
        Flow::Taken
    });
    out.clear_changes();
    let sent = model.handle(step.at, &step.what);
    let fault = crate::model::difference(&sent, &list);
    let expected = by_place(sent);
    let what = match &step.what {
        Happening::Datagram { from, bytes, .. } => format!("{from} -> {}", text_of(bytes)),
        Happening::Show(show) => format!("Show {:?} {:?}", show.clients, show.addresses),
        other => format!("{other:?}"),
    };
    let mut text = format!("{:?} {what}\n", step.at.as_micros());
    for (to, list) in &machine {
        for bytes in list {
            text += &format!("      <- {to} {}\n", text_of(bytes));
        }
    }
    if trace {
        eprint!("{text}");
    }
    let fault = fault?;
    text += &format!("   model: {fault:?}\n");
    for (to, list) in &expected {
        for (_, bytes) in list {
            text += &format!("      <- {to} {}\n", text_of(bytes));
        }
    }
    Some(text)
}

#[test]
fn machine_and_model_agree() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (first, count) = (number("SMOKE_SEED", 1), number("SMOKE_COUNT", 300));
    let mut shown = 0;
    let mut failed = 0;
    let kinds: Vec<usize> = std::env::var("SMOKE_KIND").ok().and_then(|text| text.parse().ok()).map_or(vec![0, 1, 2, 3], |kind| vec![kind]);
    for seed in first..first + count {
        for &kind in &kinds {
            let punctual = seed % 2 == 0;
            let (show, mut steps) = scenario(kind, seed);
            if run(&show, &steps, punctual, false).is_none() {
                continue;
            }
            failed += 1;
            if shown >= number("SMOKE_SHOWN", 1) {
                continue;
            }
            shown += 1;
            loop {
                let mut shorter = None;
                for at in (0..steps.len()).rev() {
                    let mut fewer = steps.clone();
                    fewer.remove(at);
                    if run(&show, &fewer, punctual, false).is_some() {
                        shorter = Some(fewer);
                        break;
                    }
                }
                match shorter {
                    Some(fewer) => steps = fewer,
                    None => break,
                }
            }
            eprintln!("==== seed {seed} kind {kind} punctual {punctual}");
            if kind > 0 {
                for rule in &show.addresses {
                    eprintln!("{}", format!("{rule:?}").replace("pattern", "").replace(", description: None, unit: None", ""));
                }
                for entry in &show.clients {
                    eprintln!("{entry:?}");
                }
                if kind == 3 {
                    eprintln!("{:?}", show.limits);
                }
            }
            let last = run(&show, &steps, punctual, true);
            eprintln!("DIFFERENT: {}", last.unwrap());
        }
    }
    assert_eq!(failed, 0, "scenarios in which machine and model differ, of {}", count * kinds.len() as u64);
}
