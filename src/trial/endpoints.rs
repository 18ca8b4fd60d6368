//! Reads the endpoints of a study.
//!
//! ```toml
//! [endpoints]
//! remission_52 = { what = "endoscopic_remission at week 52", better = "higher", estimand = "composite" }
//! anaemia      = "any HB < 80 g/L"
//! clinical_12  = { what = { file = "crohn-definitions", name = "clinical-remission-fang", at = "week 12" } }
//! ```

use super::endpoint::{self, Known, Measure, Period};
use super::study::Reader;
use super::visits::told;
use super::{Arm, ResponseUse, When};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::document::{Item, Spanned, Table};

/// An endpoint of a study.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its name, a column of results.
    pub name: String,
    /// What is said of it to people.
    pub label: String,
    /// What it measures.
    pub measure: Measure,
    /// At its time or by its time.
    pub period: Period,
    /// When.
    pub time: When,
    /// Whether more or less of it is good, if either: `higher` or `lower`.
    pub better: Option<bool>,
    /// What counts of those whose treatment has ended.
    pub estimand: Estimand,
}

/// What counts of subjects whose treatment has ended before an endpoint is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Estimand {
    /// What becomes of them, treatment or not: `treatment-policy`.
    #[default]
    TreatmentPolicy,
    /// The bad outcome (non-responder imputation): `composite`.
    Composite,
    /// What was when treatment ended, at the last moment before it that is looked at: `while-on-treatment`.
    WhileOnTreatment,
}

impl Endpoint {
    /// The value that is the bad outcome of an event or a grade; `None` where no direction is good, and of numbers.
    pub(super) fn worst(&self) -> Option<f64> {
        // Grades are a handful.
        #[allow(clippy::cast_precision_loss)]
        let highest = match &self.measure {
            Measure::Grade(parts) => parts.len() as f64,
            measure => f64::from(measure.is_event()),
        };
        self.better.filter(|_| highest > 0.0).map(|higher| if higher { 0.0 } else { highest })
    }

    /// The endpoint, and for a grade also the events to have each grade or a higher one.
    fn with_grades(self) -> Vec<Endpoint> {
        let parts = match &self.measure {
            Measure::Grade(parts) => parts.clone(),
            _ => return vec![self],
        };
        let reached = |from: usize| Endpoint {
            name: format!("{}_{}", self.name, from + 1),
            label: format!("{}: grade {} or higher", self.label, from + 1),
            measure: Measure::Any(parts[from..].to_vec()),
            ..self.clone()
        };
        let reached: Vec<Endpoint> = (0..parts.len()).map(reached).collect();
        std::iter::once(self).chain(reached).collect()
    }
}

impl Estimand {
    /// All of them, by name.
    pub const ALL: [(&'static str, Estimand); 3] = [
        ("treatment-policy", Estimand::TreatmentPolicy),
        ("composite", Estimand::Composite),
        ("while-on-treatment", Estimand::WhileOnTreatment),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Estimand::ALL.iter().find(|(_, own)| *own == self).map_or("", |(name, _)| name)
    }
}

/// What endpoints may speak of.
struct Names<'a> {
    known: Vec<Known<'a>>,
    responses: &'a [ResponseUse],
    arms: &'a [Arm],
    /// What may end treatment.
    causes: &'a [String],
    /// The estimand of endpoints that name none.
    estimand: Estimand,
}

impl Reader<'_> {
    pub(super) fn endpoints(
        &mut self,
        responses: &[ResponseUse],
        arms: &[Arm],
        causes: &[String],
    ) -> Vec<Endpoint> {
        let known =
            responses.iter().map(|r| Known { name: &r.name, biomarker: r.kind.biomarker.as_ref() }).collect();
        let estimand = self.root.item("estimand").and_then(|item| estimand(&item)).unwrap_or_default();
        let names = Names { known, responses, arms, causes, estimand };
        let Some(table) = self.root.required_table("endpoints") else { return Vec::new() };
        let entries = table.entries();
        if entries.is_empty() {
            self.root.error("E0804", table.span(), "a study has at least one endpoint");
        }
        let mut endpoints: Vec<Endpoint> = Vec::new();
        for (name, item) in entries {
            let span = name.span.clone();
            for endpoint in self.endpoint(&names, name, item).into_iter().flat_map(Endpoint::with_grades) {
                if endpoints.iter().any(|known| known.name == endpoint.name) {
                    let message = format!("two endpoints are called `{}`", endpoint.name);
                    let help = "the events of a grade are called by its name and 1, 2, …";
                    table.report(Diagnostic::error("E0804", message).help(help), span.clone());
                }
                endpoints.push(endpoint);
            }
        }
        endpoints
    }

    fn endpoint(&mut self, names: &Names<'_>, name: Spanned<String>, item: Item<'_>) -> Option<Endpoint> {
        let table = if item.is_table() { Some(item.table()?) } else { None };
        let what = match &table {
            Some(table) => table.required("what")?,
            None => item,
        };
        let text = self.said(&what)?;
        names.endpoint(name, table.as_ref(), &what, text)
    }

    /// What an endpoint says, in words: its own, or those of a definition and its time.
    fn said(&mut self, what: &Item<'_>) -> Option<String> {
        if !what.is_table() {
            return Some(what.string()?.value);
        }
        let table = what.table()?;
        let (file, name, at) =
            (table.required_string("file"), table.required_string("name"), table.required_string("at"));
        table.finish();
        let (file, name, at) = (file?.value, name?.value, at?.value);
        let words = |found: &Item<'_>| Some(found.table()?.required_string("what")?.value);
        let words = self.shipped(what, &file, "definitions", &name, words)?;
        Some(format!("{words} at {at}"))
    }
}

