//! Messages to the gateway itself, one function for each kind.

use oscgate::limits::USERS_PER_CLIENT_MAX;
use oscgate::osc::ArgumentView;

use super::Model;
use super::calls::Calls;
use super::codes::{self, Done, Outcome, Refusal, whole_ms};
use super::judge::{Demand, Wish};
use super::pattern::{is_address, is_own, is_plain, is_readable};
use super::people::{Asker, Who};
use super::values::Reflects;
use super::wire::{Arg, Letter, message, message_of, s};

/// Whether a message goes to an address under `/oscgate`, not counting what only the gateway says.
pub(super) fn is_request(letter: &Letter) -> bool {
    let own = letter.address == b"/oscgate" || letter.address.starts_with(b"/oscgate/");
    own && !is_gateways_word(letter)
}

/// Whether this is something that only the gateway says.
pub(super) fn is_gateways_word(letter: &Letter) -> bool {
    let Some(text) = letter.text() else {
        return false;
    };
    is_address(text)
        && (text.starts_with("/oscgate/status/")
            || ["/oscgate/pong", "/oscgate/reply", "/oscgate/synced"].contains(&text))
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok()
}

/// Arguments that cannot be read, of a request.
fn unreadable(letter: &Letter) -> Outcome {
    Outcome::Refused(Refusal::error(codes::BAD_ARGUMENTS, &letter.address))
}

impl Model {
    /// Does what a message says, and says how it went.
    pub(super) fn perform(&mut self, asker: &Asker, letter: &Letter) -> Outcome {
        let Some(text) = letter.text().filter(|text| is_address(text)) else {
            let refusal = Refusal::denial(codes::BAD_ADDRESS, &letter.address);
            return Outcome::Refused(refusal.in_stream());
        };
        if !is_own(text) {
            let reflects = match (asker.call, &asker.who.user) {
                (None, None) => Reflects::Perhaps,
                _ => Reflects::Never,
            };
            return self.write(asker, text, &letter.tail, reflects);
        }
        if is_gateways_word(letter) {
            return Outcome::Ignored;
        }
        match text {
            "/oscgate/hello" => self.hello(asker, letter),
            "/oscgate/ping" => self.ping(asker, letter),
            "/oscgate/bye" => {
                self.end_session(&asker.who.key, "bye");
                Outcome::Done(Done::Nothing)
            }
            "/oscgate/as" => self.act_as(asker, letter),
            "/oscgate/get" => self.get(asker, letter),
            "/oscgate/meta" => self.meta(asker, letter),
            "/oscgate/set" => self.set(asker, letter),
            "/oscgate/set_if" => self.set_if(asker, letter),
            "/oscgate/lock" => self.lock_request(asker, letter, Wish::Lock),
            "/oscgate/take" => self.lock_request(asker, letter, Wish::Take),
            "/oscgate/unlock" => self.lock_request(asker, letter, Wish::Unlock),
            "/oscgate/release" => self.release(asker, letter),
            "/oscgate/subscribe" => self.subscribe(asker, letter),
            "/oscgate/unsubscribe" => self.unsubscribe(asker, letter),
            "/oscgate/sync" => self.sync(asker, letter),
            "/oscgate/call" => self.call(asker, letter),
            _ => Outcome::Refused(Refusal::error(codes::UNKNOWN_REQUEST, text)),
        }
    }

    fn ping(&mut self, asker: &Asker, letter: &Letter) -> Outcome {
        let session = self.sessions.get_mut(&asker.who.key).expect("it asks");
        session.pinged = true;
        if asker.call.is_none() {
            let own = self.answers_to(asker);
            self.send(&own, message_of("/oscgate/pong", &letter.tail));
        }
        Outcome::Done(Done::Nothing)
    }

