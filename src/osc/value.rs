//! Owned values: arguments and messages taken out of a datagram, by way of rosc.

use std::vec;

use rosc::{OscPacket, OscType};

use super::arguments::{ArgumentView, Arguments};
use super::error::PacketError;
use super::view::{MessageView, PacketView};
use crate::limits::ARRAY_DEPTH_MAX;

/// One argument, owned.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// `i`: a 32-bit integer.
    Int(i32),
    /// `f`: a 32-bit float.
    Float(f32),
    /// `s`: a string.
    String(String),
    /// `b`: a blob.
    Blob(Vec<u8>),
    /// `h`: a 64-bit integer.
    Long(i64),
    /// `t`: a time tag, seconds since 1900 in the upper half, fractions in the lower.
    Time(u64),
    /// `d`: a 64-bit float.
    Double(f64),
    /// `S`: a symbol.
    Symbol(String),
    /// `c`: a character, as 32 bits: it may be no Unicode character.
    Char(u32),
    /// `r`: a colour, red in the top byte, then green, blue and alpha.
    Color(u32),
    /// `m`: a MIDI message: port, status, first and second data byte.
    Midi([u8; 4]),
    /// `T`.
    True,
    /// `F`.
    False,
    /// `N`.
    Nil,
    /// `I`.
    Infinitum,
    /// `[` to `]`.
    Array(Vec<Self>),
}

/// A message, owned.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The address or address pattern.
    pub address: String,
    /// The arguments.
    pub arguments: Vec<Argument>,
}

/// Why a good message has no owned values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A string or symbol is no UTF-8.
    #[error("argument {argument} is a string that is not UTF-8")]
    NotUtf8 {
        /// Which one, counted from 1 over all arguments, those in arrays too.
        argument: usize,
    },
}

/// The arguments of a message as owned values.
///
/// # Errors
///
/// [`DecodeError::NotUtf8`]: a [`String`] cannot hold such a string unchanged.
pub fn decode_arguments(message: &MessageView<'_>) -> Result<Vec<Argument>, DecodeError> {
    match decode_by_rosc(message) {
        Some(arguments) => Ok(arguments),
        None => decode_by_view(message.arguments(), |bytes| {
            std::str::from_utf8(bytes).ok().map(str::to_owned)
        }),
    }
}

/// The messages of a datagram as owned values, in order, whatever bundles they lie in.
///
/// This is for showing to people: in addresses and strings what is no UTF-8 becomes U+FFFD.
///
/// # Errors
///
/// If the datagram is no good packet.
pub fn decode_packet(bytes: &[u8]) -> Result<Vec<Message>, PacketError> {
    let lossy = |bytes: &[u8]| Some(String::from_utf8_lossy(bytes).into_owned());
    let packet = PacketView::parse(bytes)?;
    let decode = |message: MessageView<'_>| Message {
        address: String::from_utf8_lossy(message.address()).into_owned(),
        arguments: decode_by_rosc(&message).unwrap_or_else(|| {
            decode_by_view(message.arguments(), lossy).expect("every string has a lossy reading")
        }),
    };
    Ok(packet.messages().map(decode).collect())
}

/// Lets rosc decode a message that the view has passed; `None` where rosc 0.11.4 cannot.
///
/// It refuses a message without type tag string, an address without leading `/`, a symbol (`S`),
/// a character beyond Unicode, and any text that is no UTF-8. It is never shown a bundle, nor
/// anything that the view has not passed: it overflows the stack on nested bundles, takes a
/// damaged bundle for a shorter one, and drops arguments of an array that is not closed.
fn decode_by_rosc(message: &MessageView<'_>) -> Option<Vec<Argument>> {
    match rosc::decoder::decode_udp(message.bytes()) {
        Ok((_, OscPacket::Message(message))) => Some(arguments_of_rosc(message.args)),
        Ok((_, OscPacket::Bundle(_))) | Err(_) => None,
    }
}

