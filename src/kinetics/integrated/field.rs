//! The right-hand side of a model that is not linear, compiled once: for the lanes of a block and for one of them.

use crate::expr::{Checked, Column, Program, Scratch};
use crate::model::{Model, Structure};
use crate::ode::{Derivative, System};

/// The equations of a model, and behind them integrands whose areas are wanted.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    rhs: Program,
    jacobian: Program,
    places: Vec<(usize, usize)>,
    time: Program,
    /// States, areas included.
    states: usize,
    first: usize,
    clock: usize,
    slots: usize,
}

impl Field {
    /// The field of a model's equations with the areas of `integrands` as further states. `None` where the equations
    /// know the time since the last dose, which has no meaning over many routes.
    pub(crate) fn new(model: &Model, integrands: &[&Checked]) -> Option<Self> {
        let layout = model.layout();
        let equations: Vec<&Checked> =
            model.equations().iter().map(|e| &e.value).chain(integrands.iter().copied()).collect();
        if equations.iter().any(|e| e.depends_on(layout.time_after_dose())) {
            return None;
        }
        let n = model.compartments().len();
        let mut entries: Vec<(usize, usize, Checked)> = match model.structure() {
            Structure::Linear { matrix, .. } => matrix.clone(),
            Structure::Nonlinear { jacobian, .. } => jacobian.clone(),
        };
        for (row, integrand) in (n..).zip(integrands) {
            let by_state = (0..n).map(|k| (row, k, integrand.differentiate(layout.compartment(k))));
            entries.extend(by_state.filter(|(_, _, entry)| !entry.is_zero()));
        }
        let times: Vec<Checked> = equations.iter().map(|e| e.differentiate(layout.time())).collect();
        Some(Field {
            rhs: Program::compile(&equations),
            jacobian: Program::compile(&entries.iter().map(|(_, _, entry)| entry).collect::<Vec<_>>()),
            places: entries.iter().map(|(row, column, _)| (*row, *column)).collect(),
            time: Program::compile(&times.iter().collect::<Vec<_>>()),
            states: equations.len(),
            first: layout.compartment(0),
            clock: layout.time(),
            slots: layout.count(),
        })
    }

    /// States, areas included.
    pub(crate) fn states(&self) -> usize {
        self.states
    }

    /// Row and column of the entries of the Jacobian that are not zero.
    pub(crate) fn pattern(&self) -> &[(usize, usize)] {
        &self.places
    }

    /// Whether the equations do not know the time.
    pub(crate) fn is_autonomous(&self) -> bool {
        [&self.rhs, &self.jacobian].iter().all(|program| !program.slots().contains(&self.clock))
    }
}

/// The field over some lanes of a block. `inputs` are those of the model's programs over the whole block.
pub(crate) struct Lanes<'a> {
    field: &'a Field,
    inputs: &'a [Column<'a>],
    at: usize,
    scratch: Scratch,
    columns: Vec<Column<'static>>,
    outputs: Vec<&'static mut [f64]>,
}

