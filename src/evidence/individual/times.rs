//! Times until an outcome: Cox's regression, survival curves and the log-rank test.

use super::super::fit::Fit;
use super::super::paper::{Evidence, IndividualPaper};
use super::super::ratios::LogRatio;
use super::super::summary::Summary;
use super::data::Columns;
use crate::diagnostic::{Diagnostic, Problems};
use crate::statistics::{CoxFit, Observed, Risk, cox, kaplan_meier, log_rank, normal_deviate};

/// Hazard ratios of the exposure's form and of covariates (Efron's treatment of ties), the survival curves of the lower
/// and the upper half of exposures, and their log-rank test.
///
/// # Errors
/// E0757 where nobody has the outcome, E0754 where the partial likelihood has no maximum.
pub(super) fn times(
    evidence: &Evidence,
    paper: &IndividualPaper,
    columns: &Columns,
) -> Result<Fit, Problems> {
    let observed: Vec<Observed> = columns
        .times
        .iter()
        .zip(&columns.outcome)
        .map(|(&time, &outcome)| Observed { time, event: outcome == 1.0 })
        .collect();
    if !observed.iter().any(|patient| patient.event) {
        return Err(Diagnostic::error("E0757", format!("0 of {} patients have the outcome", observed.len()))
            .help("a hazard needs patients with the outcome")
            .into());
    }
    let shape = paper.form.checked(0)?.shape(&[]);
    let g = columns.exposure.iter().map(|&c| shape.apply(c)).collect();
    let predictors = columns.predictors(paper, g);
    let views: Vec<&[f64]> = predictors.iter().map(|(_, column)| column.as_slice()).collect();
    let CoxFit { coefficients, errors, log_likelihood, null } = cox(&observed, &views).ok_or_else(|| {
        Diagnostic::error("E0754", "the partial likelihood has no maximum: the data are separated")
            .help("a predictor orders the outcomes fully, or depends on the others; leave it out")
    })?;
    let mut summary = Summary::new(evidence);
    let z = normal_deviate(0.95);
    let mut ratios = Vec::new();
    for (((name, _), b), error) in predictors.iter().zip(&coefficients).zip(&errors) {
        let ends = [b - z * error, b + z * error].map(crate::math::exp);
        summary.add(&format!("hazard ratio, {name}"), crate::math::exp(*b), Some(ends));
        ratios.push(LogRatio { predictor: name.clone(), estimate: *b, error: *error, misprint: None });
    }
    summary.add("likelihood ratio of all predictors", 2.0 * (log_likelihood - null), None);
    halves(&mut summary, &observed, columns);
    Ok(Fit { ratios, ..Fit::of(summary) })
}

/// Survival at the last event and median of the halves of exposure, and their log-rank test.
fn halves(summary: &mut Summary, observed: &[Observed], columns: &Columns) {
    let mut sorted = columns.exposure.clone();
    sorted.sort_by(f64::total_cmp);
    let middle = super::super::discriminant::type7(&sorted, 0.5);
    let upper: Vec<bool> = columns.exposure.iter().map(|c| *c > middle).collect();
    for (half, words) in [(false, "lower"), (true, "upper")] {
        let part: Vec<Observed> =
            observed.iter().zip(&upper).filter(|(_, up)| **up == half).map(|(patient, _)| *patient).collect();
        let curve = kaplan_meier(&part, 0.95);
        if let Some(last) = curve.steps.last() {
            let what = format!("without the outcome at time {}, {words} half of exposures", last.time);
            summary.add(&what, last.survival, last.interval[0].is_finite().then_some(last.interval));
        }
    }
    let patients: Vec<Risk> = observed
        .iter()
        .zip(&upper)
        .map(|(observed, arm)| Risk { observed: *observed, arm: *arm, stratum: 0 })
        .collect();
    summary.add("log-rank p-value of the halves", log_rank(&patients, 0.0, 0.95).p, None);
}
