//! The files beside a show, as the loader asks for them.

/// Reads a file by its path from the show file; `None`: there is none.
pub type ReadFile<'f> = &'f dyn Fn(&str) -> Option<Result<Vec<u8>, String>>;

/// The files beside a show file. This room reads none itself.
#[derive(Clone, Copy)]
pub struct Files<'f> {
    read: ReadFile<'f>,
    folder: &'f str,
}

impl<'f> Files<'f> {
    /// No file at all: what is built in alone.
    pub const NONE: Files<'static> = Files {
        read: &|_| None,
        folder: "",
    };

    /// Files that `read` reads. Messages name them below `folder`, that of the show file; empty:
    /// the one that the program runs in.
    #[must_use]
    pub const fn new(read: ReadFile<'f>, folder: &'f str) -> Self {
        Self { read, folder }
    }

    /// What a file says; `None`: there is none.
    pub(super) fn read(&self, path: &str) -> Option<Result<Vec<u8>, String>> {
        (self.read)(path)
    }

    /// What messages call it.
    pub(super) fn name(&self, path: &str) -> String {
        let path = path.strip_prefix("./").unwrap_or(path);
        match self.folder {
            "" => path.to_owned(),
            _ if path.starts_with('/') => path.to_owned(),
            folder => format!("{folder}/{path}"),
        }
    }
}

impl std::fmt::Debug for Files<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files")
            .field("folder", &self.folder)
            .finish()
    }
}
