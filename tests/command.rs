//! The command line: exit codes, messages, and nothing half-finished left behind.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

use crate::quick::{STUDY, folder_with};

fn exposim() -> Command {
    Command::new(env!("CARGO_BIN_EXE_exposim"))
}

/// The quick study with more endpoints.
fn study() -> String {
    format!("{STUDY}peak   = \"Cmax at week 4\"\nwhen   = \"Tmax at week 4\"\n")
}

fn run(folder: &Path, arguments: &[&str]) -> std::process::Output {
    exposim().current_dir(folder).args(["run", "study.toml"]).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_run_writes_its_files_and_two_runs_write_the_same() {
    let folder = folder_with(&study());
    for (out, threads) in [("one", "1"), ("two", "2")] {
        let output = run(folder.path(), &["--out", out, "--threads", threads]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains("Troughs on 15 mg"));
    }
    let mut names: Vec<_> =
        fs::read_dir(folder.path().join("one")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    let expected = [
        "dictionary.yaml",
        "inputs.json",
        "machine.json",
        "manifest.json",
        "report.html",
        "results.json",
        "subjects.parquet",
        "summary.csv",
    ];
    assert_eq!(names, expected);
    for name in expected.into_iter().filter(|name| *name != "machine.json") {
        let file = |out: &str| fs::read(folder.path().join(out).join(name)).unwrap();
        assert!(file("one") == file("two"), "{name} differs");
    }
    let results = fs::read_to_string(folder.path().join("one/results.json")).unwrap();
    assert!(!results.contains(&*folder.path().to_string_lossy()), "a path of this machine in the results");
}

#[test]
fn doses_and_exposures_are_in_proportion() {
    let folder = folder_with(&study());
    assert_eq!(run(folder.path(), &["--out", "out", "--no-rows", "-q"]).status.code(), Some(0));
    let summary = fs::read_to_string(folder.path().join("out/summary.csv")).unwrap();
    assert!(!folder.path().join("out/subjects.parquet").exists());
    let value = |arm: &str, endpoint: &str| -> f64 {
        let start = format!("base,{arm},,{endpoint},mean,");
        let line =
            summary.lines().find(|l| l.starts_with(&start)).unwrap_or_else(|| panic!("{start}\n{summary}"));
        line[start.len()..].split(',').next().unwrap().parse().unwrap()
    };
    for endpoint in ["trough", "peak", "area"] {
        let ratio = value("high", endpoint) / value("low", endpoint);
        assert!((ratio - 2.0).abs() < 1e-9, "{endpoint}: {ratio}");
    }
    assert!((value("high", "when") - value("low", "when")).abs() < 1e-9);
}

#[test]
fn wrong_input_ends_with_2_and_leaves_nothing() {
    let folder = folder_with(&study());
    fs::create_dir(folder.path().join("full")).unwrap();
    fs::write(folder.path().join("full/notes.txt"), "mine").unwrap();
    fs::write(folder.path().join("wrong.toml"), study().replace("seed ", "sed ")).unwrap();
    fs::write(folder.path().join("binary.toml"), [0xff, 0xfe, 0x00]).unwrap();
    let cases: &[(&[&str], &[&str])] = &[
        (&["run", "study.toml", "--out", "full"], &["E0951", "--out"]),
        (&["run", "study.toml", "--out", "study.toml"], &["E0952"]),
        (&["run", "wrong.toml"], &["E0102", "did you mean `seed`?", "wrong.toml:6"]),
        (&["run", "nowhere.toml"], &["E0109", "nowhere.toml"]),
        (&["run", "binary.toml"], &["E0109", "UTF-8"]),
        (&["run", "study.toml", "--subjects", "0"], &["subjects"]),
        (
            &["show", "upadacitinib-klunder"],
            &["E0108", "did you mean `upadacitinib-klunder-2018` or `upadacitinib-klunder-2019`?"],
        ),
        (&["check", "wrong.toml"], &["E0102"]),
        (&["plot", "full", "--what", "er"], &["E0109", "results.json"]),
    ];
    for (arguments, parts) in cases {
        let output = exposim().current_dir(folder.path()).args(*arguments).output().unwrap();
        let shown = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {shown}");
        for part in *parts {
            assert!(shown.contains(part), "{arguments:?}: `{part}` is not in\n{shown}");
        }
        assert!(output.stdout.is_empty(), "{arguments:?}: {}", text(&output.stdout));
    }
    assert!(!folder.path().join("out").exists());
    assert_eq!(fs::read_dir(folder.path().join("full")).unwrap().count(), 1);
}

/// A study of the upadacitinib model with another elimination.
fn with_elimination(term: &str) -> std::process::Output {
    let folder = folder_with(&study());
    let model = include_str!("../models/upadacitinib-klunder-2019.toml")
        .replace("- (CL/V2)*central - (Q/V2)*central +", &format!("- {term} - (Q/V2)*central +"));
    fs::write(folder.path().join("other.toml"), model).unwrap();
    let study = study().replace("\"upadacitinib-klunder-2019\"", "\"other.toml\"");
    fs::write(folder.path().join("study.toml"), study).unwrap();
    run(folder.path(), &["--subjects", "64", "--draws", "0"])
}

#[test]
fn a_model_that_is_not_linear_runs_in_a_trial() {
    let output = with_elimination("CL*central/(V2 + central/(1 mg/L))");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn a_model_that_knows_the_time_since_the_last_dose_is_refused() {
    let output = with_elimination("CL/V2*central*(1 + tad/(1000 h))");
    let shown = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{shown}");
    assert!(shown.contains("E0809") && shown.contains("time since the last dose"), "{shown}");
}

#[test]
fn checks_speak_json_to_editors() {
    let folder = folder_with(&study());
    fs::write(folder.path().join("wrong.toml"), study().replace("seed ", "sed ")).unwrap();
    let output = exposim()
        .current_dir(folder.path())
        .args(["check", "--json", "wrong.toml", "study.toml"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        found.as_array().unwrap().iter().any(|d| d["code"] == "E0102" && d["place"]["line"] == 6),
        "{found}"
    );
    let output = exposim().current_dir(folder.path()).args(["check", "study.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("a study, fine"));
}

#[test]
fn what_ships_is_listed_and_shown() {
    let listed = text(&exposim().arg("models").output().unwrap().stdout);
    let shown = text(&exposim().args(["show", "upadacitinib-klunder-2019"]).output().unwrap().stdout);
    assert!(listed.contains("crohn-anti-tnf-failure") && listed.contains("crohn-endoscopic-remission-fang"));
    for part in
        ["in closed form", "40.9 L/h", "1.6 %", "constant rate", "FREL*FZ", "doi:10.1007/s40262-019-00739-3"]
    {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
}

#[test]
fn evidence_is_fitted_on_the_command_line() {
    let output = exposim().args(["fit", "ra-neutropenia-upadacitinib", "--draws", "500"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(shown.contains("95 % interval") && shown.contains("maximum likelihood"), "{shown}");
}

#[test]
fn completions_and_manual_name_every_command() {
    let print = |arguments: &[&str]| text(&exposim().args(arguments).output().unwrap().stdout);
    let commands = ["run", "simulate", "fit", "plot", "diff", "check", "models", "show"];
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = print(&["completions", shell]);
        assert!(commands.iter().all(|c| script.contains(c)) && script.contains("subjects"), "{shell}");
    }
    assert!(print(&["man"]).contains("exposim"));
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man");
    print(&["man", "--out", &pages.to_string_lossy()]);
    for command in commands {
        let page = fs::read_to_string(pages.join(format!("exposim-{command}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS") && page.contains(command), "{command}");
    }
}

#[test]
fn rows_are_written_as_csv_where_that_is_asked_for() {
    let folder = folder_with(&study());
    assert_eq!(run(folder.path(), &["--out", "out", "--csv", "-q"]).status.code(), Some(0));
    let out = folder.path().join("out");
    let mut rows = csv::Reader::from_path(out.join("subjects.csv")).unwrap();
    let names: Vec<String> = rows.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(names[..2], ["ID", "ARM"]);
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1400);
    // The mean of the troughs at the central parameters is near the mean over the draws.
    let place = names.iter().position(|name| name == "trough").unwrap();
    let high: Vec<f64> =
        rows.iter().filter(|row| &row[1] == "high").map(|row| row[place].parse().unwrap()).collect();
    let mean = high.iter().sum::<f64>() / 700.0;
    assert!((8.0..13.0).contains(&mean), "{mean}");
    let dictionary = fs::read_to_string(out.join("dictionary.yaml")).unwrap();
    assert!(dictionary.contains("\"subjects.csv\"") && dictionary.contains("\"subjects.parquet\""));
    let replayed = exposim().current_dir(folder.path()).args(["replay", "out"]).output().unwrap();
    assert_eq!(replayed.status.code(), Some(0), "{}", text(&replayed.stderr));
}

#[test]
fn charts_are_files_of_three_formats_and_what_is_not_there_is_refused() {
    let folder = folder_with(&study());
    assert_eq!(run(folder.path(), &["--out", "out", "--no-rows", "-q"]).status.code(), Some(0));
    let plot = |arguments: &[&str]| {
        exposim().current_dir(folder.path()).args(["plot", "out", "--what"]).args(arguments).output().unwrap()
    };
    for (format, start) in [("svg", &b"<svg"[..]), ("png", b"\x89PNG"), ("pdf", b"%PDF")] {
        let output = plot(&["troughs", "--format", format, "--out", "figures"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let picture = fs::read(folder.path().join(format!("figures/troughs-1.{format}"))).unwrap();
        assert!(picture.starts_with(start), "{format}");
    }
    let output = plot(&["km"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("E0911"), "{}", text(&output.stderr));
}
