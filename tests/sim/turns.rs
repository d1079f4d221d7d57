//! The loop around the machine, as it behaves when the computer is busy: it wakes up late, stands
//! still, and then reads what its bounded socket buffer kept.

use oscgate::time::Instant;

use crate::dialect;
use crate::failure::Failure;
use crate::model::{Happening, State};
use crate::stage::Net;
use crate::tally::Count;
use crate::weather::Waking;
use crate::world::{Coming, Letter, World};

/// Datagrams that fit into the socket buffer.
const BUFFER: usize = 256;

/// How long at most what is due may wait for what is read first.
const GRACE: u64 = 1_000_000;

/// How often the loop reads the wall clock, in microseconds.
const CLOCK_INTERVAL: u64 = 1_000_000;

/// What the loop is doing.
#[derive(Debug)]
pub(crate) struct Loop {
    state: Doing,
    /// Microseconds that it needs for each datagram at the moment.
    toil: u64,
    /// When its sockets were last seen to be empty.
    empty_at: Instant,
    /// Since when it has said that it is behind.
    behind: Option<Instant>,
    /// Locks that would have run out while it was behind.
    doubtful: Vec<(String, String)>,
    clock_due: Instant,
    /// What the armed timer is for.
    armed_for: Option<Instant>,
    serial: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// It waits for whatever comes.
    Waits,
    /// It stands still.
    Stands,
    /// It reads, and a later turn goes on.
    Reads,
}

impl Loop {
    pub(crate) fn new() -> Self {
        Self {
            state: Doing::Waits,
            toil: 0,
            empty_at: Instant::ZERO,
            behind: None,
            doubtful: Vec::new(),
            clock_due: Instant::ZERO,
            armed_for: None,
            serial: 0,
        }
    }
}

impl World {
    /// A datagram reaches the socket.
    pub(crate) fn arrive(&mut self, letter: Letter) -> Result<(), Failure> {
        if !self.links[&Net::of(letter.from.ip())].is_up {
            self.pair.tally.one(Count::Lost);
            return Ok(());
        }
        if self.waiting.len() >= BUFFER {
            self.pair.tally.one(Count::Overflowed);
            return Ok(());
        }
        self.waiting.push_back(letter);
        match self.loop_state.state {
            Doing::Waits => self.turn(),
            Doing::Stands | Doing::Reads => Ok(()),
        }
    }

    /// The loop stands still.
    pub(crate) fn stall(&mut self) {
        self.again(Coming::Stall);
        if self.loop_state.state == Doing::Waits {
            self.pair.tally.one(Count::Stalls);
            self.loop_state.state = Doing::Stands;
            let span = self.chance.wait(self.weather.stall).min(45_000_000);
            self.after(span, Coming::Resume);
        }
    }

    /// The loop goes on.
    pub(crate) fn resume(&mut self) -> Result<(), Failure> {
        if self.chance.thousandth(self.weather.toil) {
            let most = self.chance.pick(&[1_000, 10_000, 300_000]);
            self.loop_state.toil = self.chance.between(100, most);
        }
        self.turn()
    }

    /// A deadline has come, or has been past for a while.
    pub(crate) fn timer(&mut self, serial: u32) -> Result<(), Failure> {
        if serial != self.loop_state.serial {
            return Ok(());
        }
        self.loop_state.armed_for = None;
        match self.loop_state.state {
            Doing::Waits => self.turn(),
            Doing::Stands | Doing::Reads => Ok(()),
        }
    }

    /// Everything there is to do now; what takes long goes on in a later turn.
    pub(crate) fn turn(&mut self) -> Result<(), Failure> {
        self.loop_state.state = Doing::Waits;
        self.read_clock()?;
        self.look_at_deadlines()?;
        while let Some(letter) = self.waiting.pop_front() {
            self.handle(letter)?;
            if self.loop_state.toil > 0 {
                self.loop_state.state = Doing::Reads;
                self.after(self.loop_state.toil, Coming::Turn);
                return Ok(());
            }
        }
        self.loop_state.toil = 0;
        self.catch_up()?;
        self.loop_state.empty_at = self.now;
        self.arm();
        Ok(())
    }

