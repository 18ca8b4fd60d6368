//! Individual data: grades, fitted EC50s, biomarkers and times, against independent computations.

use std::fmt::Write;

use exposim::diagnostic::{Problems, Source};
use exposim::evidence::{Evidence, Fit, Inputs, fit};
use exposim::response::Draw;

fn evidence(fit_table: &str, outcome: &str, more: &str) -> Evidence {
    let text = format!(
        "[evidence]\ntitle = 't'\noutcome = 'remission'\nkind = 'individual'\nclass = 'A'\nsource = 's'\n\
         [exposure]\nmetric = 'Ctrough'\nunit = 'ng/mL'\n\
         [data]\nfile = 'd.csv'\noutcome = '{outcome}'\nexposure = 'CT'\n{more}\n[fit]\n{fit_table}\n"
    );
    Evidence::read(&Source::new("paper.toml", text)).unwrap_or_else(|problems| panic!("{problems}")).0
}

fn try_fit(evidence: &Evidence, data: &str) -> Result<Fit, Problems> {
    fit(evidence, &Inputs { data: Some(data), draws: 2000, ..Inputs::new(5) })
}

fn fitted(evidence: &Evidence, data: &str) -> Fit {
    try_fit(evidence, data).unwrap_or_else(|problems| panic!("{problems}"))
}

fn figure(fit: &Fit, quantity: &str) -> (f64, Option<[f64; 2]>) {
    let found = fit.summary.figures.iter().find(|figure| figure.quantity == quantity);
    let found = found.unwrap_or_else(|| {
        let known: Vec<_> = fit.summary.figures.iter().map(|f| f.quantity.as_str()).collect();
        panic!("no `{quantity}` in {known:?}")
    });
    (found.estimate, found.interval)
}

#[track_caller]
fn close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "{got} is not {expected}");
}

/// Two-decimal data that reproduce the printed quartiles and rank sums of the shipped evidence (ng/mL): no response,
/// response only, remission.
const GRADES: [&[f64]; 3] = [
    &[2.54, 3.06, 3.24, 8.06, 11.14, 13.60, 17.65, 17.86, 20.24, 72.50],
    &[0.97, 2.31, 3.45, 4.05, 10.18, 30.47, 100.80],
    &[12.10, 12.18, 17.40, 27.15, 87.13, 126.19, 156.27],
];

fn witness() -> String {
    let mut text = String::from("CT,GRADE,REM\n");
    for (grade, levels) in GRADES.iter().enumerate() {
        for level in *levels {
            let _ = writeln!(text, "{level},{grade},{}", u8::from(grade == 2));
        }
    }
    text
}

const LOG2: &str = "form = { form = 'log2-ratio', reference = '12.5 ng/mL' }";

#[test]
fn proportional_odds_equal_an_independent_fit() {
    // scripts/reference/proportional_odds.py
    let paper = evidence(&format!("model = 'proportional-odds'\n{LOG2}"), "GRADE", "");
    let fit = fitted(&paper, &witness());
    for (name, expected) in [("a[>= 1]", 0.40321), ("a[>= 2]", -0.94936), ("b", 0.32627)] {
        close(figure(&fit, &format!("maximum likelihood: {name}")).0, expected, 1e-5);
    }
    close(figure(&fit, "log-likelihood").0, -24.583495, 1e-6);
    // One model a grade, with the draws in common; the higher grade is the rarer.
    let [response, remission] = &fit.responses[..] else { panic!() };
    assert_eq!(response.model.curve().draws(), remission.model.curve().draws());
    for draw in 0..2000 {
        let p = [response, remission].map(|named| named.model.probability(Draw::Number(draw), 0.02));
        assert!(p[0] > p[1], "{p:?}");
    }
    // The posterior lies about the estimate, within its standard error of 0.20.
    close(figure(&fit, "posterior: b").0, 0.33, 0.05);
}

#[test]
fn with_two_grades_proportional_odds_are_logistic_regression() {
    let grades = fitted(&evidence(&format!("model = 'proportional-odds'\n{LOG2}"), "REM", ""), &witness());
    let logistic = fitted(&evidence(LOG2, "REM", ""), &witness());
    let (b, interval) = figure(&grades, "maximum likelihood: b");
    let (expected, ends) = figure(&logistic, "maximum likelihood: exposure");
    close(b, expected, 1e-6);
    for (got, expected) in interval.unwrap().iter().zip(ends.unwrap()) {
        close(*got, expected, 1e-4);
    }
    for quantity in ["area under the ROC curve", "Hosmer-Lemeshow statistic"] {
        close(figure(&grades, quantity).0, figure(&logistic, quantity).0, 0.6);
    }
    close(figure(&logistic, "area under the ROC curve").0, 95.0 / 119.0, 1e-12);
    assert_eq!(logistic.summary.points.len(), 4);
    assert!(logistic.summary.points.iter().all(|p| p.proportion.is_some_and(|(s, l, u)| l <= s && s <= u)));
}

