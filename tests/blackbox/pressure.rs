//! Slow and dead destinations, many senders, and one that sends too much.

use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

use oscgate::osc::{Argument, encode_message};

use crate::console::{Console, args};
use crate::program::Program;

#[test]
fn a_follower_that_never_reads_delays_nobody() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    let mut sleeper = gate.console();
    sleeper.follow("//*");
    ben.follow("/end");
    let blob = Argument::Blob(vec![7; 8_000]);
    for round in 0..2_000 {
        // Its answer comes before the next is written.
        anna.write(&format!("/slow/{}", round % 50), args![round, blob.clone()]);
    }
    anna.write("/end", args![1]);
    ben.expect_exactly("/end", args![1]);
    ben.expect_nothing();
    assert_eq!(anna.meta("/slow/49").revision, 40);
}

#[test]
fn a_dead_follower_disturbs_nobody() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    let mut dead = gate.console();
    dead.follow("//*");
    dead.lock("/held");
    let name = dead.name();
    // What is sent there from now on is answered "port unreachable".
    drop(dead);
    ben.follow("/f");
    for round in 0..500 {
        anna.write("/f", args![round]);
        ben.expect_exactly("/f", args![round]);
    }
    // Such an answer ends no session unless the show says so: it can be forged.
    assert_eq!(anna.meta("/held").holder, name);
}

#[test]
fn a_dead_destination_ends_its_session_where_the_show_says_so() {
    let gate = Program::with_show("[sessions]\nunreachable = \"ends\"\n");
    let (mut anna, mut ben) = (gate.console(), gate.console());
    let mut dead = gate.console();
    dead.follow("/f");
    dead.lock("/held");
    let name = dead.name();
    drop(dead);
    ben.send(
        "/oscgate/subscribe",
        args!["/oscgate/status/{unlocked,disconnected}"],
    );
    ben.expect_nothing();
    anna.write("/f", args![1]);
    ben.expect_exactly(
        "/oscgate/status/unlocked",
        args!["/held", &name, "disconnected"],
    );
    ben.expect_exactly(
        "/oscgate/status/disconnected",
        args![&name, &name, "unreachable"],
    );
}

#[test]
fn more_one_shot_senders_than_there_is_room_for_lock_nobody_out() {
    let gate = Program::start();
    let mut holder = gate.console();
    holder.write("/held", args![0.5]);
    holder.lock("/held");
    for n in 0..1_101 {
        let ip = format!("127.1.{}.{}", n / 250, 1 + n % 250);
        let mut sender = gate.stranger_at(&ip);
        sender.write("/one/shot", args![n]);
    }
    let meta = holder.meta("/held");
    assert_eq!((meta.holder, meta.revision), (holder.name(), 1));
    assert_eq!(holder.meta("/one/shot").revision, 1_101);
    // The holder's session is the one it had.
    holder.expect_nothing();
    let mut late = gate.stranger();
    late.send("/held", args![0.9]);
    late.expect_denied("/held", "LOCK_HELD", &holder.name());
}

#[test]
fn a_flood_from_one_leaves_the_others_served() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.console(), gate.console());
    let flooder = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let to = gate.address();
    let begun = Instant::now();
    let flood = thread::spawn(move || flood(&flooder, to));
    let mut rounds = 0;
    while !flood.is_finished() {
        rounds += 1;
        answered(&mut anna, rounds);
    }
    let sent = flood.join().expect("it sends to the end");
    let lasted = begun.elapsed();
    assert!(rounds > 10, "only {rounds} rounds beside {sent} packets");
    // What is over 20,000 a second is dropped, with at most a second's worth at once.
    let meta = ben.meta("/flood");
    let most = 20_000.0 * (lasted.as_secs_f64() + 1.0);
    let taken = meta.revision;
    #[allow(clippy::cast_precision_loss, reason = "it is far below 2^52")]
    let fits = taken as f64 <= most;
    assert!(fits, "{taken} of {sent} were taken in {lasted:?}");
    assert!(taken > 0);
}

/// One call, repeated like any caller repeats it when it hears nothing: the kernel's queue is
/// shared with the flood.
fn answered(console: &mut Console, number: i32) {
    let call = args![number, "/well/behaved", number].to_vec();
    for _ in 0..20 {
        console.send("/oscgate/call", &call);
        let deadline = Instant::now() + Duration::from_millis(500);
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            let Some((bytes, _)) = console.receive(left) else {
                break;
            };
            let heard =
                oscgate::osc::decode_packet(&bytes).expect("the gateway sends good packets");
            // A late answer to an earlier repetition is no answer to this one.
            if heard[0].address == "/oscgate/reply"
                && heard[0].arguments[0] == Argument::Int(number)
            {
                assert_eq!(heard[0].arguments[1], args!["OK"][0]);
                return;
            }
        }
    }
    panic!("call {number} is never answered");
}

/// 50,000 packets a second for a second and a half, or as many as this machine can.
fn flood(socket: &UdpSocket, to: std::net::SocketAddr) -> u32 {
    let begun = Instant::now();
    let mut sent = 0;
    while begun.elapsed() < Duration::from_millis(1_500) {
        let due = begun.elapsed().as_micros() / 20;
        while u128::from(sent) < due {
            let value = i32::try_from(sent).expect("it is small");
            let bytes = encode_message("/flood", args![value]).expect("it fits");
            drop(socket.send_to(&bytes, to));
            sent += 1;
        }
        // A breath of the sender's, so that it is a rate and not a busy loop.
        thread::sleep(Duration::from_micros(200));
    }
    sent
}
