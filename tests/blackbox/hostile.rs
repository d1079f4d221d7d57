//! Datagrams that no good program sends: nothing changes, and the gateway goes on.

use oscgate::osc::{Argument, PacketView, encode_message};

use crate::console::{Meta, args, bundle};
use crate::program::{Program, SOON};

/// What is watched while the others do their worst.
const WITNESS: &str = "/witness/1";

#[test]
fn hostile_datagrams_change_nothing() {
    let gate = Program::start();
    let (mut anna, mut stranger) = (gate.console(), gate.console());
    anna.write(WITNESS, args![0.5]);
    anna.lock(WITNESS);
    let mut before = anna.meta(WITNESS);
    let packets = hostile_packets();
    assert!(packets.len() >= 100, "only {}", packets.len());
    for (what, packet) in packets {
        assert!(
            PacketView::parse(&packet).is_err(),
            "{what} is a good packet"
        );
        stranger.send_bytes(&packet);
        let heard = stranger.settled();
        assert!(heard.is_empty(), "{what} is answered {heard:?}");
        // From the holder's own socket it changes as little.
        anna.send_bytes(&packet);
        let after = anna.meta(WITNESS);
        same_but_for_time(&before, &after, &what);
        before = after;
    }
    assert!(anna.settled().is_empty());
    stranger.send(WITNESS, args![0.9]);
    stranger.expect_denied(WITNESS, "LOCK_HELD", &anna.name());
}

#[test]
fn bad_packets_begin_no_session() {
    let gate = Program::start();
    let mut anna = gate.console();
    anna.follow("/oscgate/status/connected");
    let stranger = gate.stranger();
    for (_, packet) in hostile_packets() {
        stranger.send_bytes(&packet);
    }
    anna.expect_nothing();
    let mut ben = gate.stranger();
    ben.write("/f", args![0.5]);
    anna.until("/oscgate/status/connected", args![&ben.name(), &ben.name()]);
}

#[test]
fn what_is_only_odd_is_served() {
    let gate = Program::start();
    let mut anna = gate.console();
    // No type tag string at all: an event.
    anna.send_bytes(b"/odd\0\0\0\0");
    anna.expect_exactly("/odd", args![]);
    let longest = format!("/{}", "a".repeat(254));
    anna.write(&longest, args![1]);
    let nested = (0..8).fold(message("/deep"), |inner, _| wrap(&[inner]));
    anna.send_bytes(&nested);
    anna.expect_exactly("/deep", args![1]);
    // A control character or no slash makes a good packet with a bad address.
    for address in ["/a\x07", "", "a"] {
        anna.send_bytes(&raw(address, ",i", &[0, 0, 0, 1]));
        let (bytes, _) = anna.receive(SOON).expect("it is refused");
        assert!(
            bytes.windows(11).any(|window| window == b"BAD_ADDRESS"),
            "{address:?}"
        );
    }
    anna.expect_nothing();
}

/// The lock may run, and the holder's meta requests do not renew it; all else is as it was.
fn same_but_for_time(before: &Meta, after: &Meta, what: &str) {
    assert!(
        after.locked && after.remaining <= before.remaining,
        "{what}: {after:?}"
    );
    let after = Meta {
        remaining: before.remaining,
        ..after.clone()
    };
    assert_eq!(*before, after, "{what}");
}

/// A datagram and what is wrong with it.
type Hostile = (String, Vec<u8>);

/// Every one of them is aimed at the witness where it can be.
fn hostile_packets() -> Vec<Hostile> {
    [
        nested(),
        tagged(),
        lying(),
        cut_off(),
        untidy(),
        too_many(),
        random(),
    ]
    .concat()
}

fn nested() -> Vec<Hostile> {
    let bundles = |depth| (0..depth).fold(message(WITNESS), |inner, _| wrap(&[inner]));
    let arrays = |depth: usize| {
        let tags = format!(",{}{}", "[".repeat(depth), "]".repeat(depth));
        raw(WITNESS, &tags, &[])
    };
    let open = format!(",{}", "[".repeat(30_000));
    vec![
        ("a bundle nested 3,000 deep".to_owned(), bundles(3_000)),
        ("a bundle nested 9 deep".to_owned(), bundles(9)),
        ("30,000 nested arrays".to_owned(), arrays(30_000)),
        ("9 nested arrays".to_owned(), arrays(9)),
        ("30,000 opened arrays".to_owned(), raw(WITNESS, &open, &[])),
    ]
}

/// Arrays that do not close or were never opened, and tags that nobody knows.
fn tagged() -> Vec<Hostile> {
    let brackets = [
        ",[", ",[i", ",[[i]", ",i[", ",]", ",i]", ",[]]", ",][", ",[i]]",
    ];
    let unknown = ['x', 'A', '?', ' ', '0', '\x01', '\x7f', ','];
    let tags = brackets.into_iter().map(str::to_owned).chain(
        unknown
            .into_iter()
            .flat_map(|tag| [format!(",{tag}"), format!(",i{tag}"), format!(",{tag}i")]),
    );
    tags.map(|tags| {
        let ints = tags.matches('i').count();
        (
            format!("the tags {tags:?}"),
            raw(WITNESS, &tags, &vec![0; 4 * ints]),
        )
    })
    .collect()
}

