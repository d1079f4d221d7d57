//! The room as a whole, on loopback, against sockets of the standard library.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use super::*;
use crate::limits::DATAGRAM_BYTES_MAX;
use std::net::{IpAddr, SocketAddr};

/// What a test waits for comes at once or never.
const PATIENCE: Duration = Duration::from_secs(5);

const MECHANISMS: [Mechanism; 2] = [Mechanism::Batched, Mechanism::Portable];

#[tokio::test]
async fn batches_come_in_and_go_out_in_order() {
    for mechanism in MECHANISMS {
        let mut socket = bind("127.0.0.1:0", options(mechanism));
        let peer = peer("127.0.0.1:0");
        for number in 0..150_u8 {
            peer.send_to(&[number; 12], socket.local_addr()).unwrap();
        }
        let received = receive(&socket, 150).await;
        for (number, datagram) in received.iter().enumerate() {
            assert_eq!(datagram.from, peer.local_addr().unwrap());
            assert_eq!(datagram.local, Some(IpAddr::V4(Ipv4Addr::LOCALHOST)));
            assert_eq!(datagram.bytes, [number as u8; 12]);
        }
        assert_eq!(send(&mut socket, &received).await, []);
        for number in 0..150_u8 {
            assert_eq!(heard(&peer), [number; 12]);
        }
    }
}

