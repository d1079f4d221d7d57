//! `oscgate watch`: updates, locks and denials as they happen.

use std::time::Duration;

use jiff::ZonedDateTime;
use serde_json::json;

use super::ending::Failure;
use super::hold::{AFTER_FAILURE, HEARTBEAT, every};
use super::lines::{LineQueue, lock_line, status_line};
use super::output::Output;
use super::settings::{First, Lines, Watch};
use crate::client::{CallError, Client, Incoming};
use crate::driver::Clock;
use crate::osc::Argument;

/// How often the subscription is said again: the message that told of a lost session may itself
/// have been lost, and a watch must not stay deaf for ever.
const SUBSCRIBE_AGAIN: Duration = Duration::from_secs(15);

/// How the gateway's own addresses begin.
const GATEWAY_OWN: &str = "/oscgate/";

/// The status messages about the locks of addresses.
const LOCK_STATUS: [&str; 3] = [
    "/oscgate/status/locked",
    "/oscgate/status/unlocked",
    "/oscgate/status/denied",
];

/// Prints a line for each update until it is dropped.
///
/// # Errors
///
/// If the subscription is refused, or standard output is closed.
pub(super) async fn watch(
    client: &mut Client,
    output: Output,
    watch: &Watch,
) -> Result<(), Failure> {
    let mut watcher = Watcher {
        watch,
        output,
        clock: Clock::start(),
        lines: LineQueue::default(),
        silent: false,
    };
    let subject = watcher.subject();
    let failed = |error| Failure::of_call(&subject, error);
    watcher.subscribe(client).await.map_err(failed)?;
    if watch.first == First::PresentValues {
        for pattern in &watch.patterns {
            let pattern = Argument::String(pattern.as_str().to_owned());
            client
                .call("/oscgate/sync", &[pattern])
                .await
                .map_err(failed)?;
        }
    }
    watcher.follow(client).await
}

struct Watcher<'a> {
    watch: &'a Watch,
    output: Output,
    clock: Clock,
    lines: LineQueue,
    silent: bool,
}

/// What is to be done next.
enum Due {
    Incoming(Result<Incoming, CallError>),
    Print,
    Heartbeat,
    SubscribeAgain,
}

