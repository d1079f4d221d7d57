//! Golden datagrams: the bytes that go over the wire, made by encoders that are not ours, held
//! against the machine. Nobody rewrites them to make a test pass: see `datagrams/README.md`.

#[path = "coverage.rs"]
mod coverage;
#[path = "exchange.rs"]
mod exchange;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use exchange::{Act, Datagram, Exchange, Step};
use oscgate::config::{Files, Show, load_show_bytes};
use oscgate::gateway::{Carrier, Connection, Endpoint, Event, Flow, Gateway, Outputs, Stats, Via};
use oscgate::osc::{PacketError, decode_packet};
use oscgate::time::Instant;

#[test]
fn the_gateway_answers_every_exchange_byte_for_byte() {
    let exchanges = exchange::read_all();
    assert!(exchanges.len() >= 40, "there are {}", exchanges.len());
    let faults: Vec<String> = exchanges.iter().filter_map(|e| run(e).err()).collect();
    assert!(
        faults.is_empty(),
        "{} of {} exchanges go otherwise:\n\n{}",
        faults.len(),
        exchanges.len(),
        faults.join("\n")
    );
}

#[test]
fn the_datagrams_are_what_foreign_encoders_write() {
    let mut python = Command::new("python3");
    python.args(["-c", "import pythonosc"]);
    let mut node = Command::new("node");
    node.args(["-e", "require('osc')"]);
    if let Some(modules) = std::env::var_os("OSCGATE_NODE_MODULES") {
        node.env("NODE_PATH", modules);
    }
    let wanted = [
        (python, "python-osc", "pip install python-osc"),
        (
            node,
            "the npm package osc",
            "npm install osc, and NODE_PATH",
        ),
    ];
    for (command, what, cure) in wanted {
        if !is_there(command) {
            let text = format!("skipped: {what} is not installed ({cure})");
            assert!(std::env::var_os("CI").is_none(), "{text}");
            // Past the test harness, which keeps what a passing test prints to itself.
            drop(writeln!(io::stderr(), "{text}"));
            return;
        }
    }
    let output = Command::new("python3")
        .arg(exchange::folder().join("make.py"))
        .arg("--check")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python3 was there a moment ago");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}{err}");
    assert!(out.contains(" by both"), "it says what it did: {out}");
}

fn is_there(mut command: Command) -> bool {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// The way every datagram of an exchange comes and goes.
const VIA: Via = Via {
    socket: 0,
    local: None,
};

fn listen() -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], 8900))
}

/// The connection that an endpoint is the far end of, if it is one.
fn connection(endpoint: Endpoint) -> Option<Connection> {
    match endpoint.carrier {
        Carrier::Udp => None,
        Carrier::Connection(id) => Some(Connection {
            id,
            from: endpoint.address,
            local: None,
        }),
    }
}

/// A gateway on a bench, and what it has sent.
struct Bench {
    gateway: Gateway,
    out: Outputs,
    now: Instant,
    sent: Vec<(Endpoint, Vec<u8>)>,
}

/// Plays an exchange; the fault is shown as people read it.
fn run(exchange: &Exchange) -> Result<(), String> {
    let show = load(&exchange.show, exchange);
    let mut bench = Bench {
        gateway: Gateway::new(show, &[listen()]),
        out: Outputs::new(),
        now: Instant::ZERO,
        sent: Vec::new(),
    };
    for step in &exchange.steps {
        let before = bench.gateway.stats().clone();
        bench.play(step, exchange);
        let at = format!("{}: {}", step.place, exchange.name);
        let counted = difference(&before, bench.gateway.stats());
        if counted != step.counted.iter().cloned().collect::<Vec<_>>() {
            return Err(format!(
                "{at}\n  counted: {counted:?}, expected: {:?}\n",
                step.counted
            ));
        }
        let sent = std::mem::take(&mut bench.sent);
        if let Some(fault) = compare(&sent, &step.heard) {
            return Err(format!("{at}\n{fault}"));
        }
    }
    Ok(())
}

fn load(show: &str, exchange: &Exchange) -> Show {
    let name = exchange.place.to_string();
    load_show_bytes(&name, show.as_bytes(), &[listen()], Files::NONE).unwrap_or_else(|faults| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        panic!("the show of {}: {}", exchange.name, faults.join("\n"))
    })
}

