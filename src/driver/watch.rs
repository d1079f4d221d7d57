//! A saved show file, noticed: also by editors that write a new file and rename it.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use notify::{RecursiveMode, Watcher as _};

/// How long a file must have been left alone before it counts as saved.
const QUIET: Duration = Duration::from_millis(500);

/// Why a file cannot be watched.
#[derive(Debug, thiserror::Error)]
#[error("cannot watch {}: {source}", path.display())]
pub struct WatchError {
    path: PathBuf,
    source: notify::Error,
}

/// Watches one file as long as it lives.
#[derive(Debug)]
pub struct Watcher {
    _watcher: notify::RecommendedWatcher,
}

impl Watcher {
    /// Calls `on_saved`, on a thread of its own, whenever the file has been changed and then left
    /// alone for half a second.
    ///
    /// The folder is watched and not the file: an editor may put a new file in its place.
    ///
    /// # Errors
    ///
    /// If the folder cannot be watched.
    pub fn new(
        path: &Path,
        mut on_saved: impl FnMut() + Send + 'static,
    ) -> Result<Self, WatchError> {
        let failed = |source| WatchError {
            path: path.to_owned(),
            source,
        };
        let (events, changed) = channel();
        let name = path.file_name().map(ToOwned::to_owned);
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                let about_it = event.is_ok_and(|event| {
                    !event.kind.is_access()
                        && event
                            .paths
                            .iter()
                            .any(|path| path.file_name() == name.as_deref())
                });
                if about_it {
                    let _ = events.send(());
                }
            })
            .map_err(failed)?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        watcher
            .watch(
                folder.unwrap_or(Path::new(".")),
                RecursiveMode::NonRecursive,
            )
            .map_err(failed)?;
        std::thread::spawn(move || {
            while changed.recv().is_ok() {
                loop {
                    match changed.recv_timeout(QUIET) {
                        Ok(()) => {}
                        Err(RecvTimeoutError::Timeout) => break on_saved(),
                        Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
            }
        });
        Ok(Self { _watcher: watcher })
    }
}
