//! What chance holds for the subjects of a block, whatever is done to them: drawn once, the same in every arm and at
//! every draw of the parameters. Each draw has an address that names what it is for and when, so that a visit, an arm
//! or a response that is added changes no other.

use super::adherence::Intake;
use super::condition::Condition;
use super::factor::Factor;
use super::protocol::{Choice, Randomisation};
use super::{Cause, Study};
use crate::population::Cohort;
use crate::random::{Address, Purpose, Stream, Subjects, number_of};
use crate::response::{Draw, PersistenceModel};

/// A visit that does not take place.
pub(super) const MISSED: i8 = i8::MIN;

/// Chance for a block of subjects.
#[derive(Debug)]
pub(super) struct Chance {
    /// One uniform a response and subject: the luck against its probability.
    pub(super) luck: Vec<Vec<f64>>,
    /// By planned visit of [`Moments`]: on which day of its window each subject comes; empty where all come in time.
    attendance: Vec<Vec<i8>>,
    /// By response and measured time: standard normal deviates of the assay; empty where it has none.
    noise: Vec<Vec<Vec<f64>>>,
    /// By arm and phase: the group of each subject; empty where nothing is drawn.
    groups: Vec<Vec<Vec<usize>>>,
    /// By cause and subject, a uniform draw: when it discontinues. Where evidence has the hazard of all causes, the
    /// first tells when and the second why.
    stops: Vec<Vec<f64>>,
    /// By dosing interval (h): how each dose is taken, dose by dose with one intake a subject.
    taken: Vec<(f64, Vec<Intake>)>,
    lanes: usize,
}

/// When, over all arms, something is measured (h): these times name draws.
#[derive(Clone, Debug, Default)]
pub(super) struct Moments {
    /// Planned visits.
    planned: Vec<f64>,
    /// Planned visits, decisions, and the time before the first dose.
    measured: Vec<f64>,
}

impl Moments {
    pub(super) fn new(study: &Study) -> Self {
        let end = study.arms.iter().map(super::Arm::end).fold(0.0, f64::max);
        let planned = study.visits.as_ref().map_or_else(Vec::new, |v| v.schedule.times(end));
        let mut measured = planned.clone();
        measured.push(0.0);
        let phases = study.arms.iter().flat_map(|arm| &arm.phases);
        measured.extend(phases.filter(|p| !p.conditions().is_empty()).map(|p| p.start));
        measured.sort_by(f64::total_cmp);
        measured.dedup();
        Moments { planned, measured }
    }
}

/// The index of a draw that belongs to a time (h).
fn index(time: f64) -> u64 {
    // Times of a trial are hours from 0 on, far below 2^53.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let index = time.round().max(0.0) as u64;
    index
}

impl Chance {
    pub(super) fn draw(study: &Study, moments: &Moments, subjects: &Subjects, cohort: &Cohort) -> Self {
        let luck = study.responses.iter().map(|response| {
            let address = Address::new(study.seed, Purpose::Luck).named(response.luck());
            subjects.streams(address).map(|mut stream| stream.uniform()).collect()
        });
        Chance {
            luck: luck.collect(),
            attendance: attendance(study, moments, subjects),
            noise: noise(study, moments, subjects),
            groups: groups(study, subjects, cohort),
            stops: stops(study, subjects),
            taken: taken(study, subjects),
            lanes: subjects.count(),
        }
    }

    /// Whether a subject comes to a planned visit on a day of its window.
    pub(super) fn comes(&self, moments: &Moments, planned: f64, day: i8, lane: usize) -> bool {
        if self.attendance.is_empty() {
            return day == 0;
        }
        let visit = moments.planned.iter().position(|time| *time == planned);
        visit.is_some_and(|visit| self.attendance[visit][lane] == day)
    }

    /// The assay's deviates of a response at a measured time, one a subject; empty where it has no assay.
    pub(super) fn noise(&self, moments: &Moments, response: usize, time: f64) -> &[f64] {
        let place = moments.measured.iter().position(|measured| *measured == time);
        let columns = self.noise.get(response);
        place.and_then(|place| columns?.get(place)).map_or(&[], Vec::as_slice)
    }

