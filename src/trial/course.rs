//! The course of a block's amounts under regular dosing, and the exposures of its dosing intervals.

use std::borrow::Cow;

use super::Dosing;
use super::endpoint::Exposure;
use super::kinetics::{Kinetics, Solver};
use super::plan::Needs;
use crate::kinetics::block::{Doses, DosingInterval, Nothing, Output, State};
use crate::kinetics::{BlockKinetics, DosedBlock, DosedModel, DosedState};
use crate::response::Metric;

/// The exposure of each subject over one dosing interval, in coherent units.
#[derive(Clone, Debug, Default)]
pub struct IntervalExposure {
    trough: Vec<f64>,
    average: Vec<f64>,
    area: Vec<f64>,
    peak: Vec<f64>,
    peak_time: Vec<f64>,
}

impl IntervalExposure {
    /// The values of a metric, one a subject; empty where it was not asked for.
    pub fn metric(&self, metric: Exposure) -> &[f64] {
        match metric {
            Exposure::Metric(Metric::Ctrough) => &self.trough,
            Exposure::Metric(Metric::Cavg) => &self.average,
            Exposure::Metric(Metric::AUCtau) => &self.area,
            Exposure::Metric(Metric::Cmax) => &self.peak,
            Exposure::Tmax => &self.peak_time,
        }
    }

    /// Takes in the exposure of the part of an interval that comes next, so many hours after its beginning.
    fn goes_on(&mut self, next: IntervalExposure, elapsed: f64) {
        if elapsed <= 0.0 {
            *self = next;
            return;
        }
        self.trough = next.trough;
        self.area.iter_mut().zip(next.area).for_each(|(area, more)| *area += more);
        let own = self.peak.iter_mut().zip(&mut self.peak_time);
        for ((peak, time), (later, at)) in own.zip(next.peak.into_iter().zip(next.peak_time)) {
            if later > *peak {
                (*peak, *time) = (later, elapsed + at);
            }
        }
    }

    /// Takes the values of the subjects that are not chosen from another exposure.
    fn choose(&mut self, chosen: &[bool], other: &IntervalExposure) {
        let columns = [
            (&mut self.trough, &other.trough),
            (&mut self.average, &other.average),
            (&mut self.area, &other.area),
            (&mut self.peak, &other.peak),
            (&mut self.peak_time, &other.peak_time),
        ];
        for (own, other) in columns {
            for ((own, other), chosen) in own.iter_mut().zip(other).zip(chosen) {
                if !chosen {
                    *own = *other;
                }
            }
        }
    }
}

/// The doses of a segment.
#[derive(Clone, Copy, Debug)]
pub(super) enum Taken<'a> {
    /// One amount a subject, at every dose.
    Regular(&'a [f64]),
    /// One amount a subject, and how many doses it takes before it stops.
    Until(&'a [f64], &'a [usize]),
    /// An amount for each subject at the first dose, then for each at the second, and so on.
    DoseByDose(&'a [f64]),
}

/// What a block's kinetics make of the dosing intervals of a study.
#[derive(Debug)]
pub(super) enum Intervals<'k> {
    /// Exponentials are computed here, once.
    Exact {
        kinetics: &'k BlockKinetics,
        prepared: Vec<(usize, f64, DosingInterval<'k>)>,
        /// Subjects whose parameters cannot be computed with.
        faulty: Vec<usize>,
    },
    /// Every interval is integrated.
    Integrated(&'k DosedModel, &'k DosedBlock),
}

impl<'k> Intervals<'k> {
    /// Prepares every pair of formulation and interval (h) that a study gives; `None` where the kinetics are not those
    /// of the solver.
    pub(super) fn new(solver: &'k Solver, kinetics: &'k Kinetics, wanted: &[(usize, f64)]) -> Option<Self> {
        let (model, kinetics) = match (solver, kinetics) {
            (Solver::Exact(model), Kinetics::Exact(kinetics)) => (model, kinetics),
            (Solver::Integrated(model), Kinetics::Integrated(block)) => {
                return Some(Intervals::Integrated(model, block));
            }
            _ => return None,
        };
        let mut faulty: Vec<usize> = kinetics.system().faults().iter().map(|fault| fault.subject).collect();
        let prepared = wanted
            .iter()
            .filter_map(|&(formulation, hours)| {
                let routes = model.formulation(formulation, kinetics)?;
                faulty.extend(routes.faults().iter().map(|fault| fault.subject));
                Some((formulation, hours, DosingInterval::new(kinetics.system(), &routes, hours.into())))
            })
            .collect();
        Some(Intervals::Exact { kinetics, prepared, faulty })
    }

    /// Whether a subject's parameters cannot be computed with.
    pub(super) fn faulty(&self, subject: usize) -> bool {
        match self {
            Intervals::Exact { faulty, .. } => faulty.contains(&subject),
            Intervals::Integrated(..) => false,
        }
    }
}

/// The interval of a rhythm among those that were prepared.
fn of<'p, 'k>(
    prepared: &'p [(usize, f64, DosingInterval<'k>)],
    rhythm: (usize, f64),
) -> Option<&'p DosingInterval<'k>> {
    prepared.iter().find(|(f, h, _)| (*f, *h) == rhythm).map(|(_, _, interval)| interval)
}

