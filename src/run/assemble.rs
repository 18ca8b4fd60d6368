//! From the tally to the results: estimates with their errors, and everything a reader must know beside them.

use super::fits::Fitted;
use super::results::{
    ArmDesign, Better, ContrastDraws, Design, Distribution, EndpointDesign, EndpointKind, Estimate,
    ParameterRow, Provenance, Results,
};
use super::tally::Tally;
use super::{curves, profiles, rows};
use crate::evidence::paper::Class;
use crate::exposure::quantile;
use crate::trial::endpoint::Measure;
use crate::trial::{Endpoint, Study, Trial};

pub(super) fn results(trial: &Trial<'_>, fitted: &[Fitted], tally: &Tally) -> Results {
    let study = trial.study();
    let curves = curves::curves(trial, fitted, tally);
    Results {
        title: study.title.clone(),
        question: study.question.clone(),
        design: design(study, tally),
        summary: estimates(study, tally),
        contrast_draws: contrast_draws(study, tally),
        distributions: distributions(study, tally),
        profiles: profiles::profiles(trial),
        parameters: parameters(study, fitted),
        assumptions: assumptions(study, fitted),
        warnings: warnings(study, &curves),
        curves,
        provenance: provenance(study),
    }
}

/// How values of an endpoint are shown: the unit and the factor from coherent values.
struct Shown {
    unit: String,
    kind: EndpointKind,
    factor: f64,
}

fn shown(study: &Study, endpoint: &Endpoint) -> Shown {
    let percent = |kind| Shown { unit: "%".into(), kind, factor: 100.0 };
    match endpoint.measure {
        Measure::Exposure(_) | Measure::Biomarker(_) => {
            let unit = rows::unit(study, endpoint);
            Shown {
                unit: unit.text().into(),
                kind: EndpointKind::Continuous,
                factor: unit.from_coherent(1.0),
            }
        }
        Measure::Probability(_) => percent(EndpointKind::Probability),
        Measure::Event(_) | Measure::Threshold(..) | Measure::Fall(..) => percent(EndpointKind::Event),
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
    let mut fixed = vec!["doses taken as planned".to_string(), "no residual error on exposures".to_string()];
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
        arms: study
            .arms
            .iter()
            .map(|a| ArmDesign { name: a.name.clone(), phases: a.words(&study.responses) })
            .collect(),
        endpoints: study.endpoints.iter().map(endpoint).collect(),
        random,
        fixed,
        failures: match tally.failed {
            0 => Vec::new(),
            n => vec![("the kinetics gave no finite value".to_string(), n)],
        },
    }
}

/// The values of the draws, ascending, for an interval; `None` where there are too few or they do not differ.
fn interval(mut draws: Vec<f64>) -> Option<(f64, f64)> {
    draws.retain(|v| v.is_finite());
    draws.sort_by(f64::total_cmp);
    if draws.len() < 20 || draws.first() == draws.last() {
        return None;
    }
    Some((quantile(&draws, 0.025)?, quantile(&draws, 0.975)?))
}

/// Mean and its squared standard error over the draws.
fn over_draws(draws: &[f64]) -> (f64, f64) {
    #[allow(clippy::cast_precision_loss)]
    let n = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / n;
    let spread = draws.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
    (mean, if draws.len() > 1 { spread / (n - 1.0) / n } else { 0.0 })
}

fn estimates(study: &Study, tally: &Tally) -> Vec<Estimate> {
    let mut estimates = Vec::new();
    for (e, endpoint) in study.endpoints.iter().enumerate() {
        let shown = shown(study, endpoint);
        for arm in 0..study.arms.len() {
            estimates.push(level(study, tally, arm, e, &shown));
            if shown.kind == EndpointKind::Continuous {
                estimates.extend(spread(study, tally, arm, e, &shown));
            }
        }
        for arm in (0..study.arms.len()).filter(|a| *a != study.reference) {
            estimates.push(contrast(study, tally, arm, e, &shown));
        }
    }
    estimates
}

/// The draws over which an estimate averages: the numbered ones, or the central parameters where there are none.
fn draw_numbers(study: &Study) -> std::ops::RangeInclusive<u32> {
    if study.draws == 0 { 0..=0 } else { 1..=study.draws }
}

fn level(study: &Study, tally: &Tally, arm: usize, e: usize, shown: &Shown) -> Estimate {
    let draws: Vec<f64> = draw_numbers(study).map(|d| shown.factor * tally.mean(d, arm, e)).collect();
    let (value, draw_error) = over_draws(&draws);
    let subject_error = shown.factor * tally.pair(arm, e).second().standard_error().unwrap_or(0.0);
    let interval = interval(draws);
    let statistic = if shown.kind == EndpointKind::Event { "proportion" } else { "mean" };
    Estimate {
        scenario: "base".into(),
        arm: study.arms[arm].name.clone(),
        reference: None,
        endpoint: study.endpoints[e].name.clone(),
        statistic: statistic.into(),
        value,
        unit: shown.unit.clone(),
        lower: interval.map(|i| i.0),
        upper: interval.map(|i| i.1),
        mc_error: (subject_error * subject_error + draw_error).sqrt(),
        pairing_gain: None,
    }
}

