//! Time courses of biomarkers calibrated to what arms reported at one time: means and standard deviations of the change
//! from baseline, met through the biomarker's own model.
//!
//! An arm's mean change is a + m(θ), with a what happens on placebo and m the mean of the model's changes over patients;
//! its standard deviation is that of the model's changes. Means are normal with the reported standard error, logarithms
//! of standard deviations normal with variance 1/(2(n - 1)). The estimate minimises the weighted squares
//! (Levenberg-Marquardt with differences); draws are normal with the inverse of the information, spreads on their
//! logarithm.

use super::fit::{Fit, Inputs, law};
use super::paper::{CoursePaper, Evidence};
use super::summary::Summary;
use super::{ExposureLaw, Simulator};
use crate::diagnostic::{Diagnostic, Problems};
use crate::math::{Cholesky, chi_square_tail, exp, ln, normal_quantile};
use crate::random::{Address, Purpose, Stream};
use crate::response::{CourseModel, Draws};

/// Simulated patients who stand for an arm.
const PATIENTS: usize = 512;
const MOST_STEPS: usize = 60;
/// Steps of the differences, in shares of a parameter.
const DIFFERENCE: f64 = 1e-4;

/// What an arm reported.
struct Arm {
    name: String,
    n: f64,
    mean: f64,
    deviation: f64,
    exposures: Vec<f64>,
}

/// The parameters being fitted: the change on placebo, typical values, logarithms of spreads.
struct Problem<'a> {
    arms: Vec<Arm>,
    simulator: &'a dyn Simulator,
    means: usize,
    /// Whether spreads are among the parameters, and standard deviations so among the data.
    spreads: bool,
    /// The typical values at which the fit starts: they scale the differences.
    start: Vec<f64>,
}

impl Problem<'_> {
    /// The parameters as the model wants them: typical values, then spreads.
    fn natural(&self, theta: &[f64]) -> Vec<f64> {
        let (means, spreads) = theta[1..].split_at(self.means);
        means.iter().copied().chain(spreads.iter().map(|s| exp(*s))).collect()
    }

    /// Mean and standard deviation of the change of each arm.
    fn predicted(&self, theta: &[f64]) -> Vec<(f64, f64)> {
        let natural = self.natural(theta);
        self.arms
            .iter()
            .map(|arm| {
                let changes = self.simulator.changes(&natural, &arm.exposures);
                let (mean, deviation) = moments(&changes);
                (theta[0] + mean, deviation)
            })
            .collect()
    }

    fn residuals(&self, theta: &[f64]) -> Vec<f64> {
        let mut residuals = Vec::with_capacity(2 * self.arms.len());
        for (arm, (mean, deviation)) in self.arms.iter().zip(self.predicted(theta)) {
            residuals.push((mean - arm.mean) * arm.n.sqrt() / arm.deviation);
            if self.spreads {
                residuals.push((ln(deviation) - ln(arm.deviation)) * (2.0 * (arm.n - 1.0)).sqrt());
            }
        }
        residuals
    }

    /// Derivatives of the residuals, one row a parameter.
    fn derivatives(&self, theta: &[f64], residuals: &[f64]) -> Vec<Vec<f64>> {
        // The change on placebo is a shift of the means and of nothing else.
        let shift =
            |arm: &Arm| [arm.n.sqrt() / arm.deviation, 0.0].into_iter().take(1 + usize::from(self.spreads));
        let mut rows = vec![self.arms.iter().flat_map(shift).collect()];
        for k in 1..theta.len() {
            let size = if k <= self.means { self.start[k - 1].abs() } else { 1.0 };
            let step = DIFFERENCE * size.max(theta[k].abs());
            let mut moved = theta.to_vec();
            moved[k] += step;
            rows.push(self.residuals(&moved).iter().zip(residuals).map(|(m, r)| (m - r) / step).collect());
        }
        rows
    }
}

fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    (mean, (squares / n).sqrt())
}

fn squares(residuals: &[f64]) -> f64 {
    residuals.iter().map(|r| r * r).sum()
}

/// JᵀJ, row-major.
fn information(derivatives: &[Vec<f64>]) -> Vec<f64> {
    let inner = |a: &Vec<f64>, b: &Vec<f64>| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    derivatives.iter().flat_map(|a| derivatives.iter().map(move |b| inner(a, b))).collect()
}

/// The estimate with its information; `None` where the data do not determine the parameters.
fn estimate(problem: &Problem<'_>, start: Vec<f64>) -> Option<(Vec<f64>, Cholesky)> {
    let n = start.len();
    let mut theta = start;
    let mut residuals = problem.residuals(&theta);
    let mut damping = 1e-3;
    for _ in 0..MOST_STEPS {
        let derivatives = problem.derivatives(&theta, &residuals);
        let information = information(&derivatives);
        let mut damped = information.clone();
        (0..n).for_each(|i| damped[i * n + i] *= 1.0 + damping);
        let mut step: Vec<f64> =
            derivatives.iter().map(|d| -d.iter().zip(&residuals).map(|(d, r)| d * r).sum::<f64>()).collect();
        Cholesky::new(&damped, n)?.solve(&mut step);
        let moved: Vec<f64> = theta.iter().zip(&step).map(|(t, s)| t + s).collect();
        let after = problem.residuals(&moved);
        let (old, new) = (squares(&residuals), squares(&after));
        if new.is_finite() && new <= old {
            (theta, residuals) = (moved, after);
            damping *= 0.1;
            if old - new < 1e-9 * (1.0 + new) {
                break;
            }
        } else if damping > 1e8 {
            break;
        } else {
            damping *= 10.0;
        }
    }
    let information = Cholesky::new(&information(&problem.derivatives(&theta, &residuals)), n)?;
    Some((theta, information))
}

/// The exposures of an arm's patients: equally likely quantiles of its law, in the order of a lattice, so that they go
/// with the patients' random effects as if independent of them.
fn exposures(law: &ExposureLaw) -> Vec<f64> {
    let places = (0..PATIENTS).map(lattice);
    match law {
        ExposureLaw::Zero => vec![0.0; PATIENTS],
        ExposureLaw::LogNormal { median, cv } => {
            let spread = crate::math::log1p(cv * cv).sqrt();
            places.map(|u| median * exp(spread * normal_quantile(u))).collect()
        }
        ExposureLaw::Simulated(values) => {
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            places.map(|u| super::discriminant::type7(&sorted, u)).collect()
        }
    }
}

/// Point i of the van der Corput sequence in base 2, in the middle of its cell.
fn lattice(i: usize) -> f64 {
    let mut place = 0.5 / PATIENTS as f64;
    let (mut rest, mut weight) = (i, 0.5);
    while rest > 0 {
        place += weight * (rest % 2) as f64;
        rest /= 2;
        weight *= 0.5;
    }
    place
}

