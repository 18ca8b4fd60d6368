//! `exposim check`: reads files of any kind and tells what is wrong with them.

use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::files::{Disk, named};
use super::{Stop, print};
use crate::diagnostic::{Collector, Diagnostic, Problems, Severity, Source};
use crate::document::Document;
use crate::dosing::dataset::DataSet;
use crate::evidence::Evidence;
use crate::evidence::fit_file::FitFile;
use crate::model::{Choices, Model};
use crate::population::Population;
use crate::run::validation::Validation;
use crate::trial::{Study, check_protocol, read_scenarios};

/// Arguments of `exposim check`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files: models, populations, evidence, studies or data sets (.csv); or names of shipped files.
    #[arg(required = true)]
    files: Vec<String>,
    /// Print the problems as JSON, with positions, for editors.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut lines = String::new();
    for name in &arguments.files {
        match named(name).map_err(Problems::from).and_then(|source| check(&source, Path::new(name))) {
            Ok((kind, warnings)) => {
                lines.push_str(&format!(
                    "{name}: {kind}, {}\n",
                    if warnings.is_empty() { "fine" } else { "with warnings" }
                ));
                found.extend(warnings);
            }
            Err(problems) => found.extend(problems.list().iter().cloned()),
        }
    }
    if arguments.json {
        print(&json(&found))?;
    } else {
        print(&lines)?;
    }
    let collector = Collector::new();
    let wrong = found.iter().any(|d| d.severity == Severity::Error);
    if arguments.json {
        return if wrong { Err(Stop::Told) } else { Ok(()) };
    }
    found.into_iter().for_each(|d| collector.push(d));
    match collector.finish((!wrong).then_some(())) {
        Ok(((), warnings)) => {
            warnings.iter().for_each(|w| anstream::eprintln!("{w}"));
            Ok(())
        }
        Err(problems) => Err(problems.into()),
    }
}

/// What a file is, by its ending or by the table that opens it, and the warnings of reading it.
fn check(source: &Arc<Source>, path: &Path) -> Result<(&'static str, Vec<Diagnostic>), Problems> {
    if path.extension().is_some_and(|ending| ending == "csv") {
        return Ok(("a data set", DataSet::read(source)?.1));
    }
    let document = Document::parse(source)?;
    let problems = Collector::new();
    let root = document.root(&problems);
    if root.has("model") && root.table("model").is_some_and(|t| t.has("title")) {
        return Ok(("a model", Model::read_with(source, &Choices::default(), &Disk::beside(path))?.1));
    }
    if root.has("evidence") {
        return Ok(("evidence", Evidence::read(source)?.1));
    }
    if root.has("response") {
        FitFile::read(source)?;
        return Ok(("a response file", Vec::new()));
    }
    if root.table("population").is_some() {
        return Ok(("a population", Population::read_with(source, &Disk::beside(path))?.1));
    }
    if root.has("protocol") {
        return Ok(("a protocol", check_protocol(source)?));
    }
    if root.has("observed") {
        return Ok(("a validation", Validation::read(source, &Disk::beside(path))?.1));
    }
    let files = Disk::beside(path);
    let (study, warnings) = Study::read(source, &files, &crate::run::kind)?;
    if study.scenarios > 1 {
        return Ok(("a study with scenarios", read_scenarios(source, &files, &crate::run::kind)?.1));
    }
    Ok(("a study", warnings))
}

/// The problems as JSON: one object each, with file, line and column from 1.
fn json(found: &[Diagnostic]) -> String {
    let list: Vec<serde_json::Value> = found
        .iter()
        .map(|d| {
            let place = d.place.as_ref().map(|(source, span)| {
                let (line, column) = source.line_column(span.start);
                let (end_line, end_column) = source.line_column(span.end);
                serde_json::json!({
                    "file": source.name(), "line": line, "column": column,
                    "end-line": end_line, "end-column": end_column,
                })
            });
            serde_json::json!({
                "code": d.code,
                "severity": if d.severity == Severity::Error { "error" } else { "warning" },
                "message": d.message, "label": d.label, "help": d.help, "place": place,
            })
        })
        .collect();
    serde_json::Value::Array(list).to_string()
}
