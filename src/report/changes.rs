//! What changed between two runs, as text for a terminal.

use super::figure::{count, difference_unit, figure, rough, signed};
use super::terminal::{Colour, new_table, right_aligned};
use crate::run::comparison::{Change, Comparison, MOVED, Shift};

/// A list of changes is cut after so many.
const MOST: usize = 30;

/// What changed between two runs, part by part; empty where nothing did.
pub fn changes(comparison: &Comparison, width: u16, colour: Colour) -> String {
    let bold = |text: &str| colour.paint("1", text);
    let mut parts = Vec::new();
    let inputs = comparison.inputs.iter().map(|input| match (&input.first, &input.second) {
        (Some(_), Some(_)) => format!("  {}: its text differs", input.what),
        (Some(_), None) => format!("  {}: in the first run only", input.what),
        _ => format!("  {}: in the second run only", input.what),
    });
    parts.extend(list(&bold("Inputs that differ"), inputs.collect()));
    parts.extend(list(&bold("Settings that differ"), comparison.settings.iter().map(line).collect()));
    parts.extend(list(&bold("Parameters that differ"), comparison.parameters.iter().map(line).collect()));
    if !comparison.moved.is_empty() {
        let heading = bold(&format!(
            "Estimates that differ by more than {MOVED} Monte-Carlo standard errors of the difference"
        ));
        parts.push(format!("{heading}\n{}", table(&comparison.moved, width)));
    }
    if !comparison.is_identical() {
        let (moved, all) =
            (comparison.moved.len(), comparison.moved.len() + comparison.within_error + comparison.same);
        parts.push(format!(
            "Of {} estimates {} moved beyond Monte-Carlo error, {} differ by less, {} are the same to the bit.",
            count(all as u64),
            count(moved as u64),
            count(comparison.within_error as u64),
            count(comparison.same as u64)
        ));
    }
    parts.join("\n\n")
}

fn list(heading: &str, mut lines: Vec<String>) -> Option<String> {
    let more = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    if more > 0 {
        lines.push(format!("  and {} more", count(more as u64)));
    }
    (!lines.is_empty()).then(|| format!("{heading}\n{}", lines.join("\n")))
}

fn line(change: &Change) -> String {
    let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "not there".to_owned());
    format!("  {}: {} \u{2192} {}", change.what, side(&change.first), side(&change.second))
}

fn table(moved: &[Shift], width: u16) -> String {
    let mut table = new_table(width);
    table.set_header(["Arm", "Estimate", "First", "Second", "Difference"]);
    for shift in moved.iter().take(MOST) {
        let unit = shift.unit.as_str();
        let value = |v: Option<f64>| v.map_or_else(|| "not there".to_owned(), |v| figure(v, unit));
        let difference = match (shift.first, shift.second, shift.mc_error) {
            (Some(a), Some(b), Some(error)) => {
                format!("{} \u{b1}{}", signed(b - a, unit), rough(error, unit))
            }
            _ => String::new(),
        };
        let arm = match &shift.reference {
            Some(reference) => format!("{} against {reference}", shift.arm),
            None => shift.arm.clone(),
        };
        let unit = if shift.reference.is_some() { difference_unit(unit) } else { unit };
        let scenario = if shift.scenario == "base" { String::new() } else { format!("{}: ", shift.scenario) };
        let what = format!("{scenario}{}, {} [{unit}]", shift.endpoint, shift.statistic);
        table.add_row([arm, what, value(shift.first), value(shift.second), difference]);
    }
    let cut = moved.len().saturating_sub(MOST);
    let more = if cut > 0 { format!("\nand {} more", count(cut as u64)) } else { String::new() };
    right_aligned(table, 2) + &more
}
