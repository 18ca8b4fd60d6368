use super::arms::ExposureLaw;
use crate::diagnostic::{Diagnostic, Problems};
use crate::math::{chi_square_tail, normal_quantile};
use crate::random::{Address, Purpose, Stream};
use crate::response::{Draws, Shape};

/// The mean change of a biomarker in an arm.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmMean {
    /// Patients.
    pub n: f64,
    /// Mean change.
    pub mean: f64,
    /// Standard deviation of the change between patients.
    pub deviation: f64,
    /// The law of the exposure.
    pub exposure: ExposureLaw,
}

/// A weighted least-squares line through arm means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanFit {
    /// Intercept a and slope b.
    pub estimate: [f64; 2],
    /// Their standard errors.
    pub errors: [f64; 2],
    /// Their correlation.
    pub correlation: f64,
    /// Weighted sum of squares about the line, its degrees of freedom, and the chi-square p-value (NaN without degrees
    /// of freedom).
    pub misfit: (f64, u32, f64),
    /// The pooled standard deviation of the change between patients of one arm.
    pub deviation: f64,
}

impl MeanFit {
    /// Fits mean = a + b E g(C) with weights n/SD^2, taken as known: exact for a mean that is linear in g, because an
    /// arm's mean change is then linear in the mean of g over its exposures.
    ///
    /// # Errors
    /// E0728 where an arm has fewer than two patients or no spread, E0722 where all arms have the same mean of g.
    pub fn weighted(arms: &[ArmMean], shape: Shape) -> Result<Self, Problems> {
        if arms.iter().any(|arm| !(arm.n >= 2.0 && arm.deviation > 0.0 && arm.mean.is_finite())) {
            return Err(Diagnostic::error("E0728", "a mean needs a positive SD and two patients").into());
        }
        let x: Vec<f64> = arms
            .iter()
            .map(|arm| {
                let (c, w) = arm.exposure.nodes();
                c.iter().zip(&w).map(|(c, w)| w * shape.apply(*c)).sum()
            })
            .collect();
        let w: Vec<f64> = arms.iter().map(|arm| arm.n / (arm.deviation * arm.deviation)).collect();
        let total: f64 = w.iter().sum();
        let weighted =
            |values: &dyn Fn(usize) -> f64| -> f64 { (0..arms.len()).map(|i| w[i] * values(i)).sum() };
        let centre = weighted(&|i| x[i]) / total;
        let level = weighted(&|i| arms[i].mean) / total;
        let squares = weighted(&|i| (x[i] - centre) * (x[i] - centre));
        if arms.len() < 2 || squares <= 1e-18 * total * centre.abs().max(1e-300) {
            return Err(Diagnostic::error("E0722", "the arms do not differ in exposure")
                .help("the effect of exposure shows only between arms that differ in it")
                .into());
        }
        let slope = weighted(&|i| (x[i] - centre) * (arms[i].mean - level)) / squares;
        let intercept = level - slope * centre;
        let errors = [(1.0 / total + centre * centre / squares).sqrt(), (1.0 / squares).sqrt()];
        let misfit = weighted(&|i| {
            let rest = arms[i].mean - intercept - slope * x[i];
            rest * rest
        });
        let freedom = u32::try_from(arms.len() - 2).unwrap_or(u32::MAX);
        let patients: f64 = arms.iter().map(|arm| arm.n - 1.0).sum();
        let within: f64 = arms.iter().map(|arm| (arm.n - 1.0) * arm.deviation * arm.deviation).sum();
        Ok(MeanFit {
            estimate: [intercept, slope],
            errors,
            correlation: -centre / squares / (errors[0] * errors[1]),
            misfit: (misfit, freedom, if freedom == 0 { f64::NAN } else { chi_square_tail(misfit, freedom) }),
            deviation: (within / patients).sqrt(),
        })
    }

    /// The 95 % intervals of intercept and slope.
    pub fn intervals(&self) -> [[f64; 2]; 2] {
        let z = normal_quantile(0.975);
        [0, 1].map(|i| [self.estimate[i] - z * self.errors[i], self.estimate[i] + z * self.errors[i]])
    }