    /// When each subject discontinues (h), and for which reason; empty where nobody does. `persistence` is the hazard
    /// that evidence gives, at a draw.
    pub(super) fn stops(
        &self,
        study: &Study,
        cohort: &Cohort,
        persistence: Option<(&PersistenceModel, Draw)>,
    ) -> Vec<(f64, usize)> {
        let causes = &study.discontinuation.causes;
        let Some((model, draw)) = persistence else {
            if causes.is_empty() {
                return Vec::new();
            }
            return (0..self.lanes).map(|lane| self.first(causes, cohort, lane)).collect();
        };
        let places: Vec<Option<usize>> =
            model.covariates().map(|name| study.population.place(name)).collect();
        let mut values = vec![0.0; places.len()];
        let stop = |lane: usize| {
            for (value, place) in values.iter_mut().zip(&places) {
                *value = place.and_then(|p| cohort.column(p).get(lane).copied()).unwrap_or(f64::NAN);
            }
            let mut end = 0.0;
            let within = |cause: &Cause| {
                end += cause.share;
                self.stops[1][lane] < end
            };
            let why = causes.iter().position(within).unwrap_or(causes.len().saturating_sub(1));
            (model.time(draw, model.ratio(draw, &values), self.stops[0][lane]), why)
        };
        (0..self.lanes).map(stop).collect()
    }

    /// The first of the competing causes.
    fn first(&self, causes: &[Cause], cohort: &Cohort, lane: usize) -> (f64, usize) {
        let applies = |condition: &Condition| condition.holds_at_start(cohort, lane);
        let times = causes.iter().zip(&self.stops).map(|(cause, u)| cause.time(u[lane], applies)).zip(0..);
        times.fold((f64::INFINITY, 0), |first, own| if own.0 < first.0 { own } else { first })
    }

    /// How each subject takes the dose that is due at a time; empty where everybody takes it once and in time.
    pub(super) fn taken(&self, interval: f64, time: f64) -> &[Intake] {
        let column = self.taken.iter().find(|(own, _)| *own == interval);
        let dose = usize::try_from(index(time / interval)).unwrap_or(0);
        column
            .and_then(|(_, taken)| taken.get(dose * self.lanes..(dose + 1) * self.lanes))
            .unwrap_or_default()
    }

    /// The groups of the subjects in a phase; empty where nothing is drawn.
    pub(super) fn groups(&self, arm: usize, phase: usize) -> &[usize] {
        self.groups.get(arm).and_then(|phases| phases.get(phase)).map_or(&[], Vec::as_slice)
    }
}

fn attendance(study: &Study, moments: &Moments, subjects: &Subjects) -> Vec<Vec<i8>> {
    let Some(visits) = study.visits.as_ref().filter(|v| v.window > 0 || v.missed > 0.0) else {
        return Vec::new();
    };
    let width = f64::from(2 * visits.window + 1);
    let address = Address::new(study.seed, Purpose::Visits);
    let mut days = vec![Vec::new(); moments.planned.len()];
    for mut stream in subjects.streams(address) {
        for (planned, days) in moments.planned.iter().zip(&mut days) {
            stream.seek(2 * index(*planned));
            let missed = stream.uniform() < visits.missed;
            // A day of the window; the first of two windows of the baseline would lie before the study.
            #[allow(clippy::cast_possible_truncation)]
            let day = (width * stream.uniform()).floor() as i8 - i8::try_from(visits.window).unwrap_or(60);
            let day = if *planned == 0.0 { 0 } else { day };
            days.push(if missed && *planned > 0.0 { MISSED } else { day });
        }
    }
    days
}

fn noise(study: &Study, moments: &Moments, subjects: &Subjects) -> Vec<Vec<Vec<f64>>> {
    let mut noise = vec![Vec::new(); study.responses.len()];
    for assay in &study.assays {
        let address = Address::new(study.seed, Purpose::Assay).named(&study.responses[assay.response].name);
        let mut columns = vec![Vec::new(); moments.measured.len()];
        for mut stream in subjects.streams(address) {
            for (time, column) in moments.measured.iter().zip(&mut columns) {
                stream.seek(index(*time));
                column.push(stream.normal());
            }
        }
        noise[assay.response] = columns;
    }
    noise
}

/// Each cause has draws of its own, and evidence has two.
fn stops(study: &Study, subjects: &Subjects) -> Vec<Vec<f64>> {
    let own = |name: &str| {
        let address = Address::new(study.seed, Purpose::Discontinuation).named(name);
        subjects.streams(address).map(|mut stream| stream.uniform()).collect()
    };
    match &study.discontinuation.evidence {
        Some(_) => vec![own("persistence"), own("reason")],
        None => study.discontinuation.causes.iter().map(|cause| own(&cause.name)).collect(),
    }
}

