use serde::{Deserialize, Serialize};

use super::{Draw, Draws, YEAR};
use crate::diagnostic::{Diagnostic, Problems};
use crate::units::Unit;

/// How the hazard of stopping runs over time.
#[derive(Clone, Debug, PartialEq)]
pub enum HazardLaw {
    /// Cumulative hazard H(t) = H1 (t/year)^k. Parameters: ln H1, ln k.
    Weibull,
    /// A constant hazard in each interval; the last one goes on beyond its end. Parameters: the logarithm of each
    /// interval's rate per year.
    Piecewise {
        /// The ends of the intervals (h), rising from above zero.
        ends: Vec<f64>,
    },
}

impl HazardLaw {
    /// The number of its parameters, which come first among the parameters of the model.
    pub fn parameters(&self) -> usize {
        match self {
            HazardLaw::Weibull => 2,
            HazardLaw::Piecewise { ends } => ends.len(),
        }
    }

    /// The cumulative hazard at a time (h) of a patient without any risk factor.
    pub fn cumulative(&self, parameters: &[f64], hours: f64) -> f64 {
        if hours <= 0.0 {
            return 0.0;
        }
        match self {
            HazardLaw::Weibull => {
                let [scale, shape, ..] = *parameters else { return f64::NAN };
                crate::math::exp(scale + crate::math::exp(shape) * crate::math::ln(hours / YEAR))
            }
            HazardLaw::Piecewise { ends } => {
                let mut sum = 0.0;
                for (k, (from, to)) in intervals(ends).enumerate() {
                    let within = hours.min(to) - from;
                    if within <= 0.0 {
                        break;
                    }
                    sum += crate::math::exp(parameters[k]) * within / YEAR;
                }
                sum
            }
        }
    }

    /// The time (h) at which the cumulative hazard reaches a value: the inverse of [`HazardLaw::cumulative`].
    pub fn time(&self, parameters: &[f64], cumulative: f64) -> f64 {
        match self {
            HazardLaw::Weibull => {
                let [scale, shape, ..] = *parameters else { return f64::NAN };
                let log = (crate::math::ln(cumulative) - scale) / crate::math::exp(shape);
                YEAR * crate::math::exp(log)
            }
            HazardLaw::Piecewise { ends } => {
                let mut left = cumulative;
                for (k, (from, to)) in intervals(ends).enumerate() {
                    let rate = crate::math::exp(parameters[k]) / YEAR;
                    if left <= rate * (to - from) {
                        return from + left / rate;
                    }
                    left -= rate * (to - from);
                }
                f64::INFINITY
            }
        }
    }
}

/// Beginning and end of each interval; the last has no end.
fn intervals(ends: &[f64]) -> impl Iterator<Item = (f64, f64)> + '_ {
    let last = ends.len().saturating_sub(1);
    (0..ends.len()).map(move |k| {
        let from = if k == 0 { 0.0 } else { ends[k - 1] };
        (from, if k == last { f64::INFINITY } else { ends[k] })
    })
}

/// A covariate that multiplies the hazard where it is at most a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskFactor {
    /// The covariate, as populations name it.
    pub covariate: String,
    /// The unit in which the limit was printed.
    pub unit: Unit,
    /// The limit (coherent unit): the hazard is multiplied at and below it.
    pub limit: f64,
}

impl RiskFactor {
    /// Whether a patient with this value of the covariate (coherent unit) has the factor.
    pub fn holds(&self, value: f64) -> bool {
        value <= self.limit
    }

    /// The factor in words: `ALB <= 35 g/L`.
    pub fn words(&self) -> String {
        format!("{} <= {} {}", self.covariate, self.unit.from_coherent(self.limit), self.unit)
    }
}

/// What a persistence model is about and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersistenceBasis {
    /// What happens, such as `discontinuation`.
    pub outcome: String,
    /// The last time (h) for which persistence was printed. Beyond, the model extrapolates.
    pub horizon: f64,
    /// Where the figures come from.
    pub source: String,
    /// How the parameters were estimated.
    pub method: String,
    /// Patients whom the evidence counts.
    pub patients: u32,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// The time until a patient stops treatment, with proportional hazards of risk factors and joint draws of all parameters.
