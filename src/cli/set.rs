//! `oscgate set`: a write.

use serde_json::{Value, json};

use super::ask::bad_answer;
use super::ending::Failure;
use super::output::Output;
use super::printed::{json_values, print_values, type_tags};
use super::settings::Write;
use crate::client::Client;
use crate::osc::Argument;

/// Writes, and prints the new revision.
///
/// # Errors
///
/// If the gateway does not accept it.
pub(super) async fn set(client: &mut Client, output: Output, write: &Write) -> Result<(), Failure> {
    let mut arguments = vec![Argument::String(write.address.clone())];
    // Never the plain message: an address under /oscgate would be done as a request.
    let request = match write.if_revision {
        Some(revision) => {
            arguments.push(Argument::Long(revision));
            "/oscgate/set_if"
        }
        None => "/oscgate/set",
    };
    arguments.extend_from_slice(&write.values);
    let answer = client
        .call(request, &arguments)
        .await
        .map_err(|error| Failure::of_call(&write.address, error))?;
    let mut object = written(&write.address, &write.values);
    let address = &write.address;
    match answer.as_slice() {
        [Argument::Long(revision), ..] => {
            object["revision"] = json!(revision);
            let text = if write.values.is_empty() {
                format!("{address} sent")
            } else {
                let values = print_values(&write.values);
                format!("{address} {values} written, revision {revision}")
            };
            output.line(&text, &object)
        }
        [Argument::Int(count), ..] => {
            object["count"] = json!(count);
            let values = print_values(&write.values);
            let noun = if *count == 1 { "address" } else { "addresses" };
            output.line(
                &format!("{address} {values} written to {count} {noun}"),
                &object,
            )
        }
        _ => Err(bad_answer(request)),
    }
}

/// What was written where, as JSON.
pub(super) fn written(address: &str, values: &[Argument]) -> Value {
    json!({
        "address": address,
        "values": json_values(values),
        "types": type_tags(values),
    })
}
