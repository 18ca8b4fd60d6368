//! One arm of one block at one draw: from step to step, with decisions, visits and exposures.

use super::biomarker::Parameters;
use super::condition::{Condition, Signal};
use super::conduct::{Conduct, Known, Standing, Visit, phase_at};
use super::course::{Course, Intervals};
use super::giving::Segment;
use super::history::History;
use super::ledger::{Decision, Reason, Records};
use super::plan::{ArmPlan, Needs, Step};
use super::protocol::{Choice, Otherwise};
use super::simulate::{Block, Trial};
use super::{Arm, Phase};
use crate::response::Draw;

/// One arm of one block at one draw.
pub(super) struct Walk<'a, 's> {
    pub(super) trial: &'a Trial<'s>,
    pub(super) block: &'a Block,
    /// One an epoch, at least one.
    pub(super) intervals: &'a [Intervals<'a>],
    /// The epoch of each phase.
    pub(super) epochs: &'a [usize],
    /// The individual parameters of the time courses, by response.
    pub(super) biomarkers: &'a [Option<Parameters<'a>>],
    pub(super) draw: Draw,
    /// The place of the arm.
    pub(super) place: usize,
    pub(super) arm: &'a Arm,
    pub(super) plan: &'a ArmPlan,
    /// When (h) and for which reason each subject discontinues; empty where nobody does.
    pub(super) stops: &'a [(f64, usize)],
}

/// What a walk leaves behind.
pub(super) struct Passage<'b> {
    pub(super) history: History<'b>,
    pub(super) conduct: Conduct,
    pub(super) records: Option<Records>,
    /// What was measured at visits, for endpoints that look at them.
    pub(super) kept: Vec<Kept>,
    /// By moment at which counts are asked for: what had been done by then.
    pub(super) counted: Vec<(usize, Vec<Standing>)>,
    /// Subjects that could not be integrated, each with the code of the reason.
    pub(super) failures: Vec<(usize, &'static str)>,
    /// Doses of a segment, one after another; kept to be filled again.
    pub(super) rows: Vec<f64>,
}

/// What was measured of a response at a visit; not a number for those who did not come.
pub(super) struct Kept {
    pub(super) time: f64,
    pub(super) response: usize,
    pub(super) values: Vec<f64>,
    pub(super) baseline: Vec<f64>,
}

