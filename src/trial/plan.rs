//! What must be computed when: each arm as steps from one measured time to the next.

use super::endpoint::{Exposure, Measure};
use super::{Arm, Study};
use crate::response::Metric;

/// The steps of an arm.
#[derive(Clone, Debug)]
pub(super) struct ArmPlan {
    /// The times at which something is measured (h), ascending; each ends a dosing interval.
    pub(super) visits: Vec<f64>,
    pub(super) steps: Vec<Step>,
    /// For each endpoint of the study, the place of its visit.
    pub(super) endpoints: Vec<usize>,
    /// For each phase with a decision, the visit at which it is taken; `None` at the very start.
    pub(super) decisions: Vec<Option<usize>>,
}

/// The way from the visit before (or the start) to a visit, within one phase.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) phase: usize,
    pub(super) from: f64,
    pub(super) visit: usize,
    pub(super) needs: Needs,
}

/// Which exposure metrics a step must give.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// The area under the concentration, and with it the average.
    pub(super) area: bool,
    /// The highest concentration and its time.
    pub(super) peak: bool,
}

impl Needs {
    fn exposure(&mut self, exposure: Exposure) {
        match exposure {
            Exposure::Metric(Metric::Ctrough) => {}
            Exposure::Metric(Metric::Cavg | Metric::AUCtau) => self.area = true,
            Exposure::Metric(Metric::Cmax) | Exposure::Tmax => self.peak = true,
        }
    }
}

impl ArmPlan {
    pub(super) fn new(arm: &Arm, study: &Study) -> Self {
        let mut visits: Vec<f64> = arm.phases.iter().map(|p| p.end).collect();
        visits.extend(study.endpoints.iter().map(|e| e.time.hours()));
        visits.retain(|v| *v > 0.0 && *v <= arm.end());
        visits.sort_by(f64::total_cmp);
        visits.dedup();
        let place = |time: f64| visits.iter().position(|v| *v >= time).unwrap_or(visits.len() - 1);
        let endpoints = study.endpoints.iter().map(|e| place(e.time.hours())).collect();
        let decisions = arm.phases.iter().map(|p| (p.start > 0.0).then(|| place(p.start))).collect();
        let mut steps = Vec::new();
        for (phase, p) in arm.phases.iter().enumerate() {
            let mut from = p.start;
            for (visit, &time) in visits.iter().enumerate().filter(|(_, v)| **v > p.start && **v <= p.end) {
                steps.push(Step { phase, from, visit, needs: Needs::default() });
                from = time;
            }
        }
        let mut plan = ArmPlan { visits, steps, endpoints, decisions };
        plan.ask(arm, study);
        plan
    }

    /// Takes down what the endpoints and decisions ask of each step.
    fn ask(&mut self, arm: &Arm, study: &Study) {
        let metric = |response: usize| study.responses.get(response).map(|r| Exposure::Metric(r.kind.metric));
        let accumulates = |response: usize| study.responses.get(response).is_some_and(|r| r.kind.accumulates);
        let mut asked: Vec<(usize, bool, Exposure)> = Vec::new();
        for (endpoint, &visit) in study.endpoints.iter().zip(&self.endpoints) {
            match endpoint.measure {
                Measure::Exposure(exposure) => asked.push((visit, false, exposure)),
                Measure::Probability(r)
                | Measure::Event(r)
                | Measure::Biomarker(r)
                | Measure::Threshold(r, ..)
                | Measure::Fall(r, ..) => asked.extend(metric(r).map(|m| (visit, accumulates(r), m))),
            }
        }
        for (phase, visit) in arm.phases.iter().zip(&self.decisions) {
            if let (Some(condition), Some(visit)) = (&phase.condition, visit) {
                asked.extend(metric(condition.response).map(|m| (*visit, false, m)));
            }
        }
        for step in &mut self.steps {
            for &(visit, all_before, exposure) in &asked {
                if step.visit == visit || (all_before && step.visit < visit) {
                    step.needs.exposure(exposure);
                }
            }
        }
    }
}
