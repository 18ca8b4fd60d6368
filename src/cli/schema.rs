//! `exposim schema`: JSON Schemas of the files a person writes.
//!
//! They are not written down anywhere: the readers are watched while they read the shipped files, the example and the
//! specimens, and what they ask for is the schema. A key that no reader knows cannot be in it.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::{Stop, print};
use crate::diagnostic::{Diagnostic, Problems, Source};
use crate::document::{Files, Kind, SHIPPED, Shape, Shipped, watched};
use crate::evidence::Evidence;
use crate::model::{Choices, Model};
use crate::population::Population;
use crate::run::validation::Validation;
use crate::trial::{Study, check_protocol};

/// Files beside the shipped ones that show every key the readers know: kind and text.
const SPECIMENS: &[(FileKind, &str)] = &[
    (FileKind::Model, include_str!("specimens/model.toml")),
    (FileKind::Population, include_str!("specimens/population.toml")),
    (FileKind::Population, include_str!("specimens/population-table.toml")),
    (FileKind::Evidence, include_str!("specimens/individual.toml")),
    (FileKind::Evidence, include_str!("specimens/arms.toml")),
    (FileKind::Evidence, include_str!("specimens/quantiles.toml")),
    (FileKind::Protocol, include_str!("specimens/protocol-file.toml")),
    (FileKind::Study, include_str!("../../examples/dose-reduction.toml")),
    (FileKind::Study, include_str!("specimens/study.toml")),
    (FileKind::Study, include_str!("specimens/protocol.toml")),
    (FileKind::Study, TRIALS),
    (FileKind::Validation, include_str!("specimens/validation.toml")),
];

const TRIALS: &str = include_str!("specimens/trials.toml");

/// What the specimens name, and the shipped files.
struct Named;

impl Files for Named {
    fn open(&self, name: &str) -> Result<Arc<Source>, Diagnostic> {
        let text = match name {
            "trials.toml" => TRIALS,
            "subjects.csv" => include_str!("specimens/subjects.csv"),
            "draws.csv" => include_str!("specimens/draws.csv"),
            shipped => return Shipped.open(shipped),
        };
        Ok(Source::new(name, text))
    }
}

/// Arguments of `exposim schema`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The kind of file; all kinds in one object where it is left out.
    kind: Option<FileKind>,
}

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FileKind {
    /// A pharmacokinetic model.
    Model,
    /// A virtual population.
    Population,
    /// Published figures or data to fit.
    Evidence,
    /// Rules and schedules.
    Protocol,
    /// A study.
    Study,
    /// Observed figures beside predictions.
    Validation,
}

impl FileKind {
    fn name(self) -> &'static str {
        match self {
            FileKind::Model => "model",
            FileKind::Population => "population",
            FileKind::Evidence => "evidence",
            FileKind::Protocol => "protocol",
            FileKind::Study => "study",
            FileKind::Validation => "validation",
        }
    }

    /// Reads a file as one of this kind.
    fn read(self, source: &Arc<Source>) -> Result<(), Problems> {
        match self {
            FileKind::Model => Model::read(source, &Choices::default()).map(drop),
            FileKind::Population => Population::read_with(source, &Named).map(drop),
            FileKind::Evidence => Evidence::read(source).map(drop),
            FileKind::Protocol => check_protocol(source).map(drop),
            FileKind::Study => Study::read(source, &Named, &crate::run::kind).map(drop),
            FileKind::Validation => Validation::read(source, &Named).map(drop),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let schema = match arguments.kind {
        Some(kind) => schema(kind)?,
        None => {
            let all =
                FileKind::value_variants().iter().map(|kind| Ok((kind.name().to_owned(), schema(*kind)?)));
            Value::Object(all.collect::<Result<Map<_, _>, Problems>>()?)
        }
    };
    let text = serde_json::to_string_pretty(&schema).map_err(|e| Stop::Run(e.to_string()))?;
    print(&text)
}

/// The schema of a kind of file.
fn schema(kind: FileKind) -> Result<Value, Problems> {
    let mut shape = Shape::default();
    let shipped = SHIPPED.iter().map(|(_, text)| *text).filter(|text| is(kind, text));
    let specimens = SPECIMENS.iter().filter(|(of, _)| *of == kind).map(|(_, text)| *text);
    for text in shipped.chain(specimens) {
        let source = Source::new("file.toml", text);
        let (read, seen) = watched(&source, || kind.read(&source));
        read?;
        shape.join(seen);
    }
    let Value::Object(mut schema) = of(&shape) else { return Ok(Value::Null) };
    schema.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".into(), json!(format!("exposim: {} file", kind.name())));
    schema.insert("type".into(), json!("object"));
    Ok(Value::Object(schema))
}

/// Whether a shipped file is of a kind: by the table that opens it.
fn is(kind: FileKind, text: &str) -> bool {
    text.starts_with(&format!("[{}]", kind.name())) || text.contains(&format!("\n[{}]", kind.name()))
}

fn of(shape: &Shape) -> Value {
    let mut schema = Map::new();
    let kinds: Vec<&str> = shape.kinds.iter().map(|kind| type_name(*kind)).collect();
    match kinds[..] {
        [] => {}
        [only] => {
            schema.insert("type".into(), json!(only));
        }
        _ => {
            schema.insert("type".into(), json!(kinds));
        }
    }
    if !shape.keys.is_empty() || shape.entries.is_some() {
        let properties: Map<String, Value> =
            shape.keys.iter().map(|(key, shape)| (key.clone(), of(shape))).collect();
        if !properties.is_empty() {
            schema.insert("properties".into(), Value::Object(properties));
        }
        let others = shape.entries.as_ref().map_or(Value::Bool(false), |each| of(each));
        schema.insert("additionalProperties".into(), others);
        if !shape.required.is_empty() {
            schema.insert("required".into(), json!(shape.required));
        }
    }
    if let Some(items) = &shape.items {
        schema.insert("items".into(), of(items));
    }
    Value::Object(schema)
}

fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::Number => "number",
        Kind::Integer => "integer",
        Kind::Boolean => "boolean",
        Kind::Array => "array",
        Kind::Table => "object",
    }
}
