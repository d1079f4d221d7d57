//! What fuzzing found so far, and some thousand random inputs, without the engine that finds more.
//!
//! The targets and how to run them under the engine: `tools/fuzz/README.md`.

use std::fs;
use std::path::{Path, PathBuf};

use oscgate_fuzz::{TARGETS, Target, machine, mapping, packet, pattern, show};

/// Random inputs for each target.
const RANDOM_INPUTS: u64 = 2_000;

/// The longest of them, in bytes: what the decisions of most use up.
const RANDOM_BYTES_MAX: u64 = 160;

#[test]
fn every_find_stays_found() {
    for (name, run) in TARGETS {
        let folder = format!("tools/fuzz/finds/{name}");
        // A target that has found nothing has none.
        if !Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder).exists() {
            continue;
        }
        for path in files(&folder) {
            eprintln!("{}", path.display());
            run(&fs::read(&path).expect("a file of the repository"));
        }
    }
}

#[test]
fn packets_are_read_as_the_rules_and_rosc_read_them() {
    replay(("packet", packet::run));
}

#[test]
fn patterns_match_what_trying_every_way_matches() {
    replay(("pattern", pattern::run));
}

#[test]
fn show_files_are_what_was_written_or_blamed_where_they_are_wrong() {
    replay(("show", show::run));
}

#[test]
fn mappings_translate_what_comes_back_or_are_blamed_where_they_are_wrong() {
    replay(("mapping", mapping::run));
}

#[test]
fn the_machine_says_the_same_to_who_follows_and_to_who_asks() {
    replay(("machine", machine::run));
}

/// Runs a target over its corpus, and over random inputs that are the same every time.
fn replay((name, run): Target) {
    let corpora = files(&format!("tools/fuzz/corpus/{name}"));
    let inputs: Vec<Vec<u8>> = corpora.iter().flat_map(|path| inputs(path)).collect();
    assert!(inputs.len() >= 50, "{name} has {} inputs", inputs.len());
    for input in inputs {
        tried(name, run, &input);
    }
    let mut random = Random(1);
    for _ in 0..RANDOM_INPUTS {
        let length = random.next() % RANDOM_BYTES_MAX;
        let mut input: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        if let Some(first) = input.first_mut() {
            // Most are to be built from.
            *first = 0x80 + *first % 0x68;
        }
        tried(name, run, &input);
    }
}

/// Runs a target, and says which input it was that it could not bear.
fn tried(name: &str, run: fn(&[u8]), input: &[u8]) {
    if let Err(panic) = std::panic::catch_unwind(|| run(input)) {
        eprintln!("the input of {name}: {}", hex(input));
        std::panic::resume_unwind(panic);
    }
}

/// A corpus has one input a line, as hex.
fn inputs(path: &Path) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(path).expect("a file of the repository");
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("hex is ASCII");
        u8::from_str_radix(pair, 16).expect("two digits a byte")
    };
    let line = |line: &str| line.as_bytes().chunks(2).map(byte).collect();
    text.lines().map(line).collect()
}

fn hex(input: &[u8]) -> String {
    input.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder).expect("the folder is part of the repository");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    files.sort();
    files
}

/// Numbers that look random, and are the same every time (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
