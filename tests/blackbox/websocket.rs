//! WebSockets: the same packets and the same locks, an end that is told at once, and peers that
//! should not be let near a network.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use oscgate::osc::encode_message;
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message, WebSocket};

use crate::console::{Console, args};
use crate::program::{Program, SOON};
use crate::wire::{Wire, connect};

/// Clients that ping are gone after 2.5 s, and locks run out after 1.5 s.
const SHORT: &str = r#"
[locks]
timeout = "1500ms"
[sessions]
silence_timeout = "2500ms"
"#;

fn local() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// A TCP connection to the program's HTTP port.
fn dial(gate: &Program) -> TcpStream {
    let stream = connect(local(), gate.http);
    stream.set_read_timeout(Some(SOON)).expect("a good time");
    stream
}

/// A WebSocket that is used frame by frame.
fn raw(gate: &Program) -> WebSocket<TcpStream> {
    let url = format!("ws://{}/", gate.http);
    let (socket, _) = tungstenite::client(url, dial(gate)).expect("the upgrade is granted");
    socket
}

/// Why the gateway closed it.
fn close_code(mut socket: WebSocket<TcpStream>) -> Option<CloseCode> {
    let deadline = Instant::now() + SOON;
    while Instant::now() < deadline {
        match socket.read() {
            Ok(Message::Close(frame)) => return frame.map(|frame| frame.code),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
    panic!("it is still open");
}

/// A whole HTTP answer to a request.
fn ask(gate: &Program, request: &str) -> String {
    let mut stream = dial(gate);
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered");
    answer
}

/// What comes of an upgrade that a page of this origin asks for.
fn upgrade_from(gate: &Program, origin: &str, host: &str) -> Result<(), (u16, String)> {
    let mut request = format!("ws://{}/", gate.http)
        .into_client_request()
        .expect("a good address");
    let headers = request.headers_mut();
    headers.insert("origin", origin.parse().expect("a header"));
    headers.insert("host", host.parse().expect("a header"));
    match tungstenite::client(request, dial(gate)) {
        Ok(_) => Ok(()),
        Err(tungstenite::HandshakeError::Failure(Error::Http(answer))) => {
            let text = answer.body().clone().unwrap_or_default();
            Err((
                answer.status().as_u16(),
                String::from_utf8_lossy(&text).into(),
            ))
        }
        Err(error) => panic!("{error}"),
    }
}

/// How much memory the process holds, in KiB.
fn resident(gate: &Program) -> u64 {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", gate.id())).expect("Linux says it");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let words = line.expect("it is there").split_whitespace();
    words
        .rev()
        .nth(1)
        .and_then(|kib| kib.parse().ok())
        .expect("a number")
}

#[test]
fn a_lock_over_a_websocket_holds_against_a_console_and_the_other_way_round() {
    let gate = Program::start();
    let (mut anna, mut desk) = (gate.browser(), gate.console());
    anna.greet();
    desk.follow("//*");
    anna.follow("//*");
    anna.lock("/f");
    anna.write("/f", args![0.5]);
    desk.expect_exactly("/f", args![0.5]);
    desk.send("/f", args![0.9]);
    desk.expect_denied("/f", "LOCK_HELD", &anna.name());
    desk.expect_exactly("/f", args![0.5]);
    desk.lock("/g");
    anna.send("/g", args![0.1]);
    anna.expect_denied("/g", "LOCK_HELD", &desk.name());
    assert_eq!(anna.meta("/f").holder, anna.name());
    desk.write("/h", args![1]);
    anna.expect_exactly("/h", args![1]);
}

#[test]
fn a_closed_websocket_frees_what_it_held_at_once() {
    let gate = Program::start();
    let mut desk = gate.console();
    desk.follow("/oscgate/status/unlocked");
    desk.follow("/oscgate/status/disconnected");
    for says_goodbye in [true, false] {
        let mut anna = gate.browser();
        anna.greet();
        anna.lock("/f");
        let name = anna.name();
        if says_goodbye && let Wire::WebSocket(socket) = &anna.wire {
            socket.borrow_mut().close(None).expect("it can be closed");
        }
        let begun = Instant::now();
        drop(anna);
        desk.expect_exactly(
            "/oscgate/status/unlocked",
            args!["/f", &name, "disconnected"],
        );
        desk.expect_exactly(
            "/oscgate/status/disconnected",
            args![&name, &name, "closed"],
        );
        // Sooner than any timeout could end it.
        assert!(begun.elapsed() < Duration::from_secs(9));
    }
}

#[test]
fn a_pong_is_a_sign_of_life_and_its_absence_is_none() {
    let gate = Program::with_show(SHORT);
    // It never pings: it may be idle for a minute.
    let mut desk = gate.stranger();
    desk.send("/oscgate/subscribe", args!["/oscgate/status/disconnected"]);
    desk.expect("/oscgate/status/connected");
    let mut hidden = gate.browser();
    // From now on it is taken as gone after 2.5 s of silence.
    hidden.greet();
    let mut frozen = gate.browser();
    frozen.greet();
    let name = frozen.name();
    let until = Instant::now() + Duration::from_secs(6);
    while Instant::now() < until {
        // It says nothing; the library answers pings while it is asked to read.
        assert!(hidden.receive(Duration::from_millis(100)).is_none());
    }
    assert_eq!(
        desk.expect("/oscgate/status/disconnected"),
        args![&name, &name, "silence"]
    );
    let told = desk.settled_by_write();
    assert!(told.is_empty(), "{told:?}");
    // Its next word begins no new session.
    assert!(hidden.settled().is_empty());
}

#[test]
fn what_is_no_packet_is_named_and_the_connection_lives() {
    let gate = Program::start();
    let mut anna = gate.browser();
    anna.greet();
    anna.lock("/f");
    for bytes in [&b"garbage!"[..], b"", b"/f", &[0; 65_504], b"#bundle\0"] {
        anna.send_bytes(bytes);
    }
    assert_eq!(anna.meta("/f").holder, anna.name());
    gate.errors_with(|text| text.contains("bad packet from"));
}

#[test]
fn a_peer_that_breaks_the_rules_is_told_which() {
    let gate = Program::start();
    let mut anna = gate.console();
    anna.lock("/f");
    let mut text = raw(&gate);
    text.send(Message::text("/f 0.5")).expect("it is sent");
    assert_eq!(close_code(text), Some(CloseCode::Unsupported));
    let mut long = raw(&gate);
    long.send(Message::binary(vec![0; 65_508])).expect("sent");
    assert_eq!(close_code(long), Some(CloseCode::Size));
    // A frame that claims to be as long as can be written, of which nothing follows.
    let mut claiming = raw(&gate);
    let header = [
        0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4,
    ];
    claiming.get_mut().write_all(&header).expect("it is sent");
    assert_eq!(close_code(claiming), Some(CloseCode::Size));
    // Many frames of one message, together too long.
    let mut pieces = raw(&gate);
    let piece = [&[0x02u8, 0xfe, 0x80, 0x00, 0, 0, 0, 0][..], &[0; 0x8000]].concat();
    pieces.get_mut().write_all(&piece).expect("it is sent");
    for _ in 0..3 {
        let more = [&[0x00u8, 0xfe, 0x80, 0x00, 0, 0, 0, 0][..], &[0; 0x8000]].concat();
        // It may be closed by then.
        drop(pieces.get_mut().write_all(&more));
    }
    assert_ne!(close_code(pieces), Some(CloseCode::Normal));
    // A frame that is not masked, and one of a kind that there is not.
    for frame in [&[0x82u8, 4, 0, 0, 0, 0][..], &[0x8b, 0x80, 0, 0, 0, 0]] {
        let mut odd = raw(&gate);
        odd.get_mut().write_all(frame).expect("it is sent");
        assert_ne!(close_code(odd), Some(CloseCode::Normal));
    }
    anna.write("/f", args![0.5]);
}

#[test]
fn half_a_frame_and_half_a_request_keep_nobody_waiting() {
    let gate = Program::start();
    let mut peers: Vec<TcpStream> = Vec::new();
    for n in 0..100 {
        // A frame of 60,000 bytes of which a few come.
        let mut half = raw(&gate);
        half.get_mut()
            .write_all(&[0x82, 0xfe, 0xea, 0x60, 0, 0, 0, 0, b'/', b'f'])
            .expect("it is sent");
        peers.push(half.get_ref().try_clone().expect("it can be"));
        std::mem::forget(half);
        let mut request = dial(&gate);
        let part = &b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"[..10 + n % 30];
        request.write_all(part).expect("it is sent");
        peers.push(request);
    }
    let (mut anna, mut ben) = (gate.browser(), gate.console());
    anna.greet();
    ben.follow("/f");
    for n in 0..100 {
        anna.write("/f", args![n]);
        ben.expect_exactly("/f", args![n]);
    }
}

#[test]
fn who_never_reads_delays_nobody_and_costs_no_more_than_its_bound() {
    let gate = Program::start();
    let deaf: Vec<Console> = (0..20)
        .map(|_| {
            let mut deaf = gate.browser();
            deaf.greet();
            deaf.follow("/big/*");
            deaf
        })
        .collect();
    let (mut anna, mut ben) = (gate.browser(), gate.console());
    anna.greet();
    ben.follow("/big/*");
    let before = resident(&gate);
    // 60 KB to each of the twenty, four hundred times: 480 MB, if it were kept.
    let blob = oscgate::osc::Argument::Blob(vec![7; 60_000]);
    for n in 0..400 {
        let address = format!("/big/{n}");
        anna.write(&address, std::slice::from_ref(&blob));
        ben.expect(&address);
    }
    let grown = resident(&gate).saturating_sub(before);
    // The values themselves are 24 MB.
    assert!(grown < 120_000, "{grown} KiB for those who do not read");
    // Who reads again is sent what is newest.
    let mut late = deaf.into_iter().next().expect("there are twenty");
    late.send("/big/last", args![1]);
    late.expect("/big/last");
}

#[test]
fn a_flood_over_one_websocket_does_not_silence_another() {
    let gate = Program::with_show("[limits]\npackets_per_second = 4_000\n");
    let mut good = gate.browser();
    good.lock("/held");
    std::thread::scope(|scope| {
        let mut flood = raw(&gate);
        scope.spawn(move || {
            let message = encode_message("/flood", args![1.0]).expect("a message");
            let until = Instant::now() + Duration::from_secs(2);
            while Instant::now() < until {
                for _ in 0..50 {
                    let packet = Message::binary(message.clone());
                    if flood.write(packet).is_err() {
                        return;
                    }
                }
                // Its echoes are not read: that is its own affair.
                drop(flood.flush());
            }
        });
        let until = Instant::now() + Duration::from_secs(2);
        let mut n = 0;
        while Instant::now() < until {
            n += 1;
            good.write("/held", args![n]);
        }
        assert!(n > 20, "only {n} writes in two seconds");
    });
    assert_eq!(good.meta("/held").holder, good.name());
}

#[test]
fn what_was_sent_while_the_gateway_stood_still_is_not_judged_late() {
    let gate = Program::with_show(SHORT);
    let (mut anna, mut ben) = (gate.browser(), gate.browser());
    anna.greet();
    ben.send("/oscgate/subscribe", args!["/oscgate/status/unlocked"]);
    ben.settled_by_write();
    anna.lock("/a");
    // So many that the loop is at work before all of them have been read.
    let mut crowd: Vec<(String, Console)> = (0..40)
        .map(|n| {
            let mut one = gate.browser();
            one.greet();
            let address = format!("/crowd/{n}");
            one.lock(&address);
            (address, one)
        })
        .collect();
    gate.stand_still();
    ben.send("/a", args![7]);
    anna.send("/a", args![1]);
    for (address, one) in &crowd {
        one.send(address, args![1]);
    }
    // The stall itself, which is longer than the lock and than the silence of who pings.
    std::thread::sleep(Duration::from_millis(4_000));
    gate.signal("CONT");
    anna.expect_exactly("/a", args![1]);
    ben.expect_denied("/a", "LOCK_HELD", &anna.name());
    assert_eq!(ben.meta("/a").holder, anna.name());
    for (address, one) in &mut crowd {
        one.expect_exactly(address, args![1]);
        assert_eq!(ben.meta(address).holder, one.name());
    }
}

#[test]
fn when_the_gateway_stops_every_websocket_is_told() {
    let gate = Program::start();
    let mut anna = gate.browser();
    anna.greet();
    let name = anna.name();
    gate.signal("TERM");
    anna.expect_exactly(
        "/oscgate/status/disconnected",
        args![&name, &name, "stopped"],
    );
    let Wire::WebSocket(socket) = anna.wire else {
        panic!("it speaks over a WebSocket");
    };
    assert_eq!(close_code(socket.into_inner()), Some(CloseCode::Away));
    assert_eq!(gate.ended().0.code(), Some(0));
}

#[test]
fn a_page_of_another_origin_is_refused_unless_it_is_listed() {
    let gate = Program::with_show("[access]\norigins = [\"https://panel.example\"]\n");
    let own = gate.http.to_string();
    for origin in [
        format!("http://{own}"),
        "http://localhost:3000".to_owned(),
        "https://panel.example".to_owned(),
    ] {
        assert_eq!(upgrade_from(&gate, &origin, &own), Ok(()), "{origin}");
    }
    for origin in ["http://evil.example", "null", "http://panel.example"] {
        let (status, text) = upgrade_from(&gate, origin, &own).expect_err("it is refused");
        assert_eq!(status, 403);
        assert!(text.contains("[access] origins"), "{text}");
    }
    // A public name that its owner lets lead here.
    let rebound = upgrade_from(&gate, "http://evil.example", "evil.example");
    assert!(rebound.is_err());
    gate.errors_with(|text| text.contains("a web page of http://evil.example"));
}

#[test]
fn who_is_not_served_is_refused_and_a_reload_changes_it() {
    let gate = Program::with_show("[access]\nallow = [\"10.0.0.0/8\"]\n");
    let own = gate.http.to_string();
    let origin = format!("http://{own}");
    let request = format!("GET / HTTP/1.1\r\nHost: {own}\r\nConnection: close\r\n\r\n");
    assert!(ask(&gate, &request).starts_with("HTTP/1.1 403 "));
    assert_eq!(
        upgrade_from(&gate, &origin, &own).expect_err("refused").0,
        403
    );
    gate.rewrite_show("");
    gate.rewrite_show("[access]\nallow = [\"any\"]\n");
    gate.signal("HUP");
    gate.errors_with(|text| text.contains("read again"));
    let deadline = Instant::now() + SOON;
    while upgrade_from(&gate, &origin, &own).is_err() {
        assert!(Instant::now() < deadline, "still refused");
    }
    assert!(ask(&gate, &request).starts_with("HTTP/1.1 200 "));
}

#[test]
fn what_is_no_request_is_answered_and_changes_nothing() {
    let gate = Program::start();
    for (request, status) in [
        (
            "GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "404",
        ),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
            "405",
        ),
        ("\0\u{1}garbage\r\n\r\n", "400"),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: close\r\n\r\n",
            "400",
        ),
    ] {
        let answer = ask(&gate, request);
        assert_eq!(
            answer.split(' ').nth(1),
            Some(status),
            "{request:?}: {answer}"
        );
    }
    let endless = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", "x".repeat(100_000));
    let mut stream = dial(&gate);
    // It is answered before it is whole, and may be closed by then.
    drop(stream.write_all(endless.as_bytes()));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    gate.console().write("/f", args![1]);
}
