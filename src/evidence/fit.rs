use super::arm_fit::{ArmFit, ArmModel, fit_arms};
use super::arm_likelihood::Risk;
use super::arm_means::{ArmMean, MeanFit};
use super::arms::{Arm, ArmCounts, ExposureLaw};
use super::discriminant::{Discriminant, Quartiles, type7};
use super::individual::individual;
use super::latent::{LabelModel, LatentFit, LatentOptions, fit_latent};
use super::paper::{
    ArmPaper, Body, Evidence, ExposureAxis, Group, MeanPaper, QuantileMethod, QuantilePaper, Ratio,
    ReportedExposure,
};
use super::ratios::LogRatio;
use super::summary::{Figure, Summary};
use crate::diagnostic::{Diagnostic, Problems};
use crate::response::{Basis, BiomarkerModel, Curve, Draws, Form, Link, Metric, ResponseModel, YEAR};

/// The exposures that an arm asks for: the fit knows no kinetics, so that its caller simulates them.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The trial; empty where arms are not of several trials.
    pub trial: String,
    /// The arm.
    pub arm: String,
    /// The regimen in the words of a study file.
    pub regimen: String,
    /// The population in which it is to be simulated, if the evidence names one.
    pub population: Option<String>,
    /// The exposure metric.
    pub metric: Metric,
}

/// What a fit needs besides the evidence.
pub struct Inputs<'a> {
    /// The simulated exposures of an arm (coherent units); `None` falls back on the log-normal law of the file.
    pub exposures: &'a dyn Fn(&Request) -> Option<Vec<f64>>,
    /// The text of the CSV file, for individual data.
    pub data: Option<&'a str>,
    /// The seed of all draws.
    pub seed: u64,
    /// The number of joint draws.
    pub draws: u32,
}

impl Inputs<'_> {
    /// Inputs without simulated exposures and data: 4000 draws.
    pub fn new(seed: u64) -> Inputs<'static> {
        Inputs { exposures: &|_| None, data: None, seed, draws: 4000 }
    }
}

/// A model of an outcome, with its name among those that the same evidence gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Named<T> {
    /// The form and, where intercepts differ, the trial.
    pub name: String,
    /// The model.
    pub model: T,
}

/// What evidence gave: models side by side (several forms, several trials), and a summary for people.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Models of the probability of the outcome, the first the one to use where nothing else is said.
    pub responses: Vec<Named<ResponseModel>>,
    /// Models of the mean change of a biomarker.
    pub biomarkers: Vec<Named<BiomarkerModel>>,
    /// Published ratios on their log scale.
    pub ratios: Vec<LogRatio>,
    /// Estimates and diagnostics, in the order in which they should be read.
    pub summary: Summary,
}

/// Fits evidence.
///
/// # Errors
/// What the method of its kind refuses (E0701 to E0759); E0727 where an arm's exposure is neither given nor simulated.
pub fn fit(evidence: &Evidence, inputs: &Inputs<'_>) -> Result<Fit, Problems> {
    match &evidence.body {
        Body::Quantiles(paper) => quantiles(evidence, paper, inputs),
        Body::Arms(paper) => arms(evidence, paper, inputs),
        Body::Means(paper) => means(evidence, paper, inputs),
        Body::Individual(paper) => individual(evidence, paper, inputs),
        Body::Ratios(ratios) => Ok(published_ratios(evidence, ratios)),
    }
}

pub(super) fn basis(
    evidence: &Evidence,
    metric: Metric,
    range: [f64; 2],
    method: String,
    patients: f64,
) -> Basis {
    let mut basis = Basis::new(evidence.outcome.clone(), metric, range);
    basis.source.clone_from(&evidence.source);
    basis.method = method;
    // Patients are counted, and far fewer than 2^32.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let count = patients.round() as u32;
    basis.patients = count;
    basis.notes.clone_from(&evidence.notes);
    basis
}

