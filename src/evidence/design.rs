use crate::diagnostic::{Diagnostic, Problems};

/// Data of a logistic regression: events among trials for each row of predictors.
#[derive(Clone, Debug, PartialEq)]
pub struct Design {
    names: Vec<String>,
    /// Row-major, with the column of ones that the intercept needs.
    x: Vec<f64>,
    events: Vec<f64>,
    trials: Vec<f64>,
    pub(super) intercept: bool,
}

impl Design {
    /// A design with an intercept: names and columns of the predictors, and events (0 or 1) of each subject.
    ///
    /// # Errors
    /// E0751 where columns differ in length or hold what is no number, E0752 where an outcome is neither 0 nor 1.
    pub fn new(predictors: &[(String, Vec<f64>)], outcome: &[f64]) -> Result<Self, Problems> {
        if let Some(row) = outcome.iter().position(|y| *y != 0.0 && *y != 1.0) {
            return Err(Diagnostic::error(
                "E0752",
                format!("row {}: the outcome {} is neither 0 nor 1", row + 1, outcome[row]),
            )
            .help("an outcome is 1 where the event happened and 0 where it did not")
            .into());
        }
        Design::grouped(predictors, outcome, &vec![1.0; outcome.len()], true)
    }

    /// A design of rows that stand for several subjects each: events among trials; with or without an intercept.
    ///
    /// # Errors
    /// E0751 where columns differ in length or hold what is no number, E0752 for events that cannot be.
    pub fn grouped(
        predictors: &[(String, Vec<f64>)],
        events: &[f64],
        trials: &[f64],
        intercept: bool,
    ) -> Result<Self, Problems> {
        let rows = events.len();
        if rows == 0 || trials.len() != rows || predictors.iter().any(|(_, column)| column.len() != rows) {
            return Err(
                Diagnostic::error("E0751", "the columns of the data differ in length, or are empty").into()
            );
        }
        for (name, column) in predictors {
            if let Some(row) = column.iter().position(|x| !x.is_finite()) {
                return Err(Diagnostic::error("E0751", format!("row {}: `{name}` is no number", row + 1))
                    .help("rows with missing values are to be left out")
                    .into());
            }
        }
        if let Some(row) =
            (0..rows).find(|&i| !(events[i] >= 0.0 && events[i] <= trials[i] && trials[i] > 0.0))
        {
            return Err(Diagnostic::error(
                "E0752",
                format!("row {}: {} events in {} cannot be", row + 1, events[row], trials[row]),
            )
            .into());
        }
        let mut names: Vec<String> = predictors.iter().map(|(name, _)| name.clone()).collect();
        if intercept {
            names.insert(0, "(Intercept)".into());
        }
        let mut x = Vec::with_capacity(rows * names.len());
        for row in 0..rows {
            if intercept {
                x.push(1.0);
            }
            x.extend(predictors.iter().map(|(_, column)| column[row]));
        }
        Ok(Design { names, x, events: events.to_vec(), trials: trials.to_vec(), intercept })
    }

    /// The names of the coefficients, the intercept first.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Events of each row.
    pub fn events(&self) -> &[f64] {
        &self.events
    }

    /// Trials of each row.
    pub fn trials(&self) -> &[f64] {
        &self.trials
    }

    pub(super) fn width(&self) -> usize {
        self.names.len()
    }

    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.x[i * self.width()..(i + 1) * self.width()]
    }

    /// The predictors' sums for each row.
    pub fn predictors(&self, coefficients: &[f64]) -> Vec<f64> {
        (0..self.events.len())
            .map(|i| self.row(i).iter().zip(coefficients).map(|(x, b)| x * b).sum())
            .collect()
    }

    /// The fitted probabilities of each row.
    pub fn probabilities(&self, coefficients: &[f64]) -> Vec<f64> {
        self.predictors(coefficients).into_iter().map(|eta| 1.0 / (1.0 + crate::math::exp(-eta))).collect()
    }

    /// The log-likelihood; without the binomial coefficients of grouped rows.
    pub fn log_likelihood(&self, coefficients: &[f64]) -> f64 {
        self.predictors(coefficients)
            .iter()
            .zip(self.events.iter().zip(&self.trials))
            .map(|(eta, (y, n))| y * eta - n * softplus(*eta))
            .sum()
    }

    /// The Fisher information X'WX with weights n p (1 - p).
    pub(super) fn information(&self, p: &[f64]) -> Vec<f64> {
        let width = self.width();
        let mut matrix = vec![0.0; width * width];
        for (i, p) in p.iter().enumerate() {
            let weight = self.trials[i] * p * (1.0 - p);
            let row = self.row(i);
            for a in 0..width {
                for b in 0..=a {
                    matrix[a * width + b] += weight * row[a] * row[b];
                }
            }
        }
        for a in 0..width {
            for b in a + 1..width {
                matrix[a * width + b] = matrix[b * width + a];
            }
        }
        matrix
    }
}

/// ln(1 + exp(x)).
pub(super) fn softplus(x: f64) -> f64 {
    if x > 0.0 {
        x + crate::math::log1p(crate::math::exp(-x))
    } else {
        crate::math::log1p(crate::math::exp(x))
    }
}
