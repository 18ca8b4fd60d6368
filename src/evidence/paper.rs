//! What an evidence file says, checked: plain data, ready to be fitted.

use serde::{Deserialize, Serialize};

use super::arm_likelihood::Risk;
use super::convention::Convention;
use super::printed::Printed;
use crate::response::{Form, HazardLaw, Metric, RiskFactor};
use crate::units::{Quantity, Unit};

/// How far the figures are from the source that measured them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Class {
    /// Read in the primary text, its abstract or its table.
    #[serde(rename = "A")]
    Primary,
    /// A secondary transcription that cites its source.
    #[serde(rename = "B")]
    Secondary,
    /// Derived from primary or secondary figures.
    #[serde(rename = "D")]
    Derived,
    /// Assumed.
    #[serde(rename = "assumed")]
    Assumed,
}

/// An evidence file.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// One line that names it.
    pub title: String,
    /// The outcome that is to be modelled.
    pub outcome: String,
    /// Where the figures were printed.
    pub source: String,
    /// How far the figures are from that.
    pub class: Class,
    /// Assumptions and conflicts between sources.
    pub notes: Vec<String>,
    /// What was reported.
    pub body: Body,
}

/// What was reported.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Quantiles of the exposure in groups with and without an outcome.
    Quantiles(QuantilePaper),
    /// Events by arm.
    Arms(ArmPaper),
    /// Means of a biomarker's change by arm.
    Means(MeanPaper),
    /// The same, met through a model of the time course.
    Course(CoursePaper),
    /// A row for each patient, in a CSV file.
    Individual(IndividualPaper),
    /// Published odds or hazard ratios.
    Ratios(Vec<Ratio>),
    /// Shares of patients still treated at some times.
    Persistence(PersistencePaper),
}

/// The exposure of the evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct ExposureAxis {
    /// The metric.
    pub metric: Metric,
    /// The unit in which figures are printed.
    pub unit: Unit,
    /// Time of the sample after the dose (h), where it is one sample.
    pub sampling: Option<f64>,
}

/// Quantiles of the exposure, printed for those with and those without an outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantilePaper {
    /// The exposure.
    pub exposure: ExposureAxis,
    /// One split of the patients by outcome, or two where everyone with the first outcome also has the second.
    pub splits: Vec<Split>,
    /// The rule by which the paper computed quantiles.
    pub convention: Convention,
    /// Which method fits it.
    pub method: QuantileMethod,
    /// The exposure at which the intercept is the logit (mg/L).
    pub reference: f64,
    /// The prior median of the median exposure (mg/L); the reference where nothing is said.
    pub prior_median: f64,
}

impl QuantilePaper {
    /// The lowest and the highest printed exposure (coherent units).
    pub fn range(&self) -> [f64; 2] {
        let groups = self.splits.iter().flat_map(|split| [&split.with, &split.without]);
        groups.flat_map(|group| &group.quantiles).fold([f64::INFINITY, 0.0], |[low, high], (_, printed)| {
            let value = self.exposure.unit.to_coherent(printed.value());
            [low.min(value), high.max(value)]
        })
    }
}

/// How reported quantiles are fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantileMethod {
    /// Latent concentrations under the printed quantiles and rank sums.
    Latent,
    /// The same with proportional odds over the grades.
    ProportionalOdds,
    /// Linear discriminant on the logarithm.
    Discriminant,
}

/// Patients split by an outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The outcome.
    pub outcome: String,
    /// Patients with it.
    pub with: Group,
    /// Patients without it.
    pub without: Group,
    /// The p-value of the rank-sum test between them.
    pub p: Option<Printed>,
}

/// A group of patients and the quantiles of their exposure.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Patients.
    pub n: usize,
    /// Probability and printed value of each quantile, in rising order.
    pub quantiles: Vec<(f64, Printed)>,
}

impl Group {
    /// The printed value of a quantile.
    pub fn quantile(&self, probability: f64) -> Option<f64> {
        self.quantiles.iter().find(|(p, _)| *p == probability).map(|(_, printed)| printed.value())
    }
}

/// What a reported arm says of its exposure.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedExposure {
    /// The regimen in the words of a study file; `placebo` for none.
    pub regimen: Option<String>,
    /// The population in which it is to be simulated.
    pub population: Option<String>,
    /// A log-normal law: median (coherent unit) and CV (a fraction).
    pub law: Option<(f64, f64)>,
}

/// One arm of a trial as printed.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedArm {
    /// The trial.
    pub trial: String,
    /// The arm.
    pub name: String,
    /// Events; a rate times the patients where only a percentage was printed.
    pub events: f64,
    /// Patients.
    pub patients: f64,
    /// Mean time at risk (h).
    pub follow_up: Option<f64>,
    /// The exposure.
    pub exposure: ReportedExposure,
    /// Where the count was printed, if not where the file says.
    pub source: Option<String>,
}

/// A form that is to be fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FormChoice {
    /// The form.
    pub form: Form,
    /// Median (mg/L) and log standard deviation of the prior of an EC50 that is fitted.
    pub ec50_prior: Option<(f64, f64)>,
}

