use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array, StringArray,
};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::columns::{check_columns, check_rows};
use super::{Column, ColumnKind, OutFile, OutputError, Values};

/// Rows of a row group. Rows are gathered until one is full, so that the bytes do not depend on the batches.
const ROW_GROUP: usize = 1 << 16;

/// Rows as Parquet (snappy): levels as dictionaries; unit, label and levels of a column in its field's metadata.
pub struct ParquetRows {
    columns: Vec<Column>,
    schema: Arc<Schema>,
    path: PathBuf,
    gathered: Vec<Gathered>,
    rows: usize,
    writer: ArrowWriter<OutFile>,
}

/// Values of a column that wait for their row group to fill.
enum Gathered {
    Real(Vec<Option<f64>>),
    Whole(Vec<i64>),
    Flag(Vec<Option<bool>>),
    Level(Vec<Option<i32>>, Arc<StringArray>),
}

impl ParquetRows {
    /// Begins a table with these columns.
    ///
    /// # Errors
    /// The columns are none or share a name, or the file cannot be written to.
    pub fn new(file: OutFile, columns: &[Column]) -> Result<Self, OutputError> {
        check_columns(columns)?;
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let path = file.path().to_path_buf();
        let properties = WriterProperties::builder()
            .set_created_by(concat!("exposim version ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .build();
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))
            .map_err(|error| OutputError::writing(path.clone(), 0, Box::new(error)))?;
        let gathered = columns.iter().map(Gathered::of).collect();
        Ok(ParquetRows { columns: columns.to_vec(), schema, path, gathered, rows: 0, writer })
    }

    /// Appends rows: one slice of values a column, all of one length.
    ///
    /// # Errors
    /// The values do not fit the columns, or the file cannot be written to.
    pub fn write_batch(&mut self, values: &[Values<'_>]) -> Result<(), OutputError> {
        let rows = check_rows(&self.columns, values)?;
        let mut from = 0;
        while from < rows {
            let to = rows.min(from + ROW_GROUP - self.rows);
            for (gathered, values) in self.gathered.iter_mut().zip(values) {
                gathered.extend(values, from..to);
            }
            self.rows += to - from;
            from = to;
            if self.rows == ROW_GROUP {
                self.write_group()?;
            }
        }
        Ok(())
    }

    /// Ends the table and hands the file back, to be kept.
    ///
    /// # Errors
    /// The last rows could not be written.
    pub fn finish(mut self) -> Result<OutFile, OutputError> {
        self.write_group()?;
        let (path, written) = (self.path, self.writer.bytes_written() as u64);
        self.writer.into_inner().map_err(|error| OutputError::writing(path, written, Box::new(error)))
    }

    fn write_group(&mut self) -> Result<(), OutputError> {
        if self.rows == 0 {
            return Ok(());
        }
        let written = self.group().and_then(|batch| {
            self.writer.write(&batch)?;
            self.writer.flush()
        });
        self.rows = 0;
        let bytes = self.writer.bytes_written() as u64;
        written.map_err(|error| OutputError::writing(self.path.clone(), bytes, Box::new(error)))
    }

    fn group(&mut self) -> Result<RecordBatch, ParquetError> {
        let arrays = self.gathered.iter_mut().map(Gathered::take).collect::<Result<Vec<_>, _>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)
    }
}

impl Gathered {
    fn of(column: &Column) -> Self {
        match &column.kind {
            ColumnKind::Real => Self::Real(Vec::new()),
            ColumnKind::Whole => Self::Whole(Vec::new()),
            ColumnKind::Flag => Self::Flag(Vec::new()),
            ColumnKind::Level(levels) => {
                Self::Level(Vec::new(), Arc::new(StringArray::from_iter_values(levels.iter())))
            }
        }
    }