fn quantiles(evidence: &Evidence, paper: &QuantilePaper, inputs: &Inputs<'_>) -> Result<Fit, Problems> {
    let nested = paper.splits.len() > 1;
    let model = match paper.method {
        QuantileMethod::Discriminant => return discriminant(evidence, paper, inputs),
        QuantileMethod::ProportionalOdds if nested => LabelModel::ProportionalOdds,
        _ if paper.splits.first().is_some_and(|split| split.outcome == evidence.outcome) => LabelModel::Best,
        _ => LabelModel::AtLeastMiddle,
    };
    let fit = fit_latent(paper, &LatentOptions::new(paper, model), inputs.seed, inputs.draws)?;
    let mut summary = Summary::new(evidence);
    summary.add_draws("a: logit at the reference exposure", &fit.draws, 0);
    summary.add_draws("b: slope per doubling", &fit.draws, 1);
    let ratio = |b: f64| libm::exp(b);
    if let Some(Figure { estimate, interval: Some([low, high]), .. }) = summary.figures.last().cloned() {
        summary.add("odds ratio per doubling", ratio(estimate), Some([ratio(low), ratio(high)]));
    }
    let positive = fit.draws.values(1).filter(|b| *b > 0.0).count() as f64 / fit.draws.len().max(1) as f64;
    summary.add("P(b > 0)", positive, None);
    add_ec50(&mut summary, &fit, paper);
    for reading in fit.rank_sums.iter().flatten() {
        summary.add(&format!("area under the ROC curve, {}", reading.outcome), reading.auc, None);
        summary.note(&format!(
            "p-value of {}: {} (U = {:?})",
            reading.outcome,
            reading.readings.join("; "),
            reading.u
        ));
    }
    summary.add("Monte-Carlo error of the median of b", fit.slope_error, None);
    let worst = fit.convergence.iter().map(|c| c.r_hat).filter(|r| r.is_finite()).fold(1.0, f64::max);
    summary.add("largest split R-hat", worst, None);
    for warning in &fit.warnings {
        summary.warn(warning.clone());
    }
    let patients = fit.grades.len() as f64;
    let method = format!("latent exposures under printed quantiles ({}) and rank sums", paper.convention);
    let basis = basis(evidence, paper.exposure.metric, paper.range(), method, patients);
    let form = Form::Log2Ratio { reference: paper.reference };
    let model =
        ResponseModel::new(basis, Link::Logit, form, upper_logit(fit.draws, model, evidence, paper)?)?;
    summary.add_curve(&model, paper.exposure.unit.clone());
    summary.note(
        "an association among these patients; whether a change of exposure changes the outcome is not shown",
    );
    Ok(Fit {
        responses: vec![Named { name: "log2-ratio".into(), model }],
        biomarkers: Vec::new(),
        ratios: Vec::new(),
        summary,
    })
}

/// The exposure of an even chance, where the slope is positive: its median and 95 % interval.
fn add_ec50(summary: &mut Summary, fit: &LatentFit, paper: &QuantilePaper) {
    let unit = &paper.exposure.unit;
    let mut halves: Vec<f64> = fit
        .draws
        .values(0)
        .zip(fit.draws.values(1))
        .filter(|(_, b)| *b > 0.0)
        .map(|(a, b)| unit.from_coherent(paper.reference) * libm::exp2(-a / b))
        .collect();
    halves.sort_by(f64::total_cmp);
    let [low, median, high] = [0.025, 0.5, 0.975].map(|p| type7(&halves, p));
    summary.add(&format!("exposure of an even chance ({unit}), given b > 0"), median, Some([low, high]));
}

/// With proportional odds the outcome of the larger group has the intercept c0 + exp(c2).
fn upper_logit(
    draws: Draws,
    model: LabelModel,
    evidence: &Evidence,
    paper: &QuantilePaper,
) -> Result<Draws, Problems> {
    let best = paper.splits.first().is_some_and(|split| split.outcome == evidence.outcome);
    if model != LabelModel::ProportionalOdds || best {
        return Ok(draws);
    }
    let raise = |row: &[f64]| -> Vec<f64> {
        let mut row = row.to_vec();
        row[0] += libm::exp(row[2]);
        row
    };
    let rows = draws.rows().chunks_exact(draws.names().len()).flat_map(raise).collect();
    Draws::new(draws.names().to_vec(), raise(draws.central()), rows)
}

