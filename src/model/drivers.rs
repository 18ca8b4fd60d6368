use crate::document::{Item, Spanned, Table};
use crate::units::Unit;

/// An exposure that drives the equations of a biomarker: an input that the kinetics of another model supply.
#[derive(Clone, Debug)]
pub struct Driver {
    /// Its name in the equations, such as `CP`.
    pub name: String,
    /// Its unit in the file.
    pub unit: Unit,
    /// What of the exposure it is.
    pub metric: DriverMetric,
    /// What it is, in words.
    pub description: String,
}

/// What of the exposure drives a biomarker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriverMetric {
    /// The average over the dosing interval: constant as long as the dosing does not change.
    Average,
}

impl DriverMetric {
    /// The word for it in model files.
    pub fn name(self) -> &'static str {
        match self {
            DriverMetric::Average => "Cavg",
        }
    }
}

/// `[drivers]`: name → unit and metric.
pub(super) fn read(root: &Table<'_>) -> Vec<Driver> {
    let Some(table) = root.table("drivers") else { return Vec::new() };
    table.entries().iter().filter_map(|(name, item)| driver(name, item)).collect()
}

fn driver(name: &Spanned<String>, item: &Item<'_>) -> Option<Driver> {
    let table = item.table()?;
    let unit = table.required_unit("unit", None);
    let metric = table.required_string("metric");
    let description = table.string("description").map_or_else(String::new, |s| s.value);
    table.finish();
    let (unit, metric) = (unit?.value, metric?);
    let known = DriverMetric::Average;
    if metric.value != known.name() {
        table.error("E0411", metric.span, format!("the metric of a driver is `{}`", known.name()));
        return None;
    }
    Some(Driver { name: name.value.clone(), unit, metric: known, description })
}
