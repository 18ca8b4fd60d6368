use rayon::prelude::*;

use super::density::Density;
use super::design::Design;
use super::latent::LabelPriors;
use super::logistic::Estimator;
use super::walk::Walk;
use crate::diagnostic::Problems;
use crate::random::{Address, Purpose, Stream};
use crate::response::Draws;

/// Half the range over which the log-density is followed, in units of its fall.
const FALL: f64 = 18.0;

/// The posterior of an intercept and a slope by quadrature: exact but for rounding, without a sampler.
pub struct LinePosterior<'a> {
    x: &'a [f64],
    y: &'a [f64],
    priors: LabelPriors,
    slopes: Density,
}

impl<'a> LinePosterior<'a> {
    /// The posterior of logit P = a + b x for predictor values and outcomes (0 or 1) of equal length; the prior of the
    /// slope is that of a step of one in x.
    pub fn new(x: &'a [f64], y: &'a [f64], priors: LabelPriors) -> Self {
        let spread = {
            let n = x.len().max(1) as f64;
            let mean = x.iter().sum::<f64>() / n;
            (x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt().max(1e-9)
        };
        let log_density = |b: f64| priors.slope.log_density(b) + intercepts(x, y, b, priors).log_integral();
        let slopes = Density::around(log_density, 0.0, 0.3 / spread, 2000.0 / spread, FALL, 241);
        LinePosterior { x, y, priors, slopes }
    }

    /// A quantile of the slope.
    pub fn slope(&self, p: f64) -> f64 {
        self.slopes.quantile(p)
    }

    /// A quantile of the intercept.
    pub fn intercept(&self, p: f64) -> f64 {
        // The mixture of the intercept's laws over equally likely slopes.
        let laws: Vec<Density> = (0..400)
            .map(|i| {
                intercepts(self.x, self.y, self.slopes.quantile((f64::from(i) + 0.5) / 400.0), self.priors)
            })
            .collect();
        let below = |a: f64| laws.iter().map(|law| law.cumulative(a)).sum::<f64>() / 400.0 - p;
        let ends = laws
            .iter()
            .map(Density::ends)
            .fold([f64::INFINITY, f64::NEG_INFINITY], |all, one| [all[0].min(one[0]), all[1].max(one[1])]);
        crate::math::root(below, ends[0], ends[1], 1e-10).unwrap_or(f64::NAN)
    }

    /// Joint draws of `a` and `b`; a draw depends on seed and number only.
    ///
    /// # Errors
    /// E0701 where a drawn value is not finite.
    pub fn draws(&self, seed: u64, draws: u32) -> Result<Draws, Problems> {
        let rows: Vec<[f64; 2]> = (0..draws)
            .into_par_iter()
            .map(|draw| {
                let mut stream = Stream::new(Address::new(seed, Purpose::Evidence).draw(draw));
                let b = self.slopes.quantile(stream.uniform());
                [intercepts(self.x, self.y, b, self.priors).quantile(stream.uniform()), b]
            })
            .collect();
        let central = vec![self.intercept(0.5), self.slope(0.5)];
        Draws::new(vec!["a".into(), "b".into()], central, rows.concat())
    }
}

fn intercepts(x: &[f64], y: &[f64], b: f64, priors: LabelPriors) -> Density {
    let log_density = |a: f64| {
        let mut sum = priors.intercept.log_density(a);
        for (x, y) in x.iter().zip(y) {
            let eta = a + b * x;
            // -ln(1 + exp(-eta)) for an event, -ln(1 + exp(eta)) for none.
            let away = if *y > 0.5 { -eta } else { eta };
            sum -= if away > 0.0 {
                away + crate::math::log1p(crate::math::exp(-away))
            } else {
                crate::math::log1p(crate::math::exp(away))
            };
        }
        sum
    };
    // The middle of the predictors has about the overall log odds.
    let n = x.len().max(1) as f64;
    let share = (y.iter().sum::<f64>() + 0.5) / (n + 1.0);
    let start = crate::math::ln(share / (1.0 - share)) - b * x.iter().sum::<f64>() / n;
    let width = 1.5 / (n * share * (1.0 - share)).sqrt();
    Density::around(log_density, start.clamp(-500.0, 500.0), width, 1000.0, FALL, 65)
}

/// The posterior of a logistic regression with any number of predictors: random-walk Metropolis with the shape of the
/// penalised estimate's information. `scales` are the steps of each predictor to which the slope's prior refers.
///
/// # Errors
/// E0744 where the chains have not converged, and what [`Estimator::fit`] refuses.
pub fn sample_logistic(
    design: &Design,
    scales: &[f64],
    priors: LabelPriors,
    seed: u64,
    draws: u32,
) -> Result<Draws, Problems> {
    let estimate = Estimator::Firth.fit(design)?;
    let log_density = |beta: &[f64]| -> f64 {
        let prior: f64 = beta
            .iter()
            .enumerate()
            .map(|(j, b)| match j.checked_sub(1).and_then(|k| scales.get(k)) {
                Some(scale) => priors.slope.log_density(b * scale),
                None => priors.intercept.log_density(*b),
            })
            .sum();
        prior + design.log_likelihood(beta)
    };
    Walk { names: design.names().to_vec(), start: &estimate.coefficients, covariance: &estimate.covariance }
        .draws(log_density, seed, draws)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::discriminant::type7;
    use crate::evidence::prior::Prior;

    /// Two-decimal data that reproduce the printed quartiles and rank sums of the shipped evidence (ng/mL): no response,
    /// response only, remission.
    const GRADES: [&[f64]; 3] = [
        &[2.54, 3.06, 3.24, 8.06, 11.14, 13.60, 17.65, 17.86, 20.24, 72.50],
        &[0.97, 2.31, 3.45, 4.05, 10.18, 30.47, 100.80],
        &[12.10, 12.18, 17.40, 27.15, 87.13, 126.19, 156.27],
    ];

    /// log2(C/12.5) and whether the grade is at least `least`.
    fn witness(least: usize) -> (Vec<f64>, Vec<f64>) {
        let rows = GRADES.iter().enumerate().flat_map(|(grade, levels)| {
            levels.iter().map(move |c| (libm::log2(c / 12.5), f64::from(u8::from(grade >= least))))
        });
        rows.unzip()
    }

    #[track_caller]
    fn close(got: f64, expected: f64, tolerance: f64) {
        assert!((got - expected).abs() <= tolerance, "{got} is not {expected}");
    }

    #[test]
    fn the_witness_is_fitted_to_the_digits() {
        // Computed with NumPy and SciPy: maximum likelihood and Firth.
        let table = [
            (2, [-1.28249, 0.68993, 0.59410, 0.32230], -11.291414, [-1.13265, 0.58524, 0.55024, 0.29530]),
            (1, [0.32454, 0.18361, 0.42028, 0.22099], -15.942511, [0.29773, 0.16018, 0.41800, 0.21860]),
        ];
        for (least, ml, log_likelihood, firth) in table {
            let (x, y) = witness(least);
            let design = Design::new(&[("x".to_string(), x)], &y).unwrap();
            let fit = Estimator::MaximumLikelihood.fit(&design).unwrap();
            close(fit.log_likelihood, log_likelihood, 5.01e-7);
            for (estimator, expected) in [(Estimator::MaximumLikelihood, ml), (Estimator::Firth, firth)] {
                let fit = estimator.fit(&design).unwrap();
                close(fit.coefficients[0], expected[0], 5.01e-6);
                close(fit.coefficients[1], expected[1], 5.01e-6);
                close(fit.errors[0], expected[2], 5.01e-6);
                close(fit.errors[1], expected[3], 5.01e-6);
            }
        }
    }

    #[test]
    fn the_witness_posterior_equals_a_grid() {
        // scripts/reference/witness.py: 3001 x 3001 points.
        let priors = LabelPriors { intercept: Prior::Cauchy(10.0), slope: Prior::Cauchy(2.5 / 3.5) };
        let table = [
            (2, [-2.6007, -1.2776, -0.2560], [0.1148, 0.6384, 1.3695]),
            (1, [-0.4908, 0.3462, 1.2220], [-0.2332, 0.1728, 0.6264]),
        ];
        for (least, a, b) in table {
            let (x, y) = witness(least);
            let posterior = LinePosterior::new(&x, &y, priors);
            for (i, p) in [0.025, 0.5, 0.975].into_iter().enumerate() {
                close(posterior.slope(p), b[i], 3e-4);
                // A mixture over 400 slopes.
                close(posterior.intercept(p), a[i], 1e-3);
            }
        }
    }

    #[test]
    fn the_sampler_agrees_with_quadrature() {
        let (x, y) = witness(2);
        let priors = LabelPriors { intercept: Prior::Cauchy(10.0), slope: Prior::Cauchy(2.5 / 3.5) };
        let exact = LinePosterior::new(&x, &y, priors);
        let design = Design::new(&[("x".to_string(), x.clone())], &y).unwrap();
        let default = LabelPriors::default();
        let sampled = sample_logistic(&design, &[3.5], default, 4, 8000).unwrap();
        let mut slopes: Vec<f64> = sampled.values(1).collect();
        slopes.sort_by(f64::total_cmp);
        for (p, tolerance) in [(0.025, 0.04), (0.5, 0.02), (0.975, 0.06)] {
            close(type7(&slopes, p), exact.slope(p), tolerance);
        }
        let drawn = exact.draws(4, 2000).unwrap();
        let mean = |draws: &Draws, column| draws.values(column).sum::<f64>() / draws.len() as f64;
        close(mean(&drawn, 0), mean(&sampled, 0), 0.06);
    }
}
