use super::dispatch::{Kernel, dispatch};
use super::elementary::ln;

/// Standard normal distribution function.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// Standard normal quantile of a probability in (0, 1), with relative accuracy about 1e-16.
///
/// Wichura 1988, Algorithm AS 241 (PPND16), Applied Statistics 37:477-484. Infinite at 0 and 1, NaN outside.
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= CENTRE { centre(q) } else { tail(p, q, true) }
}

/// Half the width of the range of p - 1/2 in which one ratio of polynomials does.
const CENTRE: f64 = 0.425;
/// Where the middle ratio ends and the far one begins, in sqrt(-ln p).
const FAR: f64 = 5.0;

#[inline(always)]
fn centre(q: f64) -> f64 {
    q * ratio(0.180625 - q * q, &CENTRE_NUMERATOR, &CENTRE_DENOMINATOR)
}

/// The quantile outside the centre; without `far` it is wrong where the far ratio is needed.
#[inline(always)]
fn tail(p: f64, q: f64, far: bool) -> f64 {
    let lower = q < 0.0;
    let area = if lower { p } else { 1.0 - p };
    let r = (-ln(area)).sqrt();
    let z = if far && r > FAR {
        ratio(r - FAR, &FAR_NUMERATOR, &FAR_DENOMINATOR)
    } else {
        ratio(r - 1.6, &MIDDLE_NUMERATOR, &MIDDLE_DENOMINATOR)
    };
    let z = if lower { -z } else { z };
    let z = if area == 0.0 { if lower { f64::NEG_INFINITY } else { f64::INFINITY } } else { z };
    if area >= 0.0 { z } else { f64::NAN }
}

/// How many probabilities are worked on at a time: their tails are gathered, so that lanes do not compute what is
/// not needed.
const CHUNK: usize = 128;

/// Quantiles in place, over gathered tails.
struct Quantiles<'a>(&'a mut [f64]);

impl Kernel for Quantiles<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for chunk in self.0.chunks_mut(CHUNK) {
            let mut at = [0usize; CHUNK];
            let mut p = [0.25; CHUNK];
            let mut found = 0;
            for (i, &probability) in chunk.iter().enumerate() {
                at[found] = i;
                p[found] = probability;
                let central = (probability - 0.5).abs() <= CENTRE;
                found += usize::from(!central);
            }
            for value in chunk.iter_mut() {
                *value = centre(*value - 0.5);
            }
            let mut z = [0.0; CHUNK];
            let mut far = false;
            for (&p, z) in p[..found].iter().zip(&mut z) {
                *z = tail(p, p - 0.5, false);
            }
            for &p in &p[..found] {
                far |= !(1e-10..=1.0 - 1e-10).contains(&p);
            }
            for ((&p, &z), &i) in p.iter().zip(&z).zip(&at[..found]) {
                chunk[i] = if far { tail(p, p - 0.5, true) } else { z };
            }
        }
    }
}

/// [`normal_quantile`] of every element, which takes its place.
pub fn normal_quantile_in_place(p: &mut [f64]) {
    dispatch(Quantiles(p));
}

/// [`normal_quantile`] of every element. Where the slices differ in length, the shorter counts.
pub fn normal_quantile_slice(p: &[f64], z: &mut [f64]) {
    for (p, z) in p.iter().zip(z.iter_mut()) {
        *z = *p;
    }
    let length = p.len().min(z.len());
    normal_quantile_in_place(&mut z[..length]);
}

#[inline(always)]
fn ratio(r: f64, numerator: &[f64; 8], denominator: &[f64; 8]) -> f64 {
    let (mut over, mut under) = (0.0, 0.0);
    for i in (0..8).rev() {
        over = over * r + numerator[i];
        under = under * r + denominator[i];
    }
    over / under
}

const CENTRE_NUMERATOR: [f64; 8] = [
    3.387_132_872_796_366_5,
    133.141_667_891_784_38,
    1_971.590_950_306_551_3,
    13_731.693_765_509_46,
    45_921.953_931_549_87,
    67_265.770_927_008_7,
    33_430.575_583_588_13,
    2_509.080_928_730_122_7,
];
const CENTRE_DENOMINATOR: [f64; 8] = [
    1.0,
    42.313_330_701_600_91,
    687.187_007_492_057_9,
    5_394.196_021_424_751,
    21_213.794_301_586_597,
    39_307.895_800_092_71,
    28_729.085_735_721_943,
    5_226.495_278_852_545,
];
const MIDDLE_NUMERATOR: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    0.241_780_725_177_450_6,
    0.022_723_844_989_269_184,
    7.745_450_142_783_414e-4,
];
const MIDDLE_DENOMINATOR: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    0.689_767_334_985_1,
    0.148_103_976_427_480_08,
    0.015_198_666_563_616_457,
    5.475_938_084_995_345e-4,
    1.050_750_071_644_416_9e-9,
];
const FAR_NUMERATOR: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    0.296_560_571_828_504_87,
    0.026_532_189_526_576_124,
    0.001_242_660_947_388_078_4,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const FAR_DENOMINATOR: [f64; 8] = [
    1.0,
    0.599_832_206_555_888,
    0.136_929_880_922_735_8,
    0.014_875_361_290_850_615,
    7.868_691_311_456_133e-4,
    1.846_318_317_510_054_8e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_8e-15,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_equal_published_values() {
        // Wichura 1988, p. 478 (PPND16), and mpmath 1.3 at 40 digits.
        for (p, z) in [
            (0.25, -0.674_489_750_196_081_7),
            (0.001, -3.090_232_306_167_813_5),
            (1e-20, -9.262_340_089_798_408),
            (0.975, 1.959_963_984_540_054),
            (0.5, 0.0),
        ] {
            let got = normal_quantile(p);
            assert!((got - z).abs() <= 1e-15 * z.abs(), "{p}: {got} is not {z}");
        }
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
        assert!(normal_quantile(1.5).is_nan());
    }

    #[test]
    fn slices_have_the_bits_of_the_scalar() {
        let mut p: Vec<f64> = (0..5000).map(|i| f64::from(i) / 4999.0).collect();
        p.extend([1e-11, 1e-300, 5e-324, 1.0 - 1e-16, f64::NAN, -1.0, 2.0, f64::INFINITY, 0.075, 0.925]);
        let expected: Vec<u64> = p.iter().map(|&p| normal_quantile(p).to_bits()).collect();
        for length in [0, 1, 7, 129, p.len()] {
            let mut z = vec![0.0; p.len()];
            normal_quantile_slice(&p[p.len() - length..], &mut z);
            let got: Vec<u64> = z[..length].iter().map(|z| z.to_bits()).collect();
            assert_eq!(got, expected[p.len() - length..]);
        }
    }

    #[test]
    fn quantile_and_distribution_function_are_inverse() {
        for i in 1..1000 {
            let p = f64::from(i) / 1000.0;
            assert!((normal_cdf(normal_quantile(p)) - p).abs() < 1e-15 * 4.0);
        }
    }
}
