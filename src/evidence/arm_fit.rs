use super::arm_likelihood::{Likelihood, Risk};
use super::arm_ml::{MaximumLikelihood, maximise};
use super::arm_posterior::{ArmPriors, Posterior, ShapeLaw};
use super::arms::ArmCounts;
use super::prior::Prior;
use crate::diagnostic::{Diagnostic, Problems};
use crate::response::{Constant, Curve, Draws, Form, Shape};

/// How arm counts are to be fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ArmModel {
    /// How exposure enters: linear, log2(1 + C/C0), Emax or sigmoid Emax with known constants. A
    /// [`Constant::Fitted`] EC50 takes its prior from `ec50_prior`.
    pub form: Form,
    /// Median (mg/L) and log standard deviation of the prior of an EC50 that is fitted.
    pub ec50_prior: Option<(f64, f64)>,
    /// Odds, or rates over each arm's time at risk.
    pub risk: Risk,
    /// The priors; `None` stands for Cauchy(0, 10) on intercepts and Cauchy(0, 2.5/(2 sd of g)) on the slope (Gelman,
    /// Jakulin, Pittau and Su 2008, Ann Appl Stat 2:1360).
    pub priors: Option<ArmPriors>,
}

/// What came out of fitting arm counts.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmFit {
    /// The form with the columns of its fitted constants.
    pub form: Form,
    /// The risk scale.
    pub risk: Risk,
    /// Maximum likelihood; `None` where it has no finite value or the EC50 is uncertain.
    pub maximum: Option<MaximumLikelihood>,
    /// Joint posterior draws: `a[trial]` for each trial, `b`, and `ln EC50` where it is uncertain. Central values are
    /// the posterior medians.
    pub draws: Draws,
    /// Posterior 2.5 %, 50 % and 97.5 % quantiles of the slope, by quadrature.
    pub slope: [f64; 3],
    /// The posterior probability that the slope is positive.
    pub positive: f64,
    /// The scale of the slope's prior.
    pub priors: ArmPriors,
    /// The trials, in the order of their intercepts.
    pub trials: Vec<String>,
}

impl ArmFit {
    /// The curve of one trial: its intercept with the shared slope.
    ///
    /// # Errors
    /// E0701 where the trial is not one of the fit.
    pub fn curve(&self, trial: &str) -> Result<Curve, Problems> {
        let Some(intercept) = self.trials.iter().position(|known| known == trial) else {
            return Err(Diagnostic::error("E0701", format!("`{trial}` is no trial of this fit"))
                .help(format!("the trials are {}", self.trials.join(", ")))
                .into());
        };
        Curve::with_columns(self.form, self.draws.clone(), intercept, self.trials.len())
    }
}

/// Fits arm counts: maximum likelihood with profile intervals, and the posterior with `draws` joint draws from `seed`.
///
/// # Errors
/// E0724 where rates are asked and an arm has no time at risk, E0725 where the form has no place for placebo, E0726
/// where a fitted constant has no prior, E0702 and E0706 for wrong constants and priors.
pub fn fit_arms(counts: &ArmCounts, model: &ArmModel, seed: u64, draws: u32) -> Result<ArmFit, Problems> {
    let law = shape_law(counts, model)?;
    let spread = counts.spread(law.central());
    let priors = match model.priors {
        Some(priors) => ArmPriors { intercept: priors.intercept.checked()?, slope: priors.slope.checked()? },
        None => ArmPriors {
            intercept: Prior::Cauchy(10.0),
            slope: Prior::Cauchy(2.5 / (2.0 * spread)).checked()?,
        },
    };
    let maximum = match law {
        ShapeLaw::Known(shape) => {
            maximise(&Likelihood::new(counts, model.risk, shape), spread, counts.arms().len())
        }
        ShapeLaw::UncertainEmax { .. } => None,
    };
    let posterior = Posterior::new(counts, model.risk, priors, law);
    let (quantiles, positive) = posterior.slope_summary(&[0.025, 0.5, 0.975]);
    let rows = posterior.draws(seed, draws);
    let trials = counts.trials().to_vec();
    let mut names: Vec<String> = trials.iter().map(|trial| format!("a[{trial}]")).collect();
    names.push("b".into());
    let form = match law {
        ShapeLaw::Known(_) => model.form,
        ShapeLaw::UncertainEmax { .. } => {
            names.push("ln EC50".into());
            Form::Emax { ec50: Constant::Fitted(names.len() - 1) }
        }
    };
    let central = medians(&rows, names.len());
    Ok(ArmFit {
        form,
        risk: model.risk,
        maximum,
        draws: Draws::new(names, central, rows)?,
        slope: [quantiles[0], quantiles[1], quantiles[2]],
        positive,
        priors,
        trials,
    })
}

