//! Estimates by arm and contrast with their errors, and distributions between subjects.

use super::results::{ContrastDraws, Distribution, EndpointKind, Estimate};
use super::rows;
use super::tally::Tally;
use crate::exposure::quantile;
use crate::trial::endpoint::Measure;
use crate::trial::{Endpoint, Study};
use crate::units::Unit;

/// How values of an endpoint are shown: the unit and the factor from coherent values.
pub(super) struct Shown {
    pub(super) unit: String,
    pub(super) kind: EndpointKind,
    pub(super) factor: f64,
}

pub(super) fn shown(study: &Study, endpoint: &Endpoint) -> Shown {
    let percent = |kind| Shown { unit: "%".into(), kind, factor: 100.0 };
    let own = |kind| {
        let unit = rows::unit(study, endpoint);
        let text = if unit == Unit::one() { "" } else { unit.text() };
        Shown { unit: text.into(), kind, factor: unit.from_coherent(1.0) }
    };
    match endpoint.measure {
        Measure::Exposure(_) | Measure::Biomarker(_) | Measure::Change(_) => own(EndpointKind::Continuous),
        Measure::TimeTo(_) | Measure::TimeToStop | Measure::Count(_) | Measure::Grade(_) => {
            own(EndpointKind::Count)
        }
        Measure::Probability(_) => percent(EndpointKind::Probability),
        Measure::Event(_)
        | Measure::Threshold(..)
        | Measure::Fall(..)
        | Measure::All(_)
        | Measure::Any(_)
        | Measure::Ever(_)
        | Measure::Stopped(_) => percent(EndpointKind::Event),
    }
}

/// The values of the draws, ascending, for an interval; `None` where there are too few or they do not differ.
fn interval(mut draws: Vec<f64>) -> Option<(f64, f64)> {
    draws.retain(|v| v.is_finite());
    draws.sort_by(f64::total_cmp);
    if draws.len() < 20 || draws.first() == draws.last() {
        return None;
    }
    Some((quantile(&draws, 0.025)?, quantile(&draws, 0.975)?))
}

/// Mean and its squared standard error over the draws.
fn over_draws(draws: &[f64]) -> (f64, f64) {
    #[allow(clippy::cast_precision_loss)]
    let n = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / n;
    let spread = draws.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
    (mean, if draws.len() > 1 { spread / (n - 1.0) / n } else { 0.0 })
}

pub(super) fn estimates(study: &Study, tally: &Tally) -> Vec<Estimate> {
    let mut estimates = Vec::new();
    for (e, endpoint) in study.endpoints.iter().enumerate() {
        let shown = shown(study, endpoint);
        for arm in 0..study.arms.len() {
            estimates.push(level(study, tally, arm, e, &shown));
            if shown.kind == EndpointKind::Continuous {
                estimates.extend(spread(study, tally, arm, e, &shown));
            }
        }
        for arm in (0..study.arms.len()).filter(|a| *a != study.reference) {
            estimates.push(contrast(study, tally, arm, e, &shown));
        }
    }
    estimates
}

/// The draws over which an estimate averages: the numbered ones, or the central parameters where there are none.
fn draw_numbers(study: &Study) -> std::ops::RangeInclusive<u32> {
    if study.draws == 0 { 0..=0 } else { 1..=study.draws }
}

fn level(study: &Study, tally: &Tally, arm: usize, e: usize, shown: &Shown) -> Estimate {
    let draws: Vec<f64> = draw_numbers(study).map(|d| shown.factor * tally.mean(d, arm, e)).collect();
    let (value, draw_error) = over_draws(&draws);
    let subject_error = shown.factor * tally.pair(arm, e).second().standard_error().unwrap_or(0.0);
    let interval = interval(draws);
    let statistic = if shown.kind == EndpointKind::Event { "proportion" } else { "mean" };
    Estimate {
        scenario: "base".into(),
        arm: study.arms[arm].name.clone(),
        reference: None,
        endpoint: study.endpoints[e].name.clone(),
        statistic: statistic.into(),
        value,
        unit: shown.unit.clone(),
        lower: interval.map(|i| i.0),
        upper: interval.map(|i| i.1),
        mc_error: (subject_error * subject_error + draw_error).sqrt(),
        pairing_gain: None,
    }
}