/// The amounts of a block, going from interval to interval.
#[derive(Debug)]
pub(super) struct Course<'a, 'k> {
    intervals: &'a Intervals<'k>,
    amounts: Amounts,
    lanes: usize,
}

#[derive(Clone, Debug)]
enum Amounts {
    Exact(State),
    Integrated(DosedState),
}

/// Times at which an interval is searched for its peak where it is integrated: the peak is found to within a hundredth
/// of the interval, and its height to the square of that.
const LOOKS: usize = 100;

impl<'a, 'k> Course<'a, 'k> {
    /// Subjects before their first dose.
    pub(super) fn new(intervals: &'a Intervals<'k>, lanes: usize) -> Self {
        let amounts = match intervals {
            Intervals::Exact { kinetics, .. } => Amounts::Exact(State::empty(kinetics.system())),
            Intervals::Integrated(model, block) => Amounts::Integrated(model.begin(block)),
        };
        Course { intervals, amounts, lanes }
    }

    /// Other kinetics hold from here on; the amounts stay.
    pub(super) fn enter(&mut self, intervals: &'a Intervals<'k>) {
        self.intervals = intervals;
    }

    /// The amounts that dosing without end leads to, just before a dose; `None` where they would grow without end or are
    /// not solved for.
    pub(super) fn at_steady_state(
        intervals: &'a Intervals<'k>,
        dosing: &Dosing,
        lanes: usize,
    ) -> Option<Self> {
        let Intervals::Exact { prepared, .. } = intervals else { return None };
        let amounts = vec![dosing.amount; lanes];
        let state = of(prepared, dosing.rhythm())?.steady_state(&amounts).ok()?;
        Some(Course { intervals, amounts: Amounts::Exact(state), lanes })
    }

    /// Gives doses of a formulation at an interval (h) for a time (h), and measures the last dosing interval.
    pub(super) fn dose(
        &mut self,
        rhythm: (usize, f64),
        taken: Taken<'_>,
        hours: f64,
        needs: Needs,
    ) -> IntervalExposure {
        let before = doses_within(hours, rhythm.1) - 1;
        let mut measured = match (self.intervals, &mut self.amounts) {
            (Intervals::Exact { kinetics, prepared, .. }, Amounts::Exact(state)) => {
                let Some(interval) = of(prepared, rhythm) else { return IntervalExposure::default() };
                exactly(interval, kinetics.output(), state, (taken, before, self.lanes), needs)
            }
            (Intervals::Integrated(model, block), Amounts::Integrated(state)) => {
                let rows: Vec<Cow<'_, [f64]>> = match taken {
                    Taken::Regular(amounts) => vec![Cow::Borrowed(amounts); before + 1],
                    Taken::Until(amounts, counts) => {
                        (0..=before).map(|dose| Cow::Owned(still(amounts, counts, dose))).collect()
                    }
                    Taken::DoseByDose(rows) => {
                        rows.chunks_exact(self.lanes.max(1)).map(Cow::Borrowed).collect()
                    }
                };
                let rows: Vec<&[f64]> = rows.iter().map(AsRef::as_ref).collect();
                integrated(model, block, state, rhythm, &rows, needs)
            }
            _ => return IntervalExposure::default(),
        };
        if needs.area {
            measured.average = measured.area.iter().map(|a| a / rhythm.1).collect();
        }
        measured
    }

    /// Gives doses of a formulation at an interval (h), each at the beginning of one of the parts into which every
    /// interval falls, and measures the last interval. `rows` has an amount for each subject in the first part of the first
    /// interval, then in the second part, and so on.
    pub(super) fn dose_in_parts(
        &mut self,
        (formulation, interval): (usize, f64),
        parts: &[f64],
        rows: &[f64],
        needs: Needs,
    ) -> IntervalExposure {
        let lanes = self.lanes.max(1);
        let mut measured = IntervalExposure::default();
        let mut intervals = rows.chunks_exact(lanes * parts.len()).peekable();
        while let Some(rows) = intervals.next() {
            let last = intervals.peek().is_none();
            let needs = if last { needs } else { Needs::default() };
            let mut elapsed = 0.0;
            for (row, part) in rows.chunks_exact(lanes).zip(parts) {
                let own = self.dose((formulation, *part), Taken::Regular(row), *part, needs);
                if last {
                    measured.goes_on(own, elapsed);
                }
                elapsed += part;
            }
        }
        measured.average = measured.area.iter().map(|area| area / interval).collect();
        measured
    }

    /// The subjects that could not be integrated, each with the code of the reason.
    pub(super) fn failures(&self) -> Vec<(usize, &'static str)> {
        match &self.amounts {
            Amounts::Exact(_) => Vec::new(),
            Amounts::Integrated(state) => {
                state.failures().map(|(lane, reason)| (lane, reason.code())).collect()
            }
        }
    }

    /// The same course, going its own way from here on.
    pub(super) fn fork(&self) -> Self {
        Course { intervals: self.intervals, amounts: self.amounts.clone(), lanes: self.lanes }
    }

    /// Takes the subjects that do not stay, and their exposures, from a course that went its own way.
    pub(super) fn join(
        &mut self,
        stays: &[bool],
        other: &Self,
        exposures: (&mut IntervalExposure, &IntervalExposure),
    ) {
        exposures.0.choose(stays, exposures.1);
        match (&mut self.amounts, &other.amounts) {
            (Amounts::Exact(own), Amounts::Exact(other)) => own.choose(stays, other),
            (Amounts::Integrated(own), Amounts::Integrated(other)) => own.choose(stays, other),
            _ => {}
        }
    }

    /// Concentrations (coherent units) at times (h) after a dose that is given now: a row of all subjects a time.
    pub(super) fn profile(&self, rhythm: (usize, f64), amounts: &[f64], times: &[f64]) -> Vec<Vec<f64>> {
        match (self.intervals, &self.amounts) {
            (Intervals::Exact { kinetics, prepared, .. }, Amounts::Exact(state)) => {
                let Some(interval) = of(prepared, rhythm) else { return Vec::new() };
                let output = kinetics.output();
                let amounts = interval.profile(state, amounts, output.compartment(), times);
                amounts.chunks(self.lanes.max(1)).map(|row| output.scaled(row)).collect()
            }
            (Intervals::Integrated(model, block), Amounts::Integrated(state)) => {
                model.dose(block, &mut state.clone(), rhythm, &[amounts], times).looks
            }
            _ => Vec::new(),
        }
    }
}

