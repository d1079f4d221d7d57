//! `oscgate explain`: what happens to a message, step by step, found by asking the machine itself.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::ending::Failure;
use super::file::{Loaded, Overrides, load, print_faults};
use super::meaning::{PATTERN, meaning, named_by_pattern};
use super::output::print;
use super::play::{DENIED, Play};
use super::printed::print_values;
use super::settings::{Explanation, Way};
use crate::config::{AddressRule, ClientEntry, EventRule, LockRule, Show, Source};
use crate::mapping::{Deeds, Mapping, NOTHING_HELD, Role, Service, Unmapped, What, World};
use crate::osc::{
    Argument, Arguments, ElementView, Message, PacketView, Pattern, decode_packet, encode_message,
    is_pattern,
};

/// The ports from which clients without one of their own are taken to speak.
const FIRST_PORT: u16 = 40_000;

/// Says what happens to a message.
///
/// # Errors
///
/// If the show cannot be read or has faults, if it names no such client, if the message cannot be
/// encoded.
pub fn explain(asked: &Explanation) -> Result<(), Failure> {
    let show = match load(&asked.show, &Overrides::default())? {
        Loaded::Show(show) | Loaded::Empty(show) => show,
        Loaded::Faults(faults) => {
            print_faults(&faults);
            return Err(Failure::Faults {
                faults: faults.len(),
                unreadable: 0,
            });
        }
    };
    let bytes = encode_message(&slashed(&asked.address), &asked.values)
        .map_err(|error| Failure::Call(crate::client::CallError::Encode(error)))?;
    let stage = Stage {
        file: asked.show.display().to_string(),
        show: &show,
    };
    let text = match &asked.way {
        Way::From(name) => {
            let at = stage.client(name)?;
            stage.from(at, asked, &bytes)
        }
        Way::To(name) => {
            let at = stage.client(name)?;
            stage.to(at, asked, &bytes)
        }
    };
    print(&text)
}

/// An address that begins with no slash can be in a dialect, but not be encoded.
pub(super) fn slashed(address: &str) -> String {
    if address.starts_with('/') {
        address.to_owned()
    } else {
        format!("/{address}")
    }
}

/// A show on which a message is tried.
struct Stage<'s> {
    file: String,
    show: &'s Show,
}

