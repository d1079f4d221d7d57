//! What a message in a dialect means, in words.

use std::fmt::Write as _;

use super::printed::type_tags;
use super::settings::Explanation;
use crate::mapping::{Deed, Mapping, Role, Service, What};

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
        What::Unfit(_) => format!(
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
        Service::Nothing => "it goes nowhere".to_owned(),
    }
}
