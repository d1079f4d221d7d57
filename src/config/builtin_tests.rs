//! The mappings that are built in: each is good, and what its device says comes back the same.

use std::collections::{BTreeMap, BTreeSet};

use super::BUILT_IN;
use crate::config::{Files, load_mapping};
use crate::mapping::{
    Captured, Conversion, Deeds, Direction, Edge, Held, Kind, Line, Literal, Map, Mapping,
    NOTHING_HELD, Role, Slot, Template, Toggle, Values, What, World,
};
use crate::osc::{
    Argument, ArgumentView, Arguments, ElementView, PacketView, append_tail, encode_message,
};

fn mapping(name: &str, text: &str) -> Mapping {
    load_mapping(name, text.as_bytes(), Files::NONE).unwrap_or_else(|faults| {
        let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
        panic!("{}", all.join("\n"))
    })
}

#[test]
fn every_built_in_mapping_is_good() {
    for (name, text) in BUILT_IN {
        let mapping = mapping(name, text);
        let places: Vec<_> = mapping
            .unreachable_lines()
            .map(|line| (line.origin.line, line.text.clone()))
            .collect();
        assert!(places.is_empty(), "{name}: nothing leads to {places:?}");
    }
}

/// Who asks by an address alone asks for everything when it starts, and waits for each answer.
#[test]
fn what_can_be_asked_for_is_answered_before_anybody_set_it() {
    for (name, text) in BUILT_IN {
        let mapping = mapping(name, text);
        for address in mapping.gateway_addresses().filter(|_| mapping.queries.bare) {
            let mut out = Vec::new();
            let is_said = mapping
                .routes(address)
                .any(|route| route.write_unset(&mut out));
            assert!(is_said, "{name}: {address} has no `unset`");
        }
    }
}

#[test]
fn every_built_in_mapping_speaks_of_the_documented_addresses() {
    let known = documented();
    assert!(known.len() > 60, "{known:?}");
    let mut used = BTreeSet::new();
    for (name, text) in BUILT_IN {
        for line in mapping(name, text).lines() {
            for gateway in shapes(line) {
                assert!(
                    known.contains(&gateway),
                    "{name}:{}: {gateway} is not in docs/namespace.md",
                    line.origin.line
                );
                used.insert(gateway);
            }
        }
    }
    let idle: Vec<_> = known.difference(&used).collect();
    assert!(idle.is_empty(), "no mapping speaks of {idle:?}");
}

/// The addresses of a line in the gateway, each number a `#`.
fn shapes(line: &Line) -> Vec<String> {
    let choice = |values: &Values| match values {
        Values::Numbers(numbers) => numbers.iter().copied().map(Captured::Number).collect(),
        Values::Text | Values::User | Values::Bank(..) => vec![Captured::Missing],
    };
    let mut found = BTreeSet::new();
    for template in &line.gateway {
        // One capture after the other is moved: what stands in a name is one of them.
        for (moved, capture) in line.captures.0.iter().enumerate() {
            for one in choice(&capture.values) {
                let mut held = NOTHING_HELD;
                for (held, capture) in held.iter_mut().zip(&line.captures.0) {
                    *held = choice(&capture.values)[0];
                }
                held[moved] = one;
                found.extend(shape(template, &held, line));
            }
        }
        found.extend(shape(template, &NOTHING_HELD, line));
    }
    found.into_iter().collect()
}

fn shape(template: &Template, held: &Held<'_>, line: &Line) -> Option<String> {
    let mut bytes = Vec::new();
    let filled = template.fill(held, &line.captures, &mut bytes);
    let address = String::from_utf8(bytes).expect("filled from text");
    let parts = address.split('/').map(|part| {
        let number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if number { "#" } else { part }
    });
    filled.then(|| parts.collect::<Vec<_>>().join("/"))
}

/// The addresses in the tables of docs/namespace.md, each number a `#`: the first of a row is one
/// itself, or what stands before the others.
fn documented() -> BTreeSet<String> {
    let text = include_str!("../../docs/namespace.md");
    let mut found = BTreeSet::new();
    let mut tails: Vec<String> = Vec::new();
    for row in text.lines().filter(|line| line.starts_with("| `/")) {
        let quoted: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        if row.split('|').count() == 5 && !row.contains("| event |") {
            if !row.contains("the same") {
                tails = quoted[1..].iter().map(|&tail| tail.to_owned()).collect();
            }
            found.extend(tails.iter().map(|tail| format!("{}/{tail}", quoted[0])));
        } else {
            found.insert(quoted[0].to_owned());
        }
    }
    let number = |part: &str| part.len() == 1 && part.bytes().all(|byte| byte.is_ascii_uppercase());
    let plain = found.iter().map(|address| {
        let parts = address.split('/');
        let parts = parts.map(|part| if number(part) { "#" } else { part });
        parts.collect::<Vec<_>>().join("/")
    });
    plain.collect()
}

