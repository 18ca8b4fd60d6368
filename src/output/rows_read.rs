//! The rows of a run, read back.

use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::OutputError;

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// None.
    Missing,
    /// A number.
    Number(f64),
    /// A level, true or false.
    Text(String),
}

/// The rows of a file, one after the other.
#[derive(Debug)]
pub struct Rows {
    path: std::path::PathBuf,
    names: Vec<String>,
    units: Vec<String>,
    reader: ParquetRecordBatchReader,
    batch: Option<(RecordBatch, usize)>,
}

impl Rows {
    /// Opens a Parquet file that a run wrote.
    ///
    /// # Errors
    /// The file cannot be read or is no Parquet file.
    pub fn open(path: &Path) -> Result<Self, OutputError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| OutputError::Read {
            file: path.to_path_buf(),
            source,
        };
        let file = File::open(path).map_err(|e| failed(Box::new(e)))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| failed(Box::new(e)))?;
        let fields = builder.schema().fields();
        let names = fields.iter().map(|f| f.name().clone()).collect();
        let unit = |f: &arrow_schema::FieldRef| f.metadata().get("unit").cloned().unwrap_or_default();
        let units = fields.iter().map(unit).collect();
        let reader = builder.build().map_err(|e| failed(Box::new(e)))?;
        Ok(Rows { path: path.to_path_buf(), names, units, reader, batch: None })
    }

    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The units of the columns; empty for levels.
    pub fn units(&self) -> &[String] {
        &self.units
    }

    /// The place of a column.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    fn failed(&self, source: Box<dyn std::error::Error + Send + Sync>) -> OutputError {
        OutputError::Read { file: self.path.clone(), source }
    }
}

impl Iterator for Rows {
    type Item = Result<Vec<Cell>, OutputError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((batch, row)) = &mut self.batch
                && *row < batch.num_rows()
            {
                let cells =
                    batch.columns().iter().map(|column| cell(column, *row)).collect::<Option<Vec<_>>>();
                *row += 1;
                return Some(cells.ok_or_else(|| self.failed("it has a column that no run writes".into())));
            }
            match self.reader.next()? {
                Ok(batch) => self.batch = Some((batch, 0)),
                Err(error) => return Some(Err(self.failed(Box::new(error)))),
            }
        }
    }
}

/// A value of a column of one of the kinds that runs write.
fn cell(column: &ArrayRef, row: usize) -> Option<Cell> {
    if column.is_null(row) {
        return Some(Cell::Missing);
    }
    // Numbers of subjects are far below 2^53.
    #[allow(clippy::cast_precision_loss)]
    Some(match column.data_type() {
        DataType::Float64 => Cell::Number(column.as_primitive::<Float64Type>().value(row)),
        DataType::Int64 => Cell::Number(column.as_primitive::<Int64Type>().value(row) as f64),
        DataType::Boolean => Cell::Text(column.as_boolean().value(row).to_string()),
        DataType::Dictionary(..) => {
            let levels = column.as_dictionary_opt::<Int32Type>()?;
            let place = usize::try_from(levels.keys().value(row)).ok()?;
            Cell::Text(levels.values().as_string_opt::<i32>()?.value(place).to_owned())
        }
        _ => return None,
    })
}
