//! What a client says in its own dialect, turned into what is asked of the gateway.

use std::sync::Arc;
use std::time::Duration;

use super::clients::ClientId;
use super::code::Code;
use super::denial::{Manner, Refusal, words};
use super::output::Outputs;
use super::queue::Kind;
use super::request::{Asked, is_own_address};
use super::{Asker, Gateway};
use crate::config::LockRule;
use crate::limits::PATTERN_CANDIDATES_MAX;
use crate::mapping::{Deed, Deeds, Mapping, Unfit, What, World};
use crate::osc::{Arguments, MessageView};
use crate::time::Instant;

/// What a mapping says of how a control was moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hand {
    /// What it sends is an event, whatever its arguments.
    pub(super) event: bool,
    /// Moving takes the lock for so long.
    pub(super) hold: Option<Duration>,
    /// A finger is on it.
    pub(super) touches: bool,
    /// It shows another value than what is stored.
    pub(super) clipped: bool,
    /// It was said in a dialect, in which a device rounds.
    pub(super) native: bool,
}

impl Hand {
    /// One that speaks a dialect.
    const NATIVE: Self = Self {
        event: false,
        hold: None,
        touches: false,
        clipped: false,
        native: true,
    };
}

impl Gateway {
    /// How a client talks, if not in the gateway's own words.
    pub(super) fn mapping_of(&self, asker: Asker) -> Option<&Arc<Mapping>> {
        self.mapping_at(asker.destination)
    }

    /// Does what a message in a dialect means; what is under `/oscgate` is nobody's dialect.
    pub(super) fn on_native(
        &mut self,
        now: Instant,
        asker: Asker,
        message: &MessageView<'_>,
        out: &mut Outputs,
    ) -> bool {
        let Some(mapping) = self.mapping_of(asker).map(Arc::clone) else {
            return false;
        };
        if is_own_address(message.address()) {
            return false;
        }
        let Ok(address) = std::str::from_utf8(message.address()) else {
            return false;
        };
        let mut deeds = std::mem::take(&mut self.deeds);
        // The first pattern of a packet may look at all there is.
        let left = self.candidates_left;
        deeds.bound((left < PATTERN_CANDIDATES_MAX).then_some(left));
        self.read_native(asker, &mapping, (address, message.arguments()), &mut deeds);
        self.candidates_left = left.saturating_sub(deeds.looked_at());
        let lets_go = |deed: &Deed<'_>| deed.what == What::Touch { down: false };
        if let Some(gone) = deeds.all().find(lets_go) {
            self.lift_elsewhere(now, asker, gone.control, &deeds, out);
        }
        for n in 0..deeds.len() {
            let deed = deeds.get(n).expect("it was counted");
            // A session that a dialect ended is not there for what follows.
            if self.clients.is_kept(asker.client) && self.clients.is_alive(asker.client) {
                let asker = self.still_at(asker);
                self.do_deed(now, asker, &mapping, (&deed, message), out);
            }
        }
        self.deeds = deeds;
        true
    }

