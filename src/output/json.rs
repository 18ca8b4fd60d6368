use super::OutputError;
use crate::run::results::Results;
use serde::Serialize;

/// The results of a study or a validation as JSON, every number to the bit; a number that is not finite becomes `null`.
///
/// # Errors
/// None that results can cause.
pub fn results_json(results: &impl Serialize) -> Result<String, OutputError> {
    let mut text =
        serde_json::to_string_pretty(results).map_err(|error| OutputError::Shape(error.to_string()))?;
    text.push('\n');
    Ok(text)
}

/// Results from their JSON, as [`results_json`] wrote it.
///
/// # Errors
/// The text is not such JSON: what was found, at which line and column.
pub fn read_results(text: &str) -> Result<Results, serde_json::Error> {
    serde_json::from_str(text)
}
