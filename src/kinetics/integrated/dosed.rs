//! Regular dosing of a block of subjects whose kinetics are not linear: each subject has its own events and its own steps.

use super::doses::{Change, Dosing, Event};
use super::field::Field;
use super::voyage::Integration;
use crate::expr::{Checked, Column, Program, Scratch};
use crate::kinetics::block_model::BlockModelError;
use crate::kinetics::subject::Reason;
use crate::model::{Input, Model};
use crate::ode::OdeError;

/// A model's kinetics, integrated over blocks of subjects.
#[derive(Clone, Debug)]
pub struct DosedModel {
    amounts: Equations,
    /// The same and the area under the output, which only the last interval is asked for.
    with_area: Equations,
    /// By formulation.
    routes: Vec<Vec<DosedRoute>>,
    program: Program,
    initial: Vec<usize>,
    start: Program,
    output: Program,
    /// All outputs of the model.
    outputs: Program,
    /// The slot of the first state.
    first: usize,
}

#[derive(Clone, Debug)]
struct Equations {
    field: Field,
    integration: Integration,
}

impl Equations {
    fn new(model: &Model, integrands: &[&Checked]) -> Result<Self, BlockModelError> {
        let field = Field::new(model, integrands).ok_or(BlockModelError::DoseClock)?;
        let integration = Integration::new(model, &field).map_err(BlockModelError::Settings)?;
        Ok(Equations { field, integration })
    }
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
    /// Rates into the compartments, subject after subject.
    rates: Vec<f64>,
    failures: Vec<(usize, OdeError)>,
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
            amounts: Equations::new(model, &[])?,
            with_area: Equations::new(model, &[&output.value])?,
            routes,
            program: Program::compile(&values),
            initial: model.initial().iter().map(|(place, _)| *place).collect(),
            start: Program::compile(&model.initial().iter().map(|(_, value)| value).collect::<Vec<_>>()),
            output: Program::compile(&[&output.value]),
            outputs: Program::compile(
                &model.outputs().iter().map(|output| &output.value).collect::<Vec<_>>(),
            ),
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
        let (lanes, compartments) = (block.lanes, self.amounts.field.states());
        let mut x = vec![0.0; (compartments + 1) * lanes];
        let start = run(&self.start, &block.columns(), lanes, &mut Scratch::new());
        for (place, column) in self.initial.iter().zip(start) {
            x[place * lanes..(place + 1) * lanes].copy_from_slice(&column);
        }
        DosedState {
            x,
            clock: 0.0,
            pending: vec![Vec::new(); lanes],
            rates: vec![0.0; compartments * lanes],
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
        let rhythm = (formulation, interval);
        let (before, last) = amounts.split_at(amounts.len().saturating_sub(1));
        if !before.is_empty() {
            self.sail(&self.amounts, block, state, rhythm, before, (state.clock, &[]));
        }
        let since = state.clock;
        let looks: Vec<f64> = looks.iter().map(|look| since + look).collect();
        let shown = self.sail(&self.with_area, block, state, rhythm, last, (since, &looks));
        let (inputs, lanes) = (block.columns(), block.lanes);
        let (amounts, area) = state.x.split_at(self.amounts.field.states() * lanes);
        let rows = shown.chunks_exact(state.x.len().max(1));
        DosedExposure {
            trough: self.output(&inputs, amounts, lanes),
            area: area.to_vec(),
            looks: rows.map(|row| self.output(&inputs, row, lanes)).collect(),
        }
    }

    /// Gives doses as [`DosedModel::dose`] does and writes every output of the model at `times` (h after the first dose,
    /// ascending) to `values`: a row of all subjects for each output at the first time, then at the second, and so on. At
    /// the time of a dose that is what it finds. Each subject goes through all intervals at its own pace, so that this is
    /// faster than interval after interval.
    pub fn observe(
        &self,
        block: &DosedBlock,
        state: &mut DosedState,
        rhythm: (usize, f64),
        amounts: &[&[f64]],
        times: &[f64],
        values: &mut [f64],
    ) {
        let (inputs, lanes) = (block.columns(), block.lanes.max(1));
        let since = state.clock;
        let looks: Vec<f64> = times.iter().map(|time| since + time).collect();
        let shown = self.sail(&self.amounts, block, state, rhythm, amounts, (since, &looks));
        let rows = shown.chunks_exact(self.amounts.field.states() * lanes);
        for (row, out) in rows.zip(values.chunks_exact_mut(self.outputs.outputs() * lanes)) {
            let columns = self.run(&self.outputs, &inputs, row, lanes);
            out.chunks_exact_mut(lanes).zip(&columns).for_each(|(out, column)| out.copy_from_slice(column));
        }
    }

    /// Carries the subjects through doses. Returns their states at the times `looks` (h, ascending) from `since` on: state
    /// after state, time after time. Where there is a dose at that very time the states are those before it, but for one
    /// at `since`.
    fn sail(
        &self,
        equations: &Equations,
        block: &DosedBlock,
        state: &mut DosedState,
        (formulation, interval): (usize, f64),
        amounts: &[&[f64]],
        (since, looks): (f64, &[f64]),
    ) -> Vec<f64> {
        let (lanes, states) = (block.lanes, equations.field.states());
        let from = state.clock;
        let at = |dose: usize| from + dose as f64 * interval;
        let (last, end) = (at(amounts.len().saturating_sub(1)), at(amounts.len()));
        self.plan(block, state, (formulation, interval), amounts);
        let mut course = Dosing {
            compartments: self.amounts.field.states(),
            states,
            lanes,
            pending: &state.pending,
            done: vec![0; lanes],
            rates: &mut state.rates,
            at: vec![from; lanes],
            begun: vec![false; lanes],
            last,
            end,
            since,
            looks,
            looked: vec![0; lanes],
            shown: vec![f64::NAN; looks.len() * states * lanes],
        };
        let (inputs, x) = (block.columns(), &mut state.x[..states * lanes]);
        let failed = equations.integration.run(&equations.field, &inputs, &mut course, lanes, x);
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
        shown
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

    fn output(&self, inputs: &[Column<'_>], x: &[f64], lanes: usize) -> Vec<f64> {
        self.run(&self.output, inputs, x, lanes).pop().unwrap_or_default()
    }

    /// Runs a program of outputs over states.
    fn run(&self, program: &Program, inputs: &[Column<'_>], x: &[f64], lanes: usize) -> Vec<Vec<f64>> {
        let mut columns: Vec<Column<'_>> = inputs.to_vec();
        let compartments = self.amounts.field.states();
        for (slot, state) in
            columns[self.first..self.first + compartments].iter_mut().zip(x.chunks_exact(lanes.max(1)))
        {
            *slot = Column::Slice(state);
        }
        run(program, &columns, lanes, &mut Scratch::new())
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
        let compartments = self.rates.len() / lanes.max(1);
        for lane in (0..lanes).filter(|lane| !chosen.get(*lane).copied().unwrap_or(true)) {
            for row in 0..states {
                self.x[row * lanes + lane] = other.x[row * lanes + lane];
            }
            let own = lane * compartments..(lane + 1) * compartments;
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
