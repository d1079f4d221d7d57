//! One client: what it says when, what it remembers of what it is told, and how it breaks down.

use std::collections::VecDeque;
use std::net::SocketAddr;

use oscgate::osc::{Argument, decode_packet};
use oscgate::time::Instant;

use crate::chance::Chance;
use crate::deeds::{self, Deed};
use crate::requests::{Request, Speaker};
use crate::speech::Spoken;
use crate::stage::{HOSTS, Hot, Stage};

/// How a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Plain,
    Call,
    As(usize),
    CallAs(usize),
}

const USERS: [&str; 2] = ["kim", "lee"];

/// Calls that wait for an answer at one time.
const PENDING_MAX: usize = 4;

/// Lines that a script may have: who reflects what it is told must not build up for ever.
const SCRIPT_MAX: usize = 40;

#[derive(Clone, Debug)]
struct Line {
    after: u64,
    bytes: Vec<u8>,
    /// It is a call, and is sent again until it is answered.
    number: Option<i32>,
}

#[derive(Clone, Debug)]
struct Pending {
    number: i32,
    bytes: Vec<u8>,
    again: Instant,
    tries: u32,
}

/// Whether a client is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It speaks and hears.
    Here,
    /// It hears, and says nothing until then.
    Naps(Instant),
    /// It does neither until then.
    Down(Instant),
}

/// A client.
#[derive(Debug)]
pub(crate) struct Actor {
    /// Where it speaks from.
    pub(crate) at: SocketAddr,
    /// A second port of it, which it writes from now and then.
    pub(crate) second: Option<u16>,
    pub(crate) presence: Presence,
    /// Which of its wake-ups counts.
    pub(crate) serial: u32,
    chance: Chance,
    temper: Vec<(u32, Deed)>,
    favourites: Vec<Hot>,
    /// The mean time between two deeds.
    pace: u64,
    /// It sends back so many of a thousand values that it is told.
    reflects: u64,
    /// Microseconds between its heartbeats; none: it never sends one.
    beats: Option<u64>,
    next_beat: Instant,
    next_reflection: Instant,
    now: Instant,
    script: VecDeque<Line>,
    pending: Vec<Pending>,
    /// The last call number of itself and of each user.
    numbers: [i32; 3],
    /// Numbers that it left out, to be used late.
    skipped: Vec<(Mode, i32)>,
    last_call: Option<Vec<u8>>,
    revision: i64,
}

impl Actor {
    /// The `n`th client of a history.
    pub(crate) fn draw(chance: &mut Chance, stage: &Stage, n: u16) -> Self {
        let mut own = chance.fork();
        let host = own.pick(&HOSTS);
        let count = own.between(1, 3);
        let favourites = (0..count).map(|_| own.pick(&stage.hot)).collect();
        Self {
            at: SocketAddr::new(host, 5_000 + n),
            second: own.once_in(5).then_some(6_000 + n),
            presence: Presence::Here,
            serial: 0,
            temper: deeds::temper(&mut own),
            favourites,
            pace: own.pick(&[300_000, 700_000, 1_500_000, 3_000_000, 6_000_000]),
            reflects: if own.once_in(6) {
                own.between(50, 900)
            } else {
                0
            },
            beats: own
                .once_in(3)
                .then(|| own.pick(&[900_000, 1_900_000, 3_000_000])),
            next_beat: Instant::ZERO,
            next_reflection: Instant::ZERO,
            now: Instant::ZERO,
            script: VecDeque::new(),
            pending: Vec::new(),
            numbers: [0; 3],
            skipped: Vec::new(),
            last_call: None,
            revision: 1,
            chance: own,
        }
    }

    /// Its time has come: what it sends, and after how long it wants to be asked again.
    pub(crate) fn wake(
        &mut self,
        now: Instant,
        stage: &Stage,
        clock: u64,
    ) -> (Option<Vec<u8>>, u64) {
        self.now = now;
        match self.presence {
            Presence::Here => {}
            Presence::Naps(until) | Presence::Down(until) if now < until => {
                return (None, micros(until.since(now)));
            }
            Presence::Naps(_) => self.presence = Presence::Here,
            Presence::Down(_) => self.come_back(),
        }
        if let Some(bytes) = self.retry(now) {
            return (Some(bytes), self.chance.wait(20_000));
        }
        if let Some(beats) = self.beats.filter(|_| now >= self.next_beat) {
            self.next_beat = Instant::from_micros(now.as_micros() + beats);
            return (
                Some(Spoken::to("/oscgate/ping").int(1).encode()),
                self.pause(),
            );
        }
        if self.script.is_empty() {
            self.perform(stage, clock);
        }
        let Some(line) = self.script.pop_front() else {
            return (None, self.pause());
        };
        if let Some(number) = line.number {
            self.expect_answer(now, number, &line.bytes);
        }
        (Some(line.bytes), self.pause())
    }

