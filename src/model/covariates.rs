use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::document::{Item, Spanned, Table};
use crate::units::Unit;

/// A covariate that the model uses.
#[derive(Clone, Debug)]
pub struct Covariate {
    /// Its name, such as `WT`.
    pub name: String,
    /// What kind of value it has.
    pub kind: CovariateKind,
    /// What it is.
    pub description: String,
    /// Where its reference value comes from.
    pub source: String,
    /// The value that a modifier gives it for everybody, in coherent units or as the place of a level.
    pub fixed: Option<f64>,
}

/// The values of a covariate.
#[derive(Clone, Debug)]
pub enum CovariateKind {
    /// A number with a unit.
    Continuous {
        /// Its unit in files and outputs.
        unit: Unit,
        /// The reference value, in coherent units.
        reference: Option<f64>,
        /// The range on which the model rests, in coherent units.
        range: Option<(f64, f64)>,
    },
    /// One of several levels; the value is the level's place from 0.
    Categorical {
        /// The levels.
        levels: Vec<String>,
        /// The place of the reference level.
        reference: usize,
    },
}

impl Covariate {
    /// The unit of its values; `1` for levels.
    pub fn unit(&self) -> Unit {
        match &self.kind {
            CovariateKind::Continuous { unit, .. } => unit.clone(),
            CovariateKind::Categorical { .. } => Unit::one(),
        }
    }

    /// The levels of a categorical covariate.
    pub fn levels(&self) -> Option<&[String]> {
        match &self.kind {
            CovariateKind::Continuous { .. } => None,
            CovariateKind::Categorical { levels, .. } => Some(levels),
        }
    }

    /// The reference value: in coherent units, or the place of the reference level.
    pub fn reference(&self) -> Option<f64> {
        match &self.kind {
            CovariateKind::Continuous { reference, .. } => *reference,
            // A place among a handful of levels.
            #[allow(clippy::cast_precision_loss)]
            CovariateKind::Categorical { reference, .. } => Some(*reference as f64),
        }
    }
}

/// The place of the covariate of a name that stands in a table.
pub(super) fn place(table: &Table<'_>, name: &Spanned<String>, covariates: &[Covariate]) -> Option<usize> {
    let place = covariates.iter().position(|c| c.name == name.value);
    if place.is_none() {
        let near = did_you_mean(&name.value, covariates.iter().map(|c| c.name.as_str()));
        let near = near.map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
        table.error("E0403", name.span.clone(), format!("the model has no covariate `{}`{near}", name.value));
    }
    place
}

/// A value of a covariate as people write it: a number in its unit, a quantity, or the name of a level. Gives it in
/// coherent units, or as the place of the level.
pub(super) fn value(item: &Item<'_>, covariate: &Covariate) -> Option<f64> {
    match &covariate.kind {
        CovariateKind::Continuous { unit, .. } if item.is_number() => {
            Some(unit.to_coherent(item.number()?.value))
        }
        CovariateKind::Continuous { unit, .. } => {
            Some(item.quantity(Some(unit.dimension()))?.value.coherent())
        }
        CovariateKind::Categorical { levels, .. } => {
            let name = item.string()?.value;
            let place = levels.iter().position(|level| *level == name);
            if place.is_none() {
                item.report(
                    Diagnostic::error("E0403", format!("`{name}` is no level of `{}`", covariate.name))
                        .help(format!("the levels are {}", levels.join(", "))),
                );
            }
            // A place among a handful of levels.
            #[allow(clippy::cast_precision_loss)]
            place.map(|place| place as f64)
        }
    }
}

pub(super) fn read(root: &Table<'_>) -> Vec<Covariate> {
    let Some(table) = root.table("covariates") else { return Vec::new() };
    table.entries().iter().filter_map(|(name, item)| covariate(name, item)).collect()
}

fn covariate(name: &Spanned<String>, item: &Item<'_>) -> Option<Covariate> {
    let table = item.table()?;
    let description = table.string("description").map_or_else(String::new, |s| s.value);
    let source = table.string("source").map_or_else(String::new, |s| s.value);
    let kind = if table.has("levels") { categorical(&table) } else { continuous(&table) };
    table.finish();
    Some(Covariate { name: name.value.clone(), kind: kind?, description, source, fixed: None })
}

fn continuous(table: &Table<'_>) -> Option<CovariateKind> {
    let unit = table.required_unit("unit", None);
    let reference = table.number("reference");
    let range = match table.array("range") {
        None => None,
        Some(array) => {
            let numbers: Vec<f64> = array.value.iter().filter_map(|n| Some(n.number()?.value)).collect();
            match numbers[..] {
                [low, high] if low < high => Some((low, high)),
                _ => {
                    table.error("E0403", array.span, "a range is two numbers, the smaller first");
                    None
                }
            }
        }
    };
    let unit = unit?.value;
    let reference = reference.map(|n| unit.to_coherent(n.value));
    let range = range.map(|(low, high)| (unit.to_coherent(low), unit.to_coherent(high)));
    Some(CovariateKind::Continuous { unit, reference, range })
}

fn categorical(table: &Table<'_>) -> Option<CovariateKind> {
    let levels: Vec<String> =
        table.required_array("levels")?.value.iter().filter_map(|l| Some(l.string()?.value)).collect();
    let reference = match table.string("reference") {
        None => 0,
        Some(name) => levels.iter().position(|l| *l == name.value).or_else(|| {
            table.error("E0403", name.span, format!("`{}` is not among the levels", name.value));
            None
        })?,
    };
    if levels.len() < 2 {
        table.error("E0403", table.span(), "a categorical covariate has at least two levels");
        return None;
    }
    Some(CovariateKind::Categorical { levels, reference })
}
