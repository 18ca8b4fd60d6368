//! A validation: observed figures beside what simulated trials of the same size give.
//!
//! ```toml
//! title = "…"
//!
//! [[observed]]
//! study    = "u-excel.toml"            # its `[trial]` has as many patients in the arm
//! arm      = "45 mg"
//! endpoint = "response_12"
//! label    = "U-EXCEL, 45 mg: endoscopic response at week 12"
//! events   = 159
//! patients = 350
//! fitted   = true                      # whether the response model was fitted to this figure
//! source   = "…"
//!
//! [[observed]]                         # a mean instead of a share; `share = "24.6 %"` stands for one without a count
//! study    = "select-psa-2.toml"
//! arm      = "15 mg"
//! endpoint = "hb_24"
//! label    = "SELECT-PsA 2, 15 mg: change of haemoglobin at week 24"
//! mean     = "-3.6 g/L"
//! sd       = "9.45 g/L"
//! patients = 211
//! fitted   = true
//! source   = "…"
//!
//! [[unpredictable]]
//! label    = "…"
//! observed = "198/350"
//! why      = "…"
//! source   = "…"
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Prepared, StudyError, fits, rows};
use crate::diagnostic::{Collector, Diagnostic, Problems, Source};
use crate::document::{Document, Files, Item, Recorder, Spanned, Table};
use crate::statistics::{Count, wilson};
use crate::trial::Study;
use crate::units::Quantity;

/// A validation file that was read and checked, with the studies that it names.
#[derive(Debug)]
pub struct Validation {
    title: String,
    studies: Vec<(String, Study)>,
    observed: Vec<Observed>,
    unpredictable: Vec<Unpredictable>,
}

/// An observed figure and where its prediction comes from.
#[derive(Clone, Debug, PartialEq)]
struct Observed {
    study: usize,
    arm: usize,
    endpoint: usize,
    label: String,
    figure: Figure,
    patients: u32,
    fitted: bool,
    source: String,
    note: String,
}

/// What was observed of the patients of an arm.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Figure {
    /// So many had the event.
    Events(u32),
    /// A share (a fraction) without a count.
    Share(f64),
    /// Mean and standard deviation, in the unit of the endpoint.
    Mean(f64, f64),
}

/// An observed figure that no model here can say, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unpredictable {
    /// What was observed.
    pub label: String,
    /// The figure, as printed.
    pub observed: String,
    /// Why it cannot be predicted.
    pub why: String,
    /// Where it comes from.
    pub source: String,
}

/// An observed figure beside its prediction. Shares are in percent, means in the unit of their endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// What was observed.
    pub label: String,
    /// The study that predicts it.
    pub study: String,
    /// The arm.
    pub arm: String,
    /// The endpoint.
    pub endpoint: String,
    /// Patients with the event, where they were counted.
    pub events: Option<u32>,
    /// All patients.
    pub patients: u32,
    /// `%`, or the unit of a mean.
    pub unit: String,
    /// The observed share or mean.
    pub observed: f64,
    /// Its 95 % interval: Wilson's of a share, 1.96 standard errors about a mean.
    pub observed_interval: [f64; 2],
    /// The standard error of an observed mean.
    pub observed_error: Option<f64>,
    /// The median share or mean over simulated trials.
    pub predicted: f64,
    /// The interval that holds 95 % of the simulated trials.
    pub prediction_interval: [f64; 2],
    /// Whether the observed figure lies in it.
    pub inside: bool,
    /// Whether the response model was fitted to this figure.
    pub fitted: bool,
    /// Where the observation comes from.
    pub source: String,
    /// What to know about the comparison.
    pub note: String,
}

/// What a validation found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validated {
    /// The title.
    pub title: String,
    /// Observed beside predicted, in file order.
    pub comparisons: Vec<Comparison>,
    /// What cannot be predicted, and why.
    pub unpredictable: Vec<Unpredictable>,
    /// Simulated trials for each study.
    pub replicates: Vec<(String, u32)>,
}

impl Validated {
    /// Of the comparisons with figures that were fitted, or were not: how many lie inside, and how many there are.
    pub fn inside(&self, fitted: bool) -> (usize, usize) {
        let own: Vec<&Comparison> = self.comparisons.iter().filter(|c| c.fitted == fitted).collect();
        (own.iter().filter(|c| c.inside).count(), own.len())
    }
}

