//! A gateway with its clients: ports of one machine, and a clock that is moved by hand.

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Duration;

use oscgate::config::{Sessions, Show, Unreachable, load_show};
use oscgate::gateway::{Event, Gateway, Outputs, Via};
use oscgate::osc::{Argument, encode_message};
use oscgate::time::Instant;

use crate::measured::{measured_handle, measured_take};

/// The ports that clients speak from.
pub(crate) const HAND: u16 = 5_001;
/// See [`HAND`].
pub(crate) const OTHER: u16 = 5_002;
/// See [`HAND`].
pub(crate) const FIRST_FOLLOWER: u16 = 6_001;

/// Within what one client may send.
const PACE: Duration = Duration::from_millis(1);

/// A gateway on which nothing ends by itself.
pub(crate) struct Stage {
    gateway: Gateway,
    out: Outputs,
    now: Instant,
    /// From one datagram to the next.
    pub(crate) pace: Duration,
}

impl Stage {
    /// One that nobody has spoken to yet.
    pub(crate) fn new() -> Self {
        Self::with_reflection(Show::default().locks.reflection)
    }

    /// The same; how long what was sent may come back as a reflection.
    pub(crate) fn with_reflection(span: Duration) -> Self {
        let mut show = Show {
            sessions: Sessions {
                silence_timeout: None,
                idle_timeout: None,
                unreachable: Unreachable::Ignore,
            },
            ..Show::default()
        };
        show.locks.timeout = Duration::from_secs(1_000 * 365 * 24 * 3_600);
        show.locks.reflection = span;
        show.limits.addresses_per_client = show.limits.addresses;
        Self {
            gateway: Gateway::new(show, &[local(8_900)]),
            out: Outputs::new(),
            now: Instant::from_micros(1_000_000),
            pace: PACE,
        }
    }

    /// One on which the hand and so many followers of its faders speak the X32's dialect.
    pub(crate) fn in_dialect(followers: u16) -> Self {
        let mut show =
            String::from("[sessions]\nsilence_timeout = \"never\"\nidle_timeout = \"never\"\n");
        let ports = (FIRST_FOLLOWER..FIRST_FOLLOWER + followers).chain([HAND]);
        for port in ports.clone() {
            let follow = if port == HAND {
                ""
            } else {
                "follow = [\"/mixer//*\"]\n"
            };
            show.push_str(&format!(
                "[[client]]\nname = \"p{port}\"\nsource = \"127.0.0.1:{port}\"\nmapping = \"x32\"\n\
                 echo = \"always\"\n{follow}"
            ));
        }
        let show = load_show("show.toml", &show).expect("a good show");
        let mut stage = Self {
            gateway: Gateway::new(show, &[local(8_900)]),
            out: Outputs::new(),
            now: Instant::from_micros(1_000_000),
            pace: PACE,
        };
        for port in ports {
            stage.prepare(port, "/oscgate/ping", &[]);
        }
        stage
    }

    /// Hands a datagram in, and takes what comes of it.
    pub(crate) fn send(&mut self, port: u16, bytes: &[u8]) {
        self.now = self.now + self.pace;
        let event = Event::Datagram {
            from: local(port),
            via: Via {
                socket: 0,
                local: None,
            },
            bytes: black_box(bytes),
        };
        measured_handle(&mut self.gateway, self.now, event, &mut self.out);
        black_box(measured_take(&mut self.out));
    }

    /// Sends a message that prepares a case.
    pub(crate) fn prepare(&mut self, port: u16, address: &str, arguments: &[Argument]) {
        self.send(port, &message(address, arguments));
    }

    /// Ten clients that follow `pattern`.
    pub(crate) fn ten_followers(&mut self, pattern: &str) {
        for port in FIRST_FOLLOWER..FIRST_FOLLOWER + 10 {
            self.prepare(port, "/oscgate/subscribe", &[text(pattern)]);
        }
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A message as bytes.
pub(crate) fn message(address: &str, arguments: &[Argument]) -> Vec<u8> {
    encode_message(address, arguments).expect("the messages of the cases are good")
}

/// Messages as one bundle.
pub(crate) fn bundle(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"#bundle\0\0\0\0\0\0\0\0\x01".to_vec();
    for message in messages {
        let length = u32::try_from(message.len()).expect("it is short");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(message);
    }
    bytes
}

/// A string argument.
pub(crate) fn text(text: &str) -> Argument {
    Argument::String(text.to_owned())
}
