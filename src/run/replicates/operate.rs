//! Operating characteristics: what the simulated trials say together.

use super::analyse::Verdicts;
use super::{LOOK, Replicate};
use crate::exposure::{Moments, quantile};
use crate::math::exp;
use crate::run::estimates::{Shown, shown};
use crate::run::results::{Estimate, SimulatedTrials};
use crate::trial::replication::{Analysis, Parameters, Replication, Rule, Scale};
use crate::trial::{Study, Trial};

/// What is kept of the replicates at one kind of parameters.
#[derive(Clone, Debug)]
struct Kept {
    analyses: Vec<KeptAnalysis>,
    /// By arm and endpoint: the means of the trials.
    means: Vec<Vec<f64>>,
    /// By arm and endpoint: sum and number, had everybody been in the arm.
    potential: Vec<(f64, f64)>,
    complete: Moments,
}

/// What is kept of an analysis.
#[derive(Clone, Debug, Default)]
struct KeptAnalysis {
    alone: Share,
    decided: Share,
    false_alarms: Share,
    estimates: Moments,
    intervals: Vec<[f64; 2]>,
    /// Trials in which it could not be made.
    failed: u32,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    hits: u32,
    of: u32,
}

impl Share {
    fn add(&mut self, hit: bool) {
        self.hits += u32::from(hit);
        self.of += 1;
    }

    fn value(self) -> f64 {
        f64::from(self.hits) / f64::from(self.of)
    }

    /// Its Monte-Carlo standard error, from a share that is never 0 or 1: half an event is added on each side.
    fn error(self) -> f64 {
        let (hits, of) = (f64::from(self.hits) + 0.5, f64::from(self.of) + 1.0);
        (hits / of * (1.0 - hits / of) / f64::from(self.of)).sqrt()
    }
}

/// The replicates so far.
pub(in crate::run) struct Operation<'s> {
    study: &'s Study,
    design: &'s Replication,
    kept: Vec<Kept>,
    /// How many there are.
    replicates: u32,
}

impl<'s> Operation<'s> {
    pub(in crate::run) fn new(study: &'s Study, design: &'s Replication) -> Self {
        let cells = study.arms.len() * study.endpoints.len();
        let kept = Kept {
            analyses: vec![KeptAnalysis::default(); design.analyses.len()],
            means: vec![Vec::new(); cells],
            potential: vec![(0.0, 0.0); cells],
            complete: Moments::default(),
        };
        Operation { study, design, kept: vec![kept; design.parameters.len()], replicates: 0 }
    }

    /// Takes in the next replicates, up to a look at which they are precise enough; whether more are wanted.
    pub(in crate::run) fn take(&mut self, replicates: &[Vec<Replicate>]) -> bool {
        for replicate in replicates {
            self.add(replicate);
            self.replicates += 1;
            if self.replicates.is_multiple_of(LOOK) && self.precise() {
                return false;
            }
        }
        true
    }

    /// Takes in the next replicate, at each kind of parameters.
    fn add(&mut self, replicate: &[Replicate]) {
        for (kept, Replicate { verdicts, conducted }) in self.kept.iter_mut().zip(replicate) {
            kept.analyses.iter_mut().enumerate().for_each(|(i, analysis)| analysis.take(verdicts, i));
            kept.means.iter_mut().zip(&conducted.means).for_each(|(all, mean)| all.push(*mean));
            for (all, one) in kept.potential.iter_mut().zip(&conducted.potential) {
                *all = (all.0 + one.0, all.1 + one.1);
            }
            kept.complete.add(f64::from(conducted.complete));
        }
    }

    /// Whether every power has the Monte-Carlo error that was asked for.
    fn precise(&self) -> bool {
        let shares = || self.kept.iter().flat_map(|k| &k.analyses).map(|a| a.decided);
        self.design.precision.is_some_and(|wanted| {
            shares().next().is_some() && shares().all(|share| share.of > 0 && share.error() <= wanted)
        })
    }

