use serde::{Deserialize, Serialize};

use crate::math::{normal_cdf, normal_quantile, root};

/// What an analysis says of the difference between two arms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contrast {
    /// The estimated difference, on the scale of the method.
    pub estimate: f64,
    /// Its two-sided confidence interval.
    pub interval: [f64; 2],
    /// The two-sided p-value against the null value.
    pub p: f64,
}

/// The deviate that a two-sided interval of this confidence reaches: 1.96 for 0.95.
pub fn normal_deviate(confidence: f64) -> f64 {
    normal_quantile(0.5 + 0.5 * confidence)
}

/// The two-sided tail probability of a standard normal deviate.
pub(super) fn two_sided(z: f64) -> f64 {
    2.0 * normal_cdf(-z.abs())
}

impl Contrast {
    /// Of an estimate with a normal law and a standard error.
    pub fn normal(estimate: f64, error: f64, null: f64, confidence: f64) -> Contrast {
        let half = normal_deviate(confidence) * error;
        let p = if estimate == null { 1.0 } else { two_sided((estimate - null) / error) };
        Contrast { estimate, interval: [estimate - half, estimate + half], p }
    }

    /// Of an estimate whose intervals are known at every deviate: the p-value is that at which the interval's end
    /// meets the null value.
    pub(super) fn inverted(
        estimate: f64,
        interval: impl Fn(f64) -> [f64; 2],
        null: f64,
        confidence: f64,
    ) -> Contrast {
        let end = usize::from(estimate < null);
        let beyond = |z: f64| (interval(z)[end] - null) * if end == 0 { 1.0 } else { -1.0 };
        // Ends beyond 40 standard errors have p-values below any number.
        let p = if estimate == null { 1.0 } else { root(beyond, 0.0, 40.0, 1e-10).map_or(0.0, two_sided) };
        Contrast { estimate, interval: interval(normal_deviate(confidence)), p }
    }
}
