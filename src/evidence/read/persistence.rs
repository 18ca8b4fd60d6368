//! Printed percentages of patients still treated.

use super::super::paper::{Measure, PersistencePaper, ReportedFactor};
use super::super::printed::Printed;
use super::header::printed;
use super::ratios::figures;
use crate::diagnostic::Diagnostic;
use crate::document::{Item, Table};
use crate::response::{HazardLaw, RiskFactor};
use crate::units::Dimension;

/// Reads `[persistence]`, `[[factors]]` and `[fit]`.
pub(super) fn read(root: &Table<'_>) -> Option<PersistencePaper> {
    let table = root.required_table("persistence")?;
    let patients = table.required_number("patients").map(|n| n.value);
    let times = times(&table);
    let count = times.as_ref().map_or(0, Vec::len);
    let persisting = table.required("percent").and_then(|item| percentages(&item, count));
    let at_risk = match table.item("at-risk") {
        Some(item) => numbers_at_risk(&item, count, patients?),
        None => patients.map(|n| vec![n; count]),
    };
    table.finish();
    let factors: Option<Vec<_>> = match root.array("factors") {
        None => Some(Vec::new()),
        Some(array) => {
            let factors: Vec<_> = array.value.iter().map(|item| factor(item, count, patients)).collect();
            factors.into_iter().collect()
        }
    };
    let law = law(root, times.as_deref());
    Some(PersistencePaper {
        patients: patients?,
        times: times?,
        persisting: persisting?,
        at_risk: at_risk?,
        law: law?,
        factors: factors?,
    })
}

fn law(root: &Table<'_>, times: Option<&[f64]>) -> Option<HazardLaw> {
    let fit = root.required_table("fit")?;
    let name = fit.required_string("hazard");
    fit.finish();
    let name = name?;
    match name.value.as_str() {
        "weibull" => Some(HazardLaw::Weibull),
        "piecewise" => Some(HazardLaw::Piecewise { ends: times?.to_vec() }),
        other => {
            fit.report(
                Diagnostic::error("E0707", format!("`{other}` is no law of a hazard"))
                    .help("laws are weibull, and piecewise: constant between the times"),
                name.span,
            );
            None
        }
    }
}

/// The times, rising from above zero (E0761).
fn times(table: &Table<'_>) -> Option<Vec<f64>> {
    let array = table.required_array("times")?;
    let times: Option<Vec<f64>> = array
        .value
        .iter()
        .map(|item| item.quantity(Some(Dimension::TIME)).map(|t| t.value.coherent()))
        .collect();
    let times = times?;
    if times.first().is_none_or(|first| *first <= 0.0) || !times.is_sorted_by(|a, b| a < b) {
        table.error("E0761", array.span, "the times must rise from above zero");
        return None;
    }
    Some(times)
}

/// Percentages still treated, one a time, none above the one before (E0761).
fn percentages(item: &Item<'_>, count: usize) -> Option<Vec<Printed>> {
    let array = item.array()?;
    let values: Vec<Printed> = array.value.iter().map(printed).collect::<Option<_>>()?;
    if values.len() != count {
        item.error("E0761", format!("{} percentages for {count} times", values.len()));
        return None;
    }
    let mut before = 100.0;
    for value in &values {
        if !(value.value() > 0.0 && value.value() <= before) {
            let message = format!("`{}`: {value} % after {before} %", item.path());
            item.report(
                Diagnostic::error("E0761", message)
                    .help("persistence starts at 100 %, never rises and stays above zero"),
            );
            return None;
        }
        before = value.value();
    }
    Some(values)
}

/// Patients at risk in each interval, never more than before (E0762).
fn numbers_at_risk(item: &Item<'_>, count: usize, patients: f64) -> Option<Vec<f64>> {
    let array = item.array()?;
    let numbers: Vec<f64> =
        array.value.iter().map(|item| item.number().map(|n| n.value)).collect::<Option<_>>()?;
    let fine = numbers.len() == count
        && numbers.first().is_none_or(|first| *first <= patients)
        && numbers.iter().all(|n| *n >= 1.0)
        && numbers.is_sorted_by(|a, b| a >= b);
    if !fine {
        item.report(
            Diagnostic::error(
                "E0762",
                format!("`{}` are not {count} falling numbers up to {patients}", item.path()),
            )
            .help("patients at risk in the interval that ends at each time: nobody joins later"),
        );
        return None;
    }
    Some(numbers)
}

fn factor(item: &Item<'_>, count: usize, all: Option<f64>) -> Option<ReportedFactor> {
    let table = item.table()?;
    let covariate = table.required_string("covariate");
    let limit = table.required_quantity("at-most", None);
    let patients = table.required_number("patients");
    let with = table.item("with").and_then(|item| percentages(&item, count));
    let without = table.item("without").and_then(|item| percentages(&item, count));
    let adjusted = table.boolean("adjusted").is_some_and(|flag| flag.value);
    let (covariate, limit, patients) = (covariate?.value, limit?.value, patients?);
    let factor = RiskFactor { covariate, unit: limit.unit().clone(), limit: limit.coherent() };
    let ratio = figures(&table, factor.words(), Some(Measure::Hazard), adjusted)?;
    table.finish();
    if !(patients.value > 0.0 && patients.value < all?) {
        let message = format!("{} of {} patients have {}", patients.value, all?, factor.words());
        table.report(
            Diagnostic::error("E0763", message).help("a factor splits the patients: some have it, some not"),
            patients.span,
        );
        return None;
    }
    Some(ReportedFactor {
        factor,
        patients: patients.value,
        ratio,
        curves: with.zip(without).map(<[_; 2]>::from),
    })
}
