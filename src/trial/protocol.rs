//! Arms and their phases.
//!
//! A phase begins when the one before it ends; `until` and the next phase's `at` cut it short. A decision (`if`) is
//! taken when its phase begins, on the response as simulated at that time.

use super::Anchor;
use super::ResponseUse;
use super::study::regimens;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::document::{Item, Spanned, Table};
use crate::dosing::regimen::Regimen;
use crate::model::Model;

/// A treatment group.
#[derive(Clone, Debug)]
pub struct Arm {
    /// Its name.
    pub name: String,
    /// Its phases, one after the other, the first from time 0.
    pub phases: Vec<Phase>,
}

/// A part of an arm in which a subject keeps to one regimen.
#[derive(Clone, Debug)]
pub struct Phase {
    /// When it begins (h since the first dose).
    pub start: f64,
    /// When it ends (h).
    pub end: f64,
    /// What is given, or given where the condition holds.
    pub dosing: Dosing,
    /// The decision at its beginning, if there is one.
    pub condition: Option<Condition>,
}

/// A decision between two regimens.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The response that decides, by its place in the study.
    pub response: usize,
    /// What is given where it does not hold.
    pub otherwise: Dosing,
}

/// A regimen as the engine needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Dosing {
    /// Its name in the study.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The dose (mg, or mol).
    pub amount: f64,
    /// The dosing interval (h).
    pub interval: f64,
    /// The place of its formulation in the model.
    pub formulation: usize,
}

impl Arm {
    /// When the last phase ends (h).
    pub fn end(&self) -> f64 {
        self.phases.last().map_or(0.0, |p| p.end)
    }

    /// The phases in words.
    pub fn words(&self, responses: &[ResponseUse]) -> Vec<String> {
        let phase = |p: &Phase| {
            let dose = |d: &Dosing| d.text.split(" for ").next().unwrap_or(&d.text).to_string();
            let span = format!("{} to {}", weeks(p.start), weeks(p.end));
            match &p.condition {
                None => format!("{}, {span}", dose(&p.dosing)),
                Some(c) => {
                    let response = responses.get(c.response).map_or("", |r| r.name.as_str());
                    format!("if {response}: {}, else {}, {span}", dose(&p.dosing), dose(&c.otherwise))
                }
            }
        };
        self.phases.iter().map(phase).collect()
    }
}

/// A time in weeks where it is whole weeks, else in days or hours.
fn weeks(hours: f64) -> String {
    match (hours % 168.0 == 0.0, hours % 24.0 == 0.0) {
        (true, _) => format!("week {}", hours / 168.0),
        (false, true) => format!("day {}", hours / 24.0),
        (false, false) => format!("hour {hours}"),
    }
}

pub(super) fn read(root: &Table<'_>, model: &Model, responses: &[ResponseUse]) -> Vec<Arm> {
    let regimens = regimens(root);
    let Some(table) = root.required_table("arms") else { return Vec::new() };
    let entries = table.entries();
    if entries.is_empty() {
        table.report(
            Diagnostic::error("E0802", "the study has no arms")
                .help("add `[arms.\"name\"]` with `phases = […]`"),
            table.span(),
        );
    }
    let reader = Reader { model, responses, regimens: &regimens };
    entries.into_iter().filter_map(|(name, item)| reader.arm(name, &item)).collect()
}

struct Reader<'a> {
    model: &'a Model,
    responses: &'a [ResponseUse],
    regimens: &'a [(String, Regimen)],
}

/// A phase as written, before its times are known.
struct Written {
    at: Option<Anchor>,
    until: Option<Anchor>,
    dosing: Dosing,
    duration: Option<f64>,
    condition: Option<Condition>,
}

