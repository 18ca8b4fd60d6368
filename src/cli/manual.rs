//! `exposim completions` and `exposim man`: both from the one definition of the arguments.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man as Page;

use super::{Stop, print};

/// Arguments of `exposim completions`.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Arguments of `exposim man`.
#[derive(Debug, Args)]
pub(super) struct Man {
    /// The folder that takes the pages `exposim.1`, `exposim-run.1`, …; without it the main page is printed.
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(super) fn completions(arguments: &Completions, mut command: Command) -> Result<(), Stop> {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    print(&String::from_utf8_lossy(&script))
}

pub(super) fn man(arguments: &Man, mut command: Command) -> Result<(), Stop> {
    command.build();
    let Some(folder) = &arguments.out else {
        return print(&String::from_utf8_lossy(&page(command)?));
    };
    let failed = |path: &Path, error| Stop::Run(format!("{} cannot be written: {error}", path.display()));
    fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
    let own = std::iter::once((command.get_name().to_owned(), command.clone()));
    let commands = command.get_subcommands().filter(|c| c.get_name() != "help");
    let commands = commands.map(|c| (format!("exposim-{}", c.get_name()), c.clone()));
    let mut written = String::new();
    for (name, command) in own.chain(commands) {
        let path = folder.join(format!("{name}.1"));
        fs::write(&path, page(command)?).map_err(|e| failed(&path, e))?;
        written.push_str(&format!("{}\n", path.display()));
    }
    print(&written)
}

fn page(command: Command) -> Result<Vec<u8>, Stop> {
    let mut text = Vec::new();
    Page::new(command).render(&mut text)?;
    Ok(text)
}
