//! A running gateway's file: read again when it is asked to, checked when it is saved.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::sync::{mpsc, watch};
use tracing::{error, info, warn};

use super::args::LogFormat;
use super::file::{Loaded, Overrides, load, print_faults};
use crate::config::{Access, Fault, Show, Watch};
use crate::driver::{Handle, Watcher};

/// The file that a running gateway was started with.
#[derive(Debug)]
pub(super) struct ShowFile {
    path: PathBuf,
    /// What the command line says instead of the file.
    overrides: Overrides,
    /// Where the gateway listens, by its file.
    listen: Vec<SocketAddr>,
    /// Where it serves HTTP, by its file.
    http: Option<SocketAddr>,
    /// Who is served over HTTP.
    access: watch::Sender<Access>,
    log_format: LogFormat,
    watch: Watch,
    /// The other files that it is made from.
    files: Vec<String>,
    watcher: Option<Watcher>,
    saves: mpsc::Sender<()>,
}

impl ShowFile {
    /// The file at `path`, of which `show` is in force; `access` is told when that changes, `saves`
    /// whenever the file was saved.
    pub(super) fn new(
        path: PathBuf,
        overrides: Overrides,
        log_format: LogFormat,
        (show, access): (&Show, watch::Sender<Access>),
        saves: mpsc::Sender<()>,
    ) -> Self {
        let mut file = Self {
            path,
            overrides,
            listen: show.gateway.listen.clone(),
            http: show.gateway.http,
            access,
            log_format,
            watch: Watch::Off,
            files: Vec::new(),
            watcher: None,
            saves,
        };
        file.watch_as(show.gateway.watch, show.files.clone());
        file
    }

    /// SIGHUP: a good file replaces the show, any other changes nothing.
    pub(super) async fn reload(&mut self, handle: &Handle) {
        let Some(show) = self.read() else {
            warn!(
                "{} is not applied; the show goes on as it was",
                self.path.display()
            );
            return;
        };
        let changed = [
            ("listen", show.gateway.listen != self.listen),
            ("http", show.gateway.http != self.http),
        ];
        for (key, _) in changed.into_iter().filter(|(_, has_changed)| *has_changed) {
            let path = self.path.display();
            warn!("{key} has changed in {path}: that waits for a restart");
        }
        self.watch_as(show.gateway.watch, show.files.clone());
        info!("{} is read again", self.path.display());
        // Without HTTP nobody asks.
        self.access.send_replace(show.access.clone());
        handle.reload(show).await;
    }

    /// The file was saved.
    pub(super) async fn saved(&mut self, handle: &Handle) {
        match self.watch {
            Watch::Off => {}
            Watch::Apply => self.reload(handle).await,
            Watch::Report => {
                if self.read().is_some() {
                    let pid = std::process::id();
                    let path = self.path.display();
                    info!("{path} was saved and is ready to reload (kill -HUP {pid})");
                }
            }
        }
    }

    /// `None`, and it was told why, if it cannot be put in force.
    fn read(&mut self) -> Option<Box<Show>> {
        match load(&self.path, &self.overrides) {
            Ok(Loaded::Show(show)) => Some(show),
            Ok(Loaded::Empty(_)) => {
                warn!(
                    "{} is empty: an editor may be writing it",
                    self.path.display()
                );
                None
            }
            Ok(Loaded::Faults(faults)) => {
                self.tell(&faults);
                // A mapping that was named just now is watched too, until it is good.
                let own = self.path.display().to_string();
                let mut files = self.files.clone();
                files.extend(faults.into_iter().map(|fault| fault.file));
                files.retain(|file| *file != own);
                files.sort_unstable();
                files.dedup();
                self.watch_as(self.watch, files);
                None
            }
            Err(failure) => {
                error!("{failure}");
                None
            }
        }
    }

    fn tell(&self, faults: &[Fault]) {
        match self.log_format {
            LogFormat::Text => {
                error!("{} has faults: {}", self.path.display(), faults.len());
                print_faults(faults);
            }
            LogFormat::Json => {
                for fault in faults {
                    error!("{}: {}", fault.place(), fault.headline());
                }
            }
        }
    }

    fn watch_as(&mut self, watch: Watch, files: Vec<String>) {
        self.watch = watch;
        if files != self.files {
            self.files = files;
            self.watcher = None;
        }
        self.watcher = match watch {
            Watch::Off => None,
            Watch::Report | Watch::Apply => self.watcher.take().or_else(|| self.new_watcher()),
        };
    }

    fn new_watcher(&self) -> Option<Watcher> {
        let saves = self.saves.clone();
        let files = self.files.iter().map(PathBuf::from);
        let paths: Vec<PathBuf> = std::iter::once(self.path.clone()).chain(files).collect();
        // One save that waits to be looked at stands for all that follow.
        let watcher = Watcher::new(&paths, move || {
            let _ = saves.try_send(());
        });
        watcher
            .inspect_err(|error| warn!("{error}; a saved file is not noticed, SIGHUP reloads it"))
            .ok()
    }
}
