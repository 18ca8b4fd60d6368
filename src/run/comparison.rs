//! Two runs side by side: which inputs, settings and parameters differ, and which estimates moved.

use serde::Serialize;
use serde_json::Value;

use super::results::{Estimate, ParameterRow, Results};

/// An estimate has moved when it differs by more than so many combined Monte-Carlo standard errors. Runs that share
/// their subjects differ by less chance than that, so a small true shift between them may go unnamed.
pub const MOVED: f64 = 3.0;

/// What differs between two runs; empty where nothing does.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Input files, by name: their contents.
    pub inputs: Vec<Change>,
    /// Settings of the study as resolved, by their place in it.
    pub settings: Vec<Change>,
    /// Parameters, by what they belong to and their name.
    pub parameters: Vec<Change>,
    /// Estimates that differ beyond Monte-Carlo error, or stand in one run only.
    pub moved: Vec<Shift>,
    /// How many estimates differ by less.
    pub within_error: usize,
    /// How many estimates are the same to the bit.
    pub same: usize,
}

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it is.
    pub what: String,
    /// What it is in the first run; `None` where it is not there.
    pub first: Option<String>,
    /// What it is in the second run; `None` where it is not there.
    pub second: Option<String>,
}

/// An estimate in two runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shift {
    /// Scenario.
    pub scenario: String,
    /// Arm, or for a contrast the arm that is compared.
    pub arm: String,
    /// For a contrast, the arm it is compared with.
    pub reference: Option<String>,
    /// Endpoint.
    pub endpoint: String,
    /// Statistic.
    pub statistic: String,
    /// Unit of the values.
    pub unit: String,
    /// The value in the first run; `None` where it is not there.
    pub first: Option<f64>,
    /// The value in the second run; `None` where it is not there.
    pub second: Option<f64>,
    /// The Monte-Carlo standard error of the difference, taking the runs as independent.
    pub mc_error: Option<f64>,
}

impl Comparison {
    /// Compares two runs.
    pub fn of(first: &Results, second: &Results) -> Self {
        let mut comparison = Comparison {
            inputs: changes(
                first.provenance.inputs.iter().map(|(name, hash)| (name.clone(), hash.clone())),
                second.provenance.inputs.iter().map(|(name, hash)| (name.clone(), hash.clone())),
            ),
            settings: changes(
                leaves(&first.provenance.resolved).into_iter(),
                leaves(&second.provenance.resolved).into_iter(),
            ),
            parameters: changes(
                first.parameters.iter().map(parameter),
                second.parameters.iter().map(parameter),
            ),
            ..Comparison::default()
        };
        comparison.estimates(&first.summary, &second.summary);
        comparison
    }

    /// Whether nothing differs.
    pub fn is_identical(&self) -> bool {
        let Comparison { inputs, settings, parameters, moved, within_error, same: _ } = self;
        inputs.is_empty()
            && settings.is_empty()
            && parameters.is_empty()
            && moved.is_empty()
            && *within_error == 0
    }

    fn estimates(&mut self, first: &[Estimate], second: &[Estimate]) {
        for (a, b) in pairs(first, second, key) {
            let shift = match (a, b) {
                (Some(a), Some(b)) if a.value.to_bits() == b.value.to_bits() => {
                    self.same += 1;
                    continue;
                }
                (Some(a), Some(b)) => Shift::between(a, b),
                (Some(a), None) => Shift { second: None, mc_error: None, ..Shift::between(a, a) },
                (None, Some(b)) => Shift { first: None, mc_error: None, ..Shift::between(b, b) },
                (None, None) => continue,
            };
            if shift.is_within_error() {
                self.within_error += 1;
            } else {
                self.moved.push(shift);
            }
        }
    }
}

impl Shift {
    fn between(a: &Estimate, b: &Estimate) -> Self {
        Shift {
            scenario: a.scenario.clone(),
            arm: a.arm.clone(),
            reference: a.reference.clone(),
            endpoint: a.endpoint.clone(),
            statistic: a.statistic.clone(),
            unit: a.unit.clone(),
            first: Some(a.value),
            second: Some(b.value),
            mc_error: Some((a.mc_error * a.mc_error + b.mc_error * b.mc_error).sqrt()),
        }
    }

    fn is_within_error(&self) -> bool {
        match (self.first, self.second, self.mc_error) {
            (Some(a), Some(b), Some(error)) => (b - a).abs() <= MOVED * error,
            _ => false,
        }
    }
}

fn key(e: &Estimate) -> (&str, &str, Option<&str>, &str, &str) {
    (&e.scenario, &e.arm, e.reference.as_deref(), &e.endpoint, &e.statistic)
}

fn parameter(row: &ParameterRow) -> (String, String) {
    let precision = if row.precision.is_empty() { String::new() } else { format!(" ({})", row.precision) };
    (format!("{}: {}", row.group, row.name), format!("{}{precision}", row.value))
}

