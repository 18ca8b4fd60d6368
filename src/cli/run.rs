//! `exposim run`: a study from its file to the out folder.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::files::{Disk, read};
use super::machine::Machine;
use super::results::{blocks, produce};
use super::shard::Wanted;
use super::{Stop, print, scenarios, signals, validate};
use crate::diagnostic::{Diagnostic, Problems};
use crate::document::Recorder;
use crate::output::{Identity, OutFolder, complete, results_json};
use crate::report::{Colour, terminal};
use crate::run::results::Results;
use crate::run::{Cut, Prepared, RunError, Shard, StudyError, Watch};
use crate::trial::Study;
use crate::units::Quantity;

/// A run that is finished earlier keeps no blocks: it is sooner run again than continued.
const WORTH_KEEPING: Duration = Duration::from_secs(5);

/// Arguments of `exposim run`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) chosen: Chosen,
    /// Threads [default: as many as the machine has].
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub(super) threads: usize,
    /// Continue a run that was stopped: blocks that are finished are not computed again.
    #[arg(long)]
    pub(super) resume: bool,
    /// Compute one part of the run, such as 3/64; `auto` or auto/64 takes its number from an array job of Slurm, Grid
    /// Engine, Kubernetes or AWS Batch. `exposim merge` joins the parts.
    #[arg(long, value_name = "I/N")]
    pub(super) shard: Option<Wanted>,
    /// Print the results as JSON instead of a table.
    #[arg(long)]
    pub(super) json: bool,
    /// Print nothing but errors.
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// Which study, where its results go, and what holds in place of what its file says.
#[derive(Debug, Args)]
pub(super) struct Chosen {
    /// The study file.
    pub(super) study: PathBuf,
    /// Where results go: a new or empty folder [default: out/STUDY].
    #[arg(long)]
    out: Option<PathBuf>,
    /// The seed, in place of the study's.
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Subjects in each arm, in place of the study's.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(super) subjects: Option<u64>,
    /// Draws of the uncertain parameters, in place of the study's.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(super) draws: Option<u32>,
    /// The share of subjects that may fail, in place of the study's [default: 0.1 %].
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(super) max_failures: Option<f64>,
    /// Write no row for each subject: summaries only, in memory that does not grow with the subjects.
    #[arg(long)]
    pub(super) no_rows: bool,
    /// Write the rows as CSV too, beside Parquet.
    #[arg(long, conflicts_with = "no_rows")]
    pub(super) csv: bool,
}

impl Chosen {
    /// The folder that takes the results.
    pub(super) fn folder(&self) -> PathBuf {
        let named = || Path::new("out").join(self.study.file_stem().unwrap_or(self.study.as_os_str()));
        self.out.clone().unwrap_or_else(named)
    }

    /// Reads the study and puts in force what the command line says.
    pub(super) fn read(&self, files: &Recorder<'_>, quiet: bool) -> Result<Study, Stop> {
        let source = read(&self.study).map_err(Problems::from)?;
        let (mut study, warnings) = Study::read(&source, files, &crate::run::kind)?;
        if !quiet {
            warnings.iter().for_each(|w| anstream::eprintln!("{w}"));
        }
        self.apply(&mut study);
        Ok(study)
    }

    pub(super) fn apply(&self, study: &mut Study) {
        study.seed = self.seed.unwrap_or(study.seed);
        study.subjects = self.subjects.unwrap_or(study.subjects);
        study.draws = self.draws.unwrap_or(study.draws);
        study.max_failures = self.max_failures.unwrap_or(study.max_failures);
        study.rows &= !self.no_rows;
        study.csv |= self.csv;
    }
}

/// A share, such as 0.001 or "0.1 %".
fn share(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().or_else(|| Some(text.parse::<Quantity>().ok()?.coherent()));
    value
        .filter(|value| (0.0..=1.0).contains(value))
        .ok_or_else(|| "expected a share from 0 to 1, or in %, such as 0.001 or 0.1%".to_owned())
}

