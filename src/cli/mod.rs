//! The command line: arguments, files, messages, exit codes.

mod check;
mod diagram;
mod diff;
mod endpoints;
mod explain;
mod files;
mod fit;
mod machine;
mod manual;
mod merge;
mod models;
mod plan;
mod plot;
mod qualify;
mod replay;
mod results;
mod run;
mod scenarios;
mod schema;
mod shard;
mod sheet;
mod show;
mod signals;
mod simulate;
mod table;
mod validate;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::diagnostic::Problems;

/// Population pharmacokinetics, exposure-response and virtual trials.
#[derive(Debug, Parser)]
#[command(name = "exposim", version = crate::run::VERSION, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a study: table on the terminal; summary, rows, manifest and report in the out folder.
    Run(run::Arguments),
    /// Says what a study will take, and prints the submission of an array job that runs it.
    Plan(plan::Arguments),
    /// Joins the parts of a run that was spread over processes or machines.
    Merge(merge::Arguments),
    /// Checks the program on this machine and writes a report.
    Qualify(qualify::Arguments),
    /// Runs a finished run again from its own inputs, and compares every file.
    Replay(replay::Arguments),
    /// Runs a NONMEM-style data set through a model.
    Simulate(simulate::Arguments),
    /// Fits a response model to published figures and prints its estimates.
    Fit(fit::Arguments),
    /// Draws the charts of a finished run as SVG, PNG or PDF files.
    Plot(plot::Arguments),
    /// Follows one subject from covariates to outcome: every dose, decision and draw, and why.
    Explain(explain::Arguments),
    /// Works out endpoints from the rows of a finished run, without simulating again.
    Endpoints(endpoints::Arguments),
    /// Says what changed between two runs: inputs, settings, parameters, estimates, subjects.
    Diff(diff::Arguments),
    /// Checks files without running them.
    Check(check::Arguments),
    /// Lists the files that ship with the program, or the figures that its models were tested on.
    Models(models::Arguments),
    /// Prints completions for a shell.
    Completions(manual::Completions),
    /// Prints the manual, or writes a page for each command into a folder.
    Man(manual::Man),
    /// Prints JSON Schemas of the files a person writes.
    Schema(schema::Arguments),
    /// Shows a model or population: parameters, units, sources, equations, and how they are solved.
    Show(show::Arguments),
}

/// How a command went wrong.
#[derive(Debug)]
enum Stop {
    /// The input is refused: exit code 2.
    Input(Problems),
    /// The run failed: exit code 1.
    Run(String),
    /// Too many subjects failed; the results are kept: exit code 3.
    Budget(String),
    /// The input is refused, and the problems have been printed: exit code 2.
    Told,
}

impl From<Problems> for Stop {
    fn from(problems: Problems) -> Self {
        Stop::Input(problems)
    }
}

/// Writing to standard output failed; that a reader went away is no fault.
impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Stop::Run(String::new())
        } else {
            Stop::Run(format!("the output could not be written: {error}"))
        }
    }
}

/// Prints a result to standard output; nothing where there is none.
fn print(text: &str) -> Result<(), Stop> {
    if text.is_empty() {
        return Ok(());
    }
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Runs the command line of this process. Exit codes: 0 fine, 1 the run failed, 2 the input is wrong, 3 the failure budget
/// is spent.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.command {
        Command::Run(arguments) => run::run(arguments),
        Command::Plan(arguments) => plan::run(arguments),
        Command::Merge(arguments) => merge::run(arguments),
        Command::Qualify(arguments) => qualify::run(arguments),
        Command::Replay(arguments) => replay::run(arguments),
        Command::Simulate(arguments) => simulate::run(arguments),
        Command::Fit(arguments) => fit::run(arguments),
        Command::Plot(arguments) => plot::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Endpoints(arguments) => endpoints::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Models(arguments) => models::run(arguments),
        Command::Completions(arguments) => manual::completions(arguments, Arguments::command()),
        Command::Man(arguments) => manual::man(arguments, Arguments::command()),
        Command::Schema(arguments) => schema::run(arguments),
        Command::Show(arguments) => show::run(arguments),
    };
    let (message, code) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Stop::Input(problems)) => (problems.coloured(), 2),
        Err(Stop::Told) => return ExitCode::from(2),
        Err(Stop::Run(message)) if message.is_empty() => return ExitCode::from(1),
        Err(Stop::Budget(message)) => (format!("error: {message}"), 3),
        Err(Stop::Run(message)) => (format!("error: {message}"), 1),
    };
    anstream::eprintln!("{message}");
    ExitCode::from(code)
}
