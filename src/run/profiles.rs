//! Concentration-time profiles: bands over a sample of the subjects.

use super::results::Profile;
use super::rows;
use crate::exposure::quantile;
use crate::trial::{Block, Trial};
use crate::units::Unit;

/// How many subjects are followed in time, at most.
const SAMPLE: u64 = 1024;

/// Times after the dose (h) of an interval: dense where concentrations change quickly.
fn times(interval: f64) -> Vec<f64> {
    let fractions = [
        0.0, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14, 0.16, 0.18, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7,
        0.8, 0.9, 1.0,
    ];
    fractions.iter().map(|f| f * interval).collect()
}

/// The subjects who are followed in time.
pub(super) fn sample(trial: &Trial<'_>) -> Block {
    trial.block(&(0..trial.study().subjects.min(SAMPLE)).into())
}

/// The last dosing interval of each arm, at the central parameters.
pub(super) fn profiles(trial: &Trial<'_>, sample: &Block) -> Vec<Profile> {
    let study = trial.study();
    let unit = rows::metric_unit(crate::response::Metric::Cmax, &study.model.outputs()[study.output].unit);
    let mut profiles = Vec::new();
    for (place, arm) in study.arms.iter().enumerate() {
        let Some(last) = arm.phases.last() else { continue };
        let times = times(last.dosing().interval);
        let rows = trial.last_profile(sample, place, &times);
        profiles.push(bands(&arm.name, format!("day {}", arm.end() / 24.0), times, &rows, &unit));
    }
    profiles
}

/// Quantiles over subjects of values (coherent units, a row of all subjects a time) in a unit.
pub(super) fn bands(arm: &str, label: String, times: Vec<f64>, rows: &[Vec<f64>], unit: &Unit) -> Profile {
    let mut quantiles: [Vec<f64>; 5] = Default::default();
    for row in rows {
        let mut sorted: Vec<f64> = row.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        for (own, p) in quantiles.iter_mut().zip([0.05, 0.25, 0.5, 0.75, 0.95]) {
            own.push(unit.from_coherent(quantile(&sorted, p).unwrap_or(f64::NAN)));
        }
    }
    let [q05, q25, median, q75, q95] = quantiles;
    let unit = if *unit == Unit::one() { String::new() } else { unit.text().to_string() };
    Profile { arm: arm.to_string(), label, times, unit, q05, q25, median, q75, q95 }
}
