//! The cases that both programs here measure: one step of the machine each, over and over.
//!
//! A case is made once and then stepped as often as anybody likes: it is in its steady state, and
//! its time is made by hand, so nothing of it depends on how fast it is stepped.

mod cases;
mod measured;
mod stage;

pub use cases::{CASES, Case, Size};
