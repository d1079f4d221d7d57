//! A console: it speaks OSC to the gateway and remembers what it heard.

use std::collections::VecDeque;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use oscgate::osc::{Argument, Message, decode_packet, encode_message};

use crate::program::SOON;
use crate::wire::Wire;

/// The arguments of a message, written as Rust values: `args!["/a", 1, 0.5]`.
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::console::Osc::osc($value)),*] };
}
pub(crate) use args;

/// What can stand for an OSC argument.
pub(crate) trait Osc {
    /// The argument that it stands for.
    fn osc(self) -> Argument;
}

impl Osc for &str {
    fn osc(self) -> Argument {
        Argument::String(self.to_owned())
    }
}

impl Osc for &String {
    fn osc(self) -> Argument {
        Argument::String(self.clone())
    }
}

impl Osc for i32 {
    fn osc(self) -> Argument {
        Argument::Int(self)
    }
}

impl Osc for i64 {
    fn osc(self) -> Argument {
        Argument::Long(self)
    }
}

impl Osc for f32 {
    fn osc(self) -> Argument {
        Argument::Float(self)
    }
}

impl Osc for Argument {
    fn osc(self) -> Argument {
        self
    }
}

/// What `/oscgate/meta` tells of an address.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Meta {
    pub(crate) locked: bool,
    pub(crate) holder: String,
    pub(crate) remaining: i32,
    pub(crate) revision: i64,
    pub(crate) writer: String,
    pub(crate) values: Vec<Argument>,
}

/// One client of the gateway.
pub(crate) struct Console {
    pub(crate) wire: Wire,
    /// Heard, and not yet asked for.
    heard: VecDeque<Message>,
    pings: i32,
    calls: i32,
}

impl Console {
    /// Binds a UDP socket; nothing is sent.
    pub(crate) fn open(local: &str, gateway: SocketAddr) -> Self {
        let socket = UdpSocket::bind(local).unwrap_or_else(|error| panic!("{local}: {error}"));
        Self::of(socket, gateway)
    }

    /// A console that speaks through a UDP socket that is there already.
    pub(crate) fn of(socket: UdpSocket, gateway: SocketAddr) -> Self {
        Self::over(Wire::Udp(socket, gateway))
    }

    /// A console that speaks through a wire that is there already.
    pub(crate) fn over(wire: Wire) -> Self {
        Self {
            wire,
            heard: VecDeque::new(),
            pings: 0,
            calls: 0,
        }
    }

    /// Begins a session by a ping, and reads what belongs to it.
    pub(crate) fn greet(&mut self) {
        let heard = self.settled();
        let told: Vec<&str> = heard
            .iter()
            .map(|message| message.address.as_str())
            .collect();
        assert_eq!(
            told,
            ["/oscgate/status/connected"],
            "a session begins with one word"
        );
    }

    /// Where it speaks from; an unlisted client's name, too.
    pub(crate) fn name(&self) -> String {
        self.wire.local_addr().to_string()
    }

    /// Sends one message.
    pub(crate) fn send(&self, address: &str, arguments: &[Argument]) {
        self.send_bytes(&encode_message(address, arguments).expect("tests send what fits"));
    }

    /// Sends a packet as it is.
    pub(crate) fn send_bytes(&self, bytes: &[u8]) {
        self.wire.send(bytes);
    }

    /// The next packet, as it is.
    pub(crate) fn receive(&self, wait: Duration) -> Option<Vec<u8>> {
        self.wire.receive(wait)
    }

    /// Reads one packet, if one comes in time.
    fn hear(&mut self, wait: Duration) -> bool {
        let Some(bytes) = self.receive(wait) else {
            return false;
        };
        self.heard
            .extend(decode_packet(&bytes).expect("the gateway sends good packets"));
        true
    }

    /// The arguments of the next message of an address; what else was heard stays to be asked for.
    pub(crate) fn expect(&mut self, address: &str) -> Vec<Argument> {
        self.expect_within(address, SOON)
    }

    /// As [`Self::expect`], for what takes its time. Pings now and then if it takes long, so that
    /// the session lives.
    pub(crate) fn expect_within(&mut self, address: &str, wait: Duration) -> Vec<Argument> {
        let deadline = Instant::now() + wait;
        loop {
            let found = self
                .heard
                .iter()
                .position(|message| message.address == address);
            if let Some(found) = found {
                let message = self.heard.remove(found).expect("it was found there");
                return message.arguments;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "no {address} in {wait:?}, only {:?}",
                self.heard
            );
            if !self.hear(left.min(Duration::from_secs(2))) && wait > SOON {
                self.send("/oscgate/ping", args!["still here"]);
            }
        }
    }

