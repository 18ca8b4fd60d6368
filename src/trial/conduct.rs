//! What is being done to each subject of an arm: which regimen, which rung, on hold or not; and the rules that change
//! it at visits.

use super::condition::Test;
use super::ledger::{Decision, Reason, Records};
use super::rule::{Action, Lowest, Rule};
use super::{Arm, Condition, Dosing, Phase, Study};

/// What is being done to one subject.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    /// The option of the phase.
    pub(super) option: usize,
    /// Rungs above (below: negative) the planned dose.
    rungs: i32,
    /// A dose that a rule has set.
    fixed: Option<f64>,
    /// Another regimen that a rule has set, and until when (h).
    other: Option<(usize, f64)>,
    /// The rule that holds the doses.
    held: Option<usize>,
    /// The rule behind the last change of the dose.
    by: usize,
    /// When treatment stops (h), and why.
    pub(super) stop: f64,
    pub(super) why: Reason,
    /// When the dose was last stepped (h).
    stepped: f64,
    /// Times that doses were held, hours on hold, steps, and doses that were taken.
    pub(super) holds: u32,
    pub(super) held_hours: f64,
    pub(super) steps: u32,
    pub(super) doses: u32,
}

/// What is being done to the subjects of an arm.
#[derive(Clone, Debug)]
pub(super) struct Conduct {
    pub(super) standings: Vec<Standing>,
    /// By rule: at how many visits in a row its conditions have held.
    breaches: Vec<Vec<u32>>,
}

/// What a subject gets at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Given {
    pub(super) rhythm: (usize, f64),
    pub(super) amount: f64,
    pub(super) reason: Reason,
}

/// What is known of the subjects at a visit.
pub(super) trait Known {
    /// The value of a condition's signal in a subject, and its value before the first dose.
    fn value(&self, condition: &Condition, lane: usize) -> (f64, f64);

    /// Whether a subject's conditions all hold.
    fn hold(&self, conditions: &[Condition], lane: usize) -> bool {
        conditions.iter().all(|c| {
            let (value, baseline) = self.value(c, lane);
            c.holds(value, baseline)
        })
    }
}

impl Conduct {
    /// Everybody as planned; `stops` says when and why each subject would stop by itself.
    pub(super) fn new(lanes: usize, rules: usize, stops: impl Fn(usize) -> Option<(f64, Reason)>) -> Self {
        let standing = |lane| {
            let (stop, why) = stops(lane).unwrap_or((f64::INFINITY, Reason::Planned));
            Standing {
                option: 0,
                rungs: 0,
                fixed: None,
                other: None,
                held: None,
                by: 0,
                stop,
                why,
                stepped: f64::NEG_INFINITY,
                holds: 0,
                held_hours: 0.0,
                steps: 0,
                doses: 0,
            }
        };
        Conduct { standings: (0..lanes).map(standing).collect(), breaches: vec![vec![0; lanes]; rules] }
    }

    /// What a subject gets from a time on, if nothing ends its treatment.
    pub(super) fn given(&self, lane: usize, study: &Study, phase: &Phase, now: f64) -> Given {
        let own = &self.standings[lane];
        let planned = &phase.options[own.option.min(phase.options.len() - 1)];
        let from = |dosing: &Dosing, amount, reason| Given { rhythm: dosing.rhythm(), amount, reason };
        if own.stop <= now {
            return from(planned, 0.0, own.why);
        }
        if let Some(rule) = own.held {
            return from(planned, 0.0, Reason::Held(rule));
        }
        if let Some((other, _)) = own.other.filter(|(_, until)| now < *until) {
            let other = &study.others[other];
            return from(other, other.amount, Reason::Changed(own.by));
        }
        if planned.amount == 0.0 {
            let reason = if planned.is_placebo() { Reason::Placebo } else { Reason::Washout };
            return from(planned, 0.0, reason);
        }
        if let Some(dose) = own.fixed {
            return from(planned, dose, Reason::Changed(own.by));
        }
        match rung(study, planned, own.rungs) {
            Some(rung) if own.rungs != 0 => from(planned, study.ladder.doses[rung], Reason::Changed(own.by)),
            _ => from(planned, planned.amount, Reason::Planned),
        }
    }

    /// Takes the hours of a segment into account.
    pub(super) fn pass(&mut self, from: f64, until: f64) {
        for own in self.standings.iter_mut().filter(|own| own.held.is_some()) {
            own.held_hours += (until.min(own.stop) - from).max(0.0);
        }
    }

    /// Lets the rules act on the subjects that `seen` picks. `measured` tells whether a condition's signal is measured
    /// at the visit.
    pub(super) fn visit(
        &mut self,
        visit: &Visit<'_>,
        known: &dyn Known,
        seen: impl Fn(usize) -> bool,
        measured: impl Fn(&Condition) -> bool,
        records: &mut Option<Records>,
    ) {
        let rules = &visit.study.rules;
        let ready: Vec<bool> =
            rules.iter().map(|rule| visit.concerns(rule) && rule.when.iter().all(&measured)).collect();
        if !ready.contains(&true) && !rules.iter().any(|r| matches!(r.action, Action::Hold(_))) {
            return;
        }
        for lane in 0..self.standings.len() {
            if !seen(lane) || self.standings[lane].stop <= visit.now {
                continue;
            }
            let released = self.released(lane, rules, known, &measured);
            let mut acted = false;
            for (place, rule) in rules.iter().enumerate().filter(|(place, _)| ready[*place]) {
                let breaches = &mut self.breaches[place][lane];
                *breaches = if known.hold(&rule.when, lane) { *breaches + 1 } else { 0 };
                let due = *breaches >= rule.visits;
                if acted || !due || !self.act(lane, place, released, visit) {
                    continue;
                }
                acted = true;
                self.breaches[place][lane] = 0;
                if let Some(records) = records {
                    records.decide(visit.decision(lane, place, &rule.when, &rule.text.1, known));
                }
            }
            let own = &mut self.standings[lane];
            if let Some(rule) = own.held.filter(|_| released && !acted) {
                own.held = None;
                if let Some(records) = records {
                    let until = until(&rules[rule]);
                    records.decide(visit.decision(lane, rule, until, "resume", known));
                }
            }
        }
    }

