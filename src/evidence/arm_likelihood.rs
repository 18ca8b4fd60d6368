use super::arms::ArmCounts;
use super::prior::Prior;
use crate::math::dispatch::{Kernel, dispatch};
use crate::math::root;
use crate::response::{Shape, YEAR};

/// The scale on which arms add up: odds, or rates over the time at risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Risk {
    /// logit P = a + b g(C), whatever the time.
    Odds,
    /// P = 1 - exp(-T exp(a + b g(C))) with the arm's own time at risk T in years.
    Rate,
}

/// Intercepts are sought between these bounds (logit, or log rate per year): far outside all that counts can tell.
pub(super) const BOUND: f64 = 60.0;

/// Below this a risk counts as underflowed.
const TINY: f64 = 1e-280;

struct Node {
    g: Vec<f64>,
    weight: Vec<f64>,
    events: f64,
    patients: f64,
    years: f64,
    trial: usize,
}

/// The binomial likelihood of arm counts, each arm's risk averaged over its exposures (Jackson, Best and Richardson
/// 2006, Stat Med 25:2136): the risk at an average exposure would give slopes that are too steep.
pub(super) struct Likelihood {
    risk: Risk,
    arms: Vec<Node>,
    trials: usize,
}

/// The likelihood at one slope, with what does not depend on the intercepts worked out.
pub(super) struct AtSlope<'a> {
    likelihood: &'a Likelihood,
    factors: Vec<Vec<f64>>,
}

impl Likelihood {
    pub(super) fn new(counts: &ArmCounts, risk: Risk, shape: Shape) -> Self {
        let arms = counts
            .arms()
            .iter()
            .zip(counts.nodes())
            .map(|(arm, (exposures, weight))| Node {
                g: exposures.iter().map(|&c| shape.apply(c)).collect(),
                weight: weight.clone(),
                events: arm.events,
                patients: arm.patients,
                years: arm.follow_up.unwrap_or(YEAR) / YEAR,
                trial: counts.trials().iter().position(|t| *t == arm.trial).unwrap_or(0),
            })
            .collect();
        Likelihood { risk, arms, trials: counts.trials().len() }
    }

    pub(super) fn trials(&self) -> usize {
        self.trials
    }

    /// Whether events and non-events both occur: else the likelihood has no maximum.
    pub(super) fn informative(&self, trial: usize) -> bool {
        let arms = || self.arms.iter().filter(move |arm| arm.trial == trial);
        arms().any(|arm| arm.events > 0.0) && arms().any(|arm| arm.events < arm.patients)
    }

    pub(super) fn at(&self, slope: f64) -> AtSlope<'_> {
        let sign = if self.risk == Risk::Odds { -slope } else { slope };
        let factor = |g: &f64| crate::math::exp(sign * g).clamp(1e-290, 1e290);
        AtSlope {
            likelihood: self,
            factors: self.arms.iter().map(|a| a.g.iter().map(factor).collect()).collect(),
        }
    }

    /// The log-likelihood of arms that each have their own risk, y/n.
    pub(super) fn saturated(&self) -> f64 {
        self.arms
            .iter()
            .map(|a| binomial(a.events, a.patients, a.events / a.patients, 1.0 - a.events / a.patients))
            .sum()
    }
}

fn binomial(events: f64, patients: f64, p: f64, q: f64) -> f64 {
    let term = |count: f64, p: f64| if count > 0.0 { count * crate::math::ln(p.max(1e-300)) } else { 0.0 };
    term(events, p) + term(patients - events, q)
}

/// 1 - exp(-h) and exp(-h) without loss of digits. Rare events have small hazards, where a short series serves. Without a
/// branch, for lanes.
#[inline(always)]
fn exponential_law(hazard: f64) -> (f64, f64) {
    let h = hazard;
    let series = h * (1.0 - h / 2.0 * (1.0 - h / 3.0 * (1.0 - h / 4.0 * (1.0 - h / 5.0 * (1.0 - h / 6.0)))));
    let decay = crate::math::exp(-hazard);
    let rare = hazard < 0.01;
    (if rare { series } else { 1.0 - decay }, if rare { 1.0 - series } else { decay })
}

/// What [`AtSlope::risk`] says, of factors with their weights.
struct Average<'a, const RATE: bool> {
    factor: f64,
    factors: &'a [f64],
    weights: &'a [f64],
}

/// Nodes side by side; each has a sum of its own, lest one addition wait for another.
const TOGETHER: usize = 8;

