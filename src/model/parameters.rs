use super::choices::{self, Choice};
use crate::document::{Item, Spanned, Table};
use crate::units::{Quantity, Unit};

/// Where a number comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provenance {
    /// The publication, with the table or equation.
    pub source: String,
    /// Evidence class: `A`, `B`, `D`, or `assumption`.
    pub class: String,
}

/// A typical value (theta).
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value, with the unit as written.
    pub value: Quantity,
    /// Its relative standard error (a fraction), where published.
    pub rse: Option<f64>,
    /// What it is.
    pub description: String,
    /// Where it comes from; an empty source means the model's.
    pub provenance: Provenance,
}

impl Provenance {
    /// What a table says of its `source` and `class`; what it leaves out is that of the file.
    pub fn read(table: &Table<'_>, file: &Provenance) -> Self {
        Provenance {
            source: table.string("source").map_or_else(|| file.source.clone(), |s| s.value),
            class: table.string("class").map_or_else(|| file.class.clone(), |s| s.value),
        }
    }
}

pub(super) fn read(root: &Table<'_>, choices: &[Choice], model: &Provenance) -> Vec<Parameter> {
    let Some(table) = root.table("parameters") else { return Vec::new() };
    table.entries().iter().filter_map(|(name, item)| parameter(name, item, choices, model)).collect()
}

fn parameter(
    name: &Spanned<String>,
    item: &Item<'_>,
    choices: &[Choice],
    model: &Provenance,
) -> Option<Parameter> {
    if !item.is_table() {
        let value = item.quantity(None)?.value;
        return Some(Parameter {
            name: name.value.clone(),
            value,
            rse: None,
            description: String::new(),
            provenance: model.clone(),
        });
    }
    let table = item.table()?;
    let value = choices::resolve(&table.required("value")?, choices)?;
    let value = if value.is_string() {
        value.quantity(None)?.value
    } else {
        let number = value.number()?.value;
        Quantity::new(number, table.required_unit("unit", None).map_or_else(Unit::one, |u| u.value))
    };
    let rse = table.number("rse").and_then(|rse| {
        if rse.value >= 0.0 {
            return Some(rse.value / 100.0);
        }
        table.error("E0404", rse.span, "a relative standard error is not negative");
        None
    });
    let description = table.string("description").map_or_else(String::new, |s| s.value);
    let provenance = Provenance::read(&table, model);
    table.finish();
    Some(Parameter { name: name.value.clone(), value, rse, description, provenance })
}
