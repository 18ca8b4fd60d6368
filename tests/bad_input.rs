//! Bad input is refused where it stands, in the user's words, before anything is computed.

use std::sync::Arc;

use exposim::diagnostic::{Diagnostic, Problems, Source};
use exposim::document::{Files, Shipped};
use exposim::model::{Choices, Model};
use exposim::population::Population;
use exposim::run::kind;
use exposim::trial::Study;

/// A model of the user's own beside the shipped files.
struct Own<'a>(&'a str, &'a str);

impl Files for Own<'_> {
    fn open(&self, name: &str) -> Result<Arc<Source>, Diagnostic> {
        if name == self.0 { Ok(Source::new(self.0, self.1)) } else { Shipped.open(name) }
    }
}

const STUDY: &str = include_str!("../examples/dose-reduction.toml");

fn refused(text: &str) -> Problems {
    Study::read(&Source::new("study.toml", text), &Shipped, &kind).expect_err("the study was accepted")
}

/// The example with one line changed.
fn changed(from: &str, to: &str) -> String {
    assert!(STUDY.contains(from), "the example has no `{from}`");
    STUDY.replacen(from, to, 1)
}

/// What is changed, to what, and what the message must say: code, line and advice.
const STUDIES: &[(&str, &str, &[&str])] = &[
    ("subjects   =", "subjets   =", &["E0102", "study.toml:", "did you mean `subjects`?"]),
    ("seed       = 20260101\n", "", &["E0103", "`seed` is missing"]),
    ("seed       = 20260101", "seed = -1", &["E0801", "not negative"]),
    ("seed       = 20260101", "seed = \"one\"", &["E0104", "must be a whole number, not a string"]),
    ("subjects   = 10_000", "subjects = 0", &["E0801", "1 to 1000000000"]),
    ("at = \"week 24\"", "at = 24", &["E0803", "bare number", "week 24"]),
    ("at = \"week 24\"", "at = \"24 weeks\"", &["E0803", "not a time of the trial", "week 24"]),
    ("at = \"week 24\"", "at = \"week 80\"", &["E0803", "ends"]),
    ("for 40 weeks", "for 99999999999999999999 weeks", &["E0803", "a hundred years", "is the unit right?"]),
    ("45 mg ER every 24 h for", "45 mg ER every 1e-6 h for", &["E0808", "2.0e9 doses"]),
    (
        "then = \"reduced\"",
        "then = \"redused\"",
        &["E0802", "no regimen `redused`", "did you mean `reduced`?"],
    ),
    ("if = \"endoscopic_remission\"", "if = \"neutropenia\"", &["E0802", "cannot decide"]),
    ("45 mg ER every", "45 ER every", &["E060"]),
    ("45 mg ER every", "45 mg/L ER every", &["E060", "mg"]),
    ("45 mg ER every", "45 mg XR every", &["E0807", "formulation", "ER"]),
    ("every 24 h for 12 weeks", "every 24 h for 500 h", &["E0808", "whole number of dosing intervals"]),
    ("[endpoints]\n", "[endpoints]\nx = \"Ctrough at week 99\"\n", &["E0805", "lies outside arm"]),
    ("[endpoints]\n", "[endpoints]\nx = \"Ctrouh at week 9\"\n", &["E0804", "did you mean `Ctrough`?"]),
    ("[endpoints]\n", "[endpoints]\nx = \"HB < 80 mg at week 9\"\n", &["E0804", "mass/volume"]),
    ("[endpoints]\n", "[endpoints]\nx = \"neutropenia at week 9\"\n", &["E0804", "write \"by\""]),
    (
        "HB                   = \"psa-haemoglobin-course-upadacitinib\"",
        "HB = { file = \"psa-haemoglobin-change-upadacitinib\", baseline = \"AGE\" }",
        &["E0806", "AGE"],
    ),
    (
        "HB                   = \"psa-haemoglobin-course-upadacitinib\"",
        "HB = { file = \"psa-haemoglobin-change-upadacitinib\", recovery = { \"week 12\" = \"13 mg\" } }",
        &["E0106", "mass/volume"],
    ),
    (
        "model      = \"upadacitinib-klunder-2019\"",
        "model = \"upadacitinib-klunder\"",
        &["E0108", "study.toml:"],
    ),
    ("endoscopic_remission = \"crohn", "endoscopic_remission = \"krohn", &["E0108", "did you mean"]),
    ("title      =", "title      ", &["E0101", "not TOML"]),
];

#[test]
fn wrong_studies_are_refused_where_they_are_wrong() {
    for (from, to, parts) in STUDIES {
        let shown = refused(&changed(from, to)).to_string();
        for part in *parts {
            assert!(shown.contains(part), "`{from}` → `{to}`: `{part}` is not in\n{shown}");
        }
    }
}

#[test]
fn a_study_without_arms_or_with_an_unknown_one_is_refused() {
    let start = STUDY.find("[arms.\"stay").unwrap();
    let end = STUDY.find("[responses]").unwrap();
    let without = format!("{}[arms]\n{}", &STUDY[..start], &STUDY[end..]);
    let shown = refused(&without).to_string();
    assert!(shown.contains("E0802") && shown.contains("no arms"), "{shown}");
    let shown = refused(&format!("reference = \"stay on 31 mg\"\n{STUDY}")).to_string();
    assert!(shown.contains("E0802") && shown.contains("did you mean `stay on 30 mg`?"), "{shown}");
    let shown = refused(&changed("phases = [\"induction\", \"reduced\"]", "phases = []")).to_string();
    assert!(shown.contains("has no phases"), "{shown}");
}