fn discriminant(evidence: &Evidence, paper: &QuantilePaper, inputs: &Inputs<'_>) -> Result<Fit, Problems> {
    let split = paper.splits.iter().find(|split| split.outcome == evidence.outcome);
    let split = split.ok_or_else(|| Diagnostic::error("E0715", "no split is by the outcome of the file"))?;
    let quartiles = |group: &Group| -> Result<Quartiles, Problems> {
        let at = |p| group.quantile(p).map(|q| paper.exposure.unit.to_coherent(q));
        match (at(0.25), at(0.5), at(0.75)) {
            (Some(q1), Some(median), Some(q3)) => Ok(Quartiles { n: group.n, values: [q1, median, q3] }),
            _ => {
                Err(Diagnostic::error("E0711", "the discriminant needs median and quartiles of both groups")
                    .into())
            }
        }
    };
    let estimate = Discriminant::estimate(quartiles(&split.with)?, quartiles(&split.without)?)?;
    let draws = estimate.bootstrap(paper.reference, inputs.seed, inputs.draws)?;
    let mut summary = Summary::new(evidence);
    summary.add("a: logit at the reference exposure", draws.central()[0], None);
    summary.add("slope per doubling, unshrunk", estimate.slope, Some(estimate.interval));
    summary.add_draws("b: slope per doubling", &draws, 1);
    let basis = basis(
        evidence,
        paper.exposure.metric,
        paper.range(),
        "linear discriminant on log2 C, parametric bootstrap".into(),
        (split.with.n + split.without.n) as f64,
    );
    let model =
        ResponseModel::new(basis, Link::Logit, Form::Log2Ratio { reference: paper.reference }, draws)?;
    summary.add_curve(&model, paper.exposure.unit.clone());
    Ok(Fit {
        responses: vec![Named { name: "log2-ratio".into(), model }],
        biomarkers: Vec::new(),
        ratios: Vec::new(),
        summary,
    })
}

/// The exposure law of a reported arm: placebo, simulated by the caller, or the log-normal law of the file.
fn law(
    reported: &ReportedExposure,
    axis: &ExposureAxis,
    (trial, arm): (&str, &str),
    inputs: &Inputs<'_>,
) -> Result<ExposureLaw, Problems> {
    if let Some(regimen) = &reported.regimen {
        if regimen == "placebo" {
            return Ok(ExposureLaw::Zero);
        }
        let request = Request {
            trial: trial.to_string(),
            arm: arm.to_string(),
            regimen: regimen.clone(),
            population: reported.population.clone(),
            metric: axis.metric,
        };
        if let Some(exposures) = (inputs.exposures)(&request) {
            return Ok(ExposureLaw::Simulated(exposures));
        }
    }
    match reported.law {
        Some((median, cv)) => Ok(ExposureLaw::LogNormal { median, cv }),
        None => Err(Diagnostic::error(
            "E0727",
            format!("{trial} {arm}: the exposure is neither given nor simulated"),
        )
        .help("give the arm `exposure = { median = \"15.4 ng/mL\", cv = \"38 %\" }`, or fit within a study")
        .into()),
    }
}

fn arms(evidence: &Evidence, paper: &ArmPaper, inputs: &Inputs<'_>) -> Result<Fit, Problems> {
    let arms = paper
        .arms
        .iter()
        .map(|arm| {
            Ok(Arm {
                name: arm.name.clone(),
                trial: arm.trial.clone(),
                events: arm.events,
                patients: arm.patients,
                follow_up: arm.follow_up,
                exposure: law(&arm.exposure, &paper.exposure, (&arm.trial, &arm.name), inputs)?,
            })
        })
        .collect::<Result<Vec<_>, Problems>>()?;
    let counts = ArmCounts::new(arms)?;
    let patients: f64 = counts.arms().iter().map(|arm| arm.patients).sum();
    let longest = counts.arms().iter().filter_map(|arm| arm.follow_up).fold(0.0, f64::max);
    let link = match paper.risk {
        Risk::Odds => Link::Logit,
        Risk::Rate => Link::Cloglog { follow_up: if longest > 0.0 { longest } else { YEAR } },
    };
    let mut summary = Summary::new(evidence);
    for trial in counts.trials() {
        let mut of_trial = counts.arms().iter().filter(|arm| arm.trial == *trial);
        if of_trial.all(|arm| arm.events == 0.0) {
            summary.warn(
                Diagnostic::warning("E0734", format!("{trial}: no arm has an event"))
                    .help("its intercept rests on the prior; the data only say that the event is rare"),
            );
        }
    }
    let mut responses = Vec::new();
    for &(form, ec50_prior) in &paper.forms {
        let model = ArmModel { form, ec50_prior, risk: paper.risk, priors: None };
        let fit = fit_arms(&counts, &model, inputs.seed, inputs.draws)?;
        summarise(&mut summary, &fit, &counts);
        for trial in &fit.trials {
            let method = format!(
                "arm counts, {}, risk averaged over each arm's exposures, posterior by quadrature",
                form.name()
            );
            let basis = basis(evidence, paper.exposure.metric, counts.range(), method, patients);
            let name = if fit.trials.len() > 1 {
                format!("{}, {trial}", form.name())
            } else {
                form.name().to_string()
            };
            responses.push(Named { name, model: ResponseModel::from_curve(basis, link, fit.curve(trial)?)? });
        }
    }
    for named in &responses {
        summary.add_curve(&named.model, paper.exposure.unit.clone());
    }
    if responses.len() > paper.forms.len() {
        summary.note("the trials share the effect of exposure and have each their own intercept");
    }
    Ok(Fit { responses, biomarkers: Vec::new(), ratios: Vec::new(), summary })
}

