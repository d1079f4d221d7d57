//! What the tools print: each line whole and at once, for people or as JSON.

use std::io::{self, Write as _};

use serde_json::{Value, json};

use super::ending::{Exit, Failure};
use super::settings::Form;

/// Where answers go.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    form: Form,
}

impl Output {
    /// Prints in this form.
    #[must_use]
    pub const fn new(form: Form) -> Self {
        Self { form }
    }

    /// Prints a line on standard output: `text`, or `object`.
    ///
    /// # Errors
    ///
    /// If standard output is closed or does not work.
    pub fn line(&self, text: &str, object: &Value) -> Result<(), Failure> {
        match self.form {
            Form::Text => print(&format!("{text}\n")),
            Form::Json => print(&format!("{object}\n")),
        }
    }

    /// Prints a remark on standard error, and in JSON an object on standard output too.
    ///
    /// # Errors
    ///
    /// As [`Output::line`].
    pub fn remark(&self, text: &str, object: &Value) -> Result<(), Failure> {
        complain("note", text);
        match self.form {
            Form::Text => Ok(()),
            Form::Json => print(&format!("{object}\n")),
        }
    }

    /// Tells why a command failed, on standard error, and in JSON as an object on standard output.
    pub fn failure(&self, failure: &Failure) {
        if let Form::Json = self.form
            && let Some(object) = object_of(failure)
        {
            // What cannot be told here is told on standard error.
            let _ = print(&format!("{object}\n"));
        }
        tell(failure);
    }
}

/// Tells why a command failed, on standard error.
pub fn tell(failure: &Failure) {
    match failure.exit() {
        Exit::Done => {}
        Exit::Denied => complain("denied", &failure.to_string()),
        Exit::Failed | Exit::Wrong | Exit::NoAnswer => complain("error", &failure.to_string()),
    }
}

/// Prints text on standard output.
///
/// # Errors
///
/// If standard output is closed or does not work.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Failure::PipeClosed
        } else {
            Failure::Output(error)
        }
    })
}

/// Prints `word: text` on standard error, the word in colour on a terminal.
fn complain(word: &str, text: &str) {
    let colour = match word {
        "note" => anstyle::AnsiColor::Yellow,
        _ => anstyle::AnsiColor::Red,
    };
    let style = colour.on_default().bold();
    // A closed standard error leaves nobody to tell.
    let _ = writeln!(anstream::stderr().lock(), "{style}{word}:{style:#} {text}");
}

fn object_of(failure: &Failure) -> Option<Value> {
    match failure {
        Failure::Denied { subject, refusal } => Some(json!({
            "event": "denied",
            "address": subject,
            "code": refusal.code,
            "holder": holder(&refusal.holder),
            "remaining_ms": milliseconds(refusal.remaining),
            "text": refusal.about(subject),
        })),
        Failure::Lost { address, cause } => Some(json!({
            "event": "lost",
            "address": address,
            "cause": cause,
            "text": failure.to_string(),
        })),
        Failure::Call(_) | Failure::NoPong { .. } => Some(json!({
            "event": "error",
            "code": match failure.exit() {
                Exit::NoAnswer => "NO_ANSWER",
                Exit::Done | Exit::Failed | Exit::Wrong | Exit::Denied => "FAILED",
            },
            "text": failure.to_string(),
        })),
        Failure::Settings(_)
        | Failure::Unreadable { .. }
        | Failure::Faults { .. }
        | Failure::NoMapping { .. }
        | Failure::NoClient { .. }
        | Failure::PipeClosed
        | Failure::Output(_)
        | Failure::Start(_)
        | Failure::Bind(_)
        | Failure::Stopped => None,
    }
}

/// A holder or writer in JSON: null where there is none.
#[must_use]
pub(super) fn holder(name: &str) -> Value {
    match name {
        "" => Value::Null,
        name => json!(name),
    }
}

/// A span in JSON.
#[must_use]
pub(super) fn milliseconds(span: std::time::Duration) -> Value {
    json!(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}
