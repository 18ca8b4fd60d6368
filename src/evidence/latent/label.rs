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

/// A product of numbers from 1 to 1e174 whose logarithm is wanted.
struct Product {
    logarithm: f64,
    rest: f64,
}

impl Default for Product {
    fn default() -> Self {
        Product { logarithm: 0.0, rest: 1.0 }
    }
}

impl Product {
    fn multiply(&mut self, factor: f64) {
        if self.rest > 1e100 {
            self.logarithm += crate::math::ln(self.rest);
            self.rest = 1.0;
        }
        self.rest *= factor;
    }

    fn logarithm(&self) -> f64 {
        self.logarithm + crate::math::ln(self.rest)
    }
}

/// ln(1 + exp(x)) without overflow.
fn softplus(x: f64) -> f64 {
    if x > 0.0 {
        x + crate::math::ln(1.0 + crate::math::exp(-x))
    } else {
        crate::math::ln(1.0 + crate::math::exp(x))
    }
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
                let gap = crate::math::exp(c[2]);
                match grade {
                    2 => -softplus(-first),
                    0 => -softplus(first + gap),
                    // P = (1 - exp(-gap)) / ((1 + exp(-first - gap)) (1 + exp(first)))
                    _ => {
                        crate::math::ln(-crate::math::expm1(-gap)) - softplus(-first - gap) - softplus(first)
                    }
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
                first + priors.intercept.log_density(c[0] + crate::math::exp(c[2])) + c[2]
            }
            _ => first + priors.intercept.log_density(c[2]) + priors.slope.log_density(c[3]),
        }
    }

    /// The two parts of the log-likelihood of all grades, one for each logit; with proportional odds all is in the
    /// first. `z` and `grades` run side by side. Factors are multiplied before a logarithm is taken, which is what
    /// makes updates of the coefficients cheap.
    pub(super) fn log_likelihood(
        self,
        part: usize,
        grades: &[u8],
        levels: usize,
        z: &[f64],
        c: &[f64; 4],
    ) -> f64 {
        if self == LabelModel::ProportionalOdds && levels == 3 {
            let each = |(grade, z): (&u8, &f64)| self.log_probability(*grade, levels, *z, c);
            return if part == 0 { grades.iter().zip(z).map(each).sum() } else { 0.0 };
        }
        let (intercept, slope) = (c[2 * part], c[2 * part + 1]);
        let mut odds = Product::default();
        for (&grade, z) in grades.iter().zip(z) {
            let yes = match (self, levels, part) {
                (_, 2, 0) | (LabelModel::AtLeastMiddle, 3, 0) => grade >= 1,
                (_, 3, 0) => grade == 2,
                (LabelModel::AtLeastMiddle, 3, _) if grade >= 1 => grade == 2,
                (LabelModel::Best, 3, _) if grade < 2 => grade == 1,
                _ => continue,
            };
            let predictor = intercept + slope * z;
            odds.multiply(1.0 + crate::math::exp((if yes { -predictor } else { predictor }).min(400.0)));
        }
        -odds.logarithm()
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
                        .map(|grade| {
                            crate::math::exp(model.log_probability(grade, usize::from(grades), z, &c))
                        })
                        .sum();
                    assert!((sum - 1.0).abs() < 1e-12, "{model:?} {z}: {sum}");
                }
            }
        }
    }

    #[test]
    fn the_parts_add_up_to_the_sum_over_subjects() {
        let c = [-0.4, 1.0, -0.3, 0.6];
        let z: Vec<f64> = (0..30).map(|i| f64::from(i) / 5.0 - 3.0).collect();
        for levels in [2usize, 3] {
            let grades: Vec<u8> = (0..30u8).map(|i| i * 7 % u8::try_from(levels).unwrap()).collect();
            for model in [LabelModel::Best, LabelModel::AtLeastMiddle, LabelModel::ProportionalOdds] {
                let whole: f64 =
                    grades.iter().zip(&z).map(|(g, z)| model.log_probability(*g, levels, *z, &c)).sum();
                let parts: f64 =
                    (0..levels - 1).map(|part| model.log_likelihood(part, &grades, levels, &z, &c)).sum();
                assert!((whole - parts).abs() < 1e-12 * whole.abs(), "{model:?} {levels}: {parts} {whole}");
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
