use crate::diagnostic::{Diagnostic, Problems};

/// The prior law of one coefficient, centred at zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Prior {
    /// Cauchy with a scale.
    Cauchy(f64),
    /// Student's t with degrees of freedom and a scale.
    Student(f64, f64),
    /// Normal with a standard deviation.
    Normal(f64),
}

impl Prior {
    /// The prior, if its numbers are positive.
    ///
    /// # Errors
    /// E0706 where one is not.
    pub fn checked(self) -> Result<Self, Problems> {
        let (first, second) = match self {
            Prior::Cauchy(scale) | Prior::Normal(scale) => (scale, 1.0),
            Prior::Student(freedom, scale) => (freedom, scale),
        };
        if first > 0.0 && second > 0.0 && first.is_finite() && second.is_finite() {
            return Ok(self);
        }
        Err(Diagnostic::error("E0706", "the scale of a prior must be positive").into())
    }

    /// The logarithm of the density at x, up to a constant.
    pub fn log_density(&self, x: f64) -> f64 {
        match *self {
            Prior::Cauchy(scale) => -crate::math::ln(1.0 + (x / scale) * (x / scale)),
            Prior::Student(freedom, scale) => {
                let z = x / scale;
                -0.5 * (freedom + 1.0) * crate::math::ln(1.0 + z * z / freedom)
            }
            Prior::Normal(deviation) => -0.5 * (x / deviation) * (x / deviation),
        }
    }

    /// The derivative of [`Prior::log_density`] in x.
    pub fn score(&self, x: f64) -> f64 {
        match *self {
            Prior::Cauchy(scale) => -2.0 * x / (scale * scale + x * x),
            Prior::Student(freedom, scale) => -(freedom + 1.0) * x / (freedom * scale * scale + x * x),
            Prior::Normal(deviation) => -x / (deviation * deviation),
        }
    }

    /// The same prior with its scale multiplied.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        match self {
            Prior::Cauchy(scale) => Prior::Cauchy(scale * factor),
            Prior::Student(freedom, scale) => Prior::Student(freedom, scale * factor),
            Prior::Normal(deviation) => Prior::Normal(deviation * factor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_the_derivatives_of_the_densities() {
        for prior in [Prior::Cauchy(2.5), Prior::Student(7.0, 2.5), Prior::Normal(1.5)] {
            for x in [-4.0, -0.3, 0.0, 2.0, 9.0] {
                let numeric = (prior.log_density(x + 1e-5) - prior.log_density(x - 1e-5)) / 2e-5;
                assert!((numeric - prior.score(x)).abs() < 1e-8, "{prior:?} {x}");
            }
        }
        assert!(Prior::Normal(0.0).checked().is_err());
        // scipy 1.17: t(7).logpdf(2) - t(7).logpdf(0)
        assert!((Prior::Student(7.0, 1.0).log_density(2.0) - -1.807_940_494_972_228_9).abs() < 1e-12);
    }
}