/// Events by arm.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmPaper {
    /// The exposure.
    pub exposure: ExposureAxis,
    /// The arms.
    pub arms: Vec<ReportedArm>,
    /// Odds or rates.
    pub risk: Risk,
    /// The forms to be fitted side by side.
    pub forms: Vec<FormChoice>,
}

/// Mean change of a biomarker in one arm.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedMean {
    /// The arm.
    pub name: String,
    /// Patients.
    pub n: f64,
    /// Mean change (unit of the paper).
    pub mean: f64,
    /// Standard deviation of the change.
    pub deviation: f64,
    /// The exposure.
    pub exposure: ReportedExposure,
}

/// Mean changes of a biomarker by arm.
#[derive(Clone, Debug, PartialEq)]
pub struct MeanPaper {
    /// The exposure.
    pub exposure: ExposureAxis,
    /// The unit of the change.
    pub unit: Unit,
    /// The time of the change (h).
    pub time: f64,
    /// The arms.
    pub arms: Vec<ReportedMean>,
    /// The forms to be fitted side by side.
    pub forms: Vec<Form>,
}

/// What is fitted to individual data.
#[derive(Clone, Debug, PartialEq)]
pub enum IndividualModel {
    /// The odds of an outcome that is 0 or 1.
    Logistic,
    /// The odds of reaching each grade of an outcome that is 0, 1, 2, ..., with one slope.
    ProportionalOdds,
    /// The mean of a biomarker's change, by least squares.
    Linear {
        /// The unit of the change.
        unit: Unit,
        /// The time of the change (h).
        time: f64,
    },
    /// The hazard of an outcome that is 0 (not seen) or 1, by Cox's partial likelihood.
    Cox {
        /// The column of the time until the outcome or the end of observation.
        time: String,
    },
}

/// Mean changes of a biomarker by arm, to be met through a model of its time course.
#[derive(Clone, Debug, PartialEq)]
pub struct CoursePaper {
    /// The exposure: an average concentration.
    pub exposure: ExposureAxis,
    /// The file of the model.
    pub model: String,
    /// The unit of the change.
    pub unit: Unit,
    /// The time of the change (h).
    pub time: f64,
    /// Parameters of the model that had other values in these patients.
    pub fixed: Vec<(String, Quantity)>,
    /// Covariates of these patients.
    pub covariates: Vec<(String, Quantity)>,
    /// The arms.
    pub arms: Vec<ReportedMean>,
    /// Typical values that the means determine.
    pub means: Vec<String>,
    /// Random effects whose spreads the standard deviations determine.
    pub spreads: Vec<String>,
}

/// Individual data: which columns of a CSV file are what.
#[derive(Clone, Debug, PartialEq)]
pub struct IndividualPaper {
    /// What is fitted.
    pub model: IndividualModel,
    /// The exposure.
    pub exposure: ExposureAxis,
    /// The CSV file, as the evidence file names it.
    pub data: String,
    /// The column of the outcome.
    pub outcome: String,
    /// The column of the exposure, in the unit of the axis.
    pub column: String,
    /// Columns of covariates.
    pub covariates: Vec<String>,
    /// The form.
    pub form: Form,
    /// Median (coherent unit) and log standard deviation of the prior of an EC50 that is fitted.
    pub ec50_prior: Option<(f64, f64)>,
}

impl IndividualPaper {
    /// The unit of the change, where the outcome is one of a biomarker.
    pub fn biomarker(&self) -> Option<&Unit> {
        match &self.model {
            IndividualModel::Linear { unit, .. } => Some(unit),
            _ => None,
        }
    }
}

/// What a ratio compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Odds.
    Odds,
    /// Hazards.
    Hazard,
}

/// A published odds or hazard ratio.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratio {
    /// The predictor and the levels compared.
    pub predictor: String,
    /// Odds or hazards.
    pub measure: Measure,
    /// The ratio.
    pub value: Printed,
    /// Its 95 % interval.
    pub interval: [Printed; 2],
    /// Its p-value.
    pub p: Option<Printed>,
    /// Whether other predictors were in the model.
    pub adjusted: bool,
}

/// Printed percentages of patients still treated (Kaplan-Meier), and what multiplies their hazard.
#[derive(Clone, Debug, PartialEq)]
pub struct PersistencePaper {
    /// Patients at the start.
    pub patients: f64,
    /// The times (h) of the percentages, rising.
    pub times: Vec<f64>,
    /// Percentages still treated at the times.
    pub persisting: Vec<Printed>,
    /// Patients at risk in the interval that ends at each time; all of them where nothing is said.
    pub at_risk: Vec<f64>,
    /// How the hazard runs over time.
    pub law: HazardLaw,
    /// The risk factors.
    pub factors: Vec<ReportedFactor>,
}

/// A risk factor of stopping with its printed hazard ratio.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedFactor {
    /// The covariate and its limit.
    pub factor: RiskFactor,
    /// Patients who have it.
    pub patients: f64,
    /// The hazard ratio.
    pub ratio: Ratio,
    /// Percentages still treated of those with and of those without it, at the times of the paper.
    pub curves: Option<[Vec<Printed>; 2]>,
}
