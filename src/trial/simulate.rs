//! Carries a block of subjects through every arm of a study.

use std::ops::Range;

use super::course::{Course, IntervalExposure, Intervals};
use super::endpoint::{Exposure, Measure, Side};
use super::plan::{ArmPlan, Needs, Step};
use super::{Arm, Endpoint, Phase, Study};
use crate::expr::Scratch;
use crate::kinetics::{BlockKinetics, BlockModel, BlockModelError};
use crate::math::{exp, normal_quantile};
use crate::population::{Cohort, Individuals};
use crate::random::{Address, Purpose, Stream};
use crate::response::{BiomarkerModel, Draw, Metric, ResponseModel};

/// A fitted response.
#[derive(Clone, Debug)]
pub enum Response {
    /// The probability of an event.
    Event(ResponseModel),
    /// The mean change of a laboratory value.
    Biomarker(BiomarkerModel),
}

/// A study with its responses fitted and its kinetics compiled.
#[derive(Debug)]
pub struct Trial<'s> {
    study: &'s Study,
    responses: Vec<Response>,
    individuals: Individuals<'s>,
    kinetics: BlockModel,
    /// The pairs of formulation and interval (h) that the arms give.
    intervals: Vec<(usize, f64)>,
    plans: Vec<ArmPlan>,
}

/// What the subjects of a block are, whatever is done to them.
#[derive(Debug)]
pub struct Block {
    lanes: usize,
    cohort: Cohort,
    covariates: Vec<Vec<f64>>,
    effects: Vec<Vec<f64>>,
    /// One uniform a response and subject: the luck against its probability, the same in every arm and draw.
    luck: Vec<Vec<f64>>,
    /// The kinetics at the published typical values, for draws that do not touch them.
    central: Option<BlockKinetics>,
}

/// What happened to the subjects of a block in every arm.
#[derive(Clone, Debug, Default)]
pub struct Outcomes {
    endpoints: usize,
    values: Vec<Vec<f64>>,
    /// For each arm and response, the exposure that drives it at its first endpoint.
    exposures: Vec<Vec<f64>>,
    responses: usize,
}

impl Outcomes {
    /// The values of an endpoint in an arm, one a subject: in coherent units, probabilities as fractions, events as 0
    /// or 1. Not a number where a subject's kinetics failed.
    pub fn endpoint(&self, arm: usize, endpoint: usize) -> &[f64] {
        self.values.get(arm * self.endpoints + endpoint).map_or(&[], Vec::as_slice)
    }

    /// The exposures (coherent units) that drive a response in an arm at its first endpoint; empty where no endpoint
    /// uses it.
    pub fn exposure(&self, arm: usize, response: usize) -> &[f64] {
        self.exposures.get(arm * self.responses + response).map_or(&[], Vec::as_slice)
    }
}

impl Block {
    /// The number of subjects.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// The covariates, in the order of the population's variables.
    pub fn cohort(&self) -> &Cohort {
        &self.cohort
    }
}

