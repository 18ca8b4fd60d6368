//! `exposim replay`: a finished run again from its own inputs, and whether every file comes out the same.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use clap::Args;
use serde::Deserialize;

use super::files::read;
use super::merge::study;
use super::results::produce;
use super::run::bar;
use super::{Stop, print};
use crate::diagnostic::{Diagnostic, Problems};
use crate::document::Recorder;
use crate::output::{Identity, OutFolder, WrittenFile};
use crate::run::{Cut, NoStore, Prepared, VERSION, Watch};

/// Arguments of `exposim replay`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The manifest of a finished run, or its out folder.
    manifest: PathBuf,
    /// Threads [default: as many as the machine has].
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    threads: usize,
    /// Print nothing but errors.
    #[arg(long, short)]
    quiet: bool,
}

/// What a replay needs of a manifest.
#[derive(Deserialize)]
struct Manifest {
    study: String,
    files: Vec<WrittenFile>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let given = &arguments.manifest;
    let path = if given.is_dir() { given.join("manifest.json") } else { given.clone() };
    let source = read(&path).map_err(Problems::from)?;
    let refused = |why: String| {
        let problem = Diagnostic::error("E0963", format!("{} cannot be replayed: {why}", source.name()));
        Stop::from(Problems::from(problem.help("name the manifest of a finished run, within its out folder")))
    };
    let manifest: Manifest = serde_json::from_str(source.text()).map_err(|e| refused(e.to_string()))?;
    let folder = path.parent().map(PathBuf::from).unwrap_or_default();
    let identity =
        Identity::of_results(&folder)?.ok_or_else(|| refused("`inputs.json` is not beside it".into()))?;
    if identity.hash != manifest.study {
        return Err(refused("`inputs.json` beside it belongs to another run".into()));
    }
    let files = Recorder::new(&identity.inputs);
    let study = study(&identity.inputs, &files)?;
    super::scenarios::refuse(&study, "replayed")?;
    let prepared = Prepared::new(&study, &files, arguments.threads)?;
    let scratch = std::env::temp_dir().join(format!("exposim-replay-{}", std::process::id()));
    // Never published: what it wrote goes when it is dropped.
    let mut out = OutFolder::create(&scratch)?;
    let cut = Cut::of(&study);
    let progress = bar(cut.costs(0..cut.blocks()), arguments.quiet);
    let watch = Watch { progress: &|n| progress.inc(n), stop: &AtomicBool::new(false) };
    let produced = produce(&prepared, &mut out, |rows| prepared.run(watch, &mut NoStore, rows));
    progress.finish_and_clear();
    produced?;
    let mut told = Vec::new();
    let mut differ = 0;
    for file in &manifest.files {
        let again = out.kept().iter().find(|again| again.name == file.name);
        let on_disk = fs::read(folder.join(&file.name)).map(|bytes| crate::document::sha256(&bytes));
        let verdict = match (again, on_disk) {
            (_, Err(_)) => "is missing from the folder",
            (_, Ok(hash)) if hash != file.sha256 => "was changed after the run",
            (Some(again), _) if again.sha256 == file.sha256 => "same",
            _ => "comes out differently",
        };
        differ += usize::from(verdict != "same");
        told.push(format!("{:<18} {verdict}", file.name));
    }
    if !arguments.quiet {
        print(&told.join("\n"))?;
    }
    match differ {
        0 => Ok(()),
        n if identity.version == VERSION => Err(Stop::Run(format!("{n} files are not the same"))),
        n => Err(Stop::Run(format!(
            "{n} files are not the same; the run was made by version {}, this is {VERSION}",
            identity.version
        ))),
    }
}
