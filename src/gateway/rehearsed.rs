//! The requests in a bundle that is all-or-nothing, gone through without doing them.

use super::call::{Caller, Calls, DONE, Known, OVERTAKEN, UNREADABLE, outcome};
use super::code::Code;
use super::denial::{Refusal, words};
use super::hello::Speech;
use super::reading;
use super::rehearsal::{Rehearsal, Subject, Subscriptions};
use super::request::{CALL_IN_CALL, Reader, UNKNOWN, failed};
use super::{Asker, Gateway};
use crate::limits::SYNCS_PER_DESTINATION_MAX;
use crate::osc::{Arguments, Pattern};
use crate::time::Instant;

impl Gateway {
    /// Goes through a request that is not about one address to be written or locked.
    pub(super) fn rehearse_request<'a>(
        &mut self,
        now: Instant,
        asker: Asker,
        request: &'a str,
        values: Arguments<'a>,
        rehearsal: &mut Rehearsal<'a>,
    ) {
        let mut reader = Reader(values);
        let judged = match request {
            "/oscgate/as" => return self.rehearse_as(now, asker, reader, rehearsal),
            "/oscgate/call" if !asker.in_call => {
                return self.rehearse_call(now, asker, reader, rehearsal);
            }
            "/oscgate/call" => Err(CALL_IN_CALL),
            "/oscgate/bye" | "/oscgate/hello" => Err(failed(
                Code::BadArguments,
                "a session begins and ends outside bundles that are all-or-nothing",
            )),
            "/oscgate/ping" => Ok(()),
            "/oscgate/get" => reading::read_address(&mut reader)
                .and_then(|address| self.judge_get(now, address, rehearsal)),
            "/oscgate/meta" => reading::read_address(&mut reader).map(|_| ()),
            "/oscgate/subscribe" => reading::read_patterns(reader)
                .and_then(|patterns| self.judge_subscribe(asker, patterns, rehearsal)),
            "/oscgate/unsubscribe" => reading::read_subscribed(reader).map(|texts| {
                let here = &mut self.subscriptions(asker, rehearsal).here;
                here.retain(|known| !texts.is_empty() && !texts.contains(&known.as_str()));
            }),
            "/oscgate/sync" => {
                reading::read_sync(reader).and_then(|_| self.judge_sync(asker, rehearsal))
            }
            _ => Err(UNKNOWN),
        };
        if let Err(refusal) = judged {
            rehearsal.object(asker, Subject::Request(request), refusal);
        }
    }

    fn judge_get(
        &mut self,
        now: Instant,
        address: &str,
        rehearsal: &Rehearsal<'_>,
    ) -> Result<(), Refusal> {
        let target = self.target(address);
        if self
            .standing_after(now, target, address, rehearsal)
            .has_value()
        {
            return Ok(());
        }
        Err(failed(Code::NotFound, words(Code::NotFound)))
    }

    fn judge_subscribe(
        &self,
        asker: Asker,
        patterns: Vec<Pattern>,
        rehearsal: &mut Rehearsal<'_>,
    ) -> Result<(), Refusal> {
        let limit = self.limits.subscriptions_per_client as usize;
        let subscriptions = self.subscriptions(asker, rehearsal);
        let before = subscriptions.here.len();
        for pattern in patterns {
            if !subscriptions.here.contains(&pattern) {
                subscriptions.here.push(pattern);
            }
        }
        if subscriptions.here.len() + subscriptions.elsewhere > limit {
            subscriptions.here.truncate(before);
            return Err(reading::TOO_MANY_SUBSCRIPTIONS);
        }
        Ok(())
    }

    /// What the asking endpoint would follow by now.
    fn subscriptions<'r>(
        &self,
        asker: Asker,
        rehearsal: &'r mut Rehearsal<'_>,
    ) -> &'r mut Subscriptions {
        rehearsal.subscriptions.get_or_insert_with(|| {
            let root = self.clients.root(asker.client);
            let asked_for = |id| {
                let all = self.clients.destination(id).subscriptions.iter();
                all.filter(|subscription| !subscription.configured)
            };
            let here = asked_for(asker.destination);
            let others = self.clients.client(root).destinations.iter();
            let others = others.filter(|&&id| id != asker.destination);
            Subscriptions {
                here: here.filter_map(|one| one.pattern().cloned()).collect(),
                elsewhere: others.map(|&id| asked_for(id).count()).sum(),
            }
        })
    }

    fn judge_sync(&self, asker: Asker, rehearsal: &mut Rehearsal<'_>) -> Result<(), Refusal> {
        let waiting = self.clients.destination(asker.destination).syncs.len();
        if waiting + rehearsal.syncs >= SYNCS_PER_DESTINATION_MAX {
            return Err(reading::TOO_MANY_SYNCS);
        }
        rehearsal.syncs += 1;
        Ok(())
    }

    fn rehearse_as<'a>(
        &mut self,
        now: Instant,
        asker: Asker,
        reader: Reader<'a>,
        rehearsal: &mut Rehearsal<'a>,
    ) {
        match self.speech(now, asker, reader) {
            Ok(Speech { client, asked }) => {
                let user = Asker {
                    client,
                    in_as: true,
                    ..asker
                };
                self.rehearse(now, user, &asked, rehearsal);
            }
            Err(refusal) => rehearsal.object(asker, Subject::Request("/oscgate/as"), refusal),
        }
    }

    fn rehearse_call<'a>(
        &mut self,
        now: Instant,
        asker: Asker,
        mut reader: Reader<'a>,
        rehearsal: &mut Rehearsal<'a>,
    ) {
        let Some(call) = reader.call() else {
            let subject = Subject::Request("/oscgate/call");
            return rehearsal.object(asker, subject, UNREADABLE);
        };
        rehearsal.callers.push(Caller {
            asker,
            number: call.number,
        });
        let subject = call.subject();
        match self
            .calls_after(asker, rehearsal)
            .known(call.number, subject)
        {
            Known::Answered(answer) => {
                if let Err(code) = outcome(answer) {
                    let answer = answer.to_vec();
                    let refusal = Refusal::plain(code, words(code));
                    rehearsal.object(asker, Subject::ToldBefore(answer), refusal);
                }
                return;
            }
            Known::Stale => {
                self.calls_after(asker, rehearsal)
                    .remember(call.number, None, DONE);
                return rehearsal.object(asker, Subject::ToldByReply, OVERTAKEN);
            }
            Known::ReadAgain if !call.reads() => {
                return rehearsal.object(asker, Subject::ToldByReply, OVERTAKEN);
            }
            Known::No | Known::ReadAgain => {}
        }
        let caller = Asker {
            in_call: true,
            ..asker
        };
        let Some(asked) = &call.asked else {
            self.calls_after(asker, rehearsal)
                .remember(call.number, None, DONE);
            return rehearsal.object(caller, Subject::Request("/oscgate/call"), UNREADABLE);
        };
        self.rehearse(now, caller, asked, rehearsal);
        // Refused or not, its number is used up for what follows.
        let done_to = subject.filter(|_| rehearsal.objection.is_none());
        self.calls_after(asker, rehearsal)
            .remember(call.number, done_to, DONE);
    }

    /// What a client would have called by now.
    fn calls_after<'r>(&self, asker: Asker, rehearsal: &'r mut Rehearsal<'_>) -> &'r mut Calls {
        let client = asker.client;
        let at = rehearsal
            .calls
            .iter()
            .position(|(other, _)| *other == client);
        let at = at.unwrap_or_else(|| {
            // All of one packet came over one way.
            let calls = self.clients.session(client).calls.get(asker.carrier);
            rehearsal
                .calls
                .push((client, calls.cloned().unwrap_or_default()));
            rehearsal.calls.len() - 1
        });
        &mut rehearsal.calls[at].1
    }
}
