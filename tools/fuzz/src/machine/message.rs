//! Messages to the machine, built from decisions: writes, requests, and requests in requests.

use crate::bytes::Bytes;

/// The addresses that everybody plays with.
pub(super) const ADDRESSES: [&str; 10] = [
    "/a", "/b", "/w/1", "/w/2", "/n", "/r", "/c", "/go", "/ro", "/é",
];

/// What stands where an address should, and is a pattern or nothing at all.
const OTHERS: [&str; 14] = [
    "/*",
    "//*",
    "/w/?",
    "/{a,b}",
    "/[!a]",
    "//",
    "/oscgate/status/*",
    "/oscgate/status/locked",
    "/oscgate/*",
    "/oscgate/x",
    "/[",
    "node",
    "",
    "/\n",
];

/// A message before it is bytes, so that it can be put into another.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    pub(super) address: Vec<u8>,
    tags: Vec<u8>,
    data: Vec<u8>,
    no_tags: bool,
}

impl Message {
    pub(super) fn new(address: &str) -> Self {
        Self {
            address: address.into(),
            ..Self::default()
        }
    }

    pub(super) fn text(mut self, text: &[u8]) -> Self {
        self.tags.push(b's');
        string(&mut self.data, text);
        self
    }

    fn int(mut self, number: i32) -> Self {
        self.tags.push(b'i');
        self.data.extend(number.to_be_bytes());
        self
    }

    /// The same message as what `/oscgate/call` or `/oscgate/as` goes on with.
    fn holding(mut self, inner: &Self) -> Self {
        self = self.text(&inner.address);
        self.tags.extend(&inner.tags);
        self.data.extend(&inner.data);
        self
    }

    pub(super) fn called(&self, number: i32) -> Self {
        Self::new("/oscgate/call").int(number).holding(self)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        string(out, &self.address);
        if !self.no_tags {
            string(out, &[b",", &self.tags[..]].concat());
            out.extend(&self.data);
        }
    }
}

/// Any message.
pub(super) fn any(from: &mut Bytes<'_>) -> Message {
    match from.below(12) {
        0..=8 => plain(from),
        9 => wrapped(from).called(from.below(6) as i32),
        10 => called_by_user(from),
        _ => {
            let inner = plain(from);
            as_user(from, &inner)
        }
    }
}

/// A message that may stand in a call.
fn wrapped(from: &mut Bytes<'_>) -> Message {
    let inner = plain(from);
    if from.one_in(4) {
        return as_user(from, &inner);
    }
    inner
}

fn called_by_user(from: &mut Bytes<'_>) -> Message {
    let number = [0, 1, 2, 63, 64, 65, 200, -1, i32::MAX, i32::MIN][from.below(10)];
    let called = plain(from).called(number);
    as_user(from, &called)
}

fn as_user(from: &mut Bytes<'_>, inner: &Message) -> Message {
    let user = from.one_of(&["u", "v", "w", "a/b", ""]);
    Message::new("/oscgate/as")
        .text(user.as_bytes())
        .holding(inner)
}

/// A message that holds no other.
pub(super) fn plain(from: &mut Bytes<'_>) -> Message {
    const ABOUT_ONE: [&str; 10] = [
        "/oscgate/lock",
        "/oscgate/lock",
        "/oscgate/unlock",
        "/oscgate/take",
        "/oscgate/set",
        "/oscgate/release",
        "/oscgate/get",
        "/oscgate/meta",
        "/oscgate/sync",
        "/oscgate/subscribe",
    ];
    match from.below(16) {
        0..=5 => {
            let message = Message::new(address(from));
            values(from, message)
        }
        6..=12 => {
            let message = Message::new(from.one_of(&ABOUT_ONE)).text(address(from).as_bytes());
            if from.one_in(2) {
                return values(from, message);
            }
            message
        }
        13 => {
            let mut message = Message::new("/oscgate/set_if").text(address(from).as_bytes());
            let revision = [0, 1, 2, 3, -1][from.below(5)];
            if from.one_in(2) {
                message = message.int(revision);
            } else {
                message.tags.push(b'h');
                message.data.extend(i64::from(revision).to_be_bytes());
            }
            values(from, message)
        }
        14 => {
            const NAMES: [&str; 7] = ["x", "y", "desk", "probe", "1.2.3.4", "a/b", "net@10.0.1.1"];
            let message = Message::new("/oscgate/hello").text(from.one_of(&NAMES).as_bytes());
            match from.below(4) {
                0 => message.int(9_000),
                1 => message.int(9_001),
                2 => message.int([0, 8_900, 70_000, -1][from.below(4)]),
                _ => message,
            }
        }
        _ => rare(from),
    }
}

