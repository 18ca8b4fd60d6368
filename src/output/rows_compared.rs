//! The rows of two runs side by side.

use std::collections::HashMap;
use std::path::Path;

use serde::Serialize;

use super::OutputError;
use super::rows_read::{Cell, Rows};

/// The columns that say which row is which.
const KEYS: [&str; 4] = ["SCENARIO", "REPLICATE", "ID", "ARM"];

/// How the rows of two runs differ. Rows with the same scenario, replicate, subject and arm are compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RowsCompared {
    /// Rows that stand in both runs.
    pub rows: u64,
    /// Rows of those that differ in at least one column.
    pub changed: u64,
    /// Rows that only the first run has.
    pub only_first: u64,
    /// Rows that only the second run has.
    pub only_second: u64,
    /// The columns that differ somewhere, in the first run's order, then those that stand in one run only.
    pub columns: Vec<ColumnCompared>,
}

/// How a column differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnCompared {
    /// Its name.
    pub name: String,
    /// In how many rows; all where only one run has the column.
    pub rows: u64,
    /// The largest difference of numbers, in the column's unit; `None` for levels and for columns of one run only.
    pub largest: Option<f64>,
}

/// Compares two Parquet files of rows. Rows in the same order need no memory to speak of.
///
/// # Errors
/// A file cannot be read, is no Parquet file, or has columns that no run writes.
pub fn compare_rows(first: &Path, second: &Path) -> Result<RowsCompared, OutputError> {
    let (mut first, mut second) = (Rows::open(first)?, Rows::open(second)?);
    let keys: Vec<&str> =
        KEYS.into_iter().filter(|k| first.place(k).is_some() && second.place(k).is_some()).collect();
    let mut columns = Columns::new(&first, &second);
    let mut compared = RowsCompared::default();
    // Rows whose counterpart has not come yet; none while the runs are in the same order.
    let (mut left, mut right) = (HashMap::new(), HashMap::new());
    loop {
        let (a, b) = (first.next().transpose()?, second.next().transpose()?);
        if a.is_none() && b.is_none() {
            break;
        }
        let a = a.map(|row| (key(&first, &keys, &row), row));
        let b = b.map(|row| (key(&second, &keys, &row), row));
        let pairs = match (a, b) {
            (Some((key, a)), Some((other, b))) if key == other => [Some((a, b)), None],
            (a, b) => [
                a.and_then(|(key, row)| meet(key, row, &mut left, &mut right)),
                b.and_then(|(key, row)| meet(key, row, &mut right, &mut left)).map(|(b, a)| (a, b)),
            ],
        };
        for (a, b) in pairs.into_iter().flatten() {
            compared.rows += 1;
            compared.changed += u64::from(columns.compare(&a, &b));
        }
    }
    compared.only_first = left.len() as u64;
    compared.only_second = right.len() as u64;
    compared.columns = columns.differing(&first, &second, compared.rows);
    Ok(compared)
}

/// A row with its counterpart from the other run, if that has come; else the row waits for it.
fn meet(
    key: String,
    row: Vec<Cell>,
    own: &mut HashMap<String, Vec<Cell>>,
    other: &mut HashMap<String, Vec<Cell>>,
) -> Option<(Vec<Cell>, Vec<Cell>)> {
    match other.remove(&key) {
        Some(counterpart) => Some((row, counterpart)),
        None => {
            own.insert(key, row);
            None
        }
    }
}

/// The columns that both files have, with what was found in each.
struct Columns {
    places: Vec<(usize, usize)>,
    found: Vec<ColumnCompared>,
}

impl Columns {
    fn new(first: &Rows, second: &Rows) -> Self {
        let shared = first.names().iter().enumerate().filter_map(|(a, name)| Some((a, second.place(name)?)));
        let places: Vec<(usize, usize)> = shared.collect();
        let column = |&(a, _): &(usize, usize)| ColumnCompared {
            name: first.names()[a].clone(),
            rows: 0,
            largest: None,
        };
        let found = places.iter().map(column).collect();
        Columns { places, found }
    }

    /// Whether two rows differ in any column.
    fn compare(&mut self, first: &[Cell], second: &[Cell]) -> bool {
        let mut changed = false;
        for (&(a, b), column) in self.places.iter().zip(&mut self.found) {
            let (a, b) = (&first[a], &second[b]);
            if a == b {
                continue;
            }
            changed = true;
            column.rows += 1;
            if let (Cell::Number(a), Cell::Number(b)) = (a, b) {
                column.largest = Some((b - a).abs().max(column.largest.unwrap_or(0.0)));
            }
        }
        changed
    }

    fn differing(self, first: &Rows, second: &Rows, rows: u64) -> Vec<ColumnCompared> {
        let missing = |of: &Rows, from: &Rows| {
            let names = of.names().iter().filter(|name| from.place(name).is_none());
            names.map(|name| ColumnCompared { name: name.clone(), rows, largest: None }).collect::<Vec<_>>()
        };
        let mut columns: Vec<_> = self.found.into_iter().filter(|c| c.rows > 0).collect();
        columns.extend(missing(first, second));
        columns.extend(missing(second, first));
        columns
    }
}

/// What tells a row from the others.
fn key(rows: &Rows, keys: &[&str], row: &[Cell]) -> String {
    let cells = keys.iter().filter_map(|key| row.get(rows.place(key)?));
    cells.map(|cell| format!("{cell:?}")).collect::<Vec<_>>().join("|")
}
