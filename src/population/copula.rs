//! Correlation of covariates by a Gaussian copula: the deviates are correlated, the distributions stay as they are.

use super::{Distribution, Variable};
use crate::document::Table;
use crate::model::Named;

/// Mixes independent deviates by a lower triangular root (n × n, row by row; an empty one changes nothing), in place.
pub fn correlate(root: &[f64], deviates: &mut [f64]) {
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
    let names: Vec<&str> = variables.iter().map(|v| v.name.as_str()).collect();
    let named = Named { names: &names, what: "variable", code: "E0504" };
    let pairs = named.correlations(&table);
    for variable in pairs.iter().flat_map(|(i, j, _)| [&variables[*i], &variables[*j]]) {
        if !matches!(variable.distribution, Distribution::Continuous(_) | Distribution::Categorical(_)) {
            let message = format!(
                "`{}` is not drawn from a distribution, so that it cannot be correlated",
                variable.name
            );
            table.error("E0504", table.span(), message);
        }
    }
    named.root(&table, &vec![1.0; variables.len()], &pairs).unwrap_or_default()
}
