//! Values that NONMEM printed: every one within half a unit of its last digit and the case's allowance.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use exposim::diagnostic::Source;
use exposim::dosing::dataset::DataSet;
use serde_json::Value;

use super::case::{Attributes, Model, Way};
use super::reference;

/// A number or a formula.
fn formula(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => panic!("{other} is no formula"),
    }
}

fn read(model: &Value) -> Model {
    let index = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let map = |key: &str| model.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
    let list = |key: &str| model.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    Model {
        states: list("compartments").len(),
        parameters: ordered(model, "parameters"),
        flows: list("flows").iter().map(|f| (index(&f["from"]), index(&f["to"]), formula(&f["k"]))).collect(),
        ode: list("ode").iter().map(formula).collect(),
        initial: map("initial").iter().map(|(k, v)| (k.parse().unwrap(), formula(v))).collect(),
        attributes: map("dose_attributes")
            .iter()
            .map(|(cmt, a)| {
                let get = |key: &str| a.get(key).map(formula);
                let attributes =
                    Attributes { fraction: get("F"), lag: get("ALAG"), duration: get("D"), rate: get("R") };
                (cmt.parse().unwrap(), attributes)
            })
            .collect(),
        default_dose: model.get("default_dose_cmt").map_or(1, index),
        observe: ordered(model, "observe"),
    }
}

/// The entries of an object; formulas that use others come after them.
fn ordered(model: &Value, key: &str) -> Vec<(String, String)> {
    let entries = model.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
    let mut rest: Vec<(String, String)> = entries.iter().map(|(k, v)| (k.clone(), formula(v))).collect();
    let mut done: Vec<(String, String)> = Vec::new();
    while !rest.is_empty() {
        let names: Vec<String> = rest.iter().map(|(name, _)| name.clone()).collect();
        let ready = rest.iter().position(|(own, text)| {
            let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            !names.iter().any(|name| name != own && words.contains(&name.as_str()))
        });
        done.push(rest.remove(ready.unwrap_or(0)));
    }
    done
}

/// Half a unit of the last digit that was printed, relative to the value.
fn half_unit(printed: &str) -> f64 {
    let (mantissa, exponent) = printed.split_once(['E', 'e']).unwrap_or((printed, "0"));
    let digits = mantissa.split_once('.').map_or(0, |(_, d)| d.len()) as i32;
    0.5 * 10f64.powi(exponent.parse::<i32>().unwrap() - digits)
}

struct Outcome {
    values: usize,
    /// Row, quantity, ours, NONMEM's.
    off: Vec<(usize, String, f64, f64)>,
    worst: f64,
}

fn run(case: &Path, model: &Value, way: Way) -> Outcome {
    let text = fs::read_to_string(case.join("events.csv")).unwrap();
    let (data, _) =
        DataSet::read(&Source::new("events.csv", text)).unwrap_or_else(|p| panic!("{}\n{p}", case.display()));
    let parsed = read(model);
    let predicted = parsed.predict(&data, way);
    let allowance = model.get("numerical_allowance").and_then(Value::as_f64).unwrap_or(1e-9);
    let places: BTreeMap<&str, usize> =
        parsed.observe.iter().enumerate().map(|(i, (n, _))| (n.as_str(), i)).collect();
    let mut outcome = Outcome { values: 0, off: Vec::new(), worst: 0.0 };
    for line in fs::read_to_string(case.join("expected.csv")).unwrap().lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let row: usize = fields[0].parse().unwrap();
        let printed: f64 = fields[4].parse().unwrap();
        let ours = predicted[row - 1][places[fields[3]]];
        outcome.values += 1;
        let off = (ours - printed).abs();
        let allowed = half_unit(fields[4]) + allowance * printed.abs();
        outcome.worst = outcome.worst.max(off / allowed);
        if off.is_nan() || off > allowed {
            outcome.off.push((row, fields[3].to_owned(), ours, printed));
        }
    }
    outcome
}

fn check(way: Way) {
    let Some(folder) = reference("nonmem/cases") else { return };
    let mut cases: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    cases.sort();
    let (mut wrong, mut values, mut quirks) = (Vec::new(), 0, 0);
    for case in &cases {
        let model: Value =
            serde_json::from_str(&fs::read_to_string(case.join("model.json")).unwrap()).unwrap();
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let outcome = run(case, &model, way);
        values += outcome.values;
        let quirk = model.get("nonmem_quirk").is_some();
        quirks += usize::from(quirk);
        for (row, quantity, ours, theirs) in outcome.off.iter().take(if quirk { 200 } else { 5 }) {
            let line = format!("{name} row {row} {quantity}: {ours} for NONMEM's {theirs}");
            if quirk {
                println!("quirk: {line}");
            } else {
                wrong.push(line);
            }
        }
    }
    println!("{} cases, {quirks} of them quirks, {values} values", cases.len());
    assert!(wrong.is_empty(), "{} values differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn nonmem_cases_exactly() {
    check(Way::Exact);
}

#[test]
fn nonmem_cases_integrated() {
    check(Way::Integrated);
}
