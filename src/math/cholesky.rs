/// The Cholesky factor of a symmetric positive-definite matrix: what solves normal equations.
///
/// Golub and Van Loan, Matrix Computations, algorithm 4.2.1. Matrices are row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Cholesky {
    size: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors a matrix of `size` rows; `None` where it is not positive definite (or not `size` x `size`).
    pub fn new(matrix: &[f64], size: usize) -> Option<Self> {
        if matrix.len() != size * size {
            return None;
        }
        let mut lower = vec![0.0; size * size];
        for i in 0..size {
            for j in 0..=i {
                let inner: f64 = (0..j).map(|k| lower[i * size + k] * lower[j * size + k]).sum();
                let rest = matrix[i * size + j] - inner;
                if i == j {
                    // A pivot that rounding alone can make is none.
                    if rest.is_nan() || rest <= 1e-14 * matrix[i * size + i].abs() {
                        return None;
                    }
                    lower[i * size + i] = rest.sqrt();
                } else {
                    lower[i * size + j] = rest / lower[j * size + j];
                }
            }
        }
        Some(Cholesky { size, lower })
    }

    /// Solves for one right-hand side in place.
    pub fn solve(&self, b: &mut [f64]) {
        let n = self.size;
        for i in 0..n {
            let inner: f64 = (0..i).map(|k| self.lower[i * n + k] * b[k]).sum();
            b[i] = (b[i] - inner) / self.lower[i * n + i];
        }
        for i in (0..n).rev() {
            let inner: f64 = (i + 1..n).map(|k| self.lower[k * n + i] * b[k]).sum();
            b[i] = (b[i] - inner) / self.lower[i * n + i];
        }
    }

    /// The factor times a vector: turns independent normal draws into draws with the matrix as covariance.
    pub fn transform(&self, z: &[f64]) -> Vec<f64> {
        let n = self.size;
        (0..n).map(|i| (0..=i).map(|k| self.lower[i * n + k] * z[k]).sum()).collect()
    }

    /// The inverse matrix.
    pub fn inverse(&self) -> Vec<f64> {
        let n = self.size;
        let mut inverse = vec![0.0; n * n];
        for j in 0..n {
            let mut column = vec![0.0; n];
            column[j] = 1.0;
            self.solve(&mut column);
            for i in 0..n {
                inverse[i * n + j] = column[i];
            }
        }
        inverse
    }

    /// The logarithm of the determinant.
    pub fn log_determinant(&self) -> f64 {
        2.0 * (0..self.size).map(|i| crate::math::ln(self.lower[i * self.size + i])).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_matrix_is_factored_and_inverted() {
        // The matrix of Golub and Van Loan's example: factor [2 0 0; 6 1 0; -8 5 3].
        let matrix = [4.0, 12.0, -16.0, 12.0, 37.0, -43.0, -16.0, -43.0, 98.0];
        let factor = Cholesky::new(&matrix, 3).unwrap();
        assert_eq!(factor.lower, [2.0, 0.0, 0.0, 6.0, 1.0, 0.0, -8.0, 5.0, 3.0]);
        assert!((factor.log_determinant() - 36f64.ln()).abs() < 1e-14);
        assert_eq!(factor.transform(&[1.0, 0.0, 2.0]), [2.0, 6.0, -2.0]);
        let inverse = factor.inverse();
        for i in 0..3 {
            for j in 0..3 {
                let product: f64 = (0..3).map(|k| matrix[3 * i + k] * inverse[3 * k + j]).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-11);
            }
        }
    }

    #[test]
    fn singular_and_misshapen_matrices_are_refused() {
        assert_eq!(Cholesky::new(&[1.0, 1.0, 1.0, 1.0], 2), None);
        assert_eq!(Cholesky::new(&[-1.0], 1), None);
        assert_eq!(Cholesky::new(&[f64::NAN], 1), None);
        assert_eq!(Cholesky::new(&[1.0, 2.0], 2), None);
    }
}