    pub(in crate::run) fn results(&self, trial: &Trial<'_>) -> SimulatedTrials {
        let study = trial.study();
        let arms = study.arms.iter().zip(&self.design.patients).filter(|(_, n)| **n > 0);
        let family = self.design.family.as_ref().map(|family| {
            let rule = match family.rule {
                Rule::FixedSequence => "in a fixed sequence",
                Rule::Holm => "by Holm's rule",
                Rule::Bonferroni => "by Bonferroni's rule",
            };
            let names: Vec<&str> =
                family.order.iter().map(|&place| self.design.analyses[place].name.as_str()).collect();
            format!("{} {rule}", names.join(", "))
        });
        SimulatedTrials {
            replicates: self.replicates,
            precise: self.design.precision.map(|_| self.precise()),
            patients: arms.map(|(arm, n)| (arm.name.clone(), *n)).collect(),
            complete: self.kept.first().and_then(|kept| kept.complete.mean()).unwrap_or(0.0),
            analyses: self.design.analyses.iter().map(|a| (a.name.clone(), self.words(a))).collect(),
            decision: family,
            figures: self.figures(),
        }
    }

    fn words(&self, analysis: &Analysis) -> String {
        let study = self.study;
        let margin = analysis.margin.as_ref().map_or_else(String::new, |m| format!(", margin {m}"));
        let covariates: Vec<&str> =
            analysis.covariates.iter().map(|factor| factor.name(study.population.variables())).collect();
        let by = if covariates.is_empty() { String::new() } else { format!(" by {}", covariates.join(", ")) };
        format!(
            "{}: {} against {}, {}{by}{margin}, two-sided level {}",
            study.endpoints[analysis.endpoint].label,
            study.arms[analysis.arm].name,
            study.arms[analysis.reference].name,
            analysis.method.name(),
            analysis.alpha,
        )
    }

    fn figures(&self) -> Vec<Estimate> {
        let mut figures = Vec::new();
        for (kept, parameters) in self.kept.iter().zip(&self.design.parameters) {
            for (own, analysis) in kept.analyses.iter().zip(&self.design.analyses) {
                figures.extend(self.analysis(analysis, own, *parameters, kept));
            }
        }
        // Predictions rest on drawn parameters where there are such.
        let predicted = self.design.parameters.iter().position(|p| *p == Parameters::Drawn).unwrap_or(0);
        if let Some(kept) = self.kept.get(predicted) {
            figures.extend(self.predictions(kept));
        }
        figures
    }

    fn analysis(
        &self,
        analysis: &Analysis,
        own: &KeptAnalysis,
        parameters: Parameters,
        kept: &Kept,
    ) -> Vec<Estimate> {
        let figure = |statistic: &str, value: f64, mc_error: f64, unit: &str| Estimate {
            scenario: "base".into(),
            arm: self.study.arms[analysis.arm].name.clone(),
            reference: Some(self.study.arms[analysis.reference].name.clone()),
            endpoint: analysis.name.clone(),
            statistic: statistic.into(),
            value,
            unit: unit.into(),
            lower: None,
            upper: None,
            mc_error,
            pairing_gain: None,
        };
        let share = |statistic: &str, share: Share| {
            figure(statistic, 100.0 * share.value(), 100.0 * share.error(), "%")
        };
        if parameters == Parameters::Drawn {
            return vec![share("probability of success", own.decided)];
        }
        let mut figures = vec![share("power", own.decided)];
        if self.design.family.is_some() {
            figures.push(share("power alone", own.alone));
        }
        if own.false_alarms.of > 0 {
            figures.push(share("type I error", own.false_alarms));
        }
        let (unit, scale): (String, Box<dyn Fn(f64) -> f64>) = match analysis.method.scale() {
            Scale::Share | Scale::Net => ("%".into(), Box::new(|v| 100.0 * v)),
            Scale::LogOdds => ("odds ratio".into(), Box::new(exp)),
            Scale::LogHazard => ("hazard ratio".into(), Box::new(exp)),
            Scale::Mean => {
                let Shown { unit, factor, .. } = shown(self.study, &self.study.endpoints[analysis.endpoint]);
                (unit, Box::new(move |v| factor * v))
            }
        };
        if let (Some(mean), Some(error)) = (own.estimates.mean(), own.estimates.standard_error()) {
            let value = scale(mean);
            figures.push(figure("mean estimate", value, (scale(mean + error) - value).abs(), &unit));
        }
        if let Some(truth) = self.truth(analysis, kept) {
            let mut covered = Share::default();
            own.intervals.iter().for_each(|[low, high]| covered.add(*low <= truth && truth <= *high));
            figures.push(share("coverage", covered));
        }
        if own.failed > 0 {
            figures.push(figure("analyses not made", f64::from(own.failed), 0.0, "1"));
        }
        figures
    }

