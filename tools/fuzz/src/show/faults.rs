//! What holds for every fault: it has a place in the file, and shows what stands there.

use oscgate::config::Fault;

/// Checks the faults of a file; `name` is how it was called.
pub(crate) fn check(name: &str, bytes: &[u8], faults: &[Fault]) {
    assert!(!faults.is_empty(), "refused without a reason");
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lines: Vec<&str> = text
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .collect();
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let mut last = (0, 0);
    for fault in faults {
        assert_eq!(fault.file, name);
        let place = (fault.line, fault.column);
        assert!(last <= place, "{fault} comes after {last:?}");
        last = place;
        check_texts(fault);
        if is_utf16 {
            assert_eq!(place, (1, 1));
            continue;
        }
        assert!((1..=lines.len()).contains(&fault.line), "{fault}");
        // A key is a word of the file, not a piece of it; only an escape puts a line end into one.
        let key = fault.key.as_deref().unwrap_or_default();
        assert!(!key.contains('\n') || text.contains('\\'), "{key:?}");
        let line = lines[fault.line - 1];
        let length = line.chars().count();
        assert!(
            (1..=length + 1).contains(&fault.column),
            "{fault}\n{line:?}"
        );
        check_quote(fault, line);
    }
}

fn check_texts(fault: &Fault) {
    let shown = fault.to_string();
    assert!(!fault.message.is_empty());
    assert!(fault.cure.as_deref() != Some(""));
    assert!(shown.starts_with(&format!("{}:{}:{}: ", fault.file, fault.line, fault.column)));
    assert_eq!(shown.matches('\n').count(), 2, "{shown:?}");
    let dangerous =
        |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{feff}\u{2028}".contains(c));
    assert!(!shown.contains(dangerous), "{shown:?}");
    let (line, carets) = shown.rsplit_once('\n').expect("three lines");
    assert_eq!(carets.matches('^').count(), fault.quote.width);
    assert!(line.contains(fault.quote.text.trim_end()));
}

/// The quote is the line, or a piece of it, and the mark is under the column that is named.
fn check_quote(fault: &Fault, line: &str) {
    let quote = &fault.quote;
    assert!(quote.width >= 1);
    if !line.chars().all(|c| c == '\t' || (' '..='~').contains(&c)) {
        return;
    }
    let whole = line.replace('\t', "    ");
    let before = line[..fault.column - 1].replace('\t', "    ").len();
    let columns = quote.text.chars().count();
    assert!(
        quote.before + quote.width <= columns.max(quote.before + 1),
        "{fault}"
    );
    if whole.len() <= 90 {
        assert_eq!(quote.text, whole, "{fault}");
        assert_eq!(quote.before, before, "{fault}");
        return;
    }
    assert!(columns <= 92, "{fault}");
    let piece = quote.text.trim_start_matches('…').trim_end_matches('…');
    assert!(whole.contains(piece), "{fault}");
    let marked = quote.text.chars().nth(quote.before);
    assert!(
        marked == whole.chars().nth(before) || marked == Some('…') || marked.is_none(),
        "{fault}"
    );
}
