//! A data set run through a model: predictions at its records.

mod effects;

use rayon::prelude::*;

use crate::diagnostic::{Collector, Diagnostic, Problems};
use crate::dosing::dataset::DataSet;
use crate::dosing::record::{Carry, Record};
use crate::dosing::timeline::{Administered, Fault, Timeline, Unresolved};
use crate::expr::{Column, Program, Scratch};
use crate::kinetics::subject::{Individual, Prepared, Reason};
use crate::model::{Covariate, CovariateKind, Model, Solver};
use crate::population::{Individuals, correlate};
use crate::random::{Address, Purpose, Stream};
use crate::units::Unit;

/// Whether subjects differ beyond their covariates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BetweenSubjects {
    /// Each has random effects of its own.
    #[default]
    Drawn,
    /// All random effects are zero.
    Typical,
}

/// Whether observations carry residual error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Residual {
    /// Predictions only.
    #[default]
    None,
    /// A column more for each output that has a residual error.
    Drawn,
}

/// Which rows are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rows {
    /// Observation records (EVID 0, MDV 0).
    #[default]
    Observations,
    /// All records.
    All,
}

/// What is asked of a simulation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Which record's covariates hold between two records.
    pub carry: Carry,
    /// Random effects.
    pub between: BetweenSubjects,
    /// Residual error.
    pub residual: Residual,
    /// Rows shown.
    pub rows: Rows,
    /// The seed of all draws.
    pub seed: u64,
    /// The draw of the uncertain parameters; 0 is their published values.
    pub draw: u32,
    /// Method and tolerances in place of the model's.
    pub solver: Option<Solver>,
}

/// A column of predictions.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Its name: the output's, with `_DV` behind it where it carries residual error.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// What it is: of one with residual error, its law.
    pub description: String,
}

/// One row of predictions.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicted {
    /// The row of the data set.
    pub row: usize,
    /// One value a column, in the column's unit; none where the subject failed before this row.
    pub values: Option<Vec<f64>>,
}

/// A subject that could not be solved to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct FailedSubject {
    /// Its place among the subjects of the data set.
    pub subject: usize,
    /// Why.
    pub reason: Reason,
    /// The row of the data set on the way to which it failed.
    pub row: usize,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulation {
    /// The columns.
    pub columns: Vec<Prediction>,
    /// The rows that were asked for, in the order of the data set.
    pub rows: Vec<Predicted>,
    /// The subjects that failed, in the order of the data set.
    pub failures: Vec<FailedSubject>,
    /// What the user should know.
    pub warnings: Vec<Diagnostic>,
}

/// Runs a data set through a model. Subjects are solved side by side; the result does not depend on how many at once.
///
/// # Errors
/// E0204 and E0213 for covariates, E0205, E0209, E0210 and E0212 for records that do not go with the model, each with row and column; E0902 for
/// tolerances of no use. A subject whose solution fails is no error but one of [`Simulation::failures`].
pub fn simulate(model: &Model, data: &DataSet, request: &Request) -> Result<Simulation, Problems> {
    let study = Study::new(model, data, request)?;
    let timelines = study.timelines()?;
    let solved: Vec<Solved> = timelines
        .into_par_iter()
        .enumerate()
        .map(|(subject, timeline)| study.solve(subject, timeline))
        .collect();
    let mut simulation = Simulation {
        columns: study.columns(),
        rows: Vec::new(),
        failures: Vec::new(),
        warnings: study.warnings(),
    };
    for (subject, one) in solved.into_iter().enumerate() {
        simulation.rows.extend(one.rows);
        simulation.failures.extend(one.failure.map(|(reason, row)| FailedSubject { subject, reason, row }));
    }
    Ok(simulation)
}

/// When each dose of each subject really enters: for every subject that could be resolved its place among the
/// subjects of the data set and its doses, whose records count from the subject's first row.
///
/// # Errors
/// As [`simulate`].
pub fn administered(
    model: &Model,
    data: &DataSet,
    request: &Request,
) -> Result<Vec<(usize, Vec<Administered>)>, Problems> {
    let study = Study::new(model, data, request)?;
    let resolved = study.timelines()?.into_iter().enumerate();
    Ok(resolved
        .filter_map(|(place, timeline)| Some((place, timeline.ok()?.administered().to_vec())))
        .collect())
}

/// A model, a data set and what is asked, bound together.
struct Study<'a> {
    model: &'a Model,
    data: &'a DataSet,
    request: &'a Request,
    prepared: Prepared<'a>,
    /// Columns of the program inputs over all rows, covariates first, then random effects.
    typical: Vec<f64>,
    covariates: Vec<Vec<f64>>,
    effects: Vec<Vec<f64>>,
    individual: Vec<Vec<f64>>,
    /// What the standard deviation of each output's residual error is multiplied by.
    errors: Vec<f64>,
}

/// A timeline, or why the subject has none.
type Resolved = Result<Timeline, (Reason, usize)>;

