//! What responses and endpoints are, at the exposures that a walk has left behind.

use super::conduct::Standing;
use super::course::IntervalExposure;
use super::endpoint::{Count, Exposure, Measure};
use super::history::History;
use super::simulate::Response;
use super::walk::{Passage, Walk};
use super::{Endpoint, Estimand};
use crate::math::{exp, expm1, normal_quantile};
use crate::response::{Metric, YEAR};

impl Walk<'_, '_> {
    /// The exposure that drives a response.
    pub(super) fn driver<'e>(&self, response: usize, exposure: &'e IntervalExposure) -> &'e [f64] {
        let metric = self.trial.study.responses.get(response).map_or(Metric::Ctrough, |r| r.kind.metric);
        exposure.metric(Exposure::Metric(metric))
    }

    pub(super) fn probability(&self, response: usize, exposure: &IntervalExposure) -> Vec<f64> {
        let driver = self.driver(response, exposure);
        let mut out = vec![0.0; driver.len()];
        if let Some(Response::Event(model)) = self.trial.responses.get(response) {
            model.probability_slice(self.draw, driver, &mut out);
        }
        out
    }

    /// Whether each subject has a response, by its probabilities: 1 or 0.
    fn occurs(&self, response: usize, probabilities: &[f64]) -> Vec<f64> {
        let event = |(u, p): (&f64, &f64)| if p.is_nan() { f64::NAN } else { f64::from(u < p) };
        self.block.chance.luck[response].iter().zip(probabilities).map(event).collect()
    }

    /// Whether each subject has a response at a moment: 1 or 0.
    pub(super) fn event(&self, response: usize, exposure: &IntervalExposure) -> Vec<f64> {
        self.occurs(response, &self.probability(response, exposure))
    }

    /// What a biomarker was before the first dose.
    pub(super) fn baseline<'h>(&'h self, response: usize, history: &'h History<'_>) -> &'h [f64] {
        if let Some(Some(track)) = history.tracks.get(response) {
            return track.baseline();
        }
        let place = self.trial.study.responses.get(response).and_then(|used| used.baseline);
        place.map_or(&[], |place| self.block.cohort.column(place))
    }

    /// 1 - exp(-H), with the hazard of each step at the exposure of its last dosing interval.
    fn accumulated(&self, response: usize, moment: usize, exposures: &[IntervalExposure]) -> Vec<f64> {
        let mut hazard = vec![0.0; self.block.lanes];
        let Some(Response::Event(model)) = self.trial.responses.get(response) else { return hazard };
        let mut predictor = vec![0.0; self.block.lanes];
        for (step, exposure) in self.plan.steps.iter().zip(exposures).filter(|(s, _)| s.moment <= moment) {
            let years = (self.plan.times[step.moment] - step.from) / YEAR;
            model.curve().predictor_slice(self.draw, self.driver(response, exposure), &mut predictor);
            for (h, eta) in hazard.iter_mut().zip(&predictor) {
                *h += years * exp(*eta);
            }
        }
        hazard.iter().map(|h| -expm1(-h)).collect()
    }

    /// The probability of a response at a moment, or, where its risk accumulates, up to it.
    pub(super) fn chance(&self, response: usize, moment: usize, exposures: &[IntervalExposure]) -> Vec<f64> {
        if self.trial.study.responses.get(response).is_some_and(|r| r.kind.accumulates) {
            self.accumulated(response, moment, exposures)
        } else {
            self.probability(response, &exposures[moment])
        }
    }

    /// The values of an endpoint that is looked at at a moment, one a subject.
    pub(super) fn endpoint(&self, endpoint: &Endpoint, moment: usize, passage: &Passage<'_>) -> Vec<f64> {
        match endpoint.estimand {
            Estimand::TreatmentPolicy => self.value(&endpoint.measure, moment, passage),
            Estimand::WhileOnTreatment => self.while_on_treatment(&endpoint.measure, moment, passage),
            Estimand::Composite => {
                let mut values = self.value(&endpoint.measure, moment, passage);
                if let Some(bad) = endpoint.worst() {
                    let stops = passage.conduct.standings.iter().map(|own| own.stop);
                    let time = self.plan.times[moment];
                    // What is not a number is a subject whose kinetics failed.
                    let imputed =
                        values.iter_mut().zip(stops).filter(|(v, stop)| *stop <= time && !v.is_nan());
                    imputed.for_each(|(value, _)| *value = bad);
                }
                values
            }
        }
    }

    /// The values at the last moment at which each subject was on treatment; at the first, where there is none.
    fn while_on_treatment(&self, measure: &Measure, moment: usize, passage: &Passage<'_>) -> Vec<f64> {
        let mut values = self.value(measure, moment, passage);
        let last = |stop: f64| {
            let times = &self.plan.times[..=moment];
            times.iter().rposition(|time| *time <= stop).unwrap_or(0)
        };
        let own: Vec<usize> = passage.conduct.standings.iter().map(|own| last(own.stop)).collect();
        let mut moments: Vec<usize> = own.iter().copied().filter(|m| *m != moment).collect();
        moments.sort_unstable();
        moments.dedup();
        for earlier in moments {
            let then = self.value(measure, earlier, passage);
            let others = values.iter_mut().zip(&then).zip(&own).filter(|(_, own)| **own == earlier);
            others.for_each(|((value, then), _)| *value = *then);
        }
        values
    }

    fn value(&self, measure: &Measure, moment: usize, passage: &Passage<'_>) -> Vec<f64> {
        let History { exposures, .. } = &passage.history;
        let time = self.plan.times[moment];
        match measure {
            Measure::Exposure(exposure) => exposures[moment].metric(*exposure).to_vec(),
            Measure::Probability(r) => self.chance(*r, moment, exposures),
            Measure::Event(r) => self.occurs(*r, &self.chance(*r, moment, exposures)),
            Measure::Biomarker(r) => self.biomarker(*r, moment, &passage.history).0,
            Measure::Change(r) => {
                let (values, baseline) = self.biomarker(*r, moment, &passage.history);
                values.iter().zip(&baseline).map(|(v, b)| v - b).collect()
            }
            Measure::Threshold(r, ..) | Measure::Fall(r, ..) => {
                let (values, baseline) = self.biomarker(*r, moment, &passage.history);
                values.iter().zip(&baseline).map(|(v, b)| beyond(measure, *v, *b)).collect()
            }
            Measure::All(parts) => {
                let mut all = vec![1.0; self.block.lanes];
                for part in parts {
                    // A product of zeros and ones; what is not a number stays so.
                    all.iter_mut().zip(self.value(part, moment, passage)).for_each(|(all, own)| *all *= own);
                }
                all
            }
            Measure::Any(parts) => {
                let grades = self.grades(parts, moment, passage);
                grades.into_iter().map(|g| if g.is_nan() { g } else { f64::from(g > 0.0) }).collect()
            }
            Measure::Grade(parts) => self.grades(parts, moment, passage),
            Measure::Ever(event) => {
                let first = self.first(event, time, passage);
                first.into_iter().map(|first| f64::from(first <= time)).collect()
            }
            Measure::TimeTo(event) => {
                self.first(event, time, passage).into_iter().map(|first| first.min(time)).collect()
            }
            Measure::Stopped(reason) => {
                let study = self.trial.study;
                let ended = |own: &Standing| own.stop <= time && own.why.is_for(reason.as_deref(), study);
                passage.conduct.standings.iter().map(|own| f64::from(ended(own))).collect()
            }
            Measure::TimeToStop => passage.conduct.standings.iter().map(|own| own.stop.min(time)).collect(),
            Measure::Count(count) => {
                let counted = passage.counted.iter().rfind(|(at, _)| *at <= moment);
                let standings = counted.map_or(&passage.conduct.standings, |(_, standings)| standings);
                standings.iter().map(|own| count.of(own)).collect()
            }
        }
    }

    /// The place, from 1 on, of the last of some events that each subject has; 0 where it has none.
    fn grades(&self, parts: &[Measure], moment: usize, passage: &Passage<'_>) -> Vec<f64> {
        let mut grades = vec![0.0; self.block.lanes];
        for (part, grade) in parts.iter().zip(1_u32..) {
            for (own, has) in grades.iter_mut().zip(self.value(part, moment, passage)) {
                if has.is_nan() {
                    *own = f64::NAN;
                } else if has == 1.0 {
                    *own = if own.is_nan() { *own } else { f64::from(grade) };
                }
            }
        }
        grades
    }

    /// When something was first measured at a visit up to a time (h); infinite where it never was.
    fn first(&self, event: &Measure, time: f64, passage: &Passage<'_>) -> Vec<f64> {
        let mut first = vec![f64::INFINITY; self.block.lanes];
        let visits = passage.kept.iter().filter(|k| Some(k.response) == event.response() && k.time <= time);
        for kept in visits {
            let values = kept.values.iter().zip(&kept.baseline);
            for (first, (value, baseline)) in first.iter_mut().zip(values) {
                if beyond(event, *value, *baseline) == 1.0 {
                    *first = first.min(kept.time);
                }
            }
        }
        first
    }

    /// True values and baselines of a biomarker. A time course has them from its equations; of a mean change they are
    /// baseline + recovery + drug effect + the subject's own deviation. The drug
    /// effect grows in proportion to time until the time at which it was observed, and then stays.
    pub(super) fn biomarker(
        &self,
        response: usize,
        moment: usize,
        history: &History<'_>,
    ) -> (Vec<f64>, Vec<f64>) {
        let baseline = self.baseline(response, history);
        if let Some(Some(track)) = history.tracks.get(response) {
            return (track.at(moment).to_vec(), baseline.to_vec());
        }
        let used = self.trial.study.responses.get(response);
        let (Some(used), Some(Response::Biomarker(model))) = (used, self.trial.responses.get(response))
        else {
            return (Vec::new(), Vec::new());
        };
        let time = self.plan.times[moment];
        let share = if model.time() > 0.0 { (time / model.time()).min(1.0) } else { 1.0 };
        let recovery = interpolate(&used.recovery, time);
        let mut change = vec![0.0; self.block.lanes];
        model.change_slice(self.draw, self.driver(response, &history.exposures[moment]), &mut change);
        let scale = model.unit().to_coherent(1.0);
        let spread = model.spread() * share.sqrt();
        let values = baseline
            .iter()
            .zip(&change)
            .zip(&self.block.chance.luck[response])
            .map(|((b, change), u)| b + recovery + scale * (share * change + spread * normal_quantile(*u)))
            .collect();
        (values, baseline.to_vec())
    }
}

/// Whether a value (or its fall from a baseline) lies beyond the threshold of a measure: 1 or 0.
fn beyond(measure: &Measure, value: f64, baseline: f64) -> f64 {
    match measure {
        _ if value.is_nan() => f64::NAN,
        Measure::Threshold(_, side, threshold) => f64::from(side.holds(value, *threshold)),
        Measure::Fall(_, side, threshold) => f64::from(side.holds(baseline - value, *threshold)),
        _ => f64::NAN,
    }
}

impl Count {
    fn of(self, own: &Standing) -> f64 {
        match self {
            Count::Holds => own.holds.into(),
            Count::Steps => own.steps.into(),
            Count::Held => own.held_hours,
            Count::Doses => own.doses.into(),
        }
    }
}

/// Linear between the points, constant beyond them.
fn interpolate(points: &[(f64, f64)], time: f64) -> f64 {
    let after = points.iter().position(|(t, _)| *t >= time);
    match after {
        None => points.last().map_or(0.0, |p| p.1),
        Some(0) => points[0].1,
        Some(i) => {
            let ((t0, v0), (t1, v1)) = (points[i - 1], points[i]);
            v0 + (v1 - v0) * (time - t0) / (t1 - t0)
        }
    }
}
