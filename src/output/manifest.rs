use serde::Serialize;

use super::{OutputError, WrittenFile};
use crate::run::results::{Design, Provenance, Results};

#[derive(Serialize)]
struct Manifest<'a> {
    title: &'a str,
    /// The hash of the inputs and the version.
    study: &'a str,
    #[serde(flatten)]
    provenance: &'a Provenance,
    design: &'a Design,
    warnings: &'a [String],
    files: &'a [WrittenFile],
}

/// The manifest of a run as JSON: `study`, the hash of all that went in; version, command, inputs with their hashes, the study as resolved, the design, the
/// warnings, and every file with length and SHA-256. Write it last: where it stands, the run is complete.
///
/// # Errors
/// The resolved study cannot be written as JSON.
pub fn manifest(results: &Results, study: &str, files: &[WrittenFile]) -> Result<String, OutputError> {
    let manifest = Manifest {
        title: &results.title,
        study,
        provenance: &results.provenance,
        design: &results.design,
        warnings: &results.warnings,
        files,
    };
    let mut text =
        serde_json::to_string_pretty(&manifest).map_err(|error| OutputError::Shape(error.to_string()))?;
    text.push('\n');
    Ok(text)
}
