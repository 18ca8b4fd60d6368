use super::fit::{Fit, Inputs, Named};
use super::mode::Mode;
use super::paper::{Evidence, PersistencePaper};
use super::prior::Prior;
use super::ratios::LogRatio;
use super::summary::Summary;
use super::walk::Walk;
use crate::diagnostic::{Diagnostic, Problems};
use crate::response::{Draw, HazardLaw, PersistenceBasis, PersistenceModel, RiskFactor};

/// Standard deviations of the normal priors: of the logarithm of a cumulative hazard or rate, and of the logarithm of the
/// Weibull shape.
const SCALE_PRIOR: Prior = Prior::Normal(5.0);
const SHAPE_PRIOR: Prior = Prior::Normal(1.0);

/// How far (points) two printed group curves, weighted by their patients, may lie from the printed curve of all: other
/// patients leave the groups early, so that they need not agree exactly.
const CONFLICT: f64 = 3.0;

/// What the parameters of a persistence model are held against.
struct Target<'a> {
    paper: &'a PersistencePaper,
    ratios: Vec<LogRatio>,
    /// Weight of each combination of factors, and which factors it holds.
    cells: Vec<(f64, Vec<bool>)>,
}

impl Target<'_> {
    /// The log-density of the parameters. The patients who stop between two times are binomial among those at risk, with
    /// the probability that the mixture of all combinations of factors gives; the logarithms of printed hazard ratios
    /// are normal; priors on the law.
    fn log_density(&self, parameters: &[f64]) -> f64 {
        let (law, effects) = parameters.split_at(self.paper.law.parameters());
        let mut sum = law_prior(&self.paper.law, law);
        for (effect, ratio) in effects.iter().zip(&self.ratios) {
            sum += Prior::Normal(ratio.error).log_density(effect - ratio.estimate);
        }
        let mut before = (1.0, 1.0);
        let percentages = self.paper.persisting.iter().map(|printed| printed.value() / 100.0);
        for ((time, printed), at_risk) in self.paper.times.iter().zip(percentages).zip(&self.paper.at_risk) {
            let now = (self.survival(parameters, *time), printed);
            let (modelled, observed) = (now.0 / before.0, now.1 / before.1);
            let stopped = at_risk * (1.0 - observed);
            sum += (at_risk - stopped) * crate::math::ln(modelled);
            if stopped > 0.0 {
                sum += stopped * crate::math::ln(1.0 - modelled);
            }
            before = now;
        }
        sum
    }

    /// The share of all patients who are still treated after a time (h).
    fn survival(&self, parameters: &[f64], hours: f64) -> f64 {
        let (law, effects) = parameters.split_at(self.paper.law.parameters());
        let cumulative = self.paper.law.cumulative(law, hours);
        let cell = |held: &[bool]| {
            let log: f64 = held.iter().zip(effects).filter(|(held, _)| **held).map(|(_, b)| b).sum();
            crate::math::exp(-cumulative * crate::math::exp(log))
        };
        self.cells.iter().map(|(weight, held)| weight * cell(held)).sum()
    }
}

fn law_prior(law: &HazardLaw, parameters: &[f64]) -> f64 {
    match law {
        HazardLaw::Weibull => SCALE_PRIOR.log_density(parameters[0]) + SHAPE_PRIOR.log_density(parameters[1]),
        HazardLaw::Piecewise { .. } => parameters.iter().map(|rate| SCALE_PRIOR.log_density(*rate)).sum(),
    }
}

/// Every combination of factors with its weight: factors are independent of one another.
fn cells(paper: &PersistencePaper) -> Vec<(f64, Vec<bool>)> {
    let mut cells = vec![(1.0, Vec::new())];
    for factor in &paper.factors {
        let share = factor.patients / paper.patients;
        cells = cells
            .into_iter()
            .flat_map(|(weight, held)| {
                [(share, true), (1.0 - share, false)].map(|(part, has)| {
                    let mut held = held.clone();
                    held.push(has);
                    (weight * part, held)
                })
            })
            .collect();
    }
    cells
}

