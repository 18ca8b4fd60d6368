//! One subject by each method, with the work it takes printed before the times.

#[path = "../tests/ode_problems.rs"]
#[allow(dead_code)]
mod ode_problems;

use criterion::{Criterion, criterion_group, criterion_main};
use exposim::ode::{FirstStep, Integrator, Method, Settings, Statistics, System, Tolerances};
use std::hint::black_box;

const METHODS: [Method; 4] =
    [Method::Tsitouras, Method::DormandPrince, Method::Rosenbrock, Method::Automatic];

fn settings(method: Method) -> Settings {
    Settings::new(method, Tolerances::uniform(1e-6, 1e-9).unwrap())
}

/// The corpus, from the begin to the end of each problem.
fn problems(criterion: &mut Criterion) {
    for problem in ode_problems::corpus() {
        let times = problem.times();
        for method in METHODS {
            let mut integrator = Integrator::new(settings(method));
            let mut x = problem.begin.to_vec();
            let mut run = || {
                x.copy_from_slice(problem.begin);
                integrator.forget();
                integrator.integrate(&mut &problem, 0.0, &mut x, times[times.len() - 1], &times, |_, _, x| {
                    black_box(x);
                })
            };
            let Ok(work) = run() else { continue };
            println!("{} {method:?}: {} rhs, {} jacobians", problem.name, work.rhs, work.jacobians);
            criterion.bench_function(&format!("{} {method:?}", problem.name), |b| b.iter(&mut run));
        }
    }
}

/// Saturable elimination after a first-order absorption: per hour.
struct Saturable;

impl System for Saturable {
    fn dimension(&self) -> usize {
        2
    }

    fn rhs(&mut self, _: f64, x: &[f64], dx: &mut [f64]) {
        dx[0] = -0.9 * x[0];
        dx[1] = 0.9 * x[0] - 12.0 * x[1] / (40.0 + x[1]);
    }
}

/// 364 daily doses with daily troughs: a restart a day.
fn dosing(criterion: &mut Criterion) {
    for first in [FirstStep::Estimated, FirstStep::Carried] {
        for method in METHODS {
            let mut integrator = Integrator::new(settings(method).first_step(first).unwrap());
            let mut run = || {
                integrator.forget();
                let (mut x, mut work) = ([0.0; 2], Statistics::default());
                for day in 0..364 {
                    x[0] += 100.0;
                    let from = 24.0 * f64::from(day);
                    work += integrator
                        .integrate(&mut Saturable, from, &mut x, from + 24.0, &[], |_, _, _| ())
                        .unwrap();
                }
                black_box(x);
                work
            };
            println!("364 doses {method:?} {first:?}: {:?}", run());
            criterion.bench_function(&format!("364 doses {method:?} {first:?}"), |b| b.iter(&mut run));
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_secs(1));
    targets = problems, dosing
}
criterion_main!(benches);