    /// Takes over the values of some rows; their kind has been checked.
    fn extend(&mut self, values: &Values<'_>, rows: std::ops::Range<usize>) {
        match (self, values) {
            (Self::Real(to), Values::Real(from)) => {
                to.extend(from[rows].iter().map(|value| (!value.is_nan()).then_some(*value)));
            }
            (Self::Whole(to), Values::Whole(from)) => to.extend_from_slice(&from[rows]),
            (Self::Flag(to), Values::Flag(from)) => to.extend_from_slice(&from[rows]),
            (Self::Level(to, _), Values::Level(from)) => {
                to.extend(from[rows].iter().map(|code| code.and_then(|code| i32::try_from(code).ok())));
            }
            _ => {}
        }
    }

    /// The values as an array; the place is empty afterwards.
    fn take(&mut self) -> Result<ArrayRef, ParquetError> {
        Ok(match self {
            Self::Real(values) => Arc::new(Float64Array::from(std::mem::take(values))),
            Self::Whole(values) => Arc::new(Int64Array::from(std::mem::take(values))),
            Self::Flag(values) => Arc::new(BooleanArray::from(std::mem::take(values))),
            Self::Level(codes, levels) => {
                let keys = Int32Array::from(std::mem::take(codes));
                let levels: ArrayRef = Arc::<StringArray>::clone(levels);
                Arc::new(DictionaryArray::try_new(keys, levels)?)
            }
        })
    }
}

