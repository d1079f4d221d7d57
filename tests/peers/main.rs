//! Programs that other people wrote, as they are installed, through the gateway by its shipped
//! mappings.
//!
//! Each test shows values in both directions, and a lock taken on one side that denies a hand on
//! the other. A program that is not installed is named and left out, except where `CI` is set:
//! there it is a failure. Each says at its end that it ran.

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

mod ardour;
#[path = "../blackbox/console.rs"]
#[allow(dead_code, reason = "these consoles are not tried in every way")]
mod console;
#[path = "../blackbox/installed.rs"]
#[allow(dead_code, reason = "nor is what is installed")]
mod installed;
mod mixers;
mod pd;
mod peer;
#[path = "../blackbox/program.rs"]
#[allow(dead_code, reason = "nor is the program")]
mod program;
mod qlcplus;
#[path = "../blackbox/tablet.rs"]
#[allow(dead_code, reason = "nor are the tablets")]
mod tablet;
#[path = "../blackbox/wire.rs"]
#[allow(dead_code, reason = "nor is every way to a gateway")]
mod wire;
mod workspace;
