//! Exponential and logarithm, written without branches so that loops over them run in lanes.
//!
//! Only + - * / and integer operations occur, so a value has the same bits alone, in a slice, and on any processor.
//! The functions without a slice in their name are for one value and are inlined into kernels.

/// 1.5 * 2^52: added to a small number it leaves the nearest integer in the low bits of the sum.
const TO_INTEGER: f64 = 6_755_399_441_055_744.0;
const LOG2_E: f64 = std::f64::consts::LOG2_E;
/// ln 2 in two parts (fdlibm, e_exp.c): the first has 21 trailing zero bits, so small multiples of it are exact.
pub(super) const LN2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
pub(super) const LN2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);
const SQRT_HALF_BITS: u64 = 0x3fe6_a09e_667f_3bcd;
const ONE_BITS: u64 = 0x3ff0_0000_0000_0000;

/// Minimax coefficients of (exp(r) - 1 - r) / r^2 on |r| <= ln(2)/2, error of exp below 2^-64
/// (`scripts/reference/exp_minimax.py`).
const EXP_TAIL: [f64; 11] = [
    0.5,
    0.166_666_666_666_666_85,
    0.041_666_666_666_666_73,
    0.008_333_333_333_316_617,
    0.001_388_888_888_885_832_8,
    1.984_126_989_736_264_3e-4,
    2.480_158_737_393_445e-5,
    2.755_723_392_877_911_4e-6,
    2.755_723_321_016_066e-7,
    2.511_234_869_584_214_7e-8,
    2.092_698_641_434_279e-9,
];

/// An argument of the exponential as k ln 2 + r + c with |r| <= ln(2)/2 and a correction c below the last bit of r.
struct Reduced {
    /// k as a whole number of type f64.
    whole: f64,
    /// k + 2048, which is positive.
    biased: u64,
    /// exp(r + c) - 1 - r, which is small against r.
    excess: f64,
    r: f64,
}

#[inline(always)]
fn reduce(high: f64, low: f64) -> Reduced {
    let shifted = high * LOG2_E + TO_INTEGER;
    let whole = shifted - TO_INTEGER;
    let biased = shifted.to_bits().wrapping_sub(TO_INTEGER.to_bits()).wrapping_add(2048);
    let first = high - whole * LN2_HIGH;
    let second = low - whole * LN2_LOW;
    let r = first + second;
    let c = (first - r) + second;
    let r2 = r * r;
    let r4 = r2 * r2;
    let t = &EXP_TAIL;
    // Estrin's scheme: short chains, so that lanes do not wait for one another's latency.
    let a = (t[0] + t[1] * r) + (t[2] + t[3] * r) * r2;
    let b = (t[4] + t[5] * r) + (t[6] + t[7] * r) * r2;
    let d = (t[8] + t[9] * r) + t[10] * r2;
    let tail = a + (b + d * r4) * r4;
    Reduced { whole, biased, excess: (c + c * r) + r2 * tail, r }
}

/// y 2^k, with one rounding where the result is subnormal.
#[inline(always)]
fn scale(y: f64, biased: u64) -> f64 {
    let half = biased >> 1;
    let rest = biased.wrapping_sub(half);
    let power = |n: u64| f64::from_bits(n.wrapping_sub(1) << 52);
    (y * power(half)) * power(rest)
}

#[inline(always)]
fn clamp(x: f64, low: f64, high: f64) -> f64 {
    // Written so that NaN stays NaN.
    let x = if x > high { high } else { x };
    if x < low { low } else { x }
}

/// exp(high + low), where low is below the last bit of high.
#[inline(always)]
pub(super) fn exp_of_sum(high: f64, low: f64) -> f64 {
    // Beyond this the value is 0 or infinity, and the low part of a huge number is no longer small.
    let low = if high.abs() > 750.0 { 0.0 } else { low };
    let part = reduce(clamp(high, -750.0, 750.0), low);
    scale(1.0 + (part.r + part.excess), part.biased)
}

/// e to the power x, below 1 ulp.
///
/// ```
/// use exposim::math::exp;
/// assert_eq!(exp(0.0), 1.0);
/// assert_eq!(exp(f64::NEG_INFINITY), 0.0);
/// ```
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    exp_of_sum(x, 0.0)
}

