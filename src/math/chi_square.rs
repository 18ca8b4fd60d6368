use super::normal_cdf;

/// The probability that a chi-square law with `freedom` degrees of freedom exceeds `x`: 1 for `x` at or below 0.
///
/// Abramowitz and Stegun 1964, 26.4.4 and 26.4.5 (finite sums for odd and even degrees of freedom).
pub fn chi_square_tail(x: f64, freedom: u32) -> f64 {
    if freedom == 0 {
        return if x > 0.0 { 0.0 } else { 1.0 };
    }
    if x.is_nan() || x <= 0.0 {
        return if x.is_nan() { f64::NAN } else { 1.0 };
    }
    let odd = freedom % 2 == 1;
    let decay = crate::math::exp(-x / 2.0);
    // The terms x^(k/2) exp(-x/2) / Gamma(k/2 + 1) for k = 1, 3, ... or 0, 2, ... up to freedom - 2.
    let (mut k, mut term, mut sum) = if odd {
        (1, decay * (2.0 * x / std::f64::consts::PI).sqrt(), 2.0 * normal_cdf(-x.sqrt()))
    } else {
        (0, decay, 0.0)
    };
    while k + 2 <= freedom {
        sum += term;
        k += 2;
        term *= x / f64::from(k);
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_equal_those_of_scipy() {
        // scipy 1.17 stats.chi2.sf
        for (x, freedom, expected) in [
            (3.841_458_820_694_124, 1, 0.05),
            (5.991_464_547_107_979, 2, 0.05),
            (7.814_727_903_251_179, 3, 0.05),
            (10.0, 4, 0.040_427_681_994_512_79),
            (10.0, 5, 0.075_235_246_146_512_37),
            (50.0, 7, 1.444_485_277_921_539_7e-8),
            (0.1, 8, 0.999_999_749_786_052_7),
        ] {
            let got = chi_square_tail(x, freedom);
            assert!((got / expected - 1.0).abs() < 1e-9, "{x} {freedom}: {got} is not {expected}");
        }
        assert_eq!(chi_square_tail(-1.0, 2), 1.0);
        assert_eq!(chi_square_tail(0.0, 2), 1.0);
    }
}
