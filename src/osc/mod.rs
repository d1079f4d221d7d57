//! OSC 1.0 as values: packets read in place, addresses, patterns, arguments, messages written.
//!
//! The room promises three things. A datagram is checked whole before any of it is used, without
//! recursion, without allocation and in time linear in its length ([`PacketView`]). What was not
//! asked to change keeps its bytes: a view hands out slices of the datagram itself. And nothing
//! from outside makes it panic.
//!
//! It is the only room that names `rosc`, which turns bytes that a view has passed into owned
//! values and back. Deliberately absent: rosc's address matcher (it departs from OSC 1.0, see
//! [`Pattern`]) and its way of printing (it panics on an ordinary time tag), sockets, framing of
//! streams, and any knowledge of what the gateway's own addresses mean.

mod address;
mod arguments;
mod bundle;
mod compile;
mod elements;
mod encode;
mod error;
mod pattern;
#[cfg(test)]
mod samples;
mod states;
#[cfg(test)]
mod tried;
mod value;
mod view;

pub use address::{Address, AddressError, check_address, is_pattern};
pub use arguments::{ArgumentView, Arguments};
pub use bundle::{BundleView, ElementView};
pub use compile::PatternError;
pub use encode::{
    EncodeError, Encoder, append_message, append_tail, encode_message, encode_message_into,
    string_bytes,
};
pub use error::PacketError;
pub use pattern::Pattern;
pub use value::{Argument, DecodeError, Message, decode_arguments, decode_packet};
pub use view::{MessageView, Messages, PacketView};