///
/// A trial evaluates it in three steps for a subject: [`PersistenceModel::covariates`] tells which covariates it wants
/// and in which order; [`PersistenceModel::ratio`] turns their values (coherent units) into the subject's hazard ratio
/// under a draw; [`PersistenceModel::time`] turns the ratio and the subject's luck, one uniform number in (0, 1) that
/// is the same in every arm and draw, into the hours from the first dose to stopping. Beyond
/// [`PersistenceBasis::horizon`] the hazard is extrapolated.
///
/// ```
/// use exposim::response::{Draw, Draws, HazardLaw, PersistenceBasis, PersistenceModel, RiskFactor, YEAR};
///
/// let basis = PersistenceBasis {
///     outcome: "discontinuation".into(),
///     horizon: YEAR,
///     source: String::new(),
///     method: String::new(),
///     patients: 108,
///     notes: Vec::new(),
/// };
/// let factor = RiskFactor { covariate: "ALB".into(), unit: "g/L".parse().unwrap(), limit: 35_000.0 };
/// // ln of the cumulative hazard at one year, ln of the Weibull shape, ln of the hazard ratio.
/// let names = ["ln H1", "ln k", "ALB"].map(String::from).to_vec();
/// let draws = Draws::new(names, vec![-1.5, -0.6, 1.1], vec![])?;
/// let model = PersistenceModel::new(basis, HazardLaw::Weibull, vec![factor], draws)?;
/// let ratio = model.ratio(Draw::Central, &[31_000.0]);
/// assert!((ratio - 1.1f64.exp()).abs() < 1e-12);
/// let stops = model.time(Draw::Central, ratio, 0.25); // hours
/// assert!((model.survival(Draw::Central, ratio, stops) - 0.25).abs() < 1e-12);
/// # Ok::<(), exposim::diagnostic::Problems>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PersistenceModel {
    basis: PersistenceBasis,
    law: HazardLaw,
    factors: Vec<RiskFactor>,
    draws: Draws,
}

impl PersistenceModel {
    /// A model from its law, its risk factors and joint draws: first the parameters of the law, then the logarithm of
    /// each factor's hazard ratio.
    ///
    /// # Errors
    /// E0701 where the number of parameters does not fit, E0704 where the times are none.
    pub fn new(
        basis: PersistenceBasis,
        law: HazardLaw,
        factors: Vec<RiskFactor>,
        draws: Draws,
    ) -> Result<Self, Problems> {
        let wanted = law.parameters() + factors.len();
        if draws.names().len() != wanted {
            let message = format!("{} parameters where {wanted} are wanted", draws.names().len());
            return Err(Diagnostic::error("E0701", message).into());
        }
        let rising = match &law {
            HazardLaw::Weibull => true,
            HazardLaw::Piecewise { ends } => {
                ends.first().is_some_and(|first| *first > 0.0) && ends.is_sorted_by(|a, b| a < b)
            }
        };
        if !(rising && basis.horizon > 0.0 && basis.horizon.is_finite()) {
            return Err(Diagnostic::error("E0704", "the times of a hazard must rise from above zero").into());
        }
        Ok(PersistenceModel { basis, law, factors, draws })
    }

    /// What the model is about and what it rests on.
    pub fn basis(&self) -> &PersistenceBasis {
        &self.basis
    }

    /// How the hazard runs over time.
    pub fn law(&self) -> &HazardLaw {
        &self.law
    }

    /// The risk factors, in the order of their parameters.
    pub fn factors(&self) -> &[RiskFactor] {
        &self.factors
    }

    /// The parameters.
    pub fn draws(&self) -> &Draws {
        &self.draws
    }

    /// The covariates that [`PersistenceModel::ratio`] wants, in its order.
    pub fn covariates(&self) -> impl Iterator<Item = &str> {
        self.factors.iter().map(|factor| factor.covariate.as_str())
    }

