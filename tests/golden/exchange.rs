//! Reads the golden files in `datagrams/`: scripted exchanges, what is said to the gateway and what
//! it must answer, byte for byte. `datagrams/README.md` describes them for people.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use oscgate::gateway::{ConnectionId, Endpoint};
use oscgate::time::Instant;

/// One story: a gateway with this show, and what happens to it.
pub(crate) struct Exchange {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) show: String,
    pub(crate) steps: Vec<Step>,
}

/// One thing that happens, and everything that the gateway sends because of it.
pub(crate) struct Step {
    pub(crate) place: Place,
    pub(crate) act: Act,
    pub(crate) heard: Vec<Datagram>,
    /// The counter that rises by one; no other of those that count what is wrong does.
    pub(crate) counted: Option<String>,
}

/// What happens.
pub(crate) enum Act {
    /// Time passes until then.
    Pass(Instant),
    /// A datagram comes in.
    Say(Datagram),
    /// The wall clock is read, as a time tag.
    Clock(u64),
    /// An ICMP answer says that a port is closed.
    Unreachable(SocketAddr),
    /// A connection is gone.
    Closed(Endpoint),
    /// A new show comes into force.
    Reload(String),
    /// The gateway stops.
    Stop,
}

/// The bytes of one datagram, from where or to where.
pub(crate) struct Datagram {
    pub(crate) place: Place,
    pub(crate) endpoint: Endpoint,
    /// What the file says of it.
    pub(crate) line: String,
    pub(crate) bytes: Vec<u8>,
}

/// A line of a file.
#[derive(Clone)]
pub(crate) struct Place(String);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the golden files are.
pub(crate) fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/datagrams")
}

/// The exchanges of all files, in the order of their names.
pub(crate) fn read_all() -> Vec<Exchange> {
    let entries = fs::read_dir(folder()).expect("the folder is part of the repository");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .collect();
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let name = file.file_name().expect("a file").to_string_lossy();
        let text = fs::read_to_string(&file).expect("golden files are UTF-8");
        found.extend(Reader::new(&name).read(&text));
    }
    found
}

/// Reads one file from top to bottom.
struct Reader<'a> {
    file: &'a str,
    line: usize,
    found: Vec<Exchange>,
    /// Whether hex on the next line belongs to the datagram above it.
    is_in_datagram: bool,
    /// Whether it has any.
    has_bytes: bool,
}

impl<'a> Reader<'a> {
    fn new(file: &'a str) -> Self {
        Self {
            file,
            line: 0,
            found: Vec::new(),
            is_in_datagram: false,
            has_bytes: false,
        }
    }

    fn read(mut self, text: &str) -> Vec<Exchange> {
        for line in text.lines() {
            self.line += 1;
            self.take(line);
        }
        self.end_datagram();
        self.found
    }

