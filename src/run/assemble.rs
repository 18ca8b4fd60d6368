//! From the tally to the results: estimates with their errors, and everything a reader must know beside them.

use super::estimates::{contrast_draws, distributions, estimates, shown};
use super::inputs::{Inputs, VERSION};
use super::models::model_uncertainty;
use super::results::{ArmDesign, Better, Curve, Design, EndpointDesign, ParameterRow, Provenance, Results};
use super::tally::Tally;
use super::{curves, dependence, followed, profiles, protocol};
use crate::evidence::Fit;
use crate::evidence::paper::Class;
use crate::model::Model;
use crate::trial::{Endpoint, Response, Study, TimeCourse, Trial};
use crate::units::Unit;

pub(super) fn results(
    trial: &Trial<'_>,
    fitted: &[Option<Fit>],
    persistence: Option<&Fit>,
    tally: &Tally,
    inputs: &Inputs,
) -> Results {
    let study = trial.study();
    let curves = curves::curves(trial, fitted, tally);
    let summary = estimates(study, tally);
    let mut warnings = warnings(study, &curves);
    warnings.extend(mistaken_units(trial, &curves));
    warnings.extend(model_uncertainty(study, &summary));
    let contrast_draws = contrast_draws(study, tally);
    let stopping = persistence.and_then(|fit| fit.persistence.first()).map(|named| &named.model);
    let sample = profiles::sample(trial);
    let in_time = followed::in_time(trial, &sample);
    Results {
        title: study.title.clone(),
        question: study.question.clone(),
        design: design(study, tally),
        summary,
        trials: None,
        dependences: dependence::dependences(trial, stopping, &contrast_draws),
        contrast_draws,
        distributions: distributions(study, tally),
        profiles: profiles::profiles(trial, &sample),
        courses: in_time.courses,
        persistence: in_time.persistence,
        patients: in_time.patients,
        parameters: parameters(study, fitted, persistence),
        assumptions: assumptions(study, fitted),
        warnings,
        curves,
        provenance: provenance(study, inputs),
    }
}

fn design(study: &Study, tally: &Tally) -> Design {
    let better = |e: &Endpoint| match e.better {
        Some(true) => Better::Higher,
        Some(false) => Better::Lower,
        None => Better::Neither,
    };
    let endpoint = |e: &Endpoint| {
        let shown = shown(study, e);
        EndpointDesign {
            name: e.name.clone(),
            label: e.label.clone(),
            unit: shown.unit,
            kind: shown.kind,
            better: better(e),
        }
    };
    let mut random = vec![
        "covariates of the subjects".to_string(),
        "between-subject random effects".to_string(),
        "each subject's luck against each response".to_string(),
    ];
    random.extend(protocol::random(study));
    let mut fixed = protocol::fixed(study);
    fixed.push("no residual error on exposures".to_string());
    if study.draws > 0 {
        random.push(format!("parameters of the responses, {} joint draws", study.draws));
    }
    let kinetics = "typical values of the pharmacokinetic model";
    if study.draws > 0 && study.model_uncertainty {
        random.push(format!("{kinetics}, by their published standard errors"));
    } else {
        fixed.push(kinetics.to_string());
    }
    Design {
        model: study.model.name().to_string(),
        population: study.population.name().to_string(),
        subjects: study.subjects,
        draws: study.draws,
        seed: study.seed,
        arms: study.arms.iter().map(|a| ArmDesign { name: a.name.clone(), phases: a.words() }).collect(),
        endpoints: study.endpoints.iter().map(endpoint).collect(),
        random,
        fixed,
        failures: tally.failures(),
        max_failures: study.max_failures,
    }
}

fn parameters(study: &Study, fitted: &[Option<Fit>], persistence: Option<&Fit>) -> Vec<ParameterRow> {
    let variables = study.population.variables().iter().map(|v| ParameterRow {
        group: format!("population {}", study.population.name()),
        name: v.name.clone(),
        description: v.description.clone(),
        value: if v.unit.text() == "1" { v.law.clone() } else { format!("{} ({})", v.law, v.unit) },
        precision: String::new(),
        source: v.provenance.source.clone(),
        class: v.provenance.class.clone(),
    });
    let mut rows = of_model(&study.model);
    rows.extend(variables);
    for (used, fitted) in study.responses.iter().zip(fitted) {
        rows.extend(used.course.iter().flat_map(|course| of_model(course.model())));
        let group = format!("response {}", used.name);
        let set = used.course.iter().flat_map(crate::trial::TimeCourse::set);
        rows.extend(set.map(|(name, value)| ParameterRow {
            group: group.clone(),
            name: name.into(),
            description: String::new(),
            value,
            precision: String::new(),
            source: "the study, in place of the file's".into(),
            class: "assumption".into(),
        }));
        rows.extend(fitted.iter().flat_map(|fit| fitted_rows(&group, fit)));
    }
    rows.extend(protocol::parameters(study, persistence));
    rows
}