impl From<StudyError> for Stop {
    fn from(error: StudyError) -> Self {
        match error {
            StudyError::Input(problems) => Stop::Input(problems),
            StudyError::Run(error) => Stop::from(error),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let disk = Disk::beside(&arguments.chosen.study);
    let files = Recorder::new(&disk);
    let folder = arguments.chosen.folder();
    if let Some(source) = validate::opens(&arguments.chosen.study)? {
        return validate::run(&source, &files, &folder, arguments);
    }
    let source = read(&arguments.chosen.study).map_err(Problems::from)?;
    let grid = scenarios::read(&source, &files, arguments.quiet)?;
    if !grid.is_empty() {
        return scenarios::run(grid, &files, &folder, arguments);
    }
    let study = arguments.chosen.read(&files, arguments.quiet)?;
    match arguments.shard {
        Some(wanted) => {
            let shard = wanted
                .resolve(|name| std::env::var(name).ok())
                .map_err(|e| Problems::from(Diagnostic::error("E0960", e)))?;
            part(arguments, &study, &files, &folder, shard)
        }
        None => whole(arguments, &study, &files, &folder),
    }
}

/// The whole run, from its first block or from where it stopped.
fn whole(arguments: &Arguments, study: &Study, files: &Recorder<'_>, folder: &Path) -> Result<(), Stop> {
    let began = Instant::now();
    // A folder that cannot serve is refused before anything is computed.
    let out = if !arguments.resume {
        Some(OutFolder::create(folder)?)
    } else if complete(folder) {
        None
    } else {
        Some(OutFolder::resume(folder)?)
    };
    let prepared = Prepared::new(study, files, arguments.threads)?;
    let Some(mut out) = out else { return already_complete(arguments, &prepared, folder) };
    let after = if arguments.resume { Duration::ZERO } else { WORTH_KEEPING };
    let mut store = blocks(folder, &prepared, after)?;
    store.sweep(0..u32::MAX)?;
    let fitted = Instant::now();
    let stop = signals::stop();
    let cut = Cut::of(study);
    let progress = bar(cut.costs(0..cut.blocks()), arguments.quiet);
    let watch = Watch { progress: &|n| progress.inc(n), stop: &stop };
    let results = produce(&prepared, &mut out, |rows| match prepared.run(watch, &mut store, rows) {
        Err(RunError::Stopped) => Err(RunError::Place(stopped(arguments, folder, store.is_used()).into())),
        other => other,
    });
    progress.finish_and_clear();
    let results = results?;
    let spent = (fitted - began, fitted.elapsed());
    out.beside("machine.json", &Machine::of(prepared.threads(), spent, store.counts()).json()?)?;
    out.publish()?;
    store.remove()?;
    show(&results, folder, arguments.json, arguments.quiet)
}

/// The blocks of a shard.
fn part(
    arguments: &Arguments,
    study: &Study,
    files: &Recorder<'_>,
    folder: &Path,
    shard: Shard,
) -> Result<(), Stop> {
    if complete(folder) {
        OutFolder::create(folder)?;
    }
    let prepared = Prepared::new(study, files, arguments.threads)?;
    let mut store = blocks(folder, &prepared, Duration::ZERO)?;
    let own = Cut::of(study).shard(shard);
    store.sweep(own.clone())?;
    let stop = signals::stop();
    let progress = bar(Cut::of(study).costs(own.clone()), arguments.quiet);
    let watch = Watch { progress: &|n| progress.inc(n), stop: &stop };
    let done = prepared.fill(shard, watch, &mut store);
    progress.finish_and_clear();
    match done {
        Err(RunError::Stopped) => return Err(Stop::Run(stopped(arguments, folder, store.is_used()))),
        other => other?,
    }
    if !arguments.quiet {
        anstream::eprintln!(
            "shard {shard}: {} blocks in {}; when all shards are done: exposim merge {}",
            own.len(),
            folder.display(),
            folder.display()
        );
    }
    Ok(())
}

/// A run that was stopped after it had published its results.
fn already_complete(arguments: &Arguments, prepared: &Prepared<'_>, folder: &Path) -> Result<(), Stop> {
    if Identity::of_results(folder)?.is_none_or(|found| found.hash != prepared.inputs().hash()) {
        // Says what the folder holds.
        OutFolder::create(folder)?;
    }
    let store = blocks(folder, prepared, Duration::ZERO)?;
    store.remove()?;
    if !arguments.quiet {
        anstream::eprintln!("complete: {}", folder.display());
    }
    Ok(())
}

/// How to go on after a signal.
fn stopped(arguments: &Arguments, folder: &Path, kept: bool) -> String {
    if !kept {
        return "stopped before any block was worth keeping; nothing is left behind".to_owned();
    }
    let again = match arguments.shard {
        Some(_) => "give the same command again".to_owned(),
        None => "give the same command with `--resume`".to_owned(),
    };
    format!("stopped; finished blocks are in {}. To continue, {again}", folder.display())
}

/// Prints the results, and fails if the failure budget is spent.
pub(super) fn show(results: &Results, folder: &Path, json: bool, quiet: bool) -> Result<(), Stop> {
    if json {
        print(&results_json(results)?)?;
    } else if !quiet {
        let colour = if std::io::stdout().is_terminal() { Colour::Always } else { Colour::Never };
        print(&terminal(results, width(), colour))?;
        anstream::eprintln!("results: {}", folder.display());
    }
    match results.design.failed() {
        (failed, true) => Err(Stop::Budget(format!(
            "{failed} of {} subjects failed, more than the {} % that may; the results are kept, without these subjects",
            results.design.subjects,
            100.0 * results.design.max_failures
        ))),
        _ => Ok(()),
    }
}

/// The width of the terminal, or one that suits files.
pub(super) fn width() -> u16 {
    comfy_table::Table::new().width().map_or(110, |w| w.clamp(60, 160))
}

pub(super) fn bar(subjects: u64, quiet: bool) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(subjects), target);
    let style =
        ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} subjects, {per_sec}, {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
