//! Biomarkers over a block of subjects: equations driven by an exposure that is constant over a segment of time.
//!
//! Where the equations are linear in their states for a given exposure they are solved exactly: over a segment of
//! length h, x(h) = x + F (A x + u) with F the integral of exp(A s) from 0 to h. The others are integrated, each lane
//! with its own steps.

use super::integrated::{Field, Integration};
use super::linear::{Integral, LinearSystem};
use crate::expr::{Column, Program, Scratch};
use crate::model::{Model, Structure};
use crate::ode::OdeError;

/// Why a model is no biomarker's.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DrivenError {
    /// It has no driver, or several.
    #[error("a biomarker has one driver under `[drivers]`, not {0}")]
    Drivers(usize),
    /// It has no output.
    #[error("a biomarker has an output: its value")]
    NoOutput,
    /// The equations know the time since the last dose.
    #[error("the equations depend on the time since the last dose, which a biomarker does not know")]
    DoseClock,
    /// Tolerances are of no use.
    #[error("{0}")]
    Settings(crate::ode::SettingsError),
}

/// A biomarker's model, compiled.
#[derive(Clone, Debug)]
pub struct DrivenModel {
    dynamics: Dynamics,
    states: usize,
    initial: Vec<usize>,
    start: Program,
    output: Program,
    first: usize,
    driver: usize,
}

#[derive(Clone, Debug)]
enum Dynamics {
    Linear { matrix: Vec<usize>, input: Vec<usize>, program: Program },
    Integrated(Box<Field>, Integration),
}

impl DrivenModel {
    /// Compiles a model with one driver; its first output is the biomarker's value.
    ///
    /// # Errors
    /// Where the model is no biomarker's.
    pub fn new(model: &Model) -> Result<Self, DrivenError> {
        let (layout, n) = (model.layout(), model.compartments().len());
        if model.drivers().len() != 1 {
            return Err(DrivenError::Drivers(model.drivers().len()));
        }
        let output = model.outputs().first().ok_or(DrivenError::NoOutput)?;
        let dynamics = match model.structure() {
            Structure::Linear { matrix, input } => {
                let values: Vec<_> = matrix.iter().map(|e| &e.2).chain(input.iter().map(|e| &e.1)).collect();
                Dynamics::Linear {
                    matrix: matrix.iter().map(|(row, column, _)| row * n + column).collect(),
                    input: input.iter().map(|(row, _)| *row).collect(),
                    program: Program::compile(&values),
                }
            }
            Structure::Nonlinear { .. } => {
                let field = Field::new(model, &[]).ok_or(DrivenError::DoseClock)?;
                let integration = Integration::new(model, &field).map_err(DrivenError::Settings)?;
                Dynamics::Integrated(Box::new(field), integration)
            }
        };
        Ok(DrivenModel {
            dynamics,
            states: n,
            initial: model.initial().iter().map(|(place, _)| *place).collect(),
            start: Program::compile(&model.initial().iter().map(|(_, value)| value).collect::<Vec<_>>()),
            output: Program::compile(&[&output.value]),
            first: layout.compartment(0),
            driver: layout.driver(0),
        })
    }
}

/// A biomarker of a block of subjects on its way.
#[derive(Debug)]
pub struct Driven<'a> {
    model: &'a DrivenModel,
    inputs: Vec<Column<'a>>,
    lanes: usize,
    clock: f64,
    x: Vec<f64>,
    failures: Vec<(usize, OdeError)>,
    scratch: Scratch,
}

impl<'a> Driven<'a> {
    /// Subjects at their beginning, from the inputs of the model's programs (see [`crate::model::Layout`]).
    pub fn new(model: &'a DrivenModel, inputs: Vec<Column<'a>>, lanes: usize) -> Self {
        let mut driven = Driven {
            model,
            inputs,
            lanes,
            clock: 0.0,
            x: vec![0.0; model.states * lanes],
            failures: Vec::new(),
            scratch: Scratch::new(),
        };
        for (place, column) in model.initial.iter().zip(driven.run(&model.start)) {
            driven.x[place * lanes..(place + 1) * lanes].copy_from_slice(&column);
        }
        driven
    }

