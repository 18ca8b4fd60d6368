//! `exposim schema`: what it prints fits what the readers read.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assert_cmd::Command;
use exposim::diagnostic::{Diagnostic, Problems, Source};
use exposim::document::{Files, SHIPPED, Shipped};
use exposim::evidence::Evidence;
use exposim::model::{Choices, Model};
use exposim::population::Population;
use exposim::run::kind;
use exposim::run::validation::Validation;
use exposim::trial::{Study, check_protocol};
use serde_json::Value;

use crate::rooms::sources;

fn schemas() -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_exposim")).arg("schema").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Whether a value is as a schema wants it: the words that `exposim schema` uses, and a panic at any other.
fn faults(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    for (word, wanted) in schema.as_object().unwrap() {
        match word.as_str() {
            "$schema" | "title" | "additionalProperties" => {}
            "type" => {
                let names = wanted.as_array().cloned().unwrap_or_else(|| vec![wanted.clone()]);
                if !names.iter().any(|name| is(value, name.as_str().unwrap())) {
                    found.push(format!("{at}: not {wanted}"));
                }
            }
            "required" => {
                let missing = |key: &&Value| value.is_object() && value.get(key.as_str().unwrap()).is_none();
                for key in wanted.as_array().unwrap().iter().filter(missing) {
                    found.push(format!("{at}: {key} is missing"));
                }
            }
            "properties" => {}
            "items" => {
                for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                    faults(wanted, item, &format!("{at}[{place}]"), found);
                }
            }
            other => panic!("the schema has a word `{other}` that this test does not know"),
        }
    }
    for (key, inner) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{key}");
        match (&schema["properties"][key], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => found.push(format!("{at}: unknown")),
            (Value::Null, Value::Null) => {}
            (Value::Null, each) => faults(each, inner, &at, found),
            (own, _) => faults(own, inner, &at, found),
        }
    }
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("there is no type `{other}`"),
    }
}

fn root(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// The kind of a file, by the table that opens it.
fn kind_of(text: &str) -> &'static str {
    let has = |kind: &str| text.starts_with(&format!("[{kind}]")) || text.contains(&format!("\n[{kind}]"));
    match ["model", "population", "evidence", "protocol"].into_iter().find(|kind| has(kind)) {
        Some(kind) => kind,
        None if text.contains("\n[[observed]]") => "validation",
        None => "study",
    }
}

fn fits(schemas: &Value, text: &str) -> Vec<String> {
    let value: Value = toml::from_str(text).unwrap();
    let mut found = Vec::new();
    faults(&schemas[kind_of(text)], &value, "", &mut found);
    found
}

