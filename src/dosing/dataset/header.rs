//! The header of a data file: which column holds which item.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Collector, Diagnostic, Source};

/// The items of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Time,
    Evid,
    Amt,
    Cmt,
    Rate,
    Ii,
    Addl,
    Ss,
    Dv,
    Mdv,
}

/// Every item with its name.
pub(super) const COLUMNS: [(Column, &str); 11] = [
    (Column::Id, "ID"),
    (Column::Time, "TIME"),
    (Column::Evid, "EVID"),
    (Column::Amt, "AMT"),
    (Column::Cmt, "CMT"),
    (Column::Rate, "RATE"),
    (Column::Ii, "II"),
    (Column::Addl, "ADDL"),
    (Column::Ss, "SS"),
    (Column::Dv, "DV"),
    (Column::Mdv, "MDV"),
];

/// The columns of a data file.
#[derive(Clone, Debug, Default)]
pub(super) struct Header {
    /// All names as written, in the order of the file.
    pub(super) names: Vec<String>,
    places: [Option<usize>; COLUMNS.len()],
}

impl Header {
    /// Reads the names; what is wrong with them goes to `problems`.
    pub(super) fn read(source: &Arc<Source>, fields: &[Range<usize>], problems: &Collector) -> Self {
        let text = source.text();
        let mut header = Header::default();
        let mut case: Option<(bool, Range<usize>)> = None;
        for (place, span) in fields.iter().enumerate() {
            let name = text.get(span.clone()).unwrap_or_default();
            let refuse = |message: String| Diagnostic::error("E0202", message).at(source, span.clone());
            if name.is_empty() {
                problems.push(
                    refuse(format!("column {} has no name", place + 1)).help("every column needs a name"),
                );
            } else if let Some(first) = header.names.iter().position(|n| n.eq_ignore_ascii_case(name)) {
                let message = format!("columns {} and {} are both called {name}", first + 1, place + 1);
                problems.push(refuse(message).help("rename one of them"));
            }
            header.names.push(name.to_owned());
            let Some(item) = COLUMNS.iter().position(|(_, known)| known.eq_ignore_ascii_case(name)) else {
                if matches!(name.to_ascii_uppercase().as_str(), "DATE" | "DAT1" | "DAT2" | "DAT3") {
                    let help =
                        "write the day into TIME, as `D HH:MM` or in hours, and drop or rename the column";
                    problems.push(refuse(format!("calendar dates ({name}) are not read")).help(help));
                }
                continue;
            };
            header.places[item] = header.places[item].or(Some(place));
            let upper = name.chars().all(|c| c.is_ascii_uppercase());
            let lower = name.chars().all(|c| c.is_ascii_lowercase());
            let mixed = !upper && !lower || case.as_ref().is_some_and(|(first, _)| *first != upper);
            if mixed {
                let message = format!("`{name}`: the record items are written in upper and in lower case");
                problems.push(
                    refuse(message).help("write all of ID, TIME, AMT, … in upper case, or all in lower case"),
                );
            } else if case.is_none() {
                case = Some((upper, span.clone()));
            }
        }
        for (needed, name) in [(Column::Id, "ID"), (Column::Time, "TIME")] {
            if header.place(needed).is_none() {
                let whole = fields.first().map_or(0, |f| f.start)..fields.last().map_or(0, |f| f.end);
                let help =
                    "the first line that is no comment names the columns, separated by commas or blanks";
                let missing = Diagnostic::error("E0202", format!("there is no column {name}"));
                problems.push(missing.at(source, whole).help(help));
            }
        }
        header
    }

    /// Which column holds an item, from 0.
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.places[column as usize]
    }
}

/// The name of an item.
pub(super) fn name(column: Column) -> &'static str {
    COLUMNS[column as usize].1
}