/// e to the power x, less 1: below 2 ulp, also where x is small.
///
/// 2^k (1 + p) - 1 with p = exp(r) - 1 is summed as (2^k - 1) + 2^k p, whose first part is exact where it matters.
#[inline(always)]
pub fn expm1(x: f64) -> f64 {
    let part = reduce(clamp(x, -60.0, 750.0), 0.0);
    let p = part.r + part.excess;
    let one_step = scale(1.0, part.biased);
    // For k <= 52 the power, less one, is exact or correctly rounded; above, the one does not matter.
    let moderate = (one_step - 1.0) + (one_step * part.r + one_step * part.excess);
    let large = scale(1.0 + p, part.biased);
    let near = if part.whole == 0.0 { p } else { moderate };
    let any = if part.whole > 60.0 { large } else { near };
    // The sign of zero, and arguments whose square vanishes.
    if x.abs() < 1e-300 { x } else { any }
}

/// The exponent k and the significand m in [sqrt(1/2), sqrt(2)) of a positive number m 2^k.
#[inline(always)]
pub(super) fn split(x: f64) -> (f64, f64) {
    const EXPONENT_HOLDER: u64 = 0x4330_0000_0000_0000; // the bits of 2^52
    let tiny = x < f64::MIN_POSITIVE;
    let x = if tiny { x * 18_014_398_509_481_984.0 } else { x };
    let bias = 4_503_599_627_370_496.0 + if tiny { 1077.0 } else { 1023.0 };
    let moved = x.to_bits().wrapping_add(ONE_BITS - SQRT_HALF_BITS);
    let k = f64::from_bits((moved >> 52) | EXPONENT_HOLDER) - bias;
    let m = f64::from_bits((moved & 0x000f_ffff_ffff_ffff).wrapping_add(SQRT_HALF_BITS));
    (k, m)
}

/// Natural logarithm, below 1 ulp. NaN below 0, minus infinity at 0.
///
/// Sun Microsystems 1993, fdlibm e_log.c: s = f / (2 + f), log(1 + f) = f - (f^2/2 - s (f^2/2 + R(s^2))).
///
/// ```
/// use exposim::math::ln;
/// assert_eq!(ln(1.0), 0.0);
/// assert_eq!(ln(0.0), f64::NEG_INFINITY);
/// assert!(ln(-1.0).is_nan());
/// ```
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    let (k, m) = split(x);
    let value = ln_of_parts(k, m - 1.0, 0.0);
    outside_logarithm(x, value)
}

/// k ln 2 + log(1 + f + c), where c is below the last bit of f.
#[inline(always)]
fn ln_of_parts(k: f64, f: f64, c: f64) -> f64 {
    const R: [f64; 7] = [
        6.666_666_666_666_735e-1,
        3.999_999_999_940_942e-1,
        2.857_142_874_366_239e-1,
        2.222_219_843_214_978_4e-1,
        1.818_357_216_161_805e-1,
        1.531_383_769_920_937_3e-1,
        1.479_819_860_511_658_6e-1,
    ];
    let half_square = 0.5 * f * f;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (R[1] + w * (R[3] + w * R[5]));
    let odd = z * (R[0] + w * (R[2] + w * (R[4] + w * R[6])));
    let r = odd + even;
    s * (half_square + r) + (k * LN2_LOW + c) - half_square + f + k * LN2_HIGH
}

/// The logarithm where its argument is no positive finite number.
#[inline(always)]
fn outside_logarithm(x: f64, value: f64) -> f64 {
    let value = if x == f64::INFINITY { f64::INFINITY } else { value };
    let value = if x == 0.0 { f64::NEG_INFINITY } else { value };
    let value = if x < 0.0 { f64::NAN } else { value };
    if x.is_nan() { x } else { value }
}

/// Natural logarithm of 1 + x, below 2 ulp, also where x is small.
///
/// Where 1 + x rounds, what is lost is given back as a first-order term (fdlibm, s_log1p.c).
#[inline(always)]
pub fn log1p(x: f64) -> f64 {
    let sum = 1.0 + x;
    let (k, m) = split(sum);
    // What the sum lost, in the units of the significand.
    let lost = if x > 1.0 { 1.0 - (sum - x) } else { x - (sum - 1.0) };
    let direct = k == 0.0;
    let f = if direct { x } else { m - 1.0 };
    let correction = if direct { 0.0 } else { lost / sum };
    let value = outside_logarithm(sum, ln_of_parts(k, f, correction));
    if x.abs() < 1e-300 { x } else { value }
}
