//! The lines of a watch in order, each update held back until its writer is known.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::ZonedDateTime;
use serde_json::{Value, json};

use super::output::{holder, milliseconds};
use super::printed::{json_values, print_values, type_tags};
use crate::client::{Incoming, Meta, Seconds};
use crate::osc::{Argument, Message};
use crate::time::Instant;

/// How long an update is held back for the answer who wrote it: longer than a round trip in a
/// building's network, too short to be seen.
const WRITER_WAIT: Duration = Duration::from_millis(100);

/// Questions under way at one time. A fast stream then goes on without writers, and does not make
/// the gateway work twice.
const QUESTIONS_MAX: usize = 16;

/// Lines that wait to be printed.
#[derive(Debug, Default)]
pub(super) struct LineQueue {
    waiting: VecDeque<Waiting>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// For people.
    pub text: String,
    /// As JSON.
    pub object: Value,
}

#[derive(Debug)]
struct Waiting {
    line: Line,
    /// The update whose writer was asked for, and until when to wait for the answer.
    question: Option<(Message, Instant)>,
}

impl LineQueue {
    /// Adds an update; answers the address whose writer is to be asked for, if it is.
    pub(super) fn push_update(
        &mut self,
        now: Instant,
        at: &ZonedDateTime,
        update: Message,
    ) -> Option<String> {
        let mut text = format!("{}  {}", clock_time(at), update.address);
        if !update.arguments.is_empty() {
            text.push_str("  ");
            text.push_str(&print_values(&update.arguments));
        }
        let object = json!({
            "time": timestamp(at),
            "event": "update",
            "address": update.address,
            "values": json_values(&update.arguments),
            "types": type_tags(&update.arguments),
            "writer": null,
            "revision": null,
        });
        let under_way = self
            .waiting
            .iter()
            .filter(|waiting| waiting.question.is_some());
        // An event has no revision, and so no writer that could be asked for.
        let ask = !update.arguments.is_empty() && under_way.count() < QUESTIONS_MAX;
        let address = ask.then(|| update.address.clone());
        self.waiting.push_back(Waiting {
            line: Line { text, object },
            question: ask.then_some((update, now + WRITER_WAIT)),
        });
        address
    }

    /// Adds a line that is whole.
    pub(super) fn push_line(&mut self, line: Line) {
        self.waiting.push_back(Waiting {
            line,
            question: None,
        });
    }

    /// Takes the answer to the oldest question about its address. If the address has another value
    /// by now, the writer of this one stays unknown.
    pub(super) fn answer(&mut self, meta: &Meta) {
        for waiting in &mut self.waiting {
            let Some((update, until)) = waiting.question.take() else {
                continue;
            };
            if update.address != meta.address {
                waiting.question = Some((update, until));
                continue;
            }
            if update.arguments == meta.values && !meta.writer.is_empty() {
                waiting.line.text.push_str("  by ");
                waiting.line.text.push_str(&meta.writer);
                waiting.line.object["writer"] = holder(&meta.writer);
                waiting.line.object["revision"] = json!(meta.revision);
            }
            return;
        }
    }

    /// The next line, if it need not wait any more.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Line> {
        if self.deadline().is_some_and(|deadline| now < deadline) {
            return None;
        }
        Some(self.waiting.pop_front()?.line)
    }

    /// When the first line is printed even without an answer; `None`: nothing is waited for.
    #[must_use]
    pub(super) fn deadline(&self) -> Option<Instant> {
        let (_, until) = self.waiting.front()?.question.as_ref()?;
        Some(*until)
    }
}

/// The line for what happened to a lock; `None` if it is about something else.
#[must_use]
pub(super) fn lock_line(at: &ZonedDateTime, incoming: &Incoming) -> Option<Line> {
    let time = clock_time(at);
    let (text, mut object) = match incoming {
        Incoming::Locked {
            address,
            holder,
            timeout,
        } => (
            format!(
                "{time}  {address}  locked by {holder} for {}",
                Seconds(*timeout)
            ),
            json!({
                "event": "locked",
                "address": address,
                "holder": holder,
                "timeout_ms": milliseconds(*timeout),
            }),
        ),
        Incoming::Unlocked {
            address,
            holder,
            cause,
        } => (
            format!("{time}  {address}  unlocked, was held by {holder} ({cause})"),
            json!({
                "event": "unlocked",
                "address": address,
                "holder": holder,
                "cause": cause,
            }),
        ),
        Incoming::Denied { address, refusal } => (
            format!("{time}  {address}  denied: {}", refusal.about("it")),
            json!({
                "event": "denied",
                "address": address,
                "code": refusal.code,
                "holder": holder(&refusal.holder),
                "remaining_ms": milliseconds(refusal.remaining),
            }),
        ),
        Incoming::Reply { .. }
        | Incoming::Connected { .. }
        | Incoming::Disconnected { .. }
        | Incoming::Meta(_)
        | Incoming::Pong(_)
        | Incoming::Error { .. }
        | Incoming::Status(_)
        | Incoming::Update(_) => return None,
    };
    object["time"] = json!(timestamp(at));
    Some(Line { text, object })
}

