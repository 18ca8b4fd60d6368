//! `exposim simulate`: a data set run through a model.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::Stop;
use super::files::{Disk, named, read};
use super::table::write_parquet;
use crate::diagnostic::{Diagnostic, Problems};
use crate::dosing::dataset::DataSet;
use crate::dosing::record::Carry;
use crate::dosing::timeline::{Administered, Ending, Form};
use crate::model::{Choices, Method, Model, Solver};
use crate::output::{OutFolder, results_json};
use crate::run::simulate::{BetweenSubjects, Request, Residual, Rows, Simulation, administered, simulate};
use crate::run::vpc::vpc;

/// Arguments of `exposim simulate`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The model: a shipped name or a file.
    #[arg(long)]
    model: String,
    /// The data set: comma- or blank-separated, NONMEM's columns.
    #[arg(long)]
    data: PathBuf,
    /// Where the result goes, as Parquet where the name ends so, else as CSV; standard output otherwise.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Draw random effects for each subject (the default).
    #[arg(long, overrides_with = "no_iiv")]
    iiv: bool,
    /// All random effects are zero.
    #[arg(long)]
    no_iiv: bool,
    /// A visual predictive check in place of predictions: simulate the data set so many times, compare percentiles with
    /// the column DV, and keep the result in the folder `--out` for `exposim plot FOLDER --what vpc`.
    #[arg(long, value_name = "TIMES", requires = "out", value_parser = clap::value_parser!(u32).range(20..=10_000))]
    vpc: Option<u32>,
    /// Add a column with residual error for each output that has one.
    #[arg(long)]
    residual: bool,
    /// Print when each dose really enters instead of predictions.
    #[arg(long)]
    events: bool,
    /// Show all records, not observations only.
    #[arg(long)]
    all_records: bool,
    /// Covariates of a record hold over the interval that ends at it, as in NONMEM (the default).
    #[arg(long, overrides_with = "locf")]
    nocb: bool,
    /// Covariates of a record hold over the interval that begins at it.
    #[arg(long)]
    locf: bool,
    /// The seed of all draws.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The draw of the model's uncertain parameters; 0 is their published values.
    #[arg(long, default_value_t = 0)]
    draw: u32,
    /// Method for equations that are not linear, in place of the model's.
    #[arg(long)]
    method: Option<MethodWord>,
    /// Relative tolerance for such equations.
    #[arg(long)]
    rtol: Option<f64>,
    /// Absolute tolerance for such equations, in the units of the compartments.
    #[arg(long)]
    atol: Option<f64>,
    /// An option of the model and what to choose, as in `variability=phase-1`.
    #[arg(long = "choose", value_name = "OPTION=CHOICE")]
    choices: Vec<String>,
    /// A modifier of the model that is to act, as in `strong-cyp3a4-inhibitor`; may be given several times.
    #[arg(long = "modifier", value_name = "NAME")]
    modifiers: Vec<String>,
}

/// A method by its word.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum MethodWord {
    Automatic,
    Explicit,
    Stiff,
}

