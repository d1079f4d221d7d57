//! `oscgate meta`: all about an address.

use serde_json::{Value, json};

use super::ask::bad_answer;
use super::ending::Failure;
use super::output::{Output, holder, milliseconds};
use super::printed::{json_values, print_values, type_tags};
use crate::client::{Client, Meta, Seconds};
use crate::osc::Argument;

/// Prints value, revision, writer and lock of `address`.
///
/// # Errors
///
/// If the gateway does not tell.
pub(super) async fn meta(
    client: &mut Client,
    output: Output,
    address: &str,
) -> Result<(), Failure> {
    let meta = ask_meta(client, address).await?;
    output.line(&text_of(&meta), &object_of(&meta))
}

/// Asks about an address.
pub(super) async fn ask_meta(client: &mut Client, address: &str) -> Result<Meta, Failure> {
    let answer = client
        .call("/oscgate/meta", &[Argument::String(address.to_owned())])
        .await
        .map_err(|error| Failure::of_call(address, error))?;
    Meta::of_arguments(answer).ok_or_else(|| bad_answer("/oscgate/meta"))
}

fn text_of(meta: &Meta) -> String {
    let value = match meta.revision {
        0 => "none yet".to_owned(),
        _ => print_values(&meta.values),
    };
    let writer = match meta.writer.as_str() {
        "" => "nobody",
        writer => writer,
    };
    let locked = match &meta.holder {
        Some(holder) => format!("yes, by {holder} for another {}", Seconds(meta.remaining)),
        None => "no".to_owned(),
    };
    format!(
        "{}\n  value     {value}\n  revision  {}\n  writer    {writer}\n  locked    {locked}",
        meta.address, meta.revision
    )
}

fn object_of(meta: &Meta) -> Value {
    json!({
        "address": meta.address,
        "values": json_values(&meta.values),
        "types": type_tags(&meta.values),
        "revision": meta.revision,
        "writer": holder(&meta.writer),
        "locked": meta.holder.is_some(),
        "holder": meta.holder,
        "remaining_ms": milliseconds(meta.remaining),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_held_address_and_an_untouched_one_are_told_in_lines() {
        let held = Meta {
            address: "/a".into(),
            holder: Some("tablet".into()),
            remaining: Duration::from_millis(26_900),
            revision: 3,
            writer: "desk".into(),
            values: vec![Argument::Float(0.5)],
        };
        assert_eq!(
            text_of(&held),
            "/a\n  value     0.5\n  revision  3\n  writer    desk\n  \
             locked    yes, by tablet for another 27 s"
        );
        assert_eq!(
            object_of(&held).to_string(),
            r#"{"address":"/a","holder":"tablet","locked":true,"remaining_ms":26900,"#.to_owned()
                + r#""revision":3,"types":"f","values":[0.5],"writer":"desk"}"#
        );
        let untouched = Meta {
            holder: None,
            remaining: Duration::ZERO,
            revision: 0,
            writer: String::new(),
            values: vec![],
            ..held
        };
        assert_eq!(
            text_of(&untouched),
            "/a\n  value     none yet\n  revision  0\n  writer    nobody\n  locked    no"
        );
    }
}