/// The figures of a fit.
pub(super) fn fitted_rows(group: &str, fitted: &Fit) -> Vec<ParameterRow> {
    let row = |figure: &crate::evidence::Figure| ParameterRow {
        group: group.to_string(),
        name: figure.quantity.clone(),
        description: fitted.summary.title.clone(),
        value: round(figure.estimate),
        precision: figure
            .interval
            .map_or_else(String::new, |[l, u]| format!("95 % {} to {}", round(l), round(u))),
        source: fitted.summary.source.clone(),
        class: class(fitted.summary.class).to_string(),
    };
    fitted.summary.figures.iter().map(row).collect()
}

/// Typical values and random effects of a model.
fn of_model(model: &Model) -> Vec<ParameterRow> {
    let group = format!("model {}", model.name());
    let typical = model.parameters().iter().map(|p| ParameterRow {
        group: group.clone(),
        name: p.name.clone(),
        description: p.description.clone(),
        value: p.value.to_string(),
        precision: p.rse.map_or_else(String::new, |r| format!("RSE {} %", round(100.0 * r))),
        source: p.provenance.source.clone(),
        class: p.provenance.class.clone(),
    });
    let effects = model.effects().list().iter().map(|e| ParameterRow {
        group: group.clone(),
        name: format!("omega {}", e.name),
        description: format!("between-subject SD of eta.{} {}", e.name, e.description).trim().to_string(),
        value: e.sd.to_string(),
        precision: String::new(),
        source: e.provenance.source.clone(),
        class: e.provenance.class.clone(),
    });
    typical.chain(effects).collect()
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Primary => "A",
        Class::Secondary => "B",
        Class::Derived => "D",
        Class::Assumed => "assumption",
    }
}

/// Four significant digits, without an exponent where that is short.
pub(super) fn round(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let text = format!("{value:.3e}");
    text.parse::<f64>().map_or(text, |v| v.to_string())
}

fn assumptions(study: &Study, fitted: &[Option<Fit>]) -> Vec<String> {
    let mut list = protocol::assumptions(study);
    list.extend([
        "A subject has one luck for each response, the same at every time and in every arm: remission is lost only where exposure falls. No correlation of outcomes over time is published.".to_string(),
        "Exposure counts as that of the dosing interval that ends at the time named; a risk that accumulates takes each phase at the exposure of its last interval.".to_string(),
    ]);
    if study.draws > 0 && study.model_uncertainty {
        list.extend(Some(study.model.uncertainty().words()).filter(|words| !words.is_empty()));
    }
    for (used, response) in study.responses.iter().zip(fitted) {
        if !used.recovery.is_empty() {
            list.push(format!(
                "{}: recovery as the disease heals is the same for everybody ({}).",
                used.name, used.recovery_source
            ));
        }
        for model in used.course.iter().map(TimeCourse::model) {
            list.extend(unchecked(&format!("model of {}", used.name), model));
            list.extend(model.notes().iter().cloned());
        }
        let notes = response.iter().flat_map(|fit| &fit.summary.notes);
        list.extend(notes.map(|n| format!("{}: {n}.", used.name)));
    }
    list.extend(unchecked("pharmacokinetic model", &study.model));
    let of_population = study.population.unchecked();
    if !of_population.is_empty() {
        let names = of_population.join(", ");
        list.push(format!("Dimensions are not checked in formulas of the population: {names}."));
    }
    list.extend(study.model.notes().iter().cloned());
    list.extend(study.population.notes().iter().cloned());
    let assumed = study.population.variables().iter().filter(|v| v.provenance.class == "assumption");
    list.extend(assumed.map(|v| format!("{} ({}): {}.", v.name, v.description, v.provenance.source)));
    list
}

