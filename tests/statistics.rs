//! The statistics of trials equal those of SciPy, statsmodels and lifelines (scripts/reference/statistics.py).

use exposim::statistics::{
    Binomial, Contrast, Count, Observed, Risk, ancova, bonferroni, clopper_pearson, cochran_mantel_haenszel,
    fisher, fixed_sequence, holm, kaplan_meier, log_rank, newcombe, power_of_two, risk_difference,
    score_difference, stratified_newcombe, t_test, welch, wilson,
};

/// A line of the reference: method, numbers that go in, estimate, lower, upper, p.
struct Line {
    method: String,
    input: Vec<f64>,
    expected: [Option<f64>; 4],
}

fn reference() -> Vec<Line> {
    let text = include_str!("reference/statistics.csv");
    text.lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            Line {
                method: cells[0].to_string(),
                input: cells[1].split_whitespace().map(|v| v.parse().unwrap()).collect(),
                expected: [2, 3, 4, 5].map(|i| cells[i].parse().ok()),
            }
        })
        .collect()
}

/// Acute myelogenous leukaemia (Miller 1997): times, events and the number of maintained patients, who come first.
const TIMES: [u32; 23] =
    [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45];
const EVENTS: [u32; 23] = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1];
const MAINTAINED: usize = 11;

fn leukaemia(strata: u32) -> Vec<Risk> {
    (0..23)
        .map(|i| Risk {
            observed: Observed { time: f64::from(TIMES[i]), event: EVENTS[i] == 1 },
            arm: i < MAINTAINED,
            stratum: i as u32 % strata,
        })
        .collect()
}

const ARM: [[f64; 7]; 2] = [[5.1, 6.3, 4.8, 7.7, 6.0, 5.5, 8.1], [4.9, 6.0, 5.2, 7.0, 5.1, 5.3, 7.2]];
const REFERENCE: [[f64; 6]; 2] = [[4.2, 5.9, 3.9, 5.0, 4.4, 6.1], [4.6, 6.2, 4.1, 5.3, 5.0, 6.4]];

fn strata(input: &[f64]) -> Vec<(Count, Count)> {
    input.chunks(4).map(|s| (Count::new(s[0], s[1]), Count::new(s[2], s[3]))).collect()
}

fn of(contrast: Contrast) -> [f64; 4] {
    [contrast.estimate, contrast.interval[0], contrast.interval[1], contrast.p]
}

/// The square of the log-rank deviate: estimate over error, which is half the interval over 1.96.
fn chi_square(contrast: Contrast) -> f64 {
    let error = (contrast.interval[1] - contrast.estimate) / 1.959_963_984_540_054;
    (contrast.estimate / error) * (contrast.estimate / error)
}

fn ours(line: &Line) -> [f64; 4] {
    let input = &line.input;
    let count = |k: usize| Count::new(input[2 * k], input[2 * k + 1]);
    let shares = |[low, high]: [f64; 2]| [count(0).share(), low, high, f64::NAN];
    match line.method.as_str() {
        "wilson" => shares(wilson(count(0), 0.95)),
        "clopper-pearson" => shares(clopper_pearson(count(0), 0.95)),
        "newcombe" => of(newcombe(count(0), count(1), 0.0, 0.95)),
        "score" => of(score_difference(count(0), count(1), input[4], 0.95)),
        "fisher" => [f64::NAN, f64::NAN, f64::NAN, fisher(count(0), count(1))],
        "cmh" => {
            let (statistic, p) = cochran_mantel_haenszel(&strata(input));
            [statistic, f64::NAN, f64::NAN, p]
        }
        "risk-difference" => of(risk_difference(&strata(input), 0.0, 0.95)),
        "stratified-newcombe" => of(stratified_newcombe(&strata(input), 0.0, 0.95)),
        "kaplan-meier" => {
            let observed: Vec<Observed> = leukaemia(1)[..MAINTAINED].iter().map(|r| r.observed).collect();
            let curve = kaplan_meier(&observed, 0.95);
            let step = curve.at(input[0]).unwrap();
            [step.survival, step.interval[0], step.interval[1], f64::NAN]
        }
        "log-rank" | "stratified-log-rank" => {
            let test = log_rank(&leukaemia(if line.method == "log-rank" { 1 } else { 2 }), 0.0, 0.95);
            [chi_square(test), f64::NAN, f64::NAN, test.p]
        }
        "t-test" => of(t_test(&ARM[0], &REFERENCE[0], 0.0, 0.95)),
        "welch" => of(welch(&ARM[0], &REFERENCE[0], 0.0, 0.95)),
        "ancova" => {
            let arm: Vec<f64> = ARM[0].iter().map(|_| 1.0).chain(REFERENCE[0].iter().map(|_| 0.0)).collect();
            let baseline = [&ARM[1][..], &REFERENCE[1]].concat();
            of(ancova(&[&ARM[0][..], &REFERENCE[0]].concat(), &arm, &[baseline], 0.0, 0.95).unwrap())
        }
        "power" => {
            let law = |trials: f64, p: f64| Binomial::new(trials as u32, p).unwrap();
            let test = |a: Count, b: Count| {
                let mean = (a.events + b.events) / (a.patients + b.patients);
                let variance = mean * (1.0 - mean) * (1.0 / a.patients + 1.0 / b.patients);
                variance > 0.0 && (a.share() - b.share()).abs() / variance.sqrt() > 1.959_963_984_540_054
            };
            let power = power_of_two(law(input[0], input[2]), law(input[1], input[3]), test);
            [power, f64::NAN, f64::NAN, f64::NAN]
        }
        "holm" | "bonferroni" => {
            let half = input.len() / 2;
            let adjust = if line.method == "holm" { holm } else { bonferroni };
            let wrong: f64 =
                adjust(&input[..half]).iter().zip(&input[half..]).map(|(a, b)| (a - b).abs()).sum();
            assert!(wrong < 1e-12, "{} of {input:?}", line.method);
            [f64::NAN; 4]
        }
        method => panic!("{method} has no counterpart"),
    }
}

