//! `oscgate check`: every fault of every file.

use std::path::PathBuf;

use super::ending::Failure;
use super::file::{Loaded, load, print_faults};
use super::output::{print, tell};

/// Checks files, and tells of each.
///
/// # Errors
///
/// If one has a fault or cannot be read, after all have been checked.
pub fn check(files: &[PathBuf]) -> Result<(), Failure> {
    let mut count = 0;
    let mut unreadable = 0;
    for path in files {
        match load(path, &[]) {
            Ok(Loaded::Show(_)) => print(&format!("{}: no fault\n", path.display()))?,
            Ok(Loaded::Empty(_)) => {
                print(&format!(
                    "{}: empty, so every default holds\n",
                    path.display()
                ))?;
            }
            Ok(Loaded::Faults(faults)) => {
                print_faults(&faults);
                count += faults.len();
            }
            Err(failure) => {
                tell(&failure);
                unreadable += 1;
            }
        }
    }
    if count + unreadable > 0 {
        return Err(Failure::Faults {
            faults: count,
            unreadable,
        });
    }
    Ok(())
}
