//! The log of a running gateway: lines on standard error.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use super::args::LogFormat;

/// Begins to log, as `RUST_LOG` says; without it from `info` up.
pub(super) fn begin(format: LogFormat) {
    let asked = std::env::var("RUST_LOG").unwrap_or_default();
    let (filter, fault) = match EnvFilter::try_new(&asked) {
        _ if asked.is_empty() => (EnvFilter::new("info"), None),
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new("info"), Some(error)),
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_target(false);
    match format {
        LogFormat::Text => lines.with_ansi(colours()).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    if let Some(fault) = fault {
        tracing::warn!("RUST_LOG=\"{asked}\" is not understood ({fault}): info is logged");
    }
}

fn colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !refused
}
