use super::figure::{difference, quantity, signed};
use crate::run::results::{Better, EndpointDesign, EndpointKind, Estimate, Results};

/// Arms that the answer tells of; a longer sentence would hide what it says.
const CLAUSES: usize = 3;

/// An estimated difference between two arms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contrast<'a> {
    pub(super) arm: &'a str,
    pub(super) reference: &'a str,
    pub(super) estimate: &'a Estimate,
}

impl<'a> Contrast<'a> {
    /// All contrasts of the results, in their order.
    pub(super) fn all(results: &'a Results) -> Vec<Self> {
        results.summary.iter().filter_map(Contrast::of).collect()
    }

    /// An estimate as a contrast, if it is one.
    pub(super) fn of(estimate: &'a Estimate) -> Option<Self> {
        let reference = estimate.reference.as_deref()?;
        Some(Contrast { arm: &estimate.arm, reference, estimate })
    }

    pub(super) fn is(&self, scenario: &str, reference: &str, endpoint: &str) -> bool {
        self.estimate.scenario == scenario
            && self.reference == reference
            && self.estimate.endpoint == endpoint
    }

    /// Whether the interval leaves out zero; without an interval, whether twice the Monte-Carlo error does.
    pub(super) fn clear(&self) -> bool {
        let value = self.estimate.value;
        match (self.estimate.lower, self.estimate.upper) {
            (Some(lower), Some(upper)) => lower > 0.0 || upper < 0.0,
            _ => value.abs() > 2.0 * self.estimate.mc_error,
        }
    }

    /// The lower limit, or the value where there is none.
    pub(super) fn lower(&self) -> f64 {
        self.estimate.lower.unwrap_or(self.estimate.value)
    }

    /// The upper limit, or the value where there is none.
    pub(super) fn upper(&self) -> f64 {
        self.estimate.upper.unwrap_or(self.estimate.value)
    }
}

/// The estimate that stands for an endpoint in an arm: the proportion of an event, the mean of a probability, the
/// median of anything else.
pub(super) fn leading<'a>(
    results: &'a Results,
    scenario: &str,
    arm: &str,
    endpoint: &EndpointDesign,
) -> Option<&'a Estimate> {
    let order: &[&str] = match endpoint.kind {
        EndpointKind::Event => &["proportion", "mean"],
        EndpointKind::Probability => &["mean", "proportion", "median"],
        EndpointKind::Continuous => &["median", "mean"],
        EndpointKind::Count => &["mean"],
    };
    order.iter().find_map(|statistic| statistic_of(results, scenario, arm, &endpoint.name, statistic))
}

/// One statistic of an endpoint in an arm.
pub(super) fn statistic_of<'a>(
    results: &'a Results,
    scenario: &str,
    arm: &str,
    endpoint: &str,
    statistic: &str,
) -> Option<&'a Estimate> {
    results.summary.iter().find(|e| {
        e.reference.is_none()
            && e.scenario == scenario
            && e.arm == arm
            && e.endpoint == endpoint
            && e.statistic == statistic
    })
}

/// The scenarios, in the order in which they appear.
pub(super) fn scenarios(results: &Results) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for estimate in &results.summary {
        if !found.contains(&estimate.scenario.as_str()) {
            found.push(&estimate.scenario);
        }
    }
    found
}

/// A part of the answer; what is strong is what the reader looks for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) strong: bool,
}

/// The answer in a sentence: for each arm what it changes of the first benefit and the first risk, compared with the
/// reference; without a comparison, what each arm comes to. Empty if there is nothing to say.
pub fn answer(results: &Results) -> String {
    pieces(results).iter().map(|piece| piece.text.as_str()).collect()
}

pub(super) fn pieces(results: &Results) -> Vec<Piece> {
    let endpoints = told(results);
    let contrasts = Contrast::all(results);
    let mut text = Words::default();
    match contrasts.first() {
        Some(first) => compared(results, &endpoints, &contrasts, first, &mut text),
        None => alone(results, &endpoints, &mut text),
    }
    text.0
}

/// The first benefit and the first risk; if there is neither, the first endpoint.
pub(super) fn told(results: &Results) -> Vec<&EndpointDesign> {
    let endpoints = &results.design.endpoints;
    let first = |better: Better| endpoints.iter().find(|e| e.better == better && e.kind.is_share());
    let told: Vec<_> = [first(Better::Higher), first(Better::Lower)].into_iter().flatten().collect();
    if told.is_empty() { endpoints.iter().take(1).collect() } else { told }
}

