//! A gateway without a network, on which a message is tried.

use std::net::SocketAddr;

use super::explain::{code_of, slashed};
use crate::config::{Allow, Show};
use crate::gateway::{Event, Flow, Gateway, Outputs, Via};
use crate::osc::{Argument, Message, decode_packet, encode_message};
use crate::time::Instant;

/// A gateway without a network.
pub(super) struct Play {
    gateway: Gateway,
    out: Outputs,
    now: Instant,
}

/// What somebody was sent.
pub(super) struct Said {
    pub(super) to: SocketAddr,
    pub(super) message: Message,
}

/// Where denials are told.
pub(super) const DENIED: &str = "/oscgate/status/denied";

impl Play {
    /// A gateway of this show, which serves everybody: who is served is not the question here.
    pub(super) fn of(show: &Show) -> Self {
        let mut show = show.clone();
        show.access.allow = vec![Allow::Any];
        Self {
            gateway: Gateway::new(show, &[SocketAddr::from(([192, 0, 2, 1], 8900))]),
            out: Outputs::new(),
            now: Instant::from_micros(1_000_000),
        }
    }

    /// What comes of a message in the gateway's own words, whatever dialect its client speaks.
    pub(super) fn says(&mut self, from: SocketAddr, message: &[u8]) -> Vec<Said> {
        let parsed = decode_packet(message).unwrap_or_default();
        let Some(Message { address, arguments }) = parsed.into_iter().next() else {
            return Vec::new();
        };
        if address.starts_with("/oscgate/") {
            return self.handle(from, message);
        }
        let mut all = vec![Argument::String(address)];
        all.extend(arguments);
        // `set` is the write itself in words that no dialect has.
        let request = encode_message("/oscgate/set", &all).unwrap_or_default();
        self.handle(from, &request)
    }

    pub(super) fn says_native(&mut self, from: SocketAddr, address: &str) {
        let message = encode_message(&slashed(address), &[]).unwrap_or_default();
        self.handle(from, &message);
    }

    /// The code with which a message is denied.
    pub(super) fn denial(&mut self, from: SocketAddr, message: &[u8]) -> Option<String> {
        let heard = self.says(from, message);
        let denial = heard
            .iter()
            .find(|said| said.to.ip() == from.ip() && said.message.address == DENIED)?;
        Some(code_of(&denial.message))
    }

    fn handle(&mut self, from: SocketAddr, bytes: &[u8]) -> Vec<Said> {
        let via = Via {
            socket: 0,
            local: None,
        };
        let event = Event::Datagram { from, via, bytes };
        self.gateway.handle(self.now, event, &mut self.out);
        self.out.clear_changes();
        let mut heard = Vec::new();
        self.out.take(|to, _, bytes| {
            let to = to.address;
            let messages = decode_packet(bytes).unwrap_or_default();
            heard.extend(messages.into_iter().map(|message| Said { to, message }));
            Flow::Taken
        });
        heard
    }
}