    /// Whether what holds a subject's doses is over.
    fn released(
        &self,
        lane: usize,
        rules: &[Rule],
        known: &dyn Known,
        measured: &impl Fn(&Condition) -> bool,
    ) -> bool {
        let Some(rule) = self.standings[lane].held.map(|rule| &rules[rule]) else { return false };
        let until = until(rule);
        let seen = until.iter().all(measured);
        let hold = known.hold(until, lane);
        let over = if matches!(&rule.action, Action::Hold(until) if until.is_empty()) { !hold } else { hold };
        seen && over
    }

    /// Does what a rule says to a subject; whether that changed anything.
    fn act(&mut self, lane: usize, place: usize, released: bool, visit: &Visit<'_>) -> bool {
        let (study, now) = (visit.study, visit.now);
        let rule = &study.rules[place];
        let own = &mut self.standings[lane];
        if own.held.is_some() && !released && rule.action != Action::Stop {
            return false;
        }
        let stop = |own: &mut Standing| {
            own.stop = now;
            own.why = Reason::Stopped(place);
        };
        let planned = &visit.phase.options[own.option.min(visit.phase.options.len() - 1)];
        match &rule.action {
            Action::Hold(_) => {
                own.holds += u32::from(own.held.is_none());
                own.held = Some(place);
                return true;
            }
            Action::Stop => stop(own),
            Action::StepDown(_) | Action::StepUp if now - own.stepped < rule.apart => return false,
            Action::StepDown(lowest) => match rung(study, planned, own.rungs) {
                Some(rung) if rung > 0 => step(own, study, planned, rung - 1, now),
                _ if *lowest == Lowest::Stop => stop(own),
                _ => return false,
            },
            Action::StepUp => match rung(study, planned, own.rungs) {
                Some(rung) if rung + 1 < study.ladder.doses.len() => step(own, study, planned, rung + 1, now),
                _ => return false,
            },
            Action::Give(dose) if own.fixed == Some(*dose) => return false,
            Action::Give(dose) => own.fixed = Some(*dose),
            Action::Switch(other) if own.other == Some((*other, f64::INFINITY)) => return false,
            Action::Switch(other) => own.other = Some((*other, f64::INFINITY)),
            Action::Rescue(other, _) if own.other.is_some_and(|(o, until)| o == *other && now < until) => {
                return false;
            }
            Action::Rescue(other, hours) => own.other = Some((*other, now + hours)),
        }
        own.held = None;
        own.by = place;
        true
    }
}

/// What ends a hold.
fn until(rule: &Rule) -> &[Condition] {
    match &rule.action {
        Action::Hold(until) if !until.is_empty() => until,
        _ => &rule.when,
    }
}

/// The rung of a planned dose, so many rungs further, within the ladder.
fn rung(study: &Study, planned: &Dosing, rungs: i32) -> Option<usize> {
    let own = i32::try_from(study.ladder.rung(planned.amount)?).ok()?;
    let highest = i32::try_from(study.ladder.doses.len()).ok()? - 1;
    usize::try_from((own + rungs).clamp(0, highest)).ok()
}

fn step(own: &mut Standing, study: &Study, planned: &Dosing, to: usize, now: f64) {
    let planned = study.ladder.rung(planned.amount).unwrap_or(to);
    // Ladders have a handful of rungs.
    let place = |rung: usize| i32::try_from(rung).unwrap_or(0);
    own.rungs = place(to) - place(planned);
    own.stepped = now;
    own.steps += 1;
}

/// A visit, or the moment before the first dose.
pub(super) struct Visit<'a> {
    pub(super) study: &'a Study,
    pub(super) arm: usize,
    pub(super) phase: &'a Phase,
    /// When it takes place (h).
    pub(super) now: f64,
    /// When it was planned (h).
    pub(super) planned: f64,
    /// Whether it is the moment before the first dose.
    pub(super) first: bool,
}

impl Visit<'_> {
    /// Whether a rule is looked at: those on covariates alone before the first dose only.
    fn concerns(&self, rule: &Rule) -> bool {
        rule.covers(self.arm) && (self.first || !rule.at_start())
    }

    fn decision(
        &self,
        lane: usize,
        rule: usize,
        conditions: &[Condition],
        action: &str,
        known: &dyn Known,
    ) -> Decision {
        let condition = &conditions[0];
        let (value, baseline) = known.value(condition, lane);
        let value = if matches!(condition.test, Test::Fall(..)) { baseline - value } else { value };
        Decision {
            lane,
            time: self.now,
            planned: self.planned,
            by: self.study.rules[rule].name.clone(),
            condition: condition.text.clone(),
            signal: Some(condition.signal),
            value,
            threshold: condition.threshold(),
            action: action.into(),
        }
    }
}

/// The arm of a place.
pub(super) fn phase_at(arm: &Arm, time: f64) -> &Phase {
    arm.phases.iter().find(|p| time < p.end).unwrap_or(&arm.phases[arm.phases.len() - 1])
}
