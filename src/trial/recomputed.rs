//! Endpoints that are worked out from the rows of a finished run, without simulating again.
//!
//! ```text
//! deep = remission_52 and response_52 and hb_52 >= 110 g/L
//! thin = BMI <= 18.5 kg/m^2 and no response_52
//! worse = remission_24 and no remission_52
//! ```

use super::comparison::{Side, split, threshold};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::units::Unit;

/// A column of the rows: its name and the unit of its values (empty for levels, `1` for events).
type RowColumn<'a> = (&'a str, &'a str);

/// An endpoint over columns of the rows: all its parts must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Recomputed {
    /// Its name.
    pub name: String,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Part {
    column: usize,
    side: Side,
    /// In the unit of the column.
    threshold: f64,
}

impl Recomputed {
    /// Reads `name = conditions`.
    ///
    /// # Errors
    /// E0832: no name, a column that the rows do not have, a threshold of another dimension.
    pub fn parse(text: &str, columns: &[RowColumn<'_>]) -> Result<Self, Diagnostic> {
        let wrong = |message: String, help: &str| Diagnostic::error("E0832", message).help(help.to_string());
        let named = text.split_once('=').map(|(name, what)| (name.trim(), what.trim()));
        let named = named.filter(|(name, _)| !name.is_empty() && !name.contains(['<', '>', ' ']));
        let Some((name, what)) = named else {
            let message = format!("`{text}` does not begin with a name");
            return Err(wrong(message, "write \"deep = remission_52 and hb_52 >= 110 g/L\""));
        };
        let part = |text: &str| -> Result<Part, Diagnostic> {
            let place = |name: &str| {
                columns.iter().position(|(known, _)| *known == name).ok_or_else(|| {
                    let near = did_you_mean(name, columns.iter().map(|(known, _)| *known));
                    let names: Vec<&str> = columns.iter().map(|(known, _)| *known).collect();
                    let help = near.map_or_else(
                        || format!("they have {}", names.join(", ")),
                        |n| format!("did you mean `{n}`?"),
                    );
                    wrong(format!("the rows have no `{name}`"), &help)
                })
            };
            if let Some((left, side, right)) = split(text) {
                let column = place(left)?;
                let unit: Unit = columns[column].1.parse().map_err(|_| {
                    wrong(format!("`{left}` is no number"), "compare columns that have a unit")
                })?;
                let value = threshold(right, left, &unit).map_err(|(message, help)| wrong(message, &help))?;
                return Ok(Part { column, side, threshold: unit.from_coherent(value) });
            }
            let (name, side) =
                text.strip_prefix("no ").map_or((text, Side::Above), |name| (name.trim(), Side::AtMost));
            let column = place(name)?;
            if columns[column].1 != "1" {
                return Err(wrong(
                    format!("`{name}` is nothing that a subject has or has not"),
                    "compare it with a threshold",
                ));
            }
            Ok(Part { column, side, threshold: 0.5 })
        };
        let parts = what.split(" and ").map(|text| part(text.trim())).collect::<Result<_, _>>()?;
        Ok(Recomputed { name: name.into(), parts })
    }

    /// Whether a row has it, from the values of its columns: 1 or 0; not a number where one of them is missing.
    pub fn of(&self, value: impl Fn(usize) -> f64) -> f64 {
        let mut all = 1.0;
        for part in &self.parts {
            let value = value(part.column);
            if value.is_nan() {
                return f64::NAN;
            }
            all *= f64::from(part.side.holds(value, part.threshold));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [RowColumn<'_>; 4] = [("ARM", ""), ("HB", "g/L"), ("remission", "1"), ("trough", "ng/mL")];

    #[test]
    fn conditions_are_joined_and_missing_values_stay_missing() {
        let deep =
            Recomputed::parse("deep = remission and HB >= 11 g/dL and trough < 0.01 mg/L", &COLUMNS).unwrap();
        let of = |values: [f64; 4]| deep.of(|place| values[place]);
        assert_eq!(of([0.0, 110.0, 1.0, 9.0]), 1.0);
        assert_eq!(of([0.0, 109.9, 1.0, 9.0]), 0.0);
        assert_eq!(of([0.0, 110.0, 1.0, 11.0]), 0.0);
        assert_eq!(of([0.0, 110.0, 0.0, 9.0]), 0.0);
        assert!(of([0.0, f64::NAN, 1.0, 9.0]).is_nan());
        let lost = Recomputed::parse("lost = no remission", &COLUMNS).unwrap();
        assert_eq!([0.0, 1.0].map(|r| lost.of(|_| r)), [1.0, 0.0]);
    }

    #[test]
    fn what_the_rows_do_not_have_is_refused() {
        for (text, part) in [
            ("remission", "begin with a name"),
            ("a = remision", "did you mean `remission`"),
            ("a = HB", "threshold"),
            ("a = HB < 80 mg", "mass"),
            ("a = ARM < 1", "no number"),
        ] {
            let told = Recomputed::parse(text, &COLUMNS).unwrap_err();
            assert!(format!("{} {:?}", told.message, told.help).contains(part), "{text}: {told:?}");
        }
    }
}
