//! Prints what one step of each case costs: instructions, data read and written, allocations.
//!
//! It runs itself under valgrind, which simulates a processor and counts what is executed inside
//! the measured calls: no clock, so a busy machine changes nothing. See README.md of this package.

mod callgrind;

use std::collections::BTreeSet;
use std::process::ExitCode;

use callgrind::{Cost, Measured, Valgrind};
use oscgate_bench::{CASES, Case, Size};

/// How often everything is counted: the hash functions are seeded anew for each process, and what
/// lies where in a table with them.
const RUNS: usize = 3;

/// The argument with which the program runs itself.
const CHILD: &str = "--under-valgrind";

const USAGE: &str = "\
instructions [--large] [PART OF A NAME]...

Counts, for each case whose name has one of the parts, what one step costs. --large also counts
the cases that take minutes to prepare.";

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == CHILD) {
        run(arguments.drain(1..));
        return ExitCode::SUCCESS;
    }
    let large = arguments.iter().any(|argument| argument == "--large");
    arguments.retain(|argument| argument != "--large");
    if arguments.iter().any(|argument| argument.starts_with('-')) {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    let is_wanted = |case: &&Case| {
        let mut parts = arguments.iter();
        (large || case.size != Size::Large)
            && (arguments.is_empty() || parts.any(|part| case.name.contains(part.as_str())))
    };
    let cases: Vec<&Case> = CASES.iter().filter(is_wanted).collect();
    if cases.is_empty() {
        eprintln!("no case has such a name");
        return ExitCode::from(2);
    }
    match table(&cases) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What valgrind watches: each of the named cases stepped between two marks.
fn run(names: impl Iterator<Item = String>) {
    for name in names {
        let case = CASES.iter().find(|case| case.name == name);
        let case = case.expect("the name comes from the list");
        let mut step = case.make();
        repeat(&mut step, case.size.warm_up());
        callgrind::mark_begin();
        repeat(&mut step, case.size.steps());
        callgrind::mark_end();
    }
}

fn repeat(step: &mut dyn FnMut(), times: usize) {
    for _ in 0..times {
        step();
    }
}

/// What a case costs, in each run.
#[derive(Debug, Default)]
struct Row {
    instructions: BTreeSet<u64>,
    cost: Cost,
    taking: u64,
}

fn table(cases: &[&Case]) -> Result<(), callgrind::Error> {
    let valgrind = Valgrind::find()?;
    let names: Vec<&str> = cases.iter().map(|case| case.name).collect();
    let mut rows: Vec<Row> = Vec::new();
    rows.resize_with(cases.len(), Row::default);
    for nth in 0..RUNS {
        let costs = valgrind.run(Measured::Machine, nth, &names)?;
        for ((row, case), cost) in rows.iter_mut().zip(cases).zip(costs) {
            row.instructions.insert(each(case, cost.instructions));
            row.cost = cost;
        }
    }
    let taking = valgrind.run(Measured::Outbox, 0, &names)?;
    for ((row, case), cost) in rows.iter_mut().zip(cases).zip(taking) {
        row.taking = each(case, cost.instructions);
    }
    println!("| step | instructions | over {RUNS} runs | reads | writes | outbox | allocations |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for (case, row) in cases.iter().zip(rows) {
        let least = row.instructions.first().copied().unwrap_or_default();
        let most = row.instructions.last().copied().unwrap_or_default();
        println!(
            "| {} | {} | {} | {} | {} | {} | {} |",
            case.name,
            grouped(u64::midpoint(least, most)),
            spread(least, most),
            grouped(each(case, row.cost.reads)),
            grouped(each(case, row.cost.writes)),
            grouped(row.taking),
            allocations(case),
        );
    }
    Ok(())
}

/// Allocations of one step, in a steady state.
fn allocations(case: &Case) -> String {
    let mut step = case.make();
    repeat(&mut step, case.size.warm_up());
    let steps = case.size.steps();
    let counted = allocation_counter::measure(|| repeat(&mut step, steps));
    if each(case, counted.count_total) * wide(steps) == counted.count_total {
        grouped(each(case, counted.count_total))
    } else {
        format!("{} in {steps} steps", counted.count_total)
    }
}

/// The cost of one step, to the nearest whole.
fn each(case: &Case, total: u64) -> u64 {
    let steps = wide(case.size.steps());
    (total + steps / 2) / steps
}

fn wide(steps: usize) -> u64 {
    u64::try_from(steps).expect("steps are few")
}

fn spread(least: u64, most: u64) -> String {
    if least == most {
        "same".to_owned()
    } else {
        format!("{} to {}", grouped(least), grouped(most))
    }
}

/// A number with a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
