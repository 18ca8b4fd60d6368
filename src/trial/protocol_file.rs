//! Protocol files: rules, schedules and definitions of endpoints that studies name one by one.

use std::sync::Arc;

use super::schedule::Schedule;
use super::visits::told;
use crate::diagnostic::{Collector, Diagnostic, Problems, Source};
use crate::document::{Document, Item};
use crate::units::Dimension;

/// Reads a protocol file for itself. What the conditions and actions of its rules say is read with the study that names
/// them, for only there have their signals a meaning.
///
/// # Errors
/// Keys that are missing, unknown or of the wrong kind, and schedules that cannot be read (E0810).
pub fn check_protocol(source: &Arc<Source>) -> Result<Vec<Diagnostic>, Problems> {
    let problems = Collector::new();
    let document = Document::parse(source)?;
    let root = document.root(&problems);
    if let Some(protocol) = root.required_table("protocol") {
        protocol.required_string("title");
        protocol.required_string("source");
        protocol.finish();
    }
    for (_, item) in root.table("schedules").map(|t| t.entries()).unwrap_or_default() {
        schedule(&item);
    }
    for (_, item) in root.table("rules").map(|t| t.entries()).unwrap_or_default() {
        let Some(rule) = item.table() else { continue };
        rule.required_string("when");
        rule.required_string("do");
        rule.quantity("apart", Some(Dimension::TIME));
        rule.required_string("source");
        rule.finish();
    }
    for (_, item) in root.table("definitions").map(|t| t.entries()).unwrap_or_default() {
        let Some(definition) = item.table() else { continue };
        definition.required_string("what");
        definition.required_string("source");
        definition.string("note");
        definition.finish();
    }
    root.finish();
    problems.finish(Some(())).map(|((), warnings)| warnings)
}

fn schedule(item: &Item<'_>) {
    let Some(table) = item.table() else { return };
    if let Some(text) = table.required("schedule")
        && let Some(words) = text.string()
        && let Err(refusal) = Schedule::parse(&words.value)
    {
        text.report(told("E0810", refusal));
    }
    table.required_string("source");
    table.finish();
}
