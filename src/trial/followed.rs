//! Subjects followed through an arm: their doses, what was decided, and their biomarkers at every moment that is known.

use super::endpoint::Exposure;
use super::ledger::Records;
use super::simulate::{Block, Trial};
use super::walk::{Passage, Walk};
use crate::response::Metric;

/// What happened to the subjects of a block in an arm, at the central parameters.
#[derive(Clone, Debug, Default)]
pub struct Followed {
    /// The doses and decisions.
    pub records: Records,
    /// The biomarkers of the study, in the order of its responses.
    pub biomarkers: Vec<FollowedBiomarker>,
}

/// True values of a biomarker over time.
#[derive(Clone, Debug)]
pub struct FollowedBiomarker {
    /// The place of the response.
    pub response: usize,
    /// When (h), ascending; the first is before the first dose.
    pub times: Vec<f64>,
    /// Values (coherent units): a row of all subjects a time.
    pub values: Vec<Vec<f64>>,
}

impl Trial<'_> {
    /// Follows a block through an arm; nothing where there is no such arm.
    pub fn follow(&self, block: &Block, arm: usize) -> Followed {
        let followed = self.central(block, arm, |walk| {
            let mut passage = walk.pass(true);
            let biomarkers = walk.followed(&passage);
            Followed { records: passage.records.take().unwrap_or_default(), biomarkers }
        });
        followed.unwrap_or_default()
    }
}

impl Walk<'_, '_> {
    fn followed(&self, passage: &Passage<'_>) -> Vec<FollowedBiomarker> {
        let responses = self.trial.study.responses.iter().enumerate();
        responses
            .filter(|(_, used)| used.kind.biomarker.is_some())
            .map(|(response, used)| {
                let mut followed = FollowedBiomarker {
                    response,
                    times: vec![0.0],
                    values: vec![self.baseline(response, &passage.history).to_vec()],
                };
                // A time course rests on all exposures before it, a mean change on that of the moment.
                let metric = if used.course.is_some() { Metric::Cavg } else { used.kind.metric };
                for (moment, exposure) in passage.history.exposures.iter().enumerate() {
                    if exposure.metric(Exposure::Metric(metric)).is_empty() {
                        if used.course.is_some() {
                            break;
                        }
                        continue;
                    }
                    followed.times.push(self.plan.times[moment]);
                    followed.values.push(self.biomarker(response, moment, &passage.history).0);
                }
                followed
            })
            .collect()
    }
}
