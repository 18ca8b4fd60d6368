use serde::{Deserialize, Serialize};

use super::{Curve, Draw, Draws, Form, Link};
use crate::diagnostic::{Diagnostic, Problems};
use crate::units::Dimension;

/// An exposure metric that a response model may rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Metric {
    /// Concentration at the end of the dosing interval (mg/L).
    Ctrough,
    /// Average concentration over the dosing interval (mg/L).
    Cavg,
    /// Highest concentration of the dosing interval (mg/L).
    Cmax,
    /// Area under the concentration over the dosing interval (mg h/L).
    AUCtau,
}

impl Metric {
    /// All metrics.
    pub const ALL: [Metric; 4] = [Metric::Ctrough, Metric::Cavg, Metric::Cmax, Metric::AUCtau];

    /// The name of the metric in files and columns.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Ctrough => "Ctrough",
            Metric::Cavg => "Cavg",
            Metric::Cmax => "Cmax",
            Metric::AUCtau => "AUCtau",
        }
    }

    /// The metric with a name.
    pub fn named(name: &str) -> Option<Self> {
        Metric::ALL.into_iter().find(|metric| metric.name() == name)
    }

    /// What a value of the metric is, in the system of units.
    pub fn dimension(self) -> Dimension {
        match self {
            Metric::AUCtau => Dimension::CONCENTRATION * Dimension::TIME,
            _ => Dimension::CONCENTRATION,
        }
    }
}

/// What a response model is about and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// What happens, such as `endoscopic remission`.
    pub outcome: String,
    /// The exposure metric that drives it.
    pub metric: Metric,
    /// Lowest and highest exposure of the evidence (coherent units). Outside, the model extrapolates.
    pub range: [f64; 2],
    /// Where the figures come from.
    pub source: String,
    /// How the parameters were estimated.
    pub method: String,
    /// Patients whom the evidence counts.
    pub patients: u32,
    /// What a reader must know: assumptions, conflicts between sources.
    pub notes: Vec<String>,
}

impl Basis {
    /// A basis with its outcome, metric and range of exposures (coherent units); source, method and notes are empty.
    pub fn new(outcome: impl Into<String>, metric: Metric, range: [f64; 2]) -> Self {
        Basis {
            outcome: outcome.into(),
            metric,
            range,
            source: String::new(),
            method: String::new(),
            patients: 0,
            notes: Vec::new(),
        }
    }

    pub(super) fn checked(self) -> Result<Self, Problems> {
        let [low, high] = self.range;
        if low >= 0.0 && high >= low && high.is_finite() {
            return Ok(self);
        }
        Err(Diagnostic::error("E0703", format!("the range of exposures {low} to {high} is no range")).into())
    }

    /// A warning (E0733) where simulated exposures (coherent units) lie a factor of 100 or more from the evidence: a unit
    /// was likely mistaken. Placebo, an exposure of zero, does not count.
    pub fn unit_warning(&self, exposures: &[f64]) -> Option<Diagnostic> {
        let mut dosed: Vec<f64> = exposures.iter().copied().filter(|c| *c > 0.0).collect();
        dosed.sort_by(f64::total_cmp);
        let median = *dosed.get(dosed.len() / 2)?;
        let [low, high] = self.range;
        let far = median > 100.0 * high || high > 0.0 && median * 100.0 < low.max(high / 10.0);
        far.then(|| {
            Diagnostic::warning(
                "E0733",
                format!(
                    "{}: the simulated {} has a median of {median:.3e}, the evidence lies between {low:.3e} and {high:.3e}",
                    self.outcome,
                    self.metric.name()
                ),
            )
            .help("values in mg/L (mg h/L for an area); was mg/L written for ng/mL, or the other way round?")
        })
    }

    /// The share of exposures below and above the range of the evidence; `(0, 0)` where there are none.
    pub fn outside(&self, exposures: &[f64]) -> (f64, f64) {
        let share = |wanted: &dyn Fn(f64) -> bool| {
            let count = exposures.iter().filter(|&&c| wanted(c)).count();
            // Counts of subjects are far below 2^53.
            #[allow(clippy::cast_precision_loss)]
            let share = count as f64 / exposures.len().max(1) as f64;
            share
        };
        let [low, high] = self.range;
        (share(&|c| c < low), share(&|c| c > high))
    }
}

/// The probability of an event as a function of an exposure metric: link(a + b g(C)).
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseModel {
    basis: Basis,
    link: Link,
    curve: Curve,
}

impl ResponseModel {
    /// A model whose first two parameters are intercept a and slope b.
    ///
    /// # Errors
    /// E0701 to E0704 where draws, form, range or time at risk are wrong.
    pub fn new(basis: Basis, link: Link, form: Form, draws: Draws) -> Result<Self, Problems> {
        ResponseModel::from_curve(basis, link, Curve::new(form, draws)?)
    }

    /// A model with a given curve.
    ///
    /// # Errors
    /// E0703 where the range is none, E0704 where the time at risk is not positive.
    pub fn from_curve(basis: Basis, link: Link, curve: Curve) -> Result<Self, Problems> {
        if let Link::Cloglog { follow_up } = link
            && !(follow_up > 0.0 && follow_up.is_finite())
        {
            return Err(Diagnostic::error("E0704", "the time at risk must be positive").into());
        }
        Ok(ResponseModel { basis: basis.checked()?, link, curve })
    }