#[test]
fn an_emax_curve_with_a_fitted_ec50_equals_an_independent_profile() {
    // scripts/reference/emax_odds.py
    let mut data = String::from("CT,REM\n");
    let mut level = 0.5f64;
    for i in 0..240 {
        let luck = (f64::from(i) * 0.618_033_988_749_895 + 0.37).fract();
        let p = 1.0 / (1.0 + (-(-2.0 + 4.0 * level / (20.0 + level))).exp());
        let _ = writeln!(data, "{level},{}", u8::from(luck < p));
        level *= 1.024;
    }
    let emax = "form = { form = 'emax', ec50 = '20 ng/mL', ec50-log-sd = 1.0 }";
    let fit = fitted(&evidence(emax, "REM", ""), &data);
    close(figure(&fit, "maximum likelihood: a").0, -2.09139, 1e-4);
    close(figure(&fit, "maximum likelihood: b").0, 3.80587, 1e-4);
    // Exposures are in mg/L: ln(1000) lower.
    let (ec50, interval) = figure(&fit, "maximum likelihood: ln EC50");
    let shift = 1000f64.ln();
    close(ec50, 2.78794 - shift, 1e-4);
    let [low, high] = interval.unwrap();
    close(low, 1.5392 - shift, 1e-3);
    close(high, 4.1759 - shift, 1e-3);
    let model = &fit.responses[0].model;
    assert_eq!(model.curve().draws().names().last().map(String::as_str), Some("ln EC50"));
    // About the truth: logit P = -2 + 4/2 at 20 ng/mL.
    close(model.probability(Draw::Central, 0.02), 0.5, 0.1);
}

#[test]
fn what_the_data_do_not_determine_is_told() {
    let emax = "form = { form = 'emax', ec50 = '20 ng/mL', ec50-log-sd = 1.0 }";
    let separated = "CT,REM\n2,0\n4,0\n6,0\n8,1\n9,1\n12,1\n";
    let problems = try_fit(&evidence(emax, "REM", ""), separated).unwrap_err();
    assert!(problems.to_string().contains("separated"), "{problems}");
    let paper = evidence(&format!("model = 'proportional-odds'\n{LOG2}"), "GRADE", "");
    let code = |data: &str| try_fit(&paper, data).unwrap_err().list()[0].code;
    assert_eq!(code("CT,GRADE\n2,0\n4,2\n6,2\n"), "E0757");
    assert_eq!(code("CT,GRADE\n2,0\n4,1.5\n"), "E0752");
}

#[test]
fn a_biomarker_is_fitted_by_least_squares() {
    let linear = "model = 'linear'\nform = { form = 'linear', scale = '10 ng/mL' }\n[biomarker]\nunit = 'g/L'\ntime = '24 weeks'";
    let data = "CT,HBC,AGE\n0,0.3,30\n10,-1.2,40\n20,-1.8,50\n30,-3.4,35\n40,-3.9,45\n";
    let fit = fitted(&evidence(linear, "HBC", ""), data);
    // By hand: slope Sxy/Sxx = -10.6/10 per 10 ng/mL about (2, -2); residual sum of squares 0.304 on 3 df.
    let (b, interval) = figure(&fit, "b (g/L)");
    close(b, -1.06, 1e-12);
    close(figure(&fit, "a (g/L)").0, 0.12, 1e-12);
    let half = 3.182_446_305_284_263 * (0.304f64 / 3.0 / 10.0).sqrt();
    close(interval.unwrap()[1], -1.06 + half, 1e-9);
    let model = &fit.biomarkers[0].model;
    close(model.spread(), (0.304f64 / 3.0).sqrt(), 1e-12);
    // From 0 to 40 ng/mL; outside the model extrapolates, of which a run warns.
    let [lowest, highest] = model.basis().range;
    close(lowest, 0.0, 0.0);
    close(highest, 0.04, 1e-15);
    // Draws of Student's law with 3 degrees of freedom: their 95 % interval is that of least squares.
    let mut slopes: Vec<f64> = model.curve().draws().values(1).collect();
    slopes.sort_by(f64::total_cmp);
    close(slopes[1949], -1.06 + half, 0.06);
    let with_age = fitted(&evidence(linear, "HBC", "covariates = ['AGE']"), data);
    assert!(with_age.summary.figures.iter().any(|f| f.quantity == "AGE (g/L)"));
}

#[test]
fn times_give_hazard_ratios_survival_and_a_log_rank_test() {
    let mut data = String::from("CT,STOP,TIME\n");
    for i in 0..60 {
        let _ = writeln!(data, "{},{},{}", 1 + i, u8::from(i % 3 != 0), 100 - i + (i * 7) % 13);
    }
    let cox = "model = 'cox'\nform = { form = 'linear', scale = '10 ng/mL' }";
    let fit = fitted(&evidence(cox, "STOP", "time = 'TIME'"), &data);
    // The higher the exposure the earlier the end.
    let (ratio, interval) = figure(&fit, "hazard ratio, exposure");
    let [low, high] = interval.unwrap();
    assert!(ratio > 1.5 && low > 1.0);
    // About the estimate on the scale of logarithms.
    close(low * high / (ratio * ratio), 1.0, 1e-12);
    let remaining = |half: &str| {
        let what = format!("{half} half of exposures");
        let found = fit.summary.figures.iter().find(|figure| figure.quantity.ends_with(&what)).unwrap();
        let time = found.quantity.trim_start_matches("without the outcome at time ");
        (time.split_once(',').unwrap().0.parse::<f64>().unwrap(), found.estimate)
    };
    // The upper half ends earlier: its last time is before that of the lower half.
    assert!(remaining("upper").0 < remaining("lower").0);
    assert!((fit.ratios[0].estimate - ratio.ln()).abs() < 1e-12);
    assert!(figure(&fit, "log-rank p-value of the halves").0 < 0.001);
    let nobody = data.replace(",1,", ",0,");
    assert_eq!(
        try_fit(&evidence(cox, "STOP", "time = 'TIME'"), &nobody).unwrap_err().list()[0].code,
        "E0757"
    );
}
