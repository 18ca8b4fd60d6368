//! Are the equations linear in the compartments, with coefficients that stay constant between events?

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
    /// The coefficient that is not constant.
    pub term: String,
    /// What it depends on.
    pub depends_on: String,
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
    let n = compartments.len();
    let states: Vec<usize> = (0..n).map(|i| layout.compartment(i)).collect();
    let clocks = [(layout.time(), "time"), (layout.time_after_dose(), "time after dose")];
    let mut entries = Vec::new();
    let mut input = Vec::new();
    let mut why = Vec::new();
    for (row, equation) in equations.iter().enumerate() {
        for column in 0..n {
            let entry = equation.value.differentiate(states[column]);
            if entry.is_zero() {
                continue;
            }
            let moving = (0..n)
                .map(|i| (states[i], compartments[i].name.as_str()))
                .chain(clocks)
                .find(|(slot, _)| entry.depends_on(*slot));
            if let Some((_, name)) = moving {
                why.push(Nonlinearity {
                    compartment: compartments[row].name.clone(),
                    term: entry.to_string(),
                    depends_on: name.to_string(),
                });
            }
            entries.push((row, column, entry));
        }
        let rest = states.iter().fold(equation.value.clone(), |rest, &slot| rest.at(slot, 0.0));
        if let Some((_, clock)) = clocks.iter().find(|(slot, _)| rest.depends_on(*slot)) {
            why.push(Nonlinearity {
                compartment: compartments[row].name.clone(),
                term: rest.to_string(),
                depends_on: (*clock).to_string(),
            });
        }
        if !rest.is_zero() {
            input.push((row, rest));
        }
    }
    if why.is_empty() {
        Structure::Linear { matrix: entries, input }
    } else {
        Structure::Nonlinear { jacobian: entries, why }
    }
}
