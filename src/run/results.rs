//! What a run hands over to the tables, the files and the report: plain data, complete, in a fixed order.

use serde::{Deserialize, Serialize};

use super::or_nan;

pub use crate::evidence::EvidencePoint;

/// The results of a study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The study's title.
    pub title: String,
    /// The question the study asks, in the author's words.
    pub question: Option<String>,
    /// What was simulated: counts and names.
    pub design: Design,
    /// Estimates by arm and contrast, long and tidy, in the order in which a reader wants them.
    pub summary: Vec<Estimate>,
    /// Operating characteristics of simulated trials, where the study asks for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<SimulatedTrials>,
    /// Contrasts draw by draw, for the joint uncertainty of benefit and risk; empty where nothing was drawn.
    pub contrast_draws: Vec<ContrastDraws>,
    /// Distributions of exposure by arm.
    pub distributions: Vec<Distribution>,
    /// Concentration-time profiles by arm.
    pub profiles: Vec<Profile>,
    /// Exposure-response curves with what they rest on and where the arms lie on them.
    pub curves: Vec<Curve>,
    /// Biomarkers over time by arm.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub courses: Vec<Course>,
    /// How long subjects stay on treatment, by arm; empty where nobody stops.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub persistence: Vec<Persistence>,
    /// The doses of a few patients, the same ones in every arm; empty where everybody is treated as planned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patients: Vec<Patient>,
    /// What the differences between arms depend on, the strongest first within each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependences: Vec<Dependence>,
    /// The parameters used, with their sources.
    pub parameters: Vec<ParameterRow>,
    /// What was assumed, a sentence each.
    pub assumptions: Vec<String>,
    /// What the user must know before using the figures, a sentence each.
    pub warnings: Vec<String>,
    /// How to run it again.
    pub provenance: Provenance,
}

/// What was simulated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Design {
    /// Name of the pharmacokinetic model.
    pub model: String,
    /// Name of the population.
    pub population: String,
    /// Subjects in each arm; the same subjects in every arm.
    pub subjects: u64,
    /// Draws of the uncertain parameters.
    pub draws: u32,
    /// The seed.
    pub seed: u64,
    /// The arms in the order of the study file, each with its phases in words.
    pub arms: Vec<ArmDesign>,
    /// The endpoints in the order of the study file.
    pub endpoints: Vec<EndpointDesign>,
    /// What was drawn at random, a phrase each.
    pub random: Vec<String>,
    /// What was held fixed, a phrase each.
    pub fixed: Vec<String>,
    /// Subjects that failed at any draw, with the reason and their number. At the draws at which they failed they are
    /// left out of every arm.
    pub failures: Vec<(String, u64)>,
    /// The share of subjects that may fail.
    pub max_failures: f64,
}

impl Design {
    /// How many subjects failed, and whether they are more than may fail.
    pub fn failed(&self) -> (u64, bool) {
        let failed = self.failures.iter().map(|(_, n)| n).sum::<u64>();
        // Counts of subjects are far below 2^53.
        #[allow(clippy::cast_precision_loss)]
        let spent = failed as f64 > self.max_failures * self.subjects as f64;
        (failed, spent)
    }
}

/// An arm in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmDesign {
    /// Its name.
    pub name: String,
    /// Its phases in words, such as "45 mg ER every 24 h for 12 weeks".
    pub phases: Vec<String>,
}

/// What an endpoint is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointDesign {
    /// Its name in the study file.
    pub name: String,
    /// A label for people, such as "Endoscopic remission at week 52".
    pub label: String,
    /// The unit of its values; `%` for probabilities and proportions.
    pub unit: String,
    /// What kind of value it is.
    pub kind: EndpointKind,
    /// Which direction is good.
    pub better: Better,
}

/// What kind of value an endpoint has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointKind {
    /// A number per subject, such as a trough.
    Continuous,
    /// A probability per subject.
    Probability,
    /// An event that a simulated subject has or has not.
    Event,
    /// A number or a time per subject whose mean is told, such as days on hold.
    Count,
}

impl EndpointKind {
    /// Whether it is told as a share or a mean probability.
    pub fn is_share(self) -> bool {
        matches!(self, EndpointKind::Probability | EndpointKind::Event)
    }
}

/// Which direction of an endpoint is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// More is better, as for remission.
    Higher,
    /// Less is better, as for anaemia.
    Lower,
    /// Neither.
    Neither,
}

