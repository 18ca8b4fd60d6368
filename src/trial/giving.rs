//! Gives the doses of a walk: what each subject takes, what the ledger says of it, and what the kinetics make of it.

use super::adherence::{Adherence, Intake};
use super::conduct::Given;
use super::course::{Course, IntervalExposure, Taken, doses_within};
use super::ledger::{Entry, Reason};
use super::plan::{Needs, Step};
use super::walk::{Passage, Walk};

/// A part of a step under one rhythm.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    /// When it begins (h).
    pub(super) from: f64,
    /// How long it is (h).
    pub(super) hours: f64,
    pub(super) needs: Needs,
}

impl Walk<'_, '_> {
    /// Gives the doses of a step, each subject its own, and measures the last interval.
    pub(super) fn segment(
        &self,
        step: &Step,
        course: &mut Course<'_, '_>,
        passage: &mut Passage<'_>,
    ) -> IntervalExposure {
        let until = self.plan.times[step.moment];
        let given = self.given(step, passage);
        passage.conduct.pass(step.from, until);
        let segment = Segment { from: step.from, hours: until - step.from, needs: step.needs };
        let rhythms = &self.plan.rhythms[step.phase];
        if rhythms.len() == 1 {
            return self.dose(rhythms[0], &given, segment, course, passage);
        }
        // Regimens that differ in more than the dose: each goes its own way, and every subject takes its own.
        let begun = course.fork();
        let mut measured: Option<IntervalExposure> = None;
        for rhythm in rhythms.iter().filter(|r| given.iter().any(|g| g.rhythm == **r)) {
            let mut own = begun.fork();
            let exposure = self.dose(*rhythm, &given, segment, &mut own, passage);
            match &mut measured {
                None => {
                    *course = own;
                    measured = Some(exposure);
                }
                Some(measured) => {
                    let stays: Vec<bool> = given.iter().map(|g| g.rhythm != *rhythm).collect();
                    course.join(&stays, &own, (measured, &exposure));
                }
            }
        }
        measured.unwrap_or_default()
    }

    /// What each subject gets in a step.
    pub(super) fn given(&self, step: &Step, passage: &Passage<'_>) -> Vec<Given> {
        let phase = &self.arm.phases[step.phase];
        let study = self.trial.study;
        (0..self.block.lanes).map(|lane| passage.conduct.given(lane, study, phase, step.from)).collect()
    }

    /// Gives the doses of one rhythm to the subjects that have it. A subject knows nothing of the others: that doses are
    /// summed up, which rounds otherwise, depends on the study alone.
    pub(super) fn dose(
        &self,
        rhythm: (usize, f64),
        given: &[Given],
        segment: Segment,
        course: &mut Course<'_, '_>,
        passage: &mut Passage<'_>,
    ) -> IntervalExposure {
        let study = self.trial.study;
        let own = |g: &Given| if g.rhythm == rhythm { g.amount } else { 0.0 };
        let amounts: Vec<f64> = given.iter().map(own).collect();
        if let Some(adherence) = &study.adherence {
            return self.dose_by_dose(adherence, rhythm, (given, &amounts), segment, course, passage);
        }
        let doses = doses_within(segment.hours, rhythm.1);
        let counts: Vec<usize> = passage
            .conduct
            .standings
            .iter()
            .map(|own| {
                let ends = own.stop > segment.from && own.stop < segment.from + segment.hours;
                if ends {
                    (0..doses).take_while(|k| due(segment, rhythm, *k) < own.stop).count()
                } else {
                    doses
                }
            })
            .collect();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        for ((own, amount), count) in passage.conduct.standings.iter_mut().zip(&amounts).zip(&counts) {
            own.doses += if *amount > 0.0 { number(*count) } else { 0 };
        }
        if let Some(records) = &mut passage.records {
            for (lane, g) in given.iter().enumerate().filter(|(_, g)| g.rhythm == rhythm) {
                let (count, interval) = (counts[lane], rhythm.1);
                let end = segment.from + segment.hours;
                let split = if count < doses { due(segment, rhythm, count) } else { end };
                let entry = Entry {
                    lane,
                    from: segment.from,
                    to: split,
                    amount: g.amount,
                    interval,
                    doses: number(count),
                    late: 0.0,
                    reason: g.reason,
                };
                if count > 0 {
                    records.give(entry);
                }
                if count < doses {
                    let (doses, reason) = (number(doses - count), passage.conduct.standings[lane].why);
                    records.give(Entry { from: split, to: end, amount: 0.0, doses, reason, ..entry });
                }
            }
        }
        let taken = match study.discontinuation.causes.is_empty() {
            true => Taken::Regular(&amounts),
            false => Taken::Until(&amounts, &counts),
        };
        course.dose(rhythm, taken, segment.hours, segment.needs)
    }

    /// The same where doses are missed, doubled or late.
    fn dose_by_dose(
        &self,
        adherence: &Adherence,
        rhythm: (usize, f64),
        (given, amounts): (&[Given], &[f64]),
        segment: Segment,
        course: &mut Course<'_, '_>,
        passage: &mut Passage<'_>,
    ) -> IntervalExposure {
        let delays: Vec<f64> = adherence.delays().collect();
        let Passage { conduct, records, rows, .. } = passage;
        rows.clear();
        for dose in 0..doses_within(segment.hours, rhythm.1) {
            let time = due(segment, rhythm, dose);
            let taken = self.block.chance.taken(rhythm.1, time);
            let first = rows.len();
            rows.resize(first + delays.len() * self.block.lanes, 0.0);
            for (lane, (own, amount)) in conduct.standings.iter_mut().zip(amounts).enumerate() {
                let Intake { times, late } = taken.get(lane).copied().unwrap_or_default();
                let delay = delays.get(usize::from(late)).copied().unwrap_or(0.0);
                let (amount, reason) = match times {
                    _ if own.stop <= time + delay => (0.0, own.why),
                    _ if *amount <= 0.0 => (*amount, given[lane].reason),
                    0 => (0.0, Reason::Missed),
                    2 => (2.0 * amount, Reason::Doubled),
                    _ => (*amount, given[lane].reason),
                };
                rows[first + usize::from(late) * self.block.lanes + lane] = amount;
                own.doses += u32::from(amount > 0.0);
                if let Some(records) = records.as_mut().filter(|_| given[lane].rhythm == rhythm) {
                    let (to, interval, doses) = (time + rhythm.1, rhythm.1, 1);
                    let late = if amount > 0.0 { delay } else { 0.0 };
                    records.give(Entry { lane, from: time, to, amount, interval, doses, late, reason });
                }
            }
        }
        if delays.len() > 1 {
            return course.dose_in_parts(rhythm, &adherence.parts(rhythm.1), rows, segment.needs);
        }
        course.dose(rhythm, Taken::DoseByDose(rows), segment.hours, segment.needs)
    }
}

/// When a dose of a segment is due (h).
fn due(segment: Segment, rhythm: (usize, f64), dose: usize) -> f64 {
    // Doses of a trial are far fewer than 2^52.
    #[allow(clippy::cast_precision_loss)]
    let intervals = dose as f64;
    segment.from + intervals * rhythm.1
}
