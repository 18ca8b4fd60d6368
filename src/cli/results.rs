//! The result files of a run: rows as they come, everything else at the end.

use std::path::Path;
use std::time::Duration;

use super::Stop;
use crate::output::{
    BlockFolder, Column, ColumnKind, Identity, OutFolder, OutputError, ParquetRows, Values, dictionary,
    manifest, results_json, summary_columns, write_summary,
};
use crate::report::render;
use crate::run::results::Results;
use crate::run::rows::{RowColumn, columns};
use crate::run::{Prepared, RowBatch, RowSink, RunError, decision_columns, has_records, ledger_columns};
use crate::trial::Study;

impl From<OutputError> for Stop {
    fn from(error: OutputError) -> Self {
        match error.is_input() {
            true => Stop::Input(error.diagnostic().into()),
            false => Stop::Run(error.diagnostic().to_string()),
        }
    }
}

impl From<RunError> for Stop {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Place(error) => match error.downcast::<OutputError>() {
                Ok(error) => Stop::from(*error),
                Err(error) => Stop::Run(error.to_string()),
            },
            error => Stop::Run(error.to_string()),
        }
    }
}

/// The blocks of a run in its out folder.
pub(super) fn blocks<'s>(
    out: &Path,
    prepared: &Prepared<'s>,
    after: Duration,
) -> Result<BlockFolder<'s>, OutputError> {
    BlockFolder::new(out, prepared.inputs(), prepared.study(), after)
}

/// Lets a run produce its results, and writes them; they are not yet published.
pub(super) fn produce(
    prepared: &Prepared<'_>,
    out: &mut OutFolder,
    run: impl FnOnce(Option<RowSink<'_>>) -> Result<Results, RunError>,
) -> Result<Results, Stop> {
    let study = prepared.study();
    let mut results = if study.rows {
        let columns = columns(study);
        let mut rows = ParquetRows::new(out.file("subjects.parquet")?, &declared(study, &columns))?;
        let results = run(Some(&mut |batch: &RowBatch| Ok(write_rows(&mut rows, &columns, batch)?)))?;
        out.keep(rows.finish()?)?;
        if has_records(study) {
            records(prepared, out)?;
        }
        results
    } else {
        run(None)?
    };
    results.provenance.command = command(prepared);
    write(&results, prepared, out)?;
    Ok(results)
}

/// Writes the ledger of doses and the log of decisions.
fn records(prepared: &Prepared<'_>, out: &mut OutFolder) -> Result<(), Stop> {
    let study = prepared.study();
    let (ledger, decisions) = (ledger_columns(study), decision_columns(study));
    let mut doses = ParquetRows::new(out.file("ledger.parquet")?, &declared(study, &ledger))?;
    let mut log = ParquetRows::new(out.file("decisions.parquet")?, &declared(study, &decisions))?;
    prepared.records(&mut |given: &RowBatch, decided: &RowBatch| {
        write_rows(&mut doses, &ledger, given)?;
        Ok(write_rows(&mut log, &decisions, decided)?)
    })?;
    out.keep(doses.finish()?)?;
    out.keep(log.finish()?)?;
    Ok(())
}

/// The columns of the rows as the files declare them.
fn declared(study: &Study, columns: &[RowColumn]) -> Vec<Column> {
    let arms = study.arms.iter().map(|a| a.name.clone()).collect();
    let mut declared = vec![
        Column::new("ID", ColumnKind::Whole, "", "Subject; the same number is the same patient in every arm"),
        Column::new("ARM", ColumnKind::Level(arms), "", "Arm"),
    ];
    declared.extend(columns.iter().map(|c| match &c.levels {
        Some(levels) => Column::new(&c.name, ColumnKind::Level(levels.clone()), "", &c.label),
        None => Column::new(&c.name, ColumnKind::Real, c.unit.text(), &c.label),
    }));
    declared
}

fn write_rows(rows: &mut ParquetRows, columns: &[RowColumn], batch: &RowBatch) -> Result<(), OutputError> {
    let arms: Vec<Option<u32>> = batch.arm.iter().copied().map(Some).collect();
    // The place of a level: a small whole number.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let level = |v: &f64| (*v >= 0.0).then_some(*v as u32);
    let levels: Vec<Vec<Option<u32>>> = columns
        .iter()
        .zip(&batch.values)
        .map(|(c, values)| if c.levels.is_some() { values.iter().map(level).collect() } else { Vec::new() })
        .collect();
    let mut values = vec![Values::Whole(&batch.id), Values::Level(&arms)];
    values.extend(columns.iter().zip(&batch.values).zip(&levels).map(|((c, real), levels)| match c.levels {
        Some(_) => Values::Level(levels),
        None => Values::Real(real),
    }));
    rows.write_batch(&values)
}

/// The command that gives the same results again, without paths.
fn command(prepared: &Prepared<'_>) -> String {
    let (study, name) = (prepared.study(), &prepared.inputs().study.name);
    let rows = if study.rows { "" } else { " --no-rows" };
    format!(
        "exposim run {name} --seed {} --subjects {} --draws {}{rows}",
        study.seed, study.subjects, study.draws
    )
}

/// Everything but the rows, the manifest last.
fn write(results: &Results, prepared: &Prepared<'_>, out: &mut OutFolder) -> Result<(), Stop> {
    let study = prepared.study();
    let summary = out.file("summary.csv")?;
    out.keep(write_summary(summary, results.estimates())?)?;
    let page = render(results).map_err(|e| Stop::Run(e.to_string()))?;
    out.text("report.html", &page)?;
    out.text("results.json", &results_json(results)?)?;
    let summary_columns = summary_columns();
    let rows = declared(study, &columns(study));
    let mut tables = vec![("summary.csv", summary_columns.as_slice())];
    if study.rows {
        tables.push(("subjects.parquet", rows.as_slice()));
    }
    let (doses, log) = (declared(study, &ledger_columns(study)), declared(study, &decision_columns(study)));
    if study.rows && has_records(study) {
        tables.push(("ledger.parquet", doses.as_slice()));
        tables.push(("decisions.parquet", log.as_slice()));
    }
    out.text("dictionary.yaml", &dictionary(&tables))?;
    let identity = Identity::of(prepared.inputs());
    out.text("inputs.json", &identity.json()?)?;
    let text = manifest(results, &identity.hash, out.kept())?;
    out.text("manifest.json", &text)?;
    Ok(())
}
