//! Golden files: bad show files with their exact messages, the examples that must be good, and the
//! datagrams that go over the wire.
//!
//! `UPDATE_GOLDEN=1 cargo test --test golden` writes the messages anew. Read them before you keep
//! them: is it plain what is wrong, and what to type instead? The datagrams it leaves alone.

#[path = "golden/datagrams.rs"]
mod datagrams;
#[path = "golden/native.rs"]
mod native;

use std::fs;
use std::path::{Path, PathBuf};

use oscgate::config::{BUILT_IN, Files, Show, load_show_bytes};

#[test]
fn a_bad_show_file_says_what_is_wrong_and_what_to_write() {
    let mut wrong = Vec::new();
    let files = toml_files("tests/golden/show");
    assert!(
        files.len() >= 30,
        "there are {} golden show files",
        files.len()
    );
    for file in files {
        let found = messages(&file);
        let golden = file.with_extension("txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &found).unwrap();
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
    for file in toml_files("tests/golden/show") {
        let bytes = fs::read(&file).unwrap();
        for fault in load_show_bytes("show.toml", &bytes, &[], Files::NONE).unwrap_err() {
            let text = fault.to_string();
            let place = format!("show.toml:{}:{}: ", fault.line, fault.column);
            assert!(text.starts_with(&place), "{text}");
            assert!(!text.contains(['\u{1b}', '\r', '\t']), "{text:?}");
        }
    }
}

#[test]
fn every_example_is_a_good_show_file() {
    let files = toml_files("mappings/examples");
    assert!(!files.is_empty());
    for file in files {
        assert_eq!(messages(&file), "good\n", "{}", file.display());
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
            clients
                .map(|client| client.mapping.clone())
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
        let found = mappings(&built_in).into_iter().flatten().count();
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

/// All faults of a file as they are shown, or `good`.
fn messages(file: &Path) -> String {
    let bytes = fs::read(file).expect("the file was just listed");
    match load_show_bytes("show.toml", &bytes, &[], Files::NONE) {
        Ok(_) => "good\n".to_owned(),
        Err(faults) => faults.iter().map(|fault| format!("{fault}\n")).collect(),
    }
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
