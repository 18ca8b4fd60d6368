use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table};

use super::answer::{Contrast, answer, leading, scenarios};
use super::figure::{count, difference_unit, figure, rough, signed};
use super::page::outside;
use crate::run::results::{EndpointDesign, Estimate, Results};

/// Whether text carries colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Plain text.
    Never,
    /// With escapes that terminals show as colours.
    Always,
}

impl Colour {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Colour::Never => text.to_owned(),
            Colour::Always => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

/// The results as text for a terminal `width` columns wide: the answer, the arms' estimates, the differences, what lies
/// outside the evidence, warnings, and what was random and what was fixed.
pub fn terminal(results: &Results, width: u16, colour: Colour) -> String {
    let bold = |text: &str| colour.paint("1", text);
    let dim = |text: &str| colour.paint("2", text);
    let mut parts = vec![bold(&results.title)];
    let mut lead = answer(results);
    if !lead.is_empty() {
        lead = fill(&lead, width);
        parts.push(lead);
    }
    let several = scenarios(results).len() > 1;
    for scenario in scenarios(results) {
        if several {
            parts.push(bold(&format!("Scenario {scenario}")));
        }
        parts.push(arm_table(results, scenario, width));
        parts.extend(contrast_tables(results, scenario, width));
    }
    let note = format!(
        "In parentheses 95 % intervals from parameter uncertainty; \u{b1} Monte-Carlo standard error. {} subjects in \
         each arm, the same in every arm; {} parameter draws; seed {}.",
        count(results.design.subjects),
        count(u64::from(results.design.draws)),
        results.design.seed
    );
    let drawn =
        |what: &str, list: &[String]| (!list.is_empty()).then(|| format!("{what}: {}.", list.join(", ")));
    let foot = [Some(note), drawn("Random", &results.design.random), drawn("Fixed", &results.design.fixed)];
    parts
        .push(foot.into_iter().flatten().map(|line| dim(&fill(&line, width))).collect::<Vec<_>>().join("\n"));
    let failures =
        results.design.failures.iter().map(|(why, n)| format!("{} subjects failed: {why}", count(*n)));
    let warnings = outside(results).into_iter().chain(failures).chain(results.warnings.iter().cloned());
    let warnings: Vec<String> =
        warnings.map(|text| colour.paint("33", &fill(&format!("warning: {text}"), width))).collect();
    if !warnings.is_empty() {
        parts.push(warnings.join("\n"));
    }
    parts.join("\n\n") + "\n"
}

fn arm_table(results: &Results, scenario: &str, width: u16) -> String {
    let arms = &results.design.arms;
    let mut table = new_table(width, arms.iter().map(|arm| arm.name.as_str()));
    for endpoint in &results.design.endpoints {
        let cells: Vec<Option<&Estimate>> =
            arms.iter().map(|arm| leading(results, scenario, &arm.name, endpoint)).collect();
        if let Some(first) = cells.iter().flatten().next() {
            let statistic = if first.statistic == "proportion" { "" } else { &first.statistic };
            let head = row_head(endpoint, statistic, &endpoint.unit);
            table.add_row(std::iter::once(head).chain(cells.iter().map(|cell| cell_text(*cell, figure))));
        }
    }
    aligned(table)
}

fn contrast_tables(results: &Results, scenario: &str, width: u16) -> Vec<String> {
    let contrasts: Vec<Contrast<'_>> =
        Contrast::all(results).into_iter().filter(|c| c.estimate.scenario == scenario).collect();
    let mut references: Vec<&str> = contrasts.iter().map(|contrast| contrast.reference).collect();
    references.dedup();
    let mut texts = Vec::new();
    for (i, reference) in references.iter().enumerate() {
        if references[..i].contains(reference) {
            continue;
        }
        let compares = |arm: &str| contrasts.iter().any(|c| c.arm == arm && c.reference == *reference);
        let arms: Vec<&str> =
            results.design.arms.iter().map(|arm| arm.name.as_str()).filter(|arm| compares(arm)).collect();
        let mut table = new_table(width, arms.iter().copied());
        for endpoint in &results.design.endpoints {
            let cells: Vec<Option<&Estimate>> = arms
                .iter()
                .map(|arm| {
                    let of = |c: &&Contrast<'_>| c.arm == *arm && c.is(scenario, reference, &endpoint.name);
                    contrasts.iter().find(of).map(|contrast| contrast.estimate)
                })
                .collect();
            if cells.iter().any(Option::is_some) {
                let head = row_head(endpoint, "", difference_unit(&endpoint.unit));
                table.add_row(std::iter::once(head).chain(cells.iter().map(|cell| cell_text(*cell, signed))));
            }
        }
        texts.push(format!(
            "Difference from \u{201c}{reference}\u{201d}, subject by subject\n{}",
            aligned(table)
        ));
    }
    texts
}

fn new_table<'a>(width: u16, arms: impl Iterator<Item = &'a str>) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_header(std::iter::once("Endpoint").chain(arms));
    table
}

/// The table as text, numbers to the right, without spaces at the ends of lines.
fn aligned(mut table: Table) -> String {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

fn row_head(endpoint: &EndpointDesign, statistic: &str, unit: &str) -> String {
    let unit = if unit.is_empty() { String::new() } else { format!(" [{unit}]") };
    let statistic = if statistic.is_empty() { String::new() } else { format!(", {statistic}") };
    format!("{}{statistic}{unit}", endpoint.label)
}

fn cell_text(estimate: Option<&Estimate>, write: fn(f64, &str) -> String) -> String {
    let Some(estimate) = estimate else { return String::new() };
    let value = write(estimate.value, &estimate.unit);
    let error = rough(estimate.mc_error, &estimate.unit);
    match (estimate.lower, estimate.upper) {
        (Some(lower), Some(upper)) => format!(
            "{value} ({} to {}) \u{b1}{error}",
            write(lower, &estimate.unit),
            write(upper, &estimate.unit)
        ),
        _ => format!("{value} \u{b1}{error}"),
    }
}

/// A text in lines of at most `width` characters.
fn fill(text: &str, width: u16) -> String {
    let width = usize::from(width.max(20));
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}
