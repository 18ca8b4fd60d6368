//! One arm of one block at one draw: from step to step, with decisions, exposures and endpoints.

use super::course::{Course, IntervalExposure, Intervals};
use super::endpoint::{Exposure, Measure, Side};
use super::plan::{ArmPlan, Needs, Step};
use super::simulate::{Block, Response, Trial};
use super::{Arm, Endpoint, Phase};
use crate::math::{exp, normal_quantile};
use crate::response::{Draw, Metric};

/// One arm of one block at one draw.
pub(super) struct Walk<'a, 's> {
    pub(super) trial: &'a Trial<'s>,
    pub(super) block: &'a Block,
    pub(super) intervals: &'a Intervals<'a>,
    pub(super) draw: Draw,
    pub(super) arm: &'a Arm,
    pub(super) plan: &'a ArmPlan,
}

impl Walk<'_, '_> {
    /// The exposures of the dosing intervals that end at the visits.
    pub(super) fn exposures(&self) -> Vec<IntervalExposure> {
        let mut course = Course::new(self.intervals, self.block.lanes);
        self.walk(&self.plan.steps, &mut course).0
    }

    /// Goes through steps; the exposures at their ends, and who got the first regimen of the last phase.
    fn walk(&self, steps: &[Step], course: &mut Course<'_, '_>) -> (Vec<IntervalExposure>, Vec<bool>) {
        let mut exposures: Vec<IntervalExposure> = Vec::with_capacity(steps.len());
        let mut phase = usize::MAX;
        let mut chosen: Vec<bool> = Vec::new();
        for step in steps {
            if step.phase != phase {
                phase = step.phase;
                chosen = self.decide(phase, &exposures);
            }
            exposures.push(self.step(step, &chosen, course));
        }
        (exposures, chosen)
    }

    pub(super) fn last_profile(&self, times: &[f64]) -> Vec<Vec<f64>> {
        let (Some(last), Some(phase)) = (self.plan.steps.last(), self.arm.phases.last()) else {
            return Vec::new();
        };
        let mut course = Course::new(self.intervals, self.block.lanes);
        // Up to the last dose: the last step without its last interval.
        let before = &self.plan.steps[..self.plan.steps.len() - 1];
        let (exposures, chosen) = self.walk(before, &mut course);
        let chosen = if before.last().is_some_and(|s| s.phase == last.phase) {
            chosen
        } else {
            self.decide(last.phase, &exposures)
        };
        let duration = self.plan.visits[last.visit] - last.from - phase.dosing.interval;
        let first = self.amounts(phase, &chosen, true);
        let other = match &phase.condition {
            Some(c)
                if c.otherwise.interval == phase.dosing.interval
                    && c.otherwise.formulation == phase.dosing.formulation =>
            {
                self.amounts(phase, &chosen, false)
            }
            _ => vec![0.0; self.block.lanes],
        };
        let amounts: Vec<f64> = first.iter().zip(&other).map(|(a, b)| a + b).collect();
        if duration > 0.0 {
            course.dose(&phase.dosing, &amounts, duration, Needs::default());
        }
        course.profile(&phase.dosing, &amounts, times)
    }

    /// What each subject gets of the first or of the other regimen of a phase.
    fn amounts(&self, phase: &Phase, chosen: &[bool], first: bool) -> Vec<f64> {
        let dosing = match (&phase.condition, first) {
            (Some(condition), false) => &condition.otherwise,
            _ => &phase.dosing,
        };
        if chosen.is_empty() {
            return vec![if first { dosing.amount } else { 0.0 }; self.block.lanes];
        }
        chosen.iter().map(|&c| if c == first { dosing.amount } else { 0.0 }).collect()
    }

    /// Which subjects get the first regimen of a phase; empty where all do.
    fn decide(&self, phase: usize, exposures: &[IntervalExposure]) -> Vec<bool> {
        let Some(condition) = &self.arm.phases[phase].condition else { return Vec::new() };
        // A decision at the very start finds nobody who has responded.
        let Some(exposure) = self.plan.decisions[phase].and_then(|visit| exposures.get(visit)) else {
            return vec![false; self.block.lanes];
        };
        let probability = self.probability(condition.response, exposure);
        let luck = &self.block.luck[condition.response];
        luck.iter().zip(&probability).map(|(u, p)| u < p).collect()
    }

    fn step(&self, step: &Step, chosen: &[bool], course: &mut Course<'_, '_>) -> IntervalExposure {
        let phase = &self.arm.phases[step.phase];
        let until = self.plan.visits[step.visit];
        let duration = until - step.from;
        let amounts = self.amounts(phase, chosen, true);
        match &phase.condition {
            None => course.dose(&phase.dosing, &amounts, duration, step.needs),
            Some(condition) => {
                let (own, otherwise) = (&phase.dosing, &condition.otherwise);
                let other = self.amounts(phase, chosen, false);
                if (otherwise.interval, otherwise.formulation) == (own.interval, own.formulation) {
                    let amounts: Vec<f64> = amounts.iter().zip(&other).map(|(a, b)| a + b).collect();
                    return course.dose(own, &amounts, duration, step.needs);
                }
                course.either(chosen, (own, &amounts), (otherwise, &other), duration, step.needs)
            }
        }
    }

