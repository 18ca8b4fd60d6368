//! `exposim explain`: one subject from covariates to outcome.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;

use super::files::{Disk, read};
use super::run::width;
use super::{Stop, print};
use crate::diagnostic::{Diagnostic, Problems, did_you_mean};
use crate::document::Recorder;
use crate::report::{Colour, explanation};
use crate::run::Prepared;
use crate::run::explanation::Explanation;
use crate::trial::Study;

/// Arguments of `exposim explain`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The study file.
    study: PathBuf,
    /// The subject's number, as in the rows of a run.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    id: u64,
    /// One arm only.
    #[arg(long)]
    arm: Option<String>,
    /// The seed, in place of the study's.
    #[arg(long)]
    seed: Option<u64>,
    /// Print everything as JSON, a list with an entry for each arm.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let source = read(&arguments.study).map_err(Problems::from)?;
    let disk = Disk::beside(&arguments.study);
    let files = Recorder::new(&disk);
    let (mut study, _) = Study::read(&source, &files, &crate::run::kind)?;
    study.seed = arguments.seed.unwrap_or(study.seed);
    let arms = arms(&study, arguments.arm.as_deref())?;
    let prepared = Prepared::new(&study, &files, 0)?;
    let told: Vec<Explanation> = arms.iter().filter_map(|&arm| prepared.explain(arguments.id, arm)).collect();
    if arguments.json {
        return print(&serde_json::to_string_pretty(&told).map_err(|e| Stop::Run(e.to_string()))?);
    }
    let colour = if std::io::stdout().is_terminal() { Colour::Always } else { Colour::Never };
    let stories: Vec<String> = told.iter().map(|one| explanation(one, width(), colour)).collect();
    print(&stories.join("\n"))
}

/// The places of the arms that are asked for.
fn arms(study: &Study, name: Option<&str>) -> Result<Vec<usize>, Problems> {
    let Some(name) = name else { return Ok((0..study.arms.len()).collect()) };
    let names = || study.arms.iter().map(|a| a.name.as_str());
    match names().position(|n| n == name) {
        Some(place) => Ok(vec![place]),
        None => {
            let known = names().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            let help = did_you_mean(name, names())
                .map_or_else(|| format!("the arms are {known}"), |near| format!("did you mean `{near}`?"));
            Err(Diagnostic::error("E0802", format!("there is no arm `{name}`")).help(help).into())
        }
    }
}
