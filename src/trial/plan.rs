//! What must be computed when: each arm as steps from one moment to the next.

use super::endpoint::{Exposure, Measure};
use super::{Arm, Estimand, Study};
use crate::response::Metric;

/// The steps of an arm.
#[derive(Clone, Debug)]
pub(super) struct ArmPlan {
    /// The moments at which something is measured or decided (h), ascending; each ends a dosing interval.
    pub(super) times: Vec<f64>,
    /// The planned visits that some subjects come to at each moment.
    pub(super) seen: Vec<Vec<Seen>>,
    pub(super) steps: Vec<Step>,
    /// For each endpoint of the study, the place of its moment.
    pub(super) endpoints: Vec<usize>,
    /// For each phase with a decision, the moment at which it is taken; `None` at the very start.
    pub(super) decisions: Vec<Option<usize>>,
    /// For each phase, the pairs of formulation and interval (h) that may be given in it.
    pub(super) rhythms: Vec<Vec<(usize, f64)>>,
    /// The planned visits of the arm (h).
    pub(super) planned: Vec<f64>,
    /// Whether anything is done or kept at visits.
    pub(super) watches: bool,
    /// The responses that endpoints look at over visits.
    pub(super) kept: Vec<usize>,
    /// The moments at which counts are asked for.
    pub(super) counts: Vec<usize>,
}

/// A planned visit, so many days after its planned time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Its place among the planned visits.
    pub(super) visit: usize,
    pub(super) day: i8,
}

/// The way from the moment before (or the start) to a moment, within one phase.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) phase: usize,
    pub(super) from: f64,
    pub(super) moment: usize,
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

/// When a metric is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    At(usize),
    UpTo(usize),
    Always,
    AtVisits,
}

impl ArmPlan {
    pub(super) fn new(arm: &Arm, study: &Study) -> Self {
        let rhythms: Vec<Vec<(usize, f64)>> = arm.phases.iter().map(|p| rhythms(p, study)).collect();
        let planned = study.visits.as_ref().map_or_else(Vec::new, |v| v.schedule.times(arm.end()));
        // A moment is the end of a dosing interval: the trough before the dose that is due.
        let snap = |time: f64| {
            let place = arm.phases.iter().position(|p| time <= p.end).unwrap_or(arm.phases.len() - 1);
            let phase = &arm.phases[place];
            let grid = rhythms[place].iter().map(|(_, interval)| *interval).fold(0.0, f64::max);
            let intervals = ((time - phase.start) / grid).round();
            // The beginning of a phase is the end of the one before it.
            if intervals < 1.0 && place > 0 { phase.start } else { phase.start + intervals.max(1.0) * grid }
        };
        let mut visits: Vec<(f64, Seen)> = Vec::new();
        let window = study.visits.as_ref().map_or(0, |v| i8::try_from(v.window).unwrap_or(60));
        for (visit, &time) in planned.iter().enumerate().filter(|(_, time)| **time > 0.0) {
            for day in -window..=window {
                let on = (time + 24.0 * f64::from(day)).clamp(0.0, arm.end());
                visits.push((snap(on), Seen { visit, day }));
            }
        }
        let endpoints: Vec<f64> = study.endpoints.iter().map(|e| snap(e.time.hours(arm))).collect();
        let mut times: Vec<f64> = arm.phases.iter().map(|p| p.end).collect();
        times.extend(endpoints.iter().copied().chain(visits.iter().map(|v| v.0)));
        times.sort_by(f64::total_cmp);
        times.dedup();
        // A hundred years of daily visits with a window are millions of places to find.
        let place = |time: f64| times.partition_point(|v| *v < time).min(times.len() - 1);
        let mut seen = vec![Vec::new(); times.len()];
        visits.iter().for_each(|(time, visit)| seen[place(*time)].push(*visit));
        let endpoints: Vec<usize> = endpoints.into_iter().map(place).collect();
        let decisions = arm.phases.iter().map(|p| (p.start > 0.0).then(|| place(p.start))).collect();
        let mut steps = Vec::new();
        for (phase, p) in arm.phases.iter().enumerate() {
            let mut from = p.start;
            for (moment, &time) in times.iter().enumerate().filter(|(_, v)| **v > p.start && **v <= p.end) {
                steps.push(Step { phase, from, moment, needs: Needs::default() });
                from = time;
            }
        }
        let over_visits = study.endpoints.iter().filter(|e| e.measure.at_visits());
        let mut kept: Vec<usize> = over_visits.filter_map(|e| e.measure.response()).collect();
        kept.sort_unstable();
        kept.dedup();
        let counted = study.endpoints.iter().zip(&endpoints);
        let counted = counted.filter(|(e, _)| matches!(e.measure, Measure::Count(_))).map(|(_, m)| *m);
        let (watches, counts) = (!study.rules.is_empty() || !kept.is_empty(), counted.collect());
        let mut plan =
            ArmPlan { times, seen, steps, endpoints, decisions, rhythms, planned, watches, kept, counts };
        plan.ask(arm, study);
        plan
    }

