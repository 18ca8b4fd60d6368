//! Which doses are taken.
//!
//! ```toml
//! [adherence]
//! missed       = "5 %"                # of the doses that follow one that was taken
//! after-missed = "30 %"               # of those that follow one that was missed (without it: the same)
//! doubled      = "10 %"               # of the doses taken after one that was missed
//! holidays     = { every = "26 weeks", last = "4 days" }      # on average
//! late         = [{ share = "15 %", by = "2 h" }, { share = "5 %", by = "10 h" }]     # of the doses that are taken
//! ```
//!
//! The first dose is always taken, and in time. A dose that comes late moves none of those after it. Lateness has a few
//! values, the same for all subjects: then a dosing interval falls into the same few parts in all of them, and is solved as
//! exactly and nearly as fast as one whose doses come in time.

use super::study::Reader;
use super::visits::share;
use crate::diagnostic::Diagnostic;
use crate::document::Item;
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
    /// The shares of the doses taken that come late, and how late (h), ascending.
    pub late: Vec<(f64, f64)>,
    /// Where that comes from.
    pub source: String,
}

/// How a dose is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Intake {
    /// 0 (missed), 1 or 2 doses at once.
    pub(super) times: u8,
    /// 0 in time, else the place of its lateness, from 1 on.
    pub(super) late: u8,
}

impl Default for Intake {
    /// One dose, in time.
    fn default() -> Self {
        Intake { times: 1, late: 0 }
    }
}

impl Adherence {
    /// When doses may be taken after they are due (h), from 0 on.
    pub(super) fn delays(&self) -> impl Iterator<Item = f64> {
        std::iter::once(0.0).chain(self.late.iter().map(|(_, by)| *by))
    }

    /// How long it is (h) from each time at which a dose of an interval may be taken to the next.
    pub(super) fn parts(&self, interval: f64) -> Vec<f64> {
        let ends = self.delays().skip(1).chain([interval]);
        self.delays().zip(ends).map(|(from, to)| to - from).collect()
    }

    /// Which of the doses come late: 0 in time, else the place of the lateness, from 1 on. Each dose has a draw of its
    /// own.
    pub(super) fn lateness(&self, stream: &mut Stream, doses: usize, mut put: impl FnMut(usize, u8)) {
        for dose in 0..doses {
            let draw = stream.uniform();
            let mut end = 0.0;
            let within = |(share, _): &(f64, f64)| {
                end += share;
                draw < end
            };
            let place = self.late.iter().position(within).map_or(0, |place| place + 1);
            put(dose, if dose == 0 { 0 } else { u8::try_from(place).unwrap_or(0) });
        }
    }

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
    /// `shortest` is the shortest interval (h) of the study's regimens.
    pub(super) fn adherence(&self, shortest: f64) -> Option<Adherence> {
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
        let late = match table.item("late") {
            Some(item) => late(&item, shortest),
            None => Some(Vec::new()),
        };
        let source = table.string("source").map_or_else(|| "assumption".into(), |s| s.value);
        table.finish();
        let holidays = match holidays {
            Some(found) => Some(found?),
            None => None,
        };
        Some(Adherence {
            missed: missed?,
            after_missed: after_missed?,
            doubled: doubled?,
            holidays,
            late: late?,
            source,
        })
    }
}

/// The most values that lateness may have.
const LATENESSES: usize = 12;

/// `{ share = "15 %", by = "2 h" }`, or a list of such; every delay is shorter than the shortest dosing interval (h).
fn late(item: &Item<'_>, shortest: f64) -> Option<Vec<(f64, f64)>> {
    let one = |item: &Item<'_>| {
        let table = item.table()?;
        let chance = share(&table, "share", 0.0);
        let by = table.required_quantity("by", Some(Dimension::TIME));
        table.finish();
        Some((chance?, by?.value.coherent()))
    };
    let mut list: Vec<(f64, f64)> = if item.is_array() {
        item.array()?.value.iter().map(one).collect::<Option<_>>()?
    } else {
        vec![one(item)?]
    };
    list.sort_by(|a, b| a.1.total_cmp(&b.1));
    let refuse = |message: String, help: &str| {
        item.report(Diagnostic::error("E0815", message).help(help));
        None
    };
    if list.len() > LATENESSES {
        return refuse(format!("{} kinds of lateness", list.len()), "give 12 at most");
    }
    if list.iter().map(|(share, _)| share).sum::<f64>() > 1.0 {
        return refuse(
            "more doses come late than are taken".into(),
            "let the shares add up to 100 % at most",
        );
    }
    let mut before = 0.0;
    for (_, by) in &list {
        if *by <= before || *by >= shortest {
            let message = format!("a dose cannot come {by} h late where one is due every {shortest} h");
            return refuse(
                message,
                "give delays that differ, above 0 and shorter than every dosing interval",
            );
        }
        before = *by;
    }
    Some(list)
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
            late: Vec::new(),
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
    fn doses_come_late_as_often_as_is_said() {
        let adherence = Adherence {
            missed: 0.0,
            after_missed: 0.0,
            doubled: 0.0,
            holidays: None,
            late: vec![(0.15, 2.0), (0.05, 10.0)],
            source: String::new(),
        };
        assert_eq!(adherence.parts(24.0), [2.0, 8.0, 14.0]);
        let mut stream = Stream::new(Address::new(3, Purpose::Adherence));
        let mut counts = [0_u32; 3];
        adherence.lateness(&mut stream, 100_000, |_, place| counts[usize::from(place)] += 1);
        // Binomial standard deviations 113 and 69.
        assert!(counts[1].abs_diff(15_000) < 400 && counts[2].abs_diff(5_000) < 250, "{counts:?}");
    }

    #[test]
    fn holidays_last_as_long_as_is_said() {
        let adherence = Adherence {
            missed: 0.0,
            after_missed: 0.0,
            doubled: 0.0,
            holidays: Some((2400.0, 96.0)),
            late: Vec::new(),
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
