//! Residual error: how an observation differs from the prediction.

use super::Output;
use super::choices::{self, Choice};
use super::correlations::{Named, Pair};
use super::expressions::{expression, in_unit};
use crate::document::{Item, Table};
use crate::expr::{Checked, Expression, Scope};
use crate::math::{exp, normal_cdf, normal_quantile};
use crate::units::Unit;

/// The residual error of an output: Y = F + sd·ε, or Y = F·exp(sd·ε), with one standard normal ε an observation.
///
/// A proportional part p and an additive part a make sd² = (p·F)² + a², which is the law of F·(1 + p·ε₁) + a·ε₂ with
/// independent ε₁ and ε₂.
#[derive(Clone, Debug)]
pub struct Residual {
    /// Whether ε acts on the value or on its logarithm.
    pub scale: ResidualScale,
    /// Its standard deviation: in coherent units of the output, or a number on the log scale.
    pub sd: Checked,
    /// What happens to observations that would be negative.
    pub below_zero: BelowZero,
    /// The parts as written: key and expression.
    pub parts: Vec<(&'static str, String)>,
}

/// On which scale residual error acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResidualScale {
    /// Y = F + sd·ε
    Value,
    /// Y = F·exp(sd·ε): never negative.
    Logarithm,
}

/// What happens to observations that would be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BelowZero {
    /// `keep`: they stay.
    #[default]
    Keep,
    /// `truncate`: the error has the law of one that is drawn again until the observation is positive. It is found
    /// from the same ε by inversion, so that no number of draws depends on a value.
    Truncate,
    /// `clip`: they become 0.
    Clip,
}

/// The words for [`BelowZero`].
pub const BELOW_ZERO: [(&str, BelowZero); 3] =
    [("keep", BelowZero::Keep), ("truncate", BelowZero::Truncate), ("clip", BelowZero::Clip)];

impl Residual {
    /// The observation from a prediction, the standard deviation at it, and a standard normal deviate.
    pub fn observe(&self, prediction: f64, sd: f64, deviate: f64) -> f64 {
        if self.scale == ResidualScale::Logarithm {
            return prediction * exp(sd * deviate);
        }
        let observed = prediction + sd * deviate;
        match self.below_zero {
            BelowZero::Keep => observed,
            BelowZero::Clip => observed.max(0.0),
            BelowZero::Truncate if sd > 0.0 && prediction >= 0.0 => {
                // The upper tail is where the probabilities lose no digits.
                let positive = normal_cdf(prediction / sd);
                (prediction - sd * normal_quantile(positive * normal_cdf(-deviate))).max(0.0)
            }
            BelowZero::Truncate => observed.max(0.0),
        }
    }

    /// The error in words, for readers of results.
    pub fn words(&self) -> String {
        let parts: Vec<String> = self.parts.iter().map(|(key, text)| format!("{key} {text}")).collect();
        let negative = match self.below_zero {
            BelowZero::Keep => "",
            BelowZero::Truncate => ", truncated at zero",
            BelowZero::Clip => ", clipped at zero",
        };
        format!("{}{negative}", parts.join(", "))
    }
}

/// Reads the residual error of an output of which `value` is the prediction. The scope knows the output too.
pub(super) fn read(
    table: &Table<'_>,
    scope: &Scope,
    (value, unit): (&Checked, &Unit),
    choices: &[Choice],
    checked: bool,
) -> Option<Residual> {
    let mut parts = Vec::new();
    let mut part = |key: &'static str, unit: &Unit| {
        let item = choices::resolve(&table.item(key)?, choices)?;
        let (text, sd) = expression(&item, scope)?;
        let sd = in_unit(&item, sd, unit, checked)?;
        if sd.constant().is_some_and(|sd| sd < 0.0) {
            table.error("E0407", item.span(), "a standard deviation is not negative");
            return None;
        }
        parts.push((key, text));
        Some(sd)
    };
    let proportional = part("proportional", &Unit::one());
    let additive = part("additive", unit);
    let log = part("log", &Unit::one());
    let below_zero = table.item("below-zero");
    let negative = below_zero.as_ref().map_or(Some(BelowZero::Keep), below);
    table.finish();
    let (scale, sd) = match (proportional, additive, log) {
        (Some(p), Some(a), None) => {
            (ResidualScale::Value, formula("sqrt((P*F)^2 + A^2)", &[("P", &p), ("A", &a), ("F", value)]))
        }
        (Some(p), None, None) => (ResidualScale::Value, formula("P*abs(F)", &[("P", &p), ("F", value)])),
        (None, Some(a), None) => (ResidualScale::Value, Some(a)),
        (None, None, Some(log)) => (ResidualScale::Logarithm, Some(log)),
        (None, None, None) => {
            if !["proportional", "additive", "log"].iter().any(|key| table.has(key)) {
                table.error("E0407", table.span(), "a residual error needs proportional, additive or log");
            }
            return None;
        }
        _ => {
            table.error(
                "E0407",
                table.span(),
                "a log residual does not go with a proportional or additive one",
            );
            return None;
        }
    };
    if let (ResidualScale::Logarithm, Some(item)) = (scale, &below_zero) {
        item.error("E0407", "an error on the log scale gives no negative values: leave `below-zero` out");
        return None;
    }
    Some(Residual { scale, sd: sd?, below_zero: negative?, parts })
}

fn below(item: &Item<'_>) -> Option<BelowZero> {
    let word = item.string()?;
    let found = BELOW_ZERO.iter().find(|(name, _)| *name == word.value).map(|(_, value)| *value);
    if found.is_none() {
        item.error("E0407", "negative observations are `keep`, `truncate` or `clip`");
    }
    found
}

/// A formula of values that fit it.
fn formula(text: &str, values: &[(&str, &Checked)]) -> Option<Checked> {
    let mut scope = Scope::new();
    for (name, value) in values {
        scope.define(name, (*value).clone(), None).ok()?;
    }
    Expression::parse(text).ok()?.check(&scope).ok()
}

/// `[residual-correlations]`: correlations of the ε of outputs at one record, such as `"CP, PCA" = 0.3`; the root
/// that makes them of independent deviates, over all outputs, row by row. Empty where nothing is correlated.
pub(super) fn correlations(root: &Table<'_>, outputs: &[Output]) -> (Vec<Pair>, Vec<f64>) {
    let Some(table) = root.table("residual-correlations") else { return Default::default() };
    let names: Vec<&str> = outputs.iter().map(|o| o.name.as_str()).collect();
    let named = Named { names: &names, what: "output", code: "E0407" };
    let pairs = named.correlations(&table);
    for place in pairs.iter().flat_map(|(i, j, _)| [*i, *j]).filter(|p| outputs[*p].residual.is_none()) {
        let message = format!("`{}` has no residual error to be correlated", names[place]);
        table.error("E0407", table.span(), message);
    }
    let matrix = named.root(&table, &vec![1.0; outputs.len()], &pairs).unwrap_or_default();
    (pairs, matrix)
}
