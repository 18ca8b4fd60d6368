//! `exposim merge`: the shards of a run, joined.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use super::Stop;
use super::machine::Machine;
use super::results::{blocks, produce};
use super::run::show;
use crate::diagnostic::{Diagnostic, Problems, Source};
use crate::document::Recorder;
use crate::output::{BlockFolder, Identity, OutFolder, OutputError};
use crate::run::{Block, Failed, Inputs, Prepared, Store};
use crate::trial::Study;

/// Arguments of `exposim merge`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The out folders of the shards; one where all shards wrote to the same.
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// Where results go [default: the first folder].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Threads [default: as many as the machine has].
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    threads: usize,
    /// Print the results as JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Print nothing but errors.
    #[arg(long, short)]
    quiet: bool,
}

/// The blocks of several folders.
struct Folders<'s>(Vec<BlockFolder<'s>>);

impl Store for Folders<'_> {
    fn get(&mut self, number: u32) -> Result<Option<Block>, Failed> {
        for folder in &mut self.0 {
            if let Some(block) = folder.get(number)? {
                return Ok(Some(block));
            }
        }
        Ok(None)
    }

    fn put(&mut self, block: &Block) -> Result<(), Failed> {
        self.0.first_mut().map_or(Ok(()), |folder| folder.put(block))
    }
}

/// A study again from the inputs of its run.
pub(super) fn study(inputs: &Inputs, files: &Recorder<'_>) -> Result<Study, Problems> {
    let source = Source::new(&inputs.study.name, &*inputs.study.text);
    let (mut study, _) = Study::read(&source, files, &crate::run::kind)?;
    inputs.settings.apply(&mut study);
    Ok(study)
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let began = Instant::now();
    let Some(first) = arguments.folders.first() else { return Ok(()) };
    let identity = Identity::of_blocks(first)?.ok_or_else(|| {
        let problem = Diagnostic::error("E0961", format!("{} holds no blocks", first.display()));
        Problems::from(problem.help("name the out folders of `exposim run --shard`"))
    })?;
    let files = Recorder::new(&identity.inputs);
    let study = study(&identity.inputs, &files)?;
    let folder = arguments.out.as_ref().unwrap_or(first);
    let mut out = OutFolder::resume(folder)?;
    let prepared = Prepared::new(&study, &files, arguments.threads)?;
    let opened = arguments.folders.iter().map(|folder| blocks(folder, &prepared, Duration::ZERO));
    let mut store = Folders(opened.collect::<Result<_, OutputError>>()?);
    let fitted = Instant::now();
    let results = produce(&prepared, &mut out, |rows| prepared.merge(&mut store, rows))?;
    let found = store.0.iter().map(|folder| folder.counts().1).sum();
    let spent = (fitted - began, fitted.elapsed());
    out.beside("machine.json", &Machine::of(prepared.threads(), spent, (0, found)).json()?)?;
    out.publish()?;
    if let Some(place) = arguments.folders.iter().position(|f| f == folder) {
        store.0.swap_remove(place).remove()?;
    }
    show(&results, folder, arguments.json, arguments.quiet)
}
