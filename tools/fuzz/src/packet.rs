//! Packets: what the view passes and refuses, against the rules and against rosc.

mod build;
pub(crate) mod rules;

use oscgate::osc::{
    Argument, ArgumentView, Arguments, ElementView, MessageView, PacketView, append_message,
    append_tail, check_address, decode_arguments, decode_packet, encode_message,
    encode_message_into,
};
use rosc::{OscPacket, OscType};

use crate::bytes::Bytes;
use rules::Step;

/// Takes the input for a datagram, or builds one from it, and checks what is made of it.
///
/// # Panics
///
/// If the view, the rules and rosc do not agree, or bytes do not come back as they were.
pub fn run(input: &[u8]) {
    match Bytes::of(input) {
        Some((way, mut from)) => check(&build::packet(way, &mut from)),
        None => check(input),
    }
}

fn check(datagram: &[u8]) {
    let view = PacketView::parse(datagram);
    let rules = rules::read(datagram);
    let (packet, messages) = match (view, rules) {
        (Ok(packet), Ok(rules)) => {
            check_steps(&packet, &rules);
            (packet, rules.messages)
        }
        (Err(theirs), Err(ours)) => {
            assert_eq!(theirs, ours, "another cause for {datagram:x?}");
            assert_eq!(decode_packet(datagram), Err(ours));
            return;
        }
        (view, rules) => panic!("{view:?}, but {rules:?} by the rules: {datagram:x?}"),
    };
    assert_eq!(packet.is_empty(), messages.is_empty());
    assert_eq!(packet.messages().count(), messages.len());
    let owned = decode_packet(datagram).expect("the view passed it");
    assert_eq!(owned.len(), messages.len());
    let mut all_known = true;
    for ((view, rules), owned) in packet.messages().zip(&messages).zip(&owned) {
        check_parts(&view, rules);
        let decoded = decode_arguments(&view);
        let is_known = is_known_to_rosc(rules);
        all_known &= is_known;
        if let Ok(arguments) = &decoded {
            check_written_again(&view, arguments);
            assert!(same(arguments, &owned.arguments));
        }
        let is_text = |(tag, value): &(u8, &[u8])| {
            !matches!(tag, b's' | b'S') || std::str::from_utf8(value).is_ok()
        };
        assert_eq!(decoded.is_ok(), rules.values.iter().all(is_text));
        assert_eq!(owned.address, String::from_utf8_lossy(rules.address));
        if is_known {
            let (rest, message) = rosc::decoder::decode_udp(view.bytes()).expect("rosc knows it");
            let OscPacket::Message(message) = message else {
                panic!("rosc takes a message for a bundle");
            };
            assert!(rest.is_empty());
            assert_eq!(message.addr.as_bytes(), rules.address);
            let decoded = decoded.expect("rosc decodes it");
            assert!(same_as_rosc(&decoded, &message.args), "{decoded:?}");
        }
    }
    if all_known {
        // rosc recurses, but no deeper than the view allows.
        let (rest, theirs) = rosc::decoder::decode_udp(datagram).expect("rosc knows each message");
        assert!(rest.is_empty(), "rosc takes a part for the whole");
        let again = rosc::encoder::encode(&theirs).expect("it came from bytes");
        assert_eq!(again, datagram, "rosc writes it otherwise");
    }
}

/// The bundles of a packet, walked level by level, and the messages in each.
fn check_steps(packet: &PacketView<'_>, rules: &rules::Packet<'_>) {
    fn walk<'a>(element: ElementView<'a>, steps: &mut Vec<Step<'a>>) {
        let ElementView::Bundle(bundle) = element else {
            steps.push(Step::Message);
            return;
        };
        let begin = steps.len();
        steps.push(Step::Begin(bundle.bytes(), bundle.time_tag()));
        for element in bundle.elements() {
            walk(element, steps);
        }
        let inside = &steps[begin..];
        let messages = inside.iter().filter(|step| **step == Step::Message);
        assert_eq!(bundle.messages().count(), messages.count());
        steps.push(Step::End);
    }
    let mut steps = Vec::new();
    walk(packet.root(), &mut steps);
    assert_eq!(steps, rules.steps);
}

/// The view's reading of a message against that of the rules.
fn check_parts(view: &MessageView<'_>, rules: &rules::Message<'_>) {
    assert_eq!(view.bytes().as_ptr_range(), rules.bytes.as_ptr_range());
    assert_eq!(view.address(), rules.address);
    assert_eq!(view.has_tag_string(), rules.tail.is_some());
    assert_eq!(view.tail(), rules.tail.unwrap_or_default());
    assert_eq!(view.tags(), rules.tags);
    assert!(view.tail().ends_with(view.data()));
    for arguments in [view.arguments(), Arguments::of_tail(view.tail())] {
        let mut count = 0;
        for (argument, (tag, value)) in arguments.zip(&rules.values) {
            assert_eq!(argument.tag(), *tag);
            assert!(is_value(argument, value), "{argument:?} of {value:x?}");
            count += 1;
        }
        assert_eq!(count, rules.values.len());
        assert_eq!(arguments.count(), count);
    }
    let text = std::str::from_utf8(rules.address).ok();
    let is_address = text.is_some_and(|text| {
        text.starts_with('/') && text.len() <= 255 && !text.chars().any(char::is_control)
    });
    assert_eq!(check_address(rules.address), text.filter(|_| is_address));
}

