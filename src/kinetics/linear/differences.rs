//! Divided differences of the exponential on decay rates.
//!
//! With nodes z_i = -r_i, f(z) = exp(z t): f\[z_0 .. z_k\] is what a chain of first-order steps with rates r_0 .. r_k
//! leaves after t of a unit put in at its start, divided by the product of the rates between. It is symmetric in the
//! nodes and positive, and it has no singularity where rates are equal or zero.

use super::lanes::{LANES, Lane};
use crate::math;

/// Below this product of time and range of rates the difference quotient is replaced by its series. Above it, a
/// quotient of order k loses a factor of at most k in accuracy.
const SERIES_BELOW: f64 = 1.0;
/// Terms of the series: 1/20! is below the last bit of its sum.
const TERMS: usize = 20;

/// Sorts the rates of each lane, the largest first.
#[inline(always)]
pub(super) fn sort<const N: usize>(rates: &mut [Lane; N]) {
    for end in (1..N).rev() {
        for i in 0..end {
            for l in 0..LANES {
                let (a, b) = (rates[i][l], rates[i + 1][l]);
                let swap = a < b;
                rates[i][l] = if swap { b } else { a };
                rates[i + 1][l] = if swap { a } else { b };
            }
        }
    }
}

/// The divided differences f\[z_0 .. z_k\] for k = 0 .. N-1 of rates sorted from the largest down, after time t.
#[inline(always)]
pub(super) fn exponential<const N: usize>(rates: &[Lane; N], t: &Lane) -> [Lane; N] {
    let mut decay = [[0.0; LANES]; N];
    for i in 0..N {
        for l in 0..LANES {
            decay[i][l] = math::exp(-rates[i][l] * t[l]);
        }
    }
    let mut first = [[0.0; LANES]; N];
    first[0] = decay[0];
    let mut table = decay;
    for k in 1..N {
        for i in 0..N - k {
            let (fast, slow) = (&rates[i], &rates[i + k]);
            let mut close = false;
            for l in 0..LANES {
                close |= (fast[l] - slow[l]) * t[l] < SERIES_BELOW;
            }
            if k == 1 {
                table[i] = of_pair(fast, slow, &decay[i + 1], t);
                continue;
            }
            let (upper, lower) = (table[i + 1], table[i]);
            for l in 0..LANES {
                table[i][l] = (upper[l] - lower[l]) / (fast[l] - slow[l]);
            }
            if close {
                let series = series(&rates[i..=i + k], &decay[i + k], t);
                for l in 0..LANES {
                    let near = (fast[l] - slow[l]) * t[l] < SERIES_BELOW;
                    table[i][l] = if near { series[l] } else { table[i][l] };
                }
            }
        }
        first[k] = table[0];
    }
    first
}

/// (exp(-slow t) - exp(-fast t)) / (fast - slow), to the last digit wherever they stand.
#[inline(always)]
fn of_pair(fast: &Lane, slow: &Lane, slow_decay: &Lane, t: &Lane) -> Lane {
    let mut out = [0.0; LANES];
    for l in 0..LANES {
        let gap = fast[l] - slow[l];
        let value = slow_decay[l] * (-math::expm1(-gap * t[l]) / gap);
        out[l] = if gap == 0.0 { slow_decay[l] * t[l] } else { value };
    }
    out
}

/// Taylor series about the slowest rate: exp(-r t) t^k sum over m of h_m / (m + k)!, with h_m the complete
/// homogeneous symmetric polynomial of the differences of the rates, times t.
#[inline(always)]
fn series(rates: &[Lane], slow_decay: &Lane, t: &Lane) -> Lane {
    let order = rates.len() - 1;
    let slow = &rates[order];
    let mut h = [[0.0; LANES]; TERMS];
    h[0] = [1.0; LANES];
    for rate in &rates[..order] {
        for m in 1..TERMS {
            for l in 0..LANES {
                h[m][l] += (slow[l] - rate[l]) * t[l] * h[m - 1][l];
            }
        }
    }
    // Ascending, because factorials up to 22! are exact.
    let mut inverse = [0.0; TERMS];
    let mut factorial = (1..=order).fold(1.0, |product, i| product * i as f64);
    for (m, inverse) in inverse.iter_mut().enumerate() {
        *inverse = 1.0 / factorial;
        factorial *= (m + 1 + order) as f64;
    }
    let mut sum = [0.0; LANES];
    for m in (0..TERMS).rev() {
        for l in 0..LANES {
            sum[l] += h[m][l] * inverse[m];
        }
    }
    for l in 0..LANES {
        let mut power = slow_decay[l];
        for _ in 0..order {
            power *= t[l];
        }
        sum[l] *= power;
    }
    sum
}