    /// The hazard ratio of a patient with these values of the covariates (coherent units, in the order of
    /// [`PersistenceModel::covariates`]) against one who has no risk factor.
    pub fn ratio(&self, draw: Draw, values: &[f64]) -> f64 {
        let effects = &self.draws.get(draw)[self.law.parameters()..];
        let held = self.factors.iter().zip(values).zip(effects);
        crate::math::exp(held.filter(|((factor, value), _)| factor.holds(**value)).map(|(_, b)| b).sum())
    }

    /// The share of patients with a hazard ratio who are still treated after a time (h).
    pub fn survival(&self, draw: Draw, ratio: f64, hours: f64) -> f64 {
        crate::math::exp(-ratio * self.law.cumulative(self.draws.get(draw), hours))
    }

    /// When (h after the first dose) a patient with a hazard ratio stops, for a uniform number in (0, 1).
    pub fn time(&self, draw: Draw, ratio: f64, luck: f64) -> f64 {
        self.law.time(self.draws.get(draw), -crate::math::ln(luck) / ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(law: HazardLaw, central: Vec<f64>) -> Result<PersistenceModel, Problems> {
        let names = (0..central.len()).map(|i| format!("p{i}")).collect();
        let basis = PersistenceBasis {
            outcome: "discontinuation".into(),
            horizon: YEAR,
            source: String::new(),
            method: String::new(),
            patients: 100,
            notes: Vec::new(),
        };
        let factor =
            RiskFactor { covariate: "BMI".into(), unit: "kg/m^2".parse().unwrap(), limit: 185_000.0 };
        PersistenceModel::new(basis, law, vec![factor], Draws::new(names, central, vec![]).unwrap())
    }

    #[test]
    fn times_and_survival_are_inverse() {
        let pieces = HazardLaw::Piecewise { ends: vec![2000.0, 5000.0, 8766.0] };
        for (law, parameters) in
            [(HazardLaw::Weibull, vec![-1.4, -0.6, 0.8]), (pieces, vec![-0.5, -2.0, -1.0, 0.8])]
        {
            let model = model(law, parameters).unwrap();
            let mut before = 0.0;
            for luck in [0.99, 0.9, 0.8, 0.5, 0.2, 0.01] {
                let time = model.time(Draw::Central, 1.7, luck);
                assert!(time > before, "{time}");
                assert!((model.survival(Draw::Central, 1.7, time) / luck - 1.0).abs() < 1e-12);
                before = time;
            }
            assert_eq!(model.survival(Draw::Central, 1.0, 0.0), 1.0);
        }
    }

    #[test]
    fn a_constant_hazard_is_the_exponential_law_in_both_forms() {
        // 20 per 100 patient-years.
        let rate = 0.2f64.ln();
        let weibull = model(HazardLaw::Weibull, vec![rate, 0.0, 0.0]).unwrap();
        let pieces = HazardLaw::Piecewise { ends: vec![YEAR / 4.0, YEAR] };
        let pieces = model(pieces, vec![rate, rate, 0.0]).unwrap();
        for model in [weibull, pieces] {
            for years in [0.1, 0.5, 1.0, 3.0] {
                let got = model.survival(Draw::Central, 1.0, years * YEAR);
                assert!((got - (-0.2 * years).exp()).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn a_factor_holds_at_its_limit_and_below() {
        let model = model(HazardLaw::Weibull, vec![-1.4, -0.6, 0.8]).unwrap();
        assert_eq!(model.covariates().collect::<Vec<_>>(), ["BMI"]);
        assert!((model.ratio(Draw::Central, &[185_000.0]) - 0.8f64.exp()).abs() < 1e-14);
        assert_eq!(model.ratio(Draw::Central, &[185_001.0]), 1.0);
        assert_eq!(model.factors()[0].words(), "BMI <= 18.5 kg/m^2");
    }

    #[test]
    fn parameters_and_times_that_do_not_fit_are_refused() {
        let code = |result: Result<PersistenceModel, Problems>| result.unwrap_err().list()[0].code;
        assert_eq!(code(model(HazardLaw::Weibull, vec![0.0, 0.0])), "E0701");
        let turned = HazardLaw::Piecewise { ends: vec![200.0, 100.0] };
        assert_eq!(code(model(turned, vec![0.0, 0.0, 0.0])), "E0704");
    }
}