fn is_value(argument: ArgumentView<'_>, value: &[u8]) -> bool {
    match argument {
        ArgumentView::Int(number) => number.to_be_bytes() == value,
        ArgumentView::Float(number) => number.to_be_bytes() == value,
        ArgumentView::Long(number) => number.to_be_bytes() == value,
        ArgumentView::Time(number) => number.to_be_bytes() == value,
        ArgumentView::Double(number) => number.to_be_bytes() == value,
        ArgumentView::Char(number) | ArgumentView::Color(number) => number.to_be_bytes() == value,
        ArgumentView::Midi(bytes) => bytes == value,
        ArgumentView::String(bytes) | ArgumentView::Symbol(bytes) | ArgumentView::Blob(bytes) => {
            bytes == value
        }
        ArgumentView::True
        | ArgumentView::False
        | ArgumentView::Nil
        | ArgumentView::Infinitum
        | ArgumentView::ArrayBegin
        | ArgumentView::ArrayEnd => value.is_empty(),
    }
}

/// Values written again are the bytes that they came from.
fn check_written_again(view: &MessageView<'_>, arguments: &[Argument]) {
    let mut bytes = Vec::new();
    append_message(&mut bytes, view.address(), view.tail());
    if view.has_tag_string() {
        assert_eq!(bytes, view.bytes());
    }
    let mut tail = Vec::new();
    append_tail(&mut tail, view.arguments());
    assert!(bytes.ends_with(&tail), "{tail:x?} of {bytes:x?}");
    let Some(address) = check_address(view.address()) else {
        return;
    };
    let whole = encode_message(address, arguments);
    let fits = bytes.len() <= oscgate::limits::DATAGRAM_BYTES_MAX;
    assert_eq!(whole.is_ok(), fits, "{whole:?}");
    let mut appended = Vec::new();
    let into = encode_message_into(&mut appended, address, arguments);
    assert_eq!(into.is_ok(), fits);
    if let Ok(whole) = whole {
        assert_eq!(whole, bytes);
        assert_eq!(appended, bytes);
    }
}

/// What rosc 0.11.4 refuses although it is good: no type tag string, an address without leading
/// slash, symbols, characters beyond Unicode, and text that is no UTF-8.
fn is_known_to_rosc(message: &rules::Message<'_>) -> bool {
    let values_known = message.values.iter().all(|(tag, value)| match tag {
        b'S' => false,
        b's' => std::str::from_utf8(value).is_ok(),
        b'c' => {
            let number = value
                .iter()
                .fold(0, |sum, &byte| sum << 8 | u32::from(byte));
            char::from_u32(number).is_some()
        }
        _ => true,
    });
    values_known
        && message.tail.is_some()
        && message.address.starts_with(b"/")
        && std::str::from_utf8(message.address).is_ok()
}

/// Whether two values are the same bit for bit, NaN too.
fn same(left: &[Argument], right: &[Argument]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|pair| match pair {
            (Argument::Float(left), Argument::Float(right)) => left.to_bits() == right.to_bits(),
            (Argument::Double(left), Argument::Double(right)) => left.to_bits() == right.to_bits(),
            (Argument::Array(left), Argument::Array(right)) => same(left, right),
            (left, right) => left == right,
        })
}

fn same_as_rosc(ours: &[Argument], theirs: &[OscType]) -> bool {
    ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(|pair| match pair {
            (Argument::Int(ours), OscType::Int(theirs)) => ours == theirs,
            (Argument::Float(ours), OscType::Float(theirs)) => ours.to_bits() == theirs.to_bits(),
            (Argument::String(ours), OscType::String(theirs)) => ours == theirs,
            (Argument::Blob(ours), OscType::Blob(theirs)) => ours == theirs,
            (Argument::Long(ours), OscType::Long(theirs)) => ours == theirs,
            (Argument::Time(ours), OscType::Time(theirs)) => {
                *ours == u64::from(theirs.seconds) << 32 | u64::from(theirs.fractional)
            }
            (Argument::Double(ours), OscType::Double(theirs)) => ours.to_bits() == theirs.to_bits(),
            (Argument::Char(ours), OscType::Char(theirs)) => *ours == u32::from(*theirs),
            (Argument::Color(ours), OscType::Color(theirs)) => {
                let theirs = [theirs.red, theirs.green, theirs.blue, theirs.alpha];
                *ours == u32::from_be_bytes(theirs)
            }
            (Argument::Midi(ours), OscType::Midi(theirs)) => {
                *ours == [theirs.port, theirs.status, theirs.data1, theirs.data2]
            }
            (Argument::True, OscType::Bool(theirs)) => *theirs,
            (Argument::False, OscType::Bool(theirs)) => !theirs,
            (Argument::Nil, OscType::Nil) | (Argument::Infinitum, OscType::Inf) => true,
            (Argument::Array(ours), OscType::Array(theirs)) => same_as_rosc(ours, &theirs.content),
            (_, _) => false,
        })
}
