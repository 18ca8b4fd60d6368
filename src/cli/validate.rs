//! `exposim run` of a validation: observed beside predicted, as a table, a forest plot, CSV and JSON.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use super::files::read;
use super::run::{Arguments, width};
use super::{Stop, print};
use crate::diagnostic::{Problems, Source};
use crate::document::Recorder;
use crate::output::{OutFolder, results_json, write_validation};
use crate::report::{Colour, validation_plot, validation_table};
use crate::run::validation::Validation;

/// The source of a file that is a validation.
pub(super) fn opens(path: &Path) -> Result<Option<Arc<Source>>, Stop> {
    let source = read(path).map_err(Problems::from)?;
    Ok(Validation::opens(&source).then_some(source))
}

pub(super) fn run(
    source: &Arc<Source>,
    files: &Recorder<'_>,
    folder: &Path,
    arguments: &Arguments,
) -> Result<(), Stop> {
    let (validation, warnings) = Validation::read(source, files)?;
    if !arguments.quiet {
        warnings.iter().for_each(|w| anstream::eprintln!("{w}"));
    }
    let mut out = OutFolder::create(folder)?;
    let done = |study: &str| {
        if !arguments.quiet {
            anstream::eprintln!("{study}: simulated");
        }
    };
    let validated = validation.run(files, arguments.threads, &done)?;
    let table = out.file("validation.csv")?;
    out.keep(write_validation(table, &validated)?)?;
    out.text("validation.svg", &validation_plot(&validated))?;
    out.text("results.json", &results_json(&validated)?)?;
    out.publish()?;
    if arguments.json {
        print(&results_json(&validated)?)?;
    } else if !arguments.quiet {
        let colour = if std::io::stdout().is_terminal() { Colour::Always } else { Colour::Never };
        print(&validation_table(&validated, width(), colour))?;
        anstream::eprintln!("results: {}", folder.display());
    }
    Ok(())
}
