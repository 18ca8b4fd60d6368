//! Exposure-response curves: what the evidence says, what it rests on, and where the arms lie.

use super::fits::Fitted;
use super::results::{ArmExposure, Curve, EvidencePoint};
use super::tally::Tally;
use crate::evidence::Evidence;
use crate::evidence::paper::Body;
use crate::exposure::quantile;
use crate::response::{Draw, Link, ResponseModel, YEAR};
use crate::statistics::{Count, wilson};
use crate::trial::{Response, Trial};
use crate::units::Unit;

/// Points of a curve.
const POINTS: usize = 81;
/// Draws behind its bands.
const DRAWS: usize = 1000;

/// One curve for each response that is the probability of an event.
pub(super) fn curves(trial: &Trial<'_>, fitted: &[Fitted], tally: &Tally) -> Vec<Curve> {
    let responses = trial.responses().iter().zip(fitted).enumerate();
    responses
        .filter_map(|(place, (response, fitted))| match response {
            Response::Event(model) => Some(curve(trial, place, model, &fitted.evidence, tally)),
            Response::Biomarker(_) => None,
        })
        .collect()
}

fn curve(
    trial: &Trial<'_>,
    place: usize,
    model: &ResponseModel,
    evidence: &Evidence,
    tally: &Tally,
) -> Curve {
    let study = trial.study();
    let unit = unit(evidence);
    let arms = arms(trial, place, tally, &unit);
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
    let name = study.responses.get(place).map_or_else(String::new, |r| r.name.clone());
    let mut label = capitalised(&evidence.outcome);
    if yearly {
        label.push_str(", risk within a year");
    }
    Curve {
        response: name,
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
        points: points(evidence, yearly),
        arms,
    }
}

/// The unit in which the evidence speaks of exposures.
pub(super) fn unit(evidence: &Evidence) -> Unit {
    match &evidence.body {
        Body::Quantiles(paper) => paper.exposure.unit.clone(),
        Body::Arms(paper) => paper.exposure.unit.clone(),
        Body::Means(paper) => paper.exposure.unit.clone(),
        Body::Individual(paper) => paper.exposure.unit.clone(),
        Body::Ratios(_) | Body::Persistence(_) => Unit::one(),
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

/// What was observed: groups by outcome with their quartiles, or arms with their counts.
fn points(evidence: &Evidence, yearly: bool) -> Vec<EvidencePoint> {
    match &evidence.body {
        Body::Quantiles(paper) => paper
            .splits
            .iter()
            .filter(|split| split.outcome == evidence.outcome)
            .flat_map(|split| [(&split.with, ""), (&split.without, "no ")])
            .filter_map(|(group, prefix)| {
                let at = |p| group.quantile(p);
                Some(EvidencePoint {
                    label: format!("{prefix}{}, n = {}", evidence.outcome, group.n),
                    exposure: at(0.5)?,
                    exposure_lower: at(0.25)?,
                    exposure_upper: at(0.75)?,
                    proportion: None,
                })
            })
            .collect(),
        Body::Arms(paper) => paper
            .arms
            .iter()
            .filter_map(|arm| {
                // Arms followed for other times than a year do not lie on a curve of a year's risk.
                let proportion = (!yearly).then(|| {
                    let [low, high] = wilson(Count::new(arm.events, arm.patients), 0.95);
                    (arm.events / arm.patients, low, high)
                });
                let (median, cv) = arm.exposure.law?;
                let spread = libm::exp(0.674_489_750_196_081_7 * libm::log1p(cv * cv).sqrt());
                let median = paper.exposure.unit.from_coherent(median);
                Some(EvidencePoint {
                    label: format!("{} {}, {} of {}", arm.trial, arm.name, arm.events, arm.patients),
                    exposure: median,
                    exposure_lower: median / spread,
                    exposure_upper: median * spread,
                    proportion,
                })
            })
            .collect(),
        Body::Means(_) | Body::Individual(_) | Body::Ratios(_) | Body::Persistence(_) => Vec::new(),
    }
}