fn taken(study: &Study, subjects: &Subjects) -> Vec<(f64, Vec<Intake>)> {
    let Some(adherence) = &study.adherence else { return Vec::new() };
    let phases = study.arms.iter().flat_map(|arm| &arm.phases);
    let mut intervals: Vec<f64> =
        phases.flat_map(|p| &p.options).chain(&study.others).map(|d| d.interval).collect();
    intervals.sort_by(f64::total_cmp);
    intervals.dedup();
    let end = study.arms.iter().map(super::Arm::end).fold(0.0, f64::max);
    let lanes = subjects.count();
    let of = |interval: f64| {
        let doses = super::course::doses_within(end, interval);
        let mut taken = vec![Intake::default(); doses * lanes];
        let address = Address::new(study.seed, Purpose::Adherence).named(&format!("{interval} h"));
        for (lane, mut stream) in subjects.streams(address).enumerate() {
            let put = |dose: usize, times| taken[dose * lanes + lane].times = times;
            adherence.taken(&mut stream, interval, doses, put);
        }
        if !adherence.late.is_empty() {
            let address = Address::new(study.seed, Purpose::Adherence).named(&format!("{interval} h, late"));
            for (lane, mut stream) in subjects.streams(address).enumerate() {
                let put = |dose: usize, late| taken[dose * lanes + lane].late = late;
                adherence.lateness(&mut stream, doses, put);
            }
        }
        (interval, taken)
    };
    intervals.into_iter().map(of).collect()
}

fn groups(study: &Study, subjects: &Subjects, cohort: &Cohort) -> Vec<Vec<Vec<usize>>> {
    let phase = |choice: &Choice| match choice {
        Choice::Randomise(randomisation, ..) => {
            let origin = Address::new(study.seed, Purpose::Randomisation).replicate(subjects.replicate);
            let numbers = subjects.numbers.clone().enumerate();
            numbers.map(|(lane, s)| randomisation.group(origin, s, lane, cohort)).collect()
        }
        _ => Vec::new(),
    };
    study.arms.iter().map(|arm| arm.phases.iter().map(|p| phase(&p.choice)).collect()).collect()
}

impl Randomisation {
    /// The group of a subject, by its number in the list of its stratum. Each stratum has a list of its own for all
    /// numbers, in permuted blocks where blocks are asked for; who is not eligible leaves his place empty.
    fn group(&self, origin: Address, subject: u64, lane: usize, cohort: &Cohort) -> usize {
        let total: u32 = self.ratio.iter().sum();
        let mut list = number_of(&self.name);
        for factor in &self.strata {
            let level = factor.value(cohort, lane);
            let stratum = match factor {
                Factor::Covariate(variable) => format!("{variable} {level}"),
                Factor::Cut(condition) => format!("{} {level}", condition.text),
            };
            list = list.rotate_left(5) ^ number_of(&stratum);
        }
        let address = origin.occasion(list);
        let Some(block) = self.block else {
            let place = Stream::new(address.subject(subject)).uniform() * f64::from(total);
            return self.weighed(place);
        };
        let size = u64::from(block);
        let mut stream = Stream::new(address.subject(subject / size));
        // The places of a block in random order (Fisher and Yates), up to the subject's own.
        let mut places: Vec<u32> = (0..block).collect();
        let own = usize::try_from(subject % size).unwrap_or(0);
        for i in 0..=own {
            let left = places.len() - i;
            // A number below the few places that are left.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let other = i + (stream.uniform() * left as f64) as usize;
            places.swap(i, other);
        }
        self.weighed(f64::from(places[own] % total) + 0.5)
    }

    /// The group in whose share of (0, sum of the ratio) a place lies.
    fn weighed(&self, place: f64) -> usize {
        let mut end = 0.0;
        let within = |weight: &u32| {
            end += f64::from(*weight);
            place < end
        };
        self.ratio.iter().position(within).unwrap_or(self.ratio.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permuted_blocks_hold_the_ratio() {
        let mut randomisation =
            Randomisation { ratio: vec![2, 1], strata: Vec::new(), block: Some(6), name: "a".into() };
        let groups = |r: &Randomisation| -> Vec<usize> {
            (0..600)
                .map(|s| r.group(Address::new(1, Purpose::Randomisation), s, 0, &Cohort::default()))
                .collect()
        };
        let first = groups(&randomisation);
        for block in first.chunks(6) {
            assert_eq!(block.iter().filter(|g| **g == 0).count(), 4, "{block:?}");
        }
        assert!(first.chunks(6).any(|b| b != &first[..6]));
        randomisation.block = None;
        let simple = groups(&randomisation);
        let share = simple.iter().filter(|g| **g == 0).count();
        // 400 expected, binomial standard deviation 11.5.
        assert!((365..435).contains(&share), "{share}");
        assert!(simple.chunks(6).any(|b| b.iter().filter(|g| **g == 0).count() != 4));
    }
}