impl<'a> Walk<'a, '_> {
    /// The whole arm.
    pub(super) fn pass(&self, record: bool) -> Passage<'a> {
        let mut course = Course::new(&self.intervals[0], self.block.lanes);
        let mut passage = self.start(record);
        self.walk(&self.plan.steps, &mut course, &mut passage);
        passage.failures = course.failures();
        if let Some(records) = &mut passage.records {
            records.sort();
        }
        passage
    }

    /// Everybody before the first dose.
    fn start(&self, record: bool) -> Passage<'a> {
        let study = self.trial.study;
        let mut passage = Passage {
            history: History {
                exposures: Vec::with_capacity(self.plan.steps.len()),
                tracks: self
                    .trial
                    .biomarkers
                    .iter()
                    .zip(self.biomarkers)
                    .map(|(biomarker, own)| Some(biomarker.as_ref()?.start(own.as_ref()?)))
                    .collect(),
            },
            conduct: Conduct::new(self.block.lanes, study.rules.len(), |lane| {
                self.stops.get(lane).map(|(time, cause)| (*time, Reason::Discontinued(*cause)))
            }),
            records: record.then(|| Records::new(self.block.lanes)),
            kept: Vec::new(),
            counted: Vec::new(),
            failures: Vec::new(),
            rows: Vec::new(),
        };
        if self.plan.watches {
            self.visit(None, 0.0, |_| true, &mut passage);
        }
        passage
    }

    /// Goes through the first steps.
    fn walk(&self, steps: &[Step], course: &mut Course<'a, 'a>, passage: &mut Passage<'_>) {
        let mut phase = usize::MAX;
        for step in steps {
            if step.phase != phase {
                phase = step.phase;
                course.enter(&self.intervals[self.epochs[phase]]);
                self.decide(phase, passage);
            }
            let exposure = self.segment(step, course, passage);
            passage.history.pass(self.plan.times[step.moment] - step.from, exposure);
            self.visits(step.moment, passage);
            if self.plan.counts.contains(&step.moment) {
                passage.counted.push((step.moment, passage.conduct.standings.clone()));
            }
        }
    }

    /// The visits at a moment.
    fn visits(&self, moment: usize, passage: &mut Passage<'_>) {
        if !self.plan.watches {
            return;
        }
        for seen in &self.plan.seen[moment] {
            let planned = self.plan.planned[seen.visit];
            let chance = &self.block.chance;
            let comes = |lane: usize| chance.comes(&self.trial.moments, planned, seen.day, lane);
            self.visit(Some(moment), planned, comes, passage);
        }
    }

    /// A visit at a moment (`None`: before the first dose), for those that come.
    fn visit(
        &self,
        moment: Option<usize>,
        planned: f64,
        comes: impl Fn(usize) -> bool,
        passage: &mut Passage<'_>,
    ) {
        let study = self.trial.study;
        let now = moment.map_or(0.0, |m| self.plan.times[m]);
        let visits = study.visits.as_ref();
        let is_visit = self.plan.planned.contains(&planned);
        let measured = |condition: &Condition| match condition.signal {
            Signal::Covariate(_) => true,
            Signal::Response(r) => is_visit && visits.is_some_and(|v| v.measures(r, planned)),
        };
        let conditions = study.rules.iter().flat_map(super::Rule::conditions).filter(|c| measured(c));
        let kept = self.plan.kept.iter().copied();
        let kept: Vec<usize> =
            kept.filter(|r| is_visit && visits.is_some_and(|v| v.measures(*r, planned))).collect();
        let asked = conditions.filter_map(Condition::response).chain(kept.iter().copied());
        let known = self.measured(asked, moment, planned, &passage.history);
        for response in kept {
            let Some((values, baseline)) = known.responses[response].clone() else { continue };
            let seen = |(lane, value)| if comes(lane) { value } else { f64::NAN };
            let values = values.into_iter().enumerate().map(seen).collect();
            passage.kept.push(Kept { time: now, response, values, baseline });
        }
        let phase = phase_at(self.arm, now);
        let visit = Visit { study, arm: self.place, phase, now, planned, first: moment.is_none() };
        passage.conduct.visit(&visit, &known, comes, measured, &mut passage.records);
    }

    /// What is measured of some responses.
    fn measured(
        &self,
        responses: impl Iterator<Item = usize>,
        moment: Option<usize>,
        planned: f64,
        history: &History<'_>,
    ) -> Measured<'_> {
        let study = self.trial.study;
        let mut known = Measured { block: self.block, responses: vec![None; study.responses.len()] };
        for r in responses {
            if known.responses[r].is_none() {
                let (mut values, mut baseline) = self.truth(r, moment, history);
                if let Some(assay) = study.assays.iter().find(|a| a.response == r) {
                    let noise = |time| self.block.chance.noise(&self.trial.moments, r, time);
                    for (values, noise) in [(&mut values, noise(planned)), (&mut baseline, noise(0.0))] {
                        values.iter_mut().zip(noise).for_each(|(v, z)| *v = assay.measured(*v, *z));
                    }
                }
                known.responses[r] = Some((values, baseline));
            }
        }
        known
    }

    /// The true values of a response at a moment (`None`: before the first dose), and before the first dose.
    fn truth(&self, response: usize, moment: Option<usize>, history: &History<'_>) -> (Vec<f64>, Vec<f64>) {
        let lanes = self.block.lanes;
        let biomarker = self.trial.study.responses[response].kind.biomarker.is_some();
        match moment {
            None if biomarker => {
                let baseline = self.baseline(response, history).to_vec();
                (baseline.clone(), baseline)
            }
            // Nobody has responded before the first dose.
            None => (vec![0.0; lanes], vec![0.0; lanes]),
            Some(moment) if biomarker => self.biomarker(response, moment, history),
            Some(moment) => (self.event(response, &history.exposures[moment]), vec![0.0; lanes]),
        }
    }

    /// Takes the decision at the beginning of a phase.
    fn decide(&self, place: usize, passage: &mut Passage<'_>) {
        let phase = &self.arm.phases[place];
        let (randomised, otherwise) = match &phase.choice {
            Choice::None => {
                passage.conduct.standings.iter_mut().for_each(|own| own.option = 0);
                return;
            }
            Choice::Test(_, otherwise) => (&[][..], *otherwise),
            Choice::Randomise(_, _, otherwise) => (self.block.chance.groups(self.place, place), *otherwise),
        };
        let moment = self.plan.decisions[place];
        let conditions = phase.conditions();
        let responses = conditions.iter().filter_map(Condition::response);
        let known = self.measured(responses, moment, phase.start, &passage.history);
        for lane in 0..self.block.lanes {
            let own = &mut passage.conduct.standings[lane];
            if own.stop <= phase.start {
                continue;
            }
            let holds = known.hold(conditions, lane);
            let action = match otherwise {
                _ if holds => {
                    own.option = randomised.get(lane).copied().unwrap_or(0);
                    phase.options[own.option].words()
                }
                Otherwise::Option(option) => {
                    own.option = option;
                    phase.options[option].words()
                }
                Otherwise::Stop => {
                    (own.stop, own.why) = (phase.start, Reason::NotEligible);
                    "stop"
                }
            };
            if let Some(records) = &mut passage.records {
                records.decide(self.decision(lane, place, phase, action, &known));
            }
        }
    }

    fn decision(
        &self,
        lane: usize,
        place: usize,
        phase: &Phase,
        action: &str,
        known: &Measured<'_>,
    ) -> Decision {
        let condition = phase.conditions().first();
        Decision {
            lane,
            time: phase.start,
            planned: phase.start,
            by: format!("phase {}", place + 1),
            condition: condition.map_or_else(|| "randomised".into(), |c| c.text.clone()),
            signal: condition.map(|c| c.signal),
            value: condition.map_or(f64::NAN, |c| known.value(c, lane).0),
            threshold: condition.map_or(f64::NAN, Condition::threshold),
            action: action.into(),
        }
    }

    /// Concentrations over the last dosing interval of the arm.
    pub(super) fn last_profile(&self, times: &[f64]) -> Vec<Vec<f64>> {
        let (Some(last), Some(phase)) = (self.plan.steps.last(), self.arm.phases.last()) else {
            return Vec::new();
        };
        let mut course = Course::new(&self.intervals[0], self.block.lanes);
        let mut passage = self.start(false);
        // Up to the last dose: the last step without its last interval.
        let before = &self.plan.steps[..self.plan.steps.len() - 1];
        self.walk(before, &mut course, &mut passage);
        if before.last().is_none_or(|s| s.phase != last.phase) {
            course.enter(&self.intervals[self.epochs[last.phase]]);
            self.decide(last.phase, &mut passage);
        }
        let rhythm = phase.dosing().rhythm();
        let given = self.given(last, &passage);
        let duration = self.plan.times[last.moment] - last.from - rhythm.1;
        if duration > 0.0 {
            let before = Segment { from: last.from, hours: duration, needs: Needs::default() };
            self.dose(rhythm, &given, before, &mut course, &mut passage);
        }
        let end = self.plan.times[last.moment] - rhythm.1;
        let stops = passage.conduct.standings.iter().map(|own| own.stop <= end);
        let amounts: Vec<f64> = given
            .iter()
            .zip(stops)
            .map(|(g, stopped)| if g.rhythm == rhythm && !stopped { g.amount } else { 0.0 })
            .collect();
        course.profile(rhythm, &amounts, times)
    }
}

/// What is measured of the subjects at a visit.
struct Measured<'a> {
    block: &'a Block,
    /// By response: values at the visit and before the first dose.
    responses: Vec<Option<(Vec<f64>, Vec<f64>)>>,
}

impl Known for Measured<'_> {
    fn value(&self, condition: &Condition, lane: usize) -> (f64, f64) {
        let at = |column: &[f64]| column.get(lane).copied().unwrap_or(f64::NAN);
        match condition.signal {
            Signal::Covariate(place) => (at(self.block.cohort.column(place)), f64::NAN),
            Signal::Response(place) => {
                self.responses[place].as_ref().map_or((f64::NAN, f64::NAN), |(v, b)| (at(v), at(b)))
            }
        }
    }
}
