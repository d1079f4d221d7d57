//! `oscgate ping`: how fast the gateway answers, and whether answers are lost.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use super::ending::Failure;
use super::output::Output;
use super::signals::Stop;
use crate::client::{CallError, Client, Incoming};
use crate::driver::Clock;
use crate::osc::Argument;
use crate::time::Instant;

/// How long one answer is waited for, whatever the interval.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// Sends `count` pings, prints each round trip and a summary.
///
/// # Errors
///
/// If none is answered.
pub(super) async fn ping(
    client: &mut Client,
    output: Output,
    count: u32,
    interval: Duration,
    stop: &mut Stop,
) -> Result<(), Failure> {
    let mut times = Times::default();
    tokio::select! {
        done = each(client, output, count, interval, &mut times) => done?,
        () = stop.asked() => {}
    }
    output.line(&times.text(), &times.object())?;
    if times.sent > 0 && times.round_trips.is_empty() {
        return Err(Failure::NoPong { sent: times.sent });
    }
    Ok(())
}

async fn each(
    client: &mut Client,
    output: Output,
    count: u32,
    interval: Duration,
    times: &mut Times,
) -> Result<(), Failure> {
    let gateway = client.gateway();
    for sequence in 1..=count {
        times.sent += 1;
        let clock = Clock::start();
        let number = Argument::Long(i64::from(sequence));
        let answered = match client
            .send_message("/oscgate/ping", std::slice::from_ref(&number))
            .await
        {
            Ok(()) => timeout(ANSWER_WAIT, pong(client, &number)).await,
            Err(error) => Ok(Err(error)),
        };
        match answered {
            Ok(Ok(())) => {
                let took = clock.now().since(Instant::ZERO);
                times.round_trips.push(took);
                let text = format!("answer from {gateway}: {sequence} in {}", millis(took));
                let object = json!({ "sequence": sequence, "time_ms": took.as_secs_f64() * 1e3 });
                output.line(&text, &object)?;
            }
            Ok(Err(CallError::NothingListens { .. })) => {
                let text = format!("no answer from {gateway}: {sequence}, nothing listens there");
                output.line(&text, &json!({ "sequence": sequence, "time_ms": null }))?;
            }
            Ok(Err(error)) => return Err(Failure::Call(error)),
            Err(_elapsed) => {
                let text = format!("no answer from {gateway}: {sequence}");
                output.line(&text, &json!({ "sequence": sequence, "time_ms": null }))?;
            }
        }
        if sequence < count {
            tokio::time::sleep(clock.until(Instant::ZERO + interval)).await;
        }
    }
    Ok(())
}

/// Waits for the answer to the ping of this number; older ones are too late.
async fn pong(client: &mut Client, number: &Argument) -> Result<(), CallError> {
    loop {
        if let Incoming::Pong(arguments) = client.next().await?
            && arguments.first() == Some(number)
        {
            return Ok(());
        }
    }
}

/// What came of the pings.
#[derive(Debug, Default)]
struct Times {
    sent: u32,
    round_trips: Vec<Duration>,
}

impl Times {
    fn text(&self) -> String {
        let received = self.round_trips.len();
        let counts = format!("{} sent, {received} answered", self.sent);
        match self.least_mean_most() {
            Some([least, mean, most]) => format!(
                "{counts}; least {}, mean {}, most {}",
                millis(least),
                millis(mean),
                millis(most)
            ),
            None => counts,
        }
    }

    fn object(&self) -> serde_json::Value {
        let [least, mean, most] = match self.least_mean_most() {
            Some(times) => times.map(|time| Some(time.as_secs_f64() * 1e3)),
            None => [None; 3],
        };
        json!({
            "sent": self.sent,
            "received": self.round_trips.len(),
            "min_ms": least,
            "avg_ms": mean,
            "max_ms": most,
        })
    }

    fn least_mean_most(&self) -> Option<[Duration; 3]> {
        let least = self.round_trips.iter().min()?;
        let most = self.round_trips.iter().max()?;
        let count = u32::try_from(self.round_trips.len()).ok()?;
        let mean = self.round_trips.iter().sum::<Duration>() / count;
        Some([*least, mean, *most])
    }
}

fn millis(span: Duration) -> String {
    format!("{:.3} ms", span.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_what_was_lost() {
        let times = Times {
            sent: 3,
            round_trips: vec![Duration::from_micros(100), Duration::from_micros(300)],
        };
        assert_eq!(
            times.text(),
            "3 sent, 2 answered; least 0.100 ms, mean 0.200 ms, most 0.300 ms"
        );
        let none = Times {
            sent: 1,
            round_trips: vec![],
        };
        assert_eq!(none.text(), "1 sent, 0 answered");
        assert_eq!(none.object()["avg_ms"], serde_json::Value::Null);
    }
}
