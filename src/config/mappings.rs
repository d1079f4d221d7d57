//! The mappings that a show names: found, read once each, their faults told once.

use std::borrow::Cow;
use std::sync::Arc;

use super::builtin::BUILT_IN;
use super::fault::{Fault, quoted};
use super::files::Files;
use super::load_mapping::{Depth, load_mapping_in};
use super::nearest::nearest;
use super::values::Trouble;
use super::walk::{Read, Section, Walk};
use crate::mapping::Mapping;

/// What a show calls a mapping, and its root.
type Named = (String, String);

/// Collects the mappings of one show.
pub(super) struct Mappings<'f> {
    files: Files<'f>,
    /// By what the show calls it and its root; `None`: it has faults.
    known: Vec<(Named, Option<Arc<Mapping>>)>,
    used: Vec<String>,
    faults: Vec<Fault>,
}

impl<'f> Mappings<'f> {
    pub(super) fn new(files: Files<'f>) -> Self {
        Self {
            files,
            known: Vec::new(),
            used: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// The files that were used, and the faults of all mappings.
    pub(super) fn finish(self) -> (Vec<String>, Vec<Fault>) {
        (self.used, self.faults)
    }

    /// The mapping of a `[[client]]`.
    pub(super) fn of_client(
        &mut self,
        walk: &mut Walk<'_, '_>,
        section: &Section<'_, '_>,
    ) -> Option<Arc<Mapping>> {
        let root = walk.text(section, "root", root).unwrap_or_default();
        let name = section
            .value("mapping")
            .and_then(|value| value.get_ref().as_str());
        if let (None, Some(value)) = (name, section.value("root"))
            && !section.entries.contains_key("mapping")
        {
            let message =
                "`root` stands before the addresses of a mapping, and this client has none";
            let cure = "name its `mapping`, or take this line out";
            walk.fault(&value.span(), "root", message, Some(cure.into()));
        }
        let key = name.map(|name| (name.to_owned(), root));
        let mut known = self.known.iter();
        if let Some((_, mapping)) = known.find(|(known, _)| Some(known) == key.as_ref()) {
            return mapping.clone();
        }
        let files = self.files;
        let (file, bytes) = walk.text(section, "mapping", |text| find(text, files))?;
        let key = key?;
        let mut depth = Depth::new(files);
        let result = load_mapping_in(&file, &bytes, &key.1, &mut depth);
        for file in std::iter::once(file).chain(depth.used) {
            if !self.used.contains(&file) && !file.ends_with("(built in)") {
                self.used.push(file);
            }
        }
        let mapping = match result {
            Ok(mapping) => Some(Arc::new(mapping)),
            Err(faults) => {
                // The same file under another root has the same faults.
                let new = faults
                    .into_iter()
                    .filter(|fault| !self.faults.contains(fault));
                let new: Vec<Fault> = new.collect();
                self.faults.extend(new);
                None
            }
        };
        self.known.push((key, mapping.clone()));
        mapping
    }
}

/// A mapping file by the name that a show or another mapping gives it: what messages call it, and
/// what it says.
pub(super) fn find(name: &str, files: Files<'_>) -> Read<(String, Cow<'static, [u8]>)> {
    let is_path = name.contains('/') || name.ends_with(".toml");
    let path = if is_path {
        name.to_owned()
    } else {
        format!("mappings/{name}.toml")
    };
    match files.read(&path) {
        Some(Ok(bytes)) => return Ok((files.name(&path), Cow::Owned(bytes))),
        Some(Err(why)) => {
            let message = format!("{} cannot be read: {why}", quoted(&path));
            return Err(Trouble {
                message,
                cure: None,
            });
        }
        None => {}
    }
    if is_path {
        let message = format!("there is no file {}", quoted(&path));
        let cure = "write its path from the show file, or the name of a mapping that is built in";
        return Err(Trouble::new(message, cure));
    }
    if let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
        return Ok((built_in_name(name), Cow::Borrowed(text.as_bytes())));
    }
    let message = format!("there is no mapping {}", quoted(name));
    let names = BUILT_IN.iter().map(|(name, _)| *name);
    let cure = match nearest(name, names.clone()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => {
            let names: Vec<&str> = names.collect();
            format!(
                "built in are {}; a file of your own is written \"./{name}.toml\"",
                names.join(", ")
            )
        }
    };
    Err(Trouble::new(message, cure))
}

/// What messages call a mapping that is built in.
fn built_in_name(name: &str) -> String {
    format!("{name}.toml (built in)")
}

/// `root`: what stands before every gateway address.
fn root(text: &str) -> Read<String> {
    let bad = |cure: &str| {
        let message = format!("{} cannot stand before an address", quoted(text));
        Err(Trouble::new(message, cure.to_owned()))
    };
    if !text.starts_with('/') {
        return bad(&format!(
            "it begins with \"/\": {}",
            quoted(&format!("/{}", text.trim_end_matches('/')))
        ));
    }
    if text.ends_with('/') {
        let cure = format!(
            "leave the last \"/\" out: {}",
            quoted(text.trim_end_matches('/'))
        );
        return bad(&cure);
    }
    if text.starts_with("/oscgate/") || text == "/oscgate" {
        return bad("the addresses under /oscgate are the gateway's own");
    }
    if crate::osc::check_address(text.as_bytes()).is_none()
        || text.contains(['{', '}', '*', '?', '[', ']'])
    {
        return bad("write a plain address such as \"/mon\"");
    }
    Ok(text.to_owned())
}
