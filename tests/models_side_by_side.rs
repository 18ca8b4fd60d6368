//! Several models of one response in a study: the same subjects and luck, shown side by side with their spread.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use exposim::diagnostic::{Diagnostic, Source};
use exposim::document::{Files, Recorder, Shipped};
use exposim::run::results::Results;
use exposim::run::{NoStore, Prepared, Watch, kind};
use exposim::trial::Study;

const STUDY: &str = r#"
title      = "Two doses"
model      = "upadacitinib-klunder-2019"
population = "crohn-anti-tnf-failure"
subjects   = 400
seed       = 7
draws      = 20

[responses.remission]
file = "celest"
form = "log2-one-plus"
alternatives = { ALTERNATIVES }

[regimens]
low  = "15 mg ER every 24 h for 12 weeks"
high = "30 mg ER every 24 h for 12 weeks"

[arms.low]
phases = ["low"]
[arms.high]
phases = ["high"]

[endpoints]
remission = "remission at week 12"
chance    = "probability of remission at week 12"
"#;

/// Shipped files, and CELEST's counts with a change.
struct Changed(fn(&str) -> String);

impl Files for Changed {
    fn open(&self, name: &str) -> Result<Arc<Source>, Diagnostic> {
        match name {
            "celest" => {
                let source = Shipped.open("crohn-endoscopic-remission-celest")?;
                Ok(Source::new("celest.toml", (self.0)(source.text())))
            }
            _ => Shipped.open(name),
        }
    }
}

fn results(alternatives: &str, files: &Changed) -> Result<Results, String> {
    let source = Source::new("study.toml", STUDY.replace("ALTERNATIVES", alternatives));
    let recorder = Recorder::new(files);
    let (study, _) = Study::read(&source, &recorder, &kind).map_err(|problems| problems.to_string())?;
    let prepared = Prepared::new(&study, &recorder, 2).map_err(|error| error.to_string())?;
    let watch = Watch { progress: &|_| {}, stop: &AtomicBool::new(false) };
    prepared.run(watch, &mut NoStore, None).map_err(|error| error.to_string())
}

const UNCHANGED: Changed = Changed(|text| text.to_string());

fn values(results: &Results, endpoint: &str) -> Vec<f64> {
    results.summary.iter().filter(|e| e.endpoint == endpoint).map(|e| e.value).collect()
}

#[test]
fn the_same_model_beside_itself_gives_the_same_numbers() {
    let results = results(r#"again = { file = "celest", form = "log2-one-plus" }"#, &UNCHANGED).unwrap();
    for endpoint in ["remission", "chance"] {
        assert_eq!(values(&results, endpoint), values(&results, &format!("{endpoint}_again")));
        assert!(!values(&results, endpoint).is_empty());
    }
}

#[test]
fn the_spread_between_models_is_told() {
    let alternatives = r#"emax = { file = "celest", form = "emax" }, fang = "fang-by-discriminant""#;
    let missing = results(alternatives, &UNCHANGED).unwrap_err();
    assert!(missing.contains("E0108"), "{missing}");
    let results = results(r#"emax = { file = "celest", form = "emax" }"#, &UNCHANGED).unwrap();
    assert_ne!(values(&results, "chance"), values(&results, "chance_emax"));
    let told = results.warnings.iter().find(|text| text.contains("rests on 2 models")).unwrap();
    assert!(told.contains("(main)") && told.contains("(emax)") && told.contains("apart"), "{told}");
    let difference = results.summary.iter().filter(|e| e.statistic == "difference").count();
    assert_eq!(difference, 4);
}

#[test]
fn models_of_different_kinds_do_not_stand_side_by_side() {
    let told = results(r#"hb = "ra-neutropenia-upadacitinib""#, &UNCHANGED).unwrap_err();
    assert!(told.contains("E0829") && told.contains("another kind"), "{told}");
}

#[test]
fn milligrams_written_for_nanograms_are_noticed() {
    let mistaken = Changed(|text| text.replace("ng/mL", "mg/L"));
    let warned = |results: &Results| results.warnings.iter().any(|text| text.contains("has a median of"));
    assert!(warned(&results("", &mistaken).unwrap()));
    assert!(!warned(&results("", &UNCHANGED).unwrap()));
}

#[test]
fn the_example_of_two_models_can_be_read() {
    let source = Source::new("two-models.toml", include_str!("../examples/two-models.toml"));
    let (study, warnings) = Study::read(&source, &Shipped, &kind).unwrap_or_else(|p| panic!("{p}"));
    assert!(warnings.is_empty(), "{warnings:?}");
    let names: Vec<&str> = study.endpoints.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["remission_52", "remission_52_celest", "response_52", "response_52_cohort"]);
}