/// What two lists of names and texts differ in: the first list's order, then what only the second has.
fn changes(
    first: impl Iterator<Item = (String, String)>,
    second: impl Iterator<Item = (String, String)>,
) -> Vec<Change> {
    let (first, second): (Vec<_>, Vec<_>) = (first.collect(), second.collect());
    pairs(&first, &second, |(name, _)| name)
        .into_iter()
        .filter_map(|(a, b)| {
            let text = |side: Option<&(String, String)>| side.map(|(_, text)| text.clone());
            let what = a.or(b)?.0.clone();
            let change = Change { what, first: text(a), second: text(b) };
            (change.first != change.second).then_some(change)
        })
        .collect()
}

/// Items of two lists with the same key side by side: the first list's order, then what only the second has.
fn pairs<'a, T, K: Ord + 'a>(
    first: &'a [T],
    second: &'a [T],
    key: impl Fn(&'a T) -> K,
) -> Vec<(Option<&'a T>, Option<&'a T>)> {
    let mut unmatched: std::collections::BTreeMap<K, Vec<&'a T>> = std::collections::BTreeMap::new();
    for item in second.iter().rev() {
        unmatched.entry(key(item)).or_default().push(item);
    }
    let mut pairs: Vec<_> =
        first.iter().map(|a| (Some(a), unmatched.get_mut(&key(a)).and_then(Vec::pop))).collect();
    let left: Vec<&T> = unmatched.into_values().flatten().collect();
    let only = |b: &&'a T| left.iter().any(|l| std::ptr::eq(*l, *b));
    pairs.extend(second.iter().filter(only).map(|b| (None, Some(b))));
    pairs
}

/// Every single value of a JSON value with its place, such as `arms."step down".phases[2]`. Items of lists that have a
/// name are placed by it, so that one that is added does not move the others.
fn leaves(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

fn walk(value: &Value, place: &str, found: &mut Vec<(String, String)>) {
    let below = |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| walk(value, &below(&quoted(key)), found)),
        Value::Array(list) => {
            for (number, item) in list.iter().enumerate() {
                match item.get("name").and_then(Value::as_str) {
                    Some(name) => walk(item, &below(&quoted(name)), found),
                    None => walk(item, &format!("{place}[{number}]"), found),
                }
            }
        }
        Value::String(text) => found.push((place.to_owned(), text.clone())),
        other => found.push((place.to_owned(), other.to_string())),
    }
}

/// A key as TOML writes it.
fn quoted(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if bare { key.to_owned() } else { format!("{key:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn estimate(arm: &str, value: f64, mc_error: f64) -> Estimate {
        Estimate {
            scenario: "base".into(),
            arm: arm.into(),
            reference: None,
            endpoint: "trough".into(),
            statistic: "mean".into(),
            value,
            unit: "ng/mL".into(),
            lower: None,
            upper: None,
            mc_error,
            pairing_gain: None,
        }
    }

    #[test]
    fn estimates_move_when_they_differ_by_more_than_their_error() {
        let first = [
            estimate("a", 1.0, 0.3),
            estimate("b", 1.0, 0.03),
            estimate("c", 1.0, 0.0),
            estimate("d", 1.0, 0.0),
        ];
        let second = [
            estimate("b", 1.2, 0.04),
            estimate("a", 1.2, 0.4),
            estimate("c", 1.0, 0.0),
            estimate("e", 2.0, 0.0),
        ];
        let mut comparison = Comparison::default();
        comparison.estimates(&first, &second);
        assert_eq!((comparison.same, comparison.within_error), (1, 1));
        let moved: Vec<_> = comparison.moved.iter().map(|s| (s.arm.as_str(), s.first, s.second)).collect();
        assert_eq!(moved, [("b", Some(1.0), Some(1.2)), ("d", Some(1.0), None), ("e", None, Some(2.0))]);
        assert!((comparison.moved[0].mc_error.unwrap() - 0.05).abs() < 1e-15);
    }

    #[test]
    fn settings_are_named_by_their_place() {
        let first = json!({ "seed": 1, "arms": [{ "name": "a", "phases": ["x", "y"] }, { "name": "b c", "phases": ["z"] }] });
        let second = json!({ "seed": 1, "arms": [{ "name": "new", "phases": [] }, { "name": "a", "phases": ["x", "y2"] }, { "name": "b c", "phases": [] }] });
        let found = changes(leaves(&first).into_iter(), leaves(&second).into_iter());
        let found: Vec<_> =
            found.iter().map(|c| (c.what.as_str(), c.first.as_deref(), c.second.as_deref())).collect();
        let expected = [
            ("arms.a.phases[1]", Some("y"), Some("y2")),
            ("arms.\"b c\".phases[0]", Some("z"), None),
            ("arms.new.name", None, Some("new")),
        ];
        assert_eq!(found, expected);
    }
}
