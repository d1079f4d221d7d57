//! `oscgate lock` and `oscgate take`: a lock, held until Ctrl-C.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::ending::Failure;
use super::meta::ask_meta;
use super::output::{Output, milliseconds};
use super::printed::print_values;
use super::set::written;
use super::settings::{Hold, Until};
use super::signals::Stop;
use crate::client::{CallError, Client, Incoming, Seconds};
use crate::osc::Argument;

/// How often the gateway hears from a client that stays, a third of the time after which it takes
/// a silent one as gone.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(3);

/// How long to wait after the network itself failed, so that a loop does not spin on it.
pub(super) const AFTER_FAILURE: Duration = Duration::from_millis(200);

impl Hold {
    /// Whether the lock is left behind when the command ends.
    #[must_use]
    pub const fn leaves_lock(&self) -> bool {
        match self.until {
            Until::Stopped => false,
            Until::RunOut => true,
        }
    }
}

/// Locks, and holds the lock until the program is asked to stop.
///
/// # Errors
///
/// If the lock is denied, or lost later.
pub(super) async fn hold(
    client: &mut Client,
    output: Output,
    hold: &Hold,
    stop: &mut Stop,
) -> Result<(), Failure> {
    let address = hold.address.as_str();
    let first = tokio::select! {
        first = lock(client, hold.request, address, &hold.values) => first,
        // The lock may have been granted and its answer lost: leaving releases it.
        () = stop.asked() => return Ok(()),
    };
    let granted = first.map_err(|error| Failure::of_call(address, error))?;
    tell_locked(output, hold, &hold.values, granted)?;
    if hold.leaves_lock() {
        return Ok(());
    }
    let mut keeper = Keeper {
        hold,
        output,
        timeout: granted.timeout,
        silent: false,
    };
    tokio::select! {
        lost = keeper.keep(client) => return Err(lost),
        () = stop.asked() => {}
    }
    let target = [Argument::String(address.to_owned())];
    let unlocked = tokio::select! {
        unlocked = client.call("/oscgate/unlock", &target) => unlocked,
        () = stop.asked() => return Ok(()),
    };
    match unlocked {
        Ok(_) => {}
        Err(error) if error.is_silence() => {
            let text = format!("{error}\n      {address} stays locked until that runs out");
            return output.remark(&text, &json!({ "event": "silent", "address": address }));
        }
        Err(error) => return Err(Failure::of_call(address, error)),
    }
    let object = json!({ "event": "unlocked", "address": address, "cause": "released" });
    output.line(&format!("{address} unlocked"), &object)
}

/// What the gateway granted.
#[derive(Clone, Copy, Debug)]
struct Granted {
    timeout: Duration,
    revision: i64,
}

async fn lock(
    client: &mut Client,
    request: &'static str,
    address: &str,
    values: &[Argument],
) -> Result<Granted, CallError> {
    let mut arguments = vec![Argument::String(address.to_owned())];
    arguments.extend_from_slice(values);
    let answer = client.call(request, &arguments).await?;
    let [Argument::Int(timeout), Argument::Long(revision), ..] = answer.as_slice() else {
        return Err(CallError::BadAnswer { request });
    };
    Ok(Granted {
        timeout: Duration::from_millis(u64::try_from(*timeout).unwrap_or(0)),
        revision: *revision,
    })
}

fn tell_locked(
    output: Output,
    hold: &Hold,
    values: &[Argument],
    granted: Granted,
) -> Result<(), Failure> {
    let address = &hold.address;
    let mut object = match values {
        [] => json!({ "address": address }),
        values => written(address, values),
    };
    object["event"] = json!("locked");
    object["timeout_ms"] = milliseconds(granted.timeout);
    object["revision"] = json!(granted.revision);
    let values = match values {
        [] => String::new(),
        values => format!(" {} written and", print_values(values)),
    };
    let time = Seconds(granted.timeout);
    let until = match hold.until {
        Until::Stopped => format!("until Ctrl-C (lasts {time}, renewed in time)"),
        Until::RunOut => format!("for {time}"),
    };
    output.line(&format!("{address}{values} locked {until}"), &object)
}

/// Keeps a lock alive.
struct Keeper<'a> {
    hold: &'a Hold,
    output: Output,
    timeout: Duration,
    silent: bool,
}

/// What is to be done next.
enum Due {
    Incoming(Result<Incoming, CallError>),
    Renewal,
    Heartbeat,
}