    /// A packet of one message, for whoever speaks in this client's name.
    pub(crate) fn forged(&mut self, stage: &Stage, request: Request) -> Vec<u8> {
        self.speaker(stage).say(request).encode()
    }

    /// One message about one address.
    pub(crate) fn about(&mut self, stage: &Stage, request: Request, hot: Hot) -> Vec<u8> {
        self.speaker(stage).about(request, hot).encode()
    }

    /// It is told something. Whether it wants to answer soon, and after how long.
    pub(crate) fn hear(&mut self, now: Instant, bytes: &[u8]) -> Option<u64> {
        if !bytes.starts_with(b"/oscgate/") {
            return self.reflect(now, bytes);
        }
        if bytes.starts_with(b"/oscgate/reply\0") {
            self.hear_reply(bytes);
        } else if bytes.starts_with(b"/oscgate/status/connected\0") && self.chance.once_in(2) {
            // It has lost its session, or says so: it follows again.
            let again = Spoken::to("/oscgate/subscribe").text("//*");
            self.line(30_000, Mode::Plain, &again);
            self.numbers[0] = 0;
            return Some(30_000);
        }
        None
    }

    /// Whether it cares to be told this. Most of what is sent to it need not be carried there.
    pub(crate) fn cares(&self, bytes: &[u8]) -> bool {
        if bytes.starts_with(b"/oscgate/") {
            return bytes.starts_with(b"/oscgate/reply\0")
                || bytes.starts_with(b"/oscgate/status/connected\0");
        }
        self.reflects > 0
    }

    fn hear_reply(&mut self, bytes: &[u8]) {
        let Ok(messages) = decode_packet(bytes) else {
            return;
        };
        let arguments = &messages[0].arguments;
        if let Some(&Argument::Int(number)) = arguments.first() {
            self.pending.retain(|pending| pending.number != number);
        }
        if let Some(&Argument::Long(revision)) = arguments.last() {
            self.revision = revision;
        }
    }

    fn reflect(&mut self, now: Instant, bytes: &[u8]) -> Option<u64> {
        // Two that reflect each other would otherwise fill the history with nothing else.
        if now < self.next_reflection
            || self.presence != Presence::Here
            || self.script.len() >= SCRIPT_MAX
            || !self.chance.thousandth(self.reflects)
        {
            return None;
        }
        let after = self.chance.wait(60_000);
        self.next_reflection = later(now, self.chance.between(100_000, 1_500_000));
        let line = Line {
            after: 0,
            bytes: bytes.to_vec(),
            number: None,
        };
        self.script.push_front(line);
        Some(after)
    }

    fn perform(&mut self, stage: &Stage, clock: u64) {
        let deed = self.chance.weighted(&self.temper);
        let mut chance = self.chance.fork();
        let favourites = std::mem::take(&mut self.favourites);
        let mut speaker = Speaker {
            chance: &mut chance,
            favourites: &favourites,
            hot: &stage.hot,
            revision: self.revision,
        };
        deeds::perform(self, deed, &mut speaker, clock);
        self.favourites = favourites;
    }

    fn speaker<'a>(&'a mut self, stage: &'a Stage) -> Speaker<'a> {
        Speaker {
            chance: &mut self.chance,
            favourites: &self.favourites,
            hot: &stage.hot,
            revision: self.revision,
        }
    }

    fn pause(&mut self) -> u64 {
        match self.script.front() {
            Some(line) => line.after,
            None => self.chance.wait(self.pace),
        }
    }

    // --- calls --------------------------------------------------------------------------------

    fn expect_answer(&mut self, now: Instant, number: i32, bytes: &[u8]) {
        self.last_call = Some(bytes.to_vec());
        if self.pending.len() < PENDING_MAX {
            self.pending.push(Pending {
                number,
                bytes: bytes.to_vec(),
                again: later(now, 150_000),
                tries: 0,
            });
        }
    }

