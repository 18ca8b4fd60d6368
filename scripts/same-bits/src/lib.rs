//! Hashes of results that must be the same bits with every instruction set, number of threads and size of blocks.
//!
//! Three studies stand for the ways through the engine: kinetics that are solved exactly, biomarkers that are driven by
//! them, and kinetics that are integrated.

use std::fmt::Display;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use exposim::diagnostic::Source;
use exposim::document::{Recorder, Shipped, sha256};
use exposim::run::{NoStore, Prepared, RowBatch, Watch, kind};
use exposim::trial::{Outcomes, Response, Study, Trial};

/// The studies, with their names.
pub const STUDIES: [(&str, &str); 3] = [
    ("exact", include_str!("../exact.toml")),
    ("biomarkers", include_str!("../biomarkers.toml")),
    ("integrated", include_str!("../integrated.toml")),
];

fn read(text: &str, files: &Recorder<'_>) -> Result<Study, String> {
    let source: Arc<Source> = Source::new("study.toml", text);
    Study::read(&source, files, &kind).map(|(study, _)| study).map_err(told)
}

fn told(error: impl Display) -> String {
    error.to_string()
}

fn append<'v>(bytes: &mut Vec<u8>, values: impl IntoIterator<Item = &'v f64>) {
    bytes.extend(values.into_iter().flat_map(|value| value.to_bits().to_le_bytes()));
}

/// The hash of everything that a run of a study results in: summaries over draws, and the values of all subjects.
pub fn run(study: &str, threads: usize) -> Result<String, String> {
    let files = Recorder::new(&Shipped);
    let study = read(study, &files)?;
    let stop = AtomicBool::new(false);
    let watch = Watch { progress: &|_| {}, stop: &stop };
    let mut rows = Vec::new();
    let mut take = |batch: &RowBatch| {
        append(&mut rows, batch.values.iter().flatten());
        Ok(())
    };
    let prepared = Prepared::new(&study, &files, threads).map_err(told)?;
    let results = prepared.run(watch, &mut NoStore, Some(&mut take)).map_err(told)?;
    let mut bytes = serde_json::to_vec(&results).map_err(told)?;
    bytes.append(&mut rows);
    Ok(sha256(&bytes))
}

/// The hash of the values of all subjects, which are computed so many side by side.
pub fn values(study: &str, block: u32) -> Result<String, String> {
    let files = Recorder::new(&Shipped);
    let study = read(study, &files)?;
    let responses = study.responses.iter().map(|_| Response::Course(None)).collect();
    let trial = Trial::new(&study, responses).map_err(told)?;
    let columns = study.arms.len() * study.endpoints.len();
    let mut values = vec![Vec::new(); columns];
    let mut outcomes = Outcomes::default();
    for first in (0..study.subjects).step_by(block as usize) {
        let block = trial.block(&(first..(first + u64::from(block)).min(study.subjects)).into());
        trial.simulate(&block, 0, &mut outcomes);
        for (place, column) in values.iter_mut().enumerate() {
            let (arm, endpoint) = (place / study.endpoints.len(), place % study.endpoints.len());
            column.extend_from_slice(outcomes.endpoint(arm, endpoint));
        }
    }
    let mut bytes = Vec::new();
    append(&mut bytes, values.iter().flatten());
    Ok(sha256(&bytes))
}

/// The study of a number.
fn text(study: u32) -> &'static str {
    STUDIES.get(study as usize).map_or("", |(_, text)| text)
}

/// Leaves a text where a caller outside WebAssembly finds it, and returns its length.
fn leave(text: Result<String, String>) -> usize {
    let text = text.unwrap_or_else(|error| error);
    let length = text.len();
    *LEFT.lock().unwrap_or_else(PoisonError::into_inner) = text;
    length
}

static LEFT: Mutex<String> = Mutex::new(String::new());

/// Where the text lies that was left last.
#[unsafe(no_mangle)]
pub extern "C" fn left() -> *const u8 {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner).as_ptr()
}

/// [`run`] for a caller outside WebAssembly: the length of what [`left`] points at.
#[unsafe(no_mangle)]
pub extern "C" fn run_left(study: u32) -> usize {
    leave(run(text(study), 1))
}

/// [`values`] for a caller outside WebAssembly: the length of what [`left`] points at.
#[unsafe(no_mangle)]
pub extern "C" fn values_left(study: u32, block: u32) -> usize {
    leave(values(text(study), block))
}
