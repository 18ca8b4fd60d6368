//! Are the equations linear in the compartments, with coefficients that stay constant between events?

use std::fmt;

use super::{Compartment, Definition, Layout};
use crate::expr::Checked;

/// How the equations are solved.
#[derive(Clone, Debug)]
pub enum Structure {
    /// dx/dt = A x + u: solved exactly.
    Linear {
        /// The entries of A that are not zero: row, column, rate (1/h for compartments of one unit).
        matrix: Vec<(usize, usize, Checked)>,
        /// The constant inputs that are not zero: row and rate.
        input: Vec<(usize, Checked)>,
    },
    /// dx/dt = f(x, t): integrated.
    Nonlinear {
        /// The entries of the Jacobian that are not zero: row, column, ∂f/∂x.
        jacobian: Vec<(usize, usize, Checked)>,
        /// Why the equations are not linear.
        why: Vec<Nonlinearity>,
    },
}

/// One reason why equations are not linear with constant coefficients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonlinearity {
    /// The compartment whose equation it is.
    pub compartment: String,
    /// The term of the equation.
    pub term: String,
    /// In which compartments it is not linear, or which clock changes it: `central`, `drug and target`, `time`.
    pub depends_on: String,
}

impl fmt::Display for Nonlinearity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Nonlinearity { compartment, term, depends_on } = self;
        let how =
            if Layout::CLOCKS.contains(&depends_on.as_str()) { "changes with" } else { "is not linear in" };
        write!(f, "{compartment}: term {term} {how} {depends_on}")
    }
}

impl Structure {
    /// Whether the equations are solved exactly.
    pub fn is_linear(&self) -> bool {
        matches!(self, Structure::Linear { .. })
    }
}

pub(super) fn structure(
    equations: &[Definition],
    compartments: &[Compartment],
    layout: &Layout,
) -> Structure {
    let system = Moving::new(compartments, layout);
    let mut entries = Vec::new();
    let mut input = Vec::new();
    let mut why = Vec::new();
    for (row, equation) in equations.iter().enumerate() {
        let mut linear = true;
        for (column, (slot, _)) in system.states.iter().enumerate() {
            let entry = equation.value.differentiate(*slot);
            if !entry.is_zero() {
                linear &= system.first(&entry).is_none();
                entries.push((row, column, entry));
            }
        }
        let rest = system.states.iter().fold(equation.value.clone(), |rest, (slot, _)| rest.at(*slot, 0.0));
        linear &= system.first(&rest).is_none();
        if !rest.is_zero() {
            input.push((row, rest));
        }
        if !linear {
            why.extend(system.reasons(&compartments[row].name, &equation.value));
        }
    }
    if why.is_empty() {
        Structure::Linear { matrix: entries, input }
    } else {
        Structure::Nonlinear { jacobian: entries, why }
    }
}

/// What moves between events: the slots of the compartments and of the clocks, with their names.
struct Moving<'a> {
    states: Vec<(usize, &'a str)>,
    clocks: [(usize, &'static str); 3],
}

impl<'a> Moving<'a> {
    fn new(compartments: &'a [Compartment], layout: &Layout) -> Self {
        let states = compartments.iter().enumerate().map(|(i, c)| (layout.compartment(i), c.name.as_str()));
        Moving { states: states.collect(), clocks: layout.clocks() }
    }

    /// The first thing that moves on which a coefficient depends.
    fn first(&self, coefficient: &Checked) -> Option<&'a str> {
        let all = self.states.iter().chain(&self.clocks);
        all.map(|(slot, name)| (slot, *name)).find(|(slot, _)| coefficient.depends_on(**slot)).map(|(_, n)| n)
    }

    /// The terms of an equation that is not linear which make it so; the whole of it where no single one does.
    fn reasons(&self, compartment: &str, equation: &Checked) -> Vec<Nonlinearity> {
        let reason = |term: &Checked, depends_on: String| {
            // The sign belongs to the sum, not to the term.
            let shown = term.to_string();
            let term = if shown.starts_with('-') { term.neg().to_string() } else { shown };
            Nonlinearity { compartment: compartment.to_owned(), term, depends_on }
        };
        let terms = equation.terms();
        let found: Vec<Nonlinearity> =
            terms.iter().filter_map(|term| Some(reason(term, self.cause(term)?))).collect();
        if !found.is_empty() {
            return found;
        }
        vec![reason(equation, self.states.first().map_or_else(String::new, |(_, name)| (*name).to_owned()))]
    }

    /// In what a term is not linear.
    fn cause(&self, term: &Checked) -> Option<String> {
        for (slot, name) in &self.states {
            let coefficient = term.differentiate(*slot);
            if coefficient.is_zero() {
                continue;
            }
            if coefficient.depends_on(*slot) {
                return Some((*name).to_owned());
            }
            match self.first(&coefficient) {
                Some(clock) if Layout::CLOCKS.contains(&clock) => return Some(clock.to_owned()),
                Some(other) => return Some(format!("{name} and {other}")),
                None => {}
            }
        }
        let rest = self.states.iter().fold(term.clone(), |rest, (slot, _)| rest.at(*slot, 0.0));
        self.first(&rest).map(str::to_owned)
    }
}
