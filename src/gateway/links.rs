//! The links of this machine: a client behind one that is down cannot be heard, and none of them
//! is a client.

use std::net::IpAddr;

use super::Gateway;
use super::endpoint::Endpoint;
use super::event::Via;
use super::session::Origin;
use crate::time::Instant;

/// The addresses of the links that are up, as far as anybody said.
#[derive(Debug, Default)]
pub(super) struct Links {
    up: Option<Vec<IpAddr>>,
}

impl Links {
    /// Whether this machine is known to have an address.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        self.up.as_ref().is_some_and(|up| up.contains(&address))
    }

    /// Whether the link of a local address is down. One that is not known is taken for up.
    pub(super) fn is_down(&self, local: Option<IpAddr>) -> bool {
        match (&self.up, local) {
            (Some(up), Some(local)) => !local.is_loopback() && !up.contains(&local),
            (None, _) | (_, None) => false,
        }
    }
}

impl Gateway {
    /// Links came or went. Nobody falls silent behind one that is down; whoever could not be heard
    /// has its whole time again from now.
    pub(super) fn on_links(&mut self, now: Instant, up: &[IpAddr]) {
        let former = std::mem::take(&mut self.links);
        // The list is told every now and then, and is nearly always the same.
        if former.up.as_deref() == Some(up) {
            self.links = former;
            return;
        }
        self.links.up = Some(up.to_vec());
        for client in self.clients.alive() {
            let local = self.clients.client(client).heard_over;
            if former.is_down(local) && !self.links.is_down(local) {
                self.clients.client_mut(client).audible_from = now;
            }
            self.arm_silence(client);
        }
    }

    /// Whether a datagram comes from one of the gateway's own sockets: then something here was
    /// aimed at the gateway itself, and answering would go round for ever.
    pub(super) fn is_own_socket(&self, origin: Origin) -> bool {
        self.is_here(origin.from, origin.via)
    }

    /// Whether `to` is one of the gateway's own sockets, as seen by who speaks over `via`.
    pub(super) fn is_here(&self, to: Endpoint, via: Via) -> bool {
        if !to.is_udp() {
            return false;
        }
        let to = to.address;
        self.sockets.iter().any(|socket| {
            let here =
                || to.ip().is_loopback() || via.local == Some(to.ip()) || self.links.has(to.ip());
            socket.port() == to.port()
                && socket.is_ipv4() == to.is_ipv4()
                && (socket.ip() == to.ip() || (socket.ip().is_unspecified() && here()))
        })
    }
}
