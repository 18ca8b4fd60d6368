//! A model's equations for one subject, as the linear system or the right-hand side that they are.

use super::{Individual, Place, Prepared, RightHandSide};
use crate::expr::{Program, Scratch};
use crate::kinetics::subject::{Equations, LinearSystem, Reason};
use crate::ode::Derivative;

/// Room for a program's results.
#[derive(Debug, Default)]
pub(super) struct Work {
    scratch: Scratch,
    values: Vec<f64>,
}

impl Work {
    /// Runs a program for one record.
    pub(super) fn run(&mut self, program: &Program, inputs: &[f64]) -> &[f64] {
        self.values.resize(program.outputs(), 0.0);
        program.run(inputs, &mut self.values, &mut self.scratch);
        &self.values
    }
}

/// A model's linear system for one subject.
pub(super) struct Coefficients<'a, 'm> {
    prepared: &'a Prepared<'m>,
    individual: &'a Individual,
    places: &'a [Place],
    program: &'a Program,
    work: Work,
}

impl<'a, 'm> Coefficients<'a, 'm> {
    /// The system of one subject.
    pub(super) fn new(
        prepared: &'a Prepared<'m>,
        individual: &'a Individual,
        places: &'a [Place],
        program: &'a Program,
    ) -> Self {
        Coefficients { prepared, individual, places, program, work: Work::default() }
    }
}

fn row(individual: &Individual, record: usize) -> Result<&[f64], Reason> {
    let row = individual
        .records
        .get(record)
        .ok_or_else(|| Reason::Parameters("the record has no parameters".into()))?;
    Ok(row)
}

impl LinearSystem for Coefficients<'_, '_> {
    fn states(&self) -> usize {
        self.prepared.model.compartments().len()
    }

    fn coefficients(
        &mut self,
        record: usize,
        matrix: &mut [f64],
        constant: &mut [f64],
        initial: &mut [f64],
    ) -> Result<(), Reason> {
        let n = constant.len();
        let inputs = row(self.individual, record)?;
        for (place, value) in self.places.iter().zip(self.work.run(self.program, inputs)) {
            match place {
                Place::Matrix(i, j) => matrix[i * n + j] = *value,
                Place::Input(i) => constant[*i] = *value,
            }
        }
        self.prepared.write_initial(inputs, &mut self.work, initial)
    }
}

/// A model's right-hand side for one subject.
pub(super) struct Integrand<'a, 'm> {
    prepared: &'a Prepared<'m>,
    equations: &'a RightHandSide,
    individual: &'a Individual,
    inputs: Vec<f64>,
    last_dose: Option<f64>,
    doses: f64,
    work: Work,
}

impl<'a, 'm> Integrand<'a, 'm> {
    /// The equations of one subject.
    pub(super) fn new(
        prepared: &'a Prepared<'m>,
        equations: &'a RightHandSide,
        individual: &'a Individual,
    ) -> Self {
        let inputs = vec![0.0; prepared.model.layout().count()];
        Integrand {
            prepared,
            equations,
            individual,
            inputs,
            last_dose: None,
            doses: 0.0,
            work: Work::default(),
        }
    }

    fn place(&mut self, t: f64, x: &[f64]) {
        let layout = self.prepared.model.layout();
        let first = layout.compartment(0);
        self.inputs[first..first + x.len()].copy_from_slice(x);
        self.inputs[layout.time()] = t;
        self.inputs[layout.time_after_dose()] = self.last_dose.map_or(0.0, |last| t - last);
        self.inputs[layout.doses_so_far()] = self.doses;
    }
}

impl Equations for Integrand<'_, '_> {
    fn states(&self) -> usize {
        self.prepared.model.compartments().len()
    }

    fn hold(&mut self, record: usize) -> Result<(), Reason> {
        self.inputs.copy_from_slice(row(self.individual, record)?);
        Ok(())
    }

    fn same(&self, one: usize, other: usize) -> bool {
        let records = &self.individual.records;
        one == other || records.get(one).is_some_and(|row| records.get(other) == Some(row))
    }

    fn initial(&mut self, _time: f64, state: &mut [f64]) -> Result<(), Reason> {
        self.prepared.write_initial(&self.inputs, &mut self.work, state)
    }

    fn given(&mut self, time: f64) {
        self.last_dose = Some(time);
        self.doses += 1.0;
    }

    fn dose_clock(&self) -> bool {
        self.equations.dose_clock
    }

    fn rhs(&mut self, t: f64, x: &[f64], dx: &mut [f64]) {
        self.place(t, x);
        self.equations.rhs.run(&self.inputs, dx, &mut self.work.scratch);
    }

    fn jacobian(&mut self, t: f64, x: &[f64], j: &mut [f64]) -> Derivative {
        self.place(t, x);
        j.fill(0.0);
        for ((row, column), value) in
            self.equations.places.iter().zip(self.work.run(&self.equations.jacobian, &self.inputs))
        {
            j[row * x.len() + column] = *value;
        }
        Derivative::Written
    }

    fn time_derivative(&mut self, t: f64, x: &[f64], dt: &mut [f64]) -> Derivative {
        self.place(t, x);
        self.equations.time.run(&self.inputs, dt, &mut self.work.scratch);
        Derivative::Written
    }
}
