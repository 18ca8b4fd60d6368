//! The rows of single subjects: which columns there are, and their values.

use super::execute::RowBatch;
use crate::response::Metric;
use crate::trial::endpoint::{Exposure, Measure};
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

/// The columns after ID and ARM: covariates, then endpoints.
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
    covariates.chain(endpoints).collect()
}

/// The unit in which an endpoint's values are given to people; `1` for probabilities and events.
pub(super) fn unit(study: &Study, endpoint: &Endpoint) -> Unit {
    let concentration = study.model.outputs().get(study.output).map_or_else(Unit::one, |o| o.unit.clone());
    match endpoint.measure {
        Measure::Exposure(Exposure::Tmax) => "h".parse().unwrap_or_else(|_| Unit::one()),
        Measure::Exposure(Exposure::Metric(metric)) => metric_unit(metric, &concentration),
        Measure::Biomarker(r) => {
            study.responses.get(r).and_then(|r| r.kind.biomarker.clone()).unwrap_or_else(Unit::one)
        }
        Measure::Probability(_) | Measure::Event(_) | Measure::Threshold(..) | Measure::Fall(..) => {
            Unit::one()
        }
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
                    None => block.cohort().column(place).get(lane),
                    Some(endpoint) => outcomes.endpoint(arm, endpoint).get(lane),
                };
                let value = value.copied().unwrap_or(f64::NAN);
                out.push(if column.levels.is_some() { value } else { column.unit.from_coherent(value) });
            }
        }
    }
    batch
}
