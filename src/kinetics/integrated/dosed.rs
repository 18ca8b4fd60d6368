//! Regular dosing of a block of subjects whose kinetics are not linear: each subject has its own events and its own steps.

use super::field::Field;
use super::voyage::{Integration, Way};
use crate::expr::{Column, Program, Scratch};
use crate::kinetics::block_model::BlockModelError;
use crate::kinetics::subject::Reason;
use crate::model::{Input, Model};
use crate::ode::{Leg, OdeError, Start};

/// A model's kinetics, integrated over blocks of subjects.
#[derive(Clone, Debug)]
pub struct DosedModel {
    field: Field,
    integration: Integration,
    /// By formulation.
    routes: Vec<Vec<DosedRoute>>,
    program: Program,
    initial: Vec<usize>,
    start: Program,
    output: Program,
    /// The slot of the first state.
    first: usize,
}

/// A route: its compartment, the place of its fraction in the program (lag and duration follow), and whether it has one.
#[derive(Clone, Copy, Debug)]
struct DosedRoute {
    compartment: usize,
    first: usize,
    zero_order: bool,
}

/// The parameters of a block of subjects.
#[derive(Clone, Debug)]
pub struct DosedBlock {
    inputs: Vec<Owned>,
    routes: Vec<Vec<f64>>,
    lanes: usize,
}

#[derive(Clone, Debug)]
enum Owned {
    Scalar(f64),
    Column(Vec<f64>),
}

/// Where the subjects of a block stand.
#[derive(Clone, Debug)]
pub struct DosedState {
    /// States, then the area under the output; state after state, one number a subject.
    x: Vec<f64>,
    clock: f64,
    /// By subject: what is still to come, in order.
    pending: Vec<Vec<Event>>,
    /// Rates into the states, subject after subject.
    rates: Vec<f64>,
    failures: Vec<(usize, OdeError)>,
}

#[derive(Clone, Copy, Debug)]
struct Event {
    time: f64,
    compartment: usize,
    change: Change,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Amount(f64),
    Rate(f64),
}

/// What the last dosing interval exposed the subjects to (coherent units), one number a subject.
#[derive(Clone, Debug, Default)]
pub struct DosedExposure {
    /// The output at its end.
    pub trough: Vec<f64>,
    /// The area under the output.
    pub area: Vec<f64>,
    /// The output at the times asked for, one row a time.
    pub looks: Vec<Vec<f64>>,
}

impl DosedModel {
    /// Prepares the formulations of a model for one output.
    ///
    /// # Errors
    /// Where the equations know the time since the last dose, the output is not there, or tolerances are of no use.
    pub fn new(model: &Model, output: usize) -> Result<Self, BlockModelError> {
        let output = model.outputs().get(output).ok_or_else(|| BlockModelError::Output(String::new()))?;
        let field = Field::new(model, &[&output.value]).ok_or(BlockModelError::DoseClock)?;
        let integration = Integration::new(model, 1).map_err(BlockModelError::Settings)?;
        let mut values = Vec::new();
        let mut routes = Vec::new();
        for formulation in model.formulations() {
            let mut own = Vec::new();
            for route in &formulation.routes {
                let (compartment, first) = (route.compartment, values.len());
                values.extend([&route.fraction, &route.lag]);
                let zero_order = match &route.input {
                    Input::ZeroOrder(duration) => {
                        values.push(duration);
                        true
                    }
                    Input::Bolus => false,
                };
                own.push(DosedRoute { compartment, first, zero_order });
            }
            routes.push(own);
        }
        Ok(DosedModel {
            field,
            integration,
            routes,
            program: Program::compile(&values),
            initial: model.initial().iter().map(|(place, _)| *place).collect(),
            start: Program::compile(&model.initial().iter().map(|(_, value)| value).collect::<Vec<_>>()),
            output: Program::compile(&[&output.value]),
            first: model.layout().compartment(0),
        })
    }

    /// The parameters of a block from the inputs of the model's programs (see [`crate::model::Layout`]).
    pub fn prepare(&self, inputs: &[Column<'_>], lanes: usize, scratch: &mut Scratch) -> DosedBlock {
        let routes = run(&self.program, inputs, lanes, scratch);
        let own = |input: &Column<'_>| match input {
            Column::Scalar(value) => Owned::Scalar(*value),
            Column::Slice(values) => Owned::Column(values[..lanes].to_vec()),
        };
        DosedBlock { inputs: inputs.iter().map(own).collect(), routes, lanes }
    }