#[test]
fn all_problems_of_a_file_are_told_at_once() {
    let text = changed("subjects   =", "subjets   =").replace("45 mg ER every", "45 mg XR every");
    assert!(refused(&text).list().len() >= 3);
}

const MODEL: &str = include_str!("../models/upadacitinib-klunder-2019.toml");

const MODELS: &[(&str, &str, &[&str])] = &[
    (
        "KA_IR    = { value = 2.77,   unit = \"1/h\"",
        "KA_IR    = { value = 2.77",
        &["E0103", "`unit` is missing"],
    ),
    ("value = 40.9,   unit = \"L/h\"", "value = 40.9, unit = \"L\"", &["E0310", "mass/time"]),
    ("value = 40.9,   unit = \"L/h\"", "value = 40.9, unit = \"L/hh\"", &["E0105", "not a unit"]),
    ("KA = { sd = 0.668", "KA = { sd = -0.668", &["E0405", "negative"]),
    ("exp(eta.CL)", "exp(eta.CLL)", &["E03", "eta.CLL", "eta.CL"]),
    ("-KA_ER*depot\"", "-KA_ER*depott\"", &["E03", "depott"]),
    ("depot      = \"-KA_ER*depot\"", "depot = \"-depot\"", &["E0406", "mass/time"]),
    (
        "unit = \"ng/mL\", description = \"plasma",
        "unit = \"ng\", description = \"plasma",
        &["E0406", "mass/volume"],
    ),
    ("PATIENT == patient", "PATIENT == pateint", &["E0314", "patient"]),
    ("to.central =", "to.centrall =", &["E0408", "did you mean `central`?"]),
    ("sd = { phase-1 = 0.205, phase-2-3 = 0.365 }", "sd = { phase-1 = 0.205 }", &["E0402", "phase-2-3"]),
    ("rse = 1.6,", "rse = -1.6,", &["E0404", "not negative"]),
    ("levels = [\"healthy\", \"patient\"]", "levels = [\"patient\"]", &["E0403", "two levels"]),
];

#[test]
fn wrong_models_are_refused_where_they_are_wrong() {
    for (from, to, parts) in MODELS {
        assert!(MODEL.contains(from), "the model has no `{from}`");
        let source = Source::new("model.toml", MODEL.replacen(from, to, 1));
        let shown = Model::read(&source, &Choices::default()).expect_err(to).to_string();
        for part in parts.iter().chain(&["model.toml:"]) {
            assert!(shown.contains(part), "`{from}` → `{to}`: `{part}` is not in\n{shown}");
        }
    }
}

const POPULATION: &str = include_str!("../models/crohn-anti-tnf-failure.toml");

const POPULATIONS: &[(&str, &str, &[&str])] = &[
    ("quartiles = [23, 29, 34]", "quartiles = [29, 23, 34]", &["E0501", "out of order"]),
    ("quartiles = [23, 29, 34]", "quartiles = [23, 34]", &["E0501", "three numbers"]),
    ("range = [18, 75]", "range = [30, 75]", &["E0501", "within the bounds"]),
    ("range = [18, 75]", "range = [75, 18]", &["E0501", "smaller first"]),
    ("mean = 57, sd = 10", "mean = 57, sd = -10", &["E0501", "positive"]),
    ("mean = 57, sd = 10", "mean = 57", &["E0501", "no distribution"]),
    ("counts = [73, 35]", "counts = [73]", &["E0501", "one number a level"]),
    ("\"WT, BMI\" = 0.8", "\"WT, BMJ\" = 0.8", &["E0504"]),
    ("\"WT, BMI\" = 0.8", "\"WT, BMI\" = 1.8", &["E0504", "between -1 and 1"]),
    ("value = \"patient\"", "value = \"patent\"", &["E0501", "did you mean `patient`?"]),
    ("mL/min)\", description", "mL)\", description", &["E0502", "volume"]),
];

#[test]
fn wrong_populations_are_refused_where_they_are_wrong() {
    for (from, to, parts) in POPULATIONS {
        assert!(POPULATION.contains(from), "the population has no `{from}`");
        let source = Source::new("population.toml", POPULATION.replacen(from, to, 1));
        let shown = Population::read(&source).expect_err(to).to_string();
        for part in parts.iter().chain(&["population.toml:"]) {
            assert!(shown.contains(part), "`{from}` → `{to}`: `{part}` is not in\n{shown}");
        }
    }
}

#[test]
fn a_population_that_lacks_a_covariate_of_the_model_is_refused() {
    let lacking = POPULATION
        .replace("\nWT  ", "\nWTX ")
        .replace("*WT/(72", "*WTX/(72")
        .replace("\"WT, BMI\"", "\"WTX, BMI\"");
    let text = changed("population = \"crohn-anti-tnf-failure\"", "population = \"own.toml\"");
    let files = Own("own.toml", &lacking);
    let shown =
        Study::read(&Source::new("study.toml", text), &files, &kind).expect_err("accepted").to_string();
    assert!(shown.contains("E0503") && shown.contains("`WT`") && shown.contains("WTX"), "{shown}");
}
