//! Fits of individual data: a row for each patient.

mod data;
mod grades;
mod linear;
mod times;

use super::calibration::{auc, bins, hosmer_lemeshow};
use super::design::Design;
use super::fit::{Fit, Inputs, Named, basis};
use super::latent::LabelPriors;
use super::logistic::Estimator;
use super::logistic_posterior::{LinePosterior, sample_logistic};
use super::observed::EvidencePoint;
use super::paper::{Evidence, IndividualModel, IndividualPaper};
use super::prior::Prior;
use super::summary::Summary;
use crate::diagnostic::{Diagnostic, Problems};
use crate::response::{Constant, Draws, Form, Link, ResponseModel};
use data::Columns;

/// Fits individual data. Covariates enter centred, so that a model's intercept is that of the mean patient.
///
/// # Errors
/// E0756 where the CSV file lacks a column or a number, E0757 where everybody or nobody has the outcome, E0751 to E0755
/// from the regressions, E0744 where chains have not converged.
pub(super) fn individual(
    evidence: &Evidence,
    paper: &IndividualPaper,
    inputs: &Inputs<'_>,
) -> Result<Fit, Problems> {
    let text = inputs.data.ok_or_else(|| {
        Diagnostic::error("E0756", format!("the data `{}` were not given", paper.data))
            .help("the file stands beside the evidence file")
    })?;
    let columns = data::read(paper, text)?;
    let mut fit = match (&paper.model, paper.form) {
        (IndividualModel::Logistic, Form::Emax { ec50: Constant::Fitted(_) })
        | (IndividualModel::ProportionalOdds, _) => grades::grades(evidence, paper, &columns, inputs),
        (IndividualModel::Logistic, _) => logistic(evidence, paper, &columns, inputs),
        (IndividualModel::Linear { unit, time }, _) => {
            linear::linear(evidence, paper, &columns, (unit, *time), inputs)
        }
        (IndividualModel::Cox { .. }, _) => times::times(evidence, paper, &columns),
    }?;
    if !paper.covariates.is_empty() {
        fit.summary.note("the intercept is that of a patient with the mean of the covariates");
    }
    Ok(fit)
}

/// Logistic regression by maximum likelihood, Firth's penalty and a posterior with the default priors, which the
/// response model holds.
fn logistic(
    evidence: &Evidence,
    paper: &IndividualPaper,
    columns: &Columns,
    inputs: &Inputs<'_>,
) -> Result<Fit, Problems> {
    let events: f64 = columns.outcome.iter().sum();
    let n = columns.outcome.len() as f64;
    if events == 0.0 || events == n {
        return Err(Diagnostic::error("E0757", format!("{events} of {n} patients have the outcome"))
            .help("a relation needs patients with and patients without it")
            .into());
    }
    let shape = paper.form.checked(0)?.shape(&[]);
    let g: Vec<f64> = columns.exposure.iter().map(|&c| shape.apply(c)).collect();
    let predictors = columns.predictors(paper, g.clone());
    let design = Design::new(&predictors, &columns.outcome)?;
    let mut summary = Summary::new(evidence);
    report_estimates(&mut summary, &design)?;
    let scales: Vec<f64> = predictors.iter().map(|(_, column)| 2.0 * deviation(column)).collect();
    let draws = posterior(&design, &g, &columns.outcome, &scales, inputs)?;
    for (column, name) in draws.names().iter().enumerate() {
        summary.add_draws(&format!("posterior: {name}"), &draws, column);
    }
    let fitted = design.probabilities(draws.central());
    agreement(&mut summary, &fitted, &columns.outcome, columns, paper);
    let basis =
        basis(evidence, paper.exposure.metric, columns.range(), "logistic regression, posterior".into(), n);
    let model = ResponseModel::new(basis, Link::Logit, paper.form, draws)?;
    summary.add_curve(&model, paper.exposure.unit.clone());
    Ok(Fit { responses: vec![Named { name: paper.form.name().to_string(), model }], ..Fit::of(summary) })
}

/// How well probabilities part and meet outcomes: area under the ROC curve, Hosmer-Lemeshow, and observed shares by
/// quarters of the exposure with their intervals.
fn agreement(
    summary: &mut Summary,
    fitted: &[f64],
    outcome: &[f64],
    columns: &Columns,
    paper: &IndividualPaper,
) {
    summary.add("area under the ROC curve", auc(fitted, outcome), None);
    let (statistic, p) = hosmer_lemeshow(fitted, outcome, if outcome.len() >= 100 { 10 } else { 5 });
    summary.add("Hosmer-Lemeshow statistic", statistic, None);
    summary.add("Hosmer-Lemeshow p-value", p, None);
    summary.bins = bins(&columns.exposure, outcome, 4);
    summary.points = (1..)
        .zip(&summary.bins)
        .map(|(quarter, bin)| {
            let label = format!("quarter {quarter}, {} of {}", bin.counts.1, bin.counts.0);
            EvidencePoint::quarter(label, bin, &paper.exposure.unit)
        })
        .collect();
}

fn report_estimates(summary: &mut Summary, design: &Design) -> Result<(), Problems> {
    for (estimator, word) in
        [(Estimator::MaximumLikelihood, "maximum likelihood"), (Estimator::Firth, "Firth")]
    {
        match estimator.fit(design) {
            Ok(fit) => {
                for (j, name) in design.names().iter().enumerate() {
                    let interval = fit.profile_interval(design, j);
                    summary.add(&format!("{word}: {name}"), fit.coefficients[j], Some(interval));
                }
            }
            Err(problems) if estimator == Estimator::MaximumLikelihood => {
                for problem in problems.list() {
                    let mut warning = problem.clone();
                    warning.severity = crate::diagnostic::Severity::Warning;
                    summary.warn(warning);
                }
            }
            Err(problems) => return Err(problems),
        }
    }
    Ok(())
}

fn posterior(
    design: &Design,
    g: &[f64],
    outcome: &[f64],
    scales: &[f64],
    inputs: &Inputs<'_>,
) -> Result<Draws, Problems> {
    if let [scale] = scales {
        let slope = Prior::Cauchy(2.5 / scale).checked()?;
        let priors = LabelPriors { intercept: Prior::Cauchy(10.0), slope };
        return LinePosterior::new(g, outcome, priors).draws(inputs.seed, inputs.draws);
    }
    sample_logistic(design, scales, LabelPriors::default(), inputs.seed, inputs.draws)
}

fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt()
}
