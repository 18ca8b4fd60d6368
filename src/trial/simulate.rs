//! Carries a block of subjects through every arm of a study.

use super::biomarker::{Biomarker, Parameters, Patients};
use super::chance::{Chance, Moments};
use super::course::Intervals;
use super::epoch::{Epoch, Epochs};
use super::kinetics::{Kinetics, Solver};
use super::ledger::Records;
use super::plan::ArmPlan;
use super::walk::{Passage, Walk};
use super::{Study, eligibility};
use crate::expr::Scratch;
use crate::kinetics::BlockModelError;
use crate::population::{Cohort, FIRST_OCCASION, Individuals};
use crate::random::{Subjects, number_of};
use crate::response::{BiomarkerModel, Draw, Draws, PersistenceModel, ResponseModel};

/// A fitted response.
#[derive(Clone, Debug)]
pub enum Response {
    /// The probability of an event.
    Event(ResponseModel),
    /// The mean change of a laboratory value.
    Biomarker(BiomarkerModel),
    /// The time course of a laboratory value, with its fitted parameters where there are any.
    Course(Option<Draws>),
}

impl Response {
    /// The fitted parameters of a time course.
    fn fitted(&self) -> Option<&Draws> {
        match self {
            Response::Course(fitted) => fitted.as_ref(),
            Response::Event(_) | Response::Biomarker(_) => None,
        }
    }
}

/// A study with its responses fitted and its kinetics compiled.
#[derive(Debug)]
pub struct Trial<'s> {
    pub(super) study: &'s Study,
    pub(super) responses: Vec<Response>,
    pub(super) individuals: Individuals<'s>,
    /// For each response, its time course where it is one.
    pub(super) biomarkers: Vec<Option<Biomarker<'s>>>,
    kinetics: Solver,
    /// The pairs of formulation and interval (h) that the arms give.
    pub(super) intervals: Vec<(usize, f64)>,
    plans: Vec<ArmPlan>,
    epochs: Epochs,
    pub(super) moments: Moments,
    persistence: Option<PersistenceModel>,
}

/// What the subjects of a block are, whatever is done to them.
#[derive(Debug)]
pub struct Block {
    subjects: Subjects,
    pub(super) lanes: usize,
    pub(super) cohort: Cohort,
    pub(super) covariates: Vec<Vec<f64>>,
    pub(super) effects: Vec<Vec<f64>>,
    pub(super) chance: Chance,
    /// For each response that is a time course, what the subjects are to it.
    biomarkers: Vec<Option<Patients>>,
    /// The kinetics at the published typical values, for draws that do not touch them.
    central: Vec<Kinetics>,
}

/// What happened to the subjects of a block in every arm.
#[derive(Clone, Debug, Default)]
pub struct Outcomes {
    endpoints: usize,
    values: Vec<Vec<f64>>,
    /// For each arm and response, the exposure that drives it at its first endpoint.
    exposures: Vec<Vec<f64>>,
    responses: usize,
    failures: Vec<Option<&'static str>>,
    /// Subjects that could not be integrated in an arm, each with the code of the reason.
    lost: Vec<(usize, &'static str)>,
}

impl Outcomes {
    /// The values of an endpoint in an arm, one a subject: in coherent units, probabilities as fractions, events as 0
    /// or 1. Not a number for a subject that failed in any arm.
    pub fn endpoint(&self, arm: usize, endpoint: usize) -> &[f64] {
        self.values.get(arm * self.endpoints + endpoint).map_or(&[], Vec::as_slice)
    }

    /// The exposures (coherent units) that drive a response in an arm at its first endpoint, not a number for subjects
    /// whose treatment has ended; empty where no endpoint uses it.
    pub fn exposure(&self, arm: usize, response: usize) -> &[f64] {
        self.exposures.get(arm * self.responses + response).map_or(&[], Vec::as_slice)
    }

    /// For each subject the code of the reason (see [`Reason::CODES`]) for which it failed, if it did.
    ///
    /// [`Reason::CODES`]: crate::kinetics::subject::Reason::CODES
    pub fn failures(&self) -> &[Option<&'static str>] {
        &self.failures
    }