#[tokio::test]
async fn datagrams_of_all_lengths_keep_their_borders() {
    for segments in [Segments::Joined, Segments::Single] {
        let mut socket = bind(
            "127.0.0.1:0",
            Options {
                segments,
                ..Options::default()
            },
        );
        let (one, two) = (peer("127.0.0.1:0"), peer("127.0.0.1:0"));
        let lengths = [
            24, 24, 24, 8, 24, 1_452, 1_452, 1_456, 4_000, 4_000, 0, 24, 24,
        ];
        let mut datagrams = Vec::new();
        for (number, length) in lengths.iter().enumerate() {
            for peer in [&one, &two] {
                datagrams.push(to(peer, None, &vec![number as u8; *length]));
            }
        }
        // One destination after the other, as the machine offers them.
        datagrams.sort_by_key(|datagram| datagram.from);
        assert_eq!(send(&mut socket, &datagrams).await, []);
        for peer in [&one, &two] {
            for (number, length) in lengths.iter().enumerate() {
                assert_eq!(heard(peer), vec![number as u8; *length]);
            }
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_answer_leaves_from_the_address_that_was_spoken_to() {
    let mut socket = bind("0.0.0.0:0", Options::default());
    let peer = peer("127.0.0.1:0");
    let port = socket.local_addr().port();
    for address in [[127, 0, 0, 2], [127, 0, 0, 1], [127, 0, 0, 3]] {
        let spoken_to = SocketAddr::from((address, port));
        peer.send_to(b"/who", spoken_to).unwrap();
        let received = receive(&socket, 1).await;
        assert_eq!(received[0].local, Some(spoken_to.ip()));
        assert_eq!(send(&mut socket, &received).await, []);
        let mut buffer = [0; 16];
        let (length, from) = peer.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..length], from), (b"/who".as_slice(), spoken_to));
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_broadcast_is_answered_from_the_interface_s_own_address() {
    let mut socket = bind("0.0.0.0:0", Options::default());
    let peer = peer("127.0.0.1:0");
    peer.set_broadcast(true).unwrap();
    let port = socket.local_addr().port();
    peer.send_to(b"/all", SocketAddr::from(([127, 255, 255, 255], port)))
        .unwrap();
    let received = receive(&socket, 1).await;
    assert_eq!(received[0].local, Some(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    assert_eq!(send(&mut socket, &received).await, []);
    assert_eq!(heard(&peer), b"/all");
}

#[tokio::test]
async fn ipv6_is_served_alone_beside_ipv4_on_one_port() {
    for mechanism in MECHANISMS {
        let Ok(mut six) = Socket::bind("[::]:0".parse().unwrap(), options(mechanism)) else {
            return; // A machine without IPv6.
        };
        let port = six.local_addr().port();
        let four = Socket::bind(SocketAddr::from(([0, 0, 0, 0], port)), options(mechanism));
        // Some other program may have the port on IPv4; an IPv6 socket of ours has not.
        assert!(four.is_ok() || UdpSocket::bind(("127.0.0.1", port)).is_err());
        let Ok(peer) = UdpSocket::bind("[::1]:0") else {
            return;
        };
        peer.set_read_timeout(Some(PATIENCE)).unwrap();
        peer.send_to(b"/six", ("::1", port)).unwrap();
        let received = receive(&six, 1).await;
        assert_eq!(received[0].from, peer.local_addr().unwrap());
        let local = Some("::1".parse::<IpAddr>().unwrap());
        let known = if mechanism == Mechanism::Batched {
            local
        } else {
            None
        };
        assert_eq!(received[0].local, known);
        assert_eq!(send(&mut six, &received).await, []);
        assert_eq!(heard(&peer), b"/six");
        // There is no way from here to an IPv4 address.
        let stranger = self::peer("127.0.0.1:0");
        let unsent = send(&mut six, &[to(&stranger, None, b"/a")]).await;
        assert_eq!(unsent, [failed(&stranger, SendError::Unreachable)]);
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_listed_and_stops_nothing() {
    for mechanism in MECHANISMS {
        let mut socket = bind("127.0.0.1:0", options(mechanism));
        let (peer, dead) = (peer("127.0.0.1:0"), dead());
        let nowhere = Datagram {
            from: "127.0.0.1:0".parse().unwrap(),
            local: None,
            bytes: vec![1],
        };
        let all = Datagram {
            from: "255.255.255.255:9".parse().unwrap(),
            ..nowhere.clone()
        };
        let long = to(&peer, None, &vec![0; 65_508]);
        let mut datagrams = Vec::new();
        for number in 0..20 {
            datagrams.extend([
                to(&peer, None, &[number; 8]),
                Datagram {
                    from: dead,
                    local: None,
                    bytes: vec![0; 8],
                },
                nowhere.clone(),
                long.clone(),
                all.clone(),
            ]);
        }
        let unsent = send(&mut socket, &datagrams).await;
        for number in 0..20 {
            assert_eq!(heard(&peer), [number; 8]);
        }
        assert_eq!(unsent.len(), 60);
        assert_eq!(unsent[0].to, nowhere.from);
        assert_eq!(unsent[0].error, SendError::Other);
        assert_eq!(unsent[1], failed(&peer, SendError::TooLong));
        // From a loopback address there is no way to a broadcast, or it is forbidden.
        assert_eq!(unsent[2].to, all.from);
        assert_ne!(unsent[2].error, SendError::TooLong);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_address_that_left_the_machine_is_replaced_by_another() {
    let mut socket = bind("0.0.0.0:0", Options::default());
    let peer = peer("127.0.0.1:0");
    // TEST-NET-1: no interface has it.
    let gone = Some(IpAddr::from([192, 0, 2, 77]));
    let datagrams = [
        to(&peer, Some(IpAddr::from([127, 0, 0, 5])), b"/one"),
        to(&peer, gone, b"/two"),
        to(&peer, gone, b"/three"),
    ];
    assert_eq!(send(&mut socket, &datagrams).await, []);
    for bytes in [b"/one".as_slice(), b"/two", b"/three"] {
        assert_eq!(heard(&peer), bytes);
    }
}

#[tokio::test]
async fn the_longest_packet_passes_and_a_longer_datagram_shows_that_it_is() {
    for mechanism in MECHANISMS {
        let mut socket = bind("127.0.0.1:0", options(mechanism));
        let peer = peer("127.0.0.1:0");
        peer.send_to(&vec![7; DATAGRAM_BYTES_MAX], socket.local_addr())
            .unwrap();
        peer.send_to(&vec![8; 65_507], socket.local_addr()).unwrap();
        let received = receive(&socket, 2).await;
        assert_eq!(received[0].bytes, vec![7; DATAGRAM_BYTES_MAX]);
        assert!(received[1].bytes.len() > DATAGRAM_BYTES_MAX);
        assert_eq!(send(&mut socket, &received[..1]).await, []);
        assert_eq!(heard(&peer), vec![7; DATAGRAM_BYTES_MAX]);
    }
}

#[tokio::test]
async fn what_the_kernel_does_not_take_stays_and_leaves_later() {
    for mechanism in MECHANISMS {
        let mut socket = bind("127.0.0.1:0", options(mechanism));
        let peer = peer("127.0.0.1:0");
        let mut batch = SendBatch::new();
        for number in 0..10 {
            assert_eq!(
                batch.push(peer.local_addr().unwrap(), None, &[number; 4]),
                Pushed::Taken
            );
        }
        // Before its first look at the socket, the runtime holds that it takes nothing: on
        // loopback there is no other way to a full buffer.
        let mut unsent = Vec::new();
        assert_eq!(socket.send_batch(&mut batch, &mut unsent), Sent::Blocked);
        assert_eq!((batch.len(), unsent.len()), (10, 0));
        within(socket.writable()).await.unwrap();
        assert_eq!(socket.send_batch(&mut batch, &mut unsent), Sent::All);
        assert!(batch.is_empty() && unsent.is_empty());
        for number in 0..10 {
            assert_eq!(heard(&peer), [number; 4]);
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn dead_destinations_are_reported_if_asked_and_nobody_else_suffers() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let reported = Options {
            unreachable: Unreachable::Reported,
            ..Options::default()
        };
        let Ok(mut socket) = Socket::bind(address.parse().unwrap(), reported) else {
            return; // A machine without IPv6.
        };
        let peer = peer(address);
        let dead = UdpSocket::bind(address).unwrap().local_addr().unwrap();
        let mut datagrams = Vec::new();
        for number in 0..30 {
            datagrams.push(Datagram {
                from: dead,
                local: None,
                bytes: vec![0; 8],
            });
            datagrams.push(to(&peer, None, &[number; 8]));
        }
        assert_eq!(send(&mut socket, &datagrams).await, []);
        for number in 0..30 {
            assert_eq!(heard(&peer), [number; 8]);
        }
        within(socket.readable()).await.unwrap();
        let mut found = Vec::new();
        socket.recv_unreachable(&mut found);
        assert!(
            !found.is_empty() && found.iter().all(|found| *found == dead),
            "{found:?}"
        );
        // Receiving is not disturbed either, and the reports are used up.
        peer.send_to(b"/on", socket.local_addr()).unwrap();
        assert_eq!(receive(&socket, 1).await[0].bytes, b"/on");
        found.clear();
        socket.recv_unreachable(&mut found);
        assert_eq!(found, []);
        // A report that comes while nothing is received wakes as well.
        assert_eq!(send(&mut socket, &datagrams[..1]).await, []);
        within(socket.reported()).await.unwrap();
        socket.recv_unreachable(&mut found);
        assert_eq!(found, [dead]);
    }
}

#[tokio::test]
async fn a_dead_destination_does_not_stop_the_receiving() {
    for mechanism in MECHANISMS {
        let mut socket = bind("127.0.0.1:0", options(mechanism));
        let (peer, dead) = (peer("127.0.0.1:0"), dead());
        let datagram = Datagram {
            from: dead,
            local: None,
            bytes: vec![0; 8],
        };
        assert_eq!(send(&mut socket, &[datagram]).await, []);
        peer.send_to(b"/on", socket.local_addr()).unwrap();
        assert_eq!(receive(&socket, 1).await[0].bytes, b"/on");
        let mut found = Vec::new();
        socket.recv_unreachable(&mut found);
        assert_eq!(found, []);
    }
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_it() {
    let first = bind("127.0.0.1:0", Options::default());
    let address = first.local_addr();
    let error = Socket::bind(address, Options::default()).unwrap_err();
    assert!(matches!(error, BindError::InUse { address: named, .. } if named == address));
    assert!(error.to_string().contains(&address.to_string()));
    let error = Socket::bind("192.0.2.77:0".parse().unwrap(), Options::default()).unwrap_err();
    assert!(matches!(error, BindError::NotHere { .. }));
    assert_eq!(
        error.to_string(),
        "udp 192.0.2.77:0: 192.0.2.77 is not an address of this machine"
    );
}

#[tokio::test]
async fn a_short_receive_buffer_is_told_with_its_cure() {
    let socket = bind("127.0.0.1:0", Options::default());
    let granted = socket.granted_receive_buffer();
    assert!(granted > 0);
    assert_eq!(
        socket.receive_buffer_shortage().is_some(),
        granted < RECEIVE_BUFFER_BYTES
    );
    let shortage = Shortage {
        address: "0.0.0.0:8900".parse().unwrap(),
        granted: 212_992,
    };
    let text = shortage.to_string();
    assert!(text.starts_with("udp 0.0.0.0:8900: the receive buffer is 208 KiB instead of 1024"));
    if cfg!(target_os = "linux") {
        assert!(text.ends_with("sysctl -w net.core.rmem_max=1048576"));
    }
}

/// A datagram with its other end: who sent it, or where it is to go.
#[derive(Clone, Debug)]
struct Datagram {
    from: SocketAddr,
    local: Option<IpAddr>,
    bytes: Vec<u8>,
}

fn to(peer: &UdpSocket, local: Option<IpAddr>, bytes: &[u8]) -> Datagram {
    Datagram {
        from: peer.local_addr().unwrap(),
        local,
        bytes: bytes.to_vec(),
    }
}

fn failed(peer: &UdpSocket, error: SendError) -> Unsent {
    Unsent {
        to: peer.local_addr().unwrap(),
        error,
    }
}

fn options(mechanism: Mechanism) -> Options {
    Options {
        mechanism,
        ..Options::default()
    }
}

fn bind(address: &str, options: Options) -> Socket {
    Socket::bind(address.parse().unwrap(), options).unwrap()
}

fn peer(address: &str) -> UdpSocket {
    let peer = UdpSocket::bind(address).unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    peer
}

/// An address where nothing listens any more.
fn dead() -> SocketAddr {
    UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

fn heard(peer: &UdpSocket) -> Vec<u8> {
    let mut buffer = vec![0; 65_536];
    let length = peer
        .recv(&mut buffer)
        .expect("the datagram was sent before");
    buffer.truncate(length);
    buffer
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it comes at once or never")
}

async fn receive(socket: &Socket, count: usize) -> Vec<Datagram> {
    let mut batch = RecvBatch::new();
    let mut received = Vec::new();
    while received.len() < count {
        within(socket.readable()).await.unwrap();
        socket.recv_batch(&mut batch).unwrap();
        received.extend(batch.iter().map(|datagram| Datagram {
            from: datagram.from,
            local: datagram.local,
            bytes: datagram.bytes.to_vec(),
        }));
    }
    received
}

async fn send(socket: &mut Socket, datagrams: &[Datagram]) -> Vec<Unsent> {
    let mut batch = SendBatch::new();
    let mut unsent = Vec::new();
    let mut rest = datagrams;
    while !rest.is_empty() || !batch.is_empty() {
        while let Some((first, others)) = rest.split_first() {
            match batch.push(first.from, first.local, &first.bytes) {
                Pushed::Taken => rest = others,
                Pushed::Full => break,
            }
        }
        while socket.send_batch(&mut batch, &mut unsent) == Sent::Blocked {
            within(socket.writable()).await.unwrap();
        }
    }
    unsent
}
