//! Reported quantiles: two groups by outcome, or three by two nested outcomes.

use super::super::convention::Convention;
use super::super::paper::{Group, QuantileMethod, QuantilePaper, Split};
use super::super::printed::Printed;
use super::header::{exposure, printed};
use crate::diagnostic::Diagnostic;
use crate::document::{Item, Table};

/// Reads `[exposure]`, `[[splits]]` and `[fit]`.
pub(super) fn read(root: &Table<'_>, outcome: &str) -> Option<QuantilePaper> {
    let axis = exposure(root);
    let splits: Option<Vec<Split>> = root.required_array("splits").and_then(|array| {
        let splits: Vec<_> = array.value.iter().map(split).collect();
        let places: Vec<_> = array.value.iter().map(Item::span).collect();
        let splits: Vec<Split> = splits.into_iter().collect::<Option<_>>()?;
        consistent(root, &splits, &places, outcome).then_some(splits)
    });
    let fit = root.table("fit");
    let dimension = axis.as_ref().map(|axis| axis.metric.dimension());
    let (mut convention, mut method) = (Some(Convention::Type(7)), Some(QuantileMethod::Latent));
    let (mut reference, mut prior_median) = (None, None);
    if let Some(fit) = &fit {
        let exposure = |key: &str| fit.quantity(key, dimension).map(|q| q.value.coherent());
        reference = exposure("reference");
        prior_median = exposure("prior-median");
        if let Some(text) = fit.string("convention") {
            convention = Convention::named(&text.value);
            if convention.is_none() {
                let names = Convention::ALL.map(|c| c.to_string()).join(", ");
                let unknown =
                    Diagnostic::error("E0707", format!("`{}` is no quantile convention", text.value));
                fit.report(unknown.help(format!("conventions are {names}")), text.span);
            }
        }
        if let Some(text) = fit.string("method") {
            method = match text.value.as_str() {
                "latent" => Some(QuantileMethod::Latent),
                "proportional-odds" => Some(QuantileMethod::ProportionalOdds),
                "discriminant" => Some(QuantileMethod::Discriminant),
                other => {
                    let unknown = Diagnostic::error("E0707", format!("`{other}` is no method for quantiles"));
                    let help = "methods are latent, proportional-odds and discriminant";
                    fit.report(unknown.help(help), text.span);
                    None
                }
            };
        }
        fit.finish();
    }
    let (exposure, splits) = (axis?, splits?);
    let middle = splits.first().and_then(|split| split.without.quantile(0.5)).unwrap_or(1.0);
    let reference = reference.unwrap_or_else(|| exposure.unit.to_coherent(middle));
    let prior_median = prior_median.unwrap_or(reference);
    if !(reference > 0.0 && prior_median > 0.0) {
        root.error("E0713", 0..0, "reference and prior median of the exposure must be positive");
        return None;
    }
    Some(QuantilePaper {
        exposure,
        splits,
        convention: convention?,
        method: method?,
        reference,
        prior_median,
    })
}

fn split(item: &Item<'_>) -> Option<Split> {
    let table = item.table()?;
    let outcome = table.required_string("outcome");
    let with = table.required_table("with").and_then(|group| read_group(&group));
    let without = table.required_table("without").and_then(|group| read_group(&group));
    let p = table.item("p");
    let p = match p {
        None => Some(None),
        Some(item) => printed(&item).and_then(|p| {
            if p.value() > 0.0 && p.value() <= 1.0 {
                return Some(Some(p));
            }
            item.error("E0716", format!("p = {p} is no probability"));
            None
        }),
    };
    table.finish();
    Some(Split { outcome: outcome?.value, with: with?, without: without?, p: p? })
}

fn read_group(table: &Table<'_>) -> Option<Group> {
    let n = table.required_integer("n");
    let mut quantiles: Vec<(f64, Printed)> = Vec::new();
    let mut fine = true;
    let mut take = |probability: f64, item: Option<Item<'_>>| {
        if let Some(item) = item {
            match printed(&item) {
                Some(value) => quantiles.push((probability, value)),
                None => fine = false,
            }
        }
    };
    take(0.5, table.item("median"));
    for (key, ends) in [("range", [0.0, 1.0]), ("quartiles", [0.25, 0.75]), ("deciles", [0.1, 0.9])] {
        let Some(array) = table.array(key) else { continue };
        let [low, high] = array.value.as_slice() else {
            table.error("E0713", array.span, format!("`{key}` has two numbers, the lower and the upper"));
            return None;
        };
        take(ends[0], Some(low.clone()));
        take(ends[1], Some(high.clone()));
    }
    table.finish();
    let n = n?;
    let Some(size) = usize::try_from(n.value).ok().filter(|n| (1..=10_000).contains(n)) else {
        table.error("E0714", n.span, "a group has between 1 and 10000 patients");
        return None;
    };
    quantiles.sort_by(|a, b| a.0.total_cmp(&b.0));
    if quantiles.is_empty() && fine {
        table.error("E0713", table.span(), format!("`{}` has no quantile", table.path()));
        return None;
    }
    for pair in quantiles.windows(2) {
        if pair[0].1.value() > pair[1].1.value() {
            table.report(
                Diagnostic::error(
                    "E0713",
                    format!("`{}`: {} comes before {} but is larger", table.path(), pair[0].1, pair[1].1),
                )
                .help("minimum, lower quartile, median, upper quartile and maximum rise"),
                table.span(),
            );
            return None;
        }
    }
    if let Some((_, negative)) = quantiles.iter().find(|(_, q)| q.value() < 0.0) {
        table.error("E0713", table.span(), format!("an exposure of {negative} is negative"));
        return None;
    }
    fine.then_some(Group { n: size, quantiles })
}

/// Whether splits fit together: the same patients, and the first outcome part of the second.
fn consistent(root: &Table<'_>, splits: &[Split], places: &[std::ops::Range<usize>], outcome: &str) -> bool {
    let place = |i: usize| places.get(i).cloned().unwrap_or(0..0);
    if splits.is_empty() || splits.len() > 2 {
        root.error("E0715", place(0), "one split by outcome is needed, and not more than two nested ones");
        return false;
    }
    if !splits.iter().any(|split| split.outcome == outcome) {
        let names: Vec<_> = splits.iter().map(|split| split.outcome.as_str()).collect();
        root.report(
            Diagnostic::error("E0715", format!("no split is by `{outcome}`, the outcome of the file"))
                .help(format!("the splits are by {}", names.join(" and "))),
            place(0),
        );
        return false;
    }
    let [first, second] = splits else { return true };
    let sizes = [first, second].map(|split| (split.with.n, split.without.n));
    if sizes[0].0 + sizes[0].1 != sizes[1].0 + sizes[1].1 {
        root.report(
            Diagnostic::error(
                "E0715",
                format!(
                    "{} + {} patients are not the same as {} + {}",
                    sizes[0].0, sizes[0].1, sizes[1].0, sizes[1].1
                ),
            )
            .help("two splits must be of the same patients"),
            place(1),
        );
        return false;
    }
    if sizes[0].0 > sizes[1].0 {
        root.report(
            Diagnostic::error(
                "E0715",
                format!(
                    "{} patients with {} are more than the {} with {}",
                    sizes[0].0, first.outcome, sizes[1].0, second.outcome
                ),
            )
            .help(
                "the first split's outcome is part of the second's: a subgroup is no larger than its group",
            ),
            place(0),
        );
        return false;
    }
    true
}
