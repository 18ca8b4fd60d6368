//! Regular dosing of a block of subjects whose kinetics are not linear: each subject has its own events and its own steps.

use super::caravan::{self, Run};
use super::doses::{Change, Dosing, Event};
use super::field::Field;
use super::pace::Pace;
use super::rest::Rest;
use super::voyage::Integration;
use crate::expr::{Checked, Column, Program, Scratch};
use crate::kinetics::block_model::BlockModelError;
use crate::kinetics::subject::Reason;
use crate::model::{Input, Model};
use crate::ode::OdeError;
use std::ops::Range;

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
    /// How subjects go from dose to dose where nobody looks between, for equations that allow it.
    pace: Option<Pace>,
}

/// Fewer intervals in a row are not worth the preparation of their responses.
const SHORTEST_RUN: usize = 4;

/// Doses of a formulation, one row of all subjects each.
#[derive(Clone, Copy)]
struct Doses<'a> {
    formulation: usize,
    /// From one to the next (h).
    interval: f64,
    amounts: &'a [&'a [f64]],
    /// Times (h) at which states are wanted, ascending.
    looks: &'a [f64],
}

/// Dosing intervals of one kind in a row.
#[derive(Clone, Debug, PartialEq)]
struct Piece {
    doses: Range<usize>,
    /// The looks at their ends, and where there are any within, those.
    looks: Range<usize>,
    /// Whether nobody looks within.
    plain: bool,
}

impl Equations {
    fn new(model: &Model, integrands: &[&Checked]) -> Result<Self, BlockModelError> {
        let field = Field::new(model, integrands).ok_or(BlockModelError::DoseClock)?;
        let integration = Integration::new(model, &field).map_err(BlockModelError::Settings)?;
        let pace = if integrands.is_empty() { Pace::new(model, &field) } else { None };
        Ok(Equations { field, integration, pace })
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
        let (before, last) = amounts.split_at(amounts.len().saturating_sub(1));
        if !before.is_empty() {
            let doses = Doses { formulation, interval, amounts: before, looks: &[] };
            self.sail(&self.amounts, block, state, doses);
        }
        let since = state.clock;
        let looks: Vec<f64> = looks.iter().map(|look| since + look).collect();
        let doses = Doses { formulation, interval, amounts: last, looks: &looks };
        let shown = self.sail(&self.with_area, block, state, doses);
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
        (formulation, interval): (usize, f64),
        amounts: &[&[f64]],
        times: &[f64],
        values: &mut [f64],
    ) {
        let (inputs, lanes) = (block.columns(), block.lanes.max(1));
        let since = state.clock;
        let looks: Vec<f64> = times.iter().map(|time| since + time).collect();
        let doses = Doses { formulation, interval, amounts, looks: &looks };
        let shown = self.sail(&self.amounts, block, state, doses);
        let rows = shown.chunks_exact(self.amounts.field.states() * lanes);
        for (row, out) in rows.zip(values.chunks_exact_mut(self.outputs.outputs() * lanes)) {
            let columns = self.run(&self.outputs, &inputs, row, lanes);
            out.chunks_exact_mut(lanes).zip(&columns).for_each(|(out, column)| out.copy_from_slice(column));
        }
    }

    /// Carries the subjects through doses. Returns their states at the looks, none of them before the first dose: state
    /// after state, time after time. Where there is a dose at that very time the states are those before it, but for the
    /// first dose.
    fn sail(
        &self,
        equations: &Equations,
        block: &DosedBlock,
        state: &mut DosedState,
        doses: Doses<'_>,
    ) -> Vec<f64> {
        let all = vec![true; block.lanes];
        let Some(pace) = &equations.pace else {
            return self.voyage(equations, block, state, doses, &all);
        };
        let Doses { interval, amounts, looks, .. } = doses;
        let mut shown = Vec::new();
        for piece in pieces(state.clock, interval, amounts.len(), looks) {
            let doses = Doses { amounts: &amounts[piece.doses], looks: &looks[piece.looks], ..doses };
            shown.extend(match piece.plain {
                true => self.stroll(equations, pace, block, state, doses),
                false => self.voyage(equations, block, state, doses, &all),
            });
        }
        shown
    }

