//! Small dense matrices in flat slices, row after row: linear systems and the exponential.

/// A matrix that could not be inverted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the matrix is singular")]
pub struct Singular;

/// The factors of a square matrix, with partial pivoting.
#[derive(Clone, Debug)]
pub struct Lu {
    n: usize,
    factors: Vec<f64>,
    pivots: Vec<usize>,
}

impl Lu {
    /// Factors an `n` × `n` matrix given row after row.
    ///
    /// # Errors
    /// Where it is singular (a pivot is what rounding leaves of its row), holds what is not finite, or is not of that
    /// size.
    pub fn factor(matrix: &[f64], n: usize) -> Result<Self, Singular> {
        if matrix.len() != n * n || matrix.iter().any(|v| !v.is_finite()) {
            return Err(Singular);
        }
        let mut factors = matrix.to_vec();
        let mut largest: Vec<f64> = matrix
            .chunks_exact(n.max(1))
            .map(|row| row.iter().fold(0.0, |most, v| v.abs().max(most)))
            .collect();
        let rounding = 4.0 * n as f64 * f64::EPSILON;
        let mut pivots = Vec::with_capacity(n);
        for k in 0..n {
            let mut pivot = k;
            for row in k + 1..n {
                if factors[row * n + k].abs() > factors[pivot * n + k].abs() {
                    pivot = row;
                }
            }
            if factors[pivot * n + k].abs() <= rounding * largest[pivot] {
                return Err(Singular);
            }
            pivots.push(pivot);
            largest.swap(k, pivot);
            for column in 0..n {
                factors.swap(k * n + column, pivot * n + column);
            }
            for row in k + 1..n {
                let factor = factors[row * n + k] / factors[k * n + k];
                factors[row * n + k] = factor;
                for column in k + 1..n {
                    factors[row * n + column] -= factor * factors[k * n + column];
                }
            }
        }
        Ok(Lu { n, factors, pivots })
    }

    /// Puts the solution of `matrix · x = b` in the place of `b`, which has `n` values.
    pub fn solve(&self, b: &mut [f64]) {
        let (n, factors) = (self.n, &self.factors);
        debug_assert_eq!(b.len(), n);
        for (k, pivot) in self.pivots.iter().enumerate() {
            b.swap(k, *pivot);
            for row in k + 1..n {
                b[row] -= factors[row * n + k] * b[k];
            }
        }
        for k in (0..n).rev() {
            let rest: f64 = (k + 1..n).map(|column| factors[k * n + column] * b[column]).sum();
            b[k] = (b[k] - rest) / factors[k * n + k];
        }
    }
}

/// What constant coefficients do to a state in a time `t`: for `x' = A·x + u`, x(t) = E·x(0) + Φ·u with
/// E = exp(A·t) and Φ = ∫₀ᵗ exp(A·s) ds.
#[derive(Clone, Debug, PartialEq)]
pub struct Propagator {
    n: usize,
    transition: Vec<f64>,
    /// exp(A·t) − I, its diagonal as accurate as its other entries.
    change: Vec<f64>,
    integral: Vec<f64>,
}

/// A matrix this large (norm) is summed as a series; a larger one is scaled first.
const SERIES_NORM: f64 = 0.5;

impl Propagator {
    /// The propagator of the `n` × `n` matrix `a` (row after row, per unit of time) over the time `t`, not negative.
    ///
    /// Scaling and squaring of Taylor series (Higham 2005, SIAM J Matrix Anal Appl 26:1179, for the frame). Squared
    /// is E together with E − I: a diagonal entry near one is kept as its distance from one, so that a slow rate
    /// beside a fast one is not rounded away, and one near zero as itself, so that tails keep their digits. For the
    /// matrices of compartment models (no negative entry off the diagonal) nothing cancels but what cancels in A.
    pub fn new(a: &[f64], n: usize, t: f64) -> Self {
        debug_assert_eq!(a.len(), n * n);
        let norm =
            t * (0..n).map(|row| a[row * n..(row + 1) * n].iter().map(|v| v.abs()).sum()).fold(0.0, f64::max);
        let mut squarings = 0_u32;
        let mut step = t;
        let mut scaled = norm;
        while scaled > SERIES_NORM && scaled.is_finite() {
            scaled *= 0.5;
            step *= 0.5;
            squarings += 1;
        }
        let mut propagator = Propagator::series(a, n, step);
        let mut work = vec![0.0; n * n];
        for _ in 0..squarings {
            propagator.double(&mut work);
        }
        propagator
    }

