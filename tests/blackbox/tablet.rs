//! A tablet that knows nothing of the gateway, played by sockets: it sends from one port, hears on
//! another, and never says anything under `/oscgate`.

use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use oscgate::osc::{Argument, Message, decode_packet, encode_message};

use crate::console::args;
use crate::program::SOON;

/// What an app is set to.
#[derive(Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) sends: u16,
    pub(crate) hears: u16,
}

impl Ports {
    /// 8000 and 9000 where all these tablets have them free, else others.
    pub(crate) fn free_on(tablets: &[&str]) -> Self {
        let free = |port: u16| {
            tablets
                .iter()
                .all(|ip| UdpSocket::bind((*ip, port)).is_ok())
        };
        (8_000..9_000)
            .map(|sends| Self {
                sends,
                hears: sends + 1_000,
            })
            .find(|ports| free(ports.sends) && free(ports.hears))
            .expect("some ports are free")
    }
}

/// A tablet: what it sends from, what it hears on.
pub(crate) struct Tablet {
    pub(crate) ip: &'static str,
    sends: UdpSocket,
    hears: UdpSocket,
    gateway: SocketAddr,
}

impl Tablet {
    pub(crate) fn switched_on(ip: &'static str, ports: Ports, gateway: SocketAddr) -> Self {
        let bind =
            |port: u16| UdpSocket::bind((ip, port)).unwrap_or_else(|e| panic!("{ip}:{port}: {e}"));
        Self {
            ip,
            sends: bind(ports.sends),
            hears: bind(ports.hears),
            gateway,
        }
    }

    pub(crate) fn moves(&self, address: &str, value: f32) {
        let message = encode_message(address, args![value]).expect("a message");
        self.sends
            .send_to(&message, self.gateway)
            .expect("loopback takes it");
    }

    /// Reads until a message is such; what came before it goes by.
    pub(crate) fn sees(&self, what: &str, wanted: impl Fn(&Message) -> bool) -> Message {
        let deadline = Instant::now() + SOON;
        let mut buffer = [0; 2_048];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{} never saw {what}", self.ip);
            self.hears
                .set_read_timeout(Some(left))
                .expect("a good time");
            let Ok((length, _)) = self.hears.recv_from(&mut buffer) else {
                continue;
            };
            let messages =
                decode_packet(&buffer[..length]).expect("the gateway sends good packets");
            if let Some(message) = messages.into_iter().find(&wanted) {
                return message;
            }
        }
    }

    pub(crate) fn sees_value(&self, address: &str, value: f32) {
        let wanted = |message: &Message| {
            message.address == address && message.arguments == [Argument::Float(value)]
        };
        self.sees(&format!("{address} {value}"), wanted);
    }

    pub(crate) fn sees_text(&self, address: &str, text: &str) {
        let said = [Argument::String(text.to_owned())];
        let wanted = |message: &Message| message.address == address && message.arguments == said;
        self.sees(&format!("{address} {text:?}"), wanted);
    }

    pub(crate) fn sees_denial(&self, address: &str, holder: &str) {
        let denial = self.sees("a denial", |message| {
            message.address == "/oscgate/status/denied"
        });
        assert_eq!(denial.arguments[..3], *args![address, "LOCK_HELD", holder]);
    }
}
