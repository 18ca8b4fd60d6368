//! `exposim models`: what ships, and the figures that the models were tested on.

use clap::Args;

use super::files::named;
use super::{Stop, print, sheet};
use crate::diagnostic::Problems;
use crate::diagnostic::{Collector, Source};
use crate::document::{Document, SHIPPED};
use crate::run::checks::{Outcome, checks, shipped};

/// The kinds of files by the table that opens them.
const KINDS: &[(&str, &str)] = &[
    ("model", "model"),
    ("population", "population"),
    ("evidence", "evidence"),
    ("protocol", "rules, schedules, definitions of endpoints"),
];

/// Arguments of `exposim models`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Works out the figures that each model is to meet and prints them beside what they should be.
    #[arg(long)]
    checks: bool,
    /// Models to check instead of all that ship: files, or names of shipped ones.
    #[arg(requires = "checks")]
    files: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    if arguments.checks { figures(&arguments.files) } else { list() }
}

/// The figures of models; a failure where one is too far off.
fn figures(files: &[String]) -> Result<(), Stop> {
    let of = |name: &String| checks(&named(name).map_err(Problems::from)?);
    let outcomes = if files.is_empty() {
        shipped()?
    } else {
        files.iter().map(of).collect::<Result<Vec<_>, _>>()?.concat()
    };
    let rows = outcomes.iter().map(row).collect();
    print(&sheet::table(&["model", "quantity", "reference", "exposim", "difference", "", "basis"], rows))?;
    let failed = outcomes.iter().filter(|outcome| !outcome.passes()).count();
    print(&format!("\n{} figures, {failed} too far off", outcomes.len()))?;
    if failed > 0 { Err(Stop::Run(format!("{failed} figures are too far off"))) } else { Ok(()) }
}

fn row(outcome: &Outcome) -> Vec<String> {
    let unit = outcome.expected.unit();
    vec![
        outcome.model.clone(),
        outcome.what.clone(),
        outcome.expected.to_string(),
        if unit.text() == "1" { short(outcome.found) } else { format!("{} {unit}", short(outcome.found)) },
        format!("{:+.2} % of {} %", 100.0 * outcome.difference(), short(100.0 * outcome.tolerance)),
        if outcome.passes() { "pass" } else { "FAIL" }.to_owned(),
        format!("{}: {}", outcome.basis, outcome.source),
    ]
}

/// Six digits.
fn short(value: f64) -> String {
    let decimals = if value.abs() >= 1e6 { 0 } else { 6 };
    let text = format!("{value:.decimals$}");
    let digits = text.chars().take(8).collect::<String>();
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn list() -> Result<(), Stop> {
    let mut text = String::new();
    for (table, kind) in KINDS {
        let files: Vec<(&str, String)> =
            SHIPPED.iter().filter_map(|(name, text)| Some((*name, title(name, text, table)?))).collect();
        let width = files.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        text.push_str(&format!("{kind}\n"));
        for (name, title) in files {
            text.push_str(&format!("  {name:width$}  {title}\n"));
        }
    }
    print(&text)
}

/// The title under a table of a file, if the file has that table.
fn title(name: &str, text: &str, table: &str) -> Option<String> {
    let problems = Collector::new();
    let document = Document::parse(&Source::new(name, text)).ok()?;
    let root = document.root(&problems);
    if !root.has(table) {
        return None;
    }
    Some(root.table(table)?.string("title")?.value)
}
