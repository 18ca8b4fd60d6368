//! The elementary functions of the language, in one place: whatever evaluates an expression, for one subject or for
//! a block, calls these and no others, so that both give the same bits.

use crate::math::normal_cdf;
pub(super) use crate::math::{exp, ln as log, pow};
pub(super) use crate::math::{
    exp_slice as exp_block, ln_slice as log_block, pow_all_slice as pow_block, pow_slice as pow_columns,
};

/// Decimal logarithm.
pub(super) fn log10(x: f64) -> f64 {
    libm::log10(x)
}

/// Binary logarithm.
pub(super) fn log2(x: f64) -> f64 {
    libm::log2(x)
}

/// Standard normal distribution function.
pub(super) fn phi(x: f64) -> f64 {
    normal_cdf(x)
}

/// Gamma function.
pub(super) fn gamma(x: f64) -> f64 {
    libm::tgamma(x)
}

/// Natural logarithm of the absolute value of the gamma function.
pub(super) fn lgamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// The largest whole exponent that is worked out by multiplications.
const LARGEST_WHOLE: f64 = 16.0;

/// The exponent as a small whole number, if it is one: `x^3` is then two multiplications and not a call.
pub(super) fn whole_exponent(y: f64) -> Option<i32> {
    // The cast is exact: the value is whole and at most sixteen.
    #[allow(clippy::cast_possible_truncation)]
    (y == y.trunc() && y.abs() <= LARGEST_WHOLE).then_some(y as i32)
}

/// Below this an argument of [`polygamma`] would need a thousand steps of the recurrence.
const LOWEST_POLYGAMMA: f64 = -1000.0;
/// From here on the asymptotic series has converged to the last digits, for orders up to about ten.
const SERIES_FROM: f64 = 20.0;
/// Bernoulli numbers of even index, B2 to B20.
const BERNOULLI: [f64; 10] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43_867.0 / 798.0,
    -174_611.0 / 330.0,
];

/// The derivative of order `order` + 1 of the logarithm of the gamma function: digamma for order 0, trigamma for 1.
///
/// Recurrence upwards, then the asymptotic series: Abramowitz & Stegun 1964, 6.3.5, 6.3.18, 6.4.6 and 6.4.11. NaN
/// at the poles (0, -1, -2, ...) and below -1000.
pub(super) fn polygamma(order: u8, x: f64) -> f64 {
    if x.is_nan() || x < LOWEST_POLYGAMMA || (x <= 0.0 && x == x.trunc()) {
        return f64::NAN;
    }
    let n = i32::from(order);
    let sign = if n % 2 == 0 { -1.0 } else { 1.0 };
    let factorial = |k: i32| (1..=k).fold(1.0, |product, i| product * f64::from(i));
    let raised = |x: f64, k: i32| (0..k).fold(1.0, |product, _| product * x);
    let top = SERIES_FROM + f64::from(order);
    let (mut x, mut below) = (x, 0.0);
    while x < top {
        below += sign * factorial(n) / raised(x, n + 1);
        x += 1.0;
    }
    let leading = if n == 0 { log(x) } else { sign * factorial(n - 1) / raised(x, n) };
    let mut sum = leading + sign * factorial(n) / (2.0 * raised(x, n + 1));
    let mut power = raised(x, n + 2);
    for (k, bernoulli) in (1..).zip(BERNOULLI) {
        // (2k+n-1)!/(2k)! without the large factorials.
        let ratio = if n == 0 {
            1.0 / f64::from(2 * k)
        } else {
            (2 * k + 1..2 * k + n).fold(1.0, |product, i| product * f64::from(i))
        };
        sum += sign * bernoulli * ratio / power;
        power *= x * x;
    }
    below + sum
}
