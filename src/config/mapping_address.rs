//! The addresses of a line of a mapping file: their holes, their captures, what they must not be.

use toml::Spanned;
use toml::de::DeValue;

use super::fault::quoted;
use super::keys::TableName;
use super::mapping_values::{Arguments, number, template_fault};
use super::nearest::nearest;
use super::values::Trouble;
use super::walk::{Section, Walk};
use crate::limits::ADDRESS_BYTES_MAX;
use crate::mapping::{
    Bank, Capture, Captures, Line, Origin, RawTemplate, Role, Slot, Template, TemplateError, Values,
};

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
            depth: 0,
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
        let trouble = address_trouble(text, side);
        if let Some(trouble) = trouble {
            walk.fault(&value.span(), key, trouble.message, trouble.cure);
            return false;
        }
        true
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
            let value = section.value(key)?;
            let items = value.get_ref().as_array();
            let value = items.and_then(|items| items.get(at)).unwrap_or(value);
            let text = value.get_ref().as_str().unwrap_or_default();
            let resolved = raw.resolve(&self.captures).and_then(|template| {
                match endless(text, self.before(*side).len(), &self.captures) {
                    Some(error) if is_read(section, key) => Err(error),
                    Some(_) | None => Ok(template),
                }
            });
            match resolved {
                Ok(template) => found.push(template),
                Err(error) => {
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
            Some(items) if items.is_empty() => {
                let message = format!("`{key}` is an empty list");
                let cure = Some("write an address into it, or take this line out".to_owned());
                walk.fault(&value.span(), key, message, cure);
                false
            }
            Some(items) if items.len() > 1 && !matches!(key, "gateway" | "aliases") => {
                let message = format!("`{key}` is one address");
                let cure = match key {
                    "device" => "write the others as `aliases`",
                    _ => "write a line of its own for each",
                };
                walk.fault(&value.span(), key, message, Some(cure.to_owned()));
                false
            }
            Some(items) => {
                // Each is read, also after one that is wrong.
                let mut good = true;
                for item in items {
                    good &= self.read(walk, item, key, side);
                }
                good
            }
            None => self.read(walk, value, key, side),
        }
    }
}

fn is_own(text: &str) -> bool {
    text == "/oscgate" || text.starts_with("/oscgate/")
}

/// Why a text is no address of a line, if it is none.
pub(super) fn address_trouble(text: &str, side: Side) -> Option<Trouble> {
    let slash = format!("/{}", text.trim());
    let plain = outside_braces(if text.starts_with('/') { text } else { &slash });
    let trouble = |message: &str, cure: String| Some(Trouble::new(message, cure));
    if text.trim().is_empty() {
        trouble(
            "an address is not empty",
            "write it like \"/a/{n:1..8}\"".to_owned(),
        )
    } else if text.trim() != text {
        let cure = format!("write {}", quoted(text.trim()));
        trouble("an address has no spaces before or behind it", cure)
    } else if side == Side::Gateway && !text.starts_with('/') {
        let cure = format!("write {}", quoted(&slash));
        trouble("an address of the gateway begins with \"/\"", cure)
    } else if side == Side::Gateway && is_own(text) {
        let message = "the addresses under /oscgate are the gateway's own";
        trouble(message, "write another address".to_owned())
    } else if text.chars().any(char::is_control) {
        let message = "there is a control character in this address";
        trouble(message, "type it again".to_owned())
    } else if plain.len() > ADDRESS_BYTES_MAX {
        let message = format!("this address is {} bytes long", plain.len());
        trouble(
            &message,
            format!("an address has at most {ADDRESS_BYTES_MAX}"),
        )
    } else if plain.contains(['*', '?', '[', ']']) {
        let message = "an address of a line is plain, and this one has pattern characters";
        trouble(
            message,
            "write a capture such as {n:1..8} instead".to_owned(),
        )
    } else {
        None
    }
}

/// Whether what stands at a key is held against addresses that come, and not only filled in.
fn is_read(section: &Section<'_, '_>, key: &str) -> bool {
    let is_map = section.table == TableName::Map;
    let way = section.entries.get("direction").filter(|_| is_map);
    let way = way.and_then(|value| value.get_ref().as_str());
    match key {
        "device" | "aliases" | "get" | "release" => way != Some("out"),
        "gateway" => section.table == TableName::Tell || (is_map && way != Some("in")),
        _ => false,
    }
}

/// What is wrong where a hole stands right behind a text, which ends nowhere then: no address
/// ever fits. `before` is how much of the template stands before `text`.
fn endless(text: &str, before: usize, captures: &Captures) -> Option<TemplateError> {
    let mut from = 0;
    while let Some(close) = text[from..].find("}{").map(|at| at + from) {
        let open = text[..close].rfind('{')?;
        let name = text[open + 1..close].split([':', '=']).next()?.trim();
        let found = captures.find(name).map(|at| &captures.0[at].values);
        if let Some(Values::Text | Values::User) = found {
            let end = text[close + 1..]
                .find('}')
                .map_or(text.len(), |at| close + 2 + at);
            return Some(TemplateError {
                span: before + open..before + end,
                message: format!(
                    "{} is any text, and nothing says where it ends",
                    quoted(name)
                ),
                cure: "put a \"/\" or a letter between the two holes".to_owned(),
            });
        }
        from = close + 1;
    }
    None
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
            let value = section.value("args")?;
            let mut items = value.get_ref().as_array().into_iter().flatten();
            let hole = format!("{{{name}");
            let said = items.find(|item| {
                let text = item.get_ref().as_str();
                text.is_some_and(|text| text.starts_with(&hole))
            });
            let span = said.unwrap_or(value).span();
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
    let names = context.banks.iter().map(|bank| &*bank.name);
    let entry = value.get_ref().as_table().filter(|table| table.len() == 1);
    let entry = entry.and_then(|table| table.iter().next());
    let Some((name, number_at)) = entry else {
        let message = "`only` names a bank and one of its numbers";
        let name = names.clone().next().unwrap_or("page");
        let cure = format!("write it like {{ {name} = 1 }}");
        walk.fault(&value.span(), "only", message, Some(cure));
        return None;
    };
    let at = names.clone().position(|known| known == name.get_ref());
    let Some(at) = at else {
        let message = format!("no bank is called {}", quoted(name.get_ref()));
        let cure = match nearest(name.get_ref(), names.clone()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None if context.banks.is_empty() => "declare a [[bank]] first".to_owned(),
            None => format!("banks are {}", names.collect::<Vec<_>>().join(", ")),
        };
        walk.fault(&name.span(), "only", message, Some(cure));
        return None;
    };
    let numbers = &context.banks[at].numbers;
    let number = number(number_at);
    let known = numbers.iter().find(|&&one| Some(f64::from(one)) == number);
    if known.is_none() {
        let message = format!("this is none of the numbers of {}", quoted(name.get_ref()));
        let cure = match numbers[..] {
            [one] => format!("write {one}"),
            _ => format!(
                "write one from {} to {}",
                numbers[0],
                numbers[numbers.len() - 1]
            ),
        };
        walk.fault(&number_at.span(), "only", message, Some(cure));
    }
    known.map(|&number| (at, number))
}

/// What stands at a key, for people.
pub(super) fn text_of(section: &Section<'_, '_>, key: &str) -> String {
    let text = section
        .value(key)
        .and_then(|value| value.get_ref().as_str());
    text.unwrap_or_default().to_owned()
}
