//! `oscgate unlock` and `oscgate release`: a lock ends.

use serde_json::json;

use super::ending::Failure;
use super::output::Output;
use super::printed::print_values;
use super::set::written;
use crate::client::Client;
use crate::osc::Argument;

/// Releases this client's lock, and writes before, where there are values.
///
/// # Errors
///
/// If another client holds it, or the gateway does not answer.
pub(super) async fn unlock(
    client: &mut Client,
    output: Output,
    address: &str,
    values: &[Argument],
) -> Result<(), Failure> {
    let mut arguments = vec![Argument::String(address.to_owned())];
    arguments.extend_from_slice(values);
    let answer = client
        .call("/oscgate/unlock", &arguments)
        .await
        .map_err(|error| Failure::of_call(address, error))?;
    let mut object = match values {
        [] => json!({ "address": address }),
        values => written(address, values),
    };
    object["event"] = json!("unlocked");
    if let [Argument::Long(revision), ..] = answer.as_slice() {
        object["revision"] = json!(revision);
    }
    let text = match values {
        [] => format!("{address} unlocked"),
        values => format!("{address} {} written and unlocked", print_values(values)),
    };
    output.line(&text, &object)
}

/// Frees an address, whoever holds it.
///
/// # Errors
///
/// If this client is no operator, or the gateway does not answer.
pub(super) async fn release(
    client: &mut Client,
    output: Output,
    address: &str,
    reason: Option<&str>,
) -> Result<(), Failure> {
    let mut arguments = vec![Argument::String(address.to_owned())];
    arguments.extend(reason.map(|reason| Argument::String(reason.to_owned())));
    client
        .call("/oscgate/release", &arguments)
        .await
        .map_err(|error| Failure::of_call(address, error))?;
    output.line(
        &format!("{address} is free"),
        &json!({ "event": "released", "address": address, "reason": reason }),
    )
}
