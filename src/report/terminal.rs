use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table};

use super::answer::{answer, scenarios};
use super::figure::{count, rough};
use super::grid::{Grid, Row, Written};
use super::operating::Operating;
use super::page::outside;
use crate::run::results::{Estimate, Results};

/// Columns that the endpoints' names need at the least beside the arms.
const NAMES: usize = 26;

/// Whether text carries colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Plain text.
    Never,
    /// With escapes that terminals show as colours.
    Always,
}

impl Colour {
    pub(super) fn paint(self, code: &str, text: &str) -> String {
        match self {
            Colour::Never => text.to_owned(),
            Colour::Always => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

/// The results as text for a terminal `width` columns wide: the answer, the arms' estimates, the differences, what was
/// random and what was fixed, what lies outside the evidence, and warnings.
pub fn terminal(results: &Results, width: u16, colour: Colour) -> String {
    let bold = |text: &str| colour.paint("1", text);
    let mut parts = vec![bold(&results.title)];
    let lead = answer(results);
    if !lead.is_empty() {
        parts.push(fill(&lead, width));
    }
    let several = scenarios(results).len() > 1;
    for scenario in scenarios(results) {
        if several {
            parts.push(bold(&format!("Scenario {scenario}")));
        }
        let tables = Grid::all(results, scenario);
        parts.extend(tables.iter().map(|grid| format!("{}\n{}", bold(&grid.caption()), table(grid, width))));
    }
    if let Some(operating) = Operating::of(results) {
        let mut table = new_table(width);
        table.set_header(&operating.columns);
        operating.rows.iter().for_each(|row| {
            table.add_row(row);
        });
        parts.push(format!("{}\n{}", bold(&operating.caption), right_aligned(table, 1)));
        let notes = operating.notes.iter().map(|note| colour.paint("2", &fill(note, width)));
        parts.push(notes.collect::<Vec<_>>().join("\n"));
    }
    let foot = foot(results).iter().map(|line| colour.paint("2", &fill(line, width))).collect::<Vec<_>>();
    parts.push(foot.join("\n"));
    let warnings: Vec<String> =
        warnings(results).map(|text| colour.paint("33", &fill(&format!("warning: {text}"), width))).collect();
    if !warnings.is_empty() {
        parts.push(warnings.join("\n"));
    }
    parts.join("\n\n") + "\n"
}

/// What the figures are, and what was random and what was fixed.
fn foot(results: &Results) -> Vec<String> {
    let design = &results.design;
    let note = format!(
        "In parentheses 95 % intervals from parameter uncertainty; \u{b1} Monte-Carlo standard error. {} subjects in \
         each arm, the same in every arm; {} parameter draws; seed {}.",
        count(design.subjects),
        count(u64::from(design.draws)),
        design.seed
    );
    let gains = results.summary.iter().filter_map(|e| e.pairing_gain);
    let [least, most] = gains.fold([f64::INFINITY, 0.0], |[least, most], g| [g.min(least), g.max(most)]);
    let paired = (most > 0.0).then(|| {
        let times = if least < most { format!("{} to {}", rough(least, ""), rough(most, "")) } else { rough(most, "") };
        format!("Since subjects are the same in every arm, differences have variances {times} times smaller than with subjects of their own.")
    });
    let list =
        |what: &str, list: &[String]| (!list.is_empty()).then(|| format!("{what}: {}.", list.join(", ")));
    let lines = [Some(note), paired, list("Random", &design.random), list("Fixed", &design.fixed)];
    lines.into_iter().flatten().collect()
}

fn warnings(results: &Results) -> impl Iterator<Item = String> {
    outside(results).into_iter().chain(super::page::failures(results)).chain(results.warnings.iter().cloned())
}

/// A column for each arm where they fit; otherwise a line for each arm under its endpoint.
fn table(grid: &Grid<'_>, width: u16) -> String {
    let wide = by_column(grid, width);
    let arms: usize = wide.column_max_content_widths().iter().skip(1).map(|w| usize::from(*w) + 2).sum();
    right_aligned(if arms + NAMES <= usize::from(width) { wide } else { by_line(grid, width) }, 1)
}

fn by_column(grid: &Grid<'_>, width: u16) -> Table {
    let mut table = new_table(width);
    table.set_header(std::iter::once("Endpoint").chain(grid.arms.iter().copied()));
    for row in &grid.rows {
        let cells = row.cells.iter().map(|cell| cell.map(one_line).unwrap_or_default());
        table.add_row(std::iter::once(head(grid, row)).chain(cells));
    }
    table
}

fn by_line(grid: &Grid<'_>, width: u16) -> Table {
    let mut table = new_table(width);
    table.set_header(["Endpoint", ""]);
    for row in &grid.rows {
        table.add_row([head(grid, row), String::new()]);
        for (arm, cell) in grid.arms.iter().zip(&row.cells) {
            table.add_row([format!("  {arm}"), cell.map(one_line).unwrap_or_default()]);
        }
    }
    table
}

/// An empty table as wide as the terminal at the most.
pub(super) fn new_table(width: u16) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table
}

/// The table as text, numbers (all columns but the first `names`) to the right, without spaces at the ends of lines.
pub(super) fn right_aligned(mut table: Table, names: usize) -> String {
    for column in table.column_iter_mut().skip(names) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

fn head(grid: &Grid<'_>, row: &Row<'_>) -> String {
    let unit = grid.unit(row);
    let unit = if unit.is_empty() { String::new() } else { format!(" [{unit}]") };
    let what = grid.what(row);
    let what = if what.is_empty() { String::new() } else { format!(", {what}") };
    format!("{}{what}{unit}", row.endpoint.label)
}

fn one_line(estimate: &Estimate) -> String {
    let Written { value, interval, error } = Written::of(estimate);
    match interval {
        Some(interval) => format!("{value} ({interval}) \u{b1}{error}"),
        None => format!("{value} \u{b1}{error}"),
    }
}

/// A text in lines of at most `width` characters.
pub(super) fn fill(text: &str, width: u16) -> String {
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