/// Fits a time course.
///
/// # Errors
/// What the model and the exposures refuse; E0771 where the arms do not determine the parameters.
pub(super) fn course(evidence: &Evidence, paper: &CoursePaper, inputs: &Inputs<'_>) -> Result<Fit, Problems> {
    let simulator = (inputs.courses)(paper, PATIENTS)?;
    let arms = paper
        .arms
        .iter()
        .map(|arm| {
            let law = law(&arm.exposure, &paper.exposure, ("", &arm.name), inputs)?;
            let (name, exposures) = (arm.name.clone(), exposures(&law));
            Ok(Arm { name, n: arm.n, mean: arm.mean, deviation: arm.deviation, exposures })
        })
        .collect::<Result<Vec<_>, Problems>>()?;
    let means = paper.means.len();
    let mut start = simulator.start();
    let mut theta = vec![0.0];
    theta.extend(start.iter().enumerate().map(|(k, v)| if k < means { *v } else { ln(*v) }));
    start.truncate(means);
    let spreads = !paper.spreads.is_empty();
    let problem = Problem { arms, simulator: simulator.as_ref(), means, spreads, start };
    let undetermined = || {
        Problems::from(
            Diagnostic::error("E0771", format!("the arms do not determine {}", names(paper).join(", ")))
                .help("fit fewer parameters: a mean and a standard deviation an arm is all there is"),
        )
    };
    let (theta, information) = estimate(&problem, theta).ok_or_else(undetermined)?;
    let draws = draws(&problem, paper, &theta, &information, inputs).ok_or_else(undetermined)??;
    let summary = summary(evidence, paper, &problem, &theta, &draws);
    let course = CourseModel {
        model: paper.model.clone(),
        metric: paper.exposure.metric,
        unit: paper.unit.clone(),
        draws,
    };
    Ok(Fit { course: Some(course), ..Fit::of(summary) })
}

fn names(paper: &CoursePaper) -> Vec<String> {
    let spreads = paper.spreads.iter().map(|name| format!("sd {name}"));
    ["change on placebo".to_string()].into_iter().chain(paper.means.iter().cloned()).chain(spreads).collect()
}

fn draws(
    problem: &Problem<'_>,
    paper: &CoursePaper,
    theta: &[f64],
    information: &Cholesky,
    inputs: &Inputs<'_>,
) -> Option<Result<Draws, Problems>> {
    let root = Cholesky::new(&information.inverse(), theta.len())?;
    let row = |theta: &[f64]| -> Vec<f64> {
        let natural = problem.natural(theta);
        std::iter::once(theta[0]).chain(natural).collect()
    };
    let rows = (0..inputs.draws)
        .flat_map(|draw| {
            let mut stream = Stream::new(Address::new(inputs.seed, Purpose::Evidence).draw(draw));
            let z: Vec<f64> = theta.iter().map(|_| stream.normal()).collect();
            row(&theta.iter().zip(root.transform(&z)).map(|(t, d)| t + d).collect::<Vec<_>>())
        })
        .collect();
    Some(Draws::new(names(paper), row(theta), rows))
}

fn summary(
    evidence: &Evidence,
    paper: &CoursePaper,
    problem: &Problem<'_>,
    theta: &[f64],
    draws: &Draws,
) -> Summary {
    let mut summary = Summary::new(evidence);
    for (column, name) in draws.names().iter().enumerate() {
        summary.add_draws(name, draws, column);
    }
    for (arm, (mean, deviation)) in problem.arms.iter().zip(problem.predicted(theta)) {
        let error = normal_quantile(0.975) * arm.deviation / arm.n.sqrt();
        let (name, unit) = (&arm.name, &paper.unit);
        summary.add(&format!("mean change, {name}, fitted ({unit})"), mean, None);
        let reported = [arm.mean - error, arm.mean + error];
        summary.add(&format!("mean change, {name}, reported ({unit})"), arm.mean, Some(reported));
        summary.add(&format!("SD of the change, {name}, fitted ({unit})"), deviation, None);
        summary.add(&format!("SD of the change, {name}, reported ({unit})"), arm.deviation, None);
    }
    let misfit = squares(&problem.residuals(theta));
    let data = problem.arms.len() * if problem.spreads { 2 } else { 1 };
    let freedom = u32::try_from(data.saturating_sub(theta.len())).unwrap_or(0);
    summary.add(&format!("misfit on {freedom} df"), misfit, None);
    if freedom > 0 {
        let p = chi_square_tail(misfit, freedom);
        summary.add("its p-value", p, None);
        if p < 0.05 {
            summary.warn(
                Diagnostic::warning("E0732", format!("the model does not meet the arms (p = {p:.3})"))
                    .help("compare another model of the effect"),
            );
        }
    }
    summary.note("what happens on placebo is not carried into a study: a study's disease has its own course");
    summary
}

