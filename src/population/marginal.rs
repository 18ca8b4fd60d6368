//! Distributions of one covariate, as functions of a standard normal deviate: one deviate gives one value, so that
//! covariates can be correlated through a Gaussian copula and a subject stays the same whatever else is drawn.

use std::sync::Arc;

use crate::math::{beta_quantile, exp, incomplete_beta, ln, normal_cdf, normal_quantile};

/// A continuous distribution with optional bounds, as x = shape(z) of a standard normal z.
#[derive(Clone, Debug, PartialEq)]
pub struct Marginal {
    shape: Shape,
    cut: Cut,
    bounds: (f64, f64),
    whole: bool,
}

/// How bounds are kept. The numbers are the probabilities of the unbounded shape below the two bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cut {
    /// There are none.
    Nowhere,
    /// The whole distribution is cut to the interval.
    Ends(f64, f64),
    /// Below the first and above the second of two probabilities the law is cut for itself, so that its quantiles
    /// between them stay.
    Tails((f64, f64), (f64, f64)),
}

#[derive(Clone, Debug, PartialEq)]
enum Shape {
    /// mean + sd z
    Normal { mean: f64, sd: f64 },
    /// shift + scale exp(sigma z); sigma and scale of one sign (both negative: skewed to the left).
    LogNormal { shift: f64, scale: f64, sigma: f64 },
    /// A beta law stretched from 0 and 1 to low and high.
    Beta { a: f64, b: f64, low: f64, high: f64 },
    /// Linear in z between points, and beyond them as between the last two.
    Points(Arc<[(f64, f64)]>),
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
    /// Quantiles that are no distribution.
    #[error(
        "quantiles are two or more pairs of percent and value, both ascending, percents between 0 and 100"
    )]
    Quantiles,
    /// Bounds that leave (almost) nothing.
    #[error("the bounds {0} to {1} leave less than a millionth of the distribution")]
    Bounds(f64, f64),
    /// Quartiles that do not lie within the bounds.
    #[error("the quartiles {0} to {1} do not lie within the bounds {2} to {3}")]
    Outside(f64, f64, f64, f64),
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
    /// symmetric) with the given quartiles. Three numbers determine it, it is smooth, and it is skewed as the quartiles
    /// are. Bounds cut the outer quarters only, each for itself, so that the quartiles stay as they are.
    ///
    /// # Errors
    /// Where the quartiles do not ascend or do not lie within the bounds.
    pub fn quartiles(q: [f64; 3], bounds: (f64, f64)) -> Result<Self, MarginalError> {
        let [q1, median, q3] = q;
        if !(q1 < median && median < q3) {
            return Err(MarginalError::Unordered(q1, median, q3));
        }
        if !(bounds.0 < q1 && q3 < bounds.1) {
            return Err(MarginalError::Outside(q1, q3, bounds.0, bounds.1));
        }
        let shape = shape_through(q);
        Ok(shape.cut_in_the_tails((0.25, 0.75), bounds))
    }

    /// A beta distribution stretched to an interval.
    ///
    /// # Errors
    /// Where a shape is not positive or the interval is not finite.
    pub fn beta(a: f64, b: f64, (low, high): (f64, f64)) -> Result<Self, MarginalError> {
        positive("the first shape of beta", a)?;
        positive("the second shape of beta", b)?;
        positive("the length of the range", high - low)?;
        Ok(Marginal::unbounded(Shape::Beta { a, b, low, high }))
    }

    /// The distribution with given quantiles: pairs of a probability and a value. Between them the value is linear in
    /// the normal deviate, beyond them it goes on as between the last two. Bounds cut the tails beyond the outermost
    /// quantiles only, so that the quantiles stay.
    ///
    /// # Errors
    /// Where there are fewer than two, where they do not ascend, or do not lie within the bounds.
    pub fn quantiles(points: &[(f64, f64)], bounds: (f64, f64)) -> Result<Self, MarginalError> {
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return Err(MarginalError::Quantiles);
        };
        let ascend = points.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1);
        if points.len() < 2 || !ascend || first.0 <= 0.0 || last.0 >= 1.0 {
            return Err(MarginalError::Quantiles);
        }
        if !(bounds.0 < first.1 && last.1 < bounds.1) {
            return Err(MarginalError::Outside(first.1, last.1, bounds.0, bounds.1));
        }
        let ends = (first.0, last.0);
        let shape = Shape::Points(points.iter().map(|(p, x)| (normal_quantile(*p), *x)).collect());
        Ok(shape.cut_in_the_tails(ends, bounds))
    }

    fn unbounded(shape: Shape) -> Self {
        Marginal { shape, cut: Cut::Nowhere, bounds: (f64::NEG_INFINITY, f64::INFINITY), whole: false }
    }

    /// The distribution cut to an interval.
    ///
    /// # Errors
    /// Where the interval holds less than a millionth of it.
    pub fn bounded(self, lower: f64, upper: f64) -> Result<Self, MarginalError> {
        let (below, above) = (self.shape.probability_below(lower), self.shape.probability_below(upper));
        if above - below < 1e-6 {
            return Err(MarginalError::Bounds(lower, upper));
        }
        Ok(Marginal { cut: Cut::Ends(below, above), bounds: (lower, upper), ..self })
    }

    /// The distribution rounded to whole numbers.
    #[must_use]
    pub fn whole(self) -> Self {
        Marginal { whole: true, ..self }
    }

    /// The probability of the unbounded shape that belongs to one of the bounded distribution.
    fn inner_probability(&self, p: f64) -> f64 {
        match self.cut {
            Cut::Nowhere => p,
            Cut::Ends(low, high) => low + p * (high - low),
            Cut::Tails((from, _), (low, _)) if p < from => low + p / from * (from - low),
            Cut::Tails((_, to), (_, high)) if p > to => high - (1.0 - p) / (1.0 - to) * (high - to),
            Cut::Tails(..) => p,
        }
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
        if self.cut == Cut::Nowhere {
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

/// The two points (of two or more) between which, or beyond which, a place lies that some are below.
fn segment(points: &[(f64, f64)], below: impl Fn(&(f64, f64)) -> bool) -> ((f64, f64), (f64, f64)) {
    let after = points.partition_point(below).clamp(1, points.len() - 1);
    (points[after - 1], points[after])
}

/// The standard normal deviate of the upper quartile.
const UPPER: f64 = 0.674_489_750_196_081_7;

/// The shape with given quartiles: the ratio of the upper to the lower half of the box is exp(sigma · 0.6745).
fn shape_through([q1, median, q3]: [f64; 3]) -> Shape {
    let (below, above) = (median - q1, q3 - median);
    let sigma = ln(above / below) / UPPER;
    if sigma.abs() < 1e-6 {
        return Shape::Normal { mean: median, sd: 0.5 * (below + above) / UPPER };
    }
    let scale = above * below / (above - below);
    Shape::LogNormal { shift: median - scale, scale, sigma }
}

impl Shape {
    fn cut_in_the_tails(self, ends: (f64, f64), bounds: (f64, f64)) -> Marginal {
        let cut = Cut::Tails(ends, (self.probability_below(bounds.0), self.probability_below(bounds.1)));
        Marginal { shape: self, cut, bounds, whole: false }
    }

    fn at(&self, z: f64) -> f64 {
        match *self {
            Shape::Normal { mean, sd } => mean + sd * z,
            Shape::LogNormal { shift, scale, sigma } => shift + scale * exp(sigma * z),
            Shape::Beta { a, b, low, high } => low + (high - low) * beta_quantile(normal_cdf(z), a, b),
            Shape::Points(ref points) => {
                let ((z0, x0), (z1, x1)) = segment(points, |(at, _)| *at < z);
                x0 + (x1 - x0) * (z - z0) / (z1 - z0)
            }
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
            Shape::Beta { a, b, low, high } => {
                incomplete_beta(a, b, ((x - low) / (high - low)).clamp(0.0, 1.0))
            }
            Shape::Points(ref points) => {
                let ((z0, x0), (z1, x1)) = segment(points, |(_, at)| *at < x);
                normal_cdf(z0 + (z1 - z0) * (x - x0) / (x1 - x0))
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
