//! The addresses of a line of a mapping file: their holes, their captures, what they must not be.

use toml::Spanned;
use toml::de::DeValue;

use super::mapping_values::{Arguments, number, template_fault};
use super::walk::{Section, Walk};
use crate::mapping::{
    Bank, Capture, Captures, Line, Origin, RawTemplate, Role, Slot, Template, Values,
};
use crate::osc::check_address;

/// What all lines of a file share.
pub(super) struct Context {
    pub(super) file: String,
    pub(super) root: String,
    pub(super) prefix: String,
    pub(super) banks: Vec<Bank>,
}

impl Context {
    /// A line about nothing yet.
    pub(super) fn line(&self, walk: &Walk<'_, '_>, section: &Section<'_, '_>, role: Role) -> Line {
        Line {
            origin: Origin {
                file: self.file.clone(),
                line: walk.line(&section.header),
            },
            own: true,
            captures: self.captures(),
            device: Vec::new(),
            slots: None,
            gateway: Vec::new(),
            only: None,
            role,
            text: String::new(),
        }
    }

    /// The captures that every line has: the banks.
    fn captures(&self) -> Captures {
        let banks = self.banks.iter().enumerate().map(|(at, bank)| Capture {
            name: bank.name.clone(),
            values: Values::Bank(at, bank.numbers.clone()),
        });
        Captures(banks.collect())
    }
}

/// Which side of a line a template is on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Device,
    Gateway,
}

/// The templates of one line while their captures are being collected.
pub(super) struct Templates<'c> {
    context: &'c Context,
    pub(super) captures: Captures,
    pub(super) raw: Vec<(&'static str, Side, RawTemplate)>,
}

impl<'c> Templates<'c> {
    pub(super) fn new(context: &'c Context) -> Self {
        Self {
            context,
            captures: context.captures(),
            raw: Vec::new(),
        }
    }

    /// Reads a template and the captures that it declares.
    fn read(
        &mut self,
        walk: &mut Walk<'_, '_>,
        value: &Spanned<DeValue<'_>>,
        key: &'static str,
        side: Side,
    ) -> bool {
        let Some(text) = value.get_ref().as_str() else {
            let message = format!("`{key}` is an address in quotes");
            walk.fault(
                &value.span(),
                key,
                message,
                Some("write it like \"/a/{n:1..8}\"".into()),
            );
            return false;
        };
        if !self.is_address(walk, value, text, key, side) {
            return false;
        }
        let before = self.before(side);
        let whole = format!("{before}{text}");
        let raw = RawTemplate::parse(&whole).and_then(|raw| {
            raw.declare(&mut self.captures)?;
            Ok(raw)
        });
        match raw {
            Ok(raw) => {
                self.raw.push((key, side, raw));
                true
            }
            Err(error) => {
                template_fault(walk, value, key, before.len(), error);
                false
            }
        }
    }

