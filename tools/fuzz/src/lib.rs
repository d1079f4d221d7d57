//! Five targets that take any bytes and say whether oscgate did right with them.
//!
//! Each is a function of a byte slice that panics on a fault. They build nested, nearly good input
//! out of those bytes themselves: blind mutation of a packet never finds eight bundles in a row.
//! `tools/fuzz/run` lets an engine look for inputs that reach new branches; `cargo test` runs what
//! was found so far, and some thousand random inputs, without it.

mod bytes;
pub mod machine;
pub mod mapping;
pub mod packet;
pub mod pattern;
pub mod show;

/// A target: its name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 5] = [
    ("packet", packet::run),
    ("pattern", pattern::run),
    ("show", show::run),
    ("mapping", mapping::run),
    ("machine", machine::run),
];
