//! A response file stands for the evidence it was fitted from: a study gives the same bytes with either.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

/// A study of an event with counts by arm, a risk that accumulates, a biomarker, and a biomarker in time. `{x}` stand for the files.
const STUDY: &str = r#"
title      = "Two doses"
model      = "upadacitinib-klunder-2019"
population = "crohn-anti-tnf-failure"
subjects   = 300
seed       = 7
draws      = 20

[responses]
remission   = { file = "{remission}", form = "log2-one-plus" }
neutropenia = "{neutropenia}"
HB          = { file = "{haemoglobin}" }
ANC         = "{neutrophils}"

[regimens]
low  = "15 mg ER every 24 h for 24 weeks"
high = "30 mg ER every 24 h for 24 weeks"

[arms.low]
phases = ["low"]
[arms.high]
phases = ["high"]

[endpoints]
remission   = "remission at week 12"
neutropenia = "neutropenia by week 24"
haemoglobin = "HB at week 24"
neutrophils = "ANC at week 24"
"#;

const EVIDENCE: [(&str, &str); 4] = [
    ("remission", "crohn-endoscopic-remission-celest"),
    ("neutropenia", "ra-neutropenia-upadacitinib"),
    ("haemoglobin", "psa-haemoglobin-change-upadacitinib"),
    ("neutrophils", "psa-neutrophil-course-upadacitinib"),
];

fn exposim(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_exposim")).current_dir(folder).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[track_caller]
fn fine(folder: &Path, arguments: &[&str]) {
    let (code, told) = exposim(folder, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {told}");
}

/// Fits a shipped evidence file as the study would.
fn fit(folder: &Path, evidence: &str, out: &str, threads: &str) {
    let fixed = ["--seed", "7", "--draws", "2000", "--model", "upadacitinib-klunder-2019", "--report"];
    fine(folder, &[&["fit", evidence, "--out", out, "--threads", threads][..], &fixed].concat());
}

#[test]
fn a_study_gives_the_same_numbers_from_evidence_and_from_its_response_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let (mut direct, mut through) = (STUDY.to_string(), STUDY.to_string());
    for (name, evidence) in EVIDENCE {
        fit(at, evidence, name, "2");
        direct = direct.replace(&format!("{{{name}}}"), evidence);
        through = through.replace(&format!("{{{name}}}"), &format!("{name}/response.toml"));
    }
    fs::write(at.join("direct.toml"), direct).unwrap();
    fs::write(at.join("through.toml"), through).unwrap();
    for study in ["direct", "through"] {
        fine(at, &["run", &format!("{study}.toml"), "--out", study, "--quiet"]);
    }
    for file in ["summary.csv", "subjects.parquet"] {
        let read = |study: &str| fs::read(at.join(study).join(file)).unwrap();
        assert!(read("direct") == read("through"), "{file} differs");
    }
    fine(at, &["check", "remission/response.toml", "through.toml"]);
    let page = fs::read_to_string(at.join("remission/report.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("8 of 36") && page.contains("log2-one-plus"));

    // A table that is not the one that was written is refused.
    let table = at.join("neutropenia/draws-1.parquet");
    fs::copy(at.join("neutropenia/draws-2.parquet"), &table).unwrap();
    let (code, told) = exposim(at, &["run", "through.toml", "--out", "again"]);
    assert!(code == Some(2) && told.contains("E0709"), "{told}");
}

#[test]
fn a_fit_is_the_same_bytes_for_one_and_two_threads() {
    let folder = tempfile::tempdir().unwrap();
    for threads in ["1", "2"] {
        fit(folder.path(), "crohn-persistence-fang", &format!("persistence-{threads}"), threads);
        fit(folder.path(), "crohn-endoscopic-remission-celest", &format!("celest-{threads}"), threads);
    }
    for name in ["persistence", "celest"] {
        for file in ["response.toml", "draws-1.parquet", "report.html"] {
            let read =
                |threads: u8| fs::read(folder.path().join(format!("{name}-{threads}")).join(file)).unwrap();
            assert!(read(1) == read(2), "{name}: {file} differs");
        }
    }
    // Persistence drives no response.
    let study = STUDY.replace("{remission}", "persistence-1/response.toml");
    fs::write(folder.path().join("wrong.toml"), study).unwrap();
    let (code, told) = exposim(folder.path(), &["check", "wrong.toml"]);
    assert!(code == Some(2) && told.contains("E0802") && told.contains("persistence"), "{told}");
}

#[test]
fn what_is_no_response_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("r.toml"), "[response]\ntitle = \"t\"\n").unwrap();
    let (code, told) = exposim(folder.path(), &["check", "r.toml"]);
    assert!(code == Some(2) && told.contains("E0708") && told.contains("exposim fit"), "{told}");
}

/// mg/L written for ng/mL: the exposures of the study's own arms show it.
#[test]
fn a_mistaken_unit_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let evidence = r#"
[evidence]
title = "t"
outcome = "remission"
kind = "reported-quantiles"
class = "A"
source = "s"
[exposure]
metric = "Ctrough"
unit = "mg/L"
[[splits]]
outcome = "remission"
with = { n = 7, median = "27.15", quartiles = ["14.79", "106.66"] }
without = { n = 17, median = "10.18", quartiles = ["3.24", "17.86"] }
[fit]
method = "discriminant"
"#;
    let study = STUDY
        .lines()
        .filter(|line| {
            !["neutropenia", "HB", "ANC", "haemoglobin", "neutrophils"].iter().any(|n| line.starts_with(n))
        })
        .map(|line| if line.starts_with("remission   = {") { "remission = \"own.toml\"" } else { line });
    let study = study.collect::<Vec<_>>().join("\n");
    let told = |evidence: &str, out: &str| {
        fs::write(folder.path().join("own.toml"), evidence).unwrap();
        fs::write(folder.path().join("study.toml"), &study).unwrap();
        fine(folder.path(), &["run", "study.toml", "--out", out, "--quiet"]);
        fs::read_to_string(folder.path().join(out).join("results.json")).unwrap()
    };
    let words = "the simulated Ctrough has a median of";
    assert!(told(evidence, "mistaken").contains(words));
    assert!(!told(&evidence.replace("mg/L", "ng/mL"), "right").contains(words));
}
