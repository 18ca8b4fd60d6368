use super::arm_fit::{ArmFit, ArmModel, fit_arms};
use super::arm_likelihood::Risk;
use super::arm_means::{ArmMean, MeanFit};
use super::arms::{Arm, ArmCounts, ExposureLaw};
use super::course::course;
use super::individual::individual;
use super::paper::{
    ArmPaper, Body, CoursePaper, Evidence, ExposureAxis, FormChoice, MeanPaper, Ratio, ReportedExposure,
};
use super::persistence::persistence;
use super::quantiles::quantiles;
use super::ratios::LogRatio;
use super::summary::Summary;
use crate::diagnostic::{Diagnostic, Problems};
use crate::random::{Address, Purpose};
use crate::response::{
    Basis, BiomarkerModel, CourseModel, Curve, Draw, Link, Metric, PersistenceModel, ResponseModel, YEAR,
};
use crate::units::Unit;

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
    /// The simulator of a biomarker's model.
    pub courses: Courses<'a>,
}

/// Gives the simulator of the model that evidence names, for so many patients.
pub type Courses<'a> = &'a dyn Fn(&CoursePaper, usize) -> Result<Box<dyn Simulator>, Problems>;

/// A biomarker's model, simulated in the patients of an arm: the fit knows no equations.
pub trait Simulator {
    /// The fitted parameters as the model's file has them: typical values (coherent units), then standard deviations.
    fn start(&self) -> Vec<f64>;

    /// The changes of the patients (unit of the paper) at the time of the paper, at these parameters and average
    /// concentrations (mg/L).
    fn changes(&self, parameters: &[f64], exposures: &[f64]) -> Vec<f64>;
}

impl Inputs<'_> {
    /// Inputs without simulated exposures, data and models: 4000 draws.
    pub fn new(seed: u64) -> Inputs<'static> {
        let courses: Courses<'static> = &|paper, _| {
            let told = format!("there is nothing to simulate `{}` with", paper.model);
            Err(Diagnostic::error("E0773", told).into())
        };
        Inputs { exposures: &|_| None, data: None, seed, draws: 4000, courses }
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
    /// Models of the time until a patient stops treatment.
    pub persistence: Vec<Named<PersistenceModel>>,
    /// The parameters of a biomarker's time course.
    pub course: Option<CourseModel>,
    /// Published ratios on their log scale.
    pub ratios: Vec<LogRatio>,
    /// Estimates and diagnostics, in the order in which they should be read.
    pub summary: Summary,
}

impl Fit {
    /// A summary with no model yet.
    pub(super) fn of(summary: Summary) -> Fit {
        Fit {
            responses: Vec::new(),
            biomarkers: Vec::new(),
            persistence: Vec::new(),
            course: None,
            ratios: Vec::new(),
            summary,
        }
    }
}

/// Fits evidence.
///
/// # Errors
/// What the method of its kind refuses (E0701 to E0773); E0727 where an arm's exposure is neither given nor simulated.
pub fn fit(evidence: &Evidence, inputs: &Inputs<'_>) -> Result<Fit, Problems> {
    // Fits of other evidence are independent of this one, and so are their draws.
    let seed = Address::new(inputs.seed, Purpose::Evidence).named(&evidence.title).own_seed();
    let inputs = &Inputs { seed, ..*inputs };
    match &evidence.body {
        Body::Quantiles(paper) => quantiles(evidence, paper, inputs),
        Body::Arms(paper) => arms(evidence, paper, inputs),
        Body::Means(paper) => means(evidence, paper, inputs),
        Body::Course(paper) => course(evidence, paper, inputs),
        Body::Individual(paper) => individual(evidence, paper, inputs),
        Body::Ratios(ratios) => Ok(published_ratios(evidence, ratios)),
        Body::Persistence(paper) => persistence(evidence, paper, inputs),
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

/// The exposure law of a reported arm: placebo, simulated by the caller, or the log-normal law of the file.
pub(super) fn law(
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
    for &FormChoice { form, ec50_prior } in &paper.forms {
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
    part(&mut summary, &responses, paper.forms.len(), &paper.exposure.unit);
    if responses.len() > paper.forms.len() {
        summary.note("the trials share the effect of exposure and have each their own intercept");
    }
    Ok(Fit { responses, ..Fit::of(summary) })
}

/// How far the forms part at the highest exposure of the evidence and at twice that, where no data choose between them:
/// central probabilities of each trial.
fn part(summary: &mut Summary, responses: &[Named<ResponseModel>], forms: usize, unit: &Unit) {
    let trials = responses.len() / forms.max(1);
    let Some((first, others)) = responses.split_at_checked(trials) else { return };
    for (named, place) in first.iter().zip(0..) {
        let [_, high] = named.model.basis().range;
        for (exposure, where_) in [(high, "the highest exposure of the evidence"), (2.0 * high, "twice that")]
        {
            let at = |model: &ResponseModel| model.probability(Draw::Central, exposure);
            for other in others.iter().skip(place).step_by(trials) {
                let gap = 100.0 * (at(&named.model) - at(&other.model));
                let words = format!(
                    "{} minus {} at {:.3} {unit}, {where_}, points",
                    named.name,
                    other.name,
                    unit.from_coherent(exposure)
                );
                summary.add(&words, gap, None);
            }
        }
    }
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
    Ok(Fit { biomarkers, ..Fit::of(summary) })
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
    Fit { ratios: logs, ..Fit::of(summary) }
}
