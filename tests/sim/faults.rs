//! What strikes a history beside the loss and delay of datagrams: links that go down, forgers,
//! strangers, garbage, packets aimed at deadlines, reloads, probes, and the end.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use oscgate::time::Instant;

use crate::failure::Failure;
use crate::garbage;
use crate::history::{Pace, What};
use crate::model::Happening;
use crate::requests::Request;
use crate::speech::Spoken;
use crate::stage::{ABROAD, Net, SLUGGARD, WITNESS};
use crate::tally::Count;
use crate::world::{Coming, LENGTH, Letter, World};

/// One of the gateway's links.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) is_up: bool,
    /// Sessions that would have fallen silent by then, when it went down.
    at_risk: Vec<(String, Instant)>,
}

/// All of them, up.
pub(crate) fn links() -> BTreeMap<Net, Link> {
    let up = || Link {
        is_up: true,
        at_risk: Vec::new(),
    };
    Net::ALL.into_iter().map(|net| (net, up())).collect()
}

/// What a forger says in another's name.
const FORGED: [Request; 8] = [
    Request::Unlock,
    Request::UnlockWrite,
    Request::Write,
    Request::Bye,
    Request::Hello,
    Request::Lock,
    Request::Ping,
    Request::Take,
];

/// What is aimed at a deadline.
const AIMED: [Request; 8] = [
    Request::Lock,
    Request::Write,
    Request::LockWrite,
    Request::Unlock,
    Request::Meta,
    Request::Set,
    Request::Ping,
    Request::Take,
];

impl World {
    pub(crate) fn begin_faults(&mut self) {
        for what in [
            Coming::Stall,
            Coming::LinkLost,
            Coming::Reload,
            Coming::Forgery,
            Coming::Garbage,
            Coming::Stranger,
            Coming::Aim,
            Coming::ClockStep,
        ] {
            self.again(what);
        }
        if self.stage.witness {
            self.after(1_000, Coming::Probe);
        }
        if self.stage.sluggard {
            self.after(2_000_000, Coming::Sluggard);
        }
        if let Some(at) = self.weather.stops {
            self.after(at, Coming::Stop);
        } else {
            self.after(LENGTH, Coming::Stop);
        }
    }

    /// Puts the next of a kind into the calendar, if this history has that kind at all.
    pub(crate) fn again(&mut self, what: Coming) {
        let mean = match what {
            Coming::Stall => self.weather.stalls,
            Coming::LinkLost => self.weather.link_losses,
            Coming::Reload => self.weather.reloads,
            Coming::Forgery => self.weather.forgeries,
            Coming::Garbage => self.weather.garbage,
            Coming::Stranger => self.weather.strangers,
            Coming::Aim => self.weather.aims,
            Coming::ClockStep => self.weather.clock_steps,
            _ => None,
        };
        if let Some(mean) = mean {
            let after = self.chance.wait(mean);
            self.after(after, what);
        }
    }

    /// One of the faults strikes.
    pub(crate) fn strike(&mut self, what: Coming) -> Result<(), Failure> {
        match what {
            Coming::LinkLost => self.lose_link(),
            Coming::LinkBack(net) => self.restore_link(net),
            Coming::LinksTold => return self.tell_links(),
            Coming::Reload => self.reload()?,
            Coming::Refused(to) => {
                self.pair.tally.one(Count::Unreachable);
                return self.feed(Happening::Unreachable { to });
            }
            Coming::Forgery => self.forge(),
            Coming::Garbage => self.spoil(),
            Coming::Stranger => self.strange(),
            Coming::Aim => self.aim(),
            Coming::Probe => self.probe(),
            Coming::Sluggard => self.slow_down()?,
            Coming::ClockStep => self.step_clock(),
            Coming::Stop => {
                self.pair.tally.one(Count::Stops);
                self.stopped = true;
                return self.feed(Happening::Stop);
            }
            Coming::Arrives(_)
            | Coming::Wakes { .. }
            | Coming::Heard { .. }
            | Coming::Timer { .. }
            | Coming::Turn
            | Coming::Stall
            | Coming::Resume => unreachable!("no fault"),
        }
        self.again(what);
        Ok(())
    }

    fn lose_link(&mut self) {
        let net = self.chance.pick(&[Net::Stage, Net::House, Net::Six]);
        if !self.links[&net].is_up {
            return;
        }
        self.pair.tally.one(Count::LinkLosses);
        let sessions = self.pair.state().sessions.into_iter();
        let at_risk = sessions
            .filter(|session| Net::of(session.endpoint.ip()) == net)
            .filter_map(|session| Some((session.name, session.silent_at?)))
            .collect();
        let link = Link {
            is_up: false,
            at_risk,
        };
        self.links.insert(net, link);
        let span = self.chance.wait(self.weather.link_loss);
        self.after(span, Coming::LinkBack(net));
        let lag = self.chance.pick(&[0, 1_000, 100_000, 900_000]);
        self.after(lag, Coming::LinksTold);
    }

    fn restore_link(&mut self, net: Net) {
        self.pair.tally.one(Count::LinkReturns);
        let link = self.links.get_mut(&net).expect("it was there");
        link.is_up = true;
        let (now, sessions) = (self.now, self.pair.audit().sessions());
        let frozen = link.at_risk.drain(..);
        let frozen = frozen.filter(|(name, at)| *at <= now && sessions.contains_key(name));
        let frozen = u64::try_from(frozen.count()).expect("a small number");
        self.pair.tally.add(Count::LinkFreezes, frozen);
        let lag = self.chance.pick(&[0, 1_000, 100_000, 900_000]);
        self.after(lag, Coming::LinksTold);
    }