/// Sizes that are not those of what follows.
fn lying() -> Vec<Hostile> {
    let good = message(WITNESS);
    let elements = [
        0,
        -1,
        1,
        2,
        3,
        5,
        7,
        i32::MIN,
        i32::MAX,
        0x7fff_fffc,
        65_504,
        -4,
        4,
        8,
    ];
    let elements = elements.map(|size: i32| {
        let mut lying = wrap(std::slice::from_ref(&good));
        lying[16..20].copy_from_slice(&size.to_be_bytes());
        (format!("an element of size {size}"), lying)
    });
    let blobs = [-1, -4, i32::MIN, i32::MAX, 5, 64, 0x7fff_fffd].map(|size: i32| {
        let values = [size.to_be_bytes(), [1, 2, 3, 4]].concat();
        (
            format!("a blob of size {size}"),
            raw(WITNESS, ",b", &values),
        )
    });
    elements.into_iter().chain(blobs).collect()
}

/// Good packets, cut off wherever the rest is no good packet by itself.
fn cut_off() -> Vec<Hostile> {
    let first = message(WITNESS);
    let whole = wrap(&[first.clone(), message("/witness/2")]);
    let good_ends = [16, 20 + first.len()];
    let bundles = (1..whole.len())
        .filter(|length| !good_ends.contains(length))
        .map(|length| {
            (
                format!("a bundle cut off after {length} bytes"),
                whole[..length].to_vec(),
            )
        });
    let strings = several_arguments();
    let address_end = (WITNESS.len() + 1).next_multiple_of(4);
    let messages = (1..strings.len())
        .filter(|length| *length != address_end)
        .map(|length| {
            (
                format!("a message cut off after {length} bytes"),
                strings[..length].to_vec(),
            )
        });
    bundles.chain(messages).collect()
}

/// Padding, ends and beginnings that are not as they should be.
fn untidy() -> Vec<Hostile> {
    let good = message(WITNESS);
    let mut padded = good.clone();
    padded[WITNESS.len() + 1] = b'x';
    let mut all = vec![
        ("an address padded with text".to_owned(), padded),
        (
            "a string padded with text".to_owned(),
            raw(WITNESS, ",s", b"ab\0x"),
        ),
        (
            "a string without an end".to_owned(),
            raw(WITNESS, ",s", b"abcd"),
        ),
        (
            "a blob padded with ones".to_owned(),
            raw(WITNESS, ",b", &[0, 0, 0, 1, 7, 0, 0, 1]),
        ),
        (
            "type tags without a comma".to_owned(),
            raw(WITNESS, "ifs", &[0; 12]),
        ),
        ("only zeros".to_owned(), vec![0; 64]),
        ("#bundle and nothing else".to_owned(), b"#bundle\0".to_vec()),
        (
            "another bundle".to_owned(),
            b"#bundel\0\0\0\0\0\0\0\0\x01".to_vec(),
        ),
    ];
    for more in [1, 3, 4, 8] {
        let longer = [good.as_slice(), &vec![0; more]].concat();
        all.push((format!("{more} bytes left over"), longer));
    }
    all
}

fn too_many() -> Vec<Hostile> {
    let most = encode_message("/w", &vec![Argument::True; 4_096]).expect("it fits");
    let tags = format!(",{}", "T".repeat(4_097));
    let address = |length: usize| message(&format!("/{}", "a".repeat(length - 1)));
    vec![
        (
            "1,025 messages".to_owned(),
            wrap(&vec![message("/w"); 1_025]),
        ),
        ("4,097 arguments".to_owned(), raw(WITNESS, &tags, &[])),
        (
            "4,097 arguments of two".to_owned(),
            wrap(&[most, message("/w")]),
        ),
        ("an address of 256 bytes".to_owned(), address(256)),
        ("an address of 60,000 bytes".to_owned(), address(60_000)),
    ]
}

/// Noise, and good packets with a few bits turned; what is still good is left out.
fn random() -> Vec<Hostile> {
    let mut random = Random(0x05C6_A7E5);
    let mut all = vec![(
        "the largest datagram, of noise".to_owned(),
        random.bytes(65_507),
    )];
    for round in 0..30 {
        let length = 1 + random.below(1_400);
        all.push((format!("noise {round}"), random.bytes(length)));
    }
    let good = [
        message(WITNESS),
        wrap(&[message(WITNESS), message("/witness/2")]),
        several_arguments(),
    ];
    for (round, good) in good.iter().cycle().take(600).enumerate() {
        let mut mutant = good.clone();
        for _ in 0..=random.below(4) {
            let place = random.below(mutant.len());
            mutant[place] ^= 1 << random.below(8);
        }
        all.push((format!("mutation {round}"), mutant));
    }
    all.retain(|(_, packet)| PacketView::parse(packet).is_err());
    all
}

fn several_arguments() -> Vec<u8> {
    encode_message(WITNESS, args!["text", 1, 0.5]).expect("it fits")
}

fn message(address: &str) -> Vec<u8> {
    raw(address, ",i", &[0, 0, 0, 1])
}

/// A message from its parts, whatever they are.
fn raw(address: &str, tags: &str, values: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in [address, tags] {
        bytes.extend_from_slice(text.as_bytes());
        bytes.resize((bytes.len() + 1).next_multiple_of(4), 0);
    }
    bytes.extend_from_slice(values);
    bytes
}

/// A bundle of elements that are bytes already.
fn wrap(elements: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = bundle(&[]);
    for element in elements {
        let length = u32::try_from(element.len()).expect("an element is short");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(element);
    }
    bytes
}

/// The same numbers every time: xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("it is small");
        usize::try_from(self.next() % bound).expect("it is smaller than the bound")
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_be_bytes()[0]).collect()
    }
}