#[test]
fn shipped_files_and_examples_fit_the_schemas() {
    let schemas = schemas();
    let mut files: Vec<(String, String)> =
        SHIPPED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    for folder in ["examples", "examples/validation"] {
        for entry in fs::read_dir(root(folder)).unwrap().flatten() {
            if entry.path().extension().is_some_and(|e| e == "toml") {
                files.push((entry.path().display().to_string(), fs::read_to_string(entry.path()).unwrap()));
            }
        }
    }
    for kind in ["model", "population", "evidence", "study", "validation"] {
        assert!(files.iter().any(|(_, text)| kind_of(text) == kind), "no file is a {kind}");
    }
    for (name, text) in files {
        let found = fits(&schemas, &text);
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

/// The studies of the validation, and the shipped files.
struct Examples;

impl Files for Examples {
    fn open(&self, name: &str) -> Result<Arc<Source>, Diagnostic> {
        match fs::read_to_string(root("examples/validation").join(name)) {
            Ok(text) => Ok(Source::new(name, text)),
            Err(_) => Shipped.open(name),
        }
    }
}

fn read(text: &str) -> Result<(), Problems> {
    let source: Arc<Source> = Source::new("file.toml", text);
    match kind_of(text) {
        "model" => Model::read(&source, &Choices::default()).map(drop),
        "population" => Population::read(&source).map(drop),
        "evidence" => Evidence::read(&source).map(drop),
        "protocol" => check_protocol(&source).map(drop),
        "validation" => Validation::read(&source, &Examples).map(drop),
        _ => Study::read(&source, &Shipped, &kind).map(drop),
    }
}

const POPULATION: &str = r#"
[population]
title = "laws"
[covariates]
HT = { unit = "cm", quantiles = [[5, 150], [95, 190]] }
WT = { unit = "kg", beta = [2, 3], range = [40, 120] }
BMI = { formula = "body-mass-index" }
"#;

#[test]
fn what_the_schema_refuses_the_reader_refuses() {
    let schemas = schemas();
    let shipped = |name: &str| SHIPPED.iter().find(|(n, _)| *n == name).unwrap().1;
    let study = include_str!("../examples/dose-reduction.toml");
    let validation = include_str!("../examples/validation/all.toml");
    for (text, from, to) in [
        (shipped("theophylline"), "[model]\n", "[model]\nzzz = 1\n"),
        (shipped("theophylline"), "[outputs]\n", "[zzz]\n[outputs]\n"),
        (shipped("theophylline"), "title  = ", "titel  = "),
        (shipped("theophylline"), "unit = \"L/h\"", "unit = 1"),
        (shipped("theophylline"), "cv = 27.0", "cv = \"27\""),
        (shipped("theophylline"), "figure    =", "figures   ="),
        (shipped("crohn-anti-tnf-failure"), "quartiles = [23, 29, 34]", "quartile = [23, 29, 34]"),
        (shipped("crohn-anti-tnf-failure"), "quartiles = [23, 29, 34]", "quartiles = \"23\""),
        (shipped("crohn-endoscopic-remission-fang"), "n = 7", "n = \"7\""),
        (shipped("crohn-endoscopic-remission-fang"), "[fit]", "[fits]"),
        (POPULATION, "beta = [2, 3]", "beta = [\"2\", 3]"),
        (POPULATION, "quantiles = [[5, 150]", "quantiles = [[\"5\", 150]"),
        (POPULATION, "formula =", "formulas ="),
        (validation, "events   = 173", "events = \"173\""),
        (validation, "fitted   = true", "fited = true"),
        (study, "subjects   = 10_000", "subjects = \"many\""),
        (study, "then = \"reduced\"", "than = \"reduced\""),
    ] {
        assert!(text.contains(from), "there is no `{from}`");
        assert!(fits(&schemas, text).is_empty() && read(text).is_ok(), "wrong before `{to}`");
        let wrong = text.replacen(from, to, 1);
        assert!(!fits(&schemas, &wrong).is_empty(), "the schema accepts `{to}`");
        assert!(read(&wrong).is_err(), "the reader accepts `{to}`");
    }
}

/// The names of all properties of a schema.
fn properties(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(words) => {
            found.extend(
                words.get("properties").and_then(Value::as_object).into_iter().flatten().map(|p| p.0.clone()),
            );
            words.values().for_each(|inner| properties(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| properties(inner, found)),
        _ => {}
    }
}

/// The schemas are what the readers ask for while they read the shipped files and the specimens: a key that none of
/// these makes them ask for would be missing.
#[test]
fn every_key_of_the_readers_is_in_a_schema() {
    let mut known = BTreeSet::new();
    properties(&schemas(), &mut known);
    let mut files = Vec::new();
    for room in ["model", "population", "evidence", "trial"] {
        sources(&root("src").join(room), &mut files);
    }
    files.push(root("src/run/validation.rs"));
    let kinds = ["string", "number", "integer", "boolean", "quantity", "unit", "table", "array"];
    let asks: Vec<String> = kinds
        .iter()
        .flat_map(|kind| [format!(".{kind}(\""), format!(".required_{kind}(\"")])
        .chain([".item(\"".to_owned(), ".required(\"".to_owned()])
        .collect();
    let mut missing = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for ask in &asks {
            for rest in text.split(ask.as_str()).skip(1) {
                let key = rest.split('"').next().unwrap();
                if !known.contains(key) {
                    missing.push(format!("{key} ({})", file.display()));
                }
            }
        }
    }
    assert!(
        missing.is_empty(),
        "no shipped file, example or specimen has these keys; write one that does into src/cli/specimens: {missing:?}"
    );
}
