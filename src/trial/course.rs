//! The course of a block's amounts under regular dosing, and the exposures of its dosing intervals.

use super::Dosing;
use super::endpoint::Exposure;
use super::plan::Needs;
use crate::kinetics::block::{Doses, DosingInterval, Nothing, Output, State};
use crate::kinetics::{BlockKinetics, BlockModel};
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
    /// An amount for each subject at the first dose, then for each at the second, and so on.
    DoseByDose(&'a [f64]),
}

/// What a block's kinetics make of the dosing intervals of a study: exponentials are computed here, once.
#[derive(Debug)]
pub(super) struct Intervals<'k> {
    kinetics: &'k BlockKinetics,
    prepared: Vec<(usize, f64, DosingInterval<'k>)>,
    /// Subjects whose parameters cannot be computed with.
    faulty: Vec<usize>,
}

impl<'k> Intervals<'k> {
    /// Prepares every pair of formulation and interval (h) that a study gives.
    pub(super) fn new(model: &BlockModel, kinetics: &'k BlockKinetics, wanted: &[(usize, f64)]) -> Self {
        let mut faulty: Vec<usize> = kinetics.system().faults().iter().map(|fault| fault.subject).collect();
        let prepared = wanted
            .iter()
            .filter_map(|&(formulation, hours)| {
                let routes = model.formulation(formulation, kinetics)?;
                faulty.extend(routes.faults().iter().map(|fault| fault.subject));
                Some((formulation, hours, DosingInterval::new(kinetics.system(), &routes, hours.into())))
            })
            .collect();
        Intervals { kinetics, prepared, faulty }
    }

    /// Whether a subject's parameters cannot be computed with.
    pub(super) fn faulty(&self, subject: usize) -> bool {
        self.faulty.contains(&subject)
    }

    fn of(&self, rhythm: (usize, f64)) -> Option<&DosingInterval<'k>> {
        self.prepared.iter().find(|(f, h, _)| (*f, *h) == rhythm).map(|(_, _, interval)| interval)
    }
}

/// The amounts of a block, going from interval to interval.
#[derive(Debug)]
pub(super) struct Course<'a, 'k> {
    intervals: &'a Intervals<'k>,
    output: &'k Output,
    state: State,
    lanes: usize,
}

impl<'a, 'k> Course<'a, 'k> {
    /// Empty compartments.
    pub(super) fn new(intervals: &'a Intervals<'k>, lanes: usize) -> Self {
        let kinetics = intervals.kinetics;
        Course { intervals, output: kinetics.output(), state: State::empty(kinetics.system()), lanes }
    }

    /// Other kinetics hold from here on; the amounts stay.
    pub(super) fn enter(&mut self, intervals: &'a Intervals<'k>) {
        self.intervals = intervals;
        self.output = intervals.kinetics.output();
    }

    /// The amounts that dosing without end leads to, just before a dose; `None` where they would grow without end.
    pub(super) fn at_steady_state(
        intervals: &'a Intervals<'k>,
        dosing: &Dosing,
        lanes: usize,
    ) -> Option<Self> {
        let amounts = vec![dosing.amount; lanes];
        let state = intervals.of(dosing.rhythm())?.steady_state(&amounts).ok()?;
        Some(Course { state, ..Course::new(intervals, lanes) })
    }

    /// Gives doses of a formulation at an interval (h) for a time (h), and measures the last dosing interval.
    pub(super) fn dose(
        &mut self,
        rhythm: (usize, f64),
        taken: Taken<'_>,
        hours: f64,
        needs: Needs,
    ) -> IntervalExposure {
        let Some(interval) = self.intervals.of(rhythm) else { return IntervalExposure::default() };
        let before = doses_within(hours, rhythm.1) - 1;
        let amounts = match taken {
            Taken::Regular(amounts) => {
                interval.leap(&mut self.state, amounts, before);
                amounts
            }
            Taken::DoseByDose(rows) => {
                let (rows, last) = rows.split_at(before * self.lanes);
                interval.advance(&mut self.state, Doses::Each(rows), before, None, &mut Nothing);
                last
            }
        };
        let mut measured = IntervalExposure::default();
        if needs.peak {
            let exposure = interval.exposure(&self.state, amounts, self.output);
            measured.peak = exposure.peak;
            measured.peak_time = exposure.peak_time;
        }
        if needs.area {
            measured.area = interval.area(&self.state, amounts, self.output);
            measured.average = measured.area.iter().map(|a| a / rhythm.1).collect();
        }
        interval.advance(&mut self.state, Doses::Same(amounts), 1, None, &mut Nothing);
        measured.trough = self.output.of(&self.state, self.lanes);
        measured
    }

    /// The same course, going its own way from here on.
    pub(super) fn fork(&self) -> Self {
        Course {
            intervals: self.intervals,
            output: self.output,
            state: self.state.clone(),
            lanes: self.lanes,
        }
    }

    /// Takes the subjects that do not stay, and their exposures, from a course that went its own way.
    pub(super) fn join(
        &mut self,
        stays: &[bool],
        other: &Self,
        exposures: (&mut IntervalExposure, &IntervalExposure),
    ) {
        exposures.0.choose(stays, exposures.1);
        self.state.choose(stays, &other.state);
    }

    /// Concentrations (coherent units) at times (h) after a dose that is given now: a row of all subjects a time.
    pub(super) fn profile(&self, rhythm: (usize, f64), amounts: &[f64], times: &[f64]) -> Vec<Vec<f64>> {
        let Some(interval) = self.intervals.of(rhythm) else { return Vec::new() };
        let amounts = interval.profile(&self.state, amounts, self.output.compartment(), times);
        amounts.chunks(self.lanes.max(1)).map(|row| self.output.scaled(row)).collect()
    }
}

/// How many doses a time (h) holds, at least one. Phases and moments are whole numbers of intervals: the reader of
/// studies and the plan have seen to it.
pub(super) fn doses_within(hours: f64, interval: f64) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let count = (hours / interval).round().max(1.0) as usize;
    count
}
