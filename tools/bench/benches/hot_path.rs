//! Time for each step of the hot path, by criterion.

use criterion::{Criterion, criterion_group, criterion_main};
use oscgate_bench::CASES;

fn hot_path(criterion: &mut Criterion) {
    for case in CASES {
        let mut step = None;
        criterion.bench_function(case.name, |bencher| {
            // Made when it is its turn: a filter on the command line spares the others.
            bencher.iter(step.get_or_insert_with(|| case.make()));
        });
    }
}

criterion_group!(benches, hot_path);
criterion_main!(benches);