impl MethodWord {
    fn method(self) -> Method {
        match self {
            MethodWord::Automatic => Method::Automatic,
            MethodWord::Explicit => Method::Explicit,
            MethodWord::Stiff => Method::Stiff,
        }
    }
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> Result<(), Stop> {
    let (model, warnings) = Model::read_with(
        &named(&arguments.model).map_err(Problems::from)?,
        &choices(arguments)?,
        &Disk::beside(Path::new(&arguments.model)),
    )?;
    tell(&warnings);
    let (data, warnings) = DataSet::read(&read(&arguments.data).map_err(Problems::from)?)?;
    tell(&warnings);
    let request = request(arguments, &model);
    if let (Some(replicates), Some(folder)) = (arguments.vpc, &arguments.out) {
        let mut out = OutFolder::create(folder)?;
        out.text("vpc.json", &results_json(&vpc(&model, &data, &request, replicates)?)?)?;
        out.publish()?;
        return Ok(());
    }
    let mut text = Vec::new();
    if arguments.events {
        let doses = administered(&model, &data, &request)?;
        write_events(&model, &data, &doses, &mut text)
    } else {
        let simulation = simulate(&model, &data, &request)?;
        tell(&simulation.warnings);
        for failure in &simulation.failures {
            let id = data.subjects().get(failure.subject).map_or("", |s| s.id.as_str());
            anstream::eprintln!(
                "subject {id} failed on the way to row {}: {}",
                failure.row + 1,
                failure.reason
            );
        }
        let reasons = reasons(&data, &simulation);
        if let Some(path) = arguments.out.as_deref().filter(|p| p.extension().is_some_and(|e| e == "parquet"))
        {
            return write_parquet(path, &data, &simulation, &reasons)
                .map_err(|error| Stop::Run(error.to_string()));
        }
        write_rows(&data, &simulation, &reasons, &mut text)
    }
    .map_err(|error| Stop::Run(error.to_string()))?;
    match &arguments.out {
        Some(path) => {
            fs::write(path, text).map_err(|error| Stop::Run(format!("{}: {error}", path.display())))
        }
        None => io::stdout().write_all(&text).map_err(|error| Stop::Run(error.to_string())),
    }
}

fn choices(arguments: &Arguments) -> Result<Choices, Problems> {
    let split = |text: &String| {
        let (option, choice) = text.split_once('=').ok_or_else(|| {
            Diagnostic::error("E0901", format!("`--choose {text}` is incomplete"))
                .help("write the option and what to choose, as in `--choose variability=phase-1`")
        })?;
        Ok((option.trim().to_owned(), choice.trim().to_owned()))
    };
    let options = arguments.choices.iter().map(split).collect::<Result<_, Diagnostic>>()?;
    Ok(Choices { options, modifiers: arguments.modifiers.clone() })
}

fn request(arguments: &Arguments, model: &Model) -> Request {
    let own = model.solver();
    Request {
        carry: if arguments.locf { Carry::Forward } else { Carry::Backward },
        between: if arguments.no_iiv { BetweenSubjects::Typical } else { BetweenSubjects::Drawn },
        residual: if arguments.residual { Residual::Drawn } else { Residual::None },
        rows: if arguments.all_records { Rows::All } else { Rows::Observations },
        seed: arguments.seed,
        draw: arguments.draw,
        solver: Some(Solver {
            method: arguments.method.map_or(own.method, MethodWord::method),
            relative: arguments.rtol.unwrap_or(own.relative),
            absolute: arguments.atol.unwrap_or(own.absolute),
        }),
    }
}

fn tell(warnings: &[Diagnostic]) {
    for warning in warnings {
        anstream::eprintln!("{warning}");
    }
}

/// A number as short as it can be read back.
fn number(value: f64) -> String {
    format!("{value:?}").trim_end_matches(".0").to_owned()
}

/// For each row shown, the code of the reason why there is no prediction; empty where there is one.
fn reasons(data: &DataSet, simulation: &Simulation) -> Vec<&'static str> {
    let mut failures = simulation.failures.iter().peekable();
    let mut reasons = Vec::with_capacity(simulation.rows.len());
    for predicted in &simulation.rows {
        let over = |place: usize| data.subjects().get(place).is_none_or(|s| s.rows.end <= predicted.row);
        while failures.next_if(|failure| over(failure.subject)).is_some() {}
        reasons.push(match (&predicted.values, failures.peek()) {
            (None, Some(failure)) => failure.reason.code(),
            _ => "",
        });
    }
    reasons
}

/// Every column of the data, the predictions, and the reason where a subject failed.
fn write_rows(
    data: &DataSet,
    simulation: &Simulation,
    reasons: &[&str],
    out: &mut Vec<u8>,
) -> csv::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    let names = data.columns().iter().map(String::as_str);
    writer.write_record(names.chain(simulation.columns.iter().map(|c| c.name.as_str())).chain(["REASON"]))?;
    for (predicted, reason) in simulation.rows.iter().zip(reasons) {
        for column in 0..data.columns().len() {
            writer.write_field(data.cell(predicted.row, column))?;
        }
        for place in 0..simulation.columns.len() {
            let value = predicted.values.as_ref().and_then(|values| values.get(place));
            writer.write_field(value.map(|value| number(*value)).unwrap_or_default())?;
        }
        writer.write_field(reason)?;
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()?;
    Ok(())
}

/// When each dose really enters: one row a dose, or part of a dose.
fn write_events(
    model: &Model,
    data: &DataSet,
    doses: &[(usize, Vec<Administered>)],
    out: &mut Vec<u8>,
) -> csv::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "ID",
        "ROW",
        "DOSE",
        "GIVEN",
        "ENTERS",
        "ENDS",
        "COMPARTMENT",
        "AMT",
        "F",
        "LAG",
        "AMOUNT",
        "RATE",
        "STATUS",
    ])?;
    for (subject, administered) in doses {
        let Some(subject) = data.subjects().get(*subject) else { continue };
        for dose in administered {
            let compartment = model.compartments().get(dose.compartment);
            let written = |amount: f64| compartment.map_or(amount, |c| c.unit.from_coherent(amount));
            let rate = match dose.form {
                Form::Bolus(_) => String::new(),
                Form::Infusion { rate, .. } => number(written(rate)),
            };
            let status = match dose.ending {
                Ending::Complete => "complete".to_owned(),
                Ending::Cancelled { at } => format!("cancelled at {}", number(at)),
                Ending::Interrupted { at } => format!("interrupted at {}", number(at)),
            };
            writer.write_record([
                subject.id.as_str(),
                &(subject.rows.start + dose.record + 1).to_string(),
                &dose.number.to_string(),
                &number(dose.given),
                &number(dose.enters),
                &number(dose.ends()),
                compartment.map_or("", |c| c.name.as_str()),
                &number(written(dose.amount)),
                &number(dose.bioavailability),
                &number(dose.lag),
                &number(written(dose.bioavailability * dose.amount)),
                &rate,
                &status,
            ])?;
        }
    }
    writer.flush()?;
    Ok(())
}
