use super::design::Design;
use crate::diagnostic::{Diagnostic, Problems};
use crate::math::{Cholesky, chi_square_tail};

/// How a logistic regression is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Estimator {
    /// Maximum likelihood.
    MaximumLikelihood,
    /// Maximum of the likelihood penalised by Jeffreys' prior: less biased, and finite under separation (Firth 1993,
    /// Biometrika 80:27; Heinze and Schemper 2002, Stat Med 21:2409).
    Firth,
}

/// A fitted logistic regression.
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticFit {
    /// The estimator.
    pub estimator: Estimator,
    /// Coefficients, in the order of [`Design::names`].
    pub coefficients: Vec<f64>,
    /// Standard errors from the inverse Fisher information at the estimate.
    pub errors: Vec<f64>,
    /// The inverse Fisher information, row-major.
    pub covariance: Vec<f64>,
    /// The log-likelihood, penalised where the estimator is.
    pub log_likelihood: f64,
    /// Newton steps.
    pub iterations: usize,
}

/// What the Newton iteration works out at a point.
struct Point {
    objective: f64,
    score: Vec<f64>,
    factor: Cholesky,
}

impl Estimator {
    /// Estimates; `fixed` keeps one coefficient at a value (for a profile).
    ///
    /// # Errors
    /// E0753 where predictors are linearly dependent, E0754 where data are separated so that no maximum of the
    /// likelihood exists (names the coefficients that are infinite), E0755 where the iteration does not end.
    pub fn fit(self, design: &Design) -> Result<LogisticFit, Problems> {
        self.fit_with(design, None, &vec![0.0; design.width()])
    }

    fn fit_with(
        self,
        design: &Design,
        fixed: Option<(usize, f64)>,
        start: &[f64],
    ) -> Result<LogisticFit, Problems> {
        let mut beta = start.to_vec();
        if let Some((j, value)) = fixed {
            beta[j] = value;
        }
        let dependent = || {
            Diagnostic::error("E0753", "the predictors are linearly dependent, or the data are separated")
                .help("leave out a predictor that the others determine, or use the Firth estimator")
        };
        let mut point = self.at(design, &beta).ok_or_else(dependent)?;
        for iteration in 1..=200 {
            let mut step = point.score.clone();
            let largest = match fixed {
                None => {
                    point.factor.solve(&mut step);
                    step.iter().fold(0.0, |m: f64, s| m.max(s.abs()))
                }
                Some((j, _)) => {
                    step = self.step_without(design, &beta, j, &point.score).ok_or_else(dependent)?;
                    step.iter().fold(0.0, |m: f64, s| m.max(s.abs()))
                }
            };
            // Firth's steps can overshoot where information is small.
            let longest = if self == Estimator::Firth { 5.0 } else { 20.0 };
            let mut scale = if largest > longest { longest / largest } else { 1.0 };
            let mut next = None;
            for _ in 0..40 {
                let trial: Vec<f64> = beta.iter().zip(&step).map(|(b, s)| b + scale * s).collect();
                if let Some(found) = self.at(design, &trial)
                    && found.objective >= point.objective - 1e-10 * (1.0 + point.objective.abs())
                {
                    next = Some((trial, found));
                    break;
                }
                scale *= 0.5;
            }
            let Some((trial, found)) = next else {
                return Err(self.failure(design, &step));
            };
            let moved = scale * largest;
            (beta, point) = (trial, found);
            let size = beta.iter().fold(1.0, |m: f64, b| m.max(b.abs()));
            if moved < 1e-10 * size {
                return Ok(self.finish(beta, &point, iteration));
            }
            // Newton's method ends within a dozen steps; under separation it goes on for ever by equal steps.
            if self == Estimator::MaximumLikelihood && iteration >= 25 {
                return Err(self.failure(design, &step));
            }
        }
        Err(Diagnostic::error("E0755", "the estimation does not end").help("rescale the predictors").into())
    }

    fn finish(self, coefficients: Vec<f64>, point: &Point, iterations: usize) -> LogisticFit {
        let width = coefficients.len();
        let covariance = point.factor.inverse();
        let errors = (0..width).map(|j| covariance[j * width + j].sqrt()).collect();
        LogisticFit {
            estimator: self,
            coefficients,
            errors,
            covariance,
            log_likelihood: point.objective,
            iterations,
        }
    }

    fn at(self, design: &Design, beta: &[f64]) -> Option<Point> {
        let p = design.probabilities(beta);
        let width = design.width();
        let factor = Cholesky::new(&design.information(&p), width)?;
        let mut objective = design.log_likelihood(beta);
        let hat = if self == Estimator::Firth {
            objective += 0.5 * factor.log_determinant();
            leverages(design, &p, &factor)
        } else {
            vec![0.0; p.len()]
        };
        let mut score = vec![0.0; width];
        for (i, p) in p.iter().enumerate() {
            let residual = design.events()[i] - design.trials()[i] * p + hat[i] * (0.5 - p);
            for (s, x) in score.iter_mut().zip(design.row(i)) {
                *s += residual * x;
            }
        }
        objective.is_finite().then_some(Point { objective, score, factor })
    }

