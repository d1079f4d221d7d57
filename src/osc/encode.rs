//! Messages written: appended to a buffer that is used again, or encoded whole from owned values.

use rosc::{OscArray, OscColor, OscMessage, OscMidiMessage, OscPacket, OscTime, OscType};

use super::address::check_address;
use super::arguments::{ArgumentView, Arguments};
use super::value::{Argument, Step, Steps};
use crate::limits::{ARRAY_DEPTH_MAX, DATAGRAM_BYTES_MAX, PACKET_ARGUMENTS_MAX};

/// Appends one message to a buffer, allocating nothing but what the buffer grows by.
///
/// The type tags come first, then exactly the values they speak of, in their order. Address and
/// strings hold no zero bytes; they come from OSC or were checked where they entered.
///
/// ```
/// let mut out = Vec::new();
/// oscgate::osc::Encoder::begin(&mut out, b"/a", b"si").string(b"x").int(7);
/// assert_eq!(out, b"/a\0\0,si\0x\0\0\0\0\0\0\x07");
/// ```
#[derive(Debug)]
pub struct Encoder<'b> {
    out: &'b mut Vec<u8>,
}

impl<'b> Encoder<'b> {
    /// Begins a message; `tags` without comma.
    pub fn begin(out: &'b mut Vec<u8>, address: &[u8], tags: &[u8]) -> Self {
        Self::begin_with(out, address, tags, Arguments::new(&[], &[]))
    }

    /// Begins a message whose last arguments are `rest`, which are to be put by
    /// [`Encoder::rest`] after the values that `tags` speak of.
    pub fn begin_with(
        out: &'b mut Vec<u8>,
        address: &[u8],
        tags: &[u8],
        rest: Arguments<'_>,
    ) -> Self {
        put_string(out, address);
        out.push(b',');
        out.extend_from_slice(tags);
        out.extend_from_slice(rest.tags());
        put_terminator(out, 1 + tags.len() + rest.tags().len());
        Self { out }
    }

    /// Puts an `i`.
    pub fn int(self, value: i32) -> Self {
        self.raw(&value.to_be_bytes())
    }

    /// Puts an `f`.
    pub fn float(self, value: f32) -> Self {
        self.raw(&value.to_be_bytes())
    }

    /// Puts an `s`, or an `S`.
    pub fn string(self, text: &[u8]) -> Self {
        put_string(self.out, text);
        self
    }

    /// Puts a `b`. It is not longer than a datagram.
    pub fn blob(self, bytes: &[u8]) -> Self {
        put_blob(self.out, bytes);
        self
    }

    /// Puts an `h`.
    pub fn long(self, value: i64) -> Self {
        self.raw(&value.to_be_bytes())
    }

    /// Puts a `t`.
    pub fn time(self, value: u64) -> Self {
        self.raw(&value.to_be_bytes())
    }

    /// Puts a `d`.
    pub fn double(self, value: f64) -> Self {
        self.raw(&value.to_be_bytes())
    }

    /// Puts the values whose tags [`Encoder::begin_with`] has put.
    pub fn rest(self, rest: Arguments<'_>) -> Self {
        self.raw(rest.data())
    }

    fn raw(self, bytes: &[u8]) -> Self {
        self.out.extend_from_slice(bytes);
        self
    }
}

/// Appends the message of this address and a [`tail`](super::MessageView::tail); an empty tail
/// becomes a type tag string without tags.
pub fn append_message(out: &mut Vec<u8>, address: &[u8], tail: &[u8]) {
    put_string(out, address);
    out.extend_from_slice(if tail.is_empty() { b",\0\0\0" } else { tail });
}

