//! A grid of scenarios is the same as the studies it stands for, written out one by one.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use assert_cmd::Command;
use exposim::diagnostic::Source;
use exposim::document::{Recorder, Shipped};
use exposim::run::{NoStore, Prepared, RowBatch, Watch, kind};
use exposim::trial::{Study, read_scenarios};

const STUDY: &str = r#"
title = "grid"
model = "upadacitinib-klunder-2019"
population = "crohn-anti-tnf-failure"
subjects = 300
seed = 3
draws = 20
[regimens]
dose = "30 mg ER every 24 h for 4 weeks"
[arms.only]
phases = ["dose"]
[responses]
HB = { model = "haemoglobin-red-cells" }
[endpoints]
trough = "Ctrough at week 4"
hb = "change of HB at week 4"
"#;

const GRID: &str = r#"
[scenarios.dose]
high = {}
low = { regimens = { dose = "15 mg ER every 24 h for 4 weeks" } }
[scenarios.albumin]
all = {}
low = { eligible = "ALB <= 35 g/L" }
"#;

fn exposim(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_exposim")).current_dir(folder).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_grid_is_its_studies_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let low = |text: &str| text.replace("30 mg", "15 mg");
    let poor = |text: &str| text.replace("draws = 20", "draws = 20\neligible = \"ALB <= 35 g/L\"");
    let by_hand = [
        ("high, all", STUDY.to_string()),
        ("high, low", poor(STUDY)),
        ("low, all", low(STUDY)),
        ("low, low", poor(&low(STUDY))),
    ];
    fs::write(at.join("grid.toml"), format!("{STUDY}{GRID}")).unwrap();
    let (code, told) = exposim(at, &["run", "grid.toml", "--out", "grid", "--quiet"]);
    assert_eq!(code, Some(0), "{told}");
    let grid = fs::read_to_string(at.join("grid/summary.csv")).unwrap();
    let mut expected: Vec<String> = Vec::new();
    for (place, (name, text)) in by_hand.iter().enumerate() {
        let (file, out) = (format!("{place}.toml"), format!("out-{place}"));
        fs::write(at.join(&file), text).unwrap();
        let (code, told) = exposim(at, &["run", &file, "--out", &out, "--quiet"]);
        assert_eq!(code, Some(0), "{told}");
        let summary = fs::read_to_string(at.join(out).join("summary.csv")).unwrap();
        expected
            .extend(summary.lines().skip(1).map(|line| line.replacen("base,", &format!("\"{name}\","), 1)));
    }
    assert_eq!(grid.lines().skip(1).collect::<Vec<_>>(), expected);
    let levels = fs::read_to_string(at.join("grid/scenarios.csv")).unwrap();
    assert!(levels.contains("\"low, all\",dose,low") && levels.lines().count() == 9, "{levels}");
    let (code, told) = exposim(at, &["run", "grid.toml", "--out", "part", "--shard", "1/2"]);
    assert!(code == Some(2) && told.contains("E0964"), "{told}");
    let (code, told) = exposim(at, &["check", "grid.toml"]);
    assert_eq!(code, Some(0), "{told}");
}

#[test]
fn what_is_wrong_with_a_scenario_is_told_at_its_level() {
    let read = |grid: &str| {
        let source = Source::new("grid.toml", format!("{STUDY}{grid}"));
        read_scenarios(&source, &Shipped, &kind).map(|(found, _)| found).map_err(|p| p.to_string())
    };
    assert_eq!(read(GRID).unwrap().len(), 4);
    let line = STUDY.lines().count() + 4;
    for (from, to, code, part) in [
        ("15 mg ER every 24 h for 4 weeks", "15 mgx", "E", format!("grid.toml:{line}:")),
        ("ALB <= 35 g/L", "ALB <= 35 mg", "E0831", "mass".into()),
        ("ALB <= 35 g/L", "ALB <= 1 g/L", "E0831", "0 of 4000".into()),
        ("eligible =", "eligibel =", "E0102", "did you mean `eligible`".into()),
        (
            "low = { regimens = { dose = \"15 mg ER every 24 h for 4 weeks\" } }",
            "low = 5",
            "E",
            "table".into(),
        ),
    ] {
        let told = read(&GRID.replacen(from, to, 1)).unwrap_err();
        assert!(told.contains(code) && told.contains(&part), "{to}: {told}");
    }
    let many: String = (0..11).map(|i| format!("l{i} = {{}}\n")).collect();
    let grid: String = (0..3).map(|axis| format!("[scenarios.a{axis}]\n{many}")).collect();
    assert!(read(&grid).unwrap_err().contains("E0830"));
}

#[test]
fn whoever_is_not_eligible_is_drawn_anew_and_nobody_else() {
    let rows = |eligible: &str, subjects: u64| {
        let text = STUDY.replace("draws = 20", &format!("draws = 0\n{eligible}"));
        let (mut study, _) = Study::read(&Source::new("s.toml", text), &Shipped, &kind).unwrap();
        study.subjects = subjects;
        let albumin = study.population.place("ALB").unwrap();
        let prepared = Prepared::new(&study, &Recorder::new(&Shipped), 2).unwrap_or_else(|e| panic!("{e}"));
        let mut values = Vec::new();
        let mut sink = |batch: &RowBatch| {
            values.extend(batch.values[albumin].iter().copied());
            Ok(())
        };
        let watch = Watch { progress: &|_| {}, stop: &AtomicBool::new(false) };
        prepared.run(watch, &mut NoStore, Some(&mut sink)).unwrap_or_else(|e| panic!("{e}"));
        values
    };
    let (all, low) = (rows("", 1200), rows("eligible = \"ALB <= 35 g/L\"", 1200));
    assert!(low.iter().all(|v| *v <= 35.0 + 1e-9));
    for (own, before) in low.iter().zip(&all).filter(|(_, before)| **before <= 35.0) {
        assert_eq!(own, before);
    }
    // Those drawn anew have the law of those who were eligible at once.
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let at_once: Vec<f64> = all.iter().copied().filter(|v| *v <= 35.0).collect();
    let anew: Vec<f64> =
        low.iter().zip(&all).filter(|(_, before)| **before > 35.0).map(|(own, _)| *own).collect();
    // Standard deviation about 2.5 g/L, some 290 and 910 subjects.
    assert!(
        at_once.len() > 200 && (mean(&at_once) - mean(&anew)).abs() < 0.7,
        "{} {}",
        mean(&at_once),
        mean(&anew)
    );
    assert_eq!(rows("eligible = \"ALB <= 35 g/L\"", 700).len(), 700);
}
