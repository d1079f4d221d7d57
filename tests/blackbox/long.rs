//! The two promises that take their time, in real time: the default lock timeout.

use std::time::{Duration, Instant};

use crate::console::{args, int};
use crate::program::Program;

const TIMEOUT: Duration = Duration::from_secs(30);
/// What a busy machine may add.
const LATE: Duration = Duration::from_secs(10);

#[test]
fn a_lock_without_activity_is_free_after_thirty_seconds() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.stranger(), gate.console());
    ben.follow("/oscgate/status/unlocked");
    let begun = Instant::now();
    anna.lock("/f");
    let name = anna.name();
    let told = ben.expect_within("/oscgate/status/unlocked", TIMEOUT + LATE);
    assert_eq!(told, args!["/f", &name, "expired"]);
    assert!(
        begun.elapsed() >= TIMEOUT,
        "free after {:?}",
        begun.elapsed()
    );
    anna.expect_exactly("/oscgate/status/unlocked", args!["/f", &name, "expired"]);
    ben.write("/f", args![0.8]);
}

#[test]
fn writes_alone_keep_a_lock_and_thirty_seconds_after_the_last_it_is_free() {
    let gate = Program::start();
    let (mut anna, mut ben) = (gate.stranger(), gate.console());
    ben.follow("/oscgate/status/unlocked");
    anna.lock("/f");
    let begun = Instant::now();
    let mut last = begun;
    for count in 0..4_000 {
        let due = begun + Duration::from_millis(10) * count;
        // A console's pace, not a wait for anything.
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        last = Instant::now();
        anna.write("/f", args![i32::try_from(count).expect("it is small")]);
        if count % 500 == 499 {
            let meta = ben.meta("/f");
            assert_eq!((meta.locked, meta.holder), (true, anna.name()));
            assert!(
                meta.remaining > 20_000,
                "it was just renewed: {}",
                meta.remaining
            );
        }
    }
    assert!(
        last.duration_since(begun) > TIMEOUT,
        "they went on for 40 s"
    );
    ben.send("/f", args![-1]);
    ben.expect_denied("/f", "LOCK_HELD", &anna.name());
    assert_eq!(int(&ben.expect("/f")[0]), 3_999);
    let told = ben.expect_within("/oscgate/status/unlocked", TIMEOUT + LATE);
    assert_eq!(told, args!["/f", &anna.name(), "expired"]);
    assert!(last.elapsed() >= TIMEOUT, "free after {:?}", last.elapsed());
    ben.send("/f", args![-2]);
    ben.until("/f", args![-2]);
    assert!(!ben.meta("/f").locked);
}
