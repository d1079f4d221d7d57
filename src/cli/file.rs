//! Show files on the disk: read, and their faults told.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::ending::Failure;
use crate::config::{Fault, Files, Show, is_mapping, load_mapping, load_show_bytes};
use crate::mapping::Mapping;

/// What the command line says instead of a show file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Where to listen; empty: as the file says.
    pub listen: Vec<SocketAddr>,
    /// Where HTTP is served, or that it is not; `None`: as the file says.
    pub http: Option<Option<SocketAddr>>,
}

/// What became of a show file.
#[derive(Debug)]
pub(super) enum Loaded {
    /// It is good.
    Show(Box<Show>),
    /// Nothing is in it: an editor may be writing it.
    Empty(Box<Show>),
    /// All that is wrong with it.
    Faults(Vec<Fault>),
}

/// What a file is found to be.
#[derive(Debug)]
pub(super) enum Checked {
    /// A good show.
    Show(Box<Show>),
    /// A good mapping.
    Mapping(Box<Mapping>),
    /// Nothing is in it.
    Empty,
    /// All that is wrong with it.
    Faults(Vec<Fault>),
}

/// The folder of a file, as messages call it.
fn folder_of(path: &Path) -> String {
    path.parent()
        .map_or(String::new(), |folder| folder.display().to_string())
}

/// What is read beside a file: a path from its folder.
fn read_beside(path: &Path, name: &str) -> Option<Result<Vec<u8>, String>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    match fs::read(folder.join(name)) {
        Ok(bytes) => Some(Ok(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => Some(Err(error.to_string())),
    }
}

/// The first of some files that is no mapping: the show that they belong to.
pub(super) fn show_among(files: &[PathBuf]) -> Option<&Path> {
    let is_show = |path: &&PathBuf| fs::read(path).is_ok_and(|bytes| !is_mapping(&bytes));
    files.iter().find(is_show).map(PathBuf::as_path)
}

/// Reads a file that may be a mapping as well as a show; what a mapping names by its path is looked
/// for from `show`, if there is one.
///
/// # Errors
///
/// If it cannot be read.
pub(super) fn check_file(path: &Path, show: Option<&Path>) -> Result<Checked, Failure> {
    let bytes = fs::read(path).map_err(|source| Failure::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    if !is_mapping(&bytes) {
        return Ok(match load(path, &Overrides::default())? {
            Loaded::Show(show) => Checked::Show(show),
            Loaded::Empty(_) => Checked::Empty,
            Loaded::Faults(faults) => Checked::Faults(faults),
        });
    }
    let folder = folder_of(path);
    let read = |name: &str| {
        // Mappings lie beside each other: one that is named is looked for there, too.
        let beside = name.strip_prefix("mappings/").unwrap_or(name);
        let from_show = show.and_then(|show| read_beside(show, name));
        from_show
            .or_else(|| read_beside(path, name))
            .or_else(|| read_beside(path, beside))
    };
    let name = path.display().to_string();
    Ok(
        match load_mapping(&name, &bytes, Files::new(&read, &folder)) {
            Ok(mapping) => Checked::Mapping(Box::new(mapping)),
            Err(faults) => Checked::Faults(faults),
        },
    )
}

/// Reads a show file, parts of which the command line may override.
///
/// # Errors
///
/// If it cannot be read.
pub(super) fn load(path: &Path, overrides: &Overrides) -> Result<Loaded, Failure> {
    let bytes = fs::read(path).map_err(|source| Failure::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let empty = bytes.trim_ascii().is_empty();
    let folder = folder_of(path);
    let read = |name: &str| read_beside(path, name);
    let files = Files::new(&read, &folder);
    let loaded = load_overridden(&path.display().to_string(), &bytes, files, overrides);
    Ok(match loaded {
        Loaded::Show(show) if empty => Loaded::Empty(show),
        loaded @ (Loaded::Show(_) | Loaded::Empty(_) | Loaded::Faults(_)) => loaded,
    })
}

/// The same of what stands in a file of this name.
pub(super) fn load_overridden(
    name: &str,
    bytes: &[u8],
    files: Files<'_>,
    overrides: &Overrides,
) -> Loaded {
    match load_show_bytes(name, bytes, &overrides.listen, files) {
        Ok(mut show) => {
            if let Some(http) = overrides.http {
                show.gateway.http = http;
            }
            Loaded::Show(Box::new(show))
        }
        Err(faults) => Loaded::Faults(faults),
    }
}

/// Prints faults on standard error, with colours on a terminal.
pub(super) fn print_faults(faults: &[Fault]) {
    let mut out = anstream::stderr().lock();
    for fault in faults {
        // A closed standard error leaves nobody to tell.
        let _ = print_fault(&mut out, fault);
    }
}

fn print_fault(out: &mut impl io::Write, fault: &Fault) -> io::Result<()> {
    let bold = anstyle::Style::new().bold();
    let dim = anstyle::Style::new().dimmed();
    let red = anstyle::AnsiColor::Red.on_default().bold();
    let (number, blank) = fault.gutters();
    let quote = &fault.quote;
    writeln!(out, "{bold}{}: {}{bold:#}", fault.place(), fault.headline())?;
    let line = if quote.text.is_empty() { "" } else { " " };
    writeln!(out, "{dim}{number}{dim:#}{line}{}", quote.text)?;
    let carets = "^".repeat(quote.width);
    writeln!(
        out,
        "{dim}{blank}{dim:#} {:1$}{red}{carets}{red:#}",
        "", quote.before
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_show;

    #[test]
    fn without_colours_a_fault_reads_as_it_displays_itself() {
        for text in ["[locks]\ntimeout = \"30\"\n", "[gateway]\nnam = 1\n", "x\n"] {
            for fault in load_show("show.toml", text).unwrap_err() {
                let mut out = anstream::StripStream::new(Vec::new());
                print_fault(&mut out, &fault).unwrap();
                let plain = String::from_utf8(out.into_inner()).unwrap();
                assert_eq!(plain, format!("{fault}\n"));
            }
        }
    }
}