    /// The exposure that drives a response.
    pub(super) fn driver<'e>(&self, response: usize, exposure: &'e IntervalExposure) -> &'e [f64] {
        let metric = self.trial.study.responses.get(response).map_or(Metric::Ctrough, |r| r.kind.metric);
        exposure.metric(Exposure::Metric(metric))
    }

    fn probability(&self, response: usize, exposure: &IntervalExposure) -> Vec<f64> {
        let driver = self.driver(response, exposure);
        let mut out = vec![0.0; driver.len()];
        if let Some(Response::Event(model)) = self.trial.responses.get(response) {
            model.probability_slice(self.draw, driver, &mut out);
        }
        out
    }

    /// 1 - exp(-H), with the hazard of each step at the exposure of its last dosing interval.
    fn accumulated(&self, response: usize, visit: usize, exposures: &[IntervalExposure]) -> Vec<f64> {
        let mut hazard = vec![0.0; self.block.lanes];
        let Some(Response::Event(model)) = self.trial.responses.get(response) else { return hazard };
        let mut predictor = vec![0.0; self.block.lanes];
        for (step, exposure) in self.plan.steps.iter().zip(exposures).filter(|(s, _)| s.visit <= visit) {
            let years = (self.plan.visits[step.visit] - step.from) / crate::response::YEAR;
            model.curve().predictor_slice(self.draw, self.driver(response, exposure), &mut predictor);
            for (h, eta) in hazard.iter_mut().zip(&predictor) {
                *h += years * exp(*eta);
            }
        }
        hazard.iter().map(|h| -crate::math::expm1(-h)).collect()
    }

    pub(super) fn endpoint(
        &self,
        endpoint: &Endpoint,
        visit: usize,
        exposures: &[IntervalExposure],
    ) -> Vec<f64> {
        let chance = |r: usize| {
            if self.trial.study.responses.get(r).is_some_and(|r| r.kind.accumulates) {
                self.accumulated(r, visit, exposures)
            } else {
                self.probability(r, &exposures[visit])
            }
        };
        match endpoint.measure {
            Measure::Exposure(exposure) => exposures[visit].metric(exposure).to_vec(),
            Measure::Probability(r) => chance(r),
            Measure::Event(r) => {
                let event = |(u, p): (&f64, &f64)| if p.is_nan() { f64::NAN } else { f64::from(u < p) };
                self.block.luck[r].iter().zip(&chance(r)).map(event).collect()
            }
            Measure::Biomarker(r) => self.biomarker(r, visit, &exposures[visit]).0,
            Measure::Threshold(r, side, threshold) => {
                let (values, _) = self.biomarker(r, visit, &exposures[visit]);
                values.iter().map(|v| beyond(*v, side, threshold)).collect()
            }
            Measure::Fall(r, side, threshold) => {
                let (values, baseline) = self.biomarker(r, visit, &exposures[visit]);
                values.iter().zip(&baseline).map(|(v, b)| beyond(b - v, side, threshold)).collect()
            }
        }
    }

    /// Values and baselines of a biomarker: baseline + recovery + drug effect + the subject's own deviation. The drug
    /// effect grows in proportion to time until the time at which it was observed, and then stays.
    fn biomarker(&self, response: usize, visit: usize, exposure: &IntervalExposure) -> (Vec<f64>, Vec<f64>) {
        let used = self.trial.study.responses.get(response);
        let (Some(used), Some(Response::Biomarker(model))) = (used, self.trial.responses.get(response))
        else {
            return (Vec::new(), Vec::new());
        };
        let baseline = used.baseline.map_or(&[][..], |place| self.block.cohort.column(place));
        let time = self.plan.visits[visit];
        let share = if model.time() > 0.0 { (time / model.time()).min(1.0) } else { 1.0 };
        let recovery = interpolate(&used.recovery, time);
        let mut change = vec![0.0; self.block.lanes];
        model.change_slice(self.draw, self.driver(response, exposure), &mut change);
        let scale = model.unit().to_coherent(1.0);
        let spread = model.spread() * share.sqrt();
        let values = baseline
            .iter()
            .zip(&change)
            .zip(&self.block.luck[response])
            .map(|((b, change), u)| b + recovery + scale * (share * change + spread * normal_quantile(*u)))
            .collect();
        (values, baseline.to_vec())
    }
}

fn beyond(value: f64, side: Side, threshold: f64) -> f64 {
    match side {
        _ if value.is_nan() => f64::NAN,
        Side::Below => f64::from(value < threshold),
        Side::Above => f64::from(value > threshold),
    }
}

/// Linear between the points, constant beyond them.
fn interpolate(points: &[(f64, f64)], time: f64) -> f64 {
    let after = points.iter().position(|(t, _)| *t >= time);
    match after {
        None => points.last().map_or(0.0, |p| p.1),
        Some(0) => points[0].1,
        Some(i) => {
            let ((t0, v0), (t1, v1)) = (points[i - 1], points[i]);
            v0 + (v1 - v0) * (time - t0) / (t1 - t0)
        }
    }
}
