//! The right-hand side of a model that is not linear, compiled once: for the lanes of a block and for one of them.

use super::lead::Lead;
use crate::expr::{Checked, Column, Held, Jets, Moving, Program, Scratch};
use crate::model::{Model, Structure};
use crate::ode::{Derivative, ORDER, System};

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
    lead: Lead,
    /// The states that do not lead, and their equations.
    followers: Vec<usize>,
    following: Program,
    /// Their equations, and behind them those of the leading compartments, where all are analytic.
    expansion: Option<Program>,
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
        let lead = Lead::new(model);
        let leads = |state: &usize| lead.compartments().any(|compartment| compartment == *state);
        let followers: Vec<usize> = (0..equations.len()).filter(|state| !leads(state)).collect();
        let mut field = Field {
            expansion: None,
            following: Program::compile(&followers.iter().map(|state| equations[*state]).collect::<Vec<_>>()),
            lead,
            followers,
            rhs: Program::compile(&equations),
            jacobian: Program::compile(&entries.iter().map(|(_, _, entry)| entry).collect::<Vec<_>>()),
            places: entries.iter().map(|(row, column, _)| (*row, *column)).collect(),
            time: Program::compile(&times.iter().collect::<Vec<_>>()),
            states: equations.len(),
            first: layout.compartment(0),
            clock: layout.time(),
        };
        let all: Vec<&Checked> = field.expanded().map(|state| equations[state]).collect();
        field.expansion = Some(Program::compile(&all));
        // Whether they are does not depend on the numbers.
        if field.jets(&vec![Column::Scalar(0.0); layout.count()], 1, 1).is_none() {
            field.expansion = None;
        }
        Some(field)
    }

    /// States, areas included.
    pub(crate) fn states(&self) -> usize {
        self.states
    }

    /// Row and column of the entries of the Jacobian that are not zero.
    pub(crate) fn pattern(&self) -> &[(usize, usize)] {
        &self.places
    }

    /// The field of equations that do not know the time, over the subjects of a block, side by side in so many lanes.
    /// `inputs` are those of the model's programs.
    pub(crate) fn lanes(&self, inputs: &[Column<'_>], subjects: usize, width: usize) -> Lanes {
        let state = |slot: usize| (self.first..self.clock).contains(&slot).then(|| (0, slot - self.first));
        let hold = |program: &Program| program.hold(inputs, subjects, width, state);
        Lanes { rhs: hold(&self.rhs), jacobian: hold(&self.jacobian) }
    }

    /// The compartments that are solved exactly beside the integration of the others.
    pub(super) fn lead(&self) -> &Lead {
        &self.lead
    }

    /// The states that are integrated where others lead, areas included.
    pub(super) fn followers(&self) -> &[usize] {
        &self.followers
    }

    /// The field of the followers over the subjects of a block, side by side in so many lanes. At every run it wants their
    /// states, those of the leading compartments, and the time.
    pub(super) fn following(&self, inputs: &[Column<'_>], subjects: usize, width: usize) -> Held {
        let leading: Vec<usize> = self.lead.compartments().collect();
        self.following.hold(inputs, subjects, width, |slot| {
            let compartment = slot.checked_sub(self.first).filter(|_| slot < self.clock);
            let among = |states: &[usize]| states.iter().position(|state| Some(*state) == compartment);
            match (compartment, slot == self.clock) {
                (None, true) => Some((2, 0)),
                (None, false) => None,
                (Some(_), _) => {
                    among(&self.followers).map(|row| (0, row)).or(among(&leading).map(|row| (1, row)))
                }
            }
        })
    }

    /// Whether there are [`Field::jets`].
    pub(super) fn is_analytic(&self) -> bool {
        self.expansion.is_some()
    }

    /// The states of [`Field::jets`]: the followers, then the leading compartments.
    pub(super) fn expanded(&self) -> impl Iterator<Item = usize> {
        self.followers.iter().copied().chain(self.lead.compartments())
    }

    /// The Taylor polynomials of the followers over the subjects of a block, side by side in so many lanes. `None` where
    /// the equations are not analytic.
    pub(super) fn jets(&self, inputs: &[Column<'_>], subjects: usize, width: usize) -> Option<Jets> {
        let program = self.expansion.as_ref()?;
        program.jets(inputs, (subjects, width), (ORDER, self.followers.len()), |slot| {
            let compartment = slot.checked_sub(self.first).filter(|_| slot < self.clock);
            let state = self.expanded().position(|state| Some(state) == compartment).map(Moving::State);
            state.or((slot == self.clock).then_some(Moving::Time))
        })
    }

    /// One lane by itself.
    pub(crate) fn alone(&self, inputs: &[Column<'_>], lane: usize) -> Alone<'_> {
        let value = |input: &Column<'_>| match input {
            Column::Scalar(value) => *value,
            Column::Slice(values) => values[lane],
        };
        let inputs = inputs.iter().map(value).collect();
        Alone { field: self, inputs, rates: Vec::new(), scratch: Scratch::new(), values: Vec::new() }
    }

    /// Whether the equations do not know the time.
    pub(crate) fn is_autonomous(&self) -> bool {
        [&self.rhs, &self.jacobian].iter().all(|program| !program.slots().contains(&self.clock))
    }
}

/// The field over some lanes of a block.
pub(crate) struct Lanes {
    rhs: Held,
    jacobian: Held,
}

impl Lanes {
    /// Takes a subject of the block into a lane.
    pub(crate) fn seat(&mut self, lane: usize, subject: usize) {
        self.rhs.seat(lane, subject);
        self.jacobian.seat(lane, subject);
    }

    /// Writes f(x) of equations that do not know the time; state i of lane l stands at `x[i * width + l]`.
    pub(crate) fn rhs(&mut self, x: &[f64], dx: &mut [f64]) {
        self.rhs.run(&[x], dx);
    }

    /// Writes the entries of the Jacobian of such equations: entry e of [`Field::pattern`], of lane l, to
    /// `entries[e * width + l]`.
    pub(crate) fn jacobian(&mut self, x: &[f64], entries: &mut [f64]) {
        self.jacobian.run(&[x], entries);
    }
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
