//! Distributions of one covariate, as functions of a standard normal deviate: one deviate gives one value, so that
//! covariates can be correlated through a Gaussian copula and a subject stays the same whatever else is drawn.

use crate::math::{exp, ln, normal_cdf, normal_quantile};

/// A continuous distribution with optional bounds, as x = shape(z) of a standard normal z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marginal {
    shape: Shape,
    /// Probabilities of the unbounded shape below the lower and below the upper bound.
    within: (f64, f64),
    bounds: (f64, f64),
    whole: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    /// mean + sd z
    Normal { mean: f64, sd: f64 },
    /// shift + scale exp(sigma z); sigma and scale of one sign (both negative: skewed to the left).
    LogNormal { shift: f64, scale: f64, sigma: f64 },
}

/// A distribution that cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MarginalError {
    /// A spread is negative or not finite, or a scale is not positive.
    #[error("{what} must be {wanted}, not {value}")]
    OutOfRange {
        /// Which number.
        what: &'static str,
        /// What it must be.
        wanted: &'static str,
        /// What it is.
        value: f64,
    },
    /// Quartiles that do not ascend.
    #[error("quartiles must ascend: {0}, {1}, {2}")]
    Unordered(f64, f64, f64),
    /// Bounds that leave (almost) nothing.
    #[error("the bounds {0} to {1} leave less than a millionth of the distribution")]
    Bounds(f64, f64),
    /// Quartiles that no bounded shape has.
    #[error("no shifted log-normal within {0} to {1} has these quartiles")]
    NoFit(f64, f64),
}

impl Marginal {
    /// A normal distribution.
    ///
    /// # Errors
    /// Where the standard deviation is negative or a number is not finite.
    pub fn normal(mean: f64, sd: f64) -> Result<Self, MarginalError> {
        positive("sd", sd)?;
        Ok(Marginal::unbounded(Shape::Normal { mean, sd }))
    }

    /// A log-normal distribution from its median and the standard deviation of the logarithm.
    ///
    /// # Errors
    /// Where the median or the standard deviation is not positive.
    pub fn log_normal(median: f64, sigma: f64) -> Result<Self, MarginalError> {
        positive("median", median)?;
        positive("sigma", sigma)?;
        Ok(Marginal::unbounded(Shape::LogNormal { shift: 0.0, scale: median, sigma }))
    }

    /// The shifted log-normal distribution (Johnson's SL family, or the normal distribution where the quartiles are
    /// symmetric) that has the given quartiles *after* it is cut to the bounds. Three numbers determine it, it is
    /// smooth, and it is skewed as the quartiles are.
    ///
    /// # Errors
    /// Where the quartiles do not ascend or the bounds do not leave such a distribution.
    pub fn quartiles(q: [f64; 3], bounds: (f64, f64)) -> Result<Self, MarginalError> {
        let [q1, median, q3] = q;
        if !(q1 < median && median < q3) {
            return Err(MarginalError::Unordered(q1, median, q3));
        }
        let mut fit = Marginal::unbounded(shape_through(q, QUARTILE_DEVIATES));
        for _ in 0..200 {
            let bounded = fit.bounded(bounds.0, bounds.1)?;
            let deviates = [0.25, 0.5, 0.75].map(|p| normal_quantile(bounded.inner_probability(p)));
            let next = Marginal::unbounded(shape_through(q, deviates));
            let still = [0.25, 0.5, 0.75]
                .iter()
                .zip(q)
                .all(|(&p, q)| (bounded.quantile(p) - q).abs() <= 1e-10 * (q3 - q1));
            if still {
                return Ok(bounded);
            }
            fit = next;
        }
        Err(MarginalError::NoFit(bounds.0, bounds.1))
    }

    fn unbounded(shape: Shape) -> Self {
        Marginal { shape, within: (0.0, 1.0), bounds: (f64::NEG_INFINITY, f64::INFINITY), whole: false }
    }

    /// The distribution cut to an interval.
    ///
    /// # Errors
    /// Where the interval holds less than a millionth of it.
    pub fn bounded(self, lower: f64, upper: f64) -> Result<Self, MarginalError> {
        let within = (self.shape.probability_below(lower), self.shape.probability_below(upper));
        if within.1 - within.0 < 1e-6 {
            return Err(MarginalError::Bounds(lower, upper));
        }
        Ok(Marginal { within, bounds: (lower, upper), ..self })
    }

    /// The distribution rounded to whole numbers.
    #[must_use]
    pub fn whole(self) -> Self {
        Marginal { whole: true, ..self }
    }

    fn inner_probability(&self, p: f64) -> f64 {
        self.within.0 + p * (self.within.1 - self.within.0)
    }

    /// The value at a probability in (0, 1).
    pub fn quantile(&self, p: f64) -> f64 {
        let x = self.shape.at(normal_quantile(self.inner_probability(p)));
        // Rounding in the last place must not leave the bounds.
        let x = x.clamp(self.bounds.0, self.bounds.1);
        if self.whole { x.round() } else { x }
    }

