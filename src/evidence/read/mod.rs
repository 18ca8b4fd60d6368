//! Evidence files: TOML to checked [`Evidence`].

mod arms;
mod course;
mod header;
mod individual;
mod means;
mod persistence;
mod quantiles;
mod ratios;

use std::sync::Arc;

use super::paper::{Body, Class, Evidence};
use crate::diagnostic::{Collector, Diagnostic, Problems, Source, did_you_mean};
use crate::document::{Document, Table};

/// The kinds of evidence files.
const KINDS: [&str; 7] =
    ["reported-quantiles", "arm-counts", "arm-means", "course-means", "individual", "ratios", "persistence"];

impl Evidence {
    /// Reads an evidence file. Warnings are handed over with it.
    ///
    /// # Errors
    /// E01xx where the file cannot be read, E0707 for an unknown kind, E0712 to E0719 for figures that contradict each
    /// other, E0702 and E0721 to E0729 for arms and forms that cannot be, E0761 to E0763 for persistence that cannot be.
    pub fn read(source: &Arc<Source>) -> Result<(Self, Vec<Diagnostic>), Problems> {
        let document = Document::parse(source)?;
        let problems = Collector::new();
        let root = document.root(&problems);
        let evidence = evidence(&root);
        root.finish();
        problems.finish(evidence)
    }
}

fn evidence(root: &Table<'_>) -> Option<Evidence> {
    let table = root.required_table("evidence")?;
    let title = table.required_string("title");
    let outcome = table.required_string("outcome");
    let source = table.required_string("source");
    let class = class(&table);
    let notes = header::strings(&table, "notes");
    let kind = table.required_string("kind");
    table.finish();
    let (outcome, kind) = (outcome?.value, kind?);
    let body = match kind.value.as_str() {
        "reported-quantiles" => Body::Quantiles(quantiles::read(root, &outcome)?),
        "arm-counts" => Body::Arms(arms::read(root)?),
        "arm-means" => Body::Means(means::read(root)?),
        "course-means" => Body::Course(course::read(root)?),
        "individual" => Body::Individual(individual::read(root)?),
        "ratios" => Body::Ratios(ratios::read(root)?),
        "persistence" => Body::Persistence(persistence::read(root)?),
        other => {
            let help = did_you_mean(other, KINDS).map_or_else(
                || format!("kinds are {}", KINDS.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            table.report(
                Diagnostic::error("E0707", format!("`{other}` is no kind of evidence")).help(help),
                kind.span,
            );
            return None;
        }
    };
    Some(Evidence { title: title?.value, outcome, source: source?.value, class: class?, notes, body })
}

fn class(table: &Table<'_>) -> Option<Class> {
    let text = table.required_string("class")?;
    match text.value.as_str() {
        "A" => Some(Class::Primary),
        "B" => Some(Class::Secondary),
        "D" => Some(Class::Derived),
        "assumed" => Some(Class::Assumed),
        other => {
            table.report(
                Diagnostic::error("E0707", format!("`{other}` is no evidence class"))
                    .help("A: read in the primary text; B: secondary transcription; D: derived; assumed"),
                text.span,
            );
            None
        }
    }
}