    /// The subjects (by their places in the block) that could not be solved, and why.
    pub fn failures(&self) -> &[(usize, OdeError)] {
        &self.failures
    }

    fn run(&mut self, program: &Program) -> Vec<Vec<f64>> {
        run(program, &self.inputs, self.lanes, &mut self.scratch)
    }

    /// The biomarker's values (coherent units), one a subject; not a number for a subject that could not be solved.
    pub fn values(&mut self) -> Vec<f64> {
        let mut inputs: Vec<Column<'_>> = self.inputs.clone();
        for (slot, state) in inputs[self.model.first..].iter_mut().zip(self.x.chunks_exact(self.lanes.max(1)))
        {
            *slot = Column::Slice(state);
        }
        let mut columns = run(&self.model.output, &inputs, self.lanes, &mut self.scratch);
        columns.pop().unwrap_or_default()
    }

    /// Goes on for a time (h) under exposures (coherent units, one a subject) that stay constant.
    pub fn advance(&mut self, hours: f64, exposures: &[f64]) {
        let mut inputs: Vec<Column<'_>> = self.inputs.clone();
        inputs[self.model.driver] = Column::Slice(exposures);
        match &self.model.dynamics {
            Dynamics::Linear { matrix, input, program } => {
                let columns = run(program, &inputs, self.lanes, &mut self.scratch);
                self.exactly(hours, matrix, input, &columns);
            }
            Dynamics::Integrated(field, integration) => {
                let span = (self.clock, self.clock + hours);
                let failed = integration.stretch(field, &inputs, span, self.lanes, &mut self.x);
                self.failures.extend(failed);
            }
        }
        self.clock += hours;
    }

    fn exactly(&mut self, hours: f64, matrix: &[usize], input: &[usize], columns: &[Vec<f64>]) {
        let (n, lanes) = (self.model.states, self.lanes);
        // Where all subjects have the same matrix it is solved for one of them.
        let alike = |column: &Vec<f64>| column.iter().all(|v| v.to_bits() == column[0].to_bits());
        let alike = columns[..matrix.len()].iter().all(alike);
        let solved = if alike { lanes.min(1) } else { lanes };
        let zero = vec![0.0; solved];
        let mut entries: Vec<&[f64]> = vec![&zero; n * n];
        for (&place, column) in matrix.iter().zip(columns) {
            entries[place] = &column[..solved];
        }
        let mut slope = vec![0.0; n * lanes];
        for (&place, column) in matrix.iter().zip(columns) {
            let (row, from) = (place / n, place % n);
            for lane in 0..lanes {
                slope[row * lanes + lane] += column[lane] * self.x[from * lanes + lane];
            }
        }
        for (&row, column) in input.iter().zip(&columns[matrix.len()..]) {
            for (slope, value) in slope[row * lanes..].iter_mut().zip(column) {
                *slope += value;
            }
        }
        let Ok(system) = LinearSystem::any(n, &entries, solved) else { return };
        let area = system.response(Integral::Once, &vec![hours; system.padded()]);
        for row in 0..n {
            for from in 0..n {
                let factors = area.entry(row, from);
                let factor = |lane: usize| factors[if alike { 0 } else { lane }];
                let slope = slope[from * lanes..(from + 1) * lanes].iter().enumerate();
                for (x, (lane, slope)) in self.x[row * lanes..].iter_mut().zip(slope) {
                    *x += factor(lane) * slope;
                }
            }
        }
    }
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
    use crate::document::{Files, Shipped};
    use crate::model::Choices;
    use crate::ode::{Integrator, Method, Settings, System, Tolerances};

    fn shipped(name: &str) -> Model {
        Model::read(&Shipped.open(name).unwrap(), &Choices::default()).unwrap().0
    }

