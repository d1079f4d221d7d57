//! Programs that send back whatever they are sent.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use oscgate::osc::{Argument, encode_message};

use crate::console::args;
use crate::program::Program;

/// A socket with a thread that sends every datagram back to where it came from.
struct Mirror {
    socket: UdpSocket,
    gateway: SocketAddr,
    count: Arc<AtomicUsize>,
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Mirror {
    fn open(ip: &str, gateway: SocketAddr) -> Self {
        let socket = UdpSocket::bind((ip, 0)).expect("a free port");
        let (count, done) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let mut mirror = Self {
            socket,
            gateway,
            count,
            done,
            thread: None,
        };
        let socket = mirror.socket.try_clone().expect("it can be shared");
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .expect("it is a good time");
        let (count, done) = (Arc::clone(&mirror.count), Arc::clone(&mirror.done));
        mirror.thread = Some(thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while !done.load(Ordering::Relaxed) {
                if let Ok((length, from)) = socket.recv_from(&mut buffer) {
                    count.fetch_add(1, Ordering::Relaxed);
                    drop(socket.send_to(&buffer[..length], from));
                }
            }
        }));
        mirror
    }

    fn send(&self, address: &str, arguments: &[Argument]) {
        let bytes = encode_message(address, arguments).expect("it fits");
        self.socket
            .send_to(&bytes, self.gateway)
            .expect("loopback takes it");
    }

    fn name(&self) -> String {
        self.socket.local_addr().expect("it is bound").to_string()
    }

    fn heard(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// A reflection counts for longer than a busy machine takes; two consoles are told what they follow.
const SHOW: &str = r#"
[locks]
reflection = "20s"
settle = "100ms"

[[client]]
name = "plain-mirror"
source = "127.0.0.41"
follow = ["/w//*", "/x//*"]
status = false

[[address]]
match = "/w//*"
lock = "write"
hold = "300ms"
"#;

#[test]
fn a_mirror_takes_nothing_and_does_not_go_on_for_ever() {
    let gate = Program::with_show(SHOW);
    let (mut anna, mut watcher) = (gate.console(), gate.console());
    watcher.send(
        "/oscgate/subscribe",
        args!["/oscgate/status/{locked,unlocked}"],
    );
    watcher.expect_nothing();
    // One that speaks under /oscgate, one that is only configured, and one that is denied.
    let asking = Mirror::open("127.0.0.1", gate.address());
    asking.send("/oscgate/subscribe", args!["/w//*", "/x//*"]);
    let plain = Mirror::open("127.0.0.41", gate.address());
    let denied = Mirror::open("127.0.0.1", gate.address());

    anna.lock("/x/1");
    anna.write("/x/1", args![0.5]);
    plain.send("/x/1", args![-1]);
    for round in 0..100 {
        anna.write("/w/1", args![round]);
        anna.write("/x/1", args![round]);
        if round % 10 == 0 {
            denied.send("/x/1", args![-1]);
            denied.send("/w/1", args![-1]);
        }
    }
    // The lock that the writes took runs out, since no reflection renews it.
    let name = anna.name();
    let taken = watcher.expect("/oscgate/status/locked");
    assert_eq!(taken[..2], *args!["/x/1", &name]);
    let taken = watcher.expect("/oscgate/status/locked");
    assert_eq!(taken[..2], *args!["/w/1", &name]);
    watcher.expect_exactly("/oscgate/status/unlocked", args!["/w/1", &name, "expired"]);

    let meta = watcher.meta("/x/1");
    assert_eq!((meta.holder, meta.revision), (name.clone(), 101));
    let meta = watcher.meta("/w/1");
    assert_eq!(
        (meta.locked, meta.writer, meta.revision),
        (false, name, 100)
    );
    let told: Vec<_> = watcher.settled();
    let mirrors = [asking.name(), "plain-mirror".to_owned(), denied.name()];
    for message in &told {
        let names = |name: &String| message.arguments[1] == Argument::String(name.clone());
        assert!(!mirrors.iter().any(names), "{message:?}");
    }
    // Two hundred updates, what was denied, and a handful of words: nothing feeds on itself.
    for mirror in [&asking, &plain, &denied] {
        assert!(
            mirror.heard() <= 300,
            "{} heard {}",
            mirror.name(),
            mirror.heard()
        );
    }
}