/// Appends a [`tail`](super::MessageView::tail) of these arguments: what a converted message goes
/// on with behind its address.
pub fn append_tail<'v>(out: &mut Vec<u8>, values: impl Iterator<Item = ArgumentView<'v>> + Clone) {
    let tags_at = out.len();
    out.push(b',');
    out.extend(values.clone().map(|value| value.tag()));
    put_terminator(out, out.len() - tags_at);
    for value in values {
        match value {
            ArgumentView::Int(value) => out.extend_from_slice(&value.to_be_bytes()),
            ArgumentView::Float(value) => out.extend_from_slice(&value.to_be_bytes()),
            ArgumentView::Long(value) => out.extend_from_slice(&value.to_be_bytes()),
            ArgumentView::Time(value) => out.extend_from_slice(&value.to_be_bytes()),
            ArgumentView::Double(value) => out.extend_from_slice(&value.to_be_bytes()),
            ArgumentView::Char(value) | ArgumentView::Color(value) => {
                out.extend_from_slice(&value.to_be_bytes());
            }
            ArgumentView::Midi(bytes) => out.extend_from_slice(&bytes),
            ArgumentView::String(text) | ArgumentView::Symbol(text) => put_string(out, text),
            ArgumentView::Blob(bytes) => put_blob(out, bytes),
            ArgumentView::True
            | ArgumentView::False
            | ArgumentView::Nil
            | ArgumentView::Infinitum
            | ArgumentView::ArrayBegin
            | ArgumentView::ArrayEnd => {}
        }
    }
}

/// Why a message cannot be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The address is none: see [`check_address`].
    #[error("not an address: it begins with `/`, has no control characters, at most 255 bytes")]
    Address,
    /// A string or symbol holds a zero byte: the receiver would read other arguments.
    #[error("argument {argument} is a string with a zero byte in it")]
    ZeroInString {
        /// Which one, counted from 1 over all arguments, those in arrays too.
        argument: usize,
    },
    /// Arrays lie in arrays deeper than [`ARRAY_DEPTH_MAX`].
    #[error("arrays are nested deeper than {ARRAY_DEPTH_MAX}")]
    ArrayTooDeep,
    /// More arguments than [`PACKET_ARGUMENTS_MAX`].
    #[error("more than {PACKET_ARGUMENTS_MAX} arguments")]
    TooManyArguments,
    /// The message is longer than [`DATAGRAM_BYTES_MAX`].
    #[error("the message has {bytes} bytes, a datagram at most {DATAGRAM_BYTES_MAX}")]
    TooLong {
        /// How long it would be.
        bytes: usize,
    },
}

/// The bytes of a message, by way of rosc.
///
/// # Errors
///
/// Whatever a [`PacketView`](super::PacketView) or
/// [`check_address`] would not pass is not encoded.
pub fn encode_message(address: &str, arguments: &[Argument]) -> Result<Vec<u8>, EncodeError> {
    check_message(address, arguments)?;
    let mut out = Vec::new();
    match arguments_to_rosc(arguments) {
        Some(args) => {
            let packet = OscPacket::Message(OscMessage {
                addr: address.to_owned(),
                args,
            });
            match rosc::encoder::encode_into(&packet, &mut out) {
                Ok(_) => {}
                Err(never) => match never {},
            }
        }
        None => put_message(&mut out, address, arguments),
    }
    Ok(out)
}

/// Appends a message to a buffer: the same bytes as [`encode_message`].
///
/// # Errors
///
/// As [`encode_message`]; then nothing is appended.
pub fn encode_message_into(
    out: &mut Vec<u8>,
    address: &str,
    arguments: &[Argument],
) -> Result<(), EncodeError> {
    check_message(address, arguments)?;
    put_message(out, address, arguments);
    Ok(())
}

