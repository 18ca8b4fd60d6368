//! Parts that several kinds of evidence have in common.

use super::super::paper::{ExposureAxis, FormChoice, ReportedExposure};
use super::super::printed::Printed;
use crate::diagnostic::Diagnostic;
use crate::document::{Item, Table};
use crate::response::{Constant, Form, Metric};
use crate::units::Dimension;

/// An array of strings; empty where the key is absent.
pub(super) fn strings(table: &Table<'_>, key: &str) -> Vec<String> {
    let items = table.array(key).map(|array| array.value).unwrap_or_default();
    items.iter().filter_map(|item| item.string()).map(|text| text.value).collect()
}

/// The `[exposure]` table.
pub(super) fn exposure(root: &Table<'_>) -> Option<ExposureAxis> {
    let table = root.required_table("exposure")?;
    let name = table.required_string("metric");
    let metric = name.as_ref().and_then(|name| {
        let metric = Metric::named(&name.value);
        if metric.is_none() {
            let names = Metric::ALL.map(Metric::name).join(", ");
            table.report(
                Diagnostic::error("E0707", format!("`{}` is no exposure metric", name.value))
                    .help(format!("metrics are {names}")),
                name.span.clone(),
            );
        }
        metric
    });
    let dimension = metric.map_or(Dimension::CONCENTRATION, Metric::dimension);
    let unit = table.required_unit("unit", Some(dimension));
    let sampling = table.quantity("sampling", Some(Dimension::TIME)).map(|time| time.value.coherent());
    table.finish();
    Some(ExposureAxis { metric: metric?, unit: unit?.value, sampling })
}

/// A number as printed: text, so that trailing zeros count.
pub(super) fn printed(item: &Item<'_>) -> Option<Printed> {
    if item.is_number() {
        item.report(Diagnostic::error("E0712", format!("`{}` must be written as text", item.path())).help(
            "write it in quotes with the digits of the paper, as in \"27.10\": they say how it was rounded",
        ));
        return None;
    }
    let text = item.string()?;
    let number = Printed::read(&text.value);
    if number.is_none() {
        item.error("E0712", format!("`{}` is no printed number", text.value));
    }
    number
}

/// What an arm says of its exposure: `regimen` and `population`, `exposure = { median, cv }`, or both.
pub(super) fn reported_exposure(arm: &Table<'_>, axis: Option<&ExposureAxis>) -> Option<ReportedExposure> {
    let regimen = arm.string("regimen").map(|text| text.value);
    let population = arm.string("population").map(|text| text.value);
    let law = match arm.table("exposure") {
        None => None,
        Some(table) => {
            let dimension = axis.map(|axis| axis.metric.dimension());
            let median = table.required_quantity("median", dimension);
            let cv = table.required_quantity("cv", Some(Dimension::ONE));
            table.finish();
            Some((median?.value.coherent(), cv?.value.coherent()))
        }
    };
    if regimen.is_none() && law.is_none() {
        arm.report(
            Diagnostic::error("E0727", format!("`{}` has no exposure", arm.path()))
                .help("give `regimen = \"15 mg ER every 24 h\"`, `regimen = \"placebo\"` or `exposure = { median, cv }`"),
            arm.span(),
        );
        return None;
    }
    Some(ReportedExposure { regimen, population, law })
}

/// One form: `{ form = "emax", ec50 = "26 ng/mL" }`; an EC50 with `ec50-log-sd` is fitted and has that prior.
pub(super) fn form(item: &Item<'_>, axis: &ExposureAxis) -> Option<FormChoice> {
    let table = item.table()?;
    let dimension = Some(axis.metric.dimension());
    let name = table.required_string("form")?;
    let exposure = |key: &str| table.required_quantity(key, dimension).map(|q| q.value.coherent());
    let mut prior = None;
    let form = match name.value.as_str() {
        "log2-ratio" => exposure("reference").map(|reference| Form::Log2Ratio { reference }),
        "linear" => exposure("scale").map(|scale| Form::Linear { scale }),
        "log2-one-plus" => exposure("scale").map(|scale| Form::Log2OnePlus { scale }),
        "emax" => {
            let ec50 = exposure("ec50");
            let log_sd = table.number("ec50-log-sd");
            prior = ec50.zip(log_sd.map(|sd| sd.value));
            let fitted = prior.is_some();
            ec50.map(|c| Form::Emax { ec50: if fitted { Constant::Fitted(0) } else { Constant::Known(c) } })
        }
        "sigmoid-emax" => {
            let (ec50, hill) = (exposure("ec50"), table.required_number("hill").map(|h| h.value));
            ec50.zip(hill).map(|(ec50, hill)| Form::SigmoidEmax {
                ec50: Constant::Known(ec50),
                hill: Constant::Known(hill),
            })
        }
        other => {
            table.report(
                Diagnostic::error("E0707", format!("`{other}` is no form"))
                    .help("forms are log2-ratio, linear, log2-one-plus, emax, sigmoid-emax"),
                name.span.clone(),
            );
            None
        }
    };
    table.finish();
    let form = form?;
    if let Err(problems) = form.checked(1) {
        table.problems().extend(problems);
        return None;
    }
    Some(FormChoice { form, ec50_prior: prior })
}

/// The forms of `[fit]`, at least one.
pub(super) fn forms(fit: &Table<'_>, axis: &ExposureAxis) -> Option<Vec<FormChoice>> {
    let array = fit.required_array("forms")?;
    if array.value.is_empty() {
        fit.error("E0707", array.span, "`fit.forms` names no form");
        return None;
    }
    array.value.iter().map(|item| form(item, axis)).collect()
}
