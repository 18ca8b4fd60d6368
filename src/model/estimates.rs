//! A table of estimates: one row a draw of the uncertain parameters, from a bootstrap, from importance resampling
//! (SIR) or from a posterior.

use std::sync::Arc;

use super::correlations::{Pair, covariance_root};
use super::effects::Effects;
use super::parameters::Parameter;
use crate::diagnostic::{Collector, Diagnostic, Problems, Source};
use crate::document::Sheet;

/// A table of estimates that was checked against a model.
///
/// A column is named after what it holds: a parameter (in its unit of the model file), `sd.CL` or `omega.CL` (standard
/// deviation or variance of a random effect), `omega.CL.V2` or `cor.CL.V2` (covariance or correlation of two). What
/// has no column keeps its published value.
#[derive(Clone, Debug)]
pub struct Estimates {
    source: Arc<Source>,
    parameters: Vec<usize>,
    /// Row by row, in coherent units.
    values: Vec<f64>,
    /// One a row; empty where the table says nothing of random effects.
    roots: Vec<Vec<f64>>,
    rows: usize,
}

/// What a column of random effects holds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Of {
    Sd(usize),
    Variance(usize),
    Covariance(usize, usize),
    Correlation(usize, usize),
}

impl Estimates {
    /// Checks a table against a model. Columns that are neither are told in a warning.
    ///
    /// # Errors
    /// E0412 where no column belongs to the model, and for rows whose random effects have no covariance; E0110 for
    /// cells that are no numbers.
    pub fn read(
        sheet: &Sheet,
        parameters: &[Parameter],
        effects: &Effects,
    ) -> Result<(Self, Vec<Diagnostic>), Problems> {
        let problems = Collector::new();
        let (mut own, mut random, mut unread) = (Vec::new(), Vec::new(), Vec::new());
        for (column, name) in sheet.names().iter().enumerate() {
            match (parameters.iter().position(|p| p.name == *name), random_effect(name, effects)) {
                (Some(place), _) => own.push((column, place)),
                (None, Some(of)) => random.push((column, of)),
                (None, None) => unread.push(name.as_str()),
            }
        }
        if own.is_empty() && random.is_empty() {
            let told = format!("{} has no column of the model", sheet.source().name());
            let help = "name columns after parameters, or `omega.CL`, `sd.CL`, `omega.CL.V2`, `cor.CL.V2` after random effects";
            return Err(Diagnostic::error("E0412", told).help(help).into());
        }
        if !unread.is_empty() {
            let told = format!(
                "columns of {} that the model does not know: {}",
                sheet.source().name(),
                unread.join(", ")
            );
            problems.push(Diagnostic::warning("E0412", told));
        }
        let (mut values, mut roots) = (Vec::new(), Vec::new());
        for row in 0..sheet.rows() {
            for (column, place) in &own {
                match sheet.number(row, *column) {
                    Ok(value) => values.push(parameters[*place].value.unit().to_coherent(value)),
                    Err(told) => problems.push(told),
                }
            }
            if random.is_empty() {
                continue;
            }
            match root(sheet, row, &random, effects) {
                Ok(root) => roots.push(root),
                Err(told) => problems.push(told),
            }
            if problems.errors() >= MOST_ERRORS {
                break;
            }
        }
        let parameters = own.iter().map(|(_, place)| *place).collect();
        let source = Arc::clone(sheet.source());
        problems.finish(Some(Estimates { source, parameters, values, roots, rows: sheet.rows() }))
    }

    /// The file.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The file's name without its folder.
    pub fn name(&self) -> &str {
        self.source.name().rsplit('/').next().unwrap_or_default()
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The places of the parameters that have a column, and their values (coherent units) at a draw from 1 on.
    pub fn parameters(&self, draw: u32) -> impl Iterator<Item = (usize, f64)> {
        let width = self.parameters.len();
        let values = self.values.get(self.row(draw) * width..).unwrap_or_default();
        self.parameters.iter().copied().zip(values.iter().copied())
    }

    /// The root of the covariance of the random effects at a draw from 1 on, where the table has any.
    pub fn root(&self, draw: u32) -> Option<&[f64]> {
        self.roots.get(self.row(draw)).map(Vec::as_slice)
    }

    fn row(&self, draw: u32) -> usize {
        usize::try_from(draw.saturating_sub(1)).unwrap_or(0) % self.rows.max(1)
    }
}

/// After so many errors reading stops.
const MOST_ERRORS: usize = 20;

fn random_effect(column: &str, effects: &Effects) -> Option<Of> {
    let place = |name: &str| effects.list().iter().position(|e| e.name == name);
    let parts: Vec<&str> = column.split('.').collect();
    Some(match parts[..] {
        ["sd", a] => Of::Sd(place(a)?),
        ["omega", a] => Of::Variance(place(a)?),
        ["omega", a, b] => Of::Covariance(place(a)?.max(place(b)?), place(a)?.min(place(b)?)),
        ["cor", a, b] => Of::Correlation(place(a)?.max(place(b)?), place(a)?.min(place(b)?)),
        _ => return None,
    })
}

/// The root of the covariance of one row.
fn root(
    sheet: &Sheet,
    row: usize,
    columns: &[(usize, Of)],
    effects: &Effects,
) -> Result<Vec<f64>, Diagnostic> {
    let mut sds: Vec<f64> = effects.list().iter().map(|e| e.sd).collect();
    let mut pairs: Vec<Pair> = effects.correlations().to_vec();
    let mut set = |(i, j): (usize, usize), r: f64| match pairs.iter_mut().find(|(a, b, _)| (*a, *b) == (i, j))
    {
        Some(pair) => pair.2 = r,
        None => pairs.push((i, j, r)),
    };
    let wrong = |column: usize| {
        let message = format!("`{}` makes no covariance of the random effects", sheet.cell(row, column));
        sheet.problem("E0412", row, column, message)
    };
    for &(column, of) in columns {
        let value = sheet.number(row, column)?;
        match of {
            Of::Sd(i) if value >= 0.0 => sds[i] = value,
            Of::Variance(i) if value >= 0.0 => sds[i] = value.sqrt(),
            Of::Correlation(i, j) if i != j && value.abs() <= 1.0 => set((i, j), value),
            Of::Covariance(i, j) if i != j => {}
            _ => return Err(wrong(column)),
        }
    }
    // Covariances need the standard deviations of their row.
    for &(column, of) in columns {
        if let Of::Covariance(i, j) = of {
            let r = sheet.number(row, column)? / (sds[i] * sds[j]);
            if r.is_nan() || r.abs() > 1.0 {
                return Err(wrong(column));
            }
            set((i, j), r);
        }
    }
    covariance_root(&sds, &pairs).ok_or_else(|| wrong(columns[0].0))
}