fn rare(from: &mut Bytes<'_>) -> Message {
    let message = Message::new(from.one_of(&[
        "/oscgate/ping",
        "/oscgate/bye",
        "/oscgate/unsubscribe",
        "/oscgate/atomic",
        "/oscgate/nonsense",
        "/oscgate/call",
        "/oscgate/as",
        "/oscgate/status/denied",
        "/oscgate/subscribe",
    ]));
    values(from, message)
}

fn address(from: &mut Bytes<'_>) -> &'static str {
    if from.below(8) == 7 {
        from.one_of(&OTHERS)
    } else {
        from.one_of(&ADDRESSES)
    }
}

fn values(from: &mut Bytes<'_>, mut message: Message) -> Message {
    match from.below(14) {
        0..=3 => {
            message.tags.push(b'f');
            let numbers = [0.5, 0.25, 2.0, -7.0, f32::NAN, f32::INFINITY];
            let number = from.one_of(&numbers);
            message.data.extend(number.to_be_bytes());
            message
        }
        4..=6 => message.int([0, 1, 7, 16_777_217][from.below(4)]),
        7 => message.text(b"text"),
        8 => {
            message.tags.extend(b"[fT]N");
            message.data.extend(1_f32.to_be_bytes());
            message
        }
        9 => {
            message.tags.push(b'd');
            message.data.extend(1e300_f64.to_be_bytes());
            message
        }
        10 => {
            // Large enough that a few fill a queue, and one does not fit an answer.
            let bytes = [100, 20_000, 65_400][from.below(3)];
            message.tags.push(b'b');
            message.data.extend(u32::to_be_bytes(bytes));
            message.data.extend(vec![7; bytes as usize]);
            message
        }
        11 => message.text(&[0xff, 0xfe]),
        12 => message,
        _ => {
            message.no_tags = message.tags.is_empty();
            message
        }
    }
}

/// A bundle of messages, some of them in one more bundle.
pub(super) fn bundle(from: &mut Bytes<'_>, tag: u64, level: usize, out: &mut Vec<u8>) {
    let is_atomic = from.one_in(4);
    framed(from, tag, level, is_atomic, out);
}

/// A bundle that is all or nothing.
pub(super) fn atomic(from: &mut Bytes<'_>, out: &mut Vec<u8>) {
    framed(from, 1, 1, true, out);
}

fn framed(from: &mut Bytes<'_>, tag: u64, level: usize, is_atomic: bool, out: &mut Vec<u8>) {
    out.extend(b"#bundle\0");
    out.extend(tag.to_be_bytes());
    for n in 0..from.below(5) + usize::from(is_atomic) {
        let at = out.len();
        out.extend([0; 4]);
        if is_atomic && n == 0 {
            Message::new("/oscgate/atomic").write(out);
        } else if level < 3 && from.one_in(6) {
            let inner = tag.wrapping_add(u64::from(from.byte()) << 29);
            bundle(from, inner, level + 1, out);
        } else {
            any(from).write(out);
        }
        let size = u32::try_from(out.len() - at - 4).expect("a few messages");
        out[at..at + 4].copy_from_slice(&size.to_be_bytes());
    }
}

fn string(out: &mut Vec<u8>, text: &[u8]) {
    out.extend(text);
    out.extend(&[0; 4][text.len() % 4..]);
}
