//! `exposim models`: what ships.

use super::{Stop, print};
use crate::diagnostic::{Collector, Source};
use crate::document::{Document, SHIPPED};

/// The kinds of files by the table that opens them.
const KINDS: &[(&str, &str)] = &[("model", "model"), ("population", "population"), ("evidence", "evidence")];

pub(super) fn run() -> Result<(), Stop> {
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
