//! Modifiers: named circumstances, such as a strong inhibitor, under which parts of a model change by known factors.

use super::covariates;
use super::formulations::{DoseAttributes, Formulation};
use super::parameters::{Parameter, Provenance};
use super::{Covariate, CovariateKind};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::document::{Item, Spanned, Table};
use crate::expr::Checked;
use crate::units::{Dimension, Quantity};

/// The word for bioavailability: the fraction of every route, where no parameter has that name.
const BIOAVAILABILITY: &str = "F";

/// A named circumstance under which a model changes.
#[derive(Clone, Debug)]
pub struct Modifier {
    /// Its name, such as `strong-cyp3a4-inhibitor`.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Where its figures come from.
    pub provenance: Provenance,
    /// Parameters (typical or individual) or `F`, the bioavailability, and the factor of each.
    pub factors: Vec<(String, f64)>,
    /// Covariates that it fixes for everybody: the place and the value, in coherent units or as the place of a level.
    pub fixed: Vec<(usize, f64)>,
    /// Whether it acts.
    pub acts: bool,
}

impl Modifier {
    /// What it does, as in `F x 1.7, CL x 0.97`.
    pub fn effect(&self, covariates: &[Covariate]) -> String {
        let factors = self.factors.iter().map(|(name, factor)| format!("{name} x {factor}"));
        let fixed = self.fixed.iter().filter_map(|(place, value)| {
            let covariate = covariates.get(*place)?;
            let shown = match &covariate.kind {
                CovariateKind::Continuous { unit, .. } => {
                    Quantity::new(unit.from_coherent(*value), unit.clone()).to_string()
                }
                CovariateKind::Categorical { levels, .. } => {
                    // The place of a level, which `covariates::value` made.
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    levels.get(*value as usize)?.clone()
                }
            };
            Some(format!("{} = {shown}", covariate.name))
        });
        factors.chain(fixed).collect::<Vec<_>>().join(", ")
    }
}

/// `[modifiers.NAME]`, of which those in `wanted` act.
pub(super) fn read(
    root: &Table<'_>,
    covariates: &[Covariate],
    wanted: &[String],
    model: &Provenance,
) -> Vec<Modifier> {
    let mut modifiers: Vec<Modifier> = root.table("modifiers").map_or_else(Vec::new, |table| {
        let entries = table.entries();
        entries.iter().filter_map(|(name, item)| modifier(name, item, root, covariates, model)).collect()
    });
    for name in wanted {
        if let Some(modifier) = modifiers.iter_mut().find(|m| m.name == *name) {
            modifier.acts = true;
            continue;
        }
        let unknown = Diagnostic::error("E0410", format!("the model has no modifier `{name}`"));
        let names: Vec<&str> = modifiers.iter().map(|m| m.name.as_str()).collect();
        let help = match did_you_mean(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "its file has no section `[modifiers]`".into(),
            None => format!("it has {}", names.join(", ")),
        };
        root.problems().push(unknown.help(help));
    }
    modifiers
}

fn modifier(
    name: &Spanned<String>,
    item: &Item<'_>,
    root: &Table<'_>,
    covariates: &[Covariate],
    model: &Provenance,
) -> Option<Modifier> {
    let table = item.table()?;
    let description = table.string("description").map_or_else(String::new, |s| s.value);
    let provenance = Provenance::read(&table, model);
    let factors: Vec<(String, f64)> = table.table("multiply").map_or_else(Vec::new, |multiply| {
        let entries = multiply.entries();
        entries.iter().filter_map(|(name, item)| factor(&multiply, name, item, root)).collect()
    });
    let fixed: Vec<(usize, f64)> = table.table("set").map_or_else(Vec::new, |set| {
        let entries = set.entries();
        entries.iter().filter_map(|(name, item)| fixed(&set, name, item, covariates)).collect()
    });
    table.finish();
    if !table.has("multiply") && !table.has("set") {
        let empty = Diagnostic::error("E0410", format!("the modifier `{}` changes nothing", name.value));
        table.report(empty.help("give it `multiply = { CL = 0.5 }` or `set = { … }`"), name.span.clone());
        return None;
    }
    Some(Modifier { name: name.value.clone(), description, provenance, factors, fixed, acts: false })
}

