//! Carries all subjects through a trial: leaves of subjects over threads, merged in their order.

use rayon::prelude::*;

use super::tally::Tally;
use crate::trial::{Outcomes, Response, Trial};

/// How many subjects are computed and summed together. Part of the promise that results stay the same: sums run over a
/// leaf first, then over the leaves.
pub(super) const LEAF: u64 = 512;

/// Leaves whose results wait for their turn at one time; bounds memory.
const WAVE: u64 = 64;

/// What a run may be told from outside.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Threads; 0 takes as many as the machine has.
    pub threads: usize,
    /// Is told how many subjects are done.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

/// The rows of some subjects, one a subject and arm, at the central parameters.
#[derive(Clone, Debug, Default)]
pub struct RowBatch {
    /// The subjects' numbers.
    pub id: Vec<i64>,
    /// The places of their arms.
    pub arm: Vec<u32>,
    /// One column for each of [`super::rows::columns`] after the first two.
    pub values: Vec<Vec<f64>>,
}

/// Takes rows, in order.
pub type RowSink<'a> = &'a mut dyn FnMut(&RowBatch) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The threads could not be started.
    #[error("the threads could not be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The rows could not be written.
    #[error("{0}")]
    Rows(Box<dyn std::error::Error + Send + Sync>),
}

pub(super) fn execute(
    trial: &Trial<'_>,
    pool: &rayon::ThreadPool,
    progress: &(dyn Fn(u64) + Sync),
    mut rows: Option<RowSink<'_>>,
) -> Result<Tally, RunError> {
    let study = trial.study();
    let ranges: Vec<[f64; 2]> = trial
        .responses()
        .iter()
        .map(|r| match r {
            Response::Event(model) => model.basis().range,
            Response::Biomarker(model) => model.basis().range,
        })
        .collect();
    let leaves = study.subjects.div_ceil(LEAF);
    let mut tally = Tally::new(study);
    let mut wave = 0;
    while wave < leaves {
        let end = (wave + WAVE).min(leaves);
        let wanted = rows.is_some();
        let results: Vec<(Tally, Option<RowBatch>)> = pool.install(|| {
            (wave..end)
                .into_par_iter()
                .map(|leaf| {
                    let first = leaf * LEAF;
                    let subjects = first..(first + LEAF).min(study.subjects);
                    let count = subjects.end - subjects.start;
                    let result = carry(trial, subjects, &ranges, wanted);
                    progress(count);
                    result
                })
                .collect()
        });
        for (leaf, batch) in results {
            tally.merge(&leaf);
            if let (Some(sink), Some(batch)) = (rows.as_mut(), batch) {
                sink(&batch).map_err(RunError::Rows)?;
            }
        }
        wave = end;
    }
    Ok(tally)
}

/// One leaf through all draws and arms.
fn carry(
    trial: &Trial<'_>,
    subjects: std::ops::Range<u64>,
    ranges: &[[f64; 2]],
    rows: bool,
) -> (Tally, Option<RowBatch>) {
    let study = trial.study();
    let mut tally = Tally::new(study);
    let mut outcomes = Outcomes::default();
    let first = subjects.start;
    let block = trial.block(subjects);
    let cells = study.arms.len() * study.endpoints.len();
    let mut means = vec![vec![0.0; block.lanes()]; cells];
    let mut batch = None;
    for draw in 0..=study.draws {
        trial.simulate(&block, draw, &mut outcomes);
        tally.draw(draw, &outcomes);
        if draw == 0 {
            tally.distributions(&outcomes, ranges);
            tally.failed = failed(study.arms.len(), study.endpoints.len(), block.lanes(), &outcomes);
            batch = rows.then(|| super::rows::batch(study, &block, first, &outcomes));
        }
        if draw > 0 || study.draws == 0 {
            for (cell, mean) in means.iter_mut().enumerate() {
                let values = outcomes.endpoint(cell / study.endpoints.len(), cell % study.endpoints.len());
                mean.iter_mut().zip(values).for_each(|(m, v)| *m += v);
            }
        }
    }
    let draws = f64::from(study.draws.max(1));
    means.iter_mut().flatten().for_each(|m| *m /= draws);
    tally.subjects(&means);
    (tally, batch)
}

/// Subjects with a value that is not finite in any arm.
fn failed(arms: usize, endpoints: usize, lanes: usize, outcomes: &Outcomes) -> u64 {
    let cell = |lane: usize| {
        (0..arms * endpoints)
            .any(|c| outcomes.endpoint(c / endpoints, c % endpoints).get(lane).is_none_or(|v| !v.is_finite()))
    };
    (0..lanes).filter(|&lane| cell(lane)).count() as u64
}