/// An address that belongs to a name, so that another response disturbs no luck (FNV-1a, 32 bits).
fn occasion(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

impl<'s> Trial<'s> {
    /// Prepares a study with its fitted responses, in the order of [`Study::responses`].
    ///
    /// # Errors
    /// Where the model's kinetics are not such as blocks of subjects need.
    pub fn new(study: &'s Study, responses: Vec<Response>) -> Result<Self, BlockModelError> {
        let mut intervals: Vec<(usize, f64)> = study
            .arms
            .iter()
            .flat_map(|arm| &arm.phases)
            .flat_map(|p| [Some(&p.dosing), p.condition.as_ref().map(|c| &c.otherwise)].into_iter().flatten())
            .map(|dosing| (dosing.formulation, dosing.interval))
            .collect();
        intervals.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        intervals.dedup();
        let mut formulations: Vec<usize> = intervals.iter().map(|(formulation, _)| *formulation).collect();
        formulations.dedup();
        let kinetics = BlockModel::new(&study.model, &formulations, study.output)?;
        let individuals = Individuals::new(&study.model, study.covariates.clone(), study.seed);
        let plans = study.arms.iter().map(|arm| ArmPlan::new(arm, study)).collect();
        Ok(Trial { study, responses, individuals, kinetics, intervals, plans })
    }

    /// The study.
    pub fn study(&self) -> &'s Study {
        self.study
    }

    /// The fitted responses.
    pub fn responses(&self) -> &[Response] {
        &self.responses
    }

    /// Draws what the subjects are.
    pub fn block(&self, subjects: Range<u64>) -> Block {
        let lanes = usize::try_from(subjects.end.saturating_sub(subjects.start)).unwrap_or(0);
        let mut cohort = Cohort::default();
        self.study.population.draw(self.study.seed, subjects.clone(), &mut cohort);
        let covariates = self.individuals.covariates(&cohort, lanes);
        let effects = self.individuals.effects(subjects.clone());
        let luck = self
            .study
            .responses
            .iter()
            .map(|response| {
                let address = Address::new(self.study.seed, Purpose::Luck).occasion(occasion(&response.name));
                subjects.clone().map(|s| Stream::new(address.subject(s)).uniform()).collect()
            })
            .collect();
        let mut block = Block { lanes, cohort, covariates, effects, luck, central: None };
        block.central = self.prepare(&block, 0);
        block
    }

    /// The kinetics of a block at a draw of the typical values; `None` where its columns do not fit, which a model
    /// that was read cannot bring about.
    fn prepare(&self, block: &Block, draw: u32) -> Option<BlockKinetics> {
        let mut scratch = Scratch::default();
        let typical = self.individuals.typical(draw);
        let parameters = self.individuals.parameters(
            &typical,
            &block.covariates,
            &block.effects,
            block.lanes,
            &mut scratch,
        );
        let inputs = self.individuals.inputs(&typical, &block.covariates, &block.effects, &parameters);
        self.kinetics.prepare(&inputs, block.lanes, &mut scratch).ok()
    }

    /// Simulates every arm for a block at a draw of the uncertain parameters; draw 0 is their central values.
    pub fn simulate(&self, block: &Block, draw: u32, outcomes: &mut Outcomes) {
        let own = (draw > 0 && self.study.model_uncertainty).then(|| self.prepare(block, draw)).flatten();
        let Some(kinetics) = own.as_ref().or(block.central.as_ref()) else { return };
        let parameters = match draw {
            0 => Draw::Central,
            d => Draw::Number(usize::try_from(d - 1).unwrap_or(0)),
        };
        let (arms, endpoints) = (self.study.arms.len(), self.study.endpoints.len());
        outcomes.endpoints = endpoints;
        outcomes.responses = self.responses.len();
        for (columns, count) in
            [(&mut outcomes.values, arms * endpoints), (&mut outcomes.exposures, arms * self.responses.len())]
        {
            columns.resize_with(count, Vec::new);
            columns.iter_mut().for_each(Vec::clear);
        }
        let intervals = Intervals::new(&self.kinetics, kinetics, &self.intervals);
        for (a, (arm, plan)) in self.study.arms.iter().zip(&self.plans).enumerate() {
            let walk = Walk { trial: self, block, intervals: &intervals, draw: parameters, arm, plan };
            let exposures = walk.exposures();
            for (e, (endpoint, &visit)) in self.study.endpoints.iter().zip(&plan.endpoints).enumerate() {
                if let Some(response) = endpoint.response() {
                    let kept = &mut outcomes.exposures[a * self.responses.len() + response];
                    if kept.is_empty() {
                        *kept = walk.driver(response, &exposures[visit]).to_vec();
                    }
                }
                outcomes.values[a * endpoints + e] = walk.endpoint(endpoint, visit, &exposures);
            }
        }
    }
}

impl Trial<'_> {
    /// Concentrations (coherent units) of a block over the last dosing interval of an arm, at times (h) after its dose
    /// and at the central parameters: a row of all subjects a time.
    pub fn last_profile(&self, block: &Block, arm: usize, times: &[f64]) -> Vec<Vec<f64>> {
        let (Some(kinetics), Some(design), Some(plan)) =
            (block.central.as_ref(), self.study.arms.get(arm), self.plans.get(arm))
        else {
            return Vec::new();
        };
        let intervals = Intervals::new(&self.kinetics, kinetics, &self.intervals);
        Walk { trial: self, block, intervals: &intervals, draw: Draw::Central, arm: design, plan }
            .last_profile(times)
    }
}

impl Endpoint {
    /// The response that the endpoint rests on.
    pub fn response(&self) -> Option<usize> {
        match self.measure {
            Measure::Exposure(_) => None,
            Measure::Probability(r)
            | Measure::Event(r)
            | Measure::Biomarker(r)
            | Measure::Threshold(r, ..)
            | Measure::Fall(r, ..) => Some(r),
        }
    }
}

/// One arm of one block at one draw.
struct Walk<'a, 's> {
    trial: &'a Trial<'s>,
    block: &'a Block,
    intervals: &'a Intervals<'a>,
    draw: Draw,
    arm: &'a Arm,
    plan: &'a ArmPlan,
}

impl Walk<'_, '_> {
    /// The exposures of the dosing intervals that end at the visits.
    fn exposures(&self) -> Vec<IntervalExposure> {
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

    fn last_profile(&self, times: &[f64]) -> Vec<Vec<f64>> {
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
    fn driver<'e>(&self, response: usize, exposure: &'e IntervalExposure) -> &'e [f64] {
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

    fn endpoint(&self, endpoint: &Endpoint, visit: usize, exposures: &[IntervalExposure]) -> Vec<f64> {
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
