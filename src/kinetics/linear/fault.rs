//! Values and columns that a system cannot have.

use thiserror::Error;

use super::lanes::padded;

/// A value of one subject that cannot be computed with. The subject's results are not numbers; the others go on.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("subject {} of the block: {quantity} is {value}; expected a number from 0 on", subject + 1)]
pub struct Fault {
    /// The subject, from 0 on.
    pub subject: usize,
    /// Which quantity.
    pub quantity: String,
    /// What was given.
    pub value: f64,
}

/// A padded column in which what is negative or not finite has become NaN, with a fault for each subject.
pub(crate) fn checked(
    column: &[f64],
    negative: bool,
    quantity: impl Fn() -> String,
    faults: &mut Vec<Fault>,
) -> Vec<f64> {
    let mut column_padded = padded(column);
    for (subject, value) in column_padded.iter_mut().enumerate() {
        if !(value.is_finite() && (negative || *value >= 0.0)) {
            if subject < column.len() {
                faults.push(Fault { subject, quantity: quantity(), value: *value });
            }
            *value = f64::NAN;
        }
    }
    column_padded
}

/// Columns that do not fit the system.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SystemError {
    /// The number of columns is wrong.
    #[error("a system of this kind has {expected} columns of rate constants, not {found}")]
    Columns {
        /// How many there must be.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// A column does not hold a number for each subject.
    #[error("column {column} has {found} numbers for {expected} subjects")]
    Subjects {
        /// The column, from 0 on.
        column: usize,
        /// Subjects of the block.
        expected: usize,
        /// Numbers in the column.
        found: usize,
    },
    /// A compartment outside the system was named.
    #[error("compartment {compartment} was named in a system of {states}")]
    Compartment {
        /// The compartment, from 0 on.
        compartment: usize,
        /// Number of compartments.
        states: usize,
    },
}

/// Checks the number of columns and their lengths.
pub(super) fn check(columns: &[&[f64]], expected: usize, subjects: usize) -> Result<(), SystemError> {
    if columns.len() != expected {
        return Err(SystemError::Columns { expected, found: columns.len() });
    }
    match columns.iter().position(|column| column.len() != subjects) {
        Some(column) => {
            Err(SystemError::Subjects { column, expected: subjects, found: columns[column].len() })
        }
        None => Ok(()),
    }
}