/// One figure with its errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Scenario; `base` where there is one only.
    pub scenario: String,
    /// The arm, or for a contrast the arm that is compared.
    pub arm: String,
    /// For a contrast, the arm it is compared with (value = arm minus reference, paired by subject).
    pub reference: Option<String>,
    /// The endpoint's name.
    pub endpoint: String,
    /// The statistic: `mean`, `proportion`, `median`, `q05`, `q25`, `q75`, `q95`, `sd`, or for a contrast `difference`.
    pub statistic: String,
    /// The value.
    #[serde(deserialize_with = "or_nan::number")]
    pub value: f64,
    /// Its unit; differences of proportions are in `%` points.
    pub unit: String,
    /// Lower limit of the 95 % interval from parameter uncertainty; `None` where no parameter that matters is uncertain.
    pub lower: Option<f64>,
    /// Upper limit of that interval.
    pub upper: Option<f64>,
    /// Monte-Carlo standard error from the finite numbers of subjects and draws.
    #[serde(deserialize_with = "or_nan::number")]
    pub mc_error: f64,
    /// For a contrast: variance of the unpaired difference over that of the paired one.
    pub pairing_gain: Option<f64>,
}

impl Results {
    /// All estimates: of the subjects, and of the simulated trials.
    pub fn estimates(&self) -> impl Iterator<Item = &Estimate> {
        self.summary.iter().chain(self.trials.iter().flat_map(|trials| &trials.figures))
    }
}

/// Trials of a size, simulated again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SimulatedTrials {
    /// How many were simulated.
    pub replicates: u32,
    /// Whether the precision that was asked for was reached; `None` where none was asked for.
    pub precise: Option<bool>,
    /// Patients of each arm.
    pub patients: Vec<(String, u32)>,
    /// Mean number of patients with a value for every endpoint.
    pub complete: f64,
    /// The analyses, a phrase each: name and words.
    pub analyses: Vec<(String, String)>,
    /// How several analyses make one decision.
    pub decision: Option<String>,
    /// The figures. `endpoint` is the analysis for `power`, `power alone` (without the decision's rule), `probability of
    /// success`, `type I error` (with the arm treated as its reference), `mean estimate` and `coverage` (of the true
    /// difference by the interval); it is the endpoint for `trial median`, the median over trials of an arm's mean with
    /// its 95 % prediction interval as limits.
    pub figures: Vec<Estimate>,
}

/// A contrast in each draw of the uncertain parameters. The draws of all contrasts are in the same order, so that
/// two of them side by side show their joint uncertainty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContrastDraws {
    /// The arm that is compared.
    pub arm: String,
    /// The arm it is compared with.
    pub reference: String,
    /// The endpoint's name.
    pub endpoint: String,
    /// The unit of the differences; `%` means points.
    pub unit: String,
    /// The difference in each draw; the first few hundred draws are enough.
    #[serde(deserialize_with = "or_nan::numbers")]
    pub draws: Vec<f64>,
}

/// The distribution of a value over the subjects of an arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// The arm.
    pub arm: String,
    /// The endpoint or metric, such as `ctrough_52`.
    pub metric: String,
    /// A label for people.
    pub label: String,
    /// The unit of the values.
    pub unit: String,
    /// Probabilities and quantiles, ascending: at least 1, 2.5, 5, 10, 25, 50, 75, 90, 95, 97.5, 99 %.
    pub quantiles: Vec<(f64, f64)>,
    /// Density on a log axis: (value, density of log10 of the value), for drawing.
    pub density: Vec<(f64, f64)>,
}

/// A value over time in an arm: a concentration over a dosing interval, or a biomarker over a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The arm.
    pub arm: String,
    /// Which interval, such as "day 364", or which biomarker.
    pub label: String,
    /// Times after the dose (h), or after the first one.
    pub times: Vec<f64>,
    /// Unit of the values.
    pub unit: String,
    /// 5th percentile over subjects at each time.
    #[serde(deserialize_with = "or_nan::numbers")]
    pub q05: Vec<f64>,
    /// 25th percentile.
    #[serde(deserialize_with = "or_nan::numbers")]
    pub q25: Vec<f64>,
    /// Median.
    #[serde(deserialize_with = "or_nan::numbers")]
    pub median: Vec<f64>,
    /// 75th percentile.
    #[serde(deserialize_with = "or_nan::numbers")]
    pub q75: Vec<f64>,
    /// 95th percentile.
    #[serde(deserialize_with = "or_nan::numbers")]
    pub q95: Vec<f64>,
}

/// A biomarker over time in an arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// Its name in the study.
    pub response: String,
    /// Thresholds that rules and endpoints ask about, in the unit of the values, ascending.
    pub thresholds: Vec<f64>,
    /// The values; times count from the first dose.
    pub bands: Profile,
}

