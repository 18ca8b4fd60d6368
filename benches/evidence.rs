//! Fits of evidence: reported quantiles (four chains of 5000 recorded states) and arm counts of three trials.

use criterion::{Criterion, criterion_group, criterion_main};
use exposim::diagnostic::Source;
use exposim::evidence::{Evidence, Inputs, fit};

fn evidence(text: &str) -> Evidence {
    match Evidence::read(&Source::new("bench", text)) {
        Ok((evidence, _)) => evidence,
        Err(problems) => panic!("{problems}"),
    }
}

fn fits(c: &mut Criterion) {
    let quantiles = evidence(include_str!("../models/crohn-endoscopic-remission-fang.toml"));
    let arms = evidence(include_str!("../models/crohn-endoscopic-response-trials.toml"));
    let rates = evidence(include_str!("../models/ra-haemoglobin-upadacitinib.toml"));
    let mut group = c.benchmark_group("evidence");
    group.sample_size(10);
    for (name, evidence) in
        [("20000 states of reported quantiles", &quantiles), ("three trials", &arms), ("rates", &rates)]
    {
        group.bench_function(name, |b| b.iter(|| fit(evidence, &Inputs::new(1))));
    }
    group.finish();
}

criterion_group!(benches, fits);
criterion_main!(benches);