fn shape_law(counts: &ArmCounts, model: &ArmModel) -> Result<ShapeLaw, Problems> {
    if let Form::Log2Ratio { .. } = model.form {
        return Err(Diagnostic::error("E0725", "a slope on log2 C has no place for a placebo arm")
            .help("use log2-one-plus, emax or linear")
            .into());
    }
    if model.risk == Risk::Rate
        && let Some(arm) = counts.arms().iter().find(|arm| arm.follow_up.is_none())
    {
        return Err(Diagnostic::error(
            "E0724",
            format!("{}, {}: a rate needs the time at risk", arm.trial, arm.name),
        )
        .help("add `follow-up = \"53 weeks\"`")
        .into());
    }
    let known = |form: Form| -> Result<Shape, Problems> { Ok(form.checked(0)?.shape(&[])) };
    match (model.form, model.ec50_prior) {
        (Form::Emax { ec50: Constant::Fitted(_) }, Some((median, log_sd)))
            if median > 0.0 && log_sd > 0.0 && median.is_finite() && log_sd.is_finite() =>
        {
            Ok(ShapeLaw::UncertainEmax { median, log_sd })
        }
        (
            Form::Emax { ec50: Constant::Fitted(_) } | Form::SigmoidEmax { ec50: Constant::Fitted(_), .. },
            _,
        ) => Err(Diagnostic::error(
            "E0726",
            "an EC50 that is fitted needs a prior with a positive median and spread",
        )
        .help("arms with two doses cannot tell EC50 and largest effect apart")
        .into()),
        (form, _) => Ok(ShapeLaw::Known(known(form)?)),
    }
}