    /// Inputs of a model's programs: typical values, then columns for covariates, effects and individual parameters.
    fn inputs<'a>(model: &Model, columns: &'a [Vec<f64>]) -> Vec<Column<'a>> {
        let mut inputs = vec![Column::Scalar(0.0); model.layout().count()];
        for (slot, p) in inputs.iter_mut().zip(model.parameters()) {
            *slot = Column::Scalar(p.value.coherent());
        }
        for (slot, column) in inputs[model.layout().covariate(0)..].iter_mut().zip(columns) {
            *slot = Column::Slice(column);
        }
        inputs
    }

    /// Covariate, effects and individual parameters of subjects.
    fn subjects(model: &Model, baseline: f64, who: std::ops::Range<usize>) -> Vec<Vec<f64>> {
        let wave = |k: usize| move |l: usize| libm::sin((3 * k + 1) as f64 * (l + 1) as f64);
        let mut columns: Vec<Vec<f64>> =
            vec![who.clone().map(|l| baseline * (1.0 + 0.1 * wave(0)(l))).collect()];
        for (k, effect) in model.effects().list().iter().enumerate() {
            columns.push(who.clone().map(|l| 2.5 * effect.sd * wave(k + 1)(l)).collect());
        }
        let values: Vec<_> = model.individual().iter().map(|d| &d.value).collect();
        let own = run(&Program::compile(&values), &inputs(model, &columns), who.len(), &mut Scratch::new());
        columns.extend(own);
        columns
    }

    /// A year: 12 weeks on 45 mg, 12 on 30 mg, 4 without drug, 24 on 15 mg, in h and mg/L.
    const YEAR: [(f64, f64); 4] = [(2016.0, 0.0463), (2016.0, 0.0309), (672.0, 0.0), (4032.0, 0.0154)];

    fn exposure(average: f64, lane: usize) -> f64 {
        average * (1.0 + 0.5 * libm::sin(7.0 * lane as f64))
    }

    /// Values at the ends of the segments of [`YEAR`], one row a segment.
    fn year(model: &Model, baseline: f64, who: std::ops::Range<usize>) -> Vec<Vec<f64>> {
        let compiled = DrivenModel::new(model).unwrap();
        let columns = subjects(model, baseline, who.clone());
        let mut driven = Driven::new(&compiled, inputs(model, &columns), who.len());
        let segment = |&(hours, average): &(f64, f64)| {
            driven.advance(hours, &who.clone().map(|l| exposure(average, l)).collect::<Vec<_>>());
            driven.values()
        };
        let values = YEAR.iter().map(segment).collect();
        assert!(driven.failures().is_empty());
        values
    }

    /// One subject of a model, by the integrator for one.
    struct One<'a> {
        model: &'a Model,
        program: Program,
        inputs: Vec<f64>,
    }

    impl System for One<'_> {
        fn dimension(&self) -> usize {
            self.model.compartments().len()
        }

        fn rhs(&mut self, _t: f64, x: &[f64], dx: &mut [f64]) {
            let first = self.model.layout().compartment(0);
            self.inputs[first..first + x.len()].copy_from_slice(x);
            self.program.run(&self.inputs, dx, &mut Scratch::new());
        }
    }

    /// The same by the integrator for one subject with tight tolerances.
    fn witness(model: &Model, baseline: f64, subject: usize) -> Vec<f64> {
        let columns = subjects(model, baseline, subject..subject + 1);
        let inputs: Vec<f64> = inputs(model, &columns)
            .iter()
            .map(|input| match input {
                Column::Scalar(value) => *value,
                Column::Slice(values) => values[0],
            })
            .collect();
        let equations: Vec<_> = model.equations().iter().map(|e| &e.value).collect();
        let mut one = One { model, program: Program::compile(&equations), inputs };
        let mut x = vec![0.0; model.compartments().len()];
        for (place, value) in model.initial() {
            let mut start = [0.0];
            Program::compile(&[value]).run(&one.inputs, &mut start, &mut Scratch::new());
            x[*place] = start[0];
        }
        let largest = x.iter().fold(1e-3, |a: f64, b| a.max(*b));
        let tolerances = Tolerances::uniform(1e-11, 1e-12 * largest).unwrap();
        let mut integrator = Integrator::new(Settings::new(Method::DormandPrince, tolerances));
        YEAR.iter()
            .map(|&(hours, average)| {
                one.inputs[model.layout().driver(0)] = exposure(average, subject);
                integrator.integrate(&mut one, 0.0, &mut x, hours, &[], |_, _, _| ()).unwrap();
                let mut value = [0.0];
                let output = Program::compile(&[&model.outputs()[0].value]);
                let first = model.layout().compartment(0);
                one.inputs[first..first + x.len()].copy_from_slice(&x);
                output.run(&one.inputs, &mut value, &mut Scratch::new());
                value[0]
            })
            .collect()
    }

    /// The largest relative difference between a block and the witness.
    fn difference(name: &str, baseline: f64) -> f64 {
        let model = shipped(name);
        let block = year(&model, baseline, 0..40);
        (0..40)
            .flat_map(|subject| {
                let witness = witness(&model, baseline, subject);
                (0..YEAR.len()).map(|k| (block[k][subject] / witness[k] - 1.0).abs()).collect::<Vec<_>>()
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn linear_biomarkers_are_exact() {
        for (name, baseline) in
            [("haemoglobin-red-cells", 0.137), ("haemoglobin-red-cells-flat", 0.115), ("albumin-fang", 0.039)]
        {
            let model = shipped(name);
            assert!(model.structure().is_linear(), "{name}");
            let found = difference(name, baseline);
            assert!(found < 1e-9, "{name}: {found}");
        }
    }

    #[test]
    fn neutrophils_over_a_block_keep_their_tolerance() {
        let found = difference("neutrophils-kloft", 5.22e9);
        assert!(found < 1e-3, "{found}");
    }

    #[test]
    fn neutrophils_come_to_the_rest_that_algebra_gives() {
        // At rest the feedback makes up for the drug: circulating = level (1 - slope C)^(1/gamma).
        let model = shipped("neutrophils-kloft");
        let compiled = DrivenModel::new(&model).unwrap();
        let columns = vec![vec![5.22e9], vec![0.0], vec![0.0], vec![0.0]];
        let own: Vec<_> = model.individual().iter().map(|d| &d.value).collect();
        let own = run(&Program::compile(&own), &inputs(&model, &columns), 1, &mut Scratch::new());
        let columns: Vec<Vec<f64>> = columns.into_iter().chain(own).collect();
        let mut driven = Driven::new(&compiled, inputs(&model, &columns), 1);
        let before = driven.values()[0];
        driven.advance(20_000.0, &[0.0309]);
        let expected = libm::pow(1.0 - 0.00049 * 30.9, 1.0 / 0.1445);
        assert!((driven.values()[0] / before - expected).abs() < 1e-4, "{:?} {expected}", driven.values());
    }

    #[test]
    fn a_lane_does_not_know_its_company() {
        for (name, baseline) in [("neutrophils-kloft", 5.22e9), ("haemoglobin-red-cells", 0.137)] {
            let model = shipped(name);
            let together = year(&model, baseline, 0..150);
            for (from, to) in [(0, 1), (17, 18), (100, 150)] {
                for (whole, part) in together.iter().zip(year(&model, baseline, from..to)) {
                    assert_eq!(whole[from..to], part, "{name} {from}");
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_computed_is_no_number_and_touches_nobody() {
        for name in ["neutrophils-kloft", "haemoglobin-red-cells"] {
            let model = shipped(name);
            let compiled = DrivenModel::new(&model).unwrap();
            let columns = subjects(&model, 1.0, 0..20);
            let mut exposures = vec![0.03; 20];
            let mut well = Driven::new(&compiled, inputs(&model, &columns), 20);
            well.advance(1000.0, &exposures);
            exposures[7] = f64::NAN;
            let mut ill = Driven::new(&compiled, inputs(&model, &columns), 20);
            ill.advance(1000.0, &exposures);
            for (subject, (well, ill)) in well.values().iter().zip(ill.values()).enumerate() {
                assert!(if subject == 7 { ill.is_nan() } else { *well == ill }, "{name} {subject}");
            }
        }
    }
}
