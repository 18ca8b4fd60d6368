//! Individual data in a CSV file.

use super::super::paper::IndividualPaper;
use super::header::{exposure, form, strings};
use crate::document::Table;

/// Reads `[exposure]` and `[data]`.
pub(super) fn read(root: &Table<'_>) -> Option<IndividualPaper> {
    let axis = exposure(root);
    let data = root.required_table("data")?;
    let file = data.required_string("file");
    let outcome = data.required_string("outcome");
    let column = data.required_string("exposure");
    let covariates = strings(&data, "covariates");
    data.finish();
    let fit = root.required_table("fit")?;
    let form = axis.as_ref().zip(fit.required("form")).and_then(|(axis, item)| form(&item, axis));
    fit.finish();
    let choice = form?;
    if choice.ec50_prior.is_some() {
        fit.error("E0726", fit.span(), "individual data are fitted with known constants of the form");
        return None;
    }
    Some(IndividualPaper {
        exposure: axis?,
        data: file?.value,
        outcome: outcome?.value,
        column: column?.value,
        covariates,
        form: choice.form,
    })
}