    fn tell_links(&mut self) -> Result<(), Failure> {
        let up = self.links.iter().filter(|(_, link)| link.is_up);
        let mut up: Vec<IpAddr> = up.map(|(net, _)| net.local()).collect();
        if self.chance.once_in(3) {
            // Loopback is up whatever the list says.
            up.retain(|ip| !ip.is_loopback());
        }
        self.feed(Happening::Links { up })
    }

    fn reload(&mut self) -> Result<(), Failure> {
        self.pair.tally.one(Count::Reloads);
        let n = self.chance.index(self.shows.len());
        let show = Box::new(self.shows[n].clone());
        self.feed(Happening::Show(show))
    }

    fn forge(&mut self) {
        self.pair.tally.one(Count::Forged);
        let (victim, forger) = (
            self.chance.index(self.actors.len()),
            self.chance.index(self.actors.len()),
        );
        let request = self.chance.pick(&FORGED);
        let bytes = self.actors[forger].forged(&self.stage, request);
        let mut from = self.actors[victim].at;
        if self.chance.once_in(20) {
            // The gateway itself.
            from = SocketAddr::new(Net::of(from.ip()).local(), crate::stage::PORT);
        }
        self.after(0, Coming::Arrives(Letter { from, bytes }));
    }

    fn spoil(&mut self) {
        self.pair.tally.one(Count::Garbage);
        let n = self.chance.index(self.actors.len());
        let request = self
            .chance
            .pick(&[Request::LockWrite, Request::Write, Request::Subscribe]);
        let good = self.actors[n].forged(&self.stage, request);
        let bytes = garbage::spoil(&mut self.chance, &good);
        let from = self.actors[n].at;
        self.after(0, Coming::Arrives(Letter { from, bytes }));
    }

    fn strange(&mut self) {
        self.pair.tally.one(Count::Strangers);
        let n = self.chance.index(self.actors.len());
        let request = self
            .chance
            .pick(&[Request::Write, Request::Lock, Request::Ping]);
        let bytes = self.actors[n].forged(&self.stage, request);
        let port = u16::try_from(self.chance.between(20_000, 20_040)).expect("a port");
        let ip = if self.chance.once_in(2) {
            ABROAD
        } else {
            self.actors[n].at.ip()
        };
        let from = SocketAddr::new(ip, port);
        self.after(0, Coming::Arrives(Letter { from, bytes }));
    }

    /// Sends something that arrives just before, at or just after a moment that matters.
    fn aim(&mut self) {
        let due = if self.chance.once_in(2) {
            self.pair.deadline()
        } else {
            let state = self.pair.state();
            let locks = state.locks.iter().map(|lock| lock.deadline);
            let sessions = state
                .sessions
                .iter()
                .filter_map(|session| session.silent_at);
            let all: Vec<Instant> = locks
                .chain(sessions)
                .chain(state.due.iter().copied())
                .collect();
            (!all.is_empty()).then(|| self.chance.pick(&all))
        };
        let Some(due) = due.filter(|&due| due.as_micros() > self.now.as_micros() + 1) else {
            return;
        };
        self.pair.tally.one(Count::Aimed);
        for _ in 0..self.chance.between(1, 3) {
            let n = self.chance.index(self.actors.len());
            let (request, hot) = (self.chance.pick(&AIMED), self.chance.pick(&self.stage.hot));
            let bytes = self.actors[n].about(&self.stage, request, hot);
            let from = self.actors[n].at;
            let (at, count) = match self.chance.below(3) {
                0 => (due.as_micros() - 1, Count::AimedBefore),
                1 => (due.as_micros(), Count::AimedAt),
                _ => (due.as_micros() + 1, Count::AimedAfter),
            };
            self.pair.tally.one(count);
            let at = Instant::from_micros(at);
            self.at(at, Coming::Arrives(Letter { from, bytes }));
        }
    }

    /// The witness asks what the gateway says of an address.
    fn probe(&mut self) {
        let address = self.chance.pick(&self.stage.hot).address;
        let bytes = Spoken::to("/oscgate/meta").text(address).encode();
        self.after(
            0,
            Coming::Arrives(Letter {
                from: WITNESS,
                bytes,
            }),
        );
        let after = self.chance.wait(1_500_000);
        self.after(after, Coming::Probe);
    }

    /// The sluggard takes what it is sent faster or more slowly, and what is large is written.
    fn slow_down(&mut self) -> Result<(), Failure> {
        let pace = match self.chance.below(4) {
            0 => Pace::Free,
            1 => Pace::Sips(u32::try_from(self.chance.below(3)).expect("a small number")),
            _ => Pace::Blocked,
        };
        self.record(What::Pace(pace))?;
        let bytes = Spoken::to("/oscgate/ping").encode();
        self.after(
            0,
            Coming::Arrives(Letter {
                from: SLUGGARD,
                bytes,
            }),
        );
        let n = self.chance.index(self.actors.len());
        for _ in 0..self.chance.between(0, 14) {
            let address = self
                .chance
                .pick(&["/picture", "/any", "/large/1", "/large/2", "/large/3"]);
            let length = self.chance.pick(&[4_000, 20_000, 60_000]);
            let bytes = Spoken::to(address).blob(&vec![7; length]).encode();
            let from = self.actors[n].at;
            let after = self.chance.wait(800_000);
            self.after(after, Coming::Arrives(Letter { from, bytes }));
        }
        let after = self.chance.wait(6_000_000);
        self.after(after, Coming::Sluggard);
        Ok(())
    }

    fn step_clock(&mut self) {
        self.pair.tally.one(Count::ClockSteps);
        let step = self.chance.below(120 << 32);
        self.wall = self.wall.wrapping_add(step).wrapping_sub(60 << 32);
    }
}
