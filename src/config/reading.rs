//! The bytes of a file in, its tables walked, every fault out.

use toml::de::DeTable;

use super::fault::{Fault, Page};
use super::keys::FileKind;
use super::syntax;
use super::walk::Walk;

/// This many lines with bytes that are no UTF-8 are reported; then the editor is to blame.
const ENCODING_FAULTS_MAX: usize = 10;

/// Reads a file, and has `take` walk its tables, however broken it is.
///
/// # Errors
///
/// Every fault, in the order of its lines.
pub(super) fn read<T>(
    kind: FileKind,
    file_name: &str,
    bytes: &[u8],
    take: impl FnOnce(&mut Walk<'_, '_>, &DeTable<'_>) -> T,
) -> Result<T, Vec<Fault>> {
    let text = String::from_utf8_lossy(bytes);
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let page = Page::of(kind, file_name, "");
        let cure = Some("save it again as UTF-8".to_owned());
        return Err(vec![page.fault(0..0, None, "this file is UTF-16", cure)]);
    }
    if let Some(at) = text.find('\0') {
        let page = Page::of(kind, file_name, &text);
        let message = "this is not a text file";
        return Err(vec![page.fault(at..at + 1, None, message, None)]);
    }
    let faults = encoding_faults(kind, file_name, &text, bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let page = Page::of(kind, file_name, text);
    let readable = syntax::readable(&page);
    let (root, _) = DeTable::parse_recoverable(&readable.text);
    let mut walk = Walk {
        page: &page,
        text: &readable,
        faults,
    };
    walk.faults.extend(readable.faults.iter().cloned());
    let taken = readable
        .is_worth_checking
        .then(|| take(&mut walk, root.get_ref()));
    let mut faults = walk.faults;
    match taken {
        Some(taken) if faults.is_empty() => Ok(taken),
        Some(_) | None => {
            faults.sort_by_key(|fault| (fault.line, fault.column));
            Err(faults)
        }
    }
}

/// A fault for each line of `text` where `bytes` were not UTF-8.
fn encoding_faults(kind: FileKind, file_name: &str, text: &str, bytes: &[u8]) -> Vec<Fault> {
    if std::str::from_utf8(bytes).is_ok() {
        return Vec::new();
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let page = Page::of(kind, file_name, text);
    let mut faults: Vec<Fault> = Vec::new();
    for (at, c) in text.match_indices('\u{fffd}') {
        if faults.last().is_some_and(|last| last.line == page.line(at)) {
            continue;
        }
        let cure = Some("save the file as UTF-8, or type this letter again".to_owned());
        faults.push(page.fault(at..at + c.len(), None, "this letter is not UTF-8", cure));
        if faults.len() == ENCODING_FAULTS_MAX {
            break;
        }
    }
    faults
}
