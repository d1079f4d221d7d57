//! The files beside a show, as the loader asks for them.

/// Reads a file by its path from the show file; `None`: there is none.
pub type ReadFile<'f> = &'f dyn Fn(&str) -> Option<Result<Vec<u8>, String>>;

/// The files beside a show file. This room reads none itself.
#[derive(Clone, Copy)]
pub struct Files<'f>(pub ReadFile<'f>);

impl Files<'_> {
    /// No file at all: what is built in alone.
    pub const NONE: Files<'static> = Files(&|_| None);
}

impl std::fmt::Debug for Files<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Files")
    }
}
