//! Three ways to solve a linear model that share no formula: closed forms (divided differences of the exponential),
//! propagators (scaling and squaring) and an integrator at tight tolerance. On random models, equal and zero rates among
//! them, and random timelines with every kind of event.

use super::{Check, Depth};
use crate::dosing::record::{Carry, Dose, Kind, Rate, Record, SteadyState, Target};
use crate::dosing::timeline::{Entry, Period, Step, Timeline, ZeroOrder};
use crate::kinetics::linear::{Integral, LinearSystem as Closed, Shape};
use crate::kinetics::subject::{Dynamics, Equations, Linear, LinearSystem, Ode, Reason, walk};
use crate::math::matrix::Lu;
use crate::math::pow;
use crate::ode::{Derivative, Method, Settings, Tolerances};
use crate::random::{Address, Purpose, Stream};

/// A random model: a shape, its rate constants, and the matrix they make.
#[derive(Clone, Debug)]
struct RandomModel {
    shape: Shape,
    rates: Vec<f64>,
    matrix: Vec<f64>,
}

fn pick(stream: &mut Stream, n: usize) -> usize {
    (stream.uniform() * n as f64) as usize
}

impl RandomModel {
    fn draw(stream: &mut Stream, slowest: f64, fastest: f64) -> Option<Self> {
        let shape = Shape::new(pick(stream, 3), pick(stream, 3))?;
        let mut rates: Vec<f64> = Vec::new();
        for rate in 0..shape.rates() {
            let lost = rate < 2 * shape.depots() && rate % 2 == 1;
            let eliminated = rate == 2 * shape.depots();
            let drawn = slowest * pow(fastest / slowest, stream.uniform());
            let value = match (stream.uniform(), rates.last()) {
                // Equal and nearly equal rates, and none at all.
                (u, Some(before)) if u < 0.2 && *before > 0.0 => *before,
                (u, Some(before)) if u < 0.3 && *before > 0.0 => before * (1.0 + 1e-9 * stream.uniform()),
                (u, _) if (u < 0.4 || lost) && !eliminated => 0.0,
                _ => drawn,
            };
            rates.push(value);
        }
        // Nothing may stay in a depot or a peripheral compartment for ever, or there is no steady state.
        for pair in 0..shape.depots() {
            rates[2 * pair] = rates[2 * pair].max(slowest);
        }
        for pair in 0..shape.peripherals() {
            let back = 2 * shape.depots() + 2 * pair + 2;
            rates[back] = rates[back].max(slowest);
        }
        Some(RandomModel { shape, matrix: matrix(shape, &rates), rates })
    }
}

fn matrix(shape: Shape, rates: &[f64]) -> Vec<f64> {
    let (n, central) = (shape.states(), shape.central());
    let mut a = vec![0.0; n * n];
    for depot in 0..shape.depots() {
        a[depot * n + depot] -= rates[2 * depot] + rates[2 * depot + 1];
        a[central * n + depot] += rates[2 * depot];
    }
    let first = 2 * shape.depots();
    a[central * n + central] -= rates[first];
    for p in 0..shape.peripherals() {
        let (to, from, place) = (rates[first + 1 + 2 * p], rates[first + 2 + 2 * p], central + 1 + p);
        a[central * n + central] -= to;
        a[place * n + central] += to;
        a[place * n + place] -= from;
        a[central * n + place] += from;
    }
    a
}

/// First witness.
struct ByClosedForm {
    system: Closed,
}

impl ByClosedForm {
    fn new(model: &RandomModel) -> Option<Self> {
        let columns: Vec<&[f64]> = model.rates.chunks(1).collect();
        Some(ByClosedForm { system: Closed::closed(model.shape, &columns, 1).ok()? })
    }

    fn response(&self, integral: Integral, t: f64) -> Vec<f64> {
        let response = self.system.response(integral, &vec![t; self.system.padded()]);
        let n = self.system.states();
        (0..n * n).map(|at| response.entry(at / n, at % n)[0]).collect()
    }
}

fn times(matrix: &[f64], x: &[f64]) -> Vec<f64> {
    matrix.chunks(x.len()).map(|row| row.iter().zip(x).map(|(a, b)| a * b).sum()).collect()
}

impl Dynamics for ByClosedForm {
    fn states(&self) -> usize {
        self.system.states()
    }

    fn hold(&mut self, _: usize) -> Result<(), Reason> {
        Ok(())
    }

