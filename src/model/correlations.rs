//! Correlations between things that have names, written as `"CL, V2" = -0.62`, and the triangular root that makes
//! correlated deviates of independent ones.

use nalgebra::DMatrix;

use crate::diagnostic::Diagnostic;
use crate::document::{Item, Spanned, Table};

/// A correlation or covariance: the places of two things, the later first, and the number.
pub type Pair = (usize, usize, f64);

/// What is correlated, for messages.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// The names, by place.
    pub names: &'a [&'a str],
    /// What they are, such as `random effect`.
    pub what: &'static str,
    /// The code of problems.
    pub code: &'static str,
}

/// The lower triangular root of the covariance with these standard deviations and correlations, row by row; `None`
/// where it is not positive definite.
pub(super) fn covariance_root(sds: &[f64], correlations: &[Pair]) -> Option<Vec<f64>> {
    let n = sds.len();
    let root = if correlations.is_empty() {
        DMatrix::from_fn(n, n, |i, j| if i == j { sds[i] } else { 0.0 })
    } else {
        let mut covariance = DMatrix::from_fn(n, n, |i, j| if i == j { sds[i] * sds[i] } else { 0.0 });
        for &(i, j, r) in correlations {
            covariance[(i, j)] = r * sds[i] * sds[j];
            covariance[(j, i)] = covariance[(i, j)];
        }
        covariance.cholesky()?.l()
    };
    Some((0..n * n).map(|k| root[(k / n, k % n)]).collect())
}

impl Named<'_> {
    /// The places of the names in a key such as `"CL, V2"`; a name that is not there is reported.
    pub fn places(&self, table: &Table<'_>, key: &Spanned<String>) -> Option<Vec<usize>> {
        let find = |name: &str| {
            let place = self.names.iter().position(|n| *n == name);
            if place.is_none() {
                let message = format!("there is no {} `{name}`", self.what);
                table.error(self.code, key.span.clone(), message);
            }
            place
        };
        key.value.split(',').map(|name| find(name.trim())).collect()
    }

    /// A number between two of the things, such as `"CL, V2" = -0.62`.
    pub fn pair(&self, table: &Table<'_>, key: &Spanned<String>, item: &Item<'_>) -> Option<Pair> {
        let number = item.number()?.value;
        let places = self.places(table, key)?;
        match places[..] {
            [i, j] if i != j => Some((i.max(j), i.min(j), number)),
            _ => {
                let message = format!("name two different {}s, as in \"A, B\"", self.what);
                table.error(self.code, key.span.clone(), message);
                None
            }
        }
    }

    /// All correlations of a table.
    pub fn correlations(&self, table: &Table<'_>) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for (key, item) in table.entries() {
            let Some(pair) = self.pair(table, &key, &item) else { continue };
            if pair.2.abs() > 1.0 {
                table.error(self.code, item.span(), "a correlation lies between -1 and 1");
            } else {
                pairs.push(pair);
            }
        }
        pairs
    }

    /// The lower triangular root of the covariance with these standard deviations and correlations, row by row.
    /// Where there is none, says so and offers the nearest correlations that are possible.
    pub fn root(&self, table: &Table<'_>, sds: &[f64], correlations: &[Pair]) -> Option<Vec<f64>> {
        let root = covariance_root(sds, correlations);
        if root.is_none() {
            self.refuse(table, sds.len(), correlations);
        }
        root
    }

    /// The nearest correlations: the eigenvalues of the correlation matrix are lifted to 1e-3 and the diagonal is
    /// scaled back to 1.
    fn refuse(&self, table: &Table<'_>, n: usize, correlations: &[Pair]) {
        let mut matrix = DMatrix::<f64>::identity(n, n);
        for &(i, j, r) in correlations {
            matrix[(i, j)] = r;
            matrix[(j, i)] = r;
        }
        let mut eigen = matrix.symmetric_eigen();
        eigen.eigenvalues.apply(|v| *v = v.max(1e-3));
        let near = eigen.recompose();
        let offers: Vec<String> = correlations
            .iter()
            .map(|&(i, j, _)| {
                let r = near[(i, j)] / (near[(i, i)] * near[(j, j)]).sqrt();
                format!("\"{}, {}\" = {r:.3}", self.names[j], self.names[i])
            })
            .collect();
        table.report(
            Diagnostic::error(
                self.code,
                format!(
                    "no {}s have these correlations together: the matrix is not positive definite",
                    self.what
                ),
            )
            .help(format!("the nearest correlations that are possible: {}", offers.join(", "))),
            table.span(),
        );
    }
}
