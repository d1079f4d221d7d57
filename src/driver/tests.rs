//! The whole loop on loopback, as a console sees it.

use std::net::UdpSocket;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use super::*;
use crate::config::{AddressRule, LockRule};
use crate::net::Mechanism;
use crate::osc::{Argument, decode_packet, encode_message};

/// What a test waits for comes soon or never.
const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn a_write_comes_back_whichever_way_datagrams_are_moved() {
    for mechanism in [Mechanism::Batched, Mechanism::Portable] {
        let running = Running::start(Show::default(), mechanism, &["127.0.0.1:0"]);
        let console = Console::new(running.addresses[0]);
        console.send("/fader/1", &[Argument::Float(0.5)]);
        assert_eq!(console.hear(), "/fader/1 [Float(0.5)]");
    }
}

#[test]
fn each_socket_answers_its_own_clients_while_the_other_is_busy() {
    let listen = ["127.0.0.1:0", "127.0.0.1:0"];
    let running = Running::start(Show::default(), Mechanism::Batched, &listen);
    let flood = Console::new(running.addresses[0]);
    let console = Console::new(running.addresses[1]);
    for number in 0..200 {
        for _ in 0..20 {
            flood.send("/flood", &[Argument::Int(number)]);
        }
        console.send("/fader/1", &[Argument::Int(number)]);
        assert_eq!(console.hear(), format!("/fader/1 [Int({number})]"));
    }
}

#[test]
fn time_passes_without_any_datagram() {
    let mut show = Show::default();
    show.locks.timeout = Duration::from_millis(50);
    let running = Running::start(show, Mechanism::Batched, &["127.0.0.1:0"]);
    let console = Console::new(running.addresses[0]);
    console.send(
        "/oscgate/subscribe",
        &[Argument::String("/oscgate/status/unlocked".to_owned())],
    );
    console.send("/oscgate/lock", &[Argument::String("/fader/1".to_owned())]);
    console.hear_until("/oscgate/status/locked");
    assert!(
        console
            .hear_until("/oscgate/status/unlocked")
            .contains("expired")
    );
}

#[test]
fn a_new_show_is_put_in_force_and_a_stop_tells_every_session() {
    let running = Running::start(Show::default(), Mechanism::Batched, &["127.0.0.1:0"]);
    let console = Console::new(running.addresses[0]);
    console.send("/oscgate/lock", &[Argument::String("/fader/1".to_owned())]);
    console.hear_until("/oscgate/status/locked");
    let mut show = Show::default();
    show.addresses.push(AddressRule {
        lock: LockRule::Never,
        ..free_rule("/fader/*")
    });
    running.tell(|handle| async move { handle.reload(Box::new(show)).await });
    assert!(
        console
            .hear_until("/oscgate/status/unlocked")
            .contains("withdrawn")
    );
    let addresses = running.addresses.clone();
    drop(running);
    assert!(
        console
            .hear_until("/oscgate/status/disconnected")
            .contains("stopped")
    );
    UdpSocket::bind(addresses[0]).expect("the port is free again");
}

#[cfg(target_os = "linux")]
#[test]
fn a_dead_client_s_session_ends_where_the_show_says_so() {
    let mut show = Show::default();
    show.sessions.unreachable = config::Unreachable::Ends;
    let running = Running::start(show, Mechanism::Batched, &["127.0.0.1:0"]);
    let watcher = Console::new(running.addresses[0]);
    watcher.send(
        "/oscgate/subscribe",
        &[Argument::String("/oscgate/status/disconnected".to_owned())],
    );
    watcher.send("/fader/1", &[Argument::Int(1)]);
    watcher.hear_until("/fader/1");
    let dying = Console::new(running.addresses[0]);
    dying.send(
        "/oscgate/subscribe",
        &[Argument::String("/fader/1".to_owned())],
    );
    dying.send("/fader/2", &[Argument::Int(1)]);
    dying.hear_until("/fader/2");
    drop(dying);
    // Its port is closed now: what it follows cannot reach it.
    watcher.send("/fader/1", &[Argument::Int(2)]);
    assert!(
        watcher
            .hear_until("/oscgate/status/disconnected")
            .contains("unreachable")
    );
}

#[test]
fn a_burst_larger_than_a_batch_is_answered_whole_and_in_order() {
    let running = Running::start(Show::default(), Mechanism::Batched, &["127.0.0.1:0"]);
    let console = Console::new(running.addresses[0]);
    for number in 0..200 {
        console.send("/fader/1", &[Argument::Int(number)]);
    }
    for number in 0..200 {
        assert_eq!(console.hear(), format!("/fader/1 [Int({number})]"));
    }
}

fn free_rule(pattern: &str) -> AddressRule {
    AddressRule {
        line: 1,
        pattern: pattern.to_owned(),
        args: None,
        range: None,
        outside: config::Outside::Clip,
        lock: LockRule::Explicit,
        lock_timeout: None,
        hold: Duration::from_secs(1),
        event: config::EventRule::default(),
        access: config::ParameterAccess::default(),
        rate: None,
        description: None,
        unit: None,
    }
}

/// A gateway on a thread of its own; dropping it stops it.
struct Running {
    addresses: Vec<SocketAddr>,
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start(show: Show, mechanism: Mechanism, listen: &[&str]) -> Self {
        let options = Options {
            mechanism,
            ..Options::default()
        };
        let settings = Settings {
            listen: listen.iter().map(|text| text.parse().unwrap()).collect(),
            may_lack_family: false,
            options,
        };
        let (bound, ready) = mpsc::channel();
        let thread = thread::spawn(move || {
            runtime().block_on(async {
                let (driver, handle) = Driver::bind(&settings, show, None).unwrap();
                bound.send((driver.addresses().collect(), handle)).unwrap();
                driver.run().await;
            });
        });
        let (addresses, handle) = ready.recv_timeout(PATIENCE).unwrap();
        Self {
            addresses,
            handle,
            thread: Some(thread),
        }
    }

    fn tell<F: Future<Output = ()>>(&self, order: impl FnOnce(Handle) -> F) {
        runtime().block_on(order(self.handle.clone()));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tell(|handle| async move { handle.stop().await });
        let joined = self.thread.take().map(JoinHandle::join);
        assert!(matches!(joined, Some(Ok(()))) || thread::panicking());
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// A client with a socket of its own.
struct Console(UdpSocket);

impl Console {
    fn new(gateway: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(gateway).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    fn send(&self, address: &str, arguments: &[Argument]) {
        let bytes = encode_message(address, arguments).unwrap();
        self.0.send(&bytes).unwrap();
    }

    fn hear(&self) -> String {
        let mut buffer = vec![0; 65_536];
        let length = self.0.recv(&mut buffer).expect("an answer within patience");
        let messages = decode_packet(&buffer[..length]).unwrap();
        let look =
            |message: &crate::osc::Message| format!("{} {:?}", message.address, message.arguments);
        messages.iter().map(look).collect::<Vec<_>>().join("; ")
    }

    fn hear_until(&self, address: &str) -> String {
        loop {
            let heard = self.hear();
            if heard.starts_with(address) {
                return heard;
            }
        }
    }
}
