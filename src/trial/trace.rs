//! One subject in one arm, from its covariates to its outcomes: the very numbers that the simulation uses.

use super::endpoint::{Exposure, Measure};
use super::ledger::Records;
use super::simulate::Trial;
use super::walk::{Passage, Walk};
use crate::expr::{Column, Program, Scratch};
use crate::model::Input;
use crate::response::Metric;

/// What happened to a subject in an arm at the central parameters. Values are in coherent units.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The variables of the population; levels as their places.
    pub covariates: Vec<f64>,
    /// The random effects, in the order of the model.
    pub effects: Vec<f64>,
    /// The individual parameters, in the order of the model.
    pub parameters: Vec<f64>,
    /// How a dose of each formulation that the study gives enters.
    pub routes: Vec<RouteTrace>,
    /// The doses and decisions.
    pub records: Records,
    /// The moments at which something was measured or decided.
    pub moments: Vec<Moment>,
    /// The endpoints, in the order of the study.
    pub endpoints: Vec<EndpointTrace>,
}

/// How a dose enters by one route.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RouteTrace {
    /// The place of the formulation.
    pub formulation: usize,
    /// The place of the compartment.
    pub compartment: usize,
    /// The fraction of the dose, bioavailability included.
    pub fraction: f64,
    /// The lag (h).
    pub lag: f64,
    /// Over how long it enters at a constant rate (h); `None` where it enters at once.
    pub duration: Option<f64>,
}

/// The exposure of the dosing interval that ends at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// When (h since the first dose).
    pub time: f64,
    /// The metrics that the study asks for there.
    pub exposures: Vec<(Metric, f64)>,
}

/// How an endpoint came about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EndpointTrace {
    /// Its value.
    pub value: f64,
    /// The exposure that drives it; `None` where it rests on no response.
    pub driver: Option<(Metric, f64)>,
    /// The probability of the event; `None` where it is none.
    pub probability: Option<f64>,
    /// The subject's luck: an event occurs where it is below the probability; a biomarker deviates by its normal
    /// quantile.
    pub luck: Option<f64>,
    /// What a biomarker was before the first dose.
    pub baseline: Option<f64>,
}

impl Trial<'_> {
    /// Follows a subject (the first is 0) through an arm; `None` where there is no such arm.
    pub fn trace(&self, subject: u64, arm: usize) -> Option<Trace> {
        let block = self.block(&(subject..subject + 1).into());
        let first = |columns: &[Vec<f64>]| columns.iter().filter_map(|c| c.first().copied()).collect();
        let mut scratch = Scratch::default();
        let typical = self.individuals.typical(0);
        let (covariates, effects) = (&block.covariates, &block.effects);
        let parameters = self.individuals.parameters(&typical, covariates, effects, 1, &mut scratch);
        let inputs = self.individuals.inputs(&typical, covariates, effects, &parameters);
        let variables = self.study.population.variables().len();
        let (records, moments, endpoints) = self.central(&block, arm, |walk| {
            let mut passage = walk.pass(true);
            (passage.records.take(), walk.moments(&passage), walk.endpoints(&passage))
        })?;
        Some(Trace {
            covariates: (0..variables).filter_map(|v| block.cohort.column(v).first().copied()).collect(),
            effects: first(effects),
            parameters: first(&parameters),
            routes: self.routes(&inputs, &mut scratch),
            records: records.unwrap_or_default(),
            moments,
            endpoints,
        })
    }

    /// How doses of the formulations that the study gives enter.
    fn routes(&self, inputs: &[Column<'_>], scratch: &mut Scratch) -> Vec<RouteTrace> {
        let mut given: Vec<usize> = self.intervals.iter().map(|(formulation, _)| *formulation).collect();
        given.dedup();
        let mut value = |checked| {
            let mut out = [f64::NAN];
            Program::compile(&[checked]).run_block(inputs, &mut [&mut out[..]], scratch);
            out[0]
        };
        let mut routes = Vec::new();
        for formulation in given {
            for route in self.study.model.formulations().get(formulation).into_iter().flat_map(|f| &f.routes)
            {
                let duration = match &route.input {
                    Input::Bolus => None,
                    Input::ZeroOrder(duration) => Some(value(duration)),
                };
                let (fraction, lag) = (value(&route.fraction), value(&route.lag));
                routes.push(RouteTrace {
                    formulation,
                    compartment: route.compartment,
                    fraction,
                    lag,
                    duration,
                });
            }
        }
        routes
    }
}

impl Walk<'_, '_> {
    fn moments(&self, passage: &Passage<'_>) -> Vec<Moment> {
        let exposures = self.plan.times.iter().zip(&passage.history.exposures);
        exposures
            .map(|(&time, exposure)| {
                let metric = |m: &Metric| Some((*m, *exposure.metric(Exposure::Metric(*m)).first()?));
                Moment { time, exposures: Metric::ALL.iter().filter_map(metric).collect() }
            })
            .collect()
    }

    fn endpoints(&self, passage: &Passage<'_>) -> Vec<EndpointTrace> {
        let study = self.trial.study;
        // What sets patients apart in a time course are its random effects.
        let is_course = |r: usize| study.responses.get(r).is_some_and(|used| used.course.is_some());
        let all = study.endpoints.iter().zip(&self.plan.endpoints);
        all.map(|(endpoint, &moment)| {
            let response = endpoint.measure.response();
            let first = |values: &[f64]| values.first().copied();
            let event = matches!(endpoint.measure, Measure::Event(_) | Measure::Probability(_));
            let driver = response.and_then(|r| {
                let metric = study.responses.get(r)?.kind.metric;
                Some((metric, first(self.driver(r, &passage.history.exposures[moment]))?))
            });
            let value = self.endpoint(endpoint, moment, passage);
            EndpointTrace {
                value: first(&value).unwrap_or(f64::NAN),
                driver,
                probability: response
                    .filter(|_| event)
                    .and_then(|r| first(&self.chance(r, moment, &passage.history.exposures))),
                luck: response
                    .filter(|r| !matches!(endpoint.measure, Measure::Probability(_)) && !is_course(*r))
                    .and_then(|r| first(self.block.chance.luck.get(r)?)),
                baseline: response.and_then(|r| first(self.baseline(r, &passage.history))),
            }
        })
        .collect()
    }
}