    fn act_as(&mut self, asker: &Asker, letter: &Letter) -> Outcome {
        let (Some(user), Some(address)) = (letter.string(0), letter.string(1)) else {
            return unreadable(letter);
        };
        let user = std::str::from_utf8(user).ok().filter(|user| is_user(user));
        let Some(user) = user else {
            return unreadable(letter);
        };
        let inner = Letter {
            address: address.to_vec(),
            tail: letter.tail_behind(2),
        };
        if asker.who.user.is_some() || is_about_oneself(&inner) {
            return unreadable(letter);
        }
        let session = self.sessions.get_mut(&asker.who.key).expect("it asks");
        if !session.users.contains_key(user) {
            if session.users.len() >= USERS_PER_CLIENT_MAX {
                return Outcome::Refused(Refusal::error(codes::LIMIT, &letter.address));
            }
            session.users.insert(user.to_owned(), Calls::default());
        }
        let who = Who {
            user: Some(user.to_owned()),
            ..asker.who.clone()
        };
        let name = who.user.clone();
        match self.perform(
            &Asker {
                who,
                ..asker.clone()
            },
            &inner,
        ) {
            Outcome::Refused(refusal) => Outcome::Refused(Refusal {
                user: refusal.user.clone().or(name),
                ..refusal
            }),
            outcome @ (Outcome::Done(_) | Outcome::Ignored) => outcome,
        }
    }

    fn get(&mut self, asker: &Asker, letter: &Letter) -> Outcome {
        let Some(address) = letter.string(0).filter(|_| letter.count() == 1) else {
            return unreadable(letter);
        };
        let Ok(address) = self.subject(address) else {
            return Outcome::Refused(Refusal::error(codes::BAD_ADDRESS, &letter.address));
        };
        let Some(value) = self.value(&address).cloned() else {
            return Outcome::Refused(Refusal::error(codes::NOT_FOUND, &letter.address));
        };
        let own = self.answers_to(asker);
        if asker.call.is_none() {
            self.send_stored(&own, &address);
        } else {
            // A reply tells it as well.
            let author = Some((value.author, value.writer));
            self.note_told(&own, &address, &value.tail, author);
        }
        Outcome::Done(Done::Read(value.tail))
    }

    fn meta(&mut self, asker: &Asker, letter: &Letter) -> Outcome {
        let Some(address) = letter.string(0).filter(|_| letter.count() == 1) else {
            return unreadable(letter);
        };
        let Ok(address) = self.subject(address) else {
            return Outcome::Refused(Refusal::error(codes::BAD_ADDRESS, &letter.address));
        };
        let mut arguments = vec![s(&address)];
        match self.holder(&address) {
            Some(holder) => {
                let lock = self.entries[&address].lock.as_ref().expect("it is held");
                let remaining = self.remaining(lock);
                arguments.extend([Arg::T, s(self.name(holder)), Arg::I(whole_ms(remaining))]);
            }
            None => arguments.extend([Arg::F, s(""), Arg::I(0)]),
        }
        match self.value(&address) {
            Some(value) => arguments.extend([
                Arg::H(value.revision),
                s(&value.writer),
                Arg::Rest(value.tail.clone()),
            ]),
            None => arguments.extend([Arg::H(0), s("")]),
        }
        let bytes = message("/oscgate/status/meta", &arguments);
        let tail = bytes["/oscgate/status/meta".len() + 4..].to_vec();
        if asker.call.is_none() {
            let own = self.answers_to(asker);
            self.send(&own, bytes);
        }
        Outcome::Done(Done::Read(tail))
    }

    fn set(&mut self, asker: &Asker, letter: &Letter) -> Outcome {
        let Some(address) = letter.string(0) else {
            return unreadable(letter);
        };
        match std::str::from_utf8(address)
            .ok()
            .filter(|text| is_address(text) && !is_own(text))
        {
            Some(text) => self.write(asker, text, &letter.tail_behind(1), Reflects::Never),
            None => {
                let refusal = Refusal::denial(codes::BAD_ADDRESS, address);
                Outcome::Refused(refusal.in_stream())
            }
        }
    }

