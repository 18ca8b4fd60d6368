//! `exposim plot`: the charts of a finished run as SVG, PNG or PDF files.

use std::fs;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::files::{finished, read};
use super::{Stop, print};
use crate::diagnostic::{Diagnostic, Problems};
use crate::report::{ChartFile, ChartKind, ImageFormat, charts, image, vpc_chart};
use crate::run::vpc::Vpc;

/// Arguments of `exposim plot`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The out folder of a run.
    run: PathBuf,
    /// Which charts.
    #[arg(long, value_enum)]
    what: What,
    /// The format of the files.
    #[arg(long, value_enum, default_value = "svg")]
    format: Format,
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
    /// Haemoglobin and other biomarkers over time by arm, with thresholds.
    #[value(alias = "biomarkers")]
    Hb,
    /// Time on treatment by arm (Kaplan-Meier), with numbers at risk.
    Km,
    /// Differences between arms with their intervals.
    #[value(alias = "differences")]
    Forest,
    /// A visual predictive check, of the folder of `exposim simulate --vpc`.
    Vpc,
    /// What is lost against what is avoided.
    BenefitRisk,
    /// Doses, holds and stops of single patients.
    Swimmers,
    /// What the differences depend on.
    Tornado,
}

impl What {
    fn name(self) -> &'static str {
        self.kind().map_or("vpc", ChartKind::name)
    }

    /// The charts of a run; none of a visual predictive check.
    fn kind(self) -> Option<ChartKind> {
        Some(match self {
            What::Vpc => return None,
            What::Profile => ChartKind::Profile,
            What::Troughs => ChartKind::Troughs,
            What::Er => ChartKind::ExposureResponse,
            What::Hb => ChartKind::Biomarkers,
            What::Km => ChartKind::Persistence,
            What::Forest => ChartKind::Forest,
            What::BenefitRisk => ChartKind::BenefitRisk,
            What::Swimmers => ChartKind::Patients,
            What::Tornado => ChartKind::Tornado,
        })
    }
}

/// The format of files.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Scalable; opens in browsers and drawing programs.
    Svg,
    /// Pixels, for slides.
    Png,
    /// Scalable, a page for each chart.
    Pdf,
}

impl Format {
    fn image(self) -> ImageFormat {
        match self {
            Format::Svg => ImageFormat::Svg,
            Format::Png => ImageFormat::Png,
            Format::Pdf => ImageFormat::Pdf,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let format = arguments.format.image();
    let failed =
        |path: &PathBuf, e: std::io::Error| Stop::Run(format!("{} cannot be written: {e}", path.display()));
    let charts = drawn(arguments)?;
    if charts.is_empty() {
        let kind = arguments.what.name();
        let problem =
            Diagnostic::error("E0911", format!("{} holds nothing for `{kind}`", arguments.run.display()));
        return Err(Problems::from(problem.help(nothing(arguments.what))).into());
    }
    fs::create_dir_all(&arguments.out).map_err(|e| failed(&arguments.out, e))?;
    let mut written = String::new();
    for chart in charts {
        let path = arguments.out.join(format!("{}.{}", chart.name, format.extension()));
        let bytes = image(&chart.svg, format).map_err(|e| Stop::Run(e.to_string()))?;
        fs::write(&path, bytes).map_err(|e| failed(&path, e))?;
        written.push_str(&format!("{}: {}\n", path.display(), chart.title));
    }
    print(&written)
}

/// The charts, from the folder of a run or of a visual predictive check.
fn drawn(arguments: &Arguments) -> Result<Vec<ChartFile>, Stop> {
    let Some(kind) = arguments.what.kind() else {
        let source = read(&arguments.run.join("vpc.json")).map_err(Problems::from)?;
        let vpc: Vpc = serde_json::from_str(source.text()).map_err(|e| {
            let told = Diagnostic::error("E0910", format!("{} holds no results: {e}", source.name()));
            Problems::from(told.help("name the folder of `exposim simulate --vpc`"))
        })?;
        return Ok(vec![vpc_chart(&vpc)]);
    };
    Ok(charts(&finished(&arguments.run)?, kind))
}

/// What a study must have for charts of a kind.
fn nothing(what: What) -> &'static str {
    match what {
        What::Profile => "profiles are of the last dosing interval of an arm",
        What::Troughs => "distributions are of endpoints such as `Ctrough at week 52` or `HB at week 24`",
        What::Er => "curves are of responses that are the probability of an event",
        What::Hb => "courses are of responses that are a biomarker, at visits or endpoints",
        What::Km => "time on treatment needs `[discontinuation]` or a rule that stops treatment",
        What::Vpc => "visual predictive checks are of `exposim simulate --vpc`",
        What::Forest | What::BenefitRisk => "differences need two arms, and endpoints that are shares",
        What::Swimmers => {
            "doses of patients are kept where rules, decisions, adherence or discontinuation change them"
        }
        What::Tornado => "what differences depend on needs two arms and at least 50 draws",
    }
}