    fn initial(&mut self, _: f64, state: &mut [f64]) -> Result<(), Reason> {
        state.fill(0.0);
        Ok(())
    }

    fn advance(&mut self, from: f64, to: f64, rates: &[f64], state: &mut [f64]) -> Result<(), Reason> {
        let own = times(&self.response(Integral::None, to - from), state);
        let fed = times(&self.response(Integral::Once, to - from), rates);
        for ((x, own), fed) in state.iter_mut().zip(&own).zip(&fed) {
            *x = own + fed;
        }
        Ok(())
    }

    fn periodic(
        &mut self,
        _: f64,
        period: &Period,
        how: SteadyState,
        state: &mut [f64],
    ) -> Result<(), Reason> {
        let n = state.len();
        let (mut x, mut rates) = (vec![0.0; n], vec![0.0; n]);
        for step in period.steps() {
            match step {
                Step::Bolus { compartment, amount } => x[compartment] += amount,
                Step::Rate { compartment, rate } => rates[compartment] = rate,
                Step::Advance { from, to } => self.advance(from, to, &rates, &mut x)?,
            }
        }
        let mut left: Vec<f64> =
            self.response(Integral::None, period.interval()).iter().map(|m| -m).collect();
        (0..n).for_each(|i| left[i * n + i] += 1.0);
        Lu::factor(&left, n).map_err(|_| Reason::NoSteadyState)?.solve(&mut x);
        let keep = if how == SteadyState::Adds { 1.0 } else { 0.0 };
        state.iter_mut().zip(&x).for_each(|(state, x)| *state = keep * *state + x);
        Ok(())
    }

    fn at_rest(&mut self, _: f64, rates: &[f64], how: SteadyState, state: &mut [f64]) -> Result<(), Reason> {
        // What a constant rate has led to after a time far beyond the slowest rate of these tests.
        let rest = times(&self.response(Integral::Once, 1e9), rates);
        let keep = if how == SteadyState::Adds { 1.0 } else { 0.0 };
        state.iter_mut().zip(&rest).for_each(|(state, x)| *state = keep * *state + x);
        Ok(())
    }
}

/// Second and third witness: the matrix, carried or integrated.
struct ByMatrix(Vec<f64>, usize);

impl LinearSystem for ByMatrix {
    fn states(&self) -> usize {
        self.1
    }

    fn coefficients(&mut self, _: usize, a: &mut [f64], _: &mut [f64], _: &mut [f64]) -> Result<(), Reason> {
        a.copy_from_slice(&self.0);
        Ok(())
    }
}

impl Equations for ByMatrix {
    fn states(&self) -> usize {
        self.1
    }

    fn hold(&mut self, _: usize) -> Result<(), Reason> {
        Ok(())
    }

    fn rhs(&mut self, _: f64, x: &[f64], dx: &mut [f64]) {
        dx.copy_from_slice(&times(&self.0, x));
    }

    fn jacobian(&mut self, _: f64, _: &[f64], j: &mut [f64]) -> Derivative {
        j.copy_from_slice(&self.0);
        Derivative::Written
    }
}

/// Records with every kind of event, and how each dose enters.
fn records(stream: &mut Stream, states: usize, steady: f64) -> Option<(Vec<Record>, Vec<Entry>)> {
    let mut records = Vec::new();
    let mut entries = Vec::new();
    let mut time = 0.0;
    for _ in 0..12 {
        time += [0.0, 0.5, 1.0, 5.0 * stream.uniform(), 12.0][pick(stream, 5)];
        let kind = match pick(stream, 10) {
            0..5 => Kind::Observation { measured: true },
            5 if !records.is_empty() && stream.uniform() < 0.3 => Kind::Reset,
            _ => Kind::Dose(dose(stream, states, steady)?),
        };
        records.push(Record { time, kind });
        let zero_order =
            ZeroOrder::OnRequest { duration: Some(0.1 + 30.0 * stream.uniform()), rate: Some(7.0) };
        let lag = [0.0, 0.0, 3.0 * stream.uniform(), 15.0 * stream.uniform()][pick(stream, 4)];
        entries.push(Entry { compartment: 0, bioavailability: 0.2 + stream.uniform(), lag, zero_order });
    }
    records.push(Record { time: time + 24.0, kind: Kind::Observation { measured: true } });
    entries.push(Entry::plain(0));
    Some((records, entries))
}

