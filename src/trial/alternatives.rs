//! Several models of one response side by side.

use super::endpoint::Measure;
use super::{Endpoint, ResponseUse};

/// The endpoints of a study, and after each the same endpoint under every other model of its response. What is decided
/// in the trial rests on the response's own model.
pub(super) fn beside(endpoints: Vec<Endpoint>, responses: &[ResponseUse]) -> Vec<Endpoint> {
    let mut all = Vec::with_capacity(endpoints.len());
    for endpoint in endpoints {
        let main = endpoint.measure.response().and_then(|place| responses.get(place));
        let others: Vec<Endpoint> = main.map_or_else(Vec::new, |main| {
            let others = responses.iter().enumerate();
            let others = others.filter(|(_, other)| other.model_of.as_ref() == Some(&main.name));
            others.filter_map(|(place, other)| under(&endpoint, place, other.model_name())).collect()
        });
        all.push(endpoint);
        all.extend(others);
    }
    all
}

/// An endpoint under another model; `None` where it is more than the response itself.
fn under(endpoint: &Endpoint, place: usize, model: &str) -> Option<Endpoint> {
    let measure = match endpoint.measure {
        Measure::Probability(_) => Measure::Probability(place),
        Measure::Event(_) => Measure::Event(place),
        Measure::Biomarker(_) => Measure::Biomarker(place),
        Measure::Change(_) => Measure::Change(place),
        _ => return None,
    };
    Some(Endpoint {
        name: format!("{}_{model}", endpoint.name),
        label: format!("{}, model {model}", endpoint.label),
        measure,
        ..endpoint.clone()
    })
}
