//! The main job through the public interface: a study runs, its figures are those of independent sources, and they do
//! not depend on threads.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use exposim::diagnostic::{Diagnostic, Source};
use exposim::document::{Files, Recorder, Shipped};
use exposim::dosing::regimen::Regimen;
use exposim::model::{Choices, Model};
use exposim::population::Population;
use exposim::response::Metric;
use exposim::run::results::{Estimate, Results};
use exposim::run::{NoStore, Prepared, RowBatch, Watch, kind};
use exposim::trial::endpoint::Exposure;
use exposim::trial::{Discontinuation, Outcomes, Study, Trial, steady_exposures};

const STUDY: &str = include_str!("../examples/dose-reduction.toml");

fn study(subjects: u64, draws: u32) -> Study {
    let source = Source::new("dose-reduction.toml", STUDY);
    let (mut study, _) = Study::read(&source, &Shipped, &kind).unwrap_or_else(|p| panic!("{p}"));
    study.subjects = subjects;
    study.draws = draws;
    study
}

/// Results and rows, as numbers and as their bits.
fn results(study: &Study, threads: usize) -> (Results, Vec<u64>) {
    let mut bits = Vec::new();
    let mut sink = |batch: &RowBatch| {
        bits.extend(batch.values.iter().flatten().map(|v| v.to_bits()));
        Ok(())
    };
    let prepared = Prepared::new(study, &Recorder::new(&Shipped), threads).unwrap_or_else(|e| panic!("{e}"));
    let watch = Watch { progress: &|_| {}, stop: &AtomicBool::new(false) };
    let results = prepared.run(watch, &mut NoStore, Some(&mut sink)).unwrap_or_else(|e| panic!("{e}"));
    (results, bits)
}

fn estimate(results: &Results, arm: &str, endpoint: &str, statistic: &str) -> f64 {
    results
        .summary
        .iter()
        .find(|e| e.arm == arm && e.endpoint == endpoint && e.statistic == statistic)
        .unwrap_or_else(|| panic!("no {statistic} of {endpoint} in {arm}"))
        .value
}

#[test]
fn threads_change_no_bit() {
    let study = study(1500, 20);
    let (one, one_rows) = results(&study, 1);
    let (two, two_rows) = results(&study, 2);
    assert_eq!(one, two);
    assert_eq!(one_rows, two_rows);
}

#[test]
fn more_subjects_leave_the_first_ones_as_they_are() {
    let (_, few) = results(&study(512, 0), 2);
    let (_, many) = results(&study(1024, 0), 2);
    let columns = study(1, 0).population.variables().len() + study(1, 0).endpoints.len();
    let rows = few.len() / columns;
    for column in 0..columns {
        assert_eq!(
            few[column * rows..(column + 1) * rows],
            many[column * rows..(column + 1) * rows],
            "{column}"
        );
    }
}

#[test]
fn the_same_subjects_in_both_arms_save_more_than_half_of_them() {
    let (results, _) = results(&study(2048, 0), 2);
    let contrast = |e: &&Estimate| {
        e.arm == "step down in remission" && e.endpoint == "hb_52" && e.statistic == "difference"
    };
    let gain = results.summary.iter().find(contrast).unwrap().pairing_gain.unwrap();
    assert!(gain >= 2.0, "{gain}");
}