/// Quantiles between subjects at the central parameters. Their Monte-Carlo error is that of an order statistic: half
/// the distance between the quantiles one binomial standard error to either side.
fn spread(study: &Study, tally: &Tally, arm: usize, e: usize, shown: &Shown) -> Vec<Estimate> {
    let sketch = tally.sketch(arm, e);
    #[allow(clippy::cast_precision_loss)]
    let n = sketch.count() as f64;
    let at = |p: f64| sketch.quantile(p).map(|v| shown.factor * v);
    [("q05", 0.05), ("q25", 0.25), ("median", 0.5), ("q75", 0.75), ("q95", 0.95)]
        .into_iter()
        .filter_map(|(statistic, p)| {
            let step = (p * (1.0 - p) / n).sqrt();
            let (low, high) = (at((p - step).max(0.0))?, at((p + step).min(1.0))?);
            Some(Estimate {
                scenario: "base".into(),
                arm: study.arms[arm].name.clone(),
                reference: None,
                endpoint: study.endpoints[e].name.clone(),
                statistic: statistic.into(),
                value: at(p)?,
                unit: shown.unit.clone(),
                lower: None,
                upper: None,
                mc_error: 0.5 * (high - low),
                pairing_gain: None,
            })
        })
        .collect()
}

fn differences(study: &Study, tally: &Tally, arm: usize, e: usize, shown: &Shown) -> Vec<f64> {
    draw_numbers(study)
        .map(|d| shown.factor * (tally.mean(d, arm, e) - tally.mean(d, study.reference, e)))
        .collect()
}

fn contrast(study: &Study, tally: &Tally, arm: usize, e: usize, shown: &Shown) -> Estimate {
    let draws = differences(study, tally, arm, e, shown);
    let (value, draw_error) = over_draws(&draws);
    let pair = tally.pair(arm, e);
    let subject_error = shown.factor * pair.difference().standard_error().unwrap_or(0.0);
    let interval = interval(draws);
    Estimate {
        scenario: "base".into(),
        arm: study.arms[arm].name.clone(),
        reference: Some(study.arms[study.reference].name.clone()),
        endpoint: study.endpoints[e].name.clone(),
        statistic: "difference".into(),
        value,
        unit: shown.unit.clone(),
        lower: interval.map(|i| i.0),
        upper: interval.map(|i| i.1),
        mc_error: (subject_error * subject_error + draw_error).sqrt(),
        pairing_gain: pair.saving(),
    }
}

/// How many draws of a contrast are handed over.
const CONTRAST_DRAWS: usize = 400;

fn contrast_draws(study: &Study, tally: &Tally) -> Vec<ContrastDraws> {
    let mut contrasts = Vec::new();
    if study.draws == 0 {
        return contrasts;
    }
    for (e, endpoint) in study.endpoints.iter().enumerate() {
        let shown = shown(study, endpoint);
        for arm in (0..study.arms.len()).filter(|a| *a != study.reference) {
            let mut draws = differences(study, tally, arm, e, &shown);
            draws.truncate(CONTRAST_DRAWS);
            contrasts.push(ContrastDraws {
                arm: study.arms[arm].name.clone(),
                reference: study.arms[study.reference].name.clone(),
                endpoint: endpoint.name.clone(),
                unit: shown.unit.clone(),
                draws,
            });
        }
    }
    contrasts
}

fn distributions(study: &Study, tally: &Tally) -> Vec<Distribution> {
    const LEVELS: [f64; 11] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99];
    let mut found = Vec::new();
    for (e, endpoint) in study.endpoints.iter().enumerate() {
        let shown = shown(study, endpoint);
        if !matches!(endpoint.measure, Measure::Exposure(_)) {
            continue;
        }
        for (a, arm) in study.arms.iter().enumerate() {
            let sketch = tally.sketch(a, e);
            let at = |p: f64| sketch.quantile(p).map(|v| shown.factor * v);
            found.push(Distribution {
                arm: arm.name.clone(),
                metric: endpoint.name.clone(),
                label: endpoint.label.clone(),
                unit: shown.unit.clone(),
                quantiles: LEVELS.iter().filter_map(|p| Some((*p, at(*p)?))).collect(),
                density: density(&at),
            });
        }
    }
    found
}

/// A density on the log10 axis from quantiles: the slope of the distribution function between them.
fn density(at: &dyn Fn(f64) -> Option<f64>) -> Vec<(f64, f64)> {
    const CELLS: u32 = 48;
    // Levels from one end of a slope to the other: fewer show the noise of the sample.
    const SMOOTH: usize = 8;
    let levels = (0..=CELLS).map(|i| 0.002 + 0.996 * f64::from(i) / f64::from(CELLS));
    let points: Vec<(f64, f64)> =
        levels.filter_map(|p| Some((p, libm::log10(at(p).filter(|v| *v > 0.0)?)))).collect();
    points
        .windows(SMOOTH)
        .filter_map(|w| Some((*w.first()?, *w.last()?)))
        .filter(|(a, b)| b.1 > a.1)
        .map(|(a, b)| (libm::pow(10.0, 0.5 * (a.1 + b.1)), (b.0 - a.0) / (b.1 - a.1)))
        .collect()
}

