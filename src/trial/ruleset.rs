//! Reads the rules of a study, and the ladder along which doses step.
//!
//! A rule stands in the study (`[rules.NAME]` with `when` and `do`) or comes from a protocol file under its own name
//! (`[rules] anaemia = "upadacitinib-label"`).

use super::arms::{Arms, is_whole};
use super::comparison::Refusal;
use super::condition::contradiction;
use super::rule::{self, Action, Deed, Rule};
use super::study::Reader;
use super::visits::told;
use super::{Arm, Dosing};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::document::{Document, Item, Spanned, Table};
use crate::units::Dimension;

/// What rules need of a study besides its arms.
#[derive(Clone, Debug, Default)]
pub struct Ladder {
    /// Doses to step along (mg, or mol), ascending.
    pub doses: Vec<f64>,
}

impl Ladder {
    /// The rung of a dose.
    pub fn rung(&self, dose: f64) -> Option<usize> {
        self.doses.iter().position(|rung| *rung == dose)
    }
}

impl<'a> Reader<'a> {
    /// `ladder = ["15 mg", "30 mg", "45 mg"]`.
    pub(super) fn ladder(&self) -> Ladder {
        let Some(items) = self.root.array("ladder") else { return Ladder::default() };
        let dose = |item: &Item<'_>| item.quantity(Some(Dimension::MASS)).map(|q| q.value.coherent());
        let doses: Option<Vec<f64>> = items.value.iter().map(dose).collect();
        let doses = doses.unwrap_or_default();
        if doses.len() < 2 || doses.windows(2).any(|w| w[0] >= w[1]) || doses[0] <= 0.0 {
            self.root.report(
                Diagnostic::error("E0813", "a ladder has two doses or more, the lowest first")
                    .help("write `ladder = [\"15 mg\", \"30 mg\", \"45 mg\"]`"),
                items.span,
            );
            return Ladder::default();
        }
        Ladder { doses }
    }

