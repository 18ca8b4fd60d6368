//! Trials of a size, simulated again and again: each with its own patients, randomised and analysed as it would be done.

mod analyse;
mod operate;
mod patients;

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::results::SimulatedTrials;
use crate::trial::replication::{Parameters, Replication};
use crate::trial::{Study, Trial};
use analyse::Verdicts;
pub(in crate::run) use operate::Operation;
use patients::Conducted;

/// Replicates between two looks at the precision. Part of the promise that results stay the same: a run stops at a
/// multiple of this number, whatever the threads.
pub(super) const LOOK: u32 = 250;

/// What one simulated trial at one kind of parameters came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Replicate {
    verdicts: Verdicts,
    conducted: Conducted,
}

/// Simulates the trials that a study asks for.
pub(super) fn simulate(trial: &Trial<'_>, pool: &rayon::ThreadPool) -> Option<SimulatedTrials> {
    let design = trial.study().replication.as_ref()?;
    let mut operation = Operation::new(trial.study(), design);
    for first in (0..design.replicates).step_by(LOOK as usize) {
        let end = first.saturating_add(LOOK).min(design.replicates);
        if !operation.take(&compute(trial, pool, first..end)) {
            break;
        }
    }
    Some(operation.results(trial))
}

/// Some of the replicates (from 0 on), in their order: what each came to at each kind of parameters.
pub(super) fn compute(trial: &Trial<'_>, pool: &rayon::ThreadPool, range: Range<u32>) -> Vec<Vec<Replicate>> {
    let Some(design) = &trial.study().replication else { return Vec::new() };
    // Number 0 is that of no replicate.
    pool.install(|| range.into_par_iter().map(|place| replicate(trial, design, place + 1)).collect())
}

/// Whether replicates can be of a study.
pub(super) fn fit(replicates: &[Vec<Replicate>], study: &Study) -> bool {
    let Some(design) = &study.replication else { return replicates.is_empty() };
    let cells = study.arms.len() * study.endpoints.len();
    let fits = |one: &Replicate| {
        let Replicate { verdicts: v, conducted: c } = one;
        let analyses = [v.contrasts.len(), v.alone.len(), v.decided.len(), v.false_alarms.len()];
        analyses == [design.analyses.len(); 4] && [c.means.len(), c.potential.len()] == [cells; 2]
    };
    replicates.iter().all(|own| own.len() == design.parameters.len() && own.iter().all(fits))
}

/// One simulated trial: the same patients and the same allocation at each kind of parameters.
fn replicate(trial: &Trial<'_>, design: &Replication, number: u32) -> Vec<Replicate> {
    let enrolled = patients::enrol(trial, design, number);
    let at = |parameters: &Parameters| {
        let draw = match parameters {
            Parameters::Fixed => 0,
            Parameters::Drawn => number,
        };
        let outcomes = enrolled.outcomes(trial, draw);
        let verdicts = analyse::analyse(trial.study(), design, &enrolled, &outcomes);
        Replicate { verdicts, conducted: enrolled.conducted(trial.study(), &outcomes) }
    };
    design.parameters.iter().map(at).collect()
}