/// One subject's share of the result.
struct Solved {
    rows: Vec<Predicted>,
    failure: Option<(Reason, usize)>,
}

impl<'a> Study<'a> {
    fn new(model: &'a Model, data: &'a DataSet, request: &'a Request) -> Result<Self, Problems> {
        let solver = request.solver.unwrap_or(*model.solver());
        let prepared =
            Prepared::new(model, &solver).map_err(|error| Diagnostic::error("E0902", error.to_string()))?;
        let individuals = Individuals::new(model, Vec::new(), request.seed);
        let typical = individuals.typical(request.draw);
        let outputs = model.outputs().iter();
        let errors = outputs.map(|output| individuals.residual_factor(request.draw, &output.name)).collect();
        let covariates = covariates(model, data, request.carry)?;
        let effects = effects::over_rows(model, data, request)?;
        let individual = individual(model, data, &typical, &covariates, &effects);
        Ok(Study { model, data, request, prepared, typical, covariates, effects, individual, errors })
    }

    /// The program inputs of one subject, record by record.
    fn inputs(&self, subject: usize) -> Individual {
        let rows = self.data.subjects().get(subject).map_or(0..0, |s| s.rows.clone());
        let count = self.model.layout().count();
        let columns = || self.covariates.iter().chain(&self.effects).chain(&self.individual);
        let records = rows
            .map(|row| {
                let mut inputs: Vec<f64> = self.typical.clone();
                inputs.extend(columns().map(|column| column.get(row).copied().unwrap_or(f64::NAN)));
                inputs.resize(count, 0.0);
                inputs
            })
            .collect();
        Individual { records }
    }

    fn records(&self, subject: usize) -> (usize, &'a [Record]) {
        let rows = self.data.subjects().get(subject).map_or(0..0, |s| s.rows.clone());
        (rows.start, self.data.records().get(rows).unwrap_or_default())
    }

    /// The timelines of all subjects. Records that do not go with the model are refused; parameters that do not go
    /// with the records are the subject's own failure.
    fn timelines(&self) -> Result<Vec<Resolved>, Problems> {
        let problems = Collector::new();
        let resolve = |subject: usize| {
            let (start, records) = self.records(subject);
            self.prepared
                .timeline(records, &self.inputs(subject))
                .map_err(|error| (start + error.record, error))
        };
        let resolved: Vec<_> = (0..self.data.subjects().len()).into_par_iter().map(resolve).collect();
        let mut timelines = Vec::with_capacity(resolved.len());
        for result in resolved {
            match result {
                Ok(timeline) => timelines.push(Ok(timeline)),
                Err((row, error)) => match self.refusal(row, &error) {
                    Some(told) if problems.errors() < MOST_ERRORS => problems.push(told),
                    Some(_) => {}
                    None => timelines.push(Err((Reason::Parameters(error.message), row))),
                },
            }
        }
        problems.finish(Some(timelines)).map(|(timelines, _)| timelines)
    }

    fn refusal(&self, row: usize, error: &Unresolved) -> Option<Diagnostic> {
        let (code, column, help) = match error.fault {
            Fault::Time => ("E0205", "TIME", "sort the records of each subject by time"),
            Fault::Target => {
                ("E0212", "CMT", "name a compartment or a formulation of the model, or give its number")
            }
            Fault::Rate => {
                ("E0209", "RATE", "give the model the attribute under `[doses]`, or the record a rate")
            }
            Fault::Interval => ("E0210", "II", "give a longer interval"),
            Fault::Attribute => return None,
        };
        Some(self.data.problem(code, row, column, &error.message).help(help))
    }

    fn columns(&self) -> Vec<Prediction> {
        let mut columns = Vec::new();
        for output in self.model.outputs() {
            let column = |name: String, description: String| Prediction {
                name,
                unit: output.unit.clone(),
                description,
            };
            columns.push(column(output.name.clone(), output.description.clone()));
            if let (Some(residual), Residual::Drawn) = (&output.residual, self.request.residual) {
                let description = format!("{} with residual error: {}", output.name, residual.words());
                columns.push(column(format!("{}_DV", output.name), description));
            }
        }
        columns
    }

    fn warnings(&self) -> Vec<Diagnostic> {
        let drawn = self.request.between == BetweenSubjects::Drawn && !self.model.effects().list().is_empty();
        if drawn && self.data.subjects().len() == 1 {
            let told = Diagnostic::warning("E0904", "one subject only, and its random effects are drawn");
            return vec![told.help("for the typical subject use `--no-iiv`")];
        }
        Vec::new()
    }

