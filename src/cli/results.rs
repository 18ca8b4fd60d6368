//! The result files of a run: rows as they come, everything else at the end.

use std::path::Path;
use std::time::Duration;

use super::Stop;
use crate::output::{
    BlockFolder, Column, ColumnKind, CsvRows, Identity, OutFolder, OutputError, ParquetRows, Values,
    dictionary, manifest, results_json, summary_columns, write_summary,
};
use crate::report::render;
use crate::run::results::Results;
use crate::run::rows::{RowColumn, columns};
use crate::run::{
    Inputs, Prepared, RowBatch, RowSink, RunError, decision_columns, has_records, ledger_columns,
};
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
        let mut rows = Table::new(out, "subjects", study, columns)?;
        let results = run(Some(&mut |batch: &RowBatch| Ok(rows.write(batch)?)))?;
        rows.finish(out)?;
        if has_records(study) {
            records(prepared, out)?;
        }
        results
    } else {
        run(None)?
    };
    results.provenance.command = command(study, prepared.inputs());
    write(&results, study, prepared.inputs(), out)?;
    Ok(results)
}

/// Writes the ledger of doses and the log of decisions.
fn records(prepared: &Prepared<'_>, out: &mut OutFolder) -> Result<(), Stop> {
    let study = prepared.study();
    let mut doses = Table::new(out, "ledger", study, ledger_columns(study))?;
    let mut log = Table::new(out, "decisions", study, decision_columns(study))?;
    prepared.records(&mut |given: &RowBatch, decided: &RowBatch| {
        doses.write(given)?;
        Ok(log.write(decided)?)
    })?;
    doses.finish(out)?;
    log.finish(out)?;
    Ok(())
}

/// A table of rows as Parquet, and as CSV where the study asks for it.
struct Table {
    columns: Vec<RowColumn>,
    parquet: ParquetRows,
    csv: Option<CsvRows>,
}

impl Table {
    fn new(
        out: &mut OutFolder,
        name: &str,
        study: &Study,
        columns: Vec<RowColumn>,
    ) -> Result<Self, OutputError> {
        let declared = declared(study, &columns);
        let parquet = ParquetRows::new(out.file(&format!("{name}.parquet"))?, &declared)?;
        let csv = match study.csv {
            true => Some(CsvRows::new(out.file(&format!("{name}.csv"))?, &declared)?),
            false => None,
        };
        Ok(Table { columns, parquet, csv })
    }

    fn write(&mut self, batch: &RowBatch) -> Result<(), OutputError> {
        let Table { columns, parquet, csv } = self;
        values(columns, batch, |values| {
            parquet.write_batch(values)?;
            csv.as_mut().map_or(Ok(()), |csv| csv.write_batch(values))
        })
    }

    fn finish(self, out: &mut OutFolder) -> Result<(), OutputError> {
        out.keep(self.parquet.finish()?)?;
        self.csv.map_or(Ok(()), |csv| out.keep(csv.finish()?))
    }
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

/// Hands over a batch as values of the columns of a table.
fn values<T>(columns: &[RowColumn], batch: &RowBatch, of: impl FnOnce(&[Values<'_>]) -> T) -> T {
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
    of(&values)
}

/// The command that gives the same results again, without paths.
pub(super) fn command(study: &Study, inputs: &Inputs) -> String {
    let name = &inputs.study.name;
    let rows = match (study.rows, study.csv) {
        (false, _) => " --no-rows",
        (true, true) => " --csv",
        (true, false) => "",
    };
    format!(
        "exposim run {name} --seed {} --subjects {} --draws {}{rows}",
        study.seed, study.subjects, study.draws
    )
}

/// Everything but the rows, the manifest last.
pub(super) fn write(
    results: &Results,
    study: &Study,
    inputs: &Inputs,
    out: &mut OutFolder,
) -> Result<(), Stop> {
    let summary = out.file("summary.csv")?;
    out.keep(write_summary(summary, results.estimates())?)?;
    let page = render(results).map_err(|e| Stop::Run(e.to_string()))?;
    out.text("report.html", &page)?;
    out.text("results.json", &results_json(results)?)?;
    let summary_columns = summary_columns();
    let rows = declared(study, &columns(study));
    let mut tables = vec![("summary.csv".to_owned(), summary_columns.as_slice())];
    let (doses, log) = (declared(study, &ledger_columns(study)), declared(study, &decision_columns(study)));
    let named = [
        ("subjects", &rows, true),
        ("ledger", &doses, has_records(study)),
        ("decisions", &log, has_records(study)),
    ];
    for (name, columns, there) in named {
        let extensions = [("parquet", study.rows && there), ("csv", study.rows && there && study.csv)];
        for (extension, _) in extensions.iter().filter(|(_, written)| *written) {
            tables.push((format!("{name}.{extension}"), columns.as_slice()));
        }
    }
    let tables: Vec<(&str, &[Column])> =
        tables.iter().map(|(name, columns)| (name.as_str(), *columns)).collect();
    out.text("dictionary.yaml", &dictionary(&tables))?;
    let identity = Identity::of(inputs);
    out.text("inputs.json", &identity.json()?)?;
    let text = manifest(results, &identity.hash, out.kept())?;
    out.text("manifest.json", &text)?;
    Ok(())
}