fn estimand(item: &Item<'_>) -> Option<Estimand> {
    let written = item.string()?.value;
    let found = Estimand::ALL.iter().find(|(name, _)| *name == written);
    if found.is_none() {
        let near = did_you_mean(&written, Estimand::ALL.iter().map(|(name, _)| *name));
        let help = near.map_or_else(
            || "write \"treatment-policy\", \"composite\" or \"while-on-treatment\"".to_string(),
            |near| format!("did you mean `{near}`?"),
        );
        item.report(Diagnostic::error("E0804", format!("`{written}` is no estimand")).help(help));
    }
    found.map(|(_, estimand)| *estimand)
}

fn better(table: &Table<'_>) -> Option<bool> {
    let word = table.item("better")?;
    match word.string()?.value.as_str() {
        "higher" => Some(true),
        "lower" => Some(false),
        _ => {
            word.error("E0804", "`better` is `higher` or `lower`");
            None
        }
    }
}

impl Names<'_> {
    fn endpoint(
        &self,
        name: Spanned<String>,
        table: Option<&Table<'_>>,
        what: &Item<'_>,
        text: String,
    ) -> Option<Endpoint> {
        let label = table.and_then(|t| t.string("label")).map_or_else(|| text.clone(), |l| l.value);
        let better = table.and_then(better);
        let own = table.and_then(|t| t.item("estimand"));
        let estimand = own.as_ref().map_or(Some(self.estimand), estimand)?;
        if let Some(table) = table {
            table.finish();
        }
        let phrase = endpoint::parse(&text, &self.known)
            .map_err(|refusal| what.report(told("E0804", refusal)))
            .ok()?;
        self.period(&phrase, what)?;
        self.end(&phrase.measure, what)?;
        if let Some(arm) = self.arms.iter().find(|arm| !phrase.time.lies_in(arm)) {
            what.report(
                Diagnostic::error("E0805", format!("{} lies outside arm `{}`", phrase.time, arm.name))
                    .help(format!("the arm ends {} h after its first dose", arm.end())),
            );
            return None;
        }
        let has_worst = phrase.measure.is_event() || matches!(phrase.measure, Measure::Grade(_));
        if estimand == Estimand::Composite && has_worst && better.is_none() {
            let problem = Diagnostic::error("E0804", format!("`{}` has no bad outcome to count", name.value));
            what.report(problem.help("a composite says which is good: `better = \"higher\"` or \"lower\""));
            return None;
        }
        let endpoint::Phrase { measure, period, time } = phrase;
        Some(Endpoint { name: name.value, label, measure, period, time, better, estimand })
    }

    /// Refuses "by" for a moment and "at" for a period.
    fn period(&self, phrase: &endpoint::Phrase, what: &Item<'_>) -> Option<()> {
        let adds_up = |r: usize| self.responses.get(r).is_some_and(|r| r.kind.accumulates);
        let accumulates = phrase.measure.response().is_some_and(adds_up) || phrase.measure.of_a_period();
        if accumulates == (phrase.period == Period::By) {
            return Some(());
        }
        let (message, help) = if accumulates {
            ("this risk accumulates over time", "write \"by\" instead of \"at\"")
        } else {
            ("this is measured at a moment, not accumulated", "write \"at\" instead of \"by\"")
        };
        what.report(Diagnostic::error("E0804", message).help(help));
        None
    }

    /// Refuses a reason for which nobody's treatment ends, and risks that accumulate within other endpoints.
    fn end(&self, measure: &Measure, what: &Item<'_>) -> Option<()> {
        let refuse = |message: String, help: String| {
            what.report(Diagnostic::error("E0804", message).help(help));
            None
        };
        match measure {
            Measure::Stopped(Some(reason)) if !self.causes.contains(reason) => {
                let near = did_you_mean(reason, self.causes.iter().map(String::as_str));
                let help = near.map_or_else(
                    || format!("treatment may end for {}", self.causes.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                refuse(format!("nobody's treatment ends for `{reason}`"), help)
            }
            Measure::All(parts) | Measure::Any(parts) | Measure::Grade(parts) => {
                let adds_up = |r: &usize| self.responses.get(*r).is_some_and(|r| r.kind.accumulates);
                match parts.iter().flat_map(Measure::responses).find(adds_up) {
                    Some(r) => refuse(
                        format!(
                            "`{}` accumulates and is no part of something at a moment",
                            self.responses[r].name
                        ),
                        "join what is there or not at a moment".into(),
                    ),
                    None => Some(()),
                }
            }
            _ => Some(()),
        }
    }
}