    fn solve(&self, subject: usize, timeline: Resolved) -> Solved {
        let (start, records) = self.records(subject);
        let individual = self.inputs(subject);
        let mut seen: Vec<Vec<f64>> = Vec::with_capacity(records.len());
        let failure = match timeline {
            Err(failure) => Some(failure),
            Ok(timeline) => self
                .prepared
                .solve(&timeline, &individual, self.request.carry, |record, _, outputs, _| {
                    seen.push(self.values(subject, record, outputs));
                })
                .err()
                .map(|failure| (failure.reason, start + failure.record)),
        };
        let shown = |record: &Record| self.request.rows == Rows::All || record.is_measured();
        let mut seen = seen.into_iter();
        let rows = records
            .iter()
            .enumerate()
            .map(|(place, record)| (shown(record), Predicted { row: start + place, values: seen.next() }))
            .filter_map(|(shown, predicted)| shown.then_some(predicted))
            .collect();
        Solved { rows, failure }
    }

    /// The outputs at a record in their units, with residual error where it is asked for. Each error has an address
    /// of its own: subject, name of the output and record.
    fn values(&self, subject: usize, record: usize, shown: &[f64]) -> Vec<f64> {
        let outputs = self.model.outputs();
        let (predictions, sds) = shown.split_at(outputs.len().min(shown.len()));
        let deviates = match self.request.residual {
            Residual::Drawn => self.deviates(subject as u64, record as u64),
            Residual::None => Vec::new(),
        };
        let mut sds = sds.iter();
        let mut values = Vec::with_capacity(2 * outputs.len());
        for (place, (output, prediction)) in outputs.iter().zip(predictions).enumerate() {
            values.push(output.unit.from_coherent(*prediction));
            let Some(residual) = &output.residual else { continue };
            if let (Some(sd), Some(deviate)) = (sds.next(), deviates.get(place)) {
                values.push(output.unit.from_coherent(residual.observe(
                    *prediction,
                    *sd * self.errors[place],
                    *deviate,
                )));
            }
        }
        values
    }

    /// The standard normal deviates of the outputs at a record, correlated as the model says.
    fn deviates(&self, subject: u64, record: u64) -> Vec<f64> {
        let address = Address::new(self.request.seed, Purpose::Residual).subject(subject);
        let deviate = |name: &str| {
            let mut stream = Stream::new(address.named(name));
            stream.seek(record);
            stream.normal()
        };
        let mut deviates: Vec<f64> = self.model.outputs().iter().map(|o| deviate(&o.name)).collect();
        correlate(self.model.residual_root(), &mut deviates);
        deviates
    }
}

/// After so many refusals the rest is not told.
const MOST_ERRORS: usize = 50;

/// The model's covariates over the rows of the data set, in coherent units or as places of levels.
fn covariates(model: &Model, data: &DataSet, carry: Carry) -> Result<Vec<Vec<f64>>, Problems> {
    let problems = Collector::new();
    let mut columns = Vec::new();
    for covariate in model.covariates() {
        match column(covariate, data, carry) {
            Ok(values) => columns.push(values),
            Err(found) => problems.extend(found),
        }
    }
    problems.finish(Some(columns)).map(|(columns, _)| columns)
}

fn column(covariate: &Covariate, data: &DataSet, carry: Carry) -> Result<Vec<f64>, Problems> {
    if let Some(value) = covariate.fixed {
        return Ok(vec![value; data.records().len()]);
    }
    match &covariate.kind {
        CovariateKind::Continuous { unit, .. } => {
            let values = data.covariate(&covariate.name, carry)?;
            Ok(values.into_iter().map(|value| unit.to_coherent(value)).collect())
        }
        CovariateKind::Categorical { levels, .. } => {
            let problems = Collector::new();
            let texts = data.levels(&covariate.name, carry)?;
            let mut places = Vec::with_capacity(texts.len());
            for (row, text) in texts.into_iter().enumerate() {
                // A level by its name, or by its place from 0 where names are no numbers.
                let by_name = levels.iter().position(|level| level == text);
                match by_name.or_else(|| text.parse().ok().filter(|place| *place < levels.len())) {
                    Some(place) => places.push(place as f64),
                    None if problems.errors() >= MOST_ERRORS => break,
                    None => {
                        let message = format!("`{text}` is not a level; the model has {}", levels.join(", "));
                        problems.push(data.problem("E0213", row, &covariate.name, &message));
                    }
                }
            }
            problems.finish(Some(places)).map(|(places, _)| places)
        }
    }
}

/// The individual parameters over the rows of the data set.
fn individual(
    model: &Model,
    data: &DataSet,
    typical: &[f64],
    covariates: &[Vec<f64>],
    effects: &[Vec<f64>],
) -> Vec<Vec<f64>> {
    let program = Program::compile(&model.individual().iter().map(|d| &d.value).collect::<Vec<_>>());
    let mut inputs: Vec<Column<'_>> = typical.iter().map(|value| Column::Scalar(*value)).collect();
    inputs.extend(covariates.iter().chain(effects).map(|column| Column::Slice(column)));
    inputs.resize(model.layout().count().max(inputs.len()), Column::Scalar(0.0));
    let mut columns = vec![vec![0.0; data.records().len()]; model.individual().len()];
    let mut outputs: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
    program.run_block(&inputs, &mut outputs, &mut Scratch::new());
    columns
}
