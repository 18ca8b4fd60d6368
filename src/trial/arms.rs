//! Reads arms, phases and regimens.
//!
//! A phase begins when the one before it ends; `until` and the next phase's `at` cut it short. A decision (`if`,
//! `randomise`) is taken when its phase begins, on what is measured at that time.
//!
//! ```toml
//! phases = [
//!     "induction",
//!     { if = "endoscopic_response", randomise = ["full", "reduced"], ratio = "2:1", else = "stop" },
//!     { washout = "4 weeks" },                # nothing is given
//!     { placebo = "induction" },              # as this regimen, without the drug
//! ]
//! ```

use super::Anchor;
use super::condition::{Condition, Names};
use super::factor::Factor;
use super::protocol::{Arm, Choice, Dosing, Otherwise, PLACEBO, Phase, Randomisation};
use super::schedule::LONGEST;
use super::visits::told;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::document::{Item, Spanned, Table};
use crate::dosing::regimen::Regimen;
use crate::model::Model;
use crate::units::Dimension;

/// Reads arms; rules name regimens through it too.
pub(super) struct Arms<'a> {
    pub(super) model: &'a Model,
    pub(super) names: Names<'a>,
    pub(super) regimens: Vec<(String, Regimen)>,
}

/// A phase as written, before its times are known.
struct Written {
    at: Option<Anchor>,
    until: Option<Anchor>,
    options: Vec<Dosing>,
    duration: Option<f64>,
    choice: Choice,
}

