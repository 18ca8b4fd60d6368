//! What several models of one response, side by side, say of an endpoint: the spread between them is uncertainty that
//! no interval of a single model has.

use super::results::Estimate;
use crate::trial::Study;

/// A sentence for each endpoint with several models: its estimates under each, and how far they part.
pub(super) fn model_uncertainty(study: &Study, summary: &[Estimate]) -> Vec<String> {
    let place = |response: &str| study.responses.iter().position(|used| used.name == response);
    let mut sentences = Vec::new();
    for main in study.endpoints.iter().filter(|e| e.measure.response().is_some()) {
        let Some(used) = main.measure.response().and_then(|r| study.responses.get(r)) else { continue };
        let mut models = vec![(used.model_name(), main.name.clone())];
        models.extend(study.responses.iter().filter(|r| r.model_of.as_ref() == Some(&used.name)).filter_map(
            |other| {
                let name = format!("{}_{}", main.name, other.model_name());
                let under = study.endpoints.iter().find(|e| e.name == name)?;
                (under.measure.response() == place(&other.name)).then(|| (other.model_name(), name))
            },
        ));
        if models.len() < 2 {
            continue;
        }
        let mut parts = Vec::new();
        for estimate in summary.iter().filter(|e| e.endpoint == main.name && is_middle(e)) {
            let values: Vec<(&str, f64)> = models
                .iter()
                .filter_map(|(model, name)| {
                    let same = |e: &&Estimate| {
                        e.endpoint == *name
                            && (&e.arm, &e.reference, &e.statistic)
                                == (&estimate.arm, &estimate.reference, &estimate.statistic)
                    };
                    Some((*model, summary.iter().find(same)?.value))
                })
                .collect();
            let spread = values.iter().map(|v| v.1).fold(f64::NEG_INFINITY, f64::max)
                - values.iter().map(|v| v.1).fold(f64::INFINITY, f64::min);
            let words: Vec<String> = values.iter().map(|(model, v)| format!("{v:.3} ({model})")).collect();
            let what = match &estimate.reference {
                Some(reference) => format!("\"{}\" minus \"{reference}\"", estimate.arm),
                None => format!("\"{}\"", estimate.arm),
            };
            parts.push(format!("{what} {}, {spread:.2} apart", words.join(" and ")));
        }
        let unit = summary.iter().find(|e| e.endpoint == main.name).map_or("", |e| e.unit.as_str());
        sentences.push(format!(
            "{} rests on {} models that no data choose between; between them [{unit}]: {}. No interval shown contains this.",
            main.label,
            models.len(),
            parts.join("; ")
        ));
    }
    sentences
}

fn is_middle(estimate: &Estimate) -> bool {
    matches!(estimate.statistic.as_str(), "mean" | "proportion" | "difference")
}
