//! The figures that models are to meet, worked out: what comes out beside what should.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Problems, Source};
use crate::document::SHIPPED;
use crate::dosing::record::{Carry, Kind, Record, Target};
use crate::expr::{Column, Scratch};
use crate::kinetics::subject::{Individual, Prepared};
use crate::model::{Basis, Check, Choices, Figure, Measure, Model, Setting};
use crate::population::Individuals;
use crate::units::Quantity;

/// A figure of a model beside what it should be.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The name of the model.
    pub model: String,
    /// What the figure is about.
    pub what: String,
    /// What was read off the simulation.
    pub figure: String,
    /// What should come out.
    pub expected: Quantity,
    /// What came out, in the unit of `expected`.
    pub found: f64,
    /// The relative difference that is allowed (a fraction).
    pub tolerance: f64,
    /// Who says what should come out.
    pub basis: Basis,
    /// The publication or the program.
    pub source: String,
}

impl Outcome {
    /// How far off the figure is, relative to what it should be (a fraction).
    pub fn difference(&self) -> f64 {
        self.found / self.expected.value() - 1.0
    }

    /// Whether the figure is as near as it should be.
    pub fn passes(&self) -> bool {
        self.difference().abs() <= self.tolerance
    }
}

/// The figures of every shipped model.
///
/// # Errors
/// As [`checks`].
pub fn shipped() -> Result<Vec<Outcome>, Problems> {
    let models = SHIPPED.iter().filter(|(_, text)| text.contains("\n[model]"));
    let outcomes = models.map(|(name, text)| checks(&Source::new(format!("{name}.toml"), *text)));
    Ok(outcomes.collect::<Result<Vec<_>, _>>()?.concat())
}

/// The figures of one model file, in its order.
///
/// # Errors
/// What reading the file refuses; E0905 where a figure cannot be worked out.
pub fn checks(source: &Arc<Source>) -> Result<Vec<Outcome>, Problems> {
    let (model, _) = Model::read(source, &Choices::default())?;
    model.checks().iter().map(|check| outcome(source, model.name(), check)).collect()
}

fn outcome(source: &Arc<Source>, model: &str, check: &Check) -> Result<Outcome, Problems> {
    let mut found = worked_out(source, &check.setting, &check.figure)?;
    if let Some(against) = &check.against {
        found /= worked_out(source, against, &check.figure)?;
    }
    Ok(Outcome {
        model: model.to_owned(),
        what: check.what.clone(),
        figure: check.figure.text.clone(),
        expected: check.expected.clone(),
        found: check.expected.unit().from_coherent(found),
        tolerance: check.tolerance,
        basis: check.basis,
        source: check.source.clone(),
    })
}

/// A figure of one simulation, in coherent units.
fn worked_out(source: &Arc<Source>, setting: &Setting, figure: &Figure) -> Result<f64, Problems> {
    let (model, _) = Model::read(source, &setting.choices)?;
    let refuse = |message: String| {
        Problems::from(Diagnostic::error("E0905", format!("{}: `{}`: {message}", model.name(), figure.text)))
    };
    let inputs = typical(&model, setting).map_err(refuse)?;
    let course = Course { model: &model, inputs, setting, output: figure.output };
    read_off(&course, figure).map_err(refuse)
}

/// The inputs of the model's programs for the typical subject.
fn typical(model: &Model, setting: &Setting) -> Result<Vec<f64>, String> {
    let value = |covariate: &crate::model::Covariate| {
        let given = setting.covariates.iter().find(|(name, _)| *name == covariate.name);
        covariate.fixed.or(given.map(|(_, value)| *value)).or(covariate.reference()).map_or_else(
            || Err(format!("`{}` has no reference value and is not given", covariate.name)),
            |value| Ok(vec![value]),
        )
    };
    let covariates = model.covariates().iter().map(value).collect::<Result<Vec<_>, _>>()?;
    let effects = vec![vec![0.0]; model.effects().list().len()];
    let individuals = Individuals::new(model, Vec::new(), 0);
    let parameters = individuals.typical(0);
    let own = individuals.parameters(&parameters, &covariates, &effects, 1, &mut Scratch::new());
    let columns = individuals.inputs(&parameters, &covariates, &effects, &own);
    let first = |column: &Column<'_>| match column {
        Column::Scalar(value) => *value,
        Column::Slice(values) => values.first().copied().unwrap_or(f64::NAN),
    };
    Ok(columns.iter().map(first).collect())
}

/// An output of the typical subject over time.
struct Course<'a> {
    model: &'a Model,
    inputs: Vec<f64>,
    setting: &'a Setting,
    output: usize,
}

