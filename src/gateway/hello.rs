//! Who somebody says it is: `hello` and `as`.

use super::clients::ClientId;
use super::code::{Code, EndCause};
use super::denial::Refusal;
use super::native::Hand;
use super::output::Outputs;
use super::request::{Asked, Done, NOT_A_USERS, Reader, failed};
use super::session::{is_name, is_user_name};
use super::{Asker, Change, Gateway};
use crate::limits::NAME_TAKEOVER;
use crate::time::Instant;

impl Gateway {
    /// Takes a name, and a reply port if one is named.
    pub(super) fn hello(
        &mut self,
        now: Instant,
        asker: Asker,
        mut reader: Reader<'_>,
        out: &mut Outputs,
    ) -> Result<Done, Refusal> {
        let result = if asker.in_as {
            Err(NOT_A_USERS)
        } else {
            self.judge_hello(now, asker, &mut reader, out)
        };
        // Of users nobody is told.
        let announced = asker.in_as || self.clients.session(asker.client).announced;
        let (name, port) = match result {
            Ok(hello) => hello,
            Err(refusal) => {
                if !announced {
                    self.announce(asker, true, out);
                }
                return Err(refusal);
            }
        };
        let renamed = self.clients.name(asker.client) != name;
        let former = self.clients.name(asker.client).to_owned();
        if renamed {
            self.clients.rename(asker.client, name);
        }
        let asker = match port {
            Some(port) => Asker {
                destination: self.redirect(asker, port, out),
                ..asker
            },
            None => asker,
        };
        if !announced {
            self.announce(asker, true, out);
            return Ok(Done::Nothing);
        }
        let endpoint = self.clients.session(asker.client).endpoint.address;
        if renamed {
            out.change(Change::Renamed {
                former: &former,
                name,
                endpoint,
            });
            let tell = (!asker.in_call).then_some(asker);
            self.tell_connected(asker.client, endpoint, tell, out);
        } else if !asker.in_call {
            self.answer_connected(asker, endpoint, out);
        }
        Ok(Done::Nothing)
    }

    fn judge_hello<'a>(
        &mut self,
        now: Instant,
        asker: Asker,
        reader: &mut Reader<'a>,
        out: &mut Outputs,
    ) -> Result<(&'a str, Option<u16>), Refusal> {
        let bad = |text| Err(failed(Code::BadArguments, text));
        let Some(name) = reader.text() else {
            return bad("hello takes a name");
        };
        let port = match (reader.is_at_end(), reader.int()) {
            (true, _) => None,
            (false, Some(port)) if reader.is_at_end() => Some(port),
            (false, _) => return bad("hello takes a name and a reply port"),
        };
        let own = self.clients.name(asker.client) == name;
        let profile = self.profiles.profile(self.profile_of(asker.client));
        let listed = profile.is_configured();
        if listed && !own {
            return Err(failed(
                Code::NotAllowed,
                "this client's name is in the configuration",
            ));
        }
        if !listed && !is_name(name) {
            return bad("a name has 1 to 64 printable characters, no / and is no address");
        }
        let at = self.clients.destination(asker.destination).address;
        let port = match port.map(u16::try_from) {
            None => None,
            Some(_) if !at.is_udp() => {
                return bad("over a connection there is no reply port: it is answered over itself");
            }
            Some(Ok(port)) if port > 0 && !self.is_own_port(asker, port) => Some(port),
            Some(_) => {
                return bad("the reply port is not between 1 and 65535, or the gateway's own");
            }
        };
        if !own {
            self.free_the_name(now, asker, name, out)?;
        }
        Ok((name, port))
    }

    /// Makes sure that a name is nobody else's. An app that was restarted may have its own back.
    fn free_the_name(
        &mut self,
        now: Instant,
        asker: Asker,
        name: &str,
        out: &mut Outputs,
    ) -> Result<(), Refusal> {
        let taken = Err(failed(
            Code::NameTaken,
            "the name belongs to another client",
        ));
        if self.profiles.reserves(name) {
            return taken;
        }
        let Some(other) = self.clients.named(name) else {
            return Ok(());
        };
        if !self.clients.is_alive(other) {
            return taken;
        }
        let ip = |client: ClientId| self.clients.session(client).endpoint.address.ip();
        let unheard = now.since(self.clients.client(other).last_heard);
        if ip(other) != ip(asker.client) || unheard < NAME_TAKEOVER {
            return taken;
        }
        self.end(other, EndCause::Replaced, out);
        Ok(())
    }

    /// Does a message in the name of a user behind the asking endpoint.
    pub(super) fn speak_as(
        &mut self,
        now: Instant,
        asker: Asker,
        reader: Reader<'_>,
        out: &mut Outputs,
    ) -> Result<Done, Refusal> {
        match self.speech(now, asker, reader) {
            Ok(Speech { client, asked }) => {
                let user = Asker {
                    client,
                    in_as: true,
                    ..asker
                };
                self.ask(now, user, &asked, out)
            }
            Err(refusal) => {
                self.fail(asker, "/oscgate/as", refusal.code, refusal.text, out);
                Err(refusal)
            }
        }
    }

    /// Reads who says what in an `as`; the user's session begins with it.
    pub(super) fn speech<'a>(
        &mut self,
        now: Instant,
        asker: Asker,
        mut reader: Reader<'a>,
    ) -> Result<Speech<'a>, Refusal> {
        let bad = |text| Err(failed(Code::BadArguments, text));
        if asker.in_as {
            return bad("a user cannot speak for another");
        }
        let (Some(user), Some(address)) = (reader.text(), reader.string()) else {
            return bad("as takes a user and an address");
        };
        if !is_user_name(user) {
            return bad("a user has 1 to 64 printable characters and no /");
        }
        if matches!(
            address,
            b"/oscgate/as" | b"/oscgate/hello" | b"/oscgate/bye"
        ) {
            return Err(NOT_A_USERS);
        }
        let client = self
            .user(now, asker, user)
            .map_err(|code| failed(code, "too many users behind one endpoint"))?;
        let asked = Asked {
            address,
            values: reader.0,
            whole: None,
            hand: Hand::default(),
        };
        Ok(Speech { client, asked })
    }
}

/// What a user says through its endpoint.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speech<'a> {
    /// The user.
    pub(super) client: ClientId,
    /// What it asks for.
    pub(super) asked: Asked<'a>,
}