    /// Subjects before their first dose.
    pub fn begin(&self, block: &DosedBlock) -> DosedState {
        let (lanes, states) = (block.lanes, self.field.states());
        let mut x = vec![0.0; states * lanes];
        let start = run(&self.start, &block.columns(), lanes, &mut Scratch::new());
        for (place, column) in self.initial.iter().zip(start) {
            x[place * lanes..(place + 1) * lanes].copy_from_slice(&column);
        }
        DosedState {
            x,
            clock: 0.0,
            pending: vec![Vec::new(); lanes],
            rates: vec![0.0; states * lanes],
            failures: Vec::new(),
        }
    }

    /// Gives doses of a formulation at an interval (h), `amounts` one row of all subjects a dose, and shows the last
    /// interval: also at the times `looks` (h after its dose, ascending).
    pub fn dose(
        &self,
        block: &DosedBlock,
        state: &mut DosedState,
        (formulation, interval): (usize, f64),
        amounts: &[&[f64]],
        looks: &[f64],
    ) -> DosedExposure {
        let (lanes, states) = (block.lanes, self.field.states());
        let from = state.clock;
        let at = |dose: usize| from + dose as f64 * interval;
        let (last, end) = (at(amounts.len().saturating_sub(1)), at(amounts.len()));
        self.plan(block, state, (formulation, interval), amounts);
        let inputs = block.columns();
        let mut course = Dosing {
            model: self,
            inputs: &inputs,
            states,
            pending: &state.pending,
            done: vec![0; lanes],
            rates: &mut state.rates,
            at: vec![from; lanes],
            begun: vec![false; lanes],
            last,
            end,
            looks,
            shown: vec![vec![f64::NAN; lanes]; looks.len()],
            looked: vec![0; lanes],
            scratch: Scratch::new(),
        };
        let failed = self.integration.run(&self.field, &inputs, &mut course, lanes, &mut state.x);
        let Dosing { done, shown, .. } = course;
        for (pending, done) in state.pending.iter_mut().zip(done) {
            pending.drain(..done);
        }
        state.clock = end;
        for failure in failed {
            if !state.failures.iter().any(|(lane, _)| *lane == failure.0) {
                state.failures.push(failure);
            }
        }
        DosedExposure {
            trough: self.outputs(&inputs, &state.x, lanes),
            area: state.x[(states - 1) * lanes..].to_vec(),
            looks: shown,
        }
    }

    /// Puts the events of doses into the lists of the subjects. An input that cannot be leaves its subject no number.
    fn plan(
        &self,
        block: &DosedBlock,
        state: &mut DosedState,
        (formulation, interval): (usize, f64),
        amounts: &[&[f64]],
    ) {
        let Some(routes) = self.routes.get(formulation) else { return };
        for (dose, row) in amounts.iter().enumerate() {
            let given = state.clock + dose as f64 * interval;
            for (lane, amount) in row.iter().enumerate().filter(|(_, amount)| **amount != 0.0) {
                for route in routes {
                    let value = |k: usize| block.routes[route.first + k][lane];
                    let (part, time) = (amount * value(0), given + value(1));
                    let duration = if route.zero_order { value(2) } else { 0.0 };
                    if !(part.is_finite() && time >= given && time < f64::INFINITY && duration >= 0.0) {
                        state.x[route.compartment * block.lanes + lane] = f64::NAN;
                        continue;
                    }
                    let mut event = |time, change| {
                        state.pending[lane].push(Event { time, compartment: route.compartment, change })
                    };
                    if duration > 0.0 {
                        event(time, Change::Rate(part / duration));
                        event(time + duration, Change::Rate(-part / duration));
                    } else {
                        event(time, Change::Amount(part));
                    }
                }
            }
        }
        for events in &mut state.pending {
            events.sort_by(|a, b| a.time.total_cmp(&b.time));
        }
    }

    fn outputs(&self, inputs: &[Column<'_>], x: &[f64], lanes: usize) -> Vec<f64> {
        let mut columns: Vec<Column<'_>> = inputs.to_vec();
        let compartments = self.field.states() - 1;
        for (slot, state) in
            columns[self.first..self.first + compartments].iter_mut().zip(x.chunks_exact(lanes.max(1)))
        {
            *slot = Column::Slice(state);
        }
        run(&self.output, &columns, lanes, &mut Scratch::new()).pop().unwrap_or_default()
    }
}

impl DosedBlock {
    fn columns(&self) -> Vec<Column<'_>> {
        self.inputs.iter().map(Owned::column).collect()
    }
}

