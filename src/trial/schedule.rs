//! Schedules of visits: "baseline, week 1, 4, 12, then every 12 weeks until week 52".

use super::Anchor;
use super::comparison::Refusal;
use crate::units::{Dimension, Quantity};

/// The longest time that a trial may take (h): a hundred years.
pub(super) const LONGEST: f64 = 100.0 * 8766.0;

/// Times of visits, as a person lists them.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    text: String,
    /// The times that are listed (h), ascending.
    listed: Vec<f64>,
    /// What the list goes on with: from one visit to the next, and until when (h).
    every: Option<(f64, f64)>,
}

impl Schedule {
    /// Reads a schedule.
    ///
    /// # Errors
    /// What is wrong and what would mend it.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let (list, every) = match text.split_once("then every ") {
            Some((list, every)) => (list.trim().trim_end_matches(','), Some(read_every(every)?)),
            None => (text, None),
        };
        let mut unit = "";
        let mut listed = Vec::new();
        for part in list.split(',').map(str::trim) {
            let time = if part == "baseline" {
                0.0
            } else {
                let words = part.split_once(' ').map(|(word, _)| word);
                unit = words.unwrap_or(unit);
                let whole = if words.is_some() { part.to_string() } else { format!("{unit} {part}") };
                Anchor::parse(whole.trim()).map_err(|m| (m, shape()))?.hours()
            };
            if listed.last().is_some_and(|last| *last >= time) {
                return Err((
                    format!("`{part}` does not come after the visit before it"),
                    "list visits in their order".into(),
                ));
            }
            listed.push(time);
        }
        Ok(Schedule { text: text.trim().into(), listed, every })
    }

    /// The visits up to an end (h), of a hundred years at most.
    pub fn times(&self, end: f64) -> Vec<f64> {
        let end = end.min(LONGEST);
        let mut times = self.listed.clone();
        if let (Some((every, until)), Some(mut last)) = (self.every, self.listed.last().copied()) {
            while last + every <= end.min(until) {
                last += every;
                times.push(last);
            }
        }
        times.retain(|time| *time <= end);
        times
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn shape() -> String {
    "write \"week 2, 4, 8, 12, then every 12 weeks\"".into()
}

fn read_every(text: &str) -> Result<(f64, f64), Refusal> {
    let (every, until) = match text.split_once("until ") {
        Some((every, until)) => (every, Anchor::parse(until).map_err(|m| (m, shape()))?.hours()),
        None => (text, f64::INFINITY),
    };
    match every.trim().parse::<Quantity>() {
        Ok(quantity) if quantity.unit().dimension() == Dimension::TIME && quantity.value() > 0.0 => {
            // A visit an hour for fifty years is more than anybody means.
            Ok((quantity.coherent().max(1.0), until))
        }
        _ => Err((format!("`every {}` is no time between visits", every.trim()), shape())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_lists_that_may_go_on() {
        let weeks = |text: &str, end: f64| -> Vec<f64> {
            Schedule::parse(text).unwrap().times(end * 168.0).iter().map(|h| h / 168.0).collect()
        };
        assert_eq!(
            weeks("baseline, week 1, 4, 12, then every 12 weeks", 52.0),
            [0.0, 1.0, 4.0, 12.0, 24.0, 36.0, 48.0]
        );
        assert_eq!(weeks("week 2, 4", 3.0), [2.0]);
        assert_eq!(weeks("week 12, then every 12 weeks until week 24", 52.0), [12.0, 24.0]);
        assert_eq!(weeks("day 7, week 2", 52.0), [1.0, 2.0]);
        assert_eq!(weeks("week 0, then every 1 h", f64::INFINITY).len(), 876_601);
        for (wrong, part) in [
            ("1, 4", "not a time"),
            ("week 4, 2", "does not come after"),
            ("week 4, then every 2", "no time between"),
            ("week 4, then every 2 mg", "no time between"),
            ("", "not a time"),
        ] {
            let (message, _) = Schedule::parse(wrong).unwrap_err();
            assert!(message.contains(part), "{wrong}: {message}");
        }
    }
}
