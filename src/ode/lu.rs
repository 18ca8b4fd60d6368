//! Dense LU with partial pivoting, in place, for the few states that a pharmacokinetic system has.

/// Factors the row-major n × n matrix in place; `pivots` gets the row exchanges. False where it is singular or not
/// finite.
pub(super) fn factor(matrix: &mut [f64], pivots: &mut [usize]) -> bool {
    let n = pivots.len();
    for column in 0..n {
        let mut best = column;
        for row in column + 1..n {
            if matrix[row * n + column].abs() > matrix[best * n + column].abs() {
                best = row;
            }
        }
        let pivot = matrix[best * n + column];
        if pivot == 0.0 || !pivot.is_finite() {
            return false;
        }
        pivots[column] = best;
        if best != column {
            for k in 0..n {
                matrix.swap(best * n + k, column * n + k);
            }
        }
        let (upper, lower) = matrix.split_at_mut((column + 1) * n);
        let pivot_row = &upper[column * n..];
        for row in lower.chunks_exact_mut(n) {
            if row[column] == 0.0 {
                continue;
            }
            let factor = row[column] / pivot;
            row[column] = factor;
            for (r, p) in row[column + 1..].iter_mut().zip(&pivot_row[column + 1..]) {
                *r -= factor * p;
            }
        }
    }
    true
}

/// Solves with a matrix that [`factor`] has factored; `b` becomes the solution.
pub(super) fn solve(matrix: &[f64], pivots: &[usize], b: &mut [f64]) {
    let n = pivots.len();
    for (row, &with) in pivots.iter().enumerate() {
        b.swap(row, with);
    }
    for row in 1..n {
        let mut sum = b[row];
        for k in 0..row {
            sum -= matrix[row * n + k] * b[k];
        }
        b[row] = sum;
    }
    for row in (0..n).rev() {
        let mut sum = b[row];
        for k in row + 1..n {
            sum -= matrix[row * n + k] * b[k];
        }
        b[row] = sum / matrix[row * n + row];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn solution_reproduces_the_right_hand_side(n in 1usize..8, seed in proptest::collection::vec(-1.0f64..1.0, 72)) {
            let matrix: Vec<f64> = (0..n * n).map(|i| seed[i] + if i % (n + 1) == 0 { 3.0 } else { 0.0 }).collect();
            let b: Vec<f64> = (0..n).map(|i| seed[64 + i]).collect();
            let (mut lu, mut pivots, mut x) = (matrix.clone(), vec![0; n], b.clone());
            prop_assume!(factor(&mut lu, &mut pivots));
            solve(&lu, &pivots, &mut x);
            // The residual of elimination is small against |A||x| whatever the condition.
            for row in 0..n {
                let terms: Vec<f64> = (0..n).map(|k| matrix[row * n + k] * x[k]).collect();
                let size: f64 = terms.iter().map(|t| t.abs()).sum::<f64>() + b[row].abs();
                prop_assert!((terms.iter().sum::<f64>() - b[row]).abs() <= 1e-12 * size.max(1e-300) * n as f64);
            }
        }
    }

    #[test]
    fn pivots_where_the_diagonal_is_zero() {
        let (mut m, mut p, mut b) = (vec![0.0, 2.0, 4.0, 1.0], vec![0; 2], vec![2.0, 9.0]);
        assert!(factor(&mut m, &mut p));
        solve(&m, &p, &mut b);
        assert_eq!(b, [2.0, 1.0]);
    }

    #[test]
    fn singular_and_not_finite_are_refused() {
        assert!(!factor(&mut [1.0, 2.0, 2.0, 4.0], &mut [0; 2]));
        assert!(!factor(&mut [f64::NAN, 2.0, 2.0, 4.0], &mut [0; 2]));
        assert!(!factor(&mut [0.0], &mut [0]));
    }
}
