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

/// What a block's kinetics make of the dosing intervals of a study: exponentials are computed here, once.
#[derive(Debug)]
pub(super) struct Intervals<'k> {
    kinetics: &'k BlockKinetics,
    prepared: Vec<(usize, f64, DosingInterval<'k>)>,
}

impl<'k> Intervals<'k> {
    /// Prepares every pair of formulation and interval (h) that a study gives.
    pub(super) fn new(model: &BlockModel, kinetics: &'k BlockKinetics, wanted: &[(usize, f64)]) -> Self {
        let prepared = wanted
            .iter()
            .filter_map(|&(formulation, hours)| {
                let routes = model.formulation(formulation, kinetics)?;
                Some((formulation, hours, DosingInterval::new(kinetics.system(), &routes, hours.into())))
            })
            .collect();
        Intervals { kinetics, prepared }
    }

    fn of(&self, dosing: &Dosing) -> Option<&DosingInterval<'k>> {
        let wanted = (dosing.formulation, dosing.interval);
        self.prepared.iter().find(|(f, h, _)| (*f, *h) == wanted).map(|(_, _, interval)| interval)
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

    /// The amounts that dosing without end leads to, just before a dose; `None` where they would grow without end.
    pub(super) fn at_steady_state(
        intervals: &'a Intervals<'k>,
        dosing: &Dosing,
        lanes: usize,
    ) -> Option<Self> {
        let amounts = vec![dosing.amount; lanes];
        let state = intervals.of(dosing)?.steady_state(&amounts).ok()?;
        Some(Course { state, ..Course::new(intervals, lanes) })
    }

    /// Gives doses (one amount a subject) for a time (h), and measures the last dosing interval.
    pub(super) fn dose(
        &mut self,
        dosing: &Dosing,
        amounts: &[f64],
        hours: f64,
        needs: Needs,
    ) -> IntervalExposure {
        let Some(interval) = self.intervals.of(dosing) else { return IntervalExposure::default() };
        // A phase is a whole number of intervals: the reader of studies has seen to it.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let count = (hours / dosing.interval).round().max(1.0) as usize;
        interval.leap(&mut self.state, amounts, count - 1);
        let mut measured = IntervalExposure::default();
        if needs.area || needs.peak {
            let exposure = interval.exposure(&self.state, amounts, self.output);
            measured.average = exposure.area.iter().map(|a| a / dosing.interval).collect();
            measured.area = exposure.area;
            measured.peak = exposure.peak;
            measured.peak_time = exposure.peak_time;
        }
        interval.advance(&mut self.state, Doses::Same(amounts), 1, None, &mut Nothing);
        measured.trough = self.output.of(&self.state, self.lanes);
        measured
    }

    /// Gives the subjects that are chosen one regimen and the others another, where the two differ in more than the
    /// dose.
    pub(super) fn either(
        &mut self,
        chosen: &[bool],
        first: (&Dosing, &[f64]),
        second: (&Dosing, &[f64]),
        hours: f64,
        needs: Needs,
    ) -> IntervalExposure {
        let mut other = Course {
            intervals: self.intervals,
            output: self.output,
            state: self.state.clone(),
            lanes: self.lanes,
        };
        let mut measured = self.dose(first.0, first.1, hours, needs);
        measured.choose(chosen, &other.dose(second.0, second.1, hours, needs));
        self.state.choose(chosen, &other.state);
        measured
    }

    /// Concentrations (coherent units) at times (h) after a dose that is given now: a row of all subjects a time.
    pub(super) fn profile(&self, dosing: &Dosing, amounts: &[f64], times: &[f64]) -> Vec<Vec<f64>> {
        let Some(interval) = self.intervals.of(dosing) else { return Vec::new() };
        let amounts = interval.profile(&self.state, amounts, self.output.compartment(), times);
        amounts.chunks(self.lanes.max(1)).map(|row| self.output.scaled(row)).collect()
    }
}