    /// What the model is about and what it rests on.
    pub fn basis(&self) -> &Basis {
        &self.basis
    }

    /// The link.
    pub fn link(&self) -> Link {
        self.link
    }

    /// The predictor and its draws.
    pub fn curve(&self) -> &Curve {
        &self.curve
    }

    /// The same model for another time at risk (h). Changes nothing where the link is not one of a rate.
    ///
    /// # Errors
    /// E0704 where the time is not positive.
    pub fn for_time_at_risk(self, hours: f64) -> Result<Self, Problems> {
        let link = match self.link {
            Link::Logit => Link::Logit,
            Link::Cloglog { .. } => Link::Cloglog { follow_up: hours },
        };
        ResponseModel::from_curve(self.basis, link, self.curve)
    }

    /// The probabilities of a block of subjects from their exposures (coherent units: mg/L, mg h/L for an area), into
    /// `out` of the same length. Nothing is allocated.
    pub fn probability_slice(&self, draw: Draw, exposures: &[f64], out: &mut [f64]) {
        self.curve.predictor_slice(draw, exposures, out);
        let count = exposures.len().min(out.len());
        self.link.probability_slice(&mut out[..count]);
    }

    /// The probability at one exposure (coherent units).
    pub fn probability(&self, draw: Draw, exposure: f64) -> f64 {
        let mut out = [0.0];
        self.probability_slice(draw, &[exposure], &mut out);
        out[0]
    }
}

#[cfg(test)]
mod tests {
    use super::super::Constant;
    use super::*;
    use proptest::prelude::*;

    fn model(link: Link, form: Form, a: f64, b: f64) -> ResponseModel {
        let draws = Draws::new(vec!["a".into(), "b".into()], vec![a, b], vec![a, b, a - 1.0, b]).unwrap();
        let basis = Basis::new("event", Metric::Cavg, [0.004, 0.05]);
        ResponseModel::new(basis, link, form, draws).unwrap()
    }

    #[test]
    fn the_share_outside_the_evidence_is_counted() {
        let basis = Basis::new("event", Metric::Ctrough, [1.0, 2.0]);
        assert_eq!(basis.outside(&[0.5, 1.0, 2.0, 3.0]), (0.25, 0.25));
        assert_eq!(basis.outside(&[]), (0.0, 0.0));
        let turned = Basis::new("event", Metric::Ctrough, [2.0, 1.0]);
        assert!(turned.checked().is_err());
    }

    #[test]
    fn a_factor_of_a_thousand_is_noticed() {
        let basis = Basis::new("event", Metric::Ctrough, [3.0, 107.0]); // ng/mL taken for mg/L
        assert_eq!(basis.unit_warning(&[0.004, 0.008, 0.02]).unwrap().code, "E0733");
        let basis = Basis::new("event", Metric::Ctrough, [0.003, 0.107]);
        assert_eq!(basis.unit_warning(&[0.004, 0.008, 0.02]), None);
        assert_eq!(basis.unit_warning(&[0.0, 0.0]), None);
        assert!(basis.unit_warning(&[14.0]).is_some());
    }

    #[test]
    fn names_and_dimensions_of_metrics() {
        for metric in Metric::ALL {
            assert_eq!(Metric::named(metric.name()), Some(metric));
        }
        assert_eq!(Metric::named("ctrough"), None);
        assert_eq!(Metric::AUCtau.dimension(), Dimension::CONCENTRATION * Dimension::TIME);
    }

    #[test]
    fn a_time_at_risk_must_be_positive() {
        let rate = model(Link::Cloglog { follow_up: 100.0 }, Form::Linear { scale: 0.01 }, -2.0, 0.3);
        let longer = rate.clone().for_time_at_risk(200.0).unwrap();
        assert!(longer.probability(Draw::Central, 0.01) > rate.probability(Draw::Central, 0.01));
        assert!(rate.for_time_at_risk(0.0).is_err());
    }

    proptest! {
        #[test]
        fn a_positive_slope_never_lowers_a_probability(
            a in -8.0f64..4.0, b in 0.0f64..3.0, low in 0.0f64..0.1, step in 0.0f64..0.1, which in 0usize..5,
        ) {
            let form = [
                Form::Log2Ratio { reference: 0.0125 },
                Form::Linear { scale: 0.01 },
                Form::Log2OnePlus { scale: 0.0044 },
                Form::Emax { ec50: Constant::Known(0.026) },
                Form::SigmoidEmax { ec50: Constant::Known(0.026), hill: Constant::Known(2.0) },
            ][which];
            for link in [Link::Logit, Link::Cloglog { follow_up: 4000.0 }] {
                let model = model(link, form, a, b);
                let mut p = [0.0; 2];
                model.probability_slice(Draw::Number(0), &[low, low + step], &mut p);
                prop_assert!(p[0] <= p[1] && p[0] >= 0.0 && p[1] <= 1.0, "{p:?}");
                prop_assert!(model.probability(Draw::Number(1), low) <= p[0]);
            }
        }
    }
}