fn check_message(address: &str, arguments: &[Argument]) -> Result<(), EncodeError> {
    if check_address(address.as_bytes()).is_none() {
        return Err(EncodeError::Address);
    }
    let mut count = 0;
    let mut tags = 0;
    let mut data = 0;
    for step in Steps::new(arguments) {
        tags += 1;
        let argument = match step {
            Step::Leaf(argument) => argument,
            Step::Begin | Step::End => continue,
            Step::TooDeep => return Err(EncodeError::ArrayTooDeep),
        };
        count += 1;
        if count > PACKET_ARGUMENTS_MAX {
            return Err(EncodeError::TooManyArguments);
        }
        data += match argument {
            Argument::String(text) | Argument::Symbol(text) => {
                if text.contains('\0') {
                    return Err(EncodeError::ZeroInString { argument: count });
                }
                string_bytes(text.len())
            }
            Argument::Blob(bytes) => 4 + bytes.len().next_multiple_of(4),
            Argument::Int(_)
            | Argument::Float(_)
            | Argument::Char(_)
            | Argument::Color(_)
            | Argument::Midi(_) => 4,
            Argument::Long(_) | Argument::Time(_) | Argument::Double(_) => 8,
            Argument::True | Argument::False | Argument::Nil | Argument::Infinitum => 0,
            Argument::Array(_) => unreachable!("a walk opens arrays"),
        };
    }
    let bytes = string_bytes(address.len()) + string_bytes(1 + tags) + data;
    if bytes > DATAGRAM_BYTES_MAX {
        return Err(EncodeError::TooLong { bytes });
    }
    Ok(())
}

/// `None` where rosc 0.11.4 cannot say it: it has no symbols, and no characters beyond Unicode.
fn arguments_to_rosc(arguments: &[Argument]) -> Option<Vec<OscType>> {
    let mut outer = Vec::new();
    let mut done = Vec::new();
    for step in Steps::new(arguments) {
        let argument = match step {
            Step::Leaf(argument) => argument,
            Step::Begin => {
                outer.push(std::mem::take(&mut done));
                continue;
            }
            Step::End => {
                let enclosing = outer.pop().expect("a walk ends what it began");
                let content = std::mem::replace(&mut done, enclosing);
                done.push(OscType::Array(OscArray { content }));
                continue;
            }
            Step::TooDeep => return None,
        };
        done.push(match argument {
            Argument::Int(value) => OscType::Int(*value),
            Argument::Float(value) => OscType::Float(*value),
            Argument::String(value) => OscType::String(value.clone()),
            Argument::Blob(value) => OscType::Blob(value.clone()),
            Argument::Long(value) => OscType::Long(*value),
            Argument::Time(value) => OscType::Time(OscTime {
                seconds: (value >> 32) as u32,
                fractional: *value as u32,
            }),
            Argument::Double(value) => OscType::Double(*value),
            Argument::Symbol(_) => return None,
            Argument::Char(value) => OscType::Char(char::from_u32(*value)?),
            Argument::Color(value) => {
                let [red, green, blue, alpha] = value.to_be_bytes();
                OscType::Color(OscColor {
                    red,
                    green,
                    blue,
                    alpha,
                })
            }
            Argument::Midi([port, status, data1, data2]) => OscType::Midi(OscMidiMessage {
                port: *port,
                status: *status,
                data1: *data1,
                data2: *data2,
            }),
            Argument::True => OscType::Bool(true),
            Argument::False => OscType::Bool(false),
            Argument::Nil => OscType::Nil,
            Argument::Infinitum => OscType::Inf,
            Argument::Array(_) => unreachable!("a walk opens arrays"),
        });
    }
    Some(done)
}

fn put_message(out: &mut Vec<u8>, address: &str, arguments: &[Argument]) {
    put_string(out, address.as_bytes());
    let tags_at = out.len();
    out.push(b',');
    out.extend(Steps::new(arguments).map(|step| tag_of(&step)));
    put_terminator(out, out.len() - tags_at);
    for step in Steps::new(arguments) {
        let argument = match step {
            Step::Leaf(argument) => argument,
            Step::Begin | Step::End | Step::TooDeep => continue,
        };
        match argument {
            Argument::Int(value) => out.extend_from_slice(&value.to_be_bytes()),
            Argument::Float(value) => out.extend_from_slice(&value.to_be_bytes()),
            Argument::String(text) | Argument::Symbol(text) => put_string(out, text.as_bytes()),
            Argument::Blob(bytes) => put_blob(out, bytes),
            Argument::Long(value) => out.extend_from_slice(&value.to_be_bytes()),
            Argument::Time(value) => out.extend_from_slice(&value.to_be_bytes()),
            Argument::Double(value) => out.extend_from_slice(&value.to_be_bytes()),
            Argument::Char(value) | Argument::Color(value) => {
                out.extend_from_slice(&value.to_be_bytes());
            }
            Argument::Midi(bytes) => out.extend_from_slice(bytes),
            Argument::True | Argument::False | Argument::Nil | Argument::Infinitum => {}
            Argument::Array(_) => unreachable!("a walk opens arrays"),
        }
    }
}

