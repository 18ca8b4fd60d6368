//! Covariates from the columns of a data set.

use super::{DataSet, cell};
use crate::diagnostic::{Collector, Diagnostic, Problems, did_you_mean};
use crate::dosing::record::Carry;

impl DataSet {
    /// The column of this name, from 0; upper and lower case count as the same where there is no exact match.
    pub fn column(&self, name: &str) -> Option<usize> {
        let names = &self.header.names;
        names
            .iter()
            .position(|n| n == name)
            .or_else(|| names.iter().position(|n| n.eq_ignore_ascii_case(name)))
    }

    /// A numeric covariate, one value per row. A missing value is taken from the same subject's next record that
    /// has one (or, carried forward, from the one before), and where there is none on that side from the other.
    ///
    /// # Errors
    /// E0213 where there is no such column or a subject has no value at all, E0204 where a value is no number.
    pub fn covariate(&self, name: &str, carry: Carry) -> Result<Vec<f64>, Problems> {
        let problems = Collector::new();
        let values = self.filled(name, carry, &problems, |row, text| {
            cell::number(text).map_err(|what| self.problem("E0204", row, name, &what))
        });
        problems.finish(values).map(|(values, _)| values)
    }

    /// A covariate with levels, one text per row; missing values are filled as those of [`DataSet::covariate`].
    ///
    /// # Errors
    /// E0213 as there.
    pub fn levels(&self, name: &str, carry: Carry) -> Result<Vec<&str>, Problems> {
        let problems = Collector::new();
        let values = self.filled(name, carry, &problems, |_, text| Ok(text));
        problems.finish(values).map(|(values, _)| values)
    }

    fn filled<'a, T: Copy>(
        &'a self,
        name: &str,
        carry: Carry,
        problems: &Collector,
        read: impl Fn(usize, &'a str) -> Result<T, Diagnostic>,
    ) -> Option<Vec<T>> {
        let Some(column) = self.column(name) else {
            let told = Diagnostic::error("E0213", format!("{} has no column {name}", self.source.name()));
            let near = did_you_mean(name, self.header.names.iter().map(String::as_str));
            problems.push(match near {
                Some(near) => told.help(format!("the model needs this covariate; did you mean {near}?")),
                None => told.help("the model needs this covariate: add a column of that name"),
            });
            return None;
        };
        let mut values = Vec::with_capacity(self.records.len());
        for subject in &self.subjects {
            let start = values.len();
            for row in subject.rows.clone() {
                let text = self.cell(row, column);
                values.push(if cell::is_missing(text) {
                    None
                } else {
                    read(row, text).map_err(|told| problems.push(told)).ok()
                });
            }
            let own = values.get_mut(start..).unwrap_or_default();
            if own.iter().all(Option::is_none) {
                let message = format!("the covariate is missing in all records of subject {}", subject.id);
                problems.push(self.problem("E0213", subject.rows.start, name, &message));
            }
            match carry {
                Carry::Backward => {
                    fill(own.iter_mut().rev());
                    fill(own.iter_mut());
                }
                Carry::Forward => {
                    fill(own.iter_mut());
                    fill(own.iter_mut().rev());
                }
            }
        }
        if problems.errors() > 0 { None } else { values.into_iter().collect() }
    }
}

/// Each missing value takes the one before it, in the order given.
fn fill<'a, T: Copy + 'a>(values: impl Iterator<Item = &'a mut Option<T>>) {
    let mut latest = None;
    for value in values {
        match value {
            Some(known) => latest = Some(*known),
            None => *value = latest,
        }
    }
}
