//! `oscgate check`: every fault of every file, and what is in each mapping.

use std::path::PathBuf;

use super::ending::Failure;
use super::file::{Checked, check_file, print_faults, show_among};
use super::output::{print, tell};
use crate::config::Show;
use crate::mapping::{Direction, Mapping, Role, Values};
use crate::osc::Pattern;

/// Checks files, and tells of each.
///
/// # Errors
///
/// If one has a fault or cannot be read, after all have been checked.
pub fn check(files: &[PathBuf]) -> Result<(), Failure> {
    let show = show_among(files);
    let mut count = 0;
    let mut unreadable = 0;
    for path in files {
        let name = path.display();
        match check_file(path, show) {
            Ok(Checked::Show(show)) => {
                let warnings = warnings(&name.to_string(), &show);
                print(&format!("{name}: no fault\n{warnings}{}", of_show(&show)))?;
            }
            Ok(Checked::Empty) => {
                print(&format!("{name}: empty, so every default holds\n"))?;
            }
            Ok(Checked::Mapping(mapping)) => {
                print(&format!("{name}: no fault\n{}", of_mapping(&mapping)))?;
            }
            Ok(Checked::Faults(faults)) => {
                print_faults(&faults);
                count += faults.len();
            }
            Err(failure) => {
                tell(&failure);
                unreadable += 1;
            }
        }
    }
    if count + unreadable > 0 {
        return Err(Failure::Faults {
            faults: count,
            unreadable,
        });
    }
    Ok(())
}

/// What the mappings of a show hold, each once, and who speaks them.
fn of_show(show: &Show) -> String {
    let mut text = String::new();
    let mut told: Vec<&str> = Vec::new();
    for entry in &show.clients {
        let Some(mapping) = &entry.mapping else {
            continue;
        };
        if told.contains(&&*mapping.about.file) {
            continue;
        }
        told.push(&mapping.about.file);
        let speakers: Vec<&str> = show
            .clients
            .iter()
            .filter(|other| {
                let file = other.mapping.as_ref().map(|mapping| &mapping.about.file);
                file == Some(&mapping.about.file)
            })
            .map(|other| &*other.name)
            .collect();
        text.push_str(&format!(
            "{}, spoken by {}:\n{}",
            mapping.about.file,
            speakers.join(", "),
            of_mapping(mapping)
        ));
    }
    text
}

/// What of a show's clients cannot be meant: it is no fault, but somebody will look for the reason.
fn warnings(file: &str, show: &Show) -> String {
    let mut text = String::new();
    for entry in &show.clients {
        let Some(mapping) = &entry.mapping else {
            continue;
        };
        let place = format!("  warning: {file}:{}: {}", entry.line, entry.name);
        for follow in &entry.follow {
            let speaks = Pattern::compile(follow).is_ok_and(|pattern| {
                mapping.speaks_of(&pattern) || pattern.prefix().starts_with("/oscgate/")
            });
            if !speaks {
                let below = match &*mapping.about.root {
                    "" => String::new(),
                    root => format!(" (its addresses begin with {root})"),
                };
                text.push_str(&format!(
                    "{place} follows {follow}, of which no line of {} speaks{below}\n",
                    mapping.about.file
                ));
            }
        }
        if entry.follow.is_empty() && !mapping.subscribes() {
            text.push_str(&format!(
                "{place} is sent nothing that others move: it has no `follow`\n"
            ));
        }
    }
    text
}

/// What a mapping holds.
fn of_mapping(mapping: &Mapping) -> String {
    let about = &mapping.about;
    let version = match &*about.version {
        "" => String::new(),
        version => format!(", version {version}"),
    };
    let one_way = mapping.lines().iter().filter(|line| match &line.role {
        Role::Map(map) => map.direction != Direction::Both,
        Role::Touch(_) | Role::Bank(_) | Role::Service(_) | Role::Tell(_) => false,
    });
    let captures = mapping.lines().iter().map(|line| {
        let own = line.captures.0.iter();
        own.filter(|capture| !matches!(capture.values, Values::Bank(..)))
            .count()
    });
    let (native, gateway) = mapping.address_counts();
    let mut text = format!(
        "  {}{version}, proof: {}\n  {} ({} one-way) with {}; {} at the device, {} at the gateway\n",
        about.name,
        about.proof.as_str(),
        many(mapping.lines().len(), "line"),
        one_way.count(),
        many(captures.sum(), "capture"),
        many(native, "address"),
        many(gateway, "address"),
    );
    for line in mapping.unreachable_lines() {
        text.push_str(&format!(
            "  warning: {}:{}: nothing leads to this line, others have all its addresses\n",
            line.origin.file, line.origin.line
        ));
    }
    for line in mapping.aimless_touches() {
        text.push_str(&format!(
            "  warning: {}:{}: no [[map]] of this mapping speaks of all that is touched here\n",
            line.origin.file, line.origin.line
        ));
    }
    text
}

fn many(count: usize, what: &str) -> String {
    match (count, what) {
        (1, what) => format!("1 {what}"),
        (count, "address") => format!("{count} addresses"),
        (count, what) => format!("{count} {what}s"),
    }
}