impl<const RATE: bool> Kernel for Average<'_, RATE> {
    type Output = (f64, f64, f64);

    #[inline(always)]
    fn run(self) -> (f64, f64, f64) {
        let mut sums = [[0.0; TOGETHER]; 3];
        let nodes = self.factors.chunks(TOGETHER).zip(self.weights.chunks(TOGETHER));
        for (factors, weights) in nodes {
            // What is missing in the last ones has no weight.
            let (mut x, mut w) = ([1.0; TOGETHER], [0.0; TOGETHER]);
            match (factors.first_chunk(), weights.first_chunk()) {
                (Some(factors), Some(weights)) => (x, w) = (*factors, *weights),
                _ => {
                    x[..factors.len()].copy_from_slice(factors);
                    w[..weights.len()].copy_from_slice(weights);
                }
            }
            for l in 0..TOGETHER {
                let x = self.factor * x[l];
                let (p, q, slope) = if RATE {
                    let (leaves, stays) = exponential_law(x);
                    (leaves, stays, if stays > 0.0 { x * stays } else { 0.0 })
                } else {
                    let r = 1.0 / (1.0 + x);
                    (r, x * r, x * r * r)
                };
                sums[0][l] += w[l] * p;
                sums[1][l] += w[l] * q;
                sums[2][l] += w[l] * slope;
            }
        }
        let [p, q, slope] = sums.map(|sums| sums.iter().sum());
        (p, q, slope)
    }
}

impl AtSlope<'_> {
    /// Averaged risk of an arm, its complement, and its derivative in the intercept.
    fn risk(&self, arm: usize, intercept: f64) -> (f64, f64, f64) {
        let node = &self.likelihood.arms[arm];
        let (factors, weights) = (&self.factors[arm], &node.weight);
        match self.likelihood.risk {
            Risk::Odds => {
                dispatch(Average::<false> { factor: crate::math::exp(-intercept), factors, weights })
            }
            Risk::Rate => {
                let factor = node.years * crate::math::exp(intercept);
                dispatch(Average::<true> { factor, factors, weights })
            }
        }
    }

    /// The risk of each arm at the intercepts of the trials.
    pub(super) fn risks(&self, intercepts: &[f64]) -> Vec<f64> {
        let arms = &self.likelihood.arms;
        (0..arms.len()).map(|arm| self.risk(arm, intercepts[arms[arm].trial]).0).collect()
    }

    /// The log-likelihood of one trial at an intercept.
    pub(super) fn log_likelihood(&self, trial: usize, intercept: f64) -> f64 {
        let mut sum = 0.0;
        for (i, arm) in self.likelihood.arms.iter().enumerate().filter(|(_, arm)| arm.trial == trial) {
            let (p, q, _) = self.risk(i, intercept);
            sum += binomial(arm.events, arm.patients, p, q);
        }
        sum
    }

    fn score(&self, trial: usize, intercept: f64) -> f64 {
        let mut sum = 0.0;
        for (i, arm) in self.likelihood.arms.iter().enumerate().filter(|(_, arm)| arm.trial == trial) {
            let (p, q, slope) = self.risk(i, intercept);
            // Where a risk has underflowed, only the sign of the score is known; it must not be lost.
            let events = if p > TINY { slope / p } else { 1.0 };
            let others = if q > TINY { slope / q } else { 1e9 };
            sum += arm.events * events - (arm.patients - arm.events) * others;
        }
        sum
    }

    /// The most likely intercept of a trial, with a prior or without, and the log density there.
    pub(super) fn best(&self, trial: usize, prior: Option<Prior>) -> (f64, f64) {
        let score = |a: f64| self.score(trial, a) + prior.map_or(0.0, |prior| prior.score(a));
        let best = root(score, -BOUND, BOUND, 1e-12)
            .unwrap_or_else(|| if score(0.0) < 0.0 { -BOUND } else { BOUND });
        (best, self.log_density(trial, best, prior))
    }

    /// Log-likelihood and log prior density of an intercept.
    pub(super) fn log_density(&self, trial: usize, intercept: f64, prior: Option<Prior>) -> f64 {
        self.log_likelihood(trial, intercept) + prior.map_or(0.0, |prior| prior.log_density(intercept))
    }
}

#[cfg(test)]
mod tests {
    use super::exponential_law;
    use crate::math::expm1;

    #[test]
    fn rare_events_keep_their_digits() {
        for hazard in [1e-300, 1e-12, 1e-6, 1e-3, 0.005, 0.0099, 0.0101, 0.3, 5.0] {
            let (leaves, stays) = exponential_law(hazard);
            let exact = -expm1(-hazard);
            assert!((leaves / exact - 1.0).abs() < 2e-14, "{hazard}: {leaves} is not {exact}");
            assert!((stays - (1.0 - exact)).abs() < 1e-15, "{hazard}: {stays}");
        }
    }
}
