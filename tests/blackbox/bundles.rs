//! Bundles that wait for their time tag, in real time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::console::{args, bundle};
use crate::program::Program;

/// The OSC time tag of a moment from now.
fn tag(ahead: Duration) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let since_1970 = now.expect("it is after 1970") + ahead;
    let seconds = since_1970.as_secs() + 2_208_988_800;
    (seconds << 32) | ((u64::from(since_1970.subsec_nanos()) << 32) / 1_000_000_000)
}

fn at(ahead: Duration, messages: &[(&str, &[oscgate::osc::Argument])]) -> Vec<u8> {
    let mut bytes = bundle(messages);
    bytes[8..16].copy_from_slice(&tag(ahead).to_be_bytes());
    bytes
}

#[test]
fn a_scheduled_bundle_acts_at_its_time_tag() {
    let gate = Program::with_show("[gateway]\ntime_tags = \"schedule\"\n");
    let mut anna = gate.console();
    let begun = Instant::now();
    let ahead = Duration::from_millis(700);
    anna.send_bytes(&at(ahead, &[("/a", args![1])]));
    anna.send_bytes(&at(Duration::ZERO, &[("/a", args![2])]));
    anna.expect_exactly("/a", args![2]);
    anna.expect_exactly("/a", args![1]);
    assert!(begun.elapsed() >= ahead, "after {:?}", begun.elapsed());
    anna.send_bytes(&at(Duration::from_secs(60), &[("/a", args![3])]));
    anna.expect_denied("/a", "BAD_TIME", "");
}

#[test]
fn by_default_it_acts_on_arrival() {
    let gate = Program::start();
    let mut anna = gate.console();
    anna.send_bytes(&at(Duration::from_secs(3_600), &[("/a", args![1])]));
    anna.expect_exactly("/a", args![1]);
}