impl Course<'_> {
    /// The output at times that do not decrease.
    fn at(&self, times: &[f64]) -> Result<Vec<f64>, String> {
        let end = times.last().copied().unwrap_or(0.0);
        let start = self.dose(end)?.unwrap_or(Record { time: 0.0, kind: Kind::Other });
        let look = |&time: &f64| Record { time, kind: Kind::Observation { measured: true } };
        let records: Vec<Record> = std::iter::once(start).chain(times.iter().map(look)).collect();
        let prepared = Prepared::new(self.model, self.model.solver()).map_err(|e| e.to_string())?;
        let individual = Individual { records: vec![self.inputs.clone(); records.len()] };
        let timeline = prepared.timeline(&records, &individual).map_err(|e| e.message)?;
        let mut seen = Vec::with_capacity(records.len());
        prepared
            .solve(&timeline, &individual, Carry::Backward, |_, _, outputs, _| {
                seen.push(outputs.get(self.output).copied().unwrap_or(f64::NAN));
            })
            .map_err(|failure| failure.reason.to_string())?;
        Ok(seen.split_off(1))
    }

    /// The doses as one record, in the unit of the compartment as records have it.
    fn dose(&self, end: f64) -> Result<Option<Record>, String> {
        let Some(regimen) = &self.setting.dose else { return Ok(None) };
        let record = regimen.record(0.0, end).map_err(|e| e.to_string())?;
        let dose = record.dose().ok_or("the regimen gives no dose")?;
        let compartment = match dose.target() {
            Target::Named(name) => match self.model.formulation(name) {
                Some(formulation) => formulation.routes.first().map(|route| route.compartment),
                None => self.model.compartments().iter().position(|c| c.name == *name),
            },
            _ => self.model.formulations().first().and_then(|f| f.routes.first()).map(|r| r.compartment),
        };
        let unit = self.model.compartments().get(compartment.unwrap_or(0)).map(|c| &c.unit);
        let unit = unit.ok_or("the model has no compartment")?;
        let written = regimen.amount_written().unit();
        if unit.dimension() != written.dimension() {
            return Err(format!("a dose in {written} goes into a compartment in {unit}"));
        }
        let dose = dose.scaled(1.0 / unit.scale()).map_err(|e| e.to_string())?;
        Ok(Some(Record { time: record.time, kind: Kind::Dose(dose) }))
    }
}

/// Steps of a stretch of time in which an extremum is looked for.
const STEPS: u32 = 400;
/// Panels of an area to begin with, how often they may be halved, and the relative error that is allowed.
const PANELS: u32 = 64;
const HALVINGS: u32 = 20;
const AREA_ERROR: f64 = 1e-7;
/// How often the neighbourhood of an extremum is looked at anew.
const REFINEMENTS: usize = 3;

fn read_off(course: &Course<'_>, figure: &Figure) -> Result<f64, String> {
    let (from, to) = (figure.from, figure.to);
    match figure.measure {
        Measure::Value => course.at(&[from])?.first().copied().ok_or_else(|| "nothing was seen".into()),
        Measure::Area => area(course, from, to),
        Measure::Mean => Ok(area(course, from, to)? / (to - from)),
        Measure::Maximum => Ok(largest(course, from, to, 1.0)?.1),
        Measure::Minimum => Ok(largest(course, from, to, -1.0)?.1),
        Measure::TimeOfMaximum => Ok(largest(course, from, to, 1.0)?.0 - from),
        Measure::TimeOfMinimum => Ok(largest(course, from, to, -1.0)?.0 - from),
    }
}

fn grid(from: f64, to: f64) -> Vec<f64> {
    (0..=STEPS).map(|i| from + (to - from) * f64::from(i) / f64::from(STEPS)).collect()
}

/// By Simpson's rule, on panels that are halved until both halves agree with the whole; all panels that are still open
/// are looked at in one run.
fn area(course: &Course<'_>, from: f64, to: f64) -> Result<f64, String> {
    let edges: Vec<f64> =
        (0..=PANELS).map(|i| from + (to - from) * f64::from(i) / f64::from(PANELS)).collect();
    let mut open: Vec<(f64, f64)> = edges.windows(2).map(|w| (w[0], w[1])).collect();
    let mut total = 0.0;
    for round in 0..=HALVINGS {
        let times: Vec<f64> = open.iter().flat_map(|&(a, b)| quarters(a, b)).collect();
        let values = course.at(&times)?;
        let simpson: Vec<(f64, f64)> = open.iter().zip(values.chunks(5)).map(|(p, v)| both(*p, v)).collect();
        let size = (total + simpson.iter().map(|(_, fine)| fine).sum::<f64>()).abs();
        let mut halves = Vec::new();
        for (&(a, b), (coarse, fine)) in open.iter().zip(&simpson) {
            if (fine - coarse).abs() <= AREA_ERROR * size * (b - a) / (to - from) || round == HALVINGS {
                total += fine + (fine - coarse) / 15.0;
            } else {
                halves.extend([(a, f64::midpoint(a, b)), (f64::midpoint(a, b), b)]);
            }
        }
        if halves.is_empty() {
            break;
        }
        open = halves;
    }
    Ok(total)
}

fn quarters(a: f64, b: f64) -> [f64; 5] {
    [a, a + 0.25 * (b - a), a + 0.5 * (b - a), a + 0.75 * (b - a), b]
}

/// Simpson's rule on a panel and on its halves, from the values at its quarters.
fn both((a, b): (f64, f64), values: &[f64]) -> (f64, f64) {
    let &[start, first, middle, third, end] = values else { return (f64::NAN, f64::NAN) };
    let coarse = (start + 4.0 * middle + end) * (b - a) / 6.0;
    (coarse, (start + 4.0 * first + 2.0 * middle + 4.0 * third + end) * (b - a) / 12.0)
}

/// When the output times `sign` is largest, and the output then.
fn largest(course: &Course<'_>, from: f64, to: f64, sign: f64) -> Result<(f64, f64), String> {
    let (mut low, mut high) = (from, to);
    let mut best = (from, f64::NAN);
    for _ in 0..=REFINEMENTS {
        let times = grid(low, high);
        let values = course.at(&times)?;
        let mut place = 0;
        for (i, value) in values.iter().enumerate() {
            if sign * value > sign * values[place] {
                place = i;
            }
        }
        best = (times[place], values[place]);
        (low, high) = (times[place.saturating_sub(1)], times[(place + 1).min(times.len() - 1)]);
    }
    Ok(best)
}
