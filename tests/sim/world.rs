//! The world of one seed: clients, the network between them and the gateway, and time. What
//! happens is decided by the seed and by what the machine sends, by nothing else.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::net::SocketAddr;

use oscgate::config::Show;
use oscgate::time::Instant;

use crate::actor::{Actor, Presence};
use crate::chance::Chance;
use crate::failure::Failure;
use crate::history::{History, Step, What};
use crate::model::Happening;
use crate::pair::Pair;
use crate::shows;
use crate::stage::{Net, Stage};
use crate::tally::Count;
use crate::weather::Weather;

/// How long a history is, in microseconds: ten minutes.
pub(crate) const LENGTH: u64 = 600_000_000;

/// Something that is going to happen.
#[derive(Debug)]
pub(crate) enum Coming {
    /// A datagram reaches the gateway's socket.
    Arrives(Letter),
    /// A client is asked what it does next.
    Wakes {
        actor: usize,
        serial: u32,
    },
    /// A datagram reaches a client.
    Heard {
        to: SocketAddr,
        bytes: Vec<u8>,
    },
    /// The loop wakes up for a deadline.
    Timer {
        serial: u32,
    },
    /// The loop goes on reading.
    Turn,
    /// The loop stands still from now on, for so long.
    Stall,
    Resume,
    LinkLost,
    LinkBack(Net),
    /// The loop is told which links are up.
    LinksTold,
    Reload,
    Refused(SocketAddr),
    Forgery,
    Garbage,
    Stranger,
    Aim,
    Probe,
    Sluggard,
    ClockStep,
    Stop,
}

/// A datagram on its way to the gateway.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) from: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

#[derive(Debug)]
struct Due {
    at: Instant,
    order: u64,
    what: Coming,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// One seed's world.
pub(crate) struct World {
    pub(crate) chance: Chance,
    pub(crate) stage: Stage,
    pub(crate) weather: Weather,
    pub(crate) shows: Vec<Show>,
    pub(crate) actors: Vec<Actor>,
    /// Who is where, by source and by reply port.
    places: BTreeMap<SocketAddr, usize>,
    coming: BinaryHeap<Reverse<Due>>,
    order: u64,
    pub(crate) now: Instant,
    /// The wall clock at the gateway's start, as a time tag.
    pub(crate) wall: u64,
    pub(crate) pair: Pair,
    pub(crate) history: History,
    // The loop around the machine; see turns.rs.
    pub(crate) waiting: VecDeque<Letter>,
    pub(crate) loop_state: crate::turns::Loop,
    // The links.
    pub(crate) links: BTreeMap<Net, crate::faults::Link>,
    /// When the last datagram of each client arrived.
    last_arrival: Vec<Instant>,
    pub(crate) stopped: bool,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Chance::of_seed(seed);
        let stage = Stage::draw(&mut chance);
        let weather = Weather::draw(&mut chance, LENGTH);
        let shows = shows::family(&mut chance, &stage);
        let count = u16::try_from(chance.between(3, 16)).expect("a small number");
        let actors: Vec<Actor> = (0..count)
            .map(|n| Actor::draw(&mut chance, &stage, n))
            .collect();
        let history = History {
            show: shows[0].clone(),
            sockets: stage.sockets.clone(),
            family: shows.clone(),
            steps: Vec::new(),
        };
        let base = chance.pick(&[3_973_000_000, 3_973_000_000, 4_294_967_000, 5]);
        let mut world = Self {
            pair: Pair::new(&history),
            wall: (base << 32) | chance.below(1 << 32),
            last_arrival: vec![Instant::ZERO; actors.len()],
            places: BTreeMap::new(),
            coming: BinaryHeap::new(),
            order: 0,
            now: Instant::ZERO,
            waiting: VecDeque::new(),
            loop_state: crate::turns::Loop::new(),
            links: crate::faults::links(),
            stopped: false,
            chance,
            stage,
            weather,
            shows,
            actors,
            history,
        };
        world.begin();
        world
    }

    /// Lets everything happen. What went wrong, if anything did: then the last step of the
    /// history is the one that shows it.
    pub(crate) fn run(&mut self) -> Result<(), Failure> {
        let end = Instant::from_micros(LENGTH);
        while let Some(Reverse(due)) = self.coming.pop() {
            if due.at > end || self.stopped {
                break;
            }
            self.now = self.now.max(due.at);
            self.happen(due.what)?;
        }
        Ok(())
    }

    /// What the wall clock says at the gateway.
    pub(crate) fn clock(&self) -> u64 {
        let micros = u128::from(self.now.as_micros());
        let since = (micros << 32) / 1_000_000;
        self.wall
            .wrapping_add(u64::try_from(since).expect("histories are short"))
    }

    /// Puts something into the calendar.
    pub(crate) fn after(&mut self, micros: u64, what: Coming) {
        self.at(Instant::from_micros(self.now.as_micros() + micros), what);
    }

    /// The same at a moment that is not past.
    pub(crate) fn at(&mut self, at: Instant, what: Coming) {
        self.order += 1;
        let order = self.order;
        self.coming.push(Reverse(Due { at, order, what }));
    }

    /// Lets one thing happen to the machine and its reference, and carries what is sent.
    pub(crate) fn feed(&mut self, happening: Happening) -> Result<(), Failure> {
        self.record(What::Happens(happening))?;
        self.deliver();
        Ok(())
    }

