//! `oscgate mappings`: what is built in, and one of them to edit.

use super::ending::Failure;
use super::output::print;
use crate::config::{BUILT_IN, Files, load_mapping};

/// Lists the mappings that are built in.
///
/// # Errors
///
/// If standard output is closed or does not work.
pub fn list_mappings() -> Result<(), Failure> {
    let mut text = String::new();
    for (name, toml) in BUILT_IN {
        let mapping = load_mapping(name, toml.as_bytes(), Files::NONE)
            .expect("a test loads every mapping that is built in");
        let about = &mapping.about;
        let proof = about.proof.as_str();
        text.push_str(&format!("{name:<18} {} (proof: {proof})\n", about.name));
    }
    print(&text)
}

/// Prints one of them.
///
/// # Errors
///
/// If there is none of this name, or standard output is closed.
pub fn show_mapping(name: &str) -> Result<(), Failure> {
    let known = BUILT_IN.iter().find(|(known, _)| *known == name);
    let Some((_, toml)) = known else {
        let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        return Err(Failure::NoMapping {
            name: name.to_owned(),
            known: names.join(", "),
        });
    };
    print(toml)
}
