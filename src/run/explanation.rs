//! One subject from its covariates to its outcomes, in the units of the files: why it got what it got, and what came
//! of it.

use serde::Serialize;

use super::Prepared;
use super::rows::{metric_unit, unit};
use crate::model::Model;
use crate::response::Metric;
use crate::trial::{EndpointTrace, Entry, RouteTrace, Signal, Study, Trace, Trial};
use crate::units::{Dimension, Unit};

/// A subject in an arm of a study, at the central parameters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The subject's number; the first is 1, as in the rows of a run.
    pub subject: u64,
    /// The seed, which together with the number says who the subject is.
    pub seed: u64,
    /// The arm.
    pub arm: String,
    /// Covariates.
    pub covariates: Vec<Value>,
    /// Random effects.
    pub effects: Vec<Effect>,
    /// Individual parameters.
    pub parameters: Vec<Individual>,
    /// How a dose enters.
    pub routes: Vec<Route>,
    /// Doses, given or not, in order of time.
    pub doses: Vec<Doses>,
    /// Decisions, in order of time.
    pub decisions: Vec<Decided>,
    /// Exposures of the dosing intervals that end at the times at which something is measured.
    pub exposures: Vec<Exposed>,
    /// Endpoints.
    pub endpoints: Vec<Outcome>,
}

/// A named value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Value {
    /// Its name.
    pub name: String,
    /// The value; the place of a level for levels.
    pub value: f64,
    /// The level, for a covariate that has levels.
    pub level: Option<String>,
    /// Its unit.
    pub unit: String,
}

/// A random effect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// Its name.
    pub name: String,
    /// Its value in this subject.
    pub eta: f64,
    /// Its standard deviation between subjects.
    pub sd: f64,
}

/// An individual parameter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Individual {
    /// Its name.
    pub name: String,
    /// Its value in this subject.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// The expression that gives it.
    pub expression: String,
}

/// How a dose enters by one route.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Route {
    /// The formulation.
    pub formulation: String,
    /// The compartment.
    pub compartment: String,
    /// The fraction of the dose, bioavailability included.
    pub fraction: f64,
    /// From how long after the dose on (h).
    pub lag_h: f64,
    /// Over how long at a constant rate (h); `None` where it enters at once.
    pub duration_h: Option<f64>,
}

/// Doses of one amount at regular times, for one reason.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Doses {
    /// When the first is due (h since the first dose of the study).
    pub from_h: f64,
    /// When the interval of the last ends (h).
    pub to_h: f64,
    /// The dose; 0 where none is taken.
    pub amount: f64,
    /// Its unit.
    pub unit: String,
    /// The interval (h).
    pub interval_h: f64,
    /// How many doses, taken or not.
    pub doses: u32,
    /// Why.
    pub reason: String,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decided {
    /// When (h).
    pub time_h: f64,
    /// The rule or phase.
    pub by: String,
    /// What was asked.
    pub condition: String,
    /// What was measured; `None` where chance alone decides.
    pub value: Option<f64>,
    /// The threshold, where there is one.
    pub threshold: Option<f64>,
    /// The unit of both.
    pub unit: String,
    /// What was done.
    pub action: String,
}

/// Exposures over the dosing interval that ends at a time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exposed {
    /// When (h).
    pub time_h: f64,
    /// The metrics that the study asks for there.
    pub metrics: Vec<Value>,
}

/// How an endpoint came about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// Its label.
    pub label: String,
    /// The value, as in the rows of a run; 1 or 0 for events.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// The exposure that drives it.
    pub driver: Option<Value>,
    /// The probability of the event.
    pub probability: Option<f64>,
    /// The subject's luck: an event occurs where it is below the probability; a biomarker deviates by its normal
    /// quantile.
    pub luck: Option<f64>,
    /// What a biomarker was before the first dose, in the unit of the biomarker.
    pub baseline: Option<f64>,
}

impl Prepared<'_> {
    /// Follows a subject (the first is 1) through an arm, by its place; `None` where there is no such arm.
    pub fn explain(&self, subject: u64, arm: usize) -> Option<Explanation> {
        let trace = self.trial.trace(subject.saturating_sub(1), arm)?;
        Some(told(&self.trial, subject, arm, &trace))
    }
}