impl Keeper<'_> {
    /// Renews the lock until it is lost.
    async fn keep(&mut self, client: &mut Client) -> Failure {
        loop {
            match self.keep_session(client).await {
                Ok(()) => {}
                Err(failure) => return failure,
            }
        }
    }

    /// Renews the lock until the session is lost and the lock taken again.
    async fn keep_session(&mut self, client: &mut Client) -> Result<(), Failure> {
        let mut renewal = every(self.timeout / 3);
        let mut heartbeat = every(HEARTBEAT);
        loop {
            let due = tokio::select! {
                incoming = client.next() => Due::Incoming(incoming),
                _ = renewal.tick() => Due::Renewal,
                _ = heartbeat.tick() => Due::Heartbeat,
            };
            let next = match due {
                Due::Incoming(Ok(incoming)) => self.on_incoming(&incoming)?,
                Due::Incoming(Err(error)) => {
                    self.on_silence(error)?;
                    tokio::time::sleep(AFTER_FAILURE).await;
                    Next::Hold
                }
                Due::Renewal => self.renew(client).await?,
                Due::Heartbeat => match client.call("/oscgate/ping", &[]).await {
                    Ok(_) => self.on_answer()?,
                    Err(error) => self.on_silence(error)?,
                },
            };
            if next == Next::LockAgain {
                return self.lock_again(client).await;
            }
        }
    }

    fn on_incoming(&self, incoming: &Incoming) -> Result<Next, Failure> {
        match incoming {
            Incoming::Connected { .. } => Ok(Next::LockAgain),
            Incoming::Unlocked { address, cause, .. } if *address == self.hold.address => {
                // The session ended, as it does when this machine slept: the lock was not lost to
                // anybody, so it is asked for again.
                if cause == "disconnected" {
                    return Ok(Next::LockAgain);
                }
                Err(self.lost(cause))
            }
            Incoming::Reply { .. }
            | Incoming::Disconnected { .. }
            | Incoming::Locked { .. }
            | Incoming::Unlocked { .. }
            | Incoming::Denied { .. }
            | Incoming::Meta(_)
            | Incoming::Pong(_)
            | Incoming::Error { .. }
            | Incoming::Status(_)
            | Incoming::Update(_) => Ok(Next::Hold),
        }
    }

    /// Renews the lock, if it is still there: a `lock` message would also take it anew, and so
    /// undo in silence what an operator did, where the message that told of it was lost.
    async fn renew(&mut self, client: &mut Client) -> Result<Next, Failure> {
        let meta = match ask_meta(client, &self.hold.address).await {
            Ok(meta) => meta,
            Err(Failure::Call(error)) => return self.on_silence(error),
            Err(failure) => return Err(failure),
        };
        while let Some(incoming) = client.next_kept() {
            if self.on_incoming(&incoming)? == Next::LockAgain {
                return Ok(Next::LockAgain);
            }
        }
        if meta.holder.is_none() {
            return Err(self.lost(""));
        }
        match lock(client, "/oscgate/lock", &self.hold.address, &[]).await {
            Ok(_) => self.on_answer(),
            Err(error @ CallError::BadAnswer { .. }) => Err(Failure::Call(error)),
            Err(error) => self.on_silence(error),
        }
    }

    async fn lock_again(&mut self, client: &mut Client) -> Result<(), Failure> {
        let address = &self.hold.address;
        let object = json!({ "event": "again", "address": address });
        let text = format!("the gateway has begun a new session; locking {address} again");
        self.output.remark(&text, &object)?;
        loop {
            let granted = match client.rejoin().await {
                Ok(()) => lock(client, self.hold.request, address, &[]).await,
                Err(error) => Err(error),
            };
            match granted {
                Ok(granted) => {
                    self.silent = false;
                    self.timeout = granted.timeout;
                    return tell_locked(self.output, self.hold, &[], granted);
                }
                Err(error) => self.on_silence(error)?,
            };
            tokio::time::sleep(AFTER_FAILURE).await;
        }
    }

    /// Says once that the gateway is silent, and goes on; any other error ends the holding.
    fn on_silence(&mut self, error: CallError) -> Result<Next, Failure> {
        if !error.is_silence() {
            return Err(Failure::of_call(&self.hold.address, error));
        }
        if !self.silent {
            self.silent = true;
            let address = &self.hold.address;
            let text = format!(
                "{error}\n      trying on; {address} stays locked for {} at most without it",
                Seconds(self.timeout)
            );
            let object = json!({ "event": "silent", "address": address });
            self.output.remark(&text, &object)?;
        }
        Ok(Next::Hold)
    }

    fn on_answer(&mut self) -> Result<Next, Failure> {
        if self.silent {
            self.silent = false;
            let object = json!({ "event": "heard", "address": self.hold.address });
            self.output.remark("the gateway answers again", &object)?;
        }
        Ok(Next::Hold)
    }

    fn lost(&self, cause: &str) -> Failure {
        Failure::Lost {
            address: self.hold.address.clone(),
            cause: cause.to_owned(),
        }
    }
}

/// How the holding goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Hold,
    LockAgain,
}

/// Ticks that begin one period from now and never come in a bunch.
pub(super) fn every(period: Duration) -> Interval {
    let mut ticks = interval(period.max(Duration::from_millis(10)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    ticks
}

#[cfg(test)]
mod tests {
    use super::super::settings::Form;
    use super::*;

    #[test]
    fn a_lost_lock_ends_the_holding_and_a_lost_session_does_not() {
        let hold = Hold {
            request: "/oscgate/lock",
            address: "/a".into(),
            values: vec![],
            until: Until::Stopped,
        };
        let keeper = Keeper {
            hold: &hold,
            output: Output::new(Form::Text),
            timeout: Duration::from_secs(30),
            silent: false,
        };
        for cause in ["taken", "forced", "expired", "withdrawn", "released"] {
            let lost = keeper.on_incoming(&unlocked("/a", cause)).unwrap_err();
            assert!(lost.to_string().contains(cause), "{lost}");
        }
        let next = |incoming| keeper.on_incoming(&incoming).unwrap();
        assert_eq!(next(unlocked("/b", "forced")), Next::Hold);
        assert_eq!(next(unlocked("/a", "disconnected")), Next::LockAgain);
        let connected = Incoming::Connected {
            name: "desk".into(),
            endpoint: "127.0.0.1:5".into(),
        };
        assert_eq!(next(connected), Next::LockAgain);
    }

    fn unlocked(address: &str, cause: &str) -> Incoming {
        Incoming::Unlocked {
            address: address.into(),
            holder: "desk".into(),
            cause: cause.into(),
        }
    }
}
