//! Trials of a size, simulated again and again: each with its own patients, randomised and analysed as it would be done.

mod analyse;
mod operate;
mod patients;

use rayon::prelude::*;

use super::results::SimulatedTrials;
use crate::trial::Trial;
use crate::trial::replication::{Parameters, Replication};
use analyse::Verdicts;
use operate::Operation;
use patients::Conducted;

/// Replicates between two looks at the precision. Part of the promise that results stay the same: a run stops at a
/// multiple of this number, whatever the threads.
const LOOK: u32 = 250;

/// What one simulated trial at one kind of parameters came to.
struct Replicate {
    verdicts: Verdicts,
    conducted: Conducted,
}

/// Simulates the trials that a study asks for.
pub(super) fn simulate(trial: &Trial<'_>, pool: &rayon::ThreadPool) -> Option<SimulatedTrials> {
    let design = trial.study().replication.as_ref()?;
    let mut operation = Operation::new(trial.study(), design);
    let mut done = 0;
    while done < design.replicates && !operation.precise() {
        let end = done.saturating_add(LOOK).min(design.replicates);
        let wave: Vec<Vec<Replicate>> = pool.install(|| {
            (done + 1..=end).into_par_iter().map(|number| replicate(trial, design, number)).collect()
        });
        wave.into_iter().for_each(|replicate| operation.take(&replicate));
        done = end;
    }
    Some(operation.results(trial, done))
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