/// Without recursion: each open array is a level of its own.
fn arguments_of_rosc(values: Vec<OscType>) -> Vec<Argument> {
    let mut outer: Vec<(vec::IntoIter<OscType>, Vec<Argument>)> = Vec::new();
    let mut values = values.into_iter();
    let mut done = Vec::new();
    loop {
        let argument = match values.next() {
            Some(OscType::Int(value)) => Argument::Int(value),
            Some(OscType::Float(value)) => Argument::Float(value),
            Some(OscType::String(value)) => Argument::String(value),
            Some(OscType::Blob(value)) => Argument::Blob(value),
            Some(OscType::Time(time)) => {
                Argument::Time(u64::from(time.seconds) << 32 | u64::from(time.fractional))
            }
            Some(OscType::Long(value)) => Argument::Long(value),
            Some(OscType::Double(value)) => Argument::Double(value),
            Some(OscType::Char(value)) => Argument::Char(u32::from(value)),
            Some(OscType::Color(color)) => Argument::Color(u32::from_be_bytes([
                color.red,
                color.green,
                color.blue,
                color.alpha,
            ])),
            Some(OscType::Midi(midi)) => {
                Argument::Midi([midi.port, midi.status, midi.data1, midi.data2])
            }
            Some(OscType::Bool(true)) => Argument::True,
            Some(OscType::Bool(false)) => Argument::False,
            Some(OscType::Nil) => Argument::Nil,
            Some(OscType::Inf) => Argument::Infinitum,
            Some(OscType::Array(array)) => {
                outer.push((values, done));
                values = array.content.into_iter();
                done = Vec::new();
                continue;
            }
            None => match outer.pop() {
                None => return done,
                Some((outer_values, outer_done)) => {
                    let array = Argument::Array(done);
                    values = outer_values;
                    done = outer_done;
                    array
                }
            },
        };
        done.push(argument);
    }
}

/// What rosc cannot decode, straight from the view; `text` says how bytes become a string.
fn decode_by_view(
    arguments: Arguments<'_>,
    text: impl Fn(&[u8]) -> Option<String>,
) -> Result<Vec<Argument>, DecodeError> {
    let mut outer = Vec::new();
    let mut done = Vec::new();
    let mut count = 0;
    for argument in arguments {
        count += 1;
        let not_utf8 = DecodeError::NotUtf8 { argument: count };
        let argument = match argument {
            ArgumentView::Int(value) => Argument::Int(value),
            ArgumentView::Float(value) => Argument::Float(value),
            ArgumentView::String(bytes) => Argument::String(text(bytes).ok_or(not_utf8)?),
            ArgumentView::Blob(bytes) => Argument::Blob(bytes.to_vec()),
            ArgumentView::Long(value) => Argument::Long(value),
            ArgumentView::Time(value) => Argument::Time(value),
            ArgumentView::Double(value) => Argument::Double(value),
            ArgumentView::Symbol(bytes) => Argument::Symbol(text(bytes).ok_or(not_utf8)?),
            ArgumentView::Char(value) => Argument::Char(value),
            ArgumentView::Color(value) => Argument::Color(value),
            ArgumentView::Midi(value) => Argument::Midi(value),
            ArgumentView::True => Argument::True,
            ArgumentView::False => Argument::False,
            ArgumentView::Nil => Argument::Nil,
            ArgumentView::Infinitum => Argument::Infinitum,
            ArgumentView::ArrayBegin => {
                count -= 1;
                outer.push(std::mem::take(&mut done));
                continue;
            }
            ArgumentView::ArrayEnd => {
                count -= 1;
                let enclosing = outer.pop().expect("the view passed balanced brackets");
                Argument::Array(std::mem::replace(&mut done, enclosing))
            }
        };
        done.push(argument);
    }
    Ok(done)
}

/// One step of a walk over arguments, arrays opened.
pub(super) enum Step<'a> {
    /// An argument that is no array.
    Leaf(&'a Argument),
    /// An array begins.
    Begin,
    /// The array ends that began last.
    End,
    /// An array that lies too deep; it is passed over.
    TooDeep,
}

/// Walks over arguments and through their arrays in the order of the wire, without recursion.
pub(super) struct Steps<'a> {
    /// What is left of the arguments, then of each array that is open.
    left: [&'a [Argument]; ARRAY_DEPTH_MAX + 1],
    depth: usize,
}

impl<'a> Steps<'a> {
    pub(super) fn new(arguments: &'a [Argument]) -> Self {
        let mut left: [&[Argument]; ARRAY_DEPTH_MAX + 1] = [&[]; ARRAY_DEPTH_MAX + 1];
        left[0] = arguments;
        Self { left, depth: 0 }
    }
}

impl<'a> Iterator for Steps<'a> {
    type Item = Step<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some((argument, rest)) = self.left[self.depth].split_first() else {
            if self.depth == 0 {
                return None;
            }
            self.depth -= 1;
            return Some(Step::End);
        };
        self.left[self.depth] = rest;
        let Argument::Array(array) = argument else {
            return Some(Step::Leaf(argument));
        };
        if self.depth == ARRAY_DEPTH_MAX {
            return Some(Step::TooDeep);
        }
        self.depth += 1;
        self.left[self.depth] = array;
        Some(Step::Begin)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::osc::encode_message;
    use crate::osc::samples::{bundle, int_message, message, owned_messages, raw_packets, string};