/// Fits a hazard to printed percentages of patients still treated and to printed hazard ratios.
///
/// # Errors
/// E0765 where the percentages determine no hazard, E0744 where the chains have not converged.
pub(super) fn persistence(
    evidence: &Evidence,
    paper: &PersistencePaper,
    inputs: &Inputs<'_>,
) -> Result<Fit, Problems> {
    let ratios: Vec<LogRatio> = paper.factors.iter().map(|factor| factor.ratio.logarithm()).collect();
    let mut summary = Summary::new(evidence);
    ratios.iter().filter_map(|ratio| ratio.misprint.clone()).for_each(|misprint| summary.warn(misprint));
    conflicts(&mut summary, paper);
    let target = Target { paper, ratios, cells: cells(paper) };
    let mut start = match &paper.law {
        HazardLaw::Weibull => vec![-1.5, -0.3],
        HazardLaw::Piecewise { ends } => vec![-1.5; ends.len()],
    };
    start.extend(target.ratios.iter().map(|ratio| ratio.estimate));
    let mode = Mode::find(|parameters| target.log_density(parameters), &start)
        .ok_or_else(|| Diagnostic::error("E0765", "the percentages determine no hazard"))?;
    let walk = Walk { names: names(paper), start: &mode.at, covariance: &mode.covariance };
    let draws = walk.draws(|parameters| target.log_density(parameters), inputs.seed, inputs.draws)?;
    for (column, name) in draws.names().iter().enumerate() {
        summary.add_draws(name, &draws, column);
    }
    let basis = PersistenceBasis {
        outcome: evidence.outcome.clone(),
        horizon: paper.times.last().copied().unwrap_or_default(),
        source: evidence.source.clone(),
        method: format!(
            "{} hazard fitted to printed percentages still treated; posterior by random-walk Metropolis",
            name(&paper.law)
        ),
        // Patients are counted, and far fewer than 2^32.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        patients: paper.patients.round() as u32,
        notes: evidence.notes.clone(),
    };
    let factors: Vec<RiskFactor> = paper.factors.iter().map(|reported| reported.factor.clone()).collect();
    let model = PersistenceModel::new(basis, paper.law.clone(), factors, draws)?;
    compare(&mut summary, &target, &model);
    if paper.factors.len() > 1 {
        summary.note("the risk factors are taken as independent of one another in the cohort: their joint frequencies are not printed");
    }
    let named = Named { name: name(&paper.law).to_string(), model };
    Ok(Fit { persistence: vec![named], ..Fit::of(summary) })
}

fn name(law: &HazardLaw) -> &'static str {
    match law {
        HazardLaw::Weibull => "weibull",
        HazardLaw::Piecewise { .. } => "piecewise",
    }
}

fn names(paper: &PersistencePaper) -> Vec<String> {
    let mut names = match &paper.law {
        HazardLaw::Weibull => vec!["ln cumulative hazard at 1 year".into(), "ln Weibull shape".into()],
        HazardLaw::Piecewise { ends } => {
            (1..=ends.len()).map(|k| format!("ln rate per year, interval {k}")).collect()
        }
    };
    names
        .extend(paper.factors.iter().map(|reported| format!("ln hazard ratio, {}", reported.factor.words())));
    names
}

