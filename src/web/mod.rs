//! The pages that the program serves by itself, out of its own executable.
//!
//! Deliberately absent: any knowledge of the machine. The pages speak to it as every client does.

mod pages;

pub use pages::pages;
