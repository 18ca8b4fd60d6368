//! Runs a study: evidence is fitted, blocks of subjects go over threads, summaries are made in a fixed order.

mod assemble;
pub mod comparison;
mod curves;
mod estimates;
mod execute;
mod fits;
mod profiles;
pub mod results;
pub mod rows;
pub mod simulate;
mod tally;

pub use execute::{Options, RowBatch, RowSink, RunError};
pub use fits::{Fitted, kind};

use crate::diagnostic::{Diagnostic, Problems};
use crate::document::Files;
use crate::trial::{Study, Trial};
use results::Results;

/// Why a study gave no results.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// Something in the files cannot be.
    #[error("{0}")]
    Input(#[from] Problems),
    /// The run did not come to its end.
    #[error("{0}")]
    Run(#[from] RunError),
}

/// Runs a study. Rows of single subjects go to `rows`, if it is given.
///
/// # Errors
/// What fitting the evidence refuses, kinetics that blocks of subjects cannot solve (E0809), and rows that could not be
/// written.
pub fn run(
    study: &Study,
    files: &(dyn Files + Sync),
    options: Options<'_>,
    rows: Option<RowSink<'_>>,
) -> Result<Results, StudyError> {
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(options.threads).build().map_err(RunError::from)?;
    let (responses, fitted) = pool.install(|| fits::responses(study, files))?;
    let trial = Trial::new(study, responses).map_err(|error| {
        let problem =
            Diagnostic::error("E0809", format!("`{}` cannot be run in a trial: {error}", study.model.name()));
        Problems::from(problem.help("trials need kinetics that are linear between doses"))
    })?;
    let tally = execute::execute(&trial, &pool, options.progress, rows)?;
    Ok(assemble::results(&trial, &fitted, &tally))
}
