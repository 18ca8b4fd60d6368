//! Outcomes with grades and curves with a fitted EC50: what the closed logistic regression does not reach.

use super::super::design::softplus;
use super::super::fit::{Fit, Inputs, Named, basis};
use super::super::latent::LabelPriors;
use super::super::mode::Mode;
use super::super::paper::{Evidence, IndividualPaper};
use super::super::prior::Prior;
use super::super::summary::Summary;
use super::super::walk::Walk;
use super::agreement;
use super::data::Columns;
use crate::diagnostic::{Diagnostic, Problems, Severity};
use crate::response::{Constant, Curve, Draws, Form, Link, ResponseModel};

/// Half the fall of the log-likelihood at the ends of a 95 % interval, 3.8415/2.
const DROP: f64 = 3.841_458_820_694_124 / 2.0;

/// Outcomes in grades 0, 1, ... with logit P(grade >= k) = a_k + b g(C) + covariates (McCullagh 1980, J R Stat Soc B
/// 42:109); with two grades it is logistic regression. Parameters: a_1, the logarithms of a_k - a_(k+1), b, the
/// covariates, and ln EC50 where it is fitted.
struct Grades<'a> {
    paper: &'a IndividualPaper,
    columns: &'a Columns,
    /// Columns of the centred covariates.
    covariates: Vec<Vec<f64>>,
    /// The number of grades above 0.
    cuts: usize,
    /// Twice the standard deviation of the form at the prior's EC50 and of each covariate: the priors' steps.
    scales: Vec<f64>,
}

impl Grades<'_> {
    /// The intercepts from the first parameters.
    fn intercepts(&self, parameters: &[f64]) -> Vec<f64> {
        let mut at = parameters[0];
        let mut intercepts = vec![at];
        for log_gap in &parameters[1..self.cuts] {
            at -= crate::math::exp(*log_gap);
            intercepts.push(at);
        }
        intercepts
    }

    /// b g(C) and covariates of each patient.
    fn effects(&self, parameters: &[f64]) -> Vec<f64> {
        let rest = &parameters[self.cuts..];
        let form = match self.paper.form {
            Form::Emax { ec50: Constant::Fitted(_) } => {
                let ec50 = crate::math::exp(rest[1 + self.covariates.len()]);
                Form::Emax { ec50: Constant::Known(ec50) }
            }
            form => form,
        };
        let shape = form.shape(&[]);
        (0..self.columns.exposure.len())
            .map(|i| {
                let covariates: f64 = self.covariates.iter().zip(&rest[1..]).map(|(x, b)| x[i] * b).sum();
                rest[0] * shape.apply(self.columns.exposure[i]) + covariates
            })
            .collect()
    }

    fn log_likelihood(&self, parameters: &[f64]) -> f64 {
        let intercepts = self.intercepts(parameters);
        let mut sum = 0.0;
        for (effect, outcome) in self.effects(parameters).iter().zip(&self.columns.outcome) {
            // Grades are small whole numbers, as read.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let grade = *outcome as usize;
            // ln(F(upper) - F(lower)) = lower-tail and upper-tail terms and the log of what separates the cuts.
            let upper = grade.checked_sub(1).map(|k| intercepts[k] + effect);
            let lower = intercepts.get(grade).map(|a| a + effect);
            sum += match (upper, lower) {
                (Some(upper), Some(lower)) => {
                    let gap = upper - lower;
                    -softplus(-upper) - softplus(lower) + crate::math::ln(-crate::math::expm1(-gap))
                }
                (Some(upper), None) => -softplus(-upper),
                (None, Some(lower)) => -softplus(lower),
                (None, None) => 0.0,
            };
        }
        sum
    }

    /// The default priors on intercepts and standardised slopes, as for logistic regression; the prior of the EC50.
    fn log_prior(&self, parameters: &[f64]) -> f64 {
        let priors = LabelPriors::default();
        let intercepts: f64 =
            self.intercepts(parameters).iter().map(|a| priors.intercept.log_density(*a)).sum();
        // The density of the logarithms of the gaps.
        let jacobian: f64 = parameters[1..self.cuts].iter().sum();
        let rest = &parameters[self.cuts..];
        let slopes: f64 =
            rest.iter().zip(&self.scales).map(|(b, scale)| priors.slope.log_density(b * scale)).sum();
        let constant = self.paper.ec50_prior.map_or(0.0, |(median, log_sd)| {
            Prior::Normal(log_sd).log_density(rest[self.scales.len()] - crate::math::ln(median))
        });
        intercepts + jacobian + slopes + constant
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = match self.cuts {
            1 => vec!["a".into()],
            cuts => (1..=cuts).map(|k| format!("a[>= {k}]")).collect(),
        };
        names.push("b".into());
        names.extend(self.paper.covariates.iter().cloned());
        if self.paper.ec50_prior.is_some() {
            names.push("ln EC50".into());
        }
        names
    }

    /// Intercepts from a_1 and log gaps; the rest as it is.
    fn natural(&self, parameters: &[f64]) -> Vec<f64> {
        [self.intercepts(parameters), parameters[self.cuts..].to_vec()].concat()
    }
}

