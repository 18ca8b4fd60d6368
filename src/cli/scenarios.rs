//! `exposim run` of a study with scenarios: one after another, and all in one table.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::Stop;
use super::results::{command, write};
use super::run::{Arguments, show};
use crate::diagnostic::{Diagnostic, Problems, Source};
use crate::document::Recorder;
use crate::output::{OutFolder, write_scenarios};
use crate::run::{Inputs, NoStore, Prepared, Watch, grid};
use crate::trial::{Scenario, Study, read_scenarios};

/// The scenarios of a study; none where it is one.
pub(super) fn read(
    source: &Arc<Source>,
    files: &Recorder<'_>,
    quiet: bool,
) -> Result<Vec<Scenario>, Problems> {
    let (scenarios, warnings) = read_scenarios(source, files, &crate::run::kind)?;
    if !quiet {
        warnings.iter().for_each(|w| anstream::eprintln!("{w}"));
    }
    Ok(scenarios)
}

/// What only one study can do, not a grid of scenarios.
pub(super) fn refuse(study: &Study, what: &str) -> Result<(), Problems> {
    if study.scenarios <= 1 {
        return Ok(());
    }
    let message = format!("a study of {} scenarios cannot be {what}", study.scenarios);
    Err(Diagnostic::error("E0964", message).help("run it whole, or take `[scenarios]` out").into())
}

/// Runs every scenario, without rows of single subjects.
pub(super) fn run(
    scenarios: Vec<Scenario>,
    files: &Recorder<'_>,
    folder: &Path,
    arguments: &Arguments,
) -> Result<(), Stop> {
    if let (true, Some(first)) = (arguments.resume || arguments.shard.is_some(), scenarios.first()) {
        refuse(&first.study, "cut into shards or resumed")?;
    }
    let mut out = OutFolder::create(folder)?;
    let mut parts = Vec::with_capacity(scenarios.len());
    let mut levels = Vec::with_capacity(scenarios.len());
    let mut first = None;
    for Scenario { name, levels: own, mut study } in scenarios {
        arguments.chosen.apply(&mut study);
        study.rows = false;
        let prepared = Prepared::new(&study, files, arguments.threads)?;
        let watch = Watch { progress: &|_| {}, stop: &AtomicBool::new(false) };
        let results = prepared.run(watch, &mut NoStore, None)?;
        if !arguments.quiet {
            anstream::eprintln!("{name}: simulated");
        }
        levels.push((name.clone(), own));
        parts.push((name, results));
        first.get_or_insert(study);
    }
    let (Some(mut results), Some(study)) = (grid::join(parts), first) else { return Ok(()) };
    let inputs = Inputs::of(&study, files);
    results.provenance.command = command(&study, &inputs);
    let table = out.file("scenarios.csv")?;
    out.keep(write_scenarios(table, &levels)?)?;
    write(&results, &study, &inputs, &mut out)?;
    out.publish()?;
    show(&results, folder, arguments.json, arguments.quiet)
}