fn factor(
    multiply: &Table<'_>,
    name: &Spanned<String>,
    item: &Item<'_>,
    root: &Table<'_>,
) -> Option<(String, f64)> {
    let number = item.number()?;
    let known = ["parameters", "individual"].iter().any(|t| root.key_span(t, &name.value).is_some());
    if !known && name.value != BIOAVAILABILITY {
        let message = format!("`{}` is no parameter of the model", name.value);
        let help = "a modifier multiplies typical values, individual parameters, or `F`, the bioavailability";
        multiply.report(Diagnostic::error("E0410", message).help(help), name.span.clone());
        return None;
    }
    if !(number.value > 0.0 && number.value.is_finite()) {
        multiply.error("E0410", number.span, "a factor is above zero");
        return None;
    }
    Some((name.value.clone(), number.value))
}

fn fixed(
    set: &Table<'_>,
    name: &Spanned<String>,
    item: &Item<'_>,
    covariates: &[Covariate],
) -> Option<(usize, f64)> {
    let place = covariates::place(set, name, covariates)?;
    Some((place, covariates::value(item, &covariates[place])?))
}

/// The modifiers that act, taken together.
pub(super) struct Acting<'a> {
    modifiers: Vec<&'a Modifier>,
    /// Whether the file has a parameter called `F`, which is then what is meant.
    own_bioavailability: bool,
}

impl<'a> Acting<'a> {
    pub(super) fn new(modifiers: &'a [Modifier], root: &Table<'_>) -> Self {
        let own = |table| root.key_span(table, BIOAVAILABILITY).is_some();
        Acting {
            modifiers: modifiers.iter().filter(|m| m.acts).collect(),
            own_bioavailability: own("parameters") || own("individual"),
        }
    }

    /// The product of the factors of a name, where there is any.
    fn factor(&self, name: &str) -> Option<f64> {
        let factors = self.modifiers.iter().flat_map(|m| &m.factors).filter(|(target, _)| target == name);
        factors.map(|(_, factor)| *factor).reduce(|a, b| a * b)
    }

    /// Gives covariates their values for everybody; where two modifiers set one, the later.
    pub(super) fn fix(&self, covariates: &mut [Covariate]) {
        for (place, value) in self.modifiers.iter().flat_map(|m| &m.fixed) {
            covariates[*place].fixed = Some(*value);
        }
    }

    /// Multiplies typical values.
    pub(super) fn scale(&self, parameters: &mut [Parameter]) {
        for parameter in parameters {
            if let Some(factor) = self.factor(&parameter.name) {
                let value = &parameter.value;
                parameter.value = Quantity::new(value.value() * factor, value.unit().clone());
            }
        }
    }

    /// An individual parameter, multiplied if it is to be.
    pub(super) fn scaled(&self, name: &str, value: Checked) -> Checked {
        match self.factor(name) {
            Some(factor) => value.mul(&Checked::number(factor, Dimension::ONE)),
            None => value,
        }
    }

    /// Multiplies what of each dose arrives.
    pub(super) fn scale_bioavailability(
        &self,
        formulations: &mut [Formulation],
        doses: &mut [DoseAttributes],
    ) {
        if self.own_bioavailability {
            return;
        }
        let routes = formulations.iter_mut().flat_map(|f| &mut f.routes).map(|route| &mut route.fraction);
        for fraction in routes.chain(doses.iter_mut().map(|dose| &mut dose.bioavailability)) {
            *fraction = self.scaled(BIOAVAILABILITY, fraction.clone());
        }
    }
}
