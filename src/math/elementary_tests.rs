//! Accuracy, special values and equal bits of the elementary functions.

use super::dispatch::at_every_level;
use super::*;

/// Error of a value in units of the last place of the reference, which is given as a sum of two doubles.
fn ulps(got: f64, value: f64, rest: f64) -> f64 {
    let size = value.abs();
    let unit = f64::from_bits(size.to_bits() + 1) - size;
    ((got - value) - rest).abs() / unit
}

#[test]
fn errors_against_400_bit_values_stay_below_their_bounds() {
    // mpmath 1.3 with 400 bits: scripts/reference/elementary.py.
    let table = include_str!("../../scripts/reference/elementary.csv");
    let mut worst = std::collections::BTreeMap::new();
    for line in table.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |i: usize| f64::from_bits(u64::from_str_radix(cells[i], 16).unwrap());
        let (x, y) = (number(1), number(2));
        let got = match cells[0] {
            "exp" => exp(x),
            "expm1" => expm1(x),
            "ln" => ln(x),
            "log1p" => log1p(x),
            "pow" => pow(x, y),
            other => panic!("{other}"),
        };
        let error = ulps(got, number(3), number(4));
        let entry = worst.entry(cells[0]).or_insert((0.0, 0.0, 0.0));
        if error > entry.0 {
            *entry = (error, x, y);
        }
    }
    println!("largest errors (ulp, x, y): {worst:?}");
    assert_eq!(worst.len(), 5);
    for (function, bound) in [("exp", 0.85), ("ln", 0.85), ("pow", 0.85), ("expm1", 1.5), ("log1p", 1.5)] {
        assert!(worst[function].0 <= bound, "{function}: {:?}", worst[function]);
    }
}

/// Numbers of representable steps between two values.
fn steps(a: f64, b: f64) -> u64 {
    if a == b || (a.is_nan() && b.is_nan()) { 0 } else { a.to_bits().abs_diff(b.to_bits()) }
}

#[test]
fn dense_grids_agree_with_libm_to_the_last_place() {
    for i in 0..400_000 {
        let t = f64::from(i) / 400_000.0;
        let x = -760.0 + 1500.0 * t;
        assert!(steps(exp(x), libm::exp(x)) <= 1, "exp {x}");
        assert!(steps(exp(x / 900.0), libm::exp(x / 900.0)) <= 1, "exp {x} / 900");
        let small = (t - 0.5) * (t - 0.5) * (t - 0.5) * 8.0;
        assert!(steps(expm1(small), libm::expm1(small)) <= 2, "expm1 {small}");
        assert!(steps(expm1(small * 40.0), libm::expm1(small * 40.0)) <= 2, "expm1 40 {small}");
        assert!(steps(log1p(small), libm::log1p(small)) <= 2, "log1p {small}");
        let any = f64::from_bits((i as u64) * (0x7ff0_0000_0000_0000 / 400_000) + 1);
        assert_eq!(ln(any).to_bits(), libm::log(any).to_bits(), "ln {any}");
        let near = 0.25 + 4.0 * t;
        assert_eq!(ln(near).to_bits(), libm::log(near).to_bits(), "ln {near}");
        let y = 6.0 * small;
        assert!(steps(pow(near, y), libm::pow(near, y)) <= 1, "pow {near} {y}");
        assert!(steps(pow(any, small), libm::pow(any, small)) <= 1, "pow {any} {small}");
    }
}

#[test]
fn special_values_are_those_of_ieee_754() {
    let inf = f64::INFINITY;
    assert_eq!(exp(inf), inf);
    assert_eq!(exp(-inf), 0.0);
    assert_eq!(exp(710.0), inf);
    assert_eq!(exp(-746.0), 0.0);
    assert_eq!(exp(-745.0), 5e-324);
    assert_eq!(exp(-0.0), 1.0);
    assert!(exp(f64::NAN).is_nan());
    assert_eq!(expm1(-inf), -1.0);
    assert_eq!(expm1(inf), inf);
    assert_eq!(expm1(-0.0).to_bits(), (-0.0f64).to_bits());
    assert!(expm1(f64::NAN).is_nan());
    assert_eq!(ln(1.0), 0.0);
    assert_eq!(ln(0.0), -inf);
    assert_eq!(ln(-0.0), -inf);
    assert_eq!(ln(inf), inf);
    assert!(ln(-1.0).is_nan() && ln(-inf).is_nan() && ln(f64::NAN).is_nan());
    assert_eq!(log1p(-1.0), -inf);
    assert_eq!(log1p(inf), inf);
    assert!(log1p(-1.5).is_nan());
    let xs = [
        -inf,
        -1e300,
        -3.0,
        -2.5,
        -1.0,
        -0.5,
        -5e-324,
        -0.0,
        0.0,
        5e-324,
        0.5,
        1.0,
        1.5,
        2.0,
        1e300,
        inf,
        f64::NAN,
    ];
    let ys = [
        -inf,
        -1e300,
        -9_007_199_254_740_991.0,
        -3.0,
        -2.5,
        -2.0,
        -1.0,
        -0.5,
        -1e-310,
        -0.0,
        0.0,
        1e-310,
        0.5,
        1.0,
        2.0,
        3.0,
        3.5,
        4_503_599_627_370_495.5,
        9_007_199_254_740_991.0,
        9_007_199_254_740_992.0,
        1e300,
        inf,
        f64::NAN,
    ];
    for x in xs {
        for y in ys {
            let (got, expected) = (pow(x, y), libm::pow(x, y));
            let same = got.to_bits() == expected.to_bits() || (got.is_nan() && expected.is_nan());
            assert!(same || steps(got, expected) <= 1, "{x} ^ {y}: {got} is not {expected}");
        }
    }
}

#[test]
fn slices_have_the_bits_of_the_scalar_at_every_level() {
    let mut x: Vec<f64> = (0..4001).map(|i| -760.0 + 0.37 * f64::from(i)).collect();
    x.extend((0..4001).map(|i| f64::from(i - 2000) * 1e-3));
    x.extend([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 5e-324, 1e-310, f64::MAX, f64::MIN]);
    let y: Vec<f64> = x.iter().rev().map(|v| v * 0.01).collect();
    at_every_level(|level| {
        let mut z = vec![0.0; x.len()];
        type Pair = (fn(f64) -> f64, fn(&[f64], &mut [f64]), fn(&mut [f64]));
        let pairs: [Pair; 4] = [
            (exp, exp_slice, exp_in_place),
            (ln, ln_slice, ln_in_place),
            (expm1, expm1_slice, expm1_in_place),
            (log1p, log1p_slice, log1p_in_place),
        ];
        for (one, over, in_place) in pairs {
            over(&x, &mut z);
            let mut replaced = x.clone();
            in_place(&mut replaced);
            for ((&x, &z), &replaced) in x.iter().zip(&z).zip(&replaced) {
                let expected = one(x);
                assert!(
                    expected.is_nan() && z.is_nan() || z.to_bits() == expected.to_bits(),
                    "{level:?} {x}"
                );
                assert!(z.is_nan() || z.to_bits() == replaced.to_bits());
            }
        }
        pow_slice(&x, &y, &mut z);
        for ((&x, &y), &z) in x.iter().zip(&y).zip(&z) {
            let expected = pow(x, y);
            assert!(
                expected.is_nan() && z.is_nan() || z.to_bits() == expected.to_bits(),
                "{level:?} {x} {y}"
            );
        }
        pow_all_slice(&x, 0.256, &mut z);
        assert!(x.iter().zip(&z).all(|(&x, z)| z.is_nan() || z.to_bits() == pow(x, 0.256).to_bits()));
    });
}
