use super::OutputError;

/// What the values of a column are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Real numbers; NaN is missing.
    Real,
    /// Whole numbers.
    Whole,
    /// True or false.
    Flag,
    /// One of the levels, in this order.
    Level(Vec<String>),
}

impl ColumnKind {
    /// The kind in a word: `real`, `whole`, `flag`, `level`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Whole => "whole",
            Self::Flag => "flag",
            Self::Level(_) => "level",
        }
    }
}

/// A column of a table: declared once, before the first row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: ColumnKind,
    /// The unit of its values; empty where they have none.
    pub unit: String,
    /// What it is, for people.
    pub label: String,
}

impl Column {
    /// A column from its name, kind, unit (empty for none) and label.
    pub fn new(name: &str, kind: ColumnKind, unit: &str, label: &str) -> Self {
        Column { name: name.to_owned(), kind, unit: unit.to_owned(), label: label.to_owned() }
    }
}

/// Values of one column for some rows; the kind is that of the column.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// Real numbers; NaN is missing.
    Real(&'a [f64]),
    /// Whole numbers.
    Whole(&'a [i64]),
    /// True or false; `None` is missing.
    Flag(&'a [Option<bool>]),
    /// Positions in the list of levels; `None` is missing.
    Level(&'a [Option<u32>]),
}

impl Values<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Real(values) => values.len(),
            Self::Whole(values) => values.len(),
            Self::Flag(values) => values.len(),
            Self::Level(values) => values.len(),
        }
    }
}

/// Checks that `values` fit `columns`; gives the number of rows.
pub(super) fn check_rows(columns: &[Column], values: &[Values<'_>]) -> Result<usize, OutputError> {
    let shape = |text| Err(OutputError::Shape(text));
    if columns.len() != values.len() {
        return shape(format!("{} columns, values for {}", columns.len(), values.len()));
    }
    let rows = values.first().map_or(0, Values::len);
    for (column, values) in columns.iter().zip(values) {
        if values.len() != rows {
            return shape(format!("`{}` has {} values, others {rows}", column.name, values.len()));
        }
        let fits = match (&column.kind, values) {
            (ColumnKind::Real, Values::Real(_))
            | (ColumnKind::Whole, Values::Whole(_))
            | (ColumnKind::Flag, Values::Flag(_)) => true,
            (ColumnKind::Level(levels), Values::Level(codes)) => {
                codes.iter().flatten().all(|code| (*code as usize) < levels.len())
            }
            _ => false,
        };
        if !fits {
            return shape(format!(
                "`{}` is declared {} and has other values",
                column.name,
                column.kind.word()
            ));
        }
    }
    Ok(rows)
}

/// Checks that the columns can be a table: at least one, each with a name of its own.
pub(super) fn check_columns(columns: &[Column]) -> Result<(), OutputError> {
    if columns.is_empty() {
        return Err(OutputError::Shape("a table without columns".to_owned()));
    }
    for (i, column) in columns.iter().enumerate() {
        if column.name.is_empty() || columns[..i].iter().any(|other| other.name == column.name) {
            return Err(OutputError::Shape(format!("two columns are named `{}`", column.name)));
        }
    }
    Ok(())
}
