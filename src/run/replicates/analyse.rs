//! The analyses of one simulated trial, and the decision that they make.

use serde::{Deserialize, Serialize};

use super::patients::Enrolled;
use crate::evidence::{Design, Estimator};
use crate::statistics::{
    Contrast, Count, Observed, Risk, ancova, bonferroni, fixed_sequence, holm, log_rank, newcombe,
    risk_difference, score_difference, stratified_newcombe, t_test, welch, wilcoxon,
};
use crate::trial::replication::{Analysis, Family, Method, Replication, Rule};
use crate::trial::{Outcomes, Study};

/// What the analyses of a trial say, in the order of the design.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Verdicts {
    /// Estimates with their intervals; `None` where the analysis could not be made.
    pub(super) contrasts: Vec<Option<Contrast>>,
    /// Whether each succeeded by itself.
    pub(super) alone: Vec<bool>,
    /// Whether each succeeded under the decision's rule.
    pub(super) decided: Vec<bool>,
    /// Whether each would have rejected, to either side, had the arm been treated as its reference; `None` with a
    /// margin.
    pub(super) false_alarms: Vec<Option<bool>>,
}

/// The patients of two arms as an analysis sees them.
struct Compared {
    /// Values of the endpoint.
    values: Vec<f64>,
    /// 1 in the arm, 0 in the reference.
    arm: Vec<f64>,
    /// The analysis's covariates.
    covariates: Vec<Vec<f64>>,
    /// How long both arms were followed for the endpoint (h).
    end: f64,
}

pub(super) fn analyse(
    study: &Study,
    design: &Replication,
    enrolled: &Enrolled,
    outcomes: &Outcomes,
) -> Verdicts {
    let compared = |analysis: &Analysis, treated: usize| {
        let time = &study.endpoints[analysis.endpoint].time;
        let end = [analysis.arm, analysis.reference].map(|arm| time.hours(&study.arms[arm]));
        compared(analysis, treated, enrolled, outcomes, end[0].min(end[1]))
    };
    let contrasts: Vec<Option<Contrast>> = design
        .analyses
        .iter()
        .map(|analysis| contrast(analysis, &compared(analysis, analysis.arm)))
        .collect();
    let p: Vec<f64> =
        design.analyses.iter().zip(&contrasts).map(|(a, c)| favourable(a, c.as_ref())).collect();
    let below = |p: &[f64]| design.analyses.iter().zip(p).map(|(a, p)| *p < a.alpha).collect::<Vec<bool>>();
    let false_alarm = |analysis: &Analysis| {
        (analysis.null == 0.0).then(|| {
            let null = contrast(analysis, &compared(analysis, analysis.reference));
            null.is_some_and(|c| c.p < analysis.alpha)
        })
    };
    Verdicts {
        alone: below(&p),
        decided: below(&decide(design.family.as_ref(), &p)),
        false_alarms: design.analyses.iter().map(false_alarm).collect(),
        contrasts,
    }
}

/// The p-value where the estimate lies on the good side of the null value, else 1.
fn favourable(analysis: &Analysis, contrast: Option<&Contrast>) -> f64 {
    contrast.filter(|c| (c.estimate > analysis.null) == analysis.higher).map_or(1.0, |c| c.p)
}

/// The p-values as the rule for several analyses adjusts them; analyses outside the rule keep theirs.
fn decide(family: Option<&Family>, p: &[f64]) -> Vec<f64> {
    let mut decided = p.to_vec();
    if let Some(family) = family {
        let own: Vec<f64> = family.order.iter().map(|&place| p[place]).collect();
        let adjusted = match family.rule {
            Rule::FixedSequence => fixed_sequence(&own),
            Rule::Holm => holm(&own),
            Rule::Bonferroni => bonferroni(&own),
        };
        family.order.iter().zip(adjusted).for_each(|(&place, p)| decided[place] = p);
    }
    decided
}

/// The patients of both arms, those of the arm with the outcomes that they have when treated as in `treated`. Who has no
/// value is left out.
fn compared(
    analysis: &Analysis,
    treated: usize,
    enrolled: &Enrolled,
    outcomes: &Outcomes,
    end: f64,
) -> Compared {
    let mut found = Compared {
        values: Vec::new(),
        arm: Vec::new(),
        covariates: vec![Vec::new(); analysis.covariates.len()],
        end,
    };
    for (lane, &arm) in enrolled.arms.iter().enumerate() {
        let source = match arm {
            _ if arm == analysis.arm => treated,
            _ if arm == analysis.reference => analysis.reference,
            _ => continue,
        };
        let Some(value) = outcomes.endpoint(source, analysis.endpoint).get(lane).filter(|v| v.is_finite())
        else {
            continue;
        };
        found.values.push(*value);
        found.arm.push(f64::from(arm == analysis.arm));
        for (column, factor) in found.covariates.iter_mut().zip(&analysis.covariates) {
            column.push(factor.value(enrolled.block.cohort(), lane));
        }
    }
    found
}