    fn set_if(&mut self, asker: &Asker, letter: &Letter) -> Outcome {
        let Some(address) = letter.string(0) else {
            return unreadable(letter);
        };
        let address = match self.subject(address) {
            Ok(address) => address,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        let revision = match letter.arguments().get(1) {
            Some(ArgumentView::Int(revision)) => Some(i64::from(*revision)),
            Some(ArgumentView::Long(revision)) => Some(*revision),
            _ => None,
        };
        let tail = (letter.count() > 2).then(|| letter.tail_behind(2));
        if revision.is_none() || tail.is_none() {
            return Outcome::Refused(Refusal::denial(codes::BAD_ARGUMENTS, address));
        }
        let demand = Demand {
            address,
            tail,
            wish: Wish::None,
            revision,
        };
        self.demand(asker, &demand)
    }

    /// One address that a request is about, if it may be about it.
    fn subject(&self, address: &[u8]) -> Result<String, Refusal> {
        match std::str::from_utf8(address) {
            Ok(text) if is_plain(text) && !is_own(text) => Ok(text.to_owned()),
            _ => Err(Refusal::denial(codes::BAD_ADDRESS, address)),
        }
    }

    fn lock_request(&mut self, asker: &Asker, letter: &Letter, wish: Wish) -> Outcome {
        let Some(address) = letter.string(0) else {
            return unreadable(letter);
        };
        let address = match self.subject(address) {
            Ok(address) => address,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        let tail = (letter.count() > 1).then(|| letter.tail_behind(1));
        let demand = Demand {
            address,
            tail,
            wish,
            revision: None,
        };
        self.demand(asker, &demand)
    }

    fn release(&mut self, asker: &Asker, letter: &Letter) -> Outcome {
        let Some(address) = letter.string(0) else {
            return unreadable(letter);
        };
        let address = match self.subject(address) {
            Ok(address) => address,
            Err(refusal) => return Outcome::Refused(refusal),
        };
        if !self.is_operator(asker) {
            return Outcome::Refused(Refusal::denial(codes::NOT_ALLOWED, address));
        }
        let good =
            letter.count() == 1 || (letter.count() == 2 && letter.string(1).is_some_and(is_text));
        if !good {
            return Outcome::Refused(Refusal::denial(codes::BAD_ARGUMENTS, address));
        }
        Outcome::Done(self.force(asker, &address))
    }

    fn subscribe(&mut self, asker: &Asker, letter: &Letter) -> Outcome {
        let patterns = match strings(letter) {
            Some(patterns) if !patterns.is_empty() => patterns,
            _ => return unreadable(letter),
        };
        if !patterns.iter().all(|pattern| is_readable(pattern)) {
            return Outcome::Refused(Refusal::error(codes::BAD_ADDRESS, &letter.address));
        }
        let limit = self.show.limits.subscriptions_per_client as usize;
        let own = self.answers_to(asker);
        let mut subscriptions = self.sessions[&asker.who.key].subscriptions.clone();
        for pattern in patterns {
            // Endpoints with one reply port are one and the same.
            let there = subscriptions
                .iter()
                .any(|(from, one)| *one == pattern && self.place(&asker.who.key, *from) == own);
            if !there {
                subscriptions.push((asker.from, pattern));
            }
        }
        if subscriptions.len() > limit {
            return Outcome::Refused(Refusal::error(codes::LIMIT, &letter.address));
        }
        let session = self.sessions.get_mut(&asker.who.key).expect("it asks");
        session.subscriptions = subscriptions;
        Outcome::Done(Done::Nothing)
    }

    fn unsubscribe(&mut self, asker: &Asker, letter: &Letter) -> Outcome {
        let Some(patterns) = strings(letter) else {
            return unreadable(letter);
        };
        if !patterns.iter().all(|pattern| is_readable(pattern)) {
            return Outcome::Refused(Refusal::error(codes::BAD_ADDRESS, &letter.address));
        }
        let own = self.answers_to(asker);
        let mut subscriptions = self.sessions[&asker.who.key].subscriptions.clone();
        subscriptions.retain(|(from, pattern)| {
            self.place(&asker.who.key, *from) != own
                || !(patterns.is_empty() || patterns.contains(pattern))
        });
        let session = self.sessions.get_mut(&asker.who.key).expect("it asks");
        session.subscriptions = subscriptions;
        Outcome::Done(Done::Nothing)
    }
}

/// All arguments as text, if all of them are.
fn strings(letter: &Letter) -> Option<Vec<String>> {
    (0..letter.count())
        .map(|at| {
            letter
                .string(at)
                .and_then(|text| std::str::from_utf8(text).ok())
        })
        .map(|text| text.map(str::to_owned))
        .collect()
}

pub(super) fn is_user(text: &str) -> bool {
    (1..=64).contains(&text.chars().count())
        && !text.contains('/')
        && !text.chars().any(char::is_control)
}

/// Whether this is about the client as such: nothing that a user behind it can say.
pub(super) fn is_about_oneself(letter: &Letter) -> bool {
    [&b"/oscgate/as"[..], b"/oscgate/hello", b"/oscgate/bye"].contains(&letter.address.as_slice())
}
