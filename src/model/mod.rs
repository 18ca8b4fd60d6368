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
mod correlations;
mod covariates;
mod drivers;
mod effects;
mod estimates;
mod expressions;
mod formulations;
mod layout;
mod modifiers;
mod parameters;
mod read;
mod residual;
mod solving;
mod uncertainty;

pub use analysis::{Nonlinearity, Structure};
pub use checks::{Basis, Check, Figure, Measure, Setting};
pub use choices::{Choice, Choices};
pub use correlations::{Named, Pair};
pub use covariates::{Covariate, CovariateKind};
pub use drivers::{Driver, DriverMetric};
pub use effects::{Effect, Effects};
pub use estimates::Estimates;
pub use expressions::{Definition, Output};
pub use formulations::{DoseAttributes, Formulation, Input, Route};
pub use layout::Layout;
pub use modifiers::Modifier;
pub use parameters::{Parameter, Provenance};
pub use residual::{BELOW_ZERO, BelowZero, Residual, ResidualScale};
pub use solving::{METHODS, Method, Solver};
pub use uncertainty::{OmegaBlock, Spread, Uncertainty};

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Problems, Source};
use crate::document::{Files, Sheet, Shipped};
use crate::expr::{Checked, Expression};
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
    uncertainty: Uncertainty,
    individual: Vec<Definition>,
    compartments: Vec<Compartment>,
    equations: Vec<Definition>,
    formulations: Vec<Formulation>,
    doses: Vec<DoseAttributes>,
    outputs: Vec<Output>,
    residual_correlations: (Vec<Pair>, Vec<f64>),
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
        Model::read_with(source, choices, &Shipped)
    }

    /// As [`Model::read`], for a model that names a table of estimates, which stands among `files`.
    ///
    /// # Errors
    /// As there, and what is wrong with the table (E0110, E0412).
    pub fn read_with(
        source: &Arc<Source>,
        choices: &Choices,
        files: &dyn Files,
    ) -> Result<(Model, Vec<Diagnostic>), Problems> {
        read::read(source, choices, files)
    }

    /// The same model with a table of estimates in place of its own uncertainty, and warnings.
    ///
    /// # Errors
    /// What is wrong with the table (E0110, E0412).
    pub fn with_estimates(self, sheet: &Sheet) -> Result<(Model, Vec<Diagnostic>), Problems> {
        let (estimates, warnings) = Estimates::read(sheet, &self.parameters, &self.effects)?;
        let uncertainty = self.uncertainty.with_estimates(estimates);
        Ok((Model { uncertainty, ..self }, warnings))
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

    /// What is worked out by formulas whose dimensions are not checked (`unchecked(…)`): the names of individual
    /// parameters, compartments and outputs, these by their residual errors too.
    pub fn unchecked(&self) -> Vec<&str> {
        let definitions = self.individual.iter().chain(&self.equations).map(|d| (&d.name, &d.text));
        let outputs = self.outputs.iter().map(|o| (&o.name, &o.text));
        let has = |text: &str| Expression::parse(text).is_ok_and(|e| e.has_unchecked());
        let residuals = self
            .outputs
            .iter()
            .flat_map(|o| o.residual.iter().flat_map(|r| &r.parts).map(|(_, text)| (&o.name, text)));
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in definitions.chain(outputs).chain(residuals).filter(|(_, text)| has(text)) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
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

    /// How precisely the parameters are known.
    pub fn uncertainty(&self) -> &Uncertainty {
        &self.uncertainty
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

    /// The correlations of the residual errors of outputs at one record that are not zero.
    pub fn residual_correlations(&self) -> &[Pair] {
        &self.residual_correlations.0
    }

    /// The lower triangular root of the correlation matrix of the residual errors, over all outputs, row by row; empty
    /// where nothing is correlated.
    pub fn residual_root(&self) -> &[f64] {
        &self.residual_correlations.1
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
