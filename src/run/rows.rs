//! The rows of single subjects: which columns there are, and their values.

use serde::{Deserialize, Serialize};

use crate::kinetics::subject::Reason;
use crate::response::Metric;
use crate::trial::endpoint::{Count, Exposure, Measure};
use crate::trial::{Block, Endpoint, Outcomes, Study};
use crate::units::Unit;

/// What a column of the rows holds.
#[derive(Clone, Debug)]
pub struct RowColumn {
    /// Its name.
    pub name: String,
    /// The unit of its values.
    pub unit: Unit,
    /// What it is.
    pub label: String,
    /// The levels of a categorical covariate, whose values are places among them.
    pub levels: Option<Vec<String>>,
}

/// The rows of some subjects, one a subject and arm, at the central parameters.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RowBatch {
    /// The subjects' numbers.
    pub id: Vec<i64>,
    /// The places of their arms.
    pub arm: Vec<u32>,
    /// One column for each of [`columns`].
    pub values: Vec<Vec<f64>>,
}

/// The columns after ID and ARM: covariates, endpoints, and why a subject failed if it did.
pub fn columns(study: &Study) -> Vec<RowColumn> {
    let covariates = study.population.variables().iter().map(|v| RowColumn {
        name: v.name.clone(),
        unit: v.unit.clone(),
        label: v.description.clone(),
        levels: v.levels.clone(),
    });
    let endpoints = study.endpoints.iter().map(|e| RowColumn {
        name: e.name.clone(),
        unit: unit(study, e),
        label: e.label.clone(),
        levels: None,
    });
    let failure = RowColumn {
        name: "FAILURE".to_string(),
        unit: Unit::one(),
        label: "Why the subject failed; empty where it did not".to_string(),
        levels: Some(Reason::CODES.iter().map(|(code, _)| (*code).to_string()).collect()),
    };
    covariates.chain(endpoints).chain([failure]).collect()
}

/// The unit in which an endpoint's values are given to people; `1` for probabilities and events.
pub(super) fn unit(study: &Study, endpoint: &Endpoint) -> Unit {
    let concentration = study.model.outputs().get(study.output).map_or_else(Unit::one, |o| o.unit.clone());
    let named = |text: &str| text.parse().unwrap_or_else(|_| Unit::one());
    match endpoint.measure {
        Measure::Exposure(Exposure::Tmax) => named("h"),
        Measure::Exposure(Exposure::Metric(metric)) => metric_unit(metric, &concentration),
        Measure::Biomarker(r) | Measure::Change(r) => {
            study.responses.get(r).and_then(|r| r.kind.biomarker.clone()).unwrap_or_else(Unit::one)
        }
        Measure::TimeTo(_) | Measure::TimeToStop | Measure::Count(Count::Held) => named("day"),
        Measure::Probability(_)
        | Measure::Event(_)
        | Measure::Threshold(..)
        | Measure::Fall(..)
        | Measure::All(_)
        | Measure::Any(_)
        | Measure::Grade(_)
        | Measure::Ever(_)
        | Measure::Stopped(_)
        | Measure::Count(_) => Unit::one(),
    }
}

/// The unit of an exposure metric whose concentrations are in a unit.
pub(super) fn metric_unit(metric: Metric, concentration: &Unit) -> Unit {
    match metric {
        Metric::AUCtau => {
            let text = concentration.text().replacen('/', " h/", 1);
            text.parse().unwrap_or_else(|_| Unit::coherent(metric.dimension()))
        }
        Metric::Ctrough | Metric::Cavg | Metric::Cmax => concentration.clone(),
    }
}

/// The rows of a leaf whose first subject has a number: subject by subject, each in every arm.
pub(super) fn batch(study: &Study, block: &Block, first: u64, outcomes: &Outcomes) -> RowBatch {
    let columns = columns(study);
    let (arms, lanes) = (study.arms.len(), block.lanes());
    let covariates = study.population.variables().len();
    let mut batch = RowBatch {
        id: Vec::with_capacity(lanes * arms),
        arm: Vec::with_capacity(lanes * arms),
        values: vec![Vec::with_capacity(lanes * arms); columns.len()],
    };
    for (lane, subject) in (first..).take(lanes).enumerate() {
        for arm in 0..arms {
            // Numbers of subjects are below 10^9; arms are a handful.
            batch.id.push(i64::try_from(subject + 1).unwrap_or(i64::MAX));
            batch.arm.push(u32::try_from(arm).unwrap_or(u32::MAX));
            for (place, (column, out)) in columns.iter().zip(&mut batch.values).enumerate() {
                let value = match place.checked_sub(covariates) {
                    None => block.cohort().column(place).get(lane).copied(),
                    Some(endpoint) if endpoint < study.endpoints.len() => {
                        outcomes.endpoint(arm, endpoint).get(lane).copied()
                    }
                    Some(_) => failure(outcomes, lane),
                };
                let value = value.unwrap_or(f64::NAN);
                out.push(if column.levels.is_some() { value } else { column.unit.from_coherent(value) });
            }
        }
    }
    batch
}

/// The place of the code of a subject's failure, as levels are kept.
fn failure(outcomes: &Outcomes, lane: usize) -> Option<f64> {
    let code = outcomes.failures().get(lane).copied().flatten()?;
    let place = Reason::CODES.iter().position(|(known, _)| *known == code)?;
    u32::try_from(place).ok().map(f64::from)
}
