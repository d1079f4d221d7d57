//! Show files: any bytes are a show or faults with places; what was written comes back as meant.

pub(crate) mod faults;
mod style;
mod text;
mod written;

use std::iter::zip;
use std::net::SocketAddr;
use std::sync::LazyLock;

use oscgate::config::{Fault, Files, Show, Source, commented_show, load_show, load_show_bytes};
use oscgate::gateway::{Event, Gateway, Outputs};
use oscgate::osc::Pattern;
use oscgate::time::Instant;

use crate::bytes::Bytes;
use text::Text;
use written::Written;

/// What the files are called.
const NAME: &str = "show.toml";

type Loaded = Result<Show, Vec<Fault>>;

/// Takes the input for a show file, or writes one from it, and loads it.
///
/// # Panics
///
/// If a file that was written right is refused or misread, if one that was spoilt in a line is
/// taken or blamed elsewhere, or if a fault does not show what stands in the file.
pub fn run(input: &[u8]) {
    let Some((way, mut from)) = Bytes::of(input) else {
        let _ = check(input);
        return;
    };
    if way == 0 {
        let mut text = excerpt(&mut from);
        text::slip(&mut from, &mut text);
        let _ = check(text.as_bytes());
        return;
    }
    let mut written = Written::new(&mut from);
    let mut text = Text::of(&mut from, &written.tables);
    match way {
        1..=3 => {
            let loaded = check(text.text.as_bytes());
            for (client, line) in zip(&mut written.show.clients, text.lines_of("[[client]]")) {
                client.line = line;
            }
            for (rule, line) in zip(&mut written.show.addresses, text.lines_of("[[address]]")) {
                rule.line = line;
            }
            assert_eq!(loaded.as_ref(), Ok(&written.show), "{}", text.text);
        }
        4 | 5 => {
            let Some(spoilt) = text.spoil(&mut from) else {
                return;
            };
            let Err(faults) = check(text.text.as_bytes()) else {
                panic!("line {} went through:\n{}", spoilt.line, text.text);
            };
            let is_there = |fault: &Fault| fault.line == spoilt.line;
            assert!(faults.iter().any(is_there), "{faults:#?}\n{}", text.text);
            assert!(
                !spoilt.alone || faults.iter().all(is_there),
                "{faults:#?}\n{}",
                text.text
            );
        }
        6 => {
            text::slip(&mut from, &mut text.text);
            let _ = check(text.text.as_bytes());
        }
        _ => {
            text::slip(&mut from, &mut text.text);
            let mut bytes = text.text.into_bytes();
            for _ in 0..=from.below(3) {
                let at = (from.below(256) << 8 | from.below(256)) % (bytes.len() + 1);
                bytes.insert(at, from.byte());
            }
            let _ = check(&bytes);
        }
    }
}

/// What `oscgate init` prints, without the remarks: its tables, and the lines of each.
static COMMENTED: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    let text = commented_show();
    let tables = text.split("\n\n");
    let lines = |table: &str| {
        let lines = table.lines().filter(|line| !line.starts_with("# "));
        lines.map(str::to_owned).collect()
    };
    tables.map(lines).collect()
});

/// Some tables of that, most of the examples in it made lines.
fn excerpt(from: &mut Bytes<'_>) -> String {
    let mut text = String::new();
    for table in &*COMMENTED {
        if !from.one_in(3) {
            continue;
        }
        for line in table {
            let example = match from.below(6) {
                0 => continue,
                1 => line,
                _ => line.trim_start_matches('#'),
            };
            text.push_str(example);
            text.push('\n');
        }
    }
    text
}

fn check(bytes: &[u8]) -> Loaded {
    let loaded = load_show_bytes(NAME, bytes, &[], Files::NONE);
    match &loaded {
        Ok(show) => check_show(show),
        Err(faults) => faults::check(NAME, bytes, faults),
    }
    // Whatever the way of loading, it comes to the same. One other way now and then is enough.
    match bytes.len() % 8 {
        0 => assert_eq!(load_show_bytes(NAME, bytes, &[], Files::NONE), loaded),
        1 => check_line_ends(bytes, &loaded),
        2 if !bytes.contains(&0) && !bytes.starts_with(&[0xff]) && !bytes.starts_with(&[0xfe]) => {
            let marked = [b"\xef\xbb\xbf", bytes].concat();
            if !bytes.starts_with(b"\xef\xbb\xbf") {
                assert_eq!(load_show_bytes(NAME, &marked, &[], Files::NONE), loaded);
            }
        }
        3 => {
            if let (Ok(text), false) = (std::str::from_utf8(bytes), bytes.contains(&0)) {
                assert_eq!(load_show(NAME, text), loaded);
            }
        }
        4 => {
            let listen = SocketAddr::from(([10, 9, 8, 7], 7000));
            if let (Ok(show), Ok(other)) = (
                &loaded,
                load_show_bytes(NAME, bytes, &[listen], Files::NONE),
            ) {
                assert_eq!(other.gateway.listen, [listen]);
                assert_eq!(other.clients, show.clients);
            }
        }
        _ => {}
    }
    loaded
}

/// A file from Windows is the same file.
fn check_line_ends(bytes: &[u8], loaded: &Loaded) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    // In texts over several lines the line ends are part of the text.
    if text.contains(['\r', '\0']) || text.contains("\"\"\"") || text.contains("'''") {
        return;
    }
    let windows = text.replace('\n', "\r\n");
    assert_eq!(
        &load_show_bytes(NAME, windows.as_bytes(), &[], Files::NONE),
        loaded,
        "{text}"
    );
}

/// What is promised of a show that was loaded.
fn check_show(show: &Show) {
    assert!(!show.gateway.listen.is_empty());
    assert!(!show.access.allow.is_empty());
    let positive = [
        show.locks.timeout,
        show.locks.denial_interval,
        show.locks.settle,
    ];
    assert!(positive.iter().all(|time| !time.is_zero()));
    for (n, client) in show.clients.iter().enumerate() {
        let others = &show.clients[..n];
        assert!(others.iter().all(|other| other.name != client.name));
        assert!(others.iter().all(|other| other.source != client.source));
        assert!(!client.name.is_empty() && !client.name.contains('/'));
        assert!(client.reply_port != Some(0));
        if let Source::Subnet(subnet) = client.source {
            assert!(!subnet.is_one_address() && subnet.contains(subnet.network));
        }
        let patterns = client.follow.iter().chain(client.write.iter().flatten());
        assert!(
            patterns
                .into_iter()
                .all(|text| Pattern::compile(text).is_ok())
        );
    }
    for rule in &show.addresses {
        assert!(Pattern::compile(&rule.pattern).is_ok());
        assert!(rule.range.is_none_or(|(low, high)| low <= high));
        assert!(rule.rate != Some(0));
        assert!(!rule.hold.is_zero());
        assert!(rule.lock_timeout.is_none_or(|time| !time.is_zero()));
    }
    // It can be put into force.
    if show.clients.len().is_multiple_of(2) {
        return;
    }
    let mut out = Outputs::new();
    let mut gateway = Gateway::new(show.clone(), &show.gateway.listen);
    gateway.handle(Instant::ZERO, Event::Timeout, &mut out);
    gateway.handle(Instant::ZERO, Event::Show(Box::new(show.clone())), &mut out);
    assert!(gateway.deadline().is_none_or(|due| due > Instant::ZERO));
}