    fn handle(&mut self, letter: Letter) -> Result<(), Failure> {
        let via = self.stage.via(letter.from.ip());
        let Letter { from, bytes } = letter;
        // Who speaks a dialect says it mostly so, and now and then in the gateway's own words.
        let bytes = if self.pair.speaks_dialect(from) && !self.chance.once_in(6) {
            self.pair.tally.one(Count::Dialect);
            dialect::renamed(&bytes, dialect::native)
        } else {
            bytes
        };
        self.feed(Happening::Datagram { from, via, bytes })
    }

    fn read_clock(&mut self) -> Result<(), Failure> {
        if self.now < self.loop_state.clock_due {
            return Ok(());
        }
        // Not at once at the beginning: until it is read, bundles act on arrival.
        let first = self.loop_state.clock_due == Instant::ZERO;
        self.loop_state.clock_due = self.now + std::time::Duration::from_micros(CLOCK_INTERVAL);
        if first {
            return Ok(());
        }
        let tag = self.clock();
        self.feed(Happening::WallClock { tag })
    }

    /// What is due happens now, or after what is waiting has been read; or with the next
    /// datagram.
    fn look_at_deadlines(&mut self) -> Result<(), Failure> {
        if self.pair.deadline().is_none_or(|due| due > self.now) {
            return Ok(());
        }
        if let Some(since) = self.loop_state.behind {
            // Still reading, and the machine has waited long enough.
            if self.now.as_micros() > since.as_micros() + GRACE || self.chance.once_in(8) {
                return self.feed(Happening::Timeout);
            }
            return Ok(());
        }
        if self.chance.thousandth(self.weather.careful) {
            return self.fall_behind();
        }
        let lazy = self.weather.waking == Waking::Lazy;
        if lazy && !self.waiting.is_empty() && self.chance.once_in(2) {
            self.pair.tally.one(Count::LazyTimers);
            return Ok(());
        }
        self.pair.tally.one(Count::Timeouts);
        self.feed(Happening::Timeout)
    }

    fn fall_behind(&mut self) -> Result<(), Failure> {
        self.pair.tally.one(Count::Behinds);
        self.loop_state.behind = Some(self.now);
        let since = self.loop_state.empty_at;
        if !self.waiting.is_empty() {
            self.loop_state.doubtful = overdue(&self.pair.state(), self.now, since);
        }
        self.feed(Happening::Behind { since })
    }

    fn catch_up(&mut self) -> Result<(), Failure> {
        let Some(since) = self.loop_state.behind.take() else {
            return Ok(());
        };
        let took = self.now.as_micros() - since.as_micros();
        self.pair.tally.one(if took > GRACE {
            Count::CaughtUpLate
        } else {
            Count::CaughtUp
        });
        self.feed(Happening::CaughtUp)?;
        let locks = self.pair.audit().locks();
        let alive = self.loop_state.doubtful.drain(..);
        let saved = alive.filter(|(address, holder)| {
            locks
                .get(address)
                .is_some_and(|held| held.holder == *holder)
        });
        let saved = u64::try_from(saved.count()).expect("a small number");
        self.pair.tally.add(Count::Saved, saved);
        Ok(())
    }

    /// Sets the timer for the machine's next deadline, as late as this loop wakes up.
    pub(crate) fn arm(&mut self) {
        let Some(due) = self.pair.deadline() else {
            self.loop_state.serial += 1;
            self.loop_state.armed_for = None;
            return;
        };
        if self.loop_state.armed_for == Some(due) {
            return;
        }
        self.loop_state.armed_for = Some(due);
        self.loop_state.serial += 1;
        let late = match self.weather.waking {
            Waking::Prompt => 0,
            Waking::Late => self.chance.wait(700).min(8_000),
            Waking::Lazy if self.chance.once_in(3) => self.chance.wait(400_000),
            Waking::Lazy => self.chance.below(3),
        };
        if late > 0 {
            self.pair.tally.one(Count::LateTimers);
        }
        let at = due.max(self.now).as_micros() + late;
        let serial = self.loop_state.serial;
        self.at(Instant::from_micros(at), Coming::Timer { serial });
    }
}

/// The locks that have run out by now, but had not when the sockets were last empty.
fn overdue(state: &State, now: Instant, since: Instant) -> Vec<(String, String)> {
    let locks = state.locks.iter();
    let doubtful = locks.filter(|lock| lock.deadline <= now && lock.deadline > since);
    doubtful
        .map(|lock| (lock.address.clone(), lock.holder.clone()))
        .collect()
}