    /// Carries the subjects through doses within whose intervals nobody looks; those who cannot keep the pace go on by
    /// themselves.
    fn stroll(
        &self,
        equations: &Equations,
        pace: &Pace,
        block: &DosedBlock,
        state: &mut DosedState,
        doses: Doses<'_>,
    ) -> Vec<f64> {
        let (lanes, states, compartments) =
            (block.lanes, equations.field.states(), self.amounts.field.states());
        let Doses { formulation, interval, amounts, looks } = doses;
        let pulse = |lane: usize| {
            let rates = &state.rates[lane * compartments..(lane + 1) * compartments];
            let still = state.pending[lane].is_empty() && rates.iter().all(|rate| *rate == 0.0);
            let finite = (0..states).all(|row| state.x[row * lanes + lane].is_finite());
            let mut events = self.events(block, formulation, lane, (0.0, 1.0)).filter(|_| still && finite)?;
            events.sort_by(|a, b| a.time.total_cmp(&b.time));
            events.last().is_none_or(|last| last.time < interval).then_some(events)
        };
        let pulses: Vec<Option<Vec<Event>>> = (0..lanes).map(pulse).collect();
        let at = |dose: usize| state.clock + dose as f64 * interval;
        let ends: Vec<usize> = looks
            .iter()
            .map(|look| (0..amounts.len()).find(|dose| at(dose + 1) == *look).unwrap_or(0))
            .collect();
        let mut shown = vec![f64::NAN; looks.len() * states * lanes];
        let inputs = block.columns();
        let mut run = Run {
            inputs: &inputs,
            lanes,
            interval,
            amounts,
            pulses: &pulses,
            looks: &ends,
            shown: &mut shown,
        };
        let x = &mut state.x[..states * lanes];
        let left = caravan::carry(pace, &equations.field, &equations.integration, &mut run, x);
        let end = at(amounts.len());
        if !left.is_empty() {
            let mut going = vec![false; lanes];
            left.iter().for_each(|lane| going[*lane] = true);
            let theirs = self.voyage(equations, block, state, doses, &going);
            for (row, theirs) in shown.chunks_exact_mut(lanes).zip(theirs.chunks_exact(lanes)) {
                left.iter().for_each(|lane| row[*lane] = theirs[*lane]);
            }
        }
        state.clock = end;
        shown
    }