/// How long the subjects of an arm stay on treatment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Persistence {
    /// The arm.
    pub arm: String,
    /// The subjects that were followed.
    pub subjects: u64,
    /// Until when (h).
    pub until: f64,
    /// What happened, ascending in time.
    pub steps: Vec<PersistenceStep>,
}

/// A time at which subjects stopped.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersistenceStep {
    /// When (h).
    pub time: f64,
    /// Subjects on treatment just before.
    pub at_risk: u64,
    /// Subjects who stopped then.
    pub stopped: u64,
    /// The share on treatment from then on (product limit).
    pub share: f64,
    /// Lower limit of its 95 % interval from the number of subjects.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}

/// The doses of a patient in an arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Patient {
    /// The subject's number, as in the rows.
    pub id: u64,
    /// The arm.
    pub arm: String,
    /// The unit of doses.
    pub unit: String,
    /// Stretches of time with one dose, in order.
    pub spans: Vec<DoseSpan>,
}

/// Doses of one size one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DoseSpan {
    /// From when (h).
    pub from: f64,
    /// Until when (h).
    pub to: f64,
    /// Each dose; 0 where none is given.
    pub amount: f64,
    /// Doses among them that the patient missed.
    pub missed: u32,
    /// Why.
    pub reason: String,
    /// What kind of reason that is.
    pub kind: SpanKind,
}

/// Why a dose is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpanKind {
    /// As planned.
    Planned,
    /// A rule has changed it.
    Changed,
    /// A rule holds it.
    Held,
    /// Treatment has ended.
    Ended,
}

/// How a difference between two arms goes with an uncertain quantity, over the draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dependence {
    /// The endpoint.
    pub endpoint: String,
    /// The arm that is compared.
    pub arm: String,
    /// The arm it is compared with.
    pub reference: String,
    /// The unit of the differences; `%` means points.
    pub unit: String,
    /// The quantity: what it belongs to, and its name.
    pub quantity: String,
    /// The 2.5th and the 97.5th percentile of the quantity over the draws.
    pub range: [f64; 2],
    /// The unit of these; empty for none.
    pub range_unit: String,
    /// The difference at these two, by a straight line through the draws.
    pub at: [f64; 2],
    /// The difference over all draws.
    pub centre: f64,
    /// The share of the variance between draws that the line explains.
    pub explained: f64,
}

/// An exposure-response curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// The endpoint or response it belongs to.
    pub response: String,
    /// A label for people.
    pub label: String,
    /// The exposure metric, such as "24 h trough".
    pub metric: String,
    /// Unit of the exposures.
    pub unit: String,
    /// How it was fitted, in words.
    pub method: String,
    /// Where the evidence comes from.
    pub source: String,
    /// Exposures, ascending.
    pub exposures: Vec<f64>,
    /// Probability at each exposure: 2.5th percentile over the draws.
    pub lower95: Vec<f64>,
    /// 25th percentile.
    pub lower50: Vec<f64>,
    /// Median.
    #[serde(deserialize_with = "or_nan::numbers")]
    pub median: Vec<f64>,
    /// 75th percentile.
    pub upper50: Vec<f64>,
    /// 97.5th percentile.
    pub upper95: Vec<f64>,
    /// The range of exposures on which the evidence rests.
    pub evidence_range: (f64, f64),
    /// What was observed, where it can be drawn.
    pub points: Vec<EvidencePoint>,
    /// Where the arms' exposures lie.
    pub arms: Vec<ArmExposure>,
}

/// Where an arm's exposures lie on a curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmExposure {
    /// The arm.
    pub arm: String,
    /// 5, 25, 50, 75 and 95 % quantiles.
    #[serde(deserialize_with = "or_nan::five")]
    pub quantiles: [f64; 5],
    /// Share of the subjects below the range of the evidence.
    #[serde(deserialize_with = "or_nan::number")]
    pub share_below: f64,
    /// Share of the subjects above it.
    #[serde(deserialize_with = "or_nan::number")]
    pub share_above: f64,
}

/// A parameter of a model, with what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParameterRow {
    /// What it belongs to: the model, the population or a response.
    pub group: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Its value as written.
    pub value: String,
    /// Relative standard error or interval, as published.
    pub precision: String,
    /// The source.
    pub source: String,
    /// Evidence class: A, B, D, or `assumption`.
    pub class: String,
}

/// Where the results come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of the program.
    pub version: String,
    /// The command that gives the same results again.
    pub command: String,
    /// Every input: name and SHA-256 of its bytes.
    pub inputs: Vec<(String, String)>,
    /// The study file as resolved, with all defaults written out.
    pub resolved: serde_json::Value,
}
