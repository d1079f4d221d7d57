//! Many clients, slow ones, dead ones and loud ones: none of them is another's trouble.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use oscgate::osc::encode_message;

use crate::console::args;
use crate::program::{Program, portable, websockets};

#[test]
fn a_follower_that_never_reads_delays_nobody() {
    let program = Program::start();
    let mut slow = program.console();
    slow.follow("//*");
    let mut reader = program.console();
    reader.follow("/f");
    let writer = program.console();
    for n in 0..5_000 {
        writer.send("/f", args![n]);
        reader.expect_exactly("/f", args![n]);
    }
}

#[test]
fn a_dead_follower_delays_nobody() {
    if websockets() {
        // A WebSocket that is closed is no dead follower.
        return;
    }
    for show in ["", "[sessions]\nunreachable = \"ends\"\n"] {
        let program = Program::with_show(show);
        let mut dead = program.console();
        dead.follow("//*");
        dead.lock("/held");
        let name = dead.name();
        drop(dead);
        let (mut writer, mut follower) = (program.console(), program.console());
        follower.follow("/f");
        for n in 0..500 {
            writer.write("/f", args![n]);
            follower.expect_exactly("/f", args![n]);
        }
        if show.is_empty() {
            // By itself such an answer ends no session: anyone can forge it.
            assert_eq!(writer.meta("/held").holder, name);
        }
    }
}

#[test]
fn a_closed_port_ends_a_session_where_that_is_configured() {
    if portable() || websockets() {
        // The portable loop hears nothing of closed ports, and a WebSocket has none.
        return;
    }
    let program = Program::with_show("[sessions]\nunreachable = \"ends\"\n");
    let mut dead = program.console();
    dead.follow("/f");
    dead.lock("/held");
    let name = dead.name();
    drop(dead);
    let mut other = program.console();
    other.follow("/oscgate/status/disconnected");
    other.write("/f", args![1]);
    other.expect_exactly(
        "/oscgate/status/disconnected",
        args![&name, &name, "unreachable"],
    );
    other.write("/held", args![1]);
}

#[test]
fn eleven_hundred_one_shot_senders_lock_nobody_out() {
    let program = Program::start();
    let mut holder = program.console();
    holder.lock("/held");
    let mut follower = program.console();
    follower.follow("/held");
    for n in 0..1_100 {
        // An IP of its own: the kernel may give one free port twice.
        let mut sender = program.stranger_at(&format!("127.1.{}.{}", n / 250, 1 + n % 250));
        sender.write("/one-shot", args![n]);
    }
    let mut last = program.console();
    last.send("/held", args![1]);
    last.expect_denied("/held", "LOCK_HELD", &holder.name());
    holder.write("/held", args![2]);
    follower.expect_exactly("/held", args![2]);
}

#[test]
fn a_flood_from_one_source_does_not_silence_another() {
    // Fewer than the default, so that a slow machine sends too many as well.
    let program = Program::with_show("[limits]\npackets_per_second = 4_000\n");
    let mut good = program.console();
    good.lock("/held");
    let begun = Instant::now();
    let gateway = program.address();
    let flooding = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
            socket.connect(gateway).expect("loopback");
            let message = encode_message("/flood", args![1.0]).expect("a message");
            let start = Instant::now();
            // 50,000 in a second, in bursts of 50 each millisecond, for two seconds.
            for burst in 0..2_000u32 {
                for _ in 0..50 {
                    drop(socket.send(&message));
                }
                let due = start + Duration::from_millis(1) * (burst + 1);
                thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            flooding.store(false, Ordering::Relaxed);
        });
        let mut n = 0;
        while flooding.load(Ordering::Relaxed) {
            // A call is repeated until it is answered: the kernel may drop what it has no room for.
            n += 1;
            let mut tries = 0;
            loop {
                tries += 1;
                assert!(tries <= 20, "call {n} was never answered");
                let mut call = args![n, "/held"].to_vec();
                call.extend_from_slice(args![n]);
                good.send("/oscgate/call", &call);
                if good.hears("/oscgate/reply", Duration::from_millis(250)) {
                    break;
                }
            }
        }
        assert!(n > 20, "only {n} calls in two seconds");
    });
    assert_eq!(good.meta("/held").holder, good.name());
    // What is over 4,000 a second is dropped, with at most a second's worth at once.
    let most = 4_000.0 * (begun.elapsed().as_secs_f64() + 1.0);
    let taken = i32::try_from(good.meta("/flood").revision).expect("it is bounded");
    assert!(
        taken > 0 && f64::from(taken) <= most,
        "{taken} taken, {most} at most"
    );
    program.errors_with(|text| text.contains("packets_per_second"));
}