    fn retry(&mut self, now: Instant) -> Option<Vec<u8>> {
        let n = self
            .pending
            .iter()
            .position(|pending| pending.again <= now)?;
        let pending = &mut self.pending[n];
        pending.tries += 1;
        pending.again = later(now, 150_000 << pending.tries);
        let bytes = pending.bytes.clone();
        if pending.tries >= 5 {
            self.pending.remove(n);
        }
        Some(bytes)
    }

    fn number(&mut self, mode: Mode, chance: &mut Chance) -> i32 {
        let who = match mode {
            Mode::Plain | Mode::Call => 0,
            Mode::As(user) | Mode::CallAs(user) => user + 1,
        };
        let highest = self.numbers[who];
        match chance.below(40) {
            0..3 => {
                self.skipped.push((mode, highest.wrapping_add(1)));
                self.numbers[who] = highest.wrapping_add(2);
                self.numbers[who]
            }
            3..7 => match self.skipped.iter().position(|&(other, _)| other == mode) {
                Some(n) => self.skipped.swap_remove(n).1,
                None => highest,
            },
            7 => highest.wrapping_sub(chance.pick(&[62, 63, 64, 65])),
            8 => highest,
            9 if chance.once_in(6) => chance.pick(&[i32::MAX, i32::MIN, -1, 0]),
            9 => {
                self.numbers[who] = highest.wrapping_add(chance.pick(&[30, 63, 64, 70]));
                self.numbers[who]
            }
            _ => {
                self.numbers[who] = highest.wrapping_add(1);
                self.numbers[who]
            }
        }
    }

    /// A message as it is sent in this mode, and its number if it is a call.
    pub(crate) fn worded(
        &mut self,
        mode: Mode,
        spoken: &Spoken,
        chance: &mut Chance,
    ) -> (Vec<u8>, Option<i32>) {
        let called = |number| Spoken::to("/oscgate/call").int(number).around(spoken);
        let user = |user: usize| Spoken::to("/oscgate/as").text(USERS[user]);
        match mode {
            Mode::Plain => (spoken.encode(), None),
            Mode::As(n) => (user(n).around(spoken).encode(), None),
            Mode::Call => {
                let number = self.number(mode, chance);
                (called(number).encode(), Some(number))
            }
            Mode::CallAs(n) => {
                let number = self.number(mode, chance);
                (user(n).around(&called(number)).encode(), Some(number))
            }
        }
    }

    /// Adds a message to the script.
    pub(crate) fn line(&mut self, after: u64, mode: Mode, spoken: &Spoken) {
        let mut chance = self.chance.fork();
        let (bytes, number) = self.worded(mode, spoken, &mut chance);
        if number.is_some() && chance.once_in(12) {
            // The network is not alone in sending things twice.
            let again = self.last_call.clone();
            again
                .into_iter()
                .for_each(|bytes| self.packet(after, bytes));
        }
        self.script.push_back(Line {
            after,
            bytes,
            number,
        });
    }

    /// Adds a packet to the script.
    pub(crate) fn packet(&mut self, after: u64, bytes: Vec<u8>) {
        self.script.push_back(Line {
            after,
            bytes,
            number: None,
        });
    }

    // --- coming and going ---------------------------------------------------------------------

    /// Says nothing for so many microseconds.
    pub(crate) fn nap(&mut self, span: u64) {
        self.presence = Presence::Naps(later(self.now, span));
    }

    /// Is gone for so many microseconds.
    pub(crate) fn crash(&mut self, span: u64) {
        self.presence = Presence::Down(later(self.now, span));
    }

    /// It was started again: on another port mostly, and without any memory.
    fn come_back(&mut self) {
        self.presence = Presence::Here;
        self.script.clear();
        self.pending.clear();
        self.skipped.clear();
        self.last_call = None;
        if self.chance.once_in(2) {
            self.numbers = [0; 3];
        }
        if self.chance.thousandth(600) {
            let port = self.at.port();
            // Among those that the show's entries name, and among nobody's.
            let next = if port >= 7_500 {
                port - 2_500
            } else {
                port + 100
            };
            self.at.set_port(next);
        }
    }
}

fn later(now: Instant, micros: u64) -> Instant {
    Instant::from_micros(now.as_micros() + micros)
}

fn micros(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_micros()).expect("spans are short")
}
