//! A device's dialect, compiled: native messages in, what they mean out, and back.
//!
//! A [`Mapping`] is made from the lines of a mapping file ([`crate::config::load_mapping`]). All
//! addresses that its lines can name are written out when it is made, so a message is found by one
//! look-up, a wrong padding or an index out of range never matches, and two lines that claim one
//! address are found before the show. Reading and writing a message allocates nothing but what the
//! caller's buffers grow by.
//!
//! Absent on purpose: files, locks and who is connected. What a mapping has to know of the show
//! (the value of another address, the bank that a client is in) it asks of a [`World`].

mod claims;
mod compile;
mod convert;
mod curve;
mod deeds;
mod dialect;
mod entries;
mod holes;
mod incoming;
mod line;
mod outgoing;
mod proof;
mod raw_template;
mod template;
mod writing;

pub use compile::{Conflict, Draft};
pub use convert::{Beyond, Conversion, Kind, Number, Switch, Unfit, read_number};
pub use curve::Curve;
pub use deeds::{Deed, Deeds, What};
pub use dialect::{About, Bank, Echo, Mapping, Proof, Queries, Reply, Unmapped, World};
pub use line::{
    Direction, Edge, LINE_VALUES_MAX, Line, Literal, Map, Origin, Piece, Role, Say, Service, Slot,
    Tell, Toggle, Touch, When, Whose,
};
pub use outgoing::{Route, Told, answer};
pub use raw_template::{RawTemplate, TemplateError, is_capture_name};
pub use template::{Capture, Captured, Captures, Held, NOTHING_HELD, Template, Values};
