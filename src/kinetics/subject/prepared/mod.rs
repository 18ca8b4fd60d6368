//! A model made ready for solving: its programs compiled once for all subjects.

mod systems;
mod ways;

use std::borrow::Cow;

use super::{Failure, Linear, Ode, Reason, walk};
use crate::dosing::record::{Carry, Kind, Record, Target};
use crate::dosing::timeline::{Change, Fault, Timeline, Unresolved};
use crate::expr::{Checked, Program, Scratch};
use crate::model::{Method, Model, Solver, Structure};
use crate::ode::{self, Settings, SettingsError, Tolerances};
use systems::{Coefficients, Integrand, Work};
use ways::Way;

/// What one subject is, record by record: the inputs of the model's programs in the model's layout (typical values,
/// covariates, random effects, individual parameters; what follows them is written here), in coherent units.
#[derive(Clone, Debug, Default)]
pub struct Individual {
    /// One row a record, each as long as the layout.
    pub records: Vec<Vec<f64>>,
}

/// The equations, compiled.
#[derive(Clone, Debug)]
enum Dynamic {
    Linear { places: Vec<Place>, program: Program },
    Nonlinear(Box<RightHandSide>),
}

/// Equations that are integrated.
#[derive(Clone, Debug)]
struct RightHandSide {
    rhs: Program,
    /// The entries of the Jacobian that are not zero, and where they stand.
    jacobian: Program,
    places: Vec<(usize, usize)>,
    /// The derivative by time.
    time: Program,
    /// Whether the time since the last dose or the doses so far count.
    dose_clock: bool,
}

/// Where a coefficient goes.
#[derive(Clone, Copy, Debug)]
enum Place {
    Matrix(usize, usize),
    Input(usize),
}

/// A model whose programs are compiled.
#[derive(Clone, Debug)]
pub struct Prepared<'m> {
    model: &'m Model,
    compartments: Vec<Way>,
    formulations: Vec<Vec<Way>>,
    dynamic: Dynamic,
    initial: Program,
    outputs: Program,
    settings: Settings,
}

impl<'m> Prepared<'m> {
    /// Compiles a model's programs. `solver` is used where the equations are not linear.
    ///
    /// # Errors
    /// Where the tolerances are of no use.
    pub fn new(model: &'m Model, solver: &Solver) -> Result<Self, SettingsError> {
        let layout = model.layout();
        let dynamic = match model.structure() {
            Structure::Linear { matrix, input } => Dynamic::Linear {
                places: matrix
                    .iter()
                    .map(|(row, column, _)| Place::Matrix(*row, *column))
                    .chain(input.iter().map(|(row, _)| Place::Input(*row)))
                    .collect(),
                program: compile(
                    matrix.iter().map(|(_, _, rate)| rate).chain(input.iter().map(|(_, rate)| rate)),
                ),
            },
            Structure::Nonlinear { jacobian, .. } => {
                let (clock, dose) = (layout.time(), layout.time_after_dose());
                let times: Vec<Checked> = model
                    .equations()
                    .iter()
                    .map(|e| e.value.differentiate(clock).add(&e.value.differentiate(dose)))
                    .collect();
                Dynamic::Nonlinear(Box::new(RightHandSide {
                    rhs: compile(model.equations().iter().map(|e| &e.value)),
                    jacobian: compile(jacobian.iter().map(|(_, _, entry)| entry)),
                    places: jacobian.iter().map(|(row, column, _)| (*row, *column)).collect(),
                    time: compile(times.iter()),
                    dose_clock: model
                        .equations()
                        .iter()
                        .any(|e| e.value.depends_on(dose) || e.value.depends_on(layout.doses_so_far())),
                }))
            }
        };
        Ok(Prepared {
            model,
            compartments: model
                .doses()
                .iter()
                .enumerate()
                .map(|(place, dose)| Way::own(place, dose))
                .collect(),
            formulations: model
                .formulations()
                .iter()
                .map(|f| f.routes.iter().map(Way::route).collect())
                .collect(),
            dynamic,
            initial: compile(model.initial().iter().map(|(_, value)| value)),
            outputs: compile(
                model
                    .outputs()
                    .iter()
                    .map(|output| &output.value)
                    .chain(model.outputs().iter().filter_map(|output| Some(&output.residual.as_ref()?.sd))),
            ),
            settings: settings(model, solver)?,
        })
    }

