//! When subjects are seen, what is measured then, and how well.
//!
//! ```toml
//! [visits]
//! schedule = "week 2, 4, 8, 12, then every 12 weeks"
//! window   = "3 days"                   # each subject comes up to so many days early or late
//! missed   = "5 %"                      # of the visits
//! measure  = { HB = "every visit", ANC = "week 12, 24" }
//!
//! [assays.HB]
//! cv   = "2 %"
//! lloq = "20 g/L"
//! ```

use super::comparison::Refusal;
use super::schedule::Schedule;
use super::study::Reader;
use super::{ResponseUse, Rule};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::document::{Item, Table};
use crate::units::Dimension;

/// The visits of a study.
#[derive(Clone, Debug)]
pub struct Visits {
    /// When they are planned.
    pub schedule: Schedule,
    /// How many days a subject may come early or late.
    pub window: u32,
    /// The share of visits that are missed.
    pub missed: f64,
    /// Which responses are measured, and at which of the planned times (h); all of them where that is `None`.
    pub measured: Vec<(usize, Option<Vec<f64>>)>,
}

/// How well a laboratory measures a response.
#[derive(Clone, Debug, PartialEq)]
pub struct Assay {
    /// The response.
    pub response: usize,
    /// Coefficient of variation (a fraction).
    pub cv: f64,
    /// Standard deviation that does not grow with the value (coherent units).
    pub sd: f64,
    /// What lies below it counts as half of it (coherent units).
    pub lloq: f64,
    /// Where that comes from.
    pub source: String,
}

impl Assay {
    /// What is measured of a true value, by a standard normal deviate.
    pub fn measured(&self, truth: f64, deviate: f64) -> f64 {
        let sd = if self.sd == 0.0 {
            self.cv * truth
        } else {
            (self.cv * truth * self.cv * truth + self.sd * self.sd).sqrt()
        };
        let value = truth + sd * deviate;
        if value < self.lloq { 0.5 * self.lloq } else { value }
    }
}

impl Visits {
    /// Whether a response is measured at a planned visit (h).
    pub fn measures(&self, response: usize, planned: f64) -> bool {
        self.measured
            .iter()
            .any(|(r, times)| *r == response && times.as_ref().is_none_or(|times| times.contains(&planned)))
    }
}

