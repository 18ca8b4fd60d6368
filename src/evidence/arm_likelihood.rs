use super::arms::ArmCounts;
use super::prior::Prior;
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

/// 1 - exp(-h) and exp(-h) without loss of digits. Rare events have small hazards, where a short series serves.
fn exponential_law(hazard: f64) -> (f64, f64) {
    if hazard < 0.01 {
        let h = hazard;
        let leaves =
            h * (1.0 - h / 2.0 * (1.0 - h / 3.0 * (1.0 - h / 4.0 * (1.0 - h / 5.0 * (1.0 - h / 6.0)))));
        return (leaves, 1.0 - leaves);
    }
    let stays = crate::math::exp(-hazard);
    (1.0 - stays, stays)
}

impl AtSlope<'_> {
    /// Averaged risk of an arm, its complement, and its derivative in the intercept.
    fn risk(&self, arm: usize, intercept: f64) -> (f64, f64, f64) {
        let node = &self.likelihood.arms[arm];
        let (mut p, mut q, mut slope) = (0.0, 0.0, 0.0);
        match self.likelihood.risk {
            Risk::Odds => {
                let factor = crate::math::exp(-intercept);
                for (x, w) in self.factors[arm].iter().zip(&node.weight) {
                    let x = factor * x;
                    let r = 1.0 / (1.0 + x);
                    p += w * r;
                    q += w * x * r;
                    slope += w * x * r * r;
                }
            }
            Risk::Rate => {
                let factor = node.years * crate::math::exp(intercept);
                for (x, w) in self.factors[arm].iter().zip(&node.weight) {
                    let hazard = factor * x;
                    let (leaves, stays) = exponential_law(hazard);
                    p += w * leaves;
                    q += w * stays;
                    slope += w * if stays > 0.0 { hazard * stays } else { 0.0 };
                }
            }
        }
        (p, q, slope)
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
