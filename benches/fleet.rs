//! Systems side by side against one by one: 364 daily doses with saturable elimination, and a year of neutrophils.
//! The right-hand sides are loops written by hand, so that what is measured is the integrator.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use exposim::math::dispatch::{Kernel, dispatch};
use exposim::math::{self, Level};
use exposim::ode::{
    Ended, Fleet, FleetIntegrator, Integrator, Leg, Method, Settings, Start, Statistics, System, Tolerances,
};
use std::hint::black_box;

const SUBJECTS: usize = 256;
const DAYS: usize = 364;

/// A model with `N` states, one parameter that differs between subjects, and a daily dose to the first state.
trait Model<const N: usize>: Copy {
    const NAME: &'static str;
    const BEGIN: [f64; N];
    const DOSE: f64;
    fn rhs(parameter: f64, x: [f64; N]) -> [f64; N];
}

#[derive(Clone, Copy)]
struct Saturable;

impl Model<2> for Saturable {
    const NAME: &'static str = "saturable";
    const BEGIN: [f64; 2] = [0.0, 0.0];
    const DOSE: f64 = 100.0;

    #[inline(always)]
    fn rhs(vmax: f64, x: [f64; 2]) -> [f64; 2] {
        let absorbed = 0.9 * x[0];
        [-absorbed, absorbed - vmax * x[1] / (40.0 + x[1])]
    }
}

#[derive(Clone, Copy)]
struct Neutrophils;

impl Model<6> for Neutrophils {
    const NAME: &'static str = "neutrophils";
    const BEGIN: [f64; 6] = [0.0, 5.0, 5.0, 5.0, 5.0, 5.0];
    const DOSE: f64 = 30.0;

    #[inline(always)]
    fn rhs(slope: f64, x: [f64; 6]) -> [f64; 6] {
        let ktr = 4.0 / 125.0;
        let feedback = math::exp(0.161 * math::ln(5.0 / x[5]));
        [
            -0.1 * x[0],
            ktr * x[1] * ((1.0 - 1e-3 * slope * x[0]) * feedback - 1.0),
            ktr * (x[1] - x[2]),
            ktr * (x[2] - x[3]),
            ktr * (x[3] - x[4]),
            ktr * (x[4] - x[5]),
        ]
    }
}

/// Parameter of a subject.
fn parameter(subject: usize) -> f64 {
    8.0 + 8.0 * (subject as f64) / (SUBJECTS as f64)
}

/// One subject.
struct Single<const N: usize, M>(f64, M);

impl<const N: usize, M: Model<N>> System for Single<N, M> {
    fn dimension(&self) -> usize {
        N
    }

    fn rhs(&mut self, _: f64, x: &[f64], dx: &mut [f64]) {
        dx.copy_from_slice(&M::rhs(self.0, std::array::from_fn(|i| x[i])));
    }
}

struct Ward<const N: usize, M> {
    parameters: Vec<f64>,
    days: Vec<usize>,
    boarded: usize,
    troughs: f64,
    model: M,
}

struct Slopes<'a, const N: usize, M> {
    parameters: &'a [f64],
    x: &'a [f64],
    dx: &'a mut [f64],
    _model: M,
}

impl<const N: usize, M: Model<N>> Kernel for Slopes<'_, N, M> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let width = self.parameters.len();
        let x: [&[f64]; N] = std::array::from_fn(|i| &self.x[i * width..][..width]);
        let mut rows = self.dx.chunks_exact_mut(width);
        let mut dx: [&mut [f64]; N] = std::array::from_fn(|_| &mut rows.next().unwrap()[..width]);
        for (l, parameter) in self.parameters.iter().enumerate() {
            let slope = M::rhs(*parameter, std::array::from_fn(|i| x[i][l]));
            for (dx, slope) in dx.iter_mut().zip(slope) {
                dx[l] = slope;
            }
        }
    }
}

impl<const N: usize, M: Model<N>> Fleet for Ward<N, M> {
    fn dimension(&self) -> usize {
        N
    }

    fn rhs(&mut self, _: &[f64], x: &[f64], dx: &mut [f64]) {
        dispatch(Slopes::<N, M> { parameters: &self.parameters, x, dx, _model: self.model });
    }

    fn next_leg(&mut self, lane: usize, ended: Ended, x: &mut [f64]) -> Option<Leg> {
        assert!(!matches!(ended, Ended::Failed(_)), "{ended:?}");
        let mut start = Start::Onward;
        if ended == Ended::NotBegun || self.days[lane] == DAYS {
            if self.boarded == SUBJECTS {
                return None;
            }
            self.parameters[lane] = parameter(self.boarded);
            self.boarded += 1;
            self.days[lane] = 0;
            x.copy_from_slice(&M::BEGIN);
            start = Start::Anew;
        }
        self.troughs += x[1];
        x[0] += M::DOSE;
        let from = 24.0 * self.days[lane] as f64;
        self.days[lane] += 1;
        Some(Leg { from, to: from + 24.0, ask: f64::INFINITY, start })
    }
}

fn settings(relative: f64) -> Settings {
    Settings::new(Method::Tsitouras, Tolerances::uniform(relative, relative).unwrap())
}

fn compare<const N: usize, M: Model<N>>(criterion: &mut Criterion, model: M) {
    let mut group = criterion.benchmark_group(M::NAME);
    group.throughput(Throughput::Elements(SUBJECTS as u64));
    for relative in [1e-4, 1e-6] {
        let mut integrator = Integrator::new(settings(relative));
        let mut one_by_one = || {
            let mut work = Statistics::default();
            for subject in 0..SUBJECTS {
                integrator.forget();
                let mut x = M::BEGIN;
                let mut system = Single::<N, M>(parameter(subject), model);
                for day in 0..DAYS {
                    x[0] += M::DOSE;
                    let from = 24.0 * day as f64;
                    work += integrator
                        .integrate(&mut system, from, &mut x, from + 24.0, &[], |_, _, _| ())
                        .unwrap();
                }
                black_box(x);
            }
            work
        };
        println!("{} {relative:e} one by one: {:?}", M::NAME, one_by_one());
        group.bench_function(format!("{relative:e} one by one"), |b| b.iter(&mut one_by_one));
        for width in [8, 16, 32, 64, 128] {
            let mut integrator = FleetIntegrator::new(settings(relative), width);
            let mut side_by_side = || {
                let mut ward: Ward<N, M> = Ward {
                    parameters: vec![1.0; width],
                    days: vec![0; width],
                    boarded: 0,
                    troughs: 0.0,
                    model,
                };
                let work = integrator.run(&mut ward).unwrap();
                black_box(ward.troughs);
                (work, integrator.blocks())
            };
            let (work, blocks) = side_by_side();
            println!("{} {relative:e} {width} lanes: {work:?}, {blocks} blocks", M::NAME);
            group.bench_function(format!("{relative:e} {width} lanes"), |b| b.iter(&mut side_by_side));
        }
    }
    group.finish();
}

fn wards(criterion: &mut Criterion) {
    println!("instructions: {:?}", Level::in_force());
    compare(criterion, Saturable);
    compare(criterion, Neutrophils);
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(std::time::Duration::from_millis(200))
        .measurement_time(std::time::Duration::from_secs(1));
    targets = wards
}
criterion_main!(benches);
