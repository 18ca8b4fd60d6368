//! Eigenvalues of the central and peripheral compartments, from the largest down, without branches.
//!
//! They are decay rates (1/h): real and not negative, because the matrix is similar to a symmetric one. Where two of
//! them are nearly equal each is uncertain in half of its digits, but their sum and product are not, and nothing
//! else reaches a result (see `closed`).

/// Decay rates of a central compartment with one peripheral: elimination, to and from the peripheral.
#[inline(always)]
pub(super) fn of_two(k10: f64, k12: f64, k21: f64) -> [f64; 2] {
    let difference = (k10 + k12) - k21;
    let root = (difference * difference + 4.0 * (k12 * k21)).sqrt();
    let fast = 0.5 * ((k10 + k12 + k21) + root);
    // The product of both, so that a slow one keeps all its digits.
    let slow = k10 * k21 / fast;
    [fast, if fast > 0.0 { slow } else { fast }]
}

/// Decay rates with two peripherals, exchanging by (k12, k21) and (k13, k31).
///
/// The largest is that of a symmetric matrix of order three (Smith 1961, Comm. ACM 4:168) and the others solve the
/// quadratic that it leaves. Its coefficients are taken from the products k10 k21 k31 and k10 k21 + ..., not from
/// differences, so that rates many orders of magnitude smaller keep their digits.
#[inline(always)]
pub(super) fn of_three(k10: f64, k12: f64, k21: f64, k13: f64, k31: f64) -> [f64; 3] {
    let a11 = k10 + k12 + k13;
    let mean = (a11 + k21 + k31) / 3.0;
    let (d1, d2, d3) = (a11 - mean, k21 - mean, k31 - mean);
    let (e2, e3) = (k12 * k21, k13 * k31);
    let spread = ((d1 * d1 + d2 * d2 + d3 * d3) + 2.0 * (e2 + e3)) / 6.0;
    let root = spread.sqrt();
    let half_determinant = 0.5 * (d1 * d2 * d3 - e2 * d3 - e3 * d2);
    let cosine = half_determinant / (spread * root);
    let cosine = if cosine < -1.0 { -1.0 } else { cosine };
    // Also where the spread is zero and the cosine is not a number.
    let cosine = if cosine < 1.0 { cosine } else { 1.0 };
    let fast = mean + 2.0 * root * cosine_of_third(cosine);

    let sum_of_pairs = k10 * k21 + k10 * k31 + k12 * k31 + k21 * k31 + k13 * k21;
    let product = k10 * k21 * k31 / fast;
    let sum = (sum_of_pairs - product) / fast;
    let discriminant = sum * sum - 4.0 * product;
    let discriminant = if discriminant > 0.0 { discriminant } else { 0.0 };
    let middle = 0.5 * (sum + discriminant.sqrt());
    let slow = product / middle;
    let middle = if fast > 0.0 { middle } else { fast };
    [fast, middle, if middle > 0.0 { slow } else { middle }]
}

/// cos(acos(x) / 3) on [-1, 1].
///
/// With y = cos(acos(x) / 2) = sqrt((1 + x) / 2) it is cos(2 acos(y) / 3), which is smooth on [0, 1]; the polynomial
/// in 2 y - 1 interpolates it in Chebyshev points (`scripts/reference/third_angle.py`), error below 2e-16.
#[inline(always)]
fn cosine_of_third(x: f64) -> f64 {
    const C: [f64; 23] = [
        0.766044443118978,
        0.24740906632285306,
        -0.015509188436485829,
        0.002466352815086584,
        -0.0005041246911445854,
        0.00011642545295105501,
        -2.891993619225629e-05,
        7.541078479324153e-06,
        -2.0358705644301888e-06,
        5.641518422214971e-07,
        -1.5953951140679036e-07,
        4.5857553068602667e-08,
        -1.3358239901834587e-08,
        3.935361643123969e-09,
        -1.1702580222373926e-09,
        3.498697382907179e-10,
        -1.0553681994495172e-10,
        3.310356761234117e-11,
        -1.0170993188980654e-11,
        2.386147439256763e-12,
        -7.096290873361891e-13,
        5.135982634468217e-13,
        -1.641624031223581e-13,
    ];
    let v = 2.0 * (0.5 * (1.0 + x)).sqrt() - 1.0;
    let mut sum = C[22];
    for c in C[..22].iter().rev() {
        sum = sum * v + c;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirds_of_angles_obey_the_triple_angle_formula() {
        for i in 0..=4000 {
            let x = -1.0 + f64::from(i) / 2000.0;
            let c = cosine_of_third(x);
            assert!((c * (4.0 * c * c - 3.0) - x).abs() < 4e-15, "{x}");
            assert!((0.5 - 1e-15..=1.0 + 1e-15).contains(&c));
        }
    }

    #[test]
    fn coefficients_of_the_characteristic_polynomial_come_back() {
        let sets = [
            [0.26, 0.02, 0.047, 0.5, 0.01],
            [1e-6, 1e4, 1e4, 1.0, 1e-3],
            [0.3, 0.0, 0.3, 0.0, 0.3],
            [1.0, 1e-9, 1.0, 1e-9, 1.0],
            [0.0, 0.4, 0.1, 0.2, 0.1],
            [1e-6, 1e-6, 1e-6, 1e4, 1e-6],
        ];
        for [k10, k12, k21, k13, k31] in sets {
            let [a, b, c] = of_three(k10, k12, k21, k13, k31);
            // Equal ones come out of order by half of their digits.
            assert!(a * (1.0 + 1e-7) >= b && b >= c && c >= 0.0, "{a} {b} {c}");
            let close = |got: f64, expected: f64| (got - expected).abs() <= 8.0 * f64::EPSILON * expected;
            assert!(close(a + b + c, k10 + k12 + k13 + k21 + k31));
            assert!(close(a * b + a * c + b * c, k10 * k21 + k10 * k31 + k12 * k31 + k21 * k31 + k13 * k21));
            assert!(close(a * b * c, k10 * k21 * k31));
        }
    }
}