    fn take(&mut self, line: &str) {
        if line.starts_with("      ") && self.is_in_datagram {
            // An element of a bundle, for people: make.py holds it against the bytes.
            return;
        }
        if let Some(hex) = line.strip_prefix("    ") {
            assert!(self.is_in_datagram, "{}: hex of nothing", self.place());
            let bytes = self.bytes(hex);
            self.has_bytes = true;
            return self.datagram().bytes.extend(bytes);
        }
        self.end_datagram();
        let place = self.place();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" | "#" => {}
            "==" => self.found.push(Exchange {
                name: rest.to_owned(),
                place,
                show: String::new(),
                steps: Vec::new(),
            }),
            "|" => self.show_line(rest),
            "at" => self.step(Act::Pass(self.moment(rest))),
            "->" => {
                let datagram = self.begin(rest);
                self.step(Act::Say(datagram));
            }
            "<-" => {
                let datagram = self.begin(rest);
                self.last().heard.push(datagram);
            }
            "counted" => self.last().counted = Some(rest.to_owned()),
            "clock" => self.step(Act::Clock(self.time_tag(rest))),
            "unreachable" => self.step(Act::Unreachable(self.endpoint(rest).address)),
            "closed" => self.step(Act::Closed(self.endpoint(rest))),
            "reload" => self.step(Act::Reload(String::new())),
            "stop" => self.step(Act::Stop),
            _ => panic!("{place}: not a line of a golden file: {line}"),
        }
    }

    fn place(&self) -> Place {
        Place(format!("{}:{}", self.file, self.line))
    }

    fn exchange(&mut self) -> &mut Exchange {
        let place = self.place();
        let last = self.found.last_mut();
        last.unwrap_or_else(|| panic!("{place}: an exchange begins with `== NAME`"))
    }

    fn step(&mut self, act: Act) {
        let step = Step {
            place: self.place(),
            act,
            heard: Vec::new(),
            counted: None,
        };
        self.exchange().steps.push(step);
    }

    fn last(&mut self) -> &mut Step {
        let place = self.place();
        let last = self.exchange().steps.last_mut();
        last.unwrap_or_else(|| panic!("{place}: nothing has happened yet"))
    }

    fn show_line(&mut self, line: &str) {
        let exchange = self.exchange();
        let show = match exchange.steps.last_mut().map(|step| &mut step.act) {
            Some(Act::Reload(show)) => show,
            None => &mut exchange.show,
            Some(
                Act::Pass(_)
                | Act::Say(_)
                | Act::Clock(_)
                | Act::Unreachable(_)
                | Act::Closed(_)
                | Act::Stop,
            ) => panic!(
                "{}: a show stands at the beginning or after `reload`",
                self.place()
            ),
        };
        show.push_str(line);
        show.push('\n');
    }

    fn begin(&mut self, rest: &str) -> Datagram {
        self.is_in_datagram = true;
        self.has_bytes = false;
        let (endpoint, line) = rest.split_once(' ').unwrap_or((rest, ""));
        assert!(!line.is_empty(), "{}: it says nothing", self.place());
        Datagram {
            place: self.place(),
            endpoint: self.endpoint(endpoint),
            line: line.to_owned(),
            bytes: Vec::new(),
        }
    }

    /// The datagram that was begun last.
    fn datagram(&mut self) -> &mut Datagram {
        let step = self.last();
        match (step.heard.last_mut(), &mut step.act) {
            (Some(heard), _) => heard,
            (None, Act::Say(said)) => said,
            (
                None,
                Act::Pass(_)
                | Act::Clock(_)
                | Act::Unreachable(_)
                | Act::Closed(_)
                | Act::Reload(_)
                | Act::Stop,
            ) => {
                unreachable!("hex is only read below a datagram")
            }
        }
    }

    /// A datagram has bytes, and be it `(nothing)`: a line alone would be held for an empty one.
    fn end_datagram(&mut self) {
        let place = self.place();
        let is_without = std::mem::take(&mut self.is_in_datagram) && !self.has_bytes;
        assert!(
            !is_without,
            "{place}: no bytes above this line; run datagrams/make.py"
        );
    }

    /// `:5001` is a port of this machine, `ws:5001` a WebSocket from it.
    fn endpoint(&self, text: &str) -> Endpoint {
        if let Some(port) = text.strip_prefix("ws") {
            let address = self.address(port);
            return Endpoint::connection(address, ConnectionId(u64::from(address.port())));
        }
        Endpoint::udp(self.address(text))
    }

    fn address(&self, text: &str) -> SocketAddr {
        let whole = if text.starts_with(':') {
            format!("127.0.0.1{text}")
        } else {
            text.to_owned()
        };
        whole
            .parse()
            .unwrap_or_else(|_| panic!("{}: not an endpoint: {text}", self.place()))
    }

    fn moment(&self, text: &str) -> Instant {
        let micros = match text.split_once(' ') {
            Some((number, "ms")) => number.parse().ok().map(|ms: u64| ms * 1_000),
            Some((number, "us")) => number.parse().ok(),
            _ => None,
        };
        let moment = micros.map(Instant::from_micros);
        moment.unwrap_or_else(|| panic!("{}: not `at N ms` or `at N us`", self.place()))
    }

    fn time_tag(&self, text: &str) -> u64 {
        let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 16);
        let tag = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        tag.unwrap_or_else(|| panic!("{}: not 0x and 16 digits: {text}", self.place()))
    }

    /// `0123abcd …`, a whole line of it again and again with ` *N`, or `(nothing)`.
    fn bytes(&self, hex: &str) -> Vec<u8> {
        if hex == "(nothing)" {
            return Vec::new();
        }
        let (once, times) = match hex.split_once(" *") {
            Some((once, times)) => (once, times.parse().expect("a number of times")),
            None => (hex, 1),
        };
        let digits: Vec<u32> = once
            .chars()
            .filter(|c| *c != ' ')
            .map(|c| c.to_digit(16))
            .collect::<Option<_>>()
            .unwrap_or_else(|| panic!("{}: not hex: {hex}", self.place()));
        assert!(
            digits.len().is_multiple_of(2),
            "{}: half a byte",
            self.place()
        );
        let bytes = digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]);
        let bytes: Vec<u8> = bytes.map(|byte| byte as u8).collect();
        bytes.repeat(times)
    }
}
