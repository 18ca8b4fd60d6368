//! `exposim explain` tells what the run did: the same values as in the rows, and each follows from the ones before it.

use std::fs::{self, File};
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use assert_cmd::Command;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

const STUDY: &str = r#"
title      = "Step down in response"
model      = "upadacitinib-klunder-2019"
population = "crohn-anti-tnf-failure"
subjects   = 40
seed       = 11
draws      = 0

[regimens]
induction = "45 mg ER every 24 h for 12 weeks"
full      = "30 mg ER every 24 h for 12 weeks"
reduced   = "15 mg ER every 24 h for 12 weeks"

[arms.stay]
phases = ["induction", "full"]
[arms.step]
phases = ["induction", { at = "week 12", if = "response", then = "reduced", else = "full" }]

[responses]
response = { file = "crohn-endoscopic-response-trials", trial = "U-ENDURE" }
anaemia  = "ra-haemoglobin-upadacitinib"

[responses.HB]
file     = "psa-haemoglobin-change-upadacitinib"
baseline = "HB"

[endpoints]
trough      = "Ctrough at week 24"
probability = "probability of response at week 24"
response_24 = "response at week 24"
anaemia_24  = "anaemia by week 24"
hb_24       = "HB at week 24"
low_24      = "HB < 100 g/L at week 24"
"#;

fn exposim(folder: &Path, arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_exposim")).current_dir(folder).args(arguments).output().unwrap()
}

fn told(folder: &Path, id: u64) -> Vec<Value> {
    let output = exposim(folder, &["explain", "study.toml", "--id", &id.to_string(), "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The value of a column in the row of a subject and arm.
fn cell(path: &Path, id: u64, arm: &str, column: &str) -> f64 {
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    for batch in reader {
        let batch = batch.unwrap();
        let ids = batch.column_by_name("ID").unwrap().as_primitive::<Int64Type>();
        let arms = batch.column_by_name("ARM").unwrap().as_dictionary::<Int32Type>();
        let names = arms.values().as_string::<i32>();
        for row in 0..batch.num_rows() {
            let name = names.value(usize::try_from(arms.keys().value(row)).unwrap());
            if ids.value(row) == i64::try_from(id).unwrap() && name == arm {
                return batch.column_by_name(column).unwrap().as_primitive::<Float64Type>().value(row);
            }
        }
    }
    panic!("no row {id} {arm}")
}

fn of<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|v| v["name"] == name).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn three_subjects_are_what_the_rows_say_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("study.toml"), STUDY).unwrap();
    let output = exposim(folder.path(), &["run", "study.toml", "--out", "out", "--quiet"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = folder.path().join("out/subjects.parquet");
    let mut steps = 0;
    for id in [1, 17, 40] {
        for told in told(folder.path(), id) {
            let arm = told["arm"].as_str().unwrap();
            let same = |name: &str, value: &Value| {
                assert_eq!(
                    number(value).to_bits(),
                    cell(&rows, id, arm, name).to_bits(),
                    "{id} {arm} {name}"
                );
            };
            for name in ["WT", "CRCL", "HB"] {
                same(name, &of(&told["covariates"], name)["value"]);
            }
            for endpoint in told["endpoints"].as_array().unwrap() {
                same(endpoint["name"].as_str().unwrap(), &endpoint["value"]);
            }
            steps += consistent(&told);
        }
    }
    assert_eq!(steps, 6);
}

/// Each step of the story follows from the ones before it.
fn consistent(told: &Value) -> u32 {
    let covariate = |name: &str| number(&of(&told["covariates"], name)["value"]);
    let eta = number(&of(&told["effects"], "CL")["eta"]);
    let typical =
        40.9 * 0.754 * (covariate("CRCL") / 108.7).powf(0.256) * (covariate("WT") / 74.0).powf(0.132);
    let clearance = &of(&told["parameters"], "CL");
    assert_eq!(clearance["unit"], "L/h");
    assert!((number(&clearance["value"]) / (typical * eta.exp()) - 1.0).abs() < 1e-12);
    // The ER tablet: both routes together carry its bioavailability; the one into central takes 3.29 h.
    let routes = told["routes"].as_array().unwrap();
    let fractions: f64 = routes.iter().map(|r| number(&r["fraction"])).sum();
    assert!((fractions - 0.762).abs() < 1e-12);
    let central = routes.iter().find(|r| r["compartment"] == "central").unwrap();
    assert!(
        (number(&central["duration_h"]) - 3.29).abs() < 1e-12
            && (number(&central["lag_h"]) - 0.154).abs() < 1e-12
    );
    // 84 doses of 45 mg, then 84 of what was decided.
    let doses = told["doses"].as_array().unwrap();
    assert_eq!((number(&doses[0]["amount"]), number(&doses[0]["doses"])), (45.0, 84.0));
    let decided = told["decisions"].as_array().unwrap();
    let then = match (told["arm"].as_str().unwrap(), decided) {
        ("stay", _) => 30.0,
        (_, decided) if number(&decided[0]["value"]) == 1.0 => 15.0,
        _ => 30.0,
    };
    assert_eq!((number(&doses[1]["amount"]), number(&doses[1]["doses"])), (then, 84.0));
    // Luck against probability.
    for name in ["response_24", "anaemia_24"] {
        let event = of(&told["endpoints"], name);
        let occurs = number(&event["luck"]) < number(&event["probability"]);
        assert_eq!(number(&event["value"]), f64::from(u8::from(occurs)));
    }
    let probability = of(&told["endpoints"], "probability");
    assert_eq!(probability["value"], probability["probability"]);
    let haemoglobin = of(&told["endpoints"], "hb_24");
    assert_eq!(number(&haemoglobin["baseline"]), covariate("HB"));
    let low = number(&haemoglobin["value"]) < 100.0;
    assert_eq!(number(&of(&told["endpoints"], "low_24")["value"]), f64::from(u8::from(low)));
    1
}

#[test]
fn the_story_reads_well_and_a_wrong_arm_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("study.toml"), STUDY).unwrap();
    let output = exposim(folder.path(), &["explain", "study.toml", "--id", "2", "--arm", "step"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for part in
        ["Subject 2 in \u{201c}step\u{201d}", "eta", "CL", "56.8", "Doses", "planned", "phase 2", "luck"]
    {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let output = exposim(folder.path(), &["explain", "study.toml", "--id", "2", "--arm", "stop"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean `step`?"));
}
