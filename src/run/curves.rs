//! Exposure-response curves: what the evidence says, what it rests on, and where the arms lie.

use super::results::{ArmExposure, Curve};
use super::tally::Tally;
use crate::evidence::{Fit, Named, Summary};
use crate::exposure::quantile;
use crate::response::{Draw, Link, ResponseModel, YEAR};
use crate::trial::{Response, Trial};
use crate::units::Unit;

/// Points of a curve.
const POINTS: usize = 81;
/// Draws behind its bands.
const DRAWS: usize = 1000;

/// One curve for each response that is the probability of an event.
pub(super) fn curves(trial: &Trial<'_>, fitted: &[Option<Fit>], tally: &Tally) -> Vec<Curve> {
    let responses = trial.responses().iter().zip(fitted).zip(&trial.study().responses).enumerate();
    responses
        .filter_map(|(place, ((response, fit), used))| match (response, fit) {
            (Response::Event(model), Some(fit)) => {
                let arms = arms(trial, place, tally, &unit(&fit.summary));
                Some(curve(&used.name, model, &fit.summary, arms))
            }
            _ => None,
        })
        .collect()
}

/// The curves of a fit alone, one for each model of the probability of an event.
pub fn fitted_curves(fit: &Fit) -> Vec<Curve> {
    let curve = |named: &Named<ResponseModel>| {
        let mut curve = curve(&named.name, &named.model, &fit.summary, Vec::new());
        curve.label = format!("{} ({})", curve.label, named.name);
        curve
    };
    fit.responses.iter().map(curve).collect()
}

/// The unit in which exposures are shown.
fn unit(summary: &Summary) -> Unit {
    summary.unit.clone().unwrap_or_else(Unit::one)
}

fn curve(name: &str, model: &ResponseModel, evidence: &Summary, arms: Vec<ArmExposure>) -> Curve {
    let unit = unit(evidence);
    let range = model.basis().range;
    let highest = arms.iter().map(|a| unit.to_coherent(a.quantiles[4])).fold(range[1], f64::max);
    let lowest =
        arms.iter().map(|a| unit.to_coherent(a.quantiles[0])).filter(|v| *v > 0.0).fold(highest, f64::min);
    let lowest = if range[0] > 0.0 { lowest.min(range[0]) } else { lowest };
    let (low, high) = (libm::log(lowest / 1.5), libm::log(highest * 1.2));
    // The curve is drawn for one year at risk where risk accumulates.
    let yearly = matches!(model.link(), Link::Cloglog { .. });
    let shown = match yearly {
        true => model.clone().for_time_at_risk(YEAR).unwrap_or_else(|_| model.clone()),
        false => model.clone(),
    };
    #[allow(clippy::cast_precision_loss)]
    let exposures: Vec<f64> =
        (0..POINTS).map(|i| libm::exp(low + (high - low) * i as f64 / (POINTS - 1) as f64)).collect();
    let mut bands: [Vec<f64>; 5] = Default::default();
    let draws = shown.curve().draws().len().min(DRAWS);
    for &exposure in &exposures {
        let mut p: Vec<f64> = match draws {
            0 => vec![shown.probability(Draw::Central, exposure)],
            n => (0..n).map(|d| shown.probability(Draw::Number(d), exposure)).collect(),
        };
        p.sort_by(f64::total_cmp);
        for (band, at) in bands.iter_mut().zip([0.025, 0.25, 0.5, 0.75, 0.975]) {
            band.push(quantile(&p, at).unwrap_or(f64::NAN));
        }
    }
    let [lower95, lower50, median, upper50, upper95] = bands;
    let mut label = capitalised(&evidence.outcome);
    if yearly {
        label.push_str(", risk within a year");
    }
    Curve {
        response: name.to_string(),
        label,
        metric: model.basis().metric.name().to_string(),
        unit: unit.text().to_string(),
        method: model.basis().method.clone(),
        source: evidence.source.clone(),
        exposures: exposures.iter().map(|c| unit.from_coherent(*c)).collect(),
        lower95,
        lower50,
        median,
        upper50,
        upper95,
        evidence_range: (unit.from_coherent(range[0]), unit.from_coherent(range[1])),
        points: evidence.points.clone(),
        arms,
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// Where the arms' exposures lie.
fn arms(trial: &Trial<'_>, place: usize, tally: &Tally, unit: &Unit) -> Vec<ArmExposure> {
    let mut found = Vec::new();
    for (arm, design) in trial.study().arms.iter().enumerate() {
        let driver = tally.driver(arm, place);
        let count = driver.sketch.count();
        if count == 0 {
            continue;
        }
        let at = |p: f64| unit.from_coherent(driver.sketch.quantile(p).unwrap_or(f64::NAN));
        #[allow(clippy::cast_precision_loss)]
        let share = |n: u64| n as f64 / count as f64;
        found.push(ArmExposure {
            arm: design.name.clone(),
            quantiles: [0.05, 0.25, 0.5, 0.75, 0.95].map(at),
            share_below: share(driver.below),
            share_above: share(driver.above),
        });
    }
    found
}