/// Quantiles between subjects at the central parameters. Their Monte-Carlo error is that of an order statistic: half
/// the distance between the quantiles one binomial standard error to either side.
fn spread(study: &Study, tally: &Tally, arm: usize, e: usize, shown: &Shown) -> Vec<Estimate> {
    let sketch = tally.sketch(arm, e);
    #[allow(clippy::cast_precision_loss)]
    let n = sketch.count() as f64;
    let at = |p: f64| sketch.quantile(p).map(|v| shown.factor * v);
    [("q05", 0.05), ("q25", 0.25), ("median", 0.5), ("q75", 0.75), ("q95", 0.95)]
        .into_iter()
        .filter_map(|(statistic, p)| {
            let step = (p * (1.0 - p) / n).sqrt();
            let (low, high) = (at((p - step).max(0.0))?, at((p + step).min(1.0))?);
            Some(Estimate {
                scenario: "base".into(),
                arm: study.arms[arm].name.clone(),
                reference: None,
                endpoint: study.endpoints[e].name.clone(),
                statistic: statistic.into(),
                value: at(p)?,
                unit: shown.unit.clone(),
                lower: None,
                upper: None,
                mc_error: 0.5 * (high - low),
                pairing_gain: None,
            })
        })
        .collect()
}

fn differences(study: &Study, tally: &Tally, arm: usize, e: usize, shown: &Shown) -> Vec<f64> {
    draw_numbers(study)
        .map(|d| shown.factor * (tally.mean(d, arm, e) - tally.mean(d, study.reference, e)))
        .collect()
}

fn contrast(study: &Study, tally: &Tally, arm: usize, e: usize, shown: &Shown) -> Estimate {
    let draws = differences(study, tally, arm, e, shown);
    let (value, draw_error) = over_draws(&draws);
    let pair = tally.pair(arm, e);
    let subject_error = shown.factor * pair.difference().standard_error().unwrap_or(0.0);
    let interval = interval(draws);
    Estimate {
        scenario: "base".into(),
        arm: study.arms[arm].name.clone(),
        reference: Some(study.arms[study.reference].name.clone()),
        endpoint: study.endpoints[e].name.clone(),
        statistic: "difference".into(),
        value,
        unit: shown.unit.clone(),
        lower: interval.map(|i| i.0),
        upper: interval.map(|i| i.1),
        mc_error: (subject_error * subject_error + draw_error).sqrt(),
        pairing_gain: pair.saving(),
    }
}

/// How many draws of a contrast are handed over.
const CONTRAST_DRAWS: usize = 400;

pub(super) fn contrast_draws(study: &Study, tally: &Tally) -> Vec<ContrastDraws> {
    let mut contrasts = Vec::new();
    if study.draws == 0 {
        return contrasts;
    }
    for (e, endpoint) in study.endpoints.iter().enumerate() {
        let shown = shown(study, endpoint);
        for arm in (0..study.arms.len()).filter(|a| *a != study.reference) {
            let mut draws = differences(study, tally, arm, e, &shown);
            draws.truncate(CONTRAST_DRAWS);
            contrasts.push(ContrastDraws {
                arm: study.arms[arm].name.clone(),
                reference: study.arms[study.reference].name.clone(),
                endpoint: endpoint.name.clone(),
                unit: shown.unit.clone(),
                draws,
            });
        }
    }
    contrasts
}

pub(super) fn distributions(study: &Study, tally: &Tally) -> Vec<Distribution> {
    const LEVELS: [f64; 11] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99];
    let mut found = Vec::new();
    for (e, endpoint) in study.endpoints.iter().enumerate() {
        let shown = shown(study, endpoint);
        if !matches!(endpoint.measure, Measure::Exposure(_)) {
            continue;
        }
        for (a, arm) in study.arms.iter().enumerate() {
            let sketch = tally.sketch(a, e);
            let at = |p: f64| sketch.quantile(p).map(|v| shown.factor * v);
            found.push(Distribution {
                arm: arm.name.clone(),
                metric: endpoint.name.clone(),
                label: endpoint.label.clone(),
                unit: shown.unit.clone(),
                quantiles: LEVELS.iter().filter_map(|p| Some((*p, at(*p)?))).collect(),
                density: density(&at),
            });
        }
    }
    found
}

/// A density on the log10 axis from quantiles: the slope of the distribution function between them.
fn density(at: &dyn Fn(f64) -> Option<f64>) -> Vec<(f64, f64)> {
    const CELLS: u32 = 48;
    // Levels from one end of a slope to the other: fewer show the noise of the sample.
    const SMOOTH: usize = 8;
    let levels = (0..=CELLS).map(|i| 0.002 + 0.996 * f64::from(i) / f64::from(CELLS));
    let points: Vec<(f64, f64)> =
        levels.filter_map(|p| Some((p, libm::log10(at(p).filter(|v| *v > 0.0)?)))).collect();
    points
        .windows(SMOOTH)
        .filter_map(|w| Some((*w.first()?, *w.last()?)))
        .filter(|(a, b)| b.1 > a.1)
        .map(|(a, b)| (libm::pow(10.0, 0.5 * (a.1 + b.1)), (b.0 - a.0) / (b.1 - a.1)))
        .collect()
}