    /// The model.
    pub fn model(&self) -> &'m Model {
        self.model
    }

    /// The timeline of one subject. A record's CMT names a compartment (by number or name) or a formulation; without
    /// one, a dose goes into the model's only formulation, or into the first compartment where there is none.
    ///
    /// # Errors
    /// Where a dose goes nowhere, an attribute is outside its range, or RATE asks for what the model does not have.
    pub fn timeline(&self, records: &[Record], individual: &Individual) -> Result<Timeline, Unresolved> {
        let mut scratch = Scratch::new();
        let records = self.coherent(records)?;
        Timeline::resolve(&records, |record, dose, out| {
            let inputs = individual.records.get(record).ok_or("the record has no parameters")?;
            for way in self.ways(dose.target())? {
                out.push(way.entry(inputs, &mut scratch));
            }
            Ok(())
        })
    }

    /// The records with amounts and rates in coherent units: data give them in the unit of the compartment.
    fn coherent<'r>(&self, records: &'r [Record]) -> Result<Cow<'r, [Record]>, Unresolved> {
        if self.model.compartments().iter().all(|compartment| compartment.unit.scale() == 1.0) {
            return Ok(Cow::Borrowed(records));
        }
        let mut scaled = records.to_vec();
        for (index, record) in scaled.iter_mut().enumerate() {
            let refuse = |fault, message| Unresolved { record: index, fault, message };
            let (Kind::Dose(dose) | Kind::ResetAndDose(dose)) = &mut record.kind else { continue };
            let ways = self.ways(dose.target()).map_err(|message| refuse(Fault::Target, message))?;
            let compartment = ways.first().and_then(|way| self.model.compartments().get(way.compartment()));
            let factor = compartment.map_or(1.0, |compartment| compartment.unit.scale());
            *dose = dose.scaled(factor).map_err(|error| refuse(Fault::Target, error.to_string()))?;
        }
        Ok(Cow::Owned(scaled))
    }

    /// The ways in which a dose to this target enters.
    fn ways(&self, target: &Target) -> Result<&[Way], String> {
        let one = |place: usize| self.compartments.get(place..=place);
        let known = || {
            let names = self.model.compartments().iter().map(|c| c.name.as_str());
            let all: Vec<&str> =
                names.chain(self.model.formulations().iter().map(|f| f.name.as_str())).collect();
            all.join(", ")
        };
        match target {
            Target::Default if self.formulations.is_empty() => {
                one(0).ok_or_else(|| "the model has no compartment".into())
            }
            Target::Default => match &self.formulations[..] {
                [only] => Ok(only),
                _ => Err(format!("CMT must say which formulation is given; the model has {}", known())),
            },
            Target::Number(number) => number.checked_sub(1).and_then(one).ok_or_else(|| {
                format!("there is no compartment {number}; the model has {}", self.compartments.len())
            }),
            Target::Named(name) => {
                let formulation = self.model.formulations().iter().position(|f| f.name == *name);
                if let Some(ways) = formulation.and_then(|place| self.formulations.get(place)) {
                    return Ok(ways);
                }
                let compartment = self.model.compartments().iter().position(|c| c.name == *name);
                compartment.and_then(one).ok_or_else(|| {
                    format!(
                        "`{name}` is no compartment and no formulation of the model, which has {}",
                        known()
                    )
                })
            }
        }
    }

    /// Solves the model for one subject and shows the outputs at every record, in order and in coherent units: the
    /// index of the record, its time (h), the outputs (and behind them the standard deviations of the residual errors
    /// of those that have one) and the states.
    ///
    /// # Errors
    /// The first failure; the records before it have been shown.
    pub fn solve(
        &self,
        timeline: &Timeline,
        individual: &Individual,
        carry: Carry,
        mut look: impl FnMut(usize, f64, &[f64], &[f64]),
    ) -> Result<(), Failure> {
        let layout = self.model.layout();
        let first = layout.compartment(0);
        let mut scratch = Scratch::new();
        let mut inputs = vec![0.0; layout.count()];
        let mut outputs = vec![0.0; self.outputs.outputs()];
        let mut clock = DoseClock::new(timeline);
        let show = |record: usize, time: f64, state: &[f64]| {
            if let Some(row) = individual.records.get(record) {
                inputs.copy_from_slice(row);
            }
            inputs[first..first + state.len()].copy_from_slice(state);
            inputs[layout.time()] = time;
            inputs[layout.time_after_dose()] = clock.since(record, time);
            inputs[layout.doses_so_far()] = clock.doses;
            self.outputs.run(&inputs, &mut outputs, &mut scratch);
            look(record, time, &outputs, state);
        };
        match &self.dynamic {
            Dynamic::Linear { places, program } => {
                let system = Coefficients::new(self, individual, places, program);
                walk(timeline, &mut Linear::new(system), carry, show)
            }
            Dynamic::Nonlinear(equations) => {
                let system = Integrand::new(self, equations, individual);
                walk(timeline, &mut Ode::new(system, self.settings.clone()), carry, show)
            }
        }
    }

    fn write_initial(&self, inputs: &[f64], work: &mut Work, state: &mut [f64]) -> Result<(), Reason> {
        let values = work.run(&self.initial, inputs);
        for ((place, _), value) in self.model.initial().iter().zip(values) {
            if let Some(x) = state.get_mut(*place) {
                *x = *value;
            }
        }
        Ok(())
    }
}

/// One program for all these values.
fn compile<'a>(values: impl Iterator<Item = &'a Checked>) -> Program {
    Program::compile(&values.collect::<Vec<_>>())
}

/// The integrator's settings; absolute tolerances are in the units of the compartments.
fn settings(model: &Model, solver: &Solver) -> Result<Settings, SettingsError> {
    let absolute = model.compartments().iter().map(|c| c.unit.to_coherent(solver.absolute)).collect();
    let tolerances = Tolerances::per_state(solver.relative, absolute)?;
    let method = match solver.method {
        Method::Automatic => ode::Method::Automatic,
        Method::Explicit => ode::Method::Tsitouras,
        Method::Stiff => ode::Method::Rosenbrock,
    };
    Ok(Settings::new(method, tolerances))
}

/// The time since the last dose was given and the doses so far, at records in order.
struct DoseClock<'a> {
    timeline: &'a Timeline,
    next: usize,
    last: Option<f64>,
    doses: f64,
}

impl<'a> DoseClock<'a> {
    fn new(timeline: &'a Timeline) -> Self {
        DoseClock { timeline, next: 0, last: None, doses: 0.0 }
    }

    fn since(&mut self, record: usize, time: f64) -> f64 {
        while let Some(event) = self.timeline.events().get(self.next) {
            match event.change {
                Change::Given => (self.last, self.doses) = (Some(event.time), self.doses + 1.0),
                Change::Look if event.record == record => break,
                _ => {}
            }
            self.next += 1;
        }
        self.last.map_or(0.0, |last| time - last)
    }
}
