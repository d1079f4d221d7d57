//! Calls with retry to a running gateway, for the command line.
//!
//! The room promises that a call is done once, however often its datagram is lost on the way: it
//! is sent again under the same number until the answer comes or patience ends. Whatever else the
//! gateway sends meanwhile is kept, in order, for [`Client::next`]. A session that this client
//! began is ended by [`Client::leave`]; one that another program began before is left alone.
//!
//! Deliberately absent: what to do about lost locks and subscriptions, printing, exit codes.

mod caller;
mod error;
mod incoming;
mod number;
mod refusal;
mod retry;
mod target;

pub use caller::Client;
pub use error::CallError;
pub use incoming::{Incoming, Meta};
pub use refusal::{Refusal, Seconds};
pub use retry::Retry;
pub use target::{DEFAULT_PORT, Target, TargetError};
