//! The columns of a CSV file that a fit needs.

use super::super::paper::{IndividualModel, IndividualPaper};
use crate::diagnostic::{Diagnostic, Problems};

/// The columns that a fit needs, as numbers.
pub(super) struct Columns {
    pub outcome: Vec<f64>,
    /// Coherent units.
    pub exposure: Vec<f64>,
    pub covariates: Vec<Vec<f64>>,
    /// How long each patient was seen, where the model asks for it.
    pub times: Vec<f64>,
}

impl Columns {
    /// The values of the exposure's form, with known constants, and of the centred covariates: names and columns.
    pub(super) fn predictors(&self, paper: &IndividualPaper, g: Vec<f64>) -> Vec<(String, Vec<f64>)> {
        let mut predictors = vec![("exposure".to_string(), g)];
        for (name, column) in paper.covariates.iter().zip(&self.covariates) {
            let mean = column.iter().sum::<f64>() / column.len().max(1) as f64;
            predictors.push((name.clone(), column.iter().map(|x| x - mean).collect()));
        }
        predictors
    }

    /// Lowest and highest exposure (coherent units).
    pub(super) fn range(&self) -> [f64; 2] {
        self.exposure.iter().fold([f64::INFINITY, 0.0], |[low, high], &c| [low.min(c), f64::max(high, c)])
    }
}

/// Reads the columns (E0756, E0752).
pub(super) fn read(paper: &IndividualPaper, text: &str) -> Result<Columns, Problems> {
    let wrong = |message: String| -> Problems {
        Diagnostic::error("E0756", format!("{}: {message}", paper.data)).into()
    };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let place = |name: &str| -> Result<usize, Problems> {
        headers.iter().position(|header| header == name).ok_or_else(|| {
            let known = headers.iter().collect::<Vec<_>>().join(", ");
            Diagnostic::error("E0756", format!("{}: there is no column `{name}`", paper.data))
                .help(format!("the columns are {known}"))
                .into()
        })
    };
    let (outcome_at, exposure_at) = (place(&paper.outcome)?, place(&paper.column)?);
    let covariates_at = paper.covariates.iter().map(|name| place(name)).collect::<Result<Vec<_>, _>>()?;
    let time_at = match &paper.model {
        IndividualModel::Cox { time } => Some(place(time)?),
        _ => None,
    };
    let mut columns = Columns {
        outcome: Vec::new(),
        exposure: Vec::new(),
        covariates: vec![Vec::new(); covariates_at.len()],
        times: Vec::new(),
    };
    for (row, record) in reader.records().enumerate() {
        // The header is the first line.
        let line = row + 2;
        let record = record.map_err(|error| wrong(error.to_string()))?;
        let number = |at: usize| -> Result<f64, Problems> {
            let cell = record.get(at).unwrap_or_default();
            cell.parse().ok().filter(|x: &f64| x.is_finite()).ok_or_else(|| {
                let column = headers.get(at).unwrap_or_default();
                wrong(format!("line {line}, column `{column}`: `{cell}` is no number"))
            })
        };
        let exposure = number(exposure_at)?;
        if exposure < 0.0 {
            return Err(wrong(format!("line {line}: the exposure {exposure} is negative")));
        }
        let outcome = number(outcome_at)?;
        if let Some(expected) = unexpected(&paper.model, outcome) {
            let message = format!("{}: line {line}: the outcome {outcome} is {expected}", paper.data);
            return Err(Diagnostic::error("E0752", message).into());
        }
        columns.outcome.push(outcome);
        columns.exposure.push(paper.exposure.unit.to_coherent(exposure));
        if let Some(at) = time_at {
            let time = number(at)?;
            if time < 0.0 {
                return Err(wrong(format!("line {line}: the time {time} is negative")));
            }
            columns.times.push(time);
        }
        for (column, at) in columns.covariates.iter_mut().zip(&covariates_at) {
            column.push(number(*at)?);
        }
    }
    if columns.outcome.is_empty() {
        return Err(wrong("there are no rows".into()));
    }
    Ok(columns)
}

/// What an outcome is, if it is none that the model knows.
fn unexpected(model: &IndividualModel, outcome: f64) -> Option<&'static str> {
    match model {
        IndividualModel::Logistic | IndividualModel::Cox { .. } => {
            (outcome != 0.0 && outcome != 1.0).then_some("neither 0 nor 1")
        }
        IndividualModel::ProportionalOdds => {
            let grade = (0..=9).any(|grade| outcome == f64::from(grade));
            (!grade).then_some("no grade from 0 to 9")
        }
        IndividualModel::Linear { .. } => None,
    }
}
