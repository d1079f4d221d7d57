//! What a line has to know of its captures: the device's message tells every hole of the gateway's
//! address, and the gateway's address every hole of the device's.

use super::compile::{Conflict, comes_in, goes_out};
use super::line::{Line, Piece, Role, Say};
use super::template::{Template, Values};

/// The first capture of a line that nobody tells.
pub(super) fn check(at: usize, line: &Line) -> Option<Conflict> {
    let told = match &line.role {
        Role::Map(_) | Role::Touch(_) => twice(line)
            .or_else(|| unreadable(line))
            .or_else(|| coming(line))
            .or_else(|| going(line)),
        Role::Tell(tell) => telling(line, &tell.args),
        Role::Bank(_) | Role::Service(_) => None,
    };
    told.map(|(key, message, cure)| Conflict {
        line: at,
        key,
        message,
        cure,
    })
}

type Untold = (&'static str, String, String);

/// The addresses that a client may say, and the keys at which they stand.
pub(super) fn said(line: &Line) -> impl Iterator<Item = (&Template, &'static str)> {
    let (get, release) = match &line.role {
        Role::Map(map) => (map.get.as_ref(), None),
        Role::Touch(touch) => (None, touch.release.as_ref()),
        Role::Bank(_) | Role::Service(_) | Role::Tell(_) => (None, None),
    };
    let device = line.device.iter().enumerate();
    let device = device.map(|(n, template)| (template, if n == 0 { "device" } else { "aliases" }));
    device
        .chain(get.map(|get| (get, "get")))
        .chain(release.map(|release| (release, "release")))
}

/// One address of the gateway for two values.
fn twice(line: &Line) -> Option<Untold> {
    let mut all = line.gateway.iter().enumerate();
    all.find(|(n, template)| line.gateway[..*n].contains(template))?;
    let message = "one address stands here twice".to_owned();
    Some((
        "gateway",
        message,
        "give each value an address of its own".to_owned(),
    ))
}

/// Sums beside a text, which is read from the address and not looked up.
fn unreadable(line: &Line) -> Option<Untold> {
    let gateway = line.gateway.iter().map(|template| (template, "gateway"));
    let mut all = said(line).chain(gateway);
    let (_, key) = all.find(|(template, _)| template.is_open() && template.is_ambiguous())?;
    let message = "beside a text, a number in an address has one capture alone".to_owned();
    Some((
        key,
        message,
        "write a line for each value of the other".to_owned(),
    ))
}

/// Captures of the gateway's address that a message of the device does not hold.
fn coming(line: &Line) -> Option<Untold> {
    if !comes_in(line) {
        return None;
    }
    let needed = captures(line).filter(|&capture| {
        let mut gateway = line.gateway.iter();
        gateway.any(|template| template.uses(capture)) && !line.is_argument(capture)
    });
    for capture in needed {
        let name = &line.captures.0[capture].name;
        let Some((_, key)) = said(line).find(|(template, _)| !template.uses(capture)) else {
            continue;
        };
        let direction = match line.role {
            Role::Map(_) => ", or write direction = \"out\"",
            Role::Touch(_) | Role::Bank(_) | Role::Service(_) | Role::Tell(_) => "",
        };
        return Some(if key == "device" {
            let message = format!("nothing that the device says tells what \"{name}\" is");
            let cure = format!("put {{{name}}} into `device` or `args`{direction}");
            ("gateway", message, cure)
        } else {
            let message = format!("nothing in `{key}` tells what \"{name}\" is");
            (key, message, format!("put {{{name}}} into it"))
        });
    }
    None
}

/// Captures of the device's message that the gateway's address does not hold.
fn going(line: &Line) -> Option<Untold> {
    let Role::Map(map) = &line.role else {
        return None;
    };
    if !goes_out(line) {
        return None;
    }
    let told = map.push.as_ref().or(line.device.first())?;
    let one = |capture: usize| matches!(&line.captures.0[capture].values, Values::Numbers(all) if all.len() == 1);
    if let Some(push) = &map.push {
        let silent = captures(line).find(|&capture| {
            let mut gateway = line.gateway.iter();
            let is_needed = gateway.any(|template| template.uses(capture));
            is_needed && !push.uses(capture) && !line.is_argument(capture) && !one(capture)
        });
        if let Some(capture) = silent {
            let name = &line.captures.0[capture].name;
            let message = format!("nothing in `push` tells which \"{name}\" is meant");
            return Some(("push", message, format!("put {{{name}}} into it")));
        }
    }
    let lost = captures(line).find(|&capture| {
        let is_needed = told.uses(capture) || line.is_argument(capture);
        let is_there = line.gateway.iter().all(|gateway| gateway.uses(capture));
        is_needed && !is_there && !one(capture) && map.value != Some(capture)
    })?;
    let name = &line.captures.0[lost].name;
    let message = format!("\"{name}\" is not in this address, so it cannot be told to the device");
    let cure = format!("put {{{name}}} into it, or write direction = \"in\"");
    Some(("gateway", message, cure))
}

/// Captures of a `[[tell]]` that the gateway's address does not hold.
fn telling(line: &Line, args: &[Say]) -> Option<Untold> {
    let known = |capture: usize| line.gateway.iter().all(|gateway| gateway.uses(capture));
    let known = |capture: usize| !line.gateway.is_empty() && known(capture);
    let in_args = |capture: usize| {
        args.iter().any(|say| match say {
            Say::Always(_) => false,
            Say::Number(said) => *said == capture,
            Say::Text(pieces) => pieces.contains(&Piece::Capture(capture)),
        })
    };
    let lost = captures(line).find_map(|capture| {
        let in_send = line.device.iter().any(|send| send.uses(capture));
        let key = if in_send { "send" } else { "args" };
        ((in_send || in_args(capture)) && !known(capture)).then_some((capture, key))
    });
    let (capture, key) = lost?;
    let name = &line.captures.0[capture].name;
    let message = format!("nothing in `gateway` tells what \"{name}\" is");
    Some((
        key,
        message,
        format!("put {{{name}}} into `gateway`, or write a line for each"),
    ))
}

/// The captures that are neither banks, which are always known, nor people.
fn captures(line: &Line) -> impl Iterator<Item = usize> {
    let all = line.captures.0.iter().enumerate();
    all.filter(|(_, capture)| matches!(capture.values, Values::Numbers(_) | Values::Text))
        .map(|(at, _)| at)
}
