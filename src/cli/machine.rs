//! How and where a run went: the one result file that is not the same for two runs.

use std::time::Duration;

use serde::Serialize;

use crate::math::Level;
use crate::output::OutputError;
use crate::run::VERSION;

/// What is worth knowing of a run beside its results.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Machine {
    version: &'static str,
    architecture: &'static str,
    system: &'static str,
    /// Instructions that the processor has and the program uses where it can.
    features: Vec<String>,
    /// Those in force.
    instructions: String,
    processors: usize,
    threads: usize,
    /// Seconds until the evidence was fitted.
    seconds_fitting: f64,
    /// Seconds from there to the results.
    seconds_running: f64,
    blocks_computed: u64,
    blocks_found: u64,
}

impl Machine {
    /// Of this process.
    pub(super) fn of(
        threads: usize,
        (fitting, running): (Duration, Duration),
        (computed, found): (u64, u64),
    ) -> Self {
        let available = Level::ALL.into_iter().filter(|level| level.is_available());
        Machine {
            version: VERSION,
            architecture: std::env::consts::ARCH,
            system: std::env::consts::OS,
            features: available.map(|level| format!("{level:?}").to_lowercase()).collect(),
            instructions: format!("{:?}", Level::in_force()).to_lowercase(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            threads,
            seconds_fitting: fitting.as_secs_f64(),
            seconds_running: running.as_secs_f64(),
            blocks_computed: computed,
            blocks_found: found,
        }
    }

    /// As JSON.
    pub(super) fn json(&self) -> Result<String, OutputError> {
        let text =
            serde_json::to_string_pretty(self).map_err(|error| OutputError::Shape(error.to_string()))?;
        Ok(text + "\n")
    }
}
