//! Individual data in a CSV file.

use super::super::paper::{IndividualModel, IndividualPaper};
use super::header::{exposure, form, strings};
use crate::diagnostic::Diagnostic;
use crate::document::Table;
use crate::units::Dimension;

/// Reads `[exposure]`, `[data]` and `[fit]`; `[biomarker]` where a change is fitted.
pub(super) fn read(root: &Table<'_>) -> Option<IndividualPaper> {
    let axis = exposure(root);
    let data = root.required_table("data")?;
    let file = data.required_string("file");
    let outcome = data.required_string("outcome");
    let column = data.required_string("exposure");
    let covariates = strings(&data, "covariates");
    let fit = root.required_table("fit")?;
    let model = model(root, &data, &fit);
    data.finish();
    let form = axis.as_ref().zip(fit.required("form")).and_then(|(axis, item)| form(&item, axis));
    fit.finish();
    let (choice, model) = (form?, model?);
    let fits_constants = matches!(model, IndividualModel::Logistic | IndividualModel::ProportionalOdds);
    if choice.ec50_prior.is_some() && !fits_constants {
        fit.error("E0726", fit.span(), "an EC50 is fitted to odds only; here it must be known");
        return None;
    }
    Some(IndividualPaper {
        model,
        exposure: axis?,
        data: file?.value,
        outcome: outcome?.value,
        column: column?.value,
        covariates,
        form: choice.form,
        ec50_prior: choice.ec50_prior,
    })
}

fn model(root: &Table<'_>, data: &Table<'_>, fit: &Table<'_>) -> Option<IndividualModel> {
    let name = fit.string("model");
    match name.as_ref().map(|name| name.value.as_str()) {
        None | Some("logistic") => Some(IndividualModel::Logistic),
        Some("proportional-odds") => Some(IndividualModel::ProportionalOdds),
        Some("cox") => Some(IndividualModel::Cox { time: data.required_string("time")?.value }),
        Some("linear") => {
            let biomarker = root.required_table("biomarker")?;
            let unit = biomarker.required_unit("unit", None);
            let time = biomarker.required_quantity("time", Some(Dimension::TIME));
            biomarker.finish();
            Some(IndividualModel::Linear { unit: unit?.value, time: time?.value.coherent() })
        }
        Some(other) => {
            let unknown = Diagnostic::error("E0707", format!("`{other}` is no model of individual data"));
            let help = "models are logistic, proportional-odds, linear, cox";
            fit.report(unknown.help(help), name.map_or(0..0, |name| name.span));
            None
        }
    }
}