/// The analysis itself; `None` where it cannot be made: nobody in an arm, a regression without an end.
fn contrast(analysis: &Analysis, patients: &Compared) -> Option<Contrast> {
    let (null, confidence) = (analysis.null, 1.0 - analysis.alpha);
    let made = match analysis.method {
        Method::MantelHaenszel => risk_difference(&patients.tables(), null, confidence),
        Method::Newcombe if analysis.covariates.is_empty() => {
            let (arm, reference) = patients.counts();
            newcombe(arm, reference, null, confidence)
        }
        Method::Newcombe => stratified_newcombe(&patients.tables(), null, confidence),
        Method::Score => {
            let (arm, reference) = patients.counts();
            score_difference(arm, reference, null, confidence)
        }
        Method::LogRank => log_rank(&patients.risks(), null, confidence),
        Method::Wilcoxon => wilcoxon(&patients.samples(), null, confidence),
        Method::Logistic => logistic(patients, null, confidence)?,
        Method::TTest => t_test(&patients.group(1.0), &patients.group(0.0), null, confidence),
        Method::Welch => welch(&patients.group(1.0), &patients.group(0.0), null, confidence),
        Method::Ancova => ancova(&patients.values, &patients.arm, &patients.covariates, null, confidence)?,
    };
    made.p.is_finite().then_some(made)
}

/// The log odds ratio of the arm, by maximum likelihood with Wald's interval.
fn logistic(patients: &Compared, null: f64, confidence: f64) -> Option<Contrast> {
    let named = patients.covariates.iter().enumerate().map(|(i, column)| (format!("x{i}"), column.clone()));
    let predictors: Vec<(String, Vec<f64>)> =
        std::iter::once(("arm".to_string(), patients.arm.clone())).chain(named).collect();
    let design = Design::new(&predictors, &patients.values).ok()?;
    let fit = Estimator::MaximumLikelihood.fit(&design).ok()?;
    Some(Contrast::normal(fit.coefficients[1], fit.errors[1], null, confidence))
}

impl Compared {
    fn group(&self, arm: f64) -> Vec<f64> {
        self.values.iter().zip(&self.arm).filter(|(_, a)| **a == arm).map(|(v, _)| *v).collect()
    }

    fn counts(&self) -> (Count, Count) {
        let mut counts = (Count::default(), Count::default());
        self.values.iter().zip(&self.arm).for_each(|(value, arm)| count(&mut counts, *arm, *value));
        counts
    }

    /// Each patient's stratum, a combination of the covariates' levels, in the order in which they appear.
    fn strata(&self) -> Vec<usize> {
        let mut known: Vec<Vec<f64>> = Vec::new();
        let stratum = |patient: usize| {
            let levels: Vec<f64> = self.covariates.iter().map(|column| column[patient]).collect();
            known.iter().position(|own| *own == levels).unwrap_or_else(|| {
                known.push(levels);
                known.len() - 1
            })
        };
        (0..self.values.len()).map(stratum).collect()
    }

    /// Times to an event. Whose time is the end had no event by then.
    fn risks(&self) -> Vec<Risk> {
        let patients = self.values.iter().zip(&self.arm).zip(self.strata());
        let risk = |((value, arm), stratum): ((&f64, &f64), usize)| Risk {
            observed: Observed { time: value.min(self.end), event: *value < self.end },
            arm: *arm == 1.0,
            stratum: u32::try_from(stratum).unwrap_or(u32::MAX),
        };
        patients.map(risk).collect()
    }

    /// Something of both arms for each stratum.
    fn by_stratum<T: Clone + Default>(&self, mut take: impl FnMut(&mut T, f64, f64)) -> Vec<T> {
        let strata = self.strata();
        let mut all = vec![T::default(); strata.iter().max().map_or(0, |last| last + 1)];
        for ((value, arm), stratum) in self.values.iter().zip(&self.arm).zip(strata) {
            take(&mut all[stratum], *arm, *value);
        }
        all
    }

    /// Counts for each stratum.
    fn tables(&self) -> Vec<(Count, Count)> {
        self.by_stratum(count)
    }

    /// The values of the arm and of its reference for each stratum.
    fn samples(&self) -> Vec<(Vec<f64>, Vec<f64>)> {
        self.by_stratum(
            |(own, reference): &mut (Vec<f64>, Vec<f64>), arm, value| {
                if arm == 1.0 { own.push(value) } else { reference.push(value) }
            },
        )
    }
}

fn count((own, reference): &mut (Count, Count), arm: f64, event: f64) {
    let group = if arm == 1.0 { own } else { reference };
    group.events += event;
    group.patients += 1.0;
}
