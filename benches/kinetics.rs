//! Subjects per second through a year of daily dosing: 364 doses, 365 daily troughs, their means over subjects.
//!
//! A: two compartments, first-order absorption with lag. A': the extended-release model with two routes and covariates.
//! C: parallel zero- and first-order absorption. The ceiling is a kernel written by hand for A alone (modal recursion),
//! fed with the same draws; the bench prints engine / ceiling with and without the drawing of parameters.

use std::hint::black_box;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use exposim::kinetics::block::{Doses, DosingInterval, Entry, Formulation, Moments, Output, Route, State};
use exposim::kinetics::linear::{LANES, Lane, LinearSystem, Shape};
use exposim::math::dispatch::{Kernel, dispatch};
use exposim::math::{self, Level};
use exposim::random::{Address, Purpose, Stream};

const SUBJECTS: usize = 512;
const PHASES: [(f64, usize); 2] = [(45.0, 84), (30.0, 280)];
const DAYS: usize = 364;

/// Two etas and a third of each subject, as exponentials of normals with the given standard deviations.
fn draw(first: u64, n: usize, sd: [f64; 3], covariates: bool) -> [Vec<f64>; 3] {
    let mut z = [vec![0.0; n], vec![0.0; n], vec![0.0; n]];
    for l in 0..n {
        let mut stream = Stream::new(Address::new(1, Purpose::Etas).subject(first + l as u64));
        for column in z.iter_mut().take(if covariates { 3 } else { 2 }) {
            column[l] = stream.uniform();
        }
    }
    for (column, sd) in z.iter_mut().zip(sd) {
        math::normal_quantile_in_place(column);
        for value in column.iter_mut() {
            *value *= sd;
        }
        math::exp_in_place(column);
    }
    z
}

/// Individual parameters of a block.
struct Parameters {
    cl: Vec<f64>,
    vc: Vec<f64>,
    ka: Vec<f64>,
}

fn parameters_a(first: u64, n: usize) -> Parameters {
    let [cl, vc, _] = draw(first, n, [0.045f64.sqrt(), 0.06f64.sqrt(), 0.0], false);
    let times = |column: Vec<f64>, typical: f64| column.into_iter().map(|x| x * typical).collect();
    Parameters { cl: times(cl, 40.9), vc: times(vc, 156.0), ka: vec![1.6; n] }
}

fn parameters_er(first: u64, n: usize) -> Parameters {
    let [mut cl, mut vc, mut ka] = draw(first, n, [0.365, 0.530, 0.668], true);
    // Weight and creatinine clearance, from further draws of the same subject.
    let [mut weight, mut clearance, _] = draw(first + (1 << 40), n, [0.25, 0.3, 0.0], false);
    let mut power = vec![0.0; n];
    let mut by = |column: &mut Vec<f64>, ratio: &mut Vec<f64>, exponent: f64| {
        math::pow_all_slice(ratio, exponent, &mut power);
        column.iter_mut().zip(&power).for_each(|(x, power)| *x *= power);
    };
    by(&mut cl, &mut clearance, 0.256);
    by(&mut cl, &mut weight, 0.132);
    by(&mut vc, &mut weight, 0.804);
    cl.iter_mut().for_each(|x| *x *= 40.9 * 0.754);
    vc.iter_mut().for_each(|x| *x *= 156.0);
    ka.iter_mut().for_each(|x| *x *= 0.0523);
    Parameters { cl, vc, ka }
}

/// Fraction and lag into the depot; fraction, lag and duration into the central compartment.
type Routes = ((f64, f64), Option<(f64, f64, f64)>);
const FIRST_ORDER: Routes = ((1.0, 0.2), None);
const PARALLEL: Routes = ((0.8, 0.2), Some((0.2, 0.0, 3.5)));
const EXTENDED: Routes = ((0.762 * 0.255, 0.154), Some((0.762 * 0.745, 0.154, 3.29)));

fn engine(p: &Parameters, routes: Routes, troughs: &mut Moments) {
    let n = p.cl.len();
    let ratio = |a: f64, b: &[f64]| b.iter().map(|b| a / b).collect::<Vec<f64>>();
    let k10: Vec<f64> = p.cl.iter().zip(&p.vc).map(|(cl, vc)| cl / vc).collect();
    let (zero, k12, k21) = (vec![0.0; n], ratio(3.22, &p.vc), vec![3.22 / 68.0; n]);
    let (Some(shape), depot) = (Shape::new(1, 1), routes.0) else { return };
    let Ok(system) = LinearSystem::closed(shape, &[&p.ka, &zero, &k10, &k12, &k21], n) else { return };
    let mut ways = vec![Route {
        compartment: 0,
        fraction: vec![depot.0; n],
        lag: vec![depot.1; n],
        entry: Entry::Bolus,
    }];
    if let Some((fraction, lag, duration)) = routes.1 {
        let entry = Entry::ZeroOrder { duration: vec![duration; n] };
        ways.push(Route { compartment: 1, fraction: vec![fraction; n], lag: vec![lag; n], entry });
    }
    let Ok(formulation) = Formulation::new(&system, &ways) else { return };
    let Ok(output) = Output::new(&system, 1, &ratio(1.0, &p.vc)) else { return };
    let interval = DosingInterval::new(&system, &formulation, 24.0.into());
    let mut state = State::empty(&system);
    let mut day = 0;
    for (dose, count) in PHASES {
        let mut sink = std::mem::replace(troughs, Moments::new(0)).from_interval(day);
        interval.advance(&mut state, Doses::Same(&vec![dose; n]), count, Some(&output), &mut sink);
        *troughs = sink;
        day += count;
    }
    troughs.count(n);
}

