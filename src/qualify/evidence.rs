//! Fits of response models against an independent computation: arm counts with log-normal exposures by SciPy
//! (Nelder-Mead, 64-point Gauss-Hermite); posterior medians by a grid of 1601 x 4001 points.

use super::{Check, Depth};
use crate::evidence::{Arm, ArmCounts, ArmModel, ExposureLaw, Risk, fit_arms};
use crate::response::Form;

const AREA: &str = "evidence fits";

fn counts() -> Option<ArmCounts> {
    let arm = |name: &str, events: f64, exposure| Arm {
        name: name.into(),
        trial: "T".into(),
        events,
        patients: 220.0,
        follow_up: None,
        exposure,
    };
    let law = |median| ExposureLaw::LogNormal { median, cv: 0.6 };
    ArmCounts::new(vec![
        arm("placebo", 0.66, ExposureLaw::Zero),
        arm("15 mg", 2.2, law(4.4)),
        arm("30 mg", 5.5, law(8.7)),
    ])
    .ok()
}

/// Form; intercept, slope and the slope's profile limits by maximum likelihood; p; posterior median of the slope.
type Row = (&'static str, Form, [f64; 4], f64, f64);

fn table() -> [Row; 3] {
    [
        ("linear", Form::Linear { scale: 10.0 }, [-5.5936, 1.4260, 0.1408, 2.8527], 0.0335, 1.3107),
        ("log2(1 + C)", Form::Log2OnePlus { scale: 1.0 }, [-6.0780, 0.6694, 0.0343, 1.6604], 0.0373, 0.5674),
        (
            "log2(1 + C/4.4)",
            Form::Log2OnePlus { scale: 4.4 },
            [-5.9464, 1.2496, 0.0976, 2.7510],
            0.0329,
            1.0712,
        ),
    ]
}

pub(super) fn checks(_: Depth) -> Vec<Check> {
    let mut checks = Vec::new();
    for (name, form, [intercept, slope, lower, upper], p, median) in table() {
        let model = ArmModel { form, ec50_prior: None, risk: Risk::Odds, priors: None };
        let fit = counts().and_then(|counts| fit_arms(&counts, &model, 1, 10).ok());
        let Some((fit, ml)) = fit.and_then(|fit| Some((fit.clone(), fit.maximum?))) else {
            checks.push(Check::holds(AREA, format!("{name}: the fit"), false, "converges"));
            continue;
        };
        let mut check = |what, found, known, decimals| {
            checks.push(Check::printed(AREA, format!("{name}: {what}"), found, known, decimals))
        };
        check("intercept", ml.intercepts.first().copied().unwrap_or(f64::NAN), intercept, 4);
        check("slope", ml.slope, slope, 4);
        check("lower limit of the slope", ml.slope_interval[0], lower, 4);
        check("upper limit of the slope", ml.slope_interval[1], upper, 4);
        check("p of no slope", ml.likelihood_ratio.1, p, 4);
        check("posterior median of the slope", fit.slope[1], median, 3);
    }
    checks
}
