//! Which doses are taken.
//!
//! ```toml
//! [adherence]
//! missed       = "5 %"                # of the doses that follow one that was taken
//! after-missed = "30 %"               # of those that follow one that was missed (without it: the same)
//! doubled      = "10 %"               # of the doses taken after one that was missed
//! holidays     = { every = "26 weeks", last = "4 days" }      # on average
//! ```
//!
//! A dose is taken when it is due, or not at all; the first is always taken. Doses that come late are not told from
//! those that come in time.

use super::study::Reader;
use super::visits::share;
use crate::random::Stream;
use crate::units::Dimension;

/// How doses are taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Adherence {
    /// The chance to miss a dose after one that was taken.
    pub missed: f64,
    /// The chance to miss a dose after one that was missed.
    pub after_missed: f64,
    /// The chance that a dose taken after one that was missed is doubled.
    pub doubled: f64,
    /// The mean time from one drug holiday to the next, and how long one lasts (h).
    pub holidays: Option<(f64, f64)>,
    /// Where that comes from.
    pub source: String,
}

impl Adherence {
    /// How many times each dose of a subject is taken (0, 1 or 2), every so many hours. Each dose has three draws of
    /// its own.
    pub(super) fn taken(
        &self,
        stream: &mut Stream,
        interval: f64,
        doses: usize,
        mut put: impl FnMut(usize, u8),
    ) {
        let (mut missed, mut holiday) = (false, 0.0);
        for dose in 0..doses {
            let (miss, double, begin) = (stream.uniform(), stream.uniform(), stream.uniform());
            if dose == 0 {
                put(dose, 1);
                continue;
            }
            if let Some((every, last)) = self.holidays
                && holiday <= 0.0
                && begin < interval / every
            {
                holiday = last;
            }
            let away = holiday > 0.0;
            holiday -= interval;
            let miss = away || miss < if missed { self.after_missed } else { self.missed };
            put(dose, if miss { 0 } else { 1 + u8::from(missed && double < self.doubled) });
            missed = miss;
        }
    }
}

impl Reader<'_> {
    pub(super) fn adherence(&self) -> Option<Adherence> {
        let table = self.root.table("adherence")?;
        let missed = share(&table, "missed", 0.0);
        let after_missed = share(&table, "after-missed", missed.unwrap_or(0.0));
        let doubled = share(&table, "doubled", 0.0);
        let holidays = table.table("holidays").map(|holidays| {
            let every = holidays.required_quantity("every", Some(Dimension::TIME));
            let last = holidays.required_quantity("last", Some(Dimension::TIME));
            holidays.finish();
            let (every, last) = (every?.value.coherent(), last?.value.coherent());
            if last > 0.0 && every > last {
                return Some((every, last));
            }
            holidays.error(
                "E0815",
                holidays.span(),
                "a holiday takes time, and less than from one to the next",
            );
            None
        });
        let source = table.string("source").map_or_else(|| "assumption".into(), |s| s.value);
        table.finish();
        let holidays = match holidays {
            Some(found) => Some(found?),
            None => None,
        };
        Some(Adherence { missed: missed?, after_missed: after_missed?, doubled: doubled?, holidays, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Address, Purpose};

    #[test]
    fn doses_are_missed_as_often_as_is_said() {
        let adherence = Adherence {
            missed: 0.1,
            after_missed: 0.4,
            doubled: 0.25,
            holidays: None,
            source: String::new(),
        };
        let mut stream = Stream::new(Address::new(3, Purpose::Adherence));
        let mut taken = Vec::new();
        adherence.taken(&mut stream, 24.0, 100_000, |_, times| taken.push(times));
        let share = |times: u8| taken.iter().filter(|t| **t == times).count() as f64 / taken.len() as f64;
        // The chain is at rest where 0.1 / (0.1 + 0.6) of the doses are missed; 0.6 of a quarter of those double.
        assert!((share(0) - 0.142_857).abs() < 0.005, "{}", share(0));
        assert!((share(2) - 0.142_857 * 0.6 * 0.25).abs() < 0.002, "{}", share(2));
    }

    #[test]
    fn holidays_last_as_long_as_is_said() {
        let adherence = Adherence {
            missed: 0.0,
            after_missed: 0.0,
            doubled: 0.0,
            holidays: Some((2400.0, 96.0)),
            source: String::new(),
        };
        let mut stream = Stream::new(Address::new(3, Purpose::Adherence));
        let mut taken = Vec::new();
        adherence.taken(&mut stream, 24.0, 100_000, |_, times| taken.push(times));
        let runs: Vec<usize> =
            taken.split(|t| *t == 1).map(<[u8]>::len).filter(|length| *length > 0).collect();
        assert!(runs.iter().all(|length| *length % 4 == 0), "{runs:?}");
        // One in 100 days without one, which then takes 4: 100,000 doses hold about 962.
        assert!((runs.len() as f64 - 962.0).abs() < 100.0, "{}", runs.len());
    }
}
