use rayon::prelude::*;

use super::arm_likelihood::{AtSlope, BOUND, Likelihood, Risk};
use super::arms::ArmCounts;
use super::density::Density;
use super::prior::Prior;
use crate::random::{Address, Purpose, Stream};
use crate::response::Shape;

/// Points of the grids: over the slope (fewer where an EC50 is uncertain as well), an intercept, and ln EC50.
const SLOPES: usize = 241;
const SLOPES_EACH: usize = 65;
const INTERCEPTS: usize = 49;
const HALVES: usize = 25;
/// Grids end where the density has fallen by this much on the log scale.
const FALL: f64 = 18.0;

/// The shape of an exposure effect: known, or an Emax curve whose EC50 has a prior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ShapeLaw {
    /// All constants known.
    Known(Shape),
    /// C/(EC50 + C) with a log-normal prior of the EC50.
    UncertainEmax {
        /// The prior median (mg/L).
        median: f64,
        /// The prior standard deviation of ln EC50.
        log_sd: f64,
    },
}

impl ShapeLaw {
    /// The shape at the prior median of what is uncertain.
    pub fn central(self) -> Shape {
        match self {
            ShapeLaw::Known(shape) => shape,
            ShapeLaw::UncertainEmax { median, .. } => Shape::Emax(median),
        }
    }
}

/// The priors of arm counts: of each trial's intercept and of the slope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ArmPriors {
    /// Of each intercept.
    pub intercept: Prior,
    /// Of the slope.
    pub slope: Prior,
}

/// The posterior of arm counts by quadrature: given slope and shape the trials' intercepts are independent, so that
/// every integral is one-dimensional and no sampler is needed.
pub(super) struct Posterior<'a> {
    counts: &'a ArmCounts,
    risk: Risk,
    priors: ArmPriors,
    law: ShapeLaw,
    /// Over ln EC50; one point where the shape is known.
    halves: Density,
    /// Over the slope, given each point of `halves`.
    slopes: Vec<Density>,
}

impl<'a> Posterior<'a> {
    pub(super) fn new(counts: &'a ArmCounts, risk: Risk, priors: ArmPriors, law: ShapeLaw) -> Self {
        let points = match law {
            ShapeLaw::Known(_) => vec![0.0],
            ShapeLaw::UncertainEmax { median, log_sd } => (0..HALVES)
                .map(|i| {
                    crate::math::ln(median) + log_sd * 4.0 * (2.0 * i as f64 / (HALVES - 1) as f64 - 1.0)
                })
                .collect(),
        };
        let shape_at = |half: f64| match law {
            ShapeLaw::Known(shape) => shape,
            ShapeLaw::UncertainEmax { .. } => Shape::Emax(crate::math::exp(half)),
        };
        let size = if points.len() > 1 { SLOPES_EACH } else { SLOPES };
        let slopes: Vec<Density> = points
            .par_iter()
            .map(|&half| {
                let shape = shape_at(half);
                slope_density(&Likelihood::new(counts, risk, shape), priors, counts.spread(shape), size)
            })
            .collect();
        let logs = points.iter().zip(&slopes).map(|(half, density)| {
            density.log_integral()
                + match law {
                    ShapeLaw::Known(_) => 0.0,
                    ShapeLaw::UncertainEmax { median, log_sd } => {
                        Prior::Normal(log_sd).log_density(half - crate::math::ln(median))
                    }
                }
        });
        let logs = logs.collect();
        Posterior { counts, risk, priors, law, halves: Density::new(points, logs), slopes }
    }

    /// Quantiles of the slope, and the probability that it is positive.
    pub(super) fn slope_summary(&self, probabilities: &[f64]) -> (Vec<f64>, f64) {
        let weights = self.halves.weights();
        let below = |b: f64| -> f64 {
            self.slopes.iter().zip(&weights).map(|(density, w)| w * density.cumulative(b)).sum()
        };
        let ends =
            self.slopes.iter().map(Density::ends).fold([f64::INFINITY, f64::NEG_INFINITY], |all, one| {
                [all[0].min(one[0]), all[1].max(one[1])]
            });
        let quantile =
            |&p: &f64| crate::math::root(|b| below(b) - p, ends[0], ends[1], 1e-10).unwrap_or(f64::NAN);
        (probabilities.iter().map(quantile).collect(), 1.0 - below(0.0))
    }

    /// Joint draws, each `[intercept of every trial, slope, ln EC50 where it is uncertain]`. A draw depends on seed
    /// and number only.
    pub(super) fn draws(&self, seed: u64, draws: u32) -> Vec<f64> {
        let known = match self.law {
            ShapeLaw::Known(shape) => Some(Likelihood::new(self.counts, self.risk, shape)),
            ShapeLaw::UncertainEmax { .. } => None,
        };
        let rows: Vec<Vec<f64>> = (0..draws)
            .into_par_iter()
            .map(|draw| {
                let mut stream = Stream::new(Address::new(seed, Purpose::Evidence).draw(draw));
                let (cell, half) = self.halves.draw(stream.uniform(), stream.uniform());
                let slope = self.slopes[cell].quantile(stream.uniform());
                let own;
                let likelihood = if let Some(likelihood) = &known {
                    likelihood
                } else {
                    own = Likelihood::new(self.counts, self.risk, Shape::Emax(crate::math::exp(half)));
                    &own
                };
                let at = likelihood.at(slope);
                let mut row: Vec<f64> = (0..likelihood.trials())
                    .map(|t| intercept_density(&at, t, self.priors.intercept).quantile(stream.uniform()))
                    .collect();
                row.push(slope);
                if known.is_none() {
                    row.push(half);
                }
                row
            })
            .collect();
        rows.concat()
    }
}

fn slope_density(likelihood: &Likelihood, priors: ArmPriors, spread: f64, size: usize) -> Density {
    let log_density = |b: f64| -> f64 {
        let at = likelihood.at(b);
        priors.slope.log_density(b)
            + (0..likelihood.trials())
                .map(|trial| intercept_density(&at, trial, priors.intercept).log_integral())
                .sum::<f64>()
    };
    let scale = 0.25 / spread.max(1e-9);
    let limit = 2000.0 * scale;
    Density::around(log_density, 0.0, scale, limit, FALL, size)
}

fn intercept_density(at: &AtSlope<'_>, trial: usize, prior: Prior) -> Density {
    let (best, peak) = at.best(trial, Some(prior));
    let log_density = |a: f64| at.log_density(trial, a, Some(prior));
    // The width of the peak from its curvature; the likelihood's tails are never lighter than the normal's by much.
    let bend = (2.0 * peak - log_density(best + 0.1) - log_density(best - 0.1)) / 0.01;
    let width = if bend > 1e-2 { 1.5 / bend.sqrt() } else { 2.0 };
    Density::around(log_density, best, width, BOUND, FALL, INTERCEPTS)
}
