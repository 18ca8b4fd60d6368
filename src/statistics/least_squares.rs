use super::Contrast;
use super::student::student;
use crate::math::Cholesky;

/// A linear regression.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The coefficients, in the order of the columns.
    pub coefficients: Vec<f64>,
    /// Their standard errors.
    pub errors: Vec<f64>,
    /// Their covariance matrix, row-major.
    pub covariance: Vec<f64>,
    /// Residual standard deviation.
    pub deviation: f64,
    /// Residual degrees of freedom.
    pub freedom: f64,
}

/// The regression of `y` on columns of the same length, by the normal equations; `None` where the columns depend on one
/// another or there are no more rows than columns. Give a column of ones for an intercept.
pub fn least_squares(columns: &[&[f64]], y: &[f64]) -> Option<Fit> {
    let size = columns.len();
    if y.len() <= size {
        return None;
    }
    let inner = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let normal: Vec<f64> = columns.iter().flat_map(|a| columns.iter().map(|b| inner(a, b))).collect();
    let root = Cholesky::new(&normal, size)?;
    let mut coefficients: Vec<f64> = columns.iter().map(|column| inner(column, y)).collect();
    root.solve(&mut coefficients);
    let fitted = |row: usize| columns.iter().zip(&coefficients).map(|(c, b)| c[row] * b).sum::<f64>();
    let residual: f64 = y.iter().enumerate().map(|(row, y)| (y - fitted(row)) * (y - fitted(row))).sum();
    // Counts of patients are far below 2^53.
    #[allow(clippy::cast_precision_loss)]
    let freedom = (y.len() - size) as f64;
    let covariance: Vec<f64> = root.inverse().iter().map(|v| residual / freedom * v).collect();
    let errors = (0..size).map(|i| covariance[i * size + i].sqrt()).collect();
    Some(Fit { coefficients, errors, covariance, deviation: (residual / freedom).sqrt(), freedom })
}

/// The difference of two means adjusted for covariates: `y` on arm (1, or 0 for the reference) and the covariates
/// (analysis of covariance). `None` where the regression cannot be made.
pub fn ancova(
    y: &[f64],
    arm: &[f64],
    covariates: &[Vec<f64>],
    null: f64,
    confidence: f64,
) -> Option<Contrast> {
    // Counts of patients are far below 2^53.
    #[allow(clippy::cast_precision_loss)]
    let count = y.len() as f64;
    // Centred, so that the normal equations keep their digits.
    let centred = |column: &Vec<f64>| -> Vec<f64> {
        let mean = column.iter().sum::<f64>() / count;
        column.iter().map(|v| v - mean).collect()
    };
    let covariates: Vec<Vec<f64>> = covariates.iter().map(centred).collect();
    let ones = vec![1.0; y.len()];
    let columns: Vec<&[f64]> =
        [ones.as_slice(), arm].into_iter().chain(covariates.iter().map(Vec::as_slice)).collect();
    let fit = least_squares(&columns, y)?;
    Some(student(fit.coefficients[1], fit.errors[1], fit.freedom, null, confidence))
}