impl Reader<'_> {
    pub(super) fn visits(&mut self, responses: &[ResponseUse], end: f64) -> Option<Visits> {
        let table = self.root.table("visits")?;
        let item = table.required("schedule")?;
        let schedule = self.schedule(&item)?;
        let window =
            table.quantity("window", Some(Dimension::TIME)).map(|w| (w.value.coherent() / 24.0, w.span));
        let window = match window {
            None => 0,
            Some((days, _)) if (0.0..=60.0).contains(&days) && days.fract() == 0.0 => {
                // A whole number of days, at most 60.
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let days = days as u32;
                days
            }
            Some((_, span)) => {
                table.error("E0810", span, "a window is a whole number of days, at most 60");
                return None;
            }
        };
        let missed = share(&table, "missed", 0.0)?;
        let planned = schedule.times(end);
        if planned.is_empty() {
            let message = format!("no visit of \"{}\" lies within an arm", schedule.text());
            item.report(Diagnostic::error("E0810", message).help("plan visits before the last phase ends"));
            return None;
        }
        let measured = match table.item("measure") {
            None => {
                let moments = responses.iter().enumerate().filter(|(_, r)| !r.kind.accumulates);
                moments.map(|(place, _)| (place, None)).collect()
            }
            Some(item) => measured(&item, responses, &planned)?,
        };
        table.finish();
        Some(Visits { schedule, window, missed, measured })
    }

    /// A schedule in words, or `{ file = "…", name = "…" }` for one of a protocol file.
    fn schedule(&mut self, item: &Item<'_>) -> Option<Schedule> {
        let read = |item: &Item<'_>| {
            let text = item.string()?;
            Schedule::parse(&text.value).map_err(|refusal| item.report(told("E0810", refusal))).ok()
        };
        if !item.is_table() {
            return read(item);
        }
        let table = item.table()?;
        let (file, name) = (table.required_string("file")?.value, table.required_string("name")?.value);
        table.finish();
        self.shipped(item, &file, "schedules", &name, |found| read(&found.table()?.required("schedule")?))
    }

    pub(super) fn assays(&self, responses: &[ResponseUse]) -> Vec<Assay> {
        let Some(table) = self.root.table("assays") else { return Vec::new() };
        let read = |(name, item): (crate::document::Spanned<String>, Item<'_>)| {
            let place = responses.iter().position(|r| r.name == name.value);
            let unit = place.and_then(|place| responses[place].kind.biomarker.as_ref());
            let (Some(response), Some(unit)) = (place, unit) else {
                let message = format!("`{}` is no biomarker of this study", name.value);
                self.root.error("E0811", name.span, message);
                return None;
            };
            let assay = item.table()?;
            let amount =
                |key| assay.quantity(key, Some(unit.dimension())).map_or(0.0, |q| q.value.coherent());
            let found = Assay {
                response,
                cv: share(&assay, "cv", 0.0)?,
                sd: amount("sd"),
                lloq: amount("lloq"),
                source: assay.string("source").map_or_else(|| "assumption".into(), |s| s.value),
            };
            assay.finish();
            if found.sd < 0.0 || found.lloq < 0.0 {
                item.error("E0811", "errors and limits of an assay are not negative");
                return None;
            }
            Some(found)
        };
        table.entries().into_iter().filter_map(read).collect()
    }

    /// Refuses rules on what no visit measures.
    pub(super) fn watched(
        &self,
        rules: &[(Rule, Item<'_>)],
        visits: Option<&Visits>,
        responses: &[ResponseUse],
    ) {
        for (rule, item) in rules {
            let looked_at = rule.conditions().filter_map(super::condition::Condition::response);
            for response in looked_at {
                if visits.is_some_and(|v| v.measured.iter().any(|(r, _)| *r == response)) {
                    continue;
                }
                let name = &responses[response].name;
                let message = format!("no visit measures `{name}`");
                let help = if visits.is_some() {
                    format!("add `{name}` to `measure` in `[visits]`")
                } else {
                    "add `[visits]` with a `schedule = \"week 2, 4, 8, 12, then every 12 weeks\"`".into()
                };
                item.report(Diagnostic::error("E0812", message).help(help));
                break;
            }
        }
    }
}

/// A problem from what a grammar refuses.
pub(super) fn told(code: &'static str, (message, help): Refusal) -> Diagnostic {
    Diagnostic::error(code, message).help(help)
}

/// A share such as "5 %", from 0 to 1 (E0105, E0801); `None` where it is wrong.
pub(super) fn share(table: &Table<'_>, key: &str, default: f64) -> Option<f64> {
    if !table.has(key) {
        return Some(default);
    }
    let found = table.quantity(key, Some(Dimension::ONE))?;
    let share = found.value.coherent();
    if !(0.0..=1.0).contains(&share) {
        table.error("E0801", found.span, format!("`{key}` is a share from 0 % to 100 %"));
        return None;
    }
    Some(share)
}

fn measured(
    item: &Item<'_>,
    responses: &[ResponseUse],
    planned: &[f64],
) -> Option<Vec<(usize, Option<Vec<f64>>)>> {
    let place = |name: &str, item: &Item<'_>| {
        let found = responses.iter().position(|r| r.name == name && !r.kind.accumulates);
        if found.is_none() {
            let names = || responses.iter().filter(|r| !r.kind.accumulates).map(|r| r.name.as_str());
            let help = did_you_mean(name, names()).map_or_else(
                || format!("visits can measure {}", names().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            item.report(
                Diagnostic::error("E0810", format!("`{name}` cannot be measured at a visit")).help(help),
            );
        }
        found
    };
    if item.is_array() {
        let items = item.array()?.value;
        return items.iter().map(|i| Some((place(&i.string()?.value, i)?, None))).collect();
    }
    let entries = item.table()?.entries();
    let read = |(name, when): (crate::document::Spanned<String>, Item<'_>)| {
        let response = place(&name.value, &when)?;
        let text = when.string()?.value;
        if text == "every visit" {
            return Some((response, None));
        }
        let times = match Schedule::parse(&text) {
            Ok(schedule) => schedule.times(f64::INFINITY.min(planned.last().copied().unwrap_or(0.0))),
            Err(refusal) => {
                when.report(told("E0810", refusal));
                return None;
            }
        };
        if times.is_empty() || times.iter().any(|time| !planned.contains(time)) {
            let message = format!("`{}` is to be measured when there is no visit", name.value);
            when.report(
                Diagnostic::error("E0810", message).help("name times of the schedule, or \"every visit\""),
            );
            return None;
        }
        Some((response, Some(times)))
    };
    entries.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_laboratory_errs_by_both_its_errors_and_counts_half_of_what_it_cannot_see() {
        let assay = Assay { response: 0, cv: 0.04, sd: 3.0, lloq: 10.0, source: String::new() };
        // 4 % of 100 and 3 are 5 together.
        assert!((assay.measured(100.0, 1.0) - 105.0).abs() < 1e-12);
        assert!((assay.measured(100.0, -2.0) - 90.0).abs() < 1e-12);
        assert_eq!(assay.measured(10.0, 0.0), 10.0);
        assert_eq!(assay.measured(9.0, 0.0), 5.0);
        let proportional = Assay { sd: 0.0, ..assay };
        assert!((proportional.measured(100.0, 1.0) - 104.0).abs() < 1e-12);
    }
}
