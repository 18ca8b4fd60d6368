//! Mean changes of a biomarker by arm.

use super::super::paper::{ExposureAxis, MeanPaper, ReportedMean};
use super::header::{exposure, forms, reported_exposure};
use crate::diagnostic::Diagnostic;
use crate::document::{Item, Table};
use crate::units::Dimension;

/// Reads `[exposure]`, `[biomarker]`, `[[arms]]` and `[fit]`.
pub(super) fn read(root: &Table<'_>) -> Option<MeanPaper> {
    let axis = exposure(root);
    let biomarker = root.required_table("biomarker")?;
    let unit = biomarker.required_unit("unit", None);
    let time = biomarker.required_quantity("time", Some(Dimension::TIME));
    biomarker.finish();
    let arms: Option<Vec<ReportedMean>> = root.required_array("arms").and_then(|array| {
        let arms: Vec<_> = array.value.iter().map(|item| arm(item, axis.as_ref())).collect();
        arms.into_iter().collect()
    });
    let fit = root.required_table("fit")?;
    let forms = axis.as_ref().and_then(|axis| forms(&fit, axis));
    fit.finish();
    let forms: Vec<_> = forms?
        .into_iter()
        .map(|choice| {
            if choice.ec50_prior.is_some() {
                fit.error("E0726", fit.span(), "least squares of means takes the EC50 as known");
                return None;
            }
            Some(choice.form)
        })
        .collect::<Option<_>>()?;
    Some(MeanPaper { exposure: axis?, unit: unit?.value, time: time?.value.coherent(), arms: arms?, forms })
}

/// An arm with the mean and standard deviation of its changes.
pub(super) fn arm(item: &Item<'_>, axis: Option<&ExposureAxis>) -> Option<ReportedMean> {
    let table = item.table()?;
    let name = table.required_string("name");
    let n = table.required_number("n");
    let mean = table.required_number("mean");
    let deviation = table.required_number("sd");
    let exposure = reported_exposure(&table, axis);
    table.finish();
    let (n, deviation) = (n?.value, deviation?);
    if !(deviation.value > 0.0 && n >= 2.0) {
        table.report(
            Diagnostic::error(
                "E0728",
                format!("`{}`: a mean needs a positive SD and two patients", table.path()),
            )
            .help("the SD is that of the patients' changes, not the standard error of the mean"),
            deviation.span,
        );
        return None;
    }
    Some(ReportedMean {
        name: name?.value,
        n,
        mean: mean?.value,
        deviation: deviation.value,
        exposure: exposure?,
    })
}