impl<'a> Lanes<'a> {
    /// The lanes from `at` on.
    pub(crate) fn new(field: &'a Field, inputs: &'a [Column<'a>], at: usize) -> Self {
        let (scratch, columns) = (Scratch::new(), Vec::with_capacity(field.slots));
        Lanes { field, inputs, at, scratch, columns, outputs: Vec::with_capacity(field.states) }
    }

    /// Writes f(t, x); state i of lane l stands at `x[i * width + l]`.
    pub(crate) fn rhs(&mut self, t: Column<'_>, x: &[f64], dx: &mut [f64]) {
        let width = dx.len() / self.field.states;
        self.run(&self.field.rhs, t, x, width, dx.chunks_exact_mut(width));
    }

    /// Writes the entries of the Jacobian of equations that do not know the time: entry e of [`Field::pattern`], of
    /// lane l, to `entries[e * width + l]`.
    pub(crate) fn jacobian(&mut self, x: &[f64], entries: &mut [f64]) {
        let width = x.len() / self.field.states;
        self.run(&self.field.jacobian, Column::Scalar(0.0), x, width, entries.chunks_exact_mut(width));
    }

    /// Runs a program; nothing is allocated here: the rooms of the two lists are used again and again.
    fn run<'d>(
        &mut self,
        program: &Program,
        t: Column<'_>,
        x: &[f64],
        width: usize,
        results: impl Iterator<Item = &'d mut [f64]>,
    ) {
        let field = self.field;
        let mut columns: Vec<Column<'_>> = std::mem::take(&mut self.columns);
        columns.extend(self.inputs.iter().map(|input| match input {
            Column::Scalar(value) => Column::Scalar(*value),
            Column::Slice(values) => Column::Slice(&values[self.at..self.at + width]),
        }));
        for (slot, state) in columns[field.first..field.clock].iter_mut().zip(x.chunks_exact(width)) {
            *slot = Column::Slice(state);
        }
        columns[field.clock] = t;
        let mut outputs: Vec<&mut [f64]> = std::mem::take(&mut self.outputs);
        outputs.extend(results);
        program.run_block(&columns, &mut outputs, &mut self.scratch);
        self.columns = emptied(columns);
        outputs.clear();
        self.outputs = outputs.into_iter().map(|_| -> &'static mut [f64] { &mut [] }).collect();
    }

    /// One lane by itself.
    pub(crate) fn alone(&self, lane: usize) -> Alone<'a> {
        let value = |input: &Column<'_>| match input {
            Column::Scalar(value) => *value,
            Column::Slice(values) => values[self.at + lane],
        };
        let inputs = self.inputs.iter().map(value).collect();
        Alone { field: self.field, inputs, rates: Vec::new(), scratch: Scratch::new(), values: Vec::new() }
    }
}

/// The room of a list for the next one.
fn emptied<'b>(mut columns: Vec<Column<'_>>) -> Vec<Column<'b>> {
    columns.clear();
    columns.into_iter().map(|_| Column::Scalar(0.0)).collect()
}

/// The field of one lane.
pub(crate) struct Alone<'a> {
    field: &'a Field,
    inputs: Vec<f64>,
    rates: Vec<f64>,
    scratch: Scratch,
    values: Vec<f64>,
}

impl Alone<'_> {
    /// Sets the rates into the states, from the first on.
    pub(crate) fn feed(&mut self, rates: &[f64]) {
        self.rates.clear();
        self.rates.extend_from_slice(rates);
    }

    fn place(&mut self, t: f64, x: &[f64]) {
        let compartments = self.field.clock - self.field.first;
        self.inputs[self.field.first..self.field.clock].copy_from_slice(&x[..compartments]);
        self.inputs[self.field.clock] = t;
    }
}

impl System for Alone<'_> {
    fn dimension(&self) -> usize {
        self.field.states
    }

    fn rhs(&mut self, t: f64, x: &[f64], dx: &mut [f64]) {
        self.place(t, x);
        self.field.rhs.run(&self.inputs, dx, &mut self.scratch);
        for (dx, rate) in dx.iter_mut().zip(&self.rates) {
            *dx += rate;
        }
    }

    fn jacobian(&mut self, t: f64, x: &[f64], j: &mut [f64]) -> Derivative {
        self.place(t, x);
        self.values.resize(self.field.places.len(), 0.0);
        self.field.jacobian.run(&self.inputs, &mut self.values, &mut self.scratch);
        j.fill(0.0);
        for ((row, column), value) in self.field.places.iter().zip(&self.values) {
            j[row * x.len() + column] = *value;
        }
        Derivative::Written
    }

    fn time_derivative(&mut self, t: f64, x: &[f64], dt: &mut [f64]) -> Derivative {
        self.place(t, x);
        self.field.time.run(&self.inputs, dt, &mut self.scratch);
        Derivative::Written
    }
}
