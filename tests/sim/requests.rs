//! What clients say in one message: every request, to addresses that others want too.

use crate::chance::Chance;
use crate::malformed;
use crate::speech::Spoken;
use crate::stage::{ADDRESSES, Hot, Nature};

/// What one message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Write,
    Event,
    Pattern,
    Set,
    SetIf,
    Lock,
    LockWrite,
    Unlock,
    UnlockWrite,
    Take,
    Release,
    Get,
    Meta,
    Subscribe,
    Unsubscribe,
    Sync,
    Ping,
    Hello,
    Bye,
    Malformed,
}

/// What may stand in a call, in a bundle, behind a user's name.
const ANYTHING: [(u32, Request); 20] = [
    (12, Request::Write),
    (3, Request::Event),
    (3, Request::Pattern),
    (3, Request::Set),
    (3, Request::SetIf),
    (6, Request::Lock),
    (6, Request::LockWrite),
    (5, Request::Unlock),
    (3, Request::UnlockWrite),
    (3, Request::Take),
    (2, Request::Release),
    (3, Request::Get),
    (3, Request::Meta),
    (2, Request::Subscribe),
    (1, Request::Unsubscribe),
    (1, Request::Sync),
    (1, Request::Ping),
    (1, Request::Hello),
    (1, Request::Bye),
    (3, Request::Malformed),
];

/// What acts on addresses only.
const ACTS: [(u32, Request); 8] = [
    (8, Request::Write),
    (2, Request::Event),
    (1, Request::Pattern),
    (2, Request::Set),
    (1, Request::SetIf),
    (4, Request::LockWrite),
    (3, Request::Lock),
    (2, Request::UnlockWrite),
];

/// Names that several clients say hello with; the show may have them too.
const NAMES: [&str; 7] = ["ann", "bob", "desk", "tablet", "eve", "Jürgen", "backup"];

const PATTERNS: [&str; 16] = [
    "//*",
    "/*",
    "/mix/*/fader",
    "/mix//*",
    "//fader",
    "/mix/[1-2]/*",
    "/mix/[!1]*/fader",
    "/cue/*",
    "/{scene,any,mix}",
    "/meter/?",
    "/m*",
    "/light/*",
    "//1//*",
    "/nobody/*",
    "/long/*",
    "/?ix/1/{fader,mute}",
];

const STATUS_PATTERNS: [&str; 8] = [
    "/oscgate/status/*",
    "/oscgate/status/denied",
    "/oscgate/status/locked",
    "/oscgate/status/unlocked",
    "/oscgate/status/{connected,disconnected}",
    "/oscgate/status/heartbeat",
    "/oscgate/status/connected",
    "/oscgate//*",
];

/// What somebody who speaks knows.
#[derive(Debug)]
pub(crate) struct Speaker<'a> {
    pub(crate) chance: &'a mut Chance,
    /// The addresses that it likes best.
    pub(crate) favourites: &'a [Hot],
    /// Those that everybody wants.
    pub(crate) hot: &'a [Hot],
    /// A revision that it heard of.
    pub(crate) revision: i64,
}