    /// Joint draws of `a` and `b` from their normal law; a draw depends on seed and number only.
    ///
    /// # Errors
    /// E0701 where a drawn value is not finite.
    pub fn draws(&self, seed: u64, draws: u32) -> Result<Draws, Problems> {
        let rest = (1.0 - self.correlation * self.correlation).max(0.0).sqrt();
        let rows = (0..draws)
            .flat_map(|draw| {
                let mut stream = Stream::new(Address::new(seed, Purpose::Evidence).draw(draw));
                let (z0, z1) = (stream.normal(), stream.normal());
                let b = self.estimate[1] + self.errors[1] * z0;
                [self.estimate[0] + self.errors[0] * (self.correlation * z0 + rest * z1), b]
            })
            .collect();
        Draws::new(vec!["a".into(), "b".into()], self.estimate.to_vec(), rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn haemoglobin() -> Vec<ArmMean> {
        // Mease 2021, Ann Rheum Dis 80:312, Table 4 (SELECT-PsA 2): haemoglobin change at week 24, g/L.
        let law = |median| ExposureLaw::LogNormal { median, cv: 0.378 };
        [
            (212.0, -0.7, 7.44, ExposureLaw::Zero),
            (211.0, -3.6, 9.45, law(0.015_44)),
            (218.0, -5.5, 10.78, law(0.030_89)),
        ]
        .map(|(n, mean, deviation, exposure)| ArmMean { n, mean, deviation, exposure })
        .to_vec()
    }

    #[test]
    fn the_line_equals_an_independent_computation() {
        // scripts/reference/arm_means.py (NumPy): weighted least squares with known variances, scale 10 ng/mL.
        let fit = MeanFit::weighted(&haemoglobin(), Shape::Linear(0.01)).unwrap();
        let expected = [-0.805_186_8, -1.486_659_6, 0.483_395_4, 0.264_767_6, -0.685_280_6, 0.403_352_8];
        let got =
            [fit.estimate[0], fit.estimate[1], fit.errors[0], fit.errors[1], fit.correlation, fit.misfit.0];
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
        }
        assert_eq!(fit.misfit.1, 1);
    }

    #[test]
    fn intervals_are_symmetric_and_the_deviation_is_pooled_over_degrees_of_freedom() {
        let fit = MeanFit::weighted(&haemoglobin(), Shape::Linear(0.01)).unwrap();
        for (i, interval) in fit.intervals().into_iter().enumerate() {
            let half = 1.959_963_984_540_054 * fit.errors[i];
            assert!((interval[0] - (fit.estimate[i] - half)).abs() < 1e-12);
            assert!((interval[1] - (fit.estimate[i] + half)).abs() < 1e-12);
        }
        let pooled = (211.0 * 7.44 * 7.44 + 210.0 * 9.45 * 9.45 + 217.0 * 10.78 * 10.78) / 638.0;
        assert!((fit.deviation - f64::sqrt(pooled)).abs() < 1e-12);
    }

    #[test]
    fn draws_have_the_covariance_of_the_fit() {
        let fit = MeanFit::weighted(&haemoglobin(), Shape::Linear(0.01)).unwrap();
        let draws = fit.draws(3, 20_000).unwrap();
        let mean = |column| draws.values(column).sum::<f64>() / 20_000.0;
        let (a, b) = (mean(0), mean(1));
        let covariance =
            draws.values(0).zip(draws.values(1)).map(|(x, y)| (x - a) * (y - b)).sum::<f64>() / 20_000.0;
        assert!((b - fit.estimate[1]).abs() < 4.0 * fit.errors[1] / 141.0);
        let expected = fit.correlation * fit.errors[0] * fit.errors[1];
        assert!((covariance / expected - 1.0).abs() < 0.05, "{covariance} {expected}");
    }

    #[test]
    fn arms_without_contrast_or_spread_are_refused() {
        let mut arms = haemoglobin();
        for arm in &mut arms {
            arm.exposure = ExposureLaw::Zero;
        }
        assert_eq!(MeanFit::weighted(&arms, Shape::Linear(0.01)).unwrap_err().list()[0].code, "E0722");
        arms[0].deviation = 0.0;
        assert_eq!(MeanFit::weighted(&arms, Shape::Linear(0.01)).unwrap_err().list()[0].code, "E0728");
    }
}
