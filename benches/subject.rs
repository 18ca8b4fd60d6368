//! One subject along its timeline: resolving the records, a linear model by propagators, a nonlinear one by each
//! method (the evaluations of the right-hand side stand in the name), and a steady state by Newton's method.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use exposim::dosing::record::{Carry, Dose, Kind, Rate, Record, SteadyState, Target};
use exposim::dosing::timeline::{Entry, Timeline};
use exposim::kinetics::subject::{Equations, Linear, LinearSystem, Ode, Reason, walk};
use exposim::ode::{Method, Settings, Tolerances};

/// Depot, central and peripheral compartment; elimination is saturable where `km` is finite.
#[derive(Clone, Copy)]
struct TwoCompartments {
    km: f64,
}

const KA: f64 = 1.0;
const K10: f64 = 0.2;
const K12: f64 = 0.1;
const K21: f64 = 0.05;

impl LinearSystem for TwoCompartments {
    fn states(&self) -> usize {
        3
    }

    fn coefficients(&mut self, _: usize, a: &mut [f64], _: &mut [f64], _: &mut [f64]) -> Result<(), Reason> {
        a.copy_from_slice(&[-KA, 0.0, 0.0, KA, -K10 - K12, K21, 0.0, K12, -K21]);
        Ok(())
    }
}

impl Equations for TwoCompartments {
    fn states(&self) -> usize {
        3
    }

    fn hold(&mut self, _: usize) -> Result<(), Reason> {
        Ok(())
    }

    fn same(&self, _: usize, _: usize) -> bool {
        true
    }

    fn rhs(&mut self, _: f64, x: &[f64], dx: &mut [f64]) {
        let out = K10 * x[1] / (1.0 + x[1] / self.km);
        dx[0] = -KA * x[0];
        dx[1] = KA * x[0] - out - K12 * x[1] + K21 * x[2];
        dx[2] = K12 * x[1] - K21 * x[2];
    }
}

/// Daily doses for a year with a trough before each.
fn year(steady: Option<SteadyState>) -> Vec<Record> {
    let dose = Dose::new(100.0, Target::Number(1), Rate::Bolus, 24.0, 363, steady).unwrap();
    let mut records = vec![Record { time: 0.0, kind: Kind::Dose(dose) }];
    records.extend(
        (1..365).map(|day| Record {
            time: 24.0 * f64::from(day) - 0.1,
            kind: Kind::Observation { measured: true },
        }),
    );
    records
}

fn resolve(records: &[Record]) -> Timeline {
    Timeline::resolve(records, |_, _, out| {
        out.push(Entry::plain(0));
        Ok(())
    })
    .unwrap()
}

fn settings(method: Method) -> Settings {
    Settings::new(method, Tolerances::uniform(1e-8, 1e-10).unwrap())
}

fn subject(c: &mut Criterion) {
    let records = year(None);
    c.bench_function("resolve a year of daily doses", |b| b.iter(|| resolve(black_box(&records))));
    let timeline = resolve(&records);
    let mut sum = 0.0;
    c.bench_function("a year, linear, propagators", |b| {
        b.iter(|| {
            let mut system = Linear::new(TwoCompartments { km: f64::INFINITY });
            walk(&timeline, &mut system, Carry::Backward, |_, _, x| sum += x[1]).unwrap();
        });
    });
    for (name, method) in [
        ("Tsitouras", Method::Tsitouras),
        ("Dormand-Prince", Method::DormandPrince),
        ("Rosenbrock", Method::Rosenbrock),
        ("automatic", Method::Automatic),
    ] {
        let mut counted = Ode::new(TwoCompartments { km: 30.0 }, settings(method));
        walk(&timeline, &mut counted, Carry::Backward, |_, _, _| ()).unwrap();
        let evaluations = counted.work().rhs;
        c.bench_function(&format!("a year, saturable, {name}, {evaluations} evaluations"), |b| {
            b.iter(|| {
                let mut system = Ode::new(TwoCompartments { km: 30.0 }, settings(method));
                walk(&timeline, &mut system, Carry::Backward, |_, _, x| sum += x[1]).unwrap();
            });
        });
    }
    let steady = resolve(&year(Some(SteadyState::Replaces))[..2]);
    c.bench_function("steady state, linear", |b| {
        b.iter(|| {
            let mut system = Linear::new(TwoCompartments { km: f64::INFINITY });
            walk(&steady, &mut system, Carry::Backward, |_, _, x| sum += x[1]).unwrap();
        });
    });
    c.bench_function("steady state, saturable, Newton", |b| {
        b.iter(|| {
            let mut system = Ode::new(TwoCompartments { km: 30.0 }, settings(Method::Automatic));
            walk(&steady, &mut system, Carry::Backward, |_, _, x| sum += x[1]).unwrap();
        });
    });
    black_box(sum);
}

criterion_group!(benches, subject);
criterion_main!(benches);
