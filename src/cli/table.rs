//! Rows of a simulation as a Parquet file: columns of numbers with their units, other columns as levels.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::dosing::dataset::DataSet;
use crate::output::{Column, ColumnKind, OutFolder, OutputError, ParquetRows, Values};
use crate::run::simulate::Simulation;

/// The values of one column.
enum Cells {
    Real(Vec<f64>),
    Level(Vec<Option<u32>>),
}

impl Cells {
    fn values(&self) -> Values<'_> {
        match self {
            Cells::Real(values) => Values::Real(values),
            Cells::Level(places) => Values::Level(places),
        }
    }
}

/// Writes every column of the data, the predictions with their units, and the reason where a subject failed, one row
/// for each of `reasons`. Nothing stands at `path` until the file is complete.
///
/// # Errors
/// Where the file cannot be written.
pub(super) fn write_parquet(
    path: &Path,
    data: &DataSet,
    simulation: &Simulation,
    reasons: &[&str],
) -> Result<(), OutputError> {
    let mut columns = Vec::new();
    let mut cells = Vec::new();
    for (place, name) in data.columns().iter().enumerate() {
        let texts: Vec<&str> = simulation.rows.iter().map(|p| data.cell(p.row, place)).collect();
        let (kind, values) = column(&texts);
        columns.push(Column::new(name, kind, "", "from the data set"));
        cells.push(values);
    }
    for (place, prediction) in simulation.columns.iter().enumerate() {
        let value = |values: &Vec<f64>| values.get(place).copied();
        let values = simulation.rows.iter().map(|p| p.values.as_ref().and_then(value).unwrap_or(f64::NAN));
        let unit = prediction.unit.to_string();
        let description =
            Some(prediction.description.as_str()).filter(|d| !d.is_empty()).unwrap_or("predicted");
        columns.push(Column::new(&prediction.name, ColumnKind::Real, &unit, description));
        cells.push(Cells::Real(values.collect()));
    }
    let (kind, values) = levels(reasons);
    columns.push(Column::new("REASON", kind, "", "why the subject failed before this row"));
    cells.push(values);
    write(path, &columns, &cells)
}

fn write(path: &Path, columns: &[Column], cells: &[Cells]) -> Result<(), OutputError> {
    const NAME: &str = "rows.parquet";
    let folder = path.with_extension("parquet.unfinished");
    let mut out = OutFolder::create(&folder)?;
    let mut rows = ParquetRows::new(out.file(NAME)?, columns)?;
    rows.write_batch(&cells.iter().map(Cells::values).collect::<Vec<_>>())?;
    out.keep(rows.finish()?)?;
    out.publish()?;
    let moved = fs::rename(folder.join(NAME), path).and_then(|()| fs::remove_dir(&folder));
    moved.map_err(|source| OutputError::Write { file: path.to_path_buf(), source: Box::new(source) })
}

/// Numbers where every text is one or missing, else levels.
fn column(texts: &[&str]) -> (ColumnKind, Cells) {
    let number = |text: &&str| match *text {
        "" | "." | "NA" => Some(f64::NAN),
        text => text.parse().ok(),
    };
    match texts.iter().map(number).collect() {
        Some(values) => (ColumnKind::Real, Cells::Real(values)),
        None => levels(texts),
    }
}

/// Texts as levels, sorted; an empty text is missing.
fn levels(texts: &[&str]) -> (ColumnKind, Cells) {
    let mut places: BTreeMap<&str, u32> = texts.iter().filter(|t| !t.is_empty()).map(|t| (*t, 0)).collect();
    for (next, place) in (0..).zip(places.values_mut()) {
        *place = next;
    }
    let names = places.keys().map(|name| (*name).to_owned()).collect();
    let cells = texts.iter().map(|text| places.get(text).copied()).collect();
    (ColumnKind::Level(names), Cells::Level(cells))
}
