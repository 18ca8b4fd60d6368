//! NONMEM-style data files: read into records, with every column kept.
//!
//! * Fields are separated by commas, or by blanks where the header has no comma. Quotes may stand around a field.
//! * Lines that begin with `#` are comments. The first other line names the columns. Below it, lines that begin with
//!   a letter or `@` are skipped (NONMEM's `IGNORE=@`); the reader warns how many there were.
//! * Nothing, `.` and `NA` mean that a value is missing.
//! * Record items are `ID TIME EVID AMT CMT RATE II ADDL SS DV MDV`, all in upper or all in lower case; ID and TIME
//!   must be there. Any other column is carried and may be a covariate.
//! * TIME is in hours, or a clock: `HH:MM` or `D HH:MM`. Clock times count from the subject's first record.
//! * Where EVID is missing, a record with AMT (or with RATE and SS) is a dose and any other an observation.
//! * CMT is a number (0 or missing: the default compartment for doses), or the name of a compartment or formulation.
//!
//! | code | what is refused |
//! | --- | --- |
//! | E0201 | nothing to read |
//! | E0202 | names of columns: missing, twice, in mixed case; calendar dates |
//! | E0203 | a line with too few or too many fields, or an open quote |
//! | E0204 | no number where one must be |
//! | E0205 | TIME: missing, out of order, no time, clocks among hours |
//! | E0206 | ID: missing, or back after another subject |
//! | E0207 | EVID and MDV |
//! | E0208 | AMT: a dose without one, a negative one, one that is no dose |
//! | E0209 | RATE |
//! | E0210 | II and ADDL |
//! | E0211 | SS |
//! | E0212 | CMT |
//! | E0213 | a covariate: not there, or missing in all of a subject's records |
//! | E0214 | warnings: skipped lines, no dose at all, an interval without effect |

mod cell;
mod covariate;
mod header;
mod row;

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::record::Record;
use crate::diagnostic::{Collector, Diagnostic, Problems, Source};
use crate::document::scan::{self, Separator};
use header::Header;
use row::RowReader;

/// After so many errors reading stops.
const MOST_ERRORS: usize = 50;

/// One subject of a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// ID as written.
    pub id: String,
    /// Its rows in the data set.
    pub rows: Range<usize>,
}

/// A data file that was read.
#[derive(Clone, Debug)]
pub struct DataSet {
    source: Arc<Source>,
    header: Header,
    /// The bytes of every field, row after row.
    cells: Vec<Range<usize>>,
    records: Vec<Record>,
    subjects: Vec<Subject>,
}

impl DataSet {
    /// Reads a data file. Warnings come along with the data set.
    ///
    /// # Errors
    /// E0201 to E0212 as in the table above, each with its row and column; all of them, up to 50.
    pub fn read(source: &Arc<Source>) -> Result<(Self, Vec<Diagnostic>), Problems> {
        let problems = Collector::new();
        let data = read(source, &problems);
        problems.finish(data)
    }

    /// The file.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The names of the columns as written.
    pub fn columns(&self) -> &[String] {
        &self.header.names
    }

    /// The text of a cell, without quotes; empty where there is no such cell.
    pub fn cell(&self, row: usize, column: usize) -> &str {
        self.span(row, column).and_then(|span| self.source.text().get(span)).unwrap_or_default()
    }

    /// One record per row, in the order of the file.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The subjects in the order of the file.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// The observed value (DV) of a row, if there is one.
    pub fn observed(&self, row: usize) -> Option<f64> {
        let column = self.header.place(header::Column::Dv)?;
        let text = self.cell(row, column);
        if cell::is_missing(text) { None } else { cell::number(text).ok() }
    }

    /// An error at a cell of the data set, its message beginning with row and column. Without such a column it points
    /// to the row.
    pub fn problem(&self, code: &'static str, row: usize, column: &str, message: &str) -> Diagnostic {
        let place = self.header.names.iter().position(|name| name.eq_ignore_ascii_case(column));
        let span = place.and_then(|place| self.span(row, place)).or_else(|| self.span(row, 0));
        let told = Diagnostic::error(code, format!("row {}, column {column}: {message}", row + 1));
        match span {
            Some(span) => told.at(&self.source, span),
            None => told,
        }
    }

