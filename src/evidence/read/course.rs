use super::super::paper::CoursePaper;
use super::header::{exposure, strings};
use super::means::arm;
use crate::document::Table;
use crate::units::{Dimension, Quantity};

/// Reads `[exposure]`, `[course]`, `[[arms]]` and `[fit]`.
pub(super) fn read(root: &Table<'_>) -> Option<CoursePaper> {
    let axis = exposure(root);
    let course = root.required_table("course")?;
    let model = course.required_string("model");
    let unit = course.required_unit("unit", None);
    let time = course.required_quantity("time", Some(Dimension::TIME));
    let fixed = quantities(&course, "set");
    let covariates = quantities(&course, "covariates");
    course.finish();
    let arms: Option<Vec<_>> = root.required_array("arms").and_then(|array| {
        let arms: Vec<_> = array.value.iter().map(|item| arm(item, axis.as_ref())).collect();
        arms.into_iter().collect()
    });
    let fit = root.required_table("fit")?;
    let (means, spreads) = (strings(&fit, "means"), strings(&fit, "spreads"));
    if means.is_empty() {
        fit.error("E0772", fit.span(), "`fit.means` names the parameters that the mean changes determine");
    }
    fit.finish();
    Some(CoursePaper {
        exposure: axis?,
        model: model?.value,
        unit: unit?.value,
        time: time?.value.coherent(),
        fixed: fixed?,
        covariates: covariates?,
        arms: arms?,
        means,
        spreads,
    })
}

/// A table of names and quantities; empty where it is absent.
fn quantities(table: &Table<'_>, key: &str) -> Option<Vec<(String, Quantity)>> {
    let Some(table) = table.table(key) else { return Some(Vec::new()) };
    table.entries().into_iter().map(|(name, item)| Some((name.value, item.quantity(None)?.value))).collect()
}