    /// Finds the subjects that were lost or have an endpoint that is no number in any arm, and takes all their values
    /// away: arms are compared in the same subjects.
    fn settle(&mut self, lanes: usize, intervals: &[Intervals<'_>]) {
        let mut failed = vec![false; lanes];
        for column in &self.values {
            failed.iter_mut().zip(column).for_each(|(failed, value)| *failed |= !value.is_finite());
        }
        let faulty = |lane| intervals.iter().any(|epoch| epoch.faulty(lane));
        self.lost.iter().for_each(|(lane, _)| failed[*lane] = true);
        let lost = |lane| self.lost.iter().find(|(lost, _)| *lost == lane).map(|(_, reason)| *reason);
        let reason = |lane| lost(lane).unwrap_or(if faulty(lane) { "parameters" } else { "not-finite" });
        self.failures = (0..lanes).map(|lane| failed[lane].then(|| reason(lane))).collect();
        for (lane, _) in self.failures.iter().enumerate().filter(|(_, failure)| failure.is_some()) {
            for column in self.values.iter_mut().chain(&mut self.exposures) {
                column.iter_mut().skip(lane).take(1).for_each(|v| *v = f64::NAN);
            }
        }
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

/// The kinetics of a block at a draw of the typical values, from the columns of its covariates and random effects.
pub(super) fn kinetics(
    solver: &Solver,
    individuals: &Individuals<'_>,
    (covariates, effects): (&[Vec<f64>], &[Vec<f64>]),
    lanes: usize,
    draw: u32,
) -> Option<Kinetics> {
    let mut scratch = Scratch::default();
    let typical = individuals.typical(draw);
    let parameters = individuals.parameters(&typical, covariates, effects, lanes, &mut scratch);
    let inputs = individuals.inputs(&typical, covariates, effects, &parameters);
    solver.prepare(&inputs, lanes, &mut scratch)
}

impl<'s> Trial<'s> {
    /// Prepares a study with its fitted responses, in the order of [`Study::responses`].
    ///
    /// # Errors
    /// Where the model's kinetics can be neither solved nor integrated over blocks of subjects.
    pub fn new(study: &'s Study, responses: Vec<Response>) -> Result<Self, BlockModelError> {
        let mut intervals: Vec<(usize, f64)> = study
            .arms
            .iter()
            .flat_map(|arm| &arm.phases)
            .flat_map(|phase| &phase.options)
            .chain(&study.others)
            .map(super::Dosing::rhythm)
            .collect();
        if let Some(adherence) = study.adherence.as_ref().filter(|own| !own.late.is_empty()) {
            let whole = std::mem::take(&mut intervals);
            let parts = |(formulation, interval): &(usize, f64)| {
                let own = adherence.parts(*interval).into_iter();
                own.map(|part| (*formulation, part)).collect::<Vec<_>>()
            };
            intervals = whole.iter().flat_map(parts).chain(whole.iter().copied()).collect();
        }
        intervals.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        intervals.dedup();
        let mut formulations: Vec<usize> = intervals.iter().map(|(formulation, _)| *formulation).collect();
        formulations.dedup();
        let kinetics = Solver::new(&study.model, &formulations, study.output)?;
        let individuals = Individuals::new(&study.model, study.covariates.clone(), study.seed);
        let plans = study.arms.iter().map(|arm| ArmPlan::new(arm, study)).collect();
        let (moments, epochs) = (Moments::new(study), Epochs::new(study));
        let course = |(used, response): (&'s super::ResponseUse, &Response)| {
            let course = used.course.as_ref()?;
            Some(Biomarker::new(course, response.fitted(), study.seed, number_of(used.luck())))
        };
        let biomarkers = study.responses.iter().zip(&responses).map(course).collect();
        let persistence = None;
        Ok(Trial {
            study,
            responses,
            individuals,
            biomarkers,
            kinetics,
            intervals,
            plans,
            epochs,
            moments,
            persistence,
        })
    }

    /// Takes the hazard of discontinuation that evidence gives.
    #[must_use]
    pub fn with_persistence(mut self, model: Option<PersistenceModel>) -> Self {
        self.persistence = model;
        self
    }

    /// When and why each subject of a block discontinues.
    fn stops(&self, block: &Block, draw: Draw) -> Vec<(f64, usize)> {
        let persistence = self.persistence.as_ref().map(|model| (model, draw));
        block.chance.stops(self.study, &block.cohort, persistence)
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
    pub fn block(&self, subjects: &Subjects) -> Block {
        let lanes = subjects.count();
        let Study { population, eligible, seed, .. } = self.study;
        let cohort = eligibility::draw(population, eligible, *seed, subjects);
        let covariates = self.individuals.covariates(&cohort, lanes);
        let effects = self.individuals.effects(subjects, FIRST_OCCASION, 0);
        let chance = Chance::draw(self.study, &self.moments, subjects, &cohort);
        let own = |b: &Biomarker<'_>| b.subjects(&cohort, subjects, lanes);
        let biomarkers = self.biomarkers.iter().map(|b| b.as_ref().map(own)).collect();
        let mut block = Block {
            subjects: subjects.clone(),
            lanes,
            cohort,
            covariates,
            effects,
            chance,
            biomarkers,
            central: Vec::new(),
        };
        block.central = self.prepare(&block, 0);
        block
    }

    /// The kinetics of a block at a draw of the typical values, one an epoch; none where its columns do not fit, which
    /// a model that was read cannot bring about.
    fn prepare(&self, block: &Block, draw: u32) -> Vec<Kinetics> {
        let one = |epoch: &Epoch| {
            let other = epoch.occasion != FIRST_OCCASION || (draw > 0 && self.individuals.effects_vary());
            let effects = other.then(|| self.individuals.effects(&block.subjects, epoch.occasion, draw));
            let covariates = (epoch.time != 0.0).then(|| {
                let then = self.study.population.at(epoch.time, &block.cohort, block.lanes);
                self.individuals.covariates(&then, block.lanes)
            });
            let columns = (
                covariates.as_deref().unwrap_or(&block.covariates),
                effects.as_deref().unwrap_or(&block.effects),
            );
            kinetics(&self.kinetics, &self.individuals, columns, block.lanes, draw)
        };
        self.epochs.list.iter().map(one).collect::<Option<_>>().unwrap_or_default()
    }

    /// What the kinetics of each epoch make of the dosing intervals.
    fn intervals<'k>(&'k self, kinetics: &'k [Kinetics]) -> Vec<Intervals<'k>> {
        kinetics.iter().filter_map(|k| Intervals::new(&self.kinetics, k, &self.intervals)).collect()
    }

    /// The individual parameters of the time courses of a block at a draw.
    fn biomarkers<'b>(&self, block: &'b Block, draw: Draw) -> Vec<Option<Parameters<'b>>> {
        let uncertain = self.study.model_uncertainty;
        let of = |((b, subjects), r): ((&Option<Biomarker<'s>>, &'b Option<Patients>), &Response)| {
            Some(b.as_ref()?.parameters(subjects.as_ref()?, r.fitted(), draw, uncertain))
        };
        self.biomarkers.iter().zip(&block.biomarkers).zip(&self.responses).map(of).collect()
    }

    /// Simulates every arm for a block at a draw of the uncertain parameters; draw 0 is their central values.
    pub fn simulate(&self, block: &Block, draw: u32, outcomes: &mut Outcomes) {
        let own = (draw > 0 && self.study.model_uncertainty).then(|| self.prepare(block, draw));
        let kinetics = own.as_deref().filter(|own| !own.is_empty()).unwrap_or(&block.central);
        if kinetics.is_empty() {
            return;
        }
        let parameters = match draw {
            0 => Draw::Central,
            d => Draw::Number(usize::try_from(d - 1).unwrap_or(0)),
        };
        let (arms, endpoints) = (self.study.arms.len(), self.study.endpoints.len());
        outcomes.endpoints = endpoints;
        outcomes.lost.clear();
        outcomes.responses = self.responses.len();
        for (columns, count) in
            [(&mut outcomes.values, arms * endpoints), (&mut outcomes.exposures, arms * self.responses.len())]
        {
            columns.resize_with(count, Vec::new);
            columns.iter_mut().for_each(Vec::clear);
        }
        let intervals = self.intervals(kinetics);
        let (stops, biomarkers) = (&self.stops(block, parameters), &self.biomarkers(block, parameters));
        for (place, (arm, plan)) in self.study.arms.iter().zip(&self.plans).enumerate() {
            let epochs = &self.epochs.places[place];
            let walk = Walk {
                trial: self,
                block,
                intervals: &intervals,
                epochs,
                biomarkers,
                draw: parameters,
                place,
                arm,
                plan,
                stops,
            };
            let passage = walk.pass(false);
            outcomes.arm(&walk, &passage);
        }
        outcomes.settle(block.lanes, &intervals);
    }

    /// What was given to the subjects of a block in an arm and what was decided, at the central parameters.
    pub fn records(&self, block: &Block, arm: usize) -> Records {
        self.central(block, arm, |walk| walk.pass(true).records).flatten().unwrap_or_default()
    }

    /// Something of an arm at the central parameters.
    pub(super) fn central<T>(
        &self,
        block: &Block,
        place: usize,
        of: impl FnOnce(&Walk<'_, '_>) -> T,
    ) -> Option<T> {
        let (arm, plan, epochs) =
            (self.study.arms.get(place)?, self.plans.get(place)?, self.epochs.places.get(place)?);
        let (draw, intervals) = (Draw::Central, &self.intervals(&block.central));
        let (stops, biomarkers) = (&self.stops(block, draw), &self.biomarkers(block, draw));
        (!intervals.is_empty()).then(|| {
            of(&Walk { trial: self, block, intervals, epochs, biomarkers, draw, place, arm, plan, stops })
        })
    }
}

impl Outcomes {
    /// Takes in what a walk through an arm has led to.
    fn arm(&mut self, walk: &Walk<'_, '_>, passage: &Passage<'_>) {
        self.lost.extend_from_slice(&passage.failures);
        let study = walk.trial.study;
        for (e, (endpoint, &moment)) in study.endpoints.iter().zip(&walk.plan.endpoints).enumerate() {
            if let Some(response) = endpoint.measure.response() {
                let kept = &mut self.exposures[walk.place * self.responses + response];
                if kept.is_empty() {
                    let time = walk.plan.times[moment];
                    let driver = walk.driver(response, &passage.history.exposures[moment]).iter();
                    let own = driver.zip(&passage.conduct.standings);
                    *kept = own.map(|(c, own)| if own.stop > time { *c } else { f64::NAN }).collect();
                }
            }
            self.values[walk.place * self.endpoints + e] = walk.endpoint(endpoint, moment, passage);
        }
    }
}

impl Trial<'_> {
    /// Concentrations (coherent units) of a block over the last dosing interval of an arm, at times (h) after its dose
    /// and at the central parameters: a row of all subjects a time.
    pub fn last_profile(&self, block: &Block, arm: usize, times: &[f64]) -> Vec<Vec<f64>> {
        self.central(block, arm, |walk| walk.last_profile(times)).unwrap_or_default()
    }
}
