//! Where the states begin, and how equations that are not linear are to be integrated.

use super::Compartment;
use super::expressions::{expression, in_unit};
use crate::diagnostic::did_you_mean;
use crate::document::Table;
use crate::expr::{Checked, Scope};

/// A method of integration by the word for it in model files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// `automatic`: explicit until the equations prove stiff.
    #[default]
    Automatic,
    /// `explicit`: an error where they are stiff.
    Explicit,
    /// `stiff`: the stiff method from the start.
    Stiff,
}

/// How equations that are not linear are integrated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Solver {
    /// The method.
    pub method: Method,
    /// Relative tolerance.
    pub relative: f64,
    /// Absolute tolerance, in the unit of each compartment.
    pub absolute: f64,
}

impl Default for Solver {
    fn default() -> Self {
        Solver { method: Method::Automatic, relative: 1e-8, absolute: 1e-10 }
    }
}

/// The words for methods.
pub const METHODS: [(&str, Method); 3] =
    [("automatic", Method::Automatic), ("explicit", Method::Explicit), ("stiff", Method::Stiff)];

/// `[initial]`: the state of a compartment at the start and after a reset, zero where nothing is said.
pub(super) fn initial(
    root: &Table<'_>,
    scope: &Scope,
    compartments: &[Compartment],
    checked: bool,
) -> Vec<(usize, Checked)> {
    let Some(table) = root.table("initial") else { return Vec::new() };
    let mut found = Vec::new();
    for (name, item) in table.entries() {
        let Some(place) = compartments.iter().position(|c| c.name == name.value) else {
            let near = did_you_mean(&name.value, compartments.iter().map(|c| c.name.as_str()));
            let near = near.map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
            table.error("E0408", name.span, format!("there is no compartment `{}`{near}", name.value));
            continue;
        };
        if let Some((_, value)) = expression(&item, scope)
            && let Some(value) = in_unit(&item, value, &compartments[place].unit, checked)
        {
            found.push((place, value));
        }
    }
    found
}

/// `[solver]`: method and tolerances.
pub(super) fn solver(root: &Table<'_>) -> Solver {
    let mut solver = Solver::default();
    let Some(table) = root.table("solver") else { return solver };
    if let Some(word) = table.string("method") {
        match METHODS.iter().find(|(name, _)| *name == word.value) {
            Some((_, method)) => solver.method = *method,
            None => table.error("E0409", word.span, "the method is `automatic`, `explicit` or `stiff`"),
        }
    }
    for (key, value) in [("relative", &mut solver.relative), ("absolute", &mut solver.absolute)] {
        let Some(number) = table.number(key) else { continue };
        if number.value > 0.0 && number.value < 1.0 && (key == "absolute" || number.value >= 1e-14) {
            *value = number.value;
        } else {
            table.error("E0409", number.span, "a tolerance lies between 0 and 1, a relative one above 1e-14");
        }
    }
    table.finish();
    solver
}
