//! `oscgate get`: the value of an address.

use serde_json::json;

use super::ending::Failure;
use super::output::Output;
use super::printed::{json_values, print_values, type_tags};
use crate::client::Client;
use crate::osc::Argument;

/// Prints the values of `address`.
///
/// # Errors
///
/// If the gateway does not give them.
pub(super) async fn get(client: &mut Client, output: Output, address: &str) -> Result<(), Failure> {
    let values = client
        .call("/oscgate/get", &[Argument::String(address.to_owned())])
        .await
        .map_err(|error| Failure::of_call(address, error))?;
    output.line(
        &print_values(&values),
        &json!({
            "address": address,
            "values": json_values(&values),
            "types": type_tags(&values),
        }),
    )
}