impl Stage<'_> {
    /// A client of the show, by its place; one of a subnet may be named with its IP.
    fn client(&self, name: &str) -> Result<usize, Failure> {
        let base = name.split('@').next().unwrap_or(name);
        let clients = &self.show.clients;
        let found = clients.iter().position(|entry| entry.name == base);
        found.ok_or_else(|| {
            let names: Vec<&str> = clients.iter().map(|entry| &*entry.name).collect();
            Failure::NoClient {
                show: self.file.clone(),
                name: name.to_owned(),
                known: names.join(", "),
            }
        })
    }

    /// From where a client is taken to speak.
    fn endpoint(&self, at: usize) -> SocketAddr {
        // Of more clients than there are ports, those of one port have other addresses.
        let last = usize::from(u16::MAX - FIRST_PORT);
        let port = FIRST_PORT + u16::try_from(at % last).unwrap_or(0);
        match self.show.clients[at].source {
            Source::Endpoint(endpoint) => endpoint,
            Source::Ip(ip) => SocketAddr::new(ip, port),
            Source::Subnet(subnet) => SocketAddr::new(first_host(subnet.network), port),
        }
    }

    // --- from a client ------------------------------------------------------------------------

    fn from(&self, at: usize, asked: &Explanation, bytes: &[u8]) -> String {
        let entry = &self.show.clients[at];
        let mut text = format!(
            "{} ({}:{}) sends {}\n",
            entry.name,
            self.file,
            entry.line,
            line(&asked.address, &asked.values)
        );
        let written = match &entry.mapping {
            Some(mapping) => self.through(mapping, asked, bytes, &mut text),
            None => {
                let _ = writeln!(
                    text,
                    "  it has no mapping: the message is the gateway's own"
                );
                vec![(asked.address.clone(), bytes.to_vec())]
            }
        };
        for (address, message) in written {
            if is_pattern(&address) {
                let _ = writeln!(text, "writes {}\n  {PATTERN}", shown(&message));
                continue;
            }
            self.verdicts(at, (&address, &message), &mut text);
        }
        text
    }

    /// The mapping's say; the messages of the gateway's own that come of it.
    fn through(
        &self,
        mapping: &Arc<Mapping>,
        asked: &Explanation,
        bytes: &[u8],
        text: &mut String,
    ) -> Vec<(String, Vec<u8>)> {
        let mut deeds = Deeds::default();
        let arguments = arguments_of(bytes);
        mapping.read(&asked.address, arguments, &World::EMPTY, &mut deeds);
        named_by_pattern(mapping, &asked.address, &deeds, text);
        let mut written = Vec::new();
        for n in 0..deeds.len() {
            let Some(deed) = deeds.get(n) else { continue };
            if let Some(at) = deed.line {
                let compiled = &mapping.lines()[at];
                let _ = writeln!(
                    text,
                    "  line {}:{}: {}",
                    compiled.origin.file, compiled.origin.line, compiled.text
                );
            }
            let _ = writeln!(text, "  {}", meaning(&deed, mapping, asked));
            match deed.what {
                What::Write { .. } => {
                    written.push((deed.address.to_owned(), deed.message.to_vec()));
                }
                What::Pass => {
                    let address = format!("{}{}", mapping.about.root, asked.address);
                    let message = encode_message(&address, &asked.values).unwrap_or_default();
                    written.push((address, message));
                }
                What::Query
                | What::Touch { .. }
                | What::Bank { .. }
                | What::Serve(_)
                | What::Unfit(_)
                | What::NoValue
                | What::Denied
                | What::TooMany
                | What::Drop
                | What::Nothing => {}
            }
        }
        written
    }

    /// What becomes of a message of the gateway's own.
    fn verdicts(&self, at: usize, (address, message): (&str, &[u8]), text: &mut String) {
        let _ = writeln!(text, "writes {}", shown(message));
        let _ = writeln!(text, "  {}", self.rule(address));
        let mut play = Play::of(self.show);
        let heard = play.says(self.endpoint(at), message);
        let denial = heard.iter().find(|said| said.message.address == DENIED);
        match denial {
            None => {
                let _ = writeln!(text, "if nobody else holds it: accepted");
            }
            Some(denial) => {
                let code = code_of(&denial.message);
                let _ = writeln!(text, "if nobody else holds it: denied, {code}");
            }
        }
        // The message as its client said it, so that what it is told is in its own words.
        let told = self.tell_all(at, message);
        for (name, line) in told {
            let _ = writeln!(text, "  {name} is sent {line}");
        }
        for (other, entry) in self.show.clients.iter().enumerate() {
            if other == at {
                continue;
            }
            let _ = writeln!(
                text,
                "if {} holds it: {}",
                entry.name,
                self.against(other, at, address, message)
            );
        }
    }

    /// The rule of an address, as the show says it.
    fn rule(&self, address: &str) -> String {
        let matches = |rule: &&AddressRule| {
            Pattern::compile(&rule.pattern).is_ok_and(|pattern| pattern.matches(address))
        };
        match self.show.addresses.iter().find(matches) {
            None => "no [[address]] rule: any values, locked by asking".to_owned(),
            Some(rule) => {
                let mut said = vec![format!("lock = \"{}\"", lock_word(rule.lock))];
                if let Some(args) = &rule.args {
                    said.push(format!("args = \"{args}\""));
                }
                if let Some((low, high)) = rule.range {
                    said.push(format!("range = [{low:?}, {high:?}]"));
                }
                if rule.event != EventRule::No {
                    said.push("event".to_owned());
                }
                format!(
                    "rule {}:{}: {} {}",
                    self.file,
                    rule.line,
                    rule.pattern,
                    said.join(", ")
                )
            }
        }
    }

    /// The verdict where another client holds the lock.
    fn against(&self, holder: usize, at: usize, address: &str, message: &[u8]) -> String {
        let mut play = Play::of(self.show);
        let lock = Argument::String(address.to_owned());
        let request = encode_message("/oscgate/lock", &[lock]).unwrap_or_default();
        play.says(self.endpoint(holder), &request);
        if let Some(code) = play.denial(self.endpoint(holder), &request) {
            return format!("it cannot, {code}");
        }
        match play.denial(self.endpoint(at), message) {
            Some(code) => format!("denied, {code}"),
            None => "accepted".to_owned(),
        }
    }

    /// What everybody is sent of a message that is accepted.
    fn tell_all(&self, at: usize, message: &[u8]) -> Vec<(String, String)> {
        let mut play = Play::of(self.show);
        for (other, entry) in self.show.clients.iter().enumerate() {
            if let Some(follow) = entry
                .mapping
                .as_ref()
                .and_then(|mapping| follows_by(mapping))
            {
                play.says_native(self.endpoint(other), &follow);
            }
        }
        let heard = play.says(self.endpoint(at), message);
        heard
            .into_iter()
            .filter(|said| !said.message.address.starts_with("/oscgate/"))
            .map(|said| {
                let name = self.name_at(said.to);
                let mut said = line(&said.message.address, &said.message.arguments);
                if name == self.named(at) {
                    said.push_str(", its own echo");
                }
                (name, said)
            })
            .collect()
    }

    fn name_at(&self, to: SocketAddr) -> String {
        let found = (0..self.show.clients.len()).find(|&at| {
            let entry = &self.show.clients[at];
            let mut endpoint = self.endpoint(at);
            if let Some(port) = entry.reply_port {
                endpoint.set_port(port);
            }
            endpoint == to
        });
        match found {
            Some(at) => self.named(at),
            None => to.to_string(),
        }
    }

    /// A client and the line of its entry.
    fn named(&self, at: usize) -> String {
        let entry = &self.show.clients[at];
        format!("{} ({}:{})", entry.name, self.file, entry.line)
    }

    // --- to a client --------------------------------------------------------------------------

    fn to(&self, at: usize, asked: &Explanation, bytes: &[u8]) -> String {
        let entry = &self.show.clients[at];
        let mut text = format!(
            "{} ({}:{}) is told {}\n",
            entry.name,
            self.file,
            entry.line,
            line(&asked.address, &asked.values)
        );
        let Some(mapping) = &entry.mapping else {
            let _ = writeln!(text, "  it has no mapping: it is sent this as it is");
            return text;
        };
        let arguments = arguments_of(bytes);
        // Nothing else is stored: the other values of a joined message are not made up.
        let value = |of: &str| (of == asked.address).then_some(arguments);
        let world = World {
            value: &value,
            banks: &[],
        };
        let mut out = Vec::new();
        let mut none = true;
        for route in mapping.routes(&asked.address) {
            none = false;
            let compiled = route.compiled();
            let _ = writeln!(
                text,
                "  line {}:{}: {}",
                compiled.origin.file, compiled.origin.line, compiled.text
            );
            if route.write(arguments, &world, &mut out) {
                let _ = writeln!(text, "  it is sent {}", shown(&out));
            } else if compiled.gateway.len() > 1 {
                let why = "it is sent this together with the other values of the line, and \
                           without a running gateway there are none";
                let _ = writeln!(text, "  {why}");
            } else {
                let why = "it is sent nothing: the values are not what the line speaks of, or \
                           it is in another bank";
                let _ = writeln!(text, "  {why}");
            }
        }
        if none {
            let file = &mapping.about.file;
            let _ = match unmapped(mapping, &asked.address) {
                Some(below) => writeln!(
                    text,
                    "  no line of {file} speaks of it: it is sent {}",
                    line(below, &asked.values)
                ),
                None => {
                    let _ = writeln!(text, "  no line of {file} speaks of it: dropped");
                    return text;
                }
            };
        }
        self.is_followed(entry, &asked.address, &mut text);
        text
    }

    fn is_followed(&self, entry: &ClientEntry, address: &str, text: &mut String) {
        let follows = entry
            .follow
            .iter()
            .any(|pattern| Pattern::compile(pattern).is_ok_and(|pattern| pattern.matches(address)));
        if follows {
            return;
        }
        let asks = entry
            .mapping
            .as_ref()
            .and_then(|mapping| follows_by(mapping));
        let _ = match asks {
            Some(word) => writeln!(text, "  it follows once it says {word}"),
            None => writeln!(
                text,
                "  it does not follow it: its `follow` has no such pattern"
            ),
        };
    }
}

