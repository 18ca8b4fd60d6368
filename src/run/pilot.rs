//! What a run costs, from a few of its subjects.

use std::time::Instant;

use super::cut::{Cut, LEAF};
use super::execute::{RunError, first, waiting};
use crate::trial::Trial;

/// A pilot that takes less time than this (s) is repeated with more subjects.
const ENOUGH: f64 = 0.2;

/// What a run costs. Estimates: from the first subjects, on one thread of this machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pilot {
    /// Seconds that all subjects and all replicates take one thread.
    pub seconds: f64,
    /// Bytes of memory for results that wait for their turn.
    pub memory: u64,
    /// Bytes of the files of all blocks; what they have before they are compressed.
    pub blocks: u64,
    /// Bytes of the rows of single subjects, uncompressed.
    pub rows: u64,
}

pub(super) fn pilot(trial: &Trial<'_>, pool: &rayon::ThreadPool) -> Result<Pilot, RunError> {
    let study = trial.study();
    let cut = Cut::of(study);
    let mut subjects = study.subjects.min(32);
    loop {
        let started = Instant::now();
        let mut block = first(trial, subjects);
        let seconds = started.elapsed().as_secs_f64();
        if seconds < ENOUGH && subjects < LEAF.min(study.subjects) {
            subjects = LEAF.min(study.subjects);
            continue;
        }
        let size = |block: &super::Block| block.to_bytes().map(|b| b.len() as u64);
        let place = |error: postcard::Error| RunError::Place(error.into());
        let whole = size(&block).map_err(place)?;
        block.rows.clear();
        let sums = size(&block).map_err(place)?;
        let leaves = study.subjects.div_ceil(LEAF);
        let rows = (whole - sums) * study.subjects / subjects;
        // Estimates need no more digits than a double has.
        #[allow(clippy::cast_precision_loss)]
        let seconds = seconds * cut.costs(0..cut.blocks()) as f64 / subjects as f64;
        let leaf = sums + rows / leaves;
        let waiting = (waiting(pool) as u64).max(cut.leaves(0).count() as u64).min(leaves);
        return Ok(Pilot { seconds, memory: 2 * leaf * waiting, blocks: sums * leaves + rows, rows });
    }
}
