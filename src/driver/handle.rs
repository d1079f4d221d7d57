//! What other threads hold of a running gateway.

use tokio::sync::mpsc;

use crate::config::Show;

/// What a [`Handle`] may ask of the loop.
#[derive(Debug)]
pub(super) enum Control {
    /// Put a new show in force.
    Reload(Box<Show>),
    /// Tell every session, and end.
    Stop,
}

/// A way to speak to a running [`Driver`](super::Driver). Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    controls: mpsc::Sender<Control>,
}

impl Handle {
    /// A handle, and what the loop reads of it.
    pub(super) fn new() -> (Self, mpsc::Receiver<Control>) {
        // Nobody reloads faster than a few times a second; more than this waits.
        let (controls, receiver) = mpsc::channel(8);
        (Self { controls }, receiver)
    }

    /// Puts a checked show in force between two packets. Does nothing if the loop has ended.
    pub async fn reload(&self, show: Box<Show>) {
        let _ = self.controls.send(Control::Reload(show)).await;
    }

    /// Ends the loop: every session is told first. Does nothing if it has ended.
    pub async fn stop(&self) {
        let _ = self.controls.send(Control::Stop).await;
    }
}