fn summarise(summary: &mut Summary, fit: &ArmFit, counts: &ArmCounts) {
    let form = fit.form.name();
    for (column, name) in fit.draws.names().iter().enumerate() {
        summary.add_draws(&format!("{form}: {name}"), &fit.draws, column);
    }
    summary.add(&format!("{form}: P(b > 0)"), fit.positive, None);
    let Some(ml) = &fit.maximum else {
        summary.note(&format!(
            "{form}: no maximum-likelihood estimate; the posterior rests on its prior as well"
        ));
        return;
    };
    summary.add(&format!("{form}: b, maximum likelihood"), ml.slope, Some(ml.slope_interval));
    summary.add(&format!("{form}: likelihood ratio for b = 0"), ml.likelihood_ratio.0, None);
    summary.add(&format!("{form}: its p-value"), ml.likelihood_ratio.1, None);
    summary.add(&format!("{form}: deviance on {} df", ml.deviance.1), ml.deviance.0, None);
    for (arm, fitted) in counts.arms().iter().zip(&ml.fitted) {
        summary.add(&format!("{form}: fitted risk, {} {}", arm.trial, arm.name), *fitted, None);
        summary.add(
            &format!("{form}: observed risk, {} {}", arm.trial, arm.name),
            arm.events / arm.patients,
            None,
        );
    }
    if ml.deviance.1 > 0 && ml.deviance.2 < 0.05 {
        summary.warn(
            Diagnostic::warning(
                "E0732",
                format!("the form {form} does not fit the arms (p = {:.3})", ml.deviance.2),
            )
            .help("compare another form, or separate intercepts"),
        );
    }
}

fn means(evidence: &Evidence, paper: &MeanPaper, inputs: &Inputs<'_>) -> Result<Fit, Problems> {
    let arms = paper
        .arms
        .iter()
        .map(|arm| {
            let exposure = law(&arm.exposure, &paper.exposure, ("", &arm.name), inputs)?;
            Ok(ArmMean { n: arm.n, mean: arm.mean, deviation: arm.deviation, exposure })
        })
        .collect::<Result<Vec<_>, Problems>>()?;
    let range = arms.iter().map(|arm| arm.exposure.range());
    let range = range.fold([f64::INFINITY, 0.0], |[low, high], [l, h]| [low.min(l), f64::max(high, h)]);
    let patients = arms.iter().map(|arm| arm.n).sum();
    let mut summary = Summary::new(evidence);
    let mut biomarkers = Vec::new();
    for &form in &paper.forms {
        let fit = MeanFit::weighted(&arms, form.checked(0)?.shape(&[]))?;
        let draws = fit.draws(inputs.seed, inputs.draws)?;
        let [a, b] = fit.intervals();
        summary.add(&format!("{}: a ({})", form.name(), paper.unit), fit.estimate[0], Some(a));
        summary.add(&format!("{}: b ({})", form.name(), paper.unit), fit.estimate[1], Some(b));
        summary.add(&format!("{}: misfit on {} df", form.name(), fit.misfit.1), fit.misfit.0, None);
        let basis = basis(
            evidence,
            paper.exposure.metric,
            range,
            format!("weighted least squares of arm means, {}", form.name()),
            patients,
        );
        let curve = Curve::new(form, draws)?;
        let model = BiomarkerModel::new(basis, paper.unit.clone(), paper.time, fit.deviation, curve)?;
        biomarkers.push(Named { name: form.name().to_string(), model });
    }
    Ok(Fit { responses: Vec::new(), biomarkers, ratios: Vec::new(), summary })
}

fn published_ratios(evidence: &Evidence, ratios: &[Ratio]) -> Fit {
    let mut summary = Summary::new(evidence);
    let logs: Vec<LogRatio> = ratios.iter().map(Ratio::logarithm).collect();
    for (ratio, log) in ratios.iter().zip(&logs) {
        let kind = if ratio.adjusted { "adjusted" } else { "unadjusted" };
        let interval = [ratio.interval[0].value(), ratio.interval[1].value()];
        summary.add(&format!("{} ({kind})", ratio.predictor), ratio.value.value(), Some(interval));
        if let Some(misprint) = &log.misprint {
            summary.warn(misprint.clone());
        }
    }
    summary.note("associations within one cohort; not effects of treatment");
    Fit { responses: Vec::new(), biomarkers: Vec::new(), ratios: logs, summary }
}
