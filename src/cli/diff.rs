//! `exposim diff`: what changed between two runs.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::files::finished;
use super::run::width;
use super::{Stop, print};
use crate::output::{RowsCompared, compare_rows};
use crate::report::{Colour, changes, count, rough};
use crate::run::comparison::Comparison;

/// Arguments of `exposim diff`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The out folder of the first run.
    first: PathBuf,
    /// The out folder of the second run.
    second: PathBuf,
    /// Print the comparison as JSON.
    #[arg(long)]
    json: bool,
}

/// Everything that differs.
#[derive(Serialize)]
struct Difference {
    identical: bool,
    #[serde(flatten)]
    comparison: Comparison,
    /// `None` where one of the runs kept no rows.
    rows: Option<RowsCompared>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let first = finished(&arguments.first)?;
    let second = finished(&arguments.second)?;
    let comparison = Comparison::of(&first, &second);
    let rows = [&arguments.first, &arguments.second].map(|folder| folder.join("subjects.parquet"));
    let kept = rows.each_ref().map(|path| path.exists());
    let rows = match kept {
        [true, true] => Some(compare_rows(&rows[0], &rows[1])?),
        _ => None,
    };
    let identical = first == second && rows.as_ref().map_or(kept[0] == kept[1], same);
    let difference = Difference { identical, comparison, rows };
    if arguments.json {
        let text = serde_json::to_string_pretty(&difference).map_err(|e| Stop::Run(e.to_string()))?;
        return print(&text);
    }
    if identical {
        return print("identical");
    }
    let colour = if std::io::stdout().is_terminal() { Colour::Always } else { Colour::Never };
    let changed = changes(&difference.comparison, width(), colour);
    let subjects = match (&difference.rows, kept) {
        (Some(rows), _) => subjects(rows),
        (None, [true, false]) => "Rows of single subjects: in the first run only.".to_owned(),
        (None, [false, true]) => "Rows of single subjects: in the second run only.".to_owned(),
        (None, _) => "Rows of single subjects: neither run kept them.".to_owned(),
    };
    let parts: Vec<String> = [changed, subjects].into_iter().filter(|part| !part.is_empty()).collect();
    print(&parts.join("\n\n"))
}

fn same(rows: &RowsCompared) -> bool {
    rows.changed == 0 && rows.only_first == 0 && rows.only_second == 0 && rows.columns.is_empty()
}

fn subjects(rows: &RowsCompared) -> String {
    let mut lines = vec![format!(
        "Rows of single subjects: {} of {} differ; {} only in the first run, {} only in the second.",
        count(rows.changed),
        count(rows.rows),
        count(rows.only_first),
        count(rows.only_second)
    )];
    lines.extend(rows.columns.iter().map(|column| {
        let largest =
            column.largest.map_or_else(String::new, |d| format!(", by {} at the most", rough(d, "")));
        format!("  {}: {} rows{largest}", column.name, count(column.rows))
    }));
    lines.join("\n")
}
