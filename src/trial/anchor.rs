//! Times in a trial are anchored: "week 24", "day 84", "dose 84", never a bare number.

use std::fmt;

use super::Arm;
use crate::diagnostic::Diagnostic;
use crate::document::Item;
use crate::units::Quantity;

/// A time since the first dose, in the words of the study file.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchor {
    text: String,
    hours: f64,
}

impl Anchor {
    /// The time of "week 24" (24 weeks after the first dose), "day 84", "hour 12" or "month 6".
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refuse = || {
            Err(format!("`{text}` is not a time of the trial; write \"week 24\", \"day 84\" or \"hour 12\""))
        };
        let mut words = text.split_whitespace();
        let (Some(unit), Some(number), None) = (words.next(), words.next(), words.next()) else {
            return refuse();
        };
        if !["week", "day", "hour", "month"].contains(&unit.to_lowercase().as_str()) {
            return refuse();
        }
        match format!("{number} {}", unit.to_lowercase()).parse::<Quantity>() {
            Ok(quantity) if quantity.value() >= 0.0 => {
                Ok(Anchor { text: text.trim().into(), hours: quantity.coherent() })
            }
            _ => refuse(),
        }
    }

    /// Reads a time from a study file (E0803).
    pub fn read(item: &Item<'_>) -> Option<Self> {
        if item.is_number() {
            let number = item.number()?.value;
            item.report(
                Diagnostic::error("E0803", format!("`{}` is a bare number", item.path()))
                    .label("hours, days or weeks?")
                    .help(format!("write \"week {number}\" or \"day {number}\"")),
            );
            return None;
        }
        let text = item.string()?;
        Anchor::parse(&text.value).map_err(|message| item.error("E0803", message)).ok()
    }

    /// Hours since the first dose.
    pub fn hours(&self) -> f64 {
        self.hours
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// When an endpoint is looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// At a time since the first dose.
    Time(Anchor),
    /// Just before a dose with a number from 1 on, as the phases of the arm plan it: "dose 84".
    BeforeDose(u32),
    /// When the last phase of the arm ends.
    End,
}

impl When {
    /// Reads "week 24", "dose 84" or "the end".
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim() == "the end" {
            return Ok(When::End);
        }
        match text.trim().strip_prefix("dose ") {
            Some(number) => match number.trim().parse() {
                Ok(number @ 2..) => Ok(When::BeforeDose(number)),
                _ => Err(format!(
                    "`{text}` is not a dose before which something can be measured; write \"dose 84\""
                )),
            },
            None => Anchor::parse(text).map(When::Time),
        }
    }

    /// Hours since the first dose in an arm; not a number where the arm has not so many doses.
    pub fn hours(&self, arm: &Arm) -> f64 {
        match self {
            When::Time(anchor) => anchor.hours(),
            When::BeforeDose(number) => arm.dose_time(*number).unwrap_or(f64::NAN),
            When::End => arm.end(),
        }
    }

    /// Whether it is a time after the first dose and not after the end of an arm.
    pub fn lies_in(&self, arm: &Arm) -> bool {
        let hours = self.hours(arm);
        hours > 0.0 && hours <= arm.end()
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Time(anchor) => anchor.fmt(f),
            When::BeforeDose(number) => write!(f, "dose {number}"),
            When::End => f.write_str("the end"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_words_and_numbers() {
        assert_eq!(Anchor::parse("week 24").unwrap().hours(), 4032.0);
        assert_eq!(Anchor::parse("Day 1").unwrap().hours(), 24.0);
        for wrong in ["24", "24 weeks", "week", "week -1", "year 1", "week 2 3", "mg 3"] {
            assert!(Anchor::parse(wrong).is_err(), "{wrong}");
        }
    }
}
