//! The patients of one simulated trial: who they are, which arm each is in, and what happens to them.

use serde::{Deserialize, Serialize};

use crate::random::{Address, Purpose, Stream, Subjects};
use crate::trial::replication::Replication;
use crate::trial::{Block, Outcomes, Study, Trial};

/// The patients of a trial, allocated at random.
pub(super) struct Enrolled {
    pub(super) block: Block,
    /// The arm of each patient.
    pub(super) arms: Vec<usize>,
}

/// What is kept of a trial besides its analyses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Conducted {
    /// By arm and endpoint: the mean of those in the arm; not a number for an arm without patients.
    pub(super) means: Vec<f64>,
    /// By arm and endpoint: sum and number over all patients, had each been in the arm.
    pub(super) potential: Vec<(f64, f64)>,
    /// Patients with a value for every endpoint in their arm.
    pub(super) complete: u32,
}

/// Enrols the patients of a replicate, with fixed numbers for the arms in random order.
pub(super) fn enrol(trial: &Trial<'_>, design: &Replication, replicate: u32) -> Enrolled {
    let mut arms: Vec<usize> = design
        .patients
        .iter()
        .enumerate()
        .flat_map(|(arm, &count)| std::iter::repeat_n(arm, count as usize))
        .collect();
    shuffle(
        &mut arms,
        Stream::new(Address::new(trial.study().seed, Purpose::Randomisation).replicate(replicate)),
    );
    let subjects = Subjects { replicate, numbers: 0..arms.len() as u64 };
    Enrolled { block: trial.block(&subjects), arms }
}

/// A random order (Durstenfeld 1964, Commun ACM 7:420).
fn shuffle(arms: &mut [usize], mut stream: Stream) {
    for last in (1..arms.len()).rev() {
        // A number below the number of patients.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let other = (stream.uniform() * (last + 1) as f64) as usize;
        arms.swap(last, other.min(last));
    }
}

impl Enrolled {
    /// What happens to each patient in every arm, at a draw of the parameters.
    pub(super) fn outcomes(&self, trial: &Trial<'_>, draw: u32) -> Outcomes {
        let mut outcomes = Outcomes::default();
        trial.simulate(&self.block, draw, &mut outcomes);
        outcomes
    }

    /// Means of the arms as they were treated, and as all would have been.
    pub(super) fn conducted(&self, study: &Study, outcomes: &Outcomes) -> Conducted {
        let endpoints = study.endpoints.len();
        let cells = study.arms.len() * endpoints;
        let sum = |cell: usize, own: bool| {
            let (arm, endpoint) = (cell / endpoints, cell % endpoints);
            let values = outcomes.endpoint(arm, endpoint).iter().zip(&self.arms);
            values
                .filter(|(value, at)| value.is_finite() && (!own || **at == arm))
                .fold((0.0, 0.0), |(sum, count), (value, _)| (sum + value, count + 1.0))
        };
        let complete = self.arms.iter().enumerate().filter(|(lane, arm)| {
            (0..endpoints).all(|e| outcomes.endpoint(**arm, e).get(*lane).is_some_and(|v| v.is_finite()))
        });
        Conducted {
            means: (0..cells).map(|cell| sum(cell, true)).map(|(sum, count)| sum / count).collect(),
            potential: (0..cells).map(|cell| sum(cell, false)).collect(),
            complete: u32::try_from(complete.count()).unwrap_or(u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_is_as_likely() {
        let mut counts = std::collections::BTreeMap::new();
        for replicate in 0..6000 {
            let mut arms = vec![0, 1, 2];
            shuffle(&mut arms, Stream::new(Address::new(3, Purpose::Randomisation).replicate(replicate)));
            *counts.entry(arms).or_insert(0) += 1;
        }
        // 1000 expected of each of six, binomial standard deviation 29.
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|n| (885..1115).contains(n)), "{counts:?}");
    }
}
