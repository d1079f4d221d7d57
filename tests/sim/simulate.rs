//! Runs the simulation over any range of seeds: progress, the table of what happened, a digest.

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

use std::io::{IsTerminal, Write, stderr};
use std::num::NonZero;
use std::ops::Range;
use std::process::ExitCode;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use clap::Parser;

/// Below this many seeds it is no fault that something never happened.
const ENOUGH: u64 = 200;

/// Runs the machine and its reference model side by side through simulated histories of ten
/// minutes, one a seed. Ends with the counts of what happened and a digest over every byte that
/// went in and came out, which is the same on every machine for the same source. Exit status 0:
/// they agree; 1: they do not (the report says how, and how to repeat it), or, over 200 seeds
/// and more, something that is to be tried never happened.
#[derive(Debug, Parser)]
#[command(name = "simulate")]
struct Arguments {
    /// One seed such as `7`, or a range such as `1..2001`, its end not included.
    #[arg(value_parser = seeds, default_value = "1..201")]
    seeds: Range<u64>,
    /// Threads; as many as there are cores if it is left out.
    #[arg(long)]
    threads: Option<NonZero<usize>>,
    /// Stop after so many failing seeds.
    #[arg(long, default_value_t = 1)]
    failures: usize,
    /// Only name the failing seeds and what is wrong, in a line each.
    #[arg(long)]
    brief: bool,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| {
        let cure = "write a seed such as 7 or a range such as 1..2001";
        text.parse::<u64>().map_err(|_| cure.to_owned())
    };
    match text.split_once("..") {
        Some((start, end)) => Ok(number(start)?..number(end)?),
        None => number(text).map(|seed| seed..seed + 1),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    run::hush();
    let seeds = arguments.seeds.clone();
    let count = seeds.end.saturating_sub(seeds.start);
    let threads = arguments.threads.or(available_parallelism().ok());
    let threads = threads.unwrap_or(NonZero::<usize>::MIN);
    let mut progress = Progress::new(count);
    let telling = if arguments.brief {
        run::Telling::Line
    } else {
        run::Telling::Whole
    };
    let failures = (arguments.failures, telling);
    let summary = run::run_range(
        &seeds.clone().collect::<Vec<_>>(),
        threads,
        failures,
        |outcome, done, failed| {
            if let Some(report) = &outcome.failure {
                progress.wipe();
                println!("{report}");
            }
            progress.show(done, failed);
        },
    );
    progress.end();
    print!("{}", summary.tally.table());
    let missing = summary.tally.missing();
    println!("seeds {}..{}", seeds.start, seeds.end);
    println!("digest {:016x}", summary.digest);
    if !summary.failures.is_empty() {
        let failing: Vec<u64> = summary.failures.iter().map(|(seed, _)| *seed).collect();
        println!("failing seeds: {failing:?}");
        return ExitCode::FAILURE;
    }
    if !missing.is_empty() {
        println!("never happened: {}", missing.join("; "));
        if count >= ENOUGH {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// A line that says how far it is: rewritten on a terminal, now and then in a pipe.
#[derive(Debug)]
struct Progress {
    count: u64,
    began: Instant,
    shown: Option<Instant>,
    terminal: Option<()>,
}

impl Progress {
    #[allow(
        clippy::disallowed_methods,
        reason = "how long it takes is a matter of real time"
    )]
    fn new(count: u64) -> Self {
        Self {
            count,
            began: Instant::now(),
            shown: None,
            terminal: stderr().is_terminal().then_some(()),
        }
    }

    fn show(&mut self, done: u64, failed: usize) {
        let interval = match self.terminal {
            Some(()) => Duration::from_millis(200),
            None => Duration::from_secs(10),
        };
        if self.shown.is_some_and(|shown| shown.elapsed() < interval) {
            return;
        }
        self.shown = Some(self.began + self.began.elapsed());
        let seconds = self.began.elapsed().as_secs_f64();
        let rate = done as f64 / seconds.max(0.001);
        let left = (self.count.saturating_sub(done)) as f64 / rate;
        let line = format!(
            "{done} of {} seeds, {failed} failed, {rate:.1} seeds/s, {:.1} simulated hours/s, \
             {left:.0} s left",
            self.count,
            rate / 6.0
        );
        let mut err = stderr().lock();
        // Progress that cannot be shown is no reason to stop.
        let _ = match self.terminal {
            Some(()) => write!(err, "\r\x1b[K{line}").and_then(|()| err.flush()),
            None => writeln!(err, "{line}"),
        };
    }

    fn wipe(&self) {
        if self.terminal.is_some() {
            eprint!("\r\x1b[K");
        }
    }

    fn end(&self) {
        let seconds = self.began.elapsed().as_secs_f64();
        self.wipe();
        eprintln!("{} seeds in {seconds:.1} s", self.count);
    }
}