impl Arms<'_> {
    pub(super) fn read(&self, root: &Table<'_>) -> Vec<Arm> {
        let Some(table) = root.required_table("arms") else { return Vec::new() };
        let entries = table.entries();
        if entries.is_empty() {
            table.report(
                Diagnostic::error("E0802", "the study has no arms")
                    .help("add `[arms.\"name\"]` with `phases = […]`"),
                table.span(),
            );
        }
        entries.into_iter().filter_map(|(name, item)| self.arm(name, &item)).collect()
    }

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
            let written = self.written(item, &arm)?;
            place(&mut arm, written, item)?;
        }
        for (phase, item) in arm.phases.iter().zip(&phases.value) {
            lasts(phase, item)?;
        }
        let given = |p: &Phase| p.options.iter().any(|d| d.amount > 0.0 || d.is_placebo());
        if !given(&arm.phases[0]) {
            let problem =
                Diagnostic::error("E0803", format!("arm `{}` does not start with a dose", arm.name));
            phases.value[0].report(problem.help("begin it with a regimen; times count from the first dose"));
            return None;
        }
        Some(arm)
    }

    fn written(&self, item: &Item<'_>, arm: &Arm) -> Option<Written> {
        if item.is_string() {
            let (dosing, duration) = self.dosing(item)?;
            return Some(Written {
                at: None,
                until: None,
                options: vec![dosing],
                duration,
                choice: Choice::None,
            });
        }
        let table = item.table()?;
        let time = |key| table.item(key).map(|i| Anchor::read(&i));
        let (at, until) = (time("at"), time("until"));
        let (options, duration, choice) = if table.has("placebo") {
            let regimen = table.required("placebo").and_then(|i| self.dosing(&i));
            table.finish();
            let (dosing, duration) = regimen?;
            let text = format!("placebo of {}", dosing.words());
            (vec![Dosing { name: PLACEBO.to_string(), text, amount: 0.0, ..dosing }], duration, Choice::None)
        } else if table.has("washout") {
            let length = table.required_quantity("washout", Some(Dimension::TIME));
            let last = arm.phases.last().map(|p| p.dosing().clone());
            table.finish();
            let (length, Some(last)) = (length?, last) else {
                item.error("E0803", "there is nothing to wash out before the first dose");
                return None;
            };
            let name = "washout".to_string();
            let dosing = Dosing { text: name.clone(), name, amount: 0.0, ..last };
            (vec![dosing], Some(length.value.coherent()), Choice::None)
        } else if table.has("randomise") || table.has("if") {
            self.decision(&table, item, arm)?
        } else {
            let regimen = table.required("regimen").and_then(|i| self.dosing(&i));
            table.finish();
            let (dosing, duration) = regimen?;
            (vec![dosing], duration, Choice::None)
        };
        // An anchor that is there and wrong has been reported.
        let known = |anchor: Option<Option<Anchor>>| match anchor {
            None => Some(None),
            Some(anchor) => anchor.map(Some),
        };
        Some(Written { at: known(at)?, until: known(until)?, options, duration, choice })
    }

    /// `if` with `then` or `randomise`, and `else`.
    fn decision(
        &self,
        table: &Table<'_>,
        item: &Item<'_>,
        arm: &Arm,
    ) -> Option<(Vec<Dosing>, Option<f64>, Choice)> {
        let tested = table.has("if");
        let conditions = if tested { self.conditions(&table.item("if")?) } else { Some(Vec::new()) };
        let groups = if table.has("randomise") {
            table.array("randomise").and_then(|items| items.value.iter().map(|i| self.dosing(i)).collect())
        } else {
            table.required("then").and_then(|i| self.dosing(&i)).map(|dosing| vec![dosing])
        };
        let groups: Option<Vec<(Dosing, Option<f64>)>> = groups;
        let chance = match (&groups, table.has("randomise")) {
            (Some(groups), true) => Some(self.randomisation(table, item, groups, arm)),
            _ => None,
        };
        let otherwise = match tested {
            true => self.otherwise(&table.required("else")?),
            false => Some(None),
        };
        table.finish();
        let (conditions, groups) = (conditions?, groups?);
        eligible(&conditions, arm, item)?;
        let duration = groups[0].1;
        let mut options: Vec<Dosing> = groups.into_iter().map(|(dosing, _)| dosing).collect();
        let otherwise = match otherwise? {
            Some(dosing) => {
                options.push(dosing);
                Otherwise::Option(options.len() - 1)
            }
            None => Otherwise::Stop,
        };
        let choice = match chance {
            Some(randomisation) => Choice::Randomise(randomisation?, conditions, otherwise),
            None => Choice::Test(conditions, otherwise),
        };
        Some((options, duration, choice))
    }

    fn conditions(&self, item: &Item<'_>) -> Option<Vec<Condition>> {
        let text = item.string()?;
        self.names.conditions(&text.value).map_err(|refusal| item.report(told("E0802", refusal))).ok()
    }

    /// What `else` gives; `None` within where treatment stops.
    fn otherwise(&self, item: &Item<'_>) -> Option<Option<Dosing>> {
        if item.is_string() && item.string()?.value == "stop" {
            return Some(None);
        }
        self.dosing(item).map(|(dosing, _)| Some(dosing))
    }

    /// `ratio = "2:1"`, `strata = ["SEXF", "ALB <= 35 g/L"]`, `block = 6`.
    fn randomisation(
        &self,
        table: &Table<'_>,
        item: &Item<'_>,
        groups: &[(Dosing, Option<f64>)],
        arm: &Arm,
    ) -> Option<Randomisation> {
        let refuse = |message: String, help: &str| {
            item.report(Diagnostic::error("E0816", message).help(help));
            None
        };
        if groups.len() < 2 || groups.iter().enumerate().any(|(i, g)| groups[..i].iter().any(|h| h.0 == g.0))
        {
            return refuse(
                "chance must choose between regimens that differ".into(),
                "name two or more of `[regimens]`",
            );
        }
        let ratio = match table.string("ratio") {
            None => vec![1; groups.len()],
            Some(text) => text.value.split(':').filter_map(|w| w.trim().parse().ok()).collect::<Vec<u32>>(),
        };
        if ratio.len() != groups.len() || ratio.contains(&0) || ratio.iter().any(|w| *w > 1000) {
            let message = format!("the ratio has not one number for each of the {} regimens", groups.len());
            return refuse(message, "write \"2:1\"");
        }
        let mut strata = Vec::new();
        for name in table.array("strata").map_or_else(Vec::new, |a| a.value) {
            match Factor::stratum(&name, self.names.variables)? {
                Ok(factor) => strata.push(factor),
                Err(refusal) => {
                    name.report(told("E0816", refusal));
                    return None;
                }
            }
        }
        let total: u32 = ratio.iter().sum();
        let block = match table.integer("block") {
            None => None,
            Some(size) => match u32::try_from(size.value) {
                Ok(block) if block > 0 && block % total == 0 && block <= 10_000 => Some(block),
                _ => {
                    return refuse(
                        format!("a block of {} does not hold the ratio", size.value),
                        "let the block be a multiple of the sum of the ratio",
                    );
                }
            },
        };
        let name = format!("{} phase {}", arm.name, arm.phases.len() + 1);
        Some(Randomisation { ratio, strata, block, name })
    }

    /// The regimen that an item names, and how long it goes on by itself.
    pub(super) fn dosing(&self, item: &Item<'_>) -> Option<(Dosing, Option<f64>)> {
        self.dosing_named(item, &item.string()?.value)
    }

    /// The regimen of a name that stands in an item.
    pub(super) fn dosing_named(&self, item: &Item<'_>, name: &str) -> Option<(Dosing, Option<f64>)> {
        let Some((_, regimen)) = self.regimens.iter().find(|(known, _)| known == name) else {
            let near = did_you_mean(name, self.regimens.iter().map(|(n, _)| n.as_str()));
            let help = near.map_or_else(
                || format!("add `{name} = \"30 mg every 24 h for 12 weeks\"` to `[regimens]`"),
                |n| format!("did you mean `{n}`?"),
            );
            item.report(Diagnostic::error("E0802", format!("there is no regimen `{name}`")).help(help));
            return None;
        };
        let formulation = self.formulation(item, name, regimen)?;
        let (Some(interval), None) = (regimen.interval(), regimen.infusion()) else {
            item.report(
                Diagnostic::error("E0807", format!("`{name}` is no repeated dosing of a formulation"))
                    .help("a trial's regimen says \"every 24 h\"; how the dose enters is the formulation's business"),
            );
            return None;
        };
        let (name, text) = (name.to_string(), regimen.to_string());
        let dosing = Dosing { name, text, amount: regimen.amount(), interval, formulation };
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

/// Refuses a decision that nobody can pass (E0816).
fn eligible(conditions: &[Condition], arm: &Arm, item: &Item<'_>) -> Option<()> {
    let present = |c: &&Condition| c.test == super::condition::Test::Present;
    if let Some(early) = conditions.iter().find(present).filter(|_| arm.phases.is_empty()) {
        item.report(
            Diagnostic::error("E0816", format!("nobody can have `{}` before the first dose", early.text))
                .help("let a phase come before the decision"),
        );
        return None;
    }
    if let Some((a, b)) = super::condition::contradiction(conditions) {
        item.report(
            Diagnostic::error("E0816", format!("nobody is eligible: `{a}` and `{b}` cannot both hold"))
                .help("change one of the conditions"),
        );
        return None;
    }
    Some(())
}

/// The most dosing intervals of a phase.
const MOST_DOSES: f64 = 1e6;

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
            if at.hours() == last.start {
                item.report(
                    Diagnostic::error(
                        "E0803",
                        format!("two phases begin at {at}: their regimens would overlap"),
                    )
                    .help("phases follow one another"),
                );
                return None;
            }
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
    if end.is_finite() && end > LONGEST {
        item.report(
            Diagnostic::error("E0803", format!("the phase ends {end} h after the first dose"))
                .help("an arm lasts at most a hundred years; is the unit right?"),
        );
        return None;
    }
    arm.phases.push(Phase { start, end, options: written.options, choice: written.choice });
    Some(())
}

