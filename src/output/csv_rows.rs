use csv::WriterBuilder;

use super::columns::{check_columns, check_rows};
use super::{Column, ColumnKind, OutFile, OutputError, Values, exact};

/// Rows as CSV: a line of names, then a line a row; numbers that read back to the bit, levels by name, missing empty.
pub struct CsvRows {
    columns: Vec<Column>,
    writer: csv::Writer<OutFile>,
}

impl CsvRows {
    /// Begins a table with these columns.
    ///
    /// # Errors
    /// The columns are none or share a name, or the file cannot be written to.
    pub fn new(file: OutFile, columns: &[Column]) -> Result<Self, OutputError> {
        check_columns(columns)?;
        let writer = WriterBuilder::new().from_writer(file);
        let mut rows = CsvRows { columns: columns.to_vec(), writer };
        let written = rows.writer.write_record(columns.iter().map(|column| &column.name));
        rows.checked(written)?;
        Ok(rows)
    }

    /// Appends rows: one slice of values a column, all of one length.
    ///
    /// # Errors
    /// The values do not fit the columns, or the file cannot be written to.
    pub fn write_batch(&mut self, values: &[Values<'_>]) -> Result<(), OutputError> {
        let rows = check_rows(&self.columns, values)?;
        for row in 0..rows {
            let cells = self.columns.iter().zip(values).map(|(column, values)| cell(column, values, row));
            let written = self.writer.write_record(cells);
            self.checked(written)?;
        }
        Ok(())
    }

    /// Ends the table and hands the file back, to be kept.
    ///
    /// # Errors
    /// The last rows could not be written.
    pub fn finish(mut self) -> Result<OutFile, OutputError> {
        let flushed = self.writer.flush().map_err(csv::Error::from);
        self.checked(flushed)?;
        self.writer.into_inner().map_err(|error| OutputError::Shape(error.to_string()))
    }

    fn checked(&self, written: Result<(), csv::Error>) -> Result<(), OutputError> {
        written.map_err(|error| csv_failure(self.writer.get_ref(), error))
    }
}

/// The error of a file from what a CSV writer over it reported.
pub(super) fn csv_failure(file: &OutFile, error: csv::Error) -> OutputError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => file.failure(Box::new(error)),
        other => OutputError::Shape(format!("{other:?}")),
    }
}

fn cell(column: &Column, values: &Values<'_>, row: usize) -> String {
    match values {
        Values::Real(values) => values.get(row).map_or(String::new(), |value| exact(*value)),
        Values::Whole(values) => values.get(row).map_or(String::new(), i64::to_string),
        Values::Flag(values) => values.get(row).copied().flatten().map_or(String::new(), |v| v.to_string()),
        Values::Level(codes) => {
            let code = codes.get(row).copied().flatten().map(|code| code as usize);
            match (&column.kind, code) {
                (ColumnKind::Level(levels), Some(code)) => levels.get(code).cloned().unwrap_or_default(),
                _ => String::new(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::OutFolder;
    use crate::output::folder::tests::on_small_disk;
    use crate::output::parquet::tests::{columns, fill};

    #[test]
    fn rows_are_lines_whatever_the_batches() {
        let mut texts = Vec::new();
        for batch in [1, 7, 1000] {
            let base = tempfile::tempdir().unwrap();
            let mut folder = OutFolder::create(base.path()).unwrap();
            let file = folder.file("subjects.csv").unwrap();
            let mut rows = CsvRows::new(file, &columns()).unwrap();
            fill(50, batch, |values| rows.write_batch(values).unwrap());
            let file = rows.finish().unwrap();
            folder.keep(file).unwrap();
            folder.publish().unwrap();
            texts.push(std::fs::read_to_string(base.path().join("subjects.csv")).unwrap());
        }
        assert!(texts.iter().all(|text| text == &texts[0]));
        let lines: Vec<&str> = texts[0].lines().collect();
        assert_eq!(lines.len(), 51);
        assert_eq!(lines[0], "ID,ARM,CTROUGH,REMISSION");
        assert_eq!(lines[1], "0,stay on 30 mg,,true");
        assert_eq!(lines[2], "1,\"15 mg, from week 12\",0.30000000000000004,");
    }

    #[test]
    fn a_full_disk_stops_the_rows() {
        let mut rows = CsvRows::new(on_small_disk(200_000), &columns()).unwrap();
        let mut first = None;
        fill(100_000, 1000, |values| {
            if first.is_none() {
                first = rows.write_batch(values).err();
            }
        });
        assert!(matches!(first, Some(OutputError::DiskFull { .. })));
    }
}
