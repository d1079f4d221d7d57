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

/// Every one of them is aimed at the witness where it can be.
fn hostile_packets() -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |what: &str, packet: Vec<u8>| all.push((what.to_owned(), packet));
    let good = message(WITNESS);

    add(
        "a bundle nested 3,000 deep",
        (0..3_000).fold(good.clone(), |inner, _| wrap(&[inner])),
    );
    add(
        "a bundle nested 9 deep",
        (0..9).fold(good.clone(), |inner, _| wrap(&[inner])),
    );
    for (what, depth) in [("30,000 nested arrays", 30_000), ("9 nested arrays", 9)] {
        let tags = format!(",{}{}", "[".repeat(depth), "]".repeat(depth));
        add(what, raw(WITNESS, &tags, &[]));
    }
    add(
        "30,000 opened arrays",
        raw(WITNESS, &format!(",{}", "[".repeat(30_000)), &[]),
    );
    for tags in [
        ",[", ",[i", ",[[i]", ",i[", ",]", ",i]", ",[]]", ",][", ",[i]]",
    ] {
        add(
            &format!("brackets {tags}"),
            raw(WITNESS, tags, &[0; 8][..4 * tags.matches('i').count()]),
        );
    }
    for tag in ['x', 'A', '?', ' ', '0', '\x01', '\x7f', ','] {
        add(
            &format!("the unknown tag {tag:?}"),
            raw(WITNESS, &format!(",{tag}"), &[0; 4]),
        );
        add(
            &format!("the unknown tag {tag:?} behind an int"),
            raw(WITNESS, &format!(",i{tag}"), &[0; 8]),
        );
    }
    for size in [
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
    ] {
        let mut lying = wrap(std::slice::from_ref(&good));
        lying[16..20].copy_from_slice(&size.to_be_bytes());
        add(&format!("an element of size {size}"), lying);
    }
    for size in [-1, -4, i32::MIN, i32::MAX, 5, 64, 0x7fff_fffd] {
        let mut values = size.to_be_bytes().to_vec();
        values.extend_from_slice(&[1, 2, 3, 4]);
        add(
            &format!("a blob of size {size}"),
            raw(WITNESS, ",b", &values),
        );
    }
    let whole = wrap(&[good.clone(), message("/witness/2")]);
    for length in (1..whole.len()).filter(|length| ![16, 20 + good.len()].contains(length)) {
        add(
            &format!("a bundle cut off after {length} bytes"),
            whole[..length].to_vec(),
        );
    }
    let strings = encode_message(WITNESS, args!["text", 1, 0.5]).expect("it fits");
    let address_end = WITNESS.len().next_multiple_of(4);
    for length in (1..strings.len()).filter(|length| *length != address_end) {
        add(
            &format!("a message cut off after {length} bytes"),
            strings[..length].to_vec(),
        );
    }
    let mut padded = good.clone();
    padded[WITNESS.len() + 1] = b'x';
    add("padding of an address that is not zeros", padded);
    let mut padded = raw(WITNESS, ",s", b"ab\0\0");
    *padded.last_mut().expect("it is long") = 1;
    add("padding of a string that is not zeros", padded);
    add("a string without an end", raw(WITNESS, ",s", b"abcd"));
    add(
        "padding of a blob that is not zeros",
        raw(WITNESS, ",b", &[0, 0, 0, 1, 7, 0, 0, 1]),
    );
    for more in [1, 3, 4, 8] {
        add(
            &format!("{more} bytes left over"),
            [good.as_slice(), &vec![0; more]].concat(),
        );
    }
    add("1,025 messages", wrap(&vec![message("/w"); 1_025]));
    let many = vec![Argument::True; 4_096];
    add(
        "4,097 arguments",
        raw(WITNESS, &format!(",{}", "T".repeat(4_097)), &[]),
    );
    let most = encode_message("/w", &many).expect("it fits");
    add(
        "4,097 arguments in two messages",
        wrap(&[most, message("/w")]),
    );
    add(
        "an address of 256 bytes",
        message(&format!("/{}", "a".repeat(255))),
    );
    add(
        "an address of 60,000 bytes",
        message(&format!("/{}", "a".repeat(59_999))),
    );
    add("type tags without a comma", raw(WITNESS, "ifs", &[0; 12]));
    add("only zeros", vec![0; 64]);
    add("#bundle and nothing else", b"#bundle\0".to_vec());
    add(
        "another kind of bundle",
        b"#bundel\0\0\0\0\0\0\0\0\x01".to_vec(),
    );

    let mut random = Random(0x05C6_A7E5);
    add("the largest datagram, of noise", random.bytes(65_507));
    for round in 0..30 {
        let length = 1 + random.below(1_400);
        let noise = random.bytes(length);
        if PacketView::parse(&noise).is_err() {
            add(&format!("noise {round}"), noise);
        }
    }
    for (round, good) in [good, whole, strings].iter().cycle().take(600).enumerate() {
        let mut mutant = good.clone();
        for _ in 0..=random.below(4) {
            let place = random.below(mutant.len());
            mutant[place] ^= 1 << random.below(8);
        }
        if PacketView::parse(&mutant).is_err() {
            add(&format!("mutation {round}"), mutant);
        }
    }
    all
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