    /// Reads a native message.
    pub(super) fn read_native(
        &self,
        asker: Asker,
        mapping: &Mapping,
        (address, values): (&str, Arguments<'_>),
        deeds: &mut Deeds,
    ) {
        self.with_world(asker.client, |world| {
            mapping.read(address, values, world, deeds);
        });
    }

    /// Lends a mapping what it has to know of the show and of a client.
    pub(super) fn with_world<R>(&self, client: ClientId, take: impl FnOnce(&World<'_>) -> R) -> R {
        let value = |address: &str| self.stored(address);
        let session = self.clients.session_if_alive(self.clients.root(client));
        take(&World {
            value: &value,
            banks: session.map_or(&[], |session| &session.banks),
        })
    }

    /// The stored value of an address.
    pub(super) fn stored(&self, address: &str) -> Option<Arguments<'_>> {
        let entry = self.table.entry(self.table.find(address)?);
        (!entry.value.is_empty()).then(|| Arguments::of_tail(entry.value.as_bytes()))
    }

    fn do_deed(
        &mut self,
        now: Instant,
        asker: Asker,
        mapping: &Arc<Mapping>,
        (deed, message): (&Deed<'_>, &MessageView<'_>),
        out: &mut Outputs,
    ) {
        let subject = if deed.address.is_empty() {
            message.address()
        } else {
            deed.address.as_bytes()
        };
        let refused = |code| (code, Manner::Stream);
        let (code, manner) = match deed.what {
            What::Write {
                event,
                hold,
                clipped,
            } => {
                let hand = Hand {
                    event,
                    hold,
                    clipped,
                    ..Hand::NATIVE
                };
                return self.write_native(now, asker, deed, hand, out);
            }
            What::Query => return self.answer_query(now, asker, mapping, deed, out),
            What::Touch { down } => return self.touch(now, asker, deed, down, out),
            What::Bank { bank, number } => {
                return self.choose_bank(now, asker, mapping, bank, number);
            }
            What::Serve(line) => {
                return self.serve(now, asker, mapping, (line, deed, message), out);
            }
            What::Pass => return self.pass(now, asker, mapping, message, out),
            What::Drop => return self.note_unmapped(asker, message, false, out),
            What::Nothing => return,
            What::Unfit(Unfit::Type) => refused(Code::BadArguments),
            What::Unfit(Unfit::Range) => refused(Code::OutOfRange),
            What::NoValue => refused(Code::NotFound),
            What::Denied => refused(Code::NotAllowed),
            What::TooMany => (Code::Limit, Manner::Once),
        };
        self.deny(now, asker, subject, code, manner, out);
    }

    /// The person behind the endpoint, where a line says who it is.
    fn behind(
        &mut self,
        now: Instant,
        asker: Asker,
        deed: &Deed<'_>,
        out: &mut Outputs,
    ) -> Option<Asker> {
        let Some(user) = deed.user else {
            return Some(asker);
        };
        if !super::session::is_user_name(user) {
            self.deny(
                now,
                asker,
                deed.address.as_bytes(),
                Code::BadArguments,
                Manner::Once,
                out,
            );
            return None;
        }
        match self.user(now, asker, user) {
            Ok(client) => Some(Asker {
                client,
                in_as: true,
                ..asker
            }),
            Err(code) => {
                self.deny(now, asker, deed.address.as_bytes(), code, Manner::Once, out);
                None
            }
        }
    }

    fn write_native(
        &mut self,
        now: Instant,
        asker: Asker,
        deed: &Deed<'_>,
        hand: Hand,
        out: &mut Outputs,
    ) {
        let Some(asker) = self.behind(now, asker, deed, out) else {
            return;
        };
        let hand = self.hand_on(now, asker, deed.address, hand);
        let asked = Asked {
            address: deed.address.as_bytes(),
            values: Arguments::of_tail(deed.tail()),
            whole: Some(deed.message),
            hand,
        };
        // Who moves a control has a finger on it: its own echo is kept back too.
        let moves = hand.hold.filter(|_| !self.has_finger(asker, deed.address));
        if let Some(hold) = hand.hold {
            self.keep_finger(asker, deed.address, now + hold);
        }
        let refused = self.ask(now, asker, &asked, out).is_err();
        if refused && moves.is_some() {
            self.forget_finger(now, asker, deed.address, out);
        }
    }

    /// A hand, and whether a finger is on the control that takes the lock again if it ran out.
    fn hand_on(&mut self, now: Instant, asker: Asker, address: &str, hand: Hand) -> Hand {
        if hand.event || !self.moves_finger(now, asker, address) {
            return hand;
        }
        let target = self.target(address);
        let rule = self.rules.rule(target.rule).lock;
        let holds = target.id.is_some_and(|id| self.holds(asker.client, id));
        // One that only moving keeps there takes the lock by moving.
        let touches = rule != LockRule::Never && !holds && hand.hold.is_none();
        Hand { touches, ..hand }
    }

    /// The stored value, if there is one; else what the device says where nothing was set yet.
    fn answer_query(
        &mut self,
        now: Instant,
        asker: Asker,
        mapping: &Mapping,
        deed: &Deed<'_>,
        out: &mut Outputs,
    ) {
        let root = &mapping.about.root;
        let known = if deed.line.is_none() && !root.is_empty() {
            // What no line speaks of lies below the root under its own address.
            self.table.find(&format!("{root}{}", deed.address))
        } else {
            self.table.find(deed.address)
        };
        if let Some(id) = known.filter(|&id| !self.table.entry(id).value.is_empty()) {
            let writer = self.table.entry(id).writer;
            // Who asks is answered, finger or not.
            let at = asker.destination;
            let fingers = std::mem::take(&mut self.clients.destination_mut(at).fingers);
            self.send_stored(now, id, asker.place(&self.clients), writer, out);
            self.clients.destination_mut(at).fingers = fingers;
            return;
        }
        let queue = self.clients.destination(asker.destination).queue;
        let mut built = std::mem::take(&mut out.native);
        let asked = |line: usize| Some(line) == deed.line;
        for route in mapping
            .routes(deed.address)
            .filter(|route| asked(route.line))
        {
            if route.write_unset(&mut built) {
                out.push(queue, Kind::Status, asker.via, &built);
            }
        }
        out.native = built;
    }

    /// A finger takes the lock, and releases it when it goes.
    fn touch(
        &mut self,
        now: Instant,
        asker: Asker,
        deed: &Deed<'_>,
        down: bool,
        out: &mut Outputs,
    ) {
        let Some(asker) = self.behind(now, asker, deed, out) else {
            return;
        };
        if !down {
            self.let_go(now, asker, deed.address, out);
            return self.lift_finger(now, asker, deed.address, out);
        }
        self.put_finger(now, asker, (deed.address, deed.control));
        let target = self.target(deed.address);
        if self.rules.rule(target.rule).lock != LockRule::Never {
            self.ask_about(now, asker, (b"/oscgate/lock", deed.address), out);
        }
    }

    /// What another holds is not released, and that is no news to a finger that goes.
    pub(super) fn let_go(&mut self, now: Instant, asker: Asker, address: &str, out: &mut Outputs) {
        let target = self.target(address);
        if target.id.is_some_and(|id| self.holds(asker.client, id)) {
            self.ask_about(now, asker, (b"/oscgate/unlock", address), out);
        }
    }

    fn ask_about(
        &mut self,
        now: Instant,
        asker: Asker,
        (request, address): (&'static [u8], &str),
        out: &mut Outputs,
    ) {
        let mut tail = std::mem::take(&mut self.native_tail);
        tail.clear();
        let said = crate::osc::ArgumentView::String(address.as_bytes());
        crate::osc::append_tail(&mut tail, std::iter::once(said));
        let asked = Asked {
            address: request,
            values: Arguments::of_tail(&tail),
            whole: None,
            hand: Hand::default(),
        };
        // A refusal has been answered.
        let _ = self.ask(now, asker, &asked, out);
        self.native_tail = tail;
    }

    /// What no line speaks of goes on as it is, below the root of its mapping.
    fn pass(
        &mut self,
        now: Instant,
        asker: Asker,
        mapping: &Mapping,
        message: &MessageView<'_>,
        out: &mut Outputs,
    ) {
        self.note_unmapped(asker, message, true, out);
        let hand = Hand::NATIVE;
        let root = mapping.about.root.as_bytes();
        if root.is_empty() {
            let asked = Asked {
                hand,
                ..Asked::of(message)
            };
            let _ = self.ask(now, asker, &asked, out);
            return;
        }
        let address = [root, message.address()].concat();
        let asked = Asked {
            address: &address,
            values: message.arguments(),
            whole: None,
            hand,
        };
        let _ = self.ask(now, asker, &asked, out);
    }

    /// What a message of a dialect asks for in a bundle that is all-or-nothing: messages of the
    /// gateway's own; `Err`: something that cannot be undone.
    pub(super) fn canonical(
        &mut self,
        asker: Asker,
        message: &MessageView<'_>,
        into: &mut Vec<(Vec<u8>, Hand)>,
    ) -> Result<(), Refusal> {
        let mut as_it_is = || into.push((message.bytes().to_vec(), Hand::default()));
        let Some(mapping) = self.mapping_of(asker).map(Arc::clone) else {
            as_it_is();
            return Ok(());
        };
        let address = std::str::from_utf8(message.address());
        let (false, Ok(address)) = (is_own_address(message.address()), address) else {
            as_it_is();
            return Ok(());
        };
        let mut deeds = Deeds::default();
        let left = self.candidates_left;
        deeds.bound((left < PATTERN_CANDIDATES_MAX).then_some(left));
        self.read_native(asker, &mapping, (address, message.arguments()), &mut deeds);
        self.candidates_left = left.saturating_sub(deeds.looked_at());
        for n in 0..deeds.len() {
            let deed = deeds.get(n).expect("it was counted");
            match deed.what {
                What::Write {
                    event,
                    hold,
                    clipped,
                } if deed.user.is_none() => {
                    let hand = Hand {
                        event,
                        hold,
                        clipped,
                        ..Hand::NATIVE
                    };
                    into.push((deed.message.to_vec(), hand));
                }
                What::Pass if mapping.about.root.is_empty() => {
                    into.push((message.bytes().to_vec(), Hand::default()));
                }
                What::Nothing | What::Drop => {}
                What::Unfit(Unfit::Range) => {
                    return Err(Refusal::plain(Code::OutOfRange, words(Code::OutOfRange)));
                }
                What::Write { .. }
                | What::Query
                | What::Touch { .. }
                | What::Bank { .. }
                | What::Serve(_)
                | What::Unfit(Unfit::Type)
                | What::NoValue
                | What::Denied
                | What::TooMany
                | What::Pass => return Err(NOT_ATOMIC),
            }
        }
        Ok(())
    }
}

/// What a bundle that is all-or-nothing cannot hold.
const NOT_ATOMIC: Refusal = Refusal::plain(
    Code::BadArguments,
    "only values can be written all-or-nothing in a dialect",
);
