//! The command line: arguments, files, messages, exit codes.

mod simulate;
mod table;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::diagnostic::Problems;

/// Population pharmacokinetics, exposure-response and virtual trials.
#[derive(Debug, Parser)]
#[command(name = "exposim", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a NONMEM-style data set through a model.
    Simulate(simulate::Arguments),
}

/// How a command went wrong.
#[derive(Debug)]
enum Stop {
    /// The input is refused: exit code 2.
    Input(Problems),
    /// The run failed: exit code 1.
    Run(String),
}

impl From<Problems> for Stop {
    fn from(problems: Problems) -> Self {
        Stop::Input(problems)
    }
}

/// Runs the command line of this process. Exit codes: 0 fine, 1 the run failed, 2 the input is wrong.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.command {
        Command::Simulate(arguments) => simulate::run(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Input(problems)) => {
            anstream::eprintln!("{}", problems.coloured());
            ExitCode::from(2)
        }
        Err(Stop::Run(message)) => {
            anstream::eprintln!("error: {message}");
            ExitCode::from(1)
        }
    }
}