/// Fits grades by maximum likelihood with profile intervals, and by a posterior that the response models hold: one for
/// each grade, with shared draws.
///
/// # Errors
/// E0757 where a grade has no patient, E0755 where the posterior has no mode, E0754 and E0744 where chains have not
/// converged: because the data are separated, or for another reason.
pub(super) fn grades(
    evidence: &Evidence,
    paper: &IndividualPaper,
    columns: &Columns,
    inputs: &Inputs<'_>,
) -> Result<Fit, Problems> {
    let cuts = cuts(columns)?;
    let central = match (paper.form, paper.ec50_prior) {
        (Form::Emax { .. }, Some((median, _))) => Form::Emax { ec50: Constant::Known(median) },
        (form, _) => form.checked(0)?,
    };
    let shape = central.shape(&[]);
    let g: Vec<f64> = columns.exposure.iter().map(|&c| shape.apply(c)).collect();
    let predictors = columns.predictors(paper, g);
    let scales: Vec<f64> = predictors.iter().map(|(_, column)| 2.0 * super::deviation(column)).collect();
    let covariates = predictors.into_iter().skip(1).map(|(_, column)| column).collect();
    let grades = Grades { paper, columns, covariates, cuts, scales };
    let mut summary = Summary::new(evidence);
    let start = start(&grades);
    let posterior = |parameters: &[f64]| grades.log_likelihood(parameters) + grades.log_prior(parameters);
    let mode = Mode::find(posterior, &start).ok_or_else(|| {
        Diagnostic::error("E0755", "the estimation does not end").help("rescale the predictors")
    })?;
    let undetermined = likelihood(&mut summary, &grades, &mode);
    let walk = Walk { names: grades.names(), start: &mode.at, covariance: &mode.covariance };
    let walked = walk.draws(posterior, inputs.seed, inputs.draws);
    let draws = match (walked, undetermined) {
        (Ok(draws), told) => {
            told.into_iter().for_each(|told| summary.warn(told));
            natural(&grades, &draws)?
        }
        (Err(_), Some(mut told)) => {
            told.severity = Severity::Error;
            return Err(told.into());
        }
        (Err(problems), None) => return Err(problems),
    };
    for (column, name) in draws.names().iter().enumerate() {
        summary.add_draws(&format!("posterior: {name}"), &draws, column);
    }
    let mut responses = Vec::with_capacity(cuts);
    for cut in 0..cuts {
        let method = match cuts {
            1 => "logistic regression with a fitted EC50, posterior".to_string(),
            _ => format!("proportional odds, grade {} or more, posterior", cut + 1),
        };
        let patients = columns.outcome.len() as f64;
        let basis = basis(evidence, paper.exposure.metric, columns.range(), method, patients);
        let form = match (paper.form, paper.ec50_prior) {
            (Form::Emax { .. }, Some(_)) => Form::Emax { ec50: Constant::Fitted(draws.names().len() - 1) },
            (form, _) => form,
        };
        let curve = Curve::with_columns(form, draws.clone(), cut, cuts)?;
        let model = ResponseModel::from_curve(basis, Link::Logit, curve)?;
        summary.add_curve(&model, paper.exposure.unit.clone());
        let name = match cuts {
            1 => paper.form.name().to_string(),
            _ => format!("{}, grade {} or more", paper.form.name(), cut + 1),
        };
        responses.push(Named { name, model });
    }
    // Of the first grade, at the posterior medians.
    let outcome: Vec<f64> = columns.outcome.iter().map(|y| f64::from(u8::from(*y >= 1.0))).collect();
    let fitted: Vec<f64> = grades
        .effects(&mode.at)
        .iter()
        .map(|effect| Link::Logit.probability(draws.central()[0] + effect))
        .collect();
    agreement(&mut summary, &fitted, &outcome, columns, paper);
    Ok(Fit { responses, ..Fit::of(summary) })
}