    fn before(&self, side: Side) -> &'c str {
        match side {
            Side::Device => &self.context.prefix,
            Side::Gateway => &self.context.root,
        }
    }

    fn is_address(
        &self,
        walk: &mut Walk<'_, '_>,
        value: &Spanned<DeValue<'_>>,
        text: &str,
        key: &'static str,
        side: Side,
    ) -> bool {
        let slash = format!("/{text}");
        let (message, cure) = if text.trim() != text || text.is_empty() {
            ("an address has no spaces around it and is not empty", None)
        } else if side == Side::Gateway && !text.starts_with('/') {
            (
                "an address of the gateway begins with \"/\"",
                Some(format!("write \"{slash}\"")),
            )
        } else if side == Side::Gateway && is_own(text) {
            (
                "the addresses under /oscgate are the gateway's own",
                Some("write another address".to_owned()),
            )
        } else if check_address(if text.starts_with('/') { text } else { &slash }.as_bytes())
            .is_none()
        {
            (
                "an address has no control characters and at most 255 bytes",
                None,
            )
        } else if outside_braces(text).contains(['*', '?', '[', ']']) {
            (
                "an address of a line is plain: it has no pattern characters",
                Some("write a capture such as {n:1..8} instead".to_owned()),
            )
        } else {
            return true;
        };
        walk.fault(&value.span(), key, message, cure);
        false
    }

    /// The templates of a key with their captures resolved.
    pub(super) fn resolve(
        &self,
        walk: &mut Walk<'_, '_>,
        section: &Section<'_, '_>,
        key: &str,
    ) -> Option<Vec<Template>> {
        let mut found = Vec::new();
        let all = self.raw.iter().filter(|(of, _, _)| *of == key);
        for (at, (_, side, raw)) in all.enumerate() {
            match raw.resolve(&self.captures) {
                Ok(template) => found.push(template),
                Err(error) => {
                    let value = section.value(key)?;
                    let items = value.get_ref().as_array();
                    let value = items.and_then(|items| items.get(at)).unwrap_or(value);
                    template_fault(walk, value, key, self.before(*side).len(), error);
                    return None;
                }
            }
        }
        Some(found)
    }

    /// Reads one template, or a list of them.
    pub(super) fn read_all(
        &mut self,
        walk: &mut Walk<'_, '_>,
        section: &Section<'_, '_>,
        key: &'static str,
        side: Side,
    ) -> bool {
        let Some(value) = section.value(key) else {
            return true;
        };
        match value.get_ref().as_array() {
            Some(items) => items.iter().all(|item| self.read(walk, item, key, side)),
            None => self.read(walk, value, key, side),
        }
    }
}

fn is_own(text: &str) -> bool {
    text == "/oscgate" || text.starts_with("/oscgate/")
}

/// A template's text without its holes.
fn outside_braces(text: &str) -> String {
    let mut depth = 0_usize;
    text.chars()
        .filter(|&c| {
            depth += usize::from(c == '{');
            let outside = depth == 0;
            depth -= usize::from(c == '}' && depth > 0);
            outside
        })
        .collect()
}

/// A list of arguments whose captures are all declared.
pub(super) fn slots(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    arguments: Option<&Arguments>,
    captures: &Captures,
) -> Option<Option<Vec<Slot>>> {
    let Some(arguments) = arguments else {
        return Some(None);
    };
    match arguments.resolve(captures) {
        Ok(slots) => Some(Some(slots)),
        Err(name) => {
            let span = section.value("args")?.span();
            let message = format!("nothing in this line says what \"{name}\" is");
            let cure = format!("give its range: {{{name}:1..8}}");
            walk.fault(&span, "args", message, Some(cure));
            None
        }
    }
}

/// `only = { page = 2 }`.
pub(super) fn only(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    context: &Context,
) -> Option<(usize, i32)> {
    let value = section.value("only")?;
    let names: Vec<&str> = context.banks.iter().map(|bank| &*bank.name).collect();
    let cure = match names.first() {
        Some(name) => format!(
            "write it like {{ {name} = 1 }}; banks are {}",
            names.join(", ")
        ),
        None => "declare a [[bank]] first".to_owned(),
    };
    let entry = value.get_ref().as_table().filter(|table| table.len() == 1);
    let found = entry.and_then(|table| {
        let (name, number_of) = table.iter().next()?;
        let at = context
            .banks
            .iter()
            .position(|bank| bank.name == name.get_ref().as_ref())?;
        let number = number(number_of)?;
        let known = context.banks[at].numbers.iter();
        let number = known.copied().find(|&one| f64::from(one) == number)?;
        Some((at, number))
    });
    if found.is_none() {
        let message = "`only` names a bank and one of its numbers";
        walk.fault(&value.span(), "only", message, Some(cure));
    }
    found
}

/// What stands at a key, for people.
pub(super) fn text_of(section: &Section<'_, '_>, key: &str) -> String {
    let text = section
        .value(key)
        .and_then(|value| value.get_ref().as_str());
    text.unwrap_or_default().to_owned()
}
