//! Model files: read, checked and resolved.
//!
//! A model file says, in words and equations, what a pharmacokinetic model is: covariates, typical values, random
//! effects, individual parameters, formulations, differential equations and outputs. Reading it checks every name
//! and dimension, finds out whether the equations are linear in the compartments, and compiles the expressions to
//! programs that run over a block of subjects.
//!
//! ```
//! use exposim::document::{Files, Shipped};
//! use exposim::model::{Choices, Model};
//!
//! let source = Shipped.open("upadacitinib-klunder-2019").unwrap();
//! let (model, warnings) = Model::read(&source, &Choices::default())?;
//! assert!(warnings.is_empty());
//! assert_eq!(model.compartments().len(), 4);
//! assert!(model.structure().is_linear());
//! # Ok::<(), exposim::diagnostic::Problems>(())
//! ```

mod analysis;
mod checks;
mod choices;
mod covariates;
mod drivers;
mod effects;
mod expressions;
mod formulations;
mod layout;
mod modifiers;
mod parameters;
mod read;
mod solving;

pub use analysis::{Nonlinearity, Structure};
pub use checks::{Basis, Check, Figure, Measure, Setting};
pub use choices::{Choice, Choices};
pub use covariates::{Covariate, CovariateKind};
pub use drivers::{Driver, DriverMetric};
pub use effects::{Effect, Effects};
pub use expressions::{Definition, Output, Residual};
pub use formulations::{DoseAttributes, Formulation, Input, Route};
pub use layout::Layout;
pub use modifiers::Modifier;
pub use parameters::{Parameter, Provenance};
pub use solving::{METHODS, Method, Solver};

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Problems, Source};
use crate::expr::Checked;
use crate::units::Unit;

/// A compartment: a state of the differential equations.
#[derive(Clone, Debug)]
pub struct Compartment {
    /// Its name in the file; its number in data sets is its place in [`Model::compartments`], from 1.
    pub name: String,
    /// The unit of its state: `mg` unless the file says otherwise.
    pub unit: Unit,
    /// What it is.
    pub description: String,
}

/// A model that was read and checked.
#[derive(Clone, Debug)]
pub struct Model {
    name: String,
    title: String,
    provenance: Provenance,
    notes: Vec<String>,
    checked: bool,
    choices: Vec<Choice>,
    modifiers: Vec<Modifier>,
    covariates: Vec<Covariate>,
    drivers: Vec<Driver>,
    parameters: Vec<Parameter>,
    effects: Effects,
    individual: Vec<Definition>,
    compartments: Vec<Compartment>,
    equations: Vec<Definition>,
    formulations: Vec<Formulation>,
    doses: Vec<DoseAttributes>,
    outputs: Vec<Output>,
    initial: Vec<(usize, Checked)>,
    solver: Solver,
    structure: Structure,
    layout: Layout,
    checks: Vec<Check>,
}

impl Model {
    /// Reads a model file, taking the given choices where the file offers some.
    ///
    /// # Errors
    /// All problems found in the file: unknown keys, missing or wrong units, undefined names, expressions whose
    /// dimensions do not fit, matrices that are no covariance (E01xx, E03xx, E04xx).
    pub fn read(source: &Arc<Source>, choices: &Choices) -> Result<(Model, Vec<Diagnostic>), Problems> {
        read::read(source, choices)
    }

    /// The file's name without folder and `.toml`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where the model comes from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Remarks and assumptions, a sentence or two each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether dimensions were checked; a model may say `dimensions = "unchecked"`.
    pub fn is_checked(&self) -> bool {
        self.checked
    }

    /// The choices that the file offers, with what was chosen.
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// The modifiers that the file offers, with those that act.
    pub fn modifiers(&self) -> &[Modifier] {
        &self.modifiers
    }

    /// The covariates, in file order.
    pub fn covariates(&self) -> &[Covariate] {
        &self.covariates
    }

    /// The exposures that drive the equations, in file order: a model with drivers is that of a biomarker.
    pub fn drivers(&self) -> &[Driver] {
        &self.drivers
    }

    /// The typical values, in file order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The random effects and their covariance.
    pub fn effects(&self) -> &Effects {
        &self.effects
    }

    /// The individual parameters, in file order.
    pub fn individual(&self) -> &[Definition] {
        &self.individual
    }

    /// The compartments, in file order.
    pub fn compartments(&self) -> &[Compartment] {
        &self.compartments
    }

    /// The right-hand sides, one a compartment.
    pub fn equations(&self) -> &[Definition] {
        &self.equations
    }

    /// The formulations, in file order.
    pub fn formulations(&self) -> &[Formulation] {
        &self.formulations
    }

    /// The formulation of a name.
    pub fn formulation(&self, name: &str) -> Option<&Formulation> {
        self.formulations.iter().find(|f| f.name == name)
    }

    /// What happens to doses of data-set records, one entry a compartment.
    pub fn doses(&self) -> &[DoseAttributes] {
        &self.doses
    }

    /// The outputs, in file order.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// The states at the start and after a reset that are not zero: the place of the compartment and its state.
    pub fn initial(&self) -> &[(usize, Checked)] {
        &self.initial
    }

    /// How equations that are not linear are integrated.
    pub fn solver(&self) -> &Solver {
        &self.solver
    }

    /// How the equations are solved, and why.
    pub fn structure(&self) -> &Structure {
        &self.structure
    }

    /// Which slot of the programs' inputs holds which value.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The figures that the model is to meet.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }
}
