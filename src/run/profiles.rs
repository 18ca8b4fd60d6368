//! Concentration-time profiles: bands over a sample of the subjects.

use super::results::Profile;
use super::rows;
use crate::exposure::quantile;
use crate::trial::Trial;

/// Subjects whose profiles make the bands.
const SAMPLE: u64 = 1024;

/// Times after the dose (h) of an interval: dense where concentrations change quickly.
fn times(interval: f64) -> Vec<f64> {
    let fractions = [
        0.0, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14, 0.16, 0.18, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7,
        0.8, 0.9, 1.0,
    ];
    fractions.iter().map(|f| f * interval).collect()
}

/// The last dosing interval of each arm, at the central parameters.
pub(super) fn profiles(trial: &Trial<'_>) -> Vec<Profile> {
    let study = trial.study();
    let block = trial.block(&(0..study.subjects.min(SAMPLE)).into());
    let unit = rows::metric_unit(crate::response::Metric::Cmax, &study.model.outputs()[study.output].unit);
    let mut profiles = Vec::new();
    for (place, arm) in study.arms.iter().enumerate() {
        let Some(last) = arm.phases.last() else { continue };
        let times = times(last.dosing().interval);
        let rows = trial.last_profile(&block, place, &times);
        let bands = [0.05, 0.25, 0.5, 0.75, 0.95].map(|p| {
            rows.iter()
                .map(|row| {
                    let mut sorted: Vec<f64> = row.iter().copied().filter(|v| v.is_finite()).collect();
                    sorted.sort_by(f64::total_cmp);
                    unit.from_coherent(quantile(&sorted, p).unwrap_or(f64::NAN))
                })
                .collect::<Vec<f64>>()
        });
        let [q05, q25, median, q75, q95] = bands;
        profiles.push(Profile {
            arm: arm.name.clone(),
            label: format!("day {}", arm.end() / 24.0),
            times,
            unit: unit.text().to_string(),
            q05,
            q25,
            median,
            q75,
            q95,
        });
    }
    profiles
}