    fn span(&self, row: usize, column: usize) -> Option<Range<usize>> {
        let width = self.header.names.len();
        if column >= width {
            return None;
        }
        self.cells.get(row.checked_mul(width)?.checked_add(column)?).cloned()
    }
}

fn read(source: &Arc<Source>, problems: &Collector) -> Option<DataSet> {
    let text = source.text();
    let mut lines = scan::lines(text).filter(|line| {
        let start = text[line.clone()].trim_start();
        !start.is_empty() && !start.starts_with('#')
    });
    let Some(first) = lines.next() else {
        let help = "the first line names the columns, each following line is one record";
        problems.push(Diagnostic::error("E0201", format!("{} is empty", source.name())).help(help));
        return None;
    };
    let separator = Separator::of(&text[first.clone()]);
    let mut fields = Vec::new();
    if let Err(open) = scan::fields(text, first, separator, &mut fields) {
        problems.push(Diagnostic::error("E0203", "a quote is not closed").at(source, open));
        return None;
    }
    let header = Header::read(source, &fields, problems);
    if problems.errors() > 0 {
        return None;
    }
    let mut data = DataSet {
        source: Arc::clone(source),
        header: header.clone(),
        cells: Vec::new(),
        records: Vec::new(),
        subjects: Vec::new(),
    };
    let mut reader = RowReader::new(source, &header, problems);
    let mut seen = HashSet::new();
    let mut skipped = 0_usize;
    for line in lines {
        if problems.errors() >= MOST_ERRORS {
            break;
        }
        if text[line.clone()].trim_start().starts_with(|c: char| c.is_alphabetic() || c == '@') {
            skipped += 1;
            continue;
        }
        if let Err(open) = scan::fields(text, line.clone(), separator, &mut fields) {
            problems.push(Diagnostic::error("E0203", "a quote is not closed").at(source, open));
            continue;
        }
        if fields.len() != header.names.len() {
            let found =
                format!("{} fields where the header names {} columns", fields.len(), header.names.len());
            let help = "a missing value is written as `.`";
            problems.push(Diagnostic::error("E0203", found).at(source, line).help(help));
            continue;
        }
        let row = data.records.len();
        let (id, record) = reader.row(row, &fields);
        data.cells.append(&mut fields);
        data.records.push(record);
        match data.subjects.last_mut() {
            Some(subject) if same_id(&subject.id, id) => subject.rows.end = row + 1,
            _ => {
                if !seen.insert(id_key(id)) {
                    let message = format!("subject {id} comes back after another subject");
                    let help = "the records of one subject must stand together; give different subjects different IDs";
                    problems.push(data.problem("E0206", row, "ID", &message).help(help));
                }
                data.subjects.push(Subject { id: id.to_owned(), rows: row..row + 1 });
            }
        }
    }
    warn(&data, skipped, problems);
    Some(data)
}

/// What the user should know about a data set as a whole.
fn warn(data: &DataSet, skipped: usize, problems: &Collector) {
    if skipped > 0 {
        let message = format!("{skipped} lines were skipped, for they begin with a letter or @");
        problems.push(Diagnostic::warning("E0214", message));
    }
    if data.records.is_empty() && problems.errors() == 0 {
        let help = "below the names of the columns, each line is one record";
        problems
            .push(Diagnostic::error("E0201", format!("{} has no records", data.source.name())).help(help));
    } else if data.records.iter().all(|record| record.dose().is_none()) && problems.errors() == 0 {
        problems.push(Diagnostic::warning("E0214", "no record gives a dose"));
    }
}

/// Numbers that are equal are one ID however they are written.
fn id_key(id: &str) -> String {
    id.parse::<f64>().map_or_else(|_| id.to_owned(), |number| number.to_string())
}

fn same_id(a: &str, b: &str) -> bool {
    a == b || id_key(a) == id_key(b)
}

#[cfg(test)]
mod tests;
