//! Steady state of regular dosing, by solving x = M x + w.

use thiserror::Error;

use super::lanes::LaneMatrix;

/// Nothing leaves the system, so that amounts grow with every dose and no steady state exists.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no steady state exists: nothing is eliminated in {} subject(s), the first is number {} of the block",
    .subjects.len(), .subjects.first().map_or(0, |first| first + 1))]
pub struct NothingEliminated {
    /// The subjects of the block, from 0 on. Their results are not numbers.
    pub subjects: Vec<usize>,
}

/// Solves (I - M) x = w in place of w for every subject, by elimination without subtractions.
///
/// M holds what a unit in each compartment leads to after an interval, and `gone` how much of that unit has left the
/// system by then. For compartments I - M has columns whose sums are `gone`, and elimination that carries these sums
/// instead of the diagonal adds positive numbers only (Grassmann, Taksar and Heyman 1985, Operations Research 33:1107),
/// so that slow elimination costs no digits.
pub(super) fn solve_compartments(transition: &LaneMatrix, gone: &LaneMatrix, x: &mut LaneMatrix) {
    let n = transition.rows();
    let mut m = vec![0.0; n * n];
    let mut left = vec![0.0; n];
    let mut w = vec![0.0; n];
    for l in 0..x.padded() {
        for i in 0..n {
            w[i] = x.entry(i, 0)[l];
            left[i] = gone.entry(0, i)[l];
            for j in 0..n {
                m[i * n + j] = transition.entry(i, j)[l];
            }
        }
        let mut pivots = vec![0.0; n];
        for k in (0..n).rev() {
            let pivot = (0..k).fold(left[k], |sum, i| sum + m[i * n + k]);
            pivots[k] = pivot;
            for j in 0..k {
                let share = part(m[k * n + j], pivot);
                for i in (0..k).filter(|i| *i != j) {
                    m[i * n + j] += m[i * n + k] * share;
                }
                left[j] += left[k] * share;
            }
            let share = part(w[k], pivot);
            for i in 0..k {
                w[i] += m[i * n + k] * share;
            }
        }
        for k in 0..n {
            let inflow = (0..k).fold(w[k], |sum, j| sum + m[k * n + j] * w[j]);
            w[k] = part(inflow, pivots[k]);
        }
        for i in 0..n {
            x.entry_mut(i, 0)[l] = w[i];
        }
    }
}

/// A quotient, which is zero where nothing is divided: a compartment that nothing enters need not lose anything.
fn part(amount: f64, of: f64) -> f64 {
    if amount == 0.0 { 0.0 } else { amount / of }
}

/// Solves (I - M) x = w in place of w for every subject, by elimination with partial pivoting, for systems of any kind.
pub(super) fn solve_any(transition: &LaneMatrix, x: &mut LaneMatrix) {
    let n = transition.rows();
    let width = n + 1;
    let mut rows = vec![0.0; n * width];
    for l in 0..x.padded() {
        for i in 0..n {
            for j in 0..n {
                rows[i * width + j] = f64::from(u8::from(i == j)) - transition.entry(i, j)[l];
            }
            rows[i * width + n] = x.entry(i, 0)[l];
        }
        for k in 0..n {
            let size = |row: usize| rows[row * width + k].abs();
            let pivot = (k + 1..n).fold(k, |best, row| if size(row) > size(best) { row } else { best });
            // What rounding leaves of a zero is not a pivot.
            if rows[pivot * width + k].abs() < 1e-14 {
                rows[pivot * width + k] = f64::NAN;
            }
            for j in k..width {
                rows.swap(k * width + j, pivot * width + j);
            }
            for i in k + 1..n {
                let factor = rows[i * width + k] / rows[k * width + k];
                for j in k..width {
                    rows[i * width + j] -= factor * rows[k * width + j];
                }
            }
        }
        for k in (0..n).rev() {
            let known =
                (k + 1..n).fold(rows[k * width + n], |sum, j| sum - rows[k * width + j] * x.entry(j, 0)[l]);
            x.entry_mut(k, 0)[l] = known / rows[k * width + k];
        }
    }
}