    /// The series, for a small norm.
    fn series(a: &[f64], n: usize, step: f64) -> Self {
        let scaled: Vec<f64> = a.iter().map(|v| v * step).collect();
        let mut change = scaled.clone();
        let mut integral = vec![0.0; n * n];
        for i in 0..n {
            integral[i * n + i] = step;
        }
        // The k-th term is (A·t)^k / k!; that of the integral is t·(A·t)^k / (k+1)!. A chain of n states reaches its
        // last entry with the term n − 1, hence the bound.
        let mut term = scaled.clone();
        let mut next = vec![0.0; n * n];
        let mut k = 1.0;
        for _ in 0..n + 24 {
            k += 1.0;
            let mut matters = false;
            for (sum, term) in integral.iter_mut().zip(&term) {
                *sum += step * term / k;
            }
            multiply(&term, &scaled, n, &mut next);
            for ((sum, term), next) in change.iter_mut().zip(&mut term).zip(&next) {
                *term = next / k;
                let before = *sum;
                *sum += *term;
                matters |= *sum != before;
            }
            if !matters {
                break;
            }
        }
        let mut transition = change.clone();
        for i in 0..n {
            transition[i * n + i] = 1.0 + change[i * n + i];
        }
        Propagator { n, transition, change, integral }
    }

    /// From t to 2 t.
    fn double(&mut self, work: &mut Vec<f64>) {
        let n = self.n;
        // Φ(2t) = Φ + E·Φ
        multiply(&self.transition, &self.integral, n, work);
        for (sum, more) in self.integral.iter_mut().zip(work.iter()) {
            *sum += more;
        }
        multiply(&self.transition, &self.transition, n, work);
        let diagonal: Vec<f64> = (0..n)
            .map(|i| {
                let x = self.change[i * n + i];
                let through = |k: &usize| self.transition[i * n + k] * self.transition[k * n + i];
                x * (2.0 + x) + (0..n).filter(|k| *k != i).map(|k| through(&k)).sum::<f64>()
            })
            .collect();
        std::mem::swap(&mut self.transition, work);
        self.change.copy_from_slice(&self.transition);
        for (i, from_change) in diagonal.into_iter().enumerate() {
            let at = i * n + i;
            if from_change.abs() < 0.5 {
                self.change[at] = from_change;
                self.transition[at] = 1.0 + from_change;
            } else {
                self.change[at] = self.transition[at] - 1.0;
            }
        }
    }

    /// E = exp(A·t).
    pub fn transition(&self) -> &[f64] {
        &self.transition
    }

    /// exp(A·t) − I.
    pub fn change(&self) -> &[f64] {
        &self.change
    }

    /// Φ = ∫₀ᵗ exp(A·s) ds.
    pub fn integral(&self) -> &[f64] {
        &self.integral
    }

    /// Whether every entry is a finite number.
    pub fn is_finite(&self) -> bool {
        self.transition.iter().chain(&self.integral).all(|v| v.is_finite())
    }

    /// Carries a state over the time with constant input: `out` = E·`state` + Φ·`input`, each of `n` values.
    pub fn carry(&self, state: &[f64], input: &[f64], out: &mut [f64]) {
        let n = self.n;
        for (i, out) in out.iter_mut().enumerate() {
            let row = i * n..(i + 1) * n;
            let own: f64 = self.transition[row.clone()].iter().zip(state).map(|(e, x)| e * x).sum();
            let fed: f64 = self.integral[row].iter().zip(input).map(|(f, u)| f * u).sum();
            *out = own + fed;
        }
    }
}