/// Goes through doses exactly.
fn exactly(
    interval: &DosingInterval<'_>,
    output: &Output,
    state: &mut State,
    (taken, before, lanes): (Taken<'_>, usize, usize),
    needs: Needs,
) -> IntervalExposure {
    let amounts = match taken {
        Taken::Regular(amounts) => {
            interval.leap(state, amounts, before);
            Cow::Borrowed(amounts)
        }
        Taken::Until(amounts, counts) => {
            // From one end of somebody's doses to the next.
            let mut ends: Vec<usize> = counts.iter().copied().filter(|count| *count < before).collect();
            ends.push(before);
            ends.sort_unstable();
            ends.dedup();
            let mut done = 0;
            for end in ends {
                let own = still(amounts, counts, done);
                interval.advance(state, Doses::Same(&own), end - done, None, &mut Nothing);
                done = end;
            }
            Cow::Owned(still(amounts, counts, before))
        }
        Taken::DoseByDose(rows) => {
            let (rows, last) = rows.split_at(before * lanes);
            interval.advance(state, Doses::Each(rows), before, None, &mut Nothing);
            Cow::Borrowed(last)
        }
    };
    let mut measured = IntervalExposure::default();
    if needs.peak {
        let exposure = interval.exposure(state, &amounts, output);
        measured.peak = exposure.peak;
        measured.peak_time = exposure.peak_time;
    }
    if needs.area {
        measured.area = interval.area(state, &amounts, output);
    }
    interval.advance(state, Doses::Same(&amounts), 1, None, &mut Nothing);
    measured.trough = output.of(state, lanes);
    measured
}

/// The amounts at a dose of those who have not stopped before it.
fn still(amounts: &[f64], counts: &[usize], dose: usize) -> Vec<f64> {
    amounts.iter().zip(counts).map(|(amount, count)| if *count > dose { *amount } else { 0.0 }).collect()
}

/// Integrates through doses.
fn integrated(
    model: &DosedModel,
    block: &DosedBlock,
    state: &mut DosedState,
    rhythm: (usize, f64),
    rows: &[&[f64]],
    needs: Needs,
) -> IntervalExposure {
    let looks: Vec<f64> = match needs.peak {
        true => (0..=LOOKS).map(|k| rhythm.1 * k as f64 / LOOKS as f64).collect(),
        false => Vec::new(),
    };
    let exposure = model.dose(block, state, rhythm, rows, &looks);
    let mut measured = IntervalExposure { trough: exposure.trough, ..IntervalExposure::default() };
    if needs.area {
        measured.area = exposure.area;
    }
    if needs.peak {
        let lanes = measured.trough.len();
        (measured.peak, measured.peak_time) = (vec![f64::NAN; lanes], vec![f64::NAN; lanes]);
        for (row, time) in exposure.looks.iter().zip(&looks) {
            for (lane, value) in row.iter().enumerate().filter(|(lane, _)| measured.trough[*lane].is_finite())
            {
                if measured.peak[lane].is_nan() || *value > measured.peak[lane] {
                    (measured.peak[lane], measured.peak_time[lane]) = (*value, *time);
                }
            }
        }
    }
    measured
}

/// How many doses a time (h) holds, at least one. Phases and moments are whole numbers of intervals: the reader of
/// studies and the plan have seen to it.
pub(super) fn doses_within(hours: f64, interval: f64) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let count = (hours / interval).round().max(1.0) as usize;
    count
}
