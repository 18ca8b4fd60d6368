use super::super::prior::Prior;

/// How the outcome's grades depend on z = (log2 C - log2 reference)/scale. With two groups, only the first logit is
/// there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelModel {
    /// logit P(best grade) = c0 + c1 z; logit P(middle grade | not best) = c2 + c3 z (continuation ratio).
    Best,
    /// logit P(middle or best) = c0 + c1 z; logit P(best | middle or best) = c2 + c3 z.
    AtLeastMiddle,
    /// logit P(best) = c0 + c1 z, logit P(middle or best) = c0 + exp(c2) + c1 z (proportional odds).
    ProportionalOdds,
}

/// The priors of the coefficients c0 to c3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelPriors {
    /// Of intercepts.
    pub intercept: Prior,
    /// Of slopes on z.
    pub slope: Prior,
}

impl Default for LabelPriors {
    /// Cauchy(0, 10) and Cauchy(0, 2.5): Gelman, Jakulin, Pittau and Su 2008, Ann Appl Stat 2:1360.
    fn default() -> Self {
        LabelPriors { intercept: Prior::Cauchy(10.0), slope: Prior::Cauchy(2.5) }
    }
}

/// ln(1 + exp(x)) without overflow.
fn softplus(x: f64) -> f64 {
    if x > 0.0 { x + libm::log(1.0 + libm::exp(-x)) } else { libm::log(1.0 + libm::exp(x)) }
}

impl LabelModel {
    /// The log-probability of a grade (0 the worst) among `grades` at z.
    pub(super) fn log_probability(self, grade: u8, grades: usize, z: f64, c: &[f64; 4]) -> f64 {
        let first = c[0] + c[1] * z;
        if grades == 2 {
            return -softplus(if grade == 1 { -first } else { first });
        }
        match self {
            LabelModel::Best if grade == 2 => -softplus(-first),
            LabelModel::Best => {
                let second = c[2] + c[3] * z;
                -softplus(first) - softplus(if grade == 1 { -second } else { second })
            }
            LabelModel::AtLeastMiddle if grade == 0 => -softplus(first),
            LabelModel::AtLeastMiddle => {
                let second = c[2] + c[3] * z;
                -softplus(-first) - softplus(if grade == 2 { -second } else { second })
            }
            LabelModel::ProportionalOdds => {
                let gap = libm::exp(c[2]);
                match grade {
                    2 => -softplus(-first),
                    0 => -softplus(first + gap),
                    // P = (1 - exp(-gap)) / ((1 + exp(-first - gap)) (1 + exp(first)))
                    _ => libm::log(-libm::expm1(-gap)) - softplus(-first - gap) - softplus(first),
                }
            }
        }
    }

    /// The log prior density of the coefficients that are used.
    pub(super) fn log_prior(self, grades: usize, c: &[f64; 4], priors: &LabelPriors) -> f64 {
        let first = priors.intercept.log_density(c[0]) + priors.slope.log_density(c[1]);
        if grades == 2 {
            return first;
        }
        match self {
            // The upper intercept c0 + exp(c2) has the prior; exp(c2) is the Jacobian.
            LabelModel::ProportionalOdds => {
                first + priors.intercept.log_density(c[0] + libm::exp(c[2])) + c[2]
            }
            _ => first + priors.intercept.log_density(c[2]) + priors.slope.log_density(c[3]),
        }
    }

    /// How many of the coefficients are used.
    pub(super) fn coefficients(self, grades: usize) -> usize {
        match self {
            _ if grades == 2 => 2,
            LabelModel::ProportionalOdds => 3,
            _ => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grades_probabilities_add_up_to_one() {
        let c = [-0.4, 1.0, -0.3, 0.6];
        for z in [-6.0, -1.0, 0.0, 0.7, 5.0] {
            for model in [LabelModel::Best, LabelModel::AtLeastMiddle, LabelModel::ProportionalOdds] {
                for grades in [2u8, 3] {
                    let sum: f64 = (0..grades)
                        .map(|grade| libm::exp(model.log_probability(grade, usize::from(grades), z, &c)))
                        .sum();
                    assert!((sum - 1.0).abs() < 1e-12, "{model:?} {z}: {sum}");
                }
            }
        }
    }

    #[test]
    fn far_predictors_do_not_overflow() {
        let c = [800.0, 0.0, -900.0, 0.0];
        for grade in 0..3 {
            assert!(LabelModel::Best.log_probability(grade, 3, 1.0, &c).is_finite());
        }
        assert_eq!(LabelModel::ProportionalOdds.coefficients(3), 3);
    }
}
