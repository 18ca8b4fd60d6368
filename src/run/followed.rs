//! The first subjects of a study followed through their arms: biomarkers over time, time on treatment, and the doses of
//! a few of them.

use super::profiles::bands;
use super::records::has_records;
use super::results::{Course, DoseSpan, Patient, Persistence, PersistenceStep, SpanKind};
use crate::statistics::{Observed, kaplan_meier};
use crate::trial::endpoint::Measure;
use crate::trial::{Block, Entry, Followed, Reason, Study, Test, Trial};
use crate::units::Unit;

/// Patients shown as they come, then those whose doses a rule changed, then those who ended treatment early.
const SHOWN: [usize; 3] = [6, 8, 4];

/// What pictures of the subjects in time need.
#[derive(Debug, Default)]
pub(super) struct InTime {
    pub(super) courses: Vec<Course>,
    pub(super) persistence: Vec<Persistence>,
    pub(super) patients: Vec<Patient>,
}

/// Follows a sample of the subjects, the first of them, at the central parameters.
pub(super) fn in_time(trial: &Trial<'_>, sample: &Block) -> InTime {
    let study = trial.study();
    let told = has_records(study);
    if !told && study.responses.iter().all(|used| used.kind.biomarker.is_none()) {
        return InTime::default();
    }
    let subjects = sample.lanes() as u64;
    let arms: Vec<Followed> = (0..study.arms.len()).map(|arm| trial.follow(sample, arm)).collect();
    let courses = courses(study, &arms);
    if !told {
        return InTime { courses, ..InTime::default() };
    }
    let persistence: Vec<Persistence> =
        arms.iter().enumerate().map(|(arm, followed)| persistence(study, arm, followed, subjects)).collect();
    let stops = persistence.iter().any(|p| !p.steps.is_empty());
    InTime {
        courses,
        persistence: if stops { persistence } else { Vec::new() },
        patients: patients(study, &arms, subjects),
    }
}

/// Biomarker by biomarker, arm by arm.
fn courses(study: &Study, arms: &[Followed]) -> Vec<Course> {
    let mut courses = Vec::new();
    for (response, used) in study.responses.iter().enumerate() {
        let Some(unit) = &used.kind.biomarker else { continue };
        let variable = study.population.variables().iter().find(|v| v.name == used.name);
        let label = variable.map_or(&used.name, |v| &v.description);
        let thresholds = thresholds(study, response, unit);
        for (arm, followed) in study.arms.iter().zip(arms) {
            let own = followed.biomarkers.iter().find(|b| b.response == response);
            let Some(own) = own.filter(|own| own.times.len() > 1) else { continue };
            let bands = bands(&arm.name, label.clone(), own.times.clone(), &own.values, unit);
            courses.push(Course { response: used.name.clone(), thresholds: thresholds.clone(), bands });
        }
    }
    courses
}

/// The values of a biomarker that rules and endpoints ask about, in its unit.
fn thresholds(study: &Study, response: usize, unit: &Unit) -> Vec<f64> {
    let mut found = Vec::new();
    for condition in study.rules.iter().flat_map(crate::trial::Rule::conditions) {
        if let (true, Test::Value(_, value)) = (condition.response() == Some(response), condition.test) {
            found.push(value);
        }
    }
    for endpoint in &study.endpoints {
        asked(&endpoint.measure, response, &mut found);
    }
    found.sort_by(f64::total_cmp);
    found.dedup();
    found.into_iter().map(|value| unit.from_coherent(value)).collect()
}

fn asked(measure: &Measure, response: usize, found: &mut Vec<f64>) {
    match measure {
        Measure::Threshold(r, _, value) if *r == response => found.push(*value),
        Measure::All(parts) | Measure::Any(parts) | Measure::Grade(parts) => {
            parts.iter().for_each(|part| asked(part, response, found))
        }
        Measure::Ever(event) | Measure::TimeTo(event) => asked(event, response, found),
        _ => {}
    }
}

/// Whether treatment has ended.
fn ended(reason: Reason) -> bool {
    matches!(reason, Reason::Stopped(_) | Reason::Discontinued(_) | Reason::NotEligible)
}

