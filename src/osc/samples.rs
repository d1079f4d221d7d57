//! Packets for the tests of this room: generated ones, and writers that hold to no rule.

use proptest::collection::vec;
use proptest::prelude::*;

use super::value::{Argument, Message};
use super::{Encoder, encode_message};

/// A string with its terminator and padding.
pub(super) fn string(text: &[u8]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    bytes.resize((text.len() / 4 + 1) * 4, 0);
    bytes
}

/// A message of any parts, right or wrong; `tags` with its comma, if one is wanted.
pub(super) fn message(address: &[u8], tags: &[u8], data: &[u8]) -> Vec<u8> {
    [string(address), string(tags), data.to_vec()].concat()
}

/// A bundle of these elements, with true sizes.
pub(super) fn bundle<'a>(elements: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<u8> {
    let mut bytes = b"#bundle\0\0\0\0\0\0\0\0\x01".to_vec();
    for element in elements {
        bytes.extend(u32::try_from(element.len()).unwrap().to_be_bytes());
        bytes.extend(element);
    }
    bytes
}

/// A packet and the messages that lie in it, in order.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) bytes: Vec<u8>,
    pub(super) messages: Vec<Vec<u8>>,
}

/// Packets of what rosc can decode too.
pub(super) fn rosc_packets() -> impl Strategy<Value = Sample> {
    let message = owned_messages().prop_filter_map("rosc knows no such values", |message| {
        let bytes = encode_message(&message.address, &message.arguments).ok()?;
        let known = message.arguments.iter().all(known_to_rosc);
        known.then_some(bytes)
    });
    bundled(message)
}

/// Packets of all that a view passes: raw bytes in strings, odd addresses, no type tag string.
pub(super) fn raw_packets() -> impl Strategy<Value = Sample> {
    bundled(raw_messages())
}

/// Lone messages and bundles of them, some in bundles; at most four levels.
fn bundled(message: impl Strategy<Value = Vec<u8>> + 'static) -> impl Strategy<Value = Sample> {
    let lone = message.prop_map(|bytes| Sample {
        messages: vec![bytes.clone()],
        bytes,
    });
    lone.prop_recursive(4, 24, 4, |element| {
        vec(element, 0..4).prop_map(|elements| Sample {
            bytes: bundle(elements.iter().map(|element| &element.bytes)),
            messages: elements
                .into_iter()
                .flat_map(|element| element.messages)
                .collect(),
        })
    })
}

fn raw_messages() -> impl Strategy<Value = Vec<u8>> {
    let text = || vec(1..=255_u8, 0..9);
    let address = prop_oneof![
        3 => "(/[a-z0-9]{1,6}){1,4}".prop_map(String::into_bytes),
        1 => text().prop_filter("a bundle", |text| text != b"#bundle"),
    ];
    let value = prop_oneof![
        prop::sample::select(vec![b'T', b'F', b'N', b'I']).prop_map(|tag| (tag, Vec::new())),
        (
            prop::sample::select(vec![b'i', b'f', b'c', b'r', b'm']),
            vec(any::<u8>(), 4)
        ),
        (
            prop::sample::select(vec![b'h', b't', b'd']),
            vec(any::<u8>(), 8)
        ),
        (
            prop::sample::select(vec![b's', b'S']),
            text().prop_map(|text| string(&text))
        ),
        vec(any::<u8>(), 0..9).prop_map(|blob| {
            let mut padded = blob.clone();
            padded.resize(blob.len().next_multiple_of(4), 0);
            let size = u32::try_from(blob.len()).unwrap().to_be_bytes();
            (b'b', [size.to_vec(), padded].concat())
        }),
    ];
    (address, prop::option::of(vec(value, 0..6)), any::<bool>()).prop_map(
        |(address, values, array)| {
            let Some(values) = values else {
                return string(&address);
            };
            let mut tags = vec![b','];
            tags.extend(values.iter().map(|(tag, _)| tag));
            if array {
                tags.insert(1, b'[');
                tags.extend(b"[]]");
            }
            let data: Vec<u8> = values.into_iter().flat_map(|(_, data)| data).collect();
            message(&address, &tags, &data)
        },
    )
}

/// Messages of owned values: every kind of argument, arrays up to five levels.
pub(super) fn owned_messages() -> impl Strategy<Value = Message> {
    ("(/[a-zé ]{1,6}){1,4}", vec(owned_arguments(), 0..6))
        .prop_map(|(address, arguments)| Message { address, arguments })
}

fn owned_arguments() -> impl Strategy<Value = Argument> {
    let text = || "[^\\x00]{0,9}";
    let leaf = prop_oneof![
        any::<i32>().prop_map(Argument::Int),
        any::<u32>().prop_map(|bits| Argument::Float(f32::from_bits(bits))),
        text().prop_map(Argument::String),
        vec(any::<u8>(), 0..9).prop_map(Argument::Blob),
        any::<i64>().prop_map(Argument::Long),
        prop_oneof![Just(0), Just(1), any::<u64>()].prop_map(Argument::Time),
        any::<u64>().prop_map(|bits| Argument::Double(f64::from_bits(bits))),
        text().prop_map(Argument::Symbol),
        prop_oneof![any::<char>().prop_map(u32::from), any::<u32>()].prop_map(Argument::Char),
        any::<u32>().prop_map(Argument::Color),
        any::<[u8; 4]>().prop_map(Argument::Midi),
        Just(Argument::True),
        Just(Argument::False),
        Just(Argument::Nil),
        Just(Argument::Infinitum),
    ];
    leaf.prop_recursive(5, 16, 4, |inner| vec(inner, 0..4).prop_map(Argument::Array))
}

fn known_to_rosc(argument: &Argument) -> bool {
    match argument {
        Argument::Symbol(_) => false,
        Argument::Char(value) => char::from_u32(*value).is_some(),
        Argument::Array(array) => array.iter().all(known_to_rosc),
        Argument::Int(_)
        | Argument::Float(_)
        | Argument::String(_)
        | Argument::Blob(_)
        | Argument::Long(_)
        | Argument::Time(_)
        | Argument::Double(_)
        | Argument::Color(_)
        | Argument::Midi(_)
        | Argument::True
        | Argument::False
        | Argument::Nil
        | Argument::Infinitum => true,
    }
}

/// A lone message with one integer.
pub(super) fn int_message(address: &[u8], value: i32) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::begin(&mut out, address, b"i").int(value);
    out
}
