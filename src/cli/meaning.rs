//! What a message in a dialect means, in words.

use std::fmt::Write as _;

use super::printed::{print_values, type_tags};
use super::settings::Explanation;
use crate::mapping::{Conversion, Deed, Deeds, Kind, Mapping, Role, Service, Unfit, What};
use crate::osc::{Pattern, is_pattern};

/// So many of the addresses that a pattern names are shown.
const NAMED_SHOWN_MAX: usize = 4;

/// Why nothing is written of a pattern.
pub(super) const PATTERN: &str = "a pattern reaches only addresses that have a value, and without a running \
                       gateway none has one";

/// What a native message means, in words.
pub(super) fn meaning(deed: &Deed<'_>, mapping: &Mapping, asked: &Explanation) -> String {
    let address = deed.address;
    match deed.what {
        What::Write {
            event,
            hold,
            clipped,
        } => {
            let mut said = if event {
                "it is an event".to_owned()
            } else {
                "it is a value".to_owned()
            };
            if let Some(user) = deed.user {
                let _ = write!(said, ", by the person {user}");
            }
            if let Some(hold) = hold {
                let _ = write!(
                    said,
                    ", and moving takes the lock for {} ms",
                    hold.as_millis()
                );
            }
            if clipped {
                said.push_str(", clipped to its range");
            }
            said
        }
        What::Query => format!("it asks for {address}: it is sent the stored value"),
        What::Touch { down: true } => format!("a finger takes the lock of {address}"),
        What::Touch { down: false } => format!("the finger is gone: {address} is released"),
        What::Bank { bank, number } => {
            let name = &mapping.banks()[bank].name;
            format!("bank {name} is {number} now, and its values are sent")
        }
        What::Serve(at) => served(mapping, at),
        What::Unfit(Unfit::Range) => format!(
            "denied: {} is {}",
            print_values(&asked.values),
            outside(deed, mapping)
        ),
        What::Unfit(Unfit::Type) => format!(
            "denied: the arguments ,{} are not what the line speaks of",
            type_tags(&asked.values)
        ),
        What::NoValue => format!("denied: {address} has no value yet that could be changed"),
        What::Denied => "denied: the mapping refuses it".to_owned(),
        What::TooMany => "denied: the pattern matches too many addresses".to_owned(),
        What::Drop => format!("no line of {} speaks of it: dropped", mapping.about.file),
        What::Nothing => "it goes nowhere, and is a sign of life".to_owned(),
        What::Pass => format!(
            "no line of {} speaks of it: it passes as it is",
            mapping.about.file
        ),
    }
}

/// What a value is that its line has no place for, though its type is right.
fn outside(deed: &Deed<'_>, mapping: &Mapping) -> String {
    match deed.line.map(|at| &mapping.lines()[at].role) {
        Some(Role::Bank(bank)) => {
            format!(
                "none of the numbers of bank {}",
                mapping.banks()[*bank].name
            )
        }
        Some(Role::Map(map)) if map.conversions.iter().any(is_named) => {
            "none of the names or numbers of the line".to_owned()
        }
        Some(Role::Map(_) | Role::Touch(_) | Role::Service(_) | Role::Tell(_)) | None => {
            "outside of the range of the line".to_owned()
        }
    }
}

fn is_named(conversion: &Conversion) -> bool {
    matches!(conversion.kind, Kind::Names(_))
}

fn served(mapping: &Mapping, at: usize) -> String {
    let Role::Service(service) = &mapping.lines()[at].role else {
        return String::new();
    };
    match service {
        Service::Follow { lease, named } => {
            let what = if *named {
                "the address it names"
            } else {
                "all that the mapping covers"
            };
            match lease {
                Some(lease) => format!("it follows {what} for {} s", lease.as_secs()),
                None => format!("it follows {what}"),
            }
        }
        Service::Unfollow => "it follows no more".to_owned(),
        Service::Renew => "it follows again for as long".to_owned(),
        Service::Heartbeat => "a sign of life".to_owned(),
        Service::Sync => "it is sent all that it follows".to_owned(),
        Service::Answer { send, .. } => format!("it is answered on {send}"),
        Service::Register { port } => {
            format!(
                "what it is sent goes to the port that argument {} names",
                port + 1
            )
        }
    }
}

/// The native addresses that a pattern names: it says nothing of them where none has a value.
pub(super) fn named_by_pattern(mapping: &Mapping, address: &str, deeds: &Deeds, text: &mut String) {
    let Ok(pattern) = Pattern::compile(address) else {
        return;
    };
    let suffix = mapping.queries.suffix.as_deref();
    let asks = suffix.is_some_and(|suffix| address.ends_with(suffix)) && !deeds.is_empty();
    // What no line says is of the whole message: that it is refused, or matches too much.
    let is_whole = (0..deeds.len()).any(|n| deeds.get(n).is_some_and(|deed| deed.line.is_none()));
    if !is_pattern(address) || asks || is_whole {
        return;
    }
    let known = mapping.native_addresses();
    let named: Vec<&str> = known.filter(|known| pattern.matches(known)).collect();
    let few = named[..named.len().min(NAMED_SHOWN_MAX)].join(", ");
    let file = &mapping.about.file;
    let _ = match named.len() {
        1 => writeln!(text, "  it names one address of {file}: {few}"),
        all if all <= NAMED_SHOWN_MAX => {
            writeln!(text, "  it names {all} addresses of {file}: {few}")
        }
        all => writeln!(text, "  it names {all} addresses of {file}: {few}, …"),
    };
    let _ = writeln!(text, "  {PATTERN}");
}
