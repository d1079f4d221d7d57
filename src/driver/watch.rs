//! Saved files of a show, noticed: also by editors that write a new file and rename it.

use std::ffi::OsString;
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

/// Watches files as long as it lives.
#[derive(Debug)]
pub struct Watcher {
    _watcher: notify::RecommendedWatcher,
}

impl Watcher {
    /// Calls `on_saved`, on a thread of its own, whenever one of the files has been changed and all
    /// were then left alone for half a second.
    ///
    /// The folders are watched and not the files: an editor may put a new file in its place. Where
    /// a path is a symbolic link, the link and the file that it leads to now are both watched.
    ///
    /// # Errors
    ///
    /// If a folder cannot be watched.
    pub fn new(
        paths: &[PathBuf],
        mut on_saved: impl FnMut() + Send + 'static,
    ) -> Result<Self, WatchError> {
        let with_target = |path: &PathBuf| {
            let target = path.canonicalize().unwrap_or_else(|_| path.clone());
            [path.clone(), target]
        };
        let all: Vec<PathBuf> = paths.iter().flat_map(with_target).collect();
        let names = all
            .iter()
            .map(|path| path.file_name().map(ToOwned::to_owned));
        let names: Vec<Option<OsString>> = names.collect();
        let (events, changed) = channel();
        let tell = move |event: notify::Result<notify::Event>| {
            // Where the watching itself failed, something may have been missed.
            if event.map_or(true, |event| concerns(&event, &names)) {
                let _ = events.send(());
            }
        };
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| WatchError { path, source }
        };
        let first = all.first().map_or(Path::new(""), PathBuf::as_path);
        let mut watcher = notify::recommended_watcher(tell).map_err(failed(first))?;
        let mut watched: Vec<PathBuf> = Vec::new();
        for path in &all {
            let folder = folder(path);
            // Two names of one folder are one folder.
            let place = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
            if !watched.contains(&place) {
                watcher
                    .watch(folder, RecursiveMode::NonRecursive)
                    .map_err(failed(path))?;
                watched.push(place);
            }
        }
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

fn folder(path: &Path) -> &Path {
    let parent = path.parent();
    parent
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Whether the file may hold something else now. That somebody read it is no change: who is told
/// of one reads it, and would be told for ever. An event that names no file says that events were
/// lost.
fn concerns(event: &notify::Event, names: &[Option<OsString>]) -> bool {
    let named = event.paths.is_empty()
        || event
            .paths
            .iter()
            .any(|path| names.iter().any(|name| path.file_name() == name.as_deref()));
    named && !event.kind.is_access()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::{Receiver, TryRecvError};

    use super::*;

    /// What is waited for comes after the quiet half second or never.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// Watches `path`; each change tells what was read then.
    fn reading(path: &Path) -> (Watcher, Receiver<String>) {
        let (read, told) = channel();
        let place = path.to_owned();
        let watcher = Watcher::new(&[path.to_owned()], move || {
            let _ = read.send(fs::read_to_string(&place).unwrap_or_default());
        });
        (watcher.unwrap(), told)
    }

    #[test]
    fn a_save_in_steps_is_told_once_when_it_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("show.toml");
        fs::write(&path, "old").unwrap();
        let (_watcher, told) = reading(&path);
        for text in ["", "ne", "new"] {
            fs::write(&path, text).unwrap();
        }
        assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "new");
        // Neither the reading nor another file is a change.
        fs::write(folder.path().join("other.toml"), "other").unwrap();
        fs::write(&path, "newer").unwrap();
        assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "newer");
        assert_eq!(told.try_recv(), Err(TryRecvError::Empty));
    }

    #[test]
    fn a_rename_over_the_file_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("show.toml");
        fs::write(&path, "old").unwrap();
        let (_watcher, told) = reading(&path);
        for text in ["first", "second"] {
            let draft = folder.path().join(".show.toml.swp");
            fs::write(&draft, text).unwrap();
            fs::rename(&draft, &path).unwrap();
            assert_eq!(told.recv_timeout(PATIENCE).unwrap(), text);
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_leads_to_is_watched_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let path = folder.path().join("show.toml");
        let target = elsewhere.path().join("tonight.toml");
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        let (_watcher, told) = reading(&path);
        fs::write(&target, "new").unwrap();
        assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "new");
    }

    #[test]
    fn dropping_the_watcher_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("show.toml");
        fs::write(&path, "old").unwrap();
        let (watcher, told) = reading(&path);
        drop(watcher);
        let ended = Err(RecvTimeoutError::Disconnected);
        assert_eq!(told.recv_timeout(PATIENCE), ended);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_that_names_it() {
        let error = Watcher::new(&["/no/such/folder/show.toml".into()], || {}).unwrap_err();
        assert!(error.to_string().contains("/no/such/folder"), "{error}");
    }
}
