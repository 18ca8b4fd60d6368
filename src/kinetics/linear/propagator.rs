//! Propagators of any linear system, by scaling and squaring.
//!
//! Over a span h so short that the norm of A h is below 1/2 the Taylor series gives the integrals of exp(A s); then h is
//! doubled as often as needed. What is doubled is E = exp(A h) - I and not the exponential itself (Moler and Van Loan
//! 2003, SIAM Review 45:3, section 3), so that slow rates keep their digits next to fast ones:
//! E(2h) = 2 E + E E, F(2h) = 2 F + E F, G(2h) = 2 G + h F + E G, with F the integral of the exponential from 0 to h
//! and G that of F. Every lane has its own number of doublings.

use super::lanes::{LANES, Lane, LaneMatrix, load};
use crate::math::dispatch::{Kernel, dispatch};

/// Largest norm of A h for the series.
const SHORT: f64 = 0.5;
/// Terms of the series: 0.5^15 / 16! is far below the last bit.
const TERMS: usize = 15;
/// No time span needs more doublings: rates of 1e4 per hour over a century need 33.
const MOST_DOUBLINGS: u32 = 64;

/// Computes the response matrix of every subject, integrated 0, 1 or 2 times over the span `t`.
pub(super) struct Propagate<'a> {
    /// A of every subject.
    pub matrix: &'a LaneMatrix,
    /// Rows and columns of entries of A that are not zero for all subjects.
    pub pattern: &'a [(usize, usize)],
    /// How often the exponential is integrated.
    pub integrals: usize,
    /// Time span of every subject.
    pub t: &'a [f64],
    /// Where the result goes.
    pub out: &'a mut LaneMatrix,
}

/// Runs the kernel at the level in force.
pub(super) fn propagate(task: Propagate<'_>) {
    dispatch(task);
}

/// A square matrix of lanes, row after row.
type Square = Vec<Lane>;

impl Kernel for Propagate<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let n = self.matrix.rows();
        let reach = Reach::new(n, self.pattern);
        let zero = vec![[0.0; LANES]; n * n];
        let (mut a, mut e, mut f, mut g, mut fresh) =
            (zero.clone(), zero.clone(), zero.clone(), zero.clone(), zero.clone());
        for at in (0..self.t.len()).step_by(LANES) {
            for &(i, j) in self.pattern {
                a[i * n + j] = load(self.matrix.entry(i, j), at);
            }
            let t = load(self.t, at);
            let doublings = doublings(n, self.pattern, &a, &t);
            let mut h = [0.0; LANES];
            for l in 0..LANES {
                h[l] = t[l] / (1u64 << doublings[l].min(63)) as f64;
            }
            self.series(&reach, &a, &h, &mut e, &mut f, &mut g, &mut fresh);
            for step in 0..doublings.iter().copied().max().unwrap_or(0) {
                let mut goes_on = [false; LANES];
                for l in 0..LANES {
                    goes_on[l] = step < doublings[l];
                }
                if self.integrals > 1 {
                    double(&reach, &e, &g, Some((&h, &f)), &goes_on, &mut fresh);
                    std::mem::swap(&mut g, &mut fresh);
                }
                if self.integrals > 0 {
                    double(&reach, &e, &f, None, &goes_on, &mut fresh);
                    std::mem::swap(&mut f, &mut fresh);
                }
                double(&reach, &e, &e, None, &goes_on, &mut fresh);
                std::mem::swap(&mut e, &mut fresh);
                for l in 0..LANES {
                    h[l] = if goes_on[l] { 2.0 * h[l] } else { h[l] };
                }
            }
            let result = [&e, &f, &g][self.integrals.min(2)];
            for i in 0..n {
                for j in 0..n {
                    let mut value = result[i * n + j];
                    if self.integrals == 0 && i == j {
                        for v in &mut value {
                            *v += 1.0;
                        }
                    }
                    let place = self.out.offset(i, j) + at;
                    self.out.data_mut()[place..place + LANES].copy_from_slice(&value);
                }
            }
        }
    }
}

impl Propagate<'_> {
    /// The highest integral wanted by Horner's rule, the lower ones from A times it.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn series(
        &self,
        reach: &Reach,
        a: &Square,
        h: &Lane,
        e: &mut Square,
        f: &mut Square,
        g: &mut Square,
        fresh: &mut Square,
    ) {
        let n = reach.n;
        let top = self.integrals.clamp(1, 2);
        let highest: &mut Square = if top == 2 { g } else { f };
        identity(n, highest);
        for k in (1..TERMS).rev() {
            let mut scale = [0.0; LANES];
            for l in 0..LANES {
                scale[l] = h[l] / (k + top) as f64;
            }
            multiply_sparse(reach, self.pattern, a, highest, &scale, fresh);
            std::mem::swap(highest, fresh);
        }
        // Horner's sum starts with 1 / top!.
        let scale = if top == 2 { product(&product(h, h), &[0.5; LANES]) } else { *h };
        for (i, columns) in reach.columns.iter().enumerate() {
            for &j in columns {
                highest[i * n + j] = product(&highest[i * n + j], &scale);
            }
        }
        if top == 2 {
            plain_product(reach, self.pattern, a, g, fresh);
            for i in 0..n {
                for l in 0..LANES {
                    fresh[i * n + i][l] += h[l];
                }
            }
            std::mem::swap(f, fresh);
        }
        plain_product(reach, self.pattern, a, f, e);
    }
}