fn parameters(study: &Study, fitted: &[Fitted]) -> Vec<ParameterRow> {
    let model = &study.model;
    let group = |name: &str| format!("model {name}");
    let typical = model.parameters().iter().map(|p| ParameterRow {
        group: group(model.name()),
        name: p.name.clone(),
        description: p.description.clone(),
        value: p.value.to_string(),
        precision: p.rse.map_or_else(String::new, |r| format!("RSE {} %", round(100.0 * r))),
        source: p.provenance.source.clone(),
        class: p.provenance.class.clone(),
    });
    let effects = model.effects().list().iter().map(|e| ParameterRow {
        group: group(model.name()),
        name: format!("omega {}", e.name),
        description: format!("between-subject SD of eta.{} {}", e.name, e.description).trim().to_string(),
        value: e.sd.to_string(),
        precision: String::new(),
        source: e.provenance.source.clone(),
        class: e.provenance.class.clone(),
    });
    let variables = study.population.variables().iter().map(|v| ParameterRow {
        group: format!("population {}", study.population.name()),
        name: v.name.clone(),
        description: v.description.clone(),
        value: if v.unit.text() == "1" { v.law.clone() } else { format!("{} ({})", v.law, v.unit) },
        precision: String::new(),
        source: v.provenance.source.clone(),
        class: v.provenance.class.clone(),
    });
    let mut rows: Vec<ParameterRow> = typical.chain(effects).chain(variables).collect();
    for (used, fitted) in study.responses.iter().zip(fitted) {
        for figure in &fitted.fit.summary.figures {
            rows.push(ParameterRow {
                group: format!("response {}", used.name),
                name: figure.quantity.clone(),
                description: fitted.fit.summary.title.clone(),
                value: round(figure.estimate),
                precision: figure
                    .interval
                    .map_or_else(String::new, |[l, u]| format!("95 % {} to {}", round(l), round(u))),
                source: fitted.evidence.source.clone(),
                class: class(fitted.evidence.class).to_string(),
            });
        }
    }
    rows
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
fn round(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let text = format!("{value:.3e}");
    text.parse::<f64>().map_or(text, |v| v.to_string())
}

fn assumptions(study: &Study, fitted: &[Fitted]) -> Vec<String> {
    let mut list = vec![
        "Every dose is taken, on time.".to_string(),
        "A subject has one luck for each response, the same at every time and in every arm: remission is lost only where exposure falls. No correlation of outcomes over time is published.".to_string(),
        "Exposure counts as that of the dosing interval that ends at the time named; a risk that accumulates takes each phase at the exposure of its last interval.".to_string(),
    ];
    if study.draws > 0 && study.model_uncertainty {
        list.push("Uncertain typical values are log-normal with the published standard errors and independent of one another: no covariance matrix is published.".to_string());
    }
    for (used, response) in study.responses.iter().zip(fitted) {
        if !used.recovery.is_empty() {
            list.push(format!(
                "{}: recovery as the disease heals is the same for everybody ({}).",
                used.name, used.recovery_source
            ));
        }
        list.extend(response.evidence.notes.iter().map(|n| format!("{}: {n}.", used.name)));
    }
    list.extend(study.model.notes().iter().cloned());
    list.extend(study.population.notes().iter().cloned());
    let assumed = study.population.variables().iter().filter(|v| v.provenance.class == "assumption");
    list.extend(assumed.map(|v| format!("{} ({}): {}.", v.name, v.description, v.provenance.source)));
    list
}

/// What the figures alone do not say. The share of subjects outside the evidence is part of each curve.
fn warnings(study: &Study, curves: &[super::results::Curve]) -> Vec<String> {
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

fn provenance(study: &Study) -> Provenance {
    let inputs = study.inputs.iter().map(|s| (s.name().to_string(), sha256(s.text()))).collect();
    Provenance {
        version: env!("CARGO_PKG_VERSION").to_string(),
        command: String::new(),
        inputs,
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
        "rows": study.rows,
        "responses": study.responses.iter().map(|r| (r.name.clone(), r.file.clone())).collect::<std::collections::BTreeMap<_, _>>(),
        "reference": study.arms.get(study.reference).map(|a| a.name.clone()),
        "arms": study.arms.iter().map(|a| serde_json::json!({ "name": a.name, "phases": a.words(&study.responses) })).collect::<Vec<_>>(),
        "endpoints": study.endpoints.iter().map(|e| serde_json::json!({ "name": e.name, "label": e.label, "time": e.time.to_string() })).collect::<Vec<_>>(),
    })
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    use std::fmt::Write;
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
