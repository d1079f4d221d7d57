//! The loop around the machine: datagrams through real sockets.

use std::future::poll_fn;
use std::net::UdpSocket;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::thread;

use oscgate::config::Show;
use oscgate::driver::{Driver, Settings};
use oscgate::net::{Mechanism, Options};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::*;

/// Ten thousand datagrams in all, counted in stretches.
const STRETCHES: u64 = 100;
const DATAGRAMS_EACH: usize = 100;

/// Datagrams that are on their way at one time: several make a batch, few enough that no buffer
/// of the kernel is too short for them.
const IN_FLIGHT: usize = 8;

/// What is waited for comes soon or never.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn ten_thousand_datagrams_pass_through_the_loop_without_an_allocation() {
    allocates_nothing(Mechanism::Batched);
}

#[test]
fn ten_thousand_datagrams_pass_one_by_one_without_an_allocation() {
    allocates_nothing(Mechanism::Portable);
}

/// Runs the loop on this thread and the clients on another.
fn allocates_nothing(mechanism: Mechanism) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let settings = Settings {
        listen: vec![local(0)],
        may_lack_family: false,
        options: Options {
            mechanism,
            ..Options::default()
        },
    };
    let bound = runtime.block_on(async { Driver::bind(&settings, Show::default(), None) });
    let (driver, handle) = bound.expect("a free port of loopback");
    let gateway = driver.addresses().next().expect("it has one socket");
    let clients = Clients::new(gateway);
    let mut running = pin!(driver.run());
    runtime.block_on(async {
        let warm_up = allocations(&mut running, &clients, WARM_UP_OF_SENT).await;
        assert!(warm_up > 0, "sessions begin, buffers grow: that is counted");
        let began = Instant::now();
        let mut spoilt = 0;
        for _ in 0..STRETCHES {
            let count = allocations(&mut running, &clients, DATAGRAMS_EACH).await;
            spoilt += u64::from(count > 0);
        }
        // Once a second the loop looks at the interfaces of the machine, which allocates: that
        // falls into one stretch each time, and into as many as there were seconds.
        let looks = began.elapsed().as_secs() + 1;
        assert!(
            spoilt <= looks,
            "{spoilt} of {STRETCHES} stretches, {looks} looks"
        );
    });
    drop(handle);
}

/// What the loop allocates while the clients, on a thread of their own, have datagrams pass.
async fn allocations(
    running: &mut Pin<&mut impl Future<Output = ()>>,
    clients: &Clients,
    datagrams: usize,
) -> u64 {
    let (done, mut is_done) = oneshot::channel();
    let mut total = 0;
    let clients = clients.clone();
    let thread = thread::spawn(move || {
        clients.pass(datagrams);
        done.send(()).expect("somebody waits for it");
    });
    poll_fn(|context| {
        let counted = allocation_counter::measure(|| {
            let ended = running.as_mut().poll(context).is_ready();
            assert!(!ended, "nobody told it to stop");
        });
        total += counted.count_total;
        Pin::new(&mut is_done).poll(context)
    })
    .await
    .expect("the clients had all that they waited for");
    thread.join().expect("it has said that it is done");
    total
}

/// One that writes and one that follows.
#[derive(Clone)]
struct Clients {
    hand: Arc<UdpSocket>,
    follower: Arc<UdpSocket>,
}

impl Clients {
    fn new(gateway: SocketAddr) -> Self {
        let socket = || {
            let socket = UdpSocket::bind(local(0)).expect("a free port of loopback");
            socket.connect(gateway).expect("a way over loopback");
            socket
                .set_read_timeout(Some(PATIENCE))
                .expect("a timeout above zero");
            Arc::new(socket)
        };
        let follower = socket();
        let subscribe = message("/oscgate/subscribe", &[text("/fader")]);
        follower.send(&subscribe).expect("room for one datagram");
        Self {
            hand: socket(),
            follower,
        }
    }

    /// Writes, and hears each write at both ends.
    fn pass(&self, datagrams: usize) {
        let write = message("/fader", &[Argument::Float(0.5)]);
        let mut buffer = [0; 256];
        for sent in 0..datagrams + IN_FLIGHT {
            if sent < datagrams {
                self.hand.send(&write).expect("room for a few datagrams");
            }
            if sent >= IN_FLIGHT {
                for socket in [&self.hand, &self.follower] {
                    hear(socket, &write, &mut buffer);
                }
            }
        }
    }
}

/// Waits for one datagram, skipping what the gateway says of itself.
fn hear(socket: &UdpSocket, expected: &[u8], buffer: &mut [u8]) {
    loop {
        let length = socket.recv(buffer).expect("it comes within the patience");
        if !buffer.starts_with(b"/oscgate/status/") {
            assert_eq!(&buffer[..length], expected);
            return;
        }
    }
}