/// `out` = `a`·`b`, each `n` × `n`.
fn multiply(a: &[f64], b: &[f64], n: usize, out: &mut [f64]) {
    out.fill(0.0);
    for i in 0..n {
        for k in 0..n {
            let factor = a[i * n + k];
            if factor != 0.0 {
                for j in 0..n {
                    out[i * n + j] += factor * b[k * n + j];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, expected: f64, relative: f64) {
        assert!((got - expected).abs() <= relative * expected.abs(), "{got} is not {expected}");
    }

    #[test]
    fn linear_systems_are_solved() {
        let a = [0.0, 2.0, 1.0, 1.0, -2.0, -3.0, -1.0, 1.0, 2.0];
        let lu = Lu::factor(&a, 3).unwrap();
        let mut x = [-8.0, 0.0, 3.0];
        lu.solve(&mut x);
        for (got, expected) in x.iter().zip([-4.0, -5.0, 2.0]) {
            near(*got, expected, 1e-14);
        }
        for singular in [[1.0, 2.0, 2.0, 4.0], [0.1, 0.3, 0.3, 0.9], [0.0; 4]] {
            assert!(Lu::factor(&singular, 2).is_err());
        }
        assert!(Lu::factor(&[f64::NAN], 1).is_err());
    }

    #[test]
    fn a_chain_with_equal_rates_has_its_closed_form() {
        // Five states, each emptied at rate k into the next: the Poisson weights (k t)^j / j! · exp(-k t).
        let (n, k) = (5, 0.3);
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            a[i * n + i] = -k;
            if i > 0 {
                a[i * n + i - 1] = k;
            }
        }
        for t in [1e-3, 1.0, 7.0, 100.0, 900.0] {
            let e = Propagator::new(&a, n, t);
            let mut expected = libm::exp(-k * t);
            for j in 0..n {
                // exp(-270) is itself uncertain by 270 roundings of its argument.
                near(e.transition()[j * n], expected, 1e-15 * (20.0 + 4.0 * k * t));
                expected *= k * t / (j + 1) as f64;
            }
            near(e.integral()[0], (1.0 - libm::exp(-k * t)) / k, 4e-13);
        }
    }

    #[test]
    fn slow_rates_beside_fast_ones_keep_their_digits() {
        // Absorption at 1e4 per h, elimination at 1e-6 per h: bateman over a year.
        let (ka, ke, t) = (1e4, 1e-6, 8766.0);
        let e = Propagator::new(&[-ka, 0.0, ka, -ke], 2, t);
        let expected = ka / (ka - ke) * (libm::exp(-ke * t) - libm::exp(-ka * t));
        near(e.transition()[2], expected, 1e-14);
        near(e.change()[3], libm::expm1(-ke * t), 1e-14);
        near(e.integral()[3], -libm::expm1(-ke * t) / ke, 1e-14);
    }

    #[test]
    fn nearly_equal_rates_do_no_harm() {
        let t = 5.0;
        for gap in [0.0, 1e-12, 1e-8, 1e-4] {
            let (ka, ke): (f64, f64) = (0.7, 0.7 + gap);
            let e = Propagator::new(&[-ka, 0.0, ka, -ke], 2, t);
            // ka·t·exp(-ka·t) · (1 − exp(-gap·t)) / (gap·t)
            let shape = if gap == 0.0 { 1.0 } else { -libm::expm1(-(ke - ka) * t) / ((ke - ka) * t) };
            near(e.transition()[2], ka * t * libm::exp(-ka * t) * shape, 2e-14);
        }
    }

    proptest::proptest! {
        #[test]
        fn two_halves_make_a_whole(rates in proptest::collection::vec(-4.0_f64..3.0, 9), t in 0.01_f64..50.0) {
            let mut a: Vec<f64> = rates.iter().map(|r| libm::pow(10.0, *r)).collect();
            for i in 0..3 {
                let loss: f64 = (0..3).filter(|k| *k != i).map(|k| a[k * 3 + i]).sum();
                a[i * 3 + i] = -loss - 0.01;
            }
            let whole = Propagator::new(&a, 3, t);
            let half = Propagator::new(&a, 3, 0.5 * t);
            let input = [1.0, 2.0, 0.5];
            let (mut once, mut twice, mut end) = ([0.0; 3], [0.0; 3], [0.0; 3]);
            whole.carry(&[1.0, 0.0, 3.0], &input, &mut once);
            half.carry(&[1.0, 0.0, 3.0], &input, &mut twice);
            half.carry(&twice, &input, &mut end);
            for (a, b) in once.iter().zip(&end) {
                proptest::prop_assert!((a - b).abs() <= 1e-10 * (a.abs() + 1e-3), "{a} {b}");
            }
        }
    }
}