impl Speaker<'_> {
    /// Anything at all.
    pub(crate) fn anything(&mut self) -> Spoken {
        let request = self.chance.weighted(&ANYTHING);
        self.say(request)
    }

    /// Something that acts on an address.
    pub(crate) fn act(&mut self) -> Spoken {
        let request = self.chance.weighted(&ACTS);
        self.say(request)
    }

    /// An address that it may care about.
    pub(crate) fn hot(&mut self) -> Hot {
        match self.chance.below(20) {
            0 => self.chance.pick(&ADDRESSES),
            1..6 => self.chance.pick(self.hot),
            _ => self.chance.pick(self.favourites),
        }
    }

    /// One message with this request.
    pub(crate) fn say(&mut self, request: Request) -> Spoken {
        let hot = self.hot();
        self.about(request, hot)
    }

    /// One message with this request about this address.
    pub(crate) fn about(&mut self, request: Request, hot: Hot) -> Spoken {
        let to = |word: &str| Spoken::to(&format!("/oscgate/{word}"));
        let address = hot.address;
        match request {
            Request::Write => self.write(hot),
            Request::Event if self.chance.once_in(4) => Spoken::to(address).untagged(),
            Request::Event => Spoken::to(address),
            Request::Pattern => {
                let pattern = Spoken::to(self.chance.pick(&PATTERNS));
                if self.chance.once_in(8) {
                    return pattern;
                }
                self.values(pattern, hot.nature)
            }
            Request::Set => {
                let target = if self.chance.once_in(8) {
                    self.chance.pick(&PATTERNS)
                } else {
                    address
                };
                self.values(to("set").text(target), hot.nature)
            }
            Request::SetIf => self.set_if(hot),
            Request::Lock => to("lock").text(address),
            Request::LockWrite => self.values(to("lock").text(address), hot.nature),
            Request::Unlock => to("unlock").text(address),
            Request::UnlockWrite => self.values(to("unlock").text(address), hot.nature),
            Request::Take if self.chance.once_in(2) => to("take").text(address),
            Request::Take => self.values(to("take").text(address), hot.nature),
            Request::Release if self.chance.once_in(2) => to("release").text(address),
            Request::Release => to("release").text(address).text("fire"),
            Request::Get => to("get").text(address),
            Request::Meta => to("meta").text(address),
            Request::Subscribe => self.subscribe(),
            Request::Unsubscribe if self.chance.once_in(5) => to("unsubscribe"),
            Request::Unsubscribe => to("unsubscribe").text(self.pattern()),
            Request::Sync => to("sync").text(self.pattern()),
            Request::Ping => self.values(to("ping"), Nature::Anything),
            Request::Hello => self.hello(),
            Request::Bye if self.chance.once_in(2) => to("bye"),
            Request::Bye => to("bye").float(1.0),
            Request::Malformed => malformed::draw(self),
        }
    }

    /// A plain write of what mostly goes there.
    pub(crate) fn write(&mut self, hot: Hot) -> Spoken {
        self.values(Spoken::to(hot.address), hot.nature)
    }

    /// Something to follow or to ask for.
    pub(crate) fn pattern(&mut self) -> &'static str {
        match self.chance.below(10) {
            0..4 => self.chance.pick(&PATTERNS),
            4..7 => self.chance.pick(&STATUS_PATTERNS),
            _ => self.hot().address,
        }
    }

    fn subscribe(&mut self) -> Spoken {
        let mut spoken = Spoken::to("/oscgate/subscribe");
        for _ in 0..self.chance.between(1, 3) {
            spoken = spoken.text(self.pattern());
        }
        spoken
    }

    fn set_if(&mut self, hot: Hot) -> Spoken {
        let revision = match self.chance.below(6) {
            0 => 0,
            1 => i64::try_from(self.chance.below(12)).expect("a small number"),
            2 => self.revision + 1,
            _ => self.revision,
        };
        let spoken = Spoken::to("/oscgate/set_if").text(hot.address);
        let spoken = match i32::try_from(revision) {
            Ok(short) if self.chance.once_in(3) => spoken.int(short),
            Ok(_) | Err(_) => spoken.long(revision),
        };
        self.values(spoken, hot.nature)
    }

    fn hello(&mut self) -> Spoken {
        let spoken = Spoken::to("/oscgate/hello").text(self.chance.pick(&NAMES));
        if self.chance.once_in(6) {
            return spoken.int(i32::try_from(self.chance.between(9_001, 9_040)).expect("a port"));
        }
        spoken
    }

    /// Adds what mostly goes to addresses of this nature; sometimes something else. Few values,
    /// so that equal ones meet.
    pub(crate) fn values(&mut self, spoken: Spoken, nature: Nature) -> Spoken {
        let nature = if self.chance.once_in(12) {
            Nature::Anything
        } else {
            nature
        };
        let chance = &mut *self.chance;
        match nature {
            Nature::Float => spoken.float(chance.pick(&[0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 0.1, 0.9])),
            Nature::Int => spoken.int(chance.pick(&[0, 1, 2, 3, 4, 100, -11])),
            Nature::Switch => match chance.below(4) {
                0 => spoken.bare(b"T"),
                1 => spoken.bare(b"F"),
                2 => spoken.int(1),
                _ => spoken.int(0),
            },
            Nature::Text => spoken.text(chance.pick(&["", "a", "abc", "Grüße", "four"])),
            Nature::Blob => {
                let length = chance.pick(&[0, 1, 4, 17, 64]);
                spoken.blob(&vec![0xA5; length])
            }
            Nature::Go => spoken,
            Nature::Press => match chance.below(5) {
                0 => spoken.int(0),
                1 => spoken.float(0.0),
                2 => spoken.bare(b"F"),
                3 => spoken.float(1.0),
                _ => spoken.int(1),
            },
            Nature::Anything => oddity(chance, spoken),
        }
    }
}

/// Arguments of every type, and values that are easily got wrong.
fn oddity(chance: &mut Chance, spoken: Spoken) -> Spoken {
    match chance.below(20) {
        0 => spoken.float(f32::NAN),
        1 => spoken.float(f32::INFINITY).int(1),
        2 => spoken.float(-0.0),
        3 => spoken.double(0.5),
        4 => spoken.double(chance.pick(&[f64::NAN, 1e300, 0.1, 2.0])),
        5 => spoken.long(chance.pick(&[0, 1, 1 << 40, i64::MIN])),
        6 => spoken.int(chance.pick(&[i32::MAX, i32::MIN, 16_777_217, 1, 0])),
        7 => spoken.symbol("sym"),
        8 => spoken.bytes(&[0xFF, 0xFE, b'x']),
        9 => spoken.bare(b"N"),
        10 => spoken.bare(b"I"),
        11 => spoken.bare(b"[").int(1).float(0.5).bare(b"]"),
        12 => spoken.bare(b"[[]]"),
        13 => spoken.word(b'c', u32::from(b'z')),
        14 => spoken.word(b'r', 0xFF00_FF00).word(b'm', 0x90_40_7F),
        15 => spoken.time(chance.bits()),
        16 => spoken.float(0.5).float(0.5),
        17 => spoken.int(1).float(0.5).text("x").bare(b"T"),
        18 => spoken.float(16_777_216.0),
        _ => spoken.text("3"),
    }
}
