//! Datagrams that nobody should send: after each the gateway answers, and nothing has changed.

use std::iter::repeat_n;

use oscgate::limits::DATAGRAM_BYTES_MAX;
use oscgate::osc::{Argument, PacketView};

use crate::console::{args, bundle};
use crate::program::{Program, websockets};

/// A bundle around these elements, each with its true size.
fn around(elements: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"#bundle\0\0\0\0\0\0\0\0\x01".to_vec();
    for element in elements {
        bytes.extend_from_slice(&u32::try_from(element.len()).expect("short").to_be_bytes());
        bytes.extend_from_slice(element);
    }
    bytes
}

/// A bundle whose one element claims to be so long.
fn lying(size: i32, element: &[u8]) -> Vec<u8> {
    let mut bytes = b"#bundle\0\0\0\0\0\0\0\0\x01".to_vec();
    bytes.extend_from_slice(&size.to_be_bytes());
    bytes.extend_from_slice(element);
    bytes
}

/// `/witness` with a type tag string, padded, and whatever follows.
fn witness(tags: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bytes = b"/witness\0\0\0\0".to_vec();
    bytes.push(b',');
    bytes.extend_from_slice(tags);
    bytes.extend(repeat_n(0, 4 - (1 + tags.len()) % 4));
    bytes.extend_from_slice(data);
    bytes
}

/// A small generator, seeded, so that a failure comes again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }
}

/// By hand: every kind of fault there is.
fn by_hand() -> Vec<(String, Vec<u8>)> {
    let good = witness(b"f", &0.9f32.to_be_bytes());
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, bytes: Vec<u8>| all.push((name.to_owned(), bytes));

    for depth in [9, 100, 1_000, 3_000] {
        let mut bytes = good.clone();
        for _ in 0..depth {
            bytes = around(&[&bytes]);
        }
        add(&format!("bundles {depth} deep"), bytes);
    }
    for depth in [9, 1_000, 30_000] {
        let mut tags = vec![b'['; depth];
        tags.extend(repeat_n(b']', depth));
        add(&format!("arrays {depth} deep"), witness(&tags, b""));
    }
    add(
        "30,000 arrays that never close",
        witness(&[b'['; 30_000], b""),
    );
    for tags in [&b"["[..], b"]", b"i[f", b"[]]", b"][", b"[[]"] {
        add("unbalanced arrays", witness(tags, &[0; 8]));
    }
    for size in [0, -1, 1, 3, 5, 24, 4_096, i32::MAX, i32::MIN, 0x7fff_fffc] {
        add(
            &format!("an element of {size} bytes, it says"),
            lying(size, &good),
        );
    }
    // Twelve bytes are the address alone: legal.
    for cut in (1..good.len()).filter(|&cut| cut != 12) {
        add(
            &format!("a message cut off after {cut} bytes"),
            good[..cut].to_vec(),
        );
    }
    let whole = around(&[&good, &good]);
    for cut in 9..whole.len() - 1 {
        if cut != 16 && cut != 16 + 4 + good.len() {
            add(
                &format!("a bundle cut off after {cut} bytes"),
                whole[..cut].to_vec(),
            );
        }
    }
    for (at, what) in [(9, "address"), (15, "tag string")] {
        let mut bytes = good.clone();
        bytes[at] = b'x';
        add(&format!("padding of the {what} that is not zero"), bytes);
    }
    add(
        "padding of a string that is not zero",
        witness(b"s", b"a\0x\0"),
    );
    add(
        "padding of a blob that is not zero",
        witness(b"b", b"\0\0\0\x01a\0x\0"),
    );
    for tag in [b'?', b'z', b'F' + 1, b'\x01', b'\xff', b'(', b','] {
        add(&format!("the unknown tag {tag}"), witness(&[tag], &[0; 8]));
    }
    for tags in [
        &b"i"[..],
        b"f",
        b"h",
        b"t",
        b"d",
        b"c",
        b"r",
        b"m",
        b"s",
        b"b",
        b"S",
    ] {
        add("an argument that is not there", witness(tags, b""));
    }
    for size in [-1i32, 5, 4_096, i32::MAX, i32::MIN] {
        let mut data = size.to_be_bytes().to_vec();
        data.extend_from_slice(b"abcd");
        add(
            &format!("a blob of {size} bytes, it says"),
            witness(b"b", &data),
        );
    }
    add("bytes left over", witness(b"f", &[0; 8]));
    add(
        "arguments without a comma",
        b"/witness\0\0\0\0\0\0\0\x01".to_vec(),
    );
    add("an address that never ends", vec![b'/'; 64]);
    let mut long = b"/".repeat(256);
    long.extend_from_slice(b"\0\0\0\0,\0\0\0");
    add("an address of 256 bytes", long);
    add("a string that never ends", witness(b"s", b"abcdabcd"));
    add("1,025 messages", around(&vec![&good[..]; 1_025]));
    add("4,097 arguments", witness(&[b'T'; 4_097], b""));
    let twice = witness(&[b'T'; 2_049], b"");
    add("4,098 arguments in two messages", around(&[&twice, &twice]));
    add("nothing at all", Vec::new());
    add(
        "zeros that are no address but a good packet's size",
        vec![0, 0, 0, 1],
    );
    add("half a word for a bundle", b"#bundle\0".to_vec());
    add("a bundle without a time", b"#bundle\0\0\0\0\0".to_vec());
    all
}

