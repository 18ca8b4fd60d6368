//! What responses and endpoints are, at the exposures that a walk has left behind.

use super::Endpoint;
use super::comparison::Side;
use super::course::IntervalExposure;
use super::endpoint::{Exposure, Measure};
use super::simulate::Response;
use super::walk::Walk;
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
    pub(super) fn baseline(&self, response: usize) -> &[f64] {
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

    pub(super) fn endpoint(
        &self,
        endpoint: &Endpoint,
        moment: usize,
        exposures: &[IntervalExposure],
    ) -> Vec<f64> {
        match endpoint.measure {
            Measure::Exposure(exposure) => exposures[moment].metric(exposure).to_vec(),
            Measure::Probability(r) => self.chance(r, moment, exposures),
            Measure::Event(r) => self.occurs(r, &self.chance(r, moment, exposures)),
            Measure::Biomarker(r) => self.biomarker(r, moment, &exposures[moment]).0,
            Measure::Threshold(r, side, threshold) => {
                let (values, _) = self.biomarker(r, moment, &exposures[moment]);
                values.iter().map(|v| beyond(*v, side, threshold)).collect()
            }
            Measure::Fall(r, side, threshold) => {
                let (values, baseline) = self.biomarker(r, moment, &exposures[moment]);
                values.iter().zip(&baseline).map(|(v, b)| beyond(b - v, side, threshold)).collect()
            }
        }
    }

    /// Values and baselines of a biomarker: baseline + recovery + drug effect + the subject's own deviation. The drug
    /// effect grows in proportion to time until the time at which it was observed, and then stays.
    pub(super) fn biomarker(
        &self,
        response: usize,
        moment: usize,
        exposure: &IntervalExposure,
    ) -> (Vec<f64>, Vec<f64>) {
        let used = self.trial.study.responses.get(response);
        let (Some(used), Some(Response::Biomarker(model))) = (used, self.trial.responses.get(response))
        else {
            return (Vec::new(), Vec::new());
        };
        let baseline = self.baseline(response);
        let time = self.plan.times[moment];
        let share = if model.time() > 0.0 { (time / model.time()).min(1.0) } else { 1.0 };
        let recovery = interpolate(&used.recovery, time);
        let mut change = vec![0.0; self.block.lanes];
        model.change_slice(self.draw, self.driver(response, exposure), &mut change);
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

fn beyond(value: f64, side: Side, threshold: f64) -> f64 {
    if value.is_nan() { f64::NAN } else { f64::from(side.holds(value, threshold)) }
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