#[cfg(test)]
mod tests {
    use super::super::paper::{Class, ExposureAxis, ReportedExposure, ReportedMean};
    use super::*;
    use crate::response::Metric;

    /// A change of -slope C exp(spread z), with the z of a lattice.
    struct Line;

    impl Simulator for Line {
        fn start(&self) -> Vec<f64> {
            vec![50.0, 0.3]
        }

        fn changes(&self, parameters: &[f64], exposures: &[f64]) -> Vec<f64> {
            let z = |i: usize| normal_quantile((i as f64 + 0.5) / PATIENTS as f64);
            let noise = |i: usize| 3.0 * normal_quantile(lattice(i * 7919 % PATIENTS));
            exposures
                .iter()
                .enumerate()
                .map(|(i, c)| noise(i) - parameters[0] * c * exp(parameters[1] * z(i)))
                .collect()
        }
    }

    fn paper(arms: [(f64, f64, f64, f64); 3]) -> CoursePaper {
        let arm = |(k, (n, mean, deviation, dose)): (usize, (f64, f64, f64, f64))| ReportedMean {
            name: format!("arm {k}"),
            n,
            mean,
            deviation,
            exposure: ReportedExposure {
                regimen: (dose == 0.0).then(|| "placebo".to_string()),
                population: None,
                law: Some((dose, 0.0)),
            },
        };
        CoursePaper {
            exposure: ExposureAxis { metric: Metric::Cavg, unit: "mg/L".parse().unwrap(), sampling: None },
            model: "line".into(),
            unit: "1".parse().unwrap(),
            time: 1.0,
            fixed: Vec::new(),
            covariates: Vec::new(),
            arms: arms.into_iter().enumerate().map(arm).collect(),
            means: vec!["SLOPE".into()],
            spreads: vec!["EFFECT".into()],
        }
    }

    fn fitted(paper: &CoursePaper) -> Result<Fit, Problems> {
        let evidence = Evidence {
            title: "t".into(),
            outcome: "o".into(),
            source: "s".into(),
            class: Class::Assumed,
            notes: Vec::new(),
            body: super::super::paper::Body::Course(paper.clone()),
        };
        let courses =
            |_: &CoursePaper, _: usize| -> Result<Box<dyn Simulator>, Problems> { Ok(Box::new(Line)) };
        let inputs = Inputs { courses: &courses, draws: 2000, ..Inputs::new(1) };
        course(&evidence, paper, &inputs)
    }

    #[test]
    fn parameters_that_made_the_figures_are_found() {
        // Slope 100, spread 0.5, a change of -1 on placebo: means -1 - 100 C exp(0.125).
        let truth = [100.0, 0.5];
        let reported = |dose: f64| {
            let (mean, deviation) = moments(&Line.changes(&truth, &vec![dose; PATIENTS]));
            (200.0, mean - 1.0, deviation, dose)
        };
        let fit = fitted(&paper([reported(0.0), reported(0.02), reported(0.04)])).unwrap();
        let draws = fit.course.unwrap().draws;
        for (found, expected) in draws.central().iter().zip([-1.0, 100.0, 0.5]) {
            assert!((found / expected - 1.0).abs() < 1e-3, "{:?}", draws.central());
        }
        // The mean effect of the higher dose against placebo, 4.5, has a standard error of about 0.35.
        let slopes: Vec<f64> = draws.values(1).collect();
        let (mean, deviation) = moments(&slopes);
        assert!((mean - 100.0).abs() < 2.0 && (5.0..12.0).contains(&deviation), "{mean} {deviation}");
    }

    #[test]
    fn one_dose_does_not_determine_more_than_it_says() {
        let same = (100.0, -1.0, 3.0, 0.0);
        let problems = fitted(&paper([same; 3])).unwrap_err();
        assert_eq!(problems.list()[0].code, "E0771");
    }
}
