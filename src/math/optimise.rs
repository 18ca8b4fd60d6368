//! Roots and minima of functions of one variable, without derivatives.

/// A root of `f` between `a` and `b`, where `f` has opposite signs; `None` if it has not, or a value is NaN.
///
/// Brent 1973, Algorithms for Minimization without Derivatives, chapter 4. Stops when the bracket is narrower than
/// `tolerance` plus rounding.
pub fn root(mut f: impl FnMut(f64) -> f64, a: f64, b: f64, tolerance: f64) -> Option<f64> {
    let (mut a, mut b) = (a, b);
    let (mut fa, mut fb) = (f(a), f(b));
    // Also refuses NaN.
    if !(fa <= 0.0 && fb >= 0.0 || fa >= 0.0 && fb <= 0.0) {
        return None;
    }
    let (mut c, mut fc) = (a, fa);
    let (mut step, mut before) = (b - a, b - a);
    for _ in 0..200 {
        if (fb > 0.0) == (fc > 0.0) {
            (c, fc) = (a, fa);
            step = b - a;
            before = step;
        }
        if fc.abs() < fb.abs() {
            (a, b, c) = (b, c, b);
            (fa, fb, fc) = (fb, fc, fb);
        }
        let tol = 2.0 * f64::EPSILON * b.abs() + 0.5 * tolerance;
        let half = 0.5 * (c - b);
        if half.abs() <= tol || fb == 0.0 {
            return Some(b);
        }
        if before.abs() >= tol && fa.abs() > fb.abs() {
            let s = fb / fa;
            let (mut p, mut q) = if a == c {
                (2.0 * half * s, 1.0 - s)
            } else {
                let (q, r) = (fa / fc, fb / fc);
                (s * (2.0 * half * q * (q - r) - (b - a) * (r - 1.0)), (q - 1.0) * (r - 1.0) * (s - 1.0))
            };
            if p > 0.0 {
                q = -q;
            } else {
                p = -p;
            }
            if 2.0 * p < (3.0 * half * q - (tol * q).abs()).min((before * q).abs()) {
                before = step;
                step = p / q;
            } else {
                step = half;
                before = half;
            }
        } else {
            step = half;
            before = half;
        }
        (a, fa) = (b, fb);
        b += if step.abs() > tol { step } else { tol.copysign(half) };
        fb = f(b);
        if fb.is_nan() {
            return None;
        }
    }
    Some(b)
}

/// Where `f` is least between `a` and `b`, and its value there. A minimum of a function with several is one of them.
///
/// Brent 1973, chapter 5: parabolas, and golden sections where these fail. `tolerance` is absolute; less than the
/// square root of the rounding error gains nothing.
pub fn minimum(mut f: impl FnMut(f64) -> f64, a: f64, b: f64, tolerance: f64) -> (f64, f64) {
    const GOLDEN: f64 = 0.381_966_011_250_105_2;
    let (mut a, mut b) = (a.min(b), a.max(b));
    let mut x = a + GOLDEN * (b - a);
    let (mut w, mut v) = (x, x);
    let mut fx = f(x);
    let (mut fw, mut fv) = (fx, fx);
    let (mut step, mut before) = (0.0f64, 0.0f64);
    for _ in 0..200 {
        let middle = 0.5 * (a + b);
        let tol = 1e-9 * x.abs() + tolerance;
        if (x - middle).abs() <= 2.0 * tol - 0.5 * (b - a) {
            break;
        }
        let (mut p, mut q) = (0.0f64, 0.0f64);
        if before.abs() > tol {
            let r = (x - w) * (fx - fv);
            q = (x - v) * (fx - fw);
            p = (x - v) * q - (x - w) * r;
            q = 2.0 * (q - r);
            if q > 0.0 {
                p = -p;
            } else {
                q = -q;
            }
        }
        if before.abs() > tol && p.abs() < (0.5 * q * before).abs() && p > q * (a - x) && p < q * (b - x) {
            before = step;
            step = p / q;
            let u = x + step;
            if u - a < 2.0 * tol || b - u < 2.0 * tol {
                step = tol.copysign(middle - x);
            }
        } else {
            before = if x < middle { b - x } else { a - x };
            step = GOLDEN * before;
        }
        let u = x + if step.abs() >= tol { step } else { tol.copysign(step) };
        let fu = f(u);
        if fu <= fx {
            if u < x {
                b = x
            } else {
                a = x
            }
            (v, fv, w, fw, x, fx) = (w, fw, x, fx, u, fu);
        } else {
            if u < x {
                a = u
            } else {
                b = u
            }
            if fu <= fw || w == x {
                (v, fv, w, fw) = (w, fw, u, fu);
            } else if fu <= fv || v == x || v == w {
                (v, fv) = (u, fu);
            }
        }
    }
    (x, fx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_found_to_the_tolerance() {
        // The Dottie number, Kaplan 2007.
        let dottie = root(|x| libm::cos(x) - x, 0.0, 1.0, 1e-14).unwrap();
        assert!((dottie - 0.739_085_133_215_160_6).abs() < 1e-13);
        assert_eq!(root(|x| x * x + 1.0, -1.0, 1.0, 1e-9), None);
        assert_eq!(root(|_| f64::NAN, -1.0, 1.0, 1e-9), None);
        let steep = root(|x| crate::math::exp(20.0 * x) - 2.0, -5.0, 5.0, 1e-14).unwrap();
        assert!((steep - std::f64::consts::LN_2 / 20.0).abs() < 1e-13);
        assert_eq!(root(|x| x, 0.0, 5.0, 1e-9), Some(0.0));
    }

    #[test]
    fn minima_are_found_to_the_square_root_of_rounding() {
        let (x, fx) = minimum(|x| (x - 2.0) * (x - 2.0) + 1.0, -10.0, 10.0, 1e-10);
        assert!((x - 2.0).abs() < 1e-7 && fx == 1.0, "{x} {fx}");
        // x ln x is least at 1/e.
        let (x, _) = minimum(|x| x * crate::math::ln(x), 1e-3, 5.0, 1e-10);
        assert!((x - 1.0 / std::f64::consts::E).abs() < 1e-7);
        // At an end.
        let (x, _) = minimum(|x| x, 0.0, 1.0, 1e-10);
        assert!(x < 1e-8);
    }
}