impl Validation {
    /// Whether a file is a validation.
    pub fn opens(source: &Arc<Source>) -> bool {
        let problems = Collector::new();
        Document::parse(source).is_ok_and(|document| document.root(&problems).has("observed"))
    }

    /// Reads a validation and the studies it names.
    ///
    /// # Errors
    /// All problems found in the file (E0820 and those of any file) and in the studies.
    pub fn read(source: &Arc<Source>, files: &dyn Files) -> Result<(Validation, Vec<Diagnostic>), Problems> {
        let document = Document::parse(source)?;
        let problems = Collector::new();
        let root = document.root(&problems);
        let mut reader = Reader { files, studies: Vec::new() };
        let title = root.required_string("title").map(|t| t.value);
        let mut observed = Vec::new();
        for item in root.required_array("observed").map_or_else(Vec::new, |list| list.value) {
            observed.extend(reader.observed(&item));
        }
        let unpredictable = root.array("unpredictable").map_or_else(Vec::new, |list| list.value);
        let unpredictable = unpredictable.iter().filter_map(unpredicted).collect();
        root.finish();
        let studies = reader.studies;
        problems.finish(title.map(|title| Validation { title, studies, observed, unpredictable }))
    }

    /// Simulates the trials of each study, and compares. `done` is told after each study.
    ///
    /// # Errors
    /// As [`Prepared::new`].
    pub fn run(
        &self,
        files: &Recorder<'_>,
        threads: usize,
        done: &dyn Fn(&str),
    ) -> Result<Validated, StudyError> {
        let mut trials = Vec::new();
        for (name, study) in &self.studies {
            trials.push(Prepared::new(study, files, threads)?.simulated_trials());
            done(name);
        }
        let comparisons = self.observed.iter().filter_map(|observed| {
            let (name, study) = &self.studies[observed.study];
            let (arm, endpoint) = (&study.arms[observed.arm].name, &study.endpoints[observed.endpoint].name);
            let figures = &trials[observed.study].as_ref()?.figures;
            let found = figures
                .iter()
                .find(|f| f.statistic == "trial median" && f.arm == *arm && f.endpoint == *endpoint)?;
            let (lower, upper) = found.lower.zip(found.upper)?;
            let (value, interval, error) = observed.figure.with_interval(observed.patients);
            Some(Comparison {
                label: observed.label.clone(),
                study: name.clone(),
                arm: arm.clone(),
                endpoint: endpoint.clone(),
                events: if let Figure::Events(events) = observed.figure { Some(events) } else { None },
                patients: observed.patients,
                unit: found.unit.clone(),
                observed: value,
                observed_interval: interval,
                observed_error: error,
                predicted: found.value,
                prediction_interval: [lower, upper],
                // Shares of the same number of patients: equal counts are equal.
                inside: lower - 1e-9 <= value && value <= upper + 1e-9,
                fitted: observed.fitted,
                source: observed.source.clone(),
                note: observed.note.clone(),
            })
        });
        Ok(Validated {
            title: self.title.clone(),
            comparisons: comparisons.collect(),
            unpredictable: self.unpredictable.clone(),
            replicates: self
                .studies
                .iter()
                .zip(&trials)
                .filter_map(|((name, _), trials)| Some((name.clone(), trials.as_ref()?.replicates)))
                .collect(),
        })
    }
}

impl Figure {
    /// The figure, its 95 % interval, and the standard error of a mean.
    fn with_interval(self, patients: u32) -> (f64, [f64; 2], Option<f64>) {
        let n = f64::from(patients);
        let share = |count: Count| (100.0 * count.share(), wilson(count, 0.95).map(|v| 100.0 * v), None);
        match self {
            Figure::Events(events) => share(Count::new(f64::from(events), n)),
            Figure::Share(part) => share(Count::new(part * n, n)),
            Figure::Mean(mean, sd) => {
                let error = sd / n.sqrt();
                let reach = 1.959_963_984_540_054 * error;
                (mean, [mean - reach, mean + reach], Some(error))
            }
        }
    }
}

struct Reader<'a> {
    files: &'a dyn Files,
    studies: Vec<(String, Study)>,
}

