//! The built program on loopback, as a console sees it.
//!
//! Every test starts a gateway of its own on a free port and speaks to it over sockets. Nobody
//! sleeps to let something happen: a test waits for an event, or asks for a sign that what it
//! sent has been dealt with. `OSCGATE_TEST_SOCKETS=portable` plays the same tests on the portable
//! loop.

#![cfg(all(feature = "shell", unix))]
#![allow(
    clippy::too_many_lines,
    clippy::wildcard_enum_match_arm,
    reason = "a test may be as long as its story, and fails on whatever else it meets"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "outside the gateway the clock is the only measure there is"
)]

mod bundles;
mod calls;
mod console;
mod crowd;
mod foreign;
mod hostile;
mod installed;
mod locks;
mod long;
mod mappings;
mod program;
mod reflections;
mod rules;
mod running;
mod sessions;
mod stalls;
mod tablet;
mod tablets;
mod tools;
mod ways;
mod websocket;
mod wire;
