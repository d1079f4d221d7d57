//! `[[map]]`: one table of a mapping file made a line.

use super::fault::quoted;
use super::mapping_address::{Context, Side, Templates, only, slots, text_of};
use super::mapping_kind::kinds;
use super::mapping_values::{Arguments, arguments, counted, literal, number, real, tags};
use super::nearest::nearest;
use super::values;
use super::walk::{Section, Walk};
use crate::mapping::{Direction, Edge, Line, Map, Role, Template, Toggle, Values};

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
    // Without them nobody can say which captures there are.
    if !good || (args_given && arguments.is_none()) || section.value("device").is_none() {
        return None;
    }
    let mut device = templates.resolve(walk, section, "device")?;
    device.extend(templates.resolve(walk, section, "aliases")?);
    let gateway = templates.resolve(walk, section, "gateway")?;
    let push = templates.resolve(walk, section, "push")?.pop();
    let get = templates.resolve(walk, section, "get")?.pop();
    let slots = slots(walk, section, arguments.as_ref(), &templates.captures)?;
    let mut map = role?;
    // A value in the address needs no argument.
    let slots = slots.or_else(|| map.value.map(|_| Vec::new()));
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

/// Several gateway addresses take one value each.
fn splits(
    walk: &mut Walk<'_, '_>,
    section: &Section<'_, '_>,
    gateway: &[Template],
    map: &Map,
) -> Option<()> {
    if gateway.len() > 1 && gateway.len() != map.conversions.len() {
        let message = format!(
            "{} gateway addresses and {}",
            gateway.len(),
            counted(map.conversions.len(), "value")
        );
        let cure = "a message is split into one value for each: write `args` with as many types";
        let cure = cure.to_owned();
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
    if let (true, Some(args)) = (
        value.is_some() && arguments.is_some_and(|arguments| !arguments.tags.is_empty()),
        section.value("args"),
    ) {
        let message = "`value` says that the value stands in the address, and `args` has another";
        let cure = "take one of them out".to_owned();
        walk.fault(&args.span(), "args", message, Some(cure));
    }
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
        press: press(walk, section),
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
        let is_there = match key {
            "relative" => map.relative.is_some(),
            _ => matches!(map.toggle, Some(Toggle::Number(_))),
        };
        if let (Some(value), true) = (section.value(key), is_there && !one_value) {
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
    if let Some(found) = found
        && !matches!(templates.captures.0[found].values, Values::Numbers(_))
    {
        let message = format!("a value is a number, and {} has no range", quoted(name));
        let cure = format!("give it one where it stands: {{{name}:0..100}}");
        walk.fault(&value.span(), "value", message, Some(cure));
        return None;
    }
    if found.is_none() {
        let message = format!("no capture of `device` is called {}", quoted(name));
        let captures = templates.captures.0.iter().map(|capture| &*capture.name);
        let cure = match nearest(name, captures) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("put it where the value stands: /at/{{{name}:0..100}}"),
        };
        walk.fault(&value.span(), "value", message, Some(cure));
    }
    found
}

/// `press`: what a press is written as.
fn press(walk: &mut Walk<'_, '_>, section: &Section<'_, '_>) -> f64 {
    let press = real(walk, section, "press").unwrap_or(1.0);
    if let (true, Some(value)) = (press == 0.0, section.value("press")) {
        let message = "a press is not 0, which is a release";
        let cure = "write another number, such as 1".to_owned();
        walk.fault(&value.span(), "press", message, Some(cure));
    }
    press
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
