//! How doses enter: routes of formulations, and dose attributes of compartments for data-set records.

use super::Compartment;
use super::expressions::{expression, require};
use crate::diagnostic::did_you_mean;
use crate::document::{Item, Spanned, Table};
use crate::expr::{Checked, Scope};
use crate::units::Dimension;

/// A formulation: the routes by which one administered dose enters.
#[derive(Clone, Debug)]
pub struct Formulation {
    /// Its name, such as `ER`.
    pub name: String,
    /// Its routes.
    pub routes: Vec<Route>,
}

/// A route: a fraction of the dose into one compartment.
#[derive(Clone, Debug)]
pub struct Route {
    /// The place of the compartment.
    pub compartment: usize,
    /// The fraction of the dose, bioavailability included.
    pub fraction: Checked,
    /// The lag (h).
    pub lag: Checked,
    /// How it enters after the lag.
    pub input: Input,
}

/// How a part of a dose enters its compartment.
#[derive(Clone, Debug)]
pub enum Input {
    /// At once.
    Bolus,
    /// At a constant rate over a duration (h).
    ZeroOrder(Checked),
}

/// What happens to the doses of data-set records into one compartment (NONMEM's F, ALAG, D and R).
#[derive(Clone, Debug)]
pub struct DoseAttributes {
    /// Bioavailability.
    pub bioavailability: Checked,
    /// Lag (h).
    pub lag: Checked,
    /// Duration for RATE = -2 (h).
    pub duration: Option<Checked>,
    /// Rate for RATE = -1 (amount per h).
    pub rate: Option<Checked>,
}

pub(super) fn read(
    root: &Table<'_>,
    scope: &Scope,
    compartments: &[Compartment],
    checked: bool,
) -> Vec<Formulation> {
    let Some(table) = root.table("formulations") else { return Vec::new() };
    table
        .entries()
        .iter()
        .filter_map(|(name, item)| formulation(name, item, scope, compartments, checked))
        .collect()
}

fn formulation(
    name: &Spanned<String>,
    item: &Item<'_>,
    scope: &Scope,
    compartments: &[Compartment],
    checked: bool,
) -> Option<Formulation> {
    let table = item.table()?;
    let routes = table.required_table("to")?;
    table.finish();
    let routes: Vec<Route> = routes
        .entries()
        .iter()
        .filter_map(|(to, item)| route(to, item, scope, compartments, checked))
        .collect();
    if routes.is_empty() {
        table.error("E0408", name.span.clone(), format!("formulation `{}` has no route", name.value));
        return None;
    }
    Some(Formulation { name: name.value.clone(), routes })
}

fn compartment(table: &Table<'_>, name: &Spanned<String>, compartments: &[Compartment]) -> Option<usize> {
    let place = compartments.iter().position(|c| c.name == name.value);
    if place.is_none() {
        let near = did_you_mean(&name.value, compartments.iter().map(|c| c.name.as_str()));
        let near = near.map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
        table.error("E0408", name.span.clone(), format!("there is no compartment `{}`{near}", name.value));
    }
    place
}

/// An expression of a dimension under a key.
fn attribute(
    table: &Table<'_>,
    key: &str,
    scope: &Scope,
    wanted: Dimension,
    checked: bool,
) -> Option<Checked> {
    let item = table.item(key)?;
    let (_, value) = expression(&item, scope)?;
    require(&item, &value, wanted, checked)?;
    Some(value)
}

fn route(
    to: &Spanned<String>,
    item: &Item<'_>,
    scope: &Scope,
    compartments: &[Compartment],
    checked: bool,
) -> Option<Route> {
    let table = item.table()?;
    let place = compartment(&table, to, compartments);
    let fraction = attribute(&table, "fraction", scope, Dimension::ONE, checked)
        .unwrap_or_else(|| Checked::number(1.0, Dimension::ONE));
    let lag = attribute(&table, "lag", scope, Dimension::TIME, checked)
        .unwrap_or_else(|| Checked::number(0.0, Dimension::TIME));
    let input = match attribute(&table, "zero-order", scope, Dimension::TIME, checked) {
        Some(duration) => Input::ZeroOrder(duration),
        None => Input::Bolus,
    };
    table.finish();
    Some(Route { compartment: place?, fraction, lag, input })
}

pub(super) fn doses(
    root: &Table<'_>,
    scope: &Scope,
    compartments: &[Compartment],
    checked: bool,
) -> Vec<DoseAttributes> {
    let plain = DoseAttributes {
        bioavailability: Checked::number(1.0, Dimension::ONE),
        lag: Checked::number(0.0, Dimension::TIME),
        duration: None,
        rate: None,
    };
    let mut doses = vec![plain; compartments.len()];
    let Some(table) = root.table("doses") else { return doses };
    for (name, item) in table.entries() {
        let (Some(place), Some(row)) = (compartment(&table, &name, compartments), item.table()) else {
            continue;
        };
        let read = |key, dimension| attribute(&row, key, scope, dimension, checked);
        let amount = compartments[place].unit.dimension();
        let bioavailability = read("F", Dimension::ONE);
        let lag = read("lag", Dimension::TIME);
        let duration = read("duration", Dimension::TIME);
        let rate = read("rate", amount / Dimension::TIME);
        row.finish();
        doses[place] = DoseAttributes {
            bioavailability: bioavailability.unwrap_or_else(|| Checked::number(1.0, Dimension::ONE)),
            lag: lag.unwrap_or_else(|| Checked::number(0.0, Dimension::TIME)),
            duration,
            rate,
        };
    }
    doses
}