    /// Takes down what the endpoints, decisions and rules ask of each step.
    fn ask(&mut self, arm: &Arm, study: &Study) {
        let metric = |response: usize| study.responses.get(response).map(|r| Exposure::Metric(r.kind.metric));
        let is_course = |r: usize| study.responses.get(r).is_some_and(|r| r.course.is_some());
        let accumulates = |r: usize| study.responses.get(r).is_some_and(|r| r.kind.accumulates);
        let mut asked: Vec<(Asked, Exposure)> = Vec::new();
        for (endpoint, &moment) in study.endpoints.iter().zip(&self.endpoints) {
            let of = |r: usize| {
                let before =
                    accumulates(r) || is_course(r) || endpoint.estimand == Estimand::WhileOnTreatment;
                let when = match endpoint.measure.at_visits() {
                    true if is_course(r) => Asked::Always,
                    true => Asked::AtVisits,
                    false if before => Asked::UpTo(moment),
                    false => Asked::At(moment),
                };
                metric(r).map(|m| (when, m))
            };
            asked.extend(endpoint.measure.responses().into_iter().filter_map(of));
            if let Measure::Exposure(exposure) = endpoint.measure {
                let before = endpoint.estimand == Estimand::WhileOnTreatment;
                asked.push((if before { Asked::UpTo(moment) } else { Asked::At(moment) }, exposure));
            }
        }
        for (phase, moment) in arm.phases.iter().zip(&self.decisions) {
            let Some(moment) = moment else { continue };
            let responses = phase.conditions().iter().filter_map(super::Condition::response);
            let when = |r| if is_course(r) { Asked::UpTo(*moment) } else { Asked::At(*moment) };
            asked.extend(responses.filter_map(|r| Some((when(r), metric(r)?))));
        }
        let watched =
            study.rules.iter().flat_map(super::Rule::conditions).filter_map(super::Condition::response);
        let when = |r| if is_course(r) { Asked::Always } else { Asked::AtVisits };
        asked.extend(watched.filter_map(|r| Some((when(r), metric(r)?))));
        for step in &mut self.steps {
            for &(when, exposure) in &asked {
                let now = match when {
                    Asked::At(moment) => step.moment == moment,
                    Asked::UpTo(moment) => step.moment <= moment,
                    Asked::Always => true,
                    Asked::AtVisits => !self.seen[step.moment].is_empty(),
                };
                if now {
                    step.needs.exposure(exposure);
                }
            }
        }
    }
}

/// What may be given in a phase: its options, and the regimens that rules name.
fn rhythms(phase: &super::Phase, study: &Study) -> Vec<(usize, f64)> {
    let mut rhythms = Vec::new();
    for rhythm in phase.options.iter().chain(&study.others).map(super::Dosing::rhythm) {
        if !rhythms.contains(&rhythm) {
            rhythms.push(rhythm);
        }
    }
    rhythms
}