/// Every native address of every mapping is said with the values of its line; the gateway is
/// written what is meant; and what the device is then told is what it said.
#[test]
fn what_a_device_says_comes_back_to_it_the_same() {
    for (name, text) in BUILT_IN {
        let mapping = mapping(name, text);
        let mut said = vec![0; mapping.lines().len()];
        for address in mapping.native_addresses() {
            for (at, line) in mapping.lines().iter().enumerate() {
                if comes_back(line).is_some() && is_of(address, line) {
                    said[at] += usize::from(say_all(&mapping, address, at) > 0);
                }
            }
        }
        for (line, said) in mapping.lines().iter().zip(said) {
            let place = &line.origin;
            if comes_back(line).is_some() {
                let (file, at) = (&place.file, place.line);
                assert_eq!(said, addresses(line), "addresses tried of {file}:{at}");
            }
        }
    }
}

/// How many addresses a line has.
fn addresses(line: &Line) -> usize {
    let captures = line.captures.0.iter().enumerate();
    let counts = captures.map(|(capture, known)| match &known.values {
        Values::Numbers(numbers) if !line.is_argument(capture) => numbers.len(),
        Values::Numbers(_) | Values::Text | Values::Bank(..) | Values::User => 1,
    });
    counts.product()
}

/// The line's map, if it goes both ways.
fn comes_back(line: &Line) -> Option<&Map> {
    let Role::Map(map) = &line.role else {
        return None;
    };
    let both = map.direction == Direction::Both
        && map.toggle != Some(Toggle::Press)
        && map.relative.is_none()
        && !map.refused
        && line.user().is_none();
    both.then_some(map)
}

/// Whether an address begins and ends as the line's does, up to its first and from its last hole.
fn is_of(address: &str, line: &Line) -> bool {
    let (head, tail) = match (line.text.find('{'), line.text.rfind('}')) {
        (Some(open), Some(close)) => (&line.text[..open], &line.text[close + 1..]),
        _ => (&*line.text, ""),
    };
    address.starts_with(head) && address.ends_with(tail)
}

/// Says all samples of a line at one of its addresses, and how many they were.
fn say_all(mapping: &Mapping, address: &str, at: usize) -> usize {
    let line = &mapping.lines()[at];
    let map = comes_back(line).expect("it was asked before");
    let mut tried = 0;
    let rounds = map
        .conversions
        .iter()
        .map(|conversion| samples(conversion, map.press, map.event).len())
        .max()
        .unwrap_or(1);
    for indices in argument_indices(line) {
        for round in 0..rounds {
            let arguments = arguments(line, map, &indices, round);
            tried += usize::from(goes_round(mapping, at, address, &arguments));
        }
    }
    tried
}

/// Every choice of the captures that come as arguments; one empty choice where none does.
fn argument_indices(line: &Line) -> Vec<BTreeMap<usize, i32>> {
    let mut all = vec![BTreeMap::new()];
    for (capture, known) in line.captures.0.iter().enumerate() {
        if let (true, Values::Numbers(numbers)) = (line.is_argument(capture), &known.values) {
            all = all
                .iter()
                .flat_map(|before| {
                    numbers.iter().map(|&number| {
                        let mut choice = before.clone();
                        choice.insert(capture, number);
                        choice
                    })
                })
                .collect();
        }
    }
    all
}

fn arguments(
    line: &Line,
    map: &Map,
    indices: &BTreeMap<usize, i32>,
    round: usize,
) -> Vec<Argument> {
    let slots = line.slots.as_deref().unwrap_or_default();
    let said = slots.iter().filter_map(|slot| match slot {
        Slot::Value(at) => {
            let samples = samples(&map.conversions[*at], map.press, map.event);
            Some(samples[(round + at) % samples.len()].clone())
        }
        Slot::Capture(capture) => Some(Argument::Int(indices[capture])),
        Slot::Literal(Literal::Int(number)) => Some(Argument::Int(*number)),
        Slot::Literal(Literal::Float(number)) => Some(Argument::Float(*number)),
        Slot::Literal(Literal::Text(text)) => Some(Argument::String(text.clone())),
        Slot::Literal(Literal::Flag(flag)) => Some(flag_of(*flag)),
        Slot::Rest => None,
    });
    said.collect()
}

fn flag_of(flag: bool) -> Argument {
    if flag {
        Argument::True
    } else {
        Argument::False
    }
}

