//! `exposim run`: a study from its file to the out folder.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::files::{Disk, read};
use super::{Stop, print};
use crate::diagnostic::Problems;
use crate::output::{
    Column, ColumnKind, OutFolder, OutputError, ParquetRows, Values, dictionary, manifest, results_json,
    summary_columns, write_summary,
};
use crate::report::{Colour, render, terminal};
use crate::run::results::Results;
use crate::run::rows::{RowColumn, columns};
use crate::run::{Options, RowBatch, StudyError};
use crate::trial::Study;

/// Arguments of `exposim run`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The study file.
    study: PathBuf,
    /// Where results go: a new or empty folder [default: out/STUDY].
    #[arg(long)]
    out: Option<PathBuf>,
    /// The seed, in place of the study's.
    #[arg(long)]
    seed: Option<u64>,
    /// Subjects in each arm, in place of the study's.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    subjects: Option<u64>,
    /// Draws of the uncertain parameters, in place of the study's.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    draws: Option<u32>,
    /// Threads [default: as many as the machine has].
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    threads: usize,
    /// Write no row for each subject: summaries only, in memory that does not grow with the subjects.
    #[arg(long)]
    no_rows: bool,
    /// Print the results as JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Print nothing but errors.
    #[arg(long, short)]
    quiet: bool,
}

impl From<OutputError> for Stop {
    fn from(error: OutputError) -> Self {
        match error.is_input() {
            true => Stop::Input(error.diagnostic().into()),
            false => Stop::Run(error.diagnostic().to_string()),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let source = read(&arguments.study).map_err(Problems::from)?;
    let files = Disk::beside(&arguments.study);
    let (mut study, warnings) = Study::read(&source, &files, &crate::run::kind)?;
    if !arguments.quiet {
        warnings.iter().for_each(|w| anstream::eprintln!("{w}"));
    }
    study.seed = arguments.seed.unwrap_or(study.seed);
    study.subjects = arguments.subjects.unwrap_or(study.subjects);
    study.draws = arguments.draws.unwrap_or(study.draws);
    study.rows &= !arguments.no_rows;
    let name =
        arguments.study.file_stem().map_or_else(|| "study".into(), |s| s.to_string_lossy().into_owned());
    let folder = arguments.out.clone().unwrap_or_else(|| Path::new("out").join(&name));
    let mut out = OutFolder::create(&folder)?;
    let progress = bar(study.subjects, arguments.quiet);
    let results = simulate(&study, &files, arguments, &mut out, &progress);
    progress.finish_and_clear();
    let mut results = results?;
    results.provenance.command = command(&name, &study);
    write(&results, &study, &mut out)?;
    out.publish()?;
    if arguments.json {
        print(&results_json(&results)?)?;
    } else if !arguments.quiet {
        let colour = if std::io::stdout().is_terminal() { Colour::Always } else { Colour::Never };
        print(&terminal(&results, width(), colour))?;
        anstream::eprintln!("results: {}", folder.display());
    }
    Ok(())
}

/// The width of the terminal, or one that suits files.
pub(super) fn width() -> u16 {
    comfy_table::Table::new().width().map_or(110, |w| w.clamp(60, 160))
}

fn bar(subjects: u64, quiet: bool) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(subjects), target);
    let style =
        ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} subjects, {per_sec}, {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

fn simulate(
    study: &Study,
    files: &Disk,
    arguments: &Arguments,
    out: &mut OutFolder,
    progress: &ProgressBar,
) -> Result<Results, Stop> {
    let options = Options { threads: arguments.threads, progress: &|n| progress.inc(n) };
    let stop = |error: StudyError| match error {
        StudyError::Input(problems) => Stop::Input(problems),
        StudyError::Run(error) => Stop::Run(error.to_string()),
    };
    if !study.rows {
        return crate::run::run(study, files, options, None).map_err(stop);
    }
    let columns = columns(study);
    let declared = declared(study, &columns);
    let mut rows = ParquetRows::new(out.file("subjects.parquet")?, &declared)?;
    let results = crate::run::run(
        study,
        files,
        options,
        Some(&mut |batch: &RowBatch| Ok(write_rows(&mut rows, &columns, batch)?)),
    )
    .map_err(stop)?;
    out.keep(rows.finish()?)?;
    Ok(results)
}

/// The columns of the rows as the files declare them.
fn declared(study: &Study, columns: &[RowColumn]) -> Vec<Column> {
    let arms = study.arms.iter().map(|a| a.name.clone()).collect();
    let mut declared = vec![
        Column::new("ID", ColumnKind::Whole, "", "Subject; the same number is the same patient in every arm"),
        Column::new("ARM", ColumnKind::Level(arms), "", "Arm"),
    ];
    declared.extend(columns.iter().map(|c| match &c.levels {
        Some(levels) => Column::new(&c.name, ColumnKind::Level(levels.clone()), "", &c.label),
        None => Column::new(&c.name, ColumnKind::Real, c.unit.text(), &c.label),
    }));
    declared
}

fn write_rows(rows: &mut ParquetRows, columns: &[RowColumn], batch: &RowBatch) -> Result<(), OutputError> {
    let arms: Vec<Option<u32>> = batch.arm.iter().copied().map(Some).collect();
    // The place of a level: a small whole number.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let level = |v: &f64| (*v >= 0.0).then_some(*v as u32);
    let levels: Vec<Vec<Option<u32>>> = columns
        .iter()
        .zip(&batch.values)
        .map(|(c, values)| if c.levels.is_some() { values.iter().map(level).collect() } else { Vec::new() })
        .collect();
    let mut values = vec![Values::Whole(&batch.id), Values::Level(&arms)];
    values.extend(columns.iter().zip(&batch.values).zip(&levels).map(|((c, real), levels)| match c.levels {
        Some(_) => Values::Level(levels),
        None => Values::Real(real),
    }));
    rows.write_batch(&values)
}

/// The command that gives the same results again, without paths.
fn command(name: &str, study: &Study) -> String {
    let rows = if study.rows { "" } else { " --no-rows" };
    format!(
        "exposim run {name}.toml --seed {} --subjects {} --draws {}{rows}",
        study.seed, study.subjects, study.draws
    )
}

/// Everything but the rows, the manifest last.
fn write(results: &Results, study: &Study, out: &mut OutFolder) -> Result<(), Stop> {
    let summary = out.file("summary.csv")?;
    out.keep(write_summary(summary, &results.summary)?)?;
    let page = render(results).map_err(|e| Stop::Run(e.to_string()))?;
    out.text("report.html", &page)?;
    out.text("results.json", &results_json(results)?)?;
    let summary_columns = summary_columns();
    let rows = declared(study, &columns(study));
    let mut tables = vec![("summary.csv", summary_columns.as_slice())];
    if study.rows {
        tables.push(("subjects.parquet", rows.as_slice()));
    }
    out.text("dictionary.yaml", &dictionary(&tables))?;
    let text = manifest(results, out.kept())?;
    out.text("manifest.json", &text)?;
    Ok(())
}