/// The line for any other message of the gateway's own.
#[must_use]
pub(super) fn status_line(at: &ZonedDateTime, address: &str, arguments: &[Argument]) -> Line {
    let values = print_values(arguments);
    Line {
        text: format!("{}  {address}  {values}", clock_time(at)),
        object: json!({
            "time": timestamp(at),
            "event": "status",
            "address": address,
            "values": json_values(arguments),
            "types": type_tags(arguments),
        }),
    }
}

/// Local time of day, for people.
fn clock_time(at: &ZonedDateTime) -> String {
    at.strftime("%H:%M:%S%.3f").to_string()
}

/// UTC, for programs.
fn timestamp(at: &ZonedDateTime) -> String {
    at.timestamp()
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_waits_for_its_writer() {
        let mut lines = LineQueue::default();
        let now = Instant::ZERO;
        assert_eq!(
            lines.push_update(now, &noon(), update(0.5)),
            Some("/a".into())
        );
        assert_eq!(lines.pop(now), None);
        lines.answer(&meta(0.5));
        let line = lines.pop(now).unwrap();
        assert_eq!(line.text, "12:00:00.250  /a  0.5  by desk");
        assert_eq!(line.object["writer"], "desk");
        assert_eq!(line.object["revision"], 7);
        assert_eq!(line.object["time"], "2026-01-02T12:00:00.250Z");
    }

    #[test]
    fn without_an_answer_it_is_printed_in_its_turn() {
        let mut lines = LineQueue::default();
        lines.push_update(Instant::ZERO, &noon(), update(0.5));
        lines.push_line(status_line(&noon(), "/oscgate/status/x", &[]));
        let deadline = lines.deadline().unwrap();
        assert_eq!(deadline, Instant::ZERO + WRITER_WAIT);
        assert_eq!(lines.pop(Instant::ZERO), None);
        assert_eq!(lines.pop(deadline).unwrap().object["event"], "update");
        assert_eq!(lines.pop(deadline).unwrap().object["event"], "status");
        assert_eq!(lines.pop(deadline), None);
    }

    #[test]
    fn the_writer_of_a_later_value_is_not_taken_for_that_of_an_earlier() {
        let mut lines = LineQueue::default();
        lines.push_update(Instant::ZERO, &noon(), update(0.1));
        lines.push_update(Instant::ZERO, &noon(), update(0.2));
        lines.answer(&meta(0.2));
        lines.answer(&meta(0.2));
        assert_eq!(
            lines.pop(Instant::ZERO).unwrap().object["writer"],
            Value::Null
        );
        assert_eq!(lines.pop(Instant::ZERO).unwrap().object["writer"], "desk");
    }

    #[test]
    fn a_fast_stream_is_not_asked_about() {
        let mut lines = LineQueue::default();
        for _ in 0..QUESTIONS_MAX {
            assert!(
                lines
                    .push_update(Instant::ZERO, &noon(), update(0.1))
                    .is_some()
            );
        }
        assert!(
            lines
                .push_update(Instant::ZERO, &noon(), update(0.1))
                .is_none()
        );
        let go = Message {
            address: "/go".into(),
            arguments: vec![],
        };
        assert!(
            LineQueue::default()
                .push_update(Instant::ZERO, &noon(), go)
                .is_none()
        );
    }

    fn noon() -> ZonedDateTime {
        "2026-01-02T12:00:00.25+00:00[UTC]".parse().unwrap()
    }

    fn update(value: f32) -> Message {
        Message {
            address: "/a".into(),
            arguments: vec![Argument::Float(value)],
        }
    }

    fn meta(value: f32) -> Meta {
        Meta {
            address: "/a".into(),
            holder: None,
            remaining: Duration::ZERO,
            revision: 7,
            writer: "desk".into(),
            values: vec![Argument::Float(value)],
        }
    }
}