    /// Carries the subjects that are to go through doses, each with its own events and steps.
    fn voyage(
        &self,
        equations: &Equations,
        block: &DosedBlock,
        state: &mut DosedState,
        doses: Doses<'_>,
        going: &[bool],
    ) -> Vec<f64> {
        let Doses { interval, amounts, looks, .. } = doses;
        let (lanes, states) = (block.lanes, equations.field.states());
        let from = state.clock;
        let at = |dose: usize| from + dose as f64 * interval;
        let (last, end) = (at(amounts.len().saturating_sub(1)), at(amounts.len()));
        self.plan(block, state, doses, going);
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
            going,
            looks,
            looked: vec![0; lanes],
            shown: vec![f64::NAN; looks.len() * states * lanes],
            // Of two intervals none can be left out.
            rest: (amounts.len() > 2 && equations.field.is_autonomous())
                .then(|| Rest::new(interval, &equations.integration.tolerances, lanes, looks)),
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

    /// Puts the events of doses into the lists of the subjects that are to go. An input that cannot be leaves its subject
    /// no number.
    fn plan(&self, block: &DosedBlock, state: &mut DosedState, doses: Doses<'_>, going: &[bool]) {
        let Doses { formulation, interval, amounts, .. } = doses;
        for (dose, row) in amounts.iter().enumerate() {
            let given = state.clock + dose as f64 * interval;
            let dosed = row.iter().enumerate().filter(|(lane, amount)| **amount != 0.0 && going[*lane]);
            for (lane, amount) in dosed {
                match self.events(block, formulation, lane, (given, *amount)) {
                    Some(events) => state.pending[lane].extend(events),
                    None => state.x[lane] = f64::NAN,
                }
            }
        }
        for events in &mut state.pending {
            events.sort_by(|a, b| a.time.total_cmp(&b.time));
        }
    }

    /// What an amount given at a time does to a subject; `None` where an input cannot be.
    fn events(
        &self,
        block: &DosedBlock,
        formulation: usize,
        lane: usize,
        (given, amount): (f64, f64),
    ) -> Option<Vec<Event>> {
        let mut events = Vec::new();
        for route in self.routes.get(formulation).map_or(&[][..], Vec::as_slice) {
            let value = |k: usize| block.routes[route.first + k][lane];
            let (part, time) = (amount * value(0), given + value(1));
            let duration = if route.zero_order { value(2) } else { 0.0 };
            if !(part.is_finite() && time >= given && time < f64::INFINITY && duration >= 0.0) {
                return None;
            }
            let mut event =
                |time, change| events.push(Event { time, compartment: route.compartment, change });
            if duration > 0.0 {
                event(time, Change::Rate(part / duration));
                event(time + duration, Change::Rate(-part / duration));
            } else {
                event(time, Change::Amount(part));
            }
        }
        Some(events)
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

/// Parts dosing intervals from a time on into those within which nobody looks, where there are enough in a row, and the
/// others.
fn pieces(from: f64, interval: f64, doses: usize, looks: &[f64]) -> Vec<Piece> {
    let at = |dose: usize| from + dose as f64 * interval;
    let mut pieces: Vec<Piece> = Vec::new();
    let mut seen = 0;
    for dose in 0..doses {
        let end = at(dose + 1);
        let among = seen..seen + looks[seen..].iter().take_while(|look| **look <= end).count();
        let plain = looks[among.clone()].iter().all(|look| *look == end);
        seen = among.end;
        match pieces.last_mut().filter(|last| last.plain == plain) {
            Some(last) => (last.doses.end, last.looks.end) = (dose + 1, among.end),
            None => pieces.push(Piece { doses: dose..dose + 1, looks: among, plain }),
        }
    }
    pieces.iter_mut().for_each(|piece| piece.plain &= piece.doses.len() >= SHORTEST_RUN);
    pieces.dedup_by(|next, before| {
        let alike = !next.plain && !before.plain;
        if alike {
            (before.doses.end, before.looks.end) = (next.doses.end, next.looks.end);
        }
        alike
    });
    pieces
}

fn run(program: &Program, inputs: &[Column<'_>], lanes: usize, scratch: &mut Scratch) -> Vec<Vec<f64>> {
    let mut columns = vec![vec![0.0; lanes]; program.outputs()];
    let mut outputs: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
    program.run_block(inputs, &mut outputs, scratch);
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(from: f64, doses: usize, looks: &[f64]) -> Vec<(Range<usize>, Range<usize>, bool)> {
        pieces(from, 24.0, doses, looks).into_iter().map(|p| (p.doses, p.looks, p.plain)).collect()
    }

    #[test]
    fn intervals_are_parted_by_where_somebody_looks() {
        assert_eq!(found(0.0, 0, &[]), []);
        assert_eq!(found(24.0, 9, &[]), [(0..9, 0..0, true)]);
        // At the ends of the second and the last.
        assert_eq!(found(24.0, 9, &[72.0, 240.0]), [(0..9, 0..2, true)]);
        // At the first dose, and within the sixth interval: four are enough to be carried through, three are not.
        assert_eq!(found(0.0, 9, &[0.0]), [(0..1, 0..1, false), (1..9, 1..1, true)]);
        let parts = [(0..5, 0..1, true), (5..9, 1..3, false)];
        assert_eq!(found(0.0, 9, &[48.0, 130.0, 168.0]), parts);
    }
}