/// What a device may say of one value.
fn samples(conversion: &Conversion, press: f64, event: Option<Edge>) -> Vec<Argument> {
    let of = |number: f64| match conversion.device {
        b'i' => Argument::Int(number.round() as i32),
        b'T' => flag_of(number > 0.0),
        b'd' => Argument::Double(number),
        _ => Argument::Float(number as f32),
    };
    if event == Some(Edge::Press) {
        return vec![of(press)];
    }
    match &conversion.kind {
        Kind::Plain => match conversion.device {
            b's' => ["Vox", "", "Überlang, mit Leerzeichen"]
                .map(|text| Argument::String(text.to_owned()))
                .to_vec(),
            _ => [0.0, 1.0].map(of).to_vec(),
        },
        Kind::Switch(switch) => vec![of(switch.off), of(switch.on)],
        Kind::Names(names) => names
            .iter()
            .map(|(name, number)| match conversion.device {
                b's' => Argument::String(name.clone()),
                _ => Argument::Int(*number),
            })
            .collect(),
        Kind::Number(travel) => {
            let steps = travel.steps.unwrap_or(1_001);
            [
                0,
                1,
                steps / 4,
                steps / 2,
                steps * 3 / 4,
                steps - 2,
                steps - 1,
            ]
            .map(|step| {
                let position = f64::from(step) / f64::from(steps - 1);
                let real = (travel.range.0 / travel.scale, travel.range.1 / travel.scale);
                of(travel.curve.number(position, real) * travel.scale)
            })
            .to_vec()
        }
    }
}

/// Says it and holds what comes back against it; `false`: another line takes it.
fn goes_round(mapping: &Mapping, at: usize, address: &str, arguments: &[Argument]) -> bool {
    let place = || format!("{}: {address} {arguments:?}", mapping.about.file);
    let native = encode_message(address, arguments).expect("samples are good");
    let mut deeds = Deeds::default();
    mapping.read(address, tail_of(&native), &World::EMPTY, &mut deeds);
    let mut table: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for n in 0..deeds.len() {
        let deed = deeds.get(n).expect("it is one of them");
        if deed.line != Some(at) {
            return false;
        }
        let What::Write { clipped, .. } = deed.what else {
            panic!("{}: {:?}", place(), deed.what)
        };
        assert!(!clipped, "{}: a value of its own is clipped", place());
        table.insert(deed.address.to_owned(), deed.tail().to_vec());
    }
    let value = |address: &str| table.get(address).map(|tail| Arguments::of_tail(tail));
    let world = World {
        value: &value,
        banks: &[],
    };
    for (gateway, tail) in &table {
        let mut back = Vec::new();
        let told = mapping
            .routes(gateway)
            .filter(|route| route.line == at)
            .any(|route| route.write(Arguments::of_tail(tail), &world, &mut back));
        assert!(told, "{}: nothing comes back of {gateway}", place());
        assert!(
            is_same(&native, &back),
            "{}: {gateway} comes back as {:?}",
            place(),
            String::from_utf8_lossy(&back)
        );
    }
    true
}

/// Two messages that say the same: address and types, texts and whole numbers to the byte, floats
/// within what a curve leaves of their 32 bits.
fn is_same(native: &[u8], back: &[u8]) -> bool {
    let address = |bytes: &[u8]| {
        bytes
            .split(|&byte| byte == 0)
            .next()
            .unwrap_or_default()
            .len()
    };
    let (mine, theirs) = (tail_of(native), tail_of(back));
    address(native) == address(back)
        && native[..address(native)] == back[..address(back)]
        && mine.tags() == theirs.tags()
        && mine.zip(theirs).all(|pair| match pair {
            (ArgumentView::Float(a), ArgumentView::Float(b)) => (a - b).abs() <= 1e-5,
            (a, b) => a == b,
        })
}

fn tail_of(message: &[u8]) -> Arguments<'_> {
    match PacketView::parse(message).expect("a good message").root() {
        ElementView::Message(message) => message.arguments(),
        ElementView::Bundle(_) => unreachable!("a message was encoded"),
    }
}

#[test]
fn two_messages_are_compared_by_what_they_say() {
    let mut other = b"/a\0\0".to_vec();
    append_tail(&mut other, [ArgumentView::Float(0.5)].into_iter());
    assert!(is_same(
        &encode_message("/a", &[Argument::Float(0.5)]).unwrap(),
        &other
    ));
    assert!(!is_same(
        &encode_message("/a", &[Argument::Float(0.6)]).unwrap(),
        &other
    ));
    assert!(!is_same(
        &encode_message("/b", &[Argument::Float(0.5)]).unwrap(),
        &other
    ));
    assert!(!is_same(
        &encode_message("/a", &[Argument::Int(0)]).unwrap(),
        &other
    ));
}