impl Watcher<'_> {
    async fn follow(&mut self, client: &mut Client) -> Result<(), Failure> {
        let mut heartbeat = every(HEARTBEAT);
        let mut again = every(SUBSCRIBE_AGAIN);
        loop {
            let deadline = self.lines.deadline();
            let wait = deadline.map(|deadline| self.clock.until(deadline));
            let due = tokio::select! {
                incoming = client.next() => Due::Incoming(incoming),
                () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {
                    Due::Print
                }
                _ = heartbeat.tick() => Due::Heartbeat,
                _ = again.tick() => Due::SubscribeAgain,
            };
            match due {
                Due::Incoming(Ok(incoming)) => self.on_incoming(client, incoming).await?,
                Due::Incoming(Err(error)) => {
                    self.on_outcome(Err(error))?;
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
                Due::Print => {}
                Due::Heartbeat => {
                    let outcome = client.call("/oscgate/ping", &[]).await;
                    self.on_outcome(outcome.map(drop))?;
                }
                Due::SubscribeAgain => {
                    let outcome = self.subscribe(client).await;
                    self.on_outcome(outcome)?;
                }
            }
            self.print()?;
        }
    }

    /// Follows the patterns, and what is told about locks. To do it again changes nothing.
    async fn subscribe(&self, client: &mut Client) -> Result<(), CallError> {
        let patterns = self.watch.patterns.iter().map(|pattern| pattern.as_str());
        let status = match self.watch.lines {
            Lines::All => &LOCK_STATUS[..],
            Lines::Values => &[],
        };
        let all: Vec<Argument> = patterns
            .chain(status.iter().copied())
            .map(|pattern| Argument::String(pattern.to_owned()))
            .collect();
        client.call("/oscgate/subscribe", &all).await.map(drop)
    }

    async fn on_incoming(
        &mut self,
        client: &mut Client,
        incoming: Incoming,
    ) -> Result<(), Failure> {
        let at = ZonedDateTime::now();
        match &incoming {
            Incoming::Update(update) => {
                let now = self.clock.now();
                if let Some(address) = self.lines.push_update(now, &at, update.clone()) {
                    let question = [Argument::String(address)];
                    let asked = client.send_message("/oscgate/meta", &question).await;
                    // If it was not asked there is no answer, and the line goes without.
                    asked.or_else(|error| self.on_outcome(Err(error)))?;
                }
            }
            Incoming::Meta(meta) => self.lines.answer(meta),
            Incoming::Connected { name, endpoint } => {
                let followed = self.follows("/oscgate/status/connected");
                if followed {
                    self.push_status(&at, "/oscgate/status/connected", &[name, endpoint]);
                }
                if !followed || client.is_own(endpoint) {
                    self.begin_again(client).await?;
                }
            }
            Incoming::Disconnected {
                name,
                endpoint,
                cause,
            } => self.push_status(
                &at,
                "/oscgate/status/disconnected",
                &[name, endpoint, cause],
            ),
            Incoming::Locked { address, .. }
            | Incoming::Unlocked { address, .. }
            | Incoming::Denied { address, .. } => {
                let about = self.watch.lines == Lines::All && self.follows(address);
                if about || LOCK_STATUS.iter().any(|status| self.follows(status)) {
                    self.lines
                        .push_line(lock_line(&at, &incoming).expect("it is about a lock"));
                }
            }
            Incoming::Status(status) => {
                if self.follows(&status.address) {
                    let line = status_line(&at, &status.address, &status.arguments);
                    self.lines.push_line(line);
                }
            }
            Incoming::Reply { .. } | Incoming::Pong(_) | Incoming::Error { .. } => {}
        }
        Ok(())
    }

    /// The session was lost (the gateway was started again, or took this client for gone).
    async fn begin_again(&mut self, client: &mut Client) -> Result<(), Failure> {
        let object = json!({ "event": "again" });
        let text = "the gateway has begun a new session; updates may be missing here";
        self.output.remark(text, &object)?;
        let outcome = match client.rejoin().await {
            Ok(()) => self.subscribe(client).await,
            Err(error) => Err(error),
        };
        self.on_outcome(outcome)
    }

    /// Says once that the gateway is silent, and once that it is back; a refusal ends the watch.
    fn on_outcome(&mut self, outcome: Result<(), CallError>) -> Result<(), Failure> {
        match outcome {
            Ok(()) if self.silent => {
                self.silent = false;
                let object = json!({ "event": "heard" });
                self.output.remark("the gateway answers again", &object)
            }
            Ok(()) => Ok(()),
            Err(error) if !error.is_silence() => Err(Failure::of_call(&self.subject(), error)),
            Err(_) if self.silent => Ok(()),
            Err(error) => {
                self.silent = true;
                let text = format!("{error}\n      trying on");
                self.output.remark(&text, &json!({ "event": "silent" }))
            }
        }
    }

    fn push_status(&mut self, at: &ZonedDateTime, address: &'static str, texts: &[&String]) {
        if self.follows(address) {
            let text = |text: &&String| Argument::String((*text).clone());
            let arguments: Vec<Argument> = texts.iter().map(text).collect();
            self.lines.push_line(status_line(at, address, &arguments));
        }
    }

    fn print(&mut self) -> Result<(), Failure> {
        let now = self.clock.now();
        while let Some(line) = self.lines.pop(now) {
            self.output.line(&line.text, &line.object)?;
        }
        Ok(())
    }

    /// Whether one of the patterns matches (a denial may be about a pattern itself). As at the
    /// gateway, only one that begins so matches its own addresses: `//*` does not.
    fn follows(&self, address: &str) -> bool {
        let own = address.starts_with(GATEWAY_OWN);
        self.watch.patterns.iter().any(|pattern| {
            let text = pattern.as_str();
            text == address || (text.starts_with(GATEWAY_OWN) || !own) && pattern.matches(address)
        })
    }

    fn subject(&self) -> String {
        let patterns: Vec<&str> = self.watch.patterns.iter().map(|p| p.as_str()).collect();
        patterns.join(" ")
    }
}
