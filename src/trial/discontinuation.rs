//! Who discontinues treatment, when, and why.
//!
//! ```toml
//! [discontinuation]
//! persistence = { "month 3" = "87.5 %", "month 6" = "83.7 %" }    # still on treatment: a Kaplan-Meier curve
//! reasons     = { "lack of effect" = 17, "adverse event" = 3 }    # in this proportion
//! ratios      = { "ALB <= 35 g/L" = 3.05 }                        # of the hazards, against those for whom it is not so
//! source      = "…"
//!
//! [discontinuation."adverse event"]                               # or each reason by itself
//! weibull = { shape = 0.54, scale = "900 weeks" }
//!
//! [discontinuation]
//! evidence = "crohn-persistence-fang"                             # or fitted, with its uncertainty
//! reasons  = { "lack of effect" = 17, "adverse event" = 3 }
//! ```
//!
//! Between the points of a curve the hazard is constant, after the last it goes on. A Weibull hazard leaves
//! exp(-(t/scale)^shape) on treatment. Reasons compete: the first ends treatment.

use super::Anchor;
use super::condition::{Condition, Names, Signal};
use super::study::Reader;
use super::visits::told;
use crate::diagnostic::Diagnostic;
use crate::document::{Item, Table};
use crate::math::{ln, pow};
use crate::units::Dimension;

/// Why treatment is discontinued, and how soon.
#[derive(Clone, Debug, Default)]
pub struct Discontinuation {
    /// The reasons.
    pub causes: Vec<Cause>,
    /// The evidence file that gives the hazard of all of them together, where the study writes none.
    pub evidence: Option<String>,
}

/// One reason to discontinue.
#[derive(Clone, Debug)]
pub struct Cause {
    /// Its name.
    pub name: String,
    /// Its share of the hazard.
    pub share: f64,
    /// The hazard of all causes that share it, where no ratio applies; nothing where evidence gives it.
    pub hazard: Option<Hazard>,
    /// Hazard ratios of those covariates for which a condition holds.
    pub ratios: Vec<(Condition, f64)>,
    /// Where it comes from.
    pub source: String,
}

/// A hazard over time.
#[derive(Clone, Debug, PartialEq)]
pub enum Hazard {
    /// Shape and scale (h).
    Weibull(f64, f64),
    /// Rates (1/h), each until a time (h); the last goes on.
    Piecewise(Vec<(f64, f64)>),
}

impl Hazard {
    /// When the cumulative hazard reaches a value (h); infinite where it never does.
    pub fn reaches(&self, cumulative: f64) -> f64 {
        match self {
            Hazard::Weibull(shape, scale) => scale * pow(cumulative, 1.0 / shape),
            Hazard::Piecewise(pieces) => {
                let (mut time, mut left) = (0.0, cumulative);
                for (place, (until, rate)) in pieces.iter().enumerate() {
                    let piece = rate * (until - time);
                    if piece >= left || place + 1 == pieces.len() {
                        return if *rate > 0.0 { time + left / rate } else { f64::INFINITY };
                    }
                    left -= piece;
                    time = *until;
                }
                f64::INFINITY
            }
        }
    }
}

impl Cause {
    /// When a subject would discontinue (h), from a uniform draw and whether each ratio applies to it; infinite where
    /// evidence has the hazard.
    pub fn time(&self, uniform: f64, applies: impl Fn(&Condition) -> bool) -> f64 {
        let ratio: f64 = self.ratios.iter().filter(|(c, _)| applies(c)).map(|(_, ratio)| ratio).product();
        let Some(hazard) = &self.hazard else { return f64::INFINITY };
        hazard.reaches(-ln(uniform) / (self.share * ratio))
    }
}

impl Reader<'_> {
    /// `[discontinuation]`, for all reasons together or reason by reason.
    pub(super) fn discontinuation(&mut self, names: Names<'_>) -> Discontinuation {
        let Some(table) = self.root.table("discontinuation") else { return Discontinuation::default() };
        // Covariates alone: what changes with treatment cannot name a hazard that is drawn before it.
        let names = Names { responses: &[], ..names };
        if table.has("evidence") {
            return self.evidence(&table).unwrap_or_default();
        }
        let causes = if ["persistence", "weibull"].iter().any(|key| table.has(key)) {
            causes("discontinued", &table, names).unwrap_or_default()
        } else {
            let one = |(name, item): (crate::document::Spanned<String>, Item<'_>)| {
                causes(&name.value, &item.table()?, names)
            };
            table.entries().into_iter().filter_map(one).flatten().collect()
        };
        Discontinuation { causes, evidence: None }
    }

    fn evidence(&mut self, table: &Table<'_>) -> Option<Discontinuation> {
        let item = table.required("evidence")?;
        let file = item.string()?.value;
        let reasons = reasons("discontinued", table);
        table.finish();
        self.open(&item, &file)?;
        let cause =
            |(name, share)| Cause { name, share, hazard: None, ratios: Vec::new(), source: file.clone() };
        let causes = reasons?.into_iter().map(cause).collect();
        Some(Discontinuation { causes, evidence: Some(file) })
    }
}

