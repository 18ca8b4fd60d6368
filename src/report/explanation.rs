//! One subject's story as text for a terminal.

use super::figure::{figure, quantity};
use super::terminal::{Colour, new_table, right_aligned};
use crate::run::explanation::{Decided, Doses, Explanation, Exposed, Outcome, Route, Value};
use crate::trial::weeks;

/// A subject in an arm, step by step: covariates, random effects, individual parameters, how doses enter, what was
/// given and why, what was decided, exposures, endpoints.
pub fn explanation(told: &Explanation, width: u16, colour: Colour) -> String {
    let bold = |text: &str| colour.paint("1", text);
    let table = |head: &[&str], names: usize, rows: Vec<Vec<String>>| {
        let mut table = new_table(width);
        table.set_header(head);
        table.add_rows(rows);
        right_aligned(table, names)
    };
    let mut parts =
        vec![bold(&format!("Subject {} in \u{201c}{}\u{201d}, seed {}", told.subject, told.arm, told.seed))];
    let mut part = |heading: &str, text: Option<String>| {
        parts.extend(text.map(|text| format!("{}\n{text}", bold(heading))));
    };
    let some = |text: String, any: bool| any.then_some(text);
    part("Covariates", some(told.covariates.iter().map(named).collect::<Vec<_>>().join(", "), true));
    let effects =
        told.effects.iter().map(|e| vec![e.name.clone(), figure(e.eta, ""), figure(e.sd, "")]).collect();
    part("Random effects", some(table(&["eta", "Value", "SD"], 1, effects), !told.effects.is_empty()));
    let parameters = told
        .parameters
        .iter()
        .map(|p| vec![p.name.clone(), p.expression.clone(), quantity(p.value, unit(&p.unit))])
        .collect();
    part("Individual parameters", some(table(&["Name", "Equation", "Value"], 2, parameters), true));
    let routes = told.routes.iter().map(route).collect::<Vec<_>>().join("\n");
    part("How a dose enters", some(routes, !told.routes.is_empty()));
    let doses = told.doses.iter().map(doses).collect();
    part(
        "Doses",
        some(table(&["From", "To", "Why", "Doses", "Amount", "Every"], 3, doses), !told.doses.is_empty()),
    );
    let decisions = told.decisions.iter().map(decision).collect();
    let head = ["When", "By", "Condition", "Done", "Measured", "Threshold"];
    part("Decisions", some(table(&head, 4, decisions), !told.decisions.is_empty()));
    let (head, rows) = exposures(&told.exposures);
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    part("Exposures of the dosing intervals that end there", some(table(&head, 1, rows), head.len() > 1));
    part("Endpoints", some(told.endpoints.iter().map(outcome).collect::<Vec<_>>().join("\n"), true));
    parts.join("\n\n") + "\n"
}

/// The unit as it stands behind a value; nothing for pure numbers.
fn unit(unit: &str) -> &str {
    if unit == "1" { "" } else { unit }
}

fn named(value: &Value) -> String {
    let shown = value.level.clone().unwrap_or_else(|| quantity(value.value, unit(&value.unit)));
    format!("{} {shown}", value.name)
}

fn route(route: &Route) -> String {
    let share = quantity(100.0 * route.fraction, "%");
    let how = match route.duration_h {
        Some(duration) => format!("at a constant rate over {}", quantity(duration, "h")),
        None => "at once".to_owned(),
    };
    let lag = if route.lag_h > 0.0 {
        format!(", {} after it is taken", quantity(route.lag_h, "h"))
    } else {
        String::new()
    };
    format!("  {}: {share} of the dose into {}, {how}{lag}", route.formulation, route.compartment)
}

fn doses(doses: &Doses) -> Vec<String> {
    vec![
        weeks(doses.from_h),
        weeks(doses.to_h),
        doses.reason.clone(),
        doses.doses.to_string(),
        quantity(doses.amount, &doses.unit),
        quantity(doses.interval_h, "h"),
    ]
}

fn decision(decided: &Decided) -> Vec<String> {
    let shown = |value: Option<f64>| value.map_or_else(String::new, |v| quantity(v, unit(&decided.unit)));
    vec![
        weeks(decided.time_h),
        decided.by.clone(),
        decided.condition.clone(),
        decided.action.clone(),
        shown(decided.value),
        shown(decided.threshold),
    ]
}

/// A table with a column for each metric: its head and its rows.
fn exposures(exposures: &[Exposed]) -> (Vec<String>, Vec<Vec<String>>) {
    let mut names: Vec<(&str, &str)> = Vec::new();
    for metric in exposures.iter().flat_map(|e| &e.metrics) {
        if !names.iter().any(|(name, _)| *name == metric.name) {
            names.push((&metric.name, &metric.unit));
        }
    }
    let head = names.iter().map(|(name, unit)| format!("{name} [{unit}]"));
    let head = std::iter::once("Until".to_owned()).chain(head).collect();
    let cell = |exposed: &Exposed, name: &str| {
        let found = exposed.metrics.iter().find(|m| m.name == name);
        found.map_or_else(String::new, |m| figure(m.value, ""))
    };
    let row = |e: &Exposed| {
        std::iter::once(weeks(e.time_h)).chain(names.iter().map(|(name, _)| cell(e, name))).collect()
    };
    (head, exposures.iter().map(row).collect())
}

fn outcome(outcome: &Outcome) -> String {
    let mut why = Vec::new();
    if let Some(driver) = &outcome.driver {
        why.push(named(driver));
    }
    if let Some(probability) = outcome.probability {
        why.push(format!("probability {}", figure(probability, "")));
    }
    if let (Some(luck), Some(probability)) = (outcome.luck, outcome.probability) {
        let side = if luck < probability { "below: it occurs" } else { "not below: it does not occur" };
        why.push(format!("luck {} ({side})", figure(luck, "")));
    }
    if let Some(baseline) = outcome.baseline {
        why.push(format!("baseline {}", figure(baseline, "")));
    }
    let why = if why.is_empty() { String::new() } else { format!("   from {}", why.join(", ")) };
    format!("  {}: {}{why}", outcome.label, quantity(outcome.value, unit(&outcome.unit)))
}