impl Reader<'_> {
    fn arm(&self, name: Spanned<String>, item: &Item<'_>) -> Option<Arm> {
        let table = item.table()?;
        let phases = table.required_array("phases")?;
        table.finish();
        if phases.value.is_empty() {
            table.error("E0802", phases.span, format!("arm `{}` has no phases", name.value));
            return None;
        }
        let mut arm = Arm { name: name.value, phases: Vec::new() };
        for item in &phases.value {
            let written = self.written(item)?;
            place(&mut arm, written, item)?;
        }
        if let Some((phase, item)) = arm.phases.iter().zip(&phases.value).find(|(p, _)| !whole(p)) {
            item.report(
                Diagnostic::error(
                    "E0808",
                    format!(
                        "the phase lasts {} h, which is no whole number of dosing intervals",
                        phase.end - phase.start
                    ),
                )
                .help(format!("let it last a multiple of {} h", phase.dosing.interval)),
            );
            return None;
        }
        if let Some(((_, item), _)) =
            arm.phases.iter().zip(&phases.value).zip(1..).find(|((p, _), _)| !p.end.is_finite())
        {
            item.report(
                Diagnostic::error("E0803", "the phase has no end").help(
                    "give its regimen a length (\"for 12 weeks\"), or the phase an `until = \"week 52\"`",
                ),
            );
            return None;
        }
        Some(arm)
    }

    fn written(&self, item: &Item<'_>) -> Option<Written> {
        if item.is_string() {
            let (dosing, duration) = self.dosing(item)?;
            return Some(Written { at: None, until: None, dosing, duration, condition: None });
        }
        let table = item.table()?;
        let time = |key| table.item(key).map(|i| Anchor::read(&i));
        let (at, until) = (time("at"), time("until"));
        let written = if table.has("if") {
            let response = self.response(&table.required("if")?);
            let then = table.required("then").and_then(|i| self.dosing(&i));
            let otherwise = table.required("else").and_then(|i| self.dosing(&i));
            table.finish();
            let condition = Condition { response: response?, otherwise: otherwise?.0 };
            let (dosing, duration) = then?;
            Written { at: None, until: None, dosing, duration, condition: Some(condition) }
        } else {
            let regimen = table.required("regimen").and_then(|i| self.dosing(&i));
            table.finish();
            let (dosing, duration) = regimen?;
            Written { at: None, until: None, dosing, duration, condition: None }
        };
        // An anchor that is there and wrong has been reported.
        let known = |anchor: Option<Option<Anchor>>| match anchor {
            None => Some(None),
            Some(anchor) => anchor.map(Some),
        };
        Some(Written { at: known(at)?, until: known(until)?, ..written })
    }

    fn response(&self, item: &Item<'_>) -> Option<usize> {
        let name = item.string()?.value;
        let event = |r: &ResponseUse| r.kind.biomarker.is_none() && !r.kind.accumulates;
        let place = self.responses.iter().position(|r| r.name == name && event(r));
        if place.is_none() {
            let near =
                did_you_mean(&name, self.responses.iter().filter(|r| event(r)).map(|r| r.name.as_str()));
            let help = near.map_or_else(
                || {
                    "a decision rests on a response that is measured at a moment; name one of `[responses]`"
                        .to_string()
                },
                |n| format!("did you mean `{n}`?"),
            );
            item.report(Diagnostic::error("E0802", format!("`{name}` cannot decide a phase")).help(help));
        }
        place
    }

    /// The regimen that an item names, and how long it goes on by itself.
    fn dosing(&self, item: &Item<'_>) -> Option<(Dosing, Option<f64>)> {
        let name = item.string()?.value;
        let Some((_, regimen)) = self.regimens.iter().find(|(known, _)| *known == name) else {
            let near = did_you_mean(&name, self.regimens.iter().map(|(n, _)| n.as_str()));
            let help = near.map_or_else(
                || format!("add `{name} = \"30 mg every 24 h for 12 weeks\"` to `[regimens]`"),
                |n| format!("did you mean `{n}`?"),
            );
            item.report(Diagnostic::error("E0802", format!("there is no regimen `{name}`")).help(help));
            return None;
        };
        let formulation = self.formulation(item, &name, regimen)?;
        let (Some(interval), None) = (regimen.interval(), regimen.infusion()) else {
            item.report(
                Diagnostic::error("E0807", format!("`{name}` is no repeated dosing of a formulation"))
                    .help("a trial's regimen says \"every 24 h\"; how the dose enters is the formulation's business"),
            );
            return None;
        };
        let dosing =
            Dosing { name, text: regimen.to_string(), amount: regimen.amount(), interval, formulation };
        Some((dosing, regimen.duration()))
    }

    fn formulation(&self, item: &Item<'_>, name: &str, regimen: &Regimen) -> Option<usize> {
        let known = self.model.formulations();
        let place = match regimen.formulation() {
            Some(written) => known.iter().position(|f| f.name == written),
            None if known.len() == 1 => Some(0),
            None => None,
        };
        if place.is_none() {
            let names: Vec<&str> = known.iter().map(|f| f.name.as_str()).collect();
            item.report(
                Diagnostic::error("E0807", format!("the formulation of `{name}` is not one of the model's"))
                    .help(format!(
                        "name one of {}, as in \"30 mg {} every 24 h\"",
                        names.join(", "),
                        names.first().unwrap_or(&"ER")
                    )),
            );
        }
        place
    }
}

/// Puts a phase behind those that are there.
fn place(arm: &mut Arm, written: Written, item: &Item<'_>) -> Option<()> {
    let mut start = arm.end();
    if let Some(at) = &written.at {
        let last = arm.phases.last_mut();
        let begins = last.as_ref().map_or(0.0, |p| p.start);
        if at.hours() > start || at.hours() < begins || (last.is_none() && at.hours() > 0.0) {
            item.report(
                Diagnostic::error("E0803", format!("the phase is to begin at {at}, but the one before it ends {start} h after the first dose"))
                    .help("let the phase before it last until then"),
            );
            return None;
        }
        if let Some(last) = last {
            last.end = at.hours();
        }
        start = at.hours();
    }
    let own_end = written.duration.map_or(f64::INFINITY, |d| start + d);
    let end = written.until.as_ref().map_or(own_end, |u| u.hours().min(own_end));
    if end <= start {
        item.report(Diagnostic::error("E0803", "the phase ends before it begins"));
        return None;
    }
    arm.phases.push(Phase { start, end, dosing: written.dosing, condition: written.condition });
    Some(())
}

/// Whether the phase is a whole number of the intervals of everything that may be given in it.
fn whole(phase: &Phase) -> bool {
    let fits = |d: &Dosing| {
        let intervals = (phase.end - phase.start) / d.interval;
        !intervals.is_finite() || (intervals - intervals.round()).abs() < 1e-9
    };
    fits(&phase.dosing) && phase.condition.as_ref().is_none_or(|c| fits(&c.otherwise))
}
