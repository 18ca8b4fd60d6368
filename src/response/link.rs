/// Hours of a year: 365.25 days.
pub const YEAR: f64 = 8766.0;

/// How the predictor eta = a + b g(C) becomes a probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Link {
    /// P = 1/(1 + exp(-eta)).
    Logit,
    /// P = 1 - exp(-T exp(eta)): eta is the logarithm of a constant rate per patient-year, T the time at risk. The
    /// risk grows with the time under treatment.
    Cloglog {
        /// The time at risk T (h).
        follow_up: f64,
    },
}

impl Link {
    /// The name of the link in files.
    pub fn name(&self) -> &'static str {
        match self {
            Link::Logit => "logit",
            Link::Cloglog { .. } => "cloglog",
        }
    }

    /// The probability at a predictor.
    pub fn probability(&self, eta: f64) -> f64 {
        match *self {
            Link::Logit => 1.0 / (1.0 + crate::math::exp(-eta)),
            Link::Cloglog { follow_up } => -crate::math::expm1(-follow_up / YEAR * crate::math::exp(eta)),
        }
    }

    /// The probabilities at a block of predictors, in place.
    pub fn probability_slice(&self, predictors: &mut [f64]) {
        for eta in predictors {
            *eta = self.probability(*eta);
        }
    }

    /// The predictor at a probability in (0, 1): the inverse of [`Link::probability`].
    pub fn predictor(&self, probability: f64) -> f64 {
        match *self {
            Link::Logit => crate::math::ln(probability / (1.0 - probability)),
            Link::Cloglog { follow_up } => {
                crate::math::ln(-crate::math::log1p(-probability) * YEAR / follow_up)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_inverse_and_stay_within_zero_and_one() {
        for link in [Link::Logit, Link::Cloglog { follow_up: 2000.0 }] {
            for p in [1e-6, 0.02, 0.5, 0.97] {
                let back = link.probability(link.predictor(p));
                assert!((back / p - 1.0).abs() < 1e-12, "{link:?} {p} {back}");
            }
            assert_eq!(link.probability(-1e4), 0.0);
            assert_eq!(link.probability(1e4), 1.0);
        }
    }

    #[test]
    fn a_rate_over_a_year_is_the_exponential_law() {
        // 3 per 100 patient-years for half a year.
        let p = Link::Cloglog { follow_up: YEAR / 2.0 }.probability(0.03f64.ln());
        assert!((p - (1.0 - (-0.015f64).exp())).abs() < 1e-15);
    }
}