/// The ceiling: A by hand. Each exponential of the solution decays by a constant factor a day and gains with each dose.
struct Ceiling<'a>(&'a Parameters, &'a mut [[f64; LANES]]);

impl Kernel for Ceiling<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Ceiling(p, sums) = self;
        for at in (0..p.cl.len()).step_by(LANES) {
            let zero: Lane = [0.0; LANES];
            let (mut factor, mut gain, mut mode) = ([zero; 3], [zero; 3], [zero; 3]);
            for l in 0..LANES {
                let (v, ka, k21) = (p.vc[at + l], p.ka[at + l], 3.22 / 68.0);
                let (k10, k12) = (p.cl[at + l] / v, 3.22 / v);
                let sum = k10 + k12 + k21;
                let alpha = 0.5 * (sum + (sum * sum - 4.0 * k10 * k21).sqrt());
                let beta = k10 * k21 / alpha;
                let weights = [
                    (k21 - alpha) / ((beta - alpha) * (ka - alpha)),
                    (k21 - beta) / ((alpha - beta) * (ka - beta)),
                    (k21 - ka) / ((alpha - ka) * (beta - ka)),
                ];
                for (i, rate) in [alpha, beta, ka].into_iter().enumerate() {
                    factor[i][l] = math::exp(-24.0 * rate);
                    gain[i][l] = ka / v * weights[i] * math::exp(-23.8 * rate);
                }
            }
            let mut day = 0;
            for (dose, count) in PHASES {
                let mut given = gain;
                given.iter_mut().flatten().for_each(|gain| *gain *= dose);
                for sums in &mut sums[day..day + count] {
                    for l in 0..LANES {
                        for i in 0..3 {
                            mode[i][l] = mode[i][l] * factor[i][l] + given[i][l];
                        }
                        sums[l] += mode[0][l] + mode[1][l] + mode[2][l];
                    }
                }
                day += count;
            }
        }
    }
}

/// Seconds per subject: the best of many runs.
fn best(mut run: impl FnMut()) -> f64 {
    (0..200).fold(f64::INFINITY, |best, _| {
        let start = Instant::now();
        run();
        best.min(start.elapsed().as_secs_f64() / SUBJECTS as f64)
    })
}

fn ratios(level: Level) {
    let mut troughs = Moments::new(DAYS);
    let mut sums = vec![[0.0; LANES]; DAYS];
    let fixed = parameters_a(0, SUBJECTS);
    let draws = best(|| drop(black_box(parameters_a(0, SUBJECTS))));
    let engine_alone = best(|| engine(&fixed, FIRST_ORDER, &mut troughs));
    let ceiling_alone = best(|| dispatch(Ceiling(black_box(&fixed), &mut sums)));
    let whole = best(|| engine(&parameters_a(0, SUBJECTS), FIRST_ORDER, &mut troughs));
    let ceiling = best(|| dispatch(Ceiling(&parameters_a(0, SUBJECTS), &mut sums)));
    println!(
        "{level:?}, workload A, microseconds a subject: drawing {:.3}; engine {:.3}, ceiling {:.3}, ratio {:.2}; with \
         drawing {:.3} and {:.3}, ratio {:.2}",
        1e6 * draws,
        1e6 * engine_alone,
        1e6 * ceiling_alone,
        engine_alone / ceiling_alone,
        1e6 * whole,
        1e6 * ceiling,
        whole / ceiling,
    );
}

/// The best time of the other workloads, with drawing.
fn others(level: Level) {
    let mut troughs = Moments::new(DAYS);
    let extended = best(|| engine(&parameters_er(0, SUBJECTS), EXTENDED, &mut troughs));
    let parallel = best(|| engine(&parameters_a(0, SUBJECTS), PARALLEL, &mut troughs));
    println!(
        "{level:?}, with drawing, microseconds a subject: A' {:.3}; C {:.3}",
        1e6 * extended,
        1e6 * parallel
    );
}

fn year(c: &mut Criterion) {
    let mut group = c.benchmark_group("year of daily troughs");
    group.throughput(Throughput::Elements(SUBJECTS as u64));
    let before = Level::in_force();
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        if Level::force(level).is_err() {
            continue;
        }
        ratios(level);
        others(level);
        let mut troughs = Moments::new(DAYS);
        let mut sums = vec![[0.0; LANES]; DAYS];
        type Draw = fn(u64, usize) -> Parameters;
        let workloads: [(&str, Draw, Routes); 3] = [
            ("A", parameters_a, FIRST_ORDER),
            ("A'", parameters_er, EXTENDED),
            ("C", parameters_a, PARALLEL),
        ];
        for (name, draw, routes) in workloads {
            group.bench_function(BenchmarkId::new(name, format!("{level:?}")), |b| {
                b.iter(|| engine(&draw(0, SUBJECTS), routes, &mut troughs));
            });
        }
        group.bench_function(BenchmarkId::new("ceiling of A", format!("{level:?}")), |b| {
            b.iter(|| dispatch(Ceiling(&parameters_a(0, SUBJECTS), &mut sums)));
        });
    }
    let _ = Level::force(before);
    group.finish();
}

criterion_group!(benches, year);
criterion_main!(benches);