fn compared(
    results: &Results,
    endpoints: &[&EndpointDesign],
    contrasts: &[Contrast<'_>],
    first: &Contrast<'_>,
    text: &mut Words,
) {
    let (scenario, reference) = (first.estimate.scenario.as_str(), first.reference);
    let mut spoken = false;
    let compares = |arm: &&str| contrasts.iter().any(|c| c.arm == *arm && c.reference == reference);
    let compared: Vec<&str> =
        results.design.arms.iter().map(|arm| arm.name.as_str()).filter(compares).collect();
    for arm in compared.iter().take(CLAUSES) {
        let found: Vec<_> = endpoints
            .iter()
            .filter_map(|endpoint| {
                let of = |c: &&Contrast<'_>| c.arm == *arm && c.is(scenario, reference, &endpoint.name);
                contrasts.iter().find(of).map(|contrast| (*endpoint, contrast))
            })
            .collect();
        for (i, (endpoint, contrast)) in found.iter().enumerate() {
            match (i, spoken) {
                (0, false) => {
                    text.say(&format!("Compared with \u{201c}{reference}\u{201d}, \u{201c}{arm}\u{201d} "))
                }
                (0, true) => text.say(&format!("; \u{201c}{arm}\u{201d} ")),
                _ => text.say(" and "),
            }
            change(results, scenario, endpoint, contrast, spoken || i > 0, text);
            spoken = true;
        }
    }
    let rest = compared.len().saturating_sub(CLAUSES);
    if spoken && rest > 0 {
        text.say(&format!("; the table shows {rest} more"));
    }
    if spoken {
        text.say(".");
    }
}

/// "lowers X from 34.2 % to 31.1 % (−3.1 points, 95 % interval −5.6 to −0.9)", or, where the interval holds zero,
/// "does not clearly change X (34.2 % and 34.0 %; −0.2 points, 95 % interval −1.0 to +0.6)".
fn change(
    results: &Results,
    scenario: &str,
    endpoint: &EndpointDesign,
    contrast: &Contrast<'_>,
    interval_known: bool,
    text: &mut Words,
) {
    let estimate = contrast.estimate;
    let clear = contrast.clear();
    let verb = match (clear, estimate.value > 0.0) {
        (false, _) => "does not clearly change",
        (true, true) => "raises",
        (true, false) => "lowers",
    };
    text.say(&format!("{verb} {} ", named(endpoint)));
    let value = |arm: &str| leading(results, scenario, arm, endpoint).map(|e| quantity(e.value, &e.unit));
    match (value(contrast.reference), value(contrast.arm)) {
        (Some(from), Some(to)) if clear => text.say(&format!("from {from} to {to} (")),
        (Some(from), Some(to)) => text.say(&format!("({from} and {to}; ")),
        _ => text.say("("),
    }
    text.stress(&difference(estimate.value, &estimate.unit));
    if let (Some(lower), Some(upper)) = (estimate.lower, estimate.upper) {
        let name = if interval_known { "" } else { "95\u{a0}% interval " };
        text.say(&format!(", {name}{} to {}", signed(lower, &estimate.unit), signed(upper, &estimate.unit)));
    }
    text.say(")");
}

fn alone(results: &Results, endpoints: &[&EndpointDesign], text: &mut Words) {
    let Some(scenario) = scenarios(results).first().copied() else { return };
    let mut spoken = false;
    for arm in results.design.arms.iter().map(|arm| arm.name.as_str()).take(CLAUSES) {
        let found =
            endpoints.iter().filter_map(|e| leading(results, scenario, arm, e).map(|found| (*e, found)));
        for (i, (endpoint, estimate)) in found.enumerate() {
            match (i, spoken) {
                (0, false) => text.say(&format!("On \u{201c}{arm}\u{201d}, ")),
                (0, true) => text.say(&format!("; on \u{201c}{arm}\u{201d}, ")),
                _ => text.say(" and "),
            }
            text.say(&format!("{} is ", named(endpoint)));
            text.stress(&quantity(estimate.value, &estimate.unit));
            if let (Some(lower), Some(upper)) = (estimate.lower, estimate.upper) {
                let name = if spoken { "" } else { "95\u{a0}% interval " };
                text.say(&format!(
                    " ({name}{} to {})",
                    super::figure(lower, &estimate.unit),
                    super::figure(upper, &estimate.unit)
                ));
            }
            spoken = true;
        }
    }
    if spoken {
        text.say(".");
    }
}

/// Pieces under way; neighbours of the same weight become one.
#[derive(Default)]
struct Words(Vec<Piece>);

impl Words {
    fn say(&mut self, text: &str) {
        self.add(text, false);
    }

    fn stress(&mut self, text: &str) {
        self.add(text, true);
    }

    fn add(&mut self, text: &str, strong: bool) {
        match self.0.last_mut() {
            Some(last) if last.strong == strong => last.text.push_str(text),
            _ => self.0.push(Piece { text: text.to_owned(), strong }),
        }
    }
}

/// What an endpoint's number is, as it stands within a sentence.
fn named(endpoint: &EndpointDesign) -> String {
    let label = uncapitalised(&endpoint.label);
    // A label may say itself what its number is.
    if ["probability ", "share ", "proportion "].iter().any(|word| label.starts_with(word)) {
        return format!("the {label}");
    }
    match endpoint.kind {
        EndpointKind::Continuous => label,
        EndpointKind::Count => format!("the mean of {label}"),
        EndpointKind::Probability => format!("the probability of {label}"),
        EndpointKind::Event => format!("the share with {label}"),
    }
}

/// A label as it stands within a sentence: `ANC < 1` keeps its capitals.
fn uncapitalised(label: &str) -> String {
    let mut chars = label.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain([second]).chain(chars).collect()
        }
        _ => label.to_owned(),
    }
}