/// Refuses a phase that has no end, or is no whole number of the intervals of everything that may be given in it.
fn lasts(phase: &Phase, item: &Item<'_>) -> Option<()> {
    if !phase.end.is_finite() {
        item.report(
            Diagnostic::error("E0803", "the phase has no end")
                .help("give its regimen a length (\"for 12 weeks\"), or the phase an `until = \"week 52\"`"),
        );
        return None;
    }
    let hours = phase.end - phase.start;
    if let Some(dosing) = phase.options.iter().find(|d| hours / d.interval > MOST_DOSES) {
        let message = format!("the phase has {:.1e} doses", hours / dosing.interval);
        let help = "a phase has at most a million; is the unit of the interval right?";
        item.report(Diagnostic::error("E0808", message).help(help));
        return None;
    }
    let odd = phase.options.iter().find(|d| !is_whole(hours / d.interval));
    if let Some(dosing) = odd {
        let message = format!("the phase lasts {hours} h, which is no whole number of dosing intervals");
        let help = format!("let it last a multiple of {} h", dosing.interval);
        item.report(Diagnostic::error("E0808", message).help(help));
        return None;
    }
    Some(())
}

/// Whether a quotient is a whole number but for rounding.
pub(super) fn is_whole(quotient: f64) -> bool {
    (quotient - quotient.round()).abs() < 1e-9
}

/// Reads `[regimens]`: name → regimen.
pub(super) fn regimens(root: &Table<'_>) -> Vec<(String, Regimen)> {
    let Some(table) = root.required_table("regimens") else { return Vec::new() };
    let mut regimens = Vec::new();
    for (name, item) in table.entries() {
        let Some(text) = item.string() else { continue };
        match Regimen::parse(&text.value) {
            Ok(regimen) => regimens.push((name.value, regimen)),
            Err(error) => {
                let diagnostic = Diagnostic::error(error.code, error.message.clone()).help(error.help);
                item.report_within(diagnostic, error.span);
            }
        }
    }
    regimens
}