#[test]
fn statistics_equal_those_of_other_programs() {
    let lines = reference();
    assert!(lines.len() > 50);
    for line in &lines {
        for (place, (expected, got)) in line.expected.iter().zip(ours(line)).enumerate() {
            let Some(expected) = *expected else { continue };
            let close = (got - expected).abs() < 1e-8 + 1e-6 * expected.abs();
            assert!(close, "{} of {:?}, figure {place}: {got} is not {expected}", line.method, line.input);
        }
    }
}

#[test]
fn p_values_of_intervals_are_where_they_meet_the_margin() {
    let (arm, reference) = (Count::new(56.0, 70.0), Count::new(48.0, 80.0));
    let first = newcombe(arm, reference, 0.0, 0.95);
    let at = newcombe(arm, reference, first.interval[0], 0.95);
    assert!((at.p - 0.05).abs() < 1e-8, "{}", at.p);
    let above = newcombe(arm, reference, first.interval[1], 0.95);
    assert!((above.p - 0.05).abs() < 1e-8, "{}", above.p);
    assert_eq!(newcombe(arm, arm, 0.0, 0.95).p, 1.0);
}

#[test]
fn score_intervals_equal_published_ones() {
    // Newcombe 1998, Table II, method 5.
    for (arm, reference, low, high) in [
        (Count::new(56.0, 70.0), Count::new(48.0, 80.0), 0.0533, 0.3377),
        (Count::new(9.0, 10.0), Count::new(3.0, 10.0), 0.1821, 0.8370),
    ] {
        let [l, h] = score_difference(arm, reference, 0.0, 0.95).interval;
        assert!((l - low).abs() < 5e-5 && (h - high).abs() < 5e-5, "{l} {h}");
    }
}

#[test]
fn a_single_stratum_is_no_stratum() {
    let (arm, reference) = (Count::new(56.0, 70.0), Count::new(48.0, 80.0));
    let one = stratified_newcombe(&[(arm, reference)], 0.0, 0.95);
    assert!((one.estimate - newcombe(arm, reference, 0.0, 0.95).estimate).abs() < 1e-15);
    let empty = (Count::new(0.0, 0.0), Count::new(3.0, 9.0));
    assert_eq!(one, stratified_newcombe(&[(arm, reference), empty], 0.0, 0.95));
    assert_eq!(cochran_mantel_haenszel(&[empty]), (0.0, 1.0));
}

#[test]
fn a_curve_counts_who_is_at_risk() {
    let observed: Vec<Observed> = leukaemia(1)[..MAINTAINED].iter().map(|r| r.observed).collect();
    let curve = kaplan_meier(&observed, 0.95);
    assert_eq!([0.0, 9.0, 13.0, 13.5, 200.0].map(|t| curve.at_risk(t)), [11, 11, 10, 8, 0]);
    // R's survival, `survfit(Surv(time, status) ~ x, data = aml)`: median 31; at 13 months 10 at risk, 0.818 with
    // standard error 0.1163.
    assert_eq!(curve.median(), Some(31.0));
    let step = curve.at(13.0).unwrap();
    assert_eq!(step.at_risk, 10);
    assert!((step.survival - 0.818).abs() < 5e-4 && (step.error - 0.1163).abs() < 5e-5);
    assert_eq!(curve.survival(5.0), 1.0);
}

#[test]
fn nothing_to_compare_gives_no_evidence() {
    let mut patients = leukaemia(1);
    patients.iter_mut().for_each(|r| r.arm = true);
    assert_eq!(log_rank(&patients, 0.0, 0.95).p, 1.0);
    assert!(ancova(&[1.0, 2.0], &[1.0, 0.0], &[vec![1.0, 1.0]], 0.0, 0.95).is_none());
}

#[test]
fn a_sequence_stops_at_the_first_that_fails() {
    assert_eq!(fixed_sequence(&[0.01, 0.2, 0.001]), [0.01, 0.2, 0.2]);
}