#[test]
fn arms_differ_as_their_doses_do() {
    // As the arms plan it: nobody is held and nobody stops.
    let mut study = study(2048, 50);
    study.rules.clear();
    study.discontinuation = Discontinuation::default();
    let (results, _) = results(&study, 2);
    let at = |arm: &str, endpoint: &str, statistic: &str| estimate(&results, arm, endpoint, statistic);
    let (full, step, low) = ("stay on 30 mg", "step down in remission", "15 mg from week 12");
    // Linear kinetics: at week 52 the induction dose has left no trace, so half the dose gives half the trough.
    let ratio = at(low, "ctrough_52", "median") / at(full, "ctrough_52", "median");
    assert!((ratio - 0.5).abs() < 2e-3, "{ratio}");
    assert!(at(step, "ctrough_52", "mean") < at(full, "ctrough_52", "mean"));
    for (endpoint, sign) in
        [("remission_52", -1.0), ("response_52", -1.0), ("hb_event", -1.0), ("hb_52", 1.0)]
    {
        let difference = at(low, endpoint, "difference");
        assert!(difference * sign > 0.0, "{endpoint}: {difference}");
    }
    // Whoever steps down in remission is either in remission on 15 mg or not: with one luck a subject the share is that
    // of 15 mg from the start.
    let (step, low) = (at(step, "remission_52", "proportion"), at(low, "remission_52", "proportion"));
    assert!((step - low).abs() < 0.5, "{step} {low}");
    assert!(results.warnings.iter().any(|w| w.contains("not bent")), "{:?}", results.warnings);
    let curve = &results.curves[0];
    assert!(curve.arms[0].share_below > 0.02 && curve.arms[2].share_below > 0.25);
    let paired = results.summary.iter().find(|e| e.endpoint == "hb_52" && e.pairing_gain.is_some()).unwrap();
    assert!(paired.pairing_gain.unwrap() > 2.0, "{:?}", paired.pairing_gain);
}

fn model() -> Model {
    Model::read(&Shipped.open("upadacitinib-klunder-2019").unwrap(), &Choices::default()).unwrap().0
}

fn population(covariates: &str) -> Population {
    let text = format!("[population]\ntitle = \"test\"\n[covariates]\n{covariates}");
    let source: Arc<Source> = Source::new("test.toml", text);
    Population::read(&source).unwrap_or_else(|p| panic!("{p}")).0
}

const PATIENT: &str = "PATIENT = { levels = [\"healthy\", \"patient\"], value = \"patient\" }\n";

/// 60,000 patients as in an independent simulation with the published model (SciPy, closed form and LSODA): 57 ± 10 kg,
/// 32 ± 10 years, 35 % female, creatinine 0.80 mg/dL with a CV of 18 %; 24 h level on 30 mg ER.
#[test]
fn troughs_of_a_light_cohort_on_30_mg() {
    let covariates = [
        "SEXF = { levels = [\"male\", \"female\"], probabilities = [0.65, 0.35] }",
        "AGE = { unit = \"y\", mean = 32, sd = 10, range = [18, 75] }",
        "WT = { unit = \"kg\", mean = 57, sd = 10, range = [36, 110] }",
        "SCR = { unit = \"mg/dL\", median = 0.80, cv = 18 }",
        "CRCL = { unit = \"mL/min\", derived = \"unchecked((140 - AGE)*WT/(72*SCR)*(if SEXF == female then 0.85 else 1), mL/min)\" }",
        PATIENT,
    ];
    let regimen = Regimen::parse("30 mg ER every 24 h").unwrap();
    let exposures =
        steady_exposures(&model(), &population(&covariates.join("\n")), 0, &regimen, 5, 60_000).unwrap();
    let mut troughs = exposures.metric(Exposure::Metric(Metric::Ctrough)).to_vec();
    troughs.sort_by(f64::total_cmp);
    for (place, expected) in [(15_000, 5.3), (30_000, 8.5), (45_000, 13.7)] {
        let got = troughs[place] * 1e3;
        assert!((got / expected - 1.0).abs() < 0.03, "{got} is not {expected} ng/mL");
    }
}

/// A depot and a central compartment whose elimination is a formula; with something of the body's own there from the
/// start or without. Everybody is the same.
struct Oral {
    elimination: &'static str,
    own: bool,
}

impl Files for Oral {
    fn open(&self, name: &str) -> Result<Arc<Source>, Diagnostic> {
        let (initial, equation, amount) = match self.own {
            true => ("[initial]\nown = \"OWN\"", "own = \"0.001 1/h*(OWN - own)\"", "(central + own)"),
            false => ("", "", "central"),
        };
        let text = match name {
            "population" => {
                "[population]\ntitle = \"test\"\n[covariates]\nWT = { value = \"70 kg\" }".to_owned()
            }
            _ => format!(
                r#"
[model]
title = "oral"
source = "test"
[parameters]
KA = {{ value = 0.8, unit = "1/h" }}
K = {{ value = 0.1, unit = "1/h" }}
KM = {{ value = 1e9, unit = "mg" }}
V = {{ value = 50, unit = "L" }}
OWN = {{ value = 2, unit = "mg" }}
[formulations.ER]
to.depot = {{ fraction = "1" }}
{initial}
[equations]
depot = "-KA*depot"
central = "KA*depot - {}"
{equation}
[outputs]
CP = {{ value = "{amount}/V", unit = "mg/L" }}
"#,
                self.elimination
            ),
        };
        Ok(Source::new(name, text))
    }
}