/// The entries of each subject.
fn by_subject(followed: &Followed, subjects: u64) -> Vec<Vec<&Entry>> {
    let mut entries = vec![Vec::new(); usize::try_from(subjects).unwrap_or(0)];
    for entry in followed.records.ledger() {
        if let Some(own) = entries.get_mut(entry.lane) {
            own.push(entry);
        }
    }
    entries
}

fn persistence(study: &Study, arm: usize, followed: &Followed, subjects: u64) -> Persistence {
    let until = study.arms[arm].end();
    let observed: Vec<Observed> = by_subject(followed, subjects)
        .iter()
        .map(|entries| {
            let stop = entries.iter().find(|e| ended(e.reason)).map(|e| e.from);
            Observed { time: stop.unwrap_or(until), event: stop.is_some() }
        })
        .collect();
    let step = |s: &crate::statistics::Step| {
        // Where nobody is left there is no interval.
        let [upper, lower] = if s.survival > 0.0 { s.interval } else { [s.survival; 2] };
        PersistenceStep {
            time: s.time,
            at_risk: s.at_risk,
            stopped: s.events,
            share: s.survival,
            lower: lower.min(upper),
            upper: lower.max(upper),
        }
    };
    let steps = kaplan_meier(&observed, 0.95).steps.iter().map(step).collect();
    Persistence { arm: study.arms[arm].name.clone(), subjects, until, steps }
}

/// The doses of a few patients, in every arm.
fn patients(study: &Study, arms: &[Followed], subjects: u64) -> Vec<Patient> {
    let entries: Vec<Vec<Vec<&Entry>>> = arms.iter().map(|arm| by_subject(arm, subjects)).collect();
    let any = |subject: usize, of: fn(Reason) -> bool| {
        entries.iter().any(|arm| arm[subject].iter().any(|entry| of(entry.reason)))
    };
    let kinds: [fn(Reason) -> bool; 3] =
        [|_| true, |reason| matches!(reason, Reason::Held(_) | Reason::Changed(_)), ended];
    let mut chosen: Vec<usize> = Vec::new();
    for (kind, count) in kinds.into_iter().zip(SHOWN) {
        let all = 0..usize::try_from(subjects).unwrap_or(0);
        let more: Vec<usize> = all.filter(|s| !chosen.contains(s) && any(*s, kind)).take(count).collect();
        chosen.extend(more);
    }
    let unit = study.model.compartments().first().map_or_else(String::new, |c| c.unit.text().to_string());
    let mut patients = Vec::new();
    for (arm, entries) in study.arms.iter().zip(&entries) {
        for &subject in &chosen {
            patients.push(Patient {
                id: subject as u64 + 1,
                arm: arm.name.clone(),
                unit: unit.clone(),
                spans: spans(study, &entries[subject]),
            });
        }
    }
    patients
}

/// Entries as stretches of one dose; doses that were missed or doubled are part of their stretch.
fn spans(study: &Study, entries: &[&Entry]) -> Vec<DoseSpan> {
    let unit = study.model.compartments().first().map_or_else(Unit::one, |c| c.unit.clone());
    let mut spans: Vec<DoseSpan> = Vec::new();
    for entry in entries {
        let missed = if entry.reason == Reason::Missed { entry.doses } else { 0 };
        if matches!(entry.reason, Reason::Missed | Reason::Doubled)
            && let Some(last) = spans.last_mut()
        {
            last.to = entry.to;
            last.missed += missed;
            continue;
        }
        let (amount, reason) = (unit.from_coherent(entry.amount), entry.reason.words(study));
        match spans.last_mut() {
            Some(last) if last.amount == amount && last.reason == reason => last.to = entry.to,
            _ => spans.push(DoseSpan {
                from: entry.from,
                to: entry.to,
                amount,
                missed,
                reason,
                kind: kind(entry.reason),
            }),
        }
    }
    spans
}

fn kind(reason: Reason) -> SpanKind {
    match reason {
        Reason::Held(_) => SpanKind::Held,
        Reason::Changed(_) => SpanKind::Changed,
        reason if ended(reason) => SpanKind::Ended,
        _ => SpanKind::Planned,
    }
}
