//! Powers: exp(y ln x) with the logarithm in two parts, so that no digit is lost in the product.

use super::elementary::{LN2_HIGH, LN2_LOW, exp_of_sum, split};

/// The sum of two numbers and its rounding error (Knuth 1969).
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let back = sum - a;
    (sum, (a - (sum - back)) + (b - back))
}

/// The same where |a| >= |b| (Dekker 1971).
#[inline(always)]
fn ordered_two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    (sum, b - (sum - a))
}

/// The product of two numbers and its rounding error, without a fused multiply-add (Dekker 1971, Veltkamp's split).
#[inline(always)]
fn two_product(a: f64, b: f64) -> (f64, f64) {
    #[inline(always)]
    fn halves(a: f64) -> (f64, f64) {
        let t = 134_217_729.0 * a;
        let high = t - (t - a);
        (high, a - high)
    }
    let product = a * b;
    let ((a1, a0), (b1, b0)) = (halves(a), halves(b));
    (product, ((a1 * b1 - product) + a1 * b0 + a0 * b1) + a0 * b0)
}

/// 1/5, 1/7, 1/9, ...: the series of (atanh(s)/s - 1 - s^2/3) / s^4 in s^2.
const ATANH_TAIL: [f64; 11] = [
    1.0 / 5.0,
    1.0 / 7.0,
    1.0 / 9.0,
    1.0 / 11.0,
    1.0 / 13.0,
    1.0 / 15.0,
    1.0 / 17.0,
    1.0 / 19.0,
    1.0 / 21.0,
    1.0 / 23.0,
    1.0 / 25.0,
];
const THIRD: f64 = 1.0 / 3.0;
const THIRD_LOW: f64 = 1.850_371_707_708_594e-17;

/// ln x of a positive finite number as a sum of two, to about 2^-64 of its value: 2 atanh((m - 1)/(m + 1)) + k ln 2.
#[inline(always)]
fn ln_in_two_parts(x: f64) -> (f64, f64) {
    let (k, m) = split(x);
    let f = m - 1.0;
    let (t, t_low) = two_sum(m, 1.0);
    let s = f / t;
    let (p, p_low) = two_product(s, t);
    let s_low = (((f - p) - p_low) - s * t_low) / t;
    let (q, q_low) = two_product(s, s);
    let q_low = q_low + 2.0 * (s * s_low);
    let tail = q * ATANH_TAIL.iter().rev().fold(0.0, |sum, c| sum * q + c);
    let (a, a_low) = ordered_two_sum(THIRD, tail);
    let a_low = a_low + THIRD_LOW;
    let (b, b_low) = two_product(q, a);
    let b_low = b_low + (q * a_low + q_low * a);
    let (c, c_low) = two_product(s, b);
    let c_low = c_low + (s * b_low + s_low * b);
    let (h, l) = ordered_two_sum(s, c);
    let l = l + (s_low + c_low);
    let (high, low) = two_sum(k * LN2_HIGH, 2.0 * h);
    let low = low + (2.0 * l + k * LN2_LOW);
    ordered_two_sum(high, low)
}

/// x to the power y, below 1 ulp, with the special values of IEEE 754 (`pow`).
///
/// ```
/// use exposim::math::pow;
/// assert_eq!(pow(2.0, 10.0), 1024.0);
/// assert_eq!(pow(-2.0, 3.0), -8.0);
/// assert!(pow(-2.0, 0.5).is_nan());
/// assert_eq!(pow(0.0, 0.0), 1.0);
/// ```
#[inline(always)]
pub fn pow(x: f64, y: f64) -> f64 {
    const TWO_52: f64 = 4_503_599_627_370_496.0;
    const ENOUGH: f64 = 36_893_488_147_419_103_232.0; // 2^65: (1 + 2^-53)^(2^65) overflows
    let base = x.abs();
    let size = y.abs();

    let (high, low) = ln_in_two_parts(base);
    // An exponent whose square or split would overflow gives 0, 1 or infinity already when cut to this.
    let cut = if size > ENOUGH { if y < 0.0 { -ENOUGH } else { ENOUGH } } else { y };
    let (product, product_low) = two_product(high, cut);
    let magnitude = exp_of_sum(product, product_low + low * cut);

    let magnitude = if base == 1.0 { 1.0 } else { magnitude };
    let falls = y < 0.0;
    let magnitude = if base == 0.0 { if falls { f64::INFINITY } else { 0.0 } } else { magnitude };
    let magnitude = if base == f64::INFINITY { if falls { 0.0 } else { f64::INFINITY } } else { magnitude };

    // Numbers from 2^52 on are whole; from 2^53 on they are even. `&` and `|`, because `&&` and `||` are branches.
    let whole = (size >= TWO_52) | ((size + TWO_52) - TWO_52 == size);
    let half = 0.5 * size;
    let odd = whole & (size < 2.0 * TWO_52) & ((half + TWO_52) - TWO_52 != half);
    let negative = x.is_sign_negative();
    let signed = if negative & odd { -magnitude } else { magnitude };
    let real = if (x < 0.0) & (base != f64::INFINITY) & !whole { f64::NAN } else { signed };
    let value = if x.is_nan() | y.is_nan() { f64::NAN } else { real };
    if (y == 0.0) | (x == 1.0) { 1.0 } else { value }
}