    /// The rules, each with its place in the file, and the regimens that they name.
    pub(super) fn rules(
        &mut self,
        arms: &Arms<'_>,
        groups: &[Arm],
        ladder: &Ladder,
    ) -> (Vec<(Rule, Item<'a>)>, Vec<Dosing>) {
        let mut others = Vec::new();
        let Some(table) = self.root.table("rules") else { return (Vec::new(), others) };
        let mut rules = Vec::new();
        for (name, item) in table.entries() {
            let rule = if item.is_string() {
                let Some(file) = item.string() else { continue };
                self.shipped(&item, &file.value, "rules", &name.value, |found| {
                    read(&name, found, arms, groups, ladder, &mut others)
                })
            } else {
                read(&name, &item, arms, groups, ladder, &mut others)
            };
            rules.extend(rule.map(|rule| (rule, item)));
        }
        (rules, others)
    }

    /// Reads an entry of a table of a protocol file with what `read` makes of it.
    pub(super) fn shipped<T>(
        &mut self,
        item: &Item<'_>,
        file: &str,
        table: &str,
        name: &str,
        read: impl FnOnce(&Item<'_>) -> Option<T>,
    ) -> Option<T> {
        let source = self.open(item, file)?;
        let document = match Document::parse(&source) {
            Ok(document) => document,
            Err(problems) => {
                self.root.problems().extend(problems);
                return None;
            }
        };
        let root = document.root(self.root.problems());
        let entries = root.table(table).map(|t| t.entries()).unwrap_or_default();
        let found = entries.iter().find(|(known, _)| known.value == name);
        if found.is_none() {
            let near = did_you_mean(name, entries.iter().map(|(known, _)| known.value.as_str()));
            let names: Vec<&str> = entries.iter().map(|(known, _)| known.value.as_str()).collect();
            let help = near
                .map_or_else(|| format!("it has {}", names.join(", ")), |n| format!("did you mean `{n}`?"));
            item.report(Diagnostic::error("E0812", format!("`{file}` has no `{table}.{name}`")).help(help));
        }
        read(&found?.1)
    }
}

fn read(
    name: &Spanned<String>,
    item: &Item<'_>,
    reader: &Arms<'_>,
    groups: &[Arm],
    ladder: &Ladder,
    others: &mut Vec<Dosing>,
) -> Option<Rule> {
    let table = item.table()?;
    let when_item = table.required("when");
    let do_item = table.required("do");
    let apart = table.quantity("apart", Some(Dimension::TIME)).map_or(0.0, |q| q.value.coherent());
    let arms = if table.has("arms") { Some(in_force(&table, groups)?) } else { None };
    let source = table.string("source").map_or_else(String::new, |s| s.value);
    table.finish();
    let (when_item, do_item) = (when_item?, do_item?);
    let (when_text, do_text) = (when_item.string()?.value, do_item.string()?.value);
    let refuse = |item: &Item<'_>, refusal: Refusal| item.report(told("E0812", refusal));
    let (when, visits) = rule::when(&when_text, reader.names).map_err(|r| refuse(&when_item, r)).ok()?;
    if let Some((a, b)) = contradiction(&when) {
        let message = format!("the rule never acts: `{a}` and `{b}` cannot both hold");
        refuse(&when_item, (message, "change one of the conditions".into()));
        return None;
    }
    let deed = rule::deed(&do_text, reader.names).map_err(|r| refuse(&do_item, r)).ok()?;
    let mut other = |regimen: &str| {
        let (dosing, _) = reader.dosing_named(&do_item, regimen)?;
        fits(&dosing, groups, &do_item)?;
        others.push(dosing);
        Some(others.len() - 1)
    };
    let action = match deed {
        Deed::Done(action) => action,
        Deed::Switch(regimen) => Action::Switch(other(regimen)?),
        Deed::Rescue(regimen, hours) => Action::Rescue(other(regimen)?, hours),
    };
    steps(&action, ladder, groups, &do_item)?;
    let rule = Rule {
        name: name.value.clone(),
        when,
        visits,
        action,
        apart,
        arms,
        text: (when_text, do_text),
        source,
    };
    if rule.at_start() && matches!(&rule.action, Action::Rescue(..) | Action::Hold(_)) {
        let message =
            "a rule on covariates alone acts before the first dose, and they do not change".to_string();
        refuse(&do_item, (message, "let it give another dose, or stop".into()));
        return None;
    }
    Some(rule)
}

/// `arms = ["stay on 30 mg"]`.
fn in_force(table: &Table<'_>, groups: &[Arm]) -> Option<Vec<usize>> {
    let items = table.array("arms")?.value;
    let place = |item: &Item<'_>| {
        let name = item.string()?.value;
        let found = groups.iter().position(|arm| arm.name == name);
        if found.is_none() {
            let near = did_you_mean(&name, groups.iter().map(|a| a.name.as_str()));
            let near = near.map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
            item.error("E0812", format!("there is no arm `{name}`{near}"));
        }
        found
    };
    items.iter().map(place).collect()
}

/// Refuses steps that no dose of the arms can take.
fn steps(action: &Action, ladder: &Ladder, groups: &[Arm], item: &Item<'_>) -> Option<()> {
    let down = match action {
        Action::StepDown(_) => true,
        Action::StepUp => false,
        _ => return Some(()),
    };
    let refuse = |message: String, help: &str| {
        item.report(Diagnostic::error("E0813", message).help(help));
        None
    };
    if ladder.doses.is_empty() {
        return refuse(
            "there is no ladder to step along".into(),
            "add `ladder = [\"15 mg\", \"30 mg\", \"45 mg\"]`",
        );
    }
    let given = groups.iter().flat_map(|arm| &arm.phases).flat_map(|p| &p.options).filter(|d| d.amount > 0.0);
    let mut possible = false;
    for dosing in given {
        let Some(rung) = ladder.rung(dosing.amount) else {
            let message = format!("`{}` is no rung of the ladder", dosing.words());
            return refuse(message, "let the ladder hold every dose that is given");
        };
        possible |= if down { rung > 0 } else { rung + 1 < ladder.doses.len() };
    }
    match possible {
        true => Some(()),
        false if down => refuse(
            "every arm gives the lowest dose: there is no step below it".into(),
            "add a lower dose to the ladder",
        ),
        false => refuse(
            "every arm gives the highest dose: there is no step above it".into(),
            "add a higher dose to the ladder",
        ),
    }
}

/// Refuses a regimen whose intervals do not go into the phases in which it may be given.
fn fits(dosing: &Dosing, groups: &[Arm], item: &Item<'_>) -> Option<()> {
    let phases = groups.iter().flat_map(|arm| &arm.phases);
    let odd = phases.flat_map(|p| &p.options).find(|own| {
        let (long, short) = (own.interval.max(dosing.interval), own.interval.min(dosing.interval));
        !is_whole(long / short)
    });
    if let Some(own) = odd {
        let message = format!(
            "`{}` every {} h does not go with every {} h of `{}`",
            dosing.name, dosing.interval, own.interval, own.name
        );
        item.report(Diagnostic::error("E0808", message).help("let one interval be a multiple of the other"));
        return None;
    }
    Some(())
}