    /// The value of a standard normal deviate.
    pub fn at(&self, z: f64) -> f64 {
        if self.within == (0.0, 1.0) {
            let x = self.shape.at(z);
            return if self.whole { x.round() } else { x };
        }
        self.quantile(normal_cdf(z))
    }
}

fn positive(what: &'static str, value: f64) -> Result<(), MarginalError> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(MarginalError::OutOfRange { what, wanted: "positive", value })
}

const QUARTILE_DEVIATES: [f64; 3] = [-0.674_489_750_196_081_7, 0.0, 0.674_489_750_196_081_7];

/// The shape whose values at three standard normal deviates are given.
fn shape_through(q: [f64; 3], z: [f64; 3]) -> Shape {
    let ratio = (q[2] - q[1]) / (q[1] - q[0]);
    let (below, above) = (z[1] - z[0], z[2] - z[1]);
    if (ratio * below / above - 1.0).abs() < 1e-9 {
        let sd = (q[2] - q[0]) / (z[2] - z[0]);
        return Shape::Normal { mean: q[1] - sd * z[1], sd };
    }
    // (e^{s above} - 1) / (1 - e^{-s below}) = ratio rises with s; bisection cannot fail.
    let excess = |s: f64| libm::expm1(s * above) / -libm::expm1(-s * below) - ratio;
    let (mut low, mut high) = if ratio * below > above { (1e-12, 20.0) } else { (-20.0, -1e-12) };
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if excess(middle) < 0.0 { low = middle } else { high = middle }
    }
    let sigma = 0.5 * (low + high);
    let scale = (q[1] - q[0]) / -libm::expm1(-sigma * below) * exp(-sigma * z[1]);
    Shape::LogNormal { shift: q[1] - scale * exp(sigma * z[1]), scale, sigma }
}

impl Shape {
    fn at(&self, z: f64) -> f64 {
        match *self {
            Shape::Normal { mean, sd } => mean + sd * z,
            Shape::LogNormal { shift, scale, sigma } => shift + scale * exp(sigma * z),
        }
    }

    fn probability_below(&self, x: f64) -> f64 {
        match *self {
            Shape::Normal { mean, sd } => normal_cdf((x - mean) / sd),
            Shape::LogNormal { shift, scale, sigma } => {
                let relative = (x - shift) / scale;
                if relative <= 0.0 {
                    // Beyond the end of the support: below it for a right skew, above it for a left one.
                    return if scale > 0.0 { 0.0 } else { 1.0 };
                }
                normal_cdf(ln(relative) / sigma)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

    #[test]
    fn quartiles_are_met_exactly_within_bounds_too() {
        // Fang et al., Table 1: age, CRP, calprotectin, haemoglobin, albumin.
        for (q, bounds) in [
            ([23.0, 29.0, 34.0], (18.0, 75.0)),
            ([4.62, 11.62, 28.44], (0.1, 300.0)),
            ([491.73, 871.84, 1800.0], (30.0, 6000.0)),
            ([102.75, 115.0, 128.0], (60.0, 180.0)),
            ([35.25, 38.85, 42.2], (15.0, 55.0)),
            ([10.0, 12.0, 14.0], FREE),
        ] {
            let marginal = Marginal::quartiles(q, bounds).unwrap();
            for (p, expected) in [0.25, 0.5, 0.75].into_iter().zip(q) {
                let got = marginal.quantile(p);
                assert!((got - expected).abs() < 1e-8 * expected, "{q:?} {p}: {got}");
            }
            for i in 0..=1000 {
                let x = marginal.at(-6.0 + 0.012 * f64::from(i));
                assert!(x >= bounds.0 && x <= bounds.1, "{q:?}: {x}");
            }
        }
    }

    #[test]
    fn a_left_skew_and_a_right_skew_mirror() {
        let right = Marginal::quartiles([1.0, 2.0, 5.0], FREE).unwrap();
        let left = Marginal::quartiles([-5.0, -2.0, -1.0], FREE).unwrap();
        for z in [-2.0, -0.3, 0.0, 1.7] {
            assert!((right.at(z) + left.at(-z)).abs() < 1e-9);
        }
    }

    #[test]
    fn impossible_distributions_are_refused() {
        assert!(Marginal::quartiles([2.0, 1.0, 3.0], FREE).is_err());
        assert!(Marginal::normal(0.0, -1.0).is_err());
        assert!(Marginal::log_normal(0.0, 1.0).is_err());
        assert!(Marginal::normal(0.0, 1.0).unwrap().bounded(50.0, 60.0).is_err());
        assert!(Marginal::quartiles([1.0, 2.0, 3.0], (10.0, 20.0)).is_err());
    }

    #[test]
    fn whole_numbers_are_whole() {
        let hbi = Marginal::quartiles([10.0, 12.0, 14.0], (7.5, 30.0)).unwrap().whole();
        assert_eq!(hbi.at(0.11).fract(), 0.0);
    }
}