    /// The true difference: all patients of all trials, had everybody been in the one arm and in the other. Odds ratios
    /// that are adjusted, which are others than those of all together, have none.
    fn truth(&self, analysis: &Analysis, kept: &Kept) -> Option<f64> {
        let mean = |arm: usize| {
            let (sum, count) = kept.potential[arm * self.study.endpoints.len() + analysis.endpoint];
            sum / count
        };
        let (own, reference) = (mean(analysis.arm), mean(analysis.reference));
        match analysis.method.scale() {
            Scale::Share | Scale::Mean => Some(own - reference),
            Scale::LogOdds if analysis.covariates.is_empty() => {
                let odds = |p: f64| crate::math::ln(p / (1.0 - p));
                Some(odds(own) - odds(reference)).filter(|v| v.is_finite())
            }
            Scale::LogOdds | Scale::LogHazard | Scale::Net => None,
        }
    }

    /// The median over the trials of each arm's mean, with the interval that holds 95 % of the trials.
    fn predictions(&self, kept: &Kept) -> Vec<Estimate> {
        let endpoints = self.study.endpoints.len();
        let mut figures = Vec::new();
        for (cell, means) in kept.means.iter().enumerate() {
            let (arm, endpoint) = (cell / endpoints, &self.study.endpoints[cell % endpoints]);
            let shown = shown(self.study, endpoint);
            let mut sorted: Vec<f64> = means.iter().copied().filter(|m| m.is_finite()).collect();
            sorted.sort_by(f64::total_cmp);
            let at = |p: f64| quantile(&sorted, p).map(|v| shown.factor * v);
            let (Some(value), Some(lower), Some(upper)) = (at(0.5), at(0.025), at(0.975)) else { continue };
            #[allow(clippy::cast_precision_loss)]
            let step = (0.25 / sorted.len() as f64).sqrt();
            let error = at((0.5 + step).min(1.0)).zip(at((0.5 - step).max(0.0)));
            figures.push(Estimate {
                scenario: "base".into(),
                arm: self.study.arms[arm].name.clone(),
                reference: None,
                endpoint: endpoint.name.clone(),
                statistic: "trial median".into(),
                value,
                unit: shown.unit,
                lower: Some(lower),
                upper: Some(upper),
                mc_error: error.map_or(0.0, |(high, low)| 0.5 * (high - low)),
                pairing_gain: None,
            });
        }
        figures
    }
}

impl KeptAnalysis {
    fn take(&mut self, verdicts: &Verdicts, place: usize) {
        self.alone.add(verdicts.alone[place]);
        self.decided.add(verdicts.decided[place]);
        if let Some(alarm) = verdicts.false_alarms[place] {
            self.false_alarms.add(alarm);
        }
        match &verdicts.contrasts[place] {
            Some(contrast) => {
                self.estimates.add(contrast.estimate);
                self.intervals.push(contrast.interval);
            }
            None => self.failed += 1,
        }
    }
}
