//! A validation as people see it: a table, and a forest plot.

use super::chart::forest_of_comparisons;
use super::figure::{figure, rough};
use super::terminal::{Colour, fill, new_table, right_aligned};
use crate::run::validation::{Comparison, Validated};

/// The validation as text for a terminal `width` columns wide.
pub fn validation_table(validated: &Validated, width: u16, colour: Colour) -> String {
    let mut table = new_table(width);
    table.set_header(["Observed in", "n/N", "observed", "predicted", "95 % of trials", "", "data"]);
    for c in &validated.comparisons {
        table.add_row([
            c.label.clone(),
            c.events
                .map_or_else(|| format!("of {}", c.patients), |events| format!("{events}/{}", c.patients)),
            observed(c),
            figure(c.predicted, &c.unit),
            interval(c),
            place(c).to_owned(),
            if c.fitted { "fitted" } else { "not fitted" }.to_owned(),
        ]);
    }
    let mut parts = vec![colour.paint("1", &validated.title), right_aligned(table, 1), counts(validated)];
    if !validated.unpredictable.is_empty() {
        let lines = validated
            .unpredictable
            .iter()
            .map(|u| fill(&format!("{} ({}): {}.", u.label, u.observed, u.why), width));
        parts.push(format!(
            "{}\n{}",
            colour.paint("1", "Not predictable"),
            lines.collect::<Vec<_>>().join("\n")
        ));
    }
    let notes: Vec<String> = validated
        .comparisons
        .iter()
        .filter(|c| !c.note.is_empty())
        .map(|c| colour.paint("2", &fill(&format!("{}: {}.", c.label, c.note), width)))
        .collect();
    if !notes.is_empty() {
        parts.push(notes.join("\n"));
    }
    parts.join("\n\n") + "\n"
}

/// How many observations lie inside the predictions, apart for what was fitted and what was not.
fn counts(validated: &Validated) -> String {
    let words = |fitted: bool, what: &str| {
        let (inside, all) = validated.inside(fitted);
        format!(
            "{what}: {inside} of {all} inside the interval that holds 95 % of simulated trials, {} outside.",
            all - inside
        )
    };
    format!("{}\n{}", words(false, "Not used in a fit"), words(true, "Used in a fit"))
}

/// The figure with its unit, and the standard error of a mean.
fn observed(c: &Comparison) -> String {
    let error = c.observed_error.map_or_else(String::new, |error| format!(" (SE {})", rough(error, &c.unit)));
    format!("{}{error} {}", figure(c.observed, &c.unit), c.unit)
}

fn interval(c: &Comparison) -> String {
    let [lower, upper] = c.prediction_interval.map(|v| figure(v, &c.unit));
    format!("{lower} to {upper}")
}

fn place(comparison: &Comparison) -> &'static str {
    if comparison.inside { "inside" } else { "OUTSIDE" }
}

/// The validation as a forest plot: an SVG file, complete in itself.
pub fn validation_plot(validated: &Validated) -> String {
    forest_of_comparisons(validated, &counts(validated))
}