fn field(column: &Column) -> Field {
    let kind = match &column.kind {
        ColumnKind::Real => DataType::Float64,
        ColumnKind::Whole => DataType::Int64,
        ColumnKind::Flag => DataType::Boolean,
        ColumnKind::Level(_) => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
    };
    let mut metadata =
        vec![("label".to_owned(), column.label.clone()), ("unit".to_owned(), column.unit.clone())];
    if let ColumnKind::Level(levels) = &column.kind {
        metadata.push(("decode".to_owned(), serde_json::json!(levels).to_string()));
    }
    let missing = column.kind != ColumnKind::Whole;
    Field::new(&column.name, kind, missing)
        .with_metadata(metadata.into_iter().collect::<arrow_schema::Metadata>())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::output::OutFolder;
    use crate::output::folder::tests::on_small_disk;
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, Int32Type, Int64Type};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use std::fs::File;

    pub(in crate::output) fn columns() -> Vec<Column> {
        let arms = vec!["stay on 30 mg".to_owned(), "15 mg, from week 12".to_owned()];
        vec![
            Column::new("ID", ColumnKind::Whole, "", "Subject"),
            Column::new("ARM", ColumnKind::Level(arms), "", "Arm"),
            Column::new("CTROUGH", ColumnKind::Real, "ng/mL", "24 h trough"),
            Column::new("REMISSION", ColumnKind::Flag, "", "Endoscopic remission"),
        ]
    }

    /// Hands over so many rows in batches.
    pub(in crate::output) fn fill(rows: usize, batch: usize, mut take: impl FnMut(&[Values<'_>])) {
        for from in (0..rows).step_by(batch) {
            let ids: Vec<i64> = (from..rows.min(from + batch)).map(|i| i as i64).collect();
            let arms: Vec<_> = ids.iter().map(|i| Some((*i % 2) as u32)).collect();
            let troughs: Vec<_> =
                ids.iter().map(|i| if i % 97 == 0 { f64::NAN } else { *i as f64 * 0.1 + 0.2 }).collect();
            let remission: Vec<_> = ids.iter().map(|i| (i % 3 != 1).then_some(i % 2 == 0)).collect();
            take(&[
                Values::Whole(&ids),
                Values::Level(&arms),
                Values::Real(&troughs),
                Values::Flag(&remission),
            ]);
        }
    }

    fn written(rows: usize, batch: usize) -> Vec<u8> {
        let base = tempfile::tempdir().unwrap();
        let mut folder = OutFolder::create(base.path()).unwrap();
        let file = folder.file("subjects.parquet").unwrap();
        let mut table = ParquetRows::new(file, &columns()).unwrap();
        fill(rows, batch, |values| table.write_batch(values).unwrap());
        let file = table.finish().unwrap();
        folder.keep(file).unwrap();
        folder.publish().unwrap();
        std::fs::read(base.path().join("subjects.parquet")).unwrap()
    }

    #[test]
    fn the_bytes_do_not_depend_on_the_batches() {
        let one = written(150_000, 150_000);
        for batch in [999, 4096, 65_536, 70_001] {
            assert!(one == written(150_000, batch), "batches of {batch} give other bytes");
        }
        assert_ne!(one, written(149_999, 150_000));
    }

    #[test]
    fn values_units_labels_and_levels_read_back() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("x.parquet");
        std::fs::write(&path, written(70_000, 1234)).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
        assert_eq!(reader.metadata().num_row_groups(), 2);
        let created = reader.metadata().file_metadata().created_by().unwrap().to_owned();
        assert_eq!(created, format!("exposim version {}", env!("CARGO_PKG_VERSION")));
        let schema = reader.schema().clone();
        assert_eq!(schema.field(2).metadata()["unit"], "ng/mL");
        assert_eq!(schema.field(2).metadata()["label"], "24 h trough");
        assert_eq!(schema.field(1).metadata()["decode"], r#"["stay on 30 mg","15 mg, from week 12"]"#);
        let mut row = 0_i64;
        for batch in reader.build().unwrap() {
            let batch = batch.unwrap();
            let ids = batch.column(0).as_primitive::<Int64Type>();
            let arms = batch.column(1).as_dictionary::<Int32Type>();
            let names = arms.values().as_string::<i32>();
            let troughs = batch.column(2).as_primitive::<Float64Type>();
            let remission = batch.column(3).as_boolean();
            for i in 0..batch.num_rows() {
                assert_eq!(ids.value(i), row);
                let name = names.value(arms.keys().value(i) as usize);
                assert_eq!(name, ["stay on 30 mg", "15 mg, from week 12"][row as usize % 2]);
                assert_eq!(troughs.is_null(i), row % 97 == 0);
                if row % 97 != 0 {
                    assert_eq!(troughs.value(i).to_bits(), (row as f64 * 0.1 + 0.2).to_bits());
                }
                assert_eq!(remission.is_null(i), row % 3 == 1);
                assert!(row % 3 == 1 || remission.value(i) == (row % 2 == 0));
                row += 1;
            }
        }
        assert_eq!(row, 70_000);
    }

    #[test]
    fn an_empty_table_is_a_table() {
        assert!(written(0, 1).starts_with(b"PAR1"));
    }

    #[test]
    fn values_of_the_wrong_shape_are_refused() {
        let mut table = ParquetRows::new(on_small_disk(1 << 20), &columns()).unwrap();
        let short: [Values<'_>; 4] = [
            Values::Whole(&[1, 2]),
            Values::Level(&[Some(0), None]),
            Values::Real(&[1.0]),
            Values::Flag(&[None, None]),
        ];
        let error = table.write_batch(&short).unwrap_err().to_string();
        assert!(error.contains("CTROUGH") && error.contains('1'), "{error}");
        let level: [Values<'_>; 4] =
            [Values::Whole(&[1]), Values::Level(&[Some(2)]), Values::Real(&[1.0]), Values::Flag(&[None])];
        assert!(table.write_batch(&level).unwrap_err().to_string().contains("ARM"));
        assert!(table.write_batch(&level[..3]).is_err());
        let twice = [columns(), columns()].concat();
        assert!(ParquetRows::new(on_small_disk(1 << 20), &twice).is_err());
    }

    #[test]
    fn a_full_disk_stops_the_rows() {
        let mut table = ParquetRows::new(on_small_disk(200_000), &columns()).unwrap();
        let mut first = None;
        fill(200_000, 10_000, |values| {
            if first.is_none() {
                first = table.write_batch(values).err();
            }
        });
        assert!(matches!(first, Some(OutputError::DiskFull { written: 1.., .. })), "{first:?}");
    }
}