/// By dice: noise, and good packets with a few bytes changed that make them bad.
fn by_dice() -> Vec<(String, Vec<u8>)> {
    let mut dice = Dice(7);
    let mut all = Vec::new();
    let noise: Vec<u8> = (0..65_507)
        .map(|_| u8::try_from(dice.roll(256)).expect("a byte"))
        .collect();
    all.push(("65,507 bytes of noise".to_owned(), noise));
    let good = bundle(&[
        ("/witness", args![0.9, "text", 7]),
        ("/oscgate/lock", args!["/witness", 0.9]),
        ("/oscgate/unlock", args!["/witness"]),
    ]);
    while all.len() < 100 {
        let mut bytes = good.clone();
        for _ in 0..=dice.roll(4) {
            let at = dice.roll(bytes.len());
            bytes[at] = u8::try_from(dice.roll(256)).expect("a byte");
        }
        if PacketView::parse(&bytes).is_err() {
            all.push((format!("mutation {}", all.len()), bytes));
        }
    }
    all
}

#[test]
fn after_each_hostile_datagram_the_gateway_answers_and_nothing_has_changed() {
    let program = Program::start();
    let mut holder = program.console();
    holder.lock("/witness");
    holder.write("/witness", args![0.25]);
    let attacker = program.stranger();
    let mut judge = program.console();
    let hostile: Vec<_> = by_hand().into_iter().chain(by_dice()).collect();
    assert!(hostile.len() >= 200, "only {}", hostile.len());
    for (name, bytes) in &hostile {
        assert!(
            PacketView::parse(bytes).is_err(),
            "{name} is no bad packet at all"
        );
        if websockets() && bytes.len() > DATAGRAM_BYTES_MAX {
            // That ends a WebSocket, which `websocket.rs` tries.
            continue;
        }
        // From a stranger, and in the name of the holder itself.
        attacker.send_bytes(bytes);
        holder.send_bytes(bytes);
        assert_eq!(holder.settled(), [], "{name} was answered");
        let meta = judge.meta("/witness");
        assert_eq!((meta.locked, meta.revision), (true, 1), "after {name}");
        assert_eq!(meta.holder, holder.name(), "after {name}");
        assert_eq!(meta.values, [Argument::Float(0.25)], "after {name}");
    }
    judge.expect_nothing();
    let said = program.errors_with(|text| text.contains("bad packet"));
    assert!(
        said.lines().count() < 100,
        "the log is not flooded:\n{said}"
    );
}

#[test]
fn bad_packets_begin_no_session() {
    let program = Program::start();
    let mut watcher = program.console();
    watcher.follow("/oscgate/status/connected");
    let attacker = program.stranger();
    for (_, bytes) in by_hand() {
        attacker.send_bytes(&bytes);
    }
    watcher.expect_nothing();
}

#[test]
fn odd_but_legal_packets_pass_byte_for_byte() {
    let program = Program::start();
    let console = program.stranger();
    let mut deep = witness(b"f", &f32::NAN.to_be_bytes());
    for _ in 0..8 {
        deep = around(&[&deep]);
    }
    let many = witness(&[b'T'; 4_096], b"");
    let blob = {
        let mut data = 65_472i32.to_be_bytes().to_vec();
        data.resize(4 + 65_472, 7);
        witness(b"b", &data)
    };
    for (sent, echo) in [
        (deep, witness(b"f", &f32::NAN.to_be_bytes())),
        (
            witness(b"[[[[[[[[i]]]]]]]]", &[0, 0, 0, 7]),
            witness(b"[[[[[[[[i]]]]]]]]", &[0, 0, 0, 7]),
        ),
        (many.clone(), many),
        (blob.clone(), blob),
        (b"/witness\0\0\0\0".to_vec(), witness(b"", b"")),
        (
            witness(b"s", b"\xff\xfe\0\0"),
            witness(b"s", b"\xff\xfe\0\0"),
        ),
    ] {
        console.send_bytes(&sent);
        let heard = console.receive(crate::program::SOON).expect("an echo");
        assert_eq!(heard, echo);
    }
}
