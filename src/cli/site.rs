//! The HTTP server on a thread of its own, so that no page delays a fader.

use std::net::SocketAddr;
use std::sync::mpsc as std_mpsc;
use std::thread;

use tokio::sync::{oneshot, watch};

use super::ending::Failure;
use super::run::new_runtime;
use crate::config::Access;
use crate::http::{Exchange, Server, Site as Served};
use crate::net::BindError;
use crate::web;

/// A running server.
#[derive(Debug)]
pub(super) struct Site {
    /// Where it listens.
    pub(super) address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
}

impl Site {
    /// Binds it; connections wait in the kernel until the loop takes what they bring.
    ///
    /// # Errors
    ///
    /// If the address or a thread cannot be had.
    pub(super) fn start(
        address: SocketAddr,
        access: watch::Receiver<Access>,
        exchange: Exchange,
    ) -> Result<Self, Failure> {
        let runtime = new_runtime()?;
        let (tell_bound, bound) = std_mpsc::channel::<Result<SocketAddr, BindError>>();
        let (stop, stopped) = oneshot::channel();
        let (tell_ended, ended) = oneshot::channel();
        let serve = move || {
            runtime.block_on(async move {
                let server = match Server::bind(address) {
                    Ok(server) => server,
                    Err(error) => return drop(tell_bound.send(Err(error))),
                };
                if tell_bound.send(Ok(server.local_addr())).is_err() {
                    return;
                }
                let site = Served {
                    pages: web::pages(),
                    access,
                    exchange,
                };
                // Nobody who could say it is as good as being told.
                server.run(site, async { drop(stopped.await) }).await;
                let _ = tell_ended.send(());
            });
        };
        thread::Builder::new()
            .name("http".to_owned())
            .spawn(serve)
            .map_err(Failure::Start)?;
        let address = bound.recv().map_err(|_| Failure::Stopped)??;
        Ok(Self {
            address,
            stop,
            ended,
        })
    }

    /// Ends it, once its connections have said their last words.
    pub(super) async fn stop(self) {
        let _ = self.stop.send(());
        // A thread that is gone has ended, too.
        let _ = self.ended.await;
    }
}
