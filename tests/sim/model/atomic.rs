//! Bundles that are all or nothing: tried on a copy of everything first.

use super::Model;
use super::calls::addresses_written;
use super::codes::{self, About, Outcome, Refusal};
use super::packets::{NoRoom, Sender};
use super::people::Asker;
use super::wire::Letter;

impl Model {
    /// Lets all of these messages act, or none.
    pub(super) fn atomic(&mut self, sender: &Sender, letters: &[&Letter]) -> Result<(), NoRoom> {
        if !self.sessions.contains_key(&sender.key) {
            let mark = Letter {
                address: b"/oscgate/atomic".to_vec(),
                tail: super::wire::NO_ARGUMENTS.to_vec(),
            };
            self.begin_session(sender, Some(&mark))?;
        }
        self.sessions
            .get_mut(&sender.key)
            .expect("it has begun")
            .spoke = true;
        let mut trial = self.clone();
        trial.trying = true;
        let asker = sender.asker();
        // What would only come back, and calls that would not be done, were not to be written.
        let mut meant: Vec<&Letter> = Vec::new();
        let mut objection: Option<(&Letter, Refusal)> = None;
        let mut acting: Vec<&Letter> = Vec::new();
        for &letter in letters {
            let repeated = trial.is_repeated_call(&asker, letter);
            trial.objected = objection.is_some();
            let outcome = if is_hello_or_bye(letter) && !repeated {
                let refusal = Refusal::error(codes::BAD_ARGUMENTS, &letter.address);
                // Its number is used up all the same.
                if let (Some((user, call)), true) = called(letter) {
                    let mut caller = asker.clone();
                    caller.who.user = user;
                    trial.reply_refused(&caller, &call, &refusal);
                }
                Outcome::Refused(refusal)
            } else {
                trial.perform(&asker, letter)
            };
            match outcome {
                Outcome::Ignored => continue,
                Outcome::Refused(refusal) => {
                    if refusal.code != codes::STALE && !repeated {
                        meant.push(letter);
                    }
                    objection.get_or_insert((letter, refusal));
                }
                Outcome::Done(_) if repeated => {}
                Outcome::Done(_) => meant.push(letter),
            }
            acting.push(letter);
        }
        if let Some((at, refusal)) = objection {
            self.refuse_all(&asker, (letters, &meant), at, refusal);
            return Ok(());
        }
        for letter in acting {
            self.one(sender, letter)?;
        }
        Ok(())
    }

    fn refuse_all(
        &mut self,
        asker: &Asker,
        (all, meant): (&[&Letter], &[&Letter]),
        at: &Letter,
        refusal: Refusal,
    ) {
        let (_, is_call) = called(at);
        let repeated = refusal.repeated;
        let call = is_call.then_some(0);
        let teller = Asker {
            call,
            ..asker.clone()
        };
        match &refusal.about {
            // A call that comes too late is told of by its reply alone.
            About::Address(_) if repeated || refusal.code == codes::STALE => {}
            About::Address(_) => self.tell_denial(&teller, &refusal),
            About::Request(request) => {
                if !is_call {
                    self.tell_error(asker, request, refusal.code);
                }
            }
        }
        if self.snaps_back(&asker.who.key) {
            let own = self.answers_to(asker);
            let mut seen = Vec::new();
            for letter in meant {
                if self.is_repeated_call(asker, letter) {
                    continue;
                }
                for address in addresses_written(self, letter) {
                    if !seen.contains(&address) {
                        self.send_true_value(&own, &address);
                        seen.push(address);
                    }
                }
            }
        }
        for letter in all {
            if let (Some((user, letter)), true) = called(letter) {
                let mut caller = asker.clone();
                caller.who.user = user;
                self.reply_refused(&caller, &letter, &refusal);
            }
        }
    }
}

impl Model {
    /// Whether a message is a call, also as a user, that is not done again.
    fn is_repeated_call(&self, asker: &Asker, letter: &Letter) -> bool {
        let (Some((user, call)), true) = called(letter) else {
            return false;
        };
        let mut caller = asker.clone();
        caller.who.user = user;
        self.is_repeated(&caller, &call)
    }
}

fn is_hello_or_bye(letter: &Letter) -> bool {
    let (inner, _) = called(letter);
    let letter = inner.map_or_else(|| letter.clone(), |(_, inner)| inner);
    let inside = letter.string(1).unwrap_or_default();
    [&b"/oscgate/hello"[..], b"/oscgate/bye"]
        .iter()
        .any(|own| letter.address == *own || (letter.address == b"/oscgate/call" && inside == *own))
}

/// The call that a message is, also as a user, and whether it is one.
fn called(letter: &Letter) -> (Option<(Option<String>, Letter)>, bool) {
    if letter.address == b"/oscgate/call" {
        return (Some((None, letter.clone())), letter.int(0).is_some());
    }
    if letter.address == b"/oscgate/as" && letter.string(1) == Some(b"/oscgate/call") {
        let user = letter
            .string(0)
            .map(|user| String::from_utf8_lossy(user).into_owned());
        let inner = Letter {
            address: b"/oscgate/call".to_vec(),
            tail: letter.tail_behind(2),
        };
        let is_call = inner.int(0).is_some();
        return (Some((user, inner)), is_call);
    }
    (None, false)
}