/// Where the dimensions of a model are not checked; `which` is the model in words.
fn unchecked(which: &str, model: &Model) -> Option<String> {
    let names = model.unchecked();
    match (model.is_checked(), names.is_empty()) {
        (false, _) => Some(format!("The dimensions of the {which} are not checked.")),
        (true, true) => None,
        (true, false) => {
            Some(format!("Dimensions are not checked in formulas of the {which}: {}.", names.join(", ")))
        }
    }
}

/// What the figures alone do not say. The share of subjects outside the evidence is part of each curve.
fn warnings(study: &Study, curves: &[Curve]) -> Vec<String> {
    let mut list = Vec::new();
    for curve in curves {
        let groups: Vec<_> =
            curve.points.iter().filter(|p| p.proportion.is_none() && p.label.contains("n = ")).collect();
        if let (Some(first), false) = (curve.arms.first(), groups.is_empty()) {
            let medians: Vec<String> =
                groups.iter().map(|p| format!("{} ({})", round(p.exposure), p.label)).collect();
            list.push(format!(
                "{}: the groups of the evidence have median levels of {} {unit}; the simulated median in \"{}\" is {} {unit}. The kinetics were not bent to meet them.",
                curve.label,
                medians.join(" and "),
                first.arm,
                round(first.quantiles[2]),
                unit = curve.unit,
            ));
        }
    }
    if study.draws == 0 {
        list.push(
            "No parameter uncertainty was drawn (draws = 0): the figures have no intervals.".to_string(),
        );
    }
    list
}

/// Exposures so far from the evidence that a unit was likely mistaken.
fn mistaken_units(trial: &Trial<'_>, curves: &[Curve]) -> Vec<String> {
    let told = |curve: &Curve| {
        let place = trial.study().responses.iter().position(|used| used.name == curve.response)?;
        let Response::Event(model) = &trial.responses()[place] else { return None };
        let unit: Unit = curve.unit.parse().ok()?;
        let medians: Vec<f64> = curve.arms.iter().map(|arm| unit.to_coherent(arm.quantiles[2])).collect();
        Some(model.basis().unit_warning(&medians)?.message)
    };
    curves.iter().filter_map(told).collect()
}

fn provenance(study: &Study, inputs: &Inputs) -> Provenance {
    let files = std::iter::once(&inputs.study).chain(&inputs.files);
    Provenance {
        version: VERSION.to_string(),
        command: String::new(),
        inputs: files.map(|file| (file.plain_name(), file.sha256())).collect(),
        resolved: resolved(study),
    }
}

/// The study with its defaults written out.
fn resolved(study: &Study) -> serde_json::Value {
    serde_json::json!({
        "title": study.title,
        "model": study.model.name(),
        "choices": study.model.choices().iter().map(|c| (c.name.clone(), c.chosen.clone())).collect::<std::collections::BTreeMap<_, _>>(),
        "population": study.population.name(),
        "subjects": study.subjects,
        "seed": study.seed,
        "draws": study.draws,
        "model-uncertainty": study.model_uncertainty,
        "max-failures": study.max_failures,
        "rows": study.rows,
        "csv": study.csv,
        "responses": study.responses.iter().map(|r| (r.name.clone(), r.file.clone())).collect::<std::collections::BTreeMap<_, _>>(),
        "visits": study.visits.as_ref().map(|v| serde_json::json!({ "schedule": v.schedule.text(), "window (days)": v.window, "missed": v.missed })),
        "rules": study.rules.iter().map(|r| serde_json::json!({ "name": r.name, "when": r.text.0, "do": r.text.1 })).collect::<Vec<_>>(),
        "discontinuation": study.discontinuation.causes.iter().map(|c| serde_json::json!({ "reason": c.name, "share": c.share, "source": c.source })).collect::<Vec<_>>(),
        "reference": study.arms.get(study.reference).map(|a| a.name.clone()),
        "arms": study.arms.iter().map(|a| serde_json::json!({ "name": a.name, "phases": a.words() })).collect::<Vec<_>>(),
        "endpoints": study.endpoints.iter().map(|e| serde_json::json!({ "name": e.name, "label": e.label, "time": e.time.to_string(), "estimand": e.estimand.name() })).collect::<Vec<_>>(),
    })
}
