//! One row of a data file: its cells as a record.

use std::ops::Range;
use std::sync::Arc;

use super::cell::{self, Time};
use super::header::{self, Column, Header};
use crate::diagnostic::{Collector, Diagnostic, Source};
use crate::dosing::record::{Dose, Item, Kind, MOST_ADDITIONAL, Rate, Record, SteadyState, Target};

/// Reads rows one after the other.
pub(super) struct RowReader<'a> {
    source: &'a Arc<Source>,
    header: &'a Header,
    problems: &'a Collector,
    /// Whether times are clocks, once the first time has been read.
    clock: Option<bool>,
    /// The subject that the last row belonged to, its first time and its latest.
    current: Option<(&'a str, f64, f64)>,
    warned_interval: bool,
}

/// The cells of one row.
struct Row<'a> {
    number: usize,
    fields: &'a [Range<usize>],
}

impl<'a> RowReader<'a> {
    pub(super) fn new(source: &'a Arc<Source>, header: &'a Header, problems: &'a Collector) -> Self {
        RowReader { source, header, problems, clock: None, current: None, warned_interval: false }
    }

    /// The ID and the record of a row (from 0). What is wrong with it goes to the collector, and something harmless
    /// stands in its place.
    pub(super) fn row(&mut self, number: usize, fields: &[Range<usize>]) -> (&'a str, Record) {
        let row = Row { number, fields };
        let id = self.text(&row, Column::Id).unwrap_or_else(|| {
            self.refuse("E0206", &row, Column::Id, "the ID is missing", "every record belongs to a subject");
            ""
        });
        let kind = self.kind(&row);
        let resets = matches!(kind, Kind::Reset | Kind::ResetAndDose(_));
        let time = self.time(&row, id, resets);
        (id, Record { time, kind })
    }

