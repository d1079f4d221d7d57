//! The signals that ask the program to stop.

use std::io;

/// SIGINT (Ctrl-C) and SIGTERM, from its making on.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stop {
    /// Listens for them from now on; they no longer kill the program.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits until the program is asked to stop. Safe to drop while it waits.
    pub(super) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct Stop;

#[cfg(not(unix))]
impl Stop {
    /// Listens for it from now on.
    ///
    /// # Errors
    ///
    /// Never.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits until the program is asked to stop. Safe to drop while it waits.
    pub(super) async fn asked(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