fn told(trial: &Trial<'_>, subject: u64, arm: usize, trace: &Trace) -> Explanation {
    let study = trial.study();
    let model = &study.model;
    let variables = study.population.variables().iter().zip(&trace.covariates);
    let effects = model.effects().list().iter().zip(&trace.effects);
    let individual = model.individual().iter().zip(&trace.parameters);
    Explanation {
        subject,
        seed: study.seed,
        arm: study.arms.get(arm).map_or_else(String::new, |a| a.name.clone()),
        covariates: variables
            .map(|(v, &value)| {
                // The place of a level: a small whole number.
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let level = v.levels.as_ref().and_then(|levels| levels.get(value as usize).cloned());
                let value = if level.is_some() { value } else { v.unit.from_coherent(value) };
                Value { name: v.name.clone(), value, level, unit: v.unit.to_string() }
            })
            .collect(),
        effects: effects.map(|(e, &eta)| Effect { name: e.name.clone(), eta, sd: e.sd }).collect(),
        parameters: individual
            .map(|(d, &value)| {
                let unit = familiar(model, d.value.dimension());
                Individual {
                    name: d.name.clone(),
                    value: unit.from_coherent(value),
                    unit: unit.to_string(),
                    expression: d.text.clone(),
                }
            })
            .collect(),
        routes: trace.routes.iter().map(|route| self::route(model, route)).collect(),
        doses: trace.records.ledger().iter().map(|entry| doses(study, trace, entry)).collect(),
        decisions: trace.records.decisions().iter().map(|d| decided(study, d)).collect(),
        exposures: trace
            .moments
            .iter()
            .map(|moment| Exposed {
                time_h: moment.time,
                metrics: moment.exposures.iter().map(|e| exposure(study, *e)).collect(),
            })
            .collect(),
        endpoints: (0..study.endpoints.len())
            .zip(&trace.endpoints)
            .map(|(place, trace)| outcome(study, place, trace))
            .collect(),
    }
}

/// A unit of a dimension that the model's file uses itself, or else the coherent one.
fn familiar(model: &Model, dimension: Dimension) -> Unit {
    let mut own = model.parameters().iter().map(|p| p.value.unit());
    let found = own.find(|unit| unit.dimension() == dimension).cloned();
    found.unwrap_or_else(|| Unit::coherent(dimension))
}

fn route(model: &Model, route: &RouteTrace) -> Route {
    let name = |found: Option<&String>| found.cloned().unwrap_or_default();
    Route {
        formulation: name(model.formulations().get(route.formulation).map(|f| &f.name)),
        compartment: name(model.compartments().get(route.compartment).map(|c| &c.name)),
        fraction: route.fraction,
        lag_h: route.lag,
        duration_h: route.duration,
    }
}

fn doses(study: &Study, trace: &Trace, entry: &Entry) -> Doses {
    let compartment = trace.routes.first().and_then(|r| study.model.compartments().get(r.compartment));
    let unit = compartment.map_or_else(Unit::one, |c| c.unit.clone());
    Doses {
        from_h: entry.from,
        to_h: entry.to,
        amount: unit.from_coherent(entry.amount),
        unit: unit.to_string(),
        interval_h: entry.interval,
        doses: entry.doses,
        reason: entry.reason.words(study),
    }
}

fn decided(study: &Study, decision: &crate::trial::Decision) -> Decided {
    let unit = match decision.signal {
        Some(Signal::Response(r)) => study.responses.get(r).and_then(|r| r.kind.biomarker.clone()),
        Some(Signal::Covariate(v)) => study.population.variables().get(v).map(|v| v.unit.clone()),
        None => None,
    };
    let unit = unit.unwrap_or_else(Unit::one);
    let shown = |value: f64| value.is_finite().then(|| unit.from_coherent(value));
    Decided {
        time_h: decision.time,
        by: decision.by.clone(),
        condition: decision.condition.clone(),
        value: shown(decision.value),
        threshold: shown(decision.threshold),
        unit: unit.to_string(),
        action: decision.action.clone(),
    }
}

fn exposure(study: &Study, (metric, value): (Metric, f64)) -> Value {
    let concentration = study.model.outputs().get(study.output).map_or_else(Unit::one, |o| o.unit.clone());
    let unit = metric_unit(metric, &concentration);
    let value = unit.from_coherent(value);
    Value { name: metric.name().to_owned(), value, level: None, unit: unit.to_string() }
}

fn outcome(study: &Study, place: usize, trace: &EndpointTrace) -> Outcome {
    let endpoint = &study.endpoints[place];
    let unit = unit(study, endpoint);
    let biomarker = endpoint.measure.response().and_then(|r| study.responses.get(r)?.kind.biomarker.clone());
    Outcome {
        name: endpoint.name.clone(),
        label: endpoint.label.clone(),
        value: unit.from_coherent(trace.value),
        unit: unit.to_string(),
        driver: trace.driver.map(|driver| exposure(study, driver)),
        probability: trace.probability,
        luck: trace.luck,
        baseline: trace.baseline.and_then(|b| Some(biomarker.as_ref()?.from_coherent(b))),
    }
}