/// The number of grades above 0 (E0757 where one is empty).
fn cuts(columns: &Columns) -> Result<usize, Problems> {
    let highest = columns.outcome.iter().copied().fold(0.0, f64::max);
    // Grades are small whole numbers, as read.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let cuts = highest as usize;
    let empty = (0..=cuts).find(|grade| !columns.outcome.contains(&(*grade as f64)));
    match (cuts, empty) {
        (1.., None) => Ok(cuts),
        (_, grade) => {
            Err(Diagnostic::error("E0757", format!("no patient has the outcome {}", grade.unwrap_or(1)))
                .help("a relation needs patients of every grade; join grades that are empty")
                .into())
        }
    }
}

/// Intercepts at the observed shares, no effect, the EC50 at its prior's median.
fn start(grades: &Grades<'_>) -> Vec<f64> {
    let n = grades.columns.outcome.len() as f64;
    let logit = |cut: usize| {
        let reached = grades.columns.outcome.iter().filter(|y| **y >= cut as f64).count() as f64;
        crate::math::ln((reached + 0.5) / (n - reached + 0.5))
    };
    let mut start = vec![logit(1)];
    start.extend((2..=grades.cuts).map(|cut| crate::math::ln((logit(cut - 1) - logit(cut)).max(0.05))));
    start.resize(grades.cuts + 1 + grades.covariates.len(), 0.0);
    start.extend(grades.paper.ec50_prior.map(|(median, _)| crate::math::ln(median)));
    start
}

/// Maximum likelihood and profile intervals of the slopes and the EC50; what is to be told (E0754) where it has none.
fn likelihood(summary: &mut Summary, grades: &Grades<'_>, near: &Mode) -> Option<Diagnostic> {
    let f = |parameters: &[f64]| grades.log_likelihood(parameters);
    let Some(mode) = Mode::find(f, &near.at) else {
        let message = "the likelihood has no maximum: the data are separated, or do not determine the EC50";
        return Some(
            Diagnostic::warning("E0754", message)
                .help("the posterior rests on its priors as well; know the EC50, or leave out a predictor"),
        );
    };
    let natural = grades.natural(&mode.at);
    for (j, name) in grades.names().iter().enumerate() {
        // The gaps between intercepts have no interval of their own.
        let interval = (j == 0 || j >= grades.cuts).then(|| mode.profile(&f, j, DROP));
        summary.add(&format!("maximum likelihood: {name}"), natural[j], interval);
    }
    summary.add("log-likelihood", mode.value, None);
    None
}

fn natural(grades: &Grades<'_>, draws: &Draws) -> Result<Draws, Problems> {
    let width = draws.names().len();
    let rows = draws.rows().chunks_exact(width).flat_map(|row| grades.natural(row)).collect();
    Draws::new(draws.names().to_vec(), grades.natural(draws.central()), rows)
}