fn tag_of(step: &Step<'_>) -> u8 {
    match step {
        Step::Begin => b'[',
        Step::End => b']',
        Step::TooDeep => unreachable!("the depth was checked before"),
        Step::Leaf(argument) => match argument {
            Argument::Int(_) => b'i',
            Argument::Float(_) => b'f',
            Argument::String(_) => b's',
            Argument::Blob(_) => b'b',
            Argument::Long(_) => b'h',
            Argument::Time(_) => b't',
            Argument::Double(_) => b'd',
            Argument::Symbol(_) => b'S',
            Argument::Char(_) => b'c',
            Argument::Color(_) => b'r',
            Argument::Midi(_) => b'm',
            Argument::True => b'T',
            Argument::False => b'F',
            Argument::Nil => b'N',
            Argument::Infinitum => b'I',
            Argument::Array(_) => unreachable!("a walk opens arrays"),
        },
    }
}

fn put_string(out: &mut Vec<u8>, text: &[u8]) {
    debug_assert!(!text.contains(&0), "a zero byte would end the string early");
    out.extend_from_slice(text);
    put_terminator(out, text.len());
}

fn put_blob(out: &mut Vec<u8>, bytes: &[u8]) {
    let size = i32::try_from(bytes.len()).expect("a blob is not longer than a datagram");
    out.extend_from_slice(&size.to_be_bytes());
    out.extend_from_slice(bytes);
    out.extend_from_slice(&[0; 3][..bytes.len().next_multiple_of(4) - bytes.len()]);
}

/// Ends a string of so many bytes: one to four zeros.
fn put_terminator(out: &mut Vec<u8>, length: usize) {
    out.extend_from_slice(&[0; 4][..string_bytes(length) - length]);
}

