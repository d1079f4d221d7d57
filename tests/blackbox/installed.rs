//! What is installed on this machine beside the gateway.

use std::process::{Child, Command, Output, Stdio};

/// Whether a command succeeds.
pub(crate) fn is_there(command: &mut Command) -> bool {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Whether a program is installed.
pub(crate) fn on_path(program: &str) -> bool {
    is_there(Command::new("sh").args(["-c", &format!("command -v {program}")]))
}

/// What a command says that must succeed.
pub(crate) fn output(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("it is installed");
    let (out, err) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    assert!(status.success(), "{command:?}: {out}{err}");
    out.into_owned()
}

/// A child that does not outlive its test.
pub(crate) struct Guarded(pub(crate) Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
