use super::design::Design;
use super::latent::{LabelModel, LatentFit};
use super::logistic::Estimator;
use crate::diagnostic::Problems;
use crate::statistics::student_quantile;

/// An estimate over several completions of the same data, pooled by Rubin's rules (Rubin 1987, Multiple Imputation for
/// Nonresponse in Surveys) with the degrees of freedom of Barnard and Rubin 1999 (Biometrika 86:948).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pooled {
    /// The mean of the estimates.
    pub estimate: f64,
    /// Its standard error: within the completions and between them.
    pub error: f64,
    /// Degrees of freedom of Student's law.
    pub freedom: f64,
    /// The share of the information that is missing.
    pub missing: f64,
}

impl Pooled {
    /// Pools estimates with their variances; `complete` are the degrees of freedom of complete data. `None` from fewer
    /// than two estimates.
    pub fn new(estimates: &[(f64, f64)], complete: f64) -> Option<Self> {
        // Completions are counted in hundreds.
        #[allow(clippy::cast_precision_loss)]
        let m = estimates.len() as f64;
        if m < 2.0 {
            return None;
        }
        let estimate = estimates.iter().map(|(value, _)| value).sum::<f64>() / m;
        let within = estimates.iter().map(|(_, variance)| variance).sum::<f64>() / m;
        let squares = estimates.iter().map(|(value, _)| (value - estimate) * (value - estimate)).sum::<f64>();
        let between = (1.0 + 1.0 / m) * squares / (m - 1.0);
        let share = between / (within + between);
        let observed = (complete + 1.0) / (complete + 3.0) * complete * (1.0 - share);
        let freedom = 1.0 / (share * share / (m - 1.0) + 1.0 / observed);
        let ratio = between / within;
        let missing = (ratio + 2.0 / (freedom + 3.0)) / (ratio + 1.0);
        Some(Pooled { estimate, error: (within + between).sqrt(), freedom, missing })
    }

    /// Pools the slope per doubling of logistic regressions of the imputed data; the reference exposure does not matter.
    ///
    /// # Errors
    /// E0753 to E0755 where one of the data sets has no estimate, as where it is separated.
    pub fn slope(fit: &LatentFit, model: LabelModel, estimator: Estimator) -> Result<Option<Self>, Problems> {
        let outcome = fit.outcome(model);
        let slope = |data: &Vec<f64>| {
            let doublings = data.iter().map(|x| libm::log2(*x)).collect();
            let design = Design::new(&[("log2 C".to_string(), doublings)], &outcome)?;
            let fitted = estimator.fit(&design)?;
            Ok((fitted.coefficients[1], fitted.errors[1] * fitted.errors[1]))
        };
        let slopes = fit.snapshots.iter().map(slope).collect::<Result<Vec<_>, Problems>>()?;
        // Patients of a paper are counted in tens.
        #[allow(clippy::cast_precision_loss)]
        let complete = fit.grades.len() as f64 - 2.0;
        Ok(Pooled::new(&slopes, complete))
    }

    /// The 95 % interval.
    pub fn interval(&self) -> [f64; 2] {
        let half = student_quantile(0.95, self.freedom) * self.error;
        [self.estimate - half, self.estimate + half]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_estimates_are_pooled_by_rubins_rules() {
        let estimates = [(1.0, 0.04), (1.2, 0.05), (0.9, 0.045), (1.1, 0.05), (1.05, 0.04)];
        let pooled = Pooled::new(&estimates, 22.0).unwrap();
        // By hand: mean 1.05, within 0.045, between 1.2 x 0.0125 = 0.015, share 0.25; 64 and 15.18 degrees of freedom.
        assert!((pooled.estimate - 1.05).abs() < 1e-15);
        assert!((pooled.error - 0.06_f64.sqrt()).abs() < 1e-15);
        let observed = 23.0 / 25.0 * 22.0 * 0.75;
        assert!((pooled.freedom - 1.0 / (1.0 / 64.0 + 1.0 / observed)).abs() < 1e-12);
        assert!((pooled.missing - (1.0 / 3.0 + 2.0 / (pooled.freedom + 3.0)) / (4.0 / 3.0)).abs() < 1e-12);
        assert!(Pooled::new(&estimates[..1], 22.0).is_none());
    }
}
