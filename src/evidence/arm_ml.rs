use super::arm_likelihood::{BOUND, Likelihood};
use crate::math::{chi_square_tail, minimum, root};

/// Half the deviance that a 95 % profile interval allows: half the 95th percentile of a chi-square law with 1 df.
const DROP: f64 = 3.841_458_820_694_124 / 2.0;

/// The maximum-likelihood fit of arm counts.
#[derive(Clone, Debug, PartialEq)]
pub struct MaximumLikelihood {
    /// Intercepts, one a trial (logit, or log rate per year).
    pub intercepts: Vec<f64>,
    /// Profile-likelihood 95 % intervals of the intercepts; an infinite end is not bounded by the data.
    pub intercept_intervals: Vec<[f64; 2]>,
    /// The slope b.
    pub slope: f64,
    /// Its profile-likelihood 95 % interval; an infinite end is not bounded by the data.
    pub slope_interval: [f64; 2],
    /// The likelihood-ratio statistic against b = 0 and its p-value (1 df).
    pub likelihood_ratio: (f64, f64),
    /// The deviance against arms that each have their own risk, its degrees of freedom, and the p-value (NaN without
    /// degrees of freedom).
    pub deviance: (f64, u32, f64),
    /// The fitted risk of each arm.
    pub fitted: Vec<f64>,
}

/// The slopes between which the maximum is sought, in units of 1/(standard deviation of g).
const REACH: f64 = 60.0;

/// The likeliest slope, with the intercepts at their best for each; `spread` is the standard deviation of g(C).
/// `None` where the likelihood has no maximum: a trial without events, or where everybody has one, or separation.
pub(super) fn maximise(likelihood: &Likelihood, spread: f64, arms: usize) -> Option<MaximumLikelihood> {
    let trials = likelihood.trials();
    if spread <= 0.0 || !(0..trials).all(|trial| likelihood.informative(trial)) {
        return None;
    }
    let profile = |slope: f64| -> f64 {
        let at = likelihood.at(slope);
        (0..trials).map(|trial| at.best(trial, None).1).sum()
    };
    let reach = REACH / spread;
    let grid: Vec<f64> = (-60..=60)
        .map(|i| {
            let t = f64::from(i) / 60.0;
            reach * t * t * t
        })
        .collect();
    let values: Vec<f64> = grid.iter().map(|&b| profile(b)).collect();
    let top = (0..grid.len()).max_by(|&i, &j| values[i].total_cmp(&values[j]))?;
    if top == 0 || top + 1 == grid.len() {
        return None;
    }
    let (slope, negative) = minimum(|b| -profile(b), grid[top - 1], grid[top + 1], 1e-10 / spread);
    let best = -negative;
    let lack = |b: f64| best - profile(b) - DROP;
    let slope_interval = [
        root(lack, -reach, slope, 1e-9 / spread).unwrap_or(f64::NEG_INFINITY),
        root(lack, slope, reach, 1e-9 / spread).unwrap_or(f64::INFINITY),
    ];
    let at = likelihood.at(slope);
    let intercepts: Vec<f64> = (0..trials).map(|trial| at.best(trial, None).0).collect();
    let intercept_intervals = (0..trials)
        .map(|trial| intercept_interval(likelihood, trial, intercepts[trial], best, (slope, slope_interval)))
        .collect();
    let ratio = (2.0 * (best - profile(0.0))).max(0.0);
    let deviance = (2.0 * (likelihood.saturated() - best)).max(0.0);
    let freedom = u32::try_from(arms.saturating_sub(trials + 1)).unwrap_or(u32::MAX);
    let tail = if freedom == 0 { f64::NAN } else { chi_square_tail(deviance, freedom) };
    Some(MaximumLikelihood {
        fitted: at.risks(&intercepts),
        intercepts,
        intercept_intervals,
        slope,
        slope_interval,
        likelihood_ratio: (ratio, chi_square_tail(ratio, 1)),
        deviance: (deviance, freedom, tail),
    })
}

fn intercept_interval(
    likelihood: &Likelihood,
    trial: usize,
    estimate: f64,
    best: f64,
    (slope, [low, high]): (f64, [f64; 2]),
) -> [f64; 2] {
    let lack = |a: f64| {
        let negative = |b: f64| {
            let at = likelihood.at(b);
            let others: f64 =
                (0..likelihood.trials()).filter(|&t| t != trial).map(|t| at.best(t, None).1).sum();
            -(at.log_likelihood(trial, a) + others)
        };
        // On the profile's way to its 95 % limits the slope stays within a few widths of its own interval.
        let width = (high - low).min(40.0 * (slope.abs() + 1.0)).max(1e-6);
        best + minimum(negative, slope - 3.0 * width, slope + 3.0 * width, 1e-9 * width).1 - DROP
    };
    [
        root(lack, -BOUND, estimate, 1e-8).unwrap_or(f64::NEG_INFINITY),
        root(lack, estimate, BOUND, 1e-8).unwrap_or(f64::INFINITY),
    ]
}
