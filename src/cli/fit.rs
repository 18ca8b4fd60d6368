//! `exposim fit`: a response model from published figures, as a table of estimates.

use std::fmt::Write;
use std::path::Path;

use clap::Args;
use comfy_table::{Table, presets};

use super::files::{Disk, named};
use super::{Stop, print};
use crate::diagnostic::Problems;
use crate::document::Files;
use crate::evidence::paper::Body;
use crate::evidence::{Evidence, Inputs, Summary, fit};

/// Arguments of `exposim fit`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// An evidence file, or the name of a shipped one.
    evidence: String,
    /// The seed of all draws.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Joint draws of the parameters.
    #[arg(long, default_value_t = 4000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    draws: u32,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let source = named(&arguments.evidence).map_err(Problems::from)?;
    let (evidence, warnings) = Evidence::read(&source)?;
    warnings.iter().for_each(|w| anstream::eprintln!("{w}"));
    let data = match &evidence.body {
        Body::Individual(paper) => {
            let files = Disk::beside(Path::new(&arguments.evidence));
            Some(files.open(&paper.data).map_err(Problems::from)?)
        }
        _ => None,
    };
    let mut inputs = Inputs::new(arguments.seed);
    inputs.draws = arguments.draws;
    inputs.data = data.as_ref().map(|d| d.text());
    let summary = fit(&evidence, &inputs)?.summary;
    summary.warnings.iter().for_each(|w| anstream::eprintln!("{w}"));
    print(&sheet(&evidence, &summary))
}

fn sheet(evidence: &Evidence, summary: &Summary) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(vec!["", "estimate", "95 % interval"]);
    for figure in &summary.figures {
        let interval =
            figure.interval.map_or_else(String::new, |[l, u]| format!("{} to {}", short(l), short(u)));
        table.add_row(vec![figure.quantity.clone(), short(figure.estimate), interval]);
    }
    let mut text = format!("{}\n{}\n\n{}\n", summary.title, evidence.source, table.trim_fmt());
    if !summary.notes.is_empty() {
        text.push_str("\nnotes\n");
    }
    for note in &summary.notes {
        let _ = writeln!(text, "  - {note}");
    }
    text
}

/// Four decimals, or four digits where that says more.
fn short(value: f64) -> String {
    if value.abs() >= 0.01 && value.abs() < 1e5 { format!("{value:.4}") } else { format!("{value:.3e}") }
}
