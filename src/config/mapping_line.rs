//! `[[map]]`, `[[touch]]`, `[[tell]]` and `[[bank]]`: one table of a mapping file made a line.

use toml::Spanned;
use toml::de::DeValue;

use super::mapping_kind::kinds;
use super::mapping_values::{
    Arguments, arguments, literal, number, real, sayings, tags, template_fault,
};
use super::values;
use super::walk::{Section, Walk};
use crate::mapping::{
    Bank, Capture, Captures, Direction, Edge, Line, Map, Origin, Piece, RawTemplate, Role, Say,
    Slot, Tell, Template, Toggle, Touch, Values, When, Whose,
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
enum Side {
    Device,
    Gateway,
}

/// The templates of one line while their captures are being collected.
struct Templates<'c> {
    context: &'c Context,
    captures: Captures,
    raw: Vec<(&'static str, Side, RawTemplate)>,
}

impl<'c> Templates<'c> {
    fn new(context: &'c Context) -> Self {
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
    fn resolve(
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
    fn read_all(
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
fn slots(
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
fn only(
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

/// A `[[map]]`.
pub(super) fn map(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    context: &Context,
) -> Option<Line> {
    walk.missing(section, "device");
    walk.missing(section, "gateway");
    let mut templates = Templates::new(context);
    let mut good = templates.read_all(walk, section, "device", Side::Device);
    for key in ["aliases", "push", "get"] {
        good &= templates.read_all(walk, section, key, Side::Device);
    }
    let args_given = section.value("args").is_some();
    let mut captures = std::mem::take(&mut templates.captures);
    let arguments = arguments(walk, section, &mut captures);
    templates.captures = captures;
    good &= templates.read_all(walk, section, "gateway", Side::Gateway);
    let role = map_role(walk, section, arguments.as_ref(), &templates);
    let only = only(walk, section, context);
    if !good || (args_given && arguments.is_none()) {
        return None;
    }
    let mut device = templates.resolve(walk, section, "device")?;
    device.truncate(1);
    device.extend(templates.resolve(walk, section, "aliases")?);
    let gateway = templates.resolve(walk, section, "gateway")?;
    let push = templates.resolve(walk, section, "push")?.pop();
    let get = templates.resolve(walk, section, "get")?.pop();
    let slots = slots(walk, section, arguments.as_ref(), &templates.captures)?;
    let mut map = role?;
    (map.push, map.get) = (push, get);
    if device.is_empty() || gateway.is_empty() {
        return None;
    }
    splits(walk, section, &gateway, &map)?;
    let mut line = context.line(walk, section, Role::Map(map));
    line.text = text_of(section, "device");
    (line.captures, line.device, line.gateway) = (templates.captures, device, gateway);
    (line.slots, line.only) = (slots, only);
    Some(line)
}

fn text_of(section: &Section<'_, '_>, key: &str) -> String {
    let text = section
        .value(key)
        .and_then(|value| value.get_ref().as_str());
    text.unwrap_or_default().to_owned()
}

/// Several gateway addresses take one value each.
fn splits(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    gateway: &[Template],
    map: &Map,
) -> Option<()> {
    if gateway.len() > 1 && gateway.len() != map.conversions.len() {
        let message = format!(
            "{} gateway addresses and {} values in `args`",
            gateway.len(),
            map.conversions.len()
        );
        let cure = "a message is split into one value for each address".to_owned();
        let span = section.value("gateway")?.span();
        walk.fault(&span, "gateway", message, Some(cure));
        return None;
    }
    Some(())
}

/// What the messages of a `[[map]]` mean.
fn map_role(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    arguments: Option<&Arguments>,
    templates: &Templates<'_>,
) -> Option<Map> {
    let before = walk.faults.len();
    let ways = [
        ("both", Direction::Both),
        ("in", Direction::In),
        ("out", Direction::Out),
    ];
    let value = value_capture(walk, section, templates);
    let mut device_tags = arguments.map_or(Vec::new(), |arguments| arguments.tags.clone());
    if value.is_some() {
        device_tags = vec![b'i'];
    }
    let gateway_tags = walk.text(section, "gateway_args", tags);
    let conversions = kinds(walk, section, &device_tags, gateway_tags);
    let direction = walk
        .word(section, "direction", "word for `direction`", &ways)
        .unwrap_or_default();
    let bank = walk.word(section, "bank", "word for `bank`", &[("refuse", true)]);
    let map = Map {
        direction,
        conversions: conversions.unwrap_or_default(),
        event: edge(walk, section),
        press: real(walk, section, "press").unwrap_or(1.0),
        toggle: toggle(walk, section),
        relative: real(walk, section, "relative"),
        hold: walk.text(section, "hold", values::time),
        value,
        push: None,
        get: None,
        unset: literal(walk, section, "unset"),
        refused: bank.unwrap_or(false),
    };
    contradictions(walk, section, &map);
    unset(walk, section, &map);
    (walk.faults.len() == before).then_some(map)
}

/// `unset` is a value that the device could say.
fn unset(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>, map: &Map) {
    let (Some(literal), Some(value)) = (&map.unset, section.value("unset")) else {
        return;
    };
    let fits = match &map.conversions[..] {
        [conversion] => conversion
            .to_gateway(literal.view())
            .is_ok_and(|(_, clipped)| !clipped),
        _ => false,
    };
    if !fits {
        let message = "`unset` is no value of this line";
        let cure = "write one value that the device could say, of a line with one value in `args`";
        walk.fault(&value.span(), "unset", message, Some(cure.to_owned()));
    }
}

/// What cannot stand in one line together.
fn contradictions(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>, map: &Map) {
    let pairs = [
        (
            "toggle",
            "relative",
            map.toggle.is_some() && map.relative.is_some(),
        ),
        (
            "event",
            "toggle",
            map.event.is_some() && map.toggle.is_some(),
        ),
        (
            "event",
            "relative",
            map.event.is_some() && map.relative.is_some(),
        ),
        ("event", "hold", map.event.is_some() && map.hold.is_some()),
    ];
    for (one, other, both) in pairs {
        if let (true, Some(value)) = (both, section.value(other)) {
            let message = format!("a line has `{one}` or `{other}`, not both");
            let cure = "write two lines, or take one of them out".to_owned();
            walk.fault(&value.span(), other, message, Some(cure));
        }
    }
    let one_value = map.conversions.len() == 1;
    for key in ["relative", "toggle"] {
        let is_press = key == "toggle" && map.toggle == Some(Toggle::Press);
        if let (Some(value), false) = (section.value(key), one_value || is_press) {
            let message = format!("`{key}` is for lines with one value");
            let cure = "write `args` with one type tag such as \"f\"".to_owned();
            walk.fault(&value.span(), key, message, Some(cure));
        }
    }
}

/// `value`: the capture in the device's address that is the value.
fn value_capture(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    templates: &Templates<'_>,
) -> Option<usize> {
    let value = section.value("value")?;
    let Some(name) = value.get_ref().as_str() else {
        walk.wrong_type(section, "value", value);
        return None;
    };
    let found = templates.captures.find(name);
    if found.is_none() {
        let message = format!("no capture of `device` is called \"{name}\"");
        let cure = format!("put it where the value stands: /at/{{{name}:0..100}}");
        walk.fault(&value.span(), "value", message, Some(cure));
    }
    found
}

/// `event`: true, false or `"press"`.
fn edge(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) -> Option<Edge> {
    let value = section.value("event")?;
    match (value.get_ref().as_bool(), value.get_ref().as_str()) {
        (Some(true), _) => Some(Edge::Every),
        (Some(false), _) => None,
        (None, Some("press")) => Some(Edge::Press),
        (None, _) => {
            let message = "`event` is true, false or \"press\"";
            walk.fault(
                &value.span(),
                "event",
                message,
                Some("write \"press\"".into()),
            );
            None
        }
    }
}

/// `toggle`: true, or the number that turns over.
fn toggle(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) -> Option<Toggle> {
    let value = section.value("toggle")?;
    match (value.get_ref().as_bool(), number(value)) {
        (Some(true), _) => Some(Toggle::Press),
        (Some(false), _) => None,
        (None, Some(number)) => Some(Toggle::Number(number)),
        (None, None) => {
            let message = "`toggle` is true, or the number that turns the switch over";
            walk.fault(
                &value.span(),
                "toggle",
                message,
                Some("write true or -1".into()),
            );
            None
        }
    }
}

/// A `[[touch]]`.
pub(super) fn touch(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    context: &Context,
) -> Option<Line> {
    walk.missing(section, "device");
    walk.missing(section, "gateway");
    let mut templates = Templates::new(context);
    let mut good = templates.read_all(walk, section, "device", Side::Device);
    good &= templates.read_all(walk, section, "release", Side::Device);
    let mut captures = std::mem::take(&mut templates.captures);
    let given = section.value("args").is_some();
    let arguments = arguments(walk, section, &mut captures);
    templates.captures = captures;
    good &= templates.read_all(walk, section, "gateway", Side::Gateway);
    let only = only(walk, section, context);
    if let (Some(arguments), Some(value)) = (&arguments, section.value("args"))
        && arguments.tags.len() > 1
    {
        let message = "a touch has one value: down or not";
        let cure = "write one type tag, such as \"f\"".to_owned();
        walk.fault(&value.span(), "args", message, Some(cure));
        good = false;
    }
    if !good || (given && arguments.is_none()) {
        return None;
    }
    let device = templates.resolve(walk, section, "device")?;
    let gateway = templates.resolve(walk, section, "gateway")?;
    let release = templates.resolve(walk, section, "release")?.pop();
    let slots = slots(walk, section, arguments.as_ref(), &templates.captures)?;
    if device.is_empty() || gateway.is_empty() {
        return None;
    }
    let mut line = context.line(walk, section, Role::Touch(Touch { release }));
    line.text = text_of(section, "device");
    (line.captures, line.device, line.gateway) = (templates.captures, device, gateway);
    // Without `args` the one argument says whether it is down, whatever its type.
    line.slots = Some(slots.unwrap_or_else(|| vec![Slot::Value(0)]));
    line.only = only;
    Some(line)
}

/// What a `[[tell]]` may fill in.
const TOLD: [(&str, Piece); 5] = [
    ("holder", Piece::Holder),
    ("code", Piece::Code),
    ("address", Piece::Address),
    ("name", Piece::Name),
    ("remaining", Piece::Remaining),
];

/// A `[[tell]]`.
pub(super) fn tell(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    context: &Context,
) -> Option<Line> {
    walk.missing(section, "when");
    walk.missing(section, "send");
    let whose = [
        ("anyone", Whose::Anyone),
        ("own", Whose::Own),
        ("others", Whose::Others),
    ];
    let when = when(walk, section);
    let holder = walk
        .word(section, "holder", "word for `holder`", &whose)
        .unwrap_or_default();
    let mut templates = Templates::new(context);
    let mut good = templates.read_all(walk, section, "gateway", Side::Gateway);
    // What the gateway's address has there is filled into the device's, whatever it is.
    for (_, _, raw) in &templates.raw {
        raw.declare_open(&mut templates.captures);
    }
    good &= templates.read_all(walk, section, "send", Side::Device);
    let args = if section.value("args").is_some() {
        sayings(walk, section, "args", &templates.captures, &TOLD)?
    } else {
        Vec::<Say>::new()
    };
    if !good {
        return None;
    }
    let device = templates.resolve(walk, section, "send")?;
    let gateway = templates.resolve(walk, section, "gateway")?;
    let when = when?;
    let of_address = |when: &When| matches!(when, When::Denied | When::Locked | When::Unlocked);
    if gateway.is_empty() && when.iter().any(of_address) {
        walk.missing(section, "gateway");
        return None;
    }
    if device.is_empty() {
        return None;
    }
    let role = Role::Tell(Tell { when, holder, args });
    let mut line = context.line(walk, section, role);
    line.text = text_of(section, "send");
    (line.captures, line.device, line.gateway) = (templates.captures, device, gateway);
    Some(line)
}

/// `when`: one word, or a list of them.
fn when(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) -> Option<Vec<When>> {
    let words = [
        ("denied", When::Denied),
        ("locked", When::Locked),
        ("unlocked", When::Unlocked),
        ("connected", When::Connected),
        ("disconnected", When::Disconnected),
    ];
    let what = "word for `when`";
    if section.value("when")?.get_ref().is_array() {
        let list = walk.list(section, "when", |text| {
            super::walk::one_of(what, text, &words)
        })?;
        return Some(list.into_iter().map(|(when, _)| when).collect());
    }
    Some(vec![walk.word(section, "when", what, &words)?])
}

/// A `[[bank]]`, and the line that chooses one.
pub(super) fn bank(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    context: &Context,
) -> Option<(Bank, Line)> {
    for key in ["name", "device", "numbers"] {
        walk.missing(section, key);
    }
    let name = walk.text(section, "name", values::plain_name);
    let raw = walk.text(section, "numbers", |text| {
        RawTemplate::parse(&format!("{{n:{text}}}"))
            .and_then(|raw| {
                let mut captures = Captures::default();
                raw.declare(&mut captures)?;
                Ok(captures)
            })
            .map_err(|error| values::Trouble::new(error.message, "write it like \"1..4\""))
    });
    let mut templates = Templates::new(context);
    let good = templates.read_all(walk, section, "device", Side::Device);
    let mut captures = std::mem::take(&mut templates.captures);
    let arguments = arguments(walk, section, &mut captures);
    templates.captures = captures;
    let (name, raw) = (name?, raw?);
    let numbers = match raw.0.into_iter().next().map(|capture| capture.values) {
        Some(Values::Numbers(numbers)) => numbers,
        Some(Values::Text | Values::Bank(..) | Values::User) | None => return None,
    };
    let first = real(walk, section, "first").map_or(numbers[0], |first| first as i32);
    if !numbers.contains(&first) {
        let span = section.value("first")?.span();
        let message = format!("{first} is none of the numbers of this bank");
        walk.fault(
            &span,
            "first",
            message,
            Some(format!("write {}", numbers[0])),
        );
        return None;
    }
    if !good {
        return None;
    }
    let device = templates.resolve(walk, section, "device")?;
    let slots = slots(walk, section, arguments.as_ref(), &templates.captures)?;
    let mut line = context.line(walk, section, Role::Bank(context.banks.len()));
    line.text = text_of(section, "device");
    (line.captures, line.device) = (templates.captures, device);
    let in_address = line.captures.0.len() > context.banks.len();
    let default = if in_address {
        vec![Slot::Rest]
    } else {
        vec![Slot::Value(0)]
    };
    line.slots = Some(slots.unwrap_or(default));
    Some((
        Bank {
            name,
            numbers,
            first,
        },
        line,
    ))
}
