//! Show files on the disk: read, and their faults told.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use super::ending::Failure;
use crate::config::{Fault, Files, Show, load_show_bytes};

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

/// Reads a show file; where `listen` is not empty it takes the place of what the file says.
///
/// # Errors
///
/// If it cannot be read.
pub(super) fn load(path: &Path, listen: &[SocketAddr]) -> Result<Loaded, Failure> {
    let bytes = fs::read(path).map_err(|source| Failure::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let empty = bytes.trim_ascii().is_empty();
    Ok(
        match load_show_bytes(&path.display().to_string(), &bytes, listen, Files::NONE) {
            Ok(show) if empty => Loaded::Empty(Box::new(show)),
            Ok(show) => Loaded::Show(Box::new(show)),
            Err(faults) => Loaded::Faults(faults),
        },
    )
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
