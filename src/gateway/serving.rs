//! What a client says in its own dialect to stay awake, to follow and to ask; and what it says that
//! nobody speaks of.

use std::sync::Arc;
use std::time::Duration;

use super::change::Change;
use super::client::Unmapped;
use super::clients::ClientId;
use super::code::Code;
use super::denial::Manner;
use super::lease::Wish;
use super::output::Outputs;
use super::queue::Kind;
use super::{Asker, Gateway};
use crate::limits::{ADDRESS_BYTES_MAX, UNMAPPED_LISTED_MAX, UNMAPPED_TAGS_MAX};
use crate::mapping::{Deed, Mapping, Role, Service, answer, read_number};
use crate::osc::MessageView;
use crate::time::Instant;

impl Gateway {
    /// The surface shows another bank now: it is sent what stands there.
    pub(super) fn choose_bank(
        &mut self,
        now: Instant,
        asker: Asker,
        mapping: &Mapping,
        bank: usize,
        number: i32,
    ) {
        let banks = &mut self.clients.session_mut(asker.client).banks;
        if banks.is_empty() {
            banks.extend(mapping.banks().iter().map(|bank| bank.first));
        }
        if std::mem::replace(&mut banks[bank], number) != number {
            self.sync_followed(now, asker);
        }
    }

    pub(super) fn serve(
        &mut self,
        now: Instant,
        asker: Asker,
        mapping: &Arc<Mapping>,
        (line, deed, message): (usize, &Deed<'_>, &MessageView<'_>),
        out: &mut Outputs,
    ) {
        let Role::Service(service) = &mapping.lines()[line].role else {
            return;
        };
        match service {
            Service::Follow { named: true, .. } if deed.address.is_empty() => {
                let code = Code::BadArguments;
                self.deny(now, asker, message.address(), code, Manner::Once, out);
            }
            Service::Follow { lease, named } => {
                let wish = if *named {
                    Wish::Address(deed.address)
                } else {
                    Wish::Mapped(mapping)
                };
                // A subscription that must be renewed is a sign that its client goes on.
                if lease.is_some() {
                    self.note_heartbeat(asker);
                }
                if !self.lease(now, asker, wish, *lease) {
                    let address = message.address();
                    self.deny(now, asker, address, Code::Limit, Manner::Once, out);
                }
            }
            Service::Unfollow => self.end_leases(asker),
            Service::Renew => {
                self.note_heartbeat(asker);
                if let Some(lease) = longest_lease(mapping) {
                    self.renew_leases(now, asker, lease);
                }
            }
            Service::Heartbeat => self.note_heartbeat(asker),
            Service::Sync => self.sync_followed(now, asker),
            Service::Answer { send, args } => {
                let ip = asker.via.local.map_or(String::new(), |ip| ip.to_string());
                let mut scratch = std::mem::take(&mut self.native_tail);
                answer(
                    send,
                    args.as_deref(),
                    message.arguments(),
                    (&self.name, &ip),
                    &mut scratch,
                    &mut out.scratch,
                );
                self.native_tail = scratch;
                self.answer(asker, Kind::Status, out);
            }
            Service::Register { port } => self.register(now, asker, *port, message, out),
        }
    }

    /// What goes to the asking endpoint goes to the port that an argument names, of the same
    /// machine: nobody can aim traffic at another.
    fn register(
        &mut self,
        now: Instant,
        asker: Asker,
        argument: usize,
        message: &MessageView<'_>,
        out: &mut Outputs,
    ) {
        let named = message.arguments().nth(argument).and_then(read_number);
        let whole = named.filter(|port| port.fract() == 0.0 && (1.0..=65_535.0).contains(port));
        match whole.map(|port| port as u16) {
            Some(port) if !self.is_own_port(asker, port) => {
                self.redirect(asker, port, out);
            }
            Some(_) | None => {
                let code = Code::BadArguments;
                self.deny(now, asker, message.address(), code, Manner::Once, out);
            }
        }
    }

    /// Counts what no line speaks of; the first of each address is told of.
    pub(super) fn note_unmapped(
        &mut self,
        asker: Asker,
        message: &MessageView<'_>,
        passes: bool,
        out: &mut Outputs,
    ) {
        self.stats.unmapped += 1;
        // What is no address at all is denied as that.
        if message.address().len() > ADDRESS_BYTES_MAX {
            return;
        }
        let tags = &message.tags()[..message.tags().len().min(UNMAPPED_TAGS_MAX)];
        let list = &mut self.clients.session_mut(asker.client).unmapped;
        if let Some(known) = list
            .iter_mut()
            .find(|one| *one.address == *message.address())
        {
            known.count += 1;
            return;
        }
        if list.len() >= UNMAPPED_LISTED_MAX {
            return;
        }
        list.push(Unmapped {
            address: message.address().into(),
            tags: tags.into(),
            count: 1,
        });
        out.change(Change::Unmapped {
            client: self.clients.name(asker.client),
            address: &String::from_utf8_lossy(message.address()),
            tags: &String::from_utf8_lossy(tags),
            passes,
        });
    }

    /// Tells at the end of a session what it said that its mapping does not speak of.
    pub(super) fn list_unmapped(&self, client: ClientId, out: &mut Outputs) {
        for unmapped in &self.clients.session(client).unmapped {
            out.change(Change::UnmappedTotal {
                client: self.clients.name(client),
                address: &String::from_utf8_lossy(&unmapped.address),
                tags: &String::from_utf8_lossy(&unmapped.tags),
                count: unmapped.count,
            });
        }
    }
}

/// The longest time for which something is followed.
fn longest_lease(mapping: &Mapping) -> Option<Duration> {
    let lines = mapping.lines().iter();
    let leases = lines.filter_map(|line| match &line.role {
        Role::Service(Service::Follow { lease, .. }) => *lease,
        Role::Service(_) | Role::Map(_) | Role::Touch(_) | Role::Bank(_) | Role::Tell(_) => None,
    });
    leases.max()
}
