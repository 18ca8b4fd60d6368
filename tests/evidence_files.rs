//! The evidence files that ship with the program can be read and fitted, and give what an independent computation gives.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use assert_cmd::Command;
use exposim::diagnostic::Source;
use exposim::document::Shipped;
use exposim::evidence::paper::CoursePaper;
use exposim::evidence::{Evidence, Fit, Inputs, fit};
use exposim::response::Draw;
use exposim::run::simulator;

fn shipped(name: &str) -> Arc<Source> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name);
    Source::new(name, fs::read_to_string(path).unwrap())
}

fn read(name: &str) -> Evidence {
    let (evidence, warnings) = Evidence::read(&shipped(name)).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(warnings.is_empty(), "{name}: {warnings:?}");
    evidence
}

fn fitted(name: &str) -> Fit {
    let courses = |paper: &CoursePaper, patients: usize| simulator(&Shipped, "", paper, patients);
    let inputs = Inputs { draws: 200, courses: &courses, ..Inputs::new(1) };
    fit(&read(name), &inputs).unwrap_or_else(|problems| panic!("{name}: {problems}"))
}

/// With `--out` the command writes a response file that a study can name and that can be checked, or says that it has
/// none.
#[test]
fn every_shipped_evidence_file_is_fitted_and_written() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let folder = tempfile::tempdir().unwrap();
    let exposim = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_exposim"));
        let output = command.current_dir(folder.path()).args(arguments).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {told}");
        (String::from_utf8_lossy(&output.stdout).into_owned(), told)
    };
    let (mut written, mut without) = (0, Vec::new());
    for entry in fs::read_dir(models).unwrap() {
        let path = entry.unwrap().path();
        if !fs::read_to_string(&path).unwrap().contains("[evidence]") {
            continue;
        }
        let name = path.file_stem().unwrap().to_string_lossy().to_string();
        let (sheet, told) = exposim(&["fit", &name, "--out", &name, "--draws", "200"]);
        let out = folder.path().join(&name);
        assert_eq!(fs::read_to_string(out.join("summary.txt")).unwrap(), sheet, "{name}");
        let response = out.join("response.toml");
        assert_eq!(
            response.exists(),
            told.contains("\nresponse file:") || told.starts_with("response file:")
        );
        if response.exists() {
            exposim(&["check", &format!("{name}/response.toml")]);
            let table = fs::read(out.join("draws-1.parquet")).unwrap();
            assert!(table.starts_with(b"PAR1"), "{name}");
            written += 1;
        } else {
            assert!(told.contains("no response file"), "{name}: {told}");
            without.push(name);
        }
    }
    without.sort();
    assert_eq!(without, ["crohn-discontinuation-predictors-fang", "crohn-remission-predictors-fang"]);
    assert!(written >= 15, "{written}");
}

#[test]
fn time_courses_meet_the_arms_they_are_fitted_to() {
    for (name, parameter) in [
        ("psa-haemoglobin-course-upadacitinib", "EMAX"),
        ("psa-haemoglobin-course-flat-upadacitinib", "FALL"),
        ("psa-neutrophil-course-upadacitinib", "SLOPE"),
    ] {
        let fit = fitted(&format!("{name}.toml"));
        let draws = fit.course.unwrap().draws;
        // Six figures, four parameters: within the reported standard errors, and the effect is there.
        for arm in ["placebo", "15 mg", "30 mg"] {
            let of = |what: &str| {
                let figures = fit.summary.figures.iter();
                figures
                    .clone()
                    .find(|f| f.quantity.starts_with(&format!("mean change, {arm}, {what}")))
                    .unwrap()
            };
            let (found, reported) = (of("fitted").estimate, of("reported"));
            let [low, high] = reported.interval.unwrap();
            let error = (high - low) / (2.0 * 1.959_964);
            let allowed = if name.contains("flat") { 2.0 } else { 1.0 };
            assert!(
                (found - reported.estimate).abs() < allowed * error,
                "{name} {arm}: {found} {reported:?}"
            );
        }
        let column = draws.column(parameter).unwrap();
        assert!(draws.values(column).filter(|v| *v > 0.0).count() > 190, "{name}");
    }
}

#[test]
fn the_misprinted_odds_ratio_is_flagged_and_no_other() {
    let fit = fitted("crohn-remission-predictors-fang.toml");
    let flagged: Vec<_> = fit.ratios.iter().filter(|ratio| ratio.misprint.is_some()).collect();
    assert_eq!(flagged.len(), 1);
    assert!(flagged[0].predictor.starts_with("ALB") && (flagged[0].estimate - 0.18f64.ln()).abs() < 1e-12);
    assert!(fitted("crohn-discontinuation-predictors-fang.toml").summary.warnings.is_empty());
}

#[test]
fn trials_are_fitted_with_their_own_intercepts_and_two_forms() {
    let fit = fitted("crohn-endoscopic-response-trials.toml");
    let names: Vec<_> = fit.responses.iter().map(|named| named.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "emax, U-EXCEL",
            "emax, U-EXCEED",
            "emax, U-ENDURE",
            "log2-one-plus, U-EXCEL",
            "log2-one-plus, U-EXCEED",
            "log2-one-plus, U-ENDURE"
        ]
    );
}

#[test]
fn persistence_of_the_cohort_is_fitted_and_its_conflict_told() {
    let fit = fitted("crohn-persistence-fang.toml");
    let model = &fit.persistence[0].model;
    assert_eq!(model.covariates().collect::<Vec<_>>(), ["ALB", "BMI"]);
    // A hazard that falls: the shape that the source's own curve has is about 0.54.
    let shape = model.draws().central()[1].exp();
    assert!((shape - 0.56).abs() < 0.08, "{shape}");
    let [low_albumin, normal] = [34_000.0, 40_000.0].map(|albumin| {
        let ratio = model.ratio(Draw::Central, &[albumin, 220_000.0]);
        model.survival(Draw::Central, ratio, model.basis().horizon)
    });
    assert!(low_albumin < normal - 0.1, "{low_albumin} {normal}");
    let warned: Vec<_> = fit.summary.warnings.iter().map(|w| w.code).collect();
    assert_eq!(warned, ["E0764"]);
}

#[test]
fn fits_of_independent_evidence_do_not_move_together() {
    let slopes = |name: &str| -> Vec<f64> {
        let fit = fitted(name);
        let draws = fit.responses[0].model.curve().draws();
        let column = draws.column("b").unwrap();
        draws.values(column).collect()
    };
    let (a, b) = (slopes("ra-neutropenia-upadacitinib.toml"), slopes("ra-haemoglobin-upadacitinib.toml"));
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (m, n) = (mean(&a), mean(&b));
    let moment = |x: &[f64], m: f64, y: &[f64], n: f64| {
        x.iter().zip(y).map(|(x, y)| (x - m) * (y - n)).sum::<f64>() / x.len() as f64
    };
    let correlation = moment(&a, m, &b, n) / (moment(&a, m, &a, m) * moment(&b, n, &b, n)).sqrt();
    // Four standard errors of a correlation that is none, with 200 draws.
    assert!(correlation.abs() < 4.0 / 200_f64.sqrt(), "{correlation}");
}
