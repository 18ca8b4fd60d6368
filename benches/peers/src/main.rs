//! exposim beside pharmsol on the same subjects, doses and times: processor time of one thread, values kept in memory on
//! both sides, and the error that each really has. Prints a table.

mod ours;
mod theirs;
mod workload;

use cpu_time::ProcessTime;
use ours::Kept;
use pharmsol::prelude::{ExplicitRkTableau, OdeSolver, SdirkTableau};
use std::cell::RefCell;
use workload::{DAYS, Workload};

/// The accuracy at which solvers are compared: the largest error of a subject's values over the largest of them.
const ACCURACY: f64 = 1e-6;
const TOLERANCES: [f64; 6] = [1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9];

/// Seconds of processor time (median of three) and the values.
fn timed<T>(run: impl Fn() -> T) -> (f64, T) {
    let mut values = run();
    let mut times = [0.0; 3].map(|_: f64| {
        let start = ProcessTime::now();
        values = run();
        start.elapsed().as_secs_f64()
    });
    times.sort_by(f64::total_cmp);
    (times[1], values)
}

/// The largest difference over the largest value, of any output of any subject.
fn error(workload: Workload, values: &[f64], reference: &[f64]) -> f64 {
    let (outputs, each) = (workload.outputs(), workload.values());
    let largest = |row: &mut dyn Iterator<Item = f64>| row.fold(0.0, |m: f64, x| m.max(x.abs()));
    let of = |(values, reference): (&[f64], &[f64])| {
        let output = |k: usize| {
            let pairs = values.iter().zip(reference).skip(k).step_by(outputs);
            let difference = largest(&mut pairs.clone().map(|(a, b)| a - b));
            difference / largest(&mut pairs.map(|(_, b)| *b))
        };
        (0..outputs).map(output).fold(0.0, f64::max)
    };
    values.chunks(each).zip(reference.chunks(each)).map(of).fold(0.0, f64::max)
}

/// The fastest of the tolerances that reaches the accuracy: tolerance, microseconds a subject, error.
fn fastest(
    workload: Workload,
    subjects: usize,
    reference: &[f64],
    run: impl Fn(f64) -> Vec<f64>,
) -> Option<(f64, f64, f64)> {
    TOLERANCES.into_iter().find_map(|tolerance| {
        let error = error(workload, &run(tolerance), reference);
        (error <= ACCURACY).then(|| (tolerance, 1e6 * timed(|| run(tolerance)).0 / subjects as f64, error))
    })
}

fn row(workload: Workload, name: &str, per_subject: f64, error: f64, ours: f64) {
    println!("| {workload:?} | {name} | {per_subject:.2} | {error:.1e} | {:.1} |", per_subject / ours);
}

fn closed(workload: Workload, many: usize, few: usize) {
    let model = ours::model(workload, 1e-8);
    let own = ours::parameters(&model, few);
    let (seconds, values) = timed(|| ours::run(&model, workload, many));
    let (ours, values) = (1e6 * seconds / many as f64, values.by_subject());
    let kept = RefCell::new(Kept::default());
    let again = timed(|| ours::run_into(&model, workload, many, &mut kept.borrow_mut())).0;
    let again = 1e6 * again / many as f64;
    let run = theirs::by_closed_form(workload);
    let (seconds, theirs) = timed(|| run(&own));
    let theirs_each = 1e6 * seconds / few as f64;
    let found = error(workload, &values[..few * DAYS], &theirs);
    row(workload, "exposim", ours, found, ours);
    row(workload, "exposim, in memory of the run before", again, found, ours);
    row(workload, "pharmsol, closed form", theirs_each, 0.0, ours);
    for (name, solver) in solvers() {
        let few = few / 20;
        let own = &own[..few];
        let found = fastest(workload, few, &values[..few * DAYS], |t| {
            theirs::by_solver(workload, solver.clone(), t)(own)
        });
        if let Some((tolerance, each, error)) = found {
            row(workload, &format!("pharmsol, {name} at {tolerance:e}"), each, error, ours);
        }
    }
}

fn solvers() -> [(&'static str, OdeSolver); 3] {
    [
        ("Tsitouras", OdeSolver::ExplicitRk(ExplicitRkTableau::Tsit45)),
        ("BDF", OdeSolver::Bdf),
        ("ESDIRK", OdeSolver::Sdirk(SdirkTableau::Esdirk34)),
    ]
}

fn integrated(workload: Workload, many: usize, few: usize) {
    let model = ours::model(workload, 1e-12);
    let own = ours::parameters(&model, few);
    let reference = ours::run(&model, workload, few).by_subject();
    let tight =
        theirs::by_solver(workload, OdeSolver::ExplicitRk(ExplicitRkTableau::Tsit45), 1e-12)(&own[..8]);
    println!(
        "{workload:?}: the two references part by {:.1e}",
        error(workload, &tight, &reference[..8 * workload.values()])
    );
    let few_of = |t| ours::run(&ours::model(workload, t), workload, few).by_subject();
    let Some((tolerance, _, error)) = fastest(workload, few, &reference, few_of) else {
        println!("{workload:?}: exposim does not reach {ACCURACY:e}");
        return;
    };
    let model = ours::model(workload, tolerance);
    let ours = 1e6 * timed(|| ours::run(&model, workload, many)).0 / many as f64;
    row(workload, &format!("exposim at {tolerance:e}"), ours, error, ours);
    for (name, solver) in solvers() {
        let found =
            fastest(workload, few, &reference, |t| theirs::by_solver(workload, solver.clone(), t)(&own));
        match found {
            Some((tolerance, each, error)) => {
                row(workload, &format!("pharmsol, {name} at {tolerance:e}"), each, error, ours);
            }
            None => println!("{workload:?}: pharmsol, {name} does not reach {ACCURACY:e}"),
        }
    }
}

fn main() {
    println!("| workload | simulator | us a subject | error | times exposim |");
    println!("|---|---|---|---|---|");
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for workload in [Workload::A, Workload::C, Workload::D, Workload::DVaried, Workload::E] {
        if !wanted.is_empty() && !wanted.contains(&format!("{workload:?}")) {
            continue;
        }
        match workload {
            Workload::A | Workload::C => closed(workload, 51_200, 1_000),
            Workload::D | Workload::DVaried | Workload::E => integrated(workload, 512, 24),
        }
    }
}
