//! The machine as its clients see it: datagrams in, datagrams out, at times made by hand.

mod atomic;
mod calls;
mod chaos;
mod clients;
mod connections;
mod denials;
mod following;
mod locks;
mod native;
mod reload;
mod rules;
mod schedule;
mod sources;
mod stalls;
mod surfaces;

use std::net::SocketAddr;
use std::time::Duration;

use super::{Event, Flow, Gateway, Outputs, Via};
use crate::config::{
    AddressRule, ClientEntry, Echo, EventRule, LockRule, Outside, ParameterAccess, Show, Source,
    Subnet, TimeTags,
};
use crate::osc::{Argument, decode_packet, encode_message};
use crate::time::Instant;

/// A gateway on a bench: clients are ports of one machine, or whole addresses.
struct Bench {
    gateway: Gateway,
    out: Outputs,
    now: Instant,
}

const VIA: Via = Via {
    socket: 0,
    local: None,
};

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

impl Bench {
    fn new() -> Self {
        Self::with(Show::default())
    }

    fn with(show: Show) -> Self {
        let now = Instant::from_micros(1_000_000);
        Self {
            gateway: Gateway::new(show, &[local(8900)]),
            out: Outputs::new(),
            now,
        }
    }

    /// Handles a datagram and says what everybody was sent: `PORT ADDRESS ARGUMENTS…`.
    fn bytes(&mut self, from: SocketAddr, bytes: &[u8]) -> Vec<String> {
        let event = Event::Datagram {
            from,
            via: VIA,
            bytes,
        };
        self.gateway.handle(self.now, event, &mut self.out);
        self.heard()
    }

    /// Sends a message written as `/address 1 0.5 "text"` from a port of this machine.
    fn send(&mut self, port: u16, message: &str) -> Vec<String> {
        self.send_from(local(port), message)
    }

    fn send_from(&mut self, from: SocketAddr, message: &str) -> Vec<String> {
        self.bytes(from, &encode(message))
    }

    /// Sends messages as one bundle.
    fn bundle(&mut self, port: u16, messages: &[&str]) -> Vec<String> {
        self.bundle_from(local(port), messages)
    }

    fn bundle_from(&mut self, from: SocketAddr, messages: &[&str]) -> Vec<String> {
        let messages: Vec<_> = messages.iter().map(|message| encode(message)).collect();
        self.bytes(from, &bundle_of(1, &messages))
    }

    /// An event that is no datagram.
    fn event(&mut self, event: Event<'_>) -> Vec<String> {
        self.gateway.handle(self.now, event, &mut self.out);
        self.heard()
    }

    /// Lets time pass, waking the machine whenever it wants to be woken.
    fn pass(&mut self, span: Duration) -> Vec<String> {
        let end = self.now + span;
        let mut heard = Vec::new();
        while let Some(due) = self.gateway.deadline().filter(|&due| due <= end) {
            self.now = self.now.max(due);
            self.gateway.handle(self.now, Event::Timeout, &mut self.out);
            heard.extend(self.heard());
        }
        self.now = end;
        heard
    }

    fn ms(&mut self, millis: u64) -> Vec<String> {
        self.pass(Duration::from_millis(millis))
    }

    fn heard(&mut self) -> Vec<String> {
        let mut heard = Vec::new();
        self.out.clear_changes();
        self.out.take(|to, _, bytes| {
            for message in decode_packet(bytes).expect("the gateway sends good packets") {
                heard.push(format!(
                    "{} {}",
                    to.address.port(),
                    show(&message.address, &message.arguments)
                ));
            }
            Flow::Taken
        });
        heard
    }
}

/// A bundle of messages and bundles.
fn bundle_of(tag: u64, elements: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"#bundle\0".to_vec();
    bytes.extend_from_slice(&tag.to_be_bytes());
    for element in elements {
        bytes.extend_from_slice(&u32::try_from(element.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(element);
    }
    bytes
}

/// Arguments by their look: `1` int, `0.5` float, `7h` long, `T`/`F`, the rest strings.
fn encode(message: &str) -> Vec<u8> {
    let mut words = message.split(' ');
    let address = words.next().unwrap();
    let arguments: Vec<Argument> = words.map(argument).collect();
    encode_message(address, &arguments).expect("a message of a test")
}

fn argument(word: &str) -> Argument {
    if let Ok(number) = word.parse::<i32>() {
        Argument::Int(number)
    } else if let Some(number) = word.strip_suffix('h').and_then(|word| word.parse().ok()) {
        Argument::Long(number)
    } else if let Some(number) = word.strip_suffix('d').and_then(|word| word.parse().ok()) {
        Argument::Double(number)
    } else if let Ok(number) = word.parse::<f32>() {
        Argument::Float(number)
    } else {
        match word {
            "T" => Argument::True,
            "F" => Argument::False,
            "\"\"" => Argument::String(String::new()),
            text => Argument::String(text.to_owned()),
        }
    }
}

fn show(address: &str, arguments: &[Argument]) -> String {
    let mut line = address.to_owned();
    for argument in arguments {
        line.push(' ');
        line.push_str(&match argument {
            Argument::Int(number) => number.to_string(),
            Argument::Long(number) => format!("{number}h"),
            Argument::Float(number) => format!("{number:?}"),
            Argument::Double(number) => format!("{number:?}d"),
            Argument::String(text) if text.is_empty() => "\"\"".to_owned(),
            Argument::String(text) => text.clone(),
            Argument::True => "T".to_owned(),
            Argument::False => "F".to_owned(),
            Argument::Blob(_)
            | Argument::Time(_)
            | Argument::Symbol(_)
            | Argument::Char(_)
            | Argument::Color(_)
            | Argument::Midi(_)
            | Argument::Nil
            | Argument::Infinitum
            | Argument::Array(_) => format!("{argument:?}"),
        });
    }
    line
}

fn entry(name: &str, source: Source) -> ClientEntry {
    ClientEntry {
        line: 1,
        name: name.to_owned(),
        source,
        reply_port: None,
        priority: 0,
        operator: None,
        follow: Vec::new(),
        sync: false,
        write: None,
        echo: Echo::Always,
        snap_back: true,
        status: true,
        time_tags: TimeTags::Arrival,
        silence_timeout: Some(Duration::from_secs(10)),
        idle_timeout: Some(Duration::from_secs(60)),
        mapping: None,
    }
}

fn rule(pattern: &str) -> AddressRule {
    AddressRule {
        line: 1,
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

/// A show of these clients and rules.
fn show_of(clients: Vec<ClientEntry>, addresses: Vec<AddressRule>) -> Show {
    Show {
        clients,
        addresses,
        ..Show::default()
    }
}

fn at(ip: [u8; 4], port: u16) -> SocketAddr {
    SocketAddr::from((ip, port))
}

fn subnet(network: [u8; 4], prefix: u8) -> Source {
    Source::Subnet(Subnet {
        network: network.into(),
        prefix,
    })
}
