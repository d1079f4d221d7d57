//! Runs seeds, one or many, on all cores, and tells what went wrong.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::digest::Digest;
use crate::failure::Failure;
use crate::history::show_text;
use crate::shrink::{is_quiet, shrink};
use crate::tally::Tally;
use crate::world::World;

/// The end of a failing history that is shown where it cannot be shortened.
const TAIL: usize = 30;

/// What one seed came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    pub(crate) digest: u64,
    /// The report, if something was wrong.
    pub(crate) failure: Option<String>,
}

/// What many seeds came to.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) tally: Tally,
    /// Of all seeds in their order.
    pub(crate) digest: u64,
    pub(crate) failures: Vec<(u64, String)>,
}

/// How much is told of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// The history, as short as it can be made.
    Whole,
    /// What is wrong, in a line: making many histories short takes long.
    Line,
}

/// Runs one seed.
pub(crate) fn run_seed(seed: u64, telling: Telling) -> Outcome {
    let mut world = World::new(seed);
    let result = world.run();
    Outcome {
        digest: world.pair.digest(),
        failure: result.err().map(|what| match telling {
            Telling::Whole => report(seed, &world, &what),
            Telling::Line => format!("seed {seed}: {}", what.kind),
        }),
        tally: std::mem::replace(&mut world.pair.tally, Tally::new()),
    }
}

/// Runs seeds on so many threads; `progress` is told of each that is done, and how many
/// are.
pub(crate) fn run_range(
    seeds: &[u64],
    threads: NonZero<usize>,
    (failures_max, telling): (usize, Telling),
    mut progress: impl FnMut(&Outcome, u64, usize) + Send,
) -> Summary {
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let digests: BTreeMap<u64, u64> = BTreeMap::new();
    let failures: Vec<(u64, String)> = Vec::new();
    let done = Mutex::new((digests, Tally::new(), failures));
    let progress = Mutex::new(&mut progress);
    thread::scope(|scope| {
        for _ in 0..threads.get() {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) else {
                        break;
                    };
                    let outcome = run_seed(seed, telling);
                    let mut done = done.lock().expect("no thread panics with it");
                    let (digests, tally, failures) = &mut *done;
                    digests.insert(seed, outcome.digest);
                    tally.merge(&outcome.tally);
                    let report = outcome.failure.clone();
                    failures.extend(report.map(|report| (seed, report)));
                    if failures.len() >= failures_max {
                        stop.store(true, Ordering::Relaxed);
                    }
                    let counts = (digests.len() as u64, failures.len());
                    drop(done);
                    let mut progress = progress.lock().expect("no thread panics with it");
                    progress(&outcome, counts.0, counts.1);
                }
            });
        }
    });
    let (digests, tally, mut failures) = done.into_inner().expect("no thread panicked with it");
    let mut digest = Digest::new();
    digests.values().for_each(|&one| digest.number(one));
    failures.sort();
    Summary {
        tally,
        digest: digest.finish(),
        failures,
    }
}

/// Keeps panics that are part of shrinking from being shown.
pub(crate) fn hush() {
    let shown = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !is_quiet() {
            shown(info);
        }
    }));
}

fn report(seed: u64, world: &World, what: &Failure) -> String {
    let history = &world.history;
    let mut text = format!(
        "seed {seed}: {}\nrepeat it with: SIM_SEED={seed} cargo test --test sim, or \
         cargo run --release --example simulate -- {seed}\n",
        what.kind
    );
    let (history, what, steps) = match shrink(history, what) {
        Some((short, what)) => {
            text += &format!(
                "shortened from {} to {} steps",
                history.steps.len(),
                short.steps.len()
            );
            let steps = 0..short.steps.len();
            (short, what, steps)
        }
        None => {
            text += "it does not fail when it is fed again; its end";
            let start = history.steps.len().saturating_sub(TAIL);
            (history.clone(), what.clone(), start..history.steps.len())
        }
    };
    text += &format!(", sockets {:?}, with this show:\n", history.sockets);
    text += &show_text(&history.show);
    for step in &history.steps[steps] {
        text += &step.describe();
        text.push('\n');
    }
    text + &what.text
}