/// The median of each column of row-major draws.
fn medians(rows: &[f64], width: usize) -> Vec<f64> {
    (0..width)
        .map(|column| {
            let mut values: Vec<f64> = rows.iter().skip(column).step_by(width).copied().collect();
            values.sort_by(f64::total_cmp);
            let half = values.len() / 2;
            match values.len() {
                0 => 0.0,
                n if n % 2 == 1 => values[half],
                _ => 0.5 * (values[half - 1] + values[half]),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::arms::{Arm, ExposureLaw};
    use super::*;

    fn counts(events: [f64; 3]) -> ArmCounts {
        let arm = |name: &str, y: f64, exposure| Arm {
            name: name.into(),
            trial: "T".into(),
            events: y,
            patients: 220.0,
            follow_up: None,
            exposure,
        };
        let law = |median| ExposureLaw::LogNormal { median, cv: 0.6 };
        ArmCounts::new(vec![
            arm("placebo", events[0], ExposureLaw::Zero),
            arm("15 mg", events[1], law(4.4)),
            arm("30 mg", events[2], law(8.7)),
        ])
        .unwrap()
    }

    fn model(form: Form) -> ArmModel {
        ArmModel { form, ec50_prior: None, risk: Risk::Odds, priors: None }
    }

    #[track_caller]
    fn close(got: f64, expected: f64, digits: i32) {
        assert!((got - expected).abs() <= 0.5001 * 10f64.powi(-digits), "{got} is not {expected}");
    }

    /// A form, intercept and slope with their profile intervals, likelihood ratio and p, deviance, fitted risks (%),
    /// posterior quantiles of the slope and its prior scale.
    type Row = (Form, [f64; 3], [f64; 3], [f64; 2], f64, [f64; 3], [f64; 3], f64);

    /// Likelihood columns: SciPy (Nelder-Mead, Brent, 64-point Gauss-Hermite). Posterior: scripts/reference/arm_counts.py
    /// (grid of 1601 x 4001). Exposures in ng/mL.
    fn table() -> [Row; 4] {
        let emax = Form::Emax { ec50: Constant::Known(8.7) };
        [
            (
                Form::Linear { scale: 10.0 },
                [-5.5936, -7.898, -4.231],
                [1.4260, 0.1408, 2.8527],
                [4.522, 0.0335],
                0.072,
                [0.371, 0.876, 2.559],
                [1.3107, -0.1079, 2.7959],
                2.187,
            ),
            (
                Form::Log2OnePlus { scale: 1.0 },
                [-6.0780, -9.633, -4.253],
                [0.6694, 0.0343, 1.6604],
                [4.338, 0.0373],
                0.256,
                [0.229, 1.295, 2.275],
                [0.5674, -0.0001, 1.4183],
                0.830,
            ),
            (
                Form::Log2OnePlus { scale: 4.4 },
                [-5.9464, -8.943, -4.269],
                [1.2496, 0.0976, 2.7510],
                [4.550, 0.0329],
                0.044,
                [0.261, 1.112, 2.426],
                [1.0712, -0.0042, 2.4685],
                1.614,
            ),
            (
                emax,
                [-6.0221, -9.405, -4.263],
                [4.2971, 0.2775, 10.3045],
                [4.457, 0.0348],
                0.137,
                [0.242, 1.211, 2.347],
                [3.6621, 0.0100, 8.9143],
                5.380,
            ),
        ]
    }

    #[test]
    fn arm_counts_equal_an_independent_computation() {
        let counts = counts([0.66, 2.2, 5.5]);
        for (form, a, b, ratio, deviance, fitted, bayes, scale) in table() {
            let fit = fit_arms(&counts, &model(form), 1, 10).unwrap();
            let ml = fit.maximum.unwrap();
            close(ml.intercepts[0], a[0], 4);
            close(ml.intercept_intervals[0][0], a[1], 3);
            close(ml.intercept_intervals[0][1], a[2], 3);
            close(ml.slope, b[0], 4);
            close(ml.slope_interval[0], b[1], 4);
            close(ml.slope_interval[1], b[2], 4);
            close(ml.likelihood_ratio.0, ratio[0], 3);
            close(ml.likelihood_ratio.1, ratio[1], 4);
            close(ml.deviance.0, deviance, 3);
            assert_eq!(ml.deviance.1, 1);
            for (got, expected) in ml.fitted.iter().zip(fitted) {
                close(100.0 * got, expected, 3);
            }
            let Prior::Cauchy(prior) = fit.priors.slope else { panic!("not the default prior") };
            close(prior, scale, 3);
            for (got, expected) in [fit.slope[1], fit.slope[0], fit.slope[2]].into_iter().zip(bayes) {
                close(got, expected, 3);
            }
        }
    }
    #[test]
    fn whole_counts_equal_an_independent_computation() {
        let counts = counts([1.0, 2.0, 6.0]);
        let ml = |form| fit_arms(&counts, &model(form), 1, 10).unwrap().maximum.unwrap();
        let linear = ml(Form::Linear { scale: 10.0 });
        close(linear.intercepts[0], -5.4654, 4);
        close(linear.intercept_intervals[0][0], -7.536, 3);
        close(linear.intercept_intervals[0][1], -4.164, 3);
        close(linear.slope, 1.3879, 4);
        close(linear.slope_interval[0], 0.1420, 4);
        close(linear.slope_interval[1], 2.7009, 4);
        close(linear.likelihood_ratio.0, 4.549, 3);
        close(linear.deviance.0, 0.014, 3);
        for (got, expected) in linear.fitted.iter().zip([0.421, 0.967, 2.700]) {
            close(100.0 * got, expected, 3);
        }
        let log = ml(Form::Log2OnePlus { scale: 4.4 });
        close(log.slope, 1.1362, 4);
        close(log.slope_interval[0], 0.0507, 4);
        close(log.slope_interval[1], 2.4693, 4);
        close(log.likelihood_ratio.0, 4.220, 3);
    }

    #[test]
    fn the_forms_agree_within_the_data_and_part_beyond() {
        let counts = counts([0.66, 2.2, 5.5]);
        let expected = [
            [0.69, 1.27, 3.06, 11.62, 52.8],
            [1.16, 2.02, 3.23, 5.06, 7.64],
            [0.90, 1.84, 3.66, 7.43, 14.4],
            [1.02, 2.04, 3.55, 5.55, 7.64],
        ];
        for ((form, ..), risks) in table().into_iter().zip(expected) {
            let ml = fit_arms(&counts, &model(form), 1, 10).unwrap().maximum.unwrap();
            for (c, percent) in [4.4, 8.7, 15.0, 25.0, 40.0].into_iter().zip(risks) {
                let eta = ml.intercepts[0] + ml.slope * form.shape(&[]).apply(c);
                let got = 100.0 / (1.0 + crate::math::exp(-eta));
                assert!(
                    (got - percent).abs() < if percent < 12.0 { 0.0051 } else { 0.051 },
                    "{c}: {got} is not {percent}"
                );
            }
        }
    }

    #[test]
    fn draws_have_the_quantiles_of_the_posterior_and_depend_on_the_seed_only() {
        let counts = counts([0.66, 2.2, 5.5]);
        let fit = |seed, draws| fit_arms(&counts, &model(Form::Linear { scale: 10.0 }), seed, draws).unwrap();
        let all = fit(7, 4000);
        let mut slopes: Vec<f64> = all.draws.values(1).collect();
        slopes.sort_by(f64::total_cmp);
        // Three standard errors of a quantile of 4000 draws.
        assert!((slopes[2000] - all.slope[1]).abs() < 0.045, "{}", slopes[2000]);
        assert!((slopes[100] - all.slope[0]).abs() < 0.10, "{}", slopes[100]);
        assert!((slopes[3900] - all.slope[2]).abs() < 0.12, "{}", slopes[3900]);
        let few = fit(7, 40);
        assert_eq!(few.draws.rows(), &all.draws.rows()[..80]);
        assert_ne!(few.draws.rows(), fit(8, 40).draws.rows());
    }

    #[test]
    fn simulated_exposures_give_what_their_law_gives() {
        let law = ExposureLaw::LogNormal { median: 8.7, cv: 0.6 };
        let spread = crate::math::log1p(0.36).sqrt();
        let simulated: Vec<f64> = (0..20_000)
            .map(|i| {
                8.7 * crate::math::exp(spread * crate::math::normal_quantile((f64::from(i) + 0.5) / 20_000.0))
            })
            .collect();
        let with = |exposure: ExposureLaw| {
            let arm = |name: &str, events, exposure| Arm {
                name: name.into(),
                trial: "T".into(),
                events,
                patients: 220.0,
                follow_up: None,
                exposure,
            };
            let counts =
                ArmCounts::new(vec![arm("p", 1.0, ExposureLaw::Zero), arm("d", 6.0, exposure)]).unwrap();
            fit_arms(&counts, &model(Form::Linear { scale: 10.0 }), 1, 4).unwrap().maximum.unwrap().slope
        };
        let (exact, sampled) = (with(law), with(ExposureLaw::Simulated(simulated)));
        assert!((exact / sampled - 1.0).abs() < 2e-3, "{exact} {sampled}");
    }

    #[test]
    fn trials_keep_their_intercepts_and_share_the_slope() {
        let arm = |trial: &str, events, exposure| Arm {
            name: format!("{exposure:?}"),
            trial: trial.into(),
            events,
            patients: 300.0,
            follow_up: None,
            exposure,
        };
        let dose = || ExposureLaw::LogNormal { median: 0.0463, cv: 0.35 };
        let counts = ArmCounts::new(vec![
            arm("A", 40.0, ExposureLaw::Zero),
            arm("A", 130.0, dose()),
            arm("B", 12.0, ExposureLaw::Zero),
            arm("B", 60.0, dose()),
        ])
        .unwrap();
        let wide =
            ArmModel { ec50_prior: Some((0.026, 1.0)), ..model(Form::Emax { ec50: Constant::Fitted(0) }) };
        let fit = fit_arms(&counts, &wide, 1, 400).unwrap();
        assert_eq!(fit.draws.names(), ["a[A]", "a[B]", "b", "ln EC50"]);
        assert!(fit.maximum.is_none() && fit.positive > 0.999);
        let [a, b] = [fit.draws.central()[0], fit.draws.central()[1]];
        let logit = |p: f64| (p / (1.0 - p)).ln();
        assert!((a - logit(40.0 / 300.0)).abs() < 0.15 && (b - logit(12.0 / 300.0)).abs() < 0.25, "{a} {b}");
        // The prior of the EC50 is hardly moved by trials with one dose each.
        let mut halves: Vec<f64> = fit.draws.values(3).collect();
        halves.sort_by(f64::total_cmp);
        assert!(
            (crate::math::exp(halves[200]) / 0.026 - 1.0).abs() < 0.4,
            "{}",
            crate::math::exp(halves[200])
        );
        assert!(fit.curve("B").is_ok());
        assert_eq!(fit.curve("C").unwrap_err().list()[0].code, "E0701");
    }

    #[test]
    fn rates_account_for_different_times_at_risk() {
        // Twice the time and twice the events at the same exposure contrast: with rates the slope is that of equal
        // rates, zero; with odds it is taken for an effect.
        let arm = |name: &str, events, weeks: f64, exposure| Arm {
            name: name.into(),
            trial: "T".into(),
            events,
            patients: 1000.0,
            follow_up: Some(weeks * 168.0),
            exposure,
        };
        let counts = ArmCounts::new(vec![
            arm("placebo", 10.0, 12.0, ExposureLaw::Zero),
            arm(
                "dose",
                1000.0 * (1.0 - 0.99f64.powi(4)),
                48.0,
                ExposureLaw::LogNormal { median: 5.0, cv: 0.4 },
            ),
        ])
        .unwrap();
        let slope = |risk| {
            let model = ArmModel { risk, ..model(Form::Log2OnePlus { scale: 5.0 }) };
            fit_arms(&counts, &model, 1, 4).unwrap().maximum.unwrap().slope
        };
        assert!(slope(Risk::Rate).abs() < 1e-6, "{}", slope(Risk::Rate));
        assert!(slope(Risk::Odds) > 1.0);
    }

    #[test]
    fn without_events_there_is_a_posterior_but_no_maximum() {
        let fit = fit_arms(&counts([0.0, 0.0, 0.0]), &model(Form::Linear { scale: 10.0 }), 1, 100).unwrap();
        assert!(fit.maximum.is_none());
        assert!(fit.slope.iter().all(|b| b.is_finite()));
    }

    #[test]
    fn models_that_cannot_be_fitted_are_refused() {
        let code =
            |model: ArmModel| fit_arms(&counts([1.0, 2.0, 6.0]), &model, 1, 4).unwrap_err().list()[0].code;
        assert_eq!(code(model(Form::Log2Ratio { reference: 12.5 })), "E0725");
        assert_eq!(code(model(Form::Emax { ec50: Constant::Fitted(0) })), "E0726");
        assert_eq!(code(model(Form::Linear { scale: 0.0 })), "E0702");
        assert_eq!(code(ArmModel { risk: Risk::Rate, ..model(Form::Linear { scale: 1.0 }) }), "E0724");
        let arm = |events, patients, exposure| Arm {
            name: "x".into(),
            trial: "T".into(),
            events,
            patients,
            follow_up: None,
            exposure,
        };
        let code = |arms| ArmCounts::new(arms).unwrap_err().list()[0].code;
        assert_eq!(code(vec![arm(5.0, 4.0, ExposureLaw::Zero)]), "E0721");
        assert_eq!(code(vec![arm(1.0, 4.0, ExposureLaw::Zero)]), "E0722");
        assert_eq!(code(vec![arm(1.0, 4.0, ExposureLaw::LogNormal { median: 1.0, cv: 0.0 })]), "E0723");
        assert_eq!(code(vec![arm(1.0, 4.0, ExposureLaw::Simulated(vec![]))]), "E0723");
    }
}
