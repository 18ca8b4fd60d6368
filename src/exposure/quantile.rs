//! Summaries of values at hand.

use crate::math;

/// The quantile at probability `p` of values in ascending order: linear between order statistics (Hyndman and Fan 1996,
/// type 7; the default of R and NumPy). None without values or with `p` outside [0, 1].
pub fn quantile(ascending: &[f64], p: f64) -> Option<f64> {
    let (below, above, fraction) = ranks(ascending.len() as u64, p)?;
    let (a, b) = (*ascending.get(below as usize)?, *ascending.get(above as usize)?);
    Some(between(a, b, fraction))
}

/// The two ranks (from 0) between which the type 7 quantile lies, and how far it is on the way.
pub(super) fn ranks(count: u64, p: f64) -> Option<(u64, u64, f64)> {
    if count == 0 || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let place = p * (count - 1) as f64;
    let below = place.floor();
    let rank = below as u64;
    Some((rank, (rank + 1).min(count - 1), place - below))
}

/// Linear between two values; the value itself where both are equal.
pub(super) fn between(a: f64, b: f64, fraction: f64) -> f64 {
    if a == b { a } else { a + fraction * (b - a) }
}

/// Geometric mean and coefficient of variation of positive values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometric {
    /// exp of the mean of logarithms, in the unit of the values.
    pub mean: f64,
    /// sqrt(exp(s²) - 1) with s² the sample variance of the logarithms, as a fraction; none for one value.
    pub cv: Option<f64>,
}

impl Geometric {
    /// Of values that are all positive and finite; none without values or with another one among them.
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() || !values.iter().all(|v| v.is_finite() && *v > 0.0) {
            return None;
        }
        let mut logs = super::Moments::default();
        for v in values {
            logs.add(math::ln(*v));
        }
        Some(Geometric {
            mean: math::exp(logs.mean()?),
            cv: logs.variance().map(|variance| math::expm1(variance).sqrt()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R 4.4: quantile(c(1, 2, 4, 8, 16), c(0, .1, .25, .5, .9, 1)).
    #[test]
    fn as_r_does_it() {
        let x = [1.0, 2.0, 4.0, 8.0, 16.0];
        for (p, expected) in [(0.0, 1.0), (0.1, 1.4), (0.25, 2.0), (0.5, 4.0), (0.9, 12.8), (1.0, 16.0)] {
            assert!((quantile(&x, p).unwrap() - expected).abs() < 1e-14, "{p}");
        }
        assert_eq!(quantile(&[3.0], 0.7), Some(3.0));
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&x, 1.1), None);
        assert_eq!(quantile(&x, f64::NAN), None);
        assert_eq!(quantile(&[1.0, f64::INFINITY, f64::INFINITY], 0.75), Some(f64::INFINITY));
    }

    #[test]
    fn geometric_mean_and_cv() {
        // NumPy: exp(mean(log(x))), sqrt(exp(var(log(x), ddof=1)) - 1).
        let found = Geometric::of(&[1.0, 2.0, 4.0, 8.0, 16.0]).unwrap();
        assert!((found.mean - 4.0).abs() < 1e-14);
        assert!((found.cv.unwrap() - 1.524_427_499_335_38).abs() < 1e-12, "{:?}", found.cv);
        assert_eq!(Geometric::of(&[5.0]).unwrap().cv, None);
        assert!(Geometric::of(&[]).is_none() && Geometric::of(&[1.0, 0.0]).is_none());
    }
}
