use std::f64::consts::LOG2_E;

use crate::diagnostic::{Diagnostic, Problems};

/// A constant of a form: known, or a parameter of the fit with its own draws.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant {
    /// A value that the fit took as known (mg/L for exposures, 1 for a Hill exponent).
    Known(f64),
    /// The exponential of a parameter in this column of the draws (the parameter is the natural logarithm).
    Fitted(usize),
}

/// How an exposure C enters the predictor a + b g(C). Constants are in the coherent unit of the metric (mg/L; mg h/L
/// for an area).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// g = log2(C/reference): b is the change per doubling. Has no place for a placebo arm.
    Log2Ratio {
        /// The exposure at which the predictor is a.
        reference: f64,
    },
    /// g = C/scale. Must not be used above the exposures of the evidence.
    Linear {
        /// The exposure of one step of b.
        scale: f64,
    },
    /// g = log2(1 + C/scale): linear at low and logarithmic at high exposures.
    Log2OnePlus {
        /// The exposure at which the one passes into the other.
        scale: f64,
    },
    /// g = C/(EC50 + C): b is the largest effect.
    Emax {
        /// The exposure of half the largest effect.
        ec50: Constant,
    },
    /// g = C^h/(EC50^h + C^h).
    SigmoidEmax {
        /// The exposure of half the largest effect.
        ec50: Constant,
        /// The Hill exponent h.
        hill: Constant,
    },
}

impl Form {
    /// The form with its constants checked.
    ///
    /// # Errors
    /// E0702 where a constant is not positive and finite, or names a column that is not there.
    pub fn checked(self, columns: usize) -> Result<Self, Problems> {
        let fine = |constant: Constant| match constant {
            Constant::Known(value) => value > 0.0 && value.is_finite(),
            Constant::Fitted(column) => column < columns,
        };
        let good = match self {
            Form::Log2Ratio { reference: value }
            | Form::Linear { scale: value }
            | Form::Log2OnePlus { scale: value } => fine(Constant::Known(value)),
            Form::Emax { ec50 } => fine(ec50),
            Form::SigmoidEmax { ec50, hill } => fine(ec50) && fine(hill),
        };
        if good {
            return Ok(self);
        }
        Err(Diagnostic::error("E0702", format!("the constants of the form {} are wrong", self.name()))
            .help("a reference, scale, EC50 or Hill exponent is a positive number")
            .into())
    }

    /// The name of the form in files.
    pub fn name(&self) -> &'static str {
        match self {
            Form::Log2Ratio { .. } => "log2-ratio",
            Form::Linear { .. } => "linear",
            Form::Log2OnePlus { .. } => "log2-one-plus",
            Form::Emax { .. } => "emax",
            Form::SigmoidEmax { .. } => "sigmoid-emax",
        }
    }

    /// The form with the constants of one draw.
    pub fn shape(&self, parameters: &[f64]) -> Shape {
        let value = |constant: Constant| match constant {
            Constant::Known(value) => value,
            Constant::Fitted(column) => crate::math::exp(parameters.get(column).copied().unwrap_or(f64::NAN)),
        };
        match *self {
            Form::Log2Ratio { reference } => Shape::Log2Ratio(reference),
            Form::Linear { scale } => Shape::Linear(scale),
            Form::Log2OnePlus { scale } => Shape::Log2OnePlus(scale),
            Form::Emax { ec50 } => Shape::Emax(value(ec50)),
            Form::SigmoidEmax { ec50, hill } => Shape::SigmoidEmax(crate::math::ln(value(ec50)), value(hill)),
        }
    }
}

/// A form with plain numbers, ready to be applied: see [`Form`] for the meaning of each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// log2(C/.)
    Log2Ratio(f64),
    /// C/.
    Linear(f64),
    /// log2(1 + C/.)
    Log2OnePlus(f64),
    /// C/(. + C)
    Emax(f64),
    /// Logarithm of the EC50 and Hill exponent.
    SigmoidEmax(f64, f64),
}

impl Shape {
    /// g(C) of one exposure; an exposure of zero or below counts as zero, and in a logarithm as the smallest number.
    pub fn apply(&self, exposure: f64) -> f64 {
        let c = exposure.max(0.0);
        match *self {
            Shape::Log2Ratio(reference) => crate::math::ln(c.max(f64::MIN_POSITIVE) / reference) * LOG2_E,
            Shape::Linear(scale) => c / scale,
            Shape::Log2OnePlus(scale) => crate::math::ln(1.0 + c / scale) * LOG2_E,
            Shape::Emax(ec50) => c / (ec50 + c),
            Shape::SigmoidEmax(log_ec50, hill) => {
                1.0 / (1.0 + crate::math::exp(hill * (log_ec50 - crate::math::ln(c.max(f64::MIN_POSITIVE)))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_take_their_textbook_values() {
        let none = &[];
        let at = |form: Form, c: f64| form.shape(none).apply(c);
        assert!((at(Form::Log2Ratio { reference: 0.0125 }, 0.05) - 2.0).abs() < 1e-15);
        assert!((at(Form::Linear { scale: 0.01 }, 0.03) - 3.0).abs() < 1e-15);
        assert!((at(Form::Log2OnePlus { scale: 0.0044 }, 0.0044) - 1.0).abs() < 1e-15);
        assert!((at(Form::Emax { ec50: Constant::Known(0.026) }, 0.026) - 0.5).abs() < 1e-15);
        let steep = Form::SigmoidEmax { ec50: Constant::Known(0.02), hill: Constant::Known(3.0) };
        assert!((at(steep, 0.04) - 8.0 / 9.0).abs() < 1e-14);
        assert_eq!(at(steep, 0.0), 0.0);
        assert_eq!(at(Form::Log2OnePlus { scale: 1.0 }, -1.0), 0.0);
        assert!(at(Form::Log2Ratio { reference: 1.0 }, 0.0).is_finite());
    }

    #[test]
    fn a_fitted_constant_is_the_exponential_of_its_parameter() {
        let form = Form::Emax { ec50: Constant::Fitted(2) };
        assert_eq!(form.shape(&[0.0, 0.0, 0.0]).apply(1.0), 0.5);
        assert!(form.checked(2).is_err());
        assert!(Form::Linear { scale: -1.0 }.checked(2).is_err());
    }
}