/// `steady` is the share of doses at steady state.
fn dose(stream: &mut Stream, states: usize, steady: f64) -> Option<Dose> {
    let target = Target::Number(1 + pick(stream, states));
    let rate = [Rate::Bolus, Rate::Bolus, Rate::Given(5.0), Rate::ModelledDuration, Rate::ModelledRate]
        [pick(stream, 5)];
    let interval = [6.0, 8.0, 12.0, 24.0][pick(stream, 4)];
    let how = if stream.uniform() < 0.5 { SteadyState::Replaces } else { SteadyState::Adds };
    let steady = (stream.uniform() < steady).then_some(how);
    if steady.is_some() && rate == Rate::Given(5.0) && stream.uniform() < 0.3 {
        return Dose::new(0.0, target, rate, 0.0, 0, steady).ok();
    }
    Dose::new(100.0, target, rate, interval, pick(stream, 6) as u32, steady).ok()
}

fn states_at_records(timeline: &Timeline, dynamics: &mut impl Dynamics) -> Option<Vec<f64>> {
    let mut seen = Vec::new();
    walk(timeline, dynamics, Carry::Backward, |_, _, state| seen.extend_from_slice(state)).ok()?;
    Some(seen)
}

/// The largest difference relative to the profile's maximum.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    let highest = a.iter().fold(1e-6_f64, |most, x| most.max(x.abs()));
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / highest
}

fn drawn(seed: u64, slowest: f64, fastest: f64, steady: f64) -> Option<(RandomModel, Timeline)> {
    let mut stream = Stream::new(Address::new(seed, Purpose::Evidence));
    let model = RandomModel::draw(&mut stream, slowest, fastest)?;
    let (records, entries) = records(&mut stream, model.shape.states(), steady)?;
    let timeline = Timeline::resolve(&records, |record, dose, out| {
        let Target::Number(number) = dose.target() else { return Err("no number".into()) };
        out.push(Entry { compartment: number - 1, ..entries[record].clone() });
        Ok(())
    });
    Some((model, timeline.ok()?))
}

/// How far propagators and, if `integrate`, an integrator are from closed forms on the random model and timeline of a
/// seed, relative to the profile's maximum; none where one of them gives no result. Rate constants lie between `slowest`
/// and `fastest` (per h), and `steady` is the share of doses at steady state.
pub fn apart_on(seed: u64, slowest: f64, fastest: f64, steady: f64, integrate: bool) -> Option<[f64; 2]> {
    let (model, timeline) = drawn(seed, slowest, fastest, steady)?;
    let n = model.shape.states();
    let closed = states_at_records(&timeline, &mut ByClosedForm::new(&model)?)?;
    let carried = states_at_records(&timeline, &mut Linear::new(ByMatrix(model.matrix.clone(), n)))?;
    let mut third = 0.0;
    if integrate {
        let settings = Settings::new(Method::Automatic, Tolerances::uniform(1e-12, 1e-11).ok()?);
        let integrated =
            states_at_records(&timeline, &mut Ode::new(ByMatrix(model.matrix.clone(), n), settings))?;
        third = apart(&closed, &integrated);
    }
    Some([apart(&closed, &carried), third])
}

/// The largest of both distances over the seeds.
fn worst(
    seeds: std::ops::Range<u64>,
    slowest: f64,
    fastest: f64,
    steady: f64,
    integrate: bool,
) -> Option<[f64; 2]> {
    seeds.map(|seed| apart_on(seed, slowest, fastest, steady, integrate)).try_fold([0.0, 0.0], |most, one| {
        let one: [f64; 2] = one?;
        Some([f64::max(most[0], one[0]), f64::max(most[1], one[1])])
    })
}

pub(super) fn checks(depth: Depth) -> Vec<Check> {
    let models = depth.of(200, 3000);
    let usual = worst(0..models, 0.05, 5.0, 0.4, true);
    let wide = worst(10_000..10_000 + models, 1e-6, 1e4, 0.0, false);
    let check = |name: &str, found| {
        Check::at_most("three witnesses", format!("{name}, {models} models"), found, 1e-8)
    };
    vec![
        check("closed form and propagator", usual.map(|u| u[0])),
        check("closed form and integrator", usual.map(|u| u[1])),
        check("closed form and propagator, rates from 1e-6 to 1e4 per h", wide.map(|w| w[0])),
    ]
}
