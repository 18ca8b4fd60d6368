use super::csv_rows::csv_failure;
use super::{OutFile, OutputError, exact};
use crate::run::validation::Validated;

/// Writes observed beside predicted figures as CSV, one comparison a line, and hands the file back.
///
/// # Errors
/// The file cannot be written to.
pub fn write_validation(file: OutFile, validated: &Validated) -> Result<OutFile, OutputError> {
    let mut writer = csv::Writer::from_writer(file);
    let write = |writer: &mut csv::Writer<OutFile>| -> Result<(), csv::Error> {
        writer.write_record([
            "label",
            "study",
            "arm",
            "endpoint",
            "events",
            "patients",
            "unit",
            "observed",
            "observed_lower",
            "observed_upper",
            "observed_error",
            "predicted",
            "predicted_lower",
            "predicted_upper",
            "inside",
            "fitted",
            "source",
            "note",
        ])?;
        for c in &validated.comparisons {
            let some = |value: Option<f64>| value.map_or_else(String::new, exact);
            let observed = [c.observed, c.observed_interval[0], c.observed_interval[1]].map(exact);
            let predicted = [c.predicted, c.prediction_interval[0], c.prediction_interval[1]].map(exact);
            let numbers = observed.into_iter().chain([some(c.observed_error)]).chain(predicted);
            let head = [c.label.clone(), c.study.clone(), c.arm.clone(), c.endpoint.clone()];
            let counts = [some(c.events.map(f64::from)), c.patients.to_string(), c.unit.clone()];
            let tail = [c.inside.to_string(), c.fitted.to_string(), c.source.clone(), c.note.clone()];
            writer.write_record(head.into_iter().chain(counts).chain(numbers).chain(tail))?;
        }
        Ok(writer.flush()?)
    };
    let written = write(&mut writer);
    written.map_err(|error| csv_failure(writer.get_ref(), error))?;
    writer.into_inner().map_err(|error| OutputError::Shape(error.to_string()))
}
