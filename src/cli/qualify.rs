//! `exposim qualify`: the installed program checks itself on this machine.

use std::path::PathBuf;

use clap::Args;

use super::{Stop, print};
use crate::output::{OutFolder, OutputError};
use crate::qualify::{Depth, qualify};
use crate::report::qualification;

/// Arguments of `exposim qualify`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where the report goes: a new or empty folder [default: out/qualify].
    #[arg(long, default_value = "out/qualify", hide_default_value = true)]
    out: PathBuf,
    /// Check more, in some ten times the time.
    #[arg(long)]
    thorough: bool,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    /// Print nothing but what failed.
    #[arg(long, short)]
    quiet: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let mut out = OutFolder::create(&arguments.out)?;
    let depth = if arguments.thorough { Depth::Thorough } else { Depth::Usual };
    let found = qualify(depth, &mut |checks| {
        let (Some(first), false) = (checks.first(), arguments.quiet) else { return };
        let passed = checks.iter().filter(|check| check.passed).count();
        anstream::eprintln!("{}: {passed} of {} passed", first.area, checks.len());
    });
    let json = serde_json::to_string_pretty(&found).map_err(|e| OutputError::Shape(e.to_string()))? + "\n";
    out.text("qualification.html", &qualification(&found).map_err(|e| Stop::Run(e.to_string()))?)?;
    out.text("qualification.json", &json)?;
    out.publish()?;
    if arguments.json {
        print(&json)?;
    } else if !arguments.quiet {
        let line = |check: &crate::qualify::Check| {
            let verdict = if check.passed { "passed" } else { "FAILED" };
            format!("{verdict}  {}: {}: {} ({})", check.area, check.name, check.found, check.allowed)
        };
        let lines: Vec<String> = found.checks.iter().map(line).collect();
        print(&lines.join("\n"))?;
        anstream::eprintln!("{:.1} s; report: {}", found.seconds, arguments.out.display());
    }
    let failed: Vec<String> =
        found.checks.iter().filter(|c| !c.passed).map(|c| format!("{}: {}", c.area, c.name)).collect();
    match failed.len() {
        0 => Ok(()),
        n => Err(Stop::Run(format!("{n} checks failed: {}", failed.join("; ")))),
    }
}
