//! Correlation of covariates by a Gaussian copula: the deviates are correlated, the distributions stay as they are.

use nalgebra::DMatrix;

use super::Variable;
use crate::document::Table;

/// Mixes independent deviates by a lower triangular root; in place, from the last to the first.
pub(super) fn correlate(root: &[f64], deviates: &mut [f64]) {
    let n = deviates.len();
    if root.len() != n * n {
        return;
    }
    for i in (0..n).rev() {
        deviates[i] = root[i * n..=i * n + i].iter().zip(&deviates[..=i]).map(|(l, z)| l * z).sum();
    }
}

/// Reads `[correlations]`, such as `"WT, BMI" = 0.8`.
pub(super) fn read(root: &Table<'_>, variables: &[Variable]) -> Vec<f64> {
    let Some(table) = root.table("correlations") else { return Vec::new() };
    let n = variables.len();
    let mut matrix = DMatrix::<f64>::identity(n, n);
    for (name, item) in table.entries() {
        let Some(r) = item.number() else { continue };
        let places: Vec<Option<usize>> =
            name.value.split(',').map(|part| variables.iter().position(|v| v.name == part.trim())).collect();
        let [Some(i), Some(j)] = places[..] else {
            table.error("E0504", name.span, "name two variables of this file, as in \"WT, BMI\"");
            continue;
        };
        if i == j || r.value.abs() >= 1.0 {
            table.error("E0504", r.span, "a correlation is between two variables and lies between -1 and 1");
            continue;
        }
        matrix[(i, j)] = r.value;
        matrix[(j, i)] = r.value;
    }
    let Some(cholesky) = matrix.cholesky() else {
        table.error(
            "E0504",
            table.span(),
            "no variables can have these correlations together (not positive definite)",
        );
        return Vec::new();
    };
    let lower = cholesky.l();
    (0..n * n).map(|k| lower[(k / n, k % n)]).collect()
}