/// Trough, average, area, peak and time of the peak after four weeks (coherent units).
fn exposures(files: &Oral) -> Vec<f64> {
    let text = r#"
title = "exposures"
model = "model"
population = "population"
subjects = 8
seed = 1
[regimens]
daily = "100 mg ER every 24 h for 4 weeks"
[arms.only]
phases = ["daily"]
[endpoints]
trough = "Ctrough at week 4"
average = "Cavg at week 4"
area = "AUCtau at week 4"
peak = "Cmax at week 4"
time = "Tmax at week 4"
"#;
    let (study, _) =
        Study::read(&Source::new("study.toml", text), files, &kind).unwrap_or_else(|p| panic!("{p}"));
    let trial = Trial::new(&study, Vec::new()).unwrap();
    let mut outcomes = Outcomes::default();
    trial.simulate(&trial.block(&(0..8).into()), 0, &mut outcomes);
    (0..5).map(|endpoint| outcomes.endpoint(0, endpoint)[7]).collect()
}

#[test]
fn exposures_of_integrated_models_are_those_of_exact_ones() {
    let exact = exposures(&Oral { elimination: "K*central", own: false });
    // Saturable, far below saturation.
    let elimination = "K*KM*central/(KM + central)";
    let integrated = exposures(&Oral { elimination, own: false });
    let raised = exposures(&Oral { elimination, own: true });
    let level = 2.0 / 50.0;
    // The peak is sought at hundredths of the interval.
    let tolerances = [1e-5, 1e-5, 1e-5, 1e-3, 0.05];
    for (metric, of_own) in [level, level, 24.0 * level, level, 0.0].into_iter().enumerate() {
        let near = |got: f64, expected: f64| (got / expected - 1.0).abs() < tolerances[metric];
        let (exact, integrated, raised) = (exact[metric], integrated[metric], raised[metric]);
        assert!(near(integrated, exact), "metric {metric}: {integrated} is not {exact}");
        assert!(near(raised, exact + of_own), "metric {metric}: {raised} is not {exact} and {of_own}");
    }
}

/// Typical patient at steady state, from an independent solution (closed form against LSODA).
#[test]
fn the_typical_patient_at_steady_state() {
    let text = include_str!("../models/upadacitinib-klunder-2019.toml");
    // Without random effects everybody is typical.
    let text = text
        .replace("sd = { phase-1 = 0.205, phase-2-3 = 0.365 }", "sd = 0")
        .replace("sd = { phase-1 = 0.244, phase-2-3 = 0.530 }", "sd = 0")
        .replace("sd = 0.668", "sd = 0");
    let (model, _) = Model::read(&Source::new("typical.toml", text), &Choices::default()).unwrap();
    let population = population(&format!(
        "WT = {{ value = \"74 kg\" }}\nCRCL = {{ value = \"108.7 mL/min\" }}\n{PATIENT}"
    ));
    for (dose, cmax, auc, average, trough) in
        [(15, 44.5, 371.0, 15.4, 4.12), (30, 89.0, 741.0, 30.9, 8.24), (45, 133.5, 1112.0, 46.3, 12.4)]
    {
        let regimen = Regimen::parse(&format!("{dose} mg ER every 24 h")).unwrap();
        let exposures = steady_exposures(&model, &population, 0, &regimen, 1, 1).unwrap();
        let got = |metric| exposures.metric(metric)[0];
        for (metric, scale, expected) in [
            (Exposure::Metric(Metric::Cmax), 1e3, cmax),
            (Exposure::Metric(Metric::AUCtau), 1e3, auc),
            (Exposure::Metric(Metric::Cavg), 1e3, average),
            (Exposure::Metric(Metric::Ctrough), 1e3, trough),
            (Exposure::Tmax, 1.0, 3.444),
        ] {
            let value = got(metric) * scale;
            assert!(
                (value / expected - 1.0).abs() < 0.005,
                "{dose} mg {metric:?}: {value} is not {expected}"
            );
        }
    }
}
