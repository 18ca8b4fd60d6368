//! Three ways to solve a linear model that share no formula agree: closed forms (divided differences of the
//! exponential), propagators (scaling and squaring) and an integrator at tight tolerance. On random models, equal and
//! zero rates among them, and random timelines with every kind of event, they lie within 1e-8 of the profile's maximum.

use exposim::dosing::record::{Carry, Dose, Kind, Rate, Record, SteadyState, Target};
use exposim::dosing::timeline::{Entry, Period, Step, Timeline, ZeroOrder};
use exposim::kinetics::linear::{Integral, LinearSystem as Closed, Shape};
use exposim::kinetics::subject::{Dynamics, Equations, Linear, LinearSystem, Ode, Reason, walk};
use exposim::math::matrix::Lu;
use exposim::ode::{Derivative, Method, Settings, Tolerances};
use exposim::random::{Address, Purpose, Stream};

/// A random model: a shape, its rate constants, and the matrix they make.
#[derive(Clone, Debug)]
struct Model {
    shape: Shape,
    rates: Vec<f64>,
    matrix: Vec<f64>,
}

fn pick(stream: &mut Stream, n: usize) -> usize {
    (stream.uniform() * n as f64) as usize
}

impl Model {
    fn draw(stream: &mut Stream, slowest: f64, fastest: f64) -> Self {
        let shape = Shape::new(pick(stream, 3), pick(stream, 3)).unwrap();
        let mut rates: Vec<f64> = Vec::new();
        for rate in 0..shape.rates() {
            let lost = rate < 2 * shape.depots() && rate % 2 == 1;
            let eliminated = rate == 2 * shape.depots();
            let drawn = slowest * (fastest / slowest).powf(stream.uniform());
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
        Model { shape, matrix: matrix(shape, &rates), rates }
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
    fn new(model: &Model) -> Self {
        let columns: Vec<&[f64]> = model.rates.chunks(1).collect();
        ByClosedForm { system: Closed::closed(model.shape, &columns, 1).unwrap() }
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
fn records(stream: &mut Stream, states: usize, steady: f64) -> (Vec<Record>, Vec<Entry>) {
    let mut records = Vec::new();
    let mut entries = Vec::new();
    let mut time = 0.0;
    for _ in 0..12 {
        time += [0.0, 0.5, 1.0, 5.0 * stream.uniform(), 12.0][pick(stream, 5)];
        let kind = match pick(stream, 10) {
            0..5 => Kind::Observation { measured: true },
            5 if !records.is_empty() && stream.uniform() < 0.3 => Kind::Reset,
            _ => Kind::Dose(dose(stream, states, steady)),
        };
        records.push(Record { time, kind });
        let zero_order =
            ZeroOrder::OnRequest { duration: Some(0.1 + 30.0 * stream.uniform()), rate: Some(7.0) };
        let lag = [0.0, 0.0, 3.0 * stream.uniform(), 15.0 * stream.uniform()][pick(stream, 4)];
        entries.push(Entry { compartment: 0, bioavailability: 0.2 + stream.uniform(), lag, zero_order });
    }
    records.push(Record { time: time + 24.0, kind: Kind::Observation { measured: true } });
    entries.push(Entry::plain(0));
    (records, entries)
}

/// `steady` is the share of doses at steady state.
fn dose(stream: &mut Stream, states: usize, steady: f64) -> Dose {
    let target = Target::Number(1 + pick(stream, states));
    let rate = [Rate::Bolus, Rate::Bolus, Rate::Given(5.0), Rate::ModelledDuration, Rate::ModelledRate]
        [pick(stream, 5)];
    let interval = [6.0, 8.0, 12.0, 24.0][pick(stream, 4)];
    let how = if stream.uniform() < 0.5 { SteadyState::Replaces } else { SteadyState::Adds };
    let steady = (stream.uniform() < steady).then_some(how);
    if steady.is_some() && rate == Rate::Given(5.0) && stream.uniform() < 0.3 {
        return Dose::new(0.0, target, rate, 0.0, 0, steady).unwrap();
    }
    Dose::new(100.0, target, rate, interval, pick(stream, 6) as u32, steady).unwrap()
}

fn states_at_records(timeline: &Timeline, dynamics: &mut impl Dynamics) -> Vec<f64> {
    let mut seen = Vec::new();
    walk(timeline, dynamics, Carry::Backward, |_, _, state| seen.extend_from_slice(state))
        .unwrap_or_else(|failure| panic!("{failure}"));
    seen
}

/// The largest difference relative to the profile's maximum.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let highest = a.iter().fold(1e-6_f64, |most, x| most.max(x.abs()));
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / highest
}

fn drawn(seed: u64, slowest: f64, fastest: f64, steady: f64) -> (Model, Timeline) {
    let mut stream = Stream::new(Address::new(seed, Purpose::Evidence));
    let model = Model::draw(&mut stream, slowest, fastest);
    let (records, entries) = records(&mut stream, model.shape.states(), steady);
    let timeline = Timeline::resolve(&records, |record, dose, out| {
        let Target::Number(number) = dose.target() else { return Err("no number".into()) };
        out.push(Entry { compartment: number - 1, ..entries[record].clone() });
        Ok(())
    });
    (model, timeline.unwrap())
}

#[test]
fn three_witnesses_agree_on_a_thousand_models() {
    let (mut matrix_apart, mut ode_apart) = (0.0_f64, 0.0_f64);
    for seed in 0..1000 {
        let (model, timeline) = drawn(seed, 0.05, 5.0, 0.4);
        let n = model.shape.states();
        let closed = states_at_records(&timeline, &mut ByClosedForm::new(&model));
        let carried = states_at_records(&timeline, &mut Linear::new(ByMatrix(model.matrix.clone(), n)));
        let settings = Settings::new(Method::Automatic, Tolerances::uniform(1e-12, 1e-11).unwrap());
        let integrated =
            states_at_records(&timeline, &mut Ode::new(ByMatrix(model.matrix.clone(), n), settings));
        let (second, third) = (apart(&closed, &carried), apart(&closed, &integrated));
        assert!(second < 1e-8 && third < 1e-8, "seed {seed}: {second:e} {third:e} for {model:?}");
        matrix_apart = matrix_apart.max(second);
        ode_apart = ode_apart.max(third);
    }
    println!("closed form and propagator {matrix_apart:e}, closed form and integrator {ode_apart:e}");
}

/// Without steady states: where a compartment exchanges at 1e4 per h and loses 1e-6, the sum on the matrix's diagonal
/// has rounded away most digits of the loss, on which a steady state depends.
#[test]
fn closed_forms_and_propagators_agree_from_1e_6_to_1e4_per_hour() {
    let mut worst = 0.0_f64;
    for seed in 0..1000 {
        let (model, timeline) = drawn(10_000 + seed, 1e-6, 1e4, 0.0);
        let n = model.shape.states();
        let closed = states_at_records(&timeline, &mut ByClosedForm::new(&model));
        let carried = states_at_records(&timeline, &mut Linear::new(ByMatrix(model.matrix.clone(), n)));
        let off = apart(&closed, &carried);
        worst = worst.max(off);
        assert!(off < 1e-8, "seed {seed}: {off:e} for {model:?}");
    }
    println!("largest difference {worst:e}");
}
