//! Fits of individual data: a row for each patient.

use super::calibration::{auc, bins, hosmer_lemeshow};
use super::design::Design;
use super::fit::{Fit, Inputs, Named, basis};
use super::latent::LabelPriors;
use super::logistic::Estimator;
use super::logistic_posterior::{LinePosterior, sample_logistic};
use super::paper::{Evidence, IndividualPaper};
use super::prior::Prior;
use super::summary::Summary;
use crate::diagnostic::{Diagnostic, Problems};
use crate::response::{Draws, Link, ResponseModel};

/// The columns that a fit needs, as numbers.
struct Columns {
    outcome: Vec<f64>,
    /// Coherent units.
    exposure: Vec<f64>,
    covariates: Vec<Vec<f64>>,
}

/// Fits individual data by maximum likelihood, Firth's penalty and a posterior with the default priors; the response
/// model holds the posterior. Covariates enter centred, so that the model's intercept is that of the mean patient.
///
/// # Errors
/// E0756 where the CSV file lacks a column or a number, E0757 where everybody or nobody has the outcome, E0751 to E0755
/// from the regression.
pub(super) fn individual(
    evidence: &Evidence,
    paper: &IndividualPaper,
    inputs: &Inputs<'_>,
) -> Result<Fit, Problems> {
    let text = inputs.data.ok_or_else(|| {
        Diagnostic::error("E0756", format!("the data `{}` were not given", paper.data))
            .help("the file stands beside the evidence file")
    })?;
    let columns = read(paper, text)?;
    let events: f64 = columns.outcome.iter().sum();
    let n = columns.outcome.len() as f64;
    if events == 0.0 || events == n {
        return Err(Diagnostic::error("E0757", format!("{events} of {n} patients have the outcome"))
            .help("a relation needs patients with and patients without it")
            .into());
    }
    let shape = paper.form.checked(0)?.shape(&[]);
    let g: Vec<f64> = columns.exposure.iter().map(|&c| shape.apply(c)).collect();
    let mut predictors = vec![("exposure".to_string(), g.clone())];
    for (name, column) in paper.covariates.iter().zip(&columns.covariates) {
        let mean = column.iter().sum::<f64>() / n;
        predictors.push((name.clone(), column.iter().map(|x| x - mean).collect()));
    }
    let design = Design::new(&predictors, &columns.outcome)?;
    let mut summary = Summary::new(evidence);
    report_estimates(&mut summary, &design)?;
    let scales: Vec<f64> = predictors.iter().map(|(_, column)| 2.0 * deviation(column)).collect();
    let draws = posterior(&design, &g, &columns.outcome, &scales, inputs)?;
    for (column, name) in draws.names().iter().enumerate() {
        summary.add_draws(&format!("posterior: {name}"), &draws, column);
    }
    let fitted = design.probabilities(draws.central());
    summary.add("area under the ROC curve", auc(&fitted, &columns.outcome), None);
    let (statistic, p) = hosmer_lemeshow(&fitted, &columns.outcome, if n >= 100.0 { 10 } else { 5 });
    summary.add("Hosmer-Lemeshow statistic", statistic, None);
    summary.add("Hosmer-Lemeshow p-value", p, None);
    summary.bins = bins(&columns.exposure, &columns.outcome, 4);
    if !paper.covariates.is_empty() {
        summary.note("the intercept is that of a patient with the mean of the covariates");
    }
    let range =
        columns.exposure.iter().fold([f64::INFINITY, 0.0], |[low, high], &c| [low.min(c), f64::max(high, c)]);
    let basis = basis(evidence, paper.exposure.metric, range, "logistic regression, posterior".into(), n);
    let model = ResponseModel::new(basis, Link::Logit, paper.form, draws)?;
    summary.add_curve(&model, paper.exposure.unit.clone());
    Ok(Fit { responses: vec![Named { name: paper.form.name().to_string(), model }], ..Fit::of(summary) })
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

fn read(paper: &IndividualPaper, text: &str) -> Result<Columns, Problems> {
    let wrong = |message: String| -> Problems {
        Diagnostic::error("E0756", format!("{}: {message}", paper.data)).into()
    };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let place = |name: &str| -> Result<usize, Problems> {
        headers.iter().position(|header| header == name).ok_or_else(|| {
            let known = headers.iter().collect::<Vec<_>>().join(", ");
            Diagnostic::error("E0756", format!("{}: there is no column `{name}`", paper.data))
                .help(format!("the columns are {known}"))
                .into()
        })
    };
    let (outcome_at, exposure_at) = (place(&paper.outcome)?, place(&paper.column)?);
    let covariates_at = paper.covariates.iter().map(|name| place(name)).collect::<Result<Vec<_>, _>>()?;
    let mut columns = Columns {
        outcome: Vec::new(),
        exposure: Vec::new(),
        covariates: vec![Vec::new(); covariates_at.len()],
    };
    for (row, record) in reader.records().enumerate() {
        // The header is the first line.
        let line = row + 2;
        let record = record.map_err(|error| wrong(error.to_string()))?;
        let number = |at: usize| -> Result<f64, Problems> {
            let cell = record.get(at).unwrap_or_default();
            cell.parse().ok().filter(|x: &f64| x.is_finite()).ok_or_else(|| {
                let column = headers.get(at).unwrap_or_default();
                wrong(format!("line {line}, column `{column}`: `{cell}` is no number"))
            })
        };
        let exposure = number(exposure_at)?;
        if exposure < 0.0 {
            return Err(wrong(format!("line {line}: the exposure {exposure} is negative")));
        }
        let outcome = number(outcome_at)?;
        if outcome != 0.0 && outcome != 1.0 {
            return Err(Diagnostic::error(
                "E0752",
                format!("{}: line {line}: the outcome {outcome} is neither 0 nor 1", paper.data),
            )
            .into());
        }
        columns.outcome.push(outcome);
        columns.exposure.push(paper.exposure.unit.to_coherent(exposure));
        for (column, at) in columns.covariates.iter_mut().zip(&covariates_at) {
            column.push(number(*at)?);
        }
    }
    if columns.outcome.is_empty() {
        return Err(wrong("there are no rows".into()));
    }
    Ok(columns)
}