fn causes(name: &str, table: &Table<'_>, names: Names<'_>) -> Option<Vec<Cause>> {
    let hazard = match (table.item("persistence"), table.table("weibull")) {
        (Some(item), None) => persistence(&item),
        (None, Some(weibull)) => {
            let shape = weibull.required_number("shape");
            let scale = weibull.required_quantity("scale", Some(Dimension::TIME));
            weibull.finish();
            let (shape, scale) = (shape?, scale?);
            let fine = shape.value > 0.0 && scale.value.value() > 0.0;
            if !fine {
                weibull.error("E0814", weibull.span(), "shape and scale are above zero");
            }
            fine.then(|| Hazard::Weibull(shape.value, scale.value.coherent()))
        }
        _ => {
            let problem = Diagnostic::error("E0814", format!("`{name}` needs one hazard"));
            let help = "give `persistence = { \"month 3\" = \"87.5 %\" }` or `weibull = { shape = 0.5, scale = \"900 weeks\" }`";
            table.report(problem.help(help), table.span());
            None
        }
    };
    let ratios = match table.table("ratios") {
        Some(ratios) => ratios.entries().iter().map(|(text, item)| ratio(text, item, names)).collect(),
        None => Some(Vec::new()),
    };
    let reasons = reasons(name, table);
    let source = table.string("source").map_or_else(|| "assumption".into(), |s| s.value);
    table.finish();
    let (hazard, ratios): (_, Vec<_>) = (Some(hazard?), ratios?);
    let cause = |(name, share): (String, f64)| {
        let (hazard, ratios, source) = (hazard.clone(), ratios.clone(), source.clone());
        Cause { name, share, hazard, ratios, source }
    };
    Some(reasons?.into_iter().map(cause).collect())
}

/// The reasons with their shares; the one that is named where the table names none.
fn reasons(name: &str, table: &Table<'_>) -> Option<Vec<(String, f64)>> {
    let Some(reasons) = table.table("reasons") else { return Some(vec![(name.to_string(), 1.0)]) };
    let weights: Option<Vec<(String, f64)>> =
        reasons.entries().iter().map(|(name, item)| weight(&name.value, item)).collect();
    let weights = weights?;
    let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
    Some(weights.into_iter().map(|(name, weight)| (name, weight / total)).collect())
}

fn weight(name: &str, item: &Item<'_>) -> Option<(String, f64)> {
    let weight = item.number()?.value;
    if weight > 0.0 {
        return Some((name.into(), weight));
    }
    item.error("E0814", "a reason has a number above zero");
    None
}

fn ratio(
    text: &crate::document::Spanned<String>,
    item: &Item<'_>,
    names: Names<'_>,
) -> Option<(Condition, f64)> {
    let condition = match names.conditions(&text.value) {
        Ok(mut conditions) if conditions.len() == 1 => conditions.pop()?,
        Ok(_) => {
            item.error("E0814", "a hazard ratio goes with one condition");
            return None;
        }
        Err(refusal) => {
            item.report(told("E0814", refusal));
            return None;
        }
    };
    let ratio = item.number()?.value;
    if ratio > 0.0 && ratio.is_finite() && matches!(condition.signal, Signal::Covariate(_)) {
        return Some((condition, ratio));
    }
    item.error("E0814", "a hazard ratio is above zero");
    None
}

/// Rates from the shares that are still on treatment.
fn persistence(item: &Item<'_>) -> Option<Hazard> {
    let mut points = Vec::new();
    for (when, value) in item.table()?.entries() {
        let time = match Anchor::parse(&when.value) {
            Ok(time) => time.hours(),
            Err(message) => {
                value.error("E0803", message);
                return None;
            }
        };
        points.push((time, value.quantity(Some(Dimension::ONE))?.value.coherent()));
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut pieces = Vec::new();
    let mut last = (0.0, 1.0);
    for (time, share) in points {
        if !(share > 0.0 && share <= last.1 && time > last.0) {
            item.report(
                Diagnostic::error("E0814", "the shares on treatment do not fall from 100 % on").help(
                    "give the share still on treatment at each time, as a Kaplan-Meier curve prints it",
                ),
            );
            return None;
        }
        pieces.push((time, (ln(last.1) - ln(share)) / (time - last.0)));
        last = (time, share);
    }
    if pieces.is_empty() {
        item.error("E0814", "a curve has at least one point");
        return None;
    }
    Some(Hazard::Piecewise(pieces))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cumulative hazard at a time, by its definition.
    fn cumulative(hazard: &Hazard, time: f64) -> f64 {
        match hazard {
            Hazard::Weibull(shape, scale) => (time / scale).powf(*shape),
            Hazard::Piecewise(pieces) => {
                let mut from = 0.0;
                let last = pieces.len() - 1;
                let piece = |(place, (until, rate)): (usize, &(f64, f64))| {
                    let end = if place == last { time } else { until.min(time) };
                    let sum = rate * (end - from).max(0.0);
                    from = *until;
                    sum
                };
                pieces.iter().enumerate().map(piece).sum()
            }
        }
    }

    #[test]
    fn times_are_those_at_which_the_hazard_has_accumulated() {
        let piecewise = Hazard::Piecewise(vec![(100.0, 0.002), (300.0, 0.0005), (400.0, 0.001)]);
        for hazard in [Hazard::Weibull(0.54, 2000.0), piecewise] {
            for wanted in [0.01, 0.15, 0.25, 0.4, 3.0] {
                let time = hazard.reaches(wanted);
                let found = cumulative(&hazard, time);
                assert!((found - wanted).abs() < 1e-12, "{hazard:?} {wanted}: {time} gives {found}");
            }
        }
        assert_eq!(Hazard::Piecewise(vec![(10.0, 0.1), (20.0, 0.0)]).reaches(2.0), f64::INFINITY);
    }
}