impl Bench {
    fn play(&mut self, step: &Step, exchange: &Exchange) {
        match &step.act {
            Act::Pass(moment) => self.pass(*moment),
            Act::Say(said) => self.say(said),
            Act::Clock(tag) => self.handle(Event::WallClock { tag: *tag }),
            Act::Closed(endpoint) => {
                let connection = connection(*endpoint).expect("a WebSocket is what closes");
                self.handle(Event::Closed { connection });
            }
            Act::Unreachable(to) => self.handle(Event::Unreachable { to: *to }),
            Act::Reload(show) => self.handle(Event::Show(Box::new(load(show, exchange)))),
            Act::Stop => self.handle(Event::Stop),
        }
    }

    fn say(&mut self, said: &Datagram) {
        let bytes = &said.bytes;
        match connection(said.endpoint) {
            Some(connection) => self.handle(Event::Packet { connection, bytes }),
            None => self.handle(Event::Datagram {
                from: said.endpoint.address,
                via: VIA,
                bytes,
            }),
        }
    }

    /// Lets time pass, waking the machine whenever it wants to be woken.
    fn pass(&mut self, end: Instant) {
        assert!(end > self.now, "time only goes forward");
        while let Some(due) = self.gateway.deadline().filter(|&due| due <= end) {
            self.now = self.now.max(due);
            self.handle(Event::Timeout);
        }
        self.now = end;
    }

    fn handle(&mut self, event: Event<'_>) {
        self.gateway.handle(self.now, event, &mut self.out);
        self.out.clear_changes();
        self.out.take(|to, via, bytes| {
            assert_eq!(via, VIA, "it leaves the way that the packet came");
            self.sent.push((to, bytes.to_vec()));
            Flow::Taken
        });
    }
}

/// Which counters of things that are wrong or let pass have risen, once for each time.
fn difference(before: &Stats, after: &Stats) -> Vec<String> {
    let mut found = Vec::new();
    let mut note = |name: &str, before: u64, after: u64| {
        found.extend((before..after).map(|_| name.to_owned()));
    };
    note("empty", before.empty, after.empty);
    for error in PacketError::ALL {
        let n = error.index();
        note(error.cause(), before.bad_packets[n], after.bad_packets[n]);
    }
    note("own_socket", before.own_socket, after.own_socket);
    note("not_served", before.not_served, after.not_served);
    note("no_room", before.no_room, after.no_room);
    note("over_rate", before.over_rate, after.over_rate);
    note("reflection", before.reflections, after.reflections);
    found
}

/// Holds what was sent against what is written. Each destination has its own order, and between
/// destinations there is none.
fn compare(sent: &[(Endpoint, Vec<u8>)], wanted: &[Datagram]) -> Option<String> {
    let mut destinations: Vec<Endpoint> = sent
        .iter()
        .map(|(to, _)| *to)
        .chain(wanted.iter().map(|datagram| datagram.endpoint))
        .collect();
    destinations.sort_unstable();
    destinations.dedup();
    let mut faults = String::new();
    for to in destinations {
        let sent: Vec<&[u8]> = sent
            .iter()
            .filter(|(other, _)| *other == to)
            .map(|(_, bytes)| bytes.as_slice())
            .collect();
        let wanted: Vec<&Datagram> = wanted.iter().filter(|d| d.endpoint == to).collect();
        if sent.iter().copied().eq(wanted.iter().map(|d| &*d.bytes)) {
            continue;
        }
        faults.push_str(&format!("  to {to:?}\n"));
        for datagram in wanted {
            let (place, line) = (&datagram.place, &datagram.line);
            faults.push_str(&format!(
                "    written {place} {line}\n      {}\n",
                hex(&datagram.bytes)
            ));
        }
        for bytes in sent {
            faults.push_str(&format!(
                "    sent    {}\n      {}\n",
                read(bytes),
                hex(bytes)
            ));
        }
    }
    (!faults.is_empty()).then_some(faults)
}

fn read(bytes: &[u8]) -> String {
    decode_packet(bytes).map_or_else(
        |error| error.to_string(),
        |messages| {
            let texts: Vec<_> = messages
                .iter()
                .map(|message| format!("{} {:?}", message.address, message.arguments))
                .collect();
            texts.join("; ")
        },
    )
}

fn hex(bytes: &[u8]) -> String {
    let words: Vec<String> = bytes
        .chunks(4)
        .map(|word| word.iter().map(|byte| format!("{byte:02x}")).collect())
        .collect();
    words.join(" ")
}
