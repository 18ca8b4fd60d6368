//! Simulated cohorts beside the published one that the evidence rests on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use exposim::diagnostic::{Diagnostic, Source};
use exposim::document::{Files, Recorder, Shipped};
use exposim::run::results::Estimate;
use exposim::run::{NoStore, Prepared, RowBatch, Watch, kind};
use exposim::trial::Study;

const PERSISTENCE: &str = r#"
title = "Still on treatment"
model = "upadacitinib-klunder-2019"
population = "crohn-anti-tnf-failure"
subjects = 20000
seed = 20260101
draws = 0
[regimens]
induction = "45 mg ER every 24 h for 12 weeks"
full = "30 mg ER every 24 h for 43 weeks"
[arms.all]
phases = ["induction", "full"]
[discontinuation]
evidence = "crohn-persistence-fang"
[endpoints]
time = "time to discontinuation by week 55"
"#;

/// Percentages still on treatment at 3, 6, 9 and 12 months (Fang et al., Kaplan-Meier), with how many patients stood
/// behind them at first: all, ALB <= 35 g/L, ALB > 35 g/L. The numbers by albumin are derived (see the evidence file).
const PRINTED: [(&str, f64, [f64; 4]); 3] = [
    ("all", 108.0, [87.50, 83.7, 82.06, 75.43]),
    ("ALB <= 35 g/L", 26.0, [71.64, 67.16, 67.16, 53.73]),
    ("ALB > 35 g/L", 82.0, [92.59, 89.14, 86.80, 83.46]),
];

/// The 95 % interval of a survival, on the scale of its complementary logarithm (Kalbfleisch and Prentice), as narrow as
/// if nobody had been censored: patients at risk by albumin are not printed.
fn band(survival: f64, patients: f64) -> [f64; 2] {
    let error = ((1.0 - survival) / (patients * survival)).sqrt() / -survival.ln();
    [1.96, -1.96].map(|z: f64| survival.powf((z * error).exp()))
}

#[test]
fn persistence_lies_within_the_band_of_the_printed_curve() {
    let (study, _) = Study::read(&Source::new("persistence.toml", PERSISTENCE), &Shipped, &kind)
        .unwrap_or_else(|p| panic!("{p}"));
    let prepared = Prepared::new(&study, &Recorder::new(&Shipped), 2).unwrap_or_else(|e| panic!("{e}"));
    let albumin = study.population.place("ALB").unwrap();
    let time = study.population.variables().len();
    let mut patients: Vec<(f64, f64)> = Vec::new();
    let mut rows = |batch: &RowBatch| {
        patients.extend(batch.values[albumin].iter().copied().zip(batch.values[time].iter().copied()));
        Ok(())
    };
    let watch = Watch { progress: &|_| {}, stop: &AtomicBool::new(false) };
    prepared.run(watch, &mut NoStore, Some(&mut rows)).unwrap_or_else(|e| panic!("{e}"));
    let mut outside = Vec::new();
    for (group, at_first, printed) in PRINTED {
        let own: Vec<f64> = patients
            .iter()
            .filter(|(albumin, _)| match group {
                "ALB <= 35 g/L" => *albumin <= 35.0,
                "ALB > 35 g/L" => *albumin > 35.0,
                _ => true,
            })
            .map(|(_, days)| *days)
            .collect();
        for (months, printed) in [3.0, 6.0, 9.0, 12.0].into_iter().zip(printed) {
            let days = months * 365.25 / 12.0;
            let simulated = own.iter().filter(|t| **t > days).count() as f64 / own.len() as f64;
            let [low, high] = band(printed / 100.0, at_first);
            println!(
                "{group}, {months} months: printed {printed} % ({:.1} to {:.1}), simulated {:.1} %",
                100.0 * low,
                100.0 * high,
                100.0 * simulated
            );
            if !(low..=high).contains(&simulated) {
                outside.push(format!("{group} at {months} months: {simulated}"));
            }
        }
    }
    assert!(outside.is_empty(), "{outside:?}");
}

/// The shipped files, and those of the validation.
struct Validation;

impl Files for Validation {
    fn open(&self, name: &str) -> Result<Arc<Source>, Diagnostic> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/validation");
        std::fs::read_to_string(folder.join(name))
            .map_or_else(|_| Shipped.open(name), |text| Ok(Source::new(name, text)))
    }
}

/// Mease 2020, Table 4: change at week 24, standard deviation and number of patients on placebo, 15 and 30 mg. What happens
/// on placebo is no effect of a drug and none of the disease of a study: doses are compared with placebo.
#[test]
fn mean_changes_of_blood_counts_against_placebo_lie_within_the_reported_standard_errors() {
    let reported = [
        ("hb_24", -0.7, [(-3.6, 9.45, 211.0), (-5.5, 10.78, 218.0)]),
        ("anc_24", -0.056, [(-0.286, 1.96, 211.0), (-0.610, 2.02, 218.0)]),
    ];
    let source = Validation.open("select-psa-2.toml").unwrap();
    let (mut study, _) = Study::read(&source, &Validation, &kind).unwrap_or_else(|p| panic!("{p}"));
    study.subjects = 4096;
    study.replication = None;
    let prepared = Prepared::new(&study, &Recorder::new(&Validation), 2).unwrap_or_else(|e| panic!("{e}"));
    let watch = Watch { progress: &|_| {}, stop: &AtomicBool::new(false) };
    let results = prepared.run(watch, &mut NoStore, None).unwrap_or_else(|e| panic!("{e}"));
    let mut outside = Vec::new();
    for (endpoint, placebo, arms) in reported {
        for (arm, (mean, sd, n)) in ["15 mg", "30 mg"].into_iter().zip(arms) {
            let own = |e: &&Estimate| e.arm == arm && e.endpoint == endpoint && e.statistic == "difference";
            let simulated = results.summary.iter().find(own).unwrap();
            // That of the arm alone, without what placebo adds to it.
            let error = sd / f64::sqrt(n);
            let told = format!(
                "{endpoint}, {arm} against placebo: reported {:.3} (standard error of the arm {error:.3}), simulated {:.3} (Monte-Carlo error {:.3})",
                mean - placebo,
                simulated.value,
                simulated.mc_error
            );
            println!("{told}");
            if (simulated.value - (mean - placebo)).abs() >= error {
                outside.push(told);
            }
        }
    }
    assert!(outside.is_empty(), "{outside:?}");
}