    /// The text of a cell that is there and not missing.
    fn text(&self, row: &Row<'_>, column: Column) -> Option<&'a str> {
        let span = row.fields.get(self.header.place(column)?)?;
        self.source.text().get(span.clone()).filter(|text| !cell::is_missing(text))
    }

    fn diagnostic(
        &self,
        severe: bool,
        code: &'static str,
        row: &Row<'_>,
        column: Column,
        what: &str,
    ) -> Diagnostic {
        let message = format!("row {}, column {}: {what}", row.number + 1, header::name(column));
        let told = if severe { Diagnostic::error(code, message) } else { Diagnostic::warning(code, message) };
        let place = self.header.place(column).unwrap_or(0);
        match row.fields.get(place) {
            Some(span) => told.at(self.source, span.clone()),
            None => told,
        }
    }

    fn refuse(&self, code: &'static str, row: &Row<'_>, column: Column, what: &str, help: &str) {
        self.problems.push(self.diagnostic(true, code, row, column, what).help(help));
    }

    fn number(&self, row: &Row<'_>, column: Column) -> f64 {
        let Some(text) = self.text(row, column) else { return 0.0 };
        cell::number(text).unwrap_or_else(|what| {
            self.refuse("E0204", row, column, &what, "write a number, or `.` where there is none");
            0.0
        })
    }

    /// A whole number within bounds, 0 where it is missing or refused.
    fn choice(&self, row: &Row<'_>, column: Column, code: &'static str, most: i64, help: &str) -> i64 {
        let Some(text) = self.text(row, column) else { return 0 };
        match cell::whole(text) {
            Ok(value) if (0..=most).contains(&value) => value,
            Ok(value) => {
                self.refuse(code, row, column, &format!("{} is {value}", header::name(column)), help);
                0
            }
            Err(what) => {
                self.refuse(
                    if cell::number(text).is_ok() { code } else { "E0204" },
                    row,
                    column,
                    &what,
                    help,
                );
                0
            }
        }
    }

    fn time(&mut self, row: &Row<'_>, id: &'a str, resets: bool) -> f64 {
        let Some(text) = self.text(row, Column::Time) else {
            self.refuse("E0205", row, Column::Time, "the time is missing", "every record needs a time");
            return self.current.map_or(0.0, |(_, _, latest)| latest);
        };
        let (value, clock) = match cell::time(text) {
            Ok(Time::Hours(value)) => (value, false),
            Ok(Time::Clock(value)) => (value, true),
            Err(what) => {
                self.refuse(
                    "E0205",
                    row,
                    Column::Time,
                    &what,
                    "a time is in hours, or a clock: HH:MM or D HH:MM",
                );
                return self.current.map_or(0.0, |(_, _, latest)| latest);
            }
        };
        if *self.clock.get_or_insert(clock) != clock {
            let help = "write all times in hours or all as clocks";
            self.refuse("E0205", row, Column::Time, "clocks among times in hours", help);
            return self.current.map_or(0.0, |(_, _, latest)| latest);
        }
        let (first, latest) = match self.current {
            Some((same, first, latest)) if same == id => (first, latest),
            _ => (if clock { value } else { 0.0 }, f64::NEG_INFINITY),
        };
        let time = value - first;
        if time < latest && !resets {
            let help = if clock {
                "sort the records by time; with clocks that pass midnight write the day as well: D HH:MM"
            } else {
                "sort the records of each subject by time; only EVID 3 and 4 may set the clock back"
            };
            let what = format!("time {text} is before the record above it");
            self.refuse("E0205", row, Column::Time, &what, help);
            return latest;
        }
        self.current = Some((id, first, time));
        time
    }

    fn kind(&mut self, row: &Row<'_>) -> Kind {
        let mdv = self.choice(row, Column::Mdv, "E0207", 1, "MDV is 0 or 1");
        self.number(row, Column::Dv);
        let target = self.target(row);
        let evid = if self.text(row, Column::Evid).is_some() {
            let help = "EVID is 0 (observation), 1 (dose), 2 (other), 3 (reset) or 4 (reset and dose)";
            self.choice(row, Column::Evid, "E0207", 4, help)
        } else {
            i64::from(self.looks_like_a_dose(row))
        };
        match evid {
            1 | 4 => match self.dose(row, target) {
                Some(dose) if evid == 1 => Kind::Dose(dose),
                Some(dose) => Kind::ResetAndDose(dose),
                None if evid == 1 => Kind::Other,
                None => Kind::Reset,
            },
            other => {
                self.no_dose_items(row, other);
                match other {
                    2 => Kind::Other,
                    3 => Kind::Reset,
                    _ => Kind::Observation { measured: mdv == 0 },
                }
            }
        }
    }

    /// Without EVID, what is given tells.
    fn looks_like_a_dose(&self, row: &Row<'_>) -> bool {
        let there =
            |column| self.text(row, column).and_then(|t| cell::number(t).ok()).is_some_and(|v| v != 0.0);
        there(Column::Amt) || there(Column::Rate) && there(Column::Ss)
    }

    /// A record that gives no dose must not ask for one.
    fn no_dose_items(&self, row: &Row<'_>, evid: i64) {
        let codes = [
            (Column::Amt, "E0208"),
            (Column::Rate, "E0209"),
            (Column::Ii, "E0210"),
            (Column::Addl, "E0210"),
            (Column::Ss, "E0211"),
        ];
        for (column, code) in codes {
            if self.number(row, column) != 0.0 {
                let what =
                    format!("{} on a record with EVID {evid}, which gives no dose", header::name(column));
                self.refuse(code, row, column, &what, "a dose has EVID 1 or 4; otherwise write 0 or `.`");
            }
        }
    }

    fn target(&self, row: &Row<'_>) -> Target {
        let Some(text) = self.text(row, Column::Cmt) else { return Target::Default };
        if text.starts_with(char::is_alphabetic) {
            return Target::Named(text.to_owned());
        }
        let help = "CMT is the number of a compartment, from 1, or its name; 0 is the default compartment";
        match cell::whole(text) {
            Ok(0) => Target::Default,
            Ok(number) if number > 0 => usize::try_from(number).map_or(Target::Default, Target::Number),
            Ok(number) => {
                let what = format!("CMT is {number}: compartments cannot be switched off");
                self.refuse("E0212", row, Column::Cmt, &what, help);
                Target::Default
            }
            Err(what) => {
                self.refuse("E0212", row, Column::Cmt, &what, help);
                Target::Default
            }
        }
    }

    fn dose(&mut self, row: &Row<'_>, target: Target) -> Option<Dose> {
        let before = self.problems.errors();
        let amount = self.number(row, Column::Amt);
        let rate = match self.number(row, Column::Rate) {
            0.0 => Rate::Bolus,
            -1.0 => Rate::ModelledRate,
            -2.0 => Rate::ModelledDuration,
            rate => Rate::Given(rate),
        };
        let interval = self.number(row, Column::Ii);
        let help = "ADDL is a whole number from 0 to 100000";
        let additional = self.choice(row, Column::Addl, "E0210", i64::from(MOST_ADDITIONAL), help);
        let steady = match self.choice(row, Column::Ss, "E0211", 2, "SS is 0, 1 (replaces) or 2 (adds)") {
            1 => Some(SteadyState::Replaces),
            2 => Some(SteadyState::Adds),
            _ => None,
        };
        if self.problems.errors() > before {
            return None;
        }
        let additional = u32::try_from(additional).unwrap_or(MOST_ADDITIONAL);
        match Dose::new(amount, target, rate, interval, additional, steady) {
            Ok(dose) => {
                self.warn_idle_interval(row, &dose);
                Some(dose)
            }
            Err(error) => {
                let (column, code) = match error.item {
                    Item::Amount => (Column::Amt, "E0208"),
                    Item::Rate => (Column::Rate, "E0209"),
                    Item::Interval => (Column::Ii, "E0210"),
                    Item::Additional => (Column::Addl, "E0210"),
                    Item::Steady => (Column::Ss, "E0211"),
                };
                self.refuse(code, row, column, &error.message, error.help);
                None
            }
        }
    }

    fn warn_idle_interval(&mut self, row: &Row<'_>, dose: &Dose) {
        if dose.interval() > 0.0 && dose.additional() == 0 && dose.steady().is_none() && !self.warned_interval
        {
            self.warned_interval = true;
            let what = "II has no effect without ADDL or SS";
            let told = self.diagnostic(false, "E0214", row, Column::Ii, what);
            self.problems
                .push(told.help("this is said once for the file; set II to 0 where it means nothing"));
        }
    }
}
