//! `oscgate init`: the commented show file.

use super::ending::Failure;
use super::output::print;
use crate::config::commented_show;

/// Prints a show file with every key explained.
///
/// # Errors
///
/// If standard output is closed or does not work.
pub fn init() -> Result<(), Failure> {
    print(&commented_show())
}