/// What a string of so many bytes takes with its terminator and padding.
#[must_use]
pub const fn string_bytes(length: usize) -> usize {
    (length / 4 + 1) * 4
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::osc::samples::{message, owned_messages, raw_packets, rosc_packets};
    use crate::osc::{PacketView, decode_packet};

    #[test]
    fn every_kind_of_value_is_appended_after_what_is_there() {
        let mut out = b"kept".to_vec();
        Encoder::begin(&mut out, b"/abc", b"ifsbhtd")
            .int(-1)
            .float(0.5)
            .string(b"four")
            .blob(b"xyz12")
            .long(2)
            .time(1)
            .double(-0.5);
        let whole = b"/abc\0\0\0\0,ifsbhtd\0\0\0\0\
            \xff\xff\xff\xff\x3f\0\0\0four\0\0\0\0\0\0\0\x05xyz12\0\0\0\
            \0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x01\xbf\xe0\0\0\0\0\0\0";
        assert_eq!(out, [b"kept", &whole[..]].concat());
        assert!(PacketView::parse(&out[4..]).is_ok());
    }

    #[test]
    fn what_is_left_of_a_message_goes_on_at_the_end_of_another() {
        let call = message(b"/call", b",is[i]T", b"\0\0\0\x09/a\0\0\0\0\0\x01");
        let view = PacketView::parse(&call).unwrap().messages().next().unwrap();
        let mut rest = view.arguments();
        let _ = (rest.next(), rest.next());
        let mut out = Vec::new();
        Encoder::begin_with(&mut out, b"/reply", b"is", rest)
            .int(9)
            .string(b"OK")
            .rest(rest);
        assert_eq!(
            out,
            message(b"/reply", b",is[i]T", b"\0\0\0\x09OK\0\0\0\0\0\x01")
        );
    }

    #[test]
    fn a_message_without_type_tag_string_goes_on_with_an_empty_one() {
        let mut out = Vec::new();
        append_message(&mut out, b"/go", b"");
        assert_eq!(out, b"/go\0,\0\0\0");
    }

    #[test]
    fn what_nobody_may_receive_is_not_encoded() {
        let refused = |address: &str, arguments: &[Argument]| {
            let mut out = b"kept".to_vec();
            let error = encode_message_into(&mut out, address, arguments).unwrap_err();
            assert_eq!(out, b"kept");
            assert_eq!(encode_message(address, arguments).unwrap_err(), error);
            error
        };
        for address in ["", "a", "/a\0b", "/a\n", &"/a".repeat(128)] {
            assert_eq!(refused(address, &[]), EncodeError::Address);
        }
        let evil = || "x\0\0\0evil".to_owned();
        let array = Argument::Array(vec![Argument::Nil, Argument::String(evil())]);
        let error = EncodeError::ZeroInString { argument: 3 };
        assert_eq!(refused("/a", &[Argument::Nil, array]), error);
        let error = EncodeError::ZeroInString { argument: 1 };
        assert_eq!(refused("/a", &[Argument::Symbol(evil())]), error);

        let nested = |levels: usize| {
            (0..levels).fold(Argument::Int(1), |inner, _| Argument::Array(vec![inner]))
        };
        assert!(encode_message("/a", &[nested(ARRAY_DEPTH_MAX)]).is_ok());
        assert_eq!(
            refused("/a", &[nested(ARRAY_DEPTH_MAX + 1)]),
            EncodeError::ArrayTooDeep
        );

        let many = vec![Argument::Nil; PACKET_ARGUMENTS_MAX + 1];
        assert!(encode_message("/a", &many[1..]).is_ok());
        assert_eq!(refused("/a", &many), EncodeError::TooManyArguments);
    }

    #[test]
    fn a_message_is_as_long_as_a_datagram_and_no_longer() {
        let blob = |bytes: usize| [Argument::Blob(vec![7; bytes])];
        let whole = encode_message("/a", &blob(DATAGRAM_BYTES_MAX - 12)).unwrap();
        assert_eq!(whole.len(), DATAGRAM_BYTES_MAX);
        let error = EncodeError::TooLong {
            bytes: DATAGRAM_BYTES_MAX + 4,
        };
        assert_eq!(
            encode_message("/a", &blob(DATAGRAM_BYTES_MAX - 11)),
            Err(error)
        );
        let brackets = vec![Argument::Array(Vec::new()); 40_000];
        let error = EncodeError::TooLong { bytes: 4 + 80_004 };
        assert_eq!(encode_message("/a", &brackets), Err(error));
    }

    proptest! {
        #[test]
        fn rosc_and_this_file_write_the_same_bytes(sent in owned_messages()) {
            let bytes = encode_message(&sent.address, &sent.arguments).unwrap();
            let mut appended = b"kept".to_vec();
            encode_message_into(&mut appended, &sent.address, &sent.arguments).unwrap();
            prop_assert_eq!(&appended[4..], &bytes);
            prop_assert!(PacketView::parse(&bytes).is_ok());
        }

        #[test]
        fn a_message_decoded_and_encoded_is_the_same_bytes(sample in rosc_packets()) {
            let read = decode_packet(&sample.bytes).unwrap();
            for (message, bytes) in read.iter().zip(&sample.messages) {
                let again = encode_message(&message.address, &message.arguments).unwrap();
                prop_assert_eq!(&again, bytes);
            }
        }

        #[test]
        fn address_and_tail_give_the_message_again(sample in raw_packets()) {
            for view in PacketView::parse(&sample.bytes).unwrap().messages() {
                let mut out = Vec::new();
                append_message(&mut out, view.address(), view.tail());
                let mut spliced = Vec::new();
                Encoder::begin_with(&mut spliced, view.address(), b"", view.arguments())
                    .rest(view.arguments());
                prop_assert_eq!(&spliced, &out);
                if view.has_tag_string() {
                    prop_assert_eq!(&out, view.bytes());
                }
            }
        }
    }
}
