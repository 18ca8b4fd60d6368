//! `exposim fit`: a response model from evidence, as a table of estimates, a response file and a page.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use comfy_table::{Table, presets};

use super::files::{Disk, named};
use super::{Stop, print};
use crate::diagnostic::Problems;
use crate::document::{Files, Shipped, beside};
use crate::evidence::fit_file::{FitFile, tables};
use crate::evidence::{Evidence, Fit, Summary};
use crate::model::{Choices, Model};
use crate::output::{OutFolder, write_draws};
use crate::report::render_fit;
use crate::run::{fit_evidence, fitted_curves};

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
    /// Threads [default: as many as the machine has].
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    threads: usize,
    /// Simulate the exposures of the evidence's arms with this model, as a study does; without it the exposure laws of
    /// the file are taken.
    #[arg(long)]
    model: Option<String>,
    /// Write `response.toml`, which a study can name, and its joint draws into this new or empty folder, with the
    /// estimates as `summary.txt`. Published ratios give no response file.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Also write the page `report.html` with the curves.
    #[arg(long, requires = "out")]
    report: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let source = named(&arguments.evidence).map_err(Problems::from)?;
    let (evidence, warnings) = Evidence::read(&source)?;
    warnings.iter().for_each(|w| anstream::eprintln!("{w}"));
    // Paths count from where the command is given.
    let files = Disk::beside(Path::new(""));
    let model = match &arguments.model {
        Some(name) => {
            let source = files.open(name).map_err(Problems::from)?;
            Some(Model::read(&source, &Choices::default())?.0)
        }
        None => None,
    };
    let kinetics = model.as_ref().map(|model| (model, 0));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build();
    let pool = pool.map_err(|error| Stop::Run(error.to_string()))?;
    let wanted = (arguments.seed, arguments.draws);
    let fit = pool.install(|| fit_evidence(&evidence, &arguments.evidence, &files, kinetics, wanted))?;
    fit.summary.warnings.iter().for_each(|w| anstream::eprintln!("{w}"));
    let sheet = sheet(&evidence, &fit.summary);
    if let Some(folder) = &arguments.out {
        let mut out = OutFolder::create(folder)?;
        out.text("summary.txt", &sheet)?;
        let written = write_response(fit.clone(), arguments, &files, &mut out)?;
        if arguments.report {
            let page = render_fit(&fit.summary, &fitted_curves(&fit));
            out.text("report.html", &page.map_err(|error| Stop::Run(error.to_string()))?)?;
        }
        out.publish()?;
        let told = if written {
            format!("response file: {}", folder.join("response.toml").display())
        } else {
            format!(
                "no response file: {} gives ratios, which no study can name as a response",
                arguments.evidence
            )
        };
        anstream::eprintln!("{told}");
    }
    print(&sheet)
}

/// The response file with its tables of draws, and the model file of a time course unless it ships; whether there is
/// anything that a study can name.
fn write_response(
    mut fit: Fit,
    arguments: &Arguments,
    files: &Disk,
    out: &mut OutFolder,
) -> Result<bool, Stop> {
    if let Some(course) = &mut fit.course {
        let model = beside(&arguments.evidence, &course.model);
        if Shipped.open(&model).is_err() {
            let source = files.open(&model).map_err(Problems::from)?;
            out.text("model.toml", source.text())?;
            course.model = "model.toml".into();
        }
    }
    let models = fit.models();
    if models.is_empty() {
        return Ok(false);
    }
    let (tables, places) = tables(&models);
    for (number, draws) in (1..).zip(tables) {
        let file = out.file(&format!("draws-{number}.parquet"))?;
        out.keep(write_draws(file, draws)?)?;
    }
    let written: Vec<String> = places.iter().map(|place| format!("draws-{}.parquet", place + 1)).collect();
    out.text("response.toml", &FitFile::new(&fit, &written, arguments.seed).text()?)?;
    Ok(true)
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