impl Reader<'_> {
    fn observed(&mut self, item: &Item<'_>) -> Option<Observed> {
        let table = item.table()?;
        let study = table.required("study").and_then(|i| self.study(&i));
        let (arm, endpoint) = (table.required_string("arm"), table.required_string("endpoint"));
        let label = table.required_string("label");
        let events = table.has("events").then(|| whole(&table, "events"));
        let [share, mean, sd] = ["share", "mean", "sd"].map(|key| table.quantity(key, None));
        let patients = whole(&table, "patients");
        let fitted = table.required("fitted").and_then(|i| i.boolean());
        let (source, note) = (table.required_string("source"), table.string("note"));
        table.finish();
        let study = study?;
        let (arm, endpoint) = (arm?, endpoint?);
        let wrong = |message: String| table.error("E0820", item.span(), message);
        let known = &self.studies[study].1;
        let Some(arm) = known.arms.iter().position(|a| a.name == arm.value) else {
            wrong(format!("the study has no arm `{}`", arm.value));
            return None;
        };
        let Some(endpoint) = known.endpoints.iter().position(|e| e.name == endpoint.value) else {
            wrong(format!("the study has no endpoint `{}`", endpoint.value));
            return None;
        };
        let patients = patients?;
        let unit = rows::unit(known, &known.endpoints[endpoint]);
        let fits = |q: &Spanned<Quantity>| q.value.unit().dimension() == unit.dimension();
        let own = |q: &Spanned<Quantity>| unit.from_coherent(q.value.coherent());
        let figure = match (events, &share, &mean, &sd) {
            (Some(events), None, None, None) => Figure::Events(events?),
            (None, Some(share), None, None) if fits(share) && (0.0..=1.0).contains(&own(share)) => {
                Figure::Share(own(share))
            }
            (None, None, Some(mean), Some(sd)) if fits(mean) && fits(sd) && own(sd) > 0.0 => {
                Figure::Mean(own(mean), own(sd))
            }
            _ => {
                wrong("write `events`, or `share`, or `mean` and `sd`, in the unit of the endpoint".into());
                return None;
            }
        };
        let is_mean = matches!(figure, Figure::Mean(..));
        if is_mean == known.endpoints[endpoint].measure.is_event() {
            wrong("an event has a share, a number has a mean".into());
            return None;
        }
        let simulated = known.replication.as_ref().map_or(0, |r| r.patients[arm]);
        if patients != simulated || matches!(figure, Figure::Events(events) if events > patients) {
            wrong(format!(
                "figures of {patients} patients cannot stand beside an arm of {simulated} simulated patients"
            ));
            return None;
        }
        Some(Observed {
            study,
            arm,
            endpoint,
            label: label?.value,
            figure,
            patients,
            fitted: fitted?.value,
            source: source?.value,
            note: note.map_or_else(String::new, |n| n.value),
        })
    }

    /// The place of a study, which is read where it is named first.
    fn study(&mut self, item: &Item<'_>) -> Option<usize> {
        let name = item.string()?.value;
        if let Some(place) = self.studies.iter().position(|(known, _)| *known == name) {
            return Some(place);
        }
        let read = self.files.open(&name).map_err(Problems::from);
        match read.and_then(|source| Study::read(&source, self.files, &fits::kind)) {
            Ok((study, _)) => {
                self.studies.push((name, study));
                Some(self.studies.len() - 1)
            }
            Err(problems) => {
                problems.list().iter().for_each(|problem| item.report(problem.clone()));
                None
            }
        }
    }
}

/// A whole number of patients.
fn whole(table: &Table<'_>, key: &str) -> Option<u32> {
    let number = table.required_integer(key)?;
    let valid = u32::try_from(number.value).ok();
    if valid.is_none() {
        table.error("E0820", number.span, format!("`{key}` is a number of patients"));
    }
    valid
}

fn unpredicted(item: &Item<'_>) -> Option<Unpredictable> {
    let table = item.table()?;
    let text = |key| table.required_string(key).map(|s| s.value);
    let found = (text("label"), text("observed"), text("why"), text("source"));
    table.finish();
    Some(Unpredictable { label: found.0?, observed: found.1?, why: found.2?, source: found.3? })
}
