//! The machine: time and one event in, datagrams and changes out.

mod event;

pub use event::{Event, Flow, SendFailure, Via};
