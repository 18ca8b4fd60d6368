use std::fs::File;
use std::path::Path;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int32Type, Int64Type};
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Column, ColumnKind, OutFile, OutputError, ParquetRows, Values};
use crate::diagnostic::Diagnostic;
use crate::document::Numbers;
use crate::response::Draws;

/// Writes joint draws as Parquet: a column a parameter, a row a draw.
///
/// # Errors
/// The file cannot be written to, or two parameters share a name.
pub fn write_draws(file: OutFile, draws: &Draws) -> Result<OutFile, OutputError> {
    let columns: Vec<Column> =
        draws.names().iter().map(|name| Column::new(name, ColumnKind::Real, "", name)).collect();
    let mut rows = ParquetRows::new(file, &columns)?;
    let values: Vec<Vec<f64>> = (0..columns.len()).map(|column| draws.values(column).collect()).collect();
    rows.write_batch(&values.iter().map(|column| Values::Real(column)).collect::<Vec<_>>())?;
    rows.finish()
}

/// Reads a Parquet table of numbers; `shown` is its name in messages.
///
/// # Errors
/// E0109 where the file cannot be read, E0111 where it holds what is no number or is missing.
pub fn read_numbers(path: &Path, shown: &str) -> Result<Numbers, Diagnostic> {
    let unreadable = |reason: String| {
        Diagnostic::error("E0109", format!("`{shown}` cannot be read: {reason}"))
            .help("check the path and its permissions")
    };
    let wrong = |reason: &str| Diagnostic::error("E0111", format!("{shown}: {reason}"));
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| wrong(&e.to_string()))?;
    let columns: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut rows = Vec::new();
    for batch in builder.build().map_err(|e| wrong(&e.to_string()))? {
        let batch = batch.map_err(|e| wrong(&e.to_string()))?;
        let mut values = Vec::with_capacity(columns.len());
        for (array, name) in batch.columns().iter().zip(&columns) {
            let told = || wrong(&format!("column `{name}` holds what is no number, or misses some"));
            values.push(reals(array).ok_or_else(told)?);
        }
        for row in 0..batch.num_rows() {
            rows.extend(values.iter().map(|column| column[row]));
        }
    }
    Ok(Numbers { columns, rows })
}

/// The numbers of a column; none where it holds something else or misses some.
fn reals(column: &dyn Array) -> Option<Vec<f64>> {
    if column.null_count() > 0 {
        return None;
    }
    // Whole numbers in tables of draws are numbers of draws and chains.
    #[allow(clippy::cast_precision_loss)]
    Some(match column.data_type() {
        DataType::Float64 => column.as_primitive::<Float64Type>().values().to_vec(),
        DataType::Float32 => {
            column.as_primitive::<Float32Type>().values().iter().map(|x| f64::from(*x)).collect()
        }
        DataType::Int64 => column.as_primitive::<Int64Type>().values().iter().map(|x| *x as f64).collect(),
        DataType::Int32 => {
            column.as_primitive::<Int32Type>().values().iter().map(|x| f64::from(*x)).collect()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::OutFolder;

    #[test]
    fn draws_read_back_to_the_bit() {
        let base = tempfile::tempdir().unwrap();
        let mut folder = OutFolder::create(base.path()).unwrap();
        let rows = vec![-1.2, 0.1 + 0.2, -1.3, 1e-300];
        let draws = Draws::new(vec!["a".into(), "ln EC50".into()], vec![-1.25, 0.3], rows.clone()).unwrap();
        let file = write_draws(folder.file("draws-1.parquet").unwrap(), &draws).unwrap();
        folder.keep(file).unwrap();
        folder.publish().unwrap();
        let read = read_numbers(&base.path().join("draws-1.parquet"), "draws-1.parquet").unwrap();
        assert_eq!(read.columns, ["a", "ln EC50"]);
        assert_eq!(read.rows, rows);
        std::fs::write(base.path().join("x.parquet"), "none").unwrap();
        assert_eq!(read_numbers(&base.path().join("x.parquet"), "x").unwrap_err().code, "E0111");
        assert_eq!(read_numbers(&base.path().join("y.parquet"), "y").unwrap_err().code, "E0109");
    }
}