    /// One more step of the history.
    pub(crate) fn record(&mut self, what: What) -> Result<(), Failure> {
        let step = Step { at: self.now, what };
        let result = self.pair.step(&step);
        self.history.steps.push(step);
        result
    }

    fn begin(&mut self) {
        for n in 0..self.actors.len() {
            let after = self.chance.below(5_000_000);
            self.place(n);
            self.after(
                after,
                Coming::Wakes {
                    actor: n,
                    serial: 0,
                },
            );
        }
        self.begin_faults();
        self.arm();
    }

    fn happen(&mut self, what: Coming) -> Result<(), Failure> {
        match what {
            Coming::Arrives(letter) => self.arrive(letter),
            Coming::Wakes { actor, serial } => {
                self.wake(actor, serial);
                Ok(())
            }
            Coming::Heard { to, bytes } => {
                self.hear(to, &bytes);
                Ok(())
            }
            Coming::Timer { serial } => self.timer(serial),
            Coming::Turn => self.turn(),
            Coming::Stall => {
                self.stall();
                Ok(())
            }
            Coming::Resume => self.resume(),
            Coming::LinkLost
            | Coming::LinkBack(_)
            | Coming::LinksTold
            | Coming::Reload
            | Coming::Refused(_)
            | Coming::Forgery
            | Coming::Garbage
            | Coming::Stranger
            | Coming::Aim
            | Coming::Probe
            | Coming::Sluggard
            | Coming::ClockStep
            | Coming::Stop => self.strike(what),
        }
    }

    // --- clients ------------------------------------------------------------------------------

    fn wake(&mut self, n: usize, serial: u32) {
        if self.actors[n].serial != serial {
            return;
        }
        let clock = self.clock();
        let actor = &mut self.actors[n];
        let was = (actor.presence, actor.at);
        let (packet, after) = actor.wake(self.now, &self.stage, clock);
        let (presence, at) = (actor.presence, actor.at);
        self.after(after, Coming::Wakes { actor: n, serial });
        match (was.0, presence) {
            (Presence::Down(_), Presence::Here) if at == was.1 => {
                self.pair.tally.one(Count::Returns);
            }
            (Presence::Down(_), Presence::Here) => {
                self.pair.tally.one(Count::Moves);
                self.place(n);
            }
            (Presence::Here, Presence::Down(_)) => self.pair.tally.one(Count::Crashes),
            _ => {}
        }
        if let Some(bytes) = packet {
            self.send(n, bytes);
        }
    }

    /// Puts a client's datagram on its way.
    fn send(&mut self, n: usize, bytes: Vec<u8>) {
        let actor = &self.actors[n];
        let mut from = actor.at;
        if let Some(port) = actor.second.filter(|_| self.chance.once_in(4)) {
            from.set_port(port);
        }
        let [first, second] = self.weather.transit(&mut self.chance);
        let Some(delay) = first else {
            return self.pair.tally.one(Count::Lost);
        };
        if delay > 1_000_000 {
            self.pair.tally.one(Count::Delayed);
        }
        let arrives = Instant::from_micros(self.now.as_micros() + delay);
        if arrives < self.last_arrival[n] {
            self.pair.tally.one(Count::Overtaken);
        }
        self.last_arrival[n] = self.last_arrival[n].max(arrives);
        if let Some(delay) = second {
            self.pair.tally.one(Count::Duplicated);
            let bytes = bytes.clone();
            self.after(delay, Coming::Arrives(Letter { from, bytes }));
        }
        self.after(delay, Coming::Arrives(Letter { from, bytes }));
    }

    /// Carries what the machine sent to those who care.
    fn deliver(&mut self) {
        let mut calls = Vec::new();
        let mut refused = Vec::new();
        for (to, bytes) in self.pair.outcome().sent() {
            let Some(&n) = self.places.get(&to) else {
                continue;
            };
            let actor = &self.actors[n];
            if matches!(actor.presence, Presence::Down(_)) {
                refused.push(to);
            } else if actor.cares(bytes) {
                calls.push((to, bytes.to_vec()));
            }
        }
        for (to, bytes) in calls {
            for delay in self.weather.transit(&mut self.chance).into_iter().flatten() {
                let bytes = bytes.clone();
                self.after(delay, Coming::Heard { to, bytes });
            }
        }
        for to in refused {
            if self.chance.thousandth(self.weather.unreachable) {
                let after = self.chance.wait(2_000);
                self.after(after, Coming::Refused(to));
            }
        }
    }

    fn hear(&mut self, to: SocketAddr, bytes: &[u8]) {
        let Some(&n) = self.places.get(&to) else {
            return;
        };
        let actor = &mut self.actors[n];
        if matches!(actor.presence, Presence::Down(_)) || !self.links[&Net::of(to.ip())].is_up {
            return;
        }
        if let Some(after) = actor.hear(self.now, bytes) {
            actor.serial += 1;
            let serial = actor.serial;
            if !bytes.starts_with(b"/oscgate/") {
                self.pair.tally.one(Count::Reflected);
            }
            self.after(after, Coming::Wakes { actor: n, serial });
        }
    }

    /// Notes where a client is spoken to.
    fn place(&mut self, n: usize) {
        let actor = &self.actors[n];
        self.places.insert(actor.at, n);
        let ports = actor.second.into_iter().chain(9_001..=9_040);
        for port in ports {
            let place = SocketAddr::new(actor.at.ip(), port);
            self.places.entry(place).or_insert(n);
        }
    }
}