/// What a client of a dialect says to follow everything.
fn follows_by(mapping: &Mapping) -> Option<String> {
    mapping.lines().iter().find_map(|line| match &line.role {
        Role::Service(Service::Follow { named: false, .. }) => {
            // As the device says it: the line's text has no prefix.
            let mut said = Vec::new();
            let template = line.device.first()?;
            let is_whole = template.fill(&NOTHING_HELD, &line.captures, &mut said);
            String::from_utf8(said).ok().filter(|_| is_whole)
        }
        Role::Service(_) | Role::Map(_) | Role::Touch(_) | Role::Bank(_) | Role::Tell(_) => None,
    })
}

/// The address under which a client is sent what no line speaks of; `None`: it is sent nothing.
fn unmapped<'a>(mapping: &Mapping, address: &'a str) -> Option<&'a str> {
    match mapping.about.unmapped {
        Unmapped::Pass => address
            .strip_prefix(mapping.about.root.as_str())
            .filter(|below| below.starts_with('/')),
        Unmapped::Drop => None,
    }
}

pub(super) fn code_of(message: &Message) -> String {
    let text = |at: usize| match message.arguments.get(at) {
        Some(Argument::String(text)) => text.clone(),
        Some(_) | None => String::new(),
    };
    match (text(1), text(2)) {
        (code, holder) if holder.is_empty() => code,
        (code, holder) => format!("{code} by {holder}"),
    }
}

fn lock_word(lock: LockRule) -> &'static str {
    match lock {
        LockRule::Explicit => "explicit",
        LockRule::Write => "write",
        LockRule::Required => "required",
        LockRule::Never => "never",
    }
}

fn line(address: &str, values: &[Argument]) -> String {
    match values {
        [] => address.to_owned(),
        values => format!("{address} {}", print_values(values)),
    }
}

fn shown(message: &[u8]) -> String {
    match decode_packet(message).unwrap_or_default().first() {
        Some(message) => line(&message.address, &message.arguments),
        None => String::new(),
    }
}

fn arguments_of(bytes: &[u8]) -> Arguments<'_> {
    let packet = PacketView::parse(bytes).expect("it was encoded here");
    match packet.root() {
        ElementView::Message(message) => message.arguments(),
        ElementView::Bundle(_) => Arguments::NONE,
    }
}

/// The first address of a subnet that a machine may have.
fn first_host(network: IpAddr) -> IpAddr {
    match network {
        IpAddr::V4(ip) => IpAddr::V4((ip.to_bits() | 1).into()),
        IpAddr::V6(ip) => IpAddr::V6((ip.to_bits() | 1).into()),
    }
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
