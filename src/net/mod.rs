//! Sockets as mechanism: bytes and addresses in, bytes and addresses out.
//!
//! The room promises that a datagram is delivered whole, with the address it came from and the
//! local address it was sent to; that it can be answered from that same local address; and that
//! no error of one destination stops the sending to another, nor the receiving.
//!
//! On Linux one system call moves up to [`BATCH_DATAGRAMS_MAX`] datagrams; elsewhere, or where
//! [`Mechanism::Portable`] asks for it, a loop moves them one by one. The portable way is tested
//! on Linux; that it compiles on macOS and Windows is meant but not tested.
//!
//! Deliberately absent: OSC, clients, retries later on, and any decision about what a failure
//! means.

mod batch;
mod error;
mod links;
mod listener;
#[cfg(target_os = "linux")]
mod mmsg;
mod portable;
mod socket;
#[cfg(test)]
mod tests;

pub use batch::{BATCH_DATAGRAMS_MAX, Pushed, Received, RecvBatch, SendBatch};
pub use error::{BindError, SendError, Unsent};
pub use links::{link_is_up, links_up};
pub use listener::Listener;
pub use socket::{
    Mechanism, Options, RECEIVE_BUFFER_BYTES, Segments, Sent, Shortage, Socket, Unreachable,
};
