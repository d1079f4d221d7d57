//! The simulation: the gateway beside a naive reference of its protocol.

mod model;
mod smoke;