/// Fitted beside printed percentages, of all patients and of the groups, which were not fitted.
fn compare(summary: &mut Summary, target: &Target<'_>, model: &PersistenceModel) {
    let paper = target.paper;
    let central = model.draws().central();
    for (time, printed) in paper.times.iter().zip(&paper.persisting) {
        let fitted = 100.0 * target.survival(central, *time);
        summary.add(&format!("still treated at {:.0} days, %: fitted", time / 24.0), fitted, None);
        summary.add(&format!("still treated at {:.0} days, %: printed", time / 24.0), printed.value(), None);
    }
    for (place, reported) in paper.factors.iter().enumerate() {
        let Some(curves) = &reported.curves else { continue };
        let mut largest = 0.0;
        for (has, curve) in [true, false].into_iter().zip(curves) {
            let cells: Vec<_> = target.cells.iter().filter(|(_, held)| held[place] == has).cloned().collect();
            let weight: f64 = cells.iter().map(|(weight, _)| weight).sum();
            let group = Target { paper, ratios: Vec::new(), cells };
            for (time, printed) in paper.times.iter().zip(curve) {
                let gap: f64 = 100.0 * group.survival(central, *time) / weight - printed.value();
                if gap.abs() > f64::abs(largest) {
                    largest = gap;
                }
            }
        }
        let words = reported.factor.words();
        summary.add(&format!("{words}: largest gap to its printed curves, points"), largest, None);
    }
    let typical = model.survival(Draw::Central, 1.0, model.basis().horizon);
    summary.add("still treated at the last time without any risk factor, %", 100.0 * typical, None);
}

/// Warns (E0764) where the printed curves of two groups cannot be those of all patients.
fn conflicts(summary: &mut Summary, paper: &PersistencePaper) {
    for reported in &paper.factors {
        let Some([with, without]) = &reported.curves else { continue };
        let share = reported.patients / paper.patients;
        for (place, all) in paper.persisting.iter().enumerate() {
            let mixture = share * with[place].value() + (1.0 - share) * without[place].value();
            if (mixture - all.value()).abs() > CONFLICT {
                summary.warn(
                    Diagnostic::warning(
                        "E0764",
                        format!(
                            "{}: the groups' {} % and {} % at {:.0} days make {mixture:.1} % of all, the paper prints {all} %",
                            reported.factor.words(),
                            with[place],
                            without[place],
                            paper.times[place] / 24.0
                        ),
                    )
                    .help("one of the curves is misprinted; the fit rests on the curve of all patients and the hazard ratios"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::paper::{Body, Class};
    use super::super::printed::Printed;
    use super::*;
    use crate::response::YEAR;

    fn paper(law: HazardLaw) -> PersistencePaper {
        let times: Vec<f64> = (1..=4).map(|quarter| f64::from(quarter) * YEAR / 4.0).collect();
        PersistencePaper {
            patients: 4000.0,
            // An exponential law of 0.3 a year.
            persisting: ["92.774", "86.071", "79.852", "74.082"].map(|t| Printed::read(t).unwrap()).to_vec(),
            at_risk: vec![4000.0, 3700.0, 3400.0, 3200.0],
            times,
            law,
            factors: Vec::new(),
        }
    }

    fn fitted(paper: PersistencePaper) -> Fit {
        let evidence = Evidence {
            title: String::new(),
            outcome: "discontinuation".into(),
            source: String::new(),
            class: Class::Derived,
            notes: Vec::new(),
            body: Body::Persistence(paper.clone()),
        };
        persistence(&evidence, &paper, &Inputs { draws: 2000, ..Inputs::new(3) }).unwrap()
    }

    #[test]
    fn an_exponential_law_is_found_again() {
        let weibull = fitted(paper(HazardLaw::Weibull));
        let model = &weibull.persistence[0].model;
        let [scale, shape] = *model.draws().central() else { panic!() };
        // About 1000 patients stop: the logarithm of their rate has a standard error of 0.03.
        assert!((scale - 0.3f64.ln()).abs() < 0.01 && shape.abs() < 0.01, "{scale} {shape}");
        let ends = paper(HazardLaw::Weibull).times;
        let pieces = fitted(paper(HazardLaw::Piecewise { ends }));
        for rate in pieces.persistence[0].model.draws().central() {
            assert!((rate - 0.3f64.ln()).abs() < 0.02, "{rate}");
        }
        // The rate of the first interval is gamma: 289 stop of 4000, standard error of the logarithm 1/sqrt(289).
        let draws = pieces.persistence[0].model.draws();
        let (mean, n) = (draws.values(0).sum::<f64>() / draws.len() as f64, draws.len() as f64);
        let sd = (draws.values(0).map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt();
        assert!((sd * 289f64.sqrt() - 1.0).abs() < 0.1, "{sd}");
    }
}
