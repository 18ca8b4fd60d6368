//! What a report says of a protocol: what is left to chance, what is taken as given, and where each number comes from.

use super::results::ParameterRow;
use crate::evidence::Fit;
use crate::trial::Study;

/// What is left to chance.
pub(super) fn random(study: &Study) -> Vec<String> {
    let mut list = Vec::new();
    if !study.assays.is_empty() {
        list.push("errors of the assays at visits".to_string());
    }
    if study.visits.as_ref().is_some_and(|v| v.window > 0 || v.missed > 0.0) {
        list.push("days of visits, and visits missed".to_string());
    }
    if study.adherence.is_some() {
        let late = study.adherence.as_ref().is_some_and(|own| !own.late.is_empty());
        list.push(if late { "doses missed or late" } else { "doses missed" }.to_string());
    }
    if !study.discontinuation.causes.is_empty() {
        list.push("when and why treatment is discontinued".to_string());
    }
    list
}

/// What is taken as given.
pub(super) fn fixed(study: &Study) -> Vec<String> {
    let doses = match (study.adherence.is_some(), study.rules.is_empty()) {
        (true, _) if study.adherence.as_ref().is_some_and(|own| !own.late.is_empty()) => {
            "a dose that comes late moves none of those after it"
        }
        (true, _) => "a dose that is taken is taken when it is due",
        (false, true) => "doses taken as planned",
        (false, false) => "doses taken as planned or as rules say",
    };
    vec![doses.to_string()]
}

/// What is assumed of visits, rules and the end of treatment.
pub(super) fn assumptions(study: &Study) -> Vec<String> {
    let mut list = Vec::new();
    if study.adherence.is_none() {
        list.push("Every dose is taken, on time.".to_string());
    }
    if !study.rules.is_empty() {
        list.push("Rules act on what is measured at a visit, from the next dose on; of several that match the first of the file acts. Whoever is seen is seen just before a dose.".to_string());
        if study.assays.is_empty() {
            list.push("Values are measured without error: the study names no assays.".to_string());
        }
    }
    if !study.discontinuation.causes.is_empty() {
        list.push("Whoever discontinues takes no dose any more, is followed to the end, and does not begin again; why and when do not depend on the arm.".to_string());
    }
    list
}

/// The numbers of a protocol with their sources.
pub(super) fn parameters(study: &Study, persistence: Option<&Fit>) -> Vec<ParameterRow> {
    let row = |group: &str, name: &str, value: String, source: &str| ParameterRow {
        group: group.into(),
        name: name.into(),
        description: String::new(),
        value,
        precision: String::new(),
        source: if source.is_empty() { "the study".into() } else { source.into() },
        class: if source == "assumption" { "assumption".into() } else { String::new() },
    };
    let percent = |share: f64| format!("{} %", super::assemble::round(100.0 * share));
    let rules = study
        .rules
        .iter()
        .map(|rule| row("rules", &rule.name, format!("when {}: {}", rule.text.0, rule.text.1), &rule.source));
    let mut rows: Vec<ParameterRow> = rules.collect();
    for assay in &study.assays {
        let used = &study.responses[assay.response];
        let unit = used.kind.biomarker.as_ref();
        let shown = |value| unit.map_or(value, |unit| unit.from_coherent(value));
        let value = format!("CV {}, SD {}, LLOQ {}", percent(assay.cv), shown(assay.sd), shown(assay.lloq));
        rows.push(row("assays", &used.name, value, &assay.source));
    }
    if let Some(adherence) = &study.adherence {
        let shares = [
            ("missed", adherence.missed),
            ("missed after one missed", adherence.after_missed),
            ("doubled after one missed", adherence.doubled),
        ];
        rows.extend(shares.map(|(name, share)| row("adherence", name, percent(share), &adherence.source)));
        let late = adherence.late.iter();
        rows.extend(late.map(|(share, by)| {
            row("adherence", &format!("{by} h late"), percent(*share), &adherence.source)
        }));
    }
    for cause in &study.discontinuation.causes {
        rows.push(row(
            "discontinuation",
            &cause.name,
            format!("{} of the hazard", percent(cause.share)),
            &cause.source,
        ));
    }
    if let Some(fitted) = persistence {
        rows.extend(super::assemble::fitted_rows("discontinuation", fitted));
    }
    rows
}