    /// Whether a message of an address comes in time; it is read if it does.
    pub(crate) fn hears(&mut self, address: &str, wait: Duration) -> bool {
        let deadline = Instant::now() + wait;
        loop {
            if let Some(found) = self
                .heard
                .iter()
                .position(|message| message.address == address)
            {
                self.heard.remove(found);
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || !self.hear(left) {
                return false;
            }
        }
    }

    /// Expects a message with exactly these arguments.
    pub(crate) fn expect_exactly(&mut self, address: &str, arguments: &[Argument]) {
        assert_eq!(self.expect(address), arguments, "{address}");
    }

    /// Expects a denial; answers what remained of the lock, in milliseconds.
    pub(crate) fn expect_denied(&mut self, address: &str, code: &str, holder: &str) -> i32 {
        let arguments = self.expect("/oscgate/status/denied");
        assert_eq!(arguments[..3], *args![address, code, holder]);
        int(&arguments[3])
    }

    /// Expects an error; its text is free.
    pub(crate) fn expect_error(&mut self, request: &str, code: &str) {
        let arguments = self.expect("/oscgate/status/error");
        assert_eq!(arguments[..2], *args![request, code]);
    }

    /// Everything heard and not asked for until the gateway has answered a ping sent now. What it
    /// was sent before is dealt with by then.
    pub(crate) fn settled(&mut self) -> Vec<Message> {
        self.pings += 1;
        self.send("/oscgate/ping", args![self.pings]);
        self.until("/oscgate/pong", args![self.pings])
    }

    /// The same for a console that must say nothing under /oscgate: it writes an address of its own
    /// and reads until the echo.
    pub(crate) fn settled_by_write(&mut self) -> Vec<Message> {
        self.pings += 1;
        let address = format!("/fence/{}", self.name());
        self.send(&address, args![self.pings]);
        self.until(&address, args![self.pings])
    }

    /// Everything heard and not asked for up to one message.
    pub(crate) fn until(&mut self, address: &str, arguments: &[Argument]) -> Vec<Message> {
        let deadline = Instant::now() + SOON;
        loop {
            let found = self
                .heard
                .iter()
                .position(|heard| heard.address == address && heard.arguments == arguments);
            if let Some(found) = found {
                let mut before: Vec<Message> = self.heard.drain(..=found).collect();
                before.pop();
                return before;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "no {address} {arguments:?} in time, only {:?}",
                self.heard
            );
            self.hear(left);
        }
    }

    /// That nothing came which was not asked for.
    pub(crate) fn expect_nothing(&mut self) {
        let heard = self.settled();
        assert!(heard.is_empty(), "{} heard {heard:?}", self.name());
    }

    /// What the gateway knows of an address.
    pub(crate) fn meta(&mut self, address: &str) -> Meta {
        self.send("/oscgate/meta", args![address]);
        let mut arguments = self.expect("/oscgate/status/meta").into_iter();
        let mut next = || arguments.next().expect("meta has six arguments at least");
        assert_eq!(next(), Argument::String(address.to_owned()));
        let tag = next();
        let locked = tag == Argument::True;
        assert!(locked || tag == Argument::False, "LOCKED is {tag:?}");
        let (holder, remaining, revision, writer) =
            (text(&next()), int(&next()), long(&next()), text(&next()));
        Meta {
            locked,
            holder,
            remaining,
            revision,
            writer,
            values: arguments.collect(),
        }
    }

    /// Calls with the next number, and answers the code and what follows it.
    pub(crate) fn call(
        &mut self,
        address: &str,
        arguments: &[Argument],
    ) -> (String, Vec<Argument>) {
        self.calls += 1;
        self.call_as(self.calls, address, arguments)
    }

    /// Calls with a number of the test's own choice.
    pub(crate) fn call_as(
        &mut self,
        number: i32,
        address: &str,
        arguments: &[Argument],
    ) -> (String, Vec<Argument>) {
        let mut whole = vec![Argument::Int(number), Argument::String(address.to_owned())];
        whole.extend_from_slice(arguments);
        self.send("/oscgate/call", &whole);
        let mut reply = self.expect("/oscgate/reply");
        assert_eq!(reply[0], Argument::Int(number));
        (text(&reply[1]), reply.split_off(2))
    }

    /// Takes a lock and reads what belongs to it.
    pub(crate) fn lock(&mut self, address: &str) {
        self.send("/oscgate/lock", args![address]);
        let told = self.expect("/oscgate/status/locked");
        assert_eq!(told[..2], *args![address, &self.name()]);
    }

    /// Writes and reads the echo.
    pub(crate) fn write(&mut self, address: &str, arguments: &[Argument]) {
        self.send(address, arguments);
        self.expect_exactly(address, arguments);
    }

    /// Follows, and makes sure of it.
    pub(crate) fn follow(&mut self, pattern: &str) {
        self.send("/oscgate/subscribe", args![pattern]);
        self.expect_nothing();
    }
}

/// A bundle whose messages are these, with the time tag "immediately".
pub(crate) fn bundle(messages: &[(&str, &[Argument])]) -> Vec<u8> {
    let mut bytes = b"#bundle\0\0\0\0\0\0\0\0\x01".to_vec();
    for (address, arguments) in messages {
        let message = encode_message(address, arguments).expect("tests send what fits");
        let length = u32::try_from(message.len()).expect("a message is short");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&message);
    }
    bytes
}

/// An argument that must be an int.
pub(crate) fn int(argument: &Argument) -> i32 {
    let Argument::Int(value) = argument else {
        panic!("not an int: {argument:?}");
    };
    *value
}

/// An argument that must be an int64.
pub(crate) fn long(argument: &Argument) -> i64 {
    let Argument::Long(value) = argument else {
        panic!("not an int64: {argument:?}");
    };
    *value
}

/// An argument that must be a string.
pub(crate) fn text(argument: &Argument) -> String {
    let Argument::String(value) = argument else {
        panic!("not a string: {argument:?}");
    };
    value.clone()
}
