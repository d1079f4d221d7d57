//! The signals that ask the program to stop, or to read its file again.

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

/// SIGHUP, which asks a running gateway to read its file again.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct HangUp(tokio::signal::unix::Signal);

#[cfg(unix)]
impl HangUp {
    /// Listens for it from now on; it no longer kills the program.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::hangup()).map(Self)
    }

    /// Waits for the next. Safe to drop while it waits.
    pub(super) async fn asked(&mut self) {
        self.0.recv().await;
    }
}

/// There is none here.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct HangUp;

#[cfg(not(unix))]
impl HangUp {
    /// Nothing to listen for.
    ///
    /// # Errors
    ///
    /// Never.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for ever.
    pub(super) async fn asked(&mut self) {
        std::future::pending().await
    }
}
