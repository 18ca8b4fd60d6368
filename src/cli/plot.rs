//! `exposim plot`: the charts of a finished run as SVG files.

use std::fs;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::files::finished;
use super::{Stop, print};
use crate::report::{ChartKind, charts};

/// Arguments of `exposim plot`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The out folder of a run.
    run: PathBuf,
    /// Which charts.
    #[arg(long, value_enum)]
    what: What,
    /// The folder that takes the files [default: this one].
    #[arg(long, default_value = ".", hide_default_value = true)]
    out: PathBuf,
}

/// Which charts.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Concentrations over time by arm.
    Profile,
    /// Distributions of an exposure by arm.
    Troughs,
    /// Exposure-response curves with their evidence.
    Er,
    /// What is lost against what is avoided.
    BenefitRisk,
    /// Differences between arms.
    Differences,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let results = finished(&arguments.run)?;
    let kind = match arguments.what {
        What::Profile => ChartKind::Profile,
        What::Troughs => ChartKind::Troughs,
        What::Er => ChartKind::ExposureResponse,
        What::BenefitRisk => ChartKind::BenefitRisk,
        What::Differences => ChartKind::Differences,
    };
    let failed =
        |path: &PathBuf, e: std::io::Error| Stop::Run(format!("{} cannot be written: {e}", path.display()));
    fs::create_dir_all(&arguments.out).map_err(|e| failed(&arguments.out, e))?;
    let mut written = String::new();
    for chart in charts(&results, kind) {
        let path = arguments.out.join(format!("{}.svg", chart.name));
        fs::write(&path, &chart.svg).map_err(|e| failed(&path, e))?;
        written.push_str(&format!("{}: {}\n", path.display(), chart.title));
    }
    print(&written)
}