    #[test]
    fn a_message_without_type_tag_string_has_no_values() {
        assert_eq!(decoded(b"/xremote\0\0\0\0"), Ok(Vec::new()));
        assert_eq!(decoded(b"/go\0,\0\0\0"), Ok(Vec::new()));
    }

    #[test]
    fn what_rosc_refuses_is_decoded_all_the_same() {
        let symbol = message(b"/a", b",Si", b"abc\0\0\0\0\x07");
        let values = vec![Argument::Symbol("abc".to_owned()), Argument::Int(7)];
        assert_eq!(decoded(&symbol), Ok(values));
        let beyond_unicode = message(b"/a", b",[c]", b"\0\x11\0\0");
        let array = Argument::Array(vec![Argument::Char(0x11_0000)]);
        assert_eq!(decoded(&beyond_unicode), Ok(vec![array]));
        let no_slash = message(b"node", b",i", b"\0\0\0\x07");
        assert_eq!(decoded(&no_slash), Ok(vec![Argument::Int(7)]));
        let latin_1 = message(b"/\xfc", b",i", b"\0\0\0\x07");
        assert_eq!(decoded(&latin_1), Ok(vec![Argument::Int(7)]));
    }

    #[test]
    fn a_string_that_is_no_utf_8_is_named_or_shown_as_well_as_it_can_be() {
        let bytes = message(b"/f\xfc", b",[T]s", b"f\xfc\0\0");
        assert_eq!(decoded(&bytes), Err(DecodeError::NotUtf8 { argument: 2 }));
        let shown = Message {
            address: "/f\u{fffd}".to_owned(),
            arguments: vec![
                Argument::Array(vec![Argument::True]),
                Argument::String("f\u{fffd}".to_owned()),
            ],
        };
        assert_eq!(decode_packet(&bytes), Ok(vec![shown]));
    }

    #[test]
    fn the_messages_of_a_packet_come_flat_and_in_order() {
        let inner = bundle(&[int_message(b"/b", 2), string(b"/c")]);
        let bytes = bundle(&[int_message(b"/a", 1), inner, int_message(b"/d", 4)]);
        let read = decode_packet(&bytes).unwrap();
        let addresses: Vec<_> = read
            .iter()
            .map(|message| message.address.as_str())
            .collect();
        assert_eq!(addresses, ["/a", "/b", "/c", "/d"]);
        assert_eq!(read[1].arguments, [Argument::Int(2)]);
        assert_eq!(decode_packet(b""), Err(PacketError::Empty));
    }

    #[test]
    fn a_bundle_with_a_bad_element_is_no_shorter_bundle() {
        let good = int_message(b"/good", 1);
        let bad = message(b"/bad", b",i", b"");
        let bytes = bundle(&[good.clone(), bad.clone(), good.clone()]);
        assert_eq!(decode_packet(&bytes), Err(PacketError::ArgumentTruncated));
        let bytes = bundle(&[bundle(&[good.clone(), bad, good.clone()]), good]);
        assert_eq!(decode_packet(&bytes), Err(PacketError::ArgumentTruncated));
    }

    proptest! {
        #[test]
        fn values_come_back_as_they_were_sent(sent in owned_messages()) {
            let bytes = encode_message(&sent.address, &sent.arguments).unwrap();
            let read = decode_packet(&bytes).unwrap();
            // NaN is not equal to itself, but its bytes are.
            let again = encode_message(&read[0].address, &read[0].arguments).unwrap();
            prop_assert_eq!(&again, &bytes);
            prop_assert_eq!(format!("{read:?}"), format!("{:?}", [&sent]));
        }

        #[test]
        fn rosc_and_the_view_decode_the_same(sample in raw_packets()) {
            for view in PacketView::parse(&sample.bytes).unwrap().messages() {
                let strict = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
                let ours = decode_by_view(view.arguments(), strict);
                if let Some(theirs) = decode_by_rosc(&view) {
                    prop_assert_eq!(format!("{ours:?}"), format!("{:?}", Ok::<_, DecodeError>(theirs)));
                }
                prop_assert_eq!(format!("{ours:?}"), format!("{:?}", decode_arguments(&view)));
            }
        }
    }

    fn decoded(bytes: &[u8]) -> Result<Vec<Argument>, DecodeError> {
        decode_arguments(&PacketView::parse(bytes).unwrap().messages().next().unwrap())
    }
}
