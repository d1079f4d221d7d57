//! The command line: arguments as typed, then as meant, then one file for each subcommand.
//!
//! The room promises that standard output holds answers alone, each line whole and at once, that
//! everything else goes to standard error, and that the exit code says how it ended ([`Exit`]).
//!
//! Deliberately absent: anything that decides about values and locks. The tools are clients like
//! any other: what they can do, a console can do over the wire.

mod args;
mod ask;
mod banner;
mod check;
mod ending;
mod explain;
mod file;
mod get;
mod hold;
mod init;
mod lines;
mod log;
mod mappings;
mod meaning;
mod meta;
mod output;
mod ping;
mod play;
mod printed;
mod reload;
mod run;
mod set;
mod settings;
mod signals;
mod site;
mod unlock;
mod value;
mod watch;

pub use args::{Arguments, LogFormat, Sockets};
pub use ask::ask;
pub use check::check;
pub use ending::{Exit, Failure};
pub use explain::explain;
pub use init::init;
pub use mappings::{list_mappings, show_mapping};
pub use output::{Output, tell};
pub use run::run;
pub use settings::{Explanation, Link, Request, RunSettings, SettingsError, Task};
