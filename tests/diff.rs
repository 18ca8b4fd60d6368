//! `exposim diff` names what differs between two runs, and nothing else.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

use crate::quick::STUDY;

/// The quick study with a model that lies beside it.
fn study() -> String {
    STUDY.replace("upadacitinib-klunder-2019", "model.toml").replace("700", "300")
}

fn exposim(folder: &Path, arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_exposim")).current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the study, its text and its model's changed, into a folder.
fn run(folder: &Path, out: &str, study: (&str, &str), model: (&str, &str), more: &[&str]) {
    let shipped = include_str!("../models/upadacitinib-klunder-2019.toml");
    let (text, (from, to)) = (self::study(), study);
    assert!(text.contains(from) && shipped.contains(model.0));
    fs::write(folder.join("study.toml"), text.replacen(from, to, 1)).unwrap();
    fs::write(folder.join("model.toml"), shipped.replacen(model.0, model.1, 1)).unwrap();
    let fixed = ["run", "study.toml", "--quiet", "--out", out];
    exposim(folder, &[&fixed, more].concat());
}

fn diff(folder: &Path, second: &str) -> Value {
    serde_json::from_str(&exposim(folder, &["diff", "base", second, "--json"])).unwrap()
}

/// What a part of the comparison names.
fn named<'a>(found: &'a Value, part: &str) -> Vec<&'a str> {
    found[part].as_array().unwrap().iter().map(|change| change["what"].as_str().unwrap()).collect()
}

const SAME: (&str, &str) = ("", "");

#[test]
fn a_run_and_its_repetition_are_identical() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "base", SAME, SAME, &[]);
    run(folder.path(), "again", SAME, SAME, &["--threads", "1"]);
    assert_eq!(exposim(folder.path(), &["diff", "base", "base"]), "identical\n");
    assert_eq!(exposim(folder.path(), &["diff", "base", "again"]), "identical\n");
    assert_eq!(diff(folder.path(), "again")["identical"], true);
    run(folder.path(), "no-rows", SAME, SAME, &["--no-rows"]);
    let text = exposim(folder.path(), &["diff", "base", "no-rows"]);
    assert!(text.contains("rows: true \u{2192} false") && text.contains("in the first run only"), "{text}");
}

#[test]
fn a_changed_seed_is_named_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "base", SAME, SAME, &[]);
    run(folder.path(), "seed", SAME, SAME, &["--seed", "4"]);
    let found = diff(folder.path(), "seed");
    assert_eq!(named(&found, "settings"), ["seed"]);
    assert!(named(&found, "inputs").is_empty() && named(&found, "parameters").is_empty());
    // Other patients, the same truth: hardly anything moves beyond its error, and everybody is somebody else.
    assert!(found["moved"].as_array().unwrap().len() <= 1, "{found}");
    assert_eq!(found["rows"]["changed"], 600);
    assert_eq!(found["same"], 0);
}

#[test]
fn a_changed_dose_is_named_and_moves_its_arm_only() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "base", SAME, SAME, &[]);
    run(folder.path(), "dose", ("\"30 mg", "\"45 mg"), SAME, &[]);
    let found = diff(folder.path(), "dose");
    assert_eq!(named(&found, "settings"), ["arms.high.phases[0]"]);
    assert_eq!(named(&found, "inputs"), ["study.toml"]);
    assert!(named(&found, "parameters").is_empty());
    let moved = found["moved"].as_array().unwrap();
    assert!(!moved.is_empty() && moved.iter().all(|shift| shift["arm"] == "high"), "{found}");
    assert_eq!(found["rows"]["rows"], 600);
    assert_eq!(found["rows"]["changed"], 300);
    let columns: Vec<_> = found["rows"]["columns"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
    assert_eq!(columns, ["trough", "area"]);
}

#[test]
fn a_changed_parameter_is_named() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "base", SAME, SAME, &[]);
    run(folder.path(), "parameter", SAME, ("value = 40.9,", "value = 50.0,"), &[]);
    let found = diff(folder.path(), "parameter");
    assert_eq!(named(&found, "parameters"), ["model model: TVCL"]);
    assert_eq!(named(&found, "inputs"), ["model.toml"]);
    assert!(named(&found, "settings").is_empty());
    let text = exposim(folder.path(), &["diff", "base", "parameter"]);
    assert!(text.contains("TVCL: 40.9 L/h (RSE 1.6 %) \u{2192} 50 L/h (RSE 1.6 %)"), "{text}");
}

#[test]
fn rows_are_matched_by_subject_and_arm() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "base", SAME, SAME, &[]);
    // The arms in the other order, and fewer patients: those that stand in both runs are the same.
    let arms = "[arms.low]\nphases = [\"low\"]\n[arms.high]\nphases = [\"high\"]";
    let swapped = "[arms.high]\nphases = [\"high\"]\n[arms.low]\nphases = [\"low\"]";
    let study = study().replacen(arms, swapped, 1).replacen("seed ", "reference = \"low\"\nseed ", 1);
    fs::write(folder.path().join("study.toml"), study).unwrap();
    exposim(folder.path(), &["run", "study.toml", "--quiet", "--out", "swapped", "--subjects", "200"]);
    let found = diff(folder.path(), "swapped");
    assert_eq!(found["rows"]["rows"], 400);
    assert_eq!(found["rows"]["changed"], 0);
    assert_eq!(found["rows"]["only_first"], 200);
    assert_eq!(found["rows"]["only_second"], 0);
}

#[test]
fn a_folder_without_results_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_exposim"))
        .current_dir(folder.path())
        .args(["diff", "nothing", "nothing"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("E0109"));
}
