//! The simulation: the gateway beside a naive reference of its protocol, many clients, a network
//! that loses, doubles and delays, and virtual time. A seed is a history, the same everywhere.
//!
//! `SIM_SEED=7 cargo test --test sim` repeats one seed;
//! `cargo run --release --example simulate -- 1..2001` runs any range.

mod actor;
mod audit;
mod chance;
mod deeds;
mod dialect;
mod digest;
mod failure;
mod faults;
mod garbage;
mod history;
mod malformed;
mod model;
mod observe;
mod pair;
mod requests;
mod rulebook;
mod run;
mod shows;
mod shrink;
mod slow;
mod speech;
mod stage;
mod tally;
mod turns;
mod weather;
mod world;

use std::num::NonZero;
use std::thread::available_parallelism;

use run::{Telling, run_range, run_seed};

/// The seeds of every run of the tests.
const SEEDS: std::ops::Range<u64> = 1..201;

/// Seeds that found something once, one a line, with what it was.
const PAST: &str = include_str!("seeds.txt");

#[test]
fn machine_and_model_agree_over_many_histories() {
    run::hush();
    if let Ok(seed) = std::env::var("SIM_SEED") {
        let seed = seed.parse().expect("SIM_SEED is a number");
        let outcome = run_seed(seed, Telling::Whole);
        if let Some(report) = outcome.failure {
            panic!("{report}");
        }
        return;
    }
    let threads = available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let seeds: Vec<u64> = SEEDS.collect();
    let summary = run_range(&seeds, threads, (1, Telling::Whole), |_, _, _| {});
    if let Some((_, report)) = summary.failures.first() {
        panic!("{report}");
    }
    let missing = summary.tally.missing();
    assert!(
        missing.is_empty(),
        "never happened: {missing:?}\n{}",
        summary.tally.table()
    );
}

#[test]
fn seeds_that_found_something_find_nothing_any_more() {
    for line in PAST.lines().filter(|line| !line.starts_with('#')) {
        let seed = line.split_whitespace().next();
        let seed = seed.and_then(|seed| seed.parse().ok());
        // Those of every run have been looked at there.
        let Some(seed) = seed.filter(|seed| !SEEDS.contains(seed)) else {
            continue;
        };
        if let Some(report) = run_seed(seed, Telling::Whole).failure {
            panic!("{report}");
        }
    }
}

#[test]
fn a_seed_is_the_same_history_each_time_and_on_any_number_of_threads() {
    let two = NonZero::new(2).expect("two");
    let first = run_range(
        &[3, 7],
        NonZero::<usize>::MIN,
        (3, Telling::Line),
        |_, _, _| {},
    );
    let second = run_range(&[3, 7], two, (3, Telling::Line), |_, _, _| {});
    assert_eq!(first.digest, second.digest);
    assert_eq!(first.tally, second.tally);
    let other = run_range(&[7, 3], two, (3, Telling::Line), |_, _, _| {});
    assert_eq!(first.digest, other.digest, "seeds count in their order");
    assert_ne!(first.digest, run_seed(3, Telling::Line).digest);
}