impl Owned {
    fn column(&self) -> Column<'_> {
        match self {
            Owned::Scalar(value) => Column::Scalar(*value),
            Owned::Column(values) => Column::Slice(values),
        }
    }
}

impl DosedState {
    /// The subjects (by their places in the block) that could not be solved, and why.
    pub fn failures(&self) -> impl Iterator<Item = (usize, Reason)> {
        self.failures.iter().map(|(lane, error)| (*lane, Reason::from(*error)))
    }

    /// Takes the subjects that are not chosen from another state of the same block.
    pub fn choose(&mut self, chosen: &[bool], other: &DosedState) {
        let lanes = self.pending.len();
        let states = self.x.len() / lanes.max(1);
        for lane in (0..lanes).filter(|lane| !chosen.get(*lane).copied().unwrap_or(true)) {
            for row in 0..states {
                self.x[row * lanes + lane] = other.x[row * lanes + lane];
            }
            let own = lane * states..(lane + 1) * states;
            self.rates[own.clone()].copy_from_slice(&other.rates[own]);
            self.pending[lane].clone_from(&other.pending[lane]);
            self.failures.retain(|(failed, _)| *failed != lane);
            self.failures.extend(other.failures.iter().filter(|(failed, _)| *failed == lane));
        }
    }
}

fn run(program: &Program, inputs: &[Column<'_>], lanes: usize, scratch: &mut Scratch) -> Vec<Vec<f64>> {
    let mut columns = vec![vec![0.0; lanes]; program.outputs()];
    let mut outputs: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
    program.run_block(inputs, &mut outputs, scratch);
    columns
}

/// Subjects on their way through doses.
struct Dosing<'a> {
    model: &'a DosedModel,
    inputs: &'a [Column<'a>],
    states: usize,
    pending: &'a [Vec<Event>],
    /// By subject: events that have happened.
    done: Vec<usize>,
    rates: &'a mut [f64],
    /// By subject: where its present leg ends.
    at: Vec<f64>,
    begun: Vec<bool>,
    /// When the last dose is given, and when its interval ends.
    last: f64,
    end: f64,
    looks: &'a [f64],
    shown: Vec<Vec<f64>>,
    looked: Vec<usize>,
    scratch: Scratch,
}

impl Dosing<'_> {
    fn next_look(&self, lane: usize) -> f64 {
        self.looks.get(self.looked[lane]).map_or(f64::INFINITY, |look| self.last + look)
    }
}

impl Way for Dosing<'_> {
    fn next(&mut self, lane: usize, x: &mut [f64]) -> Option<Leg> {
        let now = self.at[lane];
        // What happens at the end belongs to what comes next: the trough is taken before it.
        if now >= self.end {
            return None;
        }
        if now == self.last {
            x[self.states - 1] = 0.0;
        }
        let events = &self.pending[lane];
        while let Some(event) = events.get(self.done[lane]).filter(|event| event.time <= now) {
            match event.change {
                Change::Amount(amount) => x[event.compartment] += amount,
                Change::Rate(rate) => self.rates[lane * self.states + event.compartment] += rate,
            }
            self.done[lane] += 1;
        }
        let mut to = if now < self.last { self.last } else { self.end };
        if let Some(event) = events.get(self.done[lane]).filter(|event| event.time < to) {
            to = event.time;
        }
        self.at[lane] = to;
        let start = if std::mem::replace(&mut self.begun[lane], true) { Start::Onward } else { Start::Anew };
        let ask = if now >= self.last { self.next_look(lane) } else { f64::INFINITY };
        Some(Leg { from: now, to, ask, start })
    }

    fn seen(&mut self, lane: usize, _t: f64, x: &[f64]) -> f64 {
        let value = |input: &Column<'_>| match input {
            Column::Scalar(value) => *value,
            Column::Slice(values) => values[lane],
        };
        let mut inputs: Vec<f64> = self.inputs.iter().map(value).collect();
        let (first, compartments) = (self.model.first, self.states - 1);
        inputs[first..first + compartments].copy_from_slice(&x[..compartments]);
        let mut shown = [f64::NAN];
        self.model.output.run(&inputs, &mut shown, &mut self.scratch);
        self.shown[self.looked[lane]][lane] = shown[0];
        self.looked[lane] += 1;
        self.next_look(lane)
    }

    fn rates(&self, lane: usize) -> &[f64] {
        &self.rates[lane * self.states..(lane + 1) * self.states]
    }
}
