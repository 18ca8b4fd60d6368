//! Tables of values in text files: a header, then one row a line, every cell with its place.

use std::ops::Range;
use std::sync::Arc;

use super::scan::{self, Separator};
use crate::diagnostic::{Diagnostic, Problems, Source, did_you_mean};

/// A table that was read: comma-separated, or separated by blanks where the header has no comma. Lines that begin
/// with `#` are comments.
#[derive(Clone, Debug)]
pub struct Sheet {
    source: Arc<Source>,
    names: Vec<String>,
    cells: Vec<Range<usize>>,
}

impl Sheet {
    /// Reads a table.
    ///
    /// # Errors
    /// E0110 for the first thing that is wrong: no rows, a line with too few or too many fields, an open quote, a
    /// column without a name or with that of another.
    pub fn read(source: &Arc<Source>) -> Result<Self, Problems> {
        let text = source.text();
        let wrong =
            |span: Range<usize>, message: String| Diagnostic::error("E0110", message).at(source, span);
        let mut lines = scan::lines(text).filter(|line| {
            let start = text[line.clone()].trim_start();
            !start.is_empty() && !start.starts_with('#')
        });
        let Some(first) = lines.next() else {
            let told = Diagnostic::error("E0110", format!("{} is empty", source.name()));
            return Err(told.help("the first line names the columns, each following line is one row").into());
        };
        let separator = Separator::of(&text[first.clone()]);
        let mut fields = Vec::new();
        let split = |line: Range<usize>, fields: &mut Vec<Range<usize>>| {
            scan::fields(text, line, separator, fields)
                .map_err(|open| wrong(open, "a quote is not closed".to_string()))
        };
        split(first, &mut fields)?;
        let mut names: Vec<String> = Vec::new();
        for span in &fields {
            let name = text[span.clone()].to_string();
            if name.is_empty() || names.contains(&name) {
                let what = if name.is_empty() { "has no name" } else { "has the name of another" };
                return Err(wrong(span.clone(), format!("column {} {what}", names.len() + 1)).into());
            }
            names.push(name);
        }
        let mut cells = Vec::new();
        for line in lines {
            split(line.clone(), &mut fields)?;
            if fields.len() != names.len() {
                let message =
                    format!("{} fields where the header names {} columns", fields.len(), names.len());
                return Err(wrong(line, message).help("a missing value is written as `.`").into());
            }
            cells.append(&mut fields);
        }
        if cells.is_empty() {
            let told = Diagnostic::error("E0110", format!("{} has no rows", source.name()));
            return Err(told.help("below the names of the columns, each line is one row").into());
        }
        Ok(Sheet { source: Arc::clone(source), names, cells })
    }

    /// The file.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many rows there are; at least one.
    pub fn rows(&self) -> usize {
        self.cells.len() / self.names.len()
    }

    /// The place of a column.
    ///
    /// # Errors
    /// E0110 where there is none of that name.
    pub fn column(&self, name: &str) -> Result<usize, Diagnostic> {
        self.names.iter().position(|n| n == name).ok_or_else(|| {
            let told = Diagnostic::error("E0110", format!("{} has no column {name}", self.source.name()));
            match did_you_mean(name, self.names.iter().map(String::as_str)) {
                Some(near) => told.help(format!("did you mean {near}?")),
                None => told.help(format!("its columns are {}", self.names.join(", "))),
            }
        })
    }

    /// The text of a cell, without quotes.
    pub fn cell(&self, row: usize, column: usize) -> &str {
        self.source.text().get(self.span(row, column)).unwrap_or_default()
    }

    /// A cell as a finite number.
    ///
    /// # Errors
    /// E0110 where it is none.
    pub fn number(&self, row: usize, column: usize) -> Result<f64, Diagnostic> {
        let text = self.cell(row, column);
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => {
                let found = if text.is_empty() { "nothing" } else { text };
                Err(self.problem("E0110", row, column, format!("expected a number, found `{found}`")))
            }
        }
    }

    /// A problem at a cell: its message names row (from 1, the header not counted) and column.
    pub fn problem(&self, code: &'static str, row: usize, column: usize, message: String) -> Diagnostic {
        let name = self.names.get(column).map_or("", String::as_str);
        Diagnostic::error(code, format!("row {}, column {name}: {message}", row + 1))
            .at(&self.source, self.span(row, column))
    }

    fn span(&self, row: usize, column: usize) -> Range<usize> {
        self.cells.get(row * self.names.len() + column).cloned().unwrap_or(0..0)
    }
}
