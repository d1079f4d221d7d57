//! HTTP as mechanism: pages out, and WebSockets that carry OSC packets in and out.
//!
//! At path `/` a request to become a WebSocket is granted (RFC 6455): each binary message is one
//! OSC packet, as in a UDP datagram. Everything else is answered from the pages that the server is
//! given. The room promises that the loop learns of every end of a connection at once; that a peer
//! that sends garbage, sends too much, reads nothing or says nothing keeps no other waiting; and
//! that what it can make the process remember has a bound.
//!
//! Deliberately absent: what the packets mean, who their sender is, and what the pages show.

mod lines;
mod origin;
mod server;
mod unread;
mod websocket;

pub use lines::{Arrival, Exchange, Inbox, Line, Offered, exchange};
pub use server::{Refusal, Server, Site};
