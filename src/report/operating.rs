use serde::Serialize;

use super::figure::{count, difference_unit, figure, rough, signed};
use crate::run::results::{Estimate, Results, SimulatedTrials};

/// The figures of simulated trials in the order in which they are read.
const FIGURES: [&str; 6] =
    ["power", "power alone", "probability of success", "type I error", "coverage", "mean estimate"];

/// A table of the operating characteristics of simulated trials: an analysis a row.
#[derive(Debug, Serialize)]
pub(super) struct Operating {
    pub(super) caption: String,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    /// What the analyses are, a sentence each.
    pub(super) notes: Vec<String>,
}

impl Operating {
    /// The table of a study's simulated trials, where it has analyses.
    pub(super) fn of(results: &Results) -> Option<Self> {
        let trials = results.trials.as_ref().filter(|trials| !trials.analyses.is_empty())?;
        let scenarios = scenarios(trials);
        let shown: Vec<&str> = FIGURES
            .into_iter()
            .filter(|statistic| trials.figures.iter().any(|f| f.statistic == *statistic))
            .collect();
        let several = scenarios.len() > 1;
        let head = if several { "Scenario, analysis" } else { "Analysis" };
        let rows = scenarios.iter().flat_map(|scenario| {
            let shown = &shown;
            trials.analyses.iter().map(move |(name, _)| {
                let head = if several { format!("{scenario}, {name}") } else { name.clone() };
                let cell = |statistic: &&str| {
                    let own = |f: &&Estimate| {
                        f.scenario == *scenario && f.endpoint == *name && f.statistic == *statistic
                    };
                    trials.figures.iter().find(own).map_or_else(String::new, cell)
                };
                std::iter::once(head).chain(shown.iter().map(cell)).collect()
            })
        });
        let patients: Vec<String> = trials
            .patients
            .iter()
            .map(|(arm, n)| format!("{} in \u{201c}{arm}\u{201d}", count((*n).into())))
            .collect();
        Some(Operating {
            caption: format!(
                "{} simulated trials, patients: {}",
                count(trials.replicates.into()),
                patients.join(", ")
            ),
            columns: std::iter::once(head).chain(shown.iter().copied()).map(String::from).collect(),
            rows: rows.collect(),
            notes: notes(trials),
        })
    }
}

fn scenarios(trials: &SimulatedTrials) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for figure in &trials.figures {
        if !names.contains(&figure.scenario.as_str()) {
            names.push(&figure.scenario);
        }
    }
    names
}

fn cell(estimate: &Estimate) -> String {
    let Estimate { value, unit, mc_error, .. } = estimate;
    let error = rough(*mc_error, unit);
    match (estimate.statistic.as_str(), unit.as_str()) {
        ("mean estimate", "hazard ratio") => format!("HR {} \u{b1}{error}", figure(*value, unit)),
        ("mean estimate", "odds ratio") => format!("OR {} \u{b1}{error}", figure(*value, unit)),
        ("mean estimate", unit) => {
            format!("{} {} \u{b1}{error}", signed(*value, unit), difference_unit(unit))
        }
        _ => format!("{} % \u{b1}{error}", figure(*value, unit)),
    }
}

fn notes(trials: &SimulatedTrials) -> Vec<String> {
    let mut notes: Vec<String> =
        trials.analyses.iter().map(|(name, words)| format!("{name}: {words}.")).collect();
    notes.extend(trials.decision.iter().map(|words| format!("Decision: {words}.")));
    notes.push(
        "Power and coverage are at the central parameters, the probability of success over a joint draw of the uncertain \
         parameters for each trial; the type I error is that of the same trials with the arm treated as its reference. \
         \u{b1} Monte-Carlo standard error."
            .to_owned(),
    );
    if trials.precise == Some(false) {
        notes.push("The precision that was asked for was not reached: allow more replicates.".to_owned());
    }
    notes
}
