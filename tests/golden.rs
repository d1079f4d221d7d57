//! Golden files: bad show and mapping files with their exact messages, the examples that must be
//! good, and the datagrams that go over the wire.
//!
//! `UPDATE_GOLDEN=1 cargo test --test golden` writes the messages anew. Read them before you keep
//! them: is it plain what is wrong, and what to type instead? The datagrams it leaves alone.

#[path = "golden/datagrams.rs"]
mod datagrams;
#[path = "golden/native.rs"]
mod native;
#[path = "golden/reference.rs"]
mod reference;

use std::fs;
use std::path::{Path, PathBuf};

use oscgate::config::{BUILT_IN, Fault, Files, Show, load_mapping, load_show_bytes};

/// A folder of bad files, what messages call each of them, and how it is read.
struct Kind {
    folder: &'static str,
    name: &'static str,
    least: usize,
    faults: fn(&[u8], Files<'_>) -> Vec<Fault>,
}

const KINDS: [Kind; 2] = [
    Kind {
        folder: "tests/golden/show",
        name: "show.toml",
        least: 30,
        faults: |bytes, files| {
            let show = load_show_bytes("show.toml", bytes, &[], files);
            show.err().unwrap_or_default()
        },
    },
    Kind {
        folder: "tests/golden/mapping",
        name: "mapping.toml",
        least: 90,
        faults: |bytes, files| {
            let mapping = load_mapping("mapping.toml", bytes, files);
            mapping.err().unwrap_or_default()
        },
    },
];

#[test]
fn a_bad_file_says_what_is_wrong_and_what_to_write() {
    for kind in &KINDS {
        let files = toml_files(kind.folder);
        assert!(
            files.len() >= kind.least,
            "there are {} golden files in {}",
            files.len(),
            kind.folder
        );
        compare(kind, files);
    }
}

fn compare(kind: &Kind, files: Vec<PathBuf>) {
    let mut wrong = Vec::new();
    for file in files {
        let found = messages(kind, &file);
        let golden = file.with_extension("txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &found).expect("the folder can be written");
        } else if fs::read_to_string(&golden).ok().as_ref() != Some(&found) {
            wrong.push(format!("{}:\n{found}", file.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "these messages are new:\n\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_fault_begins_with_its_place() {
    for kind in &KINDS {
        for file in toml_files(kind.folder) {
            let faults = faults(kind, &file);
            assert!(!faults.is_empty(), "{} has no fault", file.display());
            for fault in faults {
                let text = fault.to_string();
                let place = format!("{}:{}:{}: ", fault.file, fault.line, fault.column);
                assert!(text.starts_with(&place), "{text}");
                assert!(!text.contains(['\u{1b}', '\r', '\t']), "{text:?}");
            }
        }
    }
}

#[test]
fn every_example_is_a_good_show_file() {
    let files = toml_files("mappings/examples");
    assert!(!files.is_empty());
    for file in files {
        assert_eq!(messages(&KINDS[0], &file), "good\n", "{}", file.display());
    }
}

/// An example finds its mappings beside it as well as in the program, and they are the same.
#[test]
fn every_example_finds_its_mappings() {
    let beside = |path: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        path.exists()
            .then(|| fs::read(&path).map_err(|error| error.to_string()))
    };
    let mut named = 0;
    for file in toml_files("mappings/examples") {
        let bytes = fs::read(&file).unwrap();
        let load = |files| load_show_bytes("show.toml", &bytes, &[], files).unwrap();
        let (from_files, built_in) = (load(Files::new(&beside, "")), load(Files::NONE));
        let mappings = |show: &Show| {
            let clients = show.clients.iter();
            let mappings = clients.filter_map(|client| client.mapping.as_ref());
            mappings
                .map(|mapping| {
                    let texts = mapping.lines().iter().map(|line| line.text.clone());
                    (mapping.about.name.clone(), texts.collect::<Vec<_>>())
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(
            mappings(&from_files),
            mappings(&built_in),
            "{}",
            file.display()
        );
        let text = String::from_utf8(bytes.clone()).unwrap();
        let said = text.lines().filter(|line| line.starts_with("mapping = "));
        let found = mappings(&built_in).len();
        assert_eq!(said.count(), found, "{}", file.display());
        named += found;
    }
    assert!(
        named >= 5,
        "only {named} clients of the examples have a mapping"
    );
}

#[test]
fn every_mapping_file_is_built_in() {
    for file in toml_files("mappings") {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert!(BUILT_IN.contains(&(name, &*text)), "{name}");
    }
}

/// A show file cut off anywhere, or with any one byte gone, never stops the loader. Its mappings
/// are another file's affair: here they are empty ones.
#[test]
fn a_damaged_show_file_is_answered() {
    let files = Files::new(&|_| Some(Ok(b"[mapping]\nname = \"Empty\"\n".to_vec())), "");
    for file in toml_files("mappings/examples") {
        let bytes = fs::read(&file).unwrap();
        for cut in 0..bytes.len() {
            let _ = load_show_bytes("show.toml", &bytes[..cut], &[], files);
            let without: Vec<u8> = [&bytes[..cut], &bytes[cut + 1..]].concat();
            let _ = load_show_bytes("show.toml", &without, &[], files);
        }
    }
}

/// The same of mapping files, each of which has a fault already.
#[test]
fn a_damaged_mapping_file_is_answered() {
    let files = toml_files("tests/golden/mapping").into_iter();
    // Damaged, this one is a good mapping of 100,000 addresses, and takes its time.
    for file in files.filter(|file| !file.ends_with("addresses-too-many.toml")) {
        let bytes = fs::read(&file).unwrap();
        for cut in 0..bytes.len() {
            let _ = load_mapping("mapping.toml", &bytes[..cut], Files::NONE);
            let without: Vec<u8> = [&bytes[..cut], &bytes[cut + 1..]].concat();
            let _ = load_mapping("mapping.toml", &without, Files::NONE);
        }
    }
}

/// All faults of a file as they are shown, or `good`.
fn messages(kind: &Kind, file: &Path) -> String {
    let faults = faults(kind, file);
    if faults.is_empty() {
        return "good\n".to_owned();
    }
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

/// All faults of a file: it finds itself under its name, and what lies in its folder.
fn faults(kind: &Kind, file: &Path) -> Vec<Fault> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(kind.folder);
    let read = |path: &str| {
        let path = if path == kind.name {
            file.to_owned()
        } else {
            folder.join(path)
        };
        fs::read(path).ok().map(Ok)
    };
    let bytes = fs::read(file).expect("the file was just listed");
    (kind.faults)(&bytes, Files::new(&read, ""))
}

fn toml_files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder)
        .expect("the folder is part of the repository")
        .map(|entry| entry.expect("the folder can be read").path());
    let mut files: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    files
}