/// The number of doublings that each lane needs.
#[inline(always)]
fn doublings(n: usize, pattern: &[(usize, usize)], a: &Square, t: &Lane) -> [u32; LANES] {
    let mut norm = [0.0; LANES];
    for column in 0..n {
        let mut sum = [0.0; LANES];
        for &(i, j) in pattern.iter().filter(|(_, j)| *j == column) {
            for l in 0..LANES {
                sum[l] += a[i * n + j][l].abs();
            }
        }
        for l in 0..LANES {
            norm[l] = if sum[l] > norm[l] { sum[l] } else { norm[l] };
        }
    }
    let mut count = [0; LANES];
    for l in 0..LANES {
        let mut size = norm[l] * t[l];
        while size > SHORT && count[l] < MOST_DOUBLINGS {
            size *= 0.5;
            count[l] += 1;
        }
    }
    count
}

#[inline(always)]
fn product(a: &Lane, b: &Lane) -> Lane {
    let mut out = *a;
    for l in 0..LANES {
        out[l] *= b[l];
    }
    out
}

#[inline(always)]
fn add_product(a: &Lane, b: &Lane, sum: &mut Lane) {
    let mut out = *sum;
    for l in 0..LANES {
        out[l] += a[l] * b[l];
    }
    *sum = out;
}

#[inline(always)]
fn identity(n: usize, matrix: &mut Square) {
    matrix.fill([0.0; LANES]);
    for i in 0..n {
        matrix[i * n + i] = [1.0; LANES];
    }
}

/// I + scale A B.
#[inline(always)]
fn multiply_sparse(
    reach: &Reach,
    pattern: &[(usize, usize)],
    a: &Square,
    b: &Square,
    scale: &Lane,
    out: &mut Square,
) {
    let n = reach.n;
    identity(n, out);
    for &(i, k) in pattern {
        let factor = product(&a[i * n + k], scale);
        for &j in &reach.columns[k] {
            add_product(&factor, &b[k * n + j], &mut out[i * n + j]);
        }
    }
}

/// A B.
#[inline(always)]
fn plain_product(reach: &Reach, pattern: &[(usize, usize)], a: &Square, b: &Square, out: &mut Square) {
    let n = reach.n;
    out.fill([0.0; LANES]);
    for &(i, k) in pattern {
        for &j in &reach.columns[k] {
            add_product(&a[i * n + k], &b[k * n + j], &mut out[i * n + j]);
        }
    }
}

/// Which entries of the powers of A can differ from zero.
struct Reach {
    n: usize,
    reached: Vec<bool>,
    /// The columns of each row that can. Loops over this list are not loops over an arithmetic sequence, which the compiler
    /// would run in lanes of its own instead of ours.
    columns: Vec<Vec<usize>>,
}

impl Reach {
    fn new(n: usize, pattern: &[(usize, usize)]) -> Self {
        let mut reached: Vec<bool> =
            (0..n * n).map(|at| at / n == at % n || pattern.contains(&(at / n, at % n))).collect();
        for k in 0..n {
            for i in 0..n {
                for j in 0..n {
                    reached[i * n + j] |= reached[i * n + k] && reached[k * n + j];
                }
            }
        }
        let columns = (0..n).map(|i| (0..n).filter(|j| reached[i * n + j]).collect()).collect();
        Reach { n, reached, columns }
    }
}

/// 2 B + E B, and h F on top, where a lane goes on; B where it does not.
#[inline(always)]
fn double(
    reach: &Reach,
    e: &Square,
    b: &Square,
    integral: Option<(&Lane, &Square)>,
    goes_on: &[bool; LANES],
    out: &mut Square,
) {
    let n = reach.n;
    for i in 0..n {
        for &j in &reach.columns[i] {
            let mut sum = [0.0; LANES];
            for &k in reach.columns[i].iter().filter(|&&k| reach.reached[k * n + j]) {
                add_product(&e[i * n + k], &b[k * n + j], &mut sum);
            }
            let old = b[i * n + j];
            let grown = integral.map_or([0.0; LANES], |(h, f)| product(h, &f[i * n + j]));
            let mut new = old;
            for l in 0..LANES {
                let value = 2.0 * old[l] + sum[l] + grown[l];
                new[l] = if goes_on[l] { value } else { old[l] };
            }
            out[i * n + j] = new;
        }
    }
}