    /// A Newton step that leaves one coefficient where it is.
    fn step_without(self, design: &Design, beta: &[f64], fixed: usize, score: &[f64]) -> Option<Vec<f64>> {
        let p = design.probabilities(beta);
        let (width, information) = (design.width(), design.information(&p));
        let kept: Vec<usize> = (0..width).filter(|&j| j != fixed).collect();
        let mut step = vec![0.0; width];
        if kept.is_empty() {
            return Some(step);
        }
        let smaller: Vec<f64> = kept
            .iter()
            .flat_map(|&a| kept.iter().map(move |&b| a * width + b))
            .map(|at| information[at])
            .collect();
        let factor = Cholesky::new(&smaller, kept.len())?;
        let mut part: Vec<f64> = kept.iter().map(|&j| score[j]).collect();
        factor.solve(&mut part);
        for (&j, s) in kept.iter().zip(&part) {
            step[j] = *s;
        }
        Some(step)
    }

    fn failure(self, design: &Design, direction: &[f64]) -> Problems {
        let infinite = separated(design, direction);
        if infinite.is_empty() {
            return Diagnostic::error("E0755", "the estimation does not end")
                .help("rescale the predictors")
                .into();
        }
        Diagnostic::error("E0754", format!("the data are separated: {} would be infinite", infinite.join(", ")))
            .help("a combination of predictors parts those with the outcome from those without; use the Firth estimator")
            .into()
    }
}

/// The leverages of the weighted fit: the diagonal of W^1/2 X (X'WX)^-1 X' W^1/2.
fn leverages(design: &Design, p: &[f64], factor: &Cholesky) -> Vec<f64> {
    let width = design.width();
    let inverse = factor.inverse();
    p.iter()
        .enumerate()
        .map(|(i, p)| {
            let row = design.row(i);
            let quadratic: f64 = (0..width)
                .map(|a| row[a] * (0..width).map(|b| inverse[a * width + b] * row[b]).sum::<f64>())
                .sum();
            design.trials()[i] * p * (1.0 - p) * quadratic
        })
        .collect()
}

/// The coefficients that grow along a direction which parts the outcomes: for it, no one with the outcome has a falling
/// and no one without it a rising predictor. Empty where the direction does not.
fn separated(design: &Design, direction: &[f64]) -> Vec<String> {
    let changes = design.predictors(direction);
    let largest = changes.iter().fold(0.0, |m: f64, c| m.max(c.abs()));
    let slack = 1e-3 * largest;
    let parts = changes.iter().zip(design.events().iter().zip(design.trials())).all(|(change, (y, n))| {
        let falls_with = *y > 0.0 && *change < -slack;
        let rises_without = y < n && *change > slack;
        !falls_with && !rises_without
    });
    if !parts || largest == 0.0 {
        return Vec::new();
    }
    let longest = direction.iter().fold(0.0, |m: f64, d| m.max(d.abs()));
    let grows = direction.iter().zip(design.names()).filter(|(d, _)| d.abs() > 1e-3 * longest);
    grows.map(|(_, name)| format!("`{name}`")).collect()
}

impl LogisticFit {
    /// The 95 % profile-likelihood interval of a coefficient (penalised for Firth: with the penalty of the whole model);
    /// an infinite end is not bounded by the data.
    pub fn profile_interval(&self, design: &Design, coefficient: usize) -> [f64; 2] {
        const DROP: f64 = 3.841_458_820_694_124 / 2.0;
        let Some((&estimate, &error)) = self.coefficients.get(coefficient).zip(self.errors.get(coefficient))
        else {
            return [f64::NAN; 2];
        };
        [-1.0, 1.0].map(|side| {
            let mut near = self.coefficients.clone();
            let mut lack = |value: f64| -> f64 {
                match self.estimator.fit_with(design, Some((coefficient, value)), &near) {
                    Ok(fit) => {
                        near.clone_from(&fit.coefficients);
                        self.log_likelihood - fit.log_likelihood - DROP
                    }
                    Err(_) => f64::NAN,
                }
            };
            let mut width = 2.0 * error;
            for _ in 0..20 {
                let end = estimate + side * width;
                let value = lack(end);
                if value.is_nan() {
                    break;
                }
                if value > 0.0 {
                    return crate::math::root(&mut lack, estimate, end, 1e-10 * error.max(1e-10))
                        .unwrap_or(f64::NAN);
                }
                width *= 1.6;
            }
            side * f64::INFINITY
        })
    }

    /// Twice the log-likelihood that is lost where a coefficient is zero, and its p-value (1 df).
    ///
    /// # Errors
    /// As [`Estimator::fit`].
    pub fn likelihood_ratio(&self, design: &Design, coefficient: usize) -> Result<(f64, f64), Problems> {
        let without = self.estimator.fit_with(design, Some((coefficient, 0.0)), &self.coefficients)?;
        let ratio = (2.0 * (self.log_likelihood - without.log_likelihood)).max(0.0);
        Ok((ratio, chi_square_tail(ratio, 1)))
    }

    /// The deviance against a model that fits each row, and that of the intercept alone (grouped rows count as they
    /// are).
    pub fn deviances(&self, design: &Design) -> (f64, f64) {
        let deviance = |p: &dyn Fn(usize) -> f64| -> f64 {
            (0..design.events().len())
                .map(|i| {
                    let (y, n, p) = (design.events()[i], design.trials()[i], p(i));
                    let part = |y: f64, mu: f64| if y > 0.0 { y * crate::math::ln(y / mu) } else { 0.0 };
                    2.0 * (part(y, n * p) + part(n - y, n * (1.0 - p)))
                })
                .sum()
        };
        let fitted = design.probabilities(&self.coefficients);
        let share = if design.intercept {
            design.events().iter().sum::<f64>() / design.trials().iter().sum::<f64>()
        } else {
            0.5
        };
        (deviance(&|i| fitted[i]), deviance(&|_| share))
    }
}
