//! The simulation: the gateway beside a naive reference of its protocol.

mod explore;
mod model;
mod smoke;
