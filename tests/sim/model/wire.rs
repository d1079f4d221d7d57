//! Bytes on the wire: packets taken apart, messages put together, and two of them compared.

use oscgate::osc::{ArgumentView, Arguments, PacketView};

/// The type tags of a message without arguments.
pub(super) const NO_ARGUMENTS: &[u8] = b",\0\0\0";

/// A message: its address, and everything from the comma on (never empty).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) address: Vec<u8>,
    pub(super) tail: Vec<u8>,
}

/// A packet taken apart.
#[derive(Clone, Debug)]
pub(super) enum Element {
    Message(Letter),
    Bundle { tag: u64, elements: Vec<Self> },
}

impl Element {
    /// A good packet as a tree; `None` if it is not a good one.
    pub(super) fn of_packet(bytes: &[u8]) -> Option<Self> {
        PacketView::parse(bytes).ok()?;
        Some(Self::of_checked(bytes))
    }

    fn of_checked(bytes: &[u8]) -> Self {
        if !bytes.starts_with(b"#bundle\0") {
            let view = PacketView::parse(bytes).expect("part of a good packet");
            let message = view.messages().next().expect("a message");
            let tail = match message.tail() {
                [] => NO_ARGUMENTS,
                tail => tail,
            };
            return Self::Message(Letter {
                address: message.address().to_vec(),
                tail: tail.to_vec(),
            });
        }
        let tag = u64::from_be_bytes(bytes[8..16].try_into().expect("eight bytes"));
        let mut elements = Vec::new();
        let mut rest = &bytes[16..];
        while !rest.is_empty() {
            let size = u32::from_be_bytes(rest[..4].try_into().expect("four bytes")) as usize;
            elements.push(Self::of_checked(&rest[4..4 + size]));
            rest = &rest[4 + size..];
        }
        Self::Bundle { tag, elements }
    }

    /// All messages in it, in order.
    pub(super) fn letters(&self) -> Vec<&Letter> {
        match self {
            Self::Message(letter) => vec![letter],
            Self::Bundle { elements, .. } => elements.iter().flat_map(Self::letters).collect(),
        }
    }
}

impl Letter {
    /// The address, if it is text.
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.address).ok()
    }

    /// How many arguments there are (of the outermost level, brackets counted).
    pub(super) fn count(&self) -> usize {
        Arguments::of_tail(&self.tail).tags().len()
    }

    /// The arguments.
    pub(super) fn arguments(&self) -> Vec<ArgumentView<'_>> {
        Arguments::of_tail(&self.tail).collect()
    }

    /// The argument at `at`, if it is a string.
    pub(super) fn string(&self, at: usize) -> Option<&[u8]> {
        match self.arguments().get(at) {
            Some(ArgumentView::String(bytes) | ArgumentView::Symbol(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// The argument at `at`, if it is a 32-bit integer.
    pub(super) fn int(&self, at: usize) -> Option<i32> {
        match self.arguments().get(at) {
            Some(ArgumentView::Int(value)) => Some(*value),
            _ => None,
        }
    }

    /// Everything behind the first `count` arguments, as the tail of a message.
    pub(super) fn tail_behind(&self, count: usize) -> Vec<u8> {
        let mut arguments = Arguments::of_tail(&self.tail);
        for _ in 0..count {
            arguments.next();
        }
        let mut tail = padded(&[b",", arguments.tags()].concat());
        tail.extend(arguments.data());
        tail
    }
}

/// Whether this tail has no arguments.
pub(super) fn is_event_tail(tail: &[u8]) -> bool {
    Arguments::of_tail(tail).tags().is_empty()
}

/// One argument of a message that the gateway writes itself.
#[derive(Clone, Debug)]
pub(super) enum Arg {
    S(Vec<u8>),
    I(i32),
    H(i64),
    T,
    F,
    /// The arguments of this tail.
    Rest(Vec<u8>),
}

/// A string argument.
pub(super) fn s(text: impl AsRef<[u8]>) -> Arg {
    Arg::S(text.as_ref().to_vec())
}

/// The bytes of a message.
pub(super) fn message(address: &str, arguments: &[Arg]) -> Vec<u8> {
    let mut tags = vec![b','];
    let mut values = Vec::new();
    for argument in arguments {
        match argument {
            Arg::S(text) => {
                tags.push(b's');
                values.extend(padded(text));
            }
            Arg::I(value) => {
                tags.push(b'i');
                values.extend(value.to_be_bytes());
            }
            Arg::H(value) => {
                tags.push(b'h');
                values.extend(value.to_be_bytes());
            }
            Arg::T => tags.push(b'T'),
            Arg::F => tags.push(b'F'),
            Arg::Rest(tail) => {
                let rest = Arguments::of_tail(tail);
                tags.extend(rest.tags());
                values.extend(rest.data());
            }
        }
    }
    [padded(address.as_bytes()), padded(&tags), values].concat()
}

/// The bytes of a message of which the tail is known.
pub(super) fn message_of(address: &str, tail: &[u8]) -> Vec<u8> {
    [padded(address.as_bytes()), tail.to_vec()].concat()
}

/// A string with its terminator.
fn padded(text: &[u8]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    bytes.push(0);
    while !bytes.len().is_multiple_of(4) {
        bytes.push(0);
    }
    bytes
}

/// A message without the text for people that it may end with.
pub(super) fn for_machines(bytes: &[u8]) -> Vec<u8> {
    let Some(Element::Message(letter)) = Element::of_packet(bytes) else {
        return bytes.to_vec();
    };
    let texts_end = match letter.address.as_slice() {
        b"/oscgate/status/error" => true,
        b"/oscgate/reply" => {
            letter.count() == 3
                && letter.string(2).is_some()
                && letter.string(1).is_some_and(|code| code != b"OK")
        }
        _ => false,
    };
    if !texts_end {
        return bytes.to_vec();
    }
    let mut arguments: Vec<Arg> = Vec::new();
    for at in 0..2 {
        arguments.push(match (letter.int(at), letter.string(at)) {
            (Some(number), _) => Arg::I(number),
            (None, Some(text)) => s(text),
            (None, None) => return bytes.to_vec(),
        });
    }
    arguments.push(s(""));
    message(&String::from_utf8_lossy(&letter.address), &arguments)
}
